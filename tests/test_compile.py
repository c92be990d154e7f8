"""`compile`: signatures, static arguments, nests, results of their own, errors that name the line, saving, threads."""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.sparse

import jacobians as jac

X = np.random.default_rng(0).normal(size=(7, 3))
LABELS = np.random.default_rng(1).uniform(size=7)


def loss(w):
    z = X @ w
    return np.sum(np.logaddexp(0, z) - LABELS * z)


def quadratic(W, b):
    return np.sum((W @ np.array([1.0, 2.0]) + b) ** 2)


def point(seed: int = 2, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape or (3,))


# ------------------------------------------------------------------------------------------------------ transforms
def test_gradient_of_the_lesson():
    gradient = jac.compile(jac.grad(quadratic, argnums=(0, 1)))
    W, b = np.array([[1.0, -2.0], [1.0, 1.0]]), np.zeros(2)
    for _ in range(2):
        dW, db = gradient(W, b)
        np.testing.assert_array_equal(dW, [[-6, -12], [6, 12]])
        np.testing.assert_array_equal(db, [-6, 6])


COMPOSITIONS = {
    "value": lambda w: loss(w),
    "grad": lambda w: jac.grad(loss)(w),
    "value_and_grad": lambda w: jac.value_and_grad(loss)(w),
    "jacobian": lambda w: jac.jacobian(lambda w: np.tanh(X @ w))(w).to_array(),
    "hessian": lambda w: jac.hessian(loss)(w).to_array(),
    "third": lambda w: jac.jacobian(lambda w: jac.hessian(loss)(w).to_array())(w).to_array(),
    "vjp": lambda w: jac.vjp(lambda w: np.sin(X @ w), w)[1](LABELS),
    "jvp": lambda w: jac.jvp(lambda w: np.sin(X @ w), (w,), (np.ones(3),)),
    "hvp": lambda w: jac.hvp(loss, (w,), (np.ones(3),)),
    "diagonal": lambda w: jac.jacobian(np.sin)(w).diagonal(),
    "kernel": lambda w: (lambda J: (J @ J.T).to_array())(jac.jacobian(lambda w: np.tanh(X @ w))(w)),
    "product": lambda w: jac.jacobian(lambda w: np.tanh(X @ w))(w) @ np.ones(3),
    "entries": lambda w: jac.jacobian(lambda w: np.tanh(X @ w))(w)[2:4],
}


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_any_composition_gives_what_it_gives_eagerly(name):
    function = COMPOSITIONS[name]
    compiled = jac.compile(function)
    for seed in (2, 3):  # the numbers of the first call must not be kept
        expected, found = function(point(seed)), compiled(point(seed))
        assert type(found) is type(expected)
        for a, b in zip(*[x if isinstance(x, tuple) else (x,) for x in (expected, found)], strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-14)
            assert np.shape(a) == np.shape(b)
            assert a.dtype == b.dtype
    assert repr(compiled).endswith("1 signature)")


def test_result_may_be_a_jacobian():
    compiled = jac.compile(jac.hessian(loss))
    for seed in (2, 3):
        H = compiled(point(seed))
        assert isinstance(H, jac.Jacobian)
        np.testing.assert_allclose(H.to_array(), jac.hessian(loss)(point(seed)).to_array(), rtol=1e-12)


@pytest.mark.parametrize("format", ["csr", "csc", "coo"])
def test_result_may_be_sparse(format):
    def stencil(u):
        return np.roll(u, 1) * u - 2 * u + np.roll(u, -1)

    compiled = jac.compile(lambda u: jac.jacobian(stencil)(u).to_sparse(format))
    for seed in (2, 3):
        u = point(seed, 6)
        found = compiled(u)
        assert scipy.sparse.issparse(found)
        assert found.format == format
        np.testing.assert_allclose(found.toarray(), jac.jacobian(stencil)(u).to_array(), rtol=1e-12)


# ------------------------------------------------------------------------------------------------------ signatures
def test_other_shapes_and_dtypes_get_programs_of_their_own():
    compiled = jac.compile(jac.grad(lambda x: np.sum(np.sin(x))))
    for x in (np.ones(3), np.ones((2, 2)), np.ones(3, np.float32)):
        result = compiled(x)
        assert (result.shape, result.dtype) == (x.shape, x.dtype)
        np.testing.assert_allclose(result, np.cos(x), rtol=1e-6)
    assert repr(compiled).endswith("3 signatures)")


def test_floats_are_arguments_and_ints_decide():
    calls = []

    def power(x, a, n):
        calls.append(n)
        return a * x**n

    compiled = jac.compile(power)
    x = np.array([1.0, 2.0])
    for a, n in ((2.0, 2), (3.0, 2), (3.0, 3)):
        np.testing.assert_allclose(compiled(x, a, n), a * x**n)
    assert calls == [2, 3]


def test_a_python_float_does_not_decide_the_dtype():
    compiled = jac.compile(lambda x, a: a * x)
    assert compiled(np.ones(2, np.float32), 2.0).dtype == np.float32
    assert compiled(np.ones(2, np.float32), np.float64(2.0)).dtype == np.float64


def test_static_argument_may_decide():
    def clipped(x, limit):
        return np.sum(x) if limit > 1 else np.sum(x**2)

    compiled = jac.compile(jac.grad(clipped), static_argnums=1)
    np.testing.assert_array_equal(compiled(np.array([3.0, 4.0]), 2.0), [1, 1])
    np.testing.assert_array_equal(compiled(np.array([3.0, 4.0]), 0.5), [6, 8])
    order = jac.compile(lambda x, p: x[p], static_argnums=1)
    np.testing.assert_array_equal(order(np.array([3.0, 4.0]), np.array([True, False])), [3])
    np.testing.assert_array_equal(order(np.array([3.0, 4.0]), np.array([False, True])), [4])


class Pair(NamedTuple):
    W: Any
    b: Any


@dataclass
class State:
    x: Any
    steps: int


def test_arguments_and_results_may_be_nested():
    def model(params, state, *, rate):
        y = params["layers"][0].W @ state.x + params["layers"][0].b
        return {"out": y * rate, "all": (State(y, state.steps), [Pair(y, None)])}

    params = {"layers": [Pair(np.ones((2, 3)), np.ones(2))]}
    compiled = jac.compile(model)
    for factor in (1.0, 2.0):
        found = compiled(params, State(factor * np.ones(3), 4), rate=0.5)
        np.testing.assert_array_equal(found["out"], (3 * factor + 1) * np.ones(2) * 0.5)
        assert found["all"][0].steps == 4
        assert found["all"][1][0].b is None
        np.testing.assert_array_equal(found["all"][1][0].W, (3 * factor + 1) * np.ones(2))
    assert "params['layers'][0].W" in compiled.source


def test_captured_arrays_are_copied_at_the_first_call():
    scale = np.ones(3)
    large = np.ones(3000)
    compiled = jac.compile(lambda x: np.sum(x * scale) + np.sum(large))
    first = compiled(np.ones(3))
    scale[:] = 5
    large[:] = 5
    assert compiled(np.ones(3)) == first


# --------------------------------------------------------------------------------------------------------- results
@pytest.mark.parametrize(
    "function",
    [
        lambda x: x,
        lambda x: x.reshape(3, 1),
        lambda x: x[1:],
        lambda x: np.ones(3),
        lambda x: jac.jacobian(lambda x: X @ x)(x).to_array(),
        lambda x: jac.grad(lambda x: np.sum(x * LABELS[:3]))(x),
        lambda x: np.exp(x),
    ],
)
def test_results_share_memory_with_nothing(function):
    compiled = jac.compile(function)
    x = point()
    kept = x.copy()
    first = compiled(x)
    expected = first.copy()
    first[...] = 77
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(compiled(x), expected)


def test_two_results_share_no_memory():
    y, z = jac.compile(lambda x: (lambda y: (y, y.reshape(3, 1)))(np.exp(x)))(point())
    y[:] = 0
    assert z.all()


# ------------------------------------------------------------------------------------------------------ composition
def test_a_compiled_function_can_be_differentiated_and_compiled_again():
    inner = jac.compile(lambda x: np.sum(np.sin(x)))
    np.testing.assert_allclose(jac.grad(inner)(point()), np.cos(point()))
    outer = jac.compile(jac.grad(inner))
    np.testing.assert_allclose(outer(point()), np.cos(point()))


# ----------------------------------------------------------------------------------------------------------- errors
def test_a_decision_by_numbers_names_the_line():
    def decides(x):
        if x[0] > 0:  # the line
            return x
        return -x

    with pytest.raises(jac.StagingError, match=r"if, while, and, or.* at .*test_compile.py:\d+ .*np.where"):
        jac.compile(decides)(np.ones(2))
    with pytest.raises(jac.StagingError, match=r"test_compile.py"):
        jac.compile(jac.grad(lambda x: np.sum(decides(x))))(np.ones(2))
    with pytest.raises(jac.StagingError, match=r"float\(\).*static_argnums"):
        jac.compile(lambda x: float(x[0]))(np.ones(2))


def test_errors_of_numpy_are_numpys():
    with pytest.raises(ValueError, match=r"could not be broadcast|mismatch"):
        jac.compile(lambda x, y: x + y)(np.ones(2), np.ones(3))


def test_arguments_of_compile_are_checked():
    with pytest.raises(jac.ArgumentError, match=r"compile: the function is of type int"):
        _ = jac.compile(3)


# ----------------------------------------------------------------------------------------------------------- saving
def run_alone(folder, code: str) -> str:
    """Run Python in a folder, without this library."""
    block = "import sys; sys.modules['jacobians'] = None; sys.modules['opt_einsum'] = None\n"
    done = subprocess.run([sys.executable, "-c", block + code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_saved_module_needs_numpy_alone(tmp_path):
    compiled = jac.compile(jac.grad(loss), name="slope")
    expected = compiled(np.ones(3))
    compiled.save(tmp_path / "my_gradient.py")
    code = "import numpy as np, my_gradient\nprint(my_gradient.slope(np.ones(3)).tolist())\n"
    code += "assert 'scipy' not in sys.modules"
    assert run_alone(tmp_path, code) == str(expected.tolist())
    wrong = "import numpy as np, my_gradient\ntry: my_gradient.slope(np.ones(4))\nexcept TypeError as e: print(e)"
    assert "but was called with (((4,), 'float64'),)" in run_alone(tmp_path, wrong)


def test_saved_module_of_several_signatures(tmp_path):
    compiled = jac.compile(jac.grad(lambda p: np.sum(np.sin(p["x"]) * np.arange(p["x"].size))), name="slope")
    compiled = jac.compile(lambda p: (np.arange(50.0) * 1.0)[: p["x"].size] * p["x"], name="scaled")
    for size in (40, 50):
        compiled({"x": np.ones(size)})
    compiled.save(tmp_path / "scaled.py")
    code = "import numpy as np, scaled\nprint(*[scaled.scaled({'x': np.ones(n)}).sum() for n in (40, 50)])"
    assert run_alone(tmp_path, code) == "780.0 1225.0"


def test_saving_tells_what_it_cannot_do(tmp_path):
    compiled = jac.compile(jac.hessian(loss))
    with pytest.raises(jac.ArgumentError, match=r"save: loss has not been called"):
        compiled.save(tmp_path / "a.py")
    _ = compiled(point())
    with pytest.raises(jac.ArgumentError, match=r"Jacobian.*to_array\(\)"):
        compiled.save(tmp_path / "a.py")
    with pytest.raises(jac.ArgumentError, match=r"ends in \.py"):
        compiled.save(tmp_path / "a.txt")


# ---------------------------------------------------------------------------------------------- threads and pickles
def test_threads_get_their_own_results():
    compiled = jac.compile(jac.grad(lambda x: np.sum(np.sin(np.exp(-(x**2))))))
    expected = jac.grad(lambda x: np.sum(np.sin(np.exp(-(x**2)))))
    failures = []

    def work(seed):
        for n in range(20):
            x = point(seed * 100 + n, 1000)
            if not np.allclose(compiled(x), expected(x), rtol=1e-12):
                failures.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert repr(compiled).endswith("1 signature)")


def test_pickled_programs_run_without_the_function():
    compiled = jac.compile(jac.grad(lambda x: np.sum(x**3)))
    expected = compiled(point())
    copy = pickle.loads(pickle.dumps(compiled))
    np.testing.assert_array_equal(copy(point()), expected)
    with pytest.raises(jac.ArgumentError, match=r"without the function"):
        copy(np.ones(9))
    whole = pickle.loads(pickle.dumps(jac.compile(loss)))
    assert whole(point()) == loss(point())
    hessian = jac.compile(jac.hessian(loss))
    H = hessian(point())
    again = pickle.loads(pickle.dumps(hessian))(point())
    np.testing.assert_array_equal(again.to_array(), H.to_array())


def test_slopes_do_not_warn():
    slope = jac.compile(jac.grad(lambda x: np.sum(np.sqrt(x))))
    np.testing.assert_array_equal(slope(np.array([0.0, 0.25])), [np.inf, 1.0])
    np.testing.assert_array_equal(slope(np.array([0.0, 4.0])), [np.inf, 0.25])


def test_garbage_collection_goes_on_afterwards():
    seen = []

    def watched(x):
        seen.append(gc.isenabled())
        return jac.compile(lambda x: 2 * x)(x)

    assert gc.isenabled()
    _ = jac.compile(watched)(np.ones(2))
    assert gc.isenabled()
    with pytest.raises(jac.StagingError):
        jac.compile(lambda x: float(x[0]))(np.ones(2))
    assert gc.isenabled()
    assert seen == [False]


# ------------------------------------------------------------------------------------------------ arrays of the caller
INTO = {
    "gradient": lambda x: jac.grad(lambda x: np.sum(np.sin(x) * x))(x),
    "dense diagonal": lambda x: jac.jacobian(np.sin)(x).to_array(),
    "dense sum": lambda x: jac.jacobian(lambda x: np.sin(x) + np.sum(x**2))(x).to_array(),
    "product": lambda x: np.outer(x, x) @ np.outer(x, x),
    "view": lambda x: np.exp(x).reshape(-1, 1),
    "input": lambda x: x,
    "constant": lambda x: np.arange(3.0),
    "nest": lambda x: {"a": (x + 1, np.sum(x)), "b": [x[:2]]},
    "twice": lambda x: (lambda y: (y, y))(np.exp(x)),
}


@pytest.mark.parametrize("size", [3, 300])
@pytest.mark.parametrize("name", INTO)
def test_results_go_into_arrays_of_the_caller(name, size):
    def places(result):
        if isinstance(result, dict):
            return {key: places(value) for key, value in result.items()}
        if isinstance(result, (tuple, list)):
            return type(result)([places(value) for value in result])
        return np.full(np.shape(result), 7.0)

    def arrays(result):
        if isinstance(result, (dict, tuple, list)):
            return [a for part in (result.values() if isinstance(result, dict) else result) for a in arrays(part)]
        return [result]

    compiled = jac.compile(INTO[name])
    for seed in (1, 2):
        x = point(seed, size)
        expected = compiled(x)
        out = places(expected)
        held = arrays(out)
        assert compiled(x, out=out) is out
        for a, b, place in zip(arrays(expected), arrays(out), held, strict=True):
            assert b is place
            np.testing.assert_allclose(b, a, rtol=1e-12)


def test_arrays_of_the_caller_are_checked():
    compiled = jac.compile(lambda x: 2 * x)
    x = np.ones(3)
    for out, text in {
        "shape": (np.ones(4), r"out, array 0 must have shape \(3,\), but has shape \(4,\)"),
        "dtype": (np.ones(3, np.float32), r"has dtype float32.*np.empty\(\(3,\), np.float64\)"),
        "order": (np.ones(6)[::2], r"not in C order"),
        "nest": ((np.ones(3),), r"nested as the result"),
        "memory": (x, r"shares memory"),
    }.values():
        with pytest.raises(jac.JacobianError, match=text):
            _ = compiled(x, out=out)
    with pytest.raises(jac.ArgumentError, match=r"more than arrays"):
        _ = jac.compile(jac.jacobian(np.sin))(x, out=np.ones((3, 3)))


def test_a_parameter_of_the_function_may_be_called_out():
    np.testing.assert_array_equal(jac.compile(lambda x, out: x + out)(np.ones(2), out=np.ones(2)), [2, 2])
