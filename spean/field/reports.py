"""What becomes of a report from a phone with our own app: a case with all that was recorded with it, or kept for its user.

A report is opened, worked out anew and carried out through the verbs of the pages. What cannot become a case is kept,
sealed, as what ODK Collect sends is; what came before with other content is kept beside it and never replaces it.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5
from xml.etree import ElementTree

from django.core.exceptions import ValidationError
from django.db import transaction

from spean.access.models import Organisation, User
from spean.access.roles import SECTIONS
from spean.cases import actions as cases
from spean.cases.consent import record_consent, record_refusal
from spean.cases.grounds import record_ground
from spean.cases.models import Case
from spean.country import pack
from spean.detection import actions as detection
from spean.detection import sent
from spean.exchange import report_keys, taking_in
from spean.exchange.openrosa_actions import MOST_WAITING, TooManyWaiting, is_same, may_send, sent_before
from spean.exchange.openrosa_models import WEB, Device, FormKey, Quarantined, SentForm, TakenIn
from spean.field import afterwards, devices
from spean.instruments import recheck
from spean.instruments.engine import Instance
from spean.lib import clock
from spean.privacy import events, formkeys, vault
from spean.privacy.codes import unused_code
from spean.privacy.crypto import CannotOpen
from spean.privacy.doors import SharingStopped
from spean.privacy.rows import acting_as
from spean.protection import actions as protection
from spean.referral import actions as referral
from spean.referral.models import Referral
from spean.workflow.engine import CannotDo

# What a report has at most, sealed and as it is opened: two submissions.
LARGEST = 300_000
LARGEST_OPENED = 2 * recheck.LARGEST
PURPOSE = "referral_to_focal_agency"
# A clock that is wrong by less is no fault of a phone: a slow network takes minutes.
EXACT = timedelta(minutes=10)
ARRIVED, LISTED, CONFLICT = "arrived", "listed", "conflict"
# What was recorded with the person could not be carried out, while the screening is a case.
NOT_FOLLOWED = "not_followed"
REST = b"rest"


@dataclass(frozen=True)
class Sealed:
    """A report as it arrives. `sent_at` is the phone's clock when it was sent; its word, not ours."""

    number: UUID
    key_name: str
    body: bytes = field(repr=False)
    sent_at: datetime | None = None
    received_at: datetime = field(default_factory=clock.now)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True)
class Receipt:
    """What the phone is told, and may forget the report on: `state` is arrived, case, listed, kept or conflict; `code`
    where it is now, which the list of a bus has none of.

    What has arrived is worked off within seconds; the phone asks later what became of it. `reason` says why it is no
    case, or why what was to follow the screening did not happen.
    """

    state: str
    code: str
    reason: str = ""
    again: bool = False


@dataclass(frozen=True)
class _Opened:
    form: bytes
    after: bytes
    age: timedelta | None


class _Broken(ValueError):
    """It was opened and is no report."""


def receive(device: Device, sealed: Sealed) -> Receipt:
    """Take in a report. Raises TooManyWaiting or Busy, and then nothing was stored. The same one again has the same receipt.

    What opens and agrees with the re-check is worked off later (exchange/taking_in.py); everything else, and what came
    before, has its answer on the spot.
    """
    if code := _take_in(device, sealed):
        return Receipt(ARRIVED, code)
    user = device.user
    with acting_as(user), transaction.atomic():
        # Of two sendings at once the second finds what the first did.
        User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
        if (waiting := taking_in.waiting(user, sealed.number)) is not None:
            if waiting.device.kind == WEB and bytes(waiting.body) == sealed.body:
                return Receipt(ARRIVED, waiting.code, again=True)
            return _conflict(device, sealed)
        before = sent_before(user, sealed.number)
        if before is None:
            return _take(device, sealed)
        if is_same(before, sealed.body):
            return _receipt_of(before, again=True)
        return _conflict(device, sealed)


def _take_in(device: Device, sealed: Sealed) -> str:
    try:
        key = _key(sealed)
        _check(sealed, _open(sealed, key))
    except (CannotOpen, _Broken, recheck.Refused):
        return ""
    return taking_in.take_in(device, sealed.number, key, sealed.body, sealed.sent_at)


def work_off(row: TakenIn) -> None:
    """What was taken in becomes a case with all that was recorded with it, or is kept. Raises what keeps it waiting."""
    sealed = Sealed(row.instance, row.key.name, bytes(row.body), row.sent_at, row.received_at)
    before = sent_before(row.device.user, row.instance)
    if before is None:
        _take(row.device, sealed)
    elif not is_same(before, sealed.body):
        # Another one came in the very moment in which the first was worked off.
        _conflict(row.device, sealed)


taking_in.worked_off_by(WEB, work_off)


def _receipt_of(row: SentForm, *, again: bool = False) -> Receipt:
    if row.quarantined is not None:
        state = CONFLICT if row.quarantined.reason == CONFLICT else "kept"
        return Receipt(state, row.quarantined.code, row.quarantined.reason, again)
    if row.arrival is not None:
        return Receipt(LISTED, "", again=again)
    assert row.case is not None  # the constraint's
    rest = SentForm.objects.filter(user=row.user, instance=_beside(row.instance, REST)).exists()
    return Receipt("case", row.case.code, NOT_FOLLOWED if rest else "", again)


def _beside(number: UUID, what: bytes) -> UUID:
    """The number of something that stands beside a report, always the same for the same thing."""
    return uuid5(number, hashlib.sha256(what).hexdigest())


def _conflict(device: Device, sealed: Sealed) -> Receipt:
    """Another content under a number that came before: both are kept, and the user decides what was meant."""
    beside = _beside(sealed.number, sealed.body)
    before = sent_before(device.user, beside)
    if before is not None:
        return _receipt_of(before, again=True)
    try:
        text = _as_text(_open(sealed, _key(sealed)))
    except (CannotOpen, _Broken):
        text = sealed.body.hex()
    events.record("submission.conflicted", actor=device.user, obj=device, facts={"code": device.code})
    return _keep(device, sealed, text, CONFLICT, number=beside)


# --- taking it in --------------------------------------------------------------------------------------------


def _take(device: Device, sealed: Sealed) -> Receipt:
    try:
        opened = _open(sealed, _key(sealed))
    except (CannotOpen, _Broken):
        return _keep(device, sealed, sealed.body.hex(), "not_opened")
    if not may_send(device):
        # Its user works elsewhere since it came: it is no case of where he is now.
        return _keep(device, sealed, _as_text(opened), "refused", opened)
    try:
        with transaction.atomic():
            row = _became(device, sealed, opened)
    except recheck.Refused as refused:
        return _keep(device, sealed, _as_text(opened), refused.code, opened)
    except (CannotDo, ValidationError):
        return _keep(device, sealed, _as_text(opened), "refused", opened)
    if row.case is None:
        return Receipt(LISTED, "")
    reason = _follow(device, row, sealed, opened) if opened.after else ""
    return Receipt("case", row.case.code, reason)


def _key(sealed: Sealed) -> FormKey:
    key = report_keys.named(sealed.key_name)
    if key is None:
        raise CannotOpen("The report names a key that was never here.")
    return key


def _open(sealed: Sealed, key: FormKey) -> _Opened:
    info = devices.info(sealed.number, key.name)
    packed = formkeys.open_report(key.pk, bytes(key.private or b""), sealed.body, info)
    try:
        unpacker = zlib.decompressobj(wbits=31)
        text = unpacker.decompress(packed, LARGEST_OPENED)
        said = json.loads(text) if unpacker.eof else None
    except (zlib.error, ValueError):
        raise _Broken from None
    if not isinstance(said, dict) or not isinstance(said.get("form"), str):
        raise _Broken
    after = said.get("after", "")
    return _Opened(said["form"].encode(), after.encode() if isinstance(after, str) else b"", _age(said, sealed.sent_at))


def _age(said: Mapping[str, Any], sent_at: datetime | None) -> timedelta | None:
    """How old the report was when it was sent, both by the phone's own clock, so that a wrong one does not matter."""
    try:
        sealed_at = datetime.fromisoformat(str(said["sealed_at"]))
        age = sent_at - sealed_at if sent_at is not None else None
    except (KeyError, TypeError, ValueError):
        return None
    return age if age is not None and timedelta(0) <= age <= recheck.OLDEST else None


def _check(sealed: Sealed, opened: _Opened) -> recheck.Checked:
    """Raises Refused where what was filled in does not agree with its own answers, or is another one."""
    checked = sent.check(opened.form)
    if UUID(checked.identifier) != sealed.number:
        raise recheck.Refused("wrong_identifier")
    return checked


def _became(device: Device, sealed: Sealed, opened: _Opened) -> SentForm:
    became = sent.keep(device.user, _check(sealed, opened))
    if not became.fresh:
        # Sent before by another way, and not as this report.
        raise recheck.Refused("wrong_identifier")
    row = _sent(device, sealed, opened, instance=sealed.number, **became.fields)
    (row.digest,) = vault.keyed_digests(became.subject, [sealed.body])
    row.save(force_insert=True)
    facts: dict[str, Any] = {"device": device.code, "instrument": became.instrument}
    if row.clock_off is not None and abs(row.clock_off) > EXACT:
        facts["clock_off_minutes"] = round(row.clock_off / timedelta(minutes=1))
    events.record("submission.received", actor=device.user, obj=row, case=became.case, facts=facts)
    return row


def _sent(device: Device, sealed: Sealed, opened: _Opened | None, **became: Any) -> SentForm:
    now = sealed.received_at
    return SentForm(
        id=uuid4(), user=device.user, device=device, received_at=now,
        finished_at=now - opened.age if opened is not None and opened.age is not None else None,
        clock_off=sealed.sent_at - now if sealed.sent_at is not None else None, **became,
    )  # fmt: skip


def _keep(
    device: Device, sealed: Sealed, text: str, reason: str, opened: _Opened | None = None, *, number: UUID | None = None
) -> Receipt:
    """Keep what arrived for its user, under a key of its own."""
    if Quarantined.objects.filter(user=device.user, settled_at__isnull=True).count() >= MOST_WAITING:
        raise TooManyWaiting
    row = Quarantined(
        id=uuid4(), code=unused_code("Q", Quarantined), user=device.user, organisation=device.organisation,
        device=device, reason=reason, received_at=sealed.received_at,
    )  # fmt: skip
    vault.create_key(row.subject)
    vault.seal_fields(row, content=text)
    row.save(force_insert=True)
    mark = _sent(device, sealed, opened, instance=number or sealed.number, quarantined=row)
    (mark.digest,) = vault.keyed_digests(row.subject, [sealed.body])
    mark.save(force_insert=True)
    facts = {"device": device.code, "code": row.code, "reason": reason}
    events.record("submission.quarantined", actor=device.user, obj=row, facts=facts)
    return Receipt(CONFLICT if reason == CONFLICT else "kept", row.code, reason)


def _as_text(opened: _Opened) -> str:
    """Both submissions as one text that the page of what is kept can show by its questions."""
    parts = [one for one in (opened.form, opened.after) if one]
    if len(parts) == 1:
        return parts[0].decode("utf-8", "replace")
    try:
        roots = [recheck.parse(one) for one in parts]
    except recheck.Refused:
        return "\n".join(one.decode("utf-8", "replace") for one in parts)
    roots[0].append(roots[1])
    return ElementTree.tostring(roots[0], encoding="unicode")


# --- what follows the screening ------------------------------------------------------------------------------


def _follow(device: Device, row: SentForm, sealed: Sealed, opened: _Opened) -> str:
    """Everything that was recorded with the person: all of it, or nothing and a reason, with what was said kept."""
    assert row.case is not None
    case = Case.objects.get(pk=row.case.pk)
    try:
        with transaction.atomic():
            _carry_out(device.user, case, _checked(case, opened.after))
    except (recheck.Refused, CannotDo, ValidationError, SharingStopped):
        text = opened.after.decode("utf-8", "replace")
        return _keep(device, sealed, text, NOT_FOLLOWED, opened, number=_beside(sealed.number, REST)).reason
    return ""


def agencies(province: str = "") -> list[Organisation]:
    """The focal agencies that a phone may choose from: that of its province first, then the one for the whole country."""
    found = Organisation.objects.filter(is_focal=True, active=True)
    return sorted(found, key=lambda one: (one.province != province, not one.is_national_focal, one.name))


def _checked(case: Case, after: bytes) -> Instance:
    asked = afterwards.definition(child=case.is_child, agencies=agencies())
    return recheck.recheck(asked, recheck.parse(after), today=pack().today()).instance


def _carry_out(actor: User, case: Case, said: Instance) -> None:
    def value(path: str) -> str:
        return said.at(path).value

    if value("told/rights_method") != "not_told":
        understood = {"yes": True, "no": False}.get(value("told/understood"))
        protection.give_rights_information(
            actor, case, language=value("told/rights_language"), method=value("told/rights_method"),
            interpreter=value("told/rights_method") == "interpreter", understood=understood,
        )  # fmt: skip
    if value("help/direct_help"):
        cases.give_direct_help(actor, case, value("help/direct_help").split())
    if value("help/needs"):
        protection.record_needs(actor, case, value("help/needs").split(), value("help/urgent").split())
    answered[value("agreement/says")](actor, case, value)


Value = Callable[[str], str]


def _yes(actor: User, case: Case, value: Value) -> None:
    record_consent(
        actor, case, purpose=PURPOSE, classes=value("consent/classes").split(), evidence=value("consent/evidence"),
        language=value("consent/consent_language"), interpreter=value("consent/interpreter") != "none",
        interpreter_not_from_scene=value("consent/interpreter") == "outside",
        told=value("consent/told_points").split(),
        given_by=value("consent/given_by") if case.is_child else "person",
        guardian_is_not_suspect=case.is_child and value("consent/not_suspect") == "yes",
    )  # fmt: skip
    _refer(actor, case, value)


def _best_interests(actor: User, case: Case, value: Value) -> None:
    record_ground(
        actor, case, ground="best_interests", purpose=PURPOSE, reasons=value("alone/reasons"),
        classes=[code for code in pack().codelist("information_class").codes() if code in SECTIONS],
    )  # fmt: skip
    _refer(actor, case, value)


def _refer(actor: User, case: Case, value: Value) -> None:
    to = Organisation.objects.get(pk=UUID(value("referral/to")))
    referral.refer_case(
        actor, case, to, message=value("referral/message"), urgent=value("referral/urgent_today") == "yes"
    )


def _no(actor: User, case: Case, value: Value) -> None:
    """An adult's no is obeyed at once: what could name the person is destroyed. A child is never left with a no."""
    reason = value("refusal/reason")
    record_refusal(actor, case, purpose=PURPOSE, language=value("refusal/refusal_language"), reason=reason)
    if not case.is_child:
        detection.count_without_identity(actor, case, reason=reason)


def _later(actor: User, case: Case, value: Value) -> None:
    if value("help/direct_help") and "leaflet" in value("help/direct_help").split():
        detection.offer_second_interview(actor, case, leaflet_given=True)


answered: Mapping[str, Callable[[User, Case, Value], None]] = {
    "yes": _yes, "best_interests": _best_interests, "no": _no, "later": _later,
}  # fmt: skip


# --- what became of them -------------------------------------------------------------------------------------


def standing_of(device: Device) -> list[dict[str, str]]:
    """Each report of this phone: its number, where it is, and what the focal agency answered. Codes, and nothing said."""
    rows = SentForm.objects.select_related("case", "quarantined").filter(
        device=device, received_at__gte=clock.now() - timedelta(days=60)
    )
    found = list(rows[:1000])
    sent = Referral.objects.filter(case__in=[row.case_id for row in found if row.case_id], kind="focal")
    answers = dict(sent.order_by("sent_at").values_list("case_id", "status"))
    numbers = {row.instance for row in found}
    told = []
    for row in found:
        state = {"id": str(row.instance), "state": "case", "code": "", "reason": "", "agency": ""}
        if row.quarantined is not None:
            state |= {"state": "kept", "code": row.quarantined.code, "reason": row.quarantined.reason}
        elif row.arrival_id is not None:
            state["state"] = LISTED
        elif row.case is not None:
            rest = NOT_FOLLOWED if _beside(row.instance, REST) in numbers else ""
            state |= {"code": row.case.code, "reason": rest, "agency": answers.get(row.case.pk, "")}
        told.append(state)
    arrived = TakenIn.objects.filter(device=device).exclude(instance__in=numbers).values_list("instance", "code")
    blank = {"state": ARRIVED, "reason": "", "agency": ""}
    return told + [{"id": str(number), "code": code, **blank} for number, code in arrived[:1000]]
