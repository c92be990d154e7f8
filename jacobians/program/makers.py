"""Functions that make arrays, as they are called with ``like=x`` of a recorded x.

They run at once: what they make is a constant, or is made of recorded entries. So ``np.asarray(values, like=x)`` is an
array that takes a recorded index.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["MAKERS", "made"]

_CONVERSIONS = {np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.require}
MAKERS = _CONVERSIONS | {
    *(np.arange, np.empty, np.eye, np.frombuffer, np.fromfile, np.fromfunction, np.fromiter, np.fromstring, np.full),
    *(np.genfromtxt, np.identity, np.loadtxt, np.ones, np.tri, np.zeros),
}


def made(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a maker returns: an array, an object array with recorded entries, or a recorded array as it is."""
    if function in _CONVERSIONS and args and not isinstance(args[0], np.ndarray):
        values = args[0]
        dtype = args[1] if len(args) > 1 else kwargs.get("dtype")
        if hasattr(values, "node"):
            return np.copy(values) if dtype is None else np.astype(values, dtype)
        entries = np.array(values, dtype=object)
        if any(hasattr(entry, "node") for entry in entries.flat):
            return entries
    return function(*args, **kwargs)
