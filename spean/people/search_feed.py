"""From the database into the index: everybody at the start, then every change, in order and without gaps.

Opens sealed names, in the search process and nowhere else. What it reads stays in that process's memory.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import BigIntegerField, Func

from spean.people.matching import Details
from spean.people.models import Person
from spean.people.search_index import Found, SearchIndex
from spean.privacy import vault
from spean.privacy.crypto import CannotOpen

SEALED = (
    "family_name", "given_name", "name_km", "other_names", "birth_date", "phone", "document_number", "mother_name",
    "father_name",
)  # fmt: skip
CODED = ("sex", "birth_year", "birth_year_estimated", "nationality", "birth_province")
COLUMNS = ("id", "subject", "code", "same_as_id", "changed_in", *SEALED, *CODED)
BATCH = 2_000
_LABELS = tuple(vault.label_of(Person, name) for name in SEALED)

_UPPER_END = Func(
    template=(
        "greatest(pg_snapshot_xmax(pg_current_snapshot())::text::bigint,"
        " coalesce(pg_current_xact_id_if_assigned()::text::bigint, 0) + 1)"
    ),
    output_field=BigIntegerField(),
)

Row = Sequence[Any]


class Feed:
    """Keeps one index current. All methods run in one thread."""

    def __init__(self, index: SearchIndex) -> None:
        self.index = index
        self.unreadable: set[UUID] = set()
        self._same_as: dict[str, str] = {}
        self._subject_of: dict[str, UUID] = {}
        self._person_of: dict[UUID, str] = {}
        self._mark = 0
        self._applied: dict[UUID, int] = {}  # person → transaction, for rows the mark does not cover yet

    # --- the start ---

    def load(self) -> None:
        """Everybody on file. Names are decrypted batch by batch and kept in the index alone."""
        mark, _ = self._transactions()
        # One cursor on the server within one transaction: memory holds a batch, not the table.
        with transaction.atomic():
            batch: list[Row] = []
            for row in Person.objects.order_by().values_list(*COLUMNS).iterator(chunk_size=BATCH):
                batch.append(row)
                if len(batch) == BATCH:
                    self._apply(batch)
                    batch = []
            self._apply(batch)
        self._mark = mark

    # --- changes ---

    def follow(self) -> int:
        """Apply what was committed since the last time; called before each answer. Returns how many persons changed."""
        # A moment cannot be followed (a transaction may commit after a later one), a transaction number can:
        # everything below the lowest transaction still open was there to be read. The upper end leaves out
        # numbers that a restored backup brought along from another server. A transaction's own rows count, too.
        next_mark, own = self._transactions()
        changed = dict(
            Person.objects.order_by()
            .filter(changed_in__gte=self._mark)
            .filter(changed_in__lt=_UPPER_END)
            .values_list("id", "changed_in")
        )
        # A foreign transaction shows all it did at once; our own may change a row again.
        new = [person for person, number in changed.items() if number == own or self._applied.get(person) != number]
        for start in range(0, len(new), BATCH):
            self._apply(list(Person.objects.order_by().filter(pk__in=new[start : start + BATCH]).values_list(*COLUMNS)))
        self._applied = {person: number for person, number in changed.items() if number >= next_mark}
        self._mark = next_mark
        return len(new)

    def sweep(self) -> None:
        """Forget persons whose key was destroyed, even if nobody touched their row."""
        self._forget([self._person_of[subject] for subject in vault.destroyed() if subject in self._person_of])

    def sweep_deleted(self) -> None:
        """Forget persons whose row is gone. Rows are not deleted in the course of work, so this is rare and slow."""
        if Person.objects.count() < len(self._subject_of):
            there = {str(person) for person in Person.objects.order_by().values_list("id", flat=True).iterator()}
            self._forget(person for person in list(self._subject_of) if person not in there)

    def standing(self, found: list[Found]) -> list[Found]:
        """The persons found, checked once more against the database; two files of one person become one."""
        ids = [UUID(one.person_id) for one in found]
        there = dict(Person.objects.order_by().filter(pk__in=ids).values_list("id", "subject"))
        erased = vault.destroyed(there.values())
        gone = {str(person) for person in ids if person not in there or there[person] in erased}
        self._forget(gone)
        kept: dict[str, Found] = {}
        for one in found:
            if one.person_id not in gone:
                person = self._current(one.person_id)
                kept.setdefault(person, one._replace(person_id=person))
        return list(kept.values())

    # --- inside ---

    @staticmethod
    def _transactions() -> tuple[int, int | None]:
        """The lowest transaction still open, and our own if it has written anything."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,"
                " pg_current_xact_id_if_assigned()::text::bigint"
            )
            lowest, own = cursor.fetchone()
        return int(lowest), own

    def _current(self, person: str) -> str:
        seen = {person}
        while (later := self._same_as.get(person)) is not None and later not in seen:
            seen.add(later)
            person = later
        return person

    def _forget(self, persons: Iterable[str]) -> None:
        for person in persons:
            self.index.remove(person)
            self._same_as.pop(person, None)
            subject = self._subject_of.pop(person, None)
            if subject is not None:
                self._person_of.pop(subject, None)

    def _apply(self, rows: Sequence[Row]) -> None:
        for row, texts in zip(rows, self._open(rows), strict=True):
            person_id, subject, code, same_as, _, *_ = row
            person = str(person_id)
            if texts is None:
                self._forget([person])
                continue
            self._subject_of[person], self._person_of[subject] = subject, person
            if same_as is None:
                self._same_as.pop(person, None)
            else:
                self._same_as[person] = str(same_as)
            self.index.add(person, _details(texts, row[-len(CODED) :]), code)

    def _open(self, rows: Sequence[Row]) -> list[list[str] | None]:
        """The texts of each row, or None for an erased or unreadable person."""
        if not rows:
            return []
        sealed = [
            vault.Sealed(row[1], label, row[0], blob)
            for row in rows
            for label, blob in zip(_LABELS, row[5 : 5 + len(SEALED)], strict=True)
        ]
        try:
            opened = vault.open_sealed(sealed)
        except (vault.NoKey, CannotOpen):
            if len(rows) > 1:  # one damaged person must not hide the others
                middle = len(rows) // 2
                return self._open(rows[:middle]) + self._open(rows[middle:])
            self.unreadable.add(rows[0][0])
            return [None]
        width = len(SEALED)
        parts = (opened[start : start + width] for start in range(0, len(opened), width))
        self.unreadable.difference_update(row[0] for row in rows)
        return [None if part[0].erased else [one.text or "" for one in part] for part in parts]


def _details(texts: list[str], coded: Row) -> Details:
    family, given, khmer, others, birth, phone, document, mother, father = texts
    sex, year, estimated, nationality, province = coded
    return Details(
        family_name=family,
        given_name=given,
        name_km=khmer,
        other_names=tuple(line for line in others.splitlines() if line.strip()),
        sex=sex,
        birth_date=birth,
        birth_year=year,
        birth_year_estimated=estimated,
        nationality=nationality,
        birth_province=province,
        phone=phone,
        document_number=document,
        mother_name=mother,
        father_name=father,
    )
