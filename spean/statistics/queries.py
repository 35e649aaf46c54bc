"""What actions and pages read of editions: periods, numbers, earlier releases, series, findings."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from django.http import Http404

from spean.country.fields import label
from spean.statistics import checks
from spean.statistics.content import population
from spean.statistics.figures import Published as Figures
from spean.statistics.figures import of_pack
from spean.statistics.indicators import register
from spean.statistics.margins import TOTAL, Published
from spean.statistics.models import Edition, EditionTable, Figure
from spean.statistics.series import Point
from spean.statistics.tables import Cell, Dimension

if TYPE_CHECKING:
    from spean.statistics.releases import Release

Content = dict[str, Any]


def first_days(span: str, year: int) -> tuple[date, ...]:
    return (date(year, 1, 1),) if span == "year" else (date(year, 1, 1), date(year, 7, 1))


def last_day(span: str, first_day: date) -> date:
    """The last day of the half-year or year that begins then."""
    if span == "half" and first_day.month <= 6:
        return date(first_day.year, 6, 30)
    return date(first_day.year, 12, 31)


def tables_of(edition: Edition) -> list[Content]:
    return [row.content for row in EditionTable.objects.filter(edition_id=edition.pk).order_by("place")]


def table_of(edition: Edition, indicator: str) -> Content:
    """One table of an edition; Http404 where it has none of this name."""
    found = EditionTable.objects.filter(edition=edition, indicator=indicator).first()
    if found is None:
        raise Http404
    return dict(found.content)


def published() -> Any:
    """Editions that anybody may read. Drafts are in no list of this room that the public sees."""
    return Edition.objects.filter(status="published")


def current() -> list[Edition]:
    """Of each period the newest edition, the newest period first."""
    found: dict[tuple[str, date], Edition] = {}
    for edition in published().order_by("-last_day", "span", "-published_at"):
        found.setdefault((edition.span, edition.first_day), edition)
    return list(found.values())


def next_number(edition: Edition) -> str:
    """2026-h1-1 for the first edition of a half-year, -2 for its first correction."""
    others = published().filter(span=edition.span, first_day=edition.first_day).count()
    return f"{edition.slug}-{others + 1}"


def halves(edition: Edition) -> list[Edition]:
    """The current editions of the half-years of a year."""
    if edition.span != "year":
        return []
    found = [one for one in current() if one.span == "half" and one.first_day.year == edition.first_day.year]
    return sorted(found, key=lambda one: one.first_day)


def earlier_releases(edition: Edition) -> dict[str, list["Release"]]:
    """By population, earlier editions of the same period: a reader lays both beside each other."""
    overlapping = published().filter(span=edition.span, first_day=edition.first_day)
    from spean.statistics.releases import Release

    found: dict[str, list[Release]] = {}
    book = register()
    for other in overlapping.order_by("published_at"):
        by_population: dict[str, list[Published]] = {}
        for table in tables_of(other):
            one = book.indicators.get(table["indicator"])
            if one is not None and one.measure:
                by_population.setdefault(population(one), []).append(as_published(table))
        for name, tables in by_population.items():
            found.setdefault(name, []).append(Release(other.number, tuple(tables)))
    return found


def as_published(table: Content) -> Published:
    """A stored table in the form of disclosure control."""
    dimensions = tuple(
        Dimension(one["code"], tuple(category for category, _words in one["categories"])) for one in table["dimensions"]
    )
    return Published(table["indicator"], table["unit"], dimensions, cells_of(table))


def cells_of(table: Mapping[str, Any]) -> dict[tuple[str, ...], Cell]:
    return {tuple(key): Cell(value, state) for key, state, value in table["cells"]}


# --- over time ------------------------------------------------------------------------------------------------


def point(edition: Edition, table: Content) -> Point:
    """The total of a table as a point of its series."""
    cell = total(table)
    reporting = frozenset(kind for kind, _all, reported in edition.about["coverage"] if reported)
    return Point(
        edition.slug, edition.first_day, edition.last_day, cell.value, cell.state, table["version"], table["unit"], reporting
    )  # fmt: skip


def total(table: Mapping[str, Any]) -> Cell:
    """The whole of a table: its margin over every dimension."""
    return cells_of(table)[(TOTAL,) * len(table["dimensions"])]


def series(indicator: str, span: str, until: date | None = None) -> list[Point]:
    """The totals of an indicator over the current editions of one span, the oldest first."""
    editions = {one.pk: one for one in current() if one.span == span and (until is None or one.last_day <= until)}
    tables = EditionTable.objects.filter(edition_id__in=editions, indicator=indicator)
    found = [point(editions[one.edition_id], one.content) for one in tables]
    return sorted(found, key=lambda one: one.first)


def findings(edition: Edition, tables: Sequence[Content]) -> list[dict[str, Any]]:
    """The quality checks, against the edition of the period before."""
    book = register()
    earlier = [one for one in current() if one.span == edition.span and one.last_day < edition.first_day]
    before = {table["indicator"]: point(earlier[0], table) for table in tables_of(earlier[0])} if earlier else {}
    now = {table["indicator"]: point(edition, table) for table in tables}
    return checks.findings(
        tables, before, now, completeness=book.completeness, change=book.change, breaks=book.breaks
    )  # fmt: skip


def cell(of: Point) -> Cell:
    return Cell(of.value, of.state)


def kind_label(kind: str) -> str:
    return label("organisation_type", kind)


# --- figures of others ----------------------------------------------------------------------------------------


def figures() -> list[Figures]:
    """What the country's sources print, and what officers recorded and published here."""
    own = [
        Figures(
            id=str(one.pk), subject_en=one.subject_en, subject_km=one.subject_km, type=one.type, unit=one.unit,
            stock_flow=one.stock_flow, value=_float(one.value), low=_float(one.low), high=_float(one.high),
            first_day=one.first_day, last_day=one.last_day, area=one.area, definition=one.definition, method=one.method,
            source=one.source, coverage=one.coverage,
        )
        for one in Figure.objects.filter(status="published").order_by("first_day", "pk")
    ]  # fmt: skip
    return [*of_pack(), *own]


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
