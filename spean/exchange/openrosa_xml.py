"""What OpenRosa writes and what phones send, as bytes: lists, answers, the parts of a POST, and the submission itself.

Sources: docs.getodk.org/openrosa-form-list and -form-submission; getodk.github.io/xforms-spec/encryption.
Nothing here decides. What arrives comes from outside: every reader has a limit, and refuses with Malformed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from django.utils.http import parse_header_parameters

from spean.instruments import recheck

LIST = "http://openrosa.org/xforms/xformsList"
MANIFEST = "http://openrosa.org/xforms/xformsManifest"
RESPONSE = "http://openrosa.org/http/response"
XML = "text/xml; charset=utf-8"

# All of a POST. A long instrument answered in full has 60 KB, and no form asks for pictures.
LARGEST_BODY = 2 * 1024 * 1024
LARGEST_FORM = recheck.LARGEST
MOST_PARTS = 20
FORM_PART, SEALED_PART, INCOMPLETE_PART = "xml_submission_file", "submission.xml.enc", "*isIncomplete*"
INSTANCE_ID = re.compile(r"uuid:([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")


class Malformed(ValueError):
    """This is no submission. The message never repeats what was sent."""


class TooLarge(Malformed):
    """More than any of our forms has."""


class Listed(NamedTuple):
    """A form as the list names it."""

    form_id: str
    name: str
    version: str
    digest: str
    url: str


def form_list(forms: Iterable[Listed]) -> bytes:
    """The list that phones ask for; without id, name or address an app refuses the whole of it."""
    rows = "".join(
        f"<xform><formID>{escape(one.form_id)}</formID><name>{escape(one.name)}</name>"
        f"<version>{escape(one.version)}</version><hash>md5:{one.digest}</hash>"
        f"<downloadUrl>{escape(one.url)}</downloadUrl></xform>"
        for one in forms
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<xforms xmlns="{LIST}">{rows}</xforms>'.encode()


def manifest() -> bytes:
    """No form of ours brings files."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<manifest xmlns="{MANIFEST}"></manifest>'.encode()


def response(message: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<OpenRosaResponse xmlns="{RESPONSE}">'
        f"<message>{escape(message)}</message></OpenRosaResponse>"
    ).encode()


@dataclass(frozen=True)
class Post:
    """The parts of a submission. Files other than these are not asked for, and left where they are."""

    form: bytes = field(repr=False)
    sealed: bytes | None = field(repr=False)
    incomplete: bool


def read_post(content_type: str, body: bytes) -> Post:
    """Take a multipart body apart. Django's own reader would write what is large to the disk; this one holds it."""
    kind, parameters = parse_header_parameters(content_type)
    boundary = parameters.get("boundary", "")
    if kind != "multipart/form-data" or not 0 < len(boundary) <= 200 or not boundary.isascii():
        raise Malformed("a submission is multipart/form-data")
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode())
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise Malformed("the body is cut off")
    if len(pieces) - 2 > MOST_PARTS:
        raise Malformed("the body has too many parts")
    found: dict[str, bytes] = {}
    for piece in pieces[1:-1]:
        head, mark, content = piece.partition(b"\r\n\r\n")
        names = _names(head)
        if not mark or not names:
            raise Malformed("a part has no name")
        for name in names:
            if name in (FORM_PART, SEALED_PART, INCOMPLETE_PART) and found.setdefault(name, content) != content:
                raise Malformed("two parts have the same name")
    if FORM_PART not in found:
        raise Malformed("there is no form in the body")
    if len(found[FORM_PART]) > LARGEST_FORM:
        raise TooLarge("the form is larger than any of ours")
    return Post(found[FORM_PART], found.get(SEALED_PART), found.get(INCOMPLETE_PART, b"").strip() == b"yes")


def _names(head: bytes) -> set[str]:
    """What a part is called: apps name the sealed form by its field, its file, or both."""
    for line in head.decode("utf-8", "replace").split("\r\n"):
        title, _colon, value = line.partition(":")
        if title.strip().lower() == "content-disposition":
            _kind, parameters = parse_header_parameters(value.strip())
            return {parameters[name] for name in ("name", "filename") if parameters.get(name)}
    return set()


@dataclass(frozen=True)
class Sent:
    """One submission: of which form it is, its own number, and its answers, or the manifest of a sealed one."""

    form_id: str
    version: str
    instance: UUID
    instance_id: str
    replaces: bool
    root: Element = field(repr=False)
    # Only of a sealed one: key, signature and the name of its file.
    sealed: Mapping[str, str] | None = field(default=None, repr=False)


def read_form(data: bytes) -> Sent:
    """A submission, or the manifest of a sealed one."""
    try:
        root = recheck.parse(data)
    except recheck.Refused as refused:
        raise (TooLarge if refused.code == "too_large" else Malformed)("this is no form that can be read") from None
    found = INSTANCE_ID.fullmatch(_said(root, "instanceID"))
    form_id, version = root.get("id", ""), root.get("version", "")
    if found is None or not form_id:
        raise Malformed("the form does not say which it is")
    if len(form_id) > 100 or len(version) > 100:
        raise Malformed("no form of ours is called so")
    sealed = None
    if root.get("encrypted") == "yes":
        said = {local(child.tag): (child.text or "").strip() for child in root}
        sealed = {name: said.get(name, "") for name in ("base64EncryptedKey", "base64EncryptedElementSignature")}
    return Sent(form_id, version, UUID(found[1]), found[0], bool(_said(root, "deprecatedID")), root, sealed)


def local(tag: object) -> str:
    """The name of an element without its namespace; "" for what is no element."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _said(root: Element, name: str) -> str:
    for meta in root:
        if local(meta.tag) == "meta":
            for child in meta:
                if local(child.tag) == name:
                    return (child.text or "").strip()
    return ""
