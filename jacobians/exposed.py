"""Arrays of objects that NumPy has made of arrays of ours, as ``np.asarray(y)`` does.

In NumPy they would be y itself; here they hold its entries as they were, so nobody may write into y while they live.
"""

from __future__ import annotations

from typing import Any
from weakref import ref

import numpy as np

__all__ = ["expose", "is_exposed"]

_OBJECTS: dict[int, list[tuple[ref[Any], ref[np.ndarray]]]] = {}


def expose(array: Any, objects: np.ndarray) -> None:
    """Note what was made of an array."""
    key = id(array)
    _OBJECTS.setdefault(key, []).append((ref(array), ref(objects, lambda _: _forget(key))))


def is_exposed(array: Any) -> bool:
    """Whether something that was made of an array lives."""
    return bool(_OBJECTS) and any(
        [source() is array and objects() is not None for source, objects in _OBJECTS.get(id(array), ())]
    )


def _forget(key: int) -> None:
    left = [pair for pair in _OBJECTS.get(key, ()) if pair[1]() is not None]
    if left:
        _OBJECTS[key] = left
    else:
        _ = _OBJECTS.pop(key, None)
