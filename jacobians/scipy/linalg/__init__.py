"""Functions of `scipy.linalg`.

- `systems`: solve, solve_triangular, cho_solve, solve_banded, ...
- `factors`: cholesky, cho_factor, eigh, svd, qr, and inv, det, norm, ...
- `triangles`: lu, lu_factor, lu_solve.
- `functions`: expm, logm, sqrtm, fractional_matrix_power, polar, ... and solve_sylvester,
  solve_continuous_lyapunov, solve_discrete_lyapunov.
- `riccati`: solve_continuous_are, solve_discrete_are.
- `patterns`: block_diag, toeplitz, hankel, circulant, companion, convolution_matrix, khatri_rao.

Functions that read one triangle of a matrix depend on that triangle alone, as those of `np.linalg` do.
"""

from __future__ import annotations

from typing import Any

from ..standing import missing
from .factors import cho_factor, cholesky, det, eigh, eigvalsh, inv, lstsq, norm, pinv, qr, svd, svdvals
from .functions import (
    coshm,
    cosm,
    expm,
    expm_frechet,
    fractional_matrix_power,
    logm,
    polar,
    sinhm,
    sinm,
    solve_continuous_lyapunov,
    solve_discrete_lyapunov,
    solve_sylvester,
    sqrtm,
    tanhm,
    tanm,
)
from .patterns import block_diag, circulant, companion, convolution_matrix, hankel, khatri_rao, toeplitz
from .riccati import solve_continuous_are, solve_discrete_are
from .systems import cho_solve, solve, solve_banded, solve_toeplitz, solve_triangular, solveh_banded
from .triangles import lu, lu_factor, lu_solve

__all__ = [
    "block_diag",
    "cho_factor",
    "cho_solve",
    "cholesky",
    "circulant",
    "companion",
    "convolution_matrix",
    "coshm",
    "cosm",
    "det",
    "eigh",
    "eigvalsh",
    "expm",
    "expm_frechet",
    "fractional_matrix_power",
    "hankel",
    "inv",
    "khatri_rao",
    "logm",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_solve",
    "norm",
    "pinv",
    "polar",
    "qr",
    "sinhm",
    "sinm",
    "solve",
    "solve_banded",
    "solve_continuous_are",
    "solve_continuous_lyapunov",
    "solve_discrete_are",
    "solve_discrete_lyapunov",
    "solve_sylvester",
    "solve_toeplitz",
    "solve_triangular",
    "solveh_banded",
    "sqrtm",
    "svd",
    "svdvals",
    "tanhm",
    "tanm",
    "toeplitz",
]


_SCHUR = (
    "its triangle is free in the order of the eigenvalues and in phases, and blocks of complex pairs that become real "
    "have no derivative; np.linalg.eig and functions of matrices, such as logm and solve_sylvester, have one"
)


def __getattr__(name: str) -> Any:
    raise missing(__name__, name, __all__, _SCHUR if name in ("schur", "rsf2csf", "qz", "ordqz") else None)
