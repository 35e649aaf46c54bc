"""What holds of a definition whatever is answered, worked out once for all who are asked by it."""

from typing import Any

from spean.instruments import xpath
from spean.instruments.definition import Definition, Node

MOST_KEPT = 16


class Known:
    """`reads`, `inner` by the identity of a node: the names of all nodes on which its value or relevance may depend (None
    where that cannot be told), and the nodes in it by name. `names`: of the choices of each list. `speaks`: whether a
    value depends on the language."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.reads: dict[int, frozenset[str] | None] = {}
        self.inner: dict[int, dict[str, Node]] = {}
        self.names = {name: frozenset(item["name"] for item in items) for name, items in definition["lists"].items()}
        self._read(definition["root"])
        self.speaks = "jr:choice-name" in repr(definition["root"])

    def _read(self, node: Node) -> None:
        trees = [node[name] for name in ("relevant", "calculate", "filter") if name in node]
        names = {node["name"]} if any(_is_own(path) for tree in trees for path in xpath.paths(tree)) else set()
        # The words of a choice may hold anything.
        told = all(_names(tree, names) for tree in trees)
        self.reads[id(node)] = frozenset(names) if told else None
        self.inner[id(node)] = {one["name"]: one for one in node.get("nodes", ())}
        for child in node.get("nodes", ()):
            self._read(child)


def _is_own(path: list[Any]) -> bool:
    """Whether a path ends where it begins, at the node itself; the names of all others stand in theirs."""
    return path[1] in (".", "current") and all(step[0] == "." for step in path[2:])


def _names(tree: Any, names: set[str]) -> bool:
    """Put every word of a tree among the names; false where it asks for the words of a choice."""
    if isinstance(tree, str):
        names.add(tree)
        return tree != "jr:choice-name"
    return all(_names(part, names) for part in tree) if isinstance(tree, list | tuple) else True


# By identity; each holds its definition, so that no other can have that identity meanwhile.
_kept: dict[int, Known] = {}


def known(definition: Definition) -> Known:
    """What holds of a definition; kept for the last few that were asked for."""
    found = _kept.get(id(definition))
    if found is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        found = _kept[id(definition)] = Known(definition)
    return found
