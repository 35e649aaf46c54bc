"""How a deadline is told. Khmer has no plural; English does."""

from datetime import UTC, datetime, timedelta

import pytest

from spean.web import deadlines

# Noon in Phnom Penh.
NOON = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due_in", "text", "level"),
    [
        (timedelta(days=9), "due in 9 days", "later"),
        (timedelta(days=2, hours=1), "due in 2 days", "later"),
        (timedelta(days=2), "due in 2 days", "soon"),
        (timedelta(days=1), "due tomorrow", "soon"),
        (timedelta(hours=13), "due tomorrow", "soon"),
        (timedelta(hours=11), "due in 11 hours", "soon"),
        (timedelta(hours=1), "due in 1 hour", "soon"),
        (timedelta(minutes=59), "due within the hour", "soon"),
        (timedelta(0), "overdue since a moment ago", "overdue"),
        (timedelta(hours=-1), "overdue by 1 hour", "overdue"),
        (timedelta(hours=-11), "overdue by 11 hours", "overdue"),
        (timedelta(hours=-13), "overdue by 1 day", "overdue"),
        (timedelta(days=-3), "overdue by 3 days", "overdue"),
    ],
)
def test_a_deadline_in_words(due_in: timedelta, text: str, level: str) -> None:
    told = deadlines.describe(NOON + due_in, NOON)
    assert (told.text, told.level) == (text, level)
    assert deadlines.level(NOON + due_in, NOON) == level


def test_what_is_done_is_not_overdue() -> None:
    assert deadlines.describe(NOON - timedelta(days=9), NOON, done_at=NOON).level == "done"
