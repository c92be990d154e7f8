"""Runs of calls over large arrays: the same numbers in blocks, on one thread and on several, as eagerly."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import jacobians as jac

N = 80_000


@pytest.fixture(params=[1, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = jac.set_threads(request.param)
    yield request.param
    _ = jac.set_threads(before)


def vector(n: int = N, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(n)


def wave(x: np.ndarray) -> np.ndarray:
    return np.sin(np.exp(-(x**2)))


def bare(function: Callable[..., Any], *args: np.ndarray) -> tuple[Any, str]:
    """What a compiled function returns, and its text."""
    compiled = jac.compile(function)
    return compiled(*args), compiled.source


def test_an_elementwise_chain_is_one_run_with_the_same_bits(threads: int) -> None:
    x = vector()
    result, text = bare(wave, x)
    assert text.count("in_blocks(") == 1
    assert np.array_equal(result, wave(x))


def test_small_arrays_are_left_alone() -> None:
    x = vector(1000)
    result, text = bare(wave, x)
    assert "in_blocks" not in text
    assert np.array_equal(result, wave(x))


def test_a_jacobian_of_a_large_chain(threads: int) -> None:
    x = vector()
    result, text = bare(lambda x: jac.jacobian(wave)(x).diagonal(), x)
    e = np.exp(-x * x)
    assert "in_blocks(" in text
    np.testing.assert_allclose(result, -2 * x * e * np.cos(e), rtol=1e-13)


@pytest.mark.parametrize("n", [65_536, 80_001, 131_072, 131_073])
def test_the_last_block_may_be_short(n: int, threads: int) -> None:
    x = vector(n)
    result, text = bare(lambda x: (np.tanh(x) * x, np.sum(np.exp(x) * x)), x)
    assert "in_blocks(" in text
    assert np.array_equal(result[0], np.tanh(x) * x)
    np.testing.assert_allclose(result[1], np.sum(np.exp(x) * x), rtol=1e-13)


def softmax(X: np.ndarray) -> np.ndarray:
    E = np.exp(X - np.max(X, axis=1, keepdims=True))
    return E / np.sum(E, axis=1, keepdims=True)


def test_rows_are_reduced_within_a_block(threads: int) -> None:
    X = vector(N * 8).reshape(N, 8)
    result, text = bare(softmax, X)
    assert text.count("in_blocks(") == 1
    np.testing.assert_allclose(result, softmax(X), rtol=1e-15)


def test_rows_and_columns_are_broadcast(threads: int) -> None:
    X, r, c = vector(N * 8).reshape(N, 8), vector(8, 1), vector(N, 2)

    def f(X: Any, r: Any, c: Any) -> Any:
        return np.where(r < X, X * c[:, None], r) + np.tanh(c)[:, None]

    result, text = bare(f, X, r, c)
    assert "in_blocks(" in text
    assert np.array_equal(result, f(X, r, c))


def test_a_vector_that_is_a_row_and_a_column_of_a_square(threads: int) -> None:
    X, v = vector(400 * 400).reshape(400, 400), vector(400)

    def f(X: Any, v: Any) -> Any:
        return np.tanh(X * v + v[:, None]) * np.exp(v) - v

    result, text = bare(f, X, v)
    assert "in_blocks(" in text
    assert np.array_equal(result, f(X, v))


def test_long_rows_are_cut_without_regard_to_axes(threads: int) -> None:
    X = vector(3 * N).reshape(3, N)
    for Y in (X, np.asfortranarray(X), X[::-1], X[:, ::2]):
        result, text = bare(lambda Y: np.tanh(Y) * Y - 0.5, Y)
        assert "in_blocks(" in text
        assert np.array_equal(result, np.tanh(Y) * Y - 0.5)


def test_other_memory_layouts(threads: int) -> None:
    X = vector(N * 6).reshape(N, 6)
    compiled = jac.compile(lambda Y: np.exp(-Y) * Y)
    frozen = X.copy()
    frozen.flags.writeable = False
    wide = np.zeros((N, 12))
    wide[:, ::2] = X
    for Y in (X, np.asfortranarray(X), X[::-1], frozen, wide[:, ::2], np.broadcast_to(X[0], X.shape)):
        assert np.array_equal(compiled(Y), np.exp(-Y) * Y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_dtypes(dtype: Any, threads: int) -> None:
    x = vector().astype(dtype)

    def f(x: Any) -> Any:
        return (2.0 * np.exp(x) + x) ** 2, np.sum(x * x)

    result, text = bare(f, x)
    expected = f(x)
    assert "in_blocks(" in text
    assert result[0].dtype == expected[0].dtype
    assert result[1].dtype == expected[1].dtype
    assert np.array_equal(result[0], expected[0])
    np.testing.assert_allclose(result[1], expected[1], rtol=1e-6 if dtype is np.float32 else 1e-13)


def test_comparisons_and_conversions(threads: int) -> None:
    x, y = vector(), vector(seed=1)

    def f(x: Any, y: Any) -> Any:
        above = x > y
        return np.where(above, np.exp(x), 0.5) * np.astype(above, np.float32), np.logical_and(above, y > 0)

    result, text = bare(f, x, y)
    assert "in_blocks(" in text
    for found, expected in zip(result, f(x, y), strict=True):
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected)


def test_infinities_and_nan_pass_through(threads: int) -> None:
    x = vector()
    x[[0, 17, N - 1]] = np.nan, np.inf, -np.inf
    with np.errstate(all="ignore"):
        result, _ = bare(lambda x: (np.exp(x) - x, np.max(np.exp(x) - 1)), x)
        assert np.array_equal(result[0], np.exp(x) - x, equal_nan=True)
        assert np.isnan(result[1])


def test_the_error_handling_of_the_caller_holds_in_every_thread(threads: int) -> None:
    x = vector(200_000)
    x[123_456] = -1.0
    compiled = jac.compile(lambda x: np.exp(np.log(x) * 2) + 1)
    with np.errstate(all="ignore"):
        expected = compiled(np.abs(x))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert np.isnan(compiled(x)[123_456])
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        compiled(x)
    with np.errstate(invalid="warn"), pytest.warns(RuntimeWarning, match="invalid value encountered in log"):
        compiled(x)
    assert np.array_equal(compiled(np.abs(x)), expected)


def test_threads_yield_the_same_bits() -> None:
    x, v = vector(300_000), vector(300_000, 1)

    def product(x: Any, v: Any) -> Any:
        return jac.hvp(lambda x: np.log(np.sum((np.sin(x) * np.exp(-x * x)) ** 2)), (x,), (v,))[0]

    compiled = jac.compile(product)
    before = jac.set_threads(1)
    alone = compiled(x, v)
    _ = jac.set_threads(4)
    together = [compiled(x, v) for _ in range(5)]
    _ = jac.set_threads(before)
    assert "parallel=True" in compiled.source
    assert all(np.array_equal(alone, result) for result in together)


def test_many_threads_may_call_at_once() -> None:
    compiled = jac.compile(lambda x: (wave(x) * np.tanh(x), np.sum(wave(x))))
    inputs = [vector(seed=seed) for seed in range(8)]
    compiled(inputs[0])
    wrong: list[int] = []

    def work(seed: int) -> None:
        for _ in range(10):
            result, total = compiled(inputs[seed])
            right = np.array_equal(result, wave(inputs[seed]) * np.tanh(inputs[seed]))
            if not right or not np.isclose(total, np.sum(wave(inputs[seed])), rtol=1e-12):
                wrong.append(seed)

    before = jac.set_threads(3)
    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    _ = jac.set_threads(before)
    assert not wrong


def test_a_cheap_result_is_computed_again_and_a_dear_one_is_stored() -> None:
    x = vector()

    def f(x: Any) -> Any:
        y = np.sin(x)
        more = y + 2
        total = np.sum(more * more)
        return more / total + np.exp(y)

    result, text = bare(f, x)
    assert text.count("np.sin(") == 1
    assert text.count(", 2, out=") == 2
    np.testing.assert_allclose(result, f(x), rtol=1e-13)


def test_a_run_is_not_entered_again_from_outside() -> None:
    x = vector()

    def f(x: Any) -> Any:
        y = np.exp(-x * x)
        rolled = np.roll(y, 1)  # all of y must be there
        return np.tanh(y) + rolled * y, np.cumsum(y) * y

    result, text = bare(f, x)
    assert text.count("in_blocks(") == 2
    for found, expected in zip(result, f(x), strict=True):
        assert np.array_equal(found, expected)


def test_powers_are_those_of_the_operator(threads: int) -> None:
    x = np.abs(vector()) + 0.1
    for exponent in (2, 0.5, 3, -1, 1.5, 0, 1, -2.0):
        result, _ = bare(lambda x, e=exponent: np.exp(-((x * 1.5) ** e)) * x, x)
        expected = np.exp(-((x * 1.5) ** exponent)) * x
        np.testing.assert_allclose(result, expected, rtol=1e-13, err_msg=str(exponent))


def test_a_run_in_a_loop() -> None:
    x = vector()

    def f(x: Any) -> Any:
        y = x
        for _ in range(40):
            y = y + 0.1 * np.sin(y) * x
        return y

    result, text = bare(f, x)
    assert "for " in text
    assert "in_blocks(" in text
    np.testing.assert_allclose(result, f(x), rtol=1e-13)


STEPS = (  # two matrices, two vectors of their rows, a row
    lambda M, L, v, w, r: np.tanh(M) * L,
    lambda M, L, v, w, r: M - v[:, None] * r,
    lambda M, L, v, w, r: np.where(M > L, r, M),
    lambda M, L, v, w, r: np.sum(M * L, axis=1) / 5,
    lambda M, L, v, w, r: np.tanh(v) ** 2 + w,
    lambda M, L, v, w, r: M * np.tanh(np.sum(L) / L.size),
    lambda M, L, v, w, r: np.max(M, axis=1) - w,
    lambda M, L, v, w, r: np.sin(M) + np.tanh(np.sum(L, axis=0) / len(v)),
    lambda M, L, v, w, r: v * np.tanh(v @ w / len(v)),
    lambda M, L, v, w, r: np.roll(v, 3) - w,
    lambda M, L, v, w, r: np.tanh(M @ np.outer(r, r)) - L,
    lambda M, L, v, w, r: M.reshape(len(v), 5, 1)[:, :, 0] * 0.5,
    lambda M, L, v, w, r: np.exp(-np.abs(M - np.max(L, axis=1, keepdims=True))),
    lambda M, L, v, w, r: M[:, 1:3][:, 0] * np.max(v),
)


def test_random_programs(threads: int) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        steps = rng.integers(0, 1 << 30, size=(int(rng.integers(4, 25)), 4))
        X, r = rng.standard_normal((N // 4, 5)), rng.standard_normal(5)

        def program(X: Any, r: Any, steps: np.ndarray = steps) -> Any:
            matrices, vectors = [X], [np.tanh(X[:, 0])]
            for kind, a, b, c in steps:
                M, L = matrices[a % len(matrices)], matrices[b % len(matrices)]
                v, w = vectors[b % len(vectors)], vectors[c % len(vectors)]
                made = STEPS[kind % len(STEPS)](M, L, v, w, r)
                (matrices if made.ndim == 2 else vectors).append(made)
            return matrices[-1], vectors[-1], matrices[len(matrices) // 2], vectors[len(vectors) // 2], matrices[-1].T

        compiled = jac.compile(program)
        for shift in (0.0, 0.25):
            for found, expected in zip(compiled(X + shift, r), program(X + shift, r), strict=True):
                np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12, err_msg=f"program {seed}")


def test_the_number_of_threads() -> None:
    before = jac.set_threads(2)
    assert jac.set_threads(before) == 2
    with pytest.raises(ValueError, match="set_threads: count must be at least 1, not 0"):
        _ = jac.set_threads(0)


def test_a_process_ends_although_threads_have_worked() -> None:
    text = """
import numpy as np, jacobians as jac, os, warnings
jac.set_threads(3)
f = jac.compile(lambda x: np.sin(np.exp(-x * x)))
x = np.linspace(0, 1, 200_000)
first = f(x)
if hasattr(os, "fork"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(f(x), first) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print("done")
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=120, env=environment)
    assert run.stdout == "done\n", run.stderr


@pytest.mark.parametrize(("told", "count"), [("1", 1), ("5", 5)])
def test_the_threads_of_openmp_are_the_default(told: str, count: int) -> None:
    text = "import jacobians as jac; print(jac.set_threads(1))"
    environment = {**os.environ, "OMP_NUM_THREADS": told}
    run = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=120, env=environment)
    assert run.stdout == f"{count}\n", run.stderr


def test_a_saved_program_works_in_blocks_with_numpy_alone(tmp_path: Any) -> None:
    x = vector()
    compiled = jac.compile(lambda x: (wave(x) * 2, np.sum(wave(x))), name="waves")
    expected = compiled(x)
    path = tmp_path / "waves.py"
    compiled.save(path)
    np.save(tmp_path / "x.npy", x)
    text = """
import sys, numpy as np
sys.modules["jacobians"] = None
from waves import waves
result, total = waves(np.load("x.npy"))
print(result.tobytes().hex()[:64], float(total).hex())
"""
    run = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert run.stdout == f"{expected[0].tobytes().hex()[:64]} {float(expected[1]).hex()}\n", run.stderr


def test_what_is_stored_where_something_was() -> None:
    """The reciprocals take the place of the distances, which nothing else reads, and are not computed again."""
    rng = np.random.default_rng(0)
    Y, P, W = rng.standard_normal((260, 2)), rng.random((260, 260)), rng.random((260, 260))

    def loss(Y: Any, P: Any, W: Any) -> Any:
        D = np.sum((Y[:, None, :] - Y) ** 2, axis=2)
        return np.sum(P * np.log1p(D)) + np.log(np.sum(W / (1 + D)))

    compiled = jac.compile(jac.grad(loss))
    apart = Y[:, None] - Y
    R = 1 / (1 + np.sum(apart**2, axis=2))
    slope = P * R - W * R**2 / np.sum(W * R)
    slope = 2 * (slope + slope.T)
    np.testing.assert_allclose(compiled(Y, P, W), np.sum(slope[:, :, None] * apart, axis=1), rtol=1e-11)
    assert compiled.source.count("in_blocks(") == 2
    assert compiled.source.count("np.divide(") == 1
