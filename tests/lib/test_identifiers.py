"""Codes that people type: canonical form, and a check character that finds what goes wrong by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spean.lib.identifiers import ALPHABET, check_code, new_code


def test_new_code_is_canonical() -> None:
    for _ in range(200):
        code = new_code("C")
        assert check_code(code) == code


@pytest.mark.parametrize("typed", ["{lower}", " {code} ", "{bare}", "{spaced}"])
def test_typing_habits_are_accepted(typed: str) -> None:
    code = new_code("P")
    variants = {"code": code, "lower": code.lower(), "bare": code.replace("-", ""), "spaced": code.replace("-", " ")}
    assert check_code(typed.format(**variants)) == code


@given(st.text(ALPHABET, min_size=7, max_size=7), st.integers(0, 7), st.sampled_from(ALPHABET))
def test_every_single_error_is_found(body: str, place: int, other: str) -> None:
    code = _with_check(body)
    if code[place] == other:
        return
    with pytest.raises(ValueError, match="mistyped"):
        check_code("C" + code[:place] + other + code[place + 1 :])


@given(st.text(ALPHABET, min_size=7, max_size=7), st.integers(0, 6))
def test_every_neighbouring_swap_is_found(body: str, place: int) -> None:
    code = _with_check(body)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if swapped == code:
        return
    with pytest.raises(ValueError, match="mistyped"):
        check_code("C" + swapped)


@pytest.mark.parametrize("typed", ["", "C", "C-1234", "C-1234-56789", "C-12!4-5678", "១២៣៤៥៦៧៨៩"])
def test_what_cannot_be_a_code_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="code"):
        check_code(typed)


def test_easily_confused_letters_are_read_as_meant() -> None:
    body = _with_check("0110010")
    assert check_code("C" + body.replace("0", "O").replace("1", "I")) == f"C-{body[:4]}-{body[4:]}"


def _with_check(body: str) -> str:
    for last in ALPHABET:
        try:
            return check_code("C" + body + last).replace("-", "")[1:]
        except ValueError:
            continue
    raise AssertionError("no check character fits")
