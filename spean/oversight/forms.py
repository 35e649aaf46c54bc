"""What the pages of the watch ask for."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from spean.access.forms import OrganisationField
from spean.access.models import Organisation, User
from spean.country import pack
from spean.lib import identifiers
from spean.oversight.leaks import Leaked, find_leaked
from spean.oversight.planting import Invented
from spean.oversight.queries import FINDING, REASON
from spean.workflow.days import DayLine
from spean.workflow.pages import SHORT, ActionForm

MOST_CASES = 50


class ClearForm(ActionForm):
    finding = forms.ChoiceField(
        label=gettext_lazy("What did you find?"),
        widget=forms.RadioSelect,
        choices=list(FINDING.items()),
        error_messages={"required": gettext_lazy("Choose what you found.")},
    )


class ExtendForm(ActionForm):
    user = forms.ModelChoiceField(
        label=gettext_lazy("Which colleague?"),
        queryset=User.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={
            "required": gettext_lazy("Choose the colleague"),
            "invalid_choice": gettext_lazy("Choose a colleague from the list"),
        },
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("Why?"),
        widget=forms.RadioSelect,
        choices=list(REASON.items()),
        error_messages={"required": gettext_lazy("Choose the reason")},
    )

    def __init__(self, *args: Any, colleagues: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user = self.fields["user"]
        assert isinstance(user, forms.ModelChoiceField)
        user.queryset = User.objects.filter(pk__in=[one.pk for one in colleagues]).order_by("name")


class RecordForm(ActionForm):
    language = forms.ChoiceField(
        label=gettext_lazy("In which language?"), widget=forms.RadioSelect, choices=settings.LANGUAGES
    )


def _name(label: Any, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Invent a name")},
    )


class PlantForm(ActionForm):
    focal = OrganisationField(
        label=gettext_lazy("Among the cases of which focal agency?"),
        queryset=Organisation.objects.none(),
        error_messages={"required": gettext_lazy("Choose the focal agency")},
    )
    sender = OrganisationField(
        label=gettext_lazy("Which organisation seems to have referred the person?"),
        queryset=Organisation.objects.none(),
        error_messages={"required": gettext_lazy("Choose the organisation")},
    )
    family_name = _name(
        gettext_lazy("Family name"), gettext_lazy("Invent it. Nobody you know of may bear the whole name.")
    )
    given_name = _name(gettext_lazy("Given name"))
    sex = forms.ChoiceField(label=gettext_lazy("Sex"))
    age = forms.IntegerField(
        label=gettext_lazy("Age"), min_value=18, max_value=70,
        error_messages={
            "required": gettext_lazy("Enter an age"), "invalid": gettext_lazy("Enter the age in years"),
            "min_value": gettext_lazy("An adult, please: nobody should look after an invented child"),
        },
    )  # fmt: skip
    nationality = forms.ChoiceField(label=gettext_lazy("Nationality"))
    language = forms.ChoiceField(label=gettext_lazy("Language"))
    responder = _name(
        gettext_lazy("Name of the first responder"),
        gettext_lazy("Invented too. The account cannot sign in and stands in the log as that of somebody who left."),
    )
    case_manager = _name(gettext_lazy("Name of the case manager"), gettext_lazy("Invented as well."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        focal, sender = self.fields["focal"], self.fields["sender"]
        assert isinstance(focal, forms.ModelChoiceField)
        assert isinstance(sender, forms.ModelChoiceField)
        focal.queryset = Organisation.objects.filter(active=True, is_focal=True).order_by("name")
        sender.queryset = Organisation.objects.filter(active=True, is_focal=False).order_by("name")
        for name in ("sex", "nationality", "language"):
            chosen = self.fields[name]
            assert isinstance(chosen, forms.ChoiceField)
            chosen.choices = pack().codelist(name).choices()

    def invented(self) -> Invented:
        return Invented(
            **{
                name: self.cleaned_data[name]
                for name in (
                    "family_name", "given_name", "sex", "age", "nationality", "language", "responder", "case_manager",
                )
            }
        )  # fmt: skip


class LeakForm(forms.Form):
    """Codes and days. Sent in the body of a POST: an address with the codes would stay in a browser's history."""

    codes = forms.CharField(
        label=gettext_lazy("Codes of the leaked cases or persons"),
        help_text=gettext_lazy("One on each line. With several, those who knew of all of them stand first."),
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
        max_length=SHORT * 10,
        error_messages={"required": gettext_lazy("Enter at least one code")},
    )
    until = DayLine(
        label=gettext_lazy("Who knew up to and including"),
        help_text=gettext_lazy("The day on which the leak was noticed. Write it like 27 3 2027."),
        error_messages={"required": gettext_lazy("Enter the day on which the leak was noticed")},
    )
    since = DayLine(label=gettext_lazy("And not before (optional)"), required=False)

    def clean_codes(self) -> list[Leaked]:
        found: dict[str, Leaked] = {}
        for typed in self.cleaned_data["codes"].replace(",", "\n").replace(";", "\n").splitlines():
            if not typed.strip():
                continue
            try:
                code = identifiers.check_code(typed)
            except ValueError:
                self.add_error("codes", _("A code is mistyped: line %(line)s.") % {"line": len(found) + 1})
                continue
            leaked = find_leaked(code)
            if leaked is None:
                self.add_error("codes", _("There is no case or person %(code)s.") % {"code": code})
                continue
            found[code] = leaked
        if len(found) > MOST_CASES:
            self.add_error("codes", _("At most %(number)s at once.") % {"number": MOST_CASES})
        return list(found.values())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("since", _("This day is after the other one."))
        return cleaned
