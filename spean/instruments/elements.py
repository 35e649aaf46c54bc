"""The definition test in the words of an instrument: rows of type calculate, made from the list of signs.

What the rule is stands in `spean/detection/rules.py`. This says the same in expressions, so that every program that
answers an instrument (the phone without a network, ODK Collect) shows what `spean screen` would. The rows are made anew
from the list each time an instrument is converted: a question added in Excel counts at once, in both. Tests answer
thousands of instruments at random and compare the two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spean.instruments.lint import Fault
from spean.instruments.sheets import Workbook

DIMENSIONS = ("DR", "CR", "RV", "EX", "CD", "VD")
MEANS = ("DR", "CR", "RV", "CD", "VD")
STRENGTHS = ("strong", "medium", "weak")
POPULATIONS = ("adult", "child")
EXPLOITATIONS = ("labour", "sexual")
ELEMENTS = ("act", "means", "purpose")
# The list of choices that the rule understands.
ANSWERS = "answer"
Cells = Mapping[str, str]


@dataclass(frozen=True)
class Sign:
    """One sign of a list: how strong it is there, and the questions that ask about it."""

    dimension: str
    strength: str
    asked_by: tuple[str, ...]

    @property
    def yes(self) -> str:
        """True if any of its questions was answered yes."""
        return _any([f"${{{name}}} = 'yes'" for name in self.asked_by])

    @property
    def no(self) -> str:
        """True only if every one of its questions was answered no."""
        return "(" + " and ".join(f"${{{name}}} = 'no'" for name in self.asked_by) + ")"


def lists(book: Workbook, judged_by: Workbook, kind: str) -> dict[str, list[Sign]]:
    """The signs of each list, by `adult_labour` and so on. A sign that no question asks about has no `asked_by`."""
    asking: dict[str, list[str]] = {}
    if kind == "checklist":
        for row in book["survey"].rows:
            for key in _several(row["maps_to"]):
                asking.setdefault(key, []).append(row["name"])
    found: dict[str, list[Sign]] = {}
    for row in judged_by["survey"].rows:
        if not row["dimension"]:
            continue
        asked_by = tuple(asking.get(f"{row['dimension']}-{row['key']}", ())) if kind == "checklist" else (row["name"],)
        name = f"{row['population']}_{row['exploitation']}"
        found.setdefault(name, []).append(Sign(row["dimension"], row["strength"], asked_by))
    return found


def rows(book: Workbook, judged_by: Workbook, kind: str) -> list[Cells]:
    """The calculations, in an order in which none needs a later one."""
    by_list = lists(book, judged_by, kind)

    def per_list(counted: Sequence[str], strength: str = "", answer: str = "yes") -> str:
        """How many signs of these dimensions were answered so, in the list that is asked."""
        expression = "0"
        for name, signs in reversed(by_list.items()):
            terms = [
                sign.yes if answer == "yes" else sign.no
                for sign in signs
                if sign.dimension in counted and sign.asked_by and strength in ("", sign.strength)
            ]
            if terms:
                expression = f"if(${{list_asked}} = '{name}', {' + '.join(terms)} + 0, {expression})"
        return expression

    def in_list(counted: Sequence[str]) -> str:
        """How many signs of these dimensions the list has at all, asked or not."""
        expression = "0"
        for name, signs in reversed(by_list.items()):
            number = sum(sign.dimension in counted for sign in signs)
            expression = f"if(${{list_asked}} = '{name}', {number}, {expression})"
        return expression

    made: list[Cells] = []

    def calculate(name: str, expression: str) -> None:
        made.append({"type": "calculate", "name": name, "calculation": expression})

    for dimension in DIMENSIONS:
        for strength in STRENGTHS:
            calculate(f"{dimension}_{strength}", per_list((dimension,), strength))
        strong, medium, weak = (f"${{{dimension}_{strength}}}" for strength in STRENGTHS)
        calculate(
            f"{dimension}_positive",
            f"if({strong} >= 2 or ({strong} >= 1 and {medium} + {weak} >= 1) or {medium} >= 3"
            f" or ({medium} >= 2 and {weak} >= 1), 1, 0)",
        )
    calculate("means_yes", " + ".join(f"${{{one}_{strength}}}" for one in MEANS for strength in STRENGTHS))
    calculate("means_strong_yes", " + ".join(f"${{{one}_strong}}" for one in MEANS))
    calculate("means_no", per_list(MEANS, answer="no"))
    calculate("means_of", in_list(MEANS))
    calculate("purpose_yes", " + ".join(f"${{EX_{strength}}}" for strength in STRENGTHS))
    calculate("purpose_no", per_list(("EX",), answer="no"))
    calculate("purpose_of", in_list(("EX",)))
    recruited = _any([f"${{{one}_positive}} = 1" for one in ("DR", "CR", "RV")])
    calculate(
        "element_act",
        "if(${acts} != '' and not(selected(${acts}, 'none')) and not(selected(${acts}, 'unknown')), 'strong',"
        f" if({recruited}, 'some', if(selected(${{acts}}, 'none'), 'none', 'unknown')))",
    )
    any_means = _any([f"${{{one}_positive}} = 1" for one in MEANS])
    calculate(
        "element_means",
        "if(${population} = 'child', 'not_required',"
        " if((${DR_positive} = 1 or ${CR_positive} = 1) and ${CD_positive} = 1, 'strong',"
        f" if({any_means} or ${{means_strong_yes}} >= 1, 'some',"
        " if(${means_yes} = 0 and ${means_of} > 0 and 2 * ${means_no} >= ${means_of}, 'none', 'unknown'))))",
    )
    calculate(
        "element_purpose",
        "if(${population} = 'child' and selected(${forms}, 'SexualExploitation'), 'strong',"
        " if(${EX_positive} = 1, 'strong', if(${purpose_yes} >= 1, 'some',"
        " if(${purpose_of} > 0 and 2 * ${purpose_no} >= ${purpose_of}, 'none', 'unknown'))))",
    )
    indicated = [
        _any([f"${{element_{one}}} = '{status}'" for status in ("strong", "some")]) for one in ("act", "purpose")
    ]
    means = _any([f"${{element_means}} = '{status}'" for status in ("strong", "some", "not_required")])
    calculate(
        "result",
        f"if({indicated[0]} and {means} and {indicated[1]}, 'presumed_victim',"
        " if(${element_purpose} = 'strong' and (${element_act} = 'none' or ${element_means} = 'none'),"
        " 'exploited_not_trafficked',"
        " if(${element_purpose} = 'none' and (${element_means} = 'none' or ${element_means} = 'not_required'),"
        " 'no_indication', 'insufficient_information')))",
    )
    positive = _any([f"${{{one}_positive}} = 1" for one in DIMENSIONS])
    calculate(
        "ilo_category",
        "if(${EX_positive} = 1 and if(${population} = 'child', "
        + indicated[0]
        # In brackets, which Enketo's evaluator needs: agencies may open the form in it.
        + ", (${CD_positive} = 1 and (${DR_positive} = 1 or ${CR_positive} = 1))), 'trafficked',"
        " if(${EX_positive} = 1, if(${DR_positive} = 1, 'deceived_and_exploited', 'exploited'),"
        f" if({positive}, 'undetermined', 'none')))",
    )
    return made


def _any(terms: Sequence[str]) -> str:
    return "(" + " or ".join(terms) + ")"


def _several(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


def faults(book: Workbook, judged_by: Workbook | None, kind: str) -> list[Fault]:
    """What is wrong with the columns that the rule reads."""
    found: list[Fault] = []
    counted = 0
    places: dict[tuple[str, ...], int] = {}
    listed = {
        f"{row['dimension']}-{row['key']}" for row in (judged_by or Workbook())["survey"].rows if row["dimension"]
    }
    for row in book["survey"].rows:
        if not row["dimension"] and not row["maps_to"]:
            continue
        counted += 1

        def fault(message: str, line: int = row.line) -> None:
            found.append(Fault("survey", line, message))

        if row["type"].split() != ["select_one", ANSWERS]:
            fault(f"a question that the rule counts is of type select_one {ANSWERS}, not {row['type']!r}")
        if row["verified"] not in ("true", "false", "yes", "no"):
            fault(f"verified must be true or false, not {row['verified']!r}")
        if kind == "ilo_dimensions":
            for column, allowed in (
                ("dimension", DIMENSIONS),
                ("population", POPULATIONS),
                ("exploitation", EXPLOITATIONS),
                ("strength", STRENGTHS),
            ):
                if row[column] not in allowed:
                    fault(f"{column} {row[column]!r} is not one of {', '.join(allowed)}")
            place = tuple(row[column] for column in ("dimension", "key", "population", "exploitation"))
            first = places.setdefault(place, row.line)
            if first != row.line:
                fault(f"{'-'.join(place[:2])} for this population and exploitation already stands in row {first}")
        else:
            for element in _several(row["element"]):
                if element not in ELEMENTS:
                    fault(f"element {element!r} is not one of {', '.join(ELEMENTS)}")
            for key in _several(row["maps_to"]):
                if listed and key not in listed:
                    fault(f"maps_to {key!r} is not a sign of the list that judges it")
    if not counted:
        found.append(Fault("survey", 0, "no question is counted by the rule: fill in dimension or maps_to"))
    if kind == "checklist" and not listed:
        found.append(Fault("settings", 0, "evaluated_with names no instrument that is there"))
    names = {row["name"] for row in book["choices"].rows if row["list_name"] == ANSWERS}
    if not {"yes", "no"} <= names <= {"yes", "no", "unknown", "declined"}:
        found.append(Fault("choices", 0, f"the list {ANSWERS} must hold yes and no, and may hold unknown and declined"))
    return found
