"""Rows of linear algebra: inverses, solutions, determinants, norms, factorisations, least squares."""

from functools import partial

import numpy as np
from table import Row, sample

__all__ = ["ROWS"]


def regular(*shape: int, seed: int = 0) -> np.ndarray:
    """Matrices far from singular."""
    return sample(*shape, seed=seed) + 4 * np.eye(shape[-2], shape[-1])


def symmetric(*shape: int) -> np.ndarray:
    """Positive definite matrices with different eigenvalues."""
    x = sample(*shape)
    return x @ np.swapaxes(x, -1, -2) + np.diag(1.0 + np.arange(shape[-1]))


def indefinite(*shape: int) -> np.ndarray:
    """Matrices of which the lower triangle, as a symmetric matrix, has eigenvalues of both signs."""
    return sample(*shape) + np.diag(4.0 * (-1.0) ** np.arange(shape[-1]))


def lopsided(*shape: int) -> np.ndarray:
    """Numbers whose magnitudes and sums of magnitudes all differ: the largest and the smallest are alone."""
    x = sample(*shape, low=-1.0, high=1.7)
    return np.asarray(x + 0.07 * x * x)


def named(function, *arrays: np.ndarray, second: bool = True, pick=None, **keywords) -> Row:
    """A row named by shapes and keywords; `pick` chooses one of several results."""

    def call(*operands):
        result = function(*operands, **keywords)
        return result if pick is None else result[pick]

    words = [str(array.shape) for array in arrays] + [f"{key}={value}" for key, value in keywords.items()]
    return Row(function, call, arrays, " ".join(words if pick is None else [*words, f"result {pick}"]), second)


SQUARE = ((3, 3), (1, 1), (2, 2, 2), (1, 2, 2), (2, 1, 1), (0, 0), (0, 2, 2))
ANY = ((3, 3), (3, 2), (2, 3), (2, 3, 2), (1, 1), (1, 3))
SYSTEMS = (
    ((3, 3), (3,)),
    ((3, 3), (3, 2)),
    ((3, 3), (3, 1)),
    ((2, 3, 3), (3,)),
    ((2, 2, 2), (2, 3)),
    ((2, 2), (2, 2, 3)),
    ((1, 2, 2), (2, 2, 3)),
    ((2, 2, 2), (1, 2, 3)),
    ((2, 1, 2, 2), (3, 2, 1)),
    ((1, 1), (1,)),
    ((0, 0), (0,)),
)

INVERSES = [
    *[named(np.linalg.inv, regular(*shape)) for shape in SQUARE],
    *[named(np.linalg.solve, regular(*a), sample(*b, seed=1)) for a, b in SYSTEMS],
    Row(np.linalg.solve, lambda x: np.linalg.solve(x, x @ x), (regular(2, 2),), "same array twice"),
    Row(
        np.linalg.solve,
        lambda b: np.linalg.solve(np.array([[2, 1], [1, 3]]), b),
        (sample(2),),
        "constant integer matrix",
    ),
    Row(np.linalg.solve, lambda a: np.linalg.solve(a, [1, 2]), (regular(2, 2),), "constant list"),
    *[named(np.linalg.pinv, regular(*shape)) for shape in ANY],
    *[named(np.linalg.pinv, indefinite(*shape), hermitian=True) for shape in ((3, 3), (2, 2, 2))],
    Row(np.linalg.pinv, lambda x: np.linalg.pinv(x @ x.T, 1e-5, True), (sample(3, 2),), "hermitian of rank 2"),
    named(np.linalg.tensorinv, sample(2, 3, 6) + 3 * np.eye(6).reshape(2, 3, 6)),
    named(np.linalg.tensorinv, sample(4, 2, 2) + 3 * np.eye(4).reshape(4, 2, 2), ind=1),
    named(np.linalg.tensorsolve, sample(2, 2, 4) + 3 * np.eye(4).reshape(2, 2, 4), sample(2, 2, seed=1)),
    named(np.linalg.tensorsolve, sample(4, 2, 2) + 3 * np.eye(4).reshape(4, 2, 2), sample(4, seed=1)),
    named(np.linalg.tensorsolve, regular(2, 4, 2), sample(4, seed=1), axes=(0, 2)),
    named(np.linalg.tensorsolve, sample(2, 2, 0), sample(2, 0)),
]

DETERMINANTS = [
    *[named(np.linalg.det, regular(*shape)) for shape in SQUARE],
    Row(np.linalg.det, np.linalg.det, (np.arange(9.0).reshape(3, 3),), "singular of rank 2"),
    Row(np.linalg.det, np.linalg.det, (np.ones((3, 3)),), "singular of rank 1"),
    Row(np.linalg.det, np.linalg.det, (np.stack([np.zeros((2, 2)), regular(2, 2)]),), "one of two is singular"),
    *[named(np.linalg.slogdet, regular(*shape), pick=1) for shape in SQUARE],
    *[named(np.linalg.slogdet, -regular(*shape), pick=0) for shape in ((3, 3), (2, 2, 2))],
    Row(
        np.linalg.slogdet, lambda x: np.linalg.slogdet(-x).logabsdet, (regular(3, 3),), "negative determinant, by name"
    ),
]

VECTOR_ORDERS = (None, 2, 1, 3, 2.5, 0.5, -1, 0, np.inf, -np.inf)
MATRIX_ORDERS = (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)

NORMS = [
    *[named(np.linalg.norm, lopsided(*shape)) for shape in ((3,), (1,), (2, 3), (2, 3, 2), ())],
    *[named(np.linalg.norm, lopsided(4), ord=order) for order in VECTOR_ORDERS],
    *[named(np.linalg.norm, lopsided(2, 3), ord=order, axis=1) for order in VECTOR_ORDERS],
    *[named(np.linalg.norm, lopsided(2, 3), ord=order, axis=-2, keepdims=True) for order in VECTOR_ORDERS],
    named(np.linalg.norm, lopsided(2, 3), axis=(0,)),
    named(np.linalg.norm, lopsided(2, 3), keepdims=True),
    named(np.linalg.norm, lopsided(0, 3), axis=1),
    *[named(np.linalg.norm, lopsided(2, 3), ord=order) for order in MATRIX_ORDERS],
    *[named(np.linalg.norm, lopsided(3, 2, 2), ord=order, axis=(2, 0)) for order in MATRIX_ORDERS],
    *[named(np.linalg.norm, lopsided(2, 2, 3), ord=order, axis=(-2, -1), keepdims=True) for order in MATRIX_ORDERS],
    named(np.linalg.norm, lopsided(1, 1), ord=1),
    *[named(np.linalg.norm, sample(2, 0), ord=order) for order in (None, "fro")],
    *[named(np.linalg.vector_norm, lopsided(2, 3), ord=order) for order in VECTOR_ORDERS if order is not None],
    named(np.linalg.vector_norm, lopsided(2, 3, 2), axis=(0, 2)),
    named(np.linalg.vector_norm, lopsided(2, 3), axis=0, keepdims=True, ord=3),
    named(np.linalg.vector_norm, lopsided(2, 3), keepdims=True),
    *[named(np.linalg.matrix_norm, lopsided(2, 2, 3), ord=order) for order in MATRIX_ORDERS if order is not None],
    named(np.linalg.matrix_norm, lopsided(2, 3), keepdims=True),
]

FACTORISATIONS = [
    *[named(np.linalg.cholesky, symmetric(*shape)) for shape in SQUARE],
    named(np.linalg.cholesky, symmetric(2, 3, 3), upper=True),
    Row(np.linalg.cholesky, lambda x: np.linalg.cholesky(x @ x.T), (regular(3, 3),), "of a product"),
    *[named(np.linalg.eigvalsh, symmetric(*shape), UPLO=side) for shape in SQUARE for side in "LU"],
    *[named(np.linalg.eigh, symmetric(*shape), UPLO=side, pick=0) for shape in SQUARE for side in "LU"],
    *[named(np.linalg.eigh, symmetric(*shape), UPLO=side, pick=1) for shape in SQUARE for side in "LU"],
    *[named(np.linalg.svdvals, regular(*shape)) for shape in ANY],
    *[named(np.linalg.svd, regular(*shape), compute_uv=False) for shape in ANY],
    *[named(np.linalg.svd, regular(*shape), full_matrices=False, pick=n) for shape in ANY for n in range(3)],
    *[named(np.linalg.svd, regular(2, 2), pick=n) for n in range(3)],
    # All columns: the larger of U and Vh has no derivative.
    *[named(np.linalg.svd, regular(*shape), pick=n) for shape in ((3, 2), (2, 3, 2)) for n in (1, 2)],
    *[named(np.linalg.svd, regular(*shape), pick=n) for shape in ((2, 3), (2, 1, 3)) for n in (0, 1)],
    *[named(np.linalg.svd, indefinite(*s), hermitian=True, pick=n) for s in ((3, 3), (2, 3, 3)) for n in range(3)],
    named(np.linalg.svd, indefinite(3, 3), hermitian=True, compute_uv=False),
    *[named(np.linalg.cond, regular(2, 3, 3), p=order) for order in (None, 2, -2, 1, np.inf, "fro")],
    *[named(np.linalg.qr, regular(*shape), pick=n) for shape in ANY for n in range(2)],
    *[named(np.linalg.qr, regular(*shape), mode="r") for shape in ANY],
    *[named(np.linalg.qr, regular(2, 3), mode="complete", pick=n) for n in range(2)],
    *[named(np.linalg.qr, regular(*shape), mode="complete", pick=1) for shape in ((3, 2), (2, 3, 2), (3, 1))],
]

LEAST_SQUARES = [
    Row(
        np.linalg.lstsq,
        partial(lambda pick, a, b: np.linalg.lstsq(a, b)[pick], pick),
        (regular(*a), sample(*b, seed=1)),
        f"{a} {b} result {pick}",
    )
    for a, b in (((3, 2), (3,)), ((3, 2), (3, 2)), ((2, 3), (2, 2)), ((2, 2), (2,)))
    for pick in (0, 1, 3)
]

ROWS = [*INVERSES, *DETERMINANTS, *NORMS, *FACTORISATIONS, *LEAST_SQUARES]
