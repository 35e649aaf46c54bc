"""Which findings go with which outcome: a table for adults, a table for children, and what every fault says."""

from dataclasses import replace

import pytest

from spean.identification import rules
from spean.identification.actions import Findings

E, N, R, U = "established", "not_established", "not_required", "not_known"
WORDS = "Because she told it and the papers show it."


def findings(act: str, means: str, purpose: str, outcome: str) -> Findings:
    return Findings(
        act=act, means=means, purpose=purpose, outcome=outcome, act_reasons=WORDS, means_reasons=WORDS,
        purpose_reasons=WORDS, evidence=WORDS, exploitation_forms=("ForcedLabour",),
    )  # fmt: skip


ADULT = [
    # act, means, purpose, outcome, faults
    (E, E, E, "identified", []),
    (E, E, E, "not_identified", ["elements_need_identified"]),
    (E, E, E, "exploited_not_identified", ["elements_need_identified"]),
    (E, E, E, "more_information", ["elements_need_identified"]),
    (E, N, E, "exploited_not_identified", []),
    (N, E, E, "exploited_not_identified", []),
    (E, N, E, "not_identified", []),
    (E, N, E, "identified", ["identified_needs_elements"]),
    (E, U, E, "identified", ["identified_needs_elements"]),
    (E, U, E, "more_information", []),
    (E, N, E, "more_information", ["more_information_needs_gap"]),
    (E, U, E, "not_identified", ["negative_needs_gap"]),
    (E, U, E, "exploited_not_identified", ["negative_needs_gap"]),
    (U, U, U, "not_identified", ["negative_needs_gap"]),
    (N, U, E, "exploited_not_identified", []),
    (E, E, N, "not_identified", []),
    (E, E, N, "exploited_not_identified", ["exploited_needs_purpose"]),
    (E, E, U, "exploited_not_identified", ["exploited_needs_purpose", "negative_needs_gap"]),
    (U, U, U, "more_information", []),
    (N, N, N, "not_identified", []),
    (E, R, E, "identified", ["means_required", "identified_needs_elements"]),
    (R, E, E, "identified", ["act_missing", "identified_needs_elements"]),
    (E, E, R, "identified", ["purpose_missing", "identified_needs_elements"]),
    (E, E, E, "", ["outcome_missing"]),
]
CHILD = [
    (E, R, E, "identified", []),
    (E, E, E, "identified", []),
    (E, R, E, "not_identified", ["elements_need_identified"]),
    (E, N, E, "identified", ["means_not_required_for_child"]),
    (E, U, E, "identified", ["means_not_required_for_child"]),
    (E, U, E, "more_information", ["means_not_required_for_child", "elements_need_identified"]),
    (N, R, E, "exploited_not_identified", []),
    (U, R, E, "more_information", []),
    (U, R, E, "exploited_not_identified", ["negative_needs_gap"]),
    (E, R, N, "not_identified", []),
    (N, R, E, "identified", ["identified_needs_elements"]),
    (E, "", E, "identified", ["means_missing"]),
]


@pytest.mark.parametrize(("act", "means", "purpose", "outcome", "faults"), ADULT)
def test_of_an_adult(act: str, means: str, purpose: str, outcome: str, faults: list[str]) -> None:
    assert rules.check_findings(findings(act, means, purpose, outcome), treated_as_child=False) == faults


@pytest.mark.parametrize(("act", "means", "purpose", "outcome", "faults"), CHILD)
def test_of_a_child(act: str, means: str, purpose: str, outcome: str, faults: list[str]) -> None:
    assert rules.check_findings(findings(act, means, purpose, outcome), treated_as_child=True) == faults


@pytest.mark.parametrize("child", [False, True])
def test_an_empty_form_is_told_everything_at_once(child: bool) -> None:
    empty = Findings(act="", means="", purpose="", outcome="")
    assert rules.check_findings(empty, child) == [
        "act_missing", "means_missing", "purpose_missing", "evidence_missing", "outcome_missing",
    ]  # fmt: skip


@pytest.mark.parametrize("element", rules.ELEMENTS)
@pytest.mark.parametrize("words", ["", "   ", "Yes.", "         x"])
def test_a_word_is_no_reason(element: str, words: str) -> None:
    given = replace(findings(E, E, E, "identified"), **{f"{element}_reasons": words})  # type: ignore[arg-type]
    assert rules.check_findings(given, treated_as_child=False) == [f"{element}_unreasoned"]


def test_what_is_not_required_needs_no_reason() -> None:
    given = replace(findings(E, R, E, "identified"), means_reasons="")
    assert rules.check_findings(given, treated_as_child=True) == []


def test_evidence_and_form_are_needed() -> None:
    given = replace(findings(E, E, E, "identified"), evidence=" ", exploitation_forms=())
    assert rules.check_findings(given, treated_as_child=False) == ["evidence_missing", "form_missing"]


def test_every_fault_has_words_and_a_field() -> None:
    assert set(rules.FAILURES) == set(rules.FIELDS)
    fields = {*Findings.__dataclass_fields__}
    assert set(rules.FIELDS.values()) <= fields


@pytest.mark.parametrize("child", [False, True])
@pytest.mark.parametrize("element", rules.ELEMENTS)
def test_the_form_offers_only_what_can_stand(element: str, child: bool) -> None:
    for finding in rules.possible_findings(element, child):
        given = replace(findings(E, R if child else E, E, "identified"), **{element: finding})  # type: ignore[arg-type]
        wrong = {f"{element}_missing", "means_required", "means_not_required_for_child"}
        assert not wrong & set(rules.check_findings(given, child))
