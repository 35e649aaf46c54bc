"""`spean country check`: whole packs pass, and every planted fault is found with its file and line."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from spean.country import check
from spean.country.pack import Pack

Plant = Callable[[Path], None]


def swap(name: str, old: str, new: str, count: int = 1) -> Plant:
    """Replace text in one file of the pack."""

    def plant(folder: Path) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new, count), encoding="utf-8")

    return plant


def append(name: str, line: str) -> Plant:
    def plant(folder: Path) -> None:
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")

    return plant


def remove(name: str) -> Plant:
    return lambda folder: (folder / name).unlink()


def drop(name: str, start: str) -> Plant:
    """Delete the line that begins so."""

    def plant(folder: Path) -> None:
        path = folder / name
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(start)]
        assert len(kept) == len(lines) - 1
        path.write_text("".join(kept), encoding="utf-8")

    return plant


SEX = "codelists/sex.csv"
ANSWER = "codelists/answer.csv"
RISK = "codelists/risk_factor.csv"
FORM = "codelists/exploitation_form.csv"
SERVICE = "codelists/service_type.csv"
ILO = "instruments/ilo_2009/form.md"
LIST = "instruments/first_responder/form.md"
BUS = "instruments/transit_centre/form.md"
TALK = "instruments/intake/form.md"

# Each: an identifier, what is planted, and the one line that must be said of it.
FAULTS: list[tuple[str, Plant, str]] = [
    # pack.toml
    ("no pack", remove("pack.toml"), r"pack\.toml: this file is missing"),
    ("broken toml", swap("pack.toml", "[title]", "[title"), r"pack\.toml:\d+: not readable TOML"),
    (
        "wrong name",
        swap("pack.toml", '"cambodia"', '"laos"'),
        r"pack\.toml:\d+: name 'laos' is not the name of the folder",
    ),
    ("no version", swap("pack.toml", 'version = "2026.1"', ""), r"pack\.toml: version is missing"),
    ("no english", swap("pack.toml", '"en", ', ""), r"pack\.toml:\d+: languages must be a list with en"),
    ("odd default", swap("pack.toml", 'default_language = "km"', 'default_language = "fr"'), r"default_language 'fr'"),
    ("time zone", swap("pack.toml", "Asia/Phnom_Penh", "Asia/Angkor"), r"pack\.toml:\d+: timezone 'Asia/Angkor'"),
    (
        "translation unstated",
        swap("pack.toml", "checked = false", "", 1),
        r"pack\.toml:\d+: \[translations\.km\] must say",
    ),
    # code lists
    ("list missing", remove(SEX), r"sex\.csv: this file is missing"),
    ("column missing", swap(SEX, "label_km", "label_kh"), r"sex\.csv:1: the column 'label_km' is missing"),
    ("column twice", swap(SEX, ",note", ",code"), r"sex\.csv:1: the column 'code' stands more than once"),
    ("own column missing", swap(SERVICE, ",needs", ",wants"), r"service_type\.csv:1: the column 'needs' is missing"),
    ("too few cells", append(SEX, "x,X"), r"sex\.csv:8: 2 cells where the header has 10"),
    ("broken quote", append(SEX, 'x,"X'), r"sex\.csv:8: not a readable CSV line"),
    ("code twice", append(RISK, "pregnant,A,ក,,,,,,false,"), r"risk_factor\.csv:21: the code 'pregnant' already .* 14"),
    ("code missing", append(RISK, ",A,ក,,,,,,false,"), r"risk_factor\.csv:21: the code is missing"),
    ("code with a space", append(RISK, "no go,A,ក,,,,,,false,"), r"risk_factor\.csv:21: the code 'no go' is not"),
    ("code not Latin", append(RISK, "ក,A,ក,,,,,,false,"), r"risk_factor\.csv:21: the code 'ក' is not"),
    ("english missing", append(RISK, "a,,ក,,,,,,false,"), r"risk_factor\.csv:21: label_en of 'a' is missing"),
    ("khmer missing", append(RISK, "a,A,,,,,,,false,"), r"risk_factor\.csv:21: label_km of 'a' is missing"),
    (
        "khmer is english",
        append(RISK, "a,A,A,,,,,,false,"),
        r"risk_factor\.csv:21: label_km of 'a' is not in the script",
    ),
    ("broken character", append(RISK, "a,\ufffd,ក,,,,,,false,"), r":21: label_en of 'a' holds a broken character"),
    ("same words", append(RISK, "a,Pregnant,ក,,,,,,false,"), r":21: label_en of 'a' is the same as that of 'pregnant'"),
    ("no date", append(RISK, "a,A,ក,01/02/2025,,,,,false,"), r":21: valid_from '01/02/2025' is not a date"),
    (
        "dates crossed",
        append(RISK, "a,A,ក,2025-02-01,2025-01-01,,,,false,"),
        r":21: valid_to 2025-01-01 is before valid_from",
    ),
    ("unsaid flag", append(RISK, "a,A,ក,,,,,,,"), r"risk_factor\.csv:21: verified must be true or false, not ''"),
    ("core code gone", drop(FORM, "ForcedLabour,"), r"exploitation_form\.csv: the code 'ForcedLabour' is missing"),
    (
        "core code retired",
        swap(
            ANSWER,
            "declined,Does not want to answer,មិនចង់ឆ្លើយ,,",
            "declined,Does not want to answer,មិនចង់ឆ្លើយ,,2025-01-01",
        ),
        r"answer\.csv:5: the code 'declined' cannot go out of use",
    ),
    ("closed list", append(ANSWER, "maybe,Maybe,ប្រហែល,,,,,,true,,,"), r"answer\.csv: the code 'maybe' cannot be added"),
    ("htcds unknown", swap(SEX, "Feminine", "Female"), r"sex\.csv:2: htcds 'Female' is not in prs_Gender"),
    ("htcds not wanted", append(RISK, "a,A,ក,,,Other,,,false,"), r":21: htcds 'Other': this list is not exported"),
    ("ctdc column", swap(FORM, "isForcedLabour", "isForced"), r"exploitation_form\.csv:2: ctdc 'isForced' is not"),
    ("ctdc value", swap(SEX, "gender=Woman", "gender=Female"), r"sex\.csv:2: ctdc 'Female' is not a value"),
    ("ictip unknown", swap(SEX, "VICTIM.sex.02", "VICTIM.sex.09"), r"sex\.csv:2: ictip 'VICTIM\.sex\.09' is not"),
    (
        "role in process",
        swap("codelists/act.csv", "Transporter", "Driver"),
        r"act\.csv:3: htcds 'Driver' is not in per_RoleInProcess",
    ),
    ("need unknown", swap(SERVICE, "safety;family;", "safety;fun;"), r"service_type\.csv:2: needs 'fun' is not in"),
    ("country code", swap("codelists/nationality.csv", ",KH,", ",K,"), r"nationality\.csv:2: alpha_2 'K' is not"),
    ("not utf-8", lambda folder: (folder / SEX).write_bytes(b"code\n\xff\xfe"), r"sex\.csv:2: this is not UTF-8"),
    ("empty file", lambda folder: (folder / SEX).write_bytes(b""), r"sex\.csv:1: the header is missing"),
    # geography
    ("zero lost", swap("geography/districts.csv", "\n0102,", "\n102,"), r"districts\.csv:2: the code '102' of a dist"),
    ("orphan", append("geography/communes.csv", "990101,A,ក,,,,"), r"communes\.csv:\d+: the commune '990101' lies in"),
    ("place twice", append("geography/provinces.csv", "01,KH-1,A,ក,,,,,"), r"provinces\.csv:4: the code '01' already"),
    (
        "short gazetteer",
        drop("geography/villages.csv", "01020105,"),
        r"villages\.csv: 24 places, but pack\.toml states",
    ),
    ("nameless", swap("geography/villages.csv", "Ou Thum", ""), r"villages\.csv:2: name_en of '01020101' is missing"),
    ("off the globe", swap("geography/provinces.csv", "13.79891", "137.9891"), r"provinces\.csv:2: lat 137\.9891"),
    ("not a number", swap("geography/provinces.csv", "13.79891", "north"), r"provinces\.csv:2: lat 'north' is not"),
    (
        "no outline",
        swap("geography/provinces.geojson", '"ncdd": "12"', '"ncdd": "01"'),
        r"provinces\.geojson: the province '12' has no outline",
    ),
    ("no attribution", swap("geography/provinces.geojson", "attribution", "x"), r"provinces\.geojson: the attribution"),
    ("broken json", append("geography/provinces.geojson", "}"), r"provinces\.geojson:\d+: not readable JSON"),
    # how many people may be opened
    ("no role", swap("reveal.toml", "case_manager = 40", "case_mangler = 40"), r"toml:\d+: there is no role 'case_man"),
    ("no number", swap("reveal.toml", "case_manager = 40", 'case_manager = "many"'), r"case_manager must be a whole"),
    ("nobody", swap("reveal.toml", "case_manager = 40", "case_manager = 0"), r"toml:\d+: case_manager must be above z"),
    ("not a choice", swap("reveal.toml", "names_officers = false", "names_officers = 1"), r"must be true or false"),
    ("no such part", append("reveal.toml", "[tea]\nhours = 1"), r"reveal\.toml:\d+: nothing is called 'tea'"),
    # deadlines
    ("deadline missing", swap("deadlines.toml", "[assess_risk]", "[asses_risk]"), r"the deadline 'assess_risk' is mis"),
    ("deadline unknown", append("deadlines.toml", "[tea]\nhours = 1"), r"deadlines\.toml:\d+: no task has the dead"),
    ("no time", swap("deadlines.toml", "hours = 24", "hours = 0"), r"deadlines\.toml:\d+: acknowledge_referral must"),
    ("two spans", swap("deadlines.toml", "hours = 24", "hours = 24\ndays = 1"), r"toml:\d+: acknowledge_referral must"),
    (
        "no source",
        swap("deadlines.toml", "\nsource", "\nsauce"),
        r"toml:\d+: acknowledge_referral must name its source",
    ),
    ("unsaid", swap("deadlines.toml", "verified = false", ""), r"toml:\d+: \w+ must say verified"),
    # roles
    ("role missing", drop("roles.csv", "auditor,"), r"roles\.csv: the role 'auditor' is missing"),
    ("role unknown", append("roles.csv", "king,King,ស្តេច,Reigns,គ្រងរាជ្យ"), r"roles\.csv:17: there is no role 'king'"),
    ("title missing", swap("roles.csv", "សវនករ", ""), r"roles\.csv:15: title_km of 'auditor' is missing"),
    # law
    ("statute unknown", swap("law/articles.csv", ",PC,97", ",XX,97"), r"articles\.csv:54: the statute 'XX' is not in"),
    ("article twice", swap("law/articles.csv", "PC-97,", "PC-137,"), r"articles\.csv:55: the code 'PC-137' already"),
    ("flag", swap("law/articles.csv", "true,true,7,15", "yes,true,7,15"), r"articles\.csv:11: is_offence must be true"),
    (
        "years crossed",
        swap("law/articles.csv", "7,15,15,20", "17,15,15,20"),
        r":11: min_years 17 is more than max_years",
    ),
    (
        "penalty beyond the article",
        swap("law/articles.csv", "group,true,true,", "group,false,true,"),
        r":11: penalty_verified cannot be true while verified is false",
    ),
    # instruments
    ("default gone", swap("instruments/ilo_2009/instrument.toml", '"ready"', '"empty_slot"'), r"ilo_2009: this instr"),
    ("kind", swap(ILO, "| ilo_dimensions |", "| quiz |"), r"form\.md:\d+: settings: kind 'quiz' is not one of"),
    (
        "unnamed",
        swap("instruments/ilo_2009/instrument.toml", '"ilo_2009"', '"ilo"'),
        r"instrument\.toml:\d+: name 'ilo' is",
    ),
    ("other name", swap(TALK, "| intake |", "| outtake |"), r"form_id 'outtake' is not the name of the folder"),
    (
        "strength",
        swap(ILO, "| strong |", "| mighty |"),
        r"ilo_2009/form\.md:4: survey: strength 'mighty' is not one of",
    ),
    ("dimension", swap(ILO, "| DR | JOB |", "| XX | JOB |"), r"form\.md:4: survey: dimension 'XX' is not one of"),
    ("asked twice", swap(ILO, "| DR | PAY | adult", "| DR | JOB | adult"), r":5: survey: DR-JOB for this population"),
    (
        "maps to nothing",
        swap(LIST, "| DR-JOB |", "| DR-JOY |"),
        r"first_responder/form\.md:4: survey: maps_to 'DR-JOY'",
    ),
    (
        "slot filled",
        swap("instruments/commit_2016/instrument.toml", '"empty_slot"', '"ready"'),
        r"but has no questions",
    ),
    (
        "slot with questions",
        lambda folder: (folder / "instruments/commit_2016/form.md").write_text("| survey |\n", encoding="utf-8"),
        r"an empty slot must",
    ),
    ("no form", remove(BUS), r"transit_centre: the instrument is ready but has no questions"),
    (
        "unknown function",
        swap(BUS, "count-selected(${signs}))", "kount(${signs}))"),
        r"the function kount\(\) is not in the",
    ),
    ("left-out function", swap(BUS, "today()", "now()"), r"now\(\) is not in the profile: the phone's clock"),
    ("cycle", swap(BUS, "| age_band |", "| age_band2 |"), r"age_band"),
    (
        "column",
        swap(BUS, "| relevant |", "| relevent |"),
        r":2: survey: the column 'relevent' .* did you mean 'relevant'",
    ),
    ("type", swap(BUS, "| integer |", "| number |"), r"survey: the type 'number' is not in the profile"),
    ("no Khmer", swap(BUS, "| ថ្ងៃមកដល់ |", "|  |"), r"label of 'arrived_on' is missing in km"),
    (
        "read aloud, no Thai",
        swap(TALK, "คุณตกลงจะคุยกับฉันตอนนี้หรือไม่", ""),
        r"label of 'agrees' is missing in th; it is read",
    ),
    ("choice not in Vietnamese", swap(TALK, "| Khá giả |", "|  |"), r"choices: label of 'well_off' is missing in vi"),
    ("other script", swap(TALK, "| ថ្ងៃ | Ngày |", "| days | Ngày |"), r"label in km is not in the script"),
    (
        "list",
        swap(TALK, "select_one income", "select_one incame"),
        r"the list 'incame' is not in .* did you mean 'income'",
    ),
    ("bracket", swap(BUS, "if(${signs} = '', '', 'leaflet'))))", "if(${signs} = '', '', 'leaflet')))"), r"is missing"),
    (
        "repeat that may be hidden",
        swap(
            BUS,
            "| begin_repeat | traveller | Person | បុគ្គល |  |  |  |  |  |  |",
            "| begin_repeat | traveller | Person | បុគ្គល |  |  |  |  |  | ${on_board} > 1 |",
        ),
        r"calculation: it reads the repeat 'traveller', which may be hidden",
    ),
    (
        "cover",
        swap("instruments/cover.md", "| questions |", "| note |"),
        r"cover\.md: survey: a cover has one row of type",
    ),
    # rights
    ("rights missing", remove("rights/th.md"), r"rights/th\.md: this file is missing"),
    ("rights without version", swap("rights/km.md", "version:", "edition:"), r"rights/km\.md:1: the head names no ver"),
    (
        "rights in another script",
        lambda folder: (folder / "rights/th.md").write_bytes((folder / "rights/en.md").read_bytes()),
        r"rights/th\.md: the text is not in the script",
    ),
    # what else is said to a person
    ("words missing", remove("spoken/th.toml"), r"spoken/th\.toml: "),
    (
        "a point missing",
        swap("spoken/vi.toml", "told_access =", "told_acces ="),
        r"told_access of \[consent\] is missing",
    ),
    (
        "a point too many",
        swap("spoken/vi.toml", "told_access =", "told_acces ="),
        r"nothing in \[consent\] is called 'told_acces'",
    ),
    (
        "words in another script",
        swap("spoken/th.toml", "ขอเวลาคิดก่อน", "Later"),
        r"later of \[consent\] is not in the script",
    ),
]


def lines(folder: Path) -> list[str]:
    return [check._shown(fault) for fault in check.check(folder)]


def test_the_shipped_pack_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["cambodia"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("cambodia ")
    assert "no faults" in said
    assert "Not yet read by a native reader: km, vi, th." in said


def test_the_small_pack_is_whole(small_pack: Path) -> None:
    assert lines(small_pack) == []


@pytest.mark.parametrize(("plant", "said"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_planted_fault_is_found(broken_pack: Path, plant: Plant, said: str) -> None:
    plant(broken_pack)
    found = lines(broken_pack)
    assert [line for line in found if re.search(said, line)], found
    # A fault is one line, and it never drowns in others that only follow from it.
    assert all("\n" not in line for line in found)
    assert len(found) <= 8, found


def test_every_fault_is_said_not_only_the_first(broken_pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for plant in (
        append(RISK, "a,,ក,,,,,,false,"),
        append(RISK, "b,B,,,,,,,maybe,"),
        drop("roles.csv", "auditor,"),
        swap(SEX, "Feminine", "Female"),
    ):
        plant(broken_pack)
    assert check.main([str(broken_pack)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 6
    assert said[-1] == "cambodia: 5 faults."


def test_a_list_of_ones_own_is_welcome_and_checked(broken_pack: Path) -> None:
    header = "code,label_en,label_km,valid_from,valid_to,htcds,ctdc,ictip,verified,note\n"
    path = broken_pack / "codelists" / "fruit.csv"
    path.write_text(header + "apple,Apple,ប៉ោម,,,,,,true,\n", encoding="utf-8")
    assert lines(broken_pack) == []
    path.write_text(header + "apple,Apple,,,,,,,true,\n", encoding="utf-8")
    assert len(lines(broken_pack)) == 1


def test_codes_may_be_added_to_an_open_list(broken_pack: Path) -> None:
    append(RISK, "flood,Flood,ទឹកជំនន់,2026-01-01,,,,,false,")(broken_pack)
    assert lines(broken_pack) == []


@pytest.mark.parametrize(
    ("argv", "answer"), [(["atlantis"], 2), (["--all"], 2), (["--help"], 0), (["cambodia", "atlantis"], 2)]
)
def test_the_command_is_used_rightly_or_says_how(
    argv: list[str], answer: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.main(argv) == answer
    said = capsys.readouterr()
    assert len((said.out or said.err).splitlines()) == 1


def test_a_pack_may_leave_the_numbers_to_the_core(broken_pack: Path) -> None:
    (broken_pack / "reveal.toml").unlink()
    assert check.check(broken_pack) == []
    assert Pack(broken_pack).reveal.persons("case_manager") == 20
