"""What is described for programs is what is there: every address of theirs, and answers as described."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from schemathesis import openapi

from tests.attack import api
from tests.crawling import pages

# For people, though the app lies below the same address: its first page, its files, and the page that shows a code.
FOR_BROWSERS = {"field", "field_worker", "field_manifest", "field_away", "field_audio", "field_code"}
FOR_PROGRAMS = re.compile(r"^(field|collect|witness)/|^statistics/<slug:slug>/(report|<slug:code>/<slug:kind>)/")


def test_every_address_for_programs_is_described() -> None:
    described = {re.sub(r"\{[^}]*\}", "…", path) for path in openapi.from_path(api.DESCRIBED).raw_schema["paths"]}
    addresses = {(one.name, str(one.pattern)) for one in pages()}
    there = {
        "/" + re.sub(r"<[^>]*>", "…", address)
        for name, address in addresses
        if FOR_PROGRAMS.match(address) and name not in FOR_BROWSERS
    }
    # Without a token there is nothing; and the list of forms has a second address, for settings that end in a slash.
    there -= {"/collect/formList", "/collect/submission", "/collect/…/"}
    assert there == described


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """What the test has written is seen by the application behind its own door, and by nobody else."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.slow
@pytest.mark.usefixtures("_one_connection", "search")
def test_answers_are_as_described(settings: Any) -> None:
    """A few of the 10,000 questions that `python -m tests.attack api` asks."""
    found = api.ask(api.prepared(), 250)
    assert [one.promise for one in found if not one.held] == []
