"""Rows with a key of their own that are kept for some days only: when those are over, the key goes, and with it the text."""

from django.db import models, transaction

from spean.lib import clock
from spean.privacy import events, vault
from spean.privacy.fields import sealed_fields


def destroy_due(model: type[models.Model], event: str) -> int:
    """Destroy the keys, and with them the sealed fields, of the rows whose `destroy_at` has passed. Returns how many.

    The key first: a break between the two leaves bytes that nobody opens, and the next run empties them. What is not
    sealed stays. `model` has `destroy_at` and `destroyed_at`, and its primary key is the subject of its key.
    """
    due = model._default_manager.filter(destroyed_at__isnull=True, destroy_at__lte=clock.now())
    done = 0
    for pk in list(due.values_list("pk", flat=True)):
        vault.destroy_key(pk)
        with transaction.atomic():
            row = model._default_manager.select_for_update(of=("self",)).get(pk=pk)
            for name, value in {**dict.fromkeys(sealed_fields(model)), "destroyed_at": clock.now()}.items():
                setattr(row, name, value)
            row.save()
            events.record(event, actor=None, obj=row)
            done += 1
    return done
