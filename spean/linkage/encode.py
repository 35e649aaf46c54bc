"""Lists without names: keyed codes and filters that agencies can link without showing each other who is in them.

Every code is a MAC under a key that only the agencies have; a filter holds the pairs of letters of a name, each at
places that depend on the key. Whoever has the key can test guesses, and whoever has many records can count: how much
that gives away at each strength is measured in tests/linkage/test_attack.py and told in docs/guide/linkage.md.
Birth year and sex stand in clear at the strengths that use them; names, days, places and numbers never do.
"""

import csv
import hashlib
import io
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spean.lib import names
from spean.linkage.files import open_private
from spean.linkage.reading import ListFault, Notes, decode, safe
from spean.linkage.records import NUMBERS, WORDS, Ints, Table

FORM = "spean tokens 1"
STRENGTHS = ("codes", "names", "fields")
DEFAULT = "fields"
FILTER_BITS, FILTER_HASHES = 512, 6
KEY_BYTES = 32
COLUMNS = (
    "record", "source", "family", "given", "mother", "sex", "nationality", "year", "month", "day", "estimated", "place",
    "region", "phone", "document", "codes",
)  # fmt: skip


class KeyFault(ValueError):
    """The key file is missing or no key."""


def new_key(path: Path) -> None:
    """A fresh key in a new file that only its owner reads. Raises KeyFault when the file exists."""
    if path.exists():
        raise KeyFault(f"{path} exists already; a key is never overwritten.")
    with open_private(path) as file:
        file.write(f"spean linkage key 1\n{secrets.token_hex(KEY_BYTES)}\n")


def read_key(path: Path) -> bytes:
    """The key of a file that `new_key` wrote. Raises KeyFault."""
    try:
        head, text = path.read_text(encoding="ascii").split("\n")[:2]
        key = bytes.fromhex(text.strip())
    except (OSError, ValueError) as fault:
        raise KeyFault(f"{path} cannot be read as a key file.") from fault
    if head != "spean linkage key 1" or len(key) != KEY_BYTES:
        raise KeyFault(f"{path} is not a key file of this version.")
    return key


def fingerprint(key: bytes) -> str:
    """Eight letters to compare over the telephone; they say nothing about the key."""
    return hashlib.blake2b(b"fingerprint", key=key, digest_size=4).hexdigest()


# --- encoding ----------------------------------------------------------------------------------------


class Encoder:
    """Turns records of a table into rows of codes under one key."""

    def __init__(self, table: Table, key: bytes, strength: str) -> None:
        self._table, self._key, self._strength = table, key, strength
        self._days = self._shuffled()
        self._grams: dict[str, int] = {}
        self._name_cells: dict[tuple[int, ...], str] = {}

    def code(self, kind: str, *parts: object) -> str:
        """16 hexadecimal digits for a value of a kind; the same value of another kind has another code."""
        text = "\x1f".join(map(str, parts))
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=8, person=kind.encode()[:16]).hexdigest()

    def _shuffled(self) -> list[int]:
        # Days and months exchange their numbers by one secret order, so that exchanged day and month are still seen.
        return [0, *sorted(range(1, 32), key=lambda day: self.code("day", day))]

    def filter(self, texts: Sequence[str]) -> int:
        """The pairs of letters of some names, each as bits at keyed places."""
        found = 0
        for text in texts:
            framed = f"_{text}_"
            for at in range(len(framed) - 1):
                gram = framed[at : at + 2]
                bits = self._grams.get(gram)
                if bits is None:
                    digest = hashlib.blake2b(
                        gram.encode(), key=self._key, digest_size=2 * FILTER_HASHES, person=b"filter"
                    ).digest()
                    bits = 0
                    for place in range(0, len(digest), 2):
                        bits |= 1 << (int.from_bytes(digest[place : place + 2], "big") % FILTER_BITS)
                    self._grams[gram] = bits
                found |= bits
        return found

    def name(self, ids: Sequence[int]) -> str:
        """A cell for one name of the vocabulary, or for several taken together in no order."""
        known = tuple(sorted(one for one in ids if one >= 0))
        if not known:
            return ""
        cell = self._name_cells.get(known)
        if cell is None:
            cell = self._name_cells[known] = self._name(known)
        return cell

    def _name(self, ids: tuple[int, ...]) -> str:
        vocabulary = self._table.names
        sounds = sorted(str(vocabulary.sounds[one]) for one in ids)
        texts = [str(vocabulary.texts[one]) for one in ids]
        skeletons = sorted(map(names.skeleton, sounds))
        single = self._strength == "fields"
        words = [self.code("word", number) for number in self._word_sounds(ids)] if single else []
        return ".".join([
            self.code("sound", *sounds), self.code("skeleton", *skeletons),
            self.code("initial", skeletons[0][:2]) if single else "", "-".join(words),
            f"{self.filter([*texts, *sounds]):0{FILTER_BITS // 4}x}",
        ])  # fmt: skip

    @cached_property
    def _sound_texts(self) -> list[str]:
        return list(self._table.names.sound_texts())

    def _word_sounds(self, ids: tuple[int, ...]) -> list[str]:
        return [
            self._sound_texts[number] for one in ids for number in self._table.names.words[one].tolist() if number >= 0
        ]

    def rows(self) -> Iterator[list[str]]:
        table = self._table
        columns = (
            table.source, table.family, table.given, table.mother, table.sex, table.nationality, table.year, table.month,
            table.day, table.estimated, table.place, table.region,
        )  # fmt: skip
        places, nationalities = table.place_codes, table.nationality_codes
        numbers = table.numbers
        for at, (
            source,
            family,
            given,
            mother,
            sex,
            nationality,
            year,
            month,
            day,
            estimated,
            place,
            region,
        ) in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
            phones = [numbers[one] for one in table.phone[at].tolist() if one >= 0]
            papers = [numbers[one] for one in table.document[at].tolist() if one >= 0]
            token = self.code("record", table.sources[source], table.record_ids[at])
            codes = self._codes(family, given, mother, year, month, day, sex, place, phones, papers)
            row = [token, safe(table.sources[source])]
            if self._strength == "codes":
                row += [""] * 11
            else:
                whole = self._strength == "names"
                row += [
                    "" if whole else self.name([family]), self.name([family, given] if whole else [given]),
                    self.name([mother]), "" if sex < 0 else str(sex),
                    "" if nationality < 0 else self.code("nationality", nationalities[nationality]),
                    str(year), str(self._days[month]), str(self._days[day]), str(estimated),
                    "" if place < 0 else self.code("place", places[place]),
                    "" if region < 0 else self.code("place", places[region]),
                ]  # fmt: skip
            row += [
                " ".join(self.code("phone", one) for one in phones),
                " ".join(self.code("paper", one) for one in papers),
            ]
            if self._strength == "codes":
                row[3] = self._composite_name(family, given, year, sex)
            row.append(" ".join(codes) if self._strength != "fields" else "")
            yield row

    def _sound(self, one: int) -> str:
        return str(self._table.names.sounds[one]) if one >= 0 else ""

    def _composite_name(self, family: int, given: int, year: int, sex: int) -> str:
        """The one name code of the strength "codes": sound of the whole name, birth year and sex together."""
        if (family < 0 and given < 0) or not year or sex < 0:
            return ""
        sounds = sorted(filter(None, (self._sound(family), self._sound(given))))
        return ".".join([
            self.code("composite", *sounds, year, sex),
            self.code("composite rough", *sorted(map(names.skeleton, sounds)), year, sex), "", "", "0",
        ])  # fmt: skip

    def _codes(
        self, family: int, given: int, mother: int, year: int, month: int, day: int, sex: int, place: int,
        phones: Sequence[str], papers: Sequence[str],
    ) -> list[str]:  # fmt: skip
        """Composite codes under which records meet. None is of one name alone: those could be counted."""
        if self._strength == "fields":
            return []
        found = [self.code("b-phone", one) for one in phones] + [self.code("b-paper", one) for one in papers]
        one, two = self._sound(family), self._sound(given)
        both = sorted(filter(None, (one, two)))
        rough = sorted(map(names.skeleton, both))
        if self._strength == "codes":
            if both and year and sex >= 0:
                found += [self.code("b-composite", *both, year, sex), self.code("b-rough", *rough, year, sex)]
            return found
        if len(both) == 2 or (both and len(both[0]) > 5):
            found += [self.code("b-both", *both), self.code("b-bothrough", *rough)]
        if year and day:
            found.append(self.code("b-date", year, month, day, sex))
        for name, other in ((one, two), (two, one)):
            if not name:
                continue
            if year and day:
                found.append(self.code("b-namedate", name, year, day + 31 * month))
            initial = names.skeleton(other)[:2] if other else ""
            if year and other:
                found.append(self.code("b-nameyear", name, initial, year))
            if place >= 0 and other:
                found.append(self.code("b-nameplace", name, initial, self._table.place_codes[place]))
            if mother >= 0:
                found.append(self.code("b-mother", names.skeleton(name), names.skeleton(self._sound(mother))))
        if mother >= 0 and year:
            found.append(self.code("b-motheryear", self._sound(mother), year))
        return list(dict.fromkeys(found))


def write(table: Table, key: bytes, path: Path, strength: str, lookup: Path | None = None) -> int:
    """Writes the tokens, and where asked which token is which record. The number of records."""
    encoder = Encoder(table, key, strength)
    with open_private(path) as file:
        file.write(f"# {FORM} {strength} {fingerprint(key)}\n")
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        # In the order of the tokens, which says nothing, and not in that of the list, which may.
        rows = sorted(encoder.rows())
        writer.writerows(rows)
    if lookup is not None:
        with open_private(lookup) as file:
            writer = csv.writer(file)
            writer.writerow(("record", "source", "record_id"))
            writer.writerows(
                (encoder.code("record", table.sources[source], number), safe(table.sources[source]), safe(number))
                for source, number in zip(table.source.tolist(), table.record_ids, strict=True)
            )
    return len(table)


# --- reading tokens ----------------------------------------------------------------------------------


@dataclass
class Codes:
    """The vocabulary of encoded names: what `Vocabulary` offers, from codes and filters."""

    cells: list[str]

    def __len__(self) -> int:
        return len(self.cells)

    @cached_property
    def _parts(self) -> list[list[str]]:
        return [cell.split(".") for cell in self.cells]

    def _numbered(self, place: int) -> Ints:
        numbers: dict[str, int] = {"": -1}
        return np.array(
            [*(numbers.setdefault(part[place], len(numbers) - 1) for part in self._parts), -1], dtype=np.int32
        )

    @cached_property
    def sound(self) -> Ints:
        return self._numbered(0)

    @cached_property
    def skeleton(self) -> Ints:
        return self._numbered(1)

    @cached_property
    def initial(self) -> Ints:
        return self._numbered(2)

    @cached_property
    def words(self) -> Ints:
        numbers: dict[str, int] = {}
        found = np.full((len(self.cells) + 1, WORDS), -1, dtype=np.int32)
        for place, part in enumerate(self._parts):
            for at, word in enumerate(part[3].split("-")[:WORDS] if part[3] else []):
                found[place, at] = numbers.setdefault(word, len(numbers))
        return found

    @cached_property
    def _filters(self) -> NDArray[np.uint64]:
        size = FILTER_BITS // 8
        raw = b"".join(int(part[4], 16).to_bytes(size, "big") for part in self._parts) + bytes(size)
        return np.frombuffer(raw, dtype=np.uint64).reshape(-1, FILTER_BITS // 64)

    @cached_property
    def _weights(self) -> NDArray[np.float32]:
        return np.bitwise_count(self._filters).sum(axis=1).astype(np.float32)

    def sound_texts(self) -> list[str]:
        """Codes by their numbers."""
        return list(dict.fromkeys(part[0] for part in self._parts))

    def likeness(self, a: Ints, b: Ints) -> NDArray[np.float32]:
        """0..1: Dice's coefficient of the filters, its root because one letter changes two pairs of letters."""
        common = np.bitwise_count(self._filters[a] & self._filters[b]).sum(axis=1).astype(np.float32)
        either = self._weights[a] + self._weights[b]
        return np.sqrt(np.divide(2 * common, either, out=np.zeros_like(common), where=either > 0))

    def canonical(self) -> tuple["Codes", Ints]:
        """The same names in the order of their cells, and the new number of each old one."""
        order = sorted(range(len(self.cells)), key=self.cells.__getitem__)
        new = np.full(len(self.cells) + 1, -1, dtype=np.int32)
        new[order] = np.arange(len(order))
        return Codes([self.cells[place] for place in order]), new


def token_rows(path: Path, note: Notes) -> list[dict[str, str]]:
    """The rows of one list of tokens as they stand. Raises ListFault when it is none."""
    head, _, rest = decode(path.read_bytes(), note).partition("\n")
    if not head.startswith(f"# {FORM} "):
        raise ListFault(f"{path.name} is no list of tokens that `spean encode` wrote.")
    table = csv.DictReader(io.StringIO(rest, newline=""))
    if tuple(table.fieldnames or ()) != COLUMNS:
        raise ListFault(f"{path.name} does not have the columns of this version.")
    note.encoding, note.delimiter = head, ","
    return list(table)


def is_row(row: Mapping[str, str]) -> bool:
    """Whether a row is one of tokens, in every column."""
    try:
        _numbers_of(row, {}, {}, {"nationality": {}, "place": {}, "number": {}})
        for code in (row["record"], *row["codes"].split()):
            int(code, 16)
        return True
    except (KeyError, ValueError, AttributeError, TypeError):
        return False


def read(paths: Sequence[Path], notes: Sequence[Notes]) -> Table:
    """Lists of tokens as one table. Raises ListFault when they are none, or under different keys or strengths."""
    lists = []
    for path, note in zip(paths, notes, strict=True):
        tokens = token_rows(path, note)
        lists.append((path.name, note.encoding, tokens))
        note.encoding = "tokens"
        note.columns = {name: name for name in COLUMNS}
        for row in tokens:
            note.rows += 1
            note.filled.update(name for name in COLUMNS if row[name] not in ("", "0"))
    return table_of(lists)


def table_of(lists: Iterable[tuple[str, str, Iterable[Mapping[str, str]]]]) -> Table:
    """A table of lists given as (name, first line, rows). Raises ListFault."""
    heads: set[str] = set()
    cells: dict[str, int] = {}
    sources: dict[str, int] = {}
    numbered: dict[str, dict[str, int]] = {"nationality": {}, "place": {}, "number": {}}
    record_ids: list[str] = []
    rows_read: list[list[int]] = []
    codes: list[list[int]] = []
    for name, head, tokens in lists:
        heads.add(head)
        for line, row in enumerate(tokens, 3):
            try:
                rows_read.append(_numbers_of(row, cells, sources, numbered))
                codes.append([int(code, 16) for code in row["codes"].split()])
            except (ValueError, AttributeError, TypeError):
                raise ListFault(f"{name}, line {line}: this is no row of tokens.") from None
            record_ids.append(row["record"])
    if len(heads) > 1:
        raise ListFault("The lists were encoded with different keys or strengths; compare the fingerprints.")
    width = max(map(len, codes), default=0)
    code_columns = np.zeros((len(codes), width), dtype=np.uint64)
    for at, own in enumerate(codes):
        code_columns[at, : len(own)] = own
    one = np.array(rows_read, dtype=np.int32).reshape(len(rows_read), 12 + 2 * NUMBERS).T
    given = np.ascontiguousarray(one)
    return Table(
        record_ids, list(sources), given[0], Codes(list(cells)), given[1], given[2], np.full(len(record_ids), -1, np.int32),
        given[3], given[4], given[5], given[6], given[7], given[8], given[9], given[10], given[11],
        np.ascontiguousarray(given[12 : 12 + NUMBERS].T), np.ascontiguousarray(given[12 + NUMBERS :].T),
        np.array([*numbered["number"], ""], dtype=object),
        codes=code_columns if width else None,
    )  # fmt: skip


def _numbers_of(
    row: Mapping[str, Any], cells: dict[str, int], sources: dict[str, int], numbered: dict[str, dict[str, int]]
) -> list[int]:
    def name(cell: str) -> int:
        if cell and cell not in cells:
            parts = cell.split(".")
            if len(parts) != 5 or int(parts[4], 16) >= 1 << FILTER_BITS:
                raise ValueError
        return cells.setdefault(cell, len(cells)) if cell else -1

    def number(kind: str, code: str) -> int:
        return numbered[kind].setdefault(code, len(numbered[kind])) if code else -1

    def several(text: str) -> list[int]:
        found = [number("number", code) for code in text.split()[:NUMBERS]]
        return found + [-1] * (NUMBERS - len(found))

    return [
        sources.setdefault(row["source"].removeprefix("'"), len(sources)), name(row["family"]), name(row["given"]),
        name(row["mother"]), int(row["sex"]) if row["sex"] else -1, number("nationality", row["nationality"]),
        int(row["year"] or 0), int(row["month"] or 0), int(row["day"] or 0), int(row["estimated"] or 0),
        number("place", row["place"]), number("place", row["region"]), *several(row["phone"]), *several(row["document"]),
    ]  # fmt: skip
