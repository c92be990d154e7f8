"""One way to write each call, so that those that do the same are the same node.

- An einsum has tuples of int as labels, whether it was written with letters or lists.
- What the passes of a compiler look at (the shape of `reshape`, the axis of `take`) is given by position.
- Axes in another order are a `transpose` that lists all of them, from the first; Fortran order is one, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .indices import indices_of, sizes_of

__all__ = ["SPELLED", "spelled"]

Arguments = tuple[tuple[Any, ...], dict[str, Any]]

_ORDERS = {np.transpose, np.swapaxes, np.moveaxis, np.matrix_transpose, np.rollaxis}
_BY_POSITION = {
    np.transpose: ("a", "axes"),
    np.reshape: ("a", "shape", "order"),
    np.broadcast_to: ("array", "shape"),
    np.ravel: ("a", "order"),
    np.take: ("a", "indices", "axis"),
    np.swapaxes: ("a", "axis1", "axis2"),
    np.moveaxis: ("a", "source", "destination"),
    np.rollaxis: ("a", "axis", "start"),
    np.expand_dims: ("a", "axis"),
    np.where: ("condition", "x", "y"),
}


def spelled(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """The function and the arguments of the same call as it is recorded."""
    rule = _RULES.get(function)
    if kwargs and function in _BY_POSITION:
        args, kwargs = _positional(_BY_POSITION[function], args, kwargs)
    if function in _ORDERS and not kwargs and hasattr(args[0], "ndim"):
        a, *axes = args
        # An array whose axes have their own numbers as sizes tells where each of them goes.
        return np.transpose, (a, function(np.empty(tuple(range(a.ndim))), *axes).shape), {}
    return function, *((args, kwargs) if rule is None else rule(args, kwargs))


def _positional(names: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
    given, rest = list(args), dict(kwargs)
    while len(given) < len(names) and names[len(given)] in rest:
        given.append(rest.pop(names[len(given)]))
    return tuple(given), rest


def _einsum(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
    try:
        args = _numbered(args)
    except (KeyError, ValueError, TypeError):  # NumPy itself is to say what is wrong
        return args, kwargs
    if not isinstance(args[0], str) and "optimize" in kwargs:  # it is lowered in the best order anyway
        kwargs = {name: value for name, value in kwargs.items() if name != "optimize"}
    return args, kwargs


def _reshape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
    a, shape, *order = args
    kwargs = {name: value for name, value in kwargs.items() if name != "copy" or value is not None}
    shape = tuple([int(n) for n in shape]) if isinstance(shape, (tuple, list)) else shape
    if order in ([], ["C"]):
        return (a, shape), kwargs
    if order == ["F"]:
        shape = shape if isinstance(shape, tuple) else (shape,)
        turned = np.transpose(np.reshape(np.transpose(a), shape[::-1]))
        return (turned, turned.shape), kwargs
    return args, kwargs


def _ravel(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
    a, *order = args
    return ((np.transpose(a) if order == ["F"] else a), *([] if order in (["F"], ["C"]) else order)), kwargs


def _numbered(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """An einsum with tuples of int as labels, whichever way it was written.

    An axis of size 1 that is broadcast has no label: the operand is reshaped without it.
    """
    if isinstance(args[0], str):
        subscripts, operands = args[0], list(args[1:])
    else:
        count = len(args) // 2
        operands, subscripts = list(args[: 2 * count : 2]), [*args[1 : 2 * count : 2], *args[2 * count :]]
    shapes = [_shape(operand) for operand in operands]
    groups, result = indices_of(subscripts, shapes)
    sizes = sizes_of(groups, shapes)
    number: dict[Any, int] = {}
    interleaved: list[Any] = []
    for operand, shape, group in zip(operands, shapes, groups, strict=True):
        kept = [n for n, label in enumerate(group) if shape[n] == sizes[label]]
        if len(kept) < len(group):
            operand, group = np.reshape(operand, [shape[n] for n in kept]), [group[n] for n in kept]
        interleaved += [operand, tuple([number.setdefault(label, len(number)) for label in group])]
    return (*interleaved, tuple([number[label] for label in result]))


def _shape(operand: Any) -> tuple[int, ...]:
    shape = getattr(operand, "shape", None)
    return np.shape(operand) if shape is None else shape


_RULES: dict[Any, Callable[..., Arguments]] = {np.einsum: _einsum, np.reshape: _reshape, np.ravel: _ravel}
SPELLED = {*_BY_POSITION, *_RULES, *_ORDERS}
