"""The keys to which phones seal what was filled in, and the opening of it: ODK Collect's way, and our own app's.

Source: ODK XForms encryption specification (getodk.github.io/xforms-spec/encryption) and the behaviour of ODK Collect.
Its RSA-wrapped AES-CFB with an MD5 for wholeness is what those apps can do and no more: it keeps a finished form from
whoever finds the phone. Who sent it is known by the device, not by this.

Our own app seals by HPKE (RFC 9180: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, base mode). `info` binds a
report to its number and to the key, so that neither can be exchanged for another.

The private half is sealed like a text, under a data key of its own, and is in memory for one opening only.
"""

import base64
import hashlib
import hmac
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes, hpke, padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from spean.privacy.crypto import CannotOpen
from spean.privacy.vault import Sealed, open_sealed

# The one field that is opened here: bytes sealed for any other do not open under its name.
PLACE = "exchange.FormKey.private"
BITS = 2048
SYMMETRIC_BYTES = 32
IV_BYTES = 16
# What the finished form is called inside; the signature names it so.
FORM_FILE = "submission.xml"
# Bouncy Castle takes the digest's own MGF1, other providers of Java the one with SHA-1: phones send either.
MGF1 = (hashes.SHA256, hashes.SHA1)


class Envelope(NamedTuple):
    """One encrypted submission: what its manifest says, and the sealed form. Keys and signature in base64."""

    form_id: str
    version: str
    instance_id: str
    key: str
    signature: str
    file: bytes


class Pair(NamedTuple):
    """The public half as an XForm carries it; the private half as text, to be sealed at once."""

    public: str
    private: str

    def __repr__(self) -> str:
        return "<Pair>"


def new_pair() -> Pair:
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pair(base64.b64encode(public).decode(), base64.b64encode(private).decode())


SUITE = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def new_point() -> Pair:
    """A pair for our own app. The public half is the point, uncompressed, in base64."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    private = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pair(base64.b64encode(public).decode(), base64.b64encode(private).decode())


def seal_report(public: str, plain: bytes, info: bytes) -> bytes:
    """Seal to a pair of `new_point`, as our own app does; nothing here opens it but `open_report`."""
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64.b64decode(public))
    return SUITE.encrypt(plain, point, info=info)


def open_report(pair: UUID, blob: bytes, sealed: bytes, info: bytes) -> bytes:
    """What our own app sealed to the pair with this id, whose sealed private half `blob` is.

    Raises CannotOpen where it was sealed for another key or another number, or is not whole.
    """
    private = _private(pair, blob)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise CannotOpen("This is not a key of reports.")
    try:
        return SUITE.decrypt(sealed, private, info=info)
    except (InvalidTag, ValueError):
        raise CannotOpen("A report was sealed for another key or number, or is not whole.") from None


def open_envelope(pair: UUID, blob: bytes, envelope: Envelope) -> bytes:
    """The finished form, by the pair with this id, whose sealed private half `blob` is.

    Raises CannotOpen where it was sealed for another key, or is not whole.
    """
    private = _private(pair, blob)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise CannotOpen("This is not a key of forms.")
    key = _unwrapped(private, envelope.key)
    if len(key) != SYMMETRIC_BYTES:
        raise CannotOpen("An encrypted form names a key of another length.")
    form = _decrypted(key, envelope)
    if envelope.signature and not _is_whole(private, envelope, form):
        raise CannotOpen("An encrypted form is not as it left the phone.")
    return form


def _private(pair: UUID, blob: bytes) -> object:
    (opened,) = open_sealed([Sealed(pair, PLACE, pair, blob)])
    if opened.text is None:
        raise CannotOpen("The key of the forms was destroyed.")
    return serialization.load_der_private_key(base64.b64decode(opened.text), password=None)


def _unwrapped(private: rsa.RSAPrivateKey, wrapped: str) -> bytes:
    try:
        blob = base64.b64decode(wrapped, validate=False)
    except ValueError:
        raise CannotOpen("An encrypted form names no key.") from None
    for mask in MGF1:
        try:
            return private.decrypt(
                blob, rsa_padding.OAEP(mgf=rsa_padding.MGF1(mask()), algorithm=hashes.SHA256(), label=None)
            )
        except ValueError:
            continue
    raise CannotOpen("An encrypted form was sealed for another key.")


def _decrypted(key: bytes, envelope: Envelope) -> bytes:
    seed = bytearray(hashlib.md5(envelope.instance_id.encode() + key, usedforsecurity=False).digest())
    # Each file raises one byte of it before it is sealed; ours is the first, as no form asks for pictures.
    seed[0] = (seed[0] + 1) % 256
    opener = Cipher(algorithms.AES(key), CFB(bytes(seed[:IV_BYTES]))).decryptor()
    padded = opener.update(envelope.file) + opener.finalize()
    unpadder = padding.PKCS7(128).unpadder()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise CannotOpen("An encrypted form is cut off, or holds more files than its form asks for.") from None


def _is_whole(private: rsa.RSAPrivateKey, envelope: Envelope, form: bytes) -> bool:
    digest = hashlib.md5(form, usedforsecurity=False).hexdigest()
    said = [envelope.form_id, *([envelope.version] if envelope.version else []), envelope.key, envelope.instance_id]
    text = "".join(f"{line}\n" for line in [*said, f"{FORM_FILE}::{digest}"])
    try:
        signed = _unwrapped(private, envelope.signature)
    except CannotOpen:
        return False
    expected = {hashlib.md5(one.encode(), usedforsecurity=False).digest() for one in (text, text.removesuffix("\n"))}
    return any(hmac.compare_digest(signed, one) for one in expected)
