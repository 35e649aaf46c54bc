"""No plaintext without a row: random requests of random users, and every text that shows up was logged for him.

Each sealed text of the world is its own mark, so that a mark in an answer says which field of which row was read.
"""

import random
from uuid import UUID

import pytest
from django.apps import apps
from django.db import models
from django.urls import reverse

from spean.privacy import vault
from spean.privacy.fields import sealed_fields
from spean.privacy.models import Event
from tests import steps
from tests.cast import Cast
from tests.conventions.test_pages import PAGES
from tests.crawling import addresses, full, one_of_each
from tests.signed_in import signed_in

pytestmark = pytest.mark.slow

ROLES = ("manager", "screener", "provider", "officer", "reviewer", "registry", "outsider", "auditor", "investigator")
# Those who may read are asked more often, so that there is something to find.
WEIGHTS = (6, 2, 3, 3, 3, 1, 1, 1, 1)
PURPOSES = ("casework", "protection", "service", "identification", "letter")
REQUESTS = 600
SEED = 20260301


def mark_everything() -> dict[str, tuple[UUID, str]]:
    """Seal a mark of its own into every sealed field that is filled, as its owner would write it."""
    marks: dict[str, tuple[UUID, str]] = {}
    for model in apps.get_models():
        names = [name for name in sealed_fields(model) if name not in ("initials", "birth_date")]
        if not model.__module__.startswith("spean.") or model._meta.label == "privacy.Canary":
            continue
        for row in model._default_manager.all() if names else ():
            texts = {}
            for name in names:
                if getattr(row, name) is not None:
                    mark = f"Zeichen{len(marks):04d}Q"
                    marks[mark] = (row.pk, name)
                    texts[name] = mark
            if texts:
                vault.seal_fields(row, **texts)
                _write(model, row, list(texts))
    return marks


def _write(model: type[models.Model], row: models.Model, names: list[str]) -> None:
    from spean.run import databases

    # As the owner, with the triggers asleep: some of these texts may never be changed once written.
    with databases.as_owner():
        from django.db import connection

        with connection.cursor() as cursor:
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            model._default_manager.filter(pk=row.pk).update(**{name: getattr(row, name) for name in names})
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


# Whose id a page takes, by the beginning of its name. A walk over all ids would nearly always end at a wall.
OBJECTS = {
    "case": "cases.Case",
    "person": "people.Person",
    "determination": "identification.Determination",
    "referral": "referral.Referral",
    "screening": "detection.Screening",
    "service": "directory.Service",
    "document": "cases.Document",
}
ROWS = {"note": "cases.Note", "risk": "protection.RiskAssessment"}


def doors_of_this_world() -> list[tuple[str, str]]:
    """Every page about an object, with every object there is of its kind; texts of a case with the right row."""
    made = []
    for _, pattern in PAGES:
        label = OBJECTS.get(str(pattern.name).split("_")[0])
        names = set(getattr(pattern.pattern, "converters", {}))
        for obj in apps.get_model(label)._default_manager.all() if label else ():
            if names == {"pk"}:
                made.append((str(pattern.name), reverse(str(pattern.name), args=[obj.pk])))
            elif names == {"pk", "kind", "row"}:
                for kind, table in ROWS.items():
                    for row in apps.get_model(table)._default_manager.filter(case_id=obj.pk):
                        made.append((str(pattern.name), reverse(str(pattern.name), args=[obj.pk, kind, row.pk])))
    return made


@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
def test_every_text_in_an_answer_has_a_row(cast: Cast) -> None:
    full(cast)
    steps.registered(cast, steps.identity("Other", "Person", birth_date="1988-01-01", phone="0888777666"))
    marks = mark_everything()
    assert len(marks) > 20
    chance = random.Random(SEED)
    urls = addresses(one_of_each())
    openers = doors_of_this_world()
    clients = {name: signed_in(getattr(cast, name)) for name in ROLES}
    seen = 0
    for _ in range(REQUESTS):
        name = chance.choices(ROLES, WEIGHTS)[0]
        page, url = chance.choice(openers if chance.random() < 0.8 else urls)
        posting = chance.random() < 0.6
        last = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
        client = clients[name]
        answer = (
            client.post(url, {"purpose": chance.choice(PURPOSES), "language": "en", "named": "yes"})
            if posting
            else client.get(url)
        )
        body = (b"".join(answer) if answer.streaming else answer.content).decode(errors="replace")
        for mark, (pk, field) in marks.items():
            if mark not in body:
                continue
            seen += 1
            rows = Event.objects.filter(
                id__gt=last, actor_id=getattr(cast, name).pk, object_id=pk, fields__contains=[field],
                action__in=("identity.revealed", "content.read"),
            )  # fmt: skip
            assert rows.exists(), (name, page, field)
            assert name not in ("outsider", "auditor", "investigator"), (name, page, field)
    assert seen > 10, "the walk met too little to prove anything"
