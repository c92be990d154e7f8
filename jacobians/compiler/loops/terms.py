"""A program put in such an order, before loops are looked for, that what each step does stands together.

- `resummed`: a sum of many terms takes them in the order in which they were recorded, so that none of them waits, and
  those of one kind together, so that each step adds one term to each sum.
- `apart`: an entry of an array that many steps read (``e[:, 2]`` wherever the symbol is 2) is taken in each of them.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from typing import Any

import numpy as np

from ...program import Node, topological, uses_of, with_operands

__all__ = ["FEW", "MANY", "added_terms", "apart", "resummed"]

MANY = 8
"""Terms of a sum that is written as it is, at most."""

FEW = 3
"""Terms of a sum that is added into an array as a whole, at most."""

_DEEP = 4  # calls that are made for a term alone


def added_terms(root: Node, uses: Counter) -> list[Node]:
    """The terms of a sum in order; partial sums that nothing else reads are opened."""
    found: list[Node] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if _is_link(node) and (node is root or (uses[node] == 1 and node.shape == root.shape)):
            waiting += node.args[::-1]
        else:
            found.append(node)
    return found


def _is_link(node: Node) -> bool:
    """Whether it adds two arrays of its own shape and dtype."""
    if node.function is not np.add or node.kwargs or node.weak or node.dtype.kind not in "fc" or len(node.args) != 2:
        return False
    a, b = node.args
    return isinstance(a, Node) and isinstance(b, Node) and a.face == node.face == b.face


def resummed(nodes: Sequence[Node], outputs: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program of these nodes whose long sums take their terms as they were recorded."""
    links = [node for node in nodes if node.function is np.add and _is_link(node)]
    if len(links) <= MANY:
        return outputs
    uses = uses_of(nodes, outputs)
    inner = {a for node in links for a in node.args if uses[a] == 1 and a.shape == node.shape}
    serials = _serials(nodes)
    again: dict[Node, list[list[Node]]] = {}
    for node in links:
        if node in inner:
            continue
        terms = added_terms(node, uses)
        if len(terms) <= MANY:
            continue
        groups = _groups(sorted(terms, key=lambda term: _rank(term, uses, serials)))
        if len(groups) > 1 or any([a is not b for a, b in zip(terms, groups[0], strict=True)]):
            again[node] = groups
    new: dict[Node, Node] = {}

    def now(node: Node) -> Node:
        return new.get(node, node)

    for node in nodes if again else ():
        if node in again:
            sums = [reduce(partial(_sum, node), [now(term) for term in terms]) for terms in again[node]]
            new[node] = reduce(partial(_sum, node), sums)
        elif new and not new.keys().isdisjoint(node.operands):
            new[node] = with_operands(node, now)
    return [now(node) for node in outputs] if new else outputs


def _rank(term: Node, uses: Counter, serials: Mapping[Node, int], depth: int = _DEEP) -> int:
    """When what a term is made of is there; what is made for it alone can be made then."""
    rank = -1
    for a in term.operands:
        if a.operands or not a.is_leaf:
            found = _rank(a, uses, serials, depth - 1) if depth and uses[a] == 1 else serials[a]
            if found > rank:
                rank = found
    return serials[term] if rank < 0 else rank


def _groups(terms: Sequence[Node]) -> list[list[Node]]:
    """The terms of each kind of which there are many, and the others."""
    groups: dict[Any, list[Node]] = {}
    for term in terms:
        groups.setdefault((term.function, *[a.shape for a in term.operands]), []).append(term)
    many = [group for group in groups.values() if len(group) > FEW]
    if len(many) < 2:
        return [list(terms)]
    large = {id(term) for group in many for term in group}
    few = [term for term in terms if id(term) not in large]
    return [*many, few] if few else many


def _sum(like: Node, a: Node, b: Node) -> Node:
    return Node(np.add, (a, b), {}, like.shape, like.dtype, serial=like.serial)


def apart(outputs: Sequence[Node]) -> list[Node] | None:
    """The outputs of an equal program in which each reader of an entry takes it itself; None where that is so."""
    nodes = topological(outputs)
    entries = {node for node in nodes if _is_entry(node)}
    uses = uses_of(nodes, outputs)
    if not any(uses[node] > 1 for node in entries):
        return None
    serials = _serials(nodes)

    def made(node: Node, now: Callable[[Node], Node]) -> Node:
        def taken(operand: Node) -> Node:
            if operand not in entries:
                return now(operand)
            about = {"parts": operand.parts, "serial": serials[node]}
            args = (now(operand.args[0]), *operand.args[1:])
            return Node(operand.function, args, operand.kwargs, operand.shape, operand.dtype, **about)

        return with_operands(node, taken)

    return _rebuilt(nodes, outputs, made)


def _is_entry(node: Node) -> bool:
    """Whether it is a part of an array at places that are known, whole numbers among them."""
    if (
        node.function is not operator.getitem
        or node.weak
        or len(node.operands) != 1
        or node.operands[0].parts is not None
    ):
        return False
    index = node.args[1] if type(node.args[1]) is tuple else (node.args[1],)
    return any([type(item) is int for item in index])


def _serials(nodes: Sequence[Node]) -> dict[Node, int]:
    """When each node may have been recorded at the soonest: never before what it reads."""
    serials: dict[Node, int] = {}
    for node in nodes:
        operands = node.operands
        serial = node.serial if operands or not node.is_leaf else -1
        for operand in operands:
            before = serials[operand]
            if before > serial:
                serial = before
        serials[node] = serial
    return serials


def _rebuilt(
    nodes: Sequence[Node], outputs: Sequence[Node], made: Callable[[Node, Callable[[Node], Node]], Node]
) -> list[Node]:
    """The outputs, with nodes made by a function of a node and of what tells the nodes that are made already."""
    new: dict[int, Node] = {}

    def now(node: Node) -> Node:
        return new[id(node)]

    for node in nodes:
        new[id(node)] = node if node.is_leaf else made(node, now)
    return [new[id(node)] for node in outputs]
