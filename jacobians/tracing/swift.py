"""Calls whose structure is known: NumPy's work, and the terms that the structure has brought before.

`dispatch` sees to everything that a call may hold; that takes longer than the call itself where arrays are small. Most
calls are like one before: the same function of the same shapes and dtypes, the same operands traced, on one level that
is open. Their `Steps` are looked up, and the rest follows. Each of these answers NotImplemented where there is more to
see to.

- `of_one`: a function of one operand; `of_two`: a ufunc of two.
- `of_entries`: ``x[index]`` with integers and slices, or with one array of integers.
- `of_call`: a ufunc of more, or any other function, whose arguments may be lists of operands.
"""

from __future__ import annotations

import operator
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from ..arrays import is_computed
from ..contract import Filling
from ..partials import Call, Path, diagonal_pattern, reshaped
from ..program import Symbol, recorded
from ..quiet import hush, restore
from ..registry import KNOWN_STEPS, Rule, diagonal_term, lookup
from ..steps import MADE, TOLD, Steps
from ..terms import PatternTerm, Term
from .calls import KEEP_NOTHING
from .dispatch import LISTS, apply_plainly, is_overwritten
from .levels import Level
from .recorded import Recorded

__all__ = ["CHANGING", "STAYING", "TRACED", "of_call", "of_entries", "of_one", "of_two"]

STAYING: set[type] = set()
"""Types of traced values that hold their value as an attribute."""

CHANGING: set[type] = set()
"""Types of traced values that may have been written into; `current` is what they are now."""

TRACED: set[type] = set()
"""All of them."""

_NUMBERS = {float, int}
_SCALARS = {np.float64, np.float32}
_PLAIN = {int, str, bool, type(None), Filling}
_ENDS = {int, type(None)}
REMEMBERED = 16384
"""Structures of calls that are kept."""

_ndarray = np.ndarray
_BOOL = np.dtype(bool)
_MISSING: Any = object()


def is_static(value: Any) -> bool:
    """Whether a tuple holds nothing but plain values, which are equal only where they are of one type."""
    return all([type(entry) is int for entry in value])


def _current(x: Any, level: Level | None) -> Any:
    """What a traced operand is now, on this level where one is known; None where there is more to see to."""
    own = x.level
    if own is not level and (level is not None or not own.open or own.graph.has_complex):
        return None
    if own.overwritten is not None and is_overwritten(x):
        return None
    return x.current() if type(x) in CHANGING else x


def of_one(function: Any, x: Any) -> Any:
    """A function of a traced operand."""
    operand = _current(x, None) if type(x) in TRACED else None
    if operand is None:
        return NotImplemented
    level, value = operand.level, operand.value
    key = function, value.shape, value.dtype
    known = KNOWN_STEPS.get(key, _MISSING)
    if known is _MISSING:
        return _learned(level, key, function, (operand,), {}, (value,), (0,))
    if known is None or _is_defined(known[0], value):
        return NotImplemented
    return _repeated(level, known, function, (value,), {0: operand.vertex})


def of_two(ufunc: np.ufunc, x: Any, y: Any) -> Any:
    """A ufunc of two operands, one of them traced."""
    first, second = type(x), type(y)
    sources: dict[Path, int]
    if first in TRACED:
        x = _current(x, None)
        if x is None:
            return NotImplemented
        level, a = x.level, x.value
        if second in TRACED:
            y = _current(y, level)
            if y is None:
                return NotImplemented
            b = y.value
            key = ufunc, a.shape, a.dtype, b.shape, b.dtype
            sources = {0: x.vertex, 1: y.vertex}
        else:
            if second in _NUMBERS:
                b, key = y, (ufunc, a.shape, a.dtype, second)
            elif second is _ndarray and y.dtype.kind == "f":
                b = y if ufunc in KEEP_NOTHING else level.guard.capture(y)
                key = ufunc, a.shape, a.dtype, y.shape, y.dtype, None
            else:
                return NotImplemented
            sources = {0: x.vertex}
    elif second in TRACED:
        y = _current(y, None)
        if y is None:
            return NotImplemented
        level, b = y.level, y.value
        if first in _NUMBERS:
            a, key = x, (ufunc, first, b.shape, b.dtype)
        elif first is _ndarray and x.dtype.kind == "f":
            a = x if ufunc in KEEP_NOTHING else level.guard.capture(x)
            key = ufunc, x.shape, x.dtype, None, b.shape, b.dtype
        else:
            return NotImplemented
        sources = {1: y.vertex}
    else:
        return NotImplemented
    known = KNOWN_STEPS.get(key, _MISSING)
    if known is None:
        return NotImplemented
    if known is _MISSING:
        return _learned(level, key, ufunc, (x, y), {}, (a, b), (*sources,))
    return _repeated(level, known, ufunc, (a, b), sources)


def of_entries(x: Any, index: Any) -> Any:
    """``x[index]`` with integers and slices, or with one array of integers."""
    x = _current(x, None) if type(x) in TRACED else None
    if x is None:
        return NotImplemented
    level = x.level
    value, items = x.value, type(index)
    if items is int:
        key: Hashable = (operator.getitem, value.shape, value.dtype, int)
    elif items is slice:
        if type(index.start) not in _ENDS or type(index.stop) not in _ENDS or type(index.step) not in _ENDS:
            return NotImplemented
        key = operator.getitem, value.shape, value.dtype, index.start, index.stop, index.step
    elif items is _ndarray and index.dtype.kind == "i":
        key = operator.getitem, value.shape, value.dtype, _ndarray, index.shape
    elif items is tuple and all([type(item) is int for item in index]):
        key = operator.getitem, value.shape, value.dtype, len(index)
    else:
        parts = _basic(index) if items is tuple else None
        if parts is None:
            return NotImplemented
        key = operator.getitem, value.shape, value.dtype, parts
    known = KNOWN_STEPS.get(key, _MISSING)
    if known is None:
        return NotImplemented
    if known is _MISSING:
        return _learned(level, key, operator.getitem, (x, index), {}, (value, index), (0,))
    return _repeated(level, known, operator.getitem, (value, index), {0: x.vertex})


def _basic(index: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """What tells an index of integers, slices, new axes and an ellipsis; None for any other."""
    parts: list[Any] = []
    for item in index:
        if type(item) is slice:
            if type(item.start) not in _ENDS or type(item.stop) not in _ENDS or type(item.step) not in _ENDS:
                return None
            item = item.start, item.stop, item.step
        elif item is not None and item is not Ellipsis and type(item) is not int:
            return None
        parts.append(item)
    return tuple(parts)


def of_call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function of arrays, lists of them, and plain values."""
    level: Any = None
    key: list[Any] = [function]
    values: list[Any] = []
    sources: dict[Path, int] = {}
    captured: list[int] = []
    for n, x in enumerate(args):
        kind = type(x)
        if kind in _PLAIN or (kind is tuple and is_static(x)):
            key += kind, x
            values.append(x)
            continue
        several = (kind is list or kind is tuple) and function in LISTS and n in LISTS[function]
        if several:
            key += kind, len(x)
        found: list[Any] = []
        for place, entry in enumerate(x if several else (x,)):
            kind, operand = type(entry), entry
            if kind in TRACED:
                operand = _current(entry, level)
                if operand is None:
                    return NotImplemented
                level = operand.level
                sources[(n, place) if several else n] = operand.vertex
                operand = operand.value
                key += operand.shape, operand.dtype
            elif kind is _ndarray and function in KEEP_NOTHING and operand.dtype.kind in "fb":
                key += kind, operand.shape, operand.dtype
            elif kind is _ndarray and operand.dtype.kind == "f" and not several:
                key += kind, operand.shape, operand.dtype
                captured.append(n)
            elif kind is float and (function is np.where or type(function) is np.ufunc):
                key.append(kind)
            else:
                return NotImplemented
            found.append(operand)
        values.append(type(x)(found) if several else found[0])
    if level is None:
        return NotImplemented
    for name, value in kwargs.items():
        if type(value) not in _PLAIN and not (type(value) is tuple and is_static(value)):
            return NotImplemented
        key += name, type(value), value
    whole = tuple(key)
    known = KNOWN_STEPS.get(whole, _MISSING)
    if known is None or (known is not _MISSING and _is_defined(known[0], values[0])):
        return NotImplemented
    if known is _MISSING:
        return _learned(level, whole, function, args, kwargs, values, (*sources,))
    for n in captured:
        values[n] = level.guard.capture(values[n])
    return _repeated(level, known, function, values, sources, kwargs)


def _is_defined(rule: Rule | None, value: Any) -> bool:
    """Whether the definition of a function may run in place of its rule, since its operand is recorded."""
    return rule is not None and rule.instead is not None and not is_computed(value)


def _learned(
    level: Level,
    key: Hashable,
    function: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    values: Sequence[Any],
    needed: tuple[Path, ...],
) -> Any:
    """The result of a call whose structure is new, which is known from now on."""
    rule = lookup(function)
    made: Any = NotImplemented
    steps: Steps | None = None
    constant = rule is not None and rule.kind == "nondifferentiable"
    if rule is not None and (constant or rule.steps is not None) and "out" not in kwargs:
        made = apply_plainly(function, args, kwargs)
        if made is NotImplemented:
            return made
        if constant:
            steps = Steps(())
        elif type(made) is Recorded.plain and made.level is level and made.dtype.kind == "f" and made.size:
            if _is_defined(rule, values[0]):
                return made
            steps = rule.steps(Call(made.value, needed), tuple(values), kwargs)  # type: ignore[misc]
    if len(KNOWN_STEPS) >= REMEMBERED:
        KNOWN_STEPS.clear()
    KNOWN_STEPS[key] = None if steps is None else (rule, steps)  # type: ignore[assignment]
    return made


def _repeated(
    level: Level,
    known: tuple[Rule, Steps],
    function: Any,
    values: Sequence[Any],
    sources: dict[Path, int],
    kwargs: Any = None,
) -> Any:
    """Run a call of a known structure, and add its result and its terms to the graph."""
    rule, (steps, computes) = known
    if not steps and rule.kind == "nondifferentiable":
        return function(*values, **kwargs) if kwargs else function(*values)
    graph = level.graph
    if graph.is_pushing:
        graph.settle(sources.values())
    result: Any = NotImplemented
    if type(function) is np.ufunc:
        if level.is_nested and len(values) < 3:
            result = of_one(function, values[0]) if len(values) == 1 else of_two(function, *values)
        if result is NotImplemented:
            is_recorded = type(values[0]) is Symbol or type(values[-1]) is Symbol
            result = recorded(function, values) if is_recorded else function(*values)
    else:
        if rule.compute is not None:
            result = rule.compute(*values, **kwargs) if kwargs else rule.compute(*values)
        if result is NotImplemented:
            result = function(*values, **kwargs) if kwargs else function(*values)
    shape, dtype = result.shape, result.dtype
    edges: dict[int, list[Term]] = {}
    before = hush() if computes else None  # a slope may be infinite where the function itself is fine
    try:
        for path, term, place, slope, pattern, in_shape in steps:
            if term is None and place == TOLD:
                term = slope(*values)
            elif term is None and place == MADE:
                term = slope(result, *values)
            elif term is None:
                array: Any = slope(result, *values) if slope is not None else values[place - 1] if place else result
                kind = type(array)
                if kind in _SCALARS:
                    array, kind = np.asarray(array), _ndarray
                elif kind is _ndarray and array.dtype is _BOOL:
                    array = array.astype(dtype)
                if kind is _ndarray and array.dtype is dtype and array.shape == pattern.sizes[0]:
                    term = PatternTerm()  # type: ignore[call-arg]
                    term._pattern, term.arrays, term.scale = pattern, (array,), 1.0
                elif kind is float:
                    term = diagonal_pattern(shape, in_shape, None).term((), array)
                elif kind in STAYING and array.dtype is dtype and array.shape == pattern.sizes[0]:
                    term = pattern.term((array,))
                elif in_shape is None:
                    sizes = pattern.sizes[0]
                    term = pattern.term((array if array.shape == sizes else reshaped(array, sizes),))
                else:
                    term = diagonal_term(shape, in_shape, array, dtype)
                if term.scale == 0:
                    continue
            source = sources[path]
            if source in edges:
                edges[source].append(term)
            else:
                edges[source] = [term]
    finally:
        if before is not None:
            restore(before)
    return Recorded.plain(level, result, graph.add_linked(shape, dtype, edges))
