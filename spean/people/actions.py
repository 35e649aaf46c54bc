"""Verbs of the person: register with a duplicate check that cannot be left out, decide matches, correct.

The check runs inside the verb: whoever registers has seen every possible match and a person decided on each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import User
from spean.cases import work
from spean.cases.models import Case
from spean.lib import clock, names
from spean.people import search
from spean.people.matching import Details
from spean.people.models import Person, PossibleMatch
from spean.privacy import canaries, events, vault
from spean.privacy.codes import unused_code
from spean.privacy.rows import everybody
from spean.workflow.engine import (
    CannotDo,
    Changed,
    Forbidden,
    check,
    check_fields,
    claim,
    perform,
    requirement,
    what_changed,
)

SEALED = (
    "family_name", "given_name", "name_km", "other_names", "birth_date", "document_number", "mother_name",
    "father_name", "phone", "address",
)  # fmt: skip
DECISIONS = ("same", "not_same", "unsure")


class MatchesToDecide(CannotDo):
    """There are possible matches that nobody has decided on; `candidates` lists all that were found."""

    def __init__(self, candidates: list[search.Candidate]) -> None:
        super().__init__([_("Somebody with similar details may already be registered. Decide on each possible match.")])
        self.candidates = candidates


@dataclass(frozen=True)
class Identity:
    """What was typed into the registration form: sealed texts and coded facts, by field name."""

    sealed: Mapping[str, str]
    coded: Mapping[str, Any]

    def details(self) -> Details:
        """The same, as the matching compares it."""
        coded = ("sex", "birth_year", "birth_year_estimated", "nationality", "birth_province")
        compared = ("family_name", "given_name", "name_km", "birth_date", "phone", "document_number",
                    "mother_name", "father_name")  # fmt: skip
        other_names = self.sealed.get("other_names", "")
        texts: dict[str, Any] = {name: self.sealed.get(name) or "" for name in compared}
        return Details(
            other_names=tuple(names.split_aliases(other_names)),
            **texts,
            **{name: self.coded[name] for name in coded if self.coded.get(name)},
        )


def register_person(
    actor: User,
    case: Case,
    identity: Identity,
    decisions: Mapping[UUID, str],
    *,
    version: int | None = None,
    once: UUID | None = None,
) -> Person:
    """Register the person of a case. Raises MatchesToDecide until every possible match has a decision.

    Also for "the same person" a record of its own is kept and only points to the other one, so that the
    decision can be undone and both histories stay whole.
    """
    # Asked again under lock by the verb itself; here, so that nobody decides on matches in vain.
    check("register_person", case, actor, version=version, once=once)
    candidates = possible_matches(identity.details())
    undecided = [found for found in candidates if decisions.get(found.person_id) not in DECISIONS]
    if undecided:
        raise MatchesToDecide(candidates)
    same = [found for found in candidates if decisions[found.person_id] == "same"]
    decided = [found.person_id for found in candidates if decisions[found.person_id] != "unsure"]
    facts = {"candidates": candidates, "same": same, "decided": decided}
    with transaction.atomic():
        with perform("register_person", case, actor, version=version, facts=facts, once=once) as step:
            person = _create_person(actor, step.obj, identity)
            step.obj.person = person
            for name in ("sex", "nationality", "languages"):
                if identity.coded.get(name):
                    setattr(step.obj, name, identity.coded[name])
            step.facts.update(
                candidates=len(candidates), same=len(same), unsure=sum(d == "unsure" for d in decisions.values())
            )
            work.finish_tasks(step.obj, "register_person")
            for then in work.REGISTERED:
                then(step, step.obj)
        for found in candidates:
            _keep_decision(actor, step.obj, person, found, decisions[found.person_id])
        organisation = actor.organisation
        assert organisation is not None
        for kind in ("give_rights_information", "assess_risk"):
            work.open_task(step.obj, kind, organisation, "case_manager")
    return person


def possible_matches(details: Details) -> list[search.Candidate]:
    """Persons on file who may be the one described. Those invented by the auditor are nobody's double."""
    found = search.find_candidates(details)
    with everybody("the check for the same person goes over all agencies; pages show what the policy lets them"):
        subjects = dict(Person.objects.filter(pk__in=[hit.person_id for hit in found]).values_list("pk", "subject"))
    invented = canaries.among(subjects.values())
    return [hit for hit in found if subjects.get(hit.person_id) not in invented]


def search_people(actor: User, words: str) -> list[tuple[Person, search.Candidate]]:
    """Registered persons by name, code or number, as far as the user may see them. What was typed is kept nowhere."""
    if not policy.may(actor, "search_people"):
        raise Forbidden([_("This is not available to you.")])
    found = search.find_persons(words)
    rows = {row.pk: row for row in visible_persons(actor, [hit.person_id for hit in found])}
    shown = [(rows[hit.person_id], hit) for hit in found if hit.person_id in rows]
    # The ids of whom he was shown, so that a leak can be followed; never what was typed.
    facts = {"found": len(found), "shown": len(shown), "persons": [person.pk for person, _hit in shown]}
    events.record("people.searched", actor=actor, purpose="search", facts=facts)
    return shown


def visible_persons(actor: User, ids: Iterable[UUID]) -> list[Person]:
    """Those of the persons whose record the user may see."""
    return list(policy.visible(actor, "see_person", Person).filter(pk__in=list(ids)))


def version_of(person: Person) -> int:
    """A record of a person has no lifecycle; the moment of its last change tells two versions apart."""
    return int(person.updated_at.timestamp() * 1_000_000)


def edit_person(
    actor: User, person: Person, identity: Identity, *, version: int | None = None, once: UUID | None = None
) -> Person:
    """Correct identity or coded facts. The log keeps which fields changed, never what they said."""
    with transaction.atomic():
        if once is not None:
            claim(once, "edit_person", person, actor)
        row = Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
        if not policy.may(actor, "edit_person", row):
            raise Forbidden([_("This is not available to you.")])
        if version is not None and version != version_of(row):
            raise Changed([what_changed(row)])
        _fill(row, identity)
        row.updated_at = clock.now()
        check_fields(row)
        row.save()
        case = row.cases.first()
        events.record(
            "person.changed", actor=actor, obj=row, case=case,
            fields=tuple(sorted({*identity.sealed, *identity.coded})),
        )  # fmt: skip
        return row


def confirm_same_person(actor: User, match: PossibleMatch, *, version: int | None = None) -> PossibleMatch:
    """Somebody decided: both records are one person. They stay two records, one pointing to the other."""
    with transaction.atomic():
        with perform("confirm_same_person", match, actor, version=version) as step:
            step.obj.decided_at, step.obj.decided_by = clock.now(), actor
            _point(step.obj.person, step.obj.other)
        return step.obj


def confirm_not_same_person(actor: User, match: PossibleMatch, *, version: int | None = None) -> PossibleMatch:
    """Somebody decided: two people. Undoes an earlier "same" as well."""
    return _no_longer_same("confirm_not_same_person", actor, match, version)


def leave_match_unsure(actor: User, match: PossibleMatch, *, version: int | None = None) -> PossibleMatch:
    """Somebody read both records and cannot say: undecided, with who and when. Undoes an earlier decision."""
    return _no_longer_same("leave_match_unsure", actor, match, version)


def _no_longer_same(verb: str, actor: User, match: PossibleMatch, version: int | None) -> PossibleMatch:
    with transaction.atomic():
        with perform(verb, match, actor, version=version) as step:
            was_same = step.obj.status == "same"
            step.obj.decided_at, step.obj.decided_by = clock.now(), actor
            if was_same:
                _untie(step.obj)
        return step.obj


def initials(*parts: str) -> str:
    """The first letters of a name in Latin script: enough to tell two rows of a list apart, too few to name."""
    words = [word for part in parts for word in names.romanise(part).split()]
    return "".join(word[0].upper() + "." for word in words[:3])


def root_of(person: Person) -> Person:
    """The record that stands for the person when several are the same."""
    seen = {person.pk}
    while person.same_as_id is not None and person.same_as is not None:
        person = person.same_as
        if person.pk in seen:
            raise RuntimeError("records of a person point in a circle")
        seen.add(person.pk)
    return person


def _create_person(actor: User, case: Case, identity: Identity) -> Person:
    organisation = actor.organisation
    assert organisation is not None
    person = Person(
        subject=case.subject, code=unused_code("P", Person), registered_at=clock.now(), registered_by=actor,
        registered_organisation=organisation, updated_at=clock.now(),
    )  # fmt: skip
    _fill(person, identity)
    check_fields(person)
    person.save(force_insert=True)
    return person


def _fill(person: Person, identity: Identity) -> None:
    texts = {name: identity.sealed[name] for name in SEALED if name in identity.sealed}
    for name, value in identity.coded.items():
        setattr(person, name, value)
    shown = [identity.sealed.get("family_name", ""), identity.sealed.get("given_name", "")]
    if not any(shown):
        shown = [identity.sealed.get("name_km", "") or identity.sealed.get("other_names", "")]
    if any(shown):
        texts["initials"] = initials(*shown)
    vault.seal_fields(person, **texts)


def _keep_decision(actor: User, case: Case, person: Person, found: search.Candidate, decision: str) -> None:
    with everybody("the other record may be another agency's; only that it is there is used"):
        other = Person.objects.get(pk=found.person_id)
    match = PossibleMatch(
        case=case, person=person, other=other, score=found.score, reasons=list(found.reasons), created_by=actor,
        created_at=clock.now(),
    )  # fmt: skip
    with perform("propose_match", match, actor):
        pass
    if decision == "same":
        confirm_same_person(actor, match)
    elif decision == "not_same":
        confirm_not_same_person(actor, match)
    elif _reads_both(actor, match):
        leave_match_unsure(actor, match)
    # Else nobody has read both yet: the pair is open, and the national registry decides.


def _untie(match: PossibleMatch) -> None:
    """Take one "same" back. Which record points to which depended on the order of decisions, so the records of the
    person are pointed anew by the decisions that stay."""
    # Whoever decided about two of the records decided for all of them, also where one belongs to another agency.
    with everybody("records of one person are pointed to each other by what was decided; nothing of them is read"):
        together = {root_of(match.person).pk}
        new = together
        while new:
            new = set(Person.objects.filter(same_as__in=new).values_list("pk", flat=True)) - together
            together |= new
        list(Person.objects.select_for_update(of=("self",)).filter(pk__in=together).order_by("pk"))
        Person.objects.filter(pk__in=together, same_as__isnull=False).update(same_as=None, updated_at=clock.now())
        left = PossibleMatch.objects.filter(status="same", person__in=together, other__in=together).exclude(pk=match.pk)
        for one in left.order_by("decided_at", "pk"):
            _point(Person.objects.get(pk=one.person_id), Person.objects.get(pk=one.other_id))


def _point(person: Person, other: Person) -> None:
    target = root_of(other)
    if root_of(person).pk == target.pk:
        return
    root = root_of(person)
    Person.objects.filter(pk=root.pk).update(same_as=target, updated_at=clock.now())


# --- requirements ------------------------------------------------------------------------------------------


@requirement("referral_acknowledged")
def _referral_acknowledged(case: Case, actor: User, facts: Mapping[str, Any]) -> list[str]:
    referral = apps.get_model("referral", "Referral")
    taken = referral.objects.filter(case=case, kind="focal", status__in=("acknowledged", "accepted"))
    return [] if taken.exists() else [_("Acknowledge the referral first, so that the sender knows it arrived.")]


@requirement("matches_decided")
def _matches_decided(case: Case, actor: User, facts: Mapping[str, Any]) -> list[str]:
    decided = set(facts.get("decided", ()))
    if decided and not _is_national(actor) and len(visible_persons(actor, decided)) < len(decided):
        return [_("Choose “unsure” for a person registered by another agency; the national registry will check.")]
    if len(facts.get("same", ())) > 1:
        roots = {root_of(Person.objects.get(pk=found.person_id)).pk for found in facts["same"]}
        if len(roots) > 1:
            return [_("The person can be the same as one registered person only. Choose “unsure” for the others.")]
    return []


@requirement("both_records_seen")
def _both_records_seen(match: PossibleMatch, actor: User, facts: Mapping[str, Any]) -> list[str]:
    """Whoever decides whether two records are one person has read both: their own, or as the national registry."""
    if _reads_both(actor, match):
        return []
    return [_("One of the two was registered by another agency. The national registry decides.")]


def _reads_both(actor: User, match: PossibleMatch) -> bool:
    return _is_national(actor) or len(visible_persons(actor, (match.person_id, match.other_id))) == 2


def _is_national(actor: User) -> bool:
    return any(membership.organisation.is_national_focal for membership in actor.memberships_now())
