"""A crawl as everybody: every sealed field holds a canary, and nobody meets one he may not read.

Every page is opened by every member of the cast with the id of a row of every table. Strangers to the case meet no
canary and no existing object; and what is forbidden is answered byte for byte like what is missing.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.urls import NoReverseMatch, reverse

from spean.cases import emergency, operation
from spean.cases.actions import write_note
from spean.cases.attaching import attach_document
from spean.cases.holds import place_hold
from spean.cases.models import Case, Involvement
from spean.detection import actions as detection
from spean.detection import informant
from spean.lib import clock
from spean.privacy import canaries
from spean.privacy.fields import sealed_fields
from spean.privacy.models import Event
from spean.protection import actions as protection
from spean.referral import actions as referral
from tests import steps
from tests.cast import Cast
from tests.conventions.test_pages import PAGES
from tests.signed_in import signed_in

pytestmark = pytest.mark.slow

CANARY = "Kanarie"
# They take no part in the case, whatever their role.
STRANGERS = (
    "colleague", "outsider", "operator", "supervisor", "other_manager", "other_provider", "investigator",
    "prosecutor", "clerk", "return_officer", "labour_officer", "statistician", "auditor", "administrator", "registry",
)  # fmt: skip
# Pages of the person who visits; visiting them changes who he is.
NOT_VISITED = {"account_logout", "sign_in_link"}


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def build(cast: Cast) -> None:
    """One case with everything in it; every sealed text is a canary."""
    who = steps.identity(
        f"{CANARY}family", f"{CANARY}given", name_km=f"{CANARY}khmer", other_names=f"{CANARY}other", phone="0999111222",
        mother_name=f"{CANARY}mother", father_name=f"{CANARY}father", address=f"{CANARY}address",
        document_number=f"{CANARY}document",
    )  # fmt: skip
    findings = steps.FINDINGS.__class__(
        **{
            **steps.FINDINGS.__dict__,
            "act_reasons": f"{CANARY} act reasons",
            "means_reasons": f"{CANARY} means reasons",
            "purpose_reasons": f"{CANARY} purpose reasons",
            "evidence": f"{CANARY} evidence",
        }
    )
    determination = steps.proposed(cast, findings, who=who, name=f"{CANARY}stated")
    case = determination.case
    service = steps.service(cast, address=f"{CANARY}street", confidential_location=True)
    need = protection.record_need(cast.manager, case, "psychological")
    protection.assess_risk(cast.manager, case, level="high", with_person=True, response=f"{CANARY} plan")
    write_note(cast.manager, case, section="narrative", about="meeting", text=f"{CANARY} note")
    attach_document(
        cast.manager, case, kind="passport", title=f"{CANARY} title", media="text", content=f"{CANARY} paper".encode()
    )
    place_hold(cast.manager, case, ground="criminal_case")
    steps.agree(cast, case, "service_referral", cast.org("shelter"))
    sent = referral.send_referral(
        cast.manager, case, "service", cast.org("shelter"), service=service, need=need, message=f"{CANARY} message"
    )
    referral.accept_referral(cast.provider, sent, answer=f"{CANARY} answer")
    kept_apart(cast, case)
    canaries.mark(uuid4(), f"{CANARY}code")


def kept_apart(cast: Cast, case: Case) -> None:
    """Who called, what is planned, an emergency: of people who are strangers to each other."""
    caller = informant.record_informant(
        cast.operator, detection.start_screening(cast.operator, instrument="ilo_2009").case, name=f"{CANARY}caller",
        phone=f"{CANARY}number", safe_times=f"{CANARY} times",
    )  # fmt: skip
    informant.keep_longer(cast.operator, caller, reason=f"{CANARY} still needed")
    Involvement.objects.create(
        case=case, organisation=cast.org("border_police"), task="justice", sections=["justice"], basis="test"
    )
    operation.note_operation(
        cast.investigator, case, place=f"{CANARY}raid", time=f"{CANARY}hour", plan=f"{CANARY} plan",
        over_at=clock.now() + timedelta(days=1),
    )  # fmt: skip
    access = emergency.ask_emergency(
        cast.other_provider, wanted=f"{CANARY}code", reason="danger_to_life", text=f"{CANARY} what happened",
        sections=["identity"], second=cast.other_manager, proven_at=clock.now(),
    )  # fmt: skip
    emergency.confirm_emergency(cast.other_manager, access, proven_at=clock.now())
    emergency.review_emergency(cast.auditor, access, justified=True, finding=f"{CANARY} finding")


def one_of_each() -> list[UUID]:
    """The id of one row of every table: each is tried on every page."""
    models = [model for model in apps.get_models() if model.__module__.startswith("spean.")]
    firsts = [model._default_manager.order_by("pk").values_list("pk", flat=True).first() for model in models]
    return [pk for pk in firsts if isinstance(pk, UUID)]


def addresses(ids: list[UUID]) -> list[tuple[str, str]]:
    """(name, url) of every page with every id."""
    made = []
    for _, pattern in PAGES:
        converters = dict(getattr(pattern.pattern, "converters", {}))
        # One's own account pages hold nothing of a case, and answer by how one signed in.
        if pattern.name is None or pattern.name in NOT_VISITED or pattern.name.startswith(("account_", "mfa_")):
            continue
        fixed = {
            "slug": "check",
            "purpose": "service_referral",
            "language": "en",
            "kind": "note",
            "token": "x",
            "key": "x",
        }
        uuids = [name for name, converter in converters.items() if type(converter).__name__ == "UUIDConverter"]
        others = {
            name: 1 if type(converter).__name__ == "IntConverter" else fixed.get(name, "x")
            for name, converter in converters.items()
            if name not in uuids
        }
        for pk in ids if uuids else [None]:
            arguments = {**others, **dict.fromkeys(uuids, pk)}
            try:
                made.append((str(pattern.name), reverse(str(pattern.name), kwargs=arguments)))
            except NoReverseMatch:
                continue
    return made


def test_the_world_has_a_canary_in_every_kind_of_sealed_field(cast: Cast) -> None:
    build(cast)
    for model in apps.get_models():
        for name in sealed_fields(model) if model.__module__.startswith("spean.") else ():
            if (model._meta.label, name) == ("identification.Determination", "return_reason"):
                continue  # only a returned decision has one
            filled = model._default_manager.filter(**{f"{name}__isnull": False})
            assert filled.exists(), f"{model._meta.label}.{name}"


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_meets_nothing(cast: Cast, name: str) -> None:
    build(cast)
    client = signed_in(getattr(cast, name))
    missing = client.get(reverse("case", args=[uuid4()]))
    assert missing.status_code == 404
    case_rooms = ("case", "referral", "person", "match", "determination", "screening", "need", "consent")
    for page, url in addresses(one_of_each()):
        answer = client.get(url)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code in (200, 302, 404, 405), (page, url, answer.status_code)
        assert CANARY.encode() not in body, (page, url)
        assert CANARY not in str(answer.headers), (page, url)
        if page.startswith(case_rooms) and answer.status_code == 404:
            assert body == missing.content, (page, url)


def test_who_takes_part_meets_names_only_where_he_asks(cast: Cast) -> None:
    """Opening pages shows no identity to anybody: it takes a button, a purpose and a line in the log."""
    build(cast)
    urls = addresses(one_of_each())
    for name in ("manager", "officer", "provider", "screener"):
        client = signed_in(getattr(cast, name))
        for page, url in urls:
            body = client.get(url).content
            for part in ("family", "given", "khmer", "mother", "father", "address", "document", "street"):
                assert f"{CANARY}{part}".encode() not in body, (name, page, url)


def test_no_canary_reaches_the_log(cast: Cast) -> None:
    build(cast)
    for event in Event.objects.all():
        assert CANARY not in str([event.action, event.fields, event.purpose, event.facts, event.object_type])
