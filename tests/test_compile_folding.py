"""Linear steps of a loop take as few products as possible."""

from __future__ import annotations

import re

import numpy as np

import jacobians as jac

RNG = np.random.default_rng(9)


def test_matrices_of_a_linear_step_become_one():
    """``A x - B (K x)`` is one product in each step, and ``K x`` is computed for all steps at once."""
    A, B, start = 0.3 * RNG.standard_normal((8, 8)), RNG.standard_normal((8, 3)), RNG.standard_normal(8)

    def cost(K):
        x, total = start, 0.0
        for _ in range(40):
            u = -K @ x
            total = total + u @ u + x @ x
            x = x + 0.1 * (A @ x + B @ u)
        return total

    K = 0.2 * RNG.standard_normal((3, 8))
    compiled = jac.compile(jac.grad(cost))
    steps = [K + 1e-30j * e.reshape(3, 8) for e in np.eye(24)]
    expected = [cost(step).imag / 1e-30 for step in steps]
    np.testing.assert_allclose(compiled(K).reshape(-1), expected, rtol=1e-10)
    forward = compiled.source.split("    for ")[1]
    assert len(re.findall(r"^ {8}\w", forward, re.MULTILINE)) == 1
    K[0, 0] = np.inf
    with np.errstate(all="ignore"):
        assert np.isnan(compiled(K)[np.isnan(jac.grad(cost)(K))]).all()


def test_what_cancels_in_a_linear_step_is_not_left_out():
    def final(x, A):
        for _ in range(40):
            x = (0.1 * (A @ x) + x + x) - x
        return x

    compiled = jac.compile(final)
    x, A = RNG.standard_normal(4), RNG.standard_normal((4, 4))
    np.testing.assert_allclose(compiled(x, A), final(x, A), rtol=1e-9)
    x[1] = np.inf
    with np.errstate(all="ignore"):
        assert np.isnan(compiled(x, A)[np.isnan(final(x, A))]).all()
