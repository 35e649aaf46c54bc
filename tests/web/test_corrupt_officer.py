"""A story: an officer is paid to find where one woman sleeps. He tries every page that he can reach, and fails.

He met her himself, his unit works on the criminal case, and he knows the code of her case. His helpers are a
colleague in his unit and a case manager of another province. Her address and the shelter's are canaries.
"""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.test import Client
from django.urls import NoReverseMatch, reverse

from spean.cases import emergency
from spean.cases.actions import write_note
from spean.cases.models import Case, Involvement
from spean.directory.models import LocationGrant, Service, ShelterLocation
from spean.lib import clock
from spean.privacy.emergency import EmergencyAccess
from spean.privacy.fields import sealed_fields
from spean.privacy.models import Event
from spean.referral import actions as referral
from spean.workflow.engine import Refused
from tests import steps
from tests.cast import Cast
from tests.crawling import addresses, pages
from tests.signed_in import signed_in

PLACE = "Kanarieplace"
SHELTER = "Kanarieshelter"
# The officer himself, the colleague beside him, and others of those who arrest, charge and judge.
OFFICERS = ("screener", "colleague", "outsider", "investigator", "prosecutor", "clerk")
# Rows that lead to her or to the house.
WHERE = (
    "cases.Case", "cases.Note", "cases.Task", "cases.Involvement", "people.Person", "referral.Referral",
    "detection.Screening", "privacy.Consent", "privacy.ShareReceipt", "directory.Service", "directory.LocationGrant",
)  # fmt: skip


def world(cast: Cast) -> Case:
    """She is in a shelter; where is written in every field that may hold it."""
    case = steps.registered(cast, steps.identity(address=f"{PLACE} one"))
    service = steps.service(
        cast, name=SHELTER, address=f"{PLACE} two", confidential_location=True, residential=True,
        type="emergency_shelter",
    )  # fmt: skip
    write_note(cast.manager, case, section="whereabouts", about="general", text=f"{PLACE} three")
    steps.agree(cast, case, "service_referral", cast.org("shelter"))
    sent = referral.send_referral(
        cast.manager, case, "service", cast.org("shelter"), service=service, message=f"{PLACE} four",
        placement_reason="danger_outside", placement_review_on=clock.today(),
    )  # fmt: skip
    referral.accept_referral(cast.provider, sent, answer=f"{PLACE} five")
    for organisation in ("border_police", "court"):
        Involvement.objects.create(
            case=case, organisation=cast.org(organisation), task="justice",
            sections=["identity", "justice", "documents"], basis="test",
        )  # fmt: skip
    return case


def ids() -> list[UUID]:
    """He guesses well: rows of every table that leads to her or to the house."""
    models = [apps.get_model(label) for label in WHERE]
    return [pk for model in models for pk in model._default_manager.order_by("-pk").values_list("pk", flat=True)[:2]]


def urls(known: list[UUID]) -> list[str]:
    made = []
    words = ("note", "whereabouts", "service_referral")
    for pattern in pages():
        converters = dict(getattr(pattern.pattern, "converters", {}))
        uuids = [name for name, found in converters.items() if type(found).__name__ == "UUIDConverter"]
        slugs = [
            name for name, found in converters.items() if type(found).__name__ in ("SlugConverter", "StringConverter")
        ]
        numbers = {name: 1 for name, found in converters.items() if type(found).__name__ == "IntConverter"}
        for pk in known if uuids else [None]:
            for word in words if slugs else [""]:
                try:
                    kwargs = {**numbers, **dict.fromkeys(uuids, pk), **dict.fromkeys(slugs, word)}
                    made.append(reverse(str(pattern.name), kwargs=kwargs))
                except NoReverseMatch:
                    continue
    return made


def body(client: Client, url: str, posted: dict[str, str] | None = None) -> str:
    answer = client.get(url) if posted is None else client.post(url, posted)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return f"{content.decode(errors='replace')} {answer.headers}"


OPENS = re.compile(r"/(name|whereabouts|location|read|reveal|open|words|message|reasons|correct|keep|who|search)\b")
TYPED = {
    "purpose": "protection", "where-purpose": "protection", "words": "Sok", "email": "screener@example.org",
    "days": "7",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["screener", "investigator", "prosecutor"])
def test_he_opens_every_page_and_presses_every_button_that_opens_something(cast: Cast, name: str) -> None:
    world(cast)
    client = signed_in(getattr(cast, name))
    tried = pressed = 0
    doors = [url for url in urls(ids()) if OPENS.search(url)]
    for url in dict.fromkeys([*(url for _, url in addresses()), *doors]):
        assert PLACE not in body(client, url), url
        tried += 1
        if OPENS.search(url):
            assert PLACE not in body(client, url, TYPED), url
            pressed += 1
    assert tried > 500
    assert pressed > 100
    assert not LocationGrant.objects.filter(basis="shelter").exists()


@pytest.mark.parametrize("name", OFFICERS)
def test_no_page_of_hers_says_with_whom_she_is(cast: Cast, name: str) -> None:
    """The directory lists the shelter to everybody. What he must not learn is that it is hers."""
    case = world(cast)
    client = signed_in(getattr(cast, name))
    pages = [
        reverse("home"), reverse("case_list"), reverse("referral_list"), reverse("case", args=[case.pk]),
        reverse("case_history", args=[case.pk]), reverse("emergency_list"),
        *(reverse("referral", args=[row.pk]) for row in case.referrals.all()),
    ]  # fmt: skip
    for url in pages:
        page = body(client, url)
        assert SHELTER not in page, url
        assert "River House" not in page, url


class TestHeAsksForAnEmergency:
    @pytest.mark.parametrize("name", OFFICERS[:-1])
    def test_where_she_is_is_not_given_even_with_an_accomplice(self, cast: Cast, name: str) -> None:
        case = world(cast)
        user = cast.users[name]
        with pytest.raises(Refused):
            emergency.ask_emergency(
                user, wanted=case.code, reason="danger_to_life", text="She is in great danger.",
                sections=["whereabouts"], second=cast.other_manager, proven_at=clock.now(),
            )  # fmt: skip
        # What he is given with the accomplice's help says nothing of the place, and everybody is told.
        access = emergency.ask_emergency(
            user, wanted=case.code, reason="danger_to_life", text="She is in great danger.",
            sections=["identity", "contact", "narrative"], second=cast.other_manager, proven_at=clock.now(),
        )  # fmt: skip
        emergency.confirm_emergency(cast.other_manager, access, proven_at=clock.now())
        client = signed_in(user)
        for section in ("identity", "contact", "narrative", "whereabouts"):
            assert PLACE not in body(client, reverse("emergency_read", args=[access.pk, section]), {})
        location = reverse("service_location", args=[ShelterLocation.objects.get().pk])
        assert client.post(location, {"purpose": "emergency"}).status_code == 404
        assert reverse("emergency", args=[access.pk]) in body(signed_in(cast.manager), reverse("case", args=[case.pk]))


def test_he_reads_the_log_of_nobody_and_the_log_holds_no_place(cast: Cast) -> None:
    case = world(cast)
    for name in OFFICERS:
        client = signed_in(cast.users[name])
        assert client.get(reverse("event_log")).status_code == 404
        assert client.get(reverse("case_history", args=[case.pk])).status_code == 404
    for event in Event.objects.all():
        assert "Kanarie" not in str([event.facts, event.fields, event.purpose])


@pytest.mark.parametrize("name", OFFICERS)
def test_he_watches_how_full_the_houses_are_and_learns_nothing(cast: Cast, name: str) -> None:
    """She was placed on a day he knows: a house with one place less, "confirmed today", would be hers."""
    facts: dict[str, Any] = {"residential": True, "type": "emergency_shelter", "capacity_maximum": 1}
    house = steps.service(cast, name=SHELTER, capacity_available=1, **facts)
    Service.objects.update(capacity_updated_at=clock.now() - timedelta(days=9))
    client = signed_in(getattr(cast, name))
    watched = ("/services/", "/services/?free=on", reverse("service", args=[house.pk]))
    before = [_quiet(body(client, url)) for url in watched]
    case = steps.registered(cast)
    steps.agree(cast, case, "service_referral", cast.org("shelter"))
    sent = referral.send_referral(
        cast.manager, case, "service", cast.org("shelter"), service=house,
        placement_reason="danger_outside", placement_review_on=clock.today(),
    )  # fmt: skip
    referral.accept_referral(cast.provider, sent)
    assert Service.objects.get(pk=house.pk).capacity_available == 0
    assert [_quiet(body(client, url)) for url in watched] == before
    assert SHELTER in before[1]
    assert "0 of 1 place free" in body(signed_in(cast.manager), watched[2])


def _quiet(page: str) -> str:
    """A page without what differs on every load."""
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"|name="once" value="[^"]+"', "", page)


def test_a_helper_inside_another_agency_does_not_find_it_either(cast: Cast) -> None:
    """A case manager of another province, and another shelter's staff: the place opens for none of them."""
    case = world(cast)
    location = reverse("service_location", args=[ShelterLocation.objects.get().pk])
    for name in ("other_manager", "registry", "other_provider", "officer", "supervisor", "auditor", "administrator"):
        client = signed_in(cast.users[name])
        assert client.post(location, {"purpose": "placement"}).status_code == 404
        assert (
            client.post(reverse("case_whereabouts", args=[case.pk]), {"where-purpose": "protection"}).status_code == 404
        )


def test_the_canaries_are_real(cast: Cast) -> None:
    """Those who care for her do find the place, by a button with a purpose: otherwise the tests above prove nothing."""
    case = world(cast)
    manager = signed_in(cast.manager)
    url = reverse("case_whereabouts", args=[case.pk])
    assert manager.post(url, {}).status_code == 422
    assert f"{PLACE} one" in body(manager, url, {"where-purpose": "protection"})
    location = reverse("service_location", args=[ShelterLocation.objects.get().pk])
    assert f"{PLACE} two" in body(manager, location, {"purpose": "placement"})
    opened = Event.objects.filter(action="identity.revealed", fields=["address"])
    assert set(opened.values_list("purpose", flat=True)) == {"protection", "placement"}
    assert all(sealed_fields(model) for model in (ShelterLocation, EmergencyAccess))
