"""What the pages of exports read: lists, and the cases a user may put on one."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from spean.access import policy
from spean.access.models import User
from spean.cases.models import Case
from spean.exchange.actions import LASTS
from spean.exchange.models import Export
from spean.lib import clock
from spean.lib.identifiers import check_code

STATUS: dict[str, tuple[str | Promise, str]] = {
    "requested": (_("Asked for"), "amber"),
    "approved": (_("Approved"), "blue"),
    "made": (_("Handed out"), "green"),
    "rejected": (_("Rejected"), "red"),
    "withdrawn": (_("Taken back"), "grey"),
}
MARKS: dict[str, str | Promise] = {
    "number": _("its number stands in it"),
    "canary": _("its invented person stands in it"),
    "order": _("the rows stand in its order"),
}


def listed(user: User) -> QuerySet[Export]:
    return policy.visible(user, "see_export", Export).select_related("recipient", "organisation", "requested_by")


def waiting_for(user: User) -> QuerySet[Export]:
    """Exports of colleagues that this user could approve."""
    waits = Q(status="requested", requested_at__gt=clock.now() - LASTS)
    rows = policy.visible_where(user, "approve_export", Export, waits)
    return rows.select_related("recipient").order_by("requested_at", "id")


def exportable(user: User) -> QuerySet[Case]:
    return policy.visible(user, "export_case", Case).filter(person__isnull=False)


def cases_of(user: User, typed: Iterable[str]) -> tuple[list[Case], list[str]]:
    """The cases of these codes, and the codes for which there is none that the user may export."""
    wanted: dict[str, str] = {}
    unknown = []
    for text in typed:
        try:
            wanted[check_code(text)] = text
        except ValueError:
            unknown.append(text)
    found = {case.code: case for case in exportable(user).filter(code__in=wanted).select_related("person")}
    unknown += [text for code, text in wanted.items() if code not in found]
    return list(found.values()), unknown
