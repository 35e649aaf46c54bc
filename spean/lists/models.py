"""Tables of partner lists and of the linked register. What a row says is sealed under a key of its own; codes are clear.

A list belongs to one organisation and is kept by one user. A delivery is one file; a row is one record of the list.
Linkings, their clusters and the pairs that people decide know rows by their ids and nothing else.
"""

import uuid
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from spean.lib import clock
from spean.privacy.fields import SealedField
from spean.workflow.guards import append_only, status_triggers


class PartnerList(models.Model):
    """A list that an organisation keeps of its own: rows with names, rows of tokens, or only how many there are."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=12, unique=True, editable=False)
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    kept_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    form = models.CharField(max_length=10)
    title = models.CharField(max_length=120)
    # Headings of this partner's files with their meaning, so that nobody is asked twice. Sealed: the first line of a
    # file without a heading is a person.
    mapping = SealedField(section="documents", long=True)
    begun_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-begun_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="never_removed", operation=pgtrigger.Delete)
        ]
        constraints = [
            models.CheckConstraint(condition=Q(form__in=["names", "tokens", "number"]), name="list_form_known")
        ]

    class Privacy:
        coded = ("form",)
        plain = ("id", "code", "organisation", "kept_by", "title", "begun_at")

    @property
    def subject(self) -> uuid.UUID:
        return self.id

    def __str__(self) -> str:
        return self.code


class Declaration(models.Model):
    """What the partner says of its list: whom it counts, for which time, how complete. The newest holds; all are kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner_list = models.ForeignKey(PartnerList, on_delete=models.PROTECT, related_name="declarations")
    definition = models.CharField(max_length=1000)
    completeness = models.CharField(max_length=20)
    from_on = models.DateField(null=True, blank=True)
    to_on = models.DateField(null=True, blank=True)
    # Persons, where the partner can say it: of a list that is only a number, its lowest and highest value.
    lowest = models.PositiveIntegerField(null=True, blank=True)
    highest = models.PositiveIntegerField(null=True, blank=True)
    declared_at = models.DateTimeField(default=clock.now)
    declared_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-declared_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints = [
            models.CheckConstraint(
                condition=Q(completeness__in=["complete", "most", "part", "unknown"]), name="completeness_known"
            ),
            models.CheckConstraint(
                condition=Q(lowest__isnull=True, highest__isnull=True)
                | Q(lowest__isnull=False, highest__isnull=False, lowest__lte=F("highest")),
                name="declared_number_in_order",
            ),
            models.CheckConstraint(
                condition=Q(from_on__isnull=True) | Q(to_on__isnull=True) | Q(from_on__lte=F("to_on")),
                name="declared_time_in_order",
            ),
        ]

    class Privacy:
        coded = ("completeness", "lowest", "highest")
        plain = ("id", "partner_list", "definition", "from_on", "to_on", "declared_at", "declared_by")

    def __str__(self) -> str:
        return f"{self.partner_list_id}: {self.declared_at:%Y-%m-%d}"


class Delivery(models.Model):
    """One file of a list. Sealed until it was taken in, then destroyed; what became of each line stays."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner_list = models.ForeignKey(PartnerList, on_delete=models.PROTECT, related_name="deliveries")
    delivered_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    delivered_at = models.DateTimeField(default=clock.now)
    status = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=1)
    delimiter = models.CharField(max_length=10, blank=True)
    fault = models.CharField(max_length=40, blank=True)
    # By column of the file: which of our columns it is. Numbers, not headings.
    columns = models.JSONField(default=dict, blank=True)
    # Counts by outcome, reason and note; form, encoding and lines of the file.
    result = models.JSONField(default=dict, blank=True)
    # What became of each line, in codes, packed: see `report`.
    lines = models.BinaryField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-delivered_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = status_triggers("lists.Delivery")

    class Privacy:
        coded = ("columns", "result", "lines")
        plain = (
            "id", "partner_list", "delivered_by", "delivered_at", "status", "version", "delimiter", "fault", "taken_at",
        )  # fmt: skip

    @property
    def subject(self) -> uuid.UUID:
        return self.id

    def __str__(self) -> str:
        return f"{self.partner_list_id}: {self.delivered_at:%Y-%m-%d %H:%M}"


class DeliveredFile(models.Model):
    """The file of a delivery, sealed, while it waits to be taken in."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    delivery = models.OneToOneField(Delivery, on_delete=models.PROTECT, related_name="file")
    chunks = models.PositiveIntegerField()
    blob = models.BinaryField()

    class Privacy:
        plain = ("id", "delivery", "chunks", "blob")

    @property
    def subject(self) -> uuid.UUID:
        return self.delivery_id

    def __str__(self) -> str:
        return f"file of {self.delivery_id}"


class ListRow(models.Model):
    """One record of a list. Its content is sealed under its own key: one person can be erased, and nobody else."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner_list = models.ForeignKey(PartnerList, on_delete=models.PROTECT, related_name="rows")
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="rows")
    line = models.PositiveIntegerField()
    status = models.CharField(max_length=20)
    reasons = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    content = SealedField(section="identity", long=True)
    # Keyed by the list: the same line again, and the same number with another content.
    digest = models.BinaryField(max_length=32)
    number_digest = models.BinaryField(max_length=32, null=True, blank=True)
    sex = models.CharField(max_length=30, blank=True)
    birth_year = models.PositiveSmallIntegerField(null=True, blank=True)
    # With proof. Without it the row serves the count and nothing else.
    consented = models.BooleanField(default=False)
    # Of tokens: under which key and at which strength; only rows of one head can be linked.
    head = models.CharField(max_length=60, blank=True)
    # The case that was begun from it. Once begun, never again, also when the tie was cut: see `to_case`.
    case_status = models.CharField(max_length=10, default="none")
    case = models.OneToOneField("cases.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1)
    replaced_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaces")
    destroyed_at = models.DateTimeField(null=True, blank=True)
    destroyed_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # What is done with a line stands in no case's history: whoever works on the case need not know of the list.
    apart = True

    class Meta:
        ordering = ("partner_list", "line", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            *status_triggers("lists.ListRow", "case_status"),
            pgtrigger.Protect(name="never_removed", operation=pgtrigger.Delete),
        ]
        constraints = [
            models.UniqueConstraint(fields=["partner_list", "digest"], name="list_row_once"),
            models.CheckConstraint(
                condition=Q(status__in=["accepted", "quarantined", "replaced", "destroyed"]),
                name="list_row_status_known",
            ),
            models.CheckConstraint(
                condition=Q(status="replaced", replaced_by__isnull=False)
                | (~Q(status="replaced") & Q(replaced_by__isnull=True)),
                name="list_row_replaced_by_one",
            ),
            models.CheckConstraint(
                condition=Q(case_status="begun") | Q(case_status="none", case__isnull=True),
                name="list_row_case_was_begun",
            ),
            models.CheckConstraint(
                condition=Q(destroyed_at__isnull=True, destroyed_by__isnull=True)
                | Q(destroyed_at__isnull=False, destroyed_by__isnull=False, content__isnull=True),
                name="list_row_destroyed_is_empty",
            ),
        ]
        indexes = [
            models.Index(fields=["delivery", "status"], name="list_row_of_delivery"),
            # Few of a long list agree, and their page must not read all the others.
            models.Index(
                fields=["partner_list", "delivery", "line"], name="list_row_agreed",
                condition=Q(status="accepted", consented=True),
            ),
        ]  # fmt: skip

    class Privacy:
        coded = ("reasons", "sex", "birth_year", "consented")
        plain = (
            "id", "partner_list", "delivery", "line", "status", "digest", "number_digest", "head", "case_status", "case",
            "version", "replaced_by", "destroyed_at", "destroyed_by",
        )  # fmt: skip

    @property
    def subject(self) -> uuid.UUID:
        return self.id

    def __str__(self) -> str:
        return f"{self.partner_list_id}, line {self.line}"


class Linking(models.Model):
    """One run over all lists: who is on which, how many persons, and how sure. Its answer is numbers and codes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=12, unique=True, editable=False)
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    started_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=clock.now)
    status = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=1)
    seed = models.PositiveIntegerField(default=1)
    result = models.JSONField(default=dict, blank=True)
    fault = models.CharField(max_length=40, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-started_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            *status_triggers("lists.Linking"),
            pgtrigger.Protect(name="never_removed", operation=pgtrigger.Delete),
        ]

    class Privacy:
        coded = ("result",)
        plain = (
            "id", "code", "organisation", "started_by", "started_at", "status", "version", "seed", "fault",
            "finished_at",
        )  # fmt: skip

    def __str__(self) -> str:
        return self.code


class Clustered(models.Model):
    """In which cluster of a linking a row stands: the provenance of each person counted."""

    id = models.BigAutoField(primary_key=True)
    linking = models.ForeignKey(Linking, on_delete=models.PROTECT, related_name="clustered")
    row = models.ForeignKey(ListRow, on_delete=models.PROTECT, related_name="clustered")
    cluster = models.PositiveIntegerField()

    class Meta:
        ordering = ("linking", "cluster", "id")
        constraints = [models.UniqueConstraint(fields=["linking", "row"], name="clustered_once")]
        indexes = [models.Index(fields=["linking", "cluster"], name="clustered_together")]

    class Privacy:
        plain = ("id", "linking", "row", "cluster")

    def __str__(self) -> str:
        return f"{self.linking_id}: {self.cluster}"


class Pair(models.Model):
    """Two rows that may be one person. Decided by people, changed by people; both rows and all decisions stay."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    linking = models.ForeignKey(Linking, on_delete=models.PROTECT, related_name="pairs")
    # The lower id first, so that a pair has one row here.
    one = models.ForeignKey(ListRow, on_delete=models.PROTECT, related_name="+")
    other = models.ForeignKey(ListRow, on_delete=models.PROTECT, related_name="+")
    probability = models.FloatField()
    # By how many persons the count is expected to change when this pair is decided.
    effect = models.FloatField()
    # "comparison:level:bits", strongest first.
    reasons = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    status = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=1)
    found_at = models.DateTimeField(default=clock.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-effect", "-probability", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = status_triggers("lists.Pair")
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="pair_once"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="pair_in_order"),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, decided_by__isnull=True)
                | Q(decided_at__isnull=False, decided_by__isnull=False),
                name="pair_decided_pair",
            ),
        ]

    class Privacy:
        coded = ("probability", "effect", "reasons")
        plain = ("id", "linking", "one", "other", "status", "version", "found_at", "decided_at", "decided_by")

    def __str__(self) -> str:
        return f"{self.one_id} ~ {self.other_id}"
