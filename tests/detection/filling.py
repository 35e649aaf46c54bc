"""Instruments that are no screening, filled in as a phone or a page sends them."""

from collections.abc import Sequence
from uuid import uuid4

from spean.country import pack
from spean.detection import instruments
from spean.instruments.engine import Instance
from spean.lib import clock

# Bracelet, sex, age, what the person told, what is urgent.
Said = tuple[str, str, str, str, str]
THREE: tuple[Said, ...] = (
    ("7", "male", "adult", "none", ""),
    ("12", "female", "child", "unpaid", ""),
    ("31", "female", "adult", "unpaid", "medical"),
)


def begun(name: str, identifier: str = "") -> Instance:
    """An instrument of the pack with nothing answered."""
    instrument = instruments.find(name)
    assert instrument is not None
    now, today = clock.now().isoformat(), pack().today().isoformat()
    stamps = {"start": now, "end": now, "deviceid": "d1", "instance": identifier or f"uuid:{uuid4()}"}
    return Instance(instrument.made.definition, today=today, stamps=stamps)


def a_bus(
    people: Sequence[Said] = THREE, *, on_board: int = 5, place: str = "Poipet", remark: str = "", identifier: str = ""
) -> bytes:
    """The quick list of a bus."""
    instance = begun("transit_centre", identifier)
    said = {"arrived_on": pack().today().isoformat(), "place": place, "came_from": "THA", "on_board": str(on_board)}
    for name, value in said.items():
        instance.set(instance.at(f"arrival/{name}"), value)
    while len(instance.root.by_name.get("traveller", [])) < len(people):
        instance.add(instance.root, "traveller")
    for number, one in enumerate(people, start=1):
        for name, value in zip(("bracelet", "traveller_sex", "age_band", "signs", "needs_now"), one, strict=True):
            instance.set(instance.at(f"traveller[{number}]/{name}"), value)
    instance.set(instance.at("summary/remark"), remark)
    instance.settle()
    assert not instance.violations(), instance.violations()
    return instance.xml().encode()


def an_intake(happened: str = "Nobody paid.", *, agrees: str = "yes", identifier: str = "") -> bytes:
    """The interview after registration."""
    instance = begun("intake", identifier)
    instance.set(instance.at("talk/agrees"), agrees)
    instance.settle()
    for point in list(instance.points()):
        if point.relevant and instance.required(point) and point.value == "" and point.node.get("type") == "integer":
            instance.set(point, "1")
        elif point.relevant and instance.required(point) and point.value == "" and "list" in point.node:
            instance.set(point, instance.offered(point)[0]["name"])
        instance.settle()
    if agrees == "yes":
        instance.set(instance.at("past/what_happened"), happened)
        instance.settle()
    assert not instance.violations(), instance.violations()
    return instance.xml().encode()
