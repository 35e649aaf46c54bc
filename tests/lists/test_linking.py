"""The linked register as verbs: clusters with their lists, the queue, decisions that hold and can be changed."""

from collections.abc import Callable
from typing import Any

import pytest

from spean.access import roles
from spean.access.models import Membership, User
from spean.estimation import table
from spean.lists import linking, pairs, register, tasks
from spean.lists.delivering import Declared
from spean.lists.models import Clustered, Linking, ListRow, Pair, PartnerList
from spean.privacy import doors
from spean.privacy.models import Event
from spean.workflow.engine import Changed, Forbidden, Refused
from tests.cast import Cast
from tests.lists.files import as_csv, begun, rows, sent, somebody

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def linked(user: User) -> Linking:
    row = linking.start(user)
    tasks.link_lists(linking_id=str(row.pk))
    return Linking.objects.get(pk=row.pk)


def two_lists(cast: Cast, *more: dict[str, str]) -> tuple[PartnerList, PartnerList]:
    """Kanarie Sreyneang on both, spelt otherwise on the second; Thida on the first, and Lan on the second."""
    one, other = begun(cast.provider, "Shelter"), begun(cast.other_provider, "Other shelter")
    thida = somebody("2", Surname="Chan", Given_name="Thida", DOB="02/03/1999", Phone="", Mother="Oum Sokha")
    sent(cast.provider, one, as_csv(rows(somebody("1"), thida)))
    lan = somebody(
        "9", Surname="Nguyen", Given_name="Lan", DOB="07/08/2001", Phone="", Mother="Tran Hoa", Nationality="VNM"
    )
    sent(cast.other_provider, other, as_csv(rows(somebody("8", Given_name="Srey Neang"), lan, *more)))
    return one, other


def number_list(cast: Cast, title: str, lowest: int, highest: int | None = None) -> PartnerList:
    return begun(cast.statistician, title, "number", Declared("Fishermen", "unknown", lowest=lowest, highest=highest))


def test_a_person_on_two_lists_is_counted_once(cast: Cast) -> None:
    one, other = two_lists(cast)
    found = linked(cast.registry)
    assert (found.status, found.result["bounds"]) == ("done", [3, 3])
    (group,) = found.result["groups"]
    codes = sorted([one.code, other.code])
    assert group["lists"] == codes
    assert group["overlap"] == {"01": 1, "10": 1, "11": 1}
    captures = table.parse(register.patterns_csv(group["lists"], group["overlap"]))
    assert (captures.observed, captures.shared) == (3, 1)
    (twice,) = [
        number
        for number in set(Clustered.objects.values_list("cluster", flat=True))
        if Clustered.objects.filter(cluster=number).count() == 2
    ]
    assert set(Clustered.objects.filter(cluster=twice).values_list("row__partner_list", flat=True)) == {
        one.pk,
        other.pk,
    }


def test_the_same_lists_give_the_same_answer(cast: Cast) -> None:
    two_lists(cast)
    first = linked(cast.registry)
    second = linked(cast.statistician)
    assert first.result == second.result
    assert set(Clustered.objects.values_list("linking", flat=True)) == {second.pk}


def test_names_are_opened_once_for_each_linking_and_stand_in_no_event(cast: Cast) -> None:
    two_lists(cast)
    found = linked(cast.registry)
    (event,) = Event.objects.filter(action="rows.opened_in_memory", object_id=found.pk)
    assert (event.purpose, event.facts["rows"], event.actor_id) == ("linking", 4, cast.registry.pk)
    assert "Kanarie" not in str(found.result)
    assert "Kanarie" not in str(list(Pair.objects.values_list("reasons", flat=True)))
    assert all("Kanarie" not in str(vars(one)) for one in Event.objects.all())


def test_lists_that_cannot_be_linked_give_bounds(cast: Cast) -> None:
    """Fishermen: organisations counted 82, 24 and 6, ministries between 170 and 200; nobody knows the overlap."""
    for title, lowest, highest in (("A", 82, None), ("B", 24, None), ("C", 6, None), ("Ministries", 170, 200)):
        number_list(cast, title, lowest, highest)
    assert linked(cast.statistician).result["bounds"] == [170, 312]
    two_lists(cast)
    found = linked(cast.statistician).result
    assert found["bounds"] == [170, 315]
    assert sum(one["highest"] for one in found["apart"]) == 312


def test_a_list_that_says_nothing_is_named_as_missing(cast: Cast) -> None:
    two_lists(cast)
    silent = begun(cast.provider, "Not sent yet")
    assert linked(cast.registry).result["silent"] == [silent.code]


def test_a_decision_holds_from_the_next_linking_on_and_can_be_undone(cast: Cast) -> None:
    one, other = two_lists(cast)
    linked(cast.registry)
    first = ListRow.objects.get(partner_list=one, line=2)
    second = ListRow.objects.get(partner_list=other, line=2)
    pair = Pair.objects.filter(one__in=[first, second], other__in=[first, second]).first()
    if pair is None:
        pair = Pair(
            linking=Linking.objects.get(), one=min(first, second, key=lambda row: row.pk), status="open",
            other=max(first, second, key=lambda row: row.pk), probability=0.9, effect=0.1,
        )  # fmt: skip
        pair.save()
    pairs.decide(cast.registry, pair, "not_same")
    assert linked(cast.registry).result["bounds"] == [4, 4]
    pairs.decide(cast.registry, Pair.objects.get(pk=pair.pk), "same")
    assert linked(cast.registry).result["bounds"] == [3, 3]
    pairs.decide(cast.registry, Pair.objects.get(pk=pair.pk), "unsure")
    assert linked(cast.registry).result["bounds"] == [3, 3]
    told = Event.objects.filter(object_id=pair.pk).order_by("id").values_list("action", flat=True)
    assert list(told) == ["pair.decided_not_same", "pair.decided_same", "pair.left_unsure"]
    assert ListRow.objects.filter(status="accepted").count() == 4  # both histories stay


def test_a_decision_holds_for_the_corrected_line(cast: Cast) -> None:
    one, other = two_lists(cast)
    found = linked(cast.registry)
    first, second = sorted(
        [ListRow.objects.get(partner_list=one, line=3), ListRow.objects.get(partner_list=other, line=3)],
        key=lambda row: row.pk,
    )
    pair = Pair(linking=found, one=first, other=second, status="open", probability=0.1, effect=0.1)
    pair.save()
    pairs.decide(cast.registry, pair, "same")
    assert linked(cast.registry).result["bounds"] == [2, 2]
    thida = somebody("2", Surname="Chan", Given_name="Thida", DOB="02/03/1998", Phone="", Mother="Oum Sokha")
    sent(cast.provider, one, as_csv(rows(somebody("1"), thida)))
    assert linked(cast.registry).result["bounds"] == [2, 2]


def test_a_decision_that_contradicts_others_is_refused(cast: Cast) -> None:
    two_lists(cast)
    found = linked(cast.registry)
    Pair.objects.all().delete()
    three = sorted(ListRow.objects.all()[:3], key=lambda row: row.pk)
    made = []
    for one, other in ((0, 1), (1, 2), (0, 2)):
        pair = Pair(linking=found, one=three[one], other=three[other], status="open", probability=0.4, effect=0.4)
        pair.save()
        made.append(pair)
    pairs.decide(cast.registry, made[0], "same")
    pairs.decide(cast.registry, made[1], "same")
    with pytest.raises(Refused):
        pairs.decide(cast.registry, made[2], "not_same")
    pairs.decide(cast.registry, made[1], "not_same")
    with pytest.raises(Refused):
        pairs.decide(cast.registry, made[2], "same")
    pairs.decide(cast.registry, made[2], "not_same")


def test_of_two_who_decide_at_once_the_second_is_told(cast: Cast) -> None:
    two_lists(cast)
    found = linked(cast.registry)
    Pair.objects.all().delete()
    first, second = sorted(ListRow.objects.all()[:2], key=lambda row: row.pk)
    pair = Pair(linking=found, one=first, other=second, status="open", probability=0.4, effect=0.4)
    pair.save()
    pairs.decide(cast.registry, pair, "same", version=1)
    with pytest.raises(Changed):
        pairs.decide(cast.registry, Pair.objects.get(), "not_same", version=1)


def test_what_was_kept_aside_is_not_counted(cast: Cast) -> None:
    two_lists(cast, somebody("10", Surname="Br\ufffdken"))
    assert linked(cast.registry).result["groups"][0]["rows"] == 4


def test_two_linkings_do_not_run_at_once_and_a_broken_one_does_not_block(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_lists(cast)
    running = linking.start(cast.registry)
    with pytest.raises(Refused):
        linking.start(cast.statistician)

    def breaks(*args: Any, **kwargs: Any) -> None:
        raise MemoryError("Kanarie")

    monkeypatch.setattr(register, "count", breaks)
    linking.run(running)
    running = Linking.objects.get(pk=running.pk)
    assert (running.status, running.fault) == ("failed", "broke_off")
    monkeypatch.undo()
    assert linked(cast.statistician).status == "done"


def test_whoever_lost_the_right_meanwhile_opens_nothing(cast: Cast) -> None:
    two_lists(cast)
    started = linking.start(cast.registry)
    Membership.objects.filter(user=cast.registry).delete()
    linking.run(Linking.objects.select_related("started_by").get(pk=started.pk))
    assert Linking.objects.get(pk=started.pk).status == "failed"
    assert not Clustered.objects.exists()


@pytest.mark.parametrize("name", ["manager", "provider", "auditor", "administrator", "screener", "officer"])
def test_nobody_else_links_or_decides(cast: Cast, name: str) -> None:
    two_lists(cast)
    found = linked(cast.registry)
    Pair.objects.all().delete()
    first, second = sorted(ListRow.objects.all()[:2], key=lambda row: row.pk)
    pair = Pair(linking=found, one=first, other=second, status="open", probability=0.4, effect=0.4)
    pair.save()
    stranger = getattr(cast, name)
    attempts: list[Callable[[], Any]] = [
        lambda: linking.start(stranger), lambda: pairs.decide(stranger, pair, "same"),
    ]  # fmt: skip
    for attempt in attempts:
        with pytest.raises(Forbidden):
            attempt()
    with pytest.raises(doors.NotAllowed):
        doors.reveal(stranger, [second, first], ["content"], "linking")


def test_the_statistician_counts_and_reads_no_name(cast: Cast) -> None:
    two_lists(cast)
    found = linked(cast.statistician)
    Pair.objects.all().delete()
    first, second = sorted(ListRow.objects.all()[:2], key=lambda row: row.pk)
    pair = Pair(linking=found, one=first, other=second, status="open", probability=0.4, effect=0.4)
    pair.save()
    with pytest.raises(Forbidden):
        pairs.decide(cast.statistician, pair, "same")
    with pytest.raises(doors.NotAllowed):
        doors.reveal(cast.statistician, [first], ["content"], "linking")
    other = User.objects.create_user("second.registry@example.org", "Second Registry")
    Membership.objects.create(user=other, organisation=cast.org("national_focal"), role=roles.CASE_MANAGER)
    assert doors.reveal(other, [first, second], ["content"], "linking")[first.pk]["content"]
