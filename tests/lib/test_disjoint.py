"""Sets that grow together by pairs."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spean.lib.disjoint import Sets

PLACES = st.integers(0, 12)


def test_the_lowest_stands_for_its_set_and_whoever_was_not_joined_for_himself() -> None:
    sets = Sets[int]()
    assert sets.join(7, 5)
    assert sets.join(9, 7)
    assert [sets.find(one) for one in (5, 7, 9, 8)] == [5, 5, 5, 8]


def test_joining_tells_whether_they_were_two() -> None:
    sets = Sets[UUID]()
    one, other, third = (UUID(int=number) for number in (1, 2, 3))
    assert [sets.join(one, other), sets.join(other, third), sets.join(third, one), sets.join(one, one)] == [
        True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("backwards", [False, True])
def test_a_long_chain_is_one_set(backwards: bool) -> None:
    sets = Sets[int]()
    for place in sorted(range(5_000), reverse=backwards):
        sets.join(place, place + 1)
    assert {sets.find(place) for place in range(5_001)} == {0}


@given(pairs=st.lists(st.tuples(PLACES, PLACES)))
def test_the_sets_are_those_that_walking_along_the_pairs_finds(pairs: list[tuple[int, int]]) -> None:
    sets = Sets[int]()
    for one, other in pairs:
        sets.join(one, other)
    reached = {place: {place} for place in range(13)}
    for _ in range(13):
        for one, other in pairs:
            reached[one] |= reached[other]
            reached[other] |= reached[one]
    assert [sets.find(place) for place in range(13)] == [min(reached[place]) for place in range(13)]
