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
from .loop import Loop
from .statements import Assign, Statement

__all__ = ["needed_after", "owners", "shared"]

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
            parts = [found.get(id(source), frozenset([id(source)])) for source in _sources(statement, node)]
            found[id(node)] = frozenset().union(*parts) if parts else frozenset([id(node)])
    return found


def _sources(statement: Statement, node: Node) -> tuple[Node, ...]:
    """What the result of a statement may be a view of."""
    if isinstance(statement, Assign):
        views = shared(node)
        return views if type(statement) is Assign or not views else statement.reads
    own = isinstance(statement, Assemble) or getattr(statement, "makes_fresh", False)
    return () if own else statement.reads


def needed_after(loop: Loop, statements: Iterable[Statement]) -> set[int]:
    """The ids of the nodes of a loop's body that are needed after a step: in the next one, or after the loop."""
    needed = {id(carried.after) for carried in loop.carried} | {id(inner) for _, inner in loop.results}
    needed |= {id(field) for kept in loop.kept for field in kept.fields}
    return needed | {id(node) for statement in statements if statement is not loop for node in statement.reads}
