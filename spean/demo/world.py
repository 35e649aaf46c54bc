"""The fictional organisations, users and services of a demonstration, as the country pack lists them."""

import csv
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from spean.access.models import Membership, Organisation, User
from spean.country import pack
from spean.directory.actions import offer_service
from spean.lib import clock


@dataclass
class World:
    """Everybody in the demonstration, by the keys of the pack's files."""

    organisations: dict[str, Organisation] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)

    def of(self, organisation: Organisation, role: str) -> User:
        """Somebody with a role in an organisation."""
        for user in self.users.values():
            if user.organisation == organisation and role in user.roles:
                return user
        raise LookupError(f"nobody is {role} in {organisation}")


def folder() -> Path:
    """Where the country pack keeps its demonstration."""
    return pack().folder / "demo"


def rows(name: str) -> list[dict[str, str]]:
    """One file of the demonstration."""
    with (folder() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def build(since: datetime | None = None) -> World:
    """Write organisations, users with one role each, and the directory. `since`: when everybody was appointed."""
    world = World()
    for row in rows("organisations.csv"):
        flags = {name: row[name] == "yes" for name in ("is_focal", "is_national_focal", "is_competent_authority")}
        organisation = Organisation(
            name=row["name"], name_km=row["name_km"], type=row["type"], province=row["province"], **flags
        )
        organisation.full_clean()
        organisation.save(force_insert=True)
        world.organisations[row["key"]] = organisation
    for row in rows("users.csv"):
        # No password: the only way in is a one-time link, and only while this is a demonstration.
        user = User.objects.create_user(f"{row['key']}@demo.example", row["name"], None, language=row["language"])
        Membership.objects.create(
            user=user, organisation=world.organisations[row["organisation"]], role=row["role"],
            from_at=since or clock.now(),
        )  # fmt: skip
        world.users[row["key"]] = user
    for row in rows("services.csv"):
        _service(world, row)
    return world


def _service(world: World, row: dict[str, str]) -> None:
    organisation = world.organisations[row["organisation"]]
    facts: dict[str, Any] = {
        name: row[name] for name in ("name", "name_km", "type", "description", "province", "phone")
    }
    for name in ("sexes", "nationalities", "languages", "provinces_served"):
        facts[name] = [part for part in row[name].split(";") if part]
    facts.update(
        minimum_age=int(row["minimum_age"]) if row["minimum_age"] else None,
        maximum_age=int(row["maximum_age"]) if row["maximum_age"] else None,
        needs_documents=row["needs_documents"] == "yes",
        residential=row["residential"] == "yes",
        confidential_location=row["confidential_location"] == "yes",
        capacity_maximum=int(row["maximum"]) if row["maximum"] else None,
        capacity_available=int(row["available"]) if row["available"] else None,
        meets_minimum_standards=True if row["standards"] == "yes" else None,
    )
    days_ago = int(row["updated_days_ago"]) if row["updated_days_ago"] else 0
    actor = world.of(organisation, "service_provider")
    with clock.travel(clock.now() - timedelta(days=days_ago)):
        offer_service(actor, organisation, facts, address=row["address"])
