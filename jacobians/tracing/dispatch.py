"""Both NumPy protocols of a traced value: what happens when a NumPy function meets one.

An operation belongs to the latest level among its operands. Operands of that level are replaced by their values one
level below, everything else is a constant there; the function is run on these, and its rule tells the local Jacobians
that go into the graph of the level.
"""

from __future__ import annotations

import inspect
import sys
from functools import lru_cache
from typing import Any

import numpy as np

from ..arrays import written
from ..errors import ArgumentError, EscapedTraceError, TraceConversionError, UnsupportedFunctionError
from ..registry import function_name, lookup, refused_complex
from .calls import STATIC, is_static, parameters_of, record
from .complex_calls import has_complex
from .levels import Level
from .recorded import Recorded, contains_traced, lift, owner_of, recorded_in

__all__ = ["LISTS", "apply_function", "apply_plainly", "apply_specially", "check_current", "is_overwritten"]

# Functions whose argument is a list of arrays; a list of numbers elsewhere is one array.
LISTS: dict[Any, tuple[int, ...]] = {
    **dict.fromkeys((np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.block), (0,)),
    **dict.fromkeys((np.linalg.multi_dot, np.lexsort), (0,)),
    np.select: (0, 1),
    np.choose: (1,),
    np.piecewise: (2,),
    written: (1,),
}
# Keywords that only choose between entries: the derivative by them is zero.
_CHOOSING = dict.fromkeys((np.quantile, np.percentile, np.nanquantile, np.nanpercentile), "weights")
# Rules that state terms; operands of these types only say how, and an ndarray of these kinds holds no traced values.
_STATING = {"elementwise", "multilinear", "gather", "local"}
_NUMBERS = set("fiubc")
_SPECIAL = {"out", "overwrite_input"}
_OBJECTS = (object, "O", "object", np.dtype(object))


def apply_plainly(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run and record a call without anything special, the usual case; NotImplemented where there is more to see to.

    Its operands are traced values, arrays of numbers and numbers, perhaps in the lists that the function takes; those
    of its level are all current.
    """
    level: Level | None = None
    is_ufunc = type(function) is np.ufunc
    for x in args if is_ufunc or function not in LISTS else _unpacked(function, args):
        if isinstance(x, Recorded):
            found = x.level
            if found is not level:
                if not found.open:
                    return NotImplemented
                if level is None or found.order > level.order:
                    level = found
            if found.overwritten is not None and is_overwritten(x):
                return NotImplemented
        elif type(x) is np.ndarray:
            if x.dtype.kind not in _NUMBERS:
                return NotImplemented
        elif type(x) not in STATIC and (is_ufunc or not is_static(x)):
            return NotImplemented
    rule = lookup(function)
    if level is None or rule is None or (rule.kind not in _STATING and rule.kind != "nondifferentiable"):
        return NotImplemented
    if not is_ufunc and len(args) > _place_of_out(function):
        return NotImplemented
    if kwargs and (not _SPECIAL.isdisjoint(kwargs) or not all([is_static(value) for value in kwargs.values()])):
        return NotImplemented
    if rule.kind == "nondifferentiable":
        if level.graph.has_complex:
            return NotImplemented
        return function(*[_below(level, a) for a in args], **kwargs)
    if rule.instead is not None:
        if level.graph.has_complex:
            return NotImplemented
        found = rule.instead(*args, **kwargs)
        if found is not NotImplemented:
            return unlinked(lift_result(found))
    return record(level, rule, args, kwargs)


def _unpacked(function: Any, args: tuple[Any, ...]) -> list[Any]:
    """The arguments, with the entries of the lists that a function takes in place of these."""
    operands: list[Any] = []
    for n, x in enumerate(args):
        if n in LISTS[function] and (type(x) is list or type(x) is tuple):
            operands += x
        else:
            operands.append(x)
    return operands


def apply_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a function whose arguments hold traced values, and record it."""
    plain = apply_plainly(function, args, kwargs)
    return apply_specially(function, args, kwargs) if plain is NotImplemented else plain


def apply_specially(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The same for a call that is not plain."""
    rule = lookup(function)
    if rule is None or rule.kind == "unsupported":
        raise UnsupportedFunctionError(function_name(function), rule.reason if rule else "")
    if rule.kind != "nondifferentiable":
        if kwargs and kwargs.get("dtype") in _OBJECTS:
            advice = "Objects have no derivatives. Leave it out, or name a floating dtype."
            raise ArgumentError(function_name(function), "dtype=", "is object", advice)
        _ = kwargs.pop("overwrite_input", None)  # a permission of which no use is made: values are kept
        args, kwargs, out = _without_out(function, args, kwargs)
        if out is not None:
            return _into(function, out, apply_function(function, args, kwargs))
    args = tuple([x if isinstance(x, Recorded) else _lifted(function, n, x) for n, x in enumerate(args)])
    if kwargs:
        kwargs = {name: lift(value) for name, value in kwargs.items() if value is not np._NoValue}
    level = level_of(function, args, kwargs)
    if not rule.is_complex and level is not None and level.graph.has_complex and has_complex(args, kwargs):
        if rule.kind != "nondifferentiable":
            raise refused_complex(function)
        return unlinked(lift_result(rule.run(*args, **kwargs)))  # type: ignore[misc]
    if rule.instead is not None:
        found = rule.instead(*args, **kwargs)
        if found is not NotImplemented:
            return unlinked(lift_result(found))
    if rule.kind == "composed" or level is None:
        run = rule.run if rule.kind == "composed" else function
        return unlinked(lift_result(run(*args, **kwargs)))  # type: ignore[misc]
    if rule.kind == "nondifferentiable":
        return function(*[_below(level, a) for a in args], **{name: _below(level, a) for name, a in kwargs.items()})
    chosen = _CHOOSING.get(function)
    if chosen in kwargs:
        kwargs = {**kwargs, chosen: _below(level, kwargs[chosen])}
    return record(level, rule, *_positional(function, args, kwargs))


def _lifted(function: Any, position: int, value: Any) -> Any:
    if type(value) is list or type(value) is tuple:
        if position in LISTS.get(function, ()):
            nested = function is np.block
            return value if nested else type(value)([lift(entry) for entry in value])
        return lift(value)
    return lift(value) if isinstance(value, np.ndarray) and value.dtype.kind == "O" else value


def lift_result(result: Any) -> Any:
    """What a definition returned, with object arrays of traced scalars made traced."""
    if isinstance(result, np.ndarray) and result.dtype.kind == "O":
        return lift(result)
    return result


def unlinked(result: Any) -> Any:
    """What a definition returned, under a name of its own: where that is an argument, NumPy may have made a copy."""
    return result.plain(result.level, result.value, result.vertex) if isinstance(result, Recorded) else result


def level_of(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Level | None:
    """The latest level among the operands, or None where nothing is traced."""
    latest: Level | None = None
    for operand in (*args, *kwargs.values()):
        if isinstance(operand, (int, float)):
            continue
        for found in (operand,) if isinstance(operand, Recorded) else recorded_in(operand):
            level = found.level
            if not level.open and function is not written:  # which only tells what was written before
                raise EscapedTraceError(function_name(function), found.shape)
            if level.overwritten is not None:
                check_current(function_name(function), found)
            if latest is None or level.order > latest.order:
                latest = level
    return latest


def is_overwritten(value: Recorded) -> bool:
    """Whether NumPy would have changed the memory of a value since it was made."""
    known = value.level.overwritten
    if known is None or value.is_settled:
        return False
    return id(owner_of(value)) in known or any([id(owner) in known for owner in value.handed_out])


def check_current(operation: str, value: Any) -> None:
    """Raise if a value is one that NumPy would have changed since, by an in-place operation under another name."""
    if isinstance(value, Recorded) and is_overwritten(value):
        refused = value.level.refused.get(id(owner_of(value)))
        if refused is not None:
            raise UnsupportedFunctionError(*refused)
        raise TraceConversionError(
            operation,
            value.shape,
            "In NumPy it would have been changed by an earlier in-place operation (such as y += 1 or y[0] = 1) on an "
            "array that shares its memory, which tracing does not follow here. Copy one of the two first: "
            "y = y.copy().",
        )


def _below(level: Level, value: Any) -> Any:
    """An argument with the values of the level replaced by what they are one level below."""
    if isinstance(value, Recorded):
        return value.value if value.level is level else value
    if type(value) in (list, tuple):
        return type(value)([_below(level, entry) for entry in value])
    return value


def _without_out(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any], Any]:
    """The arguments but `out`, which rules do not know, and `out`, if it is an array that can be written into."""
    place = _place_of_out(function)
    out: Any = args[place] if place < len(args) else kwargs.get("out")
    if out is not None and not (isinstance(out, Recorded) and getattr(out, "is_writable", False)):
        advice = "for out= unless that is a traced array made inside the function, such as np.zeros_like(x)"
        raise UnsupportedFunctionError(function_name(function), advice)
    if "out" in kwargs:
        kwargs = {name: value for name, value in kwargs.items() if name != "out"}
    if place == len(args) - 1:
        args = args[:place]
    elif place < len(args):
        args = (*args[:place], None, *args[place + 1 :])
    return args, kwargs, out


def _into(function: Any, out: Any, result: Any) -> Any:
    """Write a result into the array that was given as `out`."""
    if np.shape(result) != out.shape:
        raise ValueError(f"{function_name(function)}: out has shape {out.shape}, the result {np.shape(result)}.")
    out[...] = result
    return out


@lru_cache(maxsize=1024)
def _place_of_out(function: Any) -> int:
    """The position of the argument `out`; beyond all arguments if it has none, or only by name."""
    if isinstance(function, np.ufunc):  # handled before
        return sys.maxsize
    for position, parameter in enumerate(parameters_of(function)):
        if parameter.name == "out" and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            return position
    return sys.maxsize


def _positional(function: Any, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Traced arguments that are given by keyword, put at their positions; rules tell operands by position."""
    chosen = _CHOOSING.get(function)
    traced = [name for name, value in kwargs.items() if name != chosen and contains_traced(value)] if kwargs else []
    if not traced:
        return args, kwargs
    parameters = parameters_of(function)
    positions = {p.name: n for n, p in enumerate(parameters) if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)}
    for name in traced:
        if name not in positions:
            raise UnsupportedFunctionError(function_name(function), f"for a traced {name}=")
    last = max(positions[name] for name in traced)
    bound, rest = list(args), dict(kwargs)
    for parameter in parameters[len(args) : last + 1]:
        value = rest.pop(parameter.name, parameter.default)
        if value is np._NoValue and parameter.name == "keepdims":
            value = False
        if value is inspect.Parameter.empty or value is np._NoValue:
            raise UnsupportedFunctionError(function_name(function), f"for a traced {traced[-1]}=")
        bound.append(value)
    return tuple(bound), rest
