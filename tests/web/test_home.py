"""The start page of those who have no cases: what waits for them, and otherwise a sentence instead of an empty page."""

from datetime import date

import pytest
from django.test import Client

from spean.access.models import User
from spean.statistics import actions
from tests.cast import Cast
from tests.signed_in import signed_in
from tests.statistics.conftest import drafted, second_officer  # noqa: F401


def home(user: User | Client) -> str:
    client = user if isinstance(user, Client) else signed_in(user)
    return client.get("/").content.decode()


def test_a_checked_edition_waits_for_another_officer_alone(cast: Cast, second_officer: User) -> None:  # noqa: F811
    edition = drafted(cast.statistician, "half", date(2026, 1, 1))
    assert f"/editions/{edition.pk}/" not in home(second_officer)
    actions.check_edition(cast.statistician, edition)
    assert f"/editions/{edition.pk}/" in home(second_officer)
    for name in ("statistician", "manager", "auditor", "administrator"):
        assert f"/editions/{edition.pk}/" not in home(cast.again(name)), name


@pytest.mark.parametrize("name", ["statistician", "clerk"])
def test_where_nothing_waits_the_page_says_so(cast: Cast, name: str) -> None:
    assert "Nothing waits for you" in home(getattr(cast, name))
