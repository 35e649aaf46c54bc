"""What is cut when nobody may know any more whose a case is: references that lead to it from somebody's name.

Rooms above keep such references under keys of their own, and register here how they are cut, and what with a name
stays behind when they are. Whoever refused, and whoever was erased, leaves codes for the count; a name elsewhere must
not lead to them.
"""

from collections.abc import Callable, Collection
from uuid import UUID

Cut = Callable[[Collection[UUID]], None]
Told = Callable[[Collection[UUID]], str]

CUTS: list[Cut] = []
REMAINS: list[Told] = []


def leads_to_cases(cut: Cut) -> Cut:
    """Register how a room cuts what leads from names to these cases (by primary key), in the caller's transaction."""
    CUTS.append(cut)
    return cut


def cut(cases: Collection[UUID]) -> None:
    """Cut whatever leads from a name to these cases. Belongs into the transaction that decides the end of their keys."""
    for one in CUTS:
        one(cases)


def stays_behind(told: Told) -> Told:
    """Register a sentence about what erasing these cases (by primary key) leaves readable elsewhere; "" for nothing."""
    REMAINS.append(told)
    return told


def remains(cases: Collection[UUID]) -> list[str]:
    """What whoever asks for the erasure of these cases, and whoever confirms it, has to know beforehand."""
    return [text for one in REMAINS if (text := one(cases))]
