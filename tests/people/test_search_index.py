"""The index finds who is meant, keeps nothing of those removed, and is quick enough to be used."""

import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spean.lib.identifiers import new_code
from spean.people.matching import LIKELY, Details
from spean.people.search_index import SearchIndex
from tests.bench.made_up_people import corrupt, mistype, persons, respell

COUNT = 3_000


@pytest.fixture(scope="module")
def people() -> list[Details]:
    return list(persons(COUNT, seed=11))


@pytest.fixture(scope="module")
def full(people: list[Details]) -> SearchIndex:
    index = SearchIndex()
    for number, person in enumerate(people):
        index.add(str(number), person)
    return index


def ids(found: list) -> list[str]:
    return [one.person_id for one in found]


def test_corrupted_persons_are_among_the_first_twenty(full: SearchIndex, people: list[Details]) -> None:
    chance = random.Random(5)
    asked = chance.sample(range(COUNT), 300)
    found = sum(str(number) in ids(full.candidates(corrupt(people[number], chance), 20)) for number in asked)
    assert found / len(asked) >= 0.95


def test_respelled_names_are_among_the_first_twenty(full: SearchIndex, people: list[Details]) -> None:
    chance = random.Random(6)
    asked = chance.sample(range(COUNT), 300)
    hits = 0
    for number in asked:
        family, given_name = people[number].family_name, people[number].given_name
        text = f"{respell(family, chance, 1)} {respell(given_name, chance, 1)}"
        hits += str(number) in ids(full.find_by_name(mistype(text, chance) if chance.random() < 0.15 else text, 20))
    assert hits / len(asked) >= 0.95


def test_newcomers_seldom_meet_a_stranger(full: SearchIndex) -> None:
    shown = [len(full.candidates(person, 20)) for person in persons(200, seed=99)]
    assert sum(shown) / len(shown) < 1


DARA = Details(
    family_name="Sok", given_name="Dara", name_km="សុខ ដារ៉ា", other_names=("Mao Pov",), sex="female", birth_year=1999,
    phone="012 345 678", document_number="N 0123-456", mother_name="Chan Bopha",
)  # fmt: skip


class TestOnePerson:
    @pytest.fixture
    def index(self) -> SearchIndex:
        index = SearchIndex()
        index.add("dara", DARA, "P-7K4D-92XM")
        return index

    @pytest.mark.parametrize(
        "text",
        [
            "Sok Dara", "dara sok", "DARA", "Sokh", "សុខ", "ដារ៉ា សុខ", "សុខដារ៉ា", "sokdara", "So kdara", "Mao", "mao pov",
            "Ms Sok Dara", "012345678", "+855 12 345 678", "n0123456", "Dara, Sok", "Dalra",
        ],
    )  # fmt: skip
    def test_is_found_by(self, index: SearchIndex, text: str) -> None:
        assert ids(index.find_by_name(text)) == ["dara"]

    @pytest.mark.parametrize("text", ["", "  ", "!!", "Vuthy", "ចាន់", "99", "012345679", "\x00", "Chan Bopha"])
    def test_is_not_found_by(self, index: SearchIndex, text: str) -> None:
        assert index.find_by_name(text) == []

    def test_is_found_by_her_code_however_typed(self, index: SearchIndex) -> None:
        code = new_code("P")
        index.add("coded", Details(given_name="Nobody"), code)
        for typed in (code, code.lower(), code.replace("-", " ")):
            (found,) = index.find_by_name(typed)
            assert found.person_id == "coded"
            assert found.reasons == ("same_code",)

    def test_is_a_candidate_by_phone_or_paper_alone(self, index: SearchIndex) -> None:
        for asked in (Details(phone="012345678"), Details(document_number="N0123456")):
            assert ids(index.candidates(asked)) == ["dara"]

    def test_is_a_candidate_under_a_false_name_by_mother_and_birth(self, index: SearchIndex) -> None:
        asked = Details(given_name="Nary", birth_year=1999, mother_name="Chann Bupha", sex="female")
        assert ids(index.candidates(asked, minimum=0)) == ["dara"]

    def test_nothing_known_finds_nobody(self, index: SearchIndex) -> None:
        assert index.candidates(Details()) == []
        assert index.candidates(Details(sex="female", birth_year=1999)) == []

    def test_is_replaced_and_removed_wholly(self, index: SearchIndex) -> None:
        index.add("dara", Details(given_name="Vuthy"))
        assert index.find_by_name("Sok Dara") == []
        assert index.find_by_name("P-7K4D-92XM") == []
        assert index.candidates(Details(phone="012345678")) == []
        assert ids(index.find_by_name("Vuthy")) == ["dara"]
        index.remove("dara")
        index.remove("dara")
        assert len(index) == 0
        assert "dara" not in index
        assert index.find_by_name("Vuthy") == []

    def test_leaves_no_trace_in_memory(self, index: SearchIndex) -> None:
        index.find_by_name("Sok Dara")
        index.remove("dara")
        assert "dara" not in everything_in(index)
        assert "sok" not in everything_in(index)

    def test_agrees_better_than_a_namesake(self, index: SearchIndex) -> None:
        index.add("namesake", Details(family_name="Sok", given_name="Dara", sex="female", birth_year=1998))
        found = index.candidates(DARA)
        assert ids(found)[0] == "dara"
        assert found[0].score > LIKELY


def everything_in(thing: object, depth: int = 8) -> set[str]:
    """Every text reachable from an object."""
    if isinstance(thing, str):
        return {thing}
    if depth == 0 or isinstance(thing, int | float | bytes) or thing is None:
        return set()
    if isinstance(thing, dict):
        parts = [*thing.keys(), *thing.values()]
    elif isinstance(thing, list | tuple | set | frozenset):
        parts = list(thing)
    elif hasattr(thing, "__dict__"):
        parts = list(vars(thing).values())
    else:
        parts = [getattr(thing, name) for name in getattr(thing, "__slots__", ())]
    return set().union(*(everything_in(part, depth - 1) for part in parts)) if parts else set()


SOME = list(persons(12, seed=4))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.none() | st.sampled_from(SOME)), max_size=25))
def test_any_sequence_of_changes_ends_like_a_fresh_start(changes: list[tuple[int, Details | None]]) -> None:
    index, there = SearchIndex(), {}
    for number, person in changes:
        if person is None:
            index.remove(str(number))
            there.pop(str(number), None)
        else:
            index.add(str(number), person)
            there[str(number)] = person
    fresh = SearchIndex()
    for name, person in there.items():
        fresh.add(name, person)
    assert len(index) == len(there)
    for person in SOME[:5]:
        assert index.candidates(person, minimum=0) == fresh.candidates(person, minimum=0)
        text = f"{person.family_name} {person.given_name}"
        assert index.find_by_name(text) == fresh.find_by_name(text)


def test_the_order_of_filling_does_not_matter(people: list[Details]) -> None:
    few = people[:200]
    forward, backward = SearchIndex(), SearchIndex()
    for number, person in enumerate(few):
        forward.add(f"{number:04}", person)
    for number, person in reversed(list(enumerate(few))):
        backward.add(f"{number:04}", person)
    for person in few[:40]:
        assert forward.candidates(person) == backward.candidates(person)


def test_the_helper_sees_into_the_index() -> None:
    index = SearchIndex()
    index.add("dara", DARA)
    assert sys.intern("sok") in everything_in(index)
