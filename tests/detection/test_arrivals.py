"""The quick list of a bus: whose it is not never sees it; whoever comes first stands first; after its days it is gone."""

from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from spean.access import policy
from spean.cases.models import Case
from spean.country import pack
from spean.detection import arrivals, tasks
from spean.detection.models import Arrival
from spean.instruments import recheck
from spean.lib import clock
from spean.privacy import doors, vault
from spean.privacy.models import Event
from spean.workflow.engine import Forbidden
from tests.cast import Cast
from tests.detection import filling
from tests.signed_in import signed_in


@pytest.fixture
def bus(cast: Cast) -> Arrival:
    return arrivals.receive(cast.screener, filling.a_bus(remark="Kanarie remark"))[0]


OTHERS = ("outsider", "manager", "provider", "officer", "investigator", "prosecutor", "auditor", "administrator")


@pytest.mark.parametrize("who", OTHERS)
def test_another_organisation_never_sees_it(cast: Cast, bus: Arrival, who: str) -> None:
    user = cast.again(who)
    assert not policy.visible(user, "see_arrival", Arrival).exists()
    with pytest.raises(doors.NotAllowed):
        arrivals.travellers(user, bus)
    client = signed_in(user)
    missing = client.get(reverse("arrival", args=[uuid4()]))
    for answer in (client.get(reverse("arrival", args=[bus.pk])), client.post(reverse("arrival", args=[bus.pk]))):
        assert (answer.status_code, answer.content) == (404, missing.content)


@pytest.mark.parametrize("who", ["auditor", "investigator", "administrator", "statistician"])
def test_who_does_not_screen_lists_nobody(cast: Cast, who: str) -> None:
    with pytest.raises(Forbidden):
        arrivals.receive(cast.users[who], filling.a_bus())
    assert not Arrival.objects.exists()


def test_the_counts_are_kept_in_clear_and_nothing_else(bus: Arrival) -> None:
    bus = Arrival.objects.get()
    assert (bus.on_board, bus.asked, bus.first, bus.later_today, bus.children) == (5, 3, 1, 1, 1)
    assert bus.came_from == "THA"
    assert bus.arrived_on == pack().today()
    stored = b"".join(bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                      for value in vars(bus).values())  # fmt: skip
    for word in (b"Kanarie", b"Poipet", b"unpaid"):
        assert word not in stored
    assert not Case.objects.exists()


def test_whoever_comes_first_stands_first_also_for_a_colleague(cast: Cast, bus: Arrival) -> None:
    listed = arrivals.travellers(cast.again("colleague"), bus)
    assert [(one.mark, one.order) for one in listed] == [("12", "first"), ("31", "today"), ("7", "leaflet")]
    assert all(one.next_steps for one in listed)
    assert any("Little or no pay" in words for _label, words in listed[0].told)
    (read,) = Event.objects.filter(action="content.read")
    assert (read.object_id, read.actor_id) == (bus.pk, cast.colleague.pk)


def test_the_same_list_sent_twice_is_kept_once(cast: Cast) -> None:
    xml = filling.a_bus()
    first, fresh = arrivals.receive(cast.screener, xml)
    again, once_more = arrivals.receive(cast.screener, xml)
    assert (first.pk, fresh, again.pk, once_more) == (first.pk, True, first.pk, False)
    assert Arrival.objects.count() == 1
    assert Event.objects.filter(action="arrival.listed").count() == 1
    with pytest.raises(recheck.Refused) as refused:
        arrivals.receive(cast.colleague, xml)
    assert refused.value.code == "identifier_taken"


def test_a_break_after_the_key_leaves_a_list_that_can_be_sent_again(cast: Cast) -> None:
    identifier = uuid4()
    vault.create_key(identifier)
    row, fresh = arrivals.receive(cast.screener, filling.a_bus(identifier=f"uuid:{identifier}"))
    assert fresh
    assert arrivals.travellers(cast.screener, row)


def test_a_screening_is_no_list_and_a_list_no_screening(cast: Cast) -> None:
    from spean.detection import submission

    with pytest.raises(recheck.Refused, match="unknown_instrument"):
        submission.receive(cast.screener, filling.a_bus())
    with pytest.raises(recheck.Refused, match="unknown_instrument"):
        arrivals.receive(cast.screener, filling.an_intake())
    assert not Arrival.objects.exists()


def test_a_forged_count_is_refused_and_nothing_kept(cast: Cast) -> None:
    xml = filling.a_bus().replace(b"<first>1</first>", b"<first>0</first>")
    assert b"<first>0</first>" in xml
    with pytest.raises(recheck.Refused, match="calculation"):
        arrivals.receive(cast.screener, xml)
    assert not Arrival.objects.exists()


def test_after_its_days_the_list_is_gone_and_its_counts_stay(cast: Cast, bus: Arrival) -> None:
    assert tasks.destroy_arrivals(0) == 0
    with clock.travel(clock.now() + pack().deadline("arrival_kept")):
        assert tasks.destroy_arrivals(0) == 1
        assert tasks.destroy_arrivals(0) == 0
    assert vault.is_destroyed(bus.pk)
    row = Arrival.objects.get()
    assert (row.submission, row.first) == (None, 1)
    assert "destroyed" in signed_in(cast.screener).get(reverse("arrival", args=[row.pk])).content.decode()


class TestPages:
    def test_asked_page_by_page_without_a_script(self, cast: Cast) -> None:
        client = signed_in(cast.screener)
        page = client.get(reverse("arrival_new"))
        assert 'data-submit="/arrivals/submission/"' in page.content.decode()
        state = filling.a_bus().decode()
        number = int(page.context["number"])
        answer: Any = page
        for _ in range(12):
            answer = client.post(reverse("arrival_new"), {"state": state, "page": number, "next": "1"})
            if answer.status_code == 302:
                break
            number = answer.context["number"]
        (row,) = Arrival.objects.all()
        assert answer.url == reverse("arrival", args=[row.pk])
        shown = client.get(answer.url).content.decode()
        assert "Show who comes first" in shown
        assert "Kanarie" not in shown
        opened = client.post(answer.url).content.decode()
        assert opened.index(">12<") < opened.index(">31<") < opened.index(">7<")

    def test_sent_by_the_engine_in_the_browser(self, cast: Cast) -> None:
        client, xml = signed_in(cast.screener), filling.a_bus()
        for status in (201, 200):
            answer = client.post(reverse("arrival_send"), xml, content_type="text/xml")
            assert answer.status_code == status
        assert answer.json() == {"page": reverse("arrival", args=[Arrival.objects.get().pk])}
        broken = client.post(reverse("arrival_send"), b"<no", content_type="text/xml")
        assert (broken.status_code, broken.json()["code"]) == (400, "not_xml")

    def test_the_list_of_lists_is_the_organisations_own(self, cast: Cast, bus: Arrival) -> None:
        assert str(bus.pk) in signed_in(cast.colleague).get(reverse("arrival_list")).content.decode()
        assert str(bus.pk) not in signed_in(cast.outsider).get(reverse("arrival_list")).content.decode()
