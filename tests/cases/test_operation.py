"""Place and time of a raid: for named readers until it is over, then for the criminal case; for nobody else ever."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from spean.access import policy
from spean.cases import operation
from spean.cases.exclusion import exclude
from spean.cases.models import Case, Involvement, OperationalFact
from spean.lib import clock
from spean.privacy import doors, events
from spean.privacy.models import Event
from spean.workflow.engine import Forbidden, Refused
from tests import steps
from tests.cast import PEOPLE, Cast
from tests.signed_in import signed_in

PLACE, TIME = "Kanariehotel, third floor", "Friday, four in the morning"


def case_of_police(cast: Cast) -> Case:
    case = steps.registered(cast)
    for organisation in ("border_police", "court"):
        Involvement.objects.create(
            case=case,
            organisation=cast.org(organisation),
            task="justice",
            sections=["identity", "justice"],
            basis="test",
        )
    return case


def noted(cast: Cast, *readers: str) -> OperationalFact:
    return operation.note_operation(
        cast.investigator, case_of_police(cast), place=PLACE, time=TIME, over_at=clock.now() + timedelta(days=2),
        readers=[cast.users[name] for name in readers],
    )  # fmt: skip


def reads(cast: Cast, name: str, fact: OperationalFact) -> bool:
    return policy.may(cast.again(name), "see_operation", fact)


@pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"investigator", "provider"}))
def test_whoever_is_not_named_does_not_learn_that_it_exists(cast: Cast, name: str) -> None:
    fact = noted(cast, "provider")
    user = cast.again(name)
    assert not operation.readable(user).exists()
    with pytest.raises(doors.NotAllowed):
        doors.reveal(user, [fact], ["place"], "justice")
    client = signed_in(user)
    nowhere = client.get(reverse("operation", args=[uuid4()]))
    for page in ("operation", "operation_readers", "operation_end"):
        answer = client.get(reverse(page, args=[fact.pk]))
        assert (answer.status_code, answer.content) == (404, nowhere.content)
    assert client.post(reverse("operation_open", args=[fact.pk])).status_code == 404
    seen = (
        client.get(reverse("home")).content.decode() + client.get(reverse("case", args=[fact.case_id])).content.decode()
    )
    assert str(fact.pk) not in seen
    if name != "prosecutor":
        assert "Operation" not in seen


def test_the_history_of_the_case_and_its_counts_stay_silent(cast: Cast) -> None:
    case = case_of_police(cast)
    before = events.history(case).count()
    fact = operation.note_operation(
        cast.investigator, case, place=PLACE, time=TIME, over_at=clock.now() + timedelta(days=1),
        readers=[cast.users["provider"]],
    )  # fmt: skip
    doors.reveal(cast.provider, [fact], ["place"], "justice")
    assert events.history(case).count() == before
    assert set(Event.objects.filter(object_id=fact.pk).values_list("case_id", "subject")) == {(None, fact.pk)}
    history = signed_in(cast.manager).get(reverse("case_history", args=[case.pk])).content.decode()
    assert "Operation" not in history


class TestNamedReaders:
    def test_read_it_on_a_page_of_its_own(self, cast: Cast) -> None:
        fact = noted(cast, "provider")
        client = signed_in(cast.provider)
        assert str(fact.pk) in client.get(reverse("home")).content.decode()
        assert PLACE not in client.get(reverse("operation", args=[fact.pk])).content.decode()
        page = client.post(reverse("operation_open", args=[fact.pk])).content.decode()
        assert PLACE in page
        assert TIME in page
        assert Event.objects.filter(object_id=fact.pk, action="content.read", actor_id=cast.provider.pk).exists()
        # Being named shows nothing of the case itself, and changes nothing of the list.
        assert client.get(reverse("case", args=[fact.case_id])).status_code == 404
        assert (
            client.post(reverse("operation_readers", args=[fact.pk]), {"email": "outsider@example.org"}).status_code
            == 404
        )

    def test_are_taken_off_at_once(self, cast: Cast) -> None:
        fact = noted(cast, "provider")
        operation.take_reader_off(cast.investigator, fact, fact.readers.get())
        assert not reads(cast, "provider", fact)
        operation.name_reader(cast.investigator, fact, cast.users["provider"])
        assert reads(cast, "provider", fact)

    def test_an_excluded_one_reads_nothing(self, cast: Cast) -> None:
        fact = noted(cast, "provider")
        exclude(cast.manager, fact.case, reason="related_to_suspect", user=cast.users["provider"])
        assert not reads(cast, "provider", fact)

    def test_nobody_without_cases_is_named(self, cast: Cast) -> None:
        with pytest.raises(Refused):
            noted(cast, "administrator")
        assert not OperationalFact.objects.exists()

    def test_only_the_writer_names_them(self, cast: Cast) -> None:
        fact = noted(cast, "provider")
        for name in ("provider", "prosecutor", "manager"):
            with pytest.raises(Forbidden):
                operation.name_reader(cast.users[name], fact, cast.users["outsider"])


class TestTheLock:
    def test_the_criminal_case_reads_it_when_it_is_over(self, cast: Cast) -> None:
        fact = noted(cast)
        with clock.travel(fact.over_at - timedelta(seconds=1)):
            assert not reads(cast, "prosecutor", fact)
        with clock.travel(fact.over_at):
            assert reads(cast, "prosecutor", fact)
            for name in ("manager", "provider", "officer", "outsider", "auditor"):
                assert not reads(cast, name, fact)

    def test_moved_by_its_writer_only_into_the_future(self, cast: Cast) -> None:
        fact = noted(cast)
        with pytest.raises(ValidationError):
            operation.move_end(cast.investigator, fact, clock.now() - timedelta(minutes=1))
        with pytest.raises(ValidationError):
            operation.move_end(cast.investigator, fact, clock.now() + timedelta(days=91))
        with pytest.raises(Forbidden):
            operation.move_end(cast.prosecutor, fact, clock.now() + timedelta(days=1))
        operation.move_end(cast.investigator, fact, clock.now() + timedelta(days=5))
        with clock.travel(clock.now() + timedelta(days=3)):
            assert not reads(cast, "prosecutor", fact)


class TestPages:
    def test_note_it(self, cast: Cast) -> None:
        case = case_of_police(cast)
        client = signed_in(cast.investigator)
        url = reverse("operation_note", args=[case.pk])
        assert url in client.get(reverse("case", args=[case.pk])).content.decode()
        day = clock.today() + timedelta(days=2)
        typed = {
            "place": PLACE, "time": TIME, "over_on": f"{day.day} {day.month} {day.year}", "over_hour": "18:00",
            "readers": "provider@example.org\n", "once": str(uuid4()),
        }  # fmt: skip
        for wrong in ({"place": ""}, {"over_on": "soon"}, {"over_on": "1 1 2020"}, {"readers": "nobody@example.org"}):
            answer = client.post(url, {**typed, **wrong})
            assert answer.status_code == 422
            assert "There is a problem" in answer.content.decode()
        assert not OperationalFact.objects.exists()
        for _ in range(2):
            assert client.post(url, typed).status_code == 302
        fact = OperationalFact.objects.get()
        assert PLACE.encode() not in bytes(fact.place or b"")
        assert reads(cast, "provider", fact)

    def test_only_an_investigator_of_the_criminal_case(self, cast: Cast) -> None:
        case = steps.registered(cast)
        for name in ("investigator", "prosecutor", "manager", "screener"):
            assert signed_in(cast.users[name]).get(reverse("operation_note", args=[case.pk])).status_code == 404
