"""Backups: what is in them, who can open them, what is refused, and what a restored installation is."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from spean.cases.consent import record_refusal
from spean.cases.models import Case
from spean.detection import actions as detection
from spean.lib import clock
from spean.privacy import erased, offline, sequencer, vault, verify
from spean.privacy import kept as kept_facts
from spean.privacy.keyvault.models import DataKey
from spean.privacy.models import Event
from spean.run import backup, databases, drill, dump, embedded, state
from spean.run.backup import BackupSet
from spean.run.restore import Report, Wanted, erased_elsewhere
from tests import steps
from tests.cast import Cast

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, databases=["default", "keys"])]


@pytest.fixture
def uploads() -> Iterator[Path]:
    """The directory of uploads, with one file that is sealed as far as a backup is concerned."""
    folder = Path(settings.MEDIA_ROOT)
    (folder / "ab").mkdir(parents=True, exist_ok=True)
    (folder / "ab" / "letter").write_bytes(b"\x01" + os.urandom(3000))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    offline.create_key_pair(tmp_path / "offline")
    return tmp_path / "offline"


def _public(key: Path) -> str:
    return str(offline.private_key(key).to_public())


def _make(key: Path, folder: Path) -> tuple[BackupSet, BackupSet]:
    return backup.make(folder, folder, _public(key), _public(key))


def _said_no(cast: Cast, case: Case) -> None:
    """She does not want to be referred: counted, and her key destroyed."""
    record_refusal(cast.screener, case, purpose="referral_to_focal_agency", language="km")
    detection.count_without_identity(cast.screener, case, reason="needs_time")
    assert vault.is_destroyed(case.subject)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Move the clock."""

    def move(by: timedelta) -> None:
        now = clock.now() + by
        monkeypatch.setattr(clock, "now", lambda: now)

    return move


class Restored:
    """`spean restore` in a process and a state directory of its own, as an operator would run it."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "restored"

    def run(self, directory: Path, key: Path, *more: str) -> "subprocess.CompletedProcess[str]":
        given = {
            "SPEAN_STATE": str(self.state),
            "SPEAN_KEK_FILE": str(settings.SPEAN_KEK_FILE),
            "SPEAN_LOG_KEY_FILE": str(settings.SPEAN_LOG_KEY_FILE),
        }
        environment = {**os.environ, **given}
        environment.pop("DJANGO_SETTINGS_MODULE", None)  # the tests' own
        report = self.state.parent / "report.json"
        command = [
            sys.executable, "-m", "spean", "restore", str(directory), "--identity", str(key), "--report", str(report),
        ]  # fmt: skip
        return subprocess.run([*command, *more], capture_output=True, text=True, env=environment)

    def report(self) -> Report:
        return Report.from_json((self.state.parent / "report.json").read_text())

    def ask(self, database: str, question: str) -> list[Any]:
        with embedded.Cluster(self.state).running() as cluster, cluster.connect_as_superuser(database) as connection:
            return connection.execute(question).fetchall()  # type: ignore[arg-type]

    def is_empty(self) -> bool:
        tables = "SELECT 1 FROM pg_tables WHERE schemaname = 'public'"
        return not self.ask("spean", tables) and not self.ask("spean_keys", tables)


@pytest.fixture
def restored(tmp_path: Path) -> Restored:
    return Restored(tmp_path)


# --- what is in it ----------------------------------------------------------------------------------------


def test_nothing_can_be_read_without_the_offline_key(cast: Cast, key: Path, uploads: Path, tmp_path: Path) -> None:
    steps.screened(cast)
    made = _make(key, tmp_path / "b")
    assert [one.path.name.split("-")[0] for one in made] == ["records", "keys"]
    for one in made:
        assert one.path.stat().st_mode & 0o077 == 0
        for part in one.parts:
            file = one.path / part.name
            assert file.stat().st_mode & 0o077 == 0
            assert file.read_bytes().startswith(b"age-encryption.org/v1\n")
            assert b"PGDMP" not in file.read_bytes()
        # How many people there are is nobody's business who keeps the files.
        said = (one.path / "manifest").read_text()
        assert "counts" not in said
        assert "people_person" not in said
        assert backup.load(one.path) == one


def test_the_dump_opens_with_the_offline_key_and_age_alone(
    cast: Cast, key: Path, uploads: Path, tmp_path: Path
) -> None:
    steps.screened(cast)
    records, keys = _make(key, tmp_path / "b")
    private = offline.private_key(key)
    for one in (records, keys):
        for part in one.parts:
            with (one.path / part.name).open("rb") as source, (tmp_path / f"{one.kind}-{part.name}").open("wb") as out:
                offline.decrypt(source, out, private)
    with tarfile.open(tmp_path / "records-files.age") as packed:
        assert packed.getnames() == ["ab/letter"]
    said = json.loads((tmp_path / "records-contents.age").read_text())
    assert said["counts"]["cases_case"] == 1
    assert "django_session" not in said["counts"]
    assert (tmp_path / "keys-database.age").read_bytes().startswith(b"PGDMP")


def test_it_is_one_moment_although_others_write(cast: Cast, key: Path, tmp_path: Path) -> None:
    """Counts and dump share a snapshot: a case that is committed in between is in neither."""
    steps.screened(cast)
    with databases.as_owner():
        place = dict(connections["default"].settings_dict)
        with dump.snapshot(place) as (connection, name):
            databases.sign_in("app")
            steps.screened(cast, name="Late One")
            databases.sign_in("owner")
            assert dump.counts(connection)["cases_case"] == 1
            with dump.dumping(place, name) as stream:
                (tmp_path / "dump").write_bytes(stream.read())
    assert Case.objects.count() == 2
    listed = subprocess.run(
        [dump.program("pg_restore"), "--data-only", "--table=cases_case", "--file=-", str(tmp_path / "dump")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert listed.stdout.split("FROM stdin;\n")[1].split("\\.\n")[0].count("\n") == 1


def test_a_private_key_is_not_taken_for_a_public_one(key: Path, tmp_path: Path) -> None:
    with pytest.raises(offline.OfflineKeyError, match="holds a private key"):
        offline.public_key(key)


def test_a_backup_that_broke_off_leaves_nothing(cast: Cast, key: Path, tmp_path: Path) -> None:
    with pytest.raises(offline.OfflineKeyError):
        backup.make(tmp_path / "b", tmp_path / "b", _public(key), "age1wrong")
    assert list((tmp_path / "b").iterdir()) == []


# --- what is refused --------------------------------------------------------------------------------------


def test_altered_cut_and_mixed_up_files_are_refused_before_anything_is_touched(
    cast: Cast, key: Path, uploads: Path, tmp_path: Path, restored: Restored
) -> None:
    steps.screened(cast)
    records, keys = _make(key, tmp_path / "one")
    whole = (records.path / "database.age").read_bytes()

    def flipped() -> None:
        (records.path / "database.age").write_bytes(whole[:700] + bytes([whole[700] ^ 1]) + whole[701:])

    def cut() -> None:
        (records.path / "database.age").write_bytes(whole[:-20])

    def exchanged() -> None:
        shutil.copy(keys.path / "database.age", records.path / "database.age")

    def missing() -> None:
        (records.path / "files.age").unlink()

    def told_otherwise() -> None:
        said = (records.path / "manifest").read_text()
        (records.path / "manifest").write_text(said.replace('"version": "', '"version": "9'))

    def renamed() -> None:
        (tmp_path / "work" / records.path.name).rename(tmp_path / "work" / "records-20990101T000000Z")

    shutil.copytree(tmp_path / "one", tmp_path / "kept")
    for damage, message in (
        (flipped, "was altered or cut off"),
        (cut, "was altered or cut off"),
        (exchanged, "was altered or cut off"),
        (missing, "files are missing"),
        (told_otherwise, "the manifest was altered"),
        (renamed, "was renamed or mixed up"),
    ):
        shutil.rmtree(tmp_path / "work", ignore_errors=True)
        shutil.copytree(tmp_path / "kept", tmp_path / "work")
        records = BackupSet(**{**vars(records), "path": tmp_path / "work" / records.path.name})
        keys = BackupSet(**{**vars(keys), "path": tmp_path / "work" / keys.path.name})
        damage()
        done = restored.run(tmp_path / "work", key)
        assert done.returncode == 1, damage.__name__
        assert message in done.stderr, damage.__name__
        assert "Traceback" not in done.stderr
    assert restored.is_empty()


def test_another_key_opens_nothing(cast: Cast, key: Path, tmp_path: Path, restored: Restored) -> None:
    _make(key, tmp_path / "b")
    offline.create_key_pair(tmp_path / "other")
    done = restored.run(tmp_path / "b", tmp_path / "other")
    assert done.returncode == 1
    assert "sealed to another key" in done.stderr
    assert restored.is_empty()


def test_whoever_has_only_the_public_key_cannot_forge_a_backup(
    cast: Cast, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spean.privacy.checkpoint import create_signing_key

    create_signing_key(tmp_path / "forged_log_key", "spean/log")
    records, _ = _make(key, tmp_path / "b")
    monkeypatch.setattr(settings, "SPEAN_LOG_KEY_FILE", tmp_path / "forged_log_key")
    with pytest.raises(backup.BadBackup, match="another installation signed it"):
        backup.load(records.path)


def test_without_the_old_keys_nothing_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPEAN_STATE", str(tmp_path / "new"))
    monkeypatch.delenv("SPEAN_KEK_FILE", raising=False)
    from spean import cli

    assert cli.main(["restore", str(tmp_path), "--identity", str(tmp_path / "key")]) == 1
    assert "Put the key file of the old installation in its place first" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


# --- what comes back --------------------------------------------------------------------------------------


def test_a_restored_installation_is_whole_narrow_and_not_overwritten(
    cast: Cast, key: Path, uploads: Path, tmp_path: Path, restored: Restored
) -> None:
    case = steps.registered(cast)
    sequencer.sequence_once(checkpoint=True)
    with connections["default"].cursor() as cursor:
        cursor.execute("INSERT INTO django_session VALUES ('stolen', 'x', now() + interval '1 day')")
    _make(key, tmp_path / "b")

    done = restored.run(tmp_path / "b", key)
    assert done.returncode == 0, done.stderr
    report = restored.report()
    assert report.faults == []
    assert report.tables["people_person"] == (1, 1)
    assert report.tables["keyvault_datakey"][0] >= 2
    assert (report.canary, report.without_key, report.files) == (True, 0, 1)
    assert report.log_rows > 10
    assert "people_person" in done.stdout

    # The same person, sealed as before; the application's rights as narrow as before.
    assert restored.ask("spean", "SELECT id FROM people_person") == [(case.person_id,)]
    for table, right, held in (
        ("privacy_event", "INSERT", True), ("privacy_event", "UPDATE", False), ("privacy_event", "DELETE", False),
        ("privacy_consent", "DELETE", False), ("people_person", "UPDATE", True),
    ):  # fmt: skip
        question = f"SELECT has_table_privilege('spean_app', '{table}', '{right}')"
        assert restored.ask("spean", question) == [(held,)], (table, right)
    assert restored.ask("spean", "SELECT tableowner FROM pg_tables WHERE tablename = 'people_person'") == [
        (embedded.OWNER,)
    ]
    # Nobody comes back signed in, and the log says that it was picked up again here.
    assert restored.ask("spean", "SELECT 1 FROM django_session") == []
    last = restored.ask("spean", "SELECT action FROM privacy_event ORDER BY id DESC LIMIT 1")
    assert last == [("installation.restored",)]
    assert (restored.state / "files" / "ab" / "letter").read_bytes() == (uploads / "ab" / "letter").read_bytes()
    assert [path.name for path in restored.state.glob("restore-*")] == []

    # A second time: it is not empty any more.
    again = restored.run(tmp_path / "b", key)
    assert again.returncode == 1
    assert "This installation is not empty" in again.stderr
    assert restored.ask("spean", "SELECT count(*) FROM people_person") == [(1,)]


def test_a_log_that_does_not_fit_its_checkpoint_is_not_kept(
    cast: Cast, key: Path, tmp_path: Path, restored: Restored
) -> None:
    steps.screened(cast)
    sequencer.sequence_once(checkpoint=True)
    with databases.as_owner(), connections["default"].cursor() as cursor:
        cursor.execute("ALTER TABLE privacy_event DISABLE TRIGGER USER")
        cursor.execute("UPDATE privacy_event SET purpose = 'service' WHERE id = (SELECT min(id) FROM privacy_event)")
        cursor.execute("ALTER TABLE privacy_event ENABLE TRIGGER USER")
    _make(key, tmp_path / "b")
    done = restored.run(tmp_path / "b", key)
    assert done.returncode == 1
    assert "Nothing was kept: the log: row 1" in done.stderr
    assert restored.is_empty()


def test_an_older_key_vault_brings_nobody_back(
    cast: Cast, key: Path, tmp_path: Path, restored: Restored, at: Callable[[timedelta], None]
) -> None:
    """She said no after the vault's copy was made. Her key is in the copy, and must not live again."""
    case = steps.screened(cast).case
    _make(key, tmp_path / "b")
    _said_no(cast, case)
    at(timedelta(seconds=2))
    _, new_keys = _make(key, tmp_path / "b")
    shutil.rmtree(new_keys.path)

    refused = restored.run(tmp_path / "b", key)
    assert refused.returncode == 1
    assert "The key vault's backup is older than the records'" in refused.stderr
    done = restored.run(tmp_path / "b", key, "--older-keys")
    assert done.returncode == 0, done.stderr
    assert restored.report().destroyed_again == 1
    destroyed = "SELECT subject FROM keyvault_datakey WHERE wrapped IS NULL AND destroyed_at IS NOT NULL"
    assert restored.ask("spean_keys", destroyed) == [(case.subject,)]


def test_erasures_are_learnt_from_newer_vaults_and_exported_logs(
    cast: Cast, key: Path, tmp_path: Path, at: Callable[[timedelta], None]
) -> None:
    """What the older records cannot know: a vault copied later tells it, or a log that an auditor took along."""
    case = steps.screened(cast).case
    kept = DataKey.objects.get(pk=case.subject).wrapped
    _, old = _make(key, tmp_path / "b")
    wanted = Wanted(tmp_path / "b", tmp_path / "b", key, key, old.stamp)
    _said_no(cast, case)
    assert erased_elsewhere(wanted, old) == set()
    sequencer.sequence_once(checkpoint=True)
    assert verify.export(["--file", str(tmp_path / "log")]) == 0
    assert erased_elsewhere(replace(wanted, erased_in=(tmp_path / "log",)), old) == {case.subject}
    at(timedelta(seconds=2))
    _, newer = _make(key, tmp_path / "b")
    assert erased_elsewhere(wanted, old) == {case.subject}
    assert erased_elsewhere(wanted, newer) == set()
    # As after a restore of the older copy: the key is back, and goes again.
    with databases.as_owner(), connections["keys"].cursor() as cursor:
        cursor.execute("ALTER TABLE keyvault_datakey DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE keyvault_datakey SET wrapped = %s, destroyed_at = NULL WHERE subject = %s", [kept, case.subject]
        )
        cursor.execute("ALTER TABLE keyvault_datakey ENABLE TRIGGER USER")
    assert not vault.is_destroyed(case.subject)
    assert erased.destroy_again({case.subject}) == 1
    assert vault.is_destroyed(case.subject)
    assert erased.destroy_again({case.subject}) == 0


def test_a_person_without_a_key_is_told(cast: Cast, key: Path, tmp_path: Path, restored: Restored) -> None:
    case = steps.screened(cast).case
    with databases.as_owner(), connections["keys"].cursor() as cursor:
        cursor.execute("ALTER TABLE keyvault_datakey DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM keyvault_datakey WHERE subject = %s", [case.subject])
        cursor.execute("ALTER TABLE keyvault_datakey ENABLE TRIGGER USER")
    _make(key, tmp_path / "b")
    done = restored.run(tmp_path / "b", key)
    assert done.returncode == 1
    assert "1 persons have no key in the vault" in done.stderr


# --- keeping ----------------------------------------------------------------------------------------------


def test_a_copy_of_the_vault_is_gone_after_thirty_days(
    cast: Cast, key: Path, tmp_path: Path, at: Callable[[timedelta], None]
) -> None:
    folder = tmp_path / "b"
    first = _make(key, folder)
    at(timedelta(days=29, hours=23))
    assert backup.prune(folder, None) == []
    second = _make(key, folder)
    at(timedelta(hours=2))
    assert [one.path for one in backup.prune(folder, None)] == [first[1].path]
    assert not first[1].path.exists()
    assert first[0].path.exists()
    assert [one.path for one in backup.prune(folder, 10)] == [first[0].path]
    at(timedelta(days=40))
    # Of the records the newest stays, however old; of the vault nothing does.
    assert [one.path for one in backup.prune(folder, 10)] == [second[1].path]
    assert second[0].path.exists()


def test_a_forged_age_prunes_nothing(cast: Cast, key: Path, tmp_path: Path) -> None:
    records, keys = _make(key, tmp_path / "b")
    said = (keys.path / "manifest").read_text()
    (keys.path / "manifest").write_text(said.replace('"made_at": "2', '"made_at": "1'))
    with pytest.raises(backup.BadBackup, match="the manifest was altered"):
        backup.prune(tmp_path / "b", 1)
    assert records.path.exists()
    assert keys.path.exists()


# --- the drill --------------------------------------------------------------------------------------------


def test_a_drill_restores_aside_and_is_noted(cast: Cast, key: Path, uploads: Path, tmp_path: Path) -> None:
    steps.screened(cast)
    sequencer.sequence_once(checkpoint=True)
    _make(key, tmp_path / "b")
    before = Case.objects.count()
    result = drill.in_scratch(Wanted(tmp_path / "b", tmp_path / "b", key, key))
    assert result.fault == ""
    assert result.report is not None
    assert result.report.tables["cases_case"] == (1, 1)
    kept = drill.note(result)
    assert kept is not None
    noted = Event.objects.get(action=kept_facts.PASSED)
    assert noted.facts["set"] == result.report.records
    assert noted.facts["rows"] > 50
    assert Case.objects.count() == before
    assert list(state.directory().glob("drill-*")) == []
    said = drill.table(result.report)
    for line in ("cases_case", "sealed value opened  yes", "persons without key  0", "all"):
        assert line in said
    kept.unlink()


def test_a_drill_that_fails_is_noted_as_such(cast: Cast, key: Path, tmp_path: Path) -> None:
    records, _ = _make(key, tmp_path / "b")
    (records.path / "database.age").write_bytes(b"age-encryption.org/v1\n")
    result = drill.in_scratch(Wanted(tmp_path / "b", tmp_path / "b", key, key))
    assert result.report is None
    assert "was altered or cut off" in result.fault
    assert drill.note(result) is None
    assert Event.objects.filter(action=kept_facts.FAILED).count() == 1
