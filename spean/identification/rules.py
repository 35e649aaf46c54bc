"""When a decision is complete: which findings go with which outcome. Pure; the definition is Palermo Art. 3."""

from typing import Protocol

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
    "form_missing": _("Name at least one form of exploitation."),
}


class FindingsLike(Protocol):
    """What the check reads."""

    act: str
    means: str
    purpose: str
    outcome: str
    act_reasons: str
    means_reasons: str
    purpose_reasons: str
    evidence: str
    exploitation_forms: object


def check_findings(findings: FindingsLike, treated_as_child: bool) -> list[str]:
    """Codes of everything that is missing or contradicts itself; empty when the decision is complete."""
    faults = []
    for element in ("act", "means", "purpose"):
        finding = getattr(findings, element)
        if not finding:
            faults.append(f"{element}_missing")
        elif finding != "not_required" and len(getattr(findings, f"{element}_reasons").strip()) < SHORTEST_REASON:
            faults.append(f"{element}_unreasoned")
    if findings.means == "not_required" and not treated_as_child:
        faults.append("means_required")
    if treated_as_child and findings.means == "not_established":
        # Writing "no means" into a child's decision invites a court to ask for them.
        faults.append("means_not_required_for_child")
    if len(findings.evidence.strip()) < SHORTEST_REASON:
        faults.append("evidence_missing")
    faults += _check_outcome(findings, treated_as_child)
    return faults


def established(findings: FindingsLike, treated_as_child: bool) -> bool:
    """Whether every element that this person's definition needs is established."""
    needed = [findings.act, findings.purpose] if treated_as_child else [findings.act, findings.means, findings.purpose]
    return all(finding == "established" for finding in needed)


def _check_outcome(findings: FindingsLike, treated_as_child: bool) -> list[str]:
    faults = []
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
    if outcome == "more_information" and not complete and "not_known" not in (
        findings.act, findings.means, findings.purpose,
    ):  # fmt: skip
        faults.append("more_information_needs_gap")
    if findings.purpose == "established" and not findings.exploitation_forms:
        faults.append("form_missing")
    return faults
