"""Tables of the episode: the case, who is involved, who is excluded, tasks with deadlines, notes, direct help.

A case belongs to nobody's folder: an agency sees it because an `Involvement` says so, for as long as it says so.
Suspects, hand-overs and case conferences stand in `taking_part.py`.
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from spean.access.roles import ALL, SECTIONS
from spean.cases.documents import Document
from spean.cases.taking_part import Conference, HandOver, Invitation, Reason, Suspect
from spean.country.fields import CodeField, CodesField
from spean.lib import clock
from spean.privacy.fields import SealedField
from spean.workflow.guards import status_triggers

__all__ = [
    "Case", "Conference", "DirectHelp", "Document", "Exclusion", "HandOver", "Invitation", "Involvement", "Note", "Reason",
    "Suspect", "Task",
]  # fmt: skip


class Case(models.Model):
    """One episode of one person: from the first screening to its outcome."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.UUIDField(editable=False, db_index=True)
    code = models.CharField(max_length=12, unique=True, editable=False)
    person = models.ForeignKey("people.Person", null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    status = models.CharField(max_length=20, default="screening", db_index=True)
    legal_status = models.CharField(max_length=30, default="not_assessed")
    version = models.PositiveIntegerField(default=1)

    # Coded facts of the last screening, kept for queues, eligibility and the count.
    age_at_screening = models.PositiveSmallIntegerField(null=True, blank=True)
    age_disputed = models.BooleanField(default=False)
    sex = CodeField(codelist="sex", blank=True)
    nationality = CodeField(codelist="nationality", blank=True)
    languages = CodesField(codelist="language", blank=True, default=list)
    exploitation_forms = CodesField(codelist="exploitation_form", blank=True, default=list)
    detection_context = CodeField(codelist="detection_context", blank=True)
    detected_province = models.CharField(max_length=2, blank=True)
    risk_level = CodeField(codelist="risk_level", blank=True)

    started_at = models.DateTimeField(default=clock.now)
    started_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    started_organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    focal_organisation = models.ForeignKey(
        "access.Organisation", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    closing_reason = CodeField(codelist="closing_reason", blank=True)
    refusal_reason = CodeField(codelist="refusal_reason", blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # Since when the person's key is destroyed on her wish, or because the time was over: only codes are left.
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-started_at", "id")
        triggers = [
            *status_triggers("cases.Case"),
            *status_triggers("cases.Case", "legal_status"),
        ]
        indexes = [
            models.Index(fields=["started_by", "status"], name="case_mine"),
            models.Index(fields=["person"], name="case_person"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(age_at_screening__isnull=True) | models.Q(age_at_screening__lte=120),
                name="case_age_possible",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True, closed_by__isnull=True)
                | models.Q(closed_at__isnull=False, closed_by__isnull=False),
                name="case_closed_pair",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="registered") | models.Q(person__isnull=False),
                name="case_registered_has_person",
            ),
        ]

    class Privacy:
        coded = (
            "legal_status", "age_at_screening", "age_disputed", "sex", "nationality", "languages",
            "exploitation_forms", "detection_context", "detected_province", "risk_level", "closing_reason",
            "refusal_reason",
        )  # fmt: skip
        plain = (
            "id", "subject", "code", "person", "status", "version", "started_at", "started_by",
            "started_organisation", "focal_organisation", "closed_at", "closed_by", "erased_at",
        )  # fmt: skip

    def __str__(self) -> str:
        return self.code

    @property
    def is_child(self) -> bool:
        """A possible child is treated as a child until determined otherwise (COMMIT Guidelines 5)."""
        return self.age_disputed or (self.age_at_screening is not None and self.age_at_screening < 18)


TASKS = ("screening", "focal", "service", "identification", "referrer", "justice", "return")


class Involvement(models.Model):
    """An organisation takes part in a case, for a task, with the sections that task needs, for a time.

    Open and past `until_at` is expired: nothing is seen any more, and it can still be renewed. Ended stays ended.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="involvements")
    status = models.CharField(max_length=10, default="open")
    version = models.PositiveIntegerField(default=1)
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="involvements")
    task = models.CharField(max_length=20, choices=[(task, task) for task in TASKS])
    sections = ArrayField(models.CharField(max_length=20, choices=[(s, s) for s in SECTIONS]), default=list, blank=True)
    # Sections of the task in which the person did not agree, or no longer does, that others' records are read.
    withheld = ArrayField(models.CharField(max_length=20, choices=[(s, s) for s in SECTIONS]), default=list, blank=True)
    from_at = models.DateTimeField(default=clock.now)
    until_at = models.DateTimeField(null=True, blank=True)
    # The row that this involvement rests on: a screening, a referral, a court order.
    basis = models.CharField(max_length=60)
    basis_id = models.UUIDField(null=True, blank=True)

    class Meta:
        ordering = ("from_at", "id")
        triggers = status_triggers("cases.Involvement")
        indexes = [
            models.Index(fields=["case", "organisation"], name="involvement_case_org"),
            models.Index(fields=["organisation", "task"], name="involvement_org_task"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until_at__isnull=True) | models.Q(until_at__gte=models.F("from_at")),
                name="involvement_ends_after_it_begins",
            ),
            models.CheckConstraint(condition=models.Q(task__in=TASKS), name="involvement_task_known"),
            models.CheckConstraint(
                condition=~models.Q(status="ended") | models.Q(until_at__isnull=False), name="involvement_ended_since"
            ),
        ]

    class Privacy:
        plain = (
            "id", "case", "status", "version", "organisation", "task", "sections", "withheld", "from_at", "until_at", "basis",
            "basis_id",
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.task} in {self.case_id}"


class Exclusion(models.Model):
    """An organisation or a user may see nothing of a case: implicated, related, or asked for by the person.

    It holds until a second person has lifted it, also while somebody asks for that.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="exclusions")
    status = models.CharField(max_length=12, default="active")
    version = models.PositiveIntegerField(default=1)
    organisation = models.ForeignKey(
        "access.Organisation", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    user = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(
        max_length=30, choices=[(r, r) for r in ("implicated", "related_to_suspect", "wish_of_person")]
    )
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("created_at", "id")
        triggers = status_triggers("cases.Exclusion")
        indexes = [models.Index(fields=["case"], name="exclusion_case")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(organisation__isnull=True, user__isnull=False)
                | models.Q(organisation__isnull=False, user__isnull=True),
                name="exclusion_of_one",
            ),
            models.CheckConstraint(
                condition=models.Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | models.Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="exclusion_lifted_pair",
            ),
            models.CheckConstraint(
                condition=models.Q(asked_at__isnull=True, asked_by__isnull=True)
                | models.Q(asked_at__isnull=False, asked_by__isnull=False),
                name="exclusion_asked_pair",
            ),
            models.CheckConstraint(
                condition=models.Q(status="lifted", lifted_at__isnull=False)
                | (~models.Q(status="lifted") & models.Q(lifted_at__isnull=True)),
                name="exclusion_lifted_status",
            ),
            models.CheckConstraint(
                condition=models.Q(lifted_by__isnull=True)
                | (~models.Q(lifted_by=models.F("created_by")) & ~models.Q(lifted_by=models.F("asked_by"))),
                name="exclusion_lifted_by_second_person",
            ),
        ]

    class Privacy:
        plain = (
            "id", "case", "status", "version", "organisation", "user", "reason", "created_at", "created_by",
            "asked_at", "asked_by", "lifted_at", "lifted_by",
        )  # fmt: skip

    def __str__(self) -> str:
        return f"exclusion from {self.case_id}"


class Task(models.Model):
    """Something that waits for a role of an organisation, with a deadline from the country pack."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="tasks")
    kind = models.CharField(max_length=40)
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=40, choices=[(role, role) for role in ALL])
    # Set where one user, not his whole team, has to act: the officer who interviewed, for instance.
    user = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    object_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    # A reminder of something far off: nobody sees it before this moment.
    shows_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("due_at", "id")
        indexes = [
            models.Index(
                fields=["organisation", "role", "due_at"],
                condition=models.Q(done_at__isnull=True),
                name="task_open",
            ),
            models.Index(fields=["case", "kind"], name="task_case"),
        ]

    class Privacy:
        plain = (
            "id", "case", "kind", "organisation", "role", "user", "object_id", "created_at", "shows_at", "due_at",
            "done_at",
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.case_id}"


class WithdrawalNotice(models.Model):
    """An organisation is told that what it received must no longer be used, and says when its copies are gone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="withdrawal_notices")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    # The words of the person that ended it: a withdrawal, or a later refusal. Empty: the agreement ran out.
    consent = models.ForeignKey("privacy.Consent", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    purpose = CodeField(codelist="consent_purpose")
    classes = CodesField(codelist="information_class")
    status = models.CharField(max_length=20, default="open")
    version = models.PositiveIntegerField(default=1)
    told_at = models.DateTimeField(default=clock.now)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        "access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ("told_at", "id")
        triggers = status_triggers("cases.WithdrawalNotice")
        indexes = [models.Index(fields=["case", "organisation"], name="withdrawal_case_org")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status="open", acknowledged_at__isnull=True, acknowledged_by__isnull=True)
                | models.Q(status="acknowledged", acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="withdrawal_acknowledged_pair",
            ),
        ]

    class Privacy:
        coded = ("purpose", "classes")
        plain = (
            "id", "case", "organisation", "consent", "status", "version", "told_at", "acknowledged_at",
            "acknowledged_by",
        )  # fmt: skip

    def __str__(self) -> str:
        return f"withdrawal in {self.case_id}"


class Note(models.Model):
    """Something written down about a case, sealed, in the section it belongs to. Never changed, only added to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    section = models.CharField(max_length=20, choices=[(s, s) for s in SECTIONS])
    about = models.CharField(max_length=40)
    text = SealedField(section="narrative", long=True)
    written_at = models.DateTimeField(default=clock.now)
    written_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-written_at", "id")

    class Privacy:
        plain = ("id", "case", "section", "about", "written_at", "written_by", "organisation")

    @property
    def subject(self) -> uuid.UUID:
        return self.case.subject

    def sealed_section(self, field: str) -> str:
        """A note is read by those who read the section it was written into."""
        return self.section

    def __str__(self) -> str:
        return f"{self.about} of {self.case_id}"


class DirectHelp(models.Model):
    """Help given on the spot, whatever the person decides about referral: coded, so that it can be counted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="direct_help")
    help = CodesField(codelist="direct_help")
    given_at = models.DateTimeField(default=clock.now)
    given_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("given_at", "id")

    class Privacy:
        coded = ("help",)
        plain = ("id", "case", "given_at", "given_by")

    def __str__(self) -> str:
        return f"help in {self.case_id}"


class OperationalFact(models.Model):
    """One planned operation. Until `over_at` only its writer and the readers he names know that it exists."""

    # Its events name no case: the history of the case would tell that something is planned.
    apart = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    place = SealedField(section="justice", long=True)
    time = SealedField(section="justice")
    plan = SealedField(section="justice", long=True)
    over_at = models.DateTimeField()
    written_at = models.DateTimeField(default=clock.now)
    written_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("-written_at", "id")
        indexes = [models.Index(fields=["case"], name="operation_case")]

    class Privacy:
        plain = ("id", "case", "over_at", "written_at", "written_by", "organisation", "version")

    @property
    def subject(self) -> uuid.UUID:
        """Sealed under a key of its own: no key of the person opens it."""
        return self.id

    def __str__(self) -> str:
        return f"operation {self.id}"


class OperationReader(models.Model):
    """A user who is named as a reader, until he is taken off the list."""

    fact = models.ForeignKey(OperationalFact, on_delete=models.PROTECT, related_name="readers")
    user = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    from_at = models.DateTimeField(default=clock.now)
    until_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("from_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["fact", "user"], condition=models.Q(until_at__isnull=True), name="operation_reader_once"
            )
        ]

    class Privacy:
        plain = ("id", "fact", "user", "from_at", "until_at")

    def __str__(self) -> str:
        return f"reader of {self.fact_id}"
