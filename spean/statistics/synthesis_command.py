"""`spean synthesize`: records of CTDC's schema in, records that belong to nobody out.

0 with the records in --out; 1 when it refuses (the budget is spent, or there are too few records); 2 with one line per
fault. No value of a record is printed.
"""

import argparse
import csv
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from spean.statistics import synthetic
from spean.statistics.margins import BadTables
from spean.statistics.synthetic import Missing, NotUseful, Spending, Spent, Synthetic

REFUSED, FAULTY = 1, 2
LARGEST = 500_000_000  # bytes


def run(options: argparse.Namespace) -> int:
    try:
        return _synthesize(options)
    except BadTables as bad:
        return _complain(FAULTY, bad.faults)
    except Missing as missing:
        return _complain(FAULTY, [str(missing)])
    except (NotUseful, Spent) as refusal:
        return _complain(REFUSED, [str(refusal)])
    except OSError as fault:
        return _complain(FAULTY, [f"{fault.strerror}: {fault.filename}"])


def _complain(status: int, faults: Sequence[str]) -> int:
    for fault in faults:
        sys.stderr.write(f"spean synthesize: {fault}\n")
    return status


def _synthesize(options: argparse.Namespace) -> int:
    _check_options(options)
    header, rows = _read(options.records)
    synthetic.check(header, rows)
    synthetic.refuse_if_useless(rows, options.epsilon, options.length)
    if not synthetic.available():
        raise Missing("synthetic records need pac-synth: pip install 'spean[synthetic]'.")
    cost = Spending(
        options.about,
        options.epsilon,
        synthetic.delta_for(len(rows)),
        options.length,
        str(options.out),
        options.officer,
    )
    left = synthetic.spend(options.ledger, cost, options.budget)
    made = synthetic.draw(header, rows, options.epsilon, options.length)
    _write(options.out, made, cost)
    sys.stdout.write(
        f"{len(made.rows)} synthetic records in {options.out}. Epsilon {options.epsilon:g} spent, {left:g} left for "
        f"“{options.about}”. utility.json is not for publication.\n"
    )
    return 0


def _check_options(options: argparse.Namespace) -> None:
    faults = []
    if not 0 < options.epsilon <= synthetic.MOST_EPSILON:
        faults.append(f"--epsilon takes a number above 0, up to {synthetic.MOST_EPSILON:g}.")
    if options.length not in synthetic.LENGTHS:
        faults.append("--length takes 2 or 3.")
    if options.budget is not None and not 0 < options.budget <= synthetic.MOST_EPSILON:
        faults.append(f"--budget takes a number above 0, up to {synthetic.MOST_EPSILON:g}.")
    if faults:
        raise BadTables(faults)


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open("rb") as file:
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise BadTables([f"{path.name}: more than {LARGEST:,} bytes."])
    try:
        lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise BadTables([f"{path.name} is not a CSV table in UTF-8."]) from None
    if not lines:
        raise BadTables([f"{path.name} is empty."])
    return [name.strip() for name in lines[0]], [[value.strip() for value in row] for row in lines[1:] if row]


def _write(folder: Path, made: Synthetic, cost: Spending) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "synthetic.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(made.header)
        writer.writerows(made.rows)
    with (folder / "noisy_counts.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["combination", "count"])
        writer.writerows(made.counts.items())
    about = {
        "about": cost.about,
        "method": "differentially private synthetic records, pac-synth, aggregate-seeded, fabrication minimised",
        "epsilon": cost.epsilon,
        "delta": cost.delta,
        "reporting_length": cost.length,
        "records": len(made.rows),
        "schema": "CTDC Global Synthetic Dataset, columns of v2026",
        "note": "No row is a person. Counts are noisy; combinations longer than the reporting length mean nothing.",
    }
    (folder / "about.json").write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", "utf-8")
    report = folder / "utility.json"
    report.touch(mode=0o600)
    report.chmod(0o600)
    report.write_text(json.dumps(made.utility, indent=1) + "\n", "utf-8")
