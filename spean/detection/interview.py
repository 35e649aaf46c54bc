"""The order of the interview: which screens it has, and at which one it goes on after a break. No database writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from spean.detection import told
from spean.detection.assess import indicators_for, instrument_of, rule_list
from spean.detection.models import Screening

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
    """The pages of the instrument whose questions are relevant for this person, as its definition says."""
    rows = {row.code: row for row in indicators_for(screening)}
    asked = told.instance_of(screening, instrument_of(screening), get_language() or "en")
    pages: list[Screen] = []
    for paths in asked.definition["pages"]:
        shown = [point for path in paths for point in asked.points(asked.at(path)) if point.relevant]
        questions = [rows[point.name] for point in shown if point.name in rows]
        if questions:
            title = asked.words(asked.at(paths[0]).node.get("label"), asked.root)
            pages.append(Screen(f"questions-{len(pages) + 1}", title, questions))
    return pages


def unverified(screening: Screening) -> set[str]:
    """Questions behind which a strength stands that has not been checked against the published list."""
    open_keys = {row.answer_key for row in rule_list(screening) if not row.verified}
    return {row.answer_key for row in indicators_for(screening) if open_keys & {row.answer_key, *row.maps_to}}


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
        "person": bool(case.sex) and not screening.carried_over,
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
