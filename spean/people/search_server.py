"""The search process: names in memory, questions over a local socket, nothing on disk and nothing in a log.

One thread owns the database connection and the index; connections of web workers queue before it. Answers hold
identifiers, scores and reason codes. What counts as a match is said in `matching`, who may see it in the policy.
"""

import gc
import json
import os
import resource
import signal
import socket
import socketserver
import stat
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.db import Error as DatabaseFault
from django.db import connections

from spean.lib import names
from spean.people.matching import POSSIBLE, Details
from spean.people.parameters import parameters
from spean.people.search import same_user
from spean.people.search_index import Found, SearchIndex
from spean.privacy.crypto import KeyFileError

LONGEST_QUESTION = 64 * 1024
LONGEST_TEXT = 500
MOST_ASKERS = 64
IDLE = 30.0  # seconds a connection may stay silent
EVERY = 1.0  # seconds between looks at the feed when nobody asks
OFTEN, RARELY = 10, 300  # … of which so many pass before destroyed keys, and deleted rows, are looked for
RETRY = 2.0

_TEXTS = {field.name for field in fields(Details)} - {"other_names", "birth_year", "birth_year_estimated"}


class BadQuestion(Exception):
    """The message is not a question this process understands. The text says which part, never its content."""


class CannotStart(Exception):
    """One plain sentence for the operator."""


# --- questions -------------------------------------------------------------------------------------


def read_details(told: Any) -> Details:
    """Details as they come over the socket, or BadQuestion. Nothing is guessed."""
    if not isinstance(told, dict) or told.keys() - _TEXTS - {"other_names", "birth_year", "birth_year_estimated"}:
        raise BadQuestion("details")
    clean: dict[str, Any] = {}
    for name in told.keys() & _TEXTS:
        value = told[name] or ""
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            raise BadQuestion(name)
        clean[name] = value
    others = told.get("other_names") or []
    if (
        not isinstance(others, list)
        or len(others) > 20
        or any(not isinstance(o, str) or len(o) > LONGEST_TEXT for o in others)
    ):
        raise BadQuestion("other_names")
    year, estimated = told.get("birth_year"), told.get("birth_year_estimated", False)
    if not (year is None or (type(year) is int and 0 < year < 3000)) or type(estimated) is not bool:
        raise BadQuestion("birth_year")
    return Details(**clean, other_names=tuple(others), birth_year=year, birth_year_estimated=estimated)


def _number(question: dict[str, Any], name: str, default: float, least: float, most: float) -> float:
    value = question.get(name, default)
    if type(value) not in (int, float) or not least <= value <= most:
        raise BadQuestion(name)
    return float(value)


class Searcher:
    """The index, its feed and the one thread that touches them."""

    def __init__(self) -> None:
        from spean.people.search_feed import Feed

        self.index = SearchIndex()
        self.feed = Feed(self.index)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="search")
        self._ticks = 0

    def load(self, stop: threading.Event) -> bool:
        """Load everybody, waiting for a database that is down. False when asked to stop meanwhile."""
        told = False
        while not stop.is_set():
            try:
                self._thread.submit(self._load).result()
                return True
            except DatabaseFault:
                if not told:
                    print("Search waits for the database.", flush=True)  # noqa: T201
                    told = True
                stop.wait(RETRY)
        return False

    def _load(self) -> None:
        try:
            self.index.clear()
            self.feed.__init__(self.index)  # type: ignore[misc]
            gc.disable()  # a million young objects that all stay: collecting them again and again finds nothing
            self.feed.load()
        except DatabaseFault:
            connections.close_all()
            raise
        finally:
            gc.enable()
        gc.collect()
        gc.freeze()

    def answer(self, message: bytes) -> dict[str, Any]:
        """The answer to one message. Never raises, never repeats what was asked."""
        try:
            question = json.loads(message)
            if not isinstance(question, dict):
                raise BadQuestion("message")
            return self._thread.submit(self._answer, question).result()
        except (BadQuestion, ValueError, RecursionError):
            return {"ok": False, "fault": "bad_question"}
        except DatabaseFault:
            return {"ok": False, "fault": "database"}
        except Exception as fault:
            # Only the kind of fault: its text, and a trace, could hold a name.
            print(f"A question could not be answered ({type(fault).__name__}).", file=sys.stderr, flush=True)  # noqa: T201
            return {"ok": False, "fault": "internal"}

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        kind = question.get("ask")
        try:
            if kind == "status":
                self.feed.follow()
                return {"ok": True, "persons": len(self.index), "unreadable": len(self.feed.unreadable)}
            limit = int(_number(question, "limit", 20, 1, 100))
            # A few more than asked for, because files of one person are folded into one afterwards.
            if kind == "persons":
                text = question.get("text")
                if not isinstance(text, str) or len(text) > LONGEST_TEXT:
                    raise BadQuestion("text")
                self.feed.follow()
                found = self.index.find_by_name(text, limit + 10)
            elif kind == "candidates":
                details = read_details(question.get("details"))
                minimum = _number(question, "minimum", POSSIBLE, 0, 1)
                self.feed.follow()
                found = self.index.candidates(details, limit + 10, minimum)
            else:
                raise BadQuestion("ask")
            return {"ok": True, "found": [_told(one) for one in self.feed.standing(found)[:limit]]}
        except DatabaseFault:
            connections.close_all()
            raise

    def tick(self) -> None:
        """Follow the feed when nobody asks, so that erased persons leave memory soon."""
        with suppress(DatabaseFault):
            self._thread.submit(self._tick).result()

    def _tick(self) -> None:
        try:
            self.feed.follow()
            self._ticks += 1
            if self._ticks % OFTEN == 0:
                self.feed.sweep()
            if self._ticks % RARELY == 0:
                self.feed.sweep_deleted()
        except DatabaseFault:
            connections.close_all()
            raise

    def wipe(self) -> None:
        """Drop every name this process holds; the system clears the memory when the process ends."""
        self._thread.submit(connections.close_all)
        self._thread.shutdown(wait=True)
        self.index.clear()


def _told(one: Found) -> dict[str, Any]:
    return {"person": one.person_id, "score": one.score, "reasons": list(one.reasons)}


# --- the socket ----------------------------------------------------------------------------------


class _Asker(socketserver.StreamRequestHandler):
    server: "_Listener"
    timeout = IDLE

    def handle(self) -> None:
        if not same_user(self.connection) or not self.server.room.acquire(blocking=False):
            return
        try:
            while message := self.rfile.readline(LONGEST_QUESTION + 1):
                whole = message.endswith(b"\n") and len(message) <= LONGEST_QUESTION
                answer = self.server.searcher.answer(message) if whole else {"ok": False, "fault": "bad_question"}
                self.wfile.write(json.dumps(answer).encode() + b"\n")
                if not whole:
                    return  # where the next message would begin is unknown
        except OSError:
            pass  # the asker went away or stayed silent
        finally:
            self.server.room.release()


class _Listener(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = MOST_ASKERS

    def __init__(self, path: Path, searcher: Searcher) -> None:
        self.searcher = searcher
        self.room = threading.BoundedSemaphore(MOST_ASKERS)
        super().__init__(str(path), _Asker)

    def handle_error(self, request: Any, client_address: Any) -> None:
        print("A connection ended by a fault.", file=sys.stderr, flush=True)  # noqa: T201

    def server_bind(self) -> None:
        # The mode must hold from the first moment, not after a chmod.
        before = os.umask(0o177)
        try:
            super().server_bind()
        finally:
            os.umask(before)


def prepare_place(path: Path) -> None:
    """A directory of our own for the socket, and no stale socket in it. Refuses to push out a living process."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = path.parent.stat()
    shared = bool(place.st_mode & stat.S_ISVTX)  # a temporary directory: then the socket's own mode must do
    if not shared and place.st_uid == os.geteuid() and place.st_mode & 0o022:
        raise CannotStart(f"Others may write in {path.parent}. Run: chmod go-w {path.parent}")
    if not path.exists() and not path.is_symlink():
        return
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise CannotStart(f"{path} is in the way and is not a socket; it was left alone.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(2)
        try:
            line.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)  # left behind by a process that was killed
        else:
            raise CannotStart("A search process is already running here.")


def keep_memory_private() -> None:
    """No core dump, no look into this process by others, and no swap where the operator asks for it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
        # Locking fails once the limit is reached, and then memory runs out in the middle of work: so only on request.
        if getattr(settings, "SPEAN_SEARCH_LOCK_MEMORY", False) and libc.mlockall(3):
            print("Memory could not be locked; names may reach the swap area.", file=sys.stderr, flush=True)  # noqa: T201


def check_weights() -> None:
    """Raises CannotStart where the weights of this installation cannot be read: nobody is compared by a guess."""
    try:
        parameters()
    except (ValueError, OSError) as fault:
        path = settings.SPEAN_MATCHING_FILE
        raise CannotStart(f"{path} cannot be used ({fault}). Remove it to go back to the weights of Spean.") from None


def main(argv: list[str] | None = None) -> int:
    """Run until told to stop. Prints one line when ready and one when stopped."""
    if not settings.configured:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    keep_memory_private()
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    try:
        return run(stop)
    except (CannotStart, KeyFileError) as fault:
        print(fault, file=sys.stderr, flush=True)  # noqa: T201
        return 1


def run(stop: threading.Event) -> int:
    path = Path(settings.SPEAN_SEARCH_SOCKET)
    prepare_place(path)
    check_weights()
    began = time.monotonic()
    searcher = Searcher()
    try:
        if not searcher.load(stop):
            return 0
        prepare_place(path)  # loading took time; another process may have come first
        with _Listener(path, searcher) as listener:
            threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()
            own = path.lstat().st_ino
            print(f"Search ready: {len(searcher.index)} persons in {time.monotonic() - began:.1f} s.", flush=True)  # noqa: T201
            if searcher.feed.unreadable:
                print(f"{len(searcher.feed.unreadable)} persons could not be opened.", file=sys.stderr, flush=True)  # noqa: T201
            ready = time.monotonic()
            warmed = False
            while not stop.wait(EVERY):
                searcher.tick()
                if not warmed and time.monotonic() - ready > 5:
                    # Tables of rarely met scripts, before somebody waits for them.
                    threading.Thread(target=names.romanise, args=("ก",), daemon=True).start()
                    warmed = True
            listener.shutdown()
            with suppress(OSError):
                if path.lstat().st_ino == own:
                    path.unlink()
        print("Search stopped.", flush=True)  # noqa: T201
        return 0
    finally:
        searcher.wipe()


if __name__ == "__main__":
    sys.exit(main())
