"""What a case page is put together from: panels and next steps, registered by the rooms that know them.

Registered when a room's `urls.py` is loaded. The page itself, which asks the policy once and shows what it
allows, is the web room's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise

from spean.access import policy
from spean.access.models import User
from spean.cases.models import Case


@dataclass(frozen=True)
class Sight:
    """One user before one case: everything that the policy grants him there, asked once for the whole page."""

    user: User
    case: Case
    may: frozenset[str]
    sections: frozenset[str]
    standing: policy.Standing
    _read: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, name: str, read: Callable[[], Any]) -> Any:
        """Rows that several parts of the page need, read for the first of them and kept for the rest."""
        if name not in self._read:
            self._read[name] = read()
        return self._read[name]

    @classmethod
    def find(cls, user: User, pk: UUID) -> "Sight":
        """The user before a case that he may see; Http404 where he may not."""
        cases = Case.objects.select_related("person", "focal_organisation", "started_organisation")
        case, standing = policy.find_standing(user, "see_case", cases, pk)
        may = standing.actions
        if case.erased_at is not None:  # nothing more is done to it
            may = frozenset(action for action in may if action.startswith("see_"))
        return cls(user, case, may, policy.readable_sections(user, case), standing)

    def all(self, model: type[Model]) -> QuerySet[Any]:
        """All rows of this case in `model`, for parts of the page that the user may see as a whole."""
        rows = model._default_manager
        return rows.none() if self.standing.lacks(model) else rows.filter(case=self.case)

    def rows(self, action: str, model: type[Model]) -> QuerySet[Any]:
        """The rows of this case in `model` on which the user may do `action`."""
        return policy.visible_in(self.case, self.standing, self.user, action, model)


@dataclass(frozen=True)
class Panel:
    """One part of the page. `show` gives what its template needs, or None where this user sees nothing of it."""

    name: str
    title: str | Promise
    template: str
    show: Callable[[Sight], Mapping[str, Any] | None]
    order: int = 100


@dataclass(frozen=True)
class NextStep:
    """Something that can be done now (`url`), or what stands in its way (`hindrances`)."""

    title: str | Promise
    url: str = ""
    why: str | Promise = ""
    due_at: datetime | None = None
    hindrances: Sequence[str] = field(default=())
    order: int = 100


PANELS: dict[str, Panel] = {}
NEXT_STEPS: list[Callable[[Sight], list[NextStep]]] = []


def register(panel: Panel) -> Panel:
    """Add a panel to every case page; a second one of the same name takes the place of the first."""
    PANELS[panel.name] = panel
    return panel


def next_steps(steps: Callable[[Sight], list[NextStep]]) -> Callable[[Sight], list[NextStep]]:
    """Add a function that says what can be done next in a case."""
    if steps not in NEXT_STEPS:
        NEXT_STEPS.append(steps)
    return steps


def link(name: str, *arguments: Any) -> str:
    """The address of a page, or nothing where the room of that page is not installed."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""
