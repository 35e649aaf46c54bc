"""Lists in, persons out: on made-up lists with known truth, and on the cases that go wrong in practice."""

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spean.linkage import clusters, estimate, linking, model
from spean.linkage.clusters import Contradiction, Decisions
from spean.linkage.linking import Linked, link, score
from spean.linkage.records import Gazetteer, Reader, Table, place_key
from tests.bench.linkage import generator

AS_OF = date(2026, 11, 1)


def table(rows: Iterable[Mapping[str, str]], gazetteer: Gazetteer | None = None) -> Table:
    return Reader(gazetteer, as_of=AS_OF).table(rows).canonical()


def groups(found: Linked) -> set[frozenset[str]]:
    together: dict[int, set[str]] = {}
    for place, cluster in enumerate(found.cluster.tolist()):
        together.setdefault(cluster, set()).add(found.table.record_ids[place])
    return {frozenset(members) for members in together.values()}


def links(found: Linked) -> dict[tuple[str, str], float]:
    ids = found.table.record_ids
    return {
        (ids[a], ids[b]): round(chance, 6)
        for a, b, chance in zip(found.low.tolist(), found.high.tolist(), found.probability.tolist(), strict=True)
    }


@pytest.fixture(scope="module")
def made_up() -> list[dict[str, str]]:
    return list(generator.rows(1500, seed=11))


@pytest.fixture(scope="module")
def linked(made_up: list[dict[str, str]]) -> Linked:
    return link(table(made_up))


def truth_of(rows: list[dict[str, str]], found: Linked) -> np.ndarray:
    known = {row["record_id"]: int(row["person"]) for row in rows}
    return np.array([known[one] for one in found.table.record_ids])


class TestAccuracy:
    def test_most_pairs_are_found_and_few_are_wrong(self, made_up: list[dict[str, str]], linked: Linked) -> None:
        truth = truth_of(made_up, linked)
        chosen = linked.probability >= 0.95
        right = truth[linked.low[chosen]] == truth[linked.high[chosen]]
        all_true = sum(count * (count - 1) // 2 for count in Counter(truth.tolist()).values())
        assert right.mean() > 0.97
        assert right.sum() / all_true > 0.88

    def test_the_own_estimates_hold(self, made_up: list[dict[str, str]], linked: Linked) -> None:
        truth = truth_of(made_up, linked)
        chosen = linked.probability >= 0.95
        right = truth[linked.low[chosen]] == truth[linked.high[chosen]]
        all_true = sum(count * (count - 1) // 2 for count in Counter(truth.tolist()).values())
        estimates = linked.estimates
        assert abs(estimates.precision.value - right.mean()) < 0.03
        assert abs(estimates.recall.value - right.sum() / all_true) < 0.04
        persons = len(set(truth.tolist()))
        assert abs(estimates.persons.value / persons - 1) < 0.02
        assert estimates.persons.low <= persons <= estimates.persons.high


class TestInvariance:
    def test_the_order_of_records_changes_nothing(self, made_up: list[dict[str, str]], linked: Linked) -> None:
        shuffled = made_up[:]
        random.Random(3).shuffle(shuffled)
        again = link(table(shuffled))
        assert links(again) == links(linked)
        assert groups(again) == groups(linked)
        assert again.model.to_json() == linked.model.to_json()

    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.integers(0, 399), min_size=2, max_size=60, unique=True), st.randoms(use_true_random=False))
    def test_small_lists_in_any_order(self, chosen: list[int], shuffle: random.Random) -> None:
        rows = [ROWS[place] for place in chosen]
        one = link(table(rows))
        shuffle.shuffle(rows)
        other = link(table(rows))
        assert links(one) == links(other)
        assert groups(one) == groups(other)

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 399), st.integers(0, 399))
    def test_a_pair_is_the_same_both_ways(self, one: int, other: int) -> None:
        trained = model.untrained()
        ours, theirs = ROWS[one], ROWS[other]
        assert score(ours, [theirs], trained) == score(theirs, [ours], trained)


ROWS = list(generator.rows(400, seed=5))


class TestDecisions:
    @settings(max_examples=40, deadline=None)
    @given(st.data())
    def test_clusters_obey_what_people_decided(self, data: st.DataObject) -> None:
        size = data.draw(st.integers(2, 14))
        pairs = [(a, b) for a in range(size) for b in range(a + 1, size)]
        chance = {pair: data.draw(st.sampled_from([0.01, 0.3, 0.6, 0.97, 0.999])) for pair in pairs}
        same = data.draw(st.lists(st.sampled_from(pairs), max_size=4))
        different = data.draw(st.lists(st.sampled_from(pairs), max_size=4))
        low, high = (np.array(side) for side in zip(*pairs, strict=True))

        def probability(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return np.array([chance[min(x, y), max(x, y)] for x, y in zip(a.tolist(), b.tolist(), strict=True)])

        decisions = Decisions(same, different)
        try:
            found = clusters.cluster(size, low, high, probability(low, high), probability, decisions=decisions)
        except Contradiction:
            joined = clusters.cluster(size, low[:0], high[:0], np.zeros(0), probability, decisions=Decisions(same))
            assert any(joined[a] == joined[b] for a, b in different)
            return
        assert all(found[a] == found[b] for a, b in same)
        assert all(found[a] != found[b] for a, b in different)
        assert all(found[place] <= place and found[found[place]] == found[place] for place in range(size))

    def test_a_decision_beats_the_probability_and_stands_in_the_links(self, linked: Linked) -> None:
        sure = int(np.flatnonzero(linked.probability > 0.999)[0])
        pair = int(linked.low[sure]), int(linked.high[sure])
        again = link(linked.table, decisions=Decisions(different=[pair]))
        assert again.cluster[pair[0]] != again.cluster[pair[1]]
        assert links(again)[linked.table.record_ids[pair[0]], linked.table.record_ids[pair[1]]] == 0

    def test_a_weak_bridge_does_not_make_two_people_one(self) -> None:
        # 0-1-2 and 3-4-5 are two persons; 2-3 looks alike, everything else across does not.
        sure = {(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)}
        pairs = [(a, b) for a in range(6) for b in range(a + 1, 6)]
        low, high = (np.array(side) for side in zip(*pairs, strict=True))

        def probability(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            of = {pair: 0.999 if pair in sure else 0.9 if pair == (2, 3) else 0.001 for pair in pairs}
            return np.array([of[x, y] for x, y in zip(a.tolist(), b.tolist(), strict=True)])

        found = clusters.cluster(6, low, high, probability(low, high), probability)
        assert found.tolist() == [0, 0, 0, 3, 3, 3]

    def test_where_a_list_holds_a_person_once_two_of_its_records_stay_two(self) -> None:
        rows = [{"source": source, "record_id": f"{source}{n}", "family_name": "Sok", "given_name": "Chanthavy",
                 "birth_date": "2001-05-07", "document_number": "N1234567"} for source in "ab" for n in (1, 2)]  # fmt: skip
        found = link(table(rows), unique=True)
        assert max(map(len, groups(found))) <= 2
        assert len(groups(link(table(rows)))) == 1


PERSON = {
    "family_name": "Nguyễn",
    "given_name": "Lan",
    "sex": "female",
    "birth_date": "1999-07-03",
    "nationality": "VN",
}


def chance(one: Mapping[str, str], other: Mapping[str, str], gazetteer: Gazetteer | None = None) -> tuple[float, str]:
    return score(one, [other], model.untrained(1e-5), gazetteer)[0]


class TestFields:
    @pytest.mark.parametrize(
        ("field", "written", "reason"),
        [
            ("given_name", "LÂN", "given_name: same"),
            ("birth_date", "2542-07-03", "birth: same date"),
            ("birth_date", "07/03/1999", "birth: day and month exchanged"),
            ("birth_date", "03.07.1999", "birth: same date"),
            ("birth_date", "០៣/០៧/១៩៩៩", "birth: same date"),
            ("birth_date", "1999", "birth: same year, a day missing"),
            ("birth_date", "1999-01-01", "birth: same year, a day missing"),
            ("birth_date", "1989-07-03", "birth: year differs in one digit"),
            ("family_name", "Ms Nguyen", "family_name: same"),
        ],
    )
    def test_one_value_written_otherwise_is_known_again(self, field: str, written: str, reason: str) -> None:
        assert reason in chance(PERSON, PERSON | {field: written})[1]

    @pytest.mark.parametrize(
        ("one", "other", "reason"),
        [
            (("Sok", "Sreyneang"), ("Sokh", "Srey Neang"), "given_name: same sound"),
            (("Sok", "Dara"), ("Dara", "Sok"), "name_order: family and given name exchanged"),
            (("", "Sok Dara"), ("Sok", "Dara"), "family_name: same"),
            (("សុខ", "ដារ៉ា"), ("Sok", "Dara"), "given_name: same"),
            (("Lê", "Kim Lan"), ("Le", "Lan"), "given_name: one in the other"),
            (("Sok", "Dara alias Mao"), ("Sok", "Mao"), "given_name: same"),
            (("Bong Khorn", "Chhunla"), ("Khorn", "Chhunla"), "family_name: same"),
            (("Sok", "Chhay"), ("Sok", "Chay"), "given_name: same sound"),
        ],
    )
    def test_names_of_the_region(self, one: tuple[str, str], other: tuple[str, str], reason: str) -> None:
        ours, theirs = ({"family_name": pair[0], "given_name": pair[1]} for pair in (one, other))
        assert reason in chance(ours, theirs)[1]

    @pytest.mark.parametrize("field", sorted(PERSON))
    def test_what_is_missing_says_neither_yes_nor_no(self, field: str) -> None:
        without = PERSON | {field: ""}
        told = chance(PERSON, without)[1]
        assert f"{'birth' if field == 'birth_date' else field}:" not in told

    def test_a_rare_name_proves_more_than_a_common_one(self) -> None:
        rows = [
            {"record_id": str(n), "family_name": "Nguyễn" if n < 60 else f"Name{n}", "given_name": f"An{n}"}
            for n in range(120)
        ]
        rows += [
            {"record_id": "rare", "family_name": "Duong", "given_name": "x"},
            {"record_id": "rarer", "family_name": "Duong", "given_name": "y"},
        ]
        people = table(rows)
        scorer = linking.Scorer(people, model.untrained())
        at = {one: place for place, one in enumerate(people.record_ids)}
        _, bits = scorer.evidence(np.array([at["1"], at["rare"]]), np.array([at["2"], at["rarer"]]))
        assert bits[1, 0] > bits[0, 0] + 3

    def test_sexes_in_several_languages(self) -> None:
        people = table(
            [{"record_id": str(n), "sex": sex} for n, sex in enumerate(["female", "F", "ស្រី", "Nữ", "male", "ប្រុស", "?"])]
        )
        assert people.sex.tolist() == [0, 0, 0, 0, 1, 1, -1]

    def test_an_age_is_a_year_give_or_take_one(self) -> None:
        people = table([{"record_id": "a", "birth_date": "17"}, {"record_id": "b", "birth_date": "2009-05-01"}])
        assert people.year.tolist() == [2009, 2009]
        assert people.estimated.tolist() == [1, 0]

    def test_places_meet_by_code_and_alias(self) -> None:
        places = Gazetteer({place_key("Battambang"): "02", place_key("Bat Dambang"): "02", place_key("Moung"): "0206"})
        one = PERSON | {"birth_place": "Battambang"}
        assert "birth_place: same place" in chance(one, PERSON | {"birth_place": "BAT DAMBANG"}, places)[1]
        assert "birth_place: same province" in chance(one, PERSON | {"birth_place": "Moung"}, places)[1]


class TestModel:
    def test_a_model_is_used_again_and_says_the_same(self, linked: Linked) -> None:
        read = model.Model.from_json(linked.model.to_json())
        again = link(linked.table, trained=read)
        first, second = links(linked), links(again)
        both = [pair for pair in first if first[pair] >= 0.95 and second.get(pair, 0) >= 0.9]
        assert len(both) > 0.97 * sum(chance >= 0.95 for chance in first.values())

    def test_no_name_stands_in_the_model(self, linked: Linked) -> None:
        own = set(re.findall("[a-z]+", linked.model.to_json().lower()))
        words = own - set(re.findall("[a-z]+", model.untrained().to_json().lower()))
        vocabulary = linked.table.names
        assert len(vocabulary) > 500
        assert not words & {one for one in (*vocabulary.sound_texts(), *vocabulary.texts.tolist()) if len(one) > 4}

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 9}', "null", '{"format": 1, "comparisons": 3}'])
    def test_what_is_no_model_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="model"):
            model.Model.from_json(text)

    def test_a_training_that_went_astray_is_noticed(self) -> None:
        astray = model.untrained()
        assert model.fault_of(astray) == ""
        astray.m["given_name"] = astray.u["given_name"].copy()
        assert "given_name" in model.fault_of(astray)

    def test_too_few_records_to_learn_from(self) -> None:
        found = link(table(ROWS[:20]))
        assert "too few" in found.model.facts["fell_back"]

    @pytest.mark.parametrize("count", [0, 1, 2])
    def test_hardly_any_records(self, count: int) -> None:
        found = link(table(ROWS[:count]))
        assert len(found.cluster) == count


def test_one_record_against_candidates_needs_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spean.linkage.engines.DuckDB.pairs", None)
    other = {"family_name": "Keo", "given_name": "Rithy", "sex": "male", "birth_date": "1980-02-02"}
    found = score(PERSON, [PERSON, other], model.untrained(1e-5))
    assert found[0][0] > 0.9 > 0.01 > found[1][0]


class TestBounds:
    def test_fishermen(self) -> None:
        assert estimate.bounds([82, 24, 6, (170, 200)]) == (170, 312)

    @given(st.lists(st.integers(0, 10_000), min_size=1))
    def test_at_least_the_longest_and_at_most_all(self, lists: list[int]) -> None:
        assert estimate.bounds(lists) == (max(lists), sum(lists))

    @pytest.mark.parametrize("lists", [[], [-1], [(5, 3)]])
    def test_nonsense_is_refused(self, lists: list[int | tuple[int, int]]) -> None:
        with pytest.raises(ValueError, match="list"):
            estimate.bounds(lists)
