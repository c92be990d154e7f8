"""Axes, shapes and counts: they choose what a call does, and are Python's integers in what is recorded."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["chosen"]

_CHOICES = {"axis", "axes", "axis1", "axis2", "source", "destination", "shape", "k", "offset", "n", "N", "num"}


def chosen(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call, in which NumPy's integers that are an axis, a shape or a count are Python's."""
    if any([isinstance(value, (np.integer, np.ndarray, tuple, list)) for value in args]):
        args = tuple([_plain(value) if n in _places(function) else value for n, value in enumerate(args)])
    if not _CHOICES.isdisjoint(kwargs):
        kwargs = {name: _plain(value) if name in _CHOICES else value for name, value in kwargs.items()}
    return args, kwargs


def _plain(value: Any) -> Any:
    if type(value) is tuple or type(value) is list:
        return type(value)([_plain(entry) for entry in value])
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "iu":
        return tuple([int(n) for n in value])
    is_one = isinstance(value, np.integer) or (isinstance(value, np.ndarray) and not value.ndim)
    return int(value) if is_one and value.dtype.kind in "iu" else value


@lru_cache(maxsize=1024)
def _places(function: Callable[..., Any]) -> frozenset[int]:
    """The positions of such arguments."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # ufuncs and their methods, and compiled functions, tell none
        return frozenset()
    return frozenset([n for n, name in enumerate(names) if name in _CHOICES])
