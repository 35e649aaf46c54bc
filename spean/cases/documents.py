"""The table of documents attached to a case. Each has a sealed file beside the database (`privacy/files.py`).

The verbs stand in `attaching.py`; what may be uploaded in `uploads.py`.
"""

import uuid
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from spean.country.fields import CodeField
from spean.lib import clock
from spean.privacy.fields import SealedField

# What a file can be, with the type under which a browser gets it.
MEDIA: dict[str, str] = {
    "pdf": "application/pdf",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "text": "text/plain; charset=utf-8",
}


class Document(models.Model):
    """A paper of a case: what kind it is in clear, what it is called and what it says sealed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="documents")
    kind = CodeField(codelist="document_type")
    title = SealedField(section="documents")
    media = models.CharField(max_length=10, choices=[(code, code) for code in MEDIA])
    # How many chunks the sealed file has: without it a file cut short could not be told from a whole one.
    chunks = models.PositiveSmallIntegerField()
    attached_at = models.DateTimeField(default=clock.now)
    attached_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-attached_at", "id")
        indexes = [models.Index(fields=["case"], name="document_case")]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.ReadOnly(
                name="as_attached",
                fields=["case", "kind", "media", "chunks", "attached_at", "attached_by", "organisation"],
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True, removed_by__isnull=True)
                | Q(removed_at__isnull=False, removed_by__isnull=False),
                name="document_removed_pair",
            ),
            models.CheckConstraint(condition=Q(media__in=MEDIA), name="document_media_known"),
            models.CheckConstraint(condition=Q(chunks__gte=1), name="document_has_chunks"),
        ]

    class Privacy:
        coded = ("kind",)
        plain = (
            "id", "case", "media", "chunks", "attached_at", "attached_by", "organisation", "removed_at", "removed_by",
        )  # fmt: skip

    def __str__(self) -> str:
        return f"document in {self.case_id}"

    @property
    def subject(self) -> uuid.UUID:
        return self.case.subject
