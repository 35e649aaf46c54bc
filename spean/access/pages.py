"""The gate in front of every page: `page()` makes a URL that names its action.

Sign-in, second factor and role are checked here, once; which object one may see is asked of `policy.find`
inside the view. What one may not do is answered exactly like what does not exist.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from spean.access import policy
from spean.access.models import User
from spean.access.policy import PUBLIC, SIGNED_IN
from spean.privacy import events
from spean.privacy.doors import BudgetSpent

__all__ = ["PUBLIC", "SIGNED_IN", "AccessRequest", "factor_proven_at", "page", "second_factor_given"]

# How this session proved who it is, beyond a password. A demonstration link counts because
# it exists only where every person is invented.
STRONG_METHODS = frozenset({"mfa", "demo"})


class AccessRequest(HttpRequest):
    """A request behind the gate: its user is one of ours. For annotations only."""

    user: User


METHODS = ("GET", "HEAD", "POST")

View = Callable[..., HttpResponseBase]


def second_factor_given(request: HttpRequest) -> bool:
    """Whether this session was opened with a second factor (or a passkey, or a demonstration link)."""
    records = get_authentication_records(request, request.user)
    return any(record.get("method") in STRONG_METHODS for record in records)


def factor_proven_at(request: HttpRequest) -> datetime | None:
    """When this session last showed a second factor: for what asks for a fresh one."""
    records = get_authentication_records(request, request.user)
    moments = [record["at"] for record in records if record.get("method") in STRONG_METHODS]
    return datetime.fromtimestamp(max(moments), UTC) if moments else None


def page(route: str, view: View, *, action: str, name: str, before_second_factor: bool = False) -> URLPattern:
    """A URL pattern whose view is reached only by those to whom the policy grants `action` at all.

    `before_second_factor` is for the pages where the second factor is set up or shown.
    """
    if not policy.known(action):
        raise ValueError(f"{name}: the policy knows no action {action!r}")
    if before_second_factor and action != SIGNED_IN:
        raise ValueError(f"{name}: only pages of one's own account come before the second factor")
    gated = _open(view) if action == PUBLIC else _gate(view, action, name, before_second_factor)
    gated = _spoken(gated)
    gated.action = action  # type: ignore[attr-defined]
    pattern = path(route, gated, name=name)
    pattern.action = action  # type: ignore[attr-defined]
    return pattern


def _spoken(view: View) -> Callable[..., HttpResponseBase]:
    """Browsers read and send, and nothing else: no page repeats a request (TRACE) or says what it could do."""

    @wraps(view)
    def spoken(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        return view(request, *args, **kwargs)

    return spoken


def _open(view: View) -> Callable[..., HttpResponseBase]:
    # Wrapped so that the attribute is ours: a library's view may serve several routes.
    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    return opened


def _gate(view: View, action: str, name: str, before_second_factor: bool) -> Callable[..., HttpResponseBase]:
    @wraps(view)
    def gated(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = request.user
        if not user.is_authenticated or not isinstance(user, User):
            return _to_sign_in(request)
        if before_second_factor:
            return view(request, *args, **kwargs)
        if user.needs_second_factor and not second_factor_given(request):
            if is_mfa_enabled(user):
                return _to_second_factor(request)
            return HttpResponseRedirect(reverse("second_factor_needed"))
        try:
            if not policy.may(user, action):
                raise Http404
            # What is sent may change something, and what allows a change is asked under its lock.
            if request.method not in ("GET", "HEAD"):
                return view(request, *args, **kwargs)
            with policy.one_reading():
                return view(request, *args, **kwargs)
        except BudgetSpent as spent:
            # Whoever may read this person, and too many others, is told so: it is no secret to him.
            return render(request, "web/budget_spent.html", {"standing": spent.standing}, status=429)
        except Http404:
            # What does not exist is written down like what is forbidden: telling them apart here would take time,
            # and that time would tell them apart outside.
            events.record("page.refused", actor=user, facts={"page": name, "id": kwargs.get("pk")})
            raise

    return gated


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    return _with_next(reverse("account_login"), request)


def _to_second_factor(request: HttpRequest) -> HttpResponse:
    return _with_next(reverse("mfa_reauthenticate"), request)


def _with_next(url: str, request: HttpRequest) -> HttpResponse:
    # Only a reading request can be taken up again where it stopped.
    if request.method in ("GET", "HEAD") and request.path != "/":
        url = f"{url}?{urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})}"
    return HttpResponseRedirect(url)
