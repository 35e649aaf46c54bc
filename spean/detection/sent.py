"""What a phone sends, whichever app it has: a screening, which becomes a case, or the list of a bus."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from spean.access import policy
from spean.access.models import User
from spean.cases.models import Case
from spean.country.pack import Instrument
from spean.detection import arrivals, instruments, submission
from spean.detection.models import Arrival
from spean.instruments.profile import JUDGED
from spean.instruments.recheck import Checked

KINDS = (*JUDGED, arrivals.KIND)


@dataclass(frozen=True)
class Became:
    """What was kept, by the name of its field in what refers to it; and whether it came for the first time."""

    instrument: str
    fresh: bool
    case: Case | None = None
    arrival: Arrival | None = None

    @property
    def subject(self) -> UUID:
        """Whose data key it hangs on."""
        kept = self.case if self.case is not None else self.arrival
        assert kept is not None
        return kept.subject

    @property
    def fields(self) -> dict[str, Any]:
        return {"case": self.case, "arrival": self.arrival}


def offered() -> list[Instrument]:
    """What a phone can ask now: the screenings, the shortest first, then the list of a bus."""
    asked = [one for one in instruments.ready() if one.is_screening or is_list(one)]
    return sorted(asked, key=lambda one: (is_list(one), len(one.indicators)))


def is_list(instrument: Instrument) -> bool:
    return instrument.kind == arrivals.KIND


def offered_to(user: User) -> list[Instrument]:
    """Of these, what this user may send."""
    lists = policy.may(user, "list_arrival")
    return [one for one in offered() if lists or not is_list(one)]


def check(xml: bytes) -> Checked:
    """The submission, worked out anew; raises Refused."""
    return submission.check(xml, KINDS)


def keep(actor: User, checked: Checked) -> Became:
    """Keep what `check` gave whole, or raise Refused or CannotDo and keep nothing. Sent twice, it is kept once."""
    definition = checked.instance.definition
    name = definition["id"]
    if is_list(instruments.get(name, definition["version"])):
        arrival, fresh = arrivals.keep(actor, checked)
        return Became(name, fresh, arrival=arrival)
    received = submission.keep(actor, checked)
    return Became(name, received.fresh, case=received.screening.case)
