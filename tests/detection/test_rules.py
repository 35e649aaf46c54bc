"""The definition test as tables: every boundary of every line of the rule.

Lists here are small and made up, so that each row shows one boundary; the real lists are in
`test_rules_vignettes.py` and `test_rules_properties.py`.
"""

import pytest

from spean.detection.rules import (
    ANSWERS,
    DIMENSIONS,
    Assessment,
    BadScreening,
    Indicator,
    Screening,
    assess,
    expand_checklist,
    is_positive,
    population,
)


def rows(dim: str, strong: int = 3, medium: int = 4, weak: int = 3) -> list[Indicator]:
    """S1.. strong, M1.. medium, W1.. weak: ten rows a dimension."""
    return [
        Indicator(dim, f"{strength[0].upper()}{number}", strength, verified=number != 2)
        for strength, count in (("strong", strong), ("medium", medium), ("weak", weak))
        for number in range(1, count + 1)
    ]


LIST = [row for dim in DIMENSIONS for row in rows(dim)]
MEANS_KEYS = [f"{row.dim}-{row.key}" for row in LIST if row.dim != "EX"]
EX_KEYS = [f"{row.dim}-{row.key}" for row in LIST if row.dim == "EX"]


def told(yes: str = "", no: list[str] | None = None, **facts: object) -> Assessment:
    answers = dict.fromkeys(no or [], "no") | dict.fromkeys(yes.split(), "yes")
    given = {"exploitation": "labour", "age": 30, "answers": answers} | facts
    return assess(Screening(**given), LIST)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("age", "disputed", "expected"),
    [
        (0, False, "child"),
        (17, False, "child"),
        (18, False, "adult"),
        (120, False, "adult"),
        (None, False, "adult"),
        (None, True, "child"),
        (18, True, "child"),
        (40, True, "child"),
    ],
)
def test_population(age: int | None, disputed: bool, expected: str) -> None:
    assert population(age, disputed) == expected


@pytest.mark.parametrize(
    ("strong", "medium", "weak", "positive"),
    [
        (0, 0, 0, False),
        (1, 0, 0, False),
        (2, 0, 0, True),
        (1, 1, 0, True),
        (1, 0, 1, True),
        (0, 2, 0, False),
        (0, 3, 0, True),
        (0, 2, 1, True),
        (0, 1, 1, False),
        (0, 1, 9, False),
        (0, 0, 9, False),
    ],
)
@pytest.mark.parametrize("dim", DIMENSIONS)
def test_dimension(dim: str, strong: int, medium: int, weak: int, positive: bool) -> None:
    assert is_positive(strong, medium, weak) is positive
    weak = min(weak, 3)
    keys = [f"{dim}-S{n}" for n in range(1, strong + 1)]
    keys += [f"{dim}-M{n}" for n in range(1, medium + 1)]
    keys += [f"{dim}-W{n}" for n in range(1, weak + 1)]
    found = told(" ".join(keys)).dimensions
    assert found[dim] == (positive, strong, medium, weak)
    assert all(found[other] == (False, 0, 0, 0) for other in DIMENSIONS if other != dim)


@pytest.mark.parametrize(
    ("acts", "yes", "status", "evidence"),
    [
        (("receipt", "recruitment"), "", "strong", ("recruitment", "receipt")),
        (("harbouring",), "DR-S1 DR-S2", "strong", ("harbouring",)),
        (None, "DR-S1 DR-S2", "some", ("DR-S1", "DR-S2")),
        (None, "CR-M1 CR-M2 CR-M3", "some", ("CR-M1", "CR-M2", "CR-M3")),
        ((), "RV-S1 RV-W1", "some", ("RV-S1", "RV-W1")),
        # A yes in a dimension that stays short of positive fed nothing.
        (None, "DR-S1 DR-S2 CR-S1", "some", ("DR-S1", "DR-S2")),
        ((), "DR-S1 CR-S1 RV-S1", "none", ()),
        (None, "DR-S1 CR-S1 RV-S1", "unknown", ()),
        # Coercion and abuse at the destination say nothing of recruitment.
        ((), "CD-S1 CD-S2 VD-S1 VD-S2 EX-S1 EX-S2", "none", ()),
        (None, "CD-S1 CD-S2 VD-S1 VD-S2 EX-S1 EX-S2", "unknown", ()),
    ],
)
@pytest.mark.parametrize("age", [30, 15])
def test_act(age: int, acts: tuple[str, ...] | None, yes: str, status: str, evidence: tuple[str, ...]) -> None:
    act = told(yes, acts=acts, age=age).elements["act"]
    assert (act.status, act.evidence) == (status, evidence)


HALF = MEANS_KEYS[: len(MEANS_KEYS) // 2]


@pytest.mark.parametrize(
    ("yes", "no", "status"),
    [
        ("DR-S1 DR-S2 CD-S1 CD-S2", [], "strong"),
        ("CR-S1 CR-W1 CD-M1 CD-M2 CD-W1", [], "strong"),
        # Abuse of vulnerability does not stand in for deception or coercion here.
        ("RV-S1 RV-S2 CD-S1 CD-S2", [], "some"),
        ("DR-S1 DR-S2 VD-S1 VD-S2", [], "some"),
        ("DR-S1 DR-S2 CD-M1 CD-M2", [], "some"),
        ("DR-S1 DR-S2", [], "some"),
        ("CR-M1 CR-M2 CR-M3", [], "some"),
        ("RV-M1 RV-M2 RV-W1", [], "some"),
        ("CD-S1 CD-M1", [], "some"),
        ("VD-S1 VD-W1", [], "some"),
        ("DR-S1", [], "some"),
        ("VD-S1", MEANS_KEYS, "some"),
        ("VD-M1", MEANS_KEYS, "unknown"),
        ("DR-M1 CR-M1 RV-M1 CD-M1 VD-M1 DR-W1", [], "unknown"),
        ("", MEANS_KEYS, "none"),
        ("", HALF, "none"),
        ("", HALF[1:], "unknown"),
        ("", [], "unknown"),
        # Purpose is not means, in either direction.
        ("EX-S1 EX-S2", HALF, "none"),
        ("EX-S1 EX-S2", HALF[1:], "unknown"),
        ("", [*HALF[1:], *EX_KEYS], "unknown"),
    ],
)
def test_means_of_an_adult(yes: str, no: list[str], status: str) -> None:
    means = told(yes, no).elements["means"]
    assert means.status == status
    assert set(means.evidence) == {key for key in yes.split() if not key.startswith("EX")}


@pytest.mark.parametrize("yes", ["", "DR-S1 DR-S2 CD-S1 CD-S2", "VD-M1"])
@pytest.mark.parametrize("no", [[], MEANS_KEYS])
@pytest.mark.parametrize("facts", [{"age": 17}, {"age": None, "age_disputed": True}])
def test_means_of_a_child(yes: str, no: list[str], facts: dict[str, object]) -> None:
    means = told(yes, no, **facts).elements["means"]
    assert (means.status, means.evidence) == ("not_required", ())


@pytest.mark.parametrize(
    ("age", "forms", "yes", "no", "status", "evidence"),
    [
        (30, (), "EX-S1 EX-S2", [], "strong", ("EX-S1", "EX-S2")),
        (30, (), "EX-M1 EX-M2 EX-W1", EX_KEYS, "strong", ("EX-M1", "EX-M2", "EX-W1")),
        (30, (), "EX-S1", [], "some", ("EX-S1",)),
        (30, (), "EX-W1", EX_KEYS, "some", ("EX-W1",)),
        (30, (), "", EX_KEYS[:5], "none", ()),
        (30, (), "", EX_KEYS[:4], "unknown", ()),
        (30, (), "", MEANS_KEYS, "unknown", ()),
        (30, ("SexualExploitation",), "", [], "unknown", ()),
        (30, ("SexualExploitation",), "", EX_KEYS, "none", ()),
        (17, ("SexualExploitation",), "", EX_KEYS, "strong", ("SexualExploitation",)),
        (17, ("ForcedLabour",), "", EX_KEYS, "none", ()),
        (17, ("ForcedLabour", "ForcedMarriage"), "", [], "unknown", ()),
        (
            17,
            ("ForcedLabour", "SexualExploitation"),
            "EX-W1",
            [],
            "strong",
            ("EX-W1", "SexualExploitation"),
        ),
    ],
)
def test_purpose(
    age: int,
    forms: tuple[str, ...],
    yes: str,
    no: list[str],
    status: str,
    evidence: tuple[str, ...],
) -> None:
    assessed = told(yes, no, age=age, forms=forms)
    purpose = assessed.elements["purpose"]
    assert (purpose.status, purpose.evidence) == (status, evidence)
    assert assessed.forms == forms


def test_half_of_an_odd_number_is_rounded_up() -> None:
    odd = [row for row in LIST if (row.dim, row.key) != ("EX", "W3")]
    four = Screening("labour", 30, answers=dict.fromkeys(EX_KEYS[:4], "no"))
    five = Screening("labour", 30, answers=dict.fromkeys(EX_KEYS[:5], "no"))
    assert assess(four, odd).elements["purpose"].status == "unknown"
    assert assess(five, odd).elements["purpose"].status == "none"


ACT = {"strong": ("receipt",), "none": (), "unknown": None}
MEANS: dict[str, tuple[str, list[str]]] = {
    "strong": ("DR-S1 DR-S2 CD-S1 CD-S2", []),
    "some": ("VD-S1", []),
    "none": ("", MEANS_KEYS),
    "unknown": ("", []),
}
PURPOSE: dict[str, tuple[str, list[str]]] = {
    "strong": ("EX-S1 EX-S2", []),
    "some": ("EX-M1", []),
    "none": ("", EX_KEYS),
    "unknown": ("", []),
}
# Every combination of an adult's elements; act is "some" where means is strong by DR.
ADULT_RESULTS = {
    # act, means: result for purpose strong, some, none, unknown
    ("strong", "strong"): "presumed presumed insufficient insufficient",
    ("strong", "some"): "presumed presumed insufficient insufficient",
    ("strong", "none"): "exploited insufficient no insufficient",
    ("strong", "unknown"): "insufficient insufficient insufficient insufficient",
    ("none", "strong"): "presumed presumed insufficient insufficient",
    ("none", "some"): "exploited insufficient insufficient insufficient",
    ("none", "none"): "exploited insufficient no insufficient",
    ("none", "unknown"): "exploited insufficient insufficient insufficient",
    ("unknown", "strong"): "presumed presumed insufficient insufficient",
    ("unknown", "some"): "insufficient insufficient insufficient insufficient",
    ("unknown", "none"): "exploited insufficient no insufficient",
    ("unknown", "unknown"): "insufficient insufficient insufficient insufficient",
}
CHILD_RESULTS = {
    "strong": "presumed presumed no insufficient",
    "none": "exploited insufficient no insufficient",
    "unknown": "insufficient insufficient no insufficient",
}
RESULTS = {
    "presumed": "presumed_victim",
    "exploited": "exploited_not_trafficked",
    "no": "no_indication",
    "insufficient": "insufficient_information",
}


@pytest.mark.parametrize("purpose", range(4))
@pytest.mark.parametrize(("act", "means"), ADULT_RESULTS)
def test_result_of_an_adult(act: str, means: str, purpose: int) -> None:
    (yes, no), status = MEANS[means], list(PURPOSE)[purpose]
    more_yes, more_no = PURPOSE[status]
    assessed = told(f"{yes} {more_yes}", no + more_no, acts=ACT[act])
    assert assessed.elements["means"].status == means
    assert assessed.elements["purpose"].status == status
    assert assessed.result == RESULTS[ADULT_RESULTS[act, means].split()[purpose]]


@pytest.mark.parametrize("purpose", range(4))
@pytest.mark.parametrize("act", CHILD_RESULTS)
def test_result_of_a_child(act: str, purpose: int) -> None:
    yes, no = PURPOSE[list(PURPOSE)[purpose]]
    assessed = told(yes, no, acts=ACT[act], age=12)
    assert assessed.elements["act"].status == act
    assert assessed.result == RESULTS[CHILD_RESULTS[act].split()[purpose]]


DR, CR, RV, EX, CD, VD = (f"{dim}-S1 {dim}-S2 " for dim in DIMENSIONS)


@pytest.mark.parametrize(
    ("age", "acts", "yes", "category"),
    [
        (30, None, DR + EX + CD, "trafficked"),
        (30, None, CR + EX + CD, "trafficked"),
        (30, ("receipt",), RV + EX + CD, "exploited"),
        (30, None, DR + EX, "deceived_and_exploited"),
        (30, None, DR + EX + VD, "deceived_and_exploited"),
        (30, ("receipt",), CR + EX, "exploited"),
        (30, ("receipt",), EX, "exploited"),
        (30, ("receipt",), DR + CD, "undetermined"),
        (30, ("receipt",), VD, "undetermined"),
        (30, ("receipt",), "EX-S1 DR-S1 CD-S1", "none"),
        (30, None, "", "none"),
        (12, ("receipt",), EX, "trafficked"),
        (12, None, RV + EX, "trafficked"),
        (12, None, DR + EX, "trafficked"),
        (12, None, EX, "exploited"),
        (12, (), EX + CD, "exploited"),
        (12, ("receipt",), DR + CD, "undetermined"),
        (12, ("receipt",), "EX-M1 EX-M2", "none"),
    ],
)
def test_ilo_category(age: int, acts: tuple[str, ...] | None, yes: str, category: str) -> None:
    assert told(yes, age=age, acts=acts).ilo_category == category


def test_a_form_of_exploitation_does_not_make_the_ilo_dimension_positive() -> None:
    child = told(age=12, acts=("receipt",), forms=("SexualExploitation",))
    assert (child.result, child.ilo_category) == ("presumed_victim", "none")


def test_unverified_are_the_cited_keys_whose_strength_is_not_verified() -> None:
    yes = "VD-S2 DR-S1 DR-S2 EX-M2 EX-M1"
    assert told(yes).unverified == ("DR-S2", "EX-M2", "VD-S2")
    # For a child VD fed no element, and neither did DR once an act is named.
    assert told(yes, age=12).unverified == ("DR-S2", "EX-M2")
    assert told(yes, age=12, acts=("receipt",)).unverified == ("EX-M2",)


def test_evidence_and_unverified_follow_the_list_not_the_telling() -> None:
    forwards = told("CD-S1 CD-S2 DR-S1 DR-S2 EX-S2 EX-S1")
    backwards = told("EX-S1 EX-S2 DR-S2 DR-S1 CD-S2 CD-S1")
    assert forwards == backwards
    assert forwards.elements["means"].evidence == ("DR-S1", "DR-S2", "CD-S1", "CD-S2")


def test_no_statement_about_consent_can_be_put_in() -> None:
    assert not [name for name in Screening.__dataclass_fields__ if "consent" in name]


@pytest.mark.parametrize(
    "facts",
    [
        {"age": -1},
        {"age": 121},
        {"age": True},
        {"age": 17.0},
        {"age": "17"},
        {"exploitation": "other"},
        {"acts": ("sale",)},
        {"answers": {"DR-S1": "maybe"}},
        {"answers": {"DR-S1": None}},
    ],
)
def test_impossible_facts_are_refused(facts: dict[str, object]) -> None:
    with pytest.raises(BadScreening) as refused:
        Screening(**({"exploitation": "labour"} | facts))  # type: ignore[arg-type]
    assert len(refused.value.faults) == 1


def test_a_question_of_another_list_is_refused() -> None:
    with pytest.raises(BadScreening, match="DR-XX"):
        assess(Screening("labour", answers={"DR-XX": "not_asked"}), LIST)


def test_an_empty_list_is_refused_instead_of_ruling_everything_out() -> None:
    with pytest.raises(BadScreening, match="empty"):
        assess(Screening("labour"), [])


def test_a_list_without_a_dimension_rules_nothing_out_there() -> None:
    only_means = [row for row in LIST if row.dim != "EX"]
    assert assess(Screening("labour"), only_means).elements["purpose"].status == "unknown"


class Item:
    """A checklist question, as a country pack hands it in."""

    def __init__(self, code: str, *maps_to: str) -> None:
        self.code, self.maps_to = code, maps_to


ITEMS = [Item("PAPERS", "CD-S1", "CR-S1"), Item("LOCKED", "CD-S1", "CD-S2")]


@pytest.mark.parametrize(
    ("papers", "locked", "shared"),
    [
        ("yes", "no", "yes"),
        ("no", "yes", "yes"),
        ("no", "no", "no"),
        ("no", "unknown", "unknown"),
        ("no", "declined", "declined"),
        ("no", "not_asked", "not_asked"),
        ("no", None, "not_asked"),
        ("declined", "unknown", "declined"),
        ("not_asked", "unknown", "unknown"),
        ("not_asked", "yes", "yes"),
    ],
)
def test_a_checklist_answer_reaches_its_indicators(papers: str, locked: str | None, shared: str) -> None:
    given = {"PAPERS": papers} | ({"LOCKED": locked} if locked else {})
    expanded = expand_checklist(given, ITEMS)
    assert expanded == {"CD-S1": shared, "CD-S2": locked or "not_asked", "CR-S1": papers}
    assert expanded == expand_checklist(given, ITEMS[::-1])
    assess(Screening("labour", answers=expanded), LIST)


def test_every_single_answer_goes_through_a_checklist_unchanged() -> None:
    for answer in ANSWERS:
        assert expand_checklist({"LOCKED": answer}, ITEMS[1:2])["CD-S2"] == answer


def test_a_question_of_no_checklist_is_refused() -> None:
    with pytest.raises(BadScreening, match="OTHER"):
        expand_checklist({"OTHER": "yes"}, ITEMS)
