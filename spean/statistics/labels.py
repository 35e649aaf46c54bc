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
    "draft": (gettext_lazy("Draft"), "grey"),
    "checked": (gettext_lazy("Waits for a second officer"), "amber"),
    "published": (gettext_lazy("Published"), "green"),
    "discarded": (gettext_lazy("Discarded"), "red"),
    "recorded": (gettext_lazy("Waits for a second officer"), "amber"),
    "withdrawn": (gettext_lazy("Withdrawn"), "red"),
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


def text(translations: Mapping[str, str], language: str | None = None) -> str:
    return in_language(translations, language)
