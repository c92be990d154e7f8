"""Garbage collection paused while a function is recorded, or its graph is eliminated.

Both make many small objects that all stay alive until the end, so that each collection walks over all of them and finds
nothing.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["without_collection"]

_MUTEX = threading.Lock()
_paused = 0
_resume = False


@contextmanager
def without_collection() -> Iterator[None]:
    """No garbage collection in the block, in no thread; then as before."""
    global _paused, _resume
    with _MUTEX:
        if _paused == 0:
            _resume = gc.isenabled()
            gc.disable()
        _paused += 1
    try:
        yield
    finally:
        with _MUTEX:
            _paused -= 1
            if _paused == 0 and _resume:
                gc.enable()
