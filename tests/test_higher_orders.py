"""Third and fourth derivatives: a Jacobian as the result of a differentiated function keeps its factors apart."""

import pickle
from functools import cache

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
import scipy.linalg
from sample_jacobians import assert_close

import jacobians as jac

RNG = np.random.default_rng(31)
A = RNG.normal(size=(5, 3))
W = RNG.normal(size=3)
TARGETS = RNG.normal(size=5)

# Scalar functions of a vector, with the namespace as an argument, so that the oracle has its own.
# fmt: off
FUNCTIONS = {
    "sum of sines":  lambda w, m: m.sum(m.sin(w)),
    "logistic":      lambda w, m: m.sum(m.log1p(m.exp(m.dot(A, w)))),
    "a network":     lambda w, m: m.sum((m.tanh(m.dot(A, w)) - TARGETS) ** 2),
    "a product":     lambda w, m: m.prod(w) + w[0] * m.sum(w**3),
    "shifted":       lambda w, m: m.sum(w[1:] ** 2 * w[:-1] ** 3),
    "a quotient":    lambda w, m: m.sum(w) / m.sum(m.exp(w)),
    "running sums":  lambda w, m: m.sum(m.cumsum(w) ** 3),
    "constant":      lambda w, m: m.sum(0 * w) + 1.0,
}
# fmt: on


@cache
def derivative(name, order):
    """The foreign derivative: autograd, as often as needed."""
    result = autograd.grad(lambda w: FUNCTIONS[name](w, anp))
    for _ in range(order - 1):
        result = autograd.jacobian(result)
    return result(W)


@pytest.mark.filterwarnings("ignore:Output seems independent of input")  # autograd's, of the constant function
@pytest.mark.parametrize("name", FUNCTIONS)
def test_third_and_fourth_derivatives(name):
    function = FUNCTIONS[name]
    third = jac.jacobian(jac.hessian(lambda w: function(w, np)))
    assert_close(third(W).to_array(), derivative(name, 3))
    assert_close(jac.compile(third)(W).to_array(), derivative(name, 3))
    assert_close(jac.jacobian(third)(W).to_array(), derivative(name, 4))
    lazy = jac.jacobian(jac.hessian(lambda w: function(w, np)), mode="lazy")
    assert_close(jac.jacobian(lazy)(W).to_array(), derivative(name, 4))


@pytest.mark.filterwarnings("ignore:Output seems independent of input")  # autograd's, of the constant function
@pytest.mark.parametrize("name", FUNCTIONS)
def test_products_with_third_derivatives(name):
    function, direction = FUNCTIONS[name], RNG.normal(size=3)
    hessian, third = jac.hessian(lambda w: function(w, np)), derivative(name, 3)
    value, tangent = jac.jvp(hessian, (W,), (direction,))
    assert isinstance(value, jac.Jacobian)
    assert isinstance(tangent, jac.Jacobian)
    assert_close(value.to_array(), derivative(name, 2))
    assert_close(tangent.to_array(), third @ direction)
    assert_close(jac.jvp(jac.jacobian(hessian), (W,), (direction,))[1], derivative(name, 4) @ direction)
    cotangent = RNG.normal(size=(3, 3))
    assert_close(jac.vjp(hessian, W)[1](cotangent)[0], np.tensordot(cotangent, third, 2))
    lazy = jac.jacobian(hessian, mode="lazy")(W)
    assert_close(lazy @ direction, third @ direction)
    assert_close(cotangent @ lazy, np.tensordot(cotangent, third, 2))


def test_the_third_derivative_of_a_sum_of_sines_is_one_diagonal_term():
    n = 100_000
    x = np.linspace(0, 1, n)
    third = jac.jacobian(jac.hessian(lambda x: np.sum(np.sin(x))))(x)
    (term,) = third.terms
    assert third.nbytes == 8 * n
    assert third.dense_nbytes == 8 * n**3
    assert term.out_shape == (n, n)
    assert term.in_shape == (n,)
    assert len(term.labels) == 1
    np.testing.assert_array_equal(term.factors[0].array * term.scale, -np.cos(x))
    fourth = jac.jacobian(jac.jacobian(jac.hessian(lambda x: np.sum(np.sin(x)))))(x)
    assert [len(term.labels) for term in fourth.terms] == [1]
    assert fourth.plan.largest_intermediate <= 8 * n


# Terms, numbers held and structure of the second, third and fourth derivative; at two sizes, which they are linear in.
# fmt: off
STRUCTURES = {
    "elementwise": (lambda x: np.sum(np.tanh(x * np.sin(x)) / (1 + x**2)), (1, 1, 1), (1, 1, 1), ("diagonal",) * 3),
    "neighbours":  (lambda x: np.sum(np.sin(x[1:] * x[:-1])), (4, 8, 16), (4, 8, 16), ("4 sparse", None, None)),
    "log-sum-exp": (lambda x: np.log(np.sum(np.exp(x))), (2, 5, 15), (1, 1, 1), ("diagonal + rank 1", None, None)),
    "power sums":  (lambda x: np.sum(x)**2 * np.sum(x**3), (3, 7, 10), (3, 6, 6), ("diagonal + 2 rank 1", None, None)),
}
# fmt: on


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("n", [100, 10_000])
def test_derivatives_of_any_order_grow_like_their_structure(name, n):
    function, terms, arrays, words = STRUCTURES[name]
    derivative = jac.grad(function)
    for order in range(3):
        derivative = jac.jacobian(derivative)
        J = derivative(np.linspace(0.1, 0.9, n))
        assert len(J.terms) <= terms[order]
        assert J.nbytes <= 8 * n * arrays[order] + 100
        assert words[order] in (None, J.structure)


def test_terms_stay_factored():
    """The derivative of the outer product ``sin(u) v`` in u: nothing of the size of the product is made."""
    n = 3000
    u, v = RNG.normal(size=(2, n))

    J = jac.jacobian(lambda u: jac.jacobian(lambda w: np.sin(u) * np.dot(w, v))(v))(u)
    assert J.shape == (n, n, n)
    assert J.nbytes <= 8 * 8 * n
    np.testing.assert_allclose(J[5, 7, 5], np.cos(u[5]) * v[7])
    assert J[5, 7, 6] == 0


def test_nests_of_jacobians():
    def loss(p, m):
        return m.sum(m.tanh(m.dot(A, p["w"]) + p["b"]) ** 3)

    point = {"w": W, "b": TARGETS}
    third = jac.jacobian(jac.hessian(lambda p: loss(p, np)))(point)
    expected = autograd.jacobian(
        autograd.jacobian(lambda w: autograd.grad(lambda b: loss({"w": w, "b": b}, anp))(TARGETS))
    )(W)
    assert third["b"]["w"]["w"].shape == (5, 3, 3)
    assert_close(third["b"]["w"]["w"].to_array(), expected)
    pair = jac.jacobian(lambda w: {"J": jac.jacobian(np.sin)(w), "sum": np.sum(w)})(W)
    assert_close(pair["J"].to_array(), autograd.jacobian(autograd.jacobian(anp.sin))(W))
    assert_close(pair["sum"].to_array(), np.ones(3))


def test_the_value_is_a_jacobian_of_its_own():
    X = A.copy()
    value, J = jac.value_and_jacobian(lambda w: jac.jacobian(lambda u: np.tanh(X @ u))(w))(W)
    before, slope = value.to_array(), J.to_array()
    X *= 2
    assert isinstance(value, jac.Jacobian)
    assert_close(before, autograd.jacobian(lambda u: anp.tanh(anp.dot(A, u)))(W))
    np.testing.assert_array_equal(value.to_array(), before)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(J)).to_array(), slope)


def test_numbers_and_dtypes():
    assert jac.grad(jac.jacobian(lambda t: t**3))(2.0) == 12
    value, slope = jac.value_and_grad(jac.jacobian(lambda t: t**3))(2.0)
    assert (float(value), float(slope)) == (12, 12)
    third = jac.jacobian(jac.hessian(lambda x: np.sum(np.sin(x))))(np.zeros(3, np.float32))
    assert third.dtype == third.to_array().dtype == np.float32
    empty = jac.jacobian(jac.hessian(lambda x: np.sum(np.sin(x))))(np.zeros(0))
    assert empty.to_array().shape == (0, 0, 0)


def test_a_function_known_by_its_products():
    """Its operator holds numbers of the level, which are not told apart: the Jacobian is expanded, and right."""
    doubled = jac.custom(lambda y: y * y, vjp=lambda c, _, y: (2 * y * c,))
    second = jac.jacobian(jac.jacobian(lambda x: doubled(np.exp(x))))(W).to_array()
    assert_close(second, autograd.jacobian(autograd.jacobian(lambda x: anp.exp(x) ** 2))(W))


# ------------------------------------------------------------------------------------- Hessians of arrays and nests
VECTORS = {
    "entry by entry": lambda w, m: m.sin(w) * w,
    "a network": lambda w, m: m.tanh(m.dot(A, w)),
    "a matrix": lambda w, m: m.outer(w, w**2),
    "a single entry": lambda w, m: m.sum(w**3) * m.ones(1),
}


@pytest.mark.parametrize("name", VECTORS)
@pytest.mark.parametrize("mode", ["auto", "explicit", "lazy"])
def test_hessians_of_arrays(name, mode):
    expected = autograd.jacobian(autograd.jacobian(lambda w: VECTORS[name](w, anp)))(W)
    H = jac.hessian(lambda w: VECTORS[name](w, np), mode=mode)(W)
    assert H.shape == expected.shape
    assert_close(H.to_array(), expected)


def test_hessians_of_nests_and_of_several_arguments():
    def f(p):
        return {"s": p["a"] * p["b"] ** 2, "t": np.sum(p["a"] ** 3)}

    H = jac.hessian(f)({"a": W, "b": 2 * W})
    assert_close(H["t"]["a"]["a"].to_array(), np.diag(6 * W))
    expected = autograd.jacobian(lambda b: autograd.jacobian(lambda a: a * b**2)(W))(2 * W)
    assert_close(H["s"]["a"]["b"].to_array(), expected)
    blocks, aux = jac.hessian(lambda a, b: (a * b**2, b), (0, 1), has_aux=True)(W, 2 * W)
    assert_close(blocks[0][1].to_array(), expected)
    assert_close(blocks[1][1].to_array(), autograd.jacobian(autograd.jacobian(lambda b: W * b**2))(2 * W))
    assert_close(aux, 2 * W)


def test_hessians_of_holomorphic_arrays():
    z = W + 1j
    H = jac.hessian(lambda z: z**3, holomorphic=True)(z)
    expected = np.zeros((3, 3, 3), complex)
    expected[range(3), range(3), range(3)] = 6 * z
    assert_close(H.to_array(), expected)


M = RNG.normal(size=(3, 3)) + 4 * np.eye(3)

# fmt: off
OPERATORS = {
    "expm":                 lambda A, m: m.expm(0.3 * A),
    "cosm":                 lambda A, m: m.cosm(0.3 * A),
    "logm":                 lambda A, m: m.logm(A @ A.T),
    "sqrtm":                lambda A, m: m.sqrtm(A @ A.T),
    "solve_triangular":     lambda A, m: m.solve_triangular(A, A[0]),
    "solve_sylvester":      lambda A, m: m.solve_sylvester(A, A.T, A @ A),
    "solve_continuous_are": lambda A, m: m.solve_continuous_are(A, np.eye(3), A @ A.T, np.eye(3)),
    "solve_discrete_are":   lambda A, m: m.solve_discrete_are(0.2 * A, np.eye(3), A @ A.T, np.eye(3)),
    "applied":              lambda A, m: m.expm(0.3 * A) @ W,
    "traced":               lambda A, m: np.trace(m.expm(0.3 * A) @ A),
}
# fmt: on


def differences(function, U, V, h=2e-3):
    """The second derivative along two directions, by central differences of fourth order."""
    weights = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}
    return sum(a * b * function(M + h * (m * U + n * V)) for m, a in weights.items() for n, b in weights.items()) / h**2


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("compiled", [False, True])
def test_operators_that_depend_on_the_argument(name, compiled):
    # The Jacobian is held by an operator that depends on A, and is no constant when it is differentiated.
    U, V = RNG.normal(size=(2, 3, 3))
    expected = differences(lambda A: OPERATORS[name](A, scipy.linalg), U, V)
    second = jac.jacobian(jac.jacobian(lambda A: OPERATORS[name](A, jac.scipy.linalg)))
    if compiled:
        dense = jac.compile(lambda A: second(A).to_array())
        _ = dense(M + 0.1)
        found = np.tensordot(np.tensordot(dense(M), U, 2), V, 2)
    else:
        found = np.tensordot(np.tensordot(second(M).to_array(), U, 2), V, 2)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_stopped_operators():
    def stopped(A):
        J = jac.jacobian(lambda b: jac.scipy.linalg.solve_triangular(A, b))(W)
        return np.sum(np.sin(jac.stop_gradient(J) @ W))

    assert_close(jac.grad(stopped)(M), np.zeros((3, 3)))


def test_lazy_jacobians_of_custom_functions():
    cube = jac.custom(lambda x: x**3, jacobian=lambda x: jac.jacobian(lambda x: x**3, mode="lazy")(x))
    assert_close(jac.jacobian(jac.jacobian(cube))(W).to_array(), np.einsum("i,ij,jk->ijk", 6 * W, np.eye(3), np.eye(3)))


@pytest.mark.parametrize("name", ["expm", "logm", "sqrtm", "sinm", "cosm", "tanm", "sinhm", "coshm", "tanhm", "polar"])
def test_derivatives_of_matrix_functions_are_pickled(name):
    A = np.array([[2.0, 0.3], [0.1, 1.5]])
    function = getattr(jac.scipy.linalg, name)
    J = jac.jacobian(lambda A: function(A)[0] if name == "polar" else function(A))(A)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(J)) @ A, J @ A)
