"""What ships: how long it takes, in which languages it is read, and that its codes are those of the code lists."""

import pytest

from spean.country.pack import pack
from spean.instruments import definition as shape
from spean.instruments import sheets
from tests.instruments.shipped import SCREENINGS, SHIPPED, made

# Languages that a person is read in, and how fast somebody reads aloud in a second language, in words a minute.
READ = ("en", "km", "vi", "th")
WORDS_PER_MINUTE = 130
SECONDS_TO_ANSWER = 5


def test_the_checklist_has_twelve_questions_and_takes_three_minutes() -> None:
    rows = list(pack("cambodia").instruments["first_responder"].indicators)
    assert len(rows) <= 12
    words = sum(len(row.question("en").split()) for row in rows)
    assert words / WORDS_PER_MINUTE * 60 + len(rows) * SECONDS_TO_ANSWER <= 180


@pytest.mark.parametrize("name", SHIPPED)
def test_everything_is_there_in_english_and_khmer(name: str) -> None:
    definition = made(name).definition
    for path, node in shape.walk(definition["root"]):
        for part in ("label", "hint", "constraint_message"):
            if part in node:
                assert {"en", "km"} <= set(node[part]), (path, part)
    for items in definition["lists"].values():
        assert all({"en", "km"} <= set(item["label"]) for item in items)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_read_is_there_in_four_languages(name: str) -> None:
    instrument = pack("cambodia").instruments[name]
    assert instrument.book is not None
    read = [row for row in instrument.book["survey"].rows if row["read"] == "yes"]
    assert read
    definition = made(name).definition
    nodes = dict(shape.walk(definition["root"]))
    by_name = {path.rpartition("/")[2]: node for path, node in nodes.items()}
    for row in read:
        assert set(by_name[row["name"]]["label"]) >= set(READ), row["name"]
        for item in definition["lists"].get(by_name[row["name"]].get("list", ""), ()):
            assert set(item["label"]) >= set(READ), (row["name"], item["name"])


@pytest.mark.parametrize("name", SCREENINGS)
def test_declined_is_one_tap_at_every_question_of_a_screening(name: str) -> None:
    definition = made(name).definition
    counted = {row.code for row in pack("cambodia").instruments[name].indicators}
    for path, node in shape.walk(definition["root"]):
        if path.rpartition("/")[2] in counted:
            assert "declined" in {item["name"] for item in definition["lists"][node["list"]]}


@pytest.mark.parametrize("name", SCREENINGS)
@pytest.mark.parametrize("listed", ["act", "exploitation_form", "exploitation", "sex"])
def test_the_cover_uses_the_codes_of_the_code_lists(name: str, listed: str) -> None:
    known = pack("cambodia").codelist(listed).codes() | {"none", "unknown", "not_known"}
    offered = {item["name"] for item in made(name).definition["lists"][listed]}
    assert offered <= known
    assert offered >= pack("cambodia").codelist(listed).codes()


@pytest.mark.parametrize("name", SHIPPED)
def test_excel_and_text_hold_the_same(name: str) -> None:
    book = pack("cambodia").instruments[name].book
    assert book is not None
    through = sheets.read(sheets.as_excel(book), ".xlsx")
    for sheet in sheets.SHEETS:
        assert [dict(row.cells) for row in through[sheet].rows] == [dict(row.cells) for row in book[sheet].rows]
    again = sheets.read(sheets.as_text(through).encode(), ".md")
    assert [row.cells for row in again["survey"].rows] == [row.cells for row in book["survey"].rows]


def test_a_bus_of_sixty_is_listed_and_ordered() -> None:
    from tests.instruments.walks import new

    instance = new(made("transit_centre").definition)
    instance.set(instance.at("arrival/on_board"), "60")
    for number in range(60):
        if number:
            instance.add(instance.root, "traveller")
        path = f"traveller[{number + 1}]"
        instance.set(instance.at(f"{path}/bracelet"), str(number + 1))
        instance.set(instance.at(f"{path}/age_band"), "child" if number == 3 else "adult")
        instance.set(
            instance.at(f"{path}/signs"), {0: "sold", 1: "unpaid", 2: "declined", 3: "unpaid"}.get(number, "none")
        )
    instance.settle()
    assert [instance.at(f"traveller[{n}]/order").value for n in (1, 2, 3, 4, 5)] == [
        "first", "today", "offer_again", "first", "leaflet",
    ]  # fmt: skip
    assert {name: instance.at(name).value for name in ("asked", "first", "later_today", "children")} == {
        "asked": "60", "first": "2", "later_today": "1", "children": "1",
    }  # fmt: skip
    assert not instance.at("summary/not_all").relevant
