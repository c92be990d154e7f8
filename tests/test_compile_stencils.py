"""Stencils: arrays padded with zeros, and their sparse Jacobians without copies that outlive their line."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac

PADS = (
    lambda u: np.pad(u, 1),
    lambda u: np.pad(u, (2, 0)),
    lambda u: np.pad(u, ((1, 2), (0, 3))),
    lambda u: np.pad(u, [[0], [1]]),
    lambda u: np.pad(u, 1, "constant"),
    lambda u: np.pad(u, pad_width=((1, 0), (0, 0)), mode="constant", constant_values=0),
    lambda u: np.pad(u, 1, constant_values=2.0),
    lambda u: np.pad(u, 1, mode="edge"),
    lambda u: np.pad(u, 0),
)


@pytest.mark.parametrize("pad", PADS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(3, 4), (1, 1), (3, 0)])
def test_padded_arrays_are_those_of_numpy(pad, dtype, shape):
    if 0 in shape and "edge" in str(pad.__code__.co_consts):
        shape = (3, 1)  # NumPy refuses to extend an axis without entries
    u = np.arange(np.prod(shape), dtype=dtype).reshape(shape) - 2
    found, expected = jac.compile(lambda u: pad(u) * 2)(u), pad(u) * 2
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, expected)


def test_zeros_around_an_array_are_written_without_a_call_of_pad():
    compiled = jac.compile(lambda u: np.pad(u, 1) ** 2)
    _ = compiled(np.ones((2, 3)))
    assert "np.pad" not in compiled.source
    assert "np.zeros((4, 5), np.float64)" in compiled.source
    other = jac.compile(lambda u: np.pad(u, 1, constant_values=1) ** 2)
    _ = other(np.ones((2, 3)))
    assert "np.pad" in other.source


def diffusion(u):
    p = np.pad(u, 1)
    laplacian = p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4 * u
    return (1 + u**2) * laplacian + u[:, ::-1] * u


def test_sparse_jacobian_of_a_stencil():
    n = 60
    u = np.random.default_rng(0).uniform(0, 1, (n, n))
    compiled = jac.compile(lambda u: jac.jacobian(diffusion)(u).to_sparse())
    found = compiled(u)
    h = np.random.default_rng(1).standard_normal((n, n))
    step = 1e-6
    slope = (diffusion(u + step * h) - diffusion(u - step * h)) / (2 * step)
    np.testing.assert_allclose(found @ h.ravel(), slope.ravel(), atol=1e-6)
    np.testing.assert_allclose(compiled(2 * u) @ h.ravel(), jac.jvp(diffusion, (2 * u,), (h,))[1].ravel(), atol=1e-12)
    order = next(o for o in (np.random.default_rng(k).permutation(n) for k in range(99)) if np.all(o != np.arange(n)))
    mixed = jac.compile(lambda u: jac.jacobian(lambda u: u[order] * u)(u).to_sparse())
    np.testing.assert_allclose(mixed(u) @ h.ravel(), (h[order] * u + u[order] * h).ravel(), atol=1e-14)
    copies = [line for line in mixed.source.splitlines() if ".reshape(-1)" in line]
    assert copies
    assert all("] = " in line or "] += " in line for line in copies)  # no name keeps a copy
