"""A destroyed key is gone: from the table, from a copy made afterwards, and from the files below it."""

import os
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections

from spean.lib import clock
from spean.privacy import vault
from spean.privacy.keyvault.models import DataKey
from spean.run import databases, embedded

pytestmark = pytest.mark.django_db(databases=["default", "keys"], transaction=True)


def wrapped(subject: UUID) -> bytes:
    return bytes(DataKey.objects.get(pk=subject).wrapped or b"")


def heap(cluster: Any) -> bytes:
    """The bytes of the table's file, as a thief of the disk has them."""
    name = connections["keys"].settings_dict["NAME"]
    with cluster.connect_as_superuser(name) as superuser:
        superuser.execute("CHECKPOINT")
        (path,) = superuser.execute("SELECT pg_relation_filepath('keyvault_datakey')").fetchone()
    return (cluster.data / path).read_bytes()


@pytest.fixture
def others() -> list[UUID]:
    """Persons whose keys stay."""
    subjects = [uuid4() for _ in range(5)]
    vault.create_keys(subjects)
    return subjects


def test_the_bytes_leave_the_file_and_everybody_else_stays(cluster: Any, others: list[UUID]) -> None:
    hers = uuid4()
    vault.create_key(hers)
    key = wrapped(hers)
    vault.destroy_key(hers)
    assert key not in b"".join(wrapped(one) for one in others)
    # Destroyed, and still there for a thief of the disk: that is why the table is written anew.
    assert key in heap(cluster)
    # As the job does, every hour: while somebody else still reads an older state, the bytes have to wait.
    for _ in range(20):
        assert vault.remove_remains(clock.now() - timedelta(hours=2))
        left = heap(cluster)
        if key not in left:
            break
        time.sleep(1)
    assert key not in left
    assert all(wrapped(one) in left for one in others)
    assert vault.living([hers, *others]) == set(others)
    assert vault.is_destroyed(hers)


def test_nothing_is_written_anew_where_nothing_was_destroyed(others: list[UUID]) -> None:
    vault.destroy_key(others[0])
    assert not vault.remove_remains(clock.now() + timedelta(minutes=1))


def test_without_the_right_it_is_left_to_the_owner(others: list[UUID]) -> None:
    """As on a server older than the right: nothing fails, and nothing is claimed."""
    role = connections["keys"].settings_dict["USER"]
    try:
        with databases.as_owner(), connections["keys"].cursor() as cursor:
            cursor.execute(f"REVOKE MAINTAIN ON keyvault_datakey FROM {role}")
        vault.destroy_key(others[0])
        assert not vault.remove_remains(clock.now() - timedelta(hours=2))
    finally:
        with databases.as_owner(), connections["keys"].cursor() as cursor:
            cursor.execute(f"GRANT MAINTAIN ON keyvault_datakey TO {role}")


def test_the_key_vault_is_dumped_apart_and_a_dump_made_afterwards_lacks_the_key(
    cluster: Any, others: list[UUID], tmp_path: Path
) -> None:
    hers = uuid4()
    vault.create_key(hers)
    key = wrapped(hers)

    def dump() -> str:
        place = databases.for_role("owner")["keys"]
        environment = {**os.environ, "PGPASSWORD": place["PASSWORD"]}
        name = connections["keys"].settings_dict["NAME"]
        program = embedded.binaries() / "pg_dump"
        command = [str(program), "-h", place["HOST"], "-U", place["USER"], name]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    before = dump()
    assert key.hex() in before
    assert "people_person" not in before
    assert "cases_case" not in before
    vault.destroy_key(hers)
    after = dump()
    assert key.hex() not in after
    assert str(hers) in after  # the row that proves it
    assert all(wrapped(one).hex() in after for one in others)
