"""An instrument being answered: its values, what is relevant, what is calculated, and what is still wrong.

The twin of `static/instruments/engine.js`. Both follow the compiled definition (`definition.py`); this one answers
the pages without a script and checks every submission anew.
"""

import re
import unicodedata
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from spean.instruments import definition as shape
from spean.instruments.definition import Definition, Node
from spean.instruments.evaluate import Point, Where, day_of, evaluate, to_text, to_truth
from spean.instruments.known import known

SELECTS = ("select_one", "select_multiple")
ANSWERED = ("text", "integer", "decimal", "date", *SELECTS)
# Longer than any answer; what is longer is no answer to a question.
LONGEST = {"text": 5000, "integer": 10, "decimal": 20, "date": 10}
MOST_REPEATS = 200
_LEADING = re.compile(r"^(-?)0+(?=[0-9])")


@dataclass(frozen=True)
class Violation:
    """What is wrong with one answer: `required`, `constraint` or `type`."""

    path: str
    code: str


class Unsettled(RuntimeError):
    """The calculations of the instrument never come to rest: it was not linted."""


class Instance:
    """One instrument in the hands of one person.

    `stamps` are what the place says and not the person: start, end, today, deviceid, instance.
    """

    def __init__(
        self,
        definition: Definition,
        *,
        today: str,
        stamps: Mapping[str, str] = {},
        language: str = "",
        settled: bool = True,
    ) -> None:
        """`settled=False` is for whoever puts all answers in at once, and calls `settle` then."""
        self.definition = definition
        self.known = known(definition)
        self.today = today
        self.stamps = {"today": today, **stamps}
        self.language = language or definition["language"]
        self._items: dict[str, Point] = {}
        self.root = self._make(definition["root"], None)
        if settled:
            self.settle()

    # -- making ---------------------------------------------------------------------------------------------

    def _make(self, node: Node, parent: Point | None, added: bool = False) -> Point:
        point = Point(node["name"], parent, node)
        if node["kind"] == "field":
            point.raw = self.stamps.get(node["preload"], "") if "preload" in node else node.get("default", "")
        for child in node.get("nodes", ()):
            # An entry that is added begins with no entries of the repeats in it; the first one, with one.
            if not added or child["kind"] != "repeat":
                point.add(self._make(child, point, added))
        return point

    def add(self, parent: Point, name: str) -> Point:
        """One more of a repeat, after the last. Call `settle` when done."""
        node = next(child for child in parent.node["nodes"] if child["name"] == name)
        there = parent.by_name.get(name, [])
        if len(there) >= MOST_REPEATS:
            raise ValueError(f"a repeat has at most {MOST_REPEATS} entries")
        made = self._make(node, parent, added=True)
        if there:
            after = parent.children.index(there[-1]) + 1
            parent.add(made, parent.children[after] if after < len(parent.children) else None)
        else:
            names = [child["name"] for child in parent.node["nodes"]]
            later = set(names[names.index(name) + 1 :])
            parent.add(made, next((child for child in parent.children if child.name in later), None))
        return made

    def remove(self, point: Point) -> None:
        """Take one of a repeat away. Call `settle` when done."""
        assert point.parent is not None
        point.parent.children.remove(point)
        point.parent.by_name[point.name].remove(point)

    # -- finding --------------------------------------------------------------------------------------------

    def points(self, top: Point | None = None) -> Iterator[Point]:
        """Every node from `top` (the root) down, in document order."""
        stack = [top or self.root]
        while stack:
            point = stack.pop()
            yield point
            stack += reversed(point.children)

    def path(self, point: Point) -> str:
        """`people[2]/age`: where a node stands; entries of repeats are counted from 1."""
        names: list[str] = []
        while point.parent is not None:
            like = point.parent.by_name[point.name]
            names.append(f"{point.name}[{like.index(point) + 1}]" if point.node["kind"] == "repeat" else point.name)
            point = point.parent
        return "/".join(reversed(names))

    def at(self, path: str) -> Point:
        """The node at a path; raises KeyError."""
        point = self.root
        for step in path.split("/") if path else ():
            name, _, number = step.partition("[")
            like = point.by_name.get(name, [])
            place = int(number[:-1]) if number[:-1].isdecimal() else 1
            if not 1 <= place <= len(like):
                raise KeyError(path)
            point = like[place - 1]
        return point

    def items(self, name: str) -> Point:
        """A list of choices as nodes, for filters: instance('list')/root/item."""
        if name not in self._items:
            top = Point("", None)
            root = Point("root", top)
            top.add(root)
            for item in self.definition["lists"].get(name, ()):
                entry = Point("item", root)
                for column, value in {"name": item["name"], **item.get("more", {})}.items():
                    cell = Point(column, entry)
                    cell.raw = cell.value = value
                    entry.add(cell)
                root.add(entry)
            self._items[name] = top
        return self._items[name]

    def offered(self, point: Point) -> list[dict[str, Any]]:
        """The choices that a question offers now."""
        every: list[dict[str, Any]] = self.definition["lists"].get(point.node.get("list", ""), [])
        tree = point.node.get("filter")
        if tree is None:
            return every
        entries = self.items(point.node["list"]).children[0].children
        return [
            item
            for place, (item, entry) in enumerate(zip(every, entries, strict=True), start=1)
            if to_truth(evaluate(tree, Where(entry, place, len(every), point, self)))
        ]

    def _offered_names(self, point: Point) -> Container[str]:
        if "filter" in point.node:
            return {item["name"] for item in self.offered(point)}
        return self.known.names.get(point.node.get("list", ""), ())

    def choices(self, point: Point) -> list[tuple[str, str]]:
        """Name and words of each choice that a question offers now, in the language in use; none for other questions."""
        if "list" not in point.node:
            return []
        return [(item["name"], self.words(item.get("label"), point)) for item in self.offered(point)]

    def chosen(self, point: Point) -> str:
        """The words of what was chosen, with commas between, in the order in which it was chosen."""
        words = dict(self.choices(point))
        return ", ".join(words[name] for name in point.value.split() if name in words)

    def choice_name(self, value: str, path: Any, where: Where) -> str:
        """The words of a choice, for `jr:choice-name`; `path` is the tree that names the question."""
        found = evaluate(path, where)
        if isinstance(found, list) and found:
            for item in self.definition["lists"].get(found[0].node.get("list", ""), ()):
                if item["name"] == value:
                    return self.words(item.get("label"), where.point)
        return ""

    def words(self, texts: Mapping[str, Any] | None, point: Point) -> str:
        """A text in the language in use, with the values that it names put in."""
        parts = shape.text(texts, self.language, self.definition["language"])
        if isinstance(parts, str):
            return parts
        return "".join(part if isinstance(part, str) else to_text(self.value_of(part, point)) for part in parts)

    # -- answering ------------------------------------------------------------------------------------------

    def set(self, point: Point, value: str) -> None:
        """What was answered, as text; for several choices their names with spaces between. Call `settle` when done."""
        kind = point.node.get("type")
        if kind == "select_multiple":
            chosen = set(value.split())
            every = [item["name"] for item in self.definition["lists"].get(point.node["list"], ())]
            known = [name for name in every if name in chosen]
            value = " ".join([*known, *sorted(chosen - set(every))])
        point.raw = written(kind or "", value)

    def value_of(self, tree: Any, point: Point) -> Any:
        return evaluate(tree, Where(point, 1, 1, point, self))

    def truth(self, tree: Any, point: Point) -> bool:
        return to_truth(self.value_of(tree, point))

    def settle(self) -> None:
        """Work out what is relevant and what is calculated, until nothing changes any more.

        What is not relevant reads as blank, and gets its value back when it becomes relevant again.
        """
        reads_of = self.known.reads
        every = [(point, reads_of[id(point.node)]) for point in self.points()]
        # By name, after how many changes the last one of a node so called came; and of each node, after how many it
        # was worked out last: only where something that it reads has changed since can anything else come out.
        changed: dict[str, int] = {}
        worked_out = [-1] * len(every)
        under = [True] * len(every)
        count = 0
        for _round in range(len(every) + 2):
            before = count
            for place, (point, reads) in enumerate(every):
                relevant = point.parent is None or point.parent.relevant
                since = worked_out[place]
                if (
                    since >= 0
                    and under[place] == relevant
                    and reads is not None
                    and (since == count or not any(changed.get(name, 0) > since for name in reads))
                ):
                    continue
                worked_out[place], under[place] = count, relevant
                if self._settle(point):
                    count += 1
                    changed[point.name] = count
            if count == before:
                return
        raise Unsettled(self.definition["id"])

    def _settle(self, point: Point) -> bool:
        node = point.node
        relevant = point.parent is None or point.parent.relevant
        if relevant and "relevant" in node:
            relevant = self.truth(node["relevant"], point)
        value = ""
        if relevant:
            if "calculate" in node:
                point.raw = to_text(self.value_of(node["calculate"], point))
            value = point.raw
            if value and node.get("type") in SELECTS:
                offered = self._offered_names(point)
                value = " ".join(word for word in value.split() if word in offered)
        if value == point.value and relevant == point.relevant:
            return False
        point.value, point.relevant = value, relevant
        return True

    def required(self, point: Point) -> bool:
        return "required" in point.node and self.truth(point.node["required"], point)

    def violation(self, point: Point) -> Violation | None:
        """What is wrong with one answer, if anything is."""
        if not point.relevant or point.node.get("type") not in ANSWERED:
            return None
        if point.value == "":
            return Violation(self.path(point), "required") if self.required(point) else None
        if not fits(point.node["type"], point.value):
            return Violation(self.path(point), "type")
        if "constraint" in point.node and not self.truth(point.node["constraint"], point):
            return Violation(self.path(point), "constraint")
        return None

    def violations(self) -> list[Violation]:
        found = [self.violation(point) for point in self.points()]
        return [violation for violation in found if violation is not None]

    # -- handing over ---------------------------------------------------------------------------------------

    def xml(self) -> str:
        """The submission: what is relevant, in the order of the instrument."""
        head = f" id={quoteattr(self.definition['id'])} version={quoteattr(self.definition['version'])}"
        return _xml(self.root, head)

    def values(self) -> dict[str, str]:
        """Every answer that is relevant and not blank, by its path."""
        return {
            self.path(point): point.value
            for point in self.points()
            if point.relevant and point.value != "" and point.node["kind"] == "field"
        }


def fits(kind: str, value: str) -> bool:
    """Whether text can be a value of a type."""
    if len(value) > LONGEST.get(kind, LONGEST["text"]):
        return False
    if kind == "integer":
        return value.removeprefix("-").isdecimal() and value.isascii()
    if kind == "decimal":
        whole, _, part = value.removeprefix("-").partition(".")
        return value.isascii() and (whole + part).isdecimal() and bool(whole) and not value.endswith(".")
    if kind == "date":
        return day_of(value) is not None
    return True


def written(kind: str, value: str) -> str:
    """One way to write each value: letters whichever keyboard wrote them, numbers as ODK's programs do (7, 1.0, 1.5)."""
    if kind == "integer" and fits(kind, value):
        return _LEADING.sub(r"\1", value)
    if kind == "decimal" and fits(kind, value):
        whole, _, part = _LEADING.sub(r"\1", value).partition(".")
        return f"{whole}.{part.rstrip('0') or '0'}"
    return unicodedata.normalize("NFC", value)


def _xml(point: Point, attributes: str = "") -> str:
    if not point.relevant:
        return ""
    is_field = point.node["kind"] == "field"
    inner = escape(point.value) if is_field else "".join(_xml(child) for child in point.children)
    return f"<{point.name}{attributes}>{inner}</{point.name}>" if inner else f"<{point.name}{attributes}/>"
