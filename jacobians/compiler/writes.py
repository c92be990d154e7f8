"""Arrays that are written into entry by entry: the writes of a loop become one, and copy nothing that is not needed.

`z[i] = v` is recorded as a copy with another entry. `collected` lets what reads an entry read what was written there,
and writes all entries at once where the whole array is read. What is left to be written goes into the array itself, if
nothing else will look at it: `in_place` decides that by liveness.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..arrays import assigned
from ..program import CONSTANT, Node, with_operands
from .assembling import Assemble
from .blocks.sharing import owners
from .namespace import Namespace
from .printing import index_text, literal
from .single import Single
from .statements import Assign, Statement

__all__ = ["Write", "as_recorded", "collected", "in_place"]

Key = tuple[int, ...]


class _Chain:
    """Writes one after the other, each to one entry or row."""

    def __init__(self, base: Node, width: int) -> None:
        self.base, self.width = base, width
        self.count = 0
        self.wholes: list[tuple[int, Node]] = [(0, base)]  # the array after so many writes, where it was needed
        self.written: list[tuple[Key, Node]] = []
        self.serials: list[int] = []
        self.places: dict[Key, list[int]] = {}

    def add(self, key: Key, value: Node, serial: int) -> None:
        self.places.setdefault(key, []).append(self.count)
        self.written.append((key, value))
        self.serials.append(serial)
        self.count += 1

    def at(self, key: Key, count: int) -> Node | None:
        """What the first `count` writes have left at a key, if they wrote there."""
        for place in reversed(self.places.get(key, ())):
            if place < count:
                return self.written[place][1]
        return None

    def whole(self, count: int) -> Node:
        """The array after the first `count` writes."""
        start, array = next(entry for entry in reversed(self.wholes) if entry[0] <= count)
        if start < count:
            array = _put(array, dict(self.written[start:count]), self.serials[count - 1])
            self.wholes.append((count, array))
            self.wholes.sort(key=operator.itemgetter(0))
        return array


def collected(nodes: Sequence[Node], outputs: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program of these nodes in which writes to entries are one call where that can be."""
    if not any([node.function is assigned for node in nodes]):
        return outputs
    new: dict[int, Node] = {}
    chains: dict[int, tuple[_Chain, int]] = {}  # by the id of an array that is written into

    def now(node: Node) -> Node:
        if id(node) in chains and id(node) not in new:
            chain, count = chains[id(node)]
            new[id(node)] = chain.whole(count)
        return new[id(node)]

    for node in nodes:
        array: Any = node.args[0] if node.args else None
        if node.function is assigned:
            key = _key(node.args[2], node)
            value = None if key is None else _value(node, now)
            if key is not None and value is not None:
                chain, count = chains.get(id(array), (None, 0))
                if chain is None or chain.count != count or chain.width != len(key):
                    chain, count = _Chain(now(array), len(key)), 0
                chain.add(key, value, node.serial)
                chains[id(node)] = chain, count + 1
                continue
        elif node.function is operator.getitem and id(array) in chains:
            chain, count = chains[id(array)]
            key = _key(node.args[1], array)
            if key is not None and len(key) >= chain.width:
                value = chain.at(key[: chain.width], count)
                rest = key if value is None else key[chain.width :]
                value = chain.base if value is None else value
                if rest:
                    index = rest[0] if len(rest) == 1 else rest
                    value = Node(node.function, (value, index), {}, node.shape, node.dtype, serial=node.serial)
                new[id(node)] = value
                continue
        same = all([now(operand) is operand for operand in node.operands])
        new[id(node)] = node if same else with_operands(node, now)
    return [now(node) for node in outputs]


def _key(index: Any, array: Node) -> Key | None:
    """The integers of an index, counted from the start; None if it has anything else."""
    items = index if type(index) is tuple else (index,)
    if not items or len(items) > array.ndim or not all([type(item) is int for item in items]):
        return None
    return tuple([item % size for item, size in zip(items, array.shape, strict=False)])


def _value(node: Node, now: Any) -> Node | None:
    """What a write leaves: a value of the dtype and shape of its place, or None where that is not clear."""
    value, index = node.args[1:]
    shape = node.shape[len(index) if type(index) is tuple else 1 :]
    if type(value) in (int, float):
        try:
            array = np.full(shape, value, node.dtype)
        except OverflowError:
            return None
        return Node(CONSTANT, (array,), {}, shape, node.dtype)
    if not isinstance(value, Node) or len(value.shape) > len(shape):
        return None
    value = now(value)
    if value.dtype != node.dtype or value.weak:
        value = Node(np.astype, (value, node.dtype), {}, value.shape, node.dtype, serial=node.serial)
    if value.shape != shape:
        value = Node(np.broadcast_to, (value, shape), {}, shape, node.dtype, serial=node.serial)
    return value


def _put(array: Node, values: Mapping[Key, Node], serial: int) -> Node:
    """An array with values at these places, in the place of the call with this serial number."""
    if len(values) == 1:
        ((key, value),) = values.items()
        args = (array, value, key[0] if len(key) == 1 else key)
        return Node(assigned, args, {}, array.shape, array.dtype, serial=serial)
    nodes = list(values.values())
    stacked = Node(np.stack, (nodes,), {}, (len(nodes), *nodes[0].shape), array.dtype, serial=serial)
    if array.shape == stacked.shape and list(values) == [(n,) for n in range(len(nodes))]:
        return stacked
    axes = [np.array(axis) for axis in zip(*values, strict=True)]
    places = [Node(CONSTANT, (axis,), {}, axis.shape, axis.dtype) for axis in axes]
    index = tuple(places) if len(places) > 1 else places[0]
    return Node(assigned, (array, stacked, index), {}, array.shape, array.dtype, serial=serial)


def as_recorded(statements: Sequence[Statement]) -> list[Statement]:
    """The statements in the order of recording, if any writes: what reads an array comes before it is written into."""
    plain = all([type(statement) in (Assign, Assemble) for statement in statements])
    if not plain or not any([_writes(statement) for statement in statements]):
        return list(statements)
    serials: dict[int, int] = {}
    for statement in statements:
        (node,) = statement.makes
        serials[id(node)] = max([node.serial, *[serials.get(id(operand), -1) for operand in statement.reads]])
    return sorted(statements, key=lambda statement: serials[id(statement.makes[0])])


# ---- in place --------------------------------------------------------------------------------------------------------


class Write(Single):
    """``array[index] = value`` in the memory of the array, which has no other reader from then on."""

    @property
    def shares(self) -> tuple[Node, ...]:
        """The array in whose memory the result lies."""
        return (self.node.args[0],)

    def share(self, names: dict[int, str]) -> None:
        """Give the result the name that the array has."""
        names[id(self.node)] = names[id(self.node.args[0])]

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        array, value, index = self.node.args
        return [f"{names[id(array)]}[{index_text(index, names, space)}] = {literal(value, names, space)}"]


def in_place(statements: Sequence[Statement], kept: Iterable[int]) -> list[Statement]:
    """The statements, with writes that go into the array itself where it lies in memory of its own that dies there.

    Parameters
    ----------
    statements : sequence of Statement
    kept : iterable of int
        The ids of the nodes that are returned.
    """
    if not any([_writes(statement) for statement in statements]):
        return list(statements)
    owned = owners(statements)
    made = {id(node) for statement in statements for node in statement.makes}
    last = {id(node): n for n, statement in enumerate(statements) for node in statement.reads}
    last |= dict.fromkeys(kept, len(statements))
    alike: dict[int, list[int]] = {}  # by owner: the ids of what lies in its memory
    for node, found in owned.items():
        for owner in found:
            alike.setdefault(owner, []).append(node)
    result: list[Statement] = []
    inside: dict[int, int] = {}  # the owner of what has been written in place
    for n, statement in enumerate(statements):
        result.append(statement)
        if not _writes(statement):
            continue
        node = statement.makes[0]
        array = node.args[0]
        owner = inside.get(id(array), id(array))
        own = id(array) in made and array.ndim > 0 and array.dtype == node.dtype
        if not own or owned[id(array)] != frozenset([id(array)]):
            continue
        readers = [*alike.get(owner, ()), *alike[id(array)]]
        if all([last.get(reader, -1) <= n for reader in readers]):
            result[-1] = Write(node)
            inside[id(node)] = owner
            alike[owner] = readers
    return result


def _writes(statement: Statement) -> bool:
    return type(statement) is Assign and statement.node.function is assigned
