"""A buffer that takes over the memory of its first addend, where nothing else reads that: no copy is made.

v7 = X.T @ v6                         v7 = X.T @ v6
v8 = v7.copy()                        _view = np.einsum("ii->i", v7)
_view = np.einsum("ii->i", v8)        _view += v5
_view += v5
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ...plain import symmetric_product
from ...program import CONSTANT, Node
from ..assembling import Addend, Assemble, Filled
from ..rewrites.gram import Gram
from ..statements import Assign, Statement
from .blocked import Blocked
from .placing import Finish
from .sharing import last_reads, owners

__all__ = ["DEPTH", "is_straight", "taken_over"]

DEPTH = 8
"""How many calls are followed to the arrays whose order theirs is."""


def taken_over(statements: Sequence[Statement], kept: Iterable[int]) -> list[Statement]:
    """The statements, sums of diagonals and scattered arrays in the memory of a plain addend where that is free.

    Parameters
    ----------
    statements : sequence of Statement
    kept : iterable of int
        The ids of the nodes that are returned.
    """
    if not any([isinstance(statement, Assemble) for statement in statements]):
        return list(statements)
    owned = owners(statements)
    last = last_reads(statements, owned)
    returned = {owner for name in kept for owner in owned.get(name, ())}
    fresh = {id(node) for statement in statements for node in _in_order(statement)}
    result = list(statements)
    for n, statement in enumerate(statements):
        core = _first(statement)
        if core is None or id(core) not in fresh or last[id(core)] != n or id(core) in returned:
            continue
        assert isinstance(statement, Assemble)
        if owned[id(core)] == frozenset([id(core)]) and not _reads_again(statement.addends[1:], core, owned):
            filled = Filled(core.shape)
            filled.start(core)
            rest = [(addend, filled.by(addend)) for addend in statement.addends[1:]]
            result[n] = Finish(statement, core, (), rest)
    return result


def _first(statement: Statement) -> Node | None:
    """The plain array that a buffer starts as."""
    if not isinstance(statement, Assemble) or statement.start is not None or len(statement.addends) < 2:
        return None
    first = statement.addends[0]
    fits = first.kind == "plain" and not first.minus and first.core.dtype == statement.node.dtype
    return first.core if fits and first.core.shape == statement.node.shape and first.core.ndim else None


def _reads_again(addends: Sequence[Addend], core: Node, owned: Mapping[int, frozenset[int]]) -> bool:
    """Whether what is added may be a view of the buffer."""
    return any(id(core) in owned.get(id(node), (id(node),)) for addend in addends for node in addend.nodes)


def _in_order(statement: Statement) -> Sequence[Node]:
    """What a statement makes in new memory that is in C order."""
    if isinstance(statement, Blocked):
        return [node for node in statement.stored if node.ndim < 2 or id(node) not in statement.lined]
    if isinstance(statement, Gram):
        return statement.makes
    plain = type(statement) is Assign and statement.node.ndim <= 2 and is_straight(statement.node, DEPTH)
    return statement.makes if plain else ()


def is_straight(node: Node, depth: int) -> bool:
    """Whether an array certainly is in C order: NumPy keeps the order of the arrays that it computes with."""
    function = node.function
    if function is CONSTANT:
        return node.args[0].flags.c_contiguous
    if function in (np.matmul, symmetric_product):
        return True
    if not depth or node.ndim != 2 or not isinstance(function, np.ufunc) or function.signature or node.parts:
        return False
    whole = [operand for operand in node.operands if operand.shape == node.shape]
    return all([is_straight(operand, depth - 1) for operand in whole])
