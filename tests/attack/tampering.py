"""The operator who owns the database, but not the log's signing key: every move he can make, at random places.

A log of some hundred rows with signed checkpoints is exported; the last checkpoint is with a witness. Each kind of
tampering is done at a hundred random places of the signed part, hashes mended where the attacker can, and verified as
an auditor does elsewhere: with the public key and the witness's copy. A move counts as found when it is reported.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.attack import stage
from tests.attack.results import Result, counted

ROWS = 300
TAIL = 7
PLACES = 100


def run(*, quick: bool = False) -> list[Result]:
    with stage.scratch() as state, stage.installation(state):
        return _tamper(PLACES // 10 if quick else PLACES)


@dataclass
class Log:
    """An exported log in memory, as the verifier reads it."""

    taken_at: datetime
    last_number: int
    notes: list[tuple[int, str]]
    trees: list[tuple[int, bytes]]
    rows: list[Any]
    faults: list[str] = field(default_factory=list)

    def checkpoints(self) -> Iterable[tuple[int, str]]:
        return self.notes

    def frontiers(self) -> Iterable[tuple[int, bytes]]:
        return self.trees

    def entries(self) -> Iterable[Any]:
        return iter(self.rows)

    def copy(self) -> Log:
        return replace(self, notes=list(self.notes), trees=list(self.trees), rows=list(self.rows))

    def renumber(self) -> None:
        """Close the gap: every leaf gets the number of its place."""
        self.rows = [replace(row, index=at) if row.index is not None else row for at, row in enumerate(self.rows)]


def _edited(entry: Any, rng: random.Random, *, mend: bool) -> Any:
    from spean.privacy import leaves

    row = list(entry.row)
    place = leaves.COLUMNS.index(rng.choice(("at", "action", "purpose")))
    row[place] = row[place] + timedelta(seconds=1) if isinstance(row[place], datetime) else row[place] + "x"
    return replace(entry, encoded=leaves.encode(row), hash=leaves.hash_of(row) if mend else entry.hash)


def edit(log: Log, at: int, rng: random.Random) -> None:
    log.rows[at] = _edited(log.rows[at], rng, mend=False)


def edit_and_mend(log: Log, at: int, rng: random.Random) -> None:
    log.rows[at] = _edited(log.rows[at], rng, mend=True)


def delete(log: Log, at: int, rng: random.Random) -> None:
    del log.rows[at]


def delete_and_close(log: Log, at: int, rng: random.Random) -> None:
    del log.rows[at]
    log.renumber()


def blank(log: Log, at: int, rng: random.Random) -> None:
    log.rows[at] = replace(log.rows[at], encoded=None)


def swap(log: Log, at: int, rng: random.Random) -> None:
    other = (at + 1 + rng.randrange(ROWS - 2)) % ROWS
    one, two = log.rows[at], log.rows[other]
    log.rows[at] = replace(two, index=one.index)
    log.rows[other] = replace(one, index=two.index)


def insert(log: Log, at: int, rng: random.Random) -> None:
    log.rows.insert(at, _edited(log.rows[at], rng, mend=True))
    log.renumber()


def duplicate(log: Log, at: int, rng: random.Random) -> None:
    log.rows.insert(at, log.rows[at])
    log.renumber()


def cut(log: Log, at: int, rng: random.Random) -> None:
    """Everything from here on, checkpoints too: only the witness's copy can tell."""
    del log.rows[at:]
    log.notes = [(size, note) for size, note in log.notes if size <= at]
    log.trees = [(size, tree) for size, tree in log.trees if size <= at]
    log.last_number = log.rows[-1].event_id if log.rows else 0


def another_history(log: Log, at: int, rng: random.Random) -> None:
    """Rows rewritten and every root signed anew with a key of the attacker's own."""
    from spean.privacy import sequencer
    from spean.privacy.checkpoint import Head, create_signing_key
    from spean.privacy.merkle import Frontier

    log.rows[at] = _edited(log.rows[at], rng, mend=True)
    signed = {size: Head.parse(note.split("\n\n")[0] + "\n") for size, note in log.notes}
    with tempfile.TemporaryDirectory() as folder:
        signer = create_signing_key(Path(folder) / "key", sequencer.log_name())
    tree, log.notes, log.trees = Frontier(), [], []
    for size, row in enumerate(log.rows, start=1):
        if row.index is None:
            break
        tree.append(row.hash)
        if size in signed:
            log.notes.append((size, signer.sign(replace(signed[size], root=tree.root()).body())))
            log.trees.append((size, tree.to_bytes()))


KINDS: dict[str, Callable[[Log, int, random.Random], None]] = {
    "a row edited": edit,
    "a row edited and its hash mended": edit_and_mend,
    "a row deleted": delete,
    "a row deleted and the gap closed": delete_and_close,
    "a row emptied": blank,
    "two rows swapped": swap,
    "a row inserted": insert,
    "a row doubled": duplicate,
    "the end cut off, checkpoints too": cut,
    "rewritten and signed with another key": another_history,
}


def _tamper(places: int) -> list[Result]:
    from spean.privacy import events, logfile, sequencer, verify

    for _ in range(3):
        for number in range(ROWS // 3):
            events.record("case.closed", actor=None, facts={"n": number})
        sequencer.sequence_once(checkpoint=True)
    for number in range(TAIL):
        events.record("case.reopened", actor=None, facts={"n": number})
    sequencer.sequence_once(checkpoint=False)
    source = logfile.database()
    whole = Log(
        source.taken_at,
        source.last_number,
        list(source.checkpoints()),
        list(source.frontiers()),
        list(source.entries()),
    )
    key = sequencer.signer().verifier
    witnessed = [max(whole.notes)[1]]
    clean = verify.examine(whole, key, witnessed)
    rng = random.Random(23)
    results = [
        Result(
            "tampering", "a log nobody touched is whole, and its unsigned end is named",
            f"{len(clean.faults)} faults, unwitnessed: {clean.unwitnessed} rows", f"0, {TAIL}",
            not clean.faults and clean.unwitnessed == TAIL,
        )
    ]  # fmt: skip
    for name, move in KINDS.items():
        missed = 0
        for _ in range(places):
            log = whole.copy()
            move(log, rng.randrange(1, ROWS), rng)
            missed += verify.examine(log, key, witnessed).whole
        results.append(counted("tampering", f"found: {name} (missed)", missed, f"{places} places"))
    return results
