"""What consents cover: never more than she said, and her last word counts."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spean.privacy.consent import bearing, covered_by

ON = date(2026, 3, 10)
START = datetime(2026, 3, 1, tzinfo=UTC)
CLASSES = ("identity", "contact", "narrative", "health")
PURPOSES = ("referral_to_focal_agency", "service_referral")


@dataclass(frozen=True)
class Org:
    pk: UUID
    is_focal: bool = False


SHELTER, OTHER, FOCAL = Org(uuid4()), Org(uuid4()), Org(uuid4(), is_focal=True)


@dataclass
class Said:
    status: str = "given"
    classes: list[str] = field(default_factory=lambda: ["identity", "contact"])
    recipient_id: UUID | None = SHELTER.pk
    purpose: str = "service_referral"
    given_at: datetime = START
    withdrawn_at: datetime | None = None
    valid_until: date | None = None
    ground: str = "consent"
    confirmed_by_id: UUID | None = None
    pk: UUID = field(default_factory=uuid4)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def covers(*rows: Said, recipient: Org = SHELTER, classes: tuple[str, ...] = CLASSES, on: date = ON) -> set[str]:
    return covered_by(rows, recipient, "service_referral", classes, on)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], set()),
        ([Said()], {"identity", "contact"}),
        ([Said(purpose="referral_to_focal_agency")], set()),
        ([Said(recipient_id=OTHER.pk)], set()),
        # Nobody named: a focal agency, which the shelter is not.
        ([Said(recipient_id=None)], set()),
        # The last word counts.
        ([Said(), Said(status="refused", classes=[], given_at=at(1))], set()),
        ([Said(), Said(status="refused", classes=["contact"], given_at=at(1))], {"identity"}),
        ([Said(given_at=at(2)), Said(status="refused", classes=[], given_at=at(1))], {"identity", "contact"}),
        ([Said(), Said(status="refused", classes=[], given_at=at(0))], set()),
        # A refusal to somebody else changes nothing; to nobody in particular, everything.
        ([Said(), Said(status="refused", classes=[], recipient_id=OTHER.pk, given_at=at(1))], {"identity", "contact"}),
        ([Said(), Said(status="refused", classes=[], recipient_id=None, given_at=at(1))], set()),
        # A withdrawal takes the same classes from every earlier consent to this recipient.
        ([Said(status="withdrawn", withdrawn_at=at(1))], set()),
        ([Said(), Said(status="withdrawn", classes=["contact"], withdrawn_at=at(1))], {"identity"}),
        ([Said(given_at=at(2)), Said(status="withdrawn", withdrawn_at=at(1))], {"identity", "contact"}),
        # A consent that ran out leaves an older, longer one in force.
        ([Said(valid_until=ON)], {"identity", "contact"}),
        ([Said(valid_until=ON - timedelta(days=1))], set()),
        ([Said(), Said(given_at=at(1), valid_until=ON - timedelta(days=1))], {"identity", "contact"}),
    ],
)
def test_what_is_covered(rows: list[Said], expected: set[str]) -> None:
    assert covers(*rows) == expected


def test_a_consent_to_whichever_focal_agency_reaches_one() -> None:
    assert covers(Said(recipient_id=None), recipient=FOCAL) == {"identity", "contact"}


statements = st.builds(
    Said,
    status=st.sampled_from(["given", "given", "refused", "withdrawn", "unconfirmed", "rejected"]),
    ground=st.sampled_from(["consent", "consent", "best_interests", "court_order", "danger_to_life"]),
    confirmed_by_id=st.sampled_from([None, uuid4()]),
    classes=st.lists(st.sampled_from(CLASSES), unique=True, min_size=1),
    recipient_id=st.sampled_from([None, SHELTER.pk, OTHER.pk, FOCAL.pk]),
    purpose=st.sampled_from(PURPOSES),
    given_at=st.integers(0, 5).map(at),
    valid_until=st.sampled_from([None, ON, ON - timedelta(days=1), ON + timedelta(days=9)]),
).map(lambda row: _with_withdrawal(row))


def _with_withdrawal(row: Said) -> Said:
    if row.status == "withdrawn":
        row.withdrawn_at = row.given_at + timedelta(hours=1)
    return row


histories = st.lists(statements, max_size=7)
recipients = st.sampled_from([SHELTER, OTHER, FOCAL])
wanted = st.lists(st.sampled_from(CLASSES), unique=True)


@settings(max_examples=2000)
@given(histories, recipients, st.sampled_from(PURPOSES), wanted)
def test_never_more_than_was_asked_for_and_agreed_to(
    rows: list[Said], recipient: Org, purpose: str, asked: list[str]
) -> None:
    sent = covered_by(rows, recipient, purpose, asked, ON)
    agreed = {
        code
        for row in rows
        if row.status == "given" and row.purpose == purpose and row.recipient_id in (None, recipient.pk)
        # What stands in for consent counts with a second person alone.
        if row.ground == "consent" or row.confirmed_by_id is not None
        for code in row.classes
    }
    assert sent <= set(asked) & agreed
    on = bearing(rows, recipient, purpose, sent, ON)
    assert all(row.status == "given" and (row.valid_until is None or row.valid_until >= ON) for row in on)
    assert sent <= {code for row in on for code in row.classes}


@given(histories, recipients, wanted)
def test_a_refusal_at_the_end_stops_everything(rows: list[Said], recipient: Org, asked: list[str]) -> None:
    last = Said(status="refused", classes=[], recipient_id=recipient.pk, given_at=at(99))
    assert covered_by([*rows, last], recipient, "service_referral", asked, ON) == set()


@given(histories, recipients)
def test_withdrawing_any_consent_leaves_none_of_its_classes(rows: list[Said], recipient: Org) -> None:
    for row in rows:
        if row.status == "given" and row.purpose == "service_referral" and row.recipient_id == recipient.pk:
            row.status, row.withdrawn_at = "withdrawn", at(99)
            assert not covered_by(rows, recipient, "service_referral", CLASSES, ON) & set(row.classes)


@given(histories, statements, recipients)
def test_one_more_no_never_covers_more(rows: list[Said], no: Said, recipient: Org) -> None:
    if no.status == "given":
        no.status = "refused"
    before = covered_by(rows, recipient, "service_referral", CLASSES, ON)
    assert covered_by([*rows, no], recipient, "service_referral", CLASSES, ON) <= before


@given(st.permutations([Said(given_at=at(n), status=s) for n, s in enumerate(["given", "refused", "given"])]))
def test_the_order_of_rows_does_not_matter(rows: list[Said]) -> None:
    assert covers(*rows) == {"identity", "contact"}
