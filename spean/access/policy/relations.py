"""The relations: each says once, as a condition on rows, how a user must stand to an object for a rule to hold."""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from spean.access.models import Membership, User
from spean.access.policy.exclusions import CASE_PATH, not_excluded
from spean.access.roles import ROLE_TASKS
from spean.lib import clock

Relation = Callable[[User, Membership], Q]


def open_now(prefix: str = "") -> Q:
    now = clock.now()
    return Q(**{f"{prefix}from_at__lte": now}) & (
        Q(**{f"{prefix}until_at__isnull": True}) | Q(**{f"{prefix}until_at__gt": now})
    )


def _involved(task: str, case: str = "pk") -> Relation:
    """My organisation takes part in the case with this task now."""

    def relation(user: User, membership: Membership) -> Q:
        rows = apps.get_model("cases", "Involvement")._default_manager.filter(
            open_now(), case_id=OuterRef(case), organisation_id=membership.organisation_id, task=task
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
            open_now(), whom, not_excluded(user, model), location_id=OuterRef("pk"), basis=basis
        )
        return Q(Exists(grants))

    return relation


def emergencies(user: User) -> QuerySet[Any]:
    """The emergency accesses that open something to this user at this moment."""
    rows = apps.get_model("privacy", "EmergencyAccess")._default_manager
    return rows.filter(open_now(), asked_by_id=user.pk, status__in=("granted", "justified"), case_id__isnull=False)


def _in_emergency(user: User, membership: Membership) -> Q:
    return Q(Exists(emergencies(user).filter(case_id=OuterRef("pk"))))


def _place_in_emergency(user: User, membership: Membership) -> Q:
    """Somebody whose life is in danger was placed here, and two people answer for my asking."""
    case_model = apps.get_model("cases", "Case")
    mine = emergencies(user).filter(sections__contains=["whereabouts"]).values("case_id")
    cases = case_model._default_manager.filter(not_excluded(user, case_model), pk__in=mine).values("pk")
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
        open_now(), case_id=OuterRef("case_id"), organisation_id=membership.organisation_id
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
        rows = invitations(user).filter(organisation_id=membership.organisation_id)
        rows = rows.filter(conference_id=OuterRef("pk")) if to_this else rows.filter(case_id=OuterRef("pk"))
        return Q(Exists(rows.filter(sections__contains=[section]) if section else rows))

    return relation


def invitations(user: User) -> QuerySet[Any]:
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


def _keeps_agreed(user: User, membership: Membership) -> Q:
    """A line with names, of a list that I keep, whose person agreed, with proof."""
    return _keeps("partner_list__")(user, membership) & Q(status="accepted", consented=True, head="")


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
        open_now(), user_id=OuterRef("pk"), organisation_id=membership.organisation_id, role=membership.role
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
    "lists.ListRow": {
        "mine": _keeps("partner_list__"),
        "mine_aside": _keeps_aside,
        "mine_agreed": _keeps_agreed,
        "in_pair": _in_pair,
    },
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


def condition(relation: str, user: User, membership: Membership, model: type[Model]) -> Q | None:
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
        found(user, membership) & not_excluded(user, case_model), **{case_key: OuterRef(own_key)}
    )
    return Q(Exists(cases))
