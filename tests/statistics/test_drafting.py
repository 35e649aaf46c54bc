"""Counting an edition is a job: it is asked for, looked at, begun again after a break, and tells why where it failed."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from html import unescape

import pytest
from django.db import connection, connections, transaction
from django.urls import reverse

from spean.access.models import Membership, User
from spean.lib import clock
from spean.privacy.models import Event
from spean.run import state
from spean.statistics import actions, queries, tasks
from spean.statistics.models import Edition, EditionTable
from spean.workflow.engine import Forbidden, Refused
from tests.cast import Cast
from tests.signed_in import signed_in
from tests.statistics.conftest import Many, an_episode

FIRST = date(2026, 1, 1)
WORKER = """
import os, sys, warnings
warnings.simplefilter("ignore")
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import tests.settings as settings
for alias, place in zip(("default", "keys"), (sys.argv[1:4], sys.argv[4:7])):
    settings.DATABASES[alias].update(NAME=place[0], USER=place[1], PASSWORD=place[2])
import django; django.setup()
from procrastinate.contrib.django import app
with app.replace_connector(app.connector.get_worker_connector()) as jobs:
    jobs.run_worker(queues=["statistics"], install_signal_handlers=False)
"""


def asked(cast: Cast) -> Edition:
    return actions.draft_edition(cast.statistician, "half", FIRST)


def page(user: User, edition: Edition) -> str:
    return unescape(signed_in(user).get(reverse("edition_draft", args=[edition.pk])).content.decode())


def jobs() -> list[dict[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name LIKE '%%count_edition' ORDER BY id")
        return [json.loads(row[0]) for row in cursor.fetchall()]


def test_whoever_asks_waits_for_nothing(cast: Cast, many: Many) -> None:
    many(12)
    edition = asked(cast)
    assert (edition.status, edition.digest) == ("counting", "")
    assert not EditionTable.objects.exists()
    assert jobs() == [{"edition_id": str(edition.pk)}]
    assert "It is being counted and protected" in page(cast.statistician, edition)
    tasks.count_edition(edition_id=str(edition.pk))
    edition.refresh_from_db()
    assert edition.status == "draft"
    assert "Run the quality checks" in page(cast.statistician, edition)
    told = Event.objects.filter(object_id=edition.pk).order_by("id").values_list("action", flat=True)
    assert list(told) == ["edition.asked", "edition.drafted"]


def test_it_is_counted_as_things_are_known_then(cast: Cast, many: Many) -> None:
    """The draft is of the moment of the count, and says so: nobody is missed who came in while it waited."""
    edition = asked(cast)
    many(12)
    later = clock.now() + timedelta(minutes=10)
    with clock.travel(later):
        tasks.count_edition(edition_id=str(edition.pk))
    edition.refresh_from_db()
    assert queries.total(queries.table_of(edition, "persons")).value == 24
    assert edition.drafted_at == later


def test_one_of_a_period_at_a_time(cast: Cast) -> None:
    first = asked(cast)
    with pytest.raises(Refused, match="in work"):
        asked(cast)
    Membership.objects.filter(user=cast.statistician).update(until_at=clock.now())
    tasks.count_edition(edition_id=str(first.pk))
    Membership.objects.filter(user=cast.statistician).update(until_at=None)
    assert Edition.objects.get().status == "failed"
    with pytest.raises(Refused, match="in work"):
        asked(cast)
    actions.discard_edition(cast.again("statistician"), first)
    assert asked(cast).status == "counting"


def test_a_failure_is_shown_and_can_be_asked_for_again(cast: Cast, many: Many, second_officer: User) -> None:
    many(12)
    edition = asked(cast)
    Membership.objects.filter(user=cast.statistician).update(until_at=clock.now())
    tasks.count_edition(edition_id=str(edition.pk))
    edition.refresh_from_db()
    assert (edition.status, edition.fault) == ("failed", "not_allowed")
    shown = page(second_officer, edition)
    assert "may no longer draft an edition" in shown
    assert "Count it again" in shown
    signed_in(second_officer).post(reverse("edition_again", args=[edition.pk]), {"version": edition.version})
    edition.refresh_from_db()
    assert (edition.status, edition.fault, edition.drafted_by) == ("counting", "", second_officer)
    tasks.count_edition(edition_id=str(edition.pk))
    edition.refresh_from_db()
    assert edition.status == "draft"
    # Whoever had it counted in the end is the one who does not publish it.
    actions.check_edition(second_officer, edition)
    with pytest.raises(Forbidden):
        actions.publish_edition(second_officer, edition)


def test_a_year_whose_half_was_published_meanwhile_is_refused(cast: Cast, many: Many, second_officer: User) -> None:
    """The year less the half would tell what the half hides: asked at the end again, not only at the beginning."""
    with clock.travel(clock.now().replace(year=2027, month=2)):
        many(12)
        year = actions.draft_edition(cast.statistician, "year", FIRST)
        half = asked(cast)
        actions.count_edition(half)
        actions.check_edition(cast.statistician, half)
        actions.publish_edition(second_officer, half)
        actions.count_edition(year)
    assert (year.status, year.fault) == ("failed", "refused")
    assert not EditionTable.objects.filter(edition=year).exists()


def test_a_job_that_was_lost_is_asked_for_once_more(cast: Cast, many: Many) -> None:
    many(12)
    edition = asked(cast)
    assert "Count it again" not in page(cast.statistician, edition)
    with clock.travel(clock.now() + timedelta(minutes=31)):
        assert "Count it again" in page(cast.statistician, edition)
        actions.draft_again(cast.statistician, edition)
    for job in jobs():
        tasks.count_edition(**job)
    assert len(jobs()) == 2
    assert Edition.objects.get().status == "draft"
    assert Event.objects.filter(action="edition.drafted").count() == 1  # the second run found it done


@pytest.mark.parametrize("name", ["outsider", "manager", "auditor", "administrator"])
def test_nobody_else_asks(cast: Cast, name: str) -> None:
    edition = asked(cast)
    for attempt in (
        lambda: actions.draft_edition(getattr(cast, name), "half", date(2025, 1, 1)),
        lambda: actions.draft_again(getattr(cast, name), edition),
    ):
        with pytest.raises(Forbidden):
            attempt()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, databases=["default", "keys"])
def test_what_a_killed_worker_had_begun_is_counted_whole(cast: Cast) -> None:
    """It is killed at the worst moment: everything counted, and about to be kept."""
    for _ in range(12):
        an_episode(cast, None)
    edition = asked(cast)
    places = [connections[alias].settings_dict for alias in ("default", "keys")]
    arguments = [place[name] for place in places for name in ("NAME", "USER", "PASSWORD")]
    with transaction.atomic():
        Edition.objects.select_for_update().get(pk=edition.pk)
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, *arguments], cwd=state.CHECKOUT, start_new_session=True
        )
        try:
            for _ in range(1200):
                if _waits():
                    break
                assert worker.poll() is None
                time.sleep(0.1)
            assert _waits()
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
    edition.refresh_from_db()
    assert edition.status == "counting"
    assert not EditionTable.objects.exists()
    tasks.count_edition(edition_id=str(edition.pk))
    edition.refresh_from_db()
    assert edition.status == "draft"
    assert queries.total(queries.table_of(edition, "persons")).value == 12


def _waits() -> bool:
    """Whether another process stands before the row that this one holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])
