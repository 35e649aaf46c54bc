"""Who is told that backups are late, and what the page says."""

from datetime import timedelta

import pytest

from spean.access.models import Installation
from spean.lib import clock
from spean.privacy import events, kept
from spean.privacy.models import Event
from tests.cast import Cast
from tests.signed_in import signed_in


def _ago(action: str, ago: timedelta, **facts: int) -> Event:
    row = events.draft(action, actor=None, facts=facts)
    row.at = clock.now() - ago
    row.save(force_insert=True)
    return row


def test_the_administrator_is_reminded_until_a_backup_is_proved(cast: Cast) -> None:
    client = signed_in(cast.administrator)
    assert "No backup" not in client.get("/").content.decode()  # nothing to lose in a demonstration
    Installation.objects.update(demonstration=False)
    page = client.get("/").content.decode()
    assert "No backup for more than a day" in page
    assert "No backup was proved for more than a month" in page
    assert 'href="/backups/"' in page
    _ago(kept.MADE, timedelta(hours=25))
    _ago(kept.PASSED, timedelta(days=30), rows=70, seconds=9)
    assert "No backup" not in client.get("/").content.decode()
    _ago(kept.FAILED, timedelta(days=1))
    assert "The last backup could not be restored" in client.get("/").content.decode()
    _ago(kept.PASSED, timedelta(minutes=1), rows=71, seconds=8)
    assert "could not be restored" not in client.get("/").content.decode()


def test_a_month_later_a_drill_is_due_again(cast: Cast) -> None:
    Installation.objects.update(demonstration=False)
    _ago(kept.PASSED, timedelta(days=32))
    found = kept.kept()
    assert found.drill_is_late(clock.now())
    assert found.backup_is_late(clock.now())
    assert not found.drill_failed()


def test_the_page_says_when_and_how_much(cast: Cast) -> None:
    _ago(kept.MADE, timedelta(hours=1))
    _ago(kept.PASSED, timedelta(days=2), rows=7012, seconds=93)
    for name in ("administrator", "auditor"):
        page = signed_in(getattr(cast, name)).get("/backups/").content.decode()
        assert "7012 rows in 93 seconds" in page
        assert "No backup" not in page


@pytest.mark.parametrize("name", ["outsider", "manager", "provider", "officer"])
def test_nobody_else_learns_of_it(cast: Cast, name: str) -> None:
    client = signed_in(getattr(cast, name))
    Installation.objects.update(demonstration=False)
    assert "No backup" not in client.get("/").content.decode()
    answer = client.get("/backups/")
    assert answer.status_code == 404
    assert "Backups" not in answer.content.decode()
