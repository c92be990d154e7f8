"""Jacobians of real functions through complex values: some of their terms give real parts, which nothing may lose."""

import copy
import pickle

import numpy as np
import pytest
from foreign_derivatives import differences

import jacobians as jac

RNG = np.random.default_rng(17)
X, H = RNG.normal(size=(2, 4))
A = RNG.normal(size=(4, 4)) + 1j * RNG.normal(size=(4, 4))

# fmt: off
FUNCTIONS = {
    "power":        lambda x: np.abs(np.exp(1j * x) * x + A[0]) ** 2,
    "product":      lambda x: np.real(np.einsum("ij,j,j->i", A, x * 1j, np.conj(A @ x))),
    "concatenated": lambda x: np.abs(np.concatenate([x * 1j, x + 0j, A[0] * x])),
    "in a loop":    lambda x: np.abs(np.arccos(x * x + 1.5, dtype=complex) + np.power(-1 - x * x, 1.5, dtype=complex)),
    "imaginary":    lambda x: np.imag(np.sin(A @ x)) + np.real(x * A[1]),
}
# fmt: on


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_way_to_hand_a_jacobian_on_keeps_its_real_parts(name):
    function = FUNCTIONS[name]
    expected = differences(function, [X]).astype(float)

    def same(found):
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)

    for mode in ("explicit", "lazy"):
        J = jac.jacobian(function, mode=mode)(X)
        identity = jac.Jacobian.identity(J.out_shape)
        same(J.to_array())
        same(pickle.loads(pickle.dumps(J)).to_array())
        same(copy.deepcopy(J).to_array())
        same((identity @ J).to_array())
        same((J @ jac.Jacobian.identity((4,))).to_array())
        same((0.5 * J + 0.5 * J).to_array())
        same(J.T.to_array().T)
        same(J.T.T.to_array())
        same(J.to_sparse().toarray())
        same(np.stack([J @ e for e in np.eye(4)], axis=-1))
    same(jac.compile(jac.jacobian(function))(X).to_array())
    same(jac.jacobian(lambda p: {"y": function(p["x"])})({"x": X})["y"]["x"].to_array())
    same(pickle.loads(pickle.dumps(jac.jacobian(lambda p: function(p[0]))([X]))).to_matrix())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_derivatives(name):
    def loss(x):
        return np.sum(np.sin(FUNCTIONS[name](x)))

    expected = differences(lambda x: differences(loss, [x], step=1e-2), [X], step=1e-2).astype(float)
    for found in (
        jac.hessian(loss)(X).to_array(),
        jac.compile(jac.hessian(loss))(X).to_array(),
        pickle.loads(pickle.dumps(jac.hessian(loss)(X))).to_array(),
        jac.jacobian(jac.grad(loss), mode="lazy")(X).to_array(),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(jac.hvp(loss, (X,), (H,))[0], expected @ H, rtol=1e-6, atol=1e-6)
