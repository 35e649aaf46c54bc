"""What is served to the phone: small, without anything a strict policy for scripts would refuse."""

import gzip
import re
from pathlib import Path

import pytest

import spean.instruments
from spean.instruments import profile
from spean.instruments.evaluate import FUNCTIONS

STATIC = Path(spean.instruments.__file__).parent / "static" / "instruments"
FILES = sorted(STATIC.iterdir())
LARGEST = 25 * 1024


def test_script_and_style_weigh_less_than_25_kilobytes() -> None:
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in FILES) <= LARGEST


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".js"], ids=lambda path: path.name)
def test_no_script_makes_script_or_markup_of_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(
        r"\beval\b|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write|WebAssembly", text
    )
    # Nothing comes from elsewhere.
    assert not re.search(r"https?://", text)
    assert all(name.startswith("./") for name in re.findall(r"from '([^']+)'", text))


def test_both_engines_have_every_function_of_the_profile_and_no_other() -> None:
    script = (STATIC / "evaluate.js").read_text(encoding="utf-8").partition("export const FUNCTIONS = {")[2]
    in_script = {one or other for one, other in re.findall(r"^  (?:'([\w:-]+)'|([a-z]+))(?::|,$)", script, re.M)}
    assert in_script == set(FUNCTIONS) == set(profile.FUNCTIONS)


def test_the_profile_is_documented() -> None:
    text = (Path(spean.instruments.__file__).parents[2] / "docs" / "xlsform-profile.md").read_text(encoding="utf-8")
    for name in (*profile.FUNCTIONS, *profile.LEFT_OUT):
        assert f"`{name}" in text, name
    for name in (*profile.TYPES, *profile.KINDS):
        assert f"`{name}" in text, name
    columns = {
        one for part in (profile.STANDARD, profile.TRANSLATED, profile.OWN) for one in set().union(*part.values())
    }
    for name in columns - {"namespaces"}:
        assert f"`{name}`" in text, name
