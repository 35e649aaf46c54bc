"""How common values are among records that come and go, such as persons on file.

What `model.rarity` counts in a whole list is kept up here record by record, so that a few records can be scored as if
all the others stood beside them. A value that only few bear proves more; see `model`.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from spean.linkage.model import OWN, Floats, Model, Rarity, leaning
from spean.linkage.records import Table


class Values(NamedTuple):
    """What of one record is counted: sounds of names, codes, numbers. Empty texts are not known."""

    families: tuple[str, ...] = ()
    givens: tuple[str, ...] = ()
    mother: str = ""
    nationality: str = ""
    place: str = ""
    numbers: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "<values of a record>"  # a sound of a name must not reach a trace or a log


class _Kind:
    """Bearers of each value, alone and by the nationality of the bearer."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.count: Counter[str] = Counter()
        self.entries = 0  # values told, over all records
        self.records = 0  # records that tell any
        self.origins: dict[str, Counter[str]] = {}
        self.by_origin: Counter[str] = Counter()

    def change(self, values: Iterable[str], origin: str, by: int) -> None:
        told = [value for value in values if value]
        if not told:
            return
        self.records += by
        for value in told:
            self.entries += by
            self.count[value] += by
            if not self.count[value]:
                del self.count[value]
            if origin:
                origins = self.origins.setdefault(value, Counter())
                origins[origin] += by
                self.by_origin[origin] += by
                if not origins[origin]:
                    del origins[origin]
                if not origins:
                    del self.origins[value]

    def share(self, value: str, own: int, total: float) -> float:
        return max(self.count.get(value, 0) + 1 - own, 0.7) / total

    def share_within(self, value: str) -> float:
        """How common among people of the nationalities that its bearers have; see `model._within_origin`."""
        origins = self.origins.get(value)
        if not origins:
            return 0.0
        expected = sum(
            count * max(count - 1, 0.7) / (max(self.by_origin[origin], 1) / self.columns)
            for origin, count in origins.items()
        )
        return expected / max(sum(origins.values()), 1)


class Frequencies:
    """Counts of values over all records added."""

    def __init__(self) -> None:
        self._records = 0
        self._names = _Kind(2)
        self._mothers = _Kind(1)
        self._places = _Kind(1)
        self._nationalities = _Kind(1)
        self._numbers = _Kind(1)

    def __len__(self) -> int:
        return self._records

    def add(self, values: Values) -> None:
        self._change(values, 1)

    def remove(self, values: Values) -> None:
        """Take back what `add` was given."""
        self._change(values, -1)

    def _change(self, values: Values, by: int) -> None:
        origin = values.nationality
        self._records += by
        self._names.change((*values.families, *values.givens), origin, by)
        self._mothers.change([values.mother], origin, by)
        self._places.change([values.place], origin, by)
        self._nationalities.change([values.nationality], "", by)
        self._numbers.change(values.numbers, "", by)

    def shares(self, table: Table, trained: Model) -> Rarity:
        """How rare the values of a small table are among all records and the one asked about, by its numbers."""
        sounds = table.names.sound_texts()
        found: dict[str, Floats] = {}
        for name, kind, texts in (
            ("names", self._names, sounds), ("mothers", self._mothers, sounds), ("places", self._places, table.place_codes),
            ("numbers", self._numbers, table.numbers[:-1].tolist()),
            ("nationalities", self._nationalities, table.nationality_codes),
        ):  # fmt: skip
            # As in `model.rarity`: names per record that has any, numbers per record that could have one.
            records = kind.records if name != "numbers" else kind.entries / 4
            total = max(records + 1.0, 1.0)
            own = np.array([kind.share(text, OWN[name], total) for text in texts] + [1.0])
            found[name] = leaning(name, texts, own, kind.entries, trained)
            if name in ("names", "mothers", "places"):
                within = np.array([*map(kind.share_within, texts), 1.0])
                name += " within origin"
                found[name] = leaning(name, texts, np.maximum(within, own), kind.entries, trained)
        return Rarity(found)
