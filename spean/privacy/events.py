"""The event log's one pen: `record` writes a row in the caller's transaction, or refuses to.

Rows hold codes, numbers and ids, never content: names, texts and search words stay out, so that the log can be
kept and shown after a person's data are erased. The hash tree over the rows is sequencer.py's.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Model, Q, QuerySet
from django.utils.functional import Promise

from spean.lib import clock
from spean.privacy import event_names
from spean.privacy.models import Event

_ACTIONS: dict[str, str | Promise] = dict(event_names.ACTIONS)
_ACTION = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:;/+\-]*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
LONGEST = 80


class NotACode(ValueError):
    """Something that is no code was about to enter the log. The message does not repeat it."""


def register_action(code: str, label: str | Promise) -> None:
    """Make a code known to the log, with the words in which a case's history shows it."""
    if not _ACTION.fullmatch(code) or len(code) > 60:
        raise ValueError(f"an event is named room.past_tense, not {code!r}")
    if _ACTIONS.setdefault(code, label) is not label and str(_ACTIONS[code]) != str(label):
        raise ValueError(f"event {code!r} already has another label")


def label(code: str) -> str:
    return str(_ACTIONS.get(code, code))


def actions() -> dict[str, str | Promise]:
    """Every known code with its label."""
    return dict(_ACTIONS)


def record(
    action: str,
    *,
    actor: Any,
    obj: Model | None = None,
    case: Any = None,
    fields: Sequence[str] = (),
    purpose: str = "",
    facts: Mapping[str, Any] | None = None,
) -> Event:
    """Write one row in the transaction of the caller: what is undone was never logged, what is done always is."""
    event = draft(action, actor=actor, obj=obj, case=case, fields=fields, purpose=purpose, facts=facts)
    record_all([event])
    return event


def record_all(drafts: Iterable[Event]) -> None:
    """Write these rows, in their order, and give each draft its number; none of them without all of them."""
    from spean.privacy import alerts  # which counts rows of the log itself

    rows = list(drafts)
    if not rows:
        return
    if not alerts.concern(rows):
        _write(rows)  # one statement, which is whole by itself
        return
    # What the rows call for is written with them or not at all.
    with transaction.atomic(savepoint=False):
        _write(rows)
        alerts.watch(rows)


# Every page that is read writes here, mostly one row and a list fifty at once. One row goes as its values, which the
# database reads fastest; many go as one JSON text, which is written faster than hundreds of values.
_TYPES = {
    "format": "smallint", "at": "timestamptz", "actor_id": "uuid", "organisation_id": "uuid", "action": "text",
    "object_type": "text", "object_id": "uuid", "case_id": "uuid", "subject": "uuid", "fields": "text[]",
    "purpose": "text", "facts": "jsonb",
}  # fmt: skip
_INSERT = f"INSERT INTO {Event._meta.db_table} ({', '.join(_TYPES)})"
_ONE = f"{_INSERT} VALUES ({', '.join(f'%s::{kind}' for kind in _TYPES.values())}) RETURNING id, written_at"
_MANY = (
    f"{_INSERT} SELECT {', '.join(_TYPES)}"  # noqa: S608
    f" FROM jsonb_to_recordset(%s) AS row ({', '.join(f'{name} {kind}' for name, kind in _TYPES.items())})"
    " RETURNING id, written_at"
)

_encoder = json.JSONEncoder(default=str, allow_nan=False, check_circular=False)


def _write(rows: Sequence[Event]) -> None:
    values = [{name: getattr(row, name) for name in _TYPES} for row in rows]
    with connection.cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(_ONE, list({**values[0], "facts": _encoder.encode(values[0]["facts"])}.values()))
        else:
            cursor.execute(_MANY, [_encoder.encode(values)])
        numbered = sorted(cursor.fetchall())
    for row, (number, at) in zip(rows, numbered, strict=True):
        row.id, row.written_at = number, at


def draft(
    action: str,
    *,
    actor: Any,
    obj: Model | None = None,
    case: Any = None,
    fields: Sequence[str] = (),
    purpose: str = "",
    facts: Mapping[str, Any] | None = None,
) -> Event:
    """A checked row that is not written yet; see `record_all`."""
    if action not in _ACTIONS:
        raise NotACode("The log does not know this action; name it in event_names.py.")
    if purpose and not _NAME.fullmatch(purpose):
        raise NotACode("A purpose is a code.")
    if not all(_NAME.fullmatch(name) for name in fields):
        raise NotACode("Only names of fields can be logged.")
    organisation = getattr(actor, "organisation", None)
    return Event(
        at=clock.now(),
        actor_id=getattr(actor, "pk", None),
        organisation_id=getattr(organisation, "pk", None),
        action=action,
        object_type=obj._meta.label if obj is not None else "",
        object_id=_id(obj.pk) if obj is not None else None,
        case_id=case.pk if case is not None else None,
        subject=_subject(obj, case),
        fields=sorted(fields),
        purpose=purpose,
        facts={_fact_name(name): _coded(value) for name, value in (facts or {}).items()},
    )


def _subject(obj: Any, case: Any) -> UUID | None:
    found = getattr(case, "subject", None) or getattr(obj, "subject", None)
    return found if isinstance(found, UUID) else None


def _id(pk: Any) -> UUID | None:
    return pk if isinstance(pk, UUID) else None


def _fact_name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise NotACode("The name of a fact is a code.")
    return name


def _coded(value: Any) -> Any:
    """The value if it cannot be content, in the form in which JSON keeps it."""
    match value:
        case None | bool() | int():
            return value
        case float() if math.isfinite(value):
            return value
        case UUID():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case str() if value == "" or (len(value) <= LONGEST and _CODE.fullmatch(value)):
            return str(value)
        case list() | tuple():
            return [_coded(item) for item in value]
        case set() | frozenset():
            return sorted(_coded(item) for item in value)
        case Mapping():
            return {_fact_name(name): _coded(item) for name, item in value.items()}
    raise NotACode("A fact of an event is a code, a number or an id: no text, no name, no object.")


# Reading the log


def last_change(obj: Model) -> Event | None:
    """The last thing done to an object, reads left out: what to tell whoever comes second."""
    rows = Event.objects.filter(object_type=obj._meta.label, object_id=_id(obj.pk))
    return rows.exclude(action__in=event_names.READS).order_by("-id").first()


def history(case: Any) -> QuerySet[Event]:
    """Everything done to or read from a case, and every opening of the identity behind it, oldest first."""
    subjects = {case.subject}
    if case.person_id is not None:
        subjects.add(case.person.subject)
    return Event.objects.filter(Q(case_id=case.pk) | Q(case_id__isnull=True, subject__in=subjects)).order_by("id")
