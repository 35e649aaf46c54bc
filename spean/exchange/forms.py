"""Forms of exports. What may be exported is decided by the verb."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from spean.access.forms import OrganisationField
from spean.access.models import Organisation, User
from spean.cases.models import Case
from spean.country.fields import CodeChoices
from spean.exchange import queries
from spean.exchange.actions import HTCDS, OWN
from spean.exchange.columns import CODED, SEALED
from spean.privacy import offline
from spean.workflow.pages import LONG, ActionForm


class ExportForm(ActionForm):
    """Which cases, which columns, for whom, for what."""

    cases = forms.CharField(
        label=_("Cases"),
        help_text=_("Their codes, one on each line."),
        max_length=LONG,
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Enter the codes of the cases")},
    )
    purpose = CodeChoices(
        codelist="consent_purpose",
        label=_("What does the recipient need it for?"),
        error_messages={"required": _("Choose what it is needed for")},
    )
    recipient = OrganisationField(
        label=_("Who receives it?"),
        queryset=Organisation.objects.none(),
        empty_label=_("Choose an organisation"),
        error_messages={"required": _("Choose the organisation")},
    )
    recipient_key = forms.CharField(
        label=_("The recipient’s public key"),
        help_text=_("One line that begins with age1. Only who has the other half of it can open the file."),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Enter the public key of the recipient")},
    )
    coded = forms.MultipleChoiceField(
        label=_("Facts as codes"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(column.name, column.label) for column in CODED],
    )  # fmt: skip
    sealed = forms.MultipleChoiceField(
        label=_("Names and what else is sealed"),
        help_text=_("Only what the recipient cannot do without. Each opening is recorded."),
        required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(column.name, column.label) for column in SEALED],
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        others = Organisation.objects.filter(active=True)
        if user.organisation is not None:
            others = others.exclude(pk=user.organisation.pk)
        self.fields["recipient"].queryset = others  # type: ignore[attr-defined]

    def clean_cases(self) -> list[Case]:
        found, unknown = queries.cases_of(self.user, self.cleaned_data["cases"].replace(",", " ").split())
        if unknown:
            raise forms.ValidationError(
                _("You can export no case with the code %(codes)s."), params={"codes": ", ".join(unknown[:5])}
            )
        return found

    def clean_recipient_key(self) -> str:
        key: str = self.cleaned_data["recipient_key"].strip()
        if not offline.is_public_key(key):
            raise forms.ValidationError(_("This is not a public key. It is one line that begins with age1."))
        return key

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("coded") and not cleaned.get("sealed"):
            self.add_error("coded", _("Choose what the list should hold"))
        return cleaned

    @property
    def names(self) -> list[str]:
        return [*self.cleaned_data["coded"], *self.cleaned_data["sealed"]]


class MakeForm(ActionForm):
    """In whose columns the list is written. What is in it was settled before."""

    layout = forms.ChoiceField(
        label=_("In which columns?"),
        choices=[
            (OWN, _("Our own")),
            (HTCDS, _("Those of the Human Trafficking Case Data Standard (HTCDS 2.0), for another system")),
        ],
        initial=OWN,
        required=False,
        widget=forms.RadioSelect,
    )

    @property
    def chosen(self) -> str:
        return self.cleaned_data["layout"] or OWN


class TraceForm(forms.Form):
    text = forms.CharField(
        label=_("What was found"),
        help_text=_("Lines of the leaked list, as they stood. Nothing of it is kept."),
        max_length=500_000,
        widget=forms.Textarea(attrs={"rows": 10, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Paste some lines of the list")},
    )
