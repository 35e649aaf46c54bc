"""What one user may do and read in one case: asked of the policy once, for all parts of the case page."""

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse

from spean.access import policy
from spean.access.models import User
from spean.cases.models import Case


@dataclass(frozen=True)
class Sight:
    """One user before one case. `may` holds actions of the policy, `sections` what he may read."""

    user: User
    case: Case
    may: frozenset[str]
    sections: frozenset[str]


def sight(user: User, case: Case) -> Sight:
    """Kept on the row as long as a page holds it: a new request reads the case, and so the policy, anew."""
    kept: Sight | None = getattr(case, "_sight", None)
    if kept is None or kept.user.pk != user.pk:
        may = policy.permitted(user, policy.ACTIONS, case)
        kept = Sight(user, case, may, policy.readable_sections(user, case))
        case._sight = kept  # type: ignore[attr-defined]
    return kept


def link(name: str, *arguments: Any) -> str:
    """The address of a page, or nothing where the room of that page is not installed."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""
