"""Addresses of sign-in, one's own account, administration and the log.

Names beginning with `account_` and `mfa_` are django-allauth's: its views look one another up by them.
What is not listed (sign-up, e-mail addresses, password reset) does not exist.
"""

from functools import partial

from allauth.account.views import AccountInactiveView, ReauthenticateView
from allauth.mfa.base.views import AuthenticateView, IndexView
from allauth.mfa.base.views import ReauthenticateView as ReauthenticateByCodeView
from allauth.mfa.recovery_codes.views import ViewRecoveryCodesView
from allauth.mfa.webauthn.views import ListWebAuthnView, LoginWebAuthnView, ReauthenticateWebAuthnView

from spean.access import administration, views, witnessing
from spean.access.pages import PUBLIC, SIGNED_IN, page

# Pages on the way to the second factor cannot ask for it.
on_the_way = partial(page, action=SIGNED_IN, before_second_factor=True)

urlpatterns = [
    # Signing in and out
    page("sign-in/", views.SignIn.as_view(), action=PUBLIC, name="account_login"),
    page("sign-in/link/<str:token>", views.sign_in_link, action=PUBLIC, name="sign_in_link"),
    page("sign-in/code/", AuthenticateView.as_view(), action=PUBLIC, name="mfa_authenticate"),
    page("sign-in/passkey/", LoginWebAuthnView.as_view(), action=PUBLIC, name="mfa_login_webauthn"),
    page("sign-in/inactive/", AccountInactiveView.as_view(), action=PUBLIC, name="account_inactive"),
    page("sign-out/", views.SignOut.as_view(), action=PUBLIC, name="account_logout"),
    # Proving again who one is, before something that weighs
    on_the_way("account/again/password/", ReauthenticateView.as_view(), name="account_reauthenticate"),
    on_the_way("account/again/code/", ReauthenticateByCodeView.as_view(), name="mfa_reauthenticate"),
    on_the_way("account/again/passkey/", ReauthenticateWebAuthnView.as_view(), name="mfa_reauthenticate_webauthn"),
    on_the_way("account/again/demonstration/", views.again_in_demonstration, name="again_in_demonstration"),
    # The second factor
    on_the_way("account/second-step/needed/", views.second_factor_needed, name="second_factor_needed"),
    on_the_way("account/second-step/", IndexView.as_view(), name="mfa_index"),
    on_the_way("account/second-step/app/", views.AddAuthenticatorApp.as_view(), name="mfa_activate_totp"),
    page(
        "account/second-step/app/remove/",
        views.RemoveAuthenticatorApp.as_view(),
        action=SIGNED_IN,
        name="mfa_deactivate_totp",
    ),
    page(
        "account/second-step/codes/", ViewRecoveryCodesView.as_view(), action=SIGNED_IN, name="mfa_view_recovery_codes"
    ),
    page(
        "account/second-step/codes/new/",
        views.NewRecoveryCodes.as_view(),
        action=SIGNED_IN,
        name="mfa_generate_recovery_codes",
    ),
    page("account/second-step/passkeys/", ListWebAuthnView.as_view(), action=SIGNED_IN, name="mfa_list_webauthn"),
    on_the_way("account/second-step/passkeys/add/", views.AddPasskey.as_view(), name="mfa_add_webauthn"),
    page(
        "account/second-step/passkeys/<int:pk>/remove/",
        views.RemovePasskey.as_view(),
        action=SIGNED_IN,
        name="mfa_remove_webauthn",
    ),
    # One's own account
    page("account/", views.profile, action=SIGNED_IN, name="profile"),
    page("account/password/", views.ChangePassword.as_view(), action=SIGNED_IN, name="account_change_password"),
    page("account/devices/<int:pk>/end/", views.end_session, action=SIGNED_IN, name="end_session"),
    # Administration
    page("organisations/", administration.organisation_list, action="manage_organisations", name="organisation_list"),
    page("organisations/add/", administration.organisation_add, action="manage_organisations", name="organisation_add"),
    page(
        "organisations/<uuid:pk>/", administration.organisation_page, action="manage_organisations", name="organisation"
    ),
    page(
        "organisations/<uuid:pk>/switch/",
        administration.organisation_switch,
        action="manage_organisations",
        name="organisation_switch",
    ),
    page("users/", administration.user_list, action="manage_users", name="user_list"),
    page("users/invite/", administration.user_invite, action="manage_users", name="user_invite"),
    page("users/<uuid:pk>/", administration.user_page, action="manage_users", name="user"),
    page("users/<uuid:pk>/switch/", administration.user_switch, action="manage_users", name="user_switch"),
    page("users/<uuid:pk>/link/", administration.user_link, action="manage_users", name="user_link"),
    page("users/<uuid:pk>/second-step/", administration.user_reset, action="manage_users", name="user_reset"),
    page("memberships/<int:pk>/end/", administration.membership_end, action="manage_users", name="membership_end"),
    page("access-changes/", administration.access_change_list, action="see_access_change", name="access_change_list"),
    page(
        "access-changes/<uuid:pk>/", administration.access_change_page, action="see_access_change", name="access_change"
    ),
    page(
        "access-changes/<uuid:pk>/confirm/",
        administration.access_change_confirm,
        action="confirm_access_change",
        name="access_change_confirm",
    ),
    page(
        "access-changes/<uuid:pk>/reject/",
        administration.access_change_reject,
        action="confirm_access_change",
        name="access_change_reject",
    ),
    page(
        "access-changes/<uuid:pk>/withdraw/",
        administration.access_change_withdraw,
        action="withdraw_access_change",
        name="access_change_withdraw",
    ),
    # Oversight
    page("log/", administration.event_log, action="read_log", name="event_log"),
    page("log/roots/", witnessing.roots, action="read_log", name="log_roots"),
    page("log/roots/<int:size>/", witnessing.root_page, action="read_log", name="log_root"),
    page("log/roots/<int:size>/keep/", witnessing.keep, action="keep_log_root", name="log_root_keep"),
    # Other servers, which prove themselves by their signature
    page("witness/add-checkpoint", witnessing.add_checkpoint, action=PUBLIC, name="witness"),
]
