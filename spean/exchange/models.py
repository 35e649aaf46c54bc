"""Tables of exports: who asked for which list, for whom, who approved, and what marks it carries.

The list itself is never stored: it is written and encrypted in the request that hands it out, once.
"""

import secrets
import uuid
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from spean.country.fields import CodeField, CodesField
from spean.lib import clock
from spean.workflow.guards import append_only, status_triggers


def new_order_key() -> bytes:
    return secrets.token_bytes(32)


class Export(models.Model):
    """One list of cases for one recipient. Its number stands in the file, its order is its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=12, unique=True, editable=False)
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    recipient = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    # Public half of an age key: only the recipient opens the file.
    recipient_key = models.CharField(max_length=80)
    purpose = CodeField(codelist="consent_purpose")
    columns = ArrayField(models.CharField(max_length=40), default=list)
    persons = models.PositiveIntegerField()
    status = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=1)
    requested_at = models.DateTimeField(default=clock.now)
    requested_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(null=True, blank=True)
    rows_sent = models.PositiveIntegerField(null=True, blank=True)
    # The marks. The canary is nobody: an invented row that is in this export and nowhere else.
    order_key = models.BinaryField(max_length=32, default=new_order_key)
    canary_code = models.CharField(max_length=12, unique=True, editable=False)
    canary_family_name = models.CharField(max_length=60, blank=True)
    canary_given_name = models.CharField(max_length=60, blank=True)
    canary_birth_date = models.CharField(max_length=10, blank=True)

    class Meta:
        ordering = ("-requested_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            *status_triggers("exchange.Export"),
            pgtrigger.Protect(name="never_removed", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_was_asked_stays",
                fields=[
                    "number", "organisation", "recipient", "recipient_key", "purpose", "columns", "persons",
                    "requested_at", "requested_by", "order_key", "canary_code", "canary_family_name",
                    "canary_given_name", "canary_birth_date",
                ],
            ),
        ]  # fmt: skip
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, decided_by__isnull=True)
                | (Q(decided_at__isnull=False, decided_by__isnull=False) & ~Q(decided_by=F("requested_by"))),
                name="export_decided_by_another",
            ),
            models.CheckConstraint(condition=~Q(recipient=F("organisation")), name="export_leaves_the_organisation"),
            models.CheckConstraint(condition=Q(persons__gt=0), name="export_of_somebody"),
        ]

    class Privacy:
        coded = ("purpose",)
        plain = (
            "id", "number", "organisation", "recipient", "recipient_key", "columns", "persons", "status", "version",
            "requested_at", "requested_by", "decided_at", "decided_by", "made_at", "rows_sent", "order_key",
            "canary_code", "canary_family_name", "canary_given_name", "canary_birth_date",
        )  # fmt: skip

    def __str__(self) -> str:
        return self.number


class ExportedCase(models.Model):
    """A case that an export was asked for."""

    export = models.ForeignKey(Export, on_delete=models.PROTECT, related_name="asked")
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("id",)
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints = [models.UniqueConstraint(fields=["export", "case"], name="exported_case_once")]

    class Privacy:
        plain = ("id", "export", "case")

    def __str__(self) -> str:
        return f"{self.export_id}: {self.case_id}"


class ExportedRow(models.Model):
    """A case that left with an export: which classes of information, on which receipt."""

    export = models.ForeignKey(Export, on_delete=models.PROTECT, related_name="sent")
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+")
    classes = CodesField(codelist="information_class")
    receipt = models.ForeignKey("privacy.ShareReceipt", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("id",)
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints = [models.UniqueConstraint(fields=["export", "case"], name="exported_row_once")]

    class Privacy:
        coded = ("classes",)
        plain = ("id", "export", "case", "receipt")

    def __str__(self) -> str:
        return f"{self.export_id}: {self.case_id}"


from spean.exchange.openrosa_models import Device as Device  # noqa: E402  (tables of this room are found here)
from spean.exchange.openrosa_models import FormKey as FormKey  # noqa: E402
from spean.exchange.openrosa_models import PublishedForm as PublishedForm  # noqa: E402
from spean.exchange.openrosa_models import Quarantined as Quarantined  # noqa: E402
from spean.exchange.openrosa_models import SentForm as SentForm  # noqa: E402
from spean.exchange.openrosa_models import TakenIn as TakenIn  # noqa: E402
