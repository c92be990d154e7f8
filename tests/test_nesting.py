"""Derivatives of derivatives: every transform inside every other, and whose perturbation is whose."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from sample_jacobians import assert_close

import jacobians as jac

RNG = np.random.default_rng(4)
X, H, C = RNG.normal(size=(3, 4))
M = RNG.normal(size=(4, 4))


def ours(x):
    return np.tanh(M @ x) * x[::-1]


def theirs(x):
    return anp.tanh(anp.dot(M, x)) * x[::-1]


J1 = autograd.jacobian(theirs)
FIRST = J1(X)
SECOND = autograd.jacobian(J1)(X)
THIRD = autograd.jacobian(autograd.jacobian(J1))(X)
ALONG = SECOND.transpose(0, 2, 1) @ H

# One first derivative, in the words of each transform: functions of x whose derivative is known.
# fmt: off
INNER = {
    "jacobian @ h":  (lambda x: jac.jacobian(ours)(x) @ H,                     FIRST @ H,   ALONG),
    "lazy @ h":      (lambda x: jac.jacobian(ours, mode="lazy")(x) @ H,        FIRST @ H,   ALONG),
    "jvp":           (lambda x: jac.jvp(ours, (x,), (H,))[1],                  FIRST @ H,   ALONG),
    "linearize":     (lambda x: jac.linearize(ours, x)[1].jvp(H),              FIRST @ H,   ALONG),
    "c @ jacobian":  (lambda x: C @ jac.jacobian(ours)(x),                     C @ FIRST,   np.tensordot(C, SECOND, 1)),
    "vjp":           (lambda x: jac.vjp(ours, x)[1](C)[0],                     C @ FIRST,   np.tensordot(C, SECOND, 1)),
    "grad":          (lambda x: jac.grad(lambda y: C @ ours(y))(x),            C @ FIRST,   np.tensordot(C, SECOND, 1)),
    "J.vjp":         (lambda x: jac.jacobian(ours)(x).vjp(C),                  C @ FIRST,   np.tensordot(C, SECOND, 1)),
    "to_array":      (lambda x: jac.jacobian(ours)(x).to_array(),              FIRST,       SECOND),
    "forward":       (lambda x: jac.jacfwd(ours)(x).to_array(),                FIRST,       SECOND),
    "explicit":      (lambda x: jac.jacobian(ours, mode="explicit")(x),        FIRST,       SECOND),
    "Jacobian":      (lambda x: jac.jacobian(ours)(x),                         FIRST,       SECOND),
    "transposed":    (lambda x: jac.jacobian(ours)(x).T.to_array(),            FIRST.T,     SECOND.transpose(1, 0, 2)),
    "entries":       (lambda x: jac.jacobian(ours)(x)[1:3, 0],                 FIRST[1:3, 0], SECOND[1:3, 0]),
    "diagonal":      (lambda x: jac.jacobian(ours)(x).diagonal(),  np.diag(FIRST),         SECOND[range(4), range(4)]),
    "value":         (lambda x: jac.value_and_jacobian(ours)(x)[0],            ours(X),     FIRST),
}
OUTER = {
    "jacobian":      lambda f: jac.jacobian(f)(X).to_array(),
    "lazy":          lambda f: jac.jacobian(f, mode="lazy")(X).to_array(),
    "explicit":      lambda f: jac.jacobian(f, mode="explicit")(X).to_array(),
    "forward":       lambda f: jac.jacfwd(f)(X).to_array(),
    "products":      lambda f: jac.jacobian(f, mode="lazy")(X) @ np.eye(4),
    "jvp":           lambda f: np.stack([jac.jvp(f, (X,), (e,))[1] for e in np.eye(4)], axis=-1),
}
# fmt: on


@pytest.mark.parametrize("outer", OUTER)
@pytest.mark.parametrize("inner", INNER)
def test_a_transform_inside_another(inner, outer):
    function, value, derivative = INNER[inner]
    found = function(X)
    assert_close(np.asarray(found), value)
    assert_close(OUTER[outer](function), derivative)


@pytest.mark.parametrize("inner", INNER)
def test_products_of_a_transform_inside_another(inner):
    function, value, derivative = INNER[inner]
    cotangent = RNG.normal(size=np.shape(value))
    primal, pullback = jac.vjp(function, X)
    assert_close(primal, value)
    assert_close(pullback(cotangent)[0], np.tensordot(cotangent, derivative, np.ndim(value)))
    gradient = jac.grad(lambda x: np.sum(dense(function(x)) ** 2))
    assert_close(gradient(X), 2 * np.tensordot(value, derivative, np.ndim(value)))


def dense(result):
    return result.to_array() if isinstance(result, jac.Jacobian) else result


def test_third_derivatives():
    assert_close(jac.jacobian(lambda x: jac.jacobian(lambda y: jac.jacobian(ours)(y))(x))(X).to_array(), THIRD)
    third = jac.jacobian(jac.hessian(lambda x: C @ ours(x)))(X).to_array()
    assert_close(third, np.tensordot(C, THIRD, 1))
    along = jac.jvp(lambda x: jac.jvp(lambda y: jac.jvp(ours, (y,), (H,))[1], (x,), (H,))[1], (X,), (H,))[1]
    assert_close(along, THIRD @ H @ H @ H)
    curved = jac.jacobian(lambda x: jac.hvp(lambda y: C @ ours(y), (x,), (H,))[0])(X)
    assert_close(curved.to_array(), np.tensordot(C, THIRD @ H, 1))


def test_mixed_transforms_of_one_function():
    def penalty(x):
        J = jac.jacobian(ours)(x)
        _, pullback = jac.vjp(ours, x)
        _, tangent = jac.jvp(ours, (x,), (x * x,))
        (curved,) = jac.hvp(lambda y: np.sum(ours(y)), (x,), (x,))
        return np.sum(J.to_array() ** 2) + np.sum(pullback(tangent)[0] * curved)

    def theirs_penalty(x):
        J = J1(x)
        curved = anp.dot(autograd.hessian(lambda y: anp.sum(theirs(y)))(x), x)
        return anp.sum(J**2) + anp.sum(anp.dot(anp.dot(J, x * x), J) * curved)

    assert_close(penalty(X), theirs_penalty(X))
    assert_close(jac.grad(penalty)(X), autograd.grad(theirs_penalty)(X))


# -------------------------------------------------------------------------------------------- whose perturbation
def test_an_inner_derivative_does_not_see_the_outer_one():
    """d/dx [x * d/dy (x + y)] is 1; where perturbations are confused, it is 2 (Siskind and Pearlmutter 2005)."""
    for inner in (
        lambda x: jac.grad(lambda y: x + y)(1.0),
        lambda x: jac.jvp(lambda y: x + y, (1.0,), (1.0,))[1],
        lambda x: jac.jacobian(lambda y: x + y)(1.0).to_array(),
        lambda x: jac.vjp(lambda y: x + y, 1.0)[1](1.0)[0],
    ):
        assert_close(jac.grad(lambda x, inner=inner: x * inner(x))(1.0), 1.0)
        assert_close(jac.jvp(lambda x, inner=inner: x * inner(x), (1.0,), (1.0,))[1], 1.0)
        assert_close(jac.jacobian(lambda x, inner=inner: x * inner(x))(1.0).to_array(), 1.0)


def test_closures_over_outer_variables():
    assert_close(jac.grad(lambda x: jac.grad(lambda y: x * y * y)(3.0))(2.0), 6.0)
    assert_close(jac.grad(lambda x: jac.grad(lambda y: x * y * y)(x))(2.0), 8.0)
    assert_close(jac.grad(lambda x: jac.grad(lambda y: jac.grad(lambda z: x * y * z)(y) * y)(x))(3.0), 12.0)
    assert_close(jac.grad(lambda x: x * jac.grad(lambda y: x)(1.0))(2.0), 0.0)
    product = jac.jacobian(lambda x: jac.jacobian(lambda y: x * np.sin(y))(x).diagonal())(X)
    assert_close(product.to_array(), np.diag(np.cos(X) - X * np.sin(X)))


def test_a_derivative_that_escapes_as_a_function():
    """The shift of Manzyuk and others (2012): a derivative that returns a function keeps its variables apart."""

    def shift(offset):
        return lambda f: lambda x: f(x + offset)

    derivative = lambda f: lambda t: lambda g: lambda x: jac.grad(lambda s: f(s)(g)(x))(t)  # noqa: E731
    along = derivative(shift)(0.0)
    assert_close(along(along(np.exp))(1.0), np.exp(1.0))


def test_a_tangent_may_be_traced():
    assert_close(jac.jacobian(lambda h: jac.jvp(ours, (X,), (h,))[1])(X).to_array(), FIRST)
    assert_close(jac.jacobian(lambda c: jac.vjp(ours, X)[1](c)[0])(X).to_array(), FIRST.T)
    assert_close(jac.jacobian(lambda h: jac.jacobian(ours)(X) @ h)(X).to_array(), FIRST)
    assert_close(jac.jacobian(lambda h: h @ jac.jacobian(ours)(X))(X).to_array(), FIRST.T)
    assert_close(jac.grad(lambda h: jac.jvp(lambda x: np.sum(x**3), (h,), (h,))[1])(X), 9 * X**2)
    outer = jac.jacobian(ours)(X)
    assert_close(jac.jacobian(lambda x: outer @ np.sin(x))(X).to_array(), FIRST * np.cos(X))


def test_algebra_of_jacobians_inside_a_derivative():
    def kernel(x):
        J = jac.jacobian(ours)(x)
        return (J @ J.T + 2 * J - J / 4).to_array()

    dense = np.einsum("ijm,kj->ikm", SECOND, FIRST)
    assert_close(jac.jacobian(kernel)(X).to_array(), dense + dense.transpose(1, 0, 2) + 1.75 * SECOND)


def test_structure_survives_nesting():
    diagonal = jac.hessian(lambda x: np.sum(np.sin(x) * x))(X)
    assert diagonal.is_diagonal
    third = jac.jacobian(lambda x: jac.hessian(lambda y: np.sum(y**4))(x).diagonal())(X)
    assert third.structure == "diagonal"
    assert_close(third.diagonal(), 24 * X)
