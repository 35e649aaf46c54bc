"""Verbs of the interview: each does it, refuses the wrong state and the stranger, and writes its event once."""

from typing import Any
from uuid import uuid4

import pytest

from spean.cases.consent import record_refusal
from spean.cases.models import Case, Task
from spean.detection import actions
from spean.detection.models import Screening
from spean.privacy import vault
from spean.privacy.models import Event
from spean.workflow.engine import AlreadyDone, Changed, Forbidden, Refused, WrongState
from tests import steps
from tests.cast import Cast

STRANGERS = ("outsider", "colleague", "manager", "officer", "provider", "auditor", "administrator")


def written(action: str) -> int:
    return Event.objects.filter(action=action).count()


def started(cast: Cast) -> Screening:
    return actions.start_screening(cast.screener, instrument="first_responder")


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_can_do_nothing_with_an_interview(cast: Cast, name: str) -> None:
    screening, stranger = started(cast), getattr(cast, name)
    with pytest.raises(Forbidden):
        actions.save_answers(stranger, screening, version=None, answers={"FR01": "yes"})
    with pytest.raises(Forbidden):
        actions.describe_person(stranger, screening.case, sex="male")
    with pytest.raises(Forbidden):
        actions.complete_screening(stranger, screening)
    done = steps.screened(cast)
    with pytest.raises(Forbidden):
        actions.screen_again(stranger, done.case, instrument="ilo_2009")
    with pytest.raises(Forbidden):
        actions.offer_second_interview(stranger, done.case, leaflet_given=True)
    with pytest.raises(Forbidden):
        actions.count_without_identity(stranger, done.case, reason="needs_time")


@pytest.mark.parametrize("name", ["auditor", "administrator", "statistician", "officer"])
def test_who_meets_nobody_starts_no_interview(cast: Cast, name: str) -> None:
    with pytest.raises(Forbidden):
        actions.start_screening(getattr(cast, name), instrument="first_responder")
    assert not Case.objects.exists()


def test_starting_opens_a_case_once(cast: Cast) -> None:
    token = uuid4()
    screening = actions.start_screening(cast.screener, instrument="first_responder", once=token)
    with pytest.raises(AlreadyDone) as done:
        actions.start_screening(cast.screener, instrument="first_responder", once=token)
    assert done.value.object_id == screening.case_id
    assert Case.objects.get().status == "screening"
    assert written("screening.started") == 1


def test_an_empty_list_of_questions_starts_nothing(cast: Cast) -> None:
    for name in ("commit_2016", "no_such_list"):
        with pytest.raises(Refused):
            actions.start_screening(cast.screener, instrument=name)
    assert not Case.objects.exists()


def test_answers_are_merged_and_texts_sealed(cast: Cast) -> None:
    screening = started(cast)
    actions.save_answers(cast.screener, screening, version=1, answers={"FR01": "yes"}, stated_name="Sok Dara")
    row = actions.save_answers(cast.screener, screening, version=2, answers={"FR02": "declined"}, age=16)
    assert row.answers == {"FR01": "yes", "FR02": "declined"}
    assert row.stated_name is not None
    assert b"Dara" not in bytes(row.stated_name)
    assert written("screening.answered") == 2
    assert "Dara" not in str(list(Event.objects.values_list("facts", "fields")))


def test_an_old_window_changes_nothing(cast: Cast) -> None:
    screening = started(cast)
    actions.save_answers(cast.screener, screening, version=1, answers={"FR01": "yes"})
    with pytest.raises(Changed):
        actions.save_answers(cast.screener, screening, version=1, answers={"FR01": "no"})
    with pytest.raises(Changed):
        actions.complete_screening(cast.screener, screening, version=1)
    assert Screening.objects.get().answers == {"FR01": "yes"}


def test_a_page_sent_twice_is_kept_once(cast: Cast) -> None:
    screening, token = started(cast), uuid4()
    actions.save_answers(cast.screener, screening, version=1, answers={"FR01": "yes"}, once=token)
    with pytest.raises(AlreadyDone):
        actions.save_answers(cast.screener, screening, version=1, answers={"FR01": "yes"}, once=token)
    assert Screening.objects.get().version == 2
    assert written("screening.answered") == 1


@pytest.mark.parametrize("answers", [{"FR99": "yes"}, {"FR01": "perhaps"}, {"DR-JOB": "yes"}])
def test_an_answer_that_is_none_is_refused(cast: Cast, answers: dict[str, str]) -> None:
    with pytest.raises(Refused):
        actions.save_answers(cast.screener, started(cast), version=None, answers=answers)


def test_nothing_asked_is_no_interview(cast: Cast) -> None:
    screening = started(cast)
    with pytest.raises(Refused):
        actions.complete_screening(cast.screener, screening)
    actions.save_answers(cast.screener, screening, version=None, answers={"FR01": "not_asked"})
    with pytest.raises(Refused):
        actions.complete_screening(cast.screener, screening)
    actions.save_answers(cast.screener, screening, version=None, answers={"FR01": "declined"})
    assert actions.complete_screening(cast.screener, screening).result == "insufficient_information"


def test_completing_keeps_result_and_reasons(cast: Cast) -> None:
    screening = steps.screened(cast, age=17)
    assert screening.assessment is not None
    assert screening.assessment["population"] == "child"
    assert screening.assessment["reasons"]
    assert screening.case.status == "screened"
    assert screening.case.is_child
    assert written("screening.completed") == 1
    with pytest.raises(WrongState):
        actions.complete_screening(cast.screener, screening)
    with pytest.raises(Forbidden):
        actions.save_answers(cast.screener, screening, version=None, answers={"DR-JOB": "no"})


def test_a_second_interview_waits_with_a_day_and_keeps_what_was_told(cast: Cast) -> None:
    screening = steps.screened(cast)
    with pytest.raises(Refused):
        actions.offer_second_interview(cast.screener, screening.case, leaflet_given=False)
    actions.offer_second_interview(cast.screener, screening.case, leaflet_given=True)
    task = Task.objects.get(kind="second_interview")
    assert (task.user_id, task.done_at) == (cast.screener.pk, None)
    again = actions.screen_again(cast.screener, screening.case, instrument="ilo_2009")
    assert (again.age, again.acts, again.answers) == (25, ["recruitment"], steps.STRONG_ANSWERS)
    assert Screening.objects.filter(completed_at__isnull=False).count() == 1
    assert Task.objects.get(kind="second_interview").done_at is not None
    assert written("case.second_interview_offered") == written("screening.started_again") == 1


def test_counting_needs_a_no_of_an_adult_and_destroys_the_key(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    case = steps.screened(cast).case
    with pytest.raises(Refused):
        actions.count_without_identity(cast.screener, case, reason="needs_time")
    record_refusal(cast.screener, case, purpose="referral_to_focal_agency", language="km", reason="fears_deportation")
    with pytest.raises(Refused):
        actions.count_without_identity(cast.screener, case, reason="no such reason")
    with django_capture_on_commit_callbacks(execute=True):
        actions.count_without_identity(cast.screener, case, reason="fears_deportation")
    assert (case.status, case.refusal_reason, case.sex) == ("counted", "fears_deportation", "female")
    assert vault.is_destroyed(case.subject)
    assert written("case.counted_without_identity") == 1
    with pytest.raises(WrongState):
        actions.count_without_identity(cast.screener, case, reason="fears_deportation")


def test_a_key_left_behind_by_a_break_is_destroyed_later(cast: Cast) -> None:
    case = steps.screened(cast).case
    record_refusal(cast.screener, case, purpose="referral_to_focal_agency", language="km")
    # What follows the commit is not carried out here: as if the process had been killed in between.
    actions.count_without_identity(cast.screener, case, reason="needs_time")
    assert not vault.is_destroyed(case.subject)
    assert actions.destroy_keys_of_refused() == 1
    assert vault.is_destroyed(case.subject)
    assert actions.destroy_keys_of_refused() == 0


@pytest.mark.parametrize("who", [{"age": 17}, {"age": None, "age_disputed": True}, {"age": 19, "age_disputed": True}])
def test_a_child_is_never_counted_away(cast: Cast, who: dict[str, int]) -> None:
    case = steps.screened(cast, **who).case
    record_refusal(cast.screener, case, purpose="referral_to_focal_agency", language="km")
    with pytest.raises(Refused):
        actions.count_without_identity(cast.screener, case, reason="needs_time")
    assert not vault.is_destroyed(case.subject)
