"""Whose memory a result may share: with an operand (a view of it), or with nothing.

Only functions that are known to return memory of their own are trusted; of all others a result may be a view of any
operand.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping

import numpy as np

from ...arrays import assigned, embed, mirrored, scatter, sparse_product, sparse_solve
from ...plain import (
    chosen_entries,
    linear_steps,
    lower_inverse,
    picked_sums,
    row_sums,
    squared_distances,
    symmetric_product,
)
from ...program import Node
from ..assembling import Assemble
from ..loops.loop import Loop
from ..rewrites.gram import weighted_gram
from ..rewrites.segments import summed_rows
from ..statements import Assign, Statement

__all__ = ["last_reads", "needed_after", "owners", "roots", "shared"]

_FRESH = {
    *(np.where, np.sum, np.mean, np.max, np.min, np.amax, np.amin, np.prod, np.any, np.all, np.argmax, np.argmin),
    *(np.argsort, np.cumsum, np.cumprod, np.concatenate, np.stack, np.vstack, np.hstack, np.column_stack, np.take),
    *(np.dot, np.inner, np.outer, np.trace, np.roll, np.pad, np.repeat, np.zeros_like, np.ones_like, np.empty_like),
    *(np.full_like, np.copy, np.clip, np.sort, np.diff, np.interp, np.kron, np.tensordot, np.cross, np.convolve),
    *(np.correlate, np.var, np.std, np.median, np.quantile, np.percentile, np.average, np.tril, np.triu, np.block),
    *(np.append, np.insert, np.delete, np.dstack, np.take_along_axis, np.partition, np.ptp, np.vander, np.cov),
    *(np.nansum, np.nanmean, np.nanmax, np.nanmin, np.nanprod, np.nanvar, np.nanstd, np.gradient, np.trapezoid),
    *(np.bincount, np.searchsorted, np.select, np.choose, np.compress, np.count_nonzero, scatter, embed, assigned),
    *(weighted_gram, symmetric_product, squared_distances, lower_inverse, sparse_product, sparse_solve),
    *(summed_rows, chosen_entries, picked_sums, row_sums, linear_steps),
}
_FRESH_MODULES = {"numpy.linalg", "numpy.fft"}
_VIEWS = {np.linalg.diagonal, np.linalg.matrix_transpose, np.linalg.matrix_power}


def shared(node: Node) -> tuple[Node, ...]:
    """The operands whose memory the result of a call may share."""
    function = node.function
    if isinstance(function, np.ufunc) or isinstance(getattr(function, "__self__", None), np.ufunc):
        return ()
    if function in _FRESH or (getattr(function, "__module__", "") in _FRESH_MODULES and function not in _VIEWS):
        return ()
    if function is np.array and not node.kwargs:
        return ()
    if function is np.astype and node.kwargs.get("copy", True) is True:
        return ()
    operands = node.operands
    if function is mirrored:
        return operands[:1]  # the others are positions
    if function is np.einsum and len(operands) > 1:
        return ()
    if function is operator.getitem and any(operand.parts is not None and not shared(operand) for operand in operands):
        return ()  # one of several results, each in memory of its own
    return operands


def roots(node: Node) -> set[Node]:
    """The calls, inputs and constants in whose memory a result may lie."""
    found: set[Node] = set()
    seen: set[Node] = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        sources = () if node.is_leaf else shared(node)
        if not sources:
            found.add(node)
        waiting += [source for source in sources if source not in seen]
        seen.update(sources)
    return found


def owners(statements: Iterable[Statement]) -> Mapping[int, frozenset[int]]:
    """For each node that is made: the ids of the nodes in whose memory it may lie; its own if nowhere else."""
    found: dict[int, frozenset[int]] = {}
    for statement in statements:
        for node in statement.makes:
            parts = [found.get(id(source), frozenset([id(source)])) for source in _sources(statement, node)]
            found[id(node)] = frozenset().union(*parts) if parts else frozenset([id(node)])
    return found


def last_reads(statements: Iterable[Statement], owned: Mapping[int, frozenset[int]]) -> dict[int, int]:
    """By the id of an owner: the number of the last statement that reads what may lie in its memory."""
    last: dict[int, int] = {}
    for n, statement in enumerate(statements):
        for node in statement.reads:
            last.update(dict.fromkeys(owned.get(id(node), ()), n))
    return last


def _sources(statement: Statement, node: Node) -> tuple[Node, ...]:
    """What the result of a statement may be a view of."""
    if isinstance(statement, Assign):
        views = shared(node)
        return views if type(statement) is Assign or not views else statement.reads
    shares: tuple[Node, ...] | None = getattr(statement, "shares", None)
    if shares is not None:
        return shares
    own = isinstance(statement, Assemble) or getattr(statement, "makes_fresh", False)
    return () if own else statement.reads


def needed_after(loop: Loop, statements: Iterable[Statement]) -> set[int]:
    """The ids of the nodes of a loop's body that are needed after a step: in the next one, or after the loop."""
    needed = {id(carried.after) for carried in loop.carried} | {id(inner) for _, inner in loop.results}
    needed |= {id(field) for kept in loop.kept for field in kept.fields} | {id(stack.inside) for stack in loop.stacks}
    return needed | {id(node) for statement in statements if statement is not loop for node in statement.reads}
