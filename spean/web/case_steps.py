"""What the focal agency's case manager can do next in a case, in plain words and in the order that makes sense.

The steps of whoever met the person stand in `cases.next_steps`. A step that is not possible yet says what is missing.
"""

from django.utils.translation import gettext as _

from spean.cases.models import Case
from spean.cases.panels import NextStep, Sight, link, next_steps
from spean.country.fields import label
from spean.identification.panels import determinations_of
from spean.lib import clock
from spean.protection import panels as protection
from spean.referral.panels import referrals_of

NOW, SOON, LATER = 0, 20, 60
RUNS = "see_case_history"


@next_steps
def manager_steps(sight: Sight) -> list[NextStep]:
    case = sight.case
    if RUNS in sight.may and case.status == "referred":
        step = NextStep(
            _("Register the person"), link("case_register", case.pk),
            _("The search for the same person runs before anything is saved."), order=NOW,
        )  # fmt: skip
        return [step] if step.url else []
    if case.status == "closed" and "reopen_case" in sight.may:
        return [NextStep(_("Open the case again"), link("case_reopen", case.pk), order=LATER)]
    if RUNS not in sight.may or case.status != "registered":
        return []
    return [*_protect(sight), *_needs(sight), *_identify(sight), *_always(case)]


def _protect(sight: Sight) -> list[NextStep]:
    case = sight.case
    found = []
    informed = protection.last_rights(sight) is not None
    if not informed:
        found.append(
            NextStep(
                _("Tell the person their rights"), link("case_rights", case.pk),
                _("In a language they understand, before anything else."), order=NOW,
            )
        )  # fmt: skip
    # The danger is looked at anew once the focal agency has the case.
    since = case.person.registered_at if case.person else case.started_at
    risk = protection.last_risk(sight)
    if risk is None or risk.assessed_at < since:
        found.append(NextStep(_("Assess the danger with the person"), link("case_risk", case.pk), order=NOW + 1))
    period = protection.last_period(sight)
    if period is None:
        missing = [] if informed else [_("Tell the person their rights first, in a language they understand.")]
        found.append(
            NextStep(
                _("Open the reflection period"), "" if missing else link("case_reflection", case.pk),
                _("30 days to recover and to think."), hindrances=missing, order=NOW + 2,
            )
        )  # fmt: skip
    elif period.status == "running" and clock.today() >= period.ends_on:
        found.append(NextStep(_("End the reflection period"), link("case_reflection", case.pk), order=NOW + 2))
    return found


def _needs(sight: Sight) -> list[NextStep]:
    case = sight.case
    rows = protection.needs_of(sight)
    if not rows:
        return [NextStep(_("Record what the person needs"), link("case_needs", case.pk), order=NOW + 3)]
    asked = {row.need_id for row in referrals_of(sight) if row.status in ("sent", "acknowledged")}
    return [
        NextStep(
            _("Find a service: %(need)s") % {"need": label("need", need.code)},
            link("need_services", case.pk, need.pk),
            order=SOON if need.urgent else SOON + 1,
        )
        for need in rows
        if need.status == "open" and need.pk not in asked
    ]


def _identify(sight: Sight) -> list[NextStep]:
    case = sight.case
    last = next(iter(determinations_of(sight)), None)
    if last is not None:
        if last.status == "confirmed" and "inform_of_determination" in sight.may:
            return [NextStep(_("Tell the person the decision"), link("determination_tell", last.pk), order=NOW)]
        return []
    waiting = any(
        row.kind == "identification" and row.status not in ("declined", "withdrawn") for row in referrals_of(sight)
    )
    if case.legal_status != "presumed_victim" or waiting:
        return []
    return [NextStep(_("Ask the competent authority to decide"), link("case_to_authority", case.pk), order=SOON + 5)]


def _always(case: Case) -> list[NextStep]:
    steps = [
        NextStep(_("Record an agreement"), link("case_consent", case.pk, "service_referral"), order=LATER),
        NextStep(_("Record more needs"), link("case_needs", case.pk), order=LATER + 1),
        NextStep(_("Write a note"), link("case_note", case.pk), order=LATER + 2),
        NextStep(_("Close the case, with its outcome"), link("case_close", case.pk), order=LATER + 3),
    ]
    return [step for step in steps if step.url]
