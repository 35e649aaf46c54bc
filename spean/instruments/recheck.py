"""Checks a submission anew: the server never trusts the phone.

A submission is the XML of an instrument that was filled in, as ODK's programs and our own engine write it. It is read
without entities, outside references or size, its answers are put into the instrument one by one, and everything that
follows from them (what is relevant, calculated, required, allowed) is worked out here. What does not agree is refused
with a code, and nothing is kept.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NoReturn
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

from spean.instruments.definition import Definition
from spean.instruments.engine import ANSWERED, LONGEST, MOST_REPEATS, SELECTS, Instance, fits, written
from spean.instruments.evaluate import Point, day_of
from spean.instruments.known import Known, known

# The longest instrument with every text at its longest is below this.
LARGEST = 1_000_000
DEEPEST = 20
MOST_NODES = 20_000
# A phone that was off for long may send an old answer; none comes from days that have not begun anywhere.
OLDEST = timedelta(days=400)
YOUNGEST = timedelta(days=1)
_INSTANCE = re.compile(r"uuid:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# What the place says. Texts of the device, which nobody calculates with.
_STAMP = re.compile(r"[\w.:+\-]{0,80}")

CODES: Mapping[str, str] = {
    "too_large": "The submission is larger than any instrument can be.",
    "not_xml": "This is not readable XML.",
    "forbidden_xml": "The XML declares types, entities or references, which no submission needs.",
    "unknown_instrument": "There is no instrument of this name in this version.",
    "identifier_taken": "Another submission has this identifier.",
    "wrong_instrument": "The submission is of another instrument or version than was expected.",
    "unknown_node": "The submission has a question that the instrument does not have, or has it twice or in another place.",
    "missing_node": "A question that is relevant is not in the submission.",
    "wrong_type": "An answer is not of the type of its question.",
    "too_long": "An answer is longer than its question allows.",
    "not_a_choice": "An answer is not one of the choices that were open.",
    "not_relevant": "A question was answered that is not relevant after the other answers.",
    "required": "A required question was not answered.",
    "constraint": "An answer breaks the condition of its question.",
    "calculation": "A calculated value is not what the answers give.",
    "wrong_day": "The day on which it was filled in cannot be right.",
    "wrong_identifier": "The submission has no identifier of its own (uuid).",
}
# The HTTP status that answers each; what is not here is 422: understood, and wrong.
STATUS = {"too_large": 413, "not_xml": 400, "forbidden_xml": 400, "unknown_instrument": 404, "identifier_taken": 409}


class Refused(ValueError):
    """The submission is refused: a code of CODES, and the question by its path, never an answer."""

    def __init__(self, code: str, path: str = "") -> None:
        super().__init__(f"{code}{f' at {path}' if path else ''}: {CODES[code]}")
        self.code = code
        self.path = path

    @property
    def status(self) -> int:
        return STATUS.get(self.code, 422)

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "path": self.path, "message": CODES[self.code]}


@dataclass(frozen=True)
class Checked:
    """A submission that holds: its identifier (uuid as text), its day, and the instrument as it was filled in."""

    identifier: str
    filled_on: date
    instance: Instance

    def value(self, path: str) -> str:
        """The value at a path; blank if it is not relevant."""
        return self.instance.at(path).value


@dataclass(frozen=True)
class Named:
    """Which instrument a submission says it is of."""

    name: str
    version: str


def parse(xml: bytes) -> Element:
    """The XML of a submission, read safely; raises Refused."""
    if len(xml) > LARGEST:
        raise Refused("too_large")
    try:
        root = ElementTree.fromstring(xml, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException:
        raise Refused("forbidden_xml") from None
    except (ParseError, ValueError, LookupError, RecursionError):
        # An encoding that does not exist or does not fit is no readable XML either.
        raise Refused("not_xml") from None
    _bounded(root)
    return root


def _bounded(root: Element) -> None:
    waiting, seen = [(root, 1)], 0
    while waiting:
        element, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST or seen > MOST_NODES:
            raise Refused("too_large")
        waiting += [(child, depth + 1) for child in element]


def named(root: Element) -> Named:
    """The instrument and version that a submission states."""
    return Named(root.get("id", ""), root.get("version", ""))


def recheck(definition: Definition, root: Element, *, today: date) -> Checked:
    """Work out everything anew from the answers; raises Refused at the first thing that does not agree.

    `today` is the server's; the day that `today()` means is the one on which the instrument was filled in.
    """
    if named(root) != Named(definition["id"], definition["version"]) or _name(root) != definition["root"]["name"]:
        raise Refused("wrong_instrument")
    about = known(definition)
    stamps = _stamps(about, definition["root"], root)
    filled_on = _day(stamps, today)
    languages = definition["languages"] if about.speaks else [definition["language"]]
    refusal: Refused | None = None
    for language in languages:
        instance = Instance(definition, today=filled_on.isoformat(), stamps=stamps, language=language, settled=False)
        try:
            _fill(instance, instance.root, root)
            instance.settle()
            _compare(instance.root, root, instance)
        except Refused as found:
            # The words of a choice are in the language of the screen, which nobody sends: one of them must fit.
            refusal = found
            if found.code != "calculation":
                raise
            continue
        for violation in instance.violations():
            _refuse("wrong_type" if violation.code == "type" else violation.code, violation.path)
        identifier = stamps.get("instance", "")
        if not _INSTANCE.fullmatch(identifier):
            raise Refused("wrong_identifier")
        return Checked(identifier.removeprefix("uuid:").lower(), filled_on, instance)
    assert refusal is not None
    raise refusal


def unfinished(definition: Definition, root: Element, *, today: date) -> Instance:
    """An instrument whose answers are not complete yet, as a page carries it: read as carefully, calculated anew."""
    if named(root) != Named(definition["id"], definition["version"]) or _name(root) != definition["root"]["name"]:
        raise Refused("wrong_instrument")
    stamps = _stamps(known(definition), definition["root"], root)
    instance = Instance(definition, today=_day(stamps, today).isoformat(), stamps=stamps)
    _fill(instance, instance.root, root, strict=False)
    instance.settle()
    return instance


def _refuse(code: str, path: str) -> NoReturn:
    raise Refused(code, path)


def _name(element: Element) -> str:
    tag = str(element.tag)
    return tag.rpartition("}")[2] if tag.startswith("{") else tag


def _stamps(about: Known, node: dict[str, Any], element: Element) -> dict[str, str]:
    """What the device says of place and time, wherever in the instrument it stands."""
    found: dict[str, str] = {}
    nodes = about.inner[id(node)]
    for child in element:
        inner = nodes.get(_name(child))
        if inner is None:
            continue
        if "preload" in inner:
            text = (child.text or "").strip()
            if not _STAMP.fullmatch(text):
                raise Refused("wrong_type", inner["name"])
            found[inner["preload"]] = text
        else:
            found |= _stamps(about, inner, child)
    return found


def _day(stamps: Mapping[str, str], today: date) -> date:
    stated = next((stamps[name][:10] for name in ("today", "end", "start") if stamps.get(name)), "")
    if not stated:
        return today
    if day_of(stated) is None:
        raise Refused("wrong_day")
    day = date.fromisoformat(stated)
    if not today - OLDEST <= day <= today + YOUNGEST:
        raise Refused("wrong_day")
    return day


def _fill(instance: Instance, point: Point, element: Element, *, strict: bool = True) -> None:
    """Put the answers of an element into the instrument; calculated values are left to be worked out."""
    seen: dict[str, int] = {}
    if (element.text or "").strip() and len(element):
        raise Refused("unknown_node", instance.path(point))
    nodes = instance.known.inner[id(point.node)]
    for child in element:
        name = _name(child)
        node = nodes.get(name)
        if node is None or (child.tail or "").strip():
            here = instance.path(point)
            raise Refused("unknown_node", _within(here, name) if node else here)
        number = seen[name] = seen.get(name, 0) + 1
        if number > (MOST_REPEATS if node["kind"] == "repeat" else 1):
            raise Refused("unknown_node", _within(instance.path(point), name))
        there = point.by_name.get(name, ())
        inner = there[number - 1] if number <= len(there) else instance.add(point, name)
        if node["kind"] == "field":
            if len(child):
                raise Refused("unknown_node", _within(instance.path(point), name))
            _answer(instance, inner, child.text or "", strict)
        else:
            _fill(instance, inner, child, strict=strict)
    for name, node in nodes.items():
        if node["kind"] == "repeat":
            for left in point.by_name.get(name, [])[seen.get(name, 0) :]:
                instance.remove(left)


def _within(here: str, name: str) -> str:
    return f"{here}/{name}" if here else name


def _answer(instance: Instance, point: Point, text: str, strict: bool) -> None:
    kind = point.node["type"]
    if len(text) > LONGEST.get(kind, LONGEST["text"]):
        raise Refused("too_long", instance.path(point))
    if kind not in ANSWERED:
        return
    if kind in SELECTS:
        words = text.split()
        names = instance.known.names.get(point.node["list"], frozenset())
        if not names.issuperset(words) or len(set(words)) != len(words) or (kind == "select_one" and len(words) > 1):
            raise Refused("not_a_choice", instance.path(point))
    # A page may carry what was mistyped, so that it can be corrected there.
    elif strict and text and not fits(kind, text):
        raise Refused("wrong_type", instance.path(point))
    instance.set(point, text)


def _compare(point: Point, element: Element, instance: Instance) -> None:
    """Whether the submission says the same as what was worked out from its answers."""
    sent: dict[str, list[Element]] = {}
    for child in element:
        sent.setdefault(_name(child), []).append(child)
    for name, like in point.by_name.items():
        for number, inner in enumerate(like):
            elements = sent.get(name, [])
            if not inner.relevant:
                if number < len(elements):
                    raise Refused("not_relevant", instance.path(inner))
                continue
            if number >= len(elements):
                # Instruments of older programs leave out what is blank; a meta field may be missing altogether.
                if inner.node["kind"] == "field" and inner.value == "":
                    continue
                raise Refused("missing_node", instance.path(inner))
            if inner.node["kind"] == "field":
                _same(inner, elements[number].text or "", instance)
            else:
                _compare(inner, elements[number], instance)


def _same(point: Point, text: str, instance: Instance) -> None:
    kind = point.node["type"]
    if kind == "meta":
        return
    if kind in SELECTS:
        # The order in which several were ticked means nothing; one that is no longer offered was not open.
        if set(point.value.split()) != set(text.split()):
            raise Refused("not_a_choice", instance.path(point))
        return
    if point.value != written(kind, text):
        raise Refused("calculation", instance.path(point))
