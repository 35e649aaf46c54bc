"""The embedded cluster under the accidents it will meet: kill -9, a move, a long path, two at once."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from spean.run import embedded, state
from spean.run.state import SetupFault

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SPEAN_STATE", str(tmp_path / "state"))
    yield tmp_path / "state"
    for process in psutil.process_iter(["cmdline"]):
        if str(tmp_path) in " ".join(process.info["cmdline"] or []):
            process.kill()


def _postmaster(cluster: embedded.Cluster) -> psutil.Process:
    return psutil.Process(int((cluster.data / "postmaster.pid").read_text().split()[0]))


def _rows(cluster: embedded.Cluster) -> list[tuple[int]]:
    password = (cluster.directory / "secrets" / "owner_password").read_text()
    with psycopg.connect(
        host=str(cluster.sockets), user=embedded.OWNER, password=password, dbname="spean", autocommit=True
    ) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
        connection.execute("INSERT INTO kept VALUES (1)")
        return connection.execute("SELECT id FROM kept").fetchall()


def test_last_to_leave_stops_it_and_nothing_is_lost(home: Path) -> None:
    first, second = embedded.cluster(), embedded.cluster()
    first.start()
    second.start()
    assert len(_rows(first)) == 1
    server = _postmaster(first)
    first.release()
    assert server.is_running()
    second.release()
    assert not (home / "postgres" / "postmaster.pid").exists()
    with embedded.cluster().running() as again:
        assert len(_rows(again)) == 2


def test_starts_after_everything_was_killed(home: Path) -> None:
    cluster = embedded.cluster()
    cluster.start()
    _rows(cluster)
    server = _postmaster(cluster)
    server.kill()
    server.wait()
    assert (home / "postgres" / "postmaster.pid").exists()
    with embedded.cluster().running() as again:
        assert len(_rows(again)) == 2
    cluster.release()


def test_a_number_taken_by_another_program_is_not_believed(home: Path) -> None:
    with embedded.cluster().running() as cluster:
        _rows(cluster)
    lines = [str(os.getpid()), str(cluster.data), "1", "5432", str(cluster.sockets), "", "1 1", "ready"]
    (cluster.data / "postmaster.pid").write_text("\n".join(lines))
    with embedded.cluster().running() as again:
        assert len(_rows(again)) == 2


def test_a_socket_locked_by_a_number_that_lives_again(home: Path) -> None:
    """After a power cut the number in the lock may be that of any process of the same user."""
    with embedded.cluster().running() as cluster:
        owner = cluster.data.stat()
    as_owner: dict[str, Any] = (
        {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": ()} if os.geteuid() == 0 else {}
    )
    with subprocess.Popen(["sleep", "600"], **as_owner) as other:
        try:
            lock = cluster.sockets / ".s.PGSQL.5432.lock"
            lock.write_text(f"{other.pid}\n{cluster.data}\n0\n5432\n{cluster.sockets}\n")
            os.chown(lock, owner.st_uid, owner.st_gid)
            with embedded.cluster().running() as again:
                assert len(_rows(again)) == 1
        finally:
            other.kill()


def test_follows_a_moved_directory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with embedded.cluster().running() as cluster:
        _rows(cluster)
    there = home.with_name("a name with spaces, and a comma")
    home.rename(there)
    monkeypatch.setenv("SPEAN_STATE", str(there))
    with embedded.cluster().running() as again:
        assert len(_rows(again)) == 2


def test_moved_while_it_runs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = embedded.cluster()
    left.start()
    _rows(left)
    there = home.with_name("there")
    home.rename(there)
    monkeypatch.setenv("SPEAN_STATE", str(there))
    with embedded.cluster().running() as again:
        assert len(_rows(again)) == 2


def test_a_path_too_long_for_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEAN_STATE", str(tmp_path / ("long" * 30)))
    with embedded.cluster().running() as cluster:
        assert cluster.sockets != cluster.data
        assert cluster.sockets.stat().st_mode & 0o077 == 0
        assert len(_rows(cluster)) == 1
    shutil.rmtree(cluster.sockets)


def test_first_start_interrupted(home: Path) -> None:
    state.prepare()
    half = home / "postgres.draft"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    with embedded.cluster().running() as cluster:
        assert len(_rows(cluster)) == 1
    assert not half.exists()


def test_two_first_starts_at_once(home: Path) -> None:
    program = (
        "from spean.run import embedded\n"
        "with embedded.cluster().running() as running: print(running.connect_as_superuser().info.dbname)"
    )
    starts = [
        subprocess.Popen([sys.executable, "-W", "ignore", "-c", program], stdout=subprocess.PIPE, cwd=state.CHECKOUT)
        for _ in range(3)
    ]
    assert [start.communicate()[0] for start in starts] == [b"postgres\n"] * 3


def test_killed_holder_does_not_keep_it_alive(home: Path) -> None:
    program = (
        "from spean.run import embedded\nimport time\n"
        "embedded.cluster().start()\nprint('up', flush=True)\ntime.sleep(999)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=state.CHECKOUT, start_new_session=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"up\n"
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    with embedded.cluster().running() as cluster:
        server = _postmaster(cluster)
        assert server.is_running()
    for _ in range(100):
        if not server.is_running() or server.status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.1)
    assert not (home / "postgres" / "postmaster.pid").exists()


def test_a_full_disk_is_one_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "FIRST_NEEDS", 2**60)
    with pytest.raises(SetupFault, match=r"The disk is almost full: \d+ MB are free"):
        embedded.cluster().start()
    assert not (home / "postgres").exists()
