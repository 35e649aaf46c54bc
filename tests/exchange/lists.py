"""Registered persons in numbers, written straight into the tables: their path is not what these tests are about."""

from collections.abc import Sequence
from uuid import uuid4

from pyrage import x25519

from spean.access import roles
from spean.access.models import Membership, User
from spean.cases.models import Case, Involvement
from spean.exchange import actions
from spean.exchange.models import Export
from spean.lib.identifiers import new_code
from spean.people.models import Person
from spean.privacy import vault
from spean.privacy.models import Consent
from tests.cast import Cast
from tests.steps import FULL

PRIVATE = x25519.Identity.generate()
PUBLIC = str(PRIVATE.to_public())
PURPOSE = "repatriation"
COLUMNS = ("sex", "birth_year", "exploitation_forms", "family_name", "given_name", "birth_date", "phone", "address")


def colleague(cast: Cast, organisation: str = "focal") -> User:
    user = User.objects.create_user(f"second.{organisation}@example.org", "Second Manager")
    Membership.objects.create(user=user, organisation=cast.org(organisation), role=roles.CASE_MANAGER)
    return user


def registered(cast: Cast, count: int = 1, *, agency: str = "focal") -> list[Case]:
    cases = []
    manager = cast.manager if agency == "focal" else cast.other_manager
    for number in range(count):
        subject = uuid4()
        vault.create_key(subject)
        facts = {"sex": "female", "birth_year": 1990 + number % 10, "nationality": "KHM", "languages": ["km"]}
        person = Person(subject=subject, code=new_code("P"), registered_by=manager,
                        registered_organisation=cast.org(agency), **facts)  # fmt: skip
        vault.seal_fields(
            person, family_name=f"Family{number}", given_name=f"Given{number}", birth_date="1991-02-03",
            phone=f"+8551234{number:04}", address=f"@House {number}",
        )  # fmt: skip
        person.save(force_insert=True)
        case = Case(
            subject=subject, code=new_code("C"), person=person, status="screening", started_by=cast.screener,
            started_organisation=cast.org("border_police"), focal_organisation=cast.org(agency), sex="female",
            exploitation_forms=["ForcedLabour"], nationality="KHM",
        )  # fmt: skip
        case.save(force_insert=True)
        Involvement.objects.create(
            case=case, organisation=cast.org(agency), task="focal", sections=list(FULL), basis="test"
        )
        cases.append(case)
    return cases


def agreed(
    cast: Cast, case: Case, classes: Sequence[str] = FULL, *, recipient: str = "embassy", purpose: str = PURPOSE
) -> Consent:
    row = Consent(
        case=case, status="given", purpose=purpose, recipient=cast.org(recipient), classes=list(classes),
        language="km", evidence="thumbprint", recorded_by=cast.manager, recorded_organisation=cast.org("focal"),
    )  # fmt: skip
    row.save(force_insert=True)
    return row


def asked(cast: Cast, cases: Sequence[Case], names: Sequence[str] = COLUMNS, *, actor: User | None = None) -> Export:
    return actions.request_export(
        actor or cast.manager, cases=cases, recipient=cast.org("embassy"), recipient_key=PUBLIC, purpose=PURPOSE,
        names=names,
    )  # fmt: skip
