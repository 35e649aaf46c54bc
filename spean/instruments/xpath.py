"""Reads the expressions of an instrument (a part of XPath 1.0 with the functions of the profile) into a tree.

There is one reader, here; what it makes is plain JSON that both engines walk, so that an expression cannot mean one
thing on the phone and another on the server.

A tree is a number, a string (a literal), or a list whose first item says what it is:

    ["or" | "and" | "=" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "div" | "mod", left, right]
    ["neg", operand]
    ["call", name, argument, …]
    ["path", start, [step, predicate, …], …]     start: "/" root, "." here, "current", or ["instance", id]
                                                   step: a name, ".." or "."
"""

import re
from typing import Any, NoReturn

Tree = Any

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d*)?|\.\d+)
    | (?P<string>"[^"]*"|'[^']*')
    | (?P<operator>!=|<=|>=|::|//|\.\.|[()\[\],/.=<>+\-*|@])
    | (?P<name>[^\W\d][\w.\-]*(?::[^\W\d][\w.\-]*)?)
    )""",
    re.VERBOSE,
)
_BINARY = (("or",), ("and",), ("=", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "div", "mod"))
_WORDS = ("or", "and", "div", "mod")
LONGEST = 20_000
DEEPEST = 60


class BadExpression(ValueError):
    """The expression cannot be read; the message says what is wrong and where."""


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        self.at = 0
        self.depth = 0
        self._split()

    def _split(self) -> None:
        if len(self.text) > LONGEST:
            raise BadExpression(f"an expression may have {LONGEST:,} signs")
        place = 0
        end = len(self.text.rstrip())
        while place < end:
            match = _TOKEN.match(self.text, place)
            if match is None:
                raise BadExpression(f"{self.text[place:].strip()[:20]!r} cannot stand here")
            kind = str(match.lastgroup)
            token = match.group(kind)
            if kind == "name" and token in _WORDS and self._after_operand():
                kind = "operator"
            if kind == "operator" and token in ("*",) and not self._after_operand():
                kind = "name"
            self.tokens.append((kind, token, match.start(kind)))
            place = match.end()

    def _after_operand(self) -> bool:
        """Whether something stands before that an operator could join: XPath's rule for `*`, `and`, `div` …"""
        if not self.tokens:
            return False
        kind, token, _ = self.tokens[-1]
        return kind != "operator" or token in (")", "]", ".", "..")

    def peek(self, *wanted: str) -> bool:
        return (
            self.at < len(self.tokens) and self.tokens[self.at][0] == "operator" and self.tokens[self.at][1] in wanted
        )

    def take(self) -> tuple[str, str, int]:
        if self.at >= len(self.tokens):
            raise BadExpression("the expression ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, token: str) -> None:
        if not self.peek(token):
            self.fail(f"{token!r} is missing")
        self.at += 1

    def fail(self, message: str) -> NoReturn:
        if self.at < len(self.tokens):
            message += f" before {self.text[self.tokens[self.at][2] :].strip()[:20]!r}"
        raise BadExpression(message)

    def binary(self, level: int = 0) -> Tree:
        if level == len(_BINARY):
            return self.unary()
        left = self.binary(level + 1)
        while self.peek(*_BINARY[level]):
            left = [self.take()[1], left, self.binary(level + 1)]
        return left

    def unary(self) -> Tree:
        if self.peek("-"):
            self.at += 1
            return ["neg", self.nested(self.unary)]
        return self.primary()

    def nested(self, read: Any) -> Tree:
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadExpression("the expression is nested too deeply")
        tree = read()
        self.depth -= 1
        return tree

    def primary(self) -> Tree:
        if self.peek("("):
            self.at += 1
            tree = self.nested(self.binary)
            self.expect(")")
            if self.peek("/", "["):
                self.fail("a path cannot begin with a bracket")
            return tree
        if self.at < len(self.tokens):
            kind, token, _ = self.tokens[self.at]
            if kind == "number":
                self.at += 1
                return float(token) if "." in token else int(token)
            if kind == "string":
                self.at += 1
                return token[1:-1]
            if kind == "name" and self.at + 1 < len(self.tokens) and self.tokens[self.at + 1][1] == "(":
                return self.call()
        return self.path()

    def call(self) -> Tree:
        name = self.take()[1]
        self.expect("(")
        arguments = []
        while not self.peek(")"):
            arguments.append(self.nested(self.binary))
            if not self.peek(")"):
                self.expect(",")
        self.expect(")")
        if name == "current" and not arguments:
            return self.steps(["path", "current"])
        if name == "instance" and len(arguments) == 1 and isinstance(arguments[0], str):
            return self.steps(["path", ["instance", arguments[0]]])
        if self.peek("/", "["):
            self.fail("a path cannot begin with a function")
        return ["call", name, *arguments]

    def path(self) -> Tree:
        if self.peek("/"):
            tree: list[Any] = ["path", "/"]
            if self.at + 1 >= len(self.tokens):
                self.fail("a path cannot be empty")
            return self.steps(tree)
        return self.steps(["path", "."], first=True)

    def steps(self, tree: list[Any], first: bool = False) -> Tree:
        while first or self.peek("/"):
            if not first:
                self.at += 1
            first = False
            if self.peek("//", "@", "::"):
                self.fail("only names, . and .. can stand in a path")
            kind, token, _ = self.take() if self.at < len(self.tokens) else ("", "", 0)
            # A star is a name to XPath; ODK Collect cannot follow one.
            if token in ("*",) or (kind != "name" and token not in (".", "..")):
                self.at -= 1 if token else 0
                self.fail("a name or value is missing")
            step: list[Any] = [token]
            while self.peek("["):
                self.at += 1
                step.append(self.nested(self.binary))
                self.expect("]")
            tree.append(step)
        if self.peek("//", "@", "::", "|"):
            self.fail("only names, . and .. can stand in a path")
        return tree


def read(text: str) -> Tree:
    """The tree of an expression; raises BadExpression."""
    reader = _Reader(text)
    tree = reader.binary()
    if reader.at < len(reader.tokens):
        reader.fail("an operator is missing")
    return tree


def calls(tree: Tree) -> list[list[Any]]:
    """All function calls in a tree, outermost first."""
    if not isinstance(tree, list):
        return []
    inside = [predicate for step in tree[2:] for predicate in step[1:]] if tree[0] == "path" else tree[1:]
    return [*([tree] if tree[0] == "call" else []), *(call for part in inside for call in calls(part))]


def paths(tree: Tree) -> list[list[Any]]:
    """All paths in a tree, those inside predicates after the path that holds them."""
    found: list[list[Any]] = []
    if isinstance(tree, list):
        if tree[0] == "path":
            found.append(tree)
            for step in tree[2:]:
                for predicate in step[1:]:
                    found += paths(predicate)
        else:
            for part in tree[1:]:
                found += paths(part)
    return found
