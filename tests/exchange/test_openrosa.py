"""ODK Collect walks the protocol against the real pages; what it sends becomes a case of its user, once, or is kept."""

from __future__ import annotations

import gzip
import io
import logging
import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest
import qrcode
from cryptography.hazmat.primitives import hashes
from django.test import Client
from django.utils import timezone

from spean.access.models import Membership
from spean.cases.models import Case
from spean.detection import instruments, sent
from spean.detection.models import Screening
from spean.exchange import device_pages, openrosa_views, openrosa_xml, taking_in
from spean.exchange import openrosa_actions as actions
from spean.exchange.openrosa_models import Device, PublishedForm, Quarantined, SentForm
from spean.privacy import doors
from spean.privacy.models import Event
from tests.cast import Cast
from tests.exchange import collect
from tests.exchange.collect import ANSWERS, Collect, filled, seal
from tests.signed_in import signed_in

BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<data id="first_responder" version="1.0">&b;</data>"""


def phone(cast: Cast, name: str = "screener") -> tuple[Collect, Device]:
    device, token = actions.enrol_device(cast.users[name])
    return Collect(f"https://testserver/collect/{token}"), device


def became(answer: Any) -> int:
    """Let the worker do its part, which is not told to the app."""
    assert taking_in.work_off() == (answer.status_code == 201)
    return int(answer.status_code)


def stored() -> tuple[int, int, int, int]:
    """How much there is of everything that a submission can become."""
    return (Case.objects.count(), Screening.objects.count(), Quarantined.objects.count(), SentForm.objects.count())


def same(one: Any, other: Any) -> bool:
    heads = [{k: v for k, v in answer.items() if k not in ("Date", "Content-Length")} for answer in (one, other)]
    return one.status_code == other.status_code and one.content == other.content and heads[0] == heads[1]


# --- the walk ------------------------------------------------------------------------------------------------


def test_the_app_walks_from_the_code_on_the_screen_to_a_case(cast: Cast) -> None:
    page = signed_in(cast.screener).post("/devices/enrol/")
    app = Collect(collect.scanned(page.content.decode())["server_url"])
    assert {row["formID"] for row in app.listed()} == {"first_responder", "ilo_2009", "transit_centre"}
    form = app.download("first_responder")
    answer = app.send(filled(form, **ANSWERS))
    assert became(answer) == 201
    assert b'<OpenRosaResponse xmlns="http://openrosa.org/http/response"><message>' in answer.content
    screening = Screening.objects.get()
    assert (screening.result, screening.screener, screening.organisation) == (
        "presumed_victim", cast.screener, cast.org("border_police"),
    )  # fmt: skip
    assert screening.case.sex == "female"
    assert screening.answers["FR01"] == "yes"
    texts = doors.reveal(cast.again("screener"), [screening], ["stated_name", "notes"], "screening")[screening.pk]
    assert texts == {"stated_name": "Kanariename", "notes": "Kanarienotes told on the way"}


def test_the_long_list_becomes_a_case_by_the_questions_of_its_population(cast: Cast) -> None:
    app, _device = phone(cast)
    form = app.download("ilo_2009")
    cover = {name: value for name, value in ANSWERS.items() if not name.startswith("FR")}
    answers = {"AL__DR__JOB": "yes", "AL__EX__PAYLOW": "yes", "AL__EX__HOURS": "yes", "AL__CD__DOCS": "declined"}
    assert became(app.send(filled(form, **cover, **answers))) == 201
    assert Screening.objects.get().answers == {
        "DR-JOB": "yes", "EX-PAYLOW": "yes", "EX-HOURS": "yes", "CD-DOCS": "declined",
    }  # fmt: skip


def test_the_code_says_what_the_app_reads(cast: Cast) -> None:
    found = collect.settings_of(device_pages.settings_code("https://example.org/collect/abc"))
    assert found["general"]["server_url"] == "https://example.org/collect/abc"
    assert found["general"]["form_update_mode"] == "match_exactly"
    assert found["general"]["delete_send"] is True
    assert set(found) == {"general", "admin", "project"}


@pytest.mark.parametrize(
    "text", ["x", "https://example.org/field/#c=" + "A" * 43, "é" * 400], ids=["short", "app", "dense"]
)
def test_the_picture_has_the_squares_of_the_code_and_no_others(text: str) -> None:
    code = qrcode.QRCode(border=4)
    code.add_data(text)
    wanted = code.get_matrix()
    picture = unquote(device_pages.qr(text).removeprefix("data:image/svg+xml,"))
    assert f"viewBox='0 0 {len(wanted)} {len(wanted)}'" in picture
    drawn = [[False] * len(wanted) for _ in wanted]
    for x, y, length in re.findall(r"M(\d+) (\d+)\.5h(\d+)", picture):
        for column in range(int(x), int(x) + int(length)):
            drawn[int(y)][column] = True
    assert drawn == wanted


def test_the_page_with_the_code_is_light_enough_for_2g() -> None:
    dense = device_pages.settings_code("https://a-rather-long-name.referral.example.org/collect/" + "Aa0_" * 11)
    assert len(gzip.compress(device_pages.qr(dense).encode())) < 8 * 1024


def test_a_phone_is_asked_for_a_head_before_it_posts(cast: Cast) -> None:
    app, _device = phone(cast)
    answer = app.head()
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["X-OpenRosa-Version"] == "1.0"
    assert int(answer["X-OpenRosa-Accept-Content-Length"]) > 100_000


def test_a_form_has_an_empty_manifest(cast: Cast) -> None:
    app, _device = phone(cast)
    app.listed()
    form = PublishedForm.objects.first()
    assert form is not None
    answer = app.get(app.path(f"/forms/{form.pk}/manifest"))
    assert answer.status_code == 200
    assert b'xmlns="http://openrosa.org/xforms/xformsManifest"' in answer.content
    assert app.get(app.path(f"/forms/{uuid4()}")).status_code == 404


# --- once ----------------------------------------------------------------------------------------------------


def test_what_is_sent_again_is_one_case(cast: Cast) -> None:
    app, _device = phone(cast)
    xml = filled(app.download("first_responder"), **ANSWERS)
    assert [app.send(xml).status_code for _ in range(2)] == [201, 201]
    assert taking_in.work_off() == 1
    assert [app.send(xml).status_code for _ in range(2)] == [201, 201]
    assert taking_in.work_off() == 0
    assert stored() == (1, 1, 0, 1)


@pytest.mark.parametrize("worked_off", [False, True], ids=["while it waits", "when it is a case"])
def test_another_form_under_the_same_number_is_refused(cast: Cast, worked_off: bool) -> None:
    app, _device = phone(cast)
    form, number = app.download("first_responder"), f"uuid:{uuid4()}"
    assert app.send(filled(form, number, **ANSWERS)).status_code == 201
    if worked_off:
        taking_in.work_off()
    assert app.send(filled(form, number, **{**ANSWERS, "age": "25"})).status_code == 409
    taking_in.work_off()
    assert stored() == (1, 1, 0, 1)
    assert Event.objects.filter(action="submission.conflicted").count() == 1


def test_a_number_that_another_user_sent_is_kept_for_its_own_user(cast: Cast) -> None:
    """Nobody's number is anybody else's: it neither replaces nor tells of what the other sent."""
    app, _device = phone(cast)
    other, _other = phone(cast, "outsider")
    form, number = app.download("first_responder"), f"uuid:{uuid4()}"
    assert became(app.send(filled(form, number, **ANSWERS))) == 201
    assert became(other.send(filled(form, number, **{**ANSWERS, "age": "30"}))) == 201
    assert Screening.objects.get().screener == cast.screener
    assert Quarantined.objects.get().user == cast.outsider


# --- the server answers anew ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda xml: xml.replace(b"<result>presumed_victim<", b"<result>no_indication<"), "calculation"),
        (lambda xml: xml.replace(b"<sex>female</sex>", b""), "required"),
        (lambda xml: xml.replace(b"<sex>female</sex>", b"<sex>martian</sex>"), "not_a_choice"),
        (lambda xml: xml.replace(b"<age>24</age>", b"<age>old</age>"), "wrong_type"),
        (lambda xml: xml.replace(b"<FR01>yes</FR01>", b"<FR01>yes</FR01><FR99>yes</FR99>"), "unknown_node"),
        (lambda xml: xml.replace(b"<FR01>yes</FR01>", b"<FR01>yes</FR01><FR01>no</FR01>"), "unknown_node"),
        (lambda xml: xml.replace(b'version="1.0"', b'version="9.9"'), "unknown_instrument"),
        (lambda xml: xml.replace(b'id="first_responder"', b'id="somebody_elses"'), "unknown_instrument"),
        (lambda xml: xml.replace(b"</meta>", b"<deprecatedID>uuid:x</deprecatedID></meta>"), "changed_later"),
    ],
)
def test_what_cannot_be_a_case_is_kept_and_not_sent_again(cast: Cast, change: Any, reason: str) -> None:
    app, _device = phone(cast)
    xml = change(filled(app.download("first_responder"), **ANSWERS))
    assert app.send(xml).status_code == 202
    assert app.send(xml).status_code == 202
    assert stored() == (0, 0, 1, 1)
    row = Quarantined.objects.get()
    assert row.reason == reason
    assert row.user == cast.screener
    shown = signed_in(cast.again("screener")).post(f"/submissions/{row.pk}/open/").content.decode()
    assert "Kanariename" in shown
    assert "Kanarie" not in str([str(value) for value in Quarantined.objects.values_list().get()])


def test_a_forged_result_never_becomes_the_result(cast: Cast) -> None:
    app, _device = phone(cast)
    answers = {**ANSWERS, **{f"FR{number:02}": "no" for number in range(1, 13)}}
    xml = filled(app.download("first_responder"), **answers)
    forged = re.sub(rb"<result>[a-z_]+<", b"<result>presumed_victim<", xml)
    assert forged != xml
    assert app.send(forged).status_code == 202
    assert not Screening.objects.exists()


def test_nothing_answered_is_kept_and_no_screening(cast: Cast) -> None:
    app, _device = phone(cast)
    cover = {name: value for name, value in ANSWERS.items() if not name.startswith("FR")}
    xml = filled(app.download("first_responder"), **cover)
    assert became(app.send(xml)) == 201
    assert app.send(xml).status_code == 202
    assert stored() == (0, 0, 1, 1)
    assert Quarantined.objects.get().reason == "refused"


def test_a_withdrawn_version_still_becomes_a_case(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    app, _device = phone(cast)
    xml = filled(app.download("first_responder"), **ANSWERS)
    monkeypatch.setattr(sent, "offered", list)
    assert app.listed() == []
    assert became(app.send(xml)) == 201
    assert stored() == (1, 1, 0, 1)


def test_a_version_that_was_replaced_before_anything_was_sent_still_becomes_a_case(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _device = phone(cast)
    xml = filled(app.download("first_responder"), **ANSWERS)
    shipped = instruments.pack().instruments
    newer = {**shipped, "first_responder": replace(shipped["first_responder"], version="2.0")}
    monkeypatch.setattr(type(instruments.pack()), "instruments", newer)
    assert became(app.send(xml)) == 201
    assert Screening.objects.get().instrument_version == "1.0"


def test_the_user_deals_with_what_was_kept(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    app, _device = phone(cast)
    xml = filled(app.download("first_responder"), **ANSWERS)
    app.send(xml.replace(b"<sex>female</sex>", b""))
    row = Quarantined.objects.get()
    client = signed_in(cast.again("screener"))
    assert row.code in client.get("/devices/").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(f"/submissions/{row.pk}/settle/").status_code == 302
    row.refresh_from_db()
    assert row.content is None
    assert row.code not in client.get("/devices/").content.decode()
    # The phone may still send it again, and forgets it then.
    assert app.send(xml.replace(b"<sex>female</sex>", b"")).status_code == 202
    assert stored() == (0, 0, 1, 1)


def test_so_many_waiting_that_the_phone_keeps_the_next(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MOST_WAITING", 1)
    app, _device = phone(cast)
    form = app.download("first_responder")
    assert app.send(filled(form, **{**ANSWERS, "sex": ""})).status_code == 202
    assert app.send(filled(form, **{**ANSWERS, "sex": ""})).status_code == 503
    assert app.send(filled(form, **ANSWERS)).status_code == 201


def test_what_is_more_than_can_be_worked_off_stays_with_collect(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking_in, "MOST", 1)
    app, _device = phone(cast)
    form = app.download("first_responder")
    first, second = filled(form, **ANSWERS), filled(form, **ANSWERS)
    assert [app.send(one).status_code for one in (first, second, first)] == [201, 503, 201]
    taking_in.work_off()
    assert app.send(second).status_code == 201


# --- attacks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (BOMB, 400),
        (b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><data id="first_responder" version="1.0"/>', 400),
        (b"<data id='first_responder'", 400),
        (b"", 400),
        (b"\xff\xfe\x00", 400),
        (b'<?xml version="1.0" encoding="klingon"?><data/>', 400),
        (b'<data id="first_responder" version="1.0"/>', 400),
        (b'<data id="f" version="1"><meta><instanceID>Sok Dara</instanceID></meta></data>', 400),
        (b'<data id="f" version="1">' + b"<a>" * 5000 + b"</a>" * 5000 + b"</data>", 413),
        (b'<data id="f" version="1">' + b"<a/>" * 30_000 + b"</data>", 413),
        (b"<data>" + b"x" * 10_000_000 + b"</data>", 413),
        (b"<data>" + b"x" * 1_100_000 + b"</data>", 413),
    ],
    ids=["bomb", "outside entity", "cut off", "empty", "no text", "encoding", "no number", "a name as number", "deep",
         "wide", "10 MB", "1 MB"],
)  # fmt: skip
def test_what_is_no_submission_is_refused_and_leaves_nothing(cast: Cast, body: bytes, status: int) -> None:
    app, _device = phone(cast)
    answer = app.post(body)
    assert answer.status_code == status
    assert answer["X-OpenRosa-Version"] == "1.0"
    assert stored() == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/xml", b"<data/>"),
        ("multipart/form-data", b"--x\r\n\r\n"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x\r\nno head"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\na\r\n--x--'),
        ("multipart/form-data; boundary=x", b"--x\r\nA: b\r\n\r\na\r\n" * 50 + b"--x--"),
        ("application/x-www-form-urlencoded", b"xml_submission_file=%3Cdata%2F%3E"),
    ],
)
def test_a_body_that_no_app_sends_is_refused(cast: Cast, kind: str, body: bytes) -> None:
    app, _device = phone(cast)
    assert app.client.generic("POST", app.path("/submission"), body, content_type=kind).status_code == 400
    assert stored() == (0, 0, 0, 0)


def test_a_very_long_answer_is_kept_and_not_taken(cast: Cast) -> None:
    app, _device = phone(cast)
    xml = filled(app.download("first_responder"), **ANSWERS)
    assert app.send(xml.replace(b"Kanarienotes", b"x" * 900_000)).status_code == 202
    assert stored() == (0, 0, 1, 1)


def test_what_comes_in_chunks_is_read_up_to_the_limit(cast: Cast, rf: Any) -> None:
    """As Granian hands it on: no length, and the chunks put together."""
    request = rf.generic("POST", "/collect/x/submission", b"", content_type="multipart/form-data; boundary=x")
    request.META.pop("CONTENT_LENGTH", None)
    request.META["HTTP_TRANSFER_ENCODING"] = "chunked"
    request.environ["wsgi.input"] = io.BytesIO(b"y" * 100_000)
    assert openrosa_views._body(request) == b"y" * 100_000
    request.environ["wsgi.input"] = io.BytesIO(b"y" * 3_000_000)
    with pytest.raises(openrosa_xml.TooLarge):
        openrosa_views._body(request)


def test_other_methods_are_not_allowed(cast: Cast) -> None:
    app, _device = phone(cast)
    assert app.client.get(app.path("/submission")).status_code == 405
    assert app.client.put(app.path("/submission")).status_code == 405
    assert app.client.post(app.path("/formList")).status_code == 405


# --- sealed on the phone -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mgf", [hashes.SHA256, hashes.SHA1])
def test_a_form_that_was_sealed_on_the_phone_becomes_a_case(cast: Cast, mgf: Any) -> None:
    app, _device = phone(cast)
    form = app.download("first_responder")
    sealed = seal(form, filled(form, **ANSWERS), mgf)
    assert b"Kanarie" not in sealed.manifest + sealed.file
    assert app.send(sealed.manifest, sealed=sealed.file).status_code == 201
    assert became(app.send(sealed.manifest, sealed=sealed.file)) == 201
    assert app.send(sealed.manifest, sealed=sealed.file).status_code == 201
    assert stored() == (1, 1, 0, 1)


def test_a_sealed_form_in_two_parts_waits_for_the_second(cast: Cast) -> None:
    app, _device = phone(cast)
    form = app.download("first_responder")
    sealed = seal(form, filled(form, **ANSWERS))
    assert app.post(sealed.manifest, **{"*isIncomplete*": b"yes"}).status_code == 202
    assert stored() == (0, 0, 0, 0)
    assert app.post(sealed.manifest, sealed=sealed.file).status_code == 201
    assert became(app.post(sealed.manifest)) == 201
    assert app.post(sealed.manifest).status_code == 201
    assert stored() == (1, 1, 0, 1)


def test_a_manifest_without_its_form_is_refused(cast: Cast) -> None:
    app, _device = phone(cast)
    form = app.download("first_responder")
    assert app.post(seal(form, filled(form, **ANSWERS)).manifest).status_code == 400


@pytest.mark.parametrize("how", ["bent", "cut", "other number", "other key"])
def test_a_sealed_form_that_does_not_open_is_kept(cast: Cast, how: str) -> None:
    app, _device = phone(cast)
    form = app.download("first_responder")
    xml = filled(form, **ANSWERS)
    sealed = seal(form, xml)
    manifest, file = sealed.manifest, sealed.file
    if how == "bent":
        file = file[:40] + bytes([file[40] ^ 1]) + file[41:]
    elif how == "cut":
        file = file[:-16]
    elif how == "other number":
        manifest = re.sub(rb"uuid:[0-9a-f-]+", f"uuid:{uuid4()}".encode(), manifest)
    else:
        manifest = re.sub(rb"<base64EncryptedKey>[^<]+", b"<base64EncryptedKey>AAAA", manifest)
    assert app.send(manifest, sealed=file).status_code == 202
    assert stored() == (0, 0, 1, 1)
    assert Quarantined.objects.get().reason == "not_opened"


# --- who may -------------------------------------------------------------------------------------------------


def contacts(app: Collect) -> list[Any]:
    form = PublishedForm.objects.first()
    pk = form.pk if form else uuid4()
    return [
        app.get(app.path("/formList")),
        app.get(app.path("/")),
        app.get(app.path(f"/forms/{pk}")),
        app.get(app.path(f"/forms/{pk}/manifest")),
        app.head(),
        app.post(b"<data/>"),
    ]


def test_revoked_wrong_and_none_are_answered_alike(cast: Cast) -> None:
    app, device = phone(cast)
    app.listed()
    actions.revoke_device(cast.again("screener"), device)
    wrong = contacts(Collect("https://testserver/collect/x" + "y" * 42))
    for one, other in zip(contacts(app), wrong, strict=True):
        assert one.status_code == 404
        assert same(one, other)
    without = Collect("https://testserver/collect")
    for one, other in ((without.get("/collect/formList"), wrong[0]), (without.post(b"<data/>"), wrong[5])):
        assert same(one, other)


def test_the_phone_of_one_who_may_no_longer_screen_is_refused(cast: Cast) -> None:
    app, _device = phone(cast)
    app.listed()
    Membership.objects.filter(user=cast.screener).update(until_at=timezone.now())
    assert [answer.status_code for answer in contacts(app)] == [404] * 6


def test_the_phone_of_somebody_deactivated_is_refused(cast: Cast) -> None:
    app, _device = phone(cast)
    cast.screener.is_active = False
    cast.screener.save(update_fields=["is_active"])
    assert [answer.status_code for answer in contacts(app)] == [404] * 6


def test_the_phone_of_somebody_who_moved_to_another_organisation_is_refused(cast: Cast) -> None:
    app, _device = phone(cast)
    Membership.objects.filter(user=cast.screener).update(organisation=cast.org("other_police"))
    assert [answer.status_code for answer in contacts(app)] == [404] * 6


@pytest.mark.parametrize("name", ["administrator", "auditor", "statistician", "investigator"])
def test_who_does_not_screen_enrols_no_phone(cast: Cast, name: str) -> None:
    client = signed_in(cast.users[name])
    for answer in (client.get("/devices/"), client.post("/devices/enrol/")):
        assert answer.status_code == 404
    assert not Device.objects.exists()


@pytest.mark.parametrize("name", ["colleague", "outsider", "manager", "administrator"])
def test_others_see_and_revoke_nothing(cast: Cast, name: str) -> None:
    app, device = phone(cast)
    app.send(filled(app.download("first_responder"), **{**ANSWERS, "sex": ""}))
    kept = Quarantined.objects.get()
    client = signed_in(cast.users[name])
    for path in ("/submissions/{}/open/", "/submissions/{}/settle/", "/submissions/{}/"):
        method = client.get if path.endswith("{}/") else client.post
        assert method(path.format(kept.pk)).content == method(path.format(uuid4())).content
        assert method(path.format(kept.pk)).status_code == 404
    assert client.post(f"/devices/{device.pk}/revoke/").status_code == 404
    device.refresh_from_db()
    assert device.revoked_at is None
    listed = client.get("/devices/").content.decode()
    assert device.code not in listed
    assert kept.code not in listed


def test_a_phone_reads_nothing(cast: Cast) -> None:
    """The token opens no page, and a session opens no phone."""
    app, _device = phone(cast)
    app.listed()
    token = app.url.rsplit("/", 1)[1]
    assert app.client.get("/", headers={"Authorization": f"Bearer {token}"}).status_code in (302, 404)
    assert "sessionid" not in app.client.cookies
    assert signed_in(cast.again("screener")).get("/collect/formList").status_code == 404


def test_a_thousand_wrong_tokens_lock_nobody_out(cast: Cast) -> None:
    app, _device = phone(cast)
    stranger = Client()
    answers = {stranger.get(f"/collect/{uuid4()}/formList").status_code for _ in range(200)}
    assert answers == {404}
    assert app.get(app.path("/formList")).status_code == 200
    assert not Event.objects.filter(action="device.refused").exists()


# --- the log -------------------------------------------------------------------------------------------------


def test_every_use_is_logged_and_the_token_nowhere(
    cast: Cast, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    app, device = phone(cast)
    token = app.url.rsplit("/", 1)[1]
    became(app.send(filled(app.download("first_responder"), **ANSWERS)))
    app.post(BOMB)
    used = Event.objects.filter(action="device.used", object_id=device.pk).order_by("id")
    assert [event.facts["use"] for event in used] == ["list", "form", "head", "submission", "submission"]
    assert all(event.actor_id == cast.screener.pk for event in used)
    received = Event.objects.get(action="submission.received")
    assert received.case_id == Case.objects.get().pk
    actions.revoke_device(cast.again("screener"), device)
    app.get(app.path("/formList"))
    assert Event.objects.filter(action="device.refused", object_id=device.pk).count() == 1

    def broken(*args: Any) -> Any:
        raise RuntimeError(f"somebody wrote {token} into a message")

    again, _device = phone(cast)
    monkeypatch.setattr(actions, "offered_forms", broken)
    again.client.raise_request_exception = False
    assert again.get(again.path("/formList")).status_code == 500
    rows = str(list(Event.objects.values()))
    assert token not in rows
    assert "Kanarie" not in rows
    from spean.run.logs import QuietFormatter

    for record in caplog.records:
        record.exc_text = None  # what the test's own formatter has left there
    shown = "\n".join(QuietFormatter().format(record) for record in caplog.records)
    for one in (token, again.url.rsplit("/", 1)[1]):
        assert one not in shown


def test_the_token_is_kept_as_a_digest_only(cast: Cast) -> None:
    app, _device = phone(cast)
    token = app.url.rsplit("/", 1)[1]
    assert token not in str(list(Device.objects.values()))
    page = signed_in(cast.again("screener")).get("/devices/").content.decode()
    assert token not in page


def test_the_code_is_shown_once(cast: Cast) -> None:
    client = signed_in(cast.screener)
    once = str(uuid4())
    assert "data:image/svg+xml" in client.post("/devices/enrol/", {"once": once}).content.decode()
    assert client.post("/devices/enrol/", {"once": once}).status_code == 302
    assert Device.objects.count() == 1


def test_a_sixth_phone_is_refused_with_its_reason(cast: Cast) -> None:
    for _ in range(actions.MOST_DEVICES):
        actions.enrol_device(cast.screener)
    assert signed_in(cast.screener).post("/devices/enrol/").status_code == 422
