"""What Spean needs of every country pack: the code lists, the codes its rules rely on, the names of deadlines.

A pack may add codes and lists; it may not leave these out. The values themselves stand in the pack.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ListNeed:
    """A code list every pack must have. `htcds` is the HTCDS picklist its codes are exported to.

    `core` are codes that rules and pages name; `exact` lists may hold no others, because a rule reads them all.
    """

    htcds: str = ""
    core: frozenset[str] = frozenset()
    exact: bool = False
    extra: tuple[str, ...] = ()


# HTCDS takes ISO 3166-1 codes here and has no picklist of its own.
CITIZENSHIP = "prs_Citizenship"


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


LISTS: dict[str, ListNeed] = {
    "sex": ListNeed("prs_Gender", _codes("female male unknown")),
    "exploitation_form": ListNeed(
        "vic_TypeOfExploitation",
        _codes(
            "ForcedLabour SexualExploitation ChildLabour ForcedMarriage Servitude ForcedMilitaryByNonStateActors"
            " OrganRemoval ForcedBegging ForcedAdoption Surrogacy Other"
        ),
    ),
    "act": ListNeed("hte_Type", _codes("recruitment transportation transfer harbouring receipt"), exact=True),
    "means": ListNeed("vic_MethodsOfControl"),
    "method_of_control": ListNeed("vic_MethodsOfControl", _codes("RestrictsMovement Other")),
    "exploitation": ListNeed("", _codes("labour sexual"), exact=True),
    "answer": ListNeed("", _codes("yes no unknown declined not_asked"), exact=True),
    "screening_result": ListNeed(
        "vic_TraffickingStatus",
        _codes("presumed_victim exploited_not_trafficked insufficient_information no_indication"),
        exact=True,
    ),
    "legal_status": ListNeed(
        "vic_TraffickingStatus",
        _codes("not_assessed presumed_victim identified_victim exploited_not_identified not_identified"),
        exact=True,
    ),
    "determination_outcome": ListNeed(
        "vic_TraffickingStatus",
        _codes("identified exploited_not_identified not_identified more_information"),
        exact=True,
    ),
    "element_status": ListNeed("", _codes("strong some none unknown not_required"), exact=True),
    "need": ListNeed("spl_Type", _codes("shelter medical psychological legal interpretation safety basic_needs")),
    "risk_level": ListNeed("", _codes("low medium high unknown"), exact=True),
    "risk_factor": ListNeed(),
    "language": ListNeed("", _codes("en")),
    "nationality": ListNeed(CITIZENSHIP, extra=("alpha_2",)),
    "organisation_type": ListNeed("org_Type"),
    "service_type": ListNeed("spl_Type", extra=("needs", "residential")),
    "decline_reason": ListNeed("", _codes("other")),
    "referral_feedback": ListNeed("", _codes("could_not_help person_did_not_come other")),
    "placement_reason": ListNeed("", _codes("other")),
    "closing_reason": ListNeed("", _codes("no_indication other")),
    "refusal_reason": ListNeed("", _codes("no_reason_given other")),
    "unmet_reason": ListNeed("", _codes("other")),
    "consent_purpose": ListNeed(
        "", _codes("referral_to_focal_agency service_referral identification case_conference statistics")
    ),
    "information_class": ListNeed(
        "", _codes("identity contact whereabouts narrative health protection justice documents"), exact=True
    ),
    "consent_evidence": ListNeed("", _codes("signature thumbprint verbal_witnessed audio")),
    "rights_method": ListNeed(),
    "place_type": ListNeed("", _codes("unknown")),
    "disability": ListNeed("", _codes("none unknown")),
    "direct_help": ListNeed("", _codes("leaflet")),
    "document_type": ListNeed("", _codes("other")),
    "detection_context": ListNeed("", _codes("border deportation hotline other")),
    "suspect_role": ListNeed("", _codes("unknown other")),
    "continuum": ListNeed(extra=("reading_en", "reading_km")),
}

# What is said to a person in languages that the screens do not speak: spoken/<language>.toml, by its sections.
SPOKEN: Mapping[str, tuple[str, ...]] = {
    "receipt": (
        "title", "lead", "purpose", "classes", "recipient", "any_focal", "safe_place", "given_on", "until", "no_end", "code",
        "withdraw", "help", "who_looked",
    ),
    "consent": (
        "told_interview", "told_purpose", "told_uses", "told_research", "told_access", "told_retention", "told_withdrawal",
        "understood", "needs", "urgent", "says", "says_child", "yes", "no", "later", "classes",
    ),
}  # fmt: skip

DEADLINES: tuple[str, ...] = (
    "acknowledge_referral",
    "register_person",
    "give_rights_information",
    "respond_to_referral",
    "respond_urgent_referral",
    "returned_case",
    "second_interview",
    "assess_risk",
    "decide_identification",
    "confirm_identification",
    "inform_person",
    "review_determination",
    "reflection_ends",
    "placement_review",
    "retention_ends",
    "involvement_service",
    "involvement_identification",
    "involvement_referrer",
    "involvement_justice",
    "involvement_return",
    "involvement_reminder",
    "renew_involvement",
    "lift_exclusion",
    "answer_hand_over",
    "conference_longest",
    "confirm_ground",
    "ground_rejected",
    "withdrawal_notice",
    "location_grant",
    "informant_kept",
    "arrival_kept",
)

ROLES: tuple[str, ...] = (
    "first_responder",
    "hotline_operator",
    "hotline_supervisor",
    "case_manager",
    "identification_officer",
    "identification_reviewer",
    "service_provider",
    "investigator",
    "prosecutor",
    "court_clerk",
    "return_officer",
    "labour_officer",
    "statistics_officer",
    "auditor",
    "administrator",
)

# How many different people a user may open in a day, where the pack's reveal.toml does not say it for his role.
PERSONS_PER_DAY = 20
# What else reveal.toml may set, with what holds where it does not.
REVEAL: dict[str, dict[str, int | bool]] = {
    "extension": {"persons": 10},
    "refusals": {"number": 5, "minutes": 10},
    "record_for_the_person": {"names_officers": False},
}

INSTRUMENT_STATUSES: tuple[str, ...] = ("ready", "empty_slot")
# The command line and the screening screens use this one where none is named.
DEFAULT_INSTRUMENT = "ilo_2009"
