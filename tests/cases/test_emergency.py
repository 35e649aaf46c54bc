"""Emergency access: two people of two organisations, four hours, told at once, reviewed; exclusion wins."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.db.utils import ProgrammingError
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.models import ProcrastinateJob

from spean.access import policy
from spean.access.models import User
from spean.cases import emergency, notices
from spean.cases.exclusion import exclude
from spean.cases.models import Case
from spean.lib import clock
from spean.privacy import doors, events
from spean.privacy.emergency import EmergencyAccess, EmergencyNotice
from spean.privacy.models import Event
from spean.workflow.engine import Forbidden, Refused, WrongState
from tests import steps
from tests.cast import Cast

TEXT = "Her phone rang out after she wrote that a man stands at the door."


def now() -> datetime:
    return clock.now()


def ask(cast: Cast, code: str, *, who: str = "outsider", second: str = "other_manager", **more: Any) -> EmergencyAccess:
    given: dict[str, Any] = {
        "wanted": code, "reason": "danger_to_life", "text": TEXT, "sections": ["identity", "contact"],
        "second": cast.users[second], "proven_at": now(), **more,
    }  # fmt: skip
    return emergency.ask_emergency(cast.users[who], **given)


def granted(cast: Cast, code: str, **more: Any) -> EmergencyAccess:
    access = ask(cast, code, **more)
    assert access.second is not None
    return emergency.confirm_emergency(access.second, access, proven_at=now())


def readable(cast: Cast, name: str, case: Case) -> frozenset[str]:
    return policy.readable_sections(cast.again(name), case)


class TestTwoPeople:
    def test_nothing_opens_before_the_second_one_confirmed(self, cast: Cast) -> None:
        case = steps.registered(cast)
        access = ask(cast, case.code)
        assert readable(cast, "outsider", case) == frozenset()
        emergency.confirm_emergency(cast.other_manager, access, proven_at=now())
        assert readable(cast, "outsider", case) == {"identity", "contact"}
        person = steps.person_of(case)
        opened = doors.reveal(cast.again("outsider"), [person], ["family_name", "phone"], "emergency")
        assert opened[person.pk]["family_name"] == "Sok"
        with pytest.raises(doors.NotAllowed):
            doors.reveal(cast.again("outsider"), [person], ["address"], "emergency")

    def test_it_opens_no_other_page_list_or_search(self, cast: Cast) -> None:
        case = steps.registered(cast)
        granted(cast, case.code)
        user = cast.again("outsider")
        gained = policy.permitted(user, policy.ACTIONS, case)
        assert gained == {"read_in_emergency"}
        assert not policy.visible(user, "see_case", Case).exists()
        assert not policy.visible(user, "see_person", type(steps.person_of(case))).exists()

    def test_never_the_same_person_and_never_the_same_organisation(self, cast: Cast) -> None:
        case = steps.registered(cast)
        for second in ("outsider", "administrator", "statistician"):
            with pytest.raises(Refused):
                ask(cast, case.code, second=second)
        with pytest.raises(Refused):
            ask(cast, case.code, who="screener", second="colleague")
        assert not EmergencyAccess.objects.exists()

    def test_asked_again_at_the_moment_of_confirming(self, cast: Cast) -> None:
        """The second person has meanwhile begun to work for the organisation of the first."""
        case = steps.registered(cast)
        access = ask(cast, case.code)
        cast.users["other_manager"].memberships.create(organisation=cast.org("other_police"), role="first_responder")
        with pytest.raises(Refused):
            emergency.confirm_emergency(cast.again("other_manager"), access, proven_at=now())

    @pytest.mark.parametrize("name", ["outsider", "manager", "auditor", "administrator", "screener"])
    def test_nobody_else_confirms(self, cast: Cast, name: str) -> None:
        access = ask(cast, steps.registered(cast).code)
        with pytest.raises(Forbidden):
            emergency.confirm_emergency(cast.users[name], access, proven_at=now())
        access.refresh_from_db()
        assert access.status == "asked"

    def test_the_second_person_can_say_no(self, cast: Cast) -> None:
        case = steps.registered(cast)
        access = emergency.refuse_emergency(cast.other_manager, ask(cast, case.code))
        assert readable(cast, "outsider", case) == frozenset()
        with pytest.raises(WrongState):
            emergency.confirm_emergency(cast.other_manager, access, proven_at=now())

    @pytest.mark.parametrize("old", [timedelta(minutes=5), timedelta(days=1), None])
    def test_both_prove_who_they_are_within_five_minutes(self, cast: Cast, old: timedelta | None) -> None:
        case = steps.registered(cast)
        stale = None if old is None else now() - old
        with pytest.raises(Refused):
            ask(cast, case.code, proven_at=stale)
        access = ask(cast, case.code, proven_at=now() - timedelta(minutes=4, seconds=50))
        with pytest.raises(Refused):
            emergency.confirm_emergency(cast.other_manager, access, proven_at=stale)

    def test_a_request_that_nobody_answered_lapses(self, cast: Cast) -> None:
        access = ask(cast, steps.registered(cast).code)
        with clock.travel(now() + timedelta(hours=1)), pytest.raises(Refused):
            emergency.confirm_emergency(cast.other_manager, access, proven_at=clock.now())

    def test_roles_without_cases_cannot_ask(self, cast: Cast) -> None:
        case = steps.registered(cast)
        for name in ("administrator", "auditor", "statistician"):
            with pytest.raises(Forbidden):
                ask(cast, case.code, who=name)


class TestTime:
    def test_it_ends_after_four_hours(self, cast: Cast) -> None:
        case = steps.registered(cast)
        access = granted(cast, case.code)
        assert access.from_at is not None
        with clock.travel(access.from_at + timedelta(hours=4) - timedelta(seconds=1)):
            assert readable(cast, "outsider", case) == {"identity", "contact"}
        with clock.travel(access.from_at + timedelta(hours=4)):
            assert readable(cast, "outsider", case) == frozenset()
            assert not policy.may(cast.again("outsider"), "read_in_emergency", case)

    def test_the_database_grants_no_longer(self, cast: Cast) -> None:
        access = granted(cast, steps.registered(cast).code)
        with pytest.raises(Exception, match="emergency_four_hours"), transaction.atomic():
            EmergencyAccess.objects.filter(pk=access.pk).update(until_at=now() + timedelta(hours=5))
        with pytest.raises(ProgrammingError, match="what was written in an emergency stays"), transaction.atomic():
            EmergencyAccess.objects.filter(pk=access.pk).update(text=None)


class TestWhere:
    def test_only_while_a_life_is_in_danger(self, cast: Cast) -> None:
        case = steps.registered(cast)
        sections = ["identity", "whereabouts"]
        with pytest.raises(Refused):
            ask(cast, case.code, who="other_provider", sections=sections, reason="person_missing")
        granted(cast, case.code, who="other_provider", sections=sections)
        assert readable(cast, "other_provider", case) == {"identity", "whereabouts"}

    @pytest.mark.parametrize("name", ["outsider", "screener", "investigator", "prosecutor"])
    def test_never_for_those_who_arrest_or_charge(self, cast: Cast, name: str) -> None:
        case = steps.registered(cast)
        with pytest.raises(Refused):
            ask(cast, case.code, who=name, sections=["whereabouts"])


class TestWhoIsRefusedLearnsNothing:
    def test_a_code_that_does_not_exist_goes_the_same_way(self, cast: Cast) -> None:
        case = steps.registered(cast)
        exclude(cast.manager, case, reason="implicated", organisation=cast.org("other_police"))
        nowhere, barred = (granted(cast, code, who="outsider") for code in ("C-0000-0000", case.code))
        for access in (nowhere, barred):
            assert (access.case_id, access.status) == (None, "granted")
        assert readable(cast, "outsider", case) == frozenset()
        # The excluded one left a line where he cannot see it.
        assert "emergency.stopped" in set(events.history(case).values_list("action", flat=True))

    def test_excluded_from_an_earlier_episode_of_the_person(self, cast: Cast) -> None:
        case = steps.registered(cast)
        second = steps.registered(
            cast, who=steps.identity("Chea", "Vanna", phone="", birth_date="1980-01-02"), name="Chea"
        )
        Case.objects.filter(pk=second.pk).update(person=steps.person_of(case))
        exclude(cast.manager, second, reason="implicated", organisation=cast.org("other_police"))
        assert granted(cast, case.code).case_id is None

    def test_exclusion_wins_over_one_that_runs(self, cast: Cast) -> None:
        case = steps.registered(cast)
        access = granted(cast, case.code)
        exclude(cast.manager, case, reason="implicated", user=cast.users["outsider"])
        assert readable(cast, "outsider", case) == frozenset()
        assert not policy.may(cast.again("outsider"), "see_emergency", access)

    def test_by_the_code_of_the_person_typed_exactly(self, cast: Cast) -> None:
        case = steps.registered(cast)
        person = steps.person_of(case)
        assert granted(cast, person.code.lower().replace("-", " ")).case_id == case.pk
        assert granted(cast, person.code[:-1]).case_id is None
        assert granted(cast, "Sok Dara").case_id is None


class TestAlone:
    def take(self, cast: Cast, code: str, name: str = "outsider") -> EmergencyAccess:
        return emergency.take_emergency_alone(
            cast.users[name], wanted=code, reason="danger_to_life", text=TEXT, proven_at=now()
        )

    def test_contact_data_only_and_told_to_the_same_people(self, cast: Cast) -> None:
        case = steps.registered(cast)
        access = self.take(cast, case.code)
        assert readable(cast, "outsider", case) == {"contact"}
        assert {notice.user for notice in EmergencyNotice.objects.filter(access=access)} == {
            cast.users["auditor"], cast.users["manager"],
        }  # fmt: skip
        assert Event.objects.filter(action="emergency.taken_alone").count() == 1

    def test_one_at_a_time(self, cast: Cast) -> None:
        case = steps.registered(cast)
        self.take(cast, case.code)
        with pytest.raises(Refused):
            self.take(cast, case.code)
        with clock.travel(now() + timedelta(hours=4)):
            self.take(cast, case.code)

    def test_excluded_like_anybody(self, cast: Cast) -> None:
        case = steps.registered(cast)
        exclude(cast.manager, case, reason="implicated", organisation=cast.org("other_police"))
        assert self.take(cast, case.code).case_id is None
        assert readable(cast, "outsider", case) == frozenset()


@contextmanager
def without_queue() -> Iterator[None]:
    """The jobs are asked for in a database that is not there: as when the queue is gone."""
    with app.replace_connector(DjangoConnector(alias="gone")):
        yield


class TestToldAtOnce:
    def test_the_notices_stand_and_the_mail_says_nothing(self, cast: Cast) -> None:
        case = steps.registered(cast)
        granted(cast, case.code)
        told = {notice.user.email for notice in EmergencyNotice.objects.select_related("user")}
        assert told == {"auditor@example.org", "manager@example.org", "other_manager@example.org"}
        assert notices.mail_emergency_notices() == 3
        assert notices.mail_emergency_notices() == 0
        assert {message.to[0] for message in mail.outbox} == told
        for message in mail.outbox:
            written = f"{message.subject} {message.body}"
            for secret in (case.code, "Sok", "phone", "Police", "Outsider", TEXT):
                assert secret not in written

    def test_the_mail_is_queued_with_the_access_and_the_job_carries_nothing(self, cast: Cast) -> None:
        granted(cast, steps.registered(cast).code)
        jobs = ProcrastinateJob.objects.filter(task_name="spean.cases.tasks.mail_emergency_notices")
        assert [job.args for job in jobs] == [{}, {}]  # to the second person, then to those who watch
        assert "spean.detection.tasks.destroy_informants" in app.tasks

    def test_mail_that_fails_waits_and_the_notice_stands(self, cast: Cast, settings: Any) -> None:
        granted(cast, steps.registered(cast).code)
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 9, False
        assert notices.mail_emergency_notices() == 0
        assert EmergencyNotice.objects.filter(mailed_at__isnull=True).count() == 3
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        assert notices.mail_emergency_notices() == 3

    def test_no_queue_no_access(self, cast: Cast) -> None:
        case = steps.registered(cast)
        access = ask(cast, case.code)
        with without_queue():
            with pytest.raises(emergency.CannotTell):
                emergency.confirm_emergency(cast.other_manager, access, proven_at=now())
            with pytest.raises(emergency.CannotTell):
                emergency.take_emergency_alone(
                    cast.outsider, wanted=case.code, reason="danger_to_life", text=TEXT, proven_at=now()
                )
        access.refresh_from_db()
        assert access.status == "asked"
        assert readable(cast, "outsider", case) == frozenset()
        assert EmergencyAccess.objects.count() == 1

    def test_nobody_to_tell_no_access(self, cast: Cast) -> None:
        User.objects.filter(pk=cast.users["auditor"].pk).update(is_active=False)
        with pytest.raises(emergency.CannotTell):
            granted(cast, "C-0000-0000")

    def test_the_case_manager_finds_it_in_the_history(self, cast: Cast) -> None:
        case = steps.registered(cast)
        granted(cast, case.code)
        person = steps.person_of(case)
        doors.reveal(cast.again("outsider"), [person], ["family_name"], "emergency")
        told = list(events.history(case).values_list("action", "actor_id"))
        for action in ("emergency.asked", "identity.revealed"):
            assert (action, cast.outsider.pk) in told
        assert ("emergency.confirmed", cast.other_manager.pk) in told


class TestReview:
    FINDING = "The focal agency confirms that she was in danger."

    def test_only_the_auditor(self, cast: Cast) -> None:
        access = granted(cast, steps.registered(cast).code)
        for name in ("outsider", "other_manager", "manager", "administrator"):
            with pytest.raises(Forbidden):
                emergency.review_emergency(cast.users[name], access, justified=True, finding=self.FINDING)
        with pytest.raises(Refused):
            emergency.review_emergency(cast.auditor, access, justified=True, finding=" ")
        done = emergency.review_emergency(cast.auditor, access, justified=True, finding=self.FINDING)
        assert (done.status, done.reviewed_by) == ("justified", cast.users["auditor"])
        granted(
            cast,
            steps.registered(
                cast, who=steps.identity("Chea", "Vanna", phone="", birth_date="1980-01-02"), name="Chea"
            ).code,
        )

    def test_not_justified_ends_it_and_the_right_to_ask(self, cast: Cast) -> None:
        case = steps.registered(cast)
        access = granted(cast, case.code)
        emergency.review_emergency(cast.auditor, access, justified=False, finding=self.FINDING)
        assert readable(cast, "outsider", case) == frozenset()
        for code in (case.code, "C-0000-0000"):
            with pytest.raises(Refused):
                ask(cast, code)
        with pytest.raises(Refused):
            TestAlone().take(cast, case.code)
        # Neither does he answer for others.
        other = ask(cast, case.code, who="other_provider", second="outsider")
        with pytest.raises(Refused):
            emergency.confirm_emergency(cast.outsider, other, proven_at=now())

    def test_not_reviewed_within_three_days_ends_the_right_until_it_is(self, cast: Cast) -> None:
        case = steps.registered(cast)
        access = granted(cast, case.code)
        with clock.travel(now() + timedelta(hours=71)):
            ask(cast, case.code)
        with clock.travel(now() + timedelta(hours=73)):
            with pytest.raises(Refused):
                ask(cast, case.code)
            emergency.review_emergency(cast.auditor, access, justified=True, finding=self.FINDING)
            ask(cast, case.code)


def test_no_name_no_code_and_no_text_in_the_log(cast: Cast) -> None:
    case = steps.registered(cast)
    granted(cast, case.code)
    for event in Event.objects.all():
        for secret in (TEXT, case.code, "Sok"):
            assert secret not in str([event.facts, event.fields, event.purpose])
