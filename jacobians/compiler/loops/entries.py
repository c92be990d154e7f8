"""`Entries`: the calls of a loop's body, done entry by entry on arrays of numbers that are still to be computed."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...program import CONSTANT, INPUT, Node, replaced
from ..arithmetic import FLOATS, is_arithmetic
from ..assembling import Addend, Assemble
from ..statements import Assign, Statement

__all__ = ["Entries", "Refused"]

_MOST, _MOST_KNOWN = 16, 32
"""Entries of an array at most, and of a constant one."""

_MOVES = (np.array, np.stack, np.concatenate, np.reshape, np.transpose, np.broadcast_to, np.copy)
_PRODUCTS = (np.dot, np.matmul, np.sum, np.trace)


class Refused(Exception):
    """A loop whose arrays stay arrays."""


class Entries:
    """Arrays of numbers.

    Attributes
    ----------
    arrays : dict of int to array
        For each node the numbers that it consists of: entries (`_Entry`) and floats.
    before : list of Assign
        What takes the entries of arrays from before the loop.
    made : list of Node
        The numbers in order.
    """

    def __init__(self, own: Sequence[Node]) -> None:
        self.own = {id(node) for node in own}
        self.arrays: dict[int, np.ndarray] = {}
        self.before: list[Statement] = []
        self.made: list[Node] = []

    # ---- what goes in ------------------------------------------------------------------------------------------------

    def number(self, node: Node) -> None:
        """A number that is drawn or counted."""
        self.arrays[id(node)] = _array((), [_Entry(self, node)])

    def fresh(self, node: Node) -> list[Node]:
        """New numbers for a node that the body does not compute."""
        if not node.shape:
            self.number(node)
            return [node]
        self._check(node)
        parts = [Node(INPUT, ("",), {}, (), node.dtype) for _ in range(node.size)]
        self.arrays[id(node)] = _array(node.shape, [_Entry(self, part) for part in parts])
        return parts

    def outer(self, node: Node) -> list[Node]:
        """The entries of an array from before the loop."""
        if not node.shape:
            return [node]
        return [part.node if isinstance(part, _Entry) else _constant(part) for part in self.of(node).flat]

    def of(self, node: Any) -> np.ndarray:
        """The numbers of an operand."""
        if not isinstance(node, Node):
            if type(node) not in (int, float):
                raise Refused
            return _array((), [node])
        if id(node) not in self.arrays:
            if id(node) in self.own:
                raise Refused
            self._check(node, _MOST_KNOWN if node.function is CONSTANT else _MOST)
            if node.function is CONSTANT:
                found = [float(value) for value in node.args[0].flat]
            elif not node.shape:
                found = [_Entry(self, node)]
            else:
                found = [_Entry(self, self._entry(node, place)) for place in np.ndindex(node.shape)]
            self.arrays[id(node)] = _array(node.shape, found)
        return self.arrays[id(node)]

    def _entry(self, node: Node, place: tuple[int, ...]) -> Node:
        index = place[0] if len(place) == 1 else place
        self.before.append(Assign(Node(operator.getitem, (node, index), {}, (), node.dtype)))
        return self.before[-1].makes[0]

    def _check(self, node: Node, most: int = _MOST) -> None:
        if node.dtype != np.float64 or node.size > most or not node.size or node.parts is not None:
            raise Refused

    # ---- calls -------------------------------------------------------------------------------------------------------

    def take(self, statement: Statement) -> None:
        """Do what a statement does."""
        if isinstance(statement, Assemble):
            self.arrays[id(statement.node)] = self._assembled(statement)
            return
        if type(statement) is not Assign or statement.out:
            raise Refused
        node = statement.node
        self._check(node)
        try:
            found = np.asarray(self._called(node), object)
        except (TypeError, ValueError, IndexError, ZeroDivisionError, OverflowError):
            raise Refused from None
        if found.shape != node.shape:
            raise Refused
        self.arrays[id(node)] = found

    def _called(self, node: Node) -> Any:
        function = node.function
        if function in FLOATS and not node.kwargs:
            operands = np.broadcast_arrays(*[self.of(a) for a in node.args])
            numbers = [self.call(function, *values) for values in zip(*[a.flat for a in operands], strict=True)]
            return _array(node.shape, numbers)
        if function is operator.getitem:
            return self.of(node.args[0])[_index(node.args[1])]
        if function is np.take:
            source, index, *axis = node.args
            return np.take(self.of(source), _index(index), *axis, **node.kwargs)
        if function in (np.array, np.stack, np.concatenate) and type(node.args[0]) is list:
            parts = [self.of(a) for a in node.args[0]]
            kwargs = {} if function is np.array else node.kwargs
            joined = np.stack if function is np.array else function
            return joined(parts, *node.args[1:], **kwargs)
        if function is np.positive or function is np.copy:
            return self.of(node.args[0])
        if function in _PRODUCTS or function in _MOVES:
            plain = {name: replaced(value, _refused) for name, value in node.kwargs.items()}
            return function(*[self.of(a) if isinstance(a, Node) else a for a in node.args], **plain)
        raise Refused

    def _assembled(self, statement: Assemble) -> np.ndarray:
        node = statement.node
        self._check(node)
        if statement.start is not None:
            raise Refused
        buffer = _array(node.shape, [0.0] * node.size)
        flat = buffer.reshape(-1)
        for addend in statement.addends:
            place = self._places(addend, node)
            core = self.of(addend.core)
            core = np.broadcast_to(core, place.shape) if addend.kind == "grid" else core
            for position, number in zip(place.flat, core.flat, strict=True):
                flat[position] = self._sum(flat[position], number, minus=addend.minus)
        return buffer

    def _places(self, addend: Addend, node: Node) -> np.ndarray:
        if addend.source is not None or addend.kind not in ("plain", "scatter", "grid"):
            raise Refused
        places = np.arange(node.size)
        if addend.kind == "grid":
            _, start, steps, sizes = addend.where
            return start + sum([step * axis for step, axis in zip(steps, np.indices(sizes), strict=True)])
        if addend.kind == "plain":
            if addend.core.shape != node.shape:
                raise Refused
            return places
        size, index, _ = addend.where
        if not isinstance(index, Node) or index.function is not CONSTANT:
            raise Refused
        return places.reshape(size, -1)[index.args[0]]

    def _sum(self, old: Any, number: Any, *, minus: bool) -> Any:
        if type(old) is float and old == 0.0:
            return self.call(np.negative, number) if minus else number
        return self.call(np.subtract if minus else np.add, old, number)

    def call(self, function: Callable[..., Any], *values: Any) -> Any:
        """The number that a call makes of numbers."""
        if not any([isinstance(value, _Entry) for value in values]):
            with np.errstate(all="ignore"):
                return float(function(*values))
        if function is np.multiply and any([type(value) in (int, float) and value == 1 for value in values]):
            return values[0] if isinstance(values[0], _Entry) else values[1]
        args = tuple([value.node if isinstance(value, _Entry) else value for value in values])
        node = Node(function, args, {}, (), np.float64)
        if not is_arithmetic(node):
            raise Refused
        self.made.append(node)
        return _Entry(self, node)

    # ---- what comes out ----------------------------------------------------------------------------------------------

    def nodes(self, node: Node) -> list[Node]:
        """The numbers that a node of the body consists of."""
        found = self.of(node)
        if not all([isinstance(value, _Entry) for value in found.flat]):
            raise Refused  # a number that is the same in all steps
        return [value.node for value in found.flat]

    def body(self, wanted: Sequence[Node]) -> list[Statement]:
        """The statements that make these numbers."""
        needed = {id(node) for node in wanted}
        found: list[Statement] = []
        for node in reversed(self.made):
            if id(node) in needed:
                found.append(Assign(node))
                needed |= {id(operand) for operand in node.operands}
        return found[::-1]


class _Entry:
    """A number that is still to be computed."""

    __slots__ = ("node", "of")

    def __init__(self, of: Entries, node: Node) -> None:
        self.of, self.node = of, node

    def __add__(self, other: Any) -> Any:
        return self.of.call(np.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return self.of.call(np.add, other, self)

    def __mul__(self, other: Any) -> Any:
        return self.of.call(np.multiply, self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.of.call(np.multiply, other, self)


def _array(shape: tuple[int, ...], values: Sequence[Any]) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array.reshape(shape)


def _constant(value: float) -> Node:
    array = np.array(value)
    return Node(CONSTANT, (array,), {}, (), array.dtype)


def _index(index: Any) -> Any:
    return replaced(index, _refused)


def _refused(node: Node) -> Any:
    """A constant index; others are not known."""
    if node.function is CONSTANT:
        return node.args[0]
    raise Refused
