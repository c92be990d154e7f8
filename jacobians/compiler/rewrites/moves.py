"""What is simpler among calls that only move entries, and elementwise calls of what is moved.

A move of a move is one move; what is moved in one way is computed before it is moved; numbers stand outside of moves;
what a consumer broadcasts anyway is not broadcast before.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import embed, scatter
from ...program import CONSTANT, Node
from .exchange import long_axes, stays
from .rewriting import FOLDED_BYTES, Builder, Rule, is_number, split_scale

__all__ = ["ELEMENTWISE", "RULES", "broadcast_source", "is_plain", "moves_out"]


def is_plain(*values: Any) -> bool:
    """Whether all are nodes of floating-point or complex arrays."""
    for a in values:  # noqa: SIM110  (called for nearly every node: `all` takes three times as long)
        if type(a) is not Node or a.weak or a.dtype.kind not in "fc":
            return False
    return True


def broadcast_source(builder: Builder, node: Node) -> Node:
    """What a `broadcast_to` repeats, with as many axes as the result."""
    source = node.args[0]
    return builder.reshaped(source, (1,) * (node.ndim - source.ndim) + source.shape)


def _transpose(builder: Builder, node: Node) -> Node | None:
    a, order = node.args
    long = [n for n in order if a.shape[n] != 1]
    if long == sorted(long):
        return builder.call(np.reshape, a, node.shape)
    if a.function is np.transpose:
        return builder.call(np.transpose, a.args[0], tuple([a.args[1][n] for n in order]))
    if a.shape == node.shape and not a.is_leaf and stays(a, order):
        return a
    if is_plain(a):
        scale, base = split_scale(a)
        if scale != 1:
            return builder.scaled(scale, builder.call(np.transpose, base, order))
    if a.function is np.broadcast_to:
        moved = builder.call(np.transpose, broadcast_source(builder, a), order)
        return builder.call(np.broadcast_to, moved, node.shape)
    return None


def _reshape(builder: Builder, node: Node) -> Node | None:
    a = node.args[0]
    if node.kwargs.get("order", "C") != "C" or len(node.args) > 2 or set(node.kwargs) - {"order", "shape"}:
        return None
    if a.function is np.reshape:
        return builder.call(np.reshape, a.args[0], node.shape)
    if is_plain(a):
        scale, base = split_scale(a)
        if scale != 1:
            return builder.scaled(scale, builder.call(np.reshape, base, node.shape))
    if a.function is np.broadcast_to and long_axes(a.shape) == long_axes(node.shape):
        source = iter([n for n, size in zip(broadcast_source(builder, a).shape, a.shape, strict=True) if size != 1])
        shape = tuple([1 if size == 1 else next(source) for size in node.shape])
        return builder.call(np.broadcast_to, builder.call(np.reshape, a.args[0], shape), node.shape)
    if long_axes(a.shape) == long_axes(node.shape):
        found = _of_diagonals(builder, a, node.shape)
        if found is not None:
            return found
    exact = len(node.args) == 2 and node.args[1] == node.shape and not node.kwargs
    return None if exact else builder.call(np.reshape, a, node.shape)


def _of_diagonals(builder: Builder, a: Node, shape: tuple[int, ...]) -> Node | None:
    """What is put on diagonals, and sums of it, with other axes of size 1."""
    if a.function is embed:
        groups = iter([group for group, size in zip(a.args[1], a.shape, strict=True) if size != 1])
        pattern = tuple([() if size == 1 else next(groups) for size in shape])
        kept = {axis for group in pattern for axis in group}
        return builder.call(embed, a.args[0], pattern) if len(kept) == a.args[0].ndim else None
    sums = a.function in (np.add, np.subtract) and all([type(b) is Node and b.shape == a.shape for b in a.args])
    if sums and any([split_scale(b)[1].function is embed for b in a.args]):
        return builder.call(a.function, *[builder.call(np.reshape, b, shape) for b in a.args])
    return None


def _ravel(builder: Builder, node: Node) -> Node | None:
    plain = len(node.args) == 1 and node.kwargs.get("order", "C") == "C"
    return builder.call(np.reshape, node.args[0], node.shape) if plain else None


def _reshaped(builder: Builder, node: Node) -> Node | None:
    """Axes of size 1 that come and go."""
    return builder.call(np.reshape, node.args[0], node.shape)


def _taken(builder: Builder, node: Node) -> Node | None:
    """An index that only adds axes."""
    a, index = node.args
    items = index if type(index) is tuple else (index,)
    only = all(item is None or item is Ellipsis or item == slice(None) for item in items if not isinstance(item, Node))
    nodes = any(isinstance(item, Node) for item in items)
    if nodes or a.parts is not None:
        return None
    if a.function is np.broadcast_to and a.args[0].size == 1:
        return builder.spread(builder.reshaped(a.args[0], ()), node.shape)
    return builder.call(np.reshape, a, node.shape) if only else None


def _one_taken(builder: Builder, node: Node) -> Node | None:
    """One position along the first axis: the array that stands there, if it is known."""
    x, position, *axis = node.args
    if isinstance(position, Node) and position.function is CONSTANT and position.shape == ():
        position = position.args[0].item()
    if axis != [0] or node.kwargs or type(position) is not int or not isinstance(x, Node) or x.parts is not None:
        return None
    if not x.ndim or not -x.shape[0] <= position < x.shape[0]:
        return None
    parts = x.args[0] if x.function is np.stack and len(x.args) == 1 and x.kwargs in ({}, {"axis": 0}) else None
    if type(parts) is list and is_plain(*parts) and parts[position].dtype == x.dtype:
        return parts[position]
    return builder.call(operator.getitem, x, position % x.shape[0])


def _filled(builder: Builder, node: Node) -> Node | None:
    """Ones or zeros in the shape of an array, as a constant, and if they are many as one number."""
    if node.kwargs.keys() - {"shape"} or len(node.args) > 1 or node.dtype.kind not in "fc":
        return None
    number = np.ones((), node.dtype) if node.function is np.ones_like else np.zeros((), node.dtype)
    if node.nbytes <= FOLDED_BYTES:
        return builder.constant(np.full(node.shape, number))
    return builder.spread(builder.constant(number), node.shape)


def _of_rows(builder: Builder, node: Node) -> Node | None:
    """Two arrays whose rows one index takes: what is called of these is called of the arrays, if they have fewer."""
    if node.kwargs or len(node.operands) != 2 or not is_plain(*node.args):
        return None
    (a, at), (b, other) = [_rows_of(builder, operand, node.ndim) for operand in node.args]
    if at is None or at is not other or a.shape[0] != b.shape[0] or a.shape[0] > at.size:
        return None
    return builder.call(np.take, builder.call(node.function, a, b), at, 0)


def _rows_of(builder: Builder, node: Node, ndim: int) -> tuple[Node, Node | None]:
    """An array and the index that takes its rows, where a node has so many axes and is made of them."""
    base = node.args[0] if node.function is np.reshape else node
    if base.function is not np.take or base.args[2:] != (0,) or base.kwargs or node.ndim != ndim:
        return node, None
    array, at = base.args[:2]
    if not isinstance(at, Node) or at.ndim != 1 or at.size != node.shape[0] or not is_plain(array):
        return node, None
    return builder.reshaped(array, (array.shape[0], *node.shape[1:])), at


def _broadcast(builder: Builder, node: Node) -> Node | None:
    a = node.args[0]
    if a.function is np.broadcast_to:
        return builder.call(np.broadcast_to, broadcast_source(builder, a), node.shape)
    if a.size == node.size:
        return builder.call(np.reshape, a, node.shape)
    if is_plain(a):
        scale, base = split_scale(a)
        if scale != 1:
            return builder.scaled(scale, builder.call(np.broadcast_to, base, node.shape))
    exact = len(node.args) == 2 and node.args[1] == node.shape and not node.kwargs
    return None if exact else builder.call(np.broadcast_to, a, node.shape)


_TURNED = {np.transpose, np.reshape}
_MOVED = {*_TURNED, np.broadcast_to}


def _of_moved(builder: Builder, node: Node) -> Node | None:
    """An elementwise call of what is moved or broadcast."""
    for operand in node.operands:
        if operand.function in _MOVED:
            found = moves_out(builder, node)
            return _narrowed(builder, node) if found is None else found
    return None


def moves_out(builder: Builder, node: Node) -> Node | None:
    """An elementwise call of arrays that are all moved in the same way: it is the result that is moved."""
    operands = node.operands
    if not operands or operands[0].function not in _TURNED or node.kwargs:
        return None
    first = operands[0]
    if first.shape != node.shape or (len(operands) == 1 and node.function is np.multiply):
        return None  # a number stands outside of moves
    inner = first.args[0]
    if inner.function is scatter:
        return None  # its shape costs nothing where it is
    for a in operands[1:]:
        if a.function is not first.function or a.args[1] != first.args[1] or a.args[0].shape != inner.shape:
            return None
    moved = builder.call(node.function, *[a.args[0] if isinstance(a, Node) else a for a in node.args])
    return builder.call(first.function, moved, first.args[1])


def _narrowed(builder: Builder, node: Node) -> Node | None:
    """An elementwise call of operands that are broadcast: they are as small as the result allows."""
    if node.kwargs or any(is_number(a) and node.function is np.multiply for a in node.args):
        return None  # a number stands outside of moves
    sources = [a.args[0] if isinstance(a, Node) and a.function is np.broadcast_to else a for a in node.args]
    bare = [_without_first_axes(a) for a in sources]
    if np.broadcast_shapes(*[a.shape if isinstance(a, Node) else np.shape(a) for a in bare]) == node.shape:
        sources = bare  # x - m[None, :] is x - m
    if all(source is a for source, a in zip(sources, node.args, strict=True)):
        return None
    shape = np.broadcast_shapes(*[a.shape if isinstance(a, Node) else np.shape(a) for a in sources])
    if shape != node.shape:
        small = builder.call(node.function, *sources)
        return builder.call(np.broadcast_to, small, node.shape)
    return builder.call(node.function, *sources)


def _without_first_axes(a: Any) -> Any:
    """An array without the axes of size 1 that a reshape has put before all others."""
    if not isinstance(a, Node) or a.function is not np.reshape or not isinstance(a.args[0], Node):
        return a
    inner = a.args[0]
    return inner if inner.ndim and a.shape == (1,) * (a.ndim - inner.ndim) + inner.shape else a


def _reversed_twice(builder: Builder, node: Node) -> Node | None:
    """``x[::-1][::-1]``"""
    inner = node.args[0]
    back = _is_reversal(node) and isinstance(inner, Node) and inner.function is operator.getitem
    return inner.args[0] if back and _is_reversal(inner) else None


def _is_reversal(node: Node) -> bool:
    """Whether it reads an array from the last entry of the first axis to the first one."""
    index = node.args[1]
    if len(node.operands) != 1 or node.args[0].parts is not None or node.shape != node.args[0].shape:
        return False
    index = index[0] if type(index) is tuple and len(index) == 1 else index
    return type(index) is slice and index.step == -1


def _rolled(builder: Builder, node: Node) -> Node | None:
    """A roll of a multiple of an array."""
    if not is_plain(node.args[0]) or len(node.operands) != 1:
        return None
    scale, base = split_scale(node.args[0])
    if scale == 1:
        return None
    return builder.scaled(scale, builder.made(np.roll, (base, *node.args[1:]), node.kwargs, node.shape, node.dtype))


def _one_after_the_other(builder: Builder, node: Node) -> Node | None:
    """A roll along several axes as rolls along one, which others share and which are slices."""
    names = dict(zip(("a", "shift", "axis"), node.args, strict=False)) | node.kwargs
    a, shift, axis = names["a"], names["shift"], names.get("axis")
    if not is_plain(a) or not isinstance(axis, (int, tuple)) or not isinstance(shift, (int, tuple)):
        return None
    if isinstance(axis, int) and isinstance(shift, int):
        return None
    turns = sorted([(int(n) % a.ndim, int(places)) for places, n in np.broadcast(shift, axis)])
    turns = [(n, places) for n, places in turns if a.size and places % a.shape[n]]
    return _along(builder, a, turns) if turns else None


def _along(builder: Builder, a: Node, turns: Sequence[tuple[int, int]]) -> Node:
    """An array that is rolled along some axes."""
    for axis, places in turns:
        a = builder.made(np.roll, (a, places, axis), {}, a.shape, a.dtype)
    return a


def _rolled_back(builder: Builder, node: Node) -> Node | None:
    """An array that is scattered to where a roll along several axes takes it."""
    values, index, *_ = node.args
    scale, base = split_scale(values) if isinstance(values, Node) else (1, values)
    if not is_plain(base) or base.function is not np.reshape or base.ndim != 1 or index.function is not CONSTANT:
        return None
    core, positions = base.args[0], index.args[0]
    if core.ndim < 2 or not positions.size or node.shape != (core.size,) or positions.size != core.size:
        return None
    starts = np.unravel_index(int(positions[0]), core.shape)
    turns = [(axis, int(start)) for axis, start in enumerate(starts) if start]
    whole = np.arange(core.size).reshape(core.shape)
    back = np.roll(whole, [-places for _, places in turns], [axis for axis, _ in turns]) if len(turns) > 1 else whole
    if len(turns) < 2 or not np.array_equal(back.reshape(-1), positions):
        return None
    return builder.scaled(scale, builder.reshaped(_along(builder, core, turns), node.shape))


def _unturned(builder: Builder, node: Node) -> Node | None:
    """An array that is turned and raveled to be scattered: it is scattered as it lies, to turned positions."""
    values, index, *rest = node.args
    scale, base = split_scale(values) if isinstance(values, Node) else (1, values)
    if not is_plain(base) or base.function is not np.reshape or base.ndim != 1 or index.function is not CONSTANT:
        return None
    turned = base.args[0]
    if turned.function is not np.transpose or index.args[0].size != turned.size:
        return None
    core, axes = turned.args
    back = tuple(np.argsort(axes).tolist())
    positions = np.ascontiguousarray(index.args[0].reshape(turned.shape).transpose(back)).reshape(-1)
    flat = builder.scaled(scale, builder.reshaped(core, (core.size,)))
    return builder.call(scatter, flat, builder.constant(positions), *rest, **node.kwargs)


def _cast(builder: Builder, node: Node) -> Node | None:
    a = node.args[0]
    return a if isinstance(a, Node) and a.dtype == node.dtype and not a.weak else None


ELEMENTWISE = (np.add, np.subtract, np.multiply, np.divide, np.exp, np.log, np.tanh, np.sqrt, np.sin, np.cos)
ELEMENTWISE += (np.maximum, np.minimum, np.negative, np.absolute, np.square, np.power)

RULES: dict[Any, Sequence[Rule]] = {
    **{ufunc: (_of_moved,) for ufunc in ELEMENTWISE},
    **{ufunc: (_of_moved, _of_rows) for ufunc in (np.add, np.subtract, np.multiply)},
    np.astype: (_cast,),
    operator.getitem: (_taken, _reversed_twice),
    np.take: (_one_taken,),
    np.transpose: (_transpose,),
    np.reshape: (_reshape,),
    np.ravel: (_ravel,),
    np.expand_dims: (_reshaped,),
    np.squeeze: (_reshaped,),
    np.broadcast_to: (_broadcast,),
    np.ones_like: (_filled,),
    np.zeros_like: (_filled,),
    np.roll: (_one_after_the_other, _rolled),
    scatter: (_rolled_back, _unturned),
}
