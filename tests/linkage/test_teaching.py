"""Decisions move the weights towards what they say, few of them little, and the judging is right."""

import numpy as np
import pytest

from spean.linkage import model, teaching
from spean.linkage.compare import COMPARISONS, PLACES


def levels(birth: list[int]) -> np.ndarray:
    found = np.full((len(birth), len(COMPARISONS)), -1, dtype=np.int8)
    found[:, PLACES["birth"]] = birth
    return found


class TestLearning:
    def test_many_decisions_outweigh_what_was_believed_and_few_do_not(self) -> None:
        known = model.untrained()
        before = known.m["birth"][9]
        for pairs, low, high in ((5, before, 0.15), (5_000, 0.95, 1.0)):
            learned = teaching.learn_m(known, levels([9] * pairs), np.ones(pairs, dtype=bool))
            assert low < learned.m["birth"][9] < high
            assert learned.m["birth"].sum() == pytest.approx(1)

    def test_only_pairs_of_one_person_teach_how_one_person_agrees(self) -> None:
        known = model.untrained()
        learned = teaching.learn_m(known, levels([9] * 500), np.zeros(500, dtype=bool))
        for one in COMPARISONS:
            assert learned.m[one.name] == pytest.approx(known.m[one.name], rel=1e-6)
            assert (learned.u[one.name] == known.u[one.name]).all()

    @pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (0.7, 3.0), (1.3, -4.0)])
    def test_calibration_finds_the_slope_and_the_shift(self, slope: float, shift: float) -> None:
        rng = np.random.default_rng(4)
        weight, prior = rng.normal(16, 8, 30_000), np.full(30_000, -16.0)
        same = rng.random(30_000) < 1 / (1 + np.exp2(-(slope * weight + prior + shift)))
        found = teaching.calibrate(weight, prior, same)
        assert found == pytest.approx((slope, shift), abs=0.35)

    def test_without_decisions_nothing_moves(self) -> None:
        none = np.zeros(0)
        assert teaching.calibrate(none, none, none.astype(bool)) == (1.0, 0.0)


class TestJudging:
    def test_numbers_of_a_small_table(self) -> None:
        chance = np.array([0.9, 0.9, 0.9, 0.1, 0.1])
        same = np.array([True, True, False, True, False])
        found = teaching.judge(chance, same, 0.8)
        assert (found.pairs, found.same, found.claimed) == (5, 3, 3)
        assert found.precision is not None
        assert found.recall is not None
        assert found.precision.value == found.recall.value == pytest.approx(2 / 3)
        assert found.precision.low < 2 / 3 < found.precision.high
        assert found.log_loss.value == pytest.approx(-(3 * np.log(0.9) + 2 * np.log(0.1)) / 5)
        assert found.log_loss.low <= found.log_loss.value <= found.log_loss.high

    def test_nothing_claimed_has_no_precision(self) -> None:
        found = teaching.judge(np.array([0.1, 0.2]), np.array([False, False]), 0.8)
        assert found.precision is None
        assert found.recall is None

    def test_the_better_probabilities_gain(self) -> None:
        same = np.array([True, False] * 50)
        vague, sharp = np.full(100, 0.5), np.where(same, 0.9, 0.1)
        assert teaching.gain(vague, sharp, same).low > 0
        assert teaching.gain(sharp, vague, same).high < 0

    def test_the_same_pairs_judge_each_time_and_about_three_in_ten_do(self) -> None:
        keys = np.random.default_rng(1).integers(0, 2**32, 20_000).astype(np.uint32)
        judging = teaching.held_out(keys)
        assert judging.mean() == pytest.approx(0.3, abs=0.02)
        assert (teaching.held_out(keys[::-1])[::-1] == judging).all()
