"""Latent classes: the published medians, and what the sampler must never do."""

import numpy as np
import pytest

from spean.estimation import latent
from spean.estimation.table import from_rows
from tests.estimation.published import published


# Medians of the published program LCMCR. Draws of two samplers differ by some per cent.
@pytest.mark.parametrize(
    ("name", "median", "low", "high"),
    [("new_orleans_5", 804, 550, 1284), ("western_us", 1843, 1298, 3050), ("korea", 137, 123, 199)],
)
def test_medians_of_the_published_program(name: str, median: int, low: int, high: int) -> None:
    found = latent.sample(published(name), seed=1, chains=8, draws=2000, most=2000)
    assert found.quantile(0.5) == pytest.approx(median, rel=0.06)
    assert (found.quantile(0.025), found.quantile(0.975)) == pytest.approx((low, high), rel=0.15)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "median"), [("uk", 21886), ("uk_5", 23028), ("new_orleans", 701)])
def test_medians_of_the_published_program_for_larger_tables(name: str, median: int) -> None:
    assert latent.sample(published(name), seed=1).quantile(0.5) == pytest.approx(median, rel=0.1)


def test_independent_lists_are_found_to_be_so() -> None:
    """1,000 people, three lists of chances 0.5, 0.4 and 0.3: expected counts as data."""
    chances = np.array([0.5, 0.4, 0.3])
    rows = []
    for cell in range(1, 8):
        pattern = tuple((cell >> i) & 1 for i in range(3))
        rows.append((pattern, round(1000 * float(np.where(pattern, chances, 1 - chances).prod()))))
    found = latent.sample(from_rows("abc", rows), seed=5, chains=4, draws=1500, most=1500)
    assert found.quantile(0.025) < 1000 < found.quantile(0.975)
    assert found.quantile(0.5) == pytest.approx(1000, rel=0.05)


def test_a_seed_repeats_every_draw() -> None:
    table = published("korea")
    one, same, other = (latent.sample(table, seed, chains=2, draws=50, most=50).hidden for seed in (3, 3, 4))
    assert one.tolist() == same.tolist() != other.tolist()


def test_it_goes_on_while_chains_disagree_and_no_longer_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latent, "AGREED", 0.0)
    assert latent.sample(published("korea"), 1, chains=2, draws=20, most=50).hidden.shape == (2, 50)
    monkeypatch.setattr(latent, "AGREED", 1e9)
    assert latent.sample(published("korea"), 1, chains=2, draws=20, most=50).hidden.shape == (2, 20)


def test_chains_apart_are_noticed() -> None:
    draw = np.random.default_rng(1)
    together = latent.Latent(10, draw.integers(90, 110, (4, 500)), 1.0)
    apart = latent.Latent(10, together.hidden + np.array([[0], [0], [0], [200]]), 1.0)
    assert together.disagreement < 1.01
    assert apart.disagreement > 2
    assert latent.Latent(10, np.full((4, 10), 7), 1.0).disagreement == 1.0


def test_lists_that_never_meet_end_without_an_error() -> None:
    table = from_rows("abc", [((1, 0, 0), 5), ((0, 1, 0), 5), ((0, 0, 1), 5)])
    assert latent.sample(table, seed=1, chains=2, draws=100, most=100).hidden.min() >= 0
