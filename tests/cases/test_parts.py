"""An organisation's part in a case runs out, is renewed, is ended by hand; and a case passes to another agency."""

from datetime import timedelta
from typing import Any

import pytest

from spean.access import policy
from spean.cases import parts, work
from spean.cases.consent import withdraw_consent
from spean.cases.models import Case, HandOver, Involvement, Note, Reason, Task
from spean.country import pack
from spean.lib import clock
from spean.people.models import Person
from spean.privacy import doors
from spean.privacy.models import Consent, Event, ShareReceipt
from spean.protection.models import Need
from spean.referral import actions as referral
from spean.referral.models import Referral
from spean.workflow.engine import Changed, Forbidden, Refused, WrongState
from tests import steps
from tests.cases.test_exclusion import second_manager, sees_nothing, served
from tests.cast import Cast

REASON = "The person still goes there every week."


def part_of_shelter(case: Case) -> Involvement:
    return Involvement.objects.get(case=case, task="service")


class TestRunningOut:
    def test_a_part_ends_by_itself_on_the_next_request(self, cast: Cast) -> None:
        case, _sent = served(cast)
        row = part_of_shelter(case)
        assert row.until_at == row.from_at + pack().deadline("involvement_service")
        assert row.until_at is not None
        with clock.travel(row.until_at - timedelta(minutes=1)):
            assert policy.may(cast.again("provider"), "see_case", case)
        with clock.travel(row.until_at + timedelta(seconds=1)):
            provider = cast.again("provider")
            assert not policy.may(provider, "see_case", case)
            assert policy.readable_sections(provider, case) == frozenset()
            assert not policy.visible(provider, "see_referral", Referral).exists()
            assert not policy.visible(provider, "see_person", Person).exists()

    def test_whoever_runs_the_case_does_not_run_out(self, cast: Cast) -> None:
        case = steps.registered(cast)
        open_parts = {row.task: row.until_at for row in Involvement.objects.filter(case=case, status="open")}
        assert open_parts["focal"] is None
        assert open_parts["referrer"] is not None
        begun = steps.screened(cast, name="Other").case
        assert Involvement.objects.get(case=begun).until_at is None

    def test_the_focal_agency_is_reminded_in_time_and_not_before(self, cast: Cast) -> None:
        case, _sent = served(cast)
        row = part_of_shelter(case)
        assert row.until_at is not None
        shown = row.until_at - pack().deadline("involvement_reminder")
        for moment, sees in ((shown - timedelta(minutes=1), False), (shown, True)):
            with clock.travel(moment):
                tasks = policy.visible(cast.again("manager"), "see_task", Task).filter(kind="renew_involvement")
                assert list(tasks.values_list("object_id", flat=True)) == ([row.pk] if sees else [])
        with clock.travel(shown):
            assert (
                not policy.visible(cast.again("provider"), "see_task", Task).filter(kind="renew_involvement").exists()
            )

    @pytest.mark.parametrize("days", [-10, 10])
    def test_renewing_before_and_after(self, cast: Cast, days: int) -> None:
        case, _sent = served(cast)
        row = part_of_shelter(case)
        assert row.until_at is not None
        with clock.travel(row.until_at + timedelta(days=days)):
            manager = cast.again("manager")
            with pytest.raises(Refused, match="reason"):
                parts.renew_involvement(manager, row, reason="yes")
            parts.renew_involvement(manager, row, reason=REASON)
            row.refresh_from_db()
            assert row.until_at == clock.now() + pack().deadline("involvement_service")
            assert policy.may(cast.again("provider"), "see_case", case)
            open_tasks = Task.objects.filter(kind="renew_involvement", object_id=row.pk, done_at__isnull=True)
            assert [task.due_at for task in open_tasks] == [row.until_at]
        assert Event.objects.filter(action="case.involvement_renewed", object_id=row.pk).count() == 1
        assert Reason.objects.get(object_id=row.pk).verb == "renew_involvement"

    def test_renewed_with_what_the_person_still_agrees_to(self, cast: Cast) -> None:
        case, _sent = served(cast)
        row = part_of_shelter(case)
        assert "health" in row.sections
        for given in Consent.objects.filter(case=case, purpose="service_referral"):
            withdraw_consent(cast.manager, given)
        with pytest.raises((Refused, WrongState)):
            parts.renew_involvement(cast.manager, row, reason=REASON)
        steps.agree(cast, case, "service_referral", cast.org("shelter"), ("identity",))
        assert not set(policy.readable_sections(cast.again("provider"), case)) - {"identity"}

    def test_the_service_asks_and_sees_nothing_meanwhile(self, cast: Cast) -> None:
        case, _sent = served(cast)
        row = part_of_shelter(case)
        with pytest.raises(Forbidden):
            parts.ask_renewal(cast.provider, row)  # not before it ran out
        assert row.until_at is not None
        with clock.travel(row.until_at + timedelta(days=1)):
            provider = cast.again("provider")
            assert list(policy.visible(provider, "ask_renewal", Involvement)) == [row]
            parts.ask_renewal(provider, row)
            assert not policy.may(cast.again("provider"), "see_case", case)
            waiting = policy.visible(cast.again("manager"), "see_task", Task).filter(
                kind="renew_involvement", done_at__isnull=True
            )
            assert waiting.count() == 1
            for who in ("other_provider", "outsider", "officer", "other_manager", "screener"):
                with pytest.raises(Forbidden):
                    parts.ask_renewal(cast.again(who), row)

    @pytest.mark.parametrize("who", ["provider", "other_manager", "outsider", "screener", "officer", "auditor"])
    def test_nobody_else_renews_or_ends(self, cast: Cast, who: str) -> None:
        case, _sent = served(cast)
        row = part_of_shelter(case)
        for verb in (parts.renew_involvement, parts.end_involvement):
            with pytest.raises(Forbidden):
                verb(cast.again(who), row, reason=REASON)
        assert not policy.visible(cast.again(who), "see_involvement", Involvement).exists()


class TestEnding:
    def test_by_hand_with_what_rested_on_it(self, cast: Cast) -> None:
        case, sent = served(cast)
        row = part_of_shelter(case)
        parts.end_involvement(cast.manager, row, reason="The person moved to relatives.")
        sent.refresh_from_db()
        row.refresh_from_db()
        assert (row.status, sent.status) == ("ended", "ended")
        assert Need.objects.get(pk=sent.need_id).status == "open"
        assert not policy.may(cast.again("provider"), "see_case", case)
        assert not Task.objects.filter(object_id=row.pk, done_at__isnull=True).exists()
        with pytest.raises(WrongState):
            parts.renew_involvement(cast.manager, row, reason=REASON)

    @pytest.mark.parametrize("task", ["focal"])
    def test_whoever_runs_the_case_cannot_drop_it(self, cast: Cast, task: str) -> None:
        case = steps.registered(cast)
        row = Involvement.objects.get(case=case, task=task, status="open")
        with pytest.raises(Refused):
            parts.end_involvement(cast.manager, row, reason=REASON)
        with pytest.raises(Refused):
            parts.renew_involvement(cast.manager, row, reason=REASON)

    def test_the_second_of_two_learns_of_the_first(self, cast: Cast) -> None:
        case, _sent = served(cast)
        row = part_of_shelter(case)
        version = row.version
        parts.renew_involvement(cast.manager, row, reason=REASON, version=version)
        with pytest.raises(Changed):
            parts.end_involvement(cast.manager, part_of_shelter(case), reason=REASON, version=version)


class TestNeedsOfWhatEnded:
    @pytest.mark.parametrize(
        ("verb", "feedback", "status"),
        [
            ("complete_referral", "help_given", "met"),
            ("complete_referral", "help_given_in_part", "met"),
            ("complete_referral", "could_not_help", "open"),
            ("complete_referral", "person_did_not_come", "open"),
            ("end_referral", "person_ended_it", "open"),
            ("end_referral", "help_given_in_part", "open"),
        ],
    )
    def test_open_again_unless_it_was_given(self, cast: Cast, verb: str, feedback: str, status: str) -> None:
        _case, sent = served(cast)
        assert Need.objects.get(pk=sent.need_id).status == "met"
        getattr(referral, verb)(cast.provider, sent, feedback=feedback)
        assert Need.objects.get(pk=sent.need_id).status == status
        reopened = Event.objects.filter(action="need.reopened", object_id=sent.need_id)
        assert reopened.count() == (status == "open")

    def test_met_by_another_service_as_well_it_stays_met(self, cast: Cast) -> None:
        case, sent = served(cast)
        steps.agree(cast, case, "service_referral", cast.org("other_shelter"))
        second = referral.send_referral(
            cast.manager, case, "service", cast.org("other_shelter"), need=sent.need,
            service=steps.service(cast, owner="other_provider", name="Second house"),
        )  # fmt: skip
        referral.accept_referral(cast.other_provider, second)
        referral.end_referral(cast.provider, sent, feedback="passed_on")
        assert Need.objects.get(pk=sent.need_id).status == "met"
        referral.end_referral(cast.other_provider, second, feedback="moved_away")
        assert Need.objects.get(pk=sent.need_id).status == "open"

    def test_recorded_anew_meanwhile_there_is_one_open_need(self, cast: Cast) -> None:
        from spean.protection.actions import record_need

        case, sent = served(cast)
        record_need(cast.manager, case, "psychological")
        referral.end_referral(cast.provider, sent, feedback="other")
        assert Need.objects.filter(case=case, code="psychological", status="open").count() == 1


class TestHandOver:
    def offered(self, cast: Cast, **kwargs: Any) -> tuple[Case, HandOver]:
        case = steps.registered(cast, **kwargs)
        row = parts.offer_hand_over(
            cast.manager, case, cast.org("other_focal"), reason="The person moves to your province."
        )
        return case, row

    def test_the_new_agency_runs_it_and_the_old_one_sees_nothing(self, cast: Cast) -> None:
        case, sent = served(cast)
        row = parts.offer_hand_over(cast.manager, case, cast.org("other_focal"), reason="Moves to your province.")
        assert not policy.may(cast.other_manager, "see_case", case)
        parts.accept_hand_over(cast.other_manager, row)
        case.refresh_from_db()
        assert case.focal_organisation == cast.org("other_focal")
        new, old = cast.again("other_manager"), cast.again("manager")
        assert sees_nothing(old, case)
        person = steps.person_of(case)
        assert policy.may(new, "edit_person", person)
        assert not policy.may_reveal(old, person, "identity")
        assert doors.reveal(new, [person], ["family_name"], "casework")[person.pk]["family_name"] == "Sok"
        # What the old agency began goes on in the hands of the new one.
        assert policy.may(new, "end_referral", sent)
        assert policy.may(cast.again("provider"), "see_case", case)
        assert not Task.objects.filter(case=case, organisation=cast.org("focal"), done_at__isnull=True).exists()
        assert Task.objects.filter(
            case=case, organisation=cast.org("other_focal"), kind="give_rights_information", done_at__isnull=True
        ).exists()
        # Its history stays and is the new agency's to read.
        assert Event.objects.filter(case_id=case.pk, action="person.registered", actor_id=cast.manager.pk).exists()
        assert policy.may(new, "see_case_history", case)

    def test_where_somebody_lives_is_known_to_the_new_agency_alone(self, cast: Cast) -> None:
        from spean.directory.models import LocationGrant

        case, sent = served(cast)
        row = parts.offer_hand_over(cast.manager, case, cast.org("other_focal"), reason="Moves to your province.")
        parts.accept_hand_over(cast.other_manager, row)
        now = LocationGrant.objects.filter(basis_id=sent.pk, until_at__gt=clock.now(), closed_at__isnull=True)
        assert [grant.organisation for grant in now] == [cast.org("other_focal")]

    def test_what_was_not_agreed_stays_shut(self, cast: Cast) -> None:
        case, row = self.offered(cast)
        assert set(row.sections) == set(steps.FULL)
        assert row.receipt is not None
        parts.withdraw_hand_over(cast.manager, row)
        for given in Consent.objects.filter(case=case, purpose="referral_to_focal_agency"):
            withdraw_consent(cast.manager, given)
        with pytest.raises(Refused, match="has not agreed"):
            parts.offer_hand_over(cast.manager, case, cast.org("other_focal"), reason="Moves to your province.")
        steps.agree(cast, case, "referral_to_focal_agency", cast.org("other_focal"), ("identity", "protection"))
        again = parts.offer_hand_over(cast.manager, case, cast.org("other_focal"), reason="Moves to your province.")
        assert again.sections == ["identity", "protection"]
        parts.accept_hand_over(cast.other_manager, again)
        assert policy.readable_sections(cast.again("other_manager"), case) == {"identity", "protection"}
        receipt = ShareReceipt.objects.get(pk=again.receipt_id)
        assert receipt.recipient == cast.org("other_focal")

    def test_taken_back_between_offer_and_answer(self, cast: Cast) -> None:
        case, row = self.offered(cast)
        for given in Consent.objects.filter(case=case, purpose="referral_to_focal_agency"):
            withdraw_consent(cast.manager, given)
        with pytest.raises(Refused, match="taken the agreement back"):
            parts.accept_hand_over(cast.other_manager, row)
        assert Case.objects.get(pk=case.pk).focal_organisation == cast.org("focal")
        assert policy.may(cast.again("manager"), "see_case", case)

    def test_declined_or_taken_back_it_stays(self, cast: Cast) -> None:
        case, row = self.offered(cast)
        with pytest.raises(Refused):
            parts.decline_hand_over(cast.other_manager, row, reason="no")
        parts.decline_hand_over(cast.other_manager, row, reason="We have nobody who speaks the language.")
        assert policy.may(cast.again("manager"), "see_case", case)
        assert not policy.visible(cast.again("other_manager"), "see_hand_over", HandOver).exists()
        assert not Task.objects.filter(case=case, kind="answer_hand_over", done_at__isnull=True).exists()
        again = parts.offer_hand_over(cast.manager, case, cast.org("national_focal"), reason="Nobody else can take it.")
        parts.withdraw_hand_over(cast.manager, again)
        with pytest.raises((Forbidden, WrongState)):
            parts.accept_hand_over(cast.registry, again)

    @pytest.mark.parametrize("who", ["registry", "outsider", "screener", "provider", "officer", "auditor"])
    def test_only_the_agency_it_was_offered_to_answers(self, cast: Cast, who: str) -> None:
        case, row = self.offered(cast)
        user = cast.again(who)
        assert not policy.visible(user, "see_hand_over", HandOver).exists()
        for verb in (parts.accept_hand_over, parts.withdraw_hand_over):
            with pytest.raises(Forbidden):
                verb(user, row)
        with pytest.raises(Forbidden):
            parts.offer_hand_over(user, case, cast.org("national_focal"), reason="It should be there.")
        with pytest.raises(Forbidden):
            parts.accept_hand_over(cast.manager, row)

    def test_before_it_accepts_it_reads_why_and_nothing_of_the_case(self, cast: Cast) -> None:
        case, row = self.offered(cast)
        other = cast.again("other_manager")
        why = Reason.objects.get(object_id=row.pk)
        assert "province" in (doors.reveal(other, [why], ["text"], "casework")[why.pk]["text"] or "")
        assert policy.readable_sections(other, case) == frozenset()
        assert not policy.visible(other, "see_reason", Note).exists()

    def test_to_itself_to_a_shelter_or_to_an_excluded_agency(self, cast: Cast) -> None:
        from spean.cases.exclusion import exclude

        case = steps.registered(cast)
        for name in ("focal", "shelter"):
            with pytest.raises(Refused):
                parts.offer_hand_over(cast.manager, case, cast.org(name), reason="It should be there.")
        row = parts.offer_hand_over(cast.manager, case, cast.org("other_focal"), reason="Moves to your province.")
        exclude(cast.manager, case, reason="implicated", organisation=cast.org("other_focal"))
        assert HandOver.objects.get(pk=row.pk).status == "withdrawn"
        with pytest.raises(Forbidden):
            parts.accept_hand_over(cast.again("other_manager"), row)
        with pytest.raises(Refused, match="excluded"):
            parts.offer_hand_over(cast.manager, case, cast.org("other_focal"), reason="Moves to your province.")

    def test_and_back_again(self, cast: Cast) -> None:
        case, row = self.offered(cast)
        parts.accept_hand_over(cast.other_manager, row)
        back = parts.offer_hand_over(
            cast.again("other_manager"), case, cast.org("focal"), reason="Has moved back home."
        )
        parts.accept_hand_over(cast.again("manager"), back)
        assert policy.may(cast.again("manager"), "see_case_history", case)
        assert sees_nothing(cast.again("other_manager"), case)
        assert work.running(case).filter(task="focal").count() == 1

    def test_a_colleague_of_the_old_agency_sees_nothing_either(self, cast: Cast) -> None:
        case, row = self.offered(cast)
        colleague = second_manager(cast)
        assert policy.may(colleague, "see_case", case)
        parts.accept_hand_over(cast.other_manager, row)
        assert sees_nothing(type(colleague).objects.get(pk=colleague.pk), case)
