"""Nests of arrays: shared work, several arguments, errors, the tape, checks and compiled functions."""

import pickle
from collections import defaultdict

import numpy as np
import pytest
from graph_oracle import numerical_jacobians
from nests import (
    CASES,
    NET,
    PARAMS,
    A,
    Layer,
    Net,
    X,
    assert_same_nest,
    dense,
    expected_blocks,
    flat,
    matrix_of,
    run_net,
    trunk_and_heads,
    weighted,
)
from sample_jacobians import assert_close
from scipy.sparse import eye_array

import jacobians as jac


# ------------------------------------------------------------------------------------------------- shared work
def test_the_function_is_called_once():
    calls = []

    def f(p):
        calls.append(1)
        return trunk_and_heads(p)

    for run in (jac.jacobian(f), lambda p: jac.jacobian(f, (0,))(p), lambda p: jac.vjp(f, p)):
        calls.clear()
        _ = run(PARAMS)
        assert len(calls) == 1
    calls.clear()
    _ = jac.hessian(lambda a, b: np.sum(f({"W": a, "b": b})["hidden"]), (0, 1))(*PARAMS.values())
    assert len(calls) == 1


def test_what_leads_to_several_outputs_is_eliminated_once():
    W = [dense(50, 2), *[dense(50, 50) for _ in range(3)]]

    def trunk(x):
        for layer in W:
            x = np.tanh(layer @ x)
        return x

    heads = [lambda h: np.sin(h), lambda h: np.cos(h), lambda h: h * h]
    together = jac.jacobian(lambda x: [head(trunk(x)) for head in heads][:1])(np.ones(2)).plan.multiplications

    def all_heads(x):
        h = trunk(x)
        return [head(h) for head in heads]

    assert jac.jacobian(all_heads)(np.ones(2)).plan.multiplications < 1.1 * together


def test_plans_are_given_back():
    plan = jac.plan(trunk_and_heads, PARAMS, order="search")
    J = jac.jacobian(trunk_and_heads, plan=plan)(PARAMS)
    assert_close(J.to_matrix(), jac.jacobian(trunk_and_heads)(PARAMS).to_matrix())
    assert jac.plan(trunk_and_heads, PARAMS, order=plan).order == plan.order
    with pytest.raises(jac.ArgumentError, match="is a plan for another graph"):
        _ = jac.jacobian(lambda p: [np.sin(np.cos(p["W"])), p["b"]], plan=plan)(PARAMS)


# -------------------------------------------------------------------------------------------- several arguments
def test_tuples_of_arguments():
    def f(p, x, scale):
        return np.tanh(p["W"] @ x + p["b"]) * scale["by"]

    scale = {"by": 2.0}
    J = jac.jacobian(f, (0, 1))(PARAMS, X, scale)
    assert [part.path for part in J.columns] == ['[0]["W"]', '[0]["b"]', "[1]"]
    of_params, of_x = J
    assert_close(of_params["W"].to_array(), jac.jacobian(f)(PARAMS, X, scale)["W"].to_array())
    assert_close(of_x.to_array(), jac.jacobian(f, 1)(PARAMS, X, scale).to_array())
    assert type(of_x) is jac.Jacobian
    assert type(jac.jacobian(f, (1,))(PARAMS, X, scale)) is tuple
    gradients = jac.grad(lambda *args: np.sum(f(*args)), (2, 0))(PARAMS, X, scale)
    assert list(gradients[0]) == ["by"]
    assert_close(gradients[1]["b"], jac.grad(lambda *args: np.sum(f(*args)))(PARAMS, X, scale)["b"])
    H = jac.hessian(lambda *args: np.sum(f(*args)), (0, 1))(PARAMS, X, scale)
    assert_close(H[1][0]["W"].to_array(), np.moveaxis(H[0]["W"][1].to_array(), -1, 0))
    arrays = jac.hessian(lambda W, b: np.sum(np.tanh(W @ X + b)), (0, 1))(*PARAMS.values())
    assert [[type(J) for J in row] for row in arrays] == [[jac.Jacobian] * 2] * 2
    assert type(arrays) is tuple
    value, tangent = jac.jvp(f, (PARAMS, X, scale), (PARAMS, X, scale))
    assert_close(tangent, J @ (PARAMS, X) + value)
    _, J = jac.linearize(f, PARAMS, X, scale)
    assert_close(J @ (PARAMS, X, scale), tangent)
    assert [len(c) if isinstance(c, dict) else c.shape for c in jac.vjp(f, PARAMS, X, scale)[1](value)] == [2, (3,), 1]


def test_aux_may_hold_nests():
    def f(p):
        h = p["W"] @ X
        return {"y": np.sin(h)}, Net(Layer(h, None), [h])

    J, aux = jac.jacobian(f, has_aux=True)(PARAMS)
    assert type(aux.first.W) is np.ndarray
    assert_close(aux.rest[0], PARAMS["W"] @ X)
    aux.first.W[:] = 0.0
    assert_close(J["y"]["W"].to_matrix(), matrix_of(lambda p: f(p)[0], PARAMS)[:, :6], 1e-7)


def test_nests_inside_transforms():
    def inner(x):
        p = {"a": x, "b": x * x}
        J = jac.jacobian(lambda p: {"s": np.sin(p["a"]) * p["b"], "t": p["b"]})(p)
        return np.sum((J @ {"a": x, "b": x})["s"] ** 2) + np.sum(J["s"]["a"].diagonal())

    def by_hand(x):
        return np.sum((np.cos(x) * x**3 + np.sin(x) * x) ** 2) + np.sum(np.cos(x) * x * x)

    assert_close(inner(X), by_hand(X))
    (expected,) = numerical_jacobians(by_hand, X)
    assert_close(jac.grad(inner)(X), expected, 1e-6)


# ----------------------------------------------------------------------------------------------------- errors
class Unknown:
    pass


# fmt: off
ERRORS = {
    "integers": (lambda: jac.grad(lambda p: np.sum(p["W"]))({"W": np.arange(3)}),
        'grad: argument 0["W"] has the integer dtype int64.'),
    "unknown": (lambda: jac.grad(lambda x, p: x, 1)(X, Net(Unknown(), [])),
        "grad: argument 1.first is of type Unknown, which is neither an array nor a nest of arrays. Use tuples"),
    "sparse": (lambda: jac.grad(lambda p: np.sum(p["A"] @ p["x"]))({"A": eye_array(3, format="csr"), "x": X}),
        'grad: argument 0["A"] is of type csr_array, which is neither an array nor a nest of arrays.'),
    "defaultdict": (lambda: jac.grad(lambda p: p["a"])(defaultdict(float, a=1.0)), "0 is of type defaultdict,"),
    "empty": (lambda: jac.grad(lambda p: 0.0)({"n": 3, "more": []}),
        "grad: argument 0 is {'n': 3, 'more': []}, a nest without an array."),
    "empty result": (lambda: jac.jacobian(lambda x: [])(X),
        "jacobian: the result is [], a nest without an array."),
    "integers as result": (lambda: jac.jacobian(lambda x: {"order": np.argsort(x), "x": x})(X),
        'jacobian: the result["order"] has the integer dtype int64.'),
    "nest of a scalar": (lambda: jac.value_and_grad(lambda x: {"loss": np.sum(x)})(X),
        "value_and_grad: the result is nested as {'loss': *}, but must be a scalar. Use jacobian, or return (scalar"),
    "hvp of a nest": (lambda: jac.hvp(lambda x: (np.sum(x),), (X,), (X,)), "hvp: the result is a nest of arrays."),
    "missing key": (lambda: jac.jvp(lambda p: p["b"], (PARAMS,), ({"W": A},)),
        "jvp: tangent 0 is nested as {'W': *}, but argument 0 as {'W': *, 'b': *}; they differ at tangent 0[\"b\"]:"),
    "advice": (lambda: jac.jvp(lambda p: p["b"], (PARAMS,), ({"W": A},)),
        "the key is missing. Give a nest of the same kind, with an array for each array."),
    "extra key": (lambda: jac.jvp(lambda p: p["b"], (PARAMS,), ({**PARAMS, "c": X},)),
        'they differ at tangent 0["c"]: the key is not expected.'),
    "other kind": (lambda: jac.jvp(lambda p: p[0], ([X],), ((X,),)),
        "jvp: tangent 0 is nested as (*,), but argument 0 as [*]; they differ at tangent 0: a tuple where a list is"),
    "other length": (lambda: jac.jvp(lambda p: p[0], ([X],), ([X, X],)),
        "they differ at tangent 0: 2 entries where 1 are expected."),
    "nest for array": (lambda: jac.jvp(lambda p: p["b"], (PARAMS,), ({"W": {"x": A}, "b": PARAMS["b"]},)),
        'they differ at tangent 0["W"]: a dict where an array is expected.'),
    "none for array": (lambda: jac.vjp(lambda p: (p["b"],), PARAMS)[1]((None,)),
        "pullback: the cotangent is nested as (None,), but the result as (*,); they differ at the cotangent[0]: None"),
    "array for constant": (lambda: jac.jvp(lambda p: p["x"], ({"x": X, "n": 2},), ({"x": X, "n": X},)),
        'they differ at tangent 0["n"]: a ndarray where the constant 2 is expected.'),
    "shape of a tangent": (lambda: jac.hvp(lambda p: np.sum(p["b"]), (PARAMS,), ({"W": A, "b": X},)),
        'hvp: tangent 0["b"] must have shape (2,), but has shape (3,).'),
    "shape of a cotangent": (lambda: jac.vjp(lambda p: p, PARAMS)[1]({"W": A, "b": X}),
        'pullback: the cotangent["b"] must have shape (2,), but has shape (3,).'),
}
# fmt: on


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    fail, message = ERRORS[name]
    with pytest.raises(jac.JacobianError) as caught:
        _ = fail()
    assert message in str(caught.value)


def test_tangents_need_not_repeat_constants_or_order():
    p = {"x": X, "n": 2, "kind": "sine"}
    for tangent in ({"n": None, "kind": None, "x": X}, {"x": X, "n": 0, "kind": "sine"}):
        assert_close(jac.jvp(lambda p: np.sin(p["x"]), (p,), (tangent,))[1], np.cos(X) * X)


# --------------------------------------------------------------------------------- tape, checks, compiled functions
def test_the_tape_watches_nests():
    with jac.Tape() as tape:
        p = tape.watch({"W": A, "x": X, "n": 2})
        h = p["W"] @ p["x"]
        y = {"h": h, "s": np.sum(h) * p["n"]}
    gradient = tape.gradient(y["s"], p)
    assert list(gradient) == ["W", "x", "n"]
    assert_close(gradient["x"], 2 * A.sum(0))
    J = tape.jacobian(y, p)
    assert_close(J["h"]["x"].to_array(), A)
    assert_close(J["s"]["W"].to_array(), 2 * np.tile(X, (2, 1)))
    assert type(tape.jacobian(h, p)) is jac.BlockJacobian
    mixed = tape.jacobian(y, {"h": h, "x": p["x"]})
    assert_close(mixed["s"]["h"].to_array(), [2.0, 2.0])
    assert_close(mixed["s"]["x"].to_array(), 2 * A.sum(0))
    with pytest.raises(jac.ArgumentError, match=r"Tape.gradient: the target is nested as \{'h': \*, 's': \*\}, but"):
        _ = tape.gradient(y, p)
    with pytest.raises(jac.ArgumentError, match=r'Tape.jacobian: source 0\["x"\] is a ndarray that this tape did not'):
        _ = tape.jacobian(h, {"x": X})


@pytest.mark.parametrize("method", ["central", "complex"])
@pytest.mark.parametrize("name", ["shared outputs", "dataclass", "constants", "unused", "list of floats"])
def test_checks_of_nests(name, method):
    f, nest = CASES[name]
    jac.check_jacobian(f, nest, method=method)
    if name != "list of floats":  # a list of numbers is an array there, as for NumPy
        assert_same_nest(jac.numerical_jacobian(f, nest, method), expected_blocks(f, nest))


def test_a_wrong_block_is_named():
    def f(p):
        return {"right": p["W"] * 2.0, "wrong": p["b"] * jac.stop_gradient(p["b"])}

    with pytest.raises(jac.JacobianMismatchError) as caught:
        jac.check_jacobian(f, PARAMS)
    assert 'entries of the Jacobian of result["wrong"] for argument 0["b"] disagree' in str(caught.value)
    assert (caught.value.argnum, caught.value.in_path, caught.value.out_path) == (0, '["b"]', '["wrong"]')


@pytest.mark.parametrize("name", ["dict to array", "array to dict", "dataclass", "constants", "shared outputs"])
def test_compiled(name):
    f, nest = CASES[name]
    expected = matrix_of(f, nest)
    compiled = jac.compile(jac.jacobian(f))
    for _ in range(2):
        assert_close(compiled(nest).to_matrix(), expected, 1e-7)
    again = pickle.loads(pickle.dumps(compiled(nest)))
    assert_same_nest(again.to_array(), expected_blocks(f, nest))
    assert_close(jac.compile(lambda p: jac.jacobian(f)(p).to_matrix())(nest), expected, 1e-7)
    assert_close(jac.compile(lambda p: jac.jacobian(f)(p).to_sparse())(nest).toarray(), expected, 1e-7)
    assert_same_nest(jac.compile(lambda p: jac.jacobian(f)(p).to_array())(nest), expected_blocks(f, nest))
    gradient = jac.compile(jac.grad(weighted(f, nest)))(nest)
    assert_close(flat(gradient), flat(jac.grad(weighted(f, nest))(nest)))


def test_a_compiled_function_takes_jacobians_of_nests():
    J = jac.jacobian(trunk_and_heads)(PARAMS)
    product = jac.compile(lambda J, h: J @ h)
    for factor in (1.0, 2.0):
        h = {key: factor * part for key, part in PARAMS.items()}
        assert_close(flat(product(J, h)), flat(J @ h))
    inside = jac.compile(run_net)
    assert_close(
        flat(jac.grad(lambda net: np.sum(inside(net)))(NET)), flat(jac.grad(lambda n: np.sum(run_net(n)))(NET))
    )
