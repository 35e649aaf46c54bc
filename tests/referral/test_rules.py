"""The ranking as tables: who fits, who is asked about, who cannot come, and in which order."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from spean.referral import rules
from spean.referral.rules import PersonFacts, match, rank, why_unmet

PROVINCES = {"01": (13.6, 102.98), "12": (11.56, 104.92), "17": (13.36, 103.86), "18": (10.61, 103.53)}


@dataclass
class Offer:
    """A service as the ranking sees it: by default it takes everybody, and places are not counted."""

    name: str = "service"
    type: str = "counselling_general"
    minimum_age: int | None = None
    maximum_age: int | None = None
    sexes: list[str] = field(default_factory=list)
    nationalities: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    exploitation_forms: list[str] = field(default_factory=list)
    disability_access: bool = False
    needs_documents: bool = False
    residential: bool = False
    province: str = "12"
    provinces_served: list[str] = field(default_factory=list)
    capacity_maximum: int | None = None
    capacity_available: int | None = None
    meets_minimum_standards: bool | None = None


def codes(reasons: tuple[rules.Reason, ...]) -> list[str]:
    return [reason.code for reason in reasons]


def judged(person: PersonFacts, capacity_age: int | None = 0, **offer: Any) -> rules.Match:
    return match(person, Offer(**offer), provinces=PROVINCES, capacity_age=capacity_age)


class TestAge:
    @pytest.mark.parametrize(
        ("age", "low", "high", "fit"),
        [
            # Both limits count.
            (6, 6, 17, "fits"), (17, 6, 17, "fits"), (5, 6, 17, "cannot"), (18, 6, 17, "cannot"),
            (18, 18, None, "fits"), (17, 18, None, "cannot"), (99, 18, None, "fits"),
            (17, None, 17, "fits"), (18, None, 17, "cannot"), (0, None, 17, "fits"),
            (0, None, None, "fits"), (15, 15, 15, "fits"), (14, 15, 15, "cannot"), (16, 15, 15, "cannot"),
            # Unknown is asked, never excluded; without limits there is nothing to ask.
            (None, 6, 17, "ask"), (None, 18, None, "ask"), (None, None, None, "fits"),
        ],
    )  # fmt: skip
    def test_limits(self, age: int | None, low: int | None, high: int | None, fit: str) -> None:
        child = age is not None and age < 18
        assert rules.age_fit(PersonFacts.aged(age, treated_as_child=child), low, high) == fit

    @pytest.mark.parametrize(
        ("youngest", "oldest", "low", "high", "fit"),
        [
            # Only the year of birth is known: two ages are possible.
            (16, 17, 6, 17, "fits"), (17, 18, 6, 17, "ask"), (18, 19, 6, 17, "cannot"), (17, 18, 18, None, "ask"),
            (5, 6, 6, 17, "ask"), (4, 5, 6, 17, "cannot"), (18, 19, 18, None, "fits"),
        ],
    )  # fmt: skip
    def test_a_span_that_crosses_a_limit_is_asked_about(
        self, youngest: int, oldest: int, low: int | None, high: int | None, fit: str
    ) -> None:
        assert rules.age_fit(PersonFacts(youngest=youngest, oldest=oldest), low, high) == fit

    @pytest.mark.parametrize(
        ("age", "low", "high", "fit"),
        [
            # Says nineteen, may be younger: no place among adults, and the house for girls is asked.
            (19, 18, None, "cannot"), (19, 6, 17, "ask"), (19, 15, None, "fits"), (19, None, None, "fits"),
            (None, 18, None, "cannot"), (None, 6, 17, "ask"), (40, 18, None, "cannot"), (12, 6, 17, "fits"),
        ],
    )  # fmt: skip
    def test_a_possible_child_is_treated_as_a_child(
        self, age: int | None, low: int | None, high: int | None, fit: str
    ) -> None:
        assert rules.age_fit(PersonFacts.aged(age, treated_as_child=True), low, high) == fit

    def test_the_reason_for_a_possible_child_says_so(self) -> None:
        found = judged(PersonFacts.aged(19, treated_as_child=True), minimum_age=18)
        assert codes(found.obstacles) == ["adults_only"]
        assert codes(judged(PersonFacts.aged(20), maximum_age=17).obstacles) == ["age_outside"]
        assert codes(judged(PersonFacts.aged(12, treated_as_child=True), minimum_age=15).obstacles) == ["age_outside"]

    def test_what_to_ask_differs_between_unknown_and_uncertain(self) -> None:
        assert codes(judged(PersonFacts(), minimum_age=6, maximum_age=17).to_ask) == ["age_unknown"]
        uncertain = PersonFacts(youngest=17, oldest=18)
        assert codes(judged(uncertain, minimum_age=6, maximum_age=17).to_ask) == ["age_uncertain"]


class TestSex:
    @pytest.mark.parametrize(
        ("sex", "taken", "fit"),
        [
            ("male", [], "fits"), ("transgender_feminine", [], "fits"), ("", [], "fits"), ("unknown", [], "fits"),
            ("female", ["female"], "fits"), ("male", ["female"], "cannot"), ("female", ["male"], "cannot"),
            ("", ["female"], "ask"), ("unknown", ["female"], "ask"), ("nonconforming", ["female"], "ask"),
            ("transgender_feminine", ["female", "transgender_feminine"], "fits"),
            # Not named: the house is asked, she is not dropped without a word.
            ("transgender_feminine", ["female"], "ask"), ("transgender_masculine", ["male"], "ask"),
            ("transgender_feminine", ["male"], "cannot"), ("transgender_masculine", ["female"], "cannot"),
        ],
    )  # fmt: skip
    def test_table(self, sex: str, taken: list[str], fit: str) -> None:
        assert rules.sex_fit(sex, taken) == fit

    @pytest.mark.parametrize(
        "sex", ["male", "transgender_masculine", "transgender_feminine", "nonconforming", "unknown"]
    )
    def test_nobody_disappears_from_the_ranking(self, sex: str) -> None:
        offers = [Offer(sexes=["female"]), Offer(sexes=["male"]), Offer()]
        ranked = rank(PersonFacts.aged(30, sex=sex), offers, provinces=PROVINCES)
        assert len(ranked) == len(offers)
        # Whatever is not eligible says why; whatever is neither certain nor impossible says what to ask.
        assert all(found.eligible or found.obstacles for found in ranked)
        assert ranked[0].eligible

    def test_the_house_that_takes_women_only_says_so_to_a_man(self) -> None:
        found = judged(PersonFacts.aged(34, sex="male"), sexes=["female"], minimum_age=18)
        assert not found.eligible
        assert found.obstacles == (rules.Reason("sex_not_taken", (("sexes", "female"), ("low", "18"), ("high", ""))),)

    def test_who_it_takes_is_said_once(self) -> None:
        found = judged(
            PersonFacts.aged(12, sex="female", treated_as_child=True), sexes=["female"], minimum_age=6, maximum_age=17
        )
        assert codes(found.reasons).count("takes") == 1


class TestUnknownIsAskedAndKnownIsDecided:
    @pytest.mark.parametrize(
        ("known", "offer", "list_name", "code"),
        [
            ({}, {"nationalities": ["KHM"]}, "to_ask", "nationality_unknown"),
            ({"nationality": "VNM"}, {"nationalities": ["KHM"]}, "obstacles", "nationality_not_taken"),
            ({"nationality": "KHM"}, {"nationalities": ["KHM"]}, "reasons", "nationality_taken"),
            ({}, {"exploitation_forms": ["ForcedLabour"]}, "to_ask", "form_unknown"),
            ({"exploitation_forms": ("Servitude",)}, {"exploitation_forms": ["ForcedLabour"]}, "obstacles", "form_not_taken"),
            ({"exploitation_forms": ("Servitude", "ForcedLabour")}, {"exploitation_forms": ["ForcedLabour"]}, "reasons", "specialised"),
            ({}, {"languages": ["km"]}, "to_ask", "language_unknown"),
            ({"languages": ("vi",)}, {"languages": ["km"]}, "to_ask", "interpreter_needed"),
            ({"languages": ("vi", "km")}, {"languages": ["km"]}, "reasons", "speaks"),
            ({"disability": ("walking",)}, {}, "to_ask", "disability_access_unknown"),
            ({"disability": ("walking",)}, {"disability_access": True}, "reasons", "disability_access"),
            ({}, {"needs_documents": True}, "to_ask", "documents_unknown"),
            ({"has_documents": False}, {"needs_documents": True}, "obstacles", "needs_documents"),
        ],
    )  # fmt: skip
    def test_table(self, known: dict[str, Any], offer: dict[str, Any], list_name: str, code: str) -> None:
        found = judged(PersonFacts(**known), **offer)
        assert code in codes(getattr(found, list_name))
        assert found.eligible == (list_name != "obstacles")

    @pytest.mark.parametrize(
        ("known", "offer"),
        [
            ({"disability": ("none",)}, {}),
            ({"disability": ("unknown",)}, {}),
            ({"has_documents": True}, {"needs_documents": True}),
            ({}, {}),
        ],
    )
    def test_nothing_is_asked_without_need(self, known: dict[str, Any], offer: dict[str, Any]) -> None:
        assert judged(PersonFacts(**known), **offer).to_ask == ()


class TestPlaces:
    @pytest.mark.parametrize(
        ("free", "days", "eligible", "asked"),
        [
            (3, 0, True, []), (1, 14, True, []), (1, 15, True, ["capacity_old"]), (1, None, True, ["capacity_old"]),
            (0, 0, False, []), (0, 14, False, []),
            # Nobody knows any more whether it is full.
            (0, 15, True, ["full_when_last_told"]), (0, None, True, ["full_when_last_told"]),
            (None, None, True, []),
        ],
    )  # fmt: skip
    def test_table(self, free: int | None, days: int | None, eligible: bool, asked: list[str]) -> None:
        maximum = None if free is None else 10
        found = judged(PersonFacts(), capacity_age=days, capacity_available=free, capacity_maximum=maximum)
        assert (found.eligible, codes(found.to_ask)) == (eligible, asked)

    def test_a_fresh_figure_ranks_above_an_old_one(self) -> None:
        offers = [
            Offer("old", capacity_maximum=9, capacity_available=9),
            Offer("fresh", capacity_maximum=9, capacity_available=9),
        ]
        ranked = rank(PersonFacts(), offers, provinces=PROVINCES, capacity_days={0: 40, 1: 2})
        assert [found.service.name for found in ranked] == ["fresh", "old"]  # type: ignore[attr-defined]

    def test_more_than_three_free_places_make_no_difference(self) -> None:
        few = judged(PersonFacts(), capacity_maximum=50, capacity_available=3)
        many = judged(PersonFacts(), capacity_maximum=50, capacity_available=50)
        assert few.score == many.score


class TestDistance:
    @pytest.mark.parametrize(
        ("offer", "code"),
        [
            ({"province": "01"}, "same_province"),
            ({"province": "12", "provinces_served": ["01"]}, "serves_province"),
            ({"province": "12"}, "distance"),
        ],
    )
    def test_reason(self, offer: dict[str, Any], code: str) -> None:
        assert code in codes(judged(PersonFacts(province="01"), **offer).reasons)

    def test_near_ranks_above_far(self) -> None:
        offers = [
            Offer(province="18"),
            Offer(province="12"),
            Offer(province="17"),
            Offer(province="12", provinces_served=["01"]),
            Offer(province="01"),
        ]
        ranked = rank(PersonFacts(province="01"), offers, provinces=PROVINCES)
        assert [found.service.province for found in ranked] == ["01", "12", "17", "12", "18"]

    def test_a_province_that_is_not_named_is_asked_about(self) -> None:
        found = judged(PersonFacts(province="01"), provinces_served=["12", "17"])
        assert found.eligible
        assert "province_not_served" in codes(found.to_ask)

    def test_an_unknown_place_says_nothing(self) -> None:
        assert judged(PersonFacts()).reasons == (rules.Reason("places_not_counted"),)
        assert "distance" not in codes(judged(PersonFacts(province="99")).reasons)

    @pytest.mark.parametrize(
        ("here", "there", "kilometres"),
        [
            ((0.0, 0.0), (0.0, 0.0), 0), ((0.0, 0.0), (0.0, 1.0), 111.19), ((0.0, 0.0), (0.0, 180.0), 20015.09),
            ((11.56, 104.92), (13.36, 103.86), 230.6),
        ],
    )  # fmt: skip
    def test_kilometres(self, here: tuple[float, float], there: tuple[float, float], kilometres: float) -> None:
        assert rules.distance_km(here, there) == pytest.approx(kilometres, rel=0.003)
        assert rules.distance_km(here, there) == pytest.approx(rules.distance_km(there, here))


class TestFamilyAndCommunityFirst:
    def test_a_residential_place_comes_last_however_near(self) -> None:
        offers = [
            Offer("house", residential=True, province="01", capacity_maximum=9, capacity_available=9, meets_minimum_standards=True),
            Offer("family", province="18", meets_minimum_standards=False),
        ]  # fmt: skip
        for risk in ("", "low", "medium", "unknown"):
            ranked = rank(
                PersonFacts(province="01", risk_level=risk), offers, provinces=PROVINCES, capacity_days={0: 0}
            )
            assert [found.service.name for found in ranked] == ["family", "house"]  # type: ignore[attr-defined]

    def test_unless_the_risk_is_high(self) -> None:
        offers = [Offer("family", province="18"), Offer("house", residential=True, province="01")]
        ranked = rank(PersonFacts(province="01", risk_level="high"), offers, provinces=PROVINCES)
        assert [found.service.name for found in ranked] == ["house", "family"]  # type: ignore[attr-defined]
        assert "residential_high_risk" in codes(ranked[0].reasons)

    def test_below_what_fits_stands_what_cannot(self) -> None:
        offers = [Offer("women", sexes=["female"], province="01"), Offer("house", residential=True, province="18")]
        ranked = rank(PersonFacts(sex="male", province="01"), offers, provinces=PROVINCES)
        assert [found.service.name for found in ranked] == ["house", "women"]  # type: ignore[attr-defined]


class TestStandards:
    def test_what_meets_the_standards_ranks_above_what_does_not(self) -> None:
        offers = [
            Offer("below", meets_minimum_standards=False),
            Offer("unchecked"),
            Offer("meets", meets_minimum_standards=True),
        ]
        ranked = rank(PersonFacts(), offers, provinces=PROVINCES)
        assert [found.service.name for found in ranked] == ["meets", "unchecked", "below"]  # type: ignore[attr-defined]
        assert all(found.eligible for found in ranked)


class TestWhyUnmet:
    WOMEN, GIRLS, FULL = (
        Offer("women", sexes=["female"], minimum_age=18),
        Offer("girls", sexes=["female"], maximum_age=17),
        Offer("full", capacity_maximum=4, capacity_available=0),
    )
    MAN = PersonFacts.aged(34, sex="male")

    def ranked(self, *offers: Offer, person: PersonFacts = MAN) -> list[rules.Match]:
        return rank(person, offers, provinces=PROVINCES, capacity_days=dict.fromkeys(range(9), 0))

    def test_a_grown_man_and_houses_for_women_and_girls(self) -> None:
        assert why_unmet(self.ranked(self.WOMEN, self.GIRLS)) == "no_service_for_sex"

    @pytest.mark.parametrize(
        ("offers", "reason"),
        [
            ((), "no_service_in_area"),
            ((FULL,), "no_free_place"),
            ((Offer(nationalities=["VNM"]),), "no_service_for_nationality"),
            ((Offer(maximum_age=17),), "no_service_for_age"),
            # Somebody would take him, if there were a place.
            ((Offer(maximum_age=17), WOMEN, FULL), "no_free_place"),
            ((Offer(maximum_age=17), Offer(maximum_age=17), WOMEN), "no_service_for_sex"),
            ((Offer(needs_documents=True),), "no_documents"),
            ((Offer(exploitation_forms=["Servitude"]),), "other"),
            ((FULL, FULL, WOMEN), "no_free_place"),
        ],
    )
    def test_table(self, offers: tuple[Offer, ...], reason: str) -> None:
        person = PersonFacts.aged(
            34, sex="male", nationality="KHM", has_documents=False, exploitation_forms=("ForcedLabour",)
        )
        assert why_unmet(self.ranked(*offers, person=person)) == reason

    def test_nothing_is_suggested_while_one_that_fits_was_not_asked(self) -> None:
        assert why_unmet(self.ranked(Offer(), self.WOMEN)) == ""

    def test_all_who_could_have_declined(self) -> None:
        ranked = self.ranked(Offer(), self.WOMEN)
        assert why_unmet(ranked, [ranked[0].service]) == "all_declined"
