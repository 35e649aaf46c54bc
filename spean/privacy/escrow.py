"""The key-encryption key in the hands of three custodians, any two of whom recover it.

For each pair of custodians the key is sealed to the one and the result to the other: nested sealed boxes of known
parts (X25519, HKDF-SHA256, AES-256-GCM) and no mathematics of our own. One custodian alone opens an outer box and
finds another one. Pure but for files; the commands stand in escrow_commands.py.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from spean.privacy import crypto, offline

CUSTODIANS = 3
NEEDED = 2
PREFIX = "spean-custodian-1:"
FORMAT = "spean escrow 1"


class BadEscrow(Exception):
    """An escrow, a custodian's key, or the two together do not give the key. The message says which and why."""


# --- a custodian's pair ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Custodian:
    """The public half: what the operator keeps of a custodian."""

    public: bytes

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(b"spean custodian" + self.public).hexdigest()[:16]

    def __str__(self) -> str:
        return f"{PREFIX}{self.fingerprint}:{base64.urlsafe_b64encode(self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "Custodian":
        line = text.strip()
        try:
            if not line.startswith(PREFIX):
                raise ValueError
            fingerprint, encoded = line.removeprefix(PREFIX).split(":")
            public = base64.b64decode(encoded, altchars=b"-_", validate=True)
        except ValueError:
            raise BadEscrow(f"A custodian's public key is one line that begins with {PREFIX}") from None
        found = cls(public)
        if len(public) != 32 or found.fingerprint != fingerprint:
            raise BadEscrow("This custodian's public key is damaged: its fingerprint does not fit.")
        return found


def new_custodian(path: Path, passphrase: str = "") -> Custodian:
    """Make a pair. The private half goes into a file that is never replaced, mode 0600; the public half comes back."""
    private = X25519PrivateKey.generate()
    text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # Not PKCS 8's own lock: its 2,048 rounds are soon tried through by whoever finds the file.
    crypto.write_private_file(path, offline.lock(text, passphrase) if passphrase else text)
    return _custodian_of(private)


def read_private(path: Path, passphrase: str = "") -> X25519PrivateKey:
    """A custodian's private key. A wrong passphrase and a damaged file are told in plain words."""
    text = crypto.read_private_file(path)
    if offline.is_locked(text):
        if not passphrase:
            raise BadEscrow(f"{path} is locked with a passphrase.")
        try:
            text, passphrase = offline.unlock(text, passphrase), ""
        except offline.WrongPassphrase:
            raise BadEscrow(f"{path} does not open: wrong passphrase, or not a custodian's key.") from None
    try:
        found = load_pem_private_key(text, passphrase.encode() if passphrase else None)
    except TypeError:
        if passphrase:  # the file has none: it opens without
            found = load_pem_private_key(text, None)
        else:
            raise BadEscrow(f"{path} is locked with a passphrase.") from None
    except ValueError:
        raise BadEscrow(f"{path} does not open: wrong passphrase, or not a custodian's key.") from None
    if not isinstance(found, X25519PrivateKey):
        raise BadEscrow(f"{path} is not a custodian's key.")
    return found


def is_locked(path: Path) -> bool:
    """Whether a private key asks for a passphrase."""
    return b"ENCRYPTED" in crypto.read_private_file(path)


def _custodian_of(private: X25519PrivateKey) -> Custodian:
    return Custodian(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


# --- sealed boxes ------------------------------------------------------------------------------------------


def seal_box(content: bytes, to: Custodian, bound: bytes) -> bytes:
    """ephemeral public key(32) ‖ AES-256-GCM: only the private half of `to` opens it, and only for `bound`."""
    ephemeral = X25519PrivateKey.generate()
    public = ephemeral.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(to.public))
    # The key is used once, hence a fixed nonce.
    return public + AESGCM(_box_key(shared, public, to)).encrypt(bytes(crypto.NONCE_BYTES), content, bound)


def open_box(box: bytes, private: X25519PrivateKey, bound: bytes) -> bytes:
    public, sealed = box[:32], box[32:]
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(public))
        key = _box_key(shared, public, _custodian_of(private))
        return AESGCM(key).decrypt(bytes(crypto.NONCE_BYTES), sealed, bound)
    except (InvalidTag, ValueError):
        raise BadEscrow("The escrow was altered, or is not for this custodian.") from None


def _box_key(shared: bytes, ephemeral: bytes, to: Custodian) -> bytes:
    info = b"spean escrow box" + ephemeral + to.public
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(shared)


# --- escrow and recovery -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Escrow:
    """The key, nested once for each pair of custodians: `boxes` by (outer, inner) fingerprints."""

    kek_id: str
    custodians: tuple[Custodian, ...]
    boxes: dict[tuple[str, str], bytes]

    def text(self) -> str:
        """As a file. Opens nothing by itself and may be copied anywhere."""
        return json.dumps(
            {
                "format": FORMAT,
                "kek_id": self.kek_id,
                "needed": NEEDED,
                "custodians": [str(one) for one in self.custodians],
                "boxes": [
                    {"pair": list(pair), "box": base64.b64encode(box).decode()} for pair, box in self.boxes.items()
                ],
            },
            indent=1,
        )

    @classmethod
    def parse(cls, text: str) -> "Escrow":
        try:
            raw: dict[str, Any] = json.loads(text)
            if raw["format"] != FORMAT:
                raise BadEscrow("This escrow has a format that is not known here.")
            boxes = {
                (str(one["pair"][0]), str(one["pair"][1])): base64.b64decode(one["box"], validate=True)
                for one in raw["boxes"]
            }
            return cls(str(raw["kek_id"]), tuple(Custodian.parse(one) for one in raw["custodians"]), boxes)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            raise BadEscrow("This is not an escrow, or it is damaged.") from None


def escrow(kek: bytes, custodians: Sequence[Custodian]) -> Escrow:
    """Nest the key for every pair of three different custodians."""
    if len({one.public for one in custodians}) != CUSTODIANS or len(custodians) != CUSTODIANS:
        raise BadEscrow(f"An escrow needs {CUSTODIANS} different custodians.")
    kek_id = crypto.key_id(kek)
    boxes = {}
    for outer, inner in combinations(custodians, NEEDED):
        within = seal_box(kek, inner, _bound(kek_id, outer, inner, "inner"))
        boxes[outer.fingerprint, inner.fingerprint] = seal_box(within, outer, _bound(kek_id, outer, inner, "outer"))
    return Escrow(kek_id, tuple(custodians), boxes)


def recover(found: Escrow, privates: Sequence[X25519PrivateKey]) -> bytes:
    """The key, from two custodians in any order."""
    by_name = {_custodian_of(private).fingerprint: private for private in privates}
    known = {one.fingerprint: one for one in found.custodians}
    strangers = by_name.keys() - known.keys()
    if strangers:
        raise BadEscrow(f"{len(strangers)} of these keys belong to no custodian of this escrow.")
    if len(by_name) < NEEDED:
        raise BadEscrow(f"{NEEDED} different custodians are needed; {len(by_name)} came.")
    pair = next((pair for pair in found.boxes if set(pair) <= by_name.keys()), None)
    if pair is None:
        raise BadEscrow("This escrow holds no box for these custodians: it is damaged.")
    outer, inner = pair
    names = (known[outer], known[inner])
    within = open_box(found.boxes[pair], by_name[outer], _bound(found.kek_id, *names, "outer"))
    kek = open_box(within, by_name[inner], _bound(found.kek_id, *names, "inner"))
    if crypto.key_id(kek) != found.kek_id:
        raise BadEscrow("The escrow holds another key than it says.")
    return kek


def _bound(kek_id: str, outer: Custodian, inner: Custodian, layer: str) -> bytes:
    return b"\x00".join([FORMAT.encode(), kek_id.encode(), outer.public, inner.public, layer.encode()])
