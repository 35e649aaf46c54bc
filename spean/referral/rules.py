"""Which services can help with a need, best first, and why. Pure: the facts and services are handed in.

Eligibility is never guessed: where the person's fact is unknown, the service stays on the list with a
question to ask; where it is known and does not fit, the service is left out with the reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Protocol

from spean.directory.freshness import is_stale

ADULT = 18  # Palermo Protocol, Art. 3(d): under eighteen is a child

# What counts for how much within one group of the ranking. Eligibility is no number: it decides the group.
SAME_PROVINCE = 30
SERVES_PROVINCE = 22
NEAR = 20  # shrinks with the distance …
FAR_KM = 400  # … to nothing here
FREE_PLACES = 20
ENOUGH_PLACES = 3  # more free places than this make no difference to one person
PLACES_NOT_COUNTED = 10
MEETS_STANDARDS = 10
BELOW_STANDARDS = -20
SPEAKS_LANGUAGE = 10
SPECIALISED = 5
EACH_QUESTION = -5

# A person of one of these genders may fit a service for the gender named; only the service can say.
ASK_FOR: Mapping[str, frozenset[str]] = {
    "transgender_feminine": frozenset({"female"}),
    "transgender_masculine": frozenset({"male"}),
}
NO_DISABILITY = frozenset({"none", "unknown"})


class ServiceFacts(Protocol):
    """What the ranking reads of a service; the table's rows fit."""

    @property
    def type(self) -> str: ...
    @property
    def minimum_age(self) -> int | None: ...
    @property
    def maximum_age(self) -> int | None: ...
    @property
    def sexes(self) -> list[str]: ...
    @property
    def nationalities(self) -> list[str]: ...
    @property
    def languages(self) -> list[str]: ...
    @property
    def exploitation_forms(self) -> list[str]: ...
    @property
    def disability_access(self) -> bool: ...
    @property
    def needs_documents(self) -> bool: ...
    @property
    def residential(self) -> bool: ...
    @property
    def province(self) -> str: ...
    @property
    def provinces_served(self) -> list[str]: ...
    @property
    def capacity_maximum(self) -> int | None: ...
    @property
    def capacity_available(self) -> int | None: ...
    @property
    def meets_minimum_standards(self) -> bool | None: ...


@dataclass(frozen=True)
class PersonFacts:
    """Coded facts of the person that decide eligibility. None or empty: not known.

    An age is a span, from `youngest` to `oldest`: who knows only the year of birth knows two possible ages.
    """

    youngest: int | None = None
    oldest: int | None = None
    treated_as_child: bool = False
    sex: str = ""
    nationality: str = ""
    languages: tuple[str, ...] = ()
    exploitation_forms: tuple[str, ...] = ()
    disability: tuple[str, ...] = ()
    has_documents: bool | None = None
    province: str = ""
    risk_level: str = ""

    @classmethod
    def aged(cls, age: int | None, **facts: object) -> "PersonFacts":
        """A person whose age is known exactly, or not at all."""
        return cls(youngest=age, oldest=age, **facts)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Reason:
    """A code and its facts; said as a sentence by `texts.sentence`."""

    code: str
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Match:
    """One service for one need: whether it can take the person, how well it fits, and why."""

    service: ServiceFacts
    eligible: bool
    group: int
    score: float
    reasons: tuple[Reason, ...]
    obstacles: tuple[Reason, ...]
    to_ask: tuple[Reason, ...]


class _Found:
    """What was found about one service so far."""

    def __init__(self) -> None:
        self.reasons: list[Reason] = []
        self.obstacles: list[Reason] = []
        self.to_ask: list[Reason] = []
        self.score = 0.0

    def fits(self, code: str, points: float = 0, **params: object) -> None:
        self.reasons.append(_reason(code, params))
        self.score += points

    def cannot(self, code: str, **params: object) -> None:
        self.obstacles.append(_reason(code, params))

    def ask(self, code: str, **params: object) -> None:
        self.to_ask.append(_reason(code, params))
        self.score += EACH_QUESTION


FIRST, RESIDENTIAL, CANNOT = 0, 1, 2


def rank(
    person: PersonFacts,
    services: Iterable[ServiceFacts],
    *,
    provinces: Mapping[str, tuple[float, float]],
    capacity_days: Mapping[int, int | None] | None = None,
) -> list[Match]:
    """Services that answer a need, the fitting ones first; those that cannot take the person come last.

    Family or community care comes first (NRM §3.8): a residential place ranks behind everything else that fits,
    however near, unless a high risk makes a protected place the first need.

    `provinces` gives (latitude, longitude) by code; `capacity_days` the age of each capacity figure by
    position. Equal scores keep the order in which the services were handed in.
    """
    matches = [
        match(person, service, provinces=provinces, capacity_age=(capacity_days or {}).get(place))
        for place, service in enumerate(services)
    ]
    return sorted(matches, key=lambda found: (found.group, -found.score))


def match(
    person: PersonFacts,
    service: ServiceFacts,
    *,
    provinces: Mapping[str, tuple[float, float]],
    capacity_age: int | None = None,
) -> Match:
    """Eligibility and fit of one service."""
    found = _Found()
    _who(person, service, found)
    _lists(person, service, found)
    _access(person, service, found)
    _capacity(service, capacity_age, found)
    _distance(person, service, provinces, found)
    _standards(person, service, found)
    if found.obstacles:
        group = CANNOT
    elif service.residential and person.risk_level != "high":
        group = RESIDENTIAL
    else:
        group = FIRST
    return Match(
        service,
        not found.obstacles,
        group,
        found.score,
        tuple(found.reasons),
        tuple(found.obstacles),
        tuple(found.to_ask),
    )


# --- who can come --------------------------------------------------------------------------------------------

FITS, ASK, CANNOT_COME = "fits", "ask", "cannot"


def age_fit(person: PersonFacts, low: int | None, high: int | None) -> str:
    """Whether a person's age lies within limits, both of which count: yes, ask, or no.

    A possible child is treated as a child: a service for adults alone cannot take him, whatever age was said,
    and a service for children is asked rather than ruled out.
    """
    if low is None and high is None:
        return FITS
    if person.treated_as_child and low is not None and low >= ADULT:
        return CANNOT_COME
    if person.youngest is None or person.oldest is None:
        return ASK
    youngest, oldest = person.youngest, person.oldest
    if person.treated_as_child:
        youngest = min(youngest, ADULT - 1)
    least, most = low or 0, high if high is not None else oldest
    if oldest < least or youngest > most:
        return CANNOT_COME
    return FITS if least <= youngest and oldest <= most else ASK


def sex_fit(sex: str, taken: Sequence[str]) -> str:
    """Whether a service for these sexes takes a person of this one: yes, ask, or no."""
    if not taken or sex in taken:
        return FITS
    if sex in ("", "unknown", "nonconforming") or ASK_FOR.get(sex, frozenset()) & set(taken):
        return ASK
    return CANNOT_COME


def _who(person: PersonFacts, service: ServiceFacts, found: _Found) -> None:
    """Age and sex together, because that is how a service says whom it takes: “girls of 6 to 17”."""
    age = age_fit(person, service.minimum_age, service.maximum_age)
    sex = sex_fit(person.sex, service.sexes)
    who = {"sexes": ";".join(service.sexes), "low": _text(service.minimum_age), "high": _text(service.maximum_age)}
    if age == CANNOT_COME:
        adults = person.treated_as_child and (service.minimum_age or 0) >= ADULT
        found.cannot("adults_only" if adults else "age_outside", low=who["low"], high=who["high"])
    elif age == ASK:
        code = "age_unknown" if person.oldest is None else "age_uncertain"
        found.ask(code, low=who["low"], high=who["high"])
    if sex == CANNOT_COME:
        found.cannot("sex_not_taken", **who)
    elif sex == ASK:
        found.ask("sex_unknown" if person.sex in ("", "unknown") else "gender_not_named", sex=person.sex, **who)
    if age == sex == FITS and (service.sexes or who["low"] or who["high"]):
        found.fits("takes", 0, **who)


def _lists(person: PersonFacts, service: ServiceFacts, found: _Found) -> None:
    if service.nationalities:
        if not person.nationality:
            found.ask("nationality_unknown")
        elif person.nationality in service.nationalities:
            found.fits("nationality_taken", nationality=person.nationality)
        else:
            found.cannot("nationality_not_taken", nationality=person.nationality)
    if service.exploitation_forms:
        shared = [form for form in person.exploitation_forms if form in service.exploitation_forms]
        if shared:
            found.fits("specialised", SPECIALISED, forms=";".join(shared))
        elif person.exploitation_forms:
            found.cannot("form_not_taken", forms=";".join(service.exploitation_forms))
        else:
            found.ask("form_unknown", forms=";".join(service.exploitation_forms))
    if service.languages:
        shared = [language for language in person.languages if language in service.languages]
        if shared:
            found.fits("speaks", SPEAKS_LANGUAGE, languages=";".join(shared))
        elif person.languages:
            found.ask("interpreter_needed", languages=";".join(person.languages))
        else:
            found.ask("language_unknown")


def _access(person: PersonFacts, service: ServiceFacts, found: _Found) -> None:
    if set(person.disability) - NO_DISABILITY:
        if service.disability_access:
            found.fits("disability_access")
        else:
            found.ask("disability_access_unknown")
    if service.needs_documents:
        if person.has_documents is False:
            found.cannot("needs_documents")
        elif person.has_documents is None:
            found.ask("documents_unknown")


# --- how well it fits ----------------------------------------------------------------------------------------


def _capacity(service: ServiceFacts, days: int | None, found: _Found) -> None:
    free, maximum = service.capacity_available, service.capacity_maximum
    if free is None or maximum is None:
        found.fits("places_not_counted", PLACES_NOT_COUNTED)
        return
    told = {"free": free, "maximum": maximum, "days": _text(days)}
    if free > 0:
        found.fits("free_places", FREE_PLACES * min(1.0, free / ENOUGH_PLACES), **told)
        if is_stale(days):
            found.ask("capacity_old", days=told["days"])
    elif is_stale(days):
        # Nobody knows any more whether the house is full: that is a question, not an obstacle.
        found.ask("full_when_last_told", **told)
    else:
        found.cannot("no_free_place", **told)


def _distance(
    person: PersonFacts, service: ServiceFacts, provinces: Mapping[str, tuple[float, float]], found: _Found
) -> None:
    if not person.province:
        return
    if service.province == person.province:
        found.fits("same_province", SAME_PROVINCE)
        return
    if person.province in service.provinces_served:
        found.fits("serves_province", SERVES_PROVINCE, province=person.province)
        return
    here, there = provinces.get(person.province), provinces.get(service.province)
    if here is not None and there is not None:
        kilometres = distance_km(here, there)
        points = max(0.0, NEAR * (1 - kilometres / FAR_KM))
        found.fits("distance", points, kilometres=10 * round(kilometres / 10), province=service.province)
    if service.provinces_served:
        found.ask("province_not_served", province=person.province)


def _standards(person: PersonFacts, service: ServiceFacts, found: _Found) -> None:
    if service.meets_minimum_standards:
        found.fits("meets_standards", MEETS_STANDARDS)
    elif service.meets_minimum_standards is False:
        found.fits("below_standards", BELOW_STANDARDS)
    if service.residential:
        found.fits("residential_high_risk" if person.risk_level == "high" else "residential_last")


def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Great-circle distance between two points in degrees, in kilometres (mean Earth radius 6,371 km)."""
    latitude_1, longitude_1, latitude_2, longitude_2 = map(radians, (*here, *there))
    a = sin((latitude_2 - latitude_1) / 2) ** 2
    a += cos(latitude_1) * cos(latitude_2) * sin((longitude_2 - longitude_1) / 2) ** 2
    # Rounding may carry the sum a hair past one between antipodes.
    return 2 * 6371 * asin(min(1.0, sqrt(a)))


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _reason(code: str, params: Mapping[str, object]) -> Reason:
    return Reason(code, tuple((name, str(value)) for name, value in params.items()))


# --- when nothing fits ---------------------------------------------------------------------------------------

# In this order services fall away; the code of the pack's list by which the gap is recorded.
WHY_UNMET: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"age_outside", "adults_only"}), "no_service_for_age"),
    (frozenset({"sex_not_taken"}), "no_service_for_sex"),
    (frozenset({"nationality_not_taken"}), "no_service_for_nationality"),
    (frozenset({"form_not_taken"}), "other"),
    (frozenset({"needs_documents"}), "no_documents"),
    (frozenset({"no_free_place"}), "no_free_place"),
)


def why_unmet(matches: Sequence[Match], declined: Sequence[ServiceFacts] = ()) -> str:
    """The reason that a gap suggests itself by: the condition after which nobody was left, or that all declined.

    For a grown man among houses for girls, boys and women: some take adults, none of those takes men. Only a
    suggestion for the form; a person decides. Empty while a service that fits has not been asked.
    """
    if any(found.eligible and not any(found.service is one for one in declined) for found in matches):
        return ""
    if declined:
        return "all_declined"
    left = list(matches)
    for obstacles, reason in WHY_UNMET:
        left = [found for found in left if not obstacles & {obstacle.code for obstacle in found.obstacles}]
        if matches and not left:
            return reason
    return "no_service_in_area"
