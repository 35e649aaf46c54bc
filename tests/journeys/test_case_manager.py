"""The case manager's journeys: taking a case over, finding a service, and what no service could do."""

from spean.cases.consent import TOLD
from spean.cases.models import Case
from spean.directory.models import Service
from spean.people.models import Person
from spean.protection import actions as protection
from spean.protection.models import Need, ReflectionPeriod, RightsInformation, RiskAssessment
from spean.referral import actions as referral
from spean.referral.models import Referral
from tests import steps
from tests.cast import Cast
from tests.journeys.conftest import Arrive


def test_a_case_is_taken_over_and_a_possible_match_decided(cast: Cast, arrive: Arrive) -> None:
    known = steps.person_of(steps.registered(cast))
    sent = steps.referred(cast, name="Sok Dara")
    responder = arrive(cast.screener)
    responder.open("/cases/")
    assert "has received it" not in responder.text.split(sent.case.code)[1].split("C-")[0]

    manager = arrive(cast.manager)
    manager.open("/referrals/")
    manager.follow(f"/referral/{sent.pk}/")
    manager.follow("/acknowledge/")
    assert Referral.objects.get(pk=sent.pk).status == "acknowledged"
    manager.follow("/register/prefill/")
    manager.answer(
        {"sex": "female", "mother_name": "Sok Chanthy"}, 'main form[action$="/register/"] button.govuk-button'
    )
    assert known.code in manager.text
    manager.click(f'button[name="compare"][value="{known.pk}"]')
    manager.fill({f"decision_{known.pk}": "same"})
    manager.send("main form button.govuk-button:not([name])")
    assert manager.at == f"/case/{sent.case_id}/", manager.at
    assert Person.objects.exclude(pk=known.pk).get().same_as_id == known.pk
    assert Case.objects.get(pk=sent.case_id).status == "registered"

    responder.open("/cases/")
    assert "has registered the person" in responder.text
    responder.open(f"/case/{sent.case_id}/")
    assert "has registered the person" in responder.text


def test_from_rights_to_a_service_that_accepts(cast: Cast, arrive: Arrive) -> None:
    case = steps.registered(cast)
    service = steps.service(cast, languages=["km"], meets_minimum_standards=True)
    manager = arrive(cast.manager, width=1024)
    page = f"/case/{case.pk}/"
    manager.open(page)
    manager.follow("/rights/")
    manager.answer({"language": "km", "method": "read_aloud", "understood": "yes"})
    assert RightsInformation.objects.get().text_version
    manager.open(page + "reflection/")
    manager.send()
    assert ReflectionPeriod.objects.get().status == "running"
    manager.open(page + "risk/")
    manager.answer(
        {"level": "medium", "factors": ["exploiter_nearby"], "with_person": "yes", "response": "A safe room."}
    )
    assert RiskAssessment.objects.get().level == "medium"
    manager.open(page + "needs/")
    manager.answer({"needs": ["psychological"], "urgent": ["psychological"]})
    need = Need.objects.get()
    manager.open(page)
    manager.follow(f"/needs/{need.pk}/services/")
    for words in ("In the same province", "Speaks Khmer", "3 of 10 places free"):
        assert words in manager.text, words
    manager.click(f'main a.govuk-button[href$="/services/{service.pk}/"]')
    manager.click('main a.govuk-button[href*="/consent/"]')
    manager.answer({
        "told": list(TOLD), "recipient": str(cast.org("shelter").pk), "classes": ["identity", "narrative"],
        "language": "km", "interpreter_kind": "none", "evidence": "thumbprint",
    })  # fmt: skip
    assert manager.at.endswith(f"/services/{service.pk}/"), manager.at
    manager.answer({"message": "She likes to sit near the door."})
    sent = Referral.objects.get(kind="service")

    provider = arrive(cast.provider)
    provider.open("/referrals/")
    provider.follow(f"/referral/{sent.pk}/")
    assert "Dara" not in provider.text
    assert "3 of 10 places free" in provider.text
    provider.click('main form[action*="/message/"] button')
    assert "near the door" in provider.text
    provider.follow("/accept/")
    provider.answer({"answer": "Come at noon."})
    assert Service.objects.get().capacity_available == 2
    provider.open(f"/services/{service.pk}/")
    assert "2 of 10 places free" in provider.text
    assert Need.objects.get().status == "met"

    manager.open("/")
    manager.open(f"/referral/{sent.pk}/")
    assert "Accepted" in manager.text
    manager.click('main form[action*="/message/"] button')
    assert "Come at noon." in manager.text
    manager.open(page)


def test_a_service_declines_and_the_gap_is_recorded(cast: Cast, arrive: Arrive) -> None:
    case = steps.registered(cast)
    service = steps.service(cast)
    need = protection.record_need(cast.manager, case, "psychological")
    steps.agree(cast, case, "service_referral", cast.org("shelter"), ("identity", "narrative"))
    sent = referral.send_referral(cast.manager, case, "service", cast.org("shelter"), service=service, need=need)

    provider = arrive(cast.provider)
    provider.open(f"/referral/{sent.pk}/")
    provider.follow("/decline/")
    provider.send(refused=True)
    assert provider.page.locator('.govuk-error-summary a[href^="#id_reason"]').count() == 1
    provider.answer({"reason": "no_free_place", "answer": "Ask again next week."})
    assert Referral.objects.get(pk=sent.pk).status == "declined"

    manager = arrive(cast.manager)
    assert sent.case.code in manager.text
    manager.open(f"/referral/{sent.pk}/")
    assert "No free place" in manager.text
    manager.follow(f"/needs/{need.pk}/services/")
    assert "Declined on" in manager.text
    manager.page.locator("main details summary").last.click()
    manager.click('main a[href*="/unmet/"]')
    manager.answer({"reason": "all_declined"})
    assert Need.objects.get().unmet_reason == "all_declined"
    assert manager.at == f"/case/{case.pk}/", manager.at
    manager.open("/needs/unmet/")
    assert "1 of 1" in manager.text
