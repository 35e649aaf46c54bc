"""An attacker of published tables: reads what anybody can read, sets up every sum there is, and asks a linear programme
how small and how large each suppressed figure can be.

Written apart from the code under attack: cells are sets of words here, sums are found by trying which words can be
left out. `insider` makes it worse: the attacker also knows of each suppressed figure whether it lies below the threshold.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array

from spean.statistics.margins import TOTAL, Published

Name = frozenset[tuple[str, str]]
Interval = tuple[float, float]


class Attacker:
    """Everything published about one people. `parents`: the dimension above each one that nests, and what lies where."""

    def __init__(
        self, tables: Iterable[Published], parents: Mapping[str, tuple[str, Mapping[str, str]]] | None = None
    ) -> None:
        self.known: dict[Name, float] = {}
        self.suppressed: dict[Name, int] = {}
        self.parents = parents or {}
        self.sums: set[tuple[Name, frozenset[Name]]] = set()
        tables = list(tables)
        for table in tables:
            for key, cell in table.cells.items():
                if cell.state == "counted":
                    assert cell.value is not None
                    self.known.setdefault(self._name(table, key), cell.value)
        for table in tables:
            for key, cell in table.cells.items():
                name = self._name(table, key)
                if cell.state == "suppressed" and name not in self.known:
                    self.suppressed.setdefault(name, len(self.suppressed))
            self._add_sums(table)

    def _name(self, table: Published, key: Sequence[str]) -> Name:
        words = {(one.code, word) for one, word in zip(table.dimensions, key, strict=True) if word != TOTAL}
        for code, word in list(words):
            if code in self.parents:  # Kampot town is in Kampot, whether the table says so or not
                words.discard((self.parents[code][0], self.parents[code][1][word]))
        return frozenset(words)

    def _add_sums(self, table: Published) -> None:
        columns = [(*one.categories, TOTAL) for one in table.dimensions]
        codes = [one.code for one in table.dimensions]
        for at, column in enumerate(columns):
            for rest in product(*(columns[:at] + columns[at + 1 :])):
                keys = [(*rest[:at], word, *rest[at:]) for word in column]
                cells = [table.cells.get(key) for key in keys]
                if cells[-1] is None or cells[-1].state not in ("counted", "suppressed"):
                    continue
                names = {
                    self._name(table, key)
                    for key, cell in zip(keys[:-1], cells[:-1], strict=True)
                    if cell is not None and cell.state in ("counted", "suppressed")
                }
                total = self._name(table, keys[-1])
                if codes[at] in self.parents and self.parents[codes[at]][0] not in codes:
                    self._add_nested(total, names, codes[at])
                elif names != {total}:
                    self.sums.add((total, frozenset(names)))

    def _add_nested(self, total: Name, names: set[Name], code: str) -> None:
        """Districts add up to provinces, which nobody may have printed, and provinces to the country."""
        parent, parent_of = self.parents[code]
        groups: dict[Name, set[Name]] = {}
        for name in names:
            (word,) = (word for one, word in name if one == code)
            above = (name - {(code, word)}) | {(parent, parent_of[word])}
            groups.setdefault(frozenset(above), set()).add(name)
        for above, below in groups.items():
            if above not in self.known:
                self.suppressed.setdefault(above, len(self.suppressed))
            self.sums.add((above, frozenset(below)))
        self.sums.add((total, frozenset(groups)))

    def equations(self) -> tuple[coo_array, np.ndarray]:
        rows, columns, signs, right = [], [], [], []
        for total, names in self.sums:
            parts = [(name, 1.0) for name in names] + [(total, -1.0)]
            unknown = [(self.suppressed[name], sign) for name, sign in parts if name not in self.known]
            if unknown:
                for column, sign in unknown:
                    rows.append(len(right))
                    columns.append(column)
                    signs.append(sign)
                right.append(-sum(sign * self.known[name] for name, sign in parts if name in self.known))
        shape = (len(right), len(self.suppressed))
        return coo_array((signs, (rows, columns)), shape=shape), np.array(right)

    def bounds(self, truth: Callable[[Name], int | None] | None, threshold: int) -> list[tuple[float, float]]:
        found = []
        for name in self.suppressed:
            value = truth(name) if truth else None
            if value is None:
                found.append((0.0, np.inf))
            else:
                found.append((0.0, threshold - 1.0 if value < threshold else np.inf))
        return found

    def intervals(
        self,
        targets: Iterable[Name] | None = None,
        *,
        insider: Callable[[Name], int | None] | None = None,
        threshold: int = 10,
        whole: bool = False,
        extra: tuple[coo_array, np.ndarray] | None = None,
    ) -> dict[Name, Interval]:
        """How small and large each suppressed figure can be; with `whole`, among whole numbers only."""
        matrix, right = self.equations()
        bounds = self.bounds(insider, threshold)
        found = {}
        for name in self.suppressed if targets is None else targets:
            ends = []
            for sign in (1.0, -1.0):
                cost = np.zeros(len(self.suppressed))
                cost[self.suppressed[name]] = sign
                answer = None
                for presolve in (True, False):  # with it, the solver may not tell unbounded from infeasible
                    if whole:
                        low, high = zip(*bounds, strict=True)
                        answer = milp(
                            cost, integrality=np.ones(len(cost)), bounds=Bounds(low, high), options={"presolve": presolve},
                            constraints=LinearConstraint(matrix.tocsr(), right, right),
                        )  # fmt: skip
                    else:
                        answer = linprog(
                            cost, A_eq=matrix.tocsr() if len(right) else None, b_eq=right if len(right) else None,
                            A_ub=extra[0] if extra else None, b_ub=extra[1] if extra else None, bounds=bounds,
                            method="highs", options={"presolve": presolve},
                        )  # fmt: skip
                    if answer.status in (0, 3):
                        break
                assert answer is not None
                assert answer.status in (0, 3), answer.message
                ends.append(sign * (answer.fun if answer.status == 0 else -np.inf))
            found[name] = (ends[0], ends[1])
        return found
