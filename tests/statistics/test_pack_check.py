"""`spean country check` on the numbers of a country: each planted fault is said with its file and line, beside the others."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spean.country import check
from spean.country.pack import pack_folder
from spean.statistics import pack_check
from tests.country.test_check import append, drop, remove, swap

INDICATORS = "statistics/indicators.toml"
DIMENSIONS = "statistics/dimensions.toml"
PUBLICATION = "statistics/publication.toml"
FIGURES = "statistics/figures.csv"
ROW = "a,A,,count,person,flow,1,,,2020-01-01,2020-12-31,Cambodia,,,d,m,s,,,,,"

Plant = Callable[[Path], None]
FAULTS: list[tuple[str, Plant, str]] = [
    ("no file", remove(DIMENSIONS), r"dimensions\.toml: this file is missing"),
    ("broken toml", swap(PUBLICATION, "[[break]]", "[[break]"), r"publication\.toml:\d+: not readable TOML"),
    ("no such list", swap(DIMENSIONS, 'codelist = "sex"', 'codelist = "gender"'), r"dimensions\.toml:12: sex: "),
    (
        "no such code",
        swap(DIMENSIONS, '"KHM", ', '"KHX", '),
        r"dimensions\.toml:\d+: nationality: \['KHX'\] is in no list",
    ),
    (
        "no Khmer label",
        swap(DIMENSIONS, "label_km = ", "label_kh = "),
        r"dimensions\.toml:6: status: label_km is missing",
    ),
    (
        "bands that overlap",
        swap(DIMENSIONS, "[15, 17", "[14, 17"),
        r"dimensions\.toml:\d+: age: the band 15_17 begins before",
    ),
    (
        "no band of this name",
        swap(DIMENSIONS, '[0, 14, "0_14"]', '[0, 14, "young"]'),
        r"dimensions\.toml:\d+: age: its categories are missing",
    ),
    (
        "a room without Khmer",
        swap(INDICATORS, 'km = "អង្គភាពរៀបចំការវិលត្រឡប់"\n', ""),
        r"indicators\.toml:\d+: the room returns has no km",
    ),
    (
        "no such unit",
        swap(INDICATORS, 'unit = "person"', 'unit = "victim"'),
        r"indicators\.toml:58: persons: 'victim' is no unit",
    ),
    ("no version", swap(INDICATORS, 'version = "1"\n', ""), r"indicators\.toml:58: persons: 'version' is missing"),
    (
        "no such dimension",
        swap(INDICATORS, '["status", "sex", "age"]', '["status", "gender"]'),
        r"indicators\.toml:58: persons: nobody described \['gender'\]",
    ),
    (
        "a day in quotes",
        swap(INDICATORS, "valid_from = 2020-01-01", 'valid_from = "2020-01-01"'),
        r"indicators\.toml:58: persons: valid_from '2020-01-01' is not a date",
    ),
    (
        "not joined whole",
        swap(INDICATORS, 'presumed_child = "under_18", ', ""),
        r"indicators\.toml:\d+: sdg_16_2_2: age is not joined whole",
    ),
    (
        "joined into nothing",
        swap(INDICATORS, 'to = "majority"', 'to = "grown"'),
        r"indicators\.toml:\d+: sdg_16_2_2: nobody described \['grown'\]",
    ),
    ("threshold", swap(PUBLICATION, "threshold = 10", "threshold = 3"), r"publication\.toml:4: a threshold below 5"),
    (
        "threshold in words",
        swap(PUBLICATION, "threshold = 10", 'threshold = "ten"'),
        r"publication\.toml:4: threshold 'ten'",
    ),
    (
        "kind of break",
        swap(PUBLICATION, 'kind = "law"', 'kind = "flood"'),
        r"publication\.toml:\d+: a break is of one of these",
    ),
    (
        "break of nothing",
        swap(PUBLICATION, "indicators = []", 'indicators = ["peoples"]'),
        r"publication\.toml:\d+: the break touches peoples",
    ),
    ("no authority", drop(PUBLICATION, "authority_km"), r"publication\.toml: authority_km is missing"),
    ("figure without a type", append(FIGURES, ROW.replace("count", "guess")), r"figures\.csv:\d+: type, days or break"),
    (
        "figure twice",
        append(FIGURES, ROW.replace("a,", "slaves_2001,", 1)),
        r"figures\.csv:\d+: the id 'slaves_2001' already stands in line 2",
    ),
    ("part of nothing", append(FIGURES, ROW.replace(",s,,,", ",s,,b,")), r"figures\.csv:\d+: it is part of 'b'"),
    (
        "backwards",
        append(FIGURES, ROW.replace("2020-12-31", "2019-12-31")),
        r"figures\.csv:\d+: last_day 2019-12-31 is before",
    ),
    ("not a number", append(FIGURES, ROW.replace(",1,", ",many,")), r"figures\.csv:\d+: value 'many' is not a number"),
    ("too few cells", append(FIGURES, "a,b"), r"figures\.csv:\d+: 2 cells where"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(pack_folder("cambodia"), tmp_path / "cambodia"))


def lines(folder: Path) -> list[str]:
    faults = check.Faults(folder)
    pack_check.check(faults)
    return [str(fault) for fault in faults.found]


def test_the_shipped_numbers_are_whole() -> None:
    assert lines(pack_folder("cambodia")) == []


@pytest.mark.parametrize(("plant", "said"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_planted_fault_is_found_with_its_line(folder: Path, plant: Plant, said: str) -> None:
    plant(folder)
    found = lines(folder)
    assert [line for line in found if re.search(said, line)], found
    assert all("\n" not in line for line in found)


def test_faults_of_several_files_and_sections_are_said_together(folder: Path) -> None:
    swap(INDICATORS, 'unit = "person"', 'unit = "victim"', count=2)(folder)
    swap(PUBLICATION, "threshold = 10", "threshold = 3")(folder)
    append(FIGURES, ROW.replace("count", "guess"))(folder)
    found = " ".join(lines(folder))
    for said in ("persons: 'victim'", "persons_nationality: 'victim'", "threshold below", "type, days or break"):
        assert said in found


def test_the_command_reads_them_without_a_database(folder: Path) -> None:
    swap(PUBLICATION, "threshold = 10", "threshold = 3")(folder)
    done = subprocess.run(
        [sys.executable, "-m", "spean", "country", "check", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "publication.toml:4: a threshold below 5 protects nobody" in done.stdout
