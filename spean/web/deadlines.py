"""How a date by which something must be done is told to people: "due in 2 days", "overdue by 3 days".

Pure: the present moment is passed in. How long something may take stands in the country pack.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Level = Literal["overdue", "soon", "later", "done"]

SOON = timedelta(days=2)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Deadline:
    """Words for a reader, and a level for colour and order. The words alone say it all."""

    text: str
    level: Level


def level(due_at: datetime, now: datetime) -> Level:
    """Overdue from the very moment; soon within two days."""
    if due_at <= now:
        return "overdue"
    return "soon" if due_at - now <= SOON else "later"


def describe(due_at: datetime, now: datetime, done_at: datetime | None = None) -> Deadline:
    """A deadline in words. Near it, hours count; further off, days of the calendar."""
    if done_at is not None:
        return Deadline(_("done"), "done")
    days = (timezone.localdate(due_at) - timezone.localdate(now)).days
    if due_at <= now:
        late = now - due_at
        if days == 0:
            hours = late // HOUR
            if hours == 0:
                return Deadline(_("overdue since a moment ago"), "overdue")
            text = ngettext("overdue by %(n)s hour", "overdue by %(n)s hours", hours)
            return Deadline(text % {"n": hours}, "overdue")
        return Deadline(ngettext("overdue by %(n)s day", "overdue by %(n)s days", -days) % {"n": -days}, "overdue")
    if days == 0:
        hours = (due_at - now) // HOUR
        if hours == 0:
            return Deadline(_("due within the hour"), "soon")
        return Deadline(ngettext("due in %(n)s hour", "due in %(n)s hours", hours) % {"n": hours}, "soon")
    if days == 1:
        return Deadline(_("due tomorrow"), "soon")
    return Deadline(ngettext("due in %(n)s day", "due in %(n)s days", days) % {"n": days}, level(due_at, now))
