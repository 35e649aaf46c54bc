"""Forms of the interview, one per screen. They check what was typed; what it means is `rules.py`'s."""

from collections.abc import Sequence
from typing import Any

from crispy_forms_gds.choices import Choice
from django import forms
from django.utils.translation import gettext_lazy as _

from spean.country import pack
from spean.country.fields import CodeChoices, CodesChoices
from spean.country.fields import label as words
from spean.detection import instruments, rules
from spean.workflow.pages import LONG, SHORT, ActionForm

NONE, UNKNOWN = "none", "unknown"
# Languages that are ticked; the rest of the list is in a drop-down, so that a phone shows one screen.
OFTEN = 6

# The acts of the definition as somebody would ask about them.
ACT_QUESTIONS = {
    "recruitment": _("Somebody offered the work or the journey, or persuaded the person to go"),
    "transportation": _("Somebody drove, accompanied or sent the person there, or arranged the journey"),
    "transfer": _("Somebody handed the person over to somebody else"),
    "harbouring": _("Somebody housed, hid or kept the person"),
    "receipt": _("Somebody took the person in on arrival, or picked the person up"),
}


def yes_or_no() -> list[tuple[str, str]]:
    """The two answers in the words of the country's list: Khmer says yes in a word that is not “agreed”."""
    return [(answer, words("answer", answer)) for answer in ("yes", "no")]


def yes_no(label: Any, required: Any = None, **kwargs: Any) -> forms.TypedChoiceField:
    """A question with two answers. Without `required` it may be left open."""
    return forms.TypedChoiceField(
        label=label,
        choices=yes_or_no,
        coerce=lambda answer: answer == "yes",
        empty_value=None,
        widget=forms.RadioSelect,
        required=required is not None,
        error_messages={"required": required} if required else None,
        **kwargs,
    )


def said(value: bool | None) -> str:
    """A stored yes or no as the radio button that shows it."""
    return "" if value is None else "yes" if value else "no"


def sealed_text(label: Any, *, long: bool = False, **kwargs: Any) -> forms.CharField:
    """Free text that will be sealed: never longer than what is sealed, and with no help from the browser's memory."""
    limit = LONG if long else SHORT
    return forms.CharField(
        label=label,
        required=False,
        max_length=limit,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"})
        if long
        else forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"max_length": _("This is too long: keep it under %(limit_value)d signs.")},
        **kwargs,
    )


class StartForm(ActionForm):
    instrument = forms.ChoiceField(
        label=_("Which questions?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the list of questions")},
    )
    exploitation = CodeChoices(
        codelist="exploitation",
        label=_("What kind of exploitation do you think of?"),
        help_text=_("Choose what fits best. Several forms can be named later."),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a kind of exploitation")},
    )

    HINTS = {
        "first_responder": _("Twelve questions, a few minutes. For a first meeting."),
        "ilo_2009": _("About 65 questions on six pages. For a longer talk in a quiet place."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        usable = instruments.screenings()
        self.fields["instrument"].choices = [  # type: ignore[attr-defined]
            Choice(one.name, one.title(), hint=self.HINTS.get(one.name, "")) for one in usable
        ]
        self.fields["instrument"].initial = usable[0].name if usable else None


class AgainForm(StartForm):
    """A further interview: the kind of exploitation was chosen before."""

    exploitation = None  # type: ignore[assignment]


class BeforeForm(ActionForm):
    private_place = yes_no(
        _("Are you in a private and safe place, where nobody can listen?"),
        _("Say whether the place is private and safe"),
    )
    interpreter_kind = forms.ChoiceField(
        label=_("Is there an interpreter?"),
        choices=(
            ("none", _("No, we speak the same language")),
            ("outside", _("Yes, somebody who was not at the scene")),
            ("scene", _("Yes, but somebody from the scene")),
        ),
        widget=forms.RadioSelect,
        error_messages={"required": _("Say whether there is an interpreter")},
    )
    preferred_interviewer_asked = yes_no(
        _("Did you ask whether the person prefers to talk to a woman or a man?"),
        _("Say whether you asked whom the person prefers to talk to"),
    )
    interview_language = CodeChoices(
        codelist="language", label=_("Language of the talk"), error_messages={"required": _("Choose the language")}
    )


class PersonForm(ActionForm):
    stated_name = sealed_text(
        _("What does the person want to be called?"),
        help_text=_("Only if the person wants to say. It is sealed, and shared only if the person agrees."),
    )
    age = forms.IntegerField(
        label=_("How old is the person?"),
        required=False,
        min_value=0,
        max_value=rules.OLDEST,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "govuk-input--width-3"}),
        error_messages={
            "invalid": _("Enter the age as a whole number, like 17"),
            "min_value": _("Enter an age from 0 to 120"),
            "max_value": _("Enter an age from 0 to 120"),
        },
    )
    age_unknown = forms.BooleanField(label=_("The age is not known"), required=False)
    age_disputed = yes_no(
        _("Could the person be under 18?"),
        help_text=_("If you are not sure, answer yes: a possible child is treated as a child."),
    )
    sex = CodeChoices(
        codelist="sex",
        label=_("Sex or gender, as the person says"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one; “not known” is an answer too")},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        age, unknown = cleaned.get("age"), cleaned.get("age_unknown")
        if "age" in self.errors:
            return cleaned
        if age is None and not unknown:
            self.add_error("age", _("Enter the age, or tick that it is not known"))
        elif age is not None and unknown:
            self.add_error("age_unknown", _("Enter an age or tick “not known”, not both"))
        elif age is None and cleaned.get("age_disputed") is None:
            self.add_error("age_disputed", _("Say whether the person could be under 18"))
        return cleaned


class AboutForm(ActionForm):
    nationality = CodeChoices(codelist="nationality", label=_("Nationality, as the person says"), required=False)
    languages = CodesChoices(codelist="language", label=_("Languages the person speaks"), required=False)
    other_language = CodeChoices(codelist="language", label=_("Another language"), required=False)
    detection_context = CodeChoices(
        codelist="detection_context",
        label=_("Where or how did you meet?"),
        error_messages={"required": _("Choose where or how you met the person")},
    )
    detected_province = forms.ChoiceField(
        label=_("Province"), error_messages={"required": _("Choose the province where you met the person")}
    )
    stated_contact = sealed_text(
        _("How can the person be reached safely?"),
        help_text=_("A phone number, or somebody the person trusts. Only if the person wants to say. It is sealed."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every = pack().codelist("language").choices()
        ticked = [*every[:OFTEN]]
        self.fields["languages"].choices = ticked  # type: ignore[attr-defined]
        self.fields["other_language"].choices = [("", ""), *every[OFTEN:]]  # type: ignore[attr-defined]
        self.fields["nationality"].choices = [  # type: ignore[attr-defined]
            ("", _("Not known")), *pack().codelist("nationality").choices()
        ]  # fmt: skip
        self.fields["detected_province"].choices = [  # type: ignore[attr-defined]
            ("", ""), *((place.code, place.label()) for place in pack().geography.provinces())
        ]  # fmt: skip

    @staticmethod
    def split(languages: Sequence[str]) -> dict[str, Any]:
        """Stored languages as the two fields show them."""
        often = [code for code, _label in pack().codelist("language").choices()[:OFTEN]]
        rare = [code for code in languages if code not in often]
        return {"languages": [code for code in languages if code in often], "other_language": rare[0] if rare else ""}

    def spoken(self) -> list[str]:
        other = self.cleaned_data["other_language"]
        return [*self.cleaned_data["languages"], *([other] if other else [])]


class TickForm(ActionForm):
    """Boxes to tick, with “none of these” and “not known” apart: the two mean different things."""

    ticked = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)
    none_label: Any = None
    both = _("Tick what happened, or one of the last answers, not both")

    def offer(self, choices: Sequence[tuple[str, Any]], last: Sequence[tuple[str, Any]]) -> None:
        rows: list[Any] = list(choices)
        value, label = rows[-1]
        rows[-1] = Choice(value, label, divider=_("or"))
        self.fields["ticked"].choices = [*rows, *last]  # type: ignore[attr-defined]

    def clean_ticked(self) -> list[str]:
        ticked: list[str] = self.cleaned_data["ticked"]
        if len(ticked) > 1 and {NONE, UNKNOWN} & set(ticked):
            raise forms.ValidationError(self.both)
        return ticked


class JourneyForm(TickForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["ticked"]
        field.label = _("How did the person come to this place or this work?")
        field.help_text = _("Tick everything that happened. It does not matter whether the person agreed.")
        field.error_messages["required"] = _("Tick what happened, or “none of these”, or “not known”")
        self.offer(
            [(act, ACT_QUESTIONS[act]) for act in rules.ACTS],
            [(NONE, _("None of these happened")), (UNKNOWN, _("Not known, or not asked"))],
        )

    @staticmethod
    def shown(acts: Sequence[str] | None) -> list[str]:
        return [] if acts is None else list(acts) or [NONE]

    def acts(self) -> list[str] | None:
        ticked = self.cleaned_data["ticked"]
        return None if ticked == [UNKNOWN] else [] if ticked == [NONE] else ticked


class WorkForm(TickForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["ticked"]
        field.label = _("What was the person made to do, or meant to do?")
        field.help_text = _("Several answers are possible.")
        field.error_messages["required"] = _("Tick what the person was made to do, or “not known”")
        self.offer(pack().codelist("exploitation_form").choices(), [(UNKNOWN, _("Not known, or none of these"))])

    def forms_named(self) -> list[str]:
        return [code for code in self.cleaned_data["ticked"] if code != UNKNOWN]


class QuestionsForm(ActionForm):
    """One page of the questions. Every question starts as “not asked”, which is an answer of its own."""

    def __init__(
        self, *args: Any, questions: Sequence[Any], answers: dict[str, str], notes: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.questions = list(questions)
        choices = pack().codelist("answer").choices()
        for row in self.questions:
            self.fields[row.answer_key] = forms.ChoiceField(
                label=row.question(),
                help_text=row.hint(),
                choices=choices,
                widget=forms.RadioSelect,
                initial=answers.get(row.answer_key, "not_asked"),
                required=False,
                error_messages={"invalid_choice": _("Choose one of the answers")},
            )
        if notes:
            self.fields["notes"] = sealed_text(
                _("Anything else, in the person’s own words"),
                long=True,
                help_text=_("Only what is needed to help. It is sealed."),
            )

    def rows(self) -> list[tuple[Any, forms.BoundField]]:
        return [(row, self[row.answer_key]) for row in self.questions]

    def answers(self) -> dict[str, str]:
        # A radio group that was not sent at all keeps the answer it had.
        return {
            row.answer_key: self.cleaned_data[row.answer_key]
            for row in self.questions
            if self.cleaned_data[row.answer_key]
        }


class SecondInterviewForm(ActionForm):
    leaflet_given = forms.BooleanField(
        label=_("I gave the person the leaflet, or wrote down whom to call"),
        required=False,
    )


class CountForm(ActionForm):
    """Nothing to fill in: the page says what is kept and what is destroyed."""
