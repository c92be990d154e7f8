"""Stencils: right-hand sides of discretised differential equations, whose Jacobians are sparse matrices (CSR).

The experts know the pattern: they fill a template's numbers and hand out the same index arrays every time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

import jacobians as jac

from ..problem import Case, Problem, Target
from ..references import check_matrix

__all__ = ["PROBLEMS"]

ALPHA, A, B = 50.0, 1.0, 3.4


def brusselator(np: Any) -> Any:
    """``f(y)`` of y = (u, v) on a periodic grid, shape (2, n, n)."""

    def laplacian(u):
        n = u.shape[0]
        around = np.roll(u, 1, axis=0) + np.roll(u, -1, axis=0) + np.roll(u, 1, axis=1) + np.roll(u, -1, axis=1)
        return ALPHA * (n - 1) ** 2 / n**2 * (around - 4 * u)

    def f(y):
        u, v = y[0], y[1]
        reaction = u**2 * v
        return np.stack([B + reaction - (A + 1) * u + laplacian(u), A * u - reaction + laplacian(v)])

    return f


class Pattern:
    """Where the entries of named groups stand in a CSR matrix with sorted columns.

    Parameters
    ----------
    size : int
        Of the square matrix.
    groups : dict
        Name -> (rows, columns).
    """

    def __init__(self, size: int, groups: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
        rows = np.concatenate([np.ravel(r) for r, _ in groups.values()])
        columns = np.concatenate([np.ravel(c) for _, c in groups.values()])
        order = np.lexsort((columns, rows))
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        ends = np.cumsum([np.size(r) for r, _ in groups.values()])[:-1]
        self.places = dict(zip(groups, np.split(places, ends), strict=True))
        self.indices = columns[order].astype(np.int32)
        counts = np.bincount(rows, minlength=size)
        self.indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        self.shape = (size, size)

    def matrix(self, entries: np.ndarray) -> Any:
        return scipy.sparse.csr_array((entries, self.indices, self.indptr), shape=self.shape)


def make_brusselator(n: int) -> Case:
    y = np.random.default_rng(0).uniform(0.5, 1.5, (2, n, n))
    f = brusselator(np)
    jacobian = jac.jacobian(f)

    cells = np.arange(2 * n * n).reshape(2, n, n)
    groups = {f"{axis} {shift}": (cells, np.roll(cells, shift, axis=axis)) for axis in (1, 2) for shift in (1, -1)}
    groups |= {"uu": (cells[0], cells[0]), "uv": (cells[0], cells[1])}
    groups |= {"vu": (cells[1], cells[0]), "vv": (cells[1], cells[1])}
    pattern = Pattern(cells.size, groups)
    diffusion = ALPHA * (n - 1) ** 2 / n**2
    template = np.full(len(pattern.indices), diffusion)
    uu, uv, vu, vv = (pattern.places[name] for name in ("uu", "uv", "vu", "vv"))

    def hand(y):
        u, v = y[0].ravel(), y[1].ravel()
        twice, square = 2 * u * v, u * u
        entries = template.copy()
        entries[uu] = twice - (A + 1 + 4 * diffusion)
        entries[uv] = square
        entries[vu] = A - twice
        entries[vv] = -4 * diffusion - square
        return pattern.matrix(entries)

    return Case(
        "sparse",
        brusselator,
        (y,),
        ours=lambda y: jacobian(y).to_sparse(),
        hand=hand,
        check=lambda found: check_matrix(f, (y,), 0, found),
        plan=lambda: jacobian(y),
    )


def heat(np: Any) -> Any:
    """``f(u)`` with fixed borders: diffusion that grows with heat, and a source."""

    def f(u):
        p = np.pad(u, 1)
        laplacian = p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4 * u
        return (1 + u**2) * laplacian + np.exp(-u)

    return f


def make_heat(n: int) -> Case:
    u = np.random.default_rng(0).uniform(0.0, 1.0, (n, n))
    f = heat(np)
    jacobian = jac.jacobian(f)

    cells = np.arange(n * n).reshape(n, n)
    groups = {
        "here": (cells, cells),
        "below": (cells[:-1], cells[1:]),
        "above": (cells[1:], cells[:-1]),
        "right": (cells[:, :-1], cells[:, 1:]),
        "left": (cells[:, 1:], cells[:, :-1]),
    }
    pattern = Pattern(cells.size, groups)
    places = pattern.places

    def hand(u):
        p = np.pad(u, 1)
        laplacian = p[2:, 1:-1] + p[:-2, 1:-1]
        laplacian += p[1:-1, 2:]
        laplacian += p[1:-1, :-2]
        laplacian -= 4 * u
        k = 1 + u * u
        entries = np.empty(len(pattern.indices))
        entries[places["here"]] = (2 * u * laplacian - 4 * k - np.exp(-u)).ravel()
        entries[places["below"]] = k[:-1].ravel()
        entries[places["above"]] = k[1:].ravel()
        entries[places["right"]] = k[:, :-1].ravel()
        entries[places["left"]] = k[:, 1:].ravel()
        return pattern.matrix(entries)

    return Case(
        "sparse",
        heat,
        (u,),
        ours=lambda u: jacobian(u).to_sparse(),
        hand=hand,
        check=lambda found: check_matrix(f, (u,), 0, found),
        plan=lambda: jacobian(u),
    )


PROBLEMS = (
    Problem(
        "brusselator",
        "Brusselator, Jacobian as CSR",
        make_brusselator,
        full={"64 x 64 x 2": {"n": 64}},
        small={"4 x 4 x 2": {"n": 4}},
        targets=(Target(1.5),),
    ),
    Problem(
        "heat",
        "nonlinear heat equation, Jacobian as CSR",
        make_heat,
        full={"128 x 128": {"n": 128}},
        small={"4 x 4": {"n": 4}},
        targets=(Target(1.5),),
    ),
)
