"""What an attack found, as a line of the table."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """One promise, what was measured, what was aimed at. `held` is None for a figure without an aim."""

    attack: str
    promise: str
    measured: str
    aim: str = ""
    held: bool | None = None


def counted(attack: str, promise: str, found: int, of: str) -> Result:
    """A promise that something happens never: any finding breaks it."""
    return Result(attack, promise, f"{found} in {of}", "0", found == 0)


def keep(path: Path, results: Iterable[Result]) -> None:
    path.write_text(json.dumps([asdict(result) for result in results]))


def read(path: Path) -> list[Result]:
    return [Result(**row) for row in json.loads(path.read_text())]


def table(results: Iterable[Result]) -> str:
    """A table in Markdown, for people and for docs/security-results.md."""
    lines = ["| Attack | Promise | Measured | Aim | Held |", "|---|---|---|---|---|"]
    for row in results:
        held = "–" if row.held is None else "yes" if row.held else "**NO**"
        lines.append(f"| {row.attack} | {row.promise} | {row.measured} | {row.aim or '–'} | {held} |")
    return "\n".join(lines)


def conditions() -> str:
    """The machine as far as it explains the figures."""
    return f"{platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}"
