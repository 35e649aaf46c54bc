"""The intake interview: whose part in the case it is not never sees it; kept whole with the case, or not at all."""

from uuid import uuid4

import pytest
from django.urls import reverse

from spean.cases.models import Case
from spean.detection import intake
from spean.detection.models import IntakeInterview
from spean.instruments import recheck
from spean.privacy import doors
from spean.privacy.models import Event
from spean.workflow.engine import Forbidden, WrongState
from tests import steps
from tests.cast import Cast
from tests.detection import filling
from tests.signed_in import signed_in


@pytest.fixture
def case(cast: Cast) -> Case:
    return steps.registered(cast)


@pytest.fixture
def held(cast: Cast, case: Case) -> IntakeInterview:
    return intake.keep(cast.manager, case, filling.an_intake("Kanarie happened"))[0]


OTHERS = ("screener", "outsider", "other_manager", "provider", "officer", "investigator", "auditor", "administrator")


@pytest.mark.parametrize("who", OTHERS)
def test_whoever_has_no_part_sees_nothing_and_adds_nothing(
    cast: Cast, case: Case, held: IntakeInterview, who: str
) -> None:
    user = cast.again(who)
    with pytest.raises(doors.NotAllowed):
        intake.told(user, held)
    with pytest.raises(Forbidden):
        intake.keep(user, case, filling.an_intake())
    client = signed_in(user)
    missing = client.get(reverse("intake", args=[uuid4()]))
    answers = [
        client.get(reverse("intake", args=[held.pk])),
        client.post(reverse("intake", args=[held.pk])),
        client.get(reverse("case_intake", args=[case.pk])),
        client.post(reverse("case_intake_send", args=[case.pk]), b"<x/>", content_type="text/xml"),
    ]
    assert {(one.status_code, one.content) for one in answers} == {(404, missing.content)}
    assert IntakeInterview.objects.count() == 1


def test_it_is_sealed_and_read_through_the_door(cast: Cast, case: Case, held: IntakeInterview) -> None:
    row = IntakeInterview.objects.get()
    assert row.agreed
    assert b"Kanarie" not in bytes(row.submission)
    told = intake.told(cast.manager, row)
    assert told is not None
    assert "Kanarie happened" in dict(told).values()
    assert ("Do you agree to talk with me now?", "Yes") in told
    (read,) = Event.objects.filter(action="content.read", object_id=row.pk)
    assert (read.case_id, read.actor_id) == (case.pk, cast.manager.pk)


def test_no_is_an_answer_and_nothing_else_is_asked(cast: Cast, case: Case) -> None:
    row, _fresh = intake.keep(cast.manager, case, filling.an_intake(agrees="no"))
    assert not row.agreed
    page = signed_in(cast.manager).get(reverse("intake", args=[row.pk])).content.decode()
    assert "did not want to talk" in page


def test_the_same_interview_sent_twice_is_kept_once(cast: Cast, case: Case) -> None:
    xml = filling.an_intake()
    assert [intake.keep(cast.manager, case, xml)[1] for _ in range(2)] == [True, False]
    assert IntakeInterview.objects.count() == 1
    other = steps.registered(
        cast, steps.identity("Chan", "Bopha", phone="099888777", birth_date="1975-12-30", birth_year=1975)
    )
    with pytest.raises(recheck.Refused, match="identifier_taken"):
        intake.keep(cast.manager, other, xml)


def test_only_with_a_case_that_is_open(cast: Cast, case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(status="closed", closing_reason="person_wants_to_end")
    with pytest.raises(WrongState):
        intake.keep(cast.manager, case, filling.an_intake())
    assert not IntakeInterview.objects.exists()


def test_a_forged_or_broken_interview_is_refused_whole(cast: Cast, case: Case) -> None:
    for xml in (filling.an_intake().replace(b">yes</agrees>", b">perhaps</agrees>"), b"<data/>", filling.a_bus()):
        with pytest.raises(recheck.Refused):
            intake.keep(cast.manager, case, xml)
    assert not IntakeInterview.objects.exists()


class TestPages:
    def test_from_the_case_and_back_to_it(self, cast: Cast, case: Case) -> None:
        client = signed_in(cast.manager)
        url = reverse("case_intake", args=[case.pk])
        assert url in client.get(reverse("case", args=[case.pk])).content.decode()
        page = client.get(url)
        state, number = filling.an_intake("Kanarie happened").decode(), page.context["number"]
        answer = page
        for _ in range(12):
            answer = client.post(url, {"state": state, "page": number, "next": "1"})
            if answer.status_code == 302:
                break
            number = answer.context["number"]
        (row,) = IntakeInterview.objects.all()
        assert answer.url == reverse("intake", args=[row.pk])
        assert "Kanarie" not in client.get(answer.url).content.decode()
        assert "Kanarie happened" in client.post(answer.url).content.decode()
        assert answer.url in client.get(reverse("case", args=[case.pk])).content.decode()

    def test_sent_by_the_engine_in_the_browser(self, cast: Cast, case: Case) -> None:
        url = reverse("case_intake_send", args=[case.pk])
        answer = signed_in(cast.manager).post(url, filling.an_intake(), content_type="text/xml")
        assert answer.status_code == 201
        assert answer.json() == {"page": reverse("intake", args=[IntakeInterview.objects.get().pk])}
