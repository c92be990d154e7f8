"""Nodes as Python: the text of a call, of its arguments, of numbers.

Operators are written where NumPy has them (``a @ b``, ``-x``, ``x[1:]``): they read better, and cost less than the
functions. Everything else is a function of one namespace, ``np``.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arrays import mirrored, sparse_product
from ..plain import (
    chosen_entries,
    linear_steps,
    lower_inverse,
    picked_sums,
    row_sums,
    squared_distances,
    symmetric_product,
)
from ..program import Node
from .namespace import Namespace
from .rewrites.segments import summed_rows

__all__ = ["call_text", "index_text", "literal"]

# fmt: off
_BINARY = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.matmul: "@", np.power: "**",
    np.less: "<", np.less_equal: "<=", np.greater: ">", np.greater_equal: ">=", np.equal: "==", np.not_equal: "!=",
    np.bitwise_and: "&", np.bitwise_or: "|", np.bitwise_xor: "^", np.floor_divide: "//", np.remainder: "%",
}
_UNARY = {np.negative: "-", np.invert: "~"}
# fmt: on
_METHODS = {np.reshape: "reshape", np.transpose: "transpose", np.sum: "sum", np.dot: "dot"}
_HELPERS = {
    **{
        function: function.__name__
        for function in (
            symmetric_product,
            squared_distances,
            lower_inverse,
            chosen_entries,
            picked_sums,
            row_sums,
            linear_steps,
        )
    },
    mirrored: "mirror",
}
_POWERS = {2: np.square, 0.5: np.sqrt}  # what the operator ** calls


def call_text(node: Node, names: Mapping[int, str], space: Namespace, out: str = "") -> str:
    """The text of a call; with `out`, of the call that writes into this array."""
    function, args = node.function, node.args
    if function is summed_rows or (function is sparse_product and args[0].ndim in (1, 2)):
        return f"{space.constant(args[1])} @ {literal(args[0], names, space)}"
    if function is operator.getitem:
        return f"{literal(args[0], names, space)}[{index_text(args[1], names, space)}]"
    if function is np.einsum and not isinstance(args[0], str):
        words = [_einsum_subscripts(args), *[literal(operand, names, space) for operand in args[:-1:2]]]
    else:
        words = [names[id(a)] if type(a) is Node else literal(a, names, space) for a in args]
    if not out and not node.kwargs and (node.weak or any([type(a) is Node and not a.weak for a in args])):
        if function in _BINARY and len(args) == 2:
            return f"{words[0]} {_BINARY[function]} {words[1]}"
        if function in _UNARY:
            return f"{_UNARY[function]}{words[0]}"
    words += [f"{name}={literal(value, names, space)}" for name, value in node.kwargs.items()]
    if function in _HELPERS:  # what is mirrored is nobody else's, and overwritten
        return f"{space.helper(_HELPERS[function])}({', '.join(words + [f'out={out}'] * bool(out))})"
    if function in _METHODS and not out and isinstance(args[0], Node) and not args[0].weak:
        # The functions find out what their operand is before they call its method.
        if function is np.transpose and args[1] == (1, 0):
            return f"{words[0]}.T"
        return f"{words[0]}.{_METHODS[function]}({', '.join(words[1:])})"
    if out:
        words.append(f"out={out}")
        if function is np.power and type(args[1]) in (int, float) and args[1] in _POWERS:
            function, words = _POWERS[args[1]], [words[0], words[-1]]
    return f"{space.function(function)}({', '.join(words)})"


def _einsum_subscripts(args: tuple[Any, ...]) -> str:
    """The labels of an einsum as letters, in quotes."""
    letters: dict[int, str] = {}
    alphabet = "ijklmnpqrstuvwxyzabcdefghoABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for group in args[1:-1:2]:
        for label in group:
            letters.setdefault(label, alphabet[len(letters)])
    groups = ["".join(letters[label] for label in group) for group in args[1:-1:2]]
    return f'"{",".join(groups)}->{"".join(letters[label] for label in args[-1])}"'


def literal(value: Any, names: Mapping[int, str], space: Namespace) -> str:
    """The text of an argument."""
    if isinstance(value, Node):
        return names[id(value)]
    if type(value) is tuple:
        inner = ", ".join(literal(entry, names, space) for entry in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if type(value) is list:
        return f"[{', '.join(literal(entry, names, space) for entry in value)}]"
    if isinstance(value, slice):
        return f"slice({', '.join(literal(part, names, space) for part in (value.start, value.stop, value.step))})"
    if isinstance(value, float):
        return _number(value)
    if value is None or isinstance(value, (bool, int, str)):
        return repr(value)
    if value is Ellipsis:
        return "..."
    if isinstance(value, complex):
        return f"complex({_number(value.real)}, {_number(value.imag)})"
    if isinstance(value, type):
        return _type_text(value, space)
    if isinstance(value, np.dtype):
        return f"np.dtype({value.str!r})" if not hasattr(np, value.name) else f"np.{value.name}"
    return space.constant(value)


def _type_text(kind: type, space: Namespace) -> str:
    """A type that stands for a dtype."""
    if kind in (bool, int, float, complex):
        return kind.__name__
    name = np.dtype(kind).name if issubclass(kind, np.generic) else ""
    return f"np.{name}" if getattr(np, name, None) is kind else space.constant(kind)


def _number(value: float) -> str:
    if value != value:
        return "np.nan"
    if value in (float("inf"), float("-inf")):
        return "np.inf" if value > 0 else "-np.inf"
    return repr(value)


def index_text(index: Any, names: Mapping[int, str], space: Namespace) -> str:
    """What stands between the brackets."""
    items = index if type(index) is tuple else (index,)
    if len(items) == 1 and isinstance(items[0], slice):  # a tuple is another object to be made
        return _item_text(items[0], names, space)
    text = ", ".join(_item_text(item, names, space) for item in items)
    return text + "," * (type(index) is tuple and len(items) == 1) if items else "()"


def _item_text(item: Any, names: Mapping[int, str], space: Namespace) -> str:
    if isinstance(item, slice):
        parts = (item.start, item.stop, item.step)
        start, stop, step = ("" if part is None else literal(part, names, space) for part in parts)
        return f"{start}:{stop}{':' + step if step else ''}"
    return "..." if item is Ellipsis else literal(item, names, space)
