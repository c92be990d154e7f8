"""Rows of Fourier transforms and general eigenvalues: complex numbers on the way of real functions.

Two real arrays make a complex operand, and a complex result is told by its two parts.
"""

import numpy as np
import numpy.fft as fft
from table import Row, sample

__all__ = ["ROWS"]


def parts(z):
    """The real and the imaginary part of a result, side by side."""
    return np.stack([np.real(z), np.imag(z)]) if np.iscomplexobj(z) else z


def row(function, shape: tuple[int, ...], name: str = "", *, is_real: bool = False, **keywords) -> Row:
    """A row of a transform of an array of this shape, which is complex unless `is_real`."""
    words = f"{name}{shape}{'real' if is_real else ''}{keywords or ''}"
    if is_real:
        return Row(function, lambda x: parts(function(x, **keywords)), (sample(*shape),), words)
    arrays = sample(*shape), sample(*shape, seed=1)
    return Row(function, lambda x, y: parts(function(x + 1j * y, **keywords)), arrays, words)


REAL = {fft.rfft, fft.ihfft, fft.rfft2, fft.rfftn}
ALONG = [fft.fft, fft.ifft, fft.rfft, fft.irfft, fft.hfft, fft.ihfft]
PLANES = [fft.fft2, fft.ifft2, fft.rfft2, fft.irfft2]
SEVERAL = [fft.fftn, fft.ifftn, fft.rfftn, fft.irfftn]

ROWS = [
    *[row(f, (size,), is_real=f in REAL) for f in ALONG for size in (4, 5)],
    *[row(f, (5,), is_real=f in REAL, n=n, norm="ortho") for f in ALONG for n in (3, 4, 7)],
    *[row(f, (3, 2), is_real=f in REAL, axis=0, norm="forward") for f in ALONG],
    *[row(f, (1,), is_real=f in REAL, n=3) for f in ALONG],
    *[row(f, (4,), is_real=f in REAL, n=1) for f in ALONG],
    *[row(f, (2, 4), is_real=True) for f in (fft.fft, fft.ifft, fft.irfft, fft.hfft)],
    *[row(f, (2, 3, 4), is_real=f in REAL) for f in PLANES],
    *[row(f, (3, 4), is_real=f in REAL, s=(4, 3), axes=(1, 0), norm="ortho") for f in PLANES],
    *[row(f, (2, 3, 2), is_real=f in REAL) for f in SEVERAL],
    *[row(f, (3, 2, 4), is_real=f in REAL, axes=(2, 0), norm="forward") for f in SEVERAL],
    *[row(f, (3, 2), is_real=f in REAL, axes=(0,)) for f in SEVERAL],
    row(fft.fftshift, (5,)),
    row(fft.ifftshift, (3, 4), axes=1),
    Row(np.angle, lambda x, y: np.angle(x + 1j * y, deg=True), (sample(4, low=0.5), sample(4, seed=1)), "degrees"),
    Row(np.linalg.eigvals, lambda a: parts(np.linalg.eigvals(a)), (sample(3, 3) + 2 * np.tri(3, k=-1),), "complex"),
    *[
        Row(
            np.linalg.eigvals,  # real ones are complex numbers from NumPy 2.5 on
            lambda a: np.real(np.linalg.eigvals(a)),
            (sample(*shape, low=-0.5, high=0.5) + np.diag([1.0, 5.0, 9.0]),),
            name,
        )
        for name, shape in (("real", (3, 3)), ("stack", (2, 3, 3)))
    ],
    Row(
        np.linalg.eig,
        lambda a: np.real(np.linalg.eig(a)[1]),
        (sample(3, 3, low=-0.5, high=0.5) + np.diag([1.0, 5.0, 9.0]),),
        "real",
    ),
    Row(
        np.linalg.eig,
        lambda x, y: parts(np.concatenate([np.ravel(part) for part in np.linalg.eig(x + 1j * y)])),
        (sample(3, 3), sample(3, 3, seed=1) + np.diag([0.0, 3.0, 7.0])),
        "complex",
    ),
    Row(
        np.linalg.eig,  # whatever the order of the values and the signs of the vectors
        lambda a: np.real(np.matmul(np.linalg.eig(a)[1] ** 2, np.linalg.eigvals(a))),
        (np.array([[2.0, 1, 0], [0, 3, 0.5], [0, 0, 5]]),),
        "zeros",
    ),
    Row(np.roots, lambda p: parts(np.roots(p)), (np.array([1.0, -2.0, 3.0, 5.0]),), "cubic"),
    Row(np.roots, np.roots, (np.array([2.0, -3.0, 1.0]),), "real"),
]
