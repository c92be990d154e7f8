"""Arrays of which two share memory: what is written into one is seen in the other, or refused; never is it lost.

Each program makes a second name for the memory of an array, writes by one of them and reads by the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import jacobians as jac

X = np.random.default_rng(5).standard_normal((3, 4))

VIEWS = {
    "slice": lambda a: a[1:, 1:],
    "T": lambda a: a.T,
    "flat": lambda a: a.flat,
    "flat of T": lambda a: a.T.flat,
    "flat of a slice": lambda a: a[1:, 1:].flat,
    "split": lambda a: np.split(a, [1])[0],
    "array_split": lambda a: np.array_split(a, 2)[0],
    "hsplit": lambda a: np.hsplit(a, 2)[0],
    "dsplit": lambda a: np.dsplit(a[None], 2)[0],
    "reshaped copy": lambda a: a.T.reshape(-1),
    "ravelled copy": lambda a: np.ravel(a[:, ::-1]),
    "entries of flat": lambda a: a.T.flat[1:3],
    "unpacked": lambda a: next(iter(a)),
    "flip": np.flip,
    "rot90": np.rot90,
    "rollaxis": lambda a: np.rollaxis(a, 1),
    "real": np.real,
    ".real": lambda a: a.real,
    "atleast_1d": np.atleast_1d,
    "atleast_3d": np.atleast_3d,
    "broadcast_arrays": lambda a: np.broadcast_arrays(a[0], X)[0],
    "meshgrid": lambda a: np.meshgrid(a[0], X[1], copy=False)[0],
    "sliding_window_view": lambda a: np.lib.stride_tricks.sliding_window_view(a[0], 2),
    "diag": lambda a: np.diag(a),
    "einsum": lambda a: np.einsum("ij->ji", a),
    "diagonal by einsum": lambda a: np.einsum("ii->i", a[:, :3]),
    "nan_to_num": lambda a: np.nan_to_num(a, copy=False),
    "astype": lambda a: a.astype(float, copy=False),
    "asarray": np.asarray,
    "asanyarray": np.asanyarray,
    "ascontiguousarray": np.ascontiguousarray,
    "require": np.require,
}


def written_before(view: Any) -> Any:
    def f(x: Any) -> Any:
        a = 2 * x
        a[2] = 0.5
        b = view(a)
        b[0] = 3.0
        return np.array([np.sum(np.sin(a)), np.sum(np.cos(b[0]))])

    return f


def written_first(view: Any) -> Any:
    def f(x: Any) -> Any:
        a = 2 * x
        b = view(a)
        a[0] = 3 * x[1]
        return np.array([np.sum(np.sin(a)), np.sum(np.cos(b))])

    return f


def written_second(view: Any) -> Any:
    def f(x: Any) -> Any:
        a = 2 * x
        b = view(a)
        b[0] = 3.0
        return np.array([np.sum(np.sin(a)), np.sum(np.cos(b[0]))])

    return f


WAYS = {
    "jacobian": lambda f: jac.value_and_jacobian(f)(X),
    "compiled": lambda f: (jac.compile(f)(X), None),
    "compiled jacobian": lambda f: jac.compile(jac.value_and_jacobian(f))(X),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("write", [written_before, written_first, written_second])
@pytest.mark.parametrize("name", VIEWS)
def test_writes_are_seen_or_refused(name: str, write: Any, way: str) -> None:
    f = write(VIEWS[name])
    try:
        expected = f(X.copy())
    except (ValueError, DeprecationWarning):
        pytest.skip("NumPy's own view is read-only")
    try:
        value, J = WAYS[way](f)
    except jac.JacobianError:
        return
    except ValueError as error:
        if "read-only" not in str(error) or "leave out np.asarray" not in str(error.__notes__):
            raise
        return
    np.testing.assert_allclose(value, expected, rtol=1e-13)
    if J is not None:
        np.testing.assert_allclose(J.to_array(), jac.numerical_jacobian(f, X), rtol=1e-6, atol=1e-7)


def test_an_array_may_be_written_into_when_nothing_that_was_made_of_it_lives() -> None:
    def f(x: Any) -> Any:
        y = 2 * x
        total = np.sum(np.asarray(y))
        y[0] = total * x[1]
        return y

    expected = jac.numerical_jacobian(f, X)
    np.testing.assert_allclose(jac.jacobian(f)(X).to_array(), expected, atol=1e-7)
    np.testing.assert_allclose(jac.compile(lambda x: jac.jacobian(f)(x).to_array())(X), expected, atol=1e-7)


def test_what_np_asarray_makes_holds_an_array_as_it_is() -> None:
    def f(x: Any) -> Any:
        y = 2 * x
        b = np.asarray(y)
        y[0] = 0.0
        return y * b

    with pytest.raises(jac.WriteError, match=r"np\.asarray or the like has made an array of objects of it"):
        jac.jacobian(f)(X)
