"""The list of a bus from a phone, of either kind: kept once, under its own key, by whoever works where buses arrive."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction

from spean.access.models import User
from spean.cases.models import Case
from spean.detection import arrivals, sent
from spean.detection.models import Arrival
from spean.exchange import openrosa_actions
from spean.exchange.openrosa_models import Quarantined, SentForm
from spean.lib import clock
from spean.privacy import doors, vault
from spean.privacy.models import Event
from tests.cast import Cast
from tests.detection import filling
from tests.exchange.collect import Collect
from tests.exchange.test_openrosa import became
from tests.field.phone import Phone, Report, enrolled


def a_list(phone: Phone, number: UUID | None = None, **more: str) -> Report:
    number = number or uuid4()
    return phone.seal(number, filling.a_bus(identifier=f"uuid:{number}", remark="Kanarie remark", **more))


def test_it_is_kept_as_if_it_were_sent_from_the_page(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    report = a_list(phone)
    told = phone.hand_in(report)
    bus = Arrival.objects.get()
    assert (told["state"], told["code"], told["reason"]) == ("listed", "", "")
    assert (bus.pk, bus.listed_by, bus.organisation) == (report.number, cast.screener, cast.org("border_police"))
    assert (bus.on_board, bus.asked, bus.first) == (5, 3, 1)
    assert not Case.objects.exists()
    assert [one.mark for one in arrivals.travellers(cast.again("colleague"), bus)] == ["12", "31", "7"]
    row = SentForm.objects.get()
    assert (row.arrival, row.case, row.quarantined) == (bus, None, None)
    (event,) = Event.objects.filter(action="submission.received")
    assert event.facts["instrument"] == "transit_centre"
    assert "Kanarie" not in str(list(Event.objects.values_list("facts", flat=True)))


def test_sent_again_it_has_the_same_answer_and_is_kept_once(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    report = a_list(phone)
    phone.hand_in(report)
    again = phone.send(report)
    assert (again.status_code, again.json()["state"], again.json()["code"]) == (200, "listed", "")
    assert Arrival.objects.count() == SentForm.objects.count() == 1
    other = phone.send(a_list(phone, report.number, place="Bavet"))
    assert (other.status_code, other.json()["state"]) == (409, "conflict")
    assert (Arrival.objects.count(), Quarantined.objects.count()) == (1, 1)


def test_when_its_days_are_over_the_phone_may_still_forget_it(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    report = a_list(phone)
    phone.hand_in(report)
    vault.destroy_key(report.number)
    again = phone.send(report)
    assert (again.status_code, again.json()["state"]) == (200, "listed")


@pytest.mark.parametrize("who", ["operator", "provider"])
def test_who_screens_elsewhere_is_not_offered_it_and_cannot_send_it(cast: Cast, who: str) -> None:
    user: User = cast.users[who]
    phone = enrolled(user)
    assert phone.pack["lists"] is False
    report = a_list(phone)
    told = phone.hand_in(report)
    assert (told["state"], told["reason"]) == ("kept", "refused")
    assert not Arrival.objects.exists()
    kept = Quarantined.objects.get()
    assert kept.user == user
    with pytest.raises(doors.NotAllowed):
        doors.reveal(cast.again("screener"), [kept], ["content"], "screening")
    assert [one.kind for one in sent.offered_to(user)] == ["checklist", "ilo_dimensions"]


def test_who_works_at_a_crossing_is_offered_it(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    assert phone.pack["lists"] is True
    assert [one.name for one in sent.offered_to(cast.screener)][-1] == "transit_centre"


def test_a_phone_with_collect_sends_it_too(cast: Cast) -> None:
    _device, token = openrosa_actions.enrol_device(cast.screener)
    app = Collect(f"https://testserver/collect/{token}")
    assert {row["formID"] for row in app.listed()} == {"first_responder", "ilo_2009", "transit_centre"}
    app.download("transit_centre")
    number = uuid4()
    xml = filling.a_bus(identifier=f"uuid:{number}")
    assert became(app.send(xml)) == 201
    assert Arrival.objects.get().pk == number
    assert (app.send(xml).status_code, Arrival.objects.count()) == (201, 1)
    _device, token = openrosa_actions.enrol_device(cast.users["operator"])
    elsewhere = Collect(f"https://testserver/collect/{token}")
    assert "transit_centre" not in {row["formID"] for row in elsewhere.listed()}


def test_a_forged_count_is_refused_and_kept_for_its_user(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    number = uuid4()
    forged = filling.a_bus(identifier=f"uuid:{number}").replace(b"<first>1</first>", b"<first>0</first>")
    answer = phone.send(phone.seal(number, forged))
    assert (answer.status_code, answer.json()["state"], answer.json()["reason"]) == (202, "kept", "calculation")
    assert not Arrival.objects.exists()


def test_what_was_sent_became_one_thing(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    phone.hand_in(a_list(phone))
    row = SentForm.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        SentForm(
            instance=uuid4(), user=row.user, device=row.device, digest=b"0" * 32, received_at=clock.now() - timedelta(1)
        ).save(force_insert=True)  # fmt: skip
