"""Stretches and loops over single numbers, in Python's own floats.

A product of two floats takes a third of the time of a product of two of NumPy's numbers, and `math.sin` a fifth of that
of `np.sin`. So a loop that computes with numbers alone draws them from lists and hands on floats, and so does a long
stretch of such statements; what leaves it for something else than arithmetic is a number of NumPy's again. Where Python
would raise (a division by zero, the root of a negative number) the call is NumPy's, with its result and its warning.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from ..program import CONSTANT, INPUT, Node
from .arithmetic import is_arithmetic, is_function, number_text
from .assembling import Assemble
from .loops.entrywise import Gathered
from .loops.loop import Element, Loop, Picked
from .loops.order import Accumulate
from .loops.spread import Spread, is_list_of_numbers
from .namespace import Namespace
from .statements import Assign, Statement

__all__ = ["in_numbers"]

_CALL, _FUNCTION = 45, 180  # nanoseconds that a float saves, in arithmetic and in a function
_ENTRY, _EXIT = 55, 150  # what it costs to make a float, and to make a number of NumPy's again
_LEAST = 500  # nanoseconds that a stretch must save


class _Number(Assign):
    """A call of numbers whose operands are floats."""

    __slots__ = ("entered",)

    def __init__(self, node: Node, entered: Mapping[int, Node]) -> None:
        super().__init__(node)
        self.entered = {id(a): entered[id(a)] for a in node.operands if id(a) in entered}

    @property
    def reads(self) -> tuple[Node, ...]:
        return tuple([self.entered.get(id(a), a) for a in self.node.operands])

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        words = {id(a): names[id(self.entered.get(id(a), a))] for a in self.node.operands}
        return [f"{names[id(self.node)]} = {number_text(self.node, words, space)}"]


class _Made:
    """A float, or a list of floats, made of what NumPy has made; or a number of NumPy's made of a float."""

    __slots__ = ("node", "pattern", "source")

    def __init__(self, node: Node, source: Node, pattern: str) -> None:
        self.node, self.source, self.pattern = node, source, pattern

    @property
    def reads(self) -> tuple[Node, ...]:
        return (self.source,)

    @property
    def makes(self) -> tuple[Node, ...]:
        return () if self.node is self.source else (self.node,)

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        return [f"{names[id(self.node)]} = {self.pattern.format(names[id(self.source)])}"]


def in_numbers(statements: Sequence[Statement], outputs: Sequence[int]) -> list[Statement]:
    """The statements with floats where only numbers are computed; the ids are those of the outputs."""
    loops = {id(s) for s in statements if isinstance(s, Loop) and _has_numbers(s)}
    chosen = _chosen(statements, loops, set(outputs))
    if not loops and not chosen:
        return list(statements)
    return _Writer(loops, chosen).written(statements, outputs)


def _is_call(statement: Statement) -> bool:
    return type(statement) is Assign and not statement.out and is_arithmetic(statement.node)


def _has_numbers(loop: Loop) -> bool:
    """Whether the steps of a loop compute with numbers alone."""
    if loop.stacks or loop.views or not loop.body or not all([_is_call(statement) for statement in loop.body]):
        return False
    drawn = [node for element in loop.elements for node in element.inside]
    return all([_is_number(node) for node in [*drawn, *[carried.inside for carried in loop.carried]]])


def _is_number(node: Node) -> bool:
    return node.shape == () and (node.dtype in (np.float64, np.bool_) or node.weak)


# ---- stretches -------------------------------------------------------------------------------------------------------


def _chosen(statements: Sequence[Statement], loops: set[int], outputs: set[int]) -> set[int]:
    """The ids of the nodes that are computed as floats outside of loops, where that saves time."""
    calls = {id(s.makes[0]): s.makes[0] for s in statements if _is_call(s)}
    if not calls:
        return set()
    group = {key: key for key in calls}

    def root(key: int) -> int:
        while group[key] != key:
            group[key] = key = group[group[key]]
        return key

    made = {id(outer) for s in statements if isinstance(s, Loop) and id(s) in loops for outer, _ in s.results}
    for key, node in calls.items():
        for operand in node.operands:
            if id(operand) in calls:
                group[root(id(operand))] = root(key)
    saved: Counter[int] = Counter()
    entered: dict[int, set[int]] = defaultdict(set)
    left: dict[int, set[int]] = defaultdict(set)
    for key, node in calls.items():
        saved[root(key)] += _FUNCTION if is_function(node) else _CALL
        others = [a for a in node.operands if id(a) not in calls and id(a) not in made]
        entered[root(key)] |= {id(a) for a in others if not a.weak and a.function is not CONSTANT}
        if key in outputs:
            left[root(key)].add(key)
    for statement in statements:
        if not _is_call(statement) and id(statement) not in loops:
            for node in statement.reads:
                if id(node) in calls and not _takes_floats(statement, node):
                    left[root(id(node))].add(id(node))
    worth = {key for key, gain in saved.items() if gain - _ENTRY * len(entered[key]) - _EXIT * len(left[key]) >= _LEAST}
    return {key for key in calls if root(key) in worth}


def _takes_floats(statement: Statement, node: Node) -> bool:
    """Whether a statement computes the same of a float as of a number of NumPy's."""
    if isinstance(statement, (Assemble, Accumulate)):
        addends = statement.addends if isinstance(statement, Assemble) else [statement.addend]
        own = [addend for addend in addends if any([a is node for a in addend.nodes])]
        return bool(own) and all([a.kind == "scatter" and a.source is None for a in own])
    if isinstance(statement, Gathered):
        return True
    call = statement.node if isinstance(statement, Assign) else None
    if call is None or type(statement) not in (Assign, Spread):
        return False
    if type(statement) is Spread:
        return is_list_of_numbers(statement.call)
    if call.function is np.array:
        return len(call.args) == 1 and not call.kwargs and type(call.args[0]) is list and call.dtype == np.float64
    if call.function not in (np.add, np.subtract, np.multiply, np.divide) or call.kwargs:
        return False
    others = [a for a in call.args if a is not node]
    return len(others) == 1 and isinstance(others[0], Node) and bool(others[0].shape) and others[0].dtype == np.float64


# ---- writing ---------------------------------------------------------------------------------------------------------


class _Writer:
    """Statements on their way to floats.

    Attributes
    ----------
    floats : set of int
        The ids of the nodes under whose names floats stand.
    entered : dict of int to Node
        By the id of a node, the one that is the same as a float or as a list of floats.
    """

    def __init__(self, loops: set[int], chosen: set[int]) -> None:
        self.loops, self.chosen = loops, chosen
        self.floats: set[int] = set()
        self.lists: set[int] = set()
        self.entered: dict[int, Node] = {}
        self.result: list[Statement] = []

    def written(self, statements: Sequence[Statement], outputs: Sequence[int]) -> list[Statement]:
        held: dict[int, Node] = {}
        for statement in statements:
            if isinstance(statement, Loop) and id(statement) in self.loops:
                self._loop(statement)
            elif id(statement.makes[0]) in self.chosen if statement.makes else False:
                self._call(statement.makes[0])
            else:
                self._leave([node for node in statement.reads if not _takes_floats(statement, node)])
                self.result.append(statement)
                if isinstance(statement, Picked) and id(statement.source) in self.lists:
                    self.floats.add(id(statement.node))
            held |= {id(node): node for node in statement.makes}
        self._leave([held[key] for key in outputs if key in held])
        return self.result

    def _leave(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            if id(node) in self.floats:
                self.floats.discard(id(node))
                self.result.append(_Made(node, node, "np.float64({})" if node.dtype == np.float64 else "np.bool_({})"))

    def _enter(self, node: Node) -> Node:
        """The node as a float."""
        if id(node) in self.floats or node.weak:
            return node
        if id(node) not in self.entered:
            self.entered[id(node)] = Node(INPUT, ("",), {}, (), float)
            kind = "bool" if node.dtype == np.bool_ else "float"
            self.result.append(_Made(self.entered[id(node)], node, f"{kind}({{}})"))
        return self.entered[id(node)]

    def _call(self, node: Node) -> None:
        for operand in node.operands:
            if operand.function is not CONSTANT:
                _ = self._enter(operand)
        self.result.append(_Number(node, self._others()))
        self.floats.add(id(node))

    def _others(self) -> dict[int, Node]:
        return {key: node for key, node in self.entered.items() if key not in self.floats}

    def _listed(self, source: Node) -> Node:
        """An array as a list."""
        if source.function is list:
            return source
        if id(source) not in self.entered:
            self.entered[id(source)] = Node(list, (), {}, source.shape, object)
            self.result.append(_Made(self.entered[id(source)], source, "{}.tolist()"))
        return self.entered[id(source)]

    def _loop(self, loop: Loop) -> None:
        own = {id(c.inside) for c in (*loop.carried, *loop.counters)}
        own |= {id(node) for element in loop.elements for node in element.inside}
        own |= {id(statement.makes[0]) for statement in loop.body}
        for statement in loop.body:
            for node in statement.reads:
                if id(node) not in own and node.function is not CONSTANT:
                    _ = self._enter(node)
        loop.carried = [carried._replace(before=self._enter(carried.before)) for carried in loop.carried]
        loop.elements = [self._drawn(element) for element in loop.elements]
        others = {key: node for key, node in self._others().items() if key not in own}
        loop.body = [_Number(statement.makes[0], others) for statement in loop.body]
        self.result.append(loop)
        self.floats |= {id(outer) for outer, _ in loop.results}
        self.lists |= {id(kept.node) for kept in loop.kept}

    def _drawn(self, element: Element) -> Element:
        if element.inside[0].weak and element.source.function is CONSTANT:
            return element
        return element._replace(source=self._listed(element.source))
