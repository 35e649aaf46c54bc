"""The headers that protect a browser stand on every class of answer, not only on pages that succeed."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from spean.lib import clock
from spean.web import home
from tests.cast import Cast
from tests.detection.walk import hidden
from tests.exchange import lists
from tests.signed_in import signed_in

NONE = {"default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"}


def protected(answer: Any, what: str) -> None:
    assert answer["X-Content-Type-Options"] == "nosniff", what
    assert answer["Referrer-Policy"] in ("same-origin", "no-referrer"), what
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin", what
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin", what
    assert "camera=()" in answer["Permissions-Policy"], what
    policy = answer["Content-Security-Policy"].split("; ")
    assert set(policy) >= NONE, what
    assert not any(word.startswith("'unsafe") or "*" in word for part in policy for word in part.split()), what
    assert "Access-Control-Allow-Origin" not in answer.headers, what
    # Whatever has words in it says in which signs they are written.
    kind = answer.get("Content-Type", "").replace('"', "")
    if kind.startswith("text/") or "xml" in kind:
        assert "charset=utf-8" in kind, (what, kind)


def answers(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int, Any]]:
    stranger, manager = Client(raise_request_exception=False), signed_in(cast.manager)
    yield "page of a stranger", 200, stranger.get("/sign-in/")
    yield "page of a user", 200, manager.get("/")
    yield "for robots", 200, stranger.get("/robots.txt")
    yield "to the sign-in page", 302, stranger.get("/")
    yield "back after a choice", 302, manager.post("/language/", {"language": "en"})
    yield "address without its last stroke", 301, stranger.get("/sign-in")
    yield "no such page", 404, stranger.get("/nowhere/")
    yield "no such style sheet", 404, stranger.get("/static/nothing.css")
    yield "nothing for him", 404, manager.get("/users/")
    yield "wrong method", 405, manager.get("/language/")
    yield "no token", 403, Client(enforce_csrf_checks=True).post("/sign-in/")
    yield "host refused", 400, stranger.get("/", headers={"Host": "elsewhere.example"})
    yield "leaving", 200, manager.post("/leave/")
    auditor = signed_in(cast.auditor)
    case = lists.registered(cast)[0]
    yield (
        "file of the leak review",
        200,
        auditor.post("/leaks/", {"codes": case.code, "until": clock.today().isoformat(), "report": "1"}),
    )
    lists.agreed(cast, case)
    export = lists.asked(cast, [case])
    manager = signed_in(cast.manager)
    form = hidden(manager.get(f"/exports/{export.pk}/"))
    yield "file of an export", 200, manager.post(f"/exports/{export.pk}/make/", form)
    user = signed_in(cast.manager)
    user.raise_request_exception = False
    monkeypatch.setattr(home, "day", lambda _user: 1 / 0)
    yield "fault", 500, user.get("/")

    def gone(_user: object) -> None:
        raise OperationalError

    monkeypatch.setattr(home, "day", gone)
    yield "no database", 503, user.get("/")


def test_every_class_of_answer(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of these, robots.txt alone may be kept: it is the same for everybody."""
    for what, status, answer in answers(cast, monkeypatch):
        assert answer.status_code == status, (what, answer.status_code)
        protected(answer, what)
        assert ("no-store" in answer["Cache-Control"]) is (what != "for robots"), what


def test_files_that_are_the_same_for_everybody(db: None) -> None:
    for name in ("spean.css", "spean.js", "icon.svg"):
        with closing(Client().get(f"/static/spean/{name}")) as answer:
            assert answer.status_code == 200, name
            protected(answer, name)
