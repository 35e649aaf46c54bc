"""What `spean country check` says about `statistics/`: every fault with its file and line, and not only the first.

The files are read by the same functions that the pages use, one section after the other.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from spean.country import check as country
from spean.country.check import Faults
from spean.country.files import PackError, read_text, read_toml, toml_line
from spean.country.language import texts
from spean.country.pack import Pack
from spean.statistics import figures, indicators
from spean.statistics.indicators import BREAKS, FOLDER, LEAST_THRESHOLD, Division, Indicator

Value = TypeVar("Value")
LANGUAGES = ("en", "km")
FIGURES = "figures.csv"
FIGURE_COLUMNS = (
    "id", "subject_en", "subject_km", "type", "unit", "stock_flow", "value", "low", "high", "first_day", "last_day", "area", "n",
    "coverage", "definition", "method", "source", "series", "part_of", "list_of", "break_before", "note",
)  # fmt: skip
PERCENTAGES = ("completeness", "change")


def main(argv: Sequence[str]) -> int:
    """`spean country check`, with the files of this room."""
    return country.main(argv, [check])


def check(faults: Faults) -> None:
    folder = faults.folder / FOLDER
    divisions = _divisions(faults, folder / "dimensions.toml")
    known = _indicators(faults, folder / "indicators.toml", divisions)
    _publication(faults, folder / "publication.toml", known)
    if (folder / FIGURES).exists():
        _figures(faults, folder / FIGURES)


def _attempt(faults: Faults, path: Path, line: int, name: str, read: Callable[[], Value]) -> Value | None:
    """The value, or None and a fault noted. A fault of another file is said where that file is checked."""
    try:
        return read()
    except PackError as fault:
        if fault.path == path:
            faults.found.append(fault)
    except (KeyError, TypeError, ValueError, AttributeError, LookupError) as wrong:
        faults.add(path, line, f"{name}: this is not written as it has to be ({wrong})")
    return None


def _divisions(faults: Faults, path: Path) -> dict[str, Division]:
    said = faults.attempt(lambda: read_toml(path)) or {}
    country_pack, found = Pack(faults.folder), {}
    for code, entry in said.items():
        line = toml_line(path, code)
        one = _attempt(
            faults, path, line, code, lambda code=code, entry=entry: indicators.division(country_pack, path, code, entry)  # type: ignore[misc]
        )  # fmt: skip
        if one is None:
            continue
        found[code] = one
        for language in LANGUAGES:
            if not one.labels.get(language):
                faults.add(path, line, f"{code}: label_{language} is missing")
            for name in entry.get("categories", {}):
                if not one.words[name].get(language):
                    faults.add(path, line, f"{code}: the category {name} has no {language}")
        for (_low, high, _code), (low, _high, name) in zip(one.bands, one.bands[1:], strict=False):
            if low <= high:
                faults.add(path, line, f"{code}: the band {name} begins before the one above it ends")
    return found


def _indicators(faults: Faults, path: Path, divisions: Mapping[str, Division]) -> set[str]:
    said = faults.attempt(lambda: read_toml(path)) or {}
    reports, rooms = said.get("reports", {}), said.get("rooms", {})
    for kind, named in (("report", reports), ("room", rooms)):
        for code, words in named.items():
            for language in LANGUAGES:
                if not words.get(language):
                    faults.add(path, toml_line(path, f"{kind}s.{code}"), f"the {kind} {code} has no {language}")
    country_pack, found = Pack(faults.folder), dict[str, Indicator]()
    for code, entry in said.get("indicator", {}).items():
        line = toml_line(path, f"indicator.{code}")
        one = _attempt(
            faults, path, line, code,
            lambda code=code, entry=entry: indicators.indicator(country_pack, path, code, entry, divisions, reports, found, rooms),  # type: ignore[misc]
        )  # fmt: skip
        if one is None:
            continue
        found[code] = one
        for name in ("valid_from", "valid_to"):
            if name in entry and not isinstance(entry[name], date):
                faults.add(path, line, f"{code}: {name} {entry[name]!r} is not a date like 2026-01-31, without quotes")
    return set(said.get("indicator", {}))


def _publication(faults: Faults, path: Path, known: set[str]) -> None:
    rules = faults.attempt(lambda: read_toml(path))
    if rules is None:
        return
    threshold = rules.get("threshold", LEAST_THRESHOLD)
    if type(threshold) is not int:
        faults.add(path, toml_line(path, "threshold"), f"threshold {threshold!r} is not a whole number")
    elif threshold < LEAST_THRESHOLD:
        faults.add(path, toml_line(path, "threshold"), f"a threshold below {LEAST_THRESHOLD} protects nobody")
    for name in PERCENTAGES:
        if name in rules and (type(rules[name]) is not int or rules[name] < 0):
            faults.add(path, toml_line(path, name), f"{name} {rules[name]!r} is not a percentage")
    for language in LANGUAGES:
        if not texts(rules, "authority").get(language):
            faults.add(path, toml_line(path, f"authority_{language}"), f"authority_{language} is missing")
    lines = [at for at, line in enumerate(read_text(path).splitlines(), start=1) if line.strip() == "[[break]]"]
    for one, line in zip(rules.get("break", ()), lines, strict=False):
        for fault in _break_faults(one, known):
            faults.add(path, line, fault)


def _break_faults(one: Mapping[str, Any], known: set[str]) -> list[str]:
    found = []
    if not isinstance(one.get("on"), date):
        found.append("a break has a day: on = 2026-01-31")
    if one.get("kind") not in BREAKS:
        found.append(f"a break is of one of these kinds: {', '.join(BREAKS)}")
    if strange := sorted(set(one.get("indicators", ())) - known):
        found.append(f"the break touches {', '.join(strange)}, which is no indicator")
    found += [f"text_{language} of the break is missing" for language in LANGUAGES if not one.get(f"text_{language}")]
    return found


def _figures(faults: Faults, path: Path) -> None:
    table = faults.table(path, FIGURE_COLUMNS)
    if table is None:
        return
    known = faults.unique(table.rows, "id")
    for row in table.rows:
        figure = faults.attempt(lambda row=row: figures.of_row(row))  # type: ignore[misc]
        if figure is not None and figure.last_day < figure.first_day:
            faults.at(row, f"last_day {figure.last_day} is before first_day {figure.first_day}")
        if figure is not None and None not in (figure.low, figure.high) and figure.low > figure.high:  # type: ignore[operator]
            faults.at(row, f"low {row['low']} is above high {row['high']}")
        if row["part_of"] and row["part_of"] not in known:
            faults.at(row, f"it is part of {row['part_of']!r}, which is not there")
        faults.script(row, "subject_km", repr(row["id"]))
