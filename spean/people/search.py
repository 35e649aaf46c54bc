"""Asking the search process: the only way from a page or an action to the names of many persons.

Sends what was typed over a local socket and gets identifiers, scores and reason codes back, never names. What a
user may see of the persons found is the caller's question to the policy. The process is `search_server`.
"""

import json
import os
import socket
import stat
import struct
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from spean.people.matching import POSSIBLE, Details

# The first name in a rarely met script makes the process load tables for some seconds.
PATIENCE = 20.0
LONGEST_ANSWER = 1024 * 1024


class SearchUnavailable(Exception):
    """The search process does not answer. Nobody may be registered unchecked meanwhile; say so plainly."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person on file who may be meant. `reasons` are codes; `matching.reason_text` puts them into words."""

    person_id: UUID
    score: float
    reasons: tuple[str, ...]


def find_candidates(details: Details, *, limit: int = 20, minimum: float = POSSIBLE) -> list[Candidate]:
    """Persons on file who may be the one described, most probable first. Includes those registered a moment ago."""
    described: dict[str, Any] = asdict(details)
    if isinstance(details.birth_date, date):
        described["birth_date"] = details.birth_date.isoformat()
    return _candidates({"ask": "candidates", "details": described, "limit": limit, "minimum": minimum})


def find_persons(text: str, *, limit: int = 20) -> list[Candidate]:
    """Persons by what was typed into the search box: a name in any script, a code, a telephone or document number."""
    return _candidates({"ask": "persons", "text": text[:500], "limit": limit})


def status() -> dict[str, Any]:
    """How many persons the process knows; for the operator's page."""
    return _ask({"ask": "status"})


def _candidates(question: dict[str, Any]) -> list[Candidate]:
    return [
        Candidate(UUID(found["person"]), float(found["score"]), tuple(found["reasons"]))
        for found in _ask(question)["found"]
    ]


def _ask(question: dict[str, Any]) -> dict[str, Any]:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(PATIENCE)
            path = Path(settings.SPEAN_SEARCH_SOCKET)
            line.connect(str(path))
            if not same_user(line, path):
                raise SearchUnavailable("The search socket belongs to another user; it was not asked.")
            line.sendall(json.dumps(question).encode() + b"\n")
            answer = _read_line(line)
    except OSError as fault:
        # The fault's own text names the socket at most; the question is not part of it.
        raise SearchUnavailable(f"The search process does not answer ({type(fault).__name__}).") from None
    try:
        told = json.loads(answer)
    except ValueError:
        raise SearchUnavailable("The search process ended before it answered.") from None
    if not told.get("ok"):
        raise SearchUnavailable(f"The search process cannot answer now ({told.get('fault', 'unknown')}).")
    return dict(told)


def _read_line(line: socket.socket) -> bytes:
    answer = bytearray()
    while not answer.endswith(b"\n"):
        piece = line.recv(65536)
        if not piece or len(answer) > LONGEST_ANSWER:
            break
        answer += piece
    return bytes(answer)


def same_user(line: socket.socket, path: Path | None = None) -> bool:
    """Whether the other end runs as this user. Both ends ask: a stranger's socket could collect names."""
    if hasattr(socket, "SO_PEERCRED"):
        _, uid, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return bool(uid == os.geteuid())
    if path is None:
        return True  # the socket's mode lets nobody else connect
    found = os.stat(path)
    return found.st_uid == os.geteuid() and stat.S_ISSOCK(found.st_mode)
