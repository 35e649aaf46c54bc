"""The one clock. Everything that asks "when is it?" asks here.

Rules receive dates as arguments and never call this; actions and views do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_travelled: ContextVar[datetime | None] = ContextVar("travelled", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _travelled.get() or datetime.now(UTC)


def local_zone() -> ZoneInfo:
    """The time zone of the country the installation serves."""
    from django.conf import settings

    return ZoneInfo(settings.TIME_ZONE)


def today() -> date:
    """The date where the users are: a deadline ends at their midnight, not at UTC's."""
    return now().astimezone(local_zone()).date()


@contextmanager
def travel(when: datetime) -> Iterator[None]:
    """Run a block as if it were `when`: for tests and for loading a past week of demonstration work."""
    if when.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    token = _travelled.set(when.astimezone(UTC))
    try:
        yield
    finally:
        _travelled.reset(token)
