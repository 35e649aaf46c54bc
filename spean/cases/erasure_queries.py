"""What the home page reads of erasure: what waits for a second officer, and what was kept long enough."""

from django.db.models import Q

from spean.access import policy
from spean.access.models import User
from spean.cases.erasure import retention
from spean.cases.models import Case
from spean.lib import clock
from spean.privacy.models import Erasure

SHOWN = 25


def waiting(user: User) -> list[Erasure]:
    """Requests that this user may decide on: not his own, and not of his own organisation."""
    own = [membership.organisation_id for membership in user.memberships_now()]
    rows = policy.visible_where(user, "confirm_erasure", Erasure, Q(status="requested"))
    rows = rows.exclude(requested_by=user).exclude(organisation__in=own)
    return list(rows.select_related("case", "organisation").order_by("requested_at")[:SHOWN])


def kept_long_enough(user: User) -> list[Case]:
    """Closed cases of this user whose time is over and that nobody asked to erase."""
    over = Q(status="closed", closed_at__lte=clock.now() - retention(), erased_at__isnull=True)
    rows = policy.visible_where(user, "request_erasure", Case, over)
    return list(rows.exclude(erasures__status="requested").order_by("closed_at")[:SHOWN])
