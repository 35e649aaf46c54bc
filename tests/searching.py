"""Search in tests: the real server over a real socket, beside the test or as a process of its own."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import connections

from spean.access.models import User
from spean.lib.identifiers import new_code
from spean.people import search
from spean.people.matching import Details
from spean.people.models import Person
from spean.people.search_feed import CODED, SEALED
from spean.people.search_server import Searcher, _Listener
from spean.privacy import rows, vault


@contextmanager
def search_beside(path: Path) -> Iterator[Searcher]:
    """A server in this process that shares the test's connection, so that it sees rows not yet committed."""
    shared = {alias: connections[alias] for alias in connections}
    for connection in shared.values():
        connection.inc_thread_sharing()
    searcher = Searcher()

    def share() -> None:
        for alias, connection in shared.items():
            connections[alias] = connection
        # In production a process of its own, which sees every row although the request that asks it does not.
        rows._inside.set(rows._setting((), "all"))

    searcher._thread.submit(share).result()
    searcher.load(threading.Event())
    listener = _Listener(path, searcher)
    serving = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    before, settings.SPEAN_SEARCH_SOCKET = settings.SPEAN_SEARCH_SOCKET, path
    try:
        yield searcher
    finally:
        settings.SPEAN_SEARCH_SOCKET = before
        listener.shutdown()
        serving.join()
        listener.server_close()
        searcher._thread.shutdown(wait=True)
        searcher.index.clear()
        path.unlink(missing_ok=True)
        for connection in shared.values():
            connection.dec_thread_sharing()


class SearchProcess:
    """`python -m spean.people.search_server` on the test's databases."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        code = (
            "import os, sys\n"
            "from django.conf import settings\n"
            "from pathlib import Path\n"
            "import django\n"
            "django.setup()\n"
            # As `spean search` does: where row security stands, the index is of everybody.
            "from spean.run import databases\n"
            "databases.see_all_rows()\n"
            f"for alias, name in { {a: connections[a].settings_dict['NAME'] for a in connections}!r}.items():\n"
            "    settings.DATABASES[alias]['NAME'] = name\n"
            f"settings.SPEAN_SEARCH_SOCKET = Path({str(self.path)!r})\n"
            "from spean.people import search_server\n"
            "sys.exit(search_server.main())\n"
        )
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )

    def wait_ready(self) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "ready" in line, line + self.process.stdout.read()
        while True:
            try:
                search.status()
                return line
            except search.SearchUnavailable:
                time.sleep(0.02)

    def stop(self, number: int = signal.SIGTERM) -> str:
        """Everything the process said since it was ready."""
        assert self.process is not None
        self.process.send_signal(number)
        said, _ = self.process.communicate()
        return said


def register(by: User, details: Details, organisation: object | None = None) -> Person:
    """A row of a person, sealed as the application seals it."""
    person = Person(
        subject=uuid4(),
        code=new_code("P"),
        registered_by=by,
        registered_organisation=organisation or by.organisation,
        **{name: getattr(details, name) for name in CODED},
    )
    vault.create_key(person.subject)
    texts = {name: getattr(details, name) for name in SEALED}
    texts["other_names"] = "\n".join(details.other_names)
    texts["birth_date"] = str(details.birth_date or "")
    vault.seal_fields(person, **texts)
    person.save()
    return person
