"""Where verification reads the log from: the database, or a file of JSON lines exported from it.

Both give the same entries in the same order, streamed. What is right or wrong is said in verify.py.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import connection, transaction

from spean.privacy.leaves import COLUMNS

KIND = "spean event log"


class BadFile(Exception):
    """The file is not an exported log."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A leaf with its event. `index` is None for an event without leaf, `row` for a leaf without event."""

    index: int | None
    event_id: int
    hash: bytes | None
    row: tuple[Any, ...] | None


class LogSource(Protocol):
    taken_at: datetime
    last_number: int

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
                    yield Entry(index, event_id, None if leaf is None else bytes(leaf), _row(row))


def _row(row: list[Any]) -> tuple[Any, ...] | None:
    if row[0] is None:
        return None
    facts = row[-1]
    # The driver hands JSON over as text when asked without the model.
    return (*row[:-1], json.loads(facts) if isinstance(facts, str) else facts)


def database() -> LogSource:
    return _Database()


# --- the file ---------------------------------------------------------------------------------------------


def lines(source: LogSource) -> Iterator[str]:
    """The log as lines of JSON: a heading, the checkpoints, then one line per entry."""
    heading = {
        "kind": KIND,
        "format": 1,
        "columns": COLUMNS,
        "taken_at": source.taken_at,
        "last_number": source.last_number,
    }
    yield _line(heading)
    frontiers = dict(source.frontiers())
    for size, note in source.checkpoints():
        yield _line({"checkpoint": size, "note": note, "frontier": frontiers.get(size, b"").hex()})
    for entry in source.entries():
        leaf = None if entry.hash is None else entry.hash.hex()
        yield _line({"leaf": entry.index, "event": entry.event_id, "hash": leaf, "row": entry.row})


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, default=_plain, separators=(",", ":")) + "\n"


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


@dataclass
class _Exported:
    taken_at: datetime
    last_number: int
    _checkpoints: list[tuple[int, str, bytes]]
    _first: dict[str, Any] | None
    _rest: Iterator[str]

    def checkpoints(self) -> Iterable[tuple[int, str]]:
        return [(size, note) for size, note, _ in self._checkpoints]

    def frontiers(self) -> Iterable[tuple[int, bytes]]:
        return [(size, frontier) for size, _, frontier in self._checkpoints]

    def entries(self) -> Iterator[Entry]:
        if self._first is not None:
            yield _entry(self._first)
        for line in self._rest:
            yield _entry(_parsed(line))


def exported(file: Iterable[str]) -> LogSource:
    """A log from the lines that `lines` wrote."""
    rest = iter(file)
    heading = _parsed(next(rest, ""))
    try:
        if heading["kind"] != KIND or heading["format"] != 1 or tuple(heading["columns"]) != COLUMNS:
            raise BadFile("This log was exported in a format that is not known here.")
        taken_at, last_number = datetime.fromisoformat(heading["taken_at"]), int(heading["last_number"])
        checkpoints, first = [], None
        for line in rest:
            value = _parsed(line)
            if "checkpoint" not in value:
                first = value
                break
            checkpoints.append((int(value["checkpoint"]), str(value["note"]), bytes.fromhex(value["frontier"])))
    except (KeyError, TypeError, ValueError):
        raise BadFile("This is not an exported event log.") from None
    checkpoints.sort()
    return _Exported(taken_at, last_number, checkpoints, first, rest)


def _parsed(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        raise BadFile("A line of the exported log is broken.") from None
    if not isinstance(value, dict):
        raise BadFile("A line of the exported log is broken.")
    return value


def _entry(value: dict[str, Any]) -> Entry:
    try:
        row = value["row"]
        if row is not None:
            row = list(row)
            if len(row) != len(COLUMNS):
                raise BadFile("A row of the exported log has other columns.")
            for at, name in enumerate(COLUMNS):
                if name in ("at", "written_at"):
                    row[at] = datetime.fromisoformat(row[at])
                elif row[at] is not None and (name.endswith("_id") or name == "subject"):
                    row[at] = UUID(row[at])
        leaf = value["hash"]
        return Entry(
            value["leaf"],
            int(value["event"]),
            None if leaf is None else bytes.fromhex(leaf),
            None if row is None else tuple(row),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise BadFile("A line of the exported log is broken.") from None
