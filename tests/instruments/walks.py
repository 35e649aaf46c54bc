"""Random answers to an instrument, in Python: what the oracle's walks are in the browser, without a browser."""

import random
from typing import Any

from spean.instruments.engine import Instance
from spean.instruments.evaluate import Point

TODAY = "2026-06-30"
STAMPS = {
    "start": "2026-06-30T10:00:00.000+07:00", "end": "2026-06-30T10:03:00.000+07:00", "deviceid": "a1b2",
    "instance": "uuid:0b9c1c6a-3b0f-4b3e-9d6e-2f6f1f6d7a10",
}  # fmt: skip
WORDS = ("a", "b c", "ក ខ", "<&>\"'", "17", "12 345")


def new(definition: dict[str, Any]) -> Instance:
    return Instance(definition, today=TODAY, stamps=STAMPS)


def answer(instance: Instance, point: Point, chance: random.Random) -> str:
    """A possible answer to a question; it need not be allowed."""
    kind = point.node["type"]
    if kind in ("select_one", "select_multiple"):
        names = [item["name"] for item in instance.offered(point)]
        if not names:
            return ""
        if kind == "select_one":
            return chance.choice(names)
        return " ".join(name for name in names if chance.random() < 0.3) or chance.choice(names)
    if kind == "integer":
        return str(chance.choice([0, 1, 3, 12, 17, 18, 40, 99]))
    if kind == "decimal":
        return chance.choice(["0", "0.5", "1.25", "17.9"])
    if kind == "date":
        return chance.choice(["1999-12-31", "2024-02-29", "2026-06-30"])
    return chance.choice(WORDS)


def fill(instance: Instance, chance: random.Random, share: float = 1.0) -> Instance:
    """Answer everything that is relevant, in order, and again where an answer is not allowed."""
    for _ in range(6):
        for point in list(instance.points()):
            if not point.relevant or point.node.get("type") not in (
                "text", "integer", "decimal", "date", "select_one", "select_multiple",
            ):  # fmt: skip
                continue
            wrong = instance.violation(point)
            if (point.value == "" and chance.random() < share) or wrong:
                instance.set(point, answer(instance, point, chance))
                instance.settle()
        if not instance.violations():
            break
    return instance


def submission(name_or_definition: dict[str, Any], seed: int, share: float = 1.0) -> Instance:
    """A whole submission without violations; the seeds are tried one after the other until there is one."""
    for number in range(50):
        instance = fill(new(name_or_definition), random.Random(seed * 1000 + number), share)
        if not instance.violations():
            return instance
    raise AssertionError(f"no allowed answers to {name_or_definition['id']} were found")
