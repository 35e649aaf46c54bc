"""All decomposable graphs on a few lists: which lists depend on which, such that the pieces fit together.

A graph is decomposable when lists can be taken away one by one, each with its neighbours all joined to each other. The
probability of a table then is a product over cliques divided by a product over separators.
"""

from functools import lru_cache
from itertools import combinations

import numpy as np

from spean.estimation.arrays import Whole

MOST_LISTS = 6  # 18,154 graphs; 617,675 on seven


@lru_cache(maxsize=4)
def decomposable(m: int) -> tuple[tuple[frozenset[tuple[int, int]], ...], Whole]:
    """The edges of each graph, and (graphs × 2**m) how often each set of lists counts: +1 for each clique, -1 for each
    separator, at the index whose bits are the lists. The empty set, between separate parts, has no say: 0."""
    pairs = list(combinations(range(m), 2))
    bit = {pair: 1 << at for at, pair in enumerate(pairs)}
    edges, factors = [], []
    for graph in range(2 ** len(pairs)):
        near = [0] * m
        for (i, j), mask in bit.items():
            if graph & mask:
                near[i] |= 1 << j
                near[j] |= 1 << i
        found = _factors(m, near)
        if found is not None:
            edges.append(frozenset(pair for pair, mask in bit.items() if graph & mask))
            factors.append(found)
    return tuple(edges), np.array(factors, dtype=np.int64)


def _factors(m: int, near: list[int]) -> list[int] | None:
    """Take away lists whose remaining neighbours are all joined; None when none is left to take.

    The list with its neighbours is a factor above, the neighbours alone one below; both cancel where the set was no
    clique of the whole graph.
    """
    found = [0] * 2**m
    left = (1 << m) - 1
    while left:
        for i in range(m):
            if left >> i & 1:
                around = near[i] & left
                if all(around & ~(near[j] | 1 << j) == 0 for j in range(m) if around >> j & 1):
                    break
        else:
            return None
        found[around | 1 << i] += 1
        found[around] -= 1
        left &= ~(1 << i)
    found[0] = 0
    return found
