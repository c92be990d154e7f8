"""In which order the entries of an array lie in memory, and which runs are done with the rows as the last axis.

`Layout(statements, runs, kept)` tells which runs those are: runs over many short rows, because NumPy's loops would do a
few entries at a time, and runs over arrays that lie in memory by columns, such as the transpose of a product.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...program import Node
from ..statements import Assign, Statement
from .rows import REDUCTIONS, SHORT, Call
from .sharing import owners, shared

__all__ = ["Layout"]

_REDUCTIONS = {*REDUCTIONS, np.mean, np.prod, np.any, np.all}

Order = tuple[int, ...]


class Layout:
    """Which runs have the rows as the last axis, and how what they store lies in memory.

    Parameters
    ----------
    statements : sequence of Statement
    runs : sequence of list of Call
    kept : iterable of int
        The ids of nodes that are returned. They lie in memory as eagerly.

    Attributes
    ----------
    lined : set of int
        The ids of the stored arrays whose first axis is the innermost one in memory.
    """

    def __init__(self, statements: Sequence[Statement], runs: Sequence[Sequence[Call]], kept: Iterable[int]) -> None:
        self.lined: set[int] = set()
        self._columns = _by_columns(statements)
        owned = owners(statements)
        self._returned = {owner for name in kept for owner in owned.get(name, (name,))}
        turned = [run for run in runs if self.is_turned(run)]
        self._read = {id(node) for run in turned for call in run for node in call.rows.cut}

    def is_turned(self, run: Sequence[Call]) -> bool:
        """Whether a run is done with the rows as the last axis."""
        if any([call.node.ndim and call.node.shape[0] > call.rows.size for call in run if call.rows.kind == "call"]):
            return False  # rows are groups
        return run[0].domain[0] != "flat" and (_has_short_rows(run) or self._is_by_columns(run))

    def _is_by_columns(self, run: Sequence[Call]) -> bool:
        wide = sum([call.node.size for call in run if call.node.ndim > 1])
        return 2 * sum([call.node.size for call in run if id(call.node) in self._columns]) > wide

    def store(self, run: Sequence[Call], stored: Iterable[Node]) -> None:
        """Decide how results lie in memory: as other runs read them, in the order of the axes otherwise."""
        for node in stored:
            if self._is_by_columns(run) or (id(node) in self._read and id(node) not in self._returned):
                self.lined.add(id(node))

    def with_copies(self, run: Sequence[Call]) -> tuple[list[Call], dict[int, Node]]:
        """The calls with copies of what comes from outside in another order and is read several times."""
        made = {id(call.node) for call in run}
        source: dict[int, Node] = {}  # of each node that is cut: the array from outside that it is a view of
        uses: Counter[int] = Counter()
        for call in run:
            for node in {id(o): o for o in call.rows.cut}.values():
                origin = source.get(id(node)) if id(node) in made else node
                if origin is None:
                    continue
                if call.rows.kind == "view":
                    source[id(call.node)] = origin
                else:
                    uses[id(origin)] += 1
        copies: dict[int, Node] = {}
        calls: list[Call] = []
        for call in run:
            for node in call.rows.cut:
                if id(node) not in made and id(node) not in copies and uses[id(node)] > 1 and not self._is_lined(node):
                    copy = Node(np.astype, (node, node.dtype), {}, node.shape, node.dtype, serial=node.serial)
                    copies[id(node)] = copy
                    calls.append(Call(copy, call.rows._replace(kind="call", cut=(node,)), call.domain))
            calls.append(call)
        return calls, copies

    def _is_lined(self, node: Node) -> bool:
        """Whether neighbours along the first axis are neighbours in memory, as far as that is known."""
        if id(node) in self.lined or id(node) in self._columns:
            return True
        views = () if node.is_leaf else shared(node)
        if node.ndim == 1 and not views:
            return True
        if len(views) != 1 or node.shape[:1] != views[0].shape[:1]:
            step = node.args[1].step if node.function is operator.getitem and type(node.args[1]) is slice else 0
            return node.ndim == 1 and len(views) == 1 and views[0].ndim == 1 and step in (None, 1)
        return node.function in (operator.getitem, np.reshape, np.transpose) and self._is_lined(views[0])


def _has_short_rows(run: Sequence[Call]) -> bool:
    """Whether all rows are short, and arrays of several widths meet."""
    size = run[0].rows.size
    nodes = [node for call in run if call.rows.kind != "view" for node in (*call.rows.cut, call.node)]
    widths = {node.size // size for node in nodes if node.shape[:1] == (size,)}
    return 1 < max(widths) <= SHORT and len(widths) > 1


def _by_columns(statements: Iterable[Statement]) -> set[int]:
    """The ids of the arrays with several axes of which the first varies fastest in memory."""
    orders: dict[int, Order] = {}
    for statement in statements:
        if isinstance(statement, Assign):
            orders[id(statement.node)] = _order(statement.node, orders)
    return {name for name, order in orders.items() if len(order) > 1 and order[-1] == 0}


def _order(node: Node, orders: dict[int, Order]) -> Order:
    """The axes from the one that varies slowest in memory to the one that varies fastest."""
    known = [orders.get(id(o), tuple(range(o.ndim))) for o in node.operands]
    function = node.function
    if function is np.transpose and len(node.operands) == 1:
        axes = node.args[1] if len(node.args) > 1 and node.args[1] is not None else range(node.ndim)[::-1]
        place = {axis % node.ndim: n for n, axis in enumerate(axes)}
        return tuple([place[axis] for axis in known[0]])
    if node.is_elementwise or function in (np.where, np.astype):
        sizes = [o.size if o.ndim == node.ndim else 0 for o in node.operands]
        return known[sizes.index(max(sizes))] if any(sizes) else tuple(range(node.ndim))
    if function in _REDUCTIONS and len(node.operands) == 1:
        axis = node.args[1] if len(node.args) > 1 else node.kwargs.get("axis")
        before = node.operands[0].ndim
        gone = normalize_axis_tuple(range(before) if axis is None else axis, before)
        if node.ndim == before:
            return known[0]
        left = {n: m for m, n in enumerate([n for n in range(before) if n not in gone])}
        return tuple([left[n] for n in known[0] if n in left])
    return tuple(range(node.ndim))
