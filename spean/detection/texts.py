"""The reasons of an assessment as sentences, in the reader's language.

Works inside the web application (Django's translations) and outside it (the same catalogues,
read directly), so that `spean screen` needs no settings and no database. Which reasons there
are is decided in `rules.py`; labels of indicators, acts and forms come from the country pack.
"""

import gettext as catalogues
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.utils import translation

from spean.detection.rules import Assessment, Reason

_outside: ContextVar[catalogues.NullTranslations | None] = ContextVar("_outside", default=None)


def _django_translates() -> bool:
    return settings.configured and apps.ready


def gettext(message: str) -> str:
    if _django_translates():
        return translation.gettext(message)
    return (_outside.get() or catalogues.NullTranslations()).gettext(message)


def gettext_noop(message: str) -> str:
    return message


@cache
def _catalogue(language: str) -> catalogues.NullTranslations:
    """The compiled catalogues of the product for a language; English where there is none."""
    spean = Path(__file__).resolve().parents[1]
    found = catalogues.NullTranslations()
    for folder in (spean.parent / "locale", spean / "locale", *sorted(spean.glob("*/locale"))):
        if catalogues.find("django", folder, [language]):
            read = catalogues.translation("django", folder, [language])
            read.add_fallback(found)
            found = read
    return found


@contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """Sentences inside the block come in this language; None keeps the language in use."""
    if language is None:
        yield
    elif _django_translates():
        with translation.override(language):
            yield
    else:
        token = _outside.set(_catalogue(language))
        try:
            yield
        finally:
            _outside.reset(token)


DIMENSION_NAMES = {
    "DR": gettext_noop("deceptive recruitment"),
    "CR": gettext_noop("coercive recruitment"),
    "RV": gettext_noop("recruitment by abuse of vulnerability"),
    "EX": gettext_noop("exploitation"),
    "CD": gettext_noop("coercion at destination"),
    "VD": gettext_noop("abuse of vulnerability at destination"),
}

SENTENCES = {
    "population_child": gettext_noop(
        "Age %(age)s: the person is a child, so no means, such as force or deception, need to be shown."
    ),
    "population_possible_child": gettext_noop(
        "The person may be under 18 and is treated as a child: no means, such as force or deception, need to be shown."
    ),
    "population_adult": gettext_noop(
        "Age %(age)s: the person is an adult, so act, means and purpose are all looked for."
    ),
    "population_age_unknown": gettext_noop(
        "The age is not known, and the list for adults was used. If the person may be under 18, "
        "say that the age is in doubt: a possible child must be treated as a child."
    ),
    "act_strong": gettext_noop("Act: strongly indicated. Reported: %(acts)s."),
    "act_some": gettext_noop(
        "Act: some indication. Which act took place is not known, but the answers point to %(dims)s: %(keys)s."
    ),
    "act_some_none_named": gettext_noop(
        "Act: some indication. No act was reported, but the answers point to %(dims)s: %(keys)s."
    ),
    "act_none": gettext_noop(
        "Act: not indicated. Nobody is reported to have recruited, transported, transferred, "
        "harboured or received the person."
    ),
    "act_unknown": gettext_noop(
        "Act: unknown. It is not known whether anybody recruited, transported, transferred, "
        "harboured or received the person."
    ),
    "means_strong": gettext_noop("Means: strongly indicated. The answers point to %(dims)s: %(keys)s."),
    "means_some": gettext_noop("Means: some indication. The answers point to %(dims)s: %(keys)s."),
    "means_some_strong_sign": gettext_noop("Means: some indication. One strong sign is enough for this: %(strong)s."),
    "means_none": gettext_noop(
        "Means: not indicated. No sign of force, deception or abuse was answered yes; %(no)s of "
        "%(total)s were answered no."
    ),
    "means_unknown": gettext_noop(
        "Means: unknown. Of %(total)s signs of force, deception or abuse, %(answered)s were "
        "answered yes or no: too few to tell."
    ),
    "means_unknown_some_yes": gettext_noop(
        "Means: unknown. Some signs are there, too few for an indication but enough not to rule it out: %(keys)s."
    ),
    "means_not_required": gettext_noop("Means: not required. For a child, act and purpose are enough."),
    "means_told_by_child": gettext_noop("Not needed for the result, but answered yes: %(keys)s."),
    "purpose_strong": gettext_noop("Purpose: strongly indicated. The answers point to exploitation: %(keys)s."),
    "purpose_strong_child_sexual": gettext_noop(
        "Purpose: strongly indicated. For a child this form of exploitation is enough by itself: %(form)s."
    ),
    "purpose_strong_child_sexual_told": gettext_noop(
        "Purpose: strongly indicated. For a child this form of exploitation is enough by itself: "
        "%(form)s. Also answered yes: %(keys)s."
    ),
    "purpose_some": gettext_noop("Purpose: some indication. Signs of exploitation were answered yes: %(keys)s."),
    "purpose_none": gettext_noop(
        "Purpose: not indicated. No sign of exploitation was answered yes; %(no)s of %(total)s were answered no."
    ),
    "purpose_unknown": gettext_noop(
        "Purpose: unknown. Of %(total)s signs of exploitation, %(answered)s were answered yes or no: too few to tell."
    ),
    "consent_adult": gettext_noop("Where means were used, it does not matter whether the person agreed."),
    "consent_child": gettext_noop("It does not matter whether the child, or anybody for the child, agreed."),
    "declined": gettext_noop("Questions that were declined are not counted as no."),
    "unverified": gettext_noop("How strong these signs are is not yet verified against the published list: %(keys)s."),
    "result_presumed_victim": gettext_noop(
        "The answers suggest that every element needed is there: treat the person as a presumed "
        "victim of trafficking. This establishes nothing; the competent authority decides."
    ),
    "result_exploited_not_trafficked": gettext_noop(
        "The answers suggest exploitation in which an element of trafficking is missing. Help "
        "and other remedies, such as labour rights, are still due; the competent authority "
        "decides."
    ),
    "result_no_indication": gettext_noop(
        "The answers suggest no trafficking. This closes nothing: a person decides that, with "
        "reasons, and where there is doubt the competent authority decides."
    ),
    "result_insufficient_information": gettext_noop(
        "The answers suggest neither yes nor no. This is not a negative: offer information and a "
        "second interview; the competent authority decides."
    ),
}


def sentence(reason: Reason, labels: Mapping[str, str]) -> str:
    """One reason in the language in use.

    `labels` names indicators (by `DIM-KEY`), acts and forms in that language; a code without a
    label stands as it is.
    """
    words = {name: _words(name, value, labels) for name, value in reason.params.items()}
    return gettext(SENTENCES[reason.code]) % words


def sentences(assessment: Assessment, labels: Mapping[str, str], language: str | None = None) -> list[str]:
    """All reasons, in order: who, act, means, purpose, notes, result."""
    with speaking(language):
        return [sentence(reason, labels) for reason in assessment.reasons]


def _words(name: str, value: object, labels: Mapping[str, str]) -> str:
    if name == "dims":
        return ", ".join(gettext(DIMENSION_NAMES[dim]) for dim in _codes(value))
    if name in ("acts", "keys", "strong"):
        # Labels hold commas; semicolons keep them apart.
        return "; ".join(labels.get(code, code) for code in _codes(value))
    if name == "form":
        return labels.get(str(value), str(value))
    return str(value)


def _codes(value: object) -> list[str]:
    return [str(code) for code in value] if isinstance(value, Iterable) else [str(value)]
