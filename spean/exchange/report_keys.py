"""The key that reports of our own app are sealed to, and, while it waits to be worked off, what ODK Collect sent."""

from datetime import timedelta
from uuid import uuid4

from django.db import transaction

from spean.exchange.openrosa_models import WEB, FormKey
from spean.lib import clock
from spean.privacy import events, formkeys, vault

# Whoever stole the database of today opens nothing that is sealed after the next change of the key.
KEY_LASTS = timedelta(days=180)


def report_key() -> FormKey:
    """The newest key; a new one is made half a year after the last. Reports to an earlier one are opened still."""
    found = FormKey.objects.filter(kind=WEB).first()
    if found is not None and found.made_at > clock.now() - KEY_LASTS:
        return found
    return make_report_key()


def make_report_key() -> FormKey:
    """Change the key now. Phones hear of it with their next answer."""
    pair = formkeys.new_point()
    row = FormKey(id=uuid4(), kind=WEB, public=pair.public, made_at=clock.now())
    row.name = row.pk.hex[:16]
    with transaction.atomic():
        vault.create_key(row.subject)
        vault.seal_fields(row, private=pair.private)
        row.save(force_insert=True)
        events.record("form_key.made", actor=None, obj=row)
    return row


# As they stand in their table, the private half sealed; a row of it is never changed. Two are in use at a time.
_known: dict[str, FormKey] = {}
MOST_KNOWN = 8


def named(name: str) -> FormKey | None:
    """The key that a report says it is sealed to."""
    if name not in _known:
        found = FormKey.objects.filter(kind=WEB, name=name).first()
        if found is None:
            return None
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[name] = found
    return _known.get(name)
