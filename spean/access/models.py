"""Organisations, users, their roles, requests for access, one-time sign-in links, and what kind of installation this is.

What a role may do stands in `policy/`; how somebody signs in stands in `views.py` and `pages.py`.
"""

import uuid
from datetime import UTC, datetime
from typing import Any, ClassVar

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.functional import cached_property

from spean.access import roles
from spean.country.fields import CodeField
from spean.country.language import in_language
from spean.lib import clock
from spean.lib.prepared import Prepared
from spean.workflow.guards import status_triggers


class Organisation(models.Model):
    """An agency, ministry office, police unit, court or non-governmental organisation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    name_km = models.CharField(max_length=200, blank=True)
    type = CodeField(codelist="organisation_type")
    province = models.CharField(max_length=2, blank=True)
    is_focal = models.BooleanField(default=False)
    is_national_focal = models.BooleanField(default=False)
    is_competent_authority = models.BooleanField(default=False)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name", "id")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_national_focal=False) | models.Q(is_focal=True),
                name="national_focal_is_focal",
            ),
            models.UniqueConstraint(fields=["name"], name="organisation_name_once"),
        ]

    class Privacy:
        plain = (
            "id", "name", "name_km", "type", "province", "is_focal", "is_national_focal",
            "is_competent_authority", "active",
        )  # fmt: skip

    def label(self) -> str:
        """The name in the reader's language, where it has one."""
        return in_language({"en": self.name, "km": self.name_km})

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Makes users; there are no superusers, because nobody may bypass the policy."""

    def create_user(self, email: str, name: str, password: str | None = None, **extra: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), name=name, **extra)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """Somebody who works with the system. What he may do comes from his memberships alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    language = models.CharField(max_length=5, default="en")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        ordering = ("name", "id")

    class Privacy:
        plain = ("id", "email", "name", "language", "is_active", "created_at", "password", "last_login")

    def __str__(self) -> str:
        return self.name

    @cached_property
    def _memberships(self) -> list["Membership"]:
        rows = _current(self.pk, clock.now())
        for row in rows:
            row.user = self
        return rows

    def memberships_now(self) -> list["Membership"]:
        """Current memberships, read once per request (a new request reads anew, so revocation is immediate)."""
        return self._memberships if self.is_active else []

    @property
    def organisation(self) -> Organisation | None:
        """The organisation he acts for: the first of his current memberships."""
        current = self.memberships_now()
        return current[0].organisation if current else None

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(membership.role for membership in self.memberships_now())

    @property
    def needs_second_factor(self) -> bool:
        """Whoever has any task here: figures and names of colleagues are worth a stolen password as well."""
        return bool(self.roles)


class Membership(models.Model):
    """A user holds a role in an organisation for a time. Ended, never deleted."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=40, choices=[(role, role) for role in roles.ALL])
    from_at = models.DateTimeField(default=clock.now)
    until_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("from_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until_at__isnull=True) | models.Q(until_at__gte=models.F("from_at")),
                name="membership_ends_after_it_begins",
            ),
            models.UniqueConstraint(
                fields=["user", "organisation", "role"],
                condition=models.Q(until_at__isnull=True),
                name="one_open_membership_per_role",
            ),
            models.CheckConstraint(condition=models.Q(role__in=roles.ALL), name="membership_role_known"),
        ]

    class Privacy:
        plain = ("id", "user", "organisation", "role", "from_at", "until_at")

    def __str__(self) -> str:
        return f"{self.role} @ {self.organisation_id}"


# Asked by every request of everybody.
_current = Prepared[Membership](
    lambda user, now: (
        Membership.objects.select_related("organisation")
        .filter(models.Q(until_at__isnull=True) | models.Q(until_at__gt=now), from_at__lte=now)
        .filter(user=user, organisation__active=True)
        .order_by("from_at", "id")
    ),
    uuid.UUID(int=0),
    datetime.min.replace(tzinfo=UTC),
)


class AccessChange(models.Model):
    """Access to cases that one administrator asked for and another one confirms, rejects, or has not seen yet."""

    KINDS = (
        "role", "sign_in_link", "second_factor", "activate_user", "activate_organisation", "organisation_duty",
    )  # fmt: skip
    DUTIES = ("is_focal", "is_national_focal", "is_competent_authority")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=30, choices=[(kind, kind) for kind in KINDS])
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="access_changes")
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="access_changes"
    )
    role = models.CharField(max_length=40, blank=True, choices=[(role, role) for role in roles.ALL])
    # Marks of the organisation that would be switched on.
    duties = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    status = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=1)
    requested_at = models.DateTimeField(default=clock.now)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-requested_at", "id")
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            *status_triggers("access.AccessChange"),
            pgtrigger.Protect(name="never_removed", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="what_was_asked_stays",
                fields=["kind", "user", "organisation", "role", "duties", "requested_at", "requested_by"],
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decided_at__isnull=True, decided_by__isnull=True)
                | models.Q(decided_at__isnull=False, decided_by__isnull=False),
                name="access_change_decided_pair",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=("confirmed", "rejected"))
                | (models.Q(decided_by__isnull=False) & ~models.Q(decided_by=models.F("requested_by"))),
                name="access_change_decided_by_another",
            ),
        ]

    class Privacy:
        plain = (
            "id", "kind", "user", "organisation", "role", "duties", "status", "version", "requested_at",
            "requested_by", "decided_at", "decided_by",
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind}: {self.status}"


class SignInLink(models.Model):
    """A link that signs somebody in once: an invitation to set up access, or a demonstration link.

    Only the SHA-256 of the token is stored: a copy of the table opens nothing. A link that hangs on a `change`
    opens nothing either before another administrator confirmed it, and then only together with the code which
    that administrator was shown: neither of the two can use it alone.
    """

    PURPOSES = ("invite", "demo")

    token_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_links")
    purpose = models.CharField(max_length=10, choices=[(purpose, purpose) for purpose in PURPOSES])
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    change = models.ForeignKey(AccessChange, null=True, blank=True, on_delete=models.PROTECT, related_name="links")
    code_hash = models.CharField(max_length=64, blank=True)
    wrong_codes = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("-created_at", "-id")

    class Privacy:
        plain = (
            "id", "token_hash", "user", "purpose", "created_at", "expires_at", "used_at", "change", "code_hash",
            "wrong_codes",
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.purpose} link"


class Installation(models.Model):
    """One row: what kind of installation this is. Written when the database is set up and never after.

    `demonstration` can only be chosen while there is no case, so that sign-in links without a second factor
    can never be switched on over real people.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    country = models.CharField(max_length=40)
    demonstration = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_installation")]

    class Privacy:
        plain = ("id", "country", "demonstration", "created_at")

    def __str__(self) -> str:
        return "demonstration" if self.demonstration else "production"
