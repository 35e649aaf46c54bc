"""`spean screen`: a screening read from JSON, checked, and answered as JSON.

For use outside the web application: no settings, no database, nothing stored. The rule is in
`rules.py`, the sentences in `texts.py`, indicator lists and labels in the country pack. Here
input is only checked: every fault is found and named on a line of its own, and then no result
is printed.
"""

import argparse
import difflib
import json
import os
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from spean import country
from spean.country.files import PackError
from spean.country.pack import Instrument, Pack, UnknownCode, UnknownPack
from spean.detection import rules, texts

# The full list; a checklist's answers are read as answers to it.
DEFAULT_INSTRUMENT = "ilo_2009"
CHECKLIST = "checklist"
CODELISTS = ("act", "exploitation_form")
LARGEST = 1_000_000  # bytes; a full screening is under 10,000
FAULTY = 2
GUESSES = 20  # looking for what was meant takes time, and nobody reads the hundredth guess

# What is absent is not known, none or not asked, as the rule says. Only `exploitation`, which
# chooses the list, has no safe default.
KEYS = ("instrument", "age", "age_disputed", "exploitation", "acts", "forms", "answers")


class BadInput(Exception):
    """Everything that is wrong with the input, one plain sentence each."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True)
class Request:
    """A checked input: by which instrument it was asked, and what was told of which indicators."""

    instrument: Instrument
    screening: rules.Screening


def run(options: argparse.Namespace) -> int:
    """The command: 0 with a result on standard output, 2 with only faults on standard error."""
    try:
        pack = _pack(options.country)
        language = _language(options.language, pack)
        data, faults = parse(read(options.file))
        request = check(data, pack, faults)
        answer = report(request, pack, language)
    except BadInput as bad:
        for fault in bad.faults:
            sys.stderr.write(f"spean screen: {fault}\n")
        return FAULTY
    # Every reader understands escapes; only UTF-8 output can carry Khmer as it is.
    escaped = "utf" not in (sys.stdout.encoding or "").lower()
    sys.stdout.write(json.dumps(answer, ensure_ascii=escaped, indent=2) + "\n")
    return 0


def report(request: Request, pack: Pack, language: str) -> dict[str, Any]:
    """The assessment in the form the command prints."""
    screening = request.screening
    indicators = questions(pack, screening.population, screening.exploitation)
    assessment = rules.assess(screening, indicators)
    return {
        "instrument": request.instrument.name,
        "version": request.instrument.version,
        "population": assessment.population,
        "dimensions": {dim: counts._asdict() for dim, counts in assessment.dimensions.items()},
        "elements": {
            name: {"status": element.status, "evidence": list(element.evidence)}
            for name, element in assessment.elements.items()
        },
        "result": assessment.result,
        "ilo_category": assessment.ilo_category,
        "unverified": list(assessment.unverified),
        "reasons": texts.sentences(
            assessment, labels(pack, screening.population, screening.exploitation, language), language
        ),
    }


def questions(pack: Pack, population: str, exploitation: str) -> Sequence[Any]:
    """The indicator list that the definition test reads for this population and exploitation."""
    return pack.instruments[DEFAULT_INSTRUMENT].asked(population, exploitation)


def labels(pack: Pack, population: str, exploitation: str, language: str | None = None) -> dict[str, str]:
    """What `texts` calls the indicators of a list, the acts and the forms; None is the language in use."""
    named = {row.answer_key: row.label(language) for row in questions(pack, population, exploitation)}
    for codelist in CODELISTS:
        named |= {code.code: code.label(language) for code in pack.codelist(codelist)}
    return named


def read(name: str) -> str:
    """The text of a file, or of standard input for `-`."""
    shown = "standard input" if name == "-" else _quoted(name)
    try:
        if name == "-":
            raw = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(name).open("rb") as file:
                raw = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise BadInput([f"{shown}: there is no such file"]) from None
    except IsADirectoryError:
        raise BadInput([f"{shown} is a directory, not a file"]) from None
    except PermissionError:
        raise BadInput([f"{shown}: you may not read this file"]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput([f"{shown} cannot be read: {reason}"]) from None
    if len(raw) > LARGEST:
        raise BadInput([f"{shown} is larger than {LARGEST:,} bytes and so no screening"])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput([f"{shown} is not UTF-8 text (byte {error.start + 1})"]) from None


def parse(text: str) -> tuple[Any, list[str]]:
    """JSON, read more strictly than Python does, and the keys that stand twice in it, as faults."""
    if not text.strip():
        raise BadInput(["the input is empty; a JSON object is expected"])
    repeated: dict[str, None] = {}

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                repeated[f"the key {_quoted(key)} stands more than once"] = None
            found[key] = value
        return found

    def not_json(word: str) -> NoReturn:
        raise BadInput([f"broken JSON: {word} is not a JSON value"])

    try:
        data = json.loads(text, object_pairs_hook=members, parse_constant=not_json)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadInput([f"broken JSON at {where}: {error.msg}"]) from None
    except RecursionError:
        raise BadInput(["broken JSON: nested too deeply"]) from None
    except ValueError:
        # The one kind left: Python refuses to read whole numbers of thousands of digits.
        raise BadInput(["broken JSON: a number has too many digits"]) from None
    return data, list(repeated)


def check(data: Any, pack: Pack, already: Iterable[str] = ()) -> Request:
    """The input as a screening, or `BadInput` with every fault there is, those found already first."""
    if not isinstance(data, dict):
        raise BadInput([*already, f"a JSON object is expected, not {_shown(data)}"])
    strange = [key for key in data if key not in KEYS]
    faults = list(already)
    faults += [
        f"unknown key {_quoted(key)}{_guess(key, KEYS) if number < GUESSES else ''}"
        for number, key in enumerate(strange)
    ]
    instrument = _instrument(data.get("instrument", DEFAULT_INSTRUMENT), pack, faults)
    known_age, age = _age(data.get("age"), faults)
    disputed = data.get("age_disputed", False)
    if not isinstance(disputed, bool):
        faults.append(f'"age_disputed" must be true or false, not {_shown(disputed)}')
        known_age = False
    exploitation = _exploitation(data, faults)
    acts = _codes("acts", data.get("acts"), rules.ACTS, faults)
    all_forms = [code.code for code in pack.codelist("exploitation_form")]
    forms = _codes("forms", data.get("forms"), all_forms, faults)
    answers = _answers(data.get("answers", {}), faults)
    if instrument:
        # While age or exploitation is faulty the list is not known: any list's key will do.
        population = rules.population(age, disputed) if known_age else None
        faults += _unasked(answers, instrument, population, exploitation)
    if faults or instrument is None or exploitation is None:
        raise BadInput(faults)
    screening = rules.Screening(exploitation, age, disputed, acts, forms or (), answers)
    if instrument.kind == CHECKLIST:
        expanded = rules.expand_checklist(answers, instrument.asked(screening.population, exploitation))
        listed = {row.answer_key for row in questions(pack, screening.population, exploitation)}
        screening = replace(screening, answers={key: expanded[key] for key in expanded if key in listed})
    return Request(instrument, screening)


def _pack(name: str | None) -> Pack:
    try:
        pack = country.pack(name or os.environ.get("SPEAN_COUNTRY") or None)
        # Read now what may be faulty, so that a broken pack is a message and not a traceback.
        if DEFAULT_INSTRUMENT not in pack.instruments:
            raise BadInput([f"the country pack {pack.name} has no instrument {DEFAULT_INSTRUMENT}"])
        for codelist in CODELISTS:
            pack.codelist(codelist)
    except (PackError, UnknownPack, UnknownCode) as error:
        raise BadInput([str(error.args[0])]) from None
    return pack


def _language(code: str, pack: Pack) -> str:
    if code not in pack.languages:
        raise BadInput([f"unknown language {_quoted(code)}; one of {', '.join(pack.languages)}"])
    return code


def _instrument(name: Any, pack: Pack, faults: list[str]) -> Instrument | None:
    if not isinstance(name, str):
        faults.append(f'"instrument" must be the name of an instrument, not {_shown(name)}')
        return None
    instrument = pack.instruments.get(name)
    usable = [one.name for one in pack.instruments.values() if one.indicators]
    if instrument is None:
        faults.append(f"unknown instrument {_quoted(name)}; one of {', '.join(usable)}")
        return None
    if not instrument.indicators:
        faults.append(
            f"the instrument {_quoted(name)} is an empty slot: its questions are not entered yet; "
            f"use one of {', '.join(usable)}"
        )
        return None
    return instrument


def _age(age: Any, faults: list[str]) -> tuple[bool, int | None]:
    """Whether the age can be used, and the age. In JSON 17.0 and true are no whole numbers."""
    if age is None or (type(age) is int and 0 <= age <= rules.OLDEST):
        return True, age
    faults.append(f'"age" must be a whole number from 0 to {rules.OLDEST}, or null, not {_shown(age)}')
    return False, None


def _exploitation(data: dict[str, Any], faults: list[str]) -> str | None:
    expected = " or ".join(_quoted(one) for one in rules.EXPLOITATIONS)
    if "exploitation" not in data:
        faults.append(f'"exploitation" is missing: {expected}')
        return None
    value = data["exploitation"]
    if value not in rules.EXPLOITATIONS:
        faults.append(f'"exploitation" must be {expected}, not {_shown(value)}')
        return None
    return str(value)


def _codes(name: str, value: Any, allowed: Sequence[str], faults: list[str]) -> tuple[str, ...] | None:
    """A list of codes, each once. Absent or null is not known, which is not the same as none."""
    if value is None:
        return None
    if not isinstance(value, list):
        faults.append(f'"{name}" must be a list, or null, not {_shown(value)}')
        return None
    expected = f"; one of {', '.join(allowed)}"
    faults += [f'"{name}" must not hold {_shown(item)}{expected}' for item in value if item not in allowed]
    codes = [item for item in value if item in allowed]
    faults += [
        f'"{name}" holds {_quoted(code)} more than once' for code in dict.fromkeys(codes) if codes.count(code) > 1
    ]
    return tuple(codes)


def _answers(value: Any, faults: list[str]) -> dict[str, str]:
    if not isinstance(value, dict):
        faults.append(f'"answers" must be an object of keys and answers, not {_shown(value)}')
        return {}
    expected = ", ".join(rules.ANSWERS)
    faults += [
        f"the answer to {_quoted(key)} must be one of {expected}, not {_shown(answer)}"
        for key, answer in value.items()
        if answer not in rules.ANSWERS
    ]
    return value


def _unasked(
    keys: Iterable[str], instrument: Instrument, population: str | None, exploitation: str | None
) -> list[str]:
    """One fault for each answered key that the list does not have."""
    everywhere = {row.answer_key for row in instrument.indicators}
    if population is None or exploitation is None:
        here, which = everywhere, instrument.name
    else:
        here = {row.answer_key for row in instrument.asked(population, exploitation)}
        which = f"the {population} {exploitation} list of {instrument.name}"
    faults = []
    for key in keys:
        if key in here:
            continue
        if key in everywhere:
            faults.append(f"unknown indicator {_quoted(key)}: not in {which}, only in another list")
        else:
            guess = _guess(key, sorted(here)) if len(faults) < GUESSES else ""
            faults.append(f"unknown indicator {_quoted(key)}: not in {which}{guess}")
    return faults


def _guess(text: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(text[:60], known, n=1, cutoff=0.75)
    return f"; did you mean {_quoted(close[0])}?" if close else ""


def _quoted(text: str) -> str:
    """Text from outside, on one line, short, and without anything a terminal would obey."""
    shown = text if len(text) <= 60 else text[:59] + "…"
    safe = "".join(char if char.isprintable() else " " for char in shown)
    return json.dumps(safe, ensure_ascii=False)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:59] + "…"
