"""The path of a person, step by step, through the same verbs as the pages: tests start where they need to."""

from datetime import timedelta
from typing import Any

from spean.cases.consent import record_consent
from spean.cases.grounds import confirm_ground, record_ground
from spean.cases.models import Case
from spean.detection import actions as detection
from spean.detection.models import Screening
from spean.directory.actions import offer_service
from spean.directory.models import Service
from spean.identification import actions as identification
from spean.identification.models import Determination
from spean.lib import clock
from spean.people.actions import Identity, register_person
from spean.people.models import Person
from spean.privacy import doors
from spean.privacy.models import Consent
from spean.protection import actions as protection
from spean.referral import actions as referral
from spean.referral.models import Referral
from tests.cast import Cast

FULL = ("identity", "contact", "whereabouts", "narrative", "health", "protection", "justice", "documents")
# Indicators that together make an adult labour screening point to trafficking.
STRONG_ANSWERS = {
    "DR-JOB": "yes",
    "DR-PAY": "yes",
    "CD-DEBT": "yes",
    "CD-DOCS": "yes",
    "EX-HOURS": "yes",
    "EX-PAYLOW": "yes",
}


def screened(cast: Cast, *, age: int | None = 25, name: str = "Sok Dara", **page: Any) -> Screening:
    screening = detection.start_screening(cast.screener, instrument="ilo_2009")
    detection.describe_person(
        cast.screener, screening.case, sex="female", nationality="KHM", languages=["km"],
        detection_context="border", detected_province="01",
    )  # fmt: skip
    screening = detection.save_answers(
        cast.screener, screening, version=None, answers=STRONG_ANSWERS, age=age, acts=["recruitment"],
        stated_name=name, stated_contact="012 345 678", notes="She cried when asked about the boat.", **page,
    )  # fmt: skip
    return detection.complete_screening(cast.screener, screening)


def consented(cast: Cast, **kwargs: Any) -> Case:
    case = screened(cast, **kwargs).case
    record_consent(
        cast.screener, case, purpose="referral_to_focal_agency", classes=FULL, evidence="thumbprint", language="km",
        guardian_is_not_suspect=case.is_child,
    )  # fmt: skip
    return case


def unconfirmed(cast: Cast, *, age: int = 15, **facts: Any) -> Consent:
    """A child nobody could agree for, and the screener's reasons; no second person has looked yet."""
    case = screened(cast, age=age).case
    said: dict[str, Any] = {"ground": "best_interests", "purpose": "referral_to_focal_agency", "classes": FULL}
    return record_ground(cast.screener, case, reasons="Nobody safe is with the child tonight.", **{**said, **facts})


def confirmed(who: Any, row: Consent) -> Consent:
    """The second person reads the reasons and agrees."""
    doors.reveal(who, [row], ["reasons"], "casework")
    return confirm_ground(who, row)


def referred(cast: Cast, **kwargs: Any) -> Referral:
    case = consented(cast, **kwargs)
    return referral.refer_case(cast.screener, case, cast.org("focal"), message="Please meet her today.")


def acknowledged(cast: Cast, **kwargs: Any) -> Referral:
    sent = referred(cast, **kwargs)
    return referral.acknowledge_referral(cast.manager, sent)


def identity(family_name: str = "Sok", given_name: str = "Dara", **more: Any) -> Identity:
    sealed = {"family_name": family_name, "given_name": given_name, "birth_date": "2001-03-04", "phone": "012345678"}
    coded: dict[str, Any] = {"sex": "female", "birth_year": 2001, "nationality": "KHM", "languages": ["km"]}
    for field, value in more.items():
        (
            coded
            if field in ("sex", "birth_year", "nationality", "languages", "birth_province", "has_documents")
            else sealed
        )[field] = value
    return Identity(sealed=sealed, coded=coded)


def registered(cast: Cast, who: Identity | None = None, **kwargs: Any) -> Case:
    row = acknowledged(cast, **kwargs)
    case = Case.objects.get(pk=row.case_id)
    register_person(cast.manager, case, who or identity(), {})
    return Case.objects.get(pk=case.pk)


def reflected(cast: Cast, **kwargs: Any) -> Case:
    """Registered, informed, and thirty days later."""
    case = registered(cast, **kwargs)
    protection.give_rights_information(cast.manager, case, language="km", method="read_aloud")
    period = protection.open_reflection_period(cast.manager, case)
    with clock.travel(clock.now() + timedelta(days=31)):
        protection.end_reflection_period(cast.manager, period)
    return case


def with_authority(cast: Cast, **kwargs: Any) -> Case:
    case = reflected(cast, **kwargs)
    agree(cast, case, "identification", cast.org("authority"))
    sent = referral.send_referral(cast.manager, case, "identification", cast.org("authority"))
    referral.accept_referral(cast.officer, sent)
    return case


def agree(cast: Cast, case: Case, purpose: str, recipient: Any, classes: tuple[str, ...] = FULL) -> None:
    record_consent(
        cast.manager, case, purpose=purpose, recipient=recipient, classes=classes, evidence="thumbprint",
        language="km", guardian_is_not_suspect=case.is_child,
    )  # fmt: skip


FINDINGS = identification.Findings(
    act="established", means="established", purpose="established", outcome="identified",
    act_reasons="Recruited in her village by a broker.", means_reasons="Deceived about the work and held by a debt.",
    purpose_reasons="Forced to work without pay.", evidence="Her account, the contract, the broker's messages.",
    act_codes=("recruitment",), exploitation_forms=("ForcedLabour",),
)  # fmt: skip


def proposed(cast: Cast, findings: identification.Findings = FINDINGS, **kwargs: Any) -> Determination:
    case = with_authority(cast, **kwargs)
    row = identification.open_determination(cast.officer, case)
    return identification.propose_determination(cast.officer, row, findings)


def service(cast: Cast, owner: str = "provider", address: str = "House 7, Street 99", **facts: Any) -> Service:
    user = getattr(cast, owner)
    base: dict[str, Any] = {
        "name": "Safe stay", "type": "counselling_trauma", "province": "01", "residential": False,
        "capacity_maximum": 10, "capacity_available": 3,
    }  # fmt: skip
    return offer_service(user, user.organisation, {**base, **facts}, address=address)


def person_of(case: Case) -> Person:
    found = Case.objects.select_related("person").get(pk=case.pk).person
    assert found is not None
    return found
