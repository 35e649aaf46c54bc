"""What happens seldom and has to be right: a list leaves, an alert, an agreement is taken back, a life in danger."""

import pyrage

from spean.cases.models import HandOver, WithdrawalNotice
from spean.exchange.models import Export
from spean.oversight.planting import plant_canary
from spean.privacy.models import Alert
from tests import steps
from tests.cases.test_withdrawal import with_shelter
from tests.cast import Cast
from tests.exchange.lists import PRIVATE, PUBLIC, PURPOSE, agreed, colleague, registered
from tests.journeys.conftest import Arrive
from tests.journeys.visitor import Visitor
from tests.oversight.conftest import INVENTED

WIDE = 1280


def in_khmer(visitor: Visitor) -> Visitor:
    visitor.language = "km"
    visitor.click('button[name="language"][value="km"]')
    return visitor


def test_a_list_leaves_sealed_and_counted(cast: Cast, arrive: Arrive) -> None:
    cases = registered(cast, 21)
    for case in cases:
        agreed(cast, case)
    manager = in_khmer(arrive(cast.manager))
    manager.open("/exports/")
    manager.follow("/exports/ask/")
    typed = {
        "cases": "\n".join(case.code for case in cases), "purpose": PURPOSE, "recipient": str(cast.org("embassy").pk),
        "recipient_key": PUBLIC, "coded": ["sex", "birth_year"], "sealed": ["family_name"],
    }  # fmt: skip
    manager.fill({**typed, "recipient_key": "age1nothing"})
    manager.send(refused=True)
    manager.answer({"recipient_key": PUBLIC})
    export = Export.objects.get()
    second = arrive(colleague(cast), width=WIDE)
    second.open("/")
    second.follow(f"/exports/{export.pk}/")
    second.send(f'main form[action$="/exports/{export.pk}/approve/"] button')
    manager.open(f"/exports/{export.pk}/")
    with manager.page.expect_download() as file:
        manager.page.click(f'main form[action$="/exports/{export.pk}/make/"] button')
    sealed = file.value.path().read_bytes()
    assert b"Family" not in sealed
    assert "Family20" in pyrage.decrypt(sealed, [PRIVATE]).decode()
    manager.open(f"/exports/{export.pk}/")
    manager.open("/exports/")


def test_an_invented_person_was_opened(cast: Cast, arrive: Arrive) -> None:
    canary = plant_canary(cast.auditor, INVENTED, sender=cast.org("other_police"), focal=cast.org("focal"))
    manager = arrive(cast.manager)
    manager.open(f"/case/{canary.pk}/")
    manager.answer({"purpose": "casework"}, "main form.spean-reveal button")
    alert = Alert.objects.get(kind="canary_opened")
    auditor = in_khmer(arrive(cast.auditor))
    auditor.open("/")
    auditor.follow(f"/alerts/{alert.pk}/")
    assert canary.code in auditor.text
    assert INVENTED.family_name not in auditor.text
    auditor.answer({"finding": "misuse"})
    auditor.open("/alerts/")
    auditor.open(f"/alerts/{alert.pk}/")


def test_an_agreement_is_taken_back_and_the_shelter_is_told(cast: Cast, arrive: Arrive) -> None:
    case, _sent, given = with_shelter(cast)
    manager = arrive(cast.manager, width=WIDE)
    manager.open(f"/consent/{given.pk}/withdraw/")
    manager.send()
    notice = WithdrawalNotice.objects.get()
    provider = in_khmer(arrive(cast.provider))
    provider.open("/")
    provider.follow(f"/withdrawal/{notice.pk}/")
    provider.send(refused=True)
    provider.answer({"copies_deleted": True})
    assert WithdrawalNotice.objects.get().status == "acknowledged"
    manager.open(f"/case/{case.pk}/")
    assert "Copies deleted" in manager.text


def test_a_case_is_handed_over(cast: Cast, arrive: Arrive) -> None:
    case = steps.registered(cast)
    manager = arrive(cast.manager)
    manager.open(f"/case/{case.pk}/hand-over/")
    manager.answer({"to": str(cast.org("other_focal").pk), "reason": "She moves to her aunt in the north."})
    other = in_khmer(arrive(cast.other_manager))
    other.open("/")
    offered = HandOver.objects.get()
    other.follow(f"/hand-over/{offered.pk}/")
    other.send(f'main form[action$="/hand-over/{offered.pk}/accept/"] button')
    assert HandOver.objects.get().status == "accepted"
