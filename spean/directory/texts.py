"""What a service offers, in words: whom it takes, how many places are free, how fresh that is.

The pages of the directory and the reasons of the ranking say it the same way, because both ask here.
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from spean.country import pack
from spean.country.fields import label
from spean.directory.freshness import days_since, is_stale
from spean.directory.models import Service
from spean.lib import clock

ADULT = 18


def who(sexes: Sequence[str], low: int | None, high: int | None) -> str:
    """Whom a service takes: “girls of 6 to 17 years”, “women”, “everybody”."""
    people = _people(list(sexes), low, high)
    if high is None:
        if low is None or low == ADULT:
            return people
        return ngettext("%(people)s of %(low)s year or older", "%(people)s of %(low)s years or older", low) % {
            "people": people, "low": low,
        }  # fmt: skip
    if not low and high == ADULT - 1:
        return people
    return ngettext(
        "%(people)s of %(low)s to %(high)s year", "%(people)s of %(low)s to %(high)s years", high
    ) % {"people": people, "low": low or 0, "high": high}  # fmt: skip


def _people(sexes: list[str], low: int | None, high: int | None) -> str:
    children, adults = high is not None and high < ADULT, low is not None and low >= ADULT
    if not sexes:
        if children:
            return _("children")
        return _("adults") if adults else (_("everybody") if low is None and high is None else _("people"))
    words = {
        "female": _("girls") if children else _("women") if adults else _("women and girls"),
        "male": _("boys") if children else _("men") if adults else _("men and boys"),
        "transgender_feminine": _("transgender girls") if children else _("transgender women"),
        "transgender_masculine": _("transgender boys") if children else _("transgender men"),
    }
    return listed([words.get(sex) or label("sex", sex) for sex in sexes])


def listed(words: Sequence[str]) -> str:
    """Several things in one sentence."""
    if len(words) < 2:
        return "".join(words)
    return _("%(first)s and %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}


def who_can_come(service: Service) -> str:
    """Whom this service takes."""
    return who(service.sexes, service.minimum_age, service.maximum_age)


def languages(codes: Sequence[str]) -> str:
    """Languages by their names."""
    return listed([label("language", code) for code in codes])


def province(code: str) -> str:
    """A province by its name; a code that the pack does not know stands as it is."""
    named = {place.code: place for place in pack().geography.provinces()}
    return named[code].label(None) if code in named else code


def places(free: int, maximum: int) -> str:
    """How many places are free."""
    return ngettext("%(free)s of %(maximum)s place free", "%(free)s of %(maximum)s places free", maximum) % {
        "free": free, "maximum": maximum,
    }  # fmt: skip


def confirmed(days: int | None) -> str:
    """When the number of free places was last confirmed."""
    if days is None:
        return _("never confirmed")
    if days == 0:
        return _("confirmed today")
    if days == 1:
        return _("confirmed yesterday")
    return ngettext("confirmed %(days)s day ago", "confirmed %(days)s days ago", days) % {"days": days}


def capacity_days(service: Service) -> int | None:
    """How many days ago the figure of free places was confirmed, by the country's calendar."""
    return days_since(local_day(service.capacity_updated_at), clock.today())


def capacity_is_old(service: Service) -> bool:
    """Whether the figure should be asked about before anybody relies on it."""
    return service.capacity_available is not None and is_stale(capacity_days(service))


def capacity(service: Service) -> str:
    """Free places with their freshness; services that do not count places say so."""
    if service.capacity_available is None or service.capacity_maximum is None:
        return _("places are not counted")
    told = places(service.capacity_available, service.capacity_maximum)
    return f"{told}, {confirmed(capacity_days(service))}"


def local_day(moment: datetime | None) -> date | None:
    """The day on which something happened, as people in the country counted it."""
    return moment.astimezone(clock.local_zone()).date() if moment else None
