"""Contractions as direct calls: products with axes inserted, `matmul`, `matvec`, `vecdot`, sums.

No large array is copied where that can be avoided. `orders` goes from the results back to the inputs and asks of every
contraction for the order of its axes in memory that its consumer reads without a copy; `lowered` then goes forward,
reads each operand in the order that it has, and lets a transposed view stand for another order.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ...program import CONSTANT, Node
from . import associated, functions, moves, picking, short, turned
from .addends import addends, readdressed
from .gram import weighted_gram
from .memory import Memory, matrix
from .rewriting import Builder, Rule, is_number
from .spreading import agreed, in_rows, spread_out

__all__ = ["lowered"]

Labels = tuple[int, ...]

DOT_LIMIT = 100_000
"""Multiply-adds below which `dot` is called for its lower overhead: 0.4 against 0.8 microseconds."""

MATVEC_LIMITS = 64, 500
"""Entries of each matrix below which, and multiply-adds of all above which, einsum's loop is faster than `matvec`:
20,000 of 3 x 3 take 324 against 679, 2,000 of 8 x 8 92 against 99 microseconds, but 3 of 3 x 3 2.0 against 0.9."""

RUN = 16
"""Entries that lie together from which on einsum's loop goes along them: the columns of 1000 x 1000 meet those of
another matrix in 0.5 against 8.8 milliseconds, but those of 10,000 x 3 in 47 against 16 microseconds."""

_MORE = 4  # times as many entries must be computed by who likes another order than the last reader does


def lowered(outputs: Sequence[Node], nodes: Sequence[Node]) -> list[Node]:
    """The outputs of an equal program without einsums of two operands, but for those that are fastest.

    The nodes are all that the outputs need, operands first.
    """
    added = addends(nodes)
    wanted = _orders(nodes) | {id(values): order for values, order in added.values()}
    memory = Memory()
    builder = Builder(_FINAL | functions.of_scipy())
    new: dict[int, Node] = {}
    made: dict[frozenset[int], Node] = {}  # products of two arrays, entry by entry
    for node in nodes:
        if node.function is np.einsum and _is_pair(node):
            builder.take_place(node)
            a, left, b, right, out = node.args
            whole = made.get(frozenset((id(a), id(b)))) if left == right else None
            if whole is not None and left[memory.order(new[id(whole)])[-1]] in out:
                new[id(node)] = _summed(builder, new[id(whole)], left, out)
                continue
            order = wanted.get(id(node)) or _natural(memory, (new[id(a)], left), (new[id(b)], right), out)
            pair = _Pair((new[id(a)], left), (new[id(b)], right), out, order)
            new[id(node)] = pair.lowered(builder, memory, node)
        elif id(node) in added:
            new[id(node)] = readdressed(builder, node, *added[id(node)], new)
        else:
            order = wanted.get(id(node))
            spread = None if order is None else spread_out(builder, node, new, order)
            spread = agreed(builder, memory, node, new) if spread is None else spread
            new[id(node)] = builder.remade(node, new) if spread is None else spread
            if node.function is np.multiply and len(node.operands) == 2:
                made[frozenset(map(id, node.operands))] = node
    return [new[id(node)] for node in outputs]


def _summed(builder: Builder, product: Node, labels: Labels, out: Labels) -> Node:
    """The sum of a product that the program has anyway."""
    kept = [x for x in labels if x in out]
    total = builder.call(np.sum, product, axis=tuple([n for n, x in enumerate(labels) if x not in out]))
    return builder.transposed(total, tuple([kept.index(x) for x in out]))


def _is_pair(node: Node) -> bool:
    return node.function is np.einsum and len(node.args) == 5 and node.dtype.kind in "fc" and not node.kwargs


def _natural(memory: Memory, left: tuple[Node, Labels], right: tuple[Node, Labels], out: Labels) -> Labels:
    """The order of the axes of a result that nobody asks for in another one: that of a factor that has all of them."""
    for node, labels in (left, right):
        if len(labels) == len(out):
            order = [labels[n] for n in memory.order(node)]
            if set(order) == set(out):
                return tuple([out.index(x) for x in order])
    return tuple(range(len(out)))


# ---- the orders that consumers ask for -------------------------------------------------------------------------------


def _orders(nodes: Sequence[Node]) -> dict[int, Labels]:
    """For the nodes of which one is asked for: the axes, from the slowest in memory to the fastest.

    A contraction that would copy an operand in its own order must be obeyed; others would like to have C order.
    """
    needed: dict[int, Labels] = {}
    liked: dict[int, tuple[int, Labels]] = {}  # with the entries for which it is of use

    def ask(operand: Node, order: Labels, size: int, must: bool) -> None:
        if must:
            needed.setdefault(id(operand), order)
        elif id(operand) not in liked or (operand.ndim == 2 and size >= _MORE * liked[id(operand)][0]):
            liked[id(operand)] = size, order

    for node in reversed(nodes):
        function, shape = node.function, node.shape
        size, order = liked.get(id(node), (0, tuple(range(len(shape)))))
        must = id(node) in needed
        order = needed.get(id(node), order)
        if _is_pair(node):
            for operand, reading, must in _asked(node, order):
                ask(operand, reading, node.size, must)
        elif function is np.transpose:
            ask(node.args[0], tuple([node.args[1][n] for n in order]), size, must)
        elif node.is_elementwise:
            for operand in node.operands:
                if operand.shape == shape:
                    ask(operand, order, max(size, node.size), must)
        elif function is not weighted_gram:  # which reads a matrix as it lies
            for operand in node.operands:
                ask(operand, tuple(range(len(operand.shape))), operand.size, False)
    return {name: order for name, (_, order) in liked.items()} | needed


def _asked(node: Node, order: Labels) -> list[tuple[Node, Labels, bool]]:
    """The order in which a contraction reads each operand of three axes or more best, and whether it copies others."""
    a, left, b, right, out = node.args
    result = [out[n] for n in order]
    summed = [x for x in left if x in right and x not in out]
    if b.is_leaf and not a.is_leaf:
        summed = [x for x in right if x in summed]
    answers = []
    for operand, labels, others in ((a, left, right), (b, right, left)):
        if operand.ndim > 2 or not summed:
            batch = [x for x in result if x in labels and x in others and summed]
            free = [x for x in result if x in labels and x not in batch]
            ends = (*free, *summed)
            must = not _lie_together(labels, (*[(x,) for x in batch], free, summed))
            vector = not [x for x in result if x in others and x not in labels]
            if summed and batch and free and (vector or must):
                # The longer side lies together: so a vector meets it, and what is computed entry by entry.
                length = [prod([operand.shape[labels.index(x)] for x in group]) for group in (free, summed)]
                ends = (*summed, *free) if length[0] > length[1] else ends
            elif not must:  # as it is: another order would be a copy where what makes it has no choice
                ends = tuple([x for x in labels if x not in batch])
            answers.append((operand, tuple([labels.index(x) for x in (*batch, *ends)]), must))
    return answers


def _lie_together(labels: Labels, groups: Sequence[Sequence[int]]) -> bool:
    """Whether each group, in its order, is a run of the labels, the last two groups at the end."""
    *batch, rows, columns = groups
    return labels in (
        tuple([x for group in (*batch, rows, columns) for x in group]),
        tuple([x for group in (*batch, columns, rows) for x in group]),
    )


# ---- pairs -----------------------------------------------------------------------------------------------------------


class _Pair:
    """One contraction of two arrays that are nodes already."""

    def __init__(self, a: tuple[Node, Labels], b: tuple[Node, Labels], out: Labels, order: Labels) -> None:
        self.a, self.b, self.out = a, b, out
        self.sizes = {x: n for node, labels in (a, b) for x, n in zip(labels, node.shape, strict=True)}
        self.result = tuple([out[n] for n in order])
        left, right = a[1], b[1]
        self.summed = tuple([x for x in left if x in right and x not in out])
        self.batch = tuple([x for x in self.result if x in left and x in right])
        self.rows = tuple([x for x in self.result if x not in right])
        self.columns = tuple([x for x in self.result if x not in left])

    def size(self, labels: Sequence[int]) -> int:
        return prod([self.sizes[x] for x in labels])

    def lowered(self, builder: Builder, memory: Memory, node: Node) -> Node:
        """The calls that compute the node."""
        if not self.summed:
            made, labels = self._product(builder, memory), self.result
        elif not self.rows and not self.columns and self.batch:
            made, labels = self._inner(builder, memory, node)
        elif self.batch and not (self.rows and self.columns) and self._is_tiny():
            made, labels = node, self.out
            args = (self.a[0], self.a[1], self.b[0], self.b[1], self.out)
            made = builder.kept(np.einsum, args, {}, node.shape, node.dtype)
        else:
            made, labels = self._matmul(builder, memory, node)
        return builder.transposed(made, tuple([labels.index(x) for x in self.out]))

    def _is_tiny(self) -> bool:
        entries = self.size((*self.rows, *self.columns, *self.summed))
        return entries < MATVEC_LIMITS[0] and entries * self.size(self.batch) > MATVEC_LIMITS[1]

    def _product(self, builder: Builder, memory: Memory) -> Node:
        """Written once, in the order that is asked for."""
        operands = [_spread(builder, memory, *operand, self.result) for operand in (self.a, self.b)]
        return builder.call(np.multiply, *operands)

    def _inner(self, builder: Builder, memory: Memory, node: Node) -> tuple[Node, Labels]:
        """Inner products, one for each index of the batch."""
        if self._lies_along_batch(memory):
            args = (self.a[0], self.a[1], self.b[0], self.b[1], self.result)
            shape = tuple([self.sizes[x] for x in self.result])
            return builder.kept(np.einsum, args, {}, shape, node.dtype), self.result
        groups = (*[(x,) for x in self.batch], self._summed_order(memory))
        flat = [matrix(builder, memory, *operand, groups) for operand in (self.a, self.b)]
        shape = tuple([self.sizes[x] for x in self.batch])
        if node.dtype.kind == "c":
            numbers = tuple(range(len(groups)))
            args = (flat[0], numbers, flat[1], numbers, numbers[:-1])
            return builder.kept(np.einsum, args, {}, shape, node.dtype), self.batch
        return builder.kept(np.vecdot, tuple(flat), {}, shape, node.dtype), self.batch

    def _lies_along_batch(self, memory: Memory) -> bool:
        """Whether what is summed is far apart in memory, and long runs of the batch lie together."""
        last = {labels[memory.order(node)[-1]] for node, labels in (self.a, self.b)}
        if len(last) != 1:
            return False
        (label,) = last
        return label in self.batch and self.sizes[label] >= RUN and self.size((*self.batch, *self.summed)) >= 1000

    def _summed_order(self, memory: Memory) -> Labels:
        """The order in which the larger factor has the labels that are summed."""
        if len(self.summed) < 2:
            return self.summed
        larger = max((self.a, self.b), key=lambda operand: (operand[0].size, not operand[0].is_leaf))
        return tuple([larger[1][n] for n in memory.order(larger[0]) if larger[1][n] in self.summed])

    def _matmul(self, builder: Builder, memory: Memory, node: Node) -> tuple[Node, Labels]:
        """A product of matrices or of a matrix and a vector, one for each index of the batch."""
        left, right, rows, columns = self.a, self.b, self.rows, self.columns
        if not rows or (columns and self.result[-1] in rows):
            left, right, rows, columns = right, left, columns, rows
        if not self.batch and rows and columns:
            self.batch = self._promoted(memory, left, rows) or self._promoted(memory, right, columns)
            rows = tuple([x for x in rows if x not in self.batch])
            columns = tuple([x for x in columns if x not in self.batch])
        summed = self._summed_order(memory)
        rows, columns = _read(memory, left, rows), _read(memory, right, columns)
        first = matrix(builder, memory, *left, (*self._batch_of(left), *((rows,) if rows else ()), summed))
        second = matrix(builder, memory, *right, (*self._batch_of(right), summed, *((columns,) if columns else ())))
        labels = (*self.batch, *rows, *columns)
        shape = tuple([self.sizes[x] for x in self.batch])
        shape += tuple([self.size(group) for group in (rows, columns) if group])
        if self.batch and not columns:
            made = builder.kept(np.matvec, (first, second), {}, shape, node.dtype)
        else:
            small = not self.batch and self.size((*rows, *columns, *summed)) < DOT_LIMIT
            if not columns and rows and right[0].ndim == len(summed) and _is_transposed(first):
                # A vector from the left reads the rows of the matrix as they are.
                first, second = second, first.args[0]
            made = builder.kept(np.dot if small else np.matmul, (first, second), {}, shape, node.dtype)
        return builder.reshaped(made, tuple([self.sizes[x] for x in labels])), labels

    def _batch_of(self, operand: tuple[Node, Labels]) -> list[Labels]:
        return [(x,) for x in self.batch if x in operand[1]]

    def _promoted(self, memory: Memory, operand: tuple[Node, Labels], free: Labels) -> Labels:
        """The first labels of an operand in memory, if what is left is a matrix in each and the whole is not one.

        The other operand meets each of these matrices, and none is copied.
        """
        if operand[0].function is CONSTANT:  # it is copied once for all
            return ()
        if operand[0].ndim <= 2:
            return ()
        order = [operand[1][n] for n in memory.order(operand[0])]
        for count in range(len(free)):
            rest = order[count:]
            inner = [x for x in rest if x in free]
            outer = [x for x in rest if x in self.summed]
            if rest in (inner + outer, outer + inner):
                return tuple(order[:count])
            if order[count] not in free:
                break
        return ()


def _is_transposed(node: Node) -> bool:
    return node.function is np.transpose and node.args[1] == (1, 0)


def _read(memory: Memory, operand: tuple[Node, Labels], group: Labels) -> Labels:
    """The labels of a group in the order in which the operand has them in memory."""
    node, labels = operand
    return group if len(group) < 2 else tuple([labels[n] for n in memory.order(node) if labels[n] in group])


def _spread(builder: Builder, memory: Memory, node: Node, labels: Labels, result: Labels) -> Node:
    """A view whose axes meet those of the result when it is broadcast; a copy of what lies by short rows."""
    carried = tuple([x for x in result if x in labels])
    node = in_rows(builder, memory, builder.transposed(node, tuple([labels.index(x) for x in carried])))
    if not carried:
        return node
    # Axes in front come by broadcasting.
    trailing = result[result.index(carried[0]) :]
    index = tuple([slice(None) if x in labels else None for x in trailing])
    return node if None not in index else builder.call(operator.getitem, node, index)


# ---- the last simplifications ----------------------------------------------------------------------------------------


def _number_times(builder: Builder, node: Node) -> Node | None:
    number, x = node.args
    if not is_number(number):
        number, x = x, number
    if not is_number(number) or not isinstance(x, Node) or x.weak or x.dtype.kind not in "fc":
        return None
    if number == -1:
        return builder.call(np.negative, x)
    if number == 2:
        return builder.call(np.add, x, x)
    if not x.ndim and x.function is np.divide and is_number(x.args[0]) and x.args[0] == 1:
        return builder.call(np.divide, number, x.args[1])
    return None


def _one_axis(builder: Builder, node: Node) -> Node | None:
    axis = node.kwargs.get("axis")
    return builder.call(np.sum, node.args[0], axis=axis[0]) if type(axis) is tuple and len(axis) == 1 else None


def _of_sums(builder: Builder, node: Node) -> Node | None:
    """The difference of two sums over the same axes, where the difference of what is summed is there anyway."""
    a, b = node.args
    if not (isinstance(a, Node) and isinstance(b, Node)) or a.function is not np.sum or b.function is not np.sum:
        return None
    if len(a.args) != 1 or len(b.args) != 1 or a.kwargs != b.kwargs or node.kwargs or node.dtype.kind not in "fc":
        return None
    whole = builder.known(node.function, a.args[0], b.args[0])
    same = whole is not None and whole.shape == a.args[0].shape == b.args[0].shape
    return builder.call(np.sum, whole, **a.kwargs) if same else None


def _axes_added(builder: Builder, node: Node) -> Node | None:
    """New axes by an index, which costs less than a reshape; a number takes no index."""
    a, shape = node.args[0], node.shape
    if not a.ndim:
        return None
    index: list[slice | None] = []
    waiting = list(a.shape)
    for size in shape:
        if waiting and size == waiting[0]:
            index.append(slice(None))
            waiting.pop(0)
        elif size == 1:
            index.append(None)
        else:
            return None
    if waiting or None not in index:
        return None
    return builder.call(operator.getitem, a, tuple(index))


_FINAL: dict[Any, Sequence[Rule]] = {
    **{ufunc: (moves.moves_out,) for ufunc in moves.ELEMENTWISE},
    np.multiply: (_number_times, moves.moves_out),
    np.add: (*associated.FINAL[np.add], _of_sums, moves.moves_out),
    np.subtract: (_of_sums, moves.moves_out),
    **functions.FINAL,
    **turned.FINAL,
    **short.FINAL,
    **picking.FINAL,
    np.sum: (*short.FINAL[np.sum], _one_axis),
    np.transpose: moves.RULES[np.transpose],
    np.reshape: (*short.FINAL[np.reshape], *moves.RULES[np.reshape], _axes_added),
}
