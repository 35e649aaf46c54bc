"""PostgreSQL's own programs, for a copy of a database and back: consistent while others write.

Spean's wheel carries them; otherwise those of the system are used. What is copied, sealed and proved is the
business of backup.py and restore.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg import sql

from spean.run import embedded
from spean.run.state import SetupFault

# Rows that would be wrong in a copy: sessions come back signed in, and counters of refused attempts as they were.
LEFT_OUT = ("django_session", "usersessions_usersession", "cache")


def program(name: str) -> str:
    try:
        return str(embedded.binaries() / name)
    except SetupFault:
        found = shutil.which(name)
        if found is None:
            raise SetupFault(f"{name} of PostgreSQL is not installed here.") from None
        return found


def parameters(settings: dict[str, Any]) -> dict[str, str]:
    """What libpq needs to know, from Django's settings of a connection."""
    given = {
        "dbname": settings["NAME"],
        "host": settings["HOST"],
        "port": settings.get("PORT"),
        "user": settings["USER"],
        "password": settings["PASSWORD"],
    }
    options = {key: value for key, value in settings.get("OPTIONS", {}).items() if isinstance(value, str | int)}
    return {key: str(value) for key, value in {**options, **given}.items() if value not in (None, "")}


def _connect(settings: dict[str, Any]) -> psycopg.Connection[Any]:
    given: dict[str, Any] = parameters(settings)
    return psycopg.connect(autocommit=True, **given)


@contextmanager
def _environment(settings: dict[str, Any]) -> Iterator[dict[str, str]]:
    # A file of this user alone: what stands in arguments or in the environment is read by others.
    with tempfile.TemporaryDirectory(prefix="spean-") as folder:
        service = Path(folder) / "service"
        lines = [f"{key}={value}" for key, value in parameters(settings).items()]
        service.write_text("\n".join(["[spean]", *lines, ""]))
        service.chmod(0o600)
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        yield clean | {"PGSERVICEFILE": str(service), "PGSERVICE": "spean", "LC_ALL": "C", "TZ": "UTC"}


@contextmanager
def snapshot(settings: dict[str, Any]) -> Iterator[tuple[psycopg.Connection[Any], str]]:
    """A view of the database that does not move, and the name under which pg_dump shares it."""
    with _connect(settings) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        yield connection, row[0]
        connection.execute("COMMIT")


def counts(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """How many rows each table has."""
    names = connection.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"
    ).fetchall()
    counted = {}
    for (name,) in names:
        if name not in LEFT_OUT:
            row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
            assert row is not None
            counted[name] = row[0]
    return counted


@contextmanager
def dumping(settings: dict[str, Any], name: str) -> Iterator[IO[bytes]]:
    """The database as a stream, as seen in the snapshot of this name. A dump that broke off raises at the end."""
    command = [
        program("pg_dump"), "--format=custom", "--compress=gzip:1", f"--snapshot={name}", "--no-password",
        "--no-owner", "--no-privileges", "--enable-row-security",
        *(f"--exclude-table-data={table}" for table in LEFT_OUT),
    ]  # fmt: skip
    with _environment(settings) as environment, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, env=environment)
        assert process.stdout is not None
        try:
            yield process.stdout
        except BaseException:
            process.kill()
            raise
        finally:
            process.stdout.close()
            process.wait()
        if process.returncode:
            raise SetupFault(f"The database could not be copied: {_last(said)}")


def restore(settings: dict[str, Any], file: Path, jobs: int) -> None:
    """Into an empty database, as the owner of its tables."""
    parallel = [f"--jobs={jobs}"] if jobs > 1 else []
    command = [
        program("pg_restore"), "--exit-on-error", "--no-owner", "--no-privileges", "--no-password",
        f"--dbname={settings['NAME']}", *parallel, str(file),
    ]  # fmt: skip
    with _environment(settings) as environment, tempfile.TemporaryFile() as said:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=said, env=environment)
        if done.returncode:
            raise SetupFault(f"The database could not be restored: {_last(said)}")


def _last(said: IO[bytes]) -> str:
    # The first line names the fault. The lines after it may quote a row.
    said.seek(0)
    lines = said.read(2000).decode(errors="replace").splitlines()
    return next((line for line in lines if "error:" in line), "no message")


def is_archive(file: Path) -> bool:
    """Whether PostgreSQL can read the file's list of contents."""
    done = subprocess.run([program("pg_restore"), "--list", str(file)], capture_output=True)
    return done.returncode == 0


def empty(settings: dict[str, Any], app: str) -> None:
    """Throw away every table, and give the application its rights on those to come. The caller made sure it may."""
    with _connect(settings) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        if app != settings["USER"]:
            for grant in embedded.default_privileges(app):
                connection.execute(grant)


def analyze(settings: dict[str, Any]) -> None:
    """Without its figures about the tables the planner is slow on the first day."""
    with _connect(settings) as connection:
        connection.execute("ANALYZE")
