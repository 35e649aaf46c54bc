"""Signing in: password and second step, one-time links, limits, how long a session lasts."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, TOTP, format_hotp_value, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as counters
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

import spean.web
from spean.access import links
from spean.access.adapters import MFAAdapter, pseudonym
from spean.access.middleware import IDLE, LONGEST, LONGEST_IN_THE_FIELD
from spean.access.models import Installation, SignInLink, User
from spean.access.roles import ALL as ROLES
from spean.lib import clock
from spean.privacy.models import Event
from tests.cast import Cast
from tests.signed_in import signed_in

PASSWORD = "three quiet boats"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _empty_cache(db: None) -> None:
    cache.clear()


def code(secret: str = SECRET) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(counters()))))


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save()
    return user


def enrolled(user: User) -> User:
    TOTP.activate(with_password(user), SECRET)
    return user


def attempt(client: Client, user: User, password: str = PASSWORD, **extra: Any) -> Any:
    return client.post("/sign-in/", {"login": user.email, "password": password}, **extra)


def is_in(client: Client) -> bool:
    return bool(client.get("/").status_code == 200)


class TestPasswordAndSecondStep:
    def test_password_then_code(self, cast: Cast) -> None:
        client = Client()
        assert attempt(client, enrolled(cast.manager))["Location"] == "/sign-in/code/"
        assert not is_in(client)
        assert client.post("/sign-in/code/", {"code": code()})["Location"] == "/"
        assert is_in(client)

    def test_a_wrong_code_is_told_at_the_field(self, cast: Cast) -> None:
        client = Client()
        attempt(client, enrolled(cast.manager))
        answer = client.post("/sign-in/code/", {"code": "000000"})
        assert b"govuk-error-summary" in answer.content
        assert b'href="#id_code"' in answer.content
        assert not is_in(client)

    def test_a_code_works_once(self, cast: Cast) -> None:
        first, second = Client(), Client()
        enrolled(cast.manager)
        for client in (first, second):
            attempt(client, cast.manager)
        used = code()
        first.post("/sign-in/code/", {"code": used})
        second.post("/sign-in/code/", {"code": used})
        assert (is_in(first), is_in(second)) == (True, False)

    def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(self, cast: Cast) -> None:
        with_password(cast.manager)
        wrong = attempt(Client(), cast.manager, "not the boats at all")
        unknown = Client().post("/sign-in/", {"login": "nobody@example.org", "password": PASSWORD})
        assert wrong.status_code == unknown.status_code == 200
        text = "The e-mail address or the password is not right"
        assert text in wrong.content.decode()
        assert text in unknown.content.decode()
        assert PASSWORD.encode() not in unknown.content

    def test_what_was_typed_is_kept_but_not_the_password(self, cast: Cast) -> None:
        answer = attempt(Client(), with_password(cast.manager), "not the boats at all")
        assert cast.manager.email.encode() in answer.content
        assert b"not the boats at all" not in answer.content

    def test_setting_up_the_second_step_opens_the_session(self, cast: Cast) -> None:
        client = Client()
        path = links.issue_link(cast.manager, "invite", timedelta(days=1))
        client.post(path, {"password1": PASSWORD, "password2": PASSWORD})
        client.get("/account/second-step/app/")
        secret = client.session[SECRET_SESSION_KEY]
        answer = client.post("/account/second-step/app/", {"code": code(secret)})
        assert answer["Location"] == "/account/second-step/codes/"
        assert client.get("/account/second-step/codes/").status_code == 200
        assert is_in(client)

    def test_a_password_alone_does_not_replace_the_second_step(self, cast: Cast) -> None:
        client = Client()
        attempt(client, with_password(cast.manager))  # signed in before anything was set up
        TOTP.activate(cast.manager, SECRET)  # meanwhile, its owner set it up elsewhere
        for path in ("/account/second-step/app/", "/account/second-step/passkeys/add/"):
            assert client.get(path)["Location"] == "/account/again/code/"

    def test_the_last_second_step_of_a_case_role_stays(self, cast: Cast) -> None:
        client = Client()
        attempt(client, enrolled(cast.manager))
        client.post("/sign-in/code/", {"code": code()})
        client.post("/account/again/password/?next=/account/second-step/app/remove/", {"password": PASSWORD})
        client.post("/account/second-step/app/remove/")
        assert Authenticator.objects.filter(user=cast.manager, type="totp").exists()

    def test_the_secret_is_sealed_in_the_table(self, cast: Cast) -> None:
        enrolled(cast.manager)
        stored = Authenticator.objects.get(user=cast.manager).data["secret"]
        assert SECRET not in stored
        assert MFAAdapter().decrypt(stored) == SECRET

    def test_there_is_no_sign_up_and_no_reset_by_mail(self, db: None) -> None:
        for path in ("/sign-up/", "/accounts/signup/", "/password/reset/", "/accounts/password/reset/"):
            assert Client().get(path).status_code == 404

    def test_the_session_gets_a_new_key(self, cast: Cast) -> None:
        client = Client()
        client.get("/sign-in/")
        attempt(client, enrolled(cast.manager))
        before = client.session.session_key
        client.post("/sign-in/code/", {"code": code()})
        assert client.session.session_key != before

    def test_signing_out_clears_the_browser(self, cast: Cast) -> None:
        client = signed_in(cast.manager)
        answer = client.post("/sign-out/")
        # Not "storage": reports of the app for phones may wait there, sealed, and our pages keep nothing in it.
        assert answer["Clear-Site-Data"] == '"cache"'
        assert not is_in(client)

    def test_reading_the_sign_out_page_signs_nobody_out(self, cast: Cast) -> None:
        client = signed_in(cast.manager)
        assert client.get("/sign-out/").status_code == 200
        assert is_in(client)


class TestLimits:
    def test_guessing_is_stopped(self, cast: Cast) -> None:
        with_password(cast.manager)
        client = Client()
        for _ in range(5):
            attempt(client, cast.manager, "a wrong password")
        assert "Too many attempts" in attempt(client, cast.manager).content.decode()

    def test_a_stranger_elsewhere_cannot_lock_the_owner_out(self, cast: Cast) -> None:
        enrolled(cast.manager)
        stranger = Client(REMOTE_ADDR="203.0.113.9")
        for _ in range(30):
            attempt(stranger, cast.manager, "a wrong password")
        assert attempt(Client(REMOTE_ADDR="198.51.100.7"), cast.manager)["Location"] == "/sign-in/code/"

    def test_one_account_under_attack_does_not_stop_its_neighbours(self, cast: Cast) -> None:
        with_password(cast.manager)
        enrolled(cast.reviewer)
        client = Client()
        for _ in range(6):
            attempt(client, cast.manager, "a wrong password")
        assert attempt(client, cast.reviewer)["Location"] == "/sign-in/code/"

    def test_addresses_are_never_stored(self, cast: Cast) -> None:
        client = signed_in(cast.manager)
        stored = [str(session.ip) for session in cast.manager.usersession_set.all()]
        assert stored == [pseudonym("127.0.0.1")]
        assert client.get("/account/").status_code == 200

    def test_a_pseudonym_tells_networks_apart_and_nothing_else(self) -> None:
        assert pseudonym("203.0.113.9") == pseudonym("203.0.113.9") != pseudonym("203.0.113.10")
        assert pseudonym("2001:db8::1") == pseudonym("2001:db8::ffff") != pseudonym("2001:db8:0:1::1")
        assert pseudonym("203.0.113.9").startswith("fd")


class TestLinks:
    def test_only_the_digest_is_stored(self, cast: Cast) -> None:
        token = links.issue_link(cast.manager, "demo", timedelta(hours=1)).rsplit("/", 1)[1]
        stored = SignInLink.objects.get(user=cast.manager)
        assert token not in repr(vars(stored))
        assert stored.token_hash == links.digest(token)

    def test_a_preview_does_not_use_the_link_up(self, cast: Cast) -> None:
        path = links.issue_link(cast.manager, "demo", timedelta(hours=1))
        for _ in range(3):
            assert Client().get(path).status_code == 200
        assert Client().head(path).status_code == 200
        client = Client()
        assert client.post(path).status_code == 302
        assert is_in(client)

    def test_a_link_works_once(self, cast: Cast) -> None:
        path = links.issue_link(cast.manager, "demo", timedelta(hours=1))
        Client().post(path)
        second = Client()
        assert second.post(path).status_code == 404
        assert second.get(path).status_code == 404
        assert not is_in(second)

    def test_an_expired_or_invented_link_is_refused_alike(self, cast: Cast) -> None:
        path = links.issue_link(cast.manager, "demo", timedelta(hours=1))
        with clock.travel(clock.now() + timedelta(hours=1)):
            late = Client().post(path)
        invented = Client().post("/sign-in/link/" + "x" * 43)
        assert (late.status_code, invented.status_code) == (404, 404)

    def test_demonstration_links_need_a_demonstration(self, cast: Cast) -> None:
        path = links.issue_link(cast.manager, "demo", timedelta(hours=1))
        Installation.objects.filter(pk=1).delete()
        Installation.objects.create(pk=1, country="cambodia", demonstration=False)
        assert Client().post(path).status_code == 404
        with pytest.raises(links.LinkRefused):
            links.issue_link(cast.manager, "demo", timedelta(hours=1))

    def test_an_invitation_asks_for_a_password_and_then_the_second_step(self, cast: Cast) -> None:
        client = Client()
        path = links.issue_link(cast.manager, "invite", timedelta(days=1))
        short = client.post(path, {"password1": "short", "password2": "short"})
        assert short.status_code == 422
        unequal = client.post(path, {"password1": PASSWORD, "password2": PASSWORD + "!"})
        assert b'href="#id_password2"' in unequal.content
        assert client.post(path, {"password1": PASSWORD, "password2": PASSWORD}).status_code == 302
        assert client.get("/")["Location"] == "/account/second-step/needed/"

    def test_an_invitation_does_not_go_round_an_existing_second_step(self, cast: Cast) -> None:
        enrolled(cast.manager)
        client = Client()
        path = links.issue_link(cast.manager, "invite", timedelta(days=1))
        answer = client.post(path, {"password1": PASSWORD + " two", "password2": PASSWORD + " two"})
        assert answer["Location"] == "/sign-in/code/"
        assert not is_in(client)

    def test_a_link_replaces_whoever_was_signed_in(self, cast: Cast) -> None:
        client = signed_in(cast.administrator)
        client.post(links.issue_link(cast.outsider, "demo", timedelta(hours=1)))
        assert client.get("/users/").status_code == 404

    def test_one_link_for_each_demonstration_role(self, cast: Cast) -> None:
        rows = links.issue_demo_links()
        # The national registry has a link of its own: the same role sees more there.
        assert len(rows) == len({title for title, _, _ in rows}) == len(ROLES) + 1
        assert [name for title, name, _ in rows if ", " in title] == [cast.registry.name]
        title, name, path = next(row for row in rows if row[1] == cast.manager.name)
        assert name in Client().get(path).content.decode()
        assert title


class TestHowLongASessionLasts:
    def test_it_ends_after_half_an_hour_of_silence(self, cast: Cast) -> None:
        client = signed_in(cast.manager)
        start = clock.now()
        assert is_in(client)
        with clock.travel(start + IDLE - timedelta(minutes=2)):
            assert is_in(client)
        with clock.travel(start + IDLE * 2):
            assert client.get("/")["Location"] == "/sign-in/?ended=1"
            assert "You were signed out" in client.get("/sign-in/?ended=1").content.decode()

    @pytest.mark.parametrize(("name", "longest"), [("manager", LONGEST), ("screener", LONGEST_IN_THE_FIELD)])
    def test_it_ends_however_busy(self, cast: Cast, name: str, longest: timedelta) -> None:
        client = signed_in(getattr(cast, name))
        start = clock.now()
        assert is_in(client)
        passed = timedelta()
        while passed + timedelta(minutes=25) < longest:
            passed += timedelta(minutes=25)
            with clock.travel(start + passed):
                assert is_in(client)
        with clock.travel(start + longest + timedelta(minutes=1)):
            assert not is_in(client)

    def test_other_devices_can_be_signed_out(self, cast: Cast) -> None:
        here, there = signed_in(cast.manager), signed_in(cast.manager)
        assert is_in(there)
        other = cast.manager.usersession_set.get(session_key=there.session.session_key)
        here.post(f"/account/devices/{other.pk}/end/")
        assert (is_in(here), is_in(there)) == (True, False)

    def test_nobody_signs_another_user_out(self, cast: Cast) -> None:
        mine, theirs = signed_in(cast.outsider), signed_in(cast.manager)
        session = cast.manager.usersession_set.get()
        assert mine.post(f"/account/devices/{session.pk}/end/").status_code == 404
        assert is_in(theirs)


class TestSessionKey:
    """Proving again who one is ends the key that was in use: whoever saw it has nothing."""

    def again(self, client: Client, path: str, **typed: str) -> None:
        before = client.session.session_key
        assert client.post(path, typed).status_code == 302
        after = client.session.session_key
        assert before != after
        assert not Session.objects.filter(session_key=before).exists()
        assert client.get("/account/").status_code == 200

    def test_by_password(self, cast: Cast) -> None:
        client = signed_in(with_password(cast.manager))
        self.again(client, "/account/again/password/?next=/", password=PASSWORD)
        # The list of devices knows this one under its new key: it shows one, and can end it.
        assert [row.session_key for row in cast.manager.usersession_set.all()] == [client.session.session_key]

    def test_by_code(self, cast: Cast) -> None:
        client = signed_in(with_password(cast.manager))
        TOTP.activate(cast.manager, SECRET)
        self.again(client, "/account/again/code/?next=/", code=code())

    def test_by_a_new_second_step(self, cast: Cast) -> None:
        client = Client()
        path = links.issue_link(cast.manager, "invite", timedelta(days=1))
        client.post(path, {"password1": PASSWORD, "password2": PASSWORD})
        client.get("/account/second-step/app/")
        self.again(client, "/account/second-step/app/", code=code(client.session[SECRET_SESSION_KEY]))


def test_ending_another_device_asks_who_one_is(cast: Cast) -> None:
    here, there = Client(), signed_in(with_password(cast.statistician))
    TOTP.activate(cast.statistician, SECRET)
    attempt(here, cast.statistician)
    here.post("/sign-in/code/", {"code": code()})
    other = cast.statistician.usersession_set.get(session_key=there.session.session_key)
    answer = here.post(f"/account/devices/{other.pk}/end/")
    assert answer["Location"].startswith("/account/again/")
    assert is_in(there)
    here.post(answer["Location"], {"password": PASSWORD})
    assert (is_in(here), is_in(there)) == (True, False)


def test_every_failed_try_is_in_the_log_and_what_a_session_was_opened_with(cast: Cast) -> None:
    client = Client()
    attempt(client, enrolled(cast.manager), "a wrong password")
    attempt(client, cast.manager)
    client.post("/sign-in/code/", {"code": "000000"})
    client.post("/sign-in/code/", {"code": code()})
    for _ in range(6):
        attempt(Client(), cast.manager, "a wrong password")
    rows = Event.objects.filter(action__startswith="user.").order_by("id")
    told = [(row.action, row.purpose, row.object_id, row.facts.get("shown")) for row in rows]
    assert told[:3] == [
        ("user.refused", "password", None, None),
        # The password was right: whose account it was is what its owner has to hear.
        ("user.refused", "second_step", cast.manager.pk, None),
        ("user.signed_in", "", None, ["password", "totp"]),
    ]
    assert told[-1] == ("user.refused", "too_many", None, None)


def test_what_happened_is_in_the_log_without_names(cast: Cast) -> None:
    client = signed_in(cast.manager)
    attempt(Client(), cast.manager, "a wrong password")
    client.post("/sign-out/")
    codes = list(Event.objects.order_by("id").values_list("action", flat=True))
    assert codes == ["sign_in_link.used", "user.signed_in", "user.refused", "user.signed_out"]


def test_headers_of_every_page(cast: Cast) -> None:
    for answer in (signed_in(cast.manager).get("/"), Client().get("/sign-in/")):
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"] == "same-origin"
        assert "camera=()" in answer["Permissions-Policy"]
        assert "noindex" in answer["X-Robots-Tag"]
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_headers_also_where_no_page_of_ours_answers(cast: Cast) -> None:
    """A refused host, what is not there, a style sheet: each answered before any of our views."""
    client = Client()
    for answer in (
        client.get("/", headers={"Host": "elsewhere.example"}),
        client.get("/there-is-no-such-page/"),
        client.get("/static/spean/spean.css"),
        client.post("/sign-in/", headers={"Origin": "https://elsewhere.example"}),
    ):
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "camera=()" in answer["Permissions-Policy"]
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        answer.close()  # a style sheet is a file


def test_no_page_may_fetch_anything_from_elsewhere(cast: Cast) -> None:
    policy = signed_in(cast.manager).get("/")["Content-Security-Policy"]
    sources = {word for part in policy.split(";") for word in part.split()[1:]}
    assert sources == {"'none'", "'self'", "data:"}


PRODUCTION = """
import json, django
django.setup()
from django.conf import settings
from django.test import Client
HOST = {"Host": "spean.example"}
plain = Client().get("/sign-in/", headers=HOST)
answers = [
    Client().get("/robots.txt", secure=True, headers=HOST),
    Client().post("/language/", {"language": "km"}, secure=True, headers=HOST),
    Client().get("/users/", secure=True, headers=HOST),
    Client().get("/robots.txt", secure=True, headers={"Host": "elsewhere.example"}),
    Client(enforce_csrf_checks=True).post("/language/", secure=True, headers=HOST),
    Client().get("/static/nothing.css", secure=True, headers=HOST),
    Client().get("/sign-out/nowhere/", secure=True, headers=HOST),
    Client().get("/leave/", secure=True, headers=HOST),
    Client().post("/leave/", secure=True, headers=HOST),
]
print("SAID " + json.dumps({
    "status": [answer.status_code for answer in answers],
    "hsts": [answer.get("Strict-Transport-Security") for answer in answers], "moved": plain.get("Location"),
    "cookies": [settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY],
    "names": [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME],
    "language": answers[1].cookies.output(header=""), "paths": [settings.SESSION_COOKIE_PATH, settings.CSRF_COOKIE_PATH],
    "domains": [settings.SESSION_COOKIE_DOMAIN, settings.CSRF_COOKIE_DOMAIN],
}))
"""


def test_with_a_public_host_everything_asks_for_tls(tmp_path: Path) -> None:
    """Its own process: settings are read once. No database is needed for the page that robots read."""
    state = tmp_path / "state"
    (state / "secrets").mkdir(parents=True)
    (state / "secrets" / "secret_key").write_text("x" * 50)
    (state / "static").mkdir()
    # Pages of errors name their style sheet: collected under its own name, it is found.
    ours = Path(spean.web.__file__).parent / "static"
    paths = {str(path.relative_to(ours)): str(path.relative_to(ours)) for path in ours.rglob("*") if path.is_file()}
    (state / "static" / "staticfiles.json").write_text(json.dumps({"version": "1.1", "paths": paths}))
    environment = {**os.environ, "SPEAN_HOSTS": "spean.example", "SPEAN_STATE": str(state),
                   "DJANGO_SETTINGS_MODULE": "config.settings"}  # fmt: skip
    done = subprocess.run([sys.executable, "-c", PRODUCTION], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.split("SAID ")[1])
    assert said["status"] == [200, 302, 302, 400, 403, 404, 404, 405, 200]
    assert set(said["hsts"]) == {"max-age=31536000; includeSubDomains; preload"}
    assert said["moved"] == "https://spean.example/sign-in/"
    assert said["cookies"] == [True, True, True]
    # What the beginning of the names demands, or a browser takes none of them: Secure, all of this host, no domain.
    assert all(name.startswith("__Host-") for name in said["names"])
    assert (said["paths"], said["domains"]) == (["/", "/"], [None, None])
    language = said["language"].strip()
    assert language.startswith("__Host-language=km;")
    assert {part.strip() for part in language.split(";")} >= {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}
    assert "Domain" not in language


class TestRecoveryCodes:
    def test_each_opens_once(self, cast: Cast) -> None:
        enrolled(cast.manager)
        codes = RecoveryCodes.activate(cast.manager).get_unused_codes()
        assert len(set(codes)) >= 8
        for number, right in ((0, True), (0, False), (1, True)):
            client = Client()
            attempt(client, cast.manager)
            client.post("/sign-in/code/", {"code": codes[number]})
            assert is_in(client) is right

    def test_they_are_not_readable_in_the_table(self, cast: Cast) -> None:
        enrolled(cast.manager)
        codes = RecoveryCodes.activate(cast.manager).get_unused_codes()
        stored = repr(Authenticator.objects.get(user=cast.manager, type="recovery_codes").data)
        assert not any(one in stored for one in codes)

    def test_a_password_alone_does_not_show_them(self, cast: Cast) -> None:
        enrolled(cast.manager)
        RecoveryCodes.activate(cast.manager)
        client = Client()
        attempt(client, cast.manager)
        assert client.get("/account/second-step/codes/").status_code == 302


def test_of_a_device_two_words_are_kept(cast: Cast) -> None:
    """What a browser says of itself may tell one telephone from all others."""
    told = "Mozilla/5.0 (Linux; Android 14; SM-A155F Build/UP1A) AppleWebKit/537.36 Chrome/130.0.6723.59 Mobile Safari"
    client = signed_in(cast.manager, **{"User-Agent": told})
    assert [row.user_agent for row in cast.manager.usersession_set.all()] == ["Chrome, Android"]
    assert "Chrome, Android" in client.get("/account/").content.decode()
