"""Words and colours for the codes of the episode that no country pack names: statuses, sections, tasks, ages.

Code lists of the country are labelled by `country.fields.label`.
"""

from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from spean.access.models import Organisation
from spean.cases.models import Case
from spean.country import pack
from spean.country.fields import label
from spean.lib import clock

Word = str | Promise

CASE_STATUS: dict[str, tuple[Word, str]] = {
    "screening": (gettext_lazy("Screening"), "blue"),
    "screened": (gettext_lazy("Screened"), "blue"),
    "referred": (gettext_lazy("Referred"), "amber"),
    "registered": (gettext_lazy("Registered"), "green"),
    "follow_up": (gettext_lazy("Second interview offered"), "amber"),
    "counted": (gettext_lazy("Counted without identity"), "grey"),
    "closed": (gettext_lazy("Closed"), "grey"),
}
LEGAL_COLOUR = {"presumed_victim": "deep", "identified_victim": "deep"}
RISK_COLOUR = {"high": "red", "medium": "amber", "low": "green", "unknown": "grey"}

SECTION: dict[str, Word] = {
    "identity": gettext_lazy("Name and identity"),
    "contact": gettext_lazy("How to reach the person"),
    "whereabouts": gettext_lazy("Where the person is"),
    "narrative": gettext_lazy("What happened"),
    "health": gettext_lazy("Health"),
    "protection": gettext_lazy("Safety and protection"),
    "justice": gettext_lazy("Criminal case"),
    "documents": gettext_lazy("Documents"),
}
TASK: dict[str, Word] = {
    "screening": gettext_lazy("First responder"),
    "focal": gettext_lazy("Focal agency"),
    "service": gettext_lazy("Service"),
    "identification": gettext_lazy("Formal identification"),
    "referrer": gettext_lazy("Referred the person, sees what became of it"),
    "justice": gettext_lazy("Criminal case"),
    "return": gettext_lazy("Return"),
}
EXCLUSION_REASON: dict[str, Word] = {
    "implicated": gettext_lazy("Implicated in what happened"),
    "related_to_suspect": gettext_lazy("Related to a suspect"),
    "wish_of_person": gettext_lazy("The person wishes it"),
}
CONFERENCE_PURPOSE: dict[str, Word] = {
    "safety": gettext_lazy("Safety of the person"),
    "services": gettext_lazy("Help and services"),
    "return": gettext_lazy("Return"),
    "justice": gettext_lazy("Criminal case"),
    "other": gettext_lazy("Something else"),
}
CONFERENCE_STATUS: dict[str, tuple[Word, str]] = {
    "called": (gettext_lazy("Called"), "blue"),
    "held": (gettext_lazy("Held"), "green"),
    "cancelled": (gettext_lazy("Cancelled"), "grey"),
}
NOTE_ABOUT: dict[str, Word] = {
    "general": gettext_lazy("Note"),
    "closing": gettext_lazy("Reasons for closing"),
    "reopening": gettext_lazy("Reasons for opening again"),
    "best_interests": gettext_lazy("Best interests of the child"),
    "review": gettext_lazy("What the person says about the decision"),
}
GROUND: dict[str, Word] = {
    "consent": gettext_lazy("The person agreed"),
    "best_interests": gettext_lazy("The child’s best interests"),
    "court_order": gettext_lazy("A court’s order"),
    "danger_to_life": gettext_lazy("Danger to life"),
}
HOLD_GROUND: dict[str, Word] = {
    "criminal_case": gettext_lazy("A criminal case"),
    "court_order": gettext_lazy("An order of a court"),
    "compensation_claim": gettext_lazy("A claim for wages or compensation"),
    "complaint": gettext_lazy("A complaint or an inquiry"),
}
ERASURE_GROUND: dict[str, Word] = {
    "wish_of_person": gettext_lazy("The person wishes it"),
    "retention": gettext_lazy("The time for keeping records is over"),
    "recorded_in_error": gettext_lazy("Recorded in error"),
}
ERASURE_DECLINED: dict[str, Word] = {
    "wish_not_clear": gettext_lazy("It is not clear that the person wishes it"),
    "needed_by_law": gettext_lazy("The law asks to keep the records"),
    "wrong_person": gettext_lazy("Records of somebody else are among them"),
}
ERASURE_STATUS: dict[str, tuple[Word, str]] = {
    "requested": (gettext_lazy("Waits for the second officer"), "amber"),
    "withdrawn": (gettext_lazy("Taken back"), "grey"),
    "declined": (gettext_lazy("Declined"), "red"),
    "confirmed": (gettext_lazy("Confirmed"), "green"),
}
CONSENT_STATUS: dict[str, tuple[Word, str]] = {
    "unconfirmed": (gettext_lazy("Waits for the second person"), "amber"),
    "rejected": (gettext_lazy("Not confirmed"), "grey"),
    "given": (gettext_lazy("Agreed"), "green"),
    "refused": (gettext_lazy("Refused"), "red"),
    "withdrawn": (gettext_lazy("Withdrawn"), "grey"),
}
# Age groups of the published counts.
AGE_BANDS = ((0, 8), (9, 17), (18, 20), (21, 23), (24, 26), (27, 29), (30, 38), (39, 47))


def standing(case: Case) -> tuple[Word, str]:
    """How a case stands, in words and colour. What was erased shows as nothing else."""
    return (gettext_lazy("Erased"), "grey") if case.erased_at is not None else CASE_STATUS[case.status]


def age_band(age: int | None) -> str:
    """The age group: enough for a list, too little to find somebody by."""
    if age is None:
        return _("age not known")
    for low, high in AGE_BANDS:
        if low <= age <= high:
            return f"{low}–{high}"
    return "48+"


def short(case: Case) -> str:
    """Sex and age group in one line, for queues."""
    sex = label("sex", case.sex) if case.sex else _("sex not known")
    return f"{sex}, {age_band(case.age_at_screening)}"


def ago(at: datetime) -> str:
    """How long ago, for queues. Django's own words for this are not translated into Khmer."""
    passed = clock.now() - at
    if passed < timedelta(minutes=1):
        return _("just now")
    if passed < timedelta(hours=1):
        minutes = passed // timedelta(minutes=1)
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    if passed < timedelta(days=1):
        hours = passed // timedelta(hours=1)
        return ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}
    return ngettext("%(n)d day ago", "%(n)d days ago", passed.days) % {"n": passed.days}


def age(case: Case) -> str:
    """The age as it was stated, and that it is doubted."""
    if case.age_at_screening is None:
        return _("Not known")
    years = _("%(age)d years") % {"age": case.age_at_screening}
    return _("%(age)s, doubted: treated as a child") % {"age": years} if case.age_disputed else years


def organisation(found: Organisation | None) -> str:
    """The name of an organisation in the reader's language, where it has one."""
    return found.label() if found else ""


def place(code: str) -> str:
    """The name of a place in the reader's language."""
    found = pack().geography.find(code) if code else None
    return found.label() if found else ""


def facts(case: Case) -> list[tuple[str, str]]:
    """The coded facts of the person as they are known on this case."""
    rows = [
        (_("Sex"), label("sex", case.sex) if case.sex else ""),
        (_("Age"), age(case)),
        (_("Nationality"), label("nationality", case.nationality) if case.nationality else ""),
        (_("Languages"), ", ".join(label("language", code) for code in case.languages)),
        (_("Exploitation"), ", ".join(label("exploitation_form", code) for code in case.exploitation_forms)),
        (_("Met"), label("detection_context", case.detection_context) if case.detection_context else ""),
        (_("Province where met"), place(case.detected_province)),
    ]
    return [(name, value or _("Not known")) for name, value in rows]
