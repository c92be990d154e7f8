"""Small linear algebra and equations: determinants, solves, eigenvectors and iterations."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from scipy.linalg import get_lapack_funcs, lu_factor, lu_solve

from .question import asked

__all__ = ["PROBLEMS"]


def process(np: Any, theta: Any, D: Any, y: Any) -> Any:
    """Marginal likelihood of a Gaussian process, gradient for log scale, height and noise."""
    K = np.exp(2 * theta[1] - 0.5 * D * np.exp(-2 * theta[0])) + np.exp(2 * theta[2]) * np.eye(len(y))
    return 0.5 * y @ np.linalg.solve(K, y) + 0.5 * np.log(np.linalg.det(K))


def process_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    x = rng.random(n) * 4
    return np.array([-0.3, 0.2, -1.0]), (x[:, None] - x) ** 2, np.sin(x) + 0.1 * rng.standard_normal(n)


def process_parts(theta: Any, D: Any, y: Any) -> tuple[Any, ...]:
    """The kernel without noise, the solution, and the inverse."""
    K = D * (-0.5 * np.exp(-2 * theta[0]))
    np.exp(K, out=K)
    K *= np.exp(2 * theta[1])
    A = K.copy()
    A.flat[:: len(y) + 1] += np.exp(2 * theta[2])
    L = np.linalg.cholesky(A)
    potri: Any = get_lapack_funcs("potri", (L,))
    inverse, _ = potri(L.T, lower=0)
    inverse = np.triu(inverse)
    inverse += np.triu(inverse, 1).T
    return K, inverse @ y, inverse


def process_by_hand(theta: Any, D: Any, y: Any) -> Any:
    K, a, inverse = process_parts(theta, D, y)
    noise = np.exp(2 * theta[2])
    to_noise = noise * (np.trace(inverse) - a @ a)
    inverse -= a[:, None] * a
    inverse *= K
    return np.array([0.5 * np.exp(-2 * theta[0]) * np.vdot(inverse, D), inverse.sum(), to_noise])


def hyper_hessian(np: Any, theta: Any, D: Any, y: Any) -> Any:
    """Marginal likelihood of a Gaussian process, Hessian for log scale, height and noise."""
    return process(np, theta, D, y)


def hyper_hessian_by_hand(theta: Any, D: Any, y: Any) -> Any:
    # f_ij = a' K_i P K_j a - tr(P K_i P K_j) / 2 + tr((P - a a') K_ij) / 2
    K, a, P = process_parts(theta, D, y)
    scaled = np.exp(-2 * theta[0]) * D
    noise = 2 * np.exp(2 * theta[2])
    K0, K1 = scaled * K, 2 * K
    S0, S1, S2 = K0 @ a, K1 @ a, noise * a
    S = np.stack([S0, S1, S2])
    H = S @ P @ S.T
    Q0, Q1, Q2 = P @ K0, P @ K1, noise * P
    H[0, 0] -= 0.5 * np.einsum("ij,ji->", Q0, Q0)
    H[1, 1] -= 0.5 * np.einsum("ij,ji->", Q1, Q1)
    H[2, 2] -= 0.5 * np.vdot(Q2, Q2)
    h01, h02, h12 = np.einsum("ij,ji->", Q0, Q1), np.einsum("ij,ij->", Q0, Q2.T), np.einsum("ij,ij->", Q1, Q2.T)
    P -= a[:, None] * a
    w0, w1 = P * K0, P * K1
    H[0, 0] += 0.5 * np.vdot(w0, scaled) - w0.sum()
    H[1, 1] += w1.sum()
    H[2, 2] += noise * np.trace(P)
    total = w0.sum() - 0.5 * h01
    H[0, 1] += total
    H[1, 0] += total
    H[0, 2] -= 0.5 * h02
    H[2, 0] -= 0.5 * h02
    H[1, 2] -= 0.5 * h12
    H[2, 1] -= 0.5 * h12
    return H


def design(np: Any, w: Any, X: Any) -> Any:
    """D-optimal design: log determinant of the information, gradient for the weights."""
    return np.log(np.linalg.det(X.T @ (w[:, None] * X)))


def design_data(rng: np.random.Generator, n: int, k: int) -> tuple[Any, ...]:
    return rng.random(n) + 0.1, rng.standard_normal((n, k))


def design_by_hand(w: Any, X: Any) -> Any:
    M = X.T @ (w[:, None] * X)
    return np.einsum("ij,ij->i", X @ np.linalg.inv(M), X)


def newton(np: Any, a: Any) -> Any:
    """Eight unrolled steps of Newton for a cubic equation, gradient for its coefficients."""
    x = 1 + 0 * a
    for _ in range(8):
        x = x - (x**3 + x - a) / (3 * x**2 + 1)
    return np.sum(x**2)


def newton_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return (rng.uniform(1, 3, n),)


def newton_by_hand(a: Any) -> Any:
    # d step = (p p'' / p'^2) dx + da / p'
    x = np.ones_like(a)
    slopes, into = [], []
    for _ in range(8):
        squares = x * x
        p = squares + 1
        p *= x
        p -= a
        squares *= 3
        squares += 1
        r = np.divide(1, squares, out=squares)
        p *= r
        s = 6 * x
        s *= p
        s *= r
        slopes.append(s)
        into.append(r)
        x = x - p
    g = 2 * x
    total = np.zeros_like(a)
    for s, r in zip(reversed(slopes), reversed(into), strict=True):
        r *= g
        total += r
        g *= s
    return total


def fixed_point(np: Any, W: Any, b: Any) -> Any:
    """Thirty steps of a fixed-point iteration, gradient for matrix and offset."""
    x = 0 * b
    for _ in range(30):
        x = np.tanh(W @ x + b)
    return np.sum(x**2)


def fixed_point_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return 0.5 * rng.standard_normal((n, n)) / np.sqrt(n), rng.standard_normal(n)


def fixed_point_by_hand(W: Any, b: Any) -> Any:
    X = np.zeros((31, len(b)))
    for before, after in pairwise(X):
        np.dot(W, before, out=after)
        after += b
        np.tanh(after, out=after)
    G = 1 - X[1:] ** 2
    g = 2 * X[-1]
    for row in G[::-1]:
        row *= g
        g = np.dot(row, W)
    return G.T @ X[:-1], G.sum(axis=0)


def stationary(np: Any, logits: Any, c: Any) -> Any:
    """Stationary distribution of a Markov chain, gradient of a cost for the logits of its transitions."""
    E = np.exp(logits)
    P = E / np.sum(E, axis=1, keepdims=True)
    n = len(c)
    return c @ np.linalg.solve(np.eye(n) - P.T + np.ones((n, n)) / n, np.ones(n) / n)


def stationary_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return rng.standard_normal((n, n)), rng.standard_normal(n)


def stationary_by_hand(logits: Any, c: Any) -> Any:
    P = np.exp(logits)
    P /= P.sum(axis=1, keepdims=True)
    n = len(c)
    A = 1 / n - P
    A.flat[:: n + 1] += 1
    factors = lu_factor(A, overwrite_a=True, check_finite=False)
    p = lu_solve(factors, np.full(n, 1 / n), trans=1, check_finite=False)
    s = lu_solve(factors, c, check_finite=False)
    G = s - (P @ s)[:, None]
    G *= P
    G *= p[:, None]
    return G


PROBLEMS = (
    asked("gradient", process, process_data, process_by_hand, {"n": 80}, {"n": 5}),
    asked("hessian", hyper_hessian, process_data, hyper_hessian_by_hand, {"n": 80}, {"n": 5}),
    asked("gradient", design, design_data, design_by_hand, {"n": 200, "k": 10}, {"n": 7, "k": 2}),
    asked("gradient", newton, newton_data, newton_by_hand, {"n": 1000}, {"n": 3}),
    asked("gradient", fixed_point, fixed_point_data, fixed_point_by_hand, {"n": 20}, {"n": 3}, (0, 1)),
    asked("gradient", stationary, stationary_data, stationary_by_hand, {"n": 30}, {"n": 4}),
)
