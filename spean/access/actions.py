"""Verbs of administration: organisations, users, roles, sign-in links, sessions. None of them touches a case.

Each asks the policy, changes, and writes its event in one transaction. An administrator opens doors for
others and never for himself: he cannot change his own roles.
"""

from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.http import Http404
from django.utils.translation import gettext as _

from spean.access import links, policy, roles
from spean.access.models import Membership, Organisation, User
from spean.lib import clock
from spean.privacy import events


class Refused(Exception):
    """What was asked cannot be done; the message says why in plain words and is shown as it stands."""


@dataclass(frozen=True)
class Invitation:
    """A user and the path of the link that lets him in. The path is shown once."""

    user: User
    path: str


@transaction.atomic
def add_organisation(actor: User, **facts: Any) -> Organisation:
    _allow(actor, "manage_organisations")
    organisation = Organisation(**facts)
    _save_checked(organisation)
    events.record("organisation.added", actor=actor, obj=organisation)
    return organisation


@transaction.atomic
def change_organisation(actor: User, organisation: Organisation, **facts: Any) -> Organisation:
    _allow(actor, "manage_organisations", organisation)
    locked = Organisation.objects.select_for_update().get(pk=organisation.pk)
    changed = [name for name, value in facts.items() if getattr(locked, name) != value]
    if not changed:
        return locked
    for name in changed:
        setattr(locked, name, facts[name])
    _save_checked(locked)
    events.record("organisation.changed", actor=actor, obj=locked, fields=changed)
    return locked


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
def activate_organisation(actor: User, organisation: Organisation) -> None:
    _allow(actor, "manage_organisations", organisation)
    locked = Organisation.objects.select_for_update().get(pk=organisation.pk)
    locked.active = True
    locked.save(update_fields=["active"])
    events.record("organisation.activated", actor=actor, obj=locked)


@transaction.atomic
def invite_user(
    actor: User, *, email: str, name: str, organisation: Organisation, role: str, language: str = "en"
) -> Invitation:
    """Make a user with one role and a link for him to choose his password with."""
    _allow(actor, "manage_users")
    if User.objects.filter(email__iexact=email.strip()).exists():
        raise Refused(_("Somebody with this e-mail address is here already. Add a role to that user instead."))
    user = User.objects.create_user(email=email.strip(), name=name, language=language)
    events.record("user.invited", actor=actor, obj=user)
    _begin_membership(actor, user, organisation, role)
    return Invitation(user, links.issue_link(user, "invite", links.INVITATION_LASTS))


@transaction.atomic
def grant_role(actor: User, user: User, organisation: Organisation, role: str) -> Membership:
    _allow(actor, "manage_users", user)
    _begin_for_other(actor, user)
    return _begin_membership(actor, user, organisation, role)


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
    for session in UserSession.objects.filter(user=locked):
        session.end()
    events.record("user.deactivated", actor=actor, obj=locked)


@transaction.atomic
def activate_user(actor: User, user: User) -> None:
    _allow(actor, "manage_users", user)
    _begin_for_other(actor, user)
    User.objects.filter(pk=user.pk).update(is_active=True)
    events.record("user.activated", actor=actor, obj=user)


@transaction.atomic
def new_sign_in_link(actor: User, user: User) -> str:
    """For a forgotten password. The second factor stays: a link alone does not open an account that has one."""
    _allow(actor, "manage_users", user)
    _begin_for_other(actor, user)
    if not user.is_active:
        raise Refused(_("This user is deactivated."))
    links.withdraw_links(user)
    path = links.issue_link(user, "invite", links.INVITATION_LASTS)
    events.record("sign_in_link.issued", actor=actor, obj=user)
    return path


@transaction.atomic
def reset_second_factor(actor: User, user: User) -> None:
    """For a lost device. Leaves a trace for the auditor, because it weakens an account until the owner sets it up."""
    _allow(actor, "manage_users", user)
    _begin_for_other(actor, user)
    Authenticator.objects.filter(user=user).delete()
    for session in UserSession.objects.filter(user=user):
        session.end()
    events.record("second_factor.reset", actor=actor, obj=user)


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


def _begin_membership(actor: User, user: User, organisation: Organisation, role: str) -> Membership:
    if role not in roles.ALL:
        raise Refused(_("There is no such role."))
    if not organisation.active:
        raise Refused(_("This organisation is deactivated."))
    now = clock.now()
    # Whoever runs the system does not also read cases: the two are never one person.
    held = set(user.memberships.filter(until_at__isnull=True).values_list("role", flat=True)) | {role}
    if roles.ADMINISTRATOR in held and held & roles.CONTENT_ROLES:
        raise Refused(_("An administrator cannot also hold a role that sees cases."))
    if user.memberships.filter(organisation=organisation, role=role, until_at__isnull=True).exists():
        raise Refused(_("The user has this role already."))
    membership = Membership.objects.create(user=user, organisation=organisation, role=role, from_at=now)
    events.record("role.given", actor=actor, obj=user, facts={"role": role, "organisation": str(organisation.pk)})
    return membership


def _save_checked(organisation: Organisation) -> None:
    try:
        organisation.full_clean()
    except ValidationError as fault:
        raise Refused(" ".join(fault.messages)) from fault
    organisation.save()
