"""Tracing: ordinary NumPy code runs, and what it does is written into a graph of local Jacobians.

In the order in which a call passes through:

- `levels`: `opened` opens a level, one for each transform at work; it holds the graph.
- `traced`: `Traced`, the array that is handed to the user's function; `appearance`: what it looks like.
- `ufunc_calls`, `dispatch`: both protocols of NumPy; rules are looked up here.
- `calls`, `complex_calls`: a call of a function that has a rule is run, and its terms are recorded.
- `postponing`, `pending`: large results that are computed when somebody asks for them.
- `swift`: the same for a call that is like one before.
- `writing`: what has been written into an array.
- `recorded`: what a traced value is made of; lists and object arrays of traced scalars are lifted to one.
- `guarding`: arrays that a derivative captures stay as they were.
- `failures`: NumPy's errors about traced values, in our words.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, EscapedTraceError
from ..program import Symbol
from . import pending as pending  # it tells `record` what a value is that waits
from .dispatch import check_current
from .failures import advise, explain, substitutes
from .levels import Level, opened
from .recorded import contains_traced, lift, owner_of, primal
from .traced import Input, Traced, released
from .ufunc_calls import rule_of_method

__all__ = [
    "Level",
    "Traced",
    "advise",
    "check_current",
    "contains_traced",
    "explain",
    "lift",
    "opened",
    "primal",
    "released",
    "rule_of_method",
    "substitutes",
    "watch",
]


def watch(level: Level, value: Any) -> Traced:
    """A new input of a level.

    Parameters
    ----------
    level : Level
    value : array_like of floating numbers, or traced by an earlier level
        A plain array is copied where it is small, and read-only until the level closes where it is large.
    """
    if type(value) is not np.ndarray or value.dtype.kind not in "fc":
        value = _watchable(value)
    if isinstance(value, np.ndarray):
        value = level.guard.register(value)
    if type(value) is not np.ndarray:
        level.is_nested = True
    level.inputs.append(owner_of(value))
    return Input(level, value, level.graph.add_vertex(value.shape, value.dtype))


def _watchable(value: Any) -> Any:
    """An array of floating numbers, traced, recorded, or with numbers."""
    value = lift(value)
    if isinstance(value, Traced):
        if not value.level.open:
            raise EscapedTraceError("watch", value.shape)
        return value
    if isinstance(value, Symbol):
        return value.strong()
    value = np.asarray(value)
    if value.dtype.kind not in "fc":
        advice = "Only floating numbers are differentiated: use x.astype(float)."
        raise ArgumentError("watch", "an input", f"has dtype {value.dtype}", advice)
    return value
