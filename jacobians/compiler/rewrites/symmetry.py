"""Symmetric matrices: what is so exactly is left as it is, and of a large product only half is computed.

A Hessian is recorded as `mirrored`. Where the program tells that both triangles are computed in the same way (a matrix
times its own transpose, diagonals, outer products) nothing is done; a large product becomes a `symmetric_product`; what
is left is mirrored in place, and products in it are computed in their upper triangle alone. What is not returned may
differ by rounding, and is not mirrored at all.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import embed, mirrored, scatter
from ...plain import symmetric_product
from ...program import CONSTANT, Node, topological, uses_of
from .exchange import is_symmetric
from .gram import weighted_gram
from .rewriting import Builder, is_number, rebuilt, rewritten

__all__ = ["symmetrised", "without_needless"]

LEAST = 130
"""Rows from which on half of a product is computed: see `contract.matrices`."""

LONG = 128
"""Terms of each sum from which on that pays for a part of what is mirrored anyway: copying costs as much as 64."""

_THROUGH = {
    *(np.reshape, np.transpose, np.concatenate, np.copy, np.broadcast_to, np.astype, operator.getitem, embed, scatter),
    *(np.add, np.subtract, np.multiply, np.negative, np.divide, mirrored),
}
_FRESH = {np.einsum, np.dot, embed, scatter, np.sum, weighted_gram}


def without_needless(outputs: Sequence[Node], builder: Builder) -> list[Node]:
    """The outputs of an equal program that mirrors only what is returned."""
    nodes = topological(outputs)
    if not any([node.function is mirrored for node in nodes]):
        return list(outputs)
    returned = {id(node) for node in outputs}
    for node in reversed(nodes):
        if id(node) in returned and node.function in _THROUGH:
            returned.update(map(id, node.operands))

    def change(node: Node, new: dict[int, Node]) -> Node | None:
        return new[id(node.args[0])] if node.function is mirrored and id(node) not in returned else None

    return rewritten(outputs, nodes, builder, change)


def symmetrised(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program whose symmetric matrices are so exactly; `nodes` are all that they need."""
    if not any([node.function is mirrored for node in nodes]):
        return outputs
    outputs = rebuilt(outputs, Builder({}))  # equal calls are one: only then is it known who reads a result
    nodes = topological(outputs)
    uses = uses_of(nodes, outputs)
    builder = Builder({})

    def change(node: Node, new: dict[int, Node]) -> Node | None:
        if node.function is not mirrored:
            return None
        positions = tuple([new[id(operand)] for operand in node.args[1:]])
        return _Halving(builder, new, uses).made(node.args[0], positions)

    return rewritten(outputs, nodes, builder, change)


class _Halving:
    """How one matrix, or several in the last two axes, become symmetric."""

    def __init__(self, builder: Builder, new: dict[int, Node], uses: Counter[Node]) -> None:
        self.builder, self.new, self.uses = builder, new, uses

    def made(self, node: Node, positions: tuple[Node, ...]) -> Node:
        """The exact form of a node that is symmetric but for rounding; off the diagonal, zero but at some positions."""
        found = self._exact(node)
        if found is not None:
            return found
        if node.function is CONSTANT:
            return self.builder.constant(mirrored(node.args[0]))
        own = self._upper(node)
        if not self._is_own(node):
            own = self.builder.kept(np.copy, (own,), {}, node.shape, node.dtype)
        return self.builder.made(mirrored, (own, *positions), {}, node.shape, node.dtype)

    def _exact(self, node: Node) -> Node | None:
        """The same where no pass over it is needed."""
        if is_symmetric(node):
            return self.new[id(node)]
        if self.uses[node] > 1:
            return None
        function, build = node.function, self.builder
        if function is np.transpose and node.args[1] == (1, 0):
            return self._exact(node.args[0])
        if function is np.astype:
            found = self._exact(node.args[0])
            return found and build.made(function, (found, *node.args[1:]), node.kwargs, node.shape, node.dtype)
        if function in (np.matmul, np.dot) and _is_large(node):
            left, right = [self.new[id(operand)] for operand in node.args]
            return build.made(symmetric_product, (left, right), {}, node.shape, node.dtype)
        if function in (np.add, np.subtract, np.multiply, np.divide) and len(node.args) == 2:
            # What is symmetric together with something symmetric is so alone.
            rest = [not isinstance(a, Node) or a.ndim == 0 or _is_known(a, node) for a in node.args]
            scale = node.args[rest.index(True)] if True in rest else node
            if rest.count(False) == 1 and (function in (np.add, np.subtract) or _is_scalar(scale)):
                part = node.args[rest.index(False)]
                found = self._exact(part) if part.shape == node.shape else None
                if found is not None:
                    args = [found if a is part else self.new[id(a)] if isinstance(a, Node) else a for a in node.args]
                    return build.made(function, tuple(args), node.kwargs, node.shape, node.dtype)
        return None

    def _upper(self, node: Node) -> Node:
        """The node, or one with the same upper triangle: entry by entry, that needs no other part of a product."""
        if self.uses[node] > 1 or node.kwargs:
            return self.new[id(node)]
        function, build = node.function, self.builder
        if function in (np.matmul, np.dot) and _is_large(node) and node.args[0].shape[1] >= LONG:
            left, right = [self.new[id(operand)] for operand in node.args]
            return build.made(symmetric_product, (left, right), {}, node.shape, node.dtype)
        if node.is_elementwise and node.ndim == 2:
            args = [a if not isinstance(a, Node) else self._of_upper(a, node) for a in node.args]
            return build.made(function, tuple(args), {}, node.shape, node.dtype)
        return self.new[id(node)]

    def _of_upper(self, operand: Node, node: Node) -> Node:
        return self._upper(operand) if operand.shape == node.shape else self.new[id(operand)]

    def _is_own(self, node: Node) -> bool:
        """Whether an array lies in memory that nothing else reads."""
        while node.function in (np.reshape, np.transpose, operator.getitem) and self.uses[node] == 1:
            node = node.args[0]
        fresh = isinstance(node.function, np.ufunc) or node.function in _FRESH
        is_view = node.function is np.einsum and len(node.operands) == 1
        return self.uses[node] == 1 and fresh and not is_view


def _is_scalar(value: Any) -> bool:
    return is_number(value) or (isinstance(value, Node) and value.ndim == 0)


def _is_known(operand: Node, node: Node) -> bool:
    return operand.shape == node.shape and is_symmetric(operand)


def _is_large(node: Node) -> bool:
    """Whether it is one product of matrices of which half is worth computing alone."""
    return node.ndim == 2 and node.shape[0] >= LEAST and all([operand.ndim == 2 for operand in node.operands])
