"""How many people a user may open in a day: the one beyond is refused before anything is decrypted, and logged."""

import threading
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction

from spean.access.models import Membership, User
from spean.cases.models import Case
from spean.country import pack
from spean.country.records import RevealRules
from spean.lib import clock
from spean.privacy import budget, doors, vault
from spean.privacy.doors import BudgetSpent, NotAllowed, reveal
from spean.privacy.models import Alert, BudgetExtension, Event
from tests.cast import Cast
from tests.privacy.conftest import make_case

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

LIMIT = 3
NAMES = ["family_name", "given_name"]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pack in which three people a day are enough."""
    rules = RevealRules({"case_manager": LIMIT}, 20, 2, 5, timedelta(minutes=10), False)
    monkeypatch.setattr(budget, "pack", lambda: SimpleNamespace(reveal=rules))


@pytest.fixture
def cases(cast: Cast) -> list[Case]:
    return [make_case(cast) for _ in range(LIMIT + 2)]


def open_name(user: User, case: Case) -> Any:
    return reveal(user, [case.person], NAMES, "casework")[case.person_id]["family_name"]


def spend(cast: Cast, cases: list[Case]) -> None:
    for case in cases[:LIMIT]:
        open_name(cast.manager, case)


def test_the_one_beyond_is_refused_and_nothing_is_decrypted(cast: Cast, cases: list[Case], monkeypatch) -> None:
    spend(cast, cases)
    opened: list[Any] = []
    monkeypatch.setattr(doors, "open_sealed", lambda items: opened.append(items) or vault.open_sealed(items))
    with pytest.raises(BudgetSpent) as refused:
        open_name(cast.manager, cases[LIMIT])
    assert opened == []
    assert (refused.value.standing.limit, refused.value.standing.opened) == (LIMIT, LIMIT)


def test_the_refusal_is_an_event_of_its_own(cast: Cast, cases: list[Case]) -> None:
    spend(cast, cases)
    with pytest.raises(BudgetSpent):
        open_name(cast.manager, cases[LIMIT])
    last = Event.objects.latest("id")
    assert (last.action, last.actor_id, last.object_id) == (
        "reveal.over_budget",
        cast.manager.pk,
        cases[LIMIT].person_id,
    )
    assert (last.fields, last.facts) == (sorted(NAMES), {"limit": LIMIT, "opened": LIMIT})
    assert Event.objects.filter(action="identity.revealed").count() == LIMIT


def test_it_is_a_refusal_like_others_to_whoever_does_not_know_it() -> None:
    assert issubclass(BudgetSpent, NotAllowed)


def test_the_same_people_again_cost_nothing(cast: Cast, cases: list[Case]) -> None:
    spend(cast, cases)
    for case in cases[:LIMIT]:
        assert open_name(cast.manager, case) == "Canaryfamily"


def test_a_list_that_would_go_beyond_is_refused_whole(cast: Cast, cases: list[Case]) -> None:
    open_name(cast.manager, cases[0])
    with pytest.raises(BudgetSpent):
        reveal(cast.manager, [case.person for case in cases[: LIMIT + 1]], NAMES, "casework")
    assert Event.objects.filter(action="identity.revealed").count() == 1


def test_texts_count_like_names(cast: Cast, cases: list[Case], note) -> None:
    spend(cast, cases)
    with pytest.raises(BudgetSpent):
        reveal(cast.manager, [note(cases[LIMIT], "health", "She sleeps badly.")], ["text"], "casework")


def test_a_new_day_begins_at_local_midnight(cast: Cast, cases: list[Case]) -> None:
    evening = budget.begin_of_day() + timedelta(hours=23, minutes=59)
    with clock.travel(evening):
        spend(cast, cases)
        with pytest.raises(BudgetSpent):
            open_name(cast.manager, cases[LIMIT])
    with clock.travel(evening + timedelta(minutes=2)):
        assert open_name(cast.manager, cases[LIMIT]) == "Canaryfamily"


def test_whom_one_screened_oneself_is_not_counted(cast: Cast, cases: list[Case]) -> None:
    own = make_case(cast, started_by=cast.manager)
    spend(cast, cases)
    assert open_name(cast.manager, own) == "Canaryfamily"
    assert budget.standing(cast.manager).opened == LIMIT


def test_one_user_does_not_use_up_another_ones_day(cast: Cast, cases: list[Case]) -> None:
    spend(cast, cases)
    second = User.objects.create_user("second@example.org", "Second")
    Membership.objects.create(user=second, organisation=cast.org("focal"), role="case_manager")
    assert open_name(second, cases[LIMIT]) == "Canaryfamily"


def test_an_extension_holds_for_its_day(cast: Cast, cases: list[Case]) -> None:
    spend(cast, cases)
    BudgetExtension.objects.create(
        user=cast.manager, day=clock.today(), persons=2, reason="many_arrivals", granted_by=cast.registry,
        organisation=cast.org("national_focal"),
    )  # fmt: skip
    assert open_name(cast.manager, cases[LIMIT]) == "Canaryfamily"
    assert budget.standing(cast.manager) == budget.Standing(LIMIT + 2, LIMIT + 1, True)


class TestTheTableOfExtensions:
    def granted(self, cast: Cast, by: User) -> None:
        BudgetExtension.objects.create(
            user=cast.manager, day=clock.today(), persons=2, reason="many_arrivals", granted_by=by,
            organisation=cast.org("focal"),
        )  # fmt: skip

    def test_refuses_oneself(self, cast: Cast) -> None:
        with pytest.raises(IntegrityError, match="extension_by_another"), transaction.atomic():
            self.granted(cast, cast.manager)

    def test_refuses_a_second_one_on_a_day(self, cast: Cast) -> None:
        self.granted(cast, cast.registry)
        with pytest.raises(IntegrityError, match="one_extension_a_day"), transaction.atomic():
            self.granted(cast, cast.other_manager)


def test_a_refused_stranger_is_refused_as_a_stranger(cast: Cast, cases: list[Case]) -> None:
    """Whoever may not read learns nothing of budgets, and uses none up."""
    with pytest.raises(NotAllowed) as refused:
        open_name(cast.other_manager, cases[0])
    assert type(refused.value) is NotAllowed
    assert budget.standing(cast.other_manager).opened == 0


def test_going_beyond_is_told_to_the_auditor_once_a_day(cast: Cast, cases: list[Case]) -> None:
    spend(cast, cases)
    for case in cases[LIMIT:]:
        with pytest.raises(BudgetSpent):
            open_name(cast.manager, case)
    assert Alert.objects.values_list("kind", "actor_id").get() == ("over_budget", cast.manager.pk)


@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
def test_two_at_once_cannot_both_be_the_last(cast: Cast) -> None:
    cases = [make_case(cast) for _ in range(LIMIT + 3)]
    for case in cases[: LIMIT - 1]:
        open_name(cast.manager, case)
    results: list[str] = []
    barrier = threading.Barrier(4)

    def ask(case: Case) -> None:
        try:
            barrier.wait()
            open_name(User.objects.get(pk=cast.manager.pk), case)
            results.append("opened")
        except BudgetSpent:
            results.append("refused")
        finally:
            connections.close_all()

    asking = [threading.Thread(target=ask, args=(case,)) for case in cases[LIMIT - 1 :]]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    connection.ensure_connection()
    assert sorted(results) == ["opened", "refused", "refused", "refused"]


def test_every_role_that_reads_has_a_number_in_the_pack() -> None:
    rules = pack().reveal
    assert rules.persons("case_manager") == 40
    assert rules.persons("a_role_that_the_pack_does_not_name") == 20
