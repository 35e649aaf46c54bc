"""Data keys and sealing: one key per person, made, used and destroyed here.

Anybody may seal. Opening is for the door (doors.py) and the search process alone: a test walks the code and
fails when another module names `open_sealed`. The bytes themselves are crypto.py's business.
"""

import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connections, models, transaction

from spean.lib import clock
from spean.privacy import crypto
from spean.privacy.fields import Ciphertext, sealed_fields
from spean.privacy.keyvault.models import DataKey
from spean.privacy.routers import VAULT_ALIAS

TABLE = DataKey._meta.db_table


class NoKey(Exception):
    """There is no data key for this person: it was never made, or the key vault was lost."""


class KeyDestroyed(NoKey):
    """The data key was destroyed: nothing can be sealed or opened for this person any more."""


class KeyExists(Exception):
    """This person already has a data key; a second one would make the first one's texts unreadable."""


@lru_cache(maxsize=1)
def _keyring(current: Path, earlier: tuple[Path, ...]) -> tuple[bytes, dict[str, bytes]]:
    kek = crypto.load_key_file(current)
    known = [kek, *(crypto.load_key_file(path) for path in earlier)]
    return kek, {crypto.key_id(key): key for key in known}


def _keys() -> tuple[bytes, dict[str, bytes]]:
    # Earlier keys stay readable while a rotation re-wraps the data keys.
    earlier = tuple(Path(path) for path in settings.SPEAN_EARLIER_KEK_FILES)
    return _keyring(Path(settings.SPEAN_KEK_FILE), earlier)


def forget_key_encryption_key() -> None:
    """Drop the key-encryption key from memory; the next use reads its file again."""
    _keyring.cache_clear()


def create_key(subject: UUID) -> None:
    """Make the data key of a new person, before the first row that is sealed with it.

    Committed in the key vault at once: a crash afterwards leaves a key without a person, which opens nothing.
    The other order could leave a person whose fields nobody can ever open.
    """
    create_keys([subject])


def create_keys(subjects: Iterable[UUID]) -> None:
    kek, _ = _keys()
    name, now = crypto.key_id(kek), clock.now()
    rows = [
        DataKey(
            subject=subject,
            wrapped=crypto.wrap(kek, crypto.new_key(), subject=subject),
            kek_id=name,
            created_at=now,
        )
        for subject in subjects
    ]
    try:
        with transaction.atomic(using=VAULT_ALIAS, durable=True):
            DataKey.objects.using(VAULT_ALIAS).bulk_create(rows, batch_size=2000)
    except IntegrityError:
        raise KeyExists("One of these persons already has a data key.") from None


class Wrapped(NamedTuple):
    """How many living data keys one key-encryption key wraps, and whether its file is at hand."""

    kek_id: str
    keys: int
    at_hand: bool
    current: bool


def wrapping() -> list[Wrapped]:
    """Which key-encryption keys wrap the living data keys; the current one first, even if it wraps none yet."""
    kek, ring = _keys()
    now = crypto.key_id(kek)
    rows = DataKey.objects.using(VAULT_ALIAS).filter(wrapped__isnull=False)
    counted = dict(rows.order_by().values_list("kek_id").annotate(models.Count("subject")))
    found = [Wrapped(now, counted.pop(now, 0), True, True)]
    return found + [Wrapped(name, counted[name], name in ring, False) for name in sorted(counted)]


class Rewrapped(NamedTuple):
    """One batch of a rotation: where it ended (None: nothing was left), how many keys moved, how many did not open."""

    last: UUID | None
    moved: int
    damaged: int


def rewrap(limit: int, after: UUID | None = None) -> Rewrapped:
    """Wrap up to `limit` data keys anew under the current key-encryption key, in the order of their subjects.

    One durable transaction: a break leaves each key under the old or under the new one, and both open. A data key
    that does not open is left as it is: it was damaged before, and wrapping it anew would hide that.
    """
    kek, ring = _keys()
    now = crypto.key_id(kek)
    rows = DataKey.objects.using(VAULT_ALIAS).filter(wrapped__isnull=False, kek_id__in=ring.keys() - {now})
    if after is not None:
        rows = rows.filter(subject__gt=after)
    with transaction.atomic(using=VAULT_ALIAS, durable=True):
        # Locked, so that a key that is destroyed meanwhile is not brought back.
        batch = list(rows.order_by("subject").select_for_update()[:limit])
        moved = []
        for row in batch:
            assert row.wrapped is not None  # the filter's
            try:
                key = crypto.unwrap(ring[row.kek_id], bytes(row.wrapped), subject=row.subject, kek_id=row.kek_id)
            except crypto.CannotOpen:
                continue
            row.wrapped, row.kek_id = crypto.wrap(kek, key, subject=row.subject), now
            moved.append(row)
        DataKey.objects.using(VAULT_ALIAS).bulk_update(moved, ["wrapped", "kek_id"], batch_size=500)
    return Rewrapped(batch[-1].subject if batch else None, len(moved), len(batch) - len(moved))


def destroy_key(subject: UUID) -> None:
    """Make everything sealed for this person unreadable. The row stays: it proves when. Cannot be undone."""
    with transaction.atomic(using=VAULT_ALIAS, durable=True):
        row = DataKey.objects.using(VAULT_ALIAS).select_for_update().filter(pk=subject).first()
        if row is None:
            raise NoKey("There is no data key to destroy.")
        if row.wrapped is not None:
            row.wrapped, row.destroyed_at = None, clock.now()
            row.save(using=VAULT_ALIAS, update_fields=["wrapped", "destroyed_at"])


def destroy_keys(subjects: Iterable[UUID]) -> None:
    """`destroy_key`, of many at once; whoever has none any more, or never had, is left out."""
    with transaction.atomic(using=VAULT_ALIAS, durable=True):
        rows = DataKey.objects.using(VAULT_ALIAS).filter(pk__in=set(subjects), wrapped__isnull=False)
        rows.update(wrapped=None, destroyed_at=clock.now())


def remove_remains(since: datetime) -> bool:
    """Have the table written anew if a key was destroyed since then. Returns whether it was.

    An emptied row leaves its old bytes in the file until PostgreSQL needs the place, which may be years. Needs the
    right to maintain the table (PostgreSQL 17); without it, whoever owns the table does it by hand.
    """
    if not DataKey.objects.using(VAULT_ALIAS).filter(destroyed_at__gte=since).exists():
        return False
    with connections[VAULT_ALIAS].cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege(%s, 'MAINTAIN')" if _can_maintain() else "SELECT %s IS NULL", [TABLE]
        )
        if cursor.fetchone() != (True,):
            return False
        cursor.execute(f"VACUUM (FULL) {TABLE}")
    return True


def _can_maintain() -> bool:
    connection: Any = connections[VAULT_ALIAS]
    connection.ensure_connection()
    return bool(connection.pg_version >= 170000)


def is_destroyed(subject: UUID) -> bool:
    return DataKey.objects.using(VAULT_ALIAS).filter(pk=subject, wrapped__isnull=True).exists()


def destroyed(subjects: Iterable[UUID] | None = None) -> set[UUID]:
    """Whose keys were destroyed, among these persons or among all: for the search process, which must forget them."""
    rows = DataKey.objects.using(VAULT_ALIAS).filter(wrapped__isnull=True)
    if subjects is not None:
        rows = rows.filter(pk__in=set(subjects))
    return set(rows.values_list("subject", flat=True))


def destruction_of(subjects: Iterable[UUID]) -> dict[UUID, datetime]:
    """When the keys of these persons were destroyed, as the key vault says: the proof of an erasure."""
    rows = DataKey.objects.using(VAULT_ALIAS).filter(pk__in=set(subjects), destroyed_at__isnull=False)
    return {subject: at for subject, at in rows.values_list("subject", "destroyed_at") if at is not None}


def living(subjects: Iterable[UUID]) -> set[UUID]:
    """Who of these has a key that opens: after an erasure, nobody."""
    rows = DataKey.objects.using(VAULT_ALIAS).filter(pk__in=set(subjects), wrapped__isnull=False)
    return set(rows.values_list("subject", flat=True))


def _data_keys(subjects: Iterable[UUID]) -> dict[UUID, bytes | None]:
    """The data keys of many persons by one query; None for a destroyed one."""
    wanted = set(subjects)
    _, ring = _keys()
    found: dict[UUID, bytes | None] = {}
    with connections[VAULT_ALIAS].cursor() as cursor:
        # By hand: asked at every opening, and put together by Django it costs more than it takes.
        cursor.execute(f"SELECT subject, wrapped, kek_id FROM {TABLE} WHERE subject = ANY(%s)", [list(wanted)])  # noqa: S608
        rows = cursor.fetchall()
    for subject, wrapped, kek_id in rows:
        if wrapped is None:
            found[subject] = None
            continue
        if kek_id not in ring:
            raise crypto.KeyFileError(
                f"Data keys were wrapped by key-encryption key {kek_id}, which is not in use here. "
                "Restore that key's file."
            )
        found[subject] = crypto.unwrap(ring[kek_id], bytes(wrapped), subject=subject, kek_id=kek_id)
    if len(found) != len(wanted):
        raise NoKey(f"{len(wanted) - len(found)} data keys are not in the key vault.")
    return found


def label_of(model: type[models.Model], field: str) -> str:
    return f"{model._meta.concrete_model._meta.label}.{field}"  # type: ignore[union-attr]


def _key_to_seal(subject: UUID) -> bytes:
    key = _data_keys([subject])[subject]
    if key is None:
        raise KeyDestroyed("This person's key was destroyed; nothing more can be written about her.")
    return key


def seal(subject: UUID, label: str, row_id: UUID, text: str, long: bool = False) -> bytes:
    """Seal one text. `label` is app.Model.field: the place where it will be stored and nowhere else opens."""
    return Ciphertext(crypto.seal(_key_to_seal(subject), text, subject=subject, label=label, row_id=row_id, long=long))


def seal_fields(obj: models.Model, **plaintexts: str | None) -> None:
    """Set sealed attributes of an object from plaintext; an empty text leaves the attribute empty.

    The object is not saved. It needs `id` and `subject`, and the subject's data key.
    """
    fields = sealed_fields(type(obj))
    unknown = plaintexts.keys() - fields.keys()
    if unknown:
        raise ValueError(f"{type(obj).__name__} has no sealed field {', '.join(sorted(unknown))}.")
    subject: UUID = obj.subject  # type: ignore[attr-defined]
    key = _key_to_seal(subject) if any(plaintexts.values()) else b""
    for name, text in plaintexts.items():
        sealed = None
        if text:
            label = label_of(type(obj), name)
            sealed = Ciphertext(
                crypto.seal(key, text, subject=subject, label=label, row_id=obj.pk, long=fields[name].long)
            )
        setattr(obj, name, sealed)


def seal_rows(rows: Sequence[models.Model], field: str, texts: Sequence[str]) -> None:
    """Set one sealed attribute of many objects, each under its own subject's key, by one question to the key vault."""
    model = type(rows[0])
    label, long = label_of(model, field), sealed_fields(model)[field].long
    keys = _data_keys(row.subject for row in rows)  # type: ignore[attr-defined]
    for row, text in zip(rows, texts, strict=True):
        subject: UUID = row.subject  # type: ignore[attr-defined]
        key = keys[subject]
        if key is None:
            raise KeyDestroyed("This person's key was destroyed; nothing more can be written about her.")
        setattr(row, field, Ciphertext(crypto.seal(key, text, subject=subject, label=label, row_id=row.pk, long=long)))


def keyed_digests(holder: UUID, messages: Sequence[bytes]) -> list[bytes]:
    """Digests under a key of this holder: whoever lacks the key vault can neither make nor test one."""
    own = hmac.digest(_key_to_seal(holder), b"spean keyed digest 1", "sha256")
    return [hmac.digest(own, message, "sha256") for message in messages]


def move_sealed(subject: UUID, row_id: UUID, blob: bytes, *, frm: str, to: str) -> bytes:
    """A text sealed for one field, sealed for another one of the same row id and subject. For migrations.

    The plaintext does not leave this function; bytes that were not sealed for `frm` are refused.
    """
    key = _key_to_seal(subject)
    text = crypto.open_sealed(key, blob, subject=subject, label=frm, row_id=row_id)
    return Ciphertext(crypto.seal(key, text, subject=subject, label=to, row_id=row_id, long=True))


def seal_file(subject: UUID, label: str, row_id: UUID, data: bytes) -> tuple[bytes, int]:
    """A whole file sealed, and the number of its chunks, which belongs to its row."""
    return crypto.seal_file(_key_to_seal(subject), data, subject=subject, label=label, row_id=row_id)


def open_file(subject: UUID, label: str, row_id: UUID, blob: bytes, count: int) -> bytes | None:
    """The file, or None where the key was destroyed. Asks nobody and logs nothing, as `open_sealed`."""
    key = _data_keys([subject])[subject]
    if key is None:
        return None
    return crypto.open_file(key, blob, count=count, subject=subject, label=label, row_id=row_id)


class Sealed(NamedTuple):
    """One ciphertext and the place it was sealed for."""

    subject: UUID
    label: str
    row_id: UUID
    blob: bytes | None


class Opened(NamedTuple):
    """`erased` tells a destroyed key from a field that was left empty."""

    text: str | None
    erased: bool


def open_sealed(items: Sequence[Sealed]) -> list[Opened]:
    """Open many ciphertexts, in order. Asks nobody and logs nothing: see the module's first lines."""
    keys = _data_keys(item.subject for item in items)
    opened: list[Opened] = []
    for subject, label, row_id, blob in items:
        key = keys[subject]
        if key is None or blob is None:
            opened.append(Opened(None, erased=key is None))
        else:
            text = crypto.open_sealed(key, bytes(blob), subject=subject, label=label, row_id=row_id)
            opened.append(Opened(text, erased=False))
    return opened


def holds(item: Sealed, text: str) -> bool:
    """Whether this ciphertext opens, and holds this text: tries vault and key without handing plaintext out."""
    try:
        return open_sealed([item])[0].text == text
    except (NoKey, crypto.CannotOpen, crypto.KeyFileError):
        return False
