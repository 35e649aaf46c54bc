"""Rows become leaves: every finished one, each once, whatever order transactions end in."""

import threading

import pytest
from django.conf import settings
from django.db import connection, connections, transaction

from spean.privacy import events, leaves, merkle, sequencer
from spean.privacy.checkpoint import verify
from spean.privacy.models import Checkpoint, Event, LogLeaf

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "keys"]),
    pytest.mark.usefixtures("fresh_sequencer"),
]


@pytest.fixture
def fresh_sequencer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "_last_sweep", None)


def write(number: int = 1) -> list[int]:
    return [events.record("case.closed", actor=None, facts={"n": n}).pk for n in range(number)]


def placed() -> list[int]:
    return list(LogLeaf.objects.order_by("index").values_list("event_id", flat=True))


def test_rows_become_leaves_once_and_in_order() -> None:
    ids = write(3)
    assert sequencer.sequence_once() == 3
    assert sequencer.sequence_once() == 0
    ids += write(2)
    assert sequencer.sequence_once() == 2
    assert placed() == ids
    assert list(LogLeaf.objects.values_list("index", flat=True)) == [0, 1, 2, 3, 4]
    for leaf, row in zip(LogLeaf.objects.all(), Event.objects.values_list(*leaves.COLUMNS), strict=True):
        assert bytes(leaf.hash) == leaves.hash_of(row)


def in_another_connection(work) -> None:
    failed = []

    def run() -> None:
        try:
            work()
        except BaseException as fault:
            failed.append(fault)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def test_a_row_whose_transaction_is_open_waits_and_is_not_passed_over() -> None:
    with transaction.atomic():
        early = write()
        later: list[int] = []
        in_another_connection(lambda: later.extend(write()))
        in_another_connection(sequencer.sequence_once)
        assert later[0] > early[0]
    assert placed() == later
    sequencer.sequence_once()
    assert placed() == later + early


def test_an_abandoned_transaction_leaves_no_gap_in_the_tree() -> None:
    with transaction.atomic():
        write(3)
        transaction.set_rollback(True)
    kept = write()
    sequencer.sequence_once()
    assert placed() == kept


def test_a_very_late_row_is_found_by_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "WINDOW", 2)
    with transaction.atomic():
        early = write()
        later: list[int] = []
        in_another_connection(lambda: later.extend(write(9)))
        in_another_connection(sequencer.sequence_once)
    assert sequencer.sequence_once() == 0
    monkeypatch.setattr(sequencer, "_last_sweep", sequencer._last_sweep - sequencer.SWEEP_SECONDS)
    assert sequencer.sequence_once() == 1
    assert placed() == later + early


def test_batches_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "BATCH", 2)
    ids = write(5)
    assert [sequencer.sequence_once() for _ in range(4)] == [2, 2, 1, 0]
    assert placed() == ids


def test_two_sequencers_do_not_meet() -> None:
    write(2)
    with transaction.atomic():
        assert sequencer.sequence_once() == 2
        others: list[int] = []
        in_another_connection(lambda: others.append(sequencer.sequence_once()))
        assert others == [0]


class TestCheckpoints:
    def test_the_first_rows_are_signed_at_once(self) -> None:
        write(3)
        sequencer.sequence_once()
        kept = Checkpoint.objects.get()
        head = verify(kept.note, sequencer.signer().verifier)
        hashes = [bytes(leaf) for leaf in LogLeaf.objects.values_list("hash", flat=True)]
        assert (head.size, head.root) == (3, merkle.root(hashes))
        assert (head.origin, kept.algorithm) == ("spean/log", 1)

    def test_later_ones_when_a_minute_or_enough_rows_have_passed(self, monkeypatch) -> None:
        write()
        sequencer.sequence_once()
        write()
        sequencer.sequence_once()
        assert Checkpoint.objects.count() == 1
        monkeypatch.setattr(sequencer, "CHECKPOINT_ROWS", 2)
        write()
        sequencer.sequence_once()
        assert list(Checkpoint.objects.values_list("size", flat=True)) == [1, 3]
        monkeypatch.setattr(sequencer, "CHECKPOINT_SECONDS", 0)
        write()
        sequencer.sequence_once()
        assert Checkpoint.objects.count() == 3

    def test_nothing_new_is_not_signed_again(self) -> None:
        write()
        sequencer.sequence_once()
        sequencer.sequence_once(checkpoint=True)
        assert Checkpoint.objects.count() == 1

    def test_each_goes_on_from_the_one_before(self) -> None:
        for number in (1, 4, 2, 9):
            write(number)
            sequencer.sequence_once(checkpoint=True)
        hashes = [bytes(leaf) for leaf in LogLeaf.objects.values_list("hash", flat=True)]
        for kept in Checkpoint.objects.all():
            assert bytes(kept.root) == merkle.root(hashes[: kept.size])

    def test_a_damaged_tree_is_not_signed_over(self) -> None:
        write(2)
        sequencer.sequence_once()
        last = Checkpoint.objects.get()
        write(2)
        Checkpoint.objects.create(
            size=3, root=last.root, frontier=last.frontier, note="x", algorithm=1, made_at=last.made_at
        )
        with pytest.raises((sequencer.LogDamaged, ValueError)):
            sequencer.sequence_once(checkpoint=True)


def test_it_runs_until_told_to_stop_and_signs_the_rest() -> None:
    write()
    sequencer.sequence_once()
    stop = threading.Event()
    thread = threading.Thread(target=lambda: sequencer.run_forever(stop, every=0.01))
    thread.start()
    ids = write(3)
    while Event.objects.count() != LogLeaf.objects.count():
        connection.close()
    stop.set()
    thread.join()
    assert placed()[1:] == ids
    assert Checkpoint.objects.order_by("-size").first().size == 4


def test_the_key_of_the_log_is_no_one_elses_to_read() -> None:
    assert settings.SPEAN_LOG_KEY_FILE.stat().st_mode & 0o077 == 0
