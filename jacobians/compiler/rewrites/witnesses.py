"""What is not finite stays so: whether what is kept of a sum is nan or infinite wherever what is left out would be.

Sums, products and moves hand on what is not finite in any of their operands, so that a term may be left out where
another is made of the same arrays, with the same labels. A `Need` is an array that a term is made of; `found_in` looks
for it among the factors of the terms that are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...program import CONSTANT, Node
from .opening import Labels
from .rewriting import is_number

__all__ = ["Need", "Powers", "found_in", "is_finite", "moved", "needs_of"]

Powers = Mapping[tuple[Node, Labels], int]


_LOOKED_AT = 2**20
"""Entries of a constant that is looked at."""

_MODERATE = 1e15
"""Constants below it are no reason why a product of a few numbers is infinite."""

_COUNTING = {np.astype, np.reshape, np.transpose, np.broadcast_to, np.sum}


class Need(NamedTuple):
    """An array that a result is made of, and which axis of the result each of its axes is; None where all entries are.

    Axes are counted from the last, -1, as broadcasting does. `below` tells that it is divided by.
    """

    node: Node
    axes: tuple[int | None, ...]
    below: bool


def needs_of(terms: Iterable[Powers], labels: Labels) -> list[Need]:
    """What sums of products with these labels of the result are made of."""
    place = {label: n - len(labels) for n, label in enumerate(labels) if label is not None}
    found = [
        Need(node, tuple([None if x is None else place.get(x) for x in own]), power < 0)
        for powers in terms
        for (node, own), power in powers.items()
        if not (is_positive(node) if power < 0 else is_finite(node))
    ]
    return list(dict.fromkeys(found))


def moved(needs: Iterable[Need], node: Node, operand: Node, names: tuple[Labels, Labels] | None = None) -> list[Need]:
    """What a product, a sum or a move of an operand needs, given what the operand does.

    Parameters
    ----------
    needs : iterable of Need
        Of the operand.
    node, operand : Node
    names : tuple of labels of the operand and of the result, optional
        Of an einsum.
    """
    ndim = operand.ndim
    to: dict[int, int | None] = {n - ndim: None for n in range(ndim)}
    if names is not None:
        own, out = names
        to = {n - ndim: out.index(x) - len(out) if x in out else None for n, x in enumerate(own)}
    elif node.function is np.transpose:
        to = {axis - ndim: n - ndim for n, axis in enumerate(node.args[1])}
    elif node.function is np.reshape:
        long = iter([n - node.ndim for n, size in enumerate(node.shape) if size != 1])
        if [n for n in node.shape if n != 1] == [n for n in operand.shape if n != 1]:
            to = {n - ndim: next(long) for n, size in enumerate(operand.shape) if size != 1}
    elif node.function is np.sum:
        gone = normalize_axis_tuple(node.kwargs.get("axis", tuple(range(ndim))) or (), ndim)
        kept = [n for n in range(ndim) if n not in gone]
        to.update({n - ndim: k - len(kept) for k, n in enumerate(kept)} if node.ndim == len(kept) else {})
    else:
        to = {n - ndim: n - ndim for n in range(ndim)}
    return [Need(x, tuple([None if n is None else to.get(n) for n in axes]), below) for x, axes, below in needs]


def is_finite(node: Node) -> bool:
    """Whether an array is finite whatever the arguments are: truth values, integers, sums of them, shares of these."""
    if node.dtype.kind in "biu":
        return True
    if node.function is CONSTANT:
        return node.size <= _LOOKED_AT and bool((np.abs(node.args[0]) < _MODERATE).all())
    if node.function in _COUNTING:
        return is_finite(node.args[0])
    if node.function in (np.multiply, np.einsum):  # of numbers that count, or that are at most one
        return all([is_finite(operand) for operand in node.operands])
    if node.function is not np.divide:
        return is_positive(node)
    above, below = node.args
    return (is_finite(above) if isinstance(above, Node) else is_number(above)) and is_positive(below)


def is_positive(node: Any) -> bool:
    """Whether an array is finite and at least one, whatever the arguments are: what a finite one may be divided by."""
    if not isinstance(node, Node):
        return False
    if node.function in (np.reshape, np.transpose):
        return is_positive(node.args[0])
    if node.function is not np.maximum or not isinstance(node.args[0], Node):
        return False
    return is_number(node.args[1]) and node.args[1] >= 1 and is_finite(node.args[0])


def found_in(needs: Sequence[Need], terms: Sequence[Powers], labels: Labels) -> bool:
    """Whether the sum of these terms is not finite wherever one of the needs makes its product so.

    The entries of a sum that is divided by may be found in it: if one is nan, so is the sum. If one is infinite, it has
    to be among the factors itself, where the result shows it.
    """
    place = {n - len(labels): label for n, label in enumerate(labels)}
    factors = [(factor, power < 0) for powers in terms for factor, power in powers.items()]
    for node, axes, below in needs:
        wanted = [None if n is None else place.get(n) for n in axes]
        same = [own for (other, own), under in factors if other is node and under is below]
        if any([_covers(own, wanted, place) for own in same]):
            continue
        if not same or not any([_sums(other, own, node, wanted, place) for (other, own), under in factors if under]):
            return False
    return True


def _covers(own: Labels, wanted: Sequence[int | None], place: Mapping[int, int | None]) -> bool:
    """Whether an entry of the result is made of all the entries that are wanted, and maybe more."""
    out = {label for label in place.values() if label is not None}
    return all([x not in out or x == label for x, label in zip(own, wanted, strict=True)])


def _sums(total: Node, own: Labels, node: Node, wanted: Sequence[int | None], place: Mapping[int, int | None]) -> bool:
    """Whether a factor is the sum of a node, over axes of which all entries are wanted."""
    if total.function is not np.sum or total.args[0] is not node or set(total.kwargs) != {"axis"}:
        return False
    gone = normalize_axis_tuple(total.kwargs["axis"], node.ndim)
    return _covers(own, [x for n, x in enumerate(wanted) if n not in gone], place)
