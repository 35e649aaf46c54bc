"""Verbs of the competent authority, one class each: does it, refuses the stranger, the state and the same officer."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from spean.access.models import Membership, User
from spean.access.roles import IDENTIFICATION_OFFICER, IDENTIFICATION_REVIEWER
from spean.cases.models import Case, Exclusion, Note, Task
from spean.identification import actions
from spean.identification.models import Determination
from spean.lib import clock
from spean.privacy import doors
from spean.privacy.models import Event
from spean.protection import actions as protection
from spean.referral import actions as referral
from spean.workflow.engine import AlreadyDone, Changed, Forbidden, Refused, WrongState
from tests import steps
from tests.cast import Cast

STRANGERS = (
    "screener",
    "outsider",
    "other_manager",
    "registry",
    "provider",
    "investigator",
    "auditor",
    "administrator",
)
CHILD_FINDINGS = replace(steps.FINDINGS, means="not_required", means_reasons="")
NEGATIVE = replace(steps.FINDINGS, means="not_established", outcome="exploited_not_identified")


def events(action: str, obj: Any) -> list[Event]:
    return list(Event.objects.filter(action=action, object_id=obj.pk))


def stored(row: Determination) -> Determination:
    return Determination.objects.get(pk=row.pk)


def opened(cast: Cast, **kwargs: Any) -> Determination:
    return actions.open_determination(cast.officer, steps.with_authority(cast, **kwargs))


def confirmed(cast: Cast, findings: actions.Findings = steps.FINDINGS) -> Determination:
    row = steps.proposed(cast, findings)
    actions.confirm_determination(cast.reviewer, row)
    return stored(row)


def informed(cast: Cast, findings: actions.Findings = steps.FINDINGS) -> Determination:
    return actions.inform_of_determination(cast.manager, confirmed(cast, findings), language="km")


def under_review(cast: Cast) -> Determination:
    return actions.request_review(cast.manager, informed(cast, NEGATIVE))


def reflecting(cast: Cast) -> Case:
    """At the authority while the thirty days still run."""
    case = steps.registered(cast)
    protection.give_rights_information(cast.manager, case, language="km", method="read_aloud")
    protection.open_reflection_period(cast.manager, case)
    steps.agree(cast, case, "identification", cast.org("authority"))
    referral.accept_referral(
        cast.officer, referral.send_referral(cast.manager, case, "identification", cast.org("authority"))
    )
    return case


class TestOpen:
    def test_opens_once_and_says_so_without_content(self, cast: Cast) -> None:
        row = opened(cast)
        assert (row.status, row.treated_as_child) == ("opened", False)
        (event,) = events("determination.opened", row)
        assert event.facts == {"review": False}

    def test_a_possible_child_is_treated_as_one(self, cast: Cast) -> None:
        assert opened(cast, age=16).treated_as_child
        case = Case.objects.get()
        assert case.is_child

    def test_only_officers_of_the_authority(self, cast: Cast) -> None:
        case = steps.with_authority(cast)
        for name in (*STRANGERS, "manager", "reviewer"):
            with pytest.raises(Forbidden):
                actions.open_determination(getattr(cast, name), case)
        assert not Determination.objects.exists()

    def test_not_before_the_authority_takes_part(self, cast: Cast) -> None:
        case = steps.reflected(cast)
        with pytest.raises(Forbidden):
            actions.open_determination(cast.officer, case)

    def test_an_excluded_authority_opens_nothing(self, cast: Cast) -> None:
        case = steps.with_authority(cast)
        Exclusion.objects.create(
            case=case, organisation=cast.org("authority"), reason="implicated", created_by=cast.manager
        )
        with pytest.raises(Forbidden):
            actions.open_determination(cast.officer, case)

    def test_two_officers_at_once_open_one(self, cast: Cast) -> None:
        row = opened(cast)
        with pytest.raises(Refused, match="already being prepared"):
            actions.open_determination(cast.other_officer, row.case)

    def test_the_database_holds_one_open_decision(self, cast: Cast) -> None:
        row = opened(cast)
        with pytest.raises(IntegrityError, match="one_open_determination"), transaction.atomic():
            Determination.objects.create(case=row.case, officer=cast.other_officer, organisation=cast.org("authority"))

    def test_a_decided_case_is_reviewed_not_decided_again(self, cast: Cast) -> None:
        row = informed(cast)
        with pytest.raises(Refused, match="ask for a review"):
            actions.open_determination(cast.other_officer, row.case)

    def test_replayed(self, cast: Cast) -> None:
        case, token = steps.with_authority(cast), uuid4()
        row = actions.open_determination(cast.officer, case, once=token)
        with pytest.raises(AlreadyDone) as done:
            actions.open_determination(cast.officer, case, once=token)
        assert done.value.object_id == row.pk


class TestKeepDraft:
    UNFINISHED = {"act": "established", "act_reasons": "A broker came"}

    def test_keeps_what_is_there_sealed_and_decides_nothing(self, cast: Cast) -> None:
        row = opened(cast)
        actions.keep_draft(cast.officer, row, self.UNFINISHED, version=row.version)
        kept = stored(row)
        assert (kept.status, kept.act, kept.version) == ("opened", "established", row.version + 1)
        assert b"broker" not in bytes(kept.act_reasons)
        assert (
            doors.reveal(cast.officer, [kept], ["act_reasons"], "identification")[kept.pk]["act_reasons"]
            == "A broker came"
        )
        assert not Task.objects.filter(kind="confirm_identification").exists()

    def test_the_log_says_that_and_not_what(self, cast: Cast) -> None:
        row = opened(cast)
        actions.keep_draft(cast.officer, row, self.UNFINISHED)
        (event,) = events("determination.drafted", row)
        assert event.facts == {}

    def test_each_part_leaves_the_others_alone(self, cast: Cast) -> None:
        row = opened(cast)
        actions.keep_draft(cast.officer, row, self.UNFINISHED)
        actions.keep_draft(cast.officer, row, {"purpose": "not_known", "purpose_reasons": "Nobody asked yet"})
        kept = stored(row)
        assert (kept.act, kept.purpose) == ("established", "not_known")
        read = doors.reveal(cast.officer, [kept], ["act_reasons", "purpose_reasons"], "identification")[kept.pk]
        assert dict(read) == {"act_reasons": "A broker came", "purpose_reasons": "Nobody asked yet"}

    def test_nothing_but_the_decision_is_written(self, cast: Cast) -> None:
        with pytest.raises(TypeError):
            actions.keep_draft(cast.officer, opened(cast), {"status": "confirmed"})

    def test_the_second_of_two_is_told(self, cast: Cast) -> None:
        row = opened(cast)
        actions.keep_draft(cast.officer, row, self.UNFINISHED, version=row.version)
        with pytest.raises(Changed, match="Draft of the decision kept"):
            actions.keep_draft(cast.other_officer, row, self.UNFINISHED, version=row.version)

    def test_refuses_strangers(self, cast: Cast) -> None:
        row = opened(cast)
        for name in (*STRANGERS, "manager", "reviewer"):
            with pytest.raises(Forbidden):
                actions.keep_draft(getattr(cast, name), row, self.UNFINISHED)

    def test_not_while_a_second_officer_reads_it(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        with pytest.raises(WrongState):
            actions.keep_draft(cast.officer, row, self.UNFINISHED)

    def test_no_adult_without_means_even_as_a_draft(self, cast: Cast) -> None:
        row = opened(cast)
        with pytest.raises(Refused, match="adult"):
            actions.keep_draft(cast.officer, row, {**self.UNFINISHED, "means": "not_required"})


class TestPropose:
    def test_proposes_seals_and_asks_a_second_officer(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        kept = stored(row)
        assert kept.status == "proposed"
        assert b"broker" not in bytes(kept.act_reasons)
        task = Task.objects.get(kind="confirm_identification", done_at=None)
        assert (task.role, task.object_id) == (IDENTIFICATION_REVIEWER, kept.pk)
        assert not Task.objects.filter(kind="decide_identification", done_at=None).exists()

    def test_one_event_of_codes_alone(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        (event,) = events("determination.proposed", row)
        assert event.facts == {
            "act": "established", "means": "established", "purpose": "established", "outcome": "identified",
        }  # fmt: skip

    def test_everything_missing_is_named_at_once(self, cast: Cast) -> None:
        row = opened(cast)
        with pytest.raises(Refused) as refused:
            actions.propose_determination(cast.officer, row, actions.Findings(act="", means="", purpose="", outcome=""))
        assert len(refused.value.messages) == 5
        assert stored(row).status == "opened"

    def test_a_child_without_means(self, cast: Cast) -> None:
        row = steps.proposed(cast, CHILD_FINDINGS, age=15)
        assert (row.means, row.outcome) == ("not_required", "identified")

    def test_an_adult_needs_means(self, cast: Cast) -> None:
        row = opened(cast)
        with pytest.raises(Refused, match="adult"):
            actions.propose_determination(cast.officer, row, CHILD_FINDINGS)

    def test_the_database_refuses_an_adult_without_means(self, cast: Cast) -> None:
        row = opened(cast)
        with pytest.raises(IntegrityError, match="means_needed_for_adults"), transaction.atomic():
            Determination.objects.filter(pk=row.pk).update(means="not_required")

    def test_not_before_the_reflection_period_is_over(self, cast: Cast) -> None:
        row = actions.open_determination(cast.officer, reflecting(cast))
        with pytest.raises(Refused, match="The person alone can shorten it"):
            actions.propose_determination(cast.officer, row, steps.FINDINGS)
        with clock.travel(clock.now() + timedelta(days=31)):
            actions.propose_determination(cast.officer, row, steps.FINDINGS)
        assert stored(row).status == "proposed"

    def test_the_person_can_shorten_it(self, cast: Cast) -> None:
        case = reflecting(cast)
        period = case.reflection_periods.get()  # type: ignore[attr-defined]
        protection.waive_reflection_period(cast.manager, period, asked_by_person=True)
        row = actions.open_determination(cast.officer, case)
        actions.propose_determination(cast.officer, row, steps.FINDINGS)
        assert stored(row).status == "proposed"

    def test_two_officers_at_once(self, cast: Cast) -> None:
        row = opened(cast)
        actions.propose_determination(cast.officer, row, steps.FINDINGS, version=1)
        with pytest.raises((Changed, WrongState), match="decision proposed"):
            actions.propose_determination(cast.other_officer, stored(row), NEGATIVE, version=1)
        assert stored(row).outcome == "identified"

    def test_replayed(self, cast: Cast) -> None:
        row, token = opened(cast), uuid4()
        actions.propose_determination(cast.officer, row, steps.FINDINGS, once=token)
        with pytest.raises(AlreadyDone):
            actions.propose_determination(cast.officer, row, steps.FINDINGS, once=token)
        assert len(events("determination.proposed", row)) == 1

    def test_refuses_strangers(self, cast: Cast) -> None:
        row = opened(cast)
        for name in (*STRANGERS, "manager", "reviewer"):
            with pytest.raises(Forbidden):
                actions.propose_determination(getattr(cast, name), row, steps.FINDINGS)


class TestReturn:
    def test_goes_back_with_a_reason_that_the_first_officer_reads(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        actions.return_determination(cast.reviewer, row, reason="The debt is not explained.")
        kept = stored(row)
        assert kept.status == "opened"
        opened_text = doors.reveal(cast.officer, [kept], ["return_reason", "act_reasons"], "identification")[kept.pk]
        assert opened_text["return_reason"] == "The debt is not explained."
        assert opened_text["act_reasons"] == steps.FINDINGS.act_reasons
        task = Task.objects.get(kind="decide_identification", done_at=None)
        assert (task.user, task.role) == (cast.officer, IDENTIFICATION_OFFICER)

    @pytest.mark.parametrize("reason", ["", "  ", "No."])
    def test_needs_a_reason(self, cast: Cast, reason: str) -> None:
        with pytest.raises(Refused, match="what is missing"):
            actions.return_determination(cast.reviewer, steps.proposed(cast), reason=reason)

    def test_the_reason_is_not_in_the_log(self, cast: Cast) -> None:
        row = actions.return_determination(cast.reviewer, steps.proposed(cast), reason="The debt is not explained.")
        (event,) = events("determination.returned", row)
        assert "debt" not in str(event.facts)

    def test_refuses_strangers(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        for name in (*STRANGERS, "manager", "officer"):
            with pytest.raises(Forbidden):
                actions.return_determination(getattr(cast, name), row, reason="The debt is not explained.")


def both_roles(cast: Cast, name: str) -> User:
    """An officer who is also a second officer."""
    Membership.objects.create(
        user=getattr(cast, name), organisation=cast.org("authority"), role=IDENTIFICATION_REVIEWER
    )
    return cast.again(name)


class TestConfirm:
    @pytest.mark.parametrize(
        ("findings", "legal"),
        [
            (steps.FINDINGS, "identified_victim"),
            (NEGATIVE, "exploited_not_identified"),
            (replace(NEGATIVE, outcome="not_identified", purpose="not_established"), "not_identified"),
            (replace(NEGATIVE, means="not_known", outcome="more_information"), "presumed_victim"),
        ],
    )
    def test_stands_and_moves_the_legal_status(self, cast: Cast, findings: actions.Findings, legal: str) -> None:
        row = confirmed(cast, findings)
        assert (row.status, row.confirmed_by) == ("confirmed", cast.reviewer)
        assert Case.objects.get(pk=row.case_id).legal_status == legal
        assert Task.objects.get(kind="inform_person", done_at=None).organisation == cast.org("focal")
        assert len(events("determination.confirmed", row)) == 1

    def test_nobody_confirms_his_own(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        with pytest.raises(Refused, match="second officer"):
            actions.confirm_determination(both_roles(cast, "officer"), row)
        assert stored(row).status == "proposed"

    def test_the_database_refuses_one_officer_twice(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        with pytest.raises(IntegrityError, match="two_officers_decide"), transaction.atomic():
            Determination.objects.filter(pk=row.pk).update(confirmed_by=cast.officer, confirmed_at=clock.now())

    def test_two_second_officers_at_once(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        actions.confirm_determination(cast.reviewer, row, version=row.version)
        with pytest.raises((Changed, WrongState), match="decision confirmed"):
            actions.confirm_determination(cast.other_reviewer, stored(row), version=row.version - 1)
        assert stored(row).confirmed_by == cast.reviewer

    def test_replayed(self, cast: Cast) -> None:
        row, token = steps.proposed(cast), uuid4()
        actions.confirm_determination(cast.reviewer, row, once=token)
        with pytest.raises(AlreadyDone):
            actions.confirm_determination(cast.reviewer, row, once=token)

    def test_more_information_leaves_the_case_on_the_list(self, cast: Cast) -> None:
        row = informed(cast, replace(NEGATIVE, means="not_known", outcome="more_information"))
        assert Task.objects.filter(kind="decide_identification", done_at=None).exists()
        later = actions.open_determination(cast.officer, row.case)
        assert later.status == "opened"
        assert Determination.objects.filter(case=row.case).count() == 2

    def test_refuses_strangers(self, cast: Cast) -> None:
        row = steps.proposed(cast)
        for name in (*STRANGERS, "manager", "other_officer"):
            with pytest.raises(Forbidden):
                actions.confirm_determination(getattr(cast, name), row)


class TestInform:
    @pytest.mark.parametrize("name", ["manager", "officer"])
    def test_records_the_language_and_ends_the_task(self, cast: Cast, name: str) -> None:
        row = actions.inform_of_determination(getattr(cast, name), confirmed(cast), language="vi")
        assert (row.status, row.informed_language) == ("informed", "vi")
        assert not Task.objects.filter(kind="inform_person", done_at=None).exists()
        (event,) = events("determination.person_informed", row)
        assert event.facts == {"language": "vi"}

    def test_not_before_two_officers_agree(self, cast: Cast) -> None:
        with pytest.raises(WrongState):
            actions.inform_of_determination(cast.manager, steps.proposed(cast), language="km")

    def test_refuses_strangers(self, cast: Cast) -> None:
        row = confirmed(cast)
        for name in (*STRANGERS, "reviewer"):
            with pytest.raises(Forbidden):
                actions.inform_of_determination(getattr(cast, name), row, language="km")


class TestReview:
    def test_asked_for_with_her_words_sealed(self, cast: Cast) -> None:
        row = actions.request_review(cast.manager, informed(cast, NEGATIVE), words="They never asked about the lock.")
        assert row.status == "review_requested"
        note = Note.objects.get(about="review")
        assert b"lock" not in bytes(note.text)
        assert Task.objects.get(kind="review_determination", done_at=None).object_id == row.pk
        assert len(events("determination.review_requested", row)) == 1

    def test_not_before_she_was_told(self, cast: Cast) -> None:
        with pytest.raises(WrongState):
            actions.request_review(cast.manager, confirmed(cast))

    def test_strangers_ask_for_none(self, cast: Cast) -> None:
        row = informed(cast)
        for name in (*STRANGERS, "reviewer"):
            with pytest.raises(Forbidden):
                actions.request_review(getattr(cast, name), row)

    def test_the_officers_of_the_decision_open_none(self, cast: Cast) -> None:
        row = under_review(cast)
        with pytest.raises(Refused, match="did not take part"):
            actions.open_determination(cast.officer, row.case, reviews=row)

    def test_the_second_officer_of_the_decision_opens_none(self, cast: Cast) -> None:
        row = under_review(cast)
        Membership.objects.create(user=cast.reviewer, organisation=cast.org("authority"), role=IDENTIFICATION_OFFICER)
        with pytest.raises(Refused, match="did not take part"):
            actions.open_determination(cast.again("reviewer"), row.case, reviews=row)

    def test_the_first_officer_cannot_slip_in_later(self, cast: Cast) -> None:
        row = under_review(cast)
        second = actions.open_determination(cast.other_officer, row.case, reviews=row)
        with pytest.raises(Refused, match="did not take part"):
            actions.keep_draft(cast.officer, second, {"act": "established"})
        with pytest.raises(Refused, match="did not take part"):
            actions.propose_determination(cast.officer, second, steps.FINDINGS)

    def test_the_same_second_officer_confirms_no_review(self, cast: Cast) -> None:
        row = under_review(cast)
        second = actions.open_determination(cast.other_officer, row.case, reviews=row)
        actions.propose_determination(cast.other_officer, second, steps.FINDINGS)
        assert not Task.objects.filter(kind="review_determination", done_at=None).exists()
        with pytest.raises(Refused, match="did not take part"):
            actions.confirm_determination(cast.reviewer, second)

    def test_concluded_by_others_and_both_stay(self, cast: Cast) -> None:
        row = under_review(cast)
        second = actions.open_determination(cast.other_officer, row.case, reviews=row)
        actions.propose_determination(cast.other_officer, second, steps.FINDINGS)
        actions.confirm_determination(cast.other_reviewer, second)
        assert (stored(row).status, stored(row).outcome) == ("reviewed", "exploited_not_identified")
        assert stored(second).status == "confirmed"
        assert Case.objects.get(pk=row.case_id).legal_status == "identified_victim"
        assert len(events("determination.reviewed", row)) == 1

    def test_without_a_wish_there_is_no_review(self, cast: Cast) -> None:
        row = informed(cast, NEGATIVE)
        with pytest.raises(Refused, match="No review was asked for"):
            actions.open_determination(cast.other_officer, row.case, reviews=row)
