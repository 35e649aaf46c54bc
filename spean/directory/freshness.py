"""How old a figure of free places is, and from when on it is not to be relied on. Pure."""

from datetime import date

# Free places that were confirmed longer ago than this are shown as old: ask before relying on them.
STALE_AFTER_DAYS = 14
# From this age on its own organisation is reminded to confirm it.
CONFIRM_AFTER_DAYS = 2


def days_since(confirmed_on: date | None, today: date) -> int | None:
    """How many days ago a figure was confirmed; None if it never was. Tomorrow's figure counts as today's."""
    return None if confirmed_on is None else max(0, (today - confirmed_on).days)


def is_stale(days: int | None) -> bool:
    """Old, or of unknown age."""
    return days is None or days > STALE_AFTER_DAYS
