"""Pages that anybody reads: editions, tables with chart and map, downloads, the register of indicators.

They know published editions only. What is in work stands in `office.py`, behind sign-in.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_safe

from spean.country import pack
from spean.statistics import charts, downloads, figures, labels, queries, report, shown
from spean.statistics.indicators import register
from spean.statistics.models import Edition, EditionTable
from spean.statistics.series import gaps, growth, yearly


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    editions = [(one, labels.period(one.slug)) for one in queries.current()]
    return render(request, "statistics/overview.html", {"editions": editions})


@require_safe
def edition_page(request: HttpRequest, slug: str) -> HttpResponse:
    edition = _published(slug)
    book = register()
    tables = EditionTable.objects.filter(edition=edition).only("indicator", "content")
    listed = [(one.indicator, one.content) for one in tables]
    groups = [
        (
            labels.text(words),
            [(code, labels.text(table["title"]), table["room"]) for code, table in listed if name in table["reports"]],
        )
        for name, words in book.reports.items()
    ]
    return render(
        request, "statistics/edition.html",
        {
            **_about(edition), "headline": _headline(dict(listed)),
            "groups": [(title, rows) for title, rows in groups if rows],
        },
    )  # fmt: skip


def _headline(listed: dict[str, Any]) -> dict[str, Any] | None:
    """How many persons were detected: what most readers come for. None in an edition without such a table."""
    code = next((one.code for one in register().indicators.values() if one.measure == "persons"), "")
    if code not in listed:
        return None
    return {"code": code, "shown": shown.shown(queries.total(listed[code]))}


@require_safe
def table_page(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    edition = _published(slug)
    table = queries.table_of(edition, code)
    return render(request, "statistics/table.html", {**_about(edition), **table_context(edition, table)})


@require_safe
def download(request: HttpRequest, slug: str, code: str, kind: str) -> HttpResponse:
    edition = _published(slug)
    if kind not in downloads.TYPES:
        raise Http404
    address = request.build_absolute_uri(reverse("statistics_table", args=[slug, code]))
    language = translation.get_language() or "en"
    body = downloads.write(kind, edition, queries.table_of(edition, code), language, address)
    answer = HttpResponse(body, content_type=downloads.TYPES[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug}-{code}.{kind}"'
    return answer


@require_safe
def report_file(request: HttpRequest, slug: str, language: str) -> HttpResponse:
    edition = _published(slug)
    if language not in report.LANGUAGES:
        raise Http404
    answer = HttpResponse(report.pdf(edition, language), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug}-{language}.pdf"'
    return answer


@require_safe
def register_page(request: HttpRequest) -> HttpResponse:
    book = register()
    rows = [
        {
            "one": one,
            "title": one.title(),
            "definition": one.definition(),
            "unit": labels.words(labels.UNIT, one.unit),
            "kind": labels.words(labels.KIND, one.kind),
            "date_rule": labels.words(labels.DATE_RULE, one.date_rule),
            "dimensions": [book.divisions[name].label() for name in one.dimensions],
            "reports": [book.report(name) for name in one.reports],
            "standards": _standards(one.standard),
            "room": labels.room(one.room),
        }
        for one in book.indicators.values()
    ]
    return render(request, "statistics/register.html", {"rows": rows, "breaks": _breaks(book.breaks)})


# --- what the pages have in common --------------------------------------------------------------------------


def _published(slug: str) -> Edition:
    edition = queries.published().filter(number=slug).select_related("corrects").first()
    if edition is None:
        raise Http404
    found: Edition = edition
    return found


def _about(edition: Edition) -> dict[str, Any]:
    newer = queries.published().filter(corrects=edition).order_by("-published_at").first()
    return {
        "edition": edition,
        "period": labels.period(edition.slug),
        "authority": labels.text(edition.about["authority"]),
        "correction": labels.text({"en": edition.correction_en, "km": edition.correction_km}),
        "newer": newer,
        "coverage": [
            (queries.kind_label(kind), organisations, reported) for kind, organisations, reported in edition.about["coverage"]
        ],
        "sum_of_halves": edition.about.get("sum_of_halves", False),
    }  # fmt: skip


def table_context(edition: Edition, table: Any) -> dict[str, Any]:
    """Everything that stands on the page of a table; a draft is looked at in the same form."""
    code, title = table["indicator"], labels.text(table["title"])
    book = register()
    drawn: dict[str, Any] = {}
    if not table["room"]:
        drawn["chart"] = charts.bars("bars", title, shown.bars(table))
        provinces = shown.by_province(table)
        if provinces is not None:
            names = {one.code: one.label() for one in pack().geography.provinces()}
            drawn["map"] = charts.province_map("map", title, charts.base(pack()), provinces, names)
        points = queries.series(code, edition.span, edition.last_day)
        if len(points) > 1:
            listed = gaps(points, code, book.breaks)
            drawn["line"] = charts.line("line", title, points, listed)
            changes = [None, *(growth(a, b, code, book.breaks) for a, b in pairwise(points))]
            # Of whole years the year before is the period before.
            years = yearly(points, code, book.breaks) if edition.span == "half" else [None] * len(points)
            drawn["yearly"] = any(years)
            drawn["series"] = [
                {
                    "period": labels.period(point.label), "shown": shown.shown(queries.cell(point)), "change": change,
                    "gap": _kinds(gap.kinds) if gap else "", "year": year.change if year else None,
                    "year_gap": _kinds(year.kinds) if year else "",
                }
                for point, change, gap, year in zip(points, changes, listed, years, strict=True)
            ]  # fmt: skip
    grid = shown.grid(table)
    return {
        "table": table, "room": labels.room(table["room"]), "code": code, "title": title, "period": labels.period(edition.slug),
        "definition": labels.text(table["definition"]), "grid": grid,
        "unit": labels.words(labels.UNIT, table["unit"]), "kind": labels.words(labels.KIND, table["kind"]),
        "date_rule": labels.words(labels.DATE_RULE, table["date_rule"]), "standards": _standards(table["standard"]),
        "legend": [(labels.MARK[state], labels.words(labels.STATE, state)) for state in grid.states],
        "completeness": [
            {
                "fact": book.divisions[one["dimension"]].label() if one["dimension"] in book.divisions else one["dimension"],
                "share": figures.percentage(one["known"], one["n"]) or labels.words(labels.STATE, one["state"]),
            }
            for one in table["completeness"]
        ],
        "forms": list(downloads.TYPES),
        **drawn,
    }  # fmt: skip


def _kinds(kinds: Iterable[str]) -> str:
    return ", ".join(labels.words(labels.BREAK, kind) for kind in kinds)


def _standards(standard: Any) -> list[tuple[str, str]]:
    return [(labels.STANDARD[name], code) for name, code in standard.items()]


def _breaks(breaks: Any) -> list[tuple[Any, str, str]]:
    return [(one.on, labels.words(labels.BREAK, one.kind), one.text()) for one in breaks]
