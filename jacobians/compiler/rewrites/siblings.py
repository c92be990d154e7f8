"""Calls of neighbouring parts of one small array as one call, of which parts are taken.

The gates of a recurrent network are parts of one product: ``1 / (1 + np.exp(-z[:n]))``, and the same of ``z[n:2 * n]``.
A call of few numbers costs as much as one of a thousand.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from ...program import Node
from .rewriting import Builder, is_number, rewritten

__all__ = ["joined"]

_SMALL = 4096  # entries of an array from which on a call is worth its overhead


class _Part(NamedTuple):
    """What is computed of the entries from `start` to before `stop` along an axis: the calls, one after the other."""

    base: Node
    axis: int
    calls: tuple[Any, ...]
    start: int
    stop: int


class _Run(NamedTuple):
    start: int
    stop: int
    whole: Node


def joined(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program with fewer calls; `nodes` are all that they need, operands first."""
    parts: dict[int, _Part] = {}
    groups: dict[tuple[int, int, tuple[Any, ...]], list[Node]] = defaultdict(list)
    for node in nodes:
        part = _sliced(node) or _computed(node, parts)
        if part is not None:
            parts[id(node)] = part
            groups[id(part.base), part.axis, part.calls].append(node)
    chosen = {id(node): run for key, group in groups.items() if key[2] for run in _runs(group, parts) for node in run}
    if not chosen:
        return outputs
    builder = Builder({})
    wholes = _Wholes(builder)

    def change(node: Node, new: Mapping[int, Node]) -> Node | None:
        run = chosen.get(id(node))
        if run is None:
            return None
        part = parts[id(node)]
        base = new[id(part.base)]
        _ = wholes.of(part._replace(start=parts[id(run[0])].start, stop=parts[id(run[-1])].stop), base, node)
        return wholes.of(part, base, node)

    return rewritten(outputs, nodes, builder, change)


def _sliced(node: Node) -> _Part | None:
    if node.function is not operator.getitem or node.args[0].parts is not None or node.args[0].size > _SMALL:
        return None
    base, index = node.args
    items = index if type(index) is tuple else (index,)
    if not all([type(item) is slice and _is_static(item) for item in items]) or len(items) > base.ndim:
        return None
    spans = [item.indices(size) for item, size in zip(items, base.shape, strict=False)]
    axes = [n for n, span in enumerate(spans) if span != (0, base.shape[n], 1)]
    if len(axes) != 1 or spans[axes[0]][2] != 1:
        return None
    return _Part(base, axes[0], (), *spans[axes[0]][:2])


def _is_static(item: slice) -> bool:
    return all([part is None or type(part) is int for part in (item.start, item.stop, item.step)])


def _computed(node: Node, parts: dict[int, _Part]) -> _Part | None:
    """An elementwise call of one part and of numbers."""
    if not node.is_elementwise or node.kwargs:
        return None
    first = node.operands[0]
    part = parts.get(id(first))
    if part is None or first.shape != node.shape:
        return None
    if not all([a is first if isinstance(a, Node) else is_number(a) for a in node.args]):
        return None
    words = tuple([None if isinstance(a, Node) else (type(a), a) for a in node.args])
    return part._replace(calls=(*part.calls, (node.function, words)))


def _runs(group: Sequence[Node], parts: dict[int, _Part]) -> list[list[Node]]:
    """Parts that stand one behind the other, two or more."""
    runs: list[list[Node]] = []
    stop = -1
    for node in sorted(group, key=lambda node: parts[id(node)].start):
        part = parts[id(node)]
        if part.start == stop:
            runs[-1].append(node)
        else:
            runs.append([node])
        stop = part.stop
    return [run for run in runs if len(run) > 1]


class _Wholes:
    """What has been computed of several neighbours in one call."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.runs: dict[Hashable, list[_Run]] = defaultdict(list)

    def of(self, part: _Part, base: Node, like: Node) -> Node:
        """What is computed of a part of a new array, as a part of what is computed of its neighbours too."""
        if not part.calls:
            return _taken(self.builder, base, part.axis, part.start, part.stop)
        runs = self.runs[id(part.base), part.axis, part.calls]
        for run in runs:
            if run.start <= part.start and part.stop <= run.stop:
                return _taken(self.builder, run.whole, part.axis, part.start - run.start, part.stop - run.start)
        *before, (ufunc, words) = part.calls
        operand = self.of(part._replace(calls=tuple(before)), base, like)
        args = tuple([operand if word is None else word[1] for word in words])
        made = self.builder.made(ufunc, args, {}, operand.shape, like.dtype)
        runs.append(_Run(part.start, part.stop, made))
        return made


def _taken(builder: Builder, array: Node, axis: int, start: int, stop: int) -> Node:
    if start == 0 and stop == array.shape[axis]:
        return array
    shape = (*array.shape[:axis], stop - start, *array.shape[axis + 1 :])
    index = (*(slice(None),) * axis, slice(start, stop))
    return builder.made(operator.getitem, (array, index if axis else index[0]), {}, shape, array.dtype)
