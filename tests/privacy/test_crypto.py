"""Sealed bytes: what opens, what never does, and what length gives away."""

import os
import stat
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spean.privacy import crypto

KEY = crypto.new_key()
HERS = {"subject": uuid4(), "label": "people.Person.family_name", "row_id": uuid4()}


@given(st.text(max_size=600), st.booleans())
def test_what_was_sealed_opens(text: str, long: bool) -> None:
    assert crypto.open_sealed(KEY, crypto.seal(KEY, text, **HERS, long=long), **HERS) == text


@given(st.text(max_size=100), st.text(max_size=100))
def test_padding_never_makes_two_texts_alike(one: str, other: str) -> None:
    a, b = crypto.pad(one.encode(), 64), crypto.pad(other.encode(), 64)
    assert (a == b) == (one == other)
    assert crypto.unpad(a) == one.encode()


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"subject": uuid4()},
        {"label": "people.Person.given_name"},
        {"row_id": uuid4()},
        # The same bytes differently divided must not open either.
        {"label": "people.Person.family_nam"},
    ],
)
def test_a_ciphertext_moved_elsewhere_does_not_open(elsewhere: dict) -> None:
    blob = crypto.seal(KEY, "Sokha", **HERS)
    with pytest.raises(crypto.CannotOpen):
        crypto.open_sealed(KEY, blob, **{**HERS, **elsewhere})


def test_another_key_does_not_open() -> None:
    with pytest.raises(crypto.CannotOpen):
        crypto.open_sealed(crypto.new_key(), crypto.seal(KEY, "Sokha", **HERS), **HERS)


def test_another_format_version_does_not_open() -> None:
    blob = crypto.seal(KEY, "Sokha", **HERS)
    with pytest.raises(crypto.CannotOpen):
        crypto.open_sealed(KEY, bytes([2]) + blob[1:], **HERS)


def test_the_version_is_bound_to_the_ciphertext(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a second format exists, a first-format text relabelled as second must not open."""
    blob = crypto.seal(KEY, "Sokha", **HERS)
    monkeypatch.setattr(crypto, "FORMAT", 2)
    with pytest.raises(crypto.CannotOpen):
        crypto.open_sealed(KEY, bytes([2]) + blob[1:], **HERS)


def test_any_changed_byte_is_noticed() -> None:
    blob = crypto.seal(KEY, "Sokha", **HERS)
    for at in range(len(blob)):
        for bit in (0x01, 0x80):
            broken = bytearray(blob)
            broken[at] ^= bit
            with pytest.raises(crypto.CannotOpen):
                crypto.open_sealed(KEY, bytes(broken), **HERS)


def test_any_missing_or_added_end_is_noticed() -> None:
    blob = crypto.seal(KEY, "Sokha", **HERS)
    for length in range(len(blob)):
        with pytest.raises(crypto.CannotOpen):
            crypto.open_sealed(KEY, blob[:length], **HERS)
    with pytest.raises(crypto.CannotOpen):
        crypto.open_sealed(KEY, blob + blob[-64:], **HERS)


def test_the_complaint_does_not_quote_the_text() -> None:
    blob = crypto.seal(KEY, "Sokha", **HERS)
    with pytest.raises(crypto.CannotOpen) as complaint:
        crypto.open_sealed(KEY, blob, **{**HERS, "row_id": uuid4()})
    assert "Sokha" not in repr(complaint.value)
    assert complaint.value.__cause__ is None


@pytest.mark.parametrize(("long", "step"), [(False, 64), (True, 256)])
def test_padding_hides_the_length(long: bool, step: int) -> None:
    lengths = {len(crypto.seal(KEY, "x" * n, **HERS, long=long)) for n in range(step)}
    assert lengths == {crypto.OVERHEAD + step}


def test_nonces_do_not_repeat() -> None:
    nonces = {crypto.seal(KEY, "Sokha", **HERS)[1:13] for _ in range(100_000)}
    assert len(nonces) == 100_000


def test_a_wrapped_key_opens_only_for_its_person_and_its_kek() -> None:
    kek, subject = crypto.new_key(), uuid4()
    wrapped = crypto.wrap(kek, KEY, subject=subject)
    name = crypto.key_id(kek)
    assert KEY not in wrapped
    assert crypto.unwrap(kek, wrapped, subject=subject, kek_id=name) == KEY
    other = crypto.new_key()
    for changed in (
        {"subject": uuid4(), "kek_id": name, "kek": kek},
        {"subject": subject, "kek_id": crypto.key_id(other), "kek": kek},
        {"subject": subject, "kek_id": name, "kek": other},
    ):
        with pytest.raises(crypto.CannotOpen):
            crypto.unwrap(changed["kek"], wrapped, subject=changed["subject"], kek_id=changed["kek_id"])
    with pytest.raises(crypto.CannotOpen):
        crypto.unwrap(kek, wrapped[:-1], subject=subject, kek_id=name)


class TestKeyFile:
    def test_is_private_from_the_start_and_loads(self, tmp_path) -> None:
        path = tmp_path / "keys" / "kek"
        key = crypto.create_key_file(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert crypto.load_key_file(path) == key
        assert os.listdir(path.parent) == ["kek"]

    def test_is_never_replaced(self, tmp_path) -> None:
        key = crypto.create_key_file(tmp_path / "kek")
        with pytest.raises(crypto.KeyFileError, match="already exists"):
            crypto.create_key_file(tmp_path / "kek")
        assert crypto.load_key_file(tmp_path / "kek") == key
        assert os.listdir(tmp_path) == ["kek"]

    def test_open_to_others_is_refused_with_the_remedy(self, tmp_path) -> None:
        path = tmp_path / "kek"
        crypto.create_key_file(path)
        path.chmod(0o640)
        with pytest.raises(crypto.KeyFileError, match="chmod 600"):
            crypto.load_key_file(path)

    def test_missing_short_or_strange_is_refused(self, tmp_path) -> None:
        with pytest.raises(crypto.KeyFileError, match="no key file"):
            crypto.load_key_file(tmp_path / "kek")
        crypto.write_private_file(tmp_path / "short", b"x" * 31)
        with pytest.raises(crypto.KeyFileError, match="31 bytes"):
            crypto.load_key_file(tmp_path / "short")
        with pytest.raises(crypto.KeyFileError, match="not a file"):
            crypto.load_key_file(tmp_path)
