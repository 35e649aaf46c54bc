"""What may be uploaded: kept in memory until it is sealed, known by its content, small enough, and nothing else.

The name that a file had is looked at and forgotten: it often is a person's name.
"""

import unicodedata
from io import BytesIO
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopFutureHandlers, StopUpload
from django.utils.translation import gettext as _

from spean.lib import pictures

LIMIT = 10 * 1024 * 1024
# Behind this nobody goes on reading, only to say that it was too much.
PATIENCE = 4 * LIMIT
PAGE = "document_attach"
# The pages that take a file, and how large; rooms above add theirs when they are loaded.
LIMITS: dict[str, int] = {PAGE: LIMIT}
EXTENSIONS: dict[str, tuple[str, ...]] = {
    "pdf": ("pdf",),
    "jpeg": ("jpg", "jpeg", "jfif"),
    "png": ("png",),
    "webp": ("webp",),
    "text": ("txt",),
}


class InMemory(FileUploadHandler):
    """No upload ever touches the disk in clear; on any page but those that take one, and of strangers, none is kept at all."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.limit = self._limit()
        self.kept: BytesIO | None = BytesIO() if self.limit else None
        raise StopFutureHandlers

    def _limit(self) -> int:
        match = getattr(self.request, "resolver_match", None)
        user = getattr(self.request, "user", None)
        return LIMITS.get(match.url_name, 0) if match and user and user.is_authenticated else 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        seen = start + len(raw_data)
        if seen > self.limit:
            self.kept = None
        if self.kept is not None:
            self.kept.write(raw_data)
        if seen > max(PATIENCE, self.limit + LIMIT) and self.request is not None:
            self.request.upload_too_large = True  # type: ignore[attr-defined]
            raise StopUpload(connection_reset=True)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        content = self.kept or BytesIO()
        content.seek(0)
        return InMemoryUploadedFile(
            content, self.field_name, self.file_name or "", self.content_type or "", file_size, self.charset
        )


def too_large() -> ValidationError:
    return ValidationError(_("The file is too large. It may have up to 10 MB."), code="too_large")


def read(file: UploadedFile) -> tuple[str, bytes]:
    """What the file is, and its content without the notes of a camera. Raises ValidationError for its field."""
    size = file.size or 0
    if size > LIMIT:
        raise too_large()
    data = file.read()
    if not data or len(data) != size:
        raise ValidationError(_("The file is empty. Choose it again."), code="empty")
    _check_name(file.name or "")
    media = media_of(data)
    if media is None:
        raise ValidationError(
            _("This is not a PDF, a picture (JPEG, PNG, WebP) or a plain text, or it is damaged."), code="wrong_type"
        )
    _stem, _dot, extension = (file.name or "").rpartition(".")
    if _dot and extension.lower() not in EXTENSIONS[media]:
        raise ValidationError(
            _("The end of the file’s name does not fit what is in it. Save it anew from the program it comes from."),
            code="wrong_name",
        )
    return media, pictures.cleaned(data, media) if media in ("jpeg", "png", "webp") else data


def _check_name(name: str) -> None:
    """A name that hides something: signs that turn the direction, separators of folders, signs nobody sees."""
    hidden = any(unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") for sign in name)
    if hidden or any(sign in name for sign in '/\\:*?"<>|') or name.startswith("."):
        raise ValidationError(
            _("The file’s name holds signs that are not accepted. Rename the file and choose it again."),
            code="bad_name",
        )


def media_of(data: bytes) -> str | None:
    """What a file is by its content; None for everything that is not accepted."""
    if data.startswith(b"%PDF-"):
        return "pdf" if b"%%EOF" in data[-2048:] else None
    for media, sign in (("jpeg", b"\xff\xd8\xff"), ("png", pictures.PNG), ("webp", b"RIFF")):
        if data.startswith(sign):
            try:
                pictures.cleaned(data, media)
            except pictures.NotAPicture:
                return None
            return media
    return "text" if _is_text(data) else None


def _is_text(data: bytes) -> bool:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    # A web page or a drawing with a script in it is no plain text.
    if text.lstrip()[:1] in ("<", ""):
        return False
    return not any(unicodedata.category(sign) in ("Cc", "Co", "Cs") and sign not in "\t\n\r\f" for sign in text)
