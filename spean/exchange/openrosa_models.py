"""Tables of phones, with ODK Collect or with our own app: the forms they were offered, what they sent, what could not
be taken.

A submission that was taken in waits, sealed, for seconds until it is worked off. One that became a case is in the case;
here is only that it came. One that could not is kept sealed, under a key of its own, until its user has dealt with it.
"""

import uuid
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from spean.lib import clock
from spean.privacy.fields import SealedField
from spean.workflow.guards import append_only

# What a phone sends with: ODK Collect or KoboCollect, or our own app in its browser (spean/field).
COLLECT, WEB = "collect", "web"


class Device(models.Model):
    """One phone of one user. Of its token only the digest is here; it can send and can read nothing of a case.

    One with our own app (`kind` web) is there from when its code is shown; until the phone brought that code, nobody
    knows a token for it. The phone makes the token itself.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=12, unique=True, editable=False)
    kind = models.CharField(max_length=10, default=COLLECT, choices=[(COLLECT, COLLECT), (WEB, WEB)])
    # Of the one-time code that is scanned; it may be brought until then, by one phone, however often.
    code_hash = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)
    code_until = models.DateTimeField(null=True, blank=True)
    joined_at = models.DateTimeField(null=True, blank=True)
    user = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    enrolled_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-enrolled_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="device_revoked_pair",
            ),
            models.CheckConstraint(
                condition=Q(kind=COLLECT, code_hash__isnull=True, code_until__isnull=True, joined_at__isnull=True)
                | Q(kind=WEB, code_hash__isnull=False, code_until__isnull=False),
                name="device_code_of_the_app",
            ),
        ]

    class Privacy:
        plain = (
            "id", "code", "kind", "code_hash", "code_until", "joined_at", "user", "organisation", "token_hash",
            "enrolled_at", "last_used_at", "revoked_at", "revoked_by",
        )  # fmt: skip

    def __str__(self) -> str:
        return self.code


class FormKey(models.Model):
    """A key pair that phones seal to. Its private half is sealed under a data key of its own.

    RSA for the forms of ODK Collect; for our own app a point on P-256, whose short name (`name`) each report carries.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, default=COLLECT, choices=[(COLLECT, COLLECT), (WEB, WEB)])
    name = models.CharField(max_length=16, blank=True, editable=False)
    public = models.CharField(max_length=600, editable=False)
    private = SealedField(section="documents", long=True)
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-made_at", "id")

    class Privacy:
        plain = ("id", "kind", "name", "public", "made_at")

    @property
    def subject(self) -> uuid.UUID:
        return self.id

    def __str__(self) -> str:
        return f"form key {self.id}"


class PublishedForm(models.Model):
    """A version of an instrument as phones were offered it, byte for byte, with the key it names. Kept for good."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    form_id = models.CharField(max_length=40)
    version = models.CharField(max_length=20)
    key = models.ForeignKey(FormKey, on_delete=models.PROTECT, related_name="+")
    xform = models.BinaryField()
    digest = models.CharField(max_length=32)
    offered_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("-offered_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints = [models.UniqueConstraint(fields=["form_id", "version", "key"], name="form_published_once")]

    class Privacy:
        plain = ("id", "form_id", "version", "key", "xform", "digest", "offered_at")

    def __str__(self) -> str:
        return f"{self.form_id} {self.version}"


class Quarantined(models.Model):
    """A submission that could not become a case, sealed until its user has seen it and typed in what was meant."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=12, unique=True, editable=False)
    user = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=30)
    content = SealedField(section="narrative", long=True)
    received_at = models.DateTimeField(default=clock.now)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-received_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, settled_by__isnull=True)
                | Q(settled_at__isnull=False, settled_by__isnull=False),
                name="quarantined_settled_pair",
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True) | Q(content__isnull=True), name="quarantined_settled_is_empty"
            ),
        ]

    class Privacy:
        coded = ("reason",)
        plain = ("id", "code", "user", "organisation", "device", "received_at", "settled_at", "settled_by")

    @property
    def subject(self) -> uuid.UUID:
        return self.id

    def __str__(self) -> str:
        return self.code


class TakenIn(models.Model):
    """A submission that was checked and waits to be worked off; then the row goes. Its phone has its receipt already.

    `body` is sealed to the public half of `key`: as it came from our own app, sealed here for ODK Collect. So taking in
    makes no data key, and whoever steals this table opens nothing of it without the key vault.
    """

    # In the order in which they came.
    id = models.BigAutoField(primary_key=True)
    code = models.CharField(max_length=12, unique=True, editable=False)
    instance = models.UUIDField()
    user = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="+")
    key = models.ForeignKey(FormKey, on_delete=models.PROTECT, related_name="+")
    body = models.BinaryField()
    received_at = models.DateTimeField(default=clock.now)
    # The phone's clock when it was sent: its word.
    sent_at = models.DateTimeField(null=True, blank=True)
    # How often it could not be worked off for a fault of ours, and when it is tried again.
    failures = models.PositiveIntegerField(default=0)
    again_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("id",)
        constraints = [models.UniqueConstraint(fields=["user", "instance"], name="taken_in_once")]

    class Privacy:
        plain = (
            "id", "code", "instance", "user", "device", "key", "body", "received_at", "sent_at", "failures", "again_at",
        )  # fmt: skip

    def __str__(self) -> str:
        return self.code


class SentForm(models.Model):
    """That a phone sent something, so that what it sends again is known again. The digest is keyed: it dies with the key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    instance = models.UUIDField()
    user = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="+")
    form = models.ForeignKey(PublishedForm, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("cases.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    arrival = models.ForeignKey("detection.Arrival", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    quarantined = models.ForeignKey(Quarantined, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    digest = models.BinaryField(max_length=32)
    received_at = models.DateTimeField(default=clock.now)
    # When it was finished, as worked out from how old the phone says it is; and by how much its clock is wrong.
    finished_at = models.DateTimeField(null=True, blank=True)
    clock_off = models.DurationField(null=True, blank=True)

    class Meta:
        ordering = ("-received_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = append_only()
        constraints = [
            # Of one user: another's phone learns nothing from a number that is taken.
            models.UniqueConstraint(fields=["user", "instance"], name="form_sent_once"),
            models.CheckConstraint(
                condition=Q(case__isnull=False, arrival__isnull=True, quarantined__isnull=True)
                | Q(case__isnull=True, arrival__isnull=False, quarantined__isnull=True)
                | Q(case__isnull=True, arrival__isnull=True, quarantined__isnull=False),
                name="sent_form_became_something",
            ),
        ]

    class Privacy:
        plain = (
            "id", "instance", "user", "device", "form", "case", "arrival", "quarantined", "digest", "received_at",
            "finished_at", "clock_off",
        )  # fmt: skip

    @property
    def subject(self) -> uuid.UUID:
        """Whose data key the digest hangs on."""
        became = self.case or self.arrival or self.quarantined
        assert became is not None  # the constraint's
        return became.subject

    def __str__(self) -> str:
        return f"sent {self.id}"
