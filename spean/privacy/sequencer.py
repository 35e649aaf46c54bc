"""Turns rows of the event log into leaves of the hash tree, and signs checkpoints over them.

Runs apart from requests, once a second in the worker: a chain kept inside each request would put all requests
in one queue. No row can be passed over, although ids are given out before transactions end: the sequencer
does not remember "everything up to id n" but asks which visible rows have no leaf. A row is visible exactly
when its transaction has finished, and a late one with a low id simply comes as a later leaf. So that asking
stays cheap it looks at the last rows each second and at all rows every ten minutes.
"""

import logging
import threading
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, transaction
from django.db.models import Exists, Max, OuterRef

from spean.privacy import leaves
from spean.privacy.checkpoint import Head, Signer, load_signing_key
from spean.privacy.merkle import Frontier
from spean.privacy.models import Checkpoint, Event, LogLeaf

log = logging.getLogger("spean.privacy.sequencer")

BATCH = 5_000
WINDOW = 5_000
SWEEP_SECONDS = 600
CHECKPOINT_SECONDS = 60
CHECKPOINT_ROWS = 1_000
# Any constant: it only has to be the same for all sequencers of one database.
_LOCK = 0x5350_4C4F_4720

_last_sweep: float | None = None


class LogDamaged(Exception):
    """The stored tree does not fit its last signed root. Nothing more is signed until somebody has looked."""


def signer() -> Signer:
    return load_signing_key(Path(settings.SPEAN_LOG_KEY_FILE), log_name())


def log_name() -> str:
    return getattr(settings, "SPEAN_LOG_NAME", "spean/log")


def sequence_once(*, checkpoint: bool | None = None) -> int:
    """Make leaves for finished rows, and a checkpoint when one is due (or as told). Returns how many leaves."""
    with transaction.atomic():
        if not _alone():
            return 0
        made = _append_leaves()
        if checkpoint is not False:
            _sign_if_due(force=checkpoint is True)
    return made


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


def _append_leaves() -> int:
    top = LogLeaf.objects.aggregate(index=Max("index"), event=Max("event_id"))
    rows = _waiting(top["event"])
    first = 0 if top["index"] is None else top["index"] + 1
    LogLeaf.objects.bulk_create(
        [
            LogLeaf(index=index, event_id=row[0], hash=leaves.hash_of(row))
            for index, row in enumerate(rows, start=first)
        ],
        batch_size=BATCH,
    )
    return len(rows)


def _waiting(highest: int | None) -> list[tuple[Any, ...]]:
    global _last_sweep
    rows = Event.objects.filter(~Exists(LogLeaf.objects.filter(event_id=OuterRef("id")))).order_by("id")
    now = time.monotonic()
    sweep = _last_sweep is None or now - _last_sweep >= SWEEP_SECONDS
    if highest is not None and not sweep:
        rows = rows.filter(id__gt=highest - WINDOW)
    found = list(rows.values_list(*leaves.COLUMNS)[:BATCH])
    if sweep and len(found) < BATCH:
        _last_sweep = now
    return found


def _sign_if_due(*, force: bool) -> None:
    last = Checkpoint.objects.order_by("-size").first()
    signed = last.size if last else 0
    unsigned = LogLeaf.objects.filter(index__gte=signed).count()
    if not unsigned and last is not None:
        return
    now = _database_time()
    due = last is None or unsigned >= CHECKPOINT_ROWS or (now - last.made_at).total_seconds() >= CHECKPOINT_SECONDS
    # A database clock set back must not stop the signing.
    if not (due or force or now < last.made_at):  # type: ignore[union-attr]
        return
    tree = _grown(last, LogLeaf.objects.filter(index__gte=signed).values_list("index", "hash").order_by("index"))
    key = signer()
    head = Head(key.name, tree.size, tree.root(), now)
    Checkpoint.objects.create(
        size=tree.size,
        root=head.root,
        frontier=tree.to_bytes(),
        note=key.sign(head.body()),
        algorithm=key.verifier.algorithm,
        made_at=now,
    )


def _grown(last: Checkpoint | None, new: Iterable[tuple[int, bytes | memoryview]]) -> Frontier:
    tree = Frontier()
    if last is not None:
        tree = Frontier.from_bytes(last.size, bytes(last.frontier))
        if tree.root() != bytes(last.root):
            raise LogDamaged("The last checkpoint's subtrees do not give its root.")
    for index, leaf in new:
        if index != tree.size:
            raise LogDamaged(f"Leaf {tree.size} is missing.")
        tree.append(bytes(leaf))
    return tree


def _database_time() -> datetime:
    # The same clock as Event.written_at, so that the two can be compared.
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def run_forever(stop: threading.Event | None = None, *, every: float = 1.0) -> None:
    """Sequence until told to stop, and sign what is there when stopping. Outlives a restart of the database."""
    stop = stop or threading.Event()
    while not stop.is_set():
        _try(checkpoint=None)
        stop.wait(every)
    _try(checkpoint=True)
    connection.close()


def _try(*, checkpoint: bool | None) -> None:
    try:
        while sequence_once(checkpoint=checkpoint) == BATCH:
            pass
    except (DatabaseError, InterfaceError) as fault:
        # The kind of fault only: its text may quote a row.
        log.warning("The event log could not be sequenced (%s); trying again.", type(fault).__name__)
    except LogDamaged as fault:
        log.error("%s Run: spean audit verify", fault)
    finally:
        close_old_connections()
