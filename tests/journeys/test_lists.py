"""A shelter sends its list, the statistician has all lists linked, and the registry decides a pair."""

import pytest

from spean.access.models import User
from spean.cases.models import Case
from spean.lists import tasks
from spean.lists.models import Delivery, Linking, ListRow, Pair, PartnerList
from tests.cast import Cast
from tests.journeys.conftest import Arrive
from tests.lists.files import AGREED, agreeing, as_csv, begun, rows, sent, somebody


def test_lists_from_the_file_to_the_count(cast: Cast, arrive: Arrive) -> None:
    provider = arrive(cast.provider)
    provider.open("/lists/")
    provider.follow("/lists/begin/")
    provider.answer({
        "title": "Arrivals at the river house", "form": "names", "definition": "Everybody who slept here",
        "completeness": "most",
    })  # fmt: skip
    provider.follow("/deliver/")
    raw = as_csv(rows(
        somebody("1"), somebody("2", Surname="Kan\ufffdrie"),
        somebody("3", Surname="", Given_name="Ruet", DOB="", Phone="", Mother="", Place_of_birth=""),
    ))  # fmt: skip
    provider.page.locator('input[type="file"]').set_input_files(
        {"name": "list.csv", "mimeType": "text/csv", "buffer": raw}
    )
    provider.send()
    assert provider.page.locator("select").count() == 9
    provider.send()
    assert "Being read" in provider.text
    tasks.take_in(delivery_id=str(Delivery.objects.get().pk))
    provider.open(provider.at)
    assert "Kept aside" in provider.text
    provider.click("table a")
    provider.click('form[action$="/open/"] button')
    assert "Kan\ufffdrie" in provider.text
    other = begun(cast.other_provider, "Departures")
    sent(
        cast.other_provider,
        other,
        as_csv(rows(somebody("8", Given_name="Srey Neang"), {"No": "9", "Given name": "Ruet"})),
    )

    statistician = arrive(cast.statistician, width=1280)
    statistician.open("/register/")
    statistician.send()
    tasks.link_lists(linking_id=str(Linking.objects.get().pk))
    statistician.open(statistician.at)
    assert "Overlap of the lists" in statistician.text
    assert "Kanarie" not in statistician.text
    statistician.open("/lists/begin/")

    registry = arrive(cast.registry)
    registry.open("/register/")
    registry.follow(f"/linkings/{Linking.objects.get().pk}/")
    registry.open("/pairs/")
    registry.follow(f"/pairs/{Pair.objects.filter(status='open')[0].pk}/")
    registry.click('form[action*="/compare/"] button')
    assert "Ruet" in registry.text
    registry.answer({"decision": "unsure"}, 'form[action$="/decide/"] button')
    assert Pair.objects.filter(status="unsure").count() == 1
    provider.open(f"/lists/{PartnerList.objects.get(title__startswith='Arrivals').pk}/")


@pytest.mark.parametrize(("language", "width"), [("en", 360), ("km", 360), ("en", 1280), ("km", 1280)])
def test_from_a_line_to_the_interview(cast: Cast, arrive: Arrive, language: str, width: int) -> None:
    owner = begun(cast.provider, "Guests of the river house")
    people = (agreeing("1"), agreeing("2", Gender="", DOB=""), agreeing("3", Gender="M"), somebody("4"))
    sent(cast.provider, owner, as_csv(rows(*people, heading=AGREED)))
    provider = arrive(cast.provider, width=width)
    User.objects.filter(pk=cast.provider.pk).update(language=language)
    provider.language = language
    provider.open(f"/lists/{owner.pk}/")
    provider.follow("/agreed/")
    assert "Kanarie" not in provider.text
    row = ListRow.objects.get(line=2)
    provider.follow(f"/list-rows/{row.pk}/")
    provider.click('form[action$="/open/"] button')
    assert "Kanarie" in provider.text
    provider.follow("/begin/")
    provider.answer({"instrument": "first_responder", "exploitation": "labour"})
    case = Case.objects.get()
    assert provider.at.endswith("/before/")
    provider.open(f"/screening/{case.screenings.get().pk}/person/")
    assert provider.page.input_value('[name="stated_name"]') == "Kanarie Sreyneang"
    provider.open(f"/list-rows/{row.pk}/")
    assert case.code in provider.text
    provider.open(f"/lists/{owner.pk}/agreed/")
    assert case.code in provider.text
