"""docs/asvs.md leaves nothing out of OWASP ASVS 5.0 level 2, and what it names as proof is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
# Of each section, how many requirements are of level 1 or 2. They are numbered from 1, with level 3 behind, but where
# the numbers stand one by one. (Numbers of the standard are facts; its words are not repeated.)
SECTIONS: dict[str, int] = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2,
    "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
    "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
    "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4,
    "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
    "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip
HEAD, *CHAPTERS = TEXT.split("\n## V")


def rows() -> list[tuple[str, str, str]]:
    """(number, mark, proof) of each requirement, from the tables of the chapters."""
    found = []
    for line in "\n".join(CHAPTERS).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if re.match(r"\| *\d", line):
            assert len(cells) == 4, line
            found += [(number, cells[2], cells[3].rstrip("| ")) for number in re.split(r", *", cells[0].strip("| "))]
    return found


def test_every_requirement_stands_once() -> None:
    expected = [f"{section}.{number}" for section, count in SECTIONS.items() for number in range(1, count + 1)]
    assert len(expected) == 253
    assert [number for number, _, _ in rows()] == expected


def test_every_mark_is_known_and_what_is_missing_stands_at_the_top() -> None:
    assert {mark for _, mark, _ in rows()} == {"met", "operator", "n/a", "NOT MET"}
    missing = [number for number, mark, _ in rows() if mark == "NOT MET"]
    assert re.findall(r"^\| (\d+\.\d+\.\d+) \|", HEAD, re.MULTILINE) == missing


def test_whatever_is_met_names_its_proof_and_the_proof_is_there() -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for named in re.findall(r"`([^`]+)`", TEXT):
        if named.startswith("test_") or re.fullmatch(r"Test[A-Za-z]+", named):
            assert re.search(rf"^ *(def|class) {named}\b", tests, re.MULTILINE), named
        elif re.match(r"(tests|spean|docs|config)/.", named):
            assert (ROOT / named).exists(), named
    for page, anchor in re.findall(r"\]\((\w+\.md)(?:#([\w-]+))?\)", TEXT):
        written = (ROOT / "docs" / page).read_text(encoding="utf-8")
        headings = [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in _titles(written)]
        assert not anchor or anchor in headings, (page, anchor)


def _titles(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", text, re.MULTILINE)
