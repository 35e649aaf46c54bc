"""Forms around the interview: consent, refusal, direct help, closing. Reused by whoever records the same things."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from spean.access.forms import OrganisationField
from spean.access.models import Organisation
from spean.cases.consent import TOLD
from spean.cases.models import Case
from spean.cases.spoken import TOLD_ALOUD
from spean.country.fields import CodeChoices, CodesChoices
from spean.lib import clock
from spean.workflow.days import DayField
from spean.workflow.pages import LONG, ActionForm


def choice(label: Any, choices: Any, required: Any, **kwargs: Any) -> forms.ChoiceField:
    """A question with radio buttons."""
    return forms.ChoiceField(
        label=label, choices=choices, widget=forms.RadioSelect, error_messages={"required": required}, **kwargs
    )


class AgreementForm(forms.Form):
    """What the person says; nothing is kept here, it only leads on."""

    says = forms.ChoiceField(widget=forms.RadioSelect, error_messages={"required": _("Choose what the person says")})

    def __init__(self, *args: Any, case: Case, may_wait: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if case.is_child:
            options = [
                ("yes", _("The child, and a guardian or adult the child trusts, agree")),
                ("best_interests", _("There is no such adult: the child’s best interests decide")),
                ("no", _("The child does not want to")),
            ]
        else:
            options = [("yes", _("Yes, the person agrees")), ("no", _("No, the person does not want to"))]
        if may_wait:
            options.append(("later", _("The person needs time, or too little is known")))
        self.fields["says"].choices = options  # type: ignore[attr-defined]
        self.fields["says"].label = _("What does the child say?") if case.is_child else _("What does the person say?")


class ConsentForm(ActionForm):
    """A yes: what was explained, what may be shared, and how it was given."""

    told = forms.MultipleChoiceField(
        label=_("Read each point aloud, and tick it when it is understood"),
        choices=tuple(TOLD_ALOUD.items()),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    recipient = OrganisationField(
        label=_("With whom may it be shared?"),
        queryset=Organisation.objects.none(),
        error_messages={"required": _("Choose the organisation")},
    )
    classes = CodesChoices(
        codelist="information_class",
        label=_("What may be shared?"),
        help_text=_("Ask about each. What is not ticked stays here."),
        error_messages={"required": _("Tick what may be shared. If nothing may, record that the person says no.")},
    )
    given_by = choice(
        _("Who agrees for the child?"),
        (("guardian", _("A parent or guardian")), ("authorised_adult", _("Another adult who is allowed to"))),
        _("Choose who agrees for the child"),
    )
    guardian_is_not_suspect = forms.BooleanField(
        label=_("This adult is not suspected of having harmed the child, and does not depend on somebody who is"),
        error_messages={"required": _("Whoever may have harmed the child cannot agree for the child")},
    )
    language = CodeChoices(
        codelist="language", label=_("In which language did you explain it?"),
        error_messages={"required": _("Choose the language")},
    )  # fmt: skip
    interpreter_kind = choice(
        _("Was there an interpreter?"),
        (
            ("none", _("No, we speak the same language")),
            ("outside", _("Yes, somebody who was not at the scene")),
            ("scene", _("Yes, but somebody from the scene")),
        ),
        _("Say whether there was an interpreter"),
    )
    evidence = CodeChoices(
        codelist="consent_evidence",
        label=_("How was the agreement given?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how the agreement was given")},
    )

    valid_until = DayField(
        label=_("Until when? (optional)"),
        help_text=_("Day, month, year. After this day nothing more is shared. Empty: until the person takes it back."),
        required=False,
    )

    def __init__(self, *args: Any, case: Case, recipients: Any | None = None, **kwargs: Any) -> None:
        """`recipients` None: the focal agency that will be chosen; otherwise the organisations to choose from."""
        super().__init__(*args, **kwargs)
        if recipients is None:
            del self.fields["recipient"]
        else:
            self.fields["recipient"].queryset = recipients  # type: ignore[attr-defined]
        if not case.is_child:
            del self.fields["given_by"], self.fields["guardian_is_not_suspect"]

    def clean_told(self) -> list[str]:
        told: list[str] = self.cleaned_data["told"]
        if len(set(told)) < len(TOLD):
            raise forms.ValidationError(
                _("Explain every point and tick it: a yes counts only when the person knows what it means.")
            )
        return told

    def clean_valid_until(self) -> date | None:
        day: date | None = self.cleaned_data["valid_until"]
        if day is not None and day < clock.today():
            raise forms.ValidationError(_("Choose today or a later day"))
        return day

    def clean_interpreter_kind(self) -> str:
        kind: str = self.cleaned_data["interpreter_kind"]
        if kind == "scene":
            raise forms.ValidationError(
                _("A yes through somebody from the scene does not count. Find another interpreter, also by telephone.")
            )
        return kind

    def as_facts(self) -> dict[str, Any]:
        """The arguments of `record_consent`, but for purpose and case."""
        typed = self.cleaned_data
        return {
            "classes": typed["classes"],
            "recipient": typed.get("recipient"),
            "given_by": typed.get("given_by", "person"),
            "guardian_is_not_suspect": typed.get("guardian_is_not_suspect", False),
            "evidence": typed.get("evidence", ""),
            "language": typed["language"],
            "interpreter": typed["interpreter_kind"] != "none",
            "interpreter_not_from_scene": typed["interpreter_kind"] == "outside",
            "told": typed["told"],
            "valid_until": typed.get("valid_until"),
            "once": typed["once"],
        }


class RefusalForm(ActionForm):
    reason = CodeChoices(
        codelist="refusal_reason",
        label=_("Why not?"),
        help_text=_("Only if the person says so. Do not insist."),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a reason; “gave no reason” is one")},
    )
    language = CodeChoices(
        codelist="language", label=_("In which language did you talk?"),
        error_messages={"required": _("Choose the language")},
    )  # fmt: skip


class WithdrawForm(ActionForm):
    """Nothing to fill in: the page says what follows."""


class DirectHelpForm(ActionForm):
    help = CodesChoices(
        codelist="direct_help",
        label=_("What help did you give?"),
        help_text=_("Whatever the person decides about the referral."),
        error_messages={"required": _("Tick what you gave, or choose “Nothing yet”")},
    )


class CloseForm(ActionForm):
    reason = CodeChoices(
        codelist="closing_reason",
        label=_("Why is the case closed?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose why the case is closed")},
    )
    explanation = forms.CharField(
        label=_("Your reasons, in a sentence or two"),
        help_text=_("They are sealed. An interview result is no reason by itself."),
        max_length=LONG,
        min_length=10,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
        error_messages={
            "required": _("Write down your reasons"),
            "min_length": _("Write down your reasons, in a sentence at least"),
            "max_length": _("This is too long: keep it under %(limit_value)d signs."),
        },
    )
