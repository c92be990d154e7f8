"""The shape and dtype that a call returns, without its numbers.

`infer` knows the functions that the engine itself calls, and those that only move entries; where it knows nothing it
returns None, and the recorder runs the call on the numbers of the first call instead.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..arrays import embed, scatter
from .node import Node, replaced, walk

__all__ = ["STATIC", "answer", "infer"]

Found = tuple[tuple[int, ...], np.dtype]


def infer(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Found | None:
    """The shape and dtype of the result; None where that takes the numbers, or is an error to be raised by NumPy."""
    try:
        if isinstance(function, np.ufunc):
            return _ufunc(function, args) if not kwargs else None
        rule = _SHAPES.get(function)
        if rule is not None:
            return rule(*args, **kwargs)
        if function in _MOVING:
            return _moved(function, args, kwargs)
    except Exception:  # whatever is wrong with the call, NumPy itself is to say it
        return None
    return None


def _ufunc(ufunc: np.ufunc, args: tuple[Any, ...]) -> Found | None:
    if ufunc.nout != 1:
        return None
    kinds = tuple([_kind(argument) for argument in args])
    shapes = [_shape(argument) for argument in args]
    if ufunc.signature is None:
        shape = shapes[0] if len(set(shapes)) == 1 else np.broadcast_shapes(*shapes)
    elif ufunc is np.matmul:
        shape = _matmul_shape(*shapes)
    else:
        return None
    return shape, _resolved(ufunc, kinds)


def _kind(argument: Any) -> Any:
    """The dtype of an operand, or the Python type of a number, which does not decide the result's."""
    if isinstance(argument, Node):
        return float if argument.weak else argument.dtype
    if type(argument) in (int, float, complex):
        return type(argument)
    return np.asarray(argument).dtype


def _shape(argument: Any) -> tuple[int, ...]:
    return argument.shape if isinstance(argument, Node) else np.shape(argument)


@lru_cache(maxsize=4096)
def _resolved(ufunc: np.ufunc, kinds: tuple[Any, ...]) -> np.dtype:
    return ufunc.resolve_dtypes((*kinds, None))[-1]


def _matmul_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    rows, columns = a[-2:-1], b[-1:] if len(b) > 1 else ()
    if a[-1] != (b[-2] if len(b) > 1 else b[0]):
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
    sizes = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    known = prod([n for n in sizes if n >= 0])
    sizes = tuple([a.size // known if n < 0 else int(n) for n in sizes])
    if prod(sizes) != a.size:
        raise ValueError("sizes differ")
    return sizes, a.dtype


def _transpose(a: Node, axes: Any = None) -> Found:
    order = range(a.ndim)[::-1] if axes is None else normalize_axis_tuple(axes, a.ndim)
    return tuple([a.shape[n] for n in order]), a.dtype


def _sum(a: Node, axis: Any = None, dtype: None = None, out: None = None, keepdims: bool = False) -> Found | None:
    if dtype is not None or a.dtype.kind not in "fc":
        return None
    gone = normalize_axis_tuple(range(a.ndim) if axis is None else axis, a.ndim)
    if keepdims:
        return tuple([1 if n in gone else size for n, size in enumerate(a.shape)]), a.dtype
    return tuple([size for n, size in enumerate(a.shape) if n not in gone]), a.dtype


def _extreme(a: Node, axis: Any = None, out: None = None, keepdims: bool = False) -> Found | None:
    return _sum(a, axis, keepdims=keepdims)


def _cumulated(a: Node, axis: Any = None, dtype: None = None, out: None = None) -> Found | None:
    if dtype is not None or a.dtype.kind not in "fc":
        return None
    return ((a.size,) if axis is None else a.shape), a.dtype


def _take(a: Node, indices: Any, axis: Any = None, out: None = None, mode: str = "raise") -> Found:
    if axis is None:
        return _shape(indices), a.dtype
    (axis,) = normalize_axis_tuple(axis, a.ndim)
    return a.shape[:axis] + _shape(indices) + a.shape[axis + 1 :], a.dtype


def _getitem(a: Node, index: Any) -> Found:
    if any(node.dtype == bool for node in walk(index)):
        raise IndexError("a mask decides the shape")
    plain = replaced(index, lambda node: np.zeros(node.shape, node.dtype) if not node.args else _positions(node))
    return _stand_in(a)[plain].shape, a.dtype


def _positions(node: Node) -> np.ndarray:
    """The numbers of a constant index; zeros of the shape of a recorded one."""
    return node.args[0] if isinstance(node.args[0], np.ndarray) else np.zeros(node.shape, node.dtype)


def _stand_in(node: Node) -> np.ndarray:
    """A read-only array of the same shape and dtype that takes no memory."""
    return np.broadcast_to(np.zeros((), node.dtype), node.shape)


def _moved(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Found | None:
    """Run a function that only moves entries on zeros, where these are few."""
    if sum([node.size for node in walk((args, tuple(kwargs.values())))]) > 100_000:
        return None
    result = function(*replaced(args, _stand_in), **{name: replaced(a, _stand_in) for name, a in kwargs.items()})
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
    np.mean: _sum,
    np.max: _extreme,
    np.min: _extreme,
    np.amax: _extreme,
    np.amin: _extreme,
    np.cumsum: _cumulated,
    np.cumprod: _cumulated,
    np.take: _take,
    np.astype: lambda a, dtype, copy=True: (a.shape, np.dtype(dtype)),
    np.linalg.inv: lambda a: (a.shape, a.dtype),
    np.linalg.cholesky: lambda a, upper=False: (a.shape, a.dtype),
    np.linalg.det: lambda a: (a.shape[:-2], a.dtype),
    operator.getitem: _getitem,
    scatter: lambda a, index, size, injective=False: ((size, *a.shape[1:]), a.dtype),
    embed: lambda a, pattern: (tuple([prod([a.shape[n] for n in group]) for group in pattern]), a.dtype),
}
_MOVING = {
    *(np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.where, np.diagonal, np.swapaxes),
    *(np.moveaxis, np.expand_dims, np.squeeze, np.flip, np.roll, np.pad, np.repeat, np.tile, np.tril, np.triu),
    *(np.ravel, np.trace, np.dot, np.inner, np.outer, np.zeros_like, np.ones_like, np.empty_like, np.full_like),
    *(np.argmax, np.argmin, np.argsort, np.isfinite, np.isnan, np.any, np.all, np.prod, np.atleast_1d, np.diag),
    *(np.matrix_transpose, np.add.reduceat),
}
