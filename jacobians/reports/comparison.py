"""Explicit against lazy for one function at one point: bytes held, seconds, and whether the products are right.

- `compare(f, x)` measures and returns a `Comparison`; ``comparison.crossing`` is the number of products from which
  building the explicit form pays off.
- `COLUMNS` and ``comparison.cells`` are a row of a table; `curves(comparisons, TIMES)` and `curves(comparisons, BYTES)`
  line up several comparisons for a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil, inf
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from ..errors import format_bytes
from ..transforms import jacobian
from .table import seconds

__all__ = ["BYTES", "COLUMNS", "TIMES", "Comparison", "compare", "curves", "medians"]

TIMES = {"build explicit": "build", "J @ h explicit": "explicit_product", "J @ h lazy": "lazy_product"}
BYTES = {"dense array": "dense", "explicit": "explicit", "lazy": "lazy"}
COLUMNS = ("dense", "explicit", "lazy", "build", "J @ h explicit", "J @ h lazy", "pays off from")
STEP = 1e-6


class Comparison(NamedTuple):
    """What an explicit and a lazy Jacobian cost.

    Attributes
    ----------
    structure : str
        Of the explicit Jacobian, as the library states it.
    dense, explicit, lazy : int
        Bytes of the dense array, and held by the explicit and by the lazy Jacobian.
    build : float
        Seconds to trace and eliminate; all seconds are medians.
    explicit_product, lazy_product : float
        Seconds of ``J @ h``.
    difference : float
        The largest difference of either product from a central difference along h, relative to its largest number.
    """

    structure: str
    dense: int
    explicit: int
    lazy: int
    build: float
    explicit_product: float
    lazy_product: float
    difference: float

    @property
    def crossing(self) -> float:
        """The number of products from which building the explicit form costs less than staying lazy; inf for never."""
        gain = self.lazy_product - self.explicit_product
        return ceil(self.build / gain) if gain > 0 else inf

    @property
    def cells(self) -> list[str]:
        """A row of a table under `COLUMNS`: three times bytes, three times seconds, and the crossing."""
        return [
            *map(format_bytes, (self.dense, self.explicit, self.lazy)),
            *map(seconds, (self.build, self.explicit_product, self.lazy_product)),
            "never" if self.crossing == inf else f"{self.crossing} products",
        ]


def compare(f: Callable[[Any], Any], x: np.ndarray, *, repeats: int = 5, seed: int = 0) -> Comparison:
    """Measure both forms at `x`; building and both products take turns, so that a busy moment hits all of them.

    Parameters
    ----------
    f : callable
        A function of one array, which returns one array.
    x : ndarray
    repeats : int
        The seconds are medians of so many runs, after one that is not counted.
    seed : int
        Of the direction h.

    Examples
    --------
    >>> comparison = compare(np.sin, np.ones(1000), repeats=1)
    >>> comparison.dense, comparison.difference < 1e-8
    (8000000, True)
    """
    h = np.random.default_rng(seed).standard_normal(x.shape)

    def build() -> Any:
        return jacobian(f, mode="explicit")(x)

    explicit, lazy = build(), jacobian(f, mode="lazy")(x)
    numerical = (f(x + STEP * h) - f(x - STEP * h)) / (2 * STEP)
    difference = max(float(np.max(np.abs(J @ h - numerical))) for J in (explicit, lazy))
    durations = medians(repeats, build, lambda: explicit @ h, lambda: lazy @ h)
    return Comparison(
        explicit.structure,
        explicit.dense_nbytes,
        explicit.nbytes,
        lazy.nbytes,
        *durations,
        difference=difference / float(np.max(np.abs(numerical))),
    )


def medians(repeats: int, *works: Callable[[], Any]) -> list[float]:
    """Median seconds of each work, all of them run in turns."""
    durations: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for work, record in zip(works, durations, strict=True):
            start = perf_counter()
            work()
            record.append(perf_counter() - start)
    return [median(record) for record in durations]


def curves(comparisons: Sequence[Comparison], fields: Mapping[str, str]) -> dict[str, list[float]]:
    """Title -> one number per comparison, for `TIMES` or `BYTES`."""
    return {title: [getattr(comparison, field) for comparison in comparisons] for title, field in fields.items()}
