"""`spean instrument list | load | excel`: instruments for an operator who edits them in Excel."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from spean.detection import instruments
from spean.instruments import sheets
from spean.instruments.convert import FaultyInstrument

FAULTY = 1


def show(arguments: Sequence[str]) -> int:
    """Every instrument that can be asked, with its version."""
    argparse.ArgumentParser(prog="spean instrument list").parse_args(arguments)
    for name, instrument in sorted(instruments.current().items()):
        state = instrument.version if instrument.book else f"{instrument.version} (empty: not entered yet)"
        sys.stdout.write(f"{name} {state}: {instrument.title('en')}\n")
    return 0


def load(arguments: Sequence[str]) -> int:
    """Check a file and take it in as a new version; old records keep theirs."""
    parser = argparse.ArgumentParser(prog="spean instrument load")
    parser.add_argument("file", help="an XLSForm: .xlsx or .md")
    path = Path(parser.parse_args(arguments).file)
    try:
        row, fresh = instruments.load(path.read_bytes(), path.suffix)
    except FaultyInstrument as faulty:
        for fault in faulty.faults:
            sys.stderr.write(f"{path.name}: {fault}\n")
        sys.stderr.write(f"{path.name}: {len(faulty.faults)} faults; nothing was loaded.\n")
        return FAULTY
    except (OSError, instruments.AlreadyLoaded) as error:
        sys.stderr.write(f"{path.name}: {error}; nothing was loaded.\n")
        return FAULTY
    sys.stdout.write(f"{row.name} {row.version} {'is asked from now on' if fresh else 'was here already'}.\n")
    return 0


def excel(arguments: Sequence[str]) -> int:
    """Write an instrument as an Excel file, to be changed and loaded again."""
    parser = argparse.ArgumentParser(prog="spean instrument excel")
    parser.add_argument("name", help="of the instrument, as `spean instrument list` shows it")
    parser.add_argument("file", help="the .xlsx file to write")
    options = parser.parse_args(arguments)
    instrument = instruments.find(options.name)
    if instrument is None or instrument.book is None:
        sys.stderr.write(f"There is no instrument {options.name!r} with questions.\n")
        return FAULTY
    Path(options.file).write_bytes(sheets.as_excel(instrument.book))
    sys.stdout.write(f"Wrote {options.file}. Raise the version in its sheet settings, then: spean instrument load\n")
    return 0
