"""A table with all its margins, and the equations between them; and many tables as one system of cells.

The same figure has one key wherever it stands: women in Kampot, in a table by sex, province and age, is the very cell
of a table by sex and province. That is what links tables. Categories that nest (districts in provinces) are one axis,
a tree. What may be shown of a cell is decided elsewhere.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import numpy.typing as npt

from spean.statistics.tables import Cell, Dimension, Table

TOTAL = "total"
MOST_CELLS = 400_000  # with margins; larger systems are published as several tables

# The same figure: its dimensions with their categories, those that are summed over left out.
Key = tuple[tuple[str, str], ...]
Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

COUNTED, MISSING, NOT_COLLECTED, NOT_APPLICABLE, SUPPRESSED = range(5)
STATES = ("counted", "missing", "not_collected", "not_applicable", "suppressed")


class BadTables(Exception):
    """Everything that is wrong with tables, one plain sentence each."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(" ".join(self.faults))


@dataclass(frozen=True)
class Nesting:
    """Each category of the dimension `child` lies in one category of the dimension `parent`."""

    child: str
    parent: str
    parent_of: Mapping[str, str]


@dataclass(frozen=True)
class Published:
    """A table as it is published: every cell with its state, keyed like the interior, TOTAL where it is a margin."""

    name: str
    unit: str
    dimensions: tuple[Dimension, ...]
    cells: Mapping[tuple[str, ...], Cell]

    @property
    def interior(self) -> dict[tuple[str, ...], Cell]:
        return {key: cell for key, cell in self.cells.items() if TOTAL not in key}

    @property
    def margins(self) -> dict[tuple[str, ...], Cell]:
        return {key: cell for key, cell in self.cells.items() if TOTAL in key}


@dataclass(frozen=True)
class Node:
    """A place on an axis: everybody (`level` -1), a category, or a category that holds others.

    `at` is how it is written in the table, once for each way: a district may be written with or without its province.
    """

    level: int
    category: str
    at: tuple[tuple[str, ...], ...]
    children: list[int] = field(default_factory=list)
    parent: int = -1


@dataclass(frozen=True)
class Axis:
    """One dimension, or several that nest. `levels` from the widest to the narrowest; those in the table `shown`."""

    levels: tuple[str, ...]
    shown: tuple[str, ...]
    nodes: tuple[Node, ...]

    def pair(self, node: int) -> tuple[tuple[str, str], ...]:
        one = self.nodes[node]
        return () if one.level < 0 else ((self.levels[one.level], one.category),)

    def siblings(self, node: int) -> list[int]:
        above = self.nodes[node].parent
        return [] if above < 0 else [other for other in self.nodes[above].children if other != node]

    def ancestors(self, node: int) -> list[int]:
        found = []
        while (node := self.nodes[node].parent) >= 0:
            found.append(node)
        return found


@dataclass
class Extended:
    """A table with its margins. `values` and `states` have one place per node of each axis; unknown values are -1."""

    name: str
    unit: str
    dimensions: tuple[Dimension, ...]
    axes: tuple[Axis, ...]
    values: Ids
    states: Ids
    ids: Ids = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def keys(self) -> list[Key]:
        pairs = [[axis.pair(node) for node in range(len(axis.nodes))] for axis in self.axes]
        return [tuple(sorted(sum(each, ()))) for each in product(*pairs)]

    def written(self) -> Iterator[tuple[tuple[str, ...], int]]:
        """(how a cell is written in the table, its place in the flat arrays), everybody first."""
        columns = {dimension.code: at for at, dimension in enumerate(self.dimensions)}
        spots = [[columns[code] for code in axis.shown] for axis in self.axes]
        ways = [[(at, node) for node, one in enumerate(axis.nodes) for at in one.at] for axis in self.axes]
        shape = self.values.shape
        for each in product(*ways):
            key = [""] * len(columns)
            for spot, (words, _) in zip(spots, each, strict=True):
                for column, word in zip(spot, words, strict=True):
                    key[column] = word
            place = 0
            for size, (_, node) in zip(shape, each, strict=True):
                place = place * size + node
            yield tuple(key), place


def extend(table: Table, nested: Sequence[Nesting] = ()) -> Extended:
    """The table with its margins. Combinations that it leaves out are counted as nobody. Raises BadTables."""
    faults = _shape_faults(table)
    if faults:
        raise BadTables(faults)
    axes = _axes(table.dimensions, nested)
    _refuse_large(table.name, axes)
    place_of = _places(table.dimensions, axes)
    shape = tuple(len(axis.nodes) for axis in axes)
    kinds = np.zeros((4, *shape), dtype=np.int64)  # how many cells of each state are added up
    values = np.zeros(shape, dtype=np.int64)
    flat = kinds.reshape(4, -1)
    for place in place_of.values():
        flat[COUNTED, place] = 1
    for key, cell in table.cells.items():
        spot = place_of.get(key)
        if spot is None:
            if cell.value:
                faults.append(f"{table.name}: {_say(table.dimensions, key)} cannot be, but has {cell.value}.")
            continue
        flat[:, spot] = 0
        flat[STATES.index(cell.state), spot] = 1
        values.reshape(-1)[spot] = cell.value or 0
    if faults:
        raise BadTables(faults)
    for at, axis in enumerate(axes):
        for node in reversed(range(len(axis.nodes))):
            children = axis.nodes[node].children
            if children:
                values[_at(at, node)] = values.take(children, axis=at).sum(axis=at)
                kinds[_at(at + 1, node)] = kinds.take(children, axis=at + 1).sum(axis=at + 1)
    states = np.select(
        [kinds[COUNTED] > 0, kinds[[MISSING, NOT_COLLECTED]].sum(axis=0) == 0, kinds[MISSING] == 0],
        [COUNTED, NOT_APPLICABLE, NOT_COLLECTED],
        MISSING,
    )
    return Extended(table.name, table.unit, table.dimensions, axes, values, states)


def extend_published(table: Published, nested: Sequence[Nesting] = ()) -> Extended:
    """What was published, in the same form: suppressed cells, and those that were not written down, have no value."""
    axes = _axes(table.dimensions, nested)
    _refuse_large(table.name, axes)
    shape = tuple(len(axis.nodes) for axis in axes)
    empty = Extended(
        table.name, table.unit, table.dimensions, axes, np.full(shape, -1), np.full(shape, SUPPRESSED, dtype=np.int64)
    )
    values, states = empty.values.reshape(-1), empty.states.reshape(-1)
    for key, place in empty.written():
        cell = table.cells.get(key)
        if cell is not None:
            states[place] = STATES.index(cell.state)
            values[place] = -1 if cell.state == "suppressed" else cell.value or 0
    return empty


def _at(axis: int, node: int) -> tuple[slice | int, ...]:
    return (*(slice(None),) * axis, node)


def _say(dimensions: Sequence[Dimension], key: Sequence[str]) -> str:
    return ", ".join(f"{one.code} {word}" for one, word in zip(dimensions, key, strict=False)) or "the total"


def _shape_faults(table: Table) -> list[str]:
    codes = [one.code for one in table.dimensions]
    faults = [
        f"{table.name}: two dimensions are called {code}." for code in sorted({c for c in codes if codes.count(c) > 1})
    ]
    for one in table.dimensions:
        if not one.categories:
            faults.append(f"{table.name}: {one.code} has no categories.")
        if TOTAL in one.categories:
            faults.append(f"{table.name}: {one.code} has a category “{TOTAL}”, which is the word for its margin.")
        if len(set(one.categories)) < len(one.categories):
            faults.append(f"{table.name}: {one.code} has a category twice.")
    known = [set(one.categories) for one in table.dimensions]
    for key, cell in table.cells.items():
        if len(key) != len(known) or any(word not in words for word, words in zip(key, known, strict=True)):
            faults.append(f"{table.name}: {_say(table.dimensions, key)} is no cell of this table.")
        elif cell.state == "suppressed":
            faults.append(
                f"{table.name}: {_say(table.dimensions, key)} is suppressed already; protection needs the counts."
            )
        elif cell.state == "counted" and (cell.value is None or cell.value < 0):
            faults.append(f"{table.name}: {_say(table.dimensions, key)} is counted and has no count of 0 or more.")
        elif cell.state != "counted" and cell.value is not None:
            faults.append(f"{table.name}: {_say(table.dimensions, key)} is {cell.state} and has a value.")
    return faults


def _refuse_large(name: str, axes: Sequence[Axis]) -> None:
    size = int(np.prod([len(axis.nodes) for axis in axes], dtype=np.float64))
    if size > MOST_CELLS:
        raise BadTables(
            [f"{name}: {size:,} cells with margins; more than {MOST_CELLS:,} are published as several tables."]
        )


def _axes(dimensions: Sequence[Dimension], nested: Sequence[Nesting]) -> tuple[Axis, ...]:
    above = {one.child: one for one in nested}
    by_code = {one.code: one for one in dimensions}
    inner = {above[code].parent for code in by_code if code in above}
    for code in list(inner):  # the parents of parents
        while code in above:
            code = above[code].parent
            inner.add(code)
    axes = []
    for dimension in dimensions:
        if dimension.code in inner:
            continue
        levels = [dimension.code]
        while levels[0] in above:
            levels.insert(0, above[levels[0]].parent)
        axes.append(_axis(dimension, levels, [one for one in levels if one in by_code], above))
    return tuple(axes)


def _axis(leaf: Dimension, levels: Sequence[str], shown: Sequence[str], above: Mapping[str, Nesting]) -> Axis:
    nodes = [Node(-1, "", ((TOTAL,) * len(shown),))]
    at: dict[tuple[int, str], int] = {}
    paths: list[list[str]] = []
    for category in leaf.categories:
        path = [category]
        for code in reversed(levels[1:]):
            around = above[code].parent_of.get(path[0])
            if around is None:
                raise BadTables([f"{code} {path[0]} is in no {above[code].parent}."])
            path.insert(0, around)
        paths.append(path)
    for level in range(len(levels)):
        for path in paths:
            if (level, path[level]) in at:
                continue
            parent = 0 if level == 0 else at[level - 1, path[level - 1]]
            node = len(nodes)
            at[level, path[level]] = node
            nodes.append(Node(level, path[level], _ways(levels, shown, path, level), parent=parent))
            nodes[parent].children.append(node)
    return Axis(tuple(levels), tuple(shown), tuple(nodes))


def _ways(levels: Sequence[str], shown: Sequence[str], path: Sequence[str], level: int) -> tuple[tuple[str, ...], ...]:
    """How a category is written: its own column filled, wider columns filled or TOTAL, narrower ones TOTAL."""
    if levels[level] not in shown:
        return ()
    choices = []
    for at, code in enumerate(levels):
        if code in shown:
            choices.append([path[at], TOTAL] if at < level else [path[at]] if at == level else [TOTAL])
    return tuple(product(*choices))


def _places(dimensions: Sequence[Dimension], axes: Sequence[Axis]) -> dict[tuple[str, ...], int]:
    """Where in the flat arrays each cell of the interior lies."""
    shape = tuple(len(axis.nodes) for axis in axes)
    empty = Extended("", "", tuple(dimensions), tuple(axes), np.broadcast_to(np.int64(0), shape), np.zeros(0, np.int64))
    return {key: place for key, place in empty.written() if TOTAL not in key}


@dataclass
class System:
    """Cells of several tables of the same people, each once, with every equation between them.

    Row r says: cell `total[r]` is the sum of the cells `child[start[r]:start[r+1]]`.
    """

    keys: list[Key]
    values: Ids
    states: Ids
    tables: list[Extended]
    total: Ids
    start: Ids
    child: Ids
    place: dict[Key, int]


def join(tables: Sequence[Extended]) -> System:
    """One system of all tables. Where a cell stands in several, the first that knows its value says it."""
    place: dict[Key, int] = {}
    keys: list[Key] = []
    values: list[int] = []
    states: list[int] = []
    for table in tables:
        ids = []
        for key, value, state in zip(
            table.keys(), table.values.reshape(-1).tolist(), table.states.reshape(-1).tolist(), strict=True
        ):
            at = place.get(key)
            if at is None:
                at = place[key] = len(keys)
                keys.append(key)
                values.append(value)
                states.append(state)
            elif values[at] < 0 <= value:
                values[at], states[at] = value, state
            ids.append(at)
        table.ids = np.array(ids, dtype=np.int64).reshape(table.values.shape)
    totals, sizes, children = [], [], []
    seen: set[tuple[int, ...]] = set()
    for table in tables:
        for at, axis in enumerate(table.axes):
            for spot, node in enumerate(axis.nodes):
                if not node.children:
                    continue
                above = table.ids.take(spot, axis=at).reshape(-1)
                below = np.moveaxis(table.ids.take(node.children, axis=at), at, -1).reshape(-1, len(node.children))
                if len(tables) > 1:
                    fresh = [row for row in range(len(above)) if _new(seen, (int(above[row]), *below[row].tolist()))]
                    above, below = above[fresh], below[fresh]
                totals.append(above)
                sizes.append(np.full(len(above), len(node.children)))
                children.append(below.reshape(-1))
    return System(
        keys, np.array(values, dtype=np.int64), np.array(states, dtype=np.int64), list(tables),
        _joined(totals), np.concatenate([[0], np.cumsum(_joined(sizes))]), _joined(children), place,
    )  # fmt: skip


def _joined(parts: Sequence[Ids]) -> Ids:
    return np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, dtype=np.int64)


def _new(seen: set[tuple[int, ...]], row: tuple[int, ...]) -> bool:
    if row in seen:
        return False
    seen.add(row)
    return True
