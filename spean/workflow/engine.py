"""The one way to change a state: authorise, check, change, write the event, all in one transaction.

    with perform("accept_referral", referral, actor, version=version) as step:
        step.obj.responded_at = clock.now()

The engine locks the row first, so that of two people acting at once the second sees what the first did.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import User
from spean.lib import clock
from spean.privacy import events
from spean.workflow import tables
from spean.workflow.models import Submission

Requirement = Callable[[Any, User, Mapping[str, Any]], list[str]]

REQUIREMENTS: dict[str, Requirement] = {}


def requirement(name: str) -> Callable[[Requirement], Requirement]:
    """Register the answer to a requirement named in the tables. It returns failures in plain words."""

    def register(check: Requirement) -> Requirement:
        if name in REQUIREMENTS:
            raise ValueError(f"requirement {name!r} is registered twice")
        REQUIREMENTS[name] = check
        return check

    return register


class CannotDo(Exception):
    """Why an action did not happen, in plain words for the person who tried it."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


class Forbidden(CannotDo):
    """The policy says no. Pages answer it like something that does not exist."""


class WrongState(CannotDo):
    """The object is not in a state from which the verb leads anywhere."""


class Changed(CannotDo):
    """Somebody else changed the object since the page was opened."""


class Refused(CannotDo):
    """One or more requirements are not met; every one of them is named."""


class AlreadyDone(Exception):
    """The same submission was carried out before; `object_id` is its result."""

    def __init__(self, object_type: str, object_id: UUID) -> None:
        super().__init__(object_type)
        self.object_type = object_type
        self.object_id = object_id


@dataclass
class Step:
    """One verb being carried out. `facts` are codes and numbers for the event, never content."""

    verb: str
    obj: Any
    actor: User
    facts: dict[str, Any] = field(default_factory=dict)
    purpose: str = ""
    _after: list[Callable[[], None]] = field(default_factory=list)

    def also(self, verb: str) -> None:
        """Move a second lifecycle of the same, already locked and authorised, object."""
        row = tables.BY_VERB[verb]
        _check_state(row, self.obj)
        setattr(self.obj, row.field, row.to)
        self.facts[row.field] = row.to

    def on_commit(self, notice: Callable[[], None]) -> None:
        self._after.append(notice)


@contextmanager
def perform(
    verb: str,
    obj: Any,
    actor: User,
    *,
    version: int | None = None,
    facts: Mapping[str, Any] | None = None,
    once: UUID | None = None,
) -> Iterator[Step]:
    """Carry out a verb on an object (or create it, when the table says so).

    `facts` are what the requirements may ask about (what was typed). `version` is the version of the object
    the user had before him; `once` the token of the submission. Raises Forbidden, WrongState, Changed,
    Refused or AlreadyDone; then nothing was changed and nothing written.
    """
    row = tables.BY_VERB[verb]
    given = dict(facts or {})
    with transaction.atomic():
        if once is not None:
            claim(once, verb, obj, actor)
        creating = row.frm is None
        if creating:
            _authorise_creation(row, obj, actor)
            locked = obj
        else:
            locked = type(obj)._default_manager.select_for_update(of=("self",)).get(pk=obj.pk)
            if not policy.may(actor, row.permission, locked):
                raise Forbidden([_("This is not available to you.")])
            if version is not None and version != locked.version:
                raise Changed([what_changed(locked)])
            _check_state(row, locked)
        _check_not_erased(locked)
        failures = [message for name in row.requires for message in REQUIREMENTS[name](locked, actor, given)]
        if failures:
            raise Refused(failures)
        step = Step(verb, locked, actor)
        yield step
        _keep(row, step, obj)


@contextmanager
def follow(cause: Step, verb: str, obj: Any) -> Iterator[Step]:
    """Carry out on another object what a verb brings with it that is being carried out.

    Permission and requirements were the first verb's; lock, state, version and event are as ever, and the event
    says which verb it followed.
    """
    row = tables.BY_VERB[verb]
    with transaction.atomic():
        locked = obj
        if row.frm is not None:
            locked = type(obj)._default_manager.select_for_update(of=("self",)).get(pk=obj.pk)
            _check_state(row, locked)
        step = Step(verb, locked, cause.actor, facts={"followed": cause.verb})
        yield step
        _keep(row, step, obj)


def _keep(row: tables.T, step: Step, obj: Any) -> None:
    """Write the new state and the event of a step; `obj` is the caller's copy."""
    locked, creating = step.obj, row.frm is None
    setattr(locked, row.field, row.to)
    if not creating:
        locked.version += 1
    check_fields(locked)
    locked.save(force_insert=creating)
    case = case_of(locked)
    events.record(row.event, actor=step.actor, obj=locked, case=case, purpose=step.purpose, facts=step.facts)
    for notice in step._after:
        transaction.on_commit(notice)
    if locked is not obj:
        # The caller's copy shows the new state without another read.
        for column in locked._meta.concrete_fields:
            setattr(obj, column.attname, getattr(locked, column.attname))


def check(verb: str, obj: Any, actor: User, *, version: int | None = None, once: UUID | None = None) -> None:
    """Raise what `perform` would for permission, version and state, before work that would be in vain.

    `perform` asks all of it again under lock; a submission carried out before is told so first.
    """
    row = tables.BY_VERB[verb]
    if once is not None:
        claimed = Submission.objects.filter(token=once, actor_id=actor.pk).first()
        if claimed is not None:
            raise AlreadyDone(claimed.object_type, claimed.object_id)
    current = type(obj)._default_manager.get(pk=obj.pk)
    if not policy.may(actor, row.permission, current):
        raise Forbidden([_("This is not available to you.")])
    if version is not None and version != current.version:
        raise Changed([what_changed(current)])
    _check_state(row, current)


def check_fields(obj: models.Model) -> None:
    """Every field's own rules. References and constraints are the database's: it checks them anyway, at once."""
    references = {field.name for field in obj._meta.concrete_fields if field.is_relation}
    obj.full_clean(exclude=references, validate_unique=False, validate_constraints=False)


def failures(verb: str, obj: Any, actor: User, facts: Mapping[str, Any] | None = None) -> list[str]:
    """What stands between an object and a verb, without doing it: pages show it beside the button."""
    row = tables.BY_VERB[verb]
    return [message for name in row.requires for message in REQUIREMENTS[name](obj, actor, dict(facts or {}))]


def possible(obj: models.Model, actor: User, field: str = "status") -> list[str]:
    """The verbs this user may carry out on this object in the state it is in."""
    label = obj._meta.label
    verbs = tables.verbs_from(label, getattr(obj, field), field)
    return [verb for verb in verbs if policy.may(actor, tables.BY_VERB[verb].permission, obj)]


def case_of(obj: Any) -> Any:
    """The case an object belongs to: itself, its `case`, or None. What is kept apart stands in no case's history."""
    if getattr(obj, "apart", False):
        return None
    return obj if obj._meta.label == "cases.Case" else getattr(obj, "case", None)


def _authorise_creation(row: tables.T, obj: Any, actor: User) -> None:
    parent = getattr(obj, row.parent) if row.parent else None
    if parent is not None:
        # Locking the parent puts two creations on one case in a queue.
        type(parent)._default_manager.select_for_update(of=("self",)).get(pk=parent.pk)
    if not policy.may(actor, row.permission, parent):
        raise Forbidden([_("This is not available to you.")])


def _check_state(row: tables.T, obj: Any) -> None:
    state = getattr(obj, row.field)
    if row.frm is None or state not in row.frm:
        raise WrongState([_("This can no longer be done. ") + what_changed(obj)])


def _check_not_erased(obj: Any) -> None:
    """What was erased is at rest: only the codes are left, for the count."""
    case = case_of(obj)
    if getattr(case, "erased_at", None) is not None and obj._meta.label != "privacy.Erasure":
        raise Refused([_("The data of this person were erased. Nothing more is written about them.")])


def what_changed(obj: Any) -> str:
    """The last thing done to an object, by which organisation and when: for whoever comes second."""
    last = events.last_change(obj)
    if last is None:
        return _("Its state has changed since you opened the page.")
    return _("Since you opened the page: “%(event)s”, %(organisation)s, %(time)s.") % {
        "event": events.label(last.action),
        "organisation": last.organisation_name() or _("another organisation"),
        "time": date_format(last.at.astimezone(clock.local_zone()), "j M Y, H:i"),
    }


def claim(token: UUID, verb: str, obj: Any, actor: User) -> None:
    """Take a submission's token in the transaction of what it does; AlreadyDone if it was carried out before."""
    claimed, fresh = Submission.objects.get_or_create(
        token=token,
        defaults={"actor_id": actor.pk, "verb": verb, "object_type": obj._meta.label, "object_id": obj.pk},
    )
    if not fresh:
        if claimed.actor_id != actor.pk:
            raise Forbidden([_("This is not available to you.")])
        raise AlreadyDone(claimed.object_type, claimed.object_id)
