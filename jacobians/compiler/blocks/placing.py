"""A buffer that a run of calls by rows writes into, block by block, while what it adds is in the cache.

An `Assemble` whose addends stand at regular places of the buffer becomes four kinds of statements: `Start` makes the
buffer, `GridView` takes the part of it that an addend is added to, `Write` adds to it, by rows, so that it can be one
of the calls of a run, and `Finish` adds the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from ...program import CONSTANT, Node
from ..assembling import Addend, Assemble, Filled, added_lines, view_text
from ..namespace import Namespace
from ..printing import literal
from ..single import Single

__all__ = ["Finish", "GridView", "Start", "Write", "added_by_rows", "divided", "may_be_divided", "write_text"]


def added_by_rows(core: Node, view: Node, minus: bool, before: float | None) -> NoReturn:
    """The function of nodes that stand for an addition to a view; `before` is what stands there, if that is known."""
    raise NotImplementedError


class Start(Single):
    """The buffer of an `Assemble` before anything is added.

    Parameters
    ----------
    whole : Assemble
    node : Node
        The buffer.
    """

    makes_fresh = True

    def __init__(self, whole: Assemble, node: Node) -> None:
        self.whole, self.node = whole, node

    @property
    def reads(self) -> tuple[Node, ...]:
        first = self.whole.addends[0]
        return (first.core,) if first.kind == "plain" else ()

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        return self.whole.started(names[id(self.node)], names, space, Filled(self.node.shape), self.whole.target)[0]


class GridView(Single):
    """The part of a buffer that an addend is added to."""

    def __init__(self, node: Node, buffer: Node, addend: Addend) -> None:
        self.node, self.buffer, self.addend = node, buffer, addend

    @property
    def reads(self) -> tuple[Node, ...]:
        return (self.buffer,)

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        return [f"{names[id(self.node)]} = {view_text(names[id(self.buffer)], self.addend, self.buffer.shape)}"]


class Write(Single):
    """An addition to a view of a buffer."""

    makes_fresh = True

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        return [write_text(self.node, names, space)]


class Finish(Single):
    """What else is added to a buffer; then it is the result.

    Attributes
    ----------
    shares : tuple of Node
        In whose memory the result lies.
    """

    def __init__(
        self, whole: Assemble, buffer: Node, writes: Sequence[Node], rest: Sequence[tuple[Addend, Any]]
    ) -> None:
        self.node, self.shares = whole.node, (buffer,)
        self._writes, self._rest = tuple(writes), list(rest)

    @property
    def reads(self) -> tuple[Node, ...]:
        return (*self.shares, *self._writes, *[node for addend, _ in self._rest for node in addend.nodes])

    def share(self, names: dict[int, str]) -> None:
        """Give the result the name of the buffer."""
        names[id(self.node)] = names[id(self.shares[0])]

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        name, shape = names[id(self.node)], self.node.shape
        parts = [added_lines(name, addend, names, space, before=how, shape=shape) for addend, how in self._rest]
        return [line for part in parts for line in part]


def write_text(node: Node, names: Mapping[int, str], space: Namespace) -> str:
    """The call that adds to a view. It is a ufunc, as an assignment goes along the shortest steps of its target."""
    core, view, minus, before = node.args
    core, view = names[id(core)], names[id(view)]
    call = "subtract" if minus else "add"
    if before is None:
        return f"np.{call}({view}, {core}, out={view})"
    if not before:
        return f"np.{'negative' if minus else 'positive'}({core}, out={view})"
    return f"np.{call}({literal(before, names, space)}, {core}, out={view})"


def divided(whole: Assemble, chosen: Sequence[Addend]) -> tuple[list[Any], list[Node]] | None:
    """The statements that take the place of an `Assemble`, and the nodes of the `Write` statements among them.

    Parameters
    ----------
    whole : Assemble
    chosen : sequence of Addend
        What is added by rows, before everything else. None is the result if a number or zero must stand where one is
        added and does not.
    """
    buffer = Node(np.zeros, (whole.node.shape, whole.node.dtype), {}, whole.node.shape, whole.node.dtype)
    filled, first = Filled(whole.node.shape), whole.addends[0]
    if first.kind == "plain":
        filled.start(first.core)
    statements: list[Any] = [Start(whole, buffer)]
    writes: list[Node] = []
    for addend in chosen:
        before = filled.by(addend)
        if isinstance(before, np.ndarray):
            return None
        sizes = addend.where[3]
        view = Node(np.ndarray, (buffer,), {}, sizes, buffer.dtype)
        statements.append(GridView(view, buffer, addend))
        writes.append(Node(added_by_rows, (addend.core, view, addend.minus, before), {}, sizes, buffer.dtype))
    picked = {id(addend) for addend in chosen}
    picked |= {id(first)} if first.kind == "plain" else set()
    others = [addend for addend in whole.addends if id(addend) not in picked]
    rest = [(addend, filled.by(addend)) for addend in others]
    statements += [*[Write(node) for node in writes], Finish(whole, buffer, writes, rest)]
    return statements, writes


def may_be_divided(whole: Assemble) -> bool:
    """Whether a buffer starts from zeros or from a constant."""
    first = whole.addends[0]
    return whole.start is None and (first.kind != "plain" or (first.core.function is CONSTANT and not first.minus))
