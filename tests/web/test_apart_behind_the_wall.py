"""With row security on: emergencies, operations and locations still open to whom they are for, and to nobody else."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from spean.cases import operation
from spean.cases.models import Case, Involvement
from spean.lib import clock
from spean.privacy.emergency import EmergencyAccess
from spean.referral import actions as referral
from spean.run import databases, install
from tests import steps
from tests.cast import Cast
from tests.signed_in import signed_in
from tests.web.test_emergency_pages import asking

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "keys"])


@pytest.fixture
def case(cast: Cast, search: object) -> Case:
    return steps.registered(cast, steps.identity("Kanariefamily", "Kanariegiven"))


@pytest.fixture
def wall(case: Case, settings: Any) -> Iterator[Callable[[], None]]:
    """Puts the wall up, once everything that a test needs stands behind it."""
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "spean.privacy.rows.OwnRows"]

    def up() -> None:
        with databases.as_owner():
            install.fence(on=True)

    yield up
    with databases.as_owner():
        install.fence(on=False)


def test_an_emergency_of_somebody_who_has_nothing_to_do_with_the_case(
    cast: Cast, case: Case, wall: Callable[[], None]
) -> None:
    wall()
    client = signed_in(cast.outsider)
    assert client.post(reverse("emergency_ask"), asking(case.code)).status_code == 302
    access = EmergencyAccess.objects.get()
    read = reverse("emergency_read", args=[access.pk, "identity"])
    assert client.post(read).status_code == 404
    answer = reverse("emergency_answer", args=[access.pk])
    assert signed_in(cast.other_manager).post(answer, {"answer": "confirm"}).status_code == 302
    assert "Kanariefamily" in client.post(read).content.decode()
    assert client.get(reverse("case", args=[case.pk])).status_code == 404


def test_a_named_reader_of_another_organisation(cast: Cast, case: Case, wall: Callable[[], None]) -> None:
    Involvement.objects.create(
        case=case, organisation=cast.org("border_police"), task="justice", sections=["justice"], basis="test"
    )
    fact = operation.note_operation(
        cast.investigator, case, place="Kanariehotel", time="Friday", over_at=clock.now() + timedelta(days=1),
        readers=[cast.users["other_provider"]],
    )  # fmt: skip
    wall()
    client = signed_in(cast.other_provider)
    assert reverse("operation", args=[fact.pk]) in client.get(reverse("home")).content.decode()
    assert case.code in client.get(reverse("operation", args=[fact.pk])).content.decode()
    assert "Kanariehotel" in client.post(reverse("operation_open", args=[fact.pk])).content.decode()
    assert signed_in(cast.outsider).get(reverse("operation", args=[fact.pk])).status_code == 404


def test_a_location_while_the_placement_lasts(cast: Cast, case: Case, wall: Callable[[], None]) -> None:
    steps.agree(cast, case, "service_referral", cast.org("shelter"))
    service = steps.service(cast, address="Kanariestreet")
    sent = referral.send_referral(cast.manager, case, "service", cast.org("shelter"), service=service)
    referral.accept_referral(cast.provider, sent)
    wall()
    url = reverse("service_location", args=[service.pk])
    assert "Kanariestreet" in signed_in(cast.manager).post(url, {"purpose": "placement"}).content.decode()
    assert signed_in(cast.other_manager).post(url, {"purpose": "placement"}).status_code == 404
