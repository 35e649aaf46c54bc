"""What the pages of the statistics office ask for."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from spean.lib import clock
from spean.statistics import labels, queries
from spean.statistics.indicators import FIGURE_TYPES, UNITS
from spean.statistics.models import Edition, Figure
from spean.workflow.pages import SHORT, ActionForm

FIRST_YEAR = 2020


class DraftForm(ActionForm):
    """A period that has begun; the newest first."""

    period = forms.ChoiceField(
        label=gettext_lazy("Which period?"), error_messages={"required": gettext_lazy("Choose the period")}
    )
    correction_en = forms.CharField(
        label=gettext_lazy("What is corrected? (in English; only for a correction)"), max_length=500, required=False,
        help_text=gettext_lazy("One sentence. It is printed with the new edition; the old one is kept."),
    )  # fmt: skip
    correction_km = forms.CharField(label=gettext_lazy("The same in Khmer"), max_length=500, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["period"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [
            (f"{span}:{first}", labels.period(Edition(span=span, first_day=first).slug)) for span, first in _periods()
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "period" in cleaned:
            span, _colon, first = cleaned["period"].partition(":")
            cleaned["span"], cleaned["first_day"] = span, date.fromisoformat(first)
            cleaned["corrects"] = next(
                (one for one in queries.current() if (one.span, one.first_day) == (span, cleaned["first_day"])), None
            )
        return cleaned


def _periods() -> list[tuple[str, date]]:
    today = clock.today()
    found = [
        (span, first)
        for year in range(today.year, FIRST_YEAR - 1, -1)
        for span in ("year", "half")
        for first in reversed(queries.first_days(span, year))
    ]
    return [one for one in found if one[1] <= today]


class FigureForm(ActionForm):
    subject_en = forms.CharField(label=gettext_lazy("What is counted (in English)"), max_length=SHORT)
    subject_km = forms.CharField(label=gettext_lazy("The same in Khmer"), max_length=SHORT, required=False)
    type = forms.ChoiceField(label=gettext_lazy("What kind of figure is it?"), widget=forms.RadioSelect)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"))
    stock_flow = forms.ChoiceField(label=gettext_lazy("Stock or flow"), choices=list(labels.KIND.items()))
    value = forms.DecimalField(
        label=gettext_lazy("Figure"), required=False, max_digits=14, decimal_places=1,
        help_text=gettext_lazy("Leave it empty where the source leaves it open: that is not zero."),
    )  # fmt: skip
    low = forms.DecimalField(
        label=gettext_lazy("Lower end of a range"), required=False, max_digits=14, decimal_places=1
    )
    high = forms.DecimalField(label=gettext_lazy("Upper end"), required=False, max_digits=14, decimal_places=1)
    first_year = forms.IntegerField(label=gettext_lazy("First year"), min_value=1900, max_value=2100)
    last_year = forms.IntegerField(label=gettext_lazy("Last year"), min_value=1900, max_value=2100)
    area = forms.CharField(label=gettext_lazy("Place"), max_length=100)
    definition = forms.CharField(label=gettext_lazy("Definition, as its source gives it"), max_length=1000)
    method = forms.CharField(label=gettext_lazy("Method, as its source gives it"), max_length=1000)
    coverage = forms.CharField(label=gettext_lazy("Coverage: who reported"), max_length=500, required=False)
    source = forms.CharField(label=gettext_lazy("Source"), max_length=500)
    report = forms.CharField(
        label=gettext_lazy("Report of `spean estimate`, if it is our own"), required=False, widget=forms.Textarea(attrs={"rows": 4}),
        max_length=100_000,
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("type", [(one, labels.TYPE[one]) for one in FIGURE_TYPES]),
            ("unit", [(one, labels.UNIT[one]) for one in UNITS]),
        ):
            chosen = self.fields[name]
            assert isinstance(chosen, forms.ChoiceField)
            chosen.choices = choices

    def clean_report(self) -> dict[str, Any] | None:
        typed = self.cleaned_data["report"].strip()
        if not typed:
            return None
        try:
            report = json.loads(typed)
        except ValueError:
            report = None
        if not isinstance(report, dict) or report.get("status") not in ("ok", "caution", "refused"):
            raise forms.ValidationError(_("This is not a report of an estimate."))
        return report

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if (first := cleaned.get("first_year")) and (last := cleaned.get("last_year")) and first > last:
            self.add_error("last_year", _("The last year is before the first one."))
        if (low := cleaned.get("low")) is not None and (high := cleaned.get("high")) is not None and low > high:
            self.add_error("high", _("The upper end is below the lower one."))
        return cleaned

    def figure(self) -> Figure:
        given = self.cleaned_data
        copied = (
            "subject_en", "subject_km", "type", "unit", "stock_flow", "value", "low", "high", "area", "definition", "method",
            "coverage", "source", "report",
        )  # fmt: skip
        figure = Figure(**{name: given[name] for name in copied})
        figure.first_day, figure.last_day = date(given["first_year"], 1, 1), date(given["last_year"], 12, 31)
        report = given["report"]
        if report is not None and report["status"] != "refused":
            # What was estimated is taken from the report, so that nobody copies it wrongly.
            figure.type, figure.value = "model_estimate", _exact(report.get("estimate"))
            figure.low, figure.high = map(_exact, report.get("interval_95") or (None, None))
        return figure


def _exact(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(str(round(number, 1)))
