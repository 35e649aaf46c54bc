"""The bytes that a leaf covers: every column, unambiguously, the same on every machine."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from spean.privacy.leaves import COLUMNS, decode, encode, hash_of
from spean.privacy.models import Event

AT = datetime(2026, 3, 1, 8, 30, 0, 123456, tzinfo=UTC)
ROW = (
    7, 1, AT, AT, UUID(int=1), None, "case.closed", "cases.Case", UUID(int=2), UUID(int=2), UUID(int=3),
    ["family_name"], "casework", {"b": 1, "a": ["x", None, 0.5]},
)  # fmt: skip


def test_every_column_of_an_event_is_covered() -> None:
    assert [field.name for field in Event._meta.concrete_fields] == list(COLUMNS)


def test_the_encoding_is_written_down() -> None:
    # A change of this text breaks every log that was ever signed: give Event.format a new number instead.
    assert encode(ROW).decode() == (
        '[7,1,1772353800123456,1772353800123456,"00000000000000000000000000000001",null,"case.closed",'
        '"cases.Case","00000000000000000000000000000002","00000000000000000000000000000002",'
        '"00000000000000000000000000000003",["family_name"],"casework",{"a":["x",null,0.5],"b":1}]'
    )
    assert len(json.loads(encode(ROW))) == len(COLUMNS)


@pytest.mark.parametrize(("at", "name"), list(enumerate(COLUMNS)))
def test_a_change_in_any_column_changes_the_hash(at: int, name: str) -> None:
    old = ROW[at]
    others = {int: 8, datetime: AT + timedelta(microseconds=1), UUID: UUID(int=9), type(None): UUID(int=9)}
    changed = others.get(type(old), {"c": 1} if isinstance(old, dict) else [] if isinstance(old, list) else "x")
    assert hash_of((*ROW[:at], changed, *ROW[at + 1 :])) != hash_of(ROW), name


def test_what_was_encoded_is_read_again() -> None:
    assert decode(encode(ROW)) == ROW


def test_the_clock_zone_does_not_matter() -> None:
    from zoneinfo import ZoneInfo

    local = AT.astimezone(ZoneInfo("Asia/Phnom_Penh"))
    assert encode((*ROW[:2], local, local, *ROW[4:])) == encode(ROW)
