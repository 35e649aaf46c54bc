"""Sections: which parts of a case a user reads and writes, and what the doors may open for him."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Model, Q

from spean.access.models import User
from spean.access.policy.exclusions import is_excluded
from spean.access.policy.questions import may, visible
from spean.access.policy.relations import emergencies, invitations, open_now
from spean.access.roles import CASE_MANAGER, ROLE_SECTIONS, ROLE_TASKS, SECTIONS


def may_read(user: User, case: Model, section: str) -> bool:
    """Whether the user may read a section of a case: his role has it, and his organisation's task needs it."""
    return section in _readable(user, case, (section,))


def readable_sections(user: User, case: Model) -> frozenset[str]:
    """The sections of a case that this user may read."""
    return _readable(user, case, SECTIONS)


def _readable(user: User, case: Model, sections: Iterable[str]) -> frozenset[str]:
    """What the open involvements of the user's organisations grant, narrowed to his roles' tasks and sections."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    memberships = [membership for membership in user.memberships_now() if ROLE_SECTIONS[membership.role]]
    if not memberships or is_excluded(user, case):
        return frozenset()
    involvements = apps.get_model("cases", "Involvement")._default_manager.filter(
        open_now(), case_id=case.pk, organisation_id__in={membership.organisation_id for membership in memberships}
    )
    granted = list(involvements.order_by().values_list("organisation_id", "task", "sections"))
    read: set[str] = set()
    for membership in memberships:
        for organisation_id, task, shared in granted:
            if organisation_id != membership.organisation_id or task not in ROLE_TASKS[membership.role]:
                continue
            # A colleague in the same unit does not read what I wrote down while I screened.
            if task == "screening" and membership.role != CASE_MANAGER and case.started_by_id != user.pk:  # type: ignore[attr-defined]
                continue
            read |= ROLE_SECTIONS[membership.role].intersection(shared)
    wanted = frozenset(sections)
    if not wanted <= read:
        shown = invitations(user).filter(case_id=case.pk).order_by().values_list("organisation_id", "sections")
        for organisation_id, shared in shown:
            for membership in memberships:
                if membership.organisation_id == organisation_id:
                    read |= ROLE_SECTIONS[membership.role].intersection(shared)
    if not wanted <= read:
        # What a second person answered for, to this user and until its hours are over; wider than a role may be.
        for opened in emergencies(user).filter(case_id=case.pk).order_by().values_list("sections", flat=True):
            read |= set(opened)
    return wanted & read


# Sealed records that stand apart from the sections of a case: whoever may see one reads what is in it.
OWN_RECORDS = {
    "cases.Reason": "see_reason",
    # What was said and decided is the focal agency's; those who were invited have their own notes.
    "cases.Conference": "record_conference",
    "directory.ShelterLocation": "see_shelter_location",
    "privacy.EmergencyAccess": "see_emergency",
    "detection.Informant": "see_informant",
    "detection.Arrival": "see_arrival",
    "cases.OperationalFact": "see_operation",
    "exchange.Quarantined": "see_quarantined",
    "lists.PartnerList": "deliver_list",
    "lists.ListRow": "read_row",
}


def may_reveal(user: User, obj: Model, section: str) -> bool:
    """Whether the user may read a sealed section of any object: asked by `privacy.doors.reveal` alone."""
    label = obj._meta.label
    if label in OWN_RECORDS:
        return may(user, OWN_RECORDS[label], obj)
    if label == "privacy.Canary":
        return may(user, "see_canary", obj)  # a case's code, which he put there himself
    if label == "cases.Case":
        return may_read(user, obj, section)
    if label == "people.Person":
        if is_excluded(user, obj):
            return False
        case_model = apps.get_model("cases", "Case")
        cases: Iterable[Model] = case_model._default_manager.filter(person_id=obj.pk)
        if any(may_read(user, case, section) or _recorded_by_us(user, obj, case, section) for case in cases):
            return True
        # Whoever decides whether two records are one person has to read the names of both.
        match_model = apps.get_model("people", "PossibleMatch")
        return section == "identity" and (
            visible(user, "decide_match", match_model).filter(Q(person_id=obj.pk) | Q(other_id=obj.pk)).exists()
            and any(membership.organisation.is_national_focal for membership in user.memberships_now())
        )
    # The message was written for whoever decides on the referral, who is not involved in the case yet.
    if label == "referral.Referral" and _waits_for(user, obj) and section in obj.sections:  # type: ignore[attr-defined]
        return True
    # Whoever wrote a suspect down while he screened reads it while the screening is his.
    if label == "cases.Suspect" and obj.recorded_by_id == user.pk and may(user, "see_suspects", obj):  # type: ignore[attr-defined]
        return True
    # The officers wrote these reasons themselves, and a second one must be able to read them, also where the
    # person did not let her own account be shared with the authority.
    if label == "identification.Determination":
        return may(user, "see_determination", obj)
    # Whoever is asked to confirm a ground reads the evidence for it, and nothing else of the case.
    if label == "privacy.Consent" and obj.status == "unconfirmed" and may(user, "confirm_ground", obj):  # type: ignore[attr-defined]
        return True
    case = getattr(obj, "case", None)
    return case is not None and (may_read(user, case, section) or _recorded_by_us(user, obj, case, section))


def may_see_initials(user: User, persons: Iterable[Model]) -> frozenset[Any]:
    """Of which persons a list may show initials: whose record he sees, and for the registry those it compares."""
    listed = {person.pk: person for person in persons}
    if not listed:
        return frozenset()
    model = type(next(iter(listed.values())))
    seen = set(visible(user, "see_person", model).filter(pk__in=listed).values_list("pk", flat=True))
    national = any(membership.organisation.is_national_focal for membership in user.memberships_now())
    if national and len(seen) < len(listed):
        match_model = apps.get_model("people", "PossibleMatch")
        pairs = visible(user, "see_match", match_model).filter(Q(person_id__in=listed) | Q(other_id__in=listed))
        seen |= {pk for pair in pairs.values_list("person_id", "other_id") for pk in pair if pk in listed}
    return frozenset(seen)


def recordable_sections(user: User, case: Model) -> frozenset[str]:
    """The sections the user may write into: those he reads, and those in which only others' records are withheld.

    What a person tells somebody herself does not depend on what she let others pass on to him.
    """
    return readable_sections(user, case) | withheld_sections(user, case)


def withheld_sections(user: User, case: Model) -> frozenset[str]:
    """The sections of the user's task in which others' records are withheld from him, not what his own agency wrote."""
    return frozenset().union(*_withheld(user, case).values())


def may_record(user: User, case: Model, section: str) -> bool:
    """Whether the user may write into this section."""
    return section in recordable_sections(user, case)


def _recorded_by_us(user: User, obj: Model, case: Model, section: str) -> bool:
    """Written down by my own organisation: the agreement that others pass something on does not bear on it."""
    names = ("registered_organisation_id", "recorded_organisation_id", "organisation_id")
    organisation = next((found for name in names if (found := getattr(obj, name, None))), None)
    return organisation is not None and section in _withheld(user, case).get(organisation, ())


def _withheld(user: User, case: Model) -> dict[UUID, set[str]]:
    """By the user's organisations: sections of their task, and his, in which others' records are withheld."""
    memberships = user.memberships_now()
    involvements = apps.get_model("cases", "Involvement")._default_manager.filter(
        open_now(), case_id=case.pk, organisation_id__in={one.organisation_id for one in memberships},
        withheld__len__gt=0,
    )  # fmt: skip
    found: dict[UUID, set[str]] = {}
    for organisation_id, task, withheld in involvements.order_by().values_list("organisation_id", "task", "withheld"):
        for one in memberships:
            if one.organisation_id == organisation_id and task in ROLE_TASKS[one.role]:
                found.setdefault(organisation_id, set()).update(ROLE_SECTIONS[one.role].intersection(withheld))
    return {} if found and is_excluded(user, case) else found


def _waits_for(user: User, referral: Model) -> bool:
    waiting = referral.status in ("sent", "acknowledged")  # type: ignore[attr-defined]
    return waiting and may(user, "acknowledge_referral", referral)
