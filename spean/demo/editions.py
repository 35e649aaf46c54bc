"""Published numbers of the demonstration: enough people of earlier periods, and editions drawn up by two officers.

Few people make tables of which most is suppressed; these are as many as it takes for some of it to be shown.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from spean.demo.story import Person, Story, Teller
from spean.demo.world import World
from spean.lib import clock
from spean.statistics import actions, queries
from spean.statistics.models import Edition

SEED = 20260712
FORMS = {"ForcedLabour": "labour", "SexualExploitation": "sexual"}


@dataclass(frozen=True)
class Alike:
    """So many people of whom everything that is counted is the same. Small groups would hide each other."""

    number: int
    screener: str
    context: str
    sex: str
    ages: tuple[int, int]
    form: str


HALF_YEAR = (
    Alike(11, "screener_poipet", "deportation", "male", (19, 45), "ForcedLabour"),
    Alike(10, "screener_pp", "raid", "female", (19, 30), "SexualExploitation"),
)
# What one crossing sent in after the half-year had been published.
LATE = (Alike(10, "screener_bavet", "border", "female", (20, 35), "ForcedLabour"),)
# Four girls are too few to be shown, and what would tell how many they are is hidden with them.
YEAR = (
    Alike(11, "screener_poipet", "deportation", "male", (19, 45), "ForcedLabour"),
    Alike(4, "outreach_worker", "outreach", "female", (15, 17), "SexualExploitation"),
)
CORRECTION_EN = "Records that one border crossing sent in after publication were added."
CORRECTION_KM = "បានបន្ថែមកំណត់ត្រាដែលច្រកព្រំដែនមួយបានផ្ញើមកក្រោយការផ្សាយ។"


def half_before(today: date) -> date:
    """The first day of the last half-year that is over."""
    return date(today.year, 1, 1) if today.month > 6 else date(today.year - 1, 7, 1)


def first_day(today: date) -> date:
    """The first day of whatever is published: everybody who works then must have been appointed."""
    return date(half_before(today).year - 1, 1, 1)


def publish(teller: Teller, world: World, now: datetime, person: Any) -> list[Edition]:
    """A year, a half-year, and the half-year corrected. `person(rng, sex, age)` invents somebody."""
    with clock.travel(now):
        today = clock.today()
    half, year = half_before(today), first_day(today)
    rng = random.Random(SEED)
    for story in _people(rng, YEAR, year, date(year.year, 12, 31), person):
        teller.tell(story)
    made = [_edition(world, "year", year, _noon(date(year.year + 1, 2, 10), now))]
    ends = queries.last_day("half", half)
    for story in _people(rng, HALF_YEAR, half, ends, person):
        teller.tell(story)
    made.append(_edition(world, "half", half, _noon(ends + timedelta(days=12), now)))
    for story in _people(rng, LATE, ends - timedelta(days=40), ends, person):
        teller.tell(story)
    made.append(_edition(world, "half", half, _noon(ends + timedelta(days=40), now), corrects=made[-1]))
    return made


def _noon(day: date, now: datetime) -> datetime:
    """Not after now: whoever loads a demonstration on the second of July has an edition of the same day."""
    return min(datetime.combine(day, time(12), clock.local_zone()), now)


def _edition(world: World, span: str, first: date, when: datetime, corrects: Edition | None = None) -> Edition:
    one, other = world.users["statistician"], world.users["statistician_2"]
    with clock.travel(when):
        edition = actions.draft_edition(
            one, span, first, corrects=corrects, correction_en=CORRECTION_EN if corrects else "",
            correction_km=CORRECTION_KM if corrects else "",
        )  # fmt: skip
        actions.count_edition(edition)  # as the worker would
        actions.check_edition(one, edition)
        return actions.publish_edition(other, edition)


def _people(rng: random.Random, groups: Sequence[Alike], first: date, last: date, person: Any) -> Iterator[Story]:
    days = (last - first).days
    for group in groups:
        for _ in range(group.number):
            age = rng.randint(*group.ages)
            someone: Person = person(rng, group.sex, age)
            begins = datetime.combine(
                first + timedelta(days=rng.randrange(days)), time(rng.randint(8, 17), rng.randrange(60)), clock.local_zone()
            )  # fmt: skip
            yield Story(
                person=someone, screening=_screening(group, age), stage="moved_on", begins=begins,
                screener=group.screener, focal="focal_12", context=group.context,
            )  # fmt: skip


def _screening(group: Alike, age: int) -> dict[str, Any]:
    answers = {"DR-JOB": "yes", "DR-PAY": "yes", "CD-DEBT": "yes", "EX-PAYLOW": "yes", "EX-HOURS": "yes"}
    return {
        "age": age, "exploitation": FORMS[group.form], "acts": ["recruitment", "transportation"], "forms": [group.form],
        "answers": answers,
    }  # fmt: skip
