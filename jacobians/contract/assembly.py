"""Reduced terms as a dense array or as triplets.

The last step of a contraction: ones are broadcast, deltas become strides of a buffer of zeros, maps become positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import embed, scatter
from ..labels import Axes, Label, flatten, shape_of, size_of
from ..terms import Affine, Factor, Map, OperatorFactor, Term, spread
from .reduction import reduce_term

__all__ = ["to_coo", "to_dense"]

Labels = tuple[Label, ...]


def to_dense(terms: Sequence[Term], shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """The sum of terms as an array of shape out_shape + in_shape, which shares no memory with their factors."""
    reduced = [reduce_term(term) for term in terms if not term.is_empty]
    if not reduced:
        return np.zeros(shape, dtype)
    if not all(_is_native(part) for term in reduced for part in (*term.factors, *term.maps)):
        total = _duck_dense(reduced[0])
        for term in reduced[1:]:
            total = np.add(total, _duck_dense(term))
        return total if total.dtype == dtype else total.astype(dtype)
    reduced.sort(key=lambda term: not _is_plain(term))
    if _is_plain(reduced[0]):
        buffer = _owned(np.asarray(_scaled(_arranged(reduced[0]), reduced[0].scale), dtype), terms)
        reduced = reduced[1:]
        buffer = np.asarray(buffer, order="C") if reduced else buffer
    else:
        buffer = np.zeros(shape, dtype)
    for term in reduced:
        _add_into(buffer, term)
    return buffer


def to_coo(terms: Sequence[Term], dtype: np.dtype) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row positions, column positions and values of the sum of terms, straight from its labels and maps.

    Rows and columns are flat positions in out_shape and in_shape; a position may occur several times.
    """
    rows, columns, values = [], [], []
    for term in terms:
        if term.is_empty:
            continue
        reduced = reduce_term(term)
        grid = _grid(reduced)
        sizes = [label.size for label in grid]
        rows.append(np.broadcast_to(_positions(reduced, reduced.out, grid), sizes).reshape(-1))
        columns.append(np.broadcast_to(_positions(reduced, reduced.inp, grid), sizes).reshape(-1))
        core = _scaled(_on_grid(reduced, grid), reduced.scale)
        values.append(np.broadcast_to(core, sizes).reshape(-1).astype(dtype, copy=False))
    if not rows:
        return np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, dtype)
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(values)


def _is_native(part: Factor | OperatorFactor | Map) -> bool:
    """Whether the numbers are a true ndarray, which may be written into a buffer, or say where."""
    if isinstance(part, Map):
        return not part.is_recorded
    return isinstance(part, Factor) and type(part.array) is np.ndarray


def _grid(term: Term) -> Labels:
    """The labels that index the entries of a reduced term: all free ones that no map determines, and the sources."""
    determined = {label for relation in term.maps for label in relation.dst}
    return tuple([label for label in term.labels if label not in determined])


def _on_grid(term: Term, grid: Labels) -> Any:
    """The factor, broadcastable over the grid; a one where there is none."""
    if not term.factors:
        return np.ones([1] * len(grid))
    (core,) = term.factors
    assert isinstance(core, Factor)
    return core.spread(grid)


def _scaled(array: Any, scale: float) -> Any:
    return array if scale == 1 else array * scale


def _is_plain(term: Term) -> bool:
    """Whether the term is only a transposition and broadcast of its factor."""
    labels = flatten(term.out) + flatten(term.inp)
    return not term.maps and len(set(labels)) == len(labels)


def _arranged(term: Term) -> Any:
    """A plain term as an array of shape out_shape + in_shape, perhaps a view."""
    grid = _grid(term)
    array = _on_grid(term, grid)
    sizes = tuple([label.size for label in grid])
    if array.shape != sizes:
        array = np.broadcast_to(array, sizes)
    shape = shape_of(term.out + term.inp)
    return array if array.shape == shape else np.reshape(array, shape)


def _owned(array: np.ndarray, terms: Sequence[Term]) -> np.ndarray:
    """A copy, if the array is a view of something that a term holds."""
    held = [factor.array for term in terms for factor in term.factors if isinstance(factor, Factor)]
    shared = any(type(other) is np.ndarray and np.may_share_memory(array, other) for other in held)
    return array.copy() if shared or not array.flags.writeable else array


def _positions(term: Term, axes: Axes, grid: Labels) -> np.ndarray:
    """The flat position in `axes` of each grid point."""
    source = {label: relation for relation in term.maps for label in relation.dst}
    flat: Any = np.zeros([1] * len(grid), dtype=np.intp)
    for label in flatten(axes):
        if label in source:
            position = spread(source[label].components()[label], source[label].src, grid)
        else:
            position = spread(np.arange(label.size), (label,), grid)
        flat = flat * label.size + position
    return flat


def _is_injective(term: Term, grid: Labels) -> bool:
    """Whether different grid points are known to have different positions."""
    covered = {*flatten(term.out), *flatten(term.inp)}
    for relation in term.maps:
        if relation.injective:
            covered.update(relation.src)
    return covered.issuperset(grid)


def _add_into(buffer: np.ndarray, term: Term) -> None:
    """Add a reduced term into a contiguous buffer of shape out_shape + in_shape."""
    grid = _grid(term)
    core = _scaled(_on_grid(term, grid), term.scale)
    view = _strided(buffer, term, grid)
    if view is not None:
        np.add(view, core, out=view, casting="same_kind")
        return
    positions = _positions(term, term.out + term.inp, grid)
    sizes = np.broadcast_shapes(positions.shape, tuple([label.size for label in grid]))
    positions, flat = np.broadcast_to(positions, sizes), buffer.reshape(-1)
    values = np.broadcast_to(core, sizes).astype(buffer.dtype, copy=False)
    if _is_injective(term, grid):
        flat[positions] += values
    else:
        np.add.at(flat, positions, values)


def _strided(buffer: np.ndarray, term: Term, grid: Labels) -> np.ndarray | None:
    """The view of the buffer whose axes are the grid, where deltas and affine maps allow one."""
    steps: dict[Label, int] = {}
    for step, axis in zip(buffer.strides, term.out + term.inp, strict=True):
        for label in reversed(axis):
            steps[label] = steps.get(label, 0) + step
            step *= label.size
    offset = 0
    for relation in term.maps:
        index = relation.index
        if len(relation.dst) != 1 or not isinstance(index, Affine) or index.modulus is not None:
            return None
        step = steps.pop(relation.dst[0], 0)
        offset += index.start * step
        step *= index.step
        for label in reversed(relation.src):
            steps[label] = steps.get(label, 0) + step
            step *= label.size
    sizes = [label.size for label in grid]
    start = buffer.reshape(-1)[offset // buffer.itemsize :]
    return np.lib.stride_tricks.as_strided(start, sizes, [steps.get(label, 0) for label in grid])


def _duck_dense(term: Term) -> Any:
    """The same for arrays that only speak NumPy's protocols: by dispatched functions alone."""
    if _is_plain(term):
        return _scaled(_arranged(term), term.scale)
    grid = _grid(term)
    sizes = tuple([label.size for label in grid])
    core = _scaled(_on_grid(term, grid), term.scale)
    if core.shape != sizes:
        core = np.broadcast_to(core, sizes)
    axes = term.out + term.inp
    if not term.maps:
        place = {label: n for n, label in enumerate(grid)}
        return embed(core, tuple([tuple([place[label] for label in axis]) for axis in axes]))
    positions = np.broadcast_to(_positions(term, axes, grid), sizes).reshape(-1)
    flat = scatter(np.reshape(core, (-1,)), positions, size_of(flatten(axes)), _is_injective(term, grid))
    return np.reshape(flat, shape_of(axes))
