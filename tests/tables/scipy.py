"""Functions of jacobians.scipy, called as those of SciPy are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy
from scipy import sparse
from table import Row, sample

from jacobians.scipy import linalg, signal, special, stats
from jacobians.scipy import sparse as own_sparse

__all__ = ["ROWS"]

_X, _M, _P = sample(3), sample(3, 4), sample(3, 4, low=0.4, high=3)
_A = sample(3, 3) + 4 * np.eye(3)
_B, _b = sample(3, 2, seed=1), sample(3, seed=2)
_ORDERS = np.array([[0], [1], [3]])
_BAND = np.array([[0.3, -0.5, 0.2, 0.7], [5.0, 4.0, 6.0, 5.5], [0.4, -0.3, 0.8, 0.1], [0.2, 0.6, -0.4, 0.9]])
_SERIES = sample(2, 12)
_IN_STACKS = tuple(map(int, scipy.__version__.split(".")[:2])) >= (1, 15)  # of triangular systems
_SPARSE = sparse.csc_array(np.diag([3.0, 4.0, 5.0]) + np.diag([1.0, -2.0], 1))


def _positive(M: Any) -> Any:
    return M @ M.T + np.eye(3, dtype=M.dtype)


def _turned(z: Any) -> Any:
    """A real array with something of both parts."""
    return np.real(z) + np.imag(z[..., ::-1])


def _riccati(solve: Any, a: Any, b: Any, q: Any, r: Any, s: float | None = None) -> Any:
    """A solution at matrices made of any four; s tells how much of b the last one has."""
    q, r = q @ q.T + np.eye(len(q), dtype=q.dtype), r @ r.T + np.eye(len(r), dtype=r.dtype)
    return solve(a, b, q, r, s=None if s is None else s * b)


def _row(name: str, module: Any, call: Callable[..., Any], *arrays: np.ndarray) -> Row:
    return Row(getattr(module, name), call, arrays)


# fmt: off
_SPECIAL = [
    _row("logsumexp", special, special.logsumexp, _M),
    _row("logsumexp", special, lambda x: special.logsumexp(x, axis=-1, keepdims=True), _M),
    _row("logsumexp", special, lambda x, b: special.logsumexp(x, axis=0, b=b), _M, _P),
    _row("logsumexp", special, lambda x: special.logsumexp(x, axis=(0, 1), b=np.float32(2)), _M),
    _row("softmax", special, special.softmax, _M),
    _row("softmax", special, lambda x: special.softmax(x, axis=1), _M),
    _row("log_softmax", special, special.log_softmax, _M),
    _row("log_softmax", special, lambda x: special.log_softmax(x, axis=0), _M),
    _row("polygamma", special, lambda x: special.polygamma(_ORDERS, x), _P[0]),
    _row("polygamma", special, lambda x: special.polygamma(2, x), _P),
    _row("zeta", special, lambda x: special.zeta(1 + x, x), _P),
    _row("multigammaln", special, lambda x: special.multigammaln(x + 1, 3), _P),
    _row("comb", special, lambda n, k: special.comb(n + 4, k), _P, _P.T.reshape(3, 4)),
    _row("comb", special, lambda n: special.comb(n + 2, 2, repetition=True), _P),
    _row("perm", special, lambda n: special.perm(n + 3, 2), _P),
    _row("factorial", special, special.factorial, _P),
    _row("sinc", special, special.sinc, _M),
]
_LINALG = [
    *[_row("solve", linalg, lambda a, b, o=o: linalg.solve(a, b, **o), _A, b) for b in (_b, _B) for o in (
        {}, {"transposed": True}, {"assume_a": "pos"}, {"assume_a": "sym", "lower": True})],
    *[_row("solve_triangular", linalg, lambda a, b, o=o: linalg.solve_triangular(a, b, **o), _A, b)
      for b in (_b, _B) for o in (
        {}, {"lower": True}, {"trans": 1}, {"trans": "T", "lower": True}, {"unit_diagonal": True})],
    _row("solve_triangular", linalg, linalg.solve_triangular, _A[:1, :1], _B[:1]),
    *[_row("solve_triangular", linalg, lambda a, b, o=o: linalg.solve_triangular(a, b, **o), a, b)
      for a, b in ((np.stack([_A, _A.T]), _B), (np.stack([_A, _A.T]), _b), (_A, np.stack([_B, -_B])))
      for o in ({}, {"lower": True, "trans": 1}, {"unit_diagonal": True}) if _IN_STACKS],
    *[_row("cho_solve", linalg, lambda M, b, o=o: linalg.cho_solve(linalg.cho_factor(_positive(M), lower=o), b), _A, b)
      for b in (_b, _B) for o in (False, True)],
    _row("solve_banded", linalg, lambda ab, b: linalg.solve_banded((2, 1), ab, b), _BAND, _P[0]),
    _row("solve_banded", linalg, lambda ab, b: linalg.solve_banded((1, 1), ab, b), _BAND[:3], _P.T),
    _row("solveh_banded", linalg, lambda ab, b: linalg.solveh_banded(ab, b), _BAND[:2], _P[0]),
    _row("solveh_banded", linalg, lambda ab, b: linalg.solveh_banded(ab, b, lower=True), _BAND[1:3], _P.T),
    _row("solve_toeplitz", linalg, lambda c, b: linalg.solve_toeplitz(c + np.array([5.0, 0, 0]), b), _X, _b),
    _row("solve_sylvester", linalg, linalg.solve_sylvester, _A, np.eye(2) + 0.1, _B),
    _row("cholesky", linalg, lambda M: linalg.cholesky(_positive(M)), _A),
    _row("cholesky", linalg, lambda M: linalg.cholesky(_positive(M), lower=True), _A),
    *[_row(name, linalg, getattr(linalg, name), _A) for name in ("inv", "det", "pinv", "norm", "svdvals")],
    _row("eigvalsh", linalg, lambda M: linalg.eigvalsh(_positive(M)), _A),
    *[_row("eigvalsh", linalg, lambda a, b, o=o: linalg.eigvalsh(a, _positive(b), lower=o), _A, _A[::-1] / 3)
      for o in (True, False)],
    _row("eigh", linalg, lambda a, b: np.abs(linalg.eigh(a + a.T, _positive(b))[1]), _A, _A[::-1] / 3),
    _row("solve_continuous_lyapunov", linalg, linalg.solve_continuous_lyapunov, _A, _A[::-1]),
    _row("solve_discrete_lyapunov", linalg, linalg.solve_discrete_lyapunov, _A / 7, _A[::-1]),
    *[_row(name, linalg, lambda *arrays, f=name, o=options: _riccati(getattr(linalg, f), *arrays, **o), *arrays)
      for name in ("solve_continuous_are", "solve_discrete_are")
      for options in ({}, {"s": 0.1})
      for arrays in ((_A / 5, _B, _M[:, 1:], _A[:2, :2]), (_A[:1, :1], _B[:1, :1], _M[:1, :1], _M[1:2, :1]))],
    _row("eigh", linalg, lambda M: np.abs(linalg.eigh(_positive(M))[1]), _A),
    _row("qr", linalg, lambda a: linalg.qr(a, mode="economic")[1] ** 2, _M.T),
    _row("qr", linalg, lambda a: linalg.qr(a, mode="economic", pivoting=True)[0] ** 2, _M.T),
    *[_row("qr", linalg, lambda a, m=mode, p=pivoting: linalg.qr(a, mode=m, pivoting=p)[m == "full"] ** 2, _M.T)
      for mode in ("full", "r") for pivoting in (False, True)],
    *[_row("lu", linalg, lambda a, n=n: linalg.lu(a)[n], a)
      for n in (1, 2) for a in (_A - 4, _M, _M.T, _B[:1], _B[:, :1])],
    _row("lu", linalg, lambda a: linalg.lu(a, permute_l=True)[0], _A - 4),
    _row("lu", linalg, lambda a: np.linalg.multi_dot(linalg.lu(a)), _M),
    *[_row("lu_factor", linalg, lambda a: linalg.lu_factor(a)[0], a) for a in (_A - 4, _M, _M.T)],
    *[_row("lu_solve", linalg, lambda a, b, t=trans: linalg.lu_solve(linalg.lu_factor(a), b, trans=t), _A - 3, b)
      for trans in (0, 1) for b in (_b, _B)],
    _row("lu_solve", linalg, lambda b: linalg.lu_solve(linalg.lu_factor(_A.astype(b.dtype)), b), _B),
    _row("svd", linalg, lambda a: linalg.svd(a, compute_uv=False), _A),
    _row("lstsq", linalg, lambda a, b: linalg.lstsq(a, b)[0], _M.T + np.eye(4, 3), _P[0]),
    *[_row(name, linalg, getattr(linalg, name), _A / 4)
      for name in ("expm", "sinm", "cosm", "tanm", "sinhm", "coshm", "tanhm")],
    _row("expm", linalg, linalg.expm, np.stack([_A[:2, :2], _A[1:, 1:]]) / 4),
    _row("logm", linalg, lambda a: linalg.logm(a.astype(float)), _A),
    _row("sqrtm", linalg, linalg.sqrtm, np.diag([1.0, 3.0, 6.0]) + _A / 20),  # old SciPy: real eigenvalues
    _row("block_diag", linalg, linalg.block_diag, _M, _X, np.array(2.0)),
    _row("toeplitz", linalg, linalg.toeplitz, _X), _row("toeplitz", linalg, linalg.toeplitz, _X, _P[0]),
    _row("hankel", linalg, linalg.hankel, _X), _row("hankel", linalg, linalg.hankel, _X, _P[0]),
    _row("companion", linalg, linalg.companion, _P[0]),
    _row("block_diag", linalg, lambda a, b: linalg.block_diag(a, [[3, 4], [5, 6]], b, [7], 2.0), _M, _X),
    *[_row("convolution_matrix", linalg, lambda a, m=mode, n=n: linalg.convolution_matrix(a, n, m), _P[0])
      for mode in ("full", "same", "valid") for n in (2, 6)],
    _row("expm_frechet", linalg, lambda a, e: linalg.expm_frechet(a, e, compute_expm=False), _A / 4, _A.T),
    _row("expm_frechet", linalg, lambda a, e: linalg.expm_frechet(a, e)[0], _A / 4, _A.T),
    _row("fractional_matrix_power", linalg, lambda a: linalg.fractional_matrix_power(a @ a.T, 0.3), _A),
    _row("fractional_matrix_power", linalg, lambda a: linalg.fractional_matrix_power(a, -2), _A),
    _row("fractional_matrix_power", linalg, lambda t: linalg.fractional_matrix_power(_A @ _A.T, t), np.array(0.7)),
    *[_row("polar", linalg, lambda a, s=side, k=k: linalg.polar(a, s)[k], m)
      for side in ("left", "right") for k in (0, 1) for m in (_A, _M, _M.T)],
    _row("circulant", linalg, linalg.circulant, _X), _row("khatri_rao", linalg, linalg.khatri_rao, _M, _P[:2]),
]
_SIGNALS = [(_P[0], _X), (_X, _P[0]), (_M, _P[:2, :3]), (_M.reshape(3, 2, 2), _P[:2, :2].reshape(2, 2, 1))]
_SIGNAL = [
    _row(name, signal, lambda a, b, f=name, m=mode: getattr(signal, f)(a, b, mode=m), a, b)
    for mode in ("full", "same", "valid") for a, b in _SIGNALS
    for name in ("convolve", "correlate", "fftconvolve", "oaconvolve", "convolve2d", "correlate2d")
    if a.ndim == 2 or not name.endswith("2d")
] + [
    _row(name, signal, lambda a, b, f=name, m=mode, n=axes: getattr(signal, f)(a, b, m, axes=n), a, b)
    for mode in ("full", "same", "valid") for name in ("fftconvolve", "oaconvolve")
    for a, b, axes in ((_M, _P[:, :2], 1), (_M[:2], _P[1:, :3].T[:3, :2].T, -1), (_M.T, _P[:2].T, (1,)),
                       (_M.reshape(3, 2, 2), _P[:2, :4].reshape(2, 2, 2), (0, 2)))
] + [
    _row(name, signal, lambda a, b, f=name, m=mode, o=o: getattr(signal, f)(a, b, m, **o), _M, _P[:2, :3])
    for mode in ("full", "same", "valid") for name in ("convolve2d", "correlate2d")
    for o in ({"boundary": "wrap"}, {"boundary": "symm"}, {"fillvalue": 0.4})
] + [
    _row("detrend", signal, lambda x, o=o: signal.detrend(x, **o), _P.T)
    for o in ({}, {"type": "constant"}, {"axis": 0}, {"axis": 0, "bp": 2}, {"type": "c", "axis": 0})
] + [
    _row("welch", signal, lambda x, o=o: signal.welch(x, **o)[1], _SERIES)
    for o in ({"nperseg": 12}, {"nperseg": 5, "noverlap": 1, "fs": 3.0}, {"nperseg": 4, "nfft": 8, "detrend": "linear"},
              {"nperseg": 4, "average": "median", "detrend": False},
              {"nperseg": 4, "return_onesided": False, "detrend": False},
              {"nperseg": 2, "axis": 0, "window": "boxcar"}, {"window": np.hanning(6)[1:5], "scaling": "spectrum"})
] + [
    _row("periodogram", signal, lambda x, o=o: signal.periodogram(x, **o)[1], _SERIES)
    for o in ({}, {"window": "hann", "nfft": 16}, {"nfft": 7, "axis": 1}, {"axis": 0, "scaling": "spectrum"})
] + [
    _row("csd", signal, lambda x, y, o=o: _turned(signal.csd(x, y, **o)[1]), _SERIES, b)
    for b, o in ((_SERIES[::-1] ** 2, {"nperseg": 4}), (_SERIES[:, :9], {"nperseg": 6}),
                 (_SERIES[::-1] ** 2, {"nperseg": 6, "average": "median", "detrend": False}))
] + [
    _row("stft", signal, lambda x, o=o: _turned(signal.stft(x, nperseg=4, **o)[2]), _SERIES)
    for o in ({}, {"boundary": "odd", "noverlap": 1, "detrend": "linear"}, {"boundary": "even", "scaling": "psd"},
              {"boundary": "constant", "padded": False, "nfft": 7}, {"boundary": None, "return_onesided": False})
] + [
    _row("spectrogram", signal, lambda x, o=o: signal.spectrogram(x, nperseg=5, mode=o, noverlap=2)[2], _SERIES)
    for o in ("psd", "magnitude", "angle", "phase")
] + [
    _row("istft", signal, lambda x, o=o: signal.istft((1 + 0.5j) * x, **o)[1], _SERIES[0].reshape(4, 3))
    for o in ({}, {"nperseg": 7, "scaling": "psd"}, {"boundary": False, "noverlap": 1, "window": "hamming"})
]
_ON_UNIT = np.array([0.15, 0.45, 0.6])
_LOC, _SCALE = np.array(-0.05), np.array([1.3, 1.1, 1.2])
_SHAPES: dict[str, tuple[float, ...]] = {
    "norm": (), "t": (4.5,), "cauchy": (), "laplace": (), "logistic": (), "gumbel_r": (), "gumbel_l": (), "expon": (),
    "gamma": (2.3,), "chi2": (3.4,), "invgamma": (2.1,), "beta": (1.7, 2.4), "lognorm": (0.8,), "halfnorm": (),
    "weibull_min": (1.8,), "pareto": (2.5,), "rayleigh": (), "uniform": (),
    "gennorm": (1.6,), "truncnorm": (-0.8, 1.4), "wrapcauchy": (0.4,),
    "powerlaw": (1.7,), "halfcauchy": (), "maxwell": (), "invgauss": (0.7,), "f": (3.3, 4.1), "vonmises": (1.4,),
}
_COUNTS = np.array([0.0, 1, 3])
_DISCRETE: dict[str, tuple[float, ...]] = {
    "poisson": (2.5,), "bernoulli": (0.3,), "binom": (5.0, 0.3), "geom": (0.4,), "nbinom": (3.2, 0.4),
    "betabinom": (5.0, 1.2, 2.3),
}
_STATS = [
    *[Row(getattr(stats, name).logpdf, lambda *a, f=name: getattr(stats, f).logpdf(*a),
          (_ON_UNIT + (1.5 if name == "pareto" else 0), *map(np.array, shapes), _LOC, _SCALE), f"{name}-logpdf")
      for name, shapes in _SHAPES.items()],
    *[Row(getattr(stats, name).pdf, lambda *a, f=name, m=method: getattr(getattr(stats, f), m)(*a),
          (_ON_UNIT + (1.5 if name == "pareto" else 0), *map(np.array, shapes), _LOC, _SCALE), f"{name}-{method}")
      for name, shapes in _SHAPES.items() for method in ("pdf", "cdf", "sf", "logcdf", "logsf")
      if method == "pdf" or "cdf" in getattr(stats, name).others],
    *[Row(getattr(stats, name).logpmf, lambda p, f=name, q=shapes: getattr(stats, f).logpmf(
          np.minimum(_COUNTS, 1) if f == "bernoulli" else _COUNTS + (f == "geom"), *q[:-1], p),
          (np.array(shapes[-1]),), f"{name}-logpmf")
      for name, shapes in _DISCRETE.items()],
    Row(stats.norm.logpdf, lambda m, s: stats.norm(m, scale=s).logpdf(_X), (_LOC, _SCALE), "frozen"),
    *[Row(stats.multivariate_normal.logpdf, lambda x, m, M: stats.multivariate_normal.logpdf(x, m, _positive(M)),
          (x, _X, _A / 3), "multivariate_normal") for x in (_b, sample(4, 3), sample(2, 2, 3))],
    Row(stats.multivariate_normal.pdf, lambda x, m: stats.multivariate_normal.pdf(x, m, 2.0), (_X, _LOC), "1-d"),
    Row(stats.dirichlet.logpdf, lambda x, a: stats.dirichlet.logpdf(x[:2] / 4, a), (_ON_UNIT, _P[0, :3]), "dirichlet"),
]
_SPARSE_ROWS = [
    _row("matmul", own_sparse, lambda x: own_sparse.matmul(_SPARSE.astype(x.dtype), x), _B),
    _row("matmul", own_sparse, lambda x: own_sparse.matmul(x, _SPARSE.astype(x.dtype)), _M.T),
    *[_row("spsolve", own_sparse.linalg, lambda b: own_sparse.linalg.spsolve(_SPARSE.astype(b.dtype), b), b)
      for b in (_b, _B, _B[:, :1])],
]
# fmt: on

ROWS: dict[str, list[Row]] = {
    "special": _SPECIAL,
    "linalg": _LINALG,
    "signal": _SIGNAL,
    "stats": _STATS,
    "sparse": _SPARSE_ROWS,
}
