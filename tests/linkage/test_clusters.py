"""Groups are built all of one size at once; here each is built by itself, by the plain rule."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rapidfuzz.distance import OSA

from spean.linkage.clusters import _built
from spean.linkage.records import Spellings

Floats = NDArray[np.float64]


def built_plainly(weight: Floats, until: float) -> tuple[list[set[int]], Floats]:
    size = len(weight)
    parts = [{place} for place in range(size)]
    joint = np.zeros((size, size))
    while len(parts) > 1:
        means = [
            (round(float(np.mean([weight[a, b] for a in one for b in other])), 6), -number, one, other)
            for number, (one, other) in enumerate((a, b) for at, a in enumerate(parts) for b in parts[at + 1 :])
        ]
        mean, _, one, other = max(means, key=lambda entry: entry[:2])
        if mean <= until:
            break
        bits = sum(weight[a, b] for a in one for b in other) / np.sqrt(len(one) * len(other))
        for a in one:
            for b in other:
                joint[a, b] = joint[b, a] = bits
        parts = sorted([part for part in parts if part not in (one, other)] + [one | other], key=min)
    return parts, joint


@st.composite
def evidence(draw: st.DrawFn) -> Floats:
    groups, size = draw(st.integers(1, 4)), draw(st.integers(2, 6))
    found = np.zeros((groups, size, size))
    one, other = np.triu_indices(size, 1)
    for group in range(groups):
        # Sixteenths: sums are exact, whatever order they are taken in.
        bits = draw(st.lists(st.integers(-192, 192), min_size=len(one), max_size=len(one)))
        found[group, one, other] = found[group, other, one] = np.array(bits) / 16
    return found


@given(evidence(), st.sampled_from([0.0, -np.inf]))
@settings(max_examples=300)
def test_groups_at_once_are_built_as_each_by_itself(weight: Floats, until: float) -> None:
    part, joint = _built(weight, until=until)
    for group in range(len(weight)):
        parts, joints = built_plainly(weight[group], until)
        assert {frozenset(np.flatnonzero(part[group] == lowest).tolist()) for lowest in part[group]} == {
            frozenset(one) for one in parts
        }
        assert all(part[group, place] == min(one) for one in parts for place in one)
        assert np.allclose(joint[group], joints)


@given(st.lists(st.text("abdhnsty -'", max_size=9), min_size=1, max_size=12))
@settings(max_examples=300)
def test_what_letters_alone_tell_apart_is_not_alike(texts: list[str]) -> None:
    spellings = Spellings(np.array([*texts, ""], dtype=object))
    one, other = (side.ravel() for side in np.indices((len(texts) + 1, len(texts) + 1)))
    alike = np.array([
        OSA.normalized_similarity([*texts, ""][a], [*texts, ""][b]) for a, b in zip(one, other, strict=True)
    ])  # fmt: skip
    assert np.allclose(spellings.likeness(one, other), np.where(alike >= Spellings.LEAST, alike, 0))
