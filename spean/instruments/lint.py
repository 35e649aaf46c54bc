"""Finds what is wrong with an instrument, and says it in a line that its author can act on.

`tables` looks at the rows as they were typed, before they are converted; `meaning` at the expressions afterwards.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spean.instruments import definition as compiled
from spean.instruments import profile, xpath
from spean.instruments.definition import Definition, Node
from spean.instruments.engine import fits
from spean.instruments.sheets import Sheet, SheetRow, Workbook

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
FORM_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,19}")
_REFERENCE = re.compile(r"\$\{\s*([^}]*?)\s*\}")
# A group that is repeated and has something repeated in it can take for ever to compare.
_NESTED = re.compile(r"\([^()]*[+*}][^()]*\)\s*[+*{]")
_STRANGE_PATTERN = re.compile(r"\\[^dDwWsS.\\/()\[\]{}+*?^$|\-bt]|\(\?(?!:)|\\[1-9]")
EXPRESSIONS = ("relevant", "constraint", "required", "calculate", "filter")
COLUMN_OF = {"calculate": "calculation", "filter": "choice_filter"}


@dataclass(frozen=True, order=True)
class Fault:
    """One fault: the sheet, the line in it (0: the sheet as a whole), and what to do."""

    sheet: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.sheet}, row {self.line}: {self.message}" if self.line else f"{self.sheet}: {self.message}"


def meant(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.7)
    return f"; did you mean {close[0]!r}?" if close else ""


# --- the tables --------------------------------------------------------------------------------------------


def tables(book: Workbook, complete: Sequence[str], read: Sequence[str]) -> list[Fault]:
    """Faults in the rows themselves: columns, types, names, lists, texts. Languages are codes such as `km`."""
    faults: list[Fault] = []
    if not book["survey"].rows:
        return [Fault("survey", 0, "there are no questions")]
    for name in ("survey", "choices", "settings"):
        _columns(faults, name, book[name])
    _settings(faults, book)
    if faults:
        return sorted(faults)
    lists = _lists(faults, book)
    used_in: dict[str, bool] = {}
    open_: list[tuple[str, SheetRow]] = []
    names: dict[str, int] = {}
    for row in book["survey"].rows:
        _row(faults, row, lists, names, open_, used_in, book.settings.get("kind", "form") == "form")
        _texts(faults, "survey", row, ("label", "hint", "constraint_message", "required_message", "short"), complete)
        if row["read"] == "yes":
            _missing(faults, "survey", row, "label", read, "is read to the person")
    for kind, row in open_:
        faults.append(Fault("survey", row.line, f"{kind} {row['name']!r} is never ended"))
    for row in book["choices"].rows:
        _texts(faults, "choices", row, ("label",), complete)
        if used_in.get(row["list_name"]):
            _missing(faults, "choices", row, "label", read, "is read to the person")
        elif not any(profile.column_base(column)[0] == "label" for column in row.cells):
            faults.append(Fault("choices", row.line, "label is missing"))
    _scripts(faults, book)
    return sorted(set(faults))


def _columns(faults: list[Fault], name: str, sheet: Sheet) -> None:
    plain = profile.STANDARD[name] | profile.OWN[name] | profile.TRANSLATED[name]
    several = profile.TRANSLATED[name] | profile.OWN_TRANSLATED[name]
    # Templates come with columns that nobody filled in: those say nothing, and are no fault.
    used = {column for row in sheet.rows for column in row.cells}
    for column in (column for column in sheet.columns if column in used):
        base, language = profile.column_base(column)
        if base in (profile.IMAGE, "media::image") or column.startswith("media::image"):
            continue
        if base in several:
            if language and not profile.LANGUAGE.search(language):
                faults.append(
                    Fault(name, sheet.line, f"the column {column!r} must name its language like 'label::Khmer (km)'")
                )
            elif not language and base not in profile.TRANSLATED[name]:
                faults.append(
                    Fault(name, sheet.line, f"the column {column!r} must name its language like '{base}::Khmer (km)'")
                )
        # Columns of one's own in `choices` serve filters; anywhere else an unknown column is a slip of the pen.
        elif (base not in plain or language) and (name != "choices" or language or not NAME.fullmatch(base)):
            faults.append(Fault(name, sheet.line, f"the column {column!r} is not in the profile{meant(base, plain)}"))
    for needed in {"survey": ("type", "name"), "choices": ("list_name", "name"), "settings": ()}[name]:
        if sheet.rows and needed not in sheet.columns:
            faults.append(Fault(name, sheet.line, f"the column {needed!r} is missing"))


def _settings(faults: list[Fault], book: Workbook) -> None:
    said = book.settings
    line = book["settings"].rows[0].line if book["settings"].rows else 0
    if not FORM_ID.fullmatch(said.get("form_id", "")):
        faults.append(Fault("settings", line, "form_id must be a short name like transit_centre"))
    if not VERSION.fullmatch(said.get("version", "")):
        faults.append(Fault("settings", line, "version must be a short number like 1.0; raise it with every change"))
    if not said.get("form_title"):
        faults.append(Fault("settings", line, "form_title is missing"))
    if said.get("kind", "form") not in profile.KINDS:
        faults.append(Fault("settings", line, f"kind {said['kind']!r} is not one of {', '.join(profile.KINDS)}"))
    if said.get("style", "pages") != "pages":
        faults.append(Fault("settings", line, "style must be pages, or be left empty"))


def _lists(faults: list[Fault], book: Workbook) -> dict[str, dict[str, int]]:
    lists: dict[str, dict[str, int]] = {}
    for row in book["choices"].rows:
        entries = lists.setdefault(row["list_name"], {})
        name = row["name"]
        if not row["list_name"]:
            faults.append(Fault("choices", row.line, "list_name is missing"))
        if not name or " " in name:
            faults.append(Fault("choices", row.line, f"the name {name!r} of a choice must be one word"))
        elif name in entries:
            faults.append(Fault("choices", row.line, f"the choice {name!r} already stands in row {entries[name]}"))
        entries.setdefault(name, row.line)
    return lists


def _row(
    faults: list[Fault],
    row: SheetRow,
    lists: Mapping[str, Mapping[str, int]],
    names: dict[str, int],
    open_: list[tuple[str, SheetRow]],
    used_in: dict[str, bool],
    whole: bool,
) -> None:
    def fault(message: str) -> None:
        faults.append(Fault("survey", row.line, message))

    kind, rest = profile.kind_of(row["type"])
    name = row["name"]
    if kind not in profile.TYPES:
        fault(f"the type {row['type']!r} is not in the profile{meant(kind, profile.TYPES)}")
        return
    if kind.startswith("end_"):
        if not open_ or open_[-1][0] != kind.replace("end_", "begin_"):
            fault(f"{kind} ends nothing that was begun")
        else:
            open_.pop()
        return
    if kind.startswith("begin_"):
        open_.append((kind, row))
    if not NAME.fullmatch(name):
        fault(f"the name {name!r} must be one word of letters, digits, _ and -" if name else "the name is missing")
    elif name in profile.RESERVED:
        fault(f"the name {name!r} is taken by the standard")
    elif name in names:
        fault(f"the name {name!r} already stands in row {names[name]}")
    names.setdefault(name, row.line)
    _parts_of_row(fault, row, kind)
    if kind in ("select_one", "select_multiple"):
        if not rest or rest not in lists:
            fault(f"the list {rest!r} is not in the sheet choices{meant(rest, lists)}" if rest else "names no list")
        else:
            used_in[rest] = used_in.get(rest, False) or row["read"] == "yes"
    elif rest:
        fault(f"{rest!r} cannot follow {kind}")
    if row["default"]:
        if "(" in row["default"] or "${" in row["default"]:
            fault("default: it must be a fixed value, not an expression")
        elif kind in ("integer", "decimal", "date") and not fits(kind, row["default"]):
            fault(f"default: {row['default']!r} is no {kind}")


def _parts_of_row(fault: Any, row: SheetRow, kind: str) -> None:
    if row["appearance"]:
        allowed = profile.APPEARANCES.get(kind, frozenset())
        for word in row["appearance"].split():
            if word not in allowed:
                fault(f"appearance: {word!r} is not in the profile for {kind}")
    if kind == "calculate" and not row["calculation"]:
        fault("calculation is missing")
    if kind not in ("calculate",) and row["calculation"]:
        fault("calculation: only rows of type calculate are calculated")
    if (
        row["required"].lower() not in ("", "yes", "no", "true", "false", "true()", "false()")
        and "$" not in row["required"]
    ):
        fault(f"required: {row['required']!r} is neither yes, no nor a condition")
    if row["read"] not in ("", "yes", "no"):
        fault(f"read: {row['read']!r} is neither yes nor no")
    shown = profile.TYPES[kind] in ("answer", "shown")
    if shown and not any(profile.column_base(column)[0] == "label" for column in row.cells):
        fault("label is missing")
    for column in EXPRESSIONS:
        text = row[COLUMN_OF.get(column, column)]
        if not text or column == "required":
            continue
        try:
            tree = xpath.read(_REFERENCE.sub(" x ", text))
        except xpath.BadExpression as error:
            fault(f"{COLUMN_OF.get(column, column)}: {error}")
            continue
        for message in _calls(tree):
            fault(f"{COLUMN_OF.get(column, column)}: {message}")


def _calls(tree: Any) -> list[str]:
    """What is wrong with the functions of an expression."""
    found = []
    for call in xpath.calls(tree):
        name, arguments = call[1], call[2:]
        if name not in profile.FUNCTIONS:
            reason = profile.LEFT_OUT.get(name)
            hint = f": {reason}" if reason else meant(name, profile.FUNCTIONS)
            found.append(f"the function {name}() is not in the profile{hint}")
            continue
        fewest, most = profile.FUNCTIONS[name]
        if len(arguments) < fewest or (most is not None and len(arguments) > most):
            number = str(fewest) if fewest == most else f"{fewest} or more" if most is None else f"{fewest} to {most}"
            found.append(f"{name}() takes {number} values, not {len(arguments)}")
        elif name in profile.OF_NODES and not (isinstance(arguments[0], list) and arguments[0][0] == "path"):
            found.append(f"{name}() takes a question of a repeat, not a value")
        elif name == "regex":
            found += _pattern(arguments[1])
        elif name == "format-date":
            if not isinstance(arguments[1], str):
                found.append("format-date() takes a fixed text as its form")
            else:
                strange = set(re.findall(r"%.", arguments[1])) - profile.DATE_SIGNS
                found += [f"format-date() does not know {sign}" for sign in sorted(strange)]
    return found


def _pattern(pattern: Any) -> list[str]:
    if not isinstance(pattern, str):
        return ["regex() takes a fixed text as its pattern"]
    if len(pattern) > 200 or _NESTED.search(pattern) or _STRANGE_PATTERN.search(pattern):
        return [f"regex() pattern {pattern!r} is outside the profile"]
    try:
        re.compile(pattern)
    except re.error as error:
        return [f"regex() pattern {pattern!r} cannot be read: {error}"]
    return []


def _texts(faults: list[Fault], sheet: str, row: SheetRow, bases: Sequence[str], complete: Sequence[str]) -> None:
    """Where a text is there in one language, it is there in every language that must be complete."""
    for base in bases:
        if any(profile.column_base(column)[0] == base for column in row.cells):
            _missing(faults, sheet, row, base, complete, "")


def _missing(faults: list[Fault], sheet: str, row: SheetRow, base: str, languages: Sequence[str], because: str) -> None:
    there = _languages(row, base)
    if "" in there and not there - {""}:
        # A text without a language is in the default language, and in no other.
        there = {"en"}
    for language in languages:
        if language not in there:
            of = row["name"] or row["type"]
            faults.append(
                Fault(
                    sheet,
                    row.line,
                    f"{base} of {of!r} is missing in {language}" + (f"; it {because}" if because else ""),
                )
            )


def _languages(row: SheetRow, base: str) -> set[str]:
    parts = [profile.column_base(column) for column in row.cells]
    return {profile.language_code(language) if language else "" for found, language in parts if found == base}


_SCRIPTS = {"km": re.compile(r"[\u1780-\u17e9]"), "th": re.compile(r"[\u0e00-\u0e7f]")}


def _scripts(faults: list[Fault], book: Workbook) -> None:
    """A Khmer text without a Khmer letter is in another language."""
    for sheet in ("survey", "choices"):
        for row in book[sheet].rows:
            for column, value in row.cells.items():
                base, language = profile.column_base(column)
                script = _SCRIPTS.get(profile.language_code(language)) if language else None
                letters = re.sub(r"\$\{[^}]*\}", "", value)
                if script and re.search(r"[^\W\d_]", letters) and not script.search(letters):
                    code = profile.language_code(language)
                    faults.append(
                        Fault(sheet, row.line, f"{base} in {code} is not in the script of its language: {value[:40]!r}")
                    )


# --- the expressions ---------------------------------------------------------------------------------------


class _Model:
    """The nodes of a definition by their paths, to follow expressions without answering them."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.nodes: dict[str, Node] = {"": definition["root"], **dict(compiled.walk(definition["root"]))}

    def parent(self, path: str) -> str:
        return path.rpartition("/")[0]

    def up(self, path: str) -> list[str]:
        """A node and all that hold it, the nearest first, without the root."""
        found = []
        while path:
            found.append(path)
            path = self.parent(path)
        return found

    def follow(self, tree: list[Any], here: str, current: str) -> list[str]:
        """The nodes that a path means, seen from a node; raises xpath.BadExpression if there are none."""
        start, steps = tree[1], tree[2:]
        if isinstance(start, list):
            self._into_list(start[1], steps)
            return []
        if start == "/":
            if not steps or steps[0][0] != self.definition["root"]["name"]:
                raise xpath.BadExpression(f"the path {_shown(tree)} leads nowhere")
            found, steps = [""], steps[1:]
        else:
            found = [here if start == "." else current]
        for step in steps:
            there: list[str] = []
            for path in found:
                if step[0] == ".":
                    there.append(path)
                elif step[0] == "..":
                    if path:
                        there.append(self.parent(path))
                else:
                    for child in self.nodes[path].get("nodes", ()):
                        if step[0] == child["name"]:
                            there.append(f"{path}/{child['name']}" if path else child["name"])
            if not there:
                raise xpath.BadExpression(f"the path {_shown(tree)} leads nowhere{meant(step[0], self._names())}")
            found = there
        return found

    def _names(self) -> list[str]:
        return [path.rpartition("/")[2] for path in self.nodes]

    def _into_list(self, name: str, steps: Sequence[Any]) -> None:
        if name not in self.definition["lists"]:
            raise xpath.BadExpression(f"there is no list {name!r}")
        if [step[0] for step in steps[:2]] != ["root", "item"] or len(steps) > 3:
            raise xpath.BadExpression(f"a list is read as instance('{name}')/root/item")

    def reads(self, tree: Any, here: str, *, current: str | None = None) -> list[str]:
        """Every node that an expression at `here` reads."""
        found: list[str] = []
        origin = here if current is None else current
        for path in _outer_paths(tree):
            if isinstance(path[1], list):
                # Inside a list of choices names mean its columns; only current() leads out of it.
                for step in path[2:]:
                    for predicate in step[1:]:
                        inner = [one for one in xpath.paths(predicate) if one[1] in ("/", "current")]
                        found += [node for one in inner for node in self.follow(one, origin, origin)]
                self.follow(path, here, origin)
                continue
            found += self.follow(path, here, origin)
            for number, step in enumerate(path[2:], start=3):
                for predicate in step[1:]:
                    for at in self.follow([*path[:2], *([one[0]] for one in path[2:number])], here, origin):
                        found += self.reads(predicate, at, current=origin)
        return found


def _outer_paths(tree: Any) -> list[list[Any]]:
    if not isinstance(tree, list):
        return []
    if tree[0] == "path":
        return [tree]
    return [path for part in tree[1:] for path in _outer_paths(part)]


def _shown(tree: list[Any]) -> str:
    start = {"/": "/", ".": "", "current": "current()/"}.get(tree[1] if isinstance(tree[1], str) else "", "")
    return start + "/".join(str(step[0]) for step in tree[2:])


def meaning(definition: Definition, lines: Mapping[str, int]) -> list[Fault]:
    """Faults in what the expressions mean: functions, names that lead nowhere, cycles, repeats read without care."""
    model = _Model(definition)
    faults: list[Fault] = []
    reads: dict[str, set[str]] = {path: set() for path in model.nodes}

    def fault(path: str, part: str, message: str) -> None:
        column = COLUMN_OF.get(part, part)
        faults.append(Fault("survey", lines.get(path.rpartition("/")[2], 0), f"{column}: {message}"))

    for path, node in model.nodes.items():
        for part in EXPRESSIONS:
            tree = node.get(part)
            if tree is None:
                continue
            for message in _calls(tree):
                fault(path, part, message)
            try:
                found = _filter_reads(model, tree, path) if part == "filter" else model.reads(tree, path)
            except xpath.BadExpression as error:
                fault(path, part, str(error))
                continue
            for other in found:
                if model.nodes[other].get("type") == "meta" and model.nodes[other].get("preload") != "today":
                    fault(path, part, f"{other.rpartition('/')[2]} cannot be used in an expression")
            if part in ("relevant", "calculate", "filter"):
                reads[path] |= set(found)
            if part == "calculate":
                _unguarded(model, path, tree, fault)
        for part in ("label", "hint", "constraint_message", "required_message"):
            for words in (node.get(part) or {}).values():
                for tree in words if isinstance(words, list) else ():
                    if isinstance(tree, list):
                        try:
                            model.reads(tree, path)
                        except xpath.BadExpression as error:
                            fault(path, part, str(error))
    for cycle in _cycles(model, reads):
        names = [path.rpartition("/")[2] for path in cycle]
        shown = " → ".join([*names, names[0]])
        part = "calculate" if "calculate" in model.nodes[cycle[0]] else "relevant"
        fault(cycle[0], part, f"it depends on itself: {shown}")
    return sorted(set(faults))


def _filter_reads(model: _Model, tree: Any, path: str) -> list[str]:
    inner = [one for one in xpath.paths(tree) if one[1] in ("/", "current")]
    return [node for one in inner for node in model.follow(one, path, path)]


def _unguarded(model: _Model, path: str, tree: Any, fault: Any) -> None:
    """A calculation over a repeat that may be hidden must be hidden with it.

    Hidden entries are not sent. Programs differ in whether they still count; so nobody shall ask.
    """
    outside = set(model.up(path))
    for reading in _outer_paths(tree):
        if isinstance(reading[1], list):
            continue
        for target in model.follow(reading, path, path):
            entered = [one for one in model.up(target) if one not in outside]
            repeats = [one for one in entered if model.nodes[one]["kind"] == "repeat"]
            if not repeats:
                continue
            above = entered[entered.index(repeats[0]) :]
            for holder in above:
                condition = model.nodes[holder].get("relevant")
                if condition is not None and not _carries(model, path, holder, condition):
                    name = holder.rpartition("/")[2]
                    fault(
                        path,
                        "calculate",
                        f"it reads the repeat {name!r}, which may be hidden; give this row the same relevant",
                    )


def _carries(model: _Model, path: str, holder: str, condition: Any) -> bool:
    wanted = _absolute(model, condition, holder)
    for one in model.up(path):
        own = model.nodes[one].get("relevant")
        if own is not None and wanted in _joined(_absolute(model, own, one)):
            return True
    return False


def _joined(tree: Any) -> list[Any]:
    """The conditions that must all be true for a condition to be."""
    if isinstance(tree, list) and tree[0] == "and":
        return [tree, *_joined(tree[1]), *_joined(tree[2])]
    return [tree]


def _absolute(model: _Model, tree: Any, here: str) -> Any:
    """An expression with each path replaced by the nodes it means, to compare two written in different places."""
    if not isinstance(tree, list):
        return tree
    if tree[0] == "path" and not isinstance(tree[1], list):
        return ["nodes", *model.follow(tree, here, here), *(step[1:] for step in tree[2:])]
    return [tree[0], *(_absolute(model, part, here) for part in tree[1:])]


def _cycles(model: _Model, reads: Mapping[str, set[str]]) -> list[list[str]]:
    """Nodes whose value needs itself: through what it reads, or through whether what holds it is shown."""
    needs: dict[str, set[str]] = {}
    for path, node in model.nodes.items():
        needed = set(reads[path])
        if path:
            needed.add(model.parent(path))
        # A list is needed with the values in it only where these are read; a group as such has none.
        needs[path] = needed if node["kind"] == "field" else {one for one in needed if one != path} | (
            {path} if path in reads[path] else set()
        )  # fmt: skip
    found: list[list[str]] = []
    state: dict[str, int] = {}
    trail: list[str] = []

    def visit(path: str) -> None:
        state[path] = 1
        trail.append(path)
        for other in sorted(needs[path]):
            if state.get(other) == 1:
                found.append(trail[trail.index(other) :])
            elif other not in state:
                visit(other)
        trail.pop()
        state[path] = 2

    for path in model.nodes:
        if path not in state:
            visit(path)
    return found
