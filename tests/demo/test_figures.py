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
from spean.lists.models import Delivery, Linking, Pair, PartnerList
from spean.people.search_server import Searcher
from spean.privacy.models import Event
from spean.statistics import content, queries
from spean.statistics.models import Edition

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
        assert not one.withheld
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
