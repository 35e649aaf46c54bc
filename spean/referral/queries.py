"""What pages read of referrals: the queue with its deadlines, and what one referral brought with it."""

from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest

from spean.access import policy
from spean.access.models import User
from spean.cases.models import Task
from spean.detection.models import Screening
from spean.referral.models import Referral

# The filters of the queue, and the statuses each shows.
FILTERS: dict[str, tuple[str, ...]] = {
    "waiting": ("sent",),
    "received": ("acknowledged",),
    "accepted": ("accepted",),
    "done": ("completed", "ended", "declined", "withdrawn"),
}
DIRECTIONS = ("in", "out")


def organisations_of(user: User) -> list[Any]:
    return [membership.organisation_id for membership in user.memberships_now()]


def queue(user: User, direction: str, statuses: tuple[str, ...]) -> QuerySet[Referral]:
    """Referrals this user may see, in one direction: the urgent first, then what is due first."""
    rows: QuerySet[Referral] = policy.visible(user, "see_referral", Referral).filter(status__in=statuses)
    own = organisations_of(user)
    rows = rows.filter(to_organisation_id__in=own) if direction == "in" else rows.filter(from_organisation_id__in=own)
    return (
        with_deadline(rows)
        .defer("message", "answer")
        .order_by("-urgent", F("due_at").asc(nulls_last=True), "sent_at", "id")
    )


def with_deadline(rows: QuerySet[Referral]) -> QuerySet[Referral]:
    """Each referral with what a page shows around it, in one question."""
    waiting = Task.objects.filter(case_id=OuterRef("case_id"), object_id=OuterRef("pk"), done_at__isnull=True).order_by(
        "due_at"
    )
    return rows.annotate(due_at=Subquery(waiting.values("due_at")[:1])).select_related(
        "case", "from_organisation", "to_organisation", "service", "need"
    )


def answered(user: User, since: datetime) -> QuerySet[Referral]:
    """Referrals that the user's organisation sent to services, and that were answered or finished since then."""
    rows: QuerySet[Referral] = policy.visible(user, "see_referral", Referral).filter(kind="service")
    rows = rows.filter(from_organisation_id__in=organisations_of(user)).exclude(
        status__in=("sent", "acknowledged", "withdrawn")
    )
    rows = rows.filter(Q(responded_at__gte=since) | Q(ended_at__gte=since)).select_related(
        "case", "to_organisation", "service"
    )
    return rows.defer("message", "answer").order_by(Greatest("responded_at", "ended_at").desc(), "id")


def default_direction(user: User) -> str:
    """Incoming for those who receive referrals, outgoing for those who only send them."""
    return "in" if policy.may(user, "acknowledge_referral") else "out"


def brought(referral: Referral) -> dict[str, Any]:
    """What came with a referral, no more than was shared: the interview's result, needs and risk.

    A service is told the need it was asked for; the whole assessment goes to whoever takes on the case.
    """
    case = referral.case
    shared = set(referral.sections)
    whole = referral.kind in ("focal", "identification")
    found: dict[str, Any] = {"screening": None, "needs": [], "risk": None}
    if whole and "narrative" in shared:
        found["screening"] = (
            Screening.objects.filter(case=case, completed_at__isnull=False)
            .defer("stated_name", "stated_contact", "notes", "answers")
            .first()
        )
    if "protection" in shared:
        if whole:
            found["needs"] = list(case.needs.filter(status="open"))
        found["risk"] = case.risk_assessments.defer("response").first()
    return found
