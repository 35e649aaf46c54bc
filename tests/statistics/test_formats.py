"""Safe tables as JSON-stat, SDMX-CSV, CTDC and IC-TIP-aligned draft: by the published rules, and with nothing lost."""

import csv
import io
import json
import re
from math import prod
from pathlib import Path
from typing import Any

import pytest

from spean.statistics import formats
from spean.statistics.margins import TOTAL, BadTables, Published
from spean.statistics.tables import Cell, Dimension

CODELISTS = Path(__file__).parents[2] / "countries" / "cambodia" / "codelists"
SEX = Dimension("sex", ("female", "male"))
FORM = Dimension("form", ("ForcedLabour", "SexualExploitation", "ForcedBegging"))
CELLS = {
    (TOTAL, TOTAL): Cell(88, "counted"),
    (TOTAL, "ForcedLabour"): Cell(50, "counted"),
    (TOTAL, "SexualExploitation"): Cell(38, "counted"),
    (TOTAL, "ForcedBegging"): Cell(None, "not_collected"),
    ("female", TOTAL): Cell(None, "suppressed"),
    ("female", "ForcedLabour"): Cell(None, "suppressed"),
    ("female", "SexualExploitation"): Cell(38, "counted"),
    ("female", "ForcedBegging"): Cell(None, "not_collected"),
    ("male", TOTAL): Cell(None, "suppressed"),
    ("male", "ForcedLabour"): Cell(None, "missing"),
    ("male", "SexualExploitation"): Cell(0, "counted"),
    ("male", "ForcedBegging"): Cell(None, "not_applicable"),
}
TABLE = Published("victims 2025", "persons", (SEX, FORM), CELLS)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def json_stat_faults(data: dict[str, Any]) -> list[str]:
    """What is wrong with a dataset by the rules at json-stat.org/full, as far as this writer uses them."""
    faults = []
    if data.get("version") != "2.0" or data.get("class") != "dataset":
        faults.append("version or class")
    if not (isinstance(data["id"], list) and len(set(data["id"])) == len(data["id"])):
        faults.append("id is a list of different names")
    if len(data["size"]) != len(data["id"]) or not all(type(one) is int and one > 0 for one in data["size"]):
        faults.append("size has a number for each id")
    if set(data["dimension"]) != set(data["id"]):
        faults.append("dimension has every id and no other")
    for name, size in zip(data["id"], data["size"], strict=True):
        index = data["dimension"][name]["category"]["index"]
        order = list(index) if isinstance(index, list) else sorted(index, key=index.__getitem__)
        if len(order) != size or len(set(order)) != size:
            faults.append(f"{name} has as many categories as its size says")
        if isinstance(index, dict) and sorted(index.values()) != list(range(size)):
            faults.append(f"{name} numbers its categories from 0")
    if len(data["value"]) != prod(data["size"]):
        faults.append("value has a place for each cell")
    if not all(one is None or (isinstance(one, int) and not isinstance(one, bool)) for one in data["value"]):
        faults.append("values are numbers or null")
    status = data.get("status", [])
    if not (
        isinstance(status, list)
        and len(status) in (1, len(data["value"]))
        and all(isinstance(one, str) for one in status)
    ):
        faults.append("status is of the same size as value")
    return faults


class TestJsonStat:
    def test_keeps_the_rules(self) -> None:
        assert json_stat_faults(json.loads(json.dumps(formats.json_stat(TABLE)))) == []

    def test_every_cell_lies_where_its_dimensions_say(self) -> None:
        data = formats.json_stat(TABLE)
        places = [data["dimension"][name]["category"]["index"] for name in data["id"]]
        for key, cell in CELLS.items():
            at = 0
            for word, words in zip(key, places, strict=True):
                at = at * len(words) + words.index(word)
            assert data["value"][at] == cell.value
            assert data["status"][at] == formats.STATUS[cell.state]

    def test_five_states_stay_five(self) -> None:
        data = formats.json_stat(TABLE)
        seen = set(zip(data["value"], data["status"], strict=True))
        assert {(None, "Q"), (None, "O"), (None, "M"), (None, "L"), (0, "A")} <= seen

    def test_a_table_without_dimensions(self) -> None:
        data = formats.json_stat(Published("t", "persons", (), {(): Cell(12, "counted")}))
        assert (data["id"], data["size"], data["value"]) == ([], [], [12])
        assert json_stat_faults(data) == []


class TestSdmxCsv:
    def test_header(self) -> None:
        header = formats.sdmx_csv(TABLE).splitlines()[0].split(",")
        assert header == [
            "STRUCTURE",
            "STRUCTURE_ID",
            "ACTION",
            "SEX",
            "FORM",
            "UNIT_MEASURE",
            "OBS_VALUE",
            "OBS_STATUS",
        ]

    def test_rows(self) -> None:
        text = formats.sdmx_csv(TABLE)
        assert text.count("\r\n") == len(CELLS) + 1
        found = rows(text)
        for row in found:
            assert row["STRUCTURE"] == "dataflow"
            assert re.fullmatch(r"[A-Z][\w.]*:[A-Z]\w*\(\d+\.\d+(\.\d+)?\)", row["STRUCTURE_ID"])
            assert row["ACTION"] == "I"
            assert (row["OBS_STATUS"] == "A") == bool(row["OBS_VALUE"])
        assert {row["STRUCTURE_ID"] for row in found} == {"SPEAN:VICTIMS_2025(1.0)"}
        assert {(row["OBS_VALUE"], row["OBS_STATUS"]) for row in found} >= {
            ("0", "A"), ("", "Q"), ("", "O"), ("", "M"), ("", "L"),
        }  # fmt: skip
        whole = [row for row in found if row["SEX"] == row["FORM"] == "_T"]
        assert [row["OBS_VALUE"] for row in whole] == ["88"]
        assert len({(row["SEX"], row["FORM"]) for row in found}) == len(CELLS)

    @pytest.mark.parametrize("codes", [("sex", "SEX"), ("obs value",), ("Structure",)])
    def test_names_that_collide(self, codes: tuple[str, ...]) -> None:
        dims = tuple(Dimension(code, ("x",)) for code in codes)
        with pytest.raises(BadTables, match="no names of their own"):
            formats.sdmx_csv(Published("t", "persons", dims, {}))

    def test_a_name_in_khmer(self) -> None:
        assert "SPEAN:X_(1.0)" in formats.sdmx_csv(
            Published("ភេទ", "persons", (SEX,), {("male",): Cell(10, "counted")})
        )


def crosswalk(column: str) -> dict[str, dict[str, str]]:
    return {
        "sex": formats.read_crosswalk((CODELISTS / "sex.csv").read_text("utf-8"), column),
        "form": formats.read_crosswalk((CODELISTS / "exploitation_form.csv").read_text("utf-8"), column),
    }


class TestCtdc:
    def test_variables_and_values(self) -> None:
        found = rows(formats.ctdc_csv(TABLE, crosswalk("ctdc")))
        assert list(found[0]) == [
            "classification", "gender", "isForcedLabour", "isSexualExploit", "isOtherExploit", "unit", "count", "obs_status",
        ]  # fmt: skip
        (one,) = [row for row in found if row["gender"] == "Woman" and row["isSexualExploit"] == "1"]
        assert (one["count"], one["obs_status"], one["isForcedLabour"]) == ("38", "A", "")
        (whole,) = [row for row in found if row["gender"] == row["isForcedLabour"] == "total"]
        assert whole["count"] == "88"
        assert {row["obs_status"] for row in found} == set("AQOML")

    def test_what_ctdc_does_not_tell_apart_is_added_if_all_of_it_is_shown(self) -> None:
        dims = (Dimension("form", ("a", "b", "c", "d")),)
        words = {"form": {"a": "x", "b": "x", "c": "y", "d": "y"}}
        cells = {
            ("a",): Cell(10, "counted"), ("b",): Cell(12, "counted"), ("c",): Cell(30, "counted"), ("d",): Cell(None, "suppressed"),
        }  # fmt: skip
        found = rows(formats.ctdc_csv(Published("t", "persons", dims, cells), words))
        assert [(row["count"], row["obs_status"]) for row in found] == [("22", "A"), ("", "Q")]

    def test_a_category_without_a_code(self) -> None:
        with pytest.raises(BadTables, match="sex male has no CTDC code"):
            formats.ctdc_csv(TABLE, {"sex": {"female": "gender=Woman"}})


def test_the_draft_says_that_it_is_one() -> None:
    found = rows(formats.ictip_csv(TABLE, crosswalk("ictip")))
    assert {row["classification"] for row in found} == {"IC-TIP-aligned draft"}
    assert {row["sex"] for row in found} == {"VICTIM.sex.02", "VICTIM.sex.01", "total"}
    assert len(found) == len(CELLS)
