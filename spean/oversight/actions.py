"""Verbs of the watch: look into an alert, let a colleague open more people today, hand the person her record.

Placing an invented person among the cases is a longer story: planting.py.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import User
from spean.cases.models import Case
from spean.country import pack
from spean.lib import clock
from spean.oversight import queries
from spean.privacy import events
from spean.privacy.models import Alert, BudgetExtension
from spean.privacy.watch import FINDINGS
from spean.workflow.engine import Forbidden, Refused, claim, perform, requirement


def clear_alert(
    actor: User, alert: Alert, *, finding: str, version: int | None = None, once: UUID | None = None
) -> Alert:
    """The auditor looked into it and says what was found: a code, so that the log stays without content."""
    facts = {"finding": finding}
    with perform("clear_alert", alert, actor, version=version, facts=facts, once=once) as step:
        step.obj.finding = finding
        step.obj.cleared_at, step.obj.cleared_by = clock.now(), actor
        step.facts.update(finding=finding, kind=step.obj.kind)
    return step.obj


def extend_budget(actor: User, user: User, *, reason: str, once: UUID | None = None) -> BudgetExtension:
    """Let a user open more people today. Once a day, by another one, and only when he has used up what he has."""
    with transaction.atomic():
        if once is not None:
            claim(once, "extend_budget", user, actor)
        if not policy.may(actor, "extend_budget", user):
            raise Forbidden([_("This is not available to you.")])
        # Two colleagues at once: the second one waits here and is told.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        organisation = actor.organisation
        assert organisation is not None  # the policy's
        if BudgetExtension.objects.filter(user=user, day=clock.today()).exists():
            raise Refused([_("This was done today already. It can be done once a day.")])
        if not queries.used_up(user):
            raise Refused([_("This colleague can still open people today.")])
        row = BudgetExtension(
            user=user, day=clock.today(), persons=pack().reveal.extension, reason=reason, granted_at=clock.now(),
            granted_by=actor, organisation=organisation,
        )  # fmt: skip
        row.full_clean(exclude=["user", "granted_by", "organisation"], validate_unique=False)
        row.save(force_insert=True)
        events.record(
            "budget.extended", actor=actor, obj=row,
            facts={"user": user.pk, "persons": row.persons, "reason": reason},
        )  # fmt: skip
        return row


def hand_over_record(actor: User, case: Case, *, language: str, once: UUID | None = None) -> None:
    """Keep that the person was given the record of who opened her case, and in which language."""
    with transaction.atomic():
        if once is not None:
            claim(once, "hand_over_record", case, actor)
        if not policy.may(actor, "hand_over_record", case):
            raise Forbidden([_("This is not available to you.")])
        events.record(
            "record.handed_over", actor=actor, obj=case, case=case, purpose="request_of_person",
            facts={"language": language},
        )  # fmt: skip


# --- requirements ------------------------------------------------------------------------------------------


@requirement("alert_finding_given")
def _alert_finding_given(alert: Alert, actor: User, facts: Mapping[str, Any]) -> list[str]:
    return [] if facts.get("finding") in FINDINGS else [_("Choose what you found.")]
