"""Access that takes two administrators: one asks, another one confirms, and only then it holds.

Every role that sees cases, every administrator, every new way to sign in for somebody who holds such a role, and
every mark that lets an organisation with such members see more. Narrowing access takes one administrator, in
`actions.py`. See docs/decisions/0020-two-administrators.md.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from spean.access import links, roles
from spean.access.models import AccessChange, Membership, Organisation, SignInLink, User
from spean.lib import clock
from spean.privacy import events
from spean.workflow.engine import CannotDo, perform, requirement

# What nobody confirmed by then has to be asked for again.
WAITS_AT_MOST = timedelta(days=14)


class Refused(CannotDo):
    """What was asked cannot be done; the message says why in plain words and is shown as it stands."""

    def __init__(self, message: str) -> None:
        super().__init__([message])


def is_guarded(user: User) -> bool:
    """Whether the user holds, or waits for, a role that one administrator alone must not give."""
    held = user.memberships.filter(until_at__isnull=True, role__in=roles.GUARDED_ROLES).exists()
    return held or waiting().filter(user=user, kind="role").exists()


def has_guarded_members(organisation: Organisation) -> bool:
    return organisation.memberships.filter(until_at__isnull=True, role__in=roles.GUARDED_ROLES).exists()


def waiting() -> QuerySet[AccessChange]:
    """Changes that can still be confirmed."""
    return AccessChange.objects.filter(status="requested", requested_at__gt=clock.now() - WAITS_AT_MOST)


def request_access_change(
    actor: User,
    kind: str,
    *,
    user: User | None = None,
    organisation: Organisation | None = None,
    role: str = "",
    duties: Sequence[str] = (),
) -> AccessChange:
    """Ask for access that another administrator has to confirm. Nothing changes yet."""
    same = waiting().filter(kind=kind, user=user, organisation=organisation, role=role, duties=sorted(duties))
    if same.exists():
        raise Refused(_("This waits for another administrator already."))
    change = AccessChange(
        kind=kind, user=user, organisation=organisation, role=role, duties=sorted(duties), requested_by=actor,
        requested_at=clock.now(),
    )  # fmt: skip
    with perform("request_access_change", change, actor) as step:
        step.facts.update(_facts(change))
    return change


def confirm_access_change(
    actor: User, change: AccessChange, *, version: int | None = None, once: UUID | None = None
) -> str:
    """Let a change hold that another administrator asked for.

    Returns the code that goes with the sign-in link which the other one holds; "" where there is no link.
    """
    with perform("confirm_access_change", change, actor, version=version, once=once) as step:
        decided: AccessChange = step.obj
        decided.decided_at, decided.decided_by = clock.now(), actor
        step.facts.update(_facts(decided))
        return _EFFECTS[decided.kind](actor, decided)


def reject_access_change(
    actor: User, change: AccessChange, *, version: int | None = None, once: UUID | None = None
) -> None:
    with perform("reject_access_change", change, actor, version=version, once=once) as step:
        _close(actor, step.obj)
        step.facts.update(_facts(step.obj))


def withdraw_access_change(
    actor: User, change: AccessChange, *, version: int | None = None, once: UUID | None = None
) -> None:
    with perform("withdraw_access_change", change, actor, version=version, once=once) as step:
        _close(actor, step.obj)
        step.facts.update(_facts(step.obj))


def _close(actor: User, change: AccessChange) -> None:
    change.decided_at, change.decided_by = clock.now(), actor
    SignInLink.objects.filter(change=change, used_at__isnull=True).update(used_at=clock.now())


def _facts(change: AccessChange) -> dict[str, Any]:
    """Whom and what it is about, as the log takes it."""
    facts = {
        "kind": change.kind, "user": change.user_id, "organisation": change.organisation_id, "role": change.role,
        "duties": change.duties, "requested_by": change.requested_by_id,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value}


@requirement("access_change_stands")
def _access_change_stands(change: AccessChange, actor: User, facts: Mapping[str, Any]) -> list[str]:
    failures = []
    if change.requested_at <= clock.now() - WAITS_AT_MOST:
        failures.append(_("This request is older than fourteen days. It has to be made again."))
    if roles.ADMINISTRATOR not in change.requested_by.roles:
        failures.append(_("Whoever asked for this is no administrator any more. It has to be asked for again."))
    if change.user is not None and change.kind != "activate_user" and not change.user.is_active:
        failures.append(_("This user is deactivated."))
    return failures


# --- what holds once a change is confirmed --------------------------------------------------------------------


def _role(actor: User, change: AccessChange) -> str:
    assert change.user is not None
    assert change.organisation is not None
    held = change.user.memberships.filter(until_at__isnull=True, role__in=roles.GUARDED_ROLES).exists()
    begin_membership(actor, change.user, change.organisation, change.role, requested_by=change.requested_by)
    if held:
        return ""
    # Until now one administrator alone could let somebody into this account. Whoever that was is out: the link and
    # the code, from two hands, are the only way in.
    change.user.set_unusable_password()
    change.user.save(update_fields=["password"])
    Authenticator.objects.filter(user=change.user).delete()
    sign_out_everywhere(change.user)
    links.withdraw_links(change.user, but=change)
    return links.give_code(change)


def _sign_in_link(actor: User, change: AccessChange) -> str:
    assert change.user is not None
    links.withdraw_links(change.user, but=change)
    events.record("sign_in_link.issued", actor=actor, obj=change.user, facts=_by(change))
    return links.give_code(change)


def _second_factor(actor: User, change: AccessChange) -> str:
    assert change.user is not None
    reset_second_factor(change.user)
    events.record("second_factor.reset", actor=actor, obj=change.user, facts=_by(change))
    return ""


def _activate_user(actor: User, change: AccessChange) -> str:
    assert change.user is not None
    User.objects.filter(pk=change.user.pk).update(is_active=True)
    events.record("user.activated", actor=actor, obj=change.user, facts=_by(change))
    return ""


def _activate_organisation(actor: User, change: AccessChange) -> str:
    assert change.organisation is not None
    Organisation.objects.filter(pk=change.organisation.pk).update(active=True)
    events.record("organisation.activated", actor=actor, obj=change.organisation, facts=_by(change))
    return ""


def _organisation_duty(actor: User, change: AccessChange) -> str:
    assert change.organisation is not None
    Organisation.objects.filter(pk=change.organisation.pk).update(**dict.fromkeys(change.duties, True))
    events.record("organisation.changed", actor=actor, obj=change.organisation, fields=change.duties, facts=_by(change))
    return ""


_EFFECTS = {
    "role": _role,
    "sign_in_link": _sign_in_link,
    "second_factor": _second_factor,
    "activate_user": _activate_user,
    "activate_organisation": _activate_organisation,
    "organisation_duty": _organisation_duty,
}


def _by(change: AccessChange) -> dict[str, Any]:
    return {"requested_by": change.requested_by_id}


def check_role(user: User, organisation: Organisation, role: str) -> None:
    """Refuse a role that this user cannot hold there, whoever gives it."""
    if role not in roles.ALL:
        raise Refused(_("There is no such role."))
    if not organisation.active:
        raise Refused(_("This organisation is deactivated."))
    # Whoever runs the system does not also read cases: the two are never one person.
    held = set(user.memberships.filter(until_at__isnull=True).values_list("role", flat=True)) | {role}
    if roles.ADMINISTRATOR in held and held & roles.CONTENT_ROLES:
        raise Refused(_("An administrator cannot also hold a role that sees cases."))
    if user.memberships.filter(organisation=organisation, role=role, until_at__isnull=True).exists():
        raise Refused(_("The user has this role already."))


def begin_membership(
    actor: User, user: User, organisation: Organisation, role: str, *, requested_by: User | None = None
) -> Membership:
    # Locked, so that of two roles which exclude one another only one begins.
    User.objects.select_for_update().get(pk=user.pk)
    check_role(user, organisation, role)
    membership = Membership.objects.create(user=user, organisation=organisation, role=role, from_at=clock.now())
    facts: dict[str, Any] = {"role": role, "organisation": organisation.pk}
    if requested_by is not None:
        facts["requested_by"] = requested_by.pk
    events.record("role.given", actor=actor, obj=user, facts=facts)
    return membership


def reset_second_factor(user: User) -> None:
    Authenticator.objects.filter(user=user).delete()
    sign_out_everywhere(user)


def sign_out_everywhere(user: User) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()
