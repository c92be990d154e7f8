"""What may be differentiated, checked before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..tracing import Traced, lift

__all__ = ["Argnums", "check_dtype", "checked_input", "checked_vector", "normalised_argnums"]

Argnums = int | Sequence[int]

_CONTAINERS = (list, tuple, dict, set)


def normalised_argnums(operation: str, argnums: Argnums, count: int) -> tuple[int, ...]:
    """The positions of the differentiated arguments, each in ``range(count)``, all different."""
    positions = tuple(argnums) if isinstance(argnums, (tuple, list)) else (argnums,)
    result = []
    for position in positions:
        if isinstance(position, bool) or not isinstance(position, (int, np.integer)):
            raise ArgumentError(operation, "argnums", f"is {argnums!r}", "Use an int or a tuple of ints.")
        if not -count <= position < count:
            found = f"is {argnums!r}, but the function was called with {count} positional arguments"
            raise ArgumentError(operation, "argnums", found, "Pass differentiated arguments by position.")
        result.append(int(position) % count)
    if not result or len(set(result)) < len(result):
        raise ArgumentError(operation, "argnums", f"is {argnums!r}", "Name at least one argument, and each once.")
    return tuple(result)


def checked_input(operation: str, position: int, value: Any) -> Any:
    """An argument as an array of floating numbers, perhaps traced by an outer transform.

    Raises
    ------
    ArgumentError
        For containers, integers, booleans, complex numbers and anything that is no array.
    """
    name = f"argument {position}"
    if isinstance(value, _CONTAINERS):
        advice = "Pass one array for each, with argnums a tuple, or stack them into one array with np.stack."
        raise ArgumentError(operation, name, f"is a {type(value).__name__}; containers are not differentiated", advice)
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = lift(value)
    if not isinstance(value, Traced) and not hasattr(value, "__array_function__"):
        value = np.asarray(value)
    check_dtype(operation, name, value)
    return value


def check_dtype(operation: str, name: str, value: Any) -> None:
    """Raise ArgumentError unless the dtype is a floating one."""
    kind = value.dtype.kind
    if kind in "iub":
        word = "boolean" if kind == "b" else "integer"
        advice = "Only floating numbers have derivatives; convert it first, e.g. x.astype(float)."
        raise ArgumentError(operation, name, f"has the {word} dtype {value.dtype}", advice)
    if kind == "c":
        advice = "Differentiate its real and imaginary part as two real arguments."
        raise ArgumentError(operation, name, f"has the complex dtype {value.dtype}, which is not supported yet", advice)
    if kind != "f":
        advice = (
            "Only arrays of floating numbers are differentiated; pass others by keyword or leave them out of argnums."
        )
        raise ArgumentError(operation, name, f"has dtype {value.dtype}", advice)


def checked_vector(operation: str, name: str, vector: Any, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """A tangent or cotangent of the given shape; integers and booleans become `dtype`."""
    if not hasattr(vector, "__array_function__"):
        vector = np.asarray(vector)
    if vector.dtype == object:
        vector = lift(vector)
    if tuple(vector.shape) != tuple(shape):
        raise ShapeError(operation, name, tuple(shape), tuple(vector.shape))
    if vector.dtype.kind in "biu":
        return vector.astype(dtype)
    check_dtype(operation, name, vector)
    return vector
