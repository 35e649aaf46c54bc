"""Proves that the event log is whole: `spean audit verify`, on the server or on an auditor's own machine.

Recomputes every leaf and every signed root and says what is wrong and where. What no checkpoint covers yet is
counted as unwitnessed and never called right. `spean audit export` writes the file that it reads elsewhere.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Protocol

from spean.privacy import leaves, logfile
from spean.privacy.checkpoint import COSIGNATURE, BadCheckpoint, Head, Verifier, verify
from spean.privacy.crypto import KeyFileError
from spean.privacy.logfile import Entry, LogSource
from spean.privacy.merkle import Frontier, leaf_hash

# Rows may be written hours before their transaction ends, and a clock may be mended; a day is neither.
LATE = timedelta(days=1)
NAMED = 20


class Printer(Protocol):
    def __call__(self, line: str, /) -> object: ...


@dataclass
class Finding:
    """What the log turned out to be."""

    faults: list[str] = field(default_factory=list)
    proved: int = 0
    proved_at: datetime | None = None
    leaves: int = 0
    unwitnessed: int = 0
    witnessed: int | None = None
    # Numbers given out after the last row that hold none: an abandoned change, or rows cut off.
    empty_tail: int = 0

    @property
    def whole(self) -> bool:
        return not self.faults


def examine(
    source: LogSource, key: Verifier, witness_notes: Sequence[str] = (), roots: Sequence[tuple[int, bytes]] = ()
) -> Finding:
    """Compare a log with its signed checkpoints, and with those that witnesses kept, whole or as a root on paper."""
    return _Examination(source, key, witness_notes, roots).run()


class _Examination:
    def __init__(
        self, source: LogSource, key: Verifier, witness_notes: Sequence[str], roots: Sequence[tuple[int, bytes]]
    ) -> None:
        self.source = source
        self.finding = Finding()
        self.heads = {head.size: head for head in _heads(source, key, self.finding)}
        self.witnessed = [(head.size, head.root) for head in _witness_heads(witness_notes, key, self.finding)] + [
            *roots
        ]
        self.marks = {*self.heads, *(size for size, _ in self.witnessed)}
        self.frontiers = dict(source.frontiers())
        self.tree = Frontier()
        # Whether every row up to here is as signed; once false, nothing later is called proved.
        self.sound = True
        self.before: Head | None = None
        self.late_before = -(2**63)

    def fault(self, text: str) -> None:
        self.finding.faults.append(text)
        self.sound = False

    def run(self) -> Finding:
        unplaced: list[Entry] = []
        last_number = 0
        for entry in self.source.entries():
            if entry.event_id > last_number:
                last_number = entry.event_id
            if entry.index is None:
                unplaced.append(entry)
            else:
                self._leaf(entry)
        for text in self.source.faults:
            self.fault(text)
        last = max(self.marks, default=0)
        if last > self.finding.leaves:
            self.fault(
                f"rows {self.finding.leaves + 1} to {last}: were signed and are gone; the end of the log was cut off"
            )
        self._unplaced(unplaced)
        # Without a witness's word, the server's own signature is the last thing that anybody can hold it to.
        held = (self.finding.witnessed or 0) if self.witnessed else max(self.heads, default=0)
        self.finding.unwitnessed = max(0, self.finding.leaves - held) + len(unplaced)
        self.finding.empty_tail = max(0, self.source.last_number - last_number)
        return self.finding

    def _leaf(self, entry: Entry) -> None:
        finding = self.finding
        assert entry.index is not None  # the caller's branch
        if entry.index != finding.leaves:
            self.fault(f"row {finding.leaves + 1}: its place in the tree is missing or taken twice")
            finding.leaves = entry.index
        finding.leaves += 1
        computed = entry.hash or b""
        if entry.encoded is None:
            self.fault(f"{self._place(entry)}: was removed from the log")
        else:
            computed = leaf_hash(entry.encoded)
            if computed != entry.hash:
                self.fault(f"{self._place(entry)}: was changed after it was logged")
            if self._too_late(entry):
                self.fault(f"{self._place(entry)}: was not there when the log was signed after the time it claims")
        self.tree.append(computed)
        if self.tree.size in self.marks:
            self._mark()

    def _place(self, entry: Entry) -> str:
        return f"row {self.finding.leaves} (event {entry.event_id})"

    def _mark(self) -> None:
        """At a signed size the rows so far have to give the signed root."""
        size, root = self.tree.size, self.tree.root()
        for seen, kept in self.witnessed:
            if seen == size and kept != root:
                self.fault(f"rows 1 to {size}: the witness's checkpoint shows another root")
            elif seen == size:
                self.finding.witnessed = max(self.finding.witnessed or 0, size)
        own = self.heads.get(size)
        if own is None:
            return
        if root != own.root:
            first = self.before.size + 1 if self.before else 1
            self.fault(f"rows {first} to {size}: do not give the root that was signed on {_day(own.time)}")
            # Go on from the signed state, so that later rows are judged by themselves.
            self.tree = _resumed(self.frontiers, own) or self.tree
        elif self.sound:
            self.finding.proved, self.finding.proved_at = size, own.time
        self.before = own
        self.late_before = leaves.micros(own.time - LATE)

    def _unplaced(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if self._too_late(entry):
                self.fault(f"event {entry.event_id}: was put in among rows that were signed before")
        oldest = min((_written_at(entry.encoded) for entry in entries if entry.encoded is not None), default=None)
        if oldest is not None and leaves.micros(self.source.taken_at - LATE) > oldest:
            self.fault(
                f"rows since {_day(leaves.moment(oldest))} have no place in the tree: the worker does not run, or the tree was removed"
            )

    def _too_late(self, entry: Entry) -> bool:
        try:
            return entry.encoded is not None and leaves.written_at(entry.encoded) < self.late_before
        except (IndexError, ValueError):
            raise logfile.BadFile("A row of the exported log has other columns.") from None


def _written_at(encoded: bytes) -> int:
    try:
        return leaves.written_at(encoded)
    except (IndexError, ValueError):
        raise logfile.BadFile("A row of the exported log has other columns.") from None


def _heads(source: LogSource, key: Verifier, finding: Finding) -> list[Head]:
    heads: list[Head] = []
    for size, note in source.checkpoints():
        try:
            head = verify(note, key)
        except BadCheckpoint as fault:
            finding.faults.append(f"checkpoint of {size} rows: {fault}")
            continue
        if head.size != size:
            finding.faults.append(f"checkpoint of {size} rows: the signed text speaks of {head.size}")
            continue
        if heads and head.time < heads[-1].time - LATE:
            finding.faults.append(f"checkpoint of {size} rows: is signed earlier than the one before it")
        heads.append(head)
    return heads


def _witness_heads(notes: Sequence[str], key: Verifier, finding: Finding) -> list[Head]:
    heads = []
    for note in notes:
        try:
            heads.append(verify(note, key))
        except BadCheckpoint as fault:
            finding.faults.append(f"the witness's checkpoint: {fault}")
    return heads


def _resumed(trees: dict[int, bytes], head: Head) -> Frontier | None:
    try:
        tree = Frontier.from_bytes(head.size, trees.get(head.size, b""))
    except ValueError:
        return None
    return tree if tree.root() == head.root else None


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def report(finding: Finding, key: Verifier, say: Printer) -> int:
    """Print the finding; 0 when nothing is wrong, 1 when something is."""
    say(f"log key: {key}")
    for fault in finding.faults[:NAMED]:
        say(f"TAMPERED {fault}")
    if len(finding.faults) > NAMED:
        say(f"TAMPERED and {len(finding.faults) - NAMED} more")
    if finding.proved and finding.proved_at is not None:
        say(f"proved: rows 1 to {finding.proved:,}, signed on {_day(finding.proved_at)}")
    else:
        say("proved: nothing")
    if finding.witnessed is not None:
        say(f"witness: agrees on rows 1 to {finding.witnessed:,}")
    else:
        say("witness: none given; the signatures are the server's own")
    say(f"unwitnessed: {finding.unwitnessed:,} rows")
    if finding.empty_tail:
        say(
            f"note: {finding.empty_tail:,} numbers after the last row hold none "
            "(changes that were abandoned, or rows cut off before they were signed)"
        )
    return 0 if finding.whole else 1


def main(argv: Sequence[str] | None = None) -> int:
    """`spean audit verify`: 0 whole, 1 tampering, 2 cannot be checked."""
    parser = argparse.ArgumentParser(prog="spean audit verify", description="Prove that the event log is whole.")
    parser.add_argument("--file", type=Path, help="a log written by `spean audit export`, instead of the database")
    parser.add_argument("--key", help="the log's public key (a file, or the text itself); kept by the auditor")
    parser.add_argument(
        "--witness", type=Path, action="append", default=[], help="a checkpoint kept by a witness (may be repeated)"
    )
    parser.add_argument(
        "--root", action="append", default=[], metavar="ROWS:ROOT", help="a root kept on paper (may be repeated)"
    )
    parser.add_argument(
        "--witness-key", action="append", default=[], metavar="KEY",
        help="a witness's public key: its signature must be under one of the checkpoints given with --witness",
    )  # fmt: skip
    options = parser.parse_args(argv)
    try:
        key = _key(options.key, options.file)
        notes = _cosigned([path.read_text() for path in options.witness], options.witness_key)
        roots = [_root(text) for text in options.root]
        if options.file is None:
            finding = examine(logfile.database(), key, notes, roots)
        else:
            with options.file.open(newline="\n") as lines:
                finding = examine(logfile.exported(lines), key, notes, roots)
    except (BadCheckpoint, KeyFileError, logfile.BadFile, OSError) as fault:
        print(f"cannot verify: {fault}", file=sys.stderr)  # noqa: T201
        return 2
    return report(finding, key, print)


def _root(text: str) -> tuple[int, bytes]:
    """`ROWS:ROOT` as it stands on the printed page; spaces do not matter."""
    size, _, root = "".join(text.split()).partition(":")
    try:
        kept = bytes.fromhex(root)
    except ValueError:
        kept = b""
    if not size.isdecimal() or len(kept) != 32:
        raise BadCheckpoint("a kept root is the number of rows, a colon, and 64 hexadecimal digits")
    return int(size), kept


def _cosigned(notes: list[str], keys: Sequence[str]) -> list[str]:
    """The notes, once every witness that was named is found to have signed one of them."""
    from spean.privacy.cosignature import cosigned_at

    for text in keys:
        witness = Verifier.parse(text, COSIGNATURE)
        if not any(cosigned_at(note, witness) for note in notes):
            raise BadCheckpoint(f"no checkpoint given is signed by the witness {witness.name}")
    return notes


def _key(given: str | None, file: Path | None) -> Verifier:
    if given is not None:
        path = Path(given)
        return Verifier.parse(path.read_text() if "+" not in given else given)
    if file is not None:
        raise BadCheckpoint("give --key: a key that came with the log would prove nothing")
    from spean.privacy.sequencer import signer

    return signer().verifier


def export(argv: Sequence[str] | None = None, out: IO[str] | None = None) -> int:
    """`spean audit export`: the whole log as lines of JSON, for an auditor's own machine."""
    parser = argparse.ArgumentParser(prog="spean audit export", description="Write the event log as lines of JSON.")
    parser.add_argument("--file", type=Path, help="where to write; standard output if left out")
    options = parser.parse_args(argv)
    try:
        if options.file is None:
            _write(logfile.database(), out or sys.stdout)
        else:
            with options.file.open("x") as file:
                _write(logfile.database(), file)
    except OSError as fault:
        print(f"cannot export: {fault}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _write(source: LogSource, file: IO[str]) -> None:
    lines: Iterator[str] = logfile.lines(source)
    for line in lines:
        file.write(line)


def key(argv: Sequence[str] | None = None) -> int:
    """`spean audit key`: the public key that an auditor or witness keeps."""
    argparse.ArgumentParser(prog="spean audit key", description="Print the log's public key.").parse_args(argv)
    from spean.privacy.sequencer import signer

    try:
        print(signer().verifier)  # noqa: T201
    except KeyFileError as fault:
        print(f"cannot print the key: {fault}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


def witnessed(argv: Sequence[str] | None = None) -> int:
    """`spean audit witnessed`: what this server, as a witness, last saw of another log; for `--witness` elsewhere."""
    parser = argparse.ArgumentParser(prog="spean audit witnessed", description="Print what this server witnessed.")
    parser.add_argument("--log", default="", help="the name of one log; all of them if left out")
    parser.add_argument("--key", action="store_true", help="print this witness's own public key instead")
    options = parser.parse_args(argv)
    from spean.privacy import witness

    try:
        found = [f"{witness.cosigner().verifier}\n"] if options.key else witness.kept_notes(options.log)
    except KeyFileError as fault:
        print(f"cannot print the key: {fault}", file=sys.stderr)  # noqa: T201
        return 2
    for text in found:
        print(text, end="")  # noqa: T201
    return 0


def ask(argv: Sequence[str] | None = None) -> int:
    """`spean audit ask`: what the worker asks every ten minutes, asked now. Exits 1 unless every witness cosigned."""
    about = "Ask every witness to confirm the newest checkpoint now."
    argparse.ArgumentParser(prog="spean audit ask", description=about).parse_args(argv)
    from spean.privacy import sequencer, witness

    try:
        sequencer.sequence_once(checkpoint=True)
        witness.ask_all()
    except KeyFileError as fault:
        print(f"cannot sign a checkpoint: {fault}", file=sys.stderr)  # noqa: T201
        return 2
    standing = witness.standing()
    for one in standing:
        said = one.fault or f"confirms rows 1 to {one.size:,}"
        print(f"{one.name}: {said}")  # noqa: T201
    if not standing:
        print("no witness is set: SPEAN_WITNESSES", file=sys.stderr)  # noqa: T201
    return 0 if standing and not any(one.fault for one in standing) else 1
