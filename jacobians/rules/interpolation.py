"""Interpolation and phases: `interp`, `unwrap`.

At a point of a piecewise linear function the slope is that of the piece on the right, at the last point of the left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import pick
from ..program import holds
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
        inside = (pick(fp, piece + 1) - y0) / (pick(xp, piece + 1) - x0) * (x - x0) + y0
    return np.where(x < xp[0], left, np.where(x > xp[-1], right, inside))


def _double(values: Any, dtype: Any = float) -> Any:
    return values.astype(dtype) if hasattr(values, "astype") else np.asarray(values, dtype=dtype)


composed(np.interp, _interp)
complex_too(np.interp)

# fmt: off
elementwise(np.unwrap, lambda y, p, *_: 1.0)  # it adds whole periods
# fmt: on
