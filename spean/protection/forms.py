"""Forms of needs, risk and rights information: the same for whoever meets the person first and for a case manager."""

from collections.abc import Collection
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from spean.country import pack
from spean.country.fields import CodeChoices, CodesChoices
from spean.detection.forms import yes_or_no
from spean.lib import clock
from spean.workflow.days import DayField
from spean.workflow.pages import LONG, ActionForm


class NeedsForm(ActionForm):
    """Needs, each with a mark for what cannot wait. What is already open is shown and not asked again."""

    needs = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, required=False)
    urgent = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, required=False)

    def __init__(self, *args: Any, already: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = [(code, words) for code, words in pack().codelist("need").choices() if code not in already]
        for name in ("needs", "urgent"):
            self.fields[name].choices = self.offered  # type: ignore[attr-defined]

    def rows(self) -> list[dict[str, Any]]:
        needed, urgent = self["needs"].value() or [], self["urgent"].value() or []
        return [
            {"code": code, "label": words, "needed": code in needed, "urgent": code in urgent}
            for code, words in self.offered
        ]

    def codes(self) -> list[str]:
        """What is urgent is needed, also when only that box was ticked."""
        ticked = {*self.cleaned_data["needs"], *self.cleaned_data["urgent"]}
        return [code for code, _words in self.offered if code in ticked]


class RiskForm(ActionForm):
    level = CodeChoices(
        codelist="risk_level",
        label=_("How great is the danger now?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a level; “not known” is an answer too")},
    )
    factors = CodesChoices(codelist="risk_factor", label=_("What makes it dangerous?"), required=False)
    with_person = forms.TypedChoiceField(
        label=_("Did you talk about the danger with the person?"),
        help_text=_("The person knows best what is dangerous."),
        choices=yes_or_no,
        coerce=lambda answer: answer == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": _("Say whether you talked about it with the person")},
    )
    response = forms.CharField(
        label=_("What is done about it now?"),
        help_text=_("It is sealed."),
        required=False,
        max_length=LONG,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
        error_messages={"max_length": _("This is too long: keep it under %(limit_value)d signs.")},
    )

    review_on = DayField(
        label=_("When is the danger looked at again?"), help_text=_("For example 27 3 2027."), required=False
    )

    def clean_review_on(self) -> date | None:
        day: date | None = self.cleaned_data["review_on"]
        if day is not None and day < clock.today():
            raise forms.ValidationError(_("Choose a day that is still to come."))
        return day


class RightsForm(ActionForm):
    language = CodeChoices(
        codelist="language", label=_("In which language?"), error_messages={"required": _("Choose the language")}
    )
    method = CodeChoices(
        codelist="rights_method",
        label=_("How did you tell the person?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how you told the person")},
    )
    understood = forms.TypedChoiceField(
        label=_("Did the person understand?"),
        choices=lambda: [*yes_or_no(), ("unsure", _("Not sure"))],
        coerce=lambda answer: {"yes": True, "no": False}.get(answer),
        empty_value=None,
        widget=forms.RadioSelect,
        error_messages={"required": _("Say whether the person understood")},
    )
