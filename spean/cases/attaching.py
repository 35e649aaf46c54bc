"""Verbs of documents: attach one, sealed, and take a wrong one away again. Reading is `privacy.doors.reveal_file`."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import User
from spean.cases.documents import Document
from spean.cases.holds import holds_on
from spean.cases.models import Case
from spean.lib import clock
from spean.privacy import events, files, vault
from spean.workflow.engine import Forbidden, Refused, check_fields, claim

SECTION = "documents"


def attach_document(
    actor: User, case: Case, *, kind: str, title: str, media: str, content: bytes, once: UUID | None = None
) -> Document:
    """Seal a file and keep it with the case. What is on the disk, from the first byte, is sealed."""
    document: Document | None = None
    try:
        with transaction.atomic():
            if once is not None:
                claim(once, "attach_document", case, actor)
            if not policy.may(actor, "attach_document", case) or not policy.may_record(actor, case, SECTION):
                raise Forbidden([_("This is not available to you.")])
            assert actor.organisation is not None
            document = Document(
                case=case, kind=kind, media=media, attached_at=clock.now(), attached_by=actor,
                organisation=actor.organisation,
            )  # fmt: skip
            vault.seal_fields(document, title=title)
            label = vault.label_of(Document, "file")
            sealed, document.chunks = vault.seal_file(document.subject, label, document.pk, content)
            check_fields(document)
            # The file first: a file without a row is lost and swept away, a row without a file would be a lie.
            files.write(document.pk, sealed)
            document.save(force_insert=True)
            facts = {"kind": kind, "chunks": document.chunks}
            events.record("document.attached", actor=actor, obj=document, case=case, facts=facts)
        return document
    except BaseException:
        if document is not None:
            files.remove(document.pk)
        raise


def remove_document(actor: User, document: Document, *, once: UUID | None = None) -> Document:
    """Take away what was attached by mistake: the file is destroyed, the row stays and says who did it."""
    with transaction.atomic():
        if once is not None:
            claim(once, "remove_document", document, actor)
        row = Document.objects.select_for_update(of=("self",)).get(pk=document.pk)
        if not policy.may(actor, "remove_document", row):
            raise Forbidden([_("This is not available to you.")])
        if holds_on(row.case):
            raise Refused([_("A legal hold stands: nothing is taken away until it is over or lifted.")])
        if row.removed_at is None:
            row.removed_at, row.removed_by = clock.now(), actor
            row.save(update_fields=["removed_at", "removed_by"])
            events.record("document.removed", actor=actor, obj=row, case=row.case, facts={"kind": row.kind})
        transaction.on_commit(lambda: files.remove(row.pk))
        return row


def remove_files_of(cases: Iterable[Case]) -> None:
    """After an erasure: what nobody can open any more is taken from the disk as well."""
    for pk in Document.objects.filter(case__in=list(cases)).values_list("pk", flat=True):
        files.remove(pk)


def remove_lost_files() -> int:
    """Files whose row never came, and those of rows that were taken away. Runs as a job."""
    kept = Document.objects.filter(removed_at__isnull=True, case__erased_at__isnull=True)
    return files.remove_lost(kept.values_list("pk", flat=True))
