"""Factorisations and numbers of a matrix, as functions of `np.linalg` with SciPy's arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as original

from ...errors import UnsupportedFunctionError
from ..standing import constant, follows, is_complex

__all__ = [
    "cho_factor",
    "cholesky",
    "det",
    "eigh",
    "eigvalsh",
    "inv",
    "lstsq",
    "norm",
    "pinv",
    "qr",
    "svd",
    "svdvals",
]


def _refused(name: str, **options: Any) -> None:
    """Raise for an option that is not the default."""
    for option, given in options.items():
        if given:
            raise UnsupportedFunctionError(f"jacobians.scipy.linalg.{name}", f"for {option}=")


@follows(original.cholesky, of_lapack=True)
def cholesky(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    return np.linalg.cholesky(a, upper=not lower)


@follows(original.cho_factor, of_lapack=True)
def cho_factor(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Any, bool]:
    return np.linalg.cholesky(a, upper=not lower), lower


@follows(original.inv, of_lapack=True)
def inv(a: Any, overwrite_a: bool = False, check_finite: bool = True, **options: Any) -> Any:
    _refused("inv", **options)
    return np.linalg.inv(a)


@follows(original.det)
def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    return np.linalg.det(np.astype(a, complex if is_complex(a) else float))  # in double precision, also of float32


@follows(original.pinv, of_lapack=True)
def pinv(a: Any, *, atol: Any = None, rtol: Any = None, return_rank: bool = False, check_finite: bool = True) -> Any:
    _refused("pinv", atol=atol, return_rank=return_rank)
    cutoff = max(np.shape(a)[-2:]) * np.finfo(a.dtype).eps if rtol is None else rtol
    return np.linalg.pinv(a, cutoff)


@follows(original.norm)
def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True) -> Any:
    return np.linalg.norm(a, ord, axis, keepdims)


@follows(original.eigh, of_lapack=True)
def eigh(a: Any, b: Any = None, *, lower: bool = True, eigvals_only: bool = False, **options: Any) -> Any:
    subset = {name: options.pop(name, None) for name in ("subset_by_index", "subset_by_value")}
    _plain_eigenvalues("eigh", options)
    if any(chosen is not None for chosen in subset.values()):
        return _some(eigh(a, b, lower=lower, **options), eigvals_only, **subset)
    if b is None:
        found = np.linalg.eigvalsh if eigvals_only else np.linalg.eigh
        values = found(a, "L" if lower else "U")
        return values if eigvals_only else tuple(values)
    if options.get("type", 1) != 1:
        raise UnsupportedFunctionError("jacobians.scipy.linalg.eigh", f"for type={options['type']!r}")
    # a v = w b v, with b = L L^H: inv(L) a inv(L)^H y = w y, v = inv(L)^H y
    L = np.linalg.cholesky(b) if lower else _adjoint(np.linalg.cholesky(b, upper=True))
    half = np.linalg.solve(L, _hermitian(a, lower))
    values, vectors = np.linalg.eigh(np.linalg.solve(L, _adjoint(half)), "L" if lower else "U")
    return values if eigvals_only else (values, np.linalg.solve(_adjoint(L), vectors))


@follows(original.eigvalsh, of_lapack=True)
def eigvalsh(a: Any, b: Any = None, *, lower: bool = True, **options: Any) -> Any:
    return eigh(a, b, lower=lower, eigvals_only=True, **options)


def _some(pairs: tuple[Any, Any], eigvals_only: bool, subset_by_index: Any, subset_by_value: Any) -> Any:
    """The pairs whose position lies between two ends, or whose value lies between them and is not the lower one."""
    values, vectors = pairs
    if subset_by_index is not None:
        first, last = subset_by_index
        chosen: Any = slice(first, last + 1)
    else:
        least, most = subset_by_value
        chosen = np.greater(values, least) & np.less_equal(values, most)
    return values[..., chosen] if eigvals_only else (values[..., chosen], vectors[..., chosen])


def _adjoint(a: Any) -> Any:
    turned = np.swapaxes(a, -1, -2)
    return np.conjugate(turned) if is_complex(a) else turned


def _hermitian(a: Any, lower: bool) -> Any:
    """The matrix of which one triangle is read."""
    triangle = np.tril(a, -1) if lower else np.triu(a, 1)
    diagonal = np.diagonal(a, axis1=-2, axis2=-1)[..., None] * np.eye(np.shape(a)[-1], dtype=a.dtype)
    return triangle + _adjoint(triangle) + (np.real(diagonal) if is_complex(a) else diagonal)


def _plain_eigenvalues(name: str, options: dict[str, Any]) -> None:
    ignored = {"overwrite_a", "overwrite_b", "check_finite", "driver", "type"}
    _refused(name, **{option: value for option, value in options.items() if option not in ignored})


@follows(original.svd, of_lapack=True)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, **_: Any) -> Any:
    if not compute_uv:
        return np.linalg.svd(a, compute_uv=False)
    return tuple(np.linalg.svd(a, full_matrices))


@follows(original.svdvals, of_lapack=True)
def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    return np.linalg.svd(a, compute_uv=False)


@follows(original.qr, of_lapack=True)
def qr(
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    if mode not in ("full", "economic", "r"):
        raise UnsupportedFunctionError("jacobians.scipy.linalg.qr", f"for mode={mode!r}")
    order = [_pivots(a)] if pivoting else []
    Q, R = np.linalg.qr(a[:, order[0]] if pivoting else a, "reduced" if mode == "economic" else "complete")
    return (R, *order) if mode == "r" else (Q, R, *order)


@constant
def _pivots(a: Any) -> Any:
    """The order of the columns, which is constant where the factors have a derivative."""
    found: Any = original.qr(a, mode="r", pivoting=True)
    return found[1]


@follows(original.lstsq, of_lapack=True)
def lstsq(a: Any, b: Any, cond: Any = None, *_: Any, lapack_driver: str | None = None, **__: Any) -> Any:
    if np.ndim(a) != 2:
        raise UnsupportedFunctionError(
            "jacobians.scipy.linalg.lstsq", "for stacks of matrices. Use np.linalg.pinv(a) @ b"
        )
    x, residues, rank, values = np.linalg.lstsq(a, b, rcond=cond)
    if lapack_driver == "gelsy":
        return x, np.zeros(0, x.dtype), rank, None
    return x, residues[0] if np.ndim(b) == 1 and np.size(residues) else residues, rank, values
