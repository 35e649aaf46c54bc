"""Who on file is invented. Known only to whoever holds the key vault: the table keeps digests under a key from it.

Making one is a verb of the auditor's body (`oversight.actions`); what follows when one is opened stands in alerts.py.
"""

from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from spean.privacy import vault
from spean.privacy.watch import REGISTER, Canary


def among(subjects: Iterable[UUID]) -> set[UUID]:
    """Those of these people who are canaries: nobody is asked of the key vault while there are none."""
    wanted = list(set(subjects))
    planted = {bytes(digest) for digest in Canary.objects.order_by().values_list("digest", flat=True)}
    if not planted or not wanted:
        return set()
    digests = vault.keyed_digests(REGISTER, [subject.bytes for subject in wanted])
    return {subject for subject, digest in zip(wanted, digests, strict=True) if digest in planted}


def mark(subject: UUID, case_code: str) -> Canary:
    """Keep that this person is a canary, in the transaction in which she is written."""
    with suppress(vault.KeyExists):
        vault.create_key(REGISTER)
    (digest,) = vault.keyed_digests(REGISTER, [subject.bytes])
    row = Canary(digest=digest)
    vault.seal_fields(row, case_code=case_code)
    row.save(force_insert=True)
    return row
