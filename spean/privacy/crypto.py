"""Sealing and opening of bytes: AES-256-GCM, padding, wrapping of data keys, the key-encryption key's file.

Pure functions over bytes. No database, no settings, no policy: which key belongs to whom is the vault's
business (vault.py), who may read is decided at the door (doors.py).
"""

import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = 1
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
SHORT_STEP = 64
LONG_STEP = 256
CHUNK = 64 * 1024
OVERHEAD = 1 + NONCE_BYTES + TAG_BYTES


class CannotOpen(Exception):
    """The bytes are not what was sealed for this person, field and row. The message never holds content."""


class KeyFileError(Exception):
    """A key file is missing, open to others, or not a key. The message names the file and what to do."""


def _bind(*parts: bytes) -> bytes:
    # Length prefixes, so that ("ab", "c") and ("a", "bc") can never bind to the same bytes.
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def pad(data: bytes, step: int) -> bytes:
    """ISO/IEC 7816-4: one 0x80, then zeros up to the step. Always at least one byte, so never ambiguous."""
    return data + b"\x80" + b"\x00" * (-(len(data) + 1) % step)


def unpad(data: bytes) -> bytes:
    stripped = data.rstrip(b"\x00")
    if not stripped.endswith(b"\x80"):
        raise CannotOpen("The padding of a sealed field is damaged.")
    return stripped[:-1]


def new_key() -> bytes:
    return AESGCM.generate_key(bit_length=KEY_BYTES * 8)


def _sealed_under(subject: UUID, label: str, row_id: UUID, version: int) -> bytes:
    return _bind(b"spean sealed field", subject.bytes, label.encode(), row_id.bytes, bytes([version]))


def seal(key: bytes, text: str, *, subject: UUID, label: str, row_id: UUID, long: bool = False) -> bytes:
    """version(1) ‖ nonce(12) ‖ ciphertext, bound to the person, the field, the row and the format."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    padded = pad(text.encode(), LONG_STEP if long else SHORT_STEP)
    sealed = AESGCM(key).encrypt(nonce, padded, _sealed_under(subject, label, row_id, FORMAT))
    return bytes([FORMAT]) + nonce + sealed


def open_sealed(key: bytes, blob: bytes, *, subject: UUID, label: str, row_id: UUID) -> str:
    if not looks_sealed(blob):
        raise CannotOpen("These bytes are not a sealed field of a known format.")
    nonce, sealed = blob[1 : 1 + NONCE_BYTES], blob[1 + NONCE_BYTES :]
    try:
        padded = AESGCM(key).decrypt(nonce, sealed, _sealed_under(subject, label, row_id, blob[0]))
    except InvalidTag:
        raise CannotOpen("A sealed field was altered, moved, or sealed under another key.") from None
    return unpad(padded).decode()


def looks_sealed(blob: bytes) -> bool:
    """Shape only: known format and a length that padding can give. Says nothing about the key."""
    return len(blob) >= OVERHEAD + SHORT_STEP and blob[0] == FORMAT and (len(blob) - OVERHEAD) % SHORT_STEP == 0


# Files, in chunks of one size


def _chunk_under(subject: UUID, label: str, row_id: UUID, index: int, count: int, version: int) -> bytes:
    place = index.to_bytes(4, "big") + count.to_bytes(4, "big")
    return _bind(b"spean sealed file", subject.bytes, label.encode(), row_id.bytes, place, bytes([version]))


def seal_file(key: bytes, data: bytes, *, subject: UUID, label: str, row_id: UUID) -> tuple[bytes, int]:
    """The sealed file and its number of chunks. All chunks are equally long: only the number tells of the size.

    Each is bound to its place and to the number of all: none can be left out, added or moved.
    """
    starts = range(0, len(data), CHUNK - 1) or range(1)  # of an empty file one empty chunk
    sealed = []
    for index, start in enumerate(starts):
        nonce = secrets.token_bytes(NONCE_BYTES)
        bound = _chunk_under(subject, label, row_id, index, len(starts), FORMAT)
        part = pad(data[start : start + CHUNK - 1], CHUNK)
        sealed.append(bytes([FORMAT]) + nonce + AESGCM(key).encrypt(nonce, part, bound))
    return b"".join(sealed), len(starts)


def open_file(key: bytes, blob: bytes, *, count: int, subject: UUID, label: str, row_id: UUID) -> bytes:
    record = OVERHEAD + CHUNK
    if count < 1 or len(blob) != count * record:
        raise CannotOpen("A sealed file is shorter or longer than it was.")
    parts = []
    for index in range(count):
        chunk = blob[index * record : (index + 1) * record]
        bound = _chunk_under(subject, label, row_id, index, count, chunk[0])
        try:
            padded = AESGCM(key).decrypt(chunk[1 : 1 + NONCE_BYTES], chunk[1 + NONCE_BYTES :], bound)
        except InvalidTag:
            raise CannotOpen("A sealed file was altered, moved, or sealed under another key.") from None
        parts.append(unpad(padded))
    return b"".join(parts)


# Data keys under the key-encryption key


def key_id(kek: bytes) -> str:
    """Names a key-encryption key without telling anything about it; kept beside each wrapped data key."""
    return hmac.new(kek, b"spean key-encryption key id", hashlib.sha256).hexdigest()[:16]


def wrap(kek: bytes, data_key: bytes, *, subject: UUID) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    bound = _bind(b"spean data key", subject.bytes, key_id(kek).encode(), bytes([FORMAT]))
    return bytes([FORMAT]) + nonce + AESGCM(kek).encrypt(nonce, data_key, bound)


def unwrap(kek: bytes, wrapped: bytes, *, subject: UUID, kek_id: str) -> bytes:
    if len(wrapped) != OVERHEAD + KEY_BYTES or wrapped[0] != FORMAT:
        raise CannotOpen("A wrapped data key has an unknown format.")
    bound = _bind(b"spean data key", subject.bytes, kek_id.encode(), bytes([wrapped[0]]))
    try:
        return AESGCM(kek).decrypt(wrapped[1 : 1 + NONCE_BYTES], wrapped[1 + NONCE_BYTES :], bound)
    except InvalidTag:
        raise CannotOpen("A wrapped data key was altered, moved, or wrapped by another key-encryption key.") from None


# Key files


def create_key_file(path: Path) -> bytes:
    """Writes a new random key, mode 0600, whole or not at all; refuses to replace an existing file."""
    key = new_key()
    write_private_file(path, key)
    return key


def write_private_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # link, not rename: two processes starting together must end with one key, never with one lost.
        os.link(draft, path)
    except FileExistsError:
        raise KeyFileError(f"{path} already exists: a key is never replaced by writing over it.") from None
    finally:
        os.unlink(draft)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def read_private_file(path: Path) -> bytes:
    """The bytes of a file that only its owner may read; anything else is refused with what to do."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise KeyFileError(f"There is no key file at {path}. Restore it; without it nothing opens.") from None
    except PermissionError:
        raise KeyFileError(f"{path} cannot be read by this user. It must belong to it, mode 0600.") from None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise KeyFileError(f"{path} is not a file.")
        if mode & 0o077:
            raise KeyFileError(f"{path} is open to other users. Run: chmod 600 {path}")
        return os.read(handle, 65536)
    finally:
        os.close(handle)


def load_key_file(path: Path) -> bytes:
    key = read_private_file(path)
    if len(key) != KEY_BYTES:
        raise KeyFileError(f"{path} holds {len(key)} bytes; a key has {KEY_BYTES}. Restore it from its copy.")
    return key
