"""The competent authority's journey: two officers, element by element, and the person is told."""

from spean.cases.models import Case
from spean.identification.models import Determination
from tests import steps
from tests.cast import Cast
from tests.journeys.conftest import Arrive


def test_two_officers_decide_and_the_person_is_told(cast: Cast, arrive: Arrive) -> None:
    case = steps.with_authority(cast)
    officer = arrive(cast.officer, width=1024)
    officer.open("/identification/")
    officer.follow(f"/case/{case.pk}/identification/")
    officer.click('main form[action*="/read/name/"] button')
    assert "Dara" in officer.text
    officer.follow("/identification/open/")
    row = Determination.objects.get()
    here = f"/determination/{row.pk}/decide/"
    assert officer.at == f"{here}act/", officer.at
    officer.answer({"act": "established", "act_codes": ["recruitment"]})
    officer.answer(
        {"means": "established", "means_codes": ["deception"], "means_reasons": "Told of other work, held by a debt."}
    )
    officer.answer(
        {
            "purpose": "established", "exploitation_forms": ["ForcedLabour"],
            "purpose_reasons": "Worked unpaid for a year.",
        }
    )  # fmt: skip
    officer.answer({"evidence": "Her account and the contract.", "outcome": "identified"})
    # One element without its reasons is found, at its field.
    assert officer.at == here
    officer.send(refused=True)
    officer.click('.govuk-error-summary a[href$="/act/?from=check#id_act_reasons"]')
    assert officer.page.locator('.govuk-error-summary a[href="#id_act_reasons"]').count() == 1
    officer.answer({"act_reasons": "A broker came to her village."})
    assert officer.at == here
    officer.send()
    assert Determination.objects.get().status == "proposed"

    reviewer = arrive(cast.reviewer)
    reviewer.open("/identification/")
    reviewer.click(f'main a[href^="/determination/{row.pk}/"]')
    if not reviewer.at.endswith("/second/"):
        reviewer.follow("/second/")
    assert "A broker came to her village." in reviewer.text
    reviewer.answer({"answer": "confirm"})
    assert Determination.objects.get().status == "confirmed"
    assert Case.objects.get().legal_status == "identified_victim"

    manager = arrive(cast.manager)
    manager.open(f"/determination/{row.pk}/")
    manager.click('form[action*="/reasons/"] button')
    assert "A broker came to her village." in manager.text
    manager.follow("/letter/")
    manager.answer({"language": "km", "named": "no"})
    assert "Dara" not in manager.text
    manager.open(f"/determination/{row.pk}/tell/")
    manager.answer({"language": "km", "told": True, "review": True})
    assert Determination.objects.get().status == "informed"
    manager.open(f"/determination/{row.pk}/review/")
    manager.answer({"words": "She was never asked about the second factory."})
    assert Determination.objects.get().status == "review_requested"

    other = arrive(cast.other_officer)
    other.open("/identification/")
    assert case.code in other.text
