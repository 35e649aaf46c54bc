"""Rows to be counted, written directly: what a verb would do to them is tested in their own rooms."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from spean.access import roles
from spean.access.models import Membership, User
from spean.cases.models import Case
from spean.lib.identifiers import new_code
from spean.people.models import Person, PossibleMatch
from spean.statistics import actions, measures, queries
from spean.statistics.indicators import register
from spean.statistics.models import Edition, EditionTable
from spean.statistics.tables import Cell
from tests.cast import Cast

WHEN = datetime(2026, 3, 10, 3, tzinfo=UTC)
HALF = measures.Period(date(2026, 1, 1), date(2026, 6, 30))
FIRST = date(2026, 1, 1)
YEAR = measures.Period(date(2026, 1, 1), date(2026, 12, 31))


def a_person(cast: Cast, **facts: Any) -> Person:
    base: dict[str, Any] = {"sex": "female", "nationality": "KHM"}
    person = Person(
        subject=uuid4(), code=new_code("P"), registered_by=cast.manager, registered_organisation=cast.org("focal"), **{**base, **facts}
    )  # fmt: skip
    person.save(force_insert=True)
    return person


def an_episode(cast: Cast, person: Person | None = None, *, legal: str = "presumed_victim", **facts: Any) -> Case:
    base: dict[str, Any] = {
        "sex": "female", "nationality": "KHM", "age_at_screening": 20, "detected_province": "01", "detection_context": "border",
        "exploitation_forms": ["ForcedLabour"], "started_at": WHEN, "started_by": cast.screener,
        "started_organisation": cast.org("border_police"),
    }  # fmt: skip
    case = Case(subject=uuid4(), code=new_code("C"), person=person, **{**base, **facts})
    case.save(force_insert=True)
    for state in ("presumed_victim", "identified_victim"):
        if legal == "not_assessed":
            break
        Case.objects.filter(pk=case.pk).update(legal_status=state)
        if state == legal:
            break
    return case


def undecided(cast: Cast, case: Case, one: Person, other: Person) -> PossibleMatch:
    match = PossibleMatch(case=case, person=one, other=other, score=0.9, created_by=cast.manager)
    match.save(force_insert=True)
    return match


def counted(period: measures.Period = HALF) -> measures.Counted:
    return measures.count(register(), period)


def table(code: str, period: measures.Period = HALF) -> dict[tuple[str, ...], Cell]:
    return next(dict(one.cells) for one in counted(period).tables if one.name == code)


def total(code: str, period: measures.Period = HALF) -> int:
    return sum(cell.value or 0 for cell in table(code, period).values())


def drafted(user: User, span: str, first: date, **more: Any) -> Edition:
    """An edition asked for, and counted as the worker does it."""
    edition = actions.draft_edition(user, span, first, **more)
    actions.count_edition(edition)
    assert edition.fault == ""
    return edition


def published(cast: Cast, second: User, span: str = "half", first: date = FIRST, **more: Any) -> Edition:
    edition = drafted(cast.statistician, span, first, **more)
    actions.check_edition(cast.statistician, edition)
    return actions.publish_edition(second, edition)


def few(cast: Cast, **facts: Any) -> None:
    """Six persons in each of three provinces: too few to be printed, and enough together to hide each other."""
    for province in ("07", "08", "09"):
        for _ in range(6):
            an_episode(cast, a_person(cast, **facts), detected_province=province)


def cells(edition: Edition, code: str) -> dict[tuple[str, ...], Cell]:
    return queries.cells_of(EditionTable.objects.get(edition=edition, indicator=code).content)


@pytest.fixture
def second_officer(cast: Cast) -> User:
    """A colleague of the statistics officer."""
    user = User.objects.create_user("second@example.org", "Second Officer", None)
    Membership.objects.create(user=user, organisation=cast.org("secretariat"), role=roles.STATISTICS_OFFICER)
    return user


Many = Callable[..., None]


@pytest.fixture
def many(cast: Cast) -> Many:
    """Enough people for numbers to be printed: so many of each sex, aged 20, in a province."""

    def make(n: int = 12, *, sexes: tuple[str, ...] = ("female", "male"), **facts: Any) -> None:
        for sex in sexes:
            for _ in range(n):
                an_episode(cast, a_person(cast, sex=sex), **{"sex": sex, **facts})

    return make
