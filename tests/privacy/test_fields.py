"""A sealed column takes ciphertext, and shows it to nobody."""

import pickle
from uuid import uuid4

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.db import models

from spean.people.models import Person
from spean.privacy import crypto
from spean.privacy.fields import Ciphertext, SealedField, sealed_fields, unclassified

BLOB = crypto.seal(crypto.new_key(), "Sokha", subject=uuid4(), label="x", row_id=uuid4())
FIELD = Person._meta.get_field("family_name")


@pytest.mark.parametrize(
    "value",
    ["Sokha", "", 7, b"Sokha", b"", bytes([2]) + BLOB[1:], BLOB[:-1], ["Sokha"]],
    # Ciphertext differs in every process, and parallel runs compare the names of tests.
    ids=["text", "no text", "number", "bytes", "no bytes", "other version", "cut", "list"],
)
def test_anything_but_ciphertext_is_refused_without_being_repeated(value: object) -> None:
    with pytest.raises(TypeError, match="takes sealed bytes") as refusal:
        FIELD.get_db_prep_save(value, connection=None)
    assert "Sokha" not in str(refusal.value)
    with pytest.raises(ValidationError):
        FIELD.to_python(value)


def test_ciphertext_passes() -> None:
    assert FIELD.get_prep_value(BLOB) == BLOB
    assert FIELD.get_prep_value(None) is None
    assert FIELD.to_python(memoryview(BLOB)) == BLOB


def test_what_comes_from_the_database_prints_as_a_placeholder() -> None:
    value = FIELD.from_db_value(memoryview(BLOB), None, None)
    assert isinstance(value, Ciphertext)
    assert f"{value} {value!r} {value!s:>10}" == "<sealed> <sealed>   <sealed>"
    assert repr([value]) == "[<sealed>]"
    assert pickle.loads(pickle.dumps(value)) == BLOB  # noqa: S301


def test_a_sealed_field_cannot_be_searched() -> None:
    with pytest.raises(FieldError, match="nothing else"):
        Person.objects.filter(family_name=BLOB)
    with pytest.raises(FieldError):
        Person.objects.filter(family_name__contains=BLOB)
    assert "IS NULL" in str(Person.objects.filter(family_name__isnull=True).query)


def test_no_form_offers_it() -> None:
    assert FIELD.formfield() is None


def test_migrations_keep_section_and_length() -> None:
    _, path, _, kwargs = SealedField(section="narrative", long=True).deconstruct()
    assert path == "spean.privacy.fields.SealedField"
    assert kwargs["section"] == "narrative"
    assert kwargs["long"] is True


def test_privacy_class_learns_its_sealed_fields() -> None:
    assert Person.Privacy.sealed["family_name"] == "identity"
    assert set(Person.Privacy.sealed) == set(sealed_fields(Person))


def test_a_field_that_nobody_classified_is_named() -> None:
    class Unclear(models.Model):
        name = SealedField()
        twice = models.CharField()
        forgotten = models.CharField()

        class Meta:
            app_label = "privacy_test"

        class Privacy:
            coded = ("twice",)
            plain = ("id", "twice", "gone")

    assert unclassified(Unclear) == ["twice", "forgotten", "gone"]
