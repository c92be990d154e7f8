"""The shape and dtype that a call returns, without its numbers.

`infer` knows the functions that the engine itself calls, and those that only move entries; where it knows nothing it
returns None, and the recorder runs the call on the numbers of the first call instead.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..arrays import assigned, embed, mirrored, scatter
from .node import CONSTANT, Node, face_of, replaced, walk

__all__ = ["STATIC", "answer", "infer", "result_of"]

Found = tuple[tuple[int, ...], np.dtype]

_OPERATORS = {np.add, np.subtract, np.multiply, np.divide, np.power, np.negative, np.floor_divide, np.remainder}
_NUMBERS = {int, float, complex}
_REMEMBERED = 16384
_ENDS = {int, type(None)}


class Result(NamedTuple):
    """What a call returns; a `weak` result is a Python number."""

    shape: tuple[int, ...]
    dtype: np.dtype
    weak: bool
    face: int


_known: dict[tuple[Any, ...], Result] = {}


def result_of(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], operands: tuple[Node, ...]
) -> Result | None:
    """`infer`, and whether the result is a Python number; what a ufunc of such operands returns is known then."""
    whole = None
    if type(function) is np.ufunc and not kwargs:
        whole = _key(function, args)
        result = _known.get(whole)
        if result is not None:
            return result
    found = infer(function, args, kwargs)
    if found is None:
        return None
    # Operators make Python numbers of Python numbers.
    weak = not found[0] and function in _OPERATORS and all([node.weak for node in operands])
    result = Result(*found, weak, face_of(*found, weak))
    if whole is not None and all([type(arg) is Node or type(arg) in _NUMBERS for arg in args]):
        if len(_known) >= _REMEMBERED:
            _known.clear()
        _known[whole] = result
    return result


def _key(ufunc: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """What decides about the result where all arguments are nodes and numbers."""
    if len(args) == 2:
        a, b = args
        return ufunc, a.face if type(a) is Node else type(a), b.face if type(b) is Node else type(b)
    return ufunc, *[arg.face if type(arg) is Node else type(arg) for arg in args]


def result_of_part(a: Any, index: Any) -> Result | None:
    """What ``a[index]`` returns that takes a part: a row, or a slice that is known, of an array like one before."""
    key = _key_of_part(a, index)
    return None if key is None else _known.get(key)


def note_part(a: Any, index: Any, result: Result) -> None:
    """Know this from now on of a part that is not all of the array."""
    key = _key_of_part(a, index)
    if key is not None and len(_known) < _REMEMBERED:
        _known[key] = result


def _key_of_part(a: Node, index: Any) -> tuple[Any, ...] | None:
    if type(index) is int and a.shape and -a.shape[0] <= index < a.shape[0]:
        return operator.getitem, a.face
    if type(index) is slice and all([type(end) in _ENDS for end in (index.start, index.stop, index.step)]):
        return operator.getitem, a.face, index.start, index.stop, index.step
    return None


def infer(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Found | None:
    """The shape and dtype of the result; None where that takes the numbers, or is an error to be raised by NumPy."""
    try:
        if isinstance(function, np.ufunc):
            return _ufunc(function, args, **kwargs)
        rule = _SHAPES.get(function)
        if rule is not None:
            return rule(*args, **kwargs)
        if function in _MOVING:
            return _moved(function, args, kwargs)
    except Exception:  # whatever is wrong with the call, NumPy itself is to say it
        return None
    return None


def _ufunc(ufunc: np.ufunc, args: tuple[Any, ...], dtype: Any = None) -> Found | None:
    if ufunc.nout != 1:
        return None
    kinds: list[Any] = []
    shapes: list[tuple[int, ...]] = []
    for argument in args:
        kind = type(argument)
        if kind is Node:
            kinds.append(float if argument.weak else argument.dtype)
            shapes.append(argument.shape)
        elif kind is int or kind is float or kind is complex:
            kinds.append(kind)
            shapes.append(())
        else:
            array = np.asarray(argument)
            kinds.append(array.dtype)
            shapes.append(array.shape)
    if ufunc.signature is None:
        first, last = shapes[0], shapes[-1]
        if len(shapes) == 1 or first == last or not last:
            shape = first if len(shapes) < 3 else np.broadcast_shapes(*shapes)
        else:
            shape = last if not first and len(shapes) == 2 else np.broadcast_shapes(*shapes)
    elif ufunc is np.matmul:
        shape = _matmul_shape(*shapes)
    else:
        return None
    return shape, _resolved(ufunc, tuple(kinds), dtype)


def _shape(argument: Any) -> tuple[int, ...]:
    return argument.shape if isinstance(argument, Node) else np.shape(argument)


@lru_cache(maxsize=4096)
def _resolved(ufunc: np.ufunc, kinds: tuple[Any, ...], dtype: Any) -> np.dtype:
    if dtype is None:
        return ufunc.resolve_dtypes((*kinds, None))[-1]
    return ufunc.resolve_dtypes((*kinds, None), signature=(None,) * ufunc.nin + (np.dtype(dtype),))[-1]


def _matmul_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    rows, inner = a[-2:-1], b[-2:-1] or b
    columns = b[-1:] if len(b) > 1 else ()
    if a[-1:] != inner:
        raise ValueError("shapes do not fit")
    return (*np.broadcast_shapes(a[:-2], b[:-2]), *rows, *columns)


def _einsum(*operands: Any) -> Found:
    arrays, labels, output = operands[:-1:2], operands[1:-1:2], operands[-1]
    sizes: dict[int, int] = {}
    for array, group in zip(arrays, labels, strict=True):
        for label, size in zip(group, array.shape, strict=True):
            if sizes.setdefault(label, size) != size:
                raise ValueError("sizes of a label differ")
    dtype = (
        arrays[0].dtype if len({array.dtype for array in arrays}) == 1 else np.result_type(*[a.dtype for a in arrays])
    )
    return tuple([sizes[label] for label in output]), dtype


def _reshape(a: Node, shape: Any, order: str = "C") -> Found:
    sizes: tuple[int, ...] = (shape,) if isinstance(shape, int) else tuple(shape)
    known = prod([n for n in sizes if n >= 0])
    sizes = tuple([a.size // known if n < 0 else int(n) for n in sizes])
    if prod(sizes) != a.size:
        raise ValueError("sizes differ")
    return sizes, a.dtype


def _transpose(a: Node, order: tuple[int, ...]) -> Found:
    return tuple([a.shape[n] for n in order]), a.dtype


def _sum(
    a: Node, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False, where: Any = True
) -> Found | None:
    dtype = _dtype_of_sum(a.dtype) if dtype is None else np.dtype(dtype)
    if axis is None and not keepdims:
        return (), dtype
    count = a.ndim
    if type(axis) is int:
        gone = (axis % count,) if -count <= axis < count else normalize_axis_tuple(axis, count)
    else:
        gone = normalize_axis_tuple(range(count) if axis is None else axis, count)
    if keepdims:
        return tuple([1 if n in gone else size for n, size in enumerate(a.shape)]), dtype
    return tuple([size for n, size in enumerate(a.shape) if n not in gone]), dtype


@lru_cache(maxsize=256)
def _dtype_of_sum(dtype: np.dtype) -> np.dtype:
    return np.sum(np.zeros(1, dtype)).dtype


def _mean(a: Node, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Found | None:
    return _sum(a, axis, dtype, None, keepdims) if a.dtype.kind in "fc" else None


def _extreme(a: Node, axis: Any = None, out: None = None, keepdims: bool = False, where: Any = True) -> Found | None:
    return _sum(a, axis, a.dtype, keepdims=keepdims)


def _decided(a: Node, axis: Any = None, out: None = None, keepdims: bool = False) -> Found | None:
    return _sum(a, axis, bool, keepdims=keepdims)


def _place(a: Node, axis: Any = None, out: None = None, *, keepdims: bool = False) -> Found | None:
    return _sum(a, axis, np.intp, keepdims=keepdims)


def _cumulated(a: Node, axis: Any = None, dtype: Any = None, out: None = None) -> Found | None:
    dtype = _dtype_of_sum(a.dtype) if dtype is None else np.dtype(dtype)
    return ((a.size,) if axis is None or not a.ndim else a.shape), dtype


def _sorted(a: Node, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Found:
    return ((a.size,) if axis is None else a.shape), a.dtype


def _ordered(a: Node, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Found:
    return ((a.size,) if axis is None else a.shape), np.dtype(np.intp)


def _where(condition: Any, x: Any, y: Any) -> Found:
    shapes = [_shape(part) for part in (condition, x, y)]
    shape = shapes[0] if shapes[0] == shapes[1] == shapes[2] else np.broadcast_shapes(*shapes)
    return shape, np.result_type(*[_weak(part) for part in (x, y)])


def _weak(argument: Any) -> Any:
    """What stands for an operand in a question of dtypes."""
    if isinstance(argument, Node):
        return 0.0 if argument.weak else argument.dtype
    return argument


def _joined(arrays: Any, axis: Any = 0, out: None = None, *, dtype: Any = None) -> Found | None:
    if axis is None:
        return (sum([prod(_shape(array)) for array in arrays]),), _common(arrays, dtype)
    shape = list(_shape(arrays[0]))
    (axis,) = normalize_axis_tuple(axis, len(shape))
    for array in arrays[1:]:
        other = list(_shape(array))
        shape[axis] += other[axis]
        other[axis] = shape[axis]
        if other != shape:
            raise ValueError("shapes differ")
    return tuple(shape), _common(arrays, dtype)


def _stacked(arrays: Any, axis: Any = 0, out: None = None, *, dtype: Any = None) -> Found | None:
    shape = _shape(arrays[0])
    if any(_shape(array) != shape for array in arrays):
        raise ValueError("shapes differ")
    (axis,) = normalize_axis_tuple(axis, len(shape) + 1)
    return (*shape[:axis], len(arrays), *shape[axis:]), _common(arrays, dtype)


def _common(arrays: Any, dtype: Any) -> np.dtype:
    # Here a Python number counts as an array.
    kinds = {array.dtype if isinstance(array, Node) else np.asarray(array).dtype for array in arrays}
    return np.dtype(dtype) if dtype is not None else kinds.pop() if len(kinds) == 1 else np.result_type(*kinds)


def _take(a: Node, indices: Any, axis: Any = None, out: None = None, mode: str = "raise") -> Found:
    if axis is None:
        return _shape(indices), a.dtype
    (axis,) = normalize_axis_tuple(axis, a.ndim)
    return a.shape[:axis] + _shape(indices) + a.shape[axis + 1 :], a.dtype


def _getitem(a: Node, index: Any) -> Found:
    if type(index) is int and -a.shape[0] <= index < a.shape[0]:
        return a.shape[1:], a.dtype
    if (
        type(index) is slice
        and a.shape
        and not any([isinstance(i, Node) for i in (index.start, index.stop, index.step)])
    ):
        return (len(range(*index.indices(a.shape[0]))), *a.shape[1:]), a.dtype
    plain = replaced(index, _positions)
    return _stand_in(a)[plain].shape, a.dtype


def _positions(node: Node) -> Any:
    """The numbers of a constant index or count; zeros of the shape of whatever else."""
    return node.args[0] if node.function is CONSTANT and node.dtype.kind in "biu" else _stand_in(node)


def _stand_in(node: Node) -> Any:
    """A read-only array of the same shape and dtype that takes no memory."""
    return 0.0 if node.weak else _zeros(node.shape, node.dtype)


@lru_cache(maxsize=4096)
def _zeros(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    return np.broadcast_to(np.zeros((), dtype), shape)


def _viewed(function: Any) -> Callable[..., Found]:
    """The rule of a function that returns a view: it costs nothing on zeros."""

    def rule(a: Node, *args: Any, **kwargs: Any) -> Found:
        result = function(_stand_in(a), *args, **kwargs)
        return result.shape, result.dtype

    return rule


def _as_it_is(a: Node, *args: Any, **kwargs: Any) -> Found:
    return a.shape, a.dtype


def _like(a: Node, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None) -> Found:
    return a.shape if shape is None else shape, a.dtype if dtype is None else np.dtype(dtype)


def _moved(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Found | None:
    """Run a function that only moves entries on zeros, where these are few; counts and widths are what they are."""
    if sum([node.size for node in walk((args, tuple(kwargs.values())))]) > 100_000:
        return None
    result = function(*replaced(args, _positions), **{name: replaced(a, _positions) for name, a in kwargs.items()})
    return (result.shape, result.dtype) if isinstance(result, (np.ndarray, np.generic)) else None


STATIC = {
    *(np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.common_type, np.iscomplexobj, np.isrealobj),
    *(np.may_share_memory, np.shares_memory, np.einsum_path),
}
"""Functions whose result depends on shapes and dtypes only: it is a plain value at once."""


def answer(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of a function of `STATIC`."""
    return function(*replaced(args, _stand_in), **{name: replaced(value, _stand_in) for name, value in kwargs.items()})


_SHAPES: dict[Any, Callable[..., Found | None]] = {
    np.einsum: _einsum,
    np.reshape: _reshape,
    np.transpose: _transpose,
    np.broadcast_to: lambda a, shape: (tuple(shape) if isinstance(shape, (tuple, list)) else (shape,), a.dtype),
    np.sum: _sum,
    np.prod: _sum,
    np.mean: _mean,
    **dict.fromkeys((np.max, np.min, np.amax, np.amin), _extreme),
    **dict.fromkeys((np.any, np.all), _decided),
    **dict.fromkeys((np.argmax, np.argmin), _place),
    **dict.fromkeys((np.cumsum, np.cumprod), _cumulated),
    np.sort: _sorted,
    np.argsort: _ordered,
    np.where: _where,
    np.concatenate: _joined,
    np.stack: _stacked,
    **{f: _viewed(f) for f in (np.expand_dims, np.squeeze, np.flip, np.diagonal)},
    **dict.fromkeys((np.roll, np.copy), _as_it_is),
    **dict.fromkeys((np.tril, np.triu), lambda a, k=0: (a.shape if a.ndim > 1 else 2 * a.shape, a.dtype)),
    **dict.fromkeys((np.zeros_like, np.ones_like, np.empty_like), _like),
    np.ravel: lambda a, order="C": ((a.size,), a.dtype),
    np.take: _take,
    np.astype: lambda a, dtype, copy=True: (a.shape, np.dtype(dtype)),
    np.linalg.inv: lambda a: (a.shape, a.dtype),
    np.linalg.cholesky: lambda a, upper=False: (a.shape, a.dtype),
    np.linalg.det: lambda a: (a.shape[:-2], a.dtype),
    operator.getitem: _getitem,
    scatter: lambda a, index, size, injective=False: ((size, *a.shape[1:]), a.dtype),
    assigned: lambda a, value, index: (a.shape, a.dtype) if isinstance(a, Node) else None,
    mirrored: _as_it_is,
    embed: lambda a, pattern: (tuple([prod([a.shape[n] for n in group]) for group in pattern]), a.dtype),
}
_MOVING = {
    *(np.vstack, np.hstack, np.dstack, np.column_stack, np.pad, np.repeat, np.tile, np.trace, np.dot, np.inner),
    *(np.outer, np.full_like, np.isfinite, np.isnan, np.atleast_1d, np.diag, np.add.reduceat, np.take_along_axis),
}
