"""Differences of all pairs, ``x[:, None, :] - y``: what is summed over them is computed without them.

    np.sum((x[:, None, :] - y) ** 2, axis=2)               becomes   squared_distances(x, y)
    np.einsum("ij,ijk->ik", c, x[:, None, :] - y)          becomes   c.sum(1)[:, None] * (x - y[0]) - c @ (y - y[0])
    (x[:, None, :] - y) * s                                becomes   ((x - y[0]) * s)[:, None, :] - (y - y[0]) * s

Squared distances are sums of squared differences as before, so that near points lose no digit. Weighted sums of
differences are those of two matrices. Both are counted from one of the points that are summed over, so that what
cancels is no larger than the differences are; and where that point is not finite, no sum is.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ...plain import squared_distances
from ...program import Node, topological
from .contractions import Operand, Product, contracted, labelled, seen_through
from .exchange import opposes, stays
from .opening import is_entrywise
from .rewriting import Builder, rewritten

__all__ = ["without_differences"]

_LARGE = 16_384
"""Entries of the differences from which on it pays not to make them."""

_FEW = 4
"""How many times larger than the points they are at least."""

_SHORT = 4
"""Distances to a few points lie with the many along the rows: NumPy's loops go along rows."""

Labels = tuple[int, ...]


class _Difference(NamedTuple):
    """An array as a number times a small one minus, or plus, a number times another, with the labels of each."""

    left: Operand
    right: Operand
    scales: tuple[float, float]


def without_differences(outputs: Sequence[Node], builder: Builder) -> Sequence[Node]:
    """The outputs of an equal program."""
    nodes = topological(outputs)
    if not any([_is_spread(node) for node in nodes]):
        return outputs
    outputs = _of_scaled(nodes, outputs, builder)
    nodes = topological(outputs)

    def change(node: Node, new: Mapping[int, Node]) -> Node | None:
        if node.function is np.einsum and len(node.args) == 5 and node.dtype.kind == "f" and not node.kwargs:
            found = _distances_of_pair(builder, node, new) or _weighted(builder, node, new)
            return found or _weighted_squares(builder, node, new)
        return _summed(builder, node, new) if node.function is np.sum else None

    return rewritten(outputs, nodes, builder, change)


def _is_spread(node: Node) -> bool:
    """Whether it adds or subtracts two arrays that are much smaller."""
    if node.function not in (np.subtract, np.add) or node.size < _LARGE or node.kwargs or node.dtype.kind != "f":
        return False
    operands = node.operands
    return len(operands) == 2 and all([_FEW * a.size <= node.size and a.dtype == node.dtype for a in operands])


def _opened(builder: Builder, node: Node, labels: Labels, new: Mapping[int, Node]) -> _Difference | None:
    if not _is_spread(node):
        return None
    found = []
    for operand in node.args:
        scale, seen = seen_through(builder, labelled(new[id(operand)], labels[len(labels) - operand.ndim :]))
        if None in seen.labels:
            shape = tuple([n for n, x in zip(seen.node.shape, seen.labels, strict=True) if x is not None])
            seen = Operand(builder.reshaped(seen.node, shape), tuple([x for x in seen.labels if x is not None]))
        if len({*seen.labels}) < len(seen.labels):
            return None
        found.append((scale, seen))
    (s, left), (t, right) = found
    return _Difference(left, right, (s, -t if node.function is np.subtract else t))


# ---- weighted sums ---------------------------------------------------------------------------------------------------


def _weighted(builder: Builder, node: Node, new: Mapping[int, Node]) -> Node | None:
    """A sum of differences with weights that lack some of their axes."""
    a, one, b, other, out = node.args
    for array, labels, weights, own in ((a, one, b, other), (b, other, a, one)):
        found = _opened(builder, array, labels, new)
        if found is None or not {*labels} - {*own} or len({*labels}) < len(labels):
            continue
        sizes = dict(zip((*labels, *own), (*array.shape, *weights.shape), strict=True))
        other_out = _exchanged(found, (array, labels), (weights, own), out)
        made = _summed_differences(builder, found, Operand(new[id(weights)], own), other_out or out, sizes)
        if made is not None:
            return made if other_out is None else builder.scaled(-1.0, made)
    return None


# Both points of a pair feel the same force, in opposite directions.
def _exchanged(
    found: _Difference, points: tuple[Node, Labels], weights: tuple[Node, Labels], out: Labels
) -> Labels | None:
    """The labels of the negative sum, which goes over the other points, where these are the same and weigh the same."""
    left, right = found.left.labels, found.right.labels
    first, second = [x for x in left if x not in right], [x for x in right if x not in left]
    if len(first) != 1 or len(second) != 1 or first[0] in out or second[0] not in out:
        return None
    change = {first[0]: second[0], second[0]: first[0]}
    orders = []
    for _, labels in (points, weights):
        turned = [change.get(x, x) for x in labels]
        if {*turned} != {*labels} or len({*labels}) < len(labels):
            return None
        orders.append(tuple([labels.index(x) for x in turned]))
    if not opposes(points[0], orders[0]) or not stays(weights[0], orders[1]):
        return None
    return tuple([change.get(x, x) for x in out])


def _summed_differences(
    builder: Builder, found: _Difference, weights: Operand, out: Labels, sizes: dict[int, int]
) -> Node | None:
    """The sum of differences with weights, which carry all that is summed over."""
    summed = {x for x in (*found.left.labels, *found.right.labels) if x is not None and x not in out}
    ends = None if not summed <= {*weights.labels} else _from_one_point(builder, found, summed)
    if ends is None:
        return None
    shape, dtype = tuple([sizes[x] for x in out]), weights.node.dtype
    first, second = [contracted(builder, Product(1.0, (end, weights), out, sizes), shape, dtype) for end in ends]
    return builder.scaled(found.scales[0], builder.call(np.subtract, first, second))


def _weighted_squares(builder: Builder, node: Node, new: Mapping[int, Node]) -> Node | None:
    """A sum of squared differences over all pairs: what each point adds to it is a sum of differences, times the point.

    With ``d = a - b`` the sum of ``w * d * d`` is that of ``a * (w * d)`` less that of ``b * (w * d)``.
    """
    a, one, b, other, out = node.args
    for square, labels, weights, own in ((a, one, b, other), (b, other, a, one)):
        if square.function is not np.multiply or square.ndim != 3 or square.args[0] is not square.args[1]:
            continue
        found = _opened(builder, square.args[0], labels, new)
        if found is None or found.scales[0] != -found.scales[1] or abs(found.scales[0]) != 1:
            continue
        ends = [tuple([x for x in end.labels if x is not None]) for end in found[:2]]
        points = [x for x in labels if (x in ends[0]) != (x in ends[1])]
        if {*own} != {*points} or {*out} & {*points} or sorted(map(len, ends)) != [2, 2]:
            continue
        sizes = dict(zip((*labels, *own), (*square.shape, *weights.shape), strict=True))
        shifted = _from_one_point(builder, found, {x for x in ends[1] if x in points})
        weigh = Operand(new[id(weights)], own)
        parts = [None if shifted is None else _summed_differences(builder, found, weigh, end, sizes) for end in ends]
        if shifted is None or None in parts:
            continue
        first, second = [
            contracted(
                builder, Product(found.scales[0], (end, Operand(part, end.labels)), out, sizes), node.shape, node.dtype
            )
            for end, part in zip(shifted, parts, strict=True)
            if part is not None
        ]
        return builder.call(np.subtract, first, second)
    return None


# ---- scaled differences ----------------------------------------------------------------------------------------------


def _of_scaled(nodes: Sequence[Node], outputs: Sequence[Node], builder: Builder) -> Sequence[Node]:
    """The outputs of a program in which differences that are scaled are those of scaled points."""
    if not any([is_entrywise(node) and any(map(_is_spread, node.operands)) for node in nodes]):
        return outputs

    def change(node: Node, new: Mapping[int, Node]) -> Node | None:
        return _scaled(builder, node, new) if node.function is np.einsum and is_entrywise(node) else None

    return rewritten(outputs, nodes, builder, change)


def _scaled(builder: Builder, node: Node, new: Mapping[int, Node]) -> Node | None:
    """A difference times what both of its sides may be multiplied with."""
    a, one, b, other, out = node.args
    for array, labels, factor, own in ((a, one, b, other), (b, other, a, one)):
        found = _opened(builder, array, labels, new)
        if found is None or found.scales[0] != -found.scales[1] or len({*labels}) < len(labels):
            continue
        if not own or not {*own} <= {*found.left.labels} & {*found.right.labels}:
            continue
        ends = _from_one_point(
            builder, found, {x for x in found.right.labels if x is not None and x not in found.left.labels}
        )
        if ends is None:
            continue
        sizes = dict(zip(labels, array.shape, strict=True))
        scaled = []
        for end in ends:
            shape = tuple([sizes[x] if x in end.labels else 1 for x in out])
            group = tuple([x if x in end.labels else None for x in out])
            factors = (end, Operand(new[id(factor)], own))
            scaled.append(contracted(builder, Product(found.scales[0], factors, group, sizes), shape, node.dtype))
        return builder.call(np.subtract, *scaled)
    return None


def _from_one_point(builder: Builder, found: _Difference, summed: set[int]) -> list[Operand] | None:
    """Both arrays less the first entry along the labels that are summed, which one of them carries."""
    ends = [found.left, found.right]
    carrying = [n for n, end in enumerate(ends) if not summed.isdisjoint(end.labels)]
    if len(carrying) != 1 or found.scales[0] != -found.scales[1]:
        return None
    (node, labels), (other, others) = ends[carrying[0]], ends[1 - carrying[0]]
    kept = [x for x in labels if x not in summed]
    if not {*kept} <= {*others}:
        return None
    sizes = dict(zip(labels, node.shape, strict=True))
    origin = builder.call(operator.getitem, node, tuple([slice(0, 1) if x in summed else slice(None) for x in labels]))
    # The first entry with its axes as the other array has them.
    moved = builder.reshaped(origin, tuple([sizes[x] for x in kept]))
    moved = builder.transposed(moved, tuple([kept.index(x) for x in others if x in kept]))
    moved = builder.reshaped(moved, tuple([sizes[x] if x in kept else 1 for x in others]))
    shifted = [
        Operand(builder.call(np.subtract, node, origin), labels),
        Operand(builder.call(np.subtract, other, moved), others),
    ]
    return shifted if carrying[0] == 0 else shifted[::-1]


# ---- squared distances -----------------------------------------------------------------------------------------------


def _summed(builder: Builder, node: Node, new: Mapping[int, Node]) -> Node | None:
    """The sum of the squares of differences over one axis."""
    product = node.args[0]
    axes = node.kwargs.get("axis")
    if len(node.args) > 1 or set(node.kwargs) != {"axis"} or type(axes) is not tuple or len(axes) != 1:
        return None
    if product.function is not np.multiply or product.kwargs or len(product.operands) != 2:
        return None
    if product.args[0] is not product.args[1] or node.dtype != product.dtype:
        return None
    labels = tuple(range(product.ndim))
    out = tuple([n for n in labels if n != axes[0] % product.ndim])
    return _distances(builder, product.args[0], labels, out, new)


def _distances_of_pair(builder: Builder, node: Node, new: Mapping[int, Node]) -> Node | None:
    a, left, b, right, out = node.args
    if a is not b or left != right or len({*left}) < len(left) or len(out) != len(left) - 1:
        return None
    return _distances(builder, a, left, out, new)


def _distances(builder: Builder, node: Node, labels: Labels, out: Labels, new: Mapping[int, Node]) -> Node | None:
    """The sums over one label, of points with two labels each."""
    if node.ndim != 3 or node.function is not np.subtract:
        return None
    found = _opened(builder, node, labels, new)
    if found is None or found.scales not in ((1, -1), (-1, 1)):
        return None
    (label,) = {*labels} - {*out}
    points, own = [], []
    for array, carried in found[:2]:
        if len(carried) != 2 or label not in carried:
            return None
        points.append(array if carried[1] == label else builder.transposed(array, (1, 0)))
        own.append(carried[0] if carried[1] == label else carried[1])
    if {*own} != {*out}:
        return None
    if points[1].shape[0] * _SHORT < points[0].shape[0]:
        points, own = points[::-1], own[::-1]
    shape = (points[0].shape[0], points[1].shape[0])
    made = builder.kept(squared_distances, tuple(points), {}, shape, node.dtype)
    return builder.transposed(made, tuple([own.index(x) for x in out]))
