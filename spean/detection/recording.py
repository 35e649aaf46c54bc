"""A whole interview at once: from a phone, or typed in from paper. The verbs are those of the pages, in one transaction.

What arrives are the answers of a form by the names of its questions. The names of the questions that every screening
asks (`private_place`, `acts`, …) are those of the country pack's cover; the others are the instrument's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access.models import User
from spean.country import pack
from spean.detection import actions, rules
from spean.detection.models import Screening
from spean.workflow.engine import Refused

NONE, UNKNOWN, NOT_KNOWN = "none", "unknown", "not_known"
# Questions of the cover that this file reads; whatever a form calculates or shows beside them is its own.
ASKED = (
    "private_place", "interpreter_kind", "preferred_interviewer_asked", "interview_language", "stated_name", "age",
    "age_disputed", "sex", "acts", "forms", "exploitation", "notes",
)  # fmt: skip
_SAID = {"yes": True, "no": False}


@dataclass(frozen=True)
class Told:
    """One interview as the actions take it. `page` holds names and notes, so it does not print."""

    instrument: str
    exploitation: str
    sex: str
    answers: Mapping[str, str]
    page: Mapping[str, Any] = field(repr=False)


def told(instrument: str, values: Mapping[str, str]) -> Told:
    """Read the answers of a form; raises Refused where they cannot be a screening with this instrument."""
    found = pack().instruments.get(instrument)
    if found is None or not found.indicators:
        raise Refused([_("This list of questions is not available yet: the official list has not been entered.")])
    keys = {row.code: row.answer_key for row in found.indicators}
    answers = {keys[name]: value for name, value in values.items() if name in keys and value}
    kind = values.get("interpreter_kind", "")
    acts = values.get("acts", "").split()
    page = {
        "private_place": _SAID.get(values.get("private_place", "")),
        "preferred_interviewer_asked": _SAID.get(values.get("preferred_interviewer_asked", "")),
        "interview_language": values.get("interview_language", ""),
        "interpreter": None if not kind else kind != NONE,
        "interpreter_not_from_scene": kind == "outside" if kind not in ("", NONE) else None,
        "age": _age(values.get("age", "")),
        "age_disputed": values.get("age_disputed") == "yes",
        # Not known, and none of these, are two different things.
        "acts": None if not acts or UNKNOWN in acts else [act for act in acts if act != NONE],
        "forms": [form for form in values.get("forms", "").split() if form not in (UNKNOWN, NOT_KNOWN)],
        **{name: values[name].strip() for name in actions.SEALED if values.get(name, "").strip()},
    }
    return Told(instrument, values.get("exploitation", ""), values.get("sex", ""), answers, page)


@transaction.atomic
def record(actor: User, said: Told, *, once: UUID | None = None) -> Screening:
    """Start, describe, answer and complete: all of it or, with the reason, nothing. The actor is the screener."""
    if said.exploitation not in rules.EXPLOITATIONS:
        raise Refused([_("Choose a kind of exploitation")])
    screening = actions.start_screening(
        actor, instrument=said.instrument, exploitation=said.exploitation, once=once
    )
    if said.sex:
        actions.describe_person(actor, screening.case, sex=said.sex)
    screening = actions.save_answers(
        actor, screening, version=screening.version, answers=said.answers, **dict(said.page)
    )
    return actions.complete_screening(actor, screening, version=screening.version)


def _age(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or not text.isascii() or len(text) > 3:
        raise Refused([_("Enter the age as a whole number, like 17")])
    return int(text)
