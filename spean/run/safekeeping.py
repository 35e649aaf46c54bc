"""The commands that keep what must not be lost: `spean backup`, `spean restore`, `spean drill`.

Words are read and results are said here; the work is in backup.py, restore.py and drill.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from spean.run import backup as sets
from spean.run import drill as drills
from spean.run import install, state
from spean.run import restore as restoring
from spean.run.commands import current, plain
from spean.run.restore import Wanted
from spean.run.state import SetupFault

USAGE = """spean backup DIR --to FILE [--keys-dir DIR] [--keys-to FILE]
       spean backup key new FILE
       spean backup list DIR
       spean backup verify DIR [--identity FILE …]
       spean backup prune DIR [--records-days N]"""


@plain
def backup(arguments: Sequence[str]) -> int:
    """`spean backup …`: its first word is one of a few, or the directory to write into."""
    words = list(arguments)
    if words[:2] == ["key", "new"]:
        return _key_new(words[2:])
    if words and words[0] in _UNDER:
        return _UNDER[words[0]](words[1:])
    return _make(words)


def _parser(words: str, help: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"spean backup {words}".strip(), description=help)


def _make(words: list[str]) -> int:
    parser = _parser("", "Copy records, uploads and key vault, sealed to keys that are not on this machine.")
    parser.usage = USAGE
    parser.add_argument("directory", type=Path, metavar="DIR", help="where the records and the uploads go")
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="file with the public key")
    parser.add_argument("--keys-dir", type=Path, metavar="DIR", help="where the key vault goes: better another place")
    parser.add_argument("--keys-to", type=Path, metavar="FILE", help="public key for the key vault: better another one")
    options = parser.parse_args(words)
    with current():
        from spean.privacy import offline

        try:
            records_to = offline.public_key(options.to)
            keys_to = offline.public_key(options.keys_to or options.to)
        except offline.OfflineKeyError as fault:
            raise SetupFault(str(fault)) from None
        made = sets.make(options.directory, options.keys_dir or options.directory, records_to, keys_to)
    for one in made:
        print(f"{one.path}  {one.size / 1e6:,.1f} MB")
    return 0


def _key_new(words: list[str]) -> int:
    parser = _parser("key new", "Make the pair of keys for backups, on a machine that is not the server.")
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="where the private key goes; FILE.pub is the public one"
    )
    options = parser.parse_args(words)
    from spean.privacy import offline
    from spean.privacy.crypto import KeyFileError

    public = Path(f"{options.file}.pub")
    if public.exists():
        raise SetupFault(f"{public} is there already.")
    try:
        text = offline.create_key_pair(options.file)
    except KeyFileError as fault:
        raise SetupFault(str(fault)) from None
    public.write_text(f"{text}\n")
    print(f"{text}\nTake {public} to the server. Keep {options.file} off it, in two copies at two places.")
    return 0


def _list(words: list[str]) -> int:
    parser = _parser("list", "Say which backups are in a directory.")
    parser.add_argument("directory", type=Path, metavar="DIR")
    options = parser.parse_args(words)
    with current():
        for kind in sets.KINDS:
            for one in sets.sets(options.directory, kind):
                print(f"{one.stamp}  {kind:<8} {one.size / 1e6:10,.1f} MB  version {one.version}")
    return 0


def _verify(words: list[str]) -> int:
    parser = _parser("verify", "Prove a backup: its signatures and digests, and with the private key by restoring it.")
    _which(parser, identity=False)
    options = parser.parse_args(words)
    with current():
        found = sets.sets(options.directory, "records") + sets.sets(options.keys_dir or options.directory, "keys")
        for one in found:
            sets.check(one)
            print(f"{one.path}: signed, and every file as it was written")
        if options.identity is None:
            print("Not opened: give --identity to restore it into a scratch installation.")
            return 0
        result = drills.in_scratch(_wanted(options))
    return _say(result)


def _prune(words: list[str]) -> int:
    parser = _parser("prune", "Remove copies of the key vault older than 30 days, and old records if asked.")
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--records-days", type=_days, metavar="N", help="also remove records older than N days")
    options = parser.parse_args(words)
    with current():
        gone = sets.prune(options.directory, options.records_days)
    for one in gone:
        print(f"removed {one.path}")
    return 0


def _days(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number of days, at least 1")
    return int(text)


_UNDER = {"list": _list, "verify": _verify, "prune": _prune}


def _which(parser: argparse.ArgumentParser, *, identity: bool = True) -> None:
    parser.add_argument("directory", type=Path, metavar="DIR", help="where the backups are")
    parser.add_argument("--keys-dir", type=Path, metavar="DIR", help="where those of the key vault are")
    parser.add_argument("--identity", type=Path, required=identity, metavar="FILE", help="the private key")
    parser.add_argument("--keys-identity", type=Path, metavar="FILE", help="the private key of the key vault's copies")
    parser.add_argument("--set", metavar="STAMP", help="which backup of the records (default: the newest)")
    parser.add_argument("--older-keys", action="store_true", help="take a key vault that is older than the records")
    parser.add_argument(
        "--erased-in", type=Path, action="append", default=[], metavar="FILE",
        help="a log that was exported later: keys that it says were destroyed are destroyed again",
    )  # fmt: skip


def _wanted(options: argparse.Namespace) -> Wanted:
    for path in (options.identity, options.keys_identity):
        if path is not None:
            drills.require_identity(path)
    return Wanted(
        # The drill runs in a process of its own, which may stand elsewhere.
        options.directory.resolve(),
        (options.keys_dir or options.directory).resolve(),
        options.identity.resolve(),
        (options.keys_identity or options.identity).resolve(),
        options.set,
        options.older_keys,
        tuple(path.resolve() for path in options.erased_in),
    )


@plain
def restore(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="spean restore", description="Bring a backup back into an empty installation: proved first, then written."
    )
    _which(parser)
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the figures as JSON")
    options = parser.parse_args(arguments)
    restoring.require_keys()
    wanted = _wanted(options)
    with install.opened():
        report = restoring.restore(wanted)
    if options.report:
        options.report.write_text(report.to_json())
    print(drills.table(report))
    return 0


@plain
def drill(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="spean drill", description="Prove the newest backup by restoring it into a scratch installation."
    )
    _which(parser)
    parser.add_argument("--no-record", action="store_true", help="write nothing into the log of this installation")
    options = parser.parse_args(arguments)
    restoring.require_keys()
    wanted = _wanted(options)
    with current():
        result = drills.in_scratch(wanted)
        if not options.no_record:
            kept = drills.note(result)
            if kept:
                print(f"Kept in {kept.relative_to(state.directory())} and in the log.\n")
    return _say(result)


def _say(result: drills.Drill) -> int:
    if result.report is None:
        raise SetupFault(f"The backup could not be restored: {result.fault}")
    print(drills.table(result.report))
    return 0
