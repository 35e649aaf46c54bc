"""The ground all tests stand on: a real PostgreSQL, the application's own role, no network.

Tables are made by the owner, as `spean migrate` does; tests then run as the application role,
so a missing grant or a wrongly granted right shows here and not in production.
"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import TransactionTestCase
from django.utils import translation

from spean.people.search_server import Searcher
from spean.privacy import rights
from spean.run import databases, embedded, install
from tests import templates
from tests.cast import Cast, make_cast
from tests.searching import search_beside


@pytest.fixture(scope="session")
def cluster() -> Iterator[embedded.Cluster]:
    with embedded.cluster(durable=False).running() as running:
        yield running


@pytest.fixture(scope="session")
def django_db_modify_db_settings(cluster: embedded.Cluster, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Hooked in before the databases are made."""
    templates.use(cluster)


@pytest.fixture(scope="session")
def django_db_setup(cluster: embedded.Cluster, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    templates.keep(cluster)
    with django_db_blocker.unblock(), databases.as_owner():
        # As `spean migrate` does: what only grows, or is kept, the application cannot change or remove.
        for alias in databases.ALIASES:
            rights.narrow(connections[alias], databases.for_role("app")[alias]["USER"])
    if settings.SPEAN_ROW_SECURITY:
        # SPEAN_ROW_SECURITY=1 make test: everything once more, behind the second wall.
        with django_db_blocker.unblock(), databases.as_owner():
            install.fence(on=True)
        databases.see_all_rows()
    databases.sign_in("app")
    yield
    databases.sign_in("owner")


def _empty_tables(case: Any) -> None:
    """What a flush does after a committing test, as the owner: the application may not truncate."""
    keep = {"django_migrations", "django_content_type", "auth_permission"}
    with databases.as_owner():
        for alias in case.databases:
            connection = connections[alias]
            with connection.cursor() as cursor:
                names = [n for n in connection.introspection.table_names(cursor) if n not in keep]
                if names:
                    quoted = [connection.ops.quote_name(name) for name in names]
                    # Append-only tables refuse even this, so their triggers rest meanwhile.
                    cursor.execute("".join(f"ALTER TABLE {n} DISABLE TRIGGER USER;" for n in quoted))
                    cursor.execute(f"TRUNCATE {', '.join(quoted)} RESTART IDENTITY CASCADE")
                    cursor.execute("".join(f"ALTER TABLE {n} ENABLE TRIGGER USER;" for n in quoted))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever brings on the cast needs both databases, and says so once, here."""
    for item in items:
        if {"cast", "search"} & set(getattr(item, "fixturenames", ())) and not item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.django_db(databases=["default", "keys"]))


@pytest.fixture
def search(db: None) -> Iterator[Searcher]:
    """The real search server on a socket of its own, seeing what the test has not committed."""
    with tempfile.TemporaryDirectory() as folder, search_beside(Path(folder) / "s") as searcher:
        yield searcher


@pytest.fixture
def cast(search: Searcher) -> Cast:
    """The cast on an empty database, with the search process running: registration asks it every time."""
    return make_cast()


@pytest.fixture(scope="session", autouse=True)
def _flush_as_owner() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", _empty_tables)
        yield


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """A page read in Khmer leaves its language with the thread, and the next test would read Khmer too."""
    translation.deactivate()
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    """What one test stores in files is not there for the next one to find."""
    settings.MEDIA_ROOT = tmp_path / "stored"


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Only this machine may be reached from a test."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError("A test tried to reach the network.")
        real(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield
