"""Rows of the methods of ufuncs that take entries together: reduce, accumulate, reduceat."""

import numpy as np
from table import Row, sample

__all__ = ["ROWS"]

SEQUENTIAL = (np.subtract, np.divide, np.hypot, np.float_power, np.remainder, np.fmod, np.copysign, np.nextafter)
SEQUENTIAL += (np.heaviside,)
ORDERED = (np.logaddexp, np.logaddexp2, np.fmax, np.fmin)
INFINITE = np.where(sample(3, 4) > 1.5, -np.inf, 0.0)


def numbers(*shape: int) -> np.ndarray:
    """Positive numbers."""
    return sample(*shape, low=0.53, high=1.97)


def named(ufunc: np.ufunc, method: str, x: np.ndarray, *args, **keywords) -> Row:
    words = [ufunc.__name__, str(x.shape), *map(str, args), *[f"{key}={value}" for key, value in keywords.items()]]
    covers = getattr(ufunc, method)
    return Row(covers, lambda a: covers(a, *args, **keywords), (x,), " ".join(words))


REDUCED = [
    *[
        named(ufunc, "reduce", numbers(*shape), **keywords)
        for ufunc in (*SEQUENTIAL, *ORDERED)
        for shape, keywords in (((3,), {}), ((2, 3), {"axis": 1}), ((3, 2), {"axis": -2, "keepdims": True}), ((1,), {}))
    ],
    *[named(ufunc, "reduce", numbers(2, 3), axis=1, initial=1.3) for ufunc in (*SEQUENTIAL, *ORDERED)],
    *[named(ufunc, "reduce", numbers(2, 3, 2), axis=axis) for ufunc in ORDERED for axis in (None, (0, 2))],
    *[
        named(ufunc, "reduce", sample(3, 4), axis=0, where=sample(3, 4, seed=1) < 1.2, initial=-np.inf)
        for ufunc in (np.logaddexp, np.logaddexp2)
    ],
    *[named(np.hypot, "reduce", numbers(2, 3, 2), axis=axis, keepdims=True) for axis in (None, (0, 2), ())],
    named(np.hypot, "reduce", numbers(0, 2)),
    *[named(np.fmax, "reduce", numbers(2, 3), axis=1, dtype=dtype) for dtype in (float, np.longdouble)],
    Row(np.logaddexp.reduce, lambda x: np.logaddexp.reduce(x + INFINITE, axis=0), (sample(3, 4),), "entries of -inf"),
    Row(np.logaddexp.reduce, lambda x: np.logaddexp.reduce(40 * x, axis=1), (sample(3, 4),), "far apart", False),
]

ACCUMULATED = [
    named(ufunc, "accumulate", numbers(*shape), **keywords)
    for ufunc in (*SEQUENTIAL, *ORDERED, np.maximum, np.minimum, np.power, np.arctan2)
    for shape, keywords in (((4,), {}), ((2, 3), {"axis": 1}), ((3, 2, 2), {"axis": -3}), ((1,), {}), ((0, 2), {}))
]

CUT = [
    named(ufunc, "reduceat", numbers(*shape), indices, **keywords)
    for ufunc in (np.add, np.multiply, np.maximum, np.minimum, *ORDERED, *SEQUENTIAL)
    for shape, indices, keywords in (
        ((5,), [0, 2, 3], {}),
        ((5,), [3, 1, 1, 4], {}),
        ((2, 4), [0, 1], {"axis": 1}),
        ((4, 2), [1, 3, 2], {"axis": 0}),
        ((3,), [1], {}),
        ((1, 2), [0, 0], {}),
    )
    if ufunc in (np.add, np.maximum, np.logaddexp) or shape in ((5,), (2, 4))
]

ROWS = [*REDUCED, *ACCUMULATED, *CUT]
