"""Whether the data can support a figure, and what a reader must know about it, in plain words.

Three outcomes. *refused*: no figure may be given, with the reasons. *caution*: a figure, with the reasons why it is
weak. *ok*: nothing that these checks can see. The limits are choices of this project, not of the literature; they
stand here, in one place, and in decision 60.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from spean.estimation.stepwise import Selection
from spean.estimation.table import Captures

OK, CAUTION, REFUSED = "ok", "caution", "refused"

FEWEST_LISTS = 3
FEWEST_SHARED = 10  # people on two or more lists
FEW_SHARED = 30
# One method's figure divided by another's.
FAR, TOO_FAR = 1.5, 3.0
# Upper end of the 95 % interval divided by the lower.
WIDE, TOO_WIDE = 3.0, 20.0
MOST_HIDDEN = 100.0  # hidden people for one observed
UNFIT = 0.05  # share of replicates without an estimate
LEANS = 1.5  # the figure without one list, divided by the figure
EXPLORED = 1.1  # chains that disagree by more have not seen the whole posterior
NAMED = 6  # pairs or lists named in one sentence


@dataclass
class Judgement:
    """What was found so far. `reasons` are why the status is not ok."""

    refusals: list[str] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)
    diagnostics: list[str] = field(default_factory=list)

    @property
    def status(self) -> str:
        return REFUSED if self.refusals else CAUTION if self.cautions else OK

    @property
    def reasons(self) -> list[str]:
        return self.refusals or self.cautions


def people(number: float) -> str:
    return f"{number:,.0f}"


def named(words: Sequence[str]) -> str:
    """“a, b and c”; many are cut short."""
    if len(words) > NAMED:
        return f"{', '.join(words[:NAMED])} and {len(words) - NAMED} more"
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def joined(data: Captures, i: int, j: int) -> str:
    """A pair of lists, in the order of their names."""
    return "–".join(sorted([data.lists[i], data.lists[j]]))


def of_table(data: Captures, judged: Judgement) -> None:
    """What can be said before any model: lists, overlaps, and who is on them."""
    m = len(data.lists)
    both = data.overlaps
    nobody = [name for i, name in enumerate(data.lists) if not both[i, i]]
    if nobody:
        judged.diagnostics.append(f"Nobody is on {named(nobody)}; that tells nothing and is left out.")
    if m - len(nobody) < FEWEST_LISTS:
        judged.refusals.append(
            f"There are {m - len(nobody)} lists with people; at least {FEWEST_LISTS} are needed. With fewer, nothing "
            "shows whether being on one list changes the chance of being on another."
        )
        return
    everybody = [name for i, name in enumerate(data.lists) if both[i, i] == data.observed]
    if everybody:
        judged.refusals.append(
            f"Everybody observed is on {named(everybody)}: the other lists then found nobody new, and say nothing "
            "about people on no list."
        )
    same = [
        joined(data, i, j)
        for i, j in combinations(range(m), 2)
        if both[i, i] and both[i, i] == both[i, j] == both[j, j]
    ]
    if same:
        judged.refusals.append(f"{named(same)}: the two hold exactly the same people: they are one list written twice.")
    _overlaps(data, judged)


def _overlaps(data: Captures, judged: Judgement) -> None:
    m, both = len(data.lists), data.overlaps
    meeting = [i for i in range(m) if both[i].sum() > both[i, i]]
    shared = data.shared
    share = f"{people(shared)} of {people(data.observed)} people observed are on two or more lists"
    judged.diagnostics.append(f"{share}; the whole estimate rests on them.")
    if shared < FEWEST_SHARED:
        judged.refusals.append(f"Only {share}; at least {FEWEST_SHARED} are needed.")
    elif shared < FEW_SHARED:
        judged.cautions.append(f"Only {share}. A handful of matches more or fewer would change the figure greatly.")
    if len(meeting) < FEWEST_LISTS:
        alone = [data.lists[i] for i in range(m) if i not in meeting and both[i, i]]
        judged.refusals.append(
            f"Only {len(meeting)} lists have anybody in common with another one, and at least {FEWEST_LISTS} are "
            f"needed. Alone: {named(alone)}."
        )
    filled = [i for i in range(m) if both[i, i]]
    empty = [joined(data, i, j) for i, j in combinations(filled, 2) if not both[i, j]]
    if empty:
        pairs = len(filled) * (len(filled) - 1) // 2
        judged.diagnostics.append(
            f"{len(empty)} of {pairs} pairs of lists have nobody in common: {named(empty)}. Either that is chance, or "
            "people on one are kept from the other, or the matching missed them."
        )


def of_stepwise(data: Captures, found: Selection, judged: Judgement) -> None:
    """Which pairs the chosen model takes for dependent, in which direction. `found` has one row."""
    if not found.sound[0]:
        judged.refusals.append(
            "The overlaps do not fix a figure: even with lists that stand for themselves, no finite number of people "
            "fits best."
        )
        return
    plus, minus, never = [], [], []
    for at, (i, j) in enumerate(combinations(range(len(data.lists)), 2)):
        if not found.chosen[0, at]:
            continue
        pair = joined(data, i, j)
        if found.empty[0, at]:
            never.append(pair)
        elif found.effects[0, at] > 0:
            plus.append(pair)
        else:
            minus.append(pair)
    if plus:
        judged.diagnostics.append(f"Who is on one is often on the other as well, more than by chance: {named(plus)}.")
    if minus:
        judged.diagnostics.append(f"Who is on one is seldom on the other, less than by chance: {named(minus)}.")
    if never:
        judged.diagnostics.append(f"Nobody is on both, and chance does not explain that: {named(never)}.")
    if not (plus or minus or never):
        judged.diagnostics.append(
            "No pair of lists shows dependence beyond chance; the figure takes all lists for independent. With few "
            "overlaps dependence could hardly be seen."
        )
    hidden = found.total[0] - data.observed
    if hidden > MOST_HIDDEN * data.observed:
        judged.refusals.append(
            f"The figure would be {people(found.total[0])}, more than {people(MOST_HIDDEN)} times the people observed; "
            "so large a part cannot be inferred from so small a one."
        )


def of_interval(interval: tuple[float, float] | None, unfit: float, judged: Judgement, method: str) -> None:
    """`interval` is the one at 95 %; `unfit` the share of replicates without an estimate."""
    if unfit > UNFIT:
        judged.cautions.append(
            f"In {unfit:.0%} of the samples drawn anew the overlaps fix no figure at all; the interval is too short."
        )
    if interval is None:
        judged.cautions.append(f"{method}: no interval could be made; nearly all samples drawn anew lie on one side.")
        return
    low, high = interval
    if not np.isfinite(high):
        judged.refusals.append(f"{method}: the interval has no upper end; the data exclude no number, however large.")
    elif high > TOO_WIDE * low:
        judged.refusals.append(
            f"{method}: the 95 % interval goes from {people(low)} to {people(high)}; a range of more than "
            f"{people(TOO_WIDE)} times is no figure."
        )
    elif high > WIDE * low:
        judged.cautions.append(f"{method}: the 95 % interval is wide, from {people(low)} to {people(high)}.")


def of_edge(interval: tuple[float, float] | None, lowest: float, highest: float, judged: Judgement) -> None:
    """`lowest` and `highest` of the samples drawn anew: an end there is where the samples stop, not where the data do."""
    if interval is None:
        return
    stops = [name for name, stop in (("lower", interval[0] <= lowest), ("upper", interval[1] >= highest)) if stop]
    if stops:
        judged.cautions.append(
            f"The {named(stops)} end of the stepwise interval is the most extreme of all samples drawn; the true end may "
            "lie farther out. Most samples give another figure than the table itself."
        )


def of_dropping(data: Captures, total: float, without: Mapping[str, float | None], judged: Judgement) -> None:
    """`without` holds the figure when a list is left out; None where there is none."""
    if not without:
        judged.diagnostics.append(
            "Leaving out a list would leave fewer than three, so that this check is not possible."
        )
        return
    said = [f"without {name} {'no figure' if figure is None else people(figure)}" for name, figure in without.items()]
    judged.diagnostics.append(f"Leaving out one list at a time: {', '.join(said)}.")

    def change(name: str) -> float:
        figure = without[name]
        return np.inf if figure is None else abs(float(np.log(figure / total)))

    most = max(without, key=change)
    if change(most) > np.log(LEANS):
        judged.diagnostics.append(f"The figure leans most on {most}: without it, it would be quite another one.")
        judged.cautions.append(f"Without the list {most} the figure would change by half or more.")
    else:
        judged.diagnostics.append(f"No list carries the figure alone; {most} changes it most.")


def of_carriers(data: Captures, judged: Judgement) -> None:
    """Which lists the people on two or more lists are on."""
    several = data.memberships.sum(axis=1) >= 2
    share = (data.cells * several) @ data.memberships / max(data.shared, 1)
    order = sorted(range(len(data.lists)), key=lambda i: (-share[i], data.lists[i]))
    said = [f"{data.lists[i]} {share[i]:.0%}" for i in order[:NAMED]]
    judged.diagnostics.append(f"Of the people on two or more lists, these are on: {', '.join(said)}.")


def of_threshold(figures: Mapping[float, float], chosen: float, judged: Judgement) -> None:
    """`figures` by the threshold of the p-value at which pairs enter the model."""
    low, high = min(figures.values()), max(figures.values())
    if high > low * 1.01:
        judged.diagnostics.append(
            f"With thresholds from {min(figures):g} to {max(figures):g} instead of {chosen:g} the stepwise figure goes "
            f"from {people(low)} to {people(high)}."
        )
    else:
        judged.diagnostics.append(f"Other thresholds than {chosen:g} give the same stepwise figure.")


def of_agreement(figures: Mapping[str, float], judged: Judgement) -> None:
    """`figures` by the name of the method."""
    if len(figures) < 2:
        judged.diagnostics.append("Only one method was asked; others may give quite another figure (--method all).")
        return
    low, high = min(figures, key=figures.__getitem__), max(figures, key=figures.__getitem__)
    factor = figures[high] / figures[low]
    said = ", ".join(f"{name} {people(figure)}" for name, figure in figures.items())
    apart = f"{said}: the highest is {factor:.1f} times the lowest"
    if factor > TOO_FAR:
        judged.refusals.append(
            f"The methods are far apart ({apart}). The choice of method, not the data, makes the figure."
        )
    elif factor > FAR:
        judged.cautions.append(f"The methods disagree ({apart}). Give the range, never one figure alone.")
    else:
        judged.diagnostics.append(f"The methods agree within a factor of {FAR:g} ({apart}).")
