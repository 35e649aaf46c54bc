"""Between an instrument that is filled in and the tables: what it tells the definition test, and back."""

from collections.abc import Mapping
from typing import Any

from spean.country import pack
from spean.country.pack import Instrument
from spean.detection.models import Screening
from spean.instruments.engine import Instance

# Answers of the cover that mean "not known", and "asked, and none of these".
UNKNOWN, NONE, NOT_KNOWN = "unknown", "none", "not_known"


def facts(instance: Instance) -> dict[str, Any]:
    """Age, acts, forms and kind of exploitation as `spean screen` and the tables take them."""
    age = instance.at("person/age").value
    acts = instance.at("journey/acts").value.split()
    return {
        "age": int(age) if age else None,
        "age_disputed": instance.at("person/age_disputed").value == "yes",
        "exploitation": instance.at("work/exploitation").value,
        "acts": None if not acts or UNKNOWN in acts else [act for act in acts if act != NONE],
        "forms": [form for form in instance.at("work/forms").value.split() if form != NOT_KNOWN],
    }


def answers(instance: Instance, keys: Mapping[str, str]) -> dict[str, str]:
    """Answers by the key under which they are stored; what was left open is not in it.

    `keys` gives the key of each question by its name: `AL-CD-DEBT` is `CD-DEBT`.
    """
    return {
        keys[point.name]: point.value
        for point in instance.points()
        if point.name in keys and point.relevant and point.value != ""
    }


def as_input(instance: Instance, keys: Mapping[str, str]) -> dict[str, Any]:
    """The input of `spean screen` that says the same."""
    return {"instrument": instance.definition["id"], **facts(instance), "answers": answers(instance, keys)}


def instance_of(screening: Screening, instrument: Instrument, language: str) -> Instance:
    """The instrument with what an interview in the pages has told so far: which questions it asks follows from it."""
    instance = Instance(instrument.made.definition, today=pack().today().isoformat(), language=language)
    acts = UNKNOWN if screening.acts is None else " ".join(screening.acts) or NONE
    known = {
        "person/age": "" if screening.age is None else str(screening.age),
        "person/age_disputed": "yes" if screening.age_disputed else "no",
        "work/exploitation": screening.exploitation,
        "journey/acts": acts,
        "work/forms": " ".join(screening.forms) or NOT_KNOWN,
    }
    for path, value in known.items():
        instance.set(instance.at(path), value)
    names = {row.code: row.answer_key for row in instrument.indicators}
    for point in instance.points():
        given = screening.answers.get(names.get(point.name, ""), "not_asked")
        if given != "not_asked":
            instance.set(point, given)
    instance.settle()
    return instance
