"""What a map does to a dense factor: gather along it, or scatter."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import pick, scatter
from ..labels import Label, size_of
from ..program import Symbol, constant_symbol
from ..terms import Affine, Factor, Map, Sliding, spread

__all__ = ["gather", "scatter_factor"]


def gather(factor: Factor, relation: Map) -> Factor:
    """The factor with the labels of ``relation.dst`` replaced by what determines them: ``F[index[src], ...]``."""
    carried = [label for label in factor.labels if label in relation.dst]
    if not carried:
        return factor
    index = relation.index
    if len(carried) == 1 and set(relation.src).isdisjoint(factor.labels):
        axis = factor.labels.index(carried[0])
        labels = factor.labels[:axis] + relation.src + factor.labels[axis + 1 :]
        if _is_ring(relation):
            return Factor(_rolled(factor.array, -index.start, axis), labels)
        if isinstance(index, Affine) and index.modulus is None and len(relation.dst) == 1:
            sizes = [label.size for label in labels]
            sliced = factor.array[(slice(None),) * axis + (_as_slice(index, size_of(relation.src)),)]
            return Factor(sliced if list(sliced.shape) == sizes else np.reshape(sliced, sizes), labels)
        if isinstance(index, Sliding) and isinstance(factor.array, Symbol):
            return Factor(np.reshape(_windows(factor.array, index, axis), [label.size for label in labels]), labels)
        position = relation.components()[carried[0]]
        taken = pick(factor.array, position.reshape([label.size for label in relation.src]), axis)
        return Factor(taken, labels)
    return _gather_aligned(factor, relation)


def _as_slice(index: Affine, count: int) -> slice:
    stop = index.start + index.step * count
    return slice(index.start, stop if stop >= 0 else None, index.step)


def _gather_aligned(factor: Factor, relation: Map) -> Factor:
    """Several labels at once, or a factor that carries the source too: index every axis on the grid of the result."""
    components = relation.components()
    rest = [label for label in factor.labels if label not in components]
    grid = tuple(dict.fromkeys([*relation.src, *rest]))
    index = tuple(
        [
            spread(components[label], relation.src, grid)
            if label in components
            else spread(np.arange(label.size), (label,), grid)
            for label in factor.labels
        ]
    )
    array = constant_symbol(factor.array) if relation.is_recorded else factor.array
    return Factor(array[index], grid)


def _windows(array: Any, sliding: Sliding, axis: int) -> Any:
    """What a sliding map reads along an axis, which is a view of overlapping windows."""
    before = (slice(None),) * axis
    count = sliding.rows + sliding.columns - 1
    part = array
    if count < array.shape[axis]:
        part = array[(*before, slice(sliding.lowest, sliding.lowest + count))]
    windows = np.lib.stride_tricks.sliding_window_view(part, sliding.columns, axis)
    windows = np.moveaxis(windows, -1, axis + 1)
    steps = tuple([slice(None) if step > 0 else slice(None, None, -1) for step in (sliding.down, sliding.across)])
    return windows if min(sliding.down, sliding.across) > 0 else windows[(*before, *steps)]


def _is_ring(relation: Map) -> bool:
    """Whether a map only moves all positions of a label on, those at the end to the front."""
    index = relation.index
    if not isinstance(index, Affine) or index.step != 1 or len(relation.dst) != 1 or len(relation.src) != 1:
        return False
    return index.modulus == relation.dst[0].size == relation.src[0].size


def _rolled(array: Any, shift: int, axis: int) -> Any:
    """``np.roll``, which takes several times as long as what it does to a small array."""
    if type(array) is not np.ndarray:
        return np.roll(array, shift, axis)
    shift %= array.shape[axis]
    before = (slice(None),) * axis
    return np.concatenate([array[(*before, slice(-shift, None))], array[(*before, slice(None, -shift))]], axis)


def scatter_factor(factor: Factor, relation: Map) -> Factor:
    """The factor summed over ``relation.src`` into ``relation.dst``; it carries all of the one, none of the other."""
    if _is_ring(relation):
        axis = factor.labels.index(relation.src[0])
        labels = (*factor.labels[:axis], *relation.dst, *factor.labels[axis + 1 :])
        return Factor(_rolled(factor.array, relation.index.start, axis), labels)
    rest: tuple[Label, ...] = tuple([label for label in factor.labels if label not in relation.src])
    order = [factor.labels.index(label) for label in relation.src + rest]
    array = np.transpose(factor.array, order)
    sizes, size, count = [label.size for label in rest], size_of(relation.dst), size_of(relation.src)
    array = np.reshape(array, (count, *sizes))
    if isinstance(relation.index, Affine) and relation.index == (size - 1, -1, None) and size == count:
        result = array[::-1]  # back to front, as x[::-1] is
    else:
        result = scatter(array, relation.positions(), size, bool(relation.injective))
    return Factor(np.reshape(result, ([label.size for label in (*relation.dst, *rest)])), relation.dst + rest)
