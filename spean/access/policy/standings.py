"""What a user holds on one object, all of it in one question: for pages that offer many actions and show many tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Model, Q, QuerySet
from django.http import Http404

from spean.access.models import User
from spean.access.policy.exclusions import CASE_PATH, not_excluded
from spean.access.policy.questions import through, ways_of
from spean.access.policy.register import ACTIONS
from spean.access.policy.relations import CASE_RELATIONS, FOCAL, RELATIONS, condition


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
    for membership, relation in ways_of(user, action):
        if not _as_its_case(relation, model):
            open_ways.append((membership, relation))
        elif (membership.pk, relation) in held.ways:
            return model._default_manager.filter(case_id=case.pk)
    return through(open_ways, user, model).filter(case_id=case.pk)


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
        for membership, relation in ways_of(user, action):
            way = (membership.pk, relation)
            if way in idle:
                continue
            if way not in asked:
                holds = None
                if tables is None or _could_hold(relation, user, obj, tables):
                    holds = condition(relation, user, membership, model)
                if holds is None:
                    idle.add(way)
                    continue
                asked[way] = holds
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


def _answers(user: User, obj: Model, asked: dict[tuple[Any, str], Q]) -> frozenset[tuple[Any, str]]:
    """Which of the conditions hold for this object, from which the user must not be excluded."""
    model = type(obj)
    rows = model._default_manager.filter(not_excluded(user, model), pk=obj.pk).order_by()
    names = {way: f"way_{number}" for number, way in enumerate(asked)}
    questions = {names[way]: ExpressionWrapper(condition, BooleanField()) for way, condition in asked.items()}
    told = rows.annotate(**questions).values(*questions).first() or {}
    return frozenset(way for way in asked if told.get(names[way]))
