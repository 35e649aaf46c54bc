"""Who looked at a case: for its case manager with everything, for the person on paper with organisations alone."""

from dataclasses import replace
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import translation

from spean.cases.models import Case
from spean.country import pack
from spean.oversight import queries
from spean.people.words import named
from spean.privacy import events
from spean.privacy.models import Event
from tests import steps
from tests.cast import PEOPLE, Cast
from tests.signed_in import signed_in


@pytest.fixture
def case(cast: Cast) -> Case:
    found = steps.registered(cast)
    named(cast.manager, steps.person_of(found), "protection")
    return found


class TestHistory:
    def test_says_who_in_which_role_what_why_and_when(self, cast: Cast, case: Case) -> None:
        body = signed_in(cast.manager).get(reverse("case_history", args=[case.pk])).content.decode()
        for told in (
            cast.manager.name, cast.org("focal").name, pack().role_title("case_manager", "en"), "Name and identity",
            "Protection and risk", "Identity opened",
        ):  # fmt: skip
            assert told in body, told
        assert "Dara" not in body

    def test_openings_first_and_everything_on_demand(self, cast: Cast, case: Case) -> None:
        client = signed_in(cast.manager)
        url = reverse("case_history", args=[case.pk])
        assert "Screening started" not in client.get(url).content.decode()
        assert "Screening started" in client.get(f"{url}?show=all").content.decode()

    def test_fifty_on_a_page(self, cast: Cast, case: Case) -> None:
        for _ in range(60):
            events.record("case.read", actor=cast.manager, obj=case, case=case, purpose="casework")
        client = signed_in(cast.manager)
        url = reverse("case_history", args=[case.pk])
        assert client.get(url).content.decode().count("<time") == 50
        assert client.get(f"{url}?page=2").content.decode().count("<time") >= 10

    def test_nobody_else_reads_it(self, cast: Cast, case: Case) -> None:
        for name in sorted(set(PEOPLE) - {"manager"}):
            client = signed_in(getattr(cast, name))
            missing = client.get(reverse("case_history", args=[uuid4()]))
            for page in ("case_history", "case_record"):
                answer = client.get(reverse(page, args=[case.pk]))
                assert (answer.status_code, answer.content) == (404, missing.content), name
            assert client.post(reverse("case_record", args=[case.pk]), {"language": "en"}).status_code == 404
        assert not Event.objects.filter(action="record.handed_over").exists()


class TestTheRecordForThePerson:
    def test_is_written_in_her_language_and_its_handing_over_kept(self, cast: Cast, case: Case) -> None:
        client = signed_in(cast.manager)
        url = reverse("case_record", args=[case.pk])
        assert client.get(url).status_code == 200
        assert not Event.objects.filter(action="record.handed_over").exists()
        answer = client.post(url, {"language": "km"})
        assert '<article lang="km">' in answer.content.decode()
        row = Event.objects.get(action="record.handed_over")
        assert (row.actor_id, row.case_id, row.purpose, row.facts) == (
            cast.manager.pk, case.pk, "request_of_person", {"language": "km"},
        )  # fmt: skip

    def test_names_organisations_and_purposes_and_no_officer(self, cast: Cast, case: Case) -> None:
        answer = signed_in(cast.manager).post(reverse("case_record", args=[case.pk]), {"language": "en"})
        record = answer.content.decode().split("<article")[1].split("</article>")[0]
        assert cast.org("focal").name in record
        assert "Protection and risk" in record
        assert case.code in record
        for name in (cast.manager.name, cast.screener.name, "Dara"):
            assert name not in record

    def test_names_officers_where_the_pack_says_so(self, cast: Cast, case: Case, monkeypatch) -> None:
        rules = replace(pack().reveal, names_officers=True)
        monkeypatch.setattr(queries, "pack", lambda: SimpleNamespace(reveal=rules))
        with translation.override("en"):
            assert any(cast.manager.name in line.officers for line in queries.record_lines(case))

    def test_a_language_is_chosen(self, cast: Cast, case: Case) -> None:
        answer = signed_in(cast.manager).post(reverse("case_record", args=[case.pk]), {"language": "xx"})
        assert answer.status_code == 422
        assert not Event.objects.filter(action="record.handed_over").exists()

    def test_sent_twice_it_was_handed_over_once(self, cast: Cast, case: Case) -> None:
        client = signed_in(cast.manager)
        for _ in range(2):
            client.post(reverse("case_record", args=[case.pk]), {"language": "en", "once": str(case.pk)})
        assert Event.objects.filter(action="record.handed_over").count() == 1
