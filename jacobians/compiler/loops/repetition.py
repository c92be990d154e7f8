"""Where a sequence repeats itself: stretches of a period, found in close to linear time.

The windows of 1, 2, 4, ... entries are numbered by what they hold (two windows of a size are equal if their numbers
are; M. Karp, R. Miller, A. Rosenberg, 1972). In a stretch of period k, every window of at least k entries was seen last
exactly k entries before.
"""

from __future__ import annotations

from bisect import bisect
from typing import NamedTuple

import numpy as np

__all__ = ["Stretch", "has_repeated", "stretches"]


_SHORT = 2**16


class Stretch(NamedTuple):
    """The entries from `start` to before `stop` equal those `period` places before them, the first period apart."""

    start: int
    stop: int
    period: int

    @property
    def saved(self) -> int:
        return self.stop - self.start - self.period


def stretches(signs: np.ndarray, least: int) -> list[Stretch]:
    """Disjoint stretches of at least `least` periods, in order; those that save most come first where they meet."""
    taken: list[Stretch] = []
    for start, stop, period in sorted(_candidates(signs, least), key=lambda found: (-found.saved, found.start)):
        place = bisect(taken, (start, len(signs)))
        if place and taken[place - 1].stop > start:
            start = taken[place - 1].stop
        if place < len(taken):
            stop = min(stop, taken[place].start)
        if stop - start >= least * period:
            taken.insert(place, Stretch(start, stop, period))
    return taken


def has_repeated(signs: np.ndarray, length: int) -> bool:
    """Whether so many entries (a power of two) stand one after the other in two places.

    They do where a stretch saves as many: the first of them come again a period later.
    """
    rank, width = _ranked(signs)[0], 1
    while len(rank) and int(rank.max()) + 1 < len(rank):
        if 2 * width > length:
            return True
        rank, width = _ranked(rank[:-width], rank[width:])[0], 2 * width
    return False


def _candidates(signs: np.ndarray, least: int) -> list[Stretch]:
    found = []
    (rank, gaps), width = _ranked(signs), 1
    while len(rank) and least * (width // 2 + 1) <= len(signs) and gaps.any():
        edges = np.flatnonzero(np.diff(gaps, prepend=-1, append=-1))
        starts, stops = edges[:-1], edges[1:]
        gap = gaps[starts]
        long = (width < 2 * gap) & (gap <= width) & (stops - starts + gap + width - 1 >= least * gap)
        for first, last, period in zip(starts[long].tolist(), stops[long].tolist(), gap[long].tolist(), strict=True):
            found.append(Stretch(first - period, last + width - 1, period))
        (rank, gaps), width = _ranked(rank[:-width], rank[width:]), 2 * width
    return found


def _ranked(*numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each number, or pair of them, how many different ones are less, and how many places before it stood last.

    The second is 0 where it never did.
    """
    if all([part.size and int(part.max()) < _SHORT for part in numbers]):
        numbers = tuple([part.astype(np.uint16) for part in numbers])  # which NumPy sorts in linear time
    order = np.lexsort(numbers[::-1])
    before, after = order[:-1], order[1:]
    again = np.logical_and.reduce([part[after] == part[before] for part in numbers])
    ranks, gaps = np.zeros(len(order), np.int64), np.zeros(len(order), np.int64)
    ranks[after] = np.cumsum(~again)
    gaps[after[again]] = (after - before)[again]
    return ranks, gaps
