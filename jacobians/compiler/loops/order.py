"""The order of the statements: as they were recorded, so that repeated steps stand one after the other.

Sums are taken as soon as their terms are there. What a reverse sweep leaves to be added at the end (the contribution of
each step to the gradient of a parameter) is added step by step, and no contribution waits. An array that many addends
are written into becomes a statement of its own for each of them, for the same reason.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from ...program import Node
from ..assembling import Addend, Assemble, added_lines
from ..namespace import Namespace
from ..printing import literal
from ..single import Single
from ..statements import Assign, Statement
from .terms import FEW, MANY, added_terms

__all__ = ["Accumulate", "Zeros", "array_like", "ordered"]


class Zeros(Single):
    """An array of zeros that `Accumulate` adds to."""

    @property
    def reads(self) -> tuple[Node, ...]:
        return ()

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        return [f"{names[id(self.node)]} = np.zeros({self.node.shape}, {literal(self.node.dtype, names, space)})"]


class Accumulate(Single):
    """One addend, added in place to an array that stands already.

    Parameters
    ----------
    node, before : Node
        The array with the addend and without it: the same memory, under the same name.
    addend : Addend
    view : Node, optional
        The part of the array that is added to, if it was taken before.
    """

    __slots__ = ("addend", "before", "view")

    def __init__(self, node: Node, before: Node, addend: Addend, view: Node | None = None) -> None:
        self.node = node
        self.before = before
        self.addend = addend
        self.view = view

    @property
    def reads(self) -> tuple[Node, ...]:
        return (self.before, *self.addend.nodes)

    def share(self, names: dict[int, str]) -> None:
        """Give the array the name that it has."""
        names[id(self.node)] = names[id(self.before)]

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        if self.view is not None:
            return [f"{names[id(self.view)]} {'-' if self.addend.minus else '+'}= {names[id(self.addend.core)]}"]
        return added_lines(names[id(self.node)], self.addend, names, space, shape=self.node.shape)


def ordered(statements: Sequence[Statement], outputs: Sequence[Node], *, singly: bool = False) -> list[Statement]:
    """The statements in the order of recording, sums as early as possible.

    `singly` says that a sum which is added into an array is added term by term.
    """
    pieces = _pieces(statements, outputs, singly)
    uses = Counter([id(node) for piece in pieces for node in piece.reads])
    uses.update([id(node) for node in outputs])
    early = _early(pieces, uses)
    known: dict[int, tuple[int, int]] = {}  # by node: a serial number never below those of what it reads; its slot
    keys: list[tuple[int, int, int]] = []
    for n, piece in enumerate(pieces):
        serial, slot = piece.node.serial if isinstance(piece, (Assign, Assemble, Accumulate)) else 0, -1
        for node in piece.reads:
            before = known.get(id(node))
            if before is not None:
                serial = max(serial, before[0])
                slot = max(slot, before[1])
        if slot < 0 or not early[n]:
            slot = serial  # the slot is the serial number of the statement that it follows
        if isinstance(piece, Accumulate) and isinstance(pieces[n - 1], Zeros):
            keys[n - 1] = (slot, -1, n - 1)
        keys.append((slot, serial, n))
        if not isinstance(piece, Zeros):
            for node in piece.makes:
                known[id(node)] = serial, slot
    _delay_views(pieces, keys)
    return [pieces[n] for *_, n in sorted(keys)]


def _delay_views(pieces: Sequence[Statement], keys: list[tuple[int, int, int]]) -> None:
    """Take parts of inputs where they are read first: ``for x in X`` takes all rows of X before its first step."""
    views = {id(piece.node) for piece in pieces if isinstance(piece, Assign) and _is_part(piece.node)}
    if not views:
        return
    first: dict[int, tuple[int, int, int]] = {}
    for n in reversed(range(len(pieces))):
        piece = pieces[n]
        if isinstance(piece, Assign) and id(piece.node) in views:
            slot, serial, _ = first.get(id(piece.node), keys[n])
            keys[n] = max(keys[n], (slot, serial, n))
        for node in piece.reads:
            if id(node) in views:
                first[id(node)] = min(keys[n], first.get(id(node), keys[n]))


def _is_part(node: Node) -> bool:
    return node.function is operator.getitem and node.args[0].is_leaf


def _pieces(statements: Sequence[Statement], outputs: Sequence[Node], singly: bool) -> list[Statement]:
    """The statements, sums of many placed arrays as one statement for each addend."""
    if not any([isinstance(statement, Assemble) for statement in statements]):
        return list(statements)
    uses = Counter([id(node) for statement in statements for node in statement.reads] + [id(node) for node in outputs])
    pieces: list[Statement] = []
    # A sum that is put together by one statement has no terms of its own: it stands as if others read it, too.
    whole = uses + Counter([id(statement.node) for statement in statements if isinstance(statement, Assemble)])
    for statement in statements:
        addends = statement.addends if isinstance(statement, Assemble) else ()
        if singly and addends:
            addends = _opened(addends, whole)
        if not isinstance(statement, Assemble) or len(addends) <= MANY:
            pieces.append(statement)
            continue
        node = statement.node
        before = array_like(node)
        pieces.append(Zeros(before))
        addends = sorted(addends, key=lambda addend: addend.core.serial)
        for n, addend in enumerate(addends):
            positive = _negated(addend.core) if uses[id(addend.core)] == 1 else None
            if positive is not None:
                addend = addend._replace(core=positive, minus=not addend.minus)
            after = node if n == len(addends) - 1 else array_like(node)
            pieces.append(Accumulate(after, before, addend))
            before = after
    return _read(pieces, outputs) if len(pieces) > len(statements) else pieces


def _read(pieces: Sequence[Statement], outputs: Sequence[Node]) -> list[Statement]:
    """The statements that make what is read: no negations and sums whose terms are added one by one."""
    wanted = {id(node) for node in outputs}
    found: list[Statement] = []
    for piece in reversed(pieces):
        if any([id(node) in wanted for node in piece.makes]):
            found.append(piece)
            wanted |= {id(node) for node in piece.reads}
    return found[::-1]


def _opened(addends: Sequence[Addend], uses: Counter) -> Sequence[Addend]:
    """What is added into an array; where a sum of many terms is, each term, for its step to add."""
    found: list[list[Addend]] = []
    for addend in addends:
        core = addend.core
        positive = _negated(core) if addend.source is None and uses[id(core)] == 1 else None
        if positive is not None and uses[id(positive)] == 1:
            addend, core = addend._replace(core=positive, minus=not addend.minus), positive
        terms = added_terms(core, uses) if addend.source is None and uses[id(core)] == 1 else [core]
        found.append([addend._replace(core=term) for term in terms])
    if max([len(terms) for terms in found], default=0) <= FEW:
        return addends
    return [addend for terms in found for addend in terms]


def _negated(node: Node) -> Node | None:
    """The array of which a node is the negative."""
    if node.function is np.negative:
        return node.args[0]
    if node.function is np.multiply and len(node.operands) == 1:
        a, b = node.args
        number, other = (a, b) if isinstance(b, Node) else (b, a)
        if number == -1 and other.shape == node.shape and other.dtype == node.dtype:
            return other
    return None


def array_like(node: Node) -> Node:
    """A node that stands for an array that is written into."""
    return Node(np.zeros, (node.shape, node.dtype), {}, node.shape, node.dtype, serial=node.serial)


def _early(pieces: Sequence[Statement], uses: Counter) -> list[bool]:
    """Whether each statement adds one of many terms to a sum, or makes what only such a statement reads."""
    terms: dict[int, int] = {}
    for piece in pieces:
        if isinstance(piece, Assign) and piece.node.function is np.add:
            terms[id(piece.node)] = sum([terms.get(id(node), 1) if uses[id(node)] == 1 else 1 for node in piece.reads])
    if max(terms.values(), default=0) <= MANY and not any([isinstance(piece, Accumulate) for piece in pieces]):
        return [False] * len(pieces)
    early: list[bool] = []
    wanted: set[int] = set()
    for piece in reversed(pieces):
        makes = [id(node) for node in piece.makes]
        soon = isinstance(piece, Accumulate) or any(node in wanted or terms.get(node, 0) > MANY for node in makes)
        early.append(soon)
        if soon:
            wanted |= {id(operand) for operand in piece.reads if uses[id(operand)] == 1}
    return early[::-1]
