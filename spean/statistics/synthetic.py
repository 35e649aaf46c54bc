"""Synthetic records in CTDC's schema: like the real ones in the large, and belonging to nobody.

The records are drawn by pac-synth (Microsoft Research) from counts with differentially private noise. Here is what
stands around that: the schema, when a release would be noise and no more, and the ledger of what has been spent. The
privacy lost by several releases about the same people adds up, so a spent budget is the end of releases about them.
"""

import fcntl
import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from spean.statistics.margins import BadTables

LENGTHS = (2, 3)
MOST_EPSILON = 12.0  # nobody who asks for more gets privacy worth the name
DEFAULT_BUDGET = 8.0
# A figure that one record in a hundred carries should not be off by more than a quarter, or a reader learns nothing.
TELLING_SHARE = 0.01
TELLING_ERROR = 0.25

YES = re.compile(r"1?|0")
CODE = re.compile(r"([A-Z]{3})?")
AGES = ("0--8", "9--17", "18--20", "21--23", "24--26", "27--29", "30--38", "39--47", "48+")
MONTHS = ("0--12 (0-1 yr)", "13--24 (1-2 yrs)", "25+ (2+ yrs)")
GENDERS = ("Woman", "Man", "Trans/Transgender/NonConforming")
FLAGS = (
    "meansDebtBondageEarnings", "meansThreats", "meansAbusePsyPhySex", "meansFalsePromises", "meansDrugsAlcohol",
    "meansDenyBasicNeeds", "meansExcessiveWorkHours", "meansWithholdDocs", "isForcedLabour", "isSexualExploit",
    "isOtherExploit", "sectorOfLabourAgriculture", "sectorOfLabourConstruction", "sectorOfLabourDomesticWork",
    "sectorOfLabourHospitality", "sectorOfSexProstitution", "sectorOfSexPornography", "recruiterRelationIntimatePartner",
    "recruiterRelationFriend", "recruiterRelationFamily", "recruiterRelationOther",
)  # fmt: skip
# The 27 columns of CTDC's Global Synthetic Dataset (v2024 to v2026), with the values that may stand in them.
SCHEMA: Mapping[str, tuple[str, ...] | re.Pattern[str]] = {
    "yearOfRegistration": re.compile(r"((19|20)\d\d)?"),
    "gender": ("", *GENDERS),
    "ageBroad": ("", *AGES),
    "citizenship": CODE,
    "CountryOfExploitation": CODE,
    "traffickMonths": ("", *MONTHS),
    **dict.fromkeys(FLAGS, YES),
}


class NotUseful(Exception):
    """There are too few records for a release that would tell anybody anything."""


class Spent(Exception):
    """The privacy budget does not allow this release."""


class Missing(Exception):
    """pac-synth is not installed."""


@dataclass(frozen=True)
class Spending:
    """One line of the ledger: what a release about some people cost."""

    about: str
    epsilon: float
    delta: float
    length: int
    release: str
    officer: str


def check(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Raises BadTables with every fault of the first twenty: columns and values that CTDC does not know."""
    faults = [f"CTDC has no column “{name[:40]}”." for name in header if name not in SCHEMA]
    faults += [
        f"two columns are called {name}." for name in sorted({name for name in header if header.count(name) > 1})
    ]
    if len(header) < 2:
        faults.append("there must be two columns at least.")
    if not rows:
        faults.append("there are no records.")
    for number, row in enumerate(rows if not faults else (), start=2):
        if len(row) != len(header):
            faults.append(f"row {number} has {len(row)} cells; the header has {len(header)}.")
            continue
        for name, value in zip(header, row, strict=True):
            allowed = SCHEMA[name]
            if not (allowed.fullmatch(value) if isinstance(allowed, re.Pattern) else value in allowed):
                faults.append(f"row {number}: {name} takes no such value.")  # the value may tell of a person
    if faults:
        more = len(faults) - 20
        raise BadTables(faults[:20] + ([f"and {more} more faults."] if more > 0 else []))


def delta_for(records: int) -> float:
    """pac-synth's own choice: 1 / (n ln n)."""
    return 1.0 / (records * math.log(records)) if records > 2 else 1.0


def noise(records: int, filled: float, epsilon: float, length: int) -> float:
    """About the standard deviation of the noise in the count of one combination of `length` values.

    `filled` values to a record on average. By the Gaussian mechanism, with the budget in equal parts over the lengths
    up to this one, for combinations of the longest kind.
    """
    combinations = math.comb(max(round(filled), length), length)
    return math.sqrt(combinations) * math.sqrt(2 * math.log(1.25 / delta_for(records))) * length / epsilon


def records_needed(records: int, filled: float, epsilon: float, length: int) -> int:
    """How many records a release of this length needs so that combinations of one record in a hundred are told."""
    return math.ceil(noise(max(records, 100), filled, epsilon, length) / (TELLING_ERROR * TELLING_SHARE))


def refuse_if_useless(rows: Sequence[Sequence[str]], epsilon: float, length: int) -> None:
    """Raises NotUseful, before anything is spent."""
    filled = sum(value not in ("", "0") for row in rows for value in row) / len(rows)
    needed = records_needed(len(rows), filled, epsilon, length)
    if len(rows) < needed:
        shorter = f" Length {length - 1} may do." if length > LENGTHS[0] else ""
        raise NotUseful(
            f"{len(rows):,} records are too few for length {length} at epsilon {epsilon:g}: noise would drown combinations "
            f"that one record in a hundred has. It takes about {needed:,}.{shorter} Publish protected tables instead "
            "(spean protect)."
        )


@contextmanager
def ledger(path: Path) -> Iterator[IO[str]]:
    """The ledger, held by nobody else meanwhile: two releases at once would each see the budget of before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def spend(path: Path, one: Spending, budget: float | None) -> float:
    """Write a spending down, before anything is drawn; what is left of the budget. Raises Spent or BadTables.

    The budget is set with the first spending about some people and stands from then on.
    """
    with ledger(path) as file:
        file.seek(0)
        fixed, spent = None, 0.0
        for number, line in enumerate(file.read().splitlines(), start=1):
            try:
                entry = json.loads(line)
                if entry["about"] == one.about:
                    fixed, spent = float(entry["budget"]), spent + float(entry["epsilon"])
            except (ValueError, KeyError, TypeError):
                raise BadTables(
                    [f"{path}: line {number} is not a spending. Without it nobody knows what is left."]
                ) from None
        if fixed is not None and budget is not None and budget != fixed:
            raise BadTables([f"the budget for “{one.about}” was set to {fixed:g} and stands."])
        whole = fixed if fixed is not None else DEFAULT_BUDGET if budget is None else budget
        if spent + one.epsilon > whole + 1e-9:
            raise Spent(
                f"epsilon {one.epsilon:g} is more than what is left: {whole - spent:g} of {whole:g} for “{one.about}”. "
                "Earlier releases about these people cannot be taken back."
            )
        entry = {**one.__dict__, "budget": whole}
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
        return whole - spent - one.epsilon


@dataclass(frozen=True)
class Synthetic:
    """Records and noisy counts that may be published, and how like the real ones they are, which may not.

    `counts` by combination, such as gender:Woman;ageBroad:18--20. They are far closer than counts of the records: drawing
    records keeps single values, and blurs how they go together.
    """

    header: list[str]
    rows: list[list[str]]
    counts: dict[str, int]
    utility: dict[str, Any]


def available() -> bool:
    try:
        import pacsynth
    except ModuleNotFoundError:
        return False
    return pacsynth is not None


def draw(header: Sequence[str], rows: Sequence[Sequence[str]], epsilon: float, length: int) -> Synthetic:
    """Synthetic records, their number drawn as well. What it costs must have been spent before. Raises Missing."""
    try:
        import pacsynth
    except ModuleNotFoundError:
        raise Missing("synthetic records need pac-synth: pip install 'spean[synthetic]'.") from None
    real = pacsynth.Dataset([list(header), *map(list, rows)])
    settings = (
        pacsynth.DpAggregateSeededParametersBuilder()
        .reporting_length(length)
        .epsilon(epsilon)
        .delta(delta_for(len(rows)))
        .fabrication_mode(pacsynth.FabricationMode.minimize())
        .build()
    )
    synthesizer = pacsynth.DpAggregateSeededSynthesizer(settings)
    synthesizer.fit(real)
    made = synthesizer.sample()
    columns = [made[0].index(name) for name in header]
    drawn = [[row[at] for at in columns] for row in made[1:]]
    fake = pacsynth.Dataset([list(header), *drawn])
    true, counts = real.get_aggregates(length, ";"), synthesizer.get_dp_aggregates(";")
    utility = {
        "records": len(rows),
        "synthetic_records": len(drawn),
        "of_the_records": compare(true, fake.get_aggregates(length, ";"), length),
        "of_the_noisy_counts": compare(true, counts, length),
    }
    return Synthetic(list(header), drawn, dict(sorted(counts.items())), utility)


def compare(real: Mapping[str, int], fake: Mapping[str, int], length: int, least: int = 10) -> dict[str, Any]:
    """By length of combination: how far synthetic counts are off on average, what is lost and what was made up."""
    found = {}
    for size in range(1, length + 1):
        true = {key: count for key, count in real.items() if key.count(";") == size - 1}
        made = {key: count for key, count in fake.items() if key.count(";") == size - 1}
        known = {key: count for key, count in true.items() if count >= least}
        off = [abs(made.get(key, 0) - count) / count for key, count in known.items()]
        found[f"length_{size}"] = {
            "combinations_of_ten_or_more": len(known),
            "mean_relative_error": round(sum(off) / len(off), 4) if off else None,
            "share_lost": round(sum(key not in made for key in known) / len(known), 4) if known else None,
            "share_made_up": round(sum(key not in true for key in made) / len(made), 4) if made else None,
        }
    return found
