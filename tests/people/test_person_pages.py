"""Finding persons, their records, corrections, and decisions on possible matches: outsiders first."""

from typing import Any

import pytest
from django.urls import reverse

from spean.people import actions, queries
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


# --- unsure, and taking a decision back --------------------------------------------------------------------


def test_unsure_is_kept_with_who_and_when_and_waits_behind_the_others(cast: Cast) -> None:
    match = pair(cast)
    client = signed_in(cast.registry)
    decide = reverse("match_decide", args=[match.pk])
    assert 'value="unsure"' in client.get(reverse("match", args=[match.pk])).content.decode()
    assert client.post(decide, {"decision": "unsure", "version": 1}).status_code == 302
    kept = PossibleMatch.objects.get()
    assert (kept.status, kept.decided_by_id) == ("unsure", cast.registry.pk)
    assert kept.decided_at is not None
    assert Event.objects.filter(action="match.left_unsure", object_id=match.pk).count() == 1
    page = client.get(reverse("match", args=[match.pk])).content.decode()
    assert "could not decide" in page
    assert cast.registry.name in page
    other = PossibleMatch(
        case=match.case,
        person=match.other,
        other=match.person,
        score=match.score / 2,
        reasons=["same_phone"],
        created_by=cast.manager,
    )
    other.save(force_insert=True)
    assert [row.pk for row in queries.matches(cast.registry)] == [other.pk, match.pk]
    # It stays a question: whoever knows more later decides.
    assert client.post(decide, {"decision": "same", "version": 2}).status_code == 302
    assert Person.objects.get(pk=match.person_id).same_as_id == match.other_id
    assert client.post(decide, {"decision": "unsure", "version": 3}).status_code == 302
    assert Person.objects.get(pk=match.person_id).same_as_id is None


@pytest.mark.parametrize("who", ["manager", "other_manager", "outsider", "provider"])
def test_only_who_reads_both_records_may_be_unsure(cast: Cast, who: str) -> None:
    match = pair(cast)
    tried = signed_in(getattr(cast, who)).post(
        reverse("match_decide", args=[match.pk]), {"decision": "unsure", "version": 1}
    )
    assert tried.status_code in (404, 422)
    assert PossibleMatch.objects.get().status == "open"
    assert not Event.objects.filter(action="match.left_unsure").exists()


def test_unsure_at_registration_is_marked_where_both_records_were_read(cast: Cast) -> None:
    known = steps.person_of(steps.registered(cast, typed_identity()))
    case = waiting(cast)
    client = signed_in(cast.manager)
    assert send(client, case, {**form(client, case), f"decision_{known.pk}": "unsure"}).status_code == 302
    match = PossibleMatch.objects.get()
    assert (match.status, match.decided_by_id) == ("unsure", cast.manager.pk)


def matched(cast: Cast, one: Person, other: Person) -> PossibleMatch:
    match = PossibleMatch(
        case=one.cases.get(), person=one, other=other, score=0.5, reasons=["same_phone"], created_by=cast.manager
    )
    match.save(force_insert=True)
    return match


def test_taking_one_decision_back_leaves_the_others_and_both_histories(cast: Cast) -> None:
    """A is B, A is C: C hangs on B. Whichever is taken back, the other stays, and each record keeps its episode."""
    names = (("Sok", "Dara"), ("Chea", "Vanna"), ("Kim", "Ravy"))
    a, b, c = (
        steps.person_of(steps.registered(cast, who=steps.identity(*name, phone="", document_number=""), name=name[0]))
        for name in names
    )
    PossibleMatch.objects.all().delete()
    Person.objects.update(same_as=None)
    first, second = matched(cast, a, b), matched(cast, a, c)
    actions.confirm_same_person(cast.registry, first)
    actions.confirm_same_person(cast.registry, second)
    root = actions.root_of(Person.objects.get(pk=a.pk)).pk
    assert {actions.root_of(Person.objects.get(pk=one.pk)).pk for one in (a, b, c)} == {root}
    actions.confirm_not_same_person(cast.registry, second)
    roots = [actions.root_of(Person.objects.get(pk=one.pk)).pk for one in (a, b, c)]
    assert roots[0] == roots[1] != roots[2]
    assert [Person.objects.get(pk=one.pk).cases.count() for one in (a, b, c)] == [1, 1, 1]
    told = Event.objects.filter(object_id=second.pk).order_by("id").values_list("action", flat=True)
    assert list(told) == ["match.confirmed_same", "match.confirmed_not_same"]
