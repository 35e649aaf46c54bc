"""What agreement of two persons is worth, as data: the parameters that came with this version, or the ones kept here.

Made by `spean link-train` from decisions of people; before there are any, by `tests.bench.registration` from made-up
persons. The file holds numbers, never a record; the search process reads it anew when it changes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from spean.linkage.model import Model

FORMAT = 1
SHIPPED = Path(__file__).with_name("parameters.json")
# A register with fewer persons is scored as if it had so many: what a pair is worth must not fall from week to week
# while the first thousands come in.
SMALLEST_FILE = 20_000


@dataclass(frozen=True)
class Parameters:
    """`model` as linking has it; `known` is the share of newcomers who are on file already; `slope` brings the sum of
    bits, whose parts are not quite independent, to a probability."""

    model: Model
    known: float
    slope: float
    facts: Mapping[str, Any] = field(default_factory=dict)

    def prior_bits(self, on_file: int) -> float:
        """Log-odds (base 2) that one given record of so many is the person asked about, before anything is compared."""
        return log2(self.known / max(on_file, SMALLEST_FILE))

    def probability(self, weight: NDArray[np.float64], on_file: int) -> NDArray[np.float64]:
        """Of being one person, from bits for and against."""
        total = np.clip(self.slope * np.asarray(weight, dtype=float) + self.prior_bits(on_file), -60, 60)
        return 1 / (1 + np.exp2(-total))

    def to_json(self) -> str:
        told = {
            "format": FORMAT, "what": "Weights for finding the same person at registration (Spean). Contains no record.",
            "newcomers_known": self.known, "slope": self.slope, "origin": dict(self.facts),
            "model": json.loads(self.model.to_json()),
        }  # fmt: skip
        return json.dumps(told, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Parameters":
        """Reads what `to_json` wrote. Raises ValueError with a sentence when it is something else."""
        try:
            read = json.loads(text)
            if read["format"] != FORMAT or "model" not in read:
                raise ValueError("these are no parameters of this version for the matching of persons")
            found = cls(
                Model.from_json(json.dumps(read["model"])), float(read["newcomers_known"]), float(read["slope"]),
                dict(read["origin"]),
            )  # fmt: skip
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as fault:
            raise ValueError("these are no parameters for the matching of persons") from fault
        if not (0 < found.known <= 1 and 0 < found.slope <= 2):
            raise ValueError("the share of newcomers known, or the slope, is not within its bounds")
        return found


def load(path: Path) -> Parameters:
    """Raises ValueError or OSError."""
    return Parameters.from_json(path.read_text(encoding="utf-8"))


_read: dict[Path, tuple[int, Parameters]] = {}


def parameters() -> Parameters:
    """Those kept by this installation, else those that came with this version. A changed file is read anew."""
    kept = Path(settings.SPEAN_MATCHING_FILE)
    path = kept if kept.exists() else SHIPPED
    changed = path.stat().st_mtime_ns
    before = _read.get(path)
    if before is None or before[0] != changed:
        before = _read[path] = changed, load(path)
    return before[1]
