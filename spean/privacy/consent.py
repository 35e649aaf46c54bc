"""What a person's consents allow, as pure functions over their rows, and the one query that feeds them.

Recording and withdrawing are verbs of the case's room; the moment of sharing is the door (doors.py).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from spean.access.models import Organisation
from spean.lib import clock
from spean.privacy.models import Consent


class Recipient(Protocol):
    pk: Any
    is_focal: bool


class Statement(Protocol):
    """The part of a Consent row that decides."""

    pk: Any
    status: str
    ground: str
    confirmed_by_id: UUID | None
    purpose: str
    recipient_id: UUID | None
    classes: list[str]
    given_at: datetime
    withdrawn_at: datetime | None
    valid_until: date | None


def covered_by(
    consents: Iterable[Statement], recipient: Recipient, purpose: str, classes: Iterable[str], on: date
) -> set[str]:
    """Those of `classes` that this recipient may have for this purpose on this day.

    The last word counts. A class is covered when a consent that has not run out was given later than every
    refusal and every withdrawal that touch it; at the same moment, the "no" wins.
    """
    rows = [row for row in consents if row.purpose == purpose]
    return {wanted for wanted in classes if _bearing(rows, recipient, wanted, on)}


def bearing(
    consents: Iterable[Statement], recipient: Recipient, purpose: str, classes: Iterable[str], on: date
) -> list[Any]:
    """The rows on which the covered classes rest: a receipt names them."""
    rows = [row for row in consents if row.purpose == purpose]
    found = {row.pk: row for wanted in classes for row in _bearing(rows, recipient, wanted, on)}
    return list(found.values())


def awaiting_confirmation(
    consents: Iterable[Statement], recipient: Recipient, purpose: str, classes: Iterable[str], on: date
) -> list[Any]:
    """Grounds that would cover some of these classes once a second person has confirmed them. Nothing rests on them."""
    rows = [row for row in consents if row.purpose == purpose]
    waiting = {row.pk: row for wanted in classes for row in _bearing(rows, recipient, wanted, on, _unconfirmed)}
    return list(waiting.values())


def _stands(row: Statement) -> bool:
    """A consent stands by itself; what replaces it stands on two people."""
    return row.status == "given" and (row.ground == "consent" or row.confirmed_by_id is not None)


def _unconfirmed(row: Statement) -> bool:
    return row.status == "unconfirmed"


def _bearing(
    rows: Sequence[Statement],
    recipient: Recipient,
    wanted: str,
    on: date,
    counts: Callable[[Statement], bool] = _stands,
) -> list[Statement]:
    last_no = max((moment for row in rows for moment in _noes(row, recipient, wanted)), default=None)
    return [
        row
        for row in rows
        if counts(row)
        and wanted in row.classes
        and _reaches(row, recipient)
        and (row.valid_until is None or on <= row.valid_until)
        and (last_no is None or row.given_at > last_no)
    ]


def _reaches(row: Statement, recipient: Recipient) -> bool:
    return recipient.is_focal if row.recipient_id is None else row.recipient_id == recipient.pk


def _noes(row: Statement, recipient: Recipient, wanted: str) -> list[datetime]:
    # A "no" reaches further than a "yes": without a recipient it holds against everybody.
    if row.recipient_id is not None and row.recipient_id != recipient.pk:
        return []
    if row.status == "refused" and (not row.classes or wanted in row.classes):
        return [row.given_at]
    if row.withdrawn_at is not None and wanted in row.classes:
        return [row.withdrawn_at]
    return []


def awaited(case: Any, recipient_org: Organisation, purpose: str, classes: Iterable[str]) -> list[Consent]:
    """Grounds recorded for this recipient and purpose that wait for their second person."""
    rows = Consent.objects.filter(case_id=case.pk, purpose=purpose)
    return awaiting_confirmation(rows, recipient_org, purpose, classes, clock.today())


def covered(case: Any, recipient_org: Organisation, purpose: str, classes: Iterable[str]) -> set[str]:
    """As the consents stand now, without lock: to show on a page. Before sending, ask `doors.share`."""
    rows = Consent.objects.filter(case_id=case.pk, purpose=purpose)
    return covered_by(rows, recipient_org, purpose, classes, clock.today())
