"""Products of three arrays, grouped so that a product is read that the program makes anyway.

    BC = np.einsum("jb,kb->jkb", B, C)
    V = np.einsum("ijk,kb->ijb", E, C)
    g = np.einsum("ijb,jb->ib", V, B)      becomes   g = np.einsum("ijk,jkb->ib", E, BC)

The gradients of a tensor factorisation read the products of factors that the tensor is made of, and in
``X @ A @ X @ B`` with ``X @ B`` at hand a product is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from ...program import Node, uses_of
from .repeated import pair_key
from .rewriting import Builder

__all__ = ["regrouped"]

Labels = tuple[int, ...]
Factor = tuple[Node, Labels]
Pair = tuple[Node, Labels, Node, Labels, Labels]

_CLEAR = 0.95
"""The part of the multiplications that must be enough."""


def regrouped(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program; `nodes` are all that they need, operands first."""
    pairs = [node for node in nodes if _is_pair(node)]
    if len(pairs) < 3:
        return outputs
    uses = uses_of(nodes, outputs)
    known = {pair_key(node.args)[0]: node for node in pairs}
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


def _made(builder: Builder, node: Node, new: dict[int, Node], found: dict[int, Pair]) -> Node:
    pair = found.get(id(node))
    for operand in node.operands if pair is None else (pair[0], pair[2]):
        if id(operand) not in new:  # a product that comes later in the program: what it reads is read here too
            new[id(operand)] = _made(builder, operand, new, found)
    builder.take_place(node)
    if pair is None:
        return builder.remade(node, new)
    a, left, b, right, out = pair
    return builder.made(np.einsum, (new[id(a)], left, new[id(b)], right, out), {}, node.shape, node.dtype)


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
    """Ways to open a product that only this one reads, and to close another one that there is, which is noted."""
    a, left, b, right, out = pair
    for (whole, labels), other in (((a, left), (b, right)), ((b, right), (a, left))):
        if uses[whole] != 1 or id(whole) in shared or not _is_pair(whole) or whole.dtype != node.dtype:
            continue
        first, second = _opened(whole, labels, other[1], out)
        sizes = _sizes(first, second, other)
        before = _work(first, second, sizes) + _work((whole, labels), other, sizes)
        for x, z in ((first, second), (second, first)):
            kept = tuple([n for n in dict.fromkeys((*x[1], *other[1])) if n in z[1] or n in out])
            for one, two in ((x, other), (other, x)):
                key, names = pair_key((*one, *two, kept))
                same = known.get(key)
                if same is None or same is whole or same is node:
                    continue
                theirs = {number: label for label, number in pair_key(same.args)[1].items()}
                back = {theirs[number]: label for label, number in names.items()}
                again = tuple([back[label] for label in same.args[4]])
                if _work((same, again), z, sizes) < _CLEAR * before:
                    shared.add(id(same))
                    yield same, again, *z, out


def _opened(whole: Node, labels: Labels, others: Labels, out: Labels) -> tuple[Factor, Factor]:
    """The factors of a product whose axes have these labels; what it sums over has labels of its own."""
    a, left, b, right, own = whole.args
    names = dict(zip(own, labels, strict=True))
    fresh = 1 + max((*labels, *others, *out), default=0)
    for n in dict.fromkeys((*left, *right)):
        if n not in names:
            names[n], fresh = fresh, fresh + 1
    return (a, tuple([names[n] for n in left])), (b, tuple([names[n] for n in right]))


def _sizes(*factors: Factor) -> dict[int, int]:
    return {n: size for node, labels in factors for n, size in zip(labels, node.shape, strict=True)}


def _work(a: Factor, b: Factor, sizes: dict[int, int]) -> int:
    """Multiplications, and what is read."""
    return prod([sizes[n] for n in {*a[1], *b[1]}]) + a[0].size + b[0].size
