"""Verbs of phones with our own app: show a code, let a phone join with it, and know a phone again.

The officer shows a code on a computer where he is signed in; the phone brings it within ten minutes, together with the
digest of a token that it made itself. The token never travels in an answer, and nobody but the phone ever had it.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.links import digest
from spean.access.models import User
from spean.exchange.openrosa_actions import may_send, note_use, refuse_more
from spean.exchange.openrosa_models import WEB, Device
from spean.lib import clock
from spean.lib.prepared import Prepared
from spean.privacy import events
from spean.privacy.codes import unused_code
from spean.workflow.engine import Forbidden, claim

CODE_LASTS = timedelta(minutes=10)
DIGEST = re.compile(r"[0-9a-f]{64}")


class CodeRefused(Exception):
    """The code cannot be used: unknown, too old, revoked, or another phone was quicker. Which is not told apart."""


def show_code(actor: User, *, once: UUID | None = None) -> tuple[Device, str]:
    """A phone that may join now, and its one-time code, which is shown this once. An earlier unused one ends."""
    organisation = actor.organisation
    if organisation is None or not policy.may(actor, "enrol_device"):
        raise Forbidden([_("This is not available to you.")])
    code, now = secrets.token_urlsafe(32), clock.now()
    row = Device(
        id=uuid4(), code=unused_code("D", Device), kind=WEB, user=actor, organisation=organisation,
        # No token has this digest until the phone names its own.
        token_hash=digest(secrets.token_urlsafe(32)), code_hash=digest(code), code_until=now + CODE_LASTS,
        enrolled_at=now,
    )  # fmt: skip
    with transaction.atomic():
        if once is not None:
            claim(once, "enrol_device", row, actor)
        User.objects.select_for_update(of=("self",)).get(pk=actor.pk)
        waiting = Device.objects.filter(user=actor, kind=WEB, joined_at__isnull=True, revoked_at__isnull=True)
        waiting.update(revoked_at=now, revoked_by=actor)
        refuse_more(actor)
        row.save(force_insert=True)
        events.record("device.enrolled", actor=actor, obj=row, facts={"code": row.code})
    return row, code


def join(code: str, token_hash: str) -> Device:
    """The phone brings its code and the digest of its own token. Sent again after a break, it is told the same."""
    if not DIGEST.fullmatch(token_hash):
        raise CodeRefused
    with transaction.atomic():
        row = (
            Device.objects.select_for_update(of=("self",))
            .select_related("user", "organisation")
            .filter(kind=WEB, code_hash=digest(code), revoked_at__isnull=True)
            .first()
        )
        if row is None or row.code_until is None or row.code_until <= clock.now() or not may_send(row):
            raise CodeRefused
        if row.joined_at is not None:
            if not secrets.compare_digest(row.token_hash, token_hash):
                raise CodeRefused
            return row
        if Device.objects.filter(token_hash=token_hash).exists():
            raise CodeRefused
        row.token_hash, row.joined_at = token_hash, clock.now()
        row.save(update_fields=["token_hash", "joined_at"])
        events.record("device.joined", actor=row.user, obj=row, facts={"code": row.code})
        return row


class Standing(Enum):
    """What a phone may do now."""

    FINE = "fine"
    # It was revoked, or its user may sign in no more: it wipes itself.
    REVOKED = "revoked"
    # Its user works elsewhere now, or in another role: it keeps what it holds, and sends nothing.
    NOT_NOW = "not_now"


@dataclass(frozen=True)
class Known:
    """A phone that brought a token, and how it stands. `proof` shows the phone that its token was known here."""

    device: Device
    standing: Standing

    @property
    def proof(self) -> str:
        return hashlib.sha256(b"spean field proof 1" + self.device.token_hash.encode()).hexdigest()


# Asked at every contact of a phone.
_with_token = Prepared[Device](
    lambda token_hash: Device.objects.select_related("user", "organisation").filter(
        kind=WEB, joined_at__isnull=False, token_hash=token_hash
    ),
    "the digest of a token",
)


def known(token: str, use: str) -> Known | None:
    """The phone with this token; None for a token that never was one. Each use is a row of the log."""
    found = _with_token(digest(token))
    if not found:
        return None
    (row,) = found
    standing = _standing(row)
    if standing is not Standing.FINE:
        events.record("device.refused", actor=None, obj=row, facts={"code": row.code, "use": use})
        return Known(row, standing)
    note_use(row, use)
    return Known(row, standing)


def _standing(row: Device) -> Standing:
    if row.revoked_at is not None or not row.user.is_active:
        return Standing.REVOKED
    return Standing.FINE if may_send(row) else Standing.NOT_NOW


# --- what a report is bound to -------------------------------------------------------------------------------


def info(report: UUID, key_name: str) -> bytes:
    """What a report is bound to when it is sealed: its number and the key. The phone writes the same bytes."""
    return f"spean report 1|{report}|{key_name}".encode()
