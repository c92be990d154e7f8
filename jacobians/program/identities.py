"""Calls that change nothing: they are not recorded, so that what follows sees through them.

NumPy calls that return their operand (a reshape to the same shape, a product with the number 1), or that only undo what
was done before (a transposition of a transposition), by function.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import embed
from .node import Node

__all__ = ["same_as"]


def same_as(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Any, dtype: Any) -> Node | None:
    """The operand that a call returns unchanged, or None."""
    rule = _SAME.get(function)
    if rule is None or (kwargs and isinstance(function, np.ufunc)):
        return None
    found = rule(*args, **kwargs) if kwargs else rule(*args)
    if found is None or found.shape != shape or found.dtype != dtype or found.weak:
        return None
    return found


def _first(a: Any, *_: Any, **__: Any) -> Node | None:
    return a if isinstance(a, Node) else None


def _unless_moved(a: Any, axes: Any = None) -> Node | None:
    if a.ndim < 2 or (axes is not None and [n % a.ndim for n in axes] == list(range(a.ndim))):
        return a
    return None


def _factor(a: Any, b: Any) -> Node | None:
    """The other operand of a product with the Python number 1."""
    if type(a) is Node and type(b) is Node:
        return None
    return a if _is_number(b, 1) else b if _is_number(a, 1) else None


def _divided(a: Any, b: Any) -> Node | None:
    return a if _is_number(b, 1) and isinstance(a, Node) else None


def _is_number(value: Any, number: int) -> bool:
    return type(value) in (int, float) and value == number


def _whole(a: Any, index: Any) -> Node | None:
    items = index if type(index) is tuple else (index,)
    whole = all(item is Ellipsis or (type(item) is slice and item == slice(None)) for item in items)
    return a if whole and isinstance(a, Node) and a.parts is None else None


def _single(*operands: Any) -> Node | None:
    """The operand of an einsum that neither sums nor moves."""
    if len(operands) == 3 and operands[1] == operands[2] and len(set(operands[1])) == len(operands[1]):
        return operands[0]
    return None


_SAME: dict[Any, Callable[..., Node | None]] = {
    np.reshape: lambda a, shape, order="C": a if order == "C" or a.ndim < 2 else None,
    np.ravel: lambda a, order="C": a if a.ndim == 1 else None,
    np.broadcast_to: _first,
    np.transpose: _unless_moved,
    np.astype: _first,
    np.positive: _first,
    np.copy: _first,
    np.real: _first,
    np.conjugate: lambda a: a if a.dtype.kind == "f" else None,
    np.multiply: _factor,
    np.divide: _divided,
    np.einsum: _single,
    operator.getitem: _whole,
    embed: lambda core, pattern: core if pattern == tuple([(n,) for n in range(core.ndim)]) else None,
}
