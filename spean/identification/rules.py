"""When a decision is complete: which findings go with which outcome. Pure; the definition is Palermo Art. 3."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SHORTEST_REASON = 10  # characters: a word is no reason

FAILURES: dict[str, Promise] = {
    "act_missing": _("Say whether an act is established."),
    "means_missing": _("Say whether a means is established."),
    "purpose_missing": _("Say whether the purpose of exploitation is established."),
    "act_unreasoned": _("Give the reasons for your finding on the act."),
    "means_unreasoned": _("Give the reasons for your finding on the means."),
    "purpose_unreasoned": _("Give the reasons for your finding on the purpose."),
    "evidence_missing": _("List the evidence the decision rests on."),
    "means_required": _("For an adult a means is part of the definition; it cannot be left out."),
    "means_not_required_for_child": _("For a person under 18 means are not required: choose “not required”."),
    "outcome_missing": _("Choose the outcome."),
    "identified_needs_elements": _("“Identified” needs every required element established."),
    "elements_need_identified": _("Every required element is established: the outcome is “identified”."),
    "exploited_needs_purpose": _("“Exploited, not identified” needs the purpose of exploitation established."),
    "more_information_needs_gap": _("“More information needed” goes with an element that is not known."),
    "negative_needs_gap": _(
        "A negative decision needs an element that is not established. If one is not known, more information is needed."
    ),
    "form_missing": _("Name at least one form of exploitation."),
}

RETURN_REASON_MISSING = _("Write down what is missing, so that the first officer can go on.")

# Where on the form each fault belongs: the answer that has to change.
FIELDS: dict[str, str] = {
    "act_missing": "act",
    "means_missing": "means",
    "purpose_missing": "purpose",
    "act_unreasoned": "act_reasons",
    "means_unreasoned": "means_reasons",
    "purpose_unreasoned": "purpose_reasons",
    "evidence_missing": "evidence",
    "means_required": "means",
    "means_not_required_for_child": "means",
    "outcome_missing": "outcome",
    "identified_needs_elements": "outcome",
    "elements_need_identified": "outcome",
    "exploited_needs_purpose": "outcome",
    "more_information_needs_gap": "outcome",
    "negative_needs_gap": "outcome",
    "form_missing": "exploitation_forms",
}

ELEMENTS = ("act", "means", "purpose")
# A decision is written in four parts, one on a screen.
PARTS: dict[str, tuple[str, ...]] = {
    "act": ("act", "act_codes", "act_reasons"),
    "means": ("means", "means_codes", "means_reasons"),
    "purpose": ("purpose", "exploitation_forms", "purpose_reasons"),
    "outcome": ("evidence", "outcome"),
}
ALL_FIELDS = tuple(name for names in PARTS.values() for name in names)
TEXTS = ("act_reasons", "means_reasons", "purpose_reasons", "evidence")


def part_of(fault: str) -> str:
    """The part of the decision in which a fault is put right."""
    return next(part for part, names in PARTS.items() if FIELDS[fault] in names)


FINDINGS_OF_ADULT = ("established", "not_established", "not_known")
# Of a child no means are asked, so none can be found missing.
FINDINGS_OF_CHILD: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(ELEMENTS, FINDINGS_OF_ADULT),
    "means": ("not_required", "established"),
}


def possible_findings(element: str, treated_as_child: bool) -> tuple[str, ...]:
    """What can be found of an element, for a form to offer."""
    return FINDINGS_OF_CHILD[element] if treated_as_child else FINDINGS_OF_ADULT


@dataclass(frozen=True)
class Findings:
    """What an officer found, element by element, and why."""

    act: str
    means: str
    purpose: str
    outcome: str
    act_reasons: str = ""
    means_reasons: str = ""
    purpose_reasons: str = ""
    evidence: str = ""
    act_codes: Sequence[str] = ()
    means_codes: Sequence[str] = ()
    exploitation_forms: Sequence[str] = ()


def check_findings(findings: Findings, treated_as_child: bool) -> list[str]:
    """Codes of everything that is missing or contradicts itself; empty when the decision is complete."""
    faults = []
    for element in ELEMENTS:
        finding = getattr(findings, element)
        if not finding:
            faults.append(f"{element}_missing")
        elif finding != "not_required" and len(getattr(findings, f"{element}_reasons").strip()) < SHORTEST_REASON:
            faults.append(f"{element}_unreasoned")
    faults += [f"{element}_missing" for element in ("act", "purpose") if getattr(findings, element) == "not_required"]
    if findings.means == "not_required" and not treated_as_child:
        faults.append("means_required")
    if treated_as_child and findings.means in ("not_established", "not_known"):
        # Writing "no means" into a child's decision invites a court to ask for them.
        faults.append("means_not_required_for_child")
    if len(findings.evidence.strip()) < SHORTEST_REASON:
        faults.append("evidence_missing")
    faults += _check_outcome(findings, treated_as_child)
    return faults


def established(findings: Findings, treated_as_child: bool) -> bool:
    """Whether every element that this person's definition needs is established."""
    return all(finding == "established" for finding in _needed(findings, treated_as_child))


def _needed(findings: Findings, treated_as_child: bool) -> tuple[str, ...]:
    needed = ("act", "purpose") if treated_as_child else ELEMENTS
    return tuple(getattr(findings, element) for element in needed)


def _check_outcome(findings: Findings, treated_as_child: bool) -> list[str]:
    faults = []
    needed = _needed(findings, treated_as_child)
    complete = established(findings, treated_as_child)
    outcome = findings.outcome
    if not outcome:
        faults.append("outcome_missing")
    if outcome == "identified" and not complete:
        faults.append("identified_needs_elements")
    if outcome in ("exploited_not_identified", "not_identified", "more_information") and complete:
        faults.append("elements_need_identified")
    if outcome == "exploited_not_identified" and findings.purpose != "established":
        faults.append("exploited_needs_purpose")
    if outcome == "more_information" and not complete and "not_known" not in needed:
        faults.append("more_information_needs_gap")
    if outcome in ("exploited_not_identified", "not_identified") and not complete and "not_established" not in needed:
        # What nobody knows is no reason to refuse somebody.
        faults.append("negative_needs_gap")
    if findings.purpose == "established" and not findings.exploitation_forms:
        faults.append("form_missing")
    return faults
