"""`spean exports trace FILE`: which export a leaked piece of a list comes from, on the server's console."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from spean.exchange import actions, queries


def trace(arguments: Sequence[str]) -> int:
    """0 if an export was found, 1 if none was, 2 if the file cannot be read."""
    parser = argparse.ArgumentParser(
        prog="spean exports trace", description="Find the export a leaked list comes from."
    )
    parser.add_argument(
        "file", metavar="FILE", help="lines of the list as text, in their order, or - for standard input"
    )
    name = parser.parse_args(list(arguments)).file
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as fault:
        print(f"cannot read {name}: {fault.strerror}", file=sys.stderr)  # noqa: T201
        return 2
    found = actions.trace_export(None, raw.decode("utf-8", "replace"))
    for export, mark in found:
        day = f"{export.made_at:%Y-%m-%d %H:%M} UTC" if export.made_at else ""
        who = f"{export.requested_by.name}, {export.organisation.name}"
        print(f"{export.number}: {queries.MARKS[mark]}. Made {day} by {who} for {export.recipient.name}")  # noqa: T201
    if not found:
        print(  # noqa: T201
            "no export found: it takes its number, the row of its invented person, or the codes of ten cases in their order"
        )
    return 0 if found else 1
