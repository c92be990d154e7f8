"""The last look at a list of statements: how a buffer starts, and what no function of NumPy computes alone.

A sum of diagonals that starts from a plain array which nothing else needs is written into that array as it is made.
What is raveled only to be scattered is raveled there, and what is broadcast only to be added to a diagonal there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from ...program import CONSTANT, Node
from ..assembling import Addend, Assemble
from ..loops.loop import Loop
from ..statements import Assign, Statement
from .gram import Gram, weighted_gram
from .padding import Pad

__all__ = ["started"]

_MANY = 2048
"""Entries from which on it pays that a copy does not outlive its line."""


def started(statements: Sequence[Statement], kept: Sequence[int]) -> list[Statement]:
    """The statements, each buffer made by the call of its first addend, where nothing else needs that.

    Parameters
    ----------
    statements : sequence of Statement
    kept : sequence of int
        The ids of nodes that are results.
    """
    uses = Counter([id(node) for statement in statements for node in statement.reads]) + Counter(kept)
    made = {id(s.node): s.node for s in statements if type(s) is Assign and not s.out}
    own = {key: node for key, node in made.items() if uses[key] == 1}
    gone: set[int] = set()
    result: list[Statement] = []
    for statement in statements:
        if type(statement) is Assemble and statement.start is None:
            first = statement.addends[0]
            node = own.get(id(first.core)) if first.kind == "plain" and not first.minus else None
            if node is not None and _starts(node):
                gone.add(id(node))
                statement = Assemble(statement.node, statement.addends, node)
        if type(statement) is Assemble:
            statement.addends = [_bare(_raveled(addend, own, gone), own, gone) for addend in statement.addends]
        if isinstance(statement, Loop):
            statement.body = [_spelled(inner) for inner in statement.body]
        result.append(_spelled(statement))
    return [s for s in result if not (type(s) is Assign and id(s.node) in gone)]


def _raveled(addend: Addend, own: Mapping[int, Node], gone: set[int]) -> Addend:
    """An addend at many positions, raveled where it is written; what was turned is written at turned positions."""
    core = own.get(id(addend.core))
    if addend.kind != "scatter" or addend.source is not None or core is None or core.size < _MANY:
        return addend
    size, index, injective = addend.where
    if core.function is not np.reshape or core.ndim != 1 or len(core.args) != 2 or core.kwargs:
        return addend
    source = core.args[0]
    gone.add(id(core))
    if source.function is np.transpose and id(source) in own and index.function is CONSTANT:
        gone.add(id(source))
        back = np.argsort(source.args[1])
        positions = np.ascontiguousarray(index.args[0].reshape(source.shape).transpose(back)).reshape(-1)
        index = Node(CONSTANT, (positions,), {}, index.shape, index.dtype)
        source = source.args[0]
    return addend._replace(where=(size, index, injective), source=source)


def _bare(addend: Addend, own: Mapping[int, Node], gone: set[int]) -> Addend:
    """An addend on a diagonal, which is broadcast where it is added."""
    core = own.get(id(addend.core))
    if addend.kind != "embed" or core is None or core.function is not np.broadcast_to or len(core.args) != 2:
        return addend
    gone.add(id(core))
    return addend._replace(source=core.args[0])


def _spelled(statement: Statement) -> Statement:
    if type(statement) is Assign and statement.node.function is weighted_gram:
        return Gram(statement.node)
    if type(statement) is Assign and statement.node.function is np.pad:
        return Pad.of(statement.node) or statement
    return statement


def _starts(node: Node) -> bool:
    """Whether it is one call of a ufunc that makes an array, and not the end of a run of such calls."""
    if node.kwargs or not node.shape or not node.is_elementwise:
        return False
    return not any(operand.shape == node.shape and operand.is_elementwise for operand in node.operands)
