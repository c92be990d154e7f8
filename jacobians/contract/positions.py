"""Where the entries of a term stand in a matrix: by a rule as long as that is possible, written out when it is needed.

The positions of a stencil are starts, steps, and places where an axis wraps around: a few numbers, in place of index
arrays that take as much memory as the entries. `Positions.of` finds the rule, `Positions.array` writes it out, and
`Positions.view` sees the part of an array that they name, where no two are equal and none wraps.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..labels import Axes, Label, flatten
from ..terms import Affine, Lattice, Map, Term, lattice_of

__all__ = ["Positions", "Rule", "rule_of"]


class Wrap(NamedTuple):
    """A summand of positions: ``scale * ((start + sum of steps * indices) % modulus)``."""

    scale: int
    start: int
    modulus: int
    steps: tuple[int, ...]


class Rule(NamedTuple):
    """Positions over a grid: ``start + sum of steps * indices + sum of wraps``."""

    sizes: tuple[int, ...]
    start: int
    steps: tuple[int, ...]
    wraps: tuple[Wrap, ...] = ()

    def at(self, index: Sequence[int]) -> int:
        """The position of one point of the grid."""
        found = self.start + _along(self.steps, index)
        for scale, start, modulus, steps in self.wraps:
            found += scale * ((start + _along(steps, index)) % modulus)
        return found

    def array(self, kind: Any) -> np.ndarray:
        """All positions, in the shape of the grid."""
        found = self._summed(self.start, self.steps, kind)
        for scale, start, modulus, steps in self.wraps:
            reach = abs(start) + sum([abs(step) * size for step, size in zip(steps, self.sizes, strict=True)])
            part = self._summed(start, steps, kind if reach < 2**31 else np.intp)
            part %= modulus
            part = part.astype(kind, copy=False)
            part *= scale
            found = np.add(found, part, out=found if found.shape == self.sizes else None)
        return found if found.shape == self.sizes else np.broadcast_to(found, self.sizes)

    def _summed(self, start: int, steps: tuple[int, ...], kind: Any) -> np.ndarray:
        """``start + sum of steps * indices``, an axis of size 1 where nothing depends on it."""
        rank = len(self.sizes)
        if rank == 1 and steps[0]:
            return np.arange(start, start + steps[0] * self.sizes[0], steps[0], dtype=kind)
        found = np.full([1] * rank, start, kind)
        for n, (size, step) in enumerate(zip(self.sizes, steps, strict=True)):
            if step:
                found = found + (step * np.arange(size, dtype=kind)).reshape([-1 if m == n else 1 for m in range(rank)])
        return found

    def part(self, index: tuple[Any, ...]) -> Rule:
        """The positions of a part of the grid: a number fixes the index of an axis, anything else keeps all."""
        if index == (...,):
            return self
        fixed = [n for n, chosen in enumerate(index) if isinstance(chosen, int)]
        kept = [n for n in range(len(index)) if n not in fixed]

        def rest(numbers: tuple[int, ...]) -> tuple[int, ...]:
            return tuple([numbers[n] for n in kept])

        def moved(steps: tuple[int, ...]) -> int:
            return sum([steps[n] * index[n] for n in fixed])

        wraps = [wrap._replace(start=wrap.start + moved(wrap.steps), steps=rest(wrap.steps)) for wrap in self.wraps]
        return Rule(rest(self.sizes), self.start + moved(self.steps), rest(self.steps), tuple(wraps))

    def settled(self) -> Rule:
        """The same positions without wraps that do not wrap, with as few axes as they need."""
        start, steps, wraps = self.start, self.steps, []
        for wrap in self.wraps:
            first = last = wrap.start % wrap.modulus
            for size, step in zip(self.sizes, wrap.steps, strict=True):
                first, last = (first, last + step * (size - 1)) if step > 0 else (first + step * (size - 1), last)
            if first >= 0 and last < wrap.modulus:
                start += wrap.scale * (wrap.start % wrap.modulus)
                steps = tuple([a + wrap.scale * b for a, b in zip(steps, wrap.steps, strict=True)])
            else:
                wraps.append(wrap._replace(start=wrap.start % wrap.modulus))
        return Rule(self.sizes, start, steps, tuple(wraps))._merged()

    def _merged(self) -> Rule:
        """Neighbouring axes along which all goes on as one."""
        sizes: list[int] = []
        lanes: list[list[int]] = [[] for _ in range(1 + len(self.wraps))]
        columns = (self.steps, *[wrap.steps for wrap in self.wraps])
        for n, size in enumerate(self.sizes):
            here = [column[n] for column in columns]
            if size == 1:
                continue
            if sizes and all([lane[-1] == step * size for lane, step in zip(lanes, here, strict=True)]):
                sizes[-1] *= size
                for lane, step in zip(lanes, here, strict=True):
                    lane[-1] = step
                continue
            sizes.append(size)
            for lane, step in zip(lanes, here, strict=True):
                lane.append(step)
        wraps = [wrap._replace(steps=tuple(lane)) for wrap, lane in zip(self.wraps, lanes[1:], strict=True)]
        return Rule(tuple(sizes), self.start, tuple(lanes[0]), tuple(wraps))

    @property
    def is_distinct(self) -> bool:
        """Whether no two positions are equal, which is known of rules without wraps."""
        if self.wraps:
            return False
        found = sorted([(abs(step), size) for step, size in zip(self.steps, self.sizes, strict=True) if size > 1])
        reach = 0
        for step, size in found:
            if step <= reach:
                return False
            reach += step * (size - 1)
        return True


def _along(steps: Sequence[int], index: Sequence[int]) -> int:
    return sum([step * n for step, n in zip(steps, index, strict=True)])


def rule_of(term: Term, axes: Axes, grid: Sequence[Label], offset: int) -> Rule | Lattice | None:
    """The rule of the flat positions in `axes` over the grid of a reduced term; None where an array tells them.

    A lattice where a list tells them along some labels.
    """
    place = {label: n for n, label in enumerate(grid)}
    sources: dict[Label, Map] = {label: relation for relation in term.maps for label in relation.dst}
    labels = flatten(axes)
    strides = [1]
    for label in reversed(labels[1:]):
        strides.append(strides[-1] * label.size)
    start, steps, wraps, listed = offset, [0] * len(grid), [], []
    for label, stride in zip(labels, reversed(strides), strict=False):
        relation = sources.get(label)
        if relation is None:
            steps[place[label]] += stride
            continue
        index, around = relation.index, [place[source] for source in relation.src]
        if len(relation.dst) != 1:
            return None
        if isinstance(index, Affine) and index.modulus is not None:
            inner, step = [0] * len(grid), index.step
            for n in reversed(around):
                inner[n] += step
                step *= grid[n].size
            wraps.append(Wrap(stride, index.start, index.modulus, tuple(inner)))
            continue
        known = lattice_of(relation)
        if known is None:
            return None
        start += stride * known.start
        for n, step in zip(around, known.steps, strict=True):
            steps[n] += stride * step
        if known.listed is not None:
            listed.append((known.listed, [around[n] for n in known.over], stride * known.pace))
    sizes = tuple([label.size for label in grid])
    if not listed:
        return Rule(sizes, start, tuple(steps), tuple(wraps))
    ((array, over, pace), *others) = listed
    in_order = all([n < m for n, m in pairwise(over)])
    return None if others or wraps or not in_order else Lattice(sizes, start, steps, array, over, pace)


class Positions:
    """The positions of the entries of a lane, in order: a rule, a lattice, or an array."""

    __slots__ = ("_array", "lattice", "rule", "size")

    def __init__(self, rule: Rule | None, array: np.ndarray | None = None, lattice: Lattice | None = None) -> None:
        self.rule, self.lattice, self._array = rule, lattice, array
        known = rule if lattice is None else lattice
        self.size = prod(known.sizes) if known is not None else array.size  # type: ignore[union-attr]

    def array(self, kind: Any) -> np.ndarray:
        """One axis of positions."""
        known = self.rule if self.lattice is None else self.lattice
        return self._array if known is None else known.array(kind).reshape(-1)  # type: ignore[return-value]

    def at(self, n: int) -> int:
        """The nth of them."""
        known = self.rule if self.lattice is None else self.lattice
        if known is None:
            return int(self._array[n])  # type: ignore[index]
        index = []
        for size in reversed(known.sizes):
            index.append(n % size)
            n //= size
        return known.at(index[::-1])

    @property
    def key(self) -> Hashable:
        """What is the same only for the same positions, where they are not an array."""
        return self.rule if self.lattice is None else self.lattice.key

    def sketch(self) -> tuple[int, ...]:
        """What equal positions have in common, told from a few of them."""
        if not self.size:
            return (0,)
        return self.size, self.at(0), self.at(self.size // 3), self.at(self.size // 2), self.at(self.size - 1)

    def is_as(self, other: Positions, kind: Any) -> bool:
        """Whether these are the same positions in the same order."""
        if self.key is not None and self.key == other.key:
            return True
        return np.array_equal(self.array(kind), other.array(kind))

    @property
    def is_view(self) -> bool:
        """Whether they are all different places of a regular pattern, so that `view` sees them."""
        return self.rule is not None and self.rule.is_distinct

    def view(self, array: np.ndarray) -> np.ndarray:
        """The entries of a contiguous array that stand there, to be written; see `is_view`."""
        rule = self.rule
        assert rule is not None
        steps = [step * array.itemsize for step in rule.steps]
        return np.ndarray(rule.sizes, array.dtype, array, rule.start * array.itemsize, steps)  # type: ignore[arg-type]
