"""`spean estimate`: a table of capture patterns in, an estimate as JSON out.

0 with an answer on standard output, also when that answer is a refusal; 2 with only faults on standard error, one
line each, when the table is not a table.
"""

import argparse
import json
import sys

from spean.estimation import bootstrap, report, table
from spean.estimation.table import BadTable

FAULTY = 2
MOST_REPLICATES = 100_000


def run(options: argparse.Namespace) -> int:
    faults = _option_faults(options)
    try:
        if faults:
            raise BadTable(faults)
        if options.table == "-":
            data = table.from_bytes(sys.stdin.buffer.read(table.LARGEST + 1), "standard input")
        else:
            data = table.read(options.table)
    except BadTable as bad:
        for fault in bad.faults:
            sys.stderr.write(f"spean estimate: {fault}\n")
        return FAULTY
    answer = report.answer(data, options.method, options.bootstrap, options.seed, options.threshold)
    # Every reader understands escapes; only UTF-8 output can carry Khmer as it is.
    escaped = "utf" not in (sys.stdout.encoding or "").lower()
    sys.stdout.write(json.dumps(answer, ensure_ascii=escaped, indent=2, allow_nan=False) + "\n")
    return 0


def _option_faults(options: argparse.Namespace) -> list[str]:
    faults = []
    if options.bootstrap and not bootstrap.FEWEST <= options.bootstrap <= MOST_REPLICATES:
        faults.append(f"--bootstrap takes 0, or from {bootstrap.FEWEST} to {MOST_REPLICATES:,} replicates.")
    if options.seed < 0:
        faults.append("--seed takes a whole number from 0.")
    if not 0 <= options.threshold < 1:
        faults.append("--threshold takes a probability from 0 to below 1.")
    return faults
