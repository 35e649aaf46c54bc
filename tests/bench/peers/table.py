"""The table of a comparison: medians, and how many times ours. What could not be measured is a dash with its reason.

A busy machine is busy for everybody in a round: what a figure is to ours is taken round by round, and then the median.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

DASH = "–"


@dataclass
class Figures:
    """What was measured, by row and column; a text in the place of figures is the reason why there are none."""

    columns: Sequence[str]
    found: dict[str, dict[str, list[float] | str]] = field(default_factory=dict)
    written: dict[str, Callable[[float], str]] = field(default_factory=dict)

    def row(self, name: str, written: Callable[[float], str]) -> None:
        """A row and how its figures are written. Rows stand in the order in which they are named."""
        self.found.setdefault(name, {})
        self.written[name] = written

    def add(self, row: str, column: str, value: float) -> None:
        """The figure of one more round; where a reason stands, it stays."""
        there = self.found[row].setdefault(column, [])
        if isinstance(there, list):
            there.append(value)

    def lacks(self, row: str, column: str, reason: str) -> None:
        """This cannot be had for this one."""
        self.found[row][column] = reason

    def typical(self, row: str, column: str) -> float | None:
        """The median of the rounds; None where nothing was measured."""
        there = self.found[row].get(column)
        return median(there) if isinstance(there, list) and there else None

    def times(self, row: str, column: str) -> float | None:
        """How many times the first column it is, the median of the rounds; None where one of both is missing."""
        ours, theirs = (self.found[row].get(one) for one in (self.columns[0], column))
        if not isinstance(ours, list) or not isinstance(theirs, list):
            return None
        found = [their / our for our, their in zip(ours, theirs, strict=False) if our]
        return median(found) if found else None

    def table(self) -> str:
        """As Markdown: figures, and in brackets how many times those of the first column."""
        lines = ["| | " + " | ".join(self.columns) + " |", "|---|" + "---|" * len(self.columns)]
        lines += [
            f"| {row} | " + " | ".join(self._cell(row, column) for column in self.columns) + " |" for row in self.found
        ]
        return "\n".join(lines)

    def reasons(self) -> list[str]:
        """Why there are dashes, one line for each reason."""
        found: dict[str, list[str]] = {}
        for row, columns in self.found.items():
            for column in self.columns:
                said = columns.get(column, "it was not measured")
                if not said or isinstance(said, str):
                    found.setdefault(f"{column}: {said or 'it was not measured'}", []).append(row)
        return [f"{DASH} {reason} ({'; '.join(rows)})" for reason, rows in found.items()]

    def _cell(self, row: str, column: str) -> str:
        value = self.typical(row, column)
        if value is None:
            return DASH
        times = None if column == self.columns[0] else self.times(row, column)
        return self.written[row](value) + (f" ({ratio(times)})" if times is not None else "")


def ratio(times: float) -> str:
    """How many times, with two digits that mean something."""
    return f"{times:.1f}×" if round(times, 1) < 10 else f"{times:.0f}×"


def kilobytes(size: float) -> str:
    return f"{size / 1000:,.0f} kB"


def megabytes(size: float) -> str:
    return f"{size / 1e6:.1f} MB"


def seconds(value: float) -> str:
    return f"{value:.0f} s" if value >= 20 else f"{value:.1f} s"


def milliseconds(value: float) -> str:
    return f"{value * 1000:.0f} ms"


def count(value: float) -> str:
    return f"{value:.0f}"
