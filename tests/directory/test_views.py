"""The pages of the directory, the outsider's first: who finds what, and that no page gives an address away."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from spean.cases.work import TASK_SECTIONS
from spean.directory import actions
from spean.directory.models import Service, ShelterLocation
from spean.lib import clock
from spean.privacy.models import Event
from spean.referral import actions as referral
from tests import steps
from tests.cast import PEOPLE, Cast
from tests.signed_in import signed_in

ADDRESS = "House 7, Street 99, behind the pagoda"


def shelter(cast: Cast, **facts: object) -> Service:
    base: dict[str, object] = {
        "type": "emergency_shelter", "residential": True, "confidential_location": True, "name": "Safe house",
        "sexes": ["female"], "minimum_age": 6, "maximum_age": 17, "languages": ["km", "vi"],
        "meets_minimum_standards": True,
    }  # fmt: skip
    return steps.service(cast, address=ADDRESS, **{**base, **facts})


def confirmed(service: Service, days: int) -> Service:
    """The figure of free places is that old."""
    Service.objects.filter(pk=service.pk).update(capacity_updated_at=clock.now() - timedelta(days=days))
    return service


def text(response: object) -> str:
    content: bytes = response.content  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", content.decode())


def typed(**more: object) -> dict[str, object]:
    """A service as its form sends it."""
    base = {
        "name": "Night shelter",
        "type": "emergency_shelter",
        "province": "01",
        "capacity_maximum": "8",
        "capacity_available": "5",
    }
    return {**base, **more}


class TestNobodyFindsAnAddress:
    @pytest.mark.parametrize("name", sorted(PEOPLE))
    def test_in_a_list_or_on_a_page(self, cast: Cast, name: str) -> None:
        service = shelter(cast)
        client = signed_in(getattr(cast, name))
        for url in (
            "/services/",
            f"/services/?need=shelter&province=01&q={ADDRESS}",
            reverse("service", args=[service.pk]),
        ):
            page = client.get(url)
            assert page.status_code == 200
            assert "Safe house" in text(page)
            for part in ADDRESS.split(", "):
                assert part not in text(page)

    @pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"provider"}))
    def test_by_asking_for_it(self, cast: Cast, name: str) -> None:
        """Police, officers, other providers, other managers, the administrator: it does not exist for them."""
        service = shelter(cast)
        client = signed_in(getattr(cast, name))
        here = client.post(reverse("service_location", args=[service.pk]))
        nowhere = client.post(reverse("service_location", args=[uuid4()]))
        assert (here.status_code, nowhere.status_code) == (404, 404)
        assert here.content == nowhere.content
        assert not Event.objects.filter(action="identity.revealed").exists()
        page = text(client.get(reverse("service", args=[service.pk])))
        assert "Show location" not in page

    def test_only_asking_by_a_button(self, cast: Cast) -> None:
        service = shelter(cast)
        assert signed_in(cast.provider).get(reverse("service_location", args=[service.pk])).status_code == 405

    def test_the_own_organisation_opens_it_and_it_is_logged(self, cast: Cast) -> None:
        service = shelter(cast)
        client = signed_in(cast.provider)
        url = reverse("service_location", args=[service.pk])
        unsaid = client.post(url)
        assert unsaid.status_code == 422
        assert "Choose why you open it" in text(unsaid)
        assert ADDRESS not in text(unsaid)
        assert ADDRESS in text(client.post(url, {"purpose": "placement"}))
        event = Event.objects.get(action="identity.revealed", object_id=service.pk)
        assert (event.actor_id, event.fields, event.purpose) == (cast.provider.pk, ["address"], "placement")
        assert ADDRESS not in text(client.get(reverse("service", args=[service.pk])))

    def test_a_manager_opens_it_while_somebody_she_sent_is_there(self, cast: Cast) -> None:
        service = shelter(cast, minimum_age=None, maximum_age=None)
        url = reverse("service_location", args=[service.pk])
        case = steps.registered(cast)
        steps.agree(cast, case, "service_referral", cast.org("shelter"), TASK_SECTIONS["service"])
        sent = referral.send_referral(
            cast.manager, case, "service", cast.org("shelter"), service=service, placement_reason="danger_outside",
            placement_review_on=clock.today() + timedelta(days=30),
        )  # fmt: skip
        why = {"purpose": "placement"}
        assert signed_in(cast.manager).post(url, why).status_code == 404
        referral.accept_referral(cast.provider, sent)
        assert ADDRESS in text(signed_in(cast.manager).post(url, why))
        for stranger in ("other_manager", "registry", "screener", "investigator"):
            assert signed_in(getattr(cast, stranger)).post(url, why).status_code == 404
        referral.complete_referral(cast.provider, sent, feedback="help_given")
        assert signed_in(cast.manager).post(url, why).status_code == 404

    def test_the_form_does_not_read_it_back(self, cast: Cast) -> None:
        service = shelter(cast)
        page = text(signed_in(cast.provider).get(reverse("service_edit", args=[service.pk])))
        assert "The address that you gave is kept" in page
        assert "Street 99" not in page


class TestList:
    def test_what_a_row_says(self, cast: Cast) -> None:
        confirmed(shelter(cast), 2)
        page = text(signed_in(cast.manager).get("/services/"))
        for words in (
            "Safe house", "River House (fictional)", "Banteay Meanchey", "girls of 6 to 17 years", "Khmer and Vietnamese",
            "3 of 10 places free", "confirmed 2 days ago", "Meets the minimum standards", "Place to live",
        ):  # fmt: skip
            assert words in page
        assert "old figure" not in page

    def test_how_full_a_house_is_is_for_those_who_place_people_and_for_itself(self, cast: Cast) -> None:
        """A day clinic says it to everybody: nobody sleeps there."""
        house = shelter(cast)
        steps.service(cast, "other_provider", name="Clinic", type="medical_care", residential=False)
        for name in ("outsider", "other_provider", "officer", "prosecutor", "administrator"):
            client = signed_in(getattr(cast, name))
            page = text(client.get(reverse("service", args=[house.pk])))
            assert "places free" not in page, name
            assert "confirmed" not in page, name
            assert "The focal agency knows whether a place is free" in page, name
            assert text(client.get("/services/")).count("places free") == 1, name
        for name in ("manager", "other_manager", "provider"):
            page = text(signed_in(getattr(cast, name)).get(reverse("service", args=[house.pk])))
            assert "3 of 10 places free" in page, name

    def test_an_old_figure_is_marked(self, cast: Cast) -> None:
        confirmed(shelter(cast), 15)
        assert "old figure, ask first" in text(signed_in(cast.manager).get("/services/"))

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", {"Girls", "Women", "Legal"}), ("need=shelter", {"Girls", "Women"}), ("need=legal", {"Legal"}),
            ("type=legal_representation", {"Legal"}), ("province=12", {"Legal"}), ("province=17", {"Women"}),
            ("province=01", {"Girls", "Women"}), ("sex=male", {"Legal"}), ("sex=female", {"Girls", "Women", "Legal"}),
            ("age=17", {"Girls", "Legal"}), ("age=18", {"Women", "Legal"}), ("age=5", {"Legal"}),
            ("language=vi", {"Girls"}), ("free=on", {"Girls", "Legal"}), ("residential=yes", {"Girls", "Women"}),
            ("residential=no", {"Legal"}), ("sex=male&need=shelter", set()),
            # What cannot be understood narrows nothing.
            ("age=old", {"Girls", "Women", "Legal"}), ("sex=martian", {"Girls", "Women", "Legal"}),
            ("province=' OR 1=1", {"Girls", "Women", "Legal"}), ("page=99", {"Girls", "Women", "Legal"}),
        ],
    )  # fmt: skip
    def test_filters(self, cast: Cast, query: str, found: set[str]) -> None:
        shelter(cast, name="Girls")
        shelter(cast, name="Women", minimum_age=18, maximum_age=None, languages=["km"], province="17",
                provinces_served=["01"], capacity_available=0)  # fmt: skip
        steps.service(
            cast,
            name="Legal",
            type="legal_representation",
            province="12",
            capacity_maximum=None,
            capacity_available=None,
        )
        page = text(signed_in(cast.manager).get(f"/services/?{query}"))
        assert {name for name in ("Girls", "Women", "Legal") if f">{name}</a>" in page} == found

    def test_a_wrong_age_is_said_at_its_field(self, cast: Cast) -> None:
        page = text(signed_in(cast.outsider).get("/services/?age=old&need=shelter"))
        assert "Enter the age in years, as a number" in page
        assert 'value="old"' in page

    def test_paused_services_and_closed_organisations_are_not_listed(self, cast: Cast) -> None:
        service = shelter(cast)
        actions.pause_service(cast.provider, service)
        assert "Safe house" not in text(signed_in(cast.manager).get("/services/"))
        assert "Paused" in text(signed_in(cast.provider).get("/places/"))

    def test_a_stranger_sees_nothing(self, db: None) -> None:
        for url in ("/services/", "/places/", "/services/add/"):
            assert Client().get(url).status_code == 302

    def test_in_khmer(self, cast: Cast) -> None:
        shelter(cast, name_km="ផ្ទះសុវត្ថិភាព")
        client = signed_in(cast.manager)
        client.post("/language/", {"language": "km", "next": "/"})
        page = text(client.get("/services/?need=shelter"))
        assert '<html lang="km">' in page
        assert "ផ្ទះសុវត្ថិភាព" in page
        assert "បន្ទាយមានជ័យ" in page


class TestKeepingAService:
    @pytest.mark.parametrize("name", ["outsider", "other_provider", "manager", "screener", "administrator", "registry"])
    @pytest.mark.parametrize("url_name", ["service_edit", "service_pause", "service_resume", "service_places"])
    def test_another_organisation_cannot(self, cast: Cast, name: str, url_name: str) -> None:
        service = shelter(cast)
        client = signed_in(getattr(cast, name))
        here = client.post(reverse(url_name, args=[service.pk]), typed(available="1"))
        nowhere = client.post(reverse(url_name, args=[uuid4()]), typed(available="1"))
        assert (here.status_code, nowhere.status_code) == (404, 404)
        assert here.content == nowhere.content
        service.refresh_from_db()
        assert (service.version, service.status, service.capacity_available) == (1, "active", 3)

    def test_add(self, cast: Cast) -> None:
        client = signed_in(cast.provider)
        once = str(uuid4())
        answer = client.post("/services/add/", typed(address=ADDRESS, once=once, sexes=["female"], maximum_age="17"))
        service = Service.objects.get(name="Night shelter")
        assert answer["Location"] == reverse("service", args=[service.pk])
        assert (service.organisation, service.sexes, service.maximum_age) == (cast.org("shelter"), ["female"], 17)
        assert service.capacity_updated_at is not None
        assert ADDRESS.encode() not in bytes(service.location.address or b"")
        # The same submission again makes no second service and leads to the first.
        again = client.post("/services/add/", typed(address=ADDRESS, once=once))
        assert again["Location"] == answer["Location"]
        assert Service.objects.filter(name="Night shelter").count() == 1
        assert Event.objects.filter(action="service.offered").count() == 1

    @pytest.mark.parametrize(
        ("more", "message"),
        [
            ({"name": ""}, "Enter the name of the service"),
            ({"name": "x" * 201}, "at most 200 characters"),
            ({"type": "palace"}, "Select a valid choice"),
            ({"province": ""}, "Choose the province"),
            ({"minimum_age": "18", "maximum_age": "6"}, "The highest age lies below the lowest"),
            ({"minimum_age": "-1"}, "greater than or equal to 0"),
            ({"capacity_available": ""}, "Enter both numbers, or leave both open"),
            ({"capacity_available": "9"}, "There cannot be more free places than places"),
            ({"capacity_maximum": "many"}, "Enter a whole number"),
            ({"address": "x" * 1001}, "at most 1000 characters"),
        ],
    )
    def test_what_cannot_be_is_said_and_what_was_typed_is_kept(
        self, cast: Cast, more: dict[str, str], message: str
    ) -> None:
        page = signed_in(cast.provider).post("/services/add/", typed(description="For the first nights.", **more))
        assert page.status_code == 422
        assert message in text(page)
        assert "There is a problem" in text(page)
        assert "For the first nights." in text(page)
        assert not Service.objects.exists()

    def test_edit_changes_what_was_changed_and_names_no_value_in_the_log(self, cast: Cast) -> None:
        service = shelter(cast)
        sealed = ShelterLocation.objects.get(pk=service.pk).address
        client = signed_in(cast.provider)
        page = client.get(reverse("service_edit", args=[service.pk]))
        form = page.context["form"]
        data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
        data["name"] = "Safe house by the river"
        assert client.post(reverse("service_edit", args=[service.pk]), data).status_code == 302
        changed = Service.objects.get(pk=service.pk)
        assert (changed.name, changed.version) == ("Safe house by the river", 2)
        assert changed.location.address == sealed  # sealed as it was
        assert changed.capacity_updated_at == service.capacity_updated_at
        assert Event.objects.get(action="service.changed").fields == ["name"]

    def test_the_second_of_two_is_told(self, cast: Cast) -> None:
        service = shelter(cast)
        client = signed_in(cast.provider)
        client.post(reverse("service_edit", args=[service.pk]), typed(name="First", version="1"))
        page = client.post(reverse("service_edit", args=[service.pk]), typed(name="Second", version="1"))
        assert page.status_code == 422
        assert "Somebody else changed this service meanwhile" in text(page)
        assert 'value="Second"' in text(page)
        assert Service.objects.get(pk=service.pk).name == "First"

    def test_pause_and_open_again(self, cast: Cast) -> None:
        service = shelter(cast)
        client = signed_in(cast.provider)
        client.post(reverse("service_pause", args=[service.pk]), {"version": "1"})
        assert Service.objects.get(pk=service.pk).status == "paused"
        late = client.post(reverse("service_pause", args=[service.pk]), {"version": "1"}, follow=True)
        assert "Since you opened the page" in text(late)
        client.post(reverse("service_resume", args=[service.pk]), {"version": "2"})
        assert Service.objects.get(pk=service.pk).status == "active"


class TestFreePlaces:
    def test_only_the_own_services(self, cast: Cast) -> None:
        shelter(cast, name="Mine")
        steps.service(cast, owner="other_provider", name="Theirs")
        page = text(signed_in(cast.provider).get("/places/"))
        assert "Mine" in page
        assert "Theirs" not in page

    @pytest.mark.parametrize(
        ("step", "number", "free"), [("set", "7", 7), ("+1", "3", 4), ("-1", "3", 2), ("", "0", 0), ("set", "10", 10)]
    )
    def test_a_number_or_one_up_or_down(self, cast: Cast, step: str, number: str, free: int) -> None:
        service = shelter(cast)
        url = reverse("service_places", args=[service.pk])
        answer = signed_in(cast.provider).post(url, {"available": number, "step": step, "version": "1"})
        assert answer["Location"] == f"/places/#service-{service.pk}"
        assert Service.objects.get(pk=service.pk).capacity_available == free

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ({"available": "11"}, "must lie between 0 and the number of places"),
            ({"available": "-1"}, "Enter a number that is not below 0"),
            ({"available": "0", "step": "-1"}, "must lie between 0 and the number of places"),
            ({"available": "10", "step": "+1"}, "must lie between 0 and the number of places"),
            ({"available": ""}, "Enter how many places are free"),
            ({"available": "some"}, "Enter a whole number"),
            ({"available": "1", "version": "7"}, "Somebody else changed this service meanwhile"),
        ],
    )
    def test_what_cannot_be_changes_nothing(self, cast: Cast, data: dict[str, str], message: str) -> None:
        service = shelter(cast)
        page = signed_in(cast.provider).post(reverse("service_places", args=[service.pk]), {"version": "1", **data})
        assert page.status_code == 422
        assert message in text(page)
        assert Service.objects.get(pk=service.pk).capacity_available == 3

    def test_all_unchanged_is_one_press(self, cast: Cast) -> None:
        one, two = confirmed(shelter(cast, name="One"), 20), confirmed(shelter(cast, name="Two"), 20)
        uncounted = shelter(cast, name="Three", capacity_maximum=None, capacity_available=None)
        client = signed_in(cast.provider)
        assert "old figure" in text(client.get("/places/"))
        page = client.post(
            "/places/unchanged/", {f"version-{row.pk}": "1" for row in (one, two, uncounted)}, follow=True
        )
        assert "2 figures are confirmed." in text(page)
        assert "confirmed today" in text(page)
        assert "old figure" not in text(page)
        assert Event.objects.filter(action="capacity.changed").count() == 2

    def test_if_one_changed_meanwhile_none_is_confirmed(self, cast: Cast) -> None:
        one, two = confirmed(shelter(cast, name="One"), 20), confirmed(shelter(cast, name="Two"), 20)
        actions.update_capacity(cast.provider, two, available=1)
        page = signed_in(cast.provider).post("/places/unchanged/", {f"version-{one.pk}": "1", f"version-{two.pk}": "1"})
        assert page.status_code == 422
        assert "Somebody else changed this service meanwhile" in text(page)
        assert Service.objects.get(pk=one.pk).version == 1

    @pytest.mark.parametrize("version", ["x", "-1", "9" * 40, ""])
    def test_tampered_versions_confirm_nothing(self, cast: Cast, version: str) -> None:
        service = shelter(cast)
        signed_in(cast.provider).post("/places/unchanged/", {f"version-{service.pk}": version})
        assert Service.objects.get(pk=service.pk).version == 1

    def test_other_peoples_figures_cannot_be_confirmed(self, cast: Cast) -> None:
        service = steps.service(cast, owner="other_provider")
        signed_in(cast.provider).post("/places/unchanged/", {f"version-{service.pk}": "1"})
        assert Service.objects.get(pk=service.pk).version == 1
