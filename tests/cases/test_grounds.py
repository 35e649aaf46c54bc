"""What stands in for consent: evidence, two people, and nothing sealed before the second has confirmed."""

from typing import Any
from uuid import uuid4

import pytest
from django.http import Http404

from spean.access import policy
from spean.access.models import Membership
from spean.cases.consent import record_consent, record_refusal, withdraw_consent
from spean.cases.grounds import confirm_ground, record_ground, reject_ground
from spean.cases.models import Case, Involvement, Task
from spean.lib import clock
from spean.privacy import doors
from spean.privacy.consent import awaited, covered
from spean.privacy.models import Consent, Event, ShareReceipt
from spean.referral import actions as referral
from spean.referral.models import Referral
from spean.workflow.engine import AlreadyDone, Changed, Forbidden, Refused, WrongState
from tests import steps
from tests.cast import Cast
from tests.detection.walk import Walker
from tests.signed_in import signed_in

PURPOSE = "referral_to_focal_agency"
REASONS = "Nobody safe is with the child tonight."


def covers(cast: Cast, case: Case) -> set[str]:
    return covered(case, cast.org("focal"), PURPOSE, ("identity", "narrative"))


def record(cast: Cast, case: Case, **said: Any) -> Consent:
    facts: dict[str, Any] = {
        "ground": "danger_to_life",
        "purpose": PURPOSE,
        "classes": ["identity"],
        "reasons": REASONS,
    }
    return record_ground(cast.screener, case, **{**facts, **said})


# --- recording ---------------------------------------------------------------------------------------------


def test_one_person_alone_covers_nothing(cast: Cast) -> None:
    row = steps.unconfirmed(cast)
    assert row.status == "unconfirmed"
    assert covers(cast, row.case) == set()
    assert [one.pk for one in awaited(row.case, cast.org("focal"), PURPOSE, ("identity",))] == [row.pk]
    assert not doors.share(row.case, cast.org("focal"), PURPOSE, ("identity",), cast.screener)
    assert not ShareReceipt.objects.exists()
    assert REASONS.encode() not in bytes(row.reasons or b"")
    assert Event.objects.filter(action="ground.recorded", object_id=row.pk).count() == 1


@pytest.mark.parametrize(
    ("age", "said", "missing"),
    [
        (25, {"ground": "best_interests"}, "for a child only"),
        (15, {"ground": "best_interests", "reasons": "needed"}, "in a sentence"),
        (25, {"ground": "court_order"}, "number of the court"),
        (25, {"ground": "danger_to_life", "classes": []}, "kinds of information"),
        (25, {"ground": "convenience"}, "stands in"),
        (25, {"ground": "consent"}, "stands in"),
    ],
)
def test_a_ground_needs_its_evidence(cast: Cast, age: int, said: dict[str, Any], missing: str) -> None:
    case = steps.screened(cast, age=age).case
    with pytest.raises(Refused, match=missing):
        record(cast, case, **said)
    assert not Consent.objects.exists()
    assert not Task.objects.filter(kind="confirm_ground").exists()


def test_the_same_form_records_once(cast: Cast) -> None:
    case, token = steps.screened(cast).case, uuid4()
    record(cast, case, once=token)
    with pytest.raises(AlreadyDone):
        record(cast, case, once=token)
    assert Consent.objects.count() == Task.objects.filter(kind="confirm_ground").count() == 1


@pytest.mark.parametrize(
    "name", ["outsider", "colleague", "manager", "officer", "provider", "auditor", "administrator"]
)
def test_a_stranger_records_no_ground(cast: Cast, name: str) -> None:
    case = steps.screened(cast, age=15).case
    with pytest.raises(Forbidden):
        record_ground(
            getattr(cast, name), case, ground="best_interests", purpose=PURPOSE, classes=["identity"], reasons=REASONS
        )
    assert not Consent.objects.exists()


# --- the second person ---------------------------------------------------------------------------------------


def test_a_colleague_reads_the_reasons_and_confirms(cast: Cast) -> None:
    row = steps.unconfirmed(cast)
    task = Task.objects.get(kind="confirm_ground", object_id=row.pk)
    assert (task.organisation, task.role) == (cast.org("border_police"), "first_responder")
    with pytest.raises(Refused, match="read the reasons"):
        confirm_ground(cast.colleague, row)
    shown = doors.reveal(cast.colleague, [row], ["reasons", "reference"], "casework")
    assert shown[row.pk]["reasons"] == REASONS
    confirm_ground(cast.colleague, row)
    assert (row.status, row.confirmed_by) == ("given", cast.colleague)
    assert covers(cast, row.case) == {"identity", "narrative"}
    task.refresh_from_db()
    assert task.done_at is not None
    assert Event.objects.filter(action="ground.confirmed", actor_id=cast.colleague.pk).count() == 1
    # And nothing else of the case became his.
    assert policy.readable_sections(cast.again("colleague"), row.case) == frozenset()
    assert not policy.may(cast.again("colleague"), "see_case", row.case)


def test_nobody_is_his_own_second_person(cast: Cast) -> None:
    row = steps.unconfirmed(cast)
    doors.reveal(cast.screener, [row], ["reasons"], "casework")
    for verb in (confirm_ground, reject_ground):
        with pytest.raises(Refused, match="yourself"):
            verb(cast.screener, row)
    assert covers(cast, row.case) == set()


@pytest.mark.parametrize(
    "name",
    ["outsider", "manager", "other_manager", "registry", "officer", "provider", "operator", "investigator", "auditor",
     "administrator"],
)  # fmt: skip
def test_a_stranger_is_nobodys_second_person(cast: Cast, name: str) -> None:
    row = steps.unconfirmed(cast)
    stranger = getattr(cast, name)
    for verb in (confirm_ground, reject_ground):
        with pytest.raises(Forbidden):
            verb(stranger, row)
    with pytest.raises(Http404):
        doors.reveal(stranger, [row], ["reasons"], "casework")
    client = signed_in(stranger)
    for path in (f"/ground/{row.pk}/", f"/ground/{row.pk}/reasons/"):
        assert client.post(path, {"decision": "confirm"}).status_code == 404
    missing = client.get(f"/ground/{uuid4()}/")
    found = client.get(f"/ground/{row.pk}/")
    assert (missing.status_code, found.status_code) == (404, 404)
    row.refresh_from_db()
    assert row.status == "unconfirmed"


def test_the_national_focal_agency_is_asked_where_there_is_no_colleague(cast: Cast) -> None:
    Membership.objects.filter(user=cast.colleague).update(until_at=clock.now())
    row = record(cast, steps.screened(cast).case, ground="court_order", reference="No. 17 of 2026 (fictional)")
    asked = Task.objects.get(kind="confirm_ground")
    assert (asked.organisation, asked.role) == (cast.org("national_focal"), "case_manager")
    steps.confirmed(cast.registry, row)
    assert covers(cast, row.case) == {"identity"}


def test_an_excluded_colleague_is_not_asked_and_cannot(cast: Cast) -> None:
    from spean.cases.models import Exclusion

    case = steps.screened(cast, age=15).case
    Exclusion.objects.create(case=case, user=cast.colleague, reason="implicated", created_by=cast.manager)
    row = record(cast, case)
    assert not Task.objects.filter(kind="confirm_ground", organisation=cast.org("border_police")).exists()
    with pytest.raises(Forbidden):
        confirm_ground(cast.colleague, row)


def test_a_rejected_ground_covers_nothing_and_whoever_recorded_it_is_told(cast: Cast) -> None:
    row = steps.unconfirmed(cast)
    doors.reveal(cast.colleague, [row], ["reasons"], "casework")
    reject_ground(cast.colleague, row)
    assert row.status == "rejected"
    assert covers(cast, row.case) == set()
    assert Task.objects.get(kind="ground_rejected", done_at__isnull=True).user == cast.screener
    for verb in (confirm_ground, reject_ground):
        with pytest.raises((Forbidden, WrongState)):
            verb(cast.colleague, row)


def test_the_second_of_two_answers_learns_of_the_first(cast: Cast) -> None:
    row = steps.unconfirmed(cast)
    doors.reveal(cast.colleague, [row], ["reasons"], "casework")
    again = Consent.objects.get(pk=row.pk)
    with pytest.raises(Changed):
        confirm_ground(cast.colleague, again, version=again.version + 1)
    confirm_ground(cast.colleague, row)
    with pytest.raises((Forbidden, WrongState)):
        reject_ground(cast.colleague, again)


def test_a_no_after_the_recording_wins_over_the_confirmation(cast: Cast) -> None:
    row = record(cast, steps.screened(cast).case)
    record_refusal(cast.screener, row.case, purpose=PURPOSE, language="km")
    steps.confirmed(cast.colleague, row)
    assert covers(cast, row.case) == set()


def test_what_was_recorded_can_be_taken_back_before_it_counts(cast: Cast) -> None:
    row = steps.unconfirmed(cast)
    withdraw_consent(cast.screener, row)
    with pytest.raises((Forbidden, WrongState)):
        confirm_ground(cast.colleague, row)
    assert not Task.objects.filter(kind="confirm_ground", done_at__isnull=True).exists()


# --- a child at the border -----------------------------------------------------------------------------------


def test_a_child_is_referred_at_once_and_only_in_code(cast: Cast) -> None:
    row = steps.unconfirmed(cast)
    sent = referral.refer_case(cast.screener, row.case, cast.org("focal"), message="Meet her at the back gate.")
    assert (sent.status, sent.sections, sent.receipt) == ("sent", [], None)
    assert not ShareReceipt.objects.exists()
    with pytest.raises(Http404):
        doors.reveal(cast.manager, [sent], ["message"], "referral")
    page = signed_in(cast.manager).get(f"/referral/{sent.pk}/").content.decode()
    assert "9–17" in page
    assert "Read the message" not in page
    for hidden in ("Cambodia", "15 years"):  # nationality, exact age
        assert hidden not in page
    with pytest.raises(Refused, match="second person"):
        referral.acknowledge_referral(cast.manager, sent)
    assert not Involvement.objects.filter(organisation=cast.org("focal")).exists()


def test_the_duty_officer_confirms_on_receiving(cast: Cast) -> None:
    row = steps.unconfirmed(cast)
    sent = referral.refer_case(cast.screener, row.case, cast.org("focal"), message="Meet her at the back gate.")
    walker = Walker(signed_in(cast.manager))
    walker.go(f"/referral/{sent.pk}/")
    assert f"/ground/{row.pk}/" in walker.text
    walker.go(f"/ground/{row.pk}/")
    assert REASONS not in walker.text
    assert "Send the answer" not in walker.text
    page = walker.client.post(f"/ground/{row.pk}/reasons/").content.decode()
    assert REASONS in page
    walker.go(f"/ground/{row.pk}/")
    walker.send(decision="confirm")
    assert walker.at.endswith(f"/referral/{sent.pk}/")
    sent.refresh_from_db()
    assert set(sent.sections) == set(steps.FULL)
    assert sent.receipt is not None
    assert sent.receipt.consents == [row.pk]
    shown = doors.reveal(cast.manager, [sent], ["message"], "referral")[sent.pk]
    assert shown["message"] == "Meet her at the back gate."
    referral.acknowledge_referral(cast.manager, sent)
    assert Involvement.objects.get(organisation=cast.org("focal"), task="focal").sections == list(steps.FULL)


def test_a_colleagues_confirmation_reaches_a_referral_already_sent(cast: Cast) -> None:
    row = steps.unconfirmed(cast, classes=["identity", "protection"])
    sent = referral.refer_case(cast.screener, row.case, cast.org("focal"))
    steps.confirmed(cast.colleague, row)
    sent.refresh_from_db()
    assert sent.sections == ["identity", "protection"]
    assert not Task.objects.filter(kind="confirm_ground", done_at__isnull=True).exists()
    referral.acknowledge_referral(cast.manager, sent)
    # What the ground did not name was not passed on.
    assert policy.readable_sections(cast.manager, row.case) == {"identity", "protection"}


def test_a_guardian_found_later_agrees_in_place_of_the_ground(cast: Cast) -> None:
    row = steps.unconfirmed(cast)
    sent = referral.refer_case(cast.screener, row.case, cast.org("focal"))
    record_consent(
        cast.screener, row.case, purpose=PURPOSE, classes=["identity"], given_by="guardian",
        guardian_is_not_suspect=True, evidence="thumbprint", language="km",
    )  # fmt: skip
    sent.refresh_from_db()
    assert sent.sections == ["identity"]


@pytest.mark.parametrize(("age", "ground"), [(25, "danger_to_life"), (25, "court_order"), (15, "court_order")])
def test_nobody_else_is_referred_before_the_confirmation(cast: Cast, age: int, ground: str) -> None:
    row = record(cast, steps.screened(cast, age=age).case, ground=ground, reference="No. 17 of 2026 (fictional)")
    with pytest.raises(Refused):
        referral.refer_case(cast.screener, row.case, cast.org("focal"))
    assert not Referral.objects.exists()
    steps.confirmed(cast.colleague, row)
    assert referral.refer_case(cast.screener, row.case, cast.org("focal")).sections == ["identity"]


def test_a_ground_for_a_service_is_confirmed_before_anything_is_sent(cast: Cast) -> None:
    case = steps.registered(cast)
    Membership.objects.create(user=cast.other_manager, organisation=cast.org("focal"), role="case_manager")
    service = steps.service(cast)
    row = record_ground(
        cast.manager, case, ground="danger_to_life", purpose="service_referral", classes=["identity"],
        reasons=REASONS, recipient=cast.org("shelter"),
    )  # fmt: skip
    with pytest.raises(Refused):
        referral.send_referral(cast.manager, case, "service", cast.org("shelter"), service=service)
    steps.confirmed(cast.again("other_manager"), row)
    sent = referral.send_referral(cast.manager, case, "service", cast.org("shelter"), service=service)
    assert sent.sections == ["identity"]


# --- oversight -----------------------------------------------------------------------------------------------


def test_oversight_sees_every_ground_in_codes(cast: Cast) -> None:
    row = steps.unconfirmed(cast)
    steps.confirmed(cast.colleague, row)
    client = signed_in(cast.auditor)
    page = client.get("/grounds/").content.decode()
    assert row.case.code in page
    assert "best interests" in page
    assert "confirmed by a second person" in page
    assert REASONS not in page
    assert "Shared without agreement" in client.get("/").content.decode()


@pytest.mark.parametrize("name", ["screener", "manager", "outsider", "officer", "administrator"])
def test_the_list_of_grounds_is_oversights_alone(cast: Cast, name: str) -> None:
    assert signed_in(getattr(cast, name)).get("/grounds/").status_code == 404
