"""An instrument on paper: the same questions with a code for each answer, and the way back by one key for each.

A sheet is numbered through; the page on which it is typed in has the same numbers. It has a place for the case's code
and none for a name: a sheet of paper is read by whoever finds it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from spean.country import pack
from spean.country.fields import label as words
from spean.country.pack import Instrument
from spean.detection import instruments
from spean.instruments.engine import ANSWERED, Instance
from spean.instruments.evaluate import Point
from spean.lib import typeset

TEMPLATE = Path(__file__).with_name("paper.typ")
# One key for each answer: digits, then letters that no keyboard lacks.
KEYS = "123456789abcdefghijklmnopqrstuvwxyz"
# A name never stands on the sheet with the answers.
NOT_ON_PAPER = frozenset({"person/stated_name"})
# Stands in the head of a sheet of one list, and is not asked again.
KIND = "work/exploitation"
AGES = {"adult": "30", "child": "10"}
# From what reads well to the least that still does; the first with which it fits two pages is taken.
SIZES = (10.5, 10.0, 9.5, 9.0, 8.5, 8.0, 7.5, 7.0)
SMALLEST_OF_MORE = 8.0
WISHED = 2


@dataclass(frozen=True)
class Sheet:
    """What is printed on one form: an instrument, or one of its lists where it has several."""

    instrument: Instrument
    population: str = ""
    exploitation: str = ""

    @property
    def slug(self) -> str:
        several = f"-{self.population}-{self.exploitation}" if self.population else ""
        return f"{self.instrument.name}{several}"

    @property
    def for_whom(self) -> str:
        """For which persons and which kind of exploitation, in words; "" where it is for all."""
        if not self.population:
            return ""
        whom = _("Adults") if self.population == "adult" else _("Children, and who may be one")
        return f"{whom} · {words('exploitation', self.exploitation)}"


@dataclass(frozen=True)
class Question:
    """One numbered question. `keys` gives each choice its key."""

    number: int
    path: str
    kind: str
    label: str
    hint: str
    keys: tuple[tuple[str, str, str], ...]  # key, code, words
    required: bool


@dataclass(frozen=True)
class Part:
    """Questions under one title, with what is to be said before them."""

    title: str
    say: tuple[str, ...]
    questions: tuple[Question, ...]


def sheets() -> dict[str, Sheet]:
    """Every sheet that can be printed and typed in, by its slug; the shortest first."""
    found: list[Sheet] = []
    for instrument in instruments.screenings():
        lists = dict.fromkeys((row.population, row.exploitation) for row in instrument.indicators)
        if all(population in AGES and exploitation for population, exploitation in lists):
            found += [Sheet(instrument, population, exploitation) for population, exploitation in lists]
        else:
            found.append(Sheet(instrument))
    return {sheet.slug: sheet for sheet in found}


def blank(sheet: Sheet, language: str, stamps: Mapping[str, str] = {}) -> Instance:
    """The instrument as it begins on this sheet."""
    today = pack().today().isoformat()
    instance = Instance(sheet.instrument.made.definition, today=today, stamps=stamps, language=language)
    if sheet.population:
        instance.set(instance.at(KIND), sheet.exploitation)
        instance.set(instance.at("person/age"), AGES[sheet.population])
    instance.settle()
    return instance


def parts(sheet: Sheet, language: str, *, on_paper: bool = True) -> list[Part]:
    """What stands on the sheet, in order and numbered. Typing in shows what paper leaves out, without a number."""
    instance = blank(sheet, language)
    found: list[Part] = []
    number = 0
    for paths in instance.definition["pages"]:
        points = [point for path in paths for point in _below(instance, path) if point.relevant]
        say = tuple(instance.words(point.node.get("label"), point) for point in points if _kind(point) == "note")
        questions = []
        for point in points:
            path = instance.path(point)
            if _kind(point) not in ANSWERED or (sheet.population and path == KIND):
                continue
            if path in NOT_ON_PAPER:
                if not on_paper:
                    questions.append(_question(instance, point, 0))
                continue
            number += 1
            questions.append(_question(instance, point, number))
        if questions:
            title = next((point for point in points if point.node["kind"] == "group"), None)
            found.append(Part(instance.words(title.node.get("label"), title) if title else "", say, tuple(questions)))
    return found


def printed(sheet: Sheet, language: str) -> bytes:
    """The sheet as PDF, A4, in a language of the country pack; texts it does not have are English."""
    instrument = sheet.instrument
    return _printed(sheet.slug, instrument.version, instrument.made.definition["id"], language)


def page_count(sheet: Sheet, language: str) -> int:
    data = _data(sheet, language)
    return typeset.pages(TEMPLATE, {**data, "size": _size(data)})


@lru_cache(maxsize=32)
def _printed(slug: str, version: str, form_id: str, language: str) -> bytes:
    data = _data(sheets()[slug], language)
    return typeset.pdf(TEMPLATE, {**data, "size": _size(data)})


def _size(data: Mapping[str, Any]) -> float:
    for size in SIZES:
        if typeset.pages(TEMPLATE, {**data, "size": size}) <= WISHED:
            return size
    return SMALLEST_OF_MORE


def _data(sheet: Sheet, language: str) -> dict[str, Any]:
    # The words of the frame exist in fewer languages than those that are read to the person.
    with translation.override(language):
        frame = {
            "case": _("Case code"),
            "date": _("Date"),
            "officer": _("Officer’s number"),
            "how": _(
                "Tick the box of the answer; its code is the key to press when the sheet is typed in. Leave the row empty "
                "where nothing was asked."
            ),
            "no_name": _("Write no name on this sheet, and nothing by which somebody could be found."),
            "several": _("Several answers are possible."),
            "for_whom": sheet.for_whom,
        }
    return {
        "language": language,
        "title": sheet.instrument.title(language),
        "form": f"{sheet.slug} {sheet.instrument.version}",
        "frame": frame,
        "parts": [
            {
                "title": part.title,
                "say": list(part.say),
                "questions": [
                    {
                        "number": one.number,
                        "kind": one.kind,
                        "label": one.label,
                        "hint": one.hint,
                        "keys": [[key.upper(), label] for key, _code, label in one.keys],
                    }
                    for one in part.questions
                ],
            }
            for part in parts(sheet, language)
        ],
    }


def _below(instance: Instance, path: str) -> Iterator[Point]:
    parent, _slash, name = path.rpartition("/")
    for like in instance.at(parent).by_name.get(name, []):
        yield from instance.points(like)


def _kind(point: Point) -> str:
    return str(point.node.get("type", ""))


def _question(instance: Instance, point: Point, number: int) -> Question:
    return Question(
        number=number,
        path=instance.path(point),
        kind=_kind(point),
        label=instance.words(point.node.get("label"), point),
        hint=instance.words(point.node.get("hint"), point),
        keys=tuple((key, name, label) for key, (name, label) in zip(KEYS, instance.choices(point), strict=False)),
        required="required" in point.node,
    )
