"""The index of persons in memory: finds the few worth comparing among many, and ranks them.

Holds names in clear, so it lives in the search process alone. Pure: no database, no file, no clock. What
agreement is worth is said in `matching`; this module only decides which persons get compared.
"""

import itertools
from collections.abc import Iterable
from datetime import date
from functools import cache
from heapq import nlargest
from math import log2
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from spean.lib import names
from spean.lib.identifiers import check_code
from spean.lib.numbers import document_keys, phone_keys
from spean.people.matching import (
    POSSIBLE,
    SAME_BIRTH_DATE,
    SAME_YEAR,
    WORD_BITS,
    Details,
    Form,
    Prepared,
    Word,
    compare,
    form,
    prepare,
    search_likeness,
    usual_share,
)

COMPARED = 120  # persons compared in full for one question
NEAR_SOUND, NEAR_SPELLING = 0.66, 0.7
SIMILAR_WORDS = 80  # of one word of the question
# A word borne by more people than this only adds to persons found by a rarer word.
COMMON = 5_000
SMOOTHING = 2_000  # so many imagined persons with the usual names, until the file knows its own


class Found(NamedTuple):
    person_id: str
    score: float
    reasons: tuple[str, ...]


class _Vocabulary:
    """Words of names by sound, the persons who bear them, and the search for similar ones."""

    def __init__(self) -> None:
        self.bearers: dict[str, set[int]] = {}  # sound → slots
        self._spellings: dict[str, list[int | str]] = {}  # text → [uses, sound]
        self._sounds_list: list[str] | None = None
        self._texts_list: list[str] | None = None
        self._similar: dict[str, list[tuple[str, float]]] = {}

    def add(self, slot: int, words: Iterable[Word]) -> None:
        for word in set(words):
            self.bearers.setdefault(word.sound, set()).add(slot)
            uses = self._spellings.get(word.text)
            if uses is None:
                self._spellings[word.text] = [1, word.sound]
                self._forget_lists()
            else:
                uses[0] += 1  # type: ignore[operator]

    def remove(self, slot: int, words: Iterable[Word]) -> None:
        for word in set(words):
            bearers = self.bearers.get(word.sound)
            if bearers is not None:
                bearers.discard(slot)
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


class SearchIndex:
    """Persons by identifier. Not safe for several threads at once; the process that holds it keeps a lock."""

    def __init__(self) -> None:
        self._slots: dict[str, int] = {}
        self._ids: list[str | None] = []
        self._people: list[Prepared | None] = []
        self._codes: dict[str, str] = {}
        self._code_of: dict[str, str] = {}
        self._free: list[int] = []
        self._named = _Vocabulary()
        self._mothers = _Vocabulary()
        self._births: dict[date, set[int]] = {}
        self._phones: dict[str, set[int]] = {}
        self._documents: dict[str, set[int]] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, person_id: str) -> bool:
        return person_id in self._slots

    # --- keeping it current ---

    def add(self, person_id: str, details: Details, code: str = "") -> None:
        """Add a person, or replace what was known of her."""
        self.remove(person_id)
        person = prepare(details)
        if self._free:
            slot = self._free.pop()
            self._ids[slot], self._people[slot] = person_id, person
        else:
            slot = len(self._ids)
            self._ids.append(person_id)
            self._people.append(person)
        self._slots[person_id] = slot
        if code:
            self._codes[code] = person_id
            self._code_of[person_id] = code
        self._named.add(slot, _words(person.forms + person.other_forms))
        self._mothers.add(slot, _words(person.mother))
        if person.born:
            self._births.setdefault(person.born, set()).add(slot)
        for keys, table in ((person.phones, self._phones), (person.documents, self._documents)):
            for key in keys:
                table.setdefault(key, set()).add(slot)

    replace = add

    def remove(self, person_id: str) -> None:
        """Forget a person wholly. Unknown ones are no fault: the feed may tell twice."""
        slot = self._slots.pop(person_id, None)
        if slot is None:
            return
        person = self._people[slot]
        assert person is not None  # a slot in use always holds a person
        self._named.remove(slot, _words(person.forms + person.other_forms))
        self._mothers.remove(slot, _words(person.mother))
        if person.born:
            self._births[person.born].discard(slot)
            if not self._births[person.born]:
                del self._births[person.born]
        for keys, table in ((person.phones, self._phones), (person.documents, self._documents)):
            for key in keys:
                table[key].discard(slot)
                if not table[key]:
                    del table[key]
        self._codes.pop(self._code_of.pop(person_id, ""), None)
        self._ids[slot] = self._people[slot] = None
        self._free.append(slot)

    def clear(self) -> None:
        """Forget everybody."""
        self.__init__()  # type: ignore[misc]

    # --- asking ---

    def share(self, sound: str) -> float:
        """How common a word is among the people on file; rarely seen files lean on the usual shares."""
        bearers = self._named.bearers.get(sound)
        return ((len(bearers) if bearers else 0) + SMOOTHING * usual_share(sound)) / (len(self._slots) + SMOOTHING)

    def candidates(self, details: Details, limit: int = 20, minimum: float = POSSIBLE) -> list[Found]:
        """Persons on file who may be the one described, most probable first."""
        asked = prepare(details)
        points: dict[int, float] = {}
        for words in asked.forms + asked.other_forms:
            self._collect(self._named, words, points)
        named = dict(points)
        points = {}
        for words in asked.mother:
            self._collect(self._mothers, words, points)
        for slot, worth in points.items():
            named[slot] = named.get(slot, 0.0) + worth * 0.7
        if asked.born:  # a new name, the old birthday
            for slot in self._births.get(asked.born, ()):
                named[slot] = named.get(slot, 0.0) + SAME_BIRTH_DATE - SAME_YEAR
        certain: set[int] = set()
        for keys, table in ((asked.phones, self._phones), (asked.documents, self._documents)):
            for key in keys:
                certain |= table.get(key, set())
        if asked.year is not None or asked.sex:
            for slot in named:
                person = self._people[slot]
                if person is not None:
                    if asked.year is not None and person.year is not None:
                        apart = abs(asked.year - person.year)
                        named[slot] += SAME_YEAR if not apart else 1.5 if apart <= 2 else -1.0 if apart <= 5 else -4.0
                    if asked.sex and person.sex and asked.sex != person.sex:
                        named[slot] -= 2.0
        chosen = certain.union(self._best(named))
        found = []
        share = cache(self.share)
        for slot in chosen:
            person, person_id = self._people[slot], self._ids[slot]
            if person is not None and person_id is not None:
                _, score, reasons = compare(asked, person, share)
                if score >= minimum:
                    found.append(Found(person_id, round(score, 4), reasons))
        return sorted(found, key=lambda one: (-one.score, one.person_id))[:limit]

    def find_by_name(self, text: str, limit: int = 20) -> list[Found]:
        """Persons by a name, a code, a telephone or document number typed into the search box."""
        exact = self._find_exactly(text)
        if exact:
            return exact[:limit]
        query = form(text)
        if not query:
            return []
        points: dict[int, float] = {}
        self._collect(self._named, query, points)
        found = []
        share = cache(self.share)
        for slot in self._best(points):
            person, person_id = self._people[slot], self._ids[slot]
            if person is not None and person_id is not None:
                score, reasons = search_likeness(query, person, share)
                if score >= 0.25:
                    found.append(Found(person_id, round(score, 4), reasons))
        return sorted(found, key=lambda one: (-one.score, one.person_id))[:limit]

    def _best(self, points: dict[int, float]) -> list[int]:
        """The slots worth a full comparison. Among equals the identifier decides, so that the answer is always one."""
        if len(points) <= COMPARED:
            return list(points)
        # Sorting bare numbers is many times faster than a heap with a key function over all.
        least = sorted(points.values(), reverse=True)[COMPARED - 1]
        above = [slot for slot, worth in points.items() if worth > least]
        equal = [slot for slot, worth in points.items() if worth == least]
        return above + nlargest(COMPARED - len(above), equal, key=lambda slot: self._ids[slot] or "")

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

    def _collect(self, vocabulary: _Vocabulary, words: Form, points: dict[int, float]) -> None:
        """Give points to bearers of these words or of similar ones, under the best reading of the name."""
        bearers = sorted((self._bearers(vocabulary, word) for word in dict.fromkeys(words)), key=lambda one: one.size)
        mine: dict[int, float] = {}
        for one in bearers:
            worth = one.worth(set(mine) if one.size > COMMON and mine else None)
            if len(words) <= 2:
                _raise_to(worth, self._both_halves(vocabulary, one.word))
            if not mine:
                mine = worth
                continue
            for slot, points_here in worth.items():
                mine[slot] = mine.get(slot, 0.0) + points_here
        _raise_to(points, mine)
        # Two words that are one name on file; the words beside them are left to the full comparison.
        for first, second in itertools.pairwise(words):
            text = first.text + second.text
            together = Word(text, names.key(text))
            _raise_to(points, self._bearers(vocabulary, together).worth())
            if len(words) == 2:
                _raise_to(points, self._both_halves(vocabulary, together))  # a space in the wrong place

    def _bearers(self, vocabulary: _Vocabulary, word: Word) -> "_Bearers":
        found = []
        for sound, likeness in vocabulary.similar(word):
            slots = vocabulary.bearers[sound]
            rarity = -log2(len(slots) / (len(self._slots) + 1))
            found.append((likeness * min(max(rarity, WORD_BITS[0]), WORD_BITS[1]), slots))
        found.sort(key=lambda pair: pair[0])
        return _Bearers(word, found, sum(len(slots) for _, slots in found))

    def _both_halves(self, vocabulary: _Vocabulary, word: Word) -> dict[int, float]:
        found: dict[int, float] = {}
        for one, other in vocabulary.halves(word):
            left, right = vocabulary.bearers[one.sound], vocabulary.bearers[other.sound]
            _raise_to(found, dict.fromkeys(left & right, WORD_BITS[1]))
        return found


class _Bearers(NamedTuple):
    """Who bears a word or one like it, and what that is worth: the least alike first."""

    word: Word
    found: list[tuple[float, set[int]]]
    size: int

    def worth(self, among: set[int] | None = None) -> dict[int, float]:
        best: dict[int, float] = {}
        for worth, slots in self.found:  # later and more alike overwrite earlier
            best.update(dict.fromkeys(slots if among is None else slots & among, worth))
        return best


def _raise_to(points: dict[int, float], others: dict[int, float]) -> None:
    if not points:
        points.update(others)
        return
    for slot, worth in others.items():
        if worth > points.get(slot, 0.0):
            points[slot] = worth
