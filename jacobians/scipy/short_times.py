"""Fourier transforms over short times, of `scipy.signal`: `stft`, its inverse `istft`, and `spectrogram`.

They are linear in the signal, or are made of such a transform: no window is unrolled.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as original

from ..arrays import scatter
from ..tracing import lift
from .spectra import in_last_axis, taper_of, transformed, twice
from .standing import follows, is_complex

__all__ = ["istft", "spectrogram", "stft"]

_BEYOND: dict[str, dict[str, Any]] = {
    "zeros": {"mode": "constant"},
    "constant": {"mode": "edge"},
    "even": {"mode": "reflect"},
    "odd": {"mode": "reflect", "reflect_type": "odd"},
}


@follows(original.stft)
def stft(
    x: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int | None = 256,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = False,
    return_onesided: bool = True,
    boundary: str | None = "zeros",
    padded: bool = True,
    axis: int = -1,
    scaling: str = "spectrum",
) -> Any:
    if not np.size(x):
        return (np.zeros(np.shape(x)),) * 3
    x = in_last_axis(x, axis)
    taper = taper_of(window, nperseg, np.shape(x)[-1])
    sides = return_onesided and not is_complex(x)
    how = (detrend, sides, boundary, padded, _density(scaling))
    frequencies, times, values = _over_segments(x, fs, taper, noverlap, nfft, *how)
    return frequencies, times, np.moveaxis(values, -1, _shifted(axis))


@follows(original.spectrogram)
def spectrogram(
    x: Any,
    fs: float = 1.0,
    window: Any = ("tukey", 0.25),
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    mode: str = "psd",
) -> Any:
    if mode not in ("psd", "complex", "magnitude", "angle", "phase"):
        raise ValueError(f"unknown value for mode {mode}")
    if not np.size(x):
        return (np.zeros(np.shape(x)),) * 3
    x = in_last_axis(x, axis)
    taper = taper_of(window, nperseg, np.shape(x)[-1])
    sides = return_onesided and not is_complex(x)
    overlap = len(taper) // 8 if noverlap is None else noverlap
    how = (detrend, sides, None, False, scaling == "density")
    frequencies, times, values = _over_segments(x, fs, taper, overlap, nfft, *how)
    if mode == "psd":
        values = np.real(np.conj(values) * values)
        values = twice(values, len(taper) if nfft is None else nfft) if sides else values
    elif mode == "magnitude":
        values = np.abs(values)
    elif mode in ("angle", "phase"):
        values = np.angle(values)
    values = np.moveaxis(values, -1, _shifted(axis))
    return frequencies, times, np.unwrap(values, axis=_shifted(axis)) if mode == "phase" else values


def _density(scaling: str) -> bool:
    if scaling not in ("spectrum", "psd"):
        raise ValueError(f"Parameter {scaling=} not in ['spectrum', 'psd']!")
    return scaling == "psd"


def _over_segments(
    x: Any,
    fs: float,
    taper: np.ndarray,
    noverlap: int | None,
    nfft: int | None,
    detrend: Any,
    onesided: bool,
    boundary: str | None,
    padded: bool,
    density: bool,
) -> Any:
    """Frequencies, times, and the transform of each segment along the last two axes."""
    size = len(taper)
    step = size - (size // 2 if noverlap is None else noverlap)
    nfft = size if nfft is None else nfft
    if nfft < size or step <= 0:
        raise ValueError("nfft must be at least nperseg, and noverlap less than it.")
    unmoved = [(0, 0)] * (np.ndim(x) - 1)
    if boundary is not None:
        if boundary not in _BEYOND:
            raise ValueError(f"Unknown boundary option '{boundary}', must be one of: {[*_BEYOND, None]}")
        x = np.pad(x, [*unmoved, (size // 2, size // 2)], **_BEYOND[boundary])
    if padded:
        x = np.pad(x, [*unmoved, (0, (size - np.shape(x)[-1]) % step % size)])
    length = np.shape(x)[-1]
    scale = 1 / np.sqrt(fs * np.sum(taper * taper)) if density else 1 / np.sum(taper)
    rows = np.arange(0, length - size + 1, step)[:, None] + np.arange(size)
    values = transformed(x, length, rows, scale * taper, nfft, detrend, onesided)
    frequencies = np.fft.rfftfreq(nfft, 1 / fs) if onesided else np.fft.fftfreq(nfft, 1 / fs)
    times = (rows[:, 0] + (size / 2 if boundary is None else 0)) / fs
    return frequencies, times, values


def _shifted(axis: int) -> int:
    """An axis of the signal where there is one for the times behind all."""
    return axis - 1 if axis < 0 else axis


@follows(original.istft)
def istft(
    Zxx: Any,
    fs: float = 1.0,
    window: Any = "hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    input_onesided: bool = True,
    boundary: bool = True,
    time_axis: int = -1,
    freq_axis: int = -2,
    scaling: str = "spectrum",
) -> Any:
    Z = lift(Zxx)
    time, frequency = [axis % np.ndim(Z) for axis in (time_axis, freq_axis)]
    if time == frequency:
        raise ValueError("Must specify differing time and frequency axes!")
    Z = np.moveaxis(Z, (frequency, time), (0, 1))
    usual = 2 * (np.shape(Z)[0] - 1) if input_onesided else np.shape(Z)[0]
    size = usual if nperseg is None else nperseg
    points = (size if input_onesided and size == usual + 1 else usual) if nfft is None else nfft
    step = size - (size // 2 if noverlap is None else noverlap)
    if points < size or step <= 0:
        raise ValueError("nfft must be at least nperseg, and noverlap less than it.")
    taper: Any = original.get_window(window, size) if isinstance(window, (str, tuple)) else np.asarray(window)
    if np.shape(taper) != (size,):
        raise ValueError(f"window must have length of {size}")
    scale = np.sqrt(fs * np.sum(taper**2)) if _density(scaling) else np.sum(taper)
    parts = np.fft.irfft(Z, points, axis=0) if input_onesided else np.fft.ifft(Z, points, axis=0)
    parts = parts[:size] * np.reshape(scale * taper, (size,) + (1,) * (np.ndim(Z) - 1)).astype(parts.dtype)
    # x[n] = sum over segments of their entries at n, by the squares of the windows there
    count = np.shape(Z)[1]
    index = np.ravel(np.arange(size)[:, None] + step * np.arange(count))
    total = size + (count - 1) * step
    x = scatter(np.reshape(parts, (size * count, *np.shape(parts)[2:])), index, total)
    weights = scatter(np.repeat(taper**2, count), index, total)
    x = x / np.reshape(np.where(weights > 1e-10, weights, 1), (total,) + (1,) * (np.ndim(Z) - 2)).astype(parts.dtype)
    if boundary:
        x = x[size // 2 : -(size // 2)]
    x = np.moveaxis(x, 0, time - (frequency < time))
    return np.arange(np.shape(x)[0]) / float(fs), x
