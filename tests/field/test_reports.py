"""A report becomes a case with all that was recorded with it, once; what cannot is kept; nothing is lost on the way."""

from __future__ import annotations

import gzip
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from spean.cases.models import Case, DirectHelp
from spean.detection import instruments
from spean.detection.models import Screening
from spean.exchange import taking_in
from spean.exchange.openrosa_models import Device, Quarantined, SentForm, TakenIn
from spean.field import reports
from spean.lib import clock
from spean.privacy import doors, vault
from spean.privacy.models import Consent, Event
from spean.protection.models import Need, RightsInformation
from spean.referral import actions as referral
from spean.referral.models import Referral
from tests.cast import Cast
from tests.field.phone import ADULT_YES, Phone, enrolled
from tests.signed_in import signed_in

NO = {**{name: ADULT_YES[name] for name in ("rights_method", "rights_language", "understood")}, "says": "no",
      "reason": "needs_time", "refusal_language": "km"}  # fmt: skip
LATER = {"rights_method": "not_told", "direct_help": "leaflet", "says": "later"}
CHILD = {**ADULT_YES, "given_by": "guardian", "not_suspect": "yes"}
ALONE = {
    "rights_method": "not_told", "says": "best_interests", "urgent_today": "yes",
    "reasons": "Nobody safe is with the child tonight.",
}  # fmt: skip


def stored() -> tuple[int, int, int]:
    return (Case.objects.count(), Quarantined.objects.count(), SentForm.objects.count())


# --- what it becomes -----------------------------------------------------------------------------------------


def test_a_yes_becomes_a_case_that_is_referred_with_all_that_was_recorded(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    became = phone.hand_in(phone.report())
    case = Case.objects.get()
    assert (became["state"], became["code"], became["reason"]) == ("case", case.code, "")
    assert (case.status, case.legal_status) == ("referred", "presumed_victim")
    assert RightsInformation.objects.get().method == "read_aloud"
    assert set(Need.objects.values_list("code", "urgent")) == {("shelter", True), ("medical", False)}
    assert DirectHelp.objects.get().help == ["leaflet", "water_food"]
    agreed = Consent.objects.get()
    assert (agreed.status, agreed.evidence, sorted(agreed.classes)) == (
        "given", "thumbprint", ["identity", "narrative", "protection"],
    )  # fmt: skip
    sent = Referral.objects.get()
    assert (sent.urgent, sent.to_organisation, sorted(sent.sections)) == (
        True, cast.org("focal"), ["identity", "narrative", "protection"],
    )  # fmt: skip
    texts = doors.reveal(cast.again("screener"), [Screening.objects.get()], ["stated_name"], "screening")
    assert texts[Screening.objects.get().pk]["stated_name"] == "Kanariename"


def test_the_no_of_an_adult_is_obeyed_and_what_names_the_person_destroyed(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    report = phone.report(after=NO)
    # The key is destroyed after the commit; here there is none, and so by hand.
    became = phone.hand_in(report)
    assert (became["state"], became["reason"]) == ("case", "")
    case = Case.objects.get()
    assert (case.status, case.refusal_reason) == ("counted", "needs_time")
    assert not Referral.objects.exists()
    vault.destroy_key(case.subject)
    assert phone.send(report).status_code == 200


def test_a_person_who_needs_time_is_offered_a_second_interview(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    became = phone.hand_in(phone.report(after=LATER, **{f"FR{n:02}": "unknown" for n in range(1, 13)}))
    assert (became["state"], became["reason"]) == ("case", "")
    assert Case.objects.get().status == "follow_up"


def test_a_child_with_a_guardian_and_a_child_alone(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    child: dict[str, Any] = {"age": "15", "age_disputed": ""}
    for after in (CHILD, ALONE):
        became = phone.hand_in(phone.report(child=True, after=after, **child))
        assert (became["state"], became["reason"]) == ("case", "")
    assert set(Consent.objects.values_list("ground", "status")) == {
        ("consent", "given"), ("best_interests", "unconfirmed"),
    }  # fmt: skip
    assert set(Case.objects.values_list("status", flat=True)) == {"referred"}


def test_a_screening_alone_is_taken_as_it_is(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    assert phone.hand_in(phone.report(after=None))["state"] == "case"
    assert Case.objects.get().status == "screened"


def test_where_the_referral_cannot_follow_the_screening_stands_and_what_was_said_is_kept(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    report = phone.report()
    cast.org("focal").__class__.objects.filter(pk=cast.org("focal").pk).update(active=False)
    became = phone.hand_in(report)
    assert (became["state"], became["reason"]) == ("case", "not_followed")
    assert Case.objects.get().status == "screened"
    assert not Consent.objects.exists()
    kept = Quarantined.objects.get()
    assert kept.reason == "not_followed"
    assert "Kanariemessage" in (doors.reveal(cast.screener, [kept], ["content"], "screening")[kept.pk]["content"] or "")
    again = phone.send(report).json()
    assert (again["state"], again["code"], again["reason"]) == ("case", became["code"], "not_followed")


def test_an_adult_is_not_sent_with_the_questions_of_a_child(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    assert phone.hand_in(phone.report(child=True, after=ALONE))["reason"] == "not_followed"


# --- once, and whole -----------------------------------------------------------------------------------------


def test_what_is_sent_again_is_one_case_with_the_same_receipt(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    report = phone.report()
    before = [phone.send(report) for _ in range(3)]
    assert [one.status_code for one in before] == [201, 200, 200]
    assert len({(one.json()["code"], one.json()["digest"], one.json()["state"]) for one in before}) == 1
    taking_in.work_off()
    after = [phone.send(report) for _ in range(2)]
    assert [(one.status_code, one.json()["state"]) for one in after] == [(200, "case")] * 2
    assert after[0].json()["code"] == Case.objects.get().code
    assert stored() == (1, 0, 1)


def test_half_of_a_report_is_no_report(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    report = phone.report()
    for length in (0, 1, 65, len(report.body) // 2, len(report.body) - 1):
        answer = phone.send(report, body=report.body[:length])
        assert (answer.status_code, answer.json()) == (400, {"code": "incomplete"})
    assert (stored(), TakenIn.objects.count()) == ((0, 0, 0), 0)
    assert phone.send(report).status_code == 201


@pytest.mark.parametrize("worked_off", [False, True], ids=["while it waits", "when it is a case"])
def test_other_content_under_the_same_number_is_kept_beside_and_replaces_nothing(cast: Cast, worked_off: bool) -> None:
    phone = enrolled(cast.screener)
    first = phone.report()
    other = phone.report(number=first.number, age="31")
    assert phone.send(first).status_code == 201
    if worked_off:
        taking_in.work_off()
    for _ in range(2):
        answer = phone.send(other)
        assert (answer.status_code, answer.json()["state"]) == (409, "conflict")
    kept = Quarantined.objects.get()
    assert (kept.reason, answer.json()["code"]) == ("conflict", kept.code)
    assert "<age>31</age>" in (doors.reveal(cast.screener, [kept], ["content"], "screening")[kept.pk]["content"] or "")
    taking_in.work_off()
    assert Screening.objects.get().age == 24
    assert phone.send(first).status_code == 200
    assert phone.standing()[str(first.number)]["state"] == "case"
    assert Event.objects.filter(action="submission.conflicted").count() == 1


def test_the_number_of_another_users_report_neither_replaces_nor_tells(cast: Cast) -> None:
    mine, other = enrolled(cast.screener), enrolled(cast.outsider)
    first = mine.report()
    mine.hand_in(first)
    assert other.hand_in(other.report(number=first.number, age="30"))["reason"] == "refused"
    assert Quarantined.objects.get().user == cast.outsider
    assert Case.objects.count() == 1


# --- never trusted -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda xml: xml.replace(b"<result>presumed_victim<", b"<result>no_indication<"), "calculation"),
        (lambda xml: xml.replace(b"<sex>female</sex>", b"<sex>martian</sex>"), "not_a_choice"),
        (lambda xml: xml.replace(b'version="1.0"', b'version="9.9"'), "unknown_instrument"),
        (lambda xml: b"no form at all", "not_xml"),
        (lambda xml: b'<!DOCTYPE a [<!ENTITY b "c">]><data id="first_responder" version="1.0">&b;</data>', "forbidden_xml"),
    ],
)  # fmt: skip
def test_a_forged_or_broken_screening_is_kept_for_its_user(cast: Cast, change: Any, reason: str) -> None:
    phone = enrolled(cast.screener)
    number = uuid4()
    report = phone.seal(number, change(phone.screening(number)), phone.after(**ADULT_YES))
    for _ in range(2):
        answer = phone.send(report)
        assert (answer.status_code, answer.json()["state"], answer.json()["reason"]) == (202, "kept", reason)
    assert stored() == (0, 1, 1)
    page = signed_in(cast.screener).get("/devices/").content.decode()
    assert answer.json()["code"] in page
    assert signed_in(cast.outsider).get(f"/submissions/{Quarantined.objects.get().pk}/").status_code == 404


def test_a_report_bound_to_another_number_or_key_does_not_open(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    report = phone.report()
    report.number = uuid4()
    assert phone.send(report).json()["reason"] == "not_opened"
    other = phone.report()
    other.key = "0123456789abcdef"
    assert phone.send(other).json()["reason"] == "not_opened"
    assert Case.objects.count() == 0


def test_the_number_inside_must_be_the_one_outside(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    report = phone.seal(uuid4(), phone.screening(uuid4()))
    assert phone.send(report).json()["reason"] == "wrong_identifier"


@pytest.mark.parametrize(
    "plain", [b"", b"no gzip", gzip.compress(b"no json"), gzip.compress(b"[1]"), gzip.compress(b'{"form": 1}'),
              gzip.compress(b'"' + b"a" * (reports.LARGEST_OPENED + 10) + b'"')],
    ids=["nothing", "no_gzip", "no_json", "no_object", "no_submission", "too_large"],
)  # fmt: skip
def test_what_opens_and_is_no_report_is_kept_too(cast: Cast, plain: bytes) -> None:
    phone = enrolled(cast.screener)
    assert phone.send(phone.seal_bytes(uuid4(), plain)).json()["reason"] == "not_opened"


def test_more_than_any_report_is_refused_unread(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    report = phone.report()
    assert phone.send(report, body=b"0" * (reports.LARGEST + 1)).status_code == 413


def test_when_too_much_waits_the_phone_keeps_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MOST_WAITING", 0)
    phone = enrolled(cast.screener)
    report = phone.seal(uuid4(), b"no form at all")
    assert phone.send(report).status_code == 503
    assert stored() == (0, 0, 0)


def test_what_is_more_than_can_be_worked_off_stays_on_the_phone_until_it_can(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_in, "MOST", 2)
    phone, other = enrolled(cast.screener), enrolled(cast.outsider)
    first, second, third = (phone.report(after=None) for _ in range(3))
    assert [phone.send(one).status_code for one in (first, second)] == [201, 201]
    refused = phone.send(third)
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    # What is there already has its receipt again, and nobody else waits for it.
    assert phone.send(first).status_code == 200
    assert other.send(other.report(after=None)).status_code == 201
    assert TakenIn.objects.count() == 3
    assert taking_in.work_off() == 3
    assert phone.send(third).status_code == 201


# --- time ----------------------------------------------------------------------------------------------------


def test_a_version_that_was_withdrawn_meanwhile_is_still_taken(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    report = phone.report()
    text = (instruments.pack().folder / "instruments" / "first_responder" / "form.md").read_text()
    assert "| 1.0 |" in text
    instruments.load(text.replace("| 1.0 |", "| 2.0 |").encode(), ".md")
    assert "/field/form/first_responder/2.0/" in phone.client.get("/field/").content.decode()
    assert phone.hand_in(report)["state"] == "case"
    assert Screening.objects.get().instrument_version == "1.0"


@pytest.mark.parametrize("off", [timedelta(days=-366), timedelta(days=366)])
def test_a_clock_one_year_off_is_recorded_and_the_age_of_a_report_is_right(cast: Cast, off: timedelta) -> None:
    """Its day comes from the server's last answer; only how old it is comes from the phone's own clock."""
    phone = enrolled(cast.screener)
    number, now = uuid4(), clock.now()
    report = phone.seal(number, phone.screening(number), sealed_at=now + off - timedelta(hours=30))
    phone.hand_in(report, off=off)
    row = SentForm.objects.get()
    assert row.clock_off is not None
    assert row.finished_at is not None
    assert abs(row.clock_off - off) < timedelta(minutes=1)
    assert abs(row.finished_at - (now - timedelta(hours=30))) < timedelta(minutes=1)
    assert "clock_off_minutes" in Event.objects.get(action="submission.received").facts


def test_a_day_that_cannot_be_is_kept_for_its_user(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    number = uuid4()
    xml = phone.screening(number)
    wrong = xml.replace(b"<today>2026-11-22</today>", b"<today>2031-01-01</today>")
    assert wrong != xml
    answer = phone.send(phone.seal(number, wrong))
    assert (answer.status_code, answer.json()["reason"]) == (202, "wrong_day")


@pytest.mark.parametrize("clock_said", ["", "yesterday", "0001-01-01T00:00:00+00:00", "2026-11-22T10:00:00"])
def test_a_clock_that_makes_no_sense_is_left_out(cast: Cast, clock_said: str) -> None:
    phone = enrolled(cast.screener)
    phone.hand_in(phone.report(), **{"X-Spean-Clock": clock_said})
    assert SentForm.objects.get().clock_off is None


# --- what the phone is told ----------------------------------------------------------------------------------


def test_the_phone_learns_what_the_focal_agency_answered_and_nothing_more(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    report = phone.report()
    assert phone.hand_in(report)["agency"] == "sent"
    referral.acknowledge_referral(cast.manager, Referral.objects.get())
    told = phone.get("/field/status/")
    assert phone.standing()[str(report.number)]["agency"] == "acknowledged"
    assert b"Kanarie" not in told.content
    assert set(told.json()["reports"][0]) == {"id", "state", "code", "reason", "agency"}


def test_another_phone_hears_nothing_of_it_also_of_the_same_organisation(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    phone.send(phone.report())
    for name in ("colleague", "outsider", "manager"):
        assert enrolled(cast.users[name]).standing() == {}


def test_many_reports_one_of_them_twice(cast: Cast, django_assert_max_num_queries: Any) -> None:
    """Each is one case, and however many there are, what became of them is asked for by a handful of questions."""
    phone = enrolled(cast.screener)
    sent = [phone.report(after=None) for _ in range(12)]
    for report in [*sent, sent[0]]:
        assert phone.send(report).status_code in (200, 201)
    assert (stored(), TakenIn.objects.count()) == ((0, 0, 0), 12)
    assert taking_in.work_off() == 12
    assert (stored(), TakenIn.objects.count()) == ((12, 0, 12), 0)
    device = Device.objects.get()
    with django_assert_max_num_queries(4):
        assert len(reports.standing_of(device)) == 12


def test_a_report_weighs_less_than_two_kilobytes(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    assert len(phone.report().body) <= 2048


def test_phones_without_a_token_send_nothing(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    stranger = Phone(pack=phone.pack)
    assert stranger.send(phone.report()).status_code == 404
    assert (stored(), TakenIn.objects.count()) == ((0, 0, 0), 0)
