"""The register of indicators: what each number of the country means, how it is divided, since when and for whom.

Texts, divisions and codes of standards are data of the country pack (`statistics/*.toml`); how a measure is counted
stands in `measures.py`. Nothing here counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from spean.country import pack
from spean.country.files import PackError, read_toml, toml_line
from spean.country.language import in_language, texts
from spean.country.pack import Pack
from spean.statistics.tables import Dimension

FOLDER = "statistics"
# What is counted. Numbers of two units are never added.
UNITS = (
    "person", "person_form", "episode", "event", "referral", "need", "place", "task", "suspect", "proceeding", "record",
    "rate", "day",
)  # fmt: skip
KINDS = ("stock", "flow")
DATE_RULES = (
    "first_screening", "screening_completed", "decision_confirmed", "closed", "sent", "recorded", "due", "at_count", "complaint",
    "sent_to_court", "stage_ended", "judgment", "handover", "period_end",
)  # fmt: skip
MEASURES = (
    "persons", "forms", "screenings", "decisions", "closures", "referrals", "waiting", "needs", "unmet", "places", "places_men",
    "clocks", "suspects", "arrivals", "quality",
)  # fmt: skip
BREAKS = ("law", "definition", "coverage")
# What a figure of somebody else is.
FIGURE_TYPES = ("count", "sample_estimate", "model_estimate", "unsourced_claim")
# No country may print smaller counts than this.
LEAST_THRESHOLD = 5
OTHER, UNKNOWN = "other", "unknown"


@dataclass(frozen=True)
class Division:
    """A dimension as the pack describes it: codes with words, and how a raw value falls into one of them."""

    code: str
    labels: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]
    codelist: str = ""
    bands: tuple[tuple[int, int, str], ...] = ()

    @property
    def dimension(self) -> Dimension:
        return Dimension(self.code, tuple(self.words))

    def label(self, language: str | None = None) -> str:
        return in_language(self.labels, language)

    def word(self, category: str, language: str | None = None) -> str:
        return in_language(self.words[category], language) if category in self.words else category

    def falls(self, raw: object) -> str:
        """The category of a value as stored; what has none is "other", or "unknown" where nothing is said."""
        if self.bands and isinstance(raw, int):
            return next((code for low, high, code in self.bands if low <= raw <= high), UNKNOWN)
        if raw in self.words:
            return str(raw)
        if raw in (None, ""):
            return UNKNOWN if UNKNOWN in self.words else OTHER
        return OTHER if OTHER in self.words else UNKNOWN


@dataclass(frozen=True)
class Collapse:
    """How a dimension of a protected table is added up: dropped, or its categories joined into another's."""

    to: str
    joined: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Indicator:
    """One entry of the register. `room` says in words who will record it where nobody does yet."""

    code: str
    version: str
    valid_from: date
    valid_to: date | None
    titles: Mapping[str, str]
    definitions: Mapping[str, str]
    unit: str
    kind: str
    date_rule: str
    dimensions: tuple[str, ...]
    reports: tuple[str, ...]
    standard: Mapping[str, str]
    measure: str = ""
    room: Mapping[str, str] = field(default_factory=dict)
    derived_from: str = ""
    collapse: Mapping[str, Collapse] = field(default_factory=dict)

    def title(self, language: str | None = None) -> str:
        return in_language(self.titles, language)

    def definition(self, language: str | None = None) -> str:
        return in_language(self.definitions, language)

    def valid(self, first: date, last: date) -> bool:
        """Whether it holds through the whole of a period."""
        return self.valid_from <= first and (self.valid_to is None or last <= self.valid_to)


@dataclass(frozen=True)
class Break:
    """A change of law, definition or coverage. Numbers before and after it are not compared."""

    on: date
    kind: str
    texts: Mapping[str, str]
    indicators: tuple[str, ...] = ()

    def text(self, language: str | None = None) -> str:
        return in_language(self.texts, language)

    def touches(self, indicator: str) -> bool:
        return not self.indicators or indicator in self.indicators


@dataclass(frozen=True)
class Register:
    """All of it, as one country describes it."""

    indicators: Mapping[str, Indicator]
    divisions: Mapping[str, Division]
    reports: Mapping[str, Mapping[str, str]]
    breaks: tuple[Break, ...]
    threshold: int
    completeness: int
    change: int
    authority: Mapping[str, str]

    def of_period(self, first: date, last: date) -> tuple[Indicator, ...]:
        """Those that hold through a period, in the order of the register."""
        return tuple(one for one in self.indicators.values() if one.valid(first, last))

    def dimensions(self, indicator: Indicator) -> tuple[Dimension, ...]:
        return tuple(self.divisions[code].dimension for code in indicator.dimensions)

    def report(self, code: str, language: str | None = None) -> str:
        return in_language(self.reports[code], language)


def register() -> Register:
    """The register of the installation's country; raises PackError where the pack is wrong."""
    return read(pack())


@lru_cache(maxsize=4)
def read(country: Pack) -> Register:
    folder = country.folder / FOLDER
    divisions = _divisions(country, folder / "dimensions.toml")
    path = folder / "indicators.toml"
    said = read_toml(path)
    reports = {code: dict(words) for code, words in said.get("reports", {}).items()}
    found: dict[str, Indicator] = {}
    for code, entry in said.get("indicator", {}).items():
        found[code] = indicator(country, path, code, entry, divisions, reports, found, said.get("rooms", {}))
    rules = read_toml(folder / "publication.toml")
    threshold = int(rules.get("threshold", 10))
    if threshold < LEAST_THRESHOLD:
        raise PackError(folder / "publication.toml", 0, f"a threshold below {LEAST_THRESHOLD} protects nobody")
    breaks = tuple(
        Break(one["on"], one["kind"], texts(one, "text"), tuple(one.get("indicators", ())))
        for one in rules.get("break", ())
    )
    if any(one.kind not in BREAKS for one in breaks):
        raise PackError(folder / "publication.toml", 0, f"a break is of one of these kinds: {', '.join(BREAKS)}")
    return Register(
        MappingProxyType(found), MappingProxyType(divisions), MappingProxyType(reports), breaks, threshold,
        int(rules.get("completeness", 80)), int(rules.get("change", 50)), texts(rules, "authority"),
    )  # fmt: skip


def _divisions(country: Pack, path: Path) -> dict[str, Division]:
    return {code: division(country, path, code, entry) for code, entry in read_toml(path).items()}


def division(country: Pack, path: Path, code: str, entry: Mapping[str, Any]) -> Division:
    """One section of dimensions.toml; raises PackError."""
    words: dict[str, Mapping[str, str]] = {}
    own: Mapping[str, Mapping[str, str]] = entry.get("categories", {})
    if entry.get("places"):
        places = country.geography.places(entry["places"])
        words = {place.code: {"en": place.name_en, "km": place.name_km} for place in places}
    elif entry.get("codelist"):
        listed = country.codelist(entry["codelist"])
        words = {
            one.code: one.labels for one in listed if not entry.get("only") or one.code in entry["only"]
        }  # fmt: skip
    words.update({name: dict(said) for name, said in own.items()})
    bands = tuple((int(low), int(high), str(name)) for low, high, name in entry.get("bands", ()))
    if not words or any(name not in words for _low, _high, name in bands):
        raise PackError(path, toml_line(path, code), f"{code}: its categories are missing")
    if entry.get("only") and set(entry["only"]) != set(words):
        strange = sorted(set(entry["only"]) ^ set(words))
        raise PackError(path, toml_line(path, code), f"{code}: {strange} is in no list")
    return Division(code, texts(entry, "label"), MappingProxyType(words), entry.get("codelist", ""), bands)


def indicator(
    country: Pack, path: Path, code: str, entry: Mapping[str, Any], divisions: Mapping[str, Division],
    reports: Mapping[str, Any], earlier: Mapping[str, Indicator], rooms: Mapping[str, Mapping[str, str]],
) -> Indicator:  # fmt: skip
    """One section of indicators.toml; raises PackError. `earlier` are those above it, of which it may be derived."""

    def wrong(fault: str) -> PackError:
        return PackError(path, toml_line(path, f"indicator.{code}"), f"{code}: {fault}")

    room = entry.get("room", "")
    if room and room not in rooms:
        raise wrong(f"{room!r} is none of [rooms]")
    try:
        one = Indicator(
            code=code, version=entry["version"], valid_from=entry["valid_from"], valid_to=entry.get("valid_to"),
            titles=texts(entry, "title"), definitions=texts(entry, "definition"), unit=entry["unit"], kind=entry["kind"],
            date_rule=entry["date_rule"], dimensions=tuple(entry["dimensions"]), reports=tuple(entry["reports"]),
            standard=MappingProxyType(dict(entry["standard"])), measure=entry.get("measure", ""), room=dict(rooms.get(room, {})),
            derived_from=entry.get("derived_from", ""),
            collapse={name: _collapse(one, name, country) for name, one in entry.get("collapse", {}).items()},
        )  # fmt: skip
    except KeyError as missing:
        raise wrong(f"{missing} is missing") from None
    if fault := _fault(one, divisions, reports, earlier):
        raise wrong(fault)
    return one


def _collapse(entry: Any, name: str, country: Pack) -> Collapse:
    if entry == "drop":
        return Collapse("")
    joined = dict(entry.get("map", {}))
    if by := entry.get("by"):
        # The crosswalk of the code list itself: of forms of exploitation, the column `sdg`.
        listed = country.codelist({"form": "exploitation_form"}.get(name, name))
        joined.update({one.code: one.extra.get(by, "") for one in listed})
    return Collapse(entry["to"], joined)


def _fault(
    one: Indicator, divisions: Mapping[str, Division], reports: Mapping[str, Any], earlier: Mapping[str, Indicator]
) -> str:
    """What is wrong with an indicator; empty where nothing is."""
    if sum(map(bool, (one.measure, one.room, one.derived_from))) != 1:
        return "give it a measure, or a room, or what it is derived from"
    for value, allowed, name in (
        (one.unit, UNITS, "unit"), (one.kind, KINDS, "kind"), (one.date_rule, DATE_RULES, "date_rule"),
        (one.measure or MEASURES[0], MEASURES, "measure"),
    ):  # fmt: skip
        if value not in allowed:
            return f"{value!r} is no {name}"
    if strange := (set(one.dimensions) - set(divisions)) | (set(one.reports) - set(reports)):
        return f"nobody described {sorted(strange)}"
    if not one.dimensions or not all(one.titles.get(k) and one.definitions.get(k) for k in ("en", "km")):
        return "title and definition in English and Khmer, and a dimension, are needed"
    return _derived_fault(one, divisions, earlier) if one.derived_from else ""


def _derived_fault(one: Indicator, divisions: Mapping[str, Division], earlier: Mapping[str, Indicator]) -> str:
    base = earlier.get(one.derived_from)
    if base is None or base.unit != one.unit or not base.measure:
        return f"{one.derived_from!r} is no counted table of this unit above it"
    for name, how in one.collapse.items():
        if strange := {name, how.to or name} - set(divisions):
            return f"nobody described {sorted(strange)}"
        left_out = set(divisions[name].words) - set(how.joined) if how.to else set()
        if left_out or (how.to and set(how.joined.values()) - set(divisions[how.to].words)):
            return f"{name} is not joined whole: {sorted(left_out)}"
    left = {name if name not in one.collapse else one.collapse[name].to for name in base.dimensions} - {""}
    return "" if left == set(one.dimensions) else f"of {base.code} there remain {sorted(left)}"
