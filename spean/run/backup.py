"""Making a backup: two sets of files, sealed to keys that are not here, and signed.

`records-…` holds the records database and the uploads, `keys-…` the key vault; they are kept apart and for
different times. Outside, a signed manifest says only when it was made and what the files' digests are; how many
rows there are stands inside, sealed. Bringing one back is restore.py's business.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, Literal, cast
from uuid import UUID

import spean
from spean.run import dump
from spean.run.state import SetupFault

Kind = Literal["records", "keys"]
KINDS: tuple[Kind, ...] = ("records", "keys")
ALIAS = {"records": "default", "keys": "keys"}
MANIFEST = "manifest"
HEADING = "spean backup"
FORMAT = 1
# A destroyed key lives on in every copy of the vault: after these days it is really gone.
KEYS_KEPT = timedelta(days=30)
CHUNK = 1024 * 1024
# The subject of the one value that a drill opens. It is nobody.
CANARY = UUID("5bea0000-0000-4000-8000-00000000ca9a")
CANARY_LABEL = "run.Backup.canary"


class BadBackup(SetupFault):
    """A backup is damaged, forged, or not what it is said to be; nothing of it is used."""


@dataclass(frozen=True)
class Part:
    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class BackupSet:
    """One directory with a manifest that the log key signed."""

    path: Path
    kind: Kind
    stamp: str
    made_at: datetime
    version: str
    recipient: str
    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        return sum(part.bytes for part in self.parts)

    def has(self, name: str) -> bool:
        return any(part.name == name for part in self.parts)


# --- making -----------------------------------------------------------------------------------------------


def make(records_in: Path, keys_in: Path, records_to: str, keys_to: str) -> tuple[BackupSet, BackupSet]:
    """Copy everything while others work. The key vault comes last: a key too many does no harm, one too few does."""
    from spean.lib import clock
    from spean.privacy import events
    from spean.run import databases

    stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
    canary = _canary(stamp)
    with databases.as_owner():
        records = _make(records_in, "records", stamp, records_to, lambda connection: _records_facts(connection))
        try:
            keys = _make(keys_in, "keys", stamp, keys_to, lambda connection: _keys_facts(connection) | canary)
        except BaseException:
            shutil.rmtree(records.path, ignore_errors=True)  # half a backup looks like one
            raise
    events.record("backup.made", actor=None, facts={"set": stamp, "bytes": records.size + keys.size})
    return records, keys


def _make(directory: Path, kind: Kind, stamp: str, public: str, facts: Callable[[Any], dict[str, Any]]) -> BackupSet:
    from django.conf import settings as django_settings
    from django.db import connections

    from spean.lib import clock
    from spean.privacy.sequencer import signer

    settings = connections[ALIAS[kind]].settings_dict
    final = directory / f"{kind}-{stamp}"
    draft = directory / f".{kind}-{stamp}.draft"
    if final.exists():
        raise SetupFault(f"{final} is there already.")
    made_at = clock.now()
    try:
        draft.mkdir(mode=0o700, parents=True)
        with dump.snapshot(settings) as (connection, snapshot):
            contents = {"set": stamp, "kind": kind, "counts": dump.counts(connection), **facts(connection)}
            parts = []
            with dump.dumping(settings, snapshot) as stream:
                parts.append(_seal(draft / "database.age", stream, public))
        if kind == "records":
            # After the rows: a file too many is harmless.
            with _packed(Path(django_settings.MEDIA_ROOT)) as stream:
                parts.append(_seal(draft / "files.age", stream, public))
        with _bytes(json.dumps(contents).encode()) as stream:
            parts.append(_seal(draft / "contents.age", stream, public))
        said = {
            "format": FORMAT,
            "kind": kind,
            "set": stamp,
            "made_at": made_at.isoformat(),
            "version": spean.__version__,
            "recipient": public,
            "parts": {part.name: {"bytes": part.bytes, "sha256": part.sha256} for part in parts},
        }
        (draft / MANIFEST).write_text(signer().sign(f"{HEADING}\n{json.dumps(said)}\n"))
        for path in (draft / MANIFEST, draft):
            _to_disk(path)
        draft.rename(final)
        _to_disk(directory)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return BackupSet(
        final, kind, stamp, made_at, spean.__version__, public, tuple(sorted(parts, key=lambda part: part.name))
    )


class _Digesting:
    """Writes to a file and says afterwards what was written."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.digest, self.size = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self.file.write(data)
        self.digest.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        self.file.flush()


def _seal(path: Path, stream: IO[bytes], public: str) -> Part:
    from spean.privacy import offline

    with path.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        writer = _Digesting(file)
        offline.encrypt(stream, writer, public)
        file.flush()
        os.fsync(file.fileno())
    return Part(path.name, writer.size, writer.digest.hexdigest())


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _fed(write: Callable[[IO[bytes]], None]) -> Iterator[IO[bytes]]:
    """A stream to read what a function writes, at the same time."""
    read_end, write_end = os.pipe()
    faults: list[BaseException] = []

    def run() -> None:
        with os.fdopen(write_end, "wb") as out:
            try:
                write(out)
            except BrokenPipeError:
                pass  # the reader gave up and says why
            except BaseException as fault:
                faults.append(fault)

    writer = threading.Thread(target=run, name="backup-files")
    writer.start()
    try:
        with os.fdopen(read_end, "rb") as stream:
            yield stream
    finally:
        writer.join()
    if faults:
        raise faults[0]


@contextmanager
def _bytes(data: bytes) -> Iterator[IO[bytes]]:
    with _fed(lambda out: cast(None, out.write(data))) as stream:
        yield stream


@contextmanager
def _packed(directory: Path) -> Iterator[IO[bytes]]:
    """The uploads, sealed as they lie there, as one stream."""

    def write(out: IO[bytes]) -> None:
        with tarfile.open(fileobj=out, mode="w|") as archive:
            for path in sorted(directory.rglob("*")) if directory.is_dir() else ():
                # Erased between listing and reading: then it is meant to be gone.
                with suppress(FileNotFoundError):
                    if path.is_file() and not path.is_symlink():
                        archive.add(path, arcname=path.relative_to(directory).as_posix(), recursive=False)

    with _fed(write) as stream:
        yield stream


def _records_facts(connection: Any) -> dict[str, Any]:
    row = connection.execute("SELECT note FROM privacy_checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    return {"migrations": _migrations(connection), "checkpoint": row[0] if row else None}


def _keys_facts(connection: Any) -> dict[str, Any]:
    destroyed = connection.execute("SELECT subject FROM keyvault_datakey WHERE wrapped IS NULL ORDER BY 1")
    names = connection.execute("SELECT DISTINCT kek_id FROM keyvault_datakey WHERE wrapped IS NOT NULL ORDER BY 1")
    return {
        "migrations": _migrations(connection),
        "destroyed": [str(subject) for (subject,) in destroyed.fetchall()],
        "kek_ids": [name for (name,) in names.fetchall()],
    }


def _migrations(connection: Any) -> list[str]:
    rows = connection.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
    return [name for (name,) in rows.fetchall()]


def _canary(stamp: str) -> dict[str, Any]:
    """A value sealed as a person's would be, for which a drill needs the vault and the key-encryption key."""
    from spean.privacy import vault

    with suppress(vault.KeyExists):
        vault.create_key(CANARY)
    return {"canary": vault.seal(CANARY, CANARY_LABEL, CANARY, f"canary of {stamp}").hex()}


# --- finding ----------------------------------------------------------------------------------------------


def load(path: Path) -> BackupSet:
    """What a manifest says, if this installation's log key signed it."""
    from spean.privacy.checkpoint import BadCheckpoint, signed_text
    from spean.privacy.sequencer import signer

    try:
        heading, _, text = signed_text((path / MANIFEST).read_text(), signer().verifier).partition("\n")
        said = json.loads(text)
        if heading != HEADING or said["format"] != FORMAT or said["kind"] not in KINDS:
            raise BadBackup(f"{path} is a backup in a format that is not known here.")
        found = BackupSet(
            path,
            said["kind"],
            str(said["set"]),
            datetime.fromisoformat(said["made_at"]),
            str(said["version"]),
            str(said["recipient"]),
            tuple(Part(name, int(one["bytes"]), str(one["sha256"])) for name, one in sorted(said["parts"].items())),
        )
    except (OSError, UnicodeDecodeError):
        raise BadBackup(f"{path} has no readable manifest.") from None
    except BadCheckpoint:
        raise BadBackup(
            f"{path}: the manifest was altered, or another installation signed it (is the log key in place?)."
        ) from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadBackup(f"{path}: the manifest is damaged.") from None
    if path.name != f"{found.kind}-{found.stamp}":
        raise BadBackup(f"{path} holds {found.kind} of {found.stamp}: the directory was renamed or mixed up.")
    return found


def sets(directory: Path, kind: Kind) -> list[BackupSet]:
    """The backups of one kind in a directory, oldest first."""
    if not directory.is_dir():
        raise SetupFault(f"There is no directory {directory}.")
    found = [load(path) for path in sorted(directory.glob(f"{kind}-*")) if path.is_dir()]
    return sorted(found, key=lambda one: one.made_at)


def check(found: BackupSet) -> None:
    """Every file as it was signed: nothing flipped, cut off, exchanged or added."""
    there = {path.name for path in found.path.iterdir()}
    if there != {MANIFEST, *(part.name for part in found.parts)}:
        raise BadBackup(f"{found.path}: files are missing or do not belong here.")
    for part in found.parts:
        digest = hashlib.sha256()
        with (found.path / part.name).open("rb") as file:
            while data := file.read(CHUNK):
                digest.update(data)
        if digest.hexdigest() != part.sha256:
            raise BadBackup(f"{found.path / part.name} was altered or cut off.")


def prune(directory: Path, records_days: int | None) -> list[BackupSet]:
    """Remove copies of the key vault after 30 days and, if asked, old records; the newest records stay."""
    from spean.lib import clock

    now = clock.now()
    gone = [one for one in sets(directory, "keys") if now - one.made_at > KEYS_KEPT]
    if records_days is not None:
        kept = timedelta(days=records_days)
        gone += [one for one in sets(directory, "records")[:-1] if now - one.made_at > kept]
    for one in gone:
        # Under another name first: what is half removed must not look like a backup.
        dying = one.path.with_name(f".{one.path.name}.gone")
        one.path.rename(dying)
        shutil.rmtree(dying)
    for left in (*directory.glob(".*.draft"), *directory.glob(".*.gone")):
        if left.name.startswith((".records-", ".keys-")) and now.timestamp() - left.stat().st_mtime > 24 * 3600:
            shutil.rmtree(left)  # of a backup that was killed
    return gone
