"""What the pages that send a referral have in common: what may be shared, said before it is, and the form."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from spean.access import policy
from spean.access.models import Organisation, User
from spean.cases import work
from spean.cases.models import Case
from spean.country import pack
from spean.country.fields import CodeChoices, label
from spean.lib import clock
from spean.privacy import consent
from spean.referral import actions
from spean.workflow.days import DayField
from spean.workflow.pages import LONG, ActionForm


def shareable(case: Case, to: Organisation, kind: str) -> list[str]:
    """What of all that the recipient's task could need the person has agreed to share with it, as of now."""
    needed = work.TASK_SECTIONS[actions.INVOLVED_AS[kind]]
    codes = consent.covered(case, to, actions.PURPOSE[kind], needed)
    return [code for code in needed if code in codes]


def asked_consent(user: User, case: Case, to: Organisation, kind: str, back: str) -> str:
    """The page that asks the person about this recipient and this purpose, and then leads back; if he may ask her."""
    if not policy.may(user, "record_consent", case):
        return ""
    address = reverse("case_consent", args=[case.pk, actions.PURPOSE[kind]])
    return f"{address}?{urlencode({'to': to.pk, 'next': back})}"


class SendForm(ActionForm):
    """What is shared, how urgent it is, and a sealed message; for a residential place why, and until when."""

    sections = forms.MultipleChoiceField(
        label=gettext_lazy("What is shared"),
        help_text=gettext_lazy("The person agreed to these. Take away what this organisation does not need."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": gettext_lazy("Leave at least one kind of information ticked"),
            "invalid_choice": gettext_lazy(
                "The person no longer agrees that all of this is shared. Look again at what is ticked."
            ),
        },
    )
    placement_reason = CodeChoices(
        codelist="placement_reason",
        label=gettext_lazy("Why does the person need a place to live there?"),
        help_text=gettext_lazy("Care in the family or the community comes first."),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose why a place in an institution is needed")},
    )
    placement_review_on = DayField(
        label=gettext_lazy("When do you look at it again?"),
        help_text=gettext_lazy("Day, month, year. You are reminded on this day."),
    )
    urgent = forms.BooleanField(
        label=gettext_lazy("Help is needed within hours. Then call too, and do not wait for an answer here."),
        required=False,
    )
    message = forms.CharField(
        label=gettext_lazy("What should they know first? (optional)"),
        help_text=gettext_lazy("It is sealed, and read only by whoever answers the referral."),
        required=False,
        max_length=LONG,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
        error_messages={"max_length": gettext_lazy("This is too long: keep it under %(limit_value)d signs.")},
    )

    def __init__(self, *args: Any, covered: Sequence[str], residential: bool = False, **kwargs: Any) -> None:
        initial = {"sections": list(covered), **kwargs.pop("initial", {})}
        if residential:
            initial.setdefault("placement_review_on", clock.today() + pack().deadline("placement_review"))
        super().__init__(*args, initial=initial, **kwargs)
        self.covered = list(covered)
        self.fields["sections"].choices = [(code, label("information_class", code)) for code in covered]  # type: ignore[attr-defined]
        if not covered:
            self.fields["sections"].error_messages["required"] = self.fields["sections"].error_messages[
                "invalid_choice"
            ] = _("The person has not agreed that anything is shared with this organisation. Nothing was sent.")
        if residential:
            told = self.fields["placement_review_on"].error_messages
            told["required"] = told["incomplete"] = told["invalid"] = _(
                "Enter the day on which the place is looked at again"
            )
        else:
            del self.fields["placement_reason"], self.fields["placement_review_on"]
        # A message is part of what happened: where that is not shared, nobody could read it.
        if "narrative" not in covered and not self.data.get("message"):
            del self.fields["message"]

    def not_shared(self, kind: str) -> list[str]:
        """What the recipient's task could use and does not get."""
        needed = work.TASK_SECTIONS[actions.INVOLVED_AS[kind]]
        return [label("information_class", code) for code in needed if code not in self.covered]

    def clean_placement_review_on(self) -> date:
        day: date = self.cleaned_data["placement_review_on"]
        if day <= clock.today():
            raise forms.ValidationError(_("Choose a day after today"))
        if (day - clock.today()).days > 366:
            raise forms.ValidationError(_("Choose a day within a year"))
        return day

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("message") and "sections" in typed and "narrative" not in typed["sections"]:
            self.add_error(
                "message",
                _("Without “%(kind)s” nobody there could read a message. Tick it, or take the message away.")
                % {"kind": label("information_class", "narrative")},
            )
        return typed
