"""Words of the episode that are told in the reader's language."""

from datetime import timedelta

import pytest
from django.utils import translation

from spean.cases import labels
from spean.lib import clock


@pytest.mark.parametrize(
    ("passed", "told"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=40), "40 days ago"),
    ],
)
def test_how_long_ago(passed: timedelta, told: str) -> None:
    now = clock.now()
    with clock.travel(now), translation.override("en"):
        assert labels.ago(now - passed) == told
