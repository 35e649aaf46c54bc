"""ODK's own engine holds ours: random walks over every instrument, the whole submission compared after each step.

The same steps are then taken by the Python engine. SPEAN_INSTRUMENT=/path/to/form.xlsx walks over another instrument;
SPEAN_WALKS and SPEAN_STEPS say how far.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from spean.instruments.engine import Instance
from tests import browser
from tests.instruments.shipped import EVERYTHING, SHIPPED, made
from tests.oracle import run

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(browser.unwanted(), reason="BROWSER=none"),
]
WALKS = int(os.environ.get("SPEAN_WALKS", "0"))
STEPS = int(os.environ.get("SPEAN_STEPS", "0"))
# The longest takes a quarter of a second at each step, in the oracle.
LENGTH = {"ilo_2009": (1, 60), EVERYTHING: (5, 60)}
OTHER = [path for path in os.environ.get("SPEAN_INSTRUMENT", "").split(os.pathsep) if path]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    from playwright.sync_api import sync_playwright

    run.fetch()
    path = browser.find()
    assert path, "No browser was found; install Chromium, or leave these out with BROWSER=none."
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox", "--disable-gpu"])
        yield run.open_page(opened)
        opened.close()


def canonical(xml: str, silent: set[str]) -> str:
    """As `canonical` in walk.js writes it."""
    lines: list[str] = []

    def visit(element: Any, path: str) -> None:
        here = f"{path}/{element.tag}"
        value = "" if len(element) or element.tag in silent else element.text or ""
        lines.append(f"{here}={value}")
        for child in element:
            visit(child, here)

    visit(ElementTree.fromstring(xml), "")  # noqa: S314 — our own text
    return "\n".join(lines)


def replay(definition: dict[str, Any], today: str, walk: dict[str, Any]) -> None:
    import json

    instance = Instance(definition, today=today)
    silent = {point.name for point in instance.points() if point.node.get("type") == "meta"}
    for number, (xml, wrong) in enumerate(walk["said"]):
        if number:
            verb, path, value = walk["taken"][number - 1]
            if verb == "set":
                instance.set(instance.at(path), value)
            else:
                parent, _slash, name = path.rpartition("/")
                holder = instance.at(parent)
                if verb == "add":
                    instance.add(holder, name)
                else:
                    instance.remove(holder.by_name[name][int(value) - 1])
            instance.settle()
        theirs = "\n".join(
            f"{path}={json.loads(value)}" for path, _sign, value in (line.partition("=") for line in xml.split("\n"))
        )
        assert canonical(instance.xml(), silent) == theirs, (number, walk["taken"][:number])
        ours = sorted(f"{one.path} {one.code}" for one in instance.violations() if one.code != "type")
        assert "\n".join(ours) == wrong, number


@pytest.mark.parametrize("name", [*SHIPPED, EVERYTHING, *OTHER])
def test_three_engines_say_the_same_after_every_step(page: Page, name: str) -> None:
    instrument = made(name)
    today = datetime.now(UTC).date().isoformat()
    walks, steps = LENGTH.get(name, (4, 50))
    violations = 0
    for seed in range(WALKS or walks):
        task = {
            "xform": instrument.xform, "definition": instrument.definition, "seed": seed, "steps": STEPS or steps,
            "today": today,
        }  # fmt: skip
        walk = page.evaluate("task => window.walk(task)", task)
        assert walk["difference"] is None, (name, seed, walk["difference"])
        assert len(walk["said"]) == (STEPS or steps) + 1
        violations += sum(bool(wrong) for _xml, wrong in walk["said"])
        replay(instrument.definition, today, walk)
    assert violations, "nothing was ever wrong: such a walk compares too little"


def test_a_difference_would_be_found(page: Page) -> None:
    """The oracle is no mirror: an instrument whose definition says something else than its XForm is caught."""
    instrument = made("transit_centre")
    import copy

    forged = copy.deepcopy(instrument.definition)
    entry = next(node for node in forged["root"]["nodes"] if node["name"] == "traveller")
    told = next(node for node in entry["nodes"] if node["name"] == "told")
    told["calculate"] = ["+", told["calculate"], 1]
    task = {
        "xform": instrument.xform, "definition": forged, "seed": 1, "steps": 40,
        "today": datetime.now(UTC).date().isoformat(),
    }  # fmt: skip
    assert page.evaluate("task => window.walk(task)", task)["difference"]
