"""The home page: today's work of a user, by what is overdue, due soon, and waiting.

Tasks come from the cases room. A room that has other work lists adds a function to `SECTIONS`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from spean.access import changes, policy, witnessing
from spean.access.administration import title_of
from spean.access.models import AccessChange, User
from spean.cases import erasure_queries as erasures
from spean.cases import labels as case_labels
from spean.cases import operation, part_pages
from spean.cases import queries as cases
from spean.cases.models import Task
from spean.directory import queries as directory
from spean.exchange import queries as exports
from spean.identification import queries as identification
from spean.lib import clock
from spean.oversight import queries as oversight
from spean.privacy import kept, witness
from spean.privacy.models import Event
from spean.referral import labels as referral_labels
from spean.referral import queries as referrals
from spean.statistics import labels as statistics_labels
from spean.statistics.models import Edition
from spean.web import deadlines

SHOWN = 25
SHOWN_IN_SHORT = 5
# How long an answer stays on the home page of whoever asked.
ANSWERS_SHOWN = timedelta(days=7)

# What each kind of task asks of its reader, as a sentence that begins with a verb.
TASK_TITLES: dict[str, str | Promise] = {
    "acknowledge_referral": _("Say that you received the referral"),
    "register_person": _("Register the person"),
    "give_rights_information": _("Tell the person their rights"),
    "respond_to_referral": _("Accept or decline the referral"),
    "second_interview": _("Hold the second interview"),
    "assess_risk": _("Assess the danger with the person"),
    "decide_identification": _("Decide on identification"),
    "confirm_identification": _("Confirm the decision on identification"),
    "inform_person": _("Inform the person of the decision"),
    "review_determination": _("Review the decision"),
    "reflection_ends": _("The reflection period ends"),
    "placement_review": _("Review the placement"),
    "respond_urgent_referral": _("Accept or decline the urgent referral"),
    "returned_case": _("The case came back: refer it elsewhere"),
    "renew_involvement": _("An organisation’s part runs out: renew it, or let it end"),
    "lift_exclusion": _("Decide whether an exclusion is lifted"),
    "answer_hand_over": _("A case is offered to your agency: accept or decline"),
    "attend_conference": _("You are invited to a case conference"),
    "confirm_ground": _("Sharing without agreement: confirm it as the second person"),
    "ground_rejected": _("The second person did not confirm: decide how to go on"),
    "withdrawal_notice": _("An agreement was taken back: confirm that copies are deleted"),
}

# Where a task is done: the page's URL name, and whether it takes the task's object or its case.
TASK_PAGES: dict[str, tuple[str, str]] = {
    "acknowledge_referral": ("referral", "object_id"),
    "respond_to_referral": ("referral", "object_id"),
    "respond_urgent_referral": ("referral", "object_id"),
    "placement_review": ("referral", "object_id"),
    "register_person": ("case_register", "case_id"),
    "give_rights_information": ("case_rights", "case_id"),
    "assess_risk": ("case_risk", "case_id"),
    "reflection_ends": ("case_reflection", "case_id"),
    "second_interview": ("case", "case_id"),
    "returned_case": ("case", "case_id"),
    "decide_identification": ("case_identification", "case_id"),
    "review_determination": ("case_identification", "case_id"),
    "confirm_identification": ("determination_second", "object_id"),
    "inform_person": ("determination", "object_id"),
    "renew_involvement": ("involvement", "object_id"),
    "lift_exclusion": ("exclusion_decide", "object_id"),
    "answer_hand_over": ("hand_over", "object_id"),
    "attend_conference": ("conference", "object_id"),
    "confirm_ground": ("ground_confirm", "object_id"),
    "withdrawal_notice": ("withdrawal", "object_id"),
}
CASE_PAGE = "case"

# What a case that is not referred yet asks of whoever met the person.
CONTINUE: dict[str, str | Promise] = {
    "screening": _("Continue the interview"),
    "screened": _("After the interview: needs, danger, referral"),
    "follow_up": _("Second interview offered"),
}


@dataclass(frozen=True)
class Row:
    """One line of work: what to do, for which case, by when."""

    title: str | Promise
    code: str
    url: str
    due_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A list of work under a heading. `more` leads to the rest of it."""

    title: str | Promise
    rows: Sequence[Row]
    empty: str | Promise = ""
    more: str = ""


@dataclass(frozen=True)
class Start:
    """A large button: what this role begins most often."""

    title: str | Promise
    url_name: str
    action: str
    note: str | Promise = ""
    # Asked where a role alone does not say that somebody has use for it.
    useful: Callable[[User], bool] = lambda user: True


@dataclass
class Day:
    """Everything that the home page of one user shows."""

    overdue: int = 0
    soon: int = 0
    waiting: int = 0
    has_tasks: bool = False
    starts: list[tuple[Start, str]] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)


STARTS: tuple[Start, ...] = (
    Start(_("Start a screening"), "screening_start", "start_screening", _("You met somebody who may be trafficked")),
    Start(_("Find a person"), "person_search", "search_people", _("Before you register anybody")),
    Start(
        _("Update free places"),
        "capacity",
        "update_capacity",
        _("So that others know whom you can take in"),
        useful=lambda user: directory.own(user).exists(),
    ),
    Start(_("Invite a user"), "user_invite", "manage_users"),
    Start(_("Add an organisation"), "organisation_add", "manage_organisations"),
    Start(_("Read the event log"), "event_log", "read_log"),
    Start(_("Draft an edition"), "edition_new", "draft_edition", _("The numbers of a half-year or a year")),
)


def task_sections(user: User) -> list[Section]:
    """The tasks of the user's role and organisation, in three lists."""
    if not policy.may(user, "see_task"):
        return []
    now = clock.now()
    open_tasks = policy.visible(user, "see_task", Task).filter(done_at__isnull=True)
    shown = list(open_tasks.select_related("case").order_by("due_at", "id")[: SHOWN * 2])
    lists: dict[str, list[Row]] = {"overdue": [], "soon": [], "later": []}
    for task in shown:
        lists[deadlines.level(task.due_at, now)].append(row(task))
    found = [
        Section(_("Overdue"), lists["overdue"]),
        Section(_("Due soon"), lists["soon"]),
        Section(_("Waiting for me"), lists["later"]),
    ]
    return [section for section in found if section.rows]


def continue_sections(user: User) -> list[Section]:
    """Interviews broken off and cases not yet referred: one tap leads to where the user stopped."""
    if not policy.may(user, "answer_screening"):
        return []
    rows = []
    for case in cases.waiting_for_me(user):
        going = case.status == "screening"
        title = CONTINUE[case.status]
        url = _find_url("case_interview" if going else CASE_PAGE, case.pk)
        begun = date_format(timezone.localtime(case.started_at), "j M Y, H:i")
        rows.append(Row(title, case.code, url, None, f"{case_labels.short(case)} · {begun}"))
    return [Section(_("Continue"), rows)] if rows else []


def answer_sections(user: User) -> list[Section]:
    """What became of the referrals that the user's organisation sent to services, in the last days."""
    if not policy.may(user, "send_referral"):
        return []
    rows = []
    for one in referrals.answered(user, clock.now() - ANSWERS_SHOWN)[:SHOWN_IN_SHORT]:
        status, _colour = referral_labels.STATUS[one.status]
        service = one.service.label() if one.service else case_labels.organisation(one.to_organisation)
        # Declined: straight to the services that come next.
        again = one.status == "declined" and one.need_id is not None
        url = _find_url("need_services", one.case_id, one.need_id) if again else _find_url("referral", one.pk)
        told = one.get_decline_reason_display() or one.get_feedback_display()  # type: ignore[attr-defined]
        title = f"{status}: {told}" if told else status
        rows.append(Row(title, one.case.code, url, None, service))
    return [Section(_("Answers to your referrals"), rows, more=_find_url("referral_list"))] if rows else []


def expired_sections(user: User) -> list[Section]:
    """Cases in which the part of the user's organisation ran out: the code alone, and the way to ask for renewal."""
    if not policy.may(user, "ask_renewal"):
        return []
    rows = [
        Row(
            _("Your part ran out. Ask for renewal if you still help"),
            one.case.code,
            _find_url("involvement_ask", one.pk),
        )
        for one in part_pages.expired(user)[:SHOWN_IN_SHORT]
    ]
    return [Section(_("Parts that ran out"), rows)] if rows else []


def capacity_sections(user: User) -> list[Section]:
    """Own services whose number of free places nobody has confirmed for days."""
    if not policy.may(user, "update_capacity"):
        return []
    rows = [
        Row(one.name, "", f"{_find_url('capacity')}#service-{one.service.pk}", None, f"{one.places}, {one.confirmed}")
        for one in directory.unconfirmed(user)[:SHOWN_IN_SHORT]
    ]
    return [Section(_("Are these free places still right?"), rows, more=_find_url("capacity"))] if rows else []


def identification_sections(user: User) -> list[Section]:
    """Decisions that this user proposed and that wait for a second officer: nothing to do, but good to know."""
    if not policy.may(user, "propose_determination"):
        return []
    rows = [
        Row(case_labels.short(one.case), one.case.code, _find_url("determination", one.pk))
        for one in identification.with_second_officer(user)[:SHOWN_IN_SHORT]
    ]
    return [Section(_("With a second officer"), rows)] if rows else []


def access_change_sections(user: User) -> list[Section]:
    """What another administrator asked for and this one has to make sure of."""
    if not policy.may(user, "confirm_access_change"):
        return []
    mine = policy.visible(user, "confirm_access_change", AccessChange)
    found = mine.filter(pk__in=changes.waiting()).select_related("user", "organisation").order_by("requested_at", "id")
    rows = [
        Row(title_of(change), "", _find_url("access_change", change.pk), None, str(change.user or change.organisation))
        for change in found[:SHOWN]
    ]
    return [Section(_("Waits for your confirmation"), rows, more=_find_url("access_change_list"))] if rows else []


def alert_sections(user: User) -> list[Section]:
    """What an auditor has to look into."""
    if not policy.may(user, "see_alert"):
        return []
    rows = [
        Row(
            told["what"],
            told["code"],
            _find_url("alert", told["alert"].pk),
            None,
            told["who"].name if told["who"] else "",
        )
        for told in oversight.alerts_told(oversight.open_alerts(user)[:SHOWN])
    ]
    return [Section(_("Alerts"), rows, more=_find_url("alert_list"))] if rows else []


def budget_sections(user: User) -> list[Section]:
    """Colleagues who have opened as many people as they may today, and whom this user can let open more."""
    if not policy.may(user, "extend_budget"):
        return []
    title = _("Cannot open anybody more today, and asks you")
    rows = [Row(title, "", _find_url("budget"), None, one.name) for one in oversight.asking(user)[:SHOWN_IN_SHORT]]
    return [Section(_("A colleague asks"), rows)] if rows else []


def export_sections(user: User) -> list[Section]:
    """Lists that a colleague wants to hand out and this user has to approve or reject."""
    if not policy.may(user, "approve_export"):
        return []
    rows = [
        Row(_("Approve or reject the export"), export.number, _find_url("export", export.pk), None,
            case_labels.organisation(export.recipient))
        for export in exports.waiting_for(user)[:SHOWN_IN_SHORT]
    ]  # fmt: skip
    return [Section(_("Exports"), rows, more=_find_url("export_list"))] if rows else []


def backup_sections(user: User) -> list[Section]:
    """What the administrator has to see to at the server: that nothing could be lost."""
    if not policy.may(user, "see_backups") or not kept.expected():
        return []
    now, found = clock.now(), kept.kept()
    late = (
        (found.drill_failed(), _("The last backup could not be restored")),
        (found.backup_is_late(now), _("No backup for more than a day")),
        (found.drill_is_late(now), _("No backup was proved for more than a month")),
    )
    rows = [Row(title, "", _find_url("backups")) for due, title in late if due]
    return [Section(_("Backups"), rows)] if rows else []


def operation_sections(user: User) -> list[Section]:
    """Operations of which this user was told, as long as they are not over."""
    if not policy.may(user, "see_operation"):
        return []
    found = operation.readable(user, Q(over_at__gt=clock.now()))[:SHOWN_IN_SHORT]
    rows = [
        Row(_("Operation, for named readers"), operation.code_of(one), _find_url("operation", one.pk)) for one in found
    ]
    return [Section(_("Do not speak about it"), rows)] if rows else []


def erasure_sections(user: User) -> list[Section]:
    """Erasures that wait for this user as the second officer."""
    if not policy.may(user, "confirm_erasure"):
        return []
    rows = [
        Row(case_labels.ERASURE_GROUND[one.ground], one.code, _find_url("erasure", one.pk), None, one.organisation.name)
        for one in erasures.waiting(user)[:SHOWN_IN_SHORT]
    ]
    return [Section(_("Erasures to confirm"), rows, more=_find_url("erasure_list"))] if rows else []


def edition_sections(user: User) -> list[Section]:
    """Editions that another officer drafted and checked, for this one to publish or give back."""
    if not policy.may(user, "publish_edition"):
        return []
    waiting = policy.visible(user, "publish_edition", Edition).filter(status="checked")
    rows = [
        Row(_("Publish the edition, or give it back"), "", _find_url("edition_draft", one.pk), None,
            statistics_labels.period(one.slug))
        for one in waiting[:SHOWN_IN_SHORT]
    ]  # fmt: skip
    return [Section(_("Editions"), rows, more=_find_url("edition_list"))] if rows else []


def retention_sections(user: User) -> list[Section]:
    """Closed cases that were kept as long as the law asks."""
    if not policy.may(user, "request_erasure"):
        return []
    rows = [
        Row(_("Ask for erasure"), case.code, _find_url("erasure_request", case.pk), None)
        for case in erasures.kept_long_enough(user)[:SHOWN_IN_SHORT]
    ]
    return [Section(_("Kept long enough"), rows)] if rows else []


def oversight_sections(user: User) -> list[Section]:
    """For the auditor: the root to put outside each week, silent witnesses, and what was shared without agreement."""
    if not policy.may(user, "read_log"):
        return []
    rows = []
    if witnessing.due():
        rows.append(Row(_("Print or mail the root of the log"), "", _find_url("log_roots"), None, ""))
    if witness.silent():
        rows.append(Row(_("No witness answers: sharing has stopped"), "", _find_url("log_roots"), None, ""))
    since = clock.now() - ANSWERS_SHOWN
    count = Event.objects.filter(action="ground.recorded", at__gte=since).count()
    if count:
        note = ngettext("%(count)d in the last week", "%(count)d in the last week", count) % {"count": count}
        rows.append(Row(_("Shared without agreement"), "", _find_url("ground_list"), None, note))
    return [Section(_("To look at"), rows)] if rows else []


SECTIONS: list[Callable[[User], list[Section]]] = [
    oversight_sections,
    alert_sections,
    budget_sections,
    continue_sections,
    task_sections,
    answer_sections,
    expired_sections,
    capacity_sections,
    identification_sections,
    erasure_sections,
    retention_sections,
    access_change_sections,
    backup_sections,
    operation_sections,
    export_sections,
    edition_sections,
]


def day(user: User) -> Day:
    """Today's work of this user."""
    today = Day(has_tasks=policy.may(user, "see_task"))
    if today.has_tasks:
        now = clock.now()
        counts = (
            policy.visible(user, "see_task", Task)
            .filter(done_at__isnull=True)
            .aggregate(
                overdue=Count("pk", filter=Q(due_at__lte=now)),
                soon=Count("pk", filter=Q(due_at__gt=now, due_at__lte=now + deadlines.SOON)),
                waiting=Count("pk", filter=Q(due_at__gt=now + deadlines.SOON)),
            )
        )
        today.overdue, today.soon, today.waiting = counts["overdue"], counts["soon"], counts["waiting"]
    for start in STARTS:
        url = _find_url(start.url_name)
        if url and policy.may(user, start.action) and start.useful(user):
            today.starts.append((start, url))
    for sections in SECTIONS:
        today.sections += sections(user)
    return today


def task_title(kind: str) -> str:
    """What a kind of task asks for; a kind that nobody named yet shows as its code rather than not at all."""
    return str(TASK_TITLES.get(kind, kind.replace("_", " ")))


def row(task: Task) -> Row:
    """A task as a line of work, leading to the page where it is done."""
    name, key = TASK_PAGES.get(task.kind, (CASE_PAGE, "case_id"))
    url = _find_url(name, getattr(task, key)) or _find_url(CASE_PAGE, task.case_id)
    return Row(task_title(task.kind), task.case.code, url, task.due_at, case_labels.short(task.case))


def _find_url(name: str, *arguments: Any) -> str:
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""
