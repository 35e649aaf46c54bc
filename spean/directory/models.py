"""Services of organisations in the words of Open Referral HSDS: service, eligibility, capacity, location.

Where a confidential shelter stands is sealed under its own key and never part of a list or a search.
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from spean.country.fields import CodeField, CodesField
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

    # Where: the province for everybody, provinces served, and the address only through the door.
    province = models.CharField(max_length=2)
    provinces_served = ArrayField(models.CharField(max_length=2), blank=True, default=list)
    confidential_location = models.BooleanField(default=False)
    address = SealedField(section="whereabouts", long=True)
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

    @property
    def subject(self) -> uuid.UUID:
        """The address of a service is sealed under the service's own key."""
        return self.id

    def __str__(self) -> str:
        return self.name
