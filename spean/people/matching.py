"""Whether two descriptions may be of one person: weights, reasons, thresholds. Pure; decides nothing.

The sum is Fellegi–Sunter's: every field that both sides know adds the logarithm (base 2) of how much more often
it agrees, or disagrees, in two records of one person than in records of two people. What one side does not know
adds nothing. The weights are fixed here until decisions made by people are numerous enough to train them.
Finding candidates among many persons is `search_index`; deciding is a person's, in `actions`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import log2
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _
from rapidfuzz.distance import OSA

from spean.lib import names
from spean.lib.births import common_era, read_birth
from spean.lib.numbers import document_keys, phone_keys

# --- thresholds and weights ------------------------------------------------------------------------

# Before anything is compared: the odds that a given record on file is the person now asked about. About one
# newcomer in six is known already, against some twenty thousand people on file.
PRIOR_BITS = -17.0

# From here on a person is asked to look. Low on purpose: looking at twenty pairs costs minutes, a second file about
# one survivor costs her a second interview and the country a wrong count.
POSSIBLE = 0.05
# From here on the page says "probably the same". It still asks.
LIKELY = 0.8

SAME_DOCUMENT = 20.0  # numbers are unique, but families lend papers and clerks mistype
SAME_PHONE = 13.0  # telephones are shared by sisters and sold; a different number says nothing
SAME_BIRTH_DATE = 12.0
SWAPPED_BIRTH_DATE = 9.0
ONE_PART_OF_DATE_DIFFERS = 5.0
SAME_YEAR_OTHER_DAY = 1.0
SAME_YEAR = 5.0
# Difference in years → weight, where both years were stated, and where one was estimated or counted from an age.
YEARS_APART = ((1, 1.0), (2, -2.0), (5, -4.0), (200, -6.0))
YEARS_APART_ESTIMATED = ((1, 2.0), (2, 1.0), (3, 0.0), (5, -1.0), (10, -3.0), (200, -6.0))
SAME_SEX, OTHER_SEX, SEX_UNCLEAR = 0.7, -3.0, -0.5  # lowers, never excludes: clerks err, and people transition
SAME_NATIONALITY, OTHER_NATIONALITY = 0.5, -2.0  # nationality is often claimed falsely or contested
SAME_PROVINCE, OTHER_PROVINCE = 3.0, -1.0
PARENT_SHARE, PARENT_CAP, OTHER_PARENT = 0.8, 12.0, -2.0

NAME_CAP = 24.0  # a full, rare name; more words prove no more
OTHER_NAME = -5.0  # low cost: a false name is given to, or chosen by, many trafficked persons
WORD_DIFFERS = -3.0
WORD_EXTRA = -0.7  # a name in the middle left out
SOUND_ONLY = -0.4
SPLIT_OR_JOINED = -0.4
NEAR = 0.7  # likeness of two words from which they may be one, misspelt
WORD_BITS = (2.0, 13.0)  # the least and most one word can prove

# Share of people who bear a word of a name, by its sound, until the index knows the real counts. Rough shares from
# published name lists of the region; anything else counts as one in a thousand.
COMMON_SHARE = 0.001
COMMON_SOUNDS = {
    names.key(word): share
    for word, share in {
        "nguyen": 0.06, "thi": 0.05, "van": 0.04, "tran": 0.02, "le": 0.015, "pham": 0.01, "sok": 0.03,
        "srey": 0.05, "chan": 0.03, "chea": 0.02, "chhay": 0.01, "heng": 0.015, "kim": 0.015, "ly": 0.015,
        "mao": 0.01, "keo": 0.01, "kong": 0.01, "lim": 0.01, "long": 0.01, "meas": 0.01, "nget": 0.006,
        "noun": 0.008, "oum": 0.008, "ouk": 0.006, "pen": 0.008, "pich": 0.008, "prak": 0.008, "prum": 0.008,
        "sam": 0.01, "seng": 0.012, "sim": 0.008, "som": 0.01, "sun": 0.01, "tep": 0.008, "yim": 0.006, "dara": 0.01,
        "sophea": 0.012, "sokha": 0.01, "sreymom": 0.008, "sreyneang": 0.008, "sopheap": 0.01, "bopha": 0.006,
        "channa": 0.006, "samnang": 0.008, "vanna": 0.008, "chantha": 0.006, "ratha": 0.006, "somchai": 0.005,
        "somsak": 0.004, "aung": 0.02, "myint": 0.01, "win": 0.01,
    }.items()
}  # fmt: skip

Share = Callable[[str], float]


def usual_share(sound: str) -> float:
    """How common a word of a name is, when nothing is known about the people on file."""
    return COMMON_SOUNDS.get(sound, COMMON_SHARE)


# --- what is compared ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Details:
    """What somebody knows of a person. Everything may be missing."""

    family_name: str = ""
    given_name: str = ""
    name_km: str = ""
    other_names: tuple[str, ...] = ()
    sex: str = ""
    birth_date: date | str | None = None
    birth_year: int | None = None
    birth_year_estimated: bool = False
    nationality: str = ""
    birth_province: str = ""
    phone: str = ""
    document_number: str = ""
    mother_name: str = ""
    father_name: str = ""

    def __repr__(self) -> str:
        return "<details of a person>"  # a name must not reach a trace or a log


class Word(NamedTuple):
    text: str
    sound: str


Form = tuple[Word, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Prepared:
    """Details romanised and cleaned once, so that many comparisons are cheap."""

    forms: tuple[Form, ...] = ()
    other_forms: tuple[Form, ...] = ()
    mother: tuple[Form, ...] = ()
    father: tuple[Form, ...] = ()
    sex: str = ""
    born: date | None = None
    year: int | None = None
    estimated: bool = False
    nationality: str = ""
    province: str = ""
    phones: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()


class Comparison(NamedTuple):
    weight: float  # bits for (+) or against (-), without the prior
    score: float  # 0..1: probability under the fixed weights
    reasons: tuple[str, ...]  # codes, strongest first


@lru_cache(maxsize=400_000)
def _word(text: str) -> Word:
    return Word(text, names.key(text))


def form(text: str) -> Form:
    """A name as words with their sounds."""
    return tuple(word for word in map(_word, names.romanise(text).split()) if word.sound)


def _forms(*texts: str) -> tuple[Form, ...]:
    found = (form(part) for text in texts if text for part in names.split_aliases(text))
    return tuple(dict.fromkeys(words for words in found if words))


def prepare(details: Details) -> Prepared:
    """Romanise, split and clean every field once."""
    born, year = read_birth(details.birth_date)
    estimated = details.birth_year_estimated and year is None
    if year is None and details.birth_year is not None:
        year = common_era(details.birth_year)
    main = _forms(f"{details.family_name} {details.given_name}", details.name_km)
    return Prepared(
        forms=main,
        other_forms=tuple(
            words
            for words in _forms(*(part for text in details.other_names for part in text.split(",")))
            if words not in main
        ),
        mother=_forms(details.mother_name),
        father=_forms(details.father_name),
        sex=details.sex,
        born=born,
        year=year,
        estimated=estimated,
        nationality=details.nationality,
        province=details.birth_province,
        phones=frozenset(phone_keys(details.phone)),
        documents=frozenset(document_keys(details.document_number)),
    )


# --- names -----------------------------------------------------------------------------------------


class NameLikeness(NamedTuple):
    weight: float
    matched: float  # bits of the words that were found again
    whole: bool  # every word of both sides was found
    spelled: bool  # … and spelled alike
    turned: bool  # … in another order


_NOTHING_ALIKE = NameLikeness(OTHER_NAME, 0.0, False, False, False)


def _bits(sound: str, share: Share) -> float:
    return min(max(-log2(max(share(sound), 1e-9)), WORD_BITS[0]), WORD_BITS[1])


@lru_cache(maxsize=100_000)
def likeness(first: Word, second: Word) -> float:
    """0..1, the better of spelling and sound; short words must agree wholly, their neighbours are other names."""
    if min(len(first.text), len(second.text)) < 3:
        return 0.0
    spelling = OSA.normalized_similarity(first.text, second.text)
    sound = OSA.normalized_similarity(first.sound, second.sound) - 0.05
    return max(spelling, sound)


def compare_names(first: Form, second: Form, share: Share = usual_share) -> NameLikeness:
    """Align the words of two names, in any order, split or joined, misspelt or left out."""
    if second < first:
        first, second = second, first  # the same answer whichever is asked about
    if first == second:
        total = sum(_bits(word.sound, share) for word in first)
        return NameLikeness(min(total, NAME_CAP), total, True, True, False)
    left, right = list(first), list(second)
    weight = matched = 0.0
    spelled = True
    order: list[tuple[int, int]] = []

    def take(one: Word, other: Word, worth: float, cost: float = 0.0) -> None:
        nonlocal weight, matched
        order.append((first.index(one), second.index(other)))
        left.remove(one)
        right.remove(other)
        weight += worth + cost
        matched += worth

    for word in first:
        if word in right and word in left:
            take(word, word, _bits(word.sound, share))
    for word in list(left):
        twin = next((other for other in right if other.sound == word.sound), None)
        if twin is not None:
            take(word, twin, _bits(word.sound, share), SOUND_ONLY)
            spelled = False
    for shorter, longer in ((left, right), (right, left)):
        for word in list(shorter):
            pair = _pieces(word, longer)
            if pair:
                worth = min(sum(_bits(piece.sound, share) for piece in pair), WORD_BITS[1] + 3)
                weight += worth + SPLIT_OR_JOINED
                matched += worth
                shorter.remove(word)
                for piece in pair:
                    longer.remove(piece)
                spelled = False
    if left and right and _sound_together(first) == _sound_together(second):  # a space in the wrong place
        matched = sum(min(_bits(word.sound, share) for word in words) for words in (first, second))
        weight, left, right, spelled = matched + SPLIT_OR_JOINED, [], [], False
    whole = not left and not right
    near = sorted(
        ((likeness(*sorted((one, other))), one, other) for one in left for other in right),
        key=lambda found: (-found[0], found[1], found[2]),
    )
    for alike, one, other in near:
        if alike >= NEAR and one in left and other in right:
            worth = min(_bits(one.sound, share), _bits(other.sound, share)) * (0.3 + 0.55 * (alike - NEAR) / (1 - NEAR))
            take(one, other, worth)
            spelled = False
    if not matched:
        return _NOTHING_ALIKE
    weight += WORD_DIFFERS * min(len(left), len(right)) + WORD_EXTRA * abs(len(left) - len(right))
    turned = whole and [other for _, other in sorted(order)] != sorted(other for _, other in order)
    return NameLikeness(max(min(weight, NAME_CAP), OTHER_NAME), matched, whole, spelled and whole, turned)


@lru_cache(maxsize=200_000)
def _sound_together(words: Form) -> str:
    return names.key("".join(word.text for word in words))


def _pieces(word: Word, among: Sequence[Word]) -> tuple[Word, Word] | None:
    """Two words that are one compound name when written together."""
    for one in among:
        for other in among:
            if (
                one is not other
                and one.sound[0] == word.sound[0]
                and abs(len(one.text) + len(other.text) - len(word.text)) <= 4
                and names.key(one.text + other.text) == word.sound
            ):
                return one, other
    return None


def _best_name(ours: Iterable[Form], theirs: Sequence[Form], share: Share) -> NameLikeness | None:
    found = [compare_names(one, other, share) for one in ours for other in theirs]
    return max(found) if found else None


def _name_reasons(found: NameLikeness) -> Iterator[str]:
    if found.spelled:
        yield "same_name"
    elif found.whole:
        yield "same_name_sound"
    elif found.weight >= 4:
        yield "similar_name"
    elif found.weight < 0:
        yield "different_name"
    if found.turned:
        yield "name_order"


# --- the whole comparison ------------------------------------------------------------------------

_CLEAR_SEXES = frozenset({"female", "male"})
_UNCLEAR_SEXES = frozenset({"", "unknown", "nonconforming"})


def _compare_births(a: Prepared, b: Prepared) -> tuple[float, str]:
    if a.year is None or b.year is None:
        return 0.0, ""
    apart = abs(a.year - b.year)
    if a.born and b.born:
        if a.born == b.born:
            return SAME_BIRTH_DATE, "same_birth_date"
        if not apart and (a.born.day, a.born.month) == (b.born.month, b.born.day):
            return SWAPPED_BIRTH_DATE, "swapped_birth_date"
        same_day, same_month = a.born.day == b.born.day, a.born.month == b.born.month
        if (not apart and (same_day or same_month)) or (same_day and same_month and _one_digit(a.year, b.year)):
            return ONE_PART_OF_DATE_DIFFERS, "similar_birth_date"
        if not apart:
            return SAME_YEAR_OTHER_DAY, "same_birth_year"
    elif not apart:
        return SAME_YEAR, "same_birth_year"
    estimated = a.estimated or b.estimated
    weight = next(
        w for most, w in (YEARS_APART_ESTIMATED if estimated else YEARS_APART) if apart <= most or most == 200
    )
    if weight > 0:
        return weight, "close_birth_year"
    return weight, "different_birth_year" if weight < -1 else ""


def _one_digit(a: int, b: int) -> bool:
    return abs(a - b) == 1 or sum(one != other for one, other in zip(str(a), str(b), strict=True)) == 1


def _compare_sexes(a: str, b: str) -> tuple[float, str]:
    if a in _UNCLEAR_SEXES or b in _UNCLEAR_SEXES:
        return 0.0, ""
    if a == b:
        return SAME_SEX, ""
    if a in _CLEAR_SEXES and b in _CLEAR_SEXES:
        return OTHER_SEX, "different_sex"
    return SEX_UNCLEAR, "different_sex"


def compare(a: Details | Prepared, b: Details | Prepared, share: Share = usual_share) -> Comparison:
    """How strongly two descriptions point to one person, and why. The order of the two does not matter."""
    a = prepare(a) if isinstance(a, Details) else a
    b = prepare(b) if isinstance(b, Details) else b
    found: list[tuple[float, str]] = []

    named = _best_name(a.forms, b.forms, share)
    other = _best_name(a.forms + a.other_forms, b.forms + b.other_forms, share)
    if other is not None:
        by_other_name = named is None or other.weight > named.weight + 1
        best = other if by_other_name or named is None else named
        reasons = list(_name_reasons(best)) or [""]
        found.append((best.weight, reasons[0]))
        found.extend((0.0, reason) for reason in reasons[1:])
        if by_other_name and best.weight >= 4:
            found.append((0.0, "other_name"))

    found.append(_compare_births(a, b))
    found.append(_compare_sexes(a.sex, b.sex))
    if a.documents & b.documents:
        found.append((SAME_DOCUMENT, "same_document"))
    if a.phones & b.phones:
        found.append((SAME_PHONE, "same_phone"))
    if a.nationality and b.nationality:
        same = a.nationality == b.nationality
        found.append((SAME_NATIONALITY, "") if same else (OTHER_NATIONALITY, "different_nationality"))
    if a.province and b.province:
        same = a.province == b.province
        found.append((SAME_PROVINCE, "same_province") if same else (OTHER_PROVINCE, "different_province"))
    for parent, ours, theirs in (("mother", a.mother, b.mother), ("father", a.father, b.father)):
        alike = _best_name(ours, theirs, share)
        if alike is not None:
            weight = min(alike.weight * PARENT_SHARE, PARENT_CAP) if alike.weight > 0 else OTHER_PARENT
            kind = (
                "same" if alike.whole else "similar" if alike.weight >= 4 else "different" if alike.weight < 0 else ""
            )
            found.append((weight, f"{kind}_{parent}" if kind else ""))

    weight = sum(part for part, _ in found)
    score = 1 / (1 + 2 ** -(max(min(weight + PRIOR_BITS, 60.0), -60.0)))
    reasons_found = tuple(reason for _, reason in sorted(found, key=lambda part: -part[0]) if reason)
    if {"same_document", "same_phone"} & set(reasons_found):
        # A shared telephone or paper is always looked at: it may be her, or her sister, or her trafficker.
        score = max(score, POSSIBLE)
    return Comparison(weight, score, reasons_found)


def search_likeness(query: Form, person: Prepared, share: Share = usual_share) -> tuple[float, tuple[str, ...]]:
    """0..1 for a name typed into the search box: how much of what was typed is found in a person's names."""
    ideal = sum(_bits(word.sound, share) for word in query)
    best = 0.0
    reasons: tuple[str, ...] = ()
    for place, words in enumerate(person.forms + person.other_forms):
        found = compare_names(query, words, share)
        missed = max(len(query) - len(words), 0)
        score = min(found.matched / ideal, 1.0) if ideal else 0.0
        # Whole and well-spelled matches come first among equals.
        score = score * (1.0 if found.spelled else 0.98 if found.whole else 0.94) - 0.01 * missed
        if score > best:
            best = score
            labels = tuple(_name_reasons(found)) if found.weight > 0 else ("similar_name",)
            reasons = (labels or ("similar_name",)) + (("other_name",) if place >= len(person.forms) else ())
    return max(best, 0.0), reasons


# --- reasons in words ------------------------------------------------------------------------------

REASONS = {
    "same_code": _("Has this code"),
    "same_document": _("Same document number"),
    "same_phone": _("Same telephone number"),
    "same_name": _("Same name"),
    "same_name_sound": _("Name that sounds the same"),
    "similar_name": _("Similar name"),
    "other_name": _("Found by another name of the person"),
    "name_order": _("Family name and given name in the other order"),
    "different_name": _("Different name"),
    "same_birth_date": _("Same date of birth"),
    "swapped_birth_date": _("Same date of birth with day and month exchanged"),
    "similar_birth_date": _("Date of birth differs in one part"),
    "same_birth_year": _("Born in the same year"),
    "close_birth_year": _("Year of birth close to it"),
    "different_birth_year": _("Different year of birth"),
    "different_sex": _("Different sex recorded"),
    "different_nationality": _("Different nationality recorded"),
    "same_province": _("Born in the same province"),
    "different_province": _("Born in another province"),
    "same_mother": _("Same mother’s name"),
    "similar_mother": _("Similar mother’s name"),
    "different_mother": _("Different mother’s name"),
    "same_father": _("Same father’s name"),
    "similar_father": _("Similar father’s name"),
    "different_father": _("Different father’s name"),
}


def reason_text(code: str) -> str:
    """A reason as a phrase in the user's language."""
    return str(REASONS[code])
