"""An invented person: like any other to users, an alert to the auditor, and nobody's double."""

import pytest
from django.apps import apps
from django.urls import reverse

from spean.access.models import Membership, User
from spean.cases.models import Case, Task
from spean.oversight.planting import plant_canary
from spean.people.actions import possible_matches
from spean.people.models import Person
from spean.privacy import canaries
from spean.privacy.models import Alert, Canary, Event
from spean.workflow.engine import Forbidden, Refused
from tests import steps
from tests.cast import PEOPLE, Cast
from tests.oversight.conftest import INVENTED
from tests.signed_in import signed_in


def closed_like_her(cast: Cast) -> Case:
    """A real case that went the same way."""
    from spean.cases.actions import close_case

    case = steps.registered(cast)
    return close_case(cast.manager, case, reason="other", explanation="She went home to her sister.")


class TestPlanting:
    def test_she_stands_among_the_cases_of_the_agency(self, cast: Cast, canary: Case) -> None:
        assert (canary.status, canary.focal_organisation) == ("closed", cast.org("focal"))
        page = signed_in(cast.manager).get(reverse("case_list")).content.decode()
        assert canary.code in page
        assert Person.objects.get(pk=canary.person_id).subject == canary.subject

    def test_she_waits_for_nobody_and_counts_for_nothing_to_do(self, cast: Cast, canary: Case) -> None:
        assert not Task.objects.filter(case=canary, done_at__isnull=True).exists()
        assert not apps.get_model("protection", "Need").objects.filter(case=canary).exists()

    def test_her_officers_are_left_without_any_access(self, cast: Cast, canary: Case) -> None:
        officers = User.objects.filter(name__in=("Prak Invented", "Meas Invented"))
        assert officers.count() == 2
        for officer in officers:
            assert not officer.is_active
            assert not officer.has_usable_password()
            assert not Membership.objects.filter(user=officer, until_at__isnull=True).exists()

    def test_her_rows_have_the_shape_of_others(self, cast: Cast, canary: Case) -> None:
        """Same tables, same states, same events: what tells them apart is in the key vault."""
        real = closed_like_her(cast)

        def shape(case: Case) -> dict[str, list[object]]:
            found: dict[str, list[object]] = {}
            for model in apps.get_models():
                fields = {field.attname for field in model._meta.concrete_fields}
                if model.__module__.startswith("spean.") and "case_id" in fields and model is not Event:
                    rows = model._default_manager.filter(case_id=case.pk)
                    state = "status" if "status" in fields else "case_id"
                    if rows.exists():
                        found[model._meta.label] = sorted(
                            str(value) if state == "status" else "" for value in rows.values_list(state, flat=True)
                        )
            return found

        hers, real_ones = shape(canary), shape(real)
        assert set(hers) == set(real_ones)
        del hers["cases.Note"], real_ones["cases.Note"]
        assert hers == real_ones
        events = [
            list(rows.order_by("id").values_list("action", flat=True))
            for rows in (Event.objects.filter(case_id=canary.pk), Event.objects.filter(case_id=real.pk))
        ]
        assert set(events[0]) == set(events[1])

    def test_nothing_readable_says_which_case_it_is(self, cast: Cast, canary: Case) -> None:
        """The event that she was made names no case, and no column anywhere names her as invented."""
        made = Event.objects.get(action="canary.planted")
        assert (made.actor_id, made.case_id, made.object_id, made.subject) == (cast.auditor.pk, None, None, None)
        assert (made.fields, made.facts) == ([], {})
        assert not Event.objects.filter(actor_id=cast.auditor.pk, case_id__isnull=False).exists()
        assert Canary.objects.count() == 1

    def test_nobody_else_plants_one(self, cast: Cast) -> None:
        for name in sorted(set(PEOPLE) - {"auditor"}):
            with pytest.raises(Forbidden):
                plant_canary(getattr(cast, name), INVENTED, sender=cast.org("other_police"), focal=cast.org("focal"))
        assert not Case.objects.exists()
        assert not User.objects.filter(name="Prak Invented").exists()

    def test_a_name_that_somebody_bears_is_refused_and_nothing_is_left(self, cast: Cast) -> None:
        steps.registered(cast, steps.identity("Kanaria", "Vogelsang", birth_date="", birth_year=INVENTED_YEAR()))
        before = (Case.objects.count(), User.objects.count(), Event.objects.count())
        with pytest.raises(Refused, match="similar"):
            plant_canary(cast.auditor, INVENTED, sender=cast.org("other_police"), focal=cast.org("focal"))
        assert (Case.objects.count(), User.objects.count(), Event.objects.count()) == before


def INVENTED_YEAR() -> int:
    from spean.lib import clock

    return clock.today().year - INVENTED.age


class TestMatching:
    def test_she_is_nobodys_double(self, cast: Cast, canary: Case) -> None:
        who = steps.identity("Kanaria", "Vogelsang", birth_year=INVENTED_YEAR())
        assert possible_matches(who.details()) == []
        case = steps.registered(cast, who)
        assert case.status == "registered"

    def test_a_search_finds_her_like_anybody(self, cast: Cast, canary: Case) -> None:
        answer = signed_in(cast.manager).post(reverse("person_search"), {"words": "Kanaria Vogelsang"})
        assert Person.objects.get(pk=canary.person_id).code in answer.content.decode()
        assert not Alert.objects.exists()


class TestOpeningHer:
    def test_the_alert_is_there_when_the_answer_is(self, cast: Cast, canary: Case) -> None:
        client = signed_in(cast.manager)
        answer = client.post(reverse("case_name", args=[canary.pk]), {"purpose": "casework"})
        assert "Kanaria" in answer.content.decode()
        alert = Alert.objects.get(kind="canary_opened")
        assert alert.actor_id == cast.manager.pk
        told = signed_in(cast.auditor).get(reverse("home")).content.decode()
        assert reverse("alert", args=[alert.pk]) in told
        assert canary.code in told

    def test_to_the_user_her_page_looks_like_any_other(self, cast: Cast, canary: Case) -> None:
        real = closed_like_her(cast)
        client = signed_in(cast.manager)
        pages = []
        for case in (canary, real):
            body = client.get(reverse("case", args=[case.pk])).content.decode()
            pages.append([line.split(">")[0] for line in body.splitlines() if "<h2" in line or "<form" in line])
        assert [len(page) for page in pages] == [len(pages[0])] * 2
        assert "invented" not in client.get(reverse("case", args=[canary.pk])).content.decode().lower().replace(
            "invented.</div>", ""
        ).replace("prak invented", "").replace("meas invented", "").replace("persons here are invented", "")

    def test_a_stranger_gets_what_is_missing(self, cast: Cast, canary: Case) -> None:
        client = signed_in(cast.outsider)
        answer = client.get(reverse("case", args=[canary.pk]))
        assert answer.status_code == 404


def test_the_auditor_finds_her_code_again_and_the_reading_is_logged(cast: Cast, canary: Case) -> None:
    client = signed_in(cast.auditor)
    page = client.get(reverse("canary_list")).content.decode()
    assert canary.code not in page
    page = client.post(reverse("canary_list")).content.decode()
    assert canary.code in page
    assert "Kanaria" not in page
    read = Event.objects.get(action="content.read", actor_id=cast.auditor.pk)
    assert (read.object_type, read.fields, read.purpose) == ("privacy.Canary", ["case_code"], "oversight")
    assert canaries.among([canary.subject]) == {canary.subject}


def test_planting_by_the_page(cast: Cast) -> None:
    client = signed_in(cast.auditor)
    typed = {
        "focal": str(cast.org("focal").pk), "sender": str(cast.org("other_police").pk), "family_name": "Kanaria",
        "given_name": "Vogelsang", "sex": "female", "age": "31", "nationality": "KHM", "language": "km",
        "responder": "Prak Invented", "case_manager": "Meas Invented",
    }  # fmt: skip
    wrong = client.post(reverse("canary_plant"), {**typed, "age": "12", "given_name": ""})
    assert wrong.status_code == 422
    assert not Case.objects.exists()
    once = {**typed, "once": "11111111-1111-4111-8111-111111111111"}
    for _ in range(2):
        assert client.post(reverse("canary_plant"), once).status_code == 302
    assert Canary.objects.count() == Case.objects.count() == 1
