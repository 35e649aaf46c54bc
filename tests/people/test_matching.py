"""What agrees, what does not, and what is not known: the rule table of comparing two persons."""

import random
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from spean.lib.births import read_birth, year_from_age
from spean.linkage import model
from spean.linkage.frequency import Frequencies
from spean.linkage.linking import Scorer
from spean.linkage.records import Gazetteer, Reader
from spean.people import matching
from spean.people.likeness import compare_names, form
from spean.people.matching import LIKELY, POSSIBLE, Details, compare, prepare, weigh
from spean.people.parameters import SHIPPED, Parameters, load, parameters
from spean.people.search_server import CannotStart, check_weights
from tests.bench.made_up_people import PROVINCES, corrupt, persons

DARA = Details(
    family_name="Sok", given_name="Dara", sex="female", birth_date="1999-07-03", birth_year=1999, nationality="KHM",
    birth_province="12", phone="+855 12 345 678", document_number="N 0123-456", mother_name="Chan Bopha",
    father_name="Sok Vuthy",
)  # fmt: skip
NOBODY = Details()


class TestBirth:
    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("1999-07-03", (date(1999, 7, 3), 1999)),
            ("03/07/1999", (date(1999, 7, 3), 1999)),
            ("3.7.1999", (date(1999, 7, 3), 1999)),
            ("25/12/1999", (date(1999, 12, 25), 1999)),
            ("1999-25-12", (date(1999, 12, 25), 1999)),
            ("១៩៩៩-០៧-០៣", (date(1999, 7, 3), 1999)),
            ("2542-07-03", (date(1999, 7, 3), 1999)),
            (date(2542, 7, 3), (date(1999, 7, 3), 1999)),
            ("1999", (None, 1999)),
            ("2542", (None, 1999)),
            ("1999-07", (None, 1999)),
            ("1999-01-01", (None, 1999)),
            ("2543-02-29", (date(2000, 2, 29), 2000)),
            ("1999-02-30", (None, 1999)),
            ("1999-13-13", (None, 1999)),
            ("about thirty", (None, None)),
            ("12/7", (None, None)),
            ("", (None, None)),
            (None, (None, None)),
            ("0001-02-03", (None, None)),
            ("9" * 400, (None, None)),
        ],
    )
    def test_dates_are_read_as_far_as_they_can_be_trusted(
        self, written: str | date | None, read: tuple[date | None, int | None]
    ) -> None:
        assert read_birth(written) == read

    @pytest.mark.parametrize(
        ("hers", "theirs", "reason", "at_least"),
        [
            ("1999-07-03", "1999-07-03", "same_birth_date", 10),
            ("1999-07-03", "1999-03-07", "swapped_birth_date", 8),
            ("1999-07-03", "1999-07-13", "similar_birth_date", 2),
            ("1999-07-03", "1989-07-03", "similar_birth_date", 2),
            ("1999-07-03", "1999", "same_birth_year", 4),
            ("1999-07-03", "1999-01-01", "same_birth_year", 4),
            ("1999-01-01", "1999-01-01", "same_birth_year", 4),
            ("2542-07-03", "1999-07-03", "same_birth_date", 10),
            ("1999-07-03", "1999-11-25", "same_birth_year", -3),
            ("1999", "2000", "close_birth_year", -3),
            ("1999", "1975", "different_birth_year", -9),
        ],
    )
    def test_dates_compare(self, hers: str, theirs: str, reason: str, at_least: float) -> None:
        found = compare(Details(birth_date=hers), Details(birth_date=theirs))
        assert found.reasons == (reason,)
        assert found.weight >= at_least

    def test_an_age_is_a_year_give_or_take(self) -> None:
        year = year_from_age(17, date(2026, 11, 20))
        assert year == 2009
        assert year_from_age(17, date(2026, 2, 20)) == 2008
        guess = Details(birth_year=year, birth_year_estimated=True)
        for true in (2008, 2009, 2010):
            assert compare(guess, Details(birth_year=true)).weight > 0
        stated = Details(birth_year=2005)
        assert compare(guess, stated).weight > compare(replace(guess, birth_year_estimated=False), stated).weight


class TestNames:
    @pytest.mark.parametrize(
        ("hers", "theirs", "whole"),
        [
            ("Sok Dara", "Sokh Daraa", True),
            ("Sok Dara", "Dara Sok", True),
            ("Sok Dara", "សុខ ដារ៉ា", True),
            ("Sok Dara", "សុខដារ៉ា", True),
            ("Sok Srey Neang", "Sok Sreyneang", True),
            ("Sok Sreyneang", "Srey Neang Sokh", True),
            ("ChiaK imdi", "Chea Kimdy", True),
            ("Nguyễn Thị Hoa", "NGUYEN THI HOA", True),
            ("Nguyễn Thị Hoa", "Nguyen Hoa", False),
            ("Sok Sophea", "Sok Sopkea", False),
        ],
    )
    def test_one_name_in_two_spellings(self, hers: str, theirs: str, whole: bool) -> None:
        found = compare_names(form(hers), form(theirs))
        assert found.weight > 8
        assert found.whole is whole

    @pytest.mark.parametrize(
        ("hers", "theirs"),
        [("Sok Dara", "Chan Bopha"), ("Ly", "Im"), ("Nguyễn Thị Hoa", "Trần Văn Sơn"), ("Sok Dara", "Sok Bopha")],
    )
    def test_different_names(self, hers: str, theirs: str) -> None:
        assert compare_names(form(hers), form(theirs)).weight < 4

    def test_a_common_name_proves_less(self) -> None:
        common = compare(Details(family_name="Nguyễn"), Details(family_name="Nguyen"))
        rare = compare(Details(family_name="Khatnarong"), Details(family_name="Khatnarong"))
        assert rare.weight > common.weight + 3

    def test_the_reason_says_how_the_names_met(self) -> None:
        reasons = {
            ("Sok Dara", "Sok Dara"): {"same_name"},
            ("Sok Dara", "Sokh Daraa"): {"same_name_sound"},
            ("Sok Dara", "Dara Sok"): {"same_name", "name_order"},
            ("Sok Sophanith", "Sok Sophanid X"): {"similar_name"},
            ("Sok Dara", "Chan Bopha"): {"different_name"},
        }
        for (hers, theirs), expected in reasons.items():
            assert set(compare(Details(given_name=hers), Details(given_name=theirs)).reasons) == expected

    def test_another_name_she_used_is_found(self) -> None:
        on_file = replace(DARA, other_names=("Mao Sinuon",), phone="", document_number="")
        asked = Details(given_name="Mao Sinuon", sex="female", birth_year=1999)
        found = compare(asked, on_file)
        assert "other_name" in found.reasons
        assert found.score >= POSSIBLE


class TestPersons:
    def test_the_same_details_are_the_same_person(self) -> None:
        assert compare(DARA, DARA).score > 0.999

    def test_missing_is_neither_agreement_nor_disagreement(self) -> None:
        for name in ("sex", "phone", "document_number", "mother_name", "birth_province", "nationality"):
            without = replace(DARA, **{name: ""})
            assert compare(without, DARA) == compare(DARA, without)
            assert 0 < compare(without, DARA).weight <= compare(DARA, DARA).weight
        assert compare(NOBODY, DARA).weight == 0
        assert compare(NOBODY, DARA).reasons == ()

    @pytest.mark.parametrize(
        ("sex", "reason"),
        [("male", True), ("transgender_feminine", True), ("unknown", False), ("nonconforming", False)],
    )
    def test_another_sex_lowers_and_never_excludes(self, sex: str, reason: bool) -> None:
        found = compare(replace(DARA, sex=sex), DARA)
        assert found.weight < compare(DARA, DARA).weight
        assert found.score > LIKELY
        assert ("different_sex" in found.reasons) is reason

    def test_a_shared_phone_or_paper_is_always_looked_at(self) -> None:
        for shared, reason in (
            ({"phone": "012345678"}, "same_phone"),
            ({"document_number": "n0123456"}, "same_document"),
        ):
            other = Details(family_name="Chan", given_name="Thida", birth_year=1970, sex="male", **shared)
            found = compare(DARA, other)
            assert reason in found.reasons
            assert found.score >= POSSIBLE

    @pytest.mark.parametrize(
        "phone", ["012 345 678", "012345678", "+85512345678", "00855 12 345 678", "12-345-678", "០១២ ៣៤៥ ៦៧៨"]
    )
    def test_phone_numbers_meet_in_every_notation(self, phone: str) -> None:
        assert "same_phone" in compare(DARA, Details(phone=phone)).reasons

    def test_short_numbers_prove_nothing(self) -> None:
        assert compare(Details(phone="117"), Details(phone="117")).weight == 0
        assert compare(Details(document_number="no"), Details(document_number="no")).weight == 0

    def test_name_and_year_are_possible_name_alone_is_not_likely(self) -> None:
        name_and_year = compare(Details(given_name="Sokh Daraa", birth_year=1999), DARA)
        assert name_and_year.score >= POSSIBLE
        assert compare(Details(given_name="Sok Dara"), DARA).score < LIKELY

    def test_a_namesake_of_another_age_is_not_shown(self) -> None:
        assert compare(Details(given_name="Sok Dara", birth_year=1970, sex="female"), DARA).score < POSSIBLE

    def test_parents_count(self) -> None:
        asked = Details(given_name="Mao", birth_year=1999, mother_name="ចាន់ បុប្ផា")
        assert "same_mother" in compare(asked, DARA).reasons
        assert compare(asked, DARA).weight > compare(replace(asked, mother_name=""), DARA).weight
        assert "different_mother" in compare(replace(asked, mother_name="Ly Maly"), DARA).reasons

    def test_details_never_print_what_they_hold(self) -> None:
        assert "Dara" not in f"{DARA!r} {DARA} {prepare(DARA)!r}"


SOME = list(persons(150, seed=3))


@settings(deadline=None)
@given(st.sampled_from(SOME), st.sampled_from(SOME))
def test_the_order_of_the_two_does_not_matter(a: Details, b: Details) -> None:
    assert compare(a, b).weight == pytest.approx(compare(b, a).weight)
    assert set(compare(a, b).reasons) == set(compare(b, a).reasons)


@settings(deadline=None)
@given(st.sampled_from(SOME), st.sampled_from(SOME))
def test_nobody_is_more_like_another_than_like_herself(a: Details, b: Details) -> None:
    assert compare(a, a).weight >= compare(a, b).weight - 1e-9
    assert 0 <= compare(a, b).score <= 1


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_no_text_breaks_the_comparison(family: str, given: str, birth: str, phone: str) -> None:
    asked = Details(family_name=family, given_name=given, birth_date=birth, phone=phone, document_number=phone)
    compare(asked, DARA)
    compare(asked, asked)


def test_every_reason_has_words() -> None:
    with translation.override("en"):
        assert all(matching.reason_text(code)[0].isupper() for code in matching.REASONS)
    seen = {reason for a in SOME[:60] for b in SOME[:60] for reason in compare(a, b).reasons}
    assert seen <= set(matching.REASONS)


# --- one definition of how alike -----------------------------------------------------------------------------


def as_row(one: Details) -> dict[str, str]:
    """Details as a line of a list."""
    return {
        "family_name": one.family_name, "given_name": one.given_name, "sex": one.sex,
        "birth_date": str(one.birth_date or ""), "birth_year": str(one.birth_year or ""), "nationality": one.nationality,
        "birth_place": one.birth_province, "phone": one.phone, "document_number": one.document_number,
        "mother_name": one.mother_name,
    }  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 149), st.randoms(use_true_random=False))
def test_registration_weighs_a_pair_as_the_linking_of_lists_does(place: int, chance: random.Random) -> None:
    """The same levels and, from the same counts, the same rarity; so the same bits."""
    people = [replace(one, name_km="", other_names=(), birth_year_estimated=False) for one in SOME[:60]]
    asked = replace(corrupt(SOME[place], chance), name_km="", birth_year_estimated=False)
    frequencies = Frequencies()
    for one in people:
        frequencies.add(prepare(one).values())
    use = parameters()
    table = Reader(Gazetteer({code: code for code in PROVINCES})).table(map(as_row, [asked, *people]))
    places = np.arange(1, len(people) + 1)
    levels, bits = Scorer(table, use.model).evidence(np.zeros_like(places), places)
    found = weigh([(prepare(asked), prepare(one)) for one in people], frequencies, use.model)
    apart = [row for row in range(len(people)) if tuple(found.levels[row][:-1]) != tuple(levels[row])]
    # Only a space in the wrong place is read differently: a list cannot ask again.
    assert all(found.levels[row][0] == found.levels[row][1] == 1 for row in apart)
    same = [row for row in range(len(people)) if row not in apart]
    # A list counts the one asked about as well; where next to nobody bears a name, that is a bit for each.
    difference = abs(found.weight[same] - bits.sum(axis=1)[same])
    assert np.median(difference) < 0.05
    assert difference.mean() < 0.3
    assert difference.max() < 3


class TestParameters:
    def test_shipped_ones_say_where_they_came_from(self) -> None:
        use = load(SHIPPED)
        assert "made-up" in use.facts["what"]
        assert not model.fault_of(use.model)

    def test_a_kept_file_replaces_them_and_is_read_anew(self, settings: Any, tmp_path: Path) -> None:
        settings.SPEAN_MATCHING_FILE = tmp_path / "matching.json"
        before = compare(DARA, replace(DARA, phone="", document_number=""))
        kept = replace(load(SHIPPED), known=1e-9, slope=0.5)
        settings.SPEAN_MATCHING_FILE.write_text(kept.to_json(), encoding="utf-8")
        after = compare(DARA, replace(DARA, phone="", document_number=""))
        assert after.weight == pytest.approx(before.weight)
        assert after.score < before.score

    @pytest.mark.parametrize(
        "text", ["", "{}", "[]", "null", '{"format": 2}', '{"format": 1, "model": {}}', "nonsense"]
    )
    def test_anything_else_is_refused_with_a_sentence(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"parameters|model"):
            Parameters.from_json(text)

    def test_the_search_does_not_start_with_a_broken_file(self, settings: Any, tmp_path: Path) -> None:
        settings.SPEAN_MATCHING_FILE = tmp_path / "matching.json"
        check_weights()
        settings.SPEAN_MATCHING_FILE.write_text('{"format": 1}', encoding="utf-8")
        with pytest.raises(CannotStart, match=r"matching\.json cannot be used"):
            check_weights()

    def test_scores_fall_with_the_size_of_the_register_and_stay_probabilities(self) -> None:
        use = load(SHIPPED)
        weight = np.array([15.0, 25.0])
        small, large = use.probability(weight, 100), use.probability(weight, 1_000_000)
        assert (small > large).all()
        assert (small == use.probability(weight, 20_000)).all()
