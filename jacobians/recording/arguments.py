"""What may be differentiated, checked before anything runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from enum import Enum
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..tensor import as_dense, check_real
from ..tracing import Traced, lift
from ..trees import LEAF, Tree, flatten, is_container

__all__ = [
    "Argnums",
    "check_any",
    "check_dtype",
    "check_function",
    "checked_input",
    "checked_inputs",
    "checked_vector",
    "checked_vectors",
    "is_differentiated",
    "is_moved",
    "normalised_argnums",
]

Argnums = int | Sequence[int]

_CONSTANTS = (
    *(type(None), bool, int, str, bytes, np.integer, np.bool_, np.dtype, range, slice, Enum),
    *(type, FunctionType, BuiltinFunctionType, np.ufunc),
)


def normalised_argnums(operation: str, argnums: Argnums, count: int) -> tuple[int, ...]:
    """The positions of the differentiated arguments, each in ``range(count)``, all different."""
    if type(argnums) is int and 0 <= argnums < count:
        return (argnums,)
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


def check_function(operation: str, function: Any) -> None:
    """Raise ArgumentError for what cannot be called."""
    if not callable(function):
        found = f"is of type {type(function).__name__}, which cannot be called"
        raise ArgumentError(operation, "the function", found, "Pass the function itself, f and not f(x).")


def is_differentiated(value: Any) -> bool:
    """Whether a value in a nest is an array, or must be one; texts, integers and None are constants."""
    kind = type(value)
    if hasattr(kind, "__array_function__"):
        return True
    return not (isinstance(value, _CONSTANTS) or dataclasses.is_dataclass(kind))


def checked_inputs(operation: str, name: str, value: Any, allow_int: bool = False) -> tuple[list[Any], Tree]:
    """The arrays of an argument, perhaps traced by an outer transform, and how they are nested.

    None, and with `allow_int` numbers and arrays that are no floating ones, are constants of the nest.

    Raises
    ------
    ArgumentError
        As `checked_input`, naming the array in the nest.
    """
    if type(value) is np.ndarray and value.dtype.kind == "f":
        return [value], LEAF
    if value is None or (allow_int and _is_counted(value)):
        return [], Tree(object, value)
    if not is_container(value):
        return [checked_input(operation, name, value)], LEAF
    leaves, tree = flatten(value, is_moved if allow_int else is_differentiated)
    paths = tree.paths(name)
    return [checked_input(operation, path, leaf) for path, leaf in zip(paths, leaves, strict=True)], tree


def check_any(operation: str, name: str, found: Sequence[tuple[list[Any], Tree]]) -> None:
    """Raise ArgumentError unless there is an array in one of the arguments, the first of which has this name."""
    if not any([leaves for leaves, _ in found]):
        advice = "Name arguments with arrays of floating numbers in argnums."
        raise ArgumentError(operation, name, f"is {found[0][1]}, a nest without an array", advice)


def _is_counted(value: Any) -> bool:
    """Whether a value is an integer, a boolean, or an array of them."""
    return isinstance(value, (bool, int)) or getattr(getattr(value, "dtype", None), "kind", "") in tuple("iub")


def is_moved(value: Any) -> bool:
    """`is_differentiated`, where arrays of integers are constants."""
    return is_differentiated(value) and not _is_counted(value)


def checked_input(operation: str, name: str, value: Any) -> Any:
    """An argument as an array of floating numbers, perhaps traced by an outer transform.

    Raises
    ------
    ArgumentError
        For integers, booleans and anything that is no array.
    """
    value = as_dense(value)
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = lift(value)
    if not isinstance(value, Traced) and not hasattr(value, "__array_function__"):
        if not isinstance(value, (int, float, complex, np.generic)) and not hasattr(value, "__array__"):
            found = f"is of type {type(value).__name__}, which is neither an array nor a nest of arrays"
            advice = "Use tuples, lists, dicts, named tuples or dataclasses, or pass it by keyword."
            raise ArgumentError(operation, name, found, advice)
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
    if kind not in "fc":
        advice = (
            "Only arrays of floating numbers are differentiated; pass others by keyword or leave them out of argnums."
        )
        raise ArgumentError(operation, name, f"has dtype {value.dtype}", advice)


def checked_vector(operation: str, name: str, vector: Any, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """A tangent or cotangent of the given shape; integers and booleans become `dtype`."""
    vector = as_dense(vector)
    if not hasattr(vector, "__array_function__"):
        vector = np.asarray(vector)
    if vector.dtype == object:
        vector = lift(vector)
    if tuple(vector.shape) != tuple(shape):
        raise ShapeError(operation, name, tuple(shape), tuple(vector.shape))
    if vector.dtype.kind in "biu":
        return vector.astype(dtype)
    check_dtype(operation, name, vector)
    check_real(operation, name, vector.dtype, dtype)
    return vector


def checked_vectors(
    operation: str, name: str, nest: Any, like: str, tree: Tree, ends: Sequence[tuple[tuple[int, ...], np.dtype]]
) -> list[Any]:
    """The arrays of a nest of tangents or cotangents, nested as `tree`, which is that of `like`."""
    leaves = [nest] if tree.is_leaf and not is_container(nest) else tree.match(nest, operation, name, like)
    ready = zip(tree.paths(name), leaves, ends, strict=True)
    return [checked_vector(operation, path, leaf, *end) for path, leaf, end in ready]
