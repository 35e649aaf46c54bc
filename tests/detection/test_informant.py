"""Who called: the hotline's own secret, apart from the case, destroyed after thirty days."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from spean.access import policy
from spean.cases.exclusion import exclude
from spean.cases.models import Case, Involvement
from spean.detection import actions, informant, tasks
from spean.detection.models import Informant
from spean.lib import clock
from spean.privacy import doors, events, vault
from spean.privacy.models import Event
from spean.workflow.engine import Forbidden, Refused
from tests.cast import PEOPLE, Cast
from tests.signed_in import signed_in

NAME, PHONE = "Kanarieneighbour", "0977000111"


def call(cast: Cast) -> Informant:
    case = actions.start_screening(cast.operator, instrument="ilo_2009").case
    return informant.record_informant(cast.operator, case, name=NAME, phone=PHONE, safe_times="After six")


@pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"operator", "supervisor"}))
def test_nobody_else_learns_that_somebody_called(cast: Cast, name: str) -> None:
    row = call(cast)
    # Even whoever works on the case: an investigator, the focal agency, another responder.
    for task in ("focal", "justice", "screening", "service", "identification"):
        Involvement.objects.create(
            case=row.case, organisation=cast.users[name].memberships.get().organisation, task=task,
            sections=["identity", "contact", "narrative", "justice"], basis="test",
        )  # fmt: skip
    user = cast.again(name)
    assert not policy.visible(user, "see_informant", Informant).exists()
    with pytest.raises(doors.NotAllowed):
        doors.reveal(user, [row], ["name"], "casework")
    client = signed_in(user)
    nowhere = client.get(reverse("informant", args=[uuid4()]))
    for answer in (
        client.get(reverse("informant", args=[row.pk])),
        client.get(reverse("informant_longer", args=[row.pk])),
    ):
        assert (answer.status_code, answer.content) == (404, nowhere.content)
    assert client.post(reverse("informant_open", args=[row.pk]), {"purpose": "emergency"}).status_code == 404
    page = client.get(reverse("case", args=[row.case_id])).content.decode()
    assert "called" not in page
    told = list(events.history(row.case).values_list("action", flat=True))
    assert not [action for action in told if action.startswith("informant")]


class TestTheHotline:
    def test_opens_it_with_a_purpose_and_no_trace_on_the_case(self, cast: Cast) -> None:
        row = call(cast)
        before = events.history(row.case).count()
        for name in ("operator", "supervisor"):
            client = signed_in(getattr(cast, name))
            listed = client.get(reverse("informant_list")).content.decode()
            assert row.case.code in listed
            assert NAME not in listed + client.get(reverse("informant", args=[row.pk])).content.decode()
            assert client.post(reverse("informant_open", args=[row.pk])).status_code == 422
            opened = client.post(reverse("informant_open", args=[row.pk]), {"purpose": "following_up_report"})
            assert NAME in opened.content.decode()
            assert PHONE in opened.content.decode()
        readings = Event.objects.filter(action="identity.revealed", object_id=row.pk)
        assert set(readings.values_list("purpose", "case_id")) == {("following_up_report", None)}
        assert events.history(row.case).count() == before

    def test_another_operator_of_the_hotline_does_not(self, cast: Cast) -> None:
        row = call(cast)
        colleague = cast.users["colleague"]
        colleague.memberships.create(organisation=cast.org("hotline"), role="hotline_operator")
        assert not policy.may(cast.again("colleague"), "see_informant", row)

    def test_an_excluded_operator_sees_it_no_more(self, cast: Cast) -> None:
        row = call(cast)
        Involvement.objects.create(
            case=row.case, organisation=cast.org("focal"), task="focal", sections=[], basis="test"
        )
        exclude(cast.manager, row.case, reason="implicated", user=cast.users["operator"])
        assert not policy.may(cast.again("operator"), "see_informant", row)

    def test_asked_where_a_screening_starts_and_may_stay_unknown(self, cast: Cast) -> None:
        client = signed_in(cast.operator)
        answer = client.post(reverse("screening_start"), {"instrument": "ilo_2009", "exploitation": "labour"})
        case = Case.objects.get()
        url = reverse("case_informant", args=[case.pk])
        assert answer["Location"] == url
        assert reverse("case_interview", args=[case.pk]) in client.get(url).content.decode()
        assert client.post(url, {"name": " ", "phone": ""}).status_code == 422
        assert not Informant.objects.exists()
        once = str(uuid4())
        for _ in range(2):
            sent = client.post(url, {"name": NAME, "phone": PHONE, "once": once})
            assert sent.status_code == 302
        assert Informant.objects.count() == 1
        assert "can be called back" in client.get(reverse("case", args=[case.pk])).content.decode()

    def test_other_screeners_are_not_asked(self, cast: Cast) -> None:
        client = signed_in(cast.screener)
        answer = client.post(reverse("screening_start"), {"instrument": "ilo_2009", "exploitation": "labour"})
        assert "caller" not in answer["Location"]
        case = Case.objects.get()
        assert client.get(reverse("case_informant", args=[case.pk])).status_code == 404
        with pytest.raises(Forbidden):
            informant.record_informant(cast.screener, case, name=NAME)


class TestItsDays:
    def test_destroyed_after_thirty(self, cast: Cast) -> None:
        row = call(cast)
        with clock.travel(row.destroy_at - timedelta(minutes=1)):
            assert tasks.destroy_informants(0) == 0
        with clock.travel(row.destroy_at):
            # Even before the job ran nobody opens it any more.
            assert informant.of_case(cast.operator, row.case) is None
            assert tasks.destroy_informants(0) == 1
            assert tasks.destroy_informants(0) == 0
        row.refresh_from_db()
        assert (row.name, row.phone, row.safe_times) == (None, None, None)
        assert vault.is_destroyed(row.subject)
        assert not vault.is_destroyed(row.case.subject)
        assert Event.objects.filter(action="informant.destroyed", object_id=row.pk).count() == 1

    def test_kept_longer_with_a_reason(self, cast: Cast) -> None:
        row = call(cast)
        with pytest.raises(Refused):
            informant.keep_longer(cast.supervisor, row, reason=" no ")
        with clock.travel(clock.now() + timedelta(days=29)):
            client = signed_in(cast.supervisor)
            client.post(
                reverse("informant_longer", args=[row.pk]), {"reason": "She calls again on Friday.", "version": "1"}
            )
        with clock.travel(row.destroy_at + timedelta(days=1)):
            assert tasks.destroy_informants(0) == 0
        with clock.travel(row.destroy_at + timedelta(days=30)):
            assert tasks.destroy_informants(0) == 1
            with pytest.raises(Refused):
                informant.keep_longer(cast.supervisor, row, reason="She calls again on Friday.")
