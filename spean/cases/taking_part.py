"""Tables about who takes part: suspects, reasons given, the case handed over, the case conference.

`models.py` loads them; involvement and exclusion, on which they rest, stand there.
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from spean.access.roles import SECTIONS
from spean.country.fields import CodeField
from spean.lib import clock
from spean.privacy.fields import SealedField
from spean.workflow.guards import append_only, status_triggers


class Suspect(models.Model):
    """Somebody who is said to have had a part in the exploitation. Nobody is called a criminal before a court says so.

    Whichever organisation he belongs to, or the user that he is, is excluded with the same stroke.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="suspects")
    status = models.CharField(max_length=10, default="recorded")
    version = models.PositiveIntegerField(default=1)
    role = CodeField(codelist="suspect_role")
    name = SealedField(section="justice")
    description = SealedField(section="justice", long=True)
    organisation = models.ForeignKey(
        "access.Organisation", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    user = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(default=clock.now)
    recorded_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    recorded_organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("recorded_at", "id")
        triggers = status_triggers("cases.Suspect")
        indexes = [models.Index(fields=["case"], name="suspect_case")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(organisation__isnull=True) | models.Q(user__isnull=True), name="suspect_of_one"
            ),
        ]

    class Privacy:
        coded = ("role",)
        plain = (
            "id", "case", "status", "version", "organisation", "user", "recorded_at", "recorded_by",
            "recorded_organisation",
        )  # fmt: skip

    @property
    def subject(self) -> uuid.UUID:
        return self.case.subject

    def __str__(self) -> str:
        return f"suspect in {self.case_id}"


class Reason(models.Model):
    """Why somebody decided who takes part: sealed, never changed. `object_id` is the row it was decided about."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="reasons")
    verb = models.CharField(max_length=40)
    object_id = models.UUIDField()
    text = SealedField(section="protection", long=True)
    written_at = models.DateTimeField(default=clock.now)
    written_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-written_at", "id")
        triggers = append_only()
        indexes = [models.Index(fields=["object_id"], name="reason_object")]

    class Privacy:
        plain = ("id", "case", "verb", "object_id", "written_at", "written_by")

    @property
    def subject(self) -> uuid.UUID:
        return self.case.subject

    def __str__(self) -> str:
        return f"{self.verb} in {self.case_id}"


class HandOver(models.Model):
    """A focal agency offers a case to another one. Until that one accepts, nothing changes hands."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="hand_overs")
    status = models.CharField(max_length=10, default="offered")
    version = models.PositiveIntegerField(default=1)
    from_organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    to_organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    # What consent allowed at the moment of offering; asked again when the case is accepted.
    sections = ArrayField(models.CharField(max_length=20, choices=[(s, s) for s in SECTIONS]), default=list)
    receipt = models.ForeignKey(
        "privacy.ShareReceipt", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    offered_at = models.DateTimeField(default=clock.now)
    offered_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-offered_at", "id")
        triggers = status_triggers("cases.HandOver")
        indexes = [models.Index(fields=["to_organisation", "status"], name="hand_over_inbox")]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=models.Q(status="offered"), name="one_waiting_hand_over"
            ),
            models.CheckConstraint(
                condition=~models.Q(to_organisation=models.F("from_organisation")), name="hand_over_to_another"
            ),
            models.CheckConstraint(
                condition=models.Q(answered_at__isnull=True, answered_by__isnull=True)
                | models.Q(answered_at__isnull=False, answered_by__isnull=False),
                name="hand_over_answered_pair",
            ),
        ]

    class Privacy:
        plain = (
            "id", "case", "status", "version", "from_organisation", "to_organisation", "sections", "receipt",
            "offered_at", "offered_by", "answered_at", "answered_by",
        )  # fmt: skip

    def __str__(self) -> str:
        return f"hand-over of {self.case_id}"


CONFERENCE_PURPOSES = ("safety", "services", "return", "justice", "other")


class Conference(models.Model):
    """People of several organisations talk about one case. They see of it what is named here, until the end named here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="conferences")
    status = models.CharField(max_length=10, default="called")
    version = models.PositiveIntegerField(default=1)
    purpose = models.CharField(max_length=20, choices=[(purpose, purpose) for purpose in CONFERENCE_PURPOSES])
    # At most these; what each invited organisation may have is its invitation's.
    sections = ArrayField(models.CharField(max_length=20, choices=[(s, s) for s in SECTIONS]), default=list, blank=True)
    meets_at = models.DateTimeField()
    until_at = models.DateTimeField()
    called_at = models.DateTimeField(default=clock.now)
    called_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    # What was said and decided: for the focal agency alone.
    record = SealedField(section="protection", long=True)
    recorded_at = models.DateTimeField(null=True, blank=True)
    recorded_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-meets_at", "id")
        triggers = status_triggers("cases.Conference")
        indexes = [models.Index(fields=["case"], name="conference_case")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until_at__gte=models.F("meets_at")), name="conference_ends_after_it_meets"
            ),
            models.CheckConstraint(
                condition=models.Q(recorded_at__isnull=True, recorded_by__isnull=True)
                | models.Q(recorded_at__isnull=False, recorded_by__isnull=False),
                name="conference_recorded_pair",
            ),
        ]

    class Privacy:
        coded = ("purpose",)
        plain = (
            "id", "case", "status", "version", "sections", "meets_at", "until_at", "called_at", "called_by",
            "organisation", "recorded_at", "recorded_by",
        )  # fmt: skip

    @property
    def subject(self) -> uuid.UUID:
        return self.case.subject

    def __str__(self) -> str:
        return f"conference on {self.case_id}"


class Invitation(models.Model):
    """One user, for one organisation, may take part in one conference. He alone, not his organisation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+")
    conference = models.ForeignKey(Conference, on_delete=models.PROTECT, related_name="invitations")
    status = models.CharField(max_length=10, default="invited")
    version = models.PositiveIntegerField(default=1)
    user = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    # Of the conference's sections those that the person agreed to share with this organisation.
    sections = ArrayField(models.CharField(max_length=20, choices=[(s, s) for s in SECTIONS]), default=list, blank=True)
    receipt = models.ForeignKey(
        "privacy.ShareReceipt", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    invited_at = models.DateTimeField(default=clock.now)
    invited_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("invited_at", "id")
        triggers = status_triggers("cases.Invitation")
        indexes = [models.Index(fields=["user", "status"], name="invitation_user")]
        constraints = [
            models.UniqueConstraint(
                fields=["conference", "user"], condition=models.Q(status="invited"), name="one_invitation_each"
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | models.Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="invitation_withdrawn_pair",
            ),
        ]

    class Privacy:
        plain = (
            "id", "case", "conference", "status", "version", "user", "organisation", "sections", "receipt",
            "invited_at", "invited_by", "withdrawn_at", "withdrawn_by",
        )  # fmt: skip

    def __str__(self) -> str:
        return f"invitation to {self.conference_id}"
