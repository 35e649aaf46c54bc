"""The reasons as sentences: every code has one, in any language, with and without Django."""

import re
import subprocess
import sys
from pathlib import Path

import polib
import pytest

from spean.detection import rules, texts

LABELS = {"DR-JOB": "Misled, twice", "CD-DEBT": "Bound by debt", "receipt": "Receipt"}


def test_labels_stand_in_for_codes_and_unknown_codes_for_themselves() -> None:
    reason = rules.Reason("means_strong", {"dims": ["DR", "CD"], "keys": ["DR-JOB", "CD-DEBT", "CD-NEW"]})
    assert texts.sentence(reason, LABELS) == (
        "Means: strongly indicated. The answers point to deceptive recruitment, coercion at destination: "
        "Misled, twice; Bound by debt; CD-NEW."
    )
    assert texts.sentence(rules.Reason("act_strong", {"acts": ["receipt"]}), LABELS).endswith("Reported: Receipt.")


def test_a_label_with_a_percent_sign_is_only_text() -> None:
    reason = rules.Reason("purpose_some", {"dims": [], "keys": ["EX-PAY"]})
    assert "keeps 50% (%(keys)s)" in texts.sentence(reason, {"EX-PAY": "keeps 50% (%(keys)s)"})


def test_the_rule_gives_no_reason_without_a_sentence() -> None:
    source = Path(rules.__file__).read_text("utf-8")
    plain = set(re.findall(r'Reason\(\s*"(\w+)"', source)) | set(re.findall(r'code = "(\w+)" if', source))
    assert plain <= set(texts.SENTENCES)
    for stem, endings in {
        "act": ("none", "unknown"),
        "purpose": ("strong", "some", "none", "unknown"),
        "result": (
            "presumed_victim",
            "exploited_not_trafficked",
            "insufficient_information",
            "no_indication",
        ),
    }.items():
        assert {f"{stem}_{ending}" for ending in endings} <= set(texts.SENTENCES)
    assert set(texts.DIMENSION_NAMES) == set(rules.DIMENSIONS)


def test_no_result_claims_more_than_it_can() -> None:
    for code, text in texts.SENTENCES.items():
        assert text.endswith(".")
        if code.startswith("result_"):
            assert text.startswith("The answers suggest")
            assert "the competent authority decides" in text
    assert "closes nothing" in texts.SENTENCES["result_no_indication"]


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A product tree with one Khmer catalogue, found as the installed one is."""
    folder = tmp_path / "spean" / "web" / "locale" / "km" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    written = polib.POFile()
    written.metadata = {"Content-Type": "text/plain; charset=utf-8", "Plural-Forms": "nplurals=1; plural=0;"}
    written.append(polib.POEntry(msgid=texts.SENTENCES["declined"], msgstr="ខ្មែរ"))
    written.save_as_mofile(str(folder / "django.mo"))
    return tmp_path


def test_catalogues_are_read_without_django(catalogue: Path) -> None:
    """In a process of its own, because this one may have Django up."""
    spean = Path(texts.__file__).parents[1]
    (catalogue / "spean" / "detection").mkdir()
    for name in ("__init__.py", "detection/__init__.py", "detection/rules.py", "detection/texts.py"):
        (catalogue / "spean" / name).write_text((spean / name).read_text("utf-8"), "utf-8")
    program = (
        "from spean.detection import rules, texts\n"
        "reason = rules.Reason('declined', {})\n"
        "with texts.speaking('km'): km = texts.sentence(reason, {})\n"
        "with texts.speaking('fr'): fr = texts.sentence(reason, {})\n"
        "print(ascii([km, fr, texts.sentence(reason, {})]))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=catalogue, capture_output=True, text=True, check=True)
    english = texts.SENTENCES["declined"]
    assert ended.stdout.strip() == ascii(["ខ្មែរ", english, english])
