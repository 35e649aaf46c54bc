"""Bringing a backup back: everything is opened and proved first, and only an empty installation is written to.

Afterwards the application's rights are narrowed, keys that were destroyed since are destroyed again, the log is
proved against the checkpoint in the backup, and the rows are counted.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from spean.run import backup, databases, dump, install, state
from spean.run.backup import ALIAS, KINDS, BackupSet, BadBackup
from spean.run.state import SetupFault

# Rows that every migrated database has; they are nobody's.
NOT_CONTENT = frozenset({"django_migrations", "django_content_type", "auth_permission", *dump.LEFT_OUT})
# After these a row count may differ from the backup's: bringing tables to this version, and what restoring logs.
NOT_COUNTED = frozenset({"django_migrations", "django_content_type", "auth_permission"})


@dataclass
class Report:
    """What was restored, and what it turned out to be."""

    records: str
    keys: str
    seconds: dict[str, float] = field(default_factory=dict)
    tables: dict[str, tuple[int, int]] = field(default_factory=dict)
    log_faults: list[str] = field(default_factory=list)
    log_rows: int = 0
    unwitnessed: int = 0
    canary: bool = False
    without_key: int = 0
    destroyed_again: int = 0
    files: int = 0
    bytes: int = 0

    @property
    def faults(self) -> list[str]:
        found = [f"the log: {fault}" for fault in self.log_faults]
        found += [f"{name}: {there} rows of {due}" for name, (due, there) in self.tables.items() if due != there]
        if not self.canary:
            found.append("the key vault and the key-encryption key do not open what was sealed for the drill")
        if self.without_key:
            found.append(f"{self.without_key} persons have no key in the vault")
        return found

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Report:
        said = json.loads(text)
        said["tables"] = {name: tuple(pair) for name, pair in said["tables"].items()}
        return cls(**said)


@dataclass(frozen=True)
class Wanted:
    """Which backup, with which keys. `erased_in` are exported logs that know of later erasures."""

    records_in: Path
    keys_in: Path
    identity: Path
    keys_identity: Path
    stamp: str | None = None
    older_keys: bool = False
    erased_in: tuple[Path, ...] = ()


def require_keys() -> None:
    """Before anything is made: without the old keys a restored copy would stay closed for good."""
    for variable, name in (("SPEAN_KEK_FILE", "kek"), ("SPEAN_LOG_KEY_FILE", "log_key")):
        path = Path(os.environ.get(variable) or state.secret_file(name))
        if not path.exists():
            raise SetupFault(f"Put the key file of the old installation in its place first: {path} is missing.")


def choose(wanted: Wanted) -> tuple[BackupSet, BackupSet]:
    """The newest records, or those of a stamp, with a key vault that is not older."""
    records = backup.sets(wanted.records_in, "records")
    if wanted.stamp is not None:
        records = [one for one in records if one.stamp == wanted.stamp]
    if not records:
        raise SetupFault(f"There is no such backup of the records in {wanted.records_in}.")
    chosen = records[-1]
    keys = backup.sets(wanted.keys_in, "keys")
    if not keys:
        raise SetupFault(f"There is no backup of the key vault in {wanted.keys_in}.")
    same = [one for one in keys if one.stamp == chosen.stamp]
    vault = same[0] if same else keys[-1]
    if vault.stamp < chosen.stamp and not wanted.older_keys:
        raise SetupFault(
            "The key vault's backup is older than the records': persons registered in between could not be opened. "
            "Choose older records with --set, or add --older-keys."
        )
    return chosen, vault


def restore(wanted: Wanted) -> Report:
    """Into this installation, whose database runs and is empty."""
    records, keys = choose(wanted)
    report = Report(records.stamp, keys.stamp, bytes=records.size + keys.size)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="restore-", dir=state.directory()) as folder:
        opened: dict[str, _Opened] = {}
        for found, identity in ((records, wanted.identity), (keys, wanted.keys_identity)):
            opened[found.kind] = _open(found, identity, Path(folder))
        erased = erased_elsewhere(wanted, keys)
        _require_fitting(opened)
        _require_empty()
        report.seconds["opened and proved"] = time.monotonic() - began
        try:
            _write(opened, report)
            _prove(opened, erased, report)
        except BaseException:
            _clear()
            raise
    if report.faults:
        _clear()
        raise SetupFault(f"Nothing was kept: {'; '.join(report.faults)}.")
    report.seconds["all"] = time.monotonic() - began
    _tell(report)
    return report


# --- before -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Opened:
    found: BackupSet
    contents: dict[str, Any]
    database: Path
    files: Path | None


def _open(found: BackupSet, identity: Path, folder: Path) -> _Opened:
    """Decrypt a whole set aside. Whatever is wrong with it shows here, before anything is touched."""
    from spean.privacy import offline
    from spean.privacy.crypto import KeyFileError

    backup.check(found)
    try:
        private = offline.private_key(identity)
        for part in found.parts:
            target = folder / f"{found.kind}-{part.name.removesuffix('.age')}"
            with (found.path / part.name).open("rb") as source, target.open("xb") as out:
                os.fchmod(out.fileno(), 0o600)
                offline.decrypt(source, out, private)
    except offline.NotSealedForThisKey:
        raise BadBackup(f"{found.path} was altered, or sealed to another key than the one in {identity}.") from None
    except (offline.OfflineKeyError, KeyFileError) as fault:
        raise SetupFault(str(fault)) from None
    try:
        contents = json.loads((folder / f"{found.kind}-contents").read_text())
    except (OSError, ValueError):
        raise BadBackup(f"{found.path} does not say what it contains.") from None
    if (contents.get("set"), contents.get("kind")) != (found.stamp, found.kind):
        raise BadBackup(f"{found.path}: its parts are of different backups.")
    database = folder / f"{found.kind}-database"
    if not dump.is_archive(database):
        raise BadBackup(f"{found.path}: PostgreSQL cannot read the copy of the database.")
    files = folder / "records-files" if found.has("files.age") else None
    return _Opened(found, contents, database, files)


def erased_elsewhere(wanted: Wanted, chosen: BackupSet) -> set[Any]:
    """Keys that newer copies of the vault, or exported logs, know to be destroyed."""
    from uuid import UUID

    from spean.privacy import erased, logfile

    known: set[UUID] = set()
    for later in backup.sets(wanted.keys_in, "keys"):
        if later.stamp > chosen.stamp:
            with tempfile.TemporaryDirectory(prefix="restore-", dir=state.directory()) as folder:
                contents = _open(later, wanted.keys_identity, Path(folder)).contents
            known |= {UUID(subject) for subject in contents["destroyed"]}
    for path in wanted.erased_in:
        try:
            with path.open() as lines:
                known |= erased.in_entries(logfile.exported(lines).entries())
        except (OSError, logfile.BadFile) as fault:
            raise SetupFault(f"{path}: {fault}") from None
    return known


def _require_fitting(opened: dict[str, _Opened]) -> None:
    """The program knows every table of the copy, and the key-encryption keys of the vault are here."""
    from django.conf import settings
    from django.db.migrations.loader import MigrationLoader

    from spean.privacy.crypto import KeyFileError, key_id, load_key_file

    loader = MigrationLoader(None)
    known = {f"{app}.{name}" for app, name in loader.disk_migrations or ()}
    known |= {f"{app}.{name}" for migration in loader.disk_migrations.values() for app, name in migration.replaces}
    here = {app for app, _ in loader.disk_migrations or ()}
    for one in opened.values():
        unknown = {name for name in one.contents["migrations"] if name.split(".")[0] in here} - known
        if unknown:
            raise SetupFault(f"This backup was made by a newer version ({one.found.version}); install that one.")
    try:
        paths = [settings.SPEAN_KEK_FILE, *settings.SPEAN_EARLIER_KEK_FILES]
        at_hand = {key_id(load_key_file(Path(path))) for path in paths}
    except KeyFileError as fault:
        raise SetupFault(str(fault)) from None
    missing = set(opened["keys"].contents["kek_ids"]) - at_hand
    if missing:
        raise SetupFault(f"The key vault was wrapped by key-encryption key {min(missing)}, which is not here.")


def _require_empty() -> None:
    from django.conf import settings
    from django.db import connections

    full = install.kind() != "empty"
    with databases.as_owner():
        for alias in databases.ALIASES:
            with connections[alias].cursor() as cursor:
                for table in connections[alias].introspection.table_names(cursor):
                    if table not in NOT_CONTENT and not full:
                        name = connections[alias].ops.quote_name(table)
                        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {name})")  # noqa: S608
                        full = cursor.fetchone() == (True,)
    files = Path(settings.MEDIA_ROOT)
    if full or (files.is_dir() and any(files.iterdir())):
        raise SetupFault(
            "This installation is not empty, and a restore never writes over one; "
            "set SPEAN_STATE to another directory, or DATABASE_URL to empty databases."
        )


# --- writing ----------------------------------------------------------------------------------------------


@contextmanager
def _timed(report: Report, name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    report.seconds[name] = time.monotonic() - began


def _write(opened: dict[str, _Opened], report: Report) -> None:
    from django.conf import settings
    from django.db import connections

    jobs = max(1, min(4, os.cpu_count() or 1))
    for kind in KINDS:
        alias = ALIAS[kind]
        app = databases.for_role("app")[alias]["USER"]
        with _timed(report, kind), databases.as_owner():
            place = dict(connections[alias].settings_dict)
            connections[alias].close()
            dump.empty(place, app)
            dump.restore(place, opened[kind].database, jobs)
            dump.analyze(place)
    with _timed(report, "uploads"):
        report.files = _unpack(opened["records"].files, Path(settings.MEDIA_ROOT))


def _unpack(archive: Path | None, directory: Path) -> int:
    if archive is None:
        return 0
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = 0
    with tarfile.open(archive, mode="r:") as packed:
        for member in packed:
            # The filter refuses links out, absolute paths and devices; only files are ever packed.
            if not member.isfile():
                raise BadBackup("The packed uploads hold something that is no file.")
            packed.extract(member, directory, filter="data")
            (directory / member.name).chmod(0o600)
            number += 1
    return number


def _clear() -> None:
    """Back to empty, so that it can be tried again."""
    from django.conf import settings
    from django.db import connections

    with databases.as_owner():
        for alias in databases.ALIASES:
            place = dict(connections[alias].settings_dict)
            connections[alias].close()
            dump.empty(place, databases.for_role("app")[alias]["USER"])
    files = Path(settings.MEDIA_ROOT)
    for path in files.iterdir() if files.is_dir() else ():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


# --- proving ----------------------------------------------------------------------------------------------


def _prove(opened: dict[str, _Opened], erased_elsewhere: Iterable[Any], report: Report) -> None:
    from django.apps import apps
    from django.db import connections

    from spean.privacy import erased, logfile, vault
    from spean.privacy.sequencer import signer
    from spean.privacy.verify import examine

    with _timed(report, "rows counted"):
        for kind in KINDS:
            with databases.as_owner():
                place = dict(connections[ALIAS[kind]].settings_dict)
                with dump.snapshot(place) as (connection, _):
                    found = dump.counts(connection)
            due = opened[kind].contents["counts"]
            for name in sorted(due.keys() | found.keys()):
                report.tables[name] = (due.get(name, 0), found.get(name, 0))
    with _timed(report, "log proved"):
        note = opened["records"].contents["checkpoint"]
        finding = examine(logfile.database(), signer().verifier, [note] if note else [])
        report.log_faults, report.unwitnessed, report.log_rows = finding.faults, finding.unwitnessed, finding.leaves
    with _timed(report, "brought to this version"):
        install.migrate()
    with _timed(report, "keys proved"):
        blob = bytes.fromhex(opened["keys"].contents["canary"])
        sealed = vault.Sealed(backup.CANARY, backup.CANARY_LABEL, backup.CANARY, blob)
        report.canary = vault.holds(sealed, f"canary of {report.keys}")
        subjects = {
            subject
            for model in apps.get_models()
            if model._meta.label != "privacy.Event" and any(f.attname == "subject" for f in model._meta.concrete_fields)
            if model._meta.app_label != "keyvault"
            for subject in model._default_manager.order_by().values_list("subject", flat=True)
            if subject is not None
        }
        report.without_key = len(erased.without_key(subjects))
        report.destroyed_again = erased.destroy_again({*erased.in_log(), *erased_elsewhere})


def _tell(report: Report) -> None:
    """The log says where it was picked up again: what was logged after the backup is not in it."""
    from spean.privacy import events

    facts = {
        "records": report.records,
        "keys": report.keys,
        "log_rows": report.log_rows,
        "keys_destroyed_again": report.destroyed_again,
        "seconds": round(report.seconds["all"]),
    }
    events.record("installation.restored", actor=None, facts=facts)
