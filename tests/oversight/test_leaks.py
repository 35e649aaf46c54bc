"""Leak review: everybody who learned something of a case in some days, and who learned of several."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse

from spean.cases.models import Case
from spean.lib import clock
from spean.oversight import leaks
from spean.people.words import named
from spean.privacy.models import Event
from spean.referral import actions as referral
from tests import steps
from tests.cast import Cast
from tests.signed_in import signed_in

NAMES = ("Chan", "Sophea", "Keo", "Vannak")


@pytest.fixture
def leaked(cast: Cast) -> list[Case]:
    """Two cases: the manager opened both, the shelter was sent one, the registry found one by a search."""
    cases = [
        steps.registered(cast, steps.identity(*names, birth_date="1999-01-02", phone=""), name=" ".join(names))
        for names in (NAMES[:2], NAMES[2:])
    ]
    for case in cases:
        assert case.person is not None
        named(cast.manager, case.person, "casework")
    steps.agree(cast, cases[0], "service_referral", cast.org("shelter"))
    service = steps.service(cast)
    sent = referral.send_referral(cast.manager, cases[0], "service", cast.org("shelter"), service=service)
    referral.accept_referral(cast.provider, sent)
    signed_in(cast.provider).get(reverse("case", args=[cases[0].pk]))
    return cases


def review(cast: Cast, *cases: Case, days: int = 0, since: int | None = None) -> list[leaks.Knowing]:
    found = [leaks.find_leaked(case.code) for case in cases]
    until = clock.today() + timedelta(days=days)
    begins = None if since is None else clock.today() + timedelta(days=since)
    return leaks.review(cast.auditor, [one for one in found if one], since=begins, until=until)


def hows(moments: list[leaks.Knowing], user: object) -> set[str]:
    return {one.how for one in moments if one.user_id == getattr(user, "pk", None)}


class TestWho:
    def test_who_opened(self, cast: Cast, leaked: list[Case]) -> None:
        moments = review(cast, leaked[0])
        assert leaks.READ in hows(moments, cast.manager)
        opened = [one for one in moments if one.what == "identity.revealed"]
        assert opened[0].role == "case_manager"
        assert set(opened[0].sections) == {"contact", "identity", "whereabouts"} & set(opened[0].sections)
        assert "identity" in opened[0].sections

    def test_who_only_looked_at_the_page(self, cast: Cast, leaked: list[Case]) -> None:
        moments = review(cast, leaked[0])
        assert [one.what for one in moments if one.user_id == cast.provider.pk and one.how == leaks.READ]

    def test_who_wrote_it_down_knew_it_first(self, cast: Cast, leaked: list[Case]) -> None:
        assert leaks.WORKED in hows(review(cast, leaked[0]), cast.screener)

    def test_who_received(self, cast: Cast, leaked: list[Case]) -> None:
        received = [one for one in review(cast, leaked[0]) if one.how == leaks.RECEIVED]
        assert cast.org("shelter").pk in {one.organisation_id for one in received}

    def test_who_found_her_by_a_search(self, cast: Cast, leaked: list[Case]) -> None:
        signed_in(cast.manager).post(reverse("person_search"), {"words": "Chan Sophea"})
        assert leaks.SEARCHED in hows(review(cast, leaked[0]), cast.manager)
        row = Event.objects.get(action="people.searched")
        assert "Chan" not in str(row.facts)
        assert leaks.SEARCHED not in hows(review(cast, leaked[1]), cast.manager) or len(row.facts["persons"]) == 2

    def test_who_asked_and_was_refused_is_told_and_makes_no_overlap(self, cast: Cast, leaked: list[Case]) -> None:
        from spean.privacy import doors

        for case in leaked:
            assert case.person is not None
            with pytest.raises(doors.NotAllowed):
                doors.reveal(cast.outsider, [case.person], ["family_name"], "casework")
        found = leaks.knowers(review(cast, *leaked))
        (outsider,) = [one for one in found if one.user == cast.outsider]
        assert (outsider.hows, outsider.codes) == ({leaks.REFUSED}, set())

    def test_who_had_nothing_to_do_with_it_is_not_named(self, cast: Cast, leaked: list[Case]) -> None:
        knowing = {one.user_id for one in review(cast, *leaked)}
        for name in ("outsider", "other_manager", "other_provider", "officer", "administrator"):
            assert getattr(cast, name).pk not in knowing


class TestWhen:
    def test_days_are_included_and_local(self, cast: Cast, leaked: list[Case]) -> None:
        assert review(cast, leaked[0])
        assert review(cast, leaked[0], since=0)
        assert review(cast, leaked[0], days=-1) == []
        assert review(cast, leaked[0], since=1, days=2) == []

    def test_what_came_later_is_not_blamed(self, cast: Cast, leaked: list[Case]) -> None:
        before = len(review(cast, leaked[0]))
        with clock.travel(clock.now() + timedelta(days=3)):
            named(cast.manager, steps.person_of(leaked[0]), "casework")
        assert len(review(cast, leaked[0])) == before
        assert len(review(cast, leaked[0], days=3)) == before + 1 or len(review(cast, leaked[0], days=3)) > before


class TestOverlap:
    def test_who_knew_of_all(self, cast: Cast, leaked: list[Case]) -> None:
        found = [leaks.find_leaked(case.code) for case in leaked]
        both = [one for one in found if one]
        overlap = leaks.in_all(leaks.knowers(review(cast, *leaked)), both)
        assert {one.user for one in overlap if one.user} == {cast.manager, cast.screener}

    def test_one_case_has_no_overlap(self, cast: Cast, leaked: list[Case]) -> None:
        found = leaks.find_leaked(leaked[0].code)
        assert found is not None
        assert leaks.in_all(leaks.knowers(review(cast, leaked[0])), [found]) == []

    def test_a_person_brings_all_her_cases(self, cast: Cast, leaked: list[Case]) -> None:
        found = leaks.find_leaked(steps.person_of(leaked[0]).code)
        assert found is not None
        assert [case.pk for case in found.cases] == [leaked[0].pk]


class TestThePage:
    def typed(self, leaked: list[Case], **more: str) -> dict[str, str]:
        return {"codes": "\n".join(case.code for case in leaked), "until": clock.today().isoformat(), **more}

    def test_shows_users_and_codes_and_no_content(self, cast: Cast, leaked: list[Case]) -> None:
        body = signed_in(cast.auditor).post(reverse("leak_review"), self.typed(leaked)).content.decode()
        assert "Knew of all of them" in body
        assert cast.manager.name in body
        assert all(case.code in body for case in leaked)
        assert not any(name in body for name in NAMES)

    def test_the_report_has_a_line_for_each_moment(self, cast: Cast, leaked: list[Case]) -> None:
        client = signed_in(cast.auditor)
        answer = client.post(reverse("leak_review"), self.typed(leaked, report="csv"))
        assert answer["Content-Type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
        assert len(rows) == len(review(cast, *leaked))
        assert {row["code"] for row in rows} == {case.code for case in leaked}
        assert not any(name in answer.content.decode() for name in NAMES)

    def test_a_cell_is_never_a_formula(self, cast: Cast, leaked: list[Case]) -> None:
        type(cast.manager).objects.filter(pk=cast.manager.pk).update(name="=cmd|'/C calc'!A0")
        report = leaks.as_csv(review(cast, leaked[0]))
        assert "\n=cmd" not in report
        assert ",=cmd" not in report
        assert "'=cmd" in report

    def test_the_review_is_logged_where_the_case_manager_does_not_see_it(self, cast: Cast, leaked: list[Case]) -> None:
        signed_in(cast.auditor).post(reverse("leak_review"), self.typed(leaked))
        row = Event.objects.get(action="leak.reviewed")
        assert set(row.facts["cases"]) == {str(case.pk) for case in leaked}
        history = signed_in(cast.manager).get(reverse("case_history", args=[leaked[0].pk]) + "?show=all")
        assert cast.auditor.name not in history.content.decode()

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({"codes": ""}, "Enter at least one code"),
            ({"codes": "C-0000-0001"}, "mistyped"),
            ({"codes": "rubbish"}, "mistyped"),
            ({"until": ""}, "Enter the day"),
            ({"until": "soon"}, "Write the day like"),
            ({"since": "2999-01-01"}, "after the other"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(self, cast: Cast, typed: dict[str, str], said: str) -> None:
        case = steps.screened(cast).case
        answer = signed_in(cast.auditor).post(reverse("leak_review"), {**self.typed([case]), **typed})
        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert not Event.objects.filter(action="leak.reviewed").exists()

    def test_a_code_of_nobody_is_said(self, cast: Cast) -> None:
        from spean.lib.identifiers import new_code

        code = new_code("C")
        answer = signed_in(cast.auditor).post(
            reverse("leak_review"), {"codes": code, "until": clock.today().isoformat()}
        )
        assert answer.status_code == 422
        assert code in answer.content.decode()
