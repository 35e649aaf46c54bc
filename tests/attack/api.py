"""What docs/openapi.yaml describes, asked by schemathesis in every way that it allows and in every way that it forbids.

Half of the questions come with the token of a phone that has joined, so that they get past the door. Held is: no
server error, no answer, kind of content or shape that is not described, no method that is not, and the headers of the
protocol in each answer. The installation is a real one, with its search process; requests go through the whole
application without a socket. It cannot show that an answer is right: the tests of the protocols do that.
"""

from __future__ import annotations

import random
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, openapi
from schemathesis.checks import CHECKS as CHECKS_OF_THE_LIBRARY
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup

from tests.attack import stage
from tests.attack.results import Result, counted

if TYPE_CHECKING:
    from tests.cast import Cast

REQUESTS = 11_000
DESCRIBED = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
CHECKS = {
    "not_a_server_error": "no server error",
    "status_code_conformance": "no answer with a code that is not described",
    "content_type_conformance": "no answer of a kind that is not described",
    "response_schema_conformance": "no answer of another shape than described",
    "response_headers_conformance": "the headers of the protocol in every answer",
}


def run(*, quick: bool = False) -> list[Result]:
    with stage.scratch() as state, stage.installation(state), stage.search():
        return ask(prepared(), REQUESTS // 10 if quick else REQUESTS)


@dataclass(frozen=True)
class Known:
    """What a caller has who has something: tokens of phones of both kinds, and what exists for each path."""

    app_token: str
    collect_token: str
    key: str
    there: dict[str, list[str]]


def prepared() -> Known:
    """An installation with a case, a published edition, a phone with our own app and one with ODK Collect."""
    from django.conf import settings

    from spean.access.links import digest
    from spean.detection import instruments
    from spean.exchange import openrosa_actions, report_keys
    from spean.field import devices
    from tests.cast import make_cast
    from tests.crawling import build

    settings.ALLOWED_HOSTS = ["testserver"]
    cast = make_cast()
    build(cast)
    _row, code = devices.show_code(cast.screener)
    token = "schemathesis-" + "0" * 30
    devices.join(code, digest(token))
    _device, collect = openrosa_actions.enrol_device(cast.screener)
    edition, tables = _published(cast)
    asked = instruments.screenings()
    there = {
        "form": [str(one.pk) for one in openrosa_actions.offered_forms(cast.screener)], "edition": [edition], "table": tables,
        "name": [one.name for one in asked], "version": [one.version for one in asked],
    }  # fmt: skip
    return Known(token, collect, report_keys.report_key().name, there)


def _published(cast: Cast) -> tuple[str, list[str]]:
    from datetime import date

    from spean.access import roles
    from spean.access.models import Membership, User
    from spean.statistics import actions
    from spean.statistics.models import EditionTable

    second = User.objects.create_user("second-officer@example.org", "Second officer")
    Membership.objects.create(user=second, organisation=cast.org("secretariat"), role=roles.STATISTICS_OFFICER)
    edition = actions.draft_edition(cast.statistician, "half", date(2026, 1, 1))
    actions.count_edition(edition)
    actions.check_edition(cast.statistician, edition)
    actions.publish_edition(second, edition)
    return edition.slug, list(EditionTable.objects.filter(edition=edition).values_list("indicator", flat=True))


def ask(known: Known, requests: int) -> list[Result]:
    """Every operation the same number of times, half of them as described and half of them not."""
    from django.core.wsgi import get_wsgi_application

    load_all_checks()
    schema = openapi.from_path(DESCRIBED)
    schema.app = get_wsgi_application()
    operations = [result.ok() for result in schema.get_all_operations()]
    faults: Counter[str] = Counter()
    statuses: Counter[int] = Counter()
    for operation in operations:
        for mode in GenerationMode:
            try:
                _many(operation, mode, known, requests // (2 * len(operations)) + 1, faults, statuses)
            except Unsatisfiable:
                # Nothing can be sent that the description forbids: a path that takes any word.
                continue
    asked = f"{statuses.total():,} requests"
    print("    answers:", dict(sorted(statuses.items())), flush=True)
    return [counted("api", promise, faults[name], asked) for name, promise in CHECKS.items()]


def _many(
    operation: Any, mode: GenerationMode, known: Known, number: int, faults: Counter[str], statuses: Counter[int]
) -> None:
    chance = random.Random(f"{operation.label} {mode.value}")
    allowed = {method.upper() for method in operation.schema[operation.path]}

    # Seldom a word that is forbidden stands where the method of the description allows it: none is thrown away.
    @hypothesis.settings(
        max_examples=number, database=None, deadline=None, derandomize=True, phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def asked(case: Case) -> None:
        if chance.random() < 0.5:
            _known(case, known, chance)
        if chance.random() < 0.05:
            case.method = chance.choice(sorted({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - allowed))
        case.headers["Accept-Encoding"] = "identity"
        answer = case.call(base_url="http://testserver")
        statuses[answer.status_code] += 1
        for name in CHECKS:
            try:
                case.validate_response(answer, checks=CHECKS_OF_THE_LIBRARY.get_by_names([name]))
            except FailureGroup as failed:
                faults[name] += 1
                said = " ".join(str(failed.exceptions[0]).split())
                print("   ", name, case.method, operation.path, answer.status_code, said[:300], flush=True)

    asked()


def _known(case: Case, known: Known, chance: random.Random) -> None:
    """Put in what somebody would know who is let in."""
    for name in case.path_parameters or {}:
        if name == "token":
            case.path_parameters[name] = known.collect_token
        elif name in known.there:
            case.path_parameters[name] = chance.choice(known.there[name])
    if case.path.startswith("/field/"):
        case.headers["Authorization"] = f"Bearer {known.app_token}"
    body = getattr(case.body, "data", case.body)
    if "Content-Digest" in case.headers and isinstance(body, bytes):
        case.headers["Content-Digest"] = f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"
        case.headers["X-Spean-Key"] = known.key
