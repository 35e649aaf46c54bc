"""A screening filled in elsewhere comes through one door: checked anew, kept whole or not at all. The outsider first."""

import json
from typing import Any

import pytest

from spean.cases.models import Case
from spean.detection import actions, instruments, submission
from spean.detection.models import InstrumentVersion, Screening
from spean.instruments import sheets
from spean.instruments.convert import FaultyInstrument
from spean.instruments.engine import Instance
from spean.instruments.sheets import Sheet, SheetRow, Workbook
from spean.lib import clock
from spean.privacy.models import Event
from tests.cast import PEOPLE, Cast
from tests.detection.walk import STRONG
from tests.signed_in import signed_in

SUBMIT = "/instrument/submission/"
UUID = "uuid:0b9c1c6a-3b0f-4b3e-9d6e-2f6f1f6d7a10"
COVER = {
    "before/private_place": "yes", "before/interpreter_kind": "none", "before/interview_language": "km",
    "person/stated_name": "Sok Dara", "person/age": "25", "person/age_disputed": "no", "person/sex": "female",
    "journey/acts": "recruitment transportation", "work/forms": "ForcedLabour", "work/exploitation": "labour",
    "own_words/notes": "She cried.",
}  # fmt: skip


def filled(identifier: str = UUID, answers: dict[str, str] | None = None, name: str = "first_responder") -> Instance:
    instrument = instruments.find(name)
    assert instrument is not None
    now = clock.now().isoformat()
    stamps = {"start": now, "end": now, "deviceid": "d1", "instance": identifier}
    instance = Instance(instrument.made.definition, today=now[:10], stamps=stamps)
    for path, value in COVER.items():
        instance.set(instance.at(path), value)
    for point in instance.points():
        if point.name in (answers or STRONG):
            instance.set(point, (answers or STRONG)[point.name])
    instance.settle()
    assert not instance.violations()
    return instance


def post(client: Any, xml: str | bytes) -> Any:
    return client.post(SUBMIT, xml, content_type="text/xml")


def nothing_kept() -> bool:
    return not (
        Case.objects.exists() or Screening.objects.exists() or Event.objects.filter(case_id__isnull=False).exists()
    )


def test_only_who_may_screen_may_send(cast: Cast) -> None:
    xml = filled().xml()
    for name in sorted(PEOPLE):
        if cast.users[name].memberships_now()[0].role in ("first_responder", "hotline_operator", "hotline_supervisor"):
            continue
        client = signed_in(getattr(cast, name))
        pages = ("/instrument/first_responder/", "/instrument/first_responder/1.0/definition.json")
        if client.get("/screening/start/").status_code == 404:
            assert post(client, xml).status_code == 404, name
            assert all(client.get(page).status_code == 404 for page in pages), name
    assert nothing_kept()


def test_a_submission_becomes_a_completed_screening(cast: Cast) -> None:
    instance = filled()
    answer = post(signed_in(cast.screener), instance.xml())
    assert answer.status_code == 201, answer.content
    row = Screening.objects.get()
    assert answer.json()["result"] == row.result == instance.at("result").value == "presumed_victim"
    assert (row.age, row.acts, row.forms, row.exploitation) == (
        25, ["recruitment", "transportation"], ["ForcedLabour"], "labour",
    )  # fmt: skip
    assert row.answers == STRONG
    assert (row.private_place, row.interpreter, row.case.sex, row.case.status) == (True, False, "female", "screened")
    assert row.stated_name is not None
    assert row.notes is not None
    assert (row.instrument, row.instrument_version) == ("first_responder", "1.0")


def test_the_same_submission_twice_is_one_screening(cast: Cast) -> None:
    xml = filled().xml()
    first, second = post(signed_in(cast.screener), xml), post(signed_in(cast.screener), xml)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert Screening.objects.count() == 1


def test_sent_again_after_a_second_interview_it_is_still_the_first(cast: Cast) -> None:
    xml = filled().xml().encode()
    first = submission.receive(cast.screener, xml).screening
    actions.screen_again(cast.screener, Case.objects.get(pk=first.case_id), instrument="first_responder")
    assert Screening.objects.count() == 2
    assert submission.receive(cast.screener, xml) == submission.Received(first, fresh=False)


def test_nobody_elses_identifier_can_be_used(cast: Cast) -> None:
    xml = filled().xml()
    assert post(signed_in(cast.screener), xml).status_code == 201
    assert post(signed_in(cast.colleague), xml).status_code == 409
    assert Screening.objects.count() == 1


@pytest.mark.parametrize(
    ("status", "code", "change"),
    [
        (422, "calculation", ("<result>presumed_victim<", "<result>no_indication<")),
        (422, "required", ("<sex>female<", "<sex><")),
        (422, "unknown_node", ("<age>25</age>", "<age>25</age><phone>1</phone>")),
        (404, "unknown_instrument", ('version="1.0"', 'version="0.1"')),
        (404, "unknown_instrument", ('id="first_responder"', 'id="nowhere"')),
        (400, "not_xml", ("</data>", "")),
        (400, "forbidden_xml", ("<data ", '<!DOCTYPE d [<!ENTITY x "y">]><data ')),
        (422, "too_long", ("She cried.", "x" * 6000)),
        (413, "too_large", ("She cried.", "x" * 1_100_000)),
        (413, "too_large", ("She cried.", "x" * 10_000_000)),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_refused_and_nothing_is_kept(
    cast: Cast, status: int, code: str, change: tuple[str, str]
) -> None:
    answer = post(signed_in(cast.screener), filled().xml().replace(*change))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert nothing_kept()


def test_a_form_that_is_no_screening_has_no_case_here(cast: Cast) -> None:
    answer = post(signed_in(cast.screener), '<data id="intake" version="1.0"/>')
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_instrument")


def test_an_open_question_is_answered_in_the_pages_without_a_script(cast: Cast) -> None:
    """Page after page, the answers in the form itself, to the same result."""
    import re
    from html import unescape

    client = signed_in(cast.screener)
    page = client.get("/instrument/first_responder/")
    for _ in range(12):
        if page.redirect_chain if hasattr(page, "redirect_chain") else False:
            break
        text = page.content.decode()
        sent = {
            name: unescape(value) for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', text)
        }
        for path, value in COVER.items():
            if f'name="{path}"' in text:
                sent[path] = value.split() if "acts" in path else value  # type: ignore[assignment]
        for code in re.findall(r'name="(signs_\d/FR\d\d)"', text):
            sent[code] = STRONG.get(code[-4:], "no")
        page = client.post("/instrument/first_responder/", {**sent, "next": "1"}, follow=True)
    assert page.redirect_chain[-1][0].endswith("/result/")
    assert Screening.objects.get().result == "presumed_victim"


def test_what_is_missing_is_said_at_its_question(cast: Cast) -> None:
    import re
    from html import unescape

    client = signed_in(cast.screener)
    text = client.get("/instrument/first_responder/").content.decode()
    state = unescape(re.findall(r'name="state" value="([^"]*)"', text)[0])
    answer = client.post("/instrument/first_responder/", {"state": state, "page": "0", "next": "1"})
    assert "Answer this question" in answer.content.decode()
    assert client.post("/instrument/first_responder/", {"state": "<x", "page": "0"}).status_code == 302


class TestVersions:
    def changed(self, version: str = "1.1", question: str = "Was anything not as promised?") -> Workbook:
        instrument = instruments.find("first_responder")
        assert instrument is not None
        assert instrument.book is not None
        book = instrument.book

        def cells(row: SheetRow) -> dict[str, str]:
            new = dict(row.cells)
            if new.get("name") == "FR01":
                new["label::English (en)"] = question
            if "form_id" in new:
                new["version"] = version
            return new

        return Workbook(
            {
                name: Sheet(sheet.columns, tuple(SheetRow(row.line, cells(row)) for row in sheet.rows))
                for name, sheet in book.sheets.items()
            }
        )

    def test_a_question_changed_in_excel_is_asked_and_old_records_keep_theirs(self, cast: Cast) -> None:
        old = submission.receive(cast.screener, filled().xml().encode()).screening
        row, fresh = instruments.load(sheets.as_excel(self.changed()), ".xlsx")
        assert (row.name, row.version, fresh) == ("first_responder", "1.1", True)
        asked = instruments.find("first_responder")
        assert asked is not None
        assert asked.version == "1.1"
        assert asked.indicators[0].question("en") == "Was anything not as promised?"
        assert asked.indicators[0].question("km") != ""
        kept = instruments.get(old.instrument, old.instrument_version)
        assert kept.version == "1.0"
        assert kept.indicators[0].question("en") != asked.indicators[0].question("en")
        new = submission.receive(cast.again("screener"), filled(UUID.replace("0b9c", "1b9c")).xml().encode()).screening
        assert new.instrument_version == "1.1"
        # An answer to the earlier version that was still on the way is taken as what it is.
        late = filled(UUID.replace("0b9c", "2b9c"))
        xml = late.xml().replace('version="1.1"', 'version="1.0"')
        assert submission.receive(cast.again("screener"), xml.encode()).screening.instrument_version == "1.0"
        page = signed_in(cast.again("screener")).get("/instrument/first_responder/1.1/definition.json")
        assert "Was anything not as promised?" in json.dumps(page.json())

    def test_a_change_needs_a_new_version(self, cast: Cast) -> None:
        with pytest.raises(instruments.AlreadyLoaded):
            instruments.load(sheets.as_excel(self.changed(version="1.0")), ".xlsx")
        assert not InstrumentVersion.objects.filter(loaded=True).exists()

    def test_loading_the_same_twice_changes_nothing(self, cast: Cast) -> None:
        file = sheets.as_excel(self.changed())
        assert [instruments.load(file, ".xlsx")[1] for _ in range(2)] == [True, False]

    def test_a_faulty_file_is_refused_with_its_rows(self, cast: Cast) -> None:
        text = sheets.as_text(self.changed()).replace("| select_one answer | FR02", "| select_one anser | FR02")
        with pytest.raises(FaultyInstrument, match="did you mean 'answer'"):
            instruments.load(text.encode(), ".md")
        assert not InstrumentVersion.objects.exists()

    @pytest.mark.parametrize("data", [b"", b"PK\x03\x04 not a zip", b"\xff\xfe"])
    def test_what_is_no_excel_file_is_said_to_be_none(self, cast: Cast, data: bytes) -> None:
        with pytest.raises(FaultyInstrument, match="not an Excel file"):
            instruments.load(data, ".xlsx")
