"""The log's rows: codes only, in the caller's transaction, never changed."""

import ast
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import DatabaseError, ProgrammingError, connection, transaction

from spean.cases.models import Case
from spean.privacy import event_names, events, rights
from spean.privacy.models import Event
from spean.run import databases
from spean.workflow import tables

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

SPEAN = Path(__file__).resolve().parents[2] / "spean"


def test_a_row_says_who_what_where_and_why(cast, case: Case) -> None:
    row = events.record(
        "case.referred", actor=cast.manager, obj=case, case=case, fields=["sex"], purpose="referral", facts={"days": 3}
    )
    row.refresh_from_db()
    assert (row.actor_id, row.organisation_id) == (cast.manager.pk, cast.org("focal").pk)
    assert (row.object_type, row.object_id, row.case_id) == ("cases.Case", case.pk, case.pk)
    assert (row.subject, row.fields, row.purpose, row.facts) == (case.subject, ["sex"], "referral", {"days": 3})
    assert row.organisation_name() == cast.org("focal").name
    assert abs((row.written_at - row.at).total_seconds()) < 60


def test_the_system_itself_may_act() -> None:
    row = events.record("key.destroyed", actor=None)
    assert (row.actor_id, row.organisation_id, row.object_id) == (None, None, None)


def test_what_is_undone_was_never_logged(cast, case: Case) -> None:
    with transaction.atomic():
        events.record("case.closed", actor=cast.manager, obj=case)
        transaction.set_rollback(True)
    assert not Event.objects.filter(action="case.closed").exists()


@pytest.mark.parametrize(
    "value",
    [
        "two words", "សុខា", "Nguyễn", "x" * 81, "tab\tbed", "new\nline", "a,b", "dara@example.org", "<b>", "'quoted'",
        float("nan"), b"bytes", object(), {"name": "two words"}, ["two words"], {"two words": 1}, {1: 2},
    ],
)  # fmt: skip
def test_content_is_refused_and_not_repeated(cast, value: object) -> None:
    with pytest.raises(events.NotACode) as refusal:
        events.record("case.closed", actor=cast.manager, facts={"reason": value})
    assert str(value) not in str(refusal.value)
    assert not Event.objects.filter(action="case.closed").exists()


def test_codes_numbers_and_ids_pass_and_come_back_alike(cast) -> None:
    some = uuid4()
    facts = {
        "code": "service_referral", "dotted": "people.Person", "version": 3, "share": 0.5, "flag": True, "none": None,
        "empty": "", "id": some, "day": date(2026, 3, 1), "moment": datetime(2026, 3, 1, 8, tzinfo=UTC),
        "list": ["identity", 7], "set": {"b", "a"}, "map": {"strong": 2}, "person": "P-7K4D-92XM",
    }  # fmt: skip
    row = Event.objects.get(pk=events.record("case.closed", actor=cast.manager, facts=facts).pk)
    assert row.facts == {
        **facts, "id": str(some), "day": "2026-03-01", "moment": "2026-03-01T08:00:00+00:00", "set": ["a", "b"],
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [{"purpose": "to help her"}, {"fields": ["Sok Dara"]}, {"facts": {"Her name": 1}}],
)
def test_purpose_fields_and_names_of_facts_are_codes(cast, wrong: dict) -> None:
    with pytest.raises(events.NotACode):
        events.record("case.closed", actor=cast.manager, **wrong)


def test_an_action_that_nobody_named_is_refused(cast) -> None:
    with pytest.raises(events.NotACode):
        events.record("case.teleported", actor=cast.manager)


def test_a_room_can_name_its_own_actions_once() -> None:
    events.register_action("case.tested", "Tested")
    events.register_action("case.tested", "Tested")
    assert events.label("case.tested") == "Tested"
    with pytest.raises(ValueError, match="another label"):
        events.register_action("case.tested", "Otherwise")
    with pytest.raises(ValueError, match="is named room"):
        events.register_action("Case tested", "Tested")


def test_every_transition_and_every_literal_event_is_named() -> None:
    named = {row.event for row in tables.TRANSITIONS}
    for path in SPEAN.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            is_log = isinstance(node.func.value, ast.Name) and node.func.value.id == "events"
            if is_log and node.func.attr in ("record", "draft") and node.args:
                action = node.args[0]
                if isinstance(action, ast.Constant):
                    named.add(str(action.value))
    assert named <= events.actions().keys(), named - events.actions().keys()


def test_every_read_is_a_named_action() -> None:
    assert event_names.ACTIONS.keys() >= event_names.READS


@pytest.mark.parametrize("table", rights.ADD_ONLY["default"])
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_the_application_has_no_right_to_change_the_log(table: str, statement: str) -> None:
    model = next(model for model in apps.get_models() if model._meta.db_table == table)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement.format(table, f'"{model._meta.pk.column}"'))


@pytest.mark.parametrize("table", rights.KEPT["default"])
@pytest.mark.parametrize("statement", ["DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_the_application_has_no_right_to_remove_what_is_kept(table: str, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement.format(table))


@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
def test_the_trigger_holds_where_rights_do_not() -> None:
    row = events.record("key.destroyed", actor=None)
    with databases.as_owner():
        for change in (
            lambda: Event.objects.filter(pk=row.pk).update(purpose="x"),
            lambda: Event.objects.filter(pk=row.pk).delete(),
        ):
            with pytest.raises(DatabaseError, match="Cannot update or delete"):
                change()
    assert Event.objects.get(pk=row.pk).purpose == ""


def test_history_tells_changes_and_readings_of_the_person_behind(cast, case: Case) -> None:
    events.record("case.referred", actor=cast.manager, obj=case, case=case)
    events.record("identity.revealed", actor=cast.manager, obj=case.person, fields=["family_name"], purpose="casework")
    events.record("case.referred", actor=cast.manager)
    assert [row.action for row in events.history(case)] == ["case.referred", "identity.revealed"]


def test_the_last_change_is_no_reading(cast, case: Case) -> None:
    assert events.last_change(case) is None
    events.record("case.referred", actor=cast.manager, obj=case, case=case)
    events.record("content.read", actor=cast.outsider, obj=case, case=case, purpose="casework")
    last = events.last_change(case)
    assert last is not None
    assert (last.action, str(events.label(last.action))) == ("case.referred", "Case referred to the focal agency")
