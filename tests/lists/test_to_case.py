"""From a line of a list into case work: whose line, once, with what it says, and nobody named on the way."""

import threading
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connections, transaction
from django.http import Http404
from django.urls import reverse

from spean.access import policy, roles
from spean.access.models import Membership, User
from spean.cases import erasure, ties
from spean.cases.actions import close_case
from spean.cases.consent import record_refusal
from spean.cases.models import Case
from spean.detection import actions as detection
from spean.detection import interview
from spean.detection.models import Screening
from spean.lib import clock
from spean.lists import delivering, to_case
from spean.lists.models import ListRow, PartnerList
from spean.privacy import doors, vault
from spean.privacy.models import Consent, Event
from spean.workflow.engine import AlreadyDone, CannotDo, Forbidden, Refused, WrongState, failures
from tests import steps
from tests.cast import PEOPLE, Cast
from tests.lists.files import AGREED, agreeing, as_csv, begun, rows, sent, somebody
from tests.signed_in import signed_in

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def delivered(
    cast: Cast, *people: dict[str, str], owner: str = "provider", to: PartnerList | None = None
) -> PartnerList:
    user = cast.users[owner]
    partner_list = to or begun(user)
    sent(user, partner_list, as_csv(rows(*people, heading=AGREED)))
    return partner_list


def line(cast: Cast, **more: str) -> ListRow:
    """The line of somebody who agreed, with proof, on a list of the provider's."""
    delivered(cast, agreeing(**more))
    return ListRow.objects.get(status="accepted")


def texts(user: User, screening: Screening) -> dict[str, str | None]:
    fields = ["stated_name", "stated_contact", "notes"]
    return dict(doors.reveal(user, [screening], fields, "screening")[screening.pk])


class TestBegun:
    def test_a_screening_with_what_the_line_says(self, cast: Cast) -> None:
        row = line(cast, Nationality="Cambodia")
        with clock.travel(clock.now().replace(2026, 11, 23)):
            screening = to_case.begin_from_row(cast.provider, row)
        case = screening.case
        assert (case.status, case.started_by, case.started_organisation) == (
            "screening", cast.provider, cast.org("shelter"),
        )  # fmt: skip
        assert (case.sex, case.nationality, screening.age, screening.instrument) == (
            "female",
            "KHM",
            23,
            "first_responder",
        )
        told = texts(cast.provider, screening)
        assert (told["stated_name"], told["stated_contact"]) == ("Kanarie Sreyneang", "012 345 678")
        assert "proof: F-1" in (told["notes"] or "")
        assert row.partner_list.code in (told["notes"] or "")
        row.refresh_from_db()
        assert (row.case, row.case_status, row.status) == (case, "begun", "accepted")

    def test_the_proof_is_no_consent_to_share(self, cast: Cast) -> None:
        screening = to_case.begin_from_row(cast.provider, line(cast), instrument="ilo_2009")
        assert not Consent.objects.exists()
        detection.save_answers(
            cast.provider, screening, version=None, answers=steps.STRONG_ANSWERS, age=23, carried_over=False
        )
        detection.complete_screening(cast.provider, screening)
        assert failures("refer_case", Case.objects.get(), cast.provider)
        with transaction.atomic():
            assert not doors.share(
                screening.case, cast.org("focal"), "referral_to_focal_agency", {"identity"}, cast.provider
            )

    def test_the_line_is_opened_through_the_door_and_named_nowhere(self, cast: Cast) -> None:
        row = line(cast)
        to_case.begin_from_row(cast.provider, row)
        (opened,) = Event.objects.filter(action="identity.revealed")
        assert (opened.object_id, opened.actor_id, opened.purpose) == (row.pk, cast.provider.pk, "partner_list")
        (told,) = Event.objects.filter(action="list.row_begun")
        # Neither stands in the history of the case: who works on it later need not know of the list.
        assert (told.object_id, told.case_id, opened.case_id) == (row.pk, None, None)
        assert str(Case.objects.get().pk) not in str(told.facts)
        for event in Event.objects.all():
            assert not [word for word in ("Kanarie", "Sreyneang", "012 345 678", "F-1") if word in str(vars(event))]

    def test_what_was_carried_over_is_gone_through_with_the_person(self, cast: Cast) -> None:
        screening = to_case.begin_from_row(cast.provider, line(cast))
        detection.save_answers(
            cast.provider, screening, version=None, private_place=True, interpreter=False, interview_language="km"
        )
        fresh = Screening.objects.select_related("case").get()
        # Sex and age are there, and nobody asked her yet.
        assert (fresh.case.sex, fresh.age, interview.going_on(fresh)) == ("female", screening.age, "person")
        detection.save_answers(cast.provider, fresh, version=None, age=22, age_disputed=False, carried_over=False)
        assert interview.going_on(Screening.objects.select_related("case").get()) == "about"

    def test_an_interview_is_not_closed_on_what_a_list_says_of_her(self, cast: Cast) -> None:
        screening = to_case.begin_from_row(cast.provider, line(cast), instrument="ilo_2009")
        detection.save_answers(cast.provider, screening, version=None, answers=steps.STRONG_ANSWERS)
        with pytest.raises(Refused, match="came from a list"):
            detection.complete_screening(cast.provider, screening)

    @pytest.mark.parametrize(
        ("written", "year", "age", "year_only"),
        [
            ("2003-11-23", "", 23, False), ("2003-11-24", "", 22, False), ("2003", "", 22, True), ("", "2008", 17, True),
            ("01/01/2003", "", 22, True), ("23/11/2027", "", None, False), ("", "2027", None, False),
            ("1890-02-03", "", None, False), ("17", "", None, False), ("17 years", "", None, False),
            ("Tuesday", "", None, False), ("", "", None, False), ("2546-02-03", "", 23, False), ("2026", "", 0, True),
        ],
    )  # fmt: skip
    def test_the_age_where_a_birth_reads_cleanly(
        self, written: str, year: str, age: int | None, year_only: bool
    ) -> None:
        assert to_case.age_on(written, year, date(2026, 11, 23)) == (age, year_only)

    def test_a_year_alone_gives_the_lower_age_and_says_so(self, cast: Cast) -> None:
        with clock.travel(clock.now().replace(2026, 11, 23)):
            screening = to_case.begin_from_row(cast.provider, line(cast, DOB="2008"))
        assert screening.age == 17
        assert "the lower was taken" in (texts(cast.provider, screening)["notes"] or "")

    def test_what_does_not_read_cleanly_is_left_to_be_asked(self, cast: Cast) -> None:
        row = line(cast, Gender="other", Nationality="Khmer Krom?", DOB="soon", Phone="", Given_name="x" * 300)
        screening = to_case.begin_from_row(cast.provider, row)
        told = texts(cast.provider, screening)
        assert (screening.case.sex, screening.case.nationality, screening.age) == ("", "", None)
        assert (told["stated_name"], told["stated_contact"]) == (None, None)


class TestOnce:
    def test_the_same_press_twice_is_one_case(self, cast: Cast) -> None:
        row, once = line(cast), uuid4()
        to_case.begin_from_row(cast.provider, row, once=once)
        with pytest.raises(AlreadyDone) as again:
            to_case.begin_from_row(cast.provider, row, once=once)
        assert again.value.object_id == row.pk
        assert Case.objects.count() == Screening.objects.count() == 1

    def test_a_later_press_is_refused_in_words_and_opens_nothing(self, cast: Cast) -> None:
        row = line(cast)
        to_case.begin_from_row(cast.provider, row)
        read = Event.objects.filter(action="identity.revealed").count()
        with pytest.raises(WrongState) as refused:
            to_case.begin_from_row(cast.provider, ListRow.objects.get(), once=uuid4())
        assert "Case begun from a row of a list" in refused.value.messages[0]
        assert Case.objects.count() == 1
        assert Event.objects.filter(action="identity.revealed").count() == read

    def test_no_half_of_it_stays(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        row = line(cast)

        def breaks(*args: Any, **kwargs: Any) -> None:
            raise RuntimeError

        monkeypatch.setattr(to_case.detection, "describe_person", breaks)
        with pytest.raises(RuntimeError):
            to_case.begin_from_row(cast.provider, row, once=uuid4())
        assert not Case.objects.exists()
        assert ListRow.objects.get().case_status == "none"

    def test_the_database_knows_it_too(self, cast: Cast) -> None:
        delivered(cast, agreeing("1"), agreeing("2"))
        first, second = ListRow.objects.order_by("line")
        case = to_case.begin_from_row(cast.provider, first).case
        with pytest.raises(IntegrityError), transaction.atomic():
            ListRow.objects.filter(pk=second.pk).update(case=case, case_status="begun")
        with pytest.raises(IntegrityError), transaction.atomic():
            ListRow.objects.filter(pk=second.pk).update(case=Case.objects.get(pk=case.pk))


@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
class TestAtOnce:
    def together(self, *deeds: Callable[[], Any]) -> list[str]:
        """What became of each: "done", or why not."""
        barrier, outcomes = threading.Barrier(len(deeds)), []

        def run(deed: Callable[[], Any]) -> None:
            try:
                barrier.wait(timeout=60)
                deed()
                outcomes.append("done")
            except CannotDo as refused:
                outcomes.append(type(refused).__name__)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=[deed]) for deed in deeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes

    def test_two_presses_are_one_case(self, cast: Cast) -> None:
        row = line(cast)

        def press() -> None:
            to_case.begin_from_row(cast.again("provider"), ListRow.objects.get(pk=row.pk), once=uuid4())

        assert sorted(self.together(press, press)) == ["WrongState", "done"]
        assert ListRow.objects.get().case == Case.objects.get()

    def test_a_correction_that_comes_meanwhile_neither_loses_the_case_nor_frees_the_line(self, cast: Cast) -> None:
        owner = delivered(cast, agreeing("1"))
        row = ListRow.objects.get()
        raw = as_csv(rows(agreeing("1", Phone="098 765 432"), heading=AGREED))
        outcomes = self.together(
            lambda: to_case.begin_from_row(cast.again("provider"), row),
            lambda: sent(cast.again("provider"), owner, raw),
        )
        assert ListRow.objects.get(status="replaced").case is None
        held = ListRow.objects.get(status="accepted")
        # Whichever came first: begun and carried along, or not begun at all.
        assert (held.case_status, held.case) == (
            ("begun", Case.objects.get()) if outcomes == ["done", "done"] else ("none", None)
        )
        assert Case.objects.count() == outcomes.count("done") - 1


class TestWhose:
    def test_without_proof_there_is_no_way(self, cast: Cast) -> None:
        delivered(
            cast,
            agreeing("1", Consent_form=""),
            agreeing("2", Consent="no"),
            somebody("3"),
            agreeing("4", Surname="K\ufffd"),
        )
        assert ListRow.objects.count() == 4
        for row in ListRow.objects.all():
            with pytest.raises(Forbidden):
                to_case.begin_from_row(cast.provider, row)
            # Also where the policy forgot to ask.
            assert failures("begin_from_row", row, cast.provider)
            if row.status == "accepted":
                with pytest.raises(Http404):
                    doors.reveal(cast.provider, [row], ["content"], "partner_list")
        assert not policy.visible(cast.provider, "begin_from_row", ListRow).exists()
        assert not Case.objects.exists()

    @pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"provider"}))
    def test_nobody_else_begins_or_reads(self, cast: Cast, name: str) -> None:
        row = line(cast)
        stranger = getattr(cast, name)
        with pytest.raises(Forbidden):
            to_case.begin_from_row(stranger, row)
        with pytest.raises(Http404):
            doors.reveal(stranger, [row], ["content"], "partner_list")
        assert not Case.objects.exists()

    def test_nor_a_colleague_who_keeps_another_list_of_the_same_house(self, cast: Cast) -> None:
        row = line(cast)
        second = User.objects.create_user("second.provider@example.org", "Second Provider")
        Membership.objects.create(user=second, organisation=cast.org("shelter"), role=roles.SERVICE_PROVIDER)
        begun(second, "His own")
        with pytest.raises(Forbidden):
            to_case.begin_from_row(second, row)
        with pytest.raises(Http404):
            doors.reveal(second, [row], ["content"], "partner_list")

    @pytest.mark.parametrize("name", ["investigator", "prosecutor", "supervisor"])
    def test_nor_a_keeper_who_starts_no_screenings(self, cast: Cast, name: str) -> None:
        delivered(cast, agreeing(), owner=name)
        row = ListRow.objects.get()
        with pytest.raises(Forbidden):
            to_case.begin_from_row(cast.users[name], row)
        with pytest.raises(Http404):
            doors.reveal(cast.users[name], [row], ["content"], "partner_list")

    @pytest.mark.parametrize("name", ["manager", "return_officer", "labour_officer"])
    def test_every_keeper_who_does(self, cast: Cast, name: str) -> None:
        delivered(cast, agreeing(), owner=name)
        assert to_case.begin_from_row(cast.users[name], ListRow.objects.get()).case.started_by == cast.users[name]

    def test_a_case_is_begun_for_the_organisation_whose_list_it_is(self, cast: Cast) -> None:
        row = line(cast)
        Membership.objects.create(
            user=cast.provider, organisation=cast.org("other_shelter"), role=roles.SERVICE_PROVIDER,
            from_at=clock.now().replace(year=2020),
        )  # fmt: skip
        with pytest.raises(Refused):
            to_case.begin_from_row(cast.again("provider"), row)
        assert not Case.objects.exists()

    def test_tokens_have_nobody_to_begin_with(self, cast: Cast) -> None:
        row = line(cast)
        ListRow.objects.update(head="# spean tokens 1")
        with pytest.raises(Forbidden):
            to_case.begin_from_row(cast.provider, row)


class TestLater:
    """What becomes of the line and of the case after the beginning."""

    def test_a_corrected_line_carries_the_case_along_and_back(self, cast: Cast) -> None:
        owner = delivered(cast, agreeing("1"), agreeing("2"))
        first = ListRow.objects.get(line=2)
        case = to_case.begin_from_row(cast.provider, first).case
        for phone in ("098 765 432", "098 765 433"):
            delivered(cast, agreeing("1", Phone=phone), agreeing("2"), to=owner)
            row = ListRow.objects.get(line=2, status="accepted")
            assert (row.case_id, row.case_status) == (case.pk, "begun")
            assert ListRow.objects.filter(case=case).count() == 1
            with pytest.raises(WrongState):
                to_case.begin_from_row(cast.provider, row)
        with pytest.raises(Forbidden):
            to_case.begin_from_row(cast.provider, ListRow.objects.get(pk=first.pk))
        delivered(cast, agreeing("1"), agreeing("2"), to=owner)
        first.refresh_from_db()
        assert (first.status, first.case_id) == ("accepted", case.pk)
        assert ListRow.objects.get(line=3, status="accepted").case_status == "none"

    def test_a_person_who_no_longer_agrees_keeps_her_case_and_her_line_leads_to_no_second(self, cast: Cast) -> None:
        owner = delivered(cast, agreeing("1"))
        case = to_case.begin_from_row(cast.provider, ListRow.objects.get()).case
        delivered(cast, agreeing("1", Consent="no"), to=owner)
        row = ListRow.objects.get(status="accepted")
        assert (row.consented, row.case) == (False, case)
        assert not policy.may(cast.provider, "begin_from_row", row)

    def test_a_destroyed_line_leaves_the_case_alone(self, cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
        screening = to_case.begin_from_row(cast.provider, line(cast))
        with django_capture_on_commit_callbacks(execute=True):
            delivering.destroy_row(cast.provider, ListRow.objects.get())
        row = ListRow.objects.get()
        assert (row.status, row.content, row.case) == ("destroyed", None, screening.case)
        assert texts(cast.provider, screening)["stated_name"] == "Kanarie Sreyneang"
        with pytest.raises(Forbidden):
            to_case.begin_from_row(cast.provider, row)

    def test_whoever_is_counted_without_identity_is_led_to_by_no_name(
        self, cast: Cast, django_capture_on_commit_callbacks: Any
    ) -> None:
        """Her line is the partner's and still readable: it must not tell whose the codes are that stay."""
        screening = to_case.begin_from_row(cast.provider, line(cast), instrument="ilo_2009")
        detection.save_answers(
            cast.provider, screening, version=None, answers=steps.STRONG_ANSWERS, age=23, carried_over=False
        )
        case = detection.complete_screening(cast.provider, screening).case
        record_refusal(cast.provider, case, purpose="referral_to_focal_agency", language="km")
        with django_capture_on_commit_callbacks(execute=True):
            detection.count_without_identity(cast.provider, case, reason="fears_authorities")
        assert vault.is_destroyed(case.subject)
        row = ListRow.objects.get()
        assert (row.case, row.case_status) == (None, "begun")
        with pytest.raises(WrongState):
            to_case.begin_from_row(cast.provider, row)

    def test_erasure_is_not_stopped_by_the_line_and_cuts_what_leads_from_it(
        self, cast: Cast, django_capture_on_commit_callbacks: Any
    ) -> None:
        row = line(cast)
        to_case.begin_from_row(cast.provider, row)
        case = steps.registered(cast)
        ListRow.objects.filter(pk=row.pk).update(case=case)
        close_case(cast.manager, case, reason="person_wants_to_end", explanation="She wishes that nothing is kept.")
        asked = erasure.request_erasure(cast.manager, case, ground="wish_of_person", evidence="thumbprint")
        with django_capture_on_commit_callbacks(execute=True):
            erasure.confirm_erasure(cast.registry, asked)
        case.refresh_from_db()
        row.refresh_from_db()
        assert case.erased_at is not None
        assert vault.is_destroyed(case.subject)
        assert (row.case_id, row.case_status, row.status) == (None, "begun", "accepted")

    def test_whoever_asks_for_erasure_and_whoever_confirms_is_told_that_the_line_stays(
        self, cast: Cast, django_capture_on_commit_callbacks: Any
    ) -> None:
        row = line(cast)
        to_case.begin_from_row(cast.provider, row)
        case = steps.registered(cast)
        close_case(cast.manager, case, reason="person_wants_to_end", explanation="She wishes that nothing is kept.")
        manager, registry = signed_in(cast.manager), signed_in(cast.registry)
        asking = reverse("erasure_request", args=[case.pk])
        told = "began with a line of a partner’s list"
        assert told not in manager.get(asking).content.decode()
        ListRow.objects.filter(pk=row.pk).update(case=case)
        assert told in manager.get(asking).content.decode()
        asked = erasure.request_erasure(cast.manager, case, ground="wish_of_person", evidence="thumbprint")
        page = reverse("erasure", args=[asked.pk])
        for client in (manager, registry):
            text = client.get(page).content.decode()
            assert told in text
            assert "Kanarie" not in text
            assert row.partner_list.code not in text
        with django_capture_on_commit_callbacks(execute=True):
            erasure.confirm_erasure(cast.registry, asked)
        proof = registry.get(page).content.decode()
        assert "Confirmation of erasure" in proof
        assert "Lists that agencies keep of their own are no part of this" in proof
        assert told not in proof

    def test_of_a_destroyed_line_nothing_stays_behind(
        self, cast: Cast, django_capture_on_commit_callbacks: Any
    ) -> None:
        case = to_case.begin_from_row(cast.provider, line(cast)).case
        assert ties.remains([case.pk])
        with django_capture_on_commit_callbacks(execute=True):
            delivering.destroy_row(cast.provider, ListRow.objects.get())
        assert not ties.remains([case.pk])

    def test_an_excluded_keeper_does_not_see_the_line_either(self, cast: Cast) -> None:
        from spean.cases.exclusion import exclude

        row = line(cast)
        to_case.begin_from_row(cast.provider, row)
        case = steps.registered(cast)
        ListRow.objects.filter(pk=row.pk).update(case=case)
        exclude(cast.manager, case, reason="implicated", organisation=cast.org("shelter"))
        assert not policy.may(cast.again("provider"), "read_row", row)
