"""The order of the interview: which screens it has, and at which one it goes on after a break. No database writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from spean.country import pack
from spean.detection import rules
from spean.detection.assess import indicators_for, rule_list
from spean.detection.models import Screening

# A checklist is asked in pages of this length: a phone shows it in a few movements of the thumb.
PAGE = 6

# The list whose strengths judge a checklist's answers.
LONG_LIST = "ilo_2009"

# What a page of a dimension is called towards somebody who does not know the instrument.
DIMENSION_TITLES: dict[str, str | Promise] = {
    "DR": gettext_lazy("Promises that were not true"),
    "CR": gettext_lazy("Force before or on the way"),
    "RV": gettext_lazy("A hard situation that was used"),
    "EX": gettext_lazy("Work and living"),
    "CD": gettext_lazy("Force and control at the place"),
    "VD": gettext_lazy("Dependence at the place"),
}

FIXED: tuple[tuple[str, str | Promise], ...] = (
    ("before", gettext_lazy("Before you begin")),
    ("person", gettext_lazy("The person")),
    ("about", gettext_lazy("Where from, and where you met")),
    ("journey", gettext_lazy("How the person came here")),
    ("work", gettext_lazy("What the person was made to do")),
)


@dataclass(frozen=True)
class Screen:
    """One screen of the interview. `questions` is empty for the fixed ones."""

    slug: str
    title: str
    questions: Sequence[Any] = ()


def question_pages(screening: Screening) -> list[Screen]:
    """The questions, one dimension per screen, or a checklist in short pages."""
    rows = indicators_for(screening)
    instrument = pack().instruments[screening.instrument]
    if instrument.kind == "checklist":
        parts = [rows[start : start + PAGE] for start in range(0, len(rows), PAGE)]
        titles = [
            _("What happened (%(number)d of %(total)d)") % {"number": number, "total": len(parts)}
            for number in range(1, len(parts) + 1)
        ]
    else:
        dims = list(dict.fromkeys(row.dim for row in rows))
        parts = [[row for row in rows if row.dim == dim] for dim in dims]
        titles = [str(DIMENSION_TITLES.get(dim) or instrument.dimension(dim)) for dim in dims]
    return [
        Screen(f"questions-{number}", title, part)
        for number, (title, part) in enumerate(zip(titles, parts, strict=True), start=1)
    ]


def unverified(screening: Screening) -> set[str]:
    """Questions behind which a strength stands that has not been checked against the published list."""
    if pack().instruments[screening.instrument].kind != "checklist":
        return {row.answer_key for row in indicators_for(screening) if not row.verified}
    population = rules.population(screening.age, screening.age_disputed)
    listed = rule_list(LONG_LIST, population, screening.exploitation)
    open_keys = {row.answer_key for row in listed if not row.verified}
    return {row.answer_key for row in indicators_for(screening) if open_keys & set(row.maps_to)}


def screens(screening: Screening) -> list[Screen]:
    """All screens in order; the last is the summary."""
    fixed = [Screen(slug, str(title)) for slug, title in FIXED]
    return [*fixed, *question_pages(screening), Screen("check", _("Check your answers"))]


def going_on(screening: Screening) -> str:
    """The first screen that nothing was kept of: where a broken-off interview goes on."""
    case = screening.case
    answered = set(screening.answers)
    kept = {
        "before": screening.private_place is not None,
        "person": bool(case.sex),
        "about": bool(case.detection_context),
        "journey": screening.acts is not None or bool(screening.forms) or bool(answered),
        "work": bool(screening.forms) or bool(answered),
    }
    for screen in screens(screening):
        if screen.questions:
            if not answered & {row.answer_key for row in screen.questions}:
                return screen.slug
        elif not kept.get(screen.slug, False):
            return screen.slug
    return "check"
