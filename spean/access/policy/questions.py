"""The questions everybody asks: may he, which rows, this one."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import Http404

from spean.access.models import Membership, User
from spean.access.policy.exclusions import any_for, not_excluded, set_aside
from spean.access.policy.register import ACTIONS, PUBLIC, SIGNED_IN
from spean.access.policy.relations import condition


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
    return _one(user, action, type(obj), obj.pk, QuerySet.exists)


def visible(user: User, action: str, model: type[Model]) -> QuerySet[Any]:
    """The rows of `model` on which the user may do `action`. Everything else does not exist for him."""
    rows = model._default_manager.all()
    if not user.is_authenticated or not user.is_active:
        return rows.none()
    return through(ways_of(user, action), user, model)


def visible_where(user: User, action: str, model: type[Model], condition: Q) -> QuerySet[Any]:
    """`visible`, of the rows that fulfil a condition: where nobody's row does, nobody's rights need be asked.

    For a page that looks for much of which there is mostly nothing.
    """
    if not model._default_manager.filter(condition).order_by().exists():
        return model._default_manager.none()
    return visible(user, action, model).filter(condition)


def through(ways: Iterable[tuple[Membership, str]], user: User, model: type[Model]) -> QuerySet[Any]:
    """The rows of `model` that any of these relations gives to the user."""
    rows = model._default_manager.all()
    allowed: Q | None = None
    for membership, relation in ways:
        holds = condition(relation, user, membership, model)
        if holds is not None:
            allowed = holds if allowed is None else allowed | holds
    if allowed is None:
        return rows.none()
    return rows.filter(allowed & not_excluded(user, model))


def ways_of(user: User, action: str) -> list[tuple[Membership, str]]:
    """The relations through which the user could hold an action, each with the membership that gives it."""
    return [
        (membership, rule.relation)
        for rule in ACTIONS[action]
        for membership in user.memberships_now()
        if membership.role in rule.roles
    ]


def _one(user: User, action: str, model: type[Model], pk: Any, ask: Callable[[QuerySet[Any]], Any]) -> Any:
    """What `ask` says of a single row of `visible`, in two small questions instead of a large one.

    Exclusions have a part in every condition, and nearly nobody is excluded from anything. They come second, so that
    one made meanwhile, even together with what lets him in, is heeded.
    """
    with set_aside(user):
        related = visible(user, action, model)
    found = ask(related.filter(pk=pk))
    return ask(visible(user, action, model).filter(pk=pk)) if found and any_for(user) else found


def find(user: User, action: str, model: type[Model], pk: UUID | str) -> Any:
    """The object, or Http404: what one may not see and what does not exist are answered alike."""
    try:
        return _one(user, action, model, pk, QuerySet.get)
    except (model.DoesNotExist, ValidationError, ValueError, TypeError) as missing:  # type: ignore[attr-defined]
        raise Http404 from missing
