"""Interpolation and phases: `interp`, `unwrap`.

At a point of a piecewise linear function the slope is that of the piece on the right, at the last point of the left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import pick
from ..program import Symbol, holds
from ..quiet import quietly
from ..registry import complex_too, composed, elementwise
from .conjugates import is_complex

__all__: list[str] = []


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    # NumPy computes in double precision, whatever it is given.
    x, xp = _double(x), _double(xp)
    fp = _double(fp, complex if is_complex(fp) else float)
    if np.ndim(xp) != 1 or np.shape(xp) != np.shape(fp):
        raise ValueError("fp and xp are not of the same length.")
    count = xp.shape[0]
    if count == 0:
        raise ValueError("array of sample points is empty")
    if period is not None:
        if holds(np.equal(period, 0)):
            raise ValueError("period must be a non-zero value")
        period, left, right = np.abs(period), None, None
        x, xp = np.remainder(x, period), np.remainder(xp, period)
        order = np.argsort(xp)
        xp, fp = pick(xp, order), pick(fp, order)
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
        count += 2
    left, right = fp[0] if left is None else left, fp[-1] if right is None else right
    if count == 1:
        inside = fp[0]
    else:
        piece = np.clip(np.searchsorted(xp, x, "right") - 1, 0, count - 2)
        x0, y0 = pick(xp, piece), pick(fp, piece)
        x1, y1 = pick(xp, piece + 1), pick(fp, piece + 1)
        inside = _between(x, x0, x1, y0, y1, _is_finite(xp) and _is_finite(fp))
    return np.where(x < xp[0], left, np.where(x > xp[-1], right, inside))


@quietly
def _between(x: Any, x0: Any, x1: Any, y0: Any, y1: Any, is_finite: bool) -> Any:
    """The line from (x0, y0) to (x1, y1) at x."""
    slope = (y1 - y0) / (x1 - x0)
    y = slope * (x - x0) + y0
    if is_finite:
        return y
    # As NumPy does: from the other end, what both ends agree on, and the points themselves.
    far = np.isnan(y)
    y = slope * (x - np.where(far, x1, x0)) + np.where(far, y1, y0)
    y = np.where(np.isnan(y) & (y0 == y1), y0, y)
    return np.where(np.isnan(x), x, np.where(x == x1, y1, np.where(x == x0, y0, y)))


def _is_finite(values: Any) -> bool:
    """Whether all are finite; those of a compiled function are taken to be."""
    finite = np.all(np.isfinite(values))
    return isinstance(finite, Symbol) or bool(finite)


def _double(values: Any, dtype: Any = float) -> Any:
    return values.astype(dtype) if hasattr(values, "astype") else np.asarray(values, dtype=dtype)


composed(np.interp, _interp)
complex_too(np.interp)

# fmt: off
elementwise(np.unwrap, lambda y, p, *_: 1.0)  # it adds whole periods
# fmt: on
