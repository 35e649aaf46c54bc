"""The intake interview: held after registration, kept with the case, read where the person let others read."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import User
from spean.cases.models import Case
from spean.detection import instruments, submission
from spean.detection.models import IntakeInterview
from spean.instruments import recheck
from spean.privacy import doors, events, vault
from spean.workflow.engine import Forbidden, WrongState

KIND = "intake"


def keep(actor: User, case: Case, xml: bytes) -> tuple[IntakeInterview, bool]:
    """Keep an interview with a case, and whether it came for the first time.

    Raises Refused, Forbidden or WrongState, and then keeps nothing.
    """
    checked = submission.check(xml, (KIND,))
    pk, definition = UUID(checked.identifier), checked.instance.definition
    organisation = actor.organisation
    assert organisation is not None
    with transaction.atomic():
        locked = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
        if not policy.may(actor, "record_intake", locked):
            raise Forbidden([_("This is not available to you.")])
        there = IntakeInterview.objects.filter(pk=pk).first()
        if there is not None:
            if (there.case_id, there.held_by_id) != (locked.pk, actor.pk):
                raise recheck.Refused("identifier_taken")
            return there, False
        if locked.status != "registered":
            raise WrongState([_("The case is not open for this.")])
        row = IntakeInterview(
            id=pk, case=locked, instrument=definition["id"], instrument_version=definition["version"],
            agreed=checked.value("talk/agrees") == "yes", held_by=actor, organisation=organisation,
        )  # fmt: skip
        instruments.keep(instruments.get(row.instrument, row.instrument_version))
        vault.seal_fields(row, submission=checked.instance.xml())
        row.save(force_insert=True)
        events.record("intake.recorded", actor=actor, obj=row, case=locked, facts={"agreed": row.agreed})
    return row, True


def told(user: User, interview: IntakeInterview) -> list[tuple[str, str]] | None:
    """Questions and answers, opened through the door and logged; None where the key was destroyed."""
    opened = doors.reveal(user, [interview], ["submission"], "casework")[interview.pk]
    if opened.erased or not opened["submission"]:
        return None
    instrument = instruments.get(interview.instrument, interview.instrument_version)
    instance = submission.reopened(instrument, opened["submission"])
    found = []
    for point in instance.points():
        if not point.relevant or point.value == "" or point.node["kind"] != "field" or not point.node.get("label"):
            continue
        value = instance.chosen(point) if "list" in point.node else point.value
        found.append((instance.words(point.node["label"], point), value))
    return found
