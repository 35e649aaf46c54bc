"""Forms of the directory: the filter, a service, its free places. What may be done is decided in `actions.py`."""

from typing import Any

from crispy_forms_gds.helper import FormHelper
from crispy_forms_gds.layout import HTML, Fieldset, Layout, Size
from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from spean.country import pack
from spean.country.fields import CodeChoices, CodesChoices
from spean.directory import location
from spean.directory.models import Service
from spean.privacy.event_names import PURPOSES
from spean.workflow.pages import SHORT, ActionForm

OLDEST = 120
MOST_PLACES = 10_000


def provinces(empty: Any = None) -> list[tuple[str, Any]]:
    """The provinces to choose from, with a first line that stands for none of them."""
    named = [(place.code, place.label(None)) for place in pack().geography.provinces()]
    return named if empty is None else [("", empty), *named]


class FilterForm(forms.Form):
    """What somebody looks for in the directory. Every field may be left open."""

    need = CodeChoices(codelist="need", label=gettext_lazy("Need"), required=False)
    type = CodeChoices(codelist="service_type", label=gettext_lazy("Kind of service"), required=False)
    province = forms.ChoiceField(label=gettext_lazy("Province"), required=False)
    sex = CodeChoices(codelist="sex", label=gettext_lazy("Sex or gender"), required=False)
    age = forms.IntegerField(
        label=gettext_lazy("Age"),
        required=False,
        min_value=0,
        max_value=OLDEST,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": gettext_lazy("Enter the age in years, as a number")},
    )
    language = CodeChoices(codelist="language", label=gettext_lazy("Language"), required=False)
    residential = forms.ChoiceField(
        label=gettext_lazy("A place to live"),
        required=False,
        choices=(
            ("", gettext_lazy("All services")),
            ("yes", gettext_lazy("Only places to live")),
            ("no", gettext_lazy("No places to live")),
        ),
    )
    free = forms.BooleanField(label=gettext_lazy("Only with a free place"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["province"].choices = provinces(_("All provinces"))  # type: ignore[attr-defined]

    def wanted(self) -> dict[str, Any]:
        """What was chosen; what could not be understood filters nothing and is said at its field."""
        self.is_valid()
        return self.cleaned_data

    @property
    def chosen(self) -> bool:
        return any(value not in ("", None, False) for value in self.wanted().values()) or bool(self.errors)


def _years(label: Any, hint: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        help_text=hint,
        required=False,
        min_value=0,
        max_value=OLDEST,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "govuk-input--width-3"}),
        error_messages={"invalid": gettext_lazy("Enter the age in years, as a number")},
    )


def _number(label: Any, hint: Any = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        help_text=hint,
        required=False,
        min_value=0,
        max_value=MOST_PLACES,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "govuk-input--width-4"}),
        error_messages={
            "invalid": gettext_lazy("Enter a whole number"),
            "min_value": gettext_lazy("Enter a number that is not below 0"),
        },
    )


def _folded(title: str, name: str) -> tuple[HTML, str, HTML]:
    """A long list of boxes that most services leave alone."""
    return (
        HTML(
            format_html(
                '<details class="govuk-details"><summary class="govuk-details__summary">'
                '<span class="govuk-details__summary-text">{}</span></summary><div class="spean-boxes">',
                title,
            )
        ),
        name,
        HTML("</div></details>"),
    )


class ServiceForm(ActionForm):
    """A service as its own organisation describes it. What is left open excludes nobody."""

    name = forms.CharField(
        label=gettext_lazy("Name in English"),
        max_length=SHORT,
        error_messages={"required": gettext_lazy("Enter the name of the service")},
    )
    name_km = forms.CharField(label=gettext_lazy("Name in Khmer"), max_length=SHORT, required=False)
    type = CodeChoices(
        codelist="service_type",
        label=gettext_lazy("Kind of service"),
        error_messages={"required": gettext_lazy("Choose the kind of service")},
    )
    description = forms.CharField(
        label=gettext_lazy("What you offer, in two or three sentences"),
        help_text=gettext_lazy("Everybody who refers people reads this. Do not write where a protected house is."),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    residential = forms.BooleanField(label=gettext_lazy("People live there"), required=False)
    minimum_age = _years(gettext_lazy("From which age?"), gettext_lazy("Leave open for no limit."))
    maximum_age = _years(gettext_lazy("Up to which age?"), gettext_lazy("This age is included."))
    sexes = CodesChoices(
        codelist="sex",
        label=gettext_lazy("Who can come?"),
        help_text=gettext_lazy("Tick none if everybody can."),
        required=False,
    )
    languages = CodesChoices(codelist="language", label=gettext_lazy("Languages spoken"), required=False)
    nationalities = CodesChoices(
        codelist="nationality",
        label=gettext_lazy("Nationalities"),
        help_text=gettext_lazy("Tick none if every nationality can come."),
        required=False,
    )
    exploitation_forms = CodesChoices(
        codelist="exploitation_form",
        label=gettext_lazy("Forms of exploitation"),
        help_text=gettext_lazy("Tick none if it does not matter."),
        required=False,
    )
    disability_access = forms.BooleanField(label=gettext_lazy("Equipped for people with disabilities"), required=False)
    needs_documents = forms.BooleanField(label=gettext_lazy("Identity documents are required"), required=False)
    province = forms.ChoiceField(
        label=gettext_lazy("In which province?"),
        error_messages={"required": gettext_lazy("Choose the province")},
    )
    provinces_served = forms.MultipleChoiceField(
        label=gettext_lazy("Provinces from which people can come, or to which you go"),
        help_text=gettext_lazy("Tick none if there is no limit."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    confidential_location = forms.BooleanField(
        label=gettext_lazy("Where it is must stay secret, as for every shelter"), required=False
    )
    address = forms.CharField(
        label=gettext_lazy("Address and how to get there"),
        help_text=gettext_lazy(
            "It is sealed. A case manager can open it once you have accepted somebody, and each opening is recorded."
        ),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone for referrals"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    capacity_maximum = _number(
        gettext_lazy("How many places are there?"), gettext_lazy("Leave both open if you do not count places.")
    )
    capacity_available = _number(gettext_lazy("How many are free today?"))

    def __init__(self, *args: Any, service: Service | None = None, **kwargs: Any) -> None:
        self.service = service
        if service is not None:
            fields = [name for name in self.base_fields if hasattr(service, name) and name != "version"]
            kwargs["initial"] = {name: getattr(service, name) for name in fields}
            kwargs["version"] = service.version
        super().__init__(*args, **kwargs)
        self.fields["province"].choices = provinces(_("Choose"))  # type: ignore[attr-defined]
        self.fields["provinces_served"].choices = provinces()  # type: ignore[attr-defined]
        if service is not None and location.has_address(service):
            # What is sealed is not read back into a form: it is kept unless a new one is typed.
            self.fields["address"].help_text = _(
                "The address that you gave is kept, sealed. Type here only to replace it."
            )
        self.helper = FormHelper(self)
        self.helper.layout = self._layout()

    def _layout(self) -> Layout:
        def part(legend: str, *fields: Any) -> Fieldset:
            return Fieldset(*fields, legend=legend, legend_size=Size.MEDIUM, legend_tag="h2")

        return Layout(
            "once",
            "version",
            part(_("The service"), "name", "name_km", "type", "description", "residential"),
            part(
                _("Who can come"), "sexes", "minimum_age", "maximum_age", "disability_access", "needs_documents",
                *_folded(_("Languages"), "languages"),
                *_folded(_("Only for certain nationalities"), "nationalities"),
                *_folded(_("Only for certain forms of exploitation"), "exploitation_forms"),
            ),
            part(
                _("Where"), "province", *_folded(_("Provinces"), "provinces_served"), "confidential_location",
                "address", "phone",
            ),
            part(_("Places"), "capacity_maximum", "capacity_available"),
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        low, high = typed.get("minimum_age"), typed.get("maximum_age")
        if low is not None and high is not None and low > high:
            self.add_error("maximum_age", _("The highest age lies below the lowest"))
        maximum, free = typed.get("capacity_maximum"), typed.get("capacity_available")
        if not {"capacity_maximum", "capacity_available"} & set(self.errors):
            if (maximum is None) != (free is None):
                missing = "capacity_maximum" if maximum is None else "capacity_available"
                self.add_error(missing, _("Enter both numbers, or leave both open"))
            elif maximum is not None and free is not None and free > maximum:
                self.add_error("capacity_available", _("There cannot be more free places than places"))
        return typed

    def facts(self) -> dict[str, Any]:
        """What was typed, as the actions take it; the address goes separately, because it is sealed."""
        return {name: self.cleaned_data[name] for name in self.fields if name not in ("once", "version", "address")}

    def changes(self) -> dict[str, Any]:
        """What differs from the service as it was shown."""
        return {name: value for name, value in self.facts().items() if value != getattr(self.service, name)}


class PlacesForm(ActionForm):
    """The number of free places of one service, typed or one up or down."""

    available = forms.IntegerField(
        label=gettext_lazy("Free places"),
        min_value=0,
        max_value=MOST_PLACES,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Enter how many places are free"),
            "invalid": gettext_lazy("Enter a whole number"),
            "min_value": gettext_lazy("Enter a number that is not below 0"),
        },
    )
    step = forms.ChoiceField(choices=[(step, step) for step in ("set", "-1", "+1")], required=False)

    def __init__(self, *args: Any, service: Service, **kwargs: Any) -> None:
        self.service = service
        kwargs.setdefault("initial", {"available": service.capacity_available})
        super().__init__(*args, version=service.version, auto_id=f"places-{service.pk}-%s", **kwargs)

    def wanted(self) -> int:
        """The number that is meant: what stands in the field, and the button that was pressed."""
        step = self.cleaned_data.get("step") or "set"
        typed: int = self.cleaned_data["available"]
        return typed if step == "set" else typed + int(step)


# For what somebody may open where a place is.
LOCATION_PURPOSES = ("placement", "service", "protection", "return", "justice", "emergency")


class OpenLocationForm(forms.Form):
    """Why somebody opens where a place is: kept in the log beside who and when."""

    purpose = forms.ChoiceField(
        label=gettext_lazy("Why do you open it?"),
        error_messages={
            "required": gettext_lazy("Choose why you open it"),
            "invalid_choice": gettext_lazy("Choose why you open it"),
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"].choices = [  # type: ignore[attr-defined]
            ("", ""), *((code, PURPOSES[code]) for code in LOCATION_PURPOSES),
        ]  # fmt: skip


class PlainForm(ActionForm):
    """Nothing to fill in but the button."""
