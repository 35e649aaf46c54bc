"""The result on the phone is the result of `spean screen`: the same answers, thousands of times, in both."""

import random

import pytest

from spean.country.pack import pack
from spean.detection import screen, told
from spean.instruments.engine import Instance
from tests.instruments.shipped import SCREENINGS, made
from tests.instruments.walks import new

ANSWERS = ("yes", "no", "unknown", "declined", "")


def at_random(name: str, instance: Instance, seed: int) -> Instance:
    """A screening in which anything may have been said. How much yes there is differs, so that every result comes up."""
    chance = random.Random(f"{name}{seed}")
    weights = chance.choice([(1, 1, 1, 1, 1), (6, 2, 1, 1, 1), (1, 20, 0, 0, 1), (0, 1, 0, 0, 0), (2, 10, 1, 1, 3)])
    instance.set(instance.at("work/exploitation"), chance.choice(["labour", "sexual"]))
    instance.set(instance.at("person/age"), chance.choice(["", "3", "17", "18", "25"]))
    instance.settle()
    if instance.at("person/age_disputed").relevant:
        instance.set(instance.at("person/age_disputed"), chance.choice(["yes", "no", "no"]))
    acts = ["recruitment", "transportation", "transfer", "harbouring", "receipt"]
    instance.set(instance.at("journey/acts"), chance.choice(["none", "unknown", " ".join(chance.sample(acts, 2)), ""]))
    forms = chance.choice(["not_known", "SexualExploitation", "ForcedLabour", "ForcedLabour SexualExploitation"])
    instance.set(instance.at("work/forms"), forms)
    instance.settle()
    for point in instance.points():
        if point.relevant and point.node.get("list") == "answer":
            instance.set(point, chance.choices(ANSWERS, weights)[0])
    instance.settle()
    return instance


@pytest.mark.parametrize("name", SCREENINGS)
def test_the_phone_says_what_spean_screen_says(name: str) -> None:
    country = pack("cambodia")
    keys = {row.code: row.answer_key for row in country.instruments[name].indicators}
    seen = set()
    instance = new(made(name).definition)
    for seed in range(400 if name == "first_responder" else 250):
        at_random(name, instance, seed)
        asked = told.as_input(instance, keys)
        report = screen.report(screen.check(asked, country), country, "en")
        on_phone = {
            "result": instance.at("result").value,
            "ilo_category": instance.at("ilo_category").value,
            "population": instance.at("population").value,
            **{one: instance.at(f"element_{one}").value for one in ("act", "means", "purpose")},
            **{dim: instance.at(f"{dim}_positive").value == "1" for dim in report["dimensions"]},
        }
        by_rule = {
            **{one: report[one] for one in ("result", "ilo_category", "population")},
            **{one: element["status"] for one, element in report["elements"].items()},
            **{dim: counts["positive"] for dim, counts in report["dimensions"].items()},
        }
        assert on_phone == by_rule, asked
        seen.add(on_phone["result"])
    # A short list can hardly rule anything out, and says so; the long one can say all four.
    assert seen >= {"presumed_victim", "insufficient_information", "exploited_not_trafficked"}
    assert ("no_indication" in seen) == (name == "ilo_2009")
