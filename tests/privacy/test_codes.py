"""A new code is nobody's."""

import pytest

from spean.cases.models import Case
from spean.privacy import codes
from tests import steps
from tests.cast import Cast


def test_a_code_that_somebody_has_is_drawn_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = steps.screened(cast).case.code
    draws = iter([taken, taken, "C-0000-0000"])
    monkeypatch.setattr(codes, "new_code", lambda prefix: next(draws))
    assert codes.unused_code("C", Case) == "C-0000-0000"
