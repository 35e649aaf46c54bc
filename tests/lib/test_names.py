"""Many spellings, one name; different names, different keys."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spean.lib import names
from spean.lib.khmer import romanise_khmer

# Every row is one name as registries, phones and people write it.
ONE_NAME = [
    "Sok Sokh Souk Suk សុខ",
    "Srey Srei Sry Sri ស្រី",
    "Chan Chann Jan ចាន់ ចន្ទ",
    "Vannak Wannak Vanak វណ្ណៈ",
    "Nguyễn Nguyen Nguyên NGUYỄN",
    "Chhay Chay Chhai ឆាយ",
    "Phal Pal",
    "Sothea Sothear Sotea",
    "Sophea Sophear Sophia សុភា",
    "Sopheap Sopheab សុភាព",
    "Dara Daraa Darah ដារ៉ា",
    "Theara ធារ៉ា",
    "Ratana Rattana រតនា",
    "Ratanak Rattanak រតនៈ",
    "Kanha Kanya កញ្ញា",
    "Vanna Wanna វណ្ណា",
    "Sovann Suvan សុវណ្ណ",
    "Samnang Sam-nang សំណាង",
    "Sambath Sambat សម្បត្តិ",
    "Pich Pech ពេជ្រ",
    "Rithy Rithi Rity រិទ្ធី ឫទ្ធី",
    "Hun Hoon ហ៊ុន ហុ៊ន",
    "Kim Khim Gim គឹម",
    "Keo Kev Keov កែវ",
    "Mao Mau Mav ម៉ៅ",
    "Pov Pao Pau ពៅ",
    "Sorn Son សន",
    "Prum Prom Brom ព្រុំ",
    "Prak Brak ប្រាក់",
    "Thoeun Thoeurn Theun ធឿន",
    "Chea Jea Cheah Chia ជា",
    "Meas Mias មាស",
    "Phalla ផល្លា",
    "Soriya Sorya សូរិយា",
    "Pheakdey Pheakdei ភក្តី",
    "Leakhena Leakhina លក្ខិណា",
    "Sopheak Sopheck សុភក្ត្រ",
    "Ly Lee Li លី",
    "Heng Heang Hing ហេង",
    "Bopha Bupha បុប្ផា",
    "Mony Muny Moni មុន្នី",
    "Vuthy Wuthi វុទ្ធី",
    "Ouk Uk អ៊ុក",
    "Nary Nari ណារី",
    "Ieng Yeng អៀង",
    "Sreymom Sreymum ស្រីមុំ",
    "Visal Wisal វិសាល",
    "Zarina Sarina",
    "Đặng Dang",
    "Phương Fuong Phuong",
]  # fmt: skip

DIFFERENT = [
    ("Dara", "Tara"),
    ("Bora", "Vora"),
    ("Heng", "Hen"),
    ("Sok", "Sak"),
    ("Chhay", "Chhoy"),
    ("Lina", "Rina"),
    ("Chan", "Chang"),
    ("Keo", "Kea"),
    ("Nguyen", "Ngoc"),
    ("Sok", "Sao"),
    ("Hun", "Un"),
]


@pytest.mark.parametrize("row", ONE_NAME, ids=lambda row: row.split()[0])
def test_spellings_of_one_name_share_a_key(row: str) -> None:
    assert len({names.phonetic(spelling.replace("-", "\u200b")) for spelling in row.split()}) == 1


@pytest.mark.parametrize("pair", DIFFERENT, ids="-".join)
def test_different_names_keep_different_keys(pair: tuple[str, str]) -> None:
    assert names.phonetic(pair[0]) != names.phonetic(pair[1])


@pytest.mark.parametrize(
    ("khmer", "latin"),
    [
        ("សុខ", "sokh"), ("ស្រី", "srey"), ("ចាន់", "chan"), ("សំណាង", "samnang"), ("វិច្ឆិកា", "vichchhika"),
        ("សុខដារ៉ា", "sokhdara"), ("សុគន្ធា", "sokanthea"), ("មករា", "makara"), ("ភីរុណ", "phirun"),
        ("ចន្ទ្រា", "chantrea"), ("ជ័យ", "chey"), ("រក្សា", "reaksa"), ("ពេជ្រ", "pech"), ("ចន្ទ៍", "chan"), ("", ""),
    ],
)  # fmt: skip
def test_khmer_is_read_by_its_two_series_of_consonants(khmer: str, latin: str) -> None:
    assert romanise_khmer(khmer) == latin


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("  SOK \u200b Dara ", "sok dara"),
        ("Mr. Sok Dara", "sok dara"),
        ("Mrs Dr. Sok", "sok"),
        ("លោកស្រី សុខ ដារ៉ា", "សុខ ដារ៉ា"),
        ("លោកសុខ ដារ៉ា", "សុខ ដារ៉ា"),
        ("Bong Sok Dara", "sok dara"),
        ("Om Samnang", "om samnang"),
        ("Ông Nguyễn Văn An", "nguyễn văn an"),
        ("นางสาวสมหญิง ใจดี", "สมหญิง ใจดี"),
        ("Mr", "mr"),
        ("O’Chum-Rith", "ochum rith"),
        ("Sok (2)", "sok"),
        ("", ""),
        ("12 / 7", ""),
    ],
)
def test_titles_kin_terms_and_invisible_letters_go(written: str, clean: str) -> None:
    assert names.normalise(written) == clean


def test_the_word_called_separates_two_names() -> None:
    assert names.split_aliases("Sok Dara alias Mao") == ["Sok Dara", "Mao"]
    assert names.split_aliases("សុខ ដារ៉ា ហៅ ម៉ៅ") == ["សុខ ដារ៉ា", "ម៉ៅ"]
    assert names.split_aliases("Mao; Srey a.k.a. Pov") == ["Mao", "Srey", "Pov"]
    assert names.split_aliases(" ; ") == []
    # By itself it introduces nobody: it is a name.
    assert names.split_aliases("Dit") == ["Dit"]


def test_family_name_first_and_given_name_first_meet() -> None:
    assert names.unordered("Sok Dara") == names.unordered("DARA Sokh")
    assert names.phonetic("Sok Dara") != names.phonetic("Dara Sok")


def test_compound_names_meet_split_or_joined() -> None:
    assert names.joined("Srey Neang") == names.joined("Sreyneang") == names.joined("ស្រី នាង")


def test_thai_lao_and_burmese_are_romanised() -> None:
    for written in ["บุญมี", "ສົມສັກ", "မောင်"]:
        latin = names.romanise(written)
        assert latin
        assert latin.isascii()


NAMES = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyz' -ăâđêôơưễáកខគឆជញដតទធនបពភមយរលវសហអាិីុូេែៃោៅំះ់៉៊័្៍\u200b"),
    max_size=24,
)


@settings(deadline=None)
@given(NAMES)
def test_every_step_is_idempotent(text: str) -> None:
    for step in (names.normalise, names.romanise, names.phonetic, names.unordered):
        once = step(text)
        assert step(once) == once


@settings(deadline=None)
@given(NAMES)
def test_keys_are_short_lower_case_latin(text: str) -> None:
    latin, sound = names.romanise(text), names.phonetic(text)
    assert set(latin) <= set("abcdefghijklmnopqrstuvwxyz ")
    assert set(sound) <= set("abcdefghijklmnopqrstuvwxyz ")
    assert len(sound) <= 2 * len(latin) + 2


@settings(deadline=None)
@given(st.lists(st.sampled_from(" ".join(ONE_NAME).split()), min_size=1, max_size=4))
def test_order_never_matters_to_the_unordered_key(words: list[str]) -> None:
    keys = {names.unordered(" ".join(order)) for order in itertools.permutations(words)}
    if not any(word.casefold() in names.KIN_TERMS for word in words):
        assert len(keys) == 1
