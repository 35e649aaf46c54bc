"""The journey of a new user: invited, a password, a second step, out again, and in with a code or a passkey."""

import time
from datetime import timedelta

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as counters

from spean.access import links
from spean.privacy.models import Event
from tests.cast import Cast
from tests.journeys.conftest import Arrive

PASSWORD = "three quiet boats"


def code(secret: str) -> str:
    """What the app on the phone shows now. Near the end of its half minute, the next one is waited for."""
    left = 30 - time.time() % 30
    if left < 8:
        time.sleep(left + 0.1)
    return format_hotp_value(hotp_value(secret, next(iter(counters()))))


def test_an_invitation_leads_to_a_second_step_and_in(cast: Cast, arrive: Arrive) -> None:
    visitor = arrive()
    link = links.issue_link(cast.manager, "invite", timedelta(days=1))
    visitor.open(link)
    visitor.answer({"password1": PASSWORD, "password2": PASSWORD})
    assert visitor.at == "/account/second-step/needed/", visitor.at
    visitor.follow("/account/second-step/app/")
    secret = visitor.page.inner_text(".spean-secret").strip()
    visitor.answer({"code": code(secret)})
    assert visitor.at == "/account/second-step/codes/", visitor.at
    assert visitor.page.locator(".spean-recovery li").count() >= 8
    visitor.follow("/")
    assert visitor.at == "/", visitor.at
    visitor.open("/account/")
    visitor.open("/sign-out/")
    visitor.send()
    visitor.open("/")
    assert visitor.at == "/sign-in/", visitor.at
    visitor.open(link, refused=404)

    visitor.open("/sign-in/")
    visitor.answer({"login": cast.manager.email, "password": "not the boats at all"})
    assert visitor.page.locator(".govuk-error-summary").count() == 1
    visitor.answer({"login": cast.manager.email, "password": PASSWORD})
    assert visitor.at == "/sign-in/code/", visitor.at
    visitor.answer({"code": "000000"})
    assert visitor.page.locator('.govuk-error-summary a[href="#id_code"]').count() == 1
    assert visitor.at == "/sign-in/code/", visitor.at
    visitor.answer({"code": code(secret)})
    assert visitor.at == "/", visitor.at


def test_a_passkey_is_added_and_signs_in_alone(cast: Cast, arrive: Arrive) -> None:
    """Chromium's own virtual authenticator: a phone that knows its owner's finger."""
    visitor = arrive()
    # Passkeys belong to a name, never to an address made of numbers.
    visitor.server = visitor.server.replace("127.0.0.1", "localhost")
    visitor.wire.send("WebAuthn.enable")
    phone = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    visitor.wire.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {**phone, "isUserVerified": True, "automaticPresenceSimulation": True}},
    )
    visitor.open(links.issue_link(cast.manager, "invite", timedelta(days=1)))
    visitor.answer({"password1": PASSWORD, "password2": PASSWORD})
    visitor.follow("/account/second-step/passkeys/add/")
    visitor.fill({"name": "phone"})
    visitor.send("#mfa_webauthn_add")
    assert visitor.at == "/account/second-step/codes/", visitor.at
    visitor.open("/")
    stored = Authenticator.objects.get(user=cast.manager, type="webauthn")
    assert stored.wrap().name == "phone"
    visitor.open("/account/second-step/passkeys/")
    assert "phone" in visitor.text
    visitor.open("/sign-out/")
    visitor.send()
    visitor.open("/")
    assert visitor.at == "/sign-in/", visitor.at

    visitor.send("#passkey_login")
    assert visitor.at == "/", visitor.at
    # Both steps in one: no code is asked for, and pages of cases open.
    visitor.open("/cases/")
    assert Event.objects.filter(action="user.signed_in", actor_id=cast.manager.pk).count() == 2

    # Another phone, which has no passkey of hers, does not get in.
    stranger = arrive()
    stranger.server = visitor.server
    stranger.wire.send("WebAuthn.enable")
    stranger.wire.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {**phone, "isUserVerified": True, "automaticPresenceSimulation": True}},
    )
    stranger.open("/sign-in/")
    stranger.page.click("#passkey_login")
    stranger.page.wait_for_timeout(1000)
    assert stranger.at == "/sign-in/"
    stranger.open("/cases/")
    assert stranger.at == "/sign-in/"
    stranger.said.clear()
