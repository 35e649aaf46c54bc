"""Taking in what phones send, and working it off: two steps, so that a phone has its receipt at once.

Whoever takes something in has proved the phone, opened what it sent and worked it out anew; what is left here is one
row on the disk. Working off does the rest through the verbs of the pages, seconds later, in the order of arrival, once:
the row goes in the transaction of what it became.
"""

import base64
import json
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import close_old_connections, connection, transaction
from django.db.models import F
from django.utils import translation
from django.views.decorators.debug import sensitive_variables

from spean.access.models import User
from spean.exchange.openrosa_models import Device, FormKey, SentForm, TakenIn
from spean.exchange.openrosa_xml import Post
from spean.lib import clock
from spean.lib.identifiers import new_code
from spean.privacy import formkeys
from spean.privacy.rows import acting_as

log = logging.getLogger("spean.exchange.taking_in")

# After a fault of ours, by how often there was one.
AGAIN_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
EVERY = 1.0
LAST = 10
# So much of one user may wait to be worked off, some minutes of work: a stolen token does not fill the disk.
MOST = 1_000


class Busy(Exception):
    """As much as may wait of this user does so. The phone keeps what it has, and sends it later."""


# --- taking in -----------------------------------------------------------------------------------------------

# One statement: whether the number came before, and the row. It is whole by itself, and on the disk when it returns.
_INSERT = f"""
    INSERT INTO {TakenIn._meta.db_table}
        (code, instance, user_id, device_id, key_id, body, received_at, sent_at, failures, again_at)
    SELECT %(code)s, %(instance)s, %(user)s, %(device)s, %(key)s, %(body)s, %(now)s, %(sent_at)s::timestamptz, 0, %(now)s
    WHERE NOT EXISTS (SELECT 1 FROM {SentForm._meta.db_table} WHERE user_id = %(user)s AND instance = %(instance)s)
        AND NOT EXISTS (SELECT 1 FROM {TakenIn._meta.db_table} WHERE user_id = %(user)s OFFSET %(most)s)
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - names of our own tables


def take_in(device: Device, instance: UUID, key: FormKey, body: bytes, sent_at: datetime | None = None) -> str:
    """Keep what was checked, sealed to `key`; on the disk when this returns. The code of its receipt.

    Blank where something came under this number before, whatever it was: nothing was kept then. Raises Busy.
    """
    code = new_code("R")
    values: dict[str, Any] = {
        "code": code, "instance": instance, "user": device.user_id, "device": device.pk, "key": key.pk, "body": body,
        "now": clock.now(), "sent_at": sent_at, "most": MOST - 1,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        if cursor.rowcount == 1:
            return code
    known = any(rows.objects.filter(user=device.user_id, instance=instance).exists() for rows in (TakenIn, SentForm))
    if not known:
        raise Busy
    return ""


def waiting(user: User, instance: UUID) -> TakenIn | None:
    """What was taken in under this number, and not worked off yet."""
    return TakenIn.objects.select_related("device", "key").filter(user=user, instance=instance).first()


def seal(device: Device, instance: UUID, key: FormKey, post: Post) -> bytes:
    """What ODK Collect sent, as it came, sealed as our own app seals."""
    sealed = base64.b64encode(post.sealed).decode() if post.sealed is not None else None
    packed = json.dumps({"form": base64.b64encode(post.form).decode(), "sealed": sealed})
    return formkeys.seal_report(key.public, packed.encode(), _info(device.pk, instance, key))


@sensitive_variables()
def opened(row: TakenIn) -> Post:
    """What ODK Collect sent. Raises CannotOpen."""
    info = _info(row.device_id, row.instance, row.key)
    said = json.loads(formkeys.open_report(row.key.pk, bytes(row.key.private or b""), bytes(row.body), info))
    sealed = base64.b64decode(said["sealed"]) if said["sealed"] is not None else None
    return Post(base64.b64decode(said["form"]), sealed, incomplete=False)


def _info(device: UUID, instance: UUID, key: FormKey) -> bytes:
    return f"spean taken in 1|{device}|{instance}|{key.name}".encode()


# --- working off ---------------------------------------------------------------------------------------------

# How each kind of phone's is worked off, in a transaction and with its user locked. Our own app's room stands above.
_WAYS: dict[str, Callable[[TakenIn], None]] = {}


def worked_off_by(kind: str, way: Callable[[TakenIn], None]) -> None:
    """Name who works off what phones of a kind sent."""
    _WAYS[kind] = way


def work_off(stop: threading.Event | None = None) -> int:
    """Work off all that waits, of each user the oldest first, in turn. Returns how many were; a fault stops no other."""
    done = 0
    while True:
        due = TakenIn.objects.filter(again_at__lte=clock.now())
        tried = []
        for user in due.order_by("user_id").values_list("user_id", flat=True).distinct():
            if stop is not None and stop.is_set():
                break
            tried.append(_next_of(user))
        done += tried.count(True)
        # Whom somebody else works off at the moment is left to him.
        if all(one is None for one in tried):
            return done


def _next_of(user: UUID) -> bool | None:
    """The oldest that waits of a user: whether it could be worked off. None where there is none, or somebody is at it."""
    row = None
    try:
        with transaction.atomic():
            locked = User.objects.select_for_update(of=("self",), no_key=True, skip_locked=True).filter(pk=user)
            if not locked.exists():
                return None
            rows = TakenIn.objects.select_related("key", "device__organisation", "device__user")
            row = rows.filter(user=user, again_at__lte=clock.now()).first()
            if row is None:
                return None
            with acting_as(row.device.user), translation.override(row.device.user.language or "en"):
                _WAYS[row.device.kind](row)
            row.delete()
    except Exception as fault:
        if row is None or not connection.is_usable():
            raise
        # A bug of ours, or what this one makes of it: it stays, and the others are worked off meanwhile.
        # The kind of fault only: its text may quote what somebody said.
        log.error("%s could not be worked off (%s); it is kept, and tried again.", row.code, type(fault).__name__)
        wait = AGAIN_AFTER[min(row.failures, len(AGAIN_AFTER) - 1)]
        TakenIn.objects.filter(pk=row.pk).update(failures=F("failures") + 1, again_at=clock.now() + wait)
        return False
    return True


def run_forever(stop: threading.Event) -> None:
    """Work off until told to stop. Outlives a restart of the database; what a killed process had begun is begun again."""
    with suppress(OSError):
        # Of this thread alone, where the system can: pages and phones that wait for an answer go first.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LAST)
    while not stop.is_set():
        try:
            work_off(stop)
        except Exception as fault:
            # Whatever it is, what comes next is worked off all the same.
            log.warning("Nothing could be worked off (%s); trying again.", type(fault).__name__)
        finally:
            close_old_connections()
        stop.wait(EVERY)
    connection.close()
