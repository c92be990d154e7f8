"""Repeated steps are printed as loops: the text does not grow with their number, the result stays the same."""

from __future__ import annotations

import importlib.util
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from recurrences import RECURRENCES, euler, fixed_point, lstm, lstm_gradient, running_product

import jacobians as jac
from jacobians.compiler.loops.repetition import stretches

_STEPS = {"runge_kutta": (20, 30), "lstm": (40, 50), "kalman": (20, 60)}


def _gradient(function, arguments):
    return jac.grad(function, argnums=tuple(range(len(arguments))))


def _compiled(name: str, steps: int):
    function, arguments = RECURRENCES[name](steps)
    gradient = _gradient(function, arguments)
    compiled = jac.compile(gradient)
    return compiled, compiled(*arguments), gradient(*arguments)


def _loops(compiled) -> int:
    """The number of loops in the text of a compiled function."""
    return len(re.findall(r"^ +for ", compiled.source, re.MULTILINE))


def _assert_close(results, expected, tolerance=1e-12):
    for result, other in zip(results, expected, strict=True):
        noise = 1e-13  # of terms that cancel
        np.testing.assert_allclose(result, other, rtol=tolerance, atol=noise + tolerance * np.max(np.abs(other)))


@pytest.mark.parametrize("name", RECURRENCES)
def test_text_does_not_grow_with_the_number_of_steps(name):
    few, many = _STEPS.get(name, (80, 200))
    short, result, expected = _compiled(name, few)
    _assert_close(result, expected)
    long, result, expected = _compiled(name, many)
    _assert_close(result, expected)
    assert short.source.count("\n") == long.source.count("\n")
    assert _loops(short) + short.source.count("linear_steps(") >= 2


@pytest.mark.parametrize("name", ["euler", "stacked", "multistep", "fixed_point"])
def test_jacobian_of_a_recurrence(name):
    function, arguments = RECURRENCES[name](60)
    explicit = jac.compile(lambda *args: jac.jacobian(function)(*args).to_array())
    expected = jac.jacobian(function)(*arguments).to_array()
    np.testing.assert_allclose(explicit(*arguments), expected, rtol=1e-12)
    assert _loops(explicit)


def test_gradient_of_an_lstm_is_the_one_written_by_hand():
    function, arguments = lstm(50)
    compiled = jac.compile(_gradient(function, arguments))
    _assert_close(compiled(*arguments), lstm_gradient(50))
    main, extra = (1.5 * array for array in arguments)
    _assert_close(compiled(main, extra), _gradient(function, arguments)(main, extra))


def test_ten_thousand_steps_of_a_scalar():
    function, (x, a) = fixed_point(10_000)
    compiled = jac.compile(_gradient(function, (x, a)))
    dx, da = 1.0, 0.0
    value = x
    for _ in range(10_000):
        slope = -np.sin(value * a)
        dx, da = slope * a * dx, slope * (value + a * da)
        value = np.cos(value * a)
    _assert_close(compiled(x, a), (dx, da))
    assert compiled.source.count("\n") < 50


def test_running_product_against_its_formula():
    function, (x,) = running_product(80)
    products = np.cumprod(x)
    expected = np.cumsum((np.cos(products) * products)[::-1])[::-1] / x
    np.testing.assert_allclose(jac.compile(jac.grad(function))(x), expected, rtol=1e-12)


def test_text_of_a_loop():
    def final(x):
        for n in range(40):
            x = np.sin(x) * (n + 3)
        return x

    compiled = jac.compile(final)
    x = np.linspace(0.25, 0.5, 20)
    np.testing.assert_array_equal(compiled(x), final(x))
    assert compiled.source.splitlines() == [
        "def final(x):",
        "    v1 = x",
        "    for t in range(3, 43):",
        "        v0 = np.sin(v1)",
        "        v1 = v0 * t",
        "    return v1",
    ]


def test_what_nobody_reads_is_not_kept():
    function, arguments = euler(50)
    compiled = jac.compile(function)
    np.testing.assert_allclose(compiled(*arguments), function(*arguments), rtol=1e-14)
    assert "append" not in compiled.source


def test_few_steps_stay_a_straight_line():
    function, arguments = euler(3)
    compiled = jac.compile(_gradient(function, arguments))
    _ = compiled(*arguments)
    assert not _loops(compiled)


def test_all_states_are_results():
    def states(x):
        found = [x]
        for n in range(60):
            found.append(np.cos(found[-1]) + 0.5**n * found[0])
        return np.stack(found[::-1]), found[7], found[58]

    x = np.array([0.3, 0.6])
    compiled = jac.compile(states)
    _assert_close(compiled(x), states(x), 0)
    assert compiled.source.count("\n") < 30


def test_results_do_not_share_memory_with_arguments():
    def rows(x):
        y, z = x[0], x[0]
        for n in range(1, 60):
            y, z = x[n], np.sin(y)
        return y, z

    x = np.ones((60, 2))
    y, z = jac.compile(rows)(x)
    assert not np.shares_memory(y, x)
    assert not np.shares_memory(y, z)


def test_single_precision_stays():
    def final(x):
        for n in range(50):
            x = np.sin(x) * (0.1 * n + 1) + 0.5
        return np.sum(x)

    x = np.array([0.5, 0.25], np.float32)
    compiled = jac.compile(jac.grad(final))
    assert compiled(x).dtype == np.float32
    np.testing.assert_allclose(compiled(x), jac.grad(final)(x), rtol=1e-5)
    assert _loops(compiled)


def test_saved_program_with_loops(tmp_path):
    function, arguments = lstm(30)
    compiled = jac.compile(_gradient(function, arguments), name="gradient")
    expected = compiled(*arguments)
    compiled.save(tmp_path / "saved.py")
    spec = importlib.util.spec_from_file_location("saved", tmp_path / "saved.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _assert_close(module.gradient(*arguments), expected, 0)


_UNARY = [np.sin, np.tanh, lambda x: 0.5 * x, np.negative, lambda x: x[::-1], lambda x: np.cumsum(x) * 0.2]
_BINARY = [np.add, np.subtract, np.multiply, lambda x, y: np.where(x > y, x, y), lambda x, y: x * (y @ y)]


@st.composite
def _recurrences(draw):
    """A step of a few random calls on two states, data of the step, and a parameter."""
    calls = draw(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=9))
    ends = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    late = draw(st.booleans())
    return calls, ends, late


# The first step makes what all others read, too: the parameter is also the first state.
_ONCE_FOR_ALL = [(0, 0, 0), (0, 0, 0), (1, 9, 0), (0, 0, 0), (1, 0, 0), (6, 6, 8)], (1, 1), False
_NEGATED_TWICE = [(3, 6, 3), (10, 4, 6), (3, 1, 5), (3, 6, 4), (8, 3, 7), (1, 7, 9), (0, 8, 6)], (1, 1), False


@settings(max_examples=25, deadline=None)
@given(_recurrences())
@example(_ONCE_FOR_ALL)
@example(_NEGATED_TWICE)
def test_random_recurrences(recurrence):
    calls, (first, second), late = recurrence

    def total(x, p):
        a, b, seen = p, np.cos(p), []
        for n in range(24):
            values = [a, b, x[n], p]
            for kind, left, right in calls:
                left, right = values[left % len(values)], values[right % len(values)]
                values.append(_UNARY[kind](left) if kind < 6 else 0.9 * np.tanh(_BINARY[kind - 6](left, right)))
            a, b = values[-first], 0.7 * values[-second]
            seen.append(np.sum(a * b))
        return np.sum(np.stack(seen) ** 2) + np.sum(a) if late else sum(seen)

    rng = np.random.default_rng(3)
    arguments = rng.standard_normal((24, 3)), rng.standard_normal(3)
    gradient = _gradient(total, arguments)
    _assert_close(jac.compile(gradient)(*arguments), gradient(*arguments), 1e-10)


@given(
    st.lists(st.integers(0, 2), max_size=60), st.lists(st.integers(0, 3), min_size=1, max_size=6), st.integers(4, 12)
)
def test_stretches_repeat_themselves(noise, step, times):
    half = len(noise) // 2
    signs = np.array([*noise[:half], *step * times, *noise[half:]])
    found = stretches(signs, 4)
    for start, stop, period in found:
        assert stop - start >= 4 * period
        assert np.array_equal(signs[start + period : stop], signs[start : stop - period])
    for (_, stop, _), (start, _, _) in pairwise(found):
        assert stop <= start
    assert sum(stretch.stop - stretch.start for stretch in found) > 0


def test_a_sum_may_read_what_it_replaces():
    def total(p):
        a, seen = p, []
        for _ in range(40):
            b = 0.7 * np.sin(a)
            a = a[::-1]
            seen.append(np.sum(a * b))
        return sum(seen)

    p = np.array([0.3, -0.5, 1.2])
    expected = [(total(p + h) - total(p - h)) / 2e-6 for h in 1e-6 * np.eye(3)]
    compiled = jac.compile(jac.grad(total))
    np.testing.assert_allclose(compiled(p), expected, rtol=1e-6)
    assert _loops(compiled)


def _read_again(x, seen, summed):
    """What each step is handed comes back, its sign changed twice, and is read when it has been replaced."""
    b, c, d, states, total = np.cos(x), x, x, [], 0.0
    for _ in range(30):
        c = -np.negative(b)
        d = np.tanh(x * c)
        states += [c] * seen
        total = total + c * summed
        b = 0.9 * np.sin(d) + 0.1
    listed = 0.3 * sum(states) + states[-1] * states[3] if seen else 0.0
    return 2.0 * b + 3.0 * c * d + listed + total


@pytest.mark.parametrize("shape", [(), (3,), (40, 50)])
@pytest.mark.parametrize(("seen", "summed"), [(False, False), (True, False), (False, True), (True, True)])
def test_what_a_step_was_handed_outlives_it(shape, seen, summed):
    rng = np.random.default_rng(0)
    x, weights = 0.9 * rng.standard_normal(shape), rng.standard_normal(shape)
    value = jac.compile(lambda x: _read_again(x, seen, summed))
    np.testing.assert_allclose(value(x), _read_again(x, seen, summed), rtol=1e-13)
    gradient = jac.compile(jac.grad(lambda x: np.sum(weights * _read_again(x, seen, summed))))
    slopes = _read_again(x + 1e-30j, seen, summed).imag / 1e-30
    np.testing.assert_allclose(gradient(x), weights * slopes, rtol=1e-12, atol=1e-13)
    assert _loops(gradient)


def _delayed(delay, steps):
    forcing = np.sin(np.arange(steps))

    def loss(c):
        y = np.zeros(steps, c.dtype, like=c)
        for i in range(steps):
            before = y[i - 1] if i else 0.0
            y[i] = np.tanh(forcing[i] + c[0] * before + c[1] * (y[i - delay] if i >= delay else 0.0))
        return np.sum(y * y)

    return loss


@pytest.mark.parametrize("delay", [2, 12, 24])
def test_steps_read_what_was_made_many_steps_before(delay):
    c, lengths = np.array([0.4, -0.3]), []
    for steps in (150, 300):
        loss = _delayed(delay, steps)
        compiled = jac.compile(jac.grad(loss))
        expected = [loss(c + 1e-30j * e).imag / 1e-30 for e in np.eye(2)]
        np.testing.assert_allclose(compiled(c), expected, rtol=1e-11)
        lengths.append(compiled.source.count("\n"))
    assert lengths[0] == lengths[1]


def test_sums_of_as_many_entries_as_there_are_steps():
    """A seasonal state: entries of an array are read once, and replaced a season later."""
    y = 10 + np.sin(np.arange(300) / 2)

    def loss(p):
        season = np.zeros(len(y) + 12, p.dtype, like=p)
        level, total = y[0], 0.0
        for t in range(len(y)):
            e = y[t] - level - season[t]
            level = level + p[0] * e
            season[t + 12] = season[t] + p[1] * e
            total = total + e * e
        return total

    p = np.array([0.3, 0.2])
    expected = [loss(p + 1e-30j * e).imag / 1e-30 for e in np.eye(2)]
    np.testing.assert_allclose(jac.compile(jac.grad(loss))(p), expected, rtol=1e-11)


def test_there_may_be_many_loops_that_count():
    def several(x):
        total = 0.0
        for function in (np.sin, np.cos, np.tanh, np.arctan, np.arcsinh, np.cbrt):
            z = x[0]
            for n in range(40):
                z = 0.5 * function(z * n) + x[1]
            total = total + z * z
        return total

    x = np.linspace(0.1, 0.9, 40)
    compiled = jac.compile(several)
    np.testing.assert_allclose(compiled(x), several(x), rtol=1e-12)
    np.testing.assert_allclose(jac.compile(jac.grad(several))(x), jac.grad(several)(x), rtol=1e-11)


@pytest.mark.parametrize("first", range(6))
@pytest.mark.parametrize("step", [1, 2])
def test_what_counts_is_not_what_is_handed_on(first, step):
    # The third result of the step before, and a count from 2 in steps of 1, are two things.
    def total(s):
        weighted, kept = 0.0, []
        for t in range(15):
            s = 0.6 * s + 0.1
            weighted = weighted + np.sum(s) * (first + step * t)
            kept.append(2 * s)
        return np.sin(weighted) + np.sum(np.sin(np.stack(kept)))

    compiled, slope = jac.compile(total), jac.compile(jac.grad(total))
    s = np.array(0.7)
    np.testing.assert_allclose(compiled(s), total(s), rtol=1e-13)
    np.testing.assert_allclose(slope(s), np.imag(total(s + 1e-30j)) / 1e-30, rtol=1e-11)
