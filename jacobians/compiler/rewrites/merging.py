"""Products of one array with several constants, added: one product with the sum of the constants.

    0.5 * (A @ x) + 0.5 * (A.T @ x)      becomes      (0.5 * A + 0.5 * A.T) @ x

The gradient of a quadratic form, and what else meets a constant from both sides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ...program import CONSTANT, Node

__all__ = ["Merged", "merged"]

_MOST = 2**22
"""Entries of a constant up to which sums of two are made."""

Labels = tuple[int, ...]


class Merged(NamedTuple):
    """The sum of products: of an array with a constant."""

    array: Node
    labels: Labels
    constant: np.ndarray
    others: Labels
    out: Labels


def merged(
    numbers: Mapping[int, float], nodes: Mapping[int, Node], uses: Counter[Node]
) -> list[tuple[Merged, list[int]]]:
    """Sums of some of these products, each times its number, and the ids of those that each is the sum of."""
    groups: dict[Any, list[tuple[int, Node, Labels]]] = {}
    forms: dict[Any, tuple[Node, Labels, Labels]] = {}
    for name, node in nodes.items():
        form = _form(node) if uses[node] == 1 else None
        if form is not None:
            array, labels, constant, others, out = form
            key = id(array), labels, out, frozenset(others), node.dtype
            groups.setdefault(key, []).append((name, constant, others))
            forms[key] = array, labels, out
    found: list[tuple[Merged, list[int]]] = []
    for key, group in groups.items():
        if len(group) > 1:
            order = group[0][2]
            parts = [numbers[name] * _turned(constant, others, order) for name, constant, others in group]
            array, labels, out = forms[key]
            found.append((Merged(array, labels, sum(parts[1:], parts[0]), order, out), [name for name, *_ in group]))
    return found


def _form(node: Node) -> tuple[Node, Labels, Node, Labels, Labels] | None:
    """An array and a constant that meet in a product, with labels that equal products have in common."""
    if (
        node.function is not np.einsum
        or len(node.args) != 5
        or node.kwargs
        or node.dtype not in (np.float32, np.float64)
    ):
        return None
    a, left, b, right, out = node.args
    if (a.function is CONSTANT) == (b.function is CONSTANT) or a.dtype != b.dtype:
        return None
    if a.function is CONSTANT:
        a, left, b, right = b, right, a, left
    names: dict[int, int] = {}
    for label in (*left, *out):
        names.setdefault(label, len(names))
    if b.size > _MOST or len(set(right)) < len(right) or not set(right) <= set(names):
        return None
    return a, tuple([names[x] for x in left]), b, tuple([names[x] for x in right]), tuple([names[x] for x in out])


def _turned(constant: Node, labels: Labels, order: Labels) -> np.ndarray:
    return constant.args[0].transpose([labels.index(x) for x in order])
