"""What keeps a user away whatever else would let him in: an exclusion of himself or of his organisation."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Coalesce

from spean.access.models import User

# Models that belong to a case are seen through it: the relations of the case, one step away.
CASE_PATH = "case_id"

# By user: whether anything excludes him at all. Kept while one page is read, and nowhere else.
_READING: ContextVar[dict[UUID, bool] | None] = ContextVar("reading", default=None)


def one_reading() -> AbstractContextManager[None]:
    """While a page is read: that nothing excludes its reader is asked once, and not again in each of its questions.

    Whatever changes something is asked anew, under its lock.
    """
    return _remembering({})


def set_aside(user: User) -> AbstractContextManager[None]:
    """Build conditions as if nothing excluded this user. Whoever asks them asks `any_for` afterwards, and heeds it."""
    return _remembering({user.pk: False})


@contextmanager
def _remembering(known: dict[UUID, bool]) -> Iterator[None]:
    token = _READING.set(known)
    try:
        yield
    finally:
        _READING.reset(token)


def any_for(user: User) -> bool:
    """Whether anything excludes this user at all; of most users nothing does."""
    reading = _READING.get()
    if reading is None:
        return _exclusions(user).exists()
    if user.pk not in reading:
        reading[user.pk] = _exclusions(user).exists()
    return reading[user.pk]


def _exclusions(user: User) -> QuerySet[Any]:
    """Everything from which this user, or an organisation that he acts for, is kept away now."""
    organisations = [membership.organisation_id for membership in user.memberships_now()]
    return apps.get_model("cases", "Exclusion")._default_manager.filter(
        Q(user_id=user.pk) | Q(organisation_id__in=organisations), lifted_at__isnull=True
    )


def not_excluded(user: User, model: type[Model]) -> Q:
    """An exclusion wins over everything: an implicated agency or officer sees nothing of the case.

    Nor of any other episode of the person, nor of a record that was decided to be the same person.
    """
    if _READING.get() is not None and not any_for(user):
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


def is_excluded(user: User, obj: Model) -> bool:
    """Whether an exclusion keeps the user away from an object, whatever else would let him."""
    free = not_excluded(user, type(obj))
    return bool(free) and not type(obj)._default_manager.filter(free, pk=obj.pk).exists()
