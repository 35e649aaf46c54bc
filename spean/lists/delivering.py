"""Verbs of partner lists: begin one, say what it counts, send a file, name its columns, take it in, destroy a row.

A file is sealed in the request that brings it and read in a job; each of its lines becomes a row under a key of its
own, or is told in the report. Sending the same file again changes nothing.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from json import dumps, loads
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import User
from spean.lib import clock
from spean.linkage import encode
from spean.lists import judging, report, sheet, words
from spean.lists.judging import Judged
from spean.lists.models import Declaration, DeliveredFile, Delivery, ListRow, PartnerList
from spean.lists.report import Outcome
from spean.privacy import doors, events, vault
from spean.privacy.codes import unused_code
from spean.workflow.engine import Forbidden, Refused, Step, check_fields, claim, follow, perform, requirement

AT_ONCE = 250  # rows kept in one transaction; longer statements take longer to write for each row
BLOB = "lists.DeliveredFile.blob"


# --- the list ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Declared:
    """What a partner says of its list; days and numbers where it knows them."""

    definition: str
    completeness: str
    from_on: date | None = None
    to_on: date | None = None
    lowest: int | None = None
    highest: int | None = None


def begin_list(actor: User, *, form: str, title: str, declared: Declared, once: UUID | None = None) -> PartnerList:
    """A new list of the actor's organisation, kept by the actor, with what it counts."""
    organisation = actor.organisation
    permission = "keep_list_of_names" if form == "names" else "keep_list"
    if organisation is None or not policy.may(actor, permission):
        raise Forbidden([_("This is not available to you.")])
    if form == "number" and declared.lowest is None:
        raise Refused([_("Say how many people are on the list.")])
    row = PartnerList(
        id=uuid4(), code=unused_code("L", PartnerList), organisation=organisation, kept_by=actor, form=form, title=title,
        begun_at=clock.now(),
    )  # fmt: skip
    with transaction.atomic():
        if once is not None:
            claim(once, "begin_list", row, actor)
        check_fields(row)
        vault.create_key(row.subject)
        row.save(force_insert=True)
        events.record("list.begun", actor=actor, obj=row, facts={"code": row.code, "form": form})
        _declare(actor, row, declared)
    return row


def declare(actor: User, partner_list: PartnerList, declared: Declared, *, once: UUID | None = None) -> Declaration:
    """Say anew what the list counts and how complete it is. What was said before stays."""
    with transaction.atomic():
        if once is not None:
            claim(once, "declare_list", partner_list, actor)
        if not policy.may(actor, "deliver_list", partner_list):
            raise Forbidden([_("This is not available to you.")])
        if partner_list.form == "number" and declared.lowest is None:
            raise Refused([_("Say how many people are on the list.")])
        return _declare(actor, partner_list, declared)


def _declare(actor: User, partner_list: PartnerList, declared: Declared) -> Declaration:
    row = Declaration(
        partner_list=partner_list, definition=declared.definition, completeness=declared.completeness,
        from_on=declared.from_on, to_on=declared.to_on, lowest=declared.lowest,
        highest=declared.lowest if declared.highest is None else declared.highest, declared_at=clock.now(),
        declared_by=actor,
    )  # fmt: skip
    check_fields(row)
    row.save(force_insert=True)
    facts = {"completeness": row.completeness, "lowest": row.lowest, "highest": row.highest}
    events.record("list.declared", actor=actor, obj=partner_list, facts=facts)
    return row


# --- a file ------------------------------------------------------------------------------------------------


def deliver(
    actor: User, partner_list: PartnerList, raw: bytes, *, delimiter: str = "", once: UUID | None = None
) -> Delivery:
    """Take a file over, sealed. Raises Refused with a sentence where it is no list; then nothing was kept."""
    begun = _beginning(raw, delimiter, partner_list.form)
    delivery = Delivery(
        id=uuid4(), partner_list=partner_list, delivered_by=actor, delivered_at=clock.now(), delimiter=delimiter
    )
    with transaction.atomic():
        with perform("deliver_list", delivery, actor, once=once) as step:
            vault.create_key(delivery.subject)
            step.facts.update(form=begun.form, size=len(raw))
        file = DeliveredFile(id=uuid4(), delivery=delivery)
        file.blob, file.chunks = vault.seal_file(delivery.subject, BLOB, file.pk, raw)
        file.save(force_insert=True)
        if begun.form == "tokens":
            name_columns(actor, delivery, {})
    return delivery


def _beginning(raw: bytes, delimiter: str, form: str) -> sheet.Sheet:
    try:
        begun = sheet.read(raw, delimiter=delimiter, most=sheet.SAMPLE)
        if begun.form != "tokens" and form == "tokens":
            raise sheet.Unreadable("no_tokens")
        if begun.form == "tokens" and form != "tokens":
            raise sheet.Unreadable("tokens_here")
        if begun.form == "tokens" and begun.heading != encode.COLUMNS:
            raise sheet.Unreadable("no_tokens")
    except sheet.Unreadable as fault:
        raise Refused([str(words.UNREADABLE[fault.code])]) from None
    return begun


@dataclass(frozen=True)
class Preview:
    """The columns of a file for whoever sent it: heading, how many of the first lines fill it, what it probably is.

    `notes` are codes of `words.FILE_NOTES`, of the first lines.
    """

    heading: tuple[str, ...] = field(repr=False)
    filled: list[int]
    guess: dict[int, str]
    lines: int
    notes: list[str]


def preview(actor: User, delivery: Delivery) -> Preview:
    """Look into a file that waits for its columns to be named. Opened through the door."""
    raw = _file_of(actor, delivery)
    if raw is None:
        raise Refused([str(words.UNREADABLE["gone"])])
    begun = sheet.read(raw, delimiter=delivery.delimiter, most=sheet.SAMPLE)
    guess = judging.guess(begun.heading, remembered(actor, delivery.partner_list))
    return Preview(begun.heading, judging.filled(begun), guess, len(begun.lines), list(begun.notes))


def _file_of(actor: User, delivery: Delivery) -> bytes | None:
    file = DeliveredFile.objects.filter(delivery=delivery).first()
    if file is None:
        return None
    return doors.file_in_memory(actor, "deliver_list", delivery.partner_list, file, "partner_list")


def remembered(actor: User, partner_list: PartnerList) -> dict[str, str]:
    """The mapping of this list, or of the last one that this user keeps for the same organisation."""
    own = policy.visible(actor, "deliver_list", PartnerList).filter(
        organisation_id=partner_list.organisation_id, mapping__isnull=False
    )
    row = own.filter(pk=partner_list.pk).first() or own.first()
    if row is None:
        return {}
    opened = doors.reveal(actor, [row], ["mapping"], "partner_list")[row.pk]["mapping"]
    return dict(loads(opened)) if opened else {}


def name_columns(
    actor: User, delivery: Delivery, mapping: Mapping[int, str], *, heading: Sequence[str] = (),
    version: int | None = None, once: UUID | None = None,
) -> Delivery:  # fmt: skip
    """Say which column is what; the file is then read by a job. With `heading` it is remembered for the next file."""
    facts = {"mapping": mapping, "form": delivery.partner_list.form}
    with transaction.atomic():
        with perform("name_columns", delivery, actor, version=version, once=once, facts=facts) as step:
            step.obj.columns = {str(place): name for place, name in sorted(mapping.items())}
            step.obj.fault = ""
            step.facts.update(columns=sorted(mapping.values()))
            if heading:
                kept = judging.usual(map(judging.word_of, heading), mapping, heading)
                row = PartnerList.objects.get(pk=step.obj.partner_list_id)
                vault.seal_fields(row, mapping=dumps(kept, ensure_ascii=False))
                row.save(update_fields=["mapping"])
        from spean.lists import tasks  # which needs the jobs library, and this module

        tasks.take_in.defer(delivery_id=str(delivery.pk))
    return delivery


def withdraw(actor: User, delivery: Delivery, *, version: int | None = None, once: UUID | None = None) -> Delivery:
    """The wrong file: destroy it before it is read."""
    with perform("withdraw_delivery", delivery, actor, version=version, once=once) as step:
        _forget_file(step.obj)
    return delivery


def _forget_file(delivery: Delivery) -> None:
    DeliveredFile.objects.filter(delivery=delivery).delete()
    subject = delivery.subject
    transaction.on_commit(lambda: vault.destroy_key(subject))


# --- taking it in ------------------------------------------------------------------------------------------


def take_in(delivery: Delivery) -> None:
    """Read the whole file and keep each line. May be repeated: a run that was broken off goes on where it stopped."""
    actor = delivery.delivered_by
    if delivery.status != "waiting":
        return
    mapping = {int(place): name for place, name in delivery.columns.items()}
    try:
        raw = _file_of(actor, delivery)
        if raw is None:
            raise sheet.Unreadable("gone")
        read = sheet.read(raw, delimiter=delivery.delimiter)
        del raw
        keeper = _Keeper(delivery, read.head)
        judged = judging.judge(read, mapping)
        while batch := list(islice(judged, AT_ONCE)):
            keeper.keep(batch)
    except Exception as fault:
        # What a library says of a fault may hold a line of the list: the kind is kept, and nothing else. What was
        # kept of the file stays; naming the columns again goes on from there.
        with follow(Step("name_columns", delivery, actor), "fail_delivery", delivery) as step:
            step.obj.fault = fault.code if isinstance(fault, sheet.Unreadable) else "broke_off"
            step.facts["fault"] = step.obj.fault
        return
    with perform("take_in_delivery", delivery, actor) as step:
        step.obj.taken_at = clock.now()
        step.obj.lines = report.pack(keeper.outcomes)
        step.obj.result = {
            "form": read.form, "encoding": read.encoding, "delimiter": read.delimiter, "lines": len(read.lines),
            "dates": judging.order_of_dates(read, mapping), "file_notes": dict(read.notes), **keeper.counts(),
        }  # fmt: skip
        step.facts.update(keeper.counts()["outcomes"], lines=len(read.lines))
        _forget_file(step.obj)


@dataclass(slots=True)
class _Known:
    """A row of the list as the keeper remembers it; `line` is 0 where another file brought it."""

    pk: UUID
    status: str
    line: int


class _Keeper:
    """Turns judged lines into rows of one list, knowing what the list holds already."""

    def __init__(self, delivery: Delivery, head: str) -> None:
        self._delivery, self._head = delivery, head
        self._list = delivery.partner_list
        self.outcomes: list[Outcome] = []
        self._known: dict[bytes, _Known] = {}
        self._numbers: dict[bytes, _Known] = {}
        rows = ListRow.objects.filter(partner_list=self._list).order_by()
        for digest, number, pk, status, came, line in rows.values_list(
            "digest", "number_digest", "pk", "status", "delivery_id", "line"
        ).iterator(chunk_size=10_000):
            known = _Known(pk, sys.intern(status), line if came == delivery.pk else 0)
            self._known[bytes(digest)] = known
            if number is not None and status != "replaced":
                self._numbers[bytes(number)] = known

    def keep(self, batch: Sequence[Judged]) -> None:
        messages = [b"row\x00" + one.content.encode() for one in batch]
        messages += [b"number\x00" + one.number.encode() for one in batch]
        digests = vault.keyed_digests(self._list.subject, messages)
        new: list[ListRow] = []
        texts: list[str] = []
        replaced: list[tuple[_Known, UUID]] = []
        back: list[_Known] = []
        for one, digest, keyed in zip(batch, digests[: len(batch)], digests[len(batch) :], strict=True):
            number = keyed if one.number else None
            before = self._known.get(digest)
            current = self._numbers.get(number) if number else None
            if (before or current) and "destroyed" in {known.status for known in (before, current) if known}:
                self._tell(one, "destroyed_before")
            elif before is not None:
                self._met_again(one, before, current, number, replaced, back)
            else:
                row = self._new(one, digest, number)
                new.append(row)
                texts.append(one.content)
                known = self._known[digest] = _Known(row.pk, row.status, one.line)
                if one.reasons:
                    self._tell(one, "quarantined")
                    if number:
                        self._numbers.setdefault(number, known)
                    continue
                if current is not None:
                    replaced.append((current, row.pk))
                    current.status = "replaced"
                self._tell(one, "changed" if current is not None else "accepted")
                if number:
                    self._numbers[number] = known
        self._write(new, texts, replaced, back)

    def _met_again(
        self, one: Judged, before: _Known, current: _Known | None, number: bytes | None,
        replaced: list[tuple[_Known, UUID]], back: list[_Known],
    ) -> None:  # fmt: skip
        if before.line == one.line:
            # Kept by an earlier run of this job that was broken off.
            self._tell(one, "quarantined" if before.status == "quarantined" else "accepted")
        elif before.line:
            self._tell(one, "duplicate", before.line)
        elif before.status == "replaced" and current is not None:
            # A correction that was taken back: the earlier row holds again.
            replaced.append((current, before.pk))
            current.status, before.status = "replaced", "accepted"
            back.append(before)
            if number:
                self._numbers[number] = before
            self._tell(one, "changed")
        else:
            self._tell(one, "unchanged")

    def _new(self, one: Judged, digest: bytes, number: bytes | None) -> ListRow:
        return ListRow(
            id=uuid4(), partner_list=self._list, delivery=self._delivery, line=one.line,
            status="quarantined" if one.reasons else "accepted", reasons=list(one.reasons), digest=digest,
            number_digest=number, sex=one.sex, birth_year=one.birth_year, consented=one.consent, head=self._head,
        )  # fmt: skip

    def _tell(self, one: Judged, outcome: str, other: int = 0) -> None:
        self.outcomes.append(Outcome(one.line, outcome, (*one.reasons, *one.notes), other))

    def _write(
        self, new: Sequence[ListRow], texts: Sequence[str], replaced: Iterable[tuple[_Known, UUID]],
        back: Sequence[_Known],
    ) -> None:  # fmt: skip
        if new:
            # Keys first, and for good: a break leaves keys without rows, which open nothing.
            vault.create_keys(row.subject for row in new)
            vault.seal_rows(new, "content", texts)
        with transaction.atomic():
            ListRow.objects.bulk_create(new)
            if back:
                ListRow.objects.filter(pk__in=[one.pk for one in back]).update(status="accepted", replaced_by=None)
            self._replace(replaced)

    def _replace(self, replaced: Iterable[tuple[_Known, UUID]]) -> None:
        """The later line holds. The case that was begun from the earlier goes with it: it is the same person's line."""
        pairs = list(replaced)
        # Locked, all of them: a case that is begun at this moment is begun before, or not at all.
        earlier = ListRow.objects.select_for_update(of=("self",)).filter(pk__in=[old.pk for old, _by in pairs])
        begun = {
            pk: case for pk, status, case in earlier.order_by("pk").values_list("pk", "case_status", "case_id")
            if status == "begun"
        }  # fmt: skip
        for old, by in pairs:
            ListRow.objects.filter(pk=old.pk).update(status="replaced", replaced_by=by, case=None)
            if old.pk in begun:
                begun[by] = begun[old.pk]
                ListRow.objects.filter(pk=by).update(case_status="begun", case=begun[by])

    def counts(self) -> dict[str, dict[str, int]]:
        told: Iterator[str] = (code for one in self.outcomes for code in one.told)
        counted = Counter(told)
        return {
            "outcomes": dict(Counter(one.outcome for one in self.outcomes)),
            "reasons": {code: counted[code] for code in words.REASONS if counted[code]},
            "notes": {code: counted[code] for code in words.NOTES if counted[code]},
        }


# --- one row -----------------------------------------------------------------------------------------------


def destroy_row(actor: User, row: ListRow, *, once: UUID | None = None) -> ListRow:
    """The person wishes it, or the line was nobody: what it says is destroyed with its key. It does not come back."""
    with transaction.atomic():
        if once is not None:
            claim(once, "destroy_row", row, actor)
        locked = ListRow.objects.select_for_update(of=("self",)).get(pk=row.pk)
        if not policy.may(actor, "destroy_row", locked):
            raise Forbidden([_("This is not available to you.")])
        if locked.status == "destroyed":
            raise Refused([_("This was destroyed before.")])
        same = Q(pk=locked.pk)
        if locked.number_digest is not None:
            # Earlier versions of the line are hers as well.
            same |= Q(partner_list_id=locked.partner_list_id, number_digest=bytes(locked.number_digest))
        subjects = list(ListRow.objects.filter(same).exclude(status="destroyed").values_list("pk", flat=True))
        ListRow.objects.filter(pk__in=subjects).update(
            status="destroyed", content=None, replaced_by=None, destroyed_at=clock.now(), destroyed_by=actor
        )
        events.record("list.row_destroyed", actor=actor, obj=locked, facts={"line": locked.line, "rows": len(subjects)})
        transaction.on_commit(lambda: vault.destroy_keys(subjects))
        locked.refresh_from_db()
        return locked


# --- requirements ------------------------------------------------------------------------------------------


@requirement("list_takes_files")
def _list_takes_files(delivery: Delivery, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if delivery.partner_list.form == "number":
        return [_("Of this list only the number of people is kept.")]
    waiting = Delivery.objects.filter(partner_list=delivery.partner_list, status__in=("received", "waiting", "failed"))
    if waiting.exists():
        return [_("Another file of this list is not taken in yet. Finish it, or take it back.")]
    return []


@requirement("columns_tell_persons")
def _columns_tell_persons(delivery: Delivery, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if facts.get("form") == "tokens":
        return []
    names = list(dict(facts.get("mapping", {})).values())
    failures = []
    if not set(names) & set(judging.TELLING):
        failures.append(
            _("Name at least one column that tells who somebody is: a name, a birth, a telephone, a number.")
        )
    if len(set(names)) != len(names) or set(names) - set(judging.COLUMNS):
        failures.append(_("Two columns cannot be the same thing. Choose one of them."))
    return failures
