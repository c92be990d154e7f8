"""Loops over small arrays, entry by entry: the state of an integrator with two or three components as so many numbers.

A call of three entries takes as long as ten products of numbers. Where the steps of a loop take and make such arrays,
each entry becomes a number of its own, in what is handed on and in the lists that other loops read, too; what leaves
the loop is an array again.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...program import CONSTANT, Node
from ..namespace import Namespace
from ..printing import literal
from ..single import Single
from ..statements import Assign, Statement
from .entries import Entries, Refused
from .loop import Carried, Counter, Element, Kept, Loop, Picked, placeholder
from .recurrence import recurring
from .spread import Spread

__all__ = ["Gathered", "Listed", "entrywise"]

_ARRAY, _LATE, _NUMBER, _SMALL = 450, 60, 30, 80
"""Nanoseconds of a call of arrays in a loop, of one that may leave it, of a call of numbers, and of NumPy's numbers."""


class Gathered(Single):
    """An array of numbers that a loop has made."""

    __slots__ = ("entries",)

    def __init__(self, node: Node, entries: Sequence[Node]) -> None:
        self.node, self.entries = node, entries

    @property
    def reads(self) -> tuple[Node, ...]:
        return tuple([entry for entry in self.entries if entry.function is not CONSTANT])

    def renewed(self, now: Callable[[Node], Node]) -> Gathered:
        """The same of other nodes."""
        return Gathered(self.node, [now(entry) for entry in self.entries])

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        words = [
            literal(entry.args[0].item(), names, space) if entry.function is CONSTANT else names[id(entry)]
            for entry in self.entries
        ]
        text = f"np.array([{', '.join(words)}])"
        return [f"{names[id(self.node)]} = {text}{'' if self.node.ndim == 1 else f'.reshape({self.node.shape})'}"]


def entrywise(statements: Sequence[Statement]) -> list[Statement]:
    """The statements with numbers in the loops where that takes less time."""
    loops = [statement for statement in statements if isinstance(statement, Loop)]
    opened = {id(loop): found for loop in loops if (found := _opened(loop)) is not None}
    opened = _agreeing(statements, opened)
    if not opened:
        return list(statements)
    places = {key: value for body in opened.values() for key, value in body.places.items()}
    lists = {id(k.node) for body in opened.values() for k in body.old.kept if any([n.shape for n in k.fields])}
    result: list[Statement] = []
    for statement in statements:
        body = opened.get(id(statement))
        if body is not None:
            result += body.statements()
        elif isinstance(statement, Picked) and (id(statement.source), 0) in places:
            result += _picked(statement, places[id(statement.source), statement.field or 0])
        elif isinstance(statement, Spread) and any([id(s) in lists for s in statement.sources.values()]):
            result += statement.with_numbers()
        else:
            result.append(statement)
    return result


def _picked(pick: Picked, place: tuple[int, int, int]) -> list[Statement]:
    """What one step has made, of a list that holds numbers now."""
    first, count, width = place
    parts = [pick.node] if not pick.node.shape else [placeholder_number() for _ in range(count)]
    fields = [first + n if width > 1 else None for n in range(count)]
    found: list[Statement] = [
        Picked(part, pick.source, pick.position, field) for part, field in zip(parts, fields, strict=True)
    ]
    return found if not pick.node.shape else [*found, Gathered(pick.node, parts)]


def placeholder_number() -> Node:
    """A number that is not computed where it is read."""
    return placeholder(Node(CONSTANT, (), {}, (), np.float64))


def _opened(loop: Loop) -> _Body | None:
    """The loop with numbers, if its arrays are small and its calls are known."""
    nodes = [node for statement in loop.body for node in statement.makes]
    nodes += [carried.inside for carried in loop.carried] + [n for element in loop.elements for n in element.inside]
    if loop.stacks or not any([node.shape for node in nodes]):
        return None
    try:
        body = _Body(loop)
    except Refused:
        return None
    return body if body.saves() else None


def _agreeing(statements: Sequence[Statement], opened: dict[int, _Body]) -> dict[int, _Body]:
    """Those of which each list of arrays is read by others of them alone."""
    while True:
        kept = {id(kept.node): body for body in opened.values() for kept in body.old.kept}
        wrong: set[int] = set()
        for statement in statements:
            if isinstance(statement, Loop):
                for element in statement.elements:
                    if element.source.function is not list or not any([node.shape for node in element.inside]):
                        continue
                    maker = kept.get(id(element.source))
                    if maker is None:
                        wrong.add(id(statement))
                    elif id(statement) not in opened:
                        wrong.add(id(maker.old))
            elif isinstance(statement, Spread):
                makers = [kept.get(id(source)) for source in statement.sources.values()]
                for source, maker in zip(statement.sources.values(), makers, strict=True):
                    if maker is not None and not _stacks(statement, maker, source, None not in makers):
                        wrong.add(id(maker.old))
        if not wrong & set(opened):
            return opened
        opened = {key: body for key, body in opened.items() if key not in wrong}


def _stacks(spread: Spread, body: _Body, source: Node, only: bool) -> bool:
    """Whether a call reads a list of numbers, or makes an array of what the steps made, one after the other.

    Rows of numbers stand for matrices where all that it reads are such rows.
    """
    fields = next(kept.fields for kept in body.old.kept if kept.node is source)
    call = spread.call
    plain = call.function is np.stack and call.kwargs in ({}, {"axis": 0}) and len(call.args) == 1
    return not any([node.shape for node in fields]) or (plain and len(fields) == 1 and (only or call.ndim < 3))


class _Body:
    """A loop, and the same over numbers.

    Attributes
    ----------
    old, new : Loop
    places : dict of (int, int) to (int, int, int)
        For each list that is kept and each field of it, where the entries are now, how many, and of how many in all.
    """

    def __init__(self, loop: Loop) -> None:
        self.old = loop
        self.entries = Entries([node for statement in loop.body for node in statement.makes])
        self.before: list[Statement] = []
        self.after: list[Statement] = []
        new = self.new = Loop(loop.count)
        new.counters = loop.counters
        for counter in loop.counters:
            self.entries.number(counter.inside)
        new.elements = [self._element(element) for element in loop.elements]
        starts = [(carried, self.entries.fresh(carried.inside)) for carried in loop.carried]
        for statement in loop.body:
            if not self._counted(statement):
                self.entries.take(statement)
        for carried, inside in starts:
            after = self.entries.nodes(carried.after)
            before = self.entries.outer(carried.before)
            new.carried += [Carried(*parts) for parts in zip(inside, before, after, strict=True)]
        self.places: dict[tuple[int, int], tuple[int, int, int]] = {}
        new.kept = [self._kept(kept) for kept in loop.kept]
        for outer, inner in loop.results:
            self._result(outer, self.entries.nodes(inner))
        wanted = [carried.after for carried in new.carried] + [node for kept in new.kept for node in kept.fields]
        new.body = self.entries.body([*wanted, *[inner for _, inner in new.results]])

    def _element(self, element: Element) -> Element:
        if not any([node.shape for node in element.inside]):
            for node in element.inside:
                self.entries.number(node)
            return element
        inside = [number for node in element.inside for number in self.entries.fresh(node)]
        source = element.source
        if source.function is list:
            return element._replace(inside=tuple(inside))
        if len(element.inside) != 1 or len(inside) < 2 or source.dtype != np.float64:
            raise Refused
        if source.ndim > 2:
            shape = (source.shape[0], len(inside))
            source = Node(np.reshape, (source, shape), {}, shape, source.dtype)
            self.before.append(Assign(source))
        return element._replace(inside=tuple(inside), source=self._listed(source))

    def _counted(self, statement: Statement) -> bool:
        """Whether a statement reads the rows of an array one after the other: they are drawn from it."""
        node = statement.makes[0]
        if type(statement) is not Assign or node.function is not operator.getitem or node.dtype != np.float64:
            return False
        source, index = node.args
        first, *rest = index if type(index) is tuple else (index,)
        counter = self._counter(first)
        if counter is None or id(source) in self.entries.own or id(source) in self.entries.arrays:
            return False
        last = counter.first + counter.step * (self.old.count - 1)
        if any([item != slice(None) for item in rest]) or min(counter.first, last) < 0 or not counter.step:
            return False
        drawn = Element((node,), source, counter.first, counter.step)
        if node.shape:
            self.new.elements.append(self._element(drawn))
        else:
            self.entries.number(node)
            self.new.elements.append(drawn)
        return True

    def _counter(self, item: Any) -> Counter | None:
        """The number of the only row that an index takes, if that is counted."""
        start, stop = (item.start, item.stop) if type(item) is slice and item.step in (None, 1) else (item, None)
        found = {id(counter.inside): counter for counter in self.old.counters}
        counter, end = found.get(id(start)), found.get(id(stop))
        if counter is None or (stop is not None and (end is None or end[1:3] != (counter.first + 1, counter.step))):
            return None
        return counter

    def _listed(self, source: Node) -> Node:
        made = Node(list, (), {}, source.shape, object)
        self.before.append(Listed(made, source))
        return made

    def _kept(self, kept: Kept) -> Kept:
        groups = [self.entries.nodes(field) for field in kept.fields]
        width, first = sum([len(group) for group in groups]), 0
        for n, group in enumerate(groups):
            self.places[id(kept.node), n] = first, len(group), width
            first += len(group)
        return Kept(kept.node, tuple([node for group in groups for node in group]))

    def _result(self, outer: Node, entries: Sequence[Node]) -> None:
        if not outer.shape:
            self.new.results.append((outer, entries[0]))
            return
        numbers = [placeholder_number() for _ in entries]
        self.new.results += list(zip(numbers, entries, strict=True))
        self.after.append(Gathered(outer, numbers))

    def saves(self) -> bool:
        """Whether the numbers take less time, what may be done for all steps at once left aside."""
        old = self.old
        handed = [carried for carried in old.carried if not self._is_sum(carried)]
        held = recurring(old.body, handed)
        needed = {id(carried.after) for carried in handed if id(carried.inside) in held}
        for statement in reversed(old.body):
            if needed & {id(node) for node in statement.makes}:
                needed |= {id(node) for node in statement.reads}
        cost = 0
        for statement in old.body:
            (node,) = statement.makes
            waits = any([id(a) in held for a in statement.reads])
            held |= {id(node)} if waits else set()
            cost += (_ARRAY if node.shape else _SMALL) if waits and id(node) in needed else _LATE
        return 10 * _NUMBER * len(self.new.body) < 8 * cost

    def _is_sum(self, carried: Carried) -> bool:
        """Whether each step adds to it, and nothing else reads it: that can be done for all steps at once."""
        inside, _, after = carried
        if after.function not in (np.add, np.subtract) or not any([a is inside for a in after.args]):
            return False
        reads = [node for statement in self.old.body for node in statement.reads]
        reads += [node for kept in self.old.kept for node in kept.fields]
        reads += [other.after for other in self.old.carried if other is not carried]
        return sum([node is inside for node in reads]) == 1 and not any([node is after for node in reads])

    def statements(self) -> list[Statement]:
        return [*self.before, *self.entries.before, self.new, *self.after]


class Listed(Single):
    """The entries of an array as lists of floats."""

    __slots__ = ("source",)

    def __init__(self, node: Node, source: Node) -> None:
        self.node, self.source = node, source

    @property
    def reads(self) -> tuple[Node, ...]:
        return (self.source,)

    def renewed(self, now: Callable[[Node], Node]) -> Listed:
        """The same of another node."""
        return Listed(self.node, now(self.source))

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        return [f"{names[id(self.node)]} = {names[id(self.source)]}.tolist()"]
