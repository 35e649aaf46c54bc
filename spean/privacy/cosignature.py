"""A witness's signature under a checkpoint: C2SP's tlog-cosignature, version 1, with Ed25519.

Pure, so that an auditor's machine needs nothing else. Who asks whom, and when, stands in witness.py.
"""

import base64
import struct
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from spean.privacy.checkpoint import COSIGNATURE, Verifier, signature_of


@dataclass(frozen=True)
class Cosigner:
    """The key with which this server witnesses. Made from the log's key, so that there is no second file to lose."""

    name: str
    private: Ed25519PrivateKey

    @property
    def verifier(self) -> Verifier:
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return Verifier(self.name, raw, COSIGNATURE)

    def line(self, body: str, at: datetime) -> str:
        seconds = int(at.timestamp())
        signature = self.private.sign(_cosigned(body, seconds))
        encoded = base64.b64encode(self.verifier.key_hash + struct.pack(">Q", seconds) + signature).decode()
        return f"— {self.name} {encoded}\n"


def _cosigned(body: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{body}".encode()


def cosigned_at(note: str, witness: Verifier) -> datetime | None:
    """When this witness signed the note; None where it did not."""
    body, _, signatures = note.rpartition("\n\n")
    for raw in signature_of(signatures, witness):
        if len(raw) != 8 + 64:
            continue
        seconds = struct.unpack(">Q", raw[:8])[0]
        try:
            Ed25519PublicKey.from_public_bytes(witness.public).verify(raw[8:], _cosigned(f"{body}\n", seconds))
            return datetime.fromtimestamp(seconds, UTC)
        except (InvalidSignature, OverflowError, ValueError, OSError):
            continue
    return None
