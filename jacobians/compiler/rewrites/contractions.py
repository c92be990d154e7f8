"""Contractions in one form: pairs of arrays, each label carried by as few of them as the result allows.

`contracted` takes factors with labels and makes of them what remains to be done: numbers, ones and axes of size 1 are
gone, transpositions and broadcasting are labels, sums over what only one factor carries are taken first, and more than
two factors are planned by `contract`. What is left are einsums of two operands in a canonical order, so that equal ones
are one node, however they were written (``A @ B``, ``np.einsum``, ``np.dot``); `lowering` makes calls of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...contract import plan_pairs
from ...labels import Label
from ...program import CONSTANT, Node
from .exchange import long_axes
from .moves import broadcast_source, is_plain
from .rewriting import Builder, Rule, split_scale

__all__ = ["RULES", "Operand", "Product", "contracted", "labelled", "planned", "seen_through"]

Labels = tuple[int | None, ...]

_LARGE = 1024
"""Entries of an array from which on a number is taken out of it."""


class Operand(NamedTuple):
    """An array and the labels of its axes; an axis of size 1 has none (None)."""

    node: Node
    labels: Labels


class Product(NamedTuple):
    """``scale`` times the product of factors, summed over every label that is not in `out`.

    An axis of the result that has size 1 has the label None.
    """

    scale: float
    factors: tuple[Operand, ...]
    out: Labels
    sizes: dict[int, int]


def labelled(node: Node, labels: Labels) -> Operand:
    """An operand, its axes of size 1 without labels."""
    return Operand(node, tuple([None if size == 1 else x for x, size in zip(labels, node.shape, strict=True)]))


_SEEN_THROUGH = {np.transpose, np.reshape, np.broadcast_to, np.multiply}


def seen_through(builder: Builder, operand: Operand) -> tuple[float, Operand]:
    """The operand behind transpositions, axes of size 1, broadcasting and a number that it is multiplied with."""
    scale, (node, labels) = 1.0, operand
    while True:
        if node.function is np.transpose:
            order = node.args[1]
            node, labels = node.args[0], tuple([labels[order.index(n)] for n in range(len(order))])
        elif node.function is np.reshape and long_axes(node.shape) == long_axes(node.args[0].shape):
            long = iter([x for x, size in zip(labels, node.shape, strict=True) if size != 1])
            node = node.args[0]
            labels = tuple([None if size == 1 else next(long) for size in node.shape])
        elif node.function is np.broadcast_to:
            source = broadcast_source(builder, node)
            node, labels = labelled(source, labels)
        elif id(node) in builder.turned:
            node, order = builder.turned[id(node)]
            labels = tuple([labels[order.index(n)] for n in range(len(order))])
        else:
            inner, base = split_scale(node)
            if base is node:
                return scale, Operand(node, labels)
            scale, node = scale * inner, base


def contracted(builder: Builder, product: Product, shape: tuple[int, ...], dtype: np.dtype) -> Node:
    """The node of a product, of this shape and dtype."""
    scale, sizes = product.scale, product.sizes
    factors: list[Operand] = []
    constant = False
    for factor in product.factors:
        if factor.node.function in _SEEN_THROUGH or id(factor.node) in builder.turned:
            inner, factor = seen_through(builder, factor)
            scale *= inner
        constant |= factor.node.function is CONSTANT
        factors.append(_diagonal(builder, factor))
    if constant:
        scale, factors = _without_ones(builder, scale, factors, dtype)
    out = [label for label in product.out if label is not None]
    if len(factors) == 2:
        factors = [part for factor in factors for part in _apart(factor, factors, out)]
    carried = {label for factor in factors for label in factor.labels if label is not None}
    for factor in product.factors:
        for label in factor.labels:
            if label is not None and label not in carried and label not in out:
                scale *= sizes[label]
                carried.add(label)
    if len(factors) == 2 and len(out) == len(product.out) and _is_proper(factors[0], factors[1], out):
        pair = _pair(builder, factors[0], factors[1], out, sizes)
        return builder.scaled(scale, builder.transposed(pair.node, tuple([pair.labels.index(label) for label in out])))
    if 0 < len(factors) < 3 and all([factor.labels == tuple(out) == product.out for factor in factors]):
        # An elementwise product: nothing is summed or broadcast.
        whole = factors[0] if len(factors) == 1 else _pair(builder, factors[0], factors[1], out, sizes)
        return builder.scaled(scale, whole.node)
    wanted = [label for label in out if label in carried]
    factors = [_squeezed(builder, factor) for factor in factors]
    factors = [_summed(builder, factor, factors, wanted) for factor in factors]
    result = _joined(builder, factors, wanted, sizes) if factors else builder.constant(np.ones((), dtype))
    result = builder.reshaped(result, tuple([sizes[x] if x in carried else 1 for x in product.out]))
    return builder.scaled(scale, builder.spread(result, shape))


def _apart(factor: Operand, factors: Sequence[Operand], out: Sequence[int]) -> list[Operand]:
    """A number of the call and the large array that it multiplies, where other arrays that are summed over are smaller.

    The number is then multiplied with the smallest of these.
    """
    node, labels = factor
    if node.function is not np.multiply or node.size < _LARGE or set(labels) <= {*out, None}:
        return [factor]
    parts = [a for a in node.args if isinstance(a, Node) and a.ndim == 0]
    base = [a for a in node.args if isinstance(a, Node) and a.shape == node.shape and a.dtype == node.dtype]
    least = min([other.node.size for other in factors if other is not factor])
    if len(parts) != 1 or len(base) != 1 or parts[0].dtype.kind not in "fc" or 4 * least > node.size:
        return [factor]
    return [Operand(parts[0], ()), Operand(base[0], labels)]


def _is_proper(a: Operand, b: Operand, out: Sequence[int]) -> bool:
    """Whether nothing but the product of two arrays is to be taken: each label is in two of these, or in all three."""
    left, right, result = {*a.labels}, {*b.labels}, {*out}
    return None not in left and None not in right and left ^ right <= result <= left | right


def _without_ones(
    builder: Builder, scale: float, factors: list[Operand], dtype: np.dtype
) -> tuple[float, list[Operand]]:
    """The factors that are no constant numbers and no constant arrays of equal entries."""
    kept = factors
    for factor in factors:
        if factor.node.function is CONSTANT:
            number = builder.filling(factor.node)
            others = [other.node.dtype for other in kept if other is not factor]
            same = np.result_type(*others) == dtype if others else factor.node.dtype == dtype
            if number is not None and same and isinstance(number.item(), (int, float)):
                safe = number.item() == 1 or (others and 1e-30 < abs(number) < 1e30)
                if safe:
                    scale *= number.item()
                    kept = [other for other in kept if other is not factor]
    return scale, kept


def _diagonal(builder: Builder, operand: Operand) -> Operand:
    """The operand with each label once."""
    node, labels = operand
    if len(set(labels)) == len(labels):
        return operand
    named = [label for label in labels if label is not None]
    if len(set(named)) == len(named):
        return operand
    node, _ = _squeezed(builder, operand)
    kept = tuple(dict.fromkeys(named))
    sizes = dict(zip(named, node.shape, strict=True))
    shape = tuple([sizes[label] for label in kept])
    return Operand(builder.kept(np.einsum, (node, *_numbered([tuple(named), kept])), {}, shape, node.dtype), kept)


def _numbered(groups: Sequence[Labels]) -> list[tuple[int, ...]]:
    """The labels as numbers in the order of their first occurrence."""
    number: dict[Any, int] = {}
    return [tuple([number.setdefault(label, len(number)) for label in group]) for group in groups]


def _squeezed(builder: Builder, operand: Operand) -> Operand:
    """The operand without axes of size 1."""
    if None not in operand.labels:
        return operand
    shape = tuple([n for n, label in zip(operand.node.shape, operand.labels, strict=True) if label is not None])
    return Operand(builder.reshaped(operand.node, shape), tuple([x for x in operand.labels if x is not None]))


def _summed(builder: Builder, factor: Operand, factors: Sequence[Operand], out: Sequence[int]) -> Operand:
    """The factor summed over what no other factor and not the result carries."""
    others = {label for other in factors if other is not factor for label in other.labels}.union(out)
    axes = tuple([n for n, label in enumerate(factor.labels) if label not in others])
    if not axes:
        return factor
    kept = tuple([label for label in factor.labels if label in others])
    return Operand(builder.call(np.sum, factor.node, axis=axes), kept)


def _joined(builder: Builder, factors: Sequence[Operand], out: Sequence[int], sizes: dict[int, int]) -> Node:
    """The factors multiplied in pairs; the axes of the result are `out`."""
    waiting = list(factors)
    while len(waiting) > 2:
        n, m, kept = planned([[x for x in f.labels if x is not None] for f in waiting], out, sizes)[0]
        pair = _pair(builder, waiting[n], waiting[m], kept, sizes)
        waiting = [factor for k, factor in enumerate(waiting) if k not in (n, m)] + [pair]
    if len(waiting) == 2:
        result = _pair(builder, waiting[0], waiting[1], tuple(out), sizes)
    else:
        (result,) = waiting
    return builder.transposed(result.node, tuple([result.labels.index(label) for label in out]))


def planned(
    factors: Sequence[Sequence[int]], out: Sequence[int], sizes: dict[int, int]
) -> list[tuple[int, int, tuple[int, ...]]]:
    """The pairs that are multiplied, by position in the shrinking list, and the labels that are left."""
    used = {label for labels in factors for label in labels}
    names = {label: Label(sizes[label]) for label in used}
    plan, labels = plan_pairs([[names[x] for x in group] for group in factors], [names[x] for x in out])
    back = {label: number for number, label in names.items()}
    return [(step.left, step.right, tuple([back[labels[n]] for n in step.result])) for step in plan.steps]


def _pair(builder: Builder, a: Operand, b: Operand, kept: Sequence[int], sizes: dict[int, int]) -> Operand:
    """The product of two factors; one that was made before may have its axes in another order than `kept`."""
    if builder.rank(a.node) > builder.rank(b.node) or (a.node is b.node and str(a.labels) > str(b.labels)):
        a, b = b, a
    if not a.labels or not b.labels or (set(a.labels) == set(b.labels) == set(kept)):
        # Without broadcasting: an elementwise product.
        labels = a.labels or b.labels
        moved = b.node
        if a.labels and b.labels:
            moved = builder.transposed(b.node, tuple([b.labels.index(label) for label in labels]))
        return Operand(builder.call(np.multiply, a.node, moved), labels)
    left, right, out = _numbered([a.labels, b.labels, tuple(kept)])
    known = builder.pairs.get((id(a.node), left, id(b.node), right, frozenset(out)))
    if known is None:
        shape = tuple([sizes[label] for label in kept])
        dtype = np.result_type(a.node.dtype, b.node.dtype)
        known = builder.kept(np.einsum, (a.node, left, b.node, right, out), {}, shape, dtype)
        builder.pairs[id(a.node), left, id(b.node), right, frozenset(out)] = known
    names = dict(zip(out, kept, strict=True))
    return Operand(known, tuple([names[number] for number in known.args[-1]]))


# ---- rules -----------------------------------------------------------------------------------------------------------


def _einsum(builder: Builder, node: Node) -> Node | None:
    *operands, out = node.args
    if not _numbers(node, operands[::2]) or not all(isinstance(x, tuple) for x in (*operands[1::2], out)):
        return None
    pairs = list(zip(operands[::2], operands[1::2], strict=True))
    sizes: dict[int, int] = {}
    for a, group in pairs:
        for label, size in zip(group, a.shape, strict=True):
            sizes[label] = max(size, sizes.get(label, 1)) if size else 0
    factors = tuple([labelled(a, group) for a, group in pairs])
    return _made(builder, node, Product(1.0, factors, _unnamed(out, sizes), sizes))


def _unnamed(labels: Sequence[int], sizes: dict[int, int]) -> Labels:
    return tuple([None if sizes[label] == 1 else label for label in labels])


def _numbers(node: Node, operands: Sequence[Any]) -> bool:
    """Whether all are arrays of floating-point or complex numbers, and nothing else is asked for."""
    return not node.kwargs and node.dtype.kind in "fc" and is_plain(*operands)


def _made(builder: Builder, node: Node, product: Product) -> Node | None:
    found = contracted(builder, product, node.shape, node.dtype)
    return None if found is node else found


def _matmul(builder: Builder, node: Node) -> Node | None:
    a, b = node.args
    if not _numbers(node, (a, b)) or a.ndim < 1 or b.ndim < 1:
        return None
    batch = node.ndim - (a.ndim > 1) - (b.ndim > 1)
    rows, columns, summed = batch, batch + 1, batch + 2

    def leading(count: int) -> Labels:
        return tuple(range(batch - count, batch))

    left = (*leading(a.ndim - 2), rows, summed) if a.ndim > 1 else (summed,)
    right = (*leading(b.ndim - 2), summed, columns) if b.ndim > 1 else (summed,)
    out = (*range(batch), *((rows,) if a.ndim > 1 else ()), *((columns,) if b.ndim > 1 else ()))
    return _bilinear(builder, node, (a, left), (b, right), out)


def _bilinear(builder: Builder, node: Node, left: Any, right: Any, out: Sequence[int]) -> Node | None:
    """A product of two arrays, axes of size 1 broadcast."""
    sizes: dict[int, int] = {}
    for a, group in (left, right):
        for label, size in zip(group, a.shape, strict=True):
            if size != 1:
                sizes[label] = size
    unnamed = tuple([label if label in sizes else None for label in out])
    factors = tuple([labelled(a, group) for a, group in (left, right)])
    return _made(builder, node, Product(1.0, factors, unnamed, sizes))


def _dot(builder: Builder, node: Node) -> Node | None:
    a, b = node.args
    if not _numbers(node, (a, b)):
        return None
    if not a.ndim or not b.ndim:
        return builder.call(np.multiply, a, b)
    kept = (*range(a.ndim - 1), *range(100, 100 + b.ndim - 1))
    right = (99,) if b.ndim == 1 else (*range(100, 100 + b.ndim - 2), 99, 100 + b.ndim - 2)
    return _bilinear(builder, node, (a, (*range(a.ndim - 1), 99)), (b, right), kept)


def _inner(builder: Builder, node: Node) -> Node | None:
    a, b = node.args
    if not _numbers(node, (a, b)):
        return None
    if not a.ndim or not b.ndim:
        return builder.call(np.multiply, a, b)
    return _over(builder, node, (a.ndim - 1,), (b.ndim - 1,))


def _tensordot(builder: Builder, node: Node) -> Node | None:
    a, b, axes = (*node.args, node.kwargs.get("axes", 2))[:3]
    if set(node.kwargs) - {"axes"} or not is_plain(a, b) or node.dtype.kind not in "fc":
        return None
    if type(axes) is int:
        axes = range(a.ndim - axes, a.ndim), range(axes)
    left, right = [(group,) if type(group) is int else group for group in axes]
    return _over(builder, node, normalize_axis_tuple(left, a.ndim), normalize_axis_tuple(right, b.ndim))


def _over(builder: Builder, node: Node, left: Sequence[int], right: Sequence[int]) -> Node | None:
    """A product summed over these axes of the first array and of the second; what is left stands in this order."""
    a, b = node.args[:2]
    first = tuple(range(a.ndim))
    second = tuple([left[right.index(n)] if n in right else a.ndim + n for n in range(b.ndim)])
    kept = (*[x for x in first if x not in left], *[x for x in second if x >= a.ndim])
    return _bilinear(builder, node, (a, first), (b, second), kept)


def _outer(builder: Builder, node: Node) -> Node | None:
    a, b = node.args
    if not _numbers(node, (a, b)) or a.ndim != 1 or b.ndim != 1:
        return None
    return _bilinear(builder, node, (a, (0,)), (b, (1,)), (0, 1))


def _spread_product(builder: Builder, node: Node) -> Node | None:
    """A product with broadcasting: the shorter operand carries fewer labels."""
    a, b = node.args
    if type(a) is not Node or type(b) is not Node or a.shape == b.shape:
        return None
    if not _numbers(node, (a, b)) or not a.ndim or not b.ndim:
        return None
    names = tuple(range(node.ndim))
    return _bilinear(builder, node, (a, names[node.ndim - a.ndim :]), (b, names[node.ndim - b.ndim :]), names)


RULES: dict[Any, Sequence[Rule]] = {
    np.einsum: (_einsum,),
    np.matmul: (_matmul,),
    np.dot: (_dot,),
    np.inner: (_inner,),
    np.tensordot: (_tensordot,),
    np.outer: (_outer,),
    np.multiply: (_spread_product,),
}
