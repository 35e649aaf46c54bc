"""A filled sheet is typed in on a keyboard alone: one key for each answer, and nothing that needs a mouse."""

from spean.detection.models import Screening
from tests.cast import Cast
from tests.journeys.conftest import Arrive


def test_a_sheet_is_typed_in_by_one_key_for_each_answer(cast: Cast, arrive: Arrive) -> None:
    visitor = arrive(cast.screener, width=1024)
    visitor.open("/screening/paper/first_responder/")
    visitor.look()
    keys = visitor.page.keyboard
    # Private place, interpreter, preference, language; the name stays empty; age, child, sex.
    for key in ("1", "1", "2", "1"):
        keys.press(key)
    keys.press("Enter")
    keys.type("24")
    keys.press("Enter")
    for key in ("2", "1"):
        keys.press(key)
    # Several acts, then several forms, each ended by Enter; the kind of exploitation.
    for key in ("1", "2", "2", "Enter", "1", "b", "Enter", "1"):
        keys.press(key)
    # A wrong key is taken back: Backspace goes to the question before.
    keys.press("2")
    keys.press("Backspace")
    for key in "111111444444":
        keys.press(key)
    keys.type("Told on the way")
    keys.press("Enter")
    assert visitor.page.evaluate("document.activeElement.tagName") == "BUTTON"
    keys.press("Enter")
    visitor.page.wait_for_url("**/result/")
    row = Screening.objects.get()
    assert row.answers == {f"FR{n:02}": "yes" if n < 7 else "declined" for n in range(1, 13)}
    assert (row.age, row.age_disputed, row.acts) == (24, False, ["recruitment"])
    assert row.forms == ["ForcedLabour", "ForcedCriminality"]
    assert (row.private_place, row.preferred_interviewer_asked, row.interview_language) == (True, False, "km")


def test_a_sheet_is_typed_in_without_a_script(cast: Cast, arrive: Arrive) -> None:
    visitor = arrive(cast.screener, scripts=False)
    visitor.open("/screening/paper/first_responder/")
    visitor.send(refused=True)
    assert visitor.page.locator(".govuk-error-summary").count() == 1
    visitor.fill(
        {
            "before/private_place": "yes", "before/interpreter_kind": "none", "person/age": "30",
            "person/age_disputed": "no", "person/sex": "female", "journey/acts": "recruitment",
            "work/forms": "ForcedLabour", "work/exploitation": "labour", "signs_1/FR01": "yes",
        }
    )  # fmt: skip
    visitor.send()
    assert Screening.objects.get().answers == {"FR01": "yes"}
