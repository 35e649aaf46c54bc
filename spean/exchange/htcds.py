"""A row of an export in the columns of the Human Trafficking Case Data Standard (HTCDS 2.0), all 84 of them.

What the standard has no code for goes out as Other and is named in a last column of our own, and so does every fact
that has no field there: nothing that was agreed to is lost on the way. Deprecated fields stay empty. Use of the
standard does not suggest that the International Organization for Migration endorses it.
"""

import csv
from collections.abc import Callable, Mapping
from functools import lru_cache

from spean.country import pack
from spean.country.check import STANDARDS
from spean.country.pack import Code

NOTE = "spean_note"
SEPARATOR = ";"  # of several values in one cell, as the standard's own tools write them
OTHER = "Other"
# Texts that are carried over as they stand.
PLAIN = {
    "given_name": "prs_FirstName", "family_name": "prs_SecondName", "birth_date": "prs_Birthdate",
    "document_number": "prs_IdentityNumber", "phone": "prs_MobilePhone", "address": "prs_MailingStreet",
}  # fmt: skip


@lru_cache(maxsize=1)
def fields() -> tuple[str, ...]:
    """The 84 fields in the order of the standard."""
    with (STANDARDS / "htcds_fields.csv").open(encoding="utf-8", newline="") as file:
        return tuple(row["field"] for row in csv.DictReader(file))


def columns() -> tuple[str, ...]:
    return (*fields(), NOTE)


def row(told: Mapping[str, str]) -> dict[str, str]:
    """One row from the columns of an export (`exchange.columns`); an empty one means that nothing was agreed to."""
    if not any(told.values()):
        return {}
    # Only whoever agreed is in an export at all.
    found = {"con_Consent": "TRUE"}
    notes: list[str] = []
    for name, value in told.items():
        if not value:
            continue
        if name in PLAIN:
            found[PLAIN[name]] = value
        elif name in _CODED:
            _CODED[name](value, found, notes)
        else:
            notes.append(f"{name}: {value}")
    if told.get("birth_year") and not told.get("birth_date"):
        # The standard knows days only, and a made-up one would be believed.
        notes.append(f"birth_year: {told['birth_year']}")
    found[NOTE] = "; ".join(notes)
    return found


def _code(codelist: str, code: str) -> Code | None:
    codes = pack().codelist(codelist)
    return codes.get(code) if code in codes else None


def _coded(codelist: str, field: str, unknown: str = OTHER) -> Callable[[str, dict[str, str], list[str]], None]:
    def put(value: str, found: dict[str, str], notes: list[str]) -> None:
        sent: dict[str, None] = {}
        for code in value.split():
            known = _code(codelist, code)
            standard = known.htcds if known is not None and known.htcds else unknown
            sent[standard] = None
            if standard != code and standard in (OTHER, unknown):
                notes.append(f"{field} {standard}: {code} ({known.label('en') if known is not None else code})")
        found[field] = SEPARATOR.join(one for one in sent if one)

    return put


def _languages(value: str, found: dict[str, str], notes: list[str]) -> None:
    codes = [(code, known.extra.get("iso_639_2", "")) for code in value.split() if (known := _code("language", code))]
    for (_code_here, standard), field in zip(codes, ("prs_PrimaryLanguage", "prs_SecondaryLanguage"), strict=False):
        found[field] = standard
    notes += [f"language: {code}" for code, _standard in codes[2:]]


def _said_elsewhere(value: str, found: dict[str, str], notes: list[str]) -> None:
    """The year of birth: `row` tells it where no day is told."""


_CODED: dict[str, Callable[[str, dict[str, str], list[str]], None]] = {
    "sex": _coded("sex", "prs_Gender", "NonSpecifiedUnknown"),
    "nationality": _coded("nationality", "prs_Citizenship", ""),
    "exploitation_forms": _coded("exploitation_form", "vic_TypeOfExploitation"),
    "legal_status": _coded("legal_status", "vic_TraffickingStatus", ""),
    "languages": _languages,
    "birth_year": _said_elsewhere,
}
