"""Synthetic records: the schema, the budget, the refusals, and a release of 12,000 invented people."""

import builtins
import csv
import json
import random
from pathlib import Path
from typing import Any

import pytest

from spean.cli import main
from spean.statistics import synthetic
from spean.statistics.margins import BadTables
from spean.statistics.synthetic import NotUseful, Spending, Spent

HEADER = ["yearOfRegistration", "gender", "ageBroad", "citizenship", "isForcedLabour", "isSexualExploit"]
needs_pacsynth = pytest.mark.skipif(not synthetic.available(), reason="pac-synth is not installed")


def people(number: int) -> list[list[str]]:
    rng = random.Random(4)
    found = []
    for _ in range(number):
        labour = rng.random() < 0.6
        gender = "Man" if rng.random() < (0.7 if labour else 0.1) else "Woman"
        age = rng.choices(("9--17", "18--20", "30--38", ""), (2, 3, 4, 1))[0]
        kinds = ["1", ""] if labour else ["", "1"]
        found.append([str(rng.choice((2024, 2025))), gender, age, rng.choice(("KHM", "KHM", "VNM")), *kinds])
    return found


def write(path: Path, rows: list[list[str]], header: list[str] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def run(folder: Path, *words: str, epsilon: str = "4") -> int:
    fixed = ["--epsilon", epsilon, "--ledger", str(folder / "ledger.jsonl"), "--out", str(folder / "out")]
    return main(["synthesize", str(folder / "records.csv"), *fixed, *words])


class TestSchema:
    def test_has_the_27_columns(self) -> None:
        assert len(synthetic.SCHEMA) == 27

    @pytest.mark.parametrize(
        ("header", "row", "fault"),
        [
            (["gender", "name"], ["Man", "x"], "CTDC has no column “name”."),
            (["gender", "gender"], ["Man", "Man"], "two columns are called gender."),
            (["gender"], ["Man"], "there must be two columns at least."),
            (["gender", "ageBroad"], ["Male", "48+"], "row 2: gender takes no such value."),
            (["gender", "ageBroad"], ["Man", "17"], "row 2: ageBroad takes no such value."),
            (["gender", "citizenship"], ["Man", "KH"], "row 2: citizenship takes no such value."),
            (["gender", "isForcedLabour"], ["Man", "yes"], "row 2: isForcedLabour takes no such value."),
            (["gender", "isForcedLabour"], ["Man"], "row 2 has 1 cells; the header has 2."),
        ],
    )  # fmt: skip
    def test_faults(self, header: list[str], row: list[str], fault: str) -> None:
        with pytest.raises(BadTables) as bad:
            synthetic.check(header, [row])
        assert bad.value.faults == (fault,)

    def test_what_ctdc_knows_passes(self) -> None:
        synthetic.check(HEADER, people(50))


class TestRefusal:
    def test_yearly_counts_of_a_small_country(self) -> None:
        with pytest.raises(NotUseful, match=r"800 records are too few for length 3.*Length 2 may do.*spean protect"):
            synthetic.refuse_if_useless(people(800), 4.0, 3)
        with pytest.raises(NotUseful, match="too few for length 2"):
            synthetic.refuse_if_useless(people(300), 1.0, 2)

    @pytest.mark.parametrize(
        ("records", "length", "useful"), [(10_000, 2, True), (10_000, 3, False), (100_000, 2, True)]
    )
    def test_agrees_with_what_was_measured(self, records: int, length: int, useful: bool) -> None:
        """At epsilon 4, with 20 columns: 10,000 records were useful with length 2 (12 % off), not with 3 (48 %)."""
        assert (records >= synthetic.records_needed(records, 10, 4.0, length)) is useful

    def test_more_privacy_needs_more_people(self) -> None:
        needed = [synthetic.records_needed(5_000, 8, epsilon, 2) for epsilon in (8.0, 4.0, 1.0)]
        assert needed == sorted(needed)


class TestBudget:
    def one(self, epsilon: float, about: str = "2025") -> Spending:
        return Spending(about, epsilon, 1e-5, 2, "r", "S. Officer")

    def test_adds_up_and_ends(self, tmp_path: Path) -> None:
        path = tmp_path / "ledger.jsonl"
        assert synthetic.spend(path, self.one(2.0), 5.0) == 3.0
        assert synthetic.spend(path, self.one(2.0), None) == 1.0
        with pytest.raises(Spent, match="1 of 5 for “2025”"):
            synthetic.spend(path, self.one(2.0), None)
        assert len(path.read_text("utf-8").splitlines()) == 2
        assert synthetic.spend(path, self.one(2.0, "2026"), None) == synthetic.DEFAULT_BUDGET - 2

    def test_stands_once_set(self, tmp_path: Path) -> None:
        path = tmp_path / "ledger.jsonl"
        synthetic.spend(path, self.one(2.0), 5.0)
        with pytest.raises(BadTables, match="was set to 5 and stands"):
            synthetic.spend(path, self.one(2.0), 12.0)

    def test_a_broken_ledger_spends_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "ledger.jsonl"
        path.write_text("lost\n", "utf-8")
        with pytest.raises(BadTables, match="line 1 is not a spending"):
            synthetic.spend(path, self.one(1.0), None)
        assert path.read_text("utf-8") == "lost\n"


class TestUtility:
    def test_by_hand(self) -> None:
        real = {"a:1": 100, "b:1": 50, "b:2": 5, "a:1;b:1": 40, "a:1;b:2": 20}
        fake = {"a:1": 110, "b:1": 50, "b:3": 4, "a:1;b:1": 30}
        assert synthetic.compare(real, fake, 2) == {
            "length_1": {"combinations_of_ten_or_more": 2, "mean_relative_error": 0.05, "share_lost": 0.0, "share_made_up": 0.3333},
            "length_2": {"combinations_of_ten_or_more": 2, "mean_relative_error": 0.625, "share_lost": 0.5, "share_made_up": 0.0},
        }  # fmt: skip


class TestCommand:
    @needs_pacsynth
    def test_a_release(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        rows = people(12_000)
        write(tmp_path / "records.csv", rows)
        assert run(tmp_path, "--about", "2025", "--officer", "S. Officer") == 0
        assert capsys.readouterr().err == ""
        with (tmp_path / "out" / "synthetic.csv").open(encoding="utf-8", newline="") as file:
            header, *made = list(csv.reader(file))
        synthetic.check(header, made)
        assert header == HEADER
        assert abs(len(made) - len(rows)) < 600
        with (tmp_path / "out" / "noisy_counts.csv").open(encoding="utf-8", newline="") as file:
            noisy = {row["combination"]: int(row["count"]) for row in csv.DictReader(file)}
        for value in ("Woman", "Man"):
            real = sum(row[1] == value for row in rows)
            assert noisy[f"gender:{value}"] == pytest.approx(real, rel=0.05)
            assert sum(row[1] == value for row in made) == pytest.approx(real, rel=0.1)
        utility = json.loads((tmp_path / "out" / "utility.json").read_text("utf-8"))
        assert utility["of_the_records"]["length_1"]["mean_relative_error"] < 0.1
        assert utility["of_the_records"]["length_2"]["mean_relative_error"] < 0.4
        assert utility["of_the_noisy_counts"]["length_2"]["mean_relative_error"] < 0.1
        assert (tmp_path / "out" / "utility.json").stat().st_mode & 0o077 == 0
        about = json.loads((tmp_path / "out" / "about.json").read_text("utf-8"))
        assert (about["epsilon"], about["reporting_length"], about["records"]) == (4.0, 2, len(made))
        (line,) = (tmp_path / "ledger.jsonl").read_text("utf-8").splitlines()
        assert json.loads(line)["officer"] == "S. Officer"

    @needs_pacsynth
    def test_a_spent_budget_writes_nothing(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        write(tmp_path / "records.csv", people(12_000))
        synthetic.spend(tmp_path / "ledger.jsonl", Spending("", 5.0, 1e-5, 2, "earlier", ""), 8.0)
        assert run(tmp_path) == 1
        assert "epsilon 4 is more than what is left: 3 of 8" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()

    def test_too_few_records_spend_nothing(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        write(tmp_path / "records.csv", people(400))
        assert run(tmp_path, "--length", "3") == 1
        assert "too few for length 3" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()
        assert not (tmp_path / "ledger.jsonl").exists()

    @pytest.mark.parametrize(
        ("words", "epsilon", "fault"),
        [
            ((), "0", "--epsilon takes a number above 0, up to 12."),
            ((), "nan", "--epsilon takes a number above 0, up to 12."),
            (("--length", "4"), "1", "--length takes 2 or 3."),
            (("--budget", "20"), "1", "--budget takes a number above 0, up to 12."),
        ],
    )
    def test_wrong_options(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], epsilon: str, fault: str
    ) -> None:
        write(tmp_path / "records.csv", people(10))
        assert run(tmp_path, *words, epsilon=epsilon) == 2
        assert capsys.readouterr().err == f"spean synthesize: {fault}\n"

    def test_wrong_records_name_no_value(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        write(tmp_path / "records.csv", [["Sok Dara", "48+"]], ["gender", "ageBroad"])
        assert run(tmp_path) == 2
        said = capsys.readouterr().err
        assert said == "spean synthesize: row 2: gender takes no such value.\n"

    def test_without_pac_synth_it_says_what_to_install(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = builtins.__import__

        def without(name: str, *rest: Any, **named: Any) -> Any:
            if name == "pacsynth":
                raise ModuleNotFoundError(name="pacsynth")
            return real(name, *rest, **named)

        write(tmp_path / "records.csv", people(12_000))
        monkeypatch.setattr(builtins, "__import__", without)
        assert run(tmp_path) == 2
        assert "pip install 'spean[synthetic]'" in capsys.readouterr().err
        assert not (tmp_path / "ledger.jsonl").exists()
