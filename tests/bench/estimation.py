"""`python -m tests.bench.estimation`: an estimate with its bootstrap, timed, and how far its ends move with the seed.

Part of `make bench`. The UK table of six lists, p = 0.02, 1,000 replicates; published are 11,418, 95 % 9,267–14,307 and
80 % 9,682–12,577, which took the R program 338 s. Nothing is asserted.
"""

import statistics
import time
from pathlib import Path

import numpy as np

from spean.estimation import averaging, bootstrap, latent, loglinear, stepwise, table

TABLE = Path(__file__).parents[1] / "estimation" / "tables" / "uk.csv"
SEEDS = range(1, 9)
REPLICATES = 1000
PUBLISHED = (9267, 9682, 12577, 14307)


def measure() -> None:
    data = table.read(TABLE).settled()
    counts = data.cells[1:].astype(np.float64)
    ends, walls, cpus = [], [], []
    print("\nestimation: UK, six lists, 1,000 replicates\n")
    print(
        f"{'seed':>9} {'N':>9} {'95 % low':>9} {'80 % low':>9} {'80 % high':>9} {'95 % high':>9} {'wall s':>7} {'CPU s':>6}"
    )
    for seed in SEEDS:
        began, worked = time.perf_counter(), time.process_time()
        checks = loglinear.Checks(loglinear.design(len(data.lists)))
        total = float(stepwise.select(counts[None], checks=checks).total[0])
        boot = bootstrap.resample(counts, REPLICATES, stepwise.THRESHOLD, seed, checks)
        narrow, wide = (bootstrap.bca(boot, total, level) for level in bootstrap.LEVELS)
        walls.append(time.perf_counter() - began)
        cpus.append(time.process_time() - worked)
        assert narrow
        assert wide
        ends.append((wide[0], *narrow, wide[1]))
        _row(str(seed), total, ends[-1], f"{walls[-1]:7.2f} {cpus[-1]:6.2f}")
    columns = list(zip(*ends, strict=True))
    _row(
        "mean",
        total,
        [statistics.mean(c) for c in columns],
        f"{statistics.mean(walls):7.2f} {statistics.mean(cpus):6.2f}",
    )
    _row("± 1 sd", 0.0, [statistics.stdev(c) for c in columns])
    _row("published", 11418.0, PUBLISHED)
    for name, method in (("bma", averaging.average), ("lcm", lambda one: latent.sample(one, seed=1))):
        began = time.perf_counter()
        found = method(data)
        print(f"{name}: median {found.quantile(0.5):,.0f} in {time.perf_counter() - began:.1f} s")


def _row(name: str, total: float, ends: "list[float] | tuple[float, ...]", rest: str = "") -> None:
    print(f"{name:>9} {total:9,.0f} " + " ".join(f"{end:9,.0f}" for end in ends) + f" {rest}", flush=True)


if __name__ == "__main__":
    measure()
