"""Tables of the privacy room: the event log with its leaves and checkpoints, consent, receipts of sharing.

Wrapped keys are in another database (keyvault/models.py). What the log may hold is decided in events.py.
"""

import uuid
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from spean.access.models import Organisation
from spean.country.fields import CodeField, CodesField
from spean.lib import clock
from spean.privacy.emergency import EmergencyAccess, EmergencyNotice
from spean.privacy.erasure import Erasure as Erasure
from spean.privacy.erasure import LegalHold as LegalHold
from spean.privacy.fields import SealedField
from spean.privacy.watch import Alert, BudgetExtension, Canary
from spean.workflow.guards import append_only, status_triggers

# Tables with a file of their own are named here, where Django looks for them.
__all__ = [
    "Alert", "BudgetExtension", "Canary", "Checkpoint", "Consent", "EmergencyAccess", "EmergencyNotice", "Event",
    "LogLeaf", "ShareReceipt",
]  # fmt: skip


class Event(models.Model):
    """One thing done or read: who, what, on which row, why. Codes and ids only; never changed, never removed.

    Ids instead of foreign keys, so that the log outlives what it tells of.
    """

    id = models.BigAutoField(primary_key=True)
    # Names the encoding that the leaf's hash covers (see leaves.py): a new column means a new number.
    format = models.PositiveSmallIntegerField(default=1)
    at = models.DateTimeField(default=clock.now)
    # The database's own time, which shows a row that was put in later than it claims.
    written_at = models.DateTimeField(db_default=Now())
    actor_id = models.UUIDField(null=True)
    organisation_id = models.UUIDField(null=True)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60, blank=True)
    object_id = models.UUIDField(null=True)
    case_id = models.UUIDField(null=True)
    subject = models.UUIDField(null=True)
    fields = ArrayField(models.CharField(max_length=60), default=list)
    purpose = models.CharField(max_length=40, blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        ordering = ("id",)
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        indexes = [
            models.Index(fields=["case_id", "id"], name="event_case", condition=Q(case_id__isnull=False)),
            models.Index(fields=["object_id", "id"], name="event_object", condition=Q(object_id__isnull=False)),
            models.Index(fields=["subject", "id"], name="event_subject", condition=Q(subject__isnull=False)),
            models.Index(fields=["actor_id", "id"], name="event_actor"),
            # Asked at every opening: whom has this user opened today?
            models.Index(
                fields=["actor_id", "at"], name="event_opened",
                condition=Q(action__in=("identity.revealed", "content.read")),
            ),
            # Which searches returned this person?
            GinIndex(
                fields=["facts"], name="event_search", opclasses=["jsonb_path_ops"],
                condition=Q(action="people.searched"),
            ),
        ]  # fmt: skip

    class Privacy:
        plain = (
            "id", "format", "at", "written_at", "actor_id", "organisation_id", "action", "object_type",
            "object_id", "case_id", "subject", "fields", "purpose", "facts",
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.id} {self.action}"

    def organisation_name(self) -> str:
        if self.organisation_id is None:
            return ""
        found = Organisation.objects.filter(pk=self.organisation_id).first()
        return str(found) if found else ""


class LogLeaf(models.Model):
    """The place of an event in the hash tree."""

    index = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)
    hash = models.BinaryField(max_length=32)

    class Meta:
        ordering = ("index",)
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()

    class Privacy:
        plain = ("index", "event_id", "hash")

    def __str__(self) -> str:
        return f"leaf {self.index}"


class Checkpoint(models.Model):
    """A signed statement that the first `size` leaves have this root. `note` is what a witness keeps."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=32)
    # Roots of the complete subtrees: enough to go on from here without reading the leaves again.
    frontier = models.BinaryField()
    note = models.TextField()
    algorithm = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("size",)
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()

    class Privacy:
        plain = ("size", "root", "frontier", "note", "algorithm", "made_at")

    def __str__(self) -> str:
        return f"checkpoint of {self.size} rows"


GIVEN_BY = ("person", "guardian", "authorised_adult")
# "consent" is the person's own. The others replace it and stand on evidence of their own.
GROUNDS = ("consent", "best_interests", "court_order", "danger_to_life")
# What HTCDS's guidance to con_Consent asks for.
TOLD = (
    "told_interview",
    "told_purpose",
    "told_uses",
    "told_research",
    "told_access",
    "told_retention",
    "told_withdrawal",
)


class Consent(models.Model):
    """What a person agreed to, or refused: purpose × recipient × classes of information × time.

    Her words stay as they were recorded; only a withdrawal is added. A change of mind is a new row.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="consents")
    status = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=1)
    ground = models.CharField(max_length=20, default="consent", choices=[(ground, ground) for ground in GROUNDS])
    purpose = CodeField(codelist="consent_purpose")
    # Empty: whichever focal agency receives the referral (in a refusal: nobody at all).
    recipient = models.ForeignKey(
        "access.Organisation", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # In a refusal, empty means everything.
    classes = CodesField(codelist="information_class", blank=True, default=list)
    given_by = models.CharField(max_length=20, default="person", choices=[(by, by) for by in GIVEN_BY])
    guardian_is_not_suspect = models.BooleanField(default=False)
    language = CodeField(codelist="language", blank=True)
    interpreter = models.BooleanField(default=False)
    interpreter_not_from_scene = models.BooleanField(default=False)
    told_interview = models.BooleanField(default=False)
    told_purpose = models.BooleanField(default=False)
    told_uses = models.BooleanField(default=False)
    told_research = models.BooleanField(default=False)
    told_access = models.BooleanField(default=False)
    told_retention = models.BooleanField(default=False)
    told_withdrawal = models.BooleanField(default=False)
    evidence = CodeField(codelist="consent_evidence", blank=True)
    # What a ground other than consent stands on: the number of an order or document, and the reasons.
    reference = SealedField(section="protection")
    reasons = SealedField(section="protection", long=True)
    # On the paper that the person takes with her.
    code = models.CharField(max_length=12, unique=True, null=True, blank=True, editable=False)
    valid_until = models.DateField(null=True, blank=True)
    given_at = models.DateTimeField(default=clock.now)
    recorded_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    recorded_organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    # The second person, for grounds other than consent.
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("given_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            *status_triggers("privacy.Consent"),
            pgtrigger.Protect(name="never_removed", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="her_words_stay",
                fields=[
                    "case", "ground", "purpose", "recipient", "classes", "given_by", "guardian_is_not_suspect",
                    "language", "interpreter", "interpreter_not_from_scene", *TOLD, "evidence", "valid_until",
                    "code", "given_at", "recorded_by", "recorded_organisation",
                ],
            ),
            pgtrigger.Trigger(
                name="evidence_stays",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func=(
                    "IF (OLD.reference, OLD.reasons) IS DISTINCT FROM (NEW.reference, NEW.reasons) THEN "
                    "RAISE EXCEPTION 'what a ground stands on is never rewritten'; END IF; RETURN NEW;"
                ),
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["case", "purpose"], name="consent_case_purpose")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="withdrawn", withdrawn_at__isnull=False, withdrawn_by__isnull=False)
                | (~Q(status="withdrawn") & Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)),
                name="consent_withdrawn_pair",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True, confirmed_by__isnull=True)
                | (Q(confirmed_at__isnull=False, confirmed_by__isnull=False) & ~Q(confirmed_by=F("recorded_by"))),
                name="consent_confirmed_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(status="given") | Q(ground="consent") | Q(confirmed_by__isnull=False),
                name="ground_needs_second_person",
            ),
            models.CheckConstraint(condition=Q(status="refused") | Q(classes__len__gt=0), name="consent_names_classes"),
            models.CheckConstraint(
                condition=Q(status="refused")
                | ~Q(ground="consent")
                | Q(given_by="person")
                | Q(guardian_is_not_suspect=True),
                name="consent_guardian_not_suspect",
            ),
            models.CheckConstraint(
                condition=Q(status="refused") | Q(interpreter=False) | Q(interpreter_not_from_scene=True),
                name="consent_interpreter_not_from_scene",
            ),
            models.CheckConstraint(condition=Q(ground__in=GROUNDS), name="consent_ground_known"),
            models.CheckConstraint(condition=Q(given_by__in=GIVEN_BY), name="consent_giver_known"),
        ]

    class Privacy:
        coded = (
            "ground", "purpose", "classes", "given_by", "guardian_is_not_suspect", "language", "interpreter",
            "interpreter_not_from_scene", *TOLD, "evidence",
        )  # fmt: skip
        plain = (
            "id", "case", "status", "version", "recipient", "code", "valid_until", "given_at", "recorded_by",
            "recorded_organisation", "confirmed_at", "confirmed_by", "withdrawn_at", "withdrawn_by",
        )  # fmt: skip

    @property
    def subject(self) -> uuid.UUID:
        return self.case.subject

    def __str__(self) -> str:
        return f"{self.status}: {self.purpose}"


class ShareReceipt(models.Model):
    """What was passed on, to whom, on which consent. The person can ask for it by its code."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=12, unique=True, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="share_receipts")
    recipient = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    purpose = CodeField(codelist="consent_purpose")
    asked = CodesField(codelist="information_class")
    shared = CodesField(codelist="information_class")
    consents = ArrayField(models.UUIDField())
    shared_at = models.DateTimeField(default=clock.now)
    shared_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("shared_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints = [
            models.CheckConstraint(
                condition=Q(shared__len__gt=0, shared__contained_by=F("asked")), name="receipt_shared_was_asked"
            ),
        ]

    class Privacy:
        coded = ("purpose", "asked", "shared")
        plain = ("id", "code", "case", "recipient", "consents", "shared_at", "shared_by", "organisation")

    def __str__(self) -> str:
        return self.code


class WitnessedCheckpoint(models.Model):
    """As a witness: what another system's log looked like when this server saw it. Never changed, never removed."""

    id = models.BigAutoField(primary_key=True)
    # The other log's public key, which names it for good; the name alone could be taken by anybody.
    log = models.CharField(max_length=200)
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ("log", "size")
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints = [models.UniqueConstraint(fields=["log", "size"], name="witnessed_once_per_size")]

    class Privacy:
        plain = ("id", "log", "size", "root", "note", "seen_at")

    def __str__(self) -> str:
        return f"{self.size} rows of another log"


class Cosignature(models.Model):
    """A witness's line under one of our checkpoints."""

    id = models.BigAutoField(primary_key=True)
    size = models.BigIntegerField()
    witness = models.CharField(max_length=200)
    line = models.TextField()
    signed_at = models.DateTimeField()

    class Meta:
        ordering = ("size", "witness")
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints = [models.UniqueConstraint(fields=["size", "witness"], name="cosigned_once_per_witness")]

    class Privacy:
        plain = ("id", "size", "witness", "line", "signed_at")

    def __str__(self) -> str:
        return f"cosignature of {self.size} rows"


class WitnessContact(models.Model):
    """When a witness was last asked and last answered, and what stood in the way."""

    witness = models.CharField(max_length=200, primary_key=True)
    size = models.BigIntegerField(default=0)
    first_tried_at = models.DateTimeField()
    tried_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    fault = models.CharField(max_length=30, blank=True)

    class Privacy:
        plain = ("witness", "size", "first_tried_at", "tried_at", "answered_at", "fault")

    def __str__(self) -> str:
        return self.witness


class KeptRoot(models.Model):
    """A root of the log that somebody keeps on paper or in a mailbox, where the operator cannot reach it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    keeper = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    form = models.CharField(max_length=10, choices=[(form, form) for form in ("printed", "mailed")])
    kept_on = models.DateField()
    recorded_at = models.DateTimeField(default=clock.now)
    recorded_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-recorded_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()

    class Privacy:
        plain = ("id", "size", "root", "keeper", "form", "kept_on", "recorded_at", "recorded_by")

    def __str__(self) -> str:
        return f"root of {self.size} rows"
