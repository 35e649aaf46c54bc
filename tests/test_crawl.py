"""A crawl as everybody: every sealed field holds a canary, and nobody meets one he may not read.

Every page is opened with ids of the table it is about, of persons and cases, and of others. Strangers to the case meet no
canary and no existing object; and what is forbidden is answered byte for byte like what is missing.
"""

from uuid import uuid4

import pytest
from django.apps import apps
from django.urls import reverse

from spean.privacy.fields import sealed_fields
from spean.privacy.models import Event
from tests.cast import Cast
from tests.crawling import CANARY, addresses, body_of, full
from tests.signed_in import signed_in

pytestmark = pytest.mark.slow

# They take no part in the case; `make attack` goes through everybody, and many more pages.
STRANGERS = (
    "colleague",
    "outsider",
    "other_manager",
    "investigator",
    "prosecutor",
    "auditor",
    "administrator",
    "registry",
)


def test_the_world_has_a_canary_in_every_kind_of_sealed_field(cast: Cast) -> None:
    full(cast)
    for model in apps.get_models():
        for name in sealed_fields(model) if model.__module__.startswith("spean.") else ():
            if (model._meta.label, name) == ("identification.Determination", "return_reason"):
                continue  # only a returned decision has one
            filled = model._default_manager.filter(**{f"{name}__isnull": False})
            assert filled.exists(), f"{model._meta.label}.{name}"


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_meets_nothing(cast: Cast, name: str) -> None:
    full(cast)
    client = signed_in(getattr(cast, name))
    missing = client.get(reverse("case", args=[uuid4()]))
    assert missing.status_code == 404
    case_rooms = ("case", "referral", "person", "match", "determination", "screening", "need", "consent")
    for page, url in addresses():
        answer = client.get(url)
        assert answer.status_code in (200, 302, 404, 405), (page, url, answer.status_code)
        assert CANARY.encode() not in body_of(answer), (page, url)
        if page.startswith(case_rooms) and answer.status_code == 404:
            assert answer.content == missing.content, (page, url)


def test_who_takes_part_meets_names_only_where_he_asks(cast: Cast) -> None:
    """Opening pages shows no identity to anybody: it takes a button, a purpose and a line in the log."""
    full(cast)
    urls = addresses()
    for name in ("manager", "officer", "provider", "screener"):
        client = signed_in(getattr(cast, name))
        for page, url in urls:
            body = body_of(client.get(url))
            for part in ("family", "given", "khmer", "mother", "father", "address", "document", "street"):
                assert f"{CANARY}{part}".encode() not in body, (name, page, url)


def test_no_canary_reaches_the_log(cast: Cast) -> None:
    full(cast)
    for event in Event.objects.all():
        assert CANARY not in str([event.action, event.fields, event.purpose, event.facts, event.object_type])
