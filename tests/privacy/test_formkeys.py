"""The key of the forms opens what was sealed for it on a phone, whole, and nothing else."""

import re
from uuid import uuid4

import pytest
from django.db import models

from spean.exchange import openrosa_actions as actions
from spean.exchange.openrosa_models import FormKey
from spean.people.models import Person
from spean.privacy import formkeys, vault
from spean.privacy.crypto import CannotOpen
from tests.exchange.collect import Form, Sealed, seal

pytestmark = pytest.mark.django_db(databases=["default", "keys"])
NUMBER = f"uuid:{uuid4()}"
XML = f"<data><meta><instanceID>{NUMBER}</instanceID></meta><a>Kanarie</a></data>".encode()


def sealed_for(key: FormKey, signed: bool = True) -> Sealed:
    form = Form("form", "1", f'<x base64RsaPublicKey="{key.public}"/>', {})
    return seal(form, XML, signed=signed)


def envelope(sealed: Sealed, **other: str) -> formkeys.Envelope:
    text = sealed.manifest.decode()
    (key,) = re.findall("<base64EncryptedKey>([^<]*)<", text)
    (signature,) = re.findall("<base64EncryptedElementSignature>([^<]*)<", text)
    said = {"form_id": "form", "version": "1", "instance_id": NUMBER, "key": key, "signature": signature, **other}
    return formkeys.Envelope(file=sealed.file, **said)


def opened(key: FormKey, one: formkeys.Envelope) -> bytes:
    return formkeys.open_envelope(key.pk, bytes(key.private or b""), one)


@pytest.mark.parametrize("signed", [True, False])
def test_a_form_opens_under_the_key_it_was_sealed_for(signed: bool) -> None:
    key = actions.form_key()
    assert opened(key, envelope(sealed_for(key, signed))) == XML


def test_another_key_does_not_open_it() -> None:
    key, other = actions._make_form_key(), actions._make_form_key()
    with pytest.raises(CannotOpen):
        opened(other, envelope(sealed_for(key)))


@pytest.mark.parametrize("field", ["form_id", "version", "instance_id"])
def test_what_the_signature_covers_cannot_be_changed(field: str) -> None:
    key = actions.form_key()
    with pytest.raises(CannotOpen):
        opened(key, envelope(sealed_for(key), **{field: "other"}))


@pytest.mark.parametrize("wrapped", ["", "AAAA", "not base64 …", "A" * 344])
def test_a_key_that_is_none_is_refused(wrapped: str) -> None:
    key = actions.form_key()
    with pytest.raises(CannotOpen):
        opened(key, envelope(sealed_for(key), key=wrapped))


def test_the_private_half_lies_sealed() -> None:
    key = actions.form_key()
    pair = formkeys.new_pair()
    assert isinstance(FormKey._meta.get_field("private"), models.BinaryField)
    assert b"MII" not in bytes(key.private or b"")
    assert pair.private not in repr(pair)


def test_no_other_sealed_text_opens_here() -> None:
    """A name sealed for a person is not handed out as a key."""
    person = Person(id=uuid4(), subject=uuid4())
    vault.create_key(person.subject)
    vault.seal_fields(person, family_name="Kanarie")
    key = actions.form_key()
    with pytest.raises((CannotOpen, vault.NoKey)):
        formkeys.open_envelope(person.pk, bytes(person.family_name or b""), envelope(sealed_for(key)))
