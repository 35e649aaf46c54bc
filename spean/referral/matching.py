"""Brings the tables to the pure ranking of `rules.py`: services for a need of a case, with reasons."""

from spean.cases.models import Case, Exclusion
from spean.country import pack
from spean.directory.models import Service
from spean.lib import clock
from spean.referral import rules


def types_for(need: str) -> list[str]:
    """The service types that answer a need, as the country pack says."""
    return [code.code for code in pack().codelist("service_type") if need in code.several("needs")]


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
        provinces={place.code: (place.lat, place.lon) for place in pack().geography.provinces()},
        capacity_days={
            place: rules.age_of_figure(
                service.capacity_updated_at.astimezone(clock.local_zone()).date()
                if service.capacity_updated_at
                else None,
                clock.today(),
            )
            for place, service in enumerate(services)
        },
    )


def person_facts(case: Case) -> rules.PersonFacts:
    """The coded facts of the case's person that decide who can take her in."""
    person = case.person
    return rules.PersonFacts(
        age=_age(case),
        treated_as_child=case.is_child,
        sex=(person.sex if person else "") or case.sex,
        nationality=(person.nationality if person else "") or case.nationality,
        languages=tuple((person.languages if person else ()) or case.languages),
        exploitation_forms=tuple(case.exploitation_forms),
        disability=tuple(person.disability) if person else (),
        has_documents=person.has_documents if person else None,
        province=(case.focal_organisation.province if case.focal_organisation else "") or case.detected_province,
        risk_level=case.risk_level,
    )


def _age(case: Case) -> int | None:
    if case.person is not None and case.person.birth_year is not None:
        return clock.today().year - case.person.birth_year
    return case.age_at_screening
