"""Where sealed files lie: below `files/` of the state directory, named by the id of their row and by nothing else.

Only ciphertext comes here, also into drafts. Sealing and opening are vault.py's, who may is asked at the door.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from django.conf import settings

from spean.privacy import crypto

# A file without a row: its upload was broken off. Left alone this long, because a row may still be on its way.
LOST_AFTER = 24 * 3600


def _path(row_id: UUID) -> Path:
    return Path(settings.MEDIA_ROOT) / row_id.hex[:2] / row_id.hex


def write(row_id: UUID, sealed: bytes) -> None:
    """Whole or not at all, and on the disk before this returns; never over another file."""
    crypto.write_private_file(_path(row_id), sealed)


def read(row_id: UUID) -> bytes:
    """Raises FileNotFoundError where the file is gone: a restore may have left it out."""
    return _path(row_id).read_bytes()


def remove(row_id: UUID) -> None:
    """Twice does no harm."""
    _path(row_id).unlink(missing_ok=True)


def remove_lost(known: Iterable[UUID]) -> int:
    """Remove drafts and files that belong to no row, a day after they were written. Returns how many."""
    names = {row_id.hex for row_id in known}
    old = time.time() - LOST_AFTER
    removed = 0
    for path in Path(settings.MEDIA_ROOT).glob("[0-9a-f][0-9a-f]/*"):  # drafts, too, whose names begin with a dot
        with suppress(FileNotFoundError):  # somebody else removed it in this moment
            if path.name not in names and path.stat().st_mtime < old:
                path.unlink()
                removed += 1
    return removed
