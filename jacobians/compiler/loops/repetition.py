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
    rank, width = _ranked(signs), 1
    while len(rank) and int(rank.max()) + 1 < len(rank):
        if 2 * width > length:
            return True
        rank, width = _ranked(rank[:-width] * (int(rank.max()) + 1) + rank[width:]), 2 * width
    return False


def _candidates(signs: np.ndarray, least: int) -> list[Stretch]:
    found = []
    rank, width = _ranked(signs), 1
    while len(rank) and least * (width // 2 + 1) <= len(signs):
        gaps = _gaps(rank)
        if not gaps.any():
            break
        edges = np.flatnonzero(np.diff(gaps, prepend=-1, append=-1))
        for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            gap = int(gaps[first])
            if width < 2 * gap <= 2 * width and last - first + gap + width - 1 >= least * gap:
                found.append(Stretch(first - gap, last + width - 1, gap))
        pairs = rank[:-width] * (int(rank.max()) + 1) + rank[width:]
        rank, width = _ranked(pairs), 2 * width
    return found


def _ranked(numbers: np.ndarray) -> np.ndarray:
    """For each number, how many different ones are less."""
    order = np.argsort(numbers, kind="stable")
    ranks = np.zeros(len(numbers), np.int64)
    ranks[order[1:]] = np.cumsum(numbers[order[1:]] != numbers[order[:-1]])
    return ranks


def _gaps(rank: np.ndarray) -> np.ndarray:
    """How many places before each entry the same entry was seen last; 0 where never."""
    order = np.argsort(rank, kind="stable")
    gaps = np.zeros(len(rank), np.int64)
    again = rank[order[1:]] == rank[order[:-1]]
    gaps[order[1:][again]] = (order[1:] - order[:-1])[again]
    return gaps
