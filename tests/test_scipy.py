"""Functions of jacobians.scipy: values of SciPy's own, derivatives of finite differences of those."""

import sys

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse
import scipy.sparse.linalg
import scipy.special
import scipy.stats
from graph_oracle import numerical_jacobians
from row_checks import CHECKS, failures
from tables.scipy import ROWS

import jacobians as jac
import jacobians.scipy
from jacobians.scipy import linalg, signal, sparse, special, stats

X = np.array([0.3, 1.2, 0.7])


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
@pytest.mark.parametrize("module", ROWS)
def test_rows(module, check):
    """On plain arrays a row runs SciPy's function, so that the value and the differences are SciPy's."""
    assert failures(check, ROWS[module]) == []


@pytest.mark.parametrize("module", ROWS)
def test_gradients_are_compiled(module):
    for row in ROWS[module]:
        gradient = jac.grad(lambda *arrays, call=row.call: np.sum(np.sin(call(*arrays))), tuple(range(len(row.arrays))))
        compiled = jac.compile(gradient)
        for arrays in (row.arrays, [x * 1.01 for x in row.arrays]):
            for found, expected in zip(compiled(*arrays), gradient(*arrays), strict=True):
                np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8, err_msg=str(row))


@pytest.mark.parametrize("module", [linalg, signal, special, stats, sparse.linalg], ids=lambda m: m.__name__)
def test_what_is_offered_is_in_scipy_under_the_same_name(module):
    original = sys.modules[module.__name__.removeprefix("jacobians.")]
    assert [n for n in module.__all__ if n != "Distribution" and not hasattr(original, n)] == []
    for name in module.__all__:
        assert getattr(module, name)
    with pytest.raises(AttributeError, match="It offers .*; for another function use jacobians.custom"):
        _ = module.no_such_function


def test_the_submodules_are_those_of_scipy_and_no_other():
    assert jacobians.scipy.__all__ == ["fft", "integrate", "linalg", "signal", "sparse", "special", "stats"]
    with pytest.raises(AttributeError, match="It offers fft, integrate, linalg, signal"):
        _ = jacobians.scipy.optimize


def test_ufuncs_are_handed_on():
    assert special.expit is scipy.special.expit


def test_plain_arrays_go_to_scipy_itself():
    A = np.array([[2.0, 1.0], [0.5, 3.0]])
    assert np.array_equal(linalg.expm(A), scipy.linalg.expm(A))
    assert np.array_equal(linalg.solve(A, A[0], check_finite=False), scipy.linalg.solve(A, A[0]))
    assert stats.norm.ppf(0.3) == scipy.stats.norm.ppf(0.3)
    assert stats.norm(1.0).mean() == 1.0


# ---- special -------------------------------------------------------------------------------------------------------


def test_logsumexp_of_huge_and_infinite_numbers():
    x = np.array([-np.inf, 1000.0, 1001.0])
    value, gradient = jac.value_and_grad(special.logsumexp)(x)
    assert value == scipy.special.logsumexp(x)
    np.testing.assert_allclose(gradient, scipy.special.softmax(x), rtol=1e-14)


def test_logsumexp_with_weights_that_are_zero_or_negative():
    x, b = np.array([1.0, 900.0, 2.0]), np.array([-1.0, 0.0, -2.0])
    gradient, sign = jac.grad(lambda x: special.logsumexp(x, b=b, return_sign=True), has_aux=True)(x)  # 900 is left out
    assert sign == -1
    weights = np.where(b == 0, 0, b * np.exp(np.minimum(x, 2)))
    np.testing.assert_allclose(gradient, weights / weights.sum(), rtol=1e-12)
    by_weight = jac.grad(lambda b: special.logsumexp(np.array([1.0, 2.0]), b=b))(np.array([1.0, 0.0]))
    np.testing.assert_allclose(by_weight, [1.0, np.e], rtol=1e-12)


def test_what_counts_is_refused():
    for call in (lambda n: special.polygamma(n, 2.0), lambda n: special.multigammaln(5.0, n)):
        with pytest.raises(jac.UnsupportedFunctionError, match="which counts"):
            jac.grad(call)(2.0)
    with pytest.raises(jac.UnsupportedFunctionError, match="exact=True"):
        jac.grad(lambda n: special.comb(n, 2, exact=True))(4.0)


# ---- linalg ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("structure", "part"),
    [
        ("upper triangular", np.triu),
        ("lower triangular", np.tril),
        ("diagonal", lambda a: a * np.eye(3)),
        ("gen", np.copy),
    ],
)
def test_structures_that_solve_is_told_of(structure, part):
    A, B = np.arange(9.0).reshape(3, 3) + 5 * np.eye(3), np.arange(6.0).reshape(3, 2)
    call = jac.jacobian(lambda a, b: linalg.solve(a, b, assume_a=structure), (0, 1))
    expected = jac.jacobian(lambda a, b: np.linalg.solve(part(a), b), (0, 1))
    for found, other in zip(call(A, B), expected(A, B), strict=True):
        np.testing.assert_allclose(found.to_array(), other.to_array(), atol=1e-12)
    with pytest.raises(jac.UnsupportedFunctionError, match="assume_a='arrow'"):
        jac.jacobian(lambda a: linalg.solve(a, B, assume_a="arrow"))(A)


def test_a_triangle_is_an_operator_and_no_inverse():
    n = 50
    T = np.tril(np.random.default_rng(0).normal(size=(n, n))) + 10 * np.eye(n)
    J = jac.jacobian(lambda b: linalg.solve_triangular(T, b, lower=True))(np.ones(n))
    assert J.structure == "operator"
    np.testing.assert_allclose(J.to_array(), np.linalg.inv(T), atol=1e-12)


def test_the_derivative_of_expm_holds_no_array_of_four_axes():
    A = np.random.default_rng(0).normal(size=(12, 12)) / 6
    J = jac.jacobian(linalg.expm)(A)
    assert J.structure == "operator"
    assert J.nbytes < 10 * A.nbytes
    h = np.random.default_rng(1).normal(size=A.shape)
    np.testing.assert_allclose(J @ h, scipy.linalg.expm_frechet(A, h, compute_expm=False), rtol=1e-10, atol=1e-12)


def test_a_tridiagonal_solve_keeps_the_positions_of_its_entries():
    ab = np.array([[0.0, 1.0, 1.0], [4.0, 4.0, 4.0], [1.0, 1.0, 0.0]])
    (expected,) = numerical_jacobians(lambda ab: scipy.linalg.solve_banded((1, 1), ab, X), ab)
    J = jac.jacobian(lambda ab: linalg.solve_banded((1, 1), ab, X))(ab)
    np.testing.assert_allclose(J.to_array(), expected, atol=1e-8)
    assert not J.to_array()[:, 0, 0].any()  # a corner that is not read


def test_options_without_a_derivative_are_refused():
    with pytest.raises(jac.UnsupportedFunctionError, match="whose last columns are not unique"):
        jac.jacobian(lambda a: linalg.qr(a)[0])(np.ones((3, 2)))
    with pytest.raises(AttributeError, match=r"no 'schur', because its triangle is free .* It offers block_diag"):
        _ = linalg.schur


# ---- stats -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["expon", "gamma", "beta", "lognorm", "uniform", "invgamma", "pareto", "powerlaw", "f"]
)
def test_outside_the_support(name):
    distribution, original = getattr(stats, name), getattr(scipy.stats, name)
    shapes = [2.5] * len(distribution.shapes)
    x = np.array([-1.0, 0.0, 0.5, 3.0, np.nan])
    value, J = jac.value_and_jacobian(lambda x: distribution.logpdf(x, *shapes))(x)
    np.testing.assert_allclose(value, original.logpdf(x, *shapes), rtol=1e-12)
    assert J.diagonal()[0] == 0
    np.testing.assert_allclose(
        jac.value_and_jacobian(lambda x: distribution.cdf(x, *shapes))(x)[0], original.cdf(x, *shapes), atol=1e-14
    )


CONTINUOUS = [name for name in stats.__all__ if getattr(getattr(stats, name), "discrete", None) is False]


@pytest.mark.parametrize("name", CONTINUOUS)
def test_values_are_those_of_scipy(name):
    distribution, original = getattr(stats, name), getattr(scipy.stats, name)
    shapes, x = [1.3, 2.2][: len(distribution.shapes)], np.array([-0.4, 1e-3, 0.3, 0.9, 2.5])
    for method in ("logpdf", "pdf", *distribution.others):
        value, _ = jac.value_and_jacobian(lambda x, m=method: getattr(distribution, m)(x, *shapes, 0.1, 1.2))(x)
        np.testing.assert_allclose(value, getattr(original, method)(x, *shapes, 0.1, 1.2), rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("name", ["poisson", "bernoulli", "geom", "nbinom", "binom"])
def test_numbers_that_no_count_is(name):
    distribution = getattr(stats, name)
    parameters = [4.0] * (len(distribution.shapes) - 1)
    k = np.array([-1.0, 0.5, 30.0])
    value, _ = jac.value_and_jacobian(lambda p: distribution.logpmf(k, *parameters, p))(0.4)
    np.testing.assert_allclose(value, getattr(scipy.stats, name).logpmf(k, *parameters, 0.4), rtol=1e-12)


COUNTS = {"poisson": (2.3,), "binom": (5, 0.3), "geom": (0.3,), "nbinom": (3, 0.4), "bernoulli": (0.3,)}


@pytest.mark.parametrize("method", ["cdf", "sf"])
@pytest.mark.parametrize("name", COUNTS)
def test_distribution_functions_of_counts(name, method):
    *fixed, p = COUNTS[name]
    k = np.array([-1.0, 0.0, 1.0, 2.0, 2.5, 5.0, 9.0])

    def ours(p):
        return getattr(getattr(stats, name), method)(k, *fixed, p)

    value, J = jac.value_and_jacobian(ours)(p)
    np.testing.assert_allclose(value, getattr(getattr(scipy.stats, name), method)(k, *fixed, p), rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(J.to_array(), numerical_jacobians(ours, np.array(p))[0], atol=1e-8)


def test_vectors_with_fixed_parameters():
    x, m, C = np.array([0.3, -0.2]), np.array([0.1, 0.4]), np.array([[2.0, 0.3], [0.3, 1.0]])
    slope = jac.grad(lambda m: stats.multivariate_normal(m, cov=C).logpdf(x))(m)
    np.testing.assert_allclose(slope, np.linalg.solve(C, x - m))
    assert stats.multivariate_normal(m, C).rvs(random_state=0).shape == (2,)
    with pytest.raises(jac.UnsupportedFunctionError, match=r"multivariate_normal\.cdf has no rule in a traced"):
        jac.grad(lambda m: stats.multivariate_normal.cdf(x, m, C))(m)


_L = np.array([[1.0, 0.2], [-0.5, 0.8], [0.3, -1.1]])
SINGULAR = {
    "logpdf": lambda m, p: m.multivariate_normal.logpdf(p @ np.array([0.3, -0.7]), None, _cov(p), True),
    "pdf of rows": lambda m, p: m.multivariate_normal.pdf(
        p[0, 1] + np.ones((4, 2)) @ p.T, p[0, 1] * np.ones(3), cov=_cov(p), allow_singular=True
    ),
    "frozen": lambda m, p: m.multivariate_normal(cov=_cov(p), allow_singular=True).logpdf(p[:, 0] * 2.0),
    "frozen entropy": lambda m, p: m.multivariate_normal(np.zeros(3), _cov(p), allow_singular=True).entropy(),
    "entropy": lambda m, p: m.multivariate_normal.entropy(None, _cov(p)),
    "entropy, full": lambda m, p: m.multivariate_normal.entropy(cov=_cov(p) + np.eye(3)),
    "logpdf, full": lambda m, p: m.multivariate_normal.logpdf(p[:, 0], p[:, 1], _cov(p) + np.eye(3), True),
    "entropy, diagonal": lambda m, p: m.multivariate_normal.entropy(np.zeros(3), p[:, 0] ** 2),
    "dirichlet": lambda m, p: m.dirichlet.entropy(p[0] + 0.5),
}


def _cov(p):
    return p @ p.T


@pytest.mark.parametrize("name", SINGULAR)
def test_vectors_in_a_subspace_and_their_entropy(name):
    def ours(p):
        return SINGULAR[name](stats, p)

    def theirs(p):
        return SINGULAR[name](scipy.stats, p)

    value, J = jac.value_and_jacobian(ours)(_L)
    np.testing.assert_allclose(value, theirs(_L), rtol=1e-12)
    np.testing.assert_allclose(J.to_array(), numerical_jacobians(theirs, _L)[0], rtol=1e-6, atol=1e-7)
    gradient = jac.grad(lambda p: np.sum(ours(p) ** 2))
    second = numerical_jacobians(gradient, _L)[0]
    found = jac.hessian(lambda p: np.sum(ours(p) ** 2))(_L).to_array()
    np.testing.assert_allclose(found, second, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(jac.compile(gradient)(_L), gradient(_L), rtol=1e-8, atol=1e-10)


def test_a_vector_outside_of_the_subspace_has_no_density():
    x, C = np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]), _L @ _L.T
    value, J = jac.value_and_jacobian(lambda C: stats.multivariate_normal.logpdf(x, None, C, allow_singular=True))(C)
    np.testing.assert_allclose(value, scipy.stats.multivariate_normal.logpdf(x, None, C, allow_singular=True))
    assert value[0] == -np.inf
    assert np.all(J.to_array()[0] == 0)
    with pytest.raises(ValueError, match="positive semidefinite"):
        jac.grad(lambda C: stats.multivariate_normal.entropy(None, C - 10 * np.eye(3)))(C)


def test_a_method_without_a_derivative_is_refused():
    with pytest.raises(jac.UnsupportedFunctionError, match=r"stats\.invgauss\.ppf has no rule in a traced variable"):
        jac.grad(lambda p: stats.invgauss.ppf(p, 2.0))(0.3)
    with pytest.raises(TypeError, match="norm.logpdf takes x, loc, scale"):
        jac.grad(lambda x: stats.norm.logpdf(x, mean=1.0))(0.3)


# ---- sparse ----------------------------------------------------------------------------------------------------------

FORMATS = ["csr_array", "csc_array", "coo_array", "dia_array", "bsr_array", "csr_matrix", "lil_matrix"]
DENSE = np.array([[0.0, 2.0, 0.0, 0.0], [1.0, 0.0, 0.0, -3.0], [0.0, 0.0, 0.5, 0.0]])


@pytest.mark.parametrize("name", FORMATS)
def test_products_keep_the_sparsity(name):
    A = getattr(scipy.sparse, name)(DENSE)
    x, B = np.arange(1.0, 5.0), np.arange(8.0).reshape(4, 2)
    for call, point, count in (
        (lambda x: A @ np.sin(x), x, 4),
        (lambda x: A.dot(x), x, 4),
        (lambda x: x @ A.T, x, 4),
        (lambda B: A @ B**2, B, 8),
        (lambda B: B.T @ A.T, B, 8),
    ):
        J = jac.jacobian(call)(point)
        (expected,) = numerical_jacobians(call, point)
        np.testing.assert_allclose(J.to_array(), expected, atol=1e-7)
        assert J.to_sparse().nnz == count


def test_a_matrix_may_change_after_the_product():
    A, x = scipy.sparse.csr_array(DENSE), np.arange(1.0, 5.0)

    def call(x):
        y = A @ x
        A.data *= 2
        return y

    assert np.array_equal(jac.jacobian(call)(x).to_array(), DENSE)


def test_a_large_sparse_product_stays_small():
    n = 100_000
    A = scipy.sparse.diags_array([np.ones(n - 1), np.full(n, -2.0), np.ones(n - 1)], offsets=[-1, 0, 1], format="csr")
    J = jac.jacobian(lambda x: A @ np.sin(x))(np.ones(n))
    assert J.to_sparse().nnz == A.nnz
    assert J.nbytes < 40 * A.nnz


def test_spsolve_factorises_once(monkeypatch):
    count = []
    original = scipy.sparse.linalg.splu
    monkeypatch.setattr(scipy.sparse.linalg, "splu", lambda A: count.append(1) or original(A))
    A = scipy.sparse.csc_array(np.eye(3) * 4 + np.eye(3, k=1))
    J = jac.jacobian(lambda b: sparse.linalg.spsolve(A, b), mode="lazy")(X)
    for _ in range(2):
        np.testing.assert_allclose(J @ X, np.linalg.solve(A.toarray(), X))
        np.testing.assert_allclose(X @ J, np.linalg.solve(A.toarray().T, X))
    assert len(count) == 1


def test_what_sparse_solutions_do_not_take():
    with pytest.raises(jac.ArgumentError, match="A is a ndarray"):
        jac.grad(lambda b: np.sum(sparse.linalg.spsolve(np.eye(3), b)))(X)
    with pytest.raises(ValueError, match="dimension mismatch"):
        jac.grad(lambda b: np.sum(sparse.linalg.spsolve(scipy.sparse.eye_array(4, format="csc"), b)))(X)


# ---- counting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("N", "k"), [(5.3, 2.1), (5.0, 2.0), (-1.5, 0.5), (4.5, -1.2), (5.5, 7.2), (-3.5, -2.5), (4.2, 4.1)]
)
@pytest.mark.parametrize("name", ["comb", "perm"])
def test_counting_beyond_its_region(name, N, k):
    ours, original, h = getattr(special, name), getattr(scipy.special, name), 1e-6
    value, slopes = jac.value_and_grad(ours, (0, 1))(N, k)
    np.testing.assert_allclose(value, original(N, k), rtol=1e-12)
    expected = [original(N + h, k) - original(N - h, k), original(N, k + h) - original(N, k - h)]
    np.testing.assert_allclose(slopes, np.array(expected) / (2 * h), rtol=1e-6, atol=1e-7)


def test_counting_where_the_functions_have_poles():
    for N, k in [(-1.0, 0.0), (-1.0, 2.0), (5.0, -1.0), (-3.0, -2.0)]:
        assert jac.grad(special.comb, (0, 1))(N, k) == (0, 0)
        assert jac.grad(special.perm, (0, 1))(N, k) == (0, 0)
    J = jac.jacobian(special.factorial)(np.array([-1.0, -2.0, -1.5, 3.2]))
    expected = scipy.special.gamma(4.2) * scipy.special.psi(4.2)
    np.testing.assert_allclose(J.diagonal(), [0, 0, 0, expected])


@pytest.mark.parametrize(("N", "k"), [(0.0, 0.0), (0.0, 0.5), (3.0, 0.0), (4.3, 2.2)])
def test_choices_with_repetition(N, k):
    def ours(N):
        return special.comb(N, k, repetition=True)

    def plain(N):
        return scipy.special.comb(N, k, repetition=True)

    value, slope = jac.value_and_grad(ours)(N)
    np.testing.assert_allclose(value, plain(N), rtol=1e-12)
    if N:
        np.testing.assert_allclose(slope, (plain(N + 1e-6) - plain(N - 1e-6)) / 2e-6, rtol=1e-6, atol=1e-8)


# ---- stacks ----------------------------------------------------------------------------------------------------------

IN_STACKS = np.ndim(scipy.linalg.circulant(np.ones((1, 1)))) == 3


@pytest.mark.parametrize(
    "function",
    [
        lambda m, x: m.circulant(x),
        lambda m, x: m.companion(x),
        lambda m, x: m.toeplitz(x),
        lambda m, x: m.toeplitz(x, x[:, :3] * 2),
        lambda m, x: m.toeplitz(x, x[0, :3] * 2),
        lambda m, x: m.convolution_matrix(x, 3),
    ],
)
def test_patterns_of_stacks(function):
    x = np.array([[1.5, -0.3, 0.7, 2.0], [0.4, 1.1, -0.6, 0.9]])
    if not IN_STACKS:
        with pytest.raises(jac.UnsupportedFunctionError, match="for arrays of more than one dimension"):
            jac.jacobian(lambda x: function(linalg, x))(x)
        return
    value, J = jac.value_and_jacobian(lambda x: function(linalg, x))(x)
    np.testing.assert_array_equal(value, function(scipy.linalg, x))
    expected = numerical_jacobians(lambda x: function(scipy.linalg, x), x)[0]
    np.testing.assert_allclose(J.to_array(), expected, atol=1e-8)
