"""Whose memory a result may share: with an operand (a view of it), or with nothing.

Only functions that are known to return memory of their own are trusted; of all others a result may be a view of any
operand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from ..arrays import embed, scatter
from ..program import Node
from .assembling import Assemble
from .statements import Assign, Statement

__all__ = ["owners", "shared"]

_FRESH = {
    *(np.where, np.sum, np.mean, np.max, np.min, np.amax, np.amin, np.prod, np.any, np.all, np.argmax, np.argmin),
    *(np.argsort, np.cumsum, np.cumprod, np.concatenate, np.stack, np.vstack, np.hstack, np.column_stack, np.take),
    *(np.dot, np.inner, np.outer, np.trace, np.roll, np.pad, np.repeat, np.zeros_like, np.ones_like, np.empty_like),
    *(np.full_like, np.linalg.inv, np.linalg.cholesky, np.linalg.det, np.copy, np.clip, scatter, embed),
}


def shared(node: Node) -> tuple[Node, ...]:
    """The operands whose memory the result of a call may share."""
    function = node.function
    if isinstance(function, np.ufunc) or isinstance(getattr(function, "__self__", None), np.ufunc):
        return ()
    if function in _FRESH or (function is np.astype and node.kwargs.get("copy", True) is True):
        return ()
    if function is np.einsum and len(node.operands) > 1:
        return ()
    return node.operands


def owners(statements: Iterable[Statement]) -> Mapping[int, frozenset[int]]:
    """For each node that is made: the ids of the nodes in whose memory it may lie; its own if nowhere else."""
    found: dict[int, frozenset[int]] = {}
    for statement in statements:
        for node in statement.makes:
            sources = shared(node) if isinstance(statement, Assign) else _others(statement)
            parts = [found.get(id(source), frozenset([id(source)])) for source in sources]
            found[id(node)] = frozenset().union(*parts) if parts else frozenset([id(node)])
    return found


def _others(statement: Statement) -> tuple[Node, ...]:
    """What the result of a statement of another kind may be a view of."""
    own = isinstance(statement, Assemble) or getattr(statement, "makes_fresh", False)
    return () if own else statement.reads
