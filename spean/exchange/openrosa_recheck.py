"""Every submission is answered once more, here: what a phone says it worked out is compared and never believed.

The same engine as everywhere (`spean.instruments.engine`), on the definition of the version that was filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from xml.etree.ElementTree import Element

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from spean.exchange.openrosa_xml import local
from spean.instruments.definition import Definition
from spean.instruments.engine import LONGEST, Instance, Unsettled, written
from spean.instruments.evaluate import Point, day_of

# What can stand against a submission, in the words in which its user is told.
REASONS: dict[str, str | Promise] = {
    "unknown_form": _("It was filled in on a form that was never offered here."),
    "other_questions": _("It holds questions that its form does not have."),
    "wrong_value": _("An answer is not one of those its question has, or is of the wrong kind."),
    "answer_missing": _("A question that must be answered was left out."),
    "not_allowed": _("An answer does not fit the others."),
    "not_asked": _("A question was answered that is not asked after the other answers."),
    "other_result": _("The phone worked out something else than the server did from the same answers."),
    "changed_later": _("It changes one that was sent before. Write the change into the case."),
    "not_opened": _("It was sealed on the phone and does not open, or is not whole."),
    "older_questions": _("It was filled in on an older version whose questions are no longer asked."),
    "refused": _("It could not become a screening."),
}
META = "meta"
# Written by every app in its own way, and held against nobody.
STAMPS = ("start", "end", "today", "deviceid")


@dataclass(frozen=True)
class Checked:
    """The answers by the names of their questions, and what stands against them, as codes of REASONS."""

    values: Mapping[str, str] = field(repr=False)
    faults: tuple[str, ...]


def recheck(definition: Definition, root: Element, today: date) -> Checked:
    """Fill the form in anew with what was answered, and compare everything else."""
    filled = _Filled(definition, root, today)
    return Checked(filled.values(), tuple(dict.fromkeys(filled.faults)))


class _Filled:
    def __init__(self, definition: Definition, root: Element, today: date) -> None:
        self.faults: list[str] = []
        self.sent: list[tuple[Point, str]] = []
        self.entered: set[int] = set()
        self.instance = Instance(definition, today=_day(root, today).isoformat())
        if local(root.tag) != definition["root"]["name"]:
            self.faults.append("other_questions")
            return
        self._fill(self.instance.root, root)
        if self.faults:
            return
        self._leave_the_rest()
        try:
            self.instance.settle()
        except (Unsettled, ArithmeticError, ValueError):
            self.faults.append("wrong_value")
            return
        self._compare()

    def values(self) -> dict[str, str]:
        found = {} if self.faults and not self.sent else self.instance.values()
        return {path.rpartition("/")[2]: value for path, value in found.items() if "[" not in path}

    def _fill(self, point: Point, element: Element) -> None:
        seen: dict[str, int] = {}
        for child in element:
            name = local(child.tag)
            if name == META and point.parent is None:
                continue
            node = next((one for one in point.node.get("nodes", ()) if one["name"] == name), None)
            place = seen[name] = seen.get(name, 0) + 1
            if node is None or (node["kind"] != "repeat" and place > 1):
                self.faults.append("other_questions")
                return
            there = point.by_name.get(name, [])
            if place > len(there):
                try:
                    self.instance.add(point, name)
                except ValueError:
                    self.faults.append("other_questions")
                    return
                there = point.by_name[name]
            if node["kind"] == "field":
                self._take(there[place - 1], child)
            else:
                self.entered.add(id(there[place - 1]))
                self._fill(there[place - 1], child)

    def _take(self, point: Point, element: Element) -> None:
        text = (element.text or "").strip()
        if len(element) or len(text) > LONGEST["text"]:
            self.faults.append("wrong_value")
            return
        self.sent.append((point, text))
        if "calculate" not in point.node and point.name not in STAMPS:
            self.instance.set(point, text)

    def _leave_the_rest(self) -> None:
        """What was not sent was not answered, whatever a blank form begins with."""
        answered = {id(point) for point, _text in self.sent}
        for point in list(self.instance.points()):
            if point.node["kind"] == "repeat" and point is not self.instance.root and id(point) not in self.entered:
                self.instance.remove(point)
            elif point.node["kind"] == "field" and not {"calculate", "preload"} & point.node.keys():
                if id(point) not in answered:
                    point.raw = ""

    def _compare(self) -> None:
        for point, text in self.sent:
            if not text or point.name in STAMPS:
                continue
            if not point.relevant:
                # A calculation that does not count is nobody's answer.
                if "calculate" not in point.node:
                    self.faults.append("not_asked")
            elif "calculate" in point.node:
                if not _same(text, point.value):
                    self.faults.append("other_result")
            elif point.node.get("type") in ("select_one", "select_multiple") and set(point.value.split()) != set(
                written("", text).split()
            ):
                self.faults.append("wrong_value")
        codes = {"required": "answer_missing", "type": "wrong_value", "constraint": "not_allowed"}
        self.faults += [codes[violation.code] for violation in self.instance.violations()]


def _same(said: str, worked_out: str) -> bool:
    """Apps write the number 2 as 2 or 2.0."""
    if said == worked_out:
        return True
    try:
        return float(said) == float(worked_out)
    except ValueError:
        return False


def _day(root: Element, today: date) -> date:
    """The day on which it was filled in, as the phone says; not one that has not come yet anywhere on earth."""
    said = next((child.text or "" for child in root if local(child.tag) == "today"), "").strip()[:10]
    if day_of(said) is None:
        return today
    found = date.fromisoformat(said)
    return found if found <= today + timedelta(days=1) else today
