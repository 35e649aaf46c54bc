"""`spean link-train`: what decisions of people teach the check for the same person, judged before anything is kept.

Decided pairs of registered persons and of rows of partner lists are read in memory, by the operator on the server; what
is printed and kept are numbers. The parameters themselves are `people.parameters`, how they are learned `linkage.teaching`.
"""

import argparse
import os
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import transaction

from spean import country
from spean.country.spellings import Spellings, spellings
from spean.lib import clock
from spean.linkage import model, teaching
from spean.linkage.estimate import Interval
from spean.linkage.records import SEXES, place_key, region_of
from spean.linkage.teaching import Bools, Judged
from spean.lists import judging
from spean.lists.models import ListRow, Pair
from spean.people.matching import LIKELY, Details, Prepared, Weighed, prepare, reweigh, weigh
from spean.people.models import PossibleMatch
from spean.people.parameters import Parameters, parameters
from spean.people.search_feed import Feed
from spean.people.search_index import SearchIndex
from spean.people.search_server import keep_memory_private
from spean.privacy import doors, events

# Of each answer. With fewer, what is learned is who happened to come, and the judgement says nothing.
FEWEST = 100
FEWEST_JUDGED = 20
AT_ONCE = 500
REFUSED, FAULTY = 1, 2


class CannotTeach(Exception):
    """One plain sentence for the operator, with no name in it."""


@dataclass(frozen=True, repr=False)
class Decided:
    """Decided pairs as numbers: how they agree, what was decided, whether they judge, and the persons on file."""

    found: Weighed
    same: Bools
    judging: Bools
    on_file: int
    registered: int  # pairs of registered persons; the others are of lists


@dataclass(frozen=True)
class Compared:
    """Old and new parameters on decisions that taught neither. `gain` is by how much log loss fell."""

    new: Parameters
    before: Judged
    after: Judged
    gain: Interval


# --- reading the decisions -----------------------------------------------------------------------------


def decided(use: Parameters) -> Decided:
    """Every decided pair that can still be read. Raises CannotTeach where there are too few."""
    matches = list(
        PossibleMatch.objects.filter(status__in=("same", "not_same")).order_by("pk").values_list("person_id", "other_id", "status")
    )  # fmt: skip
    pairs = Pair.objects.filter(status__in=("same", "not_same"), one__head="", other__head="").order_by("pk")
    listed = list(pairs.values_list("one_id", "other_id", "status"))
    _enough([status for *_, status in matches + listed])
    rows = sorted({pk for one, other, _ in listed for pk in (one, other)})
    facts = {"matches": len(matches), "pairs": len(listed), "rows": len(rows)}
    events.record("matching.decisions_read", actor=None, purpose="matching", facts=facts)
    index = SearchIndex(use)
    Feed(index).load()
    read = dict(_rows(rows))
    both = [(index.known(str(one)), index.known(str(other)), status, one, other) for one, other, status in matches]
    registered = sum(bool(one and other) for one, other, *_ in both)
    both += [(read.get(one), read.get(other), status, one, other) for one, other, status in listed]
    there = [(one, other, status == "same", _key(a, b)) for one, other, status, a, b in both if one and other]
    same = np.array([answer for _, _, answer, _ in there], dtype=bool)
    judging_ = teaching.held_out(np.array([key for *_, key in there], dtype=np.uint32))
    _enough(["same" if answer else "not_same" for answer in same.tolist()])
    if min(int((same & judging_).sum()), int((~same & judging_).sum())) < FEWEST_JUDGED:
        raise CannotTeach("Too few of the decisions would be left to judge what the others taught.")
    parts = [
        weigh([(one, other) for one, other, *_ in there[at : at + AT_ONCE]], index.frequencies, use.model)
        for at in range(0, len(there), AT_ONCE)
    ]
    found = Weighed(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    return Decided(found, same, judging_, len(index), registered)


def _enough(answers: Sequence[str]) -> None:
    same, not_same = answers.count("same"), answers.count("not_same")
    if min(same, not_same) < FEWEST:
        raise CannotTeach(
            f"There are {same} pairs decided to be the same person and {not_same} decided not to be. It takes {FEWEST} of each."
        )


def _key(one: UUID, other: UUID) -> int:
    return zlib.crc32(min(one, other).bytes + max(one, other).bytes)


def _rows(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Prepared]]:
    """Rows of lists as registration would compare them; those whose key was destroyed are left out."""
    known = spellings(country.pack())
    for at in range(0, len(ids), AT_ONCE):
        rows = ListRow.objects.filter(pk__in=ids[at : at + AT_ONCE]).order_by("pk")
        for row, text in doors.by_operator(rows, "content", "matching"):
            if text is not None:
                yield row.pk, prepare(_details(judging.record(text), known))


def _details(told: dict[str, str], known: Spellings) -> Details:
    sex = SEXES.get(told.get("sex", "").strip().casefold(), -1)
    nationality, place = told.get("nationality", "").strip(), told.get("birth_place", "").strip()
    found = known.places.get(place) or known.places.get(place_key(place), "")
    return Details(
        family_name=told.get("family_name", ""), given_name=told.get("given_name", ""),
        sex=judging.SEX_OF[sex] if sex >= 0 else "", birth_date=told.get("birth_date") or told.get("birth_year") or None,
        nationality=known.nationalities.get(nationality.casefold(), ""), birth_province=region_of(found) if found else "",
        phone=told.get("phone", ""), document_number=told.get("document_number", ""), mother_name=told.get("mother_name", ""),
    )  # fmt: skip


# --- learning and judging ------------------------------------------------------------------------------


def learn(old: Parameters, told: Decided) -> Compared:
    """New parameters from the decisions that teach, beside the old ones on those that judge."""
    teach, judge, same = ~told.judging, told.judging, told.same
    learned = teaching.learn_m(old.model, told.found.levels[teach], same[teach])
    weight = reweigh(told.found, learned)
    prior = np.full(len(same), old.prior_bits(told.on_file))
    factor, shift = teaching.calibrate(old.slope * weight[teach], prior[teach], same[teach])
    facts = {
        "what": "Learned from decisions of people at this installation, from the parameters used until then.",
        "at": clock.now().isoformat(timespec="seconds"), "taught_by": int(teach.sum()), "taught_by_same": int(same[teach].sum()),
        "judged_by": int(judge.sum()), "judged_by_same": int(same[judge].sum()), "of_registered_persons": told.registered,
        "persons_on_file": told.on_file,
    }  # fmt: skip
    new = Parameters(learned, min(old.known * 2.0**shift, 1.0), min(old.slope * factor, 2.0), facts)
    before = old.probability(reweigh(told.found, old.model)[judge], told.on_file)
    after = new.probability(weight[judge], told.on_file)
    held = same[judge]
    compared = Compared(
        new,
        teaching.judge(before, held, LIKELY),
        teaching.judge(after, held, LIKELY),
        teaching.gain(before, after, held),
    )
    facts["log_loss_before"] = round(compared.before.log_loss.value, 5)
    facts["log_loss_after"] = round(compared.after.log_loss.value, 5)
    facts["gain"] = [round(one, 5) for one in (compared.gain.value, compared.gain.low, compared.gain.high)]
    return compared


def keep(compared: Compared) -> Path:
    """Write the new parameters where the search process reads them, and say so in the log. Raises CannotTeach, OSError."""
    fault = model.fault_of(compared.new.model)
    if fault:
        raise CannotTeach(f"Not kept: {fault}.")
    if compared.gain.value <= 0:
        raise CannotTeach("Not kept: on the decisions that taught nothing, the new parameters are no better.")
    path = Path(settings.SPEAN_MATCHING_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    with transaction.atomic():
        facts = {name: value for name, value in compared.new.facts.items() if name not in ("what", "at")}
        events.record("matching.kept", actor=None, facts=facts)
        draft.write_text(compared.new.to_json(), encoding="utf-8")
        os.replace(draft, path)
    return path


# --- the command -----------------------------------------------------------------------------------------


def command(argv: Sequence[str]) -> int:
    """`spean link-train`: 0 done, 1 refused, 2 cannot be done."""
    parser = argparse.ArgumentParser(
        prog="spean link-train",
        description="Learn from decided pairs what agreement is worth, and judge it on other decided pairs.",
    )
    parser.add_argument("--keep", action="store_true", help="use what was learned from now on, if it is better")
    options = parser.parse_args(argv)
    keep_memory_private()
    try:
        use = parameters()
        compared = learn(use, decided(use))
        for line in told(compared):
            print(line)  # noqa: T201
        if options.keep:
            print(f"Kept in {keep(compared)}. The search process uses it from its next question on.")  # noqa: T201
        else:
            print("Nothing was kept. To use the new parameters from now on: spean link-train --keep")  # noqa: T201
    except CannotTeach as fault:
        print(f"spean: {fault}", file=sys.stderr)  # noqa: T201
        return REFUSED
    except (ValueError, OSError) as fault:
        # The text of a fault of reading could hold what was read.
        print(f"spean: the parameters or decisions cannot be read ({type(fault).__name__}).", file=sys.stderr)  # noqa: T201
        return FAULTY
    return 0


def told(compared: Compared) -> Iterator[str]:
    """The comparison in lines to print."""
    facts = compared.new.facts
    yield (
        f"Taught by {facts['taught_by']} decided pairs ({facts['taught_by_same']} the same person), "
        f"judged on {compared.before.pairs} others ({compared.before.same} the same person)."
    )
    yield f"{'':24}{'until now':>28}{'learned':>28}"
    for name, before, after in (
        (f"Precision from {LIKELY:g} up", compared.before.precision, compared.after.precision),
        (f"Recall from {LIKELY:g} up", compared.before.recall, compared.after.recall),
        ("Log loss", compared.before.log_loss, compared.after.log_loss),
    ):
        yield f"{name:24}{_interval(before):>28}{_interval(after):>28}"
    yield f"Log loss fell by {_interval(compared.gain)}. In brackets: 95 % intervals."


def _interval(one: Interval | None) -> str:
    return "–" if one is None else f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})"
