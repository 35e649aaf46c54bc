"""Codes of this room into words of the reader."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from spean.country.language import in_language

Words = Mapping[str, str | Promise]

UNIT: Words = {
    "person": gettext_lazy("persons"),
    "person_form": gettext_lazy("forms of exploitation told of, per person"),
    "episode": gettext_lazy("cases (episodes)"),
    "event": gettext_lazy("events"),
    "referral": gettext_lazy("referrals"),
    "need": gettext_lazy("needs"),
    "place": gettext_lazy("places"),
    "task": gettext_lazy("tasks"),
    "suspect": gettext_lazy("suspects"),
    "proceeding": gettext_lazy("criminal cases"),
    "record": gettext_lazy("persons, once for each fact"),
    "rate": gettext_lazy("per 100,000 residents"),
    "day": gettext_lazy("days"),
    "percent": gettext_lazy("percent"),
    "meeting": gettext_lazy("meetings"),
    "session": gettext_lazy("sessions"),
    "participation": gettext_lazy("participations"),
}
# As official statistics mark what has no number; the words stand beside each mark.
MARK = {"suppressed": "[c]", "missing": "[x]", "not_applicable": "[z]", "not_collected": "[n]"}
STATE: Words = {
    "counted": gettext_lazy("counted"),
    "suppressed": gettext_lazy("suppressed, so that nobody can be recognised"),
    "missing": gettext_lazy("missing: nobody reported it"),
    "not_applicable": gettext_lazy("not applicable"),
    "not_collected": gettext_lazy("not collected yet"),
}
DATE_RULE: Words = {
    "first_screening": gettext_lazy("the day on which the episode began"),
    "screening_completed": gettext_lazy("the day on which the screening was completed"),
    "decision_confirmed": gettext_lazy("the day on which the second officer confirmed"),
    "closed": gettext_lazy("the day of closing"),
    "sent": gettext_lazy("the day of sending"),
    "recorded": gettext_lazy("the day of recording"),
    "due": gettext_lazy("the day of the deadline"),
    "at_count": gettext_lazy("the day of the count"),
    "complaint": gettext_lazy("the day of the complaint"),
    "sent_to_court": gettext_lazy("the day on which the case went to court"),
    "stage_ended": gettext_lazy("the day on which the stage ended"),
    "judgment": gettext_lazy("the day of the judgment"),
    "handover": gettext_lazy("the day of the hand-over"),
    "period_end": gettext_lazy("the last day of the period"),
}
KIND: Words = {"stock": gettext_lazy("stock: on a day"), "flow": gettext_lazy("flow: during the period")}
BREAK: Words = {
    "law": gettext_lazy("change of law"),
    "definition": gettext_lazy("change of definition"),
    "coverage": gettext_lazy("change of who reports"),
    "unit": gettext_lazy("another unit"),
    "period": gettext_lazy("another length of period"),
}
STATUS: Mapping[str, tuple[str | Promise, str]] = {
    "counting": (gettext_lazy("Being counted"), "blue"),
    "failed": (gettext_lazy("Could not be counted"), "red"),
    "draft": (gettext_lazy("Draft"), "grey"),
    "checked": (gettext_lazy("Waits for a second officer"), "amber"),
    "published": (gettext_lazy("Published"), "green"),
    "discarded": (gettext_lazy("Discarded"), "red"),
    "recorded": (gettext_lazy("Waits for a second officer"), "amber"),
    "withdrawn": (gettext_lazy("Withdrawn"), "red"),
}
FAULT: Words = {
    "not_allowed": gettext_lazy("Whoever asked for it may no longer draft an edition. Ask for it yourself."),
    "refused": gettext_lazy(
        "It was refused at the end: another edition of this time was published meanwhile, or a table did not pass "
        "disclosure control. Ask for it again; if it is refused again, tell the operator."
    ),
    "not_protected": gettext_lazy("A table came back without disclosure control. Nothing was kept. Tell the operator."),
    "broke_off": gettext_lazy("It broke off. Ask for it again; if it breaks off again, tell the operator."),
}
TYPE: Words = {
    "count": gettext_lazy("Count"),
    "sample_estimate": gettext_lazy("Estimate from a sample"),
    "model_estimate": gettext_lazy("Estimate from a model"),
    "unsourced_claim": gettext_lazy("Claim without a source"),
}
STANDARD = {"sdg": "SDG", "glotip": "UNODC GLOTIP", "iccs": "ICCS", "ictip": "IC-TIP-aligned draft", "ctdc": "CTDC"}


def words(listed: Words, code: str) -> str:
    """The words for a code; one that this version does not know is shown as it stands."""
    return str(listed.get(code, code))


def period(slug: str) -> str:
    """2026-h1 or 2026-h1-1 in words."""
    year, _dash, rest = slug.partition("-")
    if rest.startswith("h"):
        half = _("first half") if rest.startswith("h1") else _("second half")
        return f"{year}, {half}"
    return year


def finding(one: Mapping[str, Any], title: str) -> str:
    """One line of the quality checks."""
    code = one["code"]
    if code == "incomplete":
        return _("%(table)s: only %(percent)s %% of values known (n = %(n)s), %(fact)s") % {
            "table": title, "percent": one["percent"], "n": one["n"], "fact": one["dimension"],
        }  # fmt: skip
    if code == "large_change":
        return _("%(table)s: changed by %(percent)s %% against the period before") % {
            "table": title, "percent": one["percent"],
        }  # fmt: skip
    if code == "break":
        kinds = ", ".join(words(BREAK, kind) for kind in one["kinds"])
        return _("%(table)s: not comparable with the period before (%(kinds)s)") % {"table": title, "kinds": kinds}
    said: Words = {
        "all_suppressed": gettext_lazy("every number is suppressed"),
        "small_count": gettext_lazy("a count below the threshold stands in it"),
        "not_protected": gettext_lazy("a hidden cell still holds its number"),
        "number_missing": gettext_lazy("a counted cell has no number"),
    }
    return f"{title}: {words(said, code)}"


# Each continues the title of a table. What a reader of the page may do about it comes last.
WITHHELD: Words = {
    "few_sources": gettext_lazy(
        "fewer than three houses report it, and their sum would tell how full one of them is. No number of it is shown."
    ),
    "small_difference": gettext_lazy(
        "some of its numbers differ from %(release)s by so few people that the two side by side would be a small number. "
        "What was published stays; anything new waits for the next period."
    ),
    "does_not_fit": gettext_lazy(
        "its numbers do not fit those published before, although nothing should have changed. What was published stays. "
        "Ask why the records changed."
    ),
    "not_provable": gettext_lazy(
        "some small numbers in it could be worked out from the others, and hiding more does not help. "
        "A table with fewer or wider categories would pass."
    ),
    "together": gettext_lazy(
        "whoever lays it beside %(release)s could work out numbers that are hidden. What was published stays."
    ),
    "too_small": gettext_lazy("all of its numbers are too small to be shown, or would tell one that is."),
    "derived": gettext_lazy("it is added up from a table that is withheld."),
    "defined_anew": gettext_lazy(
        "it was defined anew between the two half-years, so that there is nothing to add up. The half-years show it."
    ),
}


def withheld(one: Mapping[str, Any]) -> str:
    """Why a table of a draft is withheld, in words for the officers."""
    release = one["release"] or _("another table of this edition")
    return words(WITHHELD, one["reason"]) % {"release": release}


def room(kept: Mapping[str, str] | str) -> str:
    """Who will record a table; blank where somebody does. The first editions kept it in English alone."""
    return kept if isinstance(kept, str) else text(kept) if kept else ""


def text(translations: Mapping[str, str], language: str | None = None) -> str:
    return in_language(translations, language)
