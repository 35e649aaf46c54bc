"""Points of a large region, found without a solver: many cells are pushed at once, and all others make room.

It is easy to keep all equations (the nearest point that does, by conjugate gradients), and easy to keep every cell
between its ends. Doing one after the other, and carrying forward what each had to correct (the alternating direction
method of multipliers), comes to points that do both. No point is certain: whoever uses one checks it first.
"""

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack

from spean.statistics.margins import Ids
from spean.statistics.regions import SLACK, Floats, Region

TURNS = 50
RELAXED = 1.6  # how far a turn goes beyond the equations; between 1 and 2, and found to be quickest here
SETTLING = 12
NEAR = 0.1  # a cell that comes so near to its end has been pushed against it
ROUGH, FINE = 0.2, SLACK / 100  # how well equations hold meanwhile, and in the end
STEPS = 300
HELD = 1e-9


class Pusher:
    """One region, pushed again and again. Where a row has a low and a high side, its sum is one more cell."""

    def __init__(self, of: Region) -> None:
        self.columns = len(of.low)
        loose: Ids = np.flatnonzero(of.rows_low < of.rows_high)
        sums = -eye_array(of.matrix.shape[0], format="csc")[:, loose]
        self.sums_of = csr_array(hstack([of.matrix, sums]))
        self.rows_of = csr_array(self.sums_of.T)
        self.squares = csr_array((self.sums_of.data**2, self.sums_of.indices, self.sums_of.indptr), self.sums_of.shape)
        self.loose = np.zeros(len(loose))
        self.nowhere = np.zeros(of.matrix.shape[0])
        self.point = np.concatenate([of.point, (of.matrix @ of.point)[loose]])
        self.low = np.concatenate([of.low, of.rows_low[loose]])
        self.high = np.concatenate([of.high, of.rows_high[loose]])

    def pushed(self, force: Floats, least: Floats, greatest: Floats) -> Floats | None:
        """The point that is come to when every cell is pushed as its `force` says, as far as from `least` to `greatest`
        at most; None where it does not come to rest. Arrays are of the region's columns."""
        force = np.append(force, self.loose)
        low = np.concatenate([np.maximum(least, self.low[: self.columns]), self.low[self.columns :]])
        high = np.concatenate([np.minimum(greatest, self.high[: self.columns]), self.high[self.columns :]])
        everywhere, multipliers = np.ones(len(force)), self.nowhere
        y = kept = self.point
        carried = np.zeros(len(force))
        for _ in range(TURNS):
            y, multipliers = self._balanced(kept - carried, everywhere, multipliers, ROUGH)
            beyond = RELAXED * y + (1 - RELAXED) * kept
            kept = np.clip(beyond + carried + force, low, high)
            carried += beyond - kept
        return self._settled(y)

    def _settled(self, y: Floats) -> Floats | None:
        """Put what has come near an end on it, for good, and let the rest make up for that until nothing is outside."""
        moves = np.ones(len(y))
        y, _ = self._balanced(y, moves, self.nowhere, FINE)
        for _ in range(SETTLING):
            low, high = y < self.low + NEAR, y > self.high - NEAR
            y = np.where(low, self.low, np.where(high, self.high, y))
            moves[low | high] = 0
            y, _ = self._balanced(y, moves, self.nowhere, FINE)
            if np.all(y >= self.low) and np.all(y <= self.high):
                return y[: self.columns]
        return None

    def _balanced(self, y: Floats, moves: Floats, multipliers: Floats, within: float) -> tuple[Floats, Floats]:
        """The nearest point that keeps all equations `within` so much, by cells that move (1, not 0); and the multipliers
        that lead there, which are a good start for the next one."""
        scale = self.squares @ moves
        scale[scale == 0] = 1
        off = self.sums_of @ (y - self.point - moves * (self.rows_of @ multipliers))
        multipliers = multipliers.copy()
        eased = off / scale
        way, size = eased, _dot(off, eased)
        for _ in range(STEPS):
            if np.abs(off).max(initial=0) <= within:
                break
            change = self.sums_of @ (moves * (self.rows_of @ way))
            stretch = _dot(way, change)
            if stretch <= HELD * size:
                break  # cells that stay where they are hold some sum where it is
            length = size / stretch
            multipliers += length * way
            off = off - length * change
            eased = off / scale
            before, size = size, _dot(off, eased)
            way = eased + (size / before) * way
        return y - moves * (self.rows_of @ multipliers), multipliers


def _dot(one: Floats, other: Floats) -> float:
    return float((one * other).sum())  # np.dot would add up in another order on another number of cores
