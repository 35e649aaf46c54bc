"""The columns an export may have, and the class of information that consent has to cover for each.

Coded facts are somebody's facts too: they need consent like sealed ones. Sealed columns are opened through the door.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from spean.cases.models import Case
from spean.people.models import Person
from spean.people.words import LABELS
from spean.privacy.fields import sealed_fields


@dataclass(frozen=True)
class Column:
    """`read` gives the value of a coded column; a sealed one has none."""

    name: str
    label: str | Promise
    section: str
    read: Callable[[Case], Any] | None = None

    @property
    def is_sealed(self) -> bool:
        return self.read is None

    def value(self, case: Case) -> str:
        """The coded value as text: codes, several of them with spaces between."""
        assert self.read is not None
        found = self.read(case)
        if found is None:
            return ""
        return " ".join(found) if isinstance(found, list) else str(found)


def _of_person(name: str) -> Callable[[Case], Any]:
    return lambda case: getattr(case.person, name)


def _of_case(name: str) -> Callable[[Case], Any]:
    return lambda case: getattr(case, name)


CODED: tuple[Column, ...] = (
    Column("sex", _("Sex"), "identity", _of_person("sex")),
    Column("birth_year", _("Year of birth"), "identity", _of_person("birth_year")),
    Column("age_at_screening", _("Age at the screening"), "identity", _of_case("age_at_screening")),
    Column("nationality", _("Nationality"), "identity", _of_person("nationality")),
    Column("languages", _("Languages"), "contact", _of_person("languages")),
    Column("disability", _("Disability"), "health", _of_person("disability")),
    Column("exploitation_forms", _("Exploitation"), "narrative", _of_case("exploitation_forms")),
    Column("detection_context", _("Met"), "narrative", _of_case("detection_context")),
    Column("detected_province", _("Province where met"), "narrative", _of_case("detected_province")),
    Column("legal_status", _("Legal status"), "protection", _of_case("legal_status")),
    Column("risk_level", _("Risk"), "protection", _of_case("risk_level")),
)
SEALED: tuple[Column, ...] = tuple(
    Column(name, LABELS[name], field.section) for name, field in sealed_fields(Person).items() if name in LABELS
)
COLUMNS: dict[str, Column] = {column.name: column for column in (*CODED, *SEALED)}


def sections(names: list[str]) -> frozenset[str]:
    """The classes of information that these columns are made of."""
    return frozenset(COLUMNS[name].section for name in names)
