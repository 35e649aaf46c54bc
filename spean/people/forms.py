"""Forms of the person: registration and correction, search, decisions on possible matches.

They check what was typed. What is sealed and what is compared is decided in `actions.py` and `matching.py`.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from crispy_forms_gds.helper import FormHelper
from crispy_forms_gds.layout import Fieldset, Layout, Size
from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from spean.country import pack
from spean.country.fields import CodeChoices, CodesChoices
from spean.lib import clock
from spean.lib.births import year_from_age
from spean.people.actions import SEALED, Identity
from spean.people.models import Person
from spean.privacy.event_names import PURPOSES as PURPOSE_LABELS
from spean.workflow.days import DayField
from spean.workflow.pages import LONG, SHORT, ActionForm

OLDEST = 120
OFTEN = 6


def text(label: Any, *, help_text: Any = "", limit: int = SHORT, rows: int = 0) -> forms.CharField:
    """A line (or some lines) that will be sealed; the browser is asked not to remember it."""
    attrs = {"autocomplete": "off", "spellcheck": "false"}
    widget: forms.Widget = forms.Textarea(attrs={**attrs, "rows": rows}) if rows else forms.TextInput(attrs=attrs)
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=limit,
        widget=widget,
        error_messages={"max_length": _("This is too long: keep it under %(limit_value)d signs.")},
    )


def number(label: Any, *, help_text: Any = "", low: int, high: int, wrong: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        required=False,
        min_value=low,
        max_value=high,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "govuk-input--width-4"}),
        error_messages={"invalid": wrong, "min_value": wrong, "max_value": wrong},
    )


YES_NO_UNKNOWN = (("yes", _("Yes")), ("no", _("No")), ("unknown", _("Not known")))


GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_("Name"), ("family_name", "given_name", "name_km", "other_names")),
    (_("Sex and birth"), ("sex", "birth_date", "birth_year", "birth_year_estimated", "age", "birth_province")),
    (
        _("Nationality and language"),
        ("nationality", "nationality_claimed", "nationality_contested", "languages", "another_language"),
    ),
    (_("Documents and parents"), ("has_documents", "document_number", "mother_name", "father_name")),
    (_("Contact"), ("phone", "address")),
    (_("Disability"), ("disability",)),
)


class IdentityForm(ActionForm):
    """Who the person is. Everything but the sex may be left open: nobody is turned away for want of papers."""

    family_name = text(_("Family name"), help_text=_("In Latin letters, as on a document or as the person spells it."))
    given_name = text(_("Given name"))
    name_km = text(_("Full name in Khmer script"), help_text=_("Or in the person’s own script."))
    other_names = text(_("Other names"), help_text=_("Nicknames, earlier or false names, each after a comma."))
    sex = CodeChoices(
        codelist="sex",
        label=_("Sex or gender, as the person says"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one; “not known” is an answer too")},
    )
    birth_date = DayField(
        label=_("Date of birth"), help_text=_("Only if the person knows it. For example 27 3 2001."), required=False
    )
    birth_year = number(
        _("Or the year of birth"), low=1880, high=2200, wrong=_("Enter the year with four digits, like 2001"),
        help_text=_("Where the day is not known."),
    )  # fmt: skip
    birth_year_estimated = forms.BooleanField(label=_("This year is an estimate"), required=False)
    age = number(
        _("Or the age"), low=0, high=OLDEST, wrong=_("Enter an age from 0 to 120"),
        help_text=_("The year of birth is then estimated from it."),
    )  # fmt: skip
    nationality = CodeChoices(
        codelist="nationality", label=_("Nationality"), required=False,
        help_text=_("As shown by a document, or as the authorities hold."),
    )  # fmt: skip
    nationality_claimed = CodeChoices(
        codelist="nationality",
        label=_("Nationality the person claims"),
        help_text=_("Where it differs."),
        required=False,
    )
    nationality_contested = forms.BooleanField(label=_("A state contests the nationality"), required=False)
    languages = forms.MultipleChoiceField(
        label=_("Languages the person speaks"), widget=forms.CheckboxSelectMultiple, required=False
    )
    another_language = CodeChoices(codelist="language", label=_("Another language"), required=False)
    birth_province = forms.ChoiceField(label=_("Province of birth"), required=False)
    has_documents = forms.ChoiceField(
        label=_("Does the person have an identity document?"), choices=YES_NO_UNKNOWN, widget=forms.RadioSelect,
        required=False,
    )  # fmt: skip
    document_number = text(_("Number of the document"))
    mother_name = text(_("Mother’s name"), help_text=_("Helps to tell persons of one name apart."))
    father_name = text(_("Father’s name"))
    phone = text(_("Telephone number at which it is safe to call"))
    address = text(_("Where the person can safely be reached"), limit=LONG, rows=3)
    disability = CodesChoices(codelist="disability", label=_("Difficulties or disability"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        provinces, languages = self.fields["birth_province"], self.fields["languages"]
        assert isinstance(provinces, forms.ChoiceField)
        provinces.choices = [("", ""), *pack().geography.choices("province")]
        assert isinstance(languages, forms.MultipleChoiceField)
        # A phone shows the languages met most often, and those already known; the rest is in a drop-down.
        data: Any = self.data
        known = data.getlist("languages") if self.is_bound else self.initial.get("languages", ())
        languages.choices = [
            choice
            for place, choice in enumerate(pack().codelist("language").choices())
            if place < OFTEN or choice[0] in known
        ]

    @property
    def helper(self) -> FormHelper:
        """The fields in groups under headings."""
        helper = FormHelper(self)
        helper.render_hidden_fields = True
        helper.layout = Layout(*(Fieldset(*names, legend=legend, legend_size=Size.MEDIUM) for legend, names in GROUPS))
        return helper

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        born, year, age = (cleaned.get(name) for name in ("birth_date", "birth_year", "age"))
        today = clock.today()
        if born and born > today:
            self.add_error("birth_date", _now("The date of birth is in the future."))
        if born and born.year < today.year - OLDEST:
            self.add_error("birth_date", _now("Check the year: the person would be more than 120 years old."))
        if year and not today.year - OLDEST <= year <= today.year:
            self.add_error("birth_year", _now("Check the year: it is in the future, or more than 120 years ago."))
        if born and year and born.year != year:
            self.add_error("birth_year", _now("This differs from the date of birth. Leave one of them empty."))
        stated = born.year if born else year
        if stated and age is not None and abs(today.year - stated - age) > 1:
            self.add_error("age", _now("This does not fit the date or year of birth. Leave one of them empty."))
        if not any(cleaned.get(name) for name in ("family_name", "given_name", "name_km", "other_names")):
            self.add_error("given_name", _now("Enter at least one name, or what the person wants to be called."))
        if (
            cleaned.get("disability")
            and {"none", "unknown"} & set(cleaned["disability"])
            and len(cleaned["disability"]) > 1
        ):
            self.add_error("disability", _now("“None” and “not known” stand alone."))
        return cleaned

    def identity(self) -> Identity:
        """What was typed, as the actions take it."""
        told = self.cleaned_data
        born: date | None = told["birth_date"]
        sealed = {name: told[name] for name in SEALED if name != "birth_date"}
        sealed["birth_date"] = born.isoformat() if born else ""
        year = born.year if born else told["birth_year"]
        estimated = False if born else bool(told["birth_year_estimated"])
        if year is None and told["age"] is not None:
            year, estimated = year_from_age(told["age"], clock.today()), True
        coded = {
            name: told[name]
            for name in (
                "sex", "nationality", "nationality_claimed", "nationality_contested", "languages", "birth_province",
                "disability",
            )
        }  # fmt: skip
        if told["another_language"] and told["another_language"] not in coded["languages"]:
            coded["languages"] = [*coded["languages"], told["another_language"]]
        has_documents = {"yes": True, "no": False}.get(told["has_documents"])
        if has_documents is None and told["document_number"]:
            has_documents = True
        return Identity(
            sealed=sealed,
            coded={**coded, "birth_year": year, "birth_year_estimated": estimated, "has_documents": has_documents},
        )

    def hidden(self) -> list[tuple[str, str]]:
        """Everything typed as hidden fields of the next page: kept there and nowhere else."""
        skipped = {"csrfmiddlewaretoken", "compare", "edit"}
        return [
            (name, value)
            for name in self.data
            if name not in skipped and not name.startswith("decision_")
            for value in self.data.getlist(name)  # type: ignore[attr-defined]
        ]


class CorrectionForm(IdentityForm):
    """The same fields for a person who is registered: what was not opened stays as it is."""

    @staticmethod
    def from_person(person: Person, opened: Mapping[str, str | None]) -> dict[str, Any]:
        """The stored values as the form shows them."""
        coded = {
            name: getattr(person, name)
            for name in (
                "sex", "birth_year_estimated", "nationality", "nationality_claimed", "nationality_contested",
                "languages", "birth_province", "disability",
            )
        }  # fmt: skip
        told: dict[str, Any] = {name: value or "" for name, value in opened.items()}
        written = told.pop("birth_date", "")
        try:
            told["birth_date"] = date.fromisoformat(written) if written else None
        except ValueError:
            told["birth_date"] = None
        if told["birth_date"] is None:
            told["birth_year"] = person.birth_year
        has = {True: "yes", False: "no", None: "unknown"}[person.has_documents]
        return {**coded, **told, "has_documents": has}


class SearchForm(forms.Form):
    """Words for the search box. They travel in the body of the request and are kept nowhere."""

    words = forms.CharField(
        label=_("Name, code, telephone or document number"),
        help_text=_("In any script and spelling. Only persons whose case your organisation handles are shown."),
        max_length=SHORT,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Enter a name, a code or a number")},
    )


DECISIONS = (
    ("same", _("The same person")),
    ("not_same", _("Not the same person")),
    ("unsure", _("Unsure")),
)


class DecisionForm(ActionForm):
    """What somebody decided on one pair of records that were compared."""

    decision = forms.ChoiceField(
        label=_("Are these two records one person?"),
        choices=DECISIONS,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose “the same person”, “not the same person” or “unsure”")},
    )


def decisions_in(data: Mapping[str, Any]) -> dict[UUID, str]:
    """The decisions that were sent with a registration, by person. Anything else is left aside."""
    found: dict[UUID, str] = {}
    for name, value in data.items():
        if name.startswith("decision_") and value in ("same", "not_same", "unsure"):
            try:
                found[UUID(name.removeprefix("decision_"))] = value
            except ValueError:
                continue
    return found


# Why somebody opens a name; the door knows more, for other rooms.
PURPOSES = ("casework", "identification", "service", "protection", "return", "letter", "request_of_person", "emergency")


class RevealForm(forms.Form):
    """The reason for opening a name: kept in the log beside who opened it and when."""

    purpose = forms.ChoiceField(
        label=_("Why do you open it?"), error_messages={"required": _("Choose why you open it")}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        purpose = self.fields["purpose"]
        assert isinstance(purpose, forms.ChoiceField)
        purpose.choices = [("", ""), *((code, PURPOSE_LABELS[code]) for code in PURPOSES)]
