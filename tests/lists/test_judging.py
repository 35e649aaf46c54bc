"""What a line is worth: taken, or kept aside with its reasons; columns are found by their names and remembered."""

import json

import pytest

from spean.lists import judging, sheet, words
from tests.lists.files import HEADING, as_csv, judged, rows, somebody


def test_usual_headings_are_known_in_three_ways() -> None:
    assert sorted(judging.guess(HEADING).values()) == sorted([
        "record_id", "family_name", "given_name", "sex", "birth_date", "nationality", "birth_place", "phone",
        "mother_name",
    ])  # fmt: skip
    assert judging.guess(["នាមត្រកូល", "នាមខ្លួន", "ភេទ"]) == {0: "family_name", 1: "given_name", 2: "sex"}
    assert judging.guess(["prs_FirstName", "prs_SecondName", "con_Consent"]) == {
        0: "given_name", 1: "family_name", 2: "consent"
    }  # fmt: skip


def test_a_mapping_is_remembered_also_that_a_column_is_nothing() -> None:
    kept = judging.usual(map(judging.word_of, ["Name", "Called"]), {1: "given_name"}, ["Name", "Called"])
    assert judging.guess(["Called", "Name"], kept) == {0: "given_name"}


def test_every_cell_is_kept() -> None:
    (one,) = judged(b"No,Name,Remark,Remark\n7,Dara,first,second\n")
    told = json.loads(one.content)
    assert told["fields"] == {"record_id": "7", "given_name": "Dara"}
    assert sorted(told["rest"].values()) == ["first", "second"]


def test_the_order_of_columns_does_not_change_what_is_kept() -> None:
    (one,) = judged(b"No,Name,Remark\n7,Dara,x\n")
    (other,) = judged(b"Remark,Name,No\nx,Dara,7\n")
    assert one.content == other.content


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"No,Name,Phone\n1,Dara\n", "cells_do_not_fit"),
        (b"No,Name,Phone\n1,Dara,012345678,more\n", "cells_do_not_fit"),
        (b"No,Name,Sex\n1,,F\n", "says_nothing"),
        ("No,Name\n1,Srey\ufffdneang\n".encode(), "broken_signs"),
        (b"No,Name\n1," + b"x" * 5_000 + b"\n", "cell_too_long"),
        (b'No,Name\n1,"Dara\n' + b"2,Thida\n" * 30, "cell_too_long"),
    ],
)
def test_a_line_that_could_be_read_wrongly_is_kept_aside(raw: bytes, reason: str) -> None:
    assert reason in judged(raw)[0].reasons
    assert reason in words.REASONS


def test_two_lines_with_one_number_are_told_apart_from_a_line_that_stands_twice() -> None:
    first, again, other = judged(b"No,Name\n1,Dara\n1,Dara\n1,Thida\n")
    assert (first.reasons, again.reasons, other.reasons) == ((), (), ("number_again",))


def test_broken_signs_in_a_remark_lose_nobody() -> None:
    (one,) = judged("No,Name,Remark\n1,Dara,caf\ufffd\n".encode())
    assert one.reasons == ()
    assert one.notes == ("broken_signs_elsewhere",)


def births(*written: str) -> list[dict[str, str]]:
    raw = as_csv([["No", "Name", "DOB"], *([str(number), "Dara", one] for number, one in enumerate(written, 1))])
    return [{**one.fields, "notes": " ".join(one.notes)} for one in judged(raw)]


def test_a_column_with_the_month_first_is_turned() -> None:
    first, second = births("05/14/2003", "03/04/1999")
    assert (first["birth_date"], second["birth_date"]) == ("2003-05-14", "1999-03-04")


def test_where_a_file_mixes_both_orders_only_the_year_is_used() -> None:
    first, second, third, fourth = births("05/14/2003", "14/05/2003", "03/04/1999", "04/04/1998")
    assert (first["birth_date"], second["birth_date"]) == ("2003-05-14", "2003-05-14")
    assert "birth_date" not in third
    assert (third["birth_year"], third["notes"]) == ("1999", "day_or_month_first")
    assert fourth["birth_date"] == "1998-04-04"  # the same in both orders


def test_what_is_no_birth_is_told() -> None:
    (one,) = births("soon")
    assert one["notes"] == "birth_unread"


def test_the_buddhist_year_is_read() -> None:
    raw = b"No,Name,DOB\n1,Somchai,14/05/2546\n"
    assert judged(raw)[0].birth_year == 2003


@pytest.mark.parametrize(
    ("consent", "proof", "expected"),
    [("yes", "F-17", True), ("yes", "", False), ("no", "F-17", False), ("", "", False), ("បាទ", "17", True)],
)
def test_consent_is_what_can_be_proved(consent: str, proof: str, expected: bool) -> None:
    (one,) = judged(f"No,Name,Consent,Consent form\n1,Dara,{consent},{proof}\n".encode())
    assert one.consent is expected
    assert ("consent_without_proof" in one.notes) == (consent == "yes" and not proof)


def test_numbers_in_other_systems_are_kept_and_compared() -> None:
    (one,) = judged(b"No,Name,OSCaR number,Primero case id,Passport\n1,Dara,G-1234,P-777,N0001\n")
    assert (one.fields["oscar_id"], one.fields["primero_id"]) == ("G-1234", "P-777")
    assert judging.record(one.content)["document_number"] == "N0001; P-777; G-1234"


def test_tokens_are_known_and_what_is_none_is_kept_aside() -> None:
    raw = (
        b"# spean tokens 1 fields abcd1234\nrecord,source,family,given,mother,sex,nationality,year,month,day,estimated,"
        b"place,region,phone,document,codes\n00000000000000aa,a,,,,0,,2003,5,14,0,,,,,\nnone,a,,,,0,,2003,5,14,0,,,,,zz\n"
    )
    read = sheet.read(raw)
    assert (read.form, read.head) == ("tokens", "# spean tokens 1 fields abcd1234")
    good, bad = judging.judge(read, {})
    assert (good.reasons, good.birth_year, bad.reasons) == ((), 2003, ("no_tokens",))


def test_every_code_has_words() -> None:
    lines = rows(somebody("", Gender="?", DOB="soon"), somebody("2", Phone="=1"))
    told = {code for one in judged(as_csv(lines)) for code in (*one.reasons, *one.notes)}
    assert told == {"no_number", "sex_unread", "birth_unread", "formula"}
    assert told <= set(words.TOLD)


def test_a_file_in_the_columns_of_htcds_is_understood_and_kept_whole() -> None:
    """All 84 fields; Namibia is written NA and is a country, and a code with a space behind it is the code."""
    from spean.exchange import htcds

    told = {
        "prs_FirstName": "Lan", "prs_SecondName": "Nguyen", "prs_Birthdate": "2003-05-14", "prs_Gender": "Feminine",
        "prs_Citizenship": "NA", "prs_MobilePhone": "+84 90 123 4567", "vic_MethodsOfControl": "DebtBondage ;TakesEarnings",
        "con_Consent": "TRUE",
    }  # fmt: skip
    raw = as_csv([list(htcds.fields()), [told.get(name, f"{name}!") for name in htcds.fields()]])
    (one,) = judged(raw)
    assert (one.reasons, one.sex, one.birth_year) == ((), "female", 2003)
    assert one.fields["nationality"] == "NA"
    assert (one.fields["family_name"], one.fields["given_name"]) == ("Nguyen", "Lan")
    assert len(one.fields) + len(one.rest) == 84
    assert one.rest["vic_MethodsOfControl"] == "DebtBondage ;TakesEarnings"
    assert one.notes == ("no_number", "consent_without_proof")
