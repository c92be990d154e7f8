"""Contractions that are others, times what is not summed over.

    S = np.einsum("bi,bij->bj", e, A)
    T = np.einsum("bi,bij->bj", e * w[:, None], A)     becomes   T = w[:, None] * S

A softmax is such an ``e * w``, exponentials times one divided by their sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ...program import Node
from .rewriting import Builder

__all__ = ["pair_key", "without_repetition"]

Labels = tuple[int, ...]

_PRODUCTS = {np.multiply, np.einsum}

FEW = 4
"""How many times more a contraction must multiply than the product that stands for it."""


class _Multiple(NamedTuple):
    """A contraction as another one, whose axes have the labels `own`, times the factor `weight`, which has `labels`."""

    other: Node
    own: Labels
    weight: Node
    labels: Labels


def without_repetition(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program; `nodes` are all that they need, operands first."""
    pairs = [node for node in nodes if node.function is np.einsum and len(node.args) == 5 and not node.kwargs]
    found: dict[int, _Multiple] = {}
    if any([operand.function in _PRODUCTS for node in pairs for operand in node.operands]):
        known = {pair_key(node.args)[0]: node for node in pairs}
        for node in pairs:
            multiple = next(_multiples(node, known), None)
            if multiple is not None:
                found[id(node)] = multiple
    if not found:
        return outputs
    builder = Builder({})
    new: dict[int, Node] = {}
    for node in nodes:
        new[id(node)] = _made(builder, node, new, found)
    return [new[id(node)] for node in outputs]


def _made(builder: Builder, node: Node, new: dict[int, Node], found: dict[int, _Multiple]) -> Node:
    multiple = found.get(id(node))
    if multiple is None:
        return builder.remade(node, new)
    other, own, weight, labels = multiple
    same = new.get(id(other))
    if same is None:  # what it reads is read here too
        same = new[id(other)] = _made(builder, other, new, found)
    out = node.args[4]
    builder.take_place(node)
    carried = sorted(labels, key=out.index)
    factor = builder.reshaped(new[id(weight)], tuple([size for size in weight.shape if size > 1]))
    factor = builder.transposed(factor, tuple([labels.index(x) for x in carried]))
    sizes = dict(zip(carried, factor.shape, strict=True))
    factor = builder.reshaped(factor, tuple([sizes.get(x, 1) for x in out]))
    turned = builder.transposed(same, tuple([own.index(x) for x in out]))
    return builder.made(np.multiply, (turned, factor), {}, node.shape, node.dtype)


def _multiples(node: Node, known: dict[Any, Node]) -> Iterator[_Multiple]:
    """Ways to state a contraction of a product as a multiple of another one."""
    a, left, b, right, out = node.args
    sizes = dict(zip((*left, *right), (*a.shape, *b.shape), strict=True))
    if FEW * node.size > prod(sizes.values()):
        return
    for whole, labels, other, others in ((a, left, b, right), (b, right, a, left)):
        for x, own, weight, labelled in _factors(whole, labels):
            if weight.dtype != node.dtype or x.dtype != whole.dtype or not set(labelled) <= set(out):
                continue
            for args in ((x, own, other, others, out), (other, others, x, own, out)):
                key, names = pair_key(args)
                same = known.get(key)
                if same is not None and same is not node:
                    theirs = {number: label for label, number in pair_key(same.args)[1].items()}
                    back = {theirs[number]: label for label, number in names.items()}
                    yield _Multiple(same, tuple([back[label] for label in same.args[4]]), weight, labelled)


def _factors(node: Node, labels: Labels) -> Iterator[tuple[Node, Labels, Node, Labels]]:
    """A product entry by entry as an array with all of its axes and another one, each with its labels."""
    if len(set(labels)) < len(labels) or node.kwargs:
        return
    if node.function is np.multiply:
        for x, weight in (node.args, node.args[::-1]):
            if isinstance(x, Node) and isinstance(weight, Node) and x.shape == node.shape and not weight.weak:
                behind = zip(labels[len(labels) - weight.ndim :], weight.shape, strict=True)
                yield x, labels, weight, tuple([label for label, size in behind if size > 1])
    elif node.function is np.einsum and len(node.args) == 5:
        a, left, b, right, out = node.args
        names = dict(zip(out, labels, strict=True))
        for x, own, weight, others in ((a, left, b, right), (b, right, a, left)):
            if set(own) == set(out) >= set(others) and len(own) == len(out) and len(set(others)) == len(others):
                long = [names[n] for n, size in zip(others, weight.shape, strict=True) if size > 1]
                yield x, tuple([names[n] for n in own]), weight, tuple(long)


def pair_key(args: Any) -> tuple[Any, dict[int, int]]:
    """What equal contractions have in common, whatever the order of their axes; numbers for labels."""
    a, left, b, right, out = args
    names: dict[int, int] = {}
    for label in (*left, *right):
        names.setdefault(label, len(names))
    groups = [tuple([names[label] for label in group]) for group in (left, right)]
    return (id(a), groups[0], id(b), groups[1], frozenset([names[label] for label in out])), names
