"""Whether two descriptions may be of one person: probability and reasons. Pure; decides nothing.

How alike two records are, and what that is worth, is said once, in `spean.linkage`: the comparisons, rarity and weights
that link lists score persons here as well. This module turns details into what is compared there, and levels into
reasons a clerk can read. Finding candidates among many is `search_index`; deciding is a person's, in `actions`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from spean.lib import names
from spean.lib.births import common_era, read_birth
from spean.lib.numbers import document_keys, phone_keys
from spean.linkage import model
from spean.linkage.compare import COMPARISONS, NAME_OTHER, NAME_SOUND, PLACES, Compared, Levels, name_levels
from spean.linkage.compare import compare as levels_of
from spean.linkage.frequency import Frequencies, Values
from spean.linkage.records import NUMBERS, SEXES, Ints, Table, Vocabulary, region_of, split_name
from spean.people.likeness import Form, form_of
from spean.people.parameters import Parameters, parameters

# From here on a person is asked to look: of a hundred pairs at this border one is the same person. Low on purpose:
# looking at a pair costs a minute, a second file about one survivor a second interview and the country a wrong count.
POSSIBLE = 0.01
# From here on the page says "probably the same". It still asks.
LIKELY = 0.8
# Where a shorter and a better file of names both know her, the better must speak for her by more than this to be told.
BY_OTHER_NAME = 1.0
SIMILAR_NAME = 4.0  # bits of both names from which they are called similar
MOST_NAMES = 6  # of one person that are compared
SPELLINGS_APART = 4  # letters by which two spellings of one whole name may differ in length


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


class Named(NamedTuple):
    """One name of a person as romanised words with spaces between; `alias` is a single word she is called besides."""

    family: str
    given: str
    alias: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Prepared:
    """Details romanised and cleaned once, so that many comparisons are cheap."""

    named: tuple[Named, ...] = ()
    other_named: tuple[Named, ...] = ()
    mother: str = ""
    father: str = ""
    sex: int = -1
    born: date | None = None
    year: int | None = None
    estimated: bool = False
    nationality: str = ""
    province: str = ""
    phones: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()

    @property
    def forms(self) -> tuple[Form, ...]:
        """Her names as words with their sounds."""
        return tuple(words for one in self.named if (words := form_of(one.family, one.given)))

    @property
    def other_forms(self) -> tuple[Form, ...]:
        """Names that she was called besides."""
        told = ((one.alias,) if one.alias else (one.family, one.given) for one in self.other_named)
        return tuple(words for texts in told if (words := form_of(*texts)))

    @property
    def mother_forms(self) -> tuple[Form, ...]:
        return tuple(words for words in (form_of(self.mother),) if words)

    def values(self) -> Values:
        """What is counted to know how common it is."""
        every = self.named + self.other_named
        return Values(
            tuple(dict.fromkeys(_sound(one.family) for one in every if one.family)),
            tuple(dict.fromkeys(_sound(one.given) for one in every if one.given)),
            _sound(self.mother), self.nationality, self.province, self.phones + self.documents,
        )  # fmt: skip


class Comparison(NamedTuple):
    weight: float  # bits for (+) or against (-), without the prior
    score: float  # 0..1: probability under the parameters in use
    reasons: tuple[str, ...]  # codes, strongest first


def _sound(words: str) -> str:
    return names.key(words.replace(" ", ""))


def prepare(details: Details) -> Prepared:
    """Romanise, split and clean every field once."""
    born, year = read_birth(details.birth_date)
    estimated = details.birth_year_estimated and year is None
    if year is None and details.birth_year is not None:
        year = common_era(details.birth_year)
    others = [part for text in details.other_names for part in text.split(",")]
    named, other_named = _named(details, others)
    return Prepared(
        named=named,
        other_named=other_named,
        mother=_parent(details.mother_name),
        father=_parent(details.father_name),
        # Unclear or between the two is nothing that could disagree.
        sex={**SEXES, "nonconforming": -1}.get(details.sex.replace("_", ""), -1),
        born=born,
        year=year,
        estimated=estimated,
        nationality=details.nationality,
        province=details.birth_province,
        phones=tuple(dict.fromkeys(phone_keys(details.phone)))[:NUMBERS],
        documents=tuple(dict.fromkeys(document_keys(details.document_number)))[:NUMBERS],
    )


def _named(details: Details, others: Sequence[str]) -> tuple[tuple[Named, ...], tuple[Named, ...]]:
    main: list[Named] = []
    called: list[str] = list(others)
    for family, given in ((details.family_name, details.given_name), ("", details.name_km)):
        first, *more = names.split_aliases(given) or [""]
        called += more
        one, two, alias = split_name(family, first)
        if one or two:
            main.append(Named(" ".join(one), " ".join(two)))
        if alias:
            called.append(" ".join(alias))
    other: list[Named] = []
    for text in called:
        for part in names.split_aliases(text):
            one, two, _ = split_name("", part)
            if one and two:
                other.append(Named(" ".join(one), " ".join(two)))
            elif two:
                before = main[0] if main else Named("", "")
                other.append(before._replace(alias=" ".join(two)))
    kept = tuple(dict.fromkeys(main))[:MOST_NAMES]
    return kept, tuple(one for one in dict.fromkeys(other) if one not in kept)[: MOST_NAMES - len(kept)]


def _parent(text: str) -> str:
    # Sorted, because nobody says whether the family name of a parent comes first.
    return " ".join(sorted(names.romanise(next(iter(names.split_aliases(text)), "")).split(), key=names.key))


# --- the comparison ------------------------------------------------------------------------------


class _Rows(NamedTuple):
    """The names of some persons as a table: one row for each name of each person."""

    table: Table
    father: Ints
    person: Ints  # whose name a row is, by place
    other: NDArray[np.bool_]  # a name besides the main ones


def _rows(people: Sequence[Prepared]) -> _Rows:
    vocabulary = Vocabulary()
    nationalities: dict[str, int] = {}
    places: dict[str, int] = {}
    numbers: dict[str, int] = {}
    cells: list[tuple[int, ...]] = []
    father: list[int] = []
    owner: list[int] = []
    other: list[bool] = []

    def numbered(known: dict[str, int], text: str) -> int:
        return known.setdefault(text, len(known)) if text else -1

    for place, one in enumerate(people):
        many = [numbered(numbers, text) for text in one.phones] + [-1] * (NUMBERS - len(one.phones))
        many += [numbered(numbers, text) for text in one.documents] + [-1] * (NUMBERS - len(one.documents))
        day = (one.born.month, one.born.day) if one.born else (0, 0)
        mother, fathered = vocabulary.add(one.mother.split()), vocabulary.add(one.father.split())
        rest = (
            mother, one.sex, numbered(nationalities, one.nationality), one.year or 0, *day, int(one.estimated),
            numbered(places, one.province), numbered(places, region_of(one.province)), *many,
        )  # fmt: skip
        every = one.named + one.other_named or (Named("", ""),)
        for number, named in enumerate(every):
            cells.append((*(vocabulary.add(text.split()) for text in named), *rest))
            father.append(fathered)
            owner.append(place)
            other.append(number >= len(one.named) > 0)
    columns = np.array(cells, dtype=np.int32)
    found = [np.ascontiguousarray(columns[:, place]) for place in range(12)]
    table = Table(
        [""] * len(cells), [""], np.zeros(len(cells), dtype=np.int32), vocabulary, found[0], found[1], found[2], found[3],
        found[4], found[5], found[6], found[7], found[8], found[9], found[10], found[11],
        np.ascontiguousarray(columns[:, 12 : 12 + NUMBERS]), np.ascontiguousarray(columns[:, 12 + NUMBERS :]),
        np.array([*numbers, ""], dtype=object), place_codes=tuple(places), nationality_codes=tuple(nationalities),
    )  # fmt: skip
    return _Rows(table, np.array(father, dtype=np.int32), np.array(owner), np.array(other))


class Weighed(NamedTuple):
    """One row per pair: levels of all comparisons, the father's last, and how rare what agrees is (bits)."""

    levels: Levels  # (pairs, comparisons + 1)
    extra: NDArray[np.float32]  # (pairs, comparisons + 1)
    other_name: NDArray[np.bool_]  # found by a name besides the main ones
    weight: NDArray[np.float64]  # bits in all, under the model that chose among the names
    bits: NDArray[np.float32]  # (pairs, comparisons + 1)


FATHER = len(COMPARISONS)
_MOTHER = PLACES["mother_name"]


def weigh(pairs: Sequence[tuple[Prepared, Prepared]], frequencies: Frequencies, weights: model.Model) -> Weighed:
    """How the two of each pair agree. Of persons with several names, by the names that agree best."""
    people = [one for pair in pairs for one in pair]
    return _weigh(people, np.arange(0, len(people), 2), np.arange(1, len(people), 2), frequencies, weights)


def _weigh(
    people: Sequence[Prepared], ones: Ints, others: Ints, frequencies: Frequencies, weights: model.Model
) -> Weighed:
    """Of the pairs (people[ones[k]], people[others[k]])."""
    rows = _rows(people)
    table = rows.table
    first = np.searchsorted(rows.person, np.arange(len(people)))
    count = np.append(first[1:], len(rows.person)) - first
    # Every name of the one with every name of the other.
    each = count[ones] * count[others]
    pair = np.repeat(np.arange(len(ones)), each)
    step = np.arange(len(pair)) - np.repeat(np.cumsum(each) - each, each)
    width = count[others][pair]
    left, right = first[ones][pair] + step // width, first[others][pair] + step % width
    found = _spaced(table, left, right, levels_of(table, left, table, right))
    shares = frequencies.shares(table, weights)
    extra = model.rarity_bits(found, table, left, table, right, shares)
    bits = model.evidence(found.levels, extra, weights)
    father = _fathers(rows, left, right, shares, weights)
    levels = np.concatenate([found.levels, father[0][:, None]], axis=1)
    extra = np.concatenate([extra, father[1][:, None]], axis=1)
    bits = np.concatenate([bits, father[2][:, None]], axis=1)
    weight = bits.sum(axis=1, dtype=float)
    best, by_other = _best(pair, weight, rows.other[left] | rows.other[right], len(ones))
    return Weighed(levels[best], extra[best], by_other, weight[best], bits[best])


def reweigh(found: Weighed, weights: model.Model) -> NDArray[np.float64]:
    """Bits in all of the same agreement under other weights."""
    own = model.evidence(found.levels[:, :FATHER], found.extra[:, :FATHER], weights)
    levels, extra = np.full_like(found.levels[:, :FATHER], -1), np.zeros_like(found.extra[:, :FATHER])
    levels[:, _MOTHER], extra[:, _MOTHER] = found.levels[:, FATHER], found.extra[:, FATHER]
    return own.sum(axis=1, dtype=float) + model.evidence(levels, extra, weights)[:, _MOTHER]


def _best(
    pair: Ints, weight: NDArray[np.float64], other: NDArray[np.bool_], pairs: int
) -> tuple[Ints, NDArray[np.bool_]]:
    """Of each pair the row with most weight; one of other names only where it says clearly more."""
    order = np.lexsort((other, -(weight - BY_OTHER_NAME * other), pair))
    best = order[np.searchsorted(pair[order], np.arange(pairs))]
    return best, other[best]


def _spaced(table: Table, left: Ints, right: Ints, found: Compared) -> Compared:
    """A space in the wrong place, or none: two whole names that sound the same together agree in both their parts."""
    texts = table.names.texts
    at_family, at_given = PLACES["family_name"], PLACES["given_name"]
    known = (found.levels[:, at_family] >= 0) & (found.levels[:, at_given] >= 0)
    alike = (found.levels[:, at_family] <= NAME_SOUND) & (found.levels[:, at_given] <= NAME_SOUND)
    both = (table.family >= 0) & (table.given >= 0)
    for place in np.flatnonzero(~(known & alike) & (both[left] | both[right])).tolist():
        one, other = left[place], right[place]
        ours, theirs = (texts[table.family[row]] + texts[table.given[row]] for row in (one, other))
        if abs(len(ours) - len(theirs)) > SPELLINGS_APART or not ours or not theirs:
            continue
        if names.key(ours) != names.key(theirs):
            turned = texts[table.given[one]] + texts[table.family[one]]
            if names.key(turned) != names.key(theirs):
                continue
        split = other if both[other] else one
        found.levels[place, [at_family, at_given]] = NAME_SOUND
        found.levels[place, PLACES["name_order"]] = -1
        found.family[place] = table.family[split]
        found.given[place] = table.given[split]
    return found


def _fathers(
    rows: _Rows, left: Ints, right: Ints, shares: model.Rarity, weights: model.Model
) -> tuple[Levels, NDArray[np.float32], NDArray[np.float32]]:
    """Levels, rarity and bits of the fathers' names, which prove what mothers' names prove: lists seldom tell them."""
    table = replace(rows.table, mother=rows.father)
    nobody = np.full((len(left), 2), -1, dtype=np.int32)
    levels = np.full((len(left), len(COMPARISONS)), -1, dtype=np.int8)
    levels[:, _MOTHER] = name_levels(table.names, rows.father[left], rows.father[right])
    extra = model.rarity_bits(Compared(levels, nobody, nobody), table, left, table, right, shares)
    return levels[:, _MOTHER], extra[:, _MOTHER], model.evidence(levels, extra, weights)[:, _MOTHER]


NOBODY_ON_FILE = Frequencies()


def compare_all(
    asked: Prepared, others: Sequence[Prepared], frequencies: Frequencies = NOBODY_ON_FILE,
    use: Parameters | None = None, minimum: float = 0.0,
) -> list[Comparison]:  # fmt: skip
    """How strongly each of the others and the one asked about point to one person, and, from `minimum` up, why."""
    if not others:
        return []
    use = use or parameters()
    places = np.arange(1, len(others) + 1)
    found = _weigh([asked, *others], np.zeros_like(places), places, frequencies, use.model)
    # A shared telephone or paper is always looked at: it may be her, or her sister, or her trafficker.
    shared = (found.levels[:, [PLACES["phone"], PLACES["document_number"]]] == 0).any(axis=1)
    scores = np.maximum(use.probability(found.weight, len(frequencies)), np.where(shared, POSSIBLE, 0.0))
    return [
        Comparison(
            float(found.weight[row]), score,
            _reasons(found.levels[row], found.bits[row], bool(found.other_name[row])) if score >= minimum else (),
        )
        for row, score in enumerate(scores.tolist())
    ]  # fmt: skip


def compare(a: Details | Prepared, b: Details | Prepared, frequencies: Frequencies = NOBODY_ON_FILE) -> Comparison:
    """The same for two. The order of the two does not matter."""
    a = prepare(a) if isinstance(a, Details) else a
    b = prepare(b) if isinstance(b, Details) else b
    return compare_all(a, [b], frequencies)[0]


# --- reasons -------------------------------------------------------------------------------------------

_BIRTHS = (
    "same_birth_date", "swapped_birth_date", "similar_birth_date", "similar_birth_date", "same_birth_year",
    "same_birth_year",
)  # fmt: skip
_A_YEAR_APART = len(_BIRTHS)
_DIFFERS = -1.0  # bits against, from which another year of birth is told


def _reasons(levels: NDArray[np.int8], bits: NDArray[np.float32], other_name: bool) -> tuple[str, ...]:
    """What agreed and what did not as codes, strongest for first."""
    at = dict(zip(PLACES, levels.tolist(), strict=False))
    worth = dict(zip(PLACES, bits.tolist(), strict=False))
    found: list[tuple[float, str]] = []
    family, given = at["family_name"], at["given_name"]
    named = worth["family_name"] + worth["given_name"] + worth["name_order"]
    if family >= 0 or given >= 0:
        worst = max(family, given)
        if worst == 0:
            found.append((named, "same_name"))
        elif worst <= NAME_SOUND:
            found.append((named, "same_name_sound"))
        elif named >= SIMILAR_NAME:
            found.append((named, "similar_name"))
        elif named < 0:
            found.append((named, "different_name"))
        if at["name_order"] == 1 and worst <= NAME_SOUND:
            found.append((0.0, "name_order"))
        if other_name and named >= SIMILAR_NAME:
            found.append((0.0, "other_name"))
    birth = at["birth"]
    if 0 <= birth < len(_BIRTHS):
        found.append((worth["birth"], _BIRTHS[birth]))
    elif birth == _A_YEAR_APART or (birth >= 0 and worth["birth"] < _DIFFERS):
        found.append((worth["birth"], "close_birth_year" if birth == _A_YEAR_APART else "different_birth_year"))
    for name, codes in _CODES.items():
        code = codes.get(at[name])
        if code:
            found.append((worth[name], code))
    for parent, level, weight in (
        ("mother", at["mother_name"], worth["mother_name"]), ("father", int(levels[FATHER]), float(bits[FATHER])),
    ):  # fmt: skip
        if 0 <= level <= NAME_SOUND:
            found.append((weight, f"same_{parent}"))
        elif 0 < level < NAME_OTHER and weight > 0:
            found.append((weight, f"similar_{parent}"))
        elif level > 0 and weight < 0:
            found.append((weight, f"different_{parent}"))
    return tuple(code for _, code in sorted(found, key=lambda one: -one[0]))


_CODES = {
    "sex": {1: "different_sex", 3: "different_sex"},
    "nationality": {1: "different_nationality"},
    "birth_place": {0: "same_province", 2: "different_province"},
    "phone": {0: "same_phone", 1: "similar_phone"},
    "document_number": {0: "same_document", 1: "similar_document"},
}

REASONS = {
    "same_code": _("Has this code"),
    "same_document": _("Same document number"),
    "same_phone": _("Same telephone number"),
    "similar_phone": _("Telephone number differs in one digit"),
    "similar_document": _("Document number differs in one sign"),
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
