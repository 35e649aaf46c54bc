"""How much of a typed name is found in the names on file: for the search box and for finding whom to compare.

Says nothing of whether two descriptions are of one person; that is `matching`, by the comparisons of `linkage`.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from math import log2
from typing import NamedTuple

from rapidfuzz.distance import OSA

from spean.lib import names

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


class Word(NamedTuple):
    text: str
    sound: str


Form = tuple[Word, ...]


@lru_cache(maxsize=400_000)
def _word(text: str) -> Word:
    return Word(text, names.key(text))


def form(text: str) -> Form:
    """A name as words with their sounds."""
    return tuple(word for word in map(_word, names.romanise(text).split()) if word.sound)


def form_of(*texts: str) -> Form:
    """The same for texts that are romanised already."""
    return tuple(word for text in texts for word in map(_word, text.split()) if word.sound)


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


def _name_reasons(found: NameLikeness) -> Iterator[str]:
    if found.spelled:
        yield "same_name"
    elif found.whole:
        yield "same_name_sound"
    elif found.weight >= 4:
        yield "similar_name"
    if found.turned:
        yield "name_order"


def search_likeness(
    query: Form, main: Sequence[Form], others: Sequence[Form], share: Share = usual_share
) -> tuple[float, tuple[str, ...]]:
    """0..1 for a name typed into the search box: how much of what was typed is found in the names of a person."""
    ideal = sum(_bits(word.sound, share) for word in query)
    best = 0.0
    reasons: tuple[str, ...] = ()
    for place, words in enumerate([*main, *others]):
        found = compare_names(query, words, share)
        missed = max(len(query) - len(words), 0)
        score = min(found.matched / ideal, 1.0) if ideal else 0.0
        # Whole and well-spelled matches come first among equals.
        score = score * (1.0 if found.spelled else 0.98 if found.whole else 0.94) - 0.01 * missed
        if score > best:
            best = score
            labels = tuple(_name_reasons(found)) if found.weight > 0 else ("similar_name",)
            reasons = (labels or ("similar_name",)) + (("other_name",) if place >= len(main) else ())
    return max(best, 0.0), reasons
