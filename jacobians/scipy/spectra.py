"""Spectral densities of `scipy.signal`: `welch`, `csd` and `periodogram`, by segments, windows and Fourier transforms.

`detrend` takes away what is constant or linear in time.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import scipy.signal as original

from ..errors import UnsupportedFunctionError
from ..tracing import lift
from .standing import follows, is_complex

__all__ = ["csd", "detrend", "periodogram", "welch"]


@follows(original.csd)
def csd(
    x: Any,
    y: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
) -> Any:
    first, second = in_last_axis(x, axis), in_last_axis(y, axis)
    length = max(np.shape(first)[-1], np.shape(second)[-1])
    if not np.size(first) * np.size(second):
        shape = np.broadcast_shapes(np.shape(first)[:-1], np.shape(second)[:-1])
        nothing = np.zeros((*shape, min(np.shape(first)[-1], np.shape(second)[-1])))
        return (np.moveaxis(nothing, -1, axis),) * 2
    taper = taper_of(window, nperseg, length)
    size = len(taper)
    nfft = size if nfft is None else nfft
    step = size - (size // 2 if noverlap is None else noverlap)
    if nfft < size or step <= 0:
        raise ValueError("nfft must be at least nperseg, and noverlap less than it.")
    onesided = return_onesided and not is_complex(first) and not is_complex(second)
    if scaling not in ("density", "spectrum"):
        raise ValueError(f"Unknown scaling: {scaling!r}")
    scale = 1 / (fs * np.sum(taper * taper)) if scaling == "density" else 1 / np.sum(taper) ** 2
    rows = np.arange(0, length - size + 1, step)[:, None] + np.arange(size)
    taper = np.sqrt(scale) * taper
    left = transformed(first, length, rows, taper, nfft, detrend, onesided)
    right = left if x is y else transformed(second, length, rows, taper, nfft, detrend, onesided)
    power = np.conj(left) * right
    power = twice(power, nfft) if onesided else power
    frequencies = np.fft.rfftfreq(nfft, 1 / fs) if onesided else np.fft.fftfreq(nfft, 1 / fs)
    return frequencies, np.moveaxis(_averaged(power, average), -1, axis)


@follows(original.welch)
def welch(x: Any, *args: Any, **kwargs: Any) -> Any:
    frequencies, power = csd(x, x, *args, **kwargs)
    return frequencies, np.real(power)


@follows(original.periodogram)
def periodogram(
    x: Any,
    fs: float = 1.0,
    window: Any = "boxcar",
    nfft: int | None = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
) -> Any:
    if not np.size(x):
        return (np.zeros(np.shape(x)),) * 2
    x = in_last_axis(x, axis)
    length = np.shape(x)[-1]
    window = "boxcar" if window is None else window
    size = length if nfft is None else min(nfft, length)
    found = welch(x[..., :size], fs, window, size, 0, nfft, detrend, return_onesided, scaling, -1)
    return found[0], np.moveaxis(found[1], -1, axis)


@follows(original.detrend)
def detrend(data: Any, axis: int = -1, type: str = "linear", bp: Any = 0, overwrite_data: bool = False) -> Any:
    data = lift(data)
    data = data.astype(float) if data.dtype.char in "eg" else data  # SciPy knows single and double precision
    return _detrended(data, axis, type, bp)


def _detrended(data: Any, axis: int = -1, type: str = "linear", bp: Any = 0) -> Any:
    moved = in_last_axis(data, axis)
    if type in ("constant", "c"):
        return np.moveaxis(moved - np.mean(moved, axis=-1, keepdims=True), -1, axis)
    if type not in ("linear", "l"):
        raise ValueError("Trend type must be 'linear' or 'constant'.")
    ends = np.unique(np.concatenate([[0, np.shape(moved)[-1]], np.ravel(bp)]).astype(int))
    if ends[-1] > np.shape(moved)[-1]:
        raise ValueError("Breakpoints must be less than length of data along given axis.")
    return np.moveaxis(np.concatenate([_level(moved[..., a:b]) for a, b in pairwise(ends)], axis=-1), -1, axis)


def _level(data: Any) -> Any:
    """Data along the last axis less their line of least squares."""
    size = np.shape(data)[-1]
    basis = np.linalg.qr(np.stack([np.arange(1, size + 1) / size, np.ones(size)], axis=1))[0].astype(data.dtype)
    return data - (data @ basis) @ basis.T


def twice(power: Any, nfft: int) -> Any:
    """The power of each frequency and its negative, of which only 0 and the highest one of an even number are alone."""
    factors = np.full(np.shape(power)[-1], 2, np.real(power).dtype)
    factors[0] = 1
    if nfft % 2 == 0:
        factors[-1] = 1
    return factors * power


def in_last_axis(data: Any, axis: int) -> Any:
    """Data with an axis moved to the end; they may be a list."""
    data = lift(data)
    return np.moveaxis(data if hasattr(data, "dtype") else np.asarray(data, float), axis, -1)


def taper_of(window: Any, nperseg: int | None, length: int) -> Any:
    if isinstance(window, (str, tuple)):
        return original.get_window(window, min(256 if nperseg is None else nperseg, length))
    return np.asarray(window)


def transformed(
    data: Any, length: int, rows: np.ndarray, taper: np.ndarray, nfft: int, detrend: Any, onesided: bool
) -> Any:
    """The Fourier transforms of the segments."""
    missing = length - np.shape(data)[-1]
    if missing:
        data = np.concatenate([data, np.zeros((*np.shape(data)[:-1], missing), data.dtype)], axis=-1)
    taper = taper.astype(np.result_type(data.dtype, np.float32))
    parts = data[..., rows]
    if isinstance(detrend, str):
        parts = _detrended(parts, type=detrend)
    elif detrend:
        raise UnsupportedFunctionError("jacobians.scipy.signal.csd", "for a function as detrend=")
    return np.fft.rfft(taper * parts, nfft) if onesided else np.fft.fft(taper * parts, nfft)


def _averaged(power: Any, average: str) -> Any:
    """The mean of the segments; or their median, by real and imaginary part, less its bias."""
    if average == "mean":
        return np.mean(power, axis=-2)
    if average != "median":
        raise ValueError(f'average must be "median" or "mean", got {average}')
    terms = 2 * np.arange(1, (np.shape(power)[-2] - 1) // 2 + 1)
    bias = 1 + float(np.sum(1 / (terms + 1) - 1 / terms))
    return (np.median(np.real(power), axis=-2) + 1j * np.median(np.imag(power), axis=-2)) / bias
