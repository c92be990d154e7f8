"""Grids: each entry meets its neighbours, once or in many steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.linalg import solveh_banded

from .question import asked

__all__ = ["PROBLEMS"]


def diffusion(np: Any, u: Any, k: Any) -> Any:
    """Explicit steps of diffusion with a conductivity between cells, gradient for start and conductivity."""
    total = 0.0
    for _ in range(50):
        flux = k * (u[1:] - u[:-1])
        u = np.concatenate([u[:1], u[1:-1] + flux[1:] - flux[:-1], u[-1:]])
        total = total + np.sum(u**2)
    return total


def diffusion_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return rng.standard_normal(n), rng.uniform(0.1, 0.4, n - 1)


def diffusion_by_hand(u: Any, k: Any) -> Any:
    n = len(u)
    U = np.empty((51, n))
    U[0] = u
    D = np.empty((50, n - 1))
    flux = np.empty(n - 1)
    for before, after, d in zip(U, U[1:], D, strict=False):
        np.subtract(before[1:], before[:-1], out=d)
        np.multiply(k, d, out=flux)
        after[:] = before
        after[1:-1] += flux[1:]
        after[1:-1] -= flux[:-1]
    E = 2 * U[1:]
    g, inner, P = np.zeros(n), np.zeros(n), np.empty((50, n - 1))
    for e, p in zip(E[::-1], P[::-1], strict=True):
        g += e
        inner[1:-1] = g[1:-1]
        np.subtract(inner[:-1], inner[1:], out=p)
        np.multiply(k, p, out=flux)
        g[1:] += flux
        g[:-1] -= flux
    return g, np.einsum("tn,tn->n", P, D)


def crank_nicolson(np: Any, u: Any, c: Any, T: Any) -> Any:
    """Implicit steps of diffusion, gradient for start and conductivity."""
    left, right = np.eye(len(u)) + c * T, np.eye(len(u)) - c * T
    total = 0.0
    for _ in range(30):
        u = np.linalg.solve(left, right @ u)
        total = total + np.sum(u**2)
    return total


def crank_nicolson_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    T = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    return rng.standard_normal(n), 0.3, T


def crank_nicolson_by_hand(u: Any, c: Any, T: Any) -> Any:
    # M = left^-1 right = 2 left^-1 - 1, and dM = -left^-1 T (1 + M) dc.
    n = len(u)
    bands = np.empty((2, n))
    bands[0], bands[1] = -c, 1 + 2 * c
    U, S = np.empty((31, n)), np.empty((30, n))
    U[0] = u
    for t in range(30):
        S[t] = solveh_banded(bands, U[t])
        np.subtract(2 * S[t], U[t], out=U[t + 1])
    g, B = np.zeros(n), np.empty((30, n))
    for t in range(29, -1, -1):
        g += 2 * U[t + 1]
        B[t] = solveh_banded(bands, g)
        g = 2 * B[t] - g
    TS = 2 * S
    TS[:, 1:] -= S[:, :-1]
    TS[:, :-1] -= S[:, 1:]
    return g, -2 * np.vdot(B, TS)


def upwind(np: Any, u: Any, c: Any) -> Any:
    """Upwind differences of Burgers' equation, dense Jacobian."""
    before, after = np.concatenate([u[-1:], u[:-1]]), np.concatenate([u[1:], u[:1]])
    return u - c * u * np.where(u > 0, u - before, after - u)


def upwind_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return rng.standard_normal(n), 0.1


def upwind_parts(u: Any, c: Any) -> tuple[Any, ...]:
    d = np.diff(u, prepend=u[-1:])
    right = u > 0
    slope = np.where(right, d, np.concatenate([d[1:], d[:1]]))
    cu = c * u
    own = 1 - c * slope - np.abs(cu)
    return own, np.maximum(cu, 0), np.minimum(cu, 0)


def upwind_by_hand(u: Any, c: Any) -> Any:
    n = len(u)
    own, lower, upper = upwind_parts(u, c)
    J = np.zeros((n, n))
    flat = J.ravel()
    flat[:: n + 1] = own
    flat[n :: n + 1] = lower[1:]
    J[0, -1] = lower[0]
    flat[1 :: n + 1] = -upper[:-1]
    J[-1, 0] = -upper[-1]
    return J


def advection(np: Any, u: Any, c: Any) -> Any:
    """Upwind differences of Burgers' equation, Jacobian as CSR."""
    return upwind(np, u, c)


def advection_by_hand(u: Any, c: Any) -> Any:
    n = len(u)
    own, lower, upper = upwind_parts(u, c)
    data = np.empty((n, 3))
    data[1:, 0], data[:, 1], data[:-1, 2] = lower[1:], own, -upper[:-1]
    data[0] = own[0], -upper[0], lower[0]
    data[-1] = -upper[-1], lower[-1], own[-1]
    columns = np.empty((n, 3), np.int32)
    columns[:] = np.arange(-1, n - 1)[:, None]
    columns += np.arange(3, dtype=np.int32)
    columns[0] = 0, 1, n - 1
    columns[-1] = 0, n - 2, n - 1
    return sp.csr_array((data.ravel(), columns.ravel(), np.arange(0, 3 * n + 1, 3, dtype=np.int32)), (n, n))


def roughness(np: Any, u: Any, h: Any) -> Any:
    """Length of the level lines of an image by np.gradient (total variation), gradient."""
    a, b = np.gradient(u, h)
    return np.sum(np.sqrt(a**2 + b**2 + 0.01))


def roughness_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return rng.standard_normal((n, n)), 0.5


def roughness_by_hand(u: Any, h: Any) -> Any:
    a, b = np.gradient(u, h)
    s = a * a
    s += b * b
    s += 0.01
    np.sqrt(s, out=s)
    np.divide(1 / (2 * h), s, out=s)
    a *= s
    b *= s
    a[[0, -1]] *= 2
    b[:, [0, -1]] *= 2
    g = np.zeros_like(u)
    g[2:] += a[1:-1]
    g[:-2] -= a[1:-1]
    g[0] -= a[0]
    g[1] += a[0]
    g[-2] -= a[-1]
    g[-1] += a[-1]
    g[:, 2:] += b[:, 1:-1]
    g[:, :-2] -= b[:, 1:-1]
    g[:, 0] -= b[:, 0]
    g[:, 1] += b[:, 0]
    g[:, -2] -= b[:, -1]
    g[:, -1] += b[:, -1]
    return g


def nine_points(np: Any, u: Any, f: Any) -> Any:
    """Residual of a periodic stencil of nine points and a cube, gradient of its squares."""
    beside = np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1)
    corners = sum(np.roll(u, (i, j), (0, 1)) for i in (1, -1) for j in (1, -1))
    return np.sum((4 * beside + corners - 20 * u + u**3 - f) ** 2)


def nine_points_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return rng.standard_normal((n, n)), rng.standard_normal((n, n))


def nine_points_by_hand(u: Any, f: Any) -> Any:
    def applied(u):
        # (1 4 1) in both directions less 36 in the middle.
        wide = np.empty((u.shape[0] + 2, u.shape[1] + 2))
        wide[1:-1, 1:-1] = u
        wide[0, 1:-1], wide[-1, 1:-1] = u[-1], u[0]
        wide[:, 0], wide[:, -1] = wide[:, -2], wide[:, 1]
        rows = 4 * wide[1:-1]
        rows += wide[:-2]
        rows += wide[2:]
        result = 4 * rows[:, 1:-1]
        result += rows[:, :-2]
        result += rows[:, 2:]
        return result

    squares = u * u
    r = applied(u)
    r += (squares - 36) * u
    r -= f
    r *= 2
    squares *= 3
    squares -= 36
    squares *= r
    squares += applied(r)
    return squares


def shallow_water(np: Any, h: Any, q: Any, c: Any) -> Any:
    """Shallow water by Lax-Friedrichs steps, gradient for start."""
    for _ in range(20):
        flux = q**2 / h + 4.9 * h**2
        h, q = (
            0.5 * (np.roll(h, 1) + np.roll(h, -1)) - c * (np.roll(q, -1) - np.roll(q, 1)),
            0.5 * (np.roll(q, 1) + np.roll(q, -1)) - c * (np.roll(flux, -1) - np.roll(flux, 1)),
        )
    return np.sum((h - 1) ** 2) + np.sum(q**2)


def shallow_water_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return 1 + 0.1 * rng.random(n), 0.1 * rng.random(n), 0.05


def shallow_water_by_hand(h: Any, q: Any, c: Any) -> Any:
    n = len(h)
    W = np.empty((3, n + 2))  # h, q, flux with margins
    core, left, right = W[:, 1:-1], W[:, :-2], W[:, 2:]
    kept = np.empty((20, 2, n))
    core[0], core[1] = h, q
    for row in kept:
        row[:] = core[:2]
        speed = core[1] / core[0]
        np.multiply(core[1], speed, out=core[2])
        core[2] += 4.9 * core[0] ** 2
        W[:, 0], W[:, -1] = W[:, -2], W[:, 1]
        mean = left[:2] + right[:2]
        mean *= 0.5
        change = right[1:] - left[1:]
        change *= c
        core[:2] = mean
        core[:2] -= change
    V = np.empty((2, n + 2))
    g, left, right = V[:, 1:-1], V[:, :-2], V[:, 2:]
    np.multiply(2, core[0] - 1, out=g[0])
    np.multiply(2, core[1], out=g[1])
    H, Q = kept[:, 0], kept[:, 1]
    S = Q / H
    slopes_h = 9.8 * H - S * S
    S *= 2
    for t in range(19, -1, -1):
        V[:, 0], V[:, -1] = V[:, -2], V[:, 1]
        mean = left + right
        mean *= 0.5
        change = right - left
        change *= c
        mean[1] += change[0]
        mean[0] += change[1] * slopes_h[t]
        mean[1] += change[1] * S[t]
        g[:] = mean
    return g[0].copy(), g[1].copy()


def gray_scott(np: Any, w: Any, F: Any, k: Any) -> Any:
    """Reaction and diffusion of two substances on a periodic grid, Jacobian as CSR."""
    u, v = w

    def spread(a):
        return np.roll(a, 1, 0) + np.roll(a, -1, 0) + np.roll(a, 1, 1) + np.roll(a, -1, 1) - 4 * a

    r = u * v**2
    return np.stack([0.16 * spread(u) - r + F * (1 - u), 0.08 * spread(v) + r - (F + k) * v])


def gray_scott_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return rng.random((2, n, n)), 0.035, 0.065


PATTERNS: dict[int, Any] = {}


def gray_scott_pattern(n: int) -> Any:
    """Indices of the rows, sorted, and where in a row the reaction stands; for each size once."""
    if n not in PATTERNS:
        at = np.arange(n * n).reshape(n, n)
        beside = np.stack([at, *[np.roll(at, s, axis) for s in (1, -1) for axis in (0, 1)]], axis=-1).reshape(-1, 5)
        rows = np.concatenate(
            [np.c_[beside, at.ravel() + n * n], np.c_[at.ravel(), beside + n * n]],
        )
        order = np.argsort(rows, axis=1)
        columns = np.take_along_axis(rows, order, 1).astype(np.int32)
        place = np.argsort(order, axis=1) + 6 * np.arange(2 * n * n)[:, None]
        data = np.empty((2, n * n, 6))
        data[0], data[1] = 0.16, 0.08
        PATTERNS[n] = columns.ravel(), place[: n * n, [0, 5]].T, place[n * n :, [1, 0]].T, data.ravel()
    return PATTERNS[n]


def gray_scott_by_hand(w: Any, F: Any, k: Any) -> Any:
    n = w.shape[1]
    columns, (uu, uv), (vv, vu), constant = gray_scott_pattern(n)
    u, v = w.reshape(2, -1)
    data = constant.copy()
    squares, both = v * v, 2 * u * v
    data[uu] = -0.64 - F - squares
    data[uv] = -both
    data[vu] = squares
    data[vv] = both - (0.32 + F + k)
    pointers = np.arange(0, 12 * n * n + 1, 6, dtype=np.int32)
    return sp.csr_array((data, columns, pointers), (2 * n * n, 2 * n * n))


def moving_average(np: Any, x: Any, y: Any) -> Any:
    """A moving average of 25 values against what is wanted, gradient."""
    mean = np.mean(np.lib.stride_tricks.sliding_window_view(x, 25), axis=-1)
    return np.sum((mean - y) ** 2)


def moving_average_data(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return rng.standard_normal(n), rng.standard_normal(n - 24)


def moving_average_by_hand(x: Any, y: Any) -> Any:
    n = len(x)
    sums = np.zeros(n + 1)
    np.cumsum(x, out=sums[1:])
    r = sums[25:] - sums[:-25]
    r *= 1 / 25
    r -= y
    wide = np.zeros(n + 25)
    np.cumsum(r, out=wide[25 : n + 1])
    wide[n + 1 :] = wide[n]
    g = wide[25:] - wide[:-25]
    g *= 2 / 25
    return g


PROBLEMS = (
    asked("gradient", diffusion, diffusion_data, diffusion_by_hand, {"n": 200}, {"n": 7}, (0, 1)),
    asked("gradient", crank_nicolson, crank_nicolson_data, crank_nicolson_by_hand, {"n": 60}, {"n": 5}, (0, 1)),
    asked("jacobian", upwind, upwind_data, upwind_by_hand, {"n": 200}, {"n": 7}),
    asked("csr", advection, upwind_data, advection_by_hand, {"n": 2000}, {"n": 7}),
    asked("gradient", roughness, roughness_data, roughness_by_hand, {"n": 100}, {"n": 6}),
    asked("gradient", nine_points, nine_points_data, nine_points_by_hand, {"n": 100}, {"n": 5}),
    asked("gradient", shallow_water, shallow_water_data, shallow_water_by_hand, {"n": 500}, {"n": 7}, (0, 1)),
    asked("csr", gray_scott, gray_scott_data, gray_scott_by_hand, {"n": 32}, {"n": 4}),
    asked("gradient", moving_average, moving_average_data, moving_average_by_hand, {"n": 2000}, {"n": 30}),
)
