"""Signed checkpoints of the log as C2SP notes (tlog-checkpoint, signed-note), with Ed25519.

Pure but for the key's file. When a checkpoint is made stands in sequencer.py; what it proves in verify.py.
The algorithm's number is part of every key and signature, so that another one can join without a new format.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from spean.privacy.crypto import KeyFileError, read_private_file, write_private_file

ED25519 = 1
COSIGNATURE = 4  # tlog-cosignature: a witness's, with a time of its own
TIME_LINE = "time "


class BadCheckpoint(Exception):
    """A checkpoint is damaged, or not signed by the key that was asked for."""


def _key_hash(name: str, algorithm: int, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:4]


@dataclass(frozen=True)
class Verifier:
    name: str
    public: bytes
    algorithm: int = ED25519

    @property
    def key_hash(self) -> bytes:
        return _key_hash(self.name, self.algorithm, self.public)

    def __str__(self) -> str:
        encoded = base64.b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.name}+{self.key_hash.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str, algorithm: int = ED25519) -> "Verifier":
        try:
            name, key_hash, encoded = text.strip().split("+", 2)
            raw = base64.b64decode(encoded, validate=True)
        except ValueError:
            raise BadCheckpoint("A log key looks like name+hash+key, as printed by the server.") from None
        if len(raw) != 33 or raw[0] != algorithm:
            raise BadCheckpoint("This log key uses an algorithm that is not known here.")
        verifier = cls(name, raw[1:], raw[0])
        if verifier.key_hash.hex() != key_hash:
            raise BadCheckpoint("This log key is damaged: its hash does not fit.")
        return verifier


@dataclass(frozen=True)
class Signer:
    name: str
    private: Ed25519PrivateKey

    @property
    def verifier(self) -> Verifier:
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return Verifier(self.name, raw)

    def sign(self, body: str) -> str:
        signature = self.verifier.key_hash + self.private.sign(body.encode())
        return f"{body}\n— {self.name} {base64.b64encode(signature).decode()}\n"


def create_signing_key(path: Path, name: str) -> Signer:
    private = Ed25519PrivateKey.generate()
    write_private_file(path, private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
    return Signer(name, private)


def load_signing_key(path: Path, name: str) -> Signer:
    raw = read_private_file(path)
    if len(raw) != 32:
        raise KeyFileError(f"{path} holds {len(raw)} bytes; a log key has 32. Restore it from its copy.")
    return Signer(name, Ed25519PrivateKey.from_private_bytes(raw))


@dataclass(frozen=True)
class Head:
    """What a checkpoint says: the log's name, how many rows, their root, and when it was signed."""

    origin: str
    size: int
    root: bytes
    time: datetime

    def body(self) -> str:
        root = base64.b64encode(self.root).decode()
        time = self.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{self.origin}\n{self.size}\n{root}\n{TIME_LINE}{time}\n"

    @classmethod
    def parse(cls, body: str) -> "Head":
        lines = body.split("\n")
        try:
            origin, size, root = lines[0], lines[1], base64.b64decode(lines[2], validate=True)
            if not size.isdecimal() or str(int(size)) != size or len(root) != 32 or not origin:
                raise ValueError
            time = next(line.removeprefix(TIME_LINE) for line in lines[3:] if line.startswith(TIME_LINE))
            return cls(origin, int(size), root, datetime.strptime(time, "%Y-%m-%dT%H:%M:%S%z"))
        except (IndexError, ValueError, StopIteration):
            raise BadCheckpoint("This is not a checkpoint: origin, size, root and time must be there.") from None


def verify(note: str, verifier: Verifier) -> Head:
    """The head of a checkpoint, if this key signed it. Signatures of others (witnesses) are passed over."""
    return Head.parse(signed_text(note, verifier))


def signed_text(note: str, verifier: Verifier) -> str:
    """The text of a note, if this key signed it. What it says is the caller's business; no two kinds look alike."""
    body, separator, signatures = note.rpartition("\n\n")
    if not separator:
        raise BadCheckpoint("This is not a signed note.")
    body += "\n"
    for raw in signature_of(signatures, verifier):
        try:
            Ed25519PublicKey.from_public_bytes(verifier.public).verify(raw, body.encode())
        except InvalidSignature:
            raise BadCheckpoint("The signature does not fit the checkpoint.") from None
        return body
    raise BadCheckpoint(f"The checkpoint carries no signature of {verifier.name}.")


def signature_of(signatures: str, verifier: Verifier) -> Iterator[bytes]:
    """The signatures below a note that claim to be this key's; whether they are is the caller's to prove."""
    for line in signatures.splitlines():
        mark, _, rest = line.partition(" ")
        name, _, encoded = rest.rpartition(" ")
        if mark != "—" or name != verifier.name:
            continue
        try:
            raw = base64.b64decode(encoded, validate=True)
        except ValueError:
            continue
        if raw[:4] == verifier.key_hash:
            yield raw[4:]
