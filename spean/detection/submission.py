"""A screening that was filled in elsewhere: on a phone, offline, or in the page with its own engine.

`receive` is the one door for all of them. It checks the submission anew (`spean.instruments.recheck`), takes the same
verbs as the pages, and keeps all of it or nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import get_language

from spean.access.models import User
from spean.country import pack
from spean.country.pack import Instrument, UnknownCode
from spean.detection import actions, instruments, told
from spean.detection.models import Screening
from spean.instruments import recheck
from spean.instruments.engine import Instance
from spean.instruments.profile import JUDGED
from spean.instruments.recheck import Checked, Refused
from spean.workflow.engine import AlreadyDone


@dataclass(frozen=True)
class Received:
    """The screening that a submission became, and whether it came for the first time."""

    screening: Screening
    fresh: bool


def receive(actor: User, xml: bytes) -> Received:
    """Keep a submission as a completed screening with a case of its own; see `keep`."""
    return keep(actor, check(xml))


def keep(actor: User, checked: Checked) -> Received:
    """Keep what `check` worked out anew as a completed screening with a case of its own.

    Raises `recheck.Refused` (with a code) or `CannotDo`; then nothing was kept. The same submission sent twice is
    kept once: its own identifier (uuid) tells.
    """
    instance = checked.instance
    name, version = instance.definition["id"], instance.definition["version"]
    instrument = instruments.get(name, version)
    keys = {row.code: row.answer_key for row in instrument.indicators}
    stated = told.facts(instance)
    exploitation = stated.pop("exploitation")
    try:
        with transaction.atomic():
            screening = actions.start_screening(
                actor, instrument=name, version=version, exploitation=exploitation, once=UUID(checked.identifier)
            )
            screening = actions.save_answers(
                actor, screening, version=screening.version, answers=told.answers(instance, keys),
                **stated, **_conditions(instance), **_texts(instance),
            )  # fmt: skip
            actions.describe_person(actor, screening.case, sex=checked.value("person/sex"))
            screening = actions.complete_screening(actor, screening, version=screening.version)
            if screening.result != checked.value("result"):
                raise Refused("calculation", "result")
    except AlreadyDone as done:
        # The first of its case: a second interview may have followed since.
        rows = Screening.objects.select_related("case").filter(case_id=done.object_id, screener=actor)
        return Received(rows.earliest("started_at"), fresh=False)
    return Received(screening, fresh=True)


def check(xml: bytes, kinds: Sequence[str] = JUDGED) -> Checked:
    """The submission, worked out anew against the version of the instrument that it names.

    Raises Refused, also where that is none of these kinds.
    """
    root = recheck.parse(xml)
    said = recheck.named(root)
    try:
        instrument = instruments.get(said.name, said.version)
    except UnknownCode:
        raise Refused("unknown_instrument") from None
    if instrument.kind not in kinds or instrument.status != "ready":
        raise Refused("unknown_instrument")
    return recheck.recheck(instrument.made.definition, root, today=pack().today())


def reopened(instrument: Instrument, xml: str) -> Instance:
    """A submission that was kept, or that a page carries on, to be read in the language of whoever asks."""
    found = recheck.unfinished(instrument.made.definition, recheck.parse(xml.encode()), today=pack().today())
    found.language = get_language() or "en"
    return found


def _conditions(instance: Instance) -> dict[str, Any]:
    said = {name: instance.at(f"before/{name}").value for name in CONDITIONS}
    kind = said["interpreter_kind"]
    return {
        "private_place": _yes(said["private_place"]),
        "preferred_interviewer_asked": _yes(said["preferred_interviewer_asked"]),
        "interview_language": said["interview_language"],
        "interpreter": None if not kind else kind != "none",
        "interpreter_not_from_scene": kind == "outside" if kind in ("outside", "scene") else None,
    }


CONDITIONS = ("private_place", "interpreter_kind", "preferred_interviewer_asked", "interview_language")
TEXTS = {"stated_name": "person/stated_name", "notes": "own_words/notes"}


def _texts(instance: Instance) -> dict[str, Any]:
    found = {name: instance.at(path).value for name, path in TEXTS.items()}
    return {name: value for name, value in found.items() if value}


def _yes(value: str) -> bool | None:
    return {"yes": True, "no": False}.get(value)
