"""Constants that equal others, or are these with their axes in another order: they need no memory of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Twins", "seen_in"]


class Twins:
    """Arrays of which those that have the same bytes in the same order of memory are one, however their axes lie.

    Examples
    --------
    >>> twins, X = Twins(), np.ones((2, 3))
    >>> twins.first(X), twins.first(X.copy())[1], twins.first(X.T)[1], twins.first(np.ones((3, 2)))
    (None, (0, 1), (1, 0), None)
    """

    def __init__(self) -> None:
        self._known: dict[Any, list[tuple[np.ndarray, np.ndarray, tuple[int, ...]]]] = {}

    def first(self, array: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]] | None:
        """The first array with the same bytes, and the order of its axes that makes this one; None if it is new."""
        found = None if array.dtype.hasobject else _lying(array)
        if found is None:
            return None
        lying, order = found
        known = self._known.setdefault((lying.shape, lying.dtype, lying.reshape(-1)[:8].tobytes()), [])
        for other, memory, axes in known:
            if other is array or _same(lying, memory):
                return other, tuple([axes[order.index(n)] for n in range(array.ndim)])
        known.append((array, lying, order))
        return None


def seen_in(array: np.ndarray, other: np.ndarray, name: str) -> str | None:
    """The expression that makes an array of another one without a copy; None where it is not the same memory.

    Both hold the same bytes in the same order, however their axes are arranged.

    Parameters
    ----------
    array, other : ndarray
    name : str
        Of the other one.

    Examples
    --------
    >>> X = np.arange(6.0).reshape(2, 3)
    >>> seen_in(X.T.copy(order="K"), X, "X")
    'X.T'
    >>> seen_in(X.T.copy(order="C"), X, "X") is None
    True
    """
    if array.dtype != other.dtype or array.size != other.size or array.dtype.hasobject:
        return None
    mine, theirs = _lying(array), _lying(other)
    if mine is None or theirs is None or not _same(mine[0], theirs[0]):
        return None
    back = np.argsort(mine[1]).tolist()
    if mine[0].shape == theirs[0].shape:
        return name + _turned(tuple([theirs[1][n] for n in back]))
    return f"{name}{_turned(theirs[1])}.reshape({mine[0].shape}){_turned(tuple(back))}"


def _lying(array: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]] | None:
    """The array in the order in which it lies in memory, and that order; None where it has gaps."""
    order = tuple(sorted(range(array.ndim), key=lambda n: -array.strides[n]))
    moved = array.transpose(order)
    return (moved, order) if array.size and moved.flags.c_contiguous else None


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays in C order have the same bytes: nan equals itself, and zero is not minus zero."""
    left, right = [array.reshape(-1).view(np.uint8) for array in (a, b)]
    return bool(np.array_equal(left[:64], right[:64]) and np.array_equal(left, right))


def _turned(order: tuple[int, ...]) -> str:
    if order == tuple(range(len(order))):
        return ""
    return ".T" if order == tuple(reversed(range(len(order)))) else f".transpose({order})"
