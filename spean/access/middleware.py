"""What holds for every request of a signed-in user: how long a session lasts, his language, and that nothing stays
behind in a browser.

Who may open which page is decided in `pages.py`, not here.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import translation
from django.utils.cache import patch_cache_control

from spean.access.models import User
from spean.access.roles import FIRST_RESPONDER
from spean.lib import clock

GetResponse = Callable[[HttpRequest], HttpResponse]

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
LONGEST_IN_THE_FIELD = timedelta(hours=8)
# Written at most once a minute, so that reading a page does not cost a write.
NOTE_EVERY = timedelta(minutes=1)

STARTED = "spean_started"
SEEN = "spean_seen"

PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer",
        "microphone", "midi", "payment", "screen-wake-lock", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip


BROWSERS = (
    ("Edg/", "Edge"), ("SamsungBrowser", "Samsung Internet"), ("OPR/", "Opera"), ("Firefox", "Firefox"),
    ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


def device(told: str) -> str:
    """A browser and its system in two words. What it says of itself beyond that could tell one phone from all others."""
    browser = next((name for sign, name in BROWSERS if sign in told), "")
    system = next((name for sign, name in SYSTEMS if sign in told), "")
    return ", ".join(part for part in (browser, system) if part)


def longest(user: User) -> timedelta:
    """How long a session may last at most: shorter for those who carry it on a phone in the street."""
    return LONGEST_IN_THE_FIELD if FIRST_RESPONDER in user.roles else LONGEST


def expired(user: User, started: datetime, seen: datetime, now: datetime) -> bool:
    """Whether a session has ended by idling, or by lasting too long. A clock set back ends it too."""
    ahead = max(started, seen) > now + NOTE_EVERY
    return now - seen > IDLE or now - started > longest(user) or ahead


class SessionLimits:
    """Ends a session that idled or lasted too long; the next page is the sign-in page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if isinstance(user, User) and user.is_authenticated:
            now = clock.now()
            started = _moment(request, STARTED) or now
            seen = _moment(request, SEEN) or now
            if not user.is_active or expired(user, started, seen, now):
                logout(request)
                return HttpResponseRedirect(f"{resolve_url('account_login')}?ended=1")
            if SEEN not in request.session or now - seen >= NOTE_EVERY:
                request.session[STARTED] = started.isoformat()
                request.session[SEEN] = now.isoformat()
        return self.get_response(request)


class UserLanguage:
    """A signed-in user reads his own language, on whichever device."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if isinstance(user, User) and user.is_authenticated and user.language:
            translation.activate(user.language)
            request.LANGUAGE_CODE = translation.get_language() or user.language
        return self.get_response(request)


class PrivateResponses:
    """No page of a signed-in user is kept by a browser or a proxy; no page may use the device's sensors."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # What is kept of a device, in the list of devices, is what its owner needs to know it again.
        request.META["HTTP_USER_AGENT"] = device(request.META.get("HTTP_USER_AGENT", ""))
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("X-Robots-Tag", "noindex, nofollow, noarchive")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if "Cache-Control" not in response.headers:
            patch_cache_control(response, no_store=True, private=True)
        return response


def _moment(request: HttpRequest, key: str) -> datetime | None:
    try:
        return datetime.fromisoformat(request.session[key])
    except (KeyError, TypeError, ValueError):
        return None
