"""Blocks on several threads: every row once, errors of any thread, threads that never come; copies from a buffer."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians.compiler.blocks import blockwise
from jacobians.compiler.blocks.blockwise import in_blocks


@pytest.fixture(params=[1, 2, 3, 5])
def threads(request: Any) -> Any:
    before = jac.set_threads(request.param)
    yield request.param
    _ = jac.set_threads(before)


@pytest.mark.parametrize("wider", [False, True])
@pytest.mark.parametrize("innermost", [False, True])
@pytest.mark.parametrize(("size", "step"), [(1000, 7), (1000, 100), (64, 64), (10, 3), (5, 8), (1, 1)])
def test_every_row_is_done_once(threads: int, size: int, step: int, innermost: bool, wider: bool) -> None:
    x = np.arange(2.0 * size).reshape(size, 2)
    seen, lengths = np.zeros((size, 2)), []

    def block(x: Any, seen: Any, factor: Any, b: Any) -> Any:
        assert b.shape == x.shape
        lengths.append(x.shape[-1 if innermost else 0])
        seen += np.multiply(x, factor, out=b)
        return float(np.min(x))

    found = in_blocks(block, size, step, [x, seen], [2.0], [(np.float64, (2,))], True, innermost, wider)
    np.testing.assert_array_equal(seen, 2 * x)
    assert sum(lengths) == size
    assert max(lengths) <= (4 * step if wider else step)
    if not wider:
        assert found == [float(2 * n) for n in range(0, size, step)]  # in the order of the rows, whoever did them


def test_a_thread_that_waits_leaves_its_blocks_to_the_others() -> None:
    x = np.zeros(100)
    begun, others = threading.Event(), []

    def block(x: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            begun.set()
            for _ in range(1000):
                if len(others) == 99:
                    break
                _ = threading.Event().wait(0.01)
        else:
            assert begun.wait(10)
            others.append(len(x))
        x += 1

    before = jac.set_threads(2)
    _ = in_blocks(block, 100, 1, [x], parallel=True)
    _ = jac.set_threads(before)
    assert np.all(x == 1)
    assert len(others) == 99


@pytest.mark.parametrize("in_helper", [False, True])
def test_an_error_of_any_thread_is_raised_and_the_next_call_works(in_helper: bool) -> None:
    x, met = np.zeros(100), threading.Barrier(2)

    def block(x: Any) -> None:
        _ = met.wait(10)  # both threads are in a block
        if (threading.current_thread() is not threading.main_thread()) == in_helper:
            raise ValueError("no such block")
        x += 1
        met.reset()

    before = jac.set_threads(2)
    with pytest.raises((ValueError, threading.BrokenBarrierError)) as caught:
        _ = in_blocks(block, 100, 50, [x], parallel=True)
    assert caught.type is ValueError
    y = np.zeros(100)
    _ = in_blocks(lambda y: np.add(y, 1, out=y), 100, 1, [y], parallel=True)
    _ = jac.set_threads(before)
    assert np.all(y == 1)


def test_without_threads_one_does_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(blockwise, "Thread", Refused)
    monkeypatch.setattr(blockwise, "_helpers", {})
    x = np.zeros(100)
    before = jac.set_threads(3)
    _ = in_blocks(lambda x: np.add(x, 1, out=x), 100, 9, [x], parallel=True, wider=True)
    _ = jac.set_threads(before)
    assert np.all(x == 1)


def test_a_helper_sees_the_error_handling_of_the_caller() -> None:
    seen: dict[bool, str] = {}
    both = threading.Barrier(2)

    def block(x: Any) -> None:
        _ = both.wait(10)
        seen[threading.current_thread() is threading.main_thread()] = np.geterr()["over"]

    before = jac.set_threads(2)
    with np.errstate(over="raise"):
        _ = in_blocks(block, 2, 1, [np.zeros(2)], parallel=True)
    _ = jac.set_threads(before)
    assert seen == {True: "raise", False: "raise"}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [100_000, 600_000])
def test_a_far_result_is_copied_from_a_buffer(threads: int, size: int, dtype: Any) -> None:
    x = np.random.default_rng(0).standard_normal(size).astype(dtype)
    x[::1000] = np.inf
    compiled = jac.compile(lambda x: jac.jacobian(lambda x: np.sin(np.exp(-(x**2))))(x).diagonal())
    with np.errstate(all="ignore"):
        found = compiled(x)
        e = np.exp(-(x * x))
        expected = np.cos(e) * e * (dtype(-2) * x)
    assert ("[...] = b" in compiled.source) == (x.nbytes >= 2**21)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=1e-12 if dtype is np.float64 else 1e-5)


def test_what_is_read_again_is_not_copied() -> None:
    x = np.random.default_rng(0).standard_normal(600_000)

    def f(x: Any) -> Any:
        y = np.sin(np.exp(x))
        return y, np.sum(np.cos(y) * y), y[::-1] + 1

    compiled = jac.compile(f)
    for found, expected in zip(compiled(x), f(x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
