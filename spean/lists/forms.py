"""Forms of partner lists and of the linked register."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from spean.access import policy
from spean.access.models import User
from spean.lists import sheet, words
from spean.lists.delivering import Declared
from spean.lists.judging import COLUMNS
from spean.workflow.days import DayLine
from spean.workflow.pages import ActionForm

NUMBER = {"inputmode": "numeric", "autocomplete": "off", "class": "govuk-input--width-5"}


class DeclarationForm(ActionForm):
    """What the partner says of its list."""

    definition = forms.CharField(
        label=_("Whom does the list count?"),
        help_text=_("The definition that your organisation uses, in its words: which law, which ages, which forms."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say whom the list counts")},
    )
    completeness = forms.ChoiceField(
        label=_("How many of them are on it?"),
        choices=list(words.COMPLETENESS.items()),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how complete the list is")},
    )
    from_on = DayLine(label=_("From which day? (if known)"), required=False)
    to_on = DayLine(label=_("To which day? (if known)"), required=False)
    lowest = forms.IntegerField(
        label=_("How many people are on it, at least? (if known)"), required=False, min_value=0, max_value=10_000_000,
        widget=forms.TextInput(attrs=NUMBER),
    )  # fmt: skip
    highest = forms.IntegerField(
        label=_("And at most, if the number is not certain?"), required=False, min_value=0, max_value=10_000_000,
        widget=forms.TextInput(attrs=NUMBER),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        lowest, highest = cleaned.get("lowest"), cleaned.get("highest")
        if highest is not None and (lowest is None or highest < lowest):
            self.add_error("highest", _("The highest number cannot be lower than the lowest"))
        if cleaned.get("from_on") and cleaned.get("to_on") and cleaned["from_on"] > cleaned["to_on"]:
            self.add_error("to_on", _("The last day cannot be before the first"))
        return cleaned

    @property
    def declared(self) -> Declared:
        names = ("definition", "completeness", "from_on", "to_on", "lowest", "highest")
        return Declared(**{name: self.cleaned_data[name] for name in names})


class ListForm(DeclarationForm):
    """A new list."""

    field_order = ("title", "form", "definition", "completeness", "from_on", "to_on", "lowest", "highest")
    title = forms.CharField(
        label=_("What is the list called?"),
        help_text=_("For example: arrivals at the transit centre. No names of people."),
        max_length=120,
        error_messages={"required": _("Give the list a name")},
    )
    form = forms.ChoiceField(
        label=_("What do you send?"), widget=forms.RadioSelect, error_messages={"required": _("Choose what you send")}
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = policy.may(user, "keep_list_of_names")
        self.fields["form"].choices = [  # type: ignore[attr-defined]
            (code, label) for code, label in words.FORMS.items() if named or code != "names"
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("form") == "number" and cleaned.get("lowest") is None and "lowest" not in self.errors:
            self.add_error("lowest", _("Say how many people are on the list"))
        return cleaned


class DeliverForm(ActionForm):
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV or Excel (.xlsx), up to 48 MB. It is sealed at once, and destroyed when it has been read."),
        error_messages={
            "required": _("Choose a file"), "empty": _("The file is empty."), "missing": _("Choose a file"),
            "invalid": _("Choose a file"),
        },
    )  # fmt: skip
    delimiter = forms.ChoiceField(
        label=_("What separates the cells? (of a CSV file)"),
        required=False,
        choices=[
            ("", _("Find out")), ("comma", _("Comma")), ("semicolon", _("Semicolon")), ("tab", _("Tab")),
            ("bar", _("Vertical bar")),
        ],
    )  # fmt: skip

    def __init__(self, *args: Any, too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["accept"] = ".csv,.tsv,.txt,.xlsx"
        if too_large:
            self.fields["file"].error_messages["required"] = str(words.UNREADABLE["too_large"])

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if (file.size or 0) > sheet.MOST_BYTES:
            raise forms.ValidationError(str(words.UNREADABLE["too_large"]))
        raw: bytes = file.read()
        if len(raw) != file.size:
            raise forms.ValidationError(str(words.UNREADABLE["empty"]))
        return raw


class ColumnsForm(ActionForm):
    """One question for each column of the file."""

    def __init__(
        self,
        *args: Any,
        heading: Sequence[str],
        filled: Sequence[int],
        lines: int,
        guess: dict[int, str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("Something else: kept, not compared")), *((n, words.FIELD_LABELS[n]) for n in COLUMNS)]
        many = lines >= sheet.SAMPLE
        told = (
            _("filled in %(filled)d of the first %(lines)d lines")
            if many
            else _("filled in %(filled)d of %(lines)d lines")
        )
        for place, title in enumerate(heading):
            self.fields[f"column_{place}"] = forms.ChoiceField(
                label=title or _("Column %(number)d (without a heading)") % {"number": place + 1},
                help_text=told % {"filled": filled[place], "lines": lines},
                choices=choices, required=False, initial=guess.get(place, ""),
            )  # fmt: skip

    @property
    def mapping(self) -> dict[int, str]:
        given = ((name, value) for name, value in self.cleaned_data.items() if name.startswith("column_") and value)
        return {int(name.removeprefix("column_")): value for name, value in given}


class PairForm(ActionForm):
    decision = forms.ChoiceField(
        label=_("Are these two rows one person?"),
        choices=[("same", _("Yes, the same person")), ("not_same", _("No, two persons")), ("unsure", _("Unsure"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one")},
    )
