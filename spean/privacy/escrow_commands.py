"""`spean keys custodian new`, `spean keys escrow`, `spean keys recover`: the ceremony around escrow.py.

A custodian makes the pair on a machine of his own and hands over the public line in person.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from getpass import getpass
from pathlib import Path

from spean.privacy import crypto, escrow
from spean.privacy.crypto import KeyFileError

SHORTEST_PASSPHRASE = 15


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def _complain(what: str, fault: Exception) -> int:
    print(f"{what}: {fault}", file=sys.stderr)  # noqa: T201
    return 2


def custodian_new(argv: Sequence[str]) -> int:
    """Needs no installation: a custodian runs it at home."""
    parser = argparse.ArgumentParser(
        prog="spean keys custodian new",
        description="Make a custodian's pair of keys. The private one stays with the custodian, locked by a passphrase.",
    )
    parser.add_argument("--file", type=Path, required=True, help="where the private key goes")
    parser.add_argument(
        "--no-passphrase", action="store_true", help="for a file that is kept on sealed media and nowhere else"
    )
    options = parser.parse_args(argv)
    try:
        passphrase = "" if options.no_passphrase else _new_passphrase()
        public = escrow.new_custodian(options.file, passphrase)
    except (escrow.BadEscrow, KeyFileError, OSError) as fault:
        return _complain("cannot make a pair", fault)
    _say(str(public))
    print("Hand this line over in person. Keep the file; nobody else needs it.", file=sys.stderr)  # noqa: T201
    return 0


def _new_passphrase() -> str:
    said = getpass("Passphrase: ")
    if len(said) < SHORTEST_PASSPHRASE:
        raise escrow.BadEscrow(f"A passphrase has at least {SHORTEST_PASSPHRASE} signs.")
    if getpass("Once more: ") != said:
        raise escrow.BadEscrow("The two differ.")
    return said


def escrow_new(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="spean keys escrow",
        description="Seal the current key-encryption key for three custodians, any two of whom recover it.",
    )
    parser.add_argument(
        "--custodian", action="append", default=[], metavar="KEY", help="a public line, or a file with it; three times"
    )
    parser.add_argument("--file", type=Path, required=True, help="where the escrow goes; it opens nothing by itself")
    options = parser.parse_args(argv)
    from django.conf import settings

    from spean.privacy import events

    try:
        custodians = [escrow.Custodian.parse(_line(given)) for given in options.custodian]
        made = escrow.escrow(crypto.load_key_file(Path(settings.SPEAN_KEK_FILE)), custodians)
        with options.file.open("x") as file:
            file.write(made.text() + "\n")
            file.flush()
            os.fsync(file.fileno())
    except (escrow.BadEscrow, KeyFileError, OSError) as fault:
        return _complain("cannot escrow", fault)
    names = [one.fingerprint for one in custodians]
    events.record("keys.escrowed", actor=None, facts={"kek": made.kek_id, "custodians": names})
    _say(f"Key-encryption key {made.kek_id} is sealed for {', '.join(names)}: any two of them recover it.")
    _say("Give each of them a copy of this file, and try it: spean keys recover --check")
    return 0


def _line(given: str) -> str:
    return given if given.startswith(escrow.PREFIX) else Path(given).read_text()


def recover(argv: Sequence[str]) -> int:
    """Works on an empty machine: neither database nor settings are asked."""
    parser = argparse.ArgumentParser(
        prog="spean keys recover",
        description="Recover the key-encryption key from an escrow, with the private keys of two custodians.",
    )
    parser.add_argument("--escrow", type=Path, required=True, help="the file that `spean keys escrow` wrote")
    parser.add_argument(
        "--key", type=Path, action="append", default=[], help="a custodian's private key; give two of them"
    )
    goal = parser.add_mutually_exclusive_group(required=True)
    goal.add_argument("--file", type=Path, help="where the recovered key goes; an existing file is never replaced")
    goal.add_argument("--check", action="store_true", help="a drill: recover it in memory, and write nothing")
    options = parser.parse_args(argv)
    try:
        found = escrow.Escrow.parse(options.escrow.read_text())
        privates = [escrow.read_private(path, _passphrase(path)) for path in options.key]
        kek = escrow.recover(found, privates)
        if options.file is not None:
            crypto.write_private_file(options.file, kek)
    except (escrow.BadEscrow, KeyFileError, OSError, UnicodeDecodeError) as fault:
        return _complain("cannot recover", fault)
    if options.check:
        _say(f"These two recover key-encryption key {found.kek_id}. Nothing was written.")
    else:
        _say(f"Key-encryption key {found.kek_id} is in {options.file}. Compare with: spean keys status")
    return 0


def _passphrase(path: Path) -> str:
    return getpass(f"Passphrase of {path.name}: ") if escrow.is_locked(path) else ""
