"""Finding persons, their records, corrections, and decisions on possible matches: outsiders first."""

from typing import Any

import pytest
from django.urls import reverse

from spean.people.models import Person, PossibleMatch
from spean.privacy.models import Event
from tests import steps
from tests.cast import Cast
from tests.people.test_registration_pages import TYPED, at_other_focal, form, hidden, send, typed_identity, waiting
from tests.signed_in import signed_in


def pair(cast: Cast) -> PossibleMatch:
    """An undecided match between a person of this agency and one of another."""
    known = at_other_focal(
        cast, family_name="Canaryfamily", given_name="Canarygiven", mother_name="Canarymother", phone="012 999 888"
    )
    case = waiting(cast)
    client = signed_in(cast.manager)
    assert send(client, case, {**form(client, case), f"decision_{known.pk}": "unsure"}).status_code == 302
    return PossibleMatch.objects.get()


@pytest.mark.parametrize("who", ["other_manager", "screener", "outsider", "provider", "officer", "investigator"])
def test_a_person_of_others_answers_like_one_that_does_not_exist(cast: Cast, who: str) -> None:
    person = steps.person_of(steps.registered(cast, typed_identity()))
    client = signed_in(getattr(cast, who))
    for name in ("person", "person_reveal", "person_correct_open", "person_correct"):
        there, gone = reverse(name, args=[person.pk]), reverse(name, args=["00000000-0000-4000-8000-000000000000"])
        assert client.get(there).status_code == 404
        assert client.get(there).content == client.get(gone).content
        assert client.post(there, TYPED).status_code in (404, 405)
        assert client.post(there, TYPED).content == client.post(gone, TYPED).content


def test_search_finds_in_any_spelling_and_tells_the_log_nothing_of_the_words(cast: Cast) -> None:
    person = steps.person_of(steps.registered(cast, typed_identity()))
    client = signed_in(cast.manager)
    page = client.post(reverse("person_search"), {"words": "canarygiven canaryfamilly"}).content.decode()
    assert person.code in page
    assert "C.C." in page
    row = Event.objects.get(action="people.searched")
    assert row.facts == {"found": 1, "shown": 1, "persons": [str(person.pk)]}
    assert client.get(reverse("person_search"), {"words": "Canaryfamily"}).content.decode().count(person.code) == 0


def test_search_shows_only_persons_one_may_see(cast: Cast) -> None:
    person = at_other_focal(cast, family_name="Canaryfamily", given_name="Canarygiven")
    client = signed_in(cast.manager)
    page = client.post(reverse("person_search"), {"words": "Canaryfamily Canarygiven"}).content.decode()
    assert person.code not in page
    assert "Nobody found" in page
    assert signed_in(cast.provider).get(reverse("person_search")).status_code == 404


def test_the_name_opens_on_demand_with_a_purpose_and_is_logged(cast: Cast) -> None:
    person = steps.person_of(steps.registered(cast, typed_identity()))
    client = signed_in(cast.manager)
    address = reverse("person", args=[person.pk])
    assert "Canary" not in client.get(address).content.decode()
    asked = client.post(reverse("person_reveal", args=[person.pk]), {})
    assert asked.status_code == 422
    assert "Choose why you open it" in asked.content.decode()
    assert "Canary" not in asked.content.decode()
    opened = client.post(reverse("person_reveal", args=[person.pk]), {"purpose": "letter"})
    assert "Canaryfamily" in opened.content.decode()
    assert "no-store" in opened["Cache-Control"]
    row = Event.objects.filter(action="identity.revealed", object_id=person.pk).latest("id")
    assert (row.actor_id, row.purpose) == (cast.manager.pk, "letter")


def test_correcting_keeps_the_rest_and_tells_the_second(cast: Cast) -> None:
    person = steps.person_of(steps.registered(cast, typed_identity()))
    client = signed_in(cast.manager)
    page = client.post(reverse("person_correct_open", args=[person.pk])).content.decode()
    assert 'value="Canarymother"' in page
    data: dict[str, Any] = {**TYPED, "version": hidden(page, "version"), "once": hidden(page, "once")}
    done = client.post(reverse("person_correct", args=[person.pk]), {**data, "given_name": "Canaryother"})
    assert done.status_code == 302
    late = client.post(
        reverse("person_correct", args=[person.pk]),
        {**data, "once": "6b1c9e0a-0000-4000-8000-000000000001", "given_name": "Canarythird"},
    )
    assert late.status_code == 422
    assert "Person’s record changed" in late.content.decode()
    assert "Canarythird" in late.content.decode()
    opened = client.post(reverse("person_reveal", args=[person.pk]), {"purpose": "casework"}).content.decode()
    assert "Canaryother" in opened
    assert "Canarymother" in opened


# --- possible matches --------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["other_manager", "outsider", "provider", "officer"])
def test_a_match_of_others_does_not_exist(cast: Cast, who: str) -> None:
    match = pair(cast)
    client = signed_in(getattr(cast, who))
    for name in ("match", "match_compare", "match_decide"):
        for answer in (client.get(reverse(name, args=[match.pk])), client.post(reverse(name, args=[match.pk]))):
            assert answer.status_code in (404, 405)


def test_an_agency_sees_its_own_side_of_a_match_and_cannot_decide(cast: Cast) -> None:
    match = pair(cast)
    client = signed_in(cast.manager)
    page = client.get(reverse("match", args=[match.pk])).content.decode()
    assert match.person.code in page
    assert match.other.code not in page
    assert "The national registry decides" in page
    assert match.other.code not in client.get(reverse("match_list")).content.decode()
    assert client.post(reverse("match_compare", args=[match.pk])).status_code == 404
    tried = client.post(reverse("match_decide", args=[match.pk]), {"decision": "same", "version": 1})
    assert tried.status_code == 422
    assert "The national registry decides" in tried.content.decode()
    assert PossibleMatch.objects.get().status == "open"


def test_the_registry_compares_decides_and_undoes(cast: Cast) -> None:
    match = pair(cast)
    client = signed_in(cast.registry)
    listed = client.get(reverse("match_list")).content.decode()
    assert match.person.code in listed
    assert match.other.code in listed
    assert "Canary" not in listed
    opened = client.post(reverse("match_compare", args=[match.pk])).content.decode()
    assert opened.count("Canaryfamily") == 2
    assert Event.objects.filter(action="identity.revealed", purpose="matching").count() == 2
    decide = reverse("match_decide", args=[match.pk])
    assert client.post(decide, {"decision": "same", "version": 1}).status_code == 302
    assert Person.objects.get(pk=match.person_id).same_as_id == match.other_id
    late = client.post(decide, {"decision": "not_same", "version": 1})
    assert late.status_code == 422
    assert "Two records confirmed to be one person" in late.content.decode()
    assert client.post(decide, {"decision": "not_same", "version": 2}).status_code == 302
    assert Person.objects.get(pk=match.person_id).same_as_id is None


def test_khmer_renders(cast: Cast) -> None:
    person = steps.person_of(steps.registered(cast, typed_identity()))
    cast.manager.language = "km"
    cast.manager.save()
    client = signed_in(cast.manager)
    for address in (reverse("person", args=[person.pk]), reverse("person_search"), reverse("match_list")):
        assert '<html lang="km">' in client.get(address).content.decode()
