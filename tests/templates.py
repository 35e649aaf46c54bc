"""Test databases are copied from one that these migrations made before: copying takes a second, migrating many."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connections
from psycopg import Connection, sql
from psycopg.errors import DuplicateDatabase, ObjectInUse, UniqueViolation

from spean.run.embedded import Cluster

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "spean_template_"


def use(cluster: Cluster) -> None:
    """Let Django copy the templates, where they are there."""
    there = _there(cluster)
    for alias in connections:
        if _name(alias) in there:
            connections[alias].settings_dict["TEST"]["TEMPLATE"] = _name(alias)


def keep(cluster: Cluster) -> None:
    """Make templates of the test databases as migrated, nothing in them yet, and drop those of other migrations."""
    there = _there(cluster)
    wanted = {_name(alias): alias for alias in connections}
    if there == set(wanted):
        return
    connections.close_all()
    with cluster.connect_as_superuser() as connection:
        for old in there - set(wanted):
            _try(connection, sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(old)))
        for name in set(wanted) - there:
            made = connections[wanted[name]].settings_dict["NAME"]
            owner = connections[wanted[name]].settings_dict["USER"]
            copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
            _try(connection, copy.format(*map(sql.Identifier, (name, made, owner))))


def _try(connection: Connection[Any], statement: sql.Composed) -> None:
    """Two runs may begin at once; one of them is enough."""
    with suppress(DuplicateDatabase, ObjectInUse, UniqueViolation):
        connection.execute(statement)


def _there(cluster: Cluster) -> set[str]:
    with cluster.connect_as_superuser() as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [PREFIX + "%"])
        return {name for (name,) in rows.fetchall()}


def _name(alias: str) -> str:
    return f"{PREFIX}{alias}_{_digest()}"


@cache
def _digest() -> str:
    """Changes with every migration, with the rights given beside them, and with the libraries' own migrations."""
    places = [
        *sorted((ROOT / "spean").rglob("migrations/*.py")),
        ROOT / "spean" / "privacy" / "rights.py",
        ROOT / "spean" / "run" / "embedded.py",
        ROOT / "requirements.lock",
    ]
    seen = hashlib.sha256()
    for place in places:
        seen.update(place.relative_to(ROOT).as_posix().encode() + b"\0" + place.read_bytes())
    return seen.hexdigest()[:12]
