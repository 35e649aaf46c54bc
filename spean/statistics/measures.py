"""Counts from coded columns: one statement for all tables about persons, one for each other kind of line, all of them
of one moment.

Persons are counted once per linked person and carry bounds for what is not decided yet; invented persons are in no
count; those whose data were erased stay in it by their codes. Nothing sealed is read. What leaves this module is
unprotected and goes to disclosure control and nowhere else.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from spean.cases.models import Case
from spean.lib import clock
from spean.privacy import canaries
from spean.privacy.models import Canary
from spean.privacy.rows import everybody
from spean.statistics.indicators import Division, Indicator, Register
from spean.statistics.tables import Cell, Dimension, Table

# Which columns a dimension of a table about persons is read from. Nothing else of a register reaches a statement.
PERSON_COLUMNS: dict[str, tuple[str, ...]] = {
    "status": ("identified",), "sex": ("sex",), "age": ("age", "disputed"), "nationality": ("nationality",),
    "province": ("province",), "source": ("source",), "agency": ("agency",), "form": ("form",),
}  # fmt: skip
QUALITY = ("sex", "age", "nationality", "province", "source", "form")
# How full fewer houses than this are would be how full one of them is.
FEWEST_HOUSES = 3
# From the beginning of an interview to the registration: less than anybody real takes.
AT_ONCE = timedelta(minutes=15)


@dataclass(frozen=True)
class Period:
    """The days of a table, both counted, in the time of the country."""

    first: date
    last: date

    @property
    def starts_at(self) -> datetime:
        return datetime.combine(self.first, time.min, clock.local_zone())

    @property
    def ends_at(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time.min, clock.local_zone())


@dataclass(frozen=True)
class Bounds:
    """Between how many and how many distinct persons a count stands, when every undecided match is yes, and when none is."""

    low: int
    high: int


@dataclass(frozen=True)
class Reporting:
    """Coverage: of the organisations of one kind, how many there are, and how many screened somebody."""

    kind: str
    organisations: int
    reported: int


@dataclass(frozen=True)
class Counted:
    """Unprotected tables of a period. `withheld` names those of too few sources to be printed at all."""

    tables: tuple[Table, ...]
    bounds: Bounds
    coverage: tuple[Reporting, ...]
    withheld: frozenset[str] = field(default_factory=frozenset)


Raw = Mapping[tuple[Any, ...], int]


def count(register: Register, period: Period) -> Counted:
    """Every indicator of the register that holds through the period; what nobody records yet says so in each cell."""
    indicators = [one for one in register.of_period(period.first, period.last) if not one.derived_from]
    with everybody("counts are of the whole country; only sums leave"), _snapshot() as cursor:
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute("SET LOCAL jit = off")
        left_out = _invented()
        told = _persons(cursor, register, indicators, period, left_out)
        raw: dict[str, Raw] = dict(told.raw)
        for one in indicators:
            if one.measure in STATEMENTS:
                cursor.execute(STATEMENTS[one.measure], _parameters(period, left_out))
                raw[one.code] = {tuple(row[:-1]): row[-1] for row in cursor.fetchall()}
        houses = _places(cursor, raw, indicators)
        coverage = _coverage(cursor, _parameters(period, left_out))
    tables = {one.code: _table(register, one, raw) for one in indicators if one.measure not in ("quality",)}
    for one in indicators:
        if one.measure == "quality":
            tables[one.code] = _quality(register, one, told)
    ordered = tuple(tables[one.code] for one in indicators)
    return Counted(ordered, told.bounds, coverage, frozenset(houses))


@contextmanager
def _snapshot() -> Iterator[Any]:
    """A cursor all of whose statements see the same moment: tables of one edition agree with each other.

    Counting is a transaction of its own, and never part of another, which would have begun earlier.
    """
    inside = connection.in_atomic_block  # only in a test, whose rows nobody else changes; `durable` refuses all others
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        if not inside:
            # By itself: with the setting of a request before it, it would not be the first statement.
            with connection.connection.cursor() as first:
                first.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield cursor


# --- persons ----------------------------------------------------------------------------------------------

# Records decided to be the same point to each other in chains; what stands for the person is their end. Of several
# episodes of a person in the period the first gives the facts that change with time, and any of them the legal status.
_PERSONS = """
WITH RECURSIVE chain(id, root) AS (
    SELECT id, same_as_id FROM people_person WHERE same_as_id IS NOT NULL
    UNION
    SELECT chain.id, further.same_as_id FROM chain JOIN people_person further ON further.id = chain.root
    WHERE further.same_as_id IS NOT NULL
), stands_for AS (
    SELECT chain.id, chain.root FROM chain JOIN people_person last ON last.id = chain.root WHERE last.same_as_id IS NULL
), episode AS MATERIALIZED (
    SELECT COALESCE(stands_for.root, one.person_id, one.id) AS who, one.id, one.started_at,
        one.person_id IS NOT NULL AS registered, one.legal_status = 'identified_victim' AS identified,
        COALESCE(NULLIF(record.sex, ''), one.sex) AS sex, one.age_at_screening AS age, one.age_disputed AS disputed,
        COALESCE(NULLIF(record.nationality, ''), one.nationality) AS nationality, one.detected_province AS province,
        one.detection_context AS source, office.type AS agency, one.exploitation_forms AS forms
    FROM cases_case one
    JOIN access_organisation office ON office.id = one.started_organisation_id
    LEFT JOIN people_person record ON record.id = one.person_id
    LEFT JOIN stands_for ON stands_for.id = one.person_id
    WHERE one.started_at >= %(first)s AND one.started_at < %(end)s
        AND one.legal_status IN ('presumed_victim', 'identified_victim') AND one.subject <> ALL (%(invented)s::uuid[])
), again AS MATERIALIZED (
    SELECT who FROM episode GROUP BY who HAVING count(*) > 1
), person AS (
    -- Whoever was found once is taken as found; only the episodes of the others are put in order.
    SELECT registered, identified, sex, age, disputed, nationality, province, source, agency, forms
    FROM episode WHERE NOT EXISTS (SELECT 1 FROM again WHERE again.who = episode.who)
    UNION ALL
    SELECT first.registered, whole.identified, first.sex, first.age, first.disputed, first.nationality, first.province,
        first.source, first.agency, whole.forms
    FROM (SELECT DISTINCT ON (who) episode.* FROM episode JOIN again USING (who) ORDER BY who, started_at, id) first
    JOIN (
        SELECT who, bool_or(identified) AS identified, array_agg(DISTINCT form) FILTER (WHERE at IS NOT NULL) AS forms
        FROM episode JOIN again USING (who) LEFT JOIN LATERAL unnest(forms) WITH ORDINALITY AS told(form, at) ON true
        GROUP BY who
    ) whole USING (who)
), alike AS MATERIALIZED (
    -- People of whom everything that is counted is the same, so that each table adds up fewer rows.
    SELECT registered, identified, sex, age, disputed, nationality, province, source, agency, forms, count(*) AS n
    FROM person GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
), undecided AS (
    SELECT DISTINCT COALESCE(one.root, pair.person_id) AS a, COALESCE(two.root, pair.other_id) AS b
    FROM people_possiblematch pair
    LEFT JOIN stands_for one ON one.id = pair.person_id
    LEFT JOIN stands_for two ON two.id = pair.other_id
    WHERE pair.status IN ('open', 'unsure')
)
"""
_BOUNDS = """
SELECT 'registered' AS what, NULL::int AS at, registered::text AS a, NULL::text AS b, {nothing}, sum(n)::bigint AS n
FROM alike GROUP BY registered
UNION ALL
SELECT DISTINCT 'undecided', NULL::int, a::text, b::text, {nothing}, 1::bigint
FROM undecided JOIN episode one ON one.who = a JOIN episode two ON two.who = b WHERE a <> b
"""


@dataclass
class _Told:
    raw: dict[str, Raw]
    bounds: Bounds
    unknown_forms: int
    persons: int
    known: dict[str, int]


def _persons(
    cursor: Any, register: Register, indicators: Iterable[Indicator], period: Period, left_out: Sequence[UUID]
) -> _Told:
    """One statement: a grouping set for each table, those by form over persons and their forms."""
    asked = [one for one in indicators if one.measure in ("persons", "forms")]
    columns = list(dict.fromkeys(column for names in PERSON_COLUMNS.values() for column in names))
    nothing = ", ".join("NULL::text" for _ in columns)
    parts = [_BOUNDS.format(nothing=nothing)]
    # The facts whose completeness is told are grouped by themselves, whichever tables the register asks for.
    single = {name: PERSON_COLUMNS[name] for name in QUALITY}
    owns: dict[str, list[str]] = {}
    for source, wanted in (
        ("person", [one for one in asked if one.measure == "persons"]),
        ("form", [one for one in asked if one.measure == "forms"]),
    ):
        sets = {_columns(one) for one in wanted}
        sets |= {PERSON_COLUMNS["form"]} if source == "form" else {single[name] for name in QUALITY if name != "form"}
        own = owns[source] = [column for column in columns if any(column in names for names in sets)]
        parts.append(_grouped(source, sets, own, columns))
    cursor.execute(_PERSONS + "\nUNION ALL\n".join(parts), _parameters(period, left_out))
    groups: dict[str, dict[int, dict[tuple[Any, ...], int]]] = {"person": {}, "form": {}}
    registered, unregistered, pairs = 0, 0, []
    for what, mask, a, b, *values, n in cursor.fetchall():
        if what == "registered":
            registered, unregistered = (n, unregistered) if a == "true" else (registered, n)
        elif what == "undecided":
            pairs.append((a, b))
        else:
            groups[what].setdefault(mask, {})[tuple(values)] = n
    bounds = _bounds(registered, unregistered, pairs)
    told = _Told({}, bounds, 0, registered + unregistered, {})
    for one in asked:
        source = "form" if one.measure == "forms" else "person"
        told.raw[one.code] = _raw(register, one.dimensions, groups[source], owns[source], columns)
    for name in QUALITY:
        source = "form" if name == "form" else "person"
        found = _raw(register, (name,), groups[source], owns[source], columns)
        told.known[name] = told.persons - sum(n for key, n in found.items() if key == ("unknown",))
    return told


def _grouped(source: str, sets: Iterable[tuple[str, ...]], own: Sequence[str], columns: Sequence[str]) -> str:
    """The statement of one source: a grouping set for each table. Every name in it is written in this module.

    Tables by form are added up by all forms of a person first, and only then by each of them: taken apart for each
    person, the forms would cost more than everything else together.
    """
    stored = {column: "forms" if column == "form" else column for column in columns}
    mine = ", ".join(stored[column] for column in own)
    grouping = ", ".join(f"({', '.join(stored[column] for column in names)})" for names in sorted(sets))
    shown = ", ".join(f"{column}::text" if column in own else "NULL::text" for column in columns)
    grouped = f"SELECT GROUPING({mine}) AS mask, {mine}, sum(n) AS n FROM alike GROUP BY GROUPING SETS ({grouping})"  # noqa: S608
    apart = "LEFT JOIN LATERAL (SELECT DISTINCT form FROM unnest(forms) AS form) told ON true" if "form" in own else ""
    return (
        f"SELECT '{source}', mask, NULL, NULL, {shown}, sum(n)::bigint FROM ({grouped}) grouped {apart} "  # noqa: S608
        f"GROUP BY mask, {', '.join(own)}"
    )


def _columns(one: Indicator) -> tuple[str, ...]:
    return tuple(column for name in one.dimensions for column in PERSON_COLUMNS[name])


def _raw(
    register: Register,
    dimensions: Sequence[str],
    groups: Mapping[int, Mapping[tuple[Any, ...], int]],
    own: Sequence[str],
    columns: Sequence[str],
) -> Raw:
    """The rows of one grouping set, which GROUPING tells by a bit for each column that is not in it."""
    wanted = {column for name in dimensions for column in PERSON_COLUMNS[name]}
    mask = sum(1 << (len(own) - 1 - at) for at, column in enumerate(own) if column not in wanted)
    at = {column: place for place, column in enumerate(columns)}
    folded: Counter[tuple[Any, ...]] = Counter()
    for values, n in groups.get(mask, {}).items():
        key = tuple(_fall(register.divisions[name], values, at) for name in dimensions)
        folded[key] += n
    return folded


def _fall(division: Division, values: tuple[Any, ...], at: Mapping[str, int]) -> str:
    if division.code == "status":
        return "identified_victim" if values[at["identified"]] == "true" else "presumed_victim"
    if division.code == "age":
        stated, disputed = values[at["age"]], values[at["disputed"]] == "true"
        age = None if stated is None else int(stated)
        if disputed and (age is None or age >= 18):
            return "presumed_child"  # treated as a child until determined otherwise (COMMIT Guidelines 5)
        return division.falls(age)
    return division.falls(values[at[division.code]])


def _bounds(registered: int, unregistered: int, pairs: Iterable[tuple[str, str]]) -> Bounds:
    """All undecided matches the same person, and whoever was never registered one of the registered: at least so many."""
    parents: dict[str, str] = {}

    def root(one: str) -> str:
        while parents.setdefault(one, one) != one:
            parents[one] = parents[parents[one]]
            one = parents[one]
        return one

    merged = 0
    for a, b in pairs:
        first, second = root(a), root(b)
        if first != second:
            parents[first] = second
            merged += 1
    return Bounds(max(registered - merged, 1 if unregistered else 0), registered + unregistered)


def _invented() -> list[UUID]:
    """Whom no count holds. While there are none, nobody is looked through.

    Only the key vault tells, and asking it about a million people takes longer than counting them. An invented person
    walks from her interview to her registration within one transaction, which nobody real does: few have to be asked.
    """
    if not Canary.objects.exists():
        return []
    at_once = Case.objects.filter(person__registered_at__lte=F("started_at") + AT_ONCE)
    return sorted(canaries.among(at_once.order_by().values_list("subject", flat=True)))


# --- everything else ----------------------------------------------------------------------------------------

_IN = "{column} >= %(first)s AND {column} < %(end)s"
_OF_CASE = "JOIN cases_case one ON one.id = line.case_id AND one.subject <> ALL (%(invented)s::uuid[])"


def _rows(table: str, columns: str, when: str, where: str = "", joins: str = "") -> str:
    """Rows of one table by codes, without those of invented persons. All of it is written in this module."""
    groups = ", ".join(str(place) for place in range(1, len(columns.split(";")) + 1))
    listed = columns.replace(";", ",")
    return (
        f"SELECT {listed}, count(*) FROM {table} line {_OF_CASE} {joins} "  # noqa: S608
        f"WHERE {_IN.format(column=when)} {where} GROUP BY {groups}"
    )


_ANSWER = """CASE WHEN line.status IN ('sent', 'acknowledged') THEN 'waiting'
    WHEN line.status IN ('accepted', 'completed', 'ended') THEN 'accepted' ELSE line.status END"""
_DAYS = """CASE WHEN line.responded_at IS NULL OR line.status IN ('withdrawn', 'sent', 'acknowledged') THEN NULL
    ELSE floor(extract(epoch FROM line.responded_at - line.sent_at) / 86400)::int END"""
_KEPT = """CASE WHEN line.done_at IS NULL THEN CASE WHEN line.due_at < %(now)s THEN 'overdue' ELSE 'not_due' END
    WHEN line.done_at <= line.due_at THEN 'in_time' ELSE 'late' END"""

STATEMENTS: dict[str, str] = {
    "screenings": _rows("detection_screening", "line.result; one.detection_context", "line.completed_at"),
    "decisions": _rows("identification_determination", "line.outcome", "line.confirmed_at"),
    "closures": """SELECT closing_reason, count(*) FROM cases_case WHERE status = 'closed'
        AND closed_at >= %(first)s AND closed_at < %(end)s AND subject <> ALL (%(invented)s::uuid[]) GROUP BY 1""",
    "referrals": _rows("referral_referral", f"line.kind; {_ANSWER}", "line.sent_at"),
    "waiting": _rows(
        "referral_referral", f"offered.type; {_DAYS}", "line.sent_at", "AND line.kind = 'service'",
        "JOIN directory_service offered ON offered.id = line.service_id",
    ),
    "needs": _rows("protection_need", "line.code; line.status", "line.recorded_at"),
    "unmet": _rows("protection_need", "line.unmet_reason", "line.recorded_at", "AND line.status = 'unmet'"),
    "clocks": _rows("cases_task", f"line.kind; {_KEPT}", "line.due_at"),
    "suspects": _rows("cases_suspect", "line.role; line.status", "line.recorded_at"),
    # Those who came and were not asked stand beside those who were: what screening did not reach is a number too.
    # Whoever is plainly alone or afraid may come first without having been asked.
    "arrivals": """SELECT told.code, sum(told.persons) FROM detection_arrival line CROSS JOIN LATERAL (VALUES
        ('first', line.first::int), ('today', line.later_today),
        ('no_sign', GREATEST(line.asked - line.first - line.later_today, 0)),
        ('not_asked', GREATEST(line.on_board - GREATEST(line.asked, line.first + line.later_today), 0))) told (code, persons)
        WHERE line.listed_at >= %(first)s AND line.listed_at < %(end)s GROUP BY 1""",
}  # fmt: skip


def _parameters(period: Period, left_out: Sequence[UUID]) -> dict[str, Any]:
    return {"first": period.starts_at, "end": period.ends_at, "invented": list(left_out), "now": clock.now()}


# Houses that can take a grown man: an empty list of sexes means everybody, a missing age no limit.
_MEN = "(sexes = '{}' OR 'male' = ANY (sexes)) AND COALESCE(maximum_age, 18) >= 18"
_PLACES = """
SELECT count(*), COALESCE(sum(capacity_maximum - capacity_available), 0), COALESCE(sum(capacity_available), 0)
FROM directory_service WHERE residential AND status = 'active' AND capacity_maximum IS NOT NULL"""
PLACES = {"places": _PLACES, "places_men": f"{_PLACES} AND {_MEN}"}


def _places(cursor: Any, raw: dict[str, Raw], indicators: Iterable[Indicator]) -> list[str]:
    """Places of the whole country. Returns the tables that are of too few houses.

    So is a table of which so few are left out that whoever subtracts it from that of all houses sees them.
    """
    few, houses = [], {}
    for measure, statement in PLACES.items():
        cursor.execute(statement)
        houses[measure], taken, free = cursor.fetchone()
        others = houses["places"] - houses[measure]
        for one in indicators:
            if one.measure == measure:
                raw[one.code] = {("taken",): int(taken), ("free",): int(free)}
                if houses[measure] < FEWEST_HOUSES or 0 < others < FEWEST_HOUSES:
                    few.append(one.code)
    return few


_COVERAGE = """
SELECT office.type, count(*), count(*) FILTER (WHERE reported) FROM (
    SELECT type, EXISTS (
        SELECT 1 FROM cases_case WHERE started_organisation_id = organisation.id AND started_at >= %(first)s
            AND started_at < %(end)s AND subject <> ALL (%(invented)s::uuid[])
    ) AS reported, EXISTS (
        SELECT 1 FROM access_membership WHERE organisation_id = organisation.id AND from_at < %(end)s
            AND (until_at IS NULL OR until_at >= %(first)s) AND role IN ('first_responder', 'hotline_operator')
    ) AS could
    FROM access_organisation organisation
) office WHERE could OR reported GROUP BY office.type ORDER BY office.type
"""


def _coverage(cursor: Any, parameters: Mapping[str, Any]) -> tuple[Reporting, ...]:
    """Who could have reported, and who did: organisations with first responders or a case of the period."""
    cursor.execute(_COVERAGE, parameters)
    return tuple(Reporting(*row) for row in cursor.fetchall())


# --- into tables ----------------------------------------------------------------------------------------------


def _table(register: Register, one: Indicator, raw: Mapping[str, Raw]) -> Table:
    dimensions = register.dimensions(one)
    if one.room:
        return _filled(one, dimensions, Cell(None, "not_collected"))
    folded: Counter[tuple[str, ...]] = Counter()
    counted_already = one.measure in ("persons", "forms", "places")
    for key, n in raw[one.code].items():
        folded[key if counted_already else _folded(register, one, key)] += n
    return _filled(one, dimensions, Cell(0, "counted"), {key: Cell(n, "counted") for key, n in folded.items()})


def _folded(register: Register, one: Indicator, key: tuple[Any, ...]) -> tuple[str, ...]:
    names = zip(one.dimensions, key, strict=True)
    # No answer yet is a band of its own, and not an unknown one.
    return tuple(
        "unanswered" if name == "wait" and value is None else register.divisions[name].falls(value)
        for name, value in names
    )


def _quality(register: Register, one: Indicator, told: _Told) -> Table:
    cells: dict[tuple[str, ...], Cell] = {}
    for name, known in told.known.items():
        cells[(name, "known")] = Cell(known, "counted")
        cells[(name, "unknown")] = Cell(told.persons - known, "counted")
    return _filled(one, register.dimensions(one), Cell(0, "counted"), cells)


def _filled(
    one: Indicator,
    dimensions: tuple[Dimension, ...],
    empty: Cell,
    cells: Mapping[tuple[str, ...], Cell] | None = None,
) -> Table:
    """Every combination of categories has a cell. A key outside of them is a fault of the register, not a zero."""
    keys: list[tuple[str, ...]] = [()]
    for dimension in dimensions:
        keys = [(*key, category) for key in keys for category in dimension.categories]
    found = dict(cells or {})
    if strange := set(found) - set(keys):
        raise ValueError(f"{one.code} has no category for {sorted(strange)}")
    return Table(one.code, one.unit, dimensions, {key: found.get(key, empty) for key in keys})
