"""The first responder's journeys: at 360 pixels, in Khmer, by keyboard, and without a line of script."""

from spean.cases.consent import TOLD
from spean.cases.models import Case, DirectHelp
from spean.detection.models import Screening
from spean.privacy import vault
from spean.protection.models import Need, RiskAssessment
from spean.referral.models import Referral
from tests.cast import Cast
from tests.detection.walk import ABOUT, BEFORE, PERSON, STRONG
from tests.journeys.conftest import Arrive
from tests.journeys.visitor import Visitor

ADULT = {name: value for name, value in ABOUT.items() if value}
CONSENT = {
    "told": list(TOLD), "classes": ["identity", "contact", "narrative"], "language": "km", "interpreter_kind": "none",
    "evidence": "thumbprint",
}  # fmt: skip


def begin(visitor: Visitor, instrument: str = "first_responder", exploitation: str = "labour") -> None:
    visitor.click('a[href="/screening/start/"]')
    visitor.answer({"instrument": instrument, "exploitation": exploitation})
    visitor.answer(BEFORE)
    visitor.answer(PERSON)


def tell(visitor: Visitor) -> None:
    """From the page about the person to the first page of questions."""
    assert visitor.at.endswith("/about/"), visitor.at
    visitor.answer(ADULT)
    visitor.answer({"ticked": ["recruitment", "transportation"]})
    visitor.answer({"ticked": ["ForcedLabour"]})


def ask(visitor: Visitor) -> None:
    """The twelve questions of the short list, to the result."""
    for keys in (range(1, 7), range(7, 13)):
        visitor.answer({key: STRONG.get(key, "no") for key in (f"FR{number:02}" for number in keys)})
    assert visitor.at.endswith("/check/"), visitor.at
    visitor.send()
    assert visitor.at.endswith("/result/"), visitor.at


def help_out(visitor: Visitor) -> None:
    """From the result to the question whether the person agrees."""
    visitor.click("main .path-next a.govuk-button")
    visitor.answer({"needs": ["shelter", "medical"], "urgent": ["medical"]})
    visitor.answer(
        {"level": "medium", "factors": ["exploiter_nearby"], "with_person": "yes", "response": "She waits inside."}
    )
    visitor.answer({"help": ["leaflet", "water_food"]})
    assert visitor.at.endswith("/agreement/"), visitor.at


def test_khmer_from_the_first_question_to_the_referral(cast: Cast, arrive: Arrive) -> None:
    visitor = arrive(cast.screener)
    visitor.language = "km"
    visitor.click('button[name="language"][value="km"]')
    begin(visitor)
    tell(visitor)
    ask(visitor)
    help_out(visitor)
    visitor.answer({"says": "yes"})
    visitor.answer(CONSENT)
    assert visitor.at.endswith("/refer/"), visitor.at
    visitor.answer({"to": str(cast.org("focal").pk), "urgent": True, "message": "សូមជួបនាងនៅប៉ុស្តិ៍។"})
    assert visitor.at.endswith("/sent/"), visitor.at
    sent = Referral.objects.get()
    assert (sent.status, sent.urgent, sent.sections) == ("sent", True, ["contact", "identity", "narrative"])
    assert sent.receipt is not None
    assert sent.receipt.code in visitor.text
    assert Case.objects.get().legal_status == "presumed_victim"
    assert Need.objects.count() == 2
    assert RiskAssessment.objects.get().level == "medium"


def tab_to(visitor: Visitor, condition: str) -> None:
    """Press Tab until the focus is there, as somebody who has no pointer."""
    for _ in range(80):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate(f"() => {{ const here = document.activeElement; return Boolean({condition}) }}"):
            return
    raise AssertionError(f"The keyboard never reaches {condition} on {visitor.at}.")


def enter(visitor: Visitor) -> None:
    """Reach the button of the form by Tab, and press Enter."""
    tab_to(visitor, "here.matches('main form button.govuk-button')")
    visitor.press("Enter")


def test_by_keyboard_an_adult_says_no_and_is_counted(cast: Cast, arrive: Arrive) -> None:
    visitor = arrive(cast.screener)
    begin(visitor, "ilo_2009")
    tell(visitor)
    for number in range(1, 7):
        assert visitor.at.endswith(f"/questions-{number}/"), visitor.at
        if number == 1:
            # “Not asked” is chosen at first, so the way to “yes” goes round its end.
            tab_to(visitor, "here.name === 'DR-JOB'")
            visitor.page.keyboard.press("ArrowDown")
            assert visitor.page.evaluate("document.activeElement.value") == "yes"
            tab_to(visitor, "here.name === 'DR-PAY'")
            visitor.page.keyboard.press("ArrowUp")
            assert visitor.page.evaluate("document.activeElement.value") == "declined"
        enter(visitor)
    assert visitor.at.endswith("/check/"), visitor.at
    enter(visitor)
    assert visitor.at.endswith("/result/"), visitor.at
    screening = Screening.objects.get()
    assert (screening.answers["DR-JOB"], screening.answers["DR-PAY"]) == ("yes", "declined")
    case = screening.case
    visitor.open(f"/case/{case.pk}/agreement/")
    tab_to(visitor, "here.name === 'says'")
    visitor.page.keyboard.press("Space")
    visitor.page.keyboard.press("ArrowDown")
    enter(visitor)
    visitor.answer({"reason": "fears_deportation", "language": "km"})
    assert visitor.at.endswith("/count/"), visitor.at
    visitor.send()
    case.refresh_from_db()
    assert case.status == "counted"
    assert vault.is_destroyed(case.subject)
    visitor.open(f"/case/{case.pk}/help/")
    visitor.answer({"help": ["leaflet", "transport"]})
    assert DirectHelp.objects.get().help == ["leaflet", "transport"]
    visitor.open(f"/case/{case.pk}/")
    assert "Dara" not in visitor.text


def test_without_script_a_lost_tab_is_taken_up_again(cast: Cast, arrive: Arrive) -> None:
    visitor = arrive(cast.screener, scripts=False)
    begin(visitor)
    screening = Screening.objects.get()
    visitor.page.close()
    visitor.new_tab()
    visitor.open(f"/case/{screening.case_id}/")
    visitor.follow("/interview/")
    tell(visitor)
    ask(visitor)
    help_out(visitor)
    visitor.answer({"says": "yes"})
    visitor.answer(CONSENT)
    visitor.answer({"to": str(cast.org("focal").pk)})
    assert visitor.at.endswith("/sent/"), visitor.at

    stranger = arrive(cast.outsider, scripts=False)
    stranger.open("/there-is-no-such-page/", refused=404)
    missing = stranger.context.request.get(stranger.server + "/there-is-no-such-page/").body()
    for address in sorted({address for address, _weight in visitor.weights if "/case/" in address or "-" in address}):
        if "/link/" in address:
            continue
        answer = stranger.context.request.get(stranger.server + address)
        assert (answer.status, answer.body()) == (404, missing), address
    stranger.open(f"/case/{screening.case_id}/", refused=404)
