"""What pages read of cases: lists with their standing in words, and the few facts of higher rooms that decide a step.

Higher rooms are asked by the name of their table, as in the requirements: this room does not import them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import User
from spean.cases import labels
from spean.cases.models import Case
from spean.country.fields import label
from spean.privacy.models import Consent

REFERRAL_TO_FOCAL = "referral_to_focal_agency"

MINE_TO_DO = ("screening", "screened", "follow_up")


@dataclass(frozen=True)
class Row:
    """A case in a list: what it is called, how it stands, and what the other side answered. No name, no story."""

    case: Case
    # Sex and age group, for whoever may know them.
    who: str
    status: str
    colour: str
    answer: str
    answered_at: datetime | None


def listed(user: User, action: str = "see_case") -> QuerySet[Case]:
    """The cases this user may see, newest first, with what `rows` needs of them."""
    referrals = apps.get_model("referral", "Referral")._default_manager.filter(kind="focal")
    newest = referrals.select_related("to_organisation").order_by("-sent_at")
    return policy.visible(user, action, Case).prefetch_related(Prefetch("referrals", newest, to_attr="to_focal"))


def rows(user: User, cases: Sequence[Case]) -> list[Row]:
    """Cases as lines of a list. The cases come from `listed`."""
    found, known = [], set()
    ids = [case.pk for case in cases]
    for action in ("see_screening", "see_protection"):
        known |= set(policy.visible(user, action, Case).filter(pk__in=ids).values_list("pk", flat=True))
    for case in cases:
        sent: list[Any] = case.to_focal  # type: ignore[attr-defined]
        answer, at = answer_of(sent[0]) if sent else ("", None)
        status, colour = labels.standing(case)
        who = labels.short(case) if case.pk in known else ""
        found.append(Row(case, who, str(status), colour, answer, at))
    return found


def answer_of(referral: Any) -> tuple[str, datetime | None]:
    """What the focal agency answered, in words, and when. Its organisation and codes; nothing that was learned since."""
    to = labels.organisation(referral.to_organisation)
    status = referral.status
    if status == "sent":
        return _("Sent to %(organisation)s. Not acknowledged yet.") % {"organisation": to}, referral.sent_at
    if status == "acknowledged" and referral.case.person_id is None:
        return _("%(organisation)s has received it.") % {"organisation": to}, referral.acknowledged_at
    if status in ("acknowledged", "accepted"):
        # Registering is the answer of a focal agency; the referral itself may still say that it arrived.
        return _("%(organisation)s has registered the person.") % {"organisation": to}, referral.responded_at
    if status == "declined":
        reason = label("decline_reason", referral.decline_reason)
        told = _("%(organisation)s could not take it: %(reason)s.") % {"organisation": to, "reason": reason}
        return told, referral.responded_at
    if status in ("completed", "ended") and referral.feedback:
        feedback = label("referral_feedback", referral.feedback)
        return _("%(organisation)s: %(feedback)s.") % {"organisation": to, "feedback": feedback}, referral.ended_at
    if status == "withdrawn":
        return _("You took the referral back."), referral.ended_at
    return "", None


def waiting_for_me(user: User) -> list[Case]:
    """Cases this user began and has neither referred nor ended, oldest first: where he goes on."""
    mine = policy.visible_where(user, "answer_screening", Case, Q(started_by=user, status__in=MINE_TO_DO))
    return list(mine.order_by("started_at")[:25])


def last_interview(case: Case) -> Any:
    """The newest interview of a case, or None."""
    screenings = apps.get_model("detection", "Screening")._default_manager
    return screenings.filter(case=case).order_by("-started_at").first()


def last_result_code(case: Case) -> str:
    screenings = apps.get_model("detection", "Screening")._default_manager
    done = screenings.filter(case=case, completed_at__isnull=False).order_by("-started_at")
    return done.values_list("result", flat=True).first() or ""


def consent_standing(case: Case, purpose: str = REFERRAL_TO_FOCAL) -> str:
    """The last word of the person for a purpose: given, refused, withdrawn, or nothing yet."""
    last = Consent.objects.filter(case=case, purpose=purpose).order_by("-given_at").first()
    return last.status if last else ""


def interpreter_kind(case: Case) -> str:
    """Whether the interview had an interpreter, as the form of a consent asks it; empty where that is not known."""
    last = last_interview(case)
    if last is None or last.interpreter is None:
        return ""
    return "none" if not last.interpreter else "outside" if last.interpreter_not_from_scene else ""


def interview_language(case: Case, user: User) -> str:
    """In which language the person is talked to, as far as an interview says; else the officer's own."""
    last = last_interview(case)
    return (last.interview_language if last else "") or user.language
