"""`python -m tests.bench.submissions`: how fast reports of phones are taken in, and how fast they are worked off.

The web server as in production (`spean serve`, one process per core) over the embedded database, which writes to the
disk before it confirms; 8 clients in this process, each a phone that keeps its connection open. Each report is whole:
a screening, what followed it, consent and referral, sealed as the app seals it. Clients, server and database share the
cores. Nothing is asserted.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from statistics import quantiles
from typing import Any
from uuid import uuid4

import psutil

os.environ["SPEAN_STATE"] = str(Path(__file__).resolve().parents[2] / "var" / "bench")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from spean.run import install, state

state.prepare()

CLIENTS = 8
REPORTS = int(os.environ.get("REPORTS", "1500"))
STEADY, SECONDS = 30, int(os.environ.get("SECONDS", "30"))
# What is worked off at the end, of what was taken in.
WORKED_OFF = int(os.environ.get("WORKED_OFF", "60"))


def main() -> int:
    with install.opened() as cluster:
        from django.conf import settings
        from django.db import connections

        connections.close_all()
        assert cluster is not None
        cluster.recreate_databases()
        install.migrate()
        install.collect_static()
        settings.ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
        measure(cluster._postmaster())
    return 0


def measure(database: psutil.Process) -> None:
    phones = enrol()
    steady = STEADY * SECONDS
    reports = made(phones, REPORTS + 2 * steady + 10 * CLIENTS)
    with Server() as server:
        Load(server.port, reports[: 10 * CLIENTS]).run()  # each thread and each process has read its instruments
        everybody = {"web server": server.process.pid, "database": database.pid, "clients": os.getpid()}
        began = {name: used(pid) for name, pid in everybody.items()}
        load = Load(server.port, reports[10 * CLIENTS : 10 * CLIENTS + REPORTS])
        seconds = load.run()
        spent = {name: 1000 * (used(pid) - began[name]) / REPORTS for name, pid in everybody.items()}
        tell(f"{REPORTS} reports by {CLIENTS} clients: {REPORTS / seconds:.0f}/s, {load.figures()}")
        tell("processor for one: " + ", ".join(f"{name} {ms:.1f} ms" for name, ms in spent.items()))
        rest = reports[10 * CLIENTS + REPORTS :]
        load = Load(server.port, rest[:steady], every=1 / STEADY)
        load.run()
        tell(f"{steady} reports at {STEADY}/s: {load.figures()}")
        with beside("worker"):
            load = Load(server.port, rest[steady:], every=1 / STEADY)
            load.run()
        tell(f"the same while they are worked off: {load.figures()}")
    working_off()
    tell(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")


def working_off() -> None:
    """In this process, as the worker does it, with nothing else going on."""
    from spean.exchange import taking_in
    from spean.exchange.openrosa_models import TakenIn

    TakenIn.objects.filter(pk__gt=TakenIn.objects.order_by("id")[WORKED_OFF - 1].pk).delete()
    began, spent = time.perf_counter(), time.process_time()
    done = taking_in.work_off()
    seconds, spent = time.perf_counter() - began, time.process_time() - spent
    tell(f"worked off: {done / seconds:.1f}/s by one worker, {1000 * spent / done:.0f} ms of its processor for one")


def tell(what: str) -> None:
    print(what, flush=True)


def used(pid: int) -> float:
    """Seconds of processor that a process and its children have used; of this one, without its children."""
    own = psutil.Process(pid)
    rest = [] if pid == os.getpid() else own.children(recursive=True)
    return float(sum(sum(one.cpu_times()[:2]) for one in [own, *rest]))


def enrol() -> list[Any]:
    """A phone for each client, each of a user of its own: of one only so many may wait to be worked off."""
    from spean.access import roles
    from tests.bench import filling
    from tests.cast import make_cast
    from tests.field.phone import enrolled

    unit = make_cast().org("border_police")
    return [enrolled(filling.user(f"phone{at}", roles.FIRST_RESPONDER, unit)) for at in range(CLIENTS)]


@dataclass(frozen=True)
class Made:
    address: str
    body: bytes
    headers: dict[str, str]


def made(phones: list[Any], count: int) -> list[Made]:
    """Reports with numbers of their own. Their answers are alike: what is worked out from them is worked out anew."""
    from spean.lib import clock
    from tests.field.phone import ADULT_YES

    number = uuid4()
    screening, after = phones[0].screening(number).decode(), phones[0].after(**ADULT_YES)
    found = []
    for place in range(count):
        phone, own = phones[place % len(phones)], uuid4()
        report = phone.seal(own, screening.replace(str(number), str(own)).encode(), after)
        digest = base64.b64encode(hashlib.sha256(report.body).digest()).decode()
        headers = {
            "Authorization": f"Bearer {phone.token}", "X-Spean-Key": report.key, "Content-Type": "application/octet-stream",
            "Content-Digest": f"sha-256=:{digest}:", "X-Spean-Clock": clock.now().isoformat(),
        }  # fmt: skip
        found.append(Made(f"/field/report/{own}/", report.body, headers))
    return found


@dataclass
class Load:
    """Sends reports, each client the next one as soon as it has an answer, or one each `every` seconds together."""

    port: int
    reports: list[Made]
    every: float = 0.0
    took: list[float] = field(default_factory=list)

    def run(self) -> float:
        """Seconds from the first to the last answer."""
        waiting: SimpleQueue[tuple[float, Made]] = SimpleQueue()
        began = time.perf_counter()
        for place, report in enumerate(self.reports):
            waiting.put((began + place * self.every if self.every else 0.0, report))
        threads = [threading.Thread(target=self._client, args=(waiting,)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(self.took) == len(self.reports), "a client gave up"
        return time.perf_counter() - began

    def _client(self, waiting: SimpleQueue[tuple[float, Made]]) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        line.connect()
        line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            try:
                due, report = waiting.get_nowait()
            except Empty:
                line.close()
                return
            # From when it was due: who waits for his turn waits too.
            time.sleep(max(0.0, due - time.perf_counter()))
            began = due or time.perf_counter()
            line.request("POST", report.address, report.body, report.headers)
            answer = line.getresponse()
            said = json.loads(answer.read())
            if answer.status != 201:
                raise AssertionError(f"{answer.status}: {said}")
            self.took.append(time.perf_counter() - began)

    def figures(self) -> str:
        cuts = quantiles(self.took, n=100)
        return f"p50 {1000 * cuts[49]:.0f} ms, p95 {1000 * cuts[94]:.0f} ms, longest {1000 * max(self.took):.0f} ms"


def started(*words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "spean", *words]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


@contextmanager
def beside(*words: str) -> Iterator[None]:
    """A process of the installation, from when it has loaded."""
    process = started(*words)
    time.sleep(5)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


class Server:
    """`spean serve` beside this process."""

    def __enter__(self) -> Server:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        cores = str(os.cpu_count() or 1)
        self.process = started("serve", "--port", str(self.port), "--workers", cores)
        while True:
            try:
                line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                line.request("GET", "/field/manifest/")
                line.getresponse().read()
                return self
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit("the server did not start") from None
                time.sleep(0.2)

    def __exit__(self, *fault: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


if __name__ == "__main__":
    raise SystemExit(main())
