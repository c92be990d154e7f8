"""Hessians: logistic and Poisson regression, matrix factorisation, and Rosenbrock's function as a sparse matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

import jacobians as jac

from ..problem import Case, Problem, Target
from ..references import check_hessian, check_matrix_hessian, difference, random_like, second

__all__ = ["PROBLEMS"]


def logistic(np: Any) -> Any:
    def loss(w, X, y):
        return np.sum(np.log1p(np.exp(-y * (X @ w))))

    return loss


def make_logistic(n: int, k: int) -> Case:
    rng = np.random.default_rng(0)
    y = np.sign(rng.standard_normal(n))
    arguments = (rng.standard_normal(k) / k**0.5, rng.standard_normal((n, k)), y)
    f = logistic(np)
    hessian = jac.hessian(f)

    def hand(w, X, y):
        s = 1 / (1 + np.exp(y * (X @ w)))
        Y = X * np.sqrt(s * (1 - s))[:, None]
        return Y.T @ Y  # one array twice: NumPy computes half of it

    return Case(
        "hessian",
        logistic,
        arguments,
        ours=lambda w, X, y: hessian(w, X, y).to_array(),
        hand=hand,
        check=lambda found: check_hessian(f, arguments, 0, found),
        plan=lambda: hessian(*arguments),
    )


def poisson(np: Any) -> Any:
    def loss(w, X, y):
        eta = X @ w
        return np.sum(np.exp(eta) - y * eta)

    return loss


def make_poisson(n: int, k: int) -> Case:
    rng = np.random.default_rng(0)
    y = rng.poisson(1.0, n).astype(float)
    arguments = (rng.standard_normal(k) / k**0.5, rng.standard_normal((n, k)), y)
    f = poisson(np)
    hessian = jac.hessian(f)

    def hand(w, X, y):
        Y = X * np.exp(X @ w / 2)[:, None]
        return Y.T @ Y

    return Case(
        "hessian",
        poisson,
        arguments,
        ours=lambda w, X, y: hessian(w, X, y).to_array(),
        hand=hand,
        check=lambda found: check_hessian(f, arguments, 0, found),
        plan=lambda: hessian(*arguments),
    )


def factorisation(np: Any) -> Any:
    def loss(U, V, M):
        return np.sum((U @ V.T - M) ** 2) / 2

    return loss


def factorisation_data(n: int, rank: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, rank)), rng.standard_normal((n, rank)), rng.standard_normal((n, n))


def make_factorisation(n: int, rank: int) -> Case:
    arguments = factorisation_data(n, rank)
    f = factorisation(np)
    hessian = jac.hessian(f)

    def hand(U, V, M):
        n, r = U.shape
        H = np.zeros((n, r, n, r))
        np.einsum("ikil->ikl", H)[...] = V.T @ V
        return H

    return Case(
        "hessian",
        factorisation,
        arguments,
        ours=lambda U, V, M: hessian(U, V, M).to_array(),
        hand=hand,
        check=lambda found: check_hessian(f, arguments, 0, found),
        plan=lambda: hessian(*arguments),
        data={"sparse": True},
    )


def make_core(n: int, rank: int) -> Case:
    arguments = factorisation_data(n, rank)
    f = factorisation(np)
    hessian = jac.hessian(f, mode="explicit")

    def check(found: Any) -> float:
        """The expert holds V.T @ V and knows that it stands in each block of the diagonal."""
        U = arguments[0]
        products, expected = [], []
        for seed in range(3):
            u, v = random_like([U, U], seed)
            column = v @ found if np.shape(found) == (rank, rank) else found @ v
            products.append(np.sum(u * column))
            expected.append(second(f, arguments, 0, u, v))
        return difference(np.array(products), np.array(expected))

    return Case(
        "terms",
        factorisation,
        arguments,
        ours=hessian,
        hand=lambda U, V, M: V.T @ V,
        check=check,
        plan=lambda: hessian(*arguments),
    )


def rosenbrock(np: Any) -> Any:
    def f(x):
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    return f


def make_rosenbrock(n: int) -> Case:
    x = np.random.default_rng(0).standard_normal(n)
    f = rosenbrock(np)
    hessian = jac.hessian(f)
    # Rows hold (below, diagonal, above) but for the ends: a constant pattern.
    indices = np.repeat(np.arange(n), 3).reshape(n, 3) + np.array([-1, 0, 1])
    indices = indices.ravel()[1:-1].astype(np.int32)
    indptr = np.concatenate([[0], np.arange(2, 3 * n - 1, 3), [3 * n - 2]]).astype(np.int32)

    def hand(x):
        entries = np.empty((n, 3))
        side = x[:-1] * -400
        entries[1:, 0] = side
        entries[:-1, 2] = side
        entries[:-1, 1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
        entries[-1, 1] = 0
        entries[1:, 1] += 200
        return scipy.sparse.csr_array((entries.ravel()[1:-1], indices, indptr), shape=(n, n))

    return Case(
        "sparse hessian",
        rosenbrock,
        (x,),
        ours=lambda x: hessian(x).to_sparse(),
        hand=hand,
        check=lambda found: check_matrix_hessian(f, (x,), 0, found),
        plan=lambda: hessian(x),
    )


PROBLEMS = (
    Problem(
        "logistic",
        "Hessian of the logistic loss",
        make_logistic,
        full={"1000 x 100": {"n": 1000, "k": 100}, "1000 x 1000": {"n": 1000, "k": 1000}},
        small={"7 x 3": {"n": 7, "k": 3}},
        targets=(Target(1.1),),
    ),
    Problem(
        "poisson",
        "Hessian of Poisson regression",
        make_poisson,
        full={"2000 x 200": {"n": 2000, "k": 200}},
        small={"7 x 3": {"n": 7, "k": 3}},
        targets=(Target(1.1),),
    ),
    Problem(
        "factorisation-dense",
        "Hessian of |U V^T - M|^2 / 2 for U, dense",
        make_factorisation,
        full={"200 x 10": {"n": 200, "rank": 10}},
        small={"4 x 2": {"n": 4, "rank": 2}},
        targets=(Target(1.2),),
    ),
    Problem(
        "factorisation-core",
        "Hessian of |U V^T - M|^2 / 2 for U, held as terms",
        make_core,
        full={"200 x 10": {"n": 200, "rank": 10}},
        small={"4 x 2": {"n": 4, "rank": 2}},
        targets=(Target(1.2),),
    ),
    Problem(
        "rosenbrock",
        "Hessian of Rosenbrock's function, CSR",
        make_rosenbrock,
        full={"10000": {"n": 10000}},
        small={"6": {"n": 6}},
        targets=(Target(1.5),),
    ),
)
