"""The queue of referrals and the answers: outsiders first, then what the focal agency sees and does."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from spean.cases.models import Case, Exclusion, Task
from spean.lib import clock
from spean.privacy.models import Event
from spean.referral import actions
from spean.referral.models import Referral
from tests import steps
from tests.cast import Cast
from tests.signed_in import signed_in

NAME = "Canaryname Phally"
MESSAGE = "Canarymessage: she waits at the bus station."


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', page) or re.search(
        rf'value="([^"]*)"[^>]* name="{name}"', page
    )
    return found.group(1) if found else ""


def sent(cast: Cast, **kwargs: object) -> Referral:
    case = steps.consented(cast, name=NAME, **kwargs)  # type: ignore[arg-type]
    return actions.refer_case(cast.screener, case, cast.org("focal"), message=MESSAGE)


OUTSIDERS = ("other_manager", "outsider", "colleague", "provider", "officer", "investigator", "prosecutor")


@pytest.mark.parametrize("who", OUTSIDERS)
def test_a_referral_to_others_answers_like_one_that_does_not_exist(cast: Cast, who: str) -> None:
    referral = sent(cast)
    client = signed_in(getattr(cast, who))
    for name in ("referral", "referral_message", "referral_acknowledge", "referral_decline", "referral_accept"):
        for ask in (client.get, client.post):
            there = ask(reverse(name, args=[referral.pk]))
            gone = ask(reverse(name, args=["00000000-0000-4000-8000-000000000000"]))
            assert there.status_code == gone.status_code, (name, ask)
            assert there.status_code in (404, 405)
            assert there.content == gone.content
    listed = client.get(reverse("referral_list"))
    assert referral.case.code not in listed.content.decode()
    referral.refresh_from_db()
    assert referral.status == "sent"


def test_an_excluded_agency_sees_nothing_of_what_was_sent_to_it(cast: Cast) -> None:
    referral = sent(cast)
    Exclusion.objects.create(
        case=referral.case, organisation=cast.org("focal"), reason="implicated", created_by=cast.registry
    )
    client = signed_in(cast.manager)
    assert client.get(reverse("referral", args=[referral.pk])).status_code == 404
    assert client.post(reverse("referral_message", args=[referral.pk])).status_code == 404
    assert referral.case.code not in client.get(reverse("referral_list")).content.decode()


def test_queue_shows_codes_and_facts_and_no_name(cast: Cast) -> None:
    referral = sent(cast, age=16)
    page = signed_in(cast.manager).get(reverse("referral_list")).content.decode()
    for words in (referral.case.code, "9–17", "Child", "Border Police Unit", "due "):
        assert words in page, words
    assert "Canary" not in page


def test_the_urgent_come_first_and_what_is_late_says_so(cast: Cast) -> None:
    late = sent(cast)
    Task.objects.filter(case=late.case).update(due_at=clock.now() - timedelta(days=3))
    case = steps.consented(cast, name="Second")
    urgent = actions.refer_case(cast.screener, case, cast.org("focal"), urgent=True)
    page = signed_in(cast.manager).get(reverse("referral_list")).content.decode()
    assert page.index(urgent.case.code) < page.index(late.case.code)
    assert "overdue" in page


def test_filters_and_directions(cast: Cast) -> None:
    referral = sent(cast)
    manager, screener = signed_in(cast.manager), signed_in(cast.screener)
    assert referral.case.code in manager.get(reverse("referral_list"), {"show": "waiting"}).content.decode()
    assert referral.case.code not in manager.get(reverse("referral_list"), {"show": "accepted"}).content.decode()
    assert referral.case.code not in manager.get(reverse("referral_list"), {"direction": "out"}).content.decode()
    assert referral.case.code in screener.get(reverse("referral_list")).content.decode()
    assert manager.get(reverse("referral_list"), {"show": "nonsense", "page": "x"}).status_code == 200


def test_the_page_of_a_referral_shows_what_was_sent_and_keeps_the_message_shut(cast: Cast) -> None:
    referral = sent(cast)
    client = signed_in(cast.manager)
    page = client.get(reverse("referral", args=[referral.pk])).content.decode()
    assert "Presumed" in page
    assert "Read the message" in page
    assert "Canary" not in page
    opened = client.post(reverse("referral_message", args=[referral.pk]))
    assert MESSAGE in opened.content.decode()
    read = Event.objects.filter(action="content.read", object_id=referral.pk)
    assert [(row.actor_id, row.purpose, row.fields) for row in read] == [(cast.manager.pk, "referral", ["message"])]
    assert "Canary" not in str(list(Event.objects.values()))
    again = client.get(reverse("referral_message", args=[referral.pk]))
    assert again.status_code == 302


def test_what_was_not_shared_is_not_shown(cast: Cast) -> None:
    referral = sent(cast)
    Referral.objects.filter(pk=referral.pk).update(sections=["identity"])
    client = signed_in(cast.manager)
    page = client.get(reverse("referral", args=[referral.pk])).content.decode()
    assert "What the interview suggests" not in page
    assert client.post(reverse("referral_message", args=[referral.pk])).status_code == 404


def test_acknowledging_takes_the_case_over_once(cast: Cast) -> None:
    referral = sent(cast)
    client = signed_in(cast.manager)
    address = reverse("referral", args=[referral.pk])
    page = client.get(address).content.decode()
    data = {"version": hidden(page, "version"), "once": hidden(page, "once")}
    done = client.post(reverse("referral_acknowledge", args=[referral.pk]), data)
    assert done.status_code == 302
    again = client.post(reverse("referral_acknowledge", args=[referral.pk]), data)
    assert again.status_code in (302, 422)
    referral.refresh_from_db()
    assert referral.status == "acknowledged"
    assert Case.objects.get(pk=referral.case_id).focal_organisation == cast.org("focal")
    assert "Register the person" in client.get(address).content.decode()


def test_the_second_of_two_is_told_what_the_first_did(cast: Cast) -> None:
    referral = sent(cast)
    client = signed_in(cast.manager)
    page = client.get(reverse("referral_decline", args=[referral.pk])).content.decode()
    actions.acknowledge_referral(cast.again("manager"), Referral.objects.get(pk=referral.pk))
    late = client.post(
        reverse("referral_decline", args=[referral.pk]),
        {"version": hidden(page, "version"), "once": hidden(page, "once"), "reason": "too_far", "answer": "Kept words"},
    )
    told = late.content.decode()
    assert late.status_code == 422
    assert "Referral acknowledged" in told
    assert "Kept words" in told
    assert Referral.objects.get(pk=referral.pk).status == "acknowledged"


def test_declining_needs_a_reason_and_gives_the_case_back(cast: Cast) -> None:
    referral = sent(cast)
    client = signed_in(cast.manager)
    address = reverse("referral_decline", args=[referral.pk])
    refused = client.post(address, {"version": 1, "answer": "Kept words"})
    assert refused.status_code == 422
    assert "Choose why the referral is declined" in refused.content.decode()
    assert "Kept words" in refused.content.decode()
    done = client.post(address, {"version": 1, "reason": "too_far", "answer": "Closer office: the next province."})
    assert done.status_code == 302
    referral.refresh_from_db()
    assert (referral.status, referral.case.status) == ("declined", "screened")


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


def test_the_queue_asks_the_database_as_often_for_many_as_for_one(cast: Cast) -> None:
    sent(cast)
    client = signed_in(cast.manager)
    client.get(reverse("referral_list"))
    few = queries(client, reverse("referral_list"))
    for _number in range(4):
        sent(cast)
    assert queries(client, reverse("referral_list")) == few
    assert few <= 12


def test_khmer_renders(cast: Cast) -> None:
    referral = sent(cast)
    cast.manager.language = "km"
    cast.manager.save()
    client = signed_in(cast.manager)
    for address in (
        reverse("referral_list"),
        reverse("referral", args=[referral.pk]),
        reverse("referral_decline", args=[referral.pk]),
    ):
        page = client.get(address).content.decode()
        assert '<html lang="km">' in page
