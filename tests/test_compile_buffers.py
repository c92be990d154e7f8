"""Memory of compiled functions: what is written into, what is borrowed, and that no result shares any of it."""

from __future__ import annotations

import re
import tracemalloc
from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians.compiler.blocks.buffers import planned, written_into
from jacobians.compiler.statements import Assign
from jacobians.program import INPUT, Node


def square(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, n)) / n**0.5


def borrowed(text: str) -> list[int]:
    """The bytes of each memory that a program borrows."""
    return [int(found) for found in re.findall(r"borrow\((\d+)\)", text)]


def chain(A: Any, B: Any, count: int) -> Any:
    for n in range(count):
        A = np.tanh(A @ B) if n % 2 else np.sin(A @ B)
    return A


# ---- what is written into ------------------------------------------------------------------------------------------


def test_a_dying_operand_is_written_into() -> None:
    A, B = square(100), square(100, 1)
    f = jac.compile(lambda A, B: np.tanh(A @ B) * 2.0 + A)
    assert np.array_equal(f(A, B), np.tanh(A @ B) * 2.0 + A)
    assert f.source.count("out=v") == 3


def test_small_arrays_use_operators() -> None:
    A, B = square(10), square(10, 1)
    f = jac.compile(lambda A, B: np.tanh(A @ B) * 2.0 + A)
    assert np.array_equal(f(A, B), np.tanh(A @ B) * 2.0 + A)
    assert "out=" not in f.source


def test_inputs_and_constants_are_not_written_into() -> None:
    A, C = square(100), square(100, 1)
    f = jac.compile(lambda A: (np.tanh(A) + A) * np.sin(C))
    before, constant = A.copy(), C.copy()
    for _ in range(2):
        assert np.array_equal(f(A), (np.tanh(A) + A) * np.sin(C))
    assert np.array_equal(A, before)
    assert np.array_equal(C, constant)


def test_an_array_with_a_living_view_is_not_written_into() -> None:
    A, B = square(120), square(120, 1)

    def f(A: Any, B: Any) -> Any:
        M = A @ B
        turned, corner, flat = M.T, M[:60, :60], M.reshape(-1)
        N = M * 2.0
        return N + turned, np.sum(corner), flat + 1.0

    compiled = jac.compile(f)
    for found, expected in zip(compiled(A, B), f(A, B), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_a_result_of_another_shape_or_dtype_gets_memory_of_its_own() -> None:
    A, r = square(100), square(100, 1)[0]

    def f(A: Any, r: Any) -> Any:
        s = np.exp(r) * 2  # (100,)
        M = (A @ A) + s
        return M > 0, M * 1j, s + M[0], np.outer(s, s) * M

    compiled = jac.compile(f)
    for found, expected in zip(compiled(A, r), f(A, r), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-13)


# ---- what is borrowed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [3, 4, 10])
def test_a_chain_of_products_needs_two_temporaries(count: int) -> None:
    A, B = square(200), square(200, 1)
    C = [square(200, 2 + n) for n in range(count)]

    def f(A: Any, B: Any) -> Any:
        for n in range(count):
            A = np.tanh(A @ C[n]) - B
        return A @ B

    compiled = jac.compile(f)
    np.testing.assert_allclose(compiled(A, B), f(A, B), rtol=1e-12)
    assert sum(borrowed(compiled.source)) == 2 * A.nbytes


def node(function: Any, *args: Any, shape: tuple[int, ...] = (1000, 100)) -> Node:
    return Node(function, args, {}, shape, float)


def test_the_plan_of_places() -> None:
    x = Node(INPUT, ("x",), {}, (1000, 100), float)
    w = Node(INPUT, ("w",), {}, (100, 100), float)
    a = node(np.matmul, x, w)
    b = node(np.sin, a)  # takes over a
    c = node(np.matmul, b, w)
    d = node(np.multiply, c, b)  # takes over c; b ends here
    e = node(np.matmul, d, w)  # in the place of b
    total = Node(np.sum, (e,), {}, (), float)
    statements = [Assign(n) for n in (a, b, c, d, e, total)]
    places = planned(statements, [id(total)])
    assert [(place.node, place.first, place.last, place.start) for place in places] == [
        (a, 0, 3, 0),
        (c, 2, 4, 800_000),
        (e, 4, 5, 0),
    ]
    assert [statement.out for statement in statements] == ["", a, "", c, "", ""]


def test_what_is_returned_is_never_borrowed() -> None:
    x = Node(INPUT, ("x",), {}, (1000, 100), float)
    w = Node(INPUT, ("w",), {}, (100, 100), float)
    a = node(np.matmul, x, w)
    b = node(np.negative, a)
    view = node(np.transpose, b, shape=(100, 1000))
    statements = [Assign(n) for n in (a, b, view)]
    assert planned(statements, [id(view)]) == []
    assert statements[1].out is a


def test_a_result_in_memory_of_the_caller_is_not_moved() -> None:
    x = Node(INPUT, ("x",), {}, (1000, 100), float)
    w = Node(INPUT, ("w",), {}, (100, 100), float)
    a = node(np.matmul, x, w)
    b = node(np.negative, a)
    c = Node(np.linalg.inv, (w,), {}, (100, 100), float)
    statements = [Assign(n) for n in (a, b, c)]
    assert written_into(statements, {id(b): "out0", id(c): "out1"}) == {id(b)}
    assert [place.node for place in planned(statements, [id(b), id(c)])] == [a]
    assert [statement.out for statement in statements] == ["", "out0", ""]


def test_places_of_unlike_sizes_share_memory() -> None:
    x = Node(INPUT, ("x",), {}, (1000, 100), float)
    big = node(np.concatenate, [x, x], shape=(2000, 100))
    half = node(np.sum, big, 1, shape=(50_000,))
    other = node(np.concatenate, [half, half], shape=(100_000,))
    last = node(np.concatenate, [other], shape=(100_000,))
    total = Node(np.sum, (last,), {}, (), float)
    places = planned([Assign(n) for n in (big, half, other, last, total)], [id(total)])
    assert {(place.node, place.start) for place in places} == {
        (big, 0),
        (half, 1_600_000),
        (other, 0),
        (last, 800_000),
    }
    assert max(place.stop for place in places) == 2_000_000


def test_memory_is_not_lost_by_an_error() -> None:
    A, B = square(200), square(200, 1)
    compiled = jac.compile(lambda A, B: np.log(A @ B) @ B)
    with np.errstate(all="ignore"):
        expected = compiled(A, B)
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        compiled(A, B)
    with np.errstate(all="ignore"):
        assert np.array_equal(compiled(A, B), expected, equal_nan=True)


# ---- what a result shares ------------------------------------------------------------------------------------------


def layered(X: Any, W: Any, V: Any) -> Any:
    H = np.tanh(X @ W)
    Y = H @ V
    return Y, H.T, Y[1:], np.sum(H * Y, axis=1), H.reshape(-1)[::2], X, np.real(Y)


def test_results_share_no_memory_from_call_to_call() -> None:
    X, W, V = square(200), square(200, 1), square(200, 2)
    compiled = jac.compile(layered)
    first = compiled(X, W, V)
    copies = [np.array(part) for part in first]
    second = compiled(X + 1, W, V)
    third = compiled(X, W, V)
    for kept, part, other, again in zip(first, copies, second, third, strict=True):
        assert np.array_equal(kept, part)
        assert np.array_equal(again, part)
        assert not np.shares_memory(kept, other)
        assert not np.shares_memory(kept, again)
        assert not any(np.shares_memory(kept, array) for array in (X, W, V))


@pytest.mark.parametrize(
    "function",
    [
        *(np.real, np.atleast_3d, np.ravel, np.rot90, np.flip, np.diag, np.diagonal, np.transpose, np.squeeze),
        *(lambda x: np.split(x, 2)[1], lambda x: np.hsplit(x, 2)[0], lambda x: x[::2], lambda x: np.rollaxis(x, 1)),
        *(lambda x: np.einsum("ii->i", x), lambda x: np.broadcast_to(x, (2, 300, 300)), lambda x: x),
    ],
)
def test_a_view_of_an_input_is_returned_as_a_copy(function: Any) -> None:
    x = square(300)
    compiled = jac.compile(lambda x: function(x), name="view")
    first, second = compiled(x), compiled(x)
    assert np.array_equal(first, function(x))
    assert not np.shares_memory(first, x)
    assert not np.shares_memory(first, second)


def test_writing_into_a_result_changes_nothing_else() -> None:
    X, W, V = square(200), square(200, 1), square(200, 2)
    compiled = jac.compile(layered)
    expected = [np.array(part) for part in compiled(X, W, V)]
    for part in compiled(X, W, V):
        part[...] = np.nan
    for found, part in zip(compiled(X, W, V), expected, strict=True):
        assert np.array_equal(found, part)


def test_the_gradient_of_a_network_in_little_memory() -> None:
    rng = np.random.default_rng(0)
    X, W, V = rng.standard_normal((2000, 100)), rng.standard_normal((100, 100)) / 10, rng.standard_normal((100, 10))

    def loss(W: Any, V: Any) -> Any:
        return np.sum((np.tanh(np.tanh(X @ W) @ W) @ V) ** 2)

    gradient = jac.grad(loss, argnums=(0, 1))
    compiled = jac.compile(lambda W, V: gradient(W, V))
    for found, expected in zip(compiled(W, V), gradient(W, V), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9)
    hidden = 2000 * 100 * 8
    errors = 2000 * 10 * 8
    assert sum(borrowed(compiled.source)) <= 4 * hidden + errors  # two layers, and what comes back to each


def test_peak_memory_of_an_elementwise_derivative() -> None:
    x = np.random.default_rng(0).standard_normal(1_000_000)
    compiled = jac.compile(lambda x: jac.jacobian(lambda x: np.sin(np.exp(-(x**2))))(x).diagonal())
    before = jac.set_threads(1)
    _ = compiled(x)
    tracemalloc.start()
    _ = compiled(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    _ = jac.set_threads(before)
    assert peak <= 1.05 * x.nbytes  # the result, and a few blocks


def test_random_programs() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        steps = rng.integers(0, 1 << 30, size=(int(rng.integers(4, 30)), 3))
        A, B = square(int(rng.choice([30, 80, 190])), seed), None
        B = square(len(A), seed + 1)

        def program(A: Any, B: Any, steps: np.ndarray = steps) -> Any:
            made = [A, B]
            for kind, a, b in steps:
                made.append(STEPS[kind % len(STEPS)](made[-1 - a % min(3, len(made))], made[b % len(made)]))
            return made[-1], made[-1].T, made[len(made) // 2], np.sum(made[-2]), made[-3][1:3]

        compiled = jac.compile(program)
        kept = compiled(A, B)
        copies = [np.array(part) for part in kept]
        for shift in (0.1, 0.0):
            for found, expected in zip(compiled(A + shift, B), program(A + shift, B), strict=True):
                np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11, err_msg=f"program {seed}")
        assert all(np.array_equal(part, copy) for part, copy in zip(kept, copies, strict=True))


STEPS = (
    lambda M, L: np.tanh(M),
    lambda M, L: M + L,
    lambda M, L: M * 0.5 - L.T,
    lambda M, L: np.tanh(M @ L),
    lambda M, L: M[::-1] * np.exp(-np.abs(L)),
    lambda M, L: np.where(M > 0, L, M),
    lambda M, L: np.tanh(np.sum(M, axis=0)) + L,
    lambda M, L: M.reshape(-1)[::-1].reshape(M.shape) - M,
    lambda M, L: np.concatenate([M[: len(M) // 2], L[len(M) // 2 :]]),
    lambda M, L: np.diagonal(M) * L,
    lambda M, L: np.maximum(M, L) ** 2 / (1 + np.abs(M)) ** 2,
    lambda M, L: np.tanh(np.cumsum(M, axis=1)) * L,
    lambda M, L: np.real(M) + L,
    lambda M, L: np.einsum("ij,ij->ij", M, np.tanh(L)),
)


# ---- when arrays are made ------------------------------------------------------------------------------------------


def test_a_large_array_is_made_when_it_is_needed() -> None:
    rng = np.random.default_rng(0)
    X, V, W = rng.standard_normal((256, 512)), rng.standard_normal((256, 512)) / 16, rng.standard_normal((512, 256))

    def f(X: Any, V: Any, W: Any) -> Any:
        squares = X * X
        return squares.T @ np.tanh(np.sin(X @ W) @ V)

    compiled = jac.compile(f)
    np.testing.assert_allclose(compiled(X, V, W), f(X, V, W), rtol=1e-13)
    lines = [line.strip() for line in compiled.source.splitlines()]
    squared = next(n for n, line in enumerate(lines) if "np.multiply(X, X" in line)
    assert ["np.tanh" in lines[squared - 1], ".T" in lines[squared + 1]] == [True, True]
    assert borrowed(compiled.source) == [2 * 256 * 512 * 8]  # the squares and what meets them, not X @ W as well


def test_an_array_is_not_made_later_if_larger_ones_would_have_to_stay() -> None:
    rng = np.random.default_rng(0)
    X, W = rng.standard_normal((512, 512)), rng.standard_normal((512, 512)) / 20

    def f(X: Any, W: Any) -> Any:
        A = X @ W
        small = A[:, :64] + A[:, 64:128]
        B = np.sin(X @ W.T) @ W
        return small.T @ B

    compiled = jac.compile(f)
    np.testing.assert_allclose(compiled(X, W), f(X, W), rtol=1e-12)
    assert borrowed(compiled.source) == [(2 * 512 + 64) * 512 * 8]


def test_what_is_written_into_is_read_before() -> None:
    X = np.random.default_rng(0).standard_normal((400, 400))

    def g(X: Any) -> Any:
        M = np.zeros_like(X)
        M[:, :] = np.sin(X)
        before = M * X
        M[0] = 0.0
        return before.T @ M, np.sum(M)

    for found, expected in zip(jac.compile(g)(X), g(X), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_signs_are_not_written_over_what_they_are_of():
    def f(x):
        return np.sum(np.sign(np.sin(x) + x) * np.cos(x))

    for size in (20_000, 300_000):
        x = np.linspace(-2, 3, size)
        compiled = jac.compile(f)
        np.testing.assert_allclose(compiled(x), f(x), rtol=1e-10)
        for name, out in re.findall(r"np\.sign\((\w+)(?:, out=(\w+))?\)", compiled.source):
            assert name != out


def test_borrowed_memory_lies_as_the_result_would():
    W = np.random.default_rng(4).standard_normal((40, 30))

    def f(X):
        Y = np.transpose(np.reshape(W @ X, (8, 5, 600)), (1, 0, 2))
        Z = np.tanh(Y + 1.0)
        return np.sum(Z * Y), Z[::2]

    X = np.random.default_rng(5).standard_normal((30, 600))
    compiled = jac.compile(f)
    total, rows = compiled(X)
    np.testing.assert_allclose(total, f(X)[0], rtol=1e-11)
    np.testing.assert_allclose(rows, f(X)[1], rtol=1e-12)
    gradient = jac.compile(jac.grad(lambda X: f(X)[0]))(X)
    step = np.zeros(X.shape)
    step[3, 7] = 1e-30
    np.testing.assert_allclose(gradient[3, 7], np.imag(f(X + 1j * step)[0]) / 1e-30, rtol=1e-9)


def test_a_sum_with_a_diagonal_takes_over_a_product() -> None:
    """One product is borrowed; the other becomes the result, to whose diagonal numbers are added."""
    rng = np.random.default_rng(0)
    A, B = rng.standard_normal((2, 600, 20))
    s, t = rng.standard_normal((2, 60, 60))
    ones = np.einsum("ik,jl->ijkl", np.ones((60, 60)), np.eye(10))

    def f(A: Any, B: Any, s: Any, t: Any) -> Any:
        first, second = [(X @ X.T).reshape(60, 10, 60, 10) for X in (A, B)]
        return first * s[:, None, :, None] + second * t[:, None, :, None] + ones

    compiled = jac.compile(f)
    found = compiled(A, B, s, t)
    np.testing.assert_allclose(found, f(A, B, s, t), rtol=1e-12)
    assert sum(borrowed(compiled.source)) < 1.5 * found.nbytes
    assert not np.shares_memory(found, compiled(B, A, s, t))
