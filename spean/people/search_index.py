"""The index of persons in memory: finds the few worth comparing among many, and ranks them.

Holds names in clear, so it lives in the search process alone. Pure: no database, no file, no clock. What
agreement is worth is said in `matching`; this module only decides which persons get compared.
"""

import itertools
import zlib
from array import array
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from heapq import nlargest
from math import log2
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from spean.lib import names
from spean.lib.identifiers import check_code
from spean.lib.numbers import document_keys, phone_keys
from spean.linkage.compare import COMPARISONS, PLACES
from spean.linkage.frequency import Frequencies
from spean.people.likeness import WORD_BITS, Form, Word, form, search_likeness, usual_share
from spean.people.matching import POSSIBLE, Details, Prepared, compare_all, prepare
from spean.people.parameters import Parameters, parameters

Points = NDArray[np.float32]  # one per slot: what speaks for comparing the person in it
Slots = NDArray[np.int32]
COMPARED = 120  # persons compared in full for one question
NEAR_SOUND, NEAR_SPELLING = 0.66, 0.7
SIMILAR_WORDS = 80  # of one word of the question
# A word borne by more people than this only adds to persons found by a rarer word.
COMMON = 5_000
SMOOTHING = 2_000  # so many imagined persons with the usual names, until the file knows its own


PARENT = 0.7  # of a parent's name counts so much as of her own, in choosing whom to compare


class Found(NamedTuple):
    person_id: str
    score: float
    reasons: tuple[str, ...]


class _Vocabulary:
    """Words of names by sound, the persons who bear them, and the search for similar ones."""

    def __init__(self) -> None:
        self.bearers: dict[str, array[int]] = {}  # sound → slots
        self._spellings: dict[str, list[int | str]] = {}  # text → [uses, sound]
        self._sounds_list: list[str] | None = None
        self._texts_list: list[str] | None = None
        self._similar: dict[str, list[tuple[str, float]]] = {}

    def add(self, slot: int, words: Iterable[Word]) -> None:
        for word in set(words):
            bearers = self.bearers.setdefault(word.sound, array("i"))
            # Two spellings of one sound are one word; whoever was added last stands last.
            if not bearers or bearers[-1] != slot:
                bearers.append(slot)
            uses = self._spellings.get(word.text)
            if uses is None:
                self._spellings[word.text] = [1, word.sound]
                self._forget_lists()
            else:
                uses[0] += 1  # type: ignore[operator]

    def remove(self, slot: int, words: Iterable[Word]) -> None:
        for word in set(words):
            bearers = self.bearers.get(word.sound)
            if bearers is not None and slot in bearers:
                bearers[bearers.index(slot)] = bearers[-1]
                bearers.pop()
                if not bearers:
                    del self.bearers[word.sound]
            uses = self._spellings[word.text]
            uses[0] -= 1  # type: ignore[operator]
            if not uses[0]:
                del self._spellings[word.text]
            self._forget_lists()

    def _forget_lists(self) -> None:
        self._sounds_list = self._texts_list = None
        self._similar.clear()

    def similar(self, word: Word) -> list[tuple[str, float]]:
        """Sounds on file that may be this word, with likeness 0..1, least alike first."""
        known = self._similar.get(word.text)
        if known is not None:
            return known
        if self._sounds_list is None or self._texts_list is None:
            self._sounds_list, self._texts_list = list(self.bearers), list(self._spellings)
        best: dict[str, float] = {}
        near = process.extract(
            word.sound,
            self._sounds_list,
            scorer=OSA.normalized_similarity,
            score_cutoff=NEAR_SOUND,
            limit=SIMILAR_WORDS,
        )
        for sound, likeness, _ in near:
            best[sound] = likeness
        spelled = process.extract(
            word.text,
            self._texts_list,
            scorer=OSA.normalized_similarity,
            score_cutoff=NEAR_SPELLING,
            limit=SIMILAR_WORDS,
        )
        for text, likeness, _ in spelled:
            sound = str(self._spellings[text][1])
            best[sound] = max(best.get(sound, 0.0), likeness * 0.97)
        if word.sound in self.bearers:
            best[word.sound] = 1.0
        found = sorted(best.items(), key=lambda pair: (pair[1], pair[0]))
        if len(self._similar) > 5_000:
            self._similar.clear()
        self._similar[word.text] = found
        return found

    def halves(self, word: Word) -> list[tuple[Word, Word]]:
        """The ways to read one word as two names on file: Sreyneang as Srey Neang."""
        found = []
        for place in range(2, len(word.text) - 1):
            left, right = word.text[:place], word.text[place:]
            one, other = Word(left, names.key(left)), Word(right, names.key(right))
            bearers = self.bearers.get(one.sound), self.bearers.get(other.sound)
            if bearers[0] and bearers[1]:
                found.append((min(len(bearers[0]), len(bearers[1])), one, other))
        return [(one, other) for _, one, other in nlargest(3, found)]


def _words(forms: Iterable[Form]) -> set[Word]:
    return {word for words in forms for word in words}


def _file(table: dict[Any, tuple[int, ...]], key: Any, slot: int) -> None:
    table[key] = (*table.get(key, ()), slot)


def _unfile(table: dict[Any, tuple[int, ...]], key: Any, slot: int) -> None:
    left = tuple(one for one in table[key] if one != slot)
    if left:
        table[key] = left
    else:
        del table[key]


class SearchIndex:
    """Persons by identifier. Not safe for several threads at once; the process that holds it keeps a lock.

    `use` are the parameters of the matching; without them those of the installation, as they are when it is asked.
    """

    def __init__(self, use: Parameters | None = None) -> None:
        self._use = use
        self._slots: dict[str, int] = {}
        self._ids: list[str | None] = []
        self._people: list[Prepared | None] = []
        self._codes: dict[str, str] = {}
        self._code_of: dict[str, str] = {}
        self._free: list[int] = []
        self._named = _Vocabulary()
        self._mothers = _Vocabulary()
        self._births: dict[date, tuple[int, ...]] = {}
        self._phones: dict[str, tuple[int, ...]] = {}
        self._documents: dict[str, tuple[int, ...]] = {}
        self._frequencies = Frequencies()
        # By slot, for choosing among many at once. A number from the identifier decides among equals.
        self._years, self._sexes, self._ties = array("h"), array("b"), array("L")

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, person_id: str) -> bool:
        return person_id in self._slots

    # --- keeping it current ---

    def add(self, person_id: str, details: Details, code: str = "") -> None:
        """Add a person, or replace what was known of her."""
        self.remove(person_id)
        person = prepare(details)
        slot = self._free.pop() if self._free else len(self._ids)
        if slot == len(self._ids):
            self._ids.append(None)
            self._people.append(None)
            for column in (self._years, self._sexes, self._ties):
                column.append(0)
        self._ids[slot], self._people[slot] = person_id, person
        self._years[slot], self._sexes[slot] = person.year or 0, person.sex
        self._ties[slot] = zlib.crc32(person_id.encode())
        self._slots[person_id] = slot
        if code:
            self._codes[code] = person_id
            self._code_of[person_id] = code
        self._named.add(slot, _words(person.forms + person.other_forms))
        self._mothers.add(slot, _words(person.mother_forms))
        if person.born:
            _file(self._births, person.born, slot)
        for key in person.phones:
            _file(self._phones, key, slot)
        for key in person.documents:
            _file(self._documents, key, slot)
        self._frequencies.add(person.values())

    replace = add

    def remove(self, person_id: str) -> None:
        """Forget a person wholly. Unknown ones are no fault: the feed may tell twice."""
        slot = self._slots.pop(person_id, None)
        if slot is None:
            return
        person = self._people[slot]
        assert person is not None  # a slot in use always holds a person
        self._named.remove(slot, _words(person.forms + person.other_forms))
        self._mothers.remove(slot, _words(person.mother_forms))
        if person.born:
            _unfile(self._births, person.born, slot)
        for key in person.phones:
            _unfile(self._phones, key, slot)
        for key in person.documents:
            _unfile(self._documents, key, slot)
        self._frequencies.remove(person.values())
        self._codes.pop(self._code_of.pop(person_id, ""), None)
        self._ids[slot] = self._people[slot] = None
        self._years[slot], self._sexes[slot], self._ties[slot] = 0, -1, 0
        self._free.append(slot)

    def known(self, person_id: str) -> Prepared | None:
        """What is compared of a person."""
        slot = self._slots.get(person_id)
        return None if slot is None else self._people[slot]

    @property
    def frequencies(self) -> Frequencies:
        """How common names and numbers are among all persons."""
        return self._frequencies

    def clear(self) -> None:
        """Forget everybody."""
        self.__init__(self._use)  # type: ignore[misc]

    # --- asking ---

    def share(self, sound: str) -> float:
        """How common a word is among the people on file; rarely seen files lean on the usual shares."""
        bearers = self._named.bearers.get(sound)
        return ((len(bearers) if bearers else 0) + SMOOTHING * usual_share(sound)) / (len(self._slots) + SMOOTHING)

    def candidates(self, details: Details, limit: int = 20, minimum: float = POSSIBLE) -> list[Found]:
        """Persons on file who may be the one described, most probable first."""
        asked = prepare(details)
        use = self._use or parameters()
        chosen = self._to_compare(asked, use)
        people = [(self._ids[slot], self._people[slot]) for slot in chosen]
        there = [(person_id, person) for person_id, person in people if person_id is not None and person is not None]
        compared = compare_all(asked, [person for _, person in there], self._frequencies, use, minimum)
        found = [
            Found(person_id, round(one.score, 4), one.reasons)
            for (person_id, _), one in zip(there, compared, strict=True)
            if one.score >= minimum
        ]
        return sorted(found, key=lambda one: (-one.score, one.person_id))[:limit]

    def _to_compare(self, asked: Prepared, use: Parameters) -> list[int]:
        """The slots of those worth comparing: by names, mother, birth; and all with the telephone or paper."""
        points = np.zeros(len(self._ids), dtype=np.float32)
        for words in asked.forms + asked.other_forms:
            self._collect(self._named, words, points)
        mothers = np.zeros(len(self._ids), dtype=np.float32)
        for words in asked.mother_forms:
            self._collect(self._mothers, words, mothers)
        if mothers.any():
            points += mothers * np.float32(PARENT)
        births, sexes = (use.model.weights(COMPARISONS[PLACES[name]]) for name in ("birth", "sex"))
        if asked.born:  # a new name, the old birthday
            points[list(self._births.get(asked.born, ()))] += float(births[0] - births[4])
        found: Slots = np.flatnonzero(points).astype(np.int32)
        worth = points[found]
        if asked.year is not None:
            years = np.frombuffer(self._years, dtype=np.int16)[found]
            apart = np.abs(years - asked.year)
            level = np.select([apart == 0, apart <= 1, apart <= 3, apart <= 7], [4, 6, 7, 8], 9)
            worth += np.where(years > 0, births[level], 0).astype(np.float32)
        if asked.sex >= 0:
            others = np.frombuffer(self._sexes, dtype=np.int8)[found]
            worth += np.where((others >= 0) & (others != asked.sex), sexes[1], 0).astype(np.float32)
        certain: set[int] = set()
        for keys, table in ((asked.phones, self._phones), (asked.documents, self._documents)):
            for key in keys:
                certain.update(table.get(key, ()))
        return sorted(certain.union(self._best(found, worth)))

    def find_by_name(self, text: str, limit: int = 20) -> list[Found]:
        """Persons by a name, a code, a telephone or document number typed into the search box."""
        exact = self._find_exactly(text)
        if exact:
            return exact[:limit]
        query = form(text)
        if not query:
            return []
        points = np.zeros(len(self._ids), dtype=np.float32)
        self._collect(self._named, query, points)
        slots: Slots = np.flatnonzero(points).astype(np.int32)
        found = []
        share = cache(self.share)
        for slot in self._best(slots, points[slots]):
            person, person_id = self._people[slot], self._ids[slot]
            if person is not None and person_id is not None:
                score, reasons = search_likeness(query, person.forms, person.other_forms, share)
                if score >= 0.25:
                    found.append(Found(person_id, round(score, 4), reasons))
        return sorted(found, key=lambda one: (-one.score, one.person_id))[:limit]

    def _best(self, slots: Slots, worth: Points) -> list[int]:
        """The slots worth a full comparison. Among equals the identifier decides, so that the answer is always one."""
        if len(slots) <= COMPARED:
            return list(map(int, slots))
        least = np.partition(worth, -COMPARED)[-COMPARED]
        above, equal = slots[worth > least], slots[worth == least]
        ties = np.frombuffer(self._ties, dtype=np.dtype("L"))[equal]
        return [*map(int, above), *map(int, equal[np.argsort(ties)[-(COMPARED - len(above)) :]])]

    def _find_exactly(self, text: str) -> list[Found]:
        try:
            person_id = self._codes.get(check_code(text))
        except ValueError:
            person_id = None
        if person_id is not None:
            return [Found(person_id, 1.0, ("same_code",))]
        found: dict[str, Found] = {}
        for reason, keys, table in (
            ("same_document", document_keys(text), self._documents),
            ("same_phone", phone_keys(text), self._phones),
        ):
            for key in keys:
                for slot in table.get(key, ()):
                    person_id = self._ids[slot]
                    if person_id is not None:
                        found.setdefault(person_id, Found(person_id, 1.0, (reason,)))
        return sorted(found.values(), key=lambda one: one.person_id)

    def _collect(self, vocabulary: _Vocabulary, words: Form, points: Points) -> None:
        """Give points to bearers of these words or of similar ones, under the best reading of the name."""
        bearers = sorted((self._bearers(vocabulary, word) for word in dict.fromkeys(words)), key=lambda one: one.size)
        mine = np.zeros_like(points)
        begun = False
        for one in bearers:
            worth = one.worth(len(points))
            if len(words) <= 2:
                self._raise_halves(vocabulary, one.word, worth)
            if begun and one.size > COMMON:
                worth[mine == 0] = 0
            begun = begun or one.size > 0
            mine += worth
        np.maximum(points, mine, out=points)
        # Two words that are one name on file; the words beside them are left to the full comparison.
        for first, second in itertools.pairwise(words):
            text = first.text + second.text
            together = Word(text, names.key(text))
            np.maximum(points, self._bearers(vocabulary, together).worth(len(points)), out=points)
            if len(words) == 2:
                self._raise_halves(vocabulary, together, points)  # a space in the wrong place

    def _bearers(self, vocabulary: _Vocabulary, word: Word) -> "_Bearers":
        found = []
        for sound, likeness in vocabulary.similar(word):
            slots = vocabulary.bearers[sound]
            rarity = -log2(len(slots) / (len(self._slots) + 1))
            found.append((likeness * min(max(rarity, WORD_BITS[0]), WORD_BITS[1]), slots))
        found.sort(key=lambda pair: pair[0])
        return _Bearers(word, found, sum(len(slots) for _, slots in found))

    def _raise_halves(self, vocabulary: _Vocabulary, word: Word, points: Points) -> None:
        for one, other in vocabulary.halves(word):
            left, right = (np.frombuffer(vocabulary.bearers[half.sound], dtype=np.int32) for half in (one, other))
            marked = np.zeros(len(points), dtype=bool)
            marked[left] = True
            both = right[marked[right]]
            points[both] = np.maximum(points[both], np.float32(WORD_BITS[1]))


class _Bearers(NamedTuple):
    """Who bears a word or one like it, and what that is worth: the least alike first."""

    word: Word
    found: Sequence[tuple[float, "array[int]"]]
    size: int

    def worth(self, slots: int) -> Points:
        best = np.zeros(slots, dtype=np.float32)
        for worth, bearers in self.found:  # later and more alike overwrite earlier
            best[np.frombuffer(bearers, dtype=np.int32)] = worth
        return best
