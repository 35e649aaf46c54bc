"""Writes under fire: what the server confirmed is there, once, whatever was killed meanwhile.

A whole installation (`spean demo` processes: web server, job worker, search, database) gets notes through its own
form, like a browser: each with its token, sent again after every break until it is confirmed. Meanwhile processes
picked at random are ended with SIGKILL. In the end every confirmed note is there exactly once and the log verifies.
"""

from __future__ import annotations

import http.cookiejar
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from tests.attack import stage
from tests.attack.results import Result, counted

WRITES = 1_000
AGAIN_WITHIN = 20
PATIENCE = 120


def run(*, quick: bool = False) -> list[Result]:
    with stage.scratch() as state:
        return _Fire(state, WRITES // 10 if quick else WRITES).run()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Fire:
    def __init__(self, state: Path, writes: int) -> None:
        self.state, self.writes, self.port = state, writes, _free_port()
        self.rng = random.Random(31)
        self.killed: dict[str, int] = {"web": 0, "worker": 0, "search": 0, "database": 0}
        self.done, self.answered = threading.Event(), threading.Event()
        self.retries = 0

    def run(self) -> list[Result]:
        with stage.installation(self.state):
            from spean.run import embedded

            case = self._prepare()
            self.children = {name: self._start(name) for name in ("web", "worker", "search")}
            gunman = threading.Thread(target=self._shoot, args=(embedded.cluster(),))
            try:
                # The link opens once: before the first shot.
                opener = self._sign_in()
                gunman.start()
                sent = self._write(opener)
            finally:
                self.done.set()
                if gunman.is_alive():
                    gunman.join()
                for child in self.children.values():
                    child.terminate()
                    child.wait()
            return self._judge(case, sent)

    def _prepare(self) -> Any:
        from django.urls import reverse

        from spean.access import links
        from tests import steps
        from tests.cast import make_cast

        with stage.search():
            cast = make_cast()
            case = steps.registered(cast)
        from datetime import timedelta

        self.link = links.issue_link(cast.manager, "demo", timedelta(hours=4))
        self.address = reverse("case_note", args=[case.pk])
        return case

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        arguments = {"web": ["serve", "--host", "127.0.0.1", "--port", str(self.port)]}.get(name, [name])
        return subprocess.Popen(
            [sys.executable, "-m", "spean", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=os.environ.copy(),
        )  # fmt: skip

    def _shoot(self, cluster: Any) -> None:
        while not self.done.is_set():
            # At any moment after the installation answered again, or while it still comes up if that takes long.
            self.answered.wait(AGAIN_WITHIN)
            if self.done.wait(self.rng.uniform(0, 6)):
                return
            self.answered.clear()
            name = self.rng.choice(["web", "web", "worker", "search", "database"])
            if name == "database":
                process = cluster._postmaster()
                if process is None:
                    continue
                for one in [process, *process.children(recursive=True)]:
                    _kill(one.pid)
                process.wait(10)
                with cluster._lock():
                    cluster._clear_stale()
                    cluster._launch()
            else:
                child = self.children[name]
                # Granian serves from a child of its own.
                for one in [*psutil.Process(child.pid).children(recursive=True), child]:
                    _kill(one.pid)
                child.wait()
                self.children[name] = self._start(name)
            self.killed[name] += 1

    def _write(self, opener: Any) -> list[str]:
        confirmed = []
        for number in range(self.writes):
            form = self._patiently(lambda: opener.open(self._url(self.address), timeout=20).read().decode())
            fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
            text = f"note {number:05d} of a long night"
            data = urllib.parse.urlencode({**fields, "section": "narrative", "text": text}).encode()
            answer = self._patiently(lambda data=data: self._post(opener, data))
            if "/case/" in answer:
                confirmed.append(text)
        return confirmed

    def _post(self, opener: Any, data: bytes) -> str:
        request = urllib.request.Request(self._url(self.address), data, {"Origin": self._url("")})
        with opener.open(request, timeout=20) as answer:
            # A redirect to the case is the confirmation; the form again is none.
            return str(answer.url) if not str(answer.url).endswith("/note/") else ""

    def _sign_in(self) -> Any:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        page = self._patiently(lambda: opener.open(self._url(self.link), timeout=20).read().decode())
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token}).encode()
        opener.open(urllib.request.Request(self._url(self.link), data, {"Origin": self._url("")}), timeout=20)
        return opener

    def _patiently(self, step: Any) -> Any:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                found = step()
                self.answered.set()
                return found
            except OSError as fault:
                if isinstance(fault, urllib.error.HTTPError) and fault.code not in (500, 503):
                    raise
                if time.monotonic() > until:
                    raise RuntimeError("the installation did not come back") from fault
                self.retries += 1
                time.sleep(0.1)

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def _judge(self, case: Any, sent: list[str]) -> list[Result]:
        from django.db import connections

        from spean.access.models import User
        from spean.cases.models import Note
        from spean.privacy import doors, logfile, sequencer, verify

        connections.close_all()
        manager = User.objects.get(email="manager@example.org")
        notes = list(Note.objects.filter(case_id=case.pk))
        stored: list[str] = []
        for start in range(0, len(notes), 20):
            part = notes[start : start + 20]
            stored += [str(row["text"]) for row in doors.reveal(manager, part, ["text"], "casework").values()]
        lost = len(set(sent) - set(stored))
        doubled = len(stored) - len(set(stored))
        sequencer.sequence_once(checkpoint=True)
        log = verify.examine(logfile.database(), sequencer.signer().verifier)
        shots = ", ".join(f"{name} {number}" for name, number in self.killed.items())
        of = f"{len(sent):,} confirmed writes (killed: {shots}; {self.retries} attempts repeated)"
        return [
            counted("kills", "a confirmed write is lost", lost, of),
            counted("kills", "a write is there twice", doubled, of),
            Result(
                "kills",
                "every write is confirmed in the end",
                f"{len(sent)}",
                f"{self.writes}",
                len(sent) == self.writes,
            ),
            counted("kills", "a fault in the log afterwards", len(log.faults), f"{log.leaves:,} rows"),
        ]


def _kill(number: int) -> None:
    try:
        os.kill(number, signal.SIGKILL)
    except ProcessLookupError:
        pass
