"""The two doors: who gets plaintext, what is written first, and what leaves the house."""

import threading
from uuid import uuid4

import pytest
from django.db import OperationalError, connection, transaction
from django.http import Http404
from django.test.utils import CaptureQueriesContext

from spean.cases.models import Case, Exclusion, Involvement
from spean.lib import clock
from spean.people.models import Person
from spean.privacy import doors, vault
from spean.privacy.consent import covered
from spean.privacy.doors import NotAllowed, reveal, share
from spean.privacy.models import Consent, Event, ShareReceipt
from tests.privacy.conftest import IDENTITY, make_case

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

NAMES = ["family_name", "given_name"]


def rows() -> list[tuple[str, object, list[str], str]]:
    return list(Event.objects.order_by("id").values_list("action", "object_id", "fields", "purpose"))


class TestInitials:
    @pytest.fixture
    def person(self, case: Case) -> Person:
        vault.seal_fields(case.person, initials="C.C.")
        case.person.save()
        return case.person

    def test_a_list_shows_them_and_the_log_knows(self, cast, person: Person) -> None:
        assert doors.initials(cast.manager, [person]) == {person.pk: "C.C."}
        assert rows() == [("initials.shown", person.pk, ["initials"], "casework")]

    @pytest.mark.parametrize("name", ["screener", "other_manager", "registry", "administrator", "auditor", "outsider"])
    def test_nobody_else_gets_them(self, cast, person: Person, name: str) -> None:
        assert doors.initials(getattr(cast, name), [person]) == {}
        assert rows() == []

    def test_an_excluded_agency_gets_none(self, cast, case: Case, person: Person) -> None:
        Exclusion.objects.create(
            case=case, organisation=cast.org("focal"), reason="implicated", created_by=cast.registry
        )
        assert doors.initials(cast.again("manager"), [person]) == {}

    def test_whose_key_is_destroyed_has_none(self, cast, person: Person) -> None:
        vault.destroy_key(person.subject)
        assert doors.initials(cast.manager, [person]) == {person.pk: ""}


class TestReveal:
    def test_gives_the_text_and_writes_who_read_it(self, cast, case: Case) -> None:
        shown = reveal(cast.manager, [case.person], NAMES, "casework")
        assert shown == {case.person_id: {"family_name": "Canaryfamily", "given_name": "Canarygiven"}}
        assert rows() == [("identity.revealed", case.person_id, ["family_name", "given_name"], "casework")]
        written = Event.objects.get()
        assert (written.actor_id, written.subject) == (cast.manager.pk, case.subject)

    def test_writes_the_log_before_it_decrypts(self, cast, case: Case, monkeypatch) -> None:
        seen = []

        def opening(items):
            seen.append(Event.objects.filter(action="identity.revealed").count())
            return vault.open_sealed(items)

        monkeypatch.setattr(doors, "open_sealed", opening)
        reveal(cast.manager, [case.person], NAMES, "casework")
        assert seen == [1]

    def test_gives_nothing_when_the_log_cannot_be_written(self, cast, case: Case, monkeypatch) -> None:
        opened = []
        monkeypatch.setattr(doors, "open_sealed", lambda items: opened.append(items))

        def broken(drafts):
            list(drafts)
            raise OSError("disk full")

        monkeypatch.setattr(doors.events, "record_all", broken)
        with pytest.raises(OSError, match="disk full"):
            reveal(cast.manager, [case.person], NAMES, "casework")
        assert opened == []

    @pytest.mark.parametrize(
        "who",
        [
            "outsider",
            "other_manager",
            "provider",
            "officer",
            "investigator",
            "statistician",
            "auditor",
            "administrator",
        ],
    )
    def test_refuses_whoever_has_no_task_in_the_case(self, cast, case: Case, who: str) -> None:
        with pytest.raises(NotAllowed):
            reveal(getattr(cast, who), [case.person], NAMES, "casework")
        assert [row[0] for row in rows()] == ["content.refused"]
        assert_unreadable(Event.objects.get())

    def test_a_refusal_looks_like_something_missing(self) -> None:
        assert issubclass(NotAllowed, Http404)
        assert str(NotAllowed()) == ""

    def test_one_stranger_among_many_closes_the_whole_list(self, cast, case: Case) -> None:
        foreign = make_case(cast, focal="other_focal")
        with pytest.raises(NotAllowed):
            reveal(cast.manager, [case.person, foreign.person], NAMES, "casework")
        assert rows() == [("content.refused", foreign.person_id, sorted(NAMES), "casework")]

    def test_one_field_beyond_the_task_closes_all(self, cast, case: Case) -> None:
        # The involvement of the focal agency here has no section "whereabouts".
        with pytest.raises(NotAllowed):
            reveal(cast.manager, [case.person], ["family_name", "address"], "casework")

    def test_an_excluded_agency_reads_nothing(self, cast, case: Case) -> None:
        Exclusion.objects.create(
            case=case, organisation=cast.org("focal"), reason="implicated", created_by=cast.registry
        )
        with pytest.raises(NotAllowed):
            reveal(cast.again("manager"), [case.person], NAMES, "casework")

    def test_an_ended_task_reads_nothing_from_the_next_request_on(self, cast, case: Case) -> None:
        reveal(cast.manager, [case.person], NAMES, "casework")
        Involvement.objects.filter(case=case).update(until_at=clock.now())
        with pytest.raises(NotAllowed):
            reveal(cast.manager, [case.person], NAMES, "casework")

    def test_a_note_belongs_to_the_section_it_was_written_into(self, cast, case: Case, note) -> None:
        health, justice = note(case, "health", "Canaryhealth text"), note(case, "justice", "Canaryjustice text")
        shown = reveal(cast.manager, [health], ["text"], "casework")
        assert shown[health.pk]["text"] == "Canaryhealth text"
        assert rows() == [("content.read", health.pk, ["text"], "casework")]
        assert Event.objects.get().case_id == case.pk
        with pytest.raises(NotAllowed):
            reveal(cast.manager, [health, justice], ["text"], "casework")

    def test_a_destroyed_key_gives_nothing_and_says_so(self, cast, case: Case) -> None:
        vault.destroy_key(case.subject)
        shown = reveal(cast.manager, [case.person], NAMES, "casework")[case.person_id]
        assert (dict(shown), shown.erased) == ({"family_name": None, "given_name": None}, True)

    def test_an_empty_field_is_not_an_erased_one(self, cast, case: Case) -> None:
        shown = reveal(cast.manager, [case.person], ["name_km"], "casework")[case.person_id]
        assert (shown["name_km"], shown.erased) == (None, False)

    def test_refuses_to_run_inside_a_transaction_that_could_undo_the_log(self, cast, case: Case) -> None:
        # Tests run inside a transaction that does not count; one of the caller's own does.
        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
            reveal(cast.manager, [case.person], NAMES, "casework")

    def test_needs_a_known_purpose_and_sealed_fields(self, cast, case: Case) -> None:
        for purpose in ("", "curiosity", "because I want to"):
            with pytest.raises(ValueError, match="purposes"):
                reveal(cast.manager, [case.person], NAMES, purpose)
        with pytest.raises(ValueError, match="no sealed field"):
            reveal(cast.manager, [case.person], ["code"], "casework")

    def test_nothing_asked_is_nothing_logged(self, cast, case: Case) -> None:
        assert reveal(cast.manager, [], NAMES, "casework") == {}
        assert reveal(cast.manager, [case.person], [], "casework") == {}
        assert rows() == []

    def test_plaintext_does_not_print(self, cast, case: Case) -> None:
        shown = reveal(cast.manager, [case.person], NAMES, "casework")
        assert "Canary" not in repr(shown) + str(shown) + f"{shown[case.person_id]}"

    def test_statements_carry_no_plaintext(self, cast, case: Case) -> None:
        with CaptureQueriesContext(connection) as queries:
            reveal(cast.manager, [case.person], NAMES, "casework")
        assert "Canary" not in str(queries.captured_queries)


def assert_unreadable(event: Event) -> None:
    text = " ".join(str(value) for value in Event.objects.filter(pk=event.pk).values_list().get())
    assert not any(value in text for value in IDENTITY.values())


class TestShare:
    def given(self, consent_facts, case: Case, **said) -> Consent:
        return Consent.objects.create(**consent_facts(case, **said))

    def test_passes_on_the_intersection_and_keeps_a_receipt(self, cast, case: Case, consent_facts) -> None:
        agreed = self.given(consent_facts, case)
        shared = share(case, cast.org("shelter"), "service_referral", {"identity", "health", "contact"}, cast.manager)
        assert shared == {"identity", "contact"}
        receipt = ShareReceipt.objects.get()
        assert shared.receipt == receipt
        assert (receipt.asked, receipt.shared) == (["contact", "health", "identity"], ["contact", "identity"])
        assert (receipt.consents, receipt.organisation) == ([agreed.pk], cast.org("focal"))
        event = Event.objects.get()
        assert (event.action, event.case_id, event.object_id) == ("information.shared", case.pk, receipt.pk)
        assert event.facts["shared"] == ["contact", "identity"]

    @pytest.mark.parametrize(
        ("recipient", "purpose"),
        [("other_shelter", "service_referral"), ("shelter", "identification")],
    )
    def test_nothing_for_others_or_for_something_else(self, cast, case, consent_facts, recipient, purpose) -> None:
        self.given(consent_facts, case)
        shared = share(case, cast.org(recipient), purpose, {"identity"}, cast.manager)
        assert not shared
        assert shared.receipt is None
        assert not ShareReceipt.objects.exists()
        assert not Event.objects.exists()

    def test_another_case_does_not_lend_its_consent(self, cast, case: Case, consent_facts) -> None:
        self.given(consent_facts, case)
        assert not share(make_case(cast), cast.org("shelter"), "service_referral", {"identity"}, cast.manager)

    def test_a_withdrawal_between_preview_and_sending_counts(self, cast, case: Case, consent_facts) -> None:
        agreed = self.given(consent_facts, case)
        assert covered(case, cast.org("shelter"), "service_referral", {"identity"}) == {"identity"}
        agreed.status, agreed.withdrawn_at, agreed.withdrawn_by = "withdrawn", clock.now(), cast.manager
        agreed.save()
        assert not share(case, cast.org("shelter"), "service_referral", {"identity"}, cast.manager)

    def test_locks_the_case_and_its_consents(self, cast, case: Case, consent_facts) -> None:
        self.given(consent_facts, case)
        with CaptureQueriesContext(connection) as queries:
            share(case, cast.org("shelter"), "service_referral", {"identity"}, cast.manager)
        locking = [query["sql"] for query in queries.captured_queries if "FOR UPDATE" in query["sql"]]
        assert len(locking) == 2
        assert "cases_case" in locking[0]
        assert "privacy_consent" in locking[1]

    def test_a_receipt_is_undone_with_what_it_was_for(self, cast, case: Case, consent_facts) -> None:
        self.given(consent_facts, case)
        with transaction.atomic():
            share(case, cast.org("shelter"), "service_referral", {"identity"}, cast.manager)
            transaction.set_rollback(True)
        assert not ShareReceipt.objects.exists()


def test_a_person_without_a_case_is_for_nobody(cast) -> None:
    subject = uuid4()
    vault.create_key(subject)
    person = Person(
        subject=subject, code="P-0000-0000", registered_by=cast.manager, registered_organisation=cast.org("focal")
    )
    vault.seal_fields(person, family_name="Canaryfamily")
    person.save()
    with pytest.raises(NotAllowed):
        reveal(cast.manager, [person], NAMES, "casework")


@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
def test_a_withdrawal_during_sharing_waits_and_one_before_it_counts(consent_facts, cast, case: Case) -> None:
    agreed = Consent.objects.create(**consent_facts(case))
    waited: list[bool] = []

    def withdraw() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '200ms'")
                Consent.objects.filter(pk=agreed.pk).update(
                    status="withdrawn", withdrawn_at=clock.now(), withdrawn_by=cast.manager
                )
            waited.append(False)
        except OperationalError:
            waited.append(True)
        finally:
            connection.close()

    with transaction.atomic():
        assert share(case, cast.org("shelter"), "service_referral", {"identity"}, cast.manager)
        during = threading.Thread(target=withdraw)
        during.start()
        during.join()
    after = threading.Thread(target=withdraw)
    after.start()
    after.join()
    assert waited == [True, False]
    assert not share(case, cast.org("shelter"), "service_referral", {"identity"}, cast.manager)
