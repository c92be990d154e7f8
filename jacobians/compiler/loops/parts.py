"""A program made simpler part by part, if it has loops: the body of each loop, and what stands between the loops.

What a rule does to one step it does to all, so that steps stay alike (a sign that is pulled through all of them would
alternate), and the work does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ...program import INPUT, Node, topological, with_operands
from ..assembling import assembled
from ..blocks.sharing import roots
from ..rewrites.inverses import with_known_inverses
from ..statements import Assign, Statement
from ..writes import collected
from .entrywise import Gathered, Listed, entrywise
from .lifting import lifted
from .loop import Carried, Element, Kept, Loop, Picked
from .rolling import rolled
from .slots import filled, opened
from .spread import Spread
from .terms import apart, resummed

__all__ = ["written_program"]

Simplify = Callable[[Sequence[Node]], Sequence[Node]]


_LONG = 200
"""A program of which more statements are left, and most of them, is tried in a way in which more may repeat itself."""


def written_program(
    nodes: Sequence[Node], outputs: Sequence[Node], simplify: Simplify
) -> tuple[list[Statement], list[Node]]:
    """The statements that compute the outputs, simplified and with loops, and the nodes that the outputs are now.

    Parameters
    ----------
    nodes : sequence of Node
        All that the outputs need, operands first.
    outputs : sequence of Node
    simplify : callable
        The outputs of an equal program that does less, for the outputs of one.
    """
    before, outputs = outputs, collected(nodes, outputs)
    if outputs is not before:
        nodes = topological(outputs)
    before, outputs = outputs, with_known_inverses(nodes, outputs)
    if outputs is not before:
        nodes = topological(outputs)
    statements, rolling = _rolled(nodes, outputs)
    if any(isinstance(statement, Loop) for statement in statements):
        outputs = rolling
        parts = _Parts(simplify)
        statements = parts.written(statements, outputs)
        outputs = [parts.now(node) for node in outputs]
        statements = entrywise(statements)
        statements, new = lifted(statements, {id(root) for node in outputs for root in roots(node)})
        parts = _Parts(simplify, new)
        parts.assembles = True
        statements = parts.written(statements, outputs)
        return statements, [parts.now(node) for node in outputs]
    outputs = list(simplify(outputs))
    return assembled(topological(outputs), outputs), outputs


def _rolled(nodes: Sequence[Node], outputs: Sequence[Node]) -> tuple[list[Statement], Sequence[Node]]:
    """The statements with loops where there are any, and the nodes that the outputs are there."""
    before, outputs = outputs, resummed(nodes, outputs)
    straight = assembled(nodes if outputs is before else topological(outputs), outputs)
    statements = rolled(straight, outputs)
    is_long = len(statements) > max(_LONG, len(straight) // 2)
    other = apart(outputs) if is_long else None
    if other is not None:
        again = rolled(assembled(topological(other), other), other, singly=True)
        if 2 * len(again) < len(statements):
            return again, other
    return statements, outputs


class _Parts:
    """The nodes that take the place of others, by their ids.

    Attributes
    ----------
    assembles : bool
        Whether sums of diagonals and scattered arrays become one statement; loops are made of calls first.
    """

    assembles = False

    def __init__(self, simplify: Simplify, new: Mapping[int, Node] | None = None) -> None:
        self._simplify = simplify
        self._new: dict[int, Node] = dict(new or {})
        self._held: list[Any] = []  # ids stay unique while a node is alive

    def now(self, node: Node) -> Node:
        """What stands for a node."""
        while (new := self._new.get(id(node), node)) is not node:
            node = new
        return node

    def _stands_for(self, old: Node, new: Node) -> None:
        self._held.append(old)
        self._new[id(old)] = new

    def written(self, statements: Sequence[Statement], outputs: Iterable[Node]) -> list[Statement]:
        """The statements of the program, or of a body, that makes these outputs."""
        needed = self._needed(statements, outputs)
        result: list[Statement] = []
        run: list[Node] = []
        for statement in statements:
            if type(statement) is Assign and not statement.out:
                run.append(statement.node)
                continue
            result += self._run(run, needed)
            run = []
            result.append(self._other(statement))
        return result + self._run(run, needed)

    def _needed(self, statements: Sequence[Statement], outputs: Iterable[Node]) -> set[int]:
        """The nodes that are read behind the run that makes them."""
        run_of: dict[int, int] = {}
        needed = {id(self.now(node)) for node in outputs}
        number = 0
        for statement in statements:
            simple = type(statement) is Assign and not statement.out
            number += not simple
            reads = [id(self.now(node)) for node in statement.reads]
            needed |= {node for node in reads if not simple or run_of.get(node) != number}
            run_of |= {id(node): number for node in statement.makes}
        return needed

    def _run(self, nodes: Sequence[Node], needed: set[int]) -> list[Statement]:
        """Calls between two statements of other kinds, simplified among themselves."""
        outputs = [node for node in nodes if id(node) in needed]
        if not outputs:
            return []
        leaves: dict[int, Node] = {}  # what was made before the run is an input of it
        behind: dict[int, Node] = {}
        copies: dict[int, Node] = {}

        def leaf(node: Node) -> Node:
            node = self.now(node)
            if node.is_leaf or id(node) in copies:
                return copies.get(id(node), node)
            if id(node) not in leaves:
                leaves[id(node)] = Node(INPUT, ("",), {}, node.shape, node.dtype, weak=node.weak, parts=node.parts)
                behind[id(leaves[id(node)])] = node
            return leaves[id(node)]

        for node in nodes:
            copies[id(node)] = with_operands(node, lambda operand: copies.get(id(operand)) or leaf(operand))
        simple = self._simplify([copies[id(node)] for node in outputs])
        final: dict[int, Node] = dict(behind)
        result: list[Any] = []
        for node in _in_order(simple):
            if node.is_leaf:
                final.setdefault(id(node), node)
            else:
                final[id(node)] = with_operands(node, lambda operand: final[id(operand)])
                result.append(Assign(final[id(node)]))
        if self.assembles:
            result = assembled([a.node for a in result], [final[id(node)] for node in simple])
        for old, new in zip(outputs, simple, strict=True):
            self._stands_for(old, final[id(new)])
        return result

    def _other(self, statement: Statement) -> Statement:
        if isinstance(statement, Loop):
            return self._loop(statement)
        if isinstance(statement, Spread):
            call = with_operands(statement.call, self.now)
            spread = statement.with_call(call)
            spread.sources = {star: self.now(source) for star, source in spread.sources.items()}
            self._stands_for(statement.node, spread.node)
            return spread
        if isinstance(statement, Picked):
            return statement
        if isinstance(statement, (Gathered, Listed)):
            return statement.renewed(self.now)
        form = opened(statement)
        if form is None:
            return statement
        slots = [self.now(value) if isinstance(value, Node) else value for value in form[1]]
        new = filled(statement, iter(slots))
        self._stands_for(statement.makes[0], new.makes[0])
        return new

    def _loop(self, loop: Loop) -> Loop:
        handed = [carried.after for carried in loop.carried]
        fields = [node for kept in loop.kept for node in kept.fields]
        stacked = [stack.inside for stack in loop.stacks]
        new = Loop(loop.count)
        new.counters, new.views = loop.counters, loop.views
        new.elements = [Element(e.inside, self.now(e.source), e.first, e.step) for e in loop.elements]
        before = [self.now(carried.before) for carried in loop.carried]
        new.body = self.written(loop.body, [*handed, *fields, *stacked, *[inner for _, inner in loop.results]])
        new.carried = [
            Carried(carried.inside, start, self.now(carried.after))
            for carried, start in zip(loop.carried, before, strict=True)
        ]
        new.kept = [Kept(kept.node, tuple([self.now(node) for node in kept.fields])) for kept in loop.kept]
        new.stacks = [stack._replace(inside=self.now(stack.inside)) for stack in loop.stacks]
        new.results = [(outer, self.now(inner)) for outer, inner in loop.results]
        return new


def _in_order(outputs: Sequence[Node]) -> list[Node]:
    """What the outputs need, as it was recorded, and nothing before what it reads."""
    nodes = topological(outputs)
    serials: dict[int, int] = {}
    for node in nodes:
        serials[id(node)] = -1 if node.is_leaf else max([node.serial, *[serials[id(o)] for o in node.operands]])
    return sorted(nodes, key=lambda node: serials[id(node)])
