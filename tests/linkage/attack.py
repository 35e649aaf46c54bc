"""What somebody reads who has a list of tokens, a public list of names with their frequencies, and no key.

The attack counts. It lines up the values of each column by how often they occur with the names of another sample of
the same population by how often those occur, alone and within each birth year and sex that stand in clear, and takes
the best of its ways. Codes under which records meet are counted as well. Measured is the share of records whose
family name is read rightly (by sound), and how often the commonest name alone would be right.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from spean.lib import names
from spean.linkage import encode
from spean.linkage.reading import Notes
from spean.linkage.records import Reader, Row, split_name


def family_sounds(rows: Iterable[Row]) -> list[tuple[str, str]]:
    """Sound of the family name and of the whole name of each row."""
    found = []
    for row in rows:
        family, given, _ = split_name(row["family_name"], row["given_name"])
        one, two = names.key("".join(family)), names.key("".join(given))
        found.append((one, " ".join(sorted(filter(None, (one, two))))))
    return found


def _by_rank(codes: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """Commonest code = commonest name, and so on."""
    ranked = [code for code, _ in Counter(filter(None, codes)).most_common()]
    return dict(zip(ranked, [name for name, _ in Counter(filter(None, known)).most_common()], strict=False))


def _read(
    codes: Sequence[str], known: Sequence[str], truth: Sequence[str], family_of: Callable[[str], set[str]]
) -> float:
    guess = _by_rank(codes, known)
    return sum(
        1 for code, right in zip(codes, truth, strict=True) if code and right in family_of(guess.get(code, ""))
    ) / len(truth)


def leak(rows: Sequence[Row], public: Sequence[Row], strength: str, key: bytes, folder: Path) -> dict[str, float]:
    """Share of records whose family name each way of counting reads, with `public` as the attacker's name list."""
    table = Reader().table(rows)
    path, look = folder / "attacked.tokens.csv", folder / "attacked.lookup.csv"
    encode.write(table, key, path, strength, look)
    record_of = dict(line.split(",")[::2] for line in look.read_text("utf-8").splitlines()[1:])
    true_of = {row["record_id"]: family for row, (family, _) in zip(rows, family_sounds(rows), strict=True)}
    tokens = encode.token_rows(path, Notes("attacked"))
    truth = [true_of[record_of[row["record"]]] for row in tokens]
    known = family_sounds(public)
    families, wholes = [one for one, _ in known], [both for _, both in known]
    first = {"": set[str]()} | {both: {one} for one, both in known}
    alone: Callable[[str], set[str]] = lambda guess: {guess}  # noqa: E731
    found = {"commonest name for everybody": truth.count(Counter(families).most_common(1)[0][0]) / len(truth)}
    column = {name: [row[name].partition(".")[0] for row in tokens] for name in ("family", "given")}
    found["family column"] = _read(column["family"], families, truth, alone)
    found["name column"] = _read(column["given"], wholes, truth, lambda guess: first.get(guess, set()))
    strata: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, row in enumerate(tokens):
        strata[row["year"], row["sex"]].append(place)
    right = 0.0
    for places in strata.values():
        codes = [code for place in places for code in tokens[place]["codes"].split()]
        guess = _by_rank(codes, families)
        right += sum(
            any(guess.get(code) == truth[place] for code in tokens[place]["codes"].split()[:1]) for place in places
        )
    found["meeting codes within year and sex"] = right / len(truth)
    all_codes = Counter(code for row in tokens for code in row["codes"].split())
    ranked = dict(
        zip(
            [code for code, _ in all_codes.most_common()],
            [name for name, _ in Counter(families).most_common()],
            strict=False,
        )
    )
    found["meeting codes"] = sum(
        any(ranked.get(code) == right_one for code in row["codes"].split())
        for row, right_one in zip(tokens, truth, strict=True)
    ) / len(truth)
    return found
