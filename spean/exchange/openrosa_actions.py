"""Verbs of phones with ODK Collect: enrol one, revoke it, take in what it sends, deal with what could not be taken.

A phone acts for its user, in his organisation, through the verbs of the pages. It can send and it can read nothing.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.links import digest
from spean.access.models import User
from spean.country.pack import Instrument
from spean.detection import instruments
from spean.detection import sent as sent_in
from spean.exchange import openrosa_xml, report_keys, taking_in
from spean.exchange.openrosa_models import COLLECT, Device, FormKey, PublishedForm, Quarantined, SentForm, TakenIn
from spean.exchange.openrosa_xml import Post, Sent
from spean.instruments import recheck
from spean.lib import clock
from spean.privacy import events, formkeys, vault
from spean.privacy.codes import unused_code
from spean.privacy.crypto import CannotOpen
from spean.privacy.rows import acting_as
from spean.workflow.engine import CannotDo, Forbidden, Refused, claim

# More than this waits for nobody: somebody has the token who should not.
MOST_WAITING = 200
MOST_DEVICES = 5
NOTED_EVERY = timedelta(minutes=1)


class DifferentForm(Exception):
    """The number of a submission came before, with other content."""


class TooManyWaiting(Exception):
    """The user has not dealt with so many that no more are kept; the phone keeps this one."""


# --- the phone ---------------------------------------------------------------------------------------------


def enrol_device(actor: User, *, once: UUID | None = None) -> tuple[Device, str]:
    """A new phone of the actor, and its token, which is shown this once and stored nowhere."""
    organisation = actor.organisation
    if organisation is None or not policy.may(actor, "enrol_device"):
        raise Forbidden([_("This is not available to you.")])
    token = secrets.token_urlsafe(32)
    row = Device(
        id=uuid4(), code=unused_code("D", Device), user=actor, organisation=organisation, token_hash=digest(token),
        enrolled_at=clock.now(),
    )  # fmt: skip
    with transaction.atomic():
        if once is not None:
            claim(once, "enrol_device", row, actor)
        User.objects.select_for_update(of=("self",)).get(pk=actor.pk)
        refuse_more(actor)
        row.save(force_insert=True)
        events.record("device.enrolled", actor=actor, obj=row, facts={"code": row.code})
    return row, token


def refuse_more(actor: User) -> None:
    """Raises Refused where the actor has as many phones as one user can watch over."""
    if Device.objects.filter(user=actor, revoked_at__isnull=True).count() >= MOST_DEVICES:
        raise Refused([_("You have %(number)d phones. Revoke one first.") % {"number": MOST_DEVICES}])


def revoke_device(actor: User, device: Device, *, once: UUID | None = None) -> Device:
    """The phone was lost, or is somebody else's now. It is refused from its next contact on."""
    with transaction.atomic():
        if once is not None:
            claim(once, "revoke_device", device, actor)
        row = Device.objects.select_for_update(of=("self",)).get(pk=device.pk)
        if not policy.may(actor, "revoke_device", row):
            raise Forbidden([_("This is not available to you.")])
        if row.revoked_at is None:
            row.revoked_at, row.revoked_by = clock.now(), actor
            row.save(update_fields=["revoked_at", "revoked_by"])
            events.record("device.revoked", actor=actor, obj=row, facts={"code": row.code})
        return row


def device_of(token: str, use: str) -> Device | None:
    """The phone with this token, if it may be used now; each use is a row of the log, an attempt after the end too."""
    row = Device.objects.select_related("user", "organisation").filter(token_hash=digest(token), kind=COLLECT).first()
    if row is None:
        return None
    if row.revoked_at is not None or not may_send(row):
        events.record("device.refused", actor=None, obj=row, facts={"code": row.code, "use": use})
        return None
    note_use(row, use)
    return row


def may_send(row: Device) -> bool:
    """Whether its user works where he worked when it was enrolled, and may screen there."""
    user = row.user
    return user.is_active and user.organisation == row.organisation and policy.may(user, "enrol_device")


def note_use(row: Device, use: str) -> None:
    """Each use is a row of the log. When it was last used is written to the minute: a phone sends many at a time."""
    now = clock.now()
    if row.last_used_at is None or not timedelta(0) <= now - row.last_used_at < NOTED_EVERY:
        Device.objects.filter(pk=row.pk).update(last_used_at=now)
    events.record("device.used", actor=row.user, obj=row, facts={"code": row.code, "use": use})


# --- the forms ---------------------------------------------------------------------------------------------


def offered_forms(user: User) -> list[PublishedForm]:
    """The instruments as this user's phones are offered them now, kept the first time they are."""
    key = form_key()
    return [_published(one, key) for one in sent_in.offered_to(user)]


def form_key() -> FormKey:
    """The newest key of the forms; made when the first phone asks."""
    found = FormKey.objects.filter(kind=COLLECT).first()
    return found if found is not None else _make_form_key()


def _make_form_key() -> FormKey:
    pair = formkeys.new_pair()
    row = FormKey(id=uuid4(), public=pair.public, made_at=clock.now())
    with transaction.atomic():
        vault.create_key(row.subject)
        vault.seal_fields(row, private=pair.private)
        row.save(force_insert=True)
        events.record("form_key.made", actor=None, obj=row)
    return row


def _published(instrument: Instrument, key: FormKey) -> PublishedForm:
    name, version = instrument.name, instrument.version
    found = PublishedForm.objects.filter(form_id=name, version=version, key=key).first()
    if found is not None:
        return found
    # What a phone was given stays valid, however late it is sent back.
    instruments.keep(instrument)
    xform = with_key(instruments.get(name, version).made.xform, key.public).encode()
    row, _new = PublishedForm.objects.get_or_create(
        form_id=name, version=version, key=key,
        defaults={"xform": xform, "digest": hashlib.md5(xform, usedforsecurity=False).hexdigest()},
    )  # fmt: skip
    return row


def with_key(xform: str, public: str) -> str:
    """The form with the key under which phones seal what was filled in."""
    before, mark, after = xform.partition("<instance>")
    return f'{before}<submission base64RsaPublicKey="{public}"/>{mark}{after}'


# --- what arrives ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Taken:
    """What became of a submission. `kept` means that it waits for its user and is no case yet."""

    kept: bool
    again: bool = False


def receive(device: Device, post: Post) -> Taken:
    """Take in what a phone sends. Raises Malformed, DifferentForm, TooManyWaiting or Busy; then nothing was stored.

    What agrees with the re-check is worked off later (taking_in.py); everything else has its answer on the spot.
    """
    sent = openrosa_xml.read_form(post.form)
    if sent.sealed is not None and post.sealed is None and not _known(device, sent):
        raise openrosa_xml.Malformed("the sealed form is missing")
    if _take_in(device, post, sent):
        return Taken(kept=False)
    try:
        return _receive(device, post, sent)
    except DifferentForm:
        # Outside of the transaction that was undone: a refusal is kept too.
        events.record("submission.conflicted", actor=device.user, obj=device, facts={"code": device.code})
        raise


def _take_in(device: Device, post: Post, sent: Sent) -> bool:
    if sent.sealed is not None and post.sealed is None:
        return False
    plain, reason = _opened(post, sent)
    try:
        if reason:
            return False
        sent_in.check(plain)
    except recheck.Refused:
        return False
    key = report_keys.report_key()
    return bool(taking_in.take_in(device, sent.instance, key, taking_in.seal(device, sent.instance, key, post)))


def _receive(device: Device, post: Post, sent: Sent) -> Taken:
    with acting_as(device.user), transaction.atomic():
        # Of two sendings at once the second finds what the first did.
        User.objects.select_for_update(of=("self",), no_key=True).get(pk=device.user_id)
        if (waiting := taking_in.waiting(device.user, sent.instance)) is not None:
            if waiting.device.kind != COLLECT or taking_in.opened(waiting).form != post.form:
                raise DifferentForm
            return Taken(kept=False, again=True)
        before = sent_before(device.user, sent.instance)
        if before is not None:
            if not is_same(before, post.form):
                raise DifferentForm
            return Taken(kept=before.quarantined_id is not None, again=True)
        return _take(device, post, sent, clock.now())


def sent_before(user: User, instance: UUID) -> SentForm | None:
    """What came under this number from this user, and what became of it."""
    rows = SentForm.objects.select_related("case", "arrival", "quarantined").filter(user=user)
    return rows.filter(instance=instance).first()


def _known(device: Device, sent: Sent) -> bool:
    return (
        sent_before(device.user, sent.instance) is not None or taking_in.waiting(device.user, sent.instance) is not None
    )


def work_off(row: TakenIn) -> None:
    """What was taken in becomes a case, or is kept for its user. Raises what keeps it waiting."""
    post, device = taking_in.opened(row), row.device
    sent = openrosa_xml.read_form(post.form)
    before = sent_before(device.user, sent.instance)
    if before is None:
        _take(device, post, sent, row.received_at)
    elif not is_same(before, post.form):
        # Another one came in the very moment in which the first was worked off.
        beside = replace(sent, instance=uuid5(sent.instance, hashlib.sha256(post.form).hexdigest()))
        if sent_before(device.user, beside.instance) is None:
            events.record("submission.conflicted", actor=device.user, obj=device, facts={"code": device.code})
            _quarantine(device, post, beside, _opened(post, sent)[0], "conflict", row.received_at)


taking_in.worked_off_by(COLLECT, work_off)


def _take(device: Device, post: Post, sent: Sent, received_at: datetime) -> Taken:
    plain, reason = _opened(post, sent)
    if not reason and not may_send(device):
        # Its user works elsewhere since it came: it is no case of where he is now.
        reason = "refused"
    if not reason:
        try:
            with transaction.atomic():
                became = sent_in.keep(device.user, sent_in.check(plain))
                row = _sent(device, sent, received_at, **became.fields)
                (row.digest,) = vault.keyed_digests(became.subject, [post.form])
                row.save(force_insert=True)
                facts = {"device": device.code, "instrument": became.instrument}
                events.record("submission.received", actor=device.user, obj=row, case=became.case, facts=facts)
            return Taken(kept=False)
        except recheck.Refused as refused:
            reason = refused.code
        except (CannotDo, ValidationError):
            reason = "refused"
    _quarantine(device, post, sent, plain, reason, received_at)
    return Taken(kept=True)


def _opened(post: Post, sent: Sent) -> tuple[bytes, str]:
    """The answers, out of their envelope if they are in one, and what stands against taking them as they are."""
    plain, inside = post.form, sent
    if sent.sealed is not None:
        try:
            plain = _unsealed(post, sent)
            inside = openrosa_xml.read_form(plain)
        except (CannotOpen, openrosa_xml.Malformed):
            return b"", "not_opened"
        if (inside.form_id, inside.version, inside.instance) != (sent.form_id, sent.version, sent.instance):
            return plain, "not_opened"
    return plain, "changed_later" if inside.replaces else ""


def _unsealed(post: Post, sent: Sent) -> bytes:
    assert sent.sealed is not None
    assert post.sealed is not None  # receive() has looked
    envelope = formkeys.Envelope(
        sent.form_id, sent.version, sent.instance_id, sent.sealed["base64EncryptedKey"],
        sent.sealed["base64EncryptedElementSignature"], post.sealed,
    )  # fmt: skip
    fault = CannotOpen("There is no key of forms.")
    for key in FormKey.objects.filter(kind=COLLECT):
        try:
            return formkeys.open_envelope(key.pk, bytes(key.private or b""), envelope)
        except CannotOpen as refused:
            fault = refused
    raise fault


def _sent(device: Device, sent: Sent, received_at: datetime, **became: Any) -> SentForm:
    form = PublishedForm.objects.filter(form_id=sent.form_id, version=sent.version).first()
    return SentForm(
        id=uuid4(), instance=sent.instance, user=device.user, device=device, form=form, received_at=received_at,
        **became,
    )  # fmt: skip


def is_same(before: SentForm, body: bytes) -> bool:
    """Whether it was these very bytes that came before."""
    try:
        (now,) = vault.keyed_digests(before.subject, [body])
    except vault.KeyDestroyed:
        # What it hung on was erased, and nothing more will be known of it: the phone may forget it.
        return True
    return hmac.compare_digest(now, bytes(before.digest))


def _quarantine(device: Device, post: Post, sent: Sent, plain: bytes, reason: str, received_at: datetime) -> None:
    """Keep what arrived, sealed under a key of its own: opened where it could be, else as it came."""
    if Quarantined.objects.filter(user=device.user, settled_at__isnull=True).count() >= MOST_WAITING:
        raise TooManyWaiting
    row = Quarantined(
        id=uuid4(), code=unused_code("Q", Quarantined), user=device.user, organisation=device.organisation, device=device,
        reason=reason, received_at=received_at,
    )  # fmt: skip
    text = plain.decode("utf-8", "replace")
    if not plain:
        text = f"{post.form.decode('utf-8', 'replace')}\n{base64.b64encode(post.sealed or b'').decode()}"
    vault.create_key(row.subject)
    vault.seal_fields(row, content=text)
    row.save(force_insert=True)
    mark = _sent(device, sent, received_at, quarantined=row)
    (mark.digest,) = vault.keyed_digests(row.subject, [post.form])
    mark.save(force_insert=True)
    facts = {"device": device.code, "code": row.code, "reason": reason}
    events.record("submission.quarantined", actor=device.user, obj=row, facts=facts)


def settle_quarantined(actor: User, row: Quarantined, *, once: UUID | None = None) -> Quarantined:
    """Dealt with: typed in anew, or meant nobody. What was kept of it is destroyed with its key."""
    with transaction.atomic():
        if once is not None:
            claim(once, "settle_quarantined", row, actor)
        locked = Quarantined.objects.select_for_update(of=("self",)).get(pk=row.pk)
        if not policy.may(actor, "settle_quarantined", locked):
            raise Forbidden([_("This is not available to you.")])
        if locked.settled_at is not None:
            raise Refused([_("This was dealt with before.")])
        locked.settled_at, locked.settled_by, locked.content = clock.now(), actor, None
        locked.save(update_fields=["settled_at", "settled_by", "content"])
        events.record("submission.settled", actor=actor, obj=locked, facts={"code": locked.code})
        subject = locked.subject
        transaction.on_commit(lambda: vault.destroy_key(subject))
        return locked
