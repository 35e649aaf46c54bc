"""What holds of the ranking whatever is put in: nobody lost, nothing impossible above something possible."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spean.referral import rules
from spean.referral.rules import PersonFacts, rank
from tests.referral.test_rules import PROVINCES, Offer

SEX = st.sampled_from(
    ["", "unknown", "female", "male", "transgender_feminine", "transgender_masculine", "nonconforming"]
)
SPOKEN = st.sampled_from([(), ("km",), ("vi",), ("km", "vi"), ("th",)])
FORM = st.sampled_from([(), ("ForcedLabour",), ("SexualExploitation", "Servitude")])
PLACE = st.sampled_from(["", *PROVINCES, "99"])
MAYBE = st.sampled_from([None, True, False])


def person(ages: tuple[int, int] | None, **facts: Any) -> PersonFacts:
    youngest, oldest = (ages[0], ages[0] + ages[1]) if ages else (None, None)
    return PersonFacts(youngest=youngest, oldest=oldest, **facts)


def offer(ages: tuple[int, int, int], places: tuple[int, int] | None, **facts: Any) -> Offer:
    low, span, open_ends = ages
    return Offer(
        minimum_age=low if open_ends & 1 else None,
        maximum_age=low + span if open_ends & 2 else None,
        capacity_maximum=places[0] + places[1] if places else None,
        capacity_available=places[0] if places else None,
        **{name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()},
    )


people = st.builds(
    person,
    st.none() | st.tuples(st.integers(0, 70), st.integers(0, 2)),
    treated_as_child=st.booleans(), sex=SEX, nationality=st.sampled_from(["", "KHM", "VNM"]), languages=SPOKEN,
    exploitation_forms=FORM, disability=st.sampled_from([(), ("walking",), ("none",)]), has_documents=MAYBE,
    province=PLACE, risk_level=st.sampled_from(["", "low", "high", "unknown"]),
)  # fmt: skip
offers = st.builds(
    offer,
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 3)),
    st.none() | st.tuples(st.integers(0, 5), st.integers(0, 5)),
    sexes=st.sampled_from([(), ("female",), ("male",), ("female", "transgender_feminine"), ("nonconforming",)]),
    nationalities=st.sampled_from([(), ("KHM",)]), languages=SPOKEN, exploitation_forms=FORM,
    disability_access=st.booleans(), needs_documents=st.booleans(), residential=st.booleans(),
    province=st.sampled_from([*PROVINCES, "99"]), provinces_served=st.sampled_from([(), ("01",), ("12", "17")]),
    meets_minimum_standards=MAYBE,
)  # fmt: skip
MOST = 4
several = st.lists(offers, max_size=MOST)
days_ago = st.lists(st.none() | st.integers(0, 30), min_size=MOST, max_size=MOST)
some = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def ranked(person: PersonFacts, services: list[Offer], days: list[int | None]) -> list[rules.Match]:
    return rank(person, services, provinces=PROVINCES, capacity_days=dict(enumerate(days)))


@some
@given(people, several, days_ago)
def test_nothing_impossible_stands_above_something_possible(
    person: PersonFacts, services: list[Offer], days: list[int | None]
) -> None:
    found = ranked(person, services, days)
    assert [one.eligible for one in found] == sorted((one.eligible for one in found), reverse=True)
    assert all(one.eligible == (not one.obstacles) for one in found)


@some
@given(people, several, days_ago)
def test_nobody_is_left_out_without_a_word(person: PersonFacts, services: list[Offer], days: list[int | None]) -> None:
    found = ranked(person, services, days)
    assert sorted(map(id, services)) == sorted(id(one.service) for one in found)
    assert all(one.eligible or one.obstacles for one in found)


@some
@given(people, several, days_ago, st.randoms(use_true_random=False))
def test_the_order_handed_in_decides_between_equals_only(
    person: PersonFacts, services: list[Offer], days: list[int | None], rng: Any
) -> None:
    order = list(range(len(services)))
    rng.shuffle(order)
    one = ranked(person, services, days)
    other = ranked(person, [services[place] for place in order], [days[place] for place in order])
    assert [(found.group, found.score) for found in one] == [(found.group, found.score) for found in other]
    placed = {id(found.service): (found.group, found.score, found.obstacles, found.to_ask) for found in one}
    assert all(
        placed[id(found.service)] == (found.group, found.score, found.obstacles, found.to_ask) for found in other
    )


@some
@given(people, several, days_ago)
def test_an_institution_is_last_among_what_fits_unless_the_risk_is_high(
    person: PersonFacts, services: list[Offer], days: list[int | None]
) -> None:
    fitting = [one.service.residential for one in ranked(person, services, days) if one.eligible]
    if person.risk_level != "high":
        assert fitting == sorted(fitting)


@some
@given(offers)
def test_of_somebody_of_whom_nothing_is_known_only_a_full_house_is_known(service: Offer) -> None:
    found = rules.match(PersonFacts(), service, provinces=PROVINCES, capacity_age=0)
    assert {obstacle.code for obstacle in found.obstacles} <= {"no_free_place"}


@some
@given(people, offers, st.none() | st.integers(0, 60))
def test_a_possible_child_never_fits_among_adults(person: PersonFacts, service: Offer, days: int | None) -> None:
    found = rules.match(person, service, provinces=PROVINCES, capacity_age=days)
    if person.treated_as_child and (service.minimum_age or 0) >= rules.ADULT:
        assert not found.eligible


@some
@given(people, offers, st.none() | st.integers(0, 60))
def test_another_free_place_never_makes_a_service_worse(person: PersonFacts, service: Offer, days: int | None) -> None:
    if service.capacity_maximum is None or service.capacity_available == service.capacity_maximum:
        return
    before = rules.match(person, service, provinces=PROVINCES, capacity_age=days)
    assert service.capacity_available is not None
    service.capacity_available += 1
    after = rules.match(person, service, provinces=PROVINCES, capacity_age=days)
    assert (not after.eligible, after.group, -after.score) <= (not before.eligible, before.group, -before.score)
