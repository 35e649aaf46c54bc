"""What an instrument may use: the tables behind docs/xlsform-profile.md, and nothing else.

Outside of it lies what one of the places that answer an instrument (the phone, the pages without a script, the
server's re-check, paper, ODK Collect) could not do, or would do differently.
"""

import re

LANGUAGE = re.compile(r"\(([a-zA-Z][\w-]*)\)\s*$")

# type of a row → may it have choices
TYPES: dict[str, str] = {
    "text": "answer",
    "integer": "answer",
    "decimal": "answer",
    "date": "answer",
    "select_one": "answer",
    "select_multiple": "answer",
    "note": "shown",
    "calculate": "silent",
    "hidden": "silent",
    "start": "stamp",
    "end": "stamp",
    "today": "stamp",
    "deviceid": "stamp",
    "begin_group": "structure",
    "end_group": "structure",
    "begin_repeat": "structure",
    "end_repeat": "structure",
}
APPEARANCES: dict[str, frozenset[str]] = {
    "begin_group": frozenset({"field-list"}),
    "begin_repeat": frozenset({"field-list"}),
    "text": frozenset({"multiline"}),
    "select_one": frozenset({"minimal"}),
}

# Columns of the standard, by sheet; those marked may carry a language: `label::Khmer (km)`.
STANDARD: dict[str, frozenset[str]] = {
    "survey": frozenset(
        {"type", "name", "required", "relevant", "constraint", "calculation", "appearance", "default", "choice_filter"}
    ),
    "choices": frozenset({"list_name", "name"}),
    "settings": frozenset({"form_title", "form_id", "version", "default_language", "style", "namespaces"}),
}
TRANSLATED: dict[str, frozenset[str]] = {
    "survey": frozenset({"label", "hint", "constraint_message", "required_message"}),
    "choices": frozenset({"label"}),
    "settings": frozenset(),
}
# Our own columns: kept for the rules and the lists of signs, and not part of the XForm.
OWN: dict[str, frozenset[str]] = {
    "survey": frozenset(
        {
            "read", "dimension", "key", "population", "exploitation", "strength", "verified", "maps_to", "signs",
            "element", "ilo11_refs", "source", "note",
        }
    ),
    "choices": frozenset({"note"}),
    "settings": frozenset({"kind", "evaluated_with", "source", "verified"}),
}  # fmt: skip
OWN_TRANSLATED: dict[str, frozenset[str]] = {
    "survey": frozenset({"short"}),
    "choices": frozenset(),
    "settings": frozenset({"title", "note"}),
}
IMAGE = "image"

# Functions with the fewest and the most arguments; None: any number.
FUNCTIONS: dict[str, tuple[int, int | None]] = {
    "true": (0, 0), "false": (0, 0), "not": (1, 1), "boolean": (1, 1), "if": (3, 3), "coalesce": (2, 2),
    "selected": (2, 2), "selected-at": (2, 2), "count-selected": (1, 1), "count": (1, 1), "count-non-empty": (1, 1),
    "sum": (1, 1), "min": (1, None), "max": (1, None), "number": (1, 1), "string": (1, 1), "int": (1, 1),
    "abs": (1, 1), "round": (1, 2), "concat": (1, None), "join": (2, None),
    "string-length": (1, 1), "substr": (2, 3), "contains": (2, 2), "starts-with": (2, 2), "ends-with": (2, 2),
    "normalize-space": (1, 1), "regex": (2, 2), "position": (0, 1), "today": (0, 0), "date": (1, 1),
    "decimal-date-time": (1, 1), "format-date": (2, 2), "jr:choice-name": (2, 2),
}  # fmt: skip
# Functions that read a list of nodes: something else in their place has no meaning.
OF_NODES = frozenset({"count", "count-non-empty", "sum"})
# Why some that other instruments use are left out.
LEFT_OUT: dict[str, str] = {
    "now": "the phone's clock cannot be checked; use today()",
    "pulldata": "an instrument brings no other files; use choices with a choice_filter",
    "indexed-repeat": "write ${repeat}[position() = 1]/question",
    "once": "its value depends on when it was worked out",
    "random": "nobody could check it again",
    "uuid": "nobody could check it again",
    "randomize": "nobody could check it again",
    "substring-after": "ODK's programs disagree on it; use substr()",
    "substring": "use substr()",
    "ceiling": "ODK Collect has none; use int()",
    "floor": "ODK Collect has none; use int()",
    "translate": "use text in the language columns",
}
DATE_SIGNS = frozenset({"%Y", "%y", "%m", "%n", "%b", "%d", "%e", "%a"})
# Instruments that the definition test judges, and all of them.
JUDGED = ("ilo_dimensions", "checklist")
KINDS = (*JUDGED, "arrival", "intake", "form")
# What an instrument of a kind must ask, for its answers to have a place: paths, in which a repeat is named once.
PARTS = {
    "arrival": (
        "arrival/arrived_on", "arrival/came_from", "arrival/on_board", "traveller/bracelet", "traveller/order",
        "asked", "first", "later_today", "children",
    ),
    "intake": ("talk/agrees",),
}  # fmt: skip
# Names that the engine and the standard use themselves.
RESERVED = frozenset({"meta", "instanceID", "data"})


def column_base(column: str) -> tuple[str, str]:
    """`label::Khmer (km)` as ("label", "Khmer (km)"); a column without a language has an empty one."""
    base, mark, language = column.partition("::")
    return base.strip(), language.strip() if mark else ""


def kind_of(cell: str) -> tuple[str, str]:
    """The type of a row and the list it chooses from: `select_one yes_no` is ("select_one", "yes_no")."""
    words = cell.split()
    if not words:
        return "", ""
    if words[0] in ("begin", "end") and len(words) == 2:
        return "_".join(words), ""
    return words[0], " ".join(words[1:])


def language_code(name: str) -> str:
    """`Khmer (km)` is km; a language without a code stands for itself."""
    found = LANGUAGE.search(name)
    return found[1].lower() if found else name
