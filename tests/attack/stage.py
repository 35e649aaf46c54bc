"""An installation of its own for each attack: embedded cluster, tables, search process; thrown away afterwards."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def choose(state: Path) -> None:
    """Everything after this happens in that state directory. Call before Django is loaded."""
    os.environ["SPEAN_STATE"] = str(state)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    for name in ("DATABASE_URL", "KEYS_DATABASE_URL", "SPEAN_KEK_FILE", "SPEAN_COUNTRY"):
        os.environ.pop(name, None)


@contextmanager
def scratch() -> Iterator[Path]:
    """A directory beside nothing of value."""
    folder = Path(tempfile.mkdtemp(prefix="spean-attack-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def installation(state: Path, *, ready: bool = False) -> Iterator[None]:
    """Django over a database of its own, migrated unless it is `ready`, and kept as safe as in earnest."""
    choose(state)
    from spean.run import install

    with install.opened():
        if not ready:
            install.migrate()
            install.collect_static()
        yield


@contextmanager
def search() -> Iterator[None]:
    """The search server, in a thread: verbs that register somebody ask it."""
    from spean.people import search as client
    from spean.people import search_server

    stop = threading.Event()
    serving = threading.Thread(target=search_server.run, args=(stop,))
    serving.start()
    try:
        while True:
            try:
                client.status()
                break
            except client.SearchUnavailable:
                time.sleep(0.05)
        yield
    finally:
        stop.set()
        serving.join()
