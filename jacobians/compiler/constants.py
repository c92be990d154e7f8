"""Constants that are others with their axes in another order: they need no memory of their own."""

from __future__ import annotations

import numpy as np

from ..program import lying, same_bytes

__all__ = ["seen_in"]


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
    mine, theirs = lying(array), lying(other)
    if mine is None or theirs is None or not same_bytes(mine[0], theirs[0]):
        return None
    back = np.argsort(mine[1]).tolist()
    if mine[0].shape == theirs[0].shape:
        return name + _turned(tuple([theirs[1][n] for n in back]))
    return f"{name}{_turned(theirs[1])}.reshape({mine[0].shape}){_turned(tuple(back))}"


def _turned(order: tuple[int, ...]) -> str:
    if order == tuple(range(len(order))):
        return ""
    return ".T" if order == tuple(reversed(range(len(order)))) else f".transpose({order})"
