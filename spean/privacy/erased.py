"""Whose keys were destroyed, as the log tells it: so that an older copy of the key vault brings nobody back.

The log outlives the keys and says by id whose key was destroyed; destroying itself is the vault's.
"""

from collections.abc import Iterable
from uuid import UUID

from spean.privacy import vault
from spean.privacy.keyvault.models import DataKey
from spean.privacy.leaves import COLUMNS
from spean.privacy.logfile import Entry
from spean.privacy.models import Event
from spean.privacy.routers import VAULT_ALIAS

# The second is the event of a refusal: her key is destroyed right after it. The third is a caller's.
DESTROYING = ("key.destroyed", "case.counted_without_identity", "informant.destroyed")
_ACTION, _SUBJECT = COLUMNS.index("action"), COLUMNS.index("subject")


def in_log() -> set[UUID]:
    """Whose keys this installation's log says were destroyed."""
    rows = Event.objects.filter(action__in=DESTROYING, subject__isnull=False)
    return {subject for subject in rows.order_by().values_list("subject", flat=True) if subject is not None}


def in_entries(entries: Iterable[Entry]) -> set[UUID]:
    """The same, from a log that was exported elsewhere."""
    rows = (entry.row for entry in entries if entry.row is not None)
    return {row[_SUBJECT] for row in rows if row[_ACTION] in DESTROYING and row[_SUBJECT] is not None}


def destroy_again(subjects: Iterable[UUID]) -> int:
    """Destroy those of these keys that are there again. Returns how many."""
    living = DataKey.objects.using(VAULT_ALIAS).filter(wrapped__isnull=False, pk__in=set(subjects))
    back = list(living.values_list("subject", flat=True))
    for subject in back:
        vault.destroy_key(subject)
    return len(back)


def without_key(subjects: Iterable[UUID]) -> set[UUID]:
    """Who of these has no row in the key vault at all: what is sealed for them cannot be opened, nor explained."""
    wanted = set(subjects)
    return wanted - set(DataKey.objects.using(VAULT_ALIAS).filter(pk__in=wanted).values_list("subject", flat=True))
