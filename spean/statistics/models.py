"""Editions and the figures of others. An edition holds protected tables only; what was published is never changed.

Nothing here is about a person: the smallest thing stored is a count that passed disclosure control.
"""

import uuid
from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from spean.lib import clock
from spean.statistics.indicators import FIGURE_TYPES
from spean.workflow.guards import status_triggers

SPANS = ("half", "year")
# An edition in one of these states is the one that is worked on for its period.
IN_WORK = ("counting", "failed", "draft", "checked")


def _frozen(name: str, of: str, *, also: Any = None) -> list[pgtrigger.Trigger]:
    """Once published, neither the edition nor a table of it changes, whoever is connected."""
    changes = pgtrigger.Update | pgtrigger.Delete
    return [
        pgtrigger.Trigger(
            name=name,
            operation=changes if also is None else changes | also,
            when=pgtrigger.Before,
            declare=[("published", "boolean")],
            func=(
                f"SELECT {of} INTO published; "
                "IF published THEN RAISE EXCEPTION 'a published edition is never changed'; END IF; "
                "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;"
            ),
        )
    ]


class Edition(models.Model):
    """The numbers of one half-year or year, from draft to a numbered publication with its digest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    span = models.CharField(max_length=4, choices=[(span, span) for span in SPANS])
    first_day = models.DateField()
    last_day = models.DateField()
    status = models.CharField(max_length=20, default="counting")
    version = models.PositiveIntegerField(default=1)
    # Why it could not be counted; empty otherwise.
    fault = models.CharField(max_length=40, blank=True)
    # "2026-h1-1": the span and, after it, which edition of it. Empty until it is published.
    number = models.SlugField(max_length=20, blank=True)
    corrects = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections")
    correction_en = models.CharField(max_length=500, blank=True)
    correction_km = models.CharField(max_length=500, blank=True)

    # How it was made: versions, method, coverage, bounds. And what the quality checks found, as codes.
    about = models.JSONField(default=dict, blank=True)
    findings = models.JSONField(default=list, blank=True)
    # Which tables say less than was counted, and why: for the officers, on no public page and in no digest.
    withheld = models.JSONField(default=list, blank=True)
    # SHA-256 over everything that is published of it; the seal says that its tables came from disclosure control.
    digest = models.CharField(max_length=64, blank=True)
    seal = models.CharField(max_length=100, blank=True)

    drafted_at = models.DateTimeField(default=clock.now)
    drafted_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    checked_at = models.DateTimeField(null=True, blank=True)
    checked_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-first_day", "span", "-drafted_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            *status_triggers("statistics.Edition"),
            *_frozen("edition_stays", "OLD.status = 'published'"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["number"], condition=~Q(number=""), name="edition_number_once"),
            models.UniqueConstraint(
                fields=["span", "first_day"], condition=Q(status__in=IN_WORK), name="one_edition_in_work"
            ),
            models.CheckConstraint(condition=Q(last_day__gt=F("first_day")), name="edition_lasts"),
            models.CheckConstraint(
                condition=Q(checked_at__isnull=True, checked_by__isnull=True)
                | Q(checked_at__isnull=False, checked_by__isnull=False),
                name="edition_checked_pair",
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True, published_by__isnull=True)
                | (
                    Q(published_at__isnull=False, published_by__isnull=False)
                    & ~Q(published_by=F("drafted_by"))
                    & ~Q(published_by=F("checked_by"))
                ),
                name="edition_published_by_second_officer",
            ),
            models.CheckConstraint(
                condition=~Q(status="published") | (~Q(number="") & ~Q(digest="") & ~Q(seal="")),
                name="published_edition_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=("draft", "checked")) | (~Q(digest="") & ~Q(seal="")),
                name="drafted_edition_is_counted",
            ),
        ]

    class Privacy:
        plain = (
            "id", "span", "first_day", "last_day", "status", "version", "fault", "number", "corrects", "correction_en",
            "correction_km", "about", "findings", "withheld", "digest", "seal", "drafted_at", "drafted_by", "checked_at",
            "checked_by", "published_at", "published_by",
        )  # fmt: skip

    def __str__(self) -> str:
        return self.number or f"draft of {self.first_day}"

    @property
    def slug(self) -> str:
        """The span as it stands in numbers: 2026-h1, 2026-h2, 2026."""
        half = "" if self.span == "year" else f"-h{1 if self.first_day.month <= 6 else 2}"
        return f"{self.first_day.year}{half}"


class EditionTable(models.Model):
    """One protected table of an edition with everything that is printed beside it, so that a page reads one row."""

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="tables")
    indicator = models.SlugField(max_length=60)
    place = models.PositiveSmallIntegerField()
    content = models.JSONField()

    class Meta:
        ordering = ("edition", "place")
        triggers: ClassVar[list[pgtrigger.Trigger]] = _frozen(
            "table_of_edition_stays",
            "status = 'published' FROM statistics_edition WHERE id = coalesce(OLD.edition_id, NEW.edition_id)",
            also=pgtrigger.Insert,
        )
        constraints = [models.UniqueConstraint(fields=["edition", "indicator"], name="table_once_in_edition")]

    class Privacy:
        plain = ("id", "edition", "indicator", "place", "content")

    def __str__(self) -> str:
        return f"{self.indicator} of {self.edition_id}"


class Figure(models.Model):
    """A number that somebody published, as published: register of estimates. Those of the sources are in the pack."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(max_length=20, default="recorded")
    version = models.PositiveIntegerField(default=1)
    subject_en = models.CharField(max_length=200)
    subject_km = models.CharField(max_length=200, blank=True)
    type = models.CharField(max_length=20, choices=[(one, one) for one in FIGURE_TYPES])
    unit = models.CharField(max_length=20)
    stock_flow = models.CharField(max_length=5, choices=[("stock", "stock"), ("flow", "flow")])
    # None: the source leaves it open ("–"), which is not zero. A range has two ends and no value.
    value = models.DecimalField(max_digits=14, decimal_places=1, null=True, blank=True)
    low = models.DecimalField(max_digits=14, decimal_places=1, null=True, blank=True)
    high = models.DecimalField(max_digits=14, decimal_places=1, null=True, blank=True)
    first_day = models.DateField()
    last_day = models.DateField()
    area = models.CharField(max_length=100)
    definition = models.CharField(max_length=1000)
    method = models.CharField(max_length=1000)
    coverage = models.CharField(max_length=500, blank=True)
    source = models.CharField(max_length=500)
    # The report of `spean estimate`, where it is our own; its status decides whether it may be published at all.
    report = models.JSONField(null=True, blank=True)
    recorded_at = models.DateTimeField(default=clock.now)
    recorded_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("first_day", "subject_en", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            *status_triggers("statistics.Figure"),
            pgtrigger.Protect(name="never_removed", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="figure_stays_as_printed",
                fields=["type", "unit", "value", "low", "high", "first_day", "last_day", "area", "source", "report"],
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="figure_days_in_order"),
            models.CheckConstraint(
                condition=Q(low__isnull=True) | Q(high__isnull=True) | Q(low__lte=F("high")),
                name="figure_range_in_order",
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True, published_by__isnull=True)
                | (Q(published_at__isnull=False, published_by__isnull=False) & ~Q(published_by=F("recorded_by"))),
                name="figure_published_by_second_officer",
            ),
            # A refused estimate is published by nobody, whichever way he comes.
            models.CheckConstraint(
                condition=~Q(status="published") | Q(report__isnull=True) | Q(report__status__in=("ok", "caution")),
                name="refused_estimate_not_published",
            ),
        ]

    class Privacy:
        plain = (
            "id", "status", "version", "subject_en", "subject_km", "type", "unit", "stock_flow", "value", "low", "high",
            "first_day", "last_day", "area", "definition", "method", "coverage", "source", "report", "recorded_at",
            "recorded_by", "published_at", "published_by",
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.subject_en} {self.first_day.year}"
