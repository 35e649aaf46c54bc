"""A child with nobody who could agree: the demonstration tells it with its second person."""

from datetime import timedelta

import pytest

from spean.cases.models import Involvement
from spean.demo import load, world
from spean.demo.story import Teller
from spean.lib import clock
from spean.people.search_server import Searcher
from spean.privacy.models import Consent

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def test_the_second_person_confirms_before_the_agency_takes_over(search: Searcher) -> None:
    now = clock.now()
    with clock.travel(now - timedelta(days=90)):
        built = world.build()
    stories = [story for story in load.others(now) if story.alone]
    assert stories, "the demonstration has no such child any more"
    story = stories[0]
    story.stage = "acknowledged"
    case = Teller(built, now).tell(story)
    ground = Consent.objects.get(case=case)
    assert (ground.ground, ground.status) == ("best_interests", "given")
    assert ground.confirmed_by != ground.recorded_by
    assert Involvement.objects.filter(case=case, task="focal", status="open").exists()
