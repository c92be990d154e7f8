"""The last look at a list of statements: how a buffer starts, and what no function of NumPy computes alone.

A sum of diagonals that starts from a plain array which nothing else needs is written into that array as it is made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ...program import Node
from ..assembling import Assemble
from ..loops.loop import Loop
from ..statements import Assign, Statement
from .gram import Gram, weighted_gram

__all__ = ["started"]


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
    gone: set[int] = set()
    result: list[Statement] = []
    for statement in statements:
        if type(statement) is Assemble and statement.start is None:
            first = statement.addends[0]
            node = made.get(id(first.core)) if first.kind == "plain" and not first.minus else None
            if node is not None and uses[id(node)] == 1 and _starts(node):
                gone.add(id(node))
                statement = Assemble(statement.node, statement.addends, node)
        elif isinstance(statement, Loop):
            statement.body = [_spelled(inner) for inner in statement.body]
        result.append(_spelled(statement))
    return [s for s in result if not (type(s) is Assign and id(s.node) in gone)]


def _spelled(statement: Statement) -> Statement:
    if type(statement) is Assign and statement.node.function is weighted_gram:
        return Gram(statement.node)
    return statement


def _starts(node: Node) -> bool:
    """Whether it is one call of a ufunc that makes an array, and not the end of a run of such calls."""
    if node.kwargs or not node.shape or not _is_elementwise(node):
        return False
    return not any(operand.shape == node.shape and _is_elementwise(operand) for operand in node.operands)


def _is_elementwise(node: Node) -> bool:
    ufunc = node.function
    return isinstance(ufunc, np.ufunc) and ufunc.signature is None and ufunc.nout == 1
