"""Data keys: one per person, apart from the records, destroyed for good."""

from uuid import uuid4

import pytest
from django.conf import settings
from django.db import DatabaseError, connections, transaction

from spean.cases.models import Case
from spean.people.models import Person
from spean.privacy import crypto, vault
from spean.privacy.keyvault.models import DataKey
from spean.privacy.models import Event

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def sealed_of(person: Person, field: str) -> vault.Sealed:
    label = vault.label_of(Person, field)
    return vault.Sealed(person.subject, label, person.pk, getattr(person, field))


def test_a_saved_person_opens_again(case: Case) -> None:
    person = Person.objects.get(pk=case.person_id)
    opened = vault.open_sealed([sealed_of(person, "family_name"), sealed_of(person, "address")])
    assert [row.text for row in opened] == ["Canaryfamily", None]
    assert not any(row.erased for row in opened)


def test_ciphertext_copied_to_another_person_or_field_does_not_open(cast, case: Case) -> None:
    from tests.privacy.conftest import make_case

    hers, other = case.person, make_case(cast).person
    other.family_name = hers.family_name
    with pytest.raises(crypto.CannotOpen):
        vault.open_sealed([sealed_of(other, "family_name")])
    hers.given_name = hers.family_name
    with pytest.raises(crypto.CannotOpen):
        vault.open_sealed([sealed_of(hers, "given_name")])


def test_plaintext_cannot_be_saved_by_mistake(case: Case) -> None:
    person = case.person
    person.family_name = "Canaryfamily"
    with pytest.raises(TypeError, match="seal first"):
        person.save()
    with pytest.raises(TypeError):
        Person.objects.filter(pk=person.pk).update(family_name="Canaryfamily")
    with pytest.raises(TypeError):
        Person.objects.bulk_update([person], ["family_name"])


def test_empty_text_is_kept_as_nothing(case: Case) -> None:
    vault.seal_fields(case.person, family_name="", given_name=None)
    assert (case.person.family_name, case.person.given_name) == (None, None)


def test_only_sealed_fields_can_be_sealed(case: Case) -> None:
    with pytest.raises(ValueError, match="no sealed field code"):
        vault.seal_fields(case.person, code="x")


def test_printing_a_person_shows_no_ciphertext(case: Case) -> None:
    assert repr(case.person.family_name) == "<sealed>"
    assert "sealed" in repr(Person.objects.values("family_name").get(pk=case.person.pk))


def test_a_second_key_for_the_same_person_is_refused(case: Case) -> None:
    before = DataKey.objects.get(pk=case.subject).wrapped
    with pytest.raises(vault.KeyExists):
        vault.create_key(case.subject)
    assert DataKey.objects.get(pk=case.subject).wrapped == before


def test_without_a_key_nothing_is_sealed_or_opened(case: Case) -> None:
    with pytest.raises(vault.NoKey):
        vault.seal(uuid4(), "people.Person.family_name", uuid4(), "Sokha")
    with pytest.raises(vault.NoKey):
        vault.open_sealed([vault.Sealed(uuid4(), "x", uuid4(), case.person.family_name)])


def test_many_persons_need_one_query(cast, django_assert_num_queries) -> None:
    from tests.privacy.conftest import make_case

    people = [make_case(cast).person for _ in range(5)]
    with django_assert_num_queries(1, connection=connections["keys"]):
        opened = vault.open_sealed([sealed_of(person, "family_name") for person in people])
    assert {row.text for row in opened} == {"Canaryfamily"}


class TestDestroying:
    def test_leaves_a_proof_and_nothing_readable(self, case: Case) -> None:
        vault.destroy_key(case.subject)
        row = DataKey.objects.get(pk=case.subject)
        assert row.wrapped is None
        assert row.destroyed_at is not None
        assert vault.is_destroyed(case.subject)
        assert vault.open_sealed([sealed_of(case.person, "family_name")]) == [vault.Opened(None, erased=True)]
        with pytest.raises(vault.KeyDestroyed):
            vault.seal_fields(case.person, family_name="again")

    def test_twice_keeps_the_first_time(self, case: Case) -> None:
        vault.destroy_key(case.subject)
        first = DataKey.objects.get(pk=case.subject).destroyed_at
        vault.destroy_key(case.subject)
        assert DataKey.objects.get(pk=case.subject).destroyed_at == first

    def test_of_nobody_is_refused(self) -> None:
        with pytest.raises(vault.NoKey):
            vault.destroy_key(uuid4())

    def test_cannot_be_undone(self, case: Case) -> None:
        kept = DataKey.objects.get(pk=case.subject).wrapped
        vault.destroy_key(case.subject)
        with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic(using="keys"):
            DataKey.objects.filter(pk=case.subject).update(wrapped=kept, destroyed_at=None)
        with pytest.raises(vault.KeyExists):
            vault.create_key(case.subject)


def test_a_key_row_can_be_removed_by_nobody(case: Case) -> None:
    # The application lacks the right; were it given, the trigger would still refuse.
    with pytest.raises(DatabaseError), transaction.atomic(using="keys"):
        DataKey.objects.filter(pk=case.subject).delete()


def test_keys_and_records_never_share_a_database() -> None:
    assert connections["default"].settings_dict["NAME"] != connections["keys"].settings_dict["NAME"]
    assert "keyvault_datakey" not in connections["default"].introspection.table_names()
    tables = set(connections["keys"].introspection.table_names())
    assert "keyvault_datakey" in tables
    assert not {name for name in tables if name.startswith(("people_", "cases_", "privacy_", "access_"))}
    assert DataKey.objects.all().db == "keys"
    assert Event.objects.all().db == "default"


def test_another_key_encryption_key_says_which_one_is_missing(case: Case, tmp_path, settings) -> None:
    used = settings.SPEAN_KEK_FILE
    settings.SPEAN_KEK_FILE = tmp_path / "kek"
    crypto.create_key_file(settings.SPEAN_KEK_FILE)
    with pytest.raises(crypto.KeyFileError, match="Restore that key's file"):
        vault.open_sealed([sealed_of(case.person, "family_name")])
    # While a rotation runs, both are known: old keys open, new ones are wrapped by the new key.
    settings.SPEAN_EARLIER_KEK_FILES = [used]
    assert vault.open_sealed([sealed_of(case.person, "family_name")])[0].text == "Canaryfamily"
    subject = uuid4()
    vault.create_key(subject)
    assert DataKey.objects.get(pk=subject).kek_id == crypto.key_id(crypto.load_key_file(settings.SPEAN_KEK_FILE))


def test_the_key_encryption_key_is_not_in_a_database() -> None:
    kek = crypto.load_key_file(settings.SPEAN_KEK_FILE)
    row = DataKey(subject=uuid4())
    vault.create_key(row.subject)
    wrapped = bytes(DataKey.objects.get(pk=row.subject).wrapped)
    assert kek not in wrapped
    assert len(wrapped) == crypto.OVERHEAD + crypto.KEY_BYTES
