"""The journey of a new user: invited, a password, a second step, out again, and in with a code."""

import time
from datetime import timedelta

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as counters

from spean.access import links
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
