"""One-time links: an invitation to set up an account, and the sign-in links of a demonstration.

Where two administrators let somebody in, one holds the link and the other the code: neither opens anything alone.

Only the digest of a token is stored. Opening a link changes nothing, so that a preview in a messenger
does not use it up; the button on its page does.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Literal

from django.db import transaction
from django.urls import reverse

from spean import country
from spean.access.models import AccessChange, Installation, Membership, SignInLink, User
from spean.lib import clock
from spean.lib.identifiers import ALPHABET, READ_AS
from spean.privacy import events

Purpose = Literal["invite", "demo"]

INVITATION_LASTS = timedelta(days=3)
DEMONSTRATION_LASTS = timedelta(hours=12)
CODE_LENGTH = 8
# Whoever holds the link may mistype the code, not guess it.
WRONG_CODES = 5


class LinkRefused(Exception):
    """The link cannot be used: unknown, used, expired, or of a kind this installation does not allow."""


def is_demonstration() -> bool:
    """Whether everybody in this installation is invented."""
    return Installation.objects.filter(pk=1, demonstration=True).exists()


def digest(token: str) -> str:
    """What is stored of a token: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue_link(user: User, purpose: Purpose, valid_for: timedelta, *, change: AccessChange | None = None) -> str:
    """Make a link for the user and return its path. The token is shown this once and stored nowhere.

    With a `change`, the link opens nothing until that is confirmed and asks for the code shown then.
    """
    if purpose == "demo" and not is_demonstration():
        raise LinkRefused("demonstration links exist only in a demonstration")
    token = secrets.token_urlsafe(32)
    now = clock.now()
    SignInLink.objects.create(
        token_hash=digest(token), user=user, purpose=purpose, created_at=now, expires_at=now + valid_for, change=change
    )
    return reverse("sign_in_link", args=[token])


def give_code(change: AccessChange) -> str:
    """The code of the link that hangs on a confirmed change, shown this once; "" where there is no such link.

    The link lasts from now on: it opened nothing while it waited.
    """
    letters = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    waiting = SignInLink.objects.filter(change=change, used_at__isnull=True)
    if not waiting.update(code_hash=digest(letters), expires_at=clock.now() + INVITATION_LASTS):
        return ""
    return f"{letters[:4]}-{letters[4:]}"


@transaction.atomic
def is_code_right(token: str, typed: str) -> bool:
    """Whether this is the code of the link. After the fifth wrong one the link is useless."""
    link = SignInLink.objects.select_for_update().filter(token_hash=digest(token)).first()
    if link is None or not _usable(link):
        return False
    if _fits(link, typed):
        return True
    link.wrong_codes += 1
    if link.wrong_codes >= WRONG_CODES:
        link.used_at = clock.now()
        events.record("sign_in_link.code_refused", actor=None, obj=link.user)
    link.save(update_fields=["wrong_codes", "used_at"])
    return False


def _fits(link: SignInLink, typed: str) -> bool:
    if link.change_id is None:
        return True
    letters = "".join(typed.upper().split()).replace("-", "").translate(READ_AS)
    return hmac.compare_digest(digest(letters), link.code_hash)


def find_link(token: str) -> SignInLink:
    """The usable link of a token, or LinkRefused; why it cannot be used is not told apart."""
    link = SignInLink.objects.select_related("user").filter(token_hash=digest(token)).first()
    if link is None or not _usable(link):
        raise LinkRefused
    return link


@transaction.atomic
def use_link(token: str, code: str = "") -> SignInLink:
    """Use a link up. Of two who press the button at once, one gets in."""
    link = SignInLink.objects.select_for_update().filter(token_hash=digest(token)).first()
    if link is None or not _usable(link) or not _fits(link, code):
        raise LinkRefused
    link.used_at = clock.now()
    link.save(update_fields=["used_at"])
    events.record("sign_in_link.used", actor=link.user, purpose=link.purpose)
    return link


def withdraw_links(user: User, *, but: AccessChange | None = None) -> None:
    """Make every open link of the user useless, `but` the one of this change: he was deactivated, or gets a new one."""
    rows = SignInLink.objects.filter(user=user, used_at__isnull=True)
    if but is not None:
        rows = rows.exclude(change=but)
    rows.update(used_at=clock.now())


def issue_demo_links(language: str = "en") -> list[tuple[str, str, str]]:
    """One fresh link for each role: (title of the role, name of the first user who holds it, path).

    And one for each role at the national registry, which sees more than the same role elsewhere.
    """
    now = clock.now()
    rows = []
    seen: set[tuple[str, bool]] = set()
    memberships = Membership.objects.select_related("user", "organisation").filter(
        user__is_active=True, until_at__isnull=True, from_at__lte=now
    )
    for membership in memberships.order_by("from_at", "id"):
        organisation = membership.organisation
        if (membership.role, organisation.is_national_focal) in seen:
            continue
        seen.add((membership.role, organisation.is_national_focal))
        title = country.pack().role_title(membership.role, language)
        if organisation.is_national_focal:
            title = f"{title}, {organisation.name}"
        rows.append((title, membership.user.name, issue_link(membership.user, "demo", DEMONSTRATION_LASTS)))
    return rows


def _usable(link: SignInLink) -> bool:
    if link.used_at is not None or link.expires_at <= clock.now() or not link.user.is_active:
        return False
    if link.change_id is not None and not link.code_hash:
        return False  # waits for another administrator
    return link.purpose != "demo" or is_demonstration()
