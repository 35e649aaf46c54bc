"""Canaries and bursts: the alert stands in the database before the answer leaves, and the job holds only an id."""

import ast
from pathlib import Path
from uuid import uuid4

import pytest
from django.core import mail
from django.db import transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from spean.access.models import User
from spean.cases.models import Case
from spean.privacy import alerts, canaries, doors, events, tasks, vault
from spean.privacy.doors import NotAllowed, reveal
from spean.privacy.models import Alert, Canary, Event
from spean.privacy.watch import REGISTER
from tests.cast import Cast
from tests.privacy.conftest import make_case

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

NAMES = ["family_name", "given_name"]


@pytest.fixture
def canary(cast: Cast) -> Case:
    found = make_case(cast)
    canaries.mark(found.subject, found.code)
    return found


class TestCanaries:
    def test_only_the_marked_are_found(self, cast: Cast, canary: Case, case: Case) -> None:
        assert canaries.among([canary.subject, case.subject]) == {canary.subject}

    def test_nobody_is_found_where_there_are_none(self, cast: Cast, case: Case) -> None:
        assert canaries.among([case.subject]) == set()

    def test_the_table_does_not_lead_to_the_case(self, canary: Case) -> None:
        """Neither subject nor code nor a digest that can be made without the key vault."""
        row = Canary.objects.get()
        kept = bytes(row.digest) + bytes(row.case_code)
        assert canary.subject.bytes not in kept
        assert canary.code.encode() not in kept
        assert {field.name for field in Canary._meta.concrete_fields} == {"id", "digest", "case_code"}

    def test_another_holder_of_keys_makes_other_digests(self, cast: Cast, canary: Case) -> None:
        other = uuid4()
        vault.create_key(other)
        message = [canary.subject.bytes]
        assert vault.keyed_digests(other, message) != vault.keyed_digests(REGISTER, message)

    def test_a_mark_stays(self, canary: Case) -> None:
        with pytest.raises(Exception, match=r"(?i)cannot|denied"), transaction.atomic():
            Canary.objects.all().delete()


class TestOpeningOne:
    def test_the_alert_is_there_before_the_text_is(self, cast: Cast, canary: Case, monkeypatch) -> None:
        seen = []

        def opening(items):
            seen.append(list(Alert.objects.values_list("kind", "actor_id")))
            return vault.open_sealed(items)

        monkeypatch.setattr(doors, "open_sealed", opening)
        shown = reveal(cast.manager, [canary.person], NAMES, "casework")
        assert seen == [[("canary_opened", cast.manager.pk)]]
        # To the user nothing is different.
        assert shown[canary.person_id]["family_name"] == "Canaryfamily"

    def test_the_alert_and_the_row_stand_or_fall_together(self, cast: Cast, canary: Case, monkeypatch) -> None:
        def broken(items):
            raise OSError("no key")

        monkeypatch.setattr(doors, "open_sealed", broken)
        with pytest.raises(OSError, match="no key"):
            reveal(cast.manager, [canary.person], NAMES, "casework")
        assert (Alert.objects.count(), Event.objects.count()) == (0, 0)

    def test_it_names_the_row_of_the_log(self, cast: Cast, canary: Case) -> None:
        reveal(cast.manager, [canary.person], NAMES, "casework")
        row = Event.objects.get(pk=Alert.objects.get().event_id)
        assert (row.action, row.object_id) == ("identity.revealed", canary.person_id)

    def test_nobody_else_raises_one(self, cast: Cast, canary: Case, case: Case) -> None:
        reveal(cast.manager, [case.person], NAMES, "casework")
        assert not Alert.objects.exists()

    def test_one_among_many_is_found(self, cast: Cast, canary: Case, case: Case) -> None:
        reveal(cast.manager, [case.person, canary.person], NAMES, "casework")
        assert Alert.objects.count() == 1

    def test_a_refused_stranger_raises_one_as_well(self, cast: Cast, canary: Case) -> None:
        with pytest.raises(NotAllowed):
            reveal(cast.outsider, [canary.person], NAMES, "casework")
        assert Alert.objects.get().kind == "canary_refused"

    def test_looking_at_the_page_is_told_once_in_a_while(self, cast: Cast, canary: Case) -> None:
        for _ in range(3):
            events.record("case.read", actor=cast.manager, obj=canary, case=canary)
        assert Alert.objects.get().kind == "canary_looked_at"

    def test_initials_in_a_list_are_no_opening(self, cast: Cast, canary: Case) -> None:
        events.record("initials.shown", actor=cast.manager, obj=canary.person)
        assert not Alert.objects.exists()


class TestBursts:
    def test_refusal_after_refusal_is_told_once(self, cast: Cast) -> None:
        cases = [make_case(cast) for _ in range(7)]
        for number, case in enumerate(cases, start=1):
            with pytest.raises(NotAllowed):
                reveal(cast.outsider, [case.person], NAMES, "casework")
            assert Alert.objects.count() == (1 if number >= 5 else 0)
        assert Alert.objects.values_list("kind", "actor_id").get() == ("refusals", cast.outsider.pk)

    def test_refusals_of_different_users_do_not_add_up(self, cast: Cast, case: Case) -> None:
        for name in ("outsider", "provider", "officer", "investigator", "prosecutor", "other_manager"):
            with pytest.raises(NotAllowed):
                reveal(getattr(cast, name), [case.person], NAMES, "casework")
        assert not Alert.objects.exists()


class TestTheNotice:
    def test_the_job_holds_an_id_and_nothing_else(self, cast: Cast, canary: Case) -> None:
        reveal(cast.manager, [canary.person], NAMES, "casework")
        job = ProcrastinateJob.objects.get(task_name="spean.privacy.tasks.tell_auditors")
        assert job.args == {"alert_id": str(Alert.objects.get().pk)}

    def test_auditors_get_a_mail_that_says_nothing(self, cast: Cast, canary: Case) -> None:
        reveal(cast.manager, [canary.person], NAMES, "casework")
        assert tasks.tell_auditors(alert_id=str(Alert.objects.get().pk)) == 1
        (sent,) = mail.outbox
        assert sent.to == [cast.auditor.email]
        for secret in (canary.code, cast.manager.name, cast.manager.email, "Canary", str(Alert.objects.get().pk)):
            assert secret not in f"{sent.subject} {sent.body}"

    def test_an_alert_that_was_looked_into_is_not_mailed(self, cast: Cast) -> None:
        assert tasks.tell_auditors(alert_id=str(uuid4())) == 0
        assert mail.outbox == []

    def test_who_is_no_auditor_any_more_gets_none(self, cast: Cast, canary: Case) -> None:
        User.objects.filter(pk=cast.auditor.pk).update(is_active=False)
        reveal(cast.manager, [canary.person], NAMES, "casework")
        assert tasks.tell_auditors(alert_id=str(Alert.objects.get().pk)) == 0


def test_every_reading_event_is_watched_or_named_here() -> None:
    """A new way of reading must not slip past: it is about canaries, or it is said here why not."""
    from spean.privacy.event_names import READS

    others = {
        "people.searched",  # a list
        "list.read",  # a list
        "initials.shown",  # a list
        "log.read",  # codes only
        "page.refused",  # nothing was read, and nobody looks up what it would have been
    }
    assert set(READS) - set(alerts.ABOUT_CANARIES) == others


def test_the_watch_is_called_by_the_pen_alone() -> None:
    """Every row passes `events.record` or `record_all`: nothing else writes to the log's table."""
    root = Path(events.__file__).resolve().parents[1]
    writers = {"create", "bulk_create", "get_or_create", "update_or_create"}
    found = set()
    for path in root.rglob("*.py"):
        text = path.read_text()
        if "INSERT INTO" in text and ("Event._meta" in text or Event._meta.db_table in text):
            found.add(path.relative_to(root).as_posix())
        for node in ast.walk(ast.parse(text)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in writers
                and ast.unparse(node.func.value).startswith("Event.")
            ):
                found.add(path.relative_to(root).as_posix())
    assert found == {"privacy/events.py"}
