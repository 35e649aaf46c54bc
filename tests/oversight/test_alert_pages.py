"""Alerts on the auditor's pages: what they say, what they never say, and that nobody else sees them."""

from uuid import uuid4

import pytest
from django.urls import reverse

from spean.cases.models import Case
from spean.oversight.actions import clear_alert
from spean.privacy.event_names import PURPOSES
from spean.privacy.models import Alert, Event
from spean.workflow.engine import Forbidden, Refused, WrongState
from tests.cast import PEOPLE, Cast
from tests.signed_in import signed_in

OTHERS = sorted(set(PEOPLE) - {"auditor"})


@pytest.fixture
def alert(cast: Cast, canary: Case) -> Alert:
    signed_in(cast.manager).post(reverse("case_name", args=[canary.pk]), {"purpose": "casework"})
    return Alert.objects.get(kind="canary_opened")


def test_the_auditor_sees_who_and_which_case_and_no_content(cast: Cast, canary: Case, alert: Alert) -> None:
    client = signed_in(cast.auditor)
    for url in (reverse("home"), reverse("alert_list"), reverse("alert", args=[alert.pk])):
        body = client.get(url).content.decode()
        assert cast.manager.name in body
        assert canary.code in body
        assert "Kanaria" not in body
        assert "Vogelsang" not in body


def test_what_for_is_said_in_words(cast: Cast, alert: Alert) -> None:
    page = signed_in(cast.auditor).get(reverse("alert", args=[alert.pk])).content.decode()
    assert f"· {PURPOSES['casework']}" in page
    assert "casework" not in page


def test_a_finding_closes_it(cast: Cast, alert: Alert) -> None:
    client = signed_in(cast.auditor)
    url = reverse("alert", args=[alert.pk])
    assert client.post(url, {"version": "1"}).status_code == 422
    assert client.post(url, {"version": "1", "finding": "misuse"}).status_code == 302
    alert.refresh_from_db()
    assert (alert.status, alert.finding, alert.cleared_by) == ("cleared", "misuse", cast.auditor)
    assert Event.objects.get(action="alert.cleared").facts == {"finding": "misuse", "kind": "canary_opened"}
    assert reverse("alert", args=[alert.pk]) not in client.get(reverse("home")).content.decode()


def test_a_finding_is_one_of_the_list(cast: Cast, alert: Alert) -> None:
    with pytest.raises(Refused):
        clear_alert(cast.auditor, alert, finding="She did it for money")
    assert Alert.objects.get(pk=alert.pk).status == "open"


def test_only_once(cast: Cast, alert: Alert) -> None:
    clear_alert(cast.auditor, alert, finding="mistake")
    with pytest.raises(WrongState):
        clear_alert(cast.auditor, Alert.objects.get(pk=alert.pk), finding="misuse")


def test_nobody_else_sees_or_closes_one(cast: Cast, alert: Alert) -> None:
    for name in OTHERS:
        refuses(cast, alert, name)
    assert Alert.objects.get(pk=alert.pk).status == "open"


def refuses(cast: Cast, alert: Alert, name: str) -> None:
    client = signed_in(getattr(cast, name))
    missing = client.get(reverse("alert", args=[uuid4()]))
    for url in (
        reverse("alert_list"), reverse("alert", args=[alert.pk]), reverse("canary_list"), reverse("canary_plant"),
        reverse("leak_review"),
    ):  # fmt: skip
        for answer in (client.get(url), client.post(url, {})):
            assert (answer.status_code, answer.content) == (404, missing.content), (name, url)
    with pytest.raises(Forbidden):
        clear_alert(getattr(cast, name), alert, finding="mistake")
