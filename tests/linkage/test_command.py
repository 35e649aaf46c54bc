"""The commands: lists as agencies send them, clear reports, nothing executed, nothing lost, no name where none may be."""

import csv
import json
from pathlib import Path

import pytest

from spean import cli
from spean.linkage import encode
from tests.bench.linkage import generator

COLUMNS = ["record_id", "source", "family_name", "given_name", "sex", "birth_date", "birth_year", "nationality", "birth_place",
           "phone", "document_number", "mother_name"]  # fmt: skip
ROWS = list(generator.rows(400, seed=21))
NAMES = {
    word
    for row in ROWS
    for name in ("family_name", "given_name", "mother_name")
    for word in row[name].split()
    if len(word) > 4
}


def write(
    path: Path, rows: list[dict[str, str]], columns: list[str] = COLUMNS, delimiter: str = ",", encoding: str = "utf-8"
) -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("linked")
    assert cli.main(["link", str(write(folder / "all.csv", ROWS)), "--out", str(folder / "out")]) == 0
    return folder


class TestLink:
    def test_every_record_is_in_one_cluster(self, linked: Path) -> None:
        rows = read(linked / "out" / "clusters.csv")
        assert sorted((row["source"], row["record_id"]) for row in rows) == sorted(
            (row["source"], row["record_id"]) for row in ROWS
        )
        assert len({row["cluster_id"] for row in rows}) < len(rows)

    def test_links_say_why(self, linked: Path) -> None:
        rows = read(linked / "out" / "links.csv")
        assert list(rows[0]) == ["record_id_l", "source_l", "record_id_r", "source_r", "probability", "because"]
        assert all(0.95 <= float(row["probability"]) <= 1 and row["because"] for row in rows)

    def test_no_name_in_what_is_left_behind(self, linked: Path) -> None:
        for name in ("links.csv", "clusters.csv", "model.json", "report.html"):
            text = (linked / "out" / name).read_text("utf-8")
            assert not [one for one in NAMES if f">{one}" in text or f" {one} " in text or f",{one}," in text]

    def test_results_are_for_the_owner_alone(self, linked: Path) -> None:
        assert {path.stat().st_mode & 0o077 for path in (linked / "out").iterdir()} == {0}

    def test_the_report_says_what_was_compared_and_how_good_it_is(self, linked: Path) -> None:
        text = (linked / "out" / "report.html").read_text("utf-8")
        for words in (
            "Precision of the links, estimated",
            "given_name",
            "<svg",
            "Pairs nearest to the threshold",
            "between",
        ):
            assert words in text
        assert "<script" not in text

    def test_a_model_is_used_again(self, linked: Path, capsys: pytest.CaptureFixture[str]) -> None:
        words = [
            "link",
            str(linked / "all.csv"),
            "--out",
            str(linked / "again"),
            "--model",
            str(linked / "out" / "model.json"),
        ]
        assert cli.main(words) == 0
        first, second = (json.loads((linked / one / "model.json").read_text("utf-8")) for one in ("out", "again"))
        assert first["comparisons"] == second["comparisons"]

    def test_two_lists_in_either_order_give_the_same(self, tmp_path: Path) -> None:
        one, other = write(tmp_path / "one.csv", ROWS[:200]), write(tmp_path / "other.csv", ROWS[200:])
        for name, lists in (("ab", [one, other]), ("ba", [other, one])):
            assert cli.main(["link", *map(str, lists), "--out", str(tmp_path / name)]) == 0
        for file in ("links.csv", "clusters.csv", "model.json"):
            assert (tmp_path / "ab" / file).read_bytes() == (tmp_path / "ba" / file).read_bytes()

    def test_decisions_are_obeyed_and_contradictions_told(
        self, linked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        link = read(linked / "out" / "links.csv")[0]
        decided = link | {"decision": "not same"}
        columns = ["source_l", "record_id_l", "source_r", "record_id_r", "decision"]
        decisions = write(tmp_path / "decisions.csv", [decided], columns)
        words = ["link", str(linked / "all.csv"), "--out", str(tmp_path / "out"), "--decisions", str(decisions)]
        assert cli.main(words) == 0
        cluster = {
            (row["source"], row["record_id"]): row["cluster_id"] for row in read(tmp_path / "out" / "clusters.csv")
        }
        assert cluster[link["source_l"], link["record_id_l"]] != cluster[link["source_r"], link["record_id_r"]]
        write(decisions, [decided, decided | {"decision": "same"}], columns)
        assert cli.main(words) == 2
        assert "contradict" in capsys.readouterr().err


class TestBadLists:
    @pytest.mark.parametrize(
        ("delimiter", "encoding"), [(";", "utf-8"), ("\t", "utf-8-sig"), ("|", "utf-16"), (",", "utf-8-sig")]
    )
    def test_delimiters_and_encodings_are_found(self, tmp_path: Path, delimiter: str, encoding: str) -> None:
        path = write(tmp_path / "a.csv", ROWS[:50], delimiter=delimiter, encoding=encoding)
        assert cli.main(["link", str(path), "--out", str(tmp_path / "out")]) == 0
        assert len(read(tmp_path / "out" / "clusters.csv")) == 50

    def test_broken_text_is_told_and_kept(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(
            "record_id,family_name,given_name\n1,Nguyễn,Lan\n2,Ph\xe9\xff\x00,Đào\n3,Võ,Mỹ\n".encode().replace(
                "é".encode(), b"\xe9"
            )
        )
        assert cli.main(["link", str(path), "--out", str(tmp_path / "out")]) == 0
        assert len(read(tmp_path / "out" / "clusters.csv")) == 3
        assert "no valid text" in capsys.readouterr().out

    def test_formulas_stay_text(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        rows = [ROWS[0] | {"record_id": '=HYPERLINK("http://x")', "given_name": "=cmd|' /C calc'!A0"}, ROWS[1]]
        assert cli.main(["link", str(write(tmp_path / "a.csv", rows)), "--out", str(tmp_path / "out")]) == 0
        text = (tmp_path / "out" / "clusters.csv").read_text("utf-8")
        assert "'=HYPERLINK" in text
        assert ",=" not in text
        assert "formula" in capsys.readouterr().out

    def test_mixed_dates_short_rows_empty_and_repeated_identifiers(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "a.csv"
        path.write_text(
            "record_id,family_name,given_name,birth_date,extra\n1,Sok,Dara,2001-05-07,x\n1,Sok,Dara,07/05/2001\n,Keo,Rithy,2544\n"
            "\n5,,,\n6,Heng,Bopha,sometime,y\n7,Ly,Thida,17,z,too,many\n", "utf-8",
        )  # fmt: skip
        assert cli.main(["link", str(path), "--out", str(tmp_path / "out")]) == 0
        said = capsys.readouterr().out
        assert len(read(tmp_path / "out" / "clusters.csv")) == 6
        for words in (
            "occurs again",
            "without record_id",
            "cannot be read",
            "more or fewer cells",
            "nothing about a person",
        ):
            assert words in said
        assert not any(name in said for name in ("Sok", "Dara", "Bopha"))

    @pytest.mark.parametrize(
        ("text", "words"),
        [("", "empty"), ("a,b\n1,2\n", "No column"), ("\n\n", "empty"), ("record_id,sex\n1,f\n", "No column")],
    )
    def test_what_is_no_list_is_refused_in_a_sentence(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
    ) -> None:
        (tmp_path / "a.csv").write_text(text, "utf-8")
        assert cli.main(["link", str(tmp_path / "a.csv"), "--out", str(tmp_path / "out")]) == 2
        assert words in capsys.readouterr().err
        assert not (tmp_path / "out").exists()

    def test_a_missing_file_and_a_wrong_map(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(["link", str(tmp_path / "none.csv"), "--out", str(tmp_path / "out")]) == 2
        path = write(tmp_path / "a.csv", ROWS[:5])
        assert cli.main(["link", str(path), "--out", str(tmp_path / "out"), "--map", "family_name=Nachname"]) == 2
        assert "Nachname" in capsys.readouterr().err

    def test_columns_by_other_names(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "a.csv"
        path.write_text("No,Nachname,First Name,DOB\n1,Sok,Dara,2001\n2,Sok,Dara,2001\n", "utf-8")
        assert cli.main(["link", str(path), "--out", str(tmp_path / "out"), "--map", "family_name=Nachname"]) == 0
        assert "record_id, family_name, given_name, birth_date" in capsys.readouterr().out


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "key"
    encode.new_key(path)
    return path


class TestEncoded:
    def encoded(self, tmp_path: Path, key: Path, name: str, rows: list[dict[str, str]], *more: str) -> Path:
        out = tmp_path / f"{name}.tokens.csv"
        words = ["encode", str(write(tmp_path / f"{name}.csv", rows)), "--key-file", str(key), "--out", str(out), *more]
        assert cli.main(words) == 0
        return out

    @pytest.mark.parametrize("strength", encode.STRENGTHS)
    def test_tokens_hold_no_name_date_or_number(self, tmp_path: Path, key: Path, strength: str) -> None:
        text = self.encoded(tmp_path, key, "a", ROWS, "--strength", strength).read_text("utf-8").lower()
        for row in ROWS:
            for name in ("family_name", "given_name", "mother_name", "birth_date", "phone", "document_number"):
                assert len(row[name]) < 5 or row[name].lower() not in text
            assert row["record_id"].lower() not in text

    def test_two_agencies_link_without_names(self, tmp_path: Path, key: Path) -> None:
        halves = [ROWS[:200], ROWS[200:]]
        tokens = [
            self.encoded(tmp_path, key, f"half{n}", half, "--lookup", str(tmp_path / f"look{n}"))
            for n, half in enumerate(halves)
        ]
        assert cli.main(["link-encoded", *map(str, tokens), "--out", str(tmp_path / "out")]) == 0
        person = {row["record_id"]: row["person"] for row in ROWS}
        looked = {row["record"]: row["record_id"] for n in (0, 1) for row in read(tmp_path / f"look{n}")}
        links = read(tmp_path / "out" / "links.csv")
        right = [person[looked[row["record_id_l"]]] == person[looked[row["record_id_r"]]] for row in links]
        assert len(right) > 100
        assert sum(right) / len(right) > 0.95

    def test_the_same_record_has_the_same_token_only_under_the_same_key(self, tmp_path: Path, key: Path) -> None:
        first = self.encoded(tmp_path, key, "a", ROWS[:20]).read_text("utf-8")
        assert self.encoded(tmp_path, key, "a", ROWS[19::-1]).read_text("utf-8") == first
        other_key = tmp_path / "other"
        encode.new_key(other_key)
        other = self.encoded(tmp_path, other_key, "a", ROWS[:20]).read_text("utf-8")
        codes = [
            {cell for line in text.splitlines()[2:] for cell in line.split(",") if len(cell) > 8}
            for text in (first, other)
        ]
        assert not codes[0] & codes[1]

    def test_lists_under_different_keys_are_refused(
        self, tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        other_key = tmp_path / "other"
        encode.new_key(other_key)
        lists = [self.encoded(tmp_path, key, "a", ROWS[:5]), self.encoded(tmp_path, other_key, "b", ROWS[5:9])]
        assert cli.main(["link-encoded", *map(str, lists), "--out", str(tmp_path / "out")]) == 2
        assert "different keys" in capsys.readouterr().err

    def test_bad_keys_and_bad_tokens_are_refused(
        self, tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = write(tmp_path / "a.csv", ROWS[:5])
        for text in ("", "short", "spean linkage key 1\nzz\n", "spean linkage key 1\nabcd\n"):
            (tmp_path / "bad").write_text(text, "utf-8")
            assert (
                cli.main(["encode", str(path), "--key-file", str(tmp_path / "bad"), "--out", str(tmp_path / "t")]) == 2
            )
        assert cli.main(["encode", str(path), "--key-file", str(key), "--new-key", "--out", str(tmp_path / "t")]) == 2
        assert cli.main(["link-encoded", str(path), "--out", str(tmp_path / "out")]) == 2
        tokens = self.encoded(tmp_path, key, "a", ROWS[:5])
        tokens.write_text(tokens.read_text("utf-8").replace(".", "!", 3), "utf-8")
        assert cli.main(["link-encoded", str(tokens), "--out", str(tmp_path / "out")]) == 2
        assert "no row of tokens" in capsys.readouterr().err

    def test_a_key_file_is_for_its_owner_alone(self, key: Path) -> None:
        assert key.stat().st_mode & 0o077 == 0
        assert encode.fingerprint(encode.read_key(key)) not in key.read_text("ascii")
