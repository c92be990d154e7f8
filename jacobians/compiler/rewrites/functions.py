"""Functions whose loops are slow, in terms of fast ones.

    np.logaddexp(0, x)       becomes   np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    np.exp(-softplus(x))     becomes   1 / (1 + np.exp(x))
    np.logaddexp.reduce(x)   becomes   the logarithm of a sum of exponentials, shifted
    a mask of `maximum`      becomes   a sign
    np.cross(a, b)           becomes   a[1, 2, 0] * b[2, 0, 1] - a[2, 0, 1] * b[1, 2, 0]
    expit(x)                 becomes   np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))
    erfcx(where(c, 0, x))    becomes   where(c, 1, erfcx(x)), where erfcx(x) is known

`logaddexp` takes 25 nanoseconds an entry, and its stand-in 5; `expit` takes 6 and 3. Every one is the same up to
rounding, at infinities too.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Sequence
from functools import cache
from math import isfinite
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...arrays import embed
from ...program import CONSTANT, Node
from .moves import is_plain
from .rewriting import Builder, Rule, split_scale

__all__ = ["FINAL", "RULES", "of_scipy"]


_FEW = 256
"""Entries of which ten calls would take longer than one."""

_MANY = 2048
"""Entries from which on the overhead of calls does not matter: 2,000 of `expit` take 11 against 9 microseconds."""


def _finite(value: Any) -> float | None:
    """The finite number that an operand is, or of which it consists."""
    if isinstance(value, Node) and value.function is CONSTANT and value.size == 1:
        value = value.args[0].item()
    return value if isinstance(value, (int, float)) and isfinite(value) else None


def _bounded(builder: Builder, x: Node) -> Node:
    """An array without infinities, and whose differences are none."""
    most = float(np.finfo(x.dtype).max) / 2
    return builder.call(np.maximum, builder.call(np.minimum, x, most), -most)


def _softplus(builder: Builder, node: Node) -> Node | None:
    """``log(e^a + e^b) = max(a, b) + log(1 + e^-|a - b|)``."""
    a, b = node.args
    if node.kwargs or node.dtype.kind != "f" or not node.ndim:
        return None
    for number, x in ((_finite(a), b), (_finite(b), a)):
        if number is not None and is_plain(x) and x.dtype == node.dtype:
            larger, apart = builder.call(np.maximum, x, number), builder.call(np.add, x, -number) if number else x
            break
    else:
        if not is_plain(a, b) or a.dtype != b.dtype or node.size < _FEW:
            return None
        larger = builder.call(np.maximum, a, b)
        apart = builder.call(np.subtract, _bounded(builder, a), _bounded(builder, b))
    power = builder.call(np.exp, builder.call(np.negative, builder.call(np.absolute, apart)))
    return builder.call(np.add, larger, builder.call(np.log1p, power))


def _logistic(builder: Builder, node: Node) -> Node | None:
    """``e^-log(1 + e^x)``; what would overflow is 0 long before."""
    x = node.args[0]
    scale, base = split_scale(x) if is_plain(x) else (1, x)
    if scale != -1 or base.function is not np.logaddexp or node.kwargs or base.kwargs:
        return None
    zero, z = base.args
    if _finite(zero) != 0:
        zero, z = z, zero
    if _finite(zero) != 0 or not is_plain(z) or z.dtype != node.dtype:
        return None
    most = float(np.floor(np.log(np.finfo(node.dtype).max)))
    power = builder.call(np.exp, builder.call(np.minimum, z, most))
    return builder.call(np.divide, 1, builder.call(np.add, power, 1))


# The largest entry is rounded down, as in the rule of the derivative, with which this has its exponentials in common.
def _log_sum(builder: Builder, node: Node) -> Node | None:
    x, *axes = node.args
    if not is_plain(x) or x.dtype != node.dtype or node.dtype.kind != "f" or len(axes) > 1 or not x.size:
        return None
    if set(node.kwargs) - {"axis", "keepdims"}:
        return None
    axis = axes[0] if axes else node.kwargs.get("axis", 0)
    gone = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    build = builder.call
    largest = build(np.floor, build(np.max, x, axis=gone, keepdims=True))
    powers = build(np.exp, build(np.subtract, _bounded(builder, x), _bounded(builder, largest)))
    total = build(np.log, build(np.sum, powers, axis=gone))
    return build(np.add, builder.reshaped(total, node.shape), builder.reshaped(largest, node.shape))


# The share of x in ``np.maximum(x, c)``: one half where they are equal. A choice takes 3 nanoseconds an entry.
def _side(builder: Builder, node: Node) -> Node | None:
    """``(x == max(x, c)) - 0.5 * (x == c)`` is half of ``sign(x - c) + 1``."""
    mask, share = node.args
    if not (isinstance(mask, Node) and isinstance(share, Node)) or share.function is not np.multiply:
        return None
    tie, half = share.args
    if not isinstance(tie, Node) or mask.function is not np.equal or tie.function is not np.equal:
        return None
    if _finite(half) != 0.5 or tie.args[0] is not mask.args[0]:
        return None
    x, extremum = mask.args
    sign = {np.maximum: 1, np.minimum: -1}.get(extremum.function) if isinstance(extremum, Node) else None
    number = _finite(tie.args[1])
    if sign is None or number is None or not is_plain(x) or x.dtype != node.dtype or x.shape != node.shape:
        return None
    if not any(a is x for a in extremum.args) or not any(_finite(a) == number for a in extremum.args):
        return None
    side = builder.call(np.sign, builder.call(np.add, x, -number) if number else x)
    if sign > 0:
        return builder.call(np.multiply, 0.5, builder.call(np.add, side, 1.0))
    return builder.call(np.multiply, 0.5, builder.call(np.subtract, 1.0, side))


# |z| times the slope z / |z| is z, at 0 too; z may be conjugated, and |z| may be a factor of a product.
def _radius(builder: Builder, node: Node) -> Node | None:
    for product, slope in (node.args, node.args[::-1]):
        if not (isinstance(product, Node) and isinstance(slope, Node)):
            continue
        bar = slope.function is np.conjugate
        quotient = slope.args[0] if bar else slope
        if quotient.function is not np.divide or not isinstance(quotient.args[0], Node):
            continue
        z, below = quotient.args
        for radius, others in _factors(product):
            if radius.function is np.absolute and radius.args[0] is z and _is_guarded(below, radius):
                found = builder.call(np.conjugate, z) if bar else z
                return found if others is None else builder.call(np.multiply, others, found)
    return None


def _factors(node: Node) -> list[tuple[Node, Any]]:
    """The node itself, and each factor of a product with the other one."""
    pairs = [(node, None)]
    if node.function is np.multiply and not node.kwargs:
        pairs += [(x, y) for x, y in (node.args, node.args[::-1]) if isinstance(x, Node)]
    return pairs


def _is_guarded(value: Any, radius: Node) -> bool:
    """Whether it is an array with ones where that is zero."""
    if not isinstance(value, Node) or value.function is not np.where or value.args[2] is not radius:
        return False
    zero = value.args[0]
    return zero.function is np.equal and zero.args[0] is radius and _finite(zero.args[1]) == 0


def _same_mask(builder: Builder, node: Node) -> Node | None:
    """Truth values that are compared with 0."""
    a, b = node.args
    if not isinstance(a, Node) or a.dtype != bool or _finite(b) != 0 or node.kwargs or a.shape != node.shape:
        return None
    return a if node.function is np.not_equal else builder.call(np.logical_not, a)


def _true(builder: Builder, node: Node) -> Node | None:
    """Truth values and True."""
    for a, b in (node.args, node.args[::-1]):
        if isinstance(a, Node) and a.dtype == bool and a.shape == node.shape and not node.kwargs and b is True:
            return a
    return None


# What ties for the largest entry shares equally. The count has an axis less, so that other factors meet it first; and
# NumPy is slow at counting truth values along short axes.
def _shared(builder: Builder, node: Node) -> Node | None:
    """``mask / max(sum(mask), 1)`` as a product, with a count in the dtype of the result."""
    mask, count = node.args
    if set(node.kwargs) != {"dtype"} or node.dtype not in (np.float32, np.float64) or not isinstance(count, Node):
        return None
    if not isinstance(mask, Node) or mask.dtype != bool or mask.shape != node.shape or count.size == node.size:
        return None
    if (
        node.size < _MANY
        or count.function is not np.maximum
        or count.args[1] != 1
        or not isinstance(count.args[0], Node)
    ):
        return None
    total = count.args[0]
    if total.function is not np.sum or total.args != (mask,) or "axis" not in total.kwargs:
        return None
    ones = builder.call(np.astype, mask, node.dtype)
    count = builder.call(np.maximum, builder.call(np.sum, ones, **total.kwargs), 1)
    return builder.call(np.multiply, ones, builder.call(np.divide, 1, count))


# ---- functions of SciPy ----------------------------------------------------------------------------------------------


def _expit(builder: Builder, node: Node) -> Node | None:
    """``e^min(x, 0) / (1 + e^-|x|)``: right to the last digits where it is next to nothing, too."""
    x = node.args[0]
    if node.kwargs or not is_plain(x) or x.dtype != node.dtype or node.dtype.kind != "f" or node.size < _MANY:
        return None
    power = builder.call(np.exp, builder.call(np.minimum, x, 0))
    other = builder.call(np.exp, builder.call(np.negative, builder.call(np.absolute, x)))
    return builder.call(np.divide, power, builder.call(np.add, other, 1))


def _of_choice(builder: Builder, node: Node) -> Node | None:
    """A function of a choice between a number and an array, of which it is known."""
    choice = node.args[0]
    if len(node.args) != 1 or node.kwargs or not is_plain(choice) or choice.function is not np.where:
        return None
    mask, *branches = choice.args
    numbers = [_finite(branch) for branch in branches]
    if numbers.count(None) != 1 or choice.dtype != node.dtype or node.dtype.kind != "f":
        return None
    array = branches[numbers.index(None)]
    known = builder.known(node.function, array) if is_plain(array) and array.shape == node.shape else None
    if known is None or known.dtype != node.dtype:
        return None
    with np.errstate(all="ignore"):
        values = [None if n is None else node.function(node.dtype.type(n)).item() for n in numbers]
    if not all([value is None or isfinite(value) for value in values]):
        return None
    return builder.call(np.where, mask, *[known if value is None else value for value in values])


def _diagonal(builder: Builder, node: Node) -> Node | None:
    """A matrix with nothing but a diagonal."""
    vector = node.args[0]
    if len(node.args) > 1 or node.kwargs or not is_plain(vector) or vector.ndim != 1:
        return None
    return builder.call(embed, vector, ((0,), (0,)))


def of_scipy() -> dict[Any, Sequence[Rule]]:
    """The rules for functions of `scipy.special`, if that is in use."""
    return _of_module(sys.modules["scipy.special"]) if "scipy.special" in sys.modules else {}


@cache
def _of_module(special: Any) -> dict[Any, Sequence[Rule]]:
    ufuncs = [f for f in vars(special).values() if type(f) is np.ufunc and f.nin == f.nout == 1]
    return {f: (_of_choice, _expit) if f is special.expit else (_of_choice,) for f in ufuncs}


RULES: dict[Any, Sequence[Rule]] = {
    np.divide: (_shared,),
    np.exp: (_logistic,),
    np.multiply: (_radius,),
    np.subtract: (_side,),
    np.logical_and: (_true,),
    np.equal: (_same_mask,),
    np.not_equal: (_same_mask,),
    np.diag: (_diagonal,),
}


# ``a x b`` of few vectors: NumPy's checks take longer than all the rest.
def _cross(builder: Builder, node: Node) -> Node | None:
    if node.kwargs or len(node.args) != 2 or not is_plain(*node.args) or node.size > _MANY:
        return None
    a, b = node.args
    if a.shape[-1:] != (3,) or b.shape[-1:] != (3,) or not a.dtype == b.dtype == node.dtype:
        return None
    turns = [builder.constant(np.roll(np.arange(3), n)) for n in (-1, 1)]

    def turned(x: Node) -> list[Node]:
        return [builder.call(operator.getitem, x, (*[slice(None)] * (x.ndim - 1), turn)) for turn in turns]

    (a1, a2), (b1, b2) = turned(a), turned(b)
    return builder.call(np.subtract, builder.call(np.multiply, a1, b2), builder.call(np.multiply, a2, b1))


FINAL: dict[Any, Sequence[Rule]] = {
    np.cross: (_cross,),
    np.logaddexp: (_softplus,),
    np.logaddexp.reduce: (_log_sum,),
}
