"""What of a loop there may be an array of all steps of, made before it, in it or afterwards."""

from __future__ import annotations

import operator
from functools import cached_property

import numpy as np

from ...program import CONSTANT, INPUT, Node
from ..assembling import Addend, Assemble
from ..statements import Assign, Statement
from .ahead import Ahead, Arrays, called, is_small
from .loop import Carried, Loop, listed
from .stacking import EXACT, call, is_cheap, reshaped, stacked

__all__ = ["Standing", "is_listed"]


_EQUAL = {np.equal, np.not_equal}
_FEW = 32  # numbers of which an array costs as much as the steps that make them


class Standing(Ahead):
    """A loop, and the arrays of all its steps.

    Attributes
    ----------
    late : dict of int to Node
        The arrays of all steps for what waits.
    rows : dict of int to Node
        Those that the steps are written into.
    afterwards : set of int
        The ids of what is computed for all steps after the loop.
    maker : dict of int to Statement
        What makes a node of the body.
    handed : dict of int to Carried
        What is handed on, by what the body reads of it.
    grows : set of int
        The ids of arrays that are added to.
    few : bool
        Whether so few steps compute with single numbers that no arrays are made of these.
    held : set of int
        The ids of numbers that are made in the loop, whatever could be done.
    listed : set of int
        The ids of numbers that are kept in lists, for loops that draw from them.
    """

    def __init__(self, arrays: Arrays, old: Loop) -> None:
        super().__init__(arrays, old)
        self.late: dict[int, Node] = {}
        self.rows: dict[int, Node] = {}
        self.afterwards: set[int] = set()
        self.maker: dict[int, Statement] = {}
        self.handed: dict[int, Carried] = {}
        self.few = self.numbers and self.steps < _FEW
        self.held: set[int] = set()
        self.listed: set[int] = set()
        self.grows: set[int] = set()

    def _new(self, node: Node) -> Node:
        while (new := self.now.get(id(node), node)) is not node:
            node = new
        return node

    def _may_stand(self, node: Node) -> bool:
        """Whether there may be an array of all steps for a node of the body."""
        if id(node) in self.many:
            return True
        if self.few or not is_small(node, self.steps) or id(node) in self.grows:
            return False
        if id(node) in self.handed:
            before, after = self.handed[id(node)][1:]
            alike = before.shape == node.shape and before.dtype == node.dtype and not before.weak
            made = after is not node and id(after) not in self.handed
            return alike and (bool(node.shape) or self.numbers) and made and self._may_stand(after)
        return isinstance(self.maker.get(id(node)), (Assign, Assemble))

    def _sample(self, node: Node) -> Node | None:
        if id(node) not in self.inside:
            return None
        return self.many.get(id(node)) or Node(INPUT, ("",), {}, (self.steps, *node.shape), node.dtype)

    def _array(self, node: Node) -> Node | None:
        """The array of all steps for a node; None for what is the same in all steps."""
        if id(node) not in self.inside:
            return None
        found = self.many.get(id(node)) or self.rows.get(id(node)) or self.late.get(id(node))
        if found is None:
            found = self.late[id(node)] = self._made(node)
        return found

    def _made(self, node: Node) -> Node:
        if id(node) in self.afterwards or self._again(node) is not None:
            array = stacked(node, self._array, self.steps)
            assert array is not None
            return array
        if id(node) in self.handed and id(node) not in self.listed:
            before, after = self.handed[id(node)][1:]
            rest = call(operator.getitem, (self._array(after), slice(None, -1)), (self.steps - 1, *node.shape), node)
            return call(np.concatenate, ([reshaped(before, (1, *node.shape)), rest],), (self.steps, *node.shape), node)
        return self._row(node)

    def _again(self, node: Node) -> Node | None:
        """What alone something is made of, if to compute it once more for all steps takes less than to keep it."""
        if not is_cheap(node) or id(node) in self._compared or id(node) in self.listed:
            return None
        if any([c.after is node for c in self.handed.values()]):
            return None
        inner = {id(operand): operand for operand in node.operands if id(operand) in self.inside}
        left = [operand for key, operand in inner.items() if key not in self.many]
        if len(left) != 1 or not self._may_stand(left[0]) or stacked(node, self._sample, self.steps) is None:
            return None
        return left[0]

    @cached_property
    def _compared(self) -> set[int]:
        """The ids of what may have to equal something else to the last bit, as an entry does the largest of all."""
        found: set[int] = set()
        for statement in reversed(self.body):
            node = called(statement)
            if node is not None and (node.function in _EQUAL or (id(node) in found and node.function in EXACT)):
                found |= {id(operand) for operand in node.operands}
        return found

    def _row(self, node: Node) -> Node:
        """The array that the steps write a node into."""
        shape = (self.steps, *node.shape)
        if node.shape:
            array = Node(np.empty, (shape, node.dtype), {}, shape, node.dtype)
        else:
            # A number has no row to be written into.
            array = Node(np.fromiter, (listed(self.steps), node.dtype, self.steps), {}, shape, node.dtype)
        self.arrays.rows[id(array)] = node
        self.rows[id(node)] = array
        return array

    def positions(self, addend: Addend) -> np.ndarray | None:
        """Where all steps add to a vector, row after row, if that differs from step to step and is known."""
        if addend.kind != "scatter" or addend.source is not None or addend.core.ndim > 1:
            return None
        size, index, _ = addend.where
        core, maker = addend.core, self.maker.get(id(addend.core))
        drawn = maker is None and id(core) in self.many
        if (
            isinstance(size, Node)
            or id(core) in self.handed
            or (not drawn and (type(maker) is not Assign or maker.out))
        ):
            return None
        for element in self.old.elements:
            if element.inside[0] is index and len(element.inside) == 1 and element.source.function is CONSTANT:
                rows = element.source.args[0][element.first :: element.step][: self.steps]
                fits = rows.ndim == 2 and rows.dtype.kind == "i" and rows.shape[1] == core.size
                return np.ascontiguousarray(rows) if fits and is_small(core, self.steps) else None
        return None

    def placed(self, addend: Addend, positions: np.ndarray) -> Addend:
        """What all steps add at their positions, at once."""
        array = self._array(addend.core)
        assert array is not None
        flat = positions.reshape(-1)
        index = Node(CONSTANT, (flat,), {}, flat.shape, flat.dtype)
        where = (addend.where[0], index, len(np.unique(flat)) == flat.size)
        return addend._replace(core=reshaped(array, flat.shape), where=where)


def is_listed(array: Node) -> bool:
    """Whether it is made of a list of the numbers of all steps."""
    return array.function is np.fromiter
