# ruff: noqa: S608  The attacker's statements are written here, not received.
"""`spean audit verify` against an attacker who owns the database but not the log's key."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.db import connection

from spean.privacy import events, logfile, sequencer, verify
from spean.privacy.checkpoint import create_signing_key
from spean.privacy.models import Checkpoint, Event
from spean.run import databases

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "keys"])

ROWS, TAIL = 20, 3


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Twenty rows under two checkpoints, and three that no checkpoint covers. Returns their ids."""
    monkeypatch.setattr(sequencer, "_last_sweep", None)
    ids = []
    for part in (8, 12):
        ids += [events.record("case.closed", actor=None, facts={"n": n}).pk for n in range(part)]
        sequencer.sequence_once(checkpoint=True)
    ids += [events.record("case.reopened", actor=None, facts={"n": n}).pk for n in range(TAIL)]
    sequencer.sequence_once(checkpoint=False)
    return ids


def attack(*statements: str) -> None:
    """As the owner of the database, with the triggers out of the way."""
    tables = ("privacy_event", "privacy_logleaf", "privacy_checkpoint")
    with databases.as_owner(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Verify on the server, and from an exported file with the public key, as an auditor does: they must agree."""

    def go(*more: str) -> tuple[int, str]:
        here = verify.main(more), capsys.readouterr().out
        exported = tmp_path / "log.jsonl"
        exported.unlink(missing_ok=True)
        assert verify.export(["--file", str(exported)]) == 0
        key = str(sequencer.signer().verifier)
        elsewhere = verify.main([*more, "--file", str(exported), "--key", key]), capsys.readouterr().out
        assert elsewhere == here
        return here

    return go


def test_a_whole_log_is_proved_as_far_as_it_is_signed(log, run) -> None:
    code, said = run()
    assert code == 0
    assert "proved: rows 1 to 20" in said
    assert "unwitnessed: 3 rows" in said
    assert "TAMPERED" not in said
    assert "ok" not in said.lower().split()


def test_an_empty_log(run) -> None:
    code, said = run()
    assert (code, "proved: nothing" in said, "unwitnessed: 0 rows" in said) == (0, True, True)


def test_rows_without_a_leaf_are_unwitnessed_too(log, run) -> None:
    events.record("case.closed", actor=None)
    code, said = run()
    assert code == 0
    assert "unwitnessed: 4 rows" in said


def test_any_row_edited_and_mended(log, run) -> None:
    for at in (0, 7, 8, ROWS - 1, ROWS, ROWS + TAIL - 1):
        attack(f"UPDATE privacy_event SET purpose = 'other' WHERE id = {log[at]}")
        code, said = run()
        assert code == 1
        assert f"TAMPERED row {at + 1} (event {log[at]}): was changed" in said
        attack(f"UPDATE privacy_event SET purpose = '' WHERE id = {log[at]}")
    assert run()[0] == 0


def test_any_column_edited(log, run) -> None:
    changes = ("at = at - interval '1 second'", "actor_id = gen_random_uuid()", "facts = '{}'", "action = 'case.read'")
    for row, change in zip(log, changes, strict=False):
        attack(f"UPDATE privacy_event SET {change} WHERE id = {row}")
    code, said = run()
    assert (code, said.count("was changed")) == (1, len(changes))


@pytest.mark.parametrize("at", [0, ROWS - 1, ROWS])
def test_a_row_deleted(log, run, at) -> None:
    attack(f"DELETE FROM privacy_event WHERE id = {log[at]}")
    code, said = run()
    assert code == 1
    assert f"TAMPERED row {at + 1} (event {log[at]}): was removed" in said


def rehash(event_id: int) -> None:
    from spean.privacy import leaves

    row = Event.objects.values_list(*leaves.COLUMNS).get(pk=event_id)
    attack(f"UPDATE privacy_logleaf SET hash = '\\x{leaves.hash_of(row).hex()}' WHERE event_id = {event_id}")


def test_an_edit_with_a_new_leaf_is_found_and_placed(log, run) -> None:
    attack(f"UPDATE privacy_event SET purpose = 'other' WHERE id = {log[10]}")
    rehash(log[10])
    code, said = run()
    assert code == 1
    # The first checkpoint still proves its rows; the fault lies between the first and the second.
    assert "TAMPERED rows 9 to 20: do not give the root that was signed" in said
    assert "proved: rows 1 to 8" in said


def test_a_later_checkpoint_does_not_cover_for_an_earlier_fault(log, run) -> None:
    attack(f"UPDATE privacy_event SET purpose = 'other' WHERE id = {log[2]}")
    rehash(log[2])
    code, said = run()
    assert code == 1
    assert "TAMPERED rows 1 to 8" in said
    assert "rows 9 to 20" not in said
    assert "proved: nothing" in said


def test_two_rows_swapped(log, run) -> None:
    attack(
        f"UPDATE privacy_event SET id = -1 WHERE id = {log[3]}",
        f"UPDATE privacy_event SET id = {log[3]} WHERE id = {log[4]}",
        f"UPDATE privacy_event SET id = {log[4]} WHERE id = -1",
    )
    code, said = run()
    assert (code, said.count("was changed")) == (1, 2)


def test_two_leaves_swapped(log, run) -> None:
    attack(
        "UPDATE privacy_logleaf SET index = -1 WHERE index = 3",
        "UPDATE privacy_logleaf SET index = 3 WHERE index = 4",
        "UPDATE privacy_logleaf SET index = 4 WHERE index = -1",
    )
    code, said = run()
    assert code == 1
    assert "rows 1 to 8" in said


INSERT = (
    "INSERT INTO privacy_event (id, format, at, written_at, action, object_type, fields, purpose, facts)"
    " VALUES ({id}, 1, now(), now() - interval '{age}', 'case.closed', '', '{{}}', '', '{{}}')"
)


def test_a_row_put_in_later_among_signed_ones(log, run) -> None:
    attack(INSERT.format(id=-5, age="9 days"))
    code, said = run()
    assert code == 1
    assert "event -5: was put in among rows that were signed before" in said


def test_the_same_after_it_got_a_leaf(log, run, monkeypatch) -> None:
    attack(INSERT.format(id=-5, age="9 days"))
    monkeypatch.setattr(sequencer, "_last_sweep", None)
    sequencer.sequence_once(checkpoint=True)
    code, said = run()
    assert code == 1
    assert "(event -5): was not there when the log was signed" in said


def test_a_row_put_in_with_a_leaf_that_pushes_the_others_on(log, run) -> None:
    attack(
        INSERT.format(id=-5, age="0 days"),
        "UPDATE privacy_logleaf SET index = -index - 1 WHERE index >= 4",
        "UPDATE privacy_logleaf SET index = -index WHERE index < 0",
        "INSERT INTO privacy_logleaf (index, event_id, hash) VALUES (4, -5, '\\x00')",
    )
    rehash(-5)
    code, said = run()
    assert code == 1
    assert "rows 1 to 8" in said


def cut(first: int) -> None:
    attack(f"DELETE FROM privacy_event WHERE id >= {first}", f"DELETE FROM privacy_logleaf WHERE event_id >= {first}")


def test_a_tail_cut_into_signed_rows(log, run) -> None:
    cut(log[ROWS - 2])
    code, said = run()
    assert code == 1
    assert "rows 19 to 20: were signed and are gone; the end of the log was cut off" in said


def test_a_tail_cut_with_its_checkpoint_is_found_by_the_witness(log, run, tmp_path) -> None:
    kept = tmp_path / "witness.txt"
    kept.write_text(Checkpoint.objects.get(size=ROWS).note)
    assert run("--witness", str(kept))[0] == 0
    cut(log[8])
    attack("DELETE FROM privacy_checkpoint WHERE size = 20")
    code, said = run("--witness", str(kept))
    assert code == 1
    assert "rows 9 to 20: were signed and are gone" in said


def test_a_tail_cut_behind_the_last_checkpoint_is_never_called_right(log, run) -> None:
    cut(log[ROWS])
    code, said = run()
    assert code == 0  # nobody can prove what nobody signed, and it says so:
    assert "unwitnessed: 0 rows" in said
    assert "3 numbers after the last row hold none" in said
    assert "proved: rows 1 to 20" in said


def test_a_missing_leaf(log, run) -> None:
    attack("DELETE FROM privacy_logleaf WHERE index = 5")
    code, said = run()
    assert code == 1
    assert "row 6: its place in the tree is missing" in said


def test_a_tree_thrown_away_altogether(log, run) -> None:
    attack(
        "UPDATE privacy_event SET written_at = written_at - interval '3 days'",
        "DELETE FROM privacy_logleaf",
        "DELETE FROM privacy_checkpoint",
    )
    code, said = run()
    assert code == 1
    assert "have no place in the tree" in said
    assert "proved: nothing" in said


def test_checkpoints_signed_by_another_key(log, run, tmp_path) -> None:
    forger = create_signing_key(tmp_path / "forged", "spean/log")
    row = Checkpoint.objects.get(size=ROWS)
    note = forger.sign(row.note.split("\n\n")[0] + "\n").replace("'", "''")
    attack(f"UPDATE privacy_checkpoint SET note = '{note}' WHERE size = {ROWS}")
    code, said = run()
    assert code == 1
    assert "checkpoint of 20 rows: The checkpoint carries no signature" in said


def test_a_checkpoint_moved_to_another_size(log, run) -> None:
    attack(f"UPDATE privacy_checkpoint SET size = 19 WHERE size = {ROWS}")
    code, said = run()
    assert code == 1
    assert "the signed text speaks of 20" in said


def test_a_history_signed_anew_is_found_by_the_witness(log, run, tmp_path) -> None:
    """Whoever steals the log's key too can rewrite everything but what others kept."""
    kept = tmp_path / "witness.txt"
    kept.write_text(Checkpoint.objects.get(size=8).note)
    attack(
        f"UPDATE privacy_event SET purpose = 'other' WHERE id = {log[1]}",
        "DELETE FROM privacy_logleaf",
        "DELETE FROM privacy_checkpoint",
    )
    sequencer._last_sweep = None
    sequencer.sequence_once(checkpoint=True)
    assert run()[0] == 0
    code, said = run("--witness", str(kept))
    assert code == 1
    assert "the witness's checkpoint shows another root" in said


class TestFile:
    def test_a_file_without_the_auditors_key_proves_nothing(self, log, tmp_path, capsys) -> None:
        verify.export(["--file", str(tmp_path / "log")])
        assert verify.main(["--file", str(tmp_path / "log")]) == 2
        assert "give --key" in capsys.readouterr().err

    def test_the_key_can_be_printed_and_kept_in_a_file(self, log, tmp_path, capsys) -> None:
        verify.export(["--file", str(tmp_path / "log")])
        assert verify.key([]) == 0
        (tmp_path / "key").write_text(capsys.readouterr().out)
        assert verify.main(["--file", str(tmp_path / "log"), "--key", str(tmp_path / "key")]) == 0

    def test_an_export_never_replaces_a_file(self, log, tmp_path, capsys) -> None:
        (tmp_path / "log").write_text("x")
        assert verify.export(["--file", str(tmp_path / "log")]) == 2
        assert (tmp_path / "log").read_text() == "x"

    def test_every_line_changed_or_left_out_is_noticed(self, log) -> None:
        out = StringIO()
        verify.export([], out)
        lines = out.getvalue().splitlines(keepends=True)
        key = sequencer.signer().verifier
        assert verify.examine(logfile.exported(lines), key).whole
        signed = [at for at, line in enumerate(lines) if '"leaf":' in line and json.loads(line)["leaf"] < ROWS]
        assert len(signed) == ROWS
        for at in signed:
            assert not verify.examine(logfile.exported(lines[:at] + lines[at + 1 :]), key).whole
            changed = lines[at].replace('"case.closed"', '"case.opened"')
            assert changed != lines[at]
            assert not verify.examine(logfile.exported([*lines[:at], changed, *lines[at + 1 :]]), key).whole
