"""The first administrator: made once, on an empty installation, and never over a demonstration."""

import pytest

from spean.access import first
from spean.access.models import Installation, Membership, User
from spean.privacy.models import Event
from tests.cast import Cast

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def test_sets_up_a_real_installation(client: object) -> None:
    path = first.set_up("chief@example.org", "Chief", "Operator")
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
