"""Model averaging: the graphs, the marginal likelihoods, and the published medians."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from spean.estimation import averaging, graphs
from spean.estimation.table import Captures, from_rows
from tests.estimation.published import published


# Numbers of labelled decomposable (chordal) graphs: OEIS A058862.
@pytest.mark.parametrize(("lists", "number"), [(1, 1), (2, 2), (3, 8), (4, 61), (5, 822)])
def test_as_many_graphs_as_there_are(lists: int, number: int) -> None:
    edges, factors = graphs.decomposable(lists)
    assert len(edges) == len(set(edges)) == len(factors) == number


@pytest.mark.slow
def test_as_many_graphs_on_six_lists_as_there_are() -> None:
    assert len(graphs.decomposable(6)[0]) == 18154


def test_a_circle_of_four_is_not_decomposable() -> None:
    circle = frozenset({(0, 1), (1, 2), (2, 3), (0, 3)})
    edges, _ = graphs.decomposable(4)
    assert circle not in edges
    assert circle | {(0, 2)} in edges


def test_cliques_count_once_and_separators_back() -> None:
    edges, factors = graphs.decomposable(3)
    chain = factors[edges.index(frozenset({(0, 1), (1, 2)}))]
    assert {s: int(f) for s, f in enumerate(chain) if f} == {0b011: 1, 0b110: 1, 0b010: -1}
    alone = factors[edges.index(frozenset())]
    assert {s: int(f) for s, f in enumerate(alone) if f} == {0b001: 1, 0b010: 1, 0b100: 1}


# Medians and 95 % intervals of the published program dga with delta = 2**-p.
@pytest.mark.parametrize(
    ("name", "median", "low", "high"),
    [
        ("uk_5", 22990, 10387, 33508),
        ("new_orleans_5", 847, 529, 1590),
        ("western_us", 2133, 1343, 3878),
        ("korea", 163, 127, 523),
    ],
)
def test_medians_and_intervals_of_the_published_program(name: str, median: int, low: int, high: int) -> None:
    found = averaging.average(published(name))
    assert found.quantile(0.5) == pytest.approx(median, rel=0.001)
    # The upper end for Korea depends on how far the published run looked.
    assert (found.quantile(0.025), found.quantile(0.975)) == pytest.approx((low, high), rel=0.01)


def test_independence_by_hand() -> None:
    """The graph without edges: the product of beta-binomials of the lists."""
    table = from_rows("abc", [((1, 0, 0), 5), ((0, 1, 0), 4), ((0, 0, 1), 3), ((1, 1, 0), 2), ((1, 0, 1), 1)])
    hidden = np.array([1, 10, 100])
    edges, factors = graphs.decomposable(3)
    found = factors[edges.index(frozenset())] @ averaging._marginal_likelihoods(table, hidden, 0.125)
    n = table.observed + hidden
    by_hand = sum(special.betaln(total + 0.5, n - total + 0.5) - special.betaln(0.5, 0.5) for total in table.totals)
    # Only what depends on the number hidden matters.
    assert found - found[0] == pytest.approx(np.asarray(by_hand - by_hand[0]))


@settings(max_examples=20, deadline=None)
@given(
    cells=st.lists(st.integers(0, 9), min_size=15, max_size=15).filter(lambda cells: sum(cells) > 3),
    order=st.permutations(range(4)),
)
def test_the_order_of_lists_does_not_matter(cells: list[int], order: list[int]) -> None:
    table = Captures(tuple("abcd"), np.array([0, *cells]))
    one, other = averaging.average(table), averaging.average(table.only(order))
    assert one.quantile(0.5) == pytest.approx(other.quantile(0.5), abs=1)
    assert one.joined((0, 1)) == pytest.approx(other.joined(tuple(sorted((order.index(0), order.index(1))))))


def test_coarse_steps_give_what_single_numbers_give(monkeypatch: pytest.MonkeyPatch) -> None:
    table = published("new_orleans_5")
    coarse = averaging.average(table)
    monkeypatch.setattr(averaging, "EXACT", 40_000)
    exact = averaging.average(table)
    for at in (0.025, 0.5, 0.975, 0.999):
        assert coarse.quantile(at) == pytest.approx(exact.quantile(at), rel=0.001)


@pytest.mark.parametrize("lists", [2, 7])
def test_too_few_or_too_many_lists(lists: int) -> None:
    rows = [(pattern, 1) for pattern in product((0, 1), repeat=lists) if any(pattern)]
    with pytest.raises(ValueError, match="three to 6 lists"):
        averaging.average(from_rows("abcdefg"[:lists], rows))
