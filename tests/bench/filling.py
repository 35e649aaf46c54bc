"""Fills a database with a country's worth of invented persons and cases, fast, for measuring.

Rows are written directly, sealed as the application seals them; no verb is run for them. The measured verbs run
on cases prepared here.
"""

import random
import uuid
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from spean.access import roles
from spean.access.models import Installation, Membership, Organisation, User
from spean.cases.models import Case, Involvement, Task
from spean.lib import clock
from spean.lib.identifiers import new_code
from spean.people.actions import SEALED, initials
from spean.people.models import Person
from spean.privacy import vault
from spean.protection.models import Need, RiskAssessment
from spean.referral.models import Referral
from tests.bench.made_up_people import persons

OFFICES = 25
BATCH = 2_000
# Cases that wait for registration at the measured office, and referrals in its queue.
TO_REGISTER = 400


def fill(n: int, seed: int = 11) -> tuple[User, User]:
    """n registered persons with a case each, spread over 25 offices. Returns the measured case manager and screener."""
    rng = random.Random(seed)
    Installation.objects.create(pk=1, country="cambodia", demonstration=True)
    offices = [_office(number) for number in range(OFFICES)]
    police = Organisation.objects.create(name="Border unit (fictional)", type="police", province="01")
    screener = user("screener", roles.FIRST_RESPONDER, police)
    managers = [user(f"manager{number}", roles.CASE_MANAGER, office) for number, office in enumerate(offices)]
    people = persons(n, seed)
    for batch in _batches(people, BATCH):
        _write(batch, rng, offices, managers, screener, registered=True)
    for batch in _batches(persons(TO_REGISTER, seed + 1), BATCH):
        _write(batch, rng, offices[:1], managers[:1], screener, registered=False)
    return managers[0], screener


_given: set[str] = set()


def _code(prefix: str) -> str:
    """A code that no row of this run has: among two hundred thousand draws two are often alike."""
    while (code := new_code(prefix)) in _given:
        pass
    _given.add(code)
    return code


def _write(
    batch: list[Any],
    rng: random.Random,
    offices: list[Organisation],
    managers: list[User],
    screener: User,
    *,
    registered: bool,
) -> None:
    subjects = [uuid.uuid4() for _ in batch]
    vault.create_keys(subjects)
    rows: dict[type, list[Any]] = {
        Person: [],
        Case: [],
        Involvement: [],
        Referral: [],
        Task: [],
        Need: [],
        RiskAssessment: [],
    }
    for details, subject in zip(batch, subjects, strict=True):
        place = rng.randrange(len(offices))
        office, manager = offices[place], managers[place]
        when = clock.now() - timedelta(days=rng.uniform(0.2, 600))
        person = Person(
            subject=subject, code=_code("P"), sex=details.sex, birth_year=details.birth_year, nationality=details.nationality,
            birth_province=details.birth_province, languages=["km"], registered_by=manager, registered_organisation=office,
            registered_at=when,
        )  # fmt: skip
        texts = {name: getattr(details, name, "") or "" for name in SEALED if name != "address"}
        texts["initials"] = initials(details.family_name, details.given_name)
        vault.seal_fields(
            person, **{name: "\n".join(text) if isinstance(text, tuple) else str(text) for name, text in texts.items()}
        )
        case = Case(
            subject=subject, code=_code("C"), person=person if registered else None,
            status="screening", age_at_screening=25, sex=details.sex, nationality="KHM", languages=["km"],
            exploitation_forms=["ForcedLabour"], detected_province="01", risk_level="medium", started_at=when,
            started_by=screener, started_organisation=screener.organisation, focal_organisation=office,
        )  # fmt: skip
        sent = Referral(
            case=case, kind="focal", from_organisation=screener.organisation, sent_by=screener, sent_at=when, to_organisation=office,
            sections=["identity"],
        )  # fmt: skip
        if registered:
            rows[Person].append(person)
        rows[Case].append(case)
        rows[Referral].append(sent)
        rows[Involvement].append(
            Involvement(
                case=case,
                organisation=office,
                task="focal",
                sections=list(roles.SECTIONS),
                from_at=when,
                basis="referral",
            )
        )
        rows[Involvement].append(
            Involvement(
                case=case,
                organisation=screener.organisation,
                task="referrer",
                sections=[],
                from_at=when,
                basis="referral",
            )
        )
        if rng.random() < 0.05:
            rows[Task].append(
                Task(
                    case=case,
                    kind="assess_risk",
                    organisation=office,
                    role="case_manager",
                    due_at=clock.now() + timedelta(days=rng.uniform(-5, 20)),
                )
            )
        for code in ("medical", "legal"):
            rows[Need].append(Need(case=case, code=code, recorded_at=when, recorded_by=manager))
        rows[RiskAssessment].append(
            RiskAssessment(case=case, level="medium", with_person=True, assessed_at=when, assessed_by=manager)
        )
    for model, made in rows.items():
        model._default_manager.bulk_create(made, batch_size=BATCH)
    ids = [case.pk for case in rows[Case]]
    # Through the states one by one: the database's own guard lets nobody skip any.
    for state in ("screened", "referred", "registered")[: 3 if registered else 2]:
        Case.objects.filter(pk__in=ids).update(status=state)
    Case.objects.filter(pk__in=ids).update(legal_status="presumed_victim")
    referrals = Referral.objects.filter(case__in=ids)
    if registered:
        referrals.update(status="accepted", responded_at=clock.now(), responded_by=managers[0])
    else:
        Referral.objects.filter(pk__in=[sent.pk for sent in rows[Referral][::2]]).update(status="acknowledged")


def _office(number: int) -> Organisation:
    return Organisation.objects.create(
        name=f"Office {number} (fictional)", type="social_affairs_office", province="01", is_focal=True
    )


def user(name: str, role: str, organisation: Organisation) -> User:
    """Somebody who works there."""
    made = User.objects.create_user(f"{name}@bench.example", name, None)
    Membership.objects.create(user=made, organisation=organisation, role=role)
    return made


def _batches(people: Iterator[Any], size: int) -> Iterator[list[Any]]:
    people = iter(people)
    while batch := list(islice(people, size)):
        yield batch
