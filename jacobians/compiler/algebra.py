"""What is simpler among elementwise calls, sums, and calls that only move entries.

Numbers are pulled out of products, sums and moves towards the result, where they meet and become one (`scales` then
takes them to where they cost least); a negation is a product with -1, and meets an addition there. Powers are products
and roots, moves of moves are one move, and what a consumer broadcasts anyway is not broadcast before.

Every rule is exact up to rounding, where all numbers are finite; NaN and infinities stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..program import CONSTANT, Node
from .rewriting import Builder, Rule, is_number, is_safe, split_scale

__all__ = ["RULES", "broadcast_source", "is_filled", "mask_of", "number_of"]


def _plain(*values: Any) -> bool:
    """Whether all are nodes of floating-point or complex arrays."""
    return all(isinstance(a, Node) and not a.weak and a.dtype.kind in "fc" for a in values)


def number_of(value: Any, other: Any) -> float | None:
    """A Python number for an operand that is one, or a constant without axes that does not decide the dtype."""
    if is_number(value):
        return value
    if isinstance(value, Node) and value.function is CONSTANT and value.shape == () and isinstance(other, Node):
        array = value.args[0]
        exact = array.dtype.kind in "iu" or (array.dtype.kind == "f" and np.result_type(array, other) == other.dtype)
        if exact and not other.weak and other.dtype.kind in "fc":
            return array.item()
    return None


def is_filled(builder: Builder, value: Any, number: float) -> bool:
    """Whether it is a constant array of this number alone."""
    if isinstance(value, Node) and value.function is np.broadcast_to:
        return is_filled(builder, value.args[0], number)
    return isinstance(value, Node) and value.function is CONSTANT and builder.filling(value) == number


def mask_of(node: Any) -> Node | None:
    """The array of truth values that a node turns into numbers."""
    if isinstance(node, Node) and node.function is np.astype and node.operands[0].dtype == bool:
        return node.operands[0]
    return None


# ---- products --------------------------------------------------------------------------------------------------------


def _multiply(builder: Builder, node: Node) -> Node | None:
    a, b = node.args
    for number, other in ((number_of(a, b), b), (number_of(b, a), a)):
        if number is not None and _plain(other):
            inner, _ = split_scale(other)
            if other is b and is_number(a) and (inner == 1 or not is_safe(inner * number)):
                return None
            return builder.scaled(number, other)
    if not _plain(a, b):
        return _masked(builder, a, b)
    for one, other in ((a, b), (b, a)):
        if other.shape == node.shape and is_filled(builder, one, 1):
            return other
        mask = mask_of(one)
        if mask is not None and other.shape == node.shape and other.dtype == node.dtype:
            return builder.call(np.multiply, mask, other)
    (s, x), (t, y) = split_scale(a), split_scale(b)
    if s != 1 or t != 1:
        return builder.scaled(s, builder.scaled(t, builder.call(np.multiply, x, y)))
    if builder.rank(a) > builder.rank(b):
        return builder.call(np.multiply, b, a)
    return None


def _masked(builder: Builder, a: Any, b: Any) -> Node | None:
    """Truth values times numbers: the number is pulled out, and the same truth values count once."""
    for mask, other in ((a, b), (b, a)):
        if isinstance(mask, Node) and mask.dtype == bool and _plain(other):
            scale, base = split_scale(other)
            if scale != 1:
                return builder.scaled(scale, builder.call(np.multiply, mask, base))
            if other.function is np.multiply and mask in other.args:
                return other
            if mask is not a:
                return builder.call(np.multiply, mask, other)
    return None


def _negative(builder: Builder, node: Node) -> Node | None:
    return builder.scaled(-1.0, node.args[0]) if _plain(node.args[0]) else None


def _divide(builder: Builder, node: Node) -> Node | None:
    a, b = node.args
    number = number_of(b, a)
    if number is not None and _plain(a):
        if number and 1e-30 < abs(number) < 1e30:
            return builder.scaled(1 / number, a)
        return None
    if not _plain(b):
        return None
    t, y = split_scale(b)
    number = number_of(a, b)
    if number is not None:
        if number == 1 and t == 1:
            return None if is_number(a) else builder.call(np.divide, 1, b)
        if not number or not isfinite(number):
            return None
        return builder.scaled(number / t, builder.call(np.divide, 1, y))
    if not _plain(a):
        return None
    s, x = split_scale(a)
    if s != 1 or t != 1:
        return builder.scaled(s / t, builder.call(np.divide, x, y))
    if x.function is np.divide and is_number(x.args[0]) and x.shape == node.shape:
        return builder.call(np.divide, x.args[0], builder.call(np.multiply, x.args[1], y))
    return builder.call(np.divide, 1, b) if is_filled(builder, a, 1) and b.shape == node.shape else None


def _power(builder: Builder, node: Node) -> Node | None:
    x, exponent = node.args
    number = number_of(exponent, x)
    if number is None or not _plain(x):
        return None
    rule = _POWERS.get(number)
    return None if rule is None else rule(builder, x)


def _square(builder: Builder, x: Node) -> Node:
    return builder.call(np.multiply, x, x)


# fmt: off
_POWERS: dict[float, Callable[[Builder, Node], Node]] = {
    1: lambda _, x: x,
    2: _square,
    3: lambda build, x: build.call(np.multiply, _square(build, x), x),
    4: lambda build, x: _square(build, _square(build, x)),
    0.5: lambda build, x: build.call(np.sqrt, x),
    -1: lambda build, x: build.call(np.divide, 1, x),
}
# fmt: on


# ---- sums ------------------------------------------------------------------------------------------------------------


def _add(builder: Builder, node: Node) -> Node | None:
    return _sum_of(builder, node, 1.0)


def _subtract(builder: Builder, node: Node) -> Node | None:
    return _sum_of(builder, node, -1.0)


def _sum_of(builder: Builder, node: Node, sign: float) -> Node | None:
    """``a + sign * b`` with common scales pulled out, zeros left out, and as few negations as possible."""
    a, b = node.args
    if is_number(b) and sign < 0 and _plain(a):
        return builder.call(np.add, a, -b)
    for zero, other, scale in ((b, a, 1.0), (a, b, sign)):
        if _plain(other) and other.shape == node.shape and other.dtype == node.dtype:
            number = number_of(zero, other)
            if number == 0 or (number is None and is_filled(builder, zero, 0)):
                return builder.scaled(scale, other)
    if is_number(a) and _plain(b) and sign > 0:
        return builder.call(np.add, b, a)
    if is_number(b) and _plain(a):
        return _number_added(builder, a, b)
    if is_number(a) and _plain(b):
        t, y = split_scale(b)
        return builder.call(np.add, builder.scaled(-t, y), a) if t < 0 else None
    if not _plain(a, b) or a.dtype != b.dtype:
        return None
    return _added(builder, split_scale(a), split_scale(b), sign)


def _number_added(builder: Builder, a: Node, number: float) -> Node | None:
    """``a + number``; two such numbers stay apart, since (1 + x) - 1 is written for its rounding."""
    s, x = split_scale(a)
    return builder.call(np.subtract, number, x) if s == -1 else None


def _added(builder: Builder, left: tuple[float, Node], right: tuple[float, Node], sign: float) -> Node | None:
    """``s * x + sign * t * y``."""
    (s, x), (t, y) = left, (right[0] * sign, right[1])
    if x is y:
        return builder.scaled(s + t, x) if s + t else None
    if s == 1 and t in (1, -1):
        if t == 1 and builder.rank(x) > builder.rank(y):
            return builder.call(np.add, y, x)
        return None if t == sign and right[0] == 1 else builder.call(np.add if t == 1 else np.subtract, x, y)
    if s == t:
        return builder.scaled(s, builder.call(np.add, x, y))
    if s == -t:
        return builder.scaled(abs(s), builder.call(np.subtract, x, y) if s > 0 else builder.call(np.subtract, y, x))
    if t < 0:
        return builder.call(np.subtract, builder.scaled(s, x), builder.scaled(-t, y)) if sign > 0 else None
    if s < 0 < t:
        return builder.call(np.subtract, builder.scaled(t, y), builder.scaled(-s, x))
    return builder.call(np.add, builder.scaled(s, x), builder.scaled(t, y)) if sign < 0 else None


def _total(builder: Builder, node: Node) -> Node | None:
    """A sum over axes: numbers and broadcast axes are pulled out."""
    a, axes = node.args[0], node.kwargs.get("axis", node.args[1] if len(node.args) > 1 else None)
    if not _plain(a) or not a.ndim or len(node.args) > 2 or set(node.kwargs) - {"axis", "keepdims"}:
        return None
    gone = normalize_axis_tuple(range(a.ndim) if axes is None else axes, a.ndim)
    if node.kwargs.get("keepdims"):
        return builder.call(np.reshape, builder.call(np.sum, a, axis=gone), node.shape)
    scale, base = split_scale(a)
    if scale != 1:
        return builder.scaled(scale, builder.call(np.sum, base, axis=gone))
    if all(a.shape[n] == 1 for n in gone):
        return builder.call(np.reshape, a, node.shape)
    if a.function is np.broadcast_to:
        source = broadcast_source(builder, a)
        spread = [n for n in gone if source.shape[n] == 1 and a.shape[n] > 1]
        if spread:
            count = 1
            for n in spread:
                count *= a.shape[n]
            left = [1 if n in spread else size for n, size in enumerate(a.shape)]
            smaller = builder.call(np.sum, builder.call(np.broadcast_to, source, tuple(left)), axis=gone)
            return builder.scaled(float(count), smaller)
    exact = type(axes) is tuple and axes == gone and "axis" in node.kwargs and "keepdims" not in node.kwargs
    return None if exact else builder.call(np.sum, a, axis=gone)


def broadcast_source(builder: Builder, node: Node) -> Node:
    """What a `broadcast_to` repeats, with as many axes as the result."""
    source = node.args[0]
    return builder.call(np.reshape, source, (1,) * (node.ndim - source.ndim) + source.shape)


# ---- moves -----------------------------------------------------------------------------------------------------------


def _transpose(builder: Builder, node: Node) -> Node | None:
    a, axes = node.args[0], node.kwargs.get("axes", node.args[1] if len(node.args) > 1 else None)
    if isinstance(axes, Node):
        return builder.call(np.transpose, a, tuple(axes.args[0].tolist())) if axes.function is CONSTANT else None
    order = tuple(range(a.ndim)[::-1]) if axes is None else normalize_axis_tuple(axes, a.ndim)
    long = [n for n in order if a.shape[n] != 1]
    if long == sorted(long):
        return builder.call(np.reshape, a, node.shape)
    if a.function is np.transpose:
        return builder.call(np.transpose, a.args[0], tuple([a.args[1][n] for n in order]))
    if _plain(a):
        scale, base = split_scale(a)
        if scale != 1:
            return builder.scaled(scale, builder.call(np.transpose, base, order))
    if a.function is np.broadcast_to:
        moved = builder.call(np.transpose, broadcast_source(builder, a), order)
        return builder.call(np.broadcast_to, moved, node.shape)
    exact = len(node.args) == 2 and node.args[1] == order
    return None if exact else builder.call(np.transpose, a, order)


def _reshape(builder: Builder, node: Node) -> Node | None:
    a = node.args[0]
    if node.kwargs.get("order", "C") != "C" or len(node.args) > 2 or set(node.kwargs) - {"order", "shape"}:
        return None
    if a.function is np.reshape:
        return builder.call(np.reshape, a.args[0], node.shape)
    if _plain(a):
        scale, base = split_scale(a)
        if scale != 1:
            return builder.scaled(scale, builder.call(np.reshape, base, node.shape))
    if a.function is np.broadcast_to and _long(a.shape) == _long(node.shape):
        source = iter([n for n, size in zip(broadcast_source(builder, a).shape, a.shape, strict=True) if size != 1])
        shape = tuple([1 if size == 1 else next(source) for size in node.shape])
        return builder.call(np.broadcast_to, builder.call(np.reshape, a.args[0], shape), node.shape)
    exact = len(node.args) == 2 and node.args[1] == node.shape and not node.kwargs
    return None if exact else builder.call(np.reshape, a, node.shape)


def _long(shape: Sequence[int]) -> list[int]:
    return [n for n in shape if n != 1]


def _ravel(builder: Builder, node: Node) -> Node | None:
    plain = len(node.args) == 1 and node.kwargs.get("order", "C") == "C"
    return builder.call(np.reshape, node.args[0], node.shape) if plain else None


def _reshaped(builder: Builder, node: Node) -> Node | None:
    """Axes of size 1 that come and go."""
    return builder.call(np.reshape, node.args[0], node.shape)


def _moved_axes(builder: Builder, node: Node) -> Node | None:
    """`swapaxes`, `moveaxis` and `matrix_transpose` as a transposition."""
    a = node.args[0]
    if node.kwargs or not a.ndim:
        return None
    probe = np.lib.stride_tricks.as_strided(np.zeros(()), [1] * a.ndim, [8 * (n + 1) for n in range(a.ndim)])
    order = tuple([step // 8 - 1 for step in node.function(probe, *node.args[1:]).strides])
    return builder.call(np.transpose, a, order)


def _broadcast(builder: Builder, node: Node) -> Node | None:
    a = node.args[0]
    if a.function is np.broadcast_to:
        return builder.call(np.broadcast_to, broadcast_source(builder, a), node.shape)
    if a.size == node.size:
        return builder.call(np.reshape, a, node.shape)
    if _plain(a):
        scale, base = split_scale(a)
        if scale != 1:
            return builder.scaled(scale, builder.call(np.broadcast_to, base, node.shape))
    exact = len(node.args) == 2 and node.args[1] == node.shape and not node.kwargs
    return None if exact else builder.call(np.broadcast_to, a, node.shape)


def _moves_out(builder: Builder, node: Node) -> Node | None:
    """An elementwise call of arrays that are all moved in the same way: it is the result that is moved."""
    arrays = [a for a in node.args if isinstance(a, Node)]
    if len(arrays) == 1 and node.function is np.multiply:
        return None  # a number stands outside of moves
    first = arrays[0] if arrays and not node.kwargs else None
    if first is None or first.function not in (np.transpose, np.reshape) or first.shape != node.shape:
        return None
    inner = first.args[0]
    for a in arrays[1:]:
        if a.function is not first.function or a.args[1] != first.args[1] or a.args[0].shape != inner.shape:
            return None
    moved = builder.call(node.function, *[a.args[0] if isinstance(a, Node) else a for a in node.args])
    return builder.call(first.function, moved, first.args[1])


def _narrowed(builder: Builder, node: Node) -> Node | None:
    """An elementwise call of operands that are broadcast: they are as small as the result allows."""
    if node.kwargs or any(is_number(a) and node.function is np.multiply for a in node.args):
        return None  # a number stands outside of moves
    sources = [a.args[0] if isinstance(a, Node) and a.function is np.broadcast_to else a for a in node.args]
    if all(source is a for source, a in zip(sources, node.args, strict=True)):
        return None
    shape = np.broadcast_shapes(*[a.shape if isinstance(a, Node) else np.shape(a) for a in sources])
    if shape != node.shape:
        small = builder.call(node.function, *sources)
        return builder.call(np.broadcast_to, small, node.shape)
    return builder.call(node.function, *sources)


_ELEMENTWISE = (np.add, np.subtract, np.multiply, np.divide, np.exp, np.log, np.tanh, np.sqrt, np.sin, np.cos)
_ELEMENTWISE += (np.maximum, np.minimum, np.negative, np.absolute, np.square, np.power)


def _cast(builder: Builder, node: Node) -> Node | None:
    a = node.args[0]
    return a if isinstance(a, Node) and a.dtype == node.dtype and not a.weak else None


RULES: dict[Any, Sequence[Rule]] = {
    **{
        ufunc: (
            _moves_out,
            _narrowed,
        )
        for ufunc in _ELEMENTWISE
    },
    np.multiply: (_moves_out, _narrowed, _multiply),
    np.negative: (_moves_out, _narrowed, _negative),
    np.positive: (lambda _, node: node.args[0],),
    np.divide: (_moves_out, _narrowed, _divide),
    np.add: (_moves_out, _narrowed, _add),
    np.subtract: (_moves_out, _narrowed, _subtract),
    np.power: (_moves_out, _narrowed, _power),
    np.square: (lambda build, node: _square(build, node.args[0]) if _plain(node.args[0]) else None,),
    np.reciprocal: (lambda build, node: build.call(np.divide, 1, node.args[0]) if _plain(node.args[0]) else None,),
    np.astype: (_cast,),
    np.sum: (_total,),
    np.transpose: (_transpose,),
    np.matrix_transpose: (_moved_axes,),
    np.swapaxes: (_moved_axes,),
    np.moveaxis: (_moved_axes,),
    np.reshape: (_reshape,),
    np.ravel: (_ravel,),
    np.expand_dims: (_reshaped,),
    np.squeeze: (_reshaped,),
    np.broadcast_to: (_broadcast,),
}
