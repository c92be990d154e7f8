"""What of a loop does not wait for the step before: what depends on lists, tables and counters alone."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...program import CONSTANT, INPUT, Node, walk
from ..arithmetic import is_arithmetic
from ..statements import Assign, Statement
from .loop import Loop
from .order import Accumulate
from .slots import changed
from .stacking import call, reshaped, stacked

__all__ = [
    "Ahead",
    "Arrays",
    "Field",
    "Product",
    "all_products",
    "called",
    "entry",
    "is_small",
    "product_of",
]

_SMALL = 1024  # entries of an array from which on a call is worth its overhead
_BYTES = 2**24  # of an array of all steps

Field = tuple[int, int]


class Product(NamedTuple):
    """A large product of small factors: the arrays of all steps for these, or what is the same in all steps (False).

    Each product has a shape, and may have been reshaped.
    """

    factors: list[tuple[Node, bool]]
    shape: tuple[int, ...]
    reshaped: tuple[int, ...]


class Arrays:
    """The arrays of all steps, for all loops of a program.

    Attributes
    ----------
    fields : dict of Field to Node
        For a list that a loop keeps, by its id and the place in its tuples: the array of all steps.
    rows : dict of int to Node
        By the id of an array that the steps of a loop are written into: what is written.
    products : dict of Field to Product
        Those of which there is no such array.
    wanted : set of int
        The ids of the arrays that are needed.
    likely : set of int
        Of those that are known to be, while the loops are looked at one after the other.
    whole : set of int
        The ids of lists of numbers that calls take as they are.
    """

    def __init__(self) -> None:
        self.products: dict[Field, Product] = {}
        self.fields: dict[Field, Node] = {}
        self.rows: dict[int, Node] = {}
        self.wanted: set[int] = set()
        self.likely: set[int] = set()
        self.whole: set[int] = set()

    def waits(self, array: Node | None) -> bool:
        """Whether an array is written by the steps of a loop, and nothing that is known so far needs it."""
        return id(array) in self.rows and id(array) not in self.likely

    def has(self, key: Field) -> bool:
        """Whether an entry of a list can be had without the list."""
        return key in self.products or self.of(key) is not None

    def of(self, key: Field) -> Node | None:
        """The array of all steps for an entry of a list, if it is one or will be one for another reason."""
        array = self.fields.get(key)
        return array if array is not None and (id(array) not in self.rows or id(array) in self.wanted) else None


class Ahead:
    """A loop, and the arrays of all steps for what can be computed before it.

    Attributes
    ----------
    arrays : Arrays
    old : Loop
    steps : int
    inside : set of int
        The ids of what differs from step to step.
    many : dict of int to Node
        The arrays of all steps.
    factors : list of (Node, Node)
        What products are made of again, with the arrays of all steps.
    fixed : list of Assign
        What is the same in all steps.
    body : list of Statement
    now : dict of int to Node
        What takes the place of nodes of the body.
    numbers : bool
        Whether the steps compute with single numbers, as floats.
    """

    def __init__(self, arrays: Arrays, old: Loop) -> None:
        self.arrays, self.old, self.steps = arrays, old, old.count
        self.many: dict[int, Node] = {}
        self.factors: list[tuple[Node, Node]] = []
        self.now: dict[int, Node] = {}
        self.body: list[Statement] = self._multiplied()
        self.inside = {id(node) for statement in self.body for node in statement.makes}
        self.inside |= {id(c.inside) for c in (*old.carried, *old.counters)}
        self.inside |= {id(node) for element in old.elements for node in element.inside}
        self.inside |= {id(node) for node, _ in self.factors}
        self.fixed: list[Assign] = []
        self.body = self.varying()
        self.numbers = all([is_number_step(statement) for statement in self.body])
        self._read_lists()
        self.take(self.body)

    def varying(self) -> list[Statement]:
        """The body without what is the same in all steps."""
        left: list[Statement] = []
        for statement in self.body:
            node = called(statement)
            if node is not None and node.operands and not any([id(a) in self.inside for a in node.operands]):
                self.inside.discard(id(node))
                self.fixed.append(Assign(node))
            else:
                left.append(statement)
        return left

    def _multiplied(self) -> list[Statement]:
        """The body, with large products of an earlier loop made again from their factors."""
        made: list[Statement] = []
        new = self.now
        for element in self.old.elements:
            for n, node in enumerate(element.inside):
                product = self.arrays.products.get((id(element.source), n))
                if product is None:
                    continue
                operands: list[Node] = []
                for factor, moves in product.factors:
                    operands.append(factor)
                    if moves:
                        array = rows_of(factor, element.first, element.step, self.steps, factor)
                        operands[-1] = Node(INPUT, ("",), {}, factor.shape[1:], factor.dtype)
                        self.factors.append((operands[-1], array))
                        self.many[id(operands[-1])] = array
                whole = call(np.multiply, tuple(operands), product.shape, node)
                new[id(node)] = reshaped(whole, node.shape)
                made += [Assign(whole)] + [Assign(new[id(node)])] * (new[id(node)] is not whole)
        return made + _rewired(self.old.body, new)

    def _read_lists(self) -> None:
        """The arrays of all steps for elements and counters."""
        for element in self.old.elements:
            for n, node in enumerate(element.inside):
                source = element.source
                array = source if source.function is CONSTANT else self.arrays.fields.get((id(source), n))
                if array is not None:
                    self.many[id(node)] = rows_of(array, element.first, element.step, self.steps, node)
        for counter in self.old.counters:
            stop = counter.first + counter.step * self.steps
            numbers = np.arange(counter.first, stop, counter.step) if counter.step else None
            if numbers is not None:
                self.many[id(counter.inside)] = Node(CONSTANT, (numbers,), {}, numbers.shape, numbers.dtype)

    def take(self, body: Sequence[Statement]) -> None:
        """The arrays of all steps for calls of what waits for no other step."""
        for statement in body:
            node = called(statement)
            if node is None or not is_small(node, self.steps):
                continue
            inner = [operand for operand in node.operands if id(operand) in self.inside]
            if inner and all([id(operand) in self.many for operand in inner]):
                array = self._counted(node) or stacked(node, lambda a: self.many.get(id(a)), self.steps)
                if array is not None:
                    self.many[id(node)] = array

    def _counted(self, node: Node) -> Node | None:
        """The rows of an array that the steps read one after the other."""
        if node.function is not operator.getitem or id(node.args[0]) in self.inside or node.args[0].parts is not None:
            return None
        source, index = node.args
        looked_up = self._looked_up(node)
        if looked_up is not None:
            return looked_up
        first, *rest = index if type(index) is tuple else (index,)
        ends = (first.start, first.stop) if type(first) is slice and first.step in (None, 1) else (first,)
        found = [counter for end in ends for counter in self.old.counters if counter.inside is end]
        if len(found) != len(ends) or any([isinstance(item, Node) for item in walk(tuple(rest))]):
            return None
        start, step = found[0].first, found[0].step
        width = found[-1].first - start
        if min(start, start + step * (self.steps - 1)) < 0 or any([counter.step != step for counter in found]):
            return None
        if len(ends) == 1 or width == 1:
            rows = rows_of(source, start, step, self.steps, None)
        elif width == step:
            rows = rows_of(source, start, 1, self.steps * step, None)
        else:
            return None
        if len(ends) == 2:
            rows = reshaped(rows, (self.steps, width, *source.shape[1:]))
        if not rest:
            return rows
        return call(operator.getitem, (rows, (*(slice(None),) * len(ends), *rest)), (self.steps, *node.shape), node)

    def _looked_up(self, node: Node) -> Node | None:
        """The rows of an array that the steps read by numbers from a table."""
        source, index = node.args
        entries = index if type(index) is tuple else (index,)
        tables = {id(e.inside[0]): e for e in self.old.elements if e.source.function is CONSTANT and e.inside[0].weak}
        axes = [n for n, item in enumerate(entries) if isinstance(item, Node) and id(item) in tables]
        if len(axes) != 1 or any([item != slice(None) for n, item in enumerate(entries) if n != axes[0]]):
            return None
        axis, numbers = axes[0], self.many[id(entries[axes[0]])]
        if numbers.dtype.kind != "i" or numbers.shape != (self.steps,):
            return None
        shape = (*source.shape[:axis], self.steps, *source.shape[axis + 1 :])
        rows = call(operator.getitem, (source, (*(slice(None),) * axis, numbers)), shape, node)
        if not axis:
            return rows
        order = (axis, *[n for n in range(source.ndim) if n != axis])
        return call(np.transpose, (rows, order), (self.steps, *node.shape), node)


def _rewired(body: Sequence[Statement], new: dict[int, Node]) -> list[Statement]:
    """The statements with other nodes; `new` tells afterwards what takes the place of what they make, too."""

    def now(node: Node) -> Node:
        return new.get(id(node), node)

    result: list[Statement] = []
    for statement in body:
        other = changed(statement, now)
        new |= {id(a): b for a, b in zip(statement.makes, other.makes, strict=True) if a is not b}
        result.append(other)
    return result


def called(statement: Statement) -> Node | None:
    """The call of a plain assignment."""
    if not isinstance(statement, Assign) or statement.out:
        return None
    return statement.node if type(statement) is Assign else None


def is_number_step(statement: Statement) -> bool:
    """Whether a statement of a step computes one number of others, or adds one to an array."""
    if isinstance(statement, Accumulate):
        return statement.addend.core.shape == () and statement.addend.kind == "scatter"
    return type(statement) is Assign and not statement.out and is_arithmetic(statement.node)


def is_small(node: Node, steps: int) -> bool:
    """Whether a result is so small that a call for all steps costs less than one for each."""
    if node.weak or node.parts is not None or node.dtype.kind not in "fcbi":
        return False
    return node.size <= _SMALL and steps * node.nbytes <= _BYTES


def rows_of(array: Node, first: int, step: int, steps: int, like: Node | None) -> Node:
    """Every so many rows of an array, from the first one that is read."""
    if first == 0 and step == 1 and array.shape[0] == steps:
        return array
    stop = first + step * steps
    rows = slice(first, stop if stop >= 0 else None, step)
    return call(operator.getitem, (array, rows), (steps, *array.shape[1:]), like or array)


def entry(array: Node, position: int, node: Node) -> Node:
    """What one step made."""
    return call(operator.getitem, (array, position), node.shape, node)


def product_of(product: Product, position: int, node: Node) -> Node:
    """The product that one step made."""
    parts = [
        entry(a, position, Node(INPUT, ("",), {}, a.shape[1:], a.dtype)) if moves else a for a, moves in product.factors
    ]
    return reshaped(call(np.multiply, tuple(parts), product.shape, node), node.shape)


def all_products(product: Product) -> Node:
    """The products of all steps."""
    ndim = len(product.shape)
    steps = next(a.shape[0] for a, moves in product.factors if moves)
    parts = [
        reshaped(a, (steps, *(1,) * (ndim + 1 - a.ndim), *a.shape[1:])) if moves else a for a, moves in product.factors
    ]
    whole = call(np.multiply, tuple(parts), (steps, *product.shape), product.factors[0][0])
    return reshaped(whole, (steps, *product.reshaped))
