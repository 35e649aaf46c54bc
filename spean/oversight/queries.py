"""What the pages of the watch read: alerts in words, colleagues who have used up their day, the openings of a case."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from spean.access import policy
from spean.access.models import Membership, Organisation, User
from spean.cases.models import Case
from spean.country import pack
from spean.country.fields import label
from spean.lib import clock
from spean.privacy import budget, events, watch
from spean.privacy.event_names import PURPOSES
from spean.privacy.fields import sealed_fields
from spean.privacy.models import Alert, BudgetExtension, Event
from spean.privacy.rows import everybody

KIND: dict[str, str | Promise] = {
    watch.CANARY_OPENED: _("An invented person was opened"),
    watch.CANARY_REFUSED: _("An invented person was asked for and refused"),
    watch.CANARY_LOOKED_AT: _("The page of an invented person was looked at"),
    watch.CANARY_PASSED_ON: _("An invented person was passed on"),
    watch.REFUSALS: _("Many sealed texts were asked for and refused"),
    watch.OVER_BUDGET: _("More people were asked for than one user may open in a day"),
}
FINDING: dict[str, str | Promise] = {
    "misuse": _("Misuse: the body that employs the user is told"),
    "mistake": _("A mistake, talked over with the user"),
    "in_order": _("In order: the user’s task needed it"),
    "not_clear": _("Not clear"),
}
REASON: dict[str, str | Promise] = {
    "many_arrivals": _("Many people arrived at once"),
    "stands_in_for_colleague": _("Stands in for a colleague"),
    "review_of_files": _("Review of cases that was agreed on"),
    "other_urgent_work": _("Other urgent work"),
}
# What the person reads of her own record: her texts opened, and passed on.
OPENINGS = ("identity.revealed", "content.read", "information.shared")


# --- alerts ----------------------------------------------------------------------------------------------


def alerts(user: User) -> QuerySet[Alert]:
    """What this user may see of them, open ones first."""
    rows = policy.visible(user, "see_alert", Alert).annotate(settled=~Q(status="open"))
    return rows.order_by("settled", "-at", "id")


def open_alerts(user: User) -> QuerySet[Alert]:
    return policy.visible(user, "see_alert", Alert).filter(status="open").order_by("-at", "id")


def alerts_told(rows: Iterable[Alert]) -> list[dict[str, Any]]:
    """Alerts in words: what, who, from where, which case."""
    listed = list(rows)
    causes = Event.objects.in_bulk([row.event_id for row in listed])
    users, organisations = people(listed), bodies(listed)
    codes = codes_of(causes.values())
    return [
        {
            "alert": row,
            "what": KIND[row.kind],
            "who": users.get(row.actor_id),
            "organisation": organisations.get(row.organisation_id),
            "cause": causes.get(row.event_id),
            "code": codes.get(row.event_id, ""),
            "finding": FINDING.get(row.finding, ""),
        }
        for row in listed
    ]


def codes_of(rows: Iterable[Event]) -> dict[int, str]:
    """The code of the case of each event; where a person was opened, of the case she was registered from."""
    listed = list(rows)
    cases = dict(Case.objects.filter(pk__in={row.case_id for row in listed if row.case_id}).values_list("pk", "code"))
    subjects = {row.subject for row in listed if row.case_id is None and row.subject}
    persons = dict(Case.objects.filter(subject__in=subjects).values_list("subject", "code"))
    return {
        row.pk: (row.case_id and cases.get(row.case_id)) or (row.subject and persons.get(row.subject)) or ""
        for row in listed
    }


def people(rows: Iterable[Any]) -> dict[UUID | None, User]:
    return dict(User.objects.in_bulk({row.actor_id for row in rows if row.actor_id}))


def bodies(rows: Iterable[Any]) -> dict[UUID | None, Organisation]:
    return dict(Organisation.objects.in_bulk({row.organisation_id for row in rows if row.organisation_id}))


# --- the daily budget --------------------------------------------------------------------------------------


def used_up(user: User) -> bool:
    """Whether he was refused today, or would be for anybody new."""
    refused = Event.objects.filter(actor_id=user.pk, action="reveal.over_budget", at__gte=budget.begin_of_day())
    return refused.exists() or budget.standing(user).left == 0


def asking(user: User) -> list[User]:
    """Those whom the user may let open more people, who were refused today and not helped yet."""
    refused = Event.objects.filter(action="reveal.over_budget", at__gte=budget.begin_of_day(), actor_id__isnull=False)
    waiting = set(refused.order_by().values_list("actor_id", flat=True).distinct())
    if not waiting:
        return []
    helped = BudgetExtension.objects.filter(day=clock.today()).values("user_id")
    rows = policy.visible(user, "extend_budget", User).filter(pk__in=waiting, is_active=True)
    return list(rows.exclude(pk__in=helped).order_by("name"))


# --- who opened a case -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line of the record that the person gets: a day, an organisation, what for."""

    day: date
    organisation: Organisation | None
    what: str | Promise
    purpose: str | Promise
    officers: tuple[str, ...] = ()


def record_lines(case: Case) -> list[Line]:
    """Who opened her case or received of it, by day and organisation; officers by name only where the pack says so."""
    with_names = pack().reveal.names_officers
    rows = list(events.history(case).filter(action__in=OPENINGS))
    users, organisations = people(rows) if with_names else {}, bodies(rows)
    grouped: dict[tuple[date, UUID | None, str, str], set[str]] = {}
    for row in rows:
        key = (row.at.astimezone(clock.local_zone()).date(), row.organisation_id, row.action, row.purpose)
        officers = grouped.setdefault(key, set())
        if row.actor_id in users:
            officers.add(users[row.actor_id].name)
    return [
        Line(
            day, organisations.get(organisation),
            WHAT[action], _purpose(action, purpose),
            tuple(sorted(officers)),
        )
        for (day, organisation, action, purpose), officers in sorted(
            grouped.items(), key=lambda one: (one[0][0], str(one[0][1]), one[0][2], one[0][3])
        )
    ]  # fmt: skip


WHAT: dict[str, str | Promise] = {
    "identity.revealed": _("Opened your name or how to reach you"),
    "content.read": _("Read what is written about you"),
    "information.shared": _("Passed on what you agreed to"),
}


def _purpose(action: str, purpose: str) -> str | Promise:
    if action == "information.shared":
        return label("consent_purpose", purpose)
    return PURPOSES.get(purpose, "")


def sections_of(rows: Iterable[Event]) -> dict[int, list[str]]:
    """Which parts of a case each opening touched, as section codes."""
    listed = [row for row in rows if row.fields]
    notes = {row.object_id for row in listed if row.object_id and row.object_type == "cases.Note"}
    with everybody("an auditor is told of which section a note was, never the note"):
        note_sections = dict(
            apps.get_model("cases", "Note")._default_manager.filter(pk__in=notes).values_list("pk", "section")
        )
    found: dict[int, list[str]] = {}
    for row in listed:
        if row.object_id in note_sections:
            found[row.pk] = [note_sections[row.object_id]]
            continue
        try:
            sealed = sealed_fields(apps.get_model(row.object_type))
        except (LookupError, ValueError):
            continue
        found[row.pk] = sorted({sealed[name].section for name in row.fields if name in sealed})
    return found


def roles_at(rows: Iterable[Event]) -> dict[int, str]:
    """In which role each of these was done: what its actor held in that organisation at that moment."""
    listed = [row for row in rows if row.actor_id]
    held: dict[UUID, list[Membership]] = {}
    for membership in Membership.objects.filter(user_id__in={row.actor_id for row in listed}):
        held.setdefault(membership.user_id, []).append(membership)
    found = {row.pk: _role(held.get(row.actor_id, []), row.organisation_id, row.at) for row in listed if row.actor_id}
    return {pk: role for pk, role in found.items() if role}


def _role(memberships: Iterable[Membership], organisation: UUID | None, at: datetime) -> str:
    fitting = [
        one.role
        for one in memberships
        if one.organisation_id == organisation and one.from_at <= at and (one.until_at is None or at < one.until_at)
    ]
    return fitting[0] if fitting else ""
