"""Pages of sign-in and of one's own account: links, second factor, devices, language.

Most are django-allauth's own views under our gate, templates and events. Administration is in `administration.py`.
"""

from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import get_authentication_records, perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.views import LoginView, LogoutView, PasswordChangeView
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.utils import is_mfa_enabled
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from spean import country
from spean.access import actions, links, policy
from spean.access.forms import ChoosePasswordForm, LanguageForm
from spean.access.models import SignInLink, User
from spean.access.pages import AccessRequest, second_factor_given
from spean.privacy import events

# --- signing in and out ----------------------------------------------------------------------------------


class SignIn(LoginView):
    """E-mail address and password; the second factor follows."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["ended"] = "ended" in self.request.GET
        return context


class SignOut(LogoutView):
    """Signs out and has the browser forget what it kept of our pages."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        user = self.request.user
        if isinstance(user, User) and user.is_authenticated:
            events.record("user.signed_out", actor=user)
        response: HttpResponse = super().post(*args, **kwargs)
        # Not "cookies": the language chosen on this device is no secret, and the session is gone already.
        # Not "storage": our pages keep nothing there, and sealed reports of the app for phones may wait in it.
        response.headers["Clear-Site-Data"] = '"cache"'
        return response


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """The page of a one-time link. Reading it changes nothing; its button uses the link up."""
    try:
        link = links.find_link(token)
    except links.LinkRefused:
        return _link_unusable(request)
    posted = request.POST if request.method == "POST" else None
    form = _password_form(posted, token, link) if link.purpose == "invite" else None
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            return _enter(request, token, form)
        except links.LinkRefused:
            return _link_unusable(request)
    pack = country.pack()
    titles = [pack.role_title(membership.role, None) for membership in link.user.memberships_now()]
    context = {"link": link, "form": form, "titles": titles}
    return render(request, "access/sign_in_link.html", context, status=200 if posted is None else 422)


def _password_form(posted: Any, token: str, link: SignInLink) -> ChoosePasswordForm:
    asked = (lambda typed: links.is_code_right(token, typed)) if link.change_id is not None else None
    return ChoosePasswordForm(posted, user=link.user, is_code_right=asked)


@transaction.atomic
def _enter(request: HttpRequest, token: str, form: ChoosePasswordForm | None) -> HttpResponse:
    link = links.use_link(token, form.cleaned_data.get("code", "") if form else "")
    if request.user.is_authenticated:
        logout(request)
    if form is None:
        record_authentication(request, link.user, "demo")
    else:
        link.user.set_password(form.cleaned_data["password1"])
        link.user.save(update_fields=["password"])
        events.record("password.chosen", actor=link.user)
        record_authentication(request, link.user, "password", reauthenticated=True)
    # allauth's stages follow: somebody who has a second factor is asked for it here too.
    response: HttpResponse = perform_login(request, Login(user=link.user, redirect_url=reverse("home")))
    return response


def _link_unusable(request: HttpRequest) -> HttpResponse:
    return render(request, "access/link_unusable.html", status=404)


# --- second factor ---------------------------------------------------------------------------------------


def second_factor_needed(request: AccessRequest) -> HttpResponse:
    """Where somebody lands whose role asks for a second factor that he has not set up."""
    if is_mfa_enabled(request.user):
        return HttpResponseRedirect(reverse("home"))
    return render(request, "access/second_factor_needed.html")


class _OwnerOnly:
    """Whoever has a second factor shows it before changing factors: a password alone must not replace it."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        if is_mfa_enabled(request.user) and not second_factor_given(request):
            return HttpResponseRedirect(reverse("mfa_reauthenticate"))
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class AddAuthenticatorApp(_OwnerOnly, ActivateTOTPView):
    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        _factor_added(self.request, "totp")
        return response


class AddPasskey(_OwnerOnly, AddWebAuthnView):
    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        _factor_added(self.request, "webauthn")
        return response


class RemoveAuthenticatorApp(_OwnerOnly, DeactivateTOTPView):
    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        events.record("second_factor.removed", actor=self.request.user, obj=self.request.user, purpose="totp")
        return response


class RemovePasskey(_OwnerOnly, RemoveWebAuthnView):
    success_url = reverse_lazy("mfa_index")

    def form_valid(self, form: Any) -> HttpResponse:
        if not get_adapter().can_delete_authenticator(self.get_object()):
            messages.error(self.request, str(get_adapter().error_messages["cannot_delete_authenticator"]))
            return HttpResponseRedirect(reverse("mfa_index"))
        response: HttpResponse = super().form_valid(form)
        events.record("second_factor.removed", actor=self.request.user, obj=self.request.user, purpose="webauthn")
        return response


class NewRecoveryCodes(_OwnerOnly, GenerateRecoveryCodesView):
    pass


def _factor_added(request: AccessRequest, kind: str) -> None:
    # Setting it up proved possession, so this session need not prove it again at once.
    record_authentication(request, request.user, "mfa", type=kind)
    events.record("second_factor.added", actor=request.user, obj=request.user, purpose=kind)


# --- one's own account -----------------------------------------------------------------------------------


def profile(request: AccessRequest) -> HttpResponse:
    user = request.user
    pack = country.pack()
    context = {
        "memberships": [
            (pack.role_title(membership.role, None), membership.organisation) for membership in user.memberships_now()
        ],
        "language_form": LanguageForm(initial={"language": user.language}),
        "sessions": UserSession.objects.purge_and_list(user),
        "factors": Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES).count(),
        "phones": policy.may(user, "see_device"),
    }
    return render(request, "access/profile.html", context)


class ChangePassword(PasswordChangeView):
    success_url = reverse_lazy("profile")

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        if not request.user.has_usable_password():
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def get_default_success_url(self) -> str:
        return reverse("profile")

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        # Whoever knew the old password is out, on every other device.
        for session in UserSession.objects.filter(user=self.request.user):
            if not session.is_current():
                session.end()
        events.record("password.changed", actor=self.request.user)
        messages.success(self.request, _("Your password is changed. Your other devices are signed out."))
        return response


@require_POST
@reauthentication_required
def end_session(request: AccessRequest, pk: int) -> HttpResponse:
    session = UserSession.objects.filter(user=request.user, pk=pk).first()
    if session is None:
        raise Http404
    actions.end_session(request.user, session)
    messages.success(request, _("That device is signed out."))
    return HttpResponseRedirect(reverse("profile"))


@require_http_methods(["GET", "HEAD", "POST"])
def again_in_demonstration(request: AccessRequest) -> HttpResponse:
    """Where everybody is invented nobody has a second step; a button stands in for showing it again."""
    records = get_authentication_records(request, request.user)
    if not links.is_demonstration() or not any(record.get("method") == "demo" for record in records):
        raise Http404
    back = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None) or not back.startswith("/"):
        back = reverse("home")
    if request.method == "POST":
        record_authentication(request, request.user, "demo")
        return HttpResponseRedirect(back)
    return render(request, "access/again_in_demonstration.html")
