"""Lists name nobody: code and initials only, on every list there is; the name takes a button and a purpose.

Every page that can show many rows is listed here by the name of its address; a new one fails the test until it is
named, and is then tried like the others.
"""

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

import spean
from spean.access.models import User
from spean.cases.models import Case
from spean.privacy.fields import sealed_fields
from spean.privacy.models import Event
from spean.protection import actions as protection
from spean.referral import actions as referral
from tests import steps
from tests.cast import Cast
from tests.conventions.test_pages import PAGES
from tests.signed_in import signed_in

MARK = "Kanarie"
ROLES = (
    "screener", "manager", "officer", "reviewer", "provider", "registry", "auditor", "administrator", "statistician",
    "investigator", "supervisor", "operator", "return_officer", "prosecutor",
)  # fmt: skip
# Openings that a list would need to show a name. Initials are no opening; a list shows them beside the code.
OPENINGS = ("identity.revealed", "content.read", "document.opened")
# Pages without an object in their address that show no rows about people.
NO_LISTS = re.compile(r"^(account_|mfa_|second_factor|sign_in_link|privacy$|robots$|language$)")


@pytest.fixture
def cases(cast: Cast) -> list[Case]:
    """Two people at different stages, every sealed text marked."""
    who = steps.identity(
        f"{MARK}family", f"{MARK}given", name_km=f"{MARK}khmer", phone="0999111222", address=f"{MARK}address"
    )
    decided = steps.proposed(cast, who=who, name=f"{MARK}stated").case
    protection.record_need(cast.manager, decided, "psychological")
    steps.agree(cast, decided, "service_referral", cast.org("shelter"))
    service = steps.service(cast, address=f"{MARK}street")
    referral.send_referral(
        cast.manager, decided, "service", cast.org("shelter"), service=service, message=f"{MARK} message"
    )
    waiting = steps.referred(cast, name=f"{MARK}waiting").case
    return [decided, waiting]


def listing() -> list[str]:
    """Every page whose address holds no object: lists, searches, overviews, and forms that begin something."""
    found = []
    for _, pattern in PAGES:
        name = str(pattern.name)
        if not getattr(pattern.pattern, "converters", {}) and not NO_LISTS.match(name):
            found.append(name)
    return sorted(found)


def opened() -> int:
    return Event.objects.filter(action__in=OPENINGS).count()


@pytest.mark.parametrize("name", ROLES)
def test_no_list_names_anybody_or_opens_anything(cast: Cast, cases: list[Case], name: str) -> None:
    user: User = getattr(cast, name)
    client = signed_in(user)
    before = opened()
    for page in listing():
        answer = client.get(reverse(page))
        body = b"".join(answer) if answer.streaming else answer.content
        assert answer.status_code in (200, 302, 404, 405), page
        assert MARK not in body.decode(), page
        assert "0999111222" not in body.decode(), page
    assert opened() == before


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("manager", "home"), ("manager", "case_list"), ("manager", "referral_list"), ("screener", "case_list"),
        ("officer", "determination_list"), ("provider", "referral_list"), ("provider", "home"), ("auditor", "event_log"),
    ],
)  # fmt: skip
def test_a_list_shows_the_code(cast: Cast, cases: list[Case], name: str, page: str) -> None:
    """Otherwise the test above would prove that lists are empty."""
    body = signed_in(getattr(cast, name)).get(reverse(page)).content.decode()
    assert any(case.code in body for case in cases), (name, page)


def test_what_a_search_finds_is_a_code_with_initials(cast: Cast, cases: list[Case]) -> None:
    before = opened()
    answer = signed_in(cast.manager).post(reverse("person_search"), {"words": f"{MARK}family {MARK}given"})
    body = answer.content.decode()
    person = steps.person_of(cases[0])
    results = body.split("</form>")[-1]
    assert person.code in results
    assert "K.K." in results
    assert MARK not in results
    assert opened() == before


class TestOnDemand:
    def ask(self, client: Client, case: Case, **typed: str) -> Any:
        return client.post(reverse("case_name", args=[case.pk]), typed)

    def test_a_name_takes_a_purpose(self, cast: Cast, cases: list[Case]) -> None:
        client = signed_in(cast.manager)
        for typed in ({}, {"purpose": ""}, {"purpose": "curiosity"}):
            answer = self.ask(client, cases[0], **typed)
            assert answer.status_code == 422
            assert MARK not in answer.content.decode()
        assert opened() == 0

    def test_and_is_a_row_of_the_log_with_it(self, cast: Cast, cases: list[Case]) -> None:
        answer = self.ask(signed_in(cast.manager), cases[0], purpose="protection")
        assert f"{MARK}family" in answer.content.decode()
        row = Event.objects.get(action="identity.revealed")
        assert (row.actor_id, row.object_id, row.purpose) == (cast.manager.pk, cases[0].person_id, "protection")

    def test_reading_the_page_alone_shows_none(self, cast: Cast, cases: list[Case]) -> None:
        client = signed_in(cast.manager)
        for url in (reverse("case", args=[cases[0].pk]), reverse("case_name", args=[cases[0].pk])):
            assert MARK not in client.get(url, follow=True).content.decode()
        assert opened() == 0


def test_templates_of_lists_name_no_sealed_field() -> None:
    """A sealed attribute prints as a placeholder; that nobody even tries shows that a list was written for codes."""
    person = set(sealed_fields(apps.get_model("people", "Person")))
    found = []
    for template in Path(spean.__file__).parent.glob("*/templates/**/*.html"):
        for expression in re.findall(r"\{[{%](.*?)[%}]\}", template.read_text(encoding="utf-8")):
            for owner, field in re.findall(r"\b(\w+)\.(\w+)", expression):
                if field in person and owner in ("person", "other", "side", "case", "match"):
                    found.append((template.name, owner, field))
    assert found == []


def test_ids_of_rows_are_random() -> None:
    """A list that is not allowed cannot be guessed row by row."""
    for label in ("cases.Case", "people.Person", "referral.Referral", "identification.Determination"):
        assert isinstance(apps.get_model(label)._meta.pk.get_default(), UUID)  # type: ignore[union-attr]
