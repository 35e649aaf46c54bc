"""The value of an expression in an instrument that is being answered.

The twin of `static/instruments/evaluate.js`: same order, same names; a change here is a change there, and the shared
cases in tests/instruments/cases.json run in both. Where XPath leaves a choice, ODK's engine decides, because the same
instrument is filled in with ODK's programs too.

Values are text, numbers (float, NaN for none), truth, days (`Day`) and lists of nodes.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

NAN = math.nan
EPOCH = date(1970, 1, 1)
_NUMBER = re.compile(r"[ \t\r\n]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t\r\n]*\Z")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FORMAT = re.compile(r"%[YymnbdeaHhMS3]")


class Point:
    """A node of an instrument being answered, or of a list of choices: what a path walks over."""

    __slots__ = ("by_name", "children", "name", "node", "parent", "raw", "relevant", "value")

    def __init__(self, name: str, parent: "Point | None", node: dict[str, Any] | None = None) -> None:
        self.name = name
        self.parent = parent
        self.node: dict[str, Any] = node or {}
        self.children: list[Point] = []
        self.by_name: dict[str, list[Point]] = {}
        self.raw = ""
        self.value = ""
        self.relevant = True

    def add(self, child: "Point", before: "Point | None" = None) -> None:
        self.children.insert(len(self.children) if before is None else self.children.index(before), child)
        self.by_name.setdefault(child.name, []).append(child)


@dataclass(frozen=True)
class Day:
    """A day as a number since 1970 and as text; None is what cannot be read as one."""

    days: float | None

    @property
    def text(self) -> str:
        if self.days is None or not math.isfinite(self.days):
            return "Invalid Date"
        try:
            return (EPOCH + timedelta(days=math.floor(self.days))).isoformat()
        except OverflowError:
            return "Invalid Date"


class Where(NamedTuple):
    """Where an expression stands: the node, its place among its like, and what `current()` and `today()` are."""

    point: Point
    position: int
    size: int
    current: Point
    world: Any


def day_of(text: str) -> float | None:
    """Days since 1970 of a date such as 2026-01-31; None for anything else."""
    found = _DATE.match(text)
    if not found:
        return None
    try:
        return float((date(int(found[1]), int(found[2]), int(found[3])) - EPOCH).days)
    except ValueError:
        return None


def number_of(text: str) -> float:
    if text == "":
        return NAN
    if text.isdigit() and text.isascii():
        return float(text)
    days = day_of(text)
    if days is not None:
        return days
    return float(text) if _NUMBER.match(text) else NAN


def number_text(number: float) -> str:
    """As JavaScript writes a number: no `.0`, and digits instead of an exponent up to 21 of them."""
    if math.isnan(number):
        return ""
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "0"
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    if 1e-6 <= abs(number) < 1e21:
        return _digits(number)
    mantissa, _, exponent = repr(number).partition("e")
    power = int(exponent)
    return f"{mantissa}e{'+' if power > 0 else '-'}{abs(power)}"


def _digits(number: float) -> str:
    """The shortest digits of a number, without an exponent."""
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, part = mantissa.partition(".")
    part = "" if part == "0" else part
    point = len(whole) + int(exponent or 0)
    digits = whole + part
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return sign + digits + "0" * (point - len(digits))
    return f"{sign}{digits[:point]}.{digits[point:]}"


def to_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, Day):
        return value.text
    return value[0].value if value else ""


def to_number(value: Any) -> float:
    if isinstance(value, bool):
        return 1.0 if value else 0.0
    if isinstance(value, float):
        return value
    if isinstance(value, Day):
        return NAN if value.days is None else value.days
    return number_of(to_text(value))


def to_truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return not math.isnan(value) and value != 0
    if isinstance(value, Day):
        return bool(value.days)
    return len(value) > 0


def equal(left: Any, right: Any, same: bool) -> bool:
    """`=` where `same`, else `!=`. A list of nodes is equal to whatever one of its nodes is equal to."""
    if type(left) is list and type(right) is str:
        # By far the most frequent: a question and the name of a choice.
        for point in left:  # noqa: SIM110 - twice as fast as any()
            if (point.value == right) is same:
                return True
        return False
    if isinstance(left, bool) or isinstance(right, bool):
        return (to_truth(left) == to_truth(right)) is same
    if isinstance(left, list):
        return any(equal(point.value, right, same) if not isinstance(right, list) else
                   any((point.value == other.value) is same for other in right) for point in left)  # fmt: skip
    if isinstance(right, list):
        return any(equal(left, point.value, same) for point in right)
    if isinstance(left, MEASURED) or isinstance(right, MEASURED):
        return (to_number(left) == to_number(right)) is same
    return (to_text(left) == to_text(right)) is same


MEASURED = (float, Day)


def ordered(operator: str, left: Any, right: Any) -> bool:
    lefts = [number_of(point.value) for point in left] if isinstance(left, list) else [to_number(left)]
    rights = [number_of(point.value) for point in right] if isinstance(right, list) else [to_number(right)]
    compare = _ORDER[operator]
    return any(compare(one, other) for one in lefts for other in rights)


_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _divide(left: float, right: float) -> float:
    if right == 0:
        return NAN if left == 0 else math.copysign(math.inf, left) * math.copysign(1, right)
    return left / right


def _modulo(left: float, right: float) -> float:
    return NAN if right == 0 or math.isinf(left) else math.fmod(left, right)


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "div": _divide,
    "mod": _modulo,
}


def evaluate(tree: Any, where: Where) -> Any:
    """The value of a tree (see `xpath.py`) at a place."""
    if not isinstance(tree, list):
        return tree if isinstance(tree, str) else float(tree)
    kind = tree[0]
    if kind == "path":
        return nodes(tree, where)
    if kind == "call":
        return _FUNCTIONS[tree[1]](tree[2:], where)
    if kind == "=" or kind == "!=":
        return equal(evaluate(tree[1], where), evaluate(tree[2], where), kind == "=")
    left = evaluate(tree[1], where)
    if kind == "and":
        return evaluate(tree[2], where) if to_truth(left) else left
    if kind == "or":
        return left if to_truth(left) else evaluate(tree[2], where)
    if kind == "neg":
        return -to_number(left)
    right = evaluate(tree[2], where)
    if kind in _ORDER:
        return ordered(kind, left, right)
    one, other = to_number(left), to_number(right)
    return NAN if math.isnan(one) or math.isnan(other) else _ARITHMETIC[kind](one, other)


def nodes(tree: list[Any], where: Where) -> list[Point]:
    """The nodes that a path leads to, in document order."""
    start, steps = tree[1], tree[2:]
    if start == "/":
        found = [where.world.root] if steps and steps[0][0] == where.world.root.name else []
        steps = steps[1:]
    elif start == "current":
        found = [where.current]
    elif start == ".":
        found = [where.point]
    else:
        found = [where.world.items(start[1])]
    for step in steps:
        name = step[0]
        if len(found) == 1 and len(step) == 1 and name != "." and name != "..":
            # Nearly every step: from one node to its children of a name.
            found = found[0].by_name.get(name, [])
            continue
        there: list[Point] = []
        for point in found:
            if name == ".":
                group = [point]
            elif name == "..":
                group = [point.parent] if point.parent is not None and point.parent not in there else []
            else:
                group = point.by_name.get(name, [])
            for predicate in step[1:]:
                group = _filter(group, predicate, where)
            there += group
        found = there
    return found


def _filter(group: Sequence[Point], predicate: Any, where: Where) -> list[Point]:
    kept = []
    for position, point in enumerate(group, start=1):
        value = evaluate(predicate, Where(point, position, len(group), where.current, where.world))
        if value == position if isinstance(value, float) else to_truth(value):
            kept.append(point)
    return kept


# --- functions ---------------------------------------------------------------------------------------------


def _words(value: str) -> list[str]:
    return [word for word in re.split(r"[ \t\r\n]+", value) if word]


def _text(arguments: list[Any], place: int, where: Where) -> str:
    return to_text(evaluate(arguments[place], where))


def _number(arguments: list[Any], place: int, where: Where) -> float:
    return to_number(evaluate(arguments[place], where))


def _all_numbers(arguments: list[Any], where: Where) -> list[float]:
    numbers = []
    for argument in arguments:
        value = evaluate(argument, where)
        numbers += [number_of(point.value) for point in value] if isinstance(value, list) else [to_number(value)]
    return numbers


def _all_texts(arguments: list[Any], where: Where) -> list[str]:
    texts = []
    for argument in arguments:
        value = evaluate(argument, where)
        texts += [point.value for point in value] if isinstance(value, list) else [to_text(value)]
    return texts


def _if(arguments: list[Any], where: Where) -> Any:
    return evaluate(arguments[1 if to_truth(evaluate(arguments[0], where)) else 2], where)


def _coalesce(arguments: list[Any], where: Where) -> str:
    return _text(arguments, 0, where) or _text(arguments, 1, where)


def _selected(arguments: list[Any], where: Where) -> bool:
    return _text(arguments, 1, where).strip(" \t\r\n") in _words(_text(arguments, 0, where))


def _selected_at(arguments: list[Any], where: Where) -> str:
    words, place = _words(_text(arguments, 0, where)), _number(arguments, 1, where)
    whole = int(place) if math.isfinite(place) else -1
    return words[whole] if 0 <= whole < len(words) else ""


def _sum(arguments: list[Any], where: Where) -> float:
    numbers = _all_numbers(arguments, where)
    total = NAN
    for number in numbers:
        if math.isnan(number):
            return NAN
        total = number if math.isnan(total) else total + number
    return total


def _extreme(choose: Callable[[list[float]], float]) -> Callable[[list[Any], Where], float]:
    def function(arguments: list[Any], where: Where) -> float:
        numbers = _all_numbers(arguments, where)
        return NAN if not numbers or any(math.isnan(number) for number in numbers) else choose(numbers)

    return function


def _round(arguments: list[Any], where: Where) -> float:
    value = _number(arguments, 0, where)
    places = _number(arguments, 1, where) if len(arguments) > 1 else 0.0
    if not math.isfinite(value) or not math.isfinite(places):
        return value if math.isinf(value) else NAN
    shift = 10.0**places
    # Halves go away from zero, on both sides of it.
    return math.floor(abs(value) * shift + 0.5) / shift * (-1 if value < 0 else 1)


def _whole(function: Callable[[float], int]) -> Callable[[list[Any], Where], float]:
    def rounded(arguments: list[Any], where: Where) -> float:
        value = _number(arguments, 0, where)
        return float(function(value)) if math.isfinite(value) else value

    return rounded


def _units(text: str) -> bytes:
    """Text in the units in which JavaScript counts, two bytes each."""
    return text.encode("utf-16-le", "surrogatepass")


def _substr(arguments: list[Any], where: Where) -> str:
    units = _units(_text(arguments, 0, where))
    length = len(units) // 2
    bounds = [0, length]
    for place in (1, 2):
        if len(arguments) > place:
            number = _number(arguments, place, where)
            if math.isnan(number):
                number = 0.0
            whole = int(max(min(number, length), -length))
            bounds[place - 1] = whole + length if whole < 0 else whole
    start, end = bounds
    return units[2 * start : 2 * end].decode("utf-16-le", "replace") if start <= end else ""


def _position(arguments: list[Any], where: Where) -> float:
    if not arguments:
        return float(where.position)
    found = evaluate(arguments[0], where)
    if not found:
        return NAN
    point = found[0]
    return float(point.parent.by_name[point.name].index(point) + 1) if point.parent is not None else 1.0


def _date(arguments: list[Any], where: Where) -> Any:
    value = evaluate(arguments[0], where)
    if isinstance(value, bool):
        return ""
    if isinstance(value, float):
        return Day(None if math.isnan(value) else value)
    text = to_text(value)
    if text == "":
        return ""
    return Day(day_of(text))


def _decimal_date(arguments: list[Any], where: Where) -> float:
    value = evaluate(arguments[0], where)
    if isinstance(value, float | Day):
        return to_number(value)
    days = day_of(to_text(value))
    return NAN if days is None else days


def _format_date(arguments: list[Any], where: Where) -> str:
    days = day_of(_text(arguments, 0, where))
    if days is None:
        return ""
    day = EPOCH + timedelta(days=days)
    signs = {
        "%Y": f"{day.year:04}", "%y": f"{day.year:04}"[2:], "%m": f"{day.month:02}", "%n": str(day.month),
        "%b": MONTHS[day.month - 1], "%d": f"{day.day:02}", "%e": str(day.day), "%a": WEEKDAYS[day.weekday()],
    }  # fmt: skip
    return _FORMAT.sub(lambda sign: signs.get(sign[0], sign[0]), _text(arguments, 1, where))


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    # JavaScript's $ is the very end; Python's would also stand before a last line break.
    return re.compile(re.sub(r"(?<!\\)((?:\\\\)*)\$", r"\1\\Z", text), re.ASCII)


def _regex(arguments: list[Any], where: Where) -> bool:
    return _pattern(_text(arguments, 1, where)).search(_text(arguments, 0, where)) is not None


def _choice_name(arguments: list[Any], where: Where) -> str:
    return str(where.world.choice_name(_text(arguments, 0, where), arguments[1], where))


_FUNCTIONS: dict[str, Callable[[list[Any], Where], Any]] = {
    "true": lambda arguments, where: True,
    "false": lambda arguments, where: False,
    "not": lambda arguments, where: not to_truth(evaluate(arguments[0], where)),
    "boolean": lambda arguments, where: to_truth(evaluate(arguments[0], where)),
    "if": _if,
    "coalesce": _coalesce,
    "selected": _selected,
    "selected-at": _selected_at,
    "count-selected": lambda arguments, where: float(len(_words(_text(arguments, 0, where)))),
    "count": lambda arguments, where: float(len(evaluate(arguments[0], where))),
    "count-non-empty": lambda arguments, where: float(sum(p.value != "" for p in evaluate(arguments[0], where))),
    "sum": _sum,
    "min": _extreme(min),
    "max": _extreme(max),
    "number": lambda arguments, where: _number(arguments, 0, where),
    "string": lambda arguments, where: _text(arguments, 0, where),
    "int": _whole(math.trunc),
    "abs": lambda arguments, where: abs(_number(arguments, 0, where)),
    "round": _round,
    "concat": lambda arguments, where: "".join(_all_texts(arguments, where)),
    "join": lambda arguments, where: _text(arguments, 0, where).join(_all_texts(arguments[1:], where)),
    "string-length": lambda arguments, where: float(len(_units(_text(arguments, 0, where))) // 2),
    "substr": _substr,
    "contains": lambda arguments, where: _text(arguments, 1, where) in _text(arguments, 0, where),
    "starts-with": lambda arguments, where: _text(arguments, 0, where).startswith(_text(arguments, 1, where)),
    "ends-with": lambda arguments, where: _text(arguments, 0, where).endswith(_text(arguments, 1, where)),
    "normalize-space": lambda arguments, where: " ".join(_words(_text(arguments, 0, where))),
    "regex": _regex,
    "position": _position,
    "today": lambda arguments, where: Day(day_of(where.world.today)),
    "date": _date,
    "decimal-date-time": _decimal_date,
    "format-date": _format_date,
    "jr:choice-name": _choice_name,
}
FUNCTIONS = frozenset(_FUNCTIONS)
