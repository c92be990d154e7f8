"""What a computation makes of shadows, written down once and repeated for other shadows of the same shapes.

Predicting an order joins the same patterns again and again. What each of these steps would cost depends on shapes and
dtypes alone, so it is found out by running it once; afterwards only its entries in the ledger are made again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .shadows import Ledger, Shadow

__all__ = ["Track", "all_shadows", "track"]


class Track(NamedTuple):
    """The arrays that a computation makes, and which of them are its results.

    Attributes
    ----------
    made : list of tuple
        What `Ledger.again` is told of each.
    results : list of (int, tuple of int)
        Of each result the place of its memory, among what was given and what was made, and its shape.
    """

    made: list[tuple[Any, ...]]
    results: list[tuple[int, tuple[int, ...]]]

    def repeat(self, given: Sequence[Shadow]) -> list[Shadow]:
        """The results for shadows of the same shapes and dtypes; the ledger is told what they cost."""
        arrays = [*given]
        again = arrays[0].ledger.again
        for entry in self.made:
            arrays.append(again(*entry))
        found = [(arrays[place], shape) for place, shape in self.results]
        return [array if array.shape == shape else array.view(shape) for array, shape in found]


def track(run: Callable[[list[Any]], Sequence[Any]], given: Sequence[Shadow]) -> Track:
    """What `run` makes of shadows of these shapes and dtypes."""
    ledger = Ledger()
    fresh = [Shadow(array.shape, array.dtype, ledger) for array in given]
    results = run([*fresh])
    place = {id(array): n for n, array in enumerate([*fresh, *ledger.arrays])}
    made = [(array.shape, array.dtype, *costs) for array, costs in zip(ledger.arrays, ledger.costs, strict=True)]
    return Track(made, [(place[id(array.memory)], array.shape) for array in results])


def all_shadows(arrays: Sequence[Any]) -> bool:
    """Whether all of some arrays are shadows, and there is one."""
    return bool(arrays) and type(arrays[0]) is Shadow and all([type(array) is Shadow for array in arrays])
