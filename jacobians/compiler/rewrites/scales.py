"""Numbers that arrays are multiplied with, taken to where that costs least.

`algebra` has pulled every number as far as possible towards the result, where it would be multiplied with the largest
arrays. Here each consumer offers its number to one operand, and that one to one of its own: where all consumers of an
array offer the same number, it takes it, and may pass it on; what is refused is multiplied where it was offered. So the
gradients of all weights of a network have their common factor from the first residual, and a product takes it from its
smallest factor. Both sides of a sum take it where that costs less than multiplying the sum. A constant takes a number
for nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...arrays import embed, mirrored, scatter
from ...program import CONSTANT, Node, topological, uses_of
from .gram import weighted_gram
from .rewriting import Builder, is_number, is_safe, split_scale

__all__ = ["placed"]

CALL = 500
"""A call costs about as much as multiplying so many entries."""

LARGE = 4096
"""Entries of a quotient from which on it is looked who else reads it before it takes a number."""

_DEPTH = 6
_MOVES = {np.reshape, np.transpose, np.broadcast_to, np.roll, np.sum, np.take, operator.getitem}
_MOVES |= {embed, scatter, mirrored}
_SUMS = {np.add, np.subtract}
_PRODUCTS = {np.multiply, np.einsum, np.matmul, np.convolve, np.correlate}


class _Offer(NamedTuple):
    """A number for an array; the giver multiplies its own result where it is refused, or is None if it cannot."""

    scale: float
    giver: Node | None


def placed(outputs: Sequence[Node], builder: Builder) -> list[Node]:
    """The outputs of an equal program with every number at its place."""
    placing = _Placing(topological(outputs), outputs)
    return placing.rebuilt(builder) if placing.scaled else list(outputs)


class _Placing:
    """What each array takes, and from where it has been passed on."""

    def __init__(self, nodes: Sequence[Node], outputs: Sequence[Node]) -> None:
        self.nodes, self.outputs = nodes, outputs
        self.scaled: dict[int, tuple[float, Node]] = {}  # by id: numbers times arrays
        for node in nodes:
            if node.function is np.multiply and len(node.operands) == 1:
                scale, base = split_scale(node)
                if base is not node and id(base) not in self.scaled:  # numbers too far apart to be one stay two
                    self.scaled[id(node)] = scale, base
        self.taken: dict[int, float] = {}
        self.receiver: dict[int, int] = {}  # position of the operand to which the number went on
        self.offers: dict[int, list[_Offer]] = {}
        self.wanted: set[int] = set()  # the ids of arrays that someone wants as they are
        uses = uses_of(nodes, ())
        quotients = [node for node in nodes if node.function is np.divide and node.size >= LARGE]
        self.shared = {id(node) for node in quotients if uses[node] > 1}
        if not self.scaled:
            return
        for node in outputs:
            self._want(node)
        for node in reversed(nodes):
            if id(node) not in self.scaled:
                self._settle(node)

    def _want(self, node: Node) -> None:
        found = self.scaled.get(id(node))
        if found is None:
            self.wanted.add(id(node))
        else:
            scale, base = found
            self.offers.setdefault(id(base), []).append(_Offer(1.0 * scale, None))

    def _offer(self, node: Node, offer: _Offer) -> None:
        inner, base = self.scaled.get(id(node), (1, node))
        self.offers.setdefault(id(base), []).append(_Offer(offer.scale * inner, offer.giver))

    def _settle(self, node: Node) -> None:
        offers = self.offers.pop(id(node), None)
        if offers is None:
            for operand in node.operands:
                self._want(operand)
            return
        numbers = {offer.scale for offer in offers}
        if id(node) in self.wanted:
            numbers.add(1.0)
        passed = None
        if len(numbers) == 1 and numbers != {1.0}:
            (scale,) = numbers
            passed, cost = self._receiver(node, scale)
            givers = [offer.giver for offer in offers]
            separate = sum(giver.size + CALL for giver in givers if giver is not None)
            if None in givers or min(cost, node.size + CALL) <= separate:
                self.taken[id(node)] = scale
            else:
                self._refuse(offers, node.size)
        else:
            self._refuse(offers, node.size)
        if passed is None or id(node) not in self.taken:
            for operand in node.operands:
                self._want(operand)
            return
        self.receiver[id(node)] = passed
        sums = node.function in _SUMS
        for position, operand in enumerate(node.args):
            if position == passed or (sums and isinstance(operand, Node)):
                self._offer(operand, _Offer(self.taken[id(node)], node))
            elif isinstance(operand, Node):
                self._want(operand)
        for operand in _nested(node):
            self._want(operand)

    def _receiver(self, node: Node, scale: float) -> tuple[int | None, float]:
        """The position of the operand that the number is offered to, and what it costs there at best."""
        if _takes_freely(node, scale):
            return None, 0
        positions = [n for n in _linear(node) if is_safe(scale * self._number(node.args[n]))]
        costs = [self._cost_at(node, position, scale) for position in positions]
        if node.function in _SUMS:
            both = len(positions) == 2 and sum(costs) < node.size + CALL
            return (0, sum(costs)) if both else (None, float("inf"))
        best = min(costs, default=float("inf"))
        return (positions[costs.index(best)] if positions else None), best

    def _number(self, operand: Node) -> float:
        """The number that an operand is multiplied with already."""
        return self.scaled.get(id(operand), (1, operand))[0]

    def _cost_at(self, node: Node, position: int, scale: float) -> float:
        operand = node.args[position]
        inner, base = self.scaled.get(id(operand), (1, operand))
        known = any(offer.scale == scale * inner for offer in self.offers.get(id(base), ()))
        known |= scale * inner == 1 and id(base) in self.wanted
        return 0 if known else _cost(base, scale, 0 if _is_twice(node, position) else _DEPTH, self.shared)

    def _refuse(self, offers: Sequence[_Offer], size: int) -> None:
        """Let givers that are smaller than `size` multiply by themselves."""
        for _, giver in offers:
            if giver is not None and giver.size < max(size, 1):
                self.receiver.pop(id(giver), None)

    def rebuilt(self, builder: Builder) -> list[Node]:
        """The outputs, each number multiplied where it was taken."""
        plain: dict[int, Node] = {}
        loaded: dict[int, Node] = {}

        def value(node: Node, scale: float = 1.0) -> Node:
            inner, base = self.scaled.get(id(node), (1, node))
            scale *= inner
            if self.taken.get(id(base)) == scale:
                return loaded[id(base)]
            return plain[id(base)] if scale == 1 else builder.scaled(scale, plain[id(base)])

        for node in self.nodes:
            if id(node) in self.scaled:
                continue
            builder.take_place(node)
            scale, receiver = self.taken.get(id(node), 1.0), self.receiver.get(id(node))
            if receiver is None:
                for operand in node.operands:
                    if id(operand) not in plain:
                        plain[id(operand)] = value(operand)
            if receiver is not None:
                sums = node.function in _SUMS  # each addend takes it
                args = tuple(
                    [
                        value(a, scale if n == receiver or sums else 1.0) if isinstance(a, Node) else a
                        for n, a in enumerate(node.args)
                    ]
                )
                loaded[id(node)] = builder.made(node.function, args, node.kwargs, node.shape, node.dtype)
            elif scale == 1:
                plain[id(node)] = builder.remade(node, plain)
            else:
                loaded[id(node)] = _multiplied(builder, scale, node, plain)
        return [value(node) for node in self.outputs]


def _nested(node: Node) -> list[Node]:
    """Operands inside of lists and tuples, and keywords."""
    direct = [a for a in node.args if isinstance(a, Node)]
    rest = list(node.operands)
    for operand in direct:
        rest.remove(operand)
    return rest


def _linear(node: Node) -> list[int]:
    """The positions of arguments in which a call is linear, each by itself."""
    if node.parts is not None or node.dtype.kind not in "fc":
        return []
    if node.function in _PRODUCTS:
        return [n for n, a in enumerate(node.args) if isinstance(a, Node) and _is_scalable(a)]
    if node.function is weighted_gram:
        return [1]
    if node.function in _SUMS:
        return [0, 1] if len(node.operands) == 2 and all([_is_scalable(a) for a in node.args]) else []
    if node.function in _MOVES or (node.function is np.divide and not is_number(node.args[0])):
        return [0] if _is_scalable(node.args[0]) and not _nested(node) else []
    return []


def _is_scalable(value: Any) -> bool:
    return isinstance(value, Node) and not value.weak and value.parts is None and value.dtype.kind in "fc"


def _cost(node: Node, scale: float, depth: int, shared: set[int]) -> float:
    """What it costs at best to multiply a node by a number; a large quotient that is shared is wanted as it is, too."""
    free = _takes_freely(node, scale) and id(node) not in shared
    if node.function is CONSTANT or free or split_scale(node)[1] is not node:
        return 0
    best = node.size + CALL
    if not depth or node.is_leaf:
        return best
    further = [0 if _is_twice(node, n) else depth - 1 for n in range(len(node.args))]
    costs = [1 + _cost(node.args[position], scale, further[position], shared) for position in _linear(node)]
    return min([best, sum(costs)] if node.function in _SUMS and costs else [best, *costs])


def _is_twice(node: Node, position: int) -> bool:
    """Whether an argument is also another one, which does not take the number: ``(2 * x) * x`` needs both arrays."""
    return sum([operand is node.args[position] for operand in node.operands]) > 1


def _takes_freely(node: Node, scale: float) -> bool:
    if node.function is np.divide:
        return is_number(node.args[0])
    return node.function is np.subtract and scale == -1


def _multiplied(builder: Builder, scale: float, node: Node, new: dict[int, Node]) -> Node:
    if node.function is np.subtract and scale == -1:
        a, b = [new[id(a)] if isinstance(a, Node) else a for a in node.args]
        return builder.made(np.subtract, (b, a), {}, node.shape, node.dtype)
    if node.function is np.divide and is_number(node.args[0]):
        return builder.made(np.divide, (node.args[0] * scale, new[id(node.args[1])]), {}, node.shape, node.dtype)
    return builder.scaled(scale, builder.remade(node, new))
