"""Forms of the answers to a referral. What is allowed is decided in `actions.py`."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from spean.country.fields import CodeChoices
from spean.workflow.pages import LONG, ActionForm


class AnswerForm(ActionForm):
    """An answer with nothing but an optional message."""

    answer = forms.CharField(
        label=_("Message to the sender (optional)"),
        help_text=_("Sealed. Do not write a name here that the sender does not need."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=LONG,
        required=False,
    )


class DeclineForm(AnswerForm):
    reason = CodeChoices(
        codelist="decline_reason",
        label=_("Why is the referral declined?"),
        help_text=_("The sender sees the reason at once and can look further."),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose why the referral is declined, so that the sender can look further.")},
    )
    field_order = ("reason", "answer")


class FeedbackForm(AnswerForm):
    feedback = CodeChoices(
        codelist="referral_feedback",
        label=_("What became of it?"),
        help_text=_("The sender sees this."),
        widget=forms.RadioSelect,
        error_messages={"required": _("Tell the sender what became of it.")},
    )
    field_order = ("feedback", "answer")


class FilterForm(forms.Form):
    """The filters above the queue."""

    show = forms.ChoiceField(label=_("Show"), required=False)
    direction = forms.ChoiceField(
        label=_("Which"), required=False, choices=(("in", _("Sent to us")), ("out", _("Sent by us")))
    )

    def __init__(self, *args: Any, counts: dict[str, int] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = {
            "waiting": _("Waiting for an answer"), "received": _("Received, not decided"), "accepted": _("Accepted"),
            "done": _("Finished, declined or withdrawn"),
        }  # fmt: skip
        show = self.fields["show"]
        assert isinstance(show, forms.ChoiceField)
        show.choices = list(words.items())
