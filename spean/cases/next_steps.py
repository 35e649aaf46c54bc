"""What whoever met the person can do with the case next, in the order in which it makes sense.

The verbs come from the workflow and the policy; here stand only their words, their pages and their order.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from spean.cases import queries
from spean.cases.models import Case
from spean.cases.panels import NextStep, Sight, link, next_steps
from spean.workflow import tables

NOW, LATER = 0, 60


@dataclass(frozen=True)
class Page:
    """The page of a verb or of a duty: its words, and the name of its URL, which takes the case."""

    title: str | Promise
    url_name: str
    why: str | Promise = ""


PAGES: dict[str, Page] = {
    "complete_screening": Page(_("Go on with the interview"), "case_interview", _("Everything typed so far is kept")),
    "record_consent": Page(_("Ask whether the person agrees to be referred"), "case_agreement"),
    "refer_case": Page(_("Refer to the focal agency"), "case_refer", _("The person has agreed")),
    "count_without_identity": Page(
        _("Count without identity"), "case_count", _("The person does not want to be referred")
    ),
    "offer_second_interview": Page(_("Offer a second interview"), "case_second_interview"),
    "screen_again": Page(_("Interview again"), "case_interview_again"),
    "record_need": Page(_("Immediate needs"), "case_needs"),
    "assess_risk": Page(_("Danger"), "case_risk"),
    "give_direct_help": Page(_("Help given now"), "case_help"),
    "give_rights_information": Page(_("Rights, to read aloud"), "case_rights"),
    "close_case": Page(_("Close the case, with reasons"), "case_close"),
}
# What somebody who met the person is reminded of while the case is in his hands.
DUTIES = ("record_need", "assess_risk", "give_direct_help", "give_rights_information")
BEFORE_REFERRAL = ("screened", "follow_up")


@next_steps
def responder_steps(sight: Sight) -> list[NextStep]:
    """The steps of whoever holds the interview; a case manager's are not among them."""
    case = sight.case
    if "answer_screening" not in sight.may or case.status in ("closed", "registered"):
        return []
    verbs = tables.verbs_from("cases.Case", case.status)
    able = [verb for verb in verbs if tables.BY_VERB[verb].permission in sight.may]
    now = ""
    if case.status == "screening":
        now = "complete_screening"
    elif case.status in BEFORE_REFERRAL:
        now, able = _before_referral(sight, able)
    if case.status != "screening":
        able += [duty for duty in DUTIES if duty in sight.may]
    if case.status == "counted":
        # Nothing more can be sealed: help on the spot and the rights remain.
        able = [name for name in able if name in ("give_direct_help", "give_rights_information")]
    names = [name for name in PAGES if name in able or name == now]
    return [step for name in names if (step := _step(name, case, NOW if name == now else LATER))]


def _before_referral(sight: Sight, able: list[str]) -> tuple[str, list[str]]:
    case = sight.case
    standing = queries.consent_standing(case)
    result = queries.last_result_code(case)
    if "record_consent" in sight.may:
        able = [*able, "record_consent"]
    # A child goes ahead in code; a second person confirms meanwhile.
    if standing != "given" and not (standing == "unconfirmed" and case.is_child):
        able = [name for name in able if name != "refer_case"]
    if standing != "refused" or case.is_child:
        able = [name for name in able if name != "count_without_identity"]
    if "refer_case" in able:
        return "refer_case", able
    if "count_without_identity" in able:
        return "count_without_identity", able
    if result == "no_indication" and not case.is_child:
        return "close_case", able
    if result == "insufficient_information":
        return ("offer_second_interview" if case.status == "screened" else "screen_again"), able
    return "record_consent", able


def _step(name: str, case: Case, order: int) -> NextStep | None:
    page = PAGES[name]
    url = link(page.url_name, case.pk)
    return NextStep(page.title, url, page.why, order=order) if url else None
