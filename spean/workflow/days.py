"""How every form asks for a day: in three fields, or on one line where it is one condition among others.

Both take the digits of either script, and both say in the reader's language what is missing.
"""

from datetime import date
from typing import Any

from crispy_forms_gds.fields import DateInputField
from django import forms
from django.utils.translation import gettext_lazy as _

# Khmer digits stand in one row of Unicode, from U+17E0.
DIGITS = {0x17E0 + number: str(number) for number in range(10)}
FORMATS = ("%d %m %Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y-%m-%d")
PARTS = (
    (_("Day"), _("Enter the day"), _("The day is a number")),
    (_("Month"), _("Enter the month"), _("The month is a number")),
    (_("Year"), _("Enter the year"), _("The year is a number")),
)


def _latin(typed: Any) -> Any:
    return typed.translate(DIGITS) if isinstance(typed, str) else typed


class DayField(DateInputField):
    """A day in three fields; what is missing or wrong is said at the field where it is."""

    def __init__(self, **kwargs: Any) -> None:
        said = {"required": _("Enter the day, month and year"), **kwargs.pop("error_messages", {})}
        super().__init__(require_all_fields=False, **kwargs)
        for field, widget, (name, missing, wrong) in zip(self.fields, self.widget.widgets, PARTS, strict=True):
            # The library's own words have no Khmer.
            field.label = widget.attrs["label"] = name
            widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}
            field.error_messages["incomplete"] = missing
            field.validators[0].message = wrong
        self.error_messages |= {"incomplete": said["required"], **said}

    def clean(self, value: Any) -> date | None:
        typed = [_latin(part) for part in value] if isinstance(value, (list, tuple)) else value
        day: date | None = super().clean(typed)
        return day

    def compress(self, data_list: Any) -> date | None:
        day, month, year = data_list
        if not any((day, month, year)):
            return None
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            raise forms.ValidationError(
                _("This day does not exist. Write it like 27 3 2001."), code="invalid"
            ) from None


class DayLine(forms.DateField):
    """A day on one line: day, month, year."""

    def __init__(self, **kwargs: Any) -> None:
        told = {"required": _("Enter the day"), "invalid": _("Write the day like 27 3 2027")}
        kwargs["error_messages"] = {**told, **kwargs.get("error_messages", {})}
        kwargs.setdefault("help_text", _("Write it like 27 3 2027."))
        super().__init__(
            input_formats=FORMATS,
            widget=forms.TextInput(attrs={"autocomplete": "off", "class": "govuk-input--width-10"}),
            **kwargs,
        )

    def to_python(self, value: Any) -> date | None:
        return super().to_python(" ".join(_latin(value).split()) if isinstance(value, str) else value)
