"""Tables of the watch over those who read: alerts for the auditor, canary persons, extensions of the daily budget.

What raises an alert stands in alerts.py, what is counted in budget.py, who is a canary in canaries.py.
"""

import uuid
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from spean.lib import clock
from spean.privacy.fields import SealedField
from spean.workflow.guards import append_only, status_triggers

CANARY_OPENED = "canary_opened"
CANARY_REFUSED = "canary_refused"
CANARY_LOOKED_AT = "canary_looked_at"
CANARY_PASSED_ON = "canary_passed_on"
REFUSALS = "refusals"
OVER_BUDGET = "over_budget"
KINDS = (CANARY_OPENED, CANARY_REFUSED, CANARY_LOOKED_AT, CANARY_PASSED_ON, REFUSALS, OVER_BUDGET)
FINDINGS = ("misuse", "mistake", "in_order", "not_clear")
REASONS = ("many_arrivals", "stands_in_for_colleague", "review_of_files", "other_urgent_work")

# The holder of the key with which the register of canaries is kept: nobody, in every installation.
REGISTER = uuid.UUID("5f1d6f0e-0000-4000-8000-000000000001")


class Alert(models.Model):
    """Something the auditor has to look at. It names the row of the log that raised it, and nothing of content."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=30, choices=[(kind, kind) for kind in KINDS])
    status = models.CharField(max_length=20, default="open")
    version = models.PositiveIntegerField(default=1)
    at = models.DateTimeField(default=clock.now)
    event_id = models.BigIntegerField()
    # Ids, as in the log.
    actor_id = models.UUIDField(null=True, blank=True)
    organisation_id = models.UUIDField(null=True, blank=True)
    finding = models.CharField(max_length=20, blank=True, choices=[(finding, finding) for finding in FINDINGS])
    cleared_at = models.DateTimeField(null=True, blank=True)
    cleared_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            *status_triggers("privacy.Alert"),
            pgtrigger.Protect(name="never_removed", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_happened_stays", fields=["kind", "at", "event_id", "actor_id", "organisation_id"]
            ),
        ]
        indexes = [models.Index(fields=["actor_id", "kind", "at"], name="alert_actor")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="open", cleared_at__isnull=True, cleared_by__isnull=True, finding="")
                | (Q(status="cleared", cleared_at__isnull=False, cleared_by__isnull=False) & ~Q(finding="")),
                name="alert_cleared_with_finding",
            ),
        ]

    class Privacy:
        coded = ("kind", "finding")
        plain = ("id", "status", "version", "at", "event_id", "actor_id", "organisation_id", "cleared_at", "cleared_by")

    def __str__(self) -> str:
        return f"alert {self.kind}"


class Canary(models.Model):
    """That somebody on file is invented, for whoever has the key vault: a keyed digest and a sealed case code.

    No moment and no maker: both would lead from a copy of the table to the case.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.BinaryField(max_length=32, unique=True)
    case_code = SealedField(section="documents")

    class Meta:
        ordering = ("id",)
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()

    class Privacy:
        plain = ("id", "digest")

    @property
    def subject(self) -> uuid.UUID:
        return REGISTER

    def __str__(self) -> str:
        return f"canary {self.id}"


class BudgetExtension(models.Model):
    """A colleague lets a user open more people today than his role may: once a day, with a reason, never oneself."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    persons = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=30, choices=[(reason, reason) for reason in REASONS])
    granted_at = models.DateTimeField(default=clock.now)
    granted_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-granted_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints = [
            models.UniqueConstraint(fields=["user", "day"], name="one_extension_a_day"),
            models.CheckConstraint(condition=~Q(granted_by=F("user")), name="extension_by_another"),
        ]

    class Privacy:
        coded = ("reason",)
        plain = ("id", "user", "day", "persons", "granted_at", "granted_by", "organisation")

    def __str__(self) -> str:
        return f"extension on {self.day}"
