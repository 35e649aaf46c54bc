"""The first administrator: made once, on an empty installation, and never over a demonstration."""

import pytest
from django.test import Client

from spean.access import actions, changes, first, roles
from spean.access.models import Installation, Membership, Organisation, User
from spean.privacy.models import Event
from spean.workflow.engine import Forbidden
from tests.cast import Cast

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def test_sets_up_a_real_installation(client: object) -> None:
    (path,) = first.set_up("chief@example.org", "Chief", "Operator")
    assert path.startswith("/sign-in/link/")
    assert Installation.objects.get().demonstration is False
    user = User.objects.get()
    assert [row.role for row in Membership.objects.filter(user=user)] == ["administrator"]
    assert not user.has_usable_password()
    assert set(Event.objects.values_list("action", flat=True)) >= {"user.invited", "role.given"}


def test_only_once() -> None:
    first.set_up("chief@example.org", "Chief", "Operator")
    with pytest.raises(first.AlreadySetUp):
        first.set_up("second@example.org", "Second", "Operator")
    assert User.objects.count() == 1


def test_never_over_a_demonstration(cast: Cast) -> None:
    with pytest.raises(first.AlreadySetUp):
        first.set_up("chief@example.org", "Chief", "Operator")


def test_two_administrators_can_let_others_in_from_the_start() -> None:
    paths = first.set_up("chief@example.org", "Chief", "Operator", ("deputy@example.org", "Deputy"))
    assert len(set(paths)) == 2
    chief, deputy = User.objects.order_by("email")
    asked = actions.invite_user(
        chief, email="m@example.org", name="M", organisation=Organisation.objects.get(), role=roles.CASE_MANAGER
    )
    assert asked.change is not None
    assert changes.confirm_access_change(deputy, asked.change)


def test_one_administrator_alone_lets_nobody_see_a_case() -> None:
    """Not by any of his ways: whatever he asks for, there is nobody to confirm it."""
    first.set_up("chief@example.org", "Chief", "Operator")
    chief = User.objects.get()
    operator = Organisation.objects.get()
    for email, role in (("m@example.org", roles.CASE_MANAGER), ("two@example.org", roles.ADMINISTRATOR)):
        asked = actions.invite_user(chief, email=email, name="M", organisation=operator, role=role)
        assert asked.change is not None
        with pytest.raises(Forbidden):
            changes.confirm_access_change(chief, asked.change)
        assert Client().get(asked.path).status_code == 404
    assert set(Membership.objects.values_list("role", flat=True)) == {"administrator"}


def test_the_console_adds_an_administrator_and_says_so_in_the_log() -> None:
    first.set_up("chief@example.org", "Chief", "Operator")
    assert first.add_administrator("deputy@example.org", "Deputy").startswith("/sign-in/link/")
    assert Membership.objects.filter(role=roles.ADMINISTRATOR).count() == 2
    assert Event.objects.filter(action="role.given", actor_id=None).count() == 2
    with pytest.raises(first.CannotAdd):
        first.add_administrator("DEPUTY@example.org", "Deputy")


def test_the_console_adds_nobody_before_the_set_up() -> None:
    with pytest.raises(first.CannotAdd):
        first.add_administrator("deputy@example.org", "Deputy")
