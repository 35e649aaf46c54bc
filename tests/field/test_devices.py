"""A phone joins by a code of ten minutes, is known by a token of its own, and is told in so many words when it is not."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.test import Client

from spean.access.models import Membership, User
from spean.exchange import openrosa_actions, report_keys
from spean.exchange.openrosa_models import Device, FormKey
from spean.field import devices
from spean.lib import clock
from spean.privacy.models import Event
from spean.workflow.engine import Forbidden, Refused
from tests.cast import Cast
from tests.field.phone import Phone, enrolled, scanned
from tests.signed_in import signed_in


def test_a_phone_joins_with_the_code_on_the_screen(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    row = Device.objects.get()
    assert (row.kind, row.user, row.organisation) == ("web", cast.screener, cast.org("border_police"))
    assert row.token_hash == hashlib.sha256(phone.token.encode()).hexdigest()
    assert phone.get("/field/status/").json()["reports"] == []
    assert set(Event.objects.values_list("action", flat=True)) >= {"device.enrolled", "device.joined", "device.used"}


def test_the_code_opens_nothing_by_itself_and_stands_in_no_table(cast: Cast) -> None:
    code = scanned(signed_in(cast.screener).post("/field/code/").content.decode())
    assert Phone(token=code).get("/field/status/").status_code == 404
    row = Device.objects.get()
    assert code not in str(row.__dict__)
    assert Phone(token=row.token_hash).get("/field/status/").status_code == 404


def test_a_code_is_good_for_ten_minutes(cast: Cast) -> None:
    _row, code = devices.show_code(cast.screener)
    with clock.travel(clock.now() + timedelta(minutes=11)):
        answer = Phone().join(code)
    assert (answer.status_code, answer.json()) == (400, {"code": "code_refused"})


def test_a_code_is_good_for_one_phone_however_often_it_brings_it(cast: Cast) -> None:
    """The answer may be lost on the way: the same phone asks again, and another one gets nothing."""
    _row, code = devices.show_code(cast.screener)
    phone, thief = Phone(), Phone()
    assert [phone.join(code).status_code for _ in range(2)] == [201, 201]
    assert thief.join(code).status_code == 400
    assert thief.get("/field/status/").status_code == 404
    assert phone.get("/field/status/").status_code == 200


def test_a_new_code_ends_the_one_before(cast: Cast) -> None:
    _one, earlier = devices.show_code(cast.screener)
    _two, later = devices.show_code(cast.screener)
    assert Phone().join(earlier).status_code == 400
    assert Phone().join(later).status_code == 201


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"code": 1}', b'{"code": "x", "token_hash": "short"}', b"\xff" * 50]
)
def test_what_is_no_code_is_refused_alike(cast: Cast, body: bytes) -> None:
    answer = Client().post("/field/join/", body, content_type="application/json")
    assert (answer.status_code, answer.json()) == (400, {"code": "code_refused"})


def test_nobody_joins_with_the_token_of_another_phone(cast: Cast) -> None:
    mine = enrolled(cast.screener)
    _row, code = devices.show_code(cast.outsider)
    assert Phone(token=mine.token).join(code).status_code == 400


@pytest.mark.parametrize("name", ["auditor", "administrator", "statistician", "officer", "prosecutor"])
def test_who_does_not_screen_shows_no_code(cast: Cast, name: str) -> None:
    with pytest.raises(Forbidden):
        devices.show_code(cast.users[name])
    assert signed_in(cast.users[name]).post("/field/code/").status_code == 404


def test_a_stranger_shows_no_code(cast: Cast) -> None:
    assert Client().post("/field/code/")["Location"].startswith("/sign-in/")
    assert not Device.objects.exists()


def test_nobody_has_more_phones_than_he_can_watch_over(cast: Cast) -> None:
    for _ in range(openrosa_actions.MOST_DEVICES):
        enrolled(cast.screener)
    with pytest.raises(Refused):
        devices.show_code(cast.screener)


class TestTheEnd:
    """Revoked, deactivated, moved: three answers, and only the phone itself can tell that they are ours."""

    def proof(self, phone: Phone) -> str:
        token_hash = hashlib.sha256(phone.token.encode()).hexdigest()
        return hashlib.sha256(f"spean field proof 1{token_hash}".encode()).hexdigest()

    def test_a_revoked_phone_is_told_to_wipe_itself(self, cast: Cast) -> None:
        phone = enrolled(cast.screener)
        signed_in(cast.screener).post(f"/devices/{Device.objects.get().pk}/revoke/")
        for answer in (phone.get("/field/status/"), phone.get("/field/pack/"), phone.send(phone.report())):
            assert (answer.status_code, answer.json()) == (410, {"code": "revoked", "proof": self.proof(phone)})
        assert Event.objects.filter(action="device.refused").count() == 3

    def test_nobody_revokes_the_phone_of_another(self, cast: Cast) -> None:
        enrolled(cast.screener)
        answer = signed_in(cast.outsider).post(f"/devices/{Device.objects.get().pk}/revoke/")
        assert answer.status_code == 404
        assert Device.objects.get().revoked_at is None

    def test_the_phone_of_a_deactivated_user_is_told_the_same(self, cast: Cast) -> None:
        phone = enrolled(cast.screener)
        User.objects.filter(pk=cast.screener.pk).update(is_active=False)
        assert phone.get("/field/status/").status_code == 410

    def test_a_user_in_another_role_sends_nothing_and_loses_nothing(self, cast: Cast) -> None:
        phone = enrolled(cast.screener)
        Membership.objects.filter(user=cast.screener).update(until_at=clock.now())
        answer = phone.send(phone.report())
        assert (answer.status_code, answer.json()) == (403, {"code": "not_now", "proof": self.proof(phone)})

    def test_a_token_that_never_was_is_told_nothing(self, cast: Cast) -> None:
        enrolled(cast.screener)
        for token in ("", "x", "0" * 64):
            assert Phone(token=token).get("/field/status/").status_code == 404
        assert Client().get("/field/status/").json() == {"code": "unknown"}


def test_the_tokens_of_the_two_kinds_of_phones_are_not_exchanged(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    _row, collect = openrosa_actions.enrol_device(cast.screener)
    assert Client().get(f"/collect/{phone.token}/formList").status_code == 404
    assert Phone(token=collect).get("/field/status/").status_code == 404


def test_the_key_changes_and_earlier_reports_open_still(cast: Cast) -> None:
    phone = enrolled(cast.screener)
    before = phone.report()
    report_keys.make_report_key()
    assert phone.get("/field/status/").json()["key"] != before.key
    phone.fetch()
    assert [phone.send(one).status_code for one in (before, phone.report())] == [201, 201]
    with clock.travel(clock.now() + timedelta(days=200)):
        assert report_keys.report_key().name not in {before.key, phone.pack["key"]["name"]}
    assert FormKey.objects.filter(kind="collect").count() == 0


def test_joining_says_whose_phone_it_is_only_to_that_phone(cast: Cast) -> None:
    """An opaque name, the same for the same user: what waits after a wipe is sent by him and nobody else."""
    told = [
        Phone().join(devices.show_code(user)[1]).json()["owner"]
        for user in (cast.screener, cast.screener, cast.outsider)
    ]
    assert told[0] == told[1] != told[2]
    assert str(cast.screener.pk) not in json.dumps(told)
