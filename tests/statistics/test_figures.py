"""Published figures and the traps in them: each series that the sources print is a test of what may be done with it."""

from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spean.access.models import User
from spean.statistics import actions, charts, figures, queries
from spean.statistics.figures import NotAddable, Published
from spean.statistics.indicators import FIGURE_TYPES
from spean.statistics.models import Figure
from spean.workflow.engine import Forbidden, Refused
from tests.cast import Cast
from tests.signed_in import signed_in

FIGURES = {one.id: one for one in figures.of_pack()}


def starting(name: str) -> list[Published]:
    return [one for one in FIGURES.values() if one.id.startswith(name)]


class TestEstimatesOfOnePopulation:
    """From 1,058 to 100,000: kept apart by type, never averaged, never added."""

    @pytest.mark.parametrize(
        ("name", "number", "kind"),
        [
            ("slaves_2001", "80,000–100,000", "unsourced_claim"), ("workers_2002", "20,000", "count"),
            ("trafficked_2002", "2,488", "count"), ("observed_2008", "1,058", "count"),
            ("workers_2011", "21,000", "sample_estimate"), ("trafficked_2011", "2,500", "sample_estimate"),
            ("workers_unicef", "55,000", "unsourced_claim"), ("events_official", "0", "count"), ("police_2008", "200", "count"),
            ("slavery_2018", "261,000", "model_estimate"), ("poipet_estimate", "20,492", "sample_estimate"),
        ],
    )  # fmt: skip
    def test_each_is_held_as_printed(self, name: str, number: str, kind: str) -> None:
        assert (charts.number(FIGURES[name]), FIGURES[name].type) == (number, kind)
        for text in (FIGURES[name].definition, FIGURES[name].method, FIGURES[name].source, FIGURES[name].subject_km):
            assert text

    def test_estimates_are_not_added(self) -> None:
        with pytest.raises(NotAddable, match="estimates and claims"):
            figures.add([FIGURES["workers_2011"], FIGURES["trafficked_2011"]])

    def test_counts_and_estimates_are_not_mixed(self) -> None:
        with pytest.raises(NotAddable, match="types"):
            figures.add([FIGURES["workers_2002"], FIGURES["workers_2011"]])

    def test_events_and_cases_are_not_mixed(self) -> None:
        with pytest.raises(NotAddable, match="units"):
            figures.add([FIGURES["events_official"], FIGURES["police_2008"]])

    def test_poipet_is_a_proportion_of_400_and_an_estimate_of_the_rest(self) -> None:
        share, whole = FIGURES["poipet_share"], FIGURES["poipet_deported"]
        assert (share.value, share.n, whole.value) == (23, 400, 89096)
        assert figures.expanded(share.value or 0, whole.value or 0) == FIGURES["poipet_estimate"].value == 20492
        low, high = figures.interval(23, 400)
        assert (low, high) == (19.1, 27.4)
        with pytest.raises(NotAddable):
            figures.add([FIGURES["poipet_estimate"], whole])

    def test_zero_is_a_number_and_stands_before_a_logarithmic_axis(self) -> None:
        assert FIGURES["events_official"].state == "counted"
        band = charts.Band("count", (FIGURES["events_official"], FIGURES["workers_2002"]))
        assert "2005–2009: 0" in charts.estimates("x", "Title", [band])


class TestSeries:
    def test_convictions_change_coverage_every_year(self) -> None:
        """52 (one court), 12 of 71, 36, 20 of 72; and the law changed: no growth is worked out."""
        found = figures.series(FIGURES.values())["convictions"]
        assert [one.value for one in found] == [52, 12, 36, 20]
        assert [figures.change(a, b) for a, b in pairwise(found)] == [None, None, None]
        assert "Phnom Penh" in found[0].coverage

    def test_prosecutions_are_not_comparable(self) -> None:
        before, after = figures.series(FIGURES.values())["prosecutions"]
        assert (before.value, after.value, figures.change(before, after)) == (201, 138, None)
        # Without the break it would have been a fall by a third.
        assert figures.change(before, replace(after, break_before="")) == -31.3

    def test_meetings_are(self) -> None:
        found = figures.series(FIGURES.values())["meetings"]
        assert [one.value for one in found] == [406, 496, 576]
        assert figures.change(found[0], found[1]) == 22.2

    def test_cases_repatriated_are_not_persons(self) -> None:
        assert FIGURES["repatriated_2014"].value == 326
        assert FIGURES["repatriated_2015"].value == 295
        with pytest.raises(NotAddable, match="units"):
            figures.add([FIGURES["repatriated_2014"], FIGURES["repatriated_2014_women"]])

    def test_one_number_printed_under_two_definitions_is_pointed_out(self) -> None:
        pairs = {(one.id, other.id) for one, other in figures.same_number(list(FIGURES.values()))}
        assert ("transit_2015", "reintegrated_2015") in pairs
        assert [one.value for one in figures.series(FIGURES.values())["transit"]] == [98, 792, 64]

    def test_categories_that_change_from_year_to_year_make_no_series_of_growth(self) -> None:
        assert {one.id: one.value for one in starting("referred_2014")} == {
            "referred_2014_posvy": 104, "referred_2014_ngo": 17, "referred_2014_family": 291,
        }  # fmt: skip
        assert sorted(one.value or 0 for one in starting("referred_2015")) == [4, 121, 170]
        assert sorted(one.value or 0 for one in starting("referred_2016")) == [7, 130, 161]
        for found in (
            figures.series(FIGURES.values())[name] for name in ("referred_posvy", "referred_ngo", "referred_family")
        ):
            assert all(figures.change(a, b) is None for a, b in pairwise(found))

    def test_reintegrated(self) -> None:
        assert [one.value for one in figures.series(FIGURES.values())["reintegrated"]] == [792, 1363]

    def test_trainings_people_and_women(self) -> None:
        assert [FIGURES[name].value for name in ("trainings", "trained", "trained_women")] == [104, 4761, 2283]
        assert figures.percentage(2283, 4761) == "48 % (n = 4,761)"
        with pytest.raises(NotAddable, match="units"):
            figures.add([FIGURES["trainings"], FIGURES["trained"]])

    def test_officially_returned(self) -> None:
        assert figures.add(starting("returned_")).value == 589 + 231 + 59 + 29


class TestTotals:
    def totals(self) -> dict[str, figures.Total]:
        return {one.printed.id: one for one in figures.totals(list(FIGURES.values()))}

    def test_986_is_printed_and_its_parts_are_974(self) -> None:
        found = self.totals()["mfaic_2018"]
        assert (found.printed.value, found.computed.value, found.difference, found.agrees) == (986, 974, 12, False)
        assert len(found.parts) == 8
        assert "eight are listed" in found.printed.note

    def test_a_dash_is_not_zero(self) -> None:
        cases, arrests = self.totals()["hotline_2001_cases"], self.totals()["hotline_2001_arrests"]
        assert (cases.computed.value, cases.computed.missing) == (85, 0)
        assert (arrests.computed.value, arrests.computed.missing) == (115, 1)
        dash = FIGURES["hotline_2001_arrests_3"]
        assert (dash.value, dash.state, charts.number(dash)) == (None, "missing", "–")

    @pytest.mark.parametrize(("name", "total"), [("investigations", 302), ("raids", 75), ("children", 527)])
    def test_five_years_of_one_organisation_add_up(self, name: str, total: int) -> None:
        found = self.totals()[f"ccpcr_{name}"]
        assert (found.printed.value, found.computed.value, found.agrees) == (total, total, True)


class TestCompleteness:
    def test_ecpat_is_printed_with_who_reported(self) -> None:
        assert FIGURES["ecpat_2010"].value == 39
        assert FIGURES["ecpat_2010"].coverage == "7 of 39 NGOs reported"
        assert (FIGURES["ecpat_2010_police"].value, FIGURES["ecpat_2010_police"].n) == (29, 39)

    def test_a_percentage_without_its_n_says_so(self, db: None) -> None:
        assert (FIGURES["ecpat_2010_charge"].value, FIGURES["ecpat_2010_charge"].n) == (10, None)
        assert "of how many is not stated" in Client().get(reverse("statistics_estimates")).content.decode()


class TestOverlap:
    def test_fishermen_are_a_range(self) -> None:
        lists = [one.ends for one in FIGURES.values() if one.list_of == "fishers" and one.ends]
        assert figures.bounds(lists) == (170, 312)
        # If the two ministries had a list each, and not one together.
        assert figures.bounds([*lists, (170, 200)]) == (170, 512)

    def test_lists_that_overlap_are_not_added(self) -> None:
        with pytest.raises(NotAddable, match="bounds"):
            figures.add(starting("fishers_")[:2])

    @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)).map(sorted), min_size=1, max_size=6))
    def test_bounds_hold_whatever_the_overlap(self, lists: list[list[int]]) -> None:
        low, high = figures.bounds([(a, b) for a, b in lists])
        assert max(a for a, _ in lists) == low <= high == sum(b for _, b in lists)
        # Everybody of the shorter lists may stand on the longest; nobody may stand on two.
        assert figures.bounds([(a, b) for a, b in reversed(lists)]) == (low, high)


class TestBeds:
    def test_places_taken_printed_as_capacity_are_pointed_out(self, db: None) -> None:
        assert figures.occupied_as_capacity(FIGURES["beds_347"], FIGURES["beds_434"], 80)
        assert not figures.occupied_as_capacity(FIGURES["beds_347"], FIGURES["beds_434"], 79)
        assert "347 is 80 % of 434" in Client().get(reverse("statistics_estimates")).content.decode()


class TestPercentage:
    @pytest.mark.parametrize(
        ("part", "n", "shown"), [(92, 400, "23 % (n = 400)"), (None, 400, ""), (4, None, ""), (0, 0, "")]
    )
    def test_it_has_its_n_or_is_not_there(self, part: int | None, n: int | None, shown: str) -> None:
        assert figures.percentage(part, n) == shown


class TestPage:
    @pytest.mark.parametrize("language", ["en", "km"])
    def test_types_are_kept_apart_and_differences_explained(self, db: None, language: str) -> None:
        client = Client()
        client.cookies["language"] = language
        page = client.get(reverse("statistics_estimates")).content.decode()
        for text in ("80,000–100,000", "1,058", "261,000", "20,492", "986", "974", "Chab Dai"):
            assert text in page, text
        if language == "en":
            assert "gap: 12" in " ".join(page.replace("–", " ").split())
            assert "Different persons: between 170 and 312" in page
            assert "Claim without a source" in page
            assert "Why they differ" in page

    def test_each_type_has_a_mark_of_its_own(self) -> None:
        names = ("workers_2002", "workers_2011", "slavery_2018", "slaves_2001")
        bands = [charts.Band(FIGURES[name].type, (FIGURES[name],)) for name in names]
        assert [one.type for one in bands] == list(FIGURE_TYPES)
        drawn = charts.estimates("x", "T", bands)
        assert drawn.count("<circle") == 1
        assert "h10v10h-10z" in drawn
        assert "l6 6-6 6-6-6z" in drawn
        assert "l10 10m0-10l-10 10" in drawn

    def test_a_subject_cannot_carry_markup(self) -> None:
        one = replace(FIGURES["workers_2002"], subject_en="<script>alert(1)</script>")
        assert "<script>" not in charts.estimates("x", "T", [charts.Band("count", (one,))])


# --- figures recorded by officers ----------------------------------------------------------------------------

REPORT: dict[str, Any] = {
    "status": "ok", "estimate": 11313.4, "interval_95": [9500.0, 13500.0], "reasons": [], "lists": ["a", "b", "c"], "observed": 2744,
}  # fmt: skip


def a_figure(**facts: Any) -> Figure:
    base: dict[str, Any] = {
        "subject_en": "People exploited", "type": "model_estimate", "unit": "person", "stock_flow": "flow", "value": 11313,
        "first_day": date(2025, 1, 1), "last_day": date(2025, 12, 31), "area": "Country", "definition": "as in the register",
        "method": "three lists", "source": "Secretariat",
    }  # fmt: skip
    return Figure(**{**base, **facts})


class TestRecorded:
    def test_it_appears_once_a_second_officer_published_it(self, cast: Cast, second_officer: User) -> None:
        figure = actions.record_figure(cast.statistician, a_figure(report=REPORT))
        assert "People exploited" not in Client().get(reverse("statistics_estimates")).content.decode()
        with pytest.raises(Forbidden):
            actions.publish_figure(cast.statistician, figure)
        actions.publish_figure(second_officer, figure)
        assert "People exploited" in Client().get(reverse("statistics_estimates")).content.decode()
        actions.withdraw_figure(cast.statistician, figure)
        assert all(one.subject_en != "People exploited" for one in queries.figures())

    @pytest.mark.parametrize("status", ["refused", "anything"])
    def test_a_refused_estimate_is_not_published(self, cast: Cast, second_officer: User, status: str) -> None:
        report = {**REPORT, "status": status, "estimate": None, "reasons": ["Fewer than three lists."]}
        figure = actions.record_figure(cast.statistician, a_figure(report=report))
        with pytest.raises(Refused, match="Fewer than three lists"):
            actions.publish_figure(second_officer, figure)

    def test_nor_by_the_database(self, cast: Cast, second_officer: User) -> None:
        figure = actions.record_figure(cast.statistician, a_figure(report={**REPORT, "status": "refused"}))
        with pytest.raises(IntegrityError, match="refused_estimate_not_published"), transaction.atomic():
            Figure.objects.filter(pk=figure.pk).update(status="published")

    def test_caution_is_published(self, cast: Cast, second_officer: User) -> None:
        figure = actions.record_figure(cast.statistician, a_figure(report={**REPORT, "status": "caution"}))
        actions.publish_figure(second_officer, figure)

    def test_without_definition_or_source_it_is_not_recorded(self, cast: Cast) -> None:
        with pytest.raises(Refused, match="definition"):
            actions.record_figure(cast.statistician, a_figure(source=" "))

    @pytest.mark.parametrize("name", ["outsider", "manager", "auditor"])
    def test_nobody_else_records(self, cast: Cast, name: str) -> None:
        with pytest.raises(Forbidden):
            actions.record_figure(getattr(cast, name), a_figure())

    def test_what_was_printed_stays_as_printed(self, cast: Cast) -> None:
        figure = actions.record_figure(cast.statistician, a_figure())
        with pytest.raises(Exception, match="Cannot"), transaction.atomic():
            Figure.objects.filter(pk=figure.pk).update(value=1)

    def test_the_number_of_a_report_is_taken_from_it(self, cast: Cast, second_officer: User) -> None:
        """Nobody copies an estimate wrongly, or a refused one at all."""
        import json

        client = signed_in(cast.statistician)
        sent = {
            "subject_en": "People exploited", "type": "count", "unit": "person", "stock_flow": "flow", "value": "5", "first_year": "2025",
            "last_year": "2025", "area": "Country", "definition": "d", "method": "m", "source": "s", "report": json.dumps(REPORT),
        }  # fmt: skip
        assert client.post(reverse("figure_add"), sent).status_code == 302
        figure = Figure.objects.get()
        assert (figure.type, float(figure.value or 0), float(figure.low or 0)) == ("model_estimate", 11313.4, 9500.0)
        assert client.post(reverse("figure_add"), {**sent, "report": "{}"}).status_code == 422
        assert client.post(reverse("figure_publish", args=[figure.pk]), {"version": 1}).status_code == 404
        other = signed_in(second_officer)
        assert "Publish" in other.get(reverse("figure_list")).content.decode()
        other.post(reverse("figure_publish", args=[figure.pk]), {"version": 1})
        figure.refresh_from_db()
        assert figure.status == "published"
