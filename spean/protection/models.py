"""Rights information given, the recovery and reflection period, risk assessments and needs of an episode."""

import uuid

from django.db import models

from spean.country.fields import CodeField, CodesField
from spean.lib import clock
from spean.privacy.fields import SealedField
from spean.workflow.guards import status_triggers


class RightsInformation(models.Model):
    """The person was told her rights: in which language, how, from which version of the text."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="rights_information")
    language = CodeField(codelist="language")
    method = CodeField(codelist="rights_method")
    text_version = models.CharField(max_length=20)
    interpreter = models.BooleanField(default=False)
    understood = models.BooleanField(null=True, blank=True)
    given_at = models.DateTimeField(default=clock.now)
    given_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-given_at", "id")

    class Privacy:
        coded = ("language", "method", "interpreter", "understood")
        plain = ("id", "case", "text_version", "given_at", "given_by")

    def __str__(self) -> str:
        return f"rights information in {self.case_id}"


class ReflectionPeriod(models.Model):
    """Time to recover and to think before formal identification. Only the person may cut it short."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="reflection_periods")
    status = models.CharField(max_length=20, default="running")
    version = models.PositiveIntegerField(default=1)
    starts_on = models.DateField()
    ends_on = models.DateField()
    opened_at = models.DateTimeField(default=clock.now)
    opened_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-starts_on", "id")
        triggers = status_triggers("protection.ReflectionPeriod")
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_on__gt=models.F("starts_on")), name="reflection_lasts"),
            models.UniqueConstraint(
                fields=["case"], condition=models.Q(status="running"), name="one_running_reflection_period"
            ),
        ]

    class Privacy:
        plain = ("id", "case", "status", "version", "starts_on", "ends_on", "opened_at", "opened_by", "ended_at")

    def __str__(self) -> str:
        return f"reflection period of {self.case_id}"


class RiskAssessment(models.Model):
    """Risk as seen with the person: level, factors, what is done about it, and when to look again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="risk_assessments")
    level = CodeField(codelist="risk_level")
    factors = CodesField(codelist="risk_factor", blank=True, default=list)
    with_person = models.BooleanField()
    response = SealedField(section="protection", long=True)
    review_on = models.DateField(null=True, blank=True)
    assessed_at = models.DateTimeField(default=clock.now)
    assessed_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-assessed_at", "id")

    class Privacy:
        coded = ("level", "factors", "with_person")
        plain = ("id", "case", "review_on", "assessed_at", "assessed_by")

    @property
    def subject(self) -> uuid.UUID:
        return self.case.subject

    def __str__(self) -> str:
        return f"risk of {self.case_id}"


class Need(models.Model):
    """Something the person needs, and whether it was met. An unmet need is a fact, kept for the gap map."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="needs")
    code = CodeField(codelist="need")
    status = models.CharField(max_length=20, default="open")
    version = models.PositiveIntegerField(default=1)
    urgent = models.BooleanField(default=False)
    unmet_reason = CodeField(codelist="unmet_reason", blank=True)
    recorded_at = models.DateTimeField(default=clock.now)
    recorded_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-urgent", "recorded_at", "id")
        triggers = status_triggers("protection.Need")
        constraints = [
            models.UniqueConstraint(
                fields=["case", "code"], condition=models.Q(status="open"), name="one_open_need_per_kind"
            ),
            models.CheckConstraint(
                condition=~models.Q(status="unmet") | ~models.Q(unmet_reason=""), name="unmet_need_has_reason"
            ),
        ]

    class Privacy:
        coded = ("code", "urgent", "unmet_reason")
        plain = ("id", "case", "status", "version", "recorded_at", "recorded_by")

    def __str__(self) -> str:
        return f"{self.code} in {self.case_id}"
