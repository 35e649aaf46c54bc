"""Counting: persons once, whoever is invented not at all, every combination there, nothing missing made zero."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spean.access.models import Membership
from spean.cases.models import Case, Suspect, Task
from spean.detection import arrivals
from spean.detection.models import Arrival, Screening
from spean.lib import clock
from spean.oversight.planting import plant_canary
from spean.people.models import Person, PossibleMatch
from spean.privacy import canaries
from spean.protection.models import Need
from spean.referral.models import Referral
from spean.statistics import measures
from spean.statistics.measures import Bounds
from spean.statistics.tables import Cell
from tests import steps
from tests.cast import Cast
from tests.detection import filling
from tests.oversight.conftest import INVENTED
from tests.statistics.conftest import HALF, WHEN, YEAR, a_person, an_episode, counted, table, total, undecided

WOMAN = ("presumed_victim", "female", "18_over")


class TestPersons:
    def test_one_person_is_one(self, cast: Cast) -> None:
        an_episode(cast, a_person(cast))
        assert table("persons")[WOMAN] == Cell(1, "counted")
        assert total("persons") == total("persons_nationality") == total("persons_province") == 1

    def test_two_episodes_of_one_person_are_one_person(self, cast: Cast) -> None:
        person = a_person(cast)
        an_episode(cast, person)
        an_episode(cast, person, started_at=WHEN + timedelta(days=40))
        assert total("persons") == 1

    def test_records_decided_to_be_the_same_are_one_person(self, cast: Cast) -> None:
        first = a_person(cast)
        second = a_person(cast, same_as=first)
        third = a_person(cast, same_as=second)  # pointers form chains
        for person in (first, second, third):
            an_episode(cast, person)
        assert total("persons") == 1
        assert counted().bounds == Bounds(1, 1)

    def test_without_a_record_each_case_is_a_person(self, cast: Cast) -> None:
        an_episode(cast, None)
        an_episode(cast, None)
        an_episode(cast, a_person(cast))
        assert total("persons") == 3
        assert counted().bounds == Bounds(1, 3)

    def test_open_matches_lower_the_bound_and_not_the_count(self, cast: Cast) -> None:
        people = [a_person(cast) for _ in range(4)]
        cases = [an_episode(cast, person) for person in people]
        undecided(cast, cases[0], people[0], people[1])
        unsure = undecided(cast, cases[1], people[1], people[2])
        PossibleMatch.objects.filter(pk=unsure.pk).update(status="unsure", decided_at=WHEN, decided_by=cast.manager)
        undecided(cast, cases[2], people[2], people[0])  # closes a circle: no further person less
        assert total("persons") == 4
        assert counted().bounds == Bounds(2, 4)

    def test_a_match_with_somebody_outside_the_period_changes_nothing(self, cast: Cast) -> None:
        inside, outside = a_person(cast), a_person(cast)
        case = an_episode(cast, inside)
        an_episode(cast, outside, started_at=WHEN - timedelta(days=400))
        undecided(cast, case, inside, outside)
        assert counted().bounds == Bounds(1, 1)

    def test_identified_in_any_episode_is_identified(self, cast: Cast) -> None:
        person = a_person(cast)
        an_episode(cast, person)
        an_episode(cast, person, legal="identified_victim", started_at=WHEN + timedelta(days=1))
        assert table("persons")[("identified_victim", "female", "18_over")].value == 1
        assert total("persons") == 1

    def test_only_presumed_and_identified_are_counted(self, cast: Cast) -> None:
        an_episode(cast, a_person(cast), legal="not_assessed")
        assert total("persons") == 0

    @pytest.mark.parametrize(
        ("age", "disputed", "band"),
        [
            (14, False, "0_14"), (15, False, "15_17"), (17, False, "15_17"), (18, False, "18_over"), (None, False, "unknown"),
            (19, True, "presumed_child"), (None, True, "presumed_child"), (12, True, "0_14"),
        ],
    )  # fmt: skip
    def test_ages(self, cast: Cast, age: int | None, disputed: bool, band: str) -> None:
        an_episode(cast, a_person(cast), age_at_screening=age, age_disputed=disputed)
        assert table("persons")[("presumed_victim", "female", band)].value == 1

    def test_what_is_not_known_has_a_category_of_its_own(self, cast: Cast) -> None:
        an_episode(
            cast, None, sex="", nationality="", detected_province="", detection_context="", exploitation_forms=[]
        )
        assert table("persons")[("presumed_victim", "unknown", "18_over")].value == 1
        assert table("persons_nationality")[("unknown",)].value == 1
        assert table("persons_province")[("unknown",)].value == 1
        assert table("persons_source")[("unknown",)].value == 1
        assert table("forms")[("unknown", "unknown", "18_over")].value == 1

    def test_a_rare_nationality_is_another_one(self, cast: Cast) -> None:
        an_episode(cast, a_person(cast, nationality="ISL"))
        assert table("persons_nationality")[("other",)].value == 1

    def test_the_day_ends_at_midnight_in_the_country(self, cast: Cast) -> None:
        an_episode(cast, a_person(cast), started_at=datetime(2025, 12, 31, 17, 0, tzinfo=UTC))  # 1 January, 00:00
        an_episode(cast, a_person(cast), started_at=datetime(2025, 12, 31, 16, 59, tzinfo=UTC))
        assert total("persons") == 1

    def test_every_combination_has_a_cell(self, cast: Cast) -> None:
        cells = table("persons")
        assert len(cells) == 2 * 6 * 5
        assert set(cells.values()) == {Cell(0, "counted")}

    def test_who_was_erased_still_counts(self, cast: Cast) -> None:
        case = an_episode(cast, a_person(cast))
        Case.objects.filter(pk=case.pk).update(erased_at=clock.now())
        assert total("persons") == 1

    def test_an_invented_person_is_in_no_count(self, cast: Cast) -> None:
        """She has a screening, a referral, a deadline: none of it is counted, nor that her organisation reported."""
        case = an_episode(cast, a_person(cast, registered_at=WHEN), started_organisation=cast.org("other_police"))
        Task.objects.create(
            case=case, kind="assess_risk", organisation=cast.org("focal"), role="case_manager", due_at=WHEN
        )
        Need.objects.create(case=case, code="medical", recorded_at=WHEN, recorded_by=cast.manager)
        canaries.mark(case.subject, case.code)
        an_episode(cast, a_person(cast))
        for code, n in (("persons", 1), ("forms", 1), ("clocks", 0), ("needs", 0)):
            assert total(code) == n, code
        assert table("quality")[("sex", "known")].value == 1
        assert sum(one.reported for one in counted().coverage) == 1
        assert counted().bounds == Bounds(1, 1)

    def test_who_was_planted_by_the_auditor_is_found(self, cast: Cast) -> None:
        """By the real verb: were it to take her another way to her registration, she would be counted."""
        planted = plant_canary(cast.auditor, INVENTED, sender=cast.org("border_police"), focal=cast.org("focal"))
        an_episode(cast, a_person(cast))
        assert measures._invented() == [planted.subject]


class TestForms:
    def test_one_person_counts_under_every_form(self, cast: Cast) -> None:
        an_episode(cast, a_person(cast), exploitation_forms=["ForcedLabour", "SexualExploitation"])
        assert table("forms")[("ForcedLabour", "female", "18_over")].value == 1
        assert table("forms")[("SexualExploitation", "female", "18_over")].value == 1
        assert total("persons") == 1

    def test_forms_of_all_episodes_are_joined(self, cast: Cast) -> None:
        person = a_person(cast)
        an_episode(cast, person, exploitation_forms=["ForcedLabour"])
        an_episode(cast, person, exploitation_forms=["ForcedLabour", "Servitude"], started_at=WHEN + timedelta(days=1))
        an_episode(cast, person, exploitation_forms=[], started_at=WHEN + timedelta(days=2))
        assert total("forms") == 2


class TestOtherUnits:
    def test_referrals_are_not_persons(self, cast: Cast) -> None:
        case = an_episode(cast, a_person(cast))
        for organisation in ("focal", "other_focal"):
            Referral.objects.create(
                case=case, kind="focal", from_organisation=cast.org("border_police"), sent_by=cast.screener, sent_at=WHEN,
                to_organisation=cast.org(organisation), sections=[],
            )  # fmt: skip
        assert table("referrals")[("focal", "waiting")].value == 2
        assert total("persons") == 1

    def test_waiting_is_told_in_days(self, cast: Cast) -> None:
        service = steps.service(cast)
        for days, band in ((0, "1_day"), (2, "3_days"), (7, "7_days"), (30, "longer"), (None, "unanswered")):
            case = an_episode(cast, a_person(cast))
            sent = Referral.objects.create(
                case=case, kind="service", from_organisation=cast.org("focal"), sent_by=cast.manager, sent_at=WHEN,
                to_organisation=cast.org("shelter"), service=service, sections=[],
            )  # fmt: skip
            if days is not None:
                Referral.objects.filter(pk=sent.pk).update(
                    status="accepted", responded_at=WHEN + timedelta(days=days, hours=1), responded_by=cast.provider
                )
            assert table("waiting")[("counselling_trauma", band)].value == 1, days

    def test_unmet_need_and_its_reason(self, cast: Cast) -> None:
        case = an_episode(cast, a_person(cast))
        need = Need.objects.create(case=case, code="shelter", recorded_at=WHEN, recorded_by=cast.manager)
        Need.objects.filter(pk=need.pk).update(status="unmet", unmet_reason="no_free_place")
        assert table("needs")[("shelter", "unmet")].value == 1
        assert table("unmet")[("no_free_place",)].value == total("unmet") == 1

    def test_deadlines_kept_and_missed(self, cast: Cast) -> None:
        case = an_episode(cast, a_person(cast))
        day = timedelta(days=1)
        for done, expected in ((WHEN - day, "in_time"), (WHEN + day, "late"), (None, "overdue")):
            Task.objects.create(
                case=case, kind="assess_risk", organisation=cast.org("focal"), role="case_manager", due_at=WHEN, done_at=done,
            )  # fmt: skip
            assert table("clocks")[("assess_risk", expected)].value == 1
        with clock.travel(WHEN - day):
            assert table("clocks")[("assess_risk", "not_due")].value == 1

    def test_a_deadline_that_has_no_line_of_its_own_is_another_one(self, cast: Cast) -> None:
        case = an_episode(cast, a_person(cast))
        Task.objects.create(
            case=case, kind="attend_conference", organisation=cast.org("focal"), role="case_manager", due_at=WHEN
        )
        assert table("clocks")[("other", "overdue")].value == 1

    def test_screenings_are_events(self, cast: Cast) -> None:
        case = an_episode(cast, a_person(cast))
        for _ in range(2):
            Screening.objects.create(
                case=case, instrument="ilo_2009", instrument_version="1", exploitation="labour", result="presumed_victim",
                started_at=WHEN, completed_at=WHEN, screener=cast.screener, organisation=cast.org("border_police"),
            )  # fmt: skip
        assert table("screenings")[("presumed_victim", "border")].value == 2

    def test_who_came_on_a_bus_and_was_not_asked_is_counted_too(self, cast: Cast) -> None:
        arrivals.receive(cast.screener, filling.a_bus())
        Arrival.objects.update(listed_at=WHEN)
        before = {key: cell.value for key, cell in table("arrivals").items()}
        row = Arrival.objects.get()
        assert before == {
            ("first",): row.first, ("today",): row.later_today, ("no_sign",): row.asked - row.first - row.later_today,
            ("not_asked",): row.on_board - row.asked,
        }  # fmt: skip
        assert sum(value or 0 for value in before.values()) == row.on_board > row.asked > 0
        # Whoever comes first without having been asked is no negative number elsewhere.
        Arrival.objects.update(asked=0, first=2, later_today=1)
        assert [table("arrivals")[(code,)].value for code in ("first", "today", "no_sign", "not_asked")] == [2, 1, 0, 2]
        # What a phone sent in another period is of that one.
        Arrival.objects.update(listed_at=WHEN - timedelta(days=400))
        assert {cell.value for cell in table("arrivals").values()} == {0}

    def test_suspects_are_entries(self, cast: Cast) -> None:
        for _ in range(2):
            Suspect.objects.create(
                case=an_episode(cast, a_person(cast)), role="broker", recorded_at=WHEN, recorded_by=cast.manager,
                recorded_organisation=cast.org("focal"),
            )  # fmt: skip
        assert table("suspects")[("broker", "recorded")].value == 2

    def test_how_full_one_house_is_is_withheld(self, cast: Cast) -> None:
        for _ in range(2):
            steps.service(cast, residential=True)
        assert counted().withheld == {"places", "places_men"}
        steps.service(cast, residential=True)
        assert counted().withheld == frozenset()
        assert table("places")[("taken",)].value == 21

    def test_places_that_take_men_are_told_and_never_a_house_or_two_by_subtraction(self, cast: Cast) -> None:
        for sexes, oldest in ((["male"], None), (["male", "female"], 18), ([], None)):
            steps.service(cast, residential=True, sexes=sexes, maximum_age=oldest)
        assert counted().withheld == frozenset()
        assert table("places_men")[("taken",)].value == 21
        for sexes, oldest in ((["female"], None), (["male"], 17)):
            steps.service(cast, residential=True, sexes=sexes, maximum_age=oldest)
            # From all places less these, the one or two others could be read.
            assert counted().withheld == {"places_men"}
        steps.service(cast, residential=True, sexes=["female"])
        assert counted().withheld == frozenset()
        assert table("places_men")[("taken",)].value == 21
        assert table("places")[("taken",)].value == 42


class TestNotCollected:
    def test_what_no_room_records_is_not_zero(self, cast: Cast) -> None:
        for code in ("justice_funnel", "returns", "reintegration", "convictions", "ncct_cases", "sdg_16_2_2_rate"):
            assert set(table(code).values()) == {Cell(None, "not_collected")}, code


class TestCoverage:
    def test_who_could_report_and_who_did(self, cast: Cast) -> None:
        Membership.objects.update(from_at=WHEN - timedelta(days=300))
        before = {one.kind: one for one in counted().coverage}
        assert before["police"].reported == 0
        an_episode(cast, a_person(cast))
        after = {one.kind: one for one in counted().coverage}
        assert (after["police"].organisations, after["police"].reported) == (before["police"].organisations, 1)
        assert "court" not in after  # nobody screens there

    def test_completeness_is_counted_for_each_fact(self, cast: Cast) -> None:
        an_episode(cast, a_person(cast, sex="unknown"), age_at_screening=None, exploitation_forms=[])
        an_episode(cast, a_person(cast))
        for name in ("sex", "age", "form"):
            assert table("quality")[(name, "known")].value == 1, name
            assert table("quality")[(name, "unknown")].value == 1, name
        assert table("quality")[("province", "unknown")].value == 0


# --- properties ---------------------------------------------------------------------------------------------

PEOPLE = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from(["female", "male"]), st.integers(0, 200)), min_size=1, max_size=14
)  # fmt: skip
QUIET = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def write(cast: Cast, rows: list[tuple[int, str, int]]) -> dict[int, Person]:
    """Rows (person, sex, day) as episodes of that many linked people."""
    PossibleMatch.objects.all().delete()
    Case.objects.all().delete()
    Person.objects.update(same_as=None)
    Person.objects.all().delete()
    people: dict[int, Person] = {}
    for who, sex, day in rows:
        if who not in people:
            people[who] = a_person(cast, sex=sex)
        an_episode(cast, people[who], started_at=datetime(2026, 1, 2, tzinfo=UTC) + timedelta(days=day % 170))
    return people


def snapshot() -> Any:
    found = counted()
    persons = [one for one in found.tables if one.unit in ("person", "person_form", "record")]
    return {one.name: dict(one.cells) for one in persons}, found.bounds, found.coverage


@QUIET
@given(rows=PEOPLE, seed=st.integers(0, 9))
def test_counts_do_not_depend_on_the_order_of_records(cast: Cast, rows: list[Any], seed: int) -> None:
    facts = {who: sex for who, sex, _day in reversed(rows)}
    rows = [(who, facts[who], day) for who, _sex, day in rows]
    write(cast, rows)
    first = snapshot()
    random.Random(seed).shuffle(rows)
    write(cast, rows)
    assert snapshot() == first
    assert sum(cell.value or 0 for cell in first[0]["persons"].values()) == len(facts)


@QUIET
@given(rows=PEOPLE, place=st.integers(0, 13), of_second=st.booleans())
def test_a_duplicate_changes_no_count_of_persons_once_it_is_linked(
    cast: Cast, rows: list[Any], place: int, of_second: bool
) -> None:
    people = write(cast, rows)
    before = total("persons"), counted().bounds
    root = people[rows[place % len(rows)][0]]
    copy = a_person(cast, sex=root.sex)
    case = an_episode(cast, copy, started_at=WHEN)
    assert total("persons") == before[0] + 1
    match = undecided(cast, case, copy, root)
    assert counted().bounds == Bounds(before[1].low, before[1].high + 1)
    # Linked either way round, and through another record.
    if of_second:
        copy.same_as = a_person(cast, same_as=root)
    else:
        copy.same_as = root
    copy.save()
    match.delete()
    Person.objects.filter(pk=copy.pk).update(same_as=copy.same_as)
    assert (total("persons"), counted().bounds) == before


def test_a_period_is_whole_days() -> None:
    assert YEAR.starts_at.isoformat() == "2026-01-01T00:00:00+07:00"
    assert HALF.ends_at.isoformat() == "2026-07-01T00:00:00+07:00"
    assert measures.Period(date(2026, 1, 1), date(2026, 1, 1)).ends_at - YEAR.starts_at == timedelta(days=1)
