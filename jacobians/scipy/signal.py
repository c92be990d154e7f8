"""Convolution and correlation of `scipy.signal`, in any number of dimensions; spectra.

The positions of the three arrays are joined by a map along each axis, so the Jacobian holds the other operand alone.
Whatever way SciPy chooses to compute the values, FFT or not, the derivative is that of the sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import scipy.signal as original
from numpy.lib.array_utils import normalize_axis_tuple

from ..labels import Axes, axes_of, flatten
from ..registry import Call, LocalTerm
from ..terms import Factor, Map, Term
from ..tracing import lift
from .short_times import istft, spectrogram, stft
from .spectra import csd, detrend, periodogram, welch
from .standing import follows, missing, ruled

__all__ = [
    "convolve",
    "convolve2d",
    "correlate",
    "correlate2d",
    "csd",
    "detrend",
    "fftconvolve",
    "istft",
    "oaconvolve",
    "periodogram",
    "spectrogram",
    "stft",
    "welch",
]


def _joined(first: Axes, second: Axes, shape: tuple[int, ...], mode: str) -> tuple[Axes, list[Map]]:
    """The axes of a convolution, and the maps ``k = i + j``; of the valid part, of which the other two are sure to be.

    There the positions of the larger array are determined: ``i = k + size - 1 - j``. Along an axis that has
    the same label in both nothing is summed.
    """
    out, maps = [], []
    for i, j, k in zip(first, second, axes_of(shape), strict=True):
        if not i or not j or i == j:
            out.append(i or j)
            continue
        out.append(k)
        small, large = (j, i) if i[0].size >= j[0].size else (i, j)
        if mode == "full":
            maps.append(Map.sliding(k, i, j, 0, 1, 1))
        else:
            maps.append(Map.sliding(large, k, small, small[0].size - 1, 1, -1))
    return tuple(out), maps


@ruled(original.convolve)
def _of_any_rank(call: Call, in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Iterator[LocalTerm]:
    # y[k] = sum over i + j == k of a[i] b[j]; mode is "full" or "valid"
    yield from _terms(call, in1, in2, axes_of(np.shape(in1)), axes_of(np.shape(in2)), mode)


@ruled(original.convolve2d)
def _of_matrices(call: Call, in1: Any, in2: Any, mode: str = "full") -> Iterator[LocalTerm]:
    yield from _terms(call, in1, in2, axes_of(np.shape(in1)), axes_of(np.shape(in2)), mode)


@ruled(original.fftconvolve)
def _along(call: Call, in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Iterator[LocalTerm]:
    # y[k, n] = sum over i + j == k of a[i, n] b[j, n]
    a, b = axes_of(np.shape(in1)), axes_of(np.shape(in2))
    b = tuple([j if n in axes or not a[n] or not j else a[n] for n, j in enumerate(b)])
    yield from _terms(call, in1, in2, a, b, mode)


def _terms(call: Call, in1: Any, in2: Any, a: Axes, b: Axes, mode: str) -> Iterator[LocalTerm]:
    """The terms by both arrays, of these axes."""
    out, maps = _joined(a, b, np.shape(call.result), mode)
    for position, (inp, other, array) in enumerate(((a, b, in2), (b, a, in1))):
        if call.needs(position):
            free = {*flatten(out), *flatten(inp)}
            bound = tuple([label for label in flatten(other) if label not in free])
            factor = Factor.on(array.astype(call.result.dtype), other)
            yield 0, position, Term(out, inp, (factor,), tuple(maps), bound)


def _whole(in1: Any, in2: Any, mode: str, method: str) -> Any:
    """The full or the valid part; for two axes SciPy has a function of its own, several times as fast as the other."""
    if method == "plane" and np.ndim(in1) == np.ndim(in2) == 2:
        return _of_matrices(in1, in2, mode)
    return _of_any_rank(in1, in2, mode, "direct" if method == "plane" else method)


def _part(in1: Any, in2: Any, mode: str, method: str) -> Any:
    """The part of a convolution that a mode asks for."""
    m, n = np.array(np.shape(in1)), np.array(np.shape(in2))
    if mode == "valid":
        if not np.all(m >= n) and not np.all(n >= m):
            raise ValueError("For 'valid' mode, one must be at least as large as the other in every dimension")
        return _whole(in1, in2, mode, method)
    if mode == "full":
        return _whole(in1, in2, mode, method)
    if mode != "same":
        raise ValueError("acceptable mode flags are 'valid', 'same', or 'full'")
    return _same(_whole(in1, in2, "full", method), in1)


def _same(full: Any, in1: Any) -> Any:
    """The middle of a full convolution, of the shape of the first array."""
    shape = np.shape(in1)
    return _from(full, [(size - count) // 2 for size, count in zip(np.shape(full), shape, strict=True)], shape)


def _array(values: Any) -> Any:
    """An array of what may be a list."""
    lifted = lift(values)
    return lifted if hasattr(lifted, "dtype") else np.asarray(lifted)


def _convolved(in1: Any, in2: Any, mode: str, method: str = "auto") -> Any:
    in1, in2 = _array(in1), _array(in2)
    if np.ndim(in1) != np.ndim(in2):
        raise ValueError("volume and kernel should have the same dimensionality")
    if np.ndim(in1) == 0:
        return in1 * in2
    return _part(in1, in2, mode, method)


@follows(original.convolve)
def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    return _convolved(in1, in2, mode, method)


@follows(original.fftconvolve)
def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    in1, in2 = [x.astype(np.float32) if x.dtype.char == "e" else x for x in (_array(in1), _array(in2))]
    if np.ndim(in1) == np.ndim(in2) and not np.size(in1) * np.size(in2):
        return np.zeros(0)
    if axes is None or np.ndim(in1) != np.ndim(in2) or np.ndim(in1) == 0:
        return _convolved(in1, in2, mode, "fft")
    axes = sorted(normalize_axis_tuple(axes, np.ndim(in1)))
    return _same(_along(in1, in2, "full", axes), in1) if mode == "same" else _along(in1, in2, mode, axes)


@follows(original.oaconvolve)
def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    return fftconvolve(in1, in2, mode, axes)


@follows(original.correlate)
def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    return _convolved(in1, np.flip(np.conjugate(in2)), mode, method)


@follows(original.convolve2d)
def convolve2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    if mode == "valid" or _is_zero_outside(boundary, fillvalue):
        return _convolved(in1, in2, mode, "plane")
    return _bounded(in1, in2, mode, boundary, fillvalue, [(size - 1) // 2 for size in np.shape(in2)])


@follows(original.correlate2d)
def correlate2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    if mode == "valid" and _turns_first() and any(np.less(np.shape(in1), np.shape(in2))):
        return _convolved(np.conjugate(in1), np.flip(in2), mode, "plane")
    turned = np.flip(np.conjugate(in2))
    starts = [size // 2 for size in np.shape(in2)]  # of an even number of entries the one behind the middle
    if mode != "valid" and not _is_zero_outside(boundary, fillvalue):
        return _bounded(in1, turned, mode, boundary, fillvalue, starts)
    if mode != "same":
        return _convolved(in1, turned, mode, "plane")
    in1 = _array(in1)
    return _from(_whole(in1, turned, "full", "plane"), starts, np.shape(in1))


_BEYOND = {"wrap": "wrap", "circular": "wrap", "symm": "symmetric", "symmetric": "symmetric"}


def _is_zero_outside(boundary: str, fillvalue: Any) -> bool:
    if boundary in _BEYOND:
        return False
    if boundary not in ("fill", "pad"):
        raise ValueError("Acceptable boundary flags are 'fill', 'circular' (or 'wrap'), and 'symmetric' (or 'symm').")
    return isinstance(fillvalue, (int, float, complex, np.number)) and fillvalue == 0


def _bounded(in1: Any, in2: Any, mode: str, boundary: str, fillvalue: Any, starts: Sequence[int]) -> Any:
    """A convolution of an array that goes on beyond its bounds, from these entries on where it has the same shape."""
    in1, in2 = _array(in1), _array(in2)
    if in1.ndim != 2 or in2.ndim != 2:
        raise ValueError("convolve2d inputs must both be 2-D arrays")
    in1 = in1.astype(np.result_type(in1, in2)) if boundary not in _BEYOND else in1
    how: dict[str, Any] = {"mode": _BEYOND[boundary]} if boundary in _BEYOND else {"constant_values": fillvalue}
    full = _whole(np.pad(in1, [(size - 1, size - 1) for size in in2.shape], **how), in2, "valid", "plane")
    return full if mode == "full" else _from(full, starts, in1.shape)


def _from(full: Any, starts: Sequence[int], shape: Sequence[int]) -> Any:
    """The part of an array that begins at one of its entries."""
    return full[tuple([slice(start, start + size) for start, size in zip(starts, shape, strict=True)])]


@cache
def _turns_first() -> bool:
    """Whether SciPy exchanges the arrays, if the second is the larger one, and conjugates the first in its stead."""
    return bool(original.correlate2d(np.array([[1j]]), np.ones((1, 2)), "valid")[0, 0] == -1j)


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, __all__)
