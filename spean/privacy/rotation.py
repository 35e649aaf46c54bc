"""Changing the key-encryption key: `spean keys rotate` and `spean keys status`.

The operator puts the new key's file in SPEAN_KEK_FILE and the old one's in SPEAN_EARLIER_KEK_FILES; from then on new
data keys are wrapped by the new one, both open, and this job moves the others, batch by batch. How far it is stands
in the data keys themselves, so that it can be broken off at any moment and go on. The wrapping is vault.py's.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from spean.privacy import events, vault
from spean.privacy.crypto import KeyFileError
from spean.privacy.models import Event

BATCH = 500

Say = Callable[[str], object]


class CannotRotate(Exception):
    """Why the data keys cannot be moved, with what to do."""


@dataclass(frozen=True)
class Progress:
    """How far a rotation is: data keys under the current key-encryption key, and those to be moved."""

    current: str
    done: int
    left: int
    lost: int  # under a key-encryption key whose file is not at hand

    @property
    def percent(self) -> int:
        whole = self.done + self.left + self.lost
        return 100 * self.done // whole if whole else 100


def progress() -> Progress:
    found = vault.wrapping()
    return Progress(
        current=found[0].kek_id,
        done=found[0].keys,
        left=sum(one.keys for one in found[1:] if one.at_hand),
        lost=sum(one.keys for one in found[1:] if not one.at_hand),
    )


def rotate(say: Say, batch: int = BATCH) -> int:
    """Move every data key to the current key-encryption key. Returns how many do not open at all."""
    before = progress()
    missing = [one.kek_id for one in vault.wrapping() if not one.at_hand]
    if missing:
        raise CannotRotate(
            f"{before.lost:,} data keys are wrapped by {', '.join(missing)}, whose file is not at hand. "
            "Name it in SPEAN_EARLIER_KEK_FILES."
        )
    if not before.left:
        say(f"Nothing to do: all {before.done:,} data keys are under key-encryption key {before.current}.")
        return 0
    if not _open_rotation(before.current):
        facts = {"kek": before.current, "keys": before.left}
        events.record("keys.rotation_started", actor=None, facts=facts)
    say(f"{before.left:,} data keys to move to key-encryption key {before.current}, {before.done:,} are there.")
    damaged = _passes(say, before, batch)
    if damaged:
        say(f"{damaged:,} data keys do not open and stay as they are: restore them from a copy of the key vault.")
        return damaged
    events.record("keys.rotation_finished", actor=None, facts={"kek": before.current, "keys": progress().done})
    say(
        "Done. Escrow the new key (spean keys escrow), keep the file of the old one as long as copies of the key "
        "vault made before today are kept (30 days), and then destroy it."
    )
    return 0


def _passes(say: Say, before: Progress, batch: int) -> int:
    """Go through the data keys until nothing moves: a process that began earlier may still wrap with the old key."""
    moved = 0
    while True:
        after, moved_now, damaged = None, 0, 0
        while (step := vault.rewrap(batch, after)).last is not None:
            after = step.last
            moved_now += step.moved
            damaged += step.damaged
            done = before.done + moved + moved_now
            whole = max(before.done + before.left, done)
            say(f"{done:,} of {whole:,} data keys ({100 * done // whole} %)")
        moved += moved_now
        if not moved_now:
            return damaged


def _open_rotation(kek_id: str) -> bool:
    """Whether a rotation to this key was begun and not finished: going on is no second beginning."""
    return _moment("keys.rotation_started", kek_id) is not None and _moment("keys.rotation_finished", kek_id) is None


def _moment(action: str, kek_id: str) -> datetime | None:
    rows = Event.objects.filter(action=action, facts__kek=kek_id).order_by("-id")
    return rows.values_list("at", flat=True).first()


def status(say: Say) -> int:
    """What wraps the data keys, how far a rotation is, and since when the current key can be recovered."""
    found = progress()
    for one in vault.wrapping():
        words = "current" if one.current else "earlier, readable" if one.at_hand else "earlier, FILE MISSING"
        say(f"key-encryption key {one.kek_id} ({words}): {one.keys:,} data keys")
    say(f"destroyed data keys: {len(vault.destroyed()):,}")
    if found.left:
        say(f"rotation: {found.percent} % done, {found.left:,} data keys left. Go on with: spean keys rotate")
    else:
        finished = _moment("keys.rotation_finished", found.current)
        say(f"rotation: finished on {_day(finished)}" if finished else "rotation: none")
    escrowed = _moment("keys.escrowed", found.current)
    say(f"escrow: made on {_day(escrowed)}" if escrowed else "escrow: NONE of the current key. Run: spean keys escrow")
    return 1 if found.lost else 0


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


# --- the commands ------------------------------------------------------------------------------------------


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def rotate_command(argv: Sequence[str]) -> int:
    """`spean keys rotate`: 0 all data keys are under the current key, 1 some do not open, 2 cannot be done."""
    parser = argparse.ArgumentParser(
        prog="spean keys rotate",
        description="Wrap all data keys anew under the current key-encryption key. May be broken off and begun again.",
    )
    parser.parse_args(argv)
    try:
        return 1 if rotate(_say) else 0
    except (CannotRotate, KeyFileError) as fault:
        print(f"cannot rotate: {fault}", file=sys.stderr)  # noqa: T201
        return 2


def status_command(argv: Sequence[str]) -> int:
    """`spean keys status`: 0, or 1 when the file of a key that is in use is missing."""
    argparse.ArgumentParser(
        prog="spean keys status", description="Say which key-encryption keys are in use, and how far a rotation is."
    ).parse_args(argv)
    try:
        return status(_say)
    except KeyFileError as fault:
        print(f"cannot tell: {fault}", file=sys.stderr)  # noqa: T201
        return 2
