"""Arguments as foreign functions take them: `Packing`, several arrays in a row as one vector, and `writable` arrays."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Packing", "writable"]


class _Place(NamedTuple):
    """Where one array stands in the vector."""

    position: int
    part: slice
    shape: tuple[int, ...]
    dtype: np.dtype


class Packing:
    """Some of the arguments of a call in one vector.

    Parameters
    ----------
    needed : sequence of int
        The positions of the arguments that go into the vector.
    args : sequence
        The arguments of the call.
    """

    def __init__(self, needed: Sequence[int], args: Sequence[Any]) -> None:
        self.places: list[_Place] = []
        start = 0
        for n in needed:
            stop = start + prod(args[n].shape)
            self.places.append(_Place(n, slice(start, stop), args[n].shape, args[n].dtype))
            start = stop

    def joined(self, parts: Sequence[Any], lead: tuple[int, ...] = ()) -> Any:
        """The vector; `lead` are axes of a stack in front of each part."""
        flat = [np.reshape(parts[place.position], (*lead, prod(place.shape))) for place in self.places]
        return np.concatenate(flat, axis=-1)

    def others(self, args: Sequence[Any]) -> list[Any]:
        """The arguments that are not in the vector, None in place of those that are."""
        inside = {place.position for place in self.places}
        return [None if n in inside else value for n, value in enumerate(args)]

    def parted(self, flat: Any, others: Sequence[Any]) -> list[Any]:
        """All arguments again, or the vectors of a stack in their shapes."""
        whole, lead = list(others), np.shape(flat)[:-1]
        for place in self.places:
            part = np.reshape(flat[..., place.part], (*lead, *place.shape))
            whole[place.position] = part if part.dtype == place.dtype else np.astype(part, place.dtype)
        return whole


def writable(value: Any) -> Any:
    """A copy of a read-only array, which much compiled code refuses; tracing makes arrays read-only."""
    return value.copy() if isinstance(value, np.ndarray) and not value.flags.writeable else value
