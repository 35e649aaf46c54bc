"""A country pack in memory: code lists, geography, law, instruments, deadlines, roles and rights texts.

Pure data and look-ups; works with and without Django. The model fields stand in `fields.py`, the proof that a
pack is whole in `check.py`. A pack carries no code and can add no status.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from spean.country import instruments
from spean.country.files import PackError, Row, read_table, read_text, read_toml
from spean.country.geography import Geography
from spean.country.language import FALLBACK_LANGUAGE, django_settings, in_language, language_or_active, texts
from spean.country.lists import PERSONS_PER_DAY, REVEAL
from spean.country.records import Article, Deadline, RevealRules, RightsText, Role, Statute
from spean.country.records import Instrument as Instrument  # part of what this module offers to others
from spean.lib import clock

if TYPE_CHECKING:
    from spean.instruments.convert import Around

DEFAULT_PACK = "cambodia"
# The columns every code list has besides its labels; whatever else a list carries is kept in `Code.extra`.
CODE_COLUMNS: tuple[str, ...] = (
    "code", "valid_from", "valid_to", "htcds", "ctdc", "ictip", "verified", "note",
)  # fmt: skip


class UnknownCode(KeyError):
    """The list has no such code."""


class UnknownPack(LookupError):
    """No country pack has this name."""


@dataclass(frozen=True)
class Code:
    """One permanent code. It may go out of use on a date; it never changes its meaning and never disappears."""

    code: str
    labels: Mapping[str, str]
    valid_from: date | None = None
    valid_to: date | None = None
    htcds: str = ""
    ctdc: str = ""
    ictip: str = ""
    verified: bool = False
    note: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    def valid(self, on: date) -> bool:
        """Both days count: `valid_to` is the last day on which the code may be chosen."""
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)

    def label(self, language: str | None = None) -> str:
        return in_language(self.labels, language)

    def several(self, column: str) -> tuple[str, ...]:
        """The values of an extra column that may hold several, separated by semicolons."""
        return tuple(part.strip() for part in self.extra.get(column, "").split(";") if part.strip())

    def text(self, column: str, language: str | None = None) -> str:
        """A translated extra column: `text("hint")` reads `hint_en`, `hint_km`."""
        return in_language(texts(self.extra, column), language)


class CodeList:
    """The codes of one list, in the order of its file."""

    def __init__(self, name: str, codes: tuple[Code, ...], today: Callable[[], date]) -> None:
        self.name = name
        self._codes = {code.code: code for code in codes}
        self._today = today

    def __iter__(self) -> Iterator[Code]:
        return iter(self._codes.values())

    def __len__(self) -> int:
        return len(self._codes)

    def __contains__(self, code: object) -> bool:
        return code in self._codes

    def get(self, code: str) -> Code:
        """The code; raises UnknownCode."""
        try:
            return self._codes[code]
        except KeyError:
            raise UnknownCode(f"{self.name} has no code {code!r}") from None

    def label(self, code: str, language: str | None = None) -> str:
        """The words for a code, whether or not it is still in use: an old record stays readable."""
        return self.get(code).label(language)

    def choices(
        self, language: str | None = None, on: date | None = None, keep: tuple[str, ...] = ()
    ) -> list[tuple[str, str]]:
        """What can be chosen on a date, today by default; `keep` adds what a record already holds."""
        day = on or self._today()
        return [(code.code, code.label(language)) for code in self if code.valid(day) or code.code in keep]

    def codes(self, on: date | None = None) -> set[str]:
        """The codes valid on a date; without one, every code the list ever had."""
        return {code.code for code in self if on is None or code.valid(on)}


class Pack:
    """Everything that Spean knows of one country. Files are read when first asked for, and then kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        about = read_toml(folder / "pack.toml")
        try:
            self.name = str(about["name"])
            self.version = str(about["version"])
            self.titles: Mapping[str, str] = MappingProxyType(dict(about["title"]))
            self.languages: tuple[str, ...] = tuple(about["languages"])
            self.default_language = str(about["default_language"])
            self.timezone = str(about["timezone"])
        except (KeyError, TypeError, ValueError) as error:
            raise PackError(folder / "pack.toml", 0, f"{error} is missing or wrong") from None
        self.country = str(about.get("country", ""))
        self.phone_prefix = str(about.get("phone_prefix", ""))
        self.about: Mapping[str, Any] = MappingProxyType(about)
        self.geography = Geography(folder / "geography")
        self._lists: dict[str, CodeList] = {}
        self._rights: dict[str, RightsText] = {}

    def __repr__(self) -> str:
        return f"<Pack {self.name} {self.version}>"

    def title(self, language: str | None = None) -> str:
        return in_language(self.titles, language)

    def today(self) -> date:
        """The date in the country, by the one clock."""
        return clock.now().astimezone(ZoneInfo(self.timezone)).date()

    @cached_property
    def codelist_names(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in (self.folder / "codelists").glob("*.csv")))

    def codelist(self, name: str) -> CodeList:
        """A code list by its name; raises UnknownCode for a list the pack does not have."""
        if name not in self._lists:
            if name not in self.codelist_names:
                raise UnknownCode(f"the pack {self.name} has no code list {name!r}")
            table = read_table(self.folder / "codelists" / f"{name}.csv")
            codes = tuple(_code(row) for row in table.rows)
            self._lists[name] = CodeList(name, codes, self.today)
        return self._lists[name]

    @cached_property
    def deadlines(self) -> Mapping[str, Deadline]:
        path = self.folder / "deadlines.toml"
        found = {}
        for name, entry in read_toml(path).items():
            try:
                span = timedelta(days=entry.get("days", 0), hours=entry.get("hours", 0))
                found[name] = Deadline(name, span, entry["source"], entry["verified"] is True, entry.get("note", ""))
            except (AttributeError, KeyError, TypeError) as error:
                raise PackError(path, 0, f"{name}: {error} is missing or wrong") from None
        return MappingProxyType(found)

    def deadline(self, name: str) -> timedelta:
        """How long a kind of task may take; raises UnknownCode for a name without a deadline."""
        try:
            return self.deadlines[name].span
        except KeyError:
            raise UnknownCode(f"the pack {self.name} has no deadline {name!r}") from None

    @cached_property
    def reveal(self) -> RevealRules:
        """How many people may be opened in a day. The file may be missing, or name a part: the core's numbers hold."""
        path = self.folder / "reveal.toml"
        said = read_toml(path) if path.exists() else {}
        set_to = {name: {**known, **said.get(name, {})} for name, known in REVEAL.items()}
        return RevealRules(
            persons_per_day=MappingProxyType(dict(said.get("persons_per_day", {}))),
            otherwise=PERSONS_PER_DAY,
            extension=int(set_to["extension"]["persons"]),
            refusals=int(set_to["refusals"]["number"]),
            refusal_window=timedelta(minutes=int(set_to["refusals"]["minutes"])),
            names_officers=set_to["record_for_the_person"]["names_officers"] is True,
        )

    @cached_property
    def roles(self) -> Mapping[str, Role]:
        rows = read_table(self.folder / "roles.csv").rows
        return MappingProxyType(
            {
                row["code"]: Role(row["code"], texts(row.values, "title"), texts(row.values, "description"))
                for row in rows
            }
        )

    def role_title(self, role: str, language: str | None = None) -> str:
        """The title of a role; raises UnknownCode."""
        try:
            return self.roles[role].title(language)
        except KeyError:
            raise UnknownCode(f"the pack {self.name} has no role {role!r}") from None

    @cached_property
    def law(self) -> tuple[Article, ...]:
        """The articles that can stand in a case, of all statutes."""
        return tuple(_article(row) for row in read_table(self.folder / "law" / "articles.csv").rows)

    @cached_property
    def statutes(self) -> Mapping[str, Statute]:
        rows = read_table(self.folder / "law" / "statutes.csv").rows
        return MappingProxyType({row["code"]: _statute(row) for row in rows})

    @cached_property
    def instruments(self) -> Mapping[str, Instrument]:
        found = [instruments.read(path, self.around) for path in instruments.paths(self.folder)]
        return MappingProxyType({instrument.name: instrument for instrument in found})

    def around(self, evaluated_with: str = "") -> "Around":
        """What stands around an instrument of this country: the cover, the list that judges a checklist, languages."""
        from spean.instruments.convert import Around

        judge = self.instruments.get(evaluated_with)
        path = instruments.cover(self.folder)
        return Around(
            cover=instruments.tables(path) if path else None,
            judged_by=judge.book if judge else None,
            complete=self.complete_languages,
            read=self.languages,
        )

    @property
    def complete_languages(self) -> tuple[str, ...]:
        """The languages in which every text that users see is there."""
        stated = self.about.get("translations", {})
        return tuple(code for code in self.languages if stated.get(code, {}).get("complete") is True) or ("en",)

    @cached_property
    def rights_languages(self) -> tuple[str, ...]:
        """The languages in which the rights can be read out."""
        return tuple(sorted(path.stem for path in (self.folder / "rights").glob("*.md") if path.stem.islower()))

    def rights(self, language: str | None = None) -> RightsText:
        """What a person is told of their rights, as Markdown; English where the language is missing."""
        wanted = language_or_active(language)
        if wanted not in self.rights_languages:
            wanted = FALLBACK_LANGUAGE
        if wanted not in self._rights:
            self._rights[wanted] = _rights(self.folder / "rights" / f"{wanted}.md", wanted)
        return self._rights[wanted]

    @cached_property
    def spoken(self) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
        """What is said to a person, or handed to her, in further languages than the screens': language → section → name →
        words."""
        files = sorted((self.folder / "spoken").glob("*.toml"))
        return {
            path.stem: {part: words for part, words in read_toml(path).items() if isinstance(words, dict)}
            for path in files
        }

    def checked_language(self, language: str | None = None) -> bool:
        """Whether a native reader has checked the pack's texts in this language."""
        stated = self.about.get("translations", {}).get(language_or_active(language), {})
        return stated.get("checked") is True


def _code(row: Row) -> Code:
    labels = texts(row.values, "label")
    if not row["code"]:
        raise row.fault("the code is missing")
    known = {*CODE_COLUMNS, *(f"label_{language}" for language in labels)}
    return Code(
        code=row["code"],
        labels=labels,
        valid_from=row.date("valid_from"),
        valid_to=row.date("valid_to"),
        htcds=row["htcds"],
        ctdc=row["ctdc"],
        ictip=row["ictip"],
        verified=row.flag("verified"),
        note=row["note"],
        extra=MappingProxyType({key: value for key, value in row.values.items() if key not in known}),
    )


def _article(row: Row) -> Article:
    return Article(
        code=row["code"],
        statute=row["statute"],
        article=row["article"],
        titles=texts(row.values, "title"),
        chapter=row["chapter"],
        is_offence=row.flag("is_offence"),
        trafficking_offence=row.flag("trafficking_offence"),
        min_years=row.number("min_years"),
        max_years=row.number("max_years"),
        aggravated_min_years=row.number("aggr_min_years"),
        aggravated_max_years=row.number("aggr_max_years"),
        aggravating=row["aggravating"],
        verified=row.flag("verified"),
        penalty_verified=row.flag("penalty_verified"),
        valid_from=row.date("valid_from"),
        valid_to=row.date("valid_to"),
        source=row["source"],
        note=row["note"],
    )


def _statute(row: Row) -> Statute:
    return Statute(
        code=row["code"],
        titles=texts(row.values, "title"),
        reference=row["reference"],
        since=row["since"],
        verified=row.flag("verified"),
        note=row["note"],
    )


def _rights(path: Path, language: str) -> RightsText:
    """A text with a head between two `---` lines: version, title, whether a native reader has checked it."""
    parts = read_text(path).replace("\r\n", "\n").split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise PackError(path, 1, "the head (between two lines of ---) is missing")
    head = {}
    for number, line in enumerate(parts[1].splitlines(), start=2):
        name, colon, value = line.partition(":")
        if line.strip() and not colon:
            raise PackError(path, number, "not a line like `version: 1.0`")
        head[name.strip()] = value.strip().strip('"')
    if not head.get("version"):
        raise PackError(path, 1, "the head names no version")
    return RightsText(
        parts[2].strip() + "\n",
        version=head["version"],
        language=language,
        heading=head.get("title", ""),
        verified=head.get("verified") == "true",
    )


def pack_folders() -> tuple[Path, ...]:
    """Where packs lie: beside the code in a checkout, inside the package once installed."""
    inside = Path(__file__).resolve().parent
    return (inside.parents[1] / "countries", inside / "packs")


def pack_names() -> tuple[str, ...]:
    """The packs that can be served here."""
    found = {path.parent.name for folder in pack_folders() for path in folder.glob("*/pack.toml")}
    return tuple(sorted(found))


def pack_folder(name: str) -> Path:
    """The folder of a pack by its name; raises UnknownPack, saying which there are."""
    for folder in pack_folders():
        if name.replace("_", "").isalnum() and (folder / name / "pack.toml").is_file():
            return folder / name
    there = ", ".join(pack_names()) or "none"
    raise UnknownPack(f"There is no country pack named {name!r}. Packs found: {there}.")


@lru_cache(maxsize=8)
def load(folder: Path) -> Pack:
    """The pack in a folder, read once for the life of the process."""
    return Pack(folder)


def pack(name: str | None = None) -> Pack:
    """The pack of the installation (SPEAN_COUNTRY, of the settings or of the environment), or the one named."""
    if name is None:
        outside_django = os.environ.get("SPEAN_COUNTRY") or DEFAULT_PACK
        name = getattr(django_settings(), "SPEAN_COUNTRY", outside_django)
    return _named(name)


@lru_cache(maxsize=8)
def _named(name: str) -> Pack:
    # A page asks for some hundred labels: the disk is asked where the pack lies once.
    return load(pack_folder(name))
