"""Placing an invented person among the cases of an organisation, where nobody has any business opening her.

She goes the path of everybody, through the same verbs, so that her rows are like any others; the case ends closed,
so that it waits for nobody and counts for nothing that is still to be done. Two invented officers act for her: their
accounts hold a role only inside this transaction, have no password, and are left deactivated, like those of
colleagues who went away. Only the key vault knows which case it is (`privacy.canaries`).
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import Membership, Organisation, User
from spean.access.roles import CASE_MANAGER, FIRST_RESPONDER, SECTIONS
from spean.cases.actions import close_case
from spean.cases.consent import record_consent
from spean.cases.models import Case
from spean.country import pack
from spean.country.lists import DEFAULT_INSTRUMENT
from spean.detection import actions as detection
from spean.lib import clock, names
from spean.people import search
from spean.people.actions import Identity, register_person
from spean.privacy import canaries, events
from spean.privacy.rows import everybody
from spean.referral import actions as referral
from spean.workflow.engine import Forbidden, Refused, claim

_chance = secrets.SystemRandom()


@dataclass(frozen=True)
class Invented:
    """A person who does not exist, and the two officers under whose names she stands in the log."""

    family_name: str
    given_name: str
    sex: str
    age: int
    nationality: str
    language: str
    responder: str
    case_manager: str


def plant_canary(
    actor: User, invented: Invented, *, sender: Organisation, focal: Organisation, once: UUID | None = None
) -> Case:
    """Write her into the cases of `focal`, as if `sender` had referred her. Returns the case, for its code."""
    with everybody("an auditor writes her into the cases of others"), transaction.atomic():
        if once is not None:
            claim(once, "plant_canary", actor, actor)
        if not policy.may(actor, "plant_canary"):
            raise Forbidden([_("This is not available to you.")])
        identity = _identity(invented)
        if search.find_candidates(identity.details()):
            raise Refused([_("Somebody with similar details is registered already. Invent another person.")])
        responder = _officer(invented.responder, FIRST_RESPONDER, sender)
        manager = _officer(invented.case_manager, CASE_MANAGER, focal)
        case = _path(invented, identity, responder, manager, focal)
        for officer in (responder, manager):
            _leaves(officer)
        canaries.mark(case.subject, case.code)
        # Neither the case nor the organisation: the log is readable to whoever takes the database.
        events.record("canary.planted", actor=actor)
    return case


def _identity(invented: Invented) -> Identity:
    year = clock.today().year - invented.age
    sealed = {"family_name": invented.family_name, "given_name": invented.given_name}
    coded = {
        "sex": invented.sex, "birth_year": year, "birth_year_estimated": True, "nationality": invented.nationality,
        "languages": [invented.language],
    }  # fmt: skip
    return Identity(sealed=sealed, coded=coded)


def _path(invented: Invented, identity: Identity, responder: User, manager: User, focal: Organisation) -> Case:
    """From the first interview to a closed case, by the verbs that everybody uses."""
    screening = detection.start_screening(responder, instrument=DEFAULT_INSTRUMENT)
    detection.describe_person(
        responder, screening.case, sex=invented.sex, nationality=invented.nationality, languages=[invented.language],
        detection_context=_one_of("detection_context"), detected_province=_province(responder),
    )  # fmt: skip
    screening = detection.save_answers(
        responder, screening, version=None, answers=_answers(), age=invented.age,
        stated_name=f"{invented.family_name} {invented.given_name}",
    )  # fmt: skip
    screening = detection.complete_screening(responder, screening)
    case = screening.case
    record_consent(
        responder, case, purpose="referral_to_focal_agency", classes=SECTIONS,
        evidence=_chance.choice(("signature", "thumbprint")), language=invented.language,
    )  # fmt: skip
    sent = referral.refer_case(responder, case, focal)
    referral.acknowledge_referral(manager, sent)
    case = Case.objects.get(pk=case.pk)
    register_person(manager, case, identity, {})
    case = Case.objects.get(pk=case.pk)
    return close_case(
        manager, case, reason=_one_of("closing_reason", without=("no_indication",)),
        explanation=_("She wishes no further help and knows where to ask for it."),
    )  # fmt: skip


def _answers() -> dict[str, str]:
    asked = [one.answer_key for one in pack().instruments[DEFAULT_INSTRUMENT].asked("adult", "labour")]
    signs = set(_chance.sample(asked, min(8, len(asked))))
    return {key: "yes" if key in signs else "no" for key in asked}


def _one_of(codelist: str, without: tuple[str, ...] = ()) -> str:
    codes = [code.code for code in pack().codelist(codelist) if code.valid(clock.today()) and code.code not in without]
    return _chance.choice(codes)


def _province(responder: User) -> str:
    assert responder.organisation is not None
    there = responder.organisation.province
    return there or _chance.choice([place.code for place in pack().geography.provinces()])


def _officer(name: str, role: str, organisation: Organisation) -> User:
    """An account for this transaction, with the past of somebody who worked here for a while."""
    since = clock.now() - timedelta(days=_chance.randint(200, 900), minutes=_chance.randint(0, 600))
    user = User(email=_address(name, organisation), name=name, created_at=since)
    user.set_unusable_password()
    user.full_clean(exclude=["password"])
    user.save(force_insert=True)
    Membership.objects.create(user=user, organisation=organisation, role=role, from_at=since)
    events.record("user.invited", actor=None, obj=user)
    events.record("role.given", actor=None, obj=user, facts={"role": role})
    return user


def _leaves(officer: User) -> None:
    for membership in Membership.objects.filter(user=officer, until_at__isnull=True):
        membership.until_at = clock.now()
        membership.save(update_fields=["until_at"])
        events.record("role.ended", actor=None, obj=officer, facts={"role": membership.role})
    officer.is_active = False
    officer.save(update_fields=["is_active"])
    events.record("user.deactivated", actor=None, obj=officer)


def _address(name: str, organisation: Organisation) -> str:
    """An e-mail address of the kind the organisation's people have; nothing is ever sent to it."""
    local = ".".join("".join(sign for sign in word if sign.isalnum()) for word in names.romanise(name).lower().split())
    colleague = User.objects.filter(memberships__organisation=organisation).order_by("created_at").first()
    domain = colleague.email.rpartition("@")[2] if colleague else "localhost.localdomain"
    local = local or "office"
    for number in ("", *(str(count) for count in range(2, 100))):
        address = f"{local}{number}@{domain}"
        if not User.objects.filter(email=address).exists():
            return address
    raise Refused([_("Choose another name for the officer.")])
