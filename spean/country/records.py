"""What the files of a pack hold, as typed records. Read by `pack.py`; they know no file and no rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from spean.country.language import in_language
from spean.instruments.sheets import Workbook

if TYPE_CHECKING:
    from spean.instruments.convert import Around, Made


@dataclass(frozen=True)
class Deadline:
    """How long a task may take, who says so, and whether that was read in the source."""

    name: str
    span: timedelta
    source: str
    verified: bool
    note: str = ""


@dataclass(frozen=True)
class RevealRules:
    """How many people may be opened in a day, and what of the openings is told to whom."""

    persons_per_day: Mapping[str, int]
    otherwise: int
    extension: int
    refusals: int
    refusal_window: timedelta
    names_officers: bool

    def persons(self, role: str) -> int:
        """The number for a role; the core's own where the pack names none."""
        return self.persons_per_day.get(role, self.otherwise)


@dataclass(frozen=True)
class Role:
    """A role's title and what it does, in the country's words."""

    code: str
    titles: Mapping[str, str]
    descriptions: Mapping[str, str]

    def title(self, language: str | None = None) -> str:
        return in_language(self.titles, language)

    def description(self, language: str | None = None) -> str:
        return in_language(self.descriptions, language)


@dataclass(frozen=True)
class Statute:
    """A law or decree: its title as published, and since which year it holds."""

    code: str
    titles: Mapping[str, str]
    reference: str
    since: str
    verified: bool
    note: str

    def title(self, language: str | None = None) -> str:
        return in_language(self.titles, language)


@dataclass(frozen=True)
class Article:
    """One article of a law. Penalties are years; None means not known, never "none".

    `verified`: the article's subject was read in a source; `penalty_verified`: its penalty was.
    """

    code: str
    statute: str
    article: str
    titles: Mapping[str, str]
    chapter: str
    is_offence: bool
    trafficking_offence: bool
    min_years: float | None
    max_years: float | None
    aggravated_min_years: float | None
    aggravated_max_years: float | None
    aggravating: str
    verified: bool
    penalty_verified: bool
    valid_from: date | None
    valid_to: date | None
    source: str
    note: str

    def title(self, language: str | None = None) -> str:
        return in_language(self.titles, language)


@dataclass(frozen=True)
class Indicator:
    """One question of an instrument. What a kind of instrument does not use is empty."""

    code: str
    labels: Mapping[str, str]
    questions: Mapping[str, str]
    hints: Mapping[str, str]
    verified: bool
    dim: str = ""
    key: str = ""
    population: str = ""
    exploitation: str = ""
    strength: str = ""
    ilo11_refs: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    element: str = ""
    maps_to: tuple[str, ...] = ()
    note: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def answer_key(self) -> str:
        """The key under which its answer is stored: `CD-DEBT`, the same for adults and children."""
        return f"{self.dim}-{self.key}" if self.dim else self.code

    def label(self, language: str | None = None) -> str:
        return in_language(self.labels, language)

    def question(self, language: str | None = None) -> str:
        return in_language(self.questions, language) or self.label(language)

    def hint(self, language: str | None = None) -> str:
        return in_language(self.hints, language)


class RightsText(str):
    """The Markdown a person is read or handed, with the version and language of which it was taken.

    What somebody was told is recorded by version, so that it can be shown again word for word.
    """

    version: str
    language: str
    heading: str
    verified: bool

    def __new__(cls, text: str, *, version: str, language: str, heading: str, verified: bool) -> RightsText:
        made = super().__new__(cls, text)
        made.version = version
        made.language = language
        made.heading = heading
        made.verified = verified
        return made


@dataclass(frozen=True)
class Instrument:
    """A set of questions for screening. An `empty_slot` stands for one whose text is still to be obtained.

    `evaluated_with` names the instrument whose rule judges the answers, where this one has none of its own.
    """

    name: str
    version: str
    kind: str
    status: str
    titles: Mapping[str, str]
    notes: Mapping[str, str]
    indicators: tuple[Indicator, ...]
    source: str = ""
    verified: bool = False
    evaluated_with: str = ""
    combine: str = ""
    dimensions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    # The XLSForm it is written in, and what the pack puts around it; an empty slot has none.
    book: Workbook | None = None
    around: Callable[[], Around] | None = None

    @property
    def is_screening(self) -> bool:
        """Whether its answers are judged by the definition test."""
        return bool(self.indicators)

    @cached_property
    def made(self) -> Made:
        """Its XForm and compiled definition; takes a second the first time. Raises FaultyInstrument."""
        from spean.instruments import convert

        if self.book is None or self.around is None:
            raise LookupError(f"the instrument {self.name} is an empty slot")
        return convert.make(self.book, self.around())

    def title(self, language: str | None = None) -> str:
        return in_language(self.titles, language)

    def dimension(self, dim: str, language: str | None = None) -> str:
        """The name of a dimension; its code where the instrument names none."""
        return in_language(self.dimensions.get(dim, {}), language) or dim

    def note(self, language: str | None = None) -> str:
        return in_language(self.notes, language)

    def asked(self, population: str, exploitation: str) -> tuple[Indicator, ...]:
        """The questions for one population (adult, child) and kind of exploitation (labour, sexual)."""
        return tuple(
            indicator
            for indicator in self.indicators
            if indicator.population in ("", population) and indicator.exploitation in ("", exploitation)
        )
