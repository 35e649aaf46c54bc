"""Every reason the rules can give has a sentence, in every language, and says what it should."""

import inspect
import re

import pytest
from django.utils import translation

from spean.directory import texts as directory
from spean.referral import rules, texts
from spean.referral.rules import PersonFacts, Reason, match
from tests.referral.test_rules import PROVINCES, Offer

EXAMPLE = {
    "sexes": "female", "low": "6", "high": "17", "nationality": "VNM", "forms": "ForcedLabour;Servitude",
    "languages": "vi", "free": "4", "maximum": "12", "days": "2", "province": "12", "kilometres": "230", "sex": "male",
}  # fmt: skip


def given_codes() -> set[str]:
    """The codes that stand in the rules, read from their source."""
    return set(re.findall(r"""found\.(?:fits|cannot|ask)\(\s*"(\w+)\"""", inspect.getsource(rules))) | {
        "adults_only", "age_outside", "age_unknown", "age_uncertain", "sex_unknown", "gender_not_named",
        "residential_high_risk", "residential_last",
    }  # fmt: skip


def test_every_code_has_a_sentence_and_every_sentence_a_code() -> None:
    assert set(texts.SENTENCES) == given_codes()


@pytest.mark.parametrize("language", ["en", "km"])
@pytest.mark.parametrize("code", sorted(texts.SENTENCES))
def test_every_sentence_can_be_said(code: str, language: str) -> None:
    with translation.override(language):
        told = texts.sentence(Reason(code, tuple(EXAMPLE.items())))
    assert told
    assert "%(" not in told


def said(person: PersonFacts, days: int | None = 2, **offer: object) -> set[str]:
    found = match(person, Offer(**offer), provinces=PROVINCES, capacity_age=days)  # type: ignore[arg-type]
    return {texts.sentence(reason) for reason in (*found.reasons, *found.obstacles, *found.to_ask)}


GIRL = PersonFacts.aged(12, sex="female", treated_as_child=True, languages=("vi",), province="01")


def test_a_girl_and_a_house_for_girls() -> None:
    told = said(
        GIRL, sexes=["female"], minimum_age=6, maximum_age=17, languages=["km", "vi"], province="01",
        capacity_maximum=12, capacity_available=4,
    )  # fmt: skip
    assert {
        "Takes girls of 6 to 17 years",
        "4 of 12 places free, confirmed 2 days ago",
        "In the same province",
        "Speaks Vietnamese",
    } <= told


def test_a_man_and_a_house_for_women() -> None:
    assert "Takes only women" in said(PersonFacts.aged(34, sex="male"), sexes=["female"], minimum_age=18)


def test_a_transgender_woman_and_a_house_for_women() -> None:
    told = said(PersonFacts.aged(34, sex="transgender_feminine"), sexes=["female"], minimum_age=18)
    assert "It names women. Ask whether it takes this person too (Transgender woman)." in told


def test_a_full_house_yesterday_and_a_full_house_last_month() -> None:
    full = {"capacity_maximum": 6, "capacity_available": 0}
    assert "No place is free (0 of 6 places free, confirmed yesterday)" in said(GIRL, 1, **full)
    assert "No place was free 30 days ago. Ask whether one is free now." in said(GIRL, 30, **full)


@pytest.mark.parametrize(
    ("sexes", "low", "high", "words"),
    [
        ([], None, None, "everybody"), ([], 18, None, "adults"), ([], None, 17, "children"),
        ([], 6, 17, "children of 6 to 17 years"), ([], 15, None, "people of 15 years or older"),
        (["female"], 18, None, "women"), (["female"], 6, 17, "girls of 6 to 17 years"),
        (["female"], None, None, "women and girls"), (["male"], None, 17, "boys"),
        (["male"], 18, 60, "men of 18 to 60 years"),
        (["female", "transgender_feminine"], 18, None, "women and transgender women"),
        (["nonconforming"], 18, None, "Neither male nor female"),
        (["male", "transgender_masculine", "nonconforming"], 7, 17,
         "boys, transgender boys and Neither male nor female of 7 to 17 years"),
    ],
)  # fmt: skip
def test_whom_a_service_takes(sexes: list[str], low: int | None, high: int | None, words: str) -> None:
    assert directory.who(sexes, low, high) == words


def test_khmer_labels_come_from_the_pack() -> None:
    with translation.override("km"):
        assert "វៀតណាម" in texts.sentence(Reason("speaks", (("languages", "vi"),)))
        assert "ភ្នំពេញ" in texts.sentence(Reason("distance", (("kilometres", "230"), ("province", "12"))))
