"""A spent day on the pages: what the user is told, who may help, and who may not."""

from collections.abc import Callable

import pytest
from django.urls import reverse

from spean.access.models import Membership, User
from spean.cases.models import Case
from spean.oversight.actions import extend_budget
from spean.privacy.models import BudgetExtension, Event
from spean.workflow.engine import Forbidden, Refused
from tests import steps
from tests.cast import PEOPLE, Cast
from tests.signed_in import signed_in


@pytest.fixture
def colleague(cast: Cast) -> User:
    """Another case manager of the same office."""
    user = User.objects.create_user("second@example.org", "Second Helper")
    Membership.objects.create(user=user, organisation=cast.org("focal"), role="case_manager")
    return user


@pytest.fixture
def cases(cast: Cast) -> list[Case]:
    return [
        steps.registered(cast, steps.identity(*names, birth_date="1999-01-02", phone=""), name=" ".join(names))
        for names in (("Chan", "Sophea"), ("Keo", "Vannak"))
    ]


def open_name(user: User, case: Case) -> object:
    return signed_in(user).post(reverse("case_name", args=[case.pk]), {"purpose": "casework"})


@pytest.fixture
def spent(cast: Cast, cases: list[Case], few: Callable[[int], None]) -> Case:
    """The manager has opened the first person and was refused the second."""
    few(1)
    assert open_name(cast.manager, cases[0]).status_code == 200  # type: ignore[attr-defined]
    refused = open_name(cast.manager, cases[1])
    assert refused.status_code == 429  # type: ignore[attr-defined]
    return cases[1]


class TestThePageOfASpentDay:
    def test_says_what_to_do_and_shows_nothing(self, cast: Cast, spent: Case) -> None:
        answer = open_name(cast.manager, spent)
        body = answer.content.decode()  # type: ignore[attr-defined]
        assert "as many people as you may today" in body
        assert "Ask a colleague of your organisation" in body
        assert "Keo" not in body
        assert "Vannak" not in body

    def test_the_log_has_it(self, cast: Cast, spent: Case) -> None:
        row = Event.objects.get(action="reveal.over_budget")
        assert (row.actor_id, row.object_id) == (cast.manager.pk, spent.person_id)
        assert row.facts == {"limit": 1, "opened": 1}

    def test_a_stranger_still_gets_what_is_missing(self, cast: Cast, spent: Case) -> None:
        assert open_name(cast.outsider, spent).status_code == 404  # type: ignore[attr-defined]


class TestHelping:
    def test_a_colleague_sees_it_at_once_and_helps(self, cast: Cast, spent: Case, colleague: User) -> None:
        client = signed_in(colleague)
        assert cast.manager.name in client.get(reverse("home")).content.decode()
        typed = {"user": str(cast.manager.pk), "reason": "many_arrivals"}
        assert client.post(reverse("budget"), typed).status_code == 302
        assert open_name(cast.again("manager"), spent).status_code == 200  # type: ignore[attr-defined]
        row = Event.objects.get(action="budget.extended")
        assert row.facts == {"user": str(cast.manager.pk), "persons": BudgetExtension.objects.get().persons,
                             "reason": "many_arrivals"}  # fmt: skip
        assert cast.manager.name not in client.get(reverse("home")).content.decode()

    def test_a_reason_is_needed(self, cast: Cast, spent: Case, colleague: User) -> None:
        answer = signed_in(colleague).post(reverse("budget"), {"user": str(cast.manager.pk)})
        assert answer.status_code == 422
        assert "Choose the reason" in answer.content.decode()
        assert not BudgetExtension.objects.exists()

    def test_the_national_focal_agency_helps(self, cast: Cast, spent: Case) -> None:
        assert extend_budget(cast.registry, cast.manager, reason="many_arrivals").user == cast.manager

    def test_nobody_helps_himself(self, cast: Cast, spent: Case) -> None:
        with pytest.raises(Forbidden):
            extend_budget(cast.manager, cast.manager, reason="many_arrivals")

    def test_not_even_at_the_national_agency(self, cast: Cast, spent: Case) -> None:
        with pytest.raises(Forbidden):
            extend_budget(cast.registry, cast.registry, reason="many_arrivals")

    def test_nobody_else_can(self, cast: Cast, spent: Case) -> None:
        for name in sorted(set(PEOPLE) - {"manager", "registry"}):
            with pytest.raises(Forbidden):
                extend_budget(getattr(cast, name), cast.manager, reason="many_arrivals")
            page = signed_in(getattr(cast, name)).get(reverse("budget"))
            assert page.status_code == 404 or f'value="{cast.manager.pk}"' not in page.content.decode(), name
        assert not BudgetExtension.objects.exists()

    def test_a_colleague_with_another_role_cannot(self, cast: Cast, spent: Case) -> None:
        """One who answers the telephone does not weigh what a case manager may open."""
        other = User.objects.create_user("third@example.org", "Third")
        Membership.objects.create(user=other, organisation=cast.org("focal"), role="service_provider")
        with pytest.raises(Forbidden):
            extend_budget(other, cast.manager, reason="many_arrivals")

    def test_once_a_day(self, cast: Cast, spent: Case, colleague: User) -> None:
        extend_budget(colleague, cast.manager, reason="many_arrivals")
        with pytest.raises(Refused, match="once a day"):
            extend_budget(cast.registry, cast.manager, reason="many_arrivals")

    def test_not_before_it_is_needed(self, cast: Cast, cases: list[Case], colleague: User) -> None:
        with pytest.raises(Refused, match="still open"):
            extend_budget(colleague, cast.manager, reason="many_arrivals")
