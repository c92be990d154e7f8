"""Reduced terms as a dense array or as triplets.

The last step of a contraction: ones are broadcast, deltas become strides of a buffer of zeros, maps become positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import isqrt, prod
from typing import Any, NamedTuple

import numpy as np

from ..arrays import embed, scatter
from ..labels import Axes, Label, flatten, shape_of, size_of
from ..plain import mirror
from ..quiet import quietly
from ..terms import REAL, Factor, Map, OperatorFactor, Pattern, Term, pattern_of, plain, spread
from .common import with_common_factors
from .filling import filled_by
from .network import contract_factors
from .places import SMALL, add_at, at_places, grid_of, is_plain, place_of, scaled, steps_of
from .reduction import apply_operators, reduce_term, scale_smallest
from .stacking import write_stacked

__all__ = ["Triplets", "is_native", "to_coo", "to_dense"]

Labels = tuple[Label, ...]

SLICED = 2**21
"""Bytes of a result to which products are added one slice after the other."""


@quietly  # a slope may be infinite where others are zero
def to_dense(
    terms: Sequence[Term],
    shape: tuple[int, ...],
    dtype: np.dtype,
    out: np.ndarray | None = None,
    *,
    symmetric: bool = False,
) -> Any:
    """The sum of terms as an array of shape out_shape + in_shape, which shares no memory with their factors.

    Parameters
    ----------
    terms : sequence of Term
        Their maps must be resolved.
    shape : tuple of int
    dtype : dtype
    out : ndarray, optional
        A contiguous array of this shape and dtype that is overwritten and returned, so that no fresh memory is needed;
        it overlaps no factor. Without effect for arrays that are no true ndarrays.
    symmetric : bool
        Whether the sum is known to be a symmetric matrix, of which only the upper triangle is needed.
    """
    quick = None if symmetric else at_places(terms, shape, dtype, out)
    if quick is not None:
        return quick
    if len(terms) > 1 and all([_has_spot(term) for term in terms]):
        return _summed(terms, shape, dtype)
    if any([term.act for term in terms]):
        return _with_real_parts(terms, shape, dtype, out)
    terms = [_without_operators(term) for term in terms if not term.is_empty]
    if not all([is_native(part) for term in terms for part in (*term.factors, *term.maps)]):
        return _summed(terms, shape, dtype)
    plain, rest = [term for term in terms if is_plain(term)], [term for term in terms if not is_plain(term)]
    if not plain:
        buffer = np.zeros(shape, dtype) if out is None else out
        if out is not None:
            buffer[...] = 0
    else:
        plain = with_common_factors(plain)
        buffer = np.empty(shape, dtype) if out is None else out
        left = write_stacked(buffer, plain, symmetric=symmetric)
        if left is None:
            _write(buffer, plain[0], symmetric and len(plain) == 1)
            left = plain[1:]
        rest = left + rest
        if symmetric and rest:  # whatever stands below the diagonal must not overflow
            mirror(buffer.reshape(isqrt(buffer.size), -1))
    for term in rest:
        if _is_added_in_slices(buffer, term):
            _write(buffer, term, symmetric=False, add=True)
            continue
        pattern = pattern_of(term)
        place = None if pattern is None else place_of(pattern.skeleton, shape)
        if place is None:
            _add_into(buffer, reduce_term(term))
        else:
            add_at(buffer, term, place)
    return buffer


def _with_real_parts(terms: Sequence[Term], shape: tuple[int, ...], dtype: np.dtype, out: np.ndarray | None) -> Any:
    """The sum of terms between real arrays some of which give the real part."""
    rest = [term for term in terms if term.act != REAL]
    whole = to_dense([plain(term) for term in terms if term.act == REAL], shape, np.result_type(dtype, np.complex64))
    part = np.real(whole) if whole.ndim else np.reshape(np.real(whole), ())
    if rest:
        part = np.add(part, to_dense(rest, shape, dtype))
    if type(part) is not np.ndarray:
        return part if part.dtype == dtype else part.astype(dtype)
    if out is None:
        return np.array(part, dtype)
    out[...] = part
    return out


class Triplets(NamedTuple):
    """Entries of a matrix: flat positions in out_shape, flat positions in in_shape, and values."""

    rows: np.ndarray
    columns: np.ndarray
    values: Any


@quietly
def to_coo(terms: Sequence[Term], dtype: np.dtype) -> list[Triplets]:
    """The entries of each term, straight from its labels and maps; a position may occur several times."""
    entries: list[Triplets] = []
    alike: dict[object, list[int]] = {}
    for term in terms:
        if term.is_empty:
            continue
        reduced = reduce_term(term)
        grid = grid_of(reduced)
        sizes = [label.size for label in grid]
        rows, columns = [
            np.broadcast_to(_positions(reduced, axes, grid), sizes).reshape(-1) for axes in (reduced.out, reduced.inp)
        ]
        values = grid_values(reduced, dtype, real=term.act == REAL)
        group = alike.setdefault((_sketch(rows), _sketch(columns)), [])
        same = next((n for n in group if _agree(entries[n], rows, columns)), None)
        if same is None:
            group.append(len(entries))
            entries.append(Triplets(rows, columns, values))
        else:
            entries[same] = entries[same]._replace(values=np.add(entries[same].values, values))
    return entries


def grid_values(term: Term, dtype: np.dtype, *, real: bool) -> Any:
    """The entries of a reduced term in the order of its grid, or their real parts."""
    grid = grid_of(term)
    core = scaled(_on_grid(term, grid), term.scale)
    core = np.reshape(np.real(core), core.shape) if real else core
    return np.broadcast_to(core, [label.size for label in grid]).reshape(-1).astype(dtype, copy=False)


def _agree(entries: Triplets, rows: Any, columns: Any) -> bool:
    """Whether entries are known to have these positions."""
    for ours, theirs in ((entries.rows, rows), (entries.columns, columns)):
        if ours is theirs:
            continue
        if not (isinstance(ours, np.ndarray) and isinstance(theirs, np.ndarray) and np.array_equal(ours, theirs)):
            return False
    return True


def _sketch(positions: Any) -> object:
    """What two equal arrays of positions have in common, told from a few of them."""
    if not isinstance(positions, np.ndarray):
        return id(positions)
    return positions.size, positions[:: max(1, positions.size // 8)].tobytes()


def is_native(part: Factor | OperatorFactor | Map) -> bool:
    """Whether the numbers are a true ndarray, which may be written into a buffer, or say where."""
    if isinstance(part, Map):
        return not part.is_recorded
    return isinstance(part, Factor) and type(part.array) is np.ndarray


def _on_grid(term: Term, grid: Labels) -> Any:
    """The factor, broadcastable over the grid; a one where there is none."""
    if not term.factors:
        return np.ones([1] * len(grid))
    (core,) = term.factors
    assert isinstance(core, Factor)
    return core.spread(grid)


def _arranged(term: Term) -> Any:
    """A plain term as an array of shape out_shape + in_shape, perhaps a view."""
    grid = grid_of(term)
    array = _on_grid(term, grid)
    sizes = tuple([label.size for label in grid])
    if array.shape != sizes:
        array = np.broadcast_to(array, sizes)
    shape = shape_of(term.out + term.inp)
    return array if array.shape == shape else np.reshape(array, shape)


def _without_operators(term: Term) -> Term:
    return apply_operators(term) if any([type(f) is OperatorFactor for f in term.factors]) else term


def _is_added_in_slices(buffer: np.ndarray, term: Term) -> bool:
    """Whether a term is a product that is as large as the buffer, so that it had better not stand beside it."""
    if buffer.nbytes < SLICED or len(term.factors) < 2 or not is_plain(term):
        return False
    carried = {label for factor in term.factors for label in factor.labels}
    same = np.result_type(*[factor.dtype for factor in term.factors]) == buffer.dtype
    return same and carried.issuperset(term.free)


def _write(buffer: np.ndarray, term: Term, symmetric: bool, add: bool = False) -> None:
    """Write a plain term into a contiguous buffer, by its last product where that gives all entries.

    Of a symmetric one the upper triangle is enough. With `add` it gives all entries, and these are added.
    """
    labels = flatten(term.out + term.inp)
    target = buffer.reshape([label.size for label in labels])
    factors: list[Factor] = list(term.factors)  # type: ignore[arg-type]
    carried = {label for factor in factors for label in factor.labels}
    same = len(factors) > 1 and np.result_type(*[factor.dtype for factor in factors]) == buffer.dtype
    if same and carried.issuperset(labels):
        scale = term.scale * size_of([label for label in term.bound if label not in carried])
        contract_factors(scale_smallest(factors, scale), labels, target, symmetric=symmetric, add=add)
        return
    reduced = reduce_term(term)
    core = reduced.factors[0].spread(labels) if reduced.factors else 1.0  # type: ignore[union-attr]
    if reduced.scale == 1:
        np.copyto(target, core, casting="same_kind")
    else:
        np.multiply(core, reduced.scale, out=target, casting="same_kind")


def _positions(term: Term, axes: Axes, grid: Labels) -> np.ndarray:
    """The flat position in `axes` of each grid point."""
    source = {label: relation for relation in term.maps for label in relation.dst}
    flat: Any = None
    for label in flatten(axes):
        if label in source:
            position = spread(source[label].components()[label], source[label].src, grid)
        else:
            position = spread(np.arange(label.size), (label,), grid)
        own = position + 0 if isinstance(position, np.ndarray) else position  # an array of its own
        flat = own if flat is None else flat * label.size + position
    return np.zeros([1] * len(grid), dtype=np.intp) if flat is None else flat


def _is_injective(term: Term, grid: Labels) -> bool:
    """Whether different grid points are known to have different positions."""
    covered = {*flatten(term.out), *flatten(term.inp)}
    for relation in term.maps:
        if relation.injective:
            covered.update(relation.src)
    return covered.issuperset(grid)


def _add_into(buffer: np.ndarray, term: Term) -> None:
    """Add a reduced term into a contiguous buffer of shape out_shape + in_shape."""
    grid = grid_of(term)
    core = scaled(_on_grid(term, grid), term.scale)
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
    found = steps_of(term, buffer.strides)
    if found is None:
        return None
    steps, offset, _ = found
    sizes = [label.size for label in grid]
    start = buffer.reshape(-1)[offset // buffer.itemsize :]
    return np.lib.stride_tricks.as_strided(start, sizes, [steps.get(label, 0) for label in grid])


class _Spot(NamedTuple):
    """Where the entries of the one factor of a term go, as they lie in it: flat positions in an array of a shape."""

    positions: np.ndarray
    size: int
    injective: bool
    shape: tuple[int, ...]


@lru_cache(maxsize=1024)
def _spot_of(pattern: Pattern) -> _Spot | None:
    """The spot of the terms of a pattern; None where these are reduced first, or only transposed, or large."""
    if len(pattern.groups) != 1 or not pattern.maps or prod(pattern.sizes[0]) > SMALL:
        return None
    array = np.zeros(pattern.sizes[0])
    term = reduce_term(pattern.term((array,)))
    grid, axes = grid_of(term), term.out + term.inp
    (core,) = term.factors
    if not term.maps or term.scale != 1 or core.array is not array or core.labels != grid:  # type: ignore[union-attr]
        return None
    positions = np.broadcast_to(_positions(term, axes, grid), array.shape).reshape(-1)
    return _Spot(positions, size_of(flatten(axes)), _is_injective(term, grid), shape_of(axes))


def _has_spot(term: Term) -> bool:
    """Whether a term has a spot, and an array that only speaks NumPy's protocols."""
    pattern = term._pattern
    if pattern is None or term.act or term.scale == 0 or pattern.is_empty or len(pattern.groups) != 1:
        return False
    return type(term.arrays[0]) is not np.ndarray and _spot_of(pattern) is not None


def _summed(terms: Sequence[Term], shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """The sum of terms, some of which have arrays that only speak NumPy's protocols."""
    total = filled_by(terms, shape, dtype)
    if total is not None:
        return total
    total = _duck_dense(terms[0])
    for term in terms[1:]:
        total = np.add(total, _duck_dense(term))
    return total if total.dtype == dtype else total.astype(dtype)


def _duck_dense(term: Term) -> Any:
    """A term as an array, for arrays that only speak NumPy's protocols: by dispatched functions alone."""
    pattern = term._pattern
    spot = None if pattern is None else _spot_of(pattern)
    if spot is not None:
        core = scaled(term.arrays[0], term.scale)
        flat = core if core.ndim == 1 else np.reshape(core, (-1,))
        whole = scatter(flat, spot.positions, spot.size, spot.injective)
        return whole if len(spot.shape) == 1 else np.reshape(whole, spot.shape)
    term = reduce_term(term)
    if is_plain(term):
        return scaled(_arranged(term), term.scale)
    grid = grid_of(term)
    sizes = tuple([label.size for label in grid])
    core = scaled(_on_grid(term, grid), term.scale)
    if core.shape != sizes:
        core = np.broadcast_to(core, sizes)
    axes = term.out + term.inp
    if not term.maps:
        place = {label: n for n, label in enumerate(grid)}
        return embed(core, tuple([tuple([place[label] for label in axis]) for axis in axes]))
    rows = _rows_of(term) if any([relation.is_recorded for relation in term.maps]) else ()
    if rows:  # these are added as they are
        grid = (*[label for label in grid if label not in rows], *rows)
        core = np.broadcast_to(scaled(_on_grid(term, grid), term.scale), [label.size for label in grid])
    named = grid[: len(grid) - len(rows)]
    places = (flatten(axes)[: len(flatten(axes)) - len(rows)],)
    sizes, rest = [label.size for label in named], [label.size for label in rows]
    positions = np.broadcast_to(_positions(term, places, named), sizes).reshape(-1)
    flat = scatter(np.reshape(core, (-1, *rest)), positions, size_of(places[0]), _is_injective(term, grid))
    return np.reshape(flat, shape_of(axes))


def _rows_of(term: Term) -> Labels:
    """The last labels of the result that stand there once and that no map has to do with."""
    labels = flatten(term.out + term.inp)
    mapped = {label for relation in term.maps for label in (*relation.src, *relation.dst)}
    count = next((n for n, x in enumerate(reversed(labels)) if x in mapped or labels.count(x) > 1), len(labels))
    return labels[len(labels) - count :]
