"""The one statement against a count that a beginner could write: person by person, on invented rows of every kind."""

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory

from spean.access.models import Membership
from spean.cases.models import Case, Task
from spean.people.models import Person, PossibleMatch
from spean.privacy.rows import OwnRows
from spean.statistics.indicators import Division, register
from spean.statistics.measures import Bounds
from tests.cast import Cast
from tests.statistics.conftest import WHEN, a_person, an_episode, counted, table, undecided

SEXES = ("female", "male", "other", "unknown", "")
COUNTRIES = ("KHM", "VNM", "THA", "ISL", "")
FORMS = ("ForcedLabour", "Servitude", "SexualExploitation", "ForcedBegging")


def write(cast: Cast, rng: random.Random) -> None:
    """60 records, some decided to be the same in chains; 110 episodes, some of nobody and some of another time."""
    offices = [cast.org(name) for name in ("border_police", "focal", "shelter")]
    records: list[Person] = []
    for _ in range(60):
        same = rng.choice(records) if records and rng.random() < 0.3 else None
        records.append(a_person(cast, sex=rng.choice(SEXES), nationality=rng.choice(COUNTRIES), same_as=same))
    cases = [
        an_episode(
            cast, rng.choice(records) if rng.random() < 0.85 else None,
            legal=rng.choice(("presumed_victim", "identified_victim", "not_assessed")),
            sex=rng.choice(SEXES), nationality=rng.choice(COUNTRIES),
            age_at_screening=rng.choice((None, 9, 14, 15, 17, 18, 40)), age_disputed=rng.random() < 0.2,
            detected_province=rng.choice(("01", "12", "")), detection_context=rng.choice(("border", "raid", "")),
            exploitation_forms=[rng.choice(FORMS) for _ in range(rng.randrange(4))],
            # Few different days: which of two episodes of a day is the first has to be decided as well.
            started_at=WHEN + timedelta(days=rng.choice((0, 0, 1, 30, 200))), started_organisation=rng.choice(offices),
        )
        for _ in range(110)
    ]  # fmt: skip
    for _ in range(15):
        one, other = rng.sample(records, 2)
        pair = PossibleMatch.objects.filter(case=cases[0], person=one, other=other)
        if not pair.exists():
            undecided(cast, cases[0], one, other)


def by_hand() -> tuple[dict[str, dict[tuple[str, ...], int]], Bounds]:
    """(every table about persons, by indicator; bounds). One person after the other, in the way that the words say it."""
    root = {one.pk: one for one in Person.objects.all()}

    def stands_for(person: Person) -> Person:
        while person.same_as_id:
            person = root[person.same_as_id]
        return person

    found = Case.objects.filter(
        started_at__gte="2026-01-01T00:00+07:00", started_at__lt="2026-07-01T00:00+07:00",
        legal_status__in=("presumed_victim", "identified_victim"),
    )  # fmt: skip
    episodes: dict[Any, list[Case]] = defaultdict(list)
    for case in found.select_related("person", "started_organisation").order_by("started_at", "pk"):
        episodes[stands_for(case.person).pk if case.person else case.pk].append(case)
    book = register()
    tables: dict[str, Counter[tuple[str, ...]]] = {
        one.code: Counter() for one in book.indicators.values() if one.measure in ("persons", "forms")
    }
    for mine in episodes.values():
        forms: set[str | None] = {form for case in mine for form in case.exploitation_forms}
        for code, cells in tables.items():
            one = book.indicators[code]
            for form in (forms or {None}) if one.measure == "forms" else {None}:
                cells[tuple(_category(book.divisions[name], mine, form) for name in one.dimensions)] += 1
    registered = {who for who, mine in episodes.items() if mine[0].person_id}
    groups = {who: {who} for who in registered}
    for pair in PossibleMatch.objects.filter(status="open"):
        a, b = stands_for(root[pair.person_id]).pk, stands_for(root[pair.other_id]).pk
        if a in groups and b in groups:
            groups[a] |= groups[b]
            for who in groups[a]:
                groups[who] = groups[a]
    merged = len({id(group) for group in groups.values()})
    least = max(merged, 1 if len(episodes) > len(registered) else 0)
    return {code: dict(cells) for code, cells in tables.items()}, Bounds(least, len(episodes))


def _category(division: Division, mine: list[Case], form: str | None) -> str:
    first = mine[0]
    if division.code == "status":
        identified = any(case.legal_status == "identified_victim" for case in mine)
        return "identified_victim" if identified else "presumed_victim"
    if division.code == "age":
        age = first.age_at_screening
        return "presumed_child" if first.age_disputed and (age is None or age >= 18) else division.falls(age)
    said = {
        "sex": (first.person.sex if first.person else "") or first.sex,
        "nationality": (first.person.nationality if first.person else "") or first.nationality,
        "province": first.detected_province, "source": first.detection_context,
        "agency": first.started_organisation.type, "form": form,
    }  # fmt: skip
    return division.falls(said[division.code])


@pytest.mark.parametrize("seed", range(4))
def test_the_statement_counts_what_counting_person_by_person_counts(cast: Cast, seed: int) -> None:
    write(cast, random.Random(seed))
    expected, bounds = by_hand()
    told = counted()
    tables = {one.name: one for one in told.tables}
    for code, cells in expected.items():
        assert {key: cell.value for key, cell in tables[code].cells.items() if cell.value} == cells, code
    assert told.bounds == bounds
    assert sum(expected["persons"].values()) == bounds.high > bounds.low > 10
    assert sum(expected["forms"].values()) > bounds.high


# --- one moment ---------------------------------------------------------------------------------------------


@contextmanager
def while_counting(before: str, then: Any) -> Iterator[list[str]]:
    """Somebody else's work, committed right before the first statement that names a table."""
    done: list[str] = []

    def wrapper(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if before in str(sql) and not done:
            done.append(str(sql))
            thread = threading.Thread(target=_by_itself, args=(then,))
            thread.start()
            thread.join()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield done


def _by_itself(then: Any) -> None:
    try:
        then()
    finally:
        connection.close()


def by_request(cast: Cast) -> Any:
    """As a page counts: every statement carries what its user may see, and comes after that setting."""
    request = RequestFactory().get("/")
    request.user = cast.statistician
    return OwnRows(lambda request: counted())(request)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("count", [lambda cast: counted(), by_request], ids=["by itself", "in a request"])
@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
def test_all_tables_are_of_the_moment_at_which_counting_began(cast: Cast, count: Any) -> None:
    """Deadlines are counted after persons, and coverage last: what is written meanwhile is in none of them."""
    Membership.objects.update(from_at=WHEN - timedelta(days=300))
    first = an_episode(cast, a_person(cast))

    def meanwhile() -> None:
        case = an_episode(cast, a_person(cast), started_organisation=cast.org("other_police"))
        Task.objects.create(
            case=case, kind="assess_risk", organisation=cast.org("focal"), role="case_manager", due_at=WHEN
        )

    Task.objects.create(
        case=first, kind="assess_risk", organisation=cast.org("focal"), role="case_manager", due_at=WHEN
    )
    with while_counting("FROM cases_task", meanwhile) as done:
        told = count(cast)
    assert done
    tables = {one.name: one for one in told.tables}
    assert sum(cell.value or 0 for cell in tables["persons"].cells.values()) == 1
    assert tables["clocks"].cells[("assess_risk", "overdue")].value == 1
    assert sum(one.reported for one in told.coverage) == 1
    assert table("clocks")[("assess_risk", "overdue")].value == 2
