"""The invented person who stands in one export and nowhere else: who opens or passes on her row names the export."""

import csv
import random
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache

from spean.country import pack
from spean.lib import clock

_chance = random.SystemRandom()


@lru_cache(maxsize=1)
def _names() -> dict[str, list[str]]:
    """Invented names, as the country pack lists them for its demonstration; none where it has no such list."""
    path = pack().folder / "demo" / "names.csv"
    found: dict[str, list[str]] = {"family": [], "female": [], "male": []}
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found[row["kind"]].append(row["latin"])
    return found


def invent() -> tuple[str, str, str]:
    """A family name, a given name and a day of birth. No telephone number or address: each could be somebody's."""
    names = _names()
    born = date(clock.today().year - 38, 1, 1) + timedelta(days=secrets.randbelow(20 * 365))
    given = names["female"] + names["male"]
    if not names["family"] or not given:
        return "", "", born.isoformat()
    return _chance.choice(names["family"]), _chance.choice(given), born.isoformat()


def row(invented: Mapping[str, str], columns: Sequence[str], others: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Her row: names and birth where the others have some, coded facts as others have them, nothing else."""
    made = {}
    for name in columns:
        values = [other[name] for other in others if other.get(name)]
        if name in invented:
            made[name] = invented[name] if values else ""
        elif name == "birth_year":
            made[name] = invented["birth_date"][:4] if values else ""
        elif name in COPIED and values:
            made[name] = _chance.choice(values)
    return made


# Facts that many share. Telephone, address, parents' names and numbers stay empty.
COPIED = frozenset({
    "sex", "age_at_screening", "nationality", "languages", "exploitation_forms", "detection_context",
    "detected_province", "legal_status", "risk_level",
})  # fmt: skip
