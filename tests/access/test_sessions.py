"""A database that is away while a session is written is told apart from a session that somebody ended."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import DatabaseError, OperationalError
from django.urls import reverse

from spean.access.middleware import NOTE_EVERY
from spean.lib import clock
from tests.cast import Cast
from tests.signed_in import signed_in


def failing(monkeypatch: pytest.MonkeyPatch, fault: type[DatabaseError]) -> None:
    def save(*args: Any, **kwargs: Any) -> None:
        raise fault("gone")

    monkeypatch.setattr(Session, "save", save)


@pytest.mark.parametrize(("fault", "status"), [(OperationalError, 503), (DatabaseError, 400)])
def test_the_moment_of_a_restart_is_no_bad_request(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, fault: type[DatabaseError], status: int
) -> None:
    client = signed_in(cast.manager)
    client.raise_request_exception = False
    failing(monkeypatch, fault)
    # A minute later it is noted that the session still lives.
    with clock.travel(clock.now() + NOTE_EVERY * 2):
        answer = client.post(reverse("language"), {"language": "km", "next": "/", "note": "what was typed"})
    assert answer.status_code == status
    assert ("what was typed" in answer.content.decode()) == (status == 503)
