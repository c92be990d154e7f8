"""The lines of a compressed matrix, its rows or its columns, that entries stand in, and where the next ones go.

`Lines.of` positions; `Lines.first` tells the slots of one entry for each line, `are_apart` whether lines of several
groups have none in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .positions import Positions

__all__ = ["Lines", "are_apart"]


class Lines(NamedTuple):
    """The lines (rows) that entries of terms stand in.

    As a rule they name a part of the lines, and take no memory. Else they are an array, with the number of entries of
    each line, where some line has several.
    """

    places: Positions
    lines: np.ndarray | None = None
    counts: np.ndarray | None = None

    @classmethod
    def of(cls, places: Positions, count: int, kind: type) -> Lines:
        if places.is_view:
            return cls(places)
        lines = places.array(kind)
        counts = np.bincount(lines, minlength=count)
        return cls(places, lines, counts if counts.max(initial=0) > 1 else None)

    def add_to(self, totals: np.ndarray) -> None:
        """Add the number of entries of each line."""
        if self.counts is not None:
            totals += self.counts
        elif self.lines is not None:
            totals[self.lines] += 1
        else:
            part = self.places.view(totals)
            part += 1

    def claim(self, taken: np.ndarray) -> bool:
        """Mark the lines as taken; whether none of them was."""
        if self.lines is None:
            part = self.places.view(taken)
            if part.any():
                return False
            part[...] = True
        elif taken[self.lines].any():
            return False
        else:
            taken[self.lines] = True
        return True

    @property
    def steps(self) -> Any:
        """How far each entry's line gets by them."""
        return 1 if self.counts is None else self.counts[self.lines]

    def first(self, ends: np.ndarray) -> np.ndarray:
        """Where the next entries of the lines stand: a part of the ends themselves, or an array."""
        if self.lines is None:
            return self.places.view(ends)
        return ends[self.lines] if self.counts is None else ends[self.lines] + _nth(self.lines)

    def finish(self, ends: np.ndarray, slots: np.ndarray) -> None:
        """Remember where the next entries of the lines stand."""
        if self.lines is not None:
            ends[self.lines] = slots if self.counts is None else slots - _nth(self.lines)


def are_apart(groups: Sequence[Lines], count: int) -> bool:
    """Whether each line is in one group only."""
    taken = np.zeros(count, bool)
    return all(group.claim(taken) for group in groups)


def _nth(lines: np.ndarray) -> np.ndarray:
    """How many entries before each one stand in the same line."""
    order = np.argsort(lines, kind="stable")
    found = lines[order]
    starts = np.flatnonzero(np.concatenate([[True], found[1:] != found[:-1]]))
    result = np.empty_like(order)
    result[order] = np.arange(found.size) - np.repeat(starts, np.diff(np.append(starts, found.size)))
    return result
