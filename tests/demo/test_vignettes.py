"""The people of the source documents, carried through the real verbs: each ends where the file says."""

import json
from datetime import timedelta

import pytest

from spean.cases.models import Case, Exclusion
from spean.demo import load, world
from spean.demo.story import Teller
from spean.lib import clock
from spean.people.models import Person
from spean.people.search_server import Searcher
from spean.protection.models import Need
from spean.referral.models import Referral

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "keys"])]

ENDS = {
    "identified": lambda case: case.legal_status == "identified_victim" and case.status == "registered",
    "no_indication_closed_by_person": lambda case: (case.status, case.closing_reason) == ("closed", "no_indication"),
    "alternative_support": lambda case: (case.status, case.closing_reason) == ("closed", "other_service"),
    "insufficient_information_followed_up": lambda case: case.status == "follow_up",
}


@pytest.fixture
def told(search: Searcher) -> dict[str, Case]:
    """Every vignette told to its end. The same man's earlier episode is told as well."""
    now = clock.now()
    with clock.travel(now - timedelta(days=90)):
        built = world.build()
    teller = Teller(built, now)
    stories = list(load.vignettes(now))
    listed = json.loads((world.folder() / "vignettes.json").read_text(encoding="utf-8"))["vignettes"]
    # One story more than vignettes: V04 has an earlier episode.
    assert len(stories) == len(listed) + 1
    cases = {}
    names = iter(entry["id"] for entry in listed)
    for story in stories:
        case = teller.tell(story)
        if story.stage != "registered":
            cases[next(names)] = case
    return cases


def test_every_vignette_ends_where_its_file_says(told: dict[str, Case]) -> None:
    listed = json.loads((world.folder() / "vignettes.json").read_text(encoding="utf-8"))["vignettes"]
    for entry in listed:
        case = told[entry["id"]]
        assert ENDS[entry["end"]](case), (entry["id"], case.status, case.legal_status)
        screening = case.screenings.get()
        expected = entry["expected_screening"]
        assert screening.result == expected["result"]
        assert screening.ilo_category == expected["ilo_category"]
        found = {name: element["status"] for name, element in screening.assessment["elements"].items()}
        assert found == expected["elements"]
    # V04: no shelter takes an adult man; his unit is excluded; one person, two episodes.
    man = told["V04"]
    assert Need.objects.get(case=man, code="shelter").status == "unmet"
    assert Exclusion.objects.filter(case=man, organisation__isnull=False).exists()
    assert man.person is not None
    assert man.person.same_as is not None
    assert Person.objects.filter(same_as__isnull=False).count() == 1
    # V01: a residential place for a girl carries a reason and a review date.
    place = Referral.objects.get(case=told["V01"], service__residential=True)
    assert place.placement_reason
    assert place.placement_review_on
    # V02 and V10: adults helped in the community.
    assert not Referral.objects.filter(case__in=[told["V02"], told["V10"]], service__residential=True).exists()
    # V09: the house that takes boys. V08: nobody asks a child without papers for papers.
    boy = Referral.objects.get(case=told["V09"], service__residential=True)
    assert boy.service is not None
    assert "male" in boy.service.sexes
    assert not Referral.objects.filter(case=told["V08"], service__needs_documents=True).exists()
    # V11 is not counted as trafficking, V12 is never closed as a negative.
    assert told["V11"].legal_status == "not_assessed"
    assert told["V12"].closing_reason == ""
