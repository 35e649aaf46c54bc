"""Emergency access as rows, and what follows from them by arithmetic: for how long, reviewed by when, who lost it.

The verbs stand in `cases/emergency.py`, who may in `access.policy`; this room only keeps the rows (as with consent).
"""

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from spean.access.roles import SECTIONS
from spean.lib import clock
from spean.privacy.fields import SealedField
from spean.workflow.guards import status_triggers

LASTS = timedelta(hours=4)
REVIEW_WITHIN = timedelta(hours=72)
# How old the proof of the second factor may be, for whoever asks and for whoever confirms.
FRESH = timedelta(minutes=5)

DANGER_TO_LIFE = "danger_to_life"
REASONS = (DANGER_TO_LIFE, "medical_emergency", "person_missing", "removal_imminent")
# What can be asked for. Where somebody is, only while her life is in danger.
ASKABLE = ("identity", "contact", "narrative", "whereabouts")
# What one person alone is given.
ALONE = ("contact",)
STATUSES = ("asked", "granted", "refused", "justified", "not_justified")
GRANTED = ("granted", "justified")


class EmergencyAccess(models.Model):
    """One user asks for one case outside his task; a second one, of another organisation, answers for it.

    `case` stays empty where the code leads nowhere or the case is closed to him by an exclusion: the two look alike
    to him for ever, and the auditor sees that he tried.
    """

    # Of the two texts: sealed under a key of its own, because there may be no case.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(
        "cases.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="emergency_accesses"
    )
    status = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=1)
    reason = models.CharField(max_length=30, choices=[(reason, reason) for reason in REASONS])
    sections = ArrayField(models.CharField(max_length=20, choices=[(s, s) for s in SECTIONS]))
    # As it was typed: it may be wrong, and then it may be anything.
    wanted = SealedField(section="identity")
    text = SealedField(section="narrative", long=True)
    alone = models.BooleanField(default=False)
    asked_at = models.DateTimeField(default=clock.now)
    asked_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    # Who is asked to confirm; nobody where one person acts alone.
    second = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    from_at = models.DateTimeField(null=True, blank=True)
    until_at = models.DateTimeField(null=True, blank=True)
    review_by = models.DateTimeField(null=True, blank=True)
    finding = SealedField(section="narrative", long=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-asked_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            *status_triggers("privacy.EmergencyAccess"),
            pgtrigger.Protect(name="never_removed", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_was_asked_stays",
                fields=["case", "reason", "sections", "alone", "asked_at", "asked_by", "organisation", "second"],
            ),
            pgtrigger.Trigger(
                name="words_stay",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func=(
                    "IF (OLD.wanted, OLD.text) IS DISTINCT FROM (NEW.wanted, NEW.text) THEN "
                    "RAISE EXCEPTION 'what was written in an emergency stays'; END IF; RETURN NEW;"
                ),
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["asked_by", "status"], name="emergency_asked_by")]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answered_by__isnull=True)
                | Q(answered_at__isnull=False, answered_by__isnull=False),
                name="emergency_answered_pair",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_at__isnull=True, reviewed_by__isnull=True)
                | (Q(reviewed_at__isnull=False, reviewed_by__isnull=False) & ~Q(reviewed_by=F("asked_by"))),
                name="emergency_reviewed_by_another",
            ),
            models.CheckConstraint(
                condition=Q(answered_by__isnull=True) | ~Q(answered_by=F("asked_by")),
                name="emergency_never_confirmed_by_oneself",
            ),
            models.CheckConstraint(
                condition=Q(second__isnull=True) | ~Q(second=F("asked_by")), name="emergency_second_is_another"
            ),
            models.CheckConstraint(
                condition=Q(reason=DANGER_TO_LIFE, alone=False) | ~Q(sections__contains=["whereabouts"]),
                name="emergency_place_only_for_life",
            ),
            models.CheckConstraint(
                condition=Q(alone=False) | Q(sections__contained_by=list(ALONE)), name="emergency_alone_contact_only"
            ),
            models.CheckConstraint(
                condition=Q(sections__contained_by=list(ASKABLE), sections__len__gt=0), name="emergency_sections"
            ),
            models.CheckConstraint(
                condition=Q(from_at__isnull=True, until_at__isnull=True, review_by__isnull=True)
                | Q(from_at__isnull=False, until_at__isnull=False, review_by__isnull=False)
                & Q(until_at__lte=F("from_at") + LASTS),
                name="emergency_four_hours",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=GRANTED) | Q(from_at__isnull=False), name="emergency_granted_has_time"
            ),
        ]

    class Privacy:
        coded = ("reason", "sections", "alone")
        plain = (
            "id", "case", "status", "version", "asked_at", "asked_by", "organisation", "second", "answered_at",
            "answered_by", "from_at", "until_at", "review_by", "reviewed_at", "reviewed_by",
        )  # fmt: skip

    @property
    def subject(self) -> uuid.UUID:
        return self.id

    def runs(self, now: datetime) -> bool:
        """Whether it opens anything at this moment."""
        if self.status not in GRANTED or self.from_at is None or self.until_at is None:
            return False
        return self.from_at <= now < self.until_at

    def __str__(self) -> str:
        return f"emergency access {self.id}"


class EmergencyNotice(models.Model):
    """Somebody has to know of an emergency access. Written with it, in one transaction, before anybody reads."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    access = models.ForeignKey(EmergencyAccess, on_delete=models.PROTECT, related_name="notices")
    user = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("created_at", "id")
        constraints = [models.UniqueConstraint(fields=["access", "user"], name="emergency_notice_once")]
        indexes = [
            models.Index(fields=["created_at"], condition=Q(mailed_at__isnull=True), name="emergency_notice_waiting")
        ]

    class Privacy:
        plain = ("id", "access", "user", "created_at", "mailed_at")

    def __str__(self) -> str:
        return f"notice of {self.access_id}"


def lost_by(user_id: uuid.UUID, now: datetime) -> bool:
    """Whether this user may ask no more: one of his was not justified, or was not reviewed in time."""
    rows = EmergencyAccess.objects.filter(asked_by_id=user_id)
    return rows.filter(Q(status="not_justified") | Q(status="granted", review_by__lte=now)).exists()
