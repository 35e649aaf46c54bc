"""What a thief of the database finds: no name, phone or text, in any column of any table."""

import pytest
from django.db import connections

from spean.cases.models import Case
from spean.privacy import crypto, vault
from spean.privacy.doors import reveal
from spean.privacy.keyvault.models import DataKey
from tests.privacy.conftest import IDENTITY

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

TEXT = "Canarytext: she was held in a house by the river."


def everything(alias: str) -> bytes:
    """Every row of every table as text, with binary columns as they are."""
    connection = connections[alias]
    found = b""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"TABLE {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                for value in row:
                    found += bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                    found += b"\x1f"
    return found


def test_no_canary_in_any_table(cast, case: Case, note) -> None:
    row = note(case, "narrative", TEXT)
    assert reveal(cast.manager, [row], ["text"], "casework")[row.pk]["text"] == TEXT
    reveal(cast.manager, [case.person], list(IDENTITY), "casework")
    for alias in ("default", "keys"):
        dump = everything(alias)
        assert len(dump) > 500
        for canary in (*IDENTITY.values(), TEXT, "Canarytext"):
            for form in (canary.encode(), canary.encode().hex().encode(), canary.lower().encode()):
                assert form not in dump, (alias, canary)


def test_the_search_for_canaries_finds_what_is_in_clear(case: Case) -> None:
    assert case.code.encode() in everything("default")


def test_neither_half_opens_without_the_other_and_the_file(case: Case) -> None:
    """The records, and the key vault, each with the key-encryption key missing."""
    blob = bytes(case.person.family_name)
    wrapped = bytes(DataKey.objects.get(pk=case.subject).wrapped)
    place = {"subject": case.subject, "label": "people.Person.family_name", "row_id": case.person_id}
    for guess in (wrapped[13:45], wrapped[-32:], blob[13:45], case.subject.bytes * 2):
        with pytest.raises(crypto.CannotOpen):
            crypto.open_sealed(guess, blob, **place)


def test_lengths_tell_nothing_about_names(cast, case: Case) -> None:
    lengths = set()
    for name in ("Ly", "Sok", "Nguyen Thi Phuong Anh", "សុខា ដារ៉ា"):
        vault.seal_fields(case.person, family_name=name)
        lengths.add(len(case.person.family_name))
    assert len(lengths) == 1
