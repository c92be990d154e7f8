"""What is simpler among elementwise calls and sums.

Numbers are pulled out of products and sums towards the result, where they meet and become one (`scales` then takes
them to where they cost least); a negation is a product with -1, and meets an addition there. Powers are products and
roots; arrays of ones and zeros are left out.

Every rule is exact up to rounding, where all numbers are finite; NaN and infinities stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...arrays import embed, scatter
from ...program import CONSTANT, Node
from . import constants
from .moves import broadcast_source, is_plain
from .rewriting import Builder, Rule, is_number, is_safe, split_scale

__all__ = ["RULES", "is_filled", "of_scattered", "sides"]


def _number_of(value: Any, other: Any) -> float | None:
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


def _mask_of(node: Any) -> Node | None:
    """The array of truth values that a node turns into numbers."""
    if isinstance(node, Node) and node.function is np.astype and node.operands[0].dtype == bool:
        return node.operands[0]
    return None


_UNIFORM = {CONSTANT, np.broadcast_to, np.astype}
"""What may be an array of ones, or of truth values as numbers."""

FEW = 4
"""How many times smaller a divisor is at least than what it divides, to be inverted first."""

# ---- products --------------------------------------------------------------------------------------------------------


def _multiply(builder: Builder, node: Node) -> Node | None:
    a, b = node.args
    plain = is_plain(a, b)
    numbers = () if plain and a.shape and b.shape else ((_number_of(a, b), b), (_number_of(b, a), a))
    for number, other in numbers:
        if number is not None and is_plain(other):
            inner, _ = split_scale(other)
            if other.function is embed or (other.function is scatter and not _is_gathering(other)):
                return builder.call(other.function, builder.scaled(number, other.args[0]), *other.args[1:])
            if other is b and is_number(a) and (inner == 1 or not is_safe(inner * number)):
                return None
            return builder.scaled(number, other)
    if not plain:
        return _masked(builder, a, b)
    for one, other in ((a, b), (b, a)):
        if one.function not in _UNIFORM:
            continue
        if other.shape == node.shape and is_filled(builder, one, 1):
            return other
        mask = _mask_of(one)
        if mask is not None and other.shape == node.shape and other.dtype == node.dtype:
            return builder.call(np.multiply, mask, other)
    (s, x), (t, y) = split_scale(a), split_scale(b)
    if s != 1 or t != 1:
        return builder.scaled(s, builder.scaled(t, builder.call(np.multiply, x, y)))
    return builder.known(np.multiply, b, a)


def _is_gathering(node: Node) -> bool:
    """Whether a `scatter` adds up many values to few."""
    return node.size < node.args[0].size


def _scaled_scatter(builder: Builder, node: Node) -> Node | None:
    """A number times what is added up to fewer entries."""
    if not _is_gathering(node) or not isinstance(node.args[0], Node):
        return None
    scale, base = split_scale(node.args[0])
    return None if scale == 1 else builder.scaled(scale, builder.call(scatter, base, *node.args[1:]))


def _convolved(builder: Builder, node: Node) -> Node | None:
    """A number times a convolution, or a correlation."""
    if node.kwargs or not is_plain(*node.args[:2]):
        return None
    (s, x), (t, y) = split_scale(node.args[0]), split_scale(node.args[1])
    if s == 1 and t == 1:
        return None
    made = builder.made(node.function, (x, y, *node.args[2:]), {}, node.shape, node.dtype)
    return builder.scaled(s, builder.scaled(t, made))


def _masked(builder: Builder, a: Any, b: Any) -> Node | None:
    """Truth values times numbers: the number is pulled out, and the same truth values count once."""
    for mask, other in ((a, b), (b, a)):
        if isinstance(mask, Node) and mask.dtype == bool and is_plain(other):
            scale, base = split_scale(other)
            if scale != 1:
                return builder.scaled(scale, builder.call(np.multiply, mask, base))
            if other.function is np.multiply and mask in other.args:
                return other
            if mask is not a:
                return builder.call(np.multiply, mask, other)
    return None


def _negative(builder: Builder, node: Node) -> Node | None:
    return builder.scaled(-1.0, node.args[0]) if is_plain(node.args[0]) else None


def _divide(builder: Builder, node: Node) -> Node | None:
    a, b = node.args
    number = _number_of(b, a)
    if number is not None and is_plain(a):
        if number and 1e-30 < abs(number) < 1e30:
            return builder.scaled(1 / number, a)
        return None
    if not is_plain(b):
        return None
    t, y = split_scale(b)
    number = _number_of(a, b)
    if number is not None:
        if number == 1 and t == 1:
            return None if is_number(a) else builder.call(np.divide, 1, b)
        if not number or not isfinite(number):
            return None
        return builder.scaled(number / t, builder.call(np.divide, 1, y))
    if not is_plain(a):
        return None
    s, x = split_scale(a)
    if s != 1 or t != 1:
        return builder.scaled(s / t, builder.call(np.divide, x, y))
    if x.function is np.divide and is_number(x.args[0]) and x.shape == node.shape:
        return builder.call(np.divide, x.args[0], builder.call(np.multiply, x.args[1], y))
    if is_filled(builder, a, 1) and b.shape == node.shape:
        return builder.call(np.divide, 1, b)
    # One division for many products.
    if a.shape == node.shape and a.dtype == b.dtype and FEW * b.size <= a.size:
        return builder.call(np.multiply, a, builder.call(np.divide, 1, b))
    return None


def _power(builder: Builder, node: Node) -> Node | None:
    x, exponent = node.args
    number = _number_of(exponent, x)
    if number is None or not is_plain(x):
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
    if is_number(b) and sign < 0 and is_plain(a):
        return builder.call(np.add, a, -b)
    for zero, other, scale in ((b, a, 1.0), (a, b, sign)):
        if is_plain(other) and other.shape == node.shape and other.dtype == node.dtype:
            number = _number_of(zero, other)
            if number == 0 or (number is None and is_filled(builder, zero, 0)):
                return builder.scaled(scale, other)
    if is_number(a) and is_plain(b) and sign > 0:
        return builder.call(np.add, b, a)
    if is_number(b) and is_plain(a):
        return _number_added(builder, a, b)
    if is_number(a) and is_plain(b):
        t, y = split_scale(b)
        return builder.call(np.add, builder.scaled(-t, y), a) if t < 0 else None
    if not is_plain(a, b) or a.dtype != b.dtype:
        return None
    if a.shape == b.shape and (sides(builder, a)[1] or sides(builder, b)[1]):
        return _placed_sum(builder, node, sign)
    if CONSTANT in (a.function, b.function):
        found = constants.added(builder, node, sign)
        if found is not None:
            return found
    return _added(builder, split_scale(a), split_scale(b), sign)


def _number_added(builder: Builder, a: Node, number: float) -> Node | None:
    """``a + number``; two such numbers stay apart, since (1 + x) - 1 is written for its rounding."""
    s, x = split_scale(a)
    return builder.call(np.subtract, number, x) if s == -1 else None


def _added(builder: Builder, left: tuple[float, Node], right: tuple[float, Node], sign: float) -> Node | None:
    """``s * x + sign * t * y``."""
    (s, x), (t, y) = left, (right[0] * sign, right[1])
    if x is y and s * t > 0:
        return builder.scaled(s + t, x)
    if s == 1 and t in (1, -1):
        if t == 1 and builder.known(np.add, y, x) is not None:
            return builder.known(np.add, y, x)
        if t == -1 and x.shape == y.shape and builder.known(np.subtract, y, x) is not None:
            return builder.scaled(-1.0, builder.call(np.subtract, y, x))
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


def sides(builder: Builder, node: Node) -> tuple[Node | None, Node | None, float]:
    """A plain array and one that consists of diagonals and scattered arrays, whose sum or difference a node is."""
    if node.function is embed or node.function is scatter:
        return None, node, 1.0
    if node.function is np.reshape and node.args[0].function is scatter:
        return None, node, 1.0
    return builder.placed.get(id(node), (node, None, 1.0))


def _placed_sum(builder: Builder, node: Node, sign: float) -> Node | None:
    """A sum with diagonals and scattered arrays: the plain arrays are added to each other first.

    So are the entries of two equal diagonals, but of constants alone: ``(x + c) - c`` is written for its rounding.
    """
    first, second = node.args
    if first.function is second.function is embed and first.args[1] == second.args[1]:
        cores = first.args[0], second.args[0]
        if cores[0].shape == cores[1].shape and {core.function for core in cores} != {CONSTANT}:
            return builder.call(embed, builder.call(node.function, *cores), first.args[1])
    (a, left, s), (b, right, t) = sides(builder, node.args[0]), sides(builder, node.args[1])
    t *= sign
    combine = np.add if sign > 0 else np.subtract
    plain = a if b is None else builder.scaled(sign, b) if a is None else builder.call(combine, a, b)
    if left is None or right is None:
        placed, outer = (right, t) if left is None else (left, s)
    elif plain is None:
        builder.placed[id(node)] = (None, node, 1.0)
        return None
    else:
        placed, outer = builder.call(np.add if s == t else np.subtract, left, right), s
    assert plain is not None
    assert placed is not None
    function = np.add if outer > 0 else np.subtract
    if function is node.function and node.args == (plain, placed):
        builder.placed[id(node)] = (plain, placed, outer)
        return None
    return builder.call(function, plain, placed)


def of_scattered(builder: Builder, node: Node) -> Node | None:
    """A sum of scattered arrays with another shape: each of them has it, at no cost."""
    a = node.args[0]
    if len(node.args) != 2 or node.kwargs or a.function not in (np.add, np.subtract) or not _is_scattered(a):
        return None
    return builder.call(a.function, *[builder.call(np.reshape, part, node.shape) for part in a.args])


def _is_scattered(node: Any) -> bool:
    waiting = [node]
    while waiting:  # a sum of as many arrays as there are steps is as deep
        part = waiting.pop()
        if not isinstance(part, Node) or part.kwargs or part.weak or part.shape != node.shape:
            return False
        if part.function in (np.add, np.subtract):
            waiting += part.args
        elif part.function is not scatter:
            return False
    return True


def _total(builder: Builder, node: Node) -> Node | None:
    """A sum over axes: numbers and broadcast axes are pulled out."""
    a, axes = node.args[0], node.kwargs.get("axis", node.args[1] if len(node.args) > 1 else None)
    if not is_plain(a) or not a.ndim or not _is_plain_sum(node):
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
    exact = type(axes) is tuple and axes == gone and set(node.kwargs) == {"axis"}
    return None if exact else builder.call(np.sum, a, axis=gone)


def _is_plain_sum(node: Node) -> bool:
    """Whether no argument of a sum or a mean but the axes has another value than by default."""
    if any(value is not None for value in node.args[2:]):  # dtype and out
        return False
    return all(name in ("axis", "keepdims") or _BY_DEFAULT.get(name, 0) is value for name, value in node.kwargs.items())


_BY_DEFAULT = {"dtype": None, "out": None, "where": True}


def _mean(builder: Builder, node: Node) -> Node | None:
    """One way to state a mean. It stays a quotient, which is exact for equal entries; a product is not."""
    a, axes = node.args[0], node.kwargs.get("axis", node.args[1] if len(node.args) > 1 else None)
    if not is_plain(a) or not a.ndim or a.dtype != node.dtype or not _is_plain_sum(node):
        return None
    gone = normalize_axis_tuple(range(a.ndim) if axes is None else axes, a.ndim)
    if len(node.args) == 1 and node.kwargs == {"axis": gone}:
        return None
    return builder.reshaped(builder.call(np.mean, a, axis=gone), node.shape)


def _trace(builder: Builder, node: Node) -> Node | None:
    """The sum of a diagonal, which is computed for itself where that is possible."""
    if not is_plain(node.args[0]) or set(node.kwargs) - {"offset", "axis1", "axis2"} or len(node.args) > 4:
        return None
    return builder.call(np.sum, builder.call(np.diagonal, *node.args, **node.kwargs), axis=(node.ndim,))


RULES: dict[Any, Sequence[Rule]] = {
    np.trace: (_trace,),
    np.multiply: (_multiply,),
    np.negative: (_negative,),
    np.divide: (_divide,),
    np.add: (_add,),
    np.subtract: (_subtract,),
    np.power: (_power,),
    np.square: (lambda build, node: _square(build, node.args[0]) if is_plain(node.args[0]) else None,),
    np.reciprocal: (lambda build, node: build.call(np.divide, 1, node.args[0]) if is_plain(node.args[0]) else None,),
    scatter: (_scaled_scatter,),
    np.convolve: (_convolved,),
    np.correlate: (_convolved,),
    np.sum: (_total,),
    np.mean: (_mean,),
}
