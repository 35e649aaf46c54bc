"""Panels of the case page that draw on several rooms: referrals, notes, who takes part, exclusions, history.

What a single room knows stands in that room's `panels.py`. Imported by `case_page`.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from spean.access import policy
from spean.access.models import Organisation, User
from spean.cases import labels
from spean.cases.manage import exclusions_among
from spean.cases.models import Case, Exclusion, HandOver, Involvement, Note
from spean.cases.panels import Panel, Sight, link, register
from spean.cases.part_pages import until
from spean.country import pack
from spean.country.fields import label
from spean.lib import clock
from spean.oversight import queries as oversight
from spean.privacy import events
from spean.privacy.event_names import PURPOSES
from spean.privacy.models import Event
from spean.referral import labels as referral_labels
from spean.referral.models import Referral
from spean.referral.panels import referrals_of

SHOWN = 8
# Who sees how a case is run, and not only his part of it: the focal agency's case manager.
RUNS = "see_case_history"


def _referrals(sight: Sight) -> Mapping[str, Any] | None:
    shown = []
    for row in referrals_of(sight):
        if row.kind == "focal" and row.sent_by_id == sight.user.pk:
            continue  # shown to the sender in a panel of its own
        word, colour = referral_labels.STATUS[row.status]
        shown.append(
            {
                "referral": row,
                "kind": row.service.label() if row.service else referral_labels.KIND[row.kind],
                "status": word,
                "colour": colour,
                "reason": _reason(row),
                "url": link("referral", row.pk),
            }
        )
    return {"rows": shown} if shown else None


def _reason(row: Referral) -> str:
    if row.decline_reason:
        return label("decline_reason", row.decline_reason)
    return label("referral_feedback", row.feedback) if row.feedback else ""


def _readable_notes(sight: Sight) -> Q:
    """Notes in the sections that were shared, and what the agency that runs the case wrote itself."""
    withheld = policy.withheld_sections(sight.user, sight.case)
    own = [one.organisation_id for one in sight.user.memberships_now()]
    return Q(section__in=sight.sections) | Q(section__in=withheld, organisation_id__in=own)


def _notes(sight: Sight) -> Mapping[str, Any] | None:
    may_write = "write_note" in sight.may
    rows = list(sight.all(Note).filter(_readable_notes(sight)).select_related("organisation").defer("text")[:30])
    if not rows and not may_write:
        return None
    return {
        "rows": [
            {"note": row, "section": labels.SECTION[row.section], "about": labels.NOTE_ABOUT.get(row.about, _("Note"))}
            for row in rows
        ],
        "url": link("case_note", sight.case.pk) if may_write and sight.case.status != "counted" else "",
    }


def _involvement(sight: Sight) -> Mapping[str, Any] | None:
    if RUNS not in sight.may:
        return None
    rows = sight.all(Involvement).select_related("organisation")[:60]
    shown: list[dict[str, Any]] = [
        {
            "row": row,
            "task": labels.TASK[row.task],
            "sections": [labels.SECTION[section] for section in row.sections],
            "until": until(row),
            "url": link("involvement", row.pk),
        }
        for row in rows
    ]
    now = clock.now()
    offered = sight.all(HandOver).filter(status="offered").select_related("to_organisation").first()
    return {
        "now": [one for one in shown if one["row"].status == "open"],
        "ran_out": [one["row"].pk for one in shown if one["row"].until_at is not None and one["row"].until_at <= now],
        "before": [one for one in shown if one["row"].status == "ended"],
        "excluded": [
            {
                "who": one.organisation or one.user,
                "reason": labels.EXCLUSION_REASON[one.reason],
                "since": one.created_at,
                "asked": one.status == "lift_asked",
                "url": link("exclusion_ask", one.pk) if one.status == "active" else "",
            }
            for one in exclusions_among(sight.all(Exclusion))
        ],
        "hand_over_url": link("case_hand_over", sight.case.pk)
        if "offer_hand_over" in sight.may and sight.case.status == "registered" and offered is None
        else "",
        "offered": offered,
        "exclude_url": link("case_exclusion", sight.case.pk) if "exclude_from_case" in sight.may else "",
    }


def _history(sight: Sight) -> Mapping[str, Any] | None:
    if RUNS not in sight.may:
        return None
    return {"rows": told(list(newest(sight.case)[:SHOWN])), "url": link("case_history", sight.case.pk)}


def newest(case: Case) -> Any:
    """Everything done to or read from a case, the latest first."""
    return events.history(case).reverse()


def told(rows: Iterable[Event]) -> list[dict[str, Any]]:
    """Events in words: who, in which role, from where, what, which parts of the case, and for which purpose."""
    listed = list(rows)
    users = _names(User, (row.actor_id for row in listed))
    roles, sections = oversight.roles_at(listed), oversight.sections_of(listed)
    organisations = _names(Organisation, (row.organisation_id for row in listed))
    return [
        {
            "at": row.at,
            "what": events.label(row.action),
            "who": users.get(row.actor_id) if row.actor_id else _now("the system"),
            "organisation": organisations.get(row.organisation_id),
            "role": pack().role_title(roles[row.pk]) if row.pk in roles else "",
            "sections": [labels.SECTION[code] for code in sections.get(row.pk, ())],
            "purpose": PURPOSES.get(row.purpose, ""),
        }
        for row in listed
    ]


def _names(model: type[User] | type[Organisation], ids: Iterable[UUID | None]) -> dict[UUID | None, Any]:
    wanted = {pk for pk in ids if pk is not None}
    return {row.pk: row for row in model._default_manager.filter(pk__in=wanted)} if wanted else {}


register(Panel("referrals", _("Referrals"), "web/case/referrals.html", _referrals, order=35))
register(Panel("notes", _("Notes"), "web/case/notes.html", _notes, order=70))
register(Panel("involvement", _("Who takes part"), "web/case/involvement.html", _involvement, order=80))
register(Panel("history", _("Who looked at this case"), "web/case/history_panel.html", _history, order=90))
