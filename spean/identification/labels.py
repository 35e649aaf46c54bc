"""Words and colours of formal identification that no country pack names: findings, states, and what follows."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FINDING: dict[str, str | Promise] = {
    "established": _("Established"),
    "not_established": _("Not established"),
    "not_required": _("Not required, because the person is, or may be, under 18"),
    "not_known": _("Not known"),
}
FINDING_COLOUR = {"established": "deep", "not_established": "grey", "not_required": "blue", "not_known": "amber"}

ELEMENT: dict[str, str | Promise] = {"act": _("Act"), "means": _("Means"), "purpose": _("Purpose")}
PART: dict[str, str | Promise] = {
    "act": _("Act: what was done"),
    "means": _("Means: how it was done"),
    "purpose": _("Purpose: what it was done for"),
    "outcome": _("Evidence and outcome"),
}
ASKS: dict[str, str | Promise] = {
    "act": _("What was done: was the person recruited, transported, transferred, harboured or received?"),
    "means": _("How it was done: by force, threat, deception, abuse of power or of a hard situation, or payment?"),
    "purpose": _("What it was done for: was the person to be exploited?"),
}

STATUS: dict[str, tuple[str | Promise, str]] = {
    "opened": (_("Being prepared"), "blue"),
    "proposed": (_("Waits for a second officer"), "amber"),
    "confirmed": (_("Decided, person not told yet"), "amber"),
    "informed": (_("Decided, person told"), "green"),
    "review_requested": (_("Review asked for"), "amber"),
    "reviewed": (_("Reviewed: a later decision stands"), "grey"),
}
OUTCOME_COLOUR = {
    "identified": "deep",
    "exploited_not_identified": "amber",
    "not_identified": "grey",
    "more_information": "blue",
}
# What follows for the person, in words that officers and the person herself can read.
FOLLOWS: dict[str, str | Promise] = {
    "identified": _(
        "The person has all rights of a victim of trafficking. Help goes on and is planned with the person."
    ),
    "exploited_not_identified": _(
        "The person was exploited, and can get help for that: health care, advice, help to claim wages and to return "
        "safely. The case stays with the focal agency, which plans this help with the person. The person can ask for a "
        "review, and nobody may be treated worse for asking."
    ),
    "not_identified": _(
        "The person can ask for a review, and nobody may be treated worse for asking. Help that the person needs goes on."
    ),
    "more_information": _(
        "Nothing is decided against the person. A new decision is made when more is known, and until then the person "
        "is helped as a presumed victim."
    ),
}
