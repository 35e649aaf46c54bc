"""Who may do what, and who sees which rows and sections. The only place.

An action is a list of rules; a rule is a set of roles and a relation to the object. A relation is written
once, as a `Q`; `may()` and `visible()` both derive from it, so that a list and a single page cannot disagree.
Deny by default; no role sees everything; there is no superuser. `docs/access-matrix.csv` is written from here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Exists, ExpressionWrapper, Model, OuterRef, Q, QuerySet
from django.http import Http404

from spean.access.models import Membership, User
from spean.access.roles import (
    ADMINISTRATOR,
    ALL,
    AUDITOR,
    CASE_MANAGER,
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
DECIDERS = (IDENTIFICATION_OFFICER, IDENTIFICATION_REVIEWER)
HANDLERS = (
    FIRST_RESPONDER, CASE_MANAGER, IDENTIFICATION_OFFICER, IDENTIFICATION_REVIEWER, SERVICE_PROVIDER,
    INVESTIGATOR, PROSECUTOR, RETURN_OFFICER, LABOUR_OFFICER, HOTLINE_OPERATOR, HOTLINE_SUPERVISOR,
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
    "see_case_history": (of(CASE_MANAGER, to="focal"),),
    "exclude_from_case": (of(CASE_MANAGER, to="focal"),),
    "see_exclusions": (of(CASE_MANAGER, to="focal"),),
    # --- consent ---
    "record_consent": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "record_refusal": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "withdraw_consent": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "see_consent": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
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
                       of(*DECIDERS, to="identification")),
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
                     of(*HANDLERS, to="sent_by_me")),
    "send_referral": (of(*SCREENERS, to="mine_screening"), of(CASE_MANAGER, to="focal")),
    "acknowledge_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received"),),
    "accept_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received"),),
    "decline_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received"),),
    "withdraw_referral": (of(CASE_MANAGER, to="sent"), of(*SCREENERS, to="sent_by_me")),
    "complete_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received"),),
    "end_referral": (of(CASE_MANAGER, SERVICE_PROVIDER, *DECIDERS, to="received"), of(CASE_MANAGER, to="sent")),
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
    "edit_service": (of(SERVICE_PROVIDER, to="ours"), of(CASE_MANAGER, to="ours")),
    "update_capacity": (of(SERVICE_PROVIDER, to="ours"), of(CASE_MANAGER, to="ours")),
    "see_shelter_location": (of(SERVICE_PROVIDER, to="ours"), of(CASE_MANAGER, to="placed")),
    "see_unmet_need": (of(CASE_MANAGER),),
    # --- work ---
    "see_task": (of(*HANDLERS, to="mine"),),
    # --- administration and oversight: never case content ---
    "manage_organisations": (of(ADMINISTRATOR, to="all"),),
    "manage_users": (of(ADMINISTRATOR, to="all"),),
    "read_log": (of(AUDITOR, to="all"),),
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
        case_id=OuterRef("pk"),
        to_organisation_id=membership.organisation_id,
        status__in=("sent", "acknowledged"),
    )
    return Q(Exists(waiting))


def _placed(user: User, membership: Membership) -> Q:
    """My organisation sent somebody to this service, and the service accepted."""
    accepted = apps.get_model("referral", "Referral")._default_manager.filter(
        service_id=OuterRef("pk"), from_organisation_id=membership.organisation_id, status="accepted"
    )
    return Q(Exists(accepted))


def _same_organisation(attribute: str) -> Relation:
    return lambda user, membership: Q(**{attribute: membership.organisation_id})


def _always(user: User, membership: Membership) -> Q:
    return Q(pk__isnull=False)


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
}

RELATIONS: dict[str, dict[str, Relation]] = {
    "cases.Case": CASE_RELATIONS,
    "referral.Referral": {
        "received": _same_organisation("to_organisation_id"),
        "sent": _same_organisation("from_organisation_id"),
        "sent_by_me": lambda user, membership: Q(sent_by_id=user.pk),
    },
    "people.PossibleMatch": {"ours": _involved("focal", case="case_id"), "national": _national},
    "directory.Service": {
        "all": _always,
        "ours": _same_organisation("organisation_id"),
        "placed": _placed,
    },
    "cases.Task": {
        "mine": lambda user, membership: (
            Q(organisation_id=membership.organisation_id, role=membership.role)
            & (Q(user_id__isnull=True) | Q(user_id=user.pk))
        ),
    },
    "access.Organisation": {"all": _always, "ours": lambda user, membership: Q(pk=membership.organisation_id)},
    "access.User": {"all": _always},
    "privacy.Event": {"all": _always},
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
    allowed: Q | None = None
    for membership, relation in _ways(user, action):
        condition = _condition(relation, user, membership, model)
        if condition is not None:
            allowed = condition if allowed is None else allowed | condition
    if allowed is None:
        return rows.none()
    return rows.filter(allowed & _not_excluded(user, model))


def permitted(user: User, actions: Iterable[str], obj: Model) -> frozenset[str]:
    """Those of `actions` that the user may do to this object: one question for a page that offers many."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    model = type(obj)
    asked: dict[str, Q] = {}  # each relation once, however many actions rest on it
    names: dict[str, set[str]] = {}
    for action in actions:
        for membership, relation in _ways(user, action):
            name = f"way_{membership.pk}_{relation or 'none'}"
            if name not in asked:
                condition = _condition(relation, user, membership, model)
                if condition is None:
                    continue
                asked[name] = condition
            names.setdefault(action, set()).add(name)
    if not asked:
        return frozenset()
    found = _answers(user, obj, asked)
    return frozenset(action for action, ways in names.items() if ways & found)


def _ways(user: User, action: str) -> list[tuple[Membership, str]]:
    """The relations through which the user could hold an action, each with the membership that gives it."""
    return [
        (membership, rule.relation)
        for rule in ACTIONS[action]
        for membership in user.memberships_now()
        if membership.role in rule.roles
    ]


def _answers(user: User, obj: Model, asked: dict[str, Q]) -> frozenset[str]:
    """Which of the conditions hold for this object, from which the user must not be excluded."""
    model = type(obj)
    rows = model._default_manager.filter(_not_excluded(user, model), pk=obj.pk).order_by()
    questions = {name: ExpressionWrapper(condition, BooleanField()) for name, condition in asked.items()}
    told = rows.annotate(**questions).values(*asked).first() or {}
    return frozenset(name for name in asked if told.get(name))


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
    model = type(case)
    if not memberships or not model._default_manager.filter(_not_excluded(user, model), pk=case.pk).exists():
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
    return frozenset(read.intersection(sections))


def may_reveal(user: User, obj: Model, section: str) -> bool:
    """Whether the user may read a sealed section of any object: asked by `privacy.doors.reveal` alone."""
    label = obj._meta.label
    if label == "directory.Service":
        return section == "whereabouts" and may(user, "see_shelter_location", obj)
    if label == "cases.Case":
        return may_read(user, obj, section)
    if label == "people.Person":
        person_model = type(obj)
        if not person_model._default_manager.filter(_not_excluded(user, person_model), pk=obj.pk).exists():
            return False
        case_model = apps.get_model("cases", "Case")
        cases: Iterable[Model] = case_model._default_manager.filter(person_id=obj.pk)
        if any(may_read(user, case, section) for case in cases):
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
    # The officers wrote these reasons themselves, and a second one must be able to read them, also where the
    # person did not let her own account be shared with the authority.
    if label == "identification.Determination":
        return may(user, "see_determination", obj)
    case = getattr(obj, "case", None)
    return case is not None and may_read(user, case, section)


def may_see_initials(user: User, persons: Iterable[Model]) -> frozenset[Any]:
    """Of which persons a list may show initials: whose record he sees, and for the registry those it compares."""
    listed = {person.pk: person for person in persons}
    if not listed:
        return frozenset()
    model = type(next(iter(listed.values())))
    seen = set(visible(user, "see_person", model).filter(pk__in=listed).values_list("pk", flat=True))
    if any(membership.organisation.is_national_focal for membership in user.memberships_now()):
        match_model = apps.get_model("people", "PossibleMatch")
        pairs = visible(user, "see_match", match_model).filter(Q(person_id__in=listed) | Q(other_id__in=listed))
        seen |= {pk for pair in pairs.values_list("person_id", "other_id") for pk in pair if pk in listed}
    return frozenset(seen)


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


def _not_excluded(user: User, model: type[Model]) -> Q:
    """An exclusion wins over everything: an implicated agency or officer sees nothing of the case.

    Of a person neither, whichever other episode of hers the agency takes part in.
    """
    organisations = [membership.organisation_id for membership in user.memberships_now()]
    exclusions = apps.get_model("cases", "Exclusion")._default_manager.filter(
        Q(user_id=user.pk) | Q(organisation_id__in=organisations), lifted_at__isnull=True
    )
    if model._meta.label == "cases.Case":
        return ~Q(Exists(exclusions.filter(case_id=OuterRef("pk"))))
    if model._meta.label == "people.Person":
        return ~Q(Exists(exclusions.filter(case__person_id=OuterRef("pk"))))
    free = Q()
    if model._meta.label == "people.PossibleMatch":
        for side in ("person_id", "other_id"):
            free &= ~Q(Exists(exclusions.filter(case__person_id=OuterRef(side))))
    if any(field.attname == CASE_PATH for field in model._meta.concrete_fields):
        free &= ~Q(Exists(exclusions.filter(case_id=OuterRef(CASE_PATH))))
    return free
