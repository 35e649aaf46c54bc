"""The report of a linking: one HTML file that opens anywhere, without script, without a name in it.

Shows what was read, compared and weighed, how good the result probably is, and the pairs at the border by their
record identifiers only: whoever has the lists can look them up, whoever finds the file learns nothing of a person.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from spean.linkage.compare import COMPARISONS
from spean.linkage.estimate import Interval
from spean.linkage.linking import Linked, Scorer
from spean.linkage.model import Model
from spean.linkage.reading import Notes

BORDER_PAIRS = 30
_STYLE = (
    "body{font:16px/1.5 'Noto Sans','Noto Sans Khmer',sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b}table{border-collapse:collapse;margin:1rem 0}td,th{border-bottom:1px solid #ccc;padding:.3rem .7rem;"
    "text-align:left;vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
    "caption{text-align:left;font-weight:bold}.note{border-left:5px solid #8a6d00;padding:.2rem 1rem}svg text{font-size:12px}"
)


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Any]], numeric: Sequence[int] = ()) -> str:
    def cells(row: Sequence[Any], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=n' if place in numeric else ''}>{escape(str(cell))}</{tag}>"
            for place, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{cells(head, 'th')}</tr></thead><tbody>{body}</tbody></table>"


def _percent(one: Interval) -> str:
    return f"{one.value:.1%} ({one.low:.1%} to {one.high:.1%})"


def weight_chart(trained: Model) -> str:
    """Bits of every level as bars: to the right what speaks for one person, to the left what speaks against."""
    height = sum(len(one.levels) * 18 + 26 for one in COMPARISONS)
    middle, scale = 470, 14
    parts = [f'<svg role="img" aria-label="Weights in bits" width="860" height="{height}" viewBox="0 0 860 {height}">']
    y = 0
    for one in COMPARISONS:
        y += 20
        parts.append(f'<text x="0" y="{y}" font-weight="bold">{escape(one.name)}</text>')
        for level, bits in zip(one.levels, trained.weights(one)[:-1], strict=True):
            y += 18
            width = min(abs(float(bits)), 24) * scale
            start = middle if bits >= 0 else middle - width
            colour = "#1d5c8f" if bits >= 0 else "#a33b20"
            parts.append(
                f'<text x="12" y="{y}">{escape(level)}</text><rect x="{start:.1f}" y="{y - 11}" width="{width:.1f}" '
                f'height="13" fill="{colour}"/><text x="{middle + (width + 5 if bits >= 0 else 5):.1f}" y="{y}">{bits:+.1f}</text>'
            )
        y += 6
    parts.append(f'<line x1="{middle}" x2="{middle}" y1="0" y2="{height}" stroke="#555"/></svg>')
    return "".join(parts)


def _border(found: Linked, scorer: Scorer, threshold: float) -> str:
    odds = np.abs(
        np.log2(np.clip(found.probability, 1e-6, 1 - 1e-6) / np.clip(1 - found.probability, 1e-6, 1))
        - np.log2(threshold / (1 - threshold))
    )
    nearest = np.sort(np.argsort(odds, kind="stable")[:BORDER_PAIRS])
    low, high = found.low[nearest], found.high[nearest]
    because = list(scorer.because(low, high))
    table = found.table
    rows = [
        (f"{table.sources[table.source[a]]} {table.record_ids[a]}", f"{table.sources[table.source[b]]} {table.record_ids[b]}",
         f"{found.probability[at]:.3f}", why)
        for a, b, at, why in zip(low.tolist(), high.tolist(), nearest.tolist(), because, strict=True)
    ]  # fmt: skip
    return _table(
        "Pairs nearest to the threshold: read these first", ["Record", "Record", "Probability", "Because"], rows, (2,)
    )


_READ = ("File", "Rows", "Encoding", "Delimiter", "Columns and how far they are filled", "Columns not used", "Faults")


def sizes_of(found: Linked) -> list[int]:
    """How many clusters have 0, 1, 2 … records."""
    sizes = np.unique(found.cluster, return_counts=True)[1]
    counts: list[int] = np.bincount(sizes).tolist()
    return counts


def report(
    found: Linked, scorer: Scorer, notes: Sequence[Notes], *, threshold: float, engine: str, version: str
) -> str:
    """The whole page."""
    table, estimates = found.table, found.estimates
    read = [
        (one.path, one.rows, one.encoding, {"\t": "tab"}.get(one.delimiter, one.delimiter),
         ", ".join(f"{name} {one.filled[name] / one.rows:.0%}" for name in one.columns if one.rows),
         ", ".join(one.unused) or "–", "; ".join(one.sentences()) or "–")
        for one in notes
    ]  # fmt: skip
    per_cluster = [(size, int(count)) for size, count in enumerate(sizes_of(found)) if count and size]
    fell_back = found.model.facts.get("fell_back")
    lists = np.bincount(table.source, minlength=1) if len(table) else np.zeros(1, int)
    bound = f"Without linking one could only say: between {int(lists.max())} and {int(lists.sum())} persons."
    counted = [
        ("Records", len(table)),
        ("Pairs compared", found.candidates),
        (f"Links (probability {threshold:g} or more)", estimates.links),
        ("Clusters found, each taken for one person", estimates.clusters),
        (
            "Persons, estimated",
            f"{estimates.persons.value:.0f} ({estimates.persons.low:.0f} to {estimates.persons.high:.0f})",
        ),
        ("Precision of the links, estimated", _percent(estimates.precision)),
        ("Recall of the links, estimated", _percent(estimates.recall)),
        ("Pairs that were probably never compared", f"{estimates.unseen:.0f}"),
    ]
    facts = [
        (name.replace("_", " "), f"{value:.6g}" if isinstance(value, float) else value)
        for name, value in found.model.facts.items()
    ]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>Linked lists</title><style>{_STYLE}</style><h1>Linked lists</h1>",
        f"<p>Spean {escape(version)}, engine {escape(engine)}. This page holds record identifiers and no names.</p>",
        _table("Result", ["", ""], counted, (1,)),
        f"<p>{bound}</p>",
        "<p class=note>Precision, recall and the number of persons are the model’s own estimates. They are as good as the "
        "assumption that the fields of a record err independently of each other. Have somebody read a sample of pairs "
        "before a number is published.</p>",
        f"<p class=note><strong>Not trained on these lists:</strong> {escape(str(fell_back))}. Start values were used.</p>"
        if fell_back else "",
        _table("Lists read", _READ, read, (1,)),
        _table("Records per cluster", ["Records", "Clusters"], per_cluster, (0, 1)),
        "<h2>What agreement is worth</h2><p>Bits: each bit doubles the odds for (+) or against (−) one person. What is "
        "missing counts nothing; a rare name counts more than shown, a common one less.</p>",
        weight_chart(found.model),
        _border(found, scorer, threshold) if len(found.low) else "",
        _table("Training", ["", ""], facts, (1,)),
        "</html>",
    ]  # fmt: skip
    return "\n".join(part for part in parts if part)
