"""The frame of every page, its languages, the error pages, the weight, and home."""

import gzip
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.defaults import bad_request, permission_denied, server_error

from spean import country
from spean.access.models import Installation, User
from spean.cases.models import Case, Task
from spean.lib import clock
from spean.web import home, navigation
from tests.cast import Cast
from tests.signed_in import signed_in

FIRST_LOAD, LATER = 120 * 1024, 20 * 1024


def task(cast: Cast, name: str, kind: str, due: timedelta) -> Task:
    user = getattr(cast, name)
    case = Case.objects.create(
        code=f"C-{Case.objects.count():04}", subject="00000000-0000-0000-0000-000000000001",
        started_by=cast.screener, started_organisation=cast.screener.organisation,
    )  # fmt: skip
    return Task.objects.create(
        case=case, kind=kind, organisation=user.organisation, role=user.memberships.get().role,
        due_at=clock.now() + due,
    )  # fmt: skip


class TestHome:
    def test_the_outsider_sees_nobody_elses_work(self, cast: Cast) -> None:
        mine = task(cast, "manager", "register_person", timedelta(days=-1))
        for name in ("outsider", "other_manager", "registry", "provider", "auditor", "administrator"):
            page = signed_in(getattr(cast, name)).get("/").content.decode()
            assert mine.case.code not in page
            assert "Register the person" not in page

    def test_today_in_three_lists(self, cast: Cast) -> None:
        task(cast, "manager", "register_person", timedelta(days=-3))
        task(cast, "manager", "acknowledge_referral", timedelta(hours=30))
        task(cast, "manager", "assess_risk", timedelta(days=9))
        page = signed_in(cast.manager).get("/").content.decode()
        for text in ("overdue by 3 days", "due in 9 days", "Say that you received the referral", "Waiting for me"):
            assert text in page
        assert page.index("Register the person") < page.index("Say that you received") < page.index("Assess the danger")

    def test_what_is_done_is_gone(self, cast: Cast) -> None:
        done = task(cast, "manager", "register_person", timedelta(days=1))
        Task.objects.filter(pk=done.pk).update(done_at=clock.now())
        assert "Nothing waits for you" in signed_in(cast.manager).get("/").content.decode()

    def test_an_excluded_organisation_sees_no_task_of_the_case(self, cast: Cast) -> None:
        from spean.cases.models import Exclusion

        shut = task(cast, "manager", "register_person", timedelta(days=1))
        Exclusion.objects.create(
            case=shut.case, organisation=cast.org("focal"), reason="implicated", created_by=cast.registry
        )
        assert shut.case.code not in signed_in(cast.manager).get("/").content.decode()

    def test_a_person_may_be_named_by_no_script(self, cast: Cast) -> None:
        User.objects.filter(pk=cast.manager.pk).update(name="<b>Bold</b>")
        page = signed_in(cast.manager).get("/").content.decode()
        assert "<b>Bold</b>" not in page
        assert "&lt;b&gt;Bold" in page

    def test_home_asks_few_questions_of_the_database(self, cast: Cast, django_assert_max_num_queries: object) -> None:
        for _ in range(12):
            task(cast, "manager", "register_person", timedelta(days=1))
        client = signed_in(cast.manager)
        client.get("/")
        with django_assert_max_num_queries(18):  # type: ignore[operator]
            client.get("/")


def test_every_kind_of_task_has_words_and_a_page() -> None:
    """A kind that nobody named would show as a code, and one without its page would lead to the case only."""
    anything = "00000000-0000-0000-0000-000000000000"
    assert set(home.TASK_PAGES) <= set(home.TASK_TITLES)
    assert all(reverse(name, args=[anything]) for name, _key in home.TASK_PAGES.values())
    # Spans that end something by themselves and give nobody a task.
    spans = ("involvement_", "conference_longest", "informant_kept", "arrival_kept", "location_grant", "retention_ends")
    tasks = {name for name in country.pack().deadlines if not name.startswith(spans)}
    assert tasks <= set(home.TASK_TITLES)


def test_every_entry_of_the_menu_and_every_start_leads_somewhere() -> None:
    assert all(reverse(entry.url_name) for entry in (*navigation.MENU, *home.STARTS))


class TestLanguage:
    def test_the_page_says_which_language_it_is_in(self, db: None) -> None:
        assert '<html lang="en">' in Client().get("/sign-in/", headers={"accept-language": "en"}).content.decode()
        assert '<html lang="km">' in Client().get("/sign-in/", headers={"accept-language": "km"}).content.decode()

    def test_a_stranger_chooses_before_signing_in(self, db: None) -> None:
        client = Client()
        answer = client.post("/language/", {"language": "km", "next": "/sign-in/"})
        assert answer["Location"] == "/sign-in/"
        assert '<html lang="km">' in client.get("/sign-in/").content.decode()

    def test_the_account_remembers(self, cast: Cast) -> None:
        signed_in(cast.manager).post("/language/", {"language": "km", "next": "/"})
        assert '<html lang="km">' in signed_in(cast.manager).get("/").content.decode()

    @pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
    def test_it_leads_nowhere_else(self, db: None, back: str) -> None:
        assert Client().post("/language/", {"language": "km", "next": back})["Location"] == "/"

    def test_an_unknown_language_changes_nothing(self, cast: Cast) -> None:
        signed_in(cast.manager).post("/language/", {"language": "tlh", "next": "/"})
        assert User.objects.get(pk=cast.manager.pk).language == "en"

    def test_it_is_not_changed_by_reading(self, db: None) -> None:
        assert Client().get("/language/").status_code == 405


class TestFrame:
    def test_the_demonstration_is_marked_on_every_page(self, cast: Cast) -> None:
        for page in (Client().get("/sign-in/"), signed_in(cast.manager).get("/"), Client().get("/privacy/")):
            assert "All persons here are invented" in page.content.decode()

    def test_a_real_installation_is_not(self, db: None) -> None:
        Installation.objects.create(pk=1, country="cambodia", demonstration=False)
        assert "invented" not in Client().get("/sign-in/").content.decode()

    def test_the_menu_follows_the_policy(self, cast: Cast) -> None:
        assert "/users/" in signed_in(cast.administrator).get("/").content.decode()
        for name in ("manager", "auditor", "screener"):
            assert "/users/" not in signed_in(getattr(cast, name)).get("/").content.decode()

    def test_the_bar_of_a_wide_screen_holds_what_is_needed_first(self, cast: Cast) -> None:
        """The others are one press away; the menu of a phone lists all."""
        page = signed_in(cast.manager).get("/").content.decode()
        bar = page[page.index('<nav class="spean-nav"') :].split("</nav>")[0]
        shown, more = bar.split("<details")
        assert shown.count("<a ") == navigation.IN_THE_BAR
        assert 'href="/exports/"' not in shown
        assert 'href="/exports/"' in more
        assert 'href="/account/"' in more
        phone = page[page.index('<details class="spean-menu"') :].split("</nav>")[0]
        assert {'href="/cases/"', 'href="/exports/"', 'href="/account/"'} <= set(re.findall('href="[^"]+"', phone))

    def test_a_short_menu_hides_nothing(self, cast: Cast) -> None:
        assert "spean-more" not in signed_in(cast.officer).get("/").content.decode()

    def test_more_says_that_the_page_is_in_it(self, cast: Cast) -> None:
        assert '<summary class="is-current">' in signed_in(cast.manager).get("/exports/").content.decode()

    def test_leaving_at_once_needs_no_script(self, db: None) -> None:
        page = Client().get("/sign-in/").content.decode()
        assert re.search(
            r'<form method="post" action="/leave/" data-exit="https://[^"]+"><button class="spean-chip', page
        )

    def test_nothing_is_loaded_from_elsewhere(self, cast: Cast) -> None:
        page = signed_in(cast.manager).get("/").content.decode()
        assert re.findall(r'(?:src|href|action)="(?:https?:)?//[^"]+"', page) == []

    def test_robots_are_sent_away(self, db: None) -> None:
        assert b"Disallow: /" in Client().get("/robots.txt").content


class TestErrors:
    @pytest.mark.parametrize("language", ["en", "km"])
    def test_not_found_is_the_same_for_everybody(self, cast: Cast, language: str) -> None:
        headers = {"accept-language": language}
        User.objects.update(language=language)
        pages = {Client(headers=headers).get("/nowhere/").content}
        pages |= {signed_in(getattr(cast, name)).get("/nowhere/").content for name in ("manager", "administrator")}
        pages.add(signed_in(cast.manager).get("/users/00000000-0000-0000-0000-000000000000/").content)
        assert len(pages) == 1
        assert f'<html lang="{language}">'.encode() in pages.pop()

    def test_each_error_has_a_page_without_inner_workings(self, rf: RequestFactory) -> None:
        request = rf.get("/secret-path/")
        answers = [
            bad_request(request, ValueError("inner workings")),
            permission_denied(request, PermissionError("inner workings")),
            server_error(request),
        ]
        assert [answer.status_code for answer in answers] == [400, 403, 500]
        for answer in answers:
            text = answer.content.decode()
            assert "<h1" in text
            assert "inner workings" not in text
            assert "secret-path" not in text

    def test_a_form_without_its_token_is_refused_plainly(self, db: None) -> None:
        answer = Client(enforce_csrf_checks=True).post("/language/", {"language": "km"})
        assert answer.status_code == 403
        assert "This cannot be done" in answer.content.decode()


def _weight(path: str) -> int:
    found = finders.find(path)
    assert isinstance(found, str)
    raw = Path(found).read_bytes()
    return len(raw) if path.endswith("woff2") else len(gzip.compress(raw))


def test_the_first_page_is_light_and_the_next_is_lighter(cast: Cast) -> None:
    """All fonts counted, as for a page that has both scripts in both weights."""
    for _ in range(25):
        task(cast, "manager", "register_person", timedelta(days=1))
    page = len(gzip.compress(signed_in(cast.manager).get("/").content))
    base = "spean/"
    frame = ["vendor/govuk/govuk.min.css", "spean.css", "spean.js", "icon.svg"]
    folder = finders.find(base + "vendor/fonts")
    fonts = ["vendor/fonts/" + path.name for path in Path(str(folder)).glob("*.woff2")]
    assert len(fonts) == 4
    assert page < LATER
    assert page + sum(_weight(base + name) for name in [*frame, *fonts]) < FIRST_LOAD


def test_our_script_is_small() -> None:
    found = finders.find("spean/spean.js")
    assert Path(str(found)).stat().st_size <= 3 * 1024


def test_what_others_wrote_comes_with_its_licence() -> None:
    folder = Path(str(finders.find("spean/vendor/VERSIONS.txt"))).parent
    for used in ("govuk", "fonts"):
        assert list((folder / used).glob("LICENCE*.txt"))
    style = (folder / "govuk" / "govuk.min.css").read_text()
    assert "GDS Transport" not in style
    assert "crown" not in style


class TestLeaving:
    """“Leave now” clears what it can, with script and without."""

    def test_it_signs_out_and_has_the_browser_forget(self, cast: Cast) -> None:
        client = signed_in(cast.manager)
        answer = client.post("/leave/")
        assert answer["Clear-Site-Data"] == '"cache", "cookies"'
        assert answer["Refresh"].startswith("0; url=https://")
        assert answer["Referrer-Policy"] == "no-referrer"
        assert client.get("/")["Location"].startswith("/sign-in/")
        assert not cast.manager.usersession_set.filter(session_key=client.session.session_key).exists()

    def test_from_a_page_that_was_open_for_hours(self, cast: Cast) -> None:
        assert Client(enforce_csrf_checks=True).post("/leave/").status_code == 200

    def test_another_site_signs_nobody_out(self, cast: Cast) -> None:
        client = signed_in(cast.manager)
        answer = client.post("/leave/", headers={"Sec-Fetch-Site": "cross-site"})
        assert "Clear-Site-Data" not in answer
        assert client.get("/").status_code == 200

    def test_reading_it_does_nothing(self, cast: Cast) -> None:
        client = signed_in(cast.manager)
        assert client.get("/leave/").status_code == 405
        assert client.get("/").status_code == 200
