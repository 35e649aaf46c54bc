"""A file becomes rows: sealed, each with a key of its own, nothing lost, nothing twice, and nobody named on the way."""

import zlib
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from spean.lists import delivering, report, tasks
from spean.lists.delivering import Declared
from spean.lists.models import DeliveredFile, Delivery, ListRow, PartnerList
from spean.lists.report import Outcome
from spean.privacy import doors, vault
from spean.privacy.models import Event
from spean.workflow.engine import Forbidden, Refused
from tests.cast import Cast
from tests.lists.files import DECLARED, as_csv, begun, rows, sent, somebody

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

CONSENTED = ("No", "Surname", "Given name", "DOB", "Consent", "Consent form")


def outcomes(delivery: Delivery) -> list[Outcome]:
    return list(report.unpack(bytes(delivery.lines or b"")))


def of(delivery: Delivery) -> list[str]:
    return [one.outcome for one in outcomes(delivery)]


def opened(cast: Cast, row: ListRow) -> str | None:
    (item,) = vault.open_sealed([vault.Sealed(row.subject, "lists.ListRow.content", row.pk, row.content)])
    return item.text


def test_every_line_becomes_a_sealed_row(cast: Cast) -> None:
    owner = begun(cast.provider)
    done = sent(cast.provider, owner, as_csv(rows(somebody("1"), somebody("2", Surname="Chan", Gender="M"))))
    assert (done.status, done.result["lines"], done.result["outcomes"]) == ("taken", 2, {"accepted": 2})
    first, second = ListRow.objects.order_by("line")
    assert (first.sex, first.birth_year, first.consented, first.line) == ("female", 2003, False, 2)
    assert second.sex == "male"
    assert "Kanarie" in (opened(cast, first) or "")


def test_the_file_is_sealed_while_it_waits_and_destroyed_afterwards(cast: Cast) -> None:
    owner = begun(cast.provider)
    raw = as_csv(rows(somebody()))
    delivery = delivering.deliver(cast.provider, owner, raw)
    file = DeliveredFile.objects.get()
    assert b"Kanarie" not in bytes(file.blob)
    assert doors.file_in_memory(cast.provider, "deliver_list", owner, file, "partner_list") == raw
    delivering.name_columns(cast.provider, delivery, delivering.preview(cast.provider, delivery).guess)
    delivering.take_in(Delivery.objects.get())
    assert not DeliveredFile.objects.exists()


def test_no_name_lies_in_the_database_in_clear(cast: Cast) -> None:
    owner = begun(cast.provider)
    sent(cast.provider, owner, as_csv(rows(somebody("1"), somebody("2", DOB="Kanarie"), somebody("", Given_name=""))))
    for model in apps.get_app_config("lists").get_models():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT t::text FROM {model._meta.db_table} t")  # noqa: S608
            assert not any("Kanarie" in row or b"Kanarie".hex() in row for (row,) in cursor.fetchall()), model
    assert all("Kanarie" not in str(vars(event)) for event in Event.objects.all())


def test_the_same_file_again_changes_nothing(cast: Cast) -> None:
    owner = begun(cast.provider)
    raw = as_csv(rows(somebody("1"), somebody("2"), somebody("", Phone="099 999 999")))
    sent(cast.provider, owner, raw)
    before = list(ListRow.objects.order_by("pk").values_list("pk", "status", "line"))
    turned = [list(reversed(line)) for line in rows(somebody("1"), somebody("2"), somebody("", Phone="099 999 999"))]
    again = sent(cast.provider, owner, raw)
    other_order = sent(cast.provider, owner, as_csv(turned, ";", "utf-16"))
    assert of(again) == of(other_order) == ["unchanged"] * 3
    assert list(ListRow.objects.order_by("pk").values_list("pk", "status", "line")) == before


def test_a_line_that_stands_twice_is_taken_once_and_told(cast: Cast) -> None:
    done = sent(cast.provider, begun(cast.provider), as_csv(rows(somebody("1"), somebody("1"), somebody("1"))))
    assert [(one.outcome, one.other) for one in outcomes(done)] == [("accepted", 0), ("duplicate", 2), ("duplicate", 2)]
    assert ListRow.objects.count() == 1


def test_a_correction_replaces_the_line_with_its_number_and_can_be_taken_back(cast: Cast) -> None:
    owner = begun(cast.provider)
    sent(cast.provider, owner, as_csv(rows(somebody("1"), somebody("2"))))
    done = sent(cast.provider, owner, as_csv(rows(somebody("1", Phone="098 765 432"), somebody("2"))))
    assert of(done) == ["changed", "unchanged"]
    first = ListRow.objects.get(status="replaced")
    assert first.replaced_by is not None
    assert ListRow.objects.filter(status="accepted").count() == 2
    back = sent(cast.provider, owner, as_csv(rows(somebody("1"), somebody("2"))))
    assert of(back) == ["changed", "unchanged"]
    first.refresh_from_db()
    assert (first.status, first.replaced_by) == ("accepted", None)
    assert ListRow.objects.filter(status="accepted").count() == 2


def test_what_was_kept_aside_is_not_lost_and_gives_way_to_its_correction(cast: Cast) -> None:
    owner = begun(cast.provider)
    broken = somebody("7", Surname="Kan\ufffdrie")
    done = sent(cast.provider, owner, as_csv(rows(broken, somebody("8"))))
    assert (of(done), done.result["reasons"]) == (["quarantined", "accepted"], {"broken_signs": 1})
    aside = ListRow.objects.get(status="quarantined")
    assert "Kan\ufffdrie" in (opened(cast, aside) or "")
    assert of(sent(cast.provider, owner, as_csv(rows(somebody("7"), somebody("8"))))) == ["changed", "unchanged"]
    aside.refresh_from_db()
    assert aside.status == "replaced"


def test_two_lines_with_one_number_are_both_kept(cast: Cast) -> None:
    done = sent(cast.provider, begun(cast.provider), as_csv(rows(somebody("1"), somebody("1", Surname="Chan"))))
    assert of(done) == ["accepted", "quarantined"]
    assert ListRow.objects.count() == 2


def test_a_destroyed_line_is_gone_with_its_versions_and_does_not_come_back(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    owner = begun(cast.provider)
    sent(cast.provider, owner, as_csv(rows(somebody("1"), somebody("2"))))
    sent(cast.provider, owner, as_csv(rows(somebody("1", Phone="098 765 432"), somebody("2"))))
    row = ListRow.objects.get(status="accepted", line=2)
    with django_capture_on_commit_callbacks(execute=True):
        delivering.destroy_row(cast.provider, row)
    gone = ListRow.objects.filter(status="destroyed")
    assert gone.count() == 2
    assert all(one.content is None for one in gone)
    assert vault.living(gone.values_list("pk", flat=True)) == set()
    for phone in ("012 345 678", "098 765 432", "011 111 111"):
        done = sent(cast.provider, owner, as_csv(rows(somebody("1", Phone=phone), somebody("2"))))
        assert of(done) == ["destroyed_before", "unchanged"]
    assert ListRow.objects.filter(status="accepted").count() == 1


def test_a_break_in_the_middle_is_gone_on_from(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "AT_ONCE", 2)
    owner = begun(cast.provider)
    raw = as_csv(rows(*(somebody(str(number), Phone=f"01234567{number}") for number in range(1, 6))))
    delivery = delivering.deliver(cast.provider, owner, raw)
    delivering.name_columns(cast.provider, delivery, delivering.preview(cast.provider, delivery).guess)
    keep, calls = delivering._Keeper.keep, []

    def breaks(self: Any, batch: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError("Kanarie")
        keep(self, batch)

    monkeypatch.setattr(delivering._Keeper, "keep", breaks)
    delivering.take_in(Delivery.objects.get())
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.fault, ListRow.objects.count()) == ("failed", "broke_off", 2)
    monkeypatch.setattr(delivering._Keeper, "keep", keep)
    delivering.name_columns(cast.provider, delivery, delivering.preview(cast.provider, delivery).guess)
    tasks.take_in(delivery_id=str(delivery.pk))
    done = Delivery.objects.get()
    assert (done.status, of(done)) == ("taken", ["accepted"] * 5)
    assert ListRow.objects.count() == 5


def test_consent_is_kept_with_the_line(cast: Cast) -> None:
    people = [
        {"No": "1", "Given name": "Dara", "Consent": "yes", "Consent form": "F-17"},
        {"No": "2", "Given name": "Thida", "Consent": "yes"},
    ]
    done = sent(cast.provider, begun(cast.provider), as_csv(rows(*people, heading=CONSENTED)))
    assert list(ListRow.objects.order_by("line").values_list("consented", flat=True)) == [True, False]
    assert done.result["notes"] == {"consent_without_proof": 1}


def test_the_columns_of_a_partner_are_remembered_sealed(cast: Cast) -> None:
    owner = begun(cast.provider)
    raw = b"A,B,Kanarie Sok\n1,2003,Dara\n"
    sent(cast.provider, owner, raw, {0: "record_id", 1: "birth_year", 2: "given_name"})
    delivery = delivering.deliver(cast.provider, owner, b"B,Kanarie Sok,A\n2004,Thida,2\n")
    assert delivering.preview(cast.provider, delivery).guess == {0: "birth_year", 1: "given_name", 2: "record_id"}
    another = begun(cast.provider, "Departures")
    delivery = delivering.deliver(cast.provider, another, b"B,Kanarie Sok,A\n2004,Thida,2\n")
    assert delivering.preview(cast.provider, delivery).guess == {0: "birth_year", 1: "given_name", 2: "record_id"}
    stranger = begun(cast.other_provider)
    delivery = delivering.deliver(cast.other_provider, stranger, b"B,Kanarie Sok,A\n2004,Thida,2\n")
    assert delivering.preview(cast.other_provider, delivery).guess == {}


def test_columns_that_tell_nobody_and_two_of_a_kind_are_refused(cast: Cast) -> None:
    owner = begun(cast.provider)
    delivery = delivering.deliver(cast.provider, owner, as_csv(rows(somebody())))
    for mapping in ({3: "sex"}, {1: "given_name", 2: "given_name"}, {1: "password"}):
        with pytest.raises(Refused):
            delivering.name_columns(cast.provider, delivery, mapping)
    with pytest.raises(Refused):
        delivering.deliver(cast.provider, owner, as_csv(rows(somebody())))  # one file at a time


def test_what_is_no_list_is_refused_and_nothing_is_kept(cast: Cast) -> None:
    owner = begun(cast.provider)
    for raw in (b"", b"\xd0\xcf\x11\xe0", b"# spean tokens 1 fields aa\nrecord\n"):
        with pytest.raises(Refused):
            delivering.deliver(cast.provider, owner, raw)
    tokens = begun(cast.provider, "Tokens", "tokens")
    with pytest.raises(Refused):
        delivering.deliver(cast.provider, tokens, as_csv(rows(somebody())))
    assert not Delivery.objects.exists()


def test_the_wrong_file_is_destroyed(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    delivery = delivering.deliver(cast.provider, begun(cast.provider), as_csv(rows(somebody())))
    with django_capture_on_commit_callbacks(execute=True):
        delivering.withdraw(cast.provider, delivery)
    assert not DeliveredFile.objects.exists()
    assert vault.living([delivery.subject]) == set()


def test_a_list_may_be_only_a_number_and_says_what_it_counts(cast: Cast) -> None:
    owner = begun(
        cast.statistician, "Fishermen, ministries", "number", Declared("Returned", "unknown", lowest=170, highest=200)
    )
    with pytest.raises(Refused):
        delivering.deliver(cast.statistician, owner, as_csv(rows(somebody())))
    with pytest.raises(Refused):
        delivering.declare(cast.statistician, owner, DECLARED)
    delivering.declare(cast.statistician, owner, Declared("Returned, and registered", "most", lowest=190))
    said = [(one.definition, one.lowest, one.highest) for one in owner.declarations.all()]
    assert said == [("Returned, and registered", 190, 190), ("Returned", 170, 200)]


def test_who_meets_nobody_brings_no_names(cast: Cast) -> None:
    for user in (cast.statistician, cast.auditor, cast.administrator, cast.screener):
        with pytest.raises(Forbidden):
            begun(user)
    assert not PartnerList.objects.exists()


@pytest.mark.parametrize("name", ["other_provider", "manager", "registry", "statistician", "auditor", "administrator"])
def test_nobody_else_does_anything_with_a_list(cast: Cast, name: str) -> None:
    owner = begun(cast.provider)
    stranger = getattr(cast, name)
    sent(cast.provider, owner, as_csv(rows(somebody("1", Surname="Kan\ufffdrie"))))
    row = ListRow.objects.get()
    delivery = delivering.deliver(cast.provider, owner, as_csv(rows(somebody("1"))))
    file = DeliveredFile.objects.get()
    for attempt in (
        lambda: delivering.deliver(stranger, owner, as_csv(rows(somebody("2")))),
        lambda: delivering.declare(stranger, owner, DECLARED),
        lambda: delivering.name_columns(stranger, delivery, {1: "given_name"}),
        lambda: delivering.withdraw(stranger, delivery),
        lambda: delivering.destroy_row(stranger, row),
    ):
        with pytest.raises(Forbidden):
            attempt()
    for opening in (
        lambda: doors.reveal(stranger, [row], ["content"], "partner_list"),
        lambda: doors.file_in_memory(stranger, "deliver_list", owner, file, "partner_list"),
        lambda: list(doors.in_memory(stranger, "deliver_list", owner, ListRow.objects.all(), ["content"], "linking")),
    ):
        with pytest.raises(doors.NotAllowed):
            opening()
    assert Event.objects.filter(actor_id=stranger.pk, action="content.refused").count() == 3


def test_the_keeper_reads_what_was_kept_aside_and_nothing_else(cast: Cast) -> None:
    owner = begun(cast.provider)
    sent(cast.provider, owner, as_csv(rows(somebody("1", Surname="Kan\ufffdrie"), somebody("2"))))
    aside, taken = ListRow.objects.get(status="quarantined"), ListRow.objects.get(status="accepted")
    assert doors.reveal(cast.provider, [aside], ["content"], "partner_list")[aside.pk]["content"]
    with pytest.raises(doors.NotAllowed):
        doors.reveal(cast.provider, [taken], ["content"], "partner_list")


def test_jobs_are_handed_ids_and_nothing_else(cast: Cast) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    sent(cast.provider, begun(cast.provider), as_csv(rows(somebody())))
    (job,) = ProcrastinateJob.objects.filter(task_name__contains="lists")
    assert set(job.args) == {"delivery_id"}


def test_the_report_has_every_line_and_no_cell(cast: Cast) -> None:
    people = [
        somebody("1"),
        somebody("1"),
        somebody("3", Surname="Kan\ufffdrie", Phone="=1+1"),
        somebody("4", Gender="?"),
    ]
    done = sent(cast.provider, begun(cast.provider), as_csv(rows(*people)))
    text = b"".join(report.as_csv(outcomes(done))).decode("utf-8-sig")
    lines = text.splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["2", "accepted"], ["3", "duplicate"], ["4", "quarantined"], ["5", "accepted"],
    ]  # fmt: skip
    assert "Kan" not in text
    assert "=1" not in text
    assert list(report.unpack(report.pack(outcomes(done)))) == outcomes(done)


def test_what_is_told_of_many_lines_alike_is_kept_once() -> None:
    alike = [Outcome(line, "accepted", ()) for line in range(2, 100_000)]
    noted = [Outcome(line, "accepted", ("no_number",)) for line in range(100_000, 100_003)]
    # Lines between were empty; a run does not reach over them.
    later = [Outcome(200_000, "accepted", ("no_number",)), Outcome(200_001, "duplicate", (), 7)]
    packed = report.pack([*alike, *noted, *later])
    assert len(packed) < 200
    assert list(report.unpack(packed)) == [*alike, *noted, *later]
    assert report.notable(packed) == [*noted, *later]


def test_a_report_that_was_kept_line_by_line_is_still_read() -> None:
    packed = zlib.compress(b'[[2,"accepted",[],0],[3,"quarantined",["says_nothing"],0]]')
    assert list(report.unpack(packed)) == [Outcome(2, "accepted", ()), Outcome(3, "quarantined", ("says_nothing",))]
    assert [one.line for one in report.notable(packed)] == [3]
