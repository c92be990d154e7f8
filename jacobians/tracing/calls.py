"""One call of a function that has a rule: `record` runs it and writes its result and its terms into the graph.

It is on the way of every operation of every differentiated function, so it makes nothing but what stays.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ..arrays import Slot, settled, written
from ..contract import Filling
from ..errors import ArgumentError, UnsupportedFunctionError
from ..partners import PARTNERS
from ..postponed import Postponed
from ..registry import Call, Path, Rule, function_name, refused_complex
from .complex_calls import acting_terms, check_casts
from .levels import Level
from .postponing import POSTPONED, SUMS, postponed
from .recorded import Recorded, owner_of

__all__ = ["KEEP_NOTHING", "STATIC", "is_static", "parameters_of", "record"]

STATIC = {int, float, complex, bool, str, slice, np.int64, np.bool_}
STATIC |= {np.float64, np.float32, np.complex128, np.complex64, Slot, Filling}
"""Types of which no argument is traced, nor holds anything that is."""


def is_static(value: Any) -> bool:
    """Whether an argument is a number, a word or a nest of tuples of these: neither an operand nor a default.

    In a tuple also None and an ellipsis, which are part of an index.
    """
    kind = type(value)
    if kind is tuple:
        return all([entry is None or entry is Ellipsis or is_static(entry) for entry in value])
    return kind in STATIC


# Their derivatives keep no operand (but new masks), so that an operand may change afterwards.
KEEP_NOTHING = {
    *(np.add, np.subtract, np.negative, np.where, np.maximum, np.minimum, np.sum, np.mean),
    *(np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.append, written),
}
# Arguments that only choose: whatever they are, nothing depends on them smoothly.
_CONDITIONS: dict[Any, int] = {np.where: 0, np.compress: 0, np.extract: 0, np.select: 0}


def record(level: Level, rule: Rule, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Run a function with a local rule on the values of a level, and add its results and its terms to the graph."""
    function, graph = rule.function, level.graph
    sources: dict[Path, int] = {}
    values: list[Any] = []
    for n, value in enumerate(args):
        if type(value) not in STATIC:
            if isinstance(value, Recorded) and value.level is level:
                sources[n] = value.vertex
                value = value._state if value.waits and function in SUMS else value.value  # type: ignore[attr-defined]
            elif type(value) is not tuple or not is_static(value):
                value = _taken(level, function, value, n, sources)
        values.append(value)
    if kwargs:
        kwargs = {name: _taken(level, function, value, (-1, 0), sources) for name, value in kwargs.items()}
    if graph.is_pushing:
        graph.settle(sources.values())
    if graph.has_complex:
        check_casts(level, function, sources, (*values, *kwargs.values()))
    if level.waiting is not None and function not in SUMS:
        level.settle()
    compute = rule.compute
    result = NotImplemented if compute is None else compute(*values, **kwargs)
    if result is NotImplemented and function in POSTPONED and not (kwargs or graph.has_complex):
        result = postponed(level, function, values, sources) or NotImplemented
    if result is NotImplemented:
        if function in SUMS:
            values = [value if type(value) is not Postponed else args[n].value for n, value in enumerate(values)]
        result = function(*values, **kwargs)
    dtype = getattr(result, "dtype", None)
    if dtype is None or dtype.kind != "f" or graph.has_complex:
        return _add_results(level, rule, sources, result, values, kwargs)
    vertex = graph.add_vertex(result.shape, dtype)
    seen: set[Path] = set()
    for _, path, term in rule.run(tuple.__new__(Call, (result, sources)), *values, **kwargs):  # type: ignore[misc]
        source = sources.get(path)
        if source is not None:
            seen.add(path)
            if not term.is_empty:
                graph.add_term(source, vertex, term)
            if function in PARTNERS and not graph.is_pushing:
                level.meet_partner(function, values[0], result, term)
    if len(seen) < len(sources):
        _check_lost(rule, sources, seen)
    if type(result) is Postponed:
        return Recorded.late(level, result, vertex)
    return Recorded.plain(level, result, vertex)


def _add_results(
    level: Level, rule: Rule, sources: dict[Path, int], result: Any, values: list[Any], kwargs: dict[str, Any]
) -> Any:
    """The same for several results, complex numbers, and results without derivatives."""
    several = isinstance(result, (tuple, list))
    parts = result if several else (result,)
    vertices = [_vertex(level, rule, part) for part in parts]
    if all(vertex is None for vertex in vertices):
        return result
    found = rule.run(Call(result, sources), *values, **kwargs)  # type: ignore[misc]
    if level.graph.has_complex:
        found = acting_terms(level, rule, sources, vertices, found)
    seen: set[Path] = set()
    for position, path, term in found:
        seen.add(path)
        if isinstance(term, str):
            level.refuse(owner_of(parts[position]), function_name(rule.function), term)
            continue
        source, target = sources.get(path), vertices[position]
        if source is not None and target is not None and not term.is_empty:
            level.graph.add_term(source, target, term)
    _check_lost(rule, sources, seen)
    make = Recorded.plain
    wrapped = [part if v is None else make(level, part, v) for part, v in zip(parts, vertices, strict=True)]
    if not several:
        return wrapped[0]
    return type(result)(*wrapped) if hasattr(result, "_fields") else type(result)(wrapped)


def _check_lost(rule: Rule, sources: dict[Path, int], seen: set[Path]) -> None:
    """Raise where a rule has told nothing of an operand, unless that only chooses."""
    lost = [path for path in sources if path not in seen and not _is_condition(rule.function, path)]
    if lost:
        name = function_name(rule.function)
        raise UnsupportedFunctionError(name, f"for a traced {_describe(rule.function, lost[0])}")


def _taken(level: Level, function: Any, value: Any, path: Path, sources: dict[Path, int]) -> Any:
    """An argument with its values below the level; `sources` tells where vertices of the level come in."""
    if isinstance(value, Recorded):
        if value.level is not level:
            return settled(value)
        sources[path] = value.vertex
        return value.value
    if isinstance(value, np.ndarray):
        return _constant(level, function, value)
    if type(value) in (list, tuple) and isinstance(path, int):
        return type(value)([_taken(level, function, entry, (path, n), sources) for n, entry in enumerate(value)])
    return value


def _constant(level: Level, function: Any, array: np.ndarray) -> np.ndarray:
    if type(array) is not np.ndarray and isinstance(array, (np.matrix, np.ma.MaskedArray)):
        advice = "Use np.asarray on it."
        if isinstance(array, np.ma.MaskedArray):
            advice = "Masks are not followed: use np.where(mask, 0, x), or x[~mask], on its data."
        raise ArgumentError(function_name(function), "an operand", f"is a {type(array).__name__}", advice)
    # Rules copy the integers and masks that they keep.
    if array.dtype.kind not in "fc" or function in KEEP_NOTHING:
        return array
    return level.guard.capture(array)


def _vertex(level: Level, rule: Rule, part: Any) -> int | None:
    """A new vertex for a result of floating numbers; integers and truth values carry no derivative."""
    if not hasattr(part, "dtype"):
        part = np.asarray(part)
    dtype = part.dtype
    if dtype.kind == "c" and not rule.is_complex:
        raise refused_complex(rule.function)
    if dtype.kind == "O":
        advice = "Of those no derivative can be told. Leave out dtype=object."
        raise ArgumentError(function_name(rule.function), "its result", "is an array of objects", advice)
    return level.graph.add_vertex(part.shape, dtype) if dtype.kind in "fc" else None


def _is_condition(function: Any, path: Path) -> bool:
    """Whether an argument only chooses."""
    return _CONDITIONS.get(function) == (path if isinstance(path, int) else path[0])


def _describe(function: Any, path: Path) -> str:
    position = path if isinstance(path, int) else path[0]
    parameters = parameters_of(function)
    return f"{parameters[position].name}=" if position < len(parameters) else f"argument {position}"


# Compiled functions tell no signature before NumPy 2.4: these have it.
_SIGNATURES: dict[Any, Callable[..., None]] = {
    np.concatenate: lambda arrays, axis=0, out=None, *, dtype=None, casting="same_kind": None,
    np.dot: lambda a, b, out=None: None,
    np.inner: lambda a, b, /: None,
    np.vdot: lambda a, b, /: None,
    np.where: lambda condition, x, y, /: None,
}


@lru_cache(maxsize=1024)
def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of a function; none where it does not tell."""
    try:
        return list(inspect.signature(_SIGNATURES.get(function, function)).parameters.values())
    except (TypeError, ValueError):
        return []
