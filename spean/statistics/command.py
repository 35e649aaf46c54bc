"""`spean protect`: tables of counts in, the same tables as they may be published out.

0 with the safe tables in --out; 2 with one line per fault on standard error and nothing written. No count is printed.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spean.statistics import disclosure, formats, releases, spreadsheets
from spean.statistics.disclosure import Dominance, Protected, n_k, p_percent
from spean.statistics.margins import BadTables

FAULTY = 2
REPORT = "report.json"
DRAFT = formats.IC_TIP.lower().replace(" ", "-")


def protect(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    try:
        return _protect(options)
    except BadTables as bad:
        return _complain(bad.faults)
    except OSError as fault:
        return _complain([f"{fault.strerror}: {fault.filename}"])


def _complain(faults: Sequence[str]) -> int:
    for fault in faults:
        sys.stderr.write(f"spean protect: {fault}\n")
    return FAULTY


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spean protect",
        description="Hide small numbers in tables, and whatever would let somebody work them out.",
        epilog="One column per dimension and one called count; files are linked by equal column names. Rows whose category "
        "is “total” are checked. docs/guide/protection.md says more.",
    )
    parser.add_argument("tables", nargs="+", type=Path, metavar="TABLE.csv")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="folder for the results; made if missing"
    )
    parser.add_argument(
        "--threshold", type=int, default=disclosure.THRESHOLD, metavar="N", help="smallest count that is shown (10)"
    )
    parser.add_argument(
        "--round", type=int, default=0, metavar="B", dest="base", help="round what is shown to multiples of B"
    )
    parser.add_argument("--zeros", action="store_true", help="hide counts of 0 as well")
    parser.add_argument(
        "--releases", type=Path, metavar="DIR", help="folder of the ledger of releases (the one of --out)"
    )
    parser.add_argument("--release", metavar="NAME", help="how this release is called in the ledger (its number)")
    parser.add_argument(
        "--about", default="", metavar="TEXT", help="which people and time; only releases about the same are compared"
    )
    parser.add_argument("--trial", action="store_true", help="not for publication: do not remember this release")
    parser.add_argument("--unit", default="persons", help="what is counted (persons)")
    parser.add_argument(
        "--nested",
        action="append",
        default=[],
        metavar="CHILD=PARENT",
        help="a column whose categories lie in another's",
    )
    parser.add_argument("--contributor", metavar="COLUMN", help="column that says who counted; not published")
    parser.add_argument(
        "--codes", action="append", default=[], metavar="COLUMN=FILE.csv",
        help="code list with the columns code, ctdc and ictip; writes the tables with those codes too",
    )  # fmt: skip
    rule = parser.add_mutually_exclusive_group()
    rule.add_argument(
        "--dominance", metavar="N,K", help="hide cells of which N contributors make up more than K percent"
    )
    rule.add_argument(
        "--p-percent",
        type=float,
        metavar="P",
        help="hide cells whose largest contributor the second could tell to P percent",
    )
    return parser


def _protect(options: argparse.Namespace) -> int:
    rule, nested = _checked(options)
    tables, nestings, parts = spreadsheets.read(options.tables, options.unit, nested, options.contributor)
    folder = options.releases or options.out
    ledger = releases.read(folder)
    name = options.release or f"release {len(ledger) + 1}"
    if name in releases.names(ledger):
        raise BadTables([f"the ledger has a release called {name} already."])
    past = [one for one in ledger if one.about == options.about]
    safe = disclosure.protect(
        tables, threshold=options.threshold, published=past, base=options.base, zeros=options.zeros, nested=nestings,
        contributions=parts, dominance=rule,
    )  # fmt: skip
    safe.report.update(release=name, about=options.about)
    files = {f"{one.name}{ending}": text for one in safe.tables for ending, text in formats.all_forms(one)}
    files.update(_translated(options.codes, safe))
    files[REPORT] = json.dumps(safe.report, ensure_ascii=False, indent=1) + "\n"
    _write_all(options.out, files)
    if not options.trial:
        # Last, so that no release is remembered that was not written. What is written is not published yet.
        releases.remember(folder, safe.release(name, options.about))
    _say(safe, options.out)
    return 0


def _translated(codes: Sequence[str], safe: Protected) -> dict[str, str]:
    """The tables in the codes of other standards, for the columns that have code lists."""
    texts = {}
    for one in codes:
        column, sign, path = one.partition("=")
        if not sign or not any(column == dim.code for table in safe.tables for dim in table.dimensions):
            raise BadTables([f"--codes {one}: say COLUMN=FILE.csv, a column of the tables."])
        texts[column] = Path(path).read_text("utf-8-sig")
    files: dict[str, str] = {}
    for ending, standard, write in (
        (".ctdc.csv", "ctdc", formats.ctdc_csv),
        (f".{DRAFT}.csv", "ictip", formats.ictip_csv),
    ):
        crosswalk = {column: formats.read_crosswalk(text, standard) for column, text in texts.items()}
        for table in safe.tables if texts else ():
            files[f"{table.name}{ending}"] = write(table, crosswalk)
    return files


def _checked(options: argparse.Namespace) -> tuple[Dominance | None, list[tuple[str, str]]]:
    faults, rule, nested = [], None, []
    if options.threshold < disclosure.LEAST_THRESHOLD:
        faults.append(f"--threshold takes a whole number from {disclosure.LEAST_THRESHOLD}.")
    if options.base < 0:
        faults.append("--round takes a whole number from 0.")
    for one in options.nested:
        child, sign, parent = one.partition("=")
        if not sign or not child.strip() or not parent.strip() or child.strip() == parent.strip():
            faults.append(f"--nested {one}: say CHILD=PARENT, two columns.")
        nested.append((child.strip(), parent.strip()))
    if options.dominance:
        n, _, k = options.dominance.partition(",")
        try:
            rule = n_k(int(n), float(k))
            if int(n) < 1 or not 0 < float(k) < 100:
                raise ValueError
        except ValueError:
            faults.append("--dominance takes N,K: contributors from 1, percent between 0 and 100.")
    if options.p_percent is not None:
        rule = p_percent(options.p_percent)
        if not 0 < options.p_percent < 100:
            faults.append("--p-percent takes a number between 0 and 100.")
    if bool(options.contributor) != bool(rule):
        faults.append("--contributor goes with --dominance or --p-percent, and they with it.")
    if faults:
        raise BadTables(faults)
    return rule, nested


def _write_all(folder: Path, files: dict[str, str]) -> None:
    """All files or, if one cannot be written, none of them under its name. The report is for its owner alone."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as aside:
        for name, text in files.items():
            made = Path(aside) / name
            made.write_text(text, "utf-8", newline="")
            made.chmod(0o600 if name == REPORT else 0o644)
        for name in files:
            os.replace(Path(aside) / name, folder / name)


def _say(safe: Protected, out: Path) -> None:
    for people in safe.report["people"]:
        names = ", ".join(people["tables"])
        if people["held"]:
            print(f"{names}: held as published before, or without figures: {people['held']}.")
            continue
        print(f"{names}: {people['hidden']} of {people['cells']} figures hidden. {_reasons(people)}")
    print(f"Safe tables in {out}, as CSV, JSON-stat and SDMX-CSV. {REPORT} is not for publication.")


def _reasons(people: dict[str, Any]) -> str:
    because = people["by_reason"]
    said = f"{because['below_threshold']} small"
    if because["zero"]:
        said += f", {because['zero']} zeros"
    if because["dominated"]:
        said += f", {because['dominated']} dominated"
    return f"{said}, {because['complementary']} so that those cannot be worked out."
