"""Guards: what a derivative has captured stays as it was, or changing it raises."""

import numpy as np
import pytest
from graph_oracle import graph_jacobians, traced
from table import sample

import jacobians.rules  # noqa: F401  (registers)
from jacobians import grad, tracing, vjp
from jacobians.tracing import guarding

X = np.array([0.6, 1.2, 2.1])
A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 10.0]])
LARGE = guarding._COPIED_BYTES // 8 + 1


@pytest.fixture
def level():
    with tracing.opened() as level:
        yield level


def test_a_small_constant_may_change_afterwards():
    def call(x):
        a = A.copy()
        y = a @ x
        a *= 0
        return y + a @ x

    result, (x,), level = traced(call, X)
    np.testing.assert_array_equal(graph_jacobians(level.graph, result.vertex, [x.vertex])[0], A)


def test_a_large_constant_is_read_only_until_the_level_closes(level):
    x = tracing.watch(level, np.ones(1))
    base = np.ones((2, LARGE))
    view = base[1]
    _ = view * x
    for array in (view, base):
        with pytest.raises(ValueError, match="read-only"):
            array *= 2
    with tracing.opened() as inner:
        _ = view * tracing.watch(inner, np.ones(1))
    assert not base.flags.writeable  # the outer level still needs it
    level.close()
    assert base.flags.writeable
    assert view.flags.writeable
    assert not guarding._LOCKS


def test_levels_that_overlap_release_in_any_order():
    base = np.ones((2, LARGE))
    view = base[0]
    first, second = guarding.Guard(), guarding.Guard()
    assert first.capture(view) is view
    assert second.capture(base) is base
    first.release()
    assert not view.flags.writeable
    second.release()
    assert view.flags.writeable
    assert base.flags.writeable
    assert not guarding._LOCKS


def test_arrays_that_are_read_only_stay_so():
    array = np.ones(LARGE)
    array.flags.writeable = False
    guard = guarding.Guard()
    assert guard.capture(array) is array
    guard.release()
    assert not array.flags.writeable
    foreign = np.frombuffer(bytearray(8 * LARGE))
    assert guard.capture(foreign) is not foreign
    assert foreign.flags.writeable


def test_what_only_adds_is_not_guarded(level):
    x, constant = tracing.watch(level, np.ones(1)), np.ones(LARGE)
    _ = x + constant, np.concatenate([x, constant]), np.where(constant > 0, x, constant)
    assert constant.flags.writeable


def test_equal_captures_are_one_factor():
    guard, array = guarding.Guard(), A.copy()
    assert guard.capture(array) is guard.capture(array)
    first = guard.capture(array)
    array[0, 0] = 5
    assert guard.capture(array) is not first


def test_own_copies_what_the_user_holds():
    guard = guarding.Guard()
    user, private, given = np.ones((2, LARGE)), np.ones(3), np.ones(LARGE)
    row = guard.capture(user[0])
    assert guard.register(given) is given
    for shared in (row, row.reshape(1, -1), given, given[1:]):
        owned = guard.own(shared)
        assert not np.shares_memory(owned, shared)
        assert guard.own(shared) is owned
    assert guard.own(private) is private
    assert guard.own("a") == "a"


def test_inputs_are_guarded():
    small, large = X.copy(), sample(LARGE)
    with tracing.opened() as level:
        x, y = tracing.watch(level, small), tracing.watch(level, large)
        assert not np.shares_memory(x.value, small)
        assert y.value is large
        with pytest.raises(ValueError, match="read-only"):
            large[0] = 1
    large[0] = 1


def test_large_gradients_share_no_memory_with_anything_else():
    x, y = np.ones((100, 100)), np.ones((100, 100))
    weights = np.full((100, 100), 2.0)
    (first, second), inputs = grad(lambda x, y: np.sum(weights * (x + y)), argnums=(0, 1))(x, y), (x, y, weights)
    assert not any(np.shares_memory(first, array) for array in (second, *inputs))
    first += 1
    np.testing.assert_array_equal(second, weights)
    value, pullback = vjp(np.exp, x)
    (gradient,) = pullback(y)
    assert not np.shares_memory(gradient, y)
    assert not np.shares_memory(gradient, value)
    (again,) = pullback(y)
    gradient += 1
    np.testing.assert_array_equal(again, value)
