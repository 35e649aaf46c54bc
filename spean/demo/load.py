"""Loads the demonstration: the people of the source documents, and enough others around them for a working week.

The twelve vignettes end where their file says; the rest stand at every stage, some late, some waiting. Earlier people
give the published numbers something to show, and agencies bring lists of their own.
"""

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connections

from spean.access.models import Installation
from spean.country import pack
from spean.demo import editions, lists
from spean.demo import world as worlds
from spean.demo.story import Person, Story, Teller
from spean.demo.world import World
from spean.lib import clock
from spean.people import search, search_server

SEED = 20090304  # any number; the same people every time
OTHERS = 64

STAGE_OF_END = {
    "identified": "informed",
    "no_indication_closed_by_person": "no_indication",
    "alternative_support": "labour_track",
    "insufficient_information_followed_up": "second_interview",
}
# Where the people around the vignettes stand, so that every queue has something in it.
STAGES = (
    *["referred"] * 9, *["acknowledged"] * 6, *["registered"] * 6, *["assisted"] * 5, *["reflecting"] * 9,
    *["with_authority"] * 5, *["proposed"] * 4, *["confirmed"] * 2, *["informed"] * 3, "review_asked",
    *["answering"] * 3, *["screened"] * 4, *["second_interview"] * 2, *["refused"] * 3, *["no_indication"] * 2,
)  # fmt: skip
# A story's stage must have had the time to be reached: days since it began, at least and at most.
DAYS: dict[str, tuple[float, float]] = {
    "answering": (0.02, 0.4), "screened": (0.1, 1.5), "refused": (2, 40), "second_interview": (1, 6),
    "no_indication": (2, 40), "labour_track": (20, 40), "referred": (0.1, 2.2), "acknowledged": (0.5, 3),
    "registered": (0.6, 4), "assisted": (2, 8), "reflecting": (5, 31), "with_authority": (34, 38),
    "proposed": (36, 42), "confirmed": (37, 44), "informed": (40, 60), "review_asked": (44, 60),
}  # fmt: skip
REGISTERED = ("registered", "assisted", "reflecting", "with_authority", "proposed", "confirmed", "informed")
NEEDS = ("medical", "psychological", "legal", "livelihood", "shelter", "documents")
SCREENERS = (
    ("screener_poipet", "focal_01", "border"), ("screener_poipet", "focal_01", "deportation"),
    ("screener_poipet_2", "focal_01", "border"), ("screener_bavet", "focal_12", "border"),
    ("screener_pp", "focal_12", "raid"), ("screener_sr", "focal_17", "raid"),
    ("outreach_worker", "focal_12", "outreach"),
)  # fmt: skip


def load() -> World:
    """Fill an empty database with the demonstration. Everything in it is invented."""
    now = clock.now()
    Installation.objects.create(pk=1, country=pack().name, demonstration=True)
    with clock.travel(now - timedelta(days=90)):
        world = worlds.build(since=opening(now))
    teller = Teller(world, now)
    told = [*vignettes(now), *others(now)]
    stories = sorted(told, key=lambda story: story.begins)
    for alias in connections:
        # Loading is begun anew after a break, so waiting for the disk at every step proves nothing here.
        with connections[alias].cursor() as cursor:
            cursor.execute("SET synchronous_commit TO off")
    with _search_running():
        editions.publish(teller, world, now, person_of)
        for story in stories:
            teller.tell(story)
        lists.bring(world, now, [story.person for story in told if story.stage in REGISTERED])
    return world


def opening(now: datetime) -> datetime:
    """When the fictional agencies began to work with the system: before the first number that they publish."""
    with clock.travel(now):
        return datetime.combine(editions.first_day(clock.today()), datetime.min.time(), clock.local_zone())


@contextmanager
def _search_running() -> Iterator[None]:
    """Registration asks the search process every time, so there has to be one while the stories are told."""
    stop = threading.Event()
    serving = threading.Thread(target=search_server.run, args=(stop,), name="search")
    serving.start()
    try:
        while serving.is_alive():
            try:
                search.status()
                break
            except search.SearchUnavailable:
                time.sleep(0.05)
        yield
    finally:
        stop.set()
        serving.join()


def vignettes(now: datetime) -> Iterator[Story]:
    """The people of the source documents, under invented names."""
    rng = random.Random(SEED)
    listed = json.loads((worlds.folder() / "vignettes.json").read_text(encoding="utf-8"))["vignettes"]
    for place, entry in enumerate(listed):
        stage = STAGE_OF_END[entry["end"]]
        low, high = DAYS[stage]
        begins = now - timedelta(days=low + (high - low) * (place + 1) / (len(listed) + 1))
        screener, focal, context = SCREENERS[place % len(SCREENERS)]
        told = entry["person"]
        person = person_of(rng, told["sex"], entry["screening"]["age"] or told["age_at_screening"])
        person.nationality = told.get("nationality") or ""
        person.nationality_claimed = told.get("nationality_claimed", "")
        person.nationality_contested = told.get("nationality_contested", False)
        person.languages = told["languages"]
        person.has_documents = told.get("has_id")
        story = Story(
            person=person, screening=entry["screening"], stage=stage, begins=begins, screener=screener, focal=focal,
            context=context, needs=entry["needs"], risk=entry["risk"], notes=entry["story"],
        )  # fmt: skip
        if entry["id"] == "V04":
            # The officer who sold him on belongs to this unit: it sees nothing of the case.
            story.exclude = "ahtjp_sr"
            yield _earlier_episode(story)
            story.decision = "same"
        yield story


def others(now: datetime) -> Iterator[Story]:
    """People around the vignettes, at every stage of the path."""
    rng = random.Random(SEED + 1)
    for stage in STAGES[:OTHERS]:
        low, high = DAYS[stage]
        begins = _office_hour(now - timedelta(days=rng.uniform(low, high)), now)
        screener, focal, context = rng.choice(SCREENERS)
        sex = rng.choices(["female", "male", "transgender_feminine"], [58, 40, 2])[0]
        # Only an adult can refuse: for a child her best interests decide.
        minors = 0 if stage == "refused" else 25
        age = rng.choices([rng.randint(8, 17), rng.randint(18, 24), rng.randint(25, 46)], [minors, 40, 35])[0]
        person = person_of(rng, sex, age)
        if rng.random() < 0.1:
            person.nationality, person.languages = "VNM", ("vi",)
        yield Story(
            person=person, screening=_screening(rng, age, stage), stage=stage, begins=begins, screener=screener,
            focal=focal, context=context, needs=rng.sample(NEEDS, rng.randint(1, 3)),
            risk=rng.choices(["low", "medium", "high"], [3, 5, 2])[0], meets_needs=rng.random() < 0.6,
            outcome="exploited_not_identified" if rng.random() < 0.15 else "identified", alone=age < 13,
        )  # fmt: skip


def _earlier_episode(story: Story) -> Story:
    """The same man, earlier: one person, two episodes."""
    begins = story.begins - timedelta(days=14)
    return Story(
        person=story.person, screening=story.screening, stage="registered", begins=begins, screener=story.screener,
        focal=story.focal, needs=["medical"], risk="medium", context=story.context, notes="Came back from a fishing boat; left again.",
    )  # fmt: skip


def _screening(rng: random.Random, age: int, stage: str) -> dict[str, Any]:
    exploitation = rng.choices(["labour", "sexual"], [65, 35])[0]
    asked = {
        row.answer_key for row in pack().instruments["ilo_2009"].asked("child" if age < 18 else "adult", exploitation)
    }
    if stage == "no_indication":
        return {"age": age, "exploitation": exploitation, "acts": [], "forms": [],
                "answers": dict.fromkeys(sorted(asked), "no")}  # fmt: skip
    if stage == "second_interview":
        return {"age": None, "exploitation": exploitation, "acts": None, "forms": [],
                "answers": {"DR-PAY": "yes", "CD-VIOL": "declined", "EX-HOURS": "unknown"}}  # fmt: skip
    signs = {"DR-JOB": "yes", "DR-PAY": "yes", "CD-DEBT": "yes", "EX-PAYLOW": "yes", "EX-HOURS": "yes"}
    extra = rng.sample(["CD-DOCS", "CD-ISOL", "CD-VIOL", "EX-LIVING", "RV-ECON"], rng.randint(1, 3))
    signs.update({key: rng.choice(["yes", "yes", "declined", "unknown"]) for key in extra})
    form = (
        "SexualExploitation"
        if exploitation == "sexual"
        else rng.choice(["ForcedLabour", "ForcedLabour", "ForcedCriminality", "Servitude"])
    )
    acts = rng.sample(["recruitment", "transportation", "harbouring", "receipt"], rng.randint(1, 3))
    answers = {key: answer for key, answer in signs.items() if key in asked}
    return {"age": age, "exploitation": exploitation, "acts": acts, "forms": [form], "answers": answers}


def person_of(rng: random.Random, sex: str, age: int | None) -> Person:
    names: dict[str, list[tuple[str, str]]] = {"family": [], "female": [], "male": []}
    for row in worlds.rows("names.csv"):
        names[row["kind"]].append((row["latin"], row["khmer"]))
    family, mother = rng.choice(names["family"]), rng.choice(names["family"])
    given = rng.choice(names["male" if sex == "male" else "female"])
    second = rng.choice(names["female"])
    return Person(
        family_name=family[0], given_name=given[0], name_km=f"{family[1]} {given[1]}", sex=sex, age=age,
        mother_name=f"{mother[0]} {second[0]}",
        birth_province=rng.choice([place.code for place in pack().geography.provinces()]),
    )  # fmt: skip


def _office_hour(when: datetime, now: datetime) -> datetime:
    """Most work happens by day; a story that began at night begins at eight instead, unless that is yet to come."""
    local = when.astimezone(clock.local_zone())
    if 7 <= local.hour <= 19:
        return when
    return min(local.replace(hour=8, minute=local.minute), now - timedelta(minutes=40))
