"""Sums of several scattered arrays, whose positions are known: one product with a sparse matrix.

    scatter(a, i, n) - scatter(b, j, n) + scatter(a, k, n)    becomes    RowSums(weights, columns, starts) @ join(a, b)

So are the entries of a sparse matrix made that many elements add to: a truss, a power grid, a mesh. To add an array at
positions that others have written to goes from entry to entry, there and back; the product writes each entry once, and
reads an array once that is added at several places, turned, broadcast or negative as it may be. What stands at few
slices stays, which are added in less time.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...arrays import scatter
from ...plain import RowSums
from ...program import CONSTANT, Node, uses_of
from ..grids import grid_of
from ..runs import runs_of
from .rewriting import Builder, is_number, is_safe, rewritten
from .segments import summed_rows

__all__ = ["pooled"]

_LEAST, _MOST = 256, 2**21
"""Entries of a sum whose positions are looked at: a smaller one is made of its numbers."""

_CALL, _ROW, _EACH, _JOINED, _NEW = 4.5, 0.8e-3, 0.3, 0.3e-3, 0.2e-3
"""Microseconds of a product, of each of its rows, of each array that is joined before and of each of its entries, and
of an entry of a new array."""

_NEAR, _ENTRY, _FAR = 2**15, 0.5e-3, 1.2e-3
"""Entries that the cache holds, microseconds of each that a product adds of so many, and of more."""

_LINE, _RUN, _SLICE, _PLACED, _AGAIN, _AT = 0.8, 0.3e-3, 0.8e-3, 1.3e-3, 2.7e-3, 1.9e-3
"""Microseconds of a line that scatters, of each entry of a run, in a slice, at a position that is written first, at one
that is not, and at one that may come twice."""

_CLEAR = 0.9
"""The part of its time that must be enough for another way."""

_KINDS = (np.float32, np.float64, np.complex64, np.complex128)
_SUMS = {np.add, np.subtract}
_MOVES = {np.reshape, np.transpose, np.broadcast_to, operator.getitem}


class _Part(NamedTuple):
    """What is added to a sum: entries `source` of the raveled `base`, each times `weight`, at `target`."""

    base: Node
    source: np.ndarray
    target: np.ndarray
    weight: float


def pooled(outputs: Sequence[Node], nodes: Sequence[Node]) -> Sequence[Node]:
    """The outputs of an equal program; `nodes` are all that they need, operands first."""
    if sum([node.function is scatter for node in nodes]) < 2:
        return outputs
    uses = uses_of(nodes, outputs)
    inside = {id(a) for node in nodes if node.function in _SUMS for a in node.operands if _is_inner(a, node, uses)}
    builder = Builder({})

    def change(node: Node, new: dict[int, Node]) -> Node | None:
        root = node.function in _SUMS and id(node) not in inside
        looked = root and node.dtype in _KINDS and _LEAST <= node.size <= _MOST
        return _product(builder, node, inside, new) if looked else None

    return rewritten(outputs, nodes, builder, change)


def _is_inner(a: Node, node: Node, uses: Counter) -> bool:
    """Whether an operand is a sum that is read by this sum alone."""
    return a.function in _SUMS and uses[a] == 1 and a.shape == node.shape and a.dtype == node.dtype


def _product(builder: Builder, root: Node, inside: set[int], new: dict[int, Node]) -> Node | None:
    """The sum as a product and what else is added; None where it had better stay."""
    rest: list[tuple[Node, bool]] = []
    scattered: list[tuple[Node, bool]] = []
    waiting = [(root, False)]
    while waiting:
        node, minus = waiting.pop()
        if node is root or id(node) in inside:
            left, right = node.args
            if not (isinstance(left, Node) and isinstance(right, Node)):
                return None
            waiting += [(right, minus != (node.function is np.subtract)), (left, minus)]
            continue
        whole = node.args[0] if node.function is np.reshape else node
        known = whole.function is scatter and whole.ndim == 1 and whole.args[1].function is CONSTANT
        (scattered if known and node.shape == root.shape else rest).append((whole if known else node, minus))
    if len(scattered) < 2 or any([node.function is not CONSTANT or node.shape != root.shape for node, _ in rest]):
        return None
    parts = [_part(node, minus) for node, minus in scattered]
    if not _pays(scattered, parts, root):
        return None
    made = builder.reshaped(_made(builder, parts, root, new), root.shape)
    for node, minus in rest:
        made = builder.call(np.subtract if minus else np.add, made, new[id(node)])
    return made


def _part(node: Node, minus: bool) -> _Part:
    """What is scattered, seen through moves and numbers."""
    base, index = node.args[:2]
    weight, moves = -1.0 if minus else 1.0, []
    while True:
        if base.function in _MOVES and len(base.args) == 2 and not base.kwargs and _is_one(base):
            moves.append((base.function, base.args[1]))
            base = base.args[0]
        elif base.function is np.multiply and is_number(base.args[0]) and _is_same(base, base.args[1]):
            if not is_safe(weight * base.args[0]):
                break
            weight, base = weight * base.args[0], base.args[1]
        elif base.function is np.add and base.args[0] is base.args[1] and is_safe(2 * weight):
            weight, base = 2 * weight, base.args[0]
        else:
            break
    source = np.arange(base.size).reshape(base.shape)
    for function, argument in reversed(moves):
        source = function(source, argument)
    return _Part(base, source.reshape(-1), index.args[0].reshape(-1), weight)


def _is_one(node: Node) -> bool:
    """Whether a call reads one array and nothing else."""
    return len(node.operands) == 1 and node.args[0] is node.operands[0] and node.operands[0].parts is None


def _is_same(node: Node, a: Any) -> bool:
    return isinstance(a, Node) and a.shape == node.shape and a.dtype == node.dtype and not node.kwargs


def _pays(scattered: Sequence[tuple[Node, bool]], parts: Sequence[_Part], root: Node) -> bool:
    """Whether a product takes clearly less time than a line for each addend."""
    written: np.ndarray | None = np.zeros(root.size, bool)
    before = _NEW * root.size
    nearby = True
    for (node, _), part in zip(scattered, parts, strict=True):
        values, index, _, *rest = node.args
        injective = bool(rest[0]) if rest else bool(node.kwargs.get("injective", False))
        if values.ndim != 1 or index.ndim != 1 or (part.target.size and part.target.min() < 0):
            return False
        runs = runs_of(index)
        grid = grid_of(values, index, root.shape) if runs is None and injective else None
        if runs is not None or grid is not None:
            near = all([run.step == 1 for run in runs or ()]) and (grid is None or grid[2][-1] <= 1)
            nearby = nearby and near
            before += _LINE * len(runs or (0,)) + (_RUN if near else _SLICE) * values.size
            continue
        nearby = False
        if not injective:
            written = None  # what comes after is added to what is there
        before += _LINE + values.size * (_AT if not injective else _AGAIN if _meets(written, part) else _PLACED)
    bases = {id(part.base): part.base.size for part in parts}
    entries = sum(bases.values())
    joined = _JOINED * entries + _EACH * len(bases) if len(bases) > 1 else 0
    added = (_ENTRY if entries <= _NEAR else _FAR) * sum([part.target.size for part in parts])
    return not nearby and _CALL + _ROW * root.size + added + joined < _CLEAR * before


def _meets(written: np.ndarray | None, part: _Part) -> bool:
    """Whether something may stand where a part comes, which is noted."""
    if written is None or written[part.target].any():
        return True
    written[part.target] = True
    return False


def _made(builder: Builder, parts: Sequence[_Part], root: Node, new: dict[int, Node]) -> Node:
    """The product."""
    starts: dict[int, int] = {}
    vectors: list[Node] = []
    for part in parts:
        if id(part.base) not in starts:
            starts[id(part.base)] = sum([vector.size for vector in vectors])
            vectors.append(builder.reshaped(new[id(part.base)], (part.base.size,)))
    width = sum([vector.size for vector in vectors])
    target = np.concatenate([part.target for part in parts])
    order = np.argsort(target, kind="stable")
    columns = np.concatenate([starts[id(part.base)] + part.source for part in parts])[order]
    weights = np.concatenate([np.full(part.target.size, part.weight, root.dtype) for part in parts])[order]
    first = np.searchsorted(target[order], np.arange(root.size + 1))
    sums = RowSums(weights, columns.astype(np.int32), first.astype(np.int32), width)
    shape = (width,)
    joined = vectors[0] if len(vectors) == 1 else builder.made(np.concatenate, (vectors,), {}, shape, root.dtype)
    return builder.made(summed_rows, (joined, sums), {}, (root.size,), root.dtype)
