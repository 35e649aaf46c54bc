"""What the privacy tests share: the cast, and a case with a person behind it, made without the other rooms' verbs.

The rows are written directly: these tests ask what the privacy room does with them, not how they come about.
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from spean.access.models import User
from spean.cases.models import Case, Involvement, Note
from spean.lib.identifiers import new_code
from spean.people.models import Person
from spean.privacy import vault
from tests.cast import Cast, make_cast

IDENTITY = {"family_name": "Canaryfamily", "given_name": "Canarygiven", "phone": "+855 12 345 678"}


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def make_case(cast: Cast, *, focal: str = "focal", started_by: User | None = None) -> Case:
    """A case of a person with a name, a phone and a note, in the hands of a focal agency."""
    subject = uuid4()
    vault.create_key(subject)
    starter = started_by or cast.screener
    person = Person(
        subject=subject,
        code=new_code("P"),
        registered_by=cast.manager,
        registered_organisation=cast.org(focal),
        sex="female",
    )
    vault.seal_fields(person, **IDENTITY)
    person.save()
    case = Case.objects.create(
        subject=subject,
        code=new_code("C"),
        person=person,
        started_by=starter,
        started_organisation=cast.org("border_police"),
    )
    Involvement.objects.create(
        case=case,
        organisation=cast.org(focal),
        task="focal",
        sections=["identity", "contact", "narrative", "health"],
        basis="test",
    )
    return case


@pytest.fixture
def case(cast: Cast) -> Case:
    return make_case(cast)


@pytest.fixture
def note(cast: Cast) -> Callable[..., Note]:
    def write(case: Case, section: str, text: str) -> Note:
        row = Note(case=case, section=section, about="general", written_by=cast.manager, organisation=cast.org("focal"))
        vault.seal_fields(row, text=text)
        row.save()
        return row

    return write


@pytest.fixture
def consent_facts(cast: Cast) -> Callable[..., dict[str, Any]]:
    """Column values of a complete consent, some of them replaced."""

    def facts(case: Case, **said: Any) -> dict[str, Any]:
        return {
            "case": case,
            "status": "given",
            "purpose": "service_referral",
            "recipient": cast.org("shelter"),
            "classes": ["identity", "contact"],
            "language": "km",
            "evidence": "thumbprint",
            "recorded_by": cast.manager,
            "recorded_organisation": cast.org("focal"),
            **said,
        }

    return facts
