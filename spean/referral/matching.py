"""Brings the tables to the pure ranking of `rules.py`: services for a need of a case, with reasons."""

from spean.cases.models import Case, Exclusion
from spean.country import pack
from spean.directory.models import Service
from spean.directory.queries import types_for
from spean.directory.texts import capacity_days
from spean.lib import clock
from spean.referral import rules


def services_for(case: Case, need: str) -> list[rules.Match]:
    """Active services that answer a need, best first; those that cannot take the person last, with why not."""
    excluded = Exclusion.objects.filter(case=case, lifted_at__isnull=True, organisation__isnull=False)
    services = list(
        Service.objects.filter(type__in=types_for(need), status="active", organisation__active=True)
        .exclude(organisation__in=excluded.values("organisation"))
        .select_related("organisation")
        .order_by("name", "id")
    )
    return rules.rank(
        person_facts(case),
        services,
        provinces=centres(),
        capacity_days={place: capacity_days(service) for place, service in enumerate(services)},
    )


def match_for(case: Case, service: Service) -> rules.Match:
    """One service for the person of a case, as the ranking would judge it."""
    return rules.match(person_facts(case), service, provinces=centres(), capacity_age=capacity_days(service))


def centres() -> dict[str, tuple[float, float]]:
    """Where the provinces lie, for distances between them."""
    return {
        place.code: (place.lat, place.lon)
        for place in pack().geography.provinces()
        if place.lat is not None and place.lon is not None
    }


def person_facts(case: Case) -> rules.PersonFacts:
    """The coded facts of the case's person that decide who can take her in."""
    person = case.person
    youngest, oldest = ages(case)
    known_sex = person is not None and person.sex not in ("", "unknown")
    return rules.PersonFacts(
        youngest=youngest,
        oldest=oldest,
        treated_as_child=case.is_child or (youngest is not None and youngest < rules.ADULT),
        sex=person.sex if person is not None and known_sex else case.sex,
        nationality=(person.nationality if person else "") or case.nationality,
        languages=tuple((person.languages if person else ()) or case.languages),
        exploitation_forms=tuple(case.exploitation_forms),
        disability=tuple(person.disability) if person else (),
        has_documents=person.has_documents if person else None,
        province=(case.focal_organisation.province if case.focal_organisation else "") or case.detected_province,
        risk_level=case.risk_level,
    )


def ages(case: Case) -> tuple[int | None, int | None]:
    """The youngest and the oldest that the person can be today.

    A year of birth leaves two possible ages, an estimated one three. Where the age that was told in the
    screening lies among them, the two statements agree and the age is known.
    """
    told = case.age_at_screening
    if told is not None:
        told += (clock.now() - case.started_at).days // 365
    year = case.person.birth_year if case.person is not None else None
    if year is None:
        return told, told
    turning = clock.today().year - year
    youngest, oldest = max(0, turning - 1), max(0, turning)
    if case.person is not None and case.person.birth_year_estimated:
        oldest += 1
    if told is not None and not case.age_disputed and youngest <= told <= oldest:
        return told, told
    return youngest, oldest
