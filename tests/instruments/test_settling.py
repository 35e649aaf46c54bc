"""What is worked out again only where something has changed comes out as if everything were worked out each time."""

from __future__ import annotations

import random
from copy import copy
from typing import Any

import pytest

from spean.instruments import engine
from spean.instruments.engine import Instance
from tests.instruments import walks
from tests.instruments.shipped import EVERYTHING, SHIPPED, made


def state(instance: Instance) -> list[tuple[str, str, bool]]:
    return [(instance.path(point), point.value, point.relevant) for point in instance.points()]


@pytest.mark.parametrize("name", [EVERYTHING, *SHIPPED])
def test_nothing_comes_out_differently(name: str) -> None:
    definition, chance = made(name).definition, random.Random(7)
    sparing, thorough = walks.new(definition), walks.new(definition)
    thorough.known = copy(thorough.known)
    thorough.known.reads = dict.fromkeys(thorough.known.reads)
    for _ in range(40):
        asked = [point for point in sparing.points() if point.node.get("type") in engine.ANSWERED and point.relevant]
        # Several at once: what was skipped for one must not be missed for another.
        for point in chance.sample(asked, min(3, len(asked))):
            value = chance.choice([walks.answer(sparing, point, chance), ""])
            for each in (sparing, thorough):
                each.set(each.at(sparing.path(point)), value)
        repeats = [point for point in sparing.points() if point.node["kind"] == "repeat" and point.parent]
        if repeats and chance.random() < 0.3:
            one = chance.choice(repeats)
            path = sparing.path(one)
            for each in (sparing, thorough):
                there = each.at(path)
                assert there.parent is not None
                if len(there.parent.by_name[there.name]) > 2:
                    each.remove(there)
                else:
                    each.add(there.parent, there.name)
        sparing.settle()
        thorough.settle()
        assert state(sparing) == state(thorough)


def test_it_is_spared_at_all() -> None:
    """Each node once, and again only those that stand before what they read."""
    definition: Any = made("first_responder").definition
    instance = walks.submission(definition, 3)
    worked_out = []
    real = instance._settle
    instance._settle = lambda point: worked_out.append(point) or real(point)  # type: ignore[func-returns-value,method-assign]
    instance.settle()
    assert len(worked_out) == len(list(instance.points()))
