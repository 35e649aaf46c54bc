"""The cast of the tests: every role in its own organisation, a second agency beside each, and an outsider.

Only the outsider's tests prove privacy; the owner's prove nothing.
"""

from dataclasses import dataclass, field
from typing import Any

from spean.access import roles
from spean.access.models import Installation, Membership, Organisation, User

ORGANISATIONS: dict[str, dict[str, Any]] = {
    "border_police": {"name": "Border Police Unit (fictional)", "type": "police", "province": "01"},
    "other_police": {"name": "City Police Unit (fictional)", "type": "police", "province": "12"},
    "labour_office": {"name": "Labour Inspection Office (fictional)", "type": "labour_inspectorate", "province": "12"},
    "hotline": {"name": "Hotline (fictional)", "type": "hotline", "province": "12"},
    "focal": {
        "name": "Provincial Social Affairs Office (fictional)", "type": "social_affairs_office", "province": "01",
        "is_focal": True,
    },
    "other_focal": {
        "name": "Other Provincial Social Affairs Office (fictional)", "type": "social_affairs_office", "province": "02",
        "is_focal": True,
    },
    "national_focal": {
        "name": "National Social Affairs Registry (fictional)", "type": "social_affairs_ministry", "province": "12",
        "is_focal": True, "is_national_focal": True,
    },
    "authority": {
        "name": "Competent Authority (fictional)", "type": "competent_authority", "province": "12",
        "is_competent_authority": True,
    },
    "shelter": {"name": "River House (fictional)", "type": "ngo_shelter", "province": "01"},
    "other_shelter": {"name": "Hill House (fictional)", "type": "ngo_shelter", "province": "17"},
    "court": {"name": "Provincial Court (fictional)", "type": "court", "province": "01"},
    "embassy": {"name": "Consular Section (fictional)", "type": "embassy", "province": "12"},
    "oversight": {"name": "Oversight Body (fictional)", "type": "oversight", "province": "12"},
    "secretariat": {"name": "Committee Secretariat (fictional)", "type": "coordinating_committee", "province": "12"},
}  # fmt: skip

PEOPLE: dict[str, tuple[str, str]] = {
    "screener": (roles.FIRST_RESPONDER, "border_police"),
    "colleague": (roles.FIRST_RESPONDER, "border_police"),
    "outsider": (roles.FIRST_RESPONDER, "other_police"),
    "operator": (roles.HOTLINE_OPERATOR, "hotline"),
    "supervisor": (roles.HOTLINE_SUPERVISOR, "hotline"),
    "manager": (roles.CASE_MANAGER, "focal"),
    "other_manager": (roles.CASE_MANAGER, "other_focal"),
    "registry": (roles.CASE_MANAGER, "national_focal"),
    "officer": (roles.IDENTIFICATION_OFFICER, "authority"),
    "other_officer": (roles.IDENTIFICATION_OFFICER, "authority"),
    "reviewer": (roles.IDENTIFICATION_REVIEWER, "authority"),
    "other_reviewer": (roles.IDENTIFICATION_REVIEWER, "authority"),
    "provider": (roles.SERVICE_PROVIDER, "shelter"),
    "other_provider": (roles.SERVICE_PROVIDER, "other_shelter"),
    "investigator": (roles.INVESTIGATOR, "border_police"),
    "prosecutor": (roles.PROSECUTOR, "court"),
    "clerk": (roles.COURT_CLERK, "court"),
    "return_officer": (roles.RETURN_OFFICER, "embassy"),
    "labour_officer": (roles.LABOUR_OFFICER, "labour_office"),
    "statistician": (roles.STATISTICS_OFFICER, "secretariat"),
    "auditor": (roles.AUDITOR, "oversight"),
    "administrator": (roles.ADMINISTRATOR, "secretariat"),
    "other_administrator": (roles.ADMINISTRATOR, "secretariat"),
}


@dataclass
class Cast:
    """Users and organisations by the names above: `cast.manager`, `cast.org("focal")`."""

    users: dict[str, User] = field(default_factory=dict)
    organisations: dict[str, Organisation] = field(default_factory=dict)

    def __getattr__(self, name: str) -> User:
        try:
            return self.__dict__["users"][name]
        except KeyError:
            raise AttributeError(name) from None

    def org(self, name: str) -> Organisation:
        return self.organisations[name]

    def again(self, name: str) -> User:
        """The same user as a new request would read him: memberships are looked up once per request."""
        return User.objects.get(pk=self.users[name].pk)


def make_cast() -> Cast:
    """Write the cast into the database."""
    cast = Cast()
    Installation.objects.get_or_create(pk=1, defaults={"country": "cambodia", "demonstration": True})
    # Written in three strokes: nearly every test begins here.
    made = Organisation.objects.bulk_create(Organisation(**fields) for fields in ORGANISATIONS.values())
    cast.organisations = dict(zip(ORGANISATIONS, made, strict=True))
    for name in PEOPLE:
        user = User(email=f"{name}@example.org", name=name.replace("_", " ").title())
        user.set_unusable_password()
        cast.users[name] = user
    User.objects.bulk_create(cast.users.values())
    Membership.objects.bulk_create(
        Membership(user=cast.users[name], organisation=cast.organisations[organisation], role=role)
        for name, (role, organisation) in PEOPLE.items()
    )
    return cast
