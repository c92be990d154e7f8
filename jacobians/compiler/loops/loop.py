"""`Loop`: statements that are repeated, and what goes into them and comes out.

The body is a list of statements over nodes of their own. What it reads besides: `Element`s, which are drawn from lists
and tables, one for each step; what is `Carried` from one step to the next; the `Counter`; and nodes from before the
loop. What comes out: the results of the last step, lists of what all steps made (`Kept`), one tuple for each step, and
arrays that each step has written a row of (`Stack`).
"""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Mapping, Sequence
from itertools import chain, count
from typing import NamedTuple, TypeGuard

import numpy as np

from ...program import CONSTANT, INPUT, Node
from ..assembling import Addend, Assemble, view_text
from ..namespace import Namespace
from ..printing import literal
from ..single import Single
from ..statements import Assign, Statement
from .order import Accumulate

__all__ = ["Carried", "Counter", "Element", "Kept", "Loop", "Picked", "Stack", "listed"]

_LETTERS = ("t", "s", "r", "step")
_WIDTH = 80


class Carried(NamedTuple):
    """`inside` is what the body reads, `before` its value in the first step; `after` replaces it after each step."""

    inside: Node
    before: Node
    after: Node


class Element(NamedTuple):
    """What one step reads of a list or table: the entry ``first + step * n`` in step n, unpacked into `inside`."""

    inside: tuple[Node, ...]
    source: Node
    first: int
    step: int


class Kept(NamedTuple):
    """A list of what each step makes: of the results themselves, or of tuples of them."""

    node: Node
    fields: tuple[Node, ...]


class Stack(NamedTuple):
    """An array of what all steps make; each step writes the node `inside` into its `row`."""

    node: Node
    inside: Node
    row: Node


class Counter(NamedTuple):
    """A whole number ``first + step * n`` in step n; in parentheses where it is an operand."""

    inside: Node
    first: int
    step: int
    operand: bool


def listed(count: int) -> Node:
    """The node of a list of so many entries."""
    return Node(list, (), {}, (count,), object)


class Loop:
    """``for ...: body``.

    Attributes
    ----------
    count : int
    body : list of Statement
    carried : list of Carried
    elements : list of Element
    counters : list of Counter
    kept : list of Kept
    stacks : list of Stack
    results : list of (Node, Node)
        Nodes that later statements read, each with the node of the body whose last value it is.
    views : list of (Node, Node, Addend)
        Views of arrays that are carried and added to, each with the array and what is added to it there.
    """

    __slots__ = ("_letter", "body", "carried", "count", "counters", "elements", "kept", "results", "stacks", "views")

    def __init__(self, count: int) -> None:
        self.count = count
        self.body: list[Statement] = []
        self.carried: list[Carried] = []
        self.elements: list[Element] = []
        self.counters: list[Counter] = []
        self.kept: list[Kept] = []
        self.stacks: list[Stack] = []
        self.results: list[tuple[Node, Node]] = []
        self.views: list[tuple[Node, Node, Addend]] = []
        self._letter = _LETTERS[0]

    @property
    def reads(self) -> tuple[Node, ...]:
        own = {id(node) for statement in self.body for node in statement.makes}
        own |= {id(carried.inside) for carried in self.carried} | {id(counter.inside) for counter in self.counters}
        own |= {id(node) for element in self.elements for node in element.inside}
        outer = [node for statement in self.body for node in statement.reads if id(node) not in own]
        outer += [node for node in self._read_last() if id(node) not in own]
        outer += [carried.before for carried in self.carried] + [element.source for element in self.elements]
        return tuple({id(node): node for node in outer}.values())

    @property
    def makes(self) -> tuple[Node, ...]:
        in_place = {id(carried.inside) for carried in self._in_place()}
        inside = [carried.inside for carried in self.carried if id(carried.inside) not in in_place]
        drawn = [node for element in self.elements for node in element.inside]
        made = [node for statement in self.body for node in statement.makes]
        views, outer = [view for view, *_ in self.views], [outer for outer, _ in self.results]
        stacked = [node for stack in self.stacks for node in (stack.node, stack.row)]
        return (*[kept.node for kept in self.kept], *stacked, *inside, *views, *drawn, *made, *outer)

    def take_views(self) -> None:
        """Take the views that the body adds to once, before the loop."""
        arrays = {id(carried.inside): carried.inside for carried in self.carried}
        for statement in self.body:
            if isinstance(statement, Accumulate) and id(statement.before) in arrays:
                array = arrays[id(statement.node)] = arrays[id(statement.before)]
                if view_text("", statement.addend) is not None:
                    statement.view = placeholder(statement.addend.core)
                    self.views.append((statement.view, array, statement.addend))

    def drop_unread(self) -> None:
        """Draw nothing that no step reads."""
        read = {id(node) for statement in self.body for node in statement.reads}
        read |= {id(node) for node in [*self._read_last(), *[carried.after for carried in self.carried]]}
        self.elements = [e for e in self.elements if any([id(node) in read for node in e.inside])]

    def _in_place(self) -> list[Carried]:
        """What is carried under the name of what replaces it: nothing reads the old value after the new one is made."""
        last: dict[int, int] = {}
        made: dict[int, int] = {}
        for n, statement in enumerate(self.body):
            # A call has read everything when its result gets a name; other statements may read on after that.
            last |= {id(node): n if isinstance(statement, Assign) else n + 1 for node in statement.reads}
            if isinstance(statement, Accumulate) and statement.before not in statement.addend.nodes:
                last[id(statement.before)] = n
            made |= {id(node): n for node in statement.makes}
        last |= {id(node): len(self.body) for node in self._read_last()}
        after = Counts([id(carried.after) for carried in self.carried])
        return [
            carried
            for carried in self.carried
            if after[id(carried.after)] == 1
            and not after[id(carried.inside)]
            and id(carried.after) in made
            and last.get(id(carried.inside), -1) <= made[id(carried.after)]
        ]

    def _read_last(self) -> list[Node]:
        """What is read when all statements of a step are done."""
        fields = [node for kept in self.kept for node in kept.fields]
        return [*fields, *[stack.inside for stack in self.stacks], *[inner for _, inner in self.results]]

    def _received(self) -> list[tuple[Node, Node]]:
        """The results that are what the last step was handed, and not what it hands on."""
        handed = {id(carried.inside) for carried in self.carried}
        return [(outer, inner) for outer, inner in self.results if id(inner) in handed]

    def share(self, names: dict[int, str]) -> None:
        """Name what shares the name of something else, and the counters."""
        for carried in self._in_place():
            names[id(carried.inside)] = names[id(carried.after)]
        for statement in self.body:
            if isinstance(statement, (Accumulate, Loop)):
                statement.share(names)
        received = {id(outer) for outer, _ in self._received()}
        for outer, inner in self.results:
            if id(outer) not in received:
                names[id(outer)] = names[id(inner)]
        taken = set(names.values())
        letters = chain(_LETTERS, (f"step{n}" for n in count(2)))
        letter = self._letter = next(letter for letter in letters if letter not in taken)
        first, step = self._range
        for counter in self.counters:
            factor = counter.step * step
            names[id(counter.inside)] = _affine(counter.first - factor * first, factor, letter, counter.operand)

    @property
    def _range(self) -> tuple[int, int]:
        """Where the counter starts, and whether it counts up or down: so that most numbers are the counter itself."""
        simple = Counts([(first, step) for _, first, step, _ in self.counters if step in (1, -1)])
        return simple.most_common(1)[0][0] if simple else (0, 1)

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        lines = [f"{names[id(kept.node)]} = []" for kept in self.kept]
        lines += [
            f"{names[id(node)]} = np.empty({node.shape}, {literal(node.dtype, names, space)})"
            for node, *_ in self.stacks
        ]
        lines += [f"{names[id(carried.inside)]} = {names[id(carried.before)]}" for carried in self.carried]
        lines += [f"{names[id(view)]} = {view_text(names[id(array)], addend)}" for view, array, addend in self.views]
        head, unpacked = self._head(names)
        body = [*unpacked, *self._body_lines(names, space)]
        body += [f"{names[id(kept.node)]}.append({_tuple(kept.fields, names)})" for kept in self.kept]
        body += [f"{names[id(outer)]} = {names[id(inner)]}" for outer, inner in self._received()]
        in_place = {id(carried.inside) for carried in self._in_place()}
        moved = [carried for carried in self.carried if id(carried.inside) not in in_place]
        if moved:
            targets = ", ".join(names[id(carried.inside)] for carried in moved)
            body.append(f"{targets} = {', '.join(names[id(carried.after)] for carried in moved)}")
        return [*lines, head, *[f"    {line}" for line in body]]

    def _body_lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        """The lines of the body; what is stacked is written into its row at once, where a call can do that."""
        rows = {id(inside): names[id(row)] for _, inside, row in self.stacks}
        lines: list[str] = []
        written: set[str] = set()
        for statement in self.body:
            row = rows.get(id(statement.makes[0])) if statement.makes else None
            if row is not None and _writes(statement):
                written.add(row)
                lines += statement.written(names, space, row)
            else:
                lines += statement.lines(names, space)
        copied = [(names[id(row)], names[id(inside)]) for _, inside, row in self.stacks]
        return lines + [f"{row}[...] = {name}" for row, name in copied if row not in written]

    def _head(self, names: Mapping[int, str]) -> tuple[str, list[str]]:
        """The line of the loop, and lines that unpack tuples too long for it."""
        targets, sources, unpacked = [], [], []
        if self.counters:
            first, step = self._range
            targets.append(self._letter)
            sources.append(_range_text(first, self.count, step))
        for stack in self.stacks:
            targets.append(names[id(stack.row)])
            sources.append(names[id(stack.node)])
        for n, element in enumerate(self.elements):
            target = _tuple(element.inside, names)
            if len(target) > _WIDTH:
                unpacked.append(f"{target[1:-1]} = k{n}")
                target = f"k{n}"
            targets.append(target)
            sources.append(_drawn(element, self.count, names))
        if not targets:
            return f"for _ in range({self.count}):", []
        if len(targets) == 1:
            return f"for {targets[0].strip('()')} in {sources[0]}:", unpacked
        return f"for {', '.join(targets)} in zip({', '.join(sources)}):", unpacked


class Picked(Single):
    """``name = list[n]``: the result of a single step, after the loop."""

    __slots__ = ("field", "position", "source")

    def __init__(self, node: Node, source: Node, position: int, field: int | None) -> None:
        self.node, self.source, self.position, self.field = node, source, position, field

    @property
    def reads(self) -> tuple[Node, ...]:
        return (self.source,)

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        field = "" if self.field is None else f"[{self.field}]"
        return [f"{names[id(self.node)]} = {names[id(self.source)]}[{self.position}]{field}"]


def _writes(statement: Statement) -> TypeGuard[Assign | Assemble]:
    """Whether a statement can write its result into an array that it is given."""
    if type(statement) is Assign:
        function = statement.node.function
        return not statement.out and (isinstance(function, np.ufunc) or function in (np.concatenate, np.dot))
    return type(statement) is Assemble and not statement.target


def _tuple(nodes: Sequence[Node], names: Mapping[int, str]) -> str:
    words = [names[id(node)] for node in nodes]
    return words[0] if len(words) == 1 else f"({', '.join(words)})"


def _affine(constant: int, factor: int, letter: str, operand: bool) -> str:
    if factor == 0:
        return str(constant)
    moving = letter if factor == 1 else f"{factor} * {letter}"
    if factor == -1:
        text = f"{constant} - {letter}"
    elif not constant:
        text = moving
    else:
        text = f"{moving} {'-' if constant < 0 else '+'} {abs(constant)}"
    return f"({text})" if operand and text != letter else text


def _range_text(first: int, count: int, step: int) -> str:
    stop = first + step * count
    if step == 1:
        return f"range({first}, {stop})" if first else f"range({stop})"
    return f"range({first}, {stop}, {step})"


def _drawn(element: Element, count: int, names: Mapping[int, str]) -> str:
    """The text of what the entries are drawn from."""
    source, (first, step) = element.source, element[2:]
    text, size = names[id(source)], source.shape[0]
    if element.inside[0].weak and source.function is CONSTANT:
        text = f"{text}.tolist()"
    if step == 1 and first == 0 and count == size:
        return text
    if step == -1 and first == size - 1 and count == size and source.function is list:
        return f"reversed({text})"
    stop = first + step * count
    start = "" if first == (0 if step > 0 else size - 1) else str(first)
    end = "" if stop < 0 or stop >= size else str(stop)
    return f"{text}[{start}:{end}{'' if step == 1 else f':{step}'}]"


def placeholder(like: Node) -> Node:
    """A node of the body that is not computed there: an element, or what is carried."""
    return Node(INPUT, ("",), {}, like.shape, like.dtype, weak=like.weak, parts=like.parts)


def table(values: Sequence[Node | float | int]) -> Node:
    """A constant array of the constants or numbers of all steps; where they lie so in memory already, a view."""
    if not isinstance(values[0], Node):
        array = np.array(values)
    else:
        array = _stacked([value.args[0] for value in values if isinstance(value, Node)])
    return Node(CONSTANT, (array,), {}, array.shape, array.dtype)


def _stacked(arrays: list[np.ndarray]) -> np.ndarray:
    first, strides = arrays[0], arrays[0].strides
    places = np.array([array.__array_interface__["data"][0] for array in arrays])
    apart = int(places[1] - places[0])
    alike = first.base is not None and all(array.base is first.base and array.strides == strides for array in arrays)
    if alike and apart and np.all(np.diff(places) == apart):
        return np.lib.stride_tricks.as_strided(first, (len(arrays), *first.shape), (apart, *strides), writeable=False)
    return np.stack(arrays)
