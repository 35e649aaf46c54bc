"""The referral: who asks whom to do what for a person, what was shared for it, and what became of it."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from spean.access.roles import SECTIONS
from spean.country.fields import CodeField
from spean.lib import clock
from spean.privacy.fields import SealedField
from spean.workflow.guards import status_triggers

KINDS = ("focal", "service", "identification")


class Referral(models.Model):
    """One request to one organisation. Status and answers come from the workflow alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="referrals")
    kind = models.CharField(max_length=20, choices=[(kind, kind) for kind in KINDS])
    status = models.CharField(max_length=20, default="sent")
    version = models.PositiveIntegerField(default=1)

    from_organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    sent_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(default=clock.now)
    to_organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    service = models.ForeignKey(
        "directory.Service", null=True, blank=True, on_delete=models.PROTECT, related_name="referrals"
    )
    need = models.ForeignKey(
        "protection.Need", null=True, blank=True, on_delete=models.PROTECT, related_name="referrals"
    )
    urgent = models.BooleanField(default=False)
    # Sections that consent, or the named ground, allowed at the moment of sending, less what was taken back since.
    # Empty: a child referred in code, whose ground waits for its second person.
    sections = ArrayField(models.CharField(max_length=20, choices=[(s, s) for s in SECTIONS]), default=list, blank=True)
    receipt = models.ForeignKey(
        "privacy.ShareReceipt", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    message = SealedField(section="narrative", long=True)

    responded_at = models.DateTimeField(null=True, blank=True)
    responded_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    decline_reason = CodeField(codelist="decline_reason", blank=True)
    # Feedback to the referrer in a code; anything longer is a sealed answer.
    feedback = CodeField(codelist="referral_feedback", blank=True)
    answer = SealedField(section="narrative", long=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # A residential place needs a reason and a date on which it is looked at again.
    placement_reason = CodeField(codelist="placement_reason", blank=True)
    placement_review_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ("-sent_at", "id")
        triggers = status_triggers("referral.Referral")
        indexes = [
            models.Index(fields=["to_organisation", "status", "sent_at"], name="referral_inbox"),
            models.Index(fields=["from_organisation", "status"], name="referral_outbox"),
            models.Index(fields=["case", "status"], name="referral_case"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(responded_at__isnull=True, responded_by__isnull=True)
                | models.Q(responded_at__isnull=False, responded_by__isnull=False),
                name="referral_responded_pair",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="service") | models.Q(service__isnull=False),
                name="service_referral_names_service",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="declined") | ~models.Q(decline_reason=""),
                name="declined_has_reason",
            ),
            models.UniqueConstraint(
                fields=["case", "kind", "to_organisation", "service"],
                condition=models.Q(status__in=("sent", "acknowledged")),
                nulls_distinct=False,
                name="one_waiting_referral",
            ),
        ]

    class Privacy:
        coded = ("urgent", "decline_reason", "feedback", "placement_reason")
        plain = (
            "id", "case", "kind", "status", "version", "from_organisation", "sent_by", "sent_at",
            "to_organisation", "service", "need", "sections", "receipt", "responded_at", "responded_by",
            "acknowledged_at", "ended_at", "placement_review_on",
        )  # fmt: skip

    @property
    def subject(self) -> uuid.UUID:
        return self.case.subject

    def __str__(self) -> str:
        return f"{self.kind} referral of {self.case_id}"
