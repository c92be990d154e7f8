"""Functions of nests of arrays: structure as JAX nests it, numbers against finite differences over the flat vector."""

import copy
import pickle
import re

import numpy as np
import pytest
from nests import (
    CASES,
    NET,
    PARAMS,
    A,
    X,
    assert_same_nest,
    changed,
    dense,
    expected_blocks,
    filled,
    flat,
    matrix_of,
    run_net,
    trunk_and_heads,
    weighted,
)
from sample_jacobians import assert_close

import jacobians as jac

RNG = np.random.default_rng(12)
ROWS = pytest.mark.parametrize("name", CASES)


@ROWS
@pytest.mark.parametrize("options", [{}, {"mode": "explicit"}, {"mode": "lazy"}, {"order": "forward"}], ids=str)
def test_blocks(name, options):
    f, nest = CASES[name]
    expected, J = matrix_of(f, nest), jac.jacobian(f, **options)(nest)
    assert type(J) is jac.BlockJacobian
    assert J.shape == expected.shape
    assert_same_nest(J.to_array(), expected_blocks(f, nest))
    assert_same_nest(changed(J.blocks, lambda block: np.zeros(block.shape)), expected_blocks(f, nest))
    assert_close(J.to_matrix(), expected, 1e-7)
    assert_close(np.asarray(J), expected, 1e-7)
    assert_close(J.to_sparse().toarray(), expected, 1e-7)
    for row, blocks in zip(J.rows, J.grid(), strict=True):
        for column, block in zip(J.columns, blocks, strict=True):
            assert block.shape == row.shape + column.shape
            assert_close(block.to_matrix(), expected[row.slice, column.slice], 1e-7)
            keys = re.sub(r"\.(\w+)", r'["\1"]', row.path + column.path)
            assert_close(eval(f"J{keys}").to_matrix(), expected[row.slice, column.slice], 1e-7)
    assert J.mode == ("lazy" if options.get("mode") == "lazy" else "explicit")


@ROWS
@pytest.mark.parametrize("mode", ["explicit", "lazy", "auto"])
def test_products(name, mode):
    f, nest = CASES[name]
    expected, J, value = matrix_of(f, nest), jac.jacobian(f, mode=mode)(nest), f(nest)
    h, c = (RNG.normal(size=size) for size in reversed(expected.shape))
    for product in (J @ filled(nest, h), J.jvp(filled(nest, h))):
        assert_same_nest(product, changed(value, np.zeros_like))
        assert_close(flat(product), expected @ h, 1e-6)
    for product in (filled(value, c) @ J, J.vjp(filled(value, c)), J.T @ filled(value, c)):
        assert_same_nest(product, changed(nest, np.zeros_like))
        assert_close(flat(product), c @ expected, 1e-6)
    assert_close(J.T.to_matrix(), expected.T, 1e-6)
    assert_close((J @ J.T).to_matrix(), expected @ expected.T, 1e-5)
    assert_close((J.T @ J).to_matrix(), expected.T @ expected, 1e-5)
    assert_close((2.0 * J - J / 2 + sum([J])).to_matrix(), 2.5 * expected, 1e-6)
    operator = J.to_linear_operator()
    assert operator.shape == J.shape
    assert_close(operator @ h, expected @ h, 1e-6)
    assert_close(operator.T @ np.stack([c, c]).T, np.stack([c @ expected] * 2).T, 1e-6)


@ROWS
def test_transforms(name):
    f, nest = CASES[name]
    expected, value = matrix_of(f, nest), f(nest)
    h, c = (RNG.normal(size=size) for size in reversed(expected.shape))
    result, pullback = jac.vjp(f, nest)
    assert_same_nest(result, value)
    assert_close(flat(result), flat(value))
    (cotangent,) = pullback(filled(value, c))
    assert_same_nest(cotangent, changed(nest, np.zeros_like))
    assert_close(flat(cotangent), c @ expected, 1e-6)
    result, tangent = jac.jvp(f, (nest,), (filled(nest, h),))
    assert_close(flat(result), flat(value))
    assert_close(flat(tangent), expected @ h, 1e-6)
    result, J = jac.linearize(f, nest)
    assert J.mode == "lazy"
    assert_close(flat(J @ filled(nest, h)), expected @ h, 1e-6)
    result, J = jac.value_and_jacobian(f)(nest)
    assert_close(flat(result), flat(value))
    assert_close(J.to_matrix(), expected, 1e-7)


@ROWS
def test_gradients_and_second_derivatives(name):
    f, nest = CASES[name]
    loss = weighted(f, nest)
    value, gradient = jac.value_and_grad(loss)(nest)
    assert_close(value, loss(nest))
    assert_same_nest(gradient, changed(nest, np.zeros_like))
    assert_close(flat(gradient), matrix_of(lambda p: [loss(p)], nest)[0], 1e-6)
    expected = matrix_of(jac.grad(loss), nest)
    H = jac.hessian(loss)(nest)
    if isinstance(nest, np.ndarray):
        assert type(H) is jac.Jacobian
    assert_close(H.to_matrix(), expected, 1e-5)
    assert_close(H.to_sparse().toarray(), expected, 1e-5)
    h = RNG.normal(size=expected.shape[1])
    (product,) = jac.hvp(loss, (nest,), (filled(nest, h),))
    assert_same_nest(product, changed(nest, np.zeros_like))
    assert_close(flat(product), expected @ h, 1e-5)


def test_third_derivatives():
    def loss(p):
        return np.sum(np.sin(p["x"]) * p["s"] ** 2)

    third = jac.jacobian(jac.hessian(loss))({"x": X, "s": 0.5})
    assert_close(third["x"]["x"]["x"].to_array()[0, 0, 0], -np.cos(X[0]) * 0.25)
    assert_close(third["s"]["s"]["x"].to_array(), 2 * np.cos(X))
    assert_close(third["s"]["x"]["s"].to_array(), 2 * np.cos(X))


def test_results_of_numpy_that_are_named_tuples():
    S = A.T @ A + np.diag([1.0, 2.0, 3.0])
    J = jac.jacobian(np.linalg.eigh)(S)
    assert [part.path for part in J.rows] == [".eigenvalues", ".eigenvectors"]
    assert type(J.to_array()) is type(np.linalg.eigh(S))
    assert_close(J["eigenvalues"].to_array(), jac.jacobian(np.linalg.eigvalsh)(S).to_array())


# ------------------------------------------------------------------------------------------------------- the object
def test_access():
    J = jac.jacobian(trunk_and_heads)(PARAMS)
    assert type(J["heads"]) is jac.BlockJacobian
    assert type(J["heads"][0]["W"]) is jac.Jacobian
    assert J["hidden"]["b"].structure == "diagonal"
    assert J["heads"].shape == (3, 8)
    assert J.keys() == ("hidden", "heads", "again", "in", "note", "count")
    assert list(J["hidden"]) == ["W", "b"]
    _, second = J["heads"]
    assert_close(second.to_matrix(), J["heads"][1].to_matrix())
    assert len(J["heads"]) == 2
    assert_close(J["heads"][-1].to_matrix(), second.to_matrix())
    net = jac.jacobian(run_net)(NET)
    assert_close(net["first"]["W"].to_array(), net[0][0].to_array())
    with pytest.raises(KeyError, match=r"'nothing' is not among 'hidden', 'heads'"):
        _ = J["nothing"]
    with pytest.raises(KeyError, match=r"'count' is a constant, 3, and has no block"):
        _ = J["count"]
    with pytest.raises(IndexError, match=r"2 is not among 0, 1"):
        _ = J["heads"][2]


def test_the_flat_view_tells_its_order():
    J = jac.jacobian(trunk_and_heads)(PARAMS)
    assert [part.path for part in J.rows] == ['["hidden"]', '["heads"][0]', '["heads"][1]', '["again"]', '["in"]']
    assert [part.slice for part in J.rows] == [slice(0, 2), slice(2, 4), slice(4, 5), slice(5, 7), slice(7, 9)]
    assert [part.path for part in J.columns] == ['["W"]', '["b"]']
    assert [part.shape for part in J.columns] == [(2, 3), (2,)]
    assert [part.path for part in jac.jacobian(run_net)(NET).columns][:3] == [".first.W", ".first.b", ".rest[0].W"]


def test_batches():
    f, nest = CASES["dict to array"]
    J = jac.jacobian(f)(nest)
    h = {"W": dense(2, 3, 4), "b": dense(2, 4)}
    stacked = np.stack([J @ {key: part[..., n] for key, part in h.items()} for n in range(4)], axis=-1)
    assert_close(J @ h, stacked)
    c = dense(5, 2)
    found = c @ J
    assert_close(found["W"], np.stack([(row @ J)["W"] for row in c]))
    with pytest.raises(jac.ShapeError, match=r'J @ tangents: the tangent\["b"\] must have shape \(2, 4\)'):
        _ = J @ {"W": h["W"], "b": dense(2)}


def test_the_chain_rule():
    inner = jac.jacobian(lambda x: {"W": np.outer(A @ x, x), "b": A @ x})(X)
    outer = jac.jacobian(lambda p: np.tanh(p["W"] @ X + p["b"]))({"b": A @ X, "W": np.outer(A @ X, X)})
    J = outer @ inner
    assert type(J) is jac.Jacobian
    direct = jac.jacobian(lambda x: np.tanh(np.outer(A @ x, x) @ X + A @ x))(X)
    assert_close(J.to_array(), direct.to_array())
    scaled = jac.jacobian(lambda y: 2.0 * y)(np.zeros(2)) @ outer
    assert_close(scaled.to_matrix(), 2.0 * outer.to_matrix())
    after = inner @ jac.jacobian(np.sin)(X)
    assert_close(after.to_matrix(), inner.to_matrix() @ np.diag(np.cos(X)))
    with pytest.raises(jac.ArgumentError, match=r"J @ K: the result of K is nested as \(\*, \*\), but the argument of"):
        _ = outer @ jac.jacobian(lambda x: (x, x))(X)
    with pytest.raises(jac.ShapeError, match=r'J @ K: the result of K, \["W"\], must have shape \(2, 3\)'):
        _ = outer @ jac.jacobian(lambda x: {"W": x, "b": A @ x})(X)
    with pytest.raises(jac.ArgumentError, match=r"J \+ K: the result of K is nested as"):
        _ = inner + outer


@pytest.mark.parametrize("mode", ["explicit", "lazy", "auto"])
def test_pickle_and_copy(mode):
    J = jac.jacobian(trunk_and_heads, mode=mode)(PARAMS)
    for twin in (pickle.loads(pickle.dumps(J)), copy.copy(J), copy.deepcopy(J)):
        assert_close(twin.to_matrix(), J.to_matrix())
        assert twin.rows == J.rows
        assert twin["heads"][0]["W"].structure == J["heads"][0]["W"].structure


def test_printing():
    J = jac.jacobian(lambda p: {"y": A @ p["x"]}, mode="explicit")({"x": X, "n": 3})
    assert repr(J) == (
        "BlockJacobian({'y': *} | {'x': *, 'n': 3}, shape (2, 3), float64, held 48 B, dense 48 B, explicit)\n"
        '  ["y"]["x"]: (2,) | (3,), dense'
    )
    many = jac.jacobian(lambda x: [s * s for s in x])(np.ones(30))
    assert repr(many).endswith("\n  ... and 6 blocks more")


def test_zeros_cost_nothing():
    J = jac.jacobian(lambda p: {"y": p["a"] * 2.0, "c": np.ones(2)})({"a": X, "unused": np.ones((1000, 1000))})
    assert J["y"]["unused"].terms == J["c"]["a"].terms == ()
    assert J.nbytes == 0
    assert J["y"]["unused"].shape == (3, 1000, 1000)
    assert J.to_sparse().nnz == 3
    assert_close(jac.grad(lambda p: np.sum(p[0]))((X, A))[1], np.zeros((2, 3)))


def test_memory_limit():
    J = jac.jacobian(lambda p: p["x"] * 2.0, memory_limit="1kB")({"x": np.ones(100)})
    for result in (J.to_array, J.to_matrix):
        with pytest.raises(jac.MemoryLimitError, match=r"would need 80.0 kB, over the memory limit of 1.0 kB"):
            _ = result()
    assert J.to_matrix(memory_limit="1MB").shape == (100, 100)


def test_dtypes():
    p = {"single": X.astype(np.float32), "double": X}

    def f(p):
        return {"single": np.sin(p["single"]), "mixed": p["single"] * p["double"]}

    J = jac.jacobian(f)(p)
    assert (J["single"]["single"].dtype, J["mixed"]["single"].dtype, J.dtype) == (np.float32, np.float64, np.float64)
    gradient = jac.grad(lambda p: np.sum(f(p)["mixed"]))(p)
    assert (gradient["single"].dtype, gradient["double"].dtype) == (np.float32, np.float64)
    assert (f(p) @ J)["single"].dtype == np.float32
    assert (J @ p)["single"].dtype == np.float32
    assert jac.vjp(f, p)[1](f(p))[0]["single"].dtype == np.float32
