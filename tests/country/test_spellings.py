"""How lists write places and nationalities: each spelling one code, and as people of the region write them."""

from collections import Counter

import pytest

from spean.country.pack import pack
from spean.country.spellings import spellings


@pytest.mark.parametrize(
    ("written", "code"),
    [("Cambodian", "KHM"), ("khmer", "KHM"), ("KH", "KHM"), ("កម្ពុជា", "KHM"), ("ខ្មែរ", "KHM"), ("Viet Nam", "VNM"),
     ("Vietnamese", "VNM"), ("người Việt", "VNM"), ("Thai", "THA"), ("คนไทย", "THA"), ("Lao PDR", "LAO"), ("Laotian", "LAO"),
     ("Burmese", "MMR"), ("Filipina", "PHL"), ("PRC", "CHN")],
)  # fmt: skip
def test_a_nationality_is_known_as_lists_write_it(written: str, code: str) -> None:
    assert spellings(pack()).nationalities[written.casefold()] == code


def test_what_could_be_two_or_none_is_known_as_neither() -> None:
    known = spellings(pack()).nationalities
    assert not {"none", "unknown nationality", "bengali", "malay", "asian", ""} & known.keys()


def test_no_spelling_stands_for_two_nationalities() -> None:
    found = Counter[str]()
    for code in pack().codelist("nationality"):
        also = code.extra.get("also_written", "").split(";")
        found.update({one.casefold() for one in (code.code, *code.labels.values(), *also) if one})
    # Nigeria's code is Russia's name in Vietnamese. The code wins: it is written as it is by programs.
    assert [one for one, times in found.items() if times > 1] == ["nga"]
    assert spellings(pack()).nationalities["nga"] == "NGA"
