"""The whole path in one piece: from the first screening to a decision and an accepted service."""

from spean.cases.models import Case
from spean.directory.models import Service
from spean.identification import actions as identification
from spean.protection import actions as protection
from spean.protection.models import Need
from spean.referral import actions as referral
from tests import steps
from tests.cast import Cast


def test_from_first_screening_to_decision(cast: Cast) -> None:
    determination = steps.proposed(cast)
    identification.confirm_determination(cast.reviewer, determination)
    case = Case.objects.get(pk=determination.case_id)
    assert case.legal_status == "identified_victim"
    identification.inform_of_determination(cast.manager, determination, language="km")
    assert determination.status == "informed"


def test_from_registration_to_accepted_service(cast: Cast) -> None:
    case = steps.registered(cast)
    service = steps.service(cast)
    need = protection.record_need(cast.manager, case, "psychological")
    steps.agree(cast, case, "service_referral", cast.org("shelter"), ("identity", "narrative"))
    sent = referral.send_referral(cast.manager, case, "service", cast.org("shelter"), service=service, need=need)
    referral.accept_referral(cast.provider, sent)
    assert Service.objects.get(pk=service.pk).capacity_available == 2
    assert Need.objects.get(pk=need.pk).status == "met"
    assert sent.sections == ["identity", "narrative"]
