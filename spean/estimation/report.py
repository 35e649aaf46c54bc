"""One estimate from a table: methods asked, judged, and put into the form that is printed.

`answer` is what a program calls; `command` prints it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from spean.estimation import averaging, bootstrap, graphs, judgement, latent, loglinear, stepwise
from spean.estimation.arrays import Floats
from spean.estimation.bootstrap import Bootstrap
from spean.estimation.judgement import Judgement
from spean.estimation.stepwise import Selection
from spean.estimation.table import Captures

STEPWISE, BMA, LCM, ALL = "stepwise", "bma", "lcm", "all"
METHODS = (STEPWISE, BMA, LCM, ALL)
OTHER_THRESHOLDS = (0.001, 0.005, 0.01, 0.05, 0.1)
SHOWN_GRAPHS = 3

Interval = tuple[float, float] | None


@dataclass
class Figure:
    """What one method says: persons in all, observed and hidden. `model` in words or numbers, for the record."""

    method: str
    estimate: float
    interval_80: Interval
    interval_95: Interval
    model: Mapping[str, Any]


def answer(
    data: Captures,
    method: str = ALL,
    replicates: int = bootstrap.REPLICATES,
    seed: int = 1,
    threshold: float = stepwise.THRESHOLD,
) -> dict[str, Any]:
    """The estimate with intervals, model, diagnostics, status and reasons, ready for JSON.

    With `all`, the stepwise figure stands in front and the three methods stand beside each other under `methods`; they
    are never averaged. When the status is refused there is no figure anywhere but in the reasons for refusing.
    """
    judged = Judgement()
    # By name, so that moving columns moves no word of the answer.
    ordered = data.only(sorted(range(len(data.lists)), key=data.lists.__getitem__))
    judgement.of_table(ordered, judged)
    figures = [] if judged.refusals else _figures(ordered, method, replicates, seed, threshold, judged)
    refused = judged.status == judgement.REFUSED
    first = None if refused or not figures else figures[0]
    result: dict[str, Any] = {
        "method": method,
        "lists": list(data.lists),
        "observed": data.observed,
        "estimate": _rounded(first.estimate) if first else None,
        "interval_80": _ends(first.interval_80) if first else None,
        "interval_95": _ends(first.interval_95) if first else None,
        "model": dict(first.model) if first else None,
        "diagnostics": judged.diagnostics,
        "status": judged.status,
        "reasons": judged.reasons,
        "seed": seed,
    }
    if method == ALL:
        result["methods"] = [] if refused else [_shown(one) for one in figures]
    return result


def _shown(one: Figure) -> dict[str, Any]:
    return {
        "method": one.method,
        "estimate": _rounded(one.estimate),
        "interval_80": _ends(one.interval_80),
        "interval_95": _ends(one.interval_95),
        "model": dict(one.model),
    }


def _rounded(figure: float) -> float:
    return round(float(figure), 1)


def _ends(interval: Interval) -> list[float] | None:
    return None if interval is None else [_rounded(end) for end in interval]


def _figures(
    data: Captures, method: str, replicates: int, seed: int, threshold: float, judged: Judgement
) -> list[Figure]:
    # Nobody on a list: it has no place in any model. And an order that does not depend on how columns were written.
    used = data.only([i for i, total in enumerate(data.totals) if total]).settled()
    asked = METHODS[:3] if method == ALL else (method,)
    figures = []
    if STEPWISE in asked:
        figures += _stepwise(data, used, replicates, seed, threshold, judged)
    else:
        # What cannot be identified is refused whichever method was asked.
        judgement.of_stepwise(used, stepwise.select(_counts(used), threshold), judged)
    judgement.of_carriers(used, judged)
    if judged.refusals:
        return figures
    if BMA in asked:
        figures += _averaged(used, judged, alone=method == BMA)
    if LCM in asked:
        figures.append(_latent(used, seed, judged))
    judgement.of_agreement({one.method: one.estimate for one in figures}, judged)
    return figures


def _counts(data: Captures) -> Floats:
    return data.cells[None, 1:].astype(np.float64)


def _stepwise(
    data: Captures, used: Captures, replicates: int, seed: int, threshold: float, judged: Judgement
) -> list[Figure]:
    checks = loglinear.Checks(loglinear.design(len(used.lists)))
    counts = _counts(used)
    found = stepwise.select(counts, threshold, checks)
    judgement.of_stepwise(used, found, judged)
    if not found.sound[0]:
        return []
    total = float(found.total[0])
    boot = bootstrap.resample(counts[0], replicates, threshold, seed, checks) if replicates else None
    intervals = [_bca(boot, total, level) for level in bootstrap.LEVELS]
    if boot is None:
        judged.cautions.append("No interval: no bootstrap was asked for. A figure without an interval says little.")
    else:
        judgement.of_interval(intervals[1], boot.unfit / replicates, judged, STEPWISE)
        judgement.of_edge(intervals[1], boot.replicates.min(), boot.replicates.max(), judged)
    judgement.of_dropping(used, total, _without(data, used, threshold), judged)
    tried = {p: float(stepwise.select(counts, p, checks).total[0]) for p in (*OTHER_THRESHOLDS, threshold)}
    judgement.of_threshold(tried, threshold, judged)
    model = {
        "threshold": threshold,
        "pairs": _pairs(used, found),
        "replicates": replicates,
        "acceleration": None if boot is None else round(boot.acceleration, 5),
    }
    return [Figure(STEPWISE, total, intervals[0], intervals[1], model)]


def _bca(boot: Bootstrap | None, total: float, level: float) -> Interval:
    return None if boot is None else bootstrap.bca(boot, total, level)


def _pairs(data: Captures, found: Selection) -> list[dict[str, Any]]:
    """The pairs of lists that the model takes for dependent, in the order in which they entered."""
    pairs = list(combinations(range(len(data.lists)), 2))
    chosen = sorted((int(found.order[0, at]), at) for at in np.flatnonzero(found.chosen[0]))
    return [
        {"lists": sorted(data.lists[i] for i in pairs[at]), "nobody_on_both": bool(found.empty[0, at])}
        for _, at in chosen
    ]


def _without(data: Captures, used: Captures, threshold: float) -> dict[str, float | None]:
    """The stepwise figure without each list, in the order of the table."""
    if len(used.lists) <= judgement.FEWEST_LISTS:
        return {}
    figures: dict[str, float | None] = {}
    for name in data.lists:
        if name not in used.lists:
            continue
        rest = used.only([i for i, other in enumerate(used.lists) if other != name]).settled()
        found = stepwise.select(_counts(rest), threshold)
        figures[name] = float(found.total[0]) if found.sound[0] else None
    return figures


def _averaged(data: Captures, judged: Judgement, alone: bool) -> list[Figure]:
    if len(data.lists) > graphs.MOST_LISTS:
        said = (
            f"Model averaging takes at most {graphs.MOST_LISTS} lists; here are {len(data.lists)}. Join some of them."
        )
        (judged.refusals if alone else judged.diagnostics).append(said)
        return []
    found = averaging.average(data)
    if found.beyond > 0.005:
        judged.cautions.append("bma: the posterior has a tail that does not end; its upper end means little.")
    likely = sorted(range(len(found.edges)), key=lambda g: -found.weights[g])[:SHOWN_GRAPHS]
    model = {
        "graphs": len(found.edges),
        "likeliest": [
            {
                "joined": sorted(sorted([data.lists[i], data.lists[j]]) for i, j in found.edges[g]),
                "probability": round(float(found.weights[g]), 4),
            }
            for g in likely
        ],
    }
    strong = [
        judgement.joined(data, i, j) for i, j in combinations(range(len(data.lists)), 2) if found.joined((i, j)) > 0.9
    ]
    if strong:
        judged.diagnostics.append(
            f"bma: these pairs depend on each other with a probability above 90 %: {judgement.named(sorted(strong))}."
        )
    figure = _posterior(BMA, found.quantile, model)
    judgement.of_interval(figure.interval_95, 0.0, judged, BMA)
    return [figure]


def _latent(data: Captures, seed: int, judged: Judgement) -> Figure:
    found = latent.sample(data, seed)
    if found.disagreement > judgement.EXPLORED:
        judged.cautions.append(
            f"lcm: the chains do not agree yet (ratio {found.disagreement:.2f}, should be below {judgement.EXPLORED}); "
            "its figure is rough."
        )
    model = {
        "classes_in_use": round(found.classes, 1),
        "chains": found.hidden.shape[0],
        "draws": found.hidden.shape[1],
        "disagreement": round(found.disagreement, 3),
    }
    figure = _posterior(LCM, found.quantile, model)
    judgement.of_interval(figure.interval_95, 0.0, judged, LCM)
    return figure


def _posterior(method: str, quantile: Callable[[float], float], model: Mapping[str, Any]) -> Figure:
    """The median and the middle parts of a posterior."""
    ends: Sequence[float] = [quantile(at) for at in (0.1, 0.9, 0.025, 0.975)]
    return Figure(method, quantile(0.5), (ends[0], ends[1]), (ends[2], ends[3]), model)
