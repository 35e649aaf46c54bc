"""The app itself: public, small, under the strict policy, without a word of whom it is for in its name and picture."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

import spean.field
from spean.country import pack
from spean.field import afterwards, reports, shell
from spean.field.words import WORDS
from spean.instruments import xpath
from spean.instruments.definition import walk
from tests.cast import Cast

STATIC = Path(spean.field.__file__).parent / "static" / "field"
MOST = 40 * 1024


def sources() -> str:
    return "\n".join(path.read_text() for path in sorted(STATIC.glob("*.js")))


def test_the_first_page_is_under_the_strict_policy_and_neutral(cast: Cast) -> None:
    answer = Client().get("/field/")
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "<title>…</title>" in answer.content.decode()
    manifest = Client().get("/field/app.webmanifest").json()
    assert (manifest["name"], manifest["scope"]) == ("Notes", "/field/")
    icon = STATIC / "icon.svg"
    assert "spean" not in (json.dumps(manifest["name"]) + icon.read_text()).lower()


def test_it_is_asked_for_again_without_a_body(cast: Cast) -> None:
    for address in ("/field/", "/field/worker.js", "/field/away/", "/field/rights/km/"):
        first = Client().get(address)
        assert first.status_code == 200
        again = Client().get(address, headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_every_file_that_is_to_work_offline_is_there(cast: Cast) -> None:
    files = json.loads(re.findall(r"const FILES = (\[.*\])", Client().get("/field/worker.js").content.decode())[0])
    assert len(files) == len(set(files)) > 30
    for address in files:
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/")), address
        else:
            assert Client().get(address).status_code == 200, address


def test_every_module_that_is_imported_is_kept_offline() -> None:
    named = {(STATIC / path).resolve().name for path in re.findall(r"from '(\.[^']+)'", sources())}
    assert named <= {Path(one).name for one in shell.SCRIPTS}


def test_another_version_as_soon_as_a_question_is_another(cast: Cast) -> None:
    from spean.detection import instruments

    before = shell.version()
    assert shell.version() == before
    text = (pack().folder / "instruments" / "first_responder" / "form.md").read_text()
    instruments.load(text.replace("| 1.0 |", "| 1.1 |").encode(), ".md")
    assert shell.version() != before


def test_it_stays_light() -> None:
    """Of scripts and style, what the first screen needs, as it travels."""
    weight = sum(
        len(gzip.compress(Path(str(finders.find(one))).read_bytes(), 9)) for one in (*shell.SCRIPTS, "field/field.css")
    )
    assert weight <= MOST, weight


def test_no_word_is_missing_and_none_is_left_over() -> None:
    code = sources()
    used = set(re.findall(r"\bw\('(\w+)'", code)) | set(re.findall(r"problem instanceof [\w.]+ \? '(\w+)'", code))
    used |= {name for name in WORDS if re.search(rf"['\"]{name}['\"]", code)}
    assert used <= WORDS.keys(), used - WORDS.keys()
    renderer = {"next", "back", "send", "add", "remove", "required", "type", "constraint", "error", "failed", "unanswered",
                "read", "day", "month", "year"}  # fmt: skip
    left = {name for name in WORDS if name not in used | renderer and not name.startswith(("state_", "agency_"))}
    assert left == set()


def test_every_drawing_is_there_and_is_only_a_drawing() -> None:
    drawn = {path.stem for path in (STATIC / "pictures").glob("*.svg")}
    assert drawn == afterwards.DRAWN == {Path(one).stem for one in shell.PICTURES}
    for path in (STATIC / "pictures").glob("*.svg"):
        text = path.read_text()
        assert not re.search(r"script|href|style|on\w+=", text)


@pytest.mark.parametrize("language", ["en", "km", "vi", "th"])
def test_the_rights_are_read_paragraph_by_paragraph(cast: Cast, language: str) -> None:
    text = Client().get(f"/field/rights/{language}/").json()
    assert (text["language"], text["version"]) == (language, pack().rights(language).version)
    assert len(text["parts"]) > 20
    assert {part["kind"] for part in text["parts"]} == {"h2", "p", "li"}
    assert not any("**" in part["text"] or "_" * 5 in part["text"][:3] for part in text["parts"])


def test_what_is_not_there_is_not_there(cast: Cast) -> None:
    for address in ("/field/rights/xx/", "/field/rights/..%2F..%2Fpack/", "/field/form/nothing/1.0/", "/field/rights/en/3/",
                    "/field/form/intake/1.0/"):  # fmt: skip
        assert Client().get(address).status_code == 404, address


def test_a_recording_of_the_pack_is_offered_where_there_is_one(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "rights" / "audio" / "km"
    folder.mkdir(parents=True)
    (folder / "01.mp3").write_bytes(b"ID3 sound")
    country = pack()
    text = country.rights("km")
    monkeypatch.setattr(country, "folder", tmp_path)
    monkeypatch.setitem(country._rights, "km", text)
    told = shell.rights("km")
    assert told["parts"][1]["audio"] == "/field/rights/km/1/"
    assert "audio" not in told["parts"][0]
    answer = Client().get("/field/rights/km/1/")
    assert (answer.content, answer["Content-Type"]) == (b"ID3 sound", "audio/mpeg")


@pytest.mark.parametrize("child", [False, True])
def test_the_questions_after_the_screening_are_whole(cast: Cast, child: bool) -> None:
    made = afterwards.definition(child=child, agencies=reports.agencies())
    nodes = dict(walk(made["root"]))
    for path, node in nodes.items():
        for part in ("relevant", "constraint"):
            for found in xpath.paths(node.get(part, "")) if part in node else ():
                if found[1] == "/":
                    assert "/".join(step[0] for step in found[3:]) in nodes, (path, found)
        if "list" in node:
            assert made["lists"][node["list"]], path
        if node["kind"] == "field" and node["type"] != "meta":
            assert set(node["label"]) >= {"en", "km"}, path
    assert json.loads(json.dumps(made)) == made
