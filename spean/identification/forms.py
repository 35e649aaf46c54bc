"""Forms of formal identification: the decision element by element, the second officer's answer, telling, review.

Nothing is required here: the action names everything that is missing, and `DecisionForm.place` puts it at its field.
"""

from typing import Any

from crispy_forms_gds.helper import FormHelper
from crispy_forms_gds.layout import Layout
from django import forms
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from spean.country.fields import CodeChoices, CodesChoices
from spean.identification import labels, rules
from spean.identification.models import Determination
from spean.identification.rules import Findings
from spean.workflow.pages import LONG, ActionForm


def reasons(label: Any, help_text: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=LONG,
        widget=forms.Textarea(attrs={"rows": 5, "autocomplete": "off"}),
        error_messages={"max_length": _("This is too long: keep it under %(limit_value)d signs.")},
    )


class Reminder:
    """The heading of one element, and what the definition says of it, above its questions."""

    def __init__(self, element: str, child: bool) -> None:
        self.context = {"element": element, "child": child}

    def render(self, form: forms.BaseForm, context: Any, template_pack: str | None = None, **_kwargs: Any) -> str:
        return render_to_string("identification/reminder.html", self.context)


class DecisionForm(ActionForm):
    """What was found of each element, why, on what evidence, and what follows."""

    TEXTS = ("act_reasons", "means_reasons", "purpose_reasons", "evidence")
    LISTS = ("act_codes", "means_codes", "exploitation_forms")
    CODED = ("act", "act_codes", "means", "means_codes", "purpose", "exploitation_forms", "outcome")

    act = forms.ChoiceField(label=_("Is an act established?"), required=False, widget=forms.RadioSelect)
    act_codes = CodesChoices(
        codelist="act", label=_("Which acts?"), help_text=_("Several are possible."), required=False
    )
    act_reasons = reasons(
        _("Your reasons on the act"), _("What happened, and why you find it so. The person will read it.")
    )
    means = forms.ChoiceField(label=_("Is a means established?"), required=False, widget=forms.RadioSelect)
    means_codes = CodesChoices(
        codelist="means", label=_("Which means?"), help_text=_("Several are possible."), required=False
    )
    means_reasons = reasons(
        _("Your reasons on the means"), _("How the person was brought to it, and why you find it so.")
    )
    purpose = forms.ChoiceField(
        label=_("Is the purpose of exploitation established?"), required=False, widget=forms.RadioSelect
    )
    exploitation_forms = CodesChoices(
        codelist="exploitation_form",
        label=_("Which forms of exploitation?"),
        help_text=_("Several are possible."),
        required=False,
    )
    purpose_reasons = reasons(
        _("Your reasons on the purpose"), _("What the person was to be used for, and why you find it so.")
    )
    evidence = reasons(
        _("The evidence the decision rests on"),
        _(
            "One piece on each line: interviews, documents, messages, findings of others. The person’s own account is evidence."
        ),
    )
    outcome = CodeChoices(
        codelist="determination_outcome", label=_("What is the outcome?"), required=False, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, child: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.child = child
        for element in rules.ELEMENTS:
            field = self.fields[element]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [(code, labels.FINDING[code]) for code in rules.possible_findings(element, child)]
            # A choice that this person's definition does not know is explained, not called invalid.
            if element == "means":
                fault = "means_not_required_for_child" if child else "means_required"
                field.error_messages["invalid_choice"] = str(rules.FAILURES[fault])
        if child:
            self.fields["means"].label = _("Means: not required for a child")
            self.fields["means_reasons"].help_text = _(
                "May stay empty. If a means was used, say which: courts weigh it."
            )
        self.helper = FormHelper(self)
        self.helper.layout = Layout(
            "once", "version",
            Reminder("act", child), "act", "act_codes", "act_reasons",
            Reminder("means", child), "means", "means_codes", "means_reasons",
            Reminder("purpose", child), "purpose", "exploitation_forms", "purpose_reasons",
            Reminder("outcome", child), "evidence", "outcome",
        )  # fmt: skip

    @classmethod
    def held(cls, row: Determination) -> dict[str, Any]:
        """The coded part of what is kept, as the form shows it."""
        found = {name: getattr(row, name) for name in cls.CODED}
        if row.treated_as_child and not found["means"]:
            found["means"] = "not_required"
        return found

    def findings(self) -> Findings:
        typed: dict[str, Any] = {name: self.cleaned_data.get(name) or "" for name in self.TEXTS}
        for name in self.CODED:
            given = self.cleaned_data.get(name)
            typed[name] = tuple(given or ()) if name in self.LISTS else given or ""
        return Findings(**typed)

    def place(self) -> None:
        """Move what the action said is missing to the fields where it is missing."""
        general = list(self.errors.pop(NON_FIELD_ERRORS, ()))
        at = {
            str(rules.FAILURES[code]): rules.FIELDS[code] for code in rules.check_findings(self.findings(), self.child)
        }
        for message in dict.fromkeys(str(one) for one in general):
            self.add_error(at.get(message), message)


class SecondOfficerForm(ActionForm):
    """The answer of the second officer."""

    answer = forms.ChoiceField(
        label=_("Do you confirm this decision?"),
        choices=[
            ("confirm", _("Yes: each finding follows from its reasons and evidence")),
            ("return", _("No: it goes back to the first officer")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose whether you confirm the decision or return it.")},
    )
    reason = reasons(_("If it goes back: what is missing?"), _("The first officer reads this. It is sealed."))


class TellForm(ActionForm):
    """The record that the person knows the decision."""

    language = CodeChoices(
        codelist="language", label=_("In which language was the person told?"),
        error_messages={"required": _("Choose the language in which the person was told.")},
    )  # fmt: skip
    told = forms.BooleanField(
        label=_("I told the person the decision and the reasons, and read out or handed over the letter"),
        error_messages={"required": _("A decision counts as told when the person knows the reasons too.")},
    )
    review = forms.BooleanField(
        label=_("I told the person that a review can be asked for, and that help goes on"),
        error_messages={"required": _("The person must know that a review can be asked for, and that help goes on.")},
    )


class ReviewForm(ActionForm):
    """The wish for a review."""

    words = reasons(
        _("What the person says about the decision (optional)"),
        _("In the person’s own words. A review does not depend on it. It is sealed."),
    )


class LetterForm(forms.Form):
    """How the letter is written."""

    language = forms.ChoiceField(
        label=_("Language of the letter"), choices=settings.LANGUAGES, widget=forms.RadioSelect,
        error_messages={"required": _("Choose the language of the letter.")},
    )  # fmt: skip
    named = forms.ChoiceField(
        label=_("Does the name stand on the letter?"),
        help_text=_("A letter can be found by others. Ask the person."),
        choices=[("no", _("No, only the code of the case")), ("yes", _("Yes, the person wants it"))],
        widget=forms.RadioSelect,
        initial="no",
        error_messages={"required": _("Choose whether the name stands on the letter.")},
    )
