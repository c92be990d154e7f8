"""Random programs against the complex step, which shares neither rules nor engine with this library."""

import numpy as np
import pytest
from graph_oracle import numerical_jacobians
from hypothesis import given, settings
from hypothesis import strategies as st
from random_programs import COMPLEX, programs, stepped

import jacobians as jac

WAYS = (("explicit", "auto"), ("lazy", "forward"), ("lazy", "reverse"))


def assert_close(found, expected, name, tolerance=1e-10):
    assert np.shape(found) == np.shape(expected), f"{name}: {np.shape(found)} instead of {np.shape(expected)}"
    scale = max(1.0, np.max(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale, err_msg=name)


def check_everything(J, dense, name):
    """What a Jacobian answers, against its dense form."""
    rng = np.random.default_rng(0)
    out, inp = len(J.out_shape), len(J.in_shape)
    h, c = rng.normal(size=(*J.in_shape, 2)), rng.normal(size=(2, *J.out_shape))
    assert_close(J @ h, np.tensordot(dense, h, inp), f"J @ h, {name}")
    assert_close(c @ J, np.tensordot(c, dense, out), f"c @ J, {name}")
    assert_close(J.to_array(), dense, f"to_array, {name}")
    assert_close(J.to_sparse().toarray(), J.to_matrix(), f"to_sparse, {name}")
    assert_close(J.T.to_array(), np.transpose(dense, (*range(out, out + inp), *range(out))), f"T, {name}")
    assert_close((J @ J.T).to_array(), np.tensordot(dense, dense, (range(out, out + inp),) * 2), f"J @ J.T, {name}")


@settings(max_examples=100, deadline=None)
@given(programs())
def test_jacobians_of_random_programs(program):
    inputs, positions = program.inputs, tuple(range(len(program.inputs)))
    expected = stepped(program.result(COMPLEX), inputs)
    for mode, order in WAYS:
        found = jac.jacobian(program.result(np), positions, mode=mode, order=order)(*inputs)
        for J, dense in zip(found, expected, strict=True):
            check_everything(J, dense, f"{mode}, {order}")


@settings(max_examples=100, deadline=None)
@given(programs(), st.data())
def test_any_order_of_elimination(program, data):
    inputs, positions = program.inputs, tuple(range(len(program.inputs)))
    plan = jac.jacobian(program.result(np), positions)(*inputs)[0].plan
    order = data.draw(st.permutations(plan.order))
    found = jac.jacobian(program.result(np), positions, order=order)(*inputs)
    for J, dense in zip(found, stepped(program.result(COMPLEX), inputs), strict=True):
        assert_close(J.to_array(), dense, f"order {order}")


@settings(max_examples=60, deadline=None)
@given(programs(steps=10, largest=16))
def test_hessians_of_random_programs(program):
    """Gradients against the complex step, and Hessians along one direction against differences of complex steps."""
    inputs, positions = program.inputs, tuple(range(len(program.inputs)))
    rng = np.random.default_rng(0)
    tangents = [rng.normal(size=x.shape) for x in inputs]

    def gradients(*point):
        return stepped(program.total(COMPLEX), point)

    def moved(t):
        return np.concatenate(
            [np.ravel(g) for g in gradients(*[x + t * h for x, h in zip(inputs, tangents, strict=True)])]
        )

    expected = numerical_jacobians(moved, np.zeros(()), step=1e-5)[0]
    for found, gradient in zip(jac.grad(program.total(np), positions)(*inputs), gradients(*inputs), strict=True):
        assert_close(found, gradient, "grad")
    for mode in ("explicit", "lazy"):
        rows = jac.hessian(program.total(np), positions, mode=mode)(*inputs)
        products = [sum(block @ h for block, h in zip(row, tangents, strict=True)) for row in rows]
        assert_close(np.concatenate([np.ravel(p) for p in products]), expected, f"hessian, {mode}", 1e-7)
        for n, m in np.ndindex(len(inputs), len(inputs)):
            assert_close(rows[n][m].to_array(), rows[m][n].T.to_array(), "symmetry")
    assert_close(
        np.concatenate([np.ravel(p) for p in jac.hvp(program.total(np), inputs, tangents)]), expected, "hvp", 1e-7
    )


@settings(max_examples=40, deadline=None)
@given(programs(steps=8, largest=1600, shapes=[(20, 30), (30, 20), (40, 40), (40,), (30, 1), (8, 10, 20)]))
def test_products_of_larger_programs(program):
    """Large enough for matrix products; the complex step along one direction is the oracle."""
    inputs, positions = program.inputs, tuple(range(len(program.inputs)))
    rng = np.random.default_rng(0)
    tangents = [rng.normal(size=x.shape) for x in inputs]

    def along(t):
        return program.result(COMPLEX)(*[x + t * h for x, h in zip(inputs, tangents, strict=True)])

    (expected,) = stepped(along, [np.zeros(())])
    assert_close(jac.jvp(program.result(np), inputs, tangents)[1], expected, "jvp")
    cotangent = rng.normal(size=expected.shape)
    pulled = jac.vjp(program.result(np), *inputs)[1](cotangent)
    assert_close(sum(np.vdot(c, h) for c, h in zip(pulled, tangents, strict=True)), np.vdot(cotangent, expected), "vjp")
    for mode, order in (*WAYS, ("explicit", "forward"), ("explicit", "reverse")):
        jacobians = jac.jacobian(program.result(np), positions, mode=mode, order=order)(*inputs)
        found = sum(J @ h for J, h in zip(jacobians, tangents, strict=True))
        assert_close(found, expected, f"J @ h, {mode}, {order}")


def reversed_sum(x):
    """Sums from each entry up to the last."""
    return np.cumsum(x[..., ::-1], axis=-1)[..., ::-1]


A = np.linspace(0.5, 2, 9).reshape(3, 3) ** 1.5
SQUARE, ROW, TWO_ROWS = np.sin(A), np.sin(A[:1]), np.cos(A[:2])
PAIRS = np.array([0, -2, 0]), np.array([1, 0, 1])

# What operators and maps meet: each other, a factor on both sides, a factor that is summed; entries taken twice.
TANGLES = {
    "sum after reversed sum": (lambda x: reversed_sum(np.cumsum(x, axis=-1)), ROW),
    "reversed sum after sum": (lambda x: np.cumsum(reversed_sum(x), axis=-1), ROW),
    "gradient of cumprod": (lambda x: reversed_sum(np.cumprod(x)) / np.ravel(x), ROW),
    "trace of a scan": (lambda x: np.trace(np.cumsum(A * x, axis=0)), SQUARE),
    "trace of a scan of copies": (lambda x: np.trace(np.cumsum(A * x, axis=1)), ROW[0]),
    "diagonal of a scan": (lambda x: np.diagonal(np.cumsum(A * x, axis=0)), SQUARE),
    "entries of a scan": (lambda x: np.cumsum(A * x, axis=0)[[0, 1, 2, 1], [0, 1, 2, 1]], ROW[0]),
    "scan with a row added": (lambda x: reversed_sum(x + x[:1]), TWO_ROWS),
    "scan of all entries": (lambda x: np.cumsum(x + x[0]) * np.cumsum(x), TWO_ROWS),
    "entries taken twice": (lambda x: x[PAIRS], SQUARE),
    "products of entries taken twice": (lambda x: np.outer(x[PAIRS], x[PAIRS[::-1]])[PAIRS], SQUARE),
}


@pytest.mark.parametrize("name", TANGLES)
def test_tangles(name):
    function, x = TANGLES[name]
    (expected,) = stepped(function, [x])
    for mode, order in WAYS:
        check_everything(jac.jacobian(function, mode=mode, order=order)(x), expected, f"{mode}, {order}")

    def gradient(x):
        (dense,) = stepped(lambda x: np.sum(np.sin(function(x))), [x])
        return dense

    (second,) = numerical_jacobians(gradient, x)
    for mode, order in WAYS:
        H = jac.hessian(lambda x: np.sum(np.sin(function(x))), mode=mode, order=order)(x)
        assert_close(H.to_array(), second, f"hessian, {mode}, {order}", 1e-8)
        assert_close(H @ np.cos(x), np.tensordot(second, np.cos(x), x.ndim), f"H @ h, {mode}, {order}", 1e-8)
