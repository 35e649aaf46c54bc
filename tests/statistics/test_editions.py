"""From draft to a frozen edition: two officers, nothing unprotected kept, corrections beside what they correct."""

import html
import inspect
import json
import re
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation

from spean.access.models import User
from spean.lib import clock
from spean.privacy.models import Event
from spean.statistics import actions, content, disclosure, labels, measures, queries, releases
from spean.statistics.indicators import register
from spean.statistics.margins import TOTAL
from spean.statistics.models import Edition, EditionTable
from spean.statistics.tables import Cell
from spean.workflow.engine import AlreadyDone, Forbidden, Refused, WrongState
from tests.cast import Cast
from tests.signed_in import signed_in
from tests.statistics.conftest import FIRST, HALF, Many, a_person, an_episode, cells, drafted, few, published


class TestDraft:
    def test_only_protected_numbers_are_kept(self, cast: Cast, many: Many) -> None:
        """Six persons of a province are in no table, no sum and no file of the draft."""
        many(12, detected_province="01")
        few(cast)
        edition = drafted(cast.statistician, "half", FIRST)
        found = cells(edition, "persons_province")
        assert found[("01",)] == Cell(24, "counted")
        assert found[("07",)] == Cell(None, "suppressed")
        for table in queries.tables_of(edition):
            for _key, state, value in table["cells"]:
                assert (value is None) == (state != "counted")
                if table["unit"] != "place":
                    assert not 0 < (value or 0) < register().threshold, table["indicator"]

    def test_it_is_sealed_and_holds_every_indicator(self, cast: Cast, many: Many) -> None:
        many(10)
        edition = drafted(cast.statistician, "half", FIRST)
        assert (edition.status, edition.number) == ("draft", "")
        tables = queries.tables_of(edition)
        assert [table["indicator"] for table in tables] == list(register().indicators)
        assert content.holds(edition.about, tables, edition.digest, edition.seal)

    def test_what_did_not_pass_protection_is_refused(
        self, cast: Cast, many: Many, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        many(3)

        def careless(tables: Any, **_: Any) -> Any:
            class Unprotected:
                pass

            passed = Unprotected()
            passed.tables = tables  # type: ignore[attr-defined]
            return passed

        monkeypatch.setattr(content, "disclosure_control", careless)
        edition = actions.draft_edition(cast.statistician, "half", FIRST)
        actions.count_edition(edition)
        assert (edition.status, edition.fault) == ("failed", "not_protected")
        assert not EditionTable.objects.exists()

    def test_a_small_count_that_slipped_through_is_refused(
        self, cast: Cast, many: Many, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        many(3)
        real = disclosure.protect
        monkeypatch.setattr(content, "disclosure_control", lambda tables, **more: real(tables, threshold=2))
        edition = actions.draft_edition(cast.statistician, "half", FIRST)
        actions.count_edition(edition)
        assert (edition.status, edition.fault, edition.digest) == ("failed", "refused", "")
        assert not EditionTable.objects.exists()

    @pytest.mark.parametrize("name", ["outsider", "manager", "auditor", "administrator", "officer", "prosecutor"])
    def test_nobody_else_drafts(self, cast: Cast, name: str) -> None:
        with pytest.raises(Forbidden):
            actions.draft_edition(getattr(cast, name), "half", FIRST)

    def test_a_half_year_begins_in_january_or_july(self, cast: Cast) -> None:
        with pytest.raises(Refused, match="1 January or 1 July"):
            drafted(cast.statistician, "half", date(2026, 3, 1))

    def test_one_of_a_period_at_a_time(self, cast: Cast) -> None:
        first = drafted(cast.statistician, "half", FIRST)
        with pytest.raises(Refused, match="in work"):
            drafted(cast.statistician, "half", FIRST)
        actions.discard_edition(cast.statistician, first)
        drafted(cast.statistician, "half", FIRST)

    def test_sent_twice_is_drafted_once(self, cast: Cast) -> None:
        once = uuid4()
        drafted(cast.statistician, "half", FIRST, once=once)
        with pytest.raises(AlreadyDone):
            drafted(cast.statistician, "half", FIRST, once=once)
        assert Edition.objects.count() == 1


class TestCheck:
    def test_findings_are_kept(self, cast: Cast, many: Many) -> None:
        many(12)
        many(12, sexes=("unknown",))
        edition = actions.check_edition(cast.statistician, drafted(cast.statistician, "half", FIRST))
        assert edition.status == "checked"
        incomplete = [one for one in edition.findings if one["code"] == "incomplete" and one["indicator"] == "persons"]
        assert incomplete == [
            {
                "code": "incomplete",
                "weight": "remark",
                "indicator": "persons",
                "dimension": "sex",
                "percent": 67,
                "n": 36,
            }
        ]

    def test_changed_tables_are_refused(self, cast: Cast, many: Many) -> None:
        """Somebody with the database writes a number into a draft: it is not published."""
        many(12)
        edition = drafted(cast.statistician, "half", FIRST)
        row = EditionTable.objects.get(edition=edition, indicator="persons_province")
        row.content["cells"][0] = [row.content["cells"][0][0], "counted", 4711]
        row.save()
        with pytest.raises(Refused, match="disclosure control"):
            actions.check_edition(cast.statistician, edition)


class TestPublish:
    def test_by_a_second_officer(self, cast: Cast, many: Many, second_officer: User) -> None:
        many(12)
        edition = published(cast, second_officer)
        assert (edition.status, edition.number) == ("published", "2026-h1-1")
        event = Event.objects.get(action="edition.published")
        assert event.actor_id == second_officer.pk
        assert event.facts["digest"] == edition.digest

    def test_not_by_who_drafted_or_checked(self, cast: Cast, second_officer: User) -> None:
        edition = drafted(cast.statistician, "half", FIRST)
        actions.check_edition(second_officer, edition)
        for user in (cast.statistician, second_officer):
            with pytest.raises(Forbidden):
                actions.publish_edition(user, edition)

    def test_not_unchecked(self, cast: Cast, second_officer: User) -> None:
        edition = drafted(cast.statistician, "half", FIRST)
        with pytest.raises(WrongState):
            actions.publish_edition(second_officer, edition)

    def test_not_before_the_period_is_over(self, cast: Cast, second_officer: User) -> None:
        edition = drafted(cast.statistician, "half", date(2026, 7, 1))
        assert clock.today() < edition.last_day
        actions.check_edition(cast.statistician, edition)
        with pytest.raises(Refused, match="before the period was over"):
            actions.publish_edition(second_officer, edition)

    def test_not_with_a_fault(self, cast: Cast, second_officer: User) -> None:
        edition = actions.check_edition(cast.statistician, drafted(cast.statistician, "half", FIRST))
        Edition.objects.filter(pk=edition.pk).update(
            findings=[{"code": "small_count", "weight": "fault", "indicator": "persons"}]
        )
        with pytest.raises(Refused, match="fault"):
            actions.publish_edition(second_officer, edition)

    @pytest.mark.parametrize("name", ["outsider", "manager", "auditor", "administrator"])
    def test_nobody_else_publishes(self, cast: Cast, name: str) -> None:
        edition = actions.check_edition(cast.statistician, drafted(cast.statistician, "half", FIRST))
        with pytest.raises(Forbidden):
            actions.publish_edition(getattr(cast, name), edition)

    def test_returned_and_checked_again(self, cast: Cast, second_officer: User) -> None:
        edition = actions.check_edition(cast.statistician, drafted(cast.statistician, "half", FIRST))
        actions.return_edition(second_officer, edition)
        assert (edition.status, edition.checked_by) == ("draft", None)
        actions.check_edition(cast.statistician, edition)
        actions.publish_edition(second_officer, edition)

    def test_it_is_never_changed_again(self, cast: Cast, second_officer: User) -> None:
        """Not through the application, and not by whoever is connected as it."""
        edition = published(cast, second_officer)
        table = edition.tables.order_by("place")[0]
        for change in (
            lambda: Edition.objects.filter(pk=edition.pk).update(digest="0" * 64),
            lambda: EditionTable.objects.filter(pk=table.pk).update(content={}),
            lambda: EditionTable.objects.filter(pk=table.pk).delete(),
            lambda: EditionTable.objects.create(edition=edition, indicator="more", place=99, content={}),
        ):
            with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
                change()

    def test_the_digest_can_be_worked_out_by_anybody(self, cast: Cast, many: Many, second_officer: User) -> None:
        many(12)
        edition = published(cast, second_officer)
        assert content.digest(edition.about, queries.tables_of(edition)) == edition.digest


class TestCorrection:
    def test_it_makes_a_new_edition_and_keeps_the_old(self, cast: Cast, many: Many, second_officer: User) -> None:
        many(12, detected_province="01")
        old = published(cast, second_officer)
        before = queries.tables_of(old)
        many(15, detected_province="01")
        new = published(cast, second_officer, corrects=old, correction_en="Late reports of one office were added.")
        assert (old.number, new.number, new.corrects) == ("2026-h1-1", "2026-h1-2", old)
        assert queries.tables_of(old) == before
        assert queries.current() == [new]
        page = Client().get(reverse("statistics_edition", args=["2026-h1-1"])).content.decode()
        assert "2026-h1-2" in page
        assert (
            "Late reports of one office"
            in Client().get(reverse("statistics_edition", args=["2026-h1-2"])).content.decode()
        )

    def test_without_saying_what_it_is_refused(self, cast: Cast, second_officer: User) -> None:
        old = published(cast, second_officer)
        with pytest.raises(Refused, match="Say in a sentence"):
            drafted(cast.statistician, "half", FIRST, corrects=old)

    def test_a_second_first_edition_is_refused(self, cast: Cast, second_officer: User) -> None:
        published(cast, second_officer)
        with pytest.raises(Refused, match="Correct the published edition"):
            drafted(cast.statistician, "half", FIRST)


class TestYear:
    """What a half-year hides is not found by taking it from the year."""

    def halves(self, cast: Cast, many: Many, second: User) -> None:
        with clock.travel(clock.now().replace(year=2027, month=2)):
            many(12, detected_province="01")
            few(cast)
            later = clock.now().replace(year=2026, month=9)
            many(12, detected_province="01", started_at=later)
            many(12, detected_province="07", started_at=later)
            published(cast, second)
            published(cast, second, first=date(2026, 7, 1))

    def test_a_year_is_the_sum_of_its_published_halves(self, cast: Cast, many: Many, second_officer: User) -> None:
        self.halves(cast, many, second_officer)
        with clock.travel(clock.now().replace(year=2027, month=2)):
            year = published(cast, second_officer, "year")
        found = cells(year, "persons_province")
        assert year.number == "2026-1"
        assert found[("01",)] == Cell(48, "counted")
        # 6 in the first half, hidden; 24 in the second, printed.
        assert found[("07",)] == Cell(None, "suppressed")

    def test_distinct_persons_of_a_summed_year_are_bounds(self, cast: Cast, many: Many, second_officer: User) -> None:
        with clock.travel(clock.now().replace(year=2027, month=2)):
            many(12)
            many(12, started_at=clock.now().replace(year=2026, month=9))
            published(cast, second_officer)
            published(cast, second_officer, first=date(2026, 7, 1))
            year = published(cast, second_officer, "year")
        table = EditionTable.objects.get(edition=year, indicator="persons").content
        assert table["bounds"] == [20, 60]  # 24 and 24, each 20 to 30 when rounded outwards

    def test_beside_one_half_it_is_refused(self, cast: Cast, second_officer: User) -> None:
        with clock.travel(clock.now().replace(year=2027, month=2)):
            published(cast, second_officer)
            with pytest.raises(Refused, match="both half-years"):
                drafted(cast.statistician, "year", FIRST)

    def test_a_half_beside_a_year_counted_as_one_is_refused(self, cast: Cast, second_officer: User) -> None:
        with clock.travel(clock.now().replace(year=2027, month=2)):
            published(cast, second_officer, "year")
            with pytest.raises(Refused, match="whole year"):
                drafted(cast.statistician, "half", FIRST)


class TestDerived:
    def test_sdg_is_added_up_from_what_is_protected(self, cast: Cast, many: Many) -> None:
        many(12, age_at_screening=14)
        many(12, age_at_screening=16)
        many(12)
        edition = drafted(cast.statistician, "half", FIRST)
        found = cells(edition, "sdg_16_2_2")
        assert found[("female", "under_18")] == Cell(24, "counted")
        assert found[("female", "18_over")] == Cell(12, "counted")
        assert found[(TOTAL, TOTAL)] == Cell(72, "counted")
        assert cells(edition, "sdg_16_2_2_forms")[("VC_HTF_DETVFL", "under_18")] == Cell(48, "counted")

    def test_what_is_hidden_there_is_hidden_here(self, cast: Cast, many: Many) -> None:
        many(12, age_at_screening=14)
        many(3, age_at_screening=16)
        edition = drafted(cast.statistician, "half", FIRST)
        assert cells(edition, "sdg_16_2_2")[("female", "under_18")] == Cell(None, "suppressed")


def test_raw_counts_reach_no_table_of_the_database(cast: Cast, many: Many) -> None:
    """A number that stands for exactly seven persons is looked for in everything that is stored of an edition."""
    for _ in range(7):
        an_episode(cast, a_person(cast, nationality="LAO"), detected_province="09")
    many(20)
    edition = drafted(cast.statistician, "half", FIRST)
    actions.check_edition(cast.statistician, edition)
    assert measures.count(register(), HALF).bounds.high == 47
    with connection.cursor() as cursor:
        cursor.execute("SELECT content::text FROM statistics_editiontable")
        stored = [json.loads(row[0]) for row in cursor.fetchall()]
        cursor.execute("SELECT findings::text || about::text FROM statistics_edition")
        about = cursor.fetchone()[0]
    assert not any(value == 7 for table in stored for _key, _state, value in table["cells"])
    assert ": 7," not in about


class TestWithheld:
    def page(self, cast: Cast, edition: Edition) -> str:
        client = signed_in(cast.statistician)
        return html.unescape(client.get(reverse("edition_draft", args=[edition.pk])).content.decode())

    def test_the_draft_says_which_tables_and_why(self, cast: Cast, many: Many) -> None:
        many(12)
        edition = drafted(cast.statistician, "half", FIRST)
        assert {"indicator": "places", "reason": "few_sources", "release": ""} in edition.withheld
        assert "persons" not in {one["indicator"] for one in edition.withheld}
        assert "fewer than three houses" in self.page(cast, edition)

    def test_too_few_people_for_any_number(self, cast: Cast) -> None:
        few(cast, sex="male")
        for _ in range(3):
            an_episode(cast, None, detected_province="10")
        edition = drafted(cast.statistician, "half", FIRST)
        hidden = {
            table["indicator"] for table in queries.tables_of(edition)
            if {state for _key, state, _value in table["cells"]} == {"suppressed"}
        }  # fmt: skip
        assert hidden <= {one["indicator"] for one in edition.withheld}

    def test_a_correction_by_one_person_is_explained(self, cast: Cast, many: Many, second_officer: User) -> None:
        many(12)
        old = published(cast, second_officer)
        an_episode(cast, a_person(cast))
        new = drafted(cast.statistician, "half", FIRST, corrects=old, correction_en="One more.")
        reasons = {one["indicator"]: (one["reason"], one["release"]) for one in new.withheld}
        assert reasons["persons"] == reasons["forms"] == ("small_difference", old.number)
        assert reasons["sdg_16_2_2"] == ("derived", "")
        assert cells(new, "persons") == cells(old, "persons")
        page = self.page(cast, new)
        assert f"differ from {old.number} by so few people" in page
        assert "added up from a table that is withheld" in page

    def test_every_reason_has_words(self) -> None:
        said = {code: labels.withheld({"reason": code, "release": "2026-h1-1"}) for code in labels.WITHHELD}
        source = "".join(inspect.getsource(module) for module in (content, disclosure, releases))
        for code, words in said.items():
            assert f'"{code}"' in source, code
            assert words != code
            assert "%(" not in words
            with translation.override("km"):
                assert re.search("[\u1780-\u17e9]", labels.withheld({"reason": code, "release": "2026-h1-1"})), code
        assert "another table of this edition" in labels.withheld({"reason": "together", "release": ""})

    def test_no_reader_learns_the_reason(self, cast: Cast, many: Many, second_officer: User) -> None:
        """Why a cell is hidden tells small ones from the others."""
        many(12)
        edition = published(cast, second_officer)
        assert edition.withheld
        for url in (
            reverse("statistics_edition", args=[edition.number]), reverse("statistics_table", args=[edition.number, "places"]),
            reverse("statistics_download", args=[edition.number, "places", "json"]),
        ):  # fmt: skip
            told = Client().get(url).content.decode()
            assert "houses" not in told
            assert "few_sources" not in told
