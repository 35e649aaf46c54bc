"""What pushing proves, against exact linear programmes: nothing that is not so, and nearly all that is."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csc_array, vstack

from spean.statistics import audit, regions
from spean.statistics.disclosure import protect
from spean.statistics.margins import extend, join
from spean.statistics.pushing import Pusher
from spean.statistics.regions import SLACK, Floats, Region
from tests.statistics.made_up import counts, dimension, table
from tests.statistics.test_disclosure import attacked

WIDTH = 3.0


def hidden_part(sizes: list[int], mean: float, seed: int, share: float) -> Region:
    """What an insider faces in an invented table whose small cells are hidden, and some others."""
    rng = np.random.default_rng(seed)
    dimensions = [dimension(code, size) for code, size in zip("abcd", sizes, strict=False)]
    system = join([extend(table("t", dimensions, counts(dimensions, mean, rng)))])
    x = system.values.astype(float)
    hidden = ((x > 0) & (x < 10)) | (rng.random(len(x)) < share)
    _, whole = regions.region(system, hidden, x, np.zeros(len(x)), np.where(x < 10, 9.0, np.inf))
    return whole


def ends(of: Region, column: int) -> tuple[float, float]:
    """How small and how large the column can be, asked of another solver, one end at a time."""
    matrix = vstack([of.matrix, -of.matrix]).tocsr()
    most = np.concatenate([of.rows_high, -of.rows_low])
    known = np.isfinite(most)
    found = []
    for sign in (1.0, -1.0):
        cost = np.zeros(len(of.low))
        cost[column] = sign
        bounds = np.column_stack([of.low, of.high])
        answer = linprog(cost, A_ub=matrix[np.flatnonzero(known)], b_ub=most[known], bounds=bounds, method="highs-ds")
        assert answer.status in (0, 3, 4), answer.message
        found.append(sign * answer.fun if answer.status == 0 else -sign * np.inf)
    return found[0], found[1]


def widened(of: Region, seed: int = 1) -> tuple[Floats, Floats]:
    least, greatest = of.point.copy(), of.point.copy()
    audit._many_at_once(of, least, greatest, np.full(len(of.low), WIDTH), np.random.default_rng(seed))
    return least, greatest


def compare(of: Region, least: Floats, greatest: Floats) -> tuple[int, int]:
    """(columns that can be as far apart as is needed, those of them that were found to be); fails where too much was."""
    can = found = 0
    for column in range(len(of.low)):
        low, high = ends(of, column)
        assert low - 1e-3 <= least[column] <= greatest[column] <= high + 1e-3, column
        can += high - low >= WIDTH - SLACK
        found += greatest[column] - least[column] >= WIDTH - SLACK
    return can, found


class TestAgainstExactProgrammes:
    @given(
        sizes=st.lists(st.integers(2, 4), min_size=2, max_size=3),
        mean=st.sampled_from([1.0, 4.0, 12.0]),
        seed=st.integers(0, 10_000),
        share=st.sampled_from([0.0, 0.2, 0.6]),
    )
    @settings(max_examples=25, deadline=None)
    def test_nothing_is_proved_that_is_not_so(self, sizes: list[int], mean: float, seed: int, share: float) -> None:
        of = hidden_part(sizes, mean, seed, share)
        if len(of.low):
            compare(of, *widened(of))

    @pytest.mark.parametrize(("sizes", "mean"), [([5, 6, 4], 3.0), ([4, 4, 4, 3], 1.0), ([12, 15], 6.0)])
    def test_nearly_all_that_is_so_is_proved(self, sizes: list[int], mean: float) -> None:
        of = hidden_part(sizes, mean, 3, 0.1)
        can, found = compare(of, *widened(of))
        assert can > 50
        assert found >= 0.9 * can

    @given(seed=st.integers(0, 10_000), mean=st.sampled_from([2.0, 8.0]))
    @settings(max_examples=15, deadline=None)
    def test_sums_that_are_known_within_bounds(self, seed: int, mean: float) -> None:
        """As between two editions: of some sums only a lowest or a highest value is known."""
        whole = hidden_part([3, 4, 3], mean, seed, 0.3)
        rng = np.random.default_rng(seed)
        count = len(whole.low)
        joint = csc_array(rng.choice([-1.0, 0.0, 1.0], p=[0.1, 0.8, 0.1], size=(4, count)))
        sums = joint @ whole.point
        of = Region(
            csc_array(vstack([whole.matrix, joint])),
            np.concatenate([whole.rows_low, [sums[0] - 2, -np.inf, sums[2], -np.inf]]),
            np.concatenate([whole.rows_high, [np.inf, sums[1] + 1, sums[2] + 4, np.inf]]),
            whole.low, whole.high, whole.point,
        )  # fmt: skip
        compare(of, *widened(of))


class TestPoints:
    def test_end_exactly_where_they_can_go(self) -> None:
        """Two cells of a line, 15 together and each at most 9: from 6 to 9, and not a hair less."""
        of = Region(
            csc_array(np.array([[1.0, 1.0]])), np.array([15.0]), np.array([15.0]), np.zeros(2), np.full(2, 9.0),
            np.array([7.0, 8.0]),
        )  # fmt: skip
        least, greatest = widened(of)
        np.testing.assert_allclose(greatest - least, 3.0, atol=SLACK)

    def test_cells_that_cannot_move_do_not_stop_the_others(self) -> None:
        matrix = csc_array(np.array([[1.0, 0, 0], [0, 1.0, 1.0]]))
        of = Region(
            matrix, np.array([9.0, 12.0]), np.array([9.0, 12.0]), np.zeros(3), np.full(3, 9.0), np.array([9.0, 4, 8])
        )
        least, greatest = widened(of)
        assert greatest[0] - least[0] <= SLACK
        assert np.all((greatest - least)[1:] >= WIDTH - SLACK)

    def test_same_region_same_points(self) -> None:
        first, second = (widened(hidden_part([4, 5, 4], 4.0, 2, 0.1)) for _ in range(2))
        assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))

    @pytest.mark.parametrize("off", [0.01, 1.0, np.nan])
    def test_a_point_that_does_not_hold_counts_for_nothing(self, off: float, monkeypatch: pytest.MonkeyPatch) -> None:
        of = hidden_part([4, 4], 4.0, 2, 0.1)
        monkeypatch.setattr(Pusher, "pushed", lambda self, *_: of.point + off * (np.arange(len(of.low)) == 0))
        least, greatest = widened(of)
        assert np.array_equal(least, of.point)
        assert np.array_equal(greatest, of.point)


@contextmanager
def only_pushed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "EXACT_UP_TO", 0)
        yield


class TestPublished:
    """Tables that are protected by pushing, under the attacker who reads what is published."""

    @given(
        sizes=st.lists(st.integers(2, 5), min_size=2, max_size=3),
        mean=st.sampled_from([1.0, 5.0, 15.0]),
        seed=st.integers(0, 10_000),
        threshold=st.sampled_from([5, 10]),
        zeros=st.booleans(),
    )
    @settings(max_examples=15, deadline=None)
    def test_attacked(self, sizes: list[int], mean: float, seed: int, threshold: int, zeros: bool) -> None:
        dimensions = [dimension(code, size) for code, size in zip("abc", sizes, strict=False)]
        one = table("t", dimensions, counts(dimensions, mean, np.random.default_rng(seed)))
        with only_pushed():
            safe = protect([one], threshold=threshold, zeros=zeros)
        attacked([one], safe, threshold)

    def test_a_wrong_proof_is_caught(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Were points believed as they come, the attacker would find a small cell: these tests can fail."""
        dimensions = [dimension("a", 4), dimension("b", 4)]
        one = table("t", dimensions, counts(dimensions, 8.0, np.random.default_rng(3)))
        monkeypatch.setattr(Pusher, "pushed", lambda self, *_: self.point[: self.columns] + 5)
        with only_pushed():
            checked = protect([one], threshold=10)
            monkeypatch.setattr(Region, "holds", lambda self, y: True)
            believed = protect([one], threshold=10)
        attacked([one], checked, 10)
        with pytest.raises(AssertionError):
            attacked([one], believed, 10)
