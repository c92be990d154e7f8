"""Products and sums in the body of a loop, grouped so that what does not wait for the step before stands together.

``-(d * s) * t`` with `d` handed on from step to step, and `s` and `t` lists that were made before, is ``d * -(s * t)``:
the second factor is one product of whole arrays, for all steps at once. Likewise ``(W @ h + z) + b`` is
``W @ h + (z + b)``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ...program import Node
from ..rewrites.rewriting import is_number, is_safe
from ..statements import Assign, Statement
from .slots import changed

__all__ = ["Waiting", "grouped"]

_PRODUCT = (np.multiply, np.negative)
_SUM = (np.add, np.subtract, np.negative)


class Waiting(NamedTuple):
    """Which nodes wait for the step before: neither those that are free, nor those that are the same in all steps."""

    is_free: Callable[[Node], bool]
    is_fixed: Callable[[Node], bool]


def grouped(
    body: Sequence[Statement], waiting: Waiting, needed: Sequence[Node]
) -> tuple[list[Statement], dict[int, Node]]:
    """The statements with products and sums grouped, and the nodes that take the place of others.

    Parameters
    ----------
    body : sequence of Statement
    waiting : Waiting
    needed : sequence of Node
        What is read after a step.
    """
    uses = Counter([id(node) for statement in body for node in statement.reads] + [id(node) for node in needed])
    known = {id(s.node) for s in body if type(s) is Assign}
    new: dict[int, Node] = {}

    def now(node: Node) -> Node:
        return new.get(id(node), node)

    result: list[Statement] = []
    for statement in body:
        if type(statement) is Assign and not waiting.is_free(statement.node):
            made: list[Node] = []
            for group in (_Product, _Sum):
                made = made or group(statement.node, known, uses, waiting).made(now)
            if made:
                new[id(statement.node)] = made[-1]
                result += [Assign(node) for node in made]
                continue
        other = changed(statement, now)
        new |= {id(a): b for a, b in zip(statement.makes, other.makes, strict=True) if a is not b}
        result.append(other)
    return result, new


def _is_one_of(node: Node, functions: Sequence[np.ufunc]) -> bool:
    """Whether a call is one of these, of arrays of its own dtype and of numbers."""
    if node.function not in functions or node.kwargs or node.dtype.kind != "f" or node.weak:
        return False
    return all([a.dtype == node.dtype and not a.weak if isinstance(a, Node) else is_number(a) for a in node.args])


class _Product:
    """The factors of a product in groups."""

    functions = _PRODUCT

    def __init__(self, root: Node, known: set[int], uses: Counter, waiting: Waiting) -> None:
        self.root, self.known, self.uses, self.waiting = root, known, uses, waiting
        self.free: list[tuple[Node, bool]] = []
        self.fixed: list[tuple[Node, bool]] = []
        self.bound: list[tuple[Node, bool]] = []
        self.scale = 1.0
        if _is_one_of(root, self.functions):
            self.open(root, False)

    def open(self, node: Node, minus: bool) -> None:
        """Sort the factors of a product."""
        if node.function is np.negative:
            self.scale = -self.scale
        for a in node.args:
            self.take(a, False)

    def take(self, a: Node | float, minus: bool) -> None:
        """Sort an operand, with its sign."""
        if not isinstance(a, Node):
            self.scale *= a
        elif self.waiting.is_free(a):
            self.free.append((a, minus))
        elif self.waiting.is_fixed(a):
            self.fixed.append((a, minus))
        elif self._is_part(a):
            self.open(a, minus)
        else:
            self.bound.append((a, minus))

    def _is_part(self, node: Node) -> bool:
        """Whether the operands of an operand are operands of the whole: it is read only there, or changes a sign."""
        if id(node) not in self.known or node.shape != self.root.shape or not _is_one_of(node, self.functions):
            return False
        return self.uses[id(node)] == 1 or len(node.operands) == 1

    def made(self, now: Callable[[Node], Node]) -> list[Node]:
        """The calls of the groups, the whole last; nothing where that is what it is already."""
        if not self.free or not self.bound or not is_safe(self.scale):
            return []
        if len(self.free) + len(self.fixed) == 1 and self.scale == 1:
            return []
        calls: list[Node] = []
        left = self.together([(now(node), minus) for node, minus in self.bound], calls)
        right = self.together([(now(node), minus) for node, minus in (*self.free, *self.fixed)], calls)
        if self.scale != 1:
            right = self.call(np.multiply, self.scale, right, calls)
        _ = self.call(np.multiply, left, right, calls)
        return calls

    def together(self, parts: Sequence[tuple[Node, bool]], calls: list[Node]) -> Node:
        """A product of arrays."""
        first = parts[0][0]
        for node, _ in parts[1:]:
            first = self.call(np.multiply, first, node, calls)
        return first

    def call(self, ufunc: np.ufunc, a: Node | float, b: Node, calls: list[Node]) -> Node:
        """A call, and a note of it."""
        shape = np.broadcast_shapes(a.shape, b.shape) if isinstance(a, Node) else b.shape
        calls.append(Node(ufunc, (a, b), {}, shape, self.root.dtype, serial=self.root.serial))
        return calls[-1]


class _Sum(_Product):
    """The terms of a sum in groups."""

    functions = _SUM

    def open(self, node: Node, minus: bool) -> None:
        """Sort the terms of a sum."""
        for n, a in enumerate(node.args):
            self.take(a, minus != (node.function is np.negative or (n == 1 and node.function is np.subtract)))

    def take(self, a: Node | float, minus: bool) -> None:
        """Sort a term; numbers stay where they are."""
        if isinstance(a, Node):
            super().take(a, minus)
        else:
            self.scale = 0.0

    def made(self, now: Callable[[Node], Node]) -> list[Node]:
        """The calls of the groups, the whole last; nothing where that is what it is already."""
        aside = [*self.free, *self.fixed]
        if not self.free or not self.bound or len(aside) == 1 or self.scale != 1:
            return []
        calls: list[Node] = []
        terms = []
        for group in (self.bound, aside):
            group = sorted([(now(node), minus) for node, minus in group], key=lambda term: term[1])
            terms.append((self.together(group, calls), group[0][1]))
        (left, minus), (right, less) = sorted(terms, key=lambda term: term[1])
        if minus:
            return []
        _ = self.call(np.subtract if less else np.add, left, right, calls)
        return calls

    def together(self, parts: Sequence[tuple[Node, bool]], calls: list[Node]) -> Node:
        """A sum of arrays, up to the sign of the first one."""
        first, sign = parts[0]
        for node, minus in parts[1:]:
            first = self.call(np.add if minus == sign else np.subtract, first, node, calls)
        return first
