"""`spean estimate` as it is used: a CSV file in, JSON out; faults on lines of their own and no result."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spean.cli import main
from tests.estimation.published import TABLES

REPOSITORY = Path(__file__).parents[2]


def test_a_figure(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["estimate", str(TABLES / "western_us.csv"), "--method", "stepwise", "--bootstrap", "200", "--seed", "4"]
    assert main(words) == 0
    first = capsys.readouterr()
    assert first.err == ""
    answer = json.loads(first.out)
    assert (answer["method"], answer["observed"], answer["estimate"], answer["seed"]) == ("stepwise", 345, 2483.4, 4)
    assert main(words) == 0
    assert capsys.readouterr().out == first.out


def test_standard_input() -> None:
    words = [sys.executable, "-m", "spean", "estimate", "-", "--method", "stepwise", "--bootstrap", "0"]
    given = (TABLES / "western_us.csv").read_bytes()
    told = subprocess.run(words, input=given, capture_output=True, check=True, cwd=REPOSITORY)
    assert json.loads(told.stdout)["estimate"] == 2483.4
    empty = subprocess.run(words, input=b"", capture_output=True, check=False, cwd=REPOSITORY)
    assert (empty.returncode, empty.stdout) == (2, b"")
    assert empty.stderr == b"spean estimate: the table is empty.\n"


def test_a_threshold_changes_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    main(["estimate", str(TABLES / "uk.csv"), "--method", "stepwise", "--bootstrap", "0", "--threshold", "0"])
    assert json.loads(capsys.readouterr().out)["model"]["pairs"] == []


def test_a_refusal_is_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", str(TABLES / "artificial_3.csv")]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["status"], answer["estimate"]) == ("refused", None)
    assert len(answer["reasons"]) == 2


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("0,1,0,-3", "row 3 has a negative count: “-3”."),
        ("1,0,0,3", "row 3 repeats the pattern of row 2."),
        ("0,2,0,3", "column “b” is not 0 or 1 throughout: row 3 has “2”."),
        ("0,0,0,3", "row 3 is the pattern of people on no list; nobody can have counted them."),
    ],
)
def test_a_wrong_table(tmp_path: Path, capsys: pytest.CaptureFixture[str], row: str, fault: str) -> None:
    (tmp_path / "t.csv").write_text(f"a,b,c,n\n1,0,0,5\n{row}\n", "utf-8")
    assert main(["estimate", str(tmp_path / "t.csv")]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"spean estimate: {fault}\n")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--bootstrap", "99"], "--bootstrap takes 0, or from 100 to 100,000 replicates."),
        (["--seed", "-1"], "--seed takes a whole number from 0."),
        (["--threshold", "1"], "--threshold takes a probability from 0 to below 1."),
        (["--threshold", "nan"], "--threshold takes a probability from 0 to below 1."),
    ],
)
def test_wrong_options(words: list[str], fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", str(TABLES / "korea.csv"), *words]) == 2
    assert capsys.readouterr().err == f"spean estimate: {fault}\n"


def test_it_needs_neither_django_nor_settings() -> None:
    code = (
        "import sys; from spean.cli import main; "
        f"main(['estimate', {str(TABLES / 'korea.csv')!r}, '--method', 'stepwise', '--bootstrap', '100']); "
        "print(*sorted(sys.modules))"
    )
    seen = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
        env={key: value for key, value in os.environ.items() if not key.startswith("DJANGO")},
    ).stdout.split()
    assert "spean.estimation.stepwise" in seen
    assert not [name for name in seen if name.split(".")[0] in ("django", "psycopg", "config")]
