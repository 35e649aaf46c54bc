"""The definition test: how strongly the answers point to act, means and purpose, and why.

Pure: no Django, no clock, no database, no language. The indicator list is handed in, so the
same function serves every instrument and every country. Sentences are in `texts.py`.

Sources. The three elements and the child rule: Palermo Protocol art. 3 (a), (c), (d). Consent:
art. 3 (b); it is no input here, so nothing said about it can change a result. When a dimension
is positive, and how dimensions combine (`ilo_category`): ILO and European Commission,
*Operational indicators of trafficking in human beings*, 2009, read from secondary sources.
How elements are graded and turned into a result: the mechanism's own rule, table in `assess`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

ADULT_AGE = 18
OLDEST = 120

ANSWERS = ("yes", "no", "unknown", "declined", "not_asked")
EXPLOITATIONS = ("labour", "sexual")
# Palermo order; evidence is listed in it whatever order the acts were ticked in.
ACTS = ("recruitment", "transportation", "transfer", "harbouring", "receipt")

DIMENSIONS = ("DR", "CR", "RV", "EX", "CD", "VD")
RECRUITMENT = ("DR", "CR", "RV")
MEANS = ("DR", "CR", "RV", "CD", "VD")
PURPOSE = ("EX",)

STRENGTHS = ("strong", "medium", "weak")
# Weakest first. A yes added to any answers never moves an element to the left.
ELEMENT_ORDER = ("none", "unknown", "some", "strong")
INDICATED = ("strong", "some")

# For a child, sexual exploitation is the purpose by itself: no indicator need be counted.
SEXUAL_EXPLOITATION = "SexualExploitation"


class IndicatorRow(Protocol):
    """What the rule reads of an indicator; the country pack's rows and `Indicator` both fit."""

    @property
    def dim(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def strength(self) -> str: ...
    @property
    def verified(self) -> bool: ...


@dataclass(frozen=True)
class Indicator:
    """One row of the list for one population and one kind of exploitation."""

    dim: str
    key: str
    strength: str
    verified: bool = True


class ChecklistRow(Protocol):
    """One plain question of a short checklist and the indicators (`DIM-KEY`) it asks about."""

    @property
    def code(self) -> str: ...
    @property
    def maps_to(self) -> Sequence[str]: ...


class BadScreening(ValueError):
    """The facts handed in cannot be a screening; `faults` are plain English, for programmers."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Screening:
    """What was asked and told. `acts` None = not known, () = asked and none took place."""

    exploitation: str
    age: int | None = None
    age_disputed: bool = False
    acts: tuple[str, ...] | None = None
    forms: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = []
        # bool is an int in Python; an age of True would silently be one year.
        if self.age is not None and (type(self.age) is not int or not 0 <= self.age <= OLDEST):
            faults.append(f"age {self.age!r} is not a whole number from 0 to {OLDEST}")
        if self.exploitation not in EXPLOITATIONS:
            faults.append(f"exploitation {self.exploitation!r} is unknown")
        faults += [f"act {act!r} is unknown" for act in self.acts or () if act not in ACTS]
        faults += [
            f"answer {answer!r} to {key} is unknown" for key, answer in self.answers.items() if answer not in ANSWERS
        ]
        if faults:
            raise BadScreening(faults)

    @property
    def population(self) -> str:
        return population(self.age, self.age_disputed)


class Dimension(NamedTuple):
    """Number of yes by strength, and whether the dimension is positive."""

    positive: bool
    strong: int
    medium: int
    weak: int


@dataclass(frozen=True)
class Element:
    """strong | some | none | unknown | not_required, and the codes that led there."""

    status: str
    evidence: tuple[str, ...] = ()


class Reason(NamedTuple):
    """A stable code and its facts, fit to be stored; `texts.sentence` says it in a language."""

    code: str
    params: Mapping[str, object]


@dataclass(frozen=True)
class Assessment:
    """How strongly the answers point to each element. It suggests; it never establishes."""

    population: str
    dimensions: Mapping[str, Dimension]
    elements: Mapping[str, Element]
    result: str
    ilo_category: str
    forms: tuple[str, ...]
    unverified: tuple[str, ...]
    reasons: tuple[Reason, ...]


def population(age: int | None, age_disputed: bool) -> str:
    """Under 18, or possibly so, is a child. Age unknown and not disputed: the adult list."""
    return "child" if age_disputed or (age is not None and age < ADULT_AGE) else "adult"


def is_positive(strong: int, medium: int, weak: int) -> bool:
    """The ILO rule for one dimension."""
    return strong >= 2 or (strong >= 1 and medium + weak >= 1) or medium >= 3 or (medium >= 2 and weak >= 1)


def full_key(row: IndicatorRow) -> str:
    return f"{row.dim}-{row.key}"


class _Answers:
    """The answers seen through the list: yes and no by dimension, always in the list's order."""

    def __init__(self, answers: Mapping[str, str], indicators: Sequence[IndicatorRow]) -> None:
        self.rows = {full_key(row): row for row in indicators}
        self.answers = answers

    def given(self, answer: str, dims: Iterable[str]) -> tuple[str, ...]:
        dims = tuple(dims)
        return tuple(key for key, row in self.rows.items() if row.dim in dims and self.answers.get(key) == answer)

    def asked_about(self, dims: Sequence[str]) -> int:
        return sum(row.dim in dims for row in self.rows.values())

    def mostly_no(self, dims: Sequence[str]) -> bool:
        """At least half of the indicators answered no. An empty list rules nothing out."""
        total = self.asked_about(dims)
        return total > 0 and 2 * len(self.given("no", dims)) >= total

    def any_strong_yes(self, dims: Sequence[str]) -> bool:
        return any(self.rows[key].strength == "strong" for key in self.given("yes", dims))

    def dimension(self, dim: str) -> Dimension:
        strengths = [self.rows[key].strength for key in self.given("yes", (dim,))]
        counts = [strengths.count(strength) for strength in STRENGTHS]
        return Dimension(is_positive(*counts), *counts)


def assess(screening: Screening, indicators: Sequence[IndicatorRow]) -> Assessment:
    """The definition test.

    `indicators` is the list for the screening's population and exploitation; an answer to
    anything else raises `BadScreening`. S, M, W below: number of yes by strength.

    | Element | strong | some | none | else |
    |---|---|---|---|---|
    | act | acts not empty | DR, CR or RV positive | acts is () | unknown |
    | means, adult | (DR or CR) and CD positive | any of DR CR RV CD VD positive, or any strong
      yes in them | no yes in them and at least half of them answered no | unknown |
    | means, child | | | | not_required |
    | purpose | EX positive; child and form SexualExploitation | any yes in EX | at least half
      of EX answered no | unknown |

    `unknown`, `declined` and `not_asked` weigh the same here: nothing.
    """
    seen = _Answers(screening.answers, indicators)
    faults = [f"{key} is not an indicator of this list" for key in screening.answers if key not in seen.rows]
    if not seen.rows:
        faults = ["the indicator list is empty"]
    if faults:
        raise BadScreening(faults)

    who = screening.population
    dimensions = {dim: seen.dimension(dim) for dim in DIMENSIONS}
    act = _act(screening.acts, dimensions, seen)
    means = _adult_means(dimensions, seen) if who == "adult" else Element("not_required")
    purpose = _purpose(who, screening.forms, dimensions, seen)
    elements = {"act": act, "means": means, "purpose": purpose}
    result = _result(act.status, means.status, purpose.status)
    cited = {code for element in elements.values() for code in element.evidence}
    unverified = tuple(key for key, row in seen.rows.items() if key in cited and not row.verified)
    reasons = (
        _population_reason(screening),
        _act_reason(act, screening, dimensions),
        *_means_reasons(means, dimensions, seen),
        _purpose_reason(purpose, dimensions, seen),
        *_notes(screening, means, unverified),
        Reason(f"result_{result}", {}),
    )
    return Assessment(
        population=who,
        dimensions=dimensions,
        elements=elements,
        result=result,
        ilo_category=_ilo_category(who, dimensions, act.status),
        forms=screening.forms,
        unverified=unverified,
        reasons=reasons,
    )


def _act(acts: tuple[str, ...] | None, dimensions: Mapping[str, Dimension], seen: _Answers) -> Element:
    if acts:
        return Element("strong", tuple(act for act in ACTS if act in acts))
    positive = [dim for dim in RECRUITMENT if dimensions[dim].positive]
    if positive:
        return Element("some", seen.given("yes", positive))
    return Element("unknown" if acts is None else "none")


def _adult_means(dimensions: Mapping[str, Dimension], seen: _Answers) -> Element:
    evidence = seen.given("yes", MEANS)
    recruited = dimensions["DR"].positive or dimensions["CR"].positive
    if recruited and dimensions["CD"].positive:
        return Element("strong", evidence)
    if any(dimensions[dim].positive for dim in MEANS) or seen.any_strong_yes(MEANS):
        return Element("some", evidence)
    if not evidence and seen.mostly_no(MEANS):
        return Element("none")
    # A yes that is too little for "some" still stands here: it is why this is not "none".
    return Element("unknown", evidence)


def _purpose(who: str, forms: Sequence[str], dimensions: Mapping[str, Dimension], seen: _Answers) -> Element:
    evidence = seen.given("yes", PURPOSE)
    if who == "child" and SEXUAL_EXPLOITATION in forms:
        return Element("strong", (*evidence, SEXUAL_EXPLOITATION))
    if dimensions["EX"].positive:
        return Element("strong", evidence)
    if evidence:
        return Element("some", evidence)
    return Element("none" if seen.mostly_no(PURPOSE) else "unknown")


def _result(act: str, means: str, purpose: str) -> str:
    """First line that holds. `not_required` is never missing and never against the person."""
    needed = [act, purpose] if means == "not_required" else [act, means, purpose]
    if all(status in INDICATED for status in needed):
        return "presumed_victim"
    if purpose == "strong" and "none" in needed:
        return "exploited_not_trafficked"
    if purpose == "none" and means in ("none", "not_required"):
        return "no_indication"
    return "insufficient_information"


def _ilo_category(who: str, dimensions: Mapping[str, Dimension], act: str) -> str:
    """The ILO's own reading of the dimensions, reported beside the result, never instead of it."""
    positive = {dim for dim, counts in dimensions.items() if counts.positive}
    exploited = "EX" in positive
    coerced = "CD" in positive and bool({"DR", "CR"} & positive)
    if exploited and (act in INDICATED if who == "child" else coerced):
        return "trafficked"
    if exploited:
        return "deceived_and_exploited" if "DR" in positive else "exploited"
    return "undetermined" if positive else "none"


def _positive(dims: Sequence[str], dimensions: Mapping[str, Dimension]) -> list[str]:
    return [dim for dim in dims if dimensions[dim].positive]


def _population_reason(screening: Screening) -> Reason:
    if screening.population == "adult":
        if screening.age is None:
            return Reason("population_age_unknown", {})
        return Reason("population_adult", {"age": screening.age})
    if screening.age is not None and screening.age < ADULT_AGE:
        return Reason("population_child", {"age": screening.age})
    return Reason("population_possible_child", {})


def _act_reason(act: Element, screening: Screening, dimensions: Mapping[str, Dimension]) -> Reason:
    if act.status == "strong":
        return Reason("act_strong", {"acts": list(act.evidence)})
    if act.status == "some":
        asked = "act_some" if screening.acts is None else "act_some_none_named"
        return Reason(asked, {"dims": _positive(RECRUITMENT, dimensions), "keys": list(act.evidence)})
    return Reason(f"act_{act.status}", {})


def _counts(dims: Sequence[str], seen: _Answers) -> dict[str, object]:
    """How much of this part of the list has been answered yes or no, of how much."""
    no, yes = len(seen.given("no", dims)), len(seen.given("yes", dims))
    return {"no": no, "answered": no + yes, "total": seen.asked_about(dims)}


def _means_reasons(means: Element, dimensions: Mapping[str, Dimension], seen: _Answers) -> list[Reason]:
    keys = list(means.evidence)
    positive = _positive(MEANS, dimensions)
    if means.status == "not_required":
        reasons = [Reason("means_not_required", {})]
        told = seen.given("yes", MEANS)
        if told:
            # Not needed for the element, but an investigator and a carer need to see it.
            reasons.append(Reason("means_told_by_child", {"keys": list(told)}))
        return reasons
    if means.status == "strong":
        return [Reason("means_strong", {"dims": positive, "keys": keys})]
    if means.status == "some":
        if positive:
            return [Reason("means_some", {"dims": positive, "keys": keys})]
        strong = [key for key in keys if seen.rows[key].strength == "strong"]
        return [Reason("means_some_strong_sign", {"strong": strong, "keys": keys})]
    if means.status == "none":
        return [Reason("means_none", _counts(MEANS, seen))]
    code = "means_unknown_some_yes" if keys else "means_unknown"
    return [Reason(code, {**_counts(MEANS, seen), "keys": keys})]


def _purpose_reason(purpose: Element, dimensions: Mapping[str, Dimension], seen: _Answers) -> Reason:
    keys = list(seen.given("yes", PURPOSE))
    if SEXUAL_EXPLOITATION in purpose.evidence:
        code = "purpose_strong_child_sexual_told" if keys else "purpose_strong_child_sexual"
        return Reason(code, {"form": SEXUAL_EXPLOITATION, "keys": keys})
    if purpose.status in INDICATED:
        return Reason(f"purpose_{purpose.status}", {"dims": _positive(PURPOSE, dimensions), "keys": keys})
    return Reason(f"purpose_{purpose.status}", _counts(PURPOSE, seen))


def _notes(screening: Screening, means: Element, unverified: Sequence[str]) -> list[Reason]:
    notes = []
    if means.status == "not_required":
        notes.append(Reason("consent_child", {}))
    elif means.status in INDICATED:
        notes.append(Reason("consent_adult", {}))
    if "declined" in screening.answers.values():
        notes.append(Reason("declined", {}))
    if unverified:
        notes.append(Reason("unverified", {"keys": list(unverified)}))
    return notes


def expand_checklist(answers: Mapping[str, str], items: Sequence[ChecklistRow]) -> dict[str, str]:
    """Answers to a short checklist, as answers to the indicators its questions ask about.

    Feed those that the person's list has to `assess`. One question may ask about several
    indicators and one indicator may be asked about by several questions. Then a yes to any of
    them is yes; no only if every one of them was answered no; otherwise the indicator stays
    open, as declined before unknown before not asked. So an unasked question never turns into
    a no, and a short list can hardly rule out what the long one could.
    """
    known = {item.code for item in items}
    faults = [f"{code} is not a question of this checklist" for code in answers if code not in known]
    if faults:
        raise BadScreening(faults)
    told: dict[str, list[str]] = {}
    for item in items:
        for key in item.maps_to:
            told.setdefault(key, []).append(answers.get(item.code, "not_asked"))
    return {key: _combined(given) for key, given in told.items()}


def _combined(given: Sequence[str]) -> str:
    if "yes" in given:
        return "yes"
    if all(answer == "no" for answer in given):
        return "no"
    return next(answer for answer in ("declined", "unknown", "not_asked") if answer in given)
