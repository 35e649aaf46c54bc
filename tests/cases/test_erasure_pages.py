"""Pages of holds and erasure: two officers, the proof, and what everybody else sees of somebody who was erased."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from spean.cases import erasure
from spean.cases.actions import write_note
from spean.cases.models import Case
from spean.privacy import vault
from spean.privacy.models import Erasure, LegalHold
from tests import steps
from tests.cases.test_erasure import asked, confirm, ended
from tests.cast import Cast
from tests.detection.walk import Walker, hidden
from tests.signed_in import signed_in


@pytest.fixture
def erased(cast: Cast, django_capture_on_commit_callbacks: Any) -> Case:
    case = steps.registered(cast)
    write_note(cast.manager, case, section="narrative", about="general", text="What she told on the first evening.")
    from spean.cases.actions import close_case

    close_case(cast.manager, case, reason="person_wants_to_end", explanation="She goes home and wishes it.")
    case = Case.objects.get(pk=case.pk)
    confirm(cast.registry, asked(cast, case), django_capture_on_commit_callbacks)
    return Case.objects.get(pk=case.pk)


def test_from_the_request_to_the_printed_confirmation(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    case = ended(cast)
    manager = Walker(signed_in(cast.manager))
    manager.go(f"/case/{case.pk}/")
    assert f"/case/{case.pk}/erasure/" in manager.text
    manager.go(f"/case/{case.pk}/erasure/")
    assert "None was ever placed" in manager.text
    assert manager.send(ground="wish_of_person").status_code == 422
    assert "how the person told you" in manager.text
    manager.send(ground="wish_of_person", evidence="thumbprint")
    row = Erasure.objects.get()
    assert manager.at == f"/erasure/{row.pk}/"
    assert "Confirm and erase" not in manager.text
    assert manager.client.post(f"/erasure/{row.pk}/confirm/").status_code == 404

    auditor = Walker(signed_in(cast.auditor))
    auditor.go("/")
    assert row.code in auditor.text
    auditor.go("/erasures/")
    assert row.code in auditor.text
    page = auditor.go(f"/erasure/{row.pk}/")
    assert "Confirm and erase" in auditor.text
    assert "Sok" not in auditor.text
    with django_capture_on_commit_callbacks(execute=True):
        assert auditor.client.post(f"/erasure/{row.pk}/confirm/", hidden(page)).status_code == 302
    done = auditor.client.get(f"/erasure/{row.pk}/")
    assert "Confirmation of erasure" in done.content.decode()
    assert "one key, destroyed" in done.content.decode()
    assert vault.is_destroyed(case.subject)
    manager.go(f"/erasure/{row.pk}/")
    assert "Confirmation of erasure" in manager.text
    # On the paper stands nothing that leads to the case.
    paper = manager.text[manager.text.index("Confirmation of erasure") : manager.text.index("Print")]
    assert case.code not in paper


def test_the_proof_is_the_key_vaults_and_not_the_rows(cast: Cast) -> None:
    """A row that claims it, while the key is still there, gives no confirmation."""
    row = asked(cast)
    erasure.confirm_erasure(cast.registry, row)
    Erasure.objects.filter(pk=row.pk).update(erased_at=row.requested_at)
    page = signed_in(cast.manager).get(f"/erasure/{row.pk}/").content.decode()
    assert "Confirmation of erasure" not in page
    assert "are being destroyed" in page


def test_the_second_officer_sees_every_hold_also_the_lifted_ones(cast: Cast) -> None:
    from spean.cases import holds

    row = asked(cast)
    hold = holds.place_hold(cast.manager, row.case, ground="criminal_case")
    client = signed_in(cast.registry)
    page = client.get(f"/erasure/{row.pk}/").content.decode()
    assert "A legal hold stands" in page
    assert "Confirm and erase" not in page
    assert client.post(f"/erasure/{row.pk}/confirm/", {}).status_code == 422
    holds.lift_hold(cast.manager, hold)
    page = client.get(f"/erasure/{row.pk}/").content.decode()
    assert f"Lifted: {cast.manager.name}" in page
    assert "Confirm and erase" in page


def test_holds_are_placed_and_lifted_on_pages(cast: Cast) -> None:
    case = steps.registered(cast)
    walker = Walker(signed_in(cast.manager))
    walker.go(f"/case/{case.pk}/hold/")
    assert walker.send().status_code == 422
    past = {"until_on__0": "1", "until_on__1": "2", "until_on__2": "2020"}
    form = {**hidden(walker.page), "ground": "court_order"}
    answer = walker.client.post(
        f"/case/{case.pk}/hold/", {**form, **{name.replace("__", "_"): value for name, value in past.items()}}
    )
    assert answer.status_code == 422
    assert not LegalHold.objects.exists()
    walker.go(f"/case/{case.pk}/hold/")
    walker.send(ground="court_order")
    hold = LegalHold.objects.get()
    assert f"/hold/{hold.pk}/lift/" in walker.text
    walker.go(f"/hold/{hold.pk}/lift/")
    walker.send()
    hold.refresh_from_db()
    assert (hold.status, hold.lifted_by) == ("lifted", cast.manager)


def test_declined_and_taken_back_on_pages(cast: Cast) -> None:
    row = asked(cast)
    registry = Walker(signed_in(cast.registry))
    registry.go(f"/erasure/{row.pk}/decline/")
    assert registry.send().status_code == 422
    registry.send(reason="wish_not_clear")
    assert "It is not clear that the person wishes it" in registry.text
    again = asked(cast, row.case)
    manager = signed_in(cast.manager)
    page = manager.get(f"/erasure/{again.pk}/")
    assert manager.post(f"/erasure/{again.pk}/withdraw/", hidden(page)).status_code == 302
    again.refresh_from_db()
    assert again.status == "withdrawn"


def test_a_stranger_meets_nothing(cast: Cast) -> None:
    from spean.cases import holds

    row = asked(cast)
    hold = holds.place_hold(cast.manager, row.case, ground="criminal_case")
    addresses = (
        f"/case/{row.case_id}/hold/", f"/hold/{hold.pk}/lift/", f"/case/{row.case_id}/erasure/", f"/erasure/{row.pk}/",
        f"/erasure/{row.pk}/confirm/", f"/erasure/{row.pk}/decline/", f"/erasure/{row.pk}/withdraw/",
    )  # fmt: skip
    for name in ("outsider", "colleague", "other_manager", "officer", "provider", "administrator"):
        client = signed_in(getattr(cast, name))
        missing = client.get(f"/case/{uuid4()}/").content
        for address in addresses:
            reads_only = address == f"/erasure/{row.pk}/"
            for ask in (client.get,) if reads_only else (client.get, client.post):
                answer = ask(address)
                assert (answer.status_code, answer.content) == (404, missing), (name, address)
        assert row.code not in client.get("/erasures/").content.decode(), name
    assert Erasure.objects.get().status == "requested"


class TestErasedEverywhere:
    """Everybody who took part still finds the case, and no page fails."""

    def test_case_page_list_and_person_page_say_it(self, cast: Cast, erased: Case) -> None:
        client = signed_in(cast.manager)
        page = client.get(f"/case/{erased.pk}/").content.decode()
        assert "The data of this person were erased" in page
        assert "Show name" not in page
        for step in ("Open the case again", "Write a note", "Place a legal hold", "Ask for erasure"):
            assert step not in page
        assert "Erased" in client.get("/cases/").content.decode()
        person = client.get(f"/people/{erased.person_id}/").content.decode()
        assert "are erased" in person
        assert "Show name" not in person

    def test_readings_answer_erased_instead_of_failing(self, cast: Cast, erased: Case) -> None:
        client = signed_in(cast.manager)
        for note in erased.notes.all():
            page = client.post(f"/case/{erased.pk}/read/note/{note.pk}/")
            assert (page.status_code, "Erased" in page.content.decode()) == (200, True)
        for address in (f"/people/{erased.person_id}/name/", f"/case/{erased.pk}/name/"):
            page = client.post(address, {"purpose": "casework"})
            assert page.status_code in (200, 404), address
        assert client.post(f"/people/{erased.person_id}/correct/open/", follow=True).status_code in (200, 404)

    def test_forms_that_would_write_say_why_not(self, cast: Cast, erased: Case) -> None:
        client: Client = signed_in(cast.manager)
        address = f"/case/{erased.pk}/note/"
        form = {**hidden(client.get(address)), "section": "narrative", "text": "Something new."}
        page = client.post(address, form)
        assert (page.status_code, "were erased" in page.content.decode()) == (422, True)

    def test_no_page_of_the_case_fails_for_anybody(self, cast: Cast, erased: Case) -> None:
        from tests.crawling import addresses

        row = Erasure.objects.get()
        ids = [erased.pk, erased.person_id, row.pk, *erased.notes.values_list("pk", flat=True)[:1]]
        urls = [
            (page, url) for page, url in addresses([one for one in ids if one]) if any(str(one) in url for one in ids)
        ]
        assert len(urls) > 50
        for name in ("manager", "registry"):
            client = signed_in(getattr(cast, name))
            for page, url in urls:
                assert client.get(url).status_code in (200, 302, 404, 405), (name, page)

    def test_a_letter_on_a_decision_says_that_nothing_is_left(
        self, cast: Cast, django_capture_on_commit_callbacks: Any
    ) -> None:
        from spean.cases.actions import close_case
        from spean.identification import actions as identification

        row = steps.proposed(cast)
        identification.confirm_determination(cast.reviewer, row)
        identification.inform_of_determination(cast.manager, row, language="km")
        case = Case.objects.get(pk=row.case_id)
        close_case(cast.manager, case, reason="person_wants_to_end", explanation="She goes home and wishes it.")
        confirm(cast.registry, asked(cast, Case.objects.get(pk=case.pk)), django_capture_on_commit_callbacks)
        client = signed_in(cast.manager)
        page = client.post(f"/determination/{row.pk}/letter/", {"language": "en", "named": "yes"})
        assert (page.status_code, "nothing left to write a letter" in page.content.decode()) == (422, True)


def test_what_was_kept_long_enough_waits_on_the_home_page(cast: Cast) -> None:
    from datetime import timedelta

    from spean.lib import clock

    case = ended(cast)
    assert "Kept long enough" not in signed_in(cast.manager).get("/").content.decode()
    with clock.travel(clock.now() + erasure.retention() + timedelta(days=1)):
        page = signed_in(cast.manager).get("/").content.decode()
    assert f"/case/{case.pk}/erasure/" in page
