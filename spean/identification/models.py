"""The determination of the competent authority: element by element, with reasons, by two officers.

A decision is never overwritten: a review is a new determination that points to the one it reviews.
"""

import uuid

from django.db import models

from spean.country.fields import CodeField, CodesField
from spean.lib import clock
from spean.privacy.fields import SealedField
from spean.workflow.guards import status_triggers

FINDINGS = ("established", "not_established", "not_required", "not_known")


class Determination(models.Model):
    """One decision on one case, from the hearing to the moment the person is told."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="determinations")
    reviews = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reviewed_by")
    status = models.CharField(max_length=20, default="opened")
    version = models.PositiveIntegerField(default=1)

    treated_as_child = models.BooleanField(default=False)
    act = models.CharField(max_length=20, blank=True, choices=[(f, f) for f in FINDINGS])
    means = models.CharField(max_length=20, blank=True, choices=[(f, f) for f in FINDINGS])
    purpose = models.CharField(max_length=20, blank=True, choices=[(f, f) for f in FINDINGS])
    act_codes = CodesField(codelist="act", blank=True, default=list)
    means_codes = CodesField(codelist="means", blank=True, default=list)
    exploitation_forms = CodesField(codelist="exploitation_form", blank=True, default=list)
    act_reasons = SealedField(section="narrative", long=True)
    means_reasons = SealedField(section="narrative", long=True)
    purpose_reasons = SealedField(section="narrative", long=True)
    evidence = SealedField(section="narrative", long=True)
    outcome = CodeField(codelist="determination_outcome", blank=True)
    return_reason = SealedField(section="narrative", long=True)

    opened_at = models.DateTimeField(default=clock.now)
    officer = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    informed_at = models.DateTimeField(null=True, blank=True)
    informed_language = CodeField(codelist="language", blank=True)
    review_requested_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-opened_at", "id")
        triggers = status_triggers("identification.Determination")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(confirmed_by__isnull=True) | ~models.Q(confirmed_by=models.F("officer")),
                name="two_officers_decide",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_at__isnull=True, confirmed_by__isnull=True)
                | models.Q(confirmed_at__isnull=False, confirmed_by__isnull=False),
                name="determination_confirmed_pair",
            ),
            models.CheckConstraint(
                condition=~models.Q(means="not_required") | models.Q(treated_as_child=True),
                name="means_needed_for_adults",
            ),
            models.UniqueConstraint(
                fields=["case"],
                condition=models.Q(status__in=("opened", "proposed")),
                name="one_open_determination",
            ),
        ]

    class Privacy:
        coded = (
            "treated_as_child", "act", "means", "purpose", "act_codes", "means_codes", "exploitation_forms",
            "outcome", "informed_language",
        )  # fmt: skip
        plain = (
            "id", "case", "reviews", "status", "version", "opened_at", "officer", "organisation", "proposed_at",
            "confirmed_at", "confirmed_by", "informed_at", "review_requested_at",
        )  # fmt: skip

    @property
    def subject(self) -> uuid.UUID:
        return self.case.subject

    def __str__(self) -> str:
        return f"determination of {self.case_id}"
