"""Forms of formal identification: the decision part by part, the second officer's answer, telling, review.

Nothing of a decision is required here: each part is kept as it is, and the action names everything that is missing.
"""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from spean.country.fields import CodeChoices, CodesChoices
from spean.identification import labels, rules
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


class PartForm(ActionForm):
    """One part of a decision: what was found of one element and why, or the evidence and what follows."""

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

    def __init__(self, *args: Any, part: str, child: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.part = part
        for name in rules.ALL_FIELDS:
            if name not in rules.PARTS[part]:
                del self.fields[name]
        if part in rules.ELEMENTS:
            self._offer(part, child)

    def _offer(self, element: str, child: bool) -> None:
        field = self.fields[element]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(code, labels.FINDING[code]) for code in rules.possible_findings(element, child)]
        if element != "means":
            return
        # A choice that this person's definition does not know is explained, not called invalid.
        fault = "means_not_required_for_child" if child else "means_required"
        field.error_messages["invalid_choice"] = str(rules.FAILURES[fault])
        if child:
            field.label = _("Means: not required for a child")
            self.fields["means_reasons"].help_text = _(
                "May stay empty. If a means was used, say which: courts weigh it."
            )

    def written(self) -> dict[str, Any]:
        """What was typed, as the action keeps it."""
        return {name: self.cleaned_data[name] for name in rules.PARTS[self.part]}

    def point_out(self, faults: list[str]) -> None:
        """Put what still stands in the way of a proposal at the fields of this part."""
        for code in faults:
            if rules.FIELDS[code] in self.fields:
                self.add_error(rules.FIELDS[code], str(rules.FAILURES[code]))


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
