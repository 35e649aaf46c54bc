"""Pages that belong to no stage: home, language, privacy note, robots."""

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from spean.access import actions
from spean.access.forms import LanguageForm
from spean.access.models import User
from spean.access.pages import AccessRequest
from spean.privacy import events
from spean.web import home
from spean.web.templatetags.spean_ui import EXIT_URL


@require_safe
def home_page(request: AccessRequest) -> HttpResponse:
    return render(request, "web/home.html", {"day": home.day(request.user)})


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language: on the account of whoever is signed in, and on this device for the sign-in page."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = reverse("home")
    response = HttpResponseRedirect(back)
    form = LanguageForm(request.POST)
    if form.is_valid():
        language = form.cleaned_data["language"]
        user = request.user
        if isinstance(user, User) and user.is_authenticated:
            actions.change_language(user, language)
        translation.activate(language)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 24 * 3600,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
    return response


@csrf_exempt
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Quick exit: sign out, have the browser forget what it kept of our pages, and lead to an unrelated one.

    Without a token, so that it works from a page that was open for hours. What another site sends here changes nothing.
    """
    page = format_html(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>…</title><a href="{}" rel="noreferrer">…</a></html>',
        EXIT_URL,
    )
    response = HttpResponse(page, headers={"Refresh": f"0; url={EXIT_URL}", "Referrer-Policy": "no-referrer"})
    if request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none"):
        user = request.user
        if isinstance(user, User) and user.is_authenticated:
            events.record("user.signed_out", actor=user)
            logout(request)
        # Not "storage": our pages keep nothing there, and sealed reports of the app for phones may wait in it.
        response.headers["Clear-Site-Data"] = '"cache", "cookies"'
    return response


@require_safe
def privacy_note(request: HttpRequest) -> HttpResponse:
    return render(request, "web/privacy.html")


@require_safe
@cache_control(max_age=86400, public=True)
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain; charset=utf-8")
