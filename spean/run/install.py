"""Bringing an installation up: state, embedded database, tables, grants, static files.

Each step may be repeated at any time and does nothing when nothing is due.
"""

from __future__ import annotations

import hashlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from spean.privacy.routers import VAULT_ALIAS, VAULT_APP
from spean.run import databases, embedded, state

Kind = Literal["empty", "demonstration", "real"]


@contextmanager
def database() -> Iterator[embedded.Cluster | None]:
    """The embedded database running, unless DATABASE_URL names another."""
    state.prepare()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    _end_in_order()
    if databases.external():
        yield None
        return
    with embedded.cluster().running() as running:
        yield running


def _end_in_order() -> None:
    """`kill` and a closed terminal end like Ctrl-C, so that what was started is stopped as well."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, signal.default_int_handler)


@contextmanager
def opened(*, for_requests: bool = False) -> Iterator[embedded.Cluster | None]:
    """Django ready to work, its database too."""
    with database() as running:
        import django
        from django.db import connections

        django.setup()
        if not for_requests:
            databases.see_all_rows()
        try:
            yield running
        finally:
            connections.close_all()


def kind() -> Kind:
    """What lives in the database, asked without assuming that its tables exist."""
    from django.db import connection

    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        if "access_installation" in tables:
            cursor.execute("SELECT demonstration FROM access_installation")
            row = cursor.fetchone()
            if row:
                return "demonstration" if row[0] else "real"
        for table in ("access_user", "cases_case", "people_person"):
            if table in tables:
                cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}")')  # noqa: S608
                if cursor.fetchone() == (True,):
                    return "real"
    return "empty"


def is_behind(alias: str | None = None) -> bool:
    """Whether migrations are due."""
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    for name in [alias] if alias else databases.ALIASES:
        executor = MigrationExecutor(connections[name])
        if executor.migration_plan(executor.loader.graph.leaf_nodes(*_apps(name))):
            return True
    return False


def _apps(alias: str) -> tuple[str, ...]:
    """Of which app a database needs the migrations: the key vault's alone. None named: of every app."""
    return (VAULT_APP,) if alias == VAULT_ALIAS else ()


def migrate(*, verbosity: int = 0) -> None:
    """Both databases to this version, as their owner; then the application may use the rows."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from spean.privacy import rights

    databases.require_owner()
    with databases.as_owner():
        fence(on=False)  # while tables change
        for alias in databases.ALIASES:
            connection = connections[alias]
            app = databases.for_role("app")[alias]["USER"]
            if not is_behind(alias):
                rights.narrow(connection, app)
                continue
            if app != connection.settings_dict["USER"]:
                with connection.cursor() as cursor:
                    for grant in embedded.default_privileges(app):
                        cursor.execute(grant)
            call_command("migrate", *_apps(alias), database=alias, interactive=False, verbosity=verbosity)
            call_command("createcachetable", database=alias, verbosity=0)
            rights.narrow(connection, app)
        fence(on=settings.SPEAN_ROW_SECURITY)


def fence(*, on: bool) -> None:
    """Row security as this installation wants it, as the owner of the tables."""
    from django.db import connection

    from spean.privacy import rows

    if on:
        rows.build(connection)
    else:
        rows.take_down(connection)


def is_fenced_otherwise() -> bool:
    """Whether row security stands in the database but is not asked for, or the other way round."""
    from django.conf import settings
    from django.db import connection

    from spean.privacy import rows

    return rows.stands(connection) != settings.SPEAN_ROW_SECURITY


def collect_static() -> None:
    """Copy and compress static files, if any changed since the last time."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    seen = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            facts = os.stat(storage.path(path))
            seen.update(f"{path}|{facts.st_size}|{facts.st_mtime_ns}\n".encode())
    mark = settings.STATIC_ROOT / ".collected"
    if mark.exists() and mark.read_text() == seen.hexdigest():
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    mark.write_text(seen.hexdigest())
