"""Inverses that a program has anyway, and those of triangular matrices.

    np.linalg.solve(A, b), np.linalg.inv(A)      becomes   inverse @ b, inverse
    np.linalg.inv(np.linalg.cholesky(A))         becomes   lower_inverse(np.linalg.cholesky(A))
    np.linalg.inv(A), where that is known        becomes   lower_inverse(L).T @ lower_inverse(L)
    (L * diagonal mask) @ B                      becomes   diagonal[:, None] * B
    0.5 * diagonal / diagonal                    becomes   its smallest entry, which is nan where one is

The slope of a likelihood asks for the inverse of a covariance as well as for solutions with it, and that of a Cholesky
factorisation for the inverse of the factor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...plain import lower_inverse
from ...program import CONSTANT, Node, topological, with_operands
from .contractions import Operand, Product, contracted
from .exchange import is_symmetric
from .rewriting import Builder, is_number, rewritten

__all__ = ["inverted", "with_known_inverses"]

_LEAST = 48
"""Rows from which on the inverse of a triangular matrix is worth a function of its own."""


def inverted(outputs: Sequence[Node], builder: Builder) -> Sequence[Node]:
    """The outputs of an equal program."""
    nodes = topological(outputs)
    if not any([node.function in (np.linalg.inv, np.linalg.cholesky) for node in nodes]):
        return outputs
    inverses = {id(node.args[0]): node for node in nodes if node.function is np.linalg.inv}
    roots = _roots(nodes, inverses)
    diagonals: dict[int, Node] = {}  # by id, the diagonals of what is zero elsewhere

    def change(node: Node, new: dict[int, Node]) -> Node | None:
        if node.function in (np.linalg.solve, np.linalg.inv) and id(node.args[0]) in roots:
            return _by_root(builder, node, roots[id(node.args[0])], new)
        if node.function is np.linalg.inv:
            return _inverse(builder, node, inverses, new)
        if node.function not in (np.multiply, np.transpose, np.einsum):
            return None
        diagonal = _diagonal(builder, node, diagonals, new)
        if diagonal is not None:
            diagonals[id(node)] = diagonal
            return None
        return _scaled(builder, node, diagonals, new) if node.function is np.einsum else None

    return _with_shares(rewritten(outputs, nodes, builder, change), builder)


def with_known_inverses(nodes: Sequence[Node], outputs: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program of these nodes where solutions are products with inverses that it has.

    Nothing else changes.

    Steps that all solve with one matrix stay alike.
    """
    inverses: dict[int, Node | None] = {id(node.args[0]): None for node in nodes if node.function is np.linalg.inv}
    if not inverses or not any([_solved_matrix(node, inverses) is not None for node in nodes]):
        return outputs
    new: dict[int, Node] = {}
    for node in nodes:
        A = node.args[0] if node.function is np.linalg.inv else _solved_matrix(node, inverses)
        if A is None:
            new[id(node)] = node if node.is_leaf else with_operands(node, lambda operand: new[id(operand)])
            continue
        inverse = inverses[id(A)]
        if inverse is None:  # made where it is needed first
            inverse = Node(np.linalg.inv, (new[id(A)],), {}, A.shape, A.dtype, serial=node.serial)
            inverses[id(A)] = inverse
        if node.function is np.linalg.solve:
            if A is not node.args[0]:
                inverse = Node(np.transpose, (inverse, node.args[0].args[1]), {}, A.shape, A.dtype, serial=node.serial)
            args = (inverse, new[id(node.args[1])])
            inverse = Node(np.matmul, args, {}, node.shape, node.dtype, serial=node.serial)
        new[id(node)] = inverse
    return [new[id(node)] for node in outputs]


def _solved_matrix(node: Node, inverses: Mapping[int, Node | None]) -> Node | None:
    """The matrix by whose inverse, or its transpose, a system is solved."""
    if node.function is not np.linalg.solve or node.kwargs or len(node.args) != 2:
        return None
    A, b = node.args
    if not isinstance(A, Node) or not isinstance(b, Node) or A.dtype != node.dtype:
        return None
    return next((matrix for matrix in (A, _turned(A)) if matrix is not None and id(matrix) in inverses), None)


def _turned(node: Node) -> Node | None:
    """The matrices of which a node is the transposed ones."""
    order = (*range(node.ndim - 2), node.ndim - 1, node.ndim - 2)
    return node.args[0] if node.function is np.transpose and node.args[1:] == (order,) else None


def _inverse(builder: Builder, node: Node, inverses: dict[int, Node], new: dict[int, Node]) -> Node | None:
    """The inverse of a triangular matrix, or the transposed one of another inverse."""
    (A,) = node.args
    turned = _turned(A)
    if turned is not None and (_is_lower(turned) or id(turned) in inverses):
        inner = _lower_inverse(builder, turned, new) or builder.call(np.linalg.inv, new[id(turned)])
        return builder.transposed(inner, A.args[1])
    return _lower_inverse(builder, A, new)


def _lower_inverse(builder: Builder, A: Node, new: dict[int, Node]) -> Node | None:
    if not _is_lower(A) or A.ndim != 2 or A.shape[0] < _LEAST:
        return None
    return builder.kept(lower_inverse, (new[id(A)],), {}, A.shape, A.dtype)


def _is_lower(node: Node) -> bool:
    return node.function is np.linalg.cholesky and not any(node.kwargs.values()) and len(node.args) == 1


# ---- factors ---------------------------------------------------------------------------------------------------------


def _roots(nodes: Sequence[Node], inverses: Mapping[int, Node]) -> dict[int, Node]:
    """By the ids of symmetric matrices, and of their transposes, their factors of which a program has the inverse."""
    roots: dict[int, Node] = {}
    for node in nodes:
        if _is_lower(node) and node.ndim == 2 and node.shape[0] >= _LEAST and isinstance(node.args[0], Node):
            known = [id(matrix) for matrix in (node, *_transposes(nodes, node)) if id(matrix) in inverses]
            if known and is_symmetric(node.args[0]):
                roots |= dict.fromkeys(map(id, (node.args[0], *_transposes(nodes, node.args[0]))), node)
    return roots


def _transposes(nodes: Sequence[Node], matrix: Node) -> list[Node]:
    return [node for node in nodes if node.function is np.transpose and node.args[0] is matrix and node.ndim == 2]


def _by_root(builder: Builder, node: Node, root: Node, new: dict[int, Node]) -> Node | None:
    """The inverse of ``L @ L.T``, or a solution by it."""
    if node.kwargs or any([a.dtype != node.dtype for a in node.operands]):
        return None
    (A,) = root.args
    L = builder.made(np.linalg.cholesky, (new[id(A)],), root.kwargs, root.shape, root.dtype)
    known = builder.kept(lower_inverse, (L,), {}, L.shape, L.dtype)
    inverse = builder.call(np.matmul, builder.transposed(known, (1, 0)), known)
    return inverse if node.function is np.linalg.inv else builder.call(np.matmul, inverse, new[id(node.args[1])])


def _with_shares(outputs: Sequence[Node], builder: Builder) -> Sequence[Node]:
    """The outputs of an equal program in which what is one number, or nan, is taken from one entry."""
    nodes = topological(outputs)
    shares = {id(node) for node in nodes if node.ndim == 1 and _is_share(node)}
    if not shares:
        return outputs

    def change(node: Node, new: dict[int, Node]) -> Node | None:
        if id(node) not in shares:
            return None
        return builder.spread(builder.call(np.min, builder.remade(node, new)), node.shape)

    return rewritten(outputs, nodes, builder, change)


# A factor has no zero on its diagonal: where one is infinite, all entries are nan.
def _is_share(node: Node) -> bool:
    """Whether it is the diagonal of a Cholesky factor, divided by itself, times one number: a product with ones."""
    if node.function is not np.multiply or node.kwargs:
        return False
    above, below, others = [], [], []
    waiting = list(node.args)
    while waiting:
        a = waiting.pop()
        if not isinstance(a, Node):
            others.append(a)
        elif a.function is np.multiply and not a.kwargs:
            waiting += a.args
        elif a.function is np.divide and is_number(a.args[0]) and isinstance(a.args[1], Node):
            others.append(a.args[0])
            below.append(a.args[1])
        else:
            above.append(a)
    constants = [a for a in above if a.function is CONSTANT]
    roots = [a.args[0] for a in (*above, *below) if a.function in (np.diag, np.diagonal) and len(a.args) == 1]
    uniform = all([bool((a.args[0] == a.args[0].flat[0]).all()) for a in constants])
    single = len(below) == 1 and len(above) == len(constants) + 1 and len(roots) == 2 and roots[0] is roots[1]
    return single and uniform and all(map(is_number, others)) and _is_lower(roots[0]) and roots[0].ndim == 2


# ---- diagonals -------------------------------------------------------------------------------------------------------


def _diagonal(builder: Builder, node: Node, diagonals: dict[int, Node], new: dict[int, Node]) -> Node | None:
    """The diagonal of a matrix that is zero elsewhere: of what is below and above it at once, and of its multiples."""
    if node.ndim != 2 or node.dtype.kind not in "fc" or node.kwargs:
        return None
    if node.function is np.transpose:
        return diagonals.get(id(node.args[0]))
    if node.function is np.multiply:
        for a, b in (node.args, node.args[::-1]):
            if is_number(a) and id(b) in diagonals:
                return builder.scaled(a, diagonals[id(b)])
            both = isinstance(a, Node) and isinstance(b, Node) and a.shape == b.shape
            if both and _is_lower(a) and b.function is CONSTANT and not np.tril(b.args[0], -1).any():
                weights = builder.constant(np.ascontiguousarray(np.diagonal(b.args[0])))
                return builder.call(np.multiply, builder.call(np.diagonal, new[id(a)]), weights)
        return None
    if len(node.args) != 5:
        return None
    a, left, b, right, out = node.args
    for vector, one, matrix, labels in ((a, left, b, right), (b, right, a, left)):
        if id(matrix) in diagonals and vector.ndim == 1 and one[0] in labels and {*labels} == {*out}:
            return builder.call(np.multiply, new[id(vector)], diagonals[id(matrix)])
    return None


def _scaled(builder: Builder, node: Node, diagonals: dict[int, Node], new: dict[int, Node]) -> Node | None:
    """A product with a diagonal matrix of which one label is summed."""
    if len(node.args) != 5 or node.kwargs:
        return None
    a, left, b, right, out = node.args
    for matrix, labels, other, own in ((a, left, b, right), (b, right, a, left)):
        diagonal = diagonals.get(id(matrix))
        gone = [x for x in labels if x not in out]
        if diagonal is None or len(gone) != 1 or gone[0] not in own or len({*labels}) < 2 or {*labels} <= {*own}:
            continue
        (kept,) = [x for x in labels if x != gone[0]]
        sizes = dict(zip((*labels, *own), (*matrix.shape, *other.shape), strict=True))
        renamed = tuple([kept if x == gone[0] else x for x in own])
        factors = (Operand(diagonal, (kept,)), Operand(new[id(other)], renamed))
        return contracted(builder, Product(1.0, factors, out, sizes), node.shape, node.dtype)
    return None
