"""Tables of the person. Identity is sealed; coded facts that identify nobody stay readable for the count.

Whether two records are one person is decided in `matching.py` (scores) and by a person (`actions.py`).
"""

import uuid

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from spean.country.fields import CodeField, CodesField
from spean.lib import clock
from spean.privacy.fields import SealedField
from spean.workflow.guards import status_triggers


class Person(models.Model):
    """Somebody registered by a focal agency, known in daily work by a code."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The holder of the data key that seals this person's fields: the subject of the case she was
    # registered from, so that what was sealed before registration stays readable with the same key.
    subject = models.UUIDField(unique=True, editable=False)
    code = models.CharField(max_length=12, unique=True, editable=False)

    # Sealed as well: first letters kept in clear let a thief of the database guess every third family name.
    initials = SealedField(section="identity")
    family_name = SealedField(section="identity")
    given_name = SealedField(section="identity")
    name_km = SealedField(section="identity")
    other_names = SealedField(section="identity")
    birth_date = SealedField(section="identity")
    document_number = SealedField(section="identity")
    mother_name = SealedField(section="identity")
    father_name = SealedField(section="identity")
    phone = SealedField(section="contact")
    address = SealedField(section="whereabouts", long=True)

    sex = CodeField(codelist="sex")
    birth_year = models.PositiveSmallIntegerField(null=True, blank=True)
    birth_year_estimated = models.BooleanField(default=False)
    nationality = CodeField(codelist="nationality", blank=True)
    nationality_claimed = CodeField(codelist="nationality", blank=True)
    nationality_contested = models.BooleanField(default=False)
    languages = CodesField(codelist="language", blank=True, default=list)
    birth_province = models.CharField(max_length=2, blank=True)
    disability = CodesField(codelist="disability", blank=True, default=list)
    has_documents = models.BooleanField(null=True, blank=True)

    registered_at = models.DateTimeField(default=clock.now)
    registered_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    registered_organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(default=clock.now, db_index=True)
    # Written by the trigger below: the transaction that last touched the row. The change feed of the search
    # process follows it, because a moment cannot be followed without gaps (a transaction may commit late).
    changed_in = models.BigIntegerField(default=0, db_index=True, editable=False)
    same_as = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="also")

    listed_as = ""  # opened initials for a page, never a column: see queries.with_initials

    class Meta:
        ordering = ("-registered_at", "id")
        triggers = [
            pgtrigger.Trigger(
                name="changed_in",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="NEW.changed_in := pg_current_xact_id()::text::bigint; RETURN NEW;",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(birth_year__isnull=True) | models.Q(birth_year__gte=1880, birth_year__lte=2200),
                name="birth_year_possible",
            ),
            models.CheckConstraint(
                condition=models.Q(same_as__isnull=True) | ~models.Q(same_as=models.F("id")),
                name="not_same_as_itself",
            ),
        ]

    class Privacy:
        coded = (
            "sex", "birth_year", "birth_year_estimated", "nationality", "nationality_claimed",
            "nationality_contested", "languages", "birth_province", "disability", "has_documents",
        )  # fmt: skip
        plain = (
            "id", "subject", "code", "registered_at", "registered_by", "registered_organisation", "updated_at",
            "changed_in", "same_as",
        )  # fmt: skip

    def __str__(self) -> str:
        return self.code


class PossibleMatch(models.Model):
    """Two records that may be one person. Decided by a person, undone by a person, never silently merged."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="possible_matches")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="possible_matches")
    other = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="possible_matches_of_others")
    score = models.FloatField()
    reasons = ArrayField(models.CharField(max_length=40), default=list)
    status = models.CharField(max_length=20, default="open")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-score", "id")
        triggers = status_triggers("people.PossibleMatch")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decided_at__isnull=True, decided_by__isnull=True)
                | models.Q(decided_at__isnull=False, decided_by__isnull=False),
                name="match_decided_pair",
            ),
            models.UniqueConstraint(fields=["person", "other"], name="match_once"),
            models.CheckConstraint(condition=~models.Q(person=models.F("other")), name="match_of_two"),
        ]

    class Privacy:
        coded = ("score", "reasons")
        plain = (
            "id", "case", "person", "other", "status", "version", "created_at", "created_by", "decided_at",
            "decided_by",
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.person} ~ {self.other}"
