"""Which runs are done with the rows as the last axis.

`Layout(statements, runs, kept)` tells: runs over many short rows, because NumPy's loops would do a
few entries at a time, and runs over arrays that lie in memory by columns, such as the transpose of a product.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from ...program import Node
from ..rewrites.memory import Memory
from ..statements import Assign, Statement
from .rows import SHORT, Call
from .sharing import owners, shared

__all__ = ["Layout"]


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


def _by_columns(statements: Sequence[Statement]) -> set[int]:
    """The ids of the arrays with several axes of which the first varies fastest in memory."""
    made = {id(s.node): s.node for s in statements if isinstance(s, Assign)}
    memory = Memory([node for s in statements for node in s.reads if id(node) not in made])
    orders = {name: memory.order(node) for name, node in made.items()}
    return {name for name, order in orders.items() if len(order) > 1 and order[-1] == 0}
