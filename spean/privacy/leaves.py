"""What exactly a leaf of the log covers: the bytes of an event that are hashed.

The only definition, used when a leaf is made and when it is verified. An auditor can repeat it with any
language that has JSON and SHA-256: a list of the columns below, keys sorted, no spaces, moments as
microseconds since 1970, ids as 32 hexadecimal digits.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from spean.privacy.merkle import leaf_hash

COLUMNS = (
    "id", "format", "at", "written_at", "actor_id", "organisation_id", "action", "object_type", "object_id",
    "case_id", "subject", "fields", "purpose", "facts",
)  # fmt: skip
_MOMENTS = (2, 3)
_IDS = (4, 5, 8, 9, 10)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False)


def encode(row: Sequence[Any]) -> bytes:
    """The bytes of one event, given as a row of COLUMNS."""
    values = list(row)
    for at in _MOMENTS:
        values[at] = micros(values[at])
    for at in _IDS:
        if values[at] is not None:
            values[at] = values[at].hex
    return _encoder.encode(values).encode()


def decode(encoded: bytes) -> tuple[Any, ...]:
    """The row of COLUMNS that was encoded."""
    values = json.loads(encoded)
    for at in _MOMENTS:
        values[at] = moment(values[at])
    for at in _IDS:
        if values[at] is not None:
            values[at] = UUID(values[at])
    return tuple(values)


def hash_of(row: Sequence[Any]) -> bytes:
    return leaf_hash(encode(row))


def micros(moment: datetime) -> int:
    """A moment as a leaf holds it: microseconds since 1970."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def written_at(encoded: bytes) -> int:
    """When the database took up an encoded event, in the same way; ValueError where the text is none."""
    return int(encoded.split(b",", 4)[3])


def moment(count: int) -> datetime:
    return _EPOCH + timedelta(microseconds=count)
