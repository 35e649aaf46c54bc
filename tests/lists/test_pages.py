"""Pages of lists and of the register: from sending a file to deciding a pair, and what everybody else meets."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from spean.lists import delivering, linking, tasks
from spean.lists.models import Delivery, Linking, ListRow, Pair, PartnerList
from spean.privacy.models import Event
from tests.cast import PEOPLE, Cast
from tests.lists.files import as_csv, as_workbook, of_each, rows, sent, somebody
from tests.signed_in import signed_in

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

BEGIN = {
    "title": "Guests of the shelter",
    "form": "names",
    "definition": "Everybody who slept here",
    "completeness": "most",
}


def upload(client: Client, partner_list: PartnerList, raw: bytes, name: str = "list.csv", **more: str) -> Any:
    file = SimpleUploadedFile(name, raw, "text/csv")
    return client.post(reverse("partner_list_deliver", args=[partner_list.pk]), {"file": file, **more})


def begin(client: Client, **more: str) -> PartnerList:
    answer = client.post("/lists/begin/", {**BEGIN, **more})
    assert answer.status_code == 302, answer.content.decode()
    return PartnerList.objects.latest("begun_at")


@pytest.mark.parametrize("raw", [as_csv(rows(somebody())), as_workbook(rows(somebody()))])
def test_from_the_file_to_its_report(cast: Cast, raw: bytes) -> None:
    client = signed_in(cast.provider)
    owner = begin(client)
    answer = upload(client, owner, raw)
    delivery = Delivery.objects.get()
    assert answer["Location"] == reverse("delivery_columns", args=[delivery.pk])
    page = client.get(answer["Location"]).content.decode()
    assert "Given name" in page
    assert "Kanarie" not in page
    assert '<option value="mother_name" selected>' in page
    names = [
        "record_id",
        "family_name",
        "given_name",
        "sex",
        "birth_date",
        "nationality",
        "birth_place",
        "phone",
        "mother_name",
    ]
    data = {f"column_{place}": name for place, name in enumerate(names)}
    answer = client.post(reverse("delivery_columns", args=[delivery.pk]), {**data, "version": delivery.version})
    assert answer["Location"] == reverse("delivery", args=[delivery.pk])
    assert "Being read" in client.get(answer["Location"]).content.decode()
    tasks.take_in(delivery_id=str(delivery.pk))
    page = client.get(answer["Location"]).content.decode()
    assert "Taken in" in page
    report = client.get(reverse("delivery_report", args=[delivery.pk]))
    assert report["Content-Disposition"] == f'attachment; filename="report-{owner.code}.csv"'
    assert "accepted" in b"".join(report.streaming_content).decode()  # type: ignore[attr-defined]
    assert "Guests of the shelter" in client.get("/lists/").content.decode()
    assert "Everybody who slept here" in client.get(reverse("partner_list", args=[owner.pk])).content.decode()


def test_while_a_long_file_is_read_its_page_says_how_far_it_is(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(cast.provider)
    owner = begin(client)
    upload(client, owner, as_csv(rows(*(somebody(f"{number}") for number in range(300)))))
    delivery = Delivery.objects.get()
    columns = client.get(reverse("delivery_columns", args=[delivery.pk])).content.decode()
    assert "filled in 200 of the first 200 lines" in columns
    data = {"column_0": "record_id", "column_1": "family_name", "version": delivery.version}
    client.post(reverse("delivery_columns", args=[delivery.pk]), data)
    address = reverse("delivery", args=[delivery.pk])
    assert "so far" not in client.get(address).content.decode()
    seen = []

    def look(keeper: delivering._Keeper, *batch: Any) -> None:
        write(keeper, *batch)
        seen.append(client.get(address).content.decode())

    write = delivering._Keeper._write
    monkeypatch.setattr(delivering._Keeper, "_write", look)
    tasks.take_in(delivery_id=str(delivery.pk))
    assert "250 lines are kept so far" in seen[0]
    assert "300 lines are kept so far" in seen[1]
    assert "Look again" in seen[1]
    assert "so far" not in client.get(address).content.decode()


def test_the_register_counts_the_lines_of_all_lists_at_once_and_long_numbers_can_be_read(cast: Cast) -> None:
    of_each(cast)
    client = signed_in(cast.statistician)
    with CaptureQueriesContext(connection) as asked:
        page = client.get("/register/").content.decode()
    assert sum("COUNT(" in one["sql"] and '"lists_listrow"' in one["sql"] for one in asked.captured_queries) == 1
    (aside,) = ListRow.objects.filter(status="quarantined").values_list("partner_list__code", flat=True)
    told = page.split(aside)[1].split("</dl>")[0]
    assert "(and 1 kept aside, not counted)" in told
    row = Linking.objects.get()
    row.result["bounds"], row.result["bounds_with_doubt"] = [221_923, 221_971], [206_652, 221_972]
    row.save(update_fields=["result"])
    assert "between 221,923 and 221,971 persons" in client.get("/register/").content.decode()
    page = client.get(reverse("linking", args=[row.pk])).content.decode()
    assert "between 206,652 and 221,972" in page


def test_who_names_columns_is_told_that_the_file_is_not_in_unicode(cast: Cast) -> None:
    client = signed_in(cast.provider)
    owner = begin(client)
    upload(client, owner, as_csv(rows(somebody(Surname="สมชาย")), encoding="tis-620"))
    page = client.get(reverse("delivery_columns", args=[Delivery.objects.get().pk])).content.decode()
    assert "not in Unicode" in page
    assert "filled in 1 of 1 lines" in page


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\xd0\xcf\x11\xe0", "old or locked workbook"), (b"PK\x03\x04x", "damaged"), (b",,\n", "The file is empty"),
        (b"# spean tokens 1 fields aa\nrecord\n", "list of tokens"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_told_at_the_form(cast: Cast, raw: bytes, words: str) -> None:
    client = signed_in(cast.provider)
    answer = upload(client, begin(client), raw)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Delivery.objects.exists()


def test_the_wrong_delimiter_is_seen_and_can_be_said(cast: Cast) -> None:
    client = signed_in(cast.provider)
    owner = begin(client)
    answer = upload(client, owner, as_csv(rows(somebody())), delimiter="tab")
    assert "There is one column only" in client.get(answer["Location"]).content.decode()
    delivery = Delivery.objects.get()
    client.post(reverse("delivery_withdraw", args=[delivery.pk]))
    answer = upload(client, owner, as_csv(rows(somebody()), ";"), delimiter="semicolon")
    assert "column_8" in client.get(answer["Location"]).content.decode()


def test_a_larger_file_than_elsewhere_is_taken_here_and_nowhere_else(cast: Cast) -> None:
    client = signed_in(cast.provider)
    owner = begin(client)
    raw = as_csv([["Name"], *([f"{number:09}" + "x" * 90] for number in range(120_000))])
    assert len(raw) > 11_000_000
    assert upload(client, owner, raw).status_code == 302


def test_a_line_that_was_kept_aside_is_opened_by_its_keeper_and_recorded(cast: Cast) -> None:
    row = of_each(cast)["lists.ListRow"]
    client = signed_in(cast.provider)
    page = client.get(reverse("list_row", args=[row.pk])).content.decode()
    assert "Kanarie" not in page
    opened = client.post(reverse("list_row_open", args=[row.pk])).content.decode()
    assert "Kanarie" in opened
    (event,) = Event.objects.filter(action="identity.revealed", object_id=row.pk)
    assert (event.purpose, event.actor_id) == ("partner_list", cast.provider.pk)
    answer = client.post(reverse("list_row_destroy", args=[row.pk]))
    assert answer.status_code == 302
    assert client.post(reverse("list_row_open", args=[row.pk])).status_code == 404


def test_the_registry_starts_a_linking_reads_the_overlap_and_decides(cast: Cast) -> None:
    of_each(cast)
    client = signed_in(cast.registry)
    answer = client.post("/register/start/")
    found = linking.Linking.objects.get(status="waiting")
    assert answer["Location"] == reverse("linking", args=[found.pk])
    assert "are being linked" in client.get(answer["Location"]).content.decode()
    tasks.link_lists(linking_id=str(found.pk))
    page = client.get(answer["Location"]).content.decode()
    assert "Overlap of the lists" in page
    assert "Kanarie" not in page
    table = client.get(reverse("overlap", args=[found.pk, 0])).content.decode()
    assert table.splitlines()[0].endswith(",count")
    assert client.get(reverse("overlap", args=[found.pk, 1])).status_code == 404
    pair = Pair.objects.filter(status="open")[0]
    queue = client.get("/pairs/").content.decode()
    assert reverse("pair", args=[pair.pk]) in queue
    page = client.get(reverse("pair", args=[pair.pk])).content.decode()
    assert "Kanarie" not in page
    assert "Without proof of consent" in page
    assert "Kanarie" in client.post(reverse("pair_compare", args=[pair.pk])).content.decode()
    readings = Event.objects.filter(action="identity.revealed", purpose="linking")
    assert {event.object_id for event in readings} == {pair.one_id, pair.other_id}
    answer = client.post(reverse("pair_decide", args=[pair.pk]), {"decision": "not_same", "version": pair.version})
    assert answer.status_code == 302
    assert "Not the same person" in client.get(reverse("pair", args=[pair.pk])).content.decode()
    assert "1 pair was decided since" in client.get(reverse("linking", args=[found.pk])).content.decode()
    late = client.post(reverse("pair_decide", args=[pair.pk]), {"decision": "same", "version": pair.version})
    assert late.status_code == 422


def test_the_statistician_sees_numbers_and_no_pair(cast: Cast) -> None:
    made = of_each(cast)
    client = signed_in(cast.statistician)
    page = client.get("/register/").content.decode()
    assert "Guests of the shelter" in page
    assert "Everybody who slept here" in page
    assert "Overlap of the lists" in client.get(reverse("linking", args=[made["lists.Linking"].pk])).content.decode()
    missing = client.get("/nowhere/").content
    for url in ("/pairs/", reverse("pair", args=[made["lists.Pair"].pk])):
        assert (client.get(url).status_code, client.get(url).content) == (404, missing)
    for name in ("pair_compare", "pair_decide"):
        assert client.post(reverse(name, args=[made["lists.Pair"].pk]), {"decision": "same"}).status_code == 404
    assert client.get(reverse("partner_list", args=[made["lists.PartnerList"].pk])).status_code == 404


OTHERS = sorted(set(PEOPLE) - {"provider"})


@pytest.mark.parametrize("name", OTHERS)
def test_for_everybody_else_a_list_is_not_there(cast: Cast, name: str) -> None:
    """Not for a colleague of another agency, not for the registry, not for the auditor: the bytes of what is missing."""
    made = of_each(cast)
    client = signed_in(getattr(cast, name))
    missing = client.get("/nowhere/").content
    pages = {
        "lists.PartnerList": ["partner_list", "partner_list_declare", "partner_list_deliver"],
        "lists.Delivery": ["delivery", "delivery_columns", "delivery_report"],
        "lists.ListRow": ["list_row"],
    }
    for label, urls in pages.items():
        for url in urls:
            answer = client.get(reverse(url, args=[made[label].pk]))
            assert (answer.status_code, answer.content) == (404, missing), url
    posts = {
        "partner_list_declare": "lists.PartnerList", "partner_list_deliver": "lists.PartnerList",
        "delivery_columns": "lists.Delivery", "delivery_withdraw": "lists.Delivery", "list_row_open": "lists.ListRow",
        "list_row_destroy": "lists.ListRow",
    }  # fmt: skip
    for url, label in posts.items():
        answer = client.post(reverse(url, args=[made[label].pk]))
        assert (answer.status_code, answer.content) == (404, missing), url
    assert "Guests of the shelter" not in client.get("/lists/").content.decode()
    if name not in ("registry", "statistician"):
        assert client.get(reverse("linking", args=[made["lists.Linking"].pk])).content == missing
        assert client.get(reverse("pair", args=[made["lists.Pair"].pk])).content == missing
        assert "Guests of the shelter" not in client.get("/register/").content.decode()
        assert client.post("/register/start/").status_code == 404
    assert ListRow.objects.filter(status="quarantined").count() == 1


def test_a_colleague_of_the_same_organisation_does_not_see_it_either(cast: Cast) -> None:
    from spean.access import roles
    from spean.access.models import Membership, User

    made = of_each(cast)
    second = User.objects.create_user("second.provider@example.org", "Second Provider")
    Membership.objects.create(user=second, organisation=cast.org("shelter"), role=roles.SERVICE_PROVIDER)
    client = signed_in(second)
    assert client.get(reverse("partner_list", args=[made["lists.PartnerList"].pk])).status_code == 404
    assert client.post(reverse("list_row_open", args=[made["lists.ListRow"].pk])).status_code == 404


def test_a_list_of_names_is_not_offered_to_who_meets_nobody(cast: Cast) -> None:
    client = signed_in(cast.statistician)
    assert 'value="names"' not in client.get("/lists/begin/").content.decode()
    assert client.post("/lists/begin/", BEGIN).status_code == 422
    begin(client, form="number", lowest="170", highest="200")
    wrong = client.post("/lists/begin/", {**BEGIN, "form": "number", "lowest": "9", "highest": "3"})
    assert "cannot be lower" in wrong.content.decode()
    assert client.post("/lists/begin/", {**BEGIN, "form": "number"}).status_code == 422


def test_no_page_of_the_register_holds_a_name(cast: Cast) -> None:
    made = of_each(cast)
    sent(cast.other_provider, PartnerList.objects.get(kept_by=cast.other_provider), as_csv(rows(somebody("20"))))
    for name in ("registry", "statistician", "provider"):
        client = signed_in(cast.again(name))
        for url in ("/lists/", "/register/", "/pairs/", reverse("linking", args=[made["lists.Linking"].pk])):
            assert "Kanarie" not in client.get(url).content.decode(), url
