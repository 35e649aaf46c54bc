"""Verbs of the caller's identity: record it, keep it longer with a reason, destroy it when its days are over.

Only for the hotline that took the call: neither the focal agency nor an investigator learns that there is one.
"""

from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from spean.access import policy
from spean.access.models import User
from spean.cases.models import Case
from spean.country import pack
from spean.detection.models import Informant
from spean.lib import clock
from spean.privacy import events, vault
from spean.workflow.engine import Changed, Forbidden, Refused, claim

SEALED = ("name", "phone", "safe_times")


def record_informant(
    actor: User, case: Case, *, name: str = "", phone: str = "", safe_times: str = "", once: UUID | None = None
) -> Informant:
    """Keep who called, because he asked to be called back. Whoever wants to stay unknown is not recorded at all."""
    organisation = actor.organisation
    assert organisation is not None
    row = Informant(
        id=uuid4(), case=case, received_at=clock.now(), received_by=actor, organisation=organisation,
        destroy_at=clock.now() + pack().deadline("informant_kept"),
    )  # fmt: skip
    with transaction.atomic():
        if once is not None:
            claim(once, "record_informant", row, actor)
        Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
        if not policy.may(actor, "record_informant", case):
            raise Forbidden([_("This is not available to you.")])
        if not (name.strip() or phone.strip()):
            raise Refused([_("Enter a name or a number, or leave the caller unknown.")])
        if Informant.objects.filter(case=case, destroyed_at__isnull=True).exists():
            raise Refused([_("Somebody is recorded for this report already.")])
        vault.create_key(row.subject)
        vault.seal_fields(row, name=name.strip(), phone=phone.strip(), safe_times=safe_times.strip())
        row.save(force_insert=True)
        events.record("informant.recorded", actor=actor, obj=row)
    return row


def keep_longer(actor: User, informant: Informant, *, reason: str, version: int | None = None) -> Informant:
    """Still needed, because: counted anew from today."""
    with transaction.atomic():
        row = Informant.objects.select_for_update(of=("self",)).get(pk=informant.pk)
        if not policy.may(actor, "keep_informant_longer", row):
            raise Forbidden([_("This is not available to you.")])
        if version is not None and version != row.version:
            raise Changed([_("Somebody else changed this meanwhile.")])
        if row.destroyed_at is not None or row.destroy_at <= clock.now():
            raise Refused([_("Its days are over: it is destroyed.")])
        if len(reason.strip()) < 10:
            raise Refused([_("Write down why it is still needed, in a sentence at least.")])
        vault.seal_fields(row, renewal_reason=reason.strip())
        row.renewed_at, row.renewed_by = clock.now(), actor
        row.destroy_at = clock.now() + pack().deadline("informant_kept")
        row.version += 1
        row.save()
        events.record("informant.kept_longer", actor=actor, obj=row)
        return row


def of_case(user: User, case: Case) -> Informant | None:
    """Who called about this case, for those who may know that somebody did."""
    return readable(user).filter(case=case).first()


def readable(user: User) -> QuerySet[Informant]:
    """The callers this user may look up."""
    rows = policy.visible(user, "see_informant", Informant).filter(destroyed_at__isnull=True)
    return rows.filter(destroy_at__gt=clock.now()).select_related("case", "received_by").defer(*SEALED)
