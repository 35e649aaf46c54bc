"""Who may do what, and who sees which rows and sections. The only place.

An action is a list of rules; a rule is a set of roles and a relation to the object. A relation is written
once, as a `Q`; `may()` and `visible()` both derive from it, so that a list and a single page cannot disagree.
Deny by default; no role sees everything; there is no superuser. `docs/access-matrix.csv` is written from here.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import BooleanField, Exists, ExpressionWrapper, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import Http404

from spean.access.models import Membership, User
from spean.access.roles import (
    ADMINISTRATOR,
    ALL,
    AUDITOR,
    CASE_MANAGER,
    COURT_CLERK,
    FIRST_RESPONDER,
    HOTLINE_OPERATOR,
    HOTLINE_SUPERVISOR,
    IDENTIFICATION_OFFICER,
    IDENTIFICATION_REVIEWER,
    INVESTIGATOR,
    LABOUR_OFFICER,
    PROSECUTOR,
    RETURN_OFFICER,
    ROLE_SECTIONS,
    ROLE_TASKS,
    SECTIONS,
    SERVICE_PROVIDER,
    STATISTICS_OFFICER,
)
from spean.lib import clock

PUBLIC = "public"  # pages that need no sign-in
SIGNED_IN = "signed_in"  # pages of every signed-in user: own profile, language, home


@dataclass(frozen=True)
class Rule:
    """Roles × relation. The relation "" means: for creating, or acting on nothing in particular."""

    roles: frozenset[str]
    relation: str

    @classmethod
    def of(cls, *roles: str, to: str = "") -> "Rule":
        return cls(frozenset(roles), to)


SCREENERS = (FIRST_RESPONDER, CASE_MANAGER, LABOUR_OFFICER, RETURN_OFFICER, SERVICE_PROVIDER, HOTLINE_OPERATOR)
AT_CROSSINGS = (FIRST_RESPONDER, CASE_MANAGER, LABOUR_OFFICER, RETURN_OFFICER)
DECIDERS = (IDENTIFICATION_OFFICER, IDENTIFICATION_REVIEWER)
HANDLERS = (
    FIRST_RESPONDER, CASE_MANAGER, IDENTIFICATION_OFFICER, IDENTIFICATION_REVIEWER, SERVICE_PROVIDER,
    INVESTIGATOR, PROSECUTOR, RETURN_OFFICER, LABOUR_OFFICER, HOTLINE_OPERATOR, HOTLINE_SUPERVISOR,
)  # fmt: skip

# Who may ask, in an emergency, where somebody is: nobody whose service arrests, charges or judges.
MAY_ASK_PLACE = (CASE_MANAGER, SERVICE_PROVIDER, RETURN_OFFICER)

# Who may keep a list of his organisation's. A list with names only whoever meets people in his work.
LISTERS = (
    CASE_MANAGER, SERVICE_PROVIDER, INVESTIGATOR, PROSECUTOR, COURT_CLERK, RETURN_OFFICER, LABOUR_OFFICER,
    HOTLINE_SUPERVISOR,
)  # fmt: skip

of = Rule.of

# Relations of a case: mine = I started it; screening, focal, service, identification = my organisation is
# involved in it with that task now.
ACTIONS: dict[str, tuple[Rule, ...]] = {
    # --- the case and its screening ---
    "start_screening": (of(*SCREENERS),),
    "see_case": (
        of(*SCREENERS, HOTLINE_SUPERVISOR, to="mine"),
        of(CASE_MANAGER, to="focal"),
        of(CASE_MANAGER, to="screening"),
        of(SERVICE_PROVIDER, to="service"),
        of(*DECIDERS, to="identification"),
        of(INVESTIGATOR, PROSECUTOR, to="justice"),
        of(RETURN_OFFICER, to="return"),
        of(*HANDLERS, to="conference"),
    ),
    "see_screening": (
        of(*SCREENERS, to="mine_screening"),
        of(CASE_MANAGER, to="focal"),
        of(*DECIDERS, to="identification"),
    ),
    "answer_screening": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "complete_screening": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "screen_again": (of(*SCREENERS, to="mine_screening"),),
    "offer_second_interview": (of(*SCREENERS, to="mine_screening"),),
    # The quick list of a bus, which the colleagues at the same crossing share; and the interview after registration.
    "list_arrival": (of(*AT_CROSSINGS),),
    "see_arrival": (of(*AT_CROSSINGS, to="ours"),),
    "record_intake": (of(CASE_MANAGER, to="focal"), of(SERVICE_PROVIDER, to="service")),
    "see_intake": (of(CASE_MANAGER, to="focal"), of(SERVICE_PROVIDER, to="service")),
    "refer_case": (of(*SCREENERS, to="mine_screening"),),
    "count_without_identity": (of(*SCREENERS, to="mine_screening"),),
    "take_back_case": (of(CASE_MANAGER, to="received"), of(*SCREENERS, to="mine_screening")),
    "register_person": (of(CASE_MANAGER, to="focal"),),
    "close_case": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "reopen_case": (of(CASE_MANAGER, to="focal"),),
    "presume": (of(*SCREENERS, to="mine_screening"),),
    "identify": (of(*DECIDERS, to="identification"),),
    "find_exploited": (of(*DECIDERS, to="identification"),),
    "not_identify": (of(*DECIDERS, to="identification"),),
    "write_note": (
        of(CASE_MANAGER, to="focal"), of(SERVICE_PROVIDER, to="service"), of(*DECIDERS, to="identification"),
    ),
    "see_whereabouts": (of(CASE_MANAGER, to="focal"),),
    "see_document": (
        of(CASE_MANAGER, to="focal"), of(*DECIDERS, to="identification"), of(INVESTIGATOR, PROSECUTOR, to="justice"),
        of(RETURN_OFFICER, to="return"),
    ),
    "attach_document": (
        of(CASE_MANAGER, to="focal"), of(*DECIDERS, to="identification"), of(INVESTIGATOR, PROSECUTOR, to="justice"),
        of(RETURN_OFFICER, to="return"),
    ),
    "remove_document": (of(CASE_MANAGER, to="focal"),),
    "see_case_history": (of(CASE_MANAGER, to="focal"),),
    "hand_over_record": (of(CASE_MANAGER, to="focal"),),
    "exclude_from_case": (of(CASE_MANAGER, to="focal"),),
    "see_exclusions": (of(CASE_MANAGER, to="focal"),),
    # Lifting takes two: one of the focal agency asks, another of it, or of the national one, decides.
    "ask_to_lift_exclusion": (of(CASE_MANAGER, to="focal"),),
    "lift_exclusion": (of(CASE_MANAGER, to="asked"), of(CASE_MANAGER, to="asked_national")),
    "record_suspect": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "see_suspects": (
        of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal"), of(*DECIDERS, to="identification"),
        of(INVESTIGATOR, PROSECUTOR, to="justice"),
    ),
    "clear_suspect": (of(CASE_MANAGER, to="focal"),),
    "see_involvement": (of(CASE_MANAGER, to="focal"),),
    "renew_involvement": (of(CASE_MANAGER, to="focal"),),
    "end_involvement": (of(CASE_MANAGER, to="focal"),),
    "ask_renewal": (of(*HANDLERS, to="expired"),),
    "see_reason": (of(CASE_MANAGER, to="focal"), of(CASE_MANAGER, to="asked")),
    "offer_hand_over": (of(CASE_MANAGER, to="focal"),),
    "see_hand_over": (of(CASE_MANAGER, to="focal"), of(CASE_MANAGER, to="offered")),
    "accept_hand_over": (of(CASE_MANAGER, to="offered"),),
    "call_conference": (of(CASE_MANAGER, to="focal"),),
    "see_conference": (of(CASE_MANAGER, to="focal"), of(*HANDLERS, to="invited")),
    "record_conference": (of(CASE_MANAGER, to="focal"),),
    # --- consent ---
    "record_consent": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "record_refusal": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "withdraw_consent": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "see_consent": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "record_ground": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    # The second person, who sees of the case what he is asked to confirm, and no more.
    "confirm_ground": (of(*SCREENERS, HOTLINE_SUPERVISOR, to="asked_to_confirm"),),
    "see_withdrawal": (of(*HANDLERS, to="ours"), of(CASE_MANAGER, to="focal")),
    "acknowledge_withdrawal": (of(*HANDLERS, to="ours"),),
    # --- erasure: asked for by who answers for the case, confirmed by somebody elsewhere who sees no content ---
    "place_hold": (of(CASE_MANAGER, to="focal"), of(INVESTIGATOR, PROSECUTOR, COURT_CLERK, to="justice")),
    "lift_hold": (of(CASE_MANAGER, to="focal"), of(INVESTIGATOR, PROSECUTOR, COURT_CLERK, to="justice")),
    "request_erasure": (of(CASE_MANAGER, to="focal"), of(*SCREENERS, to="mine_screening")),
    "see_erasure": (of(CASE_MANAGER, to="focal"), of(*SCREENERS, to="mine_screening"),
                    of(CASE_MANAGER, to="national"), of(AUDITOR, to="all")),
    "confirm_erasure": (of(CASE_MANAGER, to="national"), of(AUDITOR, to="all")),
    # --- people ---
    "see_person": (of(CASE_MANAGER, to="focal"), of(SERVICE_PROVIDER, to="service"),
                   of(*DECIDERS, to="identification"), of(RETURN_OFFICER, to="return")),
    "edit_person": (of(CASE_MANAGER, to="focal"),),
    "search_people": (of(CASE_MANAGER),),
    "propose_match": (of(CASE_MANAGER, to="focal"),),
    "see_match": (of(CASE_MANAGER, to="ours"), of(CASE_MANAGER, to="national")),
    "decide_match": (of(CASE_MANAGER, to="ours"), of(CASE_MANAGER, to="national")),
    # --- protection ---
    "see_protection": (of(CASE_MANAGER, to="focal"), of(SERVICE_PROVIDER, to="service"),
                       of(*DECIDERS, to="identification"), of(*HANDLERS, to="conference_protection")),
    "give_rights_information": (of(CASE_MANAGER, to="focal"), of(*SCREENERS, to="mine_screening")),
    "open_reflection_period": (of(CASE_MANAGER, to="focal"),),
    "end_reflection_period": (of(CASE_MANAGER, to="focal"),),
    "waive_reflection_period": (of(CASE_MANAGER, to="focal"),),
    "assess_risk": (of(CASE_MANAGER, to="focal"), of(*SCREENERS, to="mine_screening")),
    "record_need": (of(CASE_MANAGER, to="focal"), of(*SCREENERS, to="mine_screening")),
    "change_need": (of(CASE_MANAGER, to="focal"),),
    "give_direct_help": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    # --- referral ---
    "see_referral": (of(CASE_MANAGER, to="received"), of(SERVICE_PROVIDER, to="received"),
                     of(*DECIDERS, to="received"), of(CASE_MANAGER, to="sent"),
                     of(*HANDLERS, to="sent_by_me"), of(CASE_MANAGER, to="focal")),
    # What came with it: while it waits, and while the organisation takes part because of it.
    "read_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received_now"),),
    "send_referral": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "acknowledge_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received"),),
    "accept_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received"),),
    "decline_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received"),),
    "withdraw_referral": (of(CASE_MANAGER, to="sent"), of(*SCREENERS, to="sent_by_me"),
                          of(CASE_MANAGER, to="focal")),
    "complete_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received"),),
    "end_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received"), of(CASE_MANAGER, to="sent"),
                     of(CASE_MANAGER, to="focal")),
    # --- formal identification ---
    "see_determination": (of(*DECIDERS, to="identification"), of(CASE_MANAGER, to="focal")),
    "open_determination": (of(IDENTIFICATION_OFFICER, to="identification"),),
    "propose_determination": (of(IDENTIFICATION_OFFICER, to="identification"),),
    "confirm_determination": (of(IDENTIFICATION_REVIEWER, to="identification"),),
    "inform_of_determination": (of(CASE_MANAGER, to="focal"), of(IDENTIFICATION_OFFICER, to="identification")),
    "request_review": (of(CASE_MANAGER, to="focal"), of(IDENTIFICATION_OFFICER, to="identification")),
    # --- directory ---
    "see_directory": (of(*(role for role in ALL)),),
    "see_service": (of(*(role for role in ALL), to="all"),),
    # A place that is free today and taken tomorrow tells whoever watches where somebody sleeps since then: how full
    # a house is, is known to itself and to those who place people.
    "see_places": (
        of(*(role for role in ALL), to="not_residential"), of(CASE_MANAGER, to="all"), of(SERVICE_PROVIDER, to="ours"),
    ),
    "edit_service": (of(SERVICE_PROVIDER, to="ours"), of(CASE_MANAGER, to="ours")),
    "update_capacity": (of(SERVICE_PROVIDER, to="ours"), of(CASE_MANAGER, to="ours")),
    # Its own staff; who placed somebody there; whom the shelter itself lets in, others than those who help by name.
    "see_shelter_location": (
        of(SERVICE_PROVIDER, to="ours"), of(CASE_MANAGER, to="placed"),
        of(CASE_MANAGER, SERVICE_PROVIDER, RETURN_OFFICER, to="let_in"),
        of(*HANDLERS, COURT_CLERK, to="let_in_by_name"), of(*MAY_ASK_PLACE, to="emergency"),
    ),
    "let_into_location": (of(SERVICE_PROVIDER, to="ours"),),
    "close_location": (of(SERVICE_PROVIDER, to="ours"),),
    "keep_location_open": (of(SERVICE_PROVIDER, to="ours"), of(CASE_MANAGER, to="held")),
    "see_unmet_need": (of(CASE_MANAGER),),
    # --- emergency access: one named case, for four hours, on a page of its own ---
    "ask_emergency": (of(*HANDLERS),),
    "see_emergency": (of(*HANDLERS, to="mine"), of(*HANDLERS, to="named"), of(CASE_MANAGER, to="focal"),
                      of(AUDITOR, to="all")),
    "confirm_emergency": (of(*HANDLERS, to="named"),),
    "review_emergency": (of(AUDITOR, to="all"),),
    "read_in_emergency": (of(*HANDLERS, to="emergency"),),
    # --- kept apart from the case: who called, and what is planned ---
    "record_informant": (of(HOTLINE_OPERATOR, to="mine"),),
    "see_informant": (of(HOTLINE_OPERATOR, to="mine"), of(HOTLINE_SUPERVISOR, to="ours")),
    "keep_informant_longer": (of(HOTLINE_OPERATOR, to="mine"), of(HOTLINE_SUPERVISOR, to="ours")),
    "note_operation": (of(INVESTIGATOR, to="justice"),),
    "see_operation": (of(*HANDLERS, to="mine"), of(*HANDLERS, to="named"),
                      of(INVESTIGATOR, PROSECUTOR, to="over")),
    "change_operation": (of(INVESTIGATOR, to="mine"),),
    # --- work ---
    "see_task": (of(*HANDLERS, to="mine"),),
    # --- administration and oversight: never case content ---
    "manage_organisations": (of(ADMINISTRATOR, to="all"),),
    "manage_users": (of(ADMINISTRATOR, to="all"),),
    "see_backups": (of(ADMINISTRATOR, AUDITOR),),
    # Only who answers for the case may put it on a list, and never through an emergency.
    "export_case": (of(CASE_MANAGER, to="focal"),),
    "request_export": (of(CASE_MANAGER),),
    "see_export": (of(CASE_MANAGER, to="ours"), of(AUDITOR, to="all")),
    "approve_export": (of(CASE_MANAGER, to="by_colleague"),),
    "withdraw_export": (of(CASE_MANAGER, to="mine"),),
    "make_export": (of(CASE_MANAGER, to="mine"),),
    "trace_export": (of(AUDITOR),),
    # A phone with ODK Collect: whoever screens, his own. It sends, and reads nothing of a case.
    "enrol_device": (of(*SCREENERS),),
    "see_device": (of(*SCREENERS, to="mine"),),
    "revoke_device": (of(*SCREENERS, to="mine"),),
    "see_quarantined": (of(*SCREENERS, to="mine"),),
    "settle_quarantined": (of(*SCREENERS, to="mine"),),
    # Partner lists: whoever keeps one, his own. What stands in a row he reads only where it was kept aside.
    "keep_list": (of(*LISTERS, STATISTICS_OFFICER),),
    "keep_list_of_names": (of(*LISTERS),),
    "see_list": (of(*LISTERS, STATISTICS_OFFICER, to="mine"),),
    "deliver_list": (of(*LISTERS, STATISTICS_OFFICER, to="mine"),),
    "read_row": (of(*LISTERS, to="mine_aside"), of(CASE_MANAGER, to="in_pair")),
    "destroy_row": (of(*LISTERS, STATISTICS_OFFICER, to="mine"),),
    # The linked register: numbers for the statistician; pairs, with names, for the national focal agency alone.
    "see_register": (of(STATISTICS_OFFICER, to="all"), of(CASE_MANAGER, to="national")),
    "start_linking": (of(STATISTICS_OFFICER, to="all"), of(CASE_MANAGER, to="national")),
    "see_pair": (of(CASE_MANAGER, to="national"),),
    "decide_pair": (of(CASE_MANAGER, to="national"),),
    # Numbers: protected tables only, drawn up by one statistics officer and published by another.
    "see_edition": (of(STATISTICS_OFFICER, to="all"),),
    "draft_edition": (of(STATISTICS_OFFICER, to="all"),),
    "check_edition": (of(STATISTICS_OFFICER, to="all"),),
    "publish_edition": (of(STATISTICS_OFFICER, to="by_another"),),
    "see_figure": (of(STATISTICS_OFFICER, to="all"),),
    "record_figure": (of(STATISTICS_OFFICER),),
    "publish_figure": (of(STATISTICS_OFFICER, to="by_another"),),
    "withdraw_figure": (of(STATISTICS_OFFICER, to="all"),),
    "see_access_change": (of(ADMINISTRATOR, to="all"),),
    "confirm_access_change": (of(ADMINISTRATOR, to="by_another"),),
    "withdraw_access_change": (of(ADMINISTRATOR, to="mine"),),
    "read_log": (of(AUDITOR, to="all"),),
    "keep_log_root": (of(AUDITOR),),
    # Alerts, canaries and leak reviews name users and codes, never content.
    "see_alert": (of(AUDITOR, to="all"),),
    "clear_alert": (of(AUDITOR, to="all"),),
    "see_canary": (of(AUDITOR, to="all"),),
    "plant_canary": (of(AUDITOR),),
    "review_leak": (of(AUDITOR, to="all"),),
    # Another user of the same organisation and role, or the national focal agency; never oneself.
    "extend_budget": (of(*HANDLERS, COURT_CLERK, to="colleague"), of(CASE_MANAGER, to="of_the_country")),
}  # fmt: skip

Relation = Callable[[User, Membership], Q]

# --- relations ------------------------------------------------------------------------------------------


def _open_now(prefix: str = "") -> Q:
    now = clock.now()
    return Q(**{f"{prefix}from_at__lte": now}) & (
        Q(**{f"{prefix}until_at__isnull": True}) | Q(**{f"{prefix}until_at__gt": now})
    )


def _involved(task: str, case: str = "pk") -> Relation:
    """My organisation takes part in the case with this task now."""

    def relation(user: User, membership: Membership) -> Q:
        rows = apps.get_model("cases", "Involvement")._default_manager.filter(
            _open_now(), case_id=OuterRef(case), organisation_id=membership.organisation_id, task=task
        )
        return Q(Exists(rows))

    return relation


def _mine(user: User, membership: Membership) -> Q:
    return Q(started_by_id=user.pk)


def _mine_screening(user: User, membership: Membership) -> Q:
    """I started it and the screening is still in my organisation's hands (not yet acknowledged elsewhere)."""
    return Q(started_by_id=user.pk) & _involved("screening")(user, membership)


def _received_case(user: User, membership: Membership) -> Q:
    """A referral of this case waits with my organisation."""
    waiting = apps.get_model("referral", "Referral")._default_manager.filter(
        _received_now(user, membership), case_id=OuterRef("pk"), status__in=("sent", "acknowledged")
    )
    return Q(Exists(waiting))


def _asked_to_confirm(user: User, membership: Membership) -> Q:
    """My organisation was asked for the second person of a ground that stands in for consent."""
    asked = apps.get_model("cases", "Task")._default_manager.filter(
        Q(user_id__isnull=True) | Q(user_id=user.pk),
        case_id=OuterRef("pk"),
        kind="confirm_ground",
        organisation_id=membership.organisation_id,
        role=membership.role,
        done_at__isnull=True,
    )
    return Q(Exists(asked))


def _let_in(basis: str, *, by_name: bool = False) -> Relation:
    """A grant of this shelter's location runs: for a placement, or because the shelter itself gave it."""

    def relation(user: User, membership: Membership) -> Q:
        model = apps.get_model("directory", "LocationGrant")
        whom = Q(user_id=user.pk) if by_name else Q(organisation_id=membership.organisation_id)
        grants = model._default_manager.filter(
            _open_now(), whom, _not_excluded(user, model), location_id=OuterRef("pk"), basis=basis
        )
        return Q(Exists(grants))

    return relation


def _emergencies(user: User) -> QuerySet[Any]:
    """The emergency accesses that open something to this user at this moment."""
    rows = apps.get_model("privacy", "EmergencyAccess")._default_manager
    return rows.filter(_open_now(), asked_by_id=user.pk, status__in=("granted", "justified"), case_id__isnull=False)


def _in_emergency(user: User, membership: Membership) -> Q:
    return Q(Exists(_emergencies(user).filter(case_id=OuterRef("pk"))))


def _place_in_emergency(user: User, membership: Membership) -> Q:
    """Somebody whose life is in danger was placed here, and two people answer for my asking."""
    case_model = apps.get_model("cases", "Case")
    mine = _emergencies(user).filter(sections__contains=["whereabouts"]).values("case_id")
    cases = case_model._default_manager.filter(_not_excluded(user, case_model), pk__in=mine).values("pk")
    placed = apps.get_model("referral", "Referral")._default_manager.filter(
        service_id=OuterRef("service_id"), status="accepted", case_id__in=cases
    )
    return Q(Exists(placed))


def _reads_operation(user: User, membership: Membership) -> Q:
    readers = apps.get_model("cases", "OperationReader")._default_manager.filter(fact_id=OuterRef("pk"))
    return Q(Exists(readers.filter(user_id=user.pk, until_at__isnull=True)))


def _operation_over(user: User, membership: Membership) -> Q:
    """After the operation it belongs to the criminal case, as everything else of that task."""
    return Q(over_at__lte=clock.now()) & _involved("justice", case="case_id")(user, membership)


def _takes_part(user: User, membership: Membership) -> Q:
    """My organisation takes part in the case of this row now, for whichever task."""
    rows = apps.get_model("cases", "Involvement")._default_manager.filter(
        _open_now(), case_id=OuterRef("case_id"), organisation_id=membership.organisation_id
    )
    return Q(Exists(rows))


def _received(user: User, membership: Membership) -> Q:
    """Sent to my organisation: a line in our list for good, but what still runs only while we take part."""
    running = Q(status="accepted") | Q(status="acknowledged", kind="focal")
    return Q(to_organisation_id=membership.organisation_id) & (~running | _takes_part(user, membership))


def _received_now(user: User, membership: Membership) -> Q:
    return _received(user, membership) & Q(status__in=("sent", "acknowledged", "accepted"))


def _sent(user: User, membership: Membership) -> Q:
    return Q(from_organisation_id=membership.organisation_id) & _takes_part(user, membership)


def _sent_by_me(user: User, membership: Membership) -> Q:
    """What became of a case that I referred stays mine to see; of other referrals while we take part."""
    return Q(sent_by_id=user.pk) & (Q(kind="focal") | _takes_part(user, membership))


def _invited(section: str = "", *, to_this: bool = False) -> Relation:
    """I am invited, for this organisation, to a conference on the case that is neither cancelled nor over."""

    def relation(user: User, membership: Membership) -> Q:
        rows = _invitations(user).filter(organisation_id=membership.organisation_id)
        rows = rows.filter(conference_id=OuterRef("pk")) if to_this else rows.filter(case_id=OuterRef("pk"))
        return Q(Exists(rows.filter(sections__contains=[section]) if section else rows))

    return relation


def _invitations(user: User) -> QuerySet[Any]:
    rows = apps.get_model("cases", "Invitation")._default_manager
    return rows.filter(
        user_id=user.pk, status="invited", conference__status__in=("called", "held"),
        conference__until_at__gt=clock.now(),
    )  # fmt: skip


def _expired(user: User, membership: Membership) -> Q:
    """My organisation's part, of a task that is mine, has run out and was not ended."""
    return Q(
        organisation_id=membership.organisation_id, status="open", until_at__lte=clock.now(),
        task__in=ROLE_TASKS[membership.role],
    )  # fmt: skip


def _asked(user: User, membership: Membership) -> Q:
    """Lifting was asked for in a case of my agency, and I am neither who excluded nor who asked."""
    return _by_second_person(user) & _involved("focal", case="case_id")(user, membership)


def _asked_national(user: User, membership: Membership) -> Q:
    return _by_second_person(user) & _national(user, membership)


def _by_second_person(user: User) -> Q:
    return Q(status="lift_asked") & ~Q(created_by_id=user.pk) & ~Q(asked_by_id=user.pk)


def _reason_asked(user: User, membership: Membership) -> Q:
    """A reason about which I have to decide: an exclusion to lift, a case offered to my agency."""
    exclusions = apps.get_model("cases", "Exclusion")._default_manager.filter(
        _asked_national(user, membership), pk=OuterRef("object_id")
    )
    offered = apps.get_model("cases", "HandOver")._default_manager.filter(
        pk=OuterRef("object_id"), status="offered", to_organisation_id=membership.organisation_id
    )
    return Q(Exists(exclusions)) | Q(Exists(offered))


def _same_organisation(attribute: str) -> Relation:
    return lambda user, membership: Q(**{attribute: membership.organisation_id})


def _keeps(path: str = "") -> Relation:
    """A list that I keep for this organisation, or what belongs to one."""
    return lambda user, membership: Q(
        **{f"{path}kept_by_id": user.pk, f"{path}organisation_id": membership.organisation_id}
    )


def _keeps_aside(user: User, membership: Membership) -> Q:
    return _keeps("partner_list__")(user, membership) & Q(status="quarantined")


def _in_pair(user: User, membership: Membership) -> Q:
    """A row of a pair that the national focal agency decides."""
    pairs = apps.get_model("lists", "Pair")._default_manager.filter(
        Q(one_id=OuterRef("pk")) | Q(other_id=OuterRef("pk"))
    )
    return _national(user, membership) & Q(Exists(pairs))


def _own_national(user: User, membership: Membership) -> Q:
    """My organisation, if it is the national focal agency."""
    return Q(pk=membership.organisation_id) & _national(user, membership)


def _always(user: User, membership: Membership) -> Q:
    return Q(pk__isnull=False)


def _colleague(user: User, membership: Membership) -> Q:
    """Somebody else who holds the same role in the same organisation now."""
    same = Membership.objects.filter(
        _open_now(), user_id=OuterRef("pk"), organisation_id=membership.organisation_id, role=membership.role
    )
    return Q(Exists(same)) & ~Q(pk=user.pk)


def _of_the_country(user: User, membership: Membership) -> Q:
    """Anybody else, for the national focal agency."""
    return ~Q(pk=user.pk) if membership.organisation.is_national_focal else Q(pk__in=())


def _national(user: User, membership: Membership) -> Q:
    return Q(pk__isnull=False) if membership.organisation.is_national_focal else Q(pk__in=())


CASE_RELATIONS: dict[str, Relation] = {
    "mine": _mine,
    "mine_screening": _mine_screening,
    "screening": _involved("screening"),
    "focal": _involved("focal"),
    "service": _involved("service"),
    "identification": _involved("identification"),
    "justice": _involved("justice"),
    "return": _involved("return"),
    "received": _received_case,
    "conference": _invited(),
    "conference_protection": _invited("protection"),
    "asked_to_confirm": _asked_to_confirm,
    "emergency": _in_emergency,
}

# Of a row that belongs to a case: my organisation runs that case.
FOCAL = _involved("focal", case="case_id")

RELATIONS: dict[str, dict[str, Relation]] = {
    "cases.Case": CASE_RELATIONS,
    "referral.Referral": {
        "received": _received,
        "received_now": _received_now,
        "sent": _sent,
        "sent_by_me": _sent_by_me,
        "focal": FOCAL,
    },
    "cases.Exclusion": {
        "focal": FOCAL,
        "asked": _asked,
        "asked_national": _asked_national,
    },
    "cases.Involvement": {"focal": FOCAL, "expired": _expired},
    "cases.Reason": {"focal": FOCAL, "asked": _reason_asked},
    "cases.HandOver": {
        "focal": FOCAL,
        "offered": lambda user, membership: Q(to_organisation_id=membership.organisation_id, status="offered"),
    },
    "cases.Conference": {"focal": FOCAL, "invited": _invited(to_this=True)},
    "people.PossibleMatch": {"ours": _involved("focal", case="case_id"), "national": _national},
    "directory.Service": {
        "all": _always,
        "ours": _same_organisation("organisation_id"),
        "not_residential": lambda user, membership: Q(residential=False),
    },
    "directory.ShelterLocation": {
        "ours": _same_organisation("service__organisation_id"),
        "placed": _let_in("placement"),
        "let_in": _let_in("shelter"),
        "let_in_by_name": _let_in("shelter", by_name=True),
        "emergency": _place_in_emergency,
    },
    "directory.LocationGrant": {
        "ours": _same_organisation("location__service__organisation_id"),
        "held": lambda user, membership: Q(organisation_id=membership.organisation_id, basis="placement"),
    },
    "privacy.EmergencyAccess": {
        "mine": lambda user, membership: Q(asked_by_id=user.pk),
        "named": lambda user, membership: Q(second_id=user.pk),
        "focal": FOCAL,
        "all": _always,
    },
    "detection.Arrival": {"ours": _same_organisation("organisation_id")},
    "detection.Informant": {
        "mine": lambda user, membership: Q(received_by_id=user.pk, organisation_id=membership.organisation_id),
        "ours": _same_organisation("organisation_id"),
    },
    "cases.OperationalFact": {
        "mine": lambda user, membership: Q(written_by_id=user.pk, organisation_id=membership.organisation_id),
        "named": _reads_operation,
        "over": _operation_over,
    },
    "cases.Task": {
        "mine": lambda user, membership: (
            Q(organisation_id=membership.organisation_id, role=membership.role)
            & (Q(user_id__isnull=True) | Q(user_id=user.pk))
            & (Q(shows_at__isnull=True) | Q(shows_at__lte=clock.now()))
            # What is done waits for nobody: it must not go on pointing to a case.
            & Q(done_at__isnull=True)
        ),
    },
    "cases.WithdrawalNotice": {
        "ours": _same_organisation("organisation_id"),
        "focal": FOCAL,
    },
    "access.Organisation": {
        "all": _always,
        "ours": lambda user, membership: Q(pk=membership.organisation_id),
        "national": _own_national,
    },
    "access.User": {"all": _always, "colleague": _colleague, "of_the_country": _of_the_country},
    "exchange.Export": {
        "all": _always,
        "ours": _same_organisation("organisation_id"),
        "mine": lambda user, membership: Q(requested_by_id=user.pk, organisation_id=membership.organisation_id),
        "by_colleague": lambda user, membership: (
            Q(organisation_id=membership.organisation_id) & ~Q(requested_by_id=user.pk)
        ),
    },
    "lists.PartnerList": {"mine": _keeps(), "national": _national, "all": _always},
    "lists.Delivery": {"mine": _keeps("partner_list__")},
    "lists.ListRow": {"mine": _keeps("partner_list__"), "mine_aside": _keeps_aside, "in_pair": _in_pair},
    "lists.Linking": {"national": _national, "all": _always},
    "lists.Pair": {"national": _national},
    "exchange.Device": {"mine": lambda user, membership: Q(user_id=user.pk)},
    "exchange.Quarantined": {
        "mine": lambda user, membership: Q(user_id=user.pk, organisation_id=membership.organisation_id),
    },
    "statistics.Edition": {
        "all": _always,
        "by_another": lambda user, membership: (
            ~Q(drafted_by_id=user.pk) & (Q(checked_by_id__isnull=True) | ~Q(checked_by_id=user.pk))
        ),
    },
    "statistics.Figure": {"all": _always, "by_another": lambda user, membership: ~Q(recorded_by_id=user.pk)},
    "access.AccessChange": {
        "all": _always,
        "mine": lambda user, membership: Q(requested_by_id=user.pk),
        # Neither who asked nor whom it is about.
        "by_another": lambda user, membership: (
            ~Q(requested_by_id=user.pk) & (Q(user_id__isnull=True) | ~Q(user_id=user.pk))
        ),
    },
    "privacy.Event": {"all": _always},
    "privacy.KeptRoot": {"all": _always},
    "privacy.Erasure": {
        "focal": FOCAL,
        "mine_screening": lambda user, membership: (
            Q(case__started_by_id=user.pk) & _involved("screening", case="case_id")(user, membership)
        ),
        "national": _national,
        "all": _always,
    },
    "privacy.Alert": {"all": _always},
    "privacy.Canary": {"all": _always},
}

# Models that belong to a case are seen through it: the relations of the case, one step away.
CASE_PATH = "case_id"


# --- the questions ---------------------------------------------------------------------------------------


def known(action: str) -> bool:
    """Whether the register names this action."""
    return action in ACTIONS or action in (PUBLIC, SIGNED_IN)


def may(user: User, action: str, obj: Model | None = None) -> bool:
    """Whether the user may do this, to this object (or at all, when there is no object yet)."""
    if action == SIGNED_IN:
        return bool(user.is_authenticated and user.is_active)
    if not user.is_authenticated or not user.is_active:
        return False
    if obj is None:
        held = user.roles
        return any(rule.roles & held for rule in ACTIONS[action])
    return visible(user, action, type(obj)).filter(pk=obj.pk).exists()


def visible(user: User, action: str, model: type[Model]) -> QuerySet[Any]:
    """The rows of `model` on which the user may do `action`. Everything else does not exist for him."""
    rows = model._default_manager.all()
    if not user.is_authenticated or not user.is_active:
        return rows.none()
    return _through(_ways(user, action), user, model)


def visible_where(user: User, action: str, model: type[Model], condition: Q) -> QuerySet[Any]:
    """`visible`, of the rows that fulfil a condition: where nobody's row does, nobody's rights need be asked.

    For a page that looks for much of which there is mostly nothing.
    """
    if not model._default_manager.filter(condition).order_by().exists():
        return model._default_manager.none()
    return visible(user, action, model).filter(condition)


def _through(ways: Iterable[tuple[Membership, str]], user: User, model: type[Model]) -> QuerySet[Any]:
    """The rows of `model` that any of these relations gives to the user."""
    rows = model._default_manager.all()
    allowed: Q | None = None
    for membership, relation in ways:
        condition = _condition(relation, user, membership, model)
        if condition is not None:
            allowed = condition if allowed is None else allowed | condition
    if allowed is None:
        return rows.none()
    return rows.filter(allowed & _not_excluded(user, model))


@dataclass(frozen=True)
class Standing:
    """What a user holds on one object: actions, and the relations (with the membership's key) that give them."""

    actions: frozenset[str] = frozenset()
    ways: frozenset[tuple[Any, str]] = frozenset()
    # Which tables hold anything of the object, where that was asked.
    tables: frozenset[str] | None = None

    def lacks(self, model: type[Model]) -> bool:
        """Whether nothing of this kind is there, so that nobody need be asked who may see it."""
        label = model._meta.label
        return self.tables is not None and label in _belonging() and label not in self.tables


def permitted(user: User, actions: Iterable[str], obj: Model) -> frozenset[str]:
    """Those of `actions` that the user may do to this object: one question for a page that offers many."""
    return standing(user, actions, obj).actions


def visible_in(case: Model, held: Standing, user: User, action: str, model: type[Model]) -> QuerySet[Any]:
    """`visible`, of the rows of one case on which the user's standing is known for every action.

    Where a row is seen just as its case is, the case has answered already and is not asked again.
    """
    if held.lacks(model):
        return model._default_manager.none()
    open_ways = []
    for membership, relation in _ways(user, action):
        if not _as_its_case(relation, model):
            open_ways.append((membership, relation))
        elif (membership.pk, relation) in held.ways:
            return model._default_manager.filter(case_id=case.pk)
    return _through(open_ways, user, model).filter(case_id=case.pk)


def _as_its_case(relation: str, model: type[Model]) -> bool:
    """Whether the relation to a row of this model is the relation to its case, and nothing else keeps one away."""
    label = model._meta.label
    if label in RELATIONS:
        return RELATIONS[label].get(relation) is FOCAL and relation == "focal" and label != "people.PossibleMatch"
    return relation in CASE_RELATIONS and any(field.attname == CASE_PATH for field in model._meta.concrete_fields)


def standing(user: User, actions: Iterable[str], obj: Model) -> Standing:
    """Which of `actions` the user may do to this object, and why, in one question."""
    return _standing(user, actions, obj, None)


def find_standing(user: User, action: str, cases: QuerySet[Any], pk: UUID) -> tuple[Any, Standing]:
    """The case among `cases`, if the user may do `action` to it, and with it all else that he may do.

    Raises Http404 where he may not, and where there is none.
    """
    case = cases.filter(pk=pk).first()
    held = _standing(user, ACTIONS, case, _tables_of(pk)) if case is not None else Standing()
    if action not in held.actions:
        raise Http404
    return case, held


def _standing(user: User, actions: Iterable[str], obj: Model, tables: frozenset[str] | None) -> Standing:
    if not user.is_authenticated or not user.is_active:
        return Standing()
    model = type(obj)
    asked: dict[tuple[Any, str], Q] = {}  # each relation once, however many actions rest on it
    rests: dict[str, set[tuple[Any, str]]] = {}
    idle: set[tuple[Any, str]] = set()
    for action in actions:
        for membership, relation in _ways(user, action):
            way = (membership.pk, relation)
            if way in idle:
                continue
            if way not in asked:
                condition = None
                if tables is None or _could_hold(relation, user, obj, tables):
                    condition = _condition(relation, user, membership, model)
                if condition is None:
                    idle.add(way)
                    continue
                asked[way] = condition
            rests.setdefault(action, set()).add(way)
    if not asked:
        return Standing()
    found = _answers(user, obj, asked)
    return Standing(frozenset(action for action, ways in rests.items() if ways & found), found, tables)


# Without rows of this table a relation to a case cannot hold, so that it need not be asked for. A wrong line here
# refuses; it never lets anybody in.
RESTS_ON = {
    "received": "referral.Referral",
    "conference": "cases.Invitation",
    "conference_protection": "cases.Invitation",
    "asked_to_confirm": "cases.Task",
    "emergency": "privacy.EmergencyAccess",
}


def _could_hold(relation: str, user: User, case: Any, tables: frozenset[str]) -> bool:
    if relation in ("mine", "mine_screening"):
        return bool(case.started_by_id == user.pk)
    return relation not in RESTS_ON or RESTS_ON[relation] in tables


@cache
def _belonging() -> dict[str, str]:
    """By its label, the database's name of each table whose rows belong to a case."""
    return {
        model._meta.label: model._meta.db_table
        for model in apps.get_models()
        if any(field.attname == CASE_PATH and field.is_relation for field in model._meta.concrete_fields)
    }


def _tables_of(case: UUID) -> frozenset[str]:
    """Which tables hold anything of this case: most of what a page would ask for is not there."""
    names = _belonging()
    parts = [f"EXISTS (SELECT FROM {connection.ops.quote_name(table)} WHERE case_id = %s)" for table in names.values()]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", [case] * len(parts))
        found = cursor.fetchone() or ()
    return frozenset(label for label, there in zip(names, found, strict=True) if there)


def _ways(user: User, action: str) -> list[tuple[Membership, str]]:
    """The relations through which the user could hold an action, each with the membership that gives it."""
    return [
        (membership, rule.relation)
        for rule in ACTIONS[action]
        for membership in user.memberships_now()
        if membership.role in rule.roles
    ]


def _answers(user: User, obj: Model, asked: dict[tuple[Any, str], Q]) -> frozenset[tuple[Any, str]]:
    """Which of the conditions hold for this object, from which the user must not be excluded."""
    model = type(obj)
    rows = model._default_manager.filter(_not_excluded(user, model), pk=obj.pk).order_by()
    names = {way: f"way_{number}" for number, way in enumerate(asked)}
    questions = {names[way]: ExpressionWrapper(condition, BooleanField()) for way, condition in asked.items()}
    told = rows.annotate(**questions).values(*questions).first() or {}
    return frozenset(way for way in asked if told.get(names[way]))


def find(user: User, action: str, model: type[Model], pk: UUID | str) -> Any:
    """The object, or Http404: what one may not see and what does not exist are answered alike."""
    try:
        return visible(user, action, model).get(pk=pk)
    except (model.DoesNotExist, ValidationError, ValueError, TypeError) as missing:  # type: ignore[attr-defined]
        raise Http404 from missing


def may_read(user: User, case: Model, section: str) -> bool:
    """Whether the user may read a section of a case: his role has it, and his organisation's task needs it."""
    return section in _readable(user, case, (section,))


def readable_sections(user: User, case: Model) -> frozenset[str]:
    """The sections of a case that this user may read."""
    return _readable(user, case, SECTIONS)


def _readable(user: User, case: Model, sections: Iterable[str]) -> frozenset[str]:
    """What the open involvements of the user's organisations grant, narrowed to his roles' tasks and sections."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    memberships = [membership for membership in user.memberships_now() if ROLE_SECTIONS[membership.role]]
    if not memberships or is_excluded(user, case):
        return frozenset()
    involvements = apps.get_model("cases", "Involvement")._default_manager.filter(
        _open_now(), case_id=case.pk, organisation_id__in={membership.organisation_id for membership in memberships}
    )
    granted = list(involvements.order_by().values_list("organisation_id", "task", "sections"))
    read: set[str] = set()
    for membership in memberships:
        for organisation_id, task, shared in granted:
            if organisation_id != membership.organisation_id or task not in ROLE_TASKS[membership.role]:
                continue
            # A colleague in the same unit does not read what I wrote down while I screened.
            if task == "screening" and membership.role != CASE_MANAGER and case.started_by_id != user.pk:  # type: ignore[attr-defined]
                continue
            read |= ROLE_SECTIONS[membership.role].intersection(shared)
    wanted = frozenset(sections)
    if not wanted <= read:
        shown = _invitations(user).filter(case_id=case.pk).order_by().values_list("organisation_id", "sections")
        for organisation_id, shared in shown:
            for membership in memberships:
                if membership.organisation_id == organisation_id:
                    read |= ROLE_SECTIONS[membership.role].intersection(shared)
    if not wanted <= read:
        # What a second person answered for, to this user and until its hours are over; wider than a role may be.
        for opened in _emergencies(user).filter(case_id=case.pk).order_by().values_list("sections", flat=True):
            read |= set(opened)
    return wanted & read


def is_excluded(user: User, obj: Model) -> bool:
    """Whether an exclusion keeps the user away from an object, whatever else would let him."""
    free = _not_excluded(user, type(obj))
    return bool(free) and not type(obj)._default_manager.filter(free, pk=obj.pk).exists()


# Sealed records that stand apart from the sections of a case: whoever may see one reads what is in it.
OWN_RECORDS = {
    "cases.Reason": "see_reason",
    # What was said and decided is the focal agency's; those who were invited have their own notes.
    "cases.Conference": "record_conference",
    "directory.ShelterLocation": "see_shelter_location",
    "privacy.EmergencyAccess": "see_emergency",
    "detection.Informant": "see_informant",
    "detection.Arrival": "see_arrival",
    "cases.OperationalFact": "see_operation",
    "exchange.Quarantined": "see_quarantined",
    "lists.PartnerList": "deliver_list",
    "lists.ListRow": "read_row",
}


def may_reveal(user: User, obj: Model, section: str) -> bool:
    """Whether the user may read a sealed section of any object: asked by `privacy.doors.reveal` alone."""
    label = obj._meta.label
    if label in OWN_RECORDS:
        return may(user, OWN_RECORDS[label], obj)
    if label == "privacy.Canary":
        return may(user, "see_canary", obj)  # a case's code, which he put there himself
    if label == "cases.Case":
        return may_read(user, obj, section)
    if label == "people.Person":
        if is_excluded(user, obj):
            return False
        case_model = apps.get_model("cases", "Case")
        cases: Iterable[Model] = case_model._default_manager.filter(person_id=obj.pk)
        if any(may_read(user, case, section) or _recorded_by_us(user, obj, case, section) for case in cases):
            return True
        # Whoever decides whether two records are one person has to read the names of both.
        match_model = apps.get_model("people", "PossibleMatch")
        return section == "identity" and (
            visible(user, "decide_match", match_model).filter(Q(person_id=obj.pk) | Q(other_id=obj.pk)).exists()
            and any(membership.organisation.is_national_focal for membership in user.memberships_now())
        )
    # The message was written for whoever decides on the referral, who is not involved in the case yet.
    if label == "referral.Referral" and _waits_for(user, obj) and section in obj.sections:  # type: ignore[attr-defined]
        return True
    # Whoever wrote a suspect down while he screened reads it while the screening is his.
    if label == "cases.Suspect" and obj.recorded_by_id == user.pk and may(user, "see_suspects", obj):  # type: ignore[attr-defined]
        return True
    # The officers wrote these reasons themselves, and a second one must be able to read them, also where the
    # person did not let her own account be shared with the authority.
    if label == "identification.Determination":
        return may(user, "see_determination", obj)
    # Whoever is asked to confirm a ground reads the evidence for it, and nothing else of the case.
    if label == "privacy.Consent" and obj.status == "unconfirmed" and may(user, "confirm_ground", obj):  # type: ignore[attr-defined]
        return True
    case = getattr(obj, "case", None)
    return case is not None and (may_read(user, case, section) or _recorded_by_us(user, obj, case, section))


def may_see_initials(user: User, persons: Iterable[Model]) -> frozenset[Any]:
    """Of which persons a list may show initials: whose record he sees, and for the registry those it compares."""
    listed = {person.pk: person for person in persons}
    if not listed:
        return frozenset()
    model = type(next(iter(listed.values())))
    seen = set(visible(user, "see_person", model).filter(pk__in=listed).values_list("pk", flat=True))
    national = any(membership.organisation.is_national_focal for membership in user.memberships_now())
    if national and len(seen) < len(listed):
        match_model = apps.get_model("people", "PossibleMatch")
        pairs = visible(user, "see_match", match_model).filter(Q(person_id__in=listed) | Q(other_id__in=listed))
        seen |= {pk for pair in pairs.values_list("person_id", "other_id") for pk in pair if pk in listed}
    return frozenset(seen)


def recordable_sections(user: User, case: Model) -> frozenset[str]:
    """The sections the user may write into: those he reads, and those in which only others' records are withheld.

    What a person tells somebody herself does not depend on what she let others pass on to him.
    """
    return readable_sections(user, case) | withheld_sections(user, case)


def withheld_sections(user: User, case: Model) -> frozenset[str]:
    """The sections of the user's task in which others' records are withheld from him, not what his own agency wrote."""
    return frozenset().union(*_withheld(user, case).values())


def may_record(user: User, case: Model, section: str) -> bool:
    """Whether the user may write into this section."""
    return section in recordable_sections(user, case)


def _recorded_by_us(user: User, obj: Model, case: Model, section: str) -> bool:
    """Written down by my own organisation: the agreement that others pass something on does not bear on it."""
    names = ("registered_organisation_id", "recorded_organisation_id", "organisation_id")
    organisation = next((found for name in names if (found := getattr(obj, name, None))), None)
    return organisation is not None and section in _withheld(user, case).get(organisation, ())


def _withheld(user: User, case: Model) -> dict[UUID, set[str]]:
    """By the user's organisations: sections of their task, and his, in which others' records are withheld."""
    memberships = user.memberships_now()
    involvements = apps.get_model("cases", "Involvement")._default_manager.filter(
        _open_now(), case_id=case.pk, organisation_id__in={one.organisation_id for one in memberships},
        withheld__len__gt=0,
    )  # fmt: skip
    found: dict[UUID, set[str]] = {}
    for organisation_id, task, withheld in involvements.order_by().values_list("organisation_id", "task", "withheld"):
        for one in memberships:
            if one.organisation_id == organisation_id and task in ROLE_TASKS[one.role]:
                found.setdefault(organisation_id, set()).update(ROLE_SECTIONS[one.role].intersection(withheld))
    return {} if found and is_excluded(user, case) else found


def _waits_for(user: User, referral: Model) -> bool:
    waiting = referral.status in ("sent", "acknowledged")  # type: ignore[attr-defined]
    return waiting and may(user, "acknowledge_referral", referral)


def _condition(relation: str, user: User, membership: Membership, model: type[Model]) -> Q | None:
    label = model._meta.label
    if label in RELATIONS:
        found = RELATIONS[label].get(relation)
        return found(user, membership) if found else None
    if label == "people.Person":
        return _through_cases(relation, user, membership, "person_id", "pk")
    if relation in CASE_RELATIONS and any(field.attname == CASE_PATH for field in model._meta.concrete_fields):
        return _through_cases(relation, user, membership, "pk", CASE_PATH)
    return None


def _through_cases(relation: str, user: User, membership: Membership, case_key: str, own_key: str) -> Q | None:
    found = CASE_RELATIONS.get(relation)
    if found is None:
        return None
    case_model = apps.get_model("cases", "Case")
    cases = case_model._default_manager.filter(
        found(user, membership) & _not_excluded(user, case_model), **{case_key: OuterRef(own_key)}
    )
    return Q(Exists(cases))


# By user: whether anything excludes him at all. Kept while one page is read, and nowhere else.
_READING: ContextVar[dict[UUID, bool] | None] = ContextVar("reading", default=None)


@contextmanager
def one_reading() -> Iterator[None]:
    """While a page is read: that nothing excludes its reader is asked once, and not again in each of its questions.

    Whatever changes something is asked anew, under its lock.
    """
    token = _READING.set({})
    try:
        yield
    finally:
        _READING.reset(token)


def _exclusions(user: User) -> QuerySet[Any]:
    """Everything from which this user, or an organisation that he acts for, is kept away now."""
    organisations = [membership.organisation_id for membership in user.memberships_now()]
    return apps.get_model("cases", "Exclusion")._default_manager.filter(
        Q(user_id=user.pk) | Q(organisation_id__in=organisations), lifted_at__isnull=True
    )


def _not_excluded(user: User, model: type[Model]) -> Q:
    """An exclusion wins over everything: an implicated agency or officer sees nothing of the case.

    Nor of any other episode of the person, nor of a record that was decided to be the same person.
    """
    reading = _READING.get()
    if reading is not None:
        if user.pk not in reading:
            reading[user.pk] = _exclusions(user).exists()
        if not reading[user.pk]:
            return Q()
    exclusions = _exclusions(user)
    away = Q()
    label = model._meta.label
    belongs = any(field.attname == CASE_PATH for field in model._meta.concrete_fields)
    if label == "cases.Case" or belongs:
        away |= Q(**{"pk__in" if label == "cases.Case" else "case_id__in": exclusions.values("case_id")})
    for persons in _persons_of(exclusions):
        if label == "people.Person":
            away |= Q(pk__in=persons)
        elif label == "cases.Case":
            away |= Q(person_id__in=persons)
        elif belongs:
            # By ids: the log keeps no reference to a case, only its id.
            hers = apps.get_model("cases", "Case")._default_manager.filter(person_id__in=persons).order_by()
            away |= Q(case_id__in=hers.values("pk"))
        if label == "people.PossibleMatch":
            away |= Q(person_id__in=persons) | Q(other_id__in=persons)
    return ~away if away else Q()


def _persons_of(exclusions: QuerySet[Any]) -> tuple[QuerySet[Any], QuerySet[Any]]:
    """Every record of the persons behind these exclusions: their own, and those decided to be the same person.

    Pointers lead to one root, which stands for the person here. Two questions, because one that joins them with OR
    reads every record there is.
    """
    roots = (
        exclusions.filter(case__person__isnull=False)
        .annotate(root=Coalesce("case__person__same_as_id", "case__person_id"))
        .values("root")
    )
    same = apps.get_model("people", "Person")._default_manager.filter(same_as_id__in=roots).order_by().values("pk")
    return roots, same
