"""The hash tree against the vectors of Certificate Transparency and against its own definition."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spean.privacy import merkle

# The eight entries and roots of the Certificate Transparency reference tests.
ENTRIES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [bytes.fromhex(text) for text in (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)]  # fmt: skip


def definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return merkle.node_hash(definition(leaves[:k]), definition(leaves[k:]))


def leaves_of(size: int) -> list[bytes]:
    return [merkle.leaf_hash(str(n).encode()) for n in range(size)]


@pytest.mark.parametrize("size", range(1, 9))
def test_known_roots(size: int) -> None:
    assert merkle.root(merkle.leaf_hash(entry) for entry in ENTRIES[:size]) == ROOTS[size - 1]


def test_empty_tree() -> None:
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(st.integers(0, 80))
def test_root_follows_the_definition(size: int) -> None:
    assert merkle.root(leaves_of(size)) == definition(leaves_of(size))


@given(st.integers(0, 200), st.integers(0, 50))
def test_a_stored_frontier_goes_on_where_it_stopped(first: int, more: int) -> None:
    leaves = leaves_of(first + more)
    tree = merkle.Frontier()
    for leaf in leaves[:first]:
        tree.append(leaf)
    again = merkle.Frontier.from_bytes(first, tree.to_bytes())
    for leaf in leaves[first:]:
        again.append(leaf)
    assert (again.size, again.root()) == (first + more, merkle.root(leaves))


def test_a_frontier_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(ValueError, match="peaks"):
        merkle.Frontier.from_bytes(3, b"\x00" * 32)


def test_inclusion_of_every_leaf_in_every_small_tree() -> None:
    for size in range(1, 34):
        leaves = leaves_of(size)
        top = merkle.root(leaves)
        for index in range(size):
            proof = merkle.inclusion_proof(leaves, index)
            assert merkle.verify_inclusion(leaves[index], index, size, proof, top)
            assert not merkle.verify_inclusion(merkle.leaf_hash(b"other"), index, size, proof, top)
            assert not merkle.verify_inclusion(leaves[index], index, size, [*proof, top], top)
            if size > 1:
                wrong = (index + 1) % size
                assert not merkle.verify_inclusion(leaves[index], wrong, size, proof, top)
                assert not merkle.verify_inclusion(leaves[index], index, size, proof[:-1], top)
        assert not merkle.verify_inclusion(leaves[0], size, size, [], top)


def test_consistency_of_every_pair_of_small_trees() -> None:
    for new in range(34):
        leaves = leaves_of(new)
        for old in range(new + 1):
            proof = merkle.consistency_proof(leaves, old)
            roots = merkle.root(leaves[:old]), merkle.root(leaves)
            assert merkle.verify_consistency(old, new, *roots, proof)
            if old:
                forged = merkle.root([*leaves[: old - 1], merkle.leaf_hash(b"edited")])
                assert not merkle.verify_consistency(old, new, forged, roots[1], proof)
            if proof:
                assert not merkle.verify_consistency(old, new, *roots, proof[:-1])
                assert not merkle.verify_consistency(old, new, *roots, [*proof, roots[0]])


def test_proofs_for_what_is_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        merkle.inclusion_proof(leaves_of(3), 3)
    with pytest.raises(ValueError, match="larger"):
        merkle.consistency_proof(leaves_of(3), 4)
    assert not merkle.verify_consistency(4, 3, b"", b"", [])
