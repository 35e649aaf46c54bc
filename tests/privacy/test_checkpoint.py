"""Signed checkpoints: what their text is, and which signatures count."""

import base64
from datetime import UTC, datetime

import pytest

from spean.privacy.checkpoint import (
    BadCheckpoint,
    Head,
    Verifier,
    create_signing_key,
    load_signing_key,
    verify,
)
from spean.privacy.crypto import KeyFileError, write_private_file

HEAD = Head("spean/log", 7, b"\x07" * 32, datetime(2026, 3, 1, 8, 30, tzinfo=UTC))


@pytest.fixture
def signer(tmp_path):
    return create_signing_key(tmp_path / "log", "spean/log")


def test_the_text_is_a_tlog_checkpoint_and_a_signed_note(signer) -> None:
    note = signer.sign(HEAD.body())
    lines = note.split("\n")
    assert lines[:4] == ["spean/log", "7", base64.b64encode(b"\x07" * 32).decode(), "time 2026-03-01T08:30:00Z"]
    assert lines[4] == ""
    assert lines[5].startswith("— spean/log ")
    raw = base64.b64decode(lines[5].split(" ")[2])
    assert (raw[:4], len(raw)) == (signer.verifier.key_hash, 68)
    assert note.endswith("\n")
    assert verify(note, signer.verifier) == HEAD


def test_the_public_key_survives_being_written_down(signer) -> None:
    text = str(signer.verifier)
    assert Verifier.parse(f" {text}\n") == signer.verifier
    for broken in (text[:-4], text.replace("spean", "other"), "x+y", "", text.replace("+", "-", 1)):
        with pytest.raises(BadCheckpoint):
            Verifier.parse(broken)


def test_the_key_file_loads_again_and_must_be_private(signer, tmp_path) -> None:
    assert load_signing_key(tmp_path / "log", "spean/log").verifier == signer.verifier
    (tmp_path / "log").chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_signing_key(tmp_path / "log", "spean/log")
    write_private_file(tmp_path / "short", b"x")
    with pytest.raises(KeyFileError, match="1 bytes"):
        load_signing_key(tmp_path / "short", "spean/log")


@pytest.mark.parametrize("change", [("\n7\n", "\n8\n"), ("08:30", "09:30"), ("BwcH", "CwcH"), ("spean/log\n7", "x\n7")])
def test_a_changed_text_is_refused(signer, change) -> None:
    note = signer.sign(HEAD.body())
    assert change[0] in note
    with pytest.raises(BadCheckpoint):
        verify(note.replace(*change), signer.verifier)


def test_another_key_of_the_same_name_is_refused(signer, tmp_path) -> None:
    other = create_signing_key(tmp_path / "other", "spean/log")
    with pytest.raises(BadCheckpoint, match="no signature"):
        verify(other.sign(HEAD.body()), signer.verifier)


def test_signatures_of_witnesses_are_passed_over(signer, tmp_path) -> None:
    witness = create_signing_key(tmp_path / "witness", "witness.example")
    line = witness.sign(HEAD.body()).splitlines()[-1]
    assert verify(signer.sign(HEAD.body()) + line + "\n", signer.verifier) == HEAD


@pytest.mark.parametrize("body", ["", "spean/log\n07\nx\n", "spean/log\n7\nAAAA\ntime 2026-03-01T08:30:00Z\n"])
def test_a_signed_text_that_is_no_checkpoint_is_refused(signer, body) -> None:
    with pytest.raises(BadCheckpoint):
        verify(signer.sign(body), signer.verifier)
