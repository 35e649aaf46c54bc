"""Who is one person across lists: symmetric, whatever the order, the same for a seed, and obedient to people."""

import random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spean.estimation import table
from spean.linkage.clusters import Contradiction
from spean.lists import register, words
from spean.lists.register import Row

NAMES = [("Sok", "Dara"), ("Sok", "Dareth"), ("Chan", "Thida"), ("Chhan", "Thyda"), ("Nguyen", "Lan"), ("", "Ruet")]
DATES = ["2003-05-14", "14/05/2003", "2003", "1999-12-01", ""]


def row(number: int, source: str, **record: str) -> Row:
    return Row(UUID(int=number + 1), source, record)


def clusters(found: register.Counted) -> set[frozenset[UUID]]:
    groups: dict[int, set[UUID]] = {}
    for pk, number in found.cluster.items():
        groups.setdefault(number, set()).add(pk)
    return {frozenset(group) for group in groups.values()}


@st.composite
def lists(draw: st.DrawFn) -> list[Row]:
    number = draw(st.integers(2, 12))
    found = []
    for place in range(number):
        family, given_name = draw(st.sampled_from(NAMES))
        record = {
            "family_name": family, "given_name": given_name, "birth_date": draw(st.sampled_from(DATES)),
            "sex": draw(st.sampled_from(["f", "m", ""])), "phone": draw(st.sampled_from(["", "012345678", "098765432"])),
        }  # fmt: skip
        found.append(row(place, draw(st.sampled_from(["L-A", "L-B", "L-C"])), **record))
    return found


@settings(max_examples=25, deadline=None)
@given(lists(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[Row], chance: random.Random) -> None:
    turned = rows[:]
    chance.shuffle(turned)
    one, other = register.count(rows, seed=3), register.count(turned, seed=3)
    assert clusters(one) == clusters(other)
    assert one.overlap == other.overlap
    assert one.pairs == other.pairs
    assert (one.interval, one.persons) == (other.interval, other.persons)


@settings(max_examples=25, deadline=None)
@given(lists(), st.data())
def test_what_people_decided_is_obeyed_in_either_order(rows: list[Row], data: st.DataObject) -> None:
    ids = [one.pk for one in rows]
    pairs = st.tuples(st.sampled_from(ids), st.sampled_from(ids)).filter(lambda pair: pair[0] != pair[1])
    same, different = data.draw(st.lists(pairs, max_size=4)), data.draw(st.lists(pairs, max_size=4))
    try:
        found = register.count(rows, same=same, different=different)
    except Contradiction:
        above = {pk: pk for pk in ids}

        def find(pk: UUID) -> UUID:
            return pk if above[pk] == pk else find(above[pk])

        for one, other in same:
            above[find(one)] = find(other)
        assert any(find(one) == find(other) for one, other in different)
        return
    for one, other in same:
        assert found.cluster[one] == found.cluster[other]
    for one, other in different:
        assert found.cluster[one] != found.cluster[other]
    turned = register.count(
        rows, same=[(other, one) for one, other in same], different=[(other, one) for one, other in different]
    )
    assert clusters(found) == clusters(turned)
    decided = {frozenset(pair) for pair in (*same, *different)}
    assert not any(frozenset((pair.one, pair.other)) in decided for pair in found.pairs)


@settings(max_examples=25, deadline=None)
@given(lists())
def test_numbers_fit_each_other(rows: list[Row]) -> None:
    found = register.count(rows)
    assert sum(found.overlap.values()) == found.persons == len(clusters(found))
    assert found.interval[0] <= found.interval[1]
    per_list = [
        sum(count for pattern, count in found.overlap.items() if pattern[at] == "1") for at in range(len(found.sources))
    ]
    assert all(
        number <= sum(one.source == source for one in rows)
        for number, source in zip(per_list, found.sources, strict=True)
    )
    assert all(0 < pair.effect <= 1 and pair.one < pair.other for pair in found.pairs)
    assert [pair.effect for pair in found.pairs] == sorted((pair.effect for pair in found.pairs), reverse=True)


def people(count: int, seed: int = 5) -> list[Row]:
    """Two lists of invented people of whom every third stands on both."""
    rng = random.Random(seed)
    families = ["Sok", "Chan", "Keo", "Heng", "Lim", "Pich", "Meas", "Ouk"]
    givens = ["Dara", "Thida", "Bopha", "Vanna", "Rith", "Kosal", "Mealea"]
    found = []
    for number in range(count):
        told = {
            "family_name": rng.choice(families), "given_name": rng.choice(givens),
            "birth_date": f"{rng.randint(1980, 2008)}-{rng.randint(2, 12):02}-{rng.randint(2, 28):02}",
            "sex": rng.choice("fm"), "mother_name": f"{rng.choice(families)} {rng.choice(givens)}",
        }  # fmt: skip
        found.append(row(2 * number, "L-A" if number % 2 else "L-B", **told))
        if number % 3 == 0:
            found.append(row(2 * number + 1, "L-B" if number % 2 else "L-A", **told))
    return found


def test_the_overlap_is_what_spean_estimate_reads() -> None:
    rows = people(300)
    found = register.count(rows)
    assert abs(found.persons - 300) <= 6
    captures = table.parse(register.patterns_csv(found.sources, found.overlap))
    assert captures.lists == ("L-A", "L-B")
    assert captures.observed == found.persons
    assert abs(captures.shared - 100) <= 6


def test_a_pair_that_is_decided_changes_the_count_as_it_was_said() -> None:
    """The effect of the first pair is an expectation: deciding it moves the count by one, or leaves it."""
    rows = people(60)
    twin = {**rows[0].record, "given_name": "Darath", "birth_date": ""}
    found = register.count([*rows, row(999, "L-C", **twin)])
    assert found.pairs
    first = found.pairs[0]
    together = found.cluster[first.one] == found.cluster[first.other]
    after = register.count(
        [*rows, row(999, "L-C", **twin)], **{"different" if together else "same": [(first.one, first.other)]}
    )
    assert after.persons - found.persons == (1 if together else -1)


def test_one_name_in_two_reports_is_a_possible_match_and_no_merge() -> None:
    """Two case studies tell of somebody called so, both moved at twelve: nobody can prove that they are one person."""
    told = {"given_name": "Ruet", "sex": "f"}
    found = register.count([row(1, "L-A", **told, birth_place="Prey Veng"), row(2, "L-B", **told)])
    assert found.persons == 2
    (pair,) = found.pairs
    assert {pair.one, pair.other} == set(found.cluster)
    assert pair.probability < 0.5
    assert pair.reasons[0].startswith("given_name:0:+")
    # Also where the second report gives her a family name; a common name in a long list asks nobody.
    named = [row(1, "L-A", **told), row(2, "L-B", **told, family_name="Prak")]
    assert (register.count(named).persons, len(register.count(named).pairs)) == (2, 1)
    many = [row(number, "L-A" if number % 2 else "L-B", **told) for number in range(40)]
    assert register.count(many).pairs == []


def test_lists_that_nobody_can_link_give_bounds() -> None:
    """Fishermen: three organisations counted 82, 24 and 6, ministries between 170 and 200."""
    assert register.distinct([(82, 82), (24, 24), (6, 6), (170, 200)]) == (170, 312)
    assert register.distinct([]) is None


@given(
    st.lists(
        st.tuples(st.integers(0, 500), st.integers(0, 500)).map(lambda pair: (min(pair), max(pair))),
        min_size=1,
        max_size=6,
    )
)
def test_bounds_hold_whatever_the_overlap_is(parts: list[tuple[int, int]]) -> None:
    found = register.distinct(parts)
    assert found == (max(low for low, _ in parts), sum(high for _, high in parts))


def test_tokens_are_linked_among_themselves(tmp_path: object) -> None:
    from spean.linkage import encode
    from spean.linkage.records import Reader

    rows = people(80)
    given_rows = [{**one.record, "record_id": str(one.pk), "source": one.source} for one in rows]
    encoder = encode.Encoder(Reader().table(given_rows), b"k" * 32, "fields")
    told = [dict(zip(encode.COLUMNS, one, strict=True)) for one in encoder.rows()]
    assert all(encode.is_row(one) for one in told)
    coded = [
        Row(one.pk, one.source, {k: v for k, v in record.items() if v}) for one, record in zip(rows, told, strict=True)
    ]
    found = register.count(coded, head="# spean tokens 1 fields aa")
    assert abs(found.persons - register.count(rows).persons) <= 6


@pytest.mark.parametrize("kind", ["COMPARISONS", "LEVELS"])
def test_every_reason_has_words(kind: str) -> None:
    from spean.linkage.compare import COMPARISONS

    wanted = (
        {one.name for one in COMPARISONS}
        if kind == "COMPARISONS"
        else {level for one in COMPARISONS for level in one.levels}
    )
    assert wanted == set(getattr(words, kind))
