"""The people whom Spean itself knows, as one more list of the linked register: read in the job, shown to nobody.

What was decided at registration holds: records pointed at each other are one person, and pairs found different are two.
Whoever was registered from a case that began with a line of a list is the person of that line.
"""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import QuerySet

from spean.lib.disjoint import Sets
from spean.lists.models import Linking, ListRow
from spean.lists.register import Row
from spean.people.models import Person, PossibleMatch
from spean.privacy import canaries, doors

# Stands where the code of a list stands. Codes of lists have a hyphen, so that none is like it.
SOURCE = "SPEAN"
SEALED = ("family_name", "given_name", "name_km", "birth_date", "document_number", "mother_name", "phone")
Pairs = list[tuple[UUID, UUID]]


def persons() -> QuerySet[Person]:
    """Everybody registered, without those who were invented to catch a curious reader."""
    invented = canaries.among(Person.objects.order_by().values_list("subject", flat=True))
    return Person.objects.exclude(subject__in=invented).order_by("pk")


def rows(linking: Linking) -> Iterator[Row]:
    """Each registered record as linking compares it; whoever was erased has nothing left to compare and is not there."""
    found = persons()
    if not found.exists():
        return
    opened = doors.in_memory(linking.started_by, "start_linking", linking, found, SEALED, "linking")
    for person, texts in opened:
        if any(texts.values()):
            yield Row(person.pk, SOURCE, _record(person, {name: text or "" for name, text in texts.items()}))


def _record(person: Person, told: dict[str, str]) -> dict[str, str]:
    family, given = told["family_name"], told["given_name"]
    if not family and not given:
        family, _space, given = told["name_km"].partition(" ")
    return {
        "family_name": family, "given_name": given, "mother_name": told["mother_name"], "sex": person.sex,
        "birth_date": told["birth_date"], "birth_year": str(person.birth_year or ""), "nationality": person.nationality,
        "birth_place": person.birth_province, "phone": told["phone"], "document_number": told["document_number"],
    }  # fmt: skip


def decisions() -> tuple[Pairs, Pairs]:
    """(the same, not the same) between registered records. A pointer to the same person outweighs an older "different"."""
    points = dict(Person.objects.exclude(same_as=None).order_by().values_list("pk", "same_as_id"))

    def last(pk: UUID) -> UUID:
        seen = {pk}
        while (after := points.get(pk)) is not None and after not in seen:
            seen.add(after)
            pk = after
        return pk

    same = [(min(one, other), max(one, other)) for one, other in points.items() if other is not None]
    decided = PossibleMatch.objects.filter(status="not_same").order_by("pk").values_list("person_id", "other_id")
    different = [(min(pair), max(pair)) for pair in decided if last(pair[0]) != last(pair[1])]
    return same, different


def begun_from_rows() -> Pairs:
    """(line, person) of whoever was registered from a case that began with a line of a list, the lower id first."""
    rows = ListRow.objects.filter(status="accepted", head="", case__person__isnull=False).order_by("pk")
    return [(min(pair), max(pair)) for pair in rows.values_list("pk", "case__person_id")]


def agreeing(same: Pairs, different: Pairs, more: Pairs) -> Pairs:
    """Those of `more` that are the same without making two one whom somebody decided to be different.

    Whoever decided about two lines, or two records, had both before him; of a line and a case nobody compared anything.
    Left out, a linking goes on and counts one person more; kept in, it would break off.
    """
    persons = Sets[UUID]()
    for one, other in same:
        persons.join(one, other)
    apart: dict[UUID, set[UUID]] = {}  # of whoever stands for a person: others who are somebody else
    for one, other in different:
        apart.setdefault(persons.find(one), set()).add(other)
        apart.setdefault(persons.find(other), set()).add(one)
    kept = []
    for one, other in more:
        a, b = persons.find(one), persons.find(other)
        if any(persons.find(far) == b for far in apart.get(a, ())):
            continue
        kept.append((one, other))
        if persons.join(a, b):
            apart.setdefault(min(a, b), set()).update(apart.pop(max(a, b), ()))
    return kept
