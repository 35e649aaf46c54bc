"""The hash tree of RFC 6962, section 2.1: leaf and node hashes, root, inclusion and consistency proofs.

Pure functions over bytes. What a leaf holds and when leaves are added stands in sequencer.py.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

EMPTY_ROOT = hashlib.sha256(b"").digest()


# Looked up once: a million rows are hashed two million times.
_sha256 = hashlib.sha256


def leaf_hash(entry: bytes) -> bytes:
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return _sha256(b"\x01" + left + right).digest()


@dataclass
class Frontier:
    """The roots of the complete subtrees that make up a tree, biggest first: enough to go on adding leaves."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(self.peaks.pop(), node)
            size >>= 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY_ROOT
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = node_hash(peak, node)
        return node

    def to_bytes(self) -> bytes:
        return b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> "Frontier":
        peaks = [data[at : at + 32] for at in range(0, len(data), 32)]
        if len(data) % 32 or len(peaks) != size.bit_count():
            raise ValueError("These are not the peaks of a tree of this size.")
        return cls(size, peaks)


def root(leaves: Iterable[bytes]) -> bytes:
    tree = Frontier()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def _split(size: int) -> int:
    """The largest power of two smaller than size."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    if not 0 <= index < len(leaves):
        raise ValueError("There is no such leaf.")
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*inclusion_proof(leaves[:k], index), root(leaves[k:])]
    return [*inclusion_proof(leaves[k:], index - k), root(leaves[:k])]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """RFC 9162, section 2.1.3.2: the algorithm that needs the proof alone, not the tree."""
    if not 0 <= index < size:
        return False
    at, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(sibling, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and node == expected


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """That the tree of old_size leaves is the beginning of this one."""
    if not 0 <= old_size <= len(leaves):
        raise ValueError("The old tree cannot be larger than the new one.")
    if old_size in (0, len(leaves)):
        return []
    return _subproof(leaves, old_size, whole=True)


def _subproof(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> list[bytes]:
    if old_size == len(leaves):
        return [] if whole else [root(leaves)]
    k = _split(len(leaves))
    if old_size <= k:
        return [*_subproof(leaves[:k], old_size, whole=whole), root(leaves[k:])]
    return [*_subproof(leaves[k:], old_size - k, whole=False), root(leaves[:k])]


def consistency_from(old: Frontier, new_leaves: Sequence[bytes]) -> list[bytes]:
    """The same proof from the old tree's peaks and the leaves added since: what is long signed is not read again."""
    total = old.size + len(new_leaves)
    if old.size in (0, total):
        return []
    peaks = dict(zip(_starts(old.size), old.peaks, strict=True))

    def node(start: int, end: int) -> bytes:
        return peaks[start] if start < old.size else root(new_leaves[start - old.size : end - old.size])

    def proof(start: int, end: int, whole: bool) -> list[bytes]:
        if end == old.size:
            return [] if whole else [node(start, end)]
        middle = start + _split(end - start)
        if old.size <= middle:
            return [*proof(start, middle, whole), node(middle, end)]
        return [*proof(middle, end, False), node(start, middle)]

    return proof(0, total, True)


def _starts(size: int) -> list[int]:
    """Where the complete subtrees of a tree of this size begin, biggest first."""
    found, start = [], 0
    for bit in range(size.bit_length() - 1, -1, -1):
        if size >> bit & 1:
            found.append(start)
            start += 1 << bit
    return found


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """RFC 9162, section 2.1.4.2."""
    if not 0 <= old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    at, last = old_size - 1, new_size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old, new = path[0], path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, node)
        at, last = at >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root
