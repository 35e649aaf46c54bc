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

import spean

INTERRUPTED = 130  # what a shell reports for Ctrl-C
BROKEN_PIPE = 141  # and for a reader that went away, as in `spean screen - | head -1`


@dataclass(frozen=True)
class Command:
    """`words` as typed; `target` is "module:function", called with the parsed options.

    The function returns the exit status (None is 0). `options` declares its arguments.
    """

    words: str
    target: str
    help: str
    options: Callable[[argparse.ArgumentParser], None] | None = None


def _screen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a JSON file, or - for standard input")
    parser.add_argument("--language", default="en", metavar="CODE", help="language of the reasons (default: en)")
    parser.add_argument("--country", metavar="NAME", help="country pack (default: SPEAN_COUNTRY, or cambodia)")
    parser.epilog = (
        'Input, for example: {"age": 17, "exploitation": "labour", "acts": ["recruitment"], '
        '"answers": {"CD-DEBT": "yes", "DR-JOB": "no"}}. Exits 2 and prints no result when the '
        "input is wrong. A screening establishes nothing; the competent authority decides."
    )


def _country_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="country pack (default: all)")


def _listen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: 8000)")


def _serve(parser: argparse.ArgumentParser) -> None:
    _listen(parser)
    parser.add_argument("--workers", type=int, default=1, help="server processes (default: 1)")


def _demo(parser: argparse.ArgumentParser) -> None:
    _listen(parser)
    parser.add_argument("--fresh", action="store_true", help="throw the earlier demonstration away")
    parser.add_argument("--no-browser-links", action="store_true", help="print no sign-in links")


COMMANDS = (
    Command("demo", "spean.run.commands:demo", "set up and serve a demonstration with fictional people", _demo),
    Command("serve", "spean.run.commands:serve", "serve the application", _serve),
    Command("worker", "spean.run.commands:worker", "run background jobs: deadlines, notices"),
    Command("search", "spean.run.commands:search", "run the process that searches names in memory"),
    Command("migrate", "spean.run.commands:migrate", "bring both databases up to this version"),
    Command("screen", "spean.detection.screen:run", "apply the definition test to answers", _screen),
    Command("country check", "spean.country.check:main", "check a country pack for faults", _country_check),
    Command("audit verify", "spean.run:audit_verify", "prove that the event log is whole"),
    Command("manage", "", "run a Django command, for example: spean manage shell"),
)
GROUPS = {"country": "country packs", "audit": "the event log"}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="spean",
        description="Spean, a national referral mechanism for trafficked persons.",
        epilog="spean COMMAND --help says more about each command.",
    )
    top.add_argument("--version", action="version", version=f"spean {spean.__version__}")
    top.set_defaults(command=None)
    under = {"": top.add_subparsers(title="commands", metavar="COMMAND", required=True)}
    for command in COMMANDS:
        group, _, word = command.words.rpartition(" ")
        if group not in under:
            described = under[""].add_parser(group, help=GROUPS[group], description=GROUPS[group])
            under[group] = described.add_subparsers(title="commands", metavar="COMMAND", required=True)
        one = under[group].add_parser(
            word, help=command.help, description=f"{command.help[0].upper()}{command.help[1:]}."
        )
        if command.options:
            command.options(one)
        one.set_defaults(command=command)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments[:1] == ["manage"]:
            return _manage(arguments[1:])
        options = parser().parse_args(arguments)
        module, _, function = options.command.target.partition(":")
        status = getattr(importlib.import_module(module), function)(options)
        sys.stdout.flush()
        return int(status or 0)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Python would complain once more when it flushes at exit: give it somewhere to write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def _manage(arguments: list[str]) -> int:
    """Django's own commands, handed on untouched: argparse would take `--help` for itself."""
    from spean.run import commands

    return commands.manage(arguments)


if __name__ == "__main__":
    sys.exit(main())
