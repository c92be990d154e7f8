"""Scripts of NumPy alone, unchanged: gradients, Jacobians and Hessians in every way, against foreign derivatives."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foreign_derivatives import along, autograd_jacobian, complex_step, differences, hessian
from scripts import (
    deconvolution,
    gaussian_process,
    kalman,
    lstm,
    minpack,
    mixture,
    pendulum,
    predator_prey,
    principal_components,
)

import jacobians as jac

RNG = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape)


@dataclass(frozen=True)
class Script:
    """A function of a script, where to differentiate it, and the oracle that fits it.

    Parameters
    ----------
    function : callable
    points : tuple
        Its arguments.
    argnums : tuple of int
    oracle : callable
        Of `foreign_derivatives`.
    tolerance : float
        Against the largest entry of the derivative (or one).
    second : bool
        Whether the whole Hessian is checked, too.
    """

    function: Callable[..., Any]
    points: tuple[Any, ...]
    argnums: tuple[int, ...] = (0,)
    oracle: Callable[..., Any] = autograd_jacobian
    tolerance: float = 1e-10
    second: bool = True

    def moved(self) -> tuple[Any, ...]:
        """A second point near the first one."""
        points = list(self.points)
        for n in self.argnums:
            points[n] = points[n] * 1.01 + 0.003
        return tuple(points)


GMM = mixture.read(Path(__file__).parent / "data" / "adbench" / "gmm_1k_d10_K25.txt")
SERIES = np.cumsum(normal(12, 1) + 0.3, axis=0)
INPUTS, VALUES = normal(9, 2), normal(9)
SIGNAL = np.sin(np.linspace(0, 6, 12, endpoint=False)) + 0.2
TABLE = normal(8, 4) * np.array([3.0, 2.0, 1.0, 0.4])
RATES, START = np.array([1.1, 0.4, 0.1, 0.4]), np.array([10.0, 5.0])
OBSERVED = np.array([[10, 5], [3.0, 6.5], [2, 4], [2.2, 2.4], [3.1, 1.6]])
PENDULUMS = (normal(4, 3), np.array([1.0, 0.7]), np.array([1.0, 2.0]), np.array(0.1))
NETWORK = (
    0.4 * normal(7, 16),
    0.1 * normal(16),
    0.5 * normal(4),
    normal(50, 2, 3),
    normal(50, 2),
)

SCRIPTS = {
    "predator-prey-trajectory": Script(predator_prey.integrate, (RATES, START), (0, 1), complex_step),
    "predator-prey-misfit": Script(predator_prey.misfit, (RATES, START, OBSERVED), (0, 1), complex_step),
    "pendulum": Script(pendulum.swing, PENDULUMS, (0, 1, 2, 3), complex_step),
    "kalman-likelihood": Script(kalman.log_likelihood, (np.array([-1.0, 0.2, -0.5]), SERIES), (0, 1)),
    "kalman-positions": Script(
        kalman.smoothed, (np.array([-1.0, 0.2, -0.5]), SERIES), (0, 1), partial(complex_step, dtype=complex)
    ),
    "gaussian-process-cholesky": Script(
        gaussian_process.by_cholesky, (np.array([0.2, -0.1, 0.3, -1.0]), INPUTS, VALUES), (0, 1, 2)
    ),
    "gaussian-process-determinant": Script(
        gaussian_process.by_determinant, (np.array([0.2, -0.1, 0.3, -1.0]), INPUTS, VALUES), (0, 1, 2)
    ),
    "gaussian-process-prediction": Script(
        gaussian_process.predict, (np.array([0.2, -0.1, 0.3, -1.0]), INPUTS, VALUES, normal(4, 2)), (0, 1, 2, 3)
    ),
    "principal-components-error": Script(principal_components.error, (TABLE,), tolerance=1e-9),
    "principal-components-reconstruction": Script(principal_components.reconstruct, (TABLE, 2), tolerance=1e-9),
    "lstm": Script(lstm.loss, NETWORK, (0, 1, 2, 3), second=False),
    "deconvolution-misfit": Script(deconvolution.misfit, (SIGNAL, np.array(1.5), normal(12)), (0, 1, 2), differences),
    "deconvolution-image": Script(deconvolution.loss, (normal(4, 5), normal(4, 5)), (0, 1), differences),
    "blur": Script(deconvolution.blur, (SIGNAL, np.array(1.5)), (0, 1), differences),
    "spectral-derivative": Script(deconvolution.spectral_slope, (SIGNAL,), oracle=differences),
    "mixture": Script(mixture.objective, GMM[:4], (0, 1, 2), second=False),
}


def assert_close(found: Any, expected: Any, tolerance: float, name: str) -> None:
    assert np.shape(found) == np.shape(expected), f"{name}: {np.shape(found)} instead of {np.shape(expected)}"
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(found, np.asarray(expected, float), rtol=0, atol=tolerance * scale, err_msg=name)


def is_scalar(script: Script) -> bool:
    return np.shape(script.function(*script.points)) == ()


@pytest.mark.parametrize("name", SCRIPTS)
def test_jacobians(name):
    script = SCRIPTS[name]
    explicit = jac.jacobian(script.function, script.argnums, mode="explicit")(*script.points)
    lazy = {
        order: jac.jacobian(script.function, script.argnums, mode="lazy", order=order)(*script.points)
        for order in ("forward", "reverse")
    }
    rng = np.random.default_rng(1)
    for place, n in enumerate(script.argnums):
        expected = np.asarray(script.oracle(script.function, script.points, n), float)
        assert_close(explicit[place].to_array(), expected, script.tolerance, f"argument {n}")
        J = lazy["forward"][place]
        h, c = rng.normal(size=J.in_shape), rng.normal(size=J.out_shape)
        product, row = np.tensordot(expected, h, h.ndim), np.tensordot(c, expected, c.ndim)
        for order, J in ((order, lazy[order][place]) for order in lazy):
            assert_close(J @ h, product, 10 * script.tolerance, f"J @ h, argument {n}, {order}")
            assert_close(c @ J, row, 10 * script.tolerance, f"c @ J, argument {n}, {order}")


@pytest.mark.parametrize("name", [name for name, script in SCRIPTS.items() if is_scalar(script)])
def test_gradients_and_hessians(name):
    script = SCRIPTS[name]
    value, gradients = jac.value_and_grad(script.function, script.argnums)(*script.points)
    assert_close(value, script.function(*script.points), 1e-13, "value")
    for gradient, n in zip(gradients, script.argnums, strict=True):
        expected = script.oracle(script.function, script.points, n)
        assert_close(gradient, expected, script.tolerance, f"gradient of argument {n}")
        x = script.points[n]
        direction = np.random.default_rng(2).normal(size=x.shape)

        def of_one(x, n=n):
            return script.function(*script.points[:n], x, *script.points[n + 1 :])

        if script.second:
            product = jac.hvp(of_one, (x,), (direction,))[0]
            expected = np.asarray(hessian(script.oracle, script.function, script.points, n), float)
            assert_close(jac.hessian(of_one)(x).to_array(), expected, 1e-8, f"Hessian of argument {n}")
            assert_close(product, np.tensordot(expected, direction, x.ndim), 1e-8, f"hvp, argument {n}")
        elif n == script.argnums[0]:
            product = jac.hvp(of_one, (x,), (direction,))[0]
            expected = along(script.oracle, script.function, script.points, n, direction)
            assert_close(product, expected, 1e-7, f"hvp, argument {n}")


@pytest.mark.parametrize("name", SCRIPTS)
def test_compiled(name):
    script = SCRIPTS[name]
    compiled = jac.compile(jac.jacobian(script.function, script.argnums))
    for points in (script.points, script.moved()):
        for J, n in zip(compiled(*points), script.argnums, strict=True):
            expected = script.oracle(script.function, points, n)
            assert_close(J.to_array(), expected, 10 * script.tolerance, f"argument {n}")


@pytest.mark.parametrize("name", [name for name, script in SCRIPTS.items() if is_scalar(script)])
def test_compiled_gradients_and_hessians(name):
    script = SCRIPTS[name]
    gradients = jac.compile(jac.grad(script.function, script.argnums))
    second = jac.compile(lambda *points: jac.hessian(script.function)(*points).to_array()) if script.second else None
    for points in (script.points, script.moved()):
        for gradient, n in zip(gradients(*points), script.argnums, strict=True):
            expected = script.oracle(script.function, points, n)
            assert_close(gradient, expected, 10 * script.tolerance, f"gradient of argument {n}")
        if second is not None:
            expected = hessian(script.oracle, script.function, points)
            assert_close(second(*points), expected, 1e-8, "Hessian")


def test_reconstruction_error_is_the_tail_of_the_spectrum():
    centred = TABLE - TABLE.mean(axis=0)
    U, s, Vt = np.linalg.svd(centred, full_matrices=False)
    tail = (U[:, 2:] * s[2:]) @ Vt[2:]
    expected = 2 * (tail - tail.mean(axis=0)) / TABLE.size
    assert_close(jac.grad(principal_components.error)(TABLE), expected, 1e-12, "gradient")


def test_explained_variance():
    # eigenvalues of the covariance are squares of singular values: d s_k^2 = 2 s_k u_k v_k.T
    centred = TABLE - TABLE.mean(axis=0)
    U, s, Vt = np.linalg.svd(centred, full_matrices=False)
    of_values = 2 * np.einsum("k,ik,kj->kij", s, U, Vt)
    total = np.sum(s**2)
    expected = of_values / total - (s**2 / total**2)[:, None, None] * of_values.sum(axis=0)
    for f in (jac.jacobian(principal_components.explained), jac.compile(jac.jacobian(principal_components.explained))):
        assert_close(f(TABLE).to_array(), expected, 1e-11, "explained")


# ------------------------------------------------------------------------------------------- least squares (MINPACK)
NOT_ANALYTIC = {minpack.gulf}  # it takes absolute values
BRANCHING = {minpack.helical_valley}


def residuals_at(f: Callable[..., Any], second: bool = False) -> np.ndarray:
    x = np.array(minpack.PROBLEMS[f], float)
    return x * 1.1 + 0.07 if second else x


def squares(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: (f(x) ** 2).sum()


def foreign_jacobian(f: Callable[..., Any], x: Any) -> np.ndarray:
    return (differences if f in NOT_ANALYTIC else complex_step)(f, [x])


def foreign_hessian(f: Callable[..., Any], x: Any) -> np.ndarray:
    return differences(lambda x: 2 * f(x) @ foreign_jacobian(f, x), [x])


@pytest.mark.parametrize("f", minpack.PROBLEMS, ids=lambda f: f.__name__)
def test_least_squares(f):
    for second in (False, True):
        x = residuals_at(f, second)
        J, H = foreign_jacobian(f, x), foreign_hessian(f, x)
        for mode in ("explicit", "lazy"):
            assert_close(jac.jacobian(f, mode=mode)(x).to_array(), J, 1e-12, mode)
        assert_close(jac.grad(squares(f))(x), 2 * f(x) @ J, 1e-12, "gradient")
        assert_close(jac.hessian(squares(f))(x).to_array(), H, 1e-9, "Hessian")


@pytest.mark.parametrize("f", [f for f in minpack.PROBLEMS if f not in BRANCHING], ids=lambda f: f.__name__)
def test_compiled_least_squares(f):
    jacobian, second = jac.compile(jac.jacobian(f)), jac.compile(jac.hessian(squares(f)))
    for x in (residuals_at(f), residuals_at(f, second=True)):
        assert_close(jacobian(x).to_array(), foreign_jacobian(f, x), 1e-12, "Jacobian")
        assert_close(second(x).to_array(), foreign_hessian(f, x), 1e-9, "Hessian")


def test_a_branch_on_values_is_not_compiled():
    with pytest.raises(jac.StagingError, match=r"minpack\.py"):
        jac.compile(jac.jacobian(minpack.helical_valley))(residuals_at(minpack.helical_valley))


# --------------------------------------------------------------------------------------------------- single precision
SINGLE = ("predator-prey-trajectory", "lstm", "mixture", "predator-prey-misfit")


@pytest.mark.parametrize("name", SINGLE)
def test_single_precision(name):
    script = SCRIPTS[name]
    points = tuple([x.astype(np.float32) if isinstance(x, np.ndarray) else x for x in script.points])
    value = script.function(*points)
    assert value.dtype == np.float32
    for transform in (jac.jacobian, lambda *args: jac.compile(jac.jacobian(*args))):
        for J, n in zip(transform(script.function, script.argnums)(*points), script.argnums, strict=True):
            assert J.dtype == np.float32
            dense = J.to_array()
            assert dense.dtype == np.float32
            expected = np.asarray(script.oracle(script.function, script.points, n), float)
            assert_close(dense / max(1, np.abs(expected).max()), expected / max(1, np.abs(expected).max()), 1e-3, name)
