"""The first administrator of a real installation: made once, on the server, before anybody can sign in."""

from django.db import transaction

from spean.access import links, roles
from spean.access.models import Installation, Membership, Organisation, User
from spean.country import pack
from spean.privacy import events


class AlreadySetUp(Exception):
    """Somebody is here already; further administrators are invited on the pages."""


@transaction.atomic
def set_up(email: str, name: str, organisation: str) -> str:
    """Mark the installation as a real one and invite its first administrator. Returns the path of the one-time link.

    The installation can never become a demonstration afterwards.
    """
    if User.objects.exists() or Installation.objects.exists():
        raise AlreadySetUp
    Installation.objects.create(country=pack().name, demonstration=False)
    operator = Organisation.objects.create(name=organisation, type="operator")
    user = User.objects.create_user(email, name)
    Membership.objects.create(user=user, organisation=operator, role=roles.ADMINISTRATOR)
    # Done by the operator at the server's console: there is nobody yet who could be named.
    events.record("user.invited", actor=None, obj=user)
    events.record("role.given", actor=None, obj=user, facts={"role": roles.ADMINISTRATOR})
    return links.issue_link(user, "invite", links.INVITATION_LASTS)
