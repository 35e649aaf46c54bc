"""One-time links: an invitation to set up an account, and the sign-in links of a demonstration.

Only the digest of a token is stored. Opening a link changes nothing, so that a preview in a messenger
does not use it up; the button on its page does.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Literal

from django.db import transaction
from django.urls import reverse

from spean import country
from spean.access.models import Installation, Membership, SignInLink, User
from spean.lib import clock
from spean.privacy import events

Purpose = Literal["invite", "demo"]

INVITATION_LASTS = timedelta(days=3)
DEMONSTRATION_LASTS = timedelta(hours=12)


class LinkRefused(Exception):
    """The link cannot be used: unknown, used, expired, or of a kind this installation does not allow."""


def is_demonstration() -> bool:
    """Whether everybody in this installation is invented."""
    return Installation.objects.filter(pk=1, demonstration=True).exists()


def digest(token: str) -> str:
    """What is stored of a token: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue_link(user: User, purpose: Purpose, valid_for: timedelta) -> str:
    """Make a link for the user and return its path. The token is shown this once and stored nowhere."""
    if purpose == "demo" and not is_demonstration():
        raise LinkRefused("demonstration links exist only in a demonstration")
    token = secrets.token_urlsafe(32)
    now = clock.now()
    SignInLink.objects.create(
        token_hash=digest(token), user=user, purpose=purpose, created_at=now, expires_at=now + valid_for
    )
    return reverse("sign_in_link", args=[token])


def find_link(token: str) -> SignInLink:
    """The usable link of a token, or LinkRefused; why it cannot be used is not told apart."""
    link = SignInLink.objects.select_related("user").filter(token_hash=digest(token)).first()
    if link is None or not _usable(link):
        raise LinkRefused
    return link


@transaction.atomic
def use_link(token: str) -> SignInLink:
    """Use a link up. Of two who press the button at once, one gets in."""
    link = SignInLink.objects.select_for_update().filter(token_hash=digest(token)).first()
    if link is None or not _usable(link):
        raise LinkRefused
    link.used_at = clock.now()
    link.save(update_fields=["used_at"])
    events.record("sign_in_link.used", actor=link.user, purpose=link.purpose)
    return link


def withdraw_links(user: User) -> None:
    """Make every open link of the user useless: he was deactivated, or gets a new one."""
    SignInLink.objects.filter(user=user, used_at__isnull=True).update(used_at=clock.now())


def issue_demo_links(language: str = "en") -> list[tuple[str, str, str]]:
    """One fresh link for each role: (title of the role, name of the first user who holds it, path)."""
    now = clock.now()
    rows = []
    seen: set[str] = set()
    memberships = Membership.objects.select_related("user", "organisation").filter(
        user__is_active=True, until_at__isnull=True, from_at__lte=now
    )
    for membership in memberships.order_by("from_at", "id"):
        if membership.role in seen:
            continue
        seen.add(membership.role)
        title = country.pack().role_title(membership.role, language)
        rows.append((title, membership.user.name, issue_link(membership.user, "demo", DEMONSTRATION_LASTS)))
    return rows


def _usable(link: SignInLink) -> bool:
    if link.used_at is not None or link.expires_at <= clock.now() or not link.user.is_active:
        return False
    return link.purpose != "demo" or is_demonstration()
