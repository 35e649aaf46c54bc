"""Suspects and exclusions: the implicated see nothing, are not told, and come back only through a second person."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from spean.access import policy
from spean.access.models import Membership, User
from spean.access.roles import CASE_MANAGER
from spean.cases import exclusion
from spean.cases.models import Case, Exclusion, Involvement, Reason, Suspect, Task
from spean.directory.models import Service
from spean.lib import clock
from spean.privacy import doors
from spean.privacy.models import Event
from spean.protection.actions import record_need
from spean.protection.models import Need
from spean.referral import actions as referral
from spean.referral.models import Referral
from spean.workflow.engine import Forbidden, Refused, WrongState
from tests import steps
from tests.cast import Cast

CASE_ROOMS = ("cases", "detection", "people", "protection", "referral", "identification")


def second_manager(cast: Cast, organisation: str = "focal") -> User:
    """A second case manager of an agency."""
    user = User.objects.create_user(f"second_{organisation}@example.org", "Second Manager", None)
    Membership.objects.create(user=user, organisation=cast.org(organisation), role=CASE_MANAGER)
    return user


def served(cast: Cast) -> tuple[Case, Referral]:
    """A registered person whom the shelter took on for a need."""
    case = steps.registered(cast)
    need = record_need(cast.manager, case, "psychological")
    steps.agree(cast, case, "service_referral", cast.org("shelter"))
    sent = referral.send_referral(
        cast.manager, case, "service", cast.org("shelter"), service=steps.service(cast), need=need
    )
    referral.accept_referral(cast.provider, sent)
    return Case.objects.get(pk=case.pk), sent


def sees_nothing(user: Any, case: Case) -> bool:
    """No row of any table of a case's rooms; names the actions that show one."""
    from tests.access.test_policy import WITHOUT_OBJECT, model_of

    models = {action: model_of(action) for action in set(policy.ACTIONS) - WITHOUT_OBJECT}
    seen = [
        action
        for action, model in models.items()
        if model._meta.app_label in CASE_ROOMS and policy.visible(user, action, model).exists()
    ]
    assert seen == []
    return policy.readable_sections(user, case) == frozenset()


class TestSuspects:
    def test_the_organisation_of_a_suspect_is_out_in_the_same_stroke(self, cast: Cast) -> None:
        case, _sent = served(cast)
        assert policy.may(cast.provider, "see_case", case)
        suspect = exclusion.record_suspect(
            cast.manager,
            case,
            role="keeper",
            name="Canarysuspect",
            description="Tall.",
            organisation=cast.org("shelter"),
        )
        assert sees_nothing(cast.again("provider"), case)
        row = Exclusion.objects.get(case=case)
        assert (row.organisation, row.reason, row.created_by, row.status) == (
            cast.org("shelter"), "implicated", cast.manager, "active",
        )  # fmt: skip
        done = list(Event.objects.filter(case_id=case.pk).order_by("-id").values_list("action", flat=True)[:6])
        assert {
            "suspect.recorded",
            "case.excluded",
            "case.involvement_ended",
            "referral.ended",
            "need.reopened",
        } <= set(done)
        assert not Event.objects.filter(facts__icontains="Canarysuspect").exists()
        opened = doors.reveal(cast.manager, [suspect], ["name", "description"], "casework")[suspect.pk]
        assert opened["name"] == "Canarysuspect"

    def test_what_was_open_ends_and_the_need_is_open_again(self, cast: Cast) -> None:
        case, sent = served(cast)
        places = Service.objects.get(pk=sent.service_id).capacity_available
        exclusion.record_suspect(cast.manager, case, role="exploiter", organisation=cast.org("shelter"))
        sent.refresh_from_db()
        assert sent.status == "ended"
        assert Need.objects.get(pk=sent.need_id).status == "open"
        assert not Involvement.objects.filter(case=case, organisation=cast.org("shelter"), status="open").exists()
        assert not Task.objects.filter(case=case, organisation=cast.org("shelter"), done_at__isnull=True).exists()
        # A number of free places that moves by itself would tell them.
        assert Service.objects.get(pk=sent.service_id).capacity_available == places

    def test_a_referral_that_waits_there_is_taken_back_and_the_case_with_it(self, cast: Cast) -> None:
        sent = steps.referred(cast)
        case = Case.objects.get(pk=sent.case_id)
        exclusion.record_suspect(cast.screener, case, role="protector", organisation=cast.org("focal"))
        sent.refresh_from_db()
        case.refresh_from_db()
        assert (sent.status, case.status) == ("withdrawn", "screened")
        assert sees_nothing(cast.again("manager"), case)
        assert policy.may(cast.again("screener"), "refer_case", case)
        assert Task.objects.filter(case=case, kind="returned_case", user=cast.screener, done_at__isnull=True).exists()
        with pytest.raises(Refused, match="excluded"):
            referral.refer_case(cast.again("screener"), case, cast.org("focal"))

    def test_a_user_is_out_alone(self, cast: Cast) -> None:
        case, _sent = served(cast)
        second = second_manager(cast)
        exclusion.record_suspect(cast.manager, case, role="protector", user=second)
        assert sees_nothing(User.objects.get(pk=second.pk), case)
        assert policy.may(cast.again("manager"), "see_case", case)
        assert Involvement.objects.filter(case=case, organisation=cast.org("focal"), status="open").exists()

    def test_nobody_locks_himself_out(self, cast: Cast) -> None:
        case, _sent = served(cast)
        for who in ({"organisation": cast.org("focal")}, {"user": cast.manager}):
            with pytest.raises(Refused):
                exclusion.record_suspect(cast.manager, case, role="other", name="X", **who)
            with pytest.raises(Refused):
                exclusion.exclude(cast.manager, case, reason="implicated", **who)
        assert not Suspect.objects.exists()
        assert not Exclusion.objects.exists()

    def test_an_empty_one_is_refused_and_nothing_is_kept(self, cast: Cast) -> None:
        case = steps.registered(cast)
        with pytest.raises(Refused, match="name or a description"):
            exclusion.record_suspect(cast.manager, case, role="other", name="  ")
        assert not Suspect.objects.exists()

    @pytest.mark.parametrize(
        "who", ["outsider", "colleague", "other_manager", "other_provider", "provider", "investigator", "auditor"]
    )
    def test_strangers_and_services_neither_see_nor_record_suspects(self, cast: Cast, who: str) -> None:
        case, _sent = served(cast)
        suspect = exclusion.record_suspect(cast.manager, case, role="recruiter", name="Canarysuspect")
        user = getattr(cast, who)
        assert not policy.visible(user, "see_suspects", Suspect).exists()
        with pytest.raises(doors.NotAllowed):
            doors.reveal(user, [suspect], ["name"], "casework")
        with pytest.raises(Forbidden):
            exclusion.record_suspect(user, case, role="recruiter", name="Somebody")

    def test_the_screener_reads_his_own_until_the_focal_agency_takes_over(self, cast: Cast) -> None:
        sent = steps.referred(cast)
        suspect = exclusion.record_suspect(cast.screener, sent.case, role="recruiter", name="Canarysuspect")
        assert doors.reveal(cast.screener, [suspect], ["name"], "screening")[suspect.pk]["name"] == "Canarysuspect"
        referral.acknowledge_referral(cast.manager, sent)
        with pytest.raises(doors.NotAllowed):
            doors.reveal(cast.screener, [suspect], ["name"], "screening")
        assert doors.reveal(cast.manager, [suspect], ["name"], "casework")[suspect.pk]["name"] == "Canarysuspect"

    @pytest.mark.parametrize(("classes", "reads"), [(steps.FULL, True), (("identity", "narrative"), False)])
    def test_the_authority_reads_the_name_if_the_person_agreed_to_that(
        self, cast: Cast, classes: tuple[str, ...], reads: bool
    ) -> None:
        case = steps.reflected(cast)
        suspect = exclusion.record_suspect(cast.manager, case, role="recruiter", name="Canarysuspect")
        steps.agree(cast, case, "identification", cast.org("authority"), classes)
        sent = referral.send_referral(cast.manager, case, "identification", cast.org("authority"))
        referral.accept_referral(cast.officer, sent)
        assert policy.may(cast.officer, "see_suspects", suspect)
        assert policy.may_reveal(cast.officer, suspect, "justice") is reads

    def test_cleared_says_why_and_lifts_nothing(self, cast: Cast) -> None:
        case, _sent = served(cast)
        suspect = exclusion.record_suspect(cast.manager, case, role="keeper", organisation=cast.org("shelter"))
        with pytest.raises(Refused):
            exclusion.clear_suspect(cast.manager, suspect, reason="no")
        exclusion.clear_suspect(cast.manager, suspect, reason="Confused with another house of that name.")
        assert Suspect.objects.get(pk=suspect.pk).status == "cleared"
        assert sees_nothing(cast.again("provider"), case)


class TestOtherEpisodes:
    def two_episodes(self, cast: Cast) -> tuple[Case, Case]:
        first = steps.registered(cast)
        second = steps.registered(cast, steps.identity("Chea", "Vanna", phone="", birth_date="1980-01-02"), name="Chea")
        return first, second

    def served_in(self, cast: Cast, case: Case) -> None:
        steps.agree(cast, case, "service_referral", cast.org("shelter"))
        sent = referral.send_referral(cast.manager, case, "service", cast.org("shelter"), service=steps.service(cast))
        referral.accept_referral(cast.provider, sent)

    def test_excluded_from_one_is_excluded_from_every_episode_of_the_person(self, cast: Cast) -> None:
        first, second = self.two_episodes(cast)
        self.served_in(cast, second)
        Case.objects.filter(pk=second.pk).update(person=steps.person_of(first))
        assert policy.may(cast.again("provider"), "see_case", second)
        exclusion.exclude(cast.manager, first, reason="implicated", organisation=cast.org("shelter"))
        assert sees_nothing(cast.again("provider"), second)

    def test_also_of_a_record_that_was_decided_to_be_the_same_person(self, cast: Cast) -> None:
        first, second = self.two_episodes(cast)
        self.served_in(cast, second)
        one, other = steps.person_of(first), steps.person_of(second)
        for pointing, root in ((other, one), (one, other)):
            type(one).objects.update(same_as=None)
            type(one).objects.filter(pk=pointing.pk).update(same_as=root)
            row = exclusion.exclude(cast.manager, first, reason="implicated", user=cast.provider)
            assert sees_nothing(cast.again("provider"), second)
            Exclusion.objects.filter(pk=row.pk).update(status="lift_asked")
            Exclusion.objects.filter(pk=row.pk).update(status="lifted", lifted_at=clock.now(), lifted_by=cast.registry)
            assert policy.may(cast.again("provider"), "see_case", second)

    def test_persons_without_record_do_not_fall_together(self, cast: Cast) -> None:
        """Two cases before registration have no person; an exclusion from one says nothing about the other."""
        one, other = steps.screened(cast).case, steps.screened(cast, name="Other").case
        exclusion.record_suspect(cast.screener, one, role="protector", user=cast.colleague)
        assert policy.may(cast.again("screener"), "see_case", other)
        Exclusion.objects.create(case=one, user=cast.screener, reason="implicated", created_by=cast.registry)
        again = cast.again("screener")
        assert not policy.may(again, "see_case", one)
        assert policy.may(again, "see_case", other)


class TestLifting:
    REASON = "The house was mistaken for another one."

    def excluded(self, cast: Cast) -> tuple[Case, Exclusion]:
        case, _sent = served(cast)
        return case, exclusion.exclude(cast.manager, case, reason="implicated", organisation=cast.org("shelter"))

    def test_it_takes_a_second_person_and_a_reason(self, cast: Cast) -> None:
        case, row = self.excluded(cast)
        second = second_manager(cast)
        with pytest.raises(Forbidden):
            exclusion.lift(second, row, reason=self.REASON)  # nobody asked
        with pytest.raises(Refused):
            exclusion.ask_to_lift(cast.manager, row, reason="wrong")
        exclusion.ask_to_lift(cast.manager, row, reason=self.REASON)
        assert sees_nothing(cast.again("provider"), case)
        with pytest.raises(Forbidden):
            exclusion.lift(cast.manager, row, reason=self.REASON)
        exclusion.lift(second, row, reason="I spoke to the person and to the landlord.")
        row.refresh_from_db()
        assert (row.status, row.lifted_by) == ("lifted", second)
        assert [one.verb for one in Reason.objects.filter(object_id=row.pk).order_by("written_at")] == [
            "ask_to_lift_exclusion", "lift_exclusion",
        ]  # fmt: skip
        assert Event.objects.filter(action="case.exclusion_lifted", object_id=row.pk, actor_id=second.pk).count() == 1
        # Nothing that ended comes back by itself; it may be asked again.
        assert not policy.may(cast.again("provider"), "see_case", case)
        sent = referral.send_referral(cast.manager, case, "service", cast.org("shelter"), service=Service.objects.get())
        referral.accept_referral(cast.again("provider"), sent)
        assert policy.may(cast.again("provider"), "see_case", case)

    def test_the_national_agency_can_be_the_second_person_and_learns_no_more(self, cast: Cast) -> None:
        case, row = self.excluded(cast)
        assert not policy.visible(cast.registry, "lift_exclusion", Exclusion).exists()
        exclusion.ask_to_lift(cast.manager, row, reason=self.REASON)
        registry = cast.again("registry")
        assert policy.visible(registry, "see_task", Task).filter(kind="lift_exclusion").exists()
        reason = Reason.objects.get(object_id=row.pk)
        assert doors.reveal(registry, [reason], ["text"], "casework")[reason.pk]["text"] == self.REASON
        assert not policy.may(registry, "see_case", case)
        exclusion.keep(registry, row, reason="The landlord did not answer yet.")
        assert Exclusion.objects.get(pk=row.pk).status == "active"
        assert not policy.visible(cast.again("registry"), "see_task", Task).filter(done_at__isnull=True).exists()
        with pytest.raises(doors.NotAllowed):
            doors.reveal(cast.again("registry"), [reason], ["text"], "casework")

    def test_the_excluded_agency_never_decides_even_if_it_is_the_national_one(self, cast: Cast) -> None:
        case, _sent = served(cast)
        row = exclusion.exclude(cast.manager, case, reason="implicated", organisation=cast.org("national_focal"))
        exclusion.ask_to_lift(cast.manager, row, reason=self.REASON)
        with pytest.raises(Forbidden):
            exclusion.lift(cast.again("registry"), row, reason=self.REASON)
        assert not Task.objects.filter(case=case, organisation=cast.org("national_focal")).exists()

    @pytest.mark.parametrize("who", ["provider", "other_manager", "outsider", "screener", "auditor", "administrator"])
    def test_outsiders_neither_ask_nor_lift(self, cast: Cast, who: str) -> None:
        _case, row = self.excluded(cast)
        user = cast.again(who)
        with pytest.raises(Forbidden):
            exclusion.ask_to_lift(user, row, reason=self.REASON)
        exclusion.ask_to_lift(cast.manager, row, reason=self.REASON)
        for verb in (exclusion.lift, exclusion.keep):
            with pytest.raises(Forbidden):
                verb(user, row, reason=self.REASON)

    def test_the_database_wants_two_people_too(self, cast: Cast) -> None:
        _case, row = self.excluded(cast)
        exclusion.ask_to_lift(cast.manager, row, reason=self.REASON)
        with pytest.raises(DatabaseError), transaction.atomic():
            Exclusion.objects.filter(pk=row.pk).update(status="lifted", lifted_at=clock.now(), lifted_by=cast.manager)
        with pytest.raises(DatabaseError), transaction.atomic():
            Exclusion.objects.filter(pk=row.pk).update(lifted_at=clock.now(), lifted_by=cast.registry)

    def test_twice_and_too_late(self, cast: Cast) -> None:
        _case, row = self.excluded(cast)
        exclusion.ask_to_lift(cast.manager, row, reason=self.REASON)
        with pytest.raises(WrongState):
            exclusion.ask_to_lift(cast.manager, row, reason=self.REASON)
        with clock.travel(clock.now() + timedelta(days=3)):
            exclusion.lift(second_manager(cast), row, reason=self.REASON)
        with pytest.raises(WrongState):
            exclusion.ask_to_lift(cast.manager, row, reason=self.REASON)


def test_an_excluded_service_gets_nothing_new(cast: Cast) -> None:
    case, _sent = served(cast)
    exclusion.exclude(cast.manager, case, reason="wish_of_person", organisation=cast.org("shelter"))
    with pytest.raises(Refused, match="excluded"):
        referral.send_referral(cast.manager, case, "service", cast.org("shelter"), service=Service.objects.get())
