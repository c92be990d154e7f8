"""Indices over a grid that are not written out: a list of positions along some of its axes, regular steps along others.

Row `k[i]` of a table, of which columns 3 to 5 are read, is ``11 * k[i] + 3 + j``: the list `k` and three numbers, in
place of an array that is three times as large as the list, and of what making it takes.

- `Lattice`: such an index.
- `even_step(listed)`: how far each entry of a list is from the one before it, if all are equally far.
- `substituted(outer, place, count, inner)`: one in which an index stands for some of the axes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import prod
from typing import Any

import numpy as np

from ..labels import Frozen

__all__ = ["Lattice", "even_step", "substituted"]


def even_step(listed: np.ndarray) -> int | None:
    """How far each entry is from the one before it; None where that differs, and where all are the same.

    Looked at in parts, which take less memory. A single entry has step 1.
    """
    if listed.size < 2:
        return 1 if listed.size else None
    start, step = int(listed[0]), int(listed[1]) - int(listed[0])
    if not step or int(listed[-1]) != start + step * (listed.size - 1):
        return None
    for first in range(0, listed.size, 4096):
        part = listed[first : first + 4097]
        if not np.all(part[1:] - part[:-1] == step):
            return None
    return step


class Lattice(Frozen):
    """The index ``start + pace * listed[...] + sum of steps * indices`` over a grid.

    Parameters
    ----------
    sizes : tuple of int
        Of the grid.
    start : int
    steps : tuple of int
        Along each axis.
    listed : integer array or None
        A list over the raveled axes `over`, if there is one.
    over : tuple of int
        Axes, in order.
    pace : int
    """

    __slots__ = ("listed", "over", "pace", "sizes", "start", "steps")
    sizes: tuple[int, ...]
    start: int
    steps: tuple[int, ...]
    listed: np.ndarray | None
    over: tuple[int, ...]
    pace: int

    def __init__(
        self,
        sizes: Sequence[int],
        start: int,
        steps: Sequence[int],
        listed: np.ndarray | None = None,
        over: Sequence[int] = (),
        pace: int = 0,
    ) -> None:
        put = object.__setattr__
        put(self, "sizes", tuple(sizes))
        put(self, "start", start)
        put(self, "steps", tuple(steps))
        put(self, "listed", listed)
        put(self, "over", tuple(over))
        put(self, "pace", pace)

    @property
    def nbytes(self) -> int:
        return 0 if self.listed is None else self.listed.nbytes

    def array(self, kind: Any = np.intp) -> np.ndarray:
        """All positions, in the shape of the grid.

        Examples
        --------
        >>> Lattice((3, 2), 3, (0, 1), np.array([4, 0, 4]), (0,), 11).array().tolist()
        [[47, 48], [3, 4], [47, 48]]
        """
        rank = len(self.sizes)
        found = np.full([1] * rank, self.start, kind)
        for n, (size, step) in enumerate(zip(self.sizes, self.steps, strict=True)):
            if step:
                found = found + (step * np.arange(size, dtype=kind)).reshape([-1 if m == n else 1 for m in range(rank)])
        if self.listed is not None:
            part = np.multiply(self.listed, self.pace, dtype=kind, casting="same_kind")
            part = part.reshape([size if n in self.over else 1 for n, size in enumerate(self.sizes)])
            once = part.shape == self.sizes and found.size <= part.size
            found = np.add(found, part, out=part if once else None)
        return found if found.shape == self.sizes else np.broadcast_to(found, self.sizes)

    def positions(self) -> np.ndarray:
        """The same over the raveled grid."""
        return self.array().reshape(-1)

    def at(self, index: Sequence[int]) -> int:
        """The position of one point of the grid."""
        found = self.start + sum([step * n for step, n in zip(self.steps, index, strict=True)])
        if self.listed is None:
            return found
        place = 0
        for n in self.over:
            place = place * self.sizes[n] + index[n]
        return found + self.pace * int(self.listed[place])

    @property
    def key(self) -> Hashable:
        """What is the same for the same numbers and the very same list, as long as that is there."""
        return self.sizes, self.start, self.steps, id(self.listed), self.over, self.pace

    def part(self, index: tuple[Any, ...]) -> Lattice:
        """The index for a part of the grid: a number fixes an axis without a list, anything else keeps all."""
        if index == (...,):
            return self
        fixed = [n for n, chosen in enumerate(index) if isinstance(chosen, int)]
        kept = [n for n in range(len(index)) if n not in fixed]
        start = self.start + sum([self.steps[n] * index[n] for n in fixed])
        sizes, steps = [self.sizes[n] for n in kept], [self.steps[n] for n in kept]
        listed = self.listed
        if listed is not None and any([n in fixed for n in self.over]):
            listed = listed.reshape([self.sizes[n] for n in self.over])[tuple([index[n] for n in self.over])].reshape(
                -1
            )
        return Lattice(sizes, start, steps, listed, [kept.index(n) for n in self.over if n in kept], self.pace)

    def split(self, sizes: Sequence[int]) -> Lattice | None:
        """The same index over a grid with more axes, of these sizes; None where they cut across its own."""
        if self.sizes == tuple(sizes):
            return self
        waiting, steps, places = list(sizes), [], []
        for size in self.sizes:
            group = []
            while size > 1 and waiting and size % waiting[0] == 0:
                group.append(waiting.pop(0))
                size //= group[-1]
            if size != 1:
                return None
            places.append(group)
        if waiting:
            return None
        over: list[int] = []
        for n, (group, step) in enumerate(zip(places, self.steps, strict=True)):
            first = len(steps)
            steps += [step * prod(group[m + 1 :]) for m in range(len(group))]
            over += range(first, len(steps)) if n in self.over else ()
        return Lattice(sizes, self.start, steps, self.listed, over, self.pace)

    def merged(self) -> Lattice:
        """The same index with as few axes as it needs."""
        sizes: list[int] = []
        steps: list[int] = []
        over: list[int] = []
        for n, (size, step) in enumerate(zip(self.sizes, self.steps, strict=True)):
            is_listed = n in self.over
            if size == 1:
                continue
            if sizes and steps[-1] == step * size and is_listed == (len(sizes) - 1 in over):
                sizes[-1] *= size
                steps[-1] = step
                continue
            if is_listed:
                over.append(len(sizes))
            sizes.append(size)
            steps.append(step)
        return Lattice(sizes, self.start, steps, self.listed, over, self.pace)

    def fingerprint(self, digest: Callable[[np.ndarray], Any]) -> tuple[Any, ...]:
        """What indices of the same steps have in common if their numbers are the same."""
        least = self.merged()
        if least.listed is None:
            return least.sizes, least.steps, least.start
        listed = least.listed
        if least.pace != 1 or least.start:
            listed = listed * least.pace
            listed += least.start
        return least.sizes, least.steps, least.over, digest(listed)


def substituted(outer: Lattice, place: int, count: int, inner: Lattice) -> Lattice | None:
    """The index `outer` in which `inner` tells where along some axes, as one: `count` of them, from `place`.

    Over the axes of `inner` and then the other ones of `outer`. None where it is no lattice.
    """
    run = range(place, place + count)
    rest = [n for n in range(len(outer.sizes)) if n not in run]
    start, pace = outer.start, outer.pace
    shifted = {n: len(inner.sizes) + m for m, n in enumerate(rest)}
    listed: np.ndarray | None
    if any([n in run for n in outer.over]):
        if outer.over != tuple(run) or any([outer.steps[n] for n in run]):
            return None
        listed = taken = np.take(outer.listed, inner.positions())  # type: ignore[arg-type]
        over, steps = [*range(len(inner.sizes))], [0] * len(inner.sizes)
        step = even_step(taken)
        if step is not None:  # a part of a list may be regular
            start += pace * int(taken[0])
            steps = [pace * step * prod(inner.sizes[n + 1 :]) for n in range(len(inner.sizes))]
            listed, over, pace = None, [], 0
    else:
        step = outer.steps[run[-1]]
        even = all([outer.steps[n] == outer.steps[n + 1] * outer.sizes[n + 1] for n in run[:-1]])
        if not even or not step or (outer.listed is not None and inner.listed is not None):
            return None
        start += step * inner.start
        steps = [step * pace for pace in inner.steps]
        listed, over = outer.listed, [shifted[n] for n in outer.over]
        if inner.listed is not None:
            listed, over, pace = inner.listed, [*inner.over], step * inner.pace
    sizes = [*inner.sizes, *[outer.sizes[n] for n in rest]]
    return Lattice(sizes, start, [*steps, *[outer.steps[n] for n in rest]], listed, over, pace)
