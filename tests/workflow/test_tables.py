"""The tables themselves: whole, without dead ends by accident, and known to policy, log and database."""

import pytest
from django.apps import apps

from spean.access import policy
from spean.privacy import events
from spean.workflow import tables
from spean.workflow.engine import REQUIREMENTS

ROWS = [pytest.param(row, id=row.verb) for row in tables.TRANSITIONS]


@pytest.mark.parametrize("row", ROWS)
def test_every_row_names_what_exists(row: tables.T) -> None:
    model = apps.get_model(row.model)
    assert model._meta.get_field(row.field)
    assert row.permission in policy.ACTIONS
    assert set(row.requires) <= set(REQUIREMENTS)
    assert row.event in events.actions()
    if row.parent:
        assert model._meta.get_field(row.parent)


def test_every_requirement_is_asked_for() -> None:
    asked = {name for row in tables.TRANSITIONS for name in row.requires}
    assert asked == set(REQUIREMENTS)


def test_every_verb_stands_once() -> None:
    verbs = [row.verb for row in tables.TRANSITIONS]
    assert len(verbs) == len(set(verbs))


@pytest.mark.parametrize("model", sorted({row.model for row in tables.TRANSITIONS}))
def test_every_state_can_be_reached(model: str) -> None:
    for field in {row.field for row in tables.TRANSITIONS if row.model == model}:
        reached = set(tables.first_states(model, field)) or {apps.get_model(model)._meta.get_field(field).get_default()}
        while True:
            more = {row.to for row in tables.machine(model, field) if row.frm and set(row.frm) & reached} - reached
            if not more:
                break
            reached |= more
        assert reached == set(tables.states(model, field))


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_trigger(row: tables.T) -> None:
    names = {trigger.name for trigger in apps.get_model(row.model)._meta.triggers}
    assert (f"{row.field}_starts" if row.frm is None else f"{row.field}_moves") in names
