"""Functions of complex arrays, holomorphic or not, and points at which their derivatives are checked."""

from __future__ import annotations

import numpy as np
import numpy.linalg as la

__all__ = ["FUNCTIONS", "MATRIX", "VECTOR", "cplx", "rng"]

rng = np.random.default_rng(11)


def cplx(*shape: int):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


A, B, V = cplx(3, 3), cplx(4, 2), cplx(3)
MATRIX, VECTOR = A, V
HERMITIAN = A @ A.conj().T + np.diag([1.0, 3.0, 6.0])


def projections(vectors):
    """What does not depend on the phases of the columns."""
    return np.einsum("ij,kj->jik", vectors, np.conj(vectors))


# fmt: off
FUNCTIONS = {
    # entrywise, holomorphic
    "sum": (lambda z: z + 2 * z[::-1] - 1j, V), "quotient": (lambda z: (1 + z) / (z - 2j), V),
    "square": (np.square, V), "sqrt": (np.sqrt, cplx(8)), "reciprocal": (np.reciprocal, V),
    "power": (lambda z: z**z + 2**z + (-2.0) ** z + z**3 + z ** (1 + 2j) + 1j**z, V / 3 + 1),
    "float_power": (lambda z: np.float_power(z, 2.5), V),
    "exp": (np.exp, V), "exp2": (np.exp2, V), "expm1": (np.expm1, V), "log": (np.log, cplx(8)),
    "log2": (np.log2, V), "log10": (np.log10, V), "log1p": (np.log1p, V), "sinc": (np.sinc, V),
    "sinc near 0": (np.sinc, V / 100), "sin": (np.sin, V), "cos": (np.cos, V), "tan": (np.tan, V),
    "arcsin": (np.arcsin, cplx(8)), "arccos": (np.arccos, cplx(8)), "arctan": (np.arctan, cplx(8)),
    "sinh": (np.sinh, V), "cosh": (np.cosh, V), "tanh": (np.tanh, V), "arcsinh": (np.arcsinh, cplx(8)),
    "arccosh": (np.arccosh, cplx(8)), "arctanh": (np.arctanh, cplx(8)),
    # entrywise, not holomorphic
    "abs": (np.abs, V), "real": (np.real, V), "imag": (lambda z: z.imag, V), "conjugate": (lambda z: z.conj(), V),
    "angle": (np.angle, V), "degrees": (lambda z: np.angle(z, deg=True), V),
    "modulus squared": (lambda z: z * np.conj(z), V), "parts exchanged": (lambda z: z.imag + 1j * z.real, V),
    "astype": (lambda z: z.real.astype(complex) * z, V), "real_if_close": (np.real_if_close, V),
    "where": (lambda z: np.where(z.real > 0, z, z.conj()), V),
    "conjugate after real": (lambda z: np.conj(1j * z.real) * np.abs(z), V),
    "real after real": (lambda z: np.real((2 + 1j) * np.abs((1 - 1j) * z.real + z)), V),
    # shapes and sums
    "assigned": (lambda z: _filled(z), V), "block": (lambda z: np.block([[z, z.conj()], [z.real, z]]), A),
    "take": (lambda z: np.roll(z.T, 1)[[0, 2, 2]], A), "scalar": (lambda z: z * abs(z), np.array(1 + 2j)),
    "empty": (lambda z: z[:0] * 2j, V), "mean": (lambda z: np.mean(z * z.conj(), axis=0), A),
    "prod": (np.prod, V), "cumsum": (lambda z: np.cumsum(z.real * z), V), "cumprod": (np.cumprod, V),
    "var": (lambda z: np.var(z, axis=0), A), "std": (np.std, A), "cov": (np.cov, A),
    "average": (lambda z: np.average(z, weights=np.abs(z)), V), "gradient": (np.gradient, cplx(5)),
    "linspace": (lambda z: np.linspace(z[0], z[1], 5), V), "polyval": (lambda z: np.polyval(z, z[0]), V),
    # products
    "matmul": (lambda z: z @ A @ z.conj().T, A), "vdot": (lambda z: np.vdot(z, A) * np.vdot(A, z), A + 1),
    "vecdot": (lambda z: np.vecdot(z, A) * np.vecdot(A, z), A + 1), "kron": (lambda z: np.kron(z, z.conj()), V),
    "vecmat": (lambda z: np.vecmat(z, A), V), "einsum": (lambda z: np.einsum("ij,kj->ik", z, z.conj()), A),
    "correlate": (lambda z: np.correlate(z, V[:2]) * np.correlate(V, z), V + 1),
    "convolve": (lambda z: np.convolve(z, z.conj()[:2]), V),
    "multi_dot": (lambda z: la.multi_dot([z, z.conj().T, z]), A), "power -2": (lambda z: la.matrix_power(z, -2), A),
    # linear algebra
    "inv": (la.inv, A), "solve": (lambda z: la.solve(z, z[0]), A), "det": (la.det, A), "pinv": (la.pinv, B),
    "pinv wide": (la.pinv, B.T), "pinv hermitian": (lambda z: la.pinv(z, hermitian=True), HERMITIAN),
    "slogdet sign": (lambda z: la.slogdet(z)[0], A), "slogdet": (lambda z: la.slogdet(z)[1], A),
    "norm": (la.norm, A), "norm 1": (lambda z: la.norm(z, 1), A), "norm inf": (lambda z: la.norm(z, np.inf), A),
    "norm nuc": (lambda z: la.norm(z, "nuc"), A), "norm 2": (lambda z: la.norm(z, 2), A),
    "norm -2": (lambda z: la.norm(z, -2), A), "vector norm 3": (lambda z: la.norm(z, 3), V),
    "vector norm inf": (lambda z: la.norm(z, np.inf), V), "cond": (la.cond, A),
    "cholesky": (la.cholesky, HERMITIAN), "cholesky U": (lambda z: la.cholesky(z, upper=True), HERMITIAN),
    "eigvalsh": (la.eigvalsh, HERMITIAN),
    "eigvalsh U": (lambda z: la.eigvalsh(z, "U"), HERMITIAN),
    "eigh": (lambda z: projections(la.eigh(z)[1]), HERMITIAN),
    "eigh U": (lambda z: projections(la.eigh(z, "U")[1]), HERMITIAN),
    "eigvals": (la.eigvals, A), "eig": (lambda z: la.eig(z)[1], A), "roots": (np.roots, cplx(4)),
    "eig of real": (lambda z: projections(la.eig(z.real)[1]), A),
    "svdvals": (la.svdvals, B), "svd U": (lambda z: projections(la.svd(z, full_matrices=False)[0]), B),
    "svd V": (lambda z: projections(la.svd(z)[2].conj().T), B),
    "svd": (lambda z: _recombined(*la.svd(z, full_matrices=False)), B),
    "svd wide": (lambda z: _recombined(*la.svd(z, full_matrices=False)), B.T),
    "svd full": (lambda z: projections(la.svd(z)[0]), B.T),
    "svd hermitian": (lambda z: _recombined(*la.svd(z, hermitian=True)), A + A.conj().T),
    "qr": (lambda z: la.qr(z)[0], B), "qr R": (lambda z: la.qr(z)[1], B), "qr wide": (lambda z: la.qr(z)[1], B.T),
    "lstsq": (lambda z: la.lstsq(z, B[:, 0] * 1j)[0], B), "lstsq wide": (lambda z: la.lstsq(z, V[:2])[0], B.T),
    "lstsq residual": (lambda z: la.lstsq(z, B[:, 0] ** 2)[1], B), "lstsq b": (lambda z: la.lstsq(B, z)[1], cplx(4)),
    # in order
    "max": (lambda z: np.max(z, axis=0), A), "min": (np.min, A), "nanmax": (np.nanmax, V), "ptp": (np.ptp, V),
    "sort": (lambda z: np.sort(z * z.conj() + z, axis=0), A), "partition": (lambda z: np.partition(z, 1), V),
    "median": (np.median, cplx(4)), "maximum": (lambda z: np.maximum(z, z.conj()[::-1]), V),
    "maximum.reduce": (lambda z: np.maximum.reduce(z, axis=1), A), "minimum.accumulate": (np.minimum.accumulate, V),
    "clip": (lambda z: np.clip(z, -1, 0.2 + 1j), cplx(5)), "sign": (np.sign, A),
    "sign of real": (lambda z: np.sign(z.real) * np.sign(z), A),
    # matrices of one entry
    "cholesky of one": (la.cholesky, HERMITIAN[:1, :1]),
    "cholesky of ones": (la.cholesky, np.array([[[2 + 0j]], [[3 + 0j]]])),
    "eigh of one": (lambda z: projections(la.eigh(z)[1]), HERMITIAN[:1, :1]), "inv of one": (la.inv, A[:1, :1]),
    "eigvalsh of one": (la.eigvalsh, HERMITIAN[:1, :1]), "qr of one": (lambda z: la.qr(z)[1], A[:1, :1]),
    "svd of one": (lambda z: _recombined(*la.svd(z)), A[:1, :1]), "pinv of one": (la.pinv, A[:1, :1]),
    "pinv hermitian of one": (lambda z: la.pinv(z, hermitian=True), HERMITIAN[:1, :1]),
    "svd hermitian of one": (lambda z: _recombined(*la.svd(z, hermitian=True)), HERMITIAN[:1, :1]),
    # polynomials, grids, counts
    "poly": (np.poly, cplx(4)), "poly of a matrix": (np.poly, A),
    "polydiv": (lambda z: np.concatenate(np.polydiv(z, 1j * z[:2] + 1)), cplx(4)),
    "polyfit": (lambda z: np.polyfit(np.arange(4.0), z, 2), cplx(4)), "nan_to_num": (lambda z: np.nan_to_num(z) * z, V),
    "corrcoef": (lambda z: np.corrcoef(z, z.conj() * z)[0, 1:], cplx(2, 4)), "corrcoef of one": (np.corrcoef, V),
    "logspace": (lambda z: np.logspace(z[0], z[1], 4), V / 3), "geomspace": (lambda z: np.geomspace(z[0], z[1], 4), V),
    "logspace of base": (lambda z: np.logspace(0, z[0], 4, base=z[1]), V),
    "histogram": (lambda z: np.histogram([0.0, 1, 1], 2, weights=z)[0], V),
    "power.accumulate": (np.power.accumulate, V / 2), "float_power.reduce": (np.float_power.reduce, V / 2),
    "maximum.reduceat": (lambda z: np.maximum.reduceat(z, [0, 2]), cplx(4)),
    # other idioms
    "interp": (lambda z: np.interp([0.3, 1.2], np.arange(3.0), z), V),
    "emath": (lambda z: np.emath.sqrt(-abs(z)) * z, V),
    "parts assigned": (lambda z: _reassigned(z), V), "in place": (lambda z: _updated(z), V),
    "piecewise": (lambda z: np.piecewise(z, [z.real > 0], [lambda w: w * w.conj(), lambda w: 1j * w]), V),
    # transforms
    "fft": (lambda z: np.fft.fft(z) * np.abs(z), cplx(5)), "ifft2": (lambda z: np.fft.ifft2(z * z.conj()), A),
    "irfft": (lambda z: np.fft.irfft(z * z.conj()[::-1], 5), V), "hfft": (lambda z: np.fft.hfft(z, 4), V),
    "rfft of real": (lambda z: np.fft.rfft(np.abs(z)), cplx(6)),
}
# fmt: on


def _filled(z):
    y = np.zeros_like(z)
    y[1:] = z[:-1] * np.abs(z[1:])
    y[0] = z[0].real
    return y


def _reassigned(z):
    y = z * 1
    y.imag = np.abs(z)
    y.real = z.imag
    return y


def _updated(z):
    y = z.real * (1 + 0j)
    y += 1j * z
    y[1:] -= 2j * z[:-1]
    np.add.at(y, [0, 0, 1], z * z.conj())
    return y


def _recombined(U, s, Vh):
    return (U * s**2) @ Vh
