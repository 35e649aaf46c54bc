"""How django-allauth is bent to our rules: no sign-up, no mail, limits that lock nobody out, sealed secrets.

The rules themselves (idle time, who needs a second factor) stand in `middleware.py` and `models.py`.
"""

import base64
import hashlib
import hmac
import ipaddress
import secrets
from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from spean.access.models import User
from spean.access.proofs import shown
from spean.privacy import events

PRODUCT = "Spean"


def _key(purpose: str) -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), f"spean.access.{purpose}".encode(), hashlib.sha256).digest()


def pseudonym(address: str) -> str:
    """A stand-in for a network address: equal for equal networks, unreadable without the secret key.

    Limits and the device list need to tell networks apart, not to know them; the address itself
    is never stored. The result has the form of a private IPv6 network because the tables ask for an address.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        network = address
    else:
        prefix = 64 if parsed.version == 6 else 32
        network = str(ipaddress.ip_network(f"{parsed}/{prefix}", strict=False).network_address)
    digest = hmac.new(_key("address"), network.encode(), hashlib.sha256).digest()
    return str(ipaddress.IPv6Address(b"\xfd" + digest[:7] + bytes(8)))


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in with e-mail address and password, for accounts that an administrator made."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail address or the password is not right. Check both and try again."),
        "too_many_login_attempts": _("Too many attempts. Wait five minutes and try again."),
        "incorrect_password": _("The password is not right."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing is mailed: a message about an account would tell whoever reads the mailbox where somebody works."""

    def get_client_ip(self, request: HttpRequest) -> str:
        return pseudonym(super().get_client_ip(request))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # Account *and* network: a stranger who guesses elsewhere cannot lock the owner out.
        login = str(credentials.get("email", "")).strip().lower()
        return f"{self.get_client_ip(request)}:{login}"

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        events.record("user.refused", actor=None, purpose="password")

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        if code == "too_many_login_attempts":  # of passwords and of codes alike
            events.record("user.refused", actor=None, purpose="too_many")
        return super().validation_error(code, *args)

    def reauthenticate(self, user: AbstractBaseUser, password: str) -> bool:
        found = self.authenticate(self.request, email=user.get_username(), password=password)
        return found is not None and found.pk == user.pk

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """Our own pages say what happened; allauth's notices ("Successfully signed in as …") would name the user."""
        if kwargs.get("message"):
            super().add_message(request, level, *args, **kwargs)

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        super().login(request, user)
        events.record("user.signed_in", actor=user, facts={"shown": shown(request, cast(User, user))})


class MFAAdapter(DefaultMFAAdapter):
    """Second factors: secrets are sealed in the database, and the product has one name on every device."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("The code is not right, or it was used already. Wait for the next code and try again."),
        "cannot_delete_authenticator": _("Your role needs a second step. Add another one before you remove this one."),
    }

    def get_totp_issuer(self) -> str:
        return PRODUCT

    def _get_site_name(self) -> str:
        return PRODUCT

    def encrypt(self, text: str) -> str:
        nonce = secrets.token_bytes(12)
        return base64.b64encode(nonce + AESGCM(_key("second_factor")).encrypt(nonce, text.encode(), b"1")).decode()

    def decrypt(self, encrypted_text: str) -> str:
        raw = base64.b64decode(encrypted_text)
        return AESGCM(_key("second_factor")).decrypt(raw[:12], raw[12:], b"1").decode()

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """The last factor of somebody whose role needs one stays."""
        others = type(authenticator).objects.filter(user_id=authenticator.user_id).exclude(pk=authenticator.pk)
        others = others.exclude(type=authenticator.Type.RECOVERY_CODES)
        return others.exists() or not authenticator.user.needs_second_factor
