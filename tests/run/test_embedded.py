"""The embedded database is the one the tests run on: its roles, its doors, its durability."""

import psycopg
import pytest
from django.db import connection, connections

from spean.run import databases, embedded


@pytest.mark.django_db(databases=["default", "keys"])
@pytest.mark.parametrize("alias", ["default", "keys"])
class TestRoles:
    def test_application_is_neither_superuser_nor_owner(self, alias: str) -> None:
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT current_user, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls"
                " FROM pg_roles WHERE rolname = current_user"
            )
            assert cursor.fetchone() == (embedded.APP, False, False, False, False)
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user")
            assert cursor.fetchone() == (0,)

    def test_application_cannot_change_a_table(self, alias: str) -> None:
        with connections[alias].cursor() as cursor, pytest.raises(Exception, match="permission denied"):
            cursor.execute("CREATE TABLE mine (id int)")


@pytest.mark.django_db
def test_settings_of_the_server() -> None:
    with connection.cursor() as cursor:
        for name, value in {
            "synchronous_commit": "on",
            "data_checksums": "on",
            "listen_addresses": "",
            "password_encryption": "scram-sha-256",
        }.items():
            cursor.execute(f"SHOW {name}")
            assert cursor.fetchone() == (value,), name


def test_a_wrong_password_is_refused(cluster: embedded.Cluster) -> None:
    for user in (embedded.APP, embedded.OWNER):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=str(cluster.sockets), user=user, password="wrong", dbname="spean")


@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
def test_a_committing_test_leaves_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO cache VALUES ('key', 'value', now())")
    assert databases.for_role("app")["default"]["USER"] == embedded.APP
