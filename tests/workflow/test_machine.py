"""Every state against every verb: what the tables do not allow is refused by the engine and by the database."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, models, transaction

from spean.lib import clock
from spean.workflow import engine, tables
from tests.cast import Cast

CASES = [
    pytest.param(row, state, id=f"{row.model}:{state}:{row.verb}")
    for row in tables.TRANSITIONS
    if row.frm is not None
    for state in tables.states(row.model, row.field)
]


@pytest.mark.parametrize(("row", "state"), CASES)
def test_engine_checks_state(row: tables.T, state: str) -> None:
    """The engine's state check alone, without a database: it reads nothing but the table."""
    obj = apps.get_model(row.model)(**{row.field: state})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.events, "last_change", lambda _: None)
        if state in (row.frm or ()):
            engine._check_state(row, obj)
        else:
            with pytest.raises(engine.WrongState):
                engine._check_state(row, obj)


MODELS = sorted({(row.model, row.field) for row in tables.TRANSITIONS})


def _served(cast: Cast, case: Any) -> Any:
    """The case, with a service that accepted."""
    from spean.referral import actions as referral
    from tests import steps

    steps.agree(cast, case, "service_referral", cast.org("shelter"))
    sent = referral.send_referral(cast.manager, case, "service", cast.org("shelter"), service=steps.service(cast))
    referral.accept_referral(cast.provider, sent)
    return case


def _taking_part(cast: Cast, case: Any, label: str) -> Any:
    """What the room of taking part keeps about a case."""
    from spean.cases import conference, exclusion, parts
    from tests import steps

    if label == "cases.Suspect":
        return exclusion.record_suspect(cast.manager, case, role="broker", name="Somebody")
    if label == "cases.Exclusion":
        return exclusion.exclude(cast.manager, case, reason="implicated", organisation=cast.org("other_police"))
    if label == "cases.HandOver":
        return parts.offer_hand_over(cast.manager, case, cast.org("other_focal"), reason="Moves to your province.")
    meets = clock.now() + timedelta(days=1)
    called = conference.call_conference(
        cast.manager, case, purpose="safety", meets_at=meets, until_at=meets, sections=("identity",)
    )
    if label == "cases.Conference":
        return called
    steps.agree(cast, case, "case_conference", cast.org("court"))
    return conference.invite(cast.manager, called, cast.prosecutor, cast.org("court"))


def _row_in(cast: Cast, label: str) -> models.Model:
    """A stored row of each model, reached by the path."""
    from tests import steps

    if label == "cases.Case":
        return steps.screened(cast).case
    if label.startswith("lists."):
        from tests.lists import files

        return files.of_each(cast)[label]
    if label == "referral.Referral":
        return steps.referred(cast)
    if label == "privacy.Consent":
        return steps.consented(cast).consents.get()
    if label == "directory.Service":
        return steps.service(cast)
    if label == "identification.Determination":
        return steps.proposed(cast)
    case = steps.registered(cast)
    if label == "privacy.EmergencyAccess":
        from spean.cases.emergency import ask_emergency

        return ask_emergency(
            cast.outsider, wanted=case.code, reason="danger_to_life", text="A man stands at her door.",
            sections=["identity"], second=cast.other_manager, proven_at=clock.now(),
        )  # fmt: skip
    if label == "access.AccessChange":
        from spean.access.actions import new_sign_in_link

        asked = new_sign_in_link(cast.administrator, cast.manager).change
        assert asked is not None
        return asked
    if label == "statistics.Edition":
        from tests.statistics.conftest import drafted

        return drafted(cast.statistician, "half", date(2026, 1, 1))
    if label == "statistics.Figure":
        from spean.statistics.actions import record_figure
        from tests.statistics.test_figures import a_figure

        return record_figure(cast.statistician, a_figure())
    if label == "exchange.Export":
        from tests.exchange import lists

        return lists.asked(cast, lists.registered(cast))
    if label == "privacy.LegalHold":
        from spean.cases.holds import place_hold

        return place_hold(cast.manager, case, ground="criminal_case")
    if label == "privacy.Erasure":
        from spean.cases.actions import close_case
        from spean.cases.erasure import request_erasure

        close_case(cast.manager, case, reason="person_wants_to_end", explanation="She wishes that nothing is kept.")
        return request_erasure(cast.manager, case, ground="wish_of_person", evidence="thumbprint")
    if label == "protection.Need":
        from spean.protection.actions import record_need

        return record_need(cast.manager, case, "medical")
    if label == "protection.ReflectionPeriod":
        from spean.protection.actions import give_rights_information, open_reflection_period

        give_rights_information(cast.manager, case, language="km", method="read_aloud")
        return open_reflection_period(cast.manager, case)
    if label in ("cases.Suspect", "cases.Exclusion", "cases.HandOver", "cases.Conference", "cases.Invitation"):
        return _taking_part(cast, case, label)
    if label == "cases.Involvement":
        return _served(cast, case).involvements.get(task="service")  # type: ignore[attr-defined]
    if label == "cases.WithdrawalNotice":
        from spean.cases.consent import withdraw_consent
        from spean.cases.models import WithdrawalNotice

        withdraw_consent(cast.manager, _served(cast, case).consents.get(purpose="service_referral"))  # type: ignore[attr-defined]
        return WithdrawalNotice.objects.get()
    if label == "privacy.Alert":
        from spean.privacy.models import Alert, Event

        event = Event.objects.order_by("-id").first()
        assert event is not None
        return Alert.objects.create(kind="refusals", event_id=event.pk)
    assert label == "people.PossibleMatch"
    from spean.people.models import PossibleMatch

    other = steps.registered(
        cast, who=steps.identity("Chea", "Vanna", phone="", birth_date="1980-01-02"), name="Chea Vanna"
    )
    match = PossibleMatch(
        case=case, person=steps.person_of(case), other=steps.person_of(other), score=0.5, created_by=cast.manager,
        created_at=clock.now(),
    )  # fmt: skip
    match.save()
    return match


@pytest.mark.parametrize(("label", "field"), MODELS)
def test_database_refuses_undeclared_moves(cast: Cast, label: str, field: str) -> None:
    """Going round the application does not help: the trigger knows the same table."""
    row = _row_in(cast, label)
    model: Any = type(row)
    state = getattr(model._default_manager.get(pk=row.pk), field)
    allowed = {to for frm, to in tables.moves(label, field) if frm == state}
    refused = [other for other in (*tables.states(label, field), "nonsense") if other not in allowed and other != state]
    assert refused
    for other in refused:
        with pytest.raises(DatabaseError), transaction.atomic():
            model._default_manager.filter(pk=row.pk).update(**{field: other})
    assert getattr(model._default_manager.get(pk=row.pk), field) == state
