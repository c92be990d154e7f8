"""`to_array(out=)`: the array is filled, whatever its memory, and nothing else is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians import Jacobian

RNG = np.random.default_rng(0)
W = RNG.standard_normal((3, 4))
X = RNG.standard_normal((4,))


def logistic(w: Any) -> Any:
    return np.sum(np.log1p(np.exp(W @ w))) + 0.5 * np.sum(w**2)


CASES = {
    "dense": jac.jacobian(lambda x: np.tanh(W @ x)),
    "diagonal": jac.jacobian(np.sin),
    "permuted": jac.jacobian(lambda x: np.roll(x, 1) * 2),
    "sum": jac.jacobian(lambda x: np.outer(x, x) + np.sum(x)),
    "map": jac.jacobian(lambda x: x[np.array([0, 0, 3])]),
    "nothing": jac.jacobian(lambda x: np.zeros(2)),
    "operator": jac.jacobian(lambda x: np.cumsum(x)),
    "hessian": jac.hessian(logistic),
    "sparse hessian": jac.hessian(lambda x: np.sum(x[1:] * x[:-1]) + np.sum((x[1:] - x[:-1] ** 2) ** 2)),
    "diagonal hessian": jac.hessian(lambda x: np.sum(np.exp(x))),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("layout", ["C", "F", "strided"])
def test_the_array_is_filled(name: str, layout: str) -> None:
    J = CASES[name](X)
    expected = J.to_array()
    if layout == "strided":
        whole = np.full(tuple([2 * n for n in J.shape]), np.nan)
        out = whole[tuple([slice(None, None, 2)] * J.ndim)]
    else:
        whole = out = np.full(J.shape, np.nan, order=layout)  # type: ignore[call-overload]
    assert J.to_array(out=out) is out
    np.testing.assert_array_equal(out, expected)
    if layout == "strided":
        assert np.isnan(whole).sum() == whole.size - out.size


def test_an_array_that_the_terms_hold_is_read_before_it_is_written() -> None:
    held = np.arange(9.0).reshape(3, 3)
    J = Jacobian.from_array(held, in_ndim=1)
    (term,) = J.terms
    out = term.factors[0].array  # type: ignore[union-attr]
    assert J.T.to_array(out=out) is out
    np.testing.assert_array_equal(out, held.T)


def test_no_limit_holds_for_memory_that_is_there() -> None:
    J = jac.jacobian(np.sin, memory_limit=8)(X)
    with pytest.raises(jac.MemoryLimitError):
        J.to_array()
    np.testing.assert_allclose(J.to_array(out=np.empty((4, 4))), np.diag(np.cos(X)))


@pytest.mark.parametrize(
    ("out", "error", "words"),
    [
        (np.empty((4, 3)), jac.ShapeError, r"out .*\(4, 4\).*\(4, 3\)"),
        (np.empty((4, 4), np.float32), jac.ArgumentError, "out has dtype float32, but the Jacobian float64"),
        ([[0.0]], jac.ArgumentError, "out is of type list"),
        (np.broadcast_to(np.zeros(4), (4, 4)), jac.ArgumentError, "out is read-only"),
    ],
)
def test_what_does_not_fit_is_refused(out: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        jac.jacobian(np.sin)(X).to_array(out=out)


def test_recorded_entries_cannot_be_written() -> None:
    room = np.empty((4, 4))
    with pytest.raises(jac.ArgumentError, match="no numbers yet"):
        jac.compile(lambda x: jac.jacobian(np.sin)(x).to_array(out=room))(X)
    assert jac.jacobian(np.sin)(X).to_array(out=room) is room


def test_single_precision() -> None:
    x = X.astype(np.float32)
    out = np.empty((4, 4), np.float32)
    found = jac.jacobian(np.sin)(x).to_array(out=out)
    np.testing.assert_allclose(found, np.diag(np.cos(x)), rtol=1e-6)
