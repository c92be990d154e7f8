"""The order of the statements: as they were recorded, so that repeated steps stand one after the other.

Sums are taken as soon as their terms are there. What a reverse sweep leaves to be added at the end (the contribution of
each step to the gradient of a parameter) is added step by step, and no contribution waits. An array that many addends
are written into becomes a statement of its own for each of them, for the same reason.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from ...program import Node
from ..assembling import Addend, Assemble, added_lines
from ..namespace import Namespace
from ..printing import literal
from ..single import Single
from ..statements import Assign, Statement
from .readings import Readings, reads_of
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
    readings = Readings(pieces)
    empty = np.array([type(piece) is Zeros for piece in pieces])
    serials = _serials(pieces, readings, empty).tolist()
    slots = list(serials)  # the slot is the serial number of the statement that it follows
    zeros = set(np.flatnonzero(empty).tolist())
    for n in _early(pieces, readings, outputs):
        slots[n] = max([slots[code] for code in readings.of(n) if code >= 0 and code not in zeros], default=slots[n])
    for n in zeros:
        if n + 1 < len(pieces) and isinstance(pieces[n + 1], Accumulate):
            slots[n], serials[n] = slots[n + 1], -1
    _delay_views(pieces, readings, slots, serials)
    return [pieces[n] for n in np.lexsort((serials, slots)).tolist()]


_KINDS = Assign, Assemble, Accumulate


def _serials(pieces: Sequence[Statement], readings: Readings, empty: np.ndarray) -> np.ndarray:
    """When each statement was recorded: never before what it reads."""
    own = np.array([piece.node.serial if isinstance(piece, _KINDS) else 0 for piece in pieces], np.int64)
    known = (readings.codes >= 0) & ~empty[readings.codes]
    users, codes = readings.users[known], readings.codes[known]
    if (own[users] < own[codes]).any():  # so it is where a statement took the place of an older one
        for user, code in zip(users.tolist(), codes.tolist(), strict=True):
            own[user] = max(own[user], own[code])
    return own


def _delay_views(pieces: Sequence[Statement], readings: Readings, slots: list[int], serials: list[int]) -> None:
    """Take parts of inputs where they are read first: ``for x in X`` takes all rows of X before its first step."""
    views = np.array([type(piece) is Assign and _is_part(piece.node) for piece in pieces])
    if not views.any():
        return
    read = (readings.codes >= 0) & views[readings.codes]
    readers = np.unique(np.concatenate([readings.users[read], np.flatnonzero(views)]))
    first: dict[int, tuple[int, int]] = {}
    for n in readers[::-1].tolist():
        now = slots[n], serials[n]
        if views[n]:
            now = slots[n], serials[n] = max(now, first.get(n, now))
        for code in readings.of(n):
            if code >= 0 and views[code]:
                first[code] = min(now, first.get(code, now))


def _is_part(node: Node) -> bool:
    return node.function is operator.getitem and node.args[0].is_leaf


def _pieces(statements: Sequence[Statement], outputs: Sequence[Node], singly: bool) -> list[Statement]:
    """The statements, sums of many placed arrays as one statement for each addend."""
    if not any([isinstance(statement, Assemble) for statement in statements]):
        return list(statements)
    uses = Counter(chain.from_iterable([*reads_of(statements), outputs]))
    pieces: list[Statement] = []
    # A sum that is put together by one statement has no terms of its own: it stands as if others read it, too.
    assembled = [statement.node for statement in statements if singly and isinstance(statement, Assemble)]
    whole = uses + Counter(assembled) if assembled else uses
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
            positive = _negated(addend.core) if uses[addend.core] == 1 else None
            if positive is not None:
                addend = addend._replace(core=positive, minus=not addend.minus)
            after = node if n == len(addends) - 1 else array_like(node)
            pieces.append(Accumulate(after, before, addend))
            before = after
    return _read(pieces, outputs) if len(pieces) > len(statements) else pieces


def _read(pieces: Sequence[Statement], outputs: Sequence[Node]) -> list[Statement]:
    """The statements that make what is read: no negations and sums whose terms are added one by one."""
    wanted = set(outputs)
    found: list[Statement] = []
    for piece, reads in zip(reversed(pieces), reversed(reads_of(pieces)), strict=True):
        if not wanted.isdisjoint(piece.makes):
            found.append(piece)
            wanted.update(reads)
    return found[::-1]


def _opened(addends: Sequence[Addend], uses: Counter) -> Sequence[Addend]:
    """What is added into an array; where a sum of many terms is, each term, for its step to add."""
    found: list[list[Addend]] = []
    for addend in addends:
        core = addend.core
        positive = _negated(core) if addend.source is None and uses[core] == 1 else None
        if positive is not None and uses[positive] == 1:
            addend, core = addend._replace(core=positive, minus=not addend.minus), positive
        terms = added_terms(core, uses) if addend.source is None and uses[core] == 1 else [core]
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


def _early(pieces: Sequence[Statement], readings: Readings, outputs: Sequence[Node]) -> list[int]:
    """The statements that add one of many terms to a sum, and those that make what only such a statement reads."""
    uses = readings.counts(outputs).tolist()
    terms: dict[int, int] = {}
    for n, piece in enumerate(pieces):
        if type(piece) is Assign and piece.node.function is np.add:
            reads = readings.of(n)
            terms[n] = sum([terms.get(code, 1) if code >= 0 and uses[code] == 1 else 1 for code in reads])
    waiting = [n for n, count in terms.items() if count > MANY]
    waiting += [n for n, piece in enumerate(pieces) if type(piece) is Accumulate]
    early = set(waiting)
    while waiting:
        for code in readings.of(waiting.pop()):
            if code >= 0 and uses[code] == 1 and code not in early:
                early.add(code)
                waiting.append(code)
    return sorted(early)
