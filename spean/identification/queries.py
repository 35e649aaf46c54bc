"""What the pages of formal identification read: the queue of the authority, and everything about one case.

Codes and coded facts only; what is sealed is opened by the pages, on demand, through the door.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from spean.access import policy
from spean.access.models import User
from spean.cases.models import Case, Note, Task
from spean.detection.models import Screening
from spean.identification.models import Determination
from spean.lib import clock
from spean.privacy.fields import sealed_fields
from spean.referral.models import Referral
from spean.referral.queries import with_deadline

SHOWN = 50
# What is being prepared, and what stands until the person asks for a review.
IN_WORK = ("opened", "proposed")
STANDING = ("confirmed", "informed", "review_requested")
DECIDED = (*STANDING, "reviewed")
SEALED = tuple(sealed_fields(Determination))


@dataclass(frozen=True)
class Queue:
    """The lists of one user, each in the order of its deadlines."""

    to_accept: Sequence[Referral]
    to_decide: Sequence[Case]
    to_confirm: Sequence[Determination]
    with_second: Sequence[Determination]
    to_review: Sequence[Determination]
    to_tell: Sequence[Determination]


def queue(user: User) -> Queue:
    """Everything of formal identification that waits for this user, or that he waits for."""
    return Queue(
        to_accept=list(_to_accept(user)[:SHOWN]),
        to_decide=list(_to_decide(user)[:SHOWN]),
        to_confirm=list(_to_confirm(user)[:SHOWN]),
        with_second=list(with_second_officer(user)[:SHOWN]),
        to_review=list(_to_review(user)[:SHOWN]),
        to_tell=list(_to_tell(user)[:SHOWN]),
    )


def _to_accept(user: User) -> QuerySet[Referral]:
    rows = policy.visible(user, "accept_referral", Referral).filter(
        kind="identification", status__in=("sent", "acknowledged")
    )
    return (
        with_deadline(rows)
        .defer("message", "answer")
        .order_by("-urgent", F("due_at").asc(nulls_last=True), "sent_at", "id")
    )


def _to_decide(user: User) -> QuerySet[Case]:
    """Cases that nobody decided yet, or whose decision is being written. The draft's writer is shown."""
    decided = Determination.objects.filter(case=OuterRef("pk"), status__in=("proposed", *STANDING)).exclude(
        outcome="more_information", status__in=STANDING
    )
    drafts = Determination.objects.filter(case=OuterRef("pk"), status="opened")
    rows = policy.visible(user, "open_determination", Case).filter(status="registered")
    rows = rows.filter(Exists(drafts) | ~Exists(decided))
    rows = rows.annotate(
        due_at=_due(OuterRef("pk"), "decide_identification", "review_determination"),
        waiting_since=Subquery(
            Task.objects.filter(case=OuterRef("pk"), kind="decide_identification", done_at__isnull=True)
            .order_by("created_at").values("created_at")[:1]
        ),
        draft_by=Subquery(drafts.values("officer__name")[:1]),
        draft_returned=Exists(drafts.filter(return_reason__isnull=False)),
        reflection_until=Subquery(_reflection(status="running").values("ends_on")[:1]),
    )  # fmt: skip
    return rows.order_by(F("due_at").asc(nulls_last=True), "started_at", "id")


def _to_confirm(user: User) -> QuerySet[Determination]:
    """Never one's own, nor the review of a decision one took part in."""
    rows = policy.visible(user, "confirm_determination", Determination).filter(status="proposed")
    rows = rows.exclude(officer=user).exclude(_took_part(user))
    return _listed(rows, "confirm_identification")


def with_second_officer(user: User) -> QuerySet[Determination]:
    """The decisions this user proposed and nobody confirmed yet."""
    rows = policy.visible(user, "see_determination", Determination).filter(status="proposed", officer=user)
    return _listed(rows, "confirm_identification")


def _to_review(user: User) -> QuerySet[Determination]:
    begun = Determination.objects.filter(reviews=OuterRef("pk"))
    rows = policy.visible(user, "open_determination", Determination).filter(~Exists(begun), status="review_requested")
    rows = rows.exclude(officer=user).exclude(confirmed_by=user)
    return _listed(rows, "review_determination")


def _to_tell(user: User) -> QuerySet[Determination]:
    rows = policy.visible(user, "inform_of_determination", Determination).filter(status="confirmed")
    return _listed(rows, "inform_person")


def _took_part(user: User) -> Q:
    return Q(reviews__officer=user) | Q(reviews__confirmed_by=user)


def _listed(rows: QuerySet[Determination], kind: str) -> QuerySet[Determination]:
    due = Task.objects.filter(kind=kind, object_id=OuterRef("pk"), done_at__isnull=True).order_by("due_at")
    return (
        rows.annotate(due_at=Subquery(due.values("due_at")[:1]))
        .select_related("case", "officer")
        .defer(*SEALED)
        .order_by(F("due_at").asc(nulls_last=True), "opened_at", "id")
    )


def _due(case: Any, *kinds: str) -> Subquery:
    tasks = Task.objects.filter(case=case, kind__in=kinds, done_at__isnull=True).order_by("due_at")
    return Subquery(tasks.values("due_at")[:1])


def _reflection(**how: Any) -> QuerySet[Any]:
    # The reflection period stands in a higher room; its rows are reached from the case.
    periods = Case._meta.get_field("reflection_periods").related_model
    return periods._default_manager.filter(case=OuterRef("pk"), **how)


# --- one case --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reflection:
    """How the recovery and reflection period stands."""

    state: str  # none, running, over, ended, waived
    starts_on: date | None = None
    ends_on: date | None = None
    days_left: int = 0


@dataclass(frozen=True)
class Basis:
    """What a decision on one case can rest on, as far as this user sees it."""

    case: Case
    screening: Screening | None
    reflection: Reflection
    rights: Sequence[Any]
    risk: Any
    needs: Sequence[Any]
    determinations: Sequence[Determination]
    texts: Sequence[Any]
    may_identity: bool
    may_narrative: bool


def basis(user: User, case: Case) -> Basis:
    """Everything on one page, each part only where the policy shows it to this user."""
    sections = policy.readable_sections(user, case)
    may = policy.permitted(user, ("see_screening", "see_protection"), case)
    protection = "see_protection" in may
    found: Any = case
    return Basis(
        case=case,
        screening=case.screenings.filter(completed_at__isnull=False).first() if "see_screening" in may else None,
        reflection=reflection(case),
        rights=list(found.rights_information.all()) if protection else (),
        risk=found.risk_assessments.first() if protection else None,
        needs=list(found.needs.all()) if protection else (),
        determinations=determinations(user, case),
        texts=texts(case, sections),
        may_identity="identity" in sections and case.person_id is not None,
        may_narrative="narrative" in sections,
    )


def determinations(user: User, case: Case) -> list[Determination]:
    """All decisions on a case, the newest first; none is ever hidden by a later one."""
    return told(policy.visible(user, "see_determination", Determination).filter(case=case))


def told(rows: QuerySet[Determination]) -> list[Determination]:
    """Decisions with everybody that their account names."""
    return list(rows.select_related("officer", "confirmed_by", "reviews", "organisation", "reviewed_by"))


def reflection(case: Case) -> Reflection:
    """The period that counts: the one that is over, or else the one that runs."""
    rows = list(case.reflection_periods.all())
    row = next((one for one in rows if one.status in ("ended", "waived")), rows[0] if rows else None)
    if row is None:
        return Reflection("none")
    left = (row.ends_on - clock.today()).days
    state = "over" if row.status == "running" and left <= 0 else row.status
    return Reflection(state, row.starts_on, row.ends_on, max(left, 0))


def texts(case: Case, sections: frozenset[str]) -> list[tuple[Any, str]]:
    """Rows and fields in which somebody wrote down what happened, as far as these sections reach."""
    found: list[tuple[Any, str]] = []
    if "narrative" in sections:
        found += [(row, "notes") for row in Screening.objects.filter(case=case, notes__isnull=False)]
        sent = Referral.objects.filter(case=case, kind="identification", message__isnull=False)
        found += [(row, "message") for row in sent]
    found += [
        (row, "text") for row in Note.objects.filter(case=case, section__in=sections & {"narrative", "protection"})
    ]
    if "protection" in sections:
        found += [(row, "response") for row in case.risk_assessments.filter(response__isnull=False)]
    return found
