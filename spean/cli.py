"""The `spean` command: one table of subcommands, each implemented in its own room.

Nothing is imported before the chosen subcommand runs, so that `spean screen` starts at once
and works without settings or a database. No subcommand has rules of its own.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import spean

INTERRUPTED = 130  # what a shell reports for Ctrl-C
BROKEN_PIPE = 141  # and for a reader that went away, as in `spean screen - | head -1`


def _always(arguments: Sequence[str]) -> bool:
    return True


def _unless_file(arguments: Sequence[str]) -> bool:
    """An auditor proves an exported log on a machine of their own, where there is no database."""
    return not any(word.split("=")[0] in ("--file", "-h", "--help") for word in arguments)


@dataclass(frozen=True)
class Command:
    """`words` as typed; `target` is "module:function", which returns the exit status (None is 0).

    The function is called with the options that `options` declares, parsed; or, when `raw`,
    with the words that follow, because it has a parser of its own. `database` says for which
    words Django and the database must be up around it.
    """

    words: str
    target: str
    help: str
    options: Callable[[argparse.ArgumentParser], None] | None = None
    raw: bool = False
    database: Callable[[Sequence[str]], bool] | None = None


def _screen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a JSON file, or - for standard input")
    parser.add_argument("--language", default="en", metavar="CODE", help="language of the reasons (default: en)")
    parser.add_argument("--country", metavar="NAME", help="country pack (default: SPEAN_COUNTRY, or cambodia)")
    parser.epilog = (
        'Input, for example: {"age": 17, "exploitation": "labour", "acts": ["recruitment"], '
        '"answers": {"CD-DEBT": "yes", "DR-JOB": "no"}}. When the input is wrong, exits 2, says what is wrong '
        "and prints no result. A screening establishes nothing; the competent authority decides."
    )


def _estimate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("table", metavar="TABLE.csv", help="one column of 0 and 1 per list, and one of counts; or -")
    parser.add_argument(
        "--method", choices=("stepwise", "bma", "lcm", "all"), default="all", help="one method, or all (default)"
    )
    parser.add_argument(
        "--bootstrap", type=int, default=1000, metavar="N", help="replicates for the stepwise interval (default: 1000)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="makes the draws repeatable (default: 1)")
    parser.add_argument(
        "--threshold", type=float, default=0.02, metavar="P", help="p-value below which a pair enters (default: 0.02)"
    )
    parser.epilog = (
        "Prints JSON with the figure, its intervals, what stands behind it and whether the data support it at all; "
        "where they do not, the figure is missing and the reasons say why. A table that is wrong exits 2 and says "
        "what is wrong. docs/guide/estimation.md says how to read it."
    )


def _synthesize(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("records", type=Path, metavar="RECORDS.csv", help="one row per person, in CTDC's columns")
    parser.add_argument(
        "--epsilon", type=float, required=True, metavar="E", help="what this release may cost in privacy"
    )
    parser.add_argument(
        "--length", type=int, default=2, metavar="L", help="combinations kept: of 2 values (default) or 3"
    )
    parser.add_argument("--ledger", type=Path, required=True, metavar="FILE", help="what was spent; made if missing")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the results; made if missing"
    )
    parser.add_argument("--about", default="", metavar="TEXT", help="which people; their releases share one budget")
    parser.add_argument(
        "--budget", type=float, metavar="E", help="for all releases about them, with the first (default: 8)"
    )
    parser.add_argument("--officer", default="", metavar="NAME", help="who decided, for the ledger")
    parser.epilog = (
        "Exits 1 and writes nothing when the budget is spent or there are too few records for a release that tells "
        "anything, and 2 when the records are wrong. docs/guide/protection.md says when to use it."
    )


def _address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: 8000)")


def _serve(parser: argparse.ArgumentParser) -> None:
    _address(parser)
    parser.add_argument("--workers", type=int, default=1, help="processes that serve pages (default: 1)")


def _demo(parser: argparse.ArgumentParser) -> None:
    _address(parser)
    parser.add_argument("--fresh", action="store_true", help="throw the demonstration away and start again")
    parser.add_argument("--no-browser-links", action="store_true", help="do not print sign-in links")


def _setup(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True, help="with which the first administrator signs in")
    parser.add_argument("--name", required=True, help="the first administrator's name")
    parser.add_argument("--organisation", default="System operator", help="who operates the system")
    parser.add_argument("--second-email", help="with which a second administrator signs in")
    parser.add_argument("--second-name", help="the second administrator's name")
    parser.epilog = (
        "Roles that see cases take two administrators. Name the second here, another person than the first, or "
        "later with: spean administrator"
    )


def _administrator(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True, help="with which the administrator signs in")
    parser.add_argument("--name", required=True, help="the administrator's name")


COMMANDS = (
    Command("demo", "spean.run.commands:demo", "set up and serve a demonstration with fictional people", _demo),
    Command("setup", "spean.run.commands:setup", "set up a real installation and its first administrator", _setup),
    Command(
        "administrator",
        "spean.run.commands:administrator",
        "add an administrator, where no two are left to ask",
        _administrator,
    ),
    Command("serve", "spean.run.commands:serve", "serve the application", _serve),
    Command("worker", "spean.run.commands:worker", "run jobs and sign the event log"),
    Command("search", "spean.run.commands:search", "run the process that searches names in memory"),
    Command("migrate", "spean.run.commands:migrate", "bring the databases up to this version"),
    Command("backup", "spean.run.safekeeping:backup", "copy everything, sealed to keys kept elsewhere", raw=True),
    Command("restore", "spean.run.safekeeping:restore", "bring a backup back into an empty installation", raw=True),
    Command("drill", "spean.run.safekeeping:drill", "prove the newest backup by restoring it aside", raw=True),
    Command("screen", "spean.detection.screen:run", "apply the definition test to answers", _screen),
    Command("estimate", "spean.estimation.command:run", "estimate how many people, from overlapping lists", _estimate),
    Command("protect", "spean.statistics.command:protect", "hide small numbers in tables for publication", raw=True),
    Command("synthesize", "spean.statistics.synthesis_command:run", "draw records that belong to nobody", _synthesize),
    Command(
        "instrument list",
        "spean.detection.instrument_commands:show",
        "list the instruments that can be asked",
        raw=True,
        database=_always,
    ),
    Command(
        "instrument load",
        "spean.detection.instrument_commands:load",
        "check an XLSForm and ask it from now on",
        raw=True,
        database=_always,
    ),
    Command(
        "instrument excel",
        "spean.detection.instrument_commands:excel",
        "write an instrument as an Excel file",
        raw=True,
        database=_always,
    ),
    Command("link", "spean.run.linking:link", "deduplicate and link lists of persons", raw=True),
    Command("encode", "spean.run.linking:encode", "turn a list into tokens without names, to be linked", raw=True),
    Command("link-encoded", "spean.run.linking:link_encoded", "link lists of tokens, without names", raw=True),
    Command(
        "link-train",
        "spean.lists.teaching:command",
        "learn from decided pairs what agreement is worth, and judge it",
        raw=True,
        database=_always,
    ),
    Command("country check", "spean.statistics.pack_check:main", "check a country pack for faults", raw=True),
    Command(
        "audit verify",
        "spean.privacy.verify:main",
        "prove that the event log is whole",
        raw=True,
        database=_unless_file,
    ),
    Command(
        "audit export",
        "spean.privacy.verify:export",
        "write the event log for an auditor's own machine",
        raw=True,
        database=_always,
    ),
    Command(
        "audit key",
        "spean.privacy.verify:key",
        "print the public key of the event log",
        raw=True,
        database=_always,
    ),
    Command(
        "keys status",
        "spean.privacy.rotation:status_command",
        "say which keys wrap the data keys",
        raw=True,
        database=_always,
    ),
    Command(
        "keys rotate",
        "spean.privacy.rotation:rotate_command",
        "move all data keys to a new key-encryption key",
        raw=True,
        database=_always,
    ),
    Command(
        "keys escrow",
        "spean.privacy.escrow_commands:escrow_new",
        "seal the key-encryption key for three custodians",
        raw=True,
        database=_always,
    ),
    Command(
        "keys recover", "spean.privacy.escrow_commands:recover", "recover it with the keys of two custodians", raw=True
    ),
    Command(
        "keys custodian new",
        "spean.privacy.escrow_commands:custodian_new",
        "make the pair of keys of a custodian",
        raw=True,
    ),
    Command(
        "exports trace",
        "spean.exchange.command:trace",
        "find the export that a leaked list comes from",
        raw=True,
        database=_always,
    ),
    Command(
        "audit witnessed",
        "spean.privacy.verify:witnessed",
        "print the last checkpoints of the logs that this server witnesses",
        raw=True,
        database=_always,
    ),
    Command(
        "audit ask",
        "spean.privacy.verify:ask",
        "ask every witness to confirm the event log now, and say who did",
        raw=True,
        database=_always,
    ),
    Command("manage", "spean.run.commands:manage", "run a Django command, for example: spean manage shell", raw=True),
)
GROUPS = {
    "instrument": "lists of questions",
    "country": "country packs: check",
    "audit": "the event log: verify, export, key, witnessed, ask",
    "exports": "lists that left the system: trace",
    "keys": "keys outside the database: status, rotate, escrow",
    "keys custodian": "custodians of the key-encryption key: new",
}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="spean",
        description="Spean, a national referral mechanism for trafficked persons.",
        epilog="spean COMMAND --help says more about each command.",
    )
    top.add_argument("--version", action="version", version=f"spean {spean.__version__}")
    under = {"": top.add_subparsers(title="commands", metavar="COMMAND", required=True)}
    for command in COMMANDS:
        group, _, word = command.words.rpartition(" ")
        if group not in under:
            above, _, own = group.rpartition(" ")  # the group above stands earlier in the table
            described = under[above].add_parser(own, help=GROUPS[group], description=GROUPS[group])
            under[group] = described.add_subparsers(title="commands", metavar="COMMAND", required=True)
        description = f"{command.help[0].upper()}{command.help[1:]}."
        one = under[group].add_parser(word, help=command.help, description=description)
        if command.options:
            command.options(one)
        one.set_defaults(command=command)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _run(arguments)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Python would complain once more when it flushes at exit: give it somewhere to write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def _run(arguments: list[str]) -> int:
    for command in COMMANDS:
        words = command.words.split()
        if command.raw and arguments[: len(words)] == words:
            rest = arguments[len(words) :]
            if command.database and command.database(rest):
                return _with_database(command, rest)
            return _call(command, rest)
    options = parser().parse_args(arguments)
    return _call(options.command, options)


def _call(command: Command, given: list[str] | argparse.Namespace) -> int:
    module, _, function = command.target.partition(":")
    return int(getattr(importlib.import_module(module), function)(given) or 0)


def _with_database(command: Command, rest: list[str]) -> int:
    from spean.run.install import opened
    from spean.run.state import SetupFault

    try:
        with opened():
            return _call(command, rest)
    except SetupFault as fault:
        print(f"spean: {fault}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
