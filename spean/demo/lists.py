"""Partner lists of the demonstration: invented people on several lists, spelt as each agency spells, linked together.

Who they are follows from a seed, so that everybody who loads a demonstration sees the same lists. Some of them are
people of the stories, whom an agency met as well.
"""

import csv
import hashlib
import io
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from spean.access.models import User
from spean.country import pack
from spean.demo import world as worlds
from spean.demo.story import Person
from spean.demo.world import World
from spean.lib import clock
from spean.linkage import encode
from spean.linkage.records import Reader
from spean.lists import delivering, linking, pairs, to_case
from spean.lists.delivering import Declared
from spean.lists.models import Delivery, Linking, ListRow, Pair, PartnerList
from spean.privacy import doors

SEED = 20080215
PEOPLE = 104  # who can be on a list, besides those of the stories
OF_STORIES = 16
DECIDED = 3  # pairs that the registry has answered; the others wait
_NATIONALITY = {"km": "KHM", "vi": "VNM", "th": "THA"}
_WORDS = {
    "latin": {"female": "F", "male": "M", "KHM": "Cambodian", "VNM": "Vietnamese", "THA": "Thai"},
    "khmer": {"female": "ស្រី", "male": "ប្រុស", "KHM": "ខ្មែរ", "VNM": "វៀតណាម", "THA": "ថៃ"},
}
BROKEN = "\ufffd"
Spellings = tuple[str, str, str]


@dataclass(frozen=True)
class Invented:
    """Somebody on a list. `family`, `given` and `mother` in three spellings: Latin, another Latin one, her own script."""

    family: Spellings
    given: Spellings
    mother: Spellings
    sex: str
    nationality: str
    born: date
    place: str
    phone: str
    document: str


def bring(world: World, now: datetime, known: Sequence[Person]) -> Linking:
    """Every list of the pack delivered by its keeper, all linked by the registry, some pairs decided, some left open.

    Of somebody on a list who agreed, with proof, her keeper has begun a screening.
    """
    rng = random.Random(SEED)
    people = invented(rng, known, now)
    told: dict[tuple[str, int], int] = {}  # code of a list, line in its file → who it is
    for days, row in zip(range(40, 0, -4), worlds.rows("lists.csv"), strict=False):
        with clock.travel(now - timedelta(days=days)):
            made, places = _deliver(world.users[row["user"]], row, people, rng)
            told |= {(made.code, 2 + at): who for at, who in enumerate(places)}
    registry = world.users["registry_manager"]
    with clock.travel(now - timedelta(days=6)):
        found = linking.start(registry)
        linking.run(Linking.objects.select_related("started_by").get(pk=found.pk))
    with clock.travel(now - timedelta(days=5)):
        _decide(registry, told)
    with clock.travel(now - timedelta(days=1)):
        _begin_one()
    return found


def invented(rng: random.Random, known: Sequence[Person], now: datetime) -> list[Invented]:
    """Everybody who can stand on a list: people of the stories first, the same for the same seed."""
    return [*(_of_story(rng, one, now) for one in known[:OF_STORIES]), *(_invented(rng) for _ in range(PEOPLE))]


def _deliver(
    user: User, row: dict[str, str], people: Sequence[Invented], rng: random.Random
) -> tuple[PartnerList, list[int]]:
    declared = Declared(
        row["definition"], row["completeness"], lowest=int(row["lowest"]) if row["lowest"] else None,
        highest=int(row["highest"]) if row["highest"] else None,
    )  # fmt: skip
    made = delivering.begin_list(user, form=row["form"], title=row["title"], declared=declared)
    if row["form"] == "number":
        return made, []
    # Whoever stands first is met by more agencies than whoever stands last, so that the lists overlap.
    places = sorted(range(len(people)), key=lambda at: rng.random() * (0.4 + at / len(people)))[: int(row["people"])]
    headings = dict(pair.split("=") for pair in row["headings"].split(";"))
    lines = [_line(people[who], row, list(headings), number, rng) for number, who in enumerate(places, start=1)]
    if row["form"] == "tokens":
        raw = _tokens(list(headings), lines)
    else:
        if row["key"] == "police":
            lines[-1][1] += BROKEN  # a line that the office has to look at again
        raw = _csv([list(headings.values()), *lines])
    delivery = delivering.deliver(user, made, raw)
    if row["form"] != "tokens":
        seen = delivering.preview(user, delivery)
        delivering.name_columns(user, delivery, seen.guess, heading=seen.heading)
    delivering.take_in(Delivery.objects.select_related("partner_list", "delivered_by").get(pk=delivery.pk))
    return made, places


def _csv(lines: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue().encode()


def _tokens(names: Sequence[str], lines: Sequence[Sequence[str]]) -> bytes:
    """What an agency sends that gives no name away: encoded as `spean encode` does it, under a key that opens nothing."""
    table = Reader().table({**dict(zip(names, line, strict=True)), "source": "list"} for line in lines)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokens.csv"
        encode.write(table, hashlib.sha256(str(SEED).encode()).digest(), path, encode.DEFAULT)
        return path.read_bytes()


def _line(one: Invented, row: dict[str, str], names: Sequence[str], number: int, rng: random.Random) -> list[str]:
    """What one agency writes of somebody: in its script, its way of writing days, with its gaps."""
    script = rng.choice(("latin", "other", "khmer")) if row["script"] == "mixed" else row["script"]
    local = _WORDS["khmer" if row["script"] == "khmer" else "latin"]
    at = {"latin": 0, "other": 1, "khmer": 2}[script]
    days = {"day_first": one.born.strftime("%d/%m/%Y"), "iso": one.born.strftime("%Y-%m-%d")}
    cells: dict[str, Any] = {
        "record_id": f"{number}", "family_name": one.family[at], "given_name": one.given[at], "sex": local[one.sex],
        "birth_date": days.get(row["days"], ""), "birth_year": f"{one.born.year}",
        "nationality": local.get(one.nationality, one.nationality), "birth_place": one.place,
        "phone": one.phone if rng.random() < 0.7 else "", "document_number": one.document if rng.random() < 0.5 else "",
        "mother_name": one.mother[at] if rng.random() < 0.6 else "",
        "consent": "yes", "consent_proof": f"Form {number} (fictional)" if rng.random() < 0.6 else "",
    }  # fmt: skip
    return [cells[name] for name in names]


def _invented(rng: random.Random) -> Invented:
    language = rng.choices(("km", "vi", "th"), (70, 20, 10))[0]
    sex = rng.choices(("female", "male"), (60, 40))[0]
    born = date(rng.randint(1978, 2012), 1, 1) + timedelta(days=rng.randrange(365))
    return Invented(
        family=_name(rng, language, "family"), given=_name(rng, language, sex),
        mother=_joined(_name(rng, language, "family"), _name(rng, language, "female")),
        sex=sex, nationality=_NATIONALITY[language], born=born, place=rng.choice(list(_provinces().values())),
        phone=f"0{rng.randint(10, 99)} {rng.randint(100, 999)} {rng.randint(100, 999)}",
        document=f"FIC{rng.randint(100000, 999999)}",
    )  # fmt: skip


def _joined(one: Spellings, other: Spellings) -> Spellings:
    return f"{one[0]} {other[0]}", f"{one[1]} {other[1]}", f"{one[2]} {other[2]}"


def _name(rng: random.Random, language: str, kind: str) -> Spellings:
    return rng.choice(_names()[language, kind])


@lru_cache(maxsize=1)
def _names() -> dict[tuple[str, str], list[Spellings]]:
    """By language and kind, each name in its three spellings."""
    found: dict[tuple[str, str], list[Spellings]] = {}
    for row in worlds.rows("list_names.csv"):
        found.setdefault((row["language"], row["kind"]), []).append((row["latin"], row["other"], row["local"]))
    return found


@lru_cache(maxsize=1)
def _provinces() -> dict[str, str]:
    return {place.code: place.label("en") for place in pack().geography.provinces()}


def _of_story(rng: random.Random, person: Person, now: datetime) -> Invented:
    """Somebody whom the stories registered, as an agency writes her down."""
    family_km, given_km = person.name_km.split(" ", 1)
    return Invented(
        family=(person.family_name, person.family_name, family_km),
        given=(person.given_name, person.given_name, given_km),
        mother=(person.mother_name,) * 3, sex=person.sex if person.sex in ("female", "male") else "female",
        nationality=person.nationality or "KHM",
        born=date(now.year - (person.age or 20), 1, 1) + timedelta(days=rng.randrange(365)),
        place=_provinces().get(person.birth_province, ""),
        phone=f"0{rng.randint(10, 99)} {rng.randint(100, 999)} {rng.randint(100, 999)}",
        document=f"FIC{rng.randint(100000, 999999)}",
    )  # fmt: skip


def _decide(registry: User, told: dict[tuple[str, int], int]) -> None:
    """The registry looks at some pairs side by side and decides; one it cannot tell. The rest waits."""
    waiting = Pair.objects.select_related("one__partner_list", "other__partner_list").filter(status="open")
    for number, pair in enumerate(waiting.filter(one__partner_list__form="names")[:DECIDED]):
        doors.reveal(registry, [pair.one, pair.other], ["content"], "linking")
        who = {told.get((row.partner_list.code, row.line), -row.line) for row in (pair.one, pair.other)}
        decision = "unsure" if number == DECIDED - 1 else "same" if len(who) == 1 else "not_same"
        pairs.decide(registry, pair, decision)


def _begin_one() -> None:
    """One line of those who agreed is a screening already, so that both ends of the way can be seen; the others wait."""
    agreed = ListRow.objects.filter(status="accepted", consented=True, partner_list__form="names")
    row = agreed.select_related("partner_list__kept_by").order_by("partner_list__begun_at", "line")[0]
    to_case.begin_from_row(row.partner_list.kept_by, row)
