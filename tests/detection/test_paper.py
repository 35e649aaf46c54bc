"""The same instrument on paper: every question with its codes, on two pages, and typed in by one key for each."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from spean.country import pack
from spean.detection import paper
from spean.detection.models import Screening
from spean.lib import typeset
from spean.privacy import doors
from tests.cast import Cast
from tests.signed_in import signed_in

LANGUAGES = ("en", "km", "vi", "th")
SHORT = "first_responder"
LONG = "ilo_2009-adult-labour"
TICKED = {
    "before/private_place": "yes", "before/interpreter_kind": "none", "before/preferred_interviewer_asked": "no",
    "before/interview_language": "km", "person/age": "24", "person/age_disputed": "no", "person/sex": "male",
    "journey/acts": "recruitment", "work/forms": ["ForcedLabour", "ForcedBegging"],
}  # fmt: skip
CHECKLIST = {
    **TICKED, "work/exploitation": "labour", "person/stated_name": "Kanariename", "own_words/notes": "Kanarienotes",
    **{f"signs_1/FR{number:02}": "yes" for number in range(1, 7)},
    **{f"signs_2/FR{number:02}": "declined" for number in range(7, 13)},
}  # fmt: skip


@pytest.fixture(name="sheets")
def _sheets(db: None) -> dict[str, paper.Sheet]:
    return paper.sheets()


def test_every_screening_instrument_has_its_sheets(sheets: dict[str, paper.Sheet]) -> None:
    assert list(sheets) == [SHORT, *sorted(name for name in sheets if name.startswith("ilo_2009-"))]
    assert len(sheets) == 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_checklist_fits_two_pages(sheets: dict[str, paper.Sheet], language: str) -> None:
    assert paper.page_count(sheets[SHORT], language) == 2


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_of_the_long_instrument_takes_three_pages(sheets: dict[str, paper.Sheet], language: str) -> None:
    assert {paper.page_count(sheets[slug], language) for slug in sheets if slug != SHORT} == {3}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sheet_is_a_pdf_with_the_fonts_of_its_language(sheets: dict[str, paper.Sheet], language: str) -> None:
    made = paper.printed(sheets[SHORT], language)
    assert made.startswith(b"%PDF-")
    fonts = set(re.findall(rb"/FontName/[A-Z]{6}\+([A-Za-z]+)-", made.replace(b" ", b"")))
    wanted = {"km": b"NotoSansKhmer", "th": b"NotoSansThai"}.get(language, b"NotoSans")
    assert wanted in fonts
    assert all(font.startswith(b"NotoSans") for font in fonts)


def test_the_fonts_have_every_letter_of_every_sheet(sheets: dict[str, paper.Sheet]) -> None:
    """A letter without a form would be an empty box on the paper, and nobody would know what was asked."""
    import typst

    for language in LANGUAGES:
        data = {**paper._data(sheets[SHORT], language), "size": 9}
        _made, warnings = typst.compile_with_warnings(
            paper.TEMPLATE.read_bytes(), format="pdf", font_paths=typeset._fonts(),
            sys_inputs={"data": typeset._packed(data)},
        )  # fmt: skip
        assert [str(warning) for warning in warnings] == []


def test_no_two_answers_of_a_question_have_one_key(sheets: dict[str, paper.Sheet]) -> None:
    for sheet in sheets.values():
        for part in paper.parts(sheet, "en"):
            for question in part.questions:
                keys = [key for key, _code, _words in question.keys]
                assert len(set(keys)) == len(keys)
                point = paper.blank(sheet, "en").at(question.path)
                assert len(keys) == len(paper.blank(sheet, "en").offered(point)) if "list" in point.node else not keys


def test_the_codes_are_the_order_of_the_answers(sheets: dict[str, paper.Sheet]) -> None:
    questions = {one.path: one for part in paper.parts(sheets[SHORT], "en") for one in part.questions}
    assert [(key, code) for key, code, _words in questions["signs_1/FR01"].keys] == [
        ("1", "yes"), ("2", "no"), ("3", "unknown"), ("4", "declined"),
    ]  # fmt: skip


def test_numbers_on_paper_and_on_the_screen_are_the_same(sheets: dict[str, paper.Sheet]) -> None:
    for sheet in sheets.values():
        on_paper = {one.path: one.number for part in paper.parts(sheet, "en") for one in part.questions}
        on_screen = {
            one.path: one.number for part in paper.parts(sheet, "km", on_paper=False) for one in part.questions
        }
        assert sorted(on_paper.values()) == list(range(1, len(on_paper) + 1))
        assert on_screen == {**on_paper, "person/stated_name": 0}


def test_every_question_of_a_list_is_on_its_sheet(sheets: dict[str, paper.Sheet]) -> None:
    rows = pack().instruments["ilo_2009"].indicators
    for slug, sheet in sheets.items():
        if slug == SHORT:
            continue
        shown = {one.path.rpartition("/")[2] for part in paper.parts(sheet, "en") for one in part.questions}
        wanted = {
            row.code for row in rows if (row.population, row.exploitation) == (sheet.population, sheet.exploitation)
        }
        assert wanted <= shown
        assert not shown & ({row.code for row in rows} - wanted)


def test_no_name_is_asked_on_paper(sheets: dict[str, paper.Sheet]) -> None:
    for sheet in sheets.values():
        paths = {one.path for part in paper.parts(sheet, "en") for one in part.questions}
        assert "person/stated_name" not in paths


# --- typing in -----------------------------------------------------------------------------------------------


def test_a_sheet_is_typed_in_and_becomes_a_case(cast: Cast) -> None:
    client = signed_in(cast.screener)
    answer = client.post(f"/screening/paper/{SHORT}/", {**CHECKLIST, "once": str(uuid4())})
    screening = Screening.objects.get()
    assert answer["Location"] == f"/screening/{screening.pk}/result/"
    assert screening.answers["FR01"] == "yes"
    assert screening.answers["FR12"] == "declined"
    assert set(screening.forms) == {"ForcedLabour", "ForcedBegging"}
    assert screening.preferred_interviewer_asked is False
    texts = doors.reveal(cast.again("screener"), [screening], ["stated_name", "notes"], "screening")[screening.pk]
    assert texts == {"stated_name": "Kanariename", "notes": "Kanarienotes"}
    assert screening.case.code in client.get(answer["Location"]).content.decode()


def test_a_sheet_sent_twice_is_one_case(cast: Cast) -> None:
    client, once = signed_in(cast.screener), str(uuid4())
    places = {client.post(f"/screening/paper/{SHORT}/", {**CHECKLIST, "once": once})["Location"] for _ in range(2)}
    assert len(places) == 1
    assert Screening.objects.count() == 1


def test_a_list_is_typed_in_with_the_kind_of_its_sheet(cast: Cast) -> None:
    answers = {"AL_DR/AL-DR-JOB": "yes", "AL_EX/AL-EX-PAYLOW": "yes"}
    answer = signed_in(cast.screener).post(f"/screening/paper/{LONG}/", {**TICKED, **answers})
    assert answer.status_code == 302
    screening = Screening.objects.get()
    assert (screening.exploitation, screening.answers) == ("labour", {"DR-JOB": "yes", "EX-PAYLOW": "yes"})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"person/age": "12"}, "person/age"),
        ({"person/age_disputed": "yes"}, "person/age"),
        ({"person/age": "old"}, "person/age"),
        ({"person/sex": ""}, "person/sex"),
        ({"before/interpreter_kind": ""}, "before/interpreter_kind"),
    ],
)
def test_what_cannot_be_is_said_at_its_question_and_nothing_kept(cast: Cast, change: Any, path: str) -> None:
    answers = {**TICKED, "AL_DR/AL-DR-JOB": "yes", **change}
    answer = signed_in(cast.screener).post(f"/screening/paper/{LONG}/", answers)
    assert answer.status_code == 422
    assert f'href="#q-{path}"' in answer.content.decode()
    assert not Screening.objects.exists()


def test_an_answer_that_is_no_choice_is_refused(cast: Cast) -> None:
    answer = signed_in(cast.screener).post(f"/screening/paper/{SHORT}/", {**CHECKLIST, "signs_1/FR01": "maybe"})
    assert answer.status_code == 422
    assert not Screening.objects.exists()


def test_what_was_typed_is_still_there_after_an_error(cast: Cast) -> None:
    answers = {**CHECKLIST, "person/sex": ""}
    page = signed_in(cast.screener).post(f"/screening/paper/{SHORT}/", answers).content.decode()
    assert re.search(r'value="ForcedBegging" data-key="8" checked', page)
    assert 'value="24"' in page


def test_pages_of_paper(cast: Cast) -> None:
    client = signed_in(cast.screener)
    assert "/screening/paper/first_responder/km/" in client.get("/screening/paper/").content.decode()
    answer = client.get("/screening/paper/first_responder/km/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert client.get("/screening/paper/first_responder/").status_code == 200
    for wrong in ("nothing/", "nothing/en/", "first_responder/xx/"):
        assert client.get(f"/screening/paper/{wrong}").status_code == 404


@pytest.mark.parametrize("name", ["administrator", "auditor", "prosecutor", "statistician"])
def test_who_does_not_screen_has_no_paper(cast: Cast, name: str) -> None:
    client = signed_in(cast.users[name])
    for path in ("", "first_responder/", "first_responder/en/"):
        assert client.get(f"/screening/paper/{path}").status_code == 404
    assert client.post("/screening/paper/first_responder/", CHECKLIST).status_code == 404
    assert Client().get("/screening/paper/").status_code == 302
    assert not Screening.objects.exists()
