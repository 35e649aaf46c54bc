"""What the demonstration shows of figures: lists linked with pairs to decide, and editions that anybody can read."""

import random
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from spean.access import roles
from spean.access.models import Installation
from spean.demo import editions, lists, load, world
from spean.demo.story import Teller
from spean.demo.world import World
from spean.lib import clock
from spean.lists.models import Delivery, Linking, ListRow, Pair, PartnerList
from spean.people.search_server import Searcher
from spean.privacy import doors
from spean.privacy.models import Event
from spean.statistics import content, queries
from spean.statistics.models import Edition
from tests.detection.walk import hidden
from tests.signed_in import signed_in

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "keys"])]


@pytest.fixture
def built(search: Searcher) -> World:
    now = clock.now()
    Installation.objects.create(pk=1, country="cambodia", demonstration=True)
    with clock.travel(now - timedelta(days=90)):
        return world.build(since=load.opening(now))


def linked(built: World) -> Linking:
    now = clock.now()
    known = [story.person for story in load.others(now) if story.stage in load.REGISTERED]
    return Linking.objects.get(pk=lists.bring(built, now, known).pk)


def test_lists_overlap_and_some_pairs_wait(built: World) -> None:
    found = linked(built)
    assert found.status == "done"
    assert set(Delivery.objects.values_list("status", flat=True)) == {"taken"}
    assert {one.form for one in PartnerList.objects.all()} == {"names", "tokens", "number"}
    names = next(one for one in found.result["groups"] if one["name"] == "names")
    assert len(names["lists"]) == 4
    assert names["overlap"]["1111"] > 0
    low, high = found.result["bounds"]
    assert names["persons"] <= low < high
    assert Pair.objects.filter(status="open").exists()
    assert Pair.objects.exclude(status="open").count() == lists.DECIDED
    assert all("fictional" in one.title for one in PartnerList.objects.all())


def test_who_agreed_on_a_list_becomes_a_screening_by_its_keeper_alone(built: World) -> None:
    linked(built)
    agreed = ListRow.objects.filter(consented=True)
    begun, waiting = agreed.get(case_status="begun"), agreed.filter(case_status="none")
    owner, row = begun.partner_list, waiting[0]
    assert waiting.count() >= 3
    assert set(agreed.values_list("partner_list", flat=True)) == {owner.pk}
    assert "fictional" in owner.title
    # Who did not sign stands on the same list, and is counted alone.
    counted = ListRow.objects.filter(partner_list=owner, consented=False)[0]
    people, starting = reverse("partner_list_agreed", args=[owner.pk]), reverse("list_row_begin", args=[row.pk])
    keeper = signed_in(owner.kept_by)
    page = keeper.get(people).content.decode()
    assert begun.case.code in page
    assert reverse("list_row", args=[row.pk]) in page
    assert keeper.get(reverse("list_row_begin", args=[counted.pk])).status_code == 404
    # Keepers of other lists, a colleague of the same role elsewhere, whoever links, whoever watches.
    for name in ("provider_garden", "return_officer", "investigator", "registry_manager", "statistician", "auditor"):
        stranger = signed_in(built.users[name])
        assert {stranger.get(one).status_code for one in (people, starting)} == {404}, name
    form = hidden(keeper.get(starting))
    answer = keeper.post(starting, {**form, "instrument": "first_responder", "exploitation": "labour"})
    assert answer.status_code == 302
    row.refresh_from_db()
    opened = doors.reveal(owner.kept_by, [row], ["content"], "partner_list")[row.pk]["content"]
    assert "(fictional)" in str(opened)
    screening = row.case.screenings.get()
    assert screening.screener_id == owner.kept_by_id
    name = doors.reveal(owner.kept_by, [screening], ["stated_name"], "casework")[screening.pk]["stated_name"]
    assert str(name).split()[0] in str(opened)


def test_the_same_people_every_time() -> None:
    """Whoever writes a guide about the demonstration sees what its reader will see."""
    now = clock.now()
    known = [story.person for story in load.others(now) if story.stage in load.REGISTERED]
    one, other = (lists.invented(random.Random(lists.SEED), known, now) for _ in range(2))
    assert one == other
    assert len({(person.family, person.given, person.born) for person in one}) > 100
    assert {person.nationality for person in one} >= {"KHM", "VNM", "THA"}


def test_a_year_and_a_corrected_half_year_are_published_by_a_second_officer(built: World) -> None:
    now = clock.now()
    editions.publish(Teller(built, now), built, now, load.person_of)
    year, corrected = editions.first_day(clock.today()).year, queries.current()[0]
    assert [one.number for one in queries.current()] == [corrected.number, f"{year}-1"]
    assert corrected.number.endswith("-2")
    for one in Edition.objects.all():
        tables = queries.tables_of(one)
        assert content.holds(one.about, tables, one.digest, one.seal)
        assert one.published_by_id == built.users["statistician_2"].pk != one.drafted_by_id
        # Of a handful of houses, places that take men would tell of one or two.
        assert [told["indicator"] for told in one.withheld] == ["places_men"]
        whole = next(table for table in tables if table["indicator"] == "persons_province")
        assert any(state == "counted" and value for _key, state, value in whole["cells"])
    # Few people: something is hidden, so that a reader sees what that looks like.
    states = {state for table in queries.tables_of(queries.current()[1]) for _key, state, _value in table["cells"]}
    assert "suppressed" in states
    page = Client().get(reverse("statistics_edition", args=[corrected.number])).content.decode()
    assert editions.CORRECTION_EN in page
    # Nothing of these people waits for anybody.
    assert not Event.objects.filter(action="edition.published", at__gt=now).exists()
    assert built.of(built.organisations["secretariat"], roles.STATISTICS_OFFICER)
