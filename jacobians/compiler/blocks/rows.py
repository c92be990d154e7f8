"""Which calls can be done for some rows at a time, and what they cost.

A call goes by rows if entry n of its result, along the first axis, depends on entry n of some operands (they are cut)
and on the whole of the others: elementwise functions with broadcasting, reductions over later axes, `np.einsum` with a
leading label, products of each row with a small matrix, rows that are picked by an index, and views that keep the first
axis. A reduction over the rows themselves ends a run of such calls: each block yields a part, and the parts are put
together.
"""

from __future__ import annotations

import operator
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...program import Node

__all__ = [
    "LARGE",
    "REDUCTIONS",
    "SHORT",
    "Call",
    "Reduction",
    "Rows",
    "is_dot",
    "is_gather",
    "rows_of",
    "takes_out",
    "takes_place",
]

LARGE = 65_536  # entries of an array from which on a run pays: half a megabyte stays in the cache as it is
SHORT = 16  # entries of a row up to which it pays to have the rows as the last axis


class Rows(NamedTuple):
    """How a call goes by rows.

    Attributes
    ----------
    kind : str
        ``"call"``; ``"view"``, which costs nothing; ``"part"``, whose parts are put together by `join`; or ``"write"``,
        which adds to a buffer from outside.
    size : int
        The number of rows.
    cut : tuple of Node
        The operands of which a block takes the same rows; it takes the whole of the others.
    join : callable or None
    """

    kind: str
    size: int
    cut: tuple[Node, ...]
    join: Any = None

    @property
    def ends(self) -> bool:
        """Whether no call of the same run reads the result."""
        return self.kind in ("part", "write")


class Call:
    """A call that goes by rows.

    Parameters
    ----------
    node : Node
    rows : Rows
    domain : tuple
        What the calls of one run have in common.

    Attributes
    ----------
    cost : float
        About how many nanoseconds it takes.
    """

    __slots__ = ("cost", "domain", "node", "rows")

    def __init__(self, node: Node, rows: Rows, domain: tuple[str, Any]) -> None:
        self.node, self.rows, self.domain = node, rows, domain
        self.cost = _cost(node) if rows.kind != "view" else 0.0


class Reduction(NamedTuple):
    """The function that puts parts together, and the one that NumPy's function comes down to."""

    join: Any
    fast: Any


# fmt: off
REDUCTIONS = {
    np.sum:  Reduction(np.sum, np.add.reduce),
    np.max:  Reduction(np.max, np.maximum.reduce),
    np.amax: Reduction(np.max, np.maximum.reduce),
    np.min:  Reduction(np.min, np.minimum.reduce),
    np.amin: Reduction(np.min, np.minimum.reduce),
}
# fmt: on
_DOTS = {np.matmul, np.dot, np.inner, np.vdot, np.vecdot}
_MOST_PARTS = 1024


def rows_of(node: Node) -> Rows | None:
    """How a call goes by rows; None if it does not."""
    if node.dtype.kind not in "biufc" or node.parts is not None:
        return None
    function = node.function
    if function in _DOTS and node.ndim == 0 and not node.kwargs:
        return _dot(node)
    if function in _SMALL:
        return _small(node)
    if function is np.matvec:
        return _matvec(node)
    if isinstance(function, np.ufunc):
        plain = node.is_elementwise and _dtype_only(node) and _power_is_plain(node)
        return _elementwise(node) if plain else None
    if function is np.where:
        return _elementwise(node) if len(node.args) == 3 and not node.kwargs else None
    if function is np.astype:
        return _elementwise(node)
    if function in REDUCTIONS:
        return _reduction(node)
    if function is np.einsum:
        return _einsum(node)
    if is_gather(node):
        return Rows("call", node.shape[0], (node.operands[1],))
    return _view(node)


def _dtype_only(node: Node) -> bool:
    """Whether no keyword changes more than the dtype in which a call works."""
    return not node.kwargs or (set(node.kwargs) == {"dtype"} and node.function is not np.power)


def _power_is_plain(node: Node) -> bool:
    """The operator ``**`` has ways of its own for some numbers; two of them have a function."""
    if node.function is not np.power:
        return True
    base, exponent = node.args
    plain = type(exponent) in (int, float) and isinstance(base, Node) and base.dtype == node.dtype
    return plain and exponent not in (-1, 0, 1)


_OUT = {np.einsum, np.sum, np.max, np.min, np.concatenate, np.cumsum, np.mean}


def takes_out(node: Node) -> bool:
    """Whether a call can be told to write its result into an array."""
    if node.kwargs.get("out") is not None or not node.ndim:
        return False
    if isinstance(node.function, np.ufunc):
        return node.function.nout == 1 and _dtype_only(node) and _power_is_plain(node)
    if "dtype" in node.kwargs:
        return False
    return node.function in _OUT and (node.function is not np.einsum or len(node.operands) > 1)


def _elementwise(node: Node) -> Rows | None:
    if not node.ndim:
        return None
    size = node.shape[0]
    cut = tuple([o for o in node.operands if o.ndim == node.ndim and o.shape[0] == size])
    return Rows("call", size, cut) if cut else None


def _reduction(node: Node) -> Rows | None:
    operand, *axes = node.args
    if len(axes) > 1 or not isinstance(operand, Node) or not operand.ndim or set(node.kwargs) - {"axis", "keepdims"}:
        return None
    if node.operands != (operand,) or operand.dtype.kind not in "biufc":
        return None
    axis = axes[0] if axes else node.kwargs.get("axis")
    gone = normalize_axis_tuple(range(operand.ndim) if axis is None else axis, operand.ndim)
    if 0 not in gone:
        return Rows("call", operand.shape[0], (operand,))
    if node.size > _MOST_PARTS:
        return None
    return Rows("part", operand.shape[0], (operand,), REDUCTIONS[node.function].join)


def _dot(node: Node) -> Rows | None:
    a, b = node.args[:2]
    if not (isinstance(a, Node) and isinstance(b, Node) and a.ndim == b.ndim == 1 and a.dtype == b.dtype):
        return None
    return Rows("part", a.shape[0], (a, b), np.sum) if a.dtype.kind in "fc" else None


def is_dot(node: Node) -> bool:
    """Whether a call is the inner product of two vectors of real numbers."""
    return node.function in _DOTS and node.ndim == 0 and node.dtype.kind == "f"


def _einsum(node: Node) -> Rows | None:
    if not node.args or isinstance(node.args[0], str) or node.kwargs or len(node.operands) < 2:
        return None
    operands, groups, output = node.args[:-1:2], node.args[1:-1:2], node.args[-1]
    sizes = {n: size for o, group in zip(operands, groups, strict=True) for n, size in zip(group, o.shape, strict=True)}
    if prod(sizes.values()) > 2 * max([o.size for o in operands]):  # a product of matrices
        return None
    first = {group[0] for group in groups if group}
    label = output[0] if output and output[0] in first else next(iter(first), None) if not output else None
    if label is None and len(first) == 1:
        (label,) = first
    if label is None or any(label in group[1:] for group in (*groups, output)):
        return None
    cut = tuple([o for o, group in zip(operands, groups, strict=True) if group and group[0] == label])
    whole = [o for o, group in zip(operands, groups, strict=True) if not group or group[0] != label]
    if not cut or any(o in cut for o in whole):  # x[i] y[j] with one array as x and y
        return None
    if output and output[0] == label:
        return Rows("call", node.shape[0], cut)
    return Rows("part", cut[0].shape[0], cut, np.sum) if node.size <= _MOST_PARTS and node.dtype.kind in "fc" else None


_SMALL = {np.matmul, np.vecdot, np.cross, np.concatenate, np.stack}


def _small(node: Node) -> Rows | None:
    """Functions of short rows: products with a small matrix or of small matrices, `np.cross`, rows put side by side."""
    operands, size = node.operands, node.shape[0] if node.ndim else 0
    sizes = [o.size // size for o in (*operands, node) if o.shape[:1] == (size,)] if size else []
    if max([len(sizes), *sizes]) > SHORT or node.dtype.kind not in "f" or any(o.dtype != node.dtype for o in operands):
        return None
    cut = tuple([o for o in operands if o.shape[:1] == (size,)])
    whole = len(cut) == len(operands)
    if node.function in (np.concatenate, np.stack):
        axis = node.args[1] if len(node.args) > 1 else node.kwargs.get("axis", 0)
        keeps = set(node.kwargs) <= {"axis"} and len(node.args) < 3 and isinstance(axis, int) and axis % node.ndim
        return Rows("call", size, cut) if whole and keeps else None
    if node.kwargs or len(node.args) != 2 or len(operands) != 2:
        return None
    a, b = operands
    if node.function is np.cross:
        return Rows("call", size, cut) if a.shape == b.shape == (size, 3) else None
    if node.function is np.vecdot:
        return Rows("call", size, cut) if a.shape == b.shape and a.ndim == 2 else None
    if a.ndim in (2, 3) and b.ndim <= 2 and a is not b and b.size <= SHORT**2 and b.shape[:1] != (size,):
        return Rows("call", size, (a,)) if a.ndim == 2 or b.ndim == 2 else None
    return Rows("call", size, cut) if whole and a.ndim == b.ndim == 3 else None


def _matvec(node: Node) -> Rows | None:
    """Matrices that meet one vector each."""
    a, b = node.args[:2]
    if node.kwargs or len(node.operands) != 2 or a is b or a.ndim != 3 or b.ndim != 2 or a.shape[0] != b.shape[0]:
        return None
    return Rows("call", node.shape[0], (a, b)) if a.dtype == b.dtype and a.dtype.kind == "f" else None


def takes_place(node: Node) -> bool:
    """Whether a result may be written over an operand, in no more time: NumPy's `sign` takes 15 times as long so."""
    return node.is_elementwise and node.function is not np.sign


def is_gather(node: Node) -> bool:
    """Whether short rows are picked by an array of numbers."""
    if node.function is not operator.getitem or len(node.operands) != 2 or len(node.args) != 2:
        return False
    table, index = node.operands
    if node.args[1] is not index or index.dtype.kind != "i" or index.ndim != 1 or table is index or table.parts:
        return False
    return bool(node.size) and table.ndim > 0 and node.size <= SHORT * node.shape[0]


def _view(node: Node) -> Rows | None:
    """Views of the rows: the first axis stays what it is."""
    operand = node.operands[0] if len(node.operands) == 1 else None
    if operand is None or not operand.ndim or not node.ndim or node.shape[0] != operand.shape[0]:
        return None
    if node.function is operator.getitem:
        index = node.args[1] if type(node.args[1]) is tuple else (node.args[1],)
        simple = all(item is None or item is Ellipsis or isinstance(item, (int, slice)) for item in index)
        keeps = bool(index) and (index[0] is Ellipsis or (isinstance(index[0], slice) and index[0] == slice(None)))
        counted = sum(item is not None and item is not Ellipsis for item in index)
        if index and index[0] is Ellipsis and counted >= operand.ndim:
            return None
        return Rows("view", node.shape[0], (operand,)) if simple and keeps else None
    if node.function is np.reshape and node.args[2:] in ((), ("C",)) and not node.kwargs:
        return Rows("view", node.shape[0], (operand,)) if node.size else None
    if node.function is np.transpose:
        return Rows("view", node.shape[0], (operand,)) if node.args[1][0] == 0 and min(node.args[1]) >= 0 else None
    if node.function is np.expand_dims and node.ndim == operand.ndim + 1 and not node.kwargs:
        axis = node.args[1]
        return Rows("view", node.shape[0], (operand,)) if isinstance(axis, int) and axis % node.ndim else None
    return None


# Nanoseconds for an entry in the cache, as measured; what is not listed takes about 0.3.
# fmt: off
_DEAR: dict[Any, float] = {
    np.exp: 1.2, np.exp2: 1.2, np.expm1: 2, np.log: 1.5, np.log2: 2, np.log10: 2, np.log1p: 2, np.sin: 8, np.cos: 8,
    np.tan: 8, np.tanh: 2, np.sinh: 3, np.cosh: 3, np.arcsin: 3, np.arccos: 3, np.arctan: 3, np.arctan2: 8,
    np.power: 10, np.sqrt: 0.6, np.divide: 0.5, np.hypot: 5, np.logaddexp: 15, np.where: 3, np.remainder: 5,
    np.floor_divide: 5, np.cbrt: 5, np.arcsinh: 5, np.arccosh: 5, np.arctanh: 5, np.einsum: 1,
    np.matmul: 1, np.vecdot: 1, np.cross: 2, operator.getitem: 1,
}
# fmt: on


def _cost(node: Node) -> float:
    """About how many nanoseconds a call takes for its entries in the cache."""
    size = max([node.size, *[operand.size for operand in node.operands]])
    function = node.function
    if function is np.matmul and node.ndim == 2:
        return _DEAR[function] * max(size, 0.04 * node.size * node.operands[0].shape[-1])
    if isinstance(function, np.ufunc) and getattr(np, function.__name__, None) is not function:
        return 20.0 * size  # a special function of SciPy
    return _DEAR.get(function, 0.3) * size
