"""Sums of diagonals and scattered arrays, written into one buffer.

The engine states a Jacobian as a sum of arrays, each put on a generalized diagonal (`embed`) or added at positions
(`scatter`). Here they become one buffer that is written once for each: the first addend that is a plain array is the
buffer (a constant is its template), or else zeros, and the others are added to a view of it, or written where nothing
was before.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..arrays import embed, scatter
from ..program import CONSTANT, Node, uses_of, walk
from .boxes import box_text
from .filling import Filled, unwritten
from .grids import grid_of
from .namespace import Namespace
from .printing import literal
from .runs import runs_of
from .single import Single
from .statements import Assign, Statement
from .thinning import entries

__all__ = ["Addend", "Assemble", "Filled", "added_lines", "assembled", "view_text"]

_FEW = 8  # times as many entries as of a constant are left, it has at least where only these are written


class Addend(NamedTuple):
    """An array that is added, or subtracted: `core` at the place that `kind` and `where` tell.

    Where there is a `source`, it is raveled or broadcast to the core there, and no copy of it outlives the line.
    """

    kind: str
    core: Node
    where: Any = None
    minus: bool = False
    source: Node | None = None

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What is added, and the positions if these are an array."""
        return (self.core if self.source is None else self.source, *walk(self.where))


class Assemble(Single):
    """One buffer, and what is added into it.

    Attributes
    ----------
    node : Node
    addends : sequence of Addend
    start : Node or None
        The call that makes the first addend, if that is made here and nowhere else: it makes the buffer.
    target : str
        The text of an array in C order that is the buffer; nothing for new memory.
    """

    __slots__ = ("addends", "start", "target")

    def __init__(self, node: Node, addends: Sequence[Addend], start: Node | None = None) -> None:
        self.node = node
        self.addends = sorted(addends, key=_precedence)
        self.start = start
        self.target = ""

    @property
    def reads(self) -> tuple[Node, ...]:
        first = () if self.start is None else self.start.operands
        addends = self.addends if self.start is None else self.addends[1:]
        return (*first, *[node for addend in addends for node in addend.nodes])

    def lines(self, names: Mapping[int, str], space: Namespace) -> list[str]:
        return self.written(names, space, self.target)

    def written(self, names: Mapping[int, str], space: Namespace, target: str) -> list[str]:
        """The text with this array for the buffer, or with new memory."""
        name = names[id(self.node)]
        filled = Filled(self.node.shape)
        lines, rest = self.started(name, names, space, filled, target)
        for addend in rest:
            how = filled.by(addend)
            lines += added_lines(name, addend, names, space, before=how, shape=self.node.shape)
        return lines

    def started(
        self, name: str, names: Mapping[int, str], space: Namespace, filled: Filled, target: str
    ) -> tuple[list[str], list[Addend]]:
        """The line that makes the buffer, in C order so that it can be reshaped, and the addends that are left."""
        first, rest = self.addends[0], self.addends[1:]
        if first.kind == "plain" and first.minus and first.core.function is not CONSTANT and not target:
            filled.start(first.core)
            return [f'{name} = np.negative({names[id(first.core)]}, order="C")'], rest
        if first.kind != "plain" or first.minus:
            dtype = literal(self.node.dtype, names, space)
            covered = Filled(self.node.shape)
            whole = all(covered.by(addend) is not None for addend in self.addends) and covered.is_full
            if target:
                return [f"{name} = {target}", *([] if whole else [f"{name}.fill(0)"])], self.addends
            return [f"{name} = np.{'empty' if whole else 'zeros'}({self.node.shape}, {dtype})"], self.addends
        filled.start(first.core)
        place = f"out={target}" if target else 'order="C"'
        if self.start is not None:
            words = [literal(argument, names, space) for argument in self.start.args]
            return [f"{name} = {space.function(self.start.function)}({', '.join(words)}, {place})"], rest
        core = names[id(first.core)]
        if rest and rest[0].kind == "plain" and first.core.function is not CONSTANT:
            call = "subtract" if rest[0].minus else "add"
            return [f"{name} = np.{call}({core}, {names[id(rest[0].core)]}, {place})"], rest[1:]
        if target:
            return [f"{name} = {target}", f"{name}[...] = {core}"], rest
        if first.core.function is CONSTANT and self.node.ndim == 1:
            left = unwritten(first.core, rest, self.node.shape)
            if left is not None and _FEW * len(left) < first.core.size:
                lines = [f"{name} = np.empty({self.node.shape}, {literal(self.node.dtype, names, space)})"]
                if len(left):
                    at = left if len(left) > 1 else int(left[0])
                    value = literal(first.core.args[0][at], names, space)
                    lines.append(f"{name}[{literal(at, names, space)}] = {value}")
                return lines, rest
        return [f"{name} = {core}.copy()"], rest


def _precedence(addend: Addend) -> int:
    """Plain arrays come first, one that is not subtracted before the others; a constant before them all."""
    if addend.kind != "plain":
        return 3
    return 2 if addend.minus else 0 if addend.core.function is CONSTANT else 1


def added_lines(
    name: str,
    addend: Addend,
    names: Mapping[int, str],
    space: Namespace,
    *,
    before: Any = None,
    shape: tuple[int, ...] = (),
) -> list[str]:
    """The lines that add to an array of this shape, or subtract; `before` is what stands there, if that is known."""
    sign = "-" if addend.minus else "+"
    core = names[id(addend.core if addend.source is None else addend.source)]
    if addend.source is not None and addend.kind == "scatter":
        core += ".reshape(-1)"
    if addend.kind == "plain":
        return [f"{name} {sign}= {core}"]
    view = view_text(name, addend, shape)
    index, injective = addend.where[1:] if addend.kind == "scatter" else (None, True)
    unread = before is not None and injective
    known = literal(before, names, space) if unread and np.any(before) else ""
    runs = runs_of(index) if view is None else None
    if runs is not None:
        flat = _flat(name, addend, shape)
        lines, target = ([], name) if flat == name else ([f"_view = {flat}"], "_view")
        for run in runs:
            part = f"[{run.first}:{run.stop}]"
            old = known + part if known and isinstance(before, np.ndarray) else known
            lines.append(_put(f"{target}[{run.text}]", core + part, sign, unread, old))
        return lines
    place = view or f"{_flat(name, addend, shape)}[{literal(index, names, space)}]"
    if addend.kind in ("embed", "grid"):
        whole = [f"_view = {view}", f"_view {sign}= {core}"]
        return [_put(f"{place}[...]", core, sign, True, known)] if unread else whole
    if view is not None and index is not None and not addend.core.shape:
        place = f"{_flat(name, addend, shape)}[{int(index.args[0][0])}]"
    if injective or view is not None:
        return [_put(place, core, sign, unread, known)]
    call = "subtract" if sign == "-" else "add"
    return [f"np.{call}.at({_flat(name, addend, shape)}, {literal(index, names, space)}, {core})"]


def _put(place: str, core: str, sign: str, unread: bool, known: str) -> str:
    """The line that adds to a place; where it is not read, what is known of it is added."""
    value = f"{known} {sign} {core}" if known else core if sign == "+" else f"-{core}"
    return f"{place} = {value}" if unread else f"{place} {sign}= {core}"


def view_text(name: str, addend: Addend, shape: tuple[int, ...] = ()) -> str | None:
    """The part of an array that is added to, where it is a view: a diagonal, or a slice."""
    if addend.kind == "embed":
        return _diagonal_view(name, addend)
    if addend.kind == "grid":
        size, start, steps, sizes = addend.where
        if (box := box_text(start, steps, sizes, shape)) is not None:
            return name + box
        flat = name if shape == (size,) else f"{name}.reshape(-1)"
        if all(steps[n] == steps[n + 1] * sizes[n + 1] for n in range(len(steps) - 1)):
            step = f":{steps[-1]}" if steps[-1] > 1 else ""
            return f"{flat}[{start}:{start + (prod(sizes) - 1) * steps[-1] + 1}{step}].reshape({sizes})"
        bytes_each = addend.core.dtype.itemsize
        strides = tuple([step * bytes_each for step in steps])
        return f"np.ndarray({sizes}, {flat}.dtype, {flat}, {start * bytes_each}, {strides})"
    runs = runs_of(addend.where[1]) if addend.kind == "scatter" else None
    return f"{_flat(name, addend, shape)}[{runs[0].text}]" if runs is not None and len(runs) == 1 else None


def _flat(name: str, addend: Addend, shape: tuple[int, ...]) -> str:
    flat = (addend.where[0], *addend.core.shape[1:])
    return name if flat == shape else f"{name}.reshape({flat})"


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


def assembled(nodes: Sequence[Node], outputs: Sequence[Node]) -> list[Statement]:
    """A statement for each node, sums of diagonals and scattered arrays in one."""
    if not any(node.function is embed or node.function is scatter for node in nodes):
        return [Assign(node) for node in nodes if not node.is_leaf]
    uses = uses_of(nodes, outputs)
    for node in _thin_addends(nodes, uses):
        uses[node] = 1
    placed = _placed(nodes, uses)
    inside: set[int] = set()
    roots: dict[int, list[Addend]] = {}
    for key, node in reversed(placed.items()):
        if key not in inside:
            roots[key] = _thinned(_addends(node, uses, placed, inside))
    statements: list[Statement] = [
        Assemble(node, roots[id(node)]) if id(node) in roots else Assign(node)
        for node in nodes
        if id(node) not in inside and not node.is_leaf
    ]
    return _without_idle_views(statements, outputs) if roots else statements


def _without_idle_views(statements: list[Statement], outputs: Sequence[Node]) -> list[Statement]:
    """The same without what was raveled or turned for several sums, of which each reads it as it was."""
    read: set[Node] = set(outputs)
    kept: list[Statement] = []
    for statement in reversed(statements):
        if type(statement) is Assign:
            node = statement.node
            if node.function not in _IDLE or node in read:
                read.update(node.operands)
                kept.append(statement)
        else:
            read.update(statement.reads)
            kept.append(statement)
    return kept[::-1]


_THIN = 8
"""Entries of an array for each one of what stands on its diagonal, from which on several sums add that themselves."""

_IDLE = {np.reshape, np.transpose}


def _thin_addends(nodes: Sequence[Node], uses: Counter[Node]) -> list[Node]:
    """The diagonals that only sums read: each of these adds the few entries by itself."""
    added = Counter(
        [
            operand
            for node in nodes
            if node.function is np.add or node.function is np.subtract
            for operand in node.args
            if _fits(operand, node) and operand.function is embed and _THIN * operand.args[0].size <= operand.size
        ]
    )
    return [node for node, count in added.items() if count == uses[node]]


def _placed(nodes: Sequence[Node], uses: Counter) -> dict[int, Node]:
    """By id, diagonals and scattered arrays, and the sums that have one among their addends."""
    placed: dict[int, Node] = {}
    for node in nodes:
        function = node.function
        if function is np.add or function is np.subtract:
            found = any([id(operand) in placed and uses[operand] == 1 for operand in node.operands])
            found = found and all([_fits(operand, node) for operand in node.args])
        elif function is np.reshape:
            found = node.args[0].function is scatter and uses[node.args[0]] == 1
        else:
            found = function is embed or function is scatter
        if found:
            placed[id(node)] = node
    return placed


def _addends(root: Node, uses: Counter, placed: Container[int], inside: set[int]) -> list[Addend]:
    """The addends of a sum; what is used elsewhere too is an array by itself."""
    found: list[Addend] = []
    waiting = [(root, False)]
    while waiting:
        node, minus = waiting.pop()
        if id(node) not in placed or (node is not root and uses[node] > 1):
            found.append(Addend("plain", node, None, minus))
            continue
        if node is not root:
            inside.add(id(node))
        if node.function is np.add or node.function is np.subtract:
            left, right = node.args
            waiting += [(right, minus != (node.function is np.subtract)), (left, minus)]
        elif node.function is embed:
            found.append(Addend("embed", node.args[0], node.args[1], minus))
        elif node.function is scatter:
            found.append(_scattered(node, minus, node.shape))
            inside |= _seen_through(node.args[0], found[-1].core, uses)
        else:
            inside.add(id(node.args[0]))
            found.append(_scattered(node.args[0], minus, node.shape))
            inside |= _seen_through(node.args[0].args[0], found[-1].core, uses)
    return found


def _thinned(addends: list[Addend]) -> list[Addend]:
    """The same, a plain constant that is mostly zeros scattered."""
    plain = [addend for addend in addends if addend.kind == "plain"]
    found = entries(plain[0].core) if len(plain) == 1 else None
    if found is None:
        return addends
    values, index = found
    thin = Addend("scatter", values, (plain[0].core.size, index, True), plain[0].minus)
    return [thin, *[addend for addend in addends if addend is not plain[0]]]


def _seen_through(values: Node, core: Node, uses: Counter) -> set[int]:
    """The ids of the views between an array and what is scattered of it, which nothing else uses."""
    between = set()
    while values is not core and uses[values] == 1:
        between.add(id(values))
        values = values.args[0]
    return between


def _fits(operand: Any, node: Node) -> bool:
    return isinstance(operand, Node) and operand.shape == node.shape and operand.dtype == node.dtype


def _scattered(node: Node, minus: bool, shape: tuple[int, ...]) -> Addend:
    values, index, size, *rest = node.args
    injective = bool(rest[0]) if rest else bool(node.kwargs.get("injective", False))
    grid = grid_of(values, index, shape) if injective else None
    if grid is not None:
        core, start, steps = grid
        sizes = values.args[0].shape
        while core.function is np.transpose and core.shape == sizes:
            back = np.argsort(core.args[1]).tolist()
            core, steps, sizes = core.args[0], tuple([steps[n] for n in back]), tuple([sizes[n] for n in back])
        return Addend("grid", core, (size, start, steps, sizes), minus)
    if index.function is CONSTANT and values.shape == (1,) and _is_number(values):
        values = values.args[0]
    return Addend("scatter", values, (size, index, injective), minus)


def _is_number(values: Node) -> bool:
    """Whether they are a number that got an axis."""
    shaped = values.function is np.reshape or values.function is operator.getitem
    return shaped and isinstance(values.args[0], Node) and values.args[0].shape == ()
