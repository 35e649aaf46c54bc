"""What the tests of the watch share: an invented person among real ones, and a budget that is soon used up."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest

from spean.cases.models import Case
from spean.country.records import RevealRules
from spean.oversight.planting import Invented, plant_canary
from spean.privacy import budget
from tests.cast import Cast

INVENTED = Invented(
    family_name="Kanaria", given_name="Vogelsang", sex="female", age=31, nationality="KHM", language="km",
    responder="Prak Invented", case_manager="Meas Invented",
)  # fmt: skip


@pytest.fixture
def canary(cast: Cast) -> Case:
    return plant_canary(cast.auditor, INVENTED, sender=cast.org("other_police"), focal=cast.org("focal"))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets every case manager open so many people a day."""

    def only(number: int) -> None:
        rules = RevealRules({"case_manager": number}, 20, 2, 5, timedelta(minutes=10), False)
        monkeypatch.setattr(budget, "pack", lambda: SimpleNamespace(reveal=rules))

    return only
