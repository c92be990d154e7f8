"""What is added up at known positions, as few patches of which each is a view.

    np.add.at(g.reshape(-1), [0, 0, 1, 2, 2], v)      becomes    g[0] += v[0]; g[0:3] += v[1:4]; g[2] += v[4]

The positions of a padded array, or of windows that overlap, go by equal steps but for a few places. So what is added
there is a sum of slices, and slices are added at a fraction of the time that positions take. Numbers are multiplied
before an array is raveled for that, so that its axes can be seen.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ...arrays import scatter
from ...program import CONSTANT, Node
from . import algebra, moves
from .rewriting import Builder, revised, split_scale
from .windows import MANY, spread_out

__all__ = ["patched"]

MOST = 64
"""Sums of more patches are left as they are."""

FOLD = 4
"""Slices that may be added while one axis is added up by itself, which saves the products of its slices with others."""

EACH = 800
"""Entries that are added at positions while one more slice is."""

LARGEST = 2**22
"""Entries up to which their positions are looked at."""

NARROW = 4
"""Entries side by side from which on an array is seen with more axes than it has."""

DEEPEST = 5

Run = tuple[int, int, int]
"""The first index of an axis, how many there are, and the step of the positions along them."""


def patched(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program; `nodes` are all that they need, operands first."""
    if not any([node.function is scatter for node in nodes]):
        return outputs
    rules = {np.reshape: (algebra.of_scattered,), np.transpose: moves.RULES[np.transpose]}
    builder = Builder({**rules, operator.getitem: (_of_broadcast,)})

    def change(_: Node, again: Node) -> Node:
        known = again.function is scatter and again.args[1].function is CONSTANT
        return _scattered(builder, again) if known and again.size and again.args[0].size else again

    return revised(outputs, nodes, builder, change)


def _scattered(builder: Builder, node: Node) -> Node:
    """A scattered array whose numbers are multiplied inside, as a sum of patches where that pays."""
    values, index, size, *rest = node.args
    scale, base = split_scale(values)
    if scale != 1 and base.function is np.reshape and len(base.args) == 2:
        values = builder.reshaped(_scaled(builder, scale, base.args[0]), values.shape)
        node = builder.made(scatter, (values, index, size, *rest), node.kwargs, node.shape, node.dtype)
    injective = rest[0] if rest else node.kwargs.get("injective", False)
    positions = index.args[0]
    if index.ndim != 1 or values.size > LARGEST or not 0 <= positions.min() <= positions.max() < size:
        return node
    if injective:
        return _unfolded(builder, node) if values.ndim == 1 else node
    layout = _laid_out(values, positions, size)
    lanes = _lanes(layout.positions)
    if lanes is None:
        return node
    repeated = _repeated(builder, layout, lanes)
    if repeated is not None:
        return builder.reshaped(repeated, node.shape)
    runs, folded = [_runs(lane) for lane in lanes], []
    while _count(runs) > sum(map(len, runs)) + FOLD:
        axis = next(n for n, found in enumerate(runs) if len(found) > 1)
        folded.append((axis, runs[axis]))
        lanes[axis] = _once(lanes[axis])
        runs[axis] = _runs(lanes[axis])
    runs = _distinct(runs)
    if runs is None or EACH * (_count(runs) + sum([len(found) for _, found in folded]) - 1) > values.size:
        return node
    for axis, found in folded:
        layout = _folded(builder, layout, axis, found)
    total = _added(builder, layout.core, layout.positions, runs, prod(layout.shape))
    return builder.transposed(builder.reshaped(total, layout.shape), layout.axes)


def _repeated(builder: Builder, layout: _Layout, lanes: Sequence[np.ndarray]) -> Node | None:
    """A vector that is added again and again, one place further each time."""
    core = layout.core
    if core.ndim != 2 or core.function is not np.broadcast_to or layout.axes != (0,) or core.dtype.kind != "f":
        return None
    source = moves.broadcast_source(builder, core)
    again = 1 if source.shape[1] == 1 else 0
    count, size = core.shape[again], core.shape[1 - again]
    if count < MANY or source.shape[again] != 1 or source.shape[1 - again] != size:
        return None
    if not all([np.array_equal(lane, np.arange(len(lane))) for lane in lanes]):
        return None
    total = spread_out(builder, builder.reshaped(source, (size,)), count)
    start, (whole,) = int(layout.positions.flat[0]), layout.shape
    if total.size == whole:
        return total
    return builder.call(scatter, total, builder.constant(np.arange(start, start + total.size)), whole, True)


def _count(runs: Sequence[Sequence[Run]]) -> int:
    return prod(map(len, runs))


def _once(lane: np.ndarray) -> np.ndarray:
    """All positions between those along an axis that may be some of these."""
    step = int(np.gcd.reduce(lane)) or 1
    return np.arange(lane.min(), lane.max() + 1, step)


def _folded(builder: Builder, layout: _Layout, axis: int, runs: list[Run]) -> _Layout:
    """The layout of what has been added up along one axis."""
    core, positions = layout.core, layout.positions
    start = positions.flat[0]
    lane = positions[tuple([slice(None) if n == axis else 0 for n in range(core.ndim)])] - start
    places = _once(lane)
    step = int(places[1] - places[0]) if len(places) > 1 else 1
    shape = tuple([len(places) if n == axis else size for n, size in enumerate(core.shape)])
    own = np.arange(prod(shape)).reshape(shape).take((lane - lane.min()) // step, axis)
    whole = [[(0, size, 1)] if n != axis else runs for n, size in enumerate(core.shape)]
    total = builder.reshaped(_added(builder, core, own, whole, prod(shape)), shape)
    others = positions.take([0], axis) + places.reshape([-1 if n == axis else 1 for n in range(core.ndim)])
    return layout._replace(core=total, positions=others)


def _added(builder: Builder, core: Node, positions: np.ndarray, runs: Sequence[Sequence[Run]], size: int) -> Node:
    """The sum of the patches, the largest first."""
    total: Node | None = None
    for patch in sorted(product(*runs), key=lambda patch: -prod([count for _, count, _ in patch])):
        piece = _patch(builder, core, positions, patch, size)
        total = piece if total is None else builder.call(np.add, total, piece)
    assert total is not None
    return total


def _unfolded(builder: Builder, node: Node) -> Node:
    """A raveled array with the axes along which its positions go by equal steps."""
    values, index = node.args[:2]
    core = values.args[0] if values.function is np.reshape and len(values.args) == 2 else values
    sizes = _sizes(index.args[0])
    if sizes is None or core.shape == sizes or core.function is np.transpose:
        return node
    if core.ndim > 1 and _is_even(index.args[0].reshape(core.shape)):
        return node
    shaped = builder.made(np.reshape, (core, sizes), {}, sizes, core.dtype)
    flat = builder.made(np.reshape, (shaped, values.shape), {}, values.shape, values.dtype)
    return builder.made(scatter, (flat, *node.args[1:]), node.kwargs, node.shape, node.dtype)


def _sizes(index: np.ndarray) -> tuple[int, ...] | None:
    """The axes of positions that grow by equal steps along each of at least two, the last not narrow; None else."""
    sizes: list[int] = []
    rows = index
    while rows.size > 1:
        steps = np.diff(rows)
        turns = np.flatnonzero(steps != steps[0])
        count = int(turns[0]) + 1 if turns.size else rows.size
        if steps[0] <= 0 or rows.size % count or count < (2 if sizes else NARROW) or len(sizes) == DEEPEST:
            return None
        sizes.insert(0, count)
        rows = rows[::count]
    return tuple(sizes) if len(sizes) > 1 and _is_even(index.reshape(sizes)) else None


def _is_even(positions: np.ndarray) -> bool:
    """Whether positions go by equal steps along each axis."""
    lanes = _lanes(positions)
    return lanes is not None and all([len(_runs(lane)) == 1 for lane in lanes])


def _scaled(builder: Builder, scale: float, array: Node) -> Node:
    """A multiple of an array, whose axes are put in order after that."""
    if array.function is np.transpose:
        return builder.transposed(_scaled(builder, scale, array.args[0]), array.args[1])
    return builder.scaled(scale, array)


class _Layout(NamedTuple):
    """An array whose entries are added, their flat positions in one of a shape, and how the axes of that are turned."""

    core: Node
    positions: np.ndarray
    shape: tuple[int, ...]
    axes: tuple[int, ...]


def _laid_out(values: Node, index: np.ndarray, size: int) -> _Layout:
    """What is added as it lies in memory, not raveled and not turned."""
    if values.ndim == 1:
        raveled = values.function is np.reshape and len(values.args) == 2 and not values.kwargs and values.args[0].ndim
        core = values.args[0] if raveled else values
        return _Layout(core, index.reshape(core.shape), (size,), (0,))
    core, axes = values, tuple(range(values.ndim))
    if values.function is np.transpose:
        core, axes = values.args
    shape = tuple([size if n == axes[0] else length for n, length in enumerate(core.shape)])
    return _Layout(core, np.arange(prod(shape)).reshape(shape).take(index, axes[0]), shape, axes)


def _lanes(positions: np.ndarray) -> list[np.ndarray] | None:
    """The positions along each axis, if all others are sums of these; the first axis has the start."""
    start = positions.flat[0]
    lanes = []
    for axis in range(positions.ndim):
        first = tuple([slice(None) if n == axis else 0 for n in range(positions.ndim)])
        lanes.append(positions[first] - start)
    total: Any = start
    for axis, lane in enumerate(lanes):
        total = total + lane.reshape([-1 if n == axis else 1 for n in range(positions.ndim)])
    return lanes if np.array_equal(total, positions) else None


def _runs(lane: np.ndarray) -> list[Run]:
    """The stretches of equal steps, none of which is zero."""
    found: list[Run] = []
    steps = np.diff(lane)
    turns = [*(np.flatnonzero(steps[1:] != steps[:-1]) + 1).tolist(), len(steps)]
    first = 0
    for end in turns:
        # The steps from `first` to before `end` are equal; where they are zero every entry is a run.
        if first >= len(lane) or end < first:
            continue
        step = int(steps[first]) if first < len(steps) else 0
        if not step:
            found += [(n, 1, 0) for n in range(first, end)]
            first = end
            continue
        found.append((first, end - first + 1, step))
        first = end + 1
    return [*found, *[(n, 1, 0) for n in range(first, len(lane))]]


def _distinct(runs: list[list[Run]]) -> list[list[Run]] | None:
    """The same with axes apart, entry by entry, until no patch meets itself."""
    while _count(runs) <= MOST:
        if all([_is_distinct(patch) for patch in product(*runs)]):
            return runs
        together = [n for n, axis in enumerate(runs) if any([count > 1 for _, count, _ in axis])]
        shortest = min(together, key=lambda n: sum([count for _, count, _ in runs[n]]))
        entries = [(k, 1, 0) for first, count, _ in runs[shortest] for k in range(first, first + count)]
        runs = [entries if n == shortest else axis for n, axis in enumerate(runs)]
    return None


def _is_distinct(patch: Sequence[Run]) -> bool:
    """Whether no two positions of a patch are equal."""
    reach = 0
    for step, count in sorted([(abs(step), count) for _, count, step in patch if count > 1]):
        if step <= reach:
            return False
        reach += step * (count - 1)
    return True


def _patch(builder: Builder, core: Node, positions: np.ndarray, patch: Sequence[Run], size: int) -> Node:
    """One patch in an array of zeros; what goes down is read from its end."""
    items: list[Any] = []
    for (first, count, step), length in zip(patch, core.shape, strict=True):
        if count == 1:
            items.append(first)
        elif step < 0:
            items.append(slice(first + count - 1, first - 1 if first else None, -1))
        else:
            items.append(slice(first, first + count) if count < length else slice(None))
    index = tuple(items)
    places = np.array(positions[index]).reshape(-1)
    is_whole = all([item == slice(None) for item in index])
    part = core if is_whole else builder.call(operator.getitem, core, index)
    return builder.call(scatter, builder.reshaped(part, (places.size,)), builder.constant(places), size, True)


def _within(item: Any, size: int, whole: int) -> Any:
    """The index of an axis for an array that may be broadcast along it."""
    return item if size == whole else 0 if type(item) is int else slice(None)


def _of_broadcast(builder: Builder, node: Node) -> Node | None:
    """One layer of an array that is the same along its axes: that of what is repeated."""
    a, index = node.args
    if a.function is not np.broadcast_to or type(index) is not tuple or len(index) != a.ndim:
        return None
    base = moves.broadcast_source(builder, a)
    if not all([type(item) in (slice, int) for item in index]):
        return None
    own = [_within(item, size, whole) for item, size, whole in zip(index, base.shape, a.shape, strict=True)]
    part = base if all([item == slice(None) for item in own]) else builder.call(operator.getitem, base, tuple(own))
    return part if part.shape == node.shape else builder.spread(part, node.shape)
