"""Where verification reads the log from: the database, or a file of JSON lines exported from it.

Both give the same entries in the same order, streamed. What is right or wrong is said in verify.py. A line of the
file holds the very bytes that its leaf's hash covers, so that a million of them are checked without being parsed.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db import connection, transaction

from spean.privacy import leaves
from spean.privacy.leaves import COLUMNS

KIND = "spean event log"


class BadFile(Exception):
    """The file is not an exported log."""


@dataclass(slots=True)
class Entry:
    """A leaf with its event. `index` is None for an event without leaf, `encoded` for a leaf without event."""

    index: int | None
    event_id: int
    hash: bytes | None
    encoded: bytes | None

    @property
    def row(self) -> tuple[Any, ...] | None:
        """The event's columns, for whoever wants to know more than whether it is whole."""
        return None if self.encoded is None else leaves.decode(self.encoded)


class LogSource(Protocol):
    taken_at: datetime
    last_number: int
    # What is wrong with the source itself; complete once its entries were read.
    faults: list[str]

    def checkpoints(self) -> Iterable[tuple[int, str]]: ...

    def frontiers(self) -> Iterable[tuple[int, bytes]]: ...

    def entries(self) -> Iterable[Entry]: ...


# --- the database -----------------------------------------------------------------------------------------

_ENTRIES = f"""
    SELECT leaf.index, COALESCE(leaf.event_id, event.id), leaf.hash, {", ".join(f"event.{name}" for name in COLUMNS)}
      FROM privacy_logleaf leaf FULL JOIN privacy_event event ON event.id = leaf.event_id
     ORDER BY leaf.index NULLS LAST, event.id
"""  # noqa: S608


class _Database:
    """One consistent view: all questions see the log as it was when the first was asked."""

    taken_at: datetime
    last_number: int

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._checkpoints: list[tuple[int, str, bytes]] = []
        with transaction.atomic():
            self._begin()

    def _begin(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT statement_timestamp()")
            self.taken_at = cursor.fetchone()[0]
            cursor.execute("SELECT size, note, frontier FROM privacy_checkpoint ORDER BY size")
            self._checkpoints = [(size, note, bytes(frontier)) for size, note, frontier in cursor]
            cursor.execute("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM privacy_event_id_seq")
            self.last_number = cursor.fetchone()[0]

    def checkpoints(self) -> Iterable[tuple[int, str]]:
        return [(size, note) for size, note, _ in self._checkpoints]

    def frontiers(self) -> Iterable[tuple[int, bytes]]:
        return [(size, frontier) for size, _, frontier in self._checkpoints]

    def entries(self) -> Iterator[Entry]:
        # Read after the checkpoints: leaves are only ever added, so every signed row has to be there.
        with transaction.atomic(), connection.chunked_cursor() as cursor:
            cursor.execute(_ENTRIES)
            while batch := cursor.fetchmany(2000):
                for index, event_id, leaf, *row in batch:
                    yield Entry(index, event_id, None if leaf is None else bytes(leaf), _encoded(row))


def _encoded(row: list[Any]) -> bytes | None:
    if row[0] is None:
        return None
    facts = row[-1]
    # The driver hands JSON over as text when asked without the model.
    return leaves.encode((*row[:-1], json.loads(facts) if isinstance(facts, str) else facts))


def database() -> LogSource:
    return _Database()


# --- the file ---------------------------------------------------------------------------------------------

FORMAT = 2


def lines(source: LogSource) -> Iterator[str]:
    """The log as lines of JSON: a heading, the checkpoints, one line per entry, and a last line with their number."""
    heading = {
        "kind": KIND,
        "format": FORMAT,
        "columns": COLUMNS,
        "taken_at": source.taken_at.isoformat(),
        "last_number": source.last_number,
    }
    yield _line(heading)
    frontiers = dict(source.frontiers())
    for size, note in source.checkpoints():
        yield _line({"checkpoint": size, "note": note, "frontier": frontiers.get(size, b"").hex()})
    count = 0
    for entry in source.entries():
        leaf = "null" if entry.hash is None else f'"{entry.hash.hex()}"'
        index = "null" if entry.index is None else str(entry.index)
        row = "null" if entry.encoded is None else entry.encoded.decode()
        yield f'{{"leaf":{index},"event":{entry.event_id},"hash":{leaf},"row":{row}}}\n'
        count += 1
    yield _line({"entries": count})


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"


@dataclass
class _Exported:
    taken_at: datetime
    last_number: int
    _checkpoints: list[tuple[int, str, bytes]]
    _first: str
    _rest: Iterator[str]
    faults: list[str] = field(default_factory=list)

    def checkpoints(self) -> Iterable[tuple[int, str]]:
        return [(size, note) for size, note, _ in self._checkpoints]

    def frontiers(self) -> Iterable[tuple[int, bytes]]:
        return [(size, frontier) for size, _, frontier in self._checkpoints]

    def entries(self) -> Iterator[Entry]:
        count, line = 0, self._first
        while line.startswith('{"leaf":'):
            yield _entry(line)
            count += 1
            line = next(self._rest, "")
        if not line:
            self.faults.append(f"the file: ends after {count} rows, without its last line")
        elif _parsed(line) != {"entries": count}:
            self.faults.append(f"the file: holds {count} rows, and says otherwise")
        elif next(self._rest, "").strip():
            self.faults.append("the file: goes on after its last line")


def exported(file: Iterable[str]) -> LogSource:
    """A log from the lines that `lines` wrote."""
    rest = iter(file)
    heading = _parsed(next(rest, ""))
    try:
        if heading["kind"] != KIND or heading["format"] != FORMAT or tuple(heading["columns"]) != COLUMNS:
            raise BadFile("This log was exported in a format that is not known here.")
        taken_at, last_number = datetime.fromisoformat(heading["taken_at"]), int(heading["last_number"])
        checkpoints: list[tuple[int, str, bytes]] = []
        faults: list[str] = []
        line = next(rest, "")
        while line.startswith('{"checkpoint":'):
            value = _parsed(line)
            size = int(value["checkpoint"])
            if checkpoints and size <= checkpoints[-1][0]:
                faults.append(f"checkpoint of {size} rows: is not in its place")
            checkpoints.append((size, str(value["note"]), bytes.fromhex(value["frontier"])))
            line = next(rest, "")
    except (KeyError, TypeError, ValueError):
        raise BadFile("This is not an exported event log.") from None
    checkpoints.sort()
    return _Exported(taken_at, last_number, checkpoints, line, rest, faults)


def _parsed(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        raise BadFile("A line of the exported log is broken, or its end is missing.") from None
    if not isinstance(value, dict):
        raise BadFile("A line of the exported log is broken.")
    return value


def _entry(line: str) -> Entry:
    """One line, taken apart by its fixed shape: what lies between is exactly what the hash covers."""
    try:
        # {"leaf":7,"event":9,"hash":"…","row":[9,…]}
        index, event_id, leaf, row = line.split(",", 3)
        number = event_id[8:]
        if event_id[:8] != '"event":' or leaf[:7] != '"hash":' or row[:6] != '"row":' or row[-2:] != "}\n":
            raise ValueError
        encoded = None
        if row != '"row":null}\n':
            if not row.startswith(f"[{number},", 6):
                raise BadFile("A row of the exported log stands under another number.")
            encoded = row[6:-2].encode()
        return Entry(
            None if index == '{"leaf":null' else int(index[8:]),
            int(number),
            None if leaf == '"hash":null' else bytes.fromhex(leaf[8:-1]),
            encoded,
        )
    except ValueError:
        raise BadFile("A line of the exported log is broken.") from None
