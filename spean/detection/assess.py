"""From the stored interview to the definition test and back: the only bridge between tables and `rules.py`."""

from collections.abc import Mapping
from typing import Any

from spean.country import pack
from spean.country.pack import Instrument
from spean.detection import instruments, rules, texts
from spean.detection.models import Screening


def instrument_of(screening: Screening) -> Instrument:
    """The instrument in the version of this interview."""
    return instruments.get(screening.instrument, screening.instrument_version)


def indicators_for(screening: Screening) -> list[Any]:
    """The questions of this interview: the list for its population and exploitation, in the instrument's order."""
    population = rules.population(screening.age, screening.age_disputed)
    return list(instrument_of(screening).asked(population, screening.exploitation))


def rule_list(screening: Screening) -> list[Any]:
    """The list whose strengths judge the answers: the interview's own, or the one that its instrument names."""
    asked = instrument_of(screening)
    judge = instruments.find(asked.evaluated_with) if asked.evaluated_with else asked
    population = rules.population(screening.age, screening.age_disputed)
    return list(judge.asked(population, screening.exploitation)) if judge else []


def assess_screening(screening: Screening) -> rules.Assessment:
    """What the answers kept so far suggest. Answers to another population's questions are left aside."""
    instrument = instrument_of(screening)
    answers: Mapping[str, str] = screening.answers
    if instrument.kind == "checklist":
        # A checklist is judged by the very same rule, through the indicators its questions stand for.
        answers = rules.expand_checklist(answers, instrument.indicators)
    rows = rule_list(screening)
    keys = {f"{row.dim}-{row.key}" for row in rows}
    facts = rules.Screening(
        exploitation=screening.exploitation,
        age=screening.age,
        age_disputed=screening.age_disputed,
        acts=None if screening.acts is None else tuple(screening.acts),
        forms=tuple(screening.forms),
        answers={key: answer for key, answer in answers.items() if key in keys},
    )
    return rules.assess(facts, rows)


def as_json(assessment: rules.Assessment) -> dict[str, Any]:
    """The form in which an assessment is kept: codes only, so that it reads in any language later."""
    return {
        "population": assessment.population,
        "dimensions": {name: dimension._asdict() for name, dimension in assessment.dimensions.items()},
        "elements": {
            name: {"status": element.status, "evidence": list(element.evidence)}
            for name, element in assessment.elements.items()
        },
        "result": assessment.result,
        "ilo_category": assessment.ilo_category,
        "unverified": list(assessment.unverified),
        "reasons": [{"code": reason.code, "params": dict(reason.params)} for reason in assessment.reasons],
    }


def sentences(screening: Screening, language: str | None = None) -> list[str]:
    """The stored reasons as sentences in the reader's language."""
    if not screening.assessment:
        return []
    stored = [rules.Reason(row["code"], row["params"]) for row in screening.assessment["reasons"]]
    with texts.speaking(language):
        return [texts.sentence(reason, labels=labels(screening, language)) for reason in stored]


def labels(screening: Screening, language: str | None = None) -> Mapping[str, str]:
    """Short labels of the indicators, by `DIM-KEY`, and of acts and forms: for sentences and evidence lists."""
    rows = rule_list(screening)
    named = {code.code: code.label(language) for name in ("act", "exploitation_form") for code in pack().codelist(name)}
    return {**named, **{f"{row.dim}-{row.key}": row.label(language) for row in rows}}
