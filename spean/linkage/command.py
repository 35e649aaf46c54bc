"""`spean link`, `spean encode`, `spean link-encoded`: what they ask for, print, and leave behind.

No name is printed: rows are spoken of by line, records by identifier.
"""

import argparse
import csv
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import spean
from spean.lib import clock
from spean.linkage import encode, files, linking, model
from spean.linkage.clusters import Contradiction, Decisions
from spean.linkage.engines import DuckDB, Engine, Spark
from spean.linkage.reading import ListFault, Notes, rows
from spean.linkage.records import FIELDS, Gazetteer, Reader, Table
from spean.linkage.report import report

FAULTY = 2
Places = Callable[[], Gazetteer]


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="folder for the results; made if missing"
    )
    parser.add_argument("--threshold", type=float, default=linking.THRESHOLD, help="least probability of a link (0.95)")
    parser.add_argument("--model", type=Path, metavar="FILE", help="use the model of an earlier linking")
    parser.add_argument(
        "--decisions", type=Path, metavar="FILE", help="CSV of pairs that people decided: same, not same"
    )
    parser.add_argument("--unique", action="store_true", help="each list holds a person once")
    parser.add_argument(
        "--engine", choices=["duckdb", "spark"], default="duckdb", help="where pairs are found (duckdb)"
    )
    parser.add_argument("--threads", type=int, default=2, help="processors to use (2)")
    parser.add_argument("--seed", type=int, default=1, help="same seed and lists, same result (1)")


def _lists(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--map", action="append", default=[], metavar="OURS=THEIRS", help=f"a column's name; ours: {', '.join(FIELDS)}"
    )
    parser.add_argument(
        "--as-of", type=date.fromisoformat, metavar="DATE", help="day on which ages in the list were true (today)"
    )


def link(argv: Sequence[str], places: Places = Gazetteer) -> int:
    """The command `spean link`."""
    parser = argparse.ArgumentParser(prog="spean link", description="Deduplicate and link lists of persons.")
    parser.add_argument("lists", nargs="+", type=Path, metavar="LIST.csv")
    _common(parser)
    _lists(parser)
    options = parser.parse_args(argv)
    return _complaining(lambda: _link(options, places))


def _link(options: argparse.Namespace, places: Places) -> int:
    mapping = _mapping(options.map)
    names = _sources(options.lists)
    notes = [Notes(path.name) for path in options.lists]
    reader = Reader(places(), as_of=options.as_of or _today())

    def every_row() -> Iterator[Mapping[str, str]]:
        for path, note, name in zip(options.lists, notes, names, strict=True):
            yield from rows(path, note, mapping, name)

    return _linked(options, reader.table(every_row()), notes)


def link_encoded(argv: Sequence[str]) -> int:
    """The command `spean link-encoded`."""
    parser = argparse.ArgumentParser(prog="spean link-encoded", description="Link lists of tokens, without names.")
    parser.add_argument("lists", nargs="+", type=Path, metavar="LIST.tokens.csv")
    _common(parser)
    options = parser.parse_args(argv)

    def run() -> int:
        notes = [Notes(path.name) for path in options.lists]
        return _linked(options, encode.read(options.lists, notes), notes)

    return _complaining(run)


def encode_list(argv: Sequence[str], places: Places = Gazetteer) -> int:
    """The command `spean encode`."""
    parser = argparse.ArgumentParser(
        prog="spean encode",
        description="Turn a list into keyed tokens from which names cannot be read. Needs no network.",
    )
    parser.add_argument("list", type=Path, metavar="LIST.csv")
    parser.add_argument(
        "--key-file", required=True, type=Path, metavar="FILE", help="the common key, as the ceremony gave it"
    )
    parser.add_argument("--new-key", action="store_true", help="make the key file first; it must not exist")
    parser.add_argument("--out", required=True, type=Path, metavar="LIST.tokens.csv")
    parser.add_argument(
        "--strength",
        choices=list(encode.STRENGTHS),
        default=encode.DEFAULT,
        help=f"how much is given away ({encode.DEFAULT})",
    )
    parser.add_argument(
        "--lookup", type=Path, metavar="FILE", help="also write which token is which record: stays with you"
    )
    _lists(parser)
    options = parser.parse_args(argv)
    return _complaining(lambda: _encode(options, places))


def _encode(options: argparse.Namespace, places: Places) -> int:
    if options.new_key:
        encode.new_key(options.key_file)
        print(f"New key in {options.key_file}. Whoever has it and the tokens can guess names: keep it apart.")
    key = encode.read_key(options.key_file)
    note = Notes(options.list.name)
    table = Reader(places(), as_of=options.as_of or _today()).table(
        rows(options.list, note, _mapping(options.map), _sources([options.list])[0])
    )
    _say([note])
    count = encode.write(table, key, options.out, options.strength, options.lookup)
    print(f"{count} records encoded ({options.strength}), {options.out}.")
    print(f"Key fingerprint {encode.fingerprint(key)}: it must be the same at every agency.")
    return 0


def _linked(options: argparse.Namespace, table: Table, notes: Sequence[Notes]) -> int:
    _say(notes)
    table = table.canonical()
    trained = model.load(options.model) if options.model else None
    decisions = files.read_decisions(options.decisions, table) if options.decisions else Decisions()
    engine: Engine = Spark() if options.engine == "spark" else DuckDB(options.threads)
    try:
        found = linking.link(
            table, engine=engine, trained=trained, decisions=decisions, unique=options.unique, seed=options.seed,
            threads=options.threads, threshold=options.threshold,
        )  # fmt: skip
    except Contradiction as fault:
        one, other = (table.record_ids[int(place)] for place in str(fault).split())
        raise ListFault(
            f"The decisions contradict each other: records {one} and {other} are both the same and not."
        ) from None
    options.out.mkdir(parents=True, exist_ok=True, mode=0o700)
    scorer = linking.Scorer(table, found.model)
    links = files.write_links(options.out / "links.csv", found, scorer, options.threshold)
    files.write_clusters(options.out / "clusters.csv", found)
    for name, text in (
        ("model.json", found.model.to_json()),
        (
            "report.html",
            report(found, scorer, notes, threshold=options.threshold, engine=options.engine, version=spean.__version__),
        ),
    ):
        with files.open_private(options.out / name) as file:
            file.write(text)
    estimates = found.estimates
    print(f"{len(table)} records, {links} links, {estimates.clusters} clusters.")
    print(f"Estimated: {estimates.persons.value:.0f} persons ({estimates.persons.low:.0f} to {estimates.persons.high:.0f}), "
          f"precision {estimates.precision.value:.3f}, recall {estimates.recall.value:.3f}.")  # fmt: skip
    if "fell_back" in found.model.facts:
        print(f"Not trained on these lists: {found.model.facts['fell_back']}.")
    print(f"Results in {options.out}: links.csv, clusters.csv, model.json, report.html.")
    return 0


def _say(notes: Sequence[Notes]) -> None:
    for note in notes:
        print(f"{note.path}: {note.rows} rows, {note.encoding or '–'}, columns {', '.join(note.columns) or '–'}.")
        for sentence in note.sentences():
            print(f"  {sentence}")


def _mapping(given: Sequence[str]) -> dict[str, str]:
    found = {}
    for one in given:
        ours, sign, theirs = one.partition("=")
        if not sign or ours.strip() not in FIELDS or not theirs.strip():
            raise ListFault(f"--map {one}: say OURS=THEIRS, ours being one of {', '.join(FIELDS)}.")
        found[ours.strip()] = theirs
    return found


def _sources(paths: Sequence[Path]) -> list[str]:
    """A name for each list: its file's, with a number where two files are called the same."""
    stems = [path.stem for path in paths]
    return [stem if stems.count(stem) == 1 else f"{stem}-{place + 1}" for place, stem in enumerate(stems)]


def _today() -> date:
    return clock.now().date()


def _complaining(run: Callable[[], int]) -> int:
    try:
        return run()
    except (ListFault, encode.KeyFault, ValueError) as fault:
        return _complain(str(fault))
    except OSError as fault:
        return _complain(f"{fault.strerror}: {fault.filename}")
    except csv.Error as fault:
        return _complain(f"The list cannot be read: {fault}.")
    except ModuleNotFoundError as fault:
        if fault.name not in ("pyspark", "py4j"):
            raise
        return _complain("--engine spark needs Spark: pip install 'pyspark>=4'.")


def _complain(sentence: Any) -> int:
    print(f"spean: {sentence}", file=sys.stderr)
    return FAULTY
