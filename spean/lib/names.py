"""Names of the region as text: cleaned, written in Latin letters, and brought to keys of their sound.

Three steps, each usable alone: `normalise` (one spelling of the same text), `romanise` (any script to
Latin letters) and `phonetic` (one key for the many spellings of one name). Whether two *persons* are the
same is not decided here; see `people.matching`.
"""

import re
import threading
import unicodedata
from functools import cache, lru_cache
from typing import Any

from spean.lib.khmer import romanise_khmer

# --- cleaning -----------------------------------------------------------------------------------

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_APOSTROPHES = re.compile("['’‘ʼ`´]")
# Khmer and Thai vowel signs are marks, so "not a letter and not a mark" is what separates words.
_SEPARATORS = re.compile(r"(?:[^\w\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17dd]|[\d_])+")

# Words that introduce a person and are nobody's name. Dropped wherever they lead and a name follows.
TITLES = frozenset(
    [
        "mr", "mrs", "ms", "miss", "mister", "madam", "madame", "mme", "mlle", "dr", "prof", "sir", "oknha", "lokta",
        "លោក", "លោកស្រី", "លោកជំទាវ", "លោកតា", "លោកយាយ", "អ្នកស្រី", "អ្នកនាង", "អ្នក", "ឯកឧត្តម", "ឧកញ៉ា", "យាយ",
        "បងស្រី", "បងប្រុស", "អ៊ំ", "ម៉ែ", "នាងសាវ", "ông", "bà", "chị", "cô", "chú", "bác", "นาย", "นาง",
        "นางสาว", "นส", "ดช", "ดญ", "เด็กชาย", "เด็กหญิง", "คุณ", "พี่", "น้อง", "ป้า", "ลุง", "ยาย", "ທ້າວ", "ນາງ",
        "ທ່ານ", "nangsao", "dekchai", "dekying",
    ]
)  # fmt: skip
# Kin terms and titles that are also names (Om, Ta, Ming, Khun, Anh, Kanha): dropped only when at least two words
# remain, so that "Om Samnang" keeps its family name and "Bong Sok Dara" loses the "elder sibling".
KIN_TERMS = frozenset(
    [
        "lok", "lork", "look", "neak", "bong", "pu", "ming", "om", "ta", "yeay", "oun", "aun", "mae", "pa", "បង", "អូន",
        "ពូ", "មីង", "តា", "កញ្ញា", "នាង", "ក្មេង", "ong", "ba", "anh", "chi", "em", "co", "chu", "bac", "nai", "nang",
        "khun", "phi", "nong", "pa", "lung", "yai", "daw", "ko", "ma", "maung",
    ]
)  # fmt: skip
# Titles that Khmer and Thai write without a space before the name.
_ATTACHED = tuple(
    sorted(
        ["លោកជំទាវ", "លោកស្រី", "លោក", "អ្នកស្រី", "អ្នកនាង", "ឯកឧត្តម", "ឧកញ៉ា", "นางสาว", "เด็กชาย", "เด็กหญิง"],
        key=len,
        reverse=True,
    )
)
# "called": what follows is another name of the same person.
_ALIAS = re.compile(
    r"\b(?:a\.?\s?k\.?\s?a\.?|alias|known as|also known as|called|nickname|dit)\b\.?|ហៅ|[;/()]", re.IGNORECASE
)


def normalise(text: str) -> str:
    """The name in one spelling of its own script: composed, lower case, single spaces, without titles."""
    if text.isascii():
        text = text.lower().replace("'", "").replace("`", "")
    else:
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
        text = unicodedata.normalize("NFC", _APOSTROPHES.sub("", text))
    words = _SEPARATORS.sub(" ", text).split()
    # Two passes at most change anything; the loop ends because every round removes a word or a prefix.
    while words:
        shorter = _without_title(words)
        if shorter == words:
            break
        words = shorter
    return " ".join(words)


def _without_title(words: list[str]) -> list[str]:
    leading = words[0]
    if len(words) > 1 and leading in TITLES:
        return words[1:]
    if len(words) > 2 and leading in KIN_TERMS:
        return words[1:]
    if leading.isascii():
        return words
    for title in _ATTACHED:
        rest = leading[len(title) :]
        # At least two letters must remain, and not a sign that belongs to the title's last letter.
        if leading.startswith(title) and len(rest) > 1 and unicodedata.category(rest[0]).startswith("L"):
            return [rest, *words[1:]]
    return words


def split_aliases(text: str) -> list[str]:
    """The several names one field may hold: "Sok Dara alias Mao" is two."""
    if text.isalpha():
        return [text]
    return [part for part in (piece.strip() for piece in _ALIAS.split(text)) if any(map(str.isalpha, part))]


# --- other scripts to Latin letters ---------------------------------------------------------------

_LETTERS = str.maketrans({"đ": "d", "ø": "o", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"})
_NOT_LATIN = re.compile("[^a-z]+")
_KHMER = re.compile("[\u1780-\u17dd]+")

_uroman: Any = None
_loading = threading.Lock()


def _romanise_other(word: str) -> str:
    # uroman reads 4 MB of tables for seconds, so it is loaded only when a script other than Latin or Khmer
    # appears, and its answers are kept per word.
    global _uroman
    with _loading:
        if _uroman is None:
            _uroman = _load_uroman()
    return str(_uroman.romanize_string(word))


def _load_uroman() -> Any:
    from uroman import uroman

    slow = uroman.slot_value_in_double_colon_del_list

    @cache
    def pattern(slot: str) -> re.Pattern[str]:
        return re.compile(rf"(?:.*\s)?::{slot}(|\s+\S.*?)(?:\s+::\S.*|\s*)$")

    def read_slot(line: str, slot: str, default: Any = None) -> Any:
        found = pattern(slot).match(line) if "::" + slot in line else None
        return found.group(1).strip() if found else default

    # It asks each of 15,000 lines for every possible slot and builds the pattern anew each time. The same pattern,
    # built once, and only where the slot is there at all, brings 12 s down to 3.
    uroman.slot_value_in_double_colon_del_list = read_slot
    try:
        return uroman.Uroman()
    finally:
        uroman.slot_value_in_double_colon_del_list = slow


@lru_cache(maxsize=200_000)
def _romanise_word(word: str) -> str:
    if word.isascii():
        return _NOT_LATIN.sub("", word)
    word = _KHMER.sub(lambda found: romanise_khmer(found.group()), word)
    plain = _strip_marks(word)
    if not plain.isascii():
        plain = _strip_marks(_romanise_other(word))
    return _NOT_LATIN.sub("", plain)


def _strip_marks(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold().translate(_LETTERS))
    return "".join(letter for letter in decomposed if not "\u0300" <= letter <= "\u036f").translate(_LETTERS)


def romanise(text: str) -> str:
    """The normalised name in plain lower-case Latin letters: "ស្រី" is "srey", "Nguyễn" is "nguyen"."""
    return " ".join(filter(None, map(_romanise_word, normalise(text).split())))


# --- sound ----------------------------------------------------------------------------------------

# Consonants, applied in this order to Latin letters. What is *not* here is as deliberate: l and r, d and t,
# b and p, b and v, n and ng begin different names (Dara/Tara, Bora/Vora, Heng/Hen); a confusion of those is left
# to the edit distance, where it costs something.
CONSONANT_RULES: tuple[tuple[str, str, str], ...] = (
    # pattern, replacement, example
    (r"(?<=n)dr", "tr", "Chandra = Chantra"),
    (r"bh", "p", "Bhirom = Phirom"),
    (r"ph|f", "p", "Phal = Pal; Fin = Phin"),
    (r"kh|gh|ck|q", "k", "Sokh = Sok; Khim = Kim; Sopheck = Sophek"),
    (r"ch+|j", "c", "Chhay = Chay; Jan = Chan"),
    (r"th|dh(?![aeiouy])", "t", "Thy = Ty; Rith = Rit"),
    (r"sh|x|z", "s", "Sharath = Sarath; Xuan = Suan; Zok = Sok"),
    (r"nh|ny(?=[aou])", "n", "Minh = Min; Kanha = Kanya = Kana"),
    (r"w", "v", "Wannak = Vannak"),
    (r"(?<!n)g", "k", "Gim = Kim"),
    (r"h(?![aeiouy])", "", "Cheah = Chea"),
    (r"(?<=[bcdklmnprstv])h", "", "Dhara = Dara"),
    (r"(?<=[aeiouyvw])r(?![aeiouy])", "", "Sorn = Son; Sothear = Sothea"),
    (r"b(?=[rl])", "p", "Brak = Prak"),
    (r"b$", "p", "Sib = Sip"),
    (r"d$", "t", "Rid = Rit"),
)  # fmt: skip
# Vowel runs, by what they contain. A run is every vowel letter in a row, with a closing y, v or w.
VOWEL_RULES: tuple[tuple[str, str, str], ...] = (
    (r"a+[yi]+", "ay", "Chhay = Chhai"),
    (r"[ou]+a?[yi]+", "oy", "Huy = Houy"),
    (r".*(?:e|i|y)(?:a?o+|a?[vw]|o[vw]|[vw]|ao|a?ou)", "iv", "Keo = Kev = Keov"),
    (r"i+u|i?eu(?<=ieu)", "iv", "Liv = Liu; Hieu"),
    (r".*[eiy].*", "i", "Srey = Srei = Sri; Chea = Chia; Leang = Lieng = Leng; Pich = Pech; Roeun = Reun"),
    (r"a+[ouvw]+|o+[vw]", "av", "Sao = Sau = Sav = Sov"),
    (r"a+|oa+", "a", "Dara; Hoa = Ha"),
    (r".*", "o", "Sok = Souk = Suk; Suon = Soun = Son"),
)  # fmt: skip

_consonant_rules = [(re.compile(pattern), by) for pattern, by, _ in CONSONANT_RULES]
_vowel_rules = [(re.compile(pattern), by) for pattern, by, _ in VOWEL_RULES]
_DOUBLED = re.compile(r"([bcdhklmnprstvgy])\1+")
_GLIDE_START = re.compile(r"^[iy](?=[aeou])|^y(?=[iy])")
_GLIDE_AFTER = re.compile(r"(?<=[bcdghklmnprstv])y(?=[aou])")
_RUN = re.compile(r"(?:[aeiou]|y(?![aeiou])|(?<=[bcdghklmnprstv])y)+(?:v(?![aeiouy]))?")


# Asking for a letter is ten times faster than a pattern that does not match. A rule is tried where one of these is.
_NEEDS: tuple[tuple[str, ...], ...] = (
    ("dr",), ("bh",), ("ph", "f"), ("kh", "gh", "ck", "q"), ("ch", "j"), ("th", "dh"), ("sh", "x", "z"), ("nh", "ny"),
    ("w",), ("g",), ("h",), ("h",), ("r",), ("b",), ("b",), ("d",),
)  # fmt: skip


def _vowel(found: re.Match[str]) -> str:
    return _vowel_of(found.group())


@lru_cache(maxsize=20_000)
def _vowel_of(run: str) -> str:
    for pattern, by in _vowel_rules:
        if pattern.fullmatch(run):
            return by
    raise AssertionError("the last rule takes everything")


def _key_once(word: str) -> str:
    for (pattern, by), needs in zip(_consonant_rules, _NEEDS, strict=True):
        for letters in needs:
            if letters in word:
                word = pattern.sub(by, word)
                break
    word = _DOUBLED.sub(r"\1", word)
    if "y" in word:
        word = _GLIDE_AFTER.sub("iy", word)
    initial = "y" if _GLIDE_START.match(word) else ""
    word = initial + _RUN.sub(_vowel, word[1:] if initial else word)
    return _DOUBLED.sub(r"\1", word)


@lru_cache(maxsize=400_000)
def key(word: str) -> str:
    """The sound of one romanised word. Applying it to its own result changes nothing."""
    return _settled(_key_once(word))


@lru_cache(maxsize=200_000)  # many words come to one sound
def _settled(word: str) -> str:
    seen = {word}
    while (after := _key_once(word)) not in seen:
        seen.add(after)
        word = after
    # A rule may uncover work for another; in the rare circle the smallest spelling is taken.
    return min(after, word) if after != word else word


def phonetic(text: str) -> str:
    """The sound of a name, word by word in the order written: "Sokh Dara", "សុខ ដារ៉ា" are "sok dara"."""
    return " ".join(filter(None, map(key, romanise(text).split())))


def unordered(text: str) -> str:
    """The same key whether the family name or the given name was written first."""
    return " ".join(sorted(phonetic(text).split()))


def joined(text: str) -> str:
    """The same key whether a compound name was written as one word or as two: Sreyneang, Srey Neang."""
    return key(romanise(text).replace(" ", ""))


_CONFUSED = str.maketrans({"r": "l", "b": "p", "v": "p", "d": "t", "g": None, "h": None, "y": None})
_VOWEL_LETTERS = re.compile("[aeiou]+")


@lru_cache(maxsize=400_000)
def skeleton(sound: str) -> str:
    """The consonants of a key alone, with those taken for one that ears and keyboards confuse: r/l, b/p/v, d/t, n/ng.

    Far too coarse to say that two names are one; it only brings together what is then compared. "Dara" and "Tala" meet.
    """
    bare = _VOWEL_LETTERS.sub("", sound.translate(_CONFUSED))
    return _DOUBLED.sub(r"\1", bare) or sound[:1]
