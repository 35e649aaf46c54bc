"""What the encodings give away, measured; the guide's table says the same in words."""

from pathlib import Path

import pytest

from tests.bench.linkage import generator
from tests.linkage.attack import leak

KEY = bytes(range(32))


@pytest.fixture(scope="module")
def lists() -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Vietnamese names only: a third of the people share one, so that counting reads the most."""
    one, other = ([row for row in generator.rows(8000, seed=seed) if row["nationality"] == "VN"] for seed in (31, 32))
    return one, other


@pytest.mark.parametrize("strength", ["codes", "names"])
def test_counting_reads_less_than_taking_everybody_for_a_nguyen(
    lists: tuple[list[dict[str, str]], list[dict[str, str]]], tmp_path: Path, strength: str
) -> None:
    found = leak(*lists, strength, KEY, tmp_path)
    baseline = found.pop("commonest name for everybody")
    assert max(found.values()) < 0.75 * baseline


def test_the_attack_is_able_to_read_what_can_be_counted(
    lists: tuple[list[dict[str, str]], list[dict[str, str]]], tmp_path: Path
) -> None:
    """Otherwise the test above would prove nothing; and this is what the best linking costs."""
    assert leak(*lists, "fields", KEY, tmp_path)["family column"] > 0.6
