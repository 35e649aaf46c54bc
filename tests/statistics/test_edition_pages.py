"""What of an edition anybody sees, on pages, in files and in print, and the pages by which officers make it."""

import csv
import io
import json
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from spean.access.models import User
from spean.lib import clock
from spean.statistics import actions, tasks
from spean.statistics.indicators import register
from spean.statistics.models import Edition
from spean.statistics.tables import Cell
from tests.cast import Cast
from tests.signed_in import signed_in
from tests.statistics.conftest import Many, an_episode, cells, drafted, few, published


class TestNotCollected:
    def test_it_is_published_as_that_everywhere(self, cast: Cast, second_officer: User) -> None:
        published(cast, second_officer)
        url = reverse("statistics_table", args=["2026-h1-1", "justice_funnel"])
        shown = Client().get(url).content.decode()
        assert "Not collected yet" in shown
        assert "police, prosecution and courts" in shown
        assert "នគរបាល អយ្យការ និងតុលាការ" in Client().get(url, headers={"Accept-Language": "km"}).content.decode()
        told = (
            Client()
            .get(reverse("statistics_download", args=["2026-h1-1", "justice_funnel", "csv"]))
            .content.decode("utf-8-sig")
        )
        rows = [row for row in csv.reader(io.StringIO(told)) if not row[0].startswith("#")][1:]
        assert {(row[-3], row[-2]) for row in rows} == {("", "not_collected")}

    def test_too_few_houses_are_suppressed_and_not_zero(self, cast: Cast, second_officer: User) -> None:
        edition = published(cast, second_officer)
        assert cells(edition, "places")[("free",)] == Cell(None, "suppressed")


class TestPublicPages:
    """Anybody, without signing in: published editions in full, and of a draft not even that it is there."""

    @pytest.fixture
    def edition(self, cast: Cast, many: Many, second_officer: User) -> Edition:
        many(12, detected_province="01")
        few(cast, nationality="THA")
        return published(cast, second_officer)

    def test_every_public_page_answers(self, edition: Edition) -> None:
        client = Client()
        for name, arguments in (
            ("statistics", []), ("statistics_register", []), ("statistics_estimates", []),
            ("statistics_edition", ["2026-h1-1"]),
            *(("statistics_table", ["2026-h1-1", code]) for code in register().indicators),
        ):  # fmt: skip
            for language in ("en", "km"):
                client.cookies["language"] = language
                answer = client.get(reverse(name, args=arguments))
                assert answer.status_code == 200, (name, arguments)
                assert "{{" not in answer.content.decode()

    def test_a_table_page_says_what_it_is(self, edition: Edition) -> None:
        page = Client().get(reverse("statistics_table", args=["2026-h1-1", "persons_province"])).content.decode()
        for text in (
            "[c]",
            "suppressed, so that nobody can be recognised",
            "Who reported",
            edition.digest,
            "2026-h1-1",
            "<svg",
            "24",
        ):
            assert text in page, text

    def test_every_percentage_has_its_n(self, edition: Edition, cast: Cast, many: Many, second_officer: User) -> None:
        many(15, started_at=clock.now().replace(year=2025, month=3))
        published(cast, second_officer, first=date(2025, 1, 1))
        page = Client().get(reverse("statistics_table", args=["2025-h1-1", "persons_province"])).content.decode()
        assert "100 % (n = 30)" in page

    def test_small_counts_are_on_no_page_and_in_no_file(self, edition: Edition) -> None:
        client = Client()
        for code in ("persons_province", "persons_nationality", "forms_province"):
            for kind in ("csv", "json", "xlsx"):
                answer = client.get(reverse("statistics_download", args=["2026-h1-1", code, kind]))
                assert answer.status_code == 200
                for value, state in values(kind, answer.content):
                    assert value is None or value == 0 or value >= 10
                    assert (value is None) == (state != "counted")

    def test_a_draft_is_on_no_public_page(self, edition: Edition, cast: Cast) -> None:
        draft = drafted(cast.statistician, "half", date(2026, 7, 1))
        checked = actions.check_edition(cast.statistician, draft)
        assert checked.slug == "2026-h2"
        client = Client()
        for slug in ("2026-h2", "2026-h2-1", str(draft.pk)):
            for name, arguments in (
                ("statistics_edition", [slug]), ("statistics_table", [slug, "persons"]), ("statistics_report", [slug, "en"]),
                ("statistics_download", [slug, "persons", "csv"]),
            ):  # fmt: skip
                assert client.get(reverse(name, args=arguments)).status_code == 404
        assert "2026, second half" not in client.get(reverse("statistics")).content.decode()
        table = client.get(reverse("statistics_table", args=["2026-h1-1", "persons"])).content.decode()
        assert "second half" not in table

    @pytest.mark.parametrize("name", ["outsider", "manager", "auditor", "administrator", "provider"])
    def test_the_office_does_not_exist_for_others(self, cast: Cast, name: str) -> None:
        draft = drafted(cast.statistician, "half", date(2026, 7, 1))
        client = signed_in(cast.users[name])
        pages = [reverse("edition_list"), reverse("edition_new"), reverse("figure_list"), reverse("figure_add")]
        pages += [reverse("edition_draft", args=[draft.pk]), reverse("edition_table", args=[draft.pk, "persons"])]
        for url in pages:
            assert client.get(url).status_code == 404, url
        for verb in ("edition_check", "edition_publish", "edition_return", "edition_discard"):
            assert client.post(reverse(verb, args=[draft.pk])).status_code == 404

    def test_nothing_is_asked_of_cases(self, edition: Edition, django_assert_max_num_queries: Any) -> None:
        """A published page is read from what is stored: no case, however many there are, makes it slower."""
        url = reverse("statistics_table", args=["2026-h1-1", "persons_province"])
        client = Client()
        client.get(url)
        with django_assert_max_num_queries(12) as asked:
            client.get(url)
        assert not any("cases_case" in one["sql"] or "people_person" in one["sql"] for one in asked.captured_queries)

    def test_the_map_can_be_read_aloud(self, edition: Edition) -> None:
        page = Client().get(reverse("statistics_table", args=["2026-h1-1", "persons_province"])).content.decode()
        assert page.count('role="img"') == 1
        assert "Banteay Meanchey: 24" in page
        assert "Kampot: suppressed" in page


def values(kind: str, body: bytes) -> list[tuple[int | None, str]]:
    """(value, state) of each cell, as the file says it."""
    if kind == "json":
        made = json.loads(body)
        return [(value, made["status"].get(str(at), "counted")) for at, value in enumerate(made["value"])]
    if kind == "csv":
        rows = [row for row in csv.reader(io.StringIO(body.decode("utf-8-sig"))) if not row[0].startswith("#")]
        return [(int(row[-3]) if row[-3] else None, row[-2]) for row in rows[1:]]
    sheet = load_workbook(io.BytesIO(body))["table"]
    return [(row[-3], row[-2]) for row in sheet.iter_rows(min_row=2, values_only=True)]


class TestDownloads:
    def test_json_stat_has_a_place_for_every_combination(self, cast: Cast, many: Many, second_officer: User) -> None:
        many(12)
        published(cast, second_officer)
        made = json.loads(Client().get(reverse("statistics_download", args=["2026-h1-1", "persons", "json"])).content)
        assert (made["version"], made["class"], made["id"]) == ("2.0", "dataset", ["status", "sex", "age"])
        assert made["size"] == [3, 7, 6]
        assert len(made["value"]) == 3 * 7 * 6
        at = (0 * 7 + 0) * 6 + 2  # presumed, female, 18 and over: row-major, the last dimension fastest
        assert made["value"][at] == 12
        assert made["dimension"]["age"]["category"]["index"][2] == "18_over"

    def test_each_file_names_edition_definition_and_digest(self, cast: Cast, second_officer: User) -> None:
        edition = published(cast, second_officer)
        told = (
            Client()
            .get(reverse("statistics_download", args=["2026-h1-1", "persons", "csv"]))
            .content.decode("utf-8-sig")
        )
        assert edition.digest in told
        assert "# edition,2026-h1-1" in told
        assert '# definition,"Persons who were presumed' in told
        book = load_workbook(
            io.BytesIO(Client().get(reverse("statistics_download", args=["2026-h1-1", "persons", "xlsx"])).content)
        )
        assert ("edition", "2026-h1-1") in [row[:2] for row in book["about"].iter_rows(values_only=True)]

    def test_an_unknown_form_is_not_there(self, cast: Cast, second_officer: User) -> None:
        published(cast, second_officer)
        assert Client().get(reverse("statistics_download", args=["2026-h1-1", "persons", "exe"])).status_code == 404


class TestReport:
    @pytest.mark.parametrize("language", ["en", "km"])
    def test_it_is_a_pdf_in_the_language(self, cast: Cast, many: Many, second_officer: User, language: str) -> None:
        many(12)
        published(cast, second_officer)
        answer = Client().get(reverse("statistics_report", args=["2026-h1-1", language]))
        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF")

    def test_it_prints_every_table_once(self, cast: Cast, many: Many, second_officer: User) -> None:
        from spean.statistics import report

        many(12)
        data = report.data(published(cast, second_officer))
        titles = [table["title"] for part in data["parts"] for table in part["tables"]]
        assert sorted(titles) == sorted(one.title("en") for one in register().indicators.values())
        assert len(set(titles)) == len(titles)


class TestTheOffice:
    def test_the_whole_way_by_its_pages(self, cast: Cast, many: Many, second_officer: User) -> None:
        many(12)
        mine, hers = signed_in(cast.statistician), signed_in(second_officer)
        form = mine.get(reverse("edition_new")).context["form"]
        sent = mine.post(reverse("edition_new"), {"period": "half:2026-01-01", "once": form["once"].value()})
        edition = Edition.objects.get()
        assert sent.headers["Location"] == reverse("edition_draft", args=[edition.pk])
        page = reverse("edition_draft", args=[edition.pk])
        waiting = mine.get(page).content.decode()
        assert "Being counted" in waiting
        assert "Count it again" not in waiting
        assert "Run the quality checks" not in waiting
        tasks.count_edition(edition_id=str(edition.pk))
        assert "Run the quality checks" in mine.get(page).content.decode()
        assert (
            "Draft. Not published" in mine.get(reverse("edition_table", args=[edition.pk, "persons"])).content.decode()
        )
        mine.post(reverse("edition_check", args=[edition.pk]), {"version": 2})
        assert "Publish for good" not in mine.get(page).content.decode()
        assert "Publish for good" in hers.get(page).content.decode()
        assert mine.post(reverse("edition_publish", args=[edition.pk]), {"version": 3}).status_code == 404
        hers.post(reverse("edition_publish", args=[edition.pk]), {"version": 3})
        edition.refresh_from_db()
        assert edition.number == "2026-h1-1"
        assert "2026-h1-1" in hers.get(reverse("edition_list")).content.decode()


def test_a_table_shows_the_change_against_the_year_before(cast: Cast, many: Many, second_officer: User) -> None:
    many(12, started_at=clock.now().replace(year=2025, month=3))
    many(18, started_at=clock.now().replace(year=2026, month=3))
    published(cast, second_officer, first=date(2025, 1, 1))
    edition = published(cast, second_officer)
    page = Client().get(reverse("statistics_table", args=[edition.number, "persons"])).content.decode()
    assert "Against the same half-year of the year before" in page
    assert "50.0 %" in page


class TestReading:
    """What a page says first, to somebody who has nothing but the page."""

    def test_an_edition_begins_with_how_many_persons(self, cast: Cast, many: Many, second_officer: User) -> None:
        many(12, detected_province="01")
        page = (
            Client().get(reverse("statistics_edition", args=[published(cast, second_officer).number])).content.decode()
        )
        assert "Persons detected in this period:" in page
        assert "<strong>24</strong>" in page

    def test_too_few_persons_are_said_to_be_hidden(self, cast: Cast, many: Many, second_officer: User) -> None:
        many(3)
        page = (
            Client().get(reverse("statistics_edition", args=[published(cast, second_officer).number])).content.decode()
        )
        assert "<strong>[c]</strong></a> (suppressed" in page

    def test_a_table_names_its_period(self, cast: Cast, many: Many, second_officer: User) -> None:
        many(12)
        number = published(cast, second_officer).number
        page = Client().get(reverse("statistics_table", args=[number, "persons_province"])).content.decode()
        assert "(persons), 2026, first half</caption>" in page

    def test_a_lower_end_of_nobody_is_not_printed(self, cast: Cast, second_officer: User) -> None:
        """Cases without a registered person could all be one: rounded outwards, at least 0, which says nothing."""
        for _ in range(12):
            an_episode(cast, None)
        number = published(cast, second_officer).number
        page = Client().get(reverse("statistics_table", args=[number, "persons_province"])).content.decode()
        assert "Distinct persons: at most 20" in page
        assert "between 0" not in page
