"""The register says of every number what it is, in Khmer and English, and the pack cannot leave it out."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from spean.country.files import PackError
from spean.country.pack import Pack, pack_folder
from spean.statistics import indicators

KHMER = re.compile(r"[\u1780-\u17e9]")
BOOK = indicators.read(Pack(pack_folder("cambodia")))
EACH = pytest.mark.parametrize("code", BOOK.indicators)
# Demanded by those who ask the country for numbers.
REPORTS = {
    "ncct", "sdg", "glotip", "us_tip", "persons", "justice", "services", "reintegration", "returns", "timeliness", "quality",
}  # fmt: skip


@EACH
def test_it_is_defined_in_both_languages(code: str) -> None:
    one = BOOK.indicators[code]
    for text in (one.title("km"), one.definition("km")):
        assert KHMER.search(text)
    assert one.title("en")
    assert one.definition("en")
    assert one.version
    assert one.valid(date(2026, 1, 1), date(2026, 12, 31))
    assert not one.valid(date(2019, 1, 1), date(2019, 12, 31))


@EACH
def test_every_category_has_words_in_both_languages(code: str) -> None:
    for name in BOOK.indicators[code].dimensions:
        for words in BOOK.divisions[name].words.values():
            assert words.get("en")
            assert KHMER.search(words.get("km", "")), words


def test_every_report_has_tables() -> None:
    assert set(BOOK.reports) == REPORTS
    for report in REPORTS:
        assert any(report in one.reports for one in BOOK.indicators.values()), report


def test_rooms_that_do_not_exist_are_defined() -> None:
    waiting = {one.code for one in BOOK.indicators.values() if one.room}
    assert {
        "justice_funnel",
        "justice_durations",
        "convictions",
        "ncct_cases",
        "ncct_suspects",
        "justice_attrition",
        "sentences",
        "compensation",
        "penalised",
        "custody",
        "officials",
        "returns",
        "reintegration",
    } <= waiting


@pytest.mark.parametrize("suffix", ["", "R"])
def test_every_series_of_the_sdg_has_a_table(suffix: str) -> None:
    named = {code for one in BOOK.indicators.values() for code in one.standard.get("sdg", "").split("; ")}
    assert {f"VC_HTF_DETV{form}{suffix}" for form in ("", "FL", "SX", "OG", "OP")} <= named


def test_one_dimension_has_one_set_of_categories() -> None:
    """Two sets of age bands in counted tables would let a reader take one from the other."""
    used = {name for one in BOOK.indicators.values() if one.measure for name in one.dimensions}
    assert "majority" not in used
    assert "series" not in used


def test_units_are_named_and_never_two_for_one_measure() -> None:
    units: dict[str, set[str]] = {}
    for one in BOOK.indicators.values():
        if one.measure:
            units.setdefault(one.measure, set()).add(one.unit)
    assert all(len(found) == 1 for found in units.values())


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("indicators.toml", 'unit = "person"\n', 'unit = "people"\n', "is no unit"),
        ("indicators.toml", 'measure = "persons"\n', "", "give it a measure"),
        ("indicators.toml", 'dimensions = ["status", "sex", "age"]', 'dimensions = ["status", "shoes"]', "nobody described"),
        ("indicators.toml", 'version = "1"\n', "", "is missing"),
        ("indicators.toml", 'room = "returns"\n', 'room = "the border"\n', "is none of \\[rooms\\]"),
        ("indicators.toml", "18_over = \"18_over\"", "17_over = \"18_over\"", "not joined whole"),
        ("publication.toml", "threshold = 10", "threshold = 3", "protects nobody"),
        ("publication.toml", 'kind = "law"', 'kind = "weather"', "one of these kinds"),
        ("dimensions.toml", '"LAO", "MMR"', '"LAO", "QQQ"', "is in no list"),
        ("dimensions.toml", '[18, 120, "18_over"]', '[18, 120, "old"]', "categories are missing"),
    ],
)  # fmt: skip
def test_a_pack_with_a_fault_is_refused(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    folder = tmp_path / "cambodia"
    shutil.copytree(pack_folder("cambodia"), folder, ignore=shutil.ignore_patterns("villages.csv", "instruments"))
    path = folder / "statistics" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PackError, match=message):
        indicators.read(Pack(folder))
