"""Registering a person in the browser: nobody unchecked, nothing typed lost, nothing written twice."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from spean.cases.models import Case
from spean.people.actions import Identity, register_person
from spean.people.models import Person, PossibleMatch
from spean.privacy import doors
from spean.privacy.models import Event
from tests import steps
from tests.cast import Cast
from tests.signed_in import signed_in

TYPED = {
    "family_name": "Canaryfamily", "given_name": "Canarygiven", "sex": "female", "birth_date_0": "4",
    "birth_date_1": "3", "birth_date_2": "2001", "nationality": "KHM", "languages": ["km"], "phone": "012 999 888",
    "mother_name": "Canarymother", "has_documents": "unknown",
}  # fmt: skip


def hidden(page: str, name: str) -> str:
    found = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
    value = re.search(r'value="([^"]*)"', found.group(0)) if found else None
    return value.group(1) if value else ""


def waiting(cast: Cast, name: str = "Canarystated Person") -> Case:
    return Case.objects.get(pk=steps.acknowledged(cast, name=name).case_id)


def at_other_focal(cast: Cast, **who: Any) -> Person:
    """Somebody registered by another focal agency."""
    from spean.referral import actions as referral

    case = steps.consented(cast, name="x")
    sent = referral.refer_case(cast.screener, case, cast.org("other_focal"))
    referral.acknowledge_referral(cast.other_manager, sent)
    return register_person(cast.other_manager, Case.objects.get(pk=case.pk), steps.identity(**who), {})


def typed_identity() -> Identity:
    return steps.identity("Canaryfamily", "Canarygiven", mother_name="Canarymother", phone="012 999 888")


def form(client: Client, case: Case) -> dict[str, Any]:
    page = client.get(reverse("case_register", args=[case.pk])).content.decode()
    return {**TYPED, "once": hidden(page, "once"), "version": hidden(page, "version")}


def send(client: Client, case: Case, data: dict[str, Any]) -> Any:
    return client.post(reverse("case_register", args=[case.pk]), data)


@pytest.mark.parametrize("who", ["other_manager", "registry", "screener", "outsider", "provider", "officer"])
def test_outsiders_cannot_register(cast: Cast, who: str) -> None:
    case = waiting(cast)
    client = signed_in(getattr(cast, who))
    gone = client.get(reverse("case_register", args=["00000000-0000-4000-8000-000000000000"]))
    for name in ("case_register", "case_register_prefill"):
        for answer in (client.get(reverse(name, args=[case.pk])), client.post(reverse(name, args=[case.pk]), TYPED)):
            assert answer.status_code == 404
            assert answer.content == gone.content
    assert not Person.objects.exists()


def test_a_newcomer_is_registered_and_the_case_page_opens(cast: Cast) -> None:
    case = waiting(cast)
    client = signed_in(cast.manager)
    done = send(client, case, form(client, case))
    assert done.status_code == 302
    assert done["Location"] == reverse("case", args=[case.pk])
    person = Person.objects.get()
    assert (person.sex, person.birth_year, person.nationality) == ("female", 2001, "KHM")
    assert doors.initials(cast.manager, [person]) == {person.pk: "C.C."}
    assert "Canary" not in str(list(Event.objects.values()))


def test_what_the_responder_wrote_is_filled_in_on_demand_and_logged(cast: Cast) -> None:
    case = waiting(cast)
    client = signed_in(cast.manager)
    address = reverse("case_register", args=[case.pk])
    assert "Canarystated" not in client.get(address).content.decode()
    page = client.post(reverse("case_register_prefill", args=[case.pk])).content.decode()
    assert 'value="Canarystated"' in page
    assert 'value="012 345 678"' in page
    rows = Event.objects.filter(action="identity.revealed")
    assert [(row.purpose, row.fields) for row in rows] == [("registration", ["stated_contact", "stated_name"])]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"sex": ""}, "Choose one"),
        ({"family_name": "", "given_name": ""}, "Enter at least one name"),
        ({"birth_date_1": "13"}, "This day does not exist"),
        ({"birth_date_0": "", "birth_date_1": ""}, "Enter the day"),
        ({"birth_date_2": "3001"}, "in the future"),
        ({"birth_year": "1999"}, "This differs from the date of birth"),
        ({"age": "121"}, "Enter an age from 0 to 120"),
        ({"nationality": "QQQ"}, "Select a valid choice"),
        ({"disability": ["none", "seeing"]}, "stand alone"),
        ({"given_name": "x" * 201}, "This is too long"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_typed_is_lost(
    cast: Cast, wrong: dict[str, Any], words: str
) -> None:
    case = waiting(cast)
    client = signed_in(cast.manager)
    answer = send(client, case, {**form(client, case), **wrong})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "Canarymother" in page
    assert not Person.objects.exists()


def test_the_search_cannot_be_left_out(cast: Cast) -> None:
    """Neither by sending no decision, nor by a decision about somebody else."""
    first = steps.registered(cast, typed_identity())
    known = steps.person_of(first)
    case = waiting(cast)
    client = signed_in(cast.manager)
    data = form(client, case)
    for more in ({}, {"decided": "1"}, {f"decision_{case.pk}": "not_same"}, {f"decision_{known.pk}": "perhaps"}):
        answer = send(client, case, {**data, **more})
        page = answer.content.decode()
        assert answer.status_code in (200, 422)
        assert "Is this person registered already?" in page
        assert known.code in page
        assert "Same telephone number" in page
        assert 'value="Canarymother"' in page
    assert Person.objects.count() == 1
    done = send(client, case, {**data, f"decision_{known.pk}": "not_same"})
    assert done.status_code == 302
    assert PossibleMatch.objects.get().status == "not_same"


def test_the_same_person_points_to_the_first_record(cast: Cast) -> None:
    known = steps.person_of(steps.registered(cast, typed_identity()))
    case = waiting(cast)
    client = signed_in(cast.manager)
    assert send(client, case, {**form(client, case), f"decision_{known.pk}": "same"}).status_code == 302
    assert Person.objects.exclude(pk=known.pk).get().same_as_id == known.pk


def test_comparing_shows_both_names_logs_it_and_keeps_what_was_typed(cast: Cast) -> None:
    known = steps.person_of(steps.registered(cast, typed_identity()))
    case = waiting(cast)
    client = signed_in(cast.manager)
    data = form(client, case)
    page = send(client, case, data).content.decode()
    assert page.count("Canaryfamily") == 1  # in the hidden field alone
    answer = send(client, case, {**data, "compare": str(known.pk)})
    assert answer.content.decode().count("Canaryfamily") == 3
    assert Event.objects.filter(action="identity.revealed", object_id=known.pk, purpose="matching").count() == 1
    assert Case.objects.get(pk=case.pk).status == "referred"
    assert "Register the person" in send(client, case, {**data, "edit": "1"}).content.decode()


def test_a_record_of_another_agency_stays_shut_and_only_unsure_is_possible(cast: Cast) -> None:
    known = at_other_focal(
        cast, family_name="Canaryfamily", given_name="Canarygiven", mother_name="Canarymother", phone="012 999 888"
    )
    case = waiting(cast)
    client = signed_in(cast.manager)
    data = form(client, case)
    page = send(client, case, data).content.decode()
    assert "A person registered by another agency" in page
    # Not even why it was found: whoever types a name must not learn that it is hers.
    for told in ("Same name", "Same telephone number", "Same mother", "Same date", "Probably the same"):
        assert told not in page, told
    assert known.code not in page
    assert reverse("person", args=[known.pk]) not in page
    assert client.get(reverse("person", args=[known.pk])).status_code == 404
    assert send(client, case, {**data, "compare": str(known.pk)}).status_code == 404
    for decision in ("same", "not_same"):
        refused = send(client, case, {**data, f"decision_{known.pk}": decision})
        assert refused.status_code == 422
        assert "the national registry will check" in refused.content.decode()
    assert Person.objects.count() == 1
    assert send(client, case, {**data, f"decision_{known.pk}": "unsure"}).status_code == 302
    match = PossibleMatch.objects.get()
    assert match.status == "open"
    for url in (reverse("match_list"), reverse("match", args=[match.pk])):
        ours, registry = (signed_in(user).get(url).content.decode() for user in (cast.manager, cast.registry))
        assert "Same telephone number" not in ours
        assert "Same telephone number" in registry


def test_sent_twice_is_registered_once(cast: Cast) -> None:
    case = waiting(cast)
    client = signed_in(cast.manager)
    data = form(client, case)
    assert send(client, case, data).status_code == 302
    assert send(client, case, data).status_code in (302, 404)
    assert Person.objects.count() == 1


def test_the_second_of_two_is_told_what_the_first_did(cast: Cast) -> None:
    case = waiting(cast)
    client = signed_in(cast.manager)
    data = form(client, case)
    register_person(cast.again("manager"), case, steps.identity(), {})
    late = send(client, case, data)
    page = late.content.decode()
    assert late.status_code == 422
    assert "Person registered" in page
    assert "Canarymother" in page
    assert Person.objects.count() == 1


def test_without_the_search_nothing_is_saved_and_nothing_lost(cast: Cast, settings: Any) -> None:
    case = waiting(cast)
    client = signed_in(cast.manager)
    data = form(client, case)
    settings.SPEAN_SEARCH_SOCKET = settings.SPEAN_SEARCH_SOCKET.with_name("nobody")
    answer = send(client, case, data)
    page = answer.content.decode()
    assert answer.status_code == 503
    assert "The duplicate check is not running" in page
    assert "Canarymother" in page
    assert not Person.objects.exists()
    found = client.post(reverse("person_search"), {"words": "Canaryfamily"})
    assert "The search is not running" in found.content.decode()


def test_age_alone_estimates_the_year(cast: Cast) -> None:
    case = waiting(cast)
    client = signed_in(cast.manager)
    data = {**form(client, case), "birth_date_0": "", "birth_date_1": "", "birth_date_2": "", "age": "20"}
    assert send(client, case, data).status_code == 302
    person = Person.objects.get()
    assert person.birth_year_estimated
    assert person.birth_year is not None
