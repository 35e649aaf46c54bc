"""The one clock: aware, local for dates, and able to be elsewhere for a while."""

from datetime import UTC, date, datetime

import pytest

from spean.lib import clock


def test_today_is_the_users_day() -> None:
    with clock.travel(datetime(2026, 3, 1, 18, 30, tzinfo=UTC)):
        # 01:30 in Phnom Penh: it is already tomorrow there.
        assert clock.today() == date(2026, 3, 2)


def test_travel_ends() -> None:
    with clock.travel(datetime(2020, 1, 1, tzinfo=UTC)):
        assert clock.now().year == 2020
    assert clock.now().year > 2020


def test_a_moment_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"), clock.travel(datetime(2020, 1, 1)):  # noqa: DTZ001
        pass
