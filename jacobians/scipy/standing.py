"""Functions that stand in for SciPy's: those run on plain arrays, and ours where something is traced or recorded.

- `follows(original)`: ours is a definition made of functions that have rules, on the types of LAPACK if need be.
- `ruled(original)`: SciPy's own runs on the values, and a local rule tells its derivative.
- `constant(function)`: runs on the values, and has no derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import numpy as np

from ..program import Symbol
from ..registry import LocalTerm, Rule, refused_complex
from ..tracing import contains_traced, primal
from ..tracing.dispatch import apply_function

__all__ = ["constant", "follows", "is_complex", "is_recorded", "missing", "ruled"]

Function = Callable[..., Any]


def is_recorded(values: Iterable[Any]) -> bool:
    """Whether a value is traced, or an array of a program that is being written down; nests are looked into."""
    for value in values:
        if isinstance(value, (list, tuple)):
            if is_recorded(value):
                return True
        elif isinstance(value, Symbol) or contains_traced(value):
            return True
    return False


def is_complex(value: Any) -> bool:
    """Whether a value is a complex array or number."""
    dtype = getattr(value, "dtype", None)
    return dtype.kind == "c" if isinstance(dtype, np.dtype) else isinstance(value, complex)


_OF_LAPACK = {"e": np.dtype(np.float32), "g": np.dtype(np.float64), "G": np.dtype(np.complex128)}


def _in_lapack(value: Any) -> Any:
    """An array in a type that LAPACK knows, which SciPy makes of half and long precision and of another byte order."""
    if isinstance(value, (list, tuple)):
        return type(value)([_in_lapack(part) for part in value])
    dtype = getattr(value, "dtype", None)
    if not isinstance(dtype, np.dtype) or (dtype.isnative and dtype.char not in _OF_LAPACK):
        return value
    return np.astype(value, _OF_LAPACK.get(dtype.char, dtype.newbyteorder("=")))


def follows(original: Function, *, real_only: bool = False, of_lapack: bool = False) -> Callable[[Function], Function]:
    """A decorator for definitions: the function is SciPy's on plain arrays, and the definition on traced ones.

    Where the definition does not hold for complex ones, they are refused.
    """

    def decorate(definition: Function) -> Function:
        @wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not is_recorded(args) and not is_recorded(kwargs.values()):
                return original(*args, **kwargs)
            if real_only and any([is_complex(value) for value in (*args, *kwargs.values())]):
                raise refused_complex(call)
            if of_lapack:
                args = tuple([_in_lapack(value) for value in args])
                kwargs = {name: _in_lapack(value) for name, value in kwargs.items()}
            return definition(*args, **kwargs)

        return _named(call, original, definition.__module__)

    return decorate


def ruled(original: Function) -> Callable[[Callable[..., Iterable[LocalTerm]]], Function]:
    """A decorator for local rules: the function is SciPy's on plain arrays, below all derivatives."""

    def decorate(rule: Callable[..., Iterable[LocalTerm]]) -> Function:
        @wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not is_recorded(args) and not is_recorded(kwargs.values()):
                return original(*args, **kwargs)
            if contains_traced((*args, *kwargs.values())):
                return apply_function(call, args, kwargs)
            symbol = next(value for value in (*args, *kwargs.values()) if isinstance(value, Symbol))
            return symbol.recorder.call(call, args, kwargs)

        call.own_rule = Rule("local", call, rule, is_complex=True)  # type: ignore[attr-defined]
        return _named(call, original, rule.__module__)

    return decorate


def constant(function: Function) -> Function:
    """A decorator for functions of one array, whose result carries no derivative."""

    @wraps(function)
    def call(value: Any) -> Any:
        value = primal(value)
        return value.recorder.call(function, (value,), {}) if isinstance(value, Symbol) else function(value)

    return call


def _named(call: Function, original: Function, module: str) -> Function:
    call.__module__ = module
    call.__doc__ = f"{original.__module__.partition('._')[0]}.{original.__name__}, differentiable."
    return call


def missing(module: str, name: str, offered: Iterable[str], reason: str | None = None) -> AttributeError:
    """The error for a function that is not offered, and why, if there is more to say."""
    because = "" if reason is None else f", because {reason}"
    return AttributeError(
        f"{module} has no {name!r}{because}. It offers {', '.join(sorted(offered))}; for another function use "
        "jacobians.custom."
    )
