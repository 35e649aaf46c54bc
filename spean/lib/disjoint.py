"""Which of many belong together, when one is told of pairs that do. Nothing here knows what they are."""

from typing import Generic, TypeVar
from uuid import UUID

One = TypeVar("One", int, UUID)


class Sets(Generic[One]):
    """Disjoint sets, the lowest member standing for each. Whoever was never joined is alone in his."""

    def __init__(self) -> None:
        self._above: dict[One, One] = {}

    def find(self, one: One) -> One:
        """The member that stands for the set of this one."""
        above = self._above
        while (up := above.get(one, one)) != one:
            # Halves the way for whoever asks next: without it long chains are walked again and again.
            above[one] = above.get(up, up)
            one = up
        return one

    def join(self, one: One, other: One) -> bool:
        """Make one set of the sets of these two. Whether they were two until now."""
        a, b = self.find(one), self.find(other)
        if a == b:
            return False
        self._above[max(a, b)] = min(a, b)
        return True
