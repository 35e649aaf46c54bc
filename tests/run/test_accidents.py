"""What people meet when a part of the system is away: the database, the disk, a worker, the right time."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from django.db import close_old_connections, connection
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from spean.access.middleware import IDLE, LONGEST, expired
from spean.cases.models import Note
from spean.lib import clock
from spean.privacy import events, logfile, offline, sequencer, tasks, verify
from spean.privacy.models import LogLeaf
from spean.run import backup, embedded, state
from spean.run.supervisor import Child, Supervisor
from tests import steps
from tests.cast import Cast
from tests.signed_in import signed_in

both = pytest.mark.django_db(transaction=True, databases=["default", "keys"])


class Form(HTMLParser):
    """The hidden fields of a page, as a browser would send them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "input" and given.get("type") == "hidden":
            self.fields[str(given["name"])] = given.get("value") or ""


# --- the database -----------------------------------------------------------------------------------------


def _end_connection(cluster: embedded.Cluster) -> None:
    """What a restart of the server does to everybody connected."""
    connection.ensure_connection()
    number = connection.connection.info.backend_pid
    with cluster.connect_as_superuser() as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [number])


@both
def test_what_was_typed_survives_a_restart_of_the_database(cast: Cast, cluster: embedded.Cluster) -> None:
    case = steps.registered(cast)
    client = signed_in(cast.manager)
    client.raise_request_exception = False
    url = reverse("case_note", args=[case.pk])
    sent = Form(client.get(url).content.decode()).fields
    sent |= {"section": "narrative", "text": 'She asked for "her" sister <today> & អរគុណ'}
    _end_connection(cluster)
    answer = client.post(url, sent)
    page = answer.content.decode()
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert "no-store" in answer["Cache-Control"]
    assert "Nothing was saved" in page
    kept = Form(page).fields
    assert {name: kept[name] for name in sent} == sent

    close_old_connections()  # as the server does before each request
    assert Note.objects.count() == 0
    again = client.post(url, kept)
    assert again.status_code == 302
    assert client.post(url, kept).status_code == 302
    assert Note.objects.count() == 1  # sent twice, written once


@both
def test_a_page_without_a_database_is_plain_and_comes_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(cast.manager)
    client.raise_request_exception = False
    real = connection.settings_dict["HOST"]
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    answer = client.get("/?from=here")
    assert answer.status_code == 503
    page = answer.content.decode()
    assert 'href="/?from=here"' in page
    assert "<form" not in page
    assert "Traceback" not in page
    assert "/nowhere" not in page
    monkeypatch.setitem(connection.settings_dict, "HOST", real)
    assert client.get("/").status_code == 200


@both
def test_a_password_is_not_written_into_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nowhere")
    answer = client.post(reverse("account_login"), {"login": "manager@example.org", "password": "Canarypassword"})
    assert answer.status_code == 503
    page = answer.content.decode()
    assert "Canarypassword" not in page
    assert "manager@example.org" not in page
    assert "Go back" in page
    connection.close()


@both
def test_another_fault_shows_nothing_of_the_request(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from spean.web import home

    client = signed_in(cast.manager)
    client.raise_request_exception = False
    monkeypatch.setattr(home, "day", lambda user: 1 / 0)
    answer = client.get("/?canary=1")
    assert answer.status_code == 500
    assert "canary" not in answer.content.decode()
    assert "Retry-After" not in answer


# --- the disk ---------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that can be filled: a small file system in memory, which only root may make."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=520m", "tmpfs", str(place)], capture_output=True)
    if made.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def _fill(place: Path, leave: int) -> Path:
    ballast = place / "ballast"
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - leave))
    return ballast


@pytest.mark.slow
def test_what_was_confirmed_on_a_full_disk_is_there_afterwards(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEAN_STATE", str(small_disk / "state"))
    confirmed = 0
    cluster = embedded.cluster()
    cluster.start()
    try:
        place = {"host": str(cluster.sockets), "user": embedded.OWNER, "dbname": "spean", "autocommit": True}
        password = (cluster.directory / "secrets" / "owner_password").read_text()
        with psycopg.connect(**place, password=password) as connection:
            connection.execute("CREATE TABLE kept (id int PRIMARY KEY, text text)")
            ballast = _fill(small_disk, 24 * 1024 * 1024)
            with suppress(psycopg.OperationalError):
                while confirmed < 100_000:
                    connection.execute("INSERT INTO kept VALUES (%s, %s)", [confirmed, os.urandom(30_000).hex()])
                    confirmed += 1
        assert 10 < confirmed < 100_000
    finally:
        cluster.release()
    ballast.unlink()
    with embedded.cluster().running() as again:
        place["host"] = str(again.sockets)
        with psycopg.connect(**place, password=password) as connection:
            found = connection.execute("SELECT count(*) FROM kept").fetchone()
            assert found is not None
            # The last one may have been written without its confirmation reaching us.
            assert confirmed <= found[0] <= confirmed + 1


@both
@pytest.mark.slow
def test_a_backup_onto_a_full_disk_leaves_the_earlier_one_alone(cast: Cast, small_disk: Path, tmp_path: Path) -> None:
    steps.screened(cast)
    public = offline.create_key_pair(tmp_path / "key")
    earlier, _ = backup.make(small_disk, small_disk, public, public)
    _fill(small_disk, 50_000)
    before = sorted(path.name for path in small_disk.iterdir())
    now = clock.now() + timedelta(seconds=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: now)
        with pytest.raises(OSError, match="No space left on device"):
            backup.make(small_disk, small_disk, public, public)
    assert sorted(path.name for path in small_disk.iterdir()) == before
    backup.check(earlier)


# --- processes --------------------------------------------------------------------------------------------


class _Sleeper(Child):
    """A child that would go on for an hour."""

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"], start_new_session=True)


def test_a_process_that_died_is_started_again() -> None:
    import threading

    child = _Sleeper("search", [])
    supervisor = Supervisor([child])
    supervisor.start()
    assert child.process is not None
    first = child.process.pid
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    os.kill(first, signal.SIGKILL)
    for _ in range(200):
        if child.process.pid != first and child.process.poll() is None:
            break
        time.sleep(0.05)
    second = child.process
    assert (second.pid != first, second.poll(), child.restarts) == (True, None, 1)
    supervisor.stopping.set()
    watching.join()
    supervisor.stop()
    assert second.poll() is not None


WORKER = """
import os, sys, time, warnings
warnings.simplefilter("ignore")
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import tests.settings as settings
name, user, password = sys.argv[1:]
settings.DATABASES["default"].update(NAME=name, USER=user, PASSWORD=password)
import django; django.setup()
from procrastinate.contrib.django import app

@app.task(name="sleeps")
def sleeps(): time.sleep(3600)

with app.replace_connector(app.connector.get_worker_connector()) as jobs:
    jobs.run_worker(install_signal_handlers=False)
"""


@both
@pytest.mark.slow
def test_what_a_killed_worker_had_begun_is_begun_again(cluster: embedded.Cluster, tmp_path: Path) -> None:
    place = connection.settings_dict
    arguments = [place["NAME"], place["USER"], place["PASSWORD"]]
    app.configure_task("sleeps", allow_unknown=True).defer()
    worker = subprocess.Popen([sys.executable, "-c", WORKER, *arguments], cwd=state.CHECKOUT, start_new_session=True)
    try:
        for _ in range(600):
            if _status() == "doing":
                break
            assert worker.poll() is None
            time.sleep(0.1)
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    assert _status() == "doing"
    assert _retry() == 0  # its last sign of life is too young
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    assert _retry() == 1
    assert _status() == "todo"


def _status() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM procrastinate_jobs WHERE task_name = 'sleeps'")
        return str(cursor.fetchone()[0])


def _retry() -> int:
    """The periodic task itself, on a connector like the worker's."""

    async def run() -> int:
        connector = cast(DjangoConnector, app.connector).get_worker_connector()
        jobs = app.with_connector(connector)
        async with jobs.open_async():
            job: Any = type("Job", (), {"id": 0})
            context: Any = type("Context", (), {"app": jobs, "job": job})
            return int(await tasks.retry_stalled.func(context, 0))

    return asyncio.run(run())


# --- the clock --------------------------------------------------------------------------------------------


@both
def test_a_clock_that_jumps_leaves_the_log_in_order_and_whole(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    real = clock.now()
    for hours in (0, 5, -7, 0, -1):
        monkeypatch.setattr(clock, "now", lambda hours=hours: real + timedelta(hours=hours))
        events.record("list.read", actor=cast.manager)
        sequencer.sequence_once(checkpoint=True)
    leaves = list(LogLeaf.objects.order_by("index").values_list("index", "event_id"))
    assert [index for index, _ in leaves] == list(range(len(leaves)))
    assert [event for _, event in leaves] == sorted(event for _, event in leaves)
    finding = verify.examine(logfile.database(), sequencer.signer().verifier)
    assert finding.faults == []
    assert finding.proved == len(leaves)


def test_no_jump_of_the_clock_makes_a_session_longer(cast: Cast) -> None:
    now = clock.now()
    user = cast.manager
    started, seen = now - timedelta(hours=8), now - timedelta(minutes=5)
    assert not expired(user, started, seen, now)
    for jump in (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=9), timedelta(days=400)):
        assert expired(user, started, seen, now - jump), jump
    assert expired(user, started, seen, now + IDLE)
    assert expired(user, now - LONGEST - timedelta(seconds=1), now, now)
