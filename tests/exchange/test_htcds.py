"""Exports in the columns of HTCDS: all of them, every fact somewhere, local codes as Other with their name."""

import csv
import io
from pathlib import Path

import pyrage
import pytest

import spean
from spean.country import pack
from spean.exchange import actions, htcds
from spean.exchange.columns import COLUMNS as EVERY
from spean.exchange.models import Export
from spean.privacy.models import Event
from tests.cast import Cast
from tests.exchange.lists import COLUMNS, PRIVATE, agreed, asked, registered

CODES = Path(spean.__file__).parent / "country" / "standards" / "htcds_codes.csv"
FULL_ROW = {
    "sex": "female", "birth_year": "1991", "age_at_screening": "17", "nationality": "KHM", "languages": "km vi th",
    "disability": "seeing", "exploitation_forms": "ForcedLabour ForcedCriminality", "detection_context": "border",
    "detected_province": "01", "legal_status": "presumed_victim", "risk_level": "high", "family_name": "Sok",
    "given_name": "Dara", "name_km": "សុខ", "other_names": "Rith", "birth_date": "1991-02-03",
    "document_number": "N1", "mother_name": "Chan", "father_name": "Keo", "phone": "+85512", "address": "House 1",
}  # fmt: skip


def test_all_fields_are_there_each_once_in_order() -> None:
    assert len(htcds.fields()) == len(set(htcds.fields())) == 84
    assert htcds.fields()[0] == "org_Name"
    assert htcds.columns() == (*htcds.fields(), "spean_note")


def test_a_row_is_carried_over() -> None:
    row = htcds.row(FULL_ROW)
    assert set(row) <= set(htcds.columns())
    expected = {
        "prs_FirstName": "Dara", "prs_SecondName": "Sok", "prs_Gender": "Feminine", "prs_Birthdate": "1991-02-03",
        "prs_Citizenship": "KHM", "prs_PrimaryLanguage": "khm", "prs_SecondaryLanguage": "vie",
        "prs_IdentityNumber": "N1", "prs_MobilePhone": "+85512", "prs_MailingStreet": "House 1",
        "vic_TypeOfExploitation": "ForcedLabour;Other", "vic_TraffickingStatus": "PossibleVictimOfTrafficking",
        "con_Consent": "TRUE",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert "vic_TypeOfExploitation Other: ForcedCriminality (Forced to commit crimes" in row["spean_note"]


def test_no_column_of_an_export_is_lost() -> None:
    assert set(FULL_ROW) == set(EVERY)
    for name, value in FULL_ROW.items():
        row = htcds.row({name: value})
        told = " ".join(cell for field, cell in row.items() if field != "con_Consent")
        assert told.strip(), name


def test_a_year_is_no_day() -> None:
    row = htcds.row({"birth_year": "1991"})
    assert "prs_Birthdate" not in row
    assert row["spean_note"] == "birth_year: 1991"
    assert "birth_year" not in htcds.row({"birth_year": "1991", "birth_date": "1991-02-03"})["spean_note"]


@pytest.mark.parametrize(
    ("column", "codelist", "field"),
    [("sex", "sex", "prs_Gender"), ("exploitation_forms", "exploitation_form", "vic_TypeOfExploitation"),
     ("legal_status", "legal_status", "vic_TraffickingStatus")],
)  # fmt: skip
def test_only_codes_of_the_standard_go_out(column: str, codelist: str, field: str) -> None:
    with CODES.open(encoding="utf-8", newline="") as file:
        allowed = {row["code"] for row in csv.DictReader(file) if row["list"] == field}
    for code in pack().codelist(codelist):
        row = htcds.row({column: code.code})
        assert set(row[field].split(";")) - {""} <= allowed
        if code.htcds != row[field] or (code.htcds == "Other" and code.code != "Other"):
            assert code.code in row["spean_note"]
    assert "invented" in htcds.row({column: "invented"})["spean_note"]


def test_nobody_who_agreed_to_nothing_is_said_to_consent() -> None:
    assert htcds.row({"sex": "", "phone": ""}) == {}


@pytest.mark.django_db(databases=["default", "keys"])
def test_an_export_is_made_in_these_columns_and_keeps_its_marks(cast: Cast) -> None:
    (case, silent) = registered(cast, 2)
    agreed(cast, case, ["identity", "narrative"])
    export = asked(cast, [case, silent], COLUMNS)
    file = actions.make_export(cast.manager, export, layout=actions.HTCDS)
    lines = list(csv.DictReader(io.StringIO(pyrage.decrypt(file, [PRIVATE]).decode("utf-8-sig"))))
    assert list(lines[0]) == ["export", "case", *htcds.columns()]
    found = {line["case"]: line for line in lines}
    assert set(found) == {case.code, export.canary_code}
    assert found[case.code]["prs_SecondName"] == "Family0"
    assert found[case.code]["prs_MobilePhone"] == ""  # not agreed to
    assert found[export.canary_code]["prs_FirstName"] == export.canary_given_name
    assert {line["export"] for line in lines} == {export.number}
    assert Event.objects.get(action="export.made").facts["layout"] == "htcds"
    assert Export.objects.get().status == "made"
    assert actions.trace_export(cast.auditor, " ".join(found[export.canary_code].values()))
