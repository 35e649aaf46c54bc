"""What is said to a person who is asked for her agreement: every point in every language, and said as hers."""

import pytest
from django.utils import translation

from spean.cases import consent, spoken
from spean.country import lists, pack
from spean.field import afterwards
from spean.instruments.definition import Node
from tests import steps
from tests.cast import Cast
from tests.signed_in import signed_in

LANGUAGES = {"en", "km", "vi", "th"}


def test_every_point_is_there_in_every_language() -> None:
    assert tuple(spoken.TOLD_ALOUD) == consent.TOLD
    points = [spoken.said(words, name) for name, words in spoken.TOLD_ALOUD.items()]
    assert all(point.keys() == LANGUAGES for point in points)
    # Each language has words of its own for each.
    assert len({text for point in points for text in point.values()}) == 4 * len(points)


def test_what_only_the_officer_is_asked_is_in_the_languages_of_the_screens() -> None:
    assert spoken.said("Why not?").keys() == {"en", "km"}


@pytest.mark.parametrize(("screen", "others"), [("en", ["km", "vi", "th"]), ("km", ["en", "vi", "th"])])
def test_the_points_stand_in_the_other_languages(screen: str, others: list[str]) -> None:
    with translation.override(screen):
        told = spoken.told()
    assert sorted(language for language, _name, _points in told) == sorted(others)
    assert all(len(points) == len(consent.TOLD) for _language, _name, points in told)


def asked(node: Node) -> list[Node]:
    return [node, *(one for child in node.get("nodes", ()) for one in asked(child))]


@pytest.mark.parametrize("child", [False, True])
def test_what_is_said_to_the_person_after_a_screening_is_in_every_language(child: bool) -> None:
    made = afterwards.definition(child=child, agencies=[])
    assert set(made["languages"]) == LANGUAGES
    by_name = {node["name"]: node for node in asked(made["root"])}
    for name in ("understood", "needs", "urgent", "says", "classes"):
        assert by_name[name]["label"].keys() >= LANGUAGES, name
    for name in ("answer", "need", "information_class", "told", *(() if child else ("says",))):
        for item in made["lists"][name]:
            assert item["label"].keys() >= LANGUAGES, (name, item["name"])
    names = {node.get("name") for node in asked(made["root"])} | {item["name"] for item in made["lists"]["says"]}
    said = {name for name in lists.SPOKEN["consent"] if not name.startswith("told_")}
    assert said - names == {"says_child"}


def test_whoever_asks_can_read_the_points_out_or_show_them(cast: Cast) -> None:
    case = steps.screened(cast).case
    page = signed_in(cast.screener).get(f"/case/{case.pk}/consent/referral_to_focal_agency/").content.decode()
    for language in ("km", "vi", "th"):
        assert f'lang="{language}"' in page
    assert pack().spoken["vi"]["consent"]["told_withdrawal"] in page
