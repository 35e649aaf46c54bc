"""What became of each line of a file: in codes, packed for keeping, and as a list that may leave the agency."""

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


def pack(outcomes: Iterable[Outcome]) -> bytes:
    """Small enough to keep for every file: 300,000 lines take less than a megabyte."""
    return zlib.compress(json.dumps([list(one) for one in outcomes], separators=(",", ":")).encode(), 6)


def unpack(packed: bytes) -> list[Outcome]:
    read: list[list[Any]] = json.loads(zlib.decompress(packed))
    return [Outcome(line, outcome, tuple(told), other) for line, outcome, told, other in read]


def as_csv(outcomes: Iterable[Outcome]) -> Iterator[bytes]:
    """The report line by line. It holds no cell of the file, so that it can be sent back to whoever made the list."""
    yield b"\xef\xbb\xbf"  # by which spreadsheets know that it is Unicode
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["line", "outcome", "same_as_line", "codes", "meaning"])
    for one in outcomes:
        meaning = "; ".join([str(words.OUTCOMES[one.outcome]), *(str(words.TOLD[code]) for code in one.told)])
        writer.writerow([one.line, one.outcome, one.other or "", " ".join(one.told), meaning])
        if out.tell() > 60_000:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()
