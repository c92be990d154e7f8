"""The terms that rules are made of: what a verb or a local rule yields, by pattern.

- `product_terms(call, operands, out)`: of a product of arrays in each of its operands.
- `diagonal_term(out_shape, in_shape, partial, dtype)`: of an entrywise function.
- `broadcast_axes(axes, shape)`, `factor_on(array, axes, dtype)`: the axes of an operand, and its factor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from .labels import Axes, Label, axes_of, flatten
from .terms import Factor, Pattern, Term, patterned

__all__ = [
    "Call",
    "LocalTerm",
    "Operand",
    "Path",
    "broadcast_axes",
    "diagonal_term",
    "factor_on",
    "product_terms",
    "real_dtype",
]

Path = int | tuple[int, int]
LocalTerm = tuple[int, Path, Term | str]


class Call(NamedTuple):
    """What a rule is told about the call that it differentiates."""

    result: Any
    needed: Collection[Path]

    def needs(self, operand: Path) -> bool:
        """Whether this operand is differentiated."""
        return operand in self.needed


class Operand(NamedTuple):
    """An array of a product, where it stands in the call (None: it is no argument), and its axes."""

    position: Path | None
    array: Any
    axes: Axes


def product_terms(call: Call, operands: Sequence[Operand], out: Axes) -> Iterator[LocalTerm]:
    """The terms of ``result[out] = sum of product of operands``: the partial in one is the product of the others."""
    dtype = call.result.dtype
    for operand in operands:
        if operand.position is None or not call.needs(operand.position):
            continue
        others = [other for other in operands if other is not operand]
        arrays = [_floating(other.array, dtype) for other in others]
        axes = tuple([other.axes for other in others])
        pattern = _product(out, operand.axes, axes, tuple([array.shape for array in arrays]))
        if pattern is not None:
            yield 0, operand.position, _filled(pattern, arrays)
            continue
        factors = tuple([Factor.on(array, group) for array, group in zip(arrays, axes, strict=True)])
        carried = dict.fromkeys(label for factor in factors for label in factor.labels)
        yield 0, operand.position, Term(out, operand.axes, factors, bound=_summed(carried, out, operand.axes))


def _summed(carried: Iterable[Label], out: Axes, inp: Axes) -> tuple[Label, ...]:
    free = {*flatten(out), *flatten(inp)}
    return tuple([label for label in carried if label not in free])


@lru_cache(maxsize=4096)
def _product(out: Axes, inp: Axes, others: tuple[Axes, ...], shapes: tuple[tuple[int, ...], ...]) -> Pattern | None:
    """The pattern of a partial of a product, or None where an operand has a repeated label: a diagonal is taken."""
    groups = [_group(axes, shape) for axes, shape in zip(others, shapes, strict=True)]
    if any(len(set(group)) < len(group) for group in groups):
        return None
    bound = _summed(dict.fromkeys([label for group in groups for label in group]), out, inp)
    return patterned(out, inp, groups, bound=bound)


def _group(axes: Axes, shape: tuple[int, ...]) -> tuple[Label, ...]:
    """The labels of an array under axes; along an axis of which it has only one entry it is constant."""
    return tuple([label for size, axis in zip(shape, axes, strict=True) if size != 1 for label in axis])


def _filled(pattern: Pattern, arrays: list[Any], scale: float = 1.0) -> Term:
    """The term of a pattern with arrays, from which axes of size 1 are dropped."""
    for place, sizes in enumerate(pattern.sizes):
        if arrays[place].shape != sizes:
            arrays[place] = np.reshape(arrays[place], sizes)
    return pattern.term(arrays, scale)


def diagonal_term(
    out_shape: tuple[int, ...], in_shape: tuple[int, ...], partial: Any, dtype: np.dtype, scale: float = 1.0
) -> Term:
    """The term of an entrywise function: operands are aligned to the right and broadcast.

    Parameters
    ----------
    out_shape, in_shape : tuple of int
    partial : array_like or Python number
        Broadcasts to `out_shape`; a Python number becomes the scale.
    dtype : dtype
        Of the result; integer and boolean partials are converted to it.
    scale : float
        A number that the partial is multiplied by.
    """
    if type(partial) is np.ndarray and partial.dtype is dtype:
        array = partial
    elif type(partial) is float or (isinstance(partial, (int, float)) and not isinstance(partial, np.generic)):
        return _diagonal(out_shape, in_shape, None).term((), scale * partial)
    else:
        if type(partial) is complex:
            partial = np.asarray(partial, np.result_type(dtype, np.complex64))
        array = _floating(partial, dtype)
    pattern = _diagonal(out_shape, in_shape, array.shape)
    return pattern.term((array,), scale) if array.shape == pattern.sizes[0] else _filled(pattern, [array], scale)


@lru_cache(maxsize=4096)
def _diagonal(out_shape: tuple[int, ...], in_shape: tuple[int, ...], shape: tuple[int, ...] | None) -> Pattern:
    """The pattern of an entrywise function whose partial has this shape, or is a number."""
    out = axes_of(out_shape)
    inp = broadcast_axes(out, in_shape)
    return patterned(out, inp, [] if shape is None else [_group(out[len(out) - len(shape) :], shape)])


def broadcast_axes(axes: Axes, shape: tuple[int, ...]) -> Axes:
    """The axes of an array that broadcasts against `axes`: aligned to the right, size 1 has no label."""
    aligned = axes[len(axes) - len(shape) :]
    return tuple([() if size == 1 else axis for size, axis in zip(shape, aligned, strict=True)])


def factor_on(array: Any, axes: Axes, dtype: np.dtype) -> Factor:
    """A factor of an operand: integers and booleans become `dtype`, so that products cannot overflow."""
    return Factor.on(_floating(array, dtype), axes)


def _floating(array: Any, dtype: np.dtype) -> Any:
    if not hasattr(array, "dtype"):
        array = np.asarray(array)
    return array.astype(real_dtype(dtype)) if array.dtype.kind in "biu" else array


def real_dtype(dtype: np.dtype) -> np.dtype:
    """The dtype of the real part."""
    return np.finfo(dtype).dtype if dtype.kind == "c" else dtype
