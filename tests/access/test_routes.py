"""One declared row per address, one column per relation and user: what a new page does not say here, fails here.

`routes.csv` is kept for reading. Whoever has no part in a case, or no longer, or must not have, meets on every page
about it what he meets where nothing is: the same bytes.
"""

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, reverse

from spean.cases import conference, exclusion, parts
from spean.cases.actions import write_note
from spean.cases.models import Case, Invitation, Involvement
from spean.lib import clock
from spean.protection import actions as protection
from spean.referral import actions as referral
from tests import steps
from tests.cast import Cast
from tests.crawling import SECOND, WORDS, table, visited
from tests.signed_in import signed_in

KEPT = Path(__file__).with_name("routes.csv")

CASE_ROOMS = ("cases", "referral", "people", "protection", "identification", "detection", "privacy")

FOREIGN = ("colleague", "outsider", "other_manager", "other_provider", "investigator", "auditor", "administrator")
COLUMNS: dict[str, tuple[str, ...]] = {
    "own": ("screener", "manager"),
    "granted": ("provider", "officer", "prosecutor"),
    "foreign": FOREIGN,
    "revoked": ("provider", "officer", "prosecutor", "manager"),
    "expired": ("provider", "officer", "prosecutor"),
    "excluded": ("provider", "officer", "prosecutor", "screener"),
    "anonymous": ("anonymous",),
}
# The line in the list of an organisation that once received it, and its answers, which say that it is too late.
LINE = {
    "referral", "referral_acknowledge", "referral_message", "referral_sent", "referral_accept", "referral_decline", "referral_complete",
    "referral_end",
}  # fmt: skip
# What those without a part in the case see of it all the same, and why.
ALL_THE_SAME: dict[tuple[str, str], set[str]] = {
    # The line of the list says that a referral came and how it ended; what came with it is gone.
    ("revoked", "provider"): LINE,
    ("revoked", "officer"): LINE,
    # Whose part ran out may ask for its renewal.
    ("expired", "provider"): {"involvement_ask"},
}


def world(cast: Cast) -> Case:
    """A case in which everybody of the cast who can take part does, with a row in every table about it."""
    case = steps.proposed(cast).case
    need = protection.record_need(cast.manager, case, "psychological")
    steps.agree(cast, case, "service_referral", cast.org("shelter"))
    sent = referral.send_referral(
        cast.manager,
        case,
        "service",
        cast.org("shelter"),
        service=steps.service(cast),
        need=need,
        message="Come today.",
    )
    referral.accept_referral(cast.provider, sent)
    write_note(cast.manager, case, section="narrative", about="general", text="First meeting.")
    exclusion.record_suspect(cast.manager, case, role="broker", name="Somebody")
    excluded = exclusion.exclude(cast.manager, case, reason="implicated", organisation=cast.org("other_police"))
    exclusion.ask_to_lift(cast.manager, excluded, reason="Another unit of the same name.")
    offered = parts.offer_hand_over(cast.manager, case, cast.org("other_focal"), reason="Moves to your province.")
    parts.decline_hand_over(cast.other_manager, offered, reason="We have no place at present.")
    meets = clock.now() + timedelta(days=1)
    called = conference.call_conference(
        cast.manager, case, purpose="safety", meets_at=meets, until_at=meets + timedelta(days=7), sections=("identity",)
    )
    steps.agree(cast, case, "case_conference", cast.org("court"))
    conference.invite(cast.manager, called, cast.prosecutor, cast.org("court"))
    return Case.objects.get(pk=case.pk)


def revoke(cast: Cast, case: Case) -> None:
    """Everybody's part ends: by hand, by withdrawing, by handing over."""
    why = "Nothing is left to do there."
    for row in Involvement.objects.filter(case=case, task__in=("service", "identification"), status="open"):
        parts.end_involvement(cast.manager, row, reason=why)
    conference.withdraw_invitation(cast.manager, Invitation.objects.get(case=case))
    offered = parts.offer_hand_over(cast.manager, case, cast.org("other_focal"), reason="Has moved there now.")
    parts.accept_hand_over(cast.again("other_manager"), offered)


def exclude_all(cast: Cast, case: Case) -> None:
    exclusion.exclude(cast.manager, case, reason="implicated", organisation=cast.org("shelter"))
    for name in ("officer", "prosecutor", "screener"):
        exclusion.exclude(cast.manager, case, reason="related_to_suspect", user=cast.users[name])


@contextmanager
def standing(cast: Cast, relation: str, case: Case) -> Iterator[None]:
    """The world in which the users of a column stand in their relation to the case."""
    if relation == "revoked":
        revoke(cast, case)
    elif relation == "excluded":
        exclude_all(cast, case)
    with clock.travel(clock.now() + timedelta(days=95)) if relation == "expired" else nullcontext():
        yield


def rows_of(case: Case, label: str, name: str = "") -> UUID:
    """The id of a row of this table about this case; of one that does not exist where there is none."""
    model: Any = apps.get_model(label)
    if label == "cases.Case":
        return case.pk
    if label == "people.Person":
        return case.person_id or uuid4()
    found = model._default_manager.all()
    if label == "cases.Involvement":
        found = found.filter(case=case, task="service")
    elif label == "referral.Referral":
        found = found.filter(case=case, kind="identification" if name == "officer" else "service")
    elif any(field.attname == "case_id" for field in model._meta.concrete_fields):
        found = found.filter(case=case)
    pk = found.order_by("pk").values_list("pk", flat=True).first()
    return pk if isinstance(pk, UUID) else uuid4()


def address(pattern: URLPattern, route: str, case: Case, name: str = "", *, missing: bool = False) -> str:
    """The address of a page about this case, or about nothing."""
    arguments: dict[str, Any] = {}
    for key, converter in getattr(pattern.pattern, "converters", {}).items():
        kind = type(converter).__name__
        if kind == "UUIDConverter":
            label = SECOND.get(key) or table(route)
            arguments[key] = uuid4() if missing or not label else rows_of(case, label, name)
        else:
            arguments[key] = 1 if kind == "IntConverter" else WORDS.get(key, "x")
    return reverse(str(pattern.name), kwargs=arguments)


VISITED = visited()


def meets(answer: Any) -> str:
    if answer.status_code == 404:
        return ""
    if answer.status_code == 302 and answer["Location"].startswith("/sign-in/"):
        return "sign in"
    assert answer.status_code in (200, 302, 400, 403, 405, 409, 422), answer.status_code
    return "405" if answer.status_code == 405 else "yes"


def ask(client: Client, method: str, url: str) -> Any:
    answer = getattr(client, method)(url)
    if answer.streaming:
        answer.body = b"".join(answer.streaming_content)
    else:
        answer.body = answer.content
    return answer


def same(one: Any, other: Any) -> bool:
    """Byte for byte, and every header but those that differ between any two answers."""
    quiet = {"Content-Length", "Vary", "Date", "Server-Timing"}
    heads = ({k: v for k, v in answer.items() if k not in quiet} for answer in (one, other))
    return one.status_code == other.status_code and one.body == other.body and next(heads) == next(heads)


def client_of(cast: Cast, name: str) -> Client:
    return Client() if name == "anonymous" else signed_in(cast.again(name))


def fresh(cast: Cast, relation: str, name: str, shared: Case) -> Case:
    """The screener's own case is one that nobody has taken over yet."""
    if (relation, name) != ("own", "screener"):
        return shared
    case = steps.screened(cast, name="Other").case
    exclusion.record_suspect(cast.screener, case, role="recruiter", name="Somebody else")
    return case


@pytest.mark.slow
@pytest.mark.parametrize("relation", COLUMNS)
def test_every_address_answers_as_declared(cast: Cast, relation: str) -> None:
    shared = world(cast)
    found: dict[str, dict[str, str]] = {}
    with standing(cast, relation, shared):
        for name in COLUMNS[relation]:
            case = fresh(cast, relation, name, shared)
            client = client_of(cast, name)
            for route, pattern in VISITED:
                url = address(pattern, route, case, name)
                found.setdefault(str(pattern.name), {})[f"{relation}: {name}"] = meets(ask(client, "get", url))
    if "SPEAN_WRITE_SNAPSHOTS" in os.environ:
        write(found)
    kept = read()
    for page, cells in found.items():
        assert page in kept, f"{page} is not declared in routes.csv"
        assert {key: kept[page].get(key, "?") for key in cells} == cells, page


@pytest.mark.slow
@pytest.mark.parametrize("relation", ["foreign", "revoked", "expired", "excluded"])
def test_whoever_has_no_part_meets_what_is_not_there(cast: Cast, relation: str) -> None:
    """Of every page about the case, asked for and sent to: the bytes of an id that does not exist."""
    shared = world(cast)
    with standing(cast, relation, shared):
        for name in COLUMNS[relation]:
            client = client_of(cast, name)
            seen = ALL_THE_SAME.get((relation, name), set())
            for route, pattern in VISITED:
                if table(route).split(".")[0] not in CASE_ROOMS or pattern.name in seen:
                    continue
                for method in ("get", "post"):
                    there = ask(client, method, address(pattern, route, shared, name))
                    gone = ask(client, method, address(pattern, route, shared, name, missing=True))
                    assert there.status_code in (404, 405), (name, pattern.name, method, there.status_code)
                    assert same(there, gone), (name, pattern.name, method)


def test_every_address_with_an_id_says_of_which_table_it_is() -> None:
    undeclared = [route for route, pattern in VISITED if "<uuid:" in route and not table(route)]
    assert undeclared == []


def test_every_address_is_declared_and_nothing_else() -> None:
    """A page without a row, and a row without a page, are both faults."""
    assert set(read()) == {str(pattern.name) for _, pattern in VISITED}


def test_a_declared_row_names_the_action_of_its_page() -> None:
    actions = {str(pattern.name): getattr(pattern, "action", "") for _, pattern in VISITED}
    assert {page: cells["action"] for page, cells in read().items()} == actions


def test_those_without_a_part_are_declared_to_see_nothing() -> None:
    """The file itself: no cell of these columns opens a page about the case, but for those named above."""
    tables = {str(pattern.name): table(route) for route, pattern in VISITED}
    for page, cells in read().items():
        if tables.get(page, "").split(".")[0] not in CASE_ROOMS:
            continue
        for relation in ("foreign", "revoked", "expired", "excluded"):
            for name in COLUMNS[relation]:
                if page in ALL_THE_SAME.get((relation, name), set()):
                    continue
                assert cells[f"{relation}: {name}"] in ("", "405"), (page, relation, name)
        assert cells["anonymous: anonymous"] == "sign in", page


HEADER = ["page", "action", *(f"{relation}: {name}" for relation, names in COLUMNS.items() for name in names)]


def read() -> dict[str, dict[str, str]]:
    with KEPT.open(newline="") as file:
        return {row["page"]: row for row in csv.DictReader(file)}


def write(found: dict[str, dict[str, str]]) -> None:
    kept = read() if KEPT.exists() else {}
    actions = {str(pattern.name): getattr(pattern, "action", "") for _, pattern in VISITED}
    rows = {page: {**dict.fromkeys(HEADER, "?"), **kept.get(page, {}), "page": page, "action": action}
            for page, action in actions.items()}  # fmt: skip
    for page, cells in found.items():
        rows[page].update(cells)
    with KEPT.open("w", newline="") as file:
        writer = csv.DictWriter(file, HEADER, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[page] for page in sorted(rows))
