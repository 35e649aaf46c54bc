"""The two doors: `reveal` to the reader inside, `share` to another organisation. There is no third for people.

reveal: policy → budget → log → decrypt. share: consent re-read under lock → the consented intersection → receipt.
A job that compares lists in memory and shows nobody a name goes through `in_memory`: policy → log → decrypt.
Who may is decided by access.policy, what she consented to by consent.py; here nothing is decided.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import Organisation, User
from spean.lib import clock
from spean.privacy import budget, consent, events, files, witness
from spean.privacy.codes import unused_code
from spean.privacy.event_names import PURPOSES
from spean.privacy.fields import sealed_fields
from spean.privacy.models import Consent, Event, ShareReceipt
from spean.privacy.vault import Sealed, label_of, open_file, open_sealed

IDENTIFYING = frozenset({"identity", "contact", "whereabouts"})


class NotAllowed(Http404):
    """One of the objects or fields is not for this reader. Uncaught, it answers like something missing."""


class BudgetSpent(NotAllowed):
    """The user has opened as many people as he may today. Its page says what to do; uncaught, it is a refusal."""

    def __init__(self, standing: budget.Standing) -> None:
        super().__init__()
        self.standing = standing


class Revealed(dict[str, str | None]):
    """Plaintext by field name. `erased` is true when the person's key was destroyed: all values are None."""

    erased: bool = False

    def __repr__(self) -> str:
        return f"<Revealed {', '.join(self)}>"

    __str__ = __repr__


def reveal(user: User, objs: Iterable[Model], fields: Sequence[str], purpose: str) -> dict[UUID, Revealed]:
    """The plaintext of these fields of these objects, by primary key; all of it or `NotAllowed`.

    Opens a transaction of its own and refuses to run inside another: were that one undone, the row in the log
    would be gone and the plaintext already read. Call it before or after an action, never within.
    """
    if purpose not in PURPOSES:
        raise ValueError("reveal needs one of the purposes in event_names.py")
    wanted = list({obj.pk: obj for obj in objs}.values())
    names = list(dict.fromkeys(fields))
    if not wanted or not names:
        return {}
    sections = {obj.pk: _sections(obj, names) for obj in wanted}
    spent = None
    with transaction.atomic(durable=True):
        refused = [
            obj
            for obj in wanted
            if not all(policy.may_reveal(user, obj, section) for section in set(sections[obj.pk].values()))
        ]
        if not refused:
            readings = [draft for obj in wanted for draft in _readings(user, obj, sections[obj.pk], purpose)]
            spent = budget.exceeded(user, (draft.subject for draft in readings))
            if spent is None:
                events.record_all(readings)
                return _plaintext(wanted, names)
    # Outside the transaction above: a refusal is kept too, and it is all that is kept.
    if spent is not None:
        facts = {"limit": spent.limit, "opened": spent.opened}
        events.record_all(
            events.draft(
                "reveal.over_budget", actor=user, obj=obj, case=_case_of(obj), fields=names, purpose=purpose,
                facts=facts,
            )
            for obj in wanted
        )  # fmt: skip
        raise BudgetSpent(spent)
    events.record_all(
        events.draft("content.refused", actor=user, obj=obj, case=_case_of(obj), fields=names, purpose=purpose)
        for obj in refused
    )
    raise NotAllowed


def initials(user: User, persons: Iterable[Any], purpose: str = "casework") -> dict[UUID, str]:
    """What a list shows beside the code, by primary key, of those persons whose record the user may see.

    The same door, narrowed to one field of little weight: policy → log → decrypt, in three queries for a page
    of any length. It belongs to a page that only reads; a person whose key was destroyed has none.
    """
    listed = {person.pk: person for person in persons}
    allowed = policy.may_see_initials(user, listed.values())
    wanted = [person for pk, person in listed.items() if pk in allowed and person.initials is not None]
    if not wanted:
        return {}
    events.record_all(
        events.draft("initials.shown", actor=user, obj=person, case=None, fields=["initials"], purpose=purpose)
        for person in wanted
    )
    return {pk: row["initials"] or "" for pk, row in _plaintext(wanted, ["initials"]).items()}


def reveal_file(user: User, obj: Any, purpose: str) -> bytes | None:
    """The file that belongs to a row, or None where the person's key was destroyed.

    Its title is opened first, through the door above: what holds for a text holds for a file.
    """
    if reveal(user, [obj], ["title"], purpose)[obj.pk].erased:
        return None
    with transaction.atomic(durable=True):
        events.record("document.opened", actor=user, obj=obj, case=_case_of(obj), fields=["file"], purpose=purpose)
    return open_file(obj.subject, label_of(type(obj), "file"), obj.pk, files.read(obj.pk), obj.chunks)


# How many rows are opened at once: bounds what lies in memory beside what the job itself holds.
AT_ONCE = 2_000


def in_memory(
    user: User, permission: str, holder: Model, rows: QuerySet[Any], fields: Sequence[str], purpose: str
) -> Iterator[tuple[Any, dict[str, str | None]]]:
    """Sealed fields of many rows, for a job that shows them to nobody: a linking, or the taking in of a file.

    The user who started the job must hold the permission on `holder`; one row of the log says how many were opened,
    and it is written before the first is. What comes out must stay in the job's memory: no page shows any of it.
    """
    if purpose not in PURPOSES:
        raise ValueError("what is opened in memory needs one of the purposes in event_names.py")
    with transaction.atomic(durable=True):
        allowed = policy.may(user, permission, holder)
        facts = {"rows": rows.count(), "purpose": purpose}
        action = "rows.opened_in_memory" if allowed else "content.refused"
        events.record(action, actor=user, obj=holder, fields=list(fields), purpose=purpose, facts=facts)
    if not allowed:
        raise NotAllowed
    waiting: list[Any] = []
    for row in rows.iterator(chunk_size=AT_ONCE):
        waiting.append(row)
        if len(waiting) == AT_ONCE:
            yield from _opened(waiting, fields)
            waiting = []
    yield from _opened(waiting, fields)


def by_operator(rows: QuerySet[Any], field: str, purpose: str) -> Iterator[tuple[Any, str | None]]:
    """The same for a command on the server, whose operator is no user. For numbers alone: nothing may be printed or kept."""
    if purpose not in PURPOSES:
        raise ValueError("what is opened in memory needs one of the purposes in event_names.py")
    with transaction.atomic(durable=True):
        facts = {"rows": rows.count(), "purpose": purpose}
        events.record("rows.opened_in_memory", actor=None, fields=[field], purpose=purpose, facts=facts)
    for row, texts in _opened(list(rows), [field]):
        yield row, texts[field]


def _opened(rows: Sequence[Any], fields: Sequence[str]) -> Iterator[tuple[Any, dict[str, str | None]]]:
    labels = {field: label_of(type(rows[0]), field) for field in fields} if rows else {}
    items = [Sealed(row.subject, labels[field], row.pk, getattr(row, field)) for row in rows for field in fields]
    opened = iter(open_sealed(items))
    for row in rows:
        yield row, {field: next(opened).text for field in fields}


def file_in_memory(user: User, permission: str, holder: Model, row: Any, purpose: str) -> bytes | None:
    """A sealed file that a row holds (`blob`, `chunks`), for the same; None where the key was destroyed.

    Whoever sent the file is shown its headings, to say which is what; of its lines nobody is shown anything.
    """
    with transaction.atomic(durable=True):
        allowed = policy.may(user, permission, holder)
        action = "rows.opened_in_memory" if allowed else "content.refused"
        events.record(action, actor=user, obj=holder, fields=["file"], purpose=purpose)
    if not allowed:
        raise NotAllowed
    return open_file(row.subject, label_of(type(row), "blob"), row.pk, bytes(row.blob), row.chunks)


def _sections(obj: Model, names: Sequence[str]) -> dict[str, str]:
    sealed = sealed_fields(type(obj))
    unknown = [name for name in names if name not in sealed]
    if unknown:
        raise ValueError(f"{type(obj).__name__} has no sealed field {', '.join(unknown)}")
    # A row may know its own section, as a note does; otherwise the field says it.
    own = getattr(obj, "sealed_section", None)
    return {name: own(name) if own is not None else sealed[name].section for name in names}


def _readings(user: User, obj: Model, sections: dict[str, str], purpose: str) -> list[Event]:
    identifying = [name for name, section in sections.items() if section in IDENTIFYING]
    other = [name for name in sections if name not in identifying]
    return [
        events.draft(action, actor=user, obj=obj, case=_case_of(obj), fields=read, purpose=purpose)
        for action, read in (("identity.revealed", identifying), ("content.read", other))
        if read
    ]


def _plaintext(objs: Sequence[Any], names: Sequence[str]) -> dict[UUID, Revealed]:
    items = [
        Sealed(obj.subject, label_of(type(obj), name), obj.pk, getattr(obj, name)) for obj in objs for name in names
    ]
    opened = iter(open_sealed(items))
    result: dict[UUID, Revealed] = {}
    for obj in objs:
        row = Revealed()
        for name in names:
            row[name], erased = next(opened)
            row.erased = row.erased or erased
        result[obj.pk] = row
    return result


def _case_of(obj: Any) -> Any:
    if getattr(obj, "apart", False):
        return None  # its readings are nobody's business who works on the case
    return obj if obj._meta.label == "cases.Case" else getattr(obj, "case", None)


class SharingStopped(Exception):
    """No witness has confirmed the log for a day: what leaves the house now could later be denied."""

    @property
    def message(self) -> str:
        return _(
            "Sharing has stopped: for a day no witness outside has confirmed the event log. Nothing was sent. Your "
            "work on the case goes on; tell your administrator. In danger to life, call."
        )


def require_witness() -> None:
    """Asked before anything leaves: by `share`, and by whatever exports. Raises SharingStopped."""
    if witness.silent():
        raise SharingStopped


class Shared(frozenset[str]):
    """The classes that may be passed on, with the receipt that was stored; both empty when none may."""

    receipt: ShareReceipt | None = None


def share(case: Any, recipient_org: Organisation, purpose: str, classes: Iterable[str], actor: User) -> Shared:
    """What of `classes` the person consented to let this recipient have, now; receipted and logged.

    Runs in the caller's transaction, which also writes what is passed on. The case and its consents are locked
    until it ends: a withdrawal either comes first and counts, or waits and is a new fact about what was sent.
    """
    require_witness()
    asked = frozenset(classes)
    organisation = actor.organisation
    if organisation is None:
        raise NotAllowed
    with transaction.atomic():
        type(case)._default_manager.select_for_update(of=("self",)).get(pk=case.pk)
        rows = list(Consent.objects.select_for_update(of=("self",)).filter(case_id=case.pk).order_by("id"))
        allowed = consent.covered_by(rows, recipient_org, purpose, asked, clock.today())
        shared = Shared(allowed)
        if not shared:
            return shared
        shared.receipt = ShareReceipt.objects.create(
            code=unused_code("R", ShareReceipt),
            case_id=case.pk,
            recipient=recipient_org,
            purpose=purpose,
            asked=sorted(asked),
            shared=sorted(shared),
            consents=[row.pk for row in consent.bearing(rows, recipient_org, purpose, shared, clock.today())],
            shared_by=actor,
            organisation=organisation,
        )
        events.record(
            "information.shared",
            actor=actor,
            obj=shared.receipt,
            case=case,
            purpose=purpose,
            facts={"asked": asked, "shared": shared, "recipient": recipient_org.pk},
        )
    return shared
