"""Erasure: asked for by one, confirmed by another elsewhere, stopped by a hold, and real in the key vault."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import DatabaseError, transaction

from spean.access.models import Membership
from spean.cases import attaching, erasure, holds
from spean.cases.actions import close_case, reopen_case, write_note
from spean.cases.models import Case, Document, Task
from spean.lib import clock
from spean.people import search
from spean.people.actions import search_people
from spean.people.models import Person
from spean.privacy import doors, erased, files, vault
from spean.privacy.fields import sealed_fields
from spean.privacy.models import EmergencyAccess, Erasure, Event, LegalHold
from spean.workflow.engine import CannotDo, Changed, Forbidden, Refused, WrongState
from tests import steps
from tests.cast import Cast

WHY = "She goes home and wishes that nothing is kept."


def ended(cast: Cast, **kwargs: Any) -> Case:
    case = steps.registered(cast, **kwargs)
    close_case(cast.manager, case, reason="person_wants_to_end", explanation=WHY)
    return Case.objects.get(pk=case.pk)


def asked(cast: Cast, case: Case | None = None) -> Erasure:
    return erasure.request_erasure(cast.manager, case or ended(cast), ground="wish_of_person", evidence="thumbprint")


def confirm(who: Any, row: Erasure, capture: Any) -> Erasure:
    with capture(execute=True):
        erasure.confirm_erasure(who, row)
    return Erasure.objects.get(pk=row.pk)


def names(case: Case) -> list[str]:
    rows = Event.objects.filter(case_id=case.pk).order_by("id").values_list("action", flat=True)
    return [action for action in rows if action.startswith(("erasure.", "key.", "hold."))]


class TestTheWay:
    def test_destroys_the_key_keeps_the_codes_and_proves_it(
        self, cast: Cast, django_capture_on_commit_callbacks: Any
    ) -> None:
        case = ended(cast)
        row = asked(cast, case)
        assert not vault.is_destroyed(case.subject)
        row = confirm(cast.registry, row, django_capture_on_commit_callbacks)
        case.refresh_from_db()
        assert (row.status, row.decided_by, row.subjects) == ("confirmed", cast.registry, [case.subject])
        assert vault.living(row.subjects) == set()
        assert row.erased_at is not None
        assert list(vault.destruction_of(row.subjects)) == [case.subject]
        assert case.erased_at is not None
        # Coded facts stay for the count.
        assert (case.sex, case.nationality, case.age_at_screening) == ("female", "KHM", 25)
        assert names(case) == ["erasure.requested", "erasure.confirmed", "key.destroyed"]
        assert Event.objects.get(action="key.destroyed").subject == case.subject
        opened = doors.reveal(cast.manager, [steps.person_of(case)], ["family_name"], "casework")
        assert (opened[case.person_id]["family_name"], opened[case.person_id].erased) == (None, True)

    def test_the_search_forgets_the_name(self, cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
        case = ended(cast)
        assert len(search_people(cast.manager, "Sok Dara")) == 1
        confirm(cast.auditor, asked(cast, case), django_capture_on_commit_callbacks)
        assert search_people(cast.manager, "Sok Dara") == []
        assert search.find_candidates(steps.identity().details()) == []

    def test_reaches_every_record_and_episode_of_the_person(
        self, cast: Cast, django_capture_on_commit_callbacks: Any
    ) -> None:
        one, two, other = ended(cast), None, None
        two = steps.registered(cast, who=steps.identity("Chea", "Vanna", phone="", birth_date="1980-01-02"))
        other = steps.registered(cast, who=steps.identity("Keo", "Bopha", phone="", birth_date="1990-01-02"))
        Person.objects.filter(pk=two.person_id).update(same_as=one.person_id)
        with pytest.raises(Refused, match="still works with this person"):
            asked(cast, one)
        close_case(cast.manager, two, reason="person_wants_to_end", explanation=WHY)
        row = confirm(cast.registry, asked(cast, one), django_capture_on_commit_callbacks)
        assert set(row.subjects) == {one.subject, two.subject}
        assert vault.living([one.subject, two.subject, other.subject]) == {other.subject}
        two.refresh_from_db()
        assert two.erased_at is not None
        assert names(two)[-1:] == ["key.destroyed"]

    def test_a_case_without_a_registered_person_can_be_erased_by_whoever_met_her(
        self, cast: Cast, django_capture_on_commit_callbacks: Any
    ) -> None:
        case = steps.screened(cast).case
        close_case(cast.screener, case, reason="no_indication", explanation="Nothing points to it.")
        row = erasure.request_erasure(cast.screener, case, ground="wish_of_person", evidence="thumbprint")
        confirm(cast.registry, row, django_capture_on_commit_callbacks)
        assert vault.is_destroyed(case.subject)

    def test_documents_go_from_the_disk(self, cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
        case = steps.registered(cast)
        kept = attaching.attach_document(
            cast.manager, case, kind="passport", title="Passport", media="pdf", content=b"%PDF-1.4 %%EOF"
        )
        close_case(cast.manager, case, reason="person_wants_to_end", explanation=WHY)
        assert files.read(kept.pk)
        confirm(cast.registry, asked(cast, Case.objects.get(pk=case.pk)), django_capture_on_commit_callbacks)
        with pytest.raises(FileNotFoundError):
            files.read(kept.pk)
        assert Document.objects.get(pk=kept.pk).kind == "passport"

    def test_nothing_waits_for_anybody_afterwards(self, cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
        case = ended(cast)
        confirm(cast.registry, asked(cast, case), django_capture_on_commit_callbacks)
        assert not Task.objects.filter(case=case, done_at__isnull=True).exists()


def test_every_key_that_hangs_on_a_case_is_known_to_the_erasure() -> None:
    """A new sealed table under a key of its own has to say whether it tells of the person."""
    case = Case(subject=uuid4())
    others = {
        "detection.Informant",  # somebody else, with a time of his own
        "lists.ListRow",  # the partner's own line, which no longer leads to the case: `ties.cut`
    }
    for model in apps.get_models():
        sealed = sealed_fields(model) if model.__module__.startswith("spean.") else {}
        if not sealed or "case" not in {field.name for field in model._meta.concrete_fields}:
            continue
        own = model(case=case).subject != case.subject
        assert own == (model in erasure.OWN_KEYS or model._meta.label in others), model


def test_what_stands_apart_is_erased_with_her_and_not_before_oversight_looked(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    case = ended(cast)
    now = clock.now()
    access = EmergencyAccess(
        case=case, reason="medical_emergency", sections=["contact"], alone=True, asked_by=cast.outsider,
        organisation=cast.org("other_police"), status="granted", asked_at=now, from_at=now,
        until_at=now + timedelta(hours=4), review_by=now + timedelta(hours=72),
    )  # fmt: skip
    vault.create_key(access.subject)
    vault.seal_fields(access, text="Sok Dara was taken to a clinic.")
    access.save(force_insert=True)
    with pytest.raises(Refused, match="Oversight has not reviewed"):
        asked(cast, case)
    emergency = EmergencyAccess.objects.get(pk=access.pk)
    emergency.status, emergency.reviewed_at, emergency.reviewed_by = "justified", now, cast.auditor
    emergency.save()
    row = confirm(cast.registry, asked(cast, case), django_capture_on_commit_callbacks)
    assert set(row.subjects) == {case.subject, access.subject}
    assert vault.living(row.subjects) == set()
    assert erased.in_log() >= {case.subject, access.subject}


class TestTwoOfficers:
    def test_strangers_cannot_ask(self, cast: Cast) -> None:
        case = ended(cast)
        for name in ("outsider", "colleague", "other_manager", "registry", "officer", "provider", "auditor"):
            with pytest.raises(Forbidden):
                erasure.request_erasure(getattr(cast, name), case, ground="wish_of_person", evidence="thumbprint")
        assert not Erasure.objects.exists()

    def test_strangers_and_the_asker_cannot_confirm(self, cast: Cast) -> None:
        row = asked(cast)
        for name in ("manager", "screener", "outsider", "other_manager", "officer", "provider", "administrator"):
            with pytest.raises(CannotDo):
                erasure.confirm_erasure(getattr(cast, name), row)
            with pytest.raises(CannotDo):
                erasure.decline_erasure(getattr(cast, name), row, reason="wrong_person")
        assert Erasure.objects.get().status == "requested"
        assert not vault.is_destroyed(row.case.subject)

    def test_not_the_same_person_in_another_role(self, cast: Cast) -> None:
        row = asked(cast)
        Membership.objects.create(user=cast.manager, organisation=cast.org("oversight"), role="auditor")
        with pytest.raises(Refused, match="Another person has to decide"):
            erasure.confirm_erasure(cast.again("manager"), row)

    def test_not_a_colleague_of_the_same_organisation(self, cast: Cast) -> None:
        row = asked(cast)
        Membership.objects.create(user=cast.auditor, organisation=cast.org("focal"), role="case_manager")
        with pytest.raises(Refused, match="another organisation"):
            erasure.confirm_erasure(cast.again("auditor"), row)

    def test_the_database_refuses_one_person_for_both(self, cast: Cast) -> None:
        row = asked(cast)
        with pytest.raises(DatabaseError), transaction.atomic():
            Erasure.objects.filter(pk=row.pk).update(
                status="confirmed", decided_by=cast.manager, decided_at=clock.now(), subjects=[row.case.subject]
            )
        with pytest.raises(DatabaseError), transaction.atomic():
            Erasure.objects.filter(pk=row.pk).update(requested_by=cast.registry)
        with pytest.raises(DatabaseError), transaction.atomic():
            Erasure.objects.filter(pk=row.pk).delete()

    def test_declined_with_a_reason_nothing_is_erased_and_it_can_be_asked_again(self, cast: Cast) -> None:
        row = asked(cast)
        with pytest.raises(Refused, match="Choose the reason"):
            erasure.decline_erasure(cast.registry, row, reason="because")
        erasure.decline_erasure(cast.registry, row, reason="wish_not_clear")
        assert not vault.is_destroyed(row.case.subject)
        with pytest.raises(WrongState):
            erasure.confirm_erasure(cast.registry, row)
        assert asked(cast, row.case).status == "requested"

    def test_taken_back_before_it_is_confirmed(self, cast: Cast) -> None:
        row = asked(cast)
        with pytest.raises(Forbidden):
            erasure.withdraw_erasure(cast.registry, row)
        erasure.withdraw_erasure(cast.manager, row)
        with pytest.raises(WrongState):
            erasure.confirm_erasure(cast.registry, row)

    def test_the_second_of_two_officers_is_told(self, cast: Cast) -> None:
        row = asked(cast)
        erasure.decline_erasure(cast.registry, row, reason="wrong_person", version=1)
        with pytest.raises((Changed, WrongState)):
            erasure.confirm_erasure(cast.auditor, row, version=1)


class TestHolds:
    def test_a_standing_hold_refuses_the_request_and_the_confirmation(self, cast: Cast) -> None:
        case = ended(cast)
        row = asked(cast, case)
        hold = holds.place_hold(cast.manager, case, ground="criminal_case")
        with pytest.raises(Refused, match="legal hold stands"):
            erasure.confirm_erasure(cast.registry, row)
        erasure.withdraw_erasure(cast.manager, row)
        with pytest.raises(Refused, match="legal hold stands"):
            asked(cast, case)
        assert not vault.is_destroyed(case.subject)
        holds.lift_hold(cast.manager, hold)
        assert asked(cast, case).status == "requested"
        assert names(case)[-2:] == ["hold.lifted", "erasure.requested"]

    def test_a_hold_on_another_episode_of_the_person_counts(self, cast: Cast) -> None:
        one, two = ended(cast), None
        two = ended(cast, who=steps.identity("Chea", "Vanna", phone="", birth_date="1980-01-02"))
        Person.objects.filter(pk=two.person_id).update(same_as=one.person_id)
        holds.place_hold(cast.manager, two, ground="compensation_claim")
        with pytest.raises(Refused, match="legal hold stands"):
            asked(cast, one)

    def test_a_hold_with_a_last_day_ends_by_itself(self, cast: Cast) -> None:
        case = ended(cast)
        until = clock.today() + timedelta(days=3)
        hold = holds.place_hold(cast.manager, case, ground="court_order", until_on=until)
        with clock.travel(clock.now() + timedelta(days=3)):
            assert hold.stands
        with clock.travel(clock.now() + timedelta(days=4)):
            assert not hold.stands
            assert asked(cast, case).status == "requested"

    def test_a_hold_cannot_begin_over(self, cast: Cast) -> None:
        with pytest.raises(Refused, match="cannot lie in the past"):
            holds.place_hold(
                cast.manager, ended(cast), ground="court_order", until_on=clock.today() - timedelta(days=1)
            )

    def test_a_hold_placed_in_the_same_moment_is_seen_under_lock(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Between the second officer's look at the page and the lock on the cases somebody places a hold."""
        row = asked(cast)
        real = erasure.episodes_of
        looked: list[int] = []

        def meanwhile(case: Case) -> list[Case]:
            looked.append(1)
            if len(looked) == 2:  # the requirements have been asked
                LegalHold.objects.create(
                    case=case, status="standing", ground="court_order", placed_by=cast.manager,
                    organisation=cast.org("focal"),
                )  # fmt: skip
            return real(case)

        monkeypatch.setattr(erasure, "episodes_of", meanwhile)
        with pytest.raises(Refused, match="legal hold stands"):
            erasure.confirm_erasure(cast.registry, row)
        assert Erasure.objects.get().status == "requested"

    def test_strangers_place_and_lift_nothing(self, cast: Cast) -> None:
        case = ended(cast)
        hold = holds.place_hold(cast.manager, case, ground="criminal_case")
        for name in ("outsider", "screener", "other_manager", "provider", "registry", "auditor"):
            with pytest.raises(Forbidden):
                holds.place_hold(getattr(cast, name), case, ground="criminal_case")
            with pytest.raises(Forbidden):
                holds.lift_hold(getattr(cast, name), hold)
        assert LegalHold.objects.get().stands

    def test_what_was_said_of_a_hold_stays(self, cast: Cast) -> None:
        hold = holds.place_hold(cast.manager, ended(cast), ground="criminal_case")
        for change in ({"ground": "complaint"}, {"placed_by": cast.registry}, {"until_on": clock.today()}):
            with pytest.raises(DatabaseError), transaction.atomic():
                LegalHold.objects.filter(pk=hold.pk).update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            LegalHold.objects.filter(pk=hold.pk).delete()


class TestGrounds:
    def test_an_open_case_is_closed_first(self, cast: Cast) -> None:
        with pytest.raises(Refused, match="closed first"):
            asked(cast, steps.registered(cast))

    def test_a_wish_says_how_it_was_given(self, cast: Cast) -> None:
        with pytest.raises(Refused, match="how the person told"):
            erasure.request_erasure(cast.manager, ended(cast), ground="wish_of_person")

    def test_retention_waits_until_the_time_is_over(self, cast: Cast) -> None:
        case = ended(cast)
        with pytest.raises(Refused, match="not over yet"):
            erasure.request_erasure(cast.manager, case, ground="retention")
        with clock.travel(clock.now() + erasure.retention() + timedelta(days=1)):
            assert erasure.request_erasure(cast.manager, case, ground="retention").status == "requested"

    def test_twice_is_refused(self, cast: Cast) -> None:
        row = asked(cast)
        with pytest.raises(Refused, match="asked for already"):
            asked(cast, row.case)


class TestAfterwards:
    @pytest.fixture
    def case(self, cast: Cast, django_capture_on_commit_callbacks: Any) -> Case:
        case = ended(cast)
        confirm(cast.registry, asked(cast, case), django_capture_on_commit_callbacks)
        return Case.objects.get(pk=case.pk)

    def test_nothing_more_is_written(self, cast: Cast, case: Case) -> None:
        with pytest.raises(Refused, match="were erased"):
            reopen_case(cast.manager, case, explanation="She came back to us today.")
        with pytest.raises(vault.KeyDestroyed):
            write_note(cast.manager, case, section="narrative", about="general", text="Something new.")
        with pytest.raises(Refused, match="were erased"):
            holds.place_hold(cast.manager, case, ground="complaint")
        with pytest.raises(vault.KeyDestroyed):
            attaching.attach_document(cast.manager, case, kind="visa", title="x", media="text", content=b"x")
        assert not list(case.notes.filter(about="general"))


def test_a_break_before_the_keys_are_destroyed_is_finished_by_the_job(cast: Cast) -> None:
    row = asked(cast)
    erasure.confirm_erasure(cast.registry, row)  # what comes after the commit never runs in this test
    row.refresh_from_db()
    assert row.status == "confirmed"
    assert row.erased_at is None
    assert not vault.is_destroyed(row.case.subject)
    assert erasure.finish_erasures() == 1
    row.refresh_from_db()
    assert vault.is_destroyed(row.case.subject)
    assert row.erased_at is not None
    assert erasure.finish_erasures() == 0
    assert Event.objects.filter(action="key.destroyed").count() == 1


def test_a_key_that_a_restore_brought_back_is_destroyed_again(cast: Cast) -> None:
    """The erasure says it is done, and the key vault holds the key: an older copy was put back."""
    row = asked(cast)
    erasure.confirm_erasure(cast.registry, row)
    Erasure.objects.filter(pk=row.pk).update(erased_at=clock.now())
    assert not vault.is_destroyed(row.case.subject)
    assert erasure.finish_erasures() == 1
    assert vault.is_destroyed(row.case.subject)
    assert Event.objects.get(action="key.destroyed").facts == {"again": True}
