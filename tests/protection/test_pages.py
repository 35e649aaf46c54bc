"""The case manager's pages of protection: the reflection period and what became of a need."""

from datetime import timedelta

import pytest
from django.urls import reverse

from spean.lib import clock
from spean.protection import actions
from spean.protection.models import Need, ReflectionPeriod
from tests import steps
from tests.cast import Cast
from tests.signed_in import signed_in


@pytest.mark.parametrize("who", ["other_manager", "screener", "provider", "officer"])
def test_needs_of_others_do_not_exist(cast: Cast, who: str) -> None:
    case = steps.registered(cast)
    need = actions.record_need(cast.manager, case, "legal")
    client = signed_in(getattr(cast, who))
    assert client.get(reverse("need", args=[need.pk])).status_code == 404
    assert client.post(reverse("need", args=[need.pk]), {"verb": "meet_need"}).status_code == 404
    assert client.post(reverse("case_reflection", args=[case.pk])).status_code == 404
    assert Need.objects.get().status == "open"


def test_an_unmet_need_has_a_reason_and_can_be_opened_again(cast: Cast) -> None:
    case = steps.registered(cast)
    need = actions.record_need(cast.manager, case, "legal")
    client = signed_in(cast.manager)
    address = reverse("need", args=[need.pk])
    refused = client.post(address, {"verb": "mark_need_unmet", "version": 1})
    assert refused.status_code == 422
    assert "Choose why the need could not be met" in refused.content.decode()
    assert client.post(address, {"verb": "mark_need_unmet", "reason": "cost", "version": 1}).status_code == 302
    assert Need.objects.get().unmet_reason == "cost"
    late = client.post(address, {"verb": "decline_need", "version": 1})
    assert late.status_code == 422
    assert "Need could not be met" in late.content.decode()
    assert client.post(address, {"verb": "meet_need", "version": 2}).status_code == 302
    assert client.post(address, {"verb": "reopen_need", "version": 3}).status_code == 302
    assert Need.objects.get().status == "open"


def test_a_choice_that_somebody_else_made_impossible_is_explained(cast: Cast) -> None:
    case = steps.registered(cast)
    need = actions.record_need(cast.manager, case, "legal")
    client = signed_in(cast.manager)
    actions.meet_need(cast.manager, Need.objects.get(pk=need.pk))
    late = client.post(reverse("need", args=[need.pk]), {"verb": "decline_need", "version": 1})
    assert late.status_code == 422
    assert "Need met" in late.content.decode()


def test_the_period_opens_after_the_rights_runs_its_days_and_ends(cast: Cast) -> None:
    case = steps.registered(cast)
    client = signed_in(cast.manager)
    address = reverse("case_reflection", args=[case.pk])
    early = client.post(address, {"version": ""})
    assert early.status_code == 422
    assert "Tell the person their rights first" in early.content.decode()
    actions.give_rights_information(cast.manager, case, language="km", method="read_aloud")
    assert client.post(address, {"version": ""}).status_code == 302
    period = ReflectionPeriod.objects.get()
    assert period.status == "running"
    unasked = client.post(address, {"version": period.version})
    assert unasked.status_code == 422
    assert "Only the person can ask for this" in unasked.content.decode()
    with clock.travel(clock.now() + timedelta(days=31)):
        actions.end_reflection_period(cast.manager, ReflectionPeriod.objects.get())
    assert ReflectionPeriod.objects.get().status == "ended"


def test_only_the_person_gives_the_days_up(cast: Cast) -> None:
    case = steps.registered(cast)
    actions.give_rights_information(cast.manager, case, language="km", method="read_aloud")
    actions.open_reflection_period(cast.manager, case)
    client = signed_in(cast.manager)
    address = reverse("case_reflection", args=[case.pk])
    assert client.post(address, {"version": 1, "asked_by_person": "on"}).status_code == 302
    assert ReflectionPeriod.objects.get().status == "waived"


def test_a_risk_is_looked_at_again_on_a_day_to_come(cast: Cast) -> None:
    case = steps.registered(cast)
    client = signed_in(cast.manager)
    address = reverse("case_risk", args=[case.pk])
    past = {"level": "low", "with_person": "yes", "review_on_0": "1", "review_on_1": "1", "review_on_2": "2020"}
    refused = client.post(address, past)
    assert refused.status_code == 422
    assert "still to come" in refused.content.decode()
    soon = clock.today() + timedelta(days=20)
    later = {"review_on_0": str(soon.day), "review_on_1": str(soon.month), "review_on_2": str(soon.year)}
    assert client.post(address, {**past, **later}).status_code == 302
    assert case.tasks.filter(kind="assess_risk", done_at__isnull=True).count() == 1  # type: ignore[attr-defined]
