"""A crawl as everybody, in every relation to a person, over every page: nobody meets a canary that is not his.

Five persons with canaries of their own in every sealed field: one in work, one whose helpers' involvement was ended,
one whose involvement ran out, one from whose case every agency was excluded, one still with the screener. Every user,
and nobody signed in, opens every page with the id of every row; whoever has nothing to do with a person also sends
empty and filled-in forms there. A foreign canary is one shown to somebody without a right to that person, or a
name or place shown to anybody by merely opening a page. What is forbidden must read byte for byte like what is missing.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from tests.attack import stage
from tests.attack.results import Result, counted

ENOUGH = 20_000
# Who takes part, by person; everybody else is a stranger to her.
PARTICIPANTS = {
    "own": {"manager", "screener", "provider", "officer", "other_officer", "reviewer", "other_reviewer"},
    "revoked": {"manager", "screener"},
    "expired": set(),
    "excluded": set(),
    "screened": {"screener"},
}
# Who otherwise has no part in her, but is let in to one thing and by asking for it: the second person reads the
# grounds that he was asked to confirm until he has answered, unless he is excluded; and the police whose task is
# justice read who is suspected.
LET_IN = {("own", "investigator", "suspect")}
LET_IN |= {(person, "registry", "ground_reasons") for person in ("own", "revoked", "expired")}
NOBODY = "nobody"
# One of each role that has anything to open.
INSIDERS = {
    "manager", "screener", "provider", "officer", "reviewer", "registry", "administrator", "auditor", "operator",
    "supervisor", "investigator",
}  # fmt: skip


def run(*, quick: bool = False) -> list[Result]:
    with stage.scratch() as state, stage.installation(state), stage.search():
        return _Crawl(quick=quick).run()


IDENTITY = ("family", "given", "khmer", "mother", "father", "address", "document", "street", "stated")
# Unlike each other, so that nobody takes two of them for one person.
MARKS = {
    "own": "Kanarie",
    "revoked": "Zeisigtup",
    "expired": "Mornellob",
    "excluded": "Pfauvuhr",
    "screened": "Drosselq",
}


def mark_of(relation: str) -> str:
    return MARKS[relation]


class _Crawl:
    def __init__(self, *, quick: bool) -> None:
        from django.conf import settings
        from django.test import Client

        from spean.access.policy import PUBLIC
        from tests.cast import make_cast
        from tests.crawling import pages, takes_id
        from tests.signed_in import signed_in

        settings.ALLOWED_HOSTS = ["testserver"]
        self.quick = quick
        self.enough = ENOUGH // 10 if quick else ENOUGH
        self.cast = make_cast()
        self.rows = build(self.cast)
        self.clients: dict[str, Any] = {name: signed_in(user) for name, user in self.cast.users.items()}
        self.clients[NOBODY] = Client()
        # Without an id and without a sign-in: nobody is forbidden anything there.
        self.open_to_all = {str(one.name) for one in pages() if one.callback.action == PUBLIC and not takes_id(one)}
        self.count: Counter[str] = Counter()
        self.faults: list[str] = []
        self.unlike: list[str] = []

    def run(self) -> list[Result]:
        live = self._discover()
        self._everybody(live)
        self._at_random()
        for fault in (self.faults + self.unlike)[:20]:
            print("   ", fault, flush=True)
        asked = f"{sum(self.count.values()):,} responses to {len(self.clients)} visitors"
        return [
            counted("crawl", "nobody meets a sealed text of somebody he has no part in", len(self.faults), asked),
            counted(
                "crawl", "forbidden is byte for byte like missing", len(self.unlike), f"{self.count['404']:,} refusals"
            ),
            counted("crawl", "no page fails", self.count["5xx"], asked),
        ]

    def _discover(self) -> list[tuple[Any, str]]:
        """(page, table): where the id of a row of that table opens something for somebody who may."""
        from spean.access import policy
        from tests.conventions.test_pages import PAGES
        from tests.crawling import address, pages, table, takes_id

        routes = {pattern: route for route, pattern in PAGES}
        live = []
        insiders = [name for name in self.cast.users if name in INSIDERS]
        for pattern in pages():
            if not takes_id(pattern):
                continue
            rules = policy.ACTIONS.get(pattern.callback.action, ())
            own = table(routes[pattern])
            able = [name for name in insiders if any(rule.roles & self.cast.users[name].roles for rule in rules)]
            for label, by_relation in self.rows.items():
                if label not in (own, "cases.Case"):
                    continue
                pk = next(iter(by_relation.get("own") or by_relation.get("") or ()), None)
                url = address(pattern, pk) if pk else None
                if url and any(self._get(name, str(pattern.name), url, "own") != 404 for name in able):
                    live.append((pattern, label))
        return live

    def _everybody(self, live: list[tuple[Any, str]]) -> None:
        """Every visitor, every page, every relation; in an order of chance, and in a quick run only so many."""
        from tests.crawling import address, pages, takes_id

        for pattern in pages():
            if not takes_id(pattern):
                for visitor in self.clients:
                    self._get(visitor, str(pattern.name), str(address(pattern, None)), "")
        visits = [
            (visitor, str(pattern.name), str(address(pattern, pk)), relation)
            for pattern, label in live
            for relation, ids in self.rows[label].items()
            for pk in ids[:2]
            for visitor in self.clients
        ]
        random.Random(3).shuffle(visits)
        for visitor, page, url, relation in visits[: 600 if self.quick else len(visits)]:
            self._get(visitor, page, url, relation)
            if relation and visitor not in PARTICIPANTS[relation]:
                self._post(visitor, page, url, relation)

    def _at_random(self) -> None:
        """Ids where they do not belong, until there are enough responses."""
        from tests.crawling import address, pages, takes_id

        rng = random.Random(5)
        listed = [pattern for pattern in pages() if takes_id(pattern)]
        ids = [(relation, pk) for by in self.rows.values() for relation, found in by.items() for pk in found]
        while sum(self.count.values()) < self.enough:
            pattern, (relation, pk) = rng.choice(listed), rng.choice(ids)
            self._get(rng.choice(list(self.clients)), str(pattern.name), str(address(pattern, pk)), relation)

    def _get(self, visitor: str, page: str, url: str, relation: str) -> int:
        return self._look(visitor, page, url, relation, self._ask(visitor, "get", url))

    def _post(self, visitor: str, page: str, url: str, relation: str) -> None:
        for data in ({}, {"purpose": "casework", "reason": "=1+1", "version": "1", "once": str(uuid4())}):
            self._look(visitor, page, url, relation, self._ask(visitor, "post", url, data))

    def _ask(self, visitor: str, method: str, url: str, data: Any = None) -> Any:
        client = self.clients[visitor]
        client.raise_request_exception = False
        return getattr(client, method)(url, data) if data is not None else getattr(client, method)(url)

    def _look(self, visitor: str, page: str, url: str, relation: str, answer: Any) -> int:
        from tests.crawling import body_of

        status: int = answer.status_code
        self.count["5xx" if status >= 500 else str(status)] += 1
        if status >= 500:
            self.faults.append(f"{visitor} {page}: status {status}")
        body = body_of(answer)
        for person, insiders in PARTICIPANTS.items():
            mark = mark_of(person)
            sent = answer.request["REQUEST_METHOD"] == "POST"
            # Who takes part reads what his task needs, but who she is and where only by asking for it.
            let_in = visitor in insiders or (sent and (person, visitor, page) in LET_IN)
            shown = (mark,) if not let_in else () if sent else [mark + part for part in IDENTITY]
            if any(word.encode() in body for word in shown):
                self.faults.append(f"{visitor} {page} ({relation}): a canary of “{person}”")
        if status == 404 and visitor != NOBODY and page not in self.open_to_all:
            missing = self._missing(visitor)
            if answer.content != missing:
                self.unlike.append(f"{visitor} {page} ({relation}): another answer than for what is missing")
        return status

    def _missing(self, visitor: str) -> bytes:
        if not hasattr(self, "_absent"):
            self._absent: dict[str, bytes] = {}
        if visitor not in self._absent:
            from django.urls import reverse

            self._absent[visitor] = self._ask(visitor, "get", reverse("case", args=[uuid4()])).content
        return self._absent[visitor]


def build(cast: Any) -> dict[str, dict[str, list[UUID]]]:
    """The persons, and {table: {relation: ids}} of every row; rows of nobody's stand under ""."""
    from spean.cases.models import Case, Exclusion, Involvement
    from spean.lib import clock
    from tests import steps
    from tests.crawling import build as build_case
    from tests.crawling import kept_apart, tables

    cases: dict[str, UUID] = {}
    for number, relation in enumerate(("own", "revoked", "expired", "excluded")):
        cases[relation] = build_case(cast, mark_of(relation), number).pk
    kept_apart(cast, Case.objects.get(pk=cases["own"]), "Unbeteiligt")
    cases["screened"] = steps.screened(cast, name=f"{mark_of('screened')} stated").case_id
    now = clock.now()
    helpers = Involvement.objects.filter(case_id=cases["revoked"]).exclude(task__in=("focal", "screening"))
    helpers.update(from_at=now - timedelta(days=2), until_at=now - timedelta(hours=1))
    Involvement.objects.filter(case_id=cases["expired"]).update(
        from_at=now - timedelta(days=2), until_at=now - timedelta(days=1)
    )
    Case.objects.filter(pk=cases["expired"]).update(started_by=cast.outsider)
    for name in ("focal", "border_police", "shelter", "authority", "national_focal"):
        Exclusion.objects.create(
            case_id=cases["excluded"], organisation=cast.org(name), reason="implicated", created_by=cast.other_manager
        )
    people = dict(Case.objects.filter(pk__in=cases.values()).values_list("pk", "person_id"))
    relation_of = {pk: relation for relation, pk in cases.items()}
    relation_of |= {person: relation_of[case] for case, person in people.items() if person}
    found: dict[str, dict[str, list[UUID]]] = {}
    for model in tables():
        columns = {field.attname for field in model._meta.concrete_fields}
        link = next((name for name in ("case_id", "person_id") if name in columns), None)
        rows = model._default_manager.order_by("pk").values_list("pk", *([link] if link else []))
        for row in rows[:500]:
            relation = relation_of.get(row[1] if link else row[0], "")
            found.setdefault(model._meta.label, {}).setdefault(relation, []).append(row[0])
    return found
