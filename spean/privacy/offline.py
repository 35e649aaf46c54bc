"""Encryption to a key that is not here: the server seals with a public key and cannot open what it sealed.

The files are age files (https://age-encryption.org), so that a backup can be opened without Spean. What is sealed
and when is the caller's business; keys of persons are the vault's.
"""

from pathlib import Path
from typing import Protocol

import pyrage
from pyrage import x25519

from spean.privacy.crypto import read_private_file, write_private_file

PUBLIC = "age1"
PRIVATE = "AGE-SECRET-KEY-1"


class Reader(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Writer(Protocol):
    def write(self, data: bytes, /) -> int: ...

    def flush(self) -> None: ...


class OfflineKeyError(Exception):
    """A key file does not hold what it should. The message names the file and never its content."""


class NotSealedForThisKey(Exception):
    """The bytes were altered, cut off, or sealed to another key: nothing of them may be used."""


def create_key_pair(path: Path) -> str:
    """Write a new private key to `path` (mode 0600, never over another) and return the public key."""
    private = x25519.Identity.generate()
    public = str(private.to_public())
    heading = "# Offline key of Spean. Keep it away from the server: whoever has it opens every backup."
    write_private_file(path, f"{heading}\n# public key: {public}\n{private}\n".encode())
    return public


def public_key(path: Path) -> str:
    """The public key in a file that may hold comments beside it."""
    try:
        lines = path.read_text().split()
    except (OSError, UnicodeDecodeError):
        raise OfflineKeyError(f"{path} cannot be read as a file with a public key.") from None
    if any(line.startswith(PRIVATE) for line in lines):
        raise OfflineKeyError(f"{path} holds a private key. It must not be on this machine: only the public one may.")
    found = [line for line in lines if line.startswith(PUBLIC)]
    if len(found) != 1:
        raise OfflineKeyError(f"{path} should hold one public key, which begins with {PUBLIC}.")
    _recipient(found[0])
    return found[0]


def _recipient(public: str) -> x25519.Recipient:
    try:
        return x25519.Recipient.from_str(public)
    except pyrage.RecipientError:
        raise OfflineKeyError("This is not a public key of age.") from None


def is_public_key(text: str) -> bool:
    """Whether something can be sealed to this text."""
    try:
        _recipient(text)
    except OfflineKeyError:
        return False
    return text.startswith(PUBLIC)


def private_key(path: Path) -> x25519.Identity:
    lines = read_private_file(path).decode(errors="replace").split()
    found = [line for line in lines if line.startswith(PRIVATE)]
    if len(found) != 1:
        raise OfflineKeyError(f"{path} should hold one private key, which begins with {PRIVATE}.")
    try:
        return x25519.Identity.from_str(found[0])
    except pyrage.IdentityError:
        raise OfflineKeyError(f"{path} holds a damaged private key. Take its copy.") from None


def encrypt(source: Reader, target: Writer, public: str) -> None:
    """Seal a stream, in pieces of 64 KiB that are bound to their order and to the end."""
    try:
        pyrage.encrypt_io(source, target, [_recipient(public)])
    except pyrage.EncryptError as fault:
        # What the library says of a reader or writer that failed, a full disk for example.
        raise OSError(str(fault)) from None


def decrypt(source: Reader, target: Writer, private: x25519.Identity) -> None:
    """Open a stream. Pieces are written as they prove right: on a fault the caller throws away what was written."""
    try:
        pyrage.decrypt_io(source, target, [private])
    except pyrage.DecryptError:
        raise NotSealedForThisKey("The file was altered, cut off, or sealed to another key.") from None
    except OSError as fault:
        if fault.errno:  # the disk, not the file
            raise
        raise NotSealedForThisKey("The file was altered, cut off, or sealed to another key.") from None


class WrongPassphrase(Exception):
    """The passphrase is another one, or the file was altered."""


def lock(content: bytes, passphrase: str) -> bytes:
    """An armoured age file under a passphrase: scrypt at the cost that takes this machine a second (N 2^17 and more)."""
    return pyrage.passphrase.encrypt(content, passphrase, armored=True)


def unlock(locked: bytes, passphrase: str) -> bytes:
    try:
        return pyrage.passphrase.decrypt(locked, passphrase)
    except pyrage.DecryptError:
        raise WrongPassphrase from None


def is_locked(content: bytes) -> bool:
    return content.startswith(b"-----BEGIN AGE ENCRYPTED FILE-----")
