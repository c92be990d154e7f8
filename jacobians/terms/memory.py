"""What is worked out of index arrays, kept while one graph is eliminated.

The same few index arrays meet again and again there: for each pair of terms, and once more in each prediction. Outside
of `remembering` nothing is kept, so that an array which its owner changes afterwards is read anew.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import ContextDecorator
from threading import local
from typing import Any, TypeVar

__all__ = ["recall", "remembering"]

T = TypeVar("T")


class _Memory(local):
    """The results of this thread, each with the arrays whose ids are in its key, so that these stay theirs."""

    depth = 0

    def __init__(self) -> None:
        self.known: dict[Hashable, tuple[Any, Any]] = {}


_MEMORY = _Memory()


class remembering(ContextDecorator):
    """Keep what `recall` works out until the end of the block, or of the decorated function."""

    def __enter__(self) -> None:
        _MEMORY.depth += 1

    def __exit__(self, *_: object) -> None:
        _MEMORY.depth -= 1
        if _MEMORY.depth == 0:
            _MEMORY.known.clear()


def recall(key: Hashable, arrays: Any, make: Callable[[], T]) -> T:
    """The result of `make`, or what it was the last time under this key.

    Parameters
    ----------
    key : hashable
        In which arrays stand by their ids.
    arrays : object
        That holds these arrays.
    make : callable
    """
    if _MEMORY.depth == 0:
        return make()
    found = _MEMORY.known.get(key)
    if found is None:
        found = _MEMORY.known[key] = make(), arrays
    return found[0]
