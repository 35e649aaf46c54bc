"""Emergency access as people walk it: ask, answer, read, be told, review; and what everybody else gets."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from spean.cases.models import Case
from spean.lib import clock
from spean.privacy.emergency import EmergencyAccess
from spean.privacy.models import Event
from tests import steps
from tests.cast import Cast
from tests.signed_in import signed_in

TEXT = "Her phone rang out after she wrote that a man stands at the door."


def asking(code: str, **more: Any) -> dict[str, Any]:
    return {
        "code": code, "reason": "danger_to_life", "text": TEXT, "sections": ["identity", "contact"],
        "second": "other_manager@example.org", "once": str(uuid4()), **more,
    }  # fmt: skip


def walked(cast: Cast, code: str, **more: Any) -> tuple[Client, EmergencyAccess]:
    """Asked on the page and confirmed on the page."""
    client = signed_in(cast.outsider)
    sent = client.post(reverse("emergency_ask"), asking(code, **more))
    assert sent.status_code == 302, sent.content
    access = EmergencyAccess.objects.latest("asked_at")
    answer = reverse("emergency_answer", args=[access.pk])
    assert signed_in(cast.other_manager).post(answer, {"answer": "confirm", "version": "1"}).status_code == 302
    access.refresh_from_db()
    return client, access


@pytest.fixture
def case(cast: Cast) -> Case:
    return steps.registered(cast, steps.identity("Kanariefamily", "Kanariegiven", address="Kanariehouse"))


class TestOutsiders:
    @pytest.mark.parametrize("name", ["colleague", "other_provider", "investigator", "administrator", "statistician"])
    def test_see_no_request_of_others(self, cast: Cast, case: Case, name: str) -> None:
        _, access = walked(cast, case.code)
        client = signed_in(getattr(cast, name))
        nowhere = client.get(reverse("emergency", args=[uuid4()]))
        for page in ("emergency", "emergency_answer", "emergency_review"):
            answer = client.get(reverse(page, args=[access.pk]))
            assert (answer.status_code, answer.content) == (404, nowhere.content)
        for url in (
            reverse("emergency_words", args=[access.pk]), reverse("emergency_read", args=[access.pk, "identity"]),
        ):  # fmt: skip
            assert client.post(url).status_code == 404
        if name not in ("administrator", "statistician"):
            assert str(access.pk) not in client.get(reverse("emergency_list")).content.decode()

    def test_those_who_confirm_review_or_are_told_read_nothing_of_the_person(self, cast: Cast, case: Case) -> None:
        _, access = walked(cast, case.code)
        for name in ("other_manager", "auditor"):
            client = signed_in(getattr(cast, name))
            page = client.get(reverse("emergency", args=[access.pk])).content.decode()
            assert "Show" not in page.split("Read code")[0].split("spean-marks")[1]
            for section in ("identity", "contact", "narrative", "whereabouts"):
                assert client.post(reverse("emergency_read", args=[access.pk, section])).status_code == 404

    def test_a_code_that_leads_nowhere_looks_like_one_that_is_closed(self, cast: Cast, case: Case) -> None:
        from spean.cases.exclusion import exclude

        exclude(cast.manager, case, reason="implicated", organisation=cast.org("other_police"))
        pages = []
        for code in (case.code, "C-0000-0000"):
            client, access = walked(cast, code)
            page = client.get(reverse("emergency", args=[access.pk])).content.decode()
            assert "Nothing can be shown for this code" in page
            assert client.post(reverse("emergency_read", args=[access.pk, "identity"])).status_code == 404
            token = page.split('name="csrfmiddlewaretoken" value="')
            pages.append("".join(part.split('"', 1)[-1] for part in token).replace(str(access.pk), ""))
        assert pages[0] == pages[1]


class TestTheWalk:
    def test_reads_what_was_asked_and_no_more(self, cast: Cast, case: Case) -> None:
        client, access = walked(cast, case.code)
        page = client.get(reverse("emergency", args=[access.pk])).content.decode()
        assert "Kanarie" not in page
        opened = client.post(reverse("emergency_read", args=[access.pk, "identity"])).content.decode()
        assert "Kanariefamily" in opened
        assert "Kanariehouse" not in opened
        assert "012345678" in client.post(reverse("emergency_read", args=[access.pk, "contact"])).content.decode()
        for section in ("narrative", "whereabouts", "health"):
            assert client.post(reverse("emergency_read", args=[access.pk, section])).status_code == 404
        assert Event.objects.filter(action="identity.revealed", actor_id=cast.outsider.pk, purpose="emergency").exists()
        # No other page of the case, and nothing that lists or finds it.
        for url in (reverse("case", args=[case.pk]), reverse("person", args=[case.person_id])):
            assert client.get(url).status_code == 404
        assert case.code not in client.get(reverse("case_list")).content.decode()

    def test_it_is_over_after_four_hours(self, cast: Cast, case: Case) -> None:
        _, access = walked(cast, case.code)
        with clock.travel(clock.now() + timedelta(hours=4)):
            client = signed_in(cast.outsider)
            assert client.post(reverse("emergency_read", args=[access.pk, "identity"])).status_code == 404
            assert "Over, waits for review" in client.get(reverse("emergency", args=[access.pk])).content.decode()

    def test_where_she_is_with_a_life_in_danger(self, cast: Cast, case: Case) -> None:
        from spean.referral import actions as referral

        steps.agree(cast, case, "service_referral", cast.org("shelter"))
        service = steps.service(cast, address="Kanariestreet")
        sent = referral.send_referral(cast.manager, case, "service", cast.org("shelter"), service=service)
        referral.accept_referral(cast.provider, sent)
        client = signed_in(cast.other_provider)
        client.post(reverse("emergency_ask"), asking(case.code, sections=["whereabouts"]))
        access = EmergencyAccess.objects.get()
        location = reverse("service_location", args=[service.pk])
        assert client.post(location, {"purpose": "emergency"}).status_code == 404
        answer = reverse("emergency_answer", args=[access.pk])
        signed_in(cast.other_manager).post(answer, {"answer": "confirm"})
        page = client.post(reverse("emergency_read", args=[access.pk, "whereabouts"])).content.decode()
        assert "Kanariehouse" in page
        assert "Kanariestreet" in page

    def test_the_screener_is_not_offered_the_place(self, cast: Cast, case: Case) -> None:
        client = signed_in(cast.outsider)
        assert "Where the person is" not in client.get(reverse("emergency_ask")).content.decode()
        answer = client.post(reverse("emergency_ask"), asking(case.code, sections=["whereabouts"]))
        assert answer.status_code == 422
        assert not EmergencyAccess.objects.exists()

    def test_a_fresh_second_step_is_asked_for_before_anybody_types(self, cast: Cast, case: Case) -> None:
        client = signed_in(cast.outsider)
        assert client.get(reverse("emergency_ask")).status_code == 200
        with clock.travel(clock.now() + timedelta(minutes=6)):
            sent_away = client.get(reverse("emergency_ask"))
            assert sent_away["Location"].startswith(reverse("again_in_demonstration"))
            typed = client.post(reverse("emergency_ask"), asking(case.code))
            assert typed.status_code == 422
            assert "Confirm first that it is you" in typed.content.decode()
            assert TEXT in typed.content.decode()
            # The button of a demonstration leads back to where he was.
            assert client.post(sent_away["Location"])["Location"] == reverse("emergency_ask")
        assert not EmergencyAccess.objects.exists()

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ({"code": ""}, "Enter the code"),
            ({"text": "help"}, "in a sentence at least"),
            ({"reason": "curious"}, "Select a valid choice"),
            ({"sections": []}, "Choose what you need to know"),
            ({"second": "nobody@example.org"}, "Nobody has this e-mail address here"),
            ({"second": "outsider@example.org"}, "another organisation than you"),
        ],
    )
    def test_what_is_wrong_is_said(self, cast: Cast, case: Case, wrong: dict[str, Any], told: str) -> None:
        answer = signed_in(cast.outsider).post(reverse("emergency_ask"), {**asking(case.code), **wrong})
        assert answer.status_code == 422
        assert told in answer.content.decode()
        assert not EmergencyAccess.objects.exists()

    def test_alone(self, cast: Cast, case: Case) -> None:
        client = signed_in(cast.outsider)
        typed = {name: value for name, value in asking(case.code).items() if name in ("code", "reason", "text", "once")}
        for _ in range(2):
            assert client.post(reverse("emergency_alone"), typed).status_code == 302
        access = EmergencyAccess.objects.get()
        assert "012345678" in client.post(reverse("emergency_read", args=[access.pk, "contact"])).content.decode()
        assert client.post(reverse("emergency_read", args=[access.pk, "identity"])).status_code == 404
        counted = signed_in(cast.auditor).get(reverse("emergency_list")).content.decode()
        assert "1, of which 1 without a second person" in " ".join(counted.split())


class TestWhoIsTold:
    def test_the_case_manager_for_ever_on_the_page_of_the_case(self, cast: Cast, case: Case) -> None:
        _, access = walked(cast, case.code)
        client = signed_in(cast.manager)
        url = reverse("emergency", args=[access.pk])
        assert url in client.get(reverse("home")).content.decode()
        assert url in client.get(reverse("case", args=[case.pk])).content.decode()
        with clock.travel(clock.now() + timedelta(days=400)):
            Case.objects.get(pk=case.pk)
            assert url in signed_in(cast.manager).get(reverse("case", args=[case.pk])).content.decode()

    def test_the_second_person_and_the_auditor_find_their_work_at_home(self, cast: Cast, case: Case) -> None:
        signed_in(cast.outsider).post(reverse("emergency_ask"), asking(case.code))
        access = EmergencyAccess.objects.get()
        url = reverse("emergency", args=[access.pk])
        second = signed_in(cast.other_manager)
        assert url in second.get(reverse("home")).content.decode()
        words = second.post(reverse("emergency_words", args=[access.pk])).content.decode()
        assert TEXT in words
        assert case.code in words
        second.post(reverse("emergency_answer", args=[access.pk]), {"answer": "confirm"})
        auditor = signed_in(cast.auditor)
        assert url in auditor.get(reverse("home")).content.decode()
        review = reverse("emergency_review", args=[access.pk])
        assert auditor.post(review, {"verdict": "justified", "finding": ""}).status_code == 422
        done = auditor.post(review, {"verdict": "not_justified", "finding": "Nobody there knew of any danger."})
        assert done.status_code == 302
        assert url not in auditor.get(reverse("home")).content.decode()
        answer = signed_in(cast.outsider).post(reverse("emergency_ask"), asking(case.code))
        assert "You cannot ask for another" in answer.content.decode()
