"""What a crawl needs: a case with a canary in every sealed field, and the address of every page for every row.

Used by the suite (tests/test_crawl.py, one case) and by `make attack` (every relation, tens of thousands of pages).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.apps import apps
from django.db import models
from django.urls import NoReverseMatch, reverse

from spean.cases import conference, emergency, exclusion, operation, parts
from spean.cases.actions import write_note
from spean.cases.attaching import attach_document
from spean.cases.grounds import record_ground
from spean.cases.holds import place_hold
from spean.cases.models import Case, Involvement
from spean.country import pack
from spean.detection import actions as detection
from spean.detection import arrivals, informant, intake
from spean.exchange import openrosa_actions, openrosa_xml
from spean.lib import clock
from spean.privacy import canaries
from spean.protection import actions as protection
from spean.referral import actions as referral
from tests import steps
from tests.cast import Cast
from tests.conventions.test_pages import PAGES
from tests.detection import filling
from tests.exchange.collect import ANSWERS, Form, filled
from tests.lists import files

CANARY = "Kanarie"
# Visiting them changes who visits.
NOT_VISITED = {"account_logout", "sign_in_link"}
# How many ids of other tables a page is tried with.
FOREIGN = 4
# What a part of an address that is no id may be.
WORDS = {"slug": "check", "purpose": "service_referral", "language": "en", "kind": "note", "token": "x", "key": "x",
         "name": "first_responder", "version": "1.0"}  # fmt: skip

# Of which table the id in an address is, by the first word of the address. A new word has to be declared here.
TABLES = {
    "case": "cases.Case", "referral": "referral.Referral", "people": "people.Person", "matches": "people.PossibleMatch",
    "need": "protection.Need", "determination": "identification.Determination", "screening": "detection.Screening",
    "consent": "privacy.Consent", "ground": "privacy.Consent", "withdrawal": "cases.WithdrawalNotice",
    "exclusion": "cases.Exclusion", "suspect": "cases.Suspect", "reason": "cases.Reason",
    "involvement": "cases.Involvement", "hand-over": "cases.HandOver", "conference": "cases.Conference",
    "invitation": "cases.Invitation", "operation": "cases.OperationalFact", "caller": "detection.Informant",
    "arrival": "detection.Arrival", "intake": "detection.IntakeInterview",
    "emergency": "privacy.EmergencyAccess", "document": "cases.Document", "hold": "privacy.LegalHold",
    "erasure": "privacy.Erasure", "alerts": "privacy.Alert", "exports": "exchange.Export",
    "access-changes": "access.AccessChange", "users": "access.User", "organisations": "access.Organisation",
    "services": "directory.Service", "location": "directory.LocationGrant", "devices": "exchange.Device",
    "submissions": "exchange.Quarantined", "collect": "exchange.PublishedForm",
    "field": "exchange.SentForm",
    "lists": "lists.PartnerList", "deliveries": "lists.Delivery", "list-rows": "lists.ListRow",
    "linkings": "lists.Linking", "pairs": "lists.Pair",
    "editions": "statistics.Edition", "figures": "statistics.Figure",
}  # fmt: skip
# Ids of a second table in the same address.
SECOND = {"need_pk": "protection.Need", "service_pk": "directory.Service", "row": "cases.Note"}


def build(cast: Cast, mark: str = CANARY, number: int = 0) -> Case:
    """One case with everything in it; every sealed text begins with the mark. The number tells persons apart."""
    who = steps.identity(
        f"{mark}family", f"{mark}given", name_km=f"{mark}khmer", other_names=f"{mark}other", phone=f"099911122{number}",
        birth_date=f"{1980 + 3 * number}-0{number + 2}-1{number}", birth_year=1980 + 3 * number,
        mother_name=f"{mark}mother", father_name=f"{mark}father", address=f"{mark}address",
        document_number=f"{mark}document",
    )  # fmt: skip
    findings = replace(
        steps.FINDINGS,
        act_reasons=f"{mark} act reasons",
        means_reasons=f"{mark} means reasons",
        purpose_reasons=f"{mark} purpose reasons",
        evidence=f"{mark} evidence",
    )
    determination = steps.proposed(cast, findings, who=who, name=f"{mark}stated")
    case = determination.case
    service = steps.service(cast, address=f"{mark}street", confidential_location=True)
    need = protection.record_need(cast.manager, case, "psychological")
    protection.assess_risk(cast.manager, case, level="high", with_person=True, response=f"{mark} plan")
    write_note(cast.manager, case, section="narrative", about="meeting", text=f"{mark} note")
    steps.agree(cast, case, "service_referral", cast.org("shelter"))
    sent = referral.send_referral(
        cast.manager, case, "service", cast.org("shelter"), service=service, need=need, message=f"{mark} message"
    )
    referral.accept_referral(cast.provider, sent, answer=f"{mark} answer")
    record_ground(
        cast.manager, case, ground="court_order", purpose="criminal_justice", recipient=cast.org("court"),
        classes=["identity"], reference=f"{mark} order", reasons=f"{mark} grounds",
    )  # fmt: skip
    attach_document(
        cast.manager, case, kind="passport", title=f"{mark} title", media="text", content=f"{mark} paper".encode()
    )
    place_hold(cast.manager, case, ground="criminal_case")
    exclusion.record_suspect(cast.manager, case, role="broker", name=f"{mark}suspect", description=f"{mark} looks")
    offered = parts.offer_hand_over(cast.manager, case, cast.org("other_focal"), reason=f"{mark} moves away")
    parts.decline_hand_over(cast.other_manager, offered, reason=f"{mark} no place")
    meets = clock.now() + timedelta(hours=1)
    called = conference.call_conference(
        cast.manager, case, purpose="safety", meets_at=meets, until_at=meets, sections=("identity",)
    )
    with clock.travel(meets + timedelta(minutes=5)):
        conference.record_conference(cast.manager, called, record=f"{mark} was decided")
    return Case.objects.get(pk=case.pk)


def full(cast: Cast, mark: str = CANARY) -> Case:
    """As `build`, with what others keep apart from the case, and an entry in the register of invented persons."""
    case = build(cast, mark)
    kept_apart(cast, case, mark)
    canaries.mark(uuid4(), f"{mark}code")
    return case


def kept_apart(cast: Cast, case: Case, mark: str = CANARY) -> None:
    """Who called, what is planned, an emergency, what a phone sent: of people who are strangers to each other."""
    caller = informant.record_informant(
        cast.operator, detection.start_screening(cast.operator, instrument="ilo_2009").case, name=f"{mark}caller",
        phone=f"{mark}number", safe_times=f"{mark} times",
    )  # fmt: skip
    informant.keep_longer(cast.operator, caller, reason=f"{mark} still needed")
    Involvement.objects.create(
        case=case, organisation=cast.org("border_police"), task="justice", sections=["justice"], basis="test"
    )
    operation.note_operation(
        cast.investigator, case, place=f"{mark}raid", time=f"{mark}hour", plan=f"{mark} plan",
        over_at=clock.now() + timedelta(days=1),
    )  # fmt: skip
    access = emergency.ask_emergency(
        cast.other_provider, wanted=f"{mark}code", reason="danger_to_life", text=f"{mark} what happened",
        sections=["identity"], second=cast.other_manager, proven_at=clock.now(),
    )  # fmt: skip
    emergency.confirm_emergency(cast.other_manager, access, proven_at=clock.now())
    emergency.review_emergency(cast.auditor, access, justified=True, finding=f"{mark} finding")
    arrivals.receive(cast.screener, filling.a_bus(place=f"{mark}crossing", remark=f"{mark} remark"))
    intake.keep(cast.manager, case, filling.an_intake(f"{mark} what happened"))
    openrosa_actions.form_key()
    device, _token = openrosa_actions.enrol_device(cast.operator)
    sent = f'<data id="never_offered" version="1"><meta><instanceID>uuid:{uuid4()}</instanceID></meta><a>{mark} sent</a></data>'
    openrosa_actions.receive(device, openrosa_xml.Post(sent.encode(), None, False))
    # And one that was taken in and waits.
    form = Form("first_responder", "1.0", "", pack().instruments["first_responder"].made.definition)
    waits = filled(form, **{**ANSWERS, "stated_name": f"{mark} waits", "notes": f"{mark} waits too"})
    assert not openrosa_actions.receive(device, openrosa_xml.Post(waits, None, False)).kept
    files.of_each(cast, mark)


def tables() -> list[type[models.Model]]:
    """Every table of ours whose rows have a UUID, and so may stand in an address."""
    own = [model for model in apps.get_models() if model.__module__.startswith("spean.")]
    return [model for model in own if isinstance(model._meta.pk, models.UUIDField)]


def one_of_each() -> list[UUID]:
    """The id of one row of every table."""
    firsts = [model._default_manager.order_by("pk").values_list("pk", flat=True).first() for model in tables()]
    return [pk for pk in firsts if pk is not None]


def takes_id(pattern: Any) -> bool:
    return any(type(one).__name__ == "UUIDConverter" for one in dict(pattern.pattern.converters).values())


def visited() -> list[tuple[str, Any]]:
    """(route, page) but one's own account's, which hold nothing of a case and answer by how one signed in."""
    return [
        (route, pattern)
        for route, pattern in PAGES
        if pattern.name and pattern.name not in NOT_VISITED and not pattern.name.startswith(("account_", "mfa_"))
    ]


def pages() -> Iterator[Any]:
    """Every page that a crawl visits."""
    for _, pattern in visited():
        yield pattern


def address(pattern: Any, pk: UUID | None) -> str | None:
    """The page's address with this id in every place that takes one."""
    arguments: dict[str, Any] = {}
    for name, converter in dict(pattern.pattern.converters).items():
        kind = type(converter).__name__
        arguments[name] = pk if kind == "UUIDConverter" else 1 if kind == "IntConverter" else WORDS.get(name, "x")
    try:
        return reverse(str(pattern.name), kwargs=arguments)
    except NoReverseMatch:
        return None


def table(route: str) -> str:
    """Of which table the id in an address is; nothing for an address without one."""
    return TABLES.get(route.split("/")[0], "") if "<uuid:pk>" in route else ""


def rows_for(route: str) -> list[UUID]:
    """Ids to try on a page: of the table it is about, of persons and cases, and a few that do not belong there."""
    own = table(route)
    right = [apps.get_model(label) for label in {own, "cases.Case", "people.Person"} if label]
    ids = [pk for model in right for pk in model._default_manager.order_by("pk").values_list("pk", flat=True)[:2]]
    return ids + random.Random(route).sample(one_of_each(), FOREIGN)


def addresses(ids: Iterable[UUID] = ()) -> list[tuple[str, str]]:
    """(name, url) of every page, each with these ids, or with those of `rows_for`."""
    given, routes = list(ids), {pattern: route for route, pattern in PAGES}
    made = [
        (str(pattern.name), address(pattern, pk))
        for pattern in pages()
        for pk in (given or rows_for(routes[pattern]) if takes_id(pattern) else [None])
    ]
    return [(name, url) for name, url in made if url is not None]


def body_of(answer: Any) -> bytes:
    """What the reader gets, headers included: a canary may travel in a file name too."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return bytes(content) + str(dict(answer.headers)).encode()
