"""The one table of the key vault: wrapped data keys, in a database apart with short-lived backups.

Apart, because a destroyed key has to be gone from the backups too, long before the case records are.
"""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from spean.lib import clock


class DataKey(models.Model):
    """The key of one person, wrapped. Destroying empties `wrapped`; the row stays as the proof of it."""

    subject = models.UUIDField(primary_key=True, editable=False)
    wrapped = models.BinaryField(null=True)
    kek_id = models.CharField(max_length=16)
    created_at = models.DateTimeField(default=clock.now)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(wrapped__isnull=True, destroyed_at__isnull=False)
                | Q(wrapped__isnull=False, destroyed_at__isnull=True),
                name="data_key_is_there_or_destroyed",
            ),
        ]
        indexes = [models.Index(fields=["kek_id"], name="data_key_kek")]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="never_removed", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="never_brought_back",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__wrapped__isnull=True)
                | pgtrigger.Q(old__subject__df=pgtrigger.F("new__subject")),
            ),
        ]

    class Privacy:
        plain = ("subject", "wrapped", "kek_id", "created_at", "destroyed_at")

    def __str__(self) -> str:
        return f"data key {self.subject}"
