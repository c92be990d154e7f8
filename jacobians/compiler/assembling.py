"""Sums of diagonals and scattered arrays, written into one buffer.

The engine states a dense Jacobian as a sum of arrays, each put on a generalized diagonal (`embed`) or added at
positions (`scatter`). Here they become one buffer that is written once for each: the first addend that is a plain array
is the buffer, or else zeros, and the others are added to a view of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..arrays import embed, scatter
from ..program import CONSTANT, Node, walk
from .namespace import Namespace
from .printing import literal
from .statements import Assign, Statement

__all__ = ["Addend", "Assemble", "added_lines", "assembled"]


class Addend(NamedTuple):
    """An array that is added: `core` at the place that `kind` and `where` tell."""

    kind: str
    core: Node
    where: Any = None

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What is added, and the positions if these are an array."""
        return (self.core, *walk(self.where))


class Assemble:
    """One buffer, and what is added into it."""

    __slots__ = ("addends", "node")

    def __init__(self, node: Node, addends: Sequence[Addend]) -> None:
        self.node = node
        self.addends = sorted(addends, key=lambda addend: addend.kind != "plain")

    @property
    def reads(self) -> tuple[Node, ...]:
        return tuple([node for addend in self.addends for node in addend.nodes])

    @property
    def makes(self) -> tuple[Node, ...]:
        return (self.node,)

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        name, shape = names[id(self.node)], self.node.shape
        first, rest = self.addends[0], self.addends[1:]
        lines = []
        if first.kind == "plain":
            if rest and rest[0].kind == "plain":
                lines.append(f"{name} = {names[id(first.core)]} + {names[id(rest[0].core)]}")
                rest = rest[1:]
            else:
                lines.append(f"{name} = {names[id(first.core)]}.copy()")
        else:
            dtype = literal(self.node.dtype, names, space)
            lines.append(f"{name} = np.zeros({shape}, {dtype})")
            lines += added_lines(name, first, names, space, fresh=True)
            # Indices that differ meet an array of zeros only once.
        for addend in rest:
            lines += added_lines(name, addend, names, space, fresh=False)
        return lines


def added_lines(name: str, addend: Addend, names: Mapping[int, str], space: Namespace, *, fresh: bool) -> list[str]:
    """The lines that add to an array; `fresh` says that it is zero wherever they add."""
    core = names[id(addend.core)]
    if addend.kind == "plain":
        return [f"{name} += {core}"]
    if addend.kind == "embed":
        view = _diagonal_view(name, addend)
        return [f"{view}[...] = {core}"] if fresh else [f"_view = {view}", f"_view += {core}"]
    size, index, injective = addend.where
    flat = f"{name}.reshape({(size, *addend.core.shape[1:])})"
    text = _slice_text(index)
    place = text or literal(index, names, space)
    if injective or text:
        return [f"{flat}[{place}] {'' if fresh else '+'}= {core}"]
    return [f"np.add.at({flat}, {place}, {core})"]


def _diagonal_view(name: str, addend: Addend) -> str:
    """The view of the buffer whose axes are those of the core, by an einsum without sums."""
    letters = "ijklmnpqrstuvwxyzabcdefghoABCDEFGHIJKLMNOPQRSTUVWXYZ"
    pattern, sizes = addend.where, addend.core.shape
    if not sizes:
        return f"{name}.reshape(())"
    split = tuple([sizes[axis] for group in pattern for axis in group])
    words = "".join(letters[axis] for group in pattern for axis in group)
    buffer = name if all(len(group) == 1 for group in pattern) else f"{name}.reshape({split})"
    return f'np.einsum("{words}->{letters[: len(sizes)]}", {buffer})'


def _slice_text(index: Any) -> str | None:
    """An index array as a slice, where it is one."""
    if not (isinstance(index, Node) and index.function is CONSTANT):
        return None
    positions: np.ndarray = index.args[0]
    if positions.ndim != 1 or positions.size < 2:
        return None
    step = int(positions[1]) - int(positions[0])
    if step <= 0 or not bool(np.all(np.diff(positions) == step)):
        return None
    start, stop = int(positions[0]), int(positions[-1]) + 1
    return f"{start}:{stop}" + (f":{step}" if step > 1 else "")


def assembled(nodes: Sequence[Node], outputs: Sequence[Node]) -> list[Statement]:
    """A statement for each node, sums of diagonals and scattered arrays in one."""
    uses = Counter([id(operand) for node in nodes for operand in node.operands] + [id(node) for node in outputs])
    placed = _placed(nodes, uses)
    inside: set[int] = set()
    roots: dict[int, list[Addend]] = {}
    for node in reversed(nodes):
        if id(node) in placed and id(node) not in inside:
            roots[id(node)] = _addends(node, uses, placed, inside)
    statements: list[Statement] = []
    for node in nodes:
        if id(node) in inside or node.is_leaf:
            continue
        statements.append(Assemble(node, roots[id(node)]) if id(node) in roots else Assign(node))
    return statements


def _placed(nodes: Sequence[Node], uses: Counter) -> set[int]:
    """Diagonals and scattered arrays, and the sums that have one among their addends."""
    placed: set[int] = set()
    for node in nodes:
        if node.function is np.add:
            fits = all(_fits(operand, node) for operand in node.args)
            found = fits and any(id(operand) in placed and uses[id(operand)] == 1 for operand in node.args)
        elif node.function is np.reshape:
            found = node.args[0].function is scatter and uses[id(node.args[0])] == 1
        else:
            found = node.function is embed or node.function is scatter
        if found:
            placed.add(id(node))
    return placed


def _addends(root: Node, uses: Counter, placed: set[int], inside: set[int]) -> list[Addend]:
    """The addends of a sum; what is used elsewhere too is an array by itself."""
    found: list[Addend] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) not in placed or (node is not root and uses[id(node)] > 1):
            found.append(Addend("plain", node))
            continue
        if node is not root:
            inside.add(id(node))
        if node.function is np.add:
            waiting += node.args[::-1]
        elif node.function is embed:
            found.append(Addend("embed", node.args[0], node.args[1]))
        elif node.function is scatter:
            found.append(_scattered(node))
        else:
            inside.add(id(node.args[0]))
            found.append(_scattered(node.args[0]))
    return found


def _fits(operand: Any, node: Node) -> bool:
    return isinstance(operand, Node) and operand.shape == node.shape and operand.dtype == node.dtype


def _scattered(node: Node) -> Addend:
    values, index, size, *rest = node.args
    injective = bool(rest[0]) if rest else bool(node.kwargs.get("injective", False))
    return Addend("scatter", values, (size, index, injective))
