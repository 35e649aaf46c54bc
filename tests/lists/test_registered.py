"""Registered persons as one more list: counted with the lists, decided at registration, named nowhere."""

import json
import random
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest

from spean.cases.consent import record_consent
from spean.cases.models import Case
from spean.detection import actions as detection
from spean.lists import estimating, linking, pairs, registered, tasks, to_case
from spean.lists.delivering import Declared
from spean.lists.models import Clustered, Linking, ListRow, Pair, PartnerList
from spean.oversight.planting import plant_canary
from spean.people.actions import MatchesToDecide, register_person
from spean.people.models import Person
from spean.privacy import vault
from spean.privacy.models import Event
from spean.referral import actions as referral
from spean.statistics.models import Figure
from tests import steps
from tests.cast import Cast
from tests.lists.files import AGREED, agreeing, as_csv, begun, rows, sent, somebody
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


class TestBegunFromALine:
    """Whoever was registered from a case that began with a line of a list is the person of that line."""

    def registered(self, cast: Cast, row: ListRow) -> Person:
        """The whole way from the line to the register, under names that no machine would take for those of the line."""
        screening = to_case.begin_from_row(cast.provider, row, instrument="ilo_2009")
        detection.save_answers(cast.provider, screening, version=None, answers=steps.STRONG_ANSWERS, carried_over=False)
        case = detection.complete_screening(cast.provider, screening).case
        record_consent(
            cast.provider, case, purpose="referral_to_focal_agency", classes=steps.FULL, evidence="thumbprint",
            language="km",
        )  # fmt: skip
        referral.acknowledge_referral(cast.manager, referral.refer_case(cast.provider, case, cast.org("focal")))
        told = steps.identity("Touch", "Malis", birth_date="1980-01-02", birth_year=1980, phone="", sex="female")
        register_person(cast.manager, Case.objects.get(), told, {})
        return Person.objects.get()

    def begun(self, cast: Cast) -> tuple[ListRow, Person]:
        thida = agreeing("2", Surname="Chan", Given_name="Thida", DOB="02/03/1999", Phone="", Mother="Oum Sokha")
        sent(cast.provider, begun(cast.provider), as_csv(rows(agreeing("1"), thida, heading=AGREED)))
        row = ListRow.objects.get(line=2)
        return row, self.registered(cast, row)

    def test_is_counted_once_where_the_machine_would_count_two(self, cast: Cast) -> None:
        row, person = self.begun(cast)
        assert registered.begun_from_rows() == [(min(row.pk, person.pk), max(row.pk, person.pk))]
        found = linked(cast)
        (group,) = found.result["groups"]
        assert (group["persons"], group["overlap"]) == (2, {"10": 1, "11": 1})
        # What is kept of it is about the lines alone.
        assert set(Clustered.objects.values_list("row_id", flat=True)) == set(
            ListRow.objects.values_list("pk", flat=True)
        )
        assert str(person.pk) not in str(found.result)
        assert not Pair.objects.exists()
        ListRow.objects.filter(pk=row.pk).update(case=None)
        (group,) = linked(cast).result["groups"]
        assert (group["persons"], group["overlap"]) == (3, {"01": 1, "10": 2})

    def test_holds_for_the_line_that_replaced_it_and_not_for_a_destroyed_one(self, cast: Cast) -> None:
        row, person = self.begun(cast)
        sent(cast.provider, row.partner_list, as_csv(rows(agreeing("1", Phone="098 765 432"), heading=AGREED)))
        ((one, other),) = registered.begun_from_rows()
        assert {one, other} == {person.pk, ListRow.objects.get(case__isnull=False, status="accepted").pk}
        assert linked(cast).result["groups"][0]["persons"] == 2
        from spean.lists.delivering import destroy_row

        destroy_row(cast.provider, ListRow.objects.get(case__isnull=False))
        assert registered.begun_from_rows() == []

    def test_what_the_registry_decided_about_two_lines_stands(self, cast: Cast) -> None:
        """Two cases of one person, from two lines that the registry holds for two: no linking breaks off."""
        row, person = self.begun(cast)
        second = ListRow.objects.exclude(pk=row.pk).get()
        case = to_case.begin_from_row(cast.provider, second).case
        Case.objects.filter(pk=case.pk).update(person=person)
        assert linked(cast).result["groups"][0]["persons"] == 1
        low, high = sorted((row, second), key=lambda one: one.pk)
        pair = Pair(
            linking=Linking.objects.latest("started_at"), one=low, other=high, status="open", probability=0, effect=0
        )
        pair.save()
        pairs.decide(cast.registry, pair, "not_same")
        assert linked(cast).result["groups"][0]["persons"] == 2

    def test_agreeing_keeps_all_that_can_hold(self) -> None:
        """Against the plain definition: taken one by one, as long as no two that are different become one."""
        chance = random.Random(7)
        for _ in range(200):
            ids = [UUID(int=number) for number in range(7)]
            every = list(combinations(ids, 2))
            same, different, more = (chance.sample(every, chance.randint(0, 4)) for _ in range(3))
            if not holds(same, different):
                continue
            kept = list(same)
            for pair in more:
                if holds([*kept, pair], different):
                    kept.append(pair)
            assert registered.agreeing(same, different, more) == kept[len(same) :]


def holds(same: list[tuple[UUID, UUID]], different: list[tuple[UUID, UUID]]) -> bool:
    parts = [{pk} for pk in {pk for pair in (*same, *different) for pk in pair}]
    for one, other in same:
        touched = [part for part in parts if part & {one, other}]
        parts = [part for part in parts if part not in touched] + [set().union(*touched)]
    return not any({one, other} <= part for part in parts for one, other in different)


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
