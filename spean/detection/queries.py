"""What pages read of interviews: the texts typed so far, and a result in rows a page can show."""

from dataclasses import dataclass
from typing import Any

from spean.access import policy
from spean.access.models import User
from spean.cases.models import Case
from spean.country import pack
from spean.country.fields import label
from spean.detection import assess, rules, texts
from spean.detection.models import Screening
from spean.privacy import doors
from spean.privacy.fields import sealed_fields

# What each element asks, in the words of somebody who is not a lawyer.
ELEMENTS = ("act", "means", "purpose")


def typed(user: User, screening: Screening, *names: str) -> dict[str, str | None]:
    """Sealed texts of an interview as far as this user may read them; a text he may only write is left out."""
    readable = policy.readable_sections(user, screening.case)
    sealed = sealed_fields(Screening)
    allowed = [name for name in names if sealed[name].section in readable]
    there = [name for name in allowed if getattr(screening, name) is not None]
    found: dict[str, str | None] = dict.fromkeys(allowed)
    if there:
        found.update(doors.reveal(user, [screening], there, "screening")[screening.pk])
    return found


def open_interview(case: Case) -> Screening | None:
    """The interview of a case that is not completed."""
    return case.screenings.filter(completed_at__isnull=True).first()


def last_result(case: Case) -> Screening | None:
    """The last completed interview: the one that counts."""
    return case.screenings.filter(completed_at__isnull=False).first()


@dataclass(frozen=True)
class Evidence:
    """One sign that led to an element, and whether its strength still awaits checking."""

    words: str
    unverified: bool


@dataclass(frozen=True)
class ElementRow:
    """One element of the definition: how strongly it is indicated, and by what."""

    name: str
    status: str
    status_label: str
    evidence: list[Evidence]
    sentence: str


@dataclass(frozen=True)
class Result:
    """A stored assessment in the reader's language."""

    screening: Screening
    code: str
    label: str
    conclusion: str
    who: str
    elements: list[ElementRow]
    notes: list[str]
    is_child: bool

    @property
    def colour(self) -> str:
        return {"presumed_victim": "red", "exploited_not_trafficked": "amber", "no_indication": "grey"}.get(
            self.code, "blue"
        )


def result(screening: Screening) -> Result:
    """What a completed interview suggests, taken from what was stored then and never computed anew."""
    stored: dict[str, Any] = screening.assessment or {}
    words = assess.labels(screening)
    unverified = set(stored["unverified"])
    reasons = [rules.Reason(row["code"], row["params"]) for row in stored["reasons"]]
    told = {reason.code: texts.sentence(reason, labels=words) for reason in reasons}
    rows = []
    for name in ELEMENTS:
        element = stored["elements"][name]
        evidence = [Evidence(words.get(key, key), key in unverified) for key in element["evidence"]]
        sentence = next((told[reason.code] for reason in reasons if reason.code.startswith(f"{name}_")), "")
        status = element["status"]
        rows.append(ElementRow(name, status, label("element_status", status), evidence, sentence))
    conclusion = next((told[code] for code in told if code.startswith("result_")), "")
    who = next((told[code] for code in told if code.startswith("population_")), "")
    noted = ("consent_", "declined", "means_told_by_child")
    return Result(
        screening=screening,
        code=screening.result,
        label=pack().codelist("screening_result").label(screening.result),
        conclusion=conclusion,
        who=who,
        elements=rows,
        notes=[told[code] for code in told if code.startswith(noted)],
        is_child=stored["population"] == "child",
    )
