"""`spean protect` as it is used: spreadsheets in, safe ones out; or one line per fault and nothing."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spean.cli import main

REPOSITORY = Path(__file__).parents[2]
VICTIMS = "sex,province,count\nf,A,12\nm,A,3\nf,B,40\nm,B,22\nf,C,20\nm,C,15\ntotal,total,112\ntotal,A,15\n"
FORMS = "sex,form,count\nf,labour,40\nf,sexual,32\nm,labour,40\nm,sexual,0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "victims.csv").write_text(VICTIMS, "utf-8")
    (tmp_path / "forms.csv").write_text(FORMS, "utf-8")
    return tmp_path


def protect(folder: Path, *words: str, files: tuple[str, ...] = ("victims.csv", "forms.csv"), out: str = "out") -> int:
    return main(["protect", *(str(folder / name) for name in files), "--out", str(folder / out), *words])


def shown(path: Path) -> dict[tuple[str, ...], tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return {tuple(row[:-2]): (row[-2], row[-1]) for row in rows}


class TestSafeTables:
    def test_are_written_in_every_form(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert protect(folder) == 0
        written = sorted(path.name for path in (folder / "out").iterdir())
        assert written == [
            "forms.csv", "forms.json", "forms.sdmx.csv", "releases.jsonl", "report.json", "victims.csv", "victims.json",
            "victims.sdmx.csv",
        ]  # fmt: skip
        safe = shown(folder / "out" / "victims.csv")
        assert safe["m", "A"] == ("", "suppressed")
        assert safe["total", "total"] == ("112", "counted")
        assert [key for key, (value, _) in safe.items() if value and 0 < int(value) < 10] == []
        assert shown(folder / "out" / "forms.csv")["m", "sexual"] == ("0", "counted")
        said = capsys.readouterr()
        assert said.err == ""
        assert said.out.startswith("victims, forms: 4 of 18 figures hidden. 1 small, 3 so that")
        report = json.loads((folder / "out" / "report.json").read_text("utf-8"))
        assert report["people"][0]["by_reason"]["below_threshold"] == 1
        assert (folder / "out" / "report.json").stat().st_mode & 0o077 == 0

    def test_threshold_of_the_law(self, folder: Path) -> None:
        assert protect(folder, "--threshold", "3") == 0
        assert shown(folder / "out" / "victims.csv")["m", "A"] == ("3", "counted")

    def test_rounded(self, folder: Path) -> None:
        assert protect(folder, "--round", "5") == 0
        values = [int(value) for value, _ in shown(folder / "out" / "victims.csv").values() if value]
        assert values
        assert not [value for value in values if value % 5]

    def test_codes_of_other_standards(self, folder: Path) -> None:
        (folder / "forms.csv").write_text(FORMS.replace("\nf,", "\nfemale,").replace("\nm,", "\nmale,"), "utf-8")
        codes = REPOSITORY / "countries" / "cambodia" / "codelists" / "sex.csv"
        assert protect(folder, "--codes", f"sex={codes}", files=("forms.csv",)) == 0
        assert "Woman" in (folder / "out" / "forms.ctdc.csv").read_text("utf-8")
        assert "VICTIM.sex.02" in (folder / "out" / "forms.ic-tip-aligned-draft.csv").read_text("utf-8")

    def test_districts_in_provinces(self, folder: Path) -> None:
        (folder / "fine.csv").write_text(
            "province,district,count\nA,a1,4\nA,a2,30\nA,a3,20\nB,b1,25\nB,b2,60\n", "utf-8"
        )
        (folder / "wide.csv").write_text("province,sex,count\nA,f,30\nA,m,24\nB,f,45\nB,m,40\n", "utf-8")
        assert protect(folder, "--nested", "district=province", files=("fine.csv", "wide.csv")) == 0
        safe = shown(folder / "out" / "fine.csv")
        assert safe["A", "a1"] == safe["total", "a1"] == ("", "suppressed")
        assert ("B", "a1") not in safe

    def test_one_agency_that_counts_nearly_everybody(self, folder: Path) -> None:
        (folder / "by.csv").write_text(
            "sex,form,agency,count\n" + "".join(
                f"{sex},{form},{agency},{90 if (sex, form, agency) == ('f', 'x', 'one') else 10}\n"
                for sex in "fm" for form in "xyz" for agency in ("one", "two", "three")
            ), "utf-8",
        )  # fmt: skip
        assert protect(folder, "--contributor", "agency", "--dominance", "1,75", files=("by.csv",)) == 0
        assert shown(folder / "out" / "by.csv")["f", "x"] == ("", "suppressed")


class TestLedger:
    def test_a_second_edition_with_one_more_person_changes_nothing(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert protect(folder, "--release", "2025-1") == 0
        before = (folder / "out" / "victims.csv").read_bytes()
        (folder / "victims.csv").write_text(VICTIMS.replace("m,B,22", "m,B,23").replace(",112", ",113"), "utf-8")
        (folder / "forms.csv").write_text(FORMS.replace("m,labour,40", "m,labour,41"), "utf-8")
        assert protect(folder, "--release", "2025-2") == 0
        assert (folder / "out" / "victims.csv").read_bytes() == before
        assert "held as published before" in capsys.readouterr().out

    def test_another_year_is_compared_with_itself(self, folder: Path) -> None:
        assert protect(folder, "--about", "2025", "--releases", str(folder / "ledger")) == 0
        (folder / "victims.csv").write_text(VICTIMS.replace("m,B,22", "m,B,23").replace(",112", ",113"), "utf-8")
        words = ("--about", "2026", "--releases", str(folder / "ledger"))
        assert protect(folder, *words, files=("victims.csv",), out="next") == 0
        assert shown(folder / "next" / "victims.csv")["total", "total"] == ("113", "counted")

    def test_a_trial_is_not_remembered(self, folder: Path) -> None:
        assert protect(folder, "--trial") == 0
        assert not (folder / "out" / "releases.jsonl").exists()
        assert (folder / "out" / "victims.csv").exists()

    def test_a_name_twice(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert protect(folder, "--release", "1") == 0
        assert protect(folder, "--release", "1") == 2
        assert "has a release called 1 already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "victims.csv: is empty."),
        ("sex,province,count\n", "victims.csv: has a header and no rows."),
        ("sex,n\nf,3\n", "victims.csv: needs exactly one column called count."),
        ("count\n3\n", "victims.csv: has no column besides the count; a table needs a dimension."),
        ("sex,sex,count\nf,f,3\n", "victims.csv: two columns are called “sex”."),
        ("sex,count\nf,-3\n", "victims.csv: row 2 has a count that is not a whole number from 0: “-3”."),
        ("sex,count\nf,2.5\n", "victims.csv: row 2 has a count that is not a whole number from 0: “2.5”."),
        ("sex,count\nf,suppressed\n", "victims.csv: row 2 is suppressed already; protection needs the counts."),
        ("sex,count\nf,3\nf,4\n", "victims.csv: row 3 repeats the cell of row 2."),
        ("sex,count\nf,3,4\n", "victims.csv: row 2 has 3 cells; the header has 2."),
        ("sex,count\n,3\n", "victims.csv: row 2 has no sex."),
        ("sex,count\n=1+1,3\n", "victims.csv: row 2: the sex “=1+1” begins like a formula."),
        ("sex,count\ntotal,3\n", "victims.csv: has only margins; protection needs the interior."),
        ("sex,count\nf,30\nm,40\ntotal,75\n", "victims.csv: row 4 says 75, but its parts add up to 70."),
        (
            "sex,province,count\nf,A,30\ntotal,B,30\n",
            "victims.csv: row 3 is a margin of categories that no other row has.",
        ),
    ],
)
def test_a_wrong_file(folder: Path, capsys: pytest.CaptureFixture[str], text: str, fault: str) -> None:
    (folder / "victims.csv").write_text(text, "utf-8")
    assert protect(folder, files=("victims.csv",)) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"spean protect: {fault}\n")
    assert not (folder / "out").exists()


def test_every_fault_has_its_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "victims.csv").write_text("sex,count\nf,x\nm,y\n", "utf-8")
    (folder / "forms.csv").write_bytes(b"\xff\xfe")
    assert protect(folder) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert said[2] == "spean protect: forms.csv: is not UTF-8 text."


def test_files_that_disagree(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "forms.csv").write_text(FORMS.replace("f,labour,40", "f,labour,41"), "utf-8")
    assert protect(folder) == 2
    assert "forms and victims disagree: everybody is 113 in one and 112 in the other" in capsys.readouterr().err
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--threshold", "1"], "--threshold takes a whole number from 2."),
        (["--round", "-5"], "--round takes a whole number from 0."),
        (["--nested", "district"], "--nested district: say CHILD=PARENT, two columns."),
        (["--nested", "a=b"], "--nested a=b: no file has both columns, so nobody knows what lies where."),
        (["--contributor", "sex", "--dominance", "0,80"], "--dominance takes N,K: contributors from 1, percent between 0 and 100."),
        (["--dominance", "1,80"], "--contributor goes with --dominance or --p-percent, and they with it."),
        (["--codes", "colour=x.csv"], "--codes colour=x.csv: say COLUMN=FILE.csv, a column of the tables."),
    ],
)  # fmt: skip
def test_wrong_options(folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], fault: str) -> None:
    assert protect(folder, *words) == 2
    assert capsys.readouterr().err == f"spean protect: {fault}\n"
    assert not (folder / "out").exists()


def test_a_ledger_that_cannot_be_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "ledger").mkdir()
    (folder / "ledger" / "releases.jsonl").write_text("lost\n", "utf-8")
    assert protect(folder, "--releases", str(folder / "ledger")) == 2
    assert "line 1 is not a release" in capsys.readouterr().err
    assert not (folder / "out").exists()


def test_it_needs_neither_django_nor_settings(folder: Path) -> None:
    code = (
        "import sys; from spean.cli import main; "
        f"main(['protect', {str(folder / 'forms.csv')!r}, '--out', {str(folder / 'out')!r}]); print(*sorted(sys.modules))"
    )
    clean = {key: value for key, value in os.environ.items() if not key.startswith("DJANGO")}
    seen = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY, env=clean
    ).stdout.split()  # fmt: skip
    assert "spean.statistics.disclosure" in seen
    assert not [name for name in seen if name.split(".")[0] in ("django", "psycopg", "config")]
