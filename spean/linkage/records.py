"""Rows of a list as columns of numbers, so that everything after works on numbers and never on names.

Names are romanised and brought to sounds (`lib.names`), dates to year, month and day (`lib.births`), places and
nationalities to codes (aliases passed in). What is missing is -1 (0 in dates), and is compared with nothing.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from spean.lib import births, names
from spean.lib.numbers import document_keys, phone_keys

Row = Mapping[str, str]
Ints = NDArray[Any]
FIELDS = (
    "record_id", "source", "family_name", "given_name", "sex", "birth_date", "birth_year", "nationality", "birth_place",
    "phone", "document_number", "mother_name",
)  # fmt: skip
WORDS = 4  # words of one name that are looked at one by one
NUMBERS = 2  # telephones and papers of one record
SEXES = {
    "f": 0, "female": 0, "feminine": 0, "woman": 0, "girl": 0, "w": 0, "ស្រី": 0, "ស": 0, "nữ": 0, "หญิง": 0,
    "m": 1, "male": 1, "masculine": 1, "man": 1, "boy": 1, "ប្រុស": 1, "ប": 1, "nam": 1, "ชาย": 1,
    "transgenderfeminine": 2, "transgendermasculine": 3, "nonconforming": 4, "other": 4, "x": 4,
}  # fmt: skip


@dataclass(frozen=True)
class Gazetteer:
    """Spellings of places and of nationalities → code. Place codes nest: "0102" lies in "01". Keys as `place_key` gives."""

    places: Mapping[str, str] = field(default_factory=dict)
    nationalities: Mapping[str, str] = field(default_factory=dict)


def place_key(text: str) -> str:
    """One spelling for the many of a place: by sound, without spaces. "Kompong Cham" and "Kampong-Cham" stay two."""
    return names.joined(text)


class Vocabulary:
    """Every distinct name once, with what is compared of it. Grows while rows are read, then serves arrays."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._sound_ids: dict[str, int] = {}
        self._texts: list[str] = []
        self._sounds: list[str] = []
        self._sound_of: list[int] = []
        self._words: list[list[int]] = []

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, words: Sequence[str]) -> int:
        """The number of a name given as romanised words; -1 for none."""
        if not words:
            return -1
        spelled = " ".join(words)
        found = self._ids.get(spelled)
        if found is None:
            found = self._ids[spelled] = len(self._texts)
            joined = "".join(words)
            sound = names.key(joined)
            self._texts.append(joined)
            self._sounds.append(sound)
            self._sound_of.append(self._sound_id(sound))
            own = [self._sound_id(names.key(word)) for word in words[:WORDS]]
            self._words.append(own + [-1] * (WORDS - len(own)))
        return found

    def _sound_id(self, sound: str) -> int:
        return self._sound_ids.setdefault(sound, len(self._sound_ids))

    def canonical(self) -> tuple["Vocabulary", Ints]:
        """The same names numbered in alphabetical order, and the new number of each old one (-1 stays -1)."""
        found = Vocabulary()
        new = np.full(len(self._ids) + 1, -1, dtype=np.int32)
        sounds = list(self._sound_ids)
        for place, (text, old) in enumerate(sorted(self._ids.items())):
            new[old] = found._ids[text] = place
            found._texts.append(self._texts[old])
            found._sounds.append(self._sounds[old])
            found._sound_of.append(found._sound_id(self._sounds[old]))
            found._words.append([one if one < 0 else found._sound_id(sounds[one]) for one in self._words[old]])
        return found, new

    @cached_property
    def texts(self) -> Ints:
        return np.array([*self._texts, ""], dtype=object)

    @cached_property
    def sounds(self) -> Ints:
        return np.array([*self._sounds, ""], dtype=object)

    @cached_property
    def sound(self) -> Ints:
        """Number of the sound of each name; -1 at the end, so that a missing name stays missing."""
        return np.array([*self._sound_of, -1], dtype=np.int32)

    @cached_property
    def words(self) -> Ints:
        return np.array([*self._words, [-1] * WORDS], dtype=np.int32)

    @cached_property
    def skeleton(self) -> Ints:
        """Number of the consonants of each name."""
        numbers: dict[str, int] = {}
        found = [numbers.setdefault(names.skeleton(sound), len(numbers)) for sound in self._sounds]
        return np.array([*found, -1], dtype=np.int32)

    @cached_property
    def initial(self) -> Ints:
        """The first two consonants as a small number."""
        numbers: dict[str, int] = {}
        found = [numbers.setdefault(names.skeleton(sound)[:2], len(numbers)) for sound in self._sounds]
        return np.array([*found, -1], dtype=np.int32)

    def sound_texts(self) -> list[str]:
        """Sounds by their numbers."""
        return list(self._sound_ids)

    def likeness(self, a: Ints, b: Ints) -> NDArray[np.float32]:
        """0..1 for pairs of names: the better of spelling and sound, by edits with neighbours exchanged."""
        spelled, heard = self._spelled.likeness(a, b), self._heard.likeness(a, b)
        return np.maximum(spelled, heard - np.float32(0.05))

    @cached_property
    def _spelled(self) -> "Spellings":
        return Spellings(self.texts)

    @cached_property
    def _heard(self) -> "Spellings":
        return Spellings(self.sounds)


class Spellings:
    """How alike texts are, by edits with neighbours exchanged. Most pairs are told apart by their letters alone."""

    LEAST = 0.5  # a likeness below it counts as none

    def __init__(self, texts: Ints) -> None:
        self._texts = texts
        self._length = np.array([len(one) for one in texts], dtype=np.int16)
        # A bit for each letter that a text has; the bar at its end makes an empty text one of length one.
        signs = np.frombuffer("".join(f"{one}|" for one in texts).encode("utf-32-le"), dtype=np.uint32)
        ends = np.cumsum(self._length + 1, dtype=np.int64)
        self._letters = np.bitwise_or.reduceat(np.uint32(1) << (signs % 32), ends - self._length - 1)

    def likeness(self, a: Ints, b: Ints) -> NDArray[np.float32]:
        """0, or LEAST to 1, for each pair of places."""
        found = np.zeros(len(a), dtype=np.float32)
        at = np.flatnonzero(self._may_be_alike(a, b))
        found[at] = process.cpdist(
            self._texts[a[at]],
            self._texts[b[at]],
            scorer=OSA.normalized_similarity,
            score_cutoff=self.LEAST,
            dtype=np.float32,
        )
        return found

    def _may_be_alike(self, a: Ints, b: Ints) -> NDArray[np.bool_]:
        # An edit brings at most one letter that was missing and takes away at most one that was too many.
        ours, theirs = self._letters[a], self._letters[b]
        edits = np.maximum(np.bitwise_count(ours & ~theirs), np.bitwise_count(theirs & ~ours))
        one, other = self._length[a], self._length[b]
        most = np.maximum(one, other)
        return np.maximum(edits, np.abs(one - other)) <= most * (1 - self.LEAST)


@dataclass
class Table:
    """Columns of numbers, one place per record. `names` and `numbers` say what the numbers stand for."""

    record_ids: list[str]
    sources: list[str]
    source: Ints
    names: Any  # Vocabulary, or the one of encoded lists
    family: Ints
    given: Ints
    alias: Ints
    mother: Ints
    sex: Ints
    nationality: Ints
    year: Ints
    month: Ints
    day: Ints
    estimated: Ints
    place: Ints
    region: Ints
    phone: Ints  # (n, NUMBERS)
    document: Ints  # (n, NUMBERS)
    numbers: Ints  # object array of digits, "" last
    codes: NDArray[np.uint64] | None = None  # encoded lists: the codes under which records meet, 0 for none
    place_codes: tuple[str, ...] = ()  # by their numbers, where they are known
    nationality_codes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.record_ids)

    def canonical(self) -> "Table":
        """The same records in an order of their own (list, then identifier), whatever order they were read in."""
        vocabulary, new = self.names.canonical()
        labels = np.argsort(np.argsort(np.array(self.sources, dtype=object)))
        order: Ints = np.lexsort((np.array(self.record_ids, dtype=object), labels[self.source]))
        changed: dict[str, Any] = {
            "record_ids": [self.record_ids[place] for place in order],
            "sources": sorted(self.sources), "source": labels[self.source][order].astype(np.int32), "names": vocabulary,
            "numbers": self.numbers, "place_codes": self.place_codes, "nationality_codes": self.nationality_codes,
            "codes": None if self.codes is None else self.codes[order],
        }  # fmt: skip
        for one in fields(self):
            if one.name not in changed:
                column = getattr(self, one.name)[order]
                changed[one.name] = new[column] if one.name in ("family", "given", "alias", "mother") else column
        return Table(**changed)

    def __repr__(self) -> str:
        return f"<table of {len(self)} records>"  # a name must not reach a trace or a log


class Reader:
    """Turns rows into a table. Every distinct text is worked on once."""

    def __init__(self, gazetteer: Gazetteer | None = None, *, as_of: date | None = None) -> None:
        self._gazetteer = gazetteer or Gazetteer()
        self._as_of = as_of
        self._names = Vocabulary()
        self._full: dict[tuple[str, str], tuple[int, int, int]] = {}
        self._mothers: dict[str, int] = {}
        self._births: dict[tuple[str, str], tuple[int, int, int, bool]] = {}
        self._places: dict[str, tuple[int, int]] = {}
        self._place_ids: dict[str, int] = {}
        self._nationalities: dict[str, int] = {}
        self._nationality_ids: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._number_lists: dict[tuple[bool, str], tuple[int, ...]] = {}

    def table(self, rows: Iterable[Row]) -> Table:
        record_ids: list[str] = []
        source_ids: dict[str, int] = {}
        cells = array("i")  # one after another: a million tuples would take a gigabyte
        for row in rows:
            get = row.get
            record_ids.append(get("record_id") or "")
            family, given, alias = self._name(get("family_name") or "", get("given_name") or "")
            year, month, day, estimated = self._birth(get("birth_date") or "", get("birth_year") or "")
            place, region = self._place(get("birth_place") or "")
            cells.extend((
                source_ids.setdefault(get("source") or "", len(source_ids)),
                family, given, alias, self._mother(get("mother_name") or ""),
                SEXES.get((get("sex") or "").strip().casefold(), -1), self._nationality(get("nationality") or ""),
                year, month, day, int(estimated), place, region,
                *self._number(get("phone") or "", phone=True), *self._number(get("document_number") or "", phone=False),
            ))  # fmt: skip
        all_columns = np.array(cells, dtype=np.int32).reshape(len(record_ids), 13 + 2 * NUMBERS)
        one = [np.ascontiguousarray(all_columns[:, place]) for place in range(13)]
        return Table(
            record_ids, list(source_ids), one[0], self._names, one[1], one[2], one[3], one[4], one[5], one[6], one[7],
            one[8], one[9], one[10], one[11], one[12], np.ascontiguousarray(all_columns[:, 13 : 13 + NUMBERS]),
            np.ascontiguousarray(all_columns[:, 13 + NUMBERS :]), np.array([*self._numbers, ""], dtype=object),
            place_codes=tuple(self._place_ids), nationality_codes=tuple(self._nationality_ids),
        )  # fmt: skip

    def _name(self, family: str, given: str) -> tuple[int, int, int]:
        found = self._full.get((family, given))
        if found is None:
            one, two, other = split_name(family, given)
            found = self._full[family, given] = self._names.add(one), self._names.add(two), self._names.add(other)
        return found

    def _mother(self, text: str) -> int:
        found = self._mothers.get(text)
        if found is None:
            # Sorted, because nobody says whether the family name of a mother comes first.
            words = sorted(names.romanise(next(iter(names.split_aliases(text)), "")).split(), key=names.key)
            found = self._mothers[text] = self._names.add(words)
        return found

    def _birth(self, written: str, year_written: str) -> tuple[int, int, int, bool]:
        found = self._births.get((written, year_written))
        if found is None:
            found = self._births[written, year_written] = read_birth_cells(written, year_written, self._as_of)
        return found

    def _place(self, text: str) -> tuple[int, int]:
        found = self._places.get(text)
        if found is None:
            code = self._gazetteer.places.get(text.strip())
            if code is None:
                sound = place_key(text)
                code = self._gazetteer.places.get(sound, sound)
            found = self._places[text] = (
                (-1, -1) if not code else (self._place_id(code), self._place_id(region_of(code)))
            )
        return found

    def _place_id(self, code: str) -> int:
        return self._place_ids.setdefault(code, len(self._place_ids))

    def _nationality(self, text: str) -> int:
        found = self._nationalities.get(text)
        if found is None:
            word = text.strip().casefold()
            code = self._gazetteer.nationalities.get(word, word)
            found = self._nationality_ids.setdefault(code, len(self._nationality_ids)) if code else -1
            self._nationalities[text] = found
        return found

    def _number(self, text: str, *, phone: bool) -> tuple[int, ...]:
        found = self._number_lists.get((phone, text))
        if found is None:
            read = phone_keys(text) if phone else document_keys(text)
            numbered = [self._numbers.setdefault(one, len(self._numbers)) for one in dict.fromkeys(read)][:NUMBERS]
            found = self._number_lists[phone, text] = tuple(numbered + [-1] * (NUMBERS - len(numbered)))
        return found


def region_of(code: str) -> str:
    """The province of a place code; a place without a code is its own region."""
    return code[:2] if code.isdecimal() else code


def split_name(family: str, given: str) -> tuple[list[str], list[str], list[str]]:
    """Romanised words of family name, given name and alias. A whole name in one cell is split, family name first."""
    forms = [(names.split_aliases(text) or [""]) if text else [""] for text in (family, given)]
    forms[0][0] = _without_title(forms[0][0], forms[1][0])
    one, two = list(_words(forms[0][0])), list(_words(forms[1][0]))
    aliases = [text for form in forms for text in form[1:]]
    if not one and len(two) > 1:
        one, two = two[:1], two[1:]
    elif not two and len(one) > 1:
        one, two = one[:1], one[1:]
    return one, two, names.romanise(aliases[0]).split() if aliases else []


@lru_cache(maxsize=100_000)
def _words(text: str) -> tuple[str, ...]:
    return tuple(names.romanise(text).split())


def _without_title(family: str, given: str) -> str:
    """The family name without a title before it that is one only because a given name follows: Bong Khorn, Chhunla."""
    first = family.partition(" ")[0].casefold().strip(".")
    if not given or (first not in names.KIN_TERMS and first not in names.TITLES):
        return family
    alone, whole = names.normalise(family).split(), names.normalise(f"{family} {given}").split()
    dropped = len(alone) + len(names.normalise(given).split()) - len(whole)
    return " ".join(alone[dropped:]) if 0 < dropped < len(alone) else family


def read_birth_cells(written: str, year_written: str, as_of: date | None) -> tuple[int, int, int, bool]:
    """Year, month, day (0 where unknown), and whether the year was counted from an age."""
    born, year = births.read_birth(written)
    if born:
        return born.year, born.month, born.day, False
    if year is None and year_written:
        year = births.read_birth(year_written)[1]
    if year is not None:
        return year, 0, 0, False
    age = births.read_age(written or year_written)
    if age is not None and as_of is not None:
        return births.year_from_age(age, as_of), 0, 0, True
    return 0, 0, 0, False
