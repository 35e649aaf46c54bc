"""`make attack`: runs the attacks one after the other, each in a process and an installation of its own.

    python -m tests.attack [NAME ...] [--quick] [--results FOLDER] [--write]

Prints a table; `--write` keeps it in docs/security-results.md. With `--results` what each attack found is kept there,
and the table is of all that is there: so they can be run one by one, on a machine that has nothing else to do. Ends
with 1 when a promise did not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.attack import results

ROOT = Path(__file__).resolve().parents[2]
ATTACKS = ("crawl", "dump", "tampering", "fuzz", "api", "kills", "power", "cost", "controls")
KEPT = ROOT / "docs" / "security-results.md"
INTRODUCTION = """# What the attacks found

Written by `make attack ARGS=--write`. Each attack runs on an installation of its own; what is done, and what it
cannot show, stands at the head of its file in `tests/attack/`. Figures in seconds or per second depend on the
machine; counts do not.
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make attack")
    parser.add_argument("names", nargs="*", choices=[*ATTACKS, []], help="which attacks; all when none is named")
    parser.add_argument("--quick", action="store_true", help="a tenth of each, to see that it works")
    parser.add_argument("--results", metavar="FOLDER", type=Path, help="keep what is found here, and tell all of it")
    parser.add_argument("--write", action="store_true", help="keep the table in docs/security-results.md")
    parser.add_argument("--one", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    names = options.names or list(ATTACKS)
    if options.one:
        module = importlib.import_module(f"tests.attack.{names[0]}")
        results.keep(Path(options.one), module.run(quick=options.quick))
        return 0
    with contextlib.ExitStack() as stack:
        folder = options.results or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            _run(name, folder / name, quick=options.quick)
        kept = [folder / name for name in ATTACKS if (folder / name).exists()]
        found = [row for path in kept for row in results.read(path)]
        days = sorted({time.strftime("%Y-%m-%d", time.gmtime(path.stat().st_mtime)) for path in kept})
    text = results.table(found)
    print("\n" + text)
    if options.write:
        measured = " and ".join(dict.fromkeys((days[0], days[-1])))
        KEPT.write_text(f"{INTRODUCTION}\nMeasured {measured}; {results.conditions()}.\n\n{text}\n", encoding="utf-8")
    return 0 if all(row.held is not False for row in found) else 1


def _run(name: str, out: Path, *, quick: bool) -> None:
    out.unlink(missing_ok=True)
    print(f"{name} …", flush=True)
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.attack", name, "--one", str(out), *(["--quick"] if quick else [])]
    done = subprocess.run(command, cwd=ROOT)
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    if done.returncode or not out.exists():
        broken = results.Result(name, "the attack runs to its end", f"ended with status {done.returncode}", "0", False)
        results.keep(out, [broken])


if __name__ == "__main__":
    sys.exit(main())
