"""The name of a person as a page shows it after it was asked for: through the door, labelled, in reading order."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from spean.access import policy
from spean.access.models import User
from spean.people.models import Person
from spean.privacy import doors

LABELS: dict[str, str | Promise] = {
    "family_name": _("Family name"),
    "given_name": _("Given name"),
    "name_km": _("Name in Khmer or own script"),
    "other_names": _("Other names"),
    "birth_date": _("Date of birth"),
    "document_number": _("Document number"),
    "mother_name": _("Mother’s name"),
    "father_name": _("Father’s name"),
    "phone": _("Telephone"),
    "address": _("Address"),
}
SHOWN = tuple(LABELS)
IDENTITY = SHOWN[:8]


def named(user: User, person: Person, purpose: str) -> list[tuple[str, str]]:
    """What this user may open of the person's identity and contact, with labels; the opening is logged.

    Contact is left out where only the identity is for this user. Where the person is stands never beside the name:
    it has a button of its own (`where`), so that whoever only needed the name did not open it.
    """
    fields = [*IDENTITY]
    if policy.may_reveal(user, person, "contact"):
        fields.append("phone")
    opened = doors.reveal(user, [person], fields, purpose)[person.pk]
    if opened.erased:
        return [(_now("Name"), _now("Erased"))]
    return [(str(LABELS[name]), opened[name] or "") for name in fields if opened[name]]


def where(user: User, person: Person, purpose: str) -> str:
    """Where the person can safely be reached; empty where nobody wrote it down. The opening is logged."""
    opened = doors.reveal(user, [person], ["address"], purpose)[person.pk]
    return _now("Erased") if opened.erased else opened["address"] or ""
