"""ODK Collect as a test client: it asks in the app's order, with its headers, and believes only what the app believes.

Sources: docs.getodk.org/openrosa-http, -form-list, -form-submission, and the encryption specification of ODK XForms.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import zlib
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives import padding as block_padding
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from django.test import Client

from spean.instruments import definition as compiled
from spean.instruments.engine import Instance

LIST = "{http://openrosa.org/xforms/xformsList}"
HEAD = {"X-OpenRosa-Version": "1.0", "User-Agent": "org.odk.collect.android/v2026.2.1 Dalvik/2.1.0"}


def scanned(html: str) -> dict[str, Any]:
    """The settings in the code of a page, as the app reads them after the camera has."""
    (url,) = re.findall(r"<code>([^<]+)</code>", html)
    return {"server_url": url}


def settings_of(code: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(code)))
    return found


@dataclass
class Form:
    """A blank form on the phone."""

    form_id: str
    version: str
    xform: str
    definition: dict[str, Any]

    @property
    def key(self) -> str:
        found = re.search(r'base64RsaPublicKey="([^"]+)"', self.xform)
        assert found
        return found[1]


@dataclass
class Collect:
    """The app on one phone. `url` is the server address of its settings."""

    url: str
    client: Client = field(default_factory=lambda: Client(headers=HEAD))

    def path(self, what: str) -> str:
        return "/" + self.url.split("/", 3)[3].rstrip("/") + what

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def listed(self) -> list[dict[str, str]]:
        """The list, or an AssertionError where the app would refuse it."""
        answer = self.get(self.path("/formList") + "?deviceID=collect%3Aabc")
        assert answer.status_code == 200, answer.status_code
        assert answer["X-OpenRosa-Version"] == "1.0"
        assert "Date" in answer.headers
        assert "text/xml" in answer["Content-Type"]
        root = ElementTree.fromstring(answer.content)  # noqa: S314
        assert root.tag == f"{LIST}xforms"
        rows = [{child.tag.removeprefix(LIST): child.text or "" for child in row} for row in root]
        assert all(row["formID"] and row["name"] and row["downloadUrl"] for row in rows)
        return rows

    def download(self, form_id: str) -> Form:
        (row,) = [one for one in self.listed() if one["formID"] == form_id]
        answer = self.get("/" + row["downloadUrl"].split("/", 3)[3])
        assert answer.status_code == 200
        digest = hashlib.md5(answer.content, usedforsecurity=False).hexdigest()
        assert row["hash"] == f"md5:{digest}"
        xform = answer.content.decode()
        return Form(form_id, row["version"], xform, compiled.compile_xform(xform))

    def head(self) -> Any:
        return self.client.head(self.path("/submission"))

    def post(self, xml: bytes, sealed: bytes | None = None, **fields: bytes) -> Any:
        """As the app sends it, byte for byte multipart."""
        boundary = secrets.token_hex(16)
        parts = [(f'name="xml_submission_file"; filename="{uuid4()}.xml"', "text/xml", xml)]
        if sealed is not None:
            name = "submission.xml.enc"
            parts.append((f'name="{name}"; filename="{name}"', "application/octet-stream", sealed))
        parts += [(f'name="{name}"', "text/plain", value) for name, value in fields.items()]
        body = b"".join(
            f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\nContent-Type: {kind}\r\n\r\n".encode()
            + content
            + b"\r\n"
            for head, kind, content in parts
        )
        return self.client.generic(
            "POST",
            self.path("/submission"),
            body + f"--{boundary}--\r\n".encode(),
            content_type=f"multipart/form-data; boundary={boundary}",
        )

    def send(self, xml: bytes, **more: Any) -> Any:
        """HEAD, then POST, as the app does."""
        assert self.head().status_code == 204
        return self.post(xml, **more)


def filled(form: Form, instance_id: str = "", **answers: str) -> bytes:
    """The submission of a form that was filled in: `answers` by the names of their questions."""
    instance = Instance(form.definition, today="2026-11-22", stamps={"deviceid": "collect:abc"})
    by_name = {point.name: point for point in instance.points()}
    for name, value in answers.items():
        instance.set(by_name[name.replace("__", "-")], value)
    instance.settle()
    xml = instance.xml()
    number = instance_id or f"uuid:{uuid4()}"
    xml = re.sub(r"<meta\s*/>|<meta>.*?</meta>", "", xml)
    return xml.replace("</data>", f"<meta><instanceID>{number}</instanceID></meta></data>").encode()


@dataclass
class Sealed:
    manifest: bytes
    file: bytes


def seal(form: Form, xml: bytes, mgf: Any = hashes.SHA256, signed: bool = True) -> Sealed:
    """What the app makes of a finished form that names a key."""
    found = re.search(rb"<instanceID>([^<]+)</instanceID>", xml)
    assert found
    number = found[1].decode()
    public: Any = serialization.load_der_public_key(base64.b64decode(form.key))
    oaep = padding.OAEP(mgf=padding.MGF1(mgf()), algorithm=hashes.SHA256(), label=None)
    key = secrets.token_bytes(32)
    wrapped = base64.b64encode(public.encrypt(key, oaep)).decode()
    seed = bytearray(hashlib.md5(number.encode() + key, usedforsecurity=False).digest())
    seed[0] = (seed[0] + 1) % 256
    padder = block_padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), CFB(bytes(seed))).encryptor()
    file = encryptor.update(padder.update(xml) + padder.finalize()) + encryptor.finalize()
    inner = hashlib.md5(xml, usedforsecurity=False).hexdigest()
    lines = [form.form_id, form.version, wrapped, number, f"submission.xml::{inner}"]
    digest = hashlib.md5("".join(f"{line}\n" for line in lines).encode(), usedforsecurity=False).digest()
    signature = base64.b64encode(public.encrypt(digest, oaep)).decode() if signed else ""
    manifest = (
        f'<data xmlns="http://www.opendatakit.org/xforms/encrypted" id="{form.form_id}" version="{form.version}"'
        f' encrypted="yes"><base64EncryptedKey>{wrapped}</base64EncryptedKey>'
        f'<orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>{number}</orx:instanceID></orx:meta>'
        f"<encryptedXmlFile>submission.xml.enc</encryptedXmlFile>"
        f"<base64EncryptedElementSignature>{signature}</base64EncryptedElementSignature></data>"
    )
    return Sealed(manifest.encode(), file)


# Answers to the checklist that are complete and point to trafficking.
ANSWERS = {
    "private_place": "yes", "interpreter_kind": "none", "preferred_interviewer_asked": "yes",
    "interview_language": "km", "stated_name": "Kanariename", "age": "24", "age_disputed": "no", "sex": "female",
    "acts": "recruitment", "forms": "ForcedLabour", "exploitation": "labour", "notes": "Kanarienotes told on the way",
    **{f"FR{number:02}": "yes" for number in range(1, 13)},
}  # fmt: skip
