"""Verbs of consent: a yes that was explained, a no that counts, a child's best interests, and taking it back."""

from typing import Any
from uuid import uuid4

import pytest

from spean.cases.consent import TOLD, record_consent, record_refusal, withdraw_consent
from spean.cases.models import Case
from spean.privacy.consent import covered
from spean.privacy.models import Consent, Event
from spean.workflow.engine import AlreadyDone, Forbidden, Refused, WrongState
from tests import steps
from tests.cast import Cast

PURPOSE = "referral_to_focal_agency"


def yes(cast: Cast, case: Case, who: str = "screener", **facts: Any) -> Consent:
    base: dict[str, Any] = {"classes": ("identity", "narrative"), "evidence": "thumbprint", "language": "km"}
    return record_consent(getattr(cast, who), case, purpose=PURPOSE, **{**base, **facts})


def written(action: str) -> int:
    return Event.objects.filter(action=action).count()


@pytest.mark.parametrize(
    "name", ["outsider", "colleague", "manager", "officer", "provider", "auditor", "administrator"]
)
def test_a_stranger_records_nothing_for_the_person(cast: Cast, name: str) -> None:
    case = steps.screened(cast).case
    given = yes(cast, case)
    stranger = getattr(cast, name)
    with pytest.raises(Forbidden):
        yes(cast, case, who=name)
    with pytest.raises(Forbidden):
        record_refusal(stranger, case, purpose=PURPOSE, language="km")
    with pytest.raises(Forbidden):
        withdraw_consent(stranger, given)


def test_a_yes_covers_what_was_said_and_no_more(cast: Cast) -> None:
    case = steps.screened(cast).case
    yes(cast, case)
    assert covered(case, cast.org("focal"), PURPOSE, ("identity", "health", "narrative")) == {"identity", "narrative"}
    assert covered(case, cast.org("shelter"), PURPOSE, ("identity",)) == set()
    assert written("consent.given") == 1


@pytest.mark.parametrize("missing", TOLD)
def test_a_yes_without_an_explanation_is_none(cast: Cast, missing: str) -> None:
    case = steps.screened(cast).case
    with pytest.raises(Refused):
        yes(cast, case, told=[point for point in TOLD if point != missing])
    assert not Consent.objects.exists()


def test_nothing_to_share_is_no_yes(cast: Cast) -> None:
    with pytest.raises(Refused):
        yes(cast, steps.screened(cast).case, classes=())


def test_an_interpreter_from_the_scene_does_not_count(cast: Cast) -> None:
    case = steps.screened(cast).case
    with pytest.raises(Refused):
        yes(cast, case, interpreter=True, interpreter_not_from_scene=False)
    yes(cast, case, interpreter=True, interpreter_not_from_scene=True)


def test_all_failures_are_named_at_once(cast: Cast) -> None:
    case = steps.screened(cast, age=16).case
    with pytest.raises(Refused) as refused:
        yes(cast, case, told=(), classes=(), interpreter=True)
    assert len(refused.value.messages) == 4


def test_a_child_needs_an_adult_who_is_not_suspected(cast: Cast) -> None:
    case = steps.screened(cast, age=16).case
    with pytest.raises(Refused):
        yes(cast, case)
    with pytest.raises(Refused):
        yes(cast, case, given_by="guardian")
    yes(cast, case, given_by="guardian", guardian_is_not_suspect=True)


def test_the_last_word_counts(cast: Cast) -> None:
    case = steps.screened(cast).case
    yes(cast, case)
    record_refusal(cast.screener, case, purpose=PURPOSE, language="km", reason="fears_authorities")
    assert covered(case, cast.org("focal"), PURPOSE, ("identity",)) == set()
    assert case.refusal_reason == "fears_authorities"
    yes(cast, case)
    assert covered(case, cast.org("focal"), PURPOSE, ("identity",)) == {"identity"}
    assert (written("consent.refused"), written("consent.given")) == (1, 2)


def test_what_is_taken_back_is_no_longer_shared(cast: Cast) -> None:
    case = steps.screened(cast).case
    given = yes(cast, case)
    withdraw_consent(cast.screener, given)
    assert covered(case, cast.org("focal"), PURPOSE, ("identity",)) == set()
    assert written("consent.withdrawn") == 1
    with pytest.raises(WrongState):
        withdraw_consent(cast.screener, given)


def test_the_same_form_records_once(cast: Cast) -> None:
    case, token = steps.screened(cast).case, uuid4()
    yes(cast, case, once=token)
    with pytest.raises(AlreadyDone):
        yes(cast, case, once=token)
    assert Consent.objects.count() == written("consent.given") == 1
