"""What protection costs: sealed names in a list, rows of the log per second, verification of a long log."""

from __future__ import annotations

import multiprocessing
import statistics
import threading
import time
from typing import Any
from uuid import uuid4

from tests.attack import stage
from tests.attack.results import Result
from tests.attack.tampering import Log

LISTED = 50
WRITERS = 16
SERVING = 2
SECONDS = 8.0
LEAVES = 1_000_000


def run(*, quick: bool = False) -> list[Result]:
    with stage.scratch() as state, stage.installation(state):
        return [
            *_names(),
            *_log(SECONDS / 4 if quick else SECONDS),
            _verify(LEAVES // 10 if quick else LEAVES),
        ]


def _names() -> list[Result]:
    """What a page of persons costs more because initials are sealed; and its whole door, policy and log included."""
    from spean.access import policy
    from spean.access.models import Installation, User
    from spean.people.models import Person
    from spean.privacy import doors
    from tests.bench.filling import fill

    Installation.objects.all().delete()
    fill(2_000)
    manager = User.objects.get(email="manager0@bench.example")
    persons = list(Person.objects.filter(registered_by=manager)[:LISTED])
    with policy.one_reading():  # as every page that only reads
        whole = [_timed(lambda: doors.initials(manager, persons)) for _ in range(60)]
        opened = [_timed(lambda: doors._plaintext(persons, ["initials"])) for _ in range(60)]
    extra, door = statistics.median(opened) * 1000, statistics.median(whole) * 1000
    return [
        Result(
            "cost", f"{LISTED} sealed names: opening them", f"{extra:.1f} ms extra (median)", "≤ 10 ms", extra <= 10
        ),
        Result("cost", f"{LISTED} sealed names: policy, log and opening", f"{door:.1f} ms (median)", "", None),
    ]


def _log(seconds: float) -> list[Result]:
    """Rows of the log that concurrent requests write, each in a transaction of its own, and the tree over them."""
    from django.db import connections

    from spean.access.models import User
    from spean.privacy import events
    from spean.privacy.models import Event

    actor = User.objects.filter(memberships__isnull=False).first()
    assert actor is not None
    assert actor.organisation is not None
    before = Event.objects.count()
    until = time.monotonic() + seconds

    def write() -> None:
        while time.monotonic() < until:
            events.record("list.read", actor=actor, purpose="casework")
        connections.close_all()

    def serve() -> None:
        threads = [threading.Thread(target=write) for _ in range(WRITERS // SERVING)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    connections.close_all()
    fork = multiprocessing.get_context("fork")  # as the workers of the web server
    serving = [fork.Process(target=serve) for _ in range(SERVING)]
    for process in serving:
        process.start()
    for process in serving:
        process.join()
    rate = (Event.objects.count() - before) / seconds
    return [
        Result(
            "cost", f"rows of the log written by {WRITERS} requests at once, {SERVING} workers", f"{rate:,.0f} per second",
            "≥ 2,000 per second", rate >= 2_000,
        )
    ]  # fmt: skip


def _verify(rows: int) -> Result:
    """A log of so many rows, read from memory and proved against its signed roots."""
    from spean.privacy import sequencer, verify

    log = _long_log(rows)
    began = time.perf_counter()
    finding = verify.examine(log, sequencer.signer().verifier)
    seconds = time.perf_counter() - began
    whole = finding.whole and finding.proved == rows
    return Result(
        "cost", f"verification of {rows:,} rows of the log", f"{seconds:.1f} s, {'whole' if whole else 'NOT whole'}",
        "≤ 10 s per million", whole and seconds <= 10 * rows / 1_000_000,
    )  # fmt: skip


def _long_log(rows: int) -> Log:
    from spean.lib import clock
    from spean.privacy import leaves, sequencer
    from spean.privacy.checkpoint import Head
    from spean.privacy.logfile import Entry
    from spean.privacy.merkle import Frontier, leaf_hash

    now, signer, tree = clock.now(), sequencer.signer(), Frontier()
    log = Log(now, rows, [], [], [])
    for number in range(1, rows + 1):
        row = (number, 1, now, now, uuid4(), uuid4(), "case.read", "cases.Case", uuid4(), uuid4(), uuid4(), [], "", {})
        encoded = leaves.encode(row)
        tree.append(leaf := leaf_hash(encoded))
        log.rows.append(Entry(number - 1, number, leaf, encoded))
        if number % 10_000 == 0 or number == rows:
            head = Head(sequencer.log_name(), number, tree.root(), now)
            log.notes.append((number, signer.sign(head.body())))
            log.trees.append((number, tree.to_bytes()))
    return log


def _timed(step: Any) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began
