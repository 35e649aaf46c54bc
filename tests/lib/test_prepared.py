"""A question that is put together once has the same answers as one that is put together each time."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from spean.access.models import Membership, User
from spean.lib import clock
from spean.lib.prepared import Prepared
from tests.cast import Cast


def by_user(user: Any) -> Any:
    return Membership.objects.select_related("organisation", "user").filter(user=user).order_by("id")


def test_the_rows_are_those_of_django_with_what_is_joined(cast: Cast, django_assert_num_queries: Any) -> None:
    asked = Prepared[Membership](by_user, uuid.UUID(int=0))
    for user in (cast.screener, cast.manager, cast.screener):
        with django_assert_num_queries(1):
            (found,) = asked(user.pk)
            assert found.organisation.name
            assert found.user.email == user.email
        (wanted,) = by_user(user)
        assert found == wanted
        assert vars(found).keys() == vars(wanted).keys()
        assert all(getattr(found, one.attname) == getattr(wanted, one.attname) for one in Membership._meta.fields)
        assert not found._state.adding
    assert asked(uuid.uuid4()) == []


def test_what_is_left_out_is_fetched_when_it_is_asked_for(cast: Cast, django_assert_num_queries: Any) -> None:
    asked = Prepared[User](lambda email: User.objects.filter(email=email).defer("name"), "an address")
    (found,) = asked(cast.screener.email)
    with django_assert_num_queries(1):
        assert found.name == cast.screener.name


def test_a_value_that_stands_nowhere_is_a_mistake(cast: Cast) -> None:
    with pytest.raises(ValueError, match="no place"):
        Prepared(lambda one, other: User.objects.filter(email=one), "one", "other")("a", "b")


def test_a_role_that_ended_since_is_gone_at_the_next_question(cast: Cast) -> None:
    """The moment is a value of the question, and not that of when it was put together."""
    assert cast.again("screener").organisation == cast.org("border_police")
    Membership.objects.filter(user=cast.screener).update(until_at=clock.now() + timedelta(microseconds=1))
    assert cast.again("screener").organisation is None
