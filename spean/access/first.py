"""Administrators that are made at the server's console: the first one or two, and one when there is none left to ask.

Whoever works at the console could write into the database anyway; what he does here at least stands in the log.
See docs/decisions/0020-two-administrators.md.
"""

from django.db import transaction

from spean.access import links, roles
from spean.access.models import Installation, Membership, Organisation, User
from spean.country import pack
from spean.privacy import events


class AlreadySetUp(Exception):
    """Somebody is here already; further administrators are invited on the pages."""


class CannotAdd(Exception):
    """An administrator cannot be made so; the message says why in plain words."""


@transaction.atomic
def set_up(email: str, name: str, organisation: str, second: tuple[str, str] | None = None) -> list[str]:
    """Mark the installation as a real one and invite its first administrators. Returns the paths of one-time links.

    `second` is the e-mail address and name of another one. Without him nobody gets a role that sees cases. The
    installation can never become a demonstration afterwards.
    """
    if User.objects.exists() or Installation.objects.exists():
        raise AlreadySetUp
    Installation.objects.create(country=pack().name, demonstration=False)
    operator = Organisation.objects.create(name=organisation, type="operator")
    return [_administrator(*who, operator) for who in ((email, name), second) if who is not None]


@transaction.atomic
def add_administrator(email: str, name: str) -> str:
    """One more administrator, in the organisation of the first. Returns the path of a one-time link."""
    first = Membership.objects.filter(role=roles.ADMINISTRATOR).order_by("from_at", "id").first()
    if first is None:
        raise CannotAdd("This installation is not set up yet; run: spean setup")
    if User.objects.filter(email__iexact=email.strip()).exists():
        raise CannotAdd("Somebody with this e-mail address is here already.")
    return _administrator(email, name, first.organisation)


def _administrator(email: str, name: str, operator: Organisation) -> str:
    user = User.objects.create_user(email.strip(), name)
    Membership.objects.create(user=user, organisation=operator, role=roles.ADMINISTRATOR)
    # Done by the operator at the server's console: there is nobody who could be named.
    events.record("user.invited", actor=None, obj=user)
    events.record("role.given", actor=None, obj=user, facts={"role": roles.ADMINISTRATOR})
    return links.issue_link(user, "invite", links.INVITATION_LASTS)
