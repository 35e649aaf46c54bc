"""Registered persons as one more list: counted with the lists, decided at registration, named nowhere."""

import json
from typing import Any

import pytest

from spean.cases.models import Case
from spean.lists import estimating, linking, registered, tasks
from spean.lists.delivering import Declared
from spean.lists.models import Clustered, Linking, Pair, PartnerList
from spean.oversight.planting import plant_canary
from spean.people.actions import MatchesToDecide, register_person
from spean.people.models import Person
from spean.privacy import vault
from spean.privacy.models import Event
from spean.statistics.models import Figure
from tests import steps
from tests.cast import Cast
from tests.lists.files import as_csv, begun, rows, sent, somebody
from tests.oversight.conftest import INVENTED
from tests.signed_in import signed_in

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

BARE = {
    "rows": 150, "persons": 96, "interval": [96, 96], "links": 1, "precision": [1, 1, 1], "recall": [1, 1, 1],
    "learned": False, "pairs": 0, "pairs_left_out": 0,
}  # fmt: skip
KANARIE = {"family_name": "Kanarie", "given_name": "Sreyneang", "birth_date": "2003-05-14", "birth_year": 2003}


def known(cast: Cast, **more: Any) -> Person:
    case = steps.registered(cast, steps.identity(**{**KANARIE, **more}))
    return Person.objects.get(pk=case.person_id)


def linked(cast: Cast) -> Linking:
    row = linking.start(cast.statistician)
    tasks.link_lists(linking_id=str(row.pk))
    found = Linking.objects.get(pk=row.pk)
    assert found.status == "done", found.fault
    return found


def shelter(cast: Cast) -> str:
    """A list with Kanarie Sreyneang, who is registered in the tests, and Thida, who is not. Its code."""
    one = begun(cast.provider, "Shelter")
    thida = somebody("2", Surname="Chan", Given_name="Thida", DOB="02/03/1999", Phone="", Mother="Oum Sokha")
    sent(cast.provider, one, as_csv(rows(somebody("1"), thida)))
    return one.code


def test_somebody_on_a_list_and_registered_is_counted_once(cast: Cast) -> None:
    known(cast)
    code = shelter(cast)
    found = linked(cast).result
    (group,) = found["groups"]
    assert group["lists"] == [code, registered.SOURCE]
    assert group["overlap"] == {"10": 1, "11": 1}
    assert found["bounds"] == [2, 2]


def test_bounds_hold_whoever_is_registered(cast: Cast) -> None:
    """Two registered and a list that is only a number: at least the longer of both, at most both together."""
    known(cast)
    known(cast, family_name="Chea", given_name="Bopha", birth_date="1990-01-02", birth_year=1990, phone="098111222")
    begun(cast.statistician, "Fishermen", "number", Declared("Fishermen", "unknown", lowest=5, highest=7))
    found = linked(cast).result
    assert [one["persons"] for one in found["groups"]] == [2]
    assert found["bounds"] == [5, 9]


def test_what_was_decided_at_registration_holds(cast: Cast) -> None:
    one = known(cast)
    other = known(cast, family_name="Touch", given_name="Malis", birth_date="1980-01-02", birth_year=1980, phone="")
    begun(cast.statistician, "Fishermen", "number", Declared("Fishermen", "unknown", lowest=1, highest=1))
    assert linked(cast).result["groups"][0]["persons"] == 2
    Person.objects.filter(pk=other.pk).update(same_as=one)
    assert linked(cast).result["groups"][0]["persons"] == 1


def test_two_found_different_are_two(cast: Cast) -> None:
    one = known(cast)
    case = Case.objects.get(pk=steps.acknowledged(cast).case_id)
    twin = steps.identity(**KANARIE)
    with pytest.raises(MatchesToDecide):
        register_person(cast.manager, case, twin, {})
    register_person(cast.manager, case, twin, {one.pk: "not_same"})
    begun(cast.statistician, "Fishermen", "number", Declared("Fishermen", "unknown", lowest=1, highest=1))
    assert linked(cast).result["groups"][0]["persons"] == 2
    # A pointer that was set since says otherwise, and no linking breaks on the two.
    Person.objects.exclude(pk=one.pk).update(same_as=one)
    assert linked(cast).result["groups"][0]["persons"] == 1


def test_nobody_is_named_and_nobody_is_placed(cast: Cast) -> None:
    person = known(cast)
    shelter(cast)
    found = linked(cast)
    told = Event.objects.filter(action="rows.opened_in_memory", object_id=found.pk).order_by("id")
    assert [(one.facts["rows"], one.purpose) for one in told] == [(1, "linking"), (2, "linking")]
    assert "Kanarie" not in str(found.result)
    assert str(person.pk) not in str(found.result)
    # Of the list's rows it is kept which stand together; of registered persons nothing.
    assert Clustered.objects.count() == 2
    assert not Pair.objects.exists()
    client = signed_in(cast.statistician)
    for page in ("/register/", f"/linkings/{found.pk}/"):
        shown = client.get(page).content.decode()
        assert "Registered here" in shown
        assert "Kanarie" not in shown
        assert person.code not in shown


def test_invented_and_erased_persons_are_not_counted(cast: Cast) -> None:
    plant_canary(cast.auditor, INVENTED, sender=cast.org("border_police"), focal=cast.org("focal"))
    shelter(cast)
    assert registered.SOURCE not in linked(cast).result["groups"][0]["lists"]
    person = known(cast)
    assert registered.SOURCE in linked(cast).result["groups"][0]["lists"]
    vault.destroy_key(person.subject)
    assert registered.SOURCE not in linked(cast).result["groups"][0]["lists"]


class TestEstimate:
    """From the overlap to an estimate, without a file in between."""

    def overlapping(self, cast: Cast) -> Linking:
        """Four lists of invented people, as in the demonstration, and nobody registered."""
        made = linking.start(cast.statistician)
        overlap = {"1000": 13, "0100": 11, "0010": 13, "0001": 7, "1100": 5, "1010": 9, "1001": 9, "0110": 2, "0101": 3,
                   "0011": 2, "1110": 4, "1101": 7, "1011": 4, "0111": 1, "1111": 6}  # fmt: skip
        group = {"name": "names", "lists": ["L-A", "L-B", "L-C", "L-D"], "overlap": overlap}
        assert estimating.answer(group, 1) == estimating.answer(group, 1)
        Linking.objects.filter(pk=made.pk).update(
            status="done", finished_at=made.started_at, result={"groups": [{**BARE, **group}], "bounds": [96, 96]}
        )
        return Linking.objects.get(pk=made.pk)

    def test_the_job_keeps_it_and_the_office_takes_it_over(self, cast: Cast) -> None:
        shelter(cast)
        row = self.overlapping(cast)
        for code in ("L-A", "L-B", "L-C", "L-D"):
            PartnerList.objects.filter(pk=begun(cast.provider, code).pk).update(code=code)
        tasks.link_lists(linking_id=str(row.pk))  # whose counting was done, and whose estimate was not
        row.refresh_from_db()
        found = row.result["groups"][0]["estimate"]
        assert found["status"] in ("ok", "caution")
        low, high = found["interval_95"]
        assert 96 <= low <= found["estimate"] <= high
        assert Event.objects.get(action="linking.estimated").facts["estimates"] == [found["status"]]
        client = signed_in(cast.statistician)
        page = client.get(f"/linkings/{row.pk}/").content.decode()
        assert "An estimate from a model" in page
        assert ("never this figure alone" in page) == (found["status"] == "caution")
        address = f"/figures/add/?linking={row.pk}&group=0"
        assert address.replace("&", "&amp;") in page
        form = client.get(address).context["form"]
        assert json.loads(form["report"].value()) == found
        typed = {
            "subject_en": "Invented people", "type": "model_estimate", "unit": "person", "stock_flow": "stock",
            "first_year": 2026, "last_year": 2026, "area": "Cambodia", "definition": "Made up.", "source": "Here",
            "method": form["method"].value(), "report": form["report"].value(), "once": form["once"].value(),
        }  # fmt: skip
        assert client.post(address, typed).status_code == 302
        figure = Figure.objects.get()
        assert (figure.type, float(figure.value or 0)) == ("model_estimate", found["estimate"])
        # Kept once: the same job again changes nothing.
        tasks.link_lists(linking_id=str(row.pk))
        assert Event.objects.filter(action="linking.estimated").count() == 1

    def test_two_lists_support_no_figure(self, cast: Cast) -> None:
        known(cast)
        shelter(cast)
        row = linked(cast)
        assert row.result["groups"][0]["estimate"]["status"] == "refused"
        page = signed_in(cast.statistician).get(f"/linkings/{row.pk}/").content.decode()
        assert "the lists do not support a figure" in page
        assert "Record this estimate" not in page

    @pytest.mark.parametrize("number", ["7", "x", "-1"])
    def test_an_address_that_means_nothing_is_no_fault(self, cast: Cast, number: str) -> None:
        shelter(cast)
        row = linked(cast)
        answer = signed_in(cast.statistician).get(f"/figures/add/?linking={row.pk}&group={number}")
        assert answer.status_code in (200, 404)
