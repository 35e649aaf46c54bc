"""Which services can help with a need, best first, and why. Pure: the facts and services are handed in.

Eligibility is never guessed: where the person's fact is unknown, the service stays on the list with a
question to ask; where it is known and does not fit, the service is left out with the reason.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import asin, cos, radians, sin, sqrt
from typing import Protocol

# Free places that were counted longer ago than this are shown as old, and weigh less.
STALE_AFTER_DAYS = 14


class ServiceFacts(Protocol):
    """What the ranking reads of a service; the table's rows fit."""

    type: str
    minimum_age: int | None
    maximum_age: int | None
    sexes: Sequence[str]
    nationalities: Sequence[str]
    languages: Sequence[str]
    exploitation_forms: Sequence[str]
    disability_access: bool
    needs_documents: bool
    residential: bool
    province: str
    provinces_served: Sequence[str]
    capacity_maximum: int | None
    capacity_available: int | None
    meets_minimum_standards: bool | None


@dataclass(frozen=True)
class PersonFacts:
    """Coded facts of the person that decide eligibility. None or empty: not known."""

    age: int | None = None
    treated_as_child: bool = False
    sex: str = ""
    nationality: str = ""
    languages: tuple[str, ...] = ()
    exploitation_forms: tuple[str, ...] = ()
    disability: tuple[str, ...] = ()
    has_documents: bool | None = None
    province: str = ""
    risk_level: str = ""


@dataclass(frozen=True)
class Reason:
    """A code and its facts; said as a sentence by `texts.reason`."""

    code: str
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Match:
    """One service for one need: whether it can take the person, how well it fits, and why."""

    service: ServiceFacts
    eligible: bool
    score: float
    reasons: tuple[Reason, ...]
    obstacles: tuple[Reason, ...]
    to_ask: tuple[Reason, ...]


def rank(
    person: PersonFacts,
    services: Iterable[ServiceFacts],
    *,
    provinces: dict[str, tuple[float, float]],
    capacity_days: dict[int, int | None] | None = None,
) -> list[Match]:
    """Services that answer a need, the fitting ones first; those that cannot take the person come last.

    `provinces` gives (latitude, longitude) by code; `capacity_days` the age of each capacity figure by
    position. Equal scores keep the order in which the services were handed in.
    """
    matches = [
        match(person, service, provinces=provinces, capacity_age=(capacity_days or {}).get(place))
        for place, service in enumerate(services)
    ]
    return sorted(matches, key=lambda found: (not found.eligible, -found.score))


def match(
    person: PersonFacts,
    service: ServiceFacts,
    *,
    provinces: dict[str, tuple[float, float]],
    capacity_age: int | None = None,
) -> Match:
    """Eligibility and fit of one service."""
    reasons: list[Reason] = []
    obstacles: list[Reason] = []
    to_ask: list[Reason] = []
    _ages(person, service, obstacles, to_ask, reasons)
    _lists(person, service, obstacles, to_ask, reasons)
    if person.disability and not service.disability_access:
        to_ask.append(Reason("disability_access_unknown"))
    if service.needs_documents and person.has_documents is False:
        obstacles.append(Reason("needs_documents"))
    score = _capacity(service, capacity_age, obstacles, to_ask, reasons)
    score += _distance(person, service, provinces, reasons)
    if service.meets_minimum_standards:
        score += 10
        reasons.append(Reason("meets_standards"))
    elif service.meets_minimum_standards is False:
        score -= 20
        reasons.append(Reason("below_standards"))
    if service.residential:
        # Family or community care first (Policy on Alternative Care): a residential place ranks behind
        # everything else unless danger makes a place to stay the first need.
        if person.risk_level == "high":
            reasons.append(Reason("residential_high_risk"))
        else:
            score -= 15
            reasons.append(Reason("residential_last"))
    score -= 5 * len(to_ask)
    return Match(service, not obstacles, score, tuple(reasons), tuple(obstacles), tuple(to_ask))


def _ages(
    person: PersonFacts, service: ServiceFacts, obstacles: list[Reason], to_ask: list[Reason], reasons: list[Reason]
) -> None:
    low, high = service.minimum_age, service.maximum_age
    if low is None and high is None:
        return
    limits = (("low", str(low or 0)), ("high", "" if high is None else str(high)))
    if person.age is None:
        if person.treated_as_child and low is not None and low >= 18:
            obstacles.append(Reason("adults_only", limits))
        else:
            to_ask.append(Reason("age_unknown", limits))
    elif (low is not None and person.age < low) or (high is not None and person.age > high):
        obstacles.append(Reason("age_outside", limits))
    else:
        reasons.append(Reason("age_fits", limits))


def _lists(
    person: PersonFacts, service: ServiceFacts, obstacles: list[Reason], to_ask: list[Reason], reasons: list[Reason]
) -> None:
    if service.sexes:
        if person.sex in ("", "unknown"):
            to_ask.append(Reason("sex_unknown"))
        elif person.sex not in service.sexes:
            obstacles.append(Reason("sex_not_taken"))
        else:
            reasons.append(Reason("sex_taken"))
    if service.nationalities:
        if not person.nationality:
            to_ask.append(Reason("nationality_unknown"))
        elif person.nationality not in service.nationalities:
            obstacles.append(Reason("nationality_not_taken"))
    if service.exploitation_forms and person.exploitation_forms:
        shared = set(service.exploitation_forms) & set(person.exploitation_forms)
        if shared:
            reasons.append(Reason("specialised"))
        else:
            obstacles.append(Reason("form_not_taken"))
    if service.languages and person.languages:
        if set(service.languages) & set(person.languages):
            reasons.append(Reason("language_spoken"))
        else:
            to_ask.append(Reason("interpreter_needed"))


def _capacity(
    service: ServiceFacts, capacity_age: int | None, obstacles: list[Reason], to_ask: list[Reason], reasons: list[Reason]
) -> float:
    free, maximum = service.capacity_available, service.capacity_maximum
    if free is None or maximum is None:
        return 10
    params = (("free", str(free)), ("maximum", str(maximum)))
    if free == 0:
        obstacles.append(Reason("no_free_place", params))
        return 0
    reasons.append(Reason("free_places", params))
    if capacity_age is None or capacity_age > STALE_AFTER_DAYS:
        to_ask.append(Reason("capacity_old"))
    return 20 * min(1.0, free / 3)


def _distance(
    person: PersonFacts, service: ServiceFacts, provinces: dict[str, tuple[float, float]], reasons: list[Reason]
) -> float:
    if not person.province:
        return 0
    if service.province == person.province:
        reasons.append(Reason("same_province"))
        return 30
    if person.province in service.provinces_served:
        reasons.append(Reason("serves_province"))
        return 22
    here, there = provinces.get(person.province), provinces.get(service.province)
    if here is None or there is None:
        return 0
    kilometres = distance_km(here, there)
    reasons.append(Reason("distance", (("kilometres", str(10 * round(kilometres / 10))),)))
    return max(0.0, 20 * (1 - kilometres / 400))


def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Great-circle distance between two points in degrees, in kilometres (mean Earth radius 6,371 km)."""
    latitude_1, longitude_1, latitude_2, longitude_2 = map(radians, (*here, *there))
    a = sin((latitude_2 - latitude_1) / 2) ** 2
    a += cos(latitude_1) * cos(latitude_2) * sin((longitude_2 - longitude_1) / 2) ** 2
    return 2 * 6371 * asin(sqrt(a))


def age_of_figure(updated_on: date | None, today: date) -> int | None:
    """How many days ago a capacity figure was confirmed."""
    return None if updated_on is None else (today - updated_on).days
