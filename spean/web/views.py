"""Pages that belong to no stage: home, language, privacy note, robots."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from spean.access import actions
from spean.access.forms import LanguageForm
from spean.access.models import User
from spean.access.pages import AccessRequest
from spean.web import home


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


@require_safe
def privacy_note(request: HttpRequest) -> HttpResponse:
    return render(request, "web/privacy.html")


@require_safe
@cache_control(max_age=86400, public=True)
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain; charset=utf-8")
