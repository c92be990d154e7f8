"""Small arrays of which each entry is a sum of numbers: the sums are made first, and one array of them.

    J = np.zeros((2, 2))                     a = x * y
    J.reshape((4,))[0] += x * y              b = z - x
    J.reshape((4,))[3] += z                  J = np.array([a, 0.0, 0.0, b]).reshape((2, 2))
    J.reshape((4,))[3] -= x

To add a number to an entry takes as long as five sums of floats. So do the derivatives of a chain of rotations, or of
anything else that is written with numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from ..program import CONSTANT, Node
from .assembling import Addend, Assemble
from .loops.entrywise import Gathered
from .statements import Assign, Statement

__all__ = ["tallied"]

_MOST, _FEW = 256, 3
"""Entries of an array at most, and numbers at least."""


def tallied(statements: Sequence[Statement], kept: Sequence[int]) -> list[Statement]:
    """The statements, with arrays of sums for buffers that numbers are added to; the ids are those of the outputs."""
    found = [s for statement in statements for s in (_tally(statement) if type(statement) is Assemble else [statement])]
    if not any([type(statement) is Gathered for statement in found]):
        return found
    read = {*kept}  # numbers that had an axis to be added may be read by nothing else
    result: list[Statement] = []
    for statement in reversed(found):
        unread = not read & {id(node) for node in statement.makes}
        if unread and type(statement) is Assign and not statement.out and statement.node.size == 1:
            continue
        read |= {id(node) for node in statement.reads}
        result.append(statement)
    return result[::-1]


def _position(addend: Addend) -> int | None:
    """Where one number is added, if that is known."""
    if addend.kind != "scatter" or addend.source is not None or addend.core.dtype != np.float64:
        return None
    index = addend.where[1]
    if not isinstance(index, Node) or index.function is not CONSTANT or index.size != 1:
        return None
    return int(index.args[0].reshape(-1)[0])


def _number(core: Node, made: list[Statement]) -> Node | None:
    """An array of one entry as a number; the calls that make it are noted."""
    if not core.shape:
        return core
    if core.shape != (1,) or core.kwargs:
        return None
    if core.function is np.reshape or core.function is operator.getitem:
        return core.args[0] if core.args[0].shape == () else None
    if core.function is not np.multiply:
        return None
    factors = [_number(a, made) if isinstance(a, Node) else a for a in core.args]
    if any([factor is None for factor in factors]):
        return None
    made.append(Assign(Node(np.multiply, tuple(factors), {}, (), core.dtype, serial=core.serial)))
    return made[-1].makes[0]


def _tally(statement: Assemble) -> list[Statement]:
    node = statement.node
    if node.dtype != np.float64 or node.size > _MOST or statement.start is not None:
        return [statement]
    made: list[Statement] = []
    rest: list[Addend] = []
    numbers: list[tuple[Node, int, bool]] = []
    for addend in statement.addends:
        place = _position(addend)
        number = None if place is None else _number(addend.core, made)
        if place is None or number is None:
            rest.append(addend)
        else:
            numbers.append((number, place, addend.minus))
    if len(numbers) < max(_FEW, node.size // 2) or any([addend.kind == "plain" for addend in rest]):
        return [statement]
    zero = Node(CONSTANT, (np.zeros(()),), {}, (), node.dtype)
    entries = [zero] * node.size
    for number, place, minus in numbers:
        old, new = entries[place], number
        if old is not zero:
            new = Node(np.subtract if minus else np.add, (old, number), {}, (), node.dtype, serial=node.serial)
        elif minus:
            new = Node(np.negative, (number,), {}, (), node.dtype, serial=node.serial)
        if new is not number:
            made.append(Assign(new))
        entries[place] = new
    if not rest:
        return [*made, Gathered(node, entries)]
    array = Node(np.array, (entries,), {}, node.shape, node.dtype, serial=node.serial)
    return [*made, Gathered(array, entries), Assemble(node, [Addend("plain", array), *rest])]
