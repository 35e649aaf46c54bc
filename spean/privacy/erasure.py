"""Erasure of a person's data, and what stands against it, as rows: legal holds, requests, and their proof.

The verbs stand in `cases/erasure.py`, who may in `access.policy`; this room only keeps the rows (as with consent).
Coded facts stay for the count; what is sealed is destroyed with its key.
"""

import uuid
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from spean.country.fields import CodeField
from spean.lib import clock
from spean.workflow.guards import status_triggers

HOLD_GROUNDS = ("criminal_case", "court_order", "compensation_claim", "complaint")
ERASURE_GROUNDS = ("wish_of_person", "retention", "recorded_in_error")
DECLINE_REASONS = ("wish_not_clear", "needed_by_law", "wrong_person")


class LegalHold(models.Model):
    """Somebody says that the law still needs these data. While it stands, nothing of the person is erased."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="legal_holds")
    status = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=1)
    ground = models.CharField(max_length=30, choices=[(ground, ground) for ground in HOLD_GROUNDS])
    # The last day on which it stands; empty: until somebody lifts it.
    until_on = models.DateField(null=True, blank=True)
    placed_at = models.DateTimeField(default=clock.now)
    placed_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("placed_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            *status_triggers("privacy.LegalHold"),
            pgtrigger.Protect(name="never_removed", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="as_placed", fields=["case", "ground", "until_on", "placed_at", "placed_by", "organisation"]
            ),
        ]
        indexes = [models.Index(fields=["case"], name="legal_hold_case")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="standing", lifted_at__isnull=True, lifted_by__isnull=True)
                | Q(status="lifted", lifted_at__isnull=False, lifted_by__isnull=False),
                name="legal_hold_lifted_pair",
            ),
            models.CheckConstraint(condition=Q(ground__in=HOLD_GROUNDS), name="legal_hold_ground_known"),
        ]

    class Privacy:
        coded = ("ground",)
        plain = (
            "id", "case", "status", "version", "until_on", "placed_at", "placed_by", "organisation", "lifted_at",
            "lifted_by",
        )  # fmt: skip

    def __str__(self) -> str:
        return f"hold: {self.ground}"

    @property
    def stands(self) -> bool:
        return self.status == "standing" and (self.until_on is None or clock.today() <= self.until_on)


class Erasure(models.Model):
    """Asked for by one officer, confirmed by another one elsewhere, carried out on the key vault, and kept as proof."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=12, unique=True, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="erasures")
    status = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=1)
    ground = models.CharField(max_length=30, choices=[(ground, ground) for ground in ERASURE_GROUNDS])
    # How the person said it, where it is her wish.
    evidence = CodeField(codelist="consent_evidence", blank=True)
    requested_at = models.DateTimeField(default=clock.now)
    requested_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decline_reason = models.CharField(
        max_length=30, blank=True, choices=[(reason, reason) for reason in DECLINE_REASONS]
    )
    # Whose keys the confirmation destroys: every record and episode decided to be this person's.
    subjects = ArrayField(models.UUIDField(), default=list, blank=True)
    # When the key vault held none of these keys any more.
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-requested_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            *status_triggers("privacy.Erasure"),
            pgtrigger.Protect(name="never_removed", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="as_requested",
                fields=["code", "case", "ground", "evidence", "requested_at", "requested_by", "organisation"],
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(status="requested"), name="erasure_requested_once"),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, decided_by__isnull=True)
                | Q(decided_at__isnull=False, decided_by__isnull=False),
                name="erasure_decided_pair",
            ),
            models.CheckConstraint(
                condition=~Q(status="confirmed")
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("requested_by")) & Q(subjects__len__gt=0)),
                name="erasure_confirmed_by_another",
            ),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(status="confirmed"), name="erasure_only_when_confirmed"
            ),
            models.CheckConstraint(condition=Q(ground__in=ERASURE_GROUNDS), name="erasure_ground_known"),
        ]

    class Privacy:
        coded = ("ground", "evidence", "decline_reason")
        plain = (
            "id", "code", "case", "status", "version", "requested_at", "requested_by", "organisation", "decided_at",
            "decided_by", "subjects", "erased_at",
        )  # fmt: skip

    def __str__(self) -> str:
        return self.code
