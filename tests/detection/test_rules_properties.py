"""What holds for any answers whatever, on the lists that ship.

The rule is also written a second time below, in another way (sets and point sums instead of a
walk over the list), and both must agree on everything.
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spean import country
from spean.detection import rules
from spean.detection.rules import Screening, assess
from spean.detection.texts import SENTENCES, sentences

POPULATIONS, EXPLOITATIONS = ("adult", "child"), ("labour", "sexual")
FORMS = ("ForcedLabour", "SexualExploitation", "ForcedMarriage", "Other")
ages = st.one_of(st.none(), st.integers(0, 120), st.sampled_from([16, 17, 18, 19]))


@cache
def listed(population: str, exploitation: str) -> tuple[Any, ...]:
    return country.pack("cambodia").instruments["ilo_2009"].asked(population, exploitation)


# How a dimension is answered: so weighted that every branch of the rule is reached. None is absent.
LEANINGS: tuple[tuple[str | None, ...], ...] = (
    ("no",),
    ("no", "no", "no", None),
    ("no", "no", "no", "no", "no", "no", "yes"),
    ("yes", "no"),
    ("no", "unknown"),
    (*rules.ANSWERS, None),
    (None, None, None, None, "yes"),
    (None,),
)


@st.composite
def screenings(draw: st.DrawFn) -> Screening:
    age, disputed = draw(ages), draw(st.booleans())
    exploitation = draw(st.sampled_from(EXPLOITATIONS))
    asked = listed(rules.population(age, disputed), exploitation)
    leaning = {dim: draw(st.sampled_from(LEANINGS)) for dim in rules.DIMENSIONS}
    dice = draw(st.binary(min_size=len(asked), max_size=len(asked)))
    thrown = {
        row.answer_key: leaning[row.dim][die % len(leaning[row.dim])] for row, die in zip(asked, dice, strict=True)
    }
    return Screening(
        exploitation,
        age,
        disputed,
        draw(st.one_of(st.none(), st.lists(st.sampled_from(rules.ACTS), unique=True).map(tuple))),
        tuple(draw(st.lists(st.sampled_from(FORMS), unique=True))),
        {key: answer for key, answer in thrown.items() if answer},
    )


def rows(screening: Screening) -> tuple[Any, ...]:
    return listed(screening.population, screening.exploitation)


def judged(screening: Screening) -> rules.Assessment:
    return assess(screening, rows(screening))


many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@many
@given(screenings(), st.data())
def test_one_more_yes_never_weakens_anything(screening: Screening, data: st.DataObject) -> None:
    key = data.draw(st.sampled_from([row.answer_key for row in rows(screening)]))
    before = judged(screening)
    after = judged(replace(screening, answers={**screening.answers, key: "yes"}))
    for name, element in before.elements.items():
        now = after.elements[name].status
        if element.status == "not_required":
            assert now == "not_required"
        else:
            assert rules.ELEMENT_ORDER.index(now) >= rules.ELEMENT_ORDER.index(element.status)
        assert set(element.evidence) <= set(after.elements[name].evidence)
    for dim, counts in before.dimensions.items():
        assert after.dimensions[dim].positive >= counts.positive
    if before.result == "presumed_victim":
        assert after.result == "presumed_victim"
    if after.result == "no_indication":
        assert before.result == "no_indication"


@many
@given(screenings(), st.data())
def test_what_is_not_answered_is_never_a_no(screening: Screening, data: st.DataObject) -> None:
    """unknown, declined, not asked and absent weigh the same: only how it is told differs."""
    silent = ("unknown", "declined", "not_asked", None)
    turn = data.draw(st.integers(0, 3))
    changed = {
        key: silent[(silent.index(answer) + turn) % 4] if answer in silent else answer
        for key, answer in screening.answers.items()
    }
    changed = {key: answer for key, answer in changed.items() if answer}
    one, two = judged(screening), judged(replace(screening, answers=changed))
    told = [reason for reason in two.reasons if reason.code != "declined"]
    assert [reason for reason in one.reasons if reason.code != "declined"] == told
    assert replace(one, reasons=()) == replace(two, reasons=())


@many
@given(screenings(), st.data())
def test_declining_never_weighs_more_than_no_against_the_person(screening: Screening, data: st.DataObject) -> None:
    noes = [key for key, answer in screening.answers.items() if answer == "no"]
    refused = {**screening.answers, **dict.fromkeys(noes[data.draw(st.integers(0, 65)) :], "declined")}
    before, after = judged(screening), judged(replace(screening, answers=refused))
    for name, element in before.elements.items():
        if element.status != after.elements[name].status:
            assert (element.status, after.elements[name].status) == ("none", "unknown")


@many
@given(screenings(), st.randoms())
def test_order_does_not_matter(screening: Screening, random: Any) -> None:
    def shuffled(items: Any) -> list[Any]:
        return random.sample(list(items), len(items))

    other = replace(
        screening,
        acts=screening.acts if screening.acts is None else tuple(shuffled(screening.acts)),
        answers=dict(shuffled(screening.answers.items())),
    )
    assert judged(screening) == judged(other)


@many
@given(screenings())
def test_a_child_never_needs_means(screening: Screening) -> None:
    if screening.population == "adult":
        assert judged(screening).elements["means"].status != "not_required"
        return
    bare = {key: answer for key, answer in screening.answers.items() if key.startswith("EX-")}
    full = judged(screening)
    assert full.elements["means"] == rules.Element("not_required")
    if screening.acts is not None and full.elements["act"].status != "some":
        assert judged(replace(screening, answers=bare)).result == full.result


@many
@given(screenings())
def test_a_doubt_about_the_age_never_costs_the_person_the_result(screening: Screening) -> None:
    sure, doubted = replace(screening, age_disputed=False), replace(screening, age_disputed=True)
    common = {row.answer_key for row in rows(sure)} & {row.answer_key for row in rows(doubted)}
    answers = {key: answer for key, answer in screening.answers.items() if key in common}
    one, two = (judged(replace(version, answers=answers)) for version in (sure, doubted))
    # Strengths differ between the lists, so that recruitment alone may point to an act in one only.
    if one.result == "presumed_victim" and two.elements["act"].status in rules.INDICATED:
        assert two.result == "presumed_victim"


@many
@given(screenings())
def test_evidence_is_what_was_told(screening: Screening) -> None:
    found = judged(screening)
    yes = {key for key, answer in screening.answers.items() if answer == "yes"}
    told = yes | set(screening.acts or ()) | set(screening.forms)
    for element in found.elements.values():
        assert set(element.evidence) <= told
        assert len(set(element.evidence)) == len(element.evidence)
        if element.status in rules.INDICATED:
            assert element.evidence
        if element.status in ("none", "not_required"):
            assert not element.evidence
    unproven = {row.answer_key for row in rows(screening) if not row.verified}
    cited = {code for element in found.elements.values() for code in element.evidence}
    assert set(found.unverified) == cited & unproven


@many
@given(screenings())
def test_every_assessment_can_be_told(screening: Screening) -> None:
    found = judged(screening)
    told = sentences(found, {})
    assert len(told) == len(found.reasons)
    assert not [line for line in told if "%" in line or not line.endswith(".")]
    assert "competent authority decides" in told[-1]
    starts = [line.split(":")[0] for line in told]
    assert [start for start in starts if start in ("Act", "Means", "Purpose")] == ["Act", "Means", "Purpose"]
    assert {reason.code for reason in found.reasons} <= set(SENTENCES)


# --- the second reading of the rule --------------------------------------------------------


POSITIVE = {
    (strong, medium, weak)
    for strong, medium, weak in product(range(20), repeat=3)
    if any(
        (strong >= s and medium >= m and weak >= w)
        for s, m, w in [(2, 0, 0), (1, 1, 0), (1, 0, 1), (0, 3, 0), (0, 2, 1)]
    )
}


def second_reading(screening: Screening) -> Mapping[str, Any]:
    child = screening.age_disputed or (screening.age or 99) < 18 or screening.age == 0
    strength = {row.answer_key: row.strength for row in listed("child" if child else "adult", screening.exploitation)}
    said: dict[str, set[str]] = {"yes": set(), "no": set()}
    for key, answer in screening.answers.items():
        said.setdefault(answer, set()).add(key)

    def of(keys: Any, *dims: str) -> set[str]:
        return {key for key in keys if key[:2] in dims}

    counts = {}
    for dim in ["DR", "CR", "RV", "EX", "CD", "VD"]:
        yes = [strength[key] for key in of(said["yes"], dim)]
        counts[dim] = (yes.count("strong"), yes.count("medium"), yes.count("weak"))
    positive = {dim for dim, triple in counts.items() if triple in POSITIVE}

    def half(*dims: str) -> bool:
        return Fraction(len(of(said["no"], *dims)), len(of(strength, *dims))) >= Fraction(1, 2)

    if screening.acts:
        act = "strong"
    elif positive & {"DR", "CR", "RV"}:
        act = "some"
    else:
        act = "unknown" if screening.acts is None else "none"

    ways = ("DR", "CR", "RV", "CD", "VD")
    yes_to_means = of(said["yes"], *ways)
    if child:
        means = "not_required"
    elif {"DR", "CD"} <= positive or {"CR", "CD"} <= positive:
        means = "strong"
    elif positive - {"EX"} or "strong" in {strength[key] for key in yes_to_means}:
        means = "some"
    else:
        means = "none" if not yes_to_means and half(*ways) else "unknown"

    if "EX" in positive or (child and "SexualExploitation" in screening.forms):
        purpose = "strong"
    elif of(said["yes"], "EX"):
        purpose = "some"
    else:
        purpose = "none" if half("EX") else "unknown"

    needed = {act, purpose, *(() if child else (means,))}
    if needed <= {"strong", "some"}:
        result = "presumed_victim"
    elif purpose == "strong" and "none" in needed:
        result = "exploited_not_trafficked"
    elif purpose == "none" and means in {"none", "not_required"}:
        result = "no_indication"
    else:
        result = "insufficient_information"

    if "EX" not in positive:
        category = "undetermined" if positive else "none"
    elif (child and act in {"strong", "some"}) or (not child and "CD" in positive and positive & {"DR", "CR"}):
        category = "trafficked"
    else:
        category = "deceived_and_exploited" if "DR" in positive else "exploited"
    return {
        "population": "child" if child else "adult",
        "dimensions": {dim: (dim in positive, *triple) for dim, triple in counts.items()},
        "elements": {"act": act, "means": means, "purpose": purpose},
        "result": result,
        "ilo_category": category,
    }


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(screenings())
def test_two_readings_of_the_rule_agree(screening: Screening) -> None:
    found = judged(screening)
    assert second_reading(screening) == {
        "population": found.population,
        "dimensions": {dim: tuple(counts) for dim, counts in found.dimensions.items()},
        "elements": {name: element.status for name, element in found.elements.items()},
        "result": found.result,
        "ilo_category": found.ilo_category,
    }


@pytest.mark.parametrize(("population", "exploitation"), [*product(POPULATIONS, EXPLOITATIONS)])
def test_the_lists_that_ship_have_every_dimension(population: str, exploitation: str) -> None:
    shipped = listed(population, exploitation)
    assert {row.dim for row in shipped} == set(rules.DIMENSIONS)
    assert {row.strength for row in shipped} <= set(rules.STRENGTHS)
    assert len({row.answer_key for row in shipped}) == len(shipped)
    assert all(rules.full_key(row) == row.answer_key for row in shipped)
