"""Verbs of pairs: two rows are one person, are not, or nobody can say. Each can be decided otherwise later.

Nothing is merged: rows keep what they say, the next linking obeys, and the log keeps every decision.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from spean.access.models import User
from spean.lib import clock
from spean.lib.disjoint import Sets
from spean.lists.linking import decisions
from spean.lists.models import Pair
from spean.workflow.engine import perform, requirement

VERBS = {"same": "decide_pair_same", "not_same": "decide_pair_not_same", "unsure": "leave_pair_unsure"}


def decide(actor: User, pair: Pair, decision: str, *, version: int | None = None, once: UUID | None = None) -> Pair:
    """same, not_same or unsure. Refused where it contradicts what was decided about other pairs."""
    with perform(VERBS[decision], pair, actor, version=version, once=once, facts={"decision": decision}) as step:
        step.obj.decided_at, step.obj.decided_by = clock.now(), actor
        step.facts.update(probability=round(step.obj.probability, 3), effect=round(step.obj.effect, 3))
    return pair


@requirement("decisions_agree")
def _decisions_agree(pair: Pair, actor: User, facts: Mapping[str, Any]) -> list[str]:
    own = {pair.one_id, pair.other_id}
    same, different = ([one for one in pairs if set(one) != own] for pairs in decisions())
    if facts.get("decision") == "same":
        same.append((pair.one_id, pair.other_id))
    else:
        different.append((pair.one_id, pair.other_id))
    persons = Sets[UUID]()
    for one, other in same:
        persons.join(one, other)
    if any(persons.find(one) == persons.find(other) for one, other in different):
        return [
            _("This contradicts what was decided about other pairs of these rows. Change one of those decisions first.")
        ]
    return []
