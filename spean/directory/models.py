"""Services of organisations in the words of Open Referral HSDS: service, eligibility, capacity, location.

Where a service stands is a record of its own, sealed under its own key, with grants of its own; never part of a
list or a search.
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from spean.country.fields import CodeField, CodesField
from spean.country.language import in_language
from spean.lib import clock
from spean.privacy.fields import SealedField
from spean.workflow.guards import status_triggers


class Service(models.Model):
    """One service of one organisation, with whom it can take and how many places are free."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey("access.Organisation", on_delete=models.PROTECT, related_name="services")
    name = models.CharField(max_length=200)
    name_km = models.CharField(max_length=200, blank=True)
    description = models.TextField(max_length=2000, blank=True)
    type = CodeField(codelist="service_type")
    status = models.CharField(max_length=20, default="active")
    version = models.PositiveIntegerField(default=1)

    # Eligibility. An empty list means everybody; a missing age means no limit.
    minimum_age = models.PositiveSmallIntegerField(null=True, blank=True)
    maximum_age = models.PositiveSmallIntegerField(null=True, blank=True)
    sexes = CodesField(codelist="sex", blank=True, default=list)
    nationalities = CodesField(codelist="nationality", blank=True, default=list)
    languages = CodesField(codelist="language", blank=True, default=list)
    exploitation_forms = CodesField(codelist="exploitation_form", blank=True, default=list)
    disability_access = models.BooleanField(default=False)
    needs_documents = models.BooleanField(default=False)
    residential = models.BooleanField(default=False)

    # Where: the province for everybody, and provinces served. The place itself is a `ShelterLocation`.
    province = models.CharField(max_length=2)
    provinces_served = ArrayField(models.CharField(max_length=2), blank=True, default=list)
    confidential_location = models.BooleanField(default=False)
    phone = models.CharField(max_length=40, blank=True)

    # Capacity (HSDS 3.1 service_capacity): None means that places are not counted.
    capacity_maximum = models.PositiveIntegerField(null=True, blank=True)
    capacity_available = models.PositiveIntegerField(null=True, blank=True)
    capacity_updated_at = models.DateTimeField(null=True, blank=True)

    meets_minimum_standards = models.BooleanField(null=True, blank=True)
    standards_checked_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("name", "id")
        triggers = status_triggers("directory.Service")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(capacity_maximum__isnull=True, capacity_available__isnull=True)
                | models.Q(
                    capacity_maximum__isnull=False,
                    capacity_available__isnull=False,
                    capacity_available__lte=models.F("capacity_maximum"),
                ),
                name="capacity_within_maximum",
            ),
            models.CheckConstraint(
                condition=models.Q(minimum_age__isnull=True)
                | models.Q(maximum_age__isnull=True)
                | models.Q(minimum_age__lte=models.F("maximum_age")),
                name="service_ages_in_order",
            ),
        ]

    class Privacy:
        plain = (
            "id", "organisation", "name", "name_km", "description", "type", "status", "version", "minimum_age",
            "maximum_age", "sexes", "nationalities", "languages", "exploitation_forms", "disability_access",
            "needs_documents", "residential", "province", "provinces_served", "confidential_location", "phone",
            "capacity_maximum", "capacity_available", "capacity_updated_at", "meets_minimum_standards",
            "standards_checked_on", "created_at",
        )  # fmt: skip

    def label(self) -> str:
        """The name in the reader's language, where it has one."""
        return in_language({"en": self.name, "km": self.name_km})

    def __str__(self) -> str:
        return self.name


class ShelterLocation(models.Model):
    """Where a service is. Its id is the service's, so that each has one at most and one address leads to both."""

    id = models.UUIDField(primary_key=True, editable=False)
    service = models.OneToOneField(Service, on_delete=models.PROTECT, related_name="location")
    address = SealedField(section="whereabouts", long=True)
    given_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=models.F("service")), name="location_is_of_its_service")
        ]

    class Privacy:
        plain = ("id", "service", "given_at")

    @property
    def subject(self) -> uuid.UUID:
        """Sealed under the service's own key: no person's key opens it."""
        return self.service_id

    def __str__(self) -> str:
        return f"location {self.id}"


# On what a grant rests: somebody was placed there; or the shelter itself lets somebody know.
GRANT_BASES = ("placement", "shelter")


class LocationGrant(models.Model):
    """An organisation or one user may open a location, for a time. Ended, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    location = models.ForeignKey(ShelterLocation, on_delete=models.PROTECT, related_name="grants")
    organisation = models.ForeignKey(
        "access.Organisation", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    user = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    basis = models.CharField(max_length=20, choices=[(basis, basis) for basis in GRANT_BASES])
    # Of a placement: the referral, and its case, so that an exclusion from the case closes the door here too.
    basis_id = models.UUIDField(null=True, blank=True)
    case = models.ForeignKey("cases.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    from_at = models.DateTimeField(default=clock.now)
    until_at = models.DateTimeField()
    granted_by = models.ForeignKey("access.User", on_delete=models.PROTECT, related_name="+")
    # Closed by the shelter, or because the placement is over: not opened again, unlike what merely ran out.
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey("access.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-from_at", "id")
        indexes = [
            models.Index(fields=["location", "until_at"], name="location_grant_open"),
            models.Index(fields=["basis_id"], name="location_grant_basis"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(organisation__isnull=True, user__isnull=False)
                | models.Q(organisation__isnull=False, user__isnull=True),
                name="location_grant_to_one",
            ),
            models.CheckConstraint(
                condition=models.Q(until_at__gte=models.F("from_at")), name="location_grant_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=models.Q(basis="placement", organisation__isnull=False, case__isnull=False)
                | models.Q(basis="shelter", case__isnull=True),
                name="location_grant_basis",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True, closed_by__isnull=True)
                | models.Q(closed_at__isnull=False, closed_by__isnull=False, until_at__lte=models.F("closed_at")),
                name="location_grant_closed_pair",
            ),
        ]

    class Privacy:
        plain = (
            "id", "location", "organisation", "user", "basis", "basis_id", "case", "from_at", "until_at", "granted_by",
            "closed_at", "closed_by",
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.basis} grant of {self.location_id}"
