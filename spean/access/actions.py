"""Verbs of administration: organisations, users, roles, sign-in links, sessions. None of them touches a case.

Each asks the policy, changes, and writes its event in one transaction. An administrator opens doors for
others and never for himself: he cannot change his own roles. What leads to case content he only asks for, and
another administrator confirms it (`changes.py`).
"""

from dataclasses import dataclass
from typing import Any

from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.http import Http404
from django.utils.translation import gettext as _

from spean.access import changes, links, policy, roles
from spean.access.changes import Refused
from spean.access.models import AccessChange, Membership, Organisation, User
from spean.lib import clock
from spean.privacy import events

__all__ = ["Asked", "Refused"]


@dataclass(frozen=True)
class Asked:
    """What came of an administrator's wish. With a `change` it waits for another administrator; otherwise it is done.

    `path` is that of a sign-in link, shown once; with a change it opens nothing until confirmed, and then only
    together with the code that the other administrator gets.
    """

    user: User | None = None
    path: str = ""
    change: AccessChange | None = None


@transaction.atomic
def add_organisation(actor: User, **facts: Any) -> Organisation:
    _allow(actor, "manage_organisations")
    organisation = Organisation(**facts)
    _save_checked(organisation)
    events.record("organisation.added", actor=actor, obj=organisation)
    return organisation


@transaction.atomic
def change_organisation(actor: User, organisation: Organisation, **facts: Any) -> Asked:
    """Marks that would let its members see more cases are asked for; the rest holds at once."""
    _allow(actor, "manage_organisations", organisation)
    locked = Organisation.objects.select_for_update().get(pk=organisation.pk)
    changed = [name for name, value in facts.items() if getattr(locked, name) != value]
    duties = [name for name in changed if name in AccessChange.DUTIES and facts[name]]
    if duties and changes.has_guarded_members(locked):
        changed = [name for name in changed if name not in duties]
        if "is_national_focal" in duties and not (locked.is_focal or "is_focal" in duties):
            raise Refused(_("The national focal agency has to be a focal agency."))
    else:
        duties = []
    if changed:
        for name in changed:
            setattr(locked, name, facts[name])
        _save_checked(locked)
        events.record("organisation.changed", actor=actor, obj=locked, fields=changed)
    if not duties:
        return Asked()
    return Asked(change=changes.request_access_change(actor, "organisation_duty", organisation=locked, duties=duties))


@transaction.atomic
def deactivate_organisation(actor: User, organisation: Organisation) -> None:
    """Its members see nothing from their next request on; what they did stays."""
    _allow(actor, "manage_organisations", organisation)
    locked = Organisation.objects.select_for_update().get(pk=organisation.pk)
    if actor.memberships.filter(organisation=locked, until_at__isnull=True).exists():
        raise Refused(_("This is your own organisation. Another administrator has to do this."))
    locked.active = False
    locked.save(update_fields=["active"])
    events.record("organisation.deactivated", actor=actor, obj=locked)


@transaction.atomic
def activate_organisation(actor: User, organisation: Organisation) -> Asked:
    _allow(actor, "manage_organisations", organisation)
    locked = Organisation.objects.select_for_update().get(pk=organisation.pk)
    if changes.has_guarded_members(locked):
        return Asked(change=changes.request_access_change(actor, "activate_organisation", organisation=locked))
    locked.active = True
    locked.save(update_fields=["active"])
    events.record("organisation.activated", actor=actor, obj=locked)
    return Asked()


@transaction.atomic
def invite_user(
    actor: User, *, email: str, name: str, organisation: Organisation, role: str, language: str = "en"
) -> Asked:
    """Make a user, a link for him to choose his password with, and his role, or the request for it."""
    _allow(actor, "manage_users")
    if User.objects.filter(email__iexact=email.strip()).exists():
        raise Refused(_("Somebody with this e-mail address is here already. Add a role to that user instead."))
    user = User.objects.create_user(email=email.strip(), name=name, language=language)
    events.record("user.invited", actor=actor, obj=user)
    if role in roles.GUARDED_ROLES:
        return _ask_for_role(actor, user, organisation, role)
    changes.begin_membership(actor, user, organisation, role)
    return Asked(user, links.issue_link(user, "invite", links.INVITATION_LASTS))


@transaction.atomic
def grant_role(actor: User, user: User, organisation: Organisation, role: str) -> Asked:
    _allow(actor, "manage_users", user)
    _begin_for_other(actor, user)
    if role in roles.GUARDED_ROLES:
        return _ask_for_role(actor, user, organisation, role)
    changes.begin_membership(actor, user, organisation, role)
    return Asked(user)


def _ask_for_role(actor: User, user: User, organisation: Organisation, role: str) -> Asked:
    changes.check_role(user, organisation, role)
    first = not changes.is_guarded(user)
    change = changes.request_access_change(actor, "role", user=user, organisation=organisation, role=role)
    # The first such role begins with a fresh way to sign in, of which this administrator holds one half.
    path = links.issue_link(user, "invite", changes.WAITS_AT_MOST, change=change) if first else ""
    return Asked(user, path, change)


@transaction.atomic
def end_membership(actor: User, membership: Membership) -> None:
    """The role ends now; the row stays, so that it can be told who was what, when."""
    _allow(actor, "manage_users", membership.user)
    locked = Membership.objects.select_for_update().get(pk=membership.pk)
    _begin_for_other(actor, locked.user)
    if locked.until_at is not None:
        raise Refused(_("This role has ended already."))
    locked.until_at = max(clock.now(), locked.from_at)
    locked.save(update_fields=["until_at"])
    events.record(
        "role.ended",
        actor=actor,
        obj=locked.user,
        facts={"role": locked.role, "organisation": str(locked.organisation_id)},
    )


@transaction.atomic
def deactivate_user(actor: User, user: User) -> None:
    """He is signed out everywhere at once and cannot sign in again; his links are useless."""
    _allow(actor, "manage_users", user)
    _begin_for_other(actor, user)
    locked = User.objects.select_for_update().get(pk=user.pk)
    locked.is_active = False
    locked.save(update_fields=["is_active"])
    links.withdraw_links(locked)
    changes.sign_out_everywhere(locked)
    events.record("user.deactivated", actor=actor, obj=locked)


@transaction.atomic
def activate_user(actor: User, user: User) -> Asked:
    _allow(actor, "manage_users", user)
    _begin_for_other(actor, user)
    if changes.is_guarded(user):
        return Asked(user, change=changes.request_access_change(actor, "activate_user", user=user))
    User.objects.filter(pk=user.pk).update(is_active=True)
    events.record("user.activated", actor=actor, obj=user)
    return Asked(user)


@transaction.atomic
def new_sign_in_link(actor: User, user: User) -> Asked:
    """For a forgotten password. The second factor stays: a link alone does not open an account that has one."""
    _allow(actor, "manage_users", user)
    _begin_for_other(actor, user)
    if not user.is_active:
        raise Refused(_("This user is deactivated."))
    if changes.is_guarded(user):
        change = changes.request_access_change(actor, "sign_in_link", user=user)
        return Asked(user, links.issue_link(user, "invite", changes.WAITS_AT_MOST, change=change), change)
    links.withdraw_links(user)
    path = links.issue_link(user, "invite", links.INVITATION_LASTS)
    events.record("sign_in_link.issued", actor=actor, obj=user)
    return Asked(user, path)


@transaction.atomic
def reset_second_factor(actor: User, user: User) -> Asked:
    """For a lost device. Leaves a trace for the auditor, because it weakens an account until the owner sets it up."""
    _allow(actor, "manage_users", user)
    _begin_for_other(actor, user)
    if changes.is_guarded(user):
        return Asked(user, change=changes.request_access_change(actor, "second_factor", user=user))
    changes.reset_second_factor(user)
    events.record("second_factor.reset", actor=actor, obj=user)
    return Asked(user)


@transaction.atomic
def end_session(actor: User, session: UserSession) -> None:
    """Sign one's own other device out."""
    if session.user_id != actor.pk:
        raise Http404
    session.end()
    events.record("user.session_ended", actor=actor, obj=actor)


def change_language(actor: User, language: str) -> None:
    """A preference, not a fact about anybody: no event."""
    User.objects.filter(pk=actor.pk).update(language=language)


def _allow(actor: User, action: str, obj: Model | None = None) -> None:
    if not policy.may(actor, action, obj):
        raise Http404


def _begin_for_other(actor: User, user: User) -> None:
    if actor.pk == user.pk:
        raise Refused(_("You cannot change your own access. Another administrator has to do this."))


def _save_checked(organisation: Organisation) -> None:
    try:
        organisation.full_clean()
    except ValidationError as fault:
        raise Refused(" ".join(fault.messages)) from fault
    organisation.save()
