"""The terms that rules are made of: what a verb or a local rule yields, by pattern.

- `product_terms(call, operands, out)`: of a product of arrays in each of its operands.
- `diagonal_term(out_shape, in_shape, partial, dtype)`: of an entrywise function.
- `structure_of(call, args, kwargs)`: what a rule that tells no numbers depends on.
- `broadcast_axes(axes, shape)`, `factor_on(array, axes, dtype)`: the axes of an operand, and its factor.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from .labels import Axes, Label, axes_of, flatten
from .late import Late, one_view
from .terms import Factor, Map, Pattern, Term, patterned

__all__ = [
    "REMEMBERED",
    "Call",
    "LocalTerm",
    "Operand",
    "Partial",
    "Path",
    "broadcast_axes",
    "diagonal_pattern",
    "diagonal_term",
    "factor_on",
    "filled_partials",
    "is_plain",
    "product_partials",
    "product_terms",
    "real_dtype",
    "reshaped",
    "separable_term",
    "structure_of",
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


REMEMBERED = 4096
"""Structures of calls of which a rule keeps what it has told."""

_PLAIN = (int, str, bool, type(None))


def is_plain(value: Any) -> bool:
    """Whether an argument is a whole number, a word, or a nest of tuples of these."""
    return type(value) in _PLAIN or (type(value) is tuple and all([is_plain(entry) for entry in value]))


def structure_of(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Hashable | None:
    """What the labels of a call depend on: shapes, plain values, and which operands are needed.

    None where there is more: lists, and arrays of integers, which may be positions.
    """
    parts: list[Any] = [*call.needed, *kwargs]
    for value in (*args, *kwargs.values()) if kwargs else args:
        kind = type(value)
        if kind is np.ndarray or hasattr(kind, "dtype"):
            if value.dtype.kind not in "fc":
                return None
            parts.append(value.shape)
        elif kind is float or kind is complex:
            parts.append(())
        elif is_plain(value):
            parts.append(value)
        else:
            return None
    return tuple(parts)


class Operand(NamedTuple):
    """An array of a product, where it stands in the call (None: it is no argument), and its axes."""

    position: Path | None
    array: Any
    axes: Axes


class Partial(NamedTuple):
    """How the partial of a product in one operand is made of the others: found once for each structure of a call."""

    path: Path
    others: tuple[int, ...]
    pattern: Pattern | None
    axes: tuple[Axes, ...]
    """Of the result, of the operand, and of the others, where there is no pattern: a diagonal is taken."""


def product_terms(call: Call, operands: Sequence[Operand], out: Axes) -> list[LocalTerm]:
    """The terms of ``result[out] = sum of product of operands``: the partial in one is the product of the others."""
    positions, arrays, axes = zip(*operands, strict=True)
    shapes = tuple([np.shape(array) for array in arrays])
    return filled_partials(
        product_partials(positions, axes, shapes, out, tuple(call.needed)), arrays, call.result.dtype
    )


@lru_cache(maxsize=4096)
def product_partials(
    positions: tuple[Path | None, ...],
    axes: tuple[Axes, ...],
    shapes: tuple[tuple[int, ...], ...],
    out: Axes,
    needed: tuple[Path, ...],
) -> Sequence[Partial]:
    """The partials of a product in those operands that are needed; a position of None is no argument."""
    found = []
    for place, path in enumerate(positions):
        if path is None or path not in needed:
            continue
        others = tuple([n for n in range(len(axes)) if n != place])
        groups = [_group(axes[n], shapes[n]) for n in others]
        pattern = None
        if all([len(set(group)) == len(group) for group in groups]):
            carried = dict.fromkeys([label for group in groups for label in group])
            pattern = patterned(out, axes[place], groups, bound=_summed(carried, out, axes[place]))
        found.append(Partial(path, others, pattern, (out, axes[place], *[axes[n] for n in others])))
    return tuple(found)


def filled_partials(partials: Sequence[Partial], arrays: Sequence[Any], dtype: np.dtype) -> list[LocalTerm]:
    """The terms of partials, with the operands of the product as their factors."""
    found: list[LocalTerm] = []
    for path, others, pattern, axes in partials:
        chosen = []
        for n in others:
            array = arrays[n]
            if type(array) is not np.ndarray or array.dtype is not dtype:
                array = _floating(array, dtype)
            chosen.append(array)
        if pattern is not None:
            found.append((0, path, _filled(pattern, chosen)))
            continue
        out, inp, *groups = axes
        factors = tuple([Factor.on(array, group) for array, group in zip(chosen, groups, strict=True)])
        carried = dict.fromkeys(label for factor in factors for label in factor.labels)
        found.append((0, path, Term(out, inp, factors, bound=_summed(carried, out, inp))))
    return found


def _summed(carried: Iterable[Label], out: Axes, inp: Axes) -> tuple[Label, ...]:
    free = {*flatten(out), *flatten(inp)}
    return tuple([label for label in carried if label not in free])


def _group(axes: Axes, shape: tuple[int, ...]) -> tuple[Label, ...]:
    """The labels of an array under axes; along an axis of which it has only one entry it is constant."""
    return tuple([label for size, axis in zip(shape, axes, strict=True) if size != 1 for label in axis])


def _filled(pattern: Pattern, arrays: list[Any], scale: float = 1.0) -> Term:
    """The term of a pattern with arrays, from which axes of size 1 are dropped."""
    for place, sizes in enumerate(pattern.sizes):
        if arrays[place].shape != sizes:
            arrays[place] = reshaped(arrays[place], sizes)
    return pattern.term(arrays, scale)


def reshaped(array: Any, sizes: tuple[int, ...]) -> Any:
    """``np.reshape(array, sizes)``, which does not compute a slope that waits, and yields one view of an array."""
    if type(array) is np.ndarray:
        return one_view(array, sizes)
    return array.reshaped(sizes) if type(array) is Late else np.reshape(array, sizes)


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
        return diagonal_pattern(out_shape, in_shape, None).term((), scale * partial)
    else:
        if type(partial) is complex:
            partial = np.asarray(partial, np.result_type(dtype, np.complex64))
        array = _floating(partial, dtype)
    pattern = diagonal_pattern(out_shape, in_shape, array.shape)
    return pattern.term((array,), scale) if array.shape == pattern.sizes[0] else _filled(pattern, [array], scale)


@lru_cache(maxsize=4096)
def diagonal_pattern(out_shape: tuple[int, ...], in_shape: tuple[int, ...], shape: tuple[int, ...] | None) -> Pattern:
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


def separable_term(function: Any, shape: tuple, out_shape: tuple, args: tuple, kwargs: dict) -> Term:
    """The term of a function that moves entries along each axis by itself, told by the positions of one axis."""
    out, inp, maps = list(axes_of(out_shape)), list(axes_of(shape)), []
    for axis, size in enumerate(shape):
        if not inp[axis]:
            continue
        along = tuple([size if n == axis else 1 for n in range(len(shape))])
        moved = function(np.arange(size).reshape(along), *args, **kwargs)
        index = moved[tuple([slice(None) if n == axis else 0 for n in range(len(shape))])]
        relation = Map.of(inp[axis], out[axis], index)
        if relation.is_identity:
            inp[axis] = out[axis]
        else:
            maps.append(relation)
    return Term(tuple(out), tuple(inp), maps=tuple(maps))
