"""What is computed by other calls than NumPy's has the same values, types and shapes; NumPy's calls where faster."""

import numpy as np
import pytest
from graph_oracle import numerical_jacobians

import jacobians as jac
from jacobians.elimination import elimination
from jacobians.late import LARGE, Late, Multiple, late
from jacobians.rules.computing import SMALL, einsum, mean, reshaped, total

rng = np.random.default_rng(5)

PRODUCTS = {
    "kij,nkj->nki": ((25, 10, 10), (1000, 25, 10)),
    "ij,jk": ((300, 200), (200, 100)),
    "ij,jk->ki": ((300, 200), (200, 100)),
    "nij,jk->nk": ((50, 30, 20), (20, 100)),
    "...i,...ij->...j": ((100, 1, 20), (1, 30, 20, 25)),
    "ab,bc,cd->ad": ((100, 20), (20, 200), (200, 30)),
    "ab,cd->abcd": ((100, 20), (20, 200)),
    "ij,ij->": ((400, 400), (400, 400)),
    "ij,ij->i": ((400, 400), (400, 400)),
    "ab,bc->ac": ((1, 5000), (5000, 60)),
}


@pytest.mark.parametrize("kind", "fdFD")
@pytest.mark.parametrize("subscripts", PRODUCTS)
def test_products_are_those_of_numpy(subscripts, kind):
    arrays = [rng.standard_normal(shape) for shape in PRODUCTS[subscripts]]
    arrays = [(array + 1j * array[::-1] if kind in "FD" else array).astype(kind) for array in arrays]
    found, expected = einsum(subscripts, *arrays), np.einsum(subscripts, *arrays)
    assert found is not NotImplemented
    assert type(found) is type(expected)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    np.testing.assert_allclose(
        found, expected, rtol=1e-3 if kind in "fF" else 1e-9, atol=1e-2 if kind in "fF" else 1e-9
    )
    assert not any([np.may_share_memory(found, array) for array in arrays])


@pytest.mark.parametrize(
    "arguments",
    [
        ("ij,jk", np.ones((3, 3)), np.ones((3, 3))),
        ("ij->i", np.ones((300, 300))),
        ("ij,jk", np.ones((300, 300), int), np.ones((300, 300), int)),
        ("ij,jk", np.ones((300, 300)), np.ones((300, 300), np.float32)),
        ("ii,ij->j", np.ones((300, 300)), np.ones((300, 300))),
        ([[1.0]], [0, 1], [[1.0]], [1, 2]),
    ],
)
def test_other_products_are_left_to_numpy(arguments):
    assert einsum(*arguments) is NotImplemented


@pytest.mark.parametrize("kind", "fd")
@pytest.mark.parametrize("shape", [(1000, 10), (40, 30, 7), (5000, 2)])
def test_sums_of_rows_are_those_of_numpy(shape, kind):
    array = rng.standard_normal(shape).astype(kind)
    for axis in (-1, len(shape) - 1):
        found = total(array, axis)
        assert found.dtype == kind
        np.testing.assert_allclose(found, np.sum(array, axis), rtol=1e-5 if kind == "f" else 1e-12, atol=1e-5)
    assert not np.may_share_memory(total(array, -1), array)


def test_other_sums_are_left_to_numpy():
    rows = rng.standard_normal((SMALL, 8))
    left = [(rows,), (rows, 0), (rows, (1,)), (rows[:, ::-1], 1), (rows.T.copy(), 1), (rows[:, :1], 1)]
    assert all(total(*arguments) is NotImplemented for arguments in left)
    assert total(rows, 1, np.float32) is NotImplemented
    assert total(rows, 1, keepdims=True) is NotImplemented


@pytest.mark.parametrize("kind", "fd?i")
@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (2, 0), (2, 1, 3)])
def test_small_arrays_give_what_numpy_gives(shape, kind):
    array = np.asarray(3 * rng.standard_normal(shape)).astype(kind)
    for axis in (None, *range(-len(shape), len(shape))):
        for found, expected in ((total(array, axis), np.sum), (mean(array, axis), np.mean)):
            if expected is np.mean and (kind in "?i" or not array.size):
                assert found is NotImplemented
                continue
            wanted = expected(array, axis)
            assert (type(found), found.dtype, np.shape(found)) == (type(wanted), wanted.dtype, np.shape(wanted))
            np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(reshaped(array, -1), np.reshape(array, -1), strict=True)
    assert mean(array, (0,)) is reshaped(array, -1, order="F") is reshaped([1.0], 1) is NotImplemented


def test_infinite_entries_of_rows():
    rows = np.ones((SMALL, 3))
    rows[0, 0], rows[1, 1], rows[2, :2] = np.inf, np.nan, (np.inf, -np.inf)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(total(rows, 1), np.sum(rows, 1))


x = rng.standard_normal(LARGE // 8)


@pytest.mark.parametrize(
    ("slope", "expected"),
    [
        (lambda y, x: 2 * x, Multiple(2, 1)),
        (lambda y, x: -y, Multiple(-1, 0)),
        (lambda y, x: -(0.5 * y) * 3.0, Multiple(-1.5, 0)),
    ],
)
def test_multiples_of_what_is_there_are_no_arrays(slope, expected):
    assert late(slope, (np.exp(x), x), {0}) == expected


@pytest.mark.parametrize(
    "slope",
    [
        lambda y, x: 2 * x + 0,
        lambda y, x: x * x,
        lambda y, x: 2 * np.where(x == 0, 1, x),
        lambda y, x: np.abs(x),
        lambda y, x: 2 * x.clip(0),
        lambda y, x: x / 2,
        lambda y, x: x * np.float64(2),
        lambda y, x: x if np.ndim(x) and x.sum() > 0 else 2 * x,
    ],
)
def test_other_slopes_are_no_multiples(slope):
    assert type(late(slope, (np.exp(x), x), {0})) in (Late, type(None))


def test_a_slope_that_compares_is_no_multiple():
    def slope(y, x):
        return 2 * x if (x == 0) is False else 3 * x

    assert type(late(slope, (np.exp(x), x), {0})) is not Multiple


def test_squares_of_large_arrays_hold_no_slope():
    J = jac.jacobian(np.square, mode="explicit")(x)
    (term,) = J.terms
    assert term.scale == 2
    np.testing.assert_array_equal(J.diagonal(), 2 * x)
    single = x.astype(np.float32)
    gradient = jac.grad(lambda x: np.sum(x**2))(single)
    assert gradient.dtype == np.float32
    np.testing.assert_array_equal(gradient, 2 * single)


def test_pullbacks_keep_what_they_multiply():
    given = x.copy()
    _, pullback = jac.vjp(lambda x: x**2, given)
    given[:] = 0
    for _ in range(2):
        np.testing.assert_array_equal(pullback(np.ones_like(x))[0], 2 * x)
    y, pullback = jac.vjp(np.exp, x)
    expected, y[:] = y.copy(), 0
    np.testing.assert_array_equal(pullback(np.ones_like(x))[0], expected)


POINTS = rng.standard_normal((6000, 3))


def sheared(A, c):
    """A broadcast operand under a product, behind a large array: what is summed is summed before it is multiplied."""
    return np.sum(np.sin((POINTS - c) @ A))


def test_cotangents_are_summed_before_they_are_multiplied(monkeypatch):
    shortened = []
    found = elimination.only_sums

    def watched(edges):
        shortened.append(found(edges))
        return shortened[-1]

    monkeypatch.setattr(elimination, "only_sums", watched)
    arguments = rng.standard_normal((3, 2)), rng.standard_normal((1, 3))
    expected = numerical_jacobians(sheared, *arguments)
    gradients = jac.grad(sheared, argnums=(0, 1))(*arguments)
    assert any(shortened)
    value, pullback = jac.vjp(sheared, *arguments)
    assert value == pytest.approx(sheared(*arguments))
    for found_ones in (gradients, pullback(1.0), pullback(1.0)):
        for one, other in zip(found_ones, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6)


def test_what_is_also_a_result_is_not_passed_over():
    def f(c):
        v = POINTS - c
        return v, np.sin(v)

    c = rng.standard_normal(3)
    _, pullback = jac.vjp(f, c)
    weights = rng.standard_normal((2, 6000, 3))
    expected = -(weights[0] + weights[1] * np.cos(POINTS - c)).sum(axis=0)
    for _ in range(2):
        np.testing.assert_allclose(pullback(tuple(weights))[0], expected, rtol=1e-10, atol=1e-8)


def test_multiples_of_traced_values_are_no_arrays_either():
    seen = []

    def f(x):
        seen.append(late(lambda y, x: 2 * x, (x, x), {0}))
        seen.append(late(lambda y, x: np.cos(x), (x, x), {0}))
        return np.sum(x)

    _ = jac.grad(f)(x)
    assert seen == [Multiple(2, 1), None]
    _ = jac.compile(jac.grad(f))(x)
    assert seen[2:4] == [Multiple(2, 1), None]


def test_second_derivatives_by_multiples():
    h = rng.standard_normal(x.shape)
    (found,) = jac.hvp(lambda x: np.sum(np.sin(x**2)), (x,), (h,))
    np.testing.assert_allclose(found, (2 * np.cos(x**2) - 4 * x**2 * np.sin(x**2)) * h, rtol=1e-9, atol=1e-9)
    third = jac.grad(lambda x: np.sum(jac.hvp(lambda x: np.sum(x**4), (x,), (h,))[0]))(x)
    np.testing.assert_allclose(third, 24 * x * h, rtol=1e-9)
