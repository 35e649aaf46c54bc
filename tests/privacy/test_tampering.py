"""An exported log in the hands of somebody who wants to change it: every move, at random places, is found.

He knows the format, mends the number in the last line, and makes new hashes; he has not the log's key, and cannot
reach what the witness keeps.
"""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from spean.privacy import leaves, logfile, verify
from spean.privacy.checkpoint import Head, Signer, create_signing_key
from spean.privacy.logfile import Entry
from spean.privacy.merkle import Frontier, leaf_hash

SIGNED, TAIL, EACH = 60, 5, 12
START = datetime(2026, 3, 1, tzinfo=UTC)
WHO = UUID(int=7)
Lines = list[str]


class Source:
    """A log as the database would give it."""

    taken_at = START + timedelta(days=3)
    last_number = SIGNED + TAIL

    def __init__(self, key: Signer, purposes: list[str]) -> None:
        self.faults: list[str] = []
        self._entries, self._signed, tree = [], [], Frontier()
        for at, purpose in enumerate(purposes):
            moment = START + timedelta(minutes=at)
            row = (at + 1, 1, moment, moment, WHO, WHO, "content.read", "", None, None, None, [], purpose, {"n": at})
            encoded = leaves.encode(row)
            self._entries.append(Entry(at, at + 1, leaf_hash(encoded), encoded))
            tree.append(leaf_hash(encoded))
            if tree.size % 20 == 0 and tree.size <= SIGNED:
                note = key.sign(Head(key.name, tree.size, tree.root(), moment).body())
                self._signed.append((tree.size, note, tree.to_bytes()))

    def checkpoints(self) -> list[tuple[int, str]]:
        return [(size, note) for size, note, _ in self._signed]

    def frontiers(self) -> list[tuple[int, bytes]]:
        return [(size, peaks) for size, _, peaks in self._signed]

    def entries(self) -> list[Entry]:
        return self._entries


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return create_signing_key(tmp_path_factory.mktemp("key") / "log", "spean/log")


@pytest.fixture(scope="module")
def lines(key: Signer) -> Lines:
    return list(logfile.lines(Source(key, ["casework"] * (SIGNED + TAIL))))


@pytest.fixture(scope="module")
def kept(key: Signer) -> str:
    """What a witness holds: the last signed checkpoint."""
    return Source(key, ["casework"] * SIGNED).checkpoints()[-1][1]


def first_row(lines: Lines) -> int:
    return next(at for at, line in enumerate(lines) if line.startswith('{"leaf"'))


def mended(lines: Lines) -> Lines:
    """With places, numbers of rows and the last line made to fit again."""
    found, place = [], 0
    for line in lines[:-1]:
        if line.startswith('{"leaf"'):
            line = f'{{"leaf":{place},' + line.split(",", 1)[1]
            place += 1
        found.append(line)
    return [*found, json.dumps({"entries": place}) + "\n"]


def with_hash(line: str) -> str:
    """The same line with the hash that its row really has."""
    head, row = line.split(',"row":')
    return f'{head[: head.rindex(":") + 1]}"{leaf_hash(row[:-2].encode()).hex()}","row":{row}'


def edit(lines: Lines, at: int, rng: random.Random) -> Lines:
    return [*lines[:at], lines[at].replace("casework", "curiosity"), *lines[at + 1 :]]


def edit_with_a_new_hash(lines: Lines, at: int, rng: random.Random) -> Lines:
    return [*lines[:at], with_hash(lines[at].replace("casework", "curiosity")), *lines[at + 1 :]]


def delete(lines: Lines, at: int, rng: random.Random) -> Lines:
    return lines[:at] + lines[at + 1 :]


def delete_and_mend(lines: Lines, at: int, rng: random.Random) -> Lines:
    return mended(lines[:at] + lines[at + 1 :])


def cut_the_end(lines: Lines, at: int, rng: random.Random) -> Lines:
    return mended([*lines[:at], lines[-1]])


def cut_the_end_and_its_checkpoints(lines: Lines, at: int, rng: random.Random) -> Lines:
    left = at - first_row(lines)
    return [line for line in cut_the_end(lines, at, rng) if not _signed_beyond(line, left)]


def _signed_beyond(line: str, left: int) -> bool:
    return line.startswith('{"checkpoint"') and int(json.loads(line)["checkpoint"]) > left


def swap(lines: Lines, at: int, rng: random.Random) -> Lines:
    other = at + 1 if at + 1 < first_row(lines) + SIGNED else at - 1
    changed = list(lines)
    changed[at], changed[other] = changed[other], changed[at]
    return mended(changed)


def insert(lines: Lines, at: int, rng: random.Random) -> Lines:
    return mended([*lines[:at], with_hash(lines[at].replace("casework", "service")), *lines[at:]])


def duplicate(lines: Lines, at: int, rng: random.Random) -> Lines:
    return mended([*lines[:at], lines[at], *lines[at:]])


def empty_a_row(lines: Lines, at: int, rng: random.Random) -> Lines:
    return [*lines[:at], lines[at].split(',"row":')[0] + ',"row":null}\n', *lines[at + 1 :]]


def reorder_checkpoints(lines: Lines, at: int, rng: random.Random) -> Lines:
    changed = list(lines)
    one, two = rng.sample(range(1, first_row(lines)), 2)
    changed[one], changed[two] = changed[two], changed[one]
    return changed


def leave_out_the_last_line(lines: Lines, at: int, rng: random.Random) -> Lines:
    return lines[:-1]


def go_on_after_the_end(lines: Lines, at: int, rng: random.Random) -> Lines:
    return [*lines, lines[at]]


MOVES = (
    edit, edit_with_a_new_hash, delete, delete_and_mend, cut_the_end, cut_the_end_and_its_checkpoints, swap, insert,
    duplicate, empty_a_row, reorder_checkpoints, leave_out_the_last_line, go_on_after_the_end,
)  # fmt: skip


def test_the_untouched_log_is_proved_and_its_tail_named(lines: Lines, key: Signer, kept: str) -> None:
    said: list[str] = []
    finding = verify.examine(logfile.exported(lines), key.verifier, [kept])
    assert verify.report(finding, key.verifier, said.append) == 0
    assert f"proved: rows 1 to {SIGNED}, signed on" in "\n".join(said)
    assert f"unwitnessed: {TAIL} rows" in said
    assert "ok" not in " ".join(said).lower().split()


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
def test_every_move_is_found(lines: Lines, key: Signer, kept: str, move: Callable[..., Lines]) -> None:
    rng = random.Random(move.__name__)
    first = first_row(lines)
    for at in rng.sample(range(first, first + SIGNED), EACH):
        changed = move(list(lines), at, rng)
        assert changed != lines
        assert not verify.examine(logfile.exported(changed), key.verifier, [kept]).whole, f"{move.__name__} at {at}"


def test_a_file_cut_off_in_the_middle_of_a_line_is_no_log(lines: Lines, key: Signer) -> None:
    text = "".join(lines)
    rng = random.Random(5)
    for at in rng.sample(range(len(text) - 20), 40):
        part = text[:at].splitlines(keepends=True)
        with suppress(logfile.BadFile):
            assert not verify.examine(logfile.exported(part), key.verifier).whole


def test_signed_anew_with_another_key(lines: Lines, key: Signer, kept: str, tmp_path: Path) -> None:
    forger = create_signing_key(tmp_path / "forged", key.name)
    forged = list(logfile.lines(Source(forger, ["curiosity"] * (SIGNED + TAIL))))
    assert not verify.examine(logfile.exported(forged), key.verifier).whole


def test_rewritten_with_the_stolen_key_and_set_back_are_found_by_the_witness_alone(key: Signer, kept: str) -> None:
    rewritten = list(logfile.lines(Source(key, ["casework"] * 30 + ["curiosity"] * (SIGNED + TAIL - 30))))
    set_back = list(logfile.lines(Source(key, ["casework"] * 40)))
    for other in (rewritten, set_back):
        assert verify.examine(logfile.exported(other), key.verifier).whole
        assert not verify.examine(logfile.exported(other), key.verifier, [kept]).whole


def test_a_tail_that_nobody_signed_can_be_cut_and_is_never_called_right(lines: Lines, key: Signer, kept: str) -> None:
    shorter = mended([*lines[: first_row(lines) + SIGNED + 2], lines[-1]])
    finding = verify.examine(logfile.exported(shorter), key.verifier, [kept])
    assert (finding.unwitnessed, finding.empty_tail) == (2, 3)
