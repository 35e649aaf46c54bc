"""Proves a country pack whole: every fault is one line that says where it is and what to do.

What every pack must have stands in `lists.py`; a fault here never stops the search for the next one.
"""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from spean.country import instruments_check, lists
from spean.country.files import PackError, Row, Table, read_json, read_table, read_toml, toml_line
from spean.country.geography import BOUNDARIES, CODE_LENGTH, FILES, LEVELS
from spean.country.pack import CODE_COLUMNS, Pack, UnknownPack, pack_folder, pack_names

STANDARDS = Path(__file__).resolve().parent / "standards"
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*|[A-Z][A-Za-z0-9]*")
LAW_CODE = re.compile(r"[A-Z][A-Z0-9]*(-[A-Za-z0-9]+)*")
# A text in these languages that has no letter of the language's script is in another language.
SCRIPTS: dict[str, re.Pattern[str]] = {
    "km": re.compile(r"[\u1780-\u17e9]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
}
GEOGRAPHY_COLUMNS: dict[str, tuple[str, ...]] = {
    "province": ("code", "iso_3166_2", "name_en", "name_km", "unit_en", "unit_km", "lat", "lon"),
    "district": ("code", "name_en", "name_km", "unit_en", "unit_km", "lat", "lon"),
    "commune": ("code", "name_en", "name_km", "unit_en", "unit_km", "lat", "lon"),
    "village": ("code", "name_en", "name_km"),
}
ROLE_COLUMNS = ("code", "title_en", "description_en")
STATUTE_COLUMNS = ("code", "title_en", "reference", "since", "verified", "note")
ARTICLE_COLUMNS = (
    "code", "statute", "article", "title_en", "chapter", "is_offence", "trafficking_offence", "min_years",
    "max_years", "aggr_min_years", "aggr_max_years", "aggravating", "verified", "penalty_verified",
    "valid_from", "valid_to", "source", "note",
)  # fmt: skip
FAULTY = 1
MISUSED = 2

Value = TypeVar("Value")


class Faults:
    """Collects faults while the search goes on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: list[PackError] = []
        # Languages in which every text users see must exist; pack.toml says which.
        self.languages: tuple[str, ...] = ("en",)
        # And those in which everything must exist that a person is read.
        self.read_languages: tuple[str, ...] = ("en",)

    def add(self, path: Path, line: int, message: str) -> None:
        self.found.append(PackError(path, line, message))

    def at(self, row: Row, message: str) -> None:
        self.found.append(row.fault(message))

    def attempt(self, read: Callable[[], Value]) -> Value | None:
        """The value, or None and a fault noted."""
        try:
            return read()
        except PackError as fault:
            self.found.append(fault)
            return None

    def table(self, path: Path, columns: Iterable[str]) -> Table | None:
        """A table with at least these columns, each once; None if it cannot be judged further."""
        table = self.attempt(lambda: read_table(path, self.found))
        if table is None:
            return None
        for column in sorted({name for name in table.header if table.header.count(name) > 1}):
            self.add(path, 1, f"the column {column!r} stands more than once")
        missing = [column for column in columns if column not in table.header]
        for column in missing:
            self.add(path, 1, f"the column {column!r} is missing")
        return None if missing else table

    def unique(self, rows: Sequence[Row], column: str = "code") -> set[str]:
        """The values of a column; a second occurrence is a fault that names the first."""
        first: dict[str, int] = {}
        for row in rows:
            value = row[column]
            if not value:
                self.at(row, f"the {column} is missing")
            elif value in first:
                self.at(row, f"the {column} {value!r} already stands in line {first[value]}")
            else:
                first[value] = row.line
        return set(first)

    def texts(self, row: Row, name: str, of: str, header: Iterable[str]) -> None:
        """A text in every language that must be complete, each in its own script."""
        for language in self.languages:
            column = f"{name}_{language}"
            if column in header and not row[column]:
                self.at(row, f"{column} of {of} is missing")
        for column in header:
            if column.startswith(f"{name}_"):
                self.script(row, column, of)

    def script(self, row: Row, column: str, of: str) -> None:
        script = SCRIPTS.get(column.rpartition("_")[2])
        if script and row[column] and not script.search(row[column]):
            self.at(row, f"{column} of {of} is not in the script of its language: {row[column]!r}")
        if "\ufffd" in row[column]:
            self.at(row, f"{column} of {of} holds a broken character")

    def dates(self, row: Row) -> None:
        start = self.attempt(lambda: row.date("valid_from"))
        end = self.attempt(lambda: row.date("valid_to"))
        if start and end and end < start:
            self.at(row, f"valid_to {end} is before valid_from {start}")


class Standards:
    """The codes of the international standards to which a pack's codes are exported."""

    def __init__(self) -> None:
        self.htcds: dict[str, set[str]] = {}
        for row in read_table(STANDARDS / "htcds_codes.csv").rows:
            self.htcds.setdefault(row["list"], set()).add(row["code"])
        self.ctdc = {
            row["column"]: (row["type"], set(row.several("values")))
            for row in read_table(STANDARDS / "ctdc_columns.csv").rows
        }
        self.ictip = {row["code"] for row in read_table(STANDARDS / "ictip_draft.csv").rows}

    def htcds_fault(self, picklist: str, code: str) -> str:
        """What is wrong with exporting to this code; empty if nothing is."""
        if not picklist:
            return f"htcds {code!r}: this list is not exported to HTCDS"
        if picklist == lists.CITIZENSHIP:
            return "" if re.fullmatch(r"[A-Z]{3}", code) else f"htcds {code!r} is not an ISO 3166-1 alpha-3 code"
        return "" if code in self.htcds[picklist] else f"htcds {code!r} is not in {picklist}"

    def ctdc_fault(self, text: str) -> str:
        column, _, value = text.partition("=")
        if column not in self.ctdc:
            return f"ctdc {column!r} is not a column of the CTDC dataset"
        kind, values = self.ctdc[column]
        if kind == "category" and value not in values:
            return f"ctdc {value!r} is not a value of the column {column!r}"
        return ""


def check(folder: Path, further: Sequence[Callable[[Faults], None]] = ()) -> list[PackError]:
    """Every fault of the pack in a folder, in the order of the files; none if it is whole.

    `further` are the checks of rooms above this one, for files that only they can read.
    """
    faults = Faults(folder)
    counts = check_about(faults)
    codes = check_codelists(faults, Standards())
    check_geography(faults, counts)
    check_deadlines(faults)
    check_reveal(faults)
    check_roles(faults)
    check_law(faults)
    instruments_check.check(faults)
    check_rights(faults)
    check_spoken(faults)
    for one in further:
        one(faults)
    if not faults.found:
        # The loader reads the same files in its own way; it must agree that they are whole.
        faults.attempt(lambda: _load(folder, codes))
    return sorted(faults.found, key=lambda fault: (str(fault.path), fault.line))


def _load(folder: Path, codes: dict[str, set[str]]) -> None:
    pack = Pack(folder)
    for name in codes:
        pack.codelist(name)
    _ = (pack.law, pack.statutes, pack.roles, pack.deadlines, pack.instruments)


def check_about(faults: Faults) -> dict[str, Any]:
    """pack.toml; answers with the number of places it states."""
    path = faults.folder / "pack.toml"
    about = faults.attempt(lambda: read_toml(path))
    if about is None:
        return {}
    for key in ("name", "version", "country", "default_language", "timezone"):
        if not isinstance(about.get(key), str) or not about[key]:
            faults.add(path, 0, f"{key} is missing")
    if isinstance(about.get("languages"), list):
        faults.read_languages = tuple(str(language) for language in about["languages"])
    if about.get("name") not in (None, faults.folder.name):
        faults.add(
            path,
            toml_line(path, "name"),
            f"name {about['name']!r} is not the name of the folder, {faults.folder.name!r}",
        )
    try:
        ZoneInfo(about.get("timezone", "UTC"))
    except (ValueError, LookupError, OSError, TypeError):
        faults.add(path, toml_line(path, "timezone"), f"timezone {about.get('timezone')!r} is unknown")
    languages = about.get("languages")
    if not isinstance(languages, list) or "en" not in languages:
        faults.add(
            path,
            toml_line(path, "languages"),
            "languages must be a list with en in it: English stands in where a text is missing",
        )
        return about.get("geography", {})
    if about.get("default_language") not in languages:
        faults.add(
            path,
            toml_line(path, "default_language"),
            f"default_language {about.get('default_language')!r} is not among the languages",
        )
    translations = about.get("translations", {})
    for language in languages:
        stated = translations.get(language, {})
        if not isinstance(stated.get("complete"), bool) or not isinstance(stated.get("checked"), bool):
            line = toml_line(path, f"translations.{language}")
            faults.add(path, line, f"[translations.{language}] must say complete and checked, each true or false")
        if language != "en" and stated.get("complete") is True:
            faults.languages += (language,)
    if not about.get("title", {}).get("en"):
        faults.add(path, toml_line(path, "title"), "[title] has no en")
    return about.get("geography", {})


def check_codelists(faults: Faults, standards: Standards) -> dict[str, set[str]]:
    """All lists; answers with the codes of each."""
    folder = faults.folder / "codelists"
    tables: dict[str, Table] = {}
    there = {path.stem for path in folder.glob("*.csv")}
    for name in sorted(there | set(lists.LISTS)):
        need = lists.LISTS.get(name, lists.ListNeed())
        labels = (f"label_{language}" for language in faults.languages)
        table = faults.table(folder / f"{name}.csv", (*CODE_COLUMNS, *labels, *need.extra))
        if table is not None:
            tables[name] = table
    codes = {name: faults.unique(table.rows) for name, table in tables.items()}
    for name, table in tables.items():
        _check_codelist(faults, standards, name, table, codes)
    return codes


def _check_codelist(faults: Faults, standards: Standards, name: str, table: Table, codes: dict[str, set[str]]) -> None:
    need = lists.LISTS.get(name, lists.ListNeed())
    for code in sorted(need.core - codes[name]):
        faults.add(table.path, 0, f"the code {code!r} is missing; Spean's rules rely on it")
    if need.exact:
        for code in sorted(codes[name] - need.core):
            faults.add(table.path, 0, f"the code {code!r} cannot be added: Spean's rules read every code of this list")
    said: dict[tuple[str, str], str] = {}
    for row in table.rows:
        code = row["code"]
        if code and not CODE.fullmatch(code):
            faults.at(row, f"the code {code!r} is not snake_case or CamelCase of the letters a-z and digits")
        faults.texts(row, "label", repr(code), table.header)
        faults.dates(row)
        faults.attempt(lambda row=row: row.flag("verified"))  # type: ignore[misc]
        if row["valid_to"] and code in need.core:
            faults.at(row, f"the code {code!r} cannot go out of use: Spean's rules rely on it")
        for language in faults.languages:
            label = row[f"label_{language}"]
            if label and not row["valid_to"]:
                other = said.setdefault((language, label), code)
                if other != code:
                    faults.at(row, f"label_{language} of {code!r} is the same as that of {other!r}: {label!r}")
        _check_crosswalk(faults, standards, need, row)
        for wanted in row.several("needs"):
            if wanted not in codes.get("need", {wanted}):
                faults.at(row, f"needs {wanted!r} is not in the list need")
        if "residential" in table.header:
            faults.attempt(lambda row=row: row.flag("residential"))  # type: ignore[misc]
        if "alpha_2" in table.header and row["alpha_2"] and not re.fullmatch(r"[A-Z]{2}", row["alpha_2"]):
            faults.at(row, f"alpha_2 {row['alpha_2']!r} is not two capital letters")


def _check_crosswalk(faults: Faults, standards: Standards, need: lists.ListNeed, row: Row) -> None:
    wrong = [standards.htcds_fault(need.htcds, code) for code in row.several("htcds")]
    wrong += [standards.htcds_fault("per_RoleInProcess", code) for code in row.several("htcds_role")]
    wrong += [standards.ctdc_fault(text) for text in row.several("ctdc")]
    wrong += [
        f"ictip {code!r} is not in the draft classification"
        for code in row.several("ictip")
        if code not in standards.ictip
    ]
    for message in filter(None, wrong):
        faults.at(row, message)


def check_geography(faults: Faults, counts: dict[str, Any]) -> None:
    """Codes that nest, names in every language, places within the world, and as many as pack.toml states."""
    folder = faults.folder / "geography"
    above: set[str] | None = None
    provinces: set[str] = set()
    for level in LEVELS:
        path = folder / FILES[level]
        table = faults.table(path, GEOGRAPHY_COLUMNS[level])
        if table is None:
            above = None
            continue
        codes = faults.unique(table.rows)
        for row in table.rows:
            _check_place(faults, level, row, table.header)
        if above is not None:
            _check_nesting(faults, level, table, above)
        stated = counts.get(level)
        if stated != len(table.rows):
            faults.add(path, 0, f"{len(table.rows)} places, but pack.toml states {stated}")
        above = codes
        provinces = codes if level == "province" else provinces
    _check_boundaries(faults, folder / BOUNDARIES, provinces)


def _check_nesting(faults: Faults, level: str, table: Table, above: set[str]) -> None:
    """Each place lies in one that is there; a missing parent is one fault, however many miss it."""
    orphans: dict[str, list[Row]] = {}
    for row in table.rows:
        if len(row["code"]) == CODE_LENGTH[level] and row["code"][:-2] not in above:
            orphans.setdefault(row["code"][:-2], []).append(row)
    for parent, rows in orphans.items():
        more = f" (nor for {len(rows) - 1} more)" if len(rows) > 1 else ""
        faults.at(rows[0], f"the {level} {rows[0]['code']!r} lies in {parent!r}, which is not there{more}")


def _check_place(faults: Faults, level: str, row: Row, header: tuple[str, ...]) -> None:
    code = row["code"]
    if not re.fullmatch(rf"[0-9]{{{CODE_LENGTH[level]}}}", code):
        faults.at(row, f"the code {code!r} of a {level} must be {CODE_LENGTH[level]} digits, zeros in front included")
    faults.texts(row, "name", repr(code), header)
    for column, limit in (("lat", 90), ("lon", 180)):
        value = faults.attempt(lambda column=column: row.number(column))  # type: ignore[misc]
        if value is not None and abs(value) > limit:
            faults.at(row, f"{column} {value} is not on the globe")


def _check_boundaries(faults: Faults, path: Path, provinces: set[str]) -> None:
    outlines = faults.attempt(lambda: read_json(path))
    if outlines is None:
        return
    try:
        drawn = [feature["properties"]["ncdd"] for feature in outlines["features"]]
    except (KeyError, TypeError):
        faults.add(path, 0, "not a GeoJSON collection whose features name their province in properties.ncdd")
        return
    for code in sorted(provinces - set(drawn)):
        faults.add(path, 0, f"the province {code!r} has no outline")
    for code in sorted(set(drawn) - provinces):
        faults.add(path, 0, f"an outline names the province {code!r}, which is not there")
    if not outlines.get("attribution"):
        faults.add(path, 0, "the attribution that the licence asks for is missing")


def check_deadlines(faults: Faults) -> None:
    path = faults.folder / "deadlines.toml"
    deadlines = faults.attempt(lambda: read_toml(path))
    if deadlines is None:
        return
    for name in lists.DEADLINES:
        if name not in deadlines:
            faults.add(path, 0, f"the deadline {name!r} is missing")
    for name, entry in deadlines.items():
        line = toml_line(path, name)
        if name not in lists.DEADLINES:
            faults.add(path, line, f"no task has the deadline {name!r}")
            continue
        spans = [entry[unit] for unit in ("days", "hours") if unit in entry] if isinstance(entry, dict) else []
        if len(spans) != 1 or type(spans[0]) is not int or spans[0] <= 0:
            faults.add(path, line, f"{name} must have either days or hours, a whole number above zero")
        if not isinstance(entry, dict) or not isinstance(entry.get("verified"), bool):
            faults.add(path, line, f"{name} must say verified = true or false")
        if not isinstance(entry, dict) or not entry.get("source"):
            faults.add(path, line, f"{name} must name its source")


def check_reveal(faults: Faults) -> None:
    """Whole numbers above zero for roles that exist. What is left out is the core's."""
    path = faults.folder / "reveal.toml"
    said = faults.attempt(lambda: read_toml(path)) if path.exists() else None
    for section, entries in (said or {}).items():
        line = toml_line(path, section)
        if section != "persons_per_day" and section not in lists.REVEAL:
            faults.add(path, line, f"nothing is called {section!r} here")
            continue
        if not isinstance(entries, dict):
            faults.add(path, line, f"{section} must be a section, [{section}]")
            continue
        known: dict[str, int | bool] = lists.REVEAL.get(section) or dict.fromkeys(lists.ROLES, 1)
        for name, value in entries.items():
            where = toml_line(path, name)
            if name not in known:
                kind = "role" if section == "persons_per_day" else "setting"
                faults.add(path, where, f"there is no {kind} {name!r} in [{section}]")
            elif type(value) is not type(known[name]):
                wanted = "true or false" if type(known[name]) is bool else "a whole number"
                faults.add(path, where, f"{name} must be {wanted}")
            elif type(value) is int and value <= 0:
                faults.add(path, where, f"{name} must be above zero")


def check_roles(faults: Faults) -> None:
    table = faults.table(faults.folder / "roles.csv", ROLE_COLUMNS)
    if table is None:
        return
    codes = faults.unique(table.rows)
    for role in lists.ROLES:
        if role not in codes:
            faults.add(table.path, 0, f"the role {role!r} is missing")
    for row in table.rows:
        if row["code"] and row["code"] not in lists.ROLES:
            faults.at(row, f"there is no role {row['code']!r}")
        for text in ("title", "description"):
            faults.texts(row, text, repr(row["code"]), table.header)


def check_law(faults: Faults) -> None:
    folder = faults.folder / "law"
    statutes = faults.table(folder / "statutes.csv", STATUTE_COLUMNS)
    known = faults.unique(statutes.rows) if statutes else None
    for row in statutes.rows if statutes else ():
        faults.texts(row, "title", repr(row["code"]), statutes.header if statutes else ())
        faults.attempt(lambda row=row: row.flag("verified"))  # type: ignore[misc]
    articles = faults.table(folder / "articles.csv", ARTICLE_COLUMNS)
    if articles is None:
        return
    faults.unique(articles.rows)
    for row in articles.rows:
        code = row["code"]
        if not LAW_CODE.fullmatch(code):
            faults.at(row, f"the code {code!r} is not like LAW-10")
        if known is not None and row["statute"] not in known:
            faults.at(row, f"the statute {row['statute']!r} is not in statutes.csv")
        if not row["title_en"]:
            faults.at(row, f"title_en of {code!r} is missing")
        _check_article(faults, row)


def _check_article(faults: Faults, row: Row) -> None:
    flags = {
        column: faults.attempt(lambda column=column: row.flag(column))  # type: ignore[misc]
        for column in ("is_offence", "trafficking_offence", "verified", "penalty_verified")
    }
    faults.dates(row)
    years = {
        column: faults.attempt(lambda column=column: row.number(column))  # type: ignore[misc]
        for column in ("min_years", "max_years", "aggr_min_years", "aggr_max_years")
    }
    for low, high in (("min_years", "max_years"), ("aggr_min_years", "aggr_max_years")):
        least, most = years[low], years[high]
        if least is not None and most is not None and least > most:
            faults.at(row, f"{low} {least:g} is more than {high} {most:g}")
    if flags["penalty_verified"] and not flags["verified"]:
        faults.at(row, "penalty_verified cannot be true while verified is false")
    if flags["penalty_verified"] and not any(value is not None for value in years.values()):
        faults.at(row, "penalty_verified is true, but no penalty is given")
    if flags["is_offence"] is False and any(value is not None for value in years.values()):
        faults.at(row, "a penalty is given, but is_offence is false")


def check_rights(faults: Faults) -> None:
    """A text for every language of the pack, since it is what a person is read or handed."""
    about = faults.attempt(lambda: read_toml(faults.folder / "pack.toml")) or {}
    folder = faults.folder / "rights"
    for language in about.get("languages", ()):
        path = folder / f"{language}.md"
        if not path.is_file():
            faults.add(path, 0, "this file is missing: a person must be told of their rights in this language")
            continue
        text = faults.attempt(lambda language=language: Pack(faults.folder).rights(language))  # type: ignore[misc]
        if text is not None and (not text.heading or len(text) < 100):
            faults.add(path, 0, "the title or the text is missing")
        script = SCRIPTS.get(language)
        if text is not None and script and not script.search(text):
            faults.add(path, 0, "the text is not in the script of its language")


def check_spoken(faults: Faults) -> None:
    """What else is said to a person, in each language of the pack that is not one of the screens."""
    for language in (one for one in faults.read_languages if one not in faults.languages):
        path = faults.folder / "spoken" / f"{language}.toml"
        said = faults.attempt(lambda path=path: read_toml(path))  # type: ignore[misc]
        if said is None:
            continue
        for part, names in lists.SPOKEN.items():
            words = said.get(part, {})
            for name in (*names, *(name for name in words if name not in names)):
                line = toml_line(path, name)
                if name not in names:
                    faults.add(path, line, f"nothing in [{part}] is called {name!r}")
                elif not isinstance(words.get(name), str) or not words[name].strip():
                    faults.add(path, line, f"{name} of [{part}] is missing")
                elif (script := SCRIPTS.get(language)) and not script.search(words[name]):
                    faults.add(path, line, f"{name} of [{part}] is not in the script of its language")


def summary(folder: Path) -> str:
    """One line that says what a pack without faults holds, and how much of it awaits a check."""
    pack = Pack(folder)
    codes = [code for name in pack.codelist_names for code in pack.codelist(name)]
    open_codes = sum(not code.verified for code in codes)
    open_law = sum(not article.verified for article in pack.law)
    open_deadlines = sum(not deadline.verified for deadline in pack.deadlines.values())
    unread = [language for language in pack.languages if not pack.checked_language(language)]
    places = sum(len(pack.geography.places(level)) for level in LEVELS)
    lines = [
        f"{pack.name} {pack.version}: no faults.",
        f"{len(pack.codelist_names)} code lists with {len(codes)} codes ({open_codes} not verified),",
        f"{places} places, {len(pack.law)} articles of law ({open_law} not verified),",
        f"{len(pack.deadlines)} deadlines ({open_deadlines} not verified), {len(pack.instruments)} instruments.",
    ]
    if unread:
        lines.append(f"Not yet read by a native reader: {', '.join(unread)}.")
    return " ".join(lines)


def _shown(fault: PackError) -> str:
    try:
        path = fault.path.relative_to(Path.cwd())
    except ValueError:
        path = fault.path
    return f"{path}:{fault.line}: {fault.message}" if fault.line else f"{path}: {fault.message}"


def main(argv: Sequence[str], further: Sequence[Callable[[Faults], None]] = ()) -> int:
    """`spean country check [NAME or FOLDER …]`: without a name, every pack there is."""
    if any(argument.startswith("-") for argument in argv):
        asked = {"-h", "--help"} & set(argv)
        (sys.stdout if asked else sys.stderr).write("usage: spean country check [NAME or FOLDER …]\n")
        return 0 if asked else MISUSED
    folders = []
    for name in argv or pack_names():
        try:
            folders.append(Path(name).resolve() if "/" in name else pack_folder(name))
        except UnknownPack as error:
            sys.stderr.write(f"{error}\n")
            return MISUSED
    if not folders:
        sys.stderr.write("There is no country pack.\n")
        return MISUSED
    faulty = False
    for folder in folders:
        found = check(folder, further)
        for fault in found:
            sys.stdout.write(f"{_shown(fault)}\n")
        faulty = faulty or bool(found)
        sys.stdout.write(f"{folder.name}: {_number(len(found))}.\n" if found else f"{summary(folder)}\n")
    return FAULTY if faulty else 0


def _number(faults: int) -> str:
    return "1 fault" if faults == 1 else f"{faults} faults"
