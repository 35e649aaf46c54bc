"""Verbs of an export: ask, approve, reject, take back, make.

Making one is a sharing per person: what she agreed to is read again under lock, each opening and each passing on is
a row of the log, and what she did not agree to stays empty. The file exists only in the answer that hands it out.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import Organisation, User
from spean.cases.models import Case
from spean.exchange import canary, columns, htcds, marks
from spean.exchange.models import Export, ExportedCase, ExportedRow
from spean.lib import clock
from spean.people.models import Person
from spean.privacy import consent, doors, events, offline
from spean.privacy.codes import unused_code
from spean.workflow import engine
from spean.workflow.engine import perform, requirement

# Above this many persons another one approves.
ALONE_AT_MOST = 20
AT_MOST = 500
LASTS = timedelta(hours=72)
# In whose columns an export is written.
OWN, HTCDS = "own", "htcds"


def request_export(
    actor: User,
    *,
    cases: Sequence[Case],
    recipient: Organisation,
    recipient_key: str,
    purpose: str,
    names: Sequence[str],
    once: UUID | None = None,
) -> Export:
    """Ask for a list of these cases, with these columns, for this recipient. Nothing is opened yet."""
    assert actor.organisation is not None
    family_name, given_name, birth_date = canary.invent()
    export = Export(
        number=unused_code("E", Export, "number"), organisation=actor.organisation, recipient=recipient, recipient_key=recipient_key,
        purpose=purpose, columns=[name for name in columns.COLUMNS if name in names],
        persons=len({case.person_id for case in cases}), requested_by=actor, requested_at=clock.now(),
        canary_code=unused_code("C", Case), canary_family_name=family_name, canary_given_name=given_name,
        canary_birth_date=birth_date,
    )  # fmt: skip
    facts = {"cases": cases, "names": names}
    with perform("request_export", export, actor, facts=facts, once=once) as step:
        step.facts.update(_facts(export))
    rows = [ExportedCase(export=export, case=case) for case in sorted(cases, key=lambda case: case.pk)]
    ExportedCase.objects.bulk_create(rows)
    return export


def approve_export(actor: User, export: Export, *, version: int | None = None, once: UUID | None = None) -> Export:
    with perform("approve_export", export, actor, version=version, once=once) as step:
        step.obj.decided_at, step.obj.decided_by = clock.now(), actor
        step.facts.update(_facts(step.obj))
    return step.obj


def reject_export(actor: User, export: Export, *, version: int | None = None, once: UUID | None = None) -> Export:
    with perform("reject_export", export, actor, version=version, once=once) as step:
        step.obj.decided_at, step.obj.decided_by = clock.now(), actor
        step.facts.update(_facts(step.obj))
    return step.obj


def withdraw_export(actor: User, export: Export, *, version: int | None = None, once: UUID | None = None) -> Export:
    with perform("withdraw_export", export, actor, version=version, once=once) as step:
        step.facts.update(_facts(step.obj))
    return step.obj


def make_export(
    actor: User, export: Export, *, layout: str = OWN, version: int | None = None, once: UUID | None = None
) -> bytes:
    """The encrypted list, handed out this once: neither the file nor anything it was made from is stored.

    `layout` says in whose columns: our own, or those of HTCDS 2.0. What is in it is the same.
    """
    doors.require_witness()
    engine.check("make_export", export, actor, version=version, once=once)
    _raise_failures(engine.failures("make_export", export, actor))
    doors.require_witness()  # before anything is opened; each share asks again
    recipient = export.recipient
    asked = columns.sections(export.columns)
    # What she agrees to at this moment is opened, before the transaction that passes it on and asks again.
    wanted = {case: asked & policy.readable_sections(actor, case) for case in _cases(actor, export)}
    agreed = {case: consent.covered(case, recipient, export.purpose, classes) for case, classes in wanted.items()}
    opened = _open(actor, export, {case: classes for case, classes in agreed.items() if classes})
    rows: dict[str, dict[str, str]] = {}
    with perform("make_export", export, actor, version=version, once=once) as step:
        sent = []
        for case, classes in sorted(agreed.items(), key=lambda pair: pair[0].pk):
            if not classes:
                continue
            shared = doors.share(case, recipient, export.purpose, classes, actor)
            if not shared:
                continue
            rows[case.code] = _row(case, export, shared, opened.get(case.pk, {}))
            sent.append(ExportedRow(export=export, case=case, classes=sorted(shared), receipt=shared.receipt))
        if not sent:
            raise engine.Refused([_("Nobody on this list agreed to this recipient for this purpose.")])
        ExportedRow.objects.bulk_create(sent)
        step.obj.made_at, step.obj.rows_sent = clock.now(), len(sent)
        step.facts.update({**_facts(step.obj), "rows": len(sent), "layout": layout})
    rows[export.canary_code] = canary.row(_invented(export), export.columns, list(rows.values()))
    titles: Sequence[str] = export.columns
    if layout == HTCDS:
        titles, rows = htcds.columns(), {code: htcds.row(told) for code, told in rows.items()}
    target = io.BytesIO()
    offline.encrypt(
        io.BytesIO(marks.write(export.number, titles, rows, bytes(export.order_key))), target, export.recipient_key
    )
    return target.getvalue()


def _cases(actor: User, export: Export) -> list[Case]:
    """Of what was asked for, what the actor may still export; who was excluded meanwhile gets less, untold."""
    asked = export.asked.values("case_id")
    found = policy.visible(actor, "export_case", Case).filter(pk__in=asked, person__isnull=False)
    return list(found.select_related("person").order_by("pk"))


def _open(actor: User, export: Export, agreed: Mapping[Case, set[str]]) -> dict[UUID, Mapping[str, str | None]]:
    """The sealed columns by case, through the door: those with the same columns at once."""
    together: dict[tuple[str, ...], list[Case]] = {}
    for case, classes in agreed.items():
        names = tuple(
            name
            for name in export.columns
            if columns.COLUMNS[name].is_sealed and columns.COLUMNS[name].section in classes
        )
        together.setdefault(names, []).append(case)
    found: dict[UUID, Mapping[str, str | None]] = {}
    for names, cases in together.items():
        if not names:
            continue
        persons: list[Person] = [case.person for case in cases if case.person is not None]
        try:
            opened = doors.reveal(actor, persons, names, "export")
        except doors.BudgetSpent as spent:
            raise engine.Refused(
                [
                    _("You may open %(limit)d people a day, and this list has more. Ask a colleague for an extension.")
                    % {"limit": spent.standing.limit}
                ]
            ) from None
        found.update({case.pk: opened[case.person_id] for case in cases if case.person_id is not None})
    return found


def _row(case: Case, export: Export, shared: frozenset[str], opened: Mapping[str, str | None]) -> dict[str, str]:
    row = {}
    for name in export.columns:
        column = columns.COLUMNS[name]
        if column.section in shared:
            row[name] = (opened.get(name) or "") if column.is_sealed else column.value(case)
    return row


def _invented(export: Export) -> dict[str, str]:
    return {
        "family_name": export.canary_family_name,
        "given_name": export.canary_given_name,
        "birth_date": export.canary_birth_date,
    }


def _facts(export: Export) -> dict[str, Any]:
    """What the log keeps of an export: codes and numbers."""
    return {
        "number": export.number, "persons": export.persons, "columns": export.columns, "purpose": export.purpose,
        "recipient": export.recipient_id,
    }  # fmt: skip


def _raise_failures(failures: list[str]) -> None:
    if failures:
        raise engine.Refused(failures)


# --- tracing -----------------------------------------------------------------------------------------------


def remembered() -> list[marks.Made]:
    """Every export that was handed out, as `marks` knows it again."""
    exports = Export.objects.filter(status="made").prefetch_related("sent__case").order_by("made_at", "id")
    return [
        marks.Made(
            number=export.number,
            order_key=bytes(export.order_key),
            codes=frozenset(row.case.code for row in export.sent.all()),
            canary_code=export.canary_code,
            canary_words=_canary_words(export),
        )
        for export in exports
    ]


def _canary_words(export: Export) -> tuple[str, ...]:
    """Invented names are common ones: only together, and with the day of birth, do they name her."""
    names = [name for name in ("family_name", "given_name", "birth_date") if name in export.columns]
    words = tuple(_invented(export)[name] for name in names)
    return words if len(words) == 3 and all(words) else ()


def trace_export(actor: User | None, text: str) -> list[tuple[Export, str]]:
    """Which exports a leaked piece of text comes from, and by which mark. The text is kept nowhere."""
    found = marks.trace(text, remembered())
    exports = {export.number: export for export in Export.objects.filter(number__in={one.number for one in found})}
    for number in exports:
        events.record("export.traced", actor=actor, obj=exports[number], facts={"number": number})
    if not exports:
        events.record("export.traced", actor=actor, facts={"number": ""})
    return [(exports[one.number], one.mark) for one in found]


# --- requirements ------------------------------------------------------------------------------------------


@requirement("export_complete")
def _export_complete(export: Export, actor: User, facts: Mapping[str, Any]) -> list[str]:
    failures = []
    cases: Sequence[Case] = facts.get("cases", ())
    may = policy.visible(actor, "export_case", Case).filter(person__isnull=False)
    if not cases or may.filter(pk__in=[case.pk for case in cases]).count() != len(set(cases)):
        failures.append(_("Choose cases of registered persons for which your agency is responsible."))
    if len(cases) > AT_MOST:
        failures.append(_("An export has at most %(number)d cases.") % {"number": AT_MOST})
    if not export.columns or set(facts.get("names", ())) - set(columns.COLUMNS):
        failures.append(_("Choose what the list should hold."))
    if export.recipient_id == export.organisation_id or not export.recipient.active:
        failures.append(_("Choose another organisation as the recipient."))
    if not offline.is_public_key(export.recipient_key):
        failures.append(_("This is not a public key. It is one line that begins with age1."))
    return failures


@requirement("export_approved")
def _export_approved(export: Export, actor: User, facts: Mapping[str, Any]) -> list[str]:
    if export.persons > ALONE_AT_MOST and export.status != "approved":
        return [_("More than %(number)d persons: a second person has to approve it first.") % {"number": ALONE_AT_MOST}]
    return []


@requirement("export_in_time")
def _export_in_time(export: Export, actor: User, facts: Mapping[str, Any]) -> list[str]:
    began = export.decided_at or export.requested_at
    return [] if clock.now() < began + LASTS else [_("This export was not made within three days. Ask for it again.")]
