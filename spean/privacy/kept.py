"""When the installation was last backed up, and when a backup was last proved by restoring it: as the log tells.

Made and proved by commands at the console, outside of every room; here is only what a page may say of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from spean.access.models import Installation
from spean.privacy.models import Event

MADE, PASSED, FAILED = "backup.made", "backup.drill_passed", "backup.drill_failed"
DRILL_EVERY = timedelta(days=31)
# A day, and some patience with the hour at which it runs.
BACKUP_EVERY = timedelta(hours=26)


@dataclass(frozen=True)
class Kept:
    made_at: datetime | None
    proved_at: datetime | None
    failed_at: datetime | None
    facts: dict[str, Any]

    def backup_is_late(self, now: datetime) -> bool:
        return self.made_at is None or now - self.made_at > BACKUP_EVERY

    def drill_is_late(self, now: datetime) -> bool:
        return self.proved_at is None or now - self.proved_at > DRILL_EVERY

    def drill_failed(self) -> bool:
        """Whether the last drill failed."""
        return self.failed_at is not None and (self.proved_at is None or self.failed_at > self.proved_at)


def kept() -> Kept:
    rows = {action: Event.objects.filter(action=action).order_by("-id").first() for action in (MADE, PASSED, FAILED)}
    made, passed, failed = rows[MADE], rows[PASSED], rows[FAILED]
    return Kept(
        made_at=made.at if made else None,
        proved_at=passed.at if passed else None,
        failed_at=failed.at if failed else None,
        facts=passed.facts if passed else {},
    )


def expected() -> bool:
    """Whether anybody is to be reminded: in a demonstration there is nothing to lose."""
    return Installation.objects.filter(demonstration=False).exists()
