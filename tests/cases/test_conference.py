"""The case conference: who is invited sees what was named, alone, and only until the end that was named."""

from datetime import timedelta
from typing import Any

import pytest

from spean.access import policy
from spean.access.models import Membership, User
from spean.cases import conference
from spean.cases.actions import write_note
from spean.cases.consent import withdraw_consent
from spean.cases.exclusion import exclude
from spean.cases.models import Case, Conference, Invitation, Note, Task
from spean.lib import clock
from spean.privacy import doors
from spean.privacy.models import Consent, Event, ShareReceipt
from spean.workflow.engine import Forbidden, Refused
from tests import steps
from tests.cases.test_exclusion import second_manager, sees_nothing
from tests.cast import Cast


def called(cast: Cast, sections: tuple[str, ...] = ("identity", "protection"), **more: Any) -> tuple[Case, Conference]:
    case = steps.registered(cast)
    meets = clock.now() + timedelta(days=2)
    row = conference.call_conference(
        cast.manager, case, purpose="safety", meets_at=meets, until_at=meets + timedelta(days=1), sections=sections,
        **more,
    )  # fmt: skip
    return case, row


def invited(cast: Cast, sections: tuple[str, ...] = ("identity", "protection")) -> tuple[Case, Invitation]:
    """The prosecutor, who takes part in nothing otherwise; the person agreed to identity and protection."""
    case, row = called(cast, sections)
    steps.agree(cast, case, "case_conference", cast.org("court"), ("identity", "protection"))
    return case, conference.invite(cast.manager, row, cast.prosecutor, cast.org("court"))


class TestWhatIsSeen:
    def test_what_was_named_and_agreed_and_the_role_can_read(self, cast: Cast) -> None:
        case, row = invited(cast, ("identity", "protection", "narrative"))
        assert row.sections == ["identity", "protection"]  # she agreed to no more
        prosecutor = cast.again("prosecutor")
        assert policy.may(prosecutor, "see_case", case)
        # A prosecutor's role never reads protection.
        assert policy.readable_sections(prosecutor, case) == {"identity"}
        person = steps.person_of(case)
        assert doors.reveal(prosecutor, [person], ["family_name"], "casework")[person.pk]["family_name"] == "Sok"
        with pytest.raises(doors.NotAllowed):
            doors.reveal(prosecutor, [person], ["address"], "casework")
        receipt = ShareReceipt.objects.get(pk=row.receipt_id)
        assert (receipt.purpose, receipt.recipient) == ("case_conference", cast.org("court"))

    def test_a_service_reads_notes_of_its_sections_and_no_others(self, cast: Cast) -> None:
        case, row = called(cast, ("protection", "health"))
        steps.agree(cast, case, "case_conference", cast.org("shelter"), ("protection",))
        conference.invite(cast.manager, row, cast.provider, cast.org("shelter"))
        notes = {
            section: write_note(cast.manager, case, section=section, about="general", text=f"About {section} only")
            for section in ("protection", "health", "narrative")
        }
        provider = cast.again("provider")
        assert doors.reveal(provider, [notes["protection"]], ["text"], "casework")
        for section in ("health", "narrative"):
            with pytest.raises(doors.NotAllowed):
                doors.reveal(provider, [notes[section]], ["text"], "casework")
        assert policy.may(provider, "see_protection", case)

    @pytest.mark.parametrize("who", ["clerk", "outsider", "colleague", "other_manager", "provider", "investigator"])
    def test_colleagues_and_strangers_see_nothing(self, cast: Cast, who: str) -> None:
        case, _row = invited(cast)
        user = cast.again(who)
        assert sees_nothing(user, case)
        assert not policy.visible(user, "see_conference", Conference).exists()
        assert not policy.visible(user, "see_task", Task).filter(kind="attend_conference").exists()

    def test_an_invited_user_changes_nothing(self, cast: Cast) -> None:
        case, row = invited(cast)
        prosecutor = cast.again("prosecutor")
        may = policy.permitted(prosecutor, policy.ACTIONS, case)
        assert may == {"see_case", "see_protection"}
        with pytest.raises(Forbidden):
            conference.invite(prosecutor, row.conference, cast.clerk, cast.org("court"))
        with pytest.raises(Forbidden):
            write_note(prosecutor, case, section="identity", about="general", text="Something")

    def test_without_agreement_nobody_of_another_organisation_is_invited(self, cast: Cast) -> None:
        _case, row = called(cast)
        with pytest.raises(Refused, match="has not agreed"):
            conference.invite(cast.manager, row, cast.prosecutor, cast.org("court"))
        assert not Invitation.objects.exists()

    def test_a_conference_that_shows_nothing_needs_no_agreement(self, cast: Cast) -> None:
        case, row = called(cast, ())
        conference.invite(cast.manager, row, cast.prosecutor, cast.org("court"))
        assert policy.may(cast.again("prosecutor"), "see_case", case)
        assert policy.readable_sections(cast.again("prosecutor"), case) == frozenset()

    def test_a_colleague_of_the_same_agency_is_invited_without_sharing(self, cast: Cast) -> None:
        _case, row = called(cast)
        second = second_manager(cast)
        assert conference.invite(cast.manager, row, second, cast.org("focal")).receipt is None


class TestItsEnd:
    def seen(self, cast: Cast, case: Case) -> bool:
        user = cast.again("prosecutor")
        sees = policy.may(user, "see_case", case)
        assert bool(policy.readable_sections(user, case)) is sees
        return sees

    def test_by_its_hour(self, cast: Cast) -> None:
        case, row = invited(cast)
        for moment, sees in ((timedelta(minutes=-1), True), (timedelta(), False), (timedelta(days=3), False)):
            with clock.travel(row.conference.until_at + moment):
                assert self.seen(cast, case) is sees

    def test_by_withdrawing_the_invitation(self, cast: Cast) -> None:
        case, row = invited(cast)
        assert self.seen(cast, case)
        conference.withdraw_invitation(cast.manager, row)
        assert not self.seen(cast, case)
        assert sees_nothing(cast.again("prosecutor"), case)
        assert not policy.visible(cast.again("prosecutor"), "see_task", Task).filter(done_at__isnull=True).exists()
        # And may be invited again.
        conference.invite(cast.manager, row.conference, cast.prosecutor, cast.org("court"))
        assert self.seen(cast, case)

    def test_by_cancelling(self, cast: Cast) -> None:
        case, row = invited(cast)
        conference.cancel_conference(cast.manager, row.conference)
        assert not self.seen(cast, case)
        assert Invitation.objects.get(pk=row.pk).status == "withdrawn"

    def test_by_taking_the_agreement_back(self, cast: Cast) -> None:
        case, _row = invited(cast)
        withdraw_consent(cast.manager, Consent.objects.get(case=case, purpose="case_conference"))
        assert policy.readable_sections(cast.again("prosecutor"), case) == frozenset()

    def test_by_exclusion(self, cast: Cast) -> None:
        case, row = invited(cast)
        exclude(cast.manager, case, reason="implicated", user=cast.prosecutor)
        assert not self.seen(cast, case)
        assert Invitation.objects.get(pk=row.pk).status == "withdrawn"
        with pytest.raises(Refused, match="excluded"):
            conference.invite(cast.manager, row.conference, cast.prosecutor, cast.org("court"))

    def test_by_leaving_the_organisation(self, cast: Cast) -> None:
        case, _row = invited(cast)
        Membership.objects.filter(user=cast.prosecutor).update(until_at=clock.now())
        assert not self.seen(cast, case)

    def test_the_record_does_not_end_it_before_its_hour(self, cast: Cast) -> None:
        case, row = invited(cast)
        with clock.travel(row.conference.meets_at + timedelta(hours=1)):
            conference.record_conference(cast.manager, row.conference, record="She moves on Monday, with a driver.")
            assert self.seen(cast, case)


class TestTheRecord:
    def held(self, cast: Cast) -> tuple[Case, Conference]:
        case, row = invited(cast)
        with pytest.raises(Refused, match="has not begun"):
            conference.record_conference(cast.manager, row.conference, record="Canaryrecord: she moves on Monday.")
        with clock.travel(row.conference.meets_at + timedelta(hours=1)):
            conference.record_conference(cast.manager, row.conference, record="Canaryrecord: she moves on Monday.")
        return case, Conference.objects.get(pk=row.conference_id)

    def test_is_sealed_and_for_the_focal_agency(self, cast: Cast) -> None:
        _case, row = self.held(cast)
        opened = doors.reveal(cast.manager, [row], ["record"], "casework")[row.pk]["record"]
        assert opened is not None
        assert opened.startswith("Canaryrecord")
        assert not Event.objects.filter(facts__icontains="Canaryrecord").exists()

    @pytest.mark.parametrize("who", ["prosecutor", "provider", "other_manager", "screener", "officer", "auditor"])
    def test_nobody_else_opens_it(self, cast: Cast, who: str) -> None:
        _case, row = self.held(cast)
        with pytest.raises(doors.NotAllowed):
            doors.reveal(cast.again(who), [row], ["record"], "casework")


class TestCalling:
    @pytest.mark.parametrize(("meets", "until"), [(-1, 1), (2, 1), (2, 40)])
    def test_days_that_do_not_fit(self, cast: Cast, meets: int, until: int) -> None:
        case, now = steps.registered(cast), clock.now()
        with pytest.raises(Refused):
            conference.call_conference(
                cast.manager, case, purpose="safety", meets_at=now + timedelta(days=meets),
                until_at=now + timedelta(days=until), sections=(),
            )  # fmt: skip
        assert not Conference.objects.exists()

    @pytest.mark.parametrize("who", ["provider", "screener", "other_manager", "outsider", "officer", "auditor"])
    def test_only_the_focal_agency_calls_and_invites(self, cast: Cast, who: str) -> None:
        case, row = called(cast, ())
        user = cast.again(who)
        with pytest.raises(Forbidden):
            conference.call_conference(
                user, case, purpose="safety", meets_at=row.meets_at, until_at=row.until_at, sections=()
            )
        with pytest.raises(Forbidden):
            conference.invite(user, row, cast.clerk, cast.org("court"))
        with pytest.raises(Forbidden):
            conference.cancel_conference(user, row)

    def test_who_cannot_be_invited(self, cast: Cast) -> None:
        _case, row = called(cast, ())
        for name, organisation in (("auditor", "oversight"), ("administrator", "secretariat"), ("provider", "court")):
            with pytest.raises(Refused):
                conference.invite(cast.manager, row, getattr(cast, name), cast.org(organisation))
        conference.invite(cast.manager, row, cast.prosecutor, cast.org("court"))
        with pytest.raises(Refused, match="already invited"):
            conference.invite(cast.manager, row, cast.prosecutor, cast.org("court"))
        gone = User.objects.create_user("gone@example.org", "Gone", None, is_active=False)
        with pytest.raises(Refused):
            conference.invite(cast.manager, row, gone, cast.org("court"))

    def test_notes_written_there_are_notes(self, cast: Cast) -> None:
        """An invited user's own note would outlive his invitation: there is none."""
        invited(cast)
        assert not Note.objects.filter(written_by=cast.prosecutor).exists()
