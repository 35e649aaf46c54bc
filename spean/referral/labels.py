"""Words and colours for the kinds and statuses of a referral."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

KIND: dict[str, str | Promise] = {
    "focal": _("To the focal agency"),
    "service": _("To a service"),
    "identification": _("For formal identification"),
}
STATUS: dict[str, tuple[str | Promise, str]] = {
    "sent": (_("Waiting"), "amber"),
    "acknowledged": (_("Received"), "blue"),
    "accepted": (_("Accepted"), "green"),
    "declined": (_("Declined"), "red"),
    "withdrawn": (_("Withdrawn"), "grey"),
    "completed": (_("Completed"), "green"),
    "ended": (_("Ended early"), "grey"),
}
