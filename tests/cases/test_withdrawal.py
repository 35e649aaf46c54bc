"""Taking back: effective at the next request everywhere, and told to everybody who received something."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.http import Http404

from spean.access import policy
from spean.cases import sharing
from spean.cases.consent import record_consent, record_refusal, withdraw_consent
from spean.cases.models import Case, Involvement, Note, Task, WithdrawalNotice
from spean.lib import clock
from spean.privacy import doors
from spean.privacy.models import Consent, Event
from spean.referral import actions as referral
from spean.referral.models import Referral
from spean.workflow.engine import Forbidden, Refused, WrongState
from tests import steps
from tests.cast import Cast
from tests.detection.walk import Walker
from tests.signed_in import signed_in

SERVICE = "service_referral"


def with_shelter(cast: Cast, *, accept: bool = True, **agreed: Any) -> tuple[Case, Referral, Consent]:
    """A case whose person agreed to a shelter, and the referral to it."""
    case = steps.registered(cast)
    steps.agree(cast, case, SERVICE, cast.org("shelter"), classes=("identity", "contact", "health"))
    given = Consent.objects.get(purpose=SERVICE)
    service = steps.service(cast)
    sent = referral.send_referral(
        cast.manager, case, "service", cast.org("shelter"), service=service, message="She likes to cook.", **agreed
    )
    if accept:
        referral.accept_referral(cast.provider, sent)
    return case, sent, given


def test_at_the_next_request_the_recipient_reads_nothing(cast: Cast) -> None:
    case, sent, given = with_shelter(cast)
    person = steps.person_of(case)
    assert policy.readable_sections(cast.provider, case) == {"identity", "contact", "health"}
    assert doors.reveal(cast.provider, [person], ["family_name"], "service")
    withdraw_consent(cast.manager, given)
    provider = cast.again("provider")
    assert policy.readable_sections(provider, case) == frozenset()
    assert not policy.may(provider, "see_case", case)
    with pytest.raises(Http404):
        doors.reveal(provider, [person], ["family_name"], "service")
    client = signed_in(cast.provider)
    assert client.get(f"/case/{case.pk}/").status_code == 404
    assert client.get(f"/referral/{sent.pk}/").status_code == 404
    assert client.post(f"/referral/{sent.pk}/message/").status_code == 404
    sent.refresh_from_db()
    assert sent.sections == []
    assert not Involvement.objects.filter(organisation=cast.org("shelter"), status="open").exists()


def test_only_what_was_taken_back_is_closed(cast: Cast) -> None:
    case, sent, _given = with_shelter(cast)
    record_consent(
        cast.manager, case, purpose=SERVICE, recipient=cast.org("shelter"), classes=["health"], evidence="thumbprint",
        language="km",
    )  # fmt: skip
    health = Consent.objects.get(purpose=SERVICE, classes=["health"])
    withdraw_consent(cast.manager, health)
    assert policy.readable_sections(cast.again("provider"), case) == {"identity", "contact"}
    sent.refresh_from_db()
    assert sent.sections == ["contact", "identity"]
    assert WithdrawalNotice.objects.get().classes == ["health"]


def test_another_recipient_keeps_what_was_agreed_with_him(cast: Cast) -> None:
    case, _sent, given = with_shelter(cast)
    steps.agree(cast, case, SERVICE, cast.org("other_shelter"), classes=("identity",))
    other = steps.service(cast, owner="other_provider")
    second = referral.send_referral(cast.manager, case, "service", cast.org("other_shelter"), service=other)
    referral.accept_referral(cast.other_provider, second)
    withdraw_consent(cast.manager, given)
    assert policy.readable_sections(cast.again("other_provider"), case) == {"identity"}
    assert [one.organisation for one in WithdrawalNotice.objects.all()] == [cast.org("shelter")]


def test_a_later_refusal_ends_as_much_as_a_withdrawal(cast: Cast) -> None:
    case, _sent, _given = with_shelter(cast)
    record_refusal(cast.manager, case, purpose=SERVICE, recipient=cast.org("shelter"), language="km")
    assert policy.readable_sections(cast.again("provider"), case) == frozenset()
    assert WithdrawalNotice.objects.get().classes == ["contact", "health", "identity"]


def test_an_agreement_that_ran_out_ends_too_and_is_told_once(cast: Cast) -> None:
    case = steps.registered(cast)
    record_consent(
        cast.manager, case, purpose=SERVICE, recipient=cast.org("shelter"), classes=["identity"],
        evidence="thumbprint", language="km", valid_until=clock.today(),
    )  # fmt: skip
    sent = referral.send_referral(cast.manager, case, "service", cast.org("shelter"), service=steps.service(cast))
    referral.accept_referral(cast.provider, sent)
    assert sharing.narrow_expired() == 0
    with clock.travel(clock.now() + timedelta(days=2)):
        assert sharing.narrow_expired() == 1
        assert sharing.narrow_expired() == 0
        assert policy.readable_sections(cast.again("provider"), case) == frozenset()


def test_between_preview_and_sending_the_withdrawal_wins(cast: Cast) -> None:
    case = steps.registered(cast)
    steps.agree(cast, case, "identification", cast.org("authority"))
    walker = Walker(signed_in(cast.manager))
    walker.go(f"/case/{case.pk}/identification/ask/")
    assert 'name="sections"' in walker.text
    withdraw_consent(cast.manager, Consent.objects.get(purpose="identification"))
    answer = walker.send(sections=["identity", "narrative"])
    assert answer.status_code == 422
    assert not Referral.objects.filter(kind="identification").exists()
    assert not Event.objects.filter(action="information.shared", purpose="identification").exists()


def test_a_client_cannot_ask_for_more_than_was_agreed(cast: Cast) -> None:
    case = steps.registered(cast)
    steps.agree(cast, case, "identification", cast.org("authority"), classes=("identity",))
    walker = Walker(signed_in(cast.manager))
    walker.go(f"/case/{case.pk}/identification/ask/")
    assert walker.send(sections=["identity", "narrative", "health"]).status_code == 422
    assert not Referral.objects.filter(kind="identification").exists()
    # Neither through the verb itself, nor with fields that no form has.
    sent = referral.send_referral(
        cast.manager, case, "identification", cast.org("authority"), sections=["identity", "narrative", "health"]
    )
    assert sent.sections == ["identity"]


def test_the_screeners_part_of_the_case_goes_with_the_agreement(cast: Cast) -> None:
    case = steps.registered(cast)
    given = Consent.objects.get(purpose="referral_to_focal_agency")
    from spean.detection.models import Screening

    screening = Screening.objects.get(case=case)
    assert doors.reveal(cast.manager, [screening], ["notes"], "casework")
    withdraw_consent(cast.manager, given)
    manager = cast.again("manager")
    assert policy.readable_sections(manager, case) == frozenset()
    with pytest.raises(Http404):
        doors.reveal(manager, [screening], ["notes"], "casework")
    # The agency still runs the case, and what it recorded itself stays its own.
    assert policy.may(manager, "close_case", case)
    assert doors.reveal(manager, [steps.person_of(case)], ["family_name"], "casework")
    walker = Walker(signed_in(cast.manager))
    walker.go(f"/case/{case.pk}/")
    assert "Not shared with you" in walker.text
    walker.go(f"/case/{case.pk}/note/")
    walker.send(section="narrative", text="She says why, and stays in touch.")
    note = Note.objects.get(about="general")
    assert doors.reveal(manager, [note], ["text"], "casework")


def test_what_she_agrees_to_again_is_open_again(cast: Cast) -> None:
    case = steps.registered(cast)
    withdraw_consent(cast.manager, Consent.objects.get(purpose="referral_to_focal_agency"))
    record_consent(
        cast.manager, case, purpose="referral_to_focal_agency", classes=["narrative"], evidence="thumbprint",
        language="km",
    )  # fmt: skip
    assert policy.readable_sections(cast.again("manager"), case) == {"narrative"}
    assert Event.objects.filter(action="case.sections_widened").count() == 1


def test_a_narrow_agreement_narrows_what_the_focal_agency_takes_over(cast: Cast) -> None:
    case = steps.screened(cast).case
    record_consent(
        cast.screener, case, purpose="referral_to_focal_agency", classes=["identity"], evidence="thumbprint",
        language="km",
    )  # fmt: skip
    referral.acknowledge_referral(cast.manager, referral.refer_case(cast.screener, case, cast.org("focal")))
    assert policy.readable_sections(cast.manager, case) == {"identity"}


# --- the notice ----------------------------------------------------------------------------------------------


def test_the_recipient_is_told_and_the_case_manager_sees_the_answer(cast: Cast) -> None:
    case, _sent, given = with_shelter(cast)
    withdraw_consent(cast.manager, given)
    notice = WithdrawalNotice.objects.get()
    task = Task.objects.get(kind="withdrawal_notice")
    assert (task.organisation, task.role, task.object_id) == (cast.org("shelter"), "service_provider", notice.pk)
    manager = signed_in(cast.manager)
    assert "Told to delete" in manager.get(f"/case/{case.pk}/").content.decode()
    walker = Walker(signed_in(cast.provider))
    walker.go("/")
    assert f"/withdrawal/{notice.pk}/" in walker.text
    walker.go(f"/withdrawal/{notice.pk}/")
    assert "Name and identity" in walker.text
    assert walker.send().status_code == 422
    walker.send(copies_deleted="on")
    notice.refresh_from_db()
    assert (notice.status, notice.acknowledged_by) == ("acknowledged", cast.provider)
    task.refresh_from_db()
    assert task.done_at is not None
    assert Event.objects.filter(action="withdrawal.acknowledged").count() == 1
    page = manager.get(f"/case/{case.pk}/").content.decode()
    assert "Copies deleted" in page
    with pytest.raises(WrongState):
        sharing.acknowledge_withdrawal(cast.provider, notice, copies_deleted=True)


def test_only_the_recipient_answers(cast: Cast) -> None:
    _case, _sent, given = with_shelter(cast)
    withdraw_consent(cast.manager, given)
    notice = WithdrawalNotice.objects.get()
    with pytest.raises(Refused):
        sharing.acknowledge_withdrawal(cast.provider, notice, copies_deleted=False)
    with pytest.raises(Forbidden):
        sharing.acknowledge_withdrawal(cast.manager, notice, copies_deleted=True)
    client = signed_in(cast.manager)
    assert client.get(f"/withdrawal/{notice.pk}/").status_code == 200
    assert client.post(f"/withdrawal/{notice.pk}/", {"copies_deleted": "on"}).status_code == 404


@pytest.mark.parametrize(
    "name", ["outsider", "screener", "other_manager", "other_provider", "officer", "administrator"]
)
def test_nobody_else_learns_of_it(cast: Cast, name: str) -> None:
    _case, _sent, given = with_shelter(cast)
    withdraw_consent(cast.manager, given)
    notice = WithdrawalNotice.objects.get()
    client = signed_in(getattr(cast, name))
    assert client.get(f"/withdrawal/{notice.pk}/").status_code == 404
    assert client.get(f"/withdrawal/{uuid4()}/").status_code == 404
    with pytest.raises(Forbidden):
        sharing.acknowledge_withdrawal(getattr(cast, name), notice, copies_deleted=True)


def test_nothing_shared_nobody_told(cast: Cast) -> None:
    case = steps.consented(cast)
    withdraw_consent(cast.screener, Consent.objects.get(case=case))
    assert not WithdrawalNotice.objects.exists()


def test_a_referral_that_was_taken_back_by_the_person_is_not_accepted(cast: Cast) -> None:
    _case, sent, given = with_shelter(cast, accept=False)
    withdraw_consent(cast.manager, given)
    page = signed_in(cast.provider).get(f"/referral/{sent.pk}/").content.decode()
    assert "taken the agreement back" in page
    assert "Read the message" not in page
    with pytest.raises(Refused, match="taken the agreement back"):
        referral.accept_referral(cast.provider, Referral.objects.get(pk=sent.pk))
    referral.decline_referral(cast.provider, Referral.objects.get(pk=sent.pk), reason="other")
