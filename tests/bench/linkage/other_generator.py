"""The second generator, built differently from the first: for judging, never for tuning. Seeded, nobody is real.

Families instead of single persons: siblings share family name, mother, place and often the telephone. Every agency
has habits of its own: Khmer script, one cell for the whole name in capitals, Buddhist years, ages instead of dates,
day first, titles before names, aliases. Errors are those of eyes and keyboards (look-alike and neighbouring letters),
of ears (sounds mixed up), and of time (a telephone changes, a village moves). Names: the lists of the search bench.
"""

import random
from collections.abc import Iterator

from tests.bench.made_up_people import FAMILY, FIRST, GIVEN, SECOND, VIETNAMESE_FAMILY

Row = dict[str, str]
SOURCES = ["border", "hospital", "hotline", "ngo-north", "ngo-south", "province"]
_HEARD = [("d", "t"), ("t", "d"), ("b", "p"), ("p", "b"), ("v", "w"), ("ch", "j"), ("ou", "u"), ("ea", "ie"),
          ("ey", "ay"), ("ph", "f"), ("kh", "k"), ("o", "or"), ("a", "ar"), ("y", "ee"), ("n", "nn"), ("th", "t"), ("s", "ss"),
          ("oeu", "er")]  # fmt: skip
_SEEN = [("m", "rn"), ("n", "h"), ("i", "l"), ("u", "v"), ("e", "c"), ("a", "o"), ("g", "q"), ("y", "v")]
_NEAR = {
    "a": "sq",
    "s": "ad",
    "d": "sf",
    "o": "ip",
    "i": "uo",
    "n": "bm",
    "e": "wr",
    "h": "gj",
    "k": "jl",
    "r": "et",
    "t": "ry",
}
_VIETNAMESE_GIVEN = (
    "Lan Hoa Mai Hương Thảo Linh Trang Ngọc Yến Oanh Dũng Hùng Tuấn Nam Sơn Long Phúc Khánh Bảo Đạt Vân Hà Thu"
).split()
_PLACES = (
    "Battambang,Kampong Cham,Kampot,Kandal,Pursat,Siem Reap,Takeo,Phnom Penh,Kratie,Svay Rieng,Prey Veng,Koh Kong"
).split(",")
_TITLES = ["Mr. ", "Mrs ", "Bong ", "Lok ", "Neak "]


def _given(rng: random.Random, sex: str) -> tuple[str, str]:
    """Latin and, where there is one, Khmer spelling."""
    if rng.random() < 0.35:
        latin, khmer, whose = rng.choice(GIVEN)
        return (latin, khmer) if whose in ("x", sex) else _given(rng, sex)
    return rng.choice(FIRST) + rng.choice(SECOND), ""


def _household(rng: random.Random) -> list[dict[str, str]]:
    vietnamese = rng.random() < 0.18
    family = (rng.choice(VIETNAMESE_FAMILY), "") if vietnamese else tuple(rng.choice(FAMILY))
    mother_family = rng.choice(VIETNAMESE_FAMILY) if vietnamese else rng.choice(FAMILY)[0]
    mother = f"{mother_family} {'Thị ' + rng.choice(_VIETNAMESE_GIVEN) if vietnamese else _given(rng, 'f')[0]}"
    place, phone = rng.choice(_PLACES), f"0{rng.randint(10, 99)}{rng.randint(100000, 999999)}"
    born = rng.randint(1965, 2010)
    found = []
    for _ in range(rng.choices([1, 2, 3], [0.8, 0.14, 0.06])[0]):
        sex = rng.choice("ffm")
        if vietnamese:
            given = (
                f"{'Thị' if sex == 'f' else 'Văn'} {rng.choice(_VIETNAMESE_GIVEN)} {rng.choice(_VIETNAMESE_GIVEN)}",
                "",
            )
        else:
            given = _given(rng, sex)
        found.append({
            "family": family[0], "family_km": family[1], "given": given[0], "given_km": given[1], "mother": mother,
            "sex": sex, "place": place, "nationality": "VN" if vietnamese else "KH",
            "phone": phone if rng.random() < 0.5 else f"0{rng.randint(10, 99)}{rng.randint(100000, 999999)}",
            "paper": str(rng.randint(10**8, 10**9 - 1)), "year": str(born), "month": str(rng.randint(1, 12)),
            "day": str(rng.randint(1, 28)),
        })  # fmt: skip
        born += rng.randint(1, 4)
    return found


def _spoil(rng: random.Random, text: str) -> str:
    low = text.lower()
    for _ in range(rng.choices([0, 1, 2, 3], [0.45, 0.3, 0.17, 0.08])[0]):
        fitting = [rule for rule in (_HEARD if rng.random() < 0.75 else _SEEN) if rule[0] in low]
        if fitting:
            old, new = rng.choice(fitting)
            low = low.replace(old, new, 1)
    if rng.random() < 0.07 and len(low) > 2:
        at = rng.randrange(len(low))
        low = low[:at] + rng.choice(_NEAR.get(low[at], "e")) + low[at + 1 :]
    return low.title()


def _record(rng: random.Random, who: dict[str, str], source: str, *, first: bool) -> Row:
    family, given, mother = who["family"], who["given"], who["mother"]
    if not first:
        family, given, mother = _spoil(rng, family), _spoil(rng, given), _spoil(rng, mother)
    if source == "province" and who["family_km"] and who["given_km"] and rng.random() < 0.7:
        family, given = who["family_km"], who["given_km"]
    if source == "ngo-north" and rng.random() < 0.25:
        given = f"{given} alias {_given(rng, who['sex'])[0]}"
    if source == "hotline":
        family, given = "", f"{family} {given}".upper() if rng.random() < 0.8 else given
    if source == "border" and rng.random() < 0.3:
        family = rng.choice(_TITLES) + family
    if rng.random() < 0.06:
        family, given = given, family
    year, month, day = int(who["year"]), int(who["month"]), int(who["day"])
    if not first and rng.random() < 0.04:
        year += rng.choice([-1, 1])
    date = {
        "border": f"{day:02}/{month:02}/{year}", "hospital": f"{year + 543}-{month:02}-{day:02}", "ngo-south": f"{day}.{month}.{year}",
    }.get(source, f"{year}-{month:02}-{day:02}")  # fmt: skip
    chance = rng.random()
    date = "" if chance < 0.13 else str(year) if chance < 0.25 else f"01/01/{year}" if chance < 0.33 else date
    if source == "hotline" and date:
        date = str(2026 - year - rng.randint(0, 1))
    return {
        "family_name": family, "given_name": given, "sex": "" if rng.random() < 0.04 else who["sex"], "birth_date": date,
        "birth_year": "", "nationality": who["nationality"] if rng.random() < 0.85 else "",
        "birth_place": who["place"] if rng.random() < 0.5 else "",
        "phone": who["phone"] if rng.random() < 0.32 else "", "document_number": who["paper"] if rng.random() < 0.22 else "",
        "mother_name": mother if rng.random() < 0.35 else "",
    }  # fmt: skip


def rows(records: int, seed: int = 2) -> Iterator[Row]:
    """As `generator.rows`: records in random order, `person` being the truth."""
    rng = random.Random(seed)
    made: list[Row] = []
    number = 0
    while len(made) < records:
        for who in _household(rng):
            number += 1
            times = 1
            while rng.random() < 0.38 and times < 7:
                times += 1
            for time in range(times):
                source = rng.choice(SOURCES)
                made.append({"source": source, **_record(rng, who, source, first=time == 0), "person": str(number)})
    del made[records:]
    rng.shuffle(made)
    for place, row in enumerate(made):
        yield {"record_id": f"B{place:07}", **row}
