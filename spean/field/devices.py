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
from spean.exchange.openrosa_actions import refuse_more
from spean.exchange.openrosa_models import WEB, Device, FormKey
from spean.lib import clock
from spean.privacy import events, formkeys, vault
from spean.privacy.codes import unused_code
from spean.workflow.engine import Forbidden, claim

CODE_LASTS = timedelta(minutes=10)
# Whoever stole the database of today opens nothing that is sealed after the next change of the key.
KEY_LASTS = timedelta(days=180)
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
        if row is None or row.code_until is None or row.code_until <= clock.now() or not _may_send(row):
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


def known(token: str, use: str) -> Known | None:
    """The phone with this token; None for a token that never was one. Each use is a row of the log."""
    rows = Device.objects.select_related("user", "organisation").filter(kind=WEB, joined_at__isnull=False)
    row = rows.filter(token_hash=digest(token)).first()
    if row is None:
        return None
    standing = _standing(row)
    if standing is not Standing.FINE:
        events.record("device.refused", actor=None, obj=row, facts={"code": row.code, "use": use})
        return Known(row, standing)
    Device.objects.filter(pk=row.pk).update(last_used_at=clock.now())
    events.record("device.used", actor=row.user, obj=row, facts={"code": row.code, "use": use})
    return Known(row, standing)


def _standing(row: Device) -> Standing:
    if row.revoked_at is not None or not row.user.is_active:
        return Standing.REVOKED
    return Standing.FINE if _may_send(row) else Standing.NOT_NOW


def _may_send(row: Device) -> bool:
    user = row.user
    return user.is_active and user.organisation == row.organisation and policy.may(user, "enrol_device")


# --- the key that reports are sealed to ----------------------------------------------------------------------


def report_key() -> FormKey:
    """The newest key; a new one is made half a year after the last. Reports to an earlier one are opened still."""
    found = FormKey.objects.filter(kind=WEB).first()
    if found is not None and found.made_at > clock.now() - KEY_LASTS:
        return found
    return make_report_key()


def make_report_key() -> FormKey:
    """Change the key now. Phones hear of it with their next answer."""
    pair = formkeys.new_point()
    row = FormKey(id=uuid4(), kind=WEB, public=pair.public, made_at=clock.now())
    row.name = row.pk.hex[:16]
    with transaction.atomic():
        vault.create_key(row.subject)
        vault.seal_fields(row, private=pair.private)
        row.save(force_insert=True)
        events.record("form_key.made", actor=None, obj=row)
    return row


def info(report: UUID, key_name: str) -> bytes:
    """What a report is bound to when it is sealed: its number and the key. The phone writes the same bytes."""
    return f"spean report 1|{report}|{key_name}".encode()
