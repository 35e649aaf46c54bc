"""The quick list of a bus: kept sealed for some weeks, its counts for good; and whoever comes first stands first.

Nobody is named in it. Whoever needs it gets a screening, and with that a case of her own.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import User
from spean.country import pack
from spean.detection import instruments, submission
from spean.detection.models import Arrival
from spean.instruments import recheck
from spean.instruments.engine import Instance
from spean.instruments.evaluate import Point
from spean.instruments.recheck import Checked
from spean.lib import clock
from spean.privacy import doors, events, vault
from spean.workflow.engine import Forbidden

KIND = "arrival"
COUNTS = ("asked", "first", "later_today", "children")
# Whose turn it is, by the instrument's own word for it; everybody else comes after.
TURNS = ("first", "today")


@dataclass(frozen=True)
class Traveller:
    """One person of the list: the number on her bracelet, what she told, and what is to be done next."""

    mark: str
    order: str
    told: list[tuple[str, str]]
    next_steps: list[str]

    @property
    def turn(self) -> int:
        return TURNS.index(self.order) if self.order in TURNS else len(TURNS)


def receive(actor: User, xml: bytes) -> tuple[Arrival, bool]:
    """Keep a list that was sent; see `keep`."""
    return keep(actor, submission.check(xml, (KIND,)))


def keep(actor: User, checked: Checked) -> tuple[Arrival, bool]:
    """Keep a list, and whether it came for the first time; raises Refused, or Forbidden, and then keeps nothing."""
    if not policy.may(actor, "list_arrival"):
        raise Forbidden([_("This is not available to you.")])
    pk = UUID(checked.identifier)
    there = _there(actor, pk)
    if there is not None:
        return there, False
    organisation = actor.organisation
    assert organisation is not None
    definition = checked.instance.definition
    row = Arrival(
        id=pk, instrument=definition["id"], instrument_version=definition["version"],
        arrived_on=date.fromisoformat(checked.value("arrival/arrived_on")),
        came_from=checked.value("arrival/came_from"), on_board=int(checked.value("arrival/on_board")),
        **{name: int(float(checked.value(name) or 0)) for name in COUNTS},
        listed_at=clock.now(), listed_by=actor, organisation=organisation,
        destroy_at=clock.now() + pack().deadline("arrival_kept"),
    )  # fmt: skip
    try:
        vault.create_key(pk)
    except vault.KeyExists:
        # Sent twice at once, or a break before the row: what is there wins, otherwise the key waits for this row.
        there = _there(actor, pk)
        if there is not None:
            return there, False
    with transaction.atomic():
        instruments.keep(instruments.get(row.instrument, row.instrument_version))
        vault.seal_fields(row, submission=checked.instance.xml())
        row.save(force_insert=True)
        events.record("arrival.listed", actor=actor, obj=row)
    return row, True


def _there(actor: User, pk: UUID) -> Arrival | None:
    found = Arrival.objects.filter(pk=pk).first()
    if found is not None and found.listed_by_id != actor.pk:
        raise recheck.Refused("identifier_taken")
    return found


def readable(user: User) -> QuerySet[Arrival]:
    """The lists of this user's organisation, the newest first."""
    return policy.visible(user, "see_arrival", Arrival).select_related("listed_by").defer("submission")


def travellers(user: User, arrival: Arrival) -> list[Traveller]:
    """Everybody of the list, whoever is screened first at the top. Opened through the door, and logged."""
    opened = doors.reveal(user, [arrival], ["submission"], "screening")[arrival.pk]
    if not opened["submission"]:
        return []
    instrument = instruments.get(arrival.instrument, arrival.instrument_version)
    instance = submission.reopened(instrument, opened["submission"])
    entries = instance.root.by_name.get("traveller", [])
    return sorted((_traveller(instance, entry) for entry in entries), key=lambda one: one.turn)


def _traveller(instance: Instance, entry: Point) -> Traveller:
    fields = [point for point in instance.points(entry) if point.relevant and point is not entry]
    return Traveller(
        mark=entry.by_name["bracelet"][0].value,
        order=entry.by_name["order"][0].value,
        told=[
            (instance.words(point.node.get("label"), point), words)
            for point in fields
            if (words := instance.chosen(point))
        ],
        next_steps=[
            instance.words(point.node.get("label"), point)
            for point in fields
            if point.node["kind"] == "field" and point.node.get("type") == "note" and "relevant" in point.node
        ],
    )
