"""Arrays of the caller that results are written into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError
from .trees import Tree

__all__ = ["check_places"]


def check_places(
    name: str,
    places: Sequence[Any],
    nest: Tree,
    result: Tree,
    expected: Sequence[tuple[tuple[int, ...], np.dtype]],
    inputs: Sequence[Any],
) -> None:
    """Raise unless there is a writable array in C order for each result, apart from the inputs and from each other.

    Parameters
    ----------
    name : str
        Of the compiled function.
    places : sequence of array
    nest, result : Tree
        How they are nested, and how the results are.
    expected : sequence of (shape, dtype)
    inputs : sequence of array
    """
    if not result.is_plain or nest != result:
        advice = "Give an array, or a tuple, list or dict of arrays, nested as the result is."
        raise ArgumentError(name, "out", "is not nested as the result, or the result holds more than arrays", advice)
    for n, (place, (shape, dtype)) in enumerate(zip(places, expected, strict=True)):
        if not isinstance(place, np.ndarray):
            raise ArgumentError(name, "out", f"holds a {type(place).__name__}", "Give arrays.")
        if place.shape != shape:
            raise ShapeError(name, f"out, array {n}", shape, place.shape)
        if place.dtype != dtype or not place.flags.c_contiguous or not place.flags.writeable:
            found = f"array {n} has dtype {place.dtype}, or is read-only, or not in C order"
            raise ArgumentError(name, f"out, {found},", "cannot take the result", f"Use np.empty({shape}, np.{dtype}).")
        for other in (*inputs, *places[:n]):
            if isinstance(other, np.ndarray) and np.may_share_memory(place, other):
                found = "shares memory with an argument or another result"
                raise ArgumentError(name, f"out, array {n}", found, "Give an array of its own.")
