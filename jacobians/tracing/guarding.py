"""Guards: an array that a derivative captures must not change before the derivative is taken.

In ``y = A @ x; A *= 2`` the derivative of y is the old A. `Guard.capture` copies a small array, so that changing it
later does no harm, and makes a large one read-only until the level closes, so that changing it raises.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Any

import numpy as np

__all__ = ["Guard"]

_COPIED_BYTES = 65536


class _Lock:
    """How often an array is locked."""

    __slots__ = ("array", "count")

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.count = 0


# Levels that are open at the same time may lock the same array: it is free when the last of them has released it.
_LOCKS: dict[int, _Lock] = {}
_MUTEX = threading.RLock()


def _chain(array: np.ndarray) -> list[np.ndarray]:
    """The array, the array that it is a view of, and so on to the owner of the memory."""
    chain = [array]
    while isinstance(chain[-1].base, np.ndarray):
        chain.append(chain[-1].base)
    return chain


def _is_frozen(array: np.ndarray) -> bool:
    """Whether nobody can write to the array, now or when another level closes."""
    return not any([part.flags.writeable or id(part) in _LOCKS for part in _chain(array)])


class Guard:
    """What one level has captured."""

    __slots__ = ("_copies", "_locked", "_owned", "_owners", "_shared")

    def __init__(self) -> None:
        self._copies: dict[int, tuple[np.ndarray, bytes, np.ndarray]] = {}  # id of the original -> it, memory, copy
        self._shared: dict[int, np.ndarray] = {}  # arrays of the user that are held without a copy
        self._owners: set[int] = set()  # whose memory these are in
        self._locked: list[int] = []
        self._owned: dict[int, tuple[Any, Any]] = {}

    def capture(self, array: Any) -> Any:
        """An array with the same numbers that will not change while the level is open.

        An array that nobody can write to, and what is no plain array (a number, a traced value), is returned as it is.
        """
        if not isinstance(array, np.ndarray):
            return array
        if id(array) in self._shared:
            return array
        if array.nbytes <= _COPIED_BYTES:
            return self._copy(array) if array.flags.writeable or not _is_frozen(array) else array
        chain = _chain(array)
        if _is_frozen(array):
            return array
        if chain[-1].base is not None:  # a buffer that NumPy does not own, and cannot lock
            return self._copy(array)
        self._lock(chain)
        self._share(array)
        return array

    def _share(self, array: np.ndarray) -> None:
        self._shared[id(array)] = array
        self._owners.add(id(_chain(array)[-1]))

    def _copy(self, array: np.ndarray) -> np.ndarray:
        """A copy; the same one as before if the array has not changed, so that equal factors are recognised."""
        order = "F" if array.flags.fnc else "C"
        memory = array.tobytes(order)
        known = self._copies.get(id(array))
        if known is not None and known[1] == memory and known[2].shape == array.shape:
            return known[2]
        copy = np.ndarray(array.shape, array.dtype, memory, order=order)  # bytes do not change, nor does it
        self._copies[id(array)] = array, memory, copy
        return copy

    def _lock(self, chain: list[np.ndarray]) -> None:
        with _MUTEX:
            for array in chain:
                lock = _LOCKS.get(id(array))
                if lock is None:
                    if not array.flags.writeable:
                        continue
                    lock = _LOCKS[id(array)] = _Lock(array)
                    array.flags.writeable = False
                lock.count += 1
                self._locked.append(id(array))

    def register(self, array: np.ndarray) -> np.ndarray:
        """The array of an input: like `capture`, and never held beyond the level without a copy."""
        captured = self.capture(array)
        if captured is array:
            self._share(array)
        return captured

    @property
    def shared(self) -> Collection[int]:
        """The ids of the user's arrays that are held without a copy."""
        return self._shared.keys()

    def own(self, array: Any) -> Any:
        """An array that shares no memory with the user's: the array itself, or a copy (one for each array)."""
        if not isinstance(array, np.ndarray) or (array.base is None and id(array) not in self._shared):
            return array
        if id(array) in self._owned:
            return self._owned[id(array)][1]
        if self.shares(array):
            self._owned[id(array)] = array, array.copy(order="K")
            return self._owned[id(array)][1]
        return array

    def shares(self, array: np.ndarray) -> bool:
        """Whether an array shares memory with one of the user's."""
        return any([id(part) in self._shared for part in _chain(array)]) or self._overlaps(array)

    def _overlaps(self, array: np.ndarray) -> bool:
        """Whether the memory is that of an array which is held as a view: both have one owner."""
        owner = _chain(array)[-1]
        return owner is not array and id(owner) in self._owners

    def release(self) -> None:
        """Make what was locked writable again, unless another level has locked it, too."""
        self._copies.clear()
        self._shared.clear()
        self._owners.clear()
        self._owned.clear()
        if not self._locked:
            return
        with _MUTEX:
            for key in self._locked:
                _LOCKS[key].count -= 1
            self._locked.clear()
            idle = [lock for lock in _LOCKS.values() if lock.count == 0]
            # NumPy refuses a writable view of a read-only array: owners first, and views wait for their owner.
            for lock in sorted(idle, key=lambda lock: len(_chain(lock.array))):
                if not any(id(base) in _LOCKS for base in _chain(lock.array)[1:]):
                    lock.array.flags.writeable = True
                    del _LOCKS[id(lock.array)]
