"""Garbage collection paused while a graph is eliminated or a program is written, and rare while a function runs.

All of these make many small objects that stay alive until the end, so that each collection walks over all of them and
finds nothing. A user's function may make garbage of its own, so there it is collected, if seldom.
"""

from __future__ import annotations

import gc
import threading
from contextlib import ContextDecorator

__all__ = ["with_rare_collection", "without_collection"]

OBJECTS = 50_000
"""Objects that are made between two collections where these are rare; usually 700."""

COLLECTIONS = 100
"""Collections of young objects before one of what has outlived them, mostly the graph; usually 10."""

_MUTEX = threading.Lock()
_paused = 0
_resume = False
_rare = 0
_usual = (0, 0, 0)


class without_collection(ContextDecorator):
    """No garbage collection in the block, in no thread; then as before."""

    def __enter__(self) -> None:
        global _paused, _resume
        with _MUTEX:
            if _paused == 0:
                _resume = gc.isenabled()
                gc.disable()
            _paused += 1

    def __exit__(self, *_: object) -> None:
        global _paused
        with _MUTEX:
            _paused -= 1
            if _paused == 0 and _resume:
                gc.enable()


class with_rare_collection(ContextDecorator):
    """Garbage collection at most once for every `OBJECTS` in the block, in all threads; then as before."""

    def __enter__(self) -> None:
        global _rare, _usual
        with _MUTEX:
            if _rare == 0:
                _usual = gc.get_threshold()
                if 0 < _usual[0] < OBJECTS:
                    gc.set_threshold(OBJECTS, max(COLLECTIONS, _usual[1]), *_usual[2:])
            _rare += 1

    def __exit__(self, *_: object) -> None:
        global _rare
        with _MUTEX:
            _rare -= 1
            if _rare == 0:
                gc.set_threshold(*_usual)
