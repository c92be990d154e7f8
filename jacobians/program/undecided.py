"""Calls that a straight line of calls cannot hold, with the way out.

A program is written down once for all numbers. So the shape and the dtype of a result must not depend on numbers, no
array may be changed in place, and nothing may be printed or stored.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from .node import CONSTANT, Node, walk

__all__ = ["reason_against"]

Reason = str | None
Calls = Callable[..., Reason]


def reason_against(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reason:
    """What is to be done instead of a call, or None where the call can be recorded."""
    rule = _RULES.get(function)
    if rule is None and not kwargs and type(function) is np.ufunc and len(args) <= function.nin:
        return None
    advice = rule(*args, **kwargs) if rule is not None else None
    if advice is None and _writes(function, args, kwargs):
        return "Nothing is changed in place there: use what the function returns instead of out= and where=."
    return advice


def _writes(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    if kwargs and kwargs.get("out") is not None:
        return True
    if type(function) is np.ufunc:
        return len(args) > function.nin or (bool(kwargs) and kwargs.get("where", True) is not True)
    if len(args) < 2:
        return False
    place = _place_of_out(function)
    return place is not None and len(args) > place and args[place] is not None


@lru_cache(maxsize=1024)
def _place_of_out(function: Any) -> int | None:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    for place, parameter in enumerate(parameters):
        if parameter.name == "out" and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            return place
    return None


def _always(advice: str) -> Calls:
    return lambda *_, **__: advice


def _if_recorded(position: int, name: str, advice: str) -> Calls:
    """Where one of the arguments is recorded."""

    def rule(*args: Any, **kwargs: Any) -> Reason:
        value = args[position] if len(args) > position else kwargs.get(name)
        return advice if _is_recorded(value) else None

    return rule


def _is_recorded(value: Any) -> bool:
    """Whether an argument has numbers that every call gives anew."""
    return any(node.function is not CONSTANT for node in walk(value))


def _item(_: Any, index: Any) -> Reason:
    for item in index if type(index) is tuple else (index,):
        if type(item) is slice:
            if Node in (type(item.start), type(item.stop), type(item.step)):
                return _STATIC
        elif type(item) is Node and item.dtype == bool and item.function is not CONSTANT:
            return f"{_CHOICE} For one axis of few entries, np.sort brings the wanted ones to one end."
    return None


def _where(condition: Any, *branches: Any) -> Reason:
    return None if branches or not _is_recorded(condition) else _CHOICE


def _real(a: Any, *_: Any, **__: Any) -> Reason:
    return None if isinstance(a, Node) and a.dtype.kind == "c" else _EIGENVALUES


def _complex(a: Any, *_: Any, **__: Any) -> Reason:
    return "Use np.real." if isinstance(a, Node) and a.dtype.kind == "c" else None


def _poly(seq: Any) -> Reason:
    return "Use its eigenvalues." if isinstance(seq, Node) and seq.ndim == 2 else None


def _order(_: Any, *arguments: Any, **keywords: Any) -> Reason:
    if _is_recorded(arguments):
        return _STATIC
    order = [value for value in (*arguments, *keywords.values()) if isinstance(value, str)]
    return "Give it order='C' or order='F'." if order and order[0] not in "CF" else None


def _histogram(a: Any, bins: Any = 10, *_: Any, **__: Any) -> Reason:
    return "Give the number of bins, or their edges." if isinstance(bins, str) else None


_CHOICE = "Keep all entries, and use np.where(mask, x, 0) or where=mask in np.sum, np.mean, np.max."
_COMPLEX = "Use the function of the same name in np, where its result is real, or cast its argument to complex."
_EIGENVALUES = "A real matrix may have complex eigenvalues: cast it, a.astype(complex), then they are always complex."
_ROOTS = (
    "Leading zeros are cut off there. Without them the roots are np.linalg.eigvals(C.astype(complex)), with "
    "C = np.concatenate([np.reshape(-p[1:] / p[0], (1, -1)), np.eye(p.size - 2, p.size - 1)])."
)
_STATIC = "Make the argument static with static_argnums."

# fmt: off
_RULES: dict[Any, Calls] = {
    operator.getitem: _item,
    np.where: _where,
    np.compress: _if_recorded(0, "condition", _CHOICE),
    np.extract: _if_recorded(0, "condition", _CHOICE),
    np.delete: _if_recorded(1, "obj", _CHOICE),
    np.bincount: _if_recorded(0, "x", "Use np.histogram with a number of bins and range=."),
    np.linalg.eig: _real,
    np.linalg.eigvals: _real,
    np.real_if_close: _complex,
    np.poly: _poly,
    np.reshape: _order,
    np.ravel: _order,
    np.histogram: _histogram,
    np.histogram_bin_edges: _histogram,
    np.piecewise: _always("Use np.where or np.select, whose pieces are computed everywhere."),
    np.polymul: _always("Leading zeros are cut off there: use np.convolve."),
    np.polydiv: _always("Leading zeros are cut off there."),
    np.roots: _always(_ROOTS),
    np.trim_zeros: _always("Use slices."),
}
for _function, _position, _name in (
    (np.repeat, 1, "repeats"), (np.tile, 1, "reps"), (np.pad, 1, "pad_width"), (np.resize, 1, "new_shape"),
    (np.broadcast_to, 1, "shape"), (np.split, 1, "indices_or_sections"), (np.array_split, 1, "indices_or_sections"),
    (np.hsplit, 1, "indices_or_sections"), (np.vsplit, 1, "indices_or_sections"), (np.linspace, 2, "num"),
    (np.dsplit, 1, "indices_or_sections"), (np.geomspace, 2, "num"), (np.logspace, 2, "num"), (np.vander, 1, "N"),
    (np.diag, 1, "k"), (np.diagflat, 1, "k"), (np.diagonal, 1, "offset"), (np.diff, 1, "n"),
):
    _RULES[_function] = _if_recorded(_position, _name, _STATIC)
for _function in (np.nonzero, np.flatnonzero, np.argwhere):
    _RULES[_function] = _always(_CHOICE)  # of a constant array they never arrive here
for _name in ("unique", "unique_all", "unique_counts", "unique_inverse", "unique_values", "union1d", "intersect1d",
              "setdiff1d", "setxor1d"):
    _RULES[getattr(np, _name)] = _always("Use np.sort, and np.where on its differences.")
for _name in ("sqrt", "log", "log2", "log10", "logn", "power", "arccos", "arcsin", "arctanh"):
    _RULES[getattr(np.emath, _name)] = _always(_COMPLEX)
for _name in ("save", "savez", "savez_compressed", "savetxt", "array_repr", "array_str", "array2string"):
    _RULES[getattr(np, _name)] = _always("Return the array from the function, and print or store it then.")
# fmt: on
