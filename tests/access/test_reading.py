"""What a page remembers while it is read changes no answer: for an outsider, and for somebody who is kept away."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.apps import apps
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory

from spean.access import pages, policy
from spean.access.models import User
from spean.access.policy import exclusions, standings
from spean.access.policy import questions as questions_asked
from spean.cases.exclusion import exclude
from spean.cases.models import Case, Exclusion
from spean.detection.models import Screening
from spean.identification.models import Determination
from spean.people.models import Person
from spean.referral.models import Referral
from tests import crawling, steps
from tests.cast import Cast


def questions() -> Iterator[tuple[str, type]]:
    """Every action of seeing, with every kind of row that belongs to a case."""
    for action in filter(lambda name: name.startswith("see_"), policy.ACTIONS):
        for model in apps.get_models():
            label = model._meta.label
            if label == "cases.Case" or not any(one.attname == policy.CASE_PATH for one in model._meta.concrete_fields):
                continue
            yield action, model


def answers(user: User, case: Case) -> tuple[dict[tuple[str, str], set[str]], dict[tuple[str, str], set[str]]]:
    """What the case page is told of each kind of row, and what the policy says when it is asked afresh."""
    try:
        held = policy.find_standing(user, "see_case", Case.objects.all(), case.pk)[1]
    except Http404:
        held = policy.Standing()
    told, afresh = {}, {}
    for action, model in questions():
        key = (action, model._meta.label)
        rows = policy.visible(user, action, model).filter(case_id=case.pk)
        afresh[key] = {str(pk) for pk in rows.values_list("pk", flat=True)}
        with policy.one_reading():
            rows = policy.visible_in(case, held, user, action, model)
            told[key] = {str(pk) for pk in rows.values_list("pk", flat=True)}
    return told, afresh


WHO = ("manager", "screener", "provider", "officer", "outsider", "auditor")


@pytest.mark.parametrize("who", WHO)
def test_the_case_page_is_told_what_the_policy_says(cast: Cast, who: str) -> None:
    case = crawling.full(cast)
    told, afresh = answers(cast.again(who), case)
    assert told == afresh
    if who == "manager":
        assert sum(map(bool, told.values())) > 20


@pytest.mark.parametrize("stage", ["screened", "referred", "registered", "full"])
def test_the_case_is_found_with_all_that_one_may_do_and_nothing_else(cast: Cast, stage: str) -> None:
    """The page leaves out what cannot hold: with each user, and at each stage, the same comes out."""
    found = crawling.full(cast) if stage == "full" else getattr(steps, stage)(cast)
    case = getattr(found, "case", found)
    seen = set()
    for name in cast.users:
        user = cast.again(name)
        expected = policy.standing(user, policy.ACTIONS, case).actions
        if "see_case" not in expected:
            with pytest.raises(Http404):
                policy.find_standing(user, "see_case", Case.objects.all(), case.pk)
            continue
        seen.add(name)
        found, held = policy.find_standing(user, "see_case", Case.objects.all(), case.pk)
        assert (found, held.actions) == (case, expected), name
    assert seen
    assert len(seen) < len(cast.users)


def test_somebody_invited_or_in_an_emergency_is_not_left_out(cast: Cast) -> None:
    """The tables that a relation rests on are those in which its rows stand."""
    case = crawling.full(cast)
    tables = standings._tables_of(case.pk)
    assert tables
    for relation, label in policy.RESTS_ON.items():
        assert label in standings._belonging(), relation
        assert (label in tables) == apps.get_model(label).objects.filter(case_id=case.pk).exists(), relation
    assert standings._tables_of(uuid4()) == frozenset()


@pytest.mark.parametrize("whom", ["provider", "shelter"])
def test_who_is_kept_away_is_told_nothing_while_he_reads(cast: Cast, whom: str) -> None:
    case = crawling.full(cast)
    if whom == "shelter":
        exclude(cast.manager, case, reason="implicated", organisation=cast.org("shelter"))
    else:
        exclude(cast.manager, case, reason="implicated", user=cast.provider)
    user = cast.again("provider")
    with policy.one_reading():
        for action in policy.ACTIONS:
            assert not policy.visible(user, action, Case).filter(pk=case.pk).exists(), action
        assert policy.standing(user, policy.ACTIONS, case) == policy.Standing()
        assert policy.readable_sections(user, case) == frozenset()
        assert policy.is_excluded(user, case)
        assert policy.is_excluded(user, steps.person_of(case))
    told, afresh = answers(user, case)
    assert told == afresh


@pytest.mark.parametrize("who", ["manager", "provider", "outsider"])
@pytest.mark.parametrize("kept_away", [False, True], ids=["free", "kept-away"])
def test_one_object_is_answered_as_a_list_of_all_would(cast: Cast, who: str, kept_away: bool) -> None:
    """`may` and `find` ask of exclusions by themselves; a list asks of them within."""
    case = crawling.full(cast)
    user = cast.again(who)
    if kept_away:
        Exclusion.objects.create(case=case, user=user, reason="implicated", created_by=cast.registry)
    allowed = 0
    for model in (Case, Screening, Referral, Determination, Person):
        row = (
            steps.person_of(case)
            if model is Person
            else model._default_manager.filter(**({"pk": case.pk} if model is Case else {"case": case})).first()
        )
        for action in policy.ACTIONS:
            listed = policy.visible(user, action, model).filter(pk=row.pk).exists()
            assert policy.may(user, action, row) == listed, (action, model)
            allowed += listed
    assert bool(allowed) == (who != "outsider" and not kept_away)


def test_an_exclusion_made_while_the_question_is_asked_is_heeded(cast: Cast) -> None:
    case = steps.registered(cast)
    user = cast.again("manager")

    def ask(rows: QuerySet[Case]) -> bool:
        found = rows.exists()
        Exclusion.objects.get_or_create(case=case, user=user, reason="implicated", created_by=cast.registry)
        return found

    assert questions_asked._one(user, "see_case", Case, case.pk, QuerySet.exists) is True
    assert questions_asked._one(user, "see_case", Case, case.pk, ask) is False


def test_a_page_that_is_read_remembers_and_the_next_one_asks_anew(cast: Cast) -> None:
    case = steps.registered(cast)
    manager = cast.again("manager")
    with policy.one_reading():
        assert policy.may(manager, "see_case", case)
        Exclusion.objects.create(case=case, user=manager, reason="implicated", created_by=cast.registry)
    with policy.one_reading():
        assert not policy.may(manager, "see_case", case)
    assert not policy.may(manager, "see_case", case)


@pytest.mark.parametrize(("method", "remembers"), [("get", True), ("head", True), ("post", False)])
def test_only_reading_remembers(cast: Cast, monkeypatch: pytest.MonkeyPatch, method: str, remembers: bool) -> None:
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(exclusions._READING.get() is not None)
        return HttpResponse()

    monkeypatch.setattr(pages, "second_factor_given", lambda request: True)
    request = getattr(RequestFactory(), method)("/somewhere/")
    request.user = cast.statistician
    pages.page("somewhere/", view, action=policy.SIGNED_IN, name="somewhere").callback(request)
    assert seen == [remembers]
    assert exclusions._READING.get() is None


@pytest.mark.parametrize("who", WHO)
def test_what_is_looked_for_with_a_condition_is_what_one_sees(cast: Cast, who: str) -> None:
    """With rows that fulfil it, and with none: the policy's answer, narrowed."""
    case = crawling.full(cast)
    user = cast.again(who)
    for condition in (Q(pk=case.pk), Q(status="registered"), Q(status="closed"), Q(pk=uuid4())):
        expected = set(policy.visible(user, "see_case", Case).filter(condition))
        assert set(policy.visible_where(user, "see_case", Case, condition)) == expected
