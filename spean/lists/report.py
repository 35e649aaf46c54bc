"""What became of each line of a file: in codes, packed for keeping, and as a list that may leave the agency.

Of most lines the same is told as of the line before: they are kept as one entry with how many they are.
"""

import csv
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from spean.lists import words


class Outcome(NamedTuple):
    """A line: what became of it, why or what was noticed, and the line it repeats (0 for none)."""

    line: int
    outcome: str
    told: tuple[str, ...]
    other: int = 0


# Of these nobody has to look at a line, unless something is told of it.
PLAIN = ("accepted", "unchanged")


def pack(outcomes: Iterable[Outcome]) -> bytes:
    """Small enough to keep for every file: 300,000 lines take less than a megabyte."""
    runs: list[list[Any]] = []
    for one in outcomes:
        last = runs[-1] if runs else None
        follows = last is not None and last[1:4] == [one.outcome, list(one.told), one.other]
        if last is not None and follows and last[0] + last[4] == one.line:
            last[4] += 1
        else:
            runs.append([one.line, one.outcome, list(one.told), one.other, 1])
    told = [run if run[4] > 1 else run[:4] for run in runs]
    return zlib.compress(json.dumps(told, separators=(",", ":")).encode(), 6)


def unpack(packed: bytes) -> Iterator[Outcome]:
    """Every line of the file, in order."""
    for line, outcome, told, other, *more in json.loads(zlib.decompress(packed)):
        alike = tuple(told)
        for number in range(line, line + (more[0] if more else 1)):
            yield Outcome(number, outcome, alike, other)


def notable(packed: bytes) -> list[Outcome]:
    """The lines that somebody has to look at; most files have few, however long they are."""
    found = []
    for line, outcome, told, other, *more in json.loads(zlib.decompress(packed)):
        if told or outcome not in PLAIN:
            alike = tuple(told)
            found += [Outcome(number, outcome, alike, other) for number in range(line, line + (more[0] if more else 1))]
    return found


def as_csv(outcomes: Iterable[Outcome]) -> Iterator[bytes]:
    """The report line by line. It holds no cell of the file, so that it can be sent back to whoever made the list."""
    yield b"\xef\xbb\xbf"  # by which spreadsheets know that it is Unicode
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["line", "outcome", "same_as_line", "codes", "meaning"])
    meanings: dict[tuple[str, tuple[str, ...]], str] = {}
    for one in outcomes:
        told = one.outcome, one.told
        if told not in meanings:
            meanings[told] = "; ".join(
                [str(words.OUTCOMES[one.outcome]), *(str(words.TOLD[code]) for code in one.told)]
            )
        writer.writerow([one.line, one.outcome, one.other or "", " ".join(one.told), meanings[told]])
        if out.tell() > 60_000:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()
