"""`spean screen` as it is used: JSON in, JSON out; every fault on its own line and no result."""

import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spean.cli import main

REPOSITORY = Path(__file__).parents[2]
VIGNETTES: list[dict[str, Any]] = json.loads(
    (REPOSITORY / "countries" / "cambodia" / "demo" / "vignettes.json").read_text("utf-8")
)["vignettes"]
GOOD: dict[str, Any] = {
    "instrument": "ilo_2009",
    "age": 17,
    "age_disputed": False,
    "exploitation": "labour",
    "acts": ["recruitment"],
    "answers": {"CD-DEBT": "yes", "DR-JOB": "no"},
}


class Screened:
    """What one run of the command did."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out = status, out
        self.faults = [line.removeprefix("spean screen: ") for line in err.splitlines()]

    @property
    def answer(self) -> Any:
        assert (self.status, self.faults) == (0, [])
        return json.loads(self.out)


class Shell:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file, self.capsys = folder / "screening.json", capsys

    def raw(self, content: bytes, *options: str) -> Screened:
        self.file.write_bytes(content)
        return self.run(str(self.file), *options)

    def run(self, *words: str) -> Screened:
        status = main(["screen", *words])
        captured = self.capsys.readouterr()
        return Screened(status, captured.out, captured.err)

    def __call__(self, data: Any, *options: str) -> Screened:
        return self.raw(json.dumps(data).encode(), *options)


@pytest.fixture
def screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


def test_the_answer_has_exactly_the_promised_form(screen: Shell) -> None:
    answer = screen(GOOD).answer
    reasons = answer.pop("reasons")
    nothing = {"positive": False, "strong": 0, "medium": 0, "weak": 0}
    assert answer == {
        "instrument": "ilo_2009",
        "version": "2009.1",
        "population": "child",
        "dimensions": {
            "DR": nothing,
            "CR": nothing,
            "RV": nothing,
            "EX": nothing,
            "CD": {"positive": False, "strong": 1, "medium": 0, "weak": 0},
            "VD": nothing,
        },
        "elements": {
            "act": {"status": "strong", "evidence": ["recruitment"]},
            "means": {"status": "not_required", "evidence": []},
            "purpose": {"status": "unknown", "evidence": []},
        },
        "result": "insufficient_information",
        "ilo_category": "none",
        "unverified": [],
    }
    assert reasons
    assert all(isinstance(reason, str) for reason in reasons)


@pytest.mark.parametrize("vignette", VIGNETTES, ids=lambda vignette: str(vignette["id"]))
def test_the_people_of_the_source_documents(screen: Shell, vignette: dict[str, Any]) -> None:
    answer = screen(vignette["screening"]).answer
    expected = vignette["expected_screening"]
    assert {name: element["status"] for name, element in answer["elements"].items()} == expected["elements"]
    for part in ("population", "dimensions", "result", "ilo_category"):
        assert answer[part] == expected[part]


def test_evidence_and_unverified_strengths_are_named(screen: Shell) -> None:
    answer = screen(VIGNETTES[1]["screening"]).answer
    assert answer["elements"] == {
        "act": {"status": "strong", "evidence": ["recruitment", "transfer"]},
        "means": {"status": "strong", "evidence": ["DR-JOB", "DR-PAY", "CD-DEBT", "CD-TASKS"]},
        "purpose": {"status": "some", "evidence": ["EX-PAYLOW", "EX-HAZARD"]},
    }
    # Of the sexual list only forced tasks has a strength read in a source.
    assert answer["unverified"] == ["DR-JOB", "DR-PAY", "EX-PAYLOW", "EX-HAZARD", "CD-DEBT"]
    assert any("not yet verified" in reason for reason in answer["reasons"])


@pytest.mark.parametrize("missing", ["instrument", "age", "age_disputed", "acts", "answers"])
def test_what_is_absent_is_not_known(screen: Shell, missing: str) -> None:
    less = {key: value for key, value in GOOD.items() if key != missing}
    answer = screen(less).answer
    assert answer["instrument"] == "ilo_2009"
    if missing == "age":
        assert answer["population"] == "adult"
    if missing == "acts":
        assert answer["elements"]["act"]["status"] == "unknown"


def test_null_is_not_known_and_an_empty_list_is_none(screen: Shell) -> None:
    unknown = screen(GOOD | {"age": None, "acts": None, "forms": None}).answer
    assert (unknown["population"], unknown["elements"]["act"]["status"]) == ("adult", "unknown")
    assert screen(GOOD | {"acts": []}).answer["elements"]["act"]["status"] == "none"


def test_standard_input(screen: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    piped = io.TextIOWrapper(io.BytesIO(json.dumps(GOOD).encode()))
    monkeypatch.setattr(sys, "stdin", piped)
    assert screen.run("-").answer == screen(GOOD).answer


def test_a_file_from_a_windows_editor(screen: Shell) -> None:
    marked = "\ufeff" + json.dumps(GOOD).replace(", ", ",\r\n")
    assert screen.raw(marked.encode()).answer == screen(GOOD).answer


def test_the_order_of_keys_does_not_matter(screen: Shell) -> None:
    turned = dict(reversed(GOOD.items())) | {"answers": dict(reversed(GOOD["answers"].items()))}
    assert screen(turned).out == screen(GOOD).out


def test_labels_come_in_the_language_asked_for(screen: Shell) -> None:
    english, khmer = screen(GOOD), screen(GOOD, "--language", "km")
    assert any("Bound by debt" in reason for reason in english.answer["reasons"])
    assert not any("Bound by debt" in reason for reason in khmer.answer["reasons"])
    assert any("\u1780" <= sign <= "\u17ff" for sign in khmer.out)
    for answer in (english.answer, khmer.answer):
        answer.pop("reasons")
    assert english.answer["elements"] == khmer.answer["elements"]


def test_a_checklist_is_judged_by_the_same_rule(screen: Shell) -> None:
    told = {
        "instrument": "first_responder",
        "age": 30,
        "exploitation": "labour",
        "acts": ["recruitment"],
        "answers": {"FR09": "yes", "FR05": "yes", "FR11": "yes", "FR10": "declined", "FR07": "no"},
    }
    answer = screen(told).answer
    assert answer["instrument"] == "first_responder"
    assert "CD-DEBT" in answer["elements"]["means"]["evidence"]
    assert "EX-HOURS" in answer["elements"]["purpose"]["evidence"]
    assert answer["result"] == "presumed_victim"
    assert screen(told | {"answers": {}}).answer["result"] == "insufficient_information"


def test_a_checklist_takes_its_own_questions_only(screen: Shell) -> None:
    wrong = screen(GOOD | {"instrument": "first_responder"})
    assert (wrong.status, wrong.out) == (2, "")
    assert len(wrong.faults) == 2


# --- faults ---------------------------------------------------------------------------------


def answers(**given: Any) -> dict[str, Any]:
    return GOOD | {"answers": {key.replace("_", "-"): answer for key, answer in given.items()}}


FAULTS: list[tuple[Any, str]] = [
    (GOOD | {"ages": 3}, 'unknown key "ages"; did you mean "age"?'),
    (GOOD | {"consent": True}, 'unknown key "consent"'),
    (GOOD | {"": 1}, 'unknown key ""'),
    *((GOOD | {"age": age}, '"age" must be a whole number from 0 to 120, or null, not ') for age in
      (-1, 121, 10**30, 17.0, 17.5, True, False, "17", "", [], {})),
    *((GOOD | {"age_disputed": value}, '"age_disputed" must be true or false, not ') for value in
      (0, 1, "true", None, [])),
    ({key: value for key, value in GOOD.items() if key != "exploitation"}, '"exploitation" is missing'),
    *((GOOD | {"exploitation": value}, '"exploitation" must be "labour" or "sexual", not ') for value in
      (None, "", "Labour", "organ", 1, ["labour"], {})),
    *((GOOD | {"acts": value}, '"acts" must be a list, or null, not ') for value in
      ("recruitment", {}, 0, False, "")),
    *((GOOD | {"acts": [value]}, '"acts" must not hold ') for value in
      ("Recruitment", "sale", "", None, 1, True, [], {}, ["recruitment"])),
    (GOOD | {"acts": ["receipt", "receipt", "receipt"]}, '"acts" holds "receipt" more than once'),
    *((GOOD | {"forms": value}, '"forms" must be a list, or null, not ') for value in ("Other", {}, 3)),
    *((GOOD | {"forms": [value]}, '"forms" must not hold ') for value in
      ("sexual", "sexualexploitation", None, 7, ["Other"])),
    (GOOD | {"forms": ["Other", "Other"]}, '"forms" holds "Other" more than once'),
    *((GOOD | {"answers": value}, '"answers" must be an object of keys and answers, not ') for value in
      (None, [], "yes", 1, [["CD-DEBT", "yes"]])),
    *((answers(CD_DEBT=value), 'the answer to "CD-DEBT" must be one of ') for value in
      ("Yes", "maybe", "", "YES ", "true", None, True, 1, [], {}, ["yes"])),
    (answers(CD_DEBTS="yes"), 'unknown indicator "CD-DEBTS"'),
    (answers(DEBT="no"), 'unknown indicator "DEBT"'),
    (GOOD | {"answers": {"AL-CD-DEBT": "yes"}}, 'unknown indicator "AL-CD-DEBT"'),
    (GOOD | {"answers": {"cd-debt": "yes"}}, 'unknown indicator "cd-debt"'),
    (GOOD | {"answers": {"CD-DEBT ": "yes"}}, 'unknown indicator "CD-DEBT "'),
    (GOOD | {"answers": {"": "not_asked"}}, 'unknown indicator ""'),
    # A question for adults put to a child: in the file, but not in this list.
    (answers(RV_FALSELAW="no"), "not in the child labour list of ilo_2009, only in another list"),
    (answers(EX_NOSOC="not_asked"), "not in the child labour list of ilo_2009, only in another list"),
    *((GOOD | {"instrument": value}, '"instrument" must be the name of an instrument, not ') for value in
      (None, 1, [], {})),
    (GOOD | {"instrument": "ilo_2008", "answers": {}}, 'unknown instrument "ilo_2008"'),
    (GOOD | {"instrument": "", "answers": {}}, 'unknown instrument ""'),
    (GOOD | {"instrument": "../ilo_2009", "answers": {}}, 'unknown instrument "../ilo_2009"'),
    (GOOD | {"instrument": "commit_2016"}, 'the instrument "commit_2016" is an empty slot'),
    ([], "a JSON object is expected, not a list"),
    ([GOOD], "a JSON object is expected, not a list"),
    (None, "a JSON object is expected, not null"),
    ("text", 'a JSON object is expected, not "text"'),
    (3, "a JSON object is expected, not 3"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "fault"), FAULTS)
def test_one_fault_is_one_line_and_no_result(screen: Shell, data: Any, fault: str) -> None:
    screened = screen(data)
    assert (screened.status, screened.out) == (2, "")
    assert len(screened.faults) == 1
    assert fault in screened.faults[0]


TEXTS = [
    (b"", "the input is empty"),
    (b" \n\t", "the input is empty"),
    (b"\xef\xbb\xbf", "the input is empty"),
    (b"{", "broken JSON at line 1, column 2"),
    (b'{"age": 17,\n "exploitation" "labour"}', "broken JSON at line 2, column 17"),
    (b'{"age": 17,}', "broken JSON at line 1, column 1"),
    (b"{'age': 17}", "broken JSON at line 1, column 2"),
    (b'{"age": 17} {"age": 18}', "broken JSON at line 1, column 13: Extra data"),
    (b'{"age": 017}', "broken JSON at line 1, column "),
    (b'{"age": NaN}', "broken JSON: NaN is not a JSON value"),
    (b'{"age": -Infinity}', "broken JSON: -Infinity is not a JSON value"),
    (b'{"age": 1' + b"0" * 5000 + b"}", "broken JSON: a number has too many digits"),
    (b"[" * 200_000, "broken JSON: nested too deeply"),
    (b'{"a":' * 100_000, "broken JSON: nested too deeply"),
    (b'{"age": "\x01"}', "broken JSON at line 1, column "),
    (b'{"age": 17, "exploitation": "lab\xff"}', "is not UTF-8 text (byte 33)"),
    ('{"age": 17}'.encode("utf-16"), "is not UTF-8 text (byte 1)"),
    (b" " * 1_000_001, "is larger than 1,000,000 bytes"),
]


@pytest.mark.parametrize(("content", "fault"), TEXTS, ids=[fault for _, fault in TEXTS])
def test_text_that_is_not_json(screen: Shell, content: bytes, fault: str) -> None:
    screened = screen.raw(content)
    assert (screened.status, screened.out, len(screened.faults)) == (2, "", 1)
    assert fault in screened.faults[0]


def test_a_number_beyond_all_numbers_is_no_age(screen: Shell) -> None:
    screened = screen.raw(b'{"exploitation": "labour", "age": 1e999}')
    assert (screened.status, screened.out) == (2, "")
    assert screened.faults == ['"age" must be a whole number from 0 to 120, or null, not Infinity']


def test_a_key_may_stand_only_once(screen: Shell) -> None:
    text = json.dumps(GOOD)[:-1] + ', "age": 30, "answers": {"CD-DEBT": "no", "CD-DEBT": "yes"}, "ages": 1}'
    screened = screen.raw(text.encode())
    assert (screened.status, screened.out) == (2, "")
    assert sorted(screened.faults) == [
        'the key "CD-DEBT" stands more than once',
        'the key "age" stands more than once',
        'the key "answers" stands more than once',
        'unknown key "ages"; did you mean "age"?',
    ]


def test_every_fault_is_named_at_once(screen: Shell) -> None:
    screened = screen(
        {
            "instrument": "ilo",
            "aeg": 1,
            "age": -3,
            "age_disputed": "no",
            "exploitation": "both",
            "acts": ["sale", "receipt", "receipt"],
            "forms": ["Slavery"],
            "answers": {"DR-JOB": "perhaps", "XX": "yes"},
        }
    )
    assert (screened.status, screened.out) == (2, "")
    named = ('"aeg"', '"ilo"', "-3", '"no"', '"both"', '"sale"', '"receipt"', '"Slavery"', '"perhaps"')
    assert len(screened.faults) == len(named)
    for word, fault in zip(named, screened.faults, strict=False):
        assert any(word in line for line in screened.faults), fault
    faulty_list = screen(GOOD | {"age": -3, "answers": {"XX": "yes", "EX-NOSOC": "no", "DR-JOB": "si"}})
    # With a faulty age the list is not known: a key of either list is let pass, others are not.
    assert [line.split(",")[0] for line in faulty_list.faults] == [
        '"age" must be a whole number from 0 to 120',
        'the answer to "DR-JOB" must be one of yes',
        'unknown indicator "XX": not in ilo_2009',
    ]


def test_nothing_from_the_input_can_break_lines_or_steer_the_terminal(screen: Shell) -> None:
    nasty = "A\n\x1b[31mspean screen: all is well\u2028\u202e\ud800" + "x" * 500
    screened = screen(GOOD | {nasty: 1, "age": nasty, "acts": [nasty], "answers": {nasty: nasty}})
    assert (screened.status, screened.out, len(screened.faults)) == (2, "", 5)
    for fault in screened.faults:
        assert fault.isprintable()
        assert len(fault) < 300


def test_many_faults_do_not_take_forever(screen: Shell) -> None:
    screened = screen(GOOD | {"answers": {f"DR-JOB{number}": "yes" for number in range(20_000)}})
    assert (screened.status, screened.out, len(screened.faults)) == (2, "", 20_000)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["missing.json"], '"missing.json": there is no such file'),
        (["."], '"." is a directory, not a file'),
        (["a\0b"], "cannot be read"),
        (["x" * 5000], "cannot be read"),
        (["-", "--language", "xx"], 'unknown language "xx"; one of en, km'),
        (["-", "--country", "atlantis"], "atlantis"),
        (["-", "--country", "../cambodia"], "../cambodia"),
    ],
)
def test_what_cannot_be_opened(
    screen: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    screened = screen.run(*words)
    assert (screened.status, screened.out, len(screened.faults)) == (2, "", 1)
    assert fault in screened.faults[0]


def test_a_file_one_may_not_read(screen: Shell) -> None:
    screen.file.write_text(json.dumps(GOOD))
    screen.file.chmod(0)
    if os.access(screen.file, os.R_OK):
        pytest.skip("this user may read every file")
    screened = screen.run(str(screen.file))
    screen.file.chmod(stat.S_IRUSR)
    assert (screened.status, screened.out) == (2, "")
    assert "you may not read this file" in screened.faults[0]


def test_an_endless_file_is_not_read_to_its_end(screen: Shell) -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("no /dev/zero here")
    assert "is larger than" in screen.run("/dev/zero").faults[0]


# --- as a process ---------------------------------------------------------------------------


def process(arguments: list[str], given: bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DJANGO", "SPEAN", "PYTHON"))}
    return subprocess.run(
        [sys.executable, "-m", "spean.cli", *arguments],
        input=given,
        capture_output=True,
        cwd=REPOSITORY,
        env=kept | environment,
        check=False,
    )


def test_it_needs_neither_settings_nor_database() -> None:
    ended = process(["screen", "-"], json.dumps(GOOD).encode(), DATABASE_URL="postgres://nobody@127.0.0.1:1/none")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert json.loads(ended.stdout)["population"] == "child"


def test_khmer_reaches_an_output_that_cannot_carry_it() -> None:
    ended = process(["screen", "-", "--language", "km"], json.dumps(GOOD).encode(), PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert "\u1780" <= max("".join(json.loads(ended.stdout.decode("ascii"))["reasons"])) <= "\u17ff"


def test_a_broken_country_variable_is_a_message() -> None:
    ended = process(["screen", "-"], b"{}", SPEAN_COUNTRY="atlantis")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert len(ended.stderr.splitlines()) == 1
