"""What exactly a leaf of the log covers: the bytes of an event that are hashed.

The only definition, used when a leaf is made and when it is verified. An auditor can repeat it with any
language that has JSON and SHA-256: a list of the columns below, keys sorted, no spaces, moments as
microseconds since 1970, ids as text.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from spean.privacy.merkle import leaf_hash

COLUMNS = (
    "id", "format", "at", "written_at", "actor_id", "organisation_id", "action", "object_type", "object_id",
    "case_id", "subject", "fields", "purpose", "facts",
)  # fmt: skip
_MOMENTS = (2, 3)
_IDS = (4, 5, 8, 9, 10)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def encode(row: Sequence[Any]) -> bytes:
    """The bytes of one event, given as a row of COLUMNS."""
    values = list(row)
    for at in _MOMENTS:
        values[at] = (values[at] - _EPOCH) // _MICROSECOND
    for at in _IDS:
        if values[at] is not None:
            values[at] = str(values[at])
    return _encoder.encode(values).encode()


def hash_of(row: Sequence[Any]) -> bytes:
    return leaf_hash(encode(row))
