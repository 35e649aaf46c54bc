"""`spean link-train`: decisions teach, are judged on others, and nothing is kept unasked. No name leaves memory."""

import random
from pathlib import Path
from typing import Any

import pytest

from spean.lib import clock
from spean.lists import pairs, teaching
from spean.lists.models import Linking, ListRow, Pair
from spean.people.matching import Details
from spean.people.models import Person, PossibleMatch
from spean.people.parameters import SHIPPED, load, parameters
from spean.privacy.models import Event
from tests import steps
from tests.bench.made_up_people import corrupt, persons
from tests.cast import Cast
from tests.lists.test_linking import linked, two_lists
from tests.searching import register

pytestmark = pytest.mark.django_db(databases=["default", "keys"])
EACH = 14


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(teaching, "FEWEST", EACH)
    monkeypatch.setattr(teaching, "FEWEST_JUDGED", 1)
    monkeypatch.setattr(teaching, "keep_memory_private", lambda: None)  # of a process of its own
    settings.SPEAN_MATCHING_FILE = tmp_path / "matching.json"


def decisions(cast: Cast, each: int = EACH) -> list[Details]:
    """Decided pairs: of one person written twice, and of two persons of one name."""
    case = steps.registered(cast)
    chance = random.Random(3)
    people = list(persons(each, seed=17))
    for status, others in (
        ("same", [corrupt(one, chance) for one in people]),
        ("not_same", list(persons(each, seed=18))),
    ):
        for one, other in zip(people, others, strict=True):
            match = PossibleMatch(
                case=case, person=register(cast.manager, one), other=register(cast.manager, other), score=0.5,
                reasons=["same_name"], created_by=cast.manager,
            )  # fmt: skip
            match.save(force_insert=True)
            PossibleMatch.objects.filter(pk=match.pk).update(
                status=status, decided_at=clock.now(), decided_by=cast.manager
            )
    return people


def test_too_few_decisions_are_refused(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    decisions(cast, EACH - 1)
    assert teaching.command(["--keep"]) == teaching.REFUSED
    assert f"There are {EACH - 1} pairs decided to be the same person" in capsys.readouterr().err
    assert parameters().facts == load(SHIPPED).facts
    assert not Event.objects.filter(action__startswith="matching.").exists()  # and no name was read


def test_nothing_is_kept_unasked_and_no_name_is_told(
    cast: Cast, capsys: pytest.CaptureFixture[str], settings: Any
) -> None:
    people = decisions(cast)
    assert teaching.command([]) == 0
    said = capsys.readouterr()
    assert "Nothing was kept" in said.out
    for word in ("Precision", "Recall", "Log loss", "learned", "until now"):
        assert word in said.out
    assert not settings.SPEAN_MATCHING_FILE.exists()
    (event,) = Event.objects.filter(action="matching.decisions_read")
    assert event.facts["matches"] == 2 * EACH
    assert not Event.objects.filter(action="matching.kept").exists()
    everything = said.out + said.err + str([vars(one) for one in Event.objects.all()])
    assert not [one.given_name for one in people if len(one.given_name) > 4 and one.given_name in everything]


def test_what_is_kept_is_used_and_says_what_taught_it(cast: Cast, settings: Any, monkeypatch: Any) -> None:
    people = decisions(cast)
    before = parameters()
    compared = teaching.learn(before, teaching.decided(before))
    worse = teaching.Compared(compared.new, compared.after, compared.before, teaching.Interval(-0.1, -0.2, 0.0))
    with pytest.raises(teaching.CannotTeach, match="no better"):
        teaching.keep(worse)
    assert not settings.SPEAN_MATCHING_FILE.exists()
    better = teaching.Compared(compared.new, compared.before, compared.after, teaching.Interval(0.1, 0.0, 0.2))
    path = teaching.keep(better)
    kept = parameters()
    assert kept.model.m["birth"].tolist() == pytest.approx(compared.new.model.m["birth"].tolist())
    assert kept.facts["taught_by"] + kept.facts["judged_by"] == 2 * EACH
    assert kept.facts["of_registered_persons"] == 2 * EACH
    (event,) = Event.objects.filter(action="matching.kept")
    assert event.facts["taught_by"] == kept.facts["taught_by"]
    text = path.read_text(encoding="utf-8")
    assert not [one for one in people if one.given_name and one.given_name in text]


def test_decided_pairs_of_lists_teach_as_well(cast: Cast) -> None:
    one, other = two_lists(cast)
    linked(cast.registry)
    first, second = sorted(
        (ListRow.objects.get(partner_list=name, line=2) for name in (one, other)), key=lambda row: row.pk
    )
    pair = Pair.objects.filter(one=first, other=second).first()
    if pair is None:
        pair = Pair(linking=Linking.objects.get(), one=first, other=second, status="open", probability=0.9, effect=0.1)
        pair.save()
    pairs.decide(cast.registry, pair, "same")
    decisions(cast)
    told = teaching.decided(parameters())
    assert (len(told.same), told.registered) == (2 * EACH + 1, 2 * EACH)
    assert told.same[-1]
    assert told.found.weight[-1] > 15  # one name in two spellings, one date of birth: read as registration reads it


def test_an_erased_person_teaches_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from spean.privacy import vault

    decisions(cast, EACH + 1)
    gone = PossibleMatch.objects.filter(status="same").first()
    assert gone is not None
    vault.destroy_key(Person.objects.get(pk=gone.other_id).subject)
    told = teaching.decided(parameters())
    assert len(told.same) == 2 * EACH + 1
