"""How a day is typed: in either script's digits, and refused at its own field in the reader's language."""

from datetime import date

import pytest
from django import forms
from django.utils import translation

from spean.workflow.days import DayField, DayLine


class Form(forms.Form):
    on = DayField(required=False)
    by = DayLine(required=False)


def _parts(*typed: str) -> dict[str, str]:
    return {f"on_{number}": part for number, part in enumerate(typed)}


@pytest.mark.parametrize(
    ("data", "day"),
    [
        (_parts("27", "3", "2027"), date(2027, 3, 27)),
        (_parts("២៧", "៣", "២០២៧"), date(2027, 3, 27)),
        (_parts("", "", ""), None),
    ],
)
def test_three_fields(data: dict[str, str], day: date | None) -> None:
    form = Form(data)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["on"] == day


@pytest.mark.parametrize(
    "typed", ["27 3 2027", "27  3 2027 ", "27/3/2027", "27.3.2027", "27-03-2027", "2027-03-27", "២៧ ៣ ២០២៧"]
)
def test_one_line(typed: str) -> None:
    form = Form({"by": typed})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["by"] == date(2027, 3, 27)


@pytest.mark.parametrize(
    ("data", "field", "said"),
    [
        (_parts("27", "", "2027"), "on", "Enter the month"),
        (_parts("27", "March", "2027"), "on", "The month is a number"),
        (_parts("30", "2", "2027"), "on", "This day does not exist. Write it like 27 3 2001."),
        ({"by": "27 March"}, "by", "Write the day like 27 3 2027"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(data: dict[str, str], field: str, said: str) -> None:
    assert Form(data).errors == {field: [said]}


def test_the_parts_are_named_in_the_language_of_the_page() -> None:
    """The library's own labels have no Khmer: a Khmer form asked for a “Month”."""
    with translation.override("km"):
        page = str(Form())
    assert "Month" not in page
    assert "Year" not in page
    assert "ខែ" in page
