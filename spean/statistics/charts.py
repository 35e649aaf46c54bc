"""Drawings of published numbers as SVG of our own: no script, no style sheet, readable in print and in grey.

Each has a title and a description for screen readers, and stands beside its table. A number that is missing or
suppressed is drawn as that, never as nothing; lines stop at a break.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from spean.country.pack import Pack
from spean.statistics import labels
from spean.statistics.figures import Published
from spean.statistics.series import Gap, Point
from spean.statistics.tables import Cell

FONT = "'Noto Sans','Noto Sans Khmer',sans-serif"
INK, QUIET, LINE, BAR, ALARM = "#14262b", "#4f6268", "#b8c7ca", "#0f6a70", "#9b1c1c"
# Light to dark, told apart in grey too; the number stands in each area as well.
SHADES = ("#e4f1f1", "#a9d3d4", "#5aa5a8", "#0f6a70")
HATCH = (
    '<pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="#fff"/><line x1="0" y1="0" x2="0" y2="6" stroke="#4f6268" stroke-width="2"/></pattern>'
)


def _svg(name: str, width: float, height: float, title: str, about: str, body: Sequence[str]) -> SafeString:
    """The frame of a drawing. `body` is markup made here, its texts escaped."""
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{name}-title {name}-about" '
        f'viewBox="0 0 {width:g} {height:g}" width="100%" font-family="{FONT}" font-size="13" fill="{INK}">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-about">{escape(about)}</desc>'
        f"<defs>{HATCH.format(name=name + '-hatch')}</defs>{''.join(body)}</svg>"
    )
    return mark_safe(text)  # noqa: S308  (every text in it was escaped above)


def _text(x: float, y: float, words: str, **marks: Any) -> str:
    more = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in marks.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(words)}</text>'


def bars(name: str, title: str, rows: Sequence[tuple[str, Cell]]) -> SafeString:
    """Horizontal bars, one for each category, with its number at the end."""
    most = max((cell.value or 0 for _label, cell in rows), default=0) or 1
    width, step = 760, 28
    # As wide as the longest label needs, so that on a phone the bars are not out of sight beside an empty margin.
    left = min(300, 24 + 8 * max((len(_short(label)) for label, _cell in rows), default=0))
    room = width - left - 90
    body, told = [], []
    for place, (label, cell) in enumerate(rows):
        y = 8 + place * step
        body.append(_text(left - 10, y + 15, _short(label), text_anchor="end"))
        if cell.value is not None:
            long = room * cell.value / most
            body.append(f'<rect x="{left}" y="{y}" width="{long:.1f}" height="20" fill="{BAR}"/>')
            body.append(_text(left + long + 6, y + 15, f"{cell.value:,}"))
            told.append(f"{label}: {cell.value:,}")
        else:
            body.append(f'<rect x="{left}" y="{y}" width="26" height="20" fill="url(#{name}-hatch)" stroke="{QUIET}"/>')
            body.append(_text(left + 34, y + 15, labels.MARK[cell.state], fill=QUIET))
            told.append(f"{label}: {labels.words(labels.STATE, cell.state)}")
    return _svg(name, width, 16 + step * len(rows), title, "; ".join(told), body)


def _short(label: str, most: int = 44) -> str:
    """Cut where a sign ends: a Khmer letter is not torn from what stands above and below it."""
    if len(label) <= most:
        return label
    end = most - 1
    while end > 1 and ("\u17b4" <= label[end] <= "\u17d3" or label[end - 1] == "\u17d2"):
        end -= 1
    return f"{label[:end]}…"


def line(name: str, title: str, points: Sequence[Point], gaps: Sequence[Gap | None]) -> SafeString:
    """A series over time. Neighbours are joined only where nothing stands between them."""
    width, height, left, right, top, floor = 760, 300, 60, 30, 40, 240
    most = max((point.value or 0 for point in points), default=0) or 1
    gap_x = (width - left - right) / max(len(points) - 1, 1)
    xs = [left + gap_x * place for place in range(len(points))]

    def y(value: int) -> float:
        return floor - (floor - top) * value / most

    body = [
        f'<line x1="{left}" y1="{floor}" x2="{width - right}" y2="{floor}" stroke="{LINE}"/>',
        _text(left - 8, floor + 4, "0", text_anchor="end", fill=QUIET),
        _text(left - 8, top + 4, f"{most:,}", text_anchor="end", fill=QUIET),
    ]
    told = []
    for place, point in enumerate(points):
        before, broken = points[place - 1] if place else None, gaps[place]
        if broken is not None:
            middle = (xs[place - 1] + xs[place]) / 2
            kinds = ", ".join(labels.words(labels.BREAK, kind) for kind in broken.kinds)
            body.append(
                f'<line x1="{middle:.1f}" y1="{top - 16}" x2="{middle:.1f}" y2="{floor + 6}" stroke="{INK}" '
                'stroke-width="1.5" stroke-dasharray="5 4"/>'
            )
            body.append(_text(middle, top - 22, kinds, text_anchor="middle", font_size=11))
            told.append(_("break: %(kinds)s") % {"kinds": kinds})
        elif before is not None and before.value is not None and point.value is not None:
            body.append(
                f'<line x1="{xs[place - 1]:.1f}" y1="{y(before.value):.1f}" x2="{xs[place]:.1f}" '
                f'y2="{y(point.value):.1f}" stroke="{BAR}" stroke-width="2.5"/>'
            )
        label = labels.period(point.label)
        body.append(_text(xs[place], floor + 20, label, text_anchor="middle", font_size=11))
        if point.value is not None:
            body.append(f'<circle cx="{xs[place]:.1f}" cy="{y(point.value):.1f}" r="4.5" fill="{BAR}"/>')
            body.append(_text(xs[place], y(point.value) - 10, f"{point.value:,}", text_anchor="middle"))
            told.append(f"{label}: {point.value:,}")
        else:
            body.append(
                f'<rect x="{xs[place] - 8:.1f}" y="{floor - 18}" width="16" height="16" fill="url(#{name}-hatch)" stroke="{QUIET}"/>'
            )
            body.append(_text(xs[place], floor + 36, labels.MARK[point.state], text_anchor="middle", font_size=11))
            told.append(f"{label}: {labels.words(labels.STATE, point.state)}")
    return _svg(name, width, height, title, "; ".join(told), body)


# --- the map ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outline:
    """A province as it is drawn: path and where its number stands, in the units of the drawing."""

    code: str
    name: str
    path: str
    x: float
    y: float


@dataclass(frozen=True)
class Base:
    """All provinces of a country, projected once."""

    outlines: tuple[Outline, ...]
    width: float
    height: float


@lru_cache(maxsize=4)
def base(country: Pack) -> Base:
    places = [(one["properties"], _rings(one["geometry"])) for one in country.geography.boundaries()["features"]]
    xs = [x for _about, rings in places for ring in rings for x, _y in ring]
    ys = [y for _about, rings in places for ring in rings for _x, y in ring]
    # A degree of longitude is shorter than one of latitude by the cosine of the latitude.
    squeeze = math.cos(math.radians((min(ys) + max(ys)) / 2))
    width = 720.0
    scale = width / ((max(xs) - min(xs)) * squeeze)

    def at(x: float, y: float) -> tuple[float, float]:
        return (x - min_x) * squeeze * scale, (max_y - y) * scale

    min_x, max_y = min(xs), max(ys)
    found = []
    for about, rings in sorted(places, key=lambda place: str(place[0]["ncdd"])):
        path = "".join("M" + "L".join("{:.1f} {:.1f}".format(*at(x, y)) for x, y in ring) + "Z" for ring in rings)
        found.append(Outline(about["ncdd"], about["name_en"], path, *at(*about["label"])))
    return Base(tuple(found), width, (max_y - min(ys)) * scale)


def province_map(
    name: str, title: str, country: Base, cells: Mapping[str, Cell], names: Mapping[str, str]
) -> SafeString:
    """Provinces shaded in four steps, each with its number in it; what is suppressed is hatched, nobody is white."""
    steps = _steps(cells)
    body, marks, told = [], [], []
    for one in country.outlines:
        cell = cells.get(one.code, Cell(None, "missing"))
        label = names.get(one.code, one.name)
        said = f"{cell.value:,}" if cell.value is not None else labels.words(labels.STATE, cell.state)
        body.append(
            f'<path d="{one.path}" fill="{_fill(cell, steps, name)}" stroke="{QUIET}" stroke-width="0.8">'
            f"<title>{escape(label)}: {escape(said)}</title></path>"
        )
        shown = f"{cell.value:,}" if cell.value is not None else labels.MARK[cell.state]
        marks.append(
            _text(
                one.x, one.y + 4, shown, text_anchor="middle", font_size=12, stroke="#fff", stroke_width=3,
                paint_order="stroke",
            )
        )  # fmt: skip
        told.append(f"{label}: {said}")
    legend = _legend(steps, name, country.height + 14)
    return _svg(name, country.width, country.height + 50, title, "; ".join(told), [*body, *marks, *legend])


def _rings(geometry: Mapping[str, Any]) -> list[Sequence[tuple[float, float]]]:
    several = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [ring for polygon in several for ring in polygon]


def _steps(cells: Mapping[str, Cell]) -> list[int]:
    """The upper ends of the shades: quarters of the provinces that have anybody."""
    counts = sorted({cell.value for cell in cells.values() if cell.value})
    return [counts[min(len(counts) - 1, len(counts) * part // 4)] for part in (1, 2, 3, 4)] if counts else []


def _fill(cell: Cell, steps: Sequence[int], name: str) -> str:
    if cell.value is None:
        return f"url(#{name}-hatch)"
    if not cell.value:
        return "#ffffff"
    return next(shade for shade, end in zip(SHADES, steps, strict=False) if cell.value <= end)


def _legend(steps: Sequence[int], name: str, y: float) -> list[str]:
    entries = [("#ffffff", "0")]
    low = 1
    for shade, end in zip(SHADES, steps, strict=False):
        if end >= low:
            entries.append((shade, f"{low:,}–{end:,}" if end > low else f"{end:,}"))
            low = end + 1
    entries.append((f"url(#{name}-hatch)", _("suppressed or missing")))
    found, x = [], 4.0
    for fill, words in entries:
        found.append(f'<rect x="{x:.0f}" y="{y:.0f}" width="22" height="16" fill="{fill}" stroke="{QUIET}"/>')
        found.append(_text(x + 28, y + 13, words, font_size=12))
        x += 46 + 8 * len(words)
    return found


# --- estimates side by side ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Band:
    """Figures of one type, kept apart from the other types."""

    type: str
    figures: tuple[Published, ...]


def estimates(name: str, title: str, bands: Sequence[Band]) -> SafeString:
    """Figures on one logarithmic axis, in a band for each type, with a mark of its own for each type.

    Zero has no place on such an axis and stands before its beginning; a range is drawn as a range.
    """
    width, left, step = 860, 340, 26
    ends = [end for band in bands for one in band.figures for end in one.ends or () if end > 0]
    first = math.floor(math.log10(min(ends))) if ends else 0
    last = math.ceil(math.log10(max(ends))) if ends else 1
    last = max(last, first + 1)
    room = width - left - 30

    def x(value: float) -> float:
        return left + room * (math.log10(value) - first) / (last - first)

    body, told, y = [], [], 34.0
    for power in range(first, last + 1):
        body.append(_text(x(10.0**power), 14, f"{10**power:,}", text_anchor="middle", font_size=11, fill=QUIET))
    body.append(_text(left - 20, 14, "0", text_anchor="middle", font_size=11, fill=QUIET))
    for band in bands:
        body.append(_text(4, y, labels.words(labels.TYPE, band.type), font_weight="bold"))
        body.append(f'<line x1="4" y1="{y + 6:.1f}" x2="{width}" y2="{y + 6:.1f}" stroke="{LINE}"/>')
        y += step
        for one in band.figures:
            label = f"{_short(one.subject, 40)}, {one.years}"
            body.append(_text(left - 36, y + 4, label, text_anchor="end", font_size=12))
            body += _mark(one, x, y, left, name)
            told.append(f"{labels.words(labels.TYPE, one.type)}, {one.subject}, {one.years}: {number(one)}")
            y += step
        y += 10
    lines = [
        f'<line x1="{x(10.0**power):.1f}" y1="20" x2="{x(10.0**power):.1f}" y2="{y:.1f}" stroke="{LINE}" stroke-dasharray="2 4"/>'
        for power in range(first, last + 1)
    ]
    return _svg(name, width, y + 6, title, "; ".join(told), [*lines, *body])


def number(one: Published) -> str:
    """A figure as printed: a number, a range, or "–" where the source leaves it open."""
    if one.low is not None and one.high is not None:
        return f"{one.low:,.0f}–{one.high:,.0f}"
    return "–" if one.value is None else f"{one.value:,.0f}"


def _mark(one: Published, x: Any, y: float, left: float, name: str) -> list[str]:
    if one.ends is None:
        return [_text(left, y + 4, "–")]
    low, high = one.ends
    if high <= 0:
        return [
            f'<circle cx="{left - 20:.1f}" cy="{y:.1f}" r="5" fill="{BAR}"/>',
            _text(left - 8, y + 4, "0", font_size=11),
        ]
    a, b = x(max(low, 1)), x(high)
    middle = (a + b) / 2
    x0, y0 = f"{middle - 5:.1f}", f"{y - 5:.1f}"
    shape = {
        "count": f'<circle cx="{middle:.1f}" cy="{y:.1f}" r="5" fill="{BAR}"/>',
        "sample_estimate": f'<path d="M{x0} {y0}h10v10h-10z" fill="#fff" stroke="{BAR}" stroke-width="2.5"/>',
        "model_estimate": f'<path d="M{middle:.1f} {y0}l6 6-6 6-6-6z" fill="#fff" stroke="{INK}" stroke-width="2"/>',
        "unsourced_claim": f'<path d="M{x0} {y0}l10 10m0-10l-10 10" fill="none" stroke="{ALARM}" stroke-width="2.5"/>',
    }[one.type]
    drawn = (
        [f'<line x1="{a:.1f}" y1="{y:.1f}" x2="{b:.1f}" y2="{y:.1f}" stroke="{QUIET}" stroke-width="5" opacity="0.5"/>']
        if b > a
        else []
    )
    return [*drawn, shape, _text(b + 10, y + 4, number(one), font_size=11)]
