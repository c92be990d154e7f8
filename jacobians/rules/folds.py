"""The methods ``reduce``, ``accumulate`` and ``reduceat`` of ufuncs, those that are no functions of NumPy.

- ``np.logaddexp.reduce``: the exponentials, each divided by their sum.
- ``np.maximum.accumulate``: each entry is one of those before it.
- ``np.add.reduceat``: slices are summed: labels and maps, no arithmetic.
- `subtract`, `divide`, `hypot` and the like are applied from the first entry to the last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..errors import UnsupportedFunctionError
from ..labels import axes_of, flatten
from ..program import Symbol
from ..quiet import listed_quietly
from ..registry import Call, LocalTerm, composed, function_name, local, nondifferentiable, unsupported
from ..terms import Factor, Map, Term
from .indexing import axis_of, taken_along
from .reductions import Reduced, extremum_terms

__all__: list[str] = []


# y = log sum exp(x): dy = sum exp(x - y) dx. Where y is infinite, x - y is undefined: the entries that equal y share.
# Of all entries that is exp(x) / sum exp(x), shifted by the largest one rounded down, which has no derivative.
def _logarithm_of_sum(exp: Any) -> Callable[..., list[LocalTerm]]:
    @listed_quietly
    def rule(
        call: Call, array: Any, axis: Any = 0, dtype: Any = None, keepdims: bool = False, where: Any = True, **how: Any
    ) -> Iterator[LocalTerm]:
        axes = Reduced(array, axis, keepdims)
        y = np.reshape(call.result, axes.keepdims_shape)
        if where is True and not how and array.dtype == y.dtype and array.size:
            largest = np.floor(np.max(array, axis=axes.reduced, keepdims=True))
            powers = exp(_bounded(array) - _bounded(largest))
            weights = powers / np.sum(powers, axis=axes.reduced, keepdims=True)
            yield 0, 0, Term(axes.out, axes.inp, (Factor.on(weights, axes.inp),))
            return
        infinite = np.isinf(y)
        chosen = np.equal(array, y)
        share = np.divide(chosen, np.maximum(np.sum(chosen, axis=axes.reduced, keepdims=True), 1), dtype=y.dtype)
        weights = np.where(infinite, share, exp(np.where(infinite, 0, array - y)))
        yield 0, 0, Term(axes.out, axes.inp, (Factor.on(weights, axes.inp), *axes.masks(where, y.dtype)))

    return rule


def _bounded(x: Any) -> Any:
    """An array without infinities: of several that are infinite, each has the same share."""
    most = float(np.finfo(x.dtype).max) / 2
    return np.maximum(np.minimum(x, most), -most)


local(np.logaddexp.reduce)(_logarithm_of_sum(np.exp))
local(np.logaddexp2.reduce)(_logarithm_of_sum(np.exp2))


def _fold_of_extrema(call: Call, array: Any, axis: Any = 0, dtype: Any = None, **how: Any) -> Iterator[LocalTerm]:
    yield from extremum_terms(call, array if dtype is None else np.astype(array, dtype), axis, **how)


local(np.fmax.reduce)(_fold_of_extrema)
local(np.fmin.reduce)(_fold_of_extrema)


def _state_running_extremum(ufunc: np.ufunc) -> None:
    @local(ufunc.accumulate)
    def _(call: Call, array: Any, axis: int = 0, dtype: Any = None, **_: Any) -> Iterator[LocalTerm]:
        shape = np.shape(array)
        axis = normalize_axis_index(axis, len(shape))
        positions = np.arange(shape[axis]).reshape(-1, *[1] * (len(shape) - axis - 1))
        index = np.maximum.accumulate(np.where(np.equal(array, call.result), positions, 0), axis=axis)
        yield 0, 0, taken_along(shape, shape, index, axis)


for _ufunc in (np.maximum, np.minimum, np.fmax, np.fmin):
    _state_running_extremum(_ufunc)


def _slices(function: Any, indices: Any, size: int) -> list[tuple[int, int]]:
    """Where the slices of ``reduceat`` start and stop; one that would be empty has one entry."""
    if isinstance(indices, Symbol):
        advice = "Give the indices as an array of the function's own, or make that argument static with static_argnums."
        raise indices.refusal(function_name(function), advice)
    starts = [int(n) + (size if n < 0 else 0) for n in np.asarray(indices)]
    stops = [*starts[1:], size]
    return [(start, max(stop, start + 1)) for start, stop in zip(starts, stops, strict=True)]


@local(np.add.reduceat)
def _(call: Call, array: Any, indices: Any, axis: int = 0, dtype: Any = None, **_: Any) -> Iterator[LocalTerm]:
    shape = np.shape(array)
    axis = normalize_axis_index(axis, len(shape))
    slices = _slices(np.add.reduceat, indices, shape[axis])
    inp = list(axes_of(shape))
    out = [axis_of(len(slices)) if n == axis else labels for n, labels in enumerate(inp)]
    positions = np.concatenate([np.arange(*bounds) for bounds in slices])
    owners = np.repeat(np.arange(len(slices)), [stop - start for start, stop in slices])
    if np.array_equal(positions, np.arange(shape[axis])):
        pairs, maps = inp[axis], ()
    else:
        pairs = axis_of(len(positions))
        maps = (Map.of(inp[axis], pairs, positions),) if inp[axis] else ()
    maps += (Map.of(out[axis], pairs, owners),) if out[axis] else ()
    free = {*flatten(tuple(out)), *flatten(tuple(inp))}
    bound = tuple([label for label in pairs if label not in free])
    yield 0, 0, Term(tuple(out), tuple(inp), maps=maps, bound=bound)


# ---- from the first entry to the last --------------------------------------------------------------------------------


def _entries(a: Any, axis: int) -> list[Any]:
    a = np.moveaxis(a, axis, 0)
    return [a[n] for n in range(a.shape[0])]


def _in_loop(ufunc: np.ufunc, array: Any, dtype: Any) -> Any:
    """An array in the precision in which its entries are taken together: float_power knows no single one."""
    dtype = ufunc.resolve_dtypes((array.dtype, array.dtype, None))[2] if dtype is None else np.dtype(dtype)
    return array if array.dtype == dtype else np.astype(array, dtype)


def _folded(ufunc: np.ufunc) -> Callable[..., Any]:
    def definition(
        array: Any,
        axis: Any = 0,
        dtype: Any = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        if where is not True:
            raise UnsupportedFunctionError(function_name(ufunc.reduce), "for where=")
        if axis is None or isinstance(axis, tuple):
            axes = tuple(range(np.ndim(array))) if axis is None else axis
            if not axes:
                return _in_loop(ufunc, array, dtype)
            if len(axes) > 1 and ufunc is np.hypot:  # the order does not matter
                array = np.moveaxis(array, axes, range(-len(axes), 0))
                y = definition(np.reshape(array, (*array.shape[: -len(axes)], -1)), -1, dtype, False, initial)
                return np.expand_dims(y, axes) if keepdims else y
            if len(axes) != 1:
                raise ValueError(f"reduction operation '{ufunc.__name__}' is not reorderable, so at most one axis.")
            axis = axes[0]
        entries = _entries(_in_loop(ufunc, array, dtype), axis)
        if not entries and initial is None:
            initial = ufunc.identity  # of hypot
        if initial is not None:
            entries.insert(0, initial if entries else np.zeros_like(np.sum(array, axis)) + initial)
        if not entries:
            raise ValueError(f"zero-size array to reduction operation {ufunc.__name__} which has no identity")
        y = entries[0]
        for entry in entries[1:]:
            y = ufunc(y, entry)
        return np.expand_dims(y, axis) if keepdims else y

    return definition


def _accumulated(ufunc: np.ufunc) -> Callable[..., Any]:
    def definition(array: Any, axis: int = 0, dtype: Any = None) -> Any:
        entries = _entries(_in_loop(ufunc, array, dtype), axis)
        for n in range(1, len(entries)):
            entries[n] = ufunc(entries[n - 1], entries[n])
        return np.stack(entries, axis) if entries else _in_loop(ufunc, array, dtype)

    return definition


def _reduced_at(ufunc: np.ufunc) -> Callable[..., Any]:
    def definition(array: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Any:
        a = np.moveaxis(_in_loop(ufunc, array, dtype), axis, 0)
        slices = _slices(ufunc.reduceat, indices, a.shape[0])
        return np.stack([ufunc.reduce(a[start:stop], axis=0) for start, stop in slices], axis)

    return definition


_SEQUENTIAL = (np.subtract, np.divide, np.hypot, np.float_power, np.remainder, np.fmod)
_SEQUENTIAL += (np.copysign, np.nextafter, np.heaviside)
# Their loops for blocks of numbers overwrite what reduce still reads: NumPy's own result depends on the machine.
_BLOCKWISE = (np.power, np.arctan2)
_CONSTANT = (np.floor_divide, np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
_CONSTANT += (np.logical_and, np.logical_or, np.logical_xor)

for _ufunc in _SEQUENTIAL:
    composed(_ufunc.reduce, _folded(_ufunc))
for _ufunc in (*_SEQUENTIAL, *_BLOCKWISE, np.logaddexp, np.logaddexp2):
    composed(_ufunc.accumulate, _accumulated(_ufunc))
for _ufunc in (*_SEQUENTIAL, np.multiply, np.maximum, np.minimum, np.logaddexp, np.logaddexp2, np.fmax, np.fmin):
    composed(_ufunc.reduceat, _reduced_at(_ufunc))
for _ufunc in _BLOCKWISE:
    _reason = "because what NumPy returns depends on the machine. Apply the function in a loop, or use its accumulate"
    unsupported(_reason, _ufunc.reduce, _ufunc.reduceat)
_INTEGERS = (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift, np.gcd, np.lcm)
for _ufunc in _INTEGERS:
    unsupported("because it takes integers only", _ufunc.reduce, _ufunc.accumulate, _ufunc.reduceat)
unsupported("because its operands are of two kinds", np.ldexp.reduce, np.ldexp.accumulate, np.ldexp.reduceat)
for _ufunc in _CONSTANT:
    nondifferentiable(_ufunc.reduce, _ufunc.accumulate, _ufunc.reduceat)
