"""The screening: answers to an instrument and what they suggest. And, apart from it, who called.

Answers are codes; free text is sealed.

What the answers suggest is computed in `rules.py`; nothing here decides who a person is in law.
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from spean.country.fields import CodeField, CodesField
from spean.lib import clock
from spean.privacy.fields import SealedField


class Screening(models.Model):
    """One interview with one instrument. A case may have several; the last completed one counts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="screenings")
    # Which set of questions, in which version: an old screening keeps the version it was made with.
    instrument = models.CharField(max_length=40)
    instrument_version = models.CharField(max_length=20)
    exploitation = CodeField(codelist="exploitation")
    age = models.PositiveSmallIntegerField(null=True, blank=True)
    age_disputed = models.BooleanField(default=False)
    # None: not known. Empty: asked, and none.
    acts = ArrayField(models.CharField(max_length=20), null=True, blank=True)
    forms = CodesField(codelist="exploitation_form", blank=True, default=list)
    answers = models.JSONField(default=dict, blank=True)

    # The conditions of the interview (COMMIT Guidelines 8-11, 18, 22).
    private_place = models.BooleanField(null=True, blank=True)
    interview_language = CodeField(codelist="language", blank=True)
    interpreter = models.BooleanField(null=True, blank=True)
    interpreter_not_from_scene = models.BooleanField(null=True, blank=True)
    preferred_interviewer_asked = models.BooleanField(null=True, blank=True)

    # What stands of the person came with her from a list; nobody has gone through it with her yet.
    carried_over = models.BooleanField(default=False)

    stated_name = SealedField(section="identity")
    stated_contact = SealedField(section="contact")
    notes = SealedField(section="narrative", long=True)

    # What the answers suggest, as computed when the screening was completed.
    result = CodeField(codelist="screening_result", blank=True)
    ilo_category = models.CharField(max_length=30, blank=True)
    assessment = models.JSONField(null=True, blank=True)

    started_at = models.DateTimeField(default=clock.now)
    completed_at = models.DateTimeField(null=True, blank=True)
    screener = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    # Rises with every saved page, so that two windows on one screening cannot overwrite each other unseen.
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("-started_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(completed_at__isnull=True, result="")
                | models.Q(completed_at__isnull=False) & ~models.Q(result=""),
                name="screening_completed_has_result",
            ),
            models.CheckConstraint(
                condition=models.Q(age__isnull=True) | models.Q(age__lte=120), name="screening_age_possible"
            ),
            models.UniqueConstraint(
                fields=["case"], condition=models.Q(completed_at__isnull=True), name="one_open_screening_per_case"
            ),
        ]

    class Privacy:
        coded = (
            "exploitation", "age", "age_disputed", "acts", "forms", "answers", "private_place",
            "interview_language", "interpreter", "interpreter_not_from_scene", "preferred_interviewer_asked",
            "result", "ilo_category", "assessment",
        )  # fmt: skip
        plain = (
            "id", "case", "instrument", "instrument_version", "carried_over", "started_at", "completed_at", "screener",
            "organisation", "version",
        )  # fmt: skip

    @property
    def subject(self) -> uuid.UUID:
        return self.case.subject

    def __str__(self) -> str:
        return f"{self.instrument} of {self.case_id}"


class InstrumentVersion(models.Model):
    """One version of an instrument as it was first asked, or loaded: a record keeps the questions it was made with.

    Holds no answer and nobody's name: tables, XForm and compiled definition. Never changed and never deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=40)
    version = models.CharField(max_length=20)
    # Loaded by the operator from a file; otherwise kept from the country pack when it was first asked.
    loaded = models.BooleanField(default=False)
    digest = models.CharField(max_length=64)
    # {"sheets", "about", "xform", "definition"}, see `instruments.py`.
    content = models.JSONField()
    kept_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("name", "-kept_at", "id")
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="one_text_per_instrument_version")]

    class Privacy:
        plain = ("id", "name", "version", "loaded", "digest", "content", "kept_at")

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Informant(models.Model):
    """Who gave the tip, or called. Not the person of the case, and never part of the case.

    Sealed under a key of its own, which is destroyed at `destroy_at` unless somebody said why it is still needed.
    Whoever called and wants to stay unknown leaves no such row.
    """

    # Its events name no case: nobody who reads the history of the case learns that there is a caller to be found.
    apart = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+")
    name = SealedField(section="identity")
    phone = SealedField(section="contact")
    safe_times = SealedField(section="contact", long=True)
    received_at = models.DateTimeField(default=clock.now)
    received_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    destroy_at = models.DateTimeField(db_index=True)
    renewed_at = models.DateTimeField(null=True, blank=True)
    renewed_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    renewal_reason = SealedField(section="narrative", long=True)
    destroyed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("-received_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=models.Q(destroyed_at__isnull=True), name="one_informant_per_case"
            ),
            models.CheckConstraint(
                condition=models.Q(renewed_at__isnull=True, renewed_by__isnull=True)
                | models.Q(renewed_at__isnull=False, renewed_by__isnull=False),
                name="informant_renewed_pair",
            ),
            models.CheckConstraint(
                condition=models.Q(destroyed_at__isnull=True)
                | models.Q(name__isnull=True, phone__isnull=True, safe_times__isnull=True, renewal_reason__isnull=True),
                name="informant_destroyed_is_empty",
            ),
        ]

    class Privacy:
        plain = (
            "id", "case", "received_at", "received_by", "organisation", "destroy_at", "renewed_at", "renewed_by",
            "destroyed_at", "version",
        )  # fmt: skip

    @property
    def subject(self) -> uuid.UUID:
        return self.id

    def __str__(self) -> str:
        return f"informant {self.id}"


class Arrival(models.Model):
    """Those who came together, on a bus or a boat, asked the same few questions: counts in clear, the list sealed.

    Nobody is named; under a key of its own, which is destroyed at `destroy_at`. Its id is that of the submission.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    instrument = models.CharField(max_length=40)
    instrument_version = models.CharField(max_length=20)
    arrived_on = models.DateField()
    came_from = models.CharField(max_length=20)
    on_board = models.PositiveSmallIntegerField()
    asked = models.PositiveSmallIntegerField()
    first = models.PositiveSmallIntegerField()
    later_today = models.PositiveSmallIntegerField()
    children = models.PositiveSmallIntegerField()
    submission = SealedField(section="narrative", long=True)
    listed_at = models.DateTimeField(default=clock.now)
    listed_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    destroy_at = models.DateTimeField(db_index=True)
    destroyed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-listed_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(destroyed_at__isnull=True) | models.Q(submission__isnull=True),
                name="arrival_destroyed_is_empty",
            ),
        ]

    class Privacy:
        coded = ("came_from", "on_board", "asked", "first", "later_today", "children")
        plain = (
            "id", "instrument", "instrument_version", "arrived_on", "listed_at", "listed_by", "organisation",
            "destroy_at", "destroyed_at",
        )  # fmt: skip

    @property
    def subject(self) -> uuid.UUID:
        return self.id

    def __str__(self) -> str:
        return f"arrival {self.id}"


class IntakeInterview(models.Model):
    """What a person told when she was taken in: kept with her case, sealed. Its id is that of the submission."""

    id = models.UUIDField(primary_key=True, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="intake_interviews")
    instrument = models.CharField(max_length=40)
    instrument_version = models.CharField(max_length=20)
    # Whether she agreed to talk; where she did not, nothing else was asked.
    agreed = models.BooleanField()
    submission = SealedField(section="narrative", long=True)
    held_at = models.DateTimeField(default=clock.now)
    held_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-held_at", "id")

    class Privacy:
        coded = ("agreed",)
        plain = ("id", "case", "instrument", "instrument_version", "held_at", "held_by", "organisation")

    @property
    def subject(self) -> uuid.UUID:
        return self.case.subject

    def __str__(self) -> str:
        return f"intake of {self.case_id}"
