"""Products of three arrays, grouped so that a product is read that the program makes anyway.

    BC = np.einsum("jb,kb->jkb", B, C)
    V = np.einsum("ijk,kb->ijb", E, C)
    g = np.einsum("ijb,jb->ib", V, B)                  becomes   g = np.einsum("ijk,jkb->ib", E, BC)

    S = np.einsum("bi,bij->bj", e, A)
    T = np.einsum("bi,bij->bj", e * w[:, None], A)     becomes   T = w[:, None] * S

The gradients of a tensor factorisation read the products of factors that the tensor is made of, and in
``X @ A @ X @ B`` with ``X @ B`` at hand a product is left out. A softmax is such an ``e * w``, exponentials times one
divided by their sum.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from ...program import Node, uses_of
from .rewriting import Builder

__all__ = ["regrouped"]

Labels = tuple[int, ...]
Factor = tuple[Node, Labels]
"""An array with a label for each axis but those of size 1."""
Pair = tuple[Node, Labels, Node, Labels, Labels]

_CLEAR = 0.95
"""The part of the multiplications that must be enough."""

_FEW = 0.25
"""The same where the product that is opened is made for others anyway, so that but one contraction is left out."""


def regrouped(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program; `nodes` are all that they need, operands first."""
    pairs = [node for node in nodes if _is_pair(node)]
    if len(pairs) < 2 or not any([_is_product(operand) for node in pairs for operand in node.operands]):
        return outputs
    uses = uses_of(nodes, outputs)
    known = {_key(node.args)[0]: node for node in pairs}
    found = {id(node): better for node in pairs if (better := _better(node, known, uses)) is not None}
    if not found:
        return outputs
    builder = Builder({})
    new: dict[int, Node] = {}
    for node in nodes:
        if id(node) not in new:
            new[id(node)] = _made(builder, node, new, found)
    return [new[id(node)] for node in outputs]


def _is_pair(node: Node) -> bool:
    if node.function is not np.einsum or len(node.args) != 5 or node.kwargs or node.dtype.kind not in "fc":
        return False
    a, left, b, right, out = node.args
    return a.dtype == b.dtype == node.dtype and all([len(set(group)) == len(group) for group in (left, right, out)])


def _is_product(node: Node) -> bool:
    """Whether it is a product of two arrays, contracted or entry by entry."""
    if node.function is not np.multiply:
        return _is_pair(node)
    same = [isinstance(a, Node) and a.dtype == node.dtype and not a.weak for a in node.args]
    return not node.kwargs and node.dtype.kind in "fc" and same == [True, True]


def _made(builder: Builder, node: Node, new: dict[int, Node], found: dict[int, Pair]) -> Node:
    pair = found.get(id(node))
    for operand in node.operands if pair is None else (pair[0], pair[2]):
        if id(operand) not in new:  # a product that comes later in the program: what it reads is read here too
            new[id(operand)] = _made(builder, operand, new, found)
    builder.take_place(node)
    if pair is None:
        return builder.remade(node, new)
    a, left, b, right, out = pair
    first, second = [_slim(builder, new[id(x)], labels) for x, labels in ((a, left), (b, right))]
    return builder.made(np.einsum, (first, left, second, right, out), {}, node.shape, node.dtype)


def _slim(builder: Builder, a: Node, labels: Labels) -> Node:
    """An array with as many axes as labels."""
    return a if a.ndim == len(labels) else builder.reshaped(a, _long(a))


def _long(a: Node) -> tuple[int, ...]:
    return tuple([size for size in a.shape if size != 1])


def _better(node: Node, known: dict[Any, Node], uses: Counter) -> Pair | None:
    """The product of another two arrays, one of which the program makes anyway; None where nothing is gained."""
    pair: Pair = node.args
    shared: set[int] = set()
    while True:
        step = next(_steps(pair, node, known, uses, shared), None)
        if step is None:
            return None if pair is node.args else pair
        pair = step


def _steps(pair: Pair, node: Node, known: dict[Any, Node], uses: Counter, shared: set[int]) -> Iterator[Pair]:
    """Ways to open a product, and to close another one that there is, which is noted."""
    a, left, b, right, out = pair
    for (whole, labels), other in (((a, left), (b, right)), ((b, right), (a, left))):
        if id(whole) in shared or not _is_product(whole) or whole.dtype != node.dtype:
            continue
        first, second = _opened(whole, labels, other[1], out)
        sizes = _sizes(first, second, other)
        before, enough = _work((whole, labels), other, sizes), _FEW
        if uses[whole] == 1:
            before, enough = before + _work(first, second, sizes), _CLEAR
        for x, z in ((first, second), (second, first)):
            kept = tuple([n for n in dict.fromkeys((*x[1], *other[1])) if n in z[1] or n in out])
            for one, two in ((x, other), (other, x)):
                key, names = _key((*one, *two, kept))
                same = known.get(key)
                if same is None or same is whole or same is node:
                    continue
                theirs = {number: label for label, number in _key(same.args)[1].items()}
                back = {theirs[number]: label for label, number in names.items()}
                again = tuple([back[label] for label in same.args[4]])
                if _work((same, again), z, sizes) < enough * before:
                    shared.add(id(same))
                    yield same, again, *z, out


def _opened(whole: Node, labels: Labels, others: Labels, out: Labels) -> tuple[Factor, Factor]:
    """The factors of a product whose axes have these labels; what it sums over has labels of its own."""
    if whole.function is np.multiply:
        first, second = [_aligned(a, labels) for a in whole.args]
        return first, second
    a, left, b, right, own = whole.args
    names = dict(zip(own, labels, strict=True))
    fresh = 1 + max((*labels, *others, *out), default=0)
    for n in dict.fromkeys((*left, *right)):
        if n not in names:
            names[n], fresh = fresh, fresh + 1
    return (a, tuple([names[n] for n in left])), (b, tuple([names[n] for n in right]))


def _aligned(a: Node, labels: Labels) -> Factor:
    """A factor of a product entry by entry whose axes have these labels."""
    last = labels[len(labels) - a.ndim :]
    return a, tuple([label for label, size in zip(last, a.shape, strict=True) if size != 1])


def _sizes(*factors: Factor) -> dict[int, int]:
    return {n: size for node, labels in factors for n, size in zip(labels, _sized(node, labels), strict=True)}


def _sized(a: Node, labels: Labels) -> tuple[int, ...]:
    return a.shape if a.ndim == len(labels) else _long(a)


def _work(a: Factor, b: Factor, sizes: dict[int, int]) -> int:
    """Multiplications, and what is read."""
    return prod([sizes[n] for n in {*a[1], *b[1]}]) + a[0].size + b[0].size


def _key(args: Any) -> tuple[Any, dict[int, int]]:
    """What equal contractions have in common, whatever the order of their axes; numbers for labels."""
    a, left, b, right, out = args
    names: dict[int, int] = {}
    for label in (*left, *right):
        names.setdefault(label, len(names))
    groups = [tuple([names[label] for label in group]) for group in (left, right)]
    return (id(a), groups[0], id(b), groups[1], frozenset([names[label] for label in out])), names
