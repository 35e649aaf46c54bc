"""A whole installation beside the tests: its own database, its own processes, started as an operator starts them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg
import pytest

from spean.run import embedded

ROOT = Path(__file__).parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """The processes of one installation and its files."""

    def __init__(self, state: Path) -> None:
        self.state, self.port = state, free_port()
        self.logs = state / "logs"
        (state / "tmp").mkdir(parents=True)
        self.logs.mkdir()
        kept = {
            k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "SPEAN_HOSTS", "DJANGO_SETTINGS_MODULE")
        }
        self.environment = {**kept, "SPEAN_STATE": str(state), "SPEAN_PROXIES": "1", "TMPDIR": str(state / "tmp")}
        self.running: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def said_by(self, *words: str) -> tuple[int, str]:
        """The exit status of a command, and all that it said."""
        done = subprocess.run(
            [sys.executable, "-m", "spean", *words], cwd=ROOT, env=self.environment, capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr

    def run(self, *words: str) -> str:
        status, said = self.said_by(*words)
        assert status == 0, said
        return said

    def start(self, *names: str) -> None:
        """Start the processes; all of them, or those named."""
        every = {"search": ["search"], "worker": ["worker"], "serve": ["serve", "--port", str(self.port)]}
        for words in (every[name] for name in names or every):
            with (self.logs / words[0]).open("ab") as log:
                self.running.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "spean", *words],
                        cwd=ROOT,
                        env=self.environment,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )
        while True:
            assert all(one.poll() is None for one in self.running), self.said()
            with suppress(OSError), urlopen(f"{self.url}/robots.txt", timeout=60):  # noqa: S310
                return
            time.sleep(0.2)

    def stop(self) -> None:
        for one in self.running:
            with suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGTERM)
        for one in self.running:
            try:
                one.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(one.pid, signal.SIGKILL)
                one.wait()
        self.running.clear()

    def said(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in self.logs.iterdir())

    def database(self, name: str = "spean") -> psycopg.Connection[Any]:
        """As the owner of the tables: what no process of the application may do."""
        password = (self.state / "secrets" / "owner_password").read_text()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SPEAN_STATE", str(self.state))
            host = embedded.socket_host()
        return psycopg.connect(
            host=str(host), user=embedded.OWNER, password=password, dbname=name, autocommit=True, connect_timeout=10
        )

    def rows(self) -> str:
        """Every row of every table as text: what the database keeps compressed is not seen in its files."""
        found = []
        for name in ("spean", "spean_keys"):
            with self.database(name) as connection:
                tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
                for (table,) in tables:
                    found += [str(row[0]) for row in connection.execute(f'SELECT t::text FROM "{table}" t').fetchall()]  # noqa: S608
        return "\n".join(found)


def copy(source: Path, target: Path) -> None:
    """A directory with the owners of its files: as root the database belongs to another user."""
    subprocess.run(["cp", "-a", f"{source}/.", target], check=True)


@contextmanager
def installed(*, like: Installation | None = None) -> Iterator[Installation]:
    """One with tables and nobody in it, gone afterwards. `like` another, it gets that one's files and a log key anew."""
    # A short path: its own temporary directory lies in it too, and sockets take no long ones.
    with tempfile.TemporaryDirectory(prefix="s-") as folder:
        Path(folder).chmod(0o711)
        made = Installation(Path(folder) / "state")
        if like is None:
            made.run("migrate")
        else:
            copy(like.state, made.state)
            for name in ("log_key", "complete"):
                (made.state / "secrets" / name).unlink()
        try:
            yield made
        finally:
            made.stop()
