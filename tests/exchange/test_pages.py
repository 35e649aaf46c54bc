"""Pages of exports: from asking to the file, and what everybody else meets."""

import pyrage
import pytest
from django.urls import reverse

from spean.exchange import command
from spean.exchange.models import Export
from spean.lib.identifiers import new_code
from tests.cast import PEOPLE, Cast
from tests.exchange.lists import PRIVATE, PUBLIC, PURPOSE, agreed, asked, colleague, registered
from tests.signed_in import signed_in

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def form(cast: Cast, codes: str, **more: object) -> dict[str, object]:
    return {
        "cases": codes, "purpose": PURPOSE, "recipient": str(cast.org("embassy").pk), "recipient_key": PUBLIC,
        "coded": ["sex"], "sealed": ["family_name"], **more,
    }  # fmt: skip


def test_from_asking_to_the_file(cast: Cast) -> None:
    (case,) = registered(cast)
    agreed(cast, case)
    client = signed_in(cast.manager)
    answer = client.post("/exports/ask/", form(cast, case.code.lower()))
    export = Export.objects.get()
    assert answer["Location"] == reverse("export", args=[export.pk])
    assert "Make the export" in client.get(answer["Location"]).content.decode()
    file = client.post(reverse("export_make", args=[export.pk]))
    assert file["Content-Disposition"] == f'attachment; filename="{export.number}.csv.age"'
    assert "no-store" in file["Cache-Control"]
    assert "Family0" in pyrage.decrypt(file.content, [PRIVATE]).decode()
    again = client.post(reverse("export_make", args=[export.pk]))
    assert again.status_code == 422
    assert "Handed out" in client.get("/exports/").content.decode()


def test_a_colleague_is_asked_on_the_home_page(cast: Cast) -> None:
    export = asked(cast, registered(cast, 21), ["sex"])
    second = signed_in(colleague(cast))
    assert export.number in second.get("/").content.decode()
    second.post(reverse("export_approve", args=[export.pk]))
    export.refresh_from_db()
    assert export.status == "approved"
    assert export.number not in second.get("/").content.decode()


def test_a_foreign_code_and_an_invented_one_are_answered_alike(cast: Cast) -> None:
    (foreign,) = registered(cast, agency="other_focal")
    client = signed_in(cast.manager)
    pages = []
    for code in (foreign.code, new_code("C")):
        answer = client.post("/exports/ask/", form(cast, code))
        assert answer.status_code == 422
        pages.append(answer.content.decode().count("You can export no case"))
    assert pages[0] == pages[1] > 0
    assert not Export.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [("cases", "", "cases"), ("cases", "C-1", "cases"), ("recipient", "x", "recipient"),
     ("recipient_key", "AGE-SECRET-KEY-1X", "recipient_key"), ("purpose", "fun", "purpose"),
     ("sealed", ["password"], "sealed")],
)  # fmt: skip
def test_wrong_input_is_told_at_the_field(cast: Cast, field: str, value: object, place: str) -> None:
    (case,) = registered(cast)
    answer = signed_in(cast.manager).post("/exports/ask/", form(cast, case.code, **{field: value}))
    assert answer.status_code == 422
    assert f'href="#id_{place}' in answer.content.decode()
    assert not Export.objects.exists()


@pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"manager", "auditor"}))
def test_for_everybody_else_it_is_not_there(cast: Cast, name: str) -> None:
    export = asked(cast, registered(cast))
    client = signed_in(getattr(cast, name))
    missing = client.get("/nowhere/").content
    assert client.get(reverse("export", args=[export.pk])).content == missing
    for url in ("export_make", "export_approve", "export_reject", "export_withdraw"):
        answer = client.post(reverse(url, args=[export.pk]))
        assert (answer.status_code, answer.content) == (404, missing)


def test_the_auditor_sees_and_traces_but_makes_nothing(cast: Cast) -> None:
    (case,) = registered(cast)
    agreed(cast, case)
    export = asked(cast, [case])
    signed_in(cast.manager).post(reverse("export_make", args=[export.pk]))
    client = signed_in(cast.auditor)
    page = client.get(reverse("export", args=[export.pk])).content.decode()
    assert export.number in page
    assert case.code not in page
    assert client.post(reverse("export_make", args=[export.pk])).status_code == 404
    assert client.get("/exports/ask/").status_code == 404
    found = client.post("/exports/trace/", {"text": f"… {export.number}, …"}).content.decode()
    assert "its number stands in it" in found
    assert "No export found" in client.post("/exports/trace/", {"text": "nothing"}).content.decode()
    assert signed_in(cast.manager).get("/exports/trace/").status_code == 404


def test_the_command_names_the_export(cast: Cast, tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    from pathlib import Path

    (case,) = registered(cast)
    agreed(cast, case)
    export = asked(cast, [case])
    signed_in(cast.manager).post(reverse("export_make", args=[export.pk]))
    leaked = Path(str(tmp_path)) / "leak.csv"
    leaked.write_text(f"whatever;{export.canary_code}\n")
    assert command.trace([str(leaked)]) == 0
    assert export.number in capsys.readouterr().out
    leaked.write_text("nothing\n")
    assert command.trace([str(leaked)]) == 1
    assert command.trace([str(leaked) + ".not"]) == 2
