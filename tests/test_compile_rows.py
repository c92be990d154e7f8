"""Every row of the test tables, compiled: the numbers of the same call without compilation, also for other arrays.

What is compiled is the value, the explicit Jacobians, a pullback, a tangent, and the derivative of the pullback. The
program that the first arrays have written is called with others of the same shapes, so that a number of the first call
that was taken for a constant is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from row_checks import all_rows, failures, random, same, single
from table import Row

import jacobians as jac
from jacobians.compiler import compile

GROUPS = all_rows()
NAMES = sorted(GROUPS)
SECOND_ORDER_ROWS = 2  # of each function


def derivatives(row: Row, second: bool) -> Callable[..., tuple[Any, ...]]:
    """A function of the row's arrays that returns all that is compared."""
    call, positions = single(row), tuple(range(len(row.arrays)))
    cotangent = random(np.shape(call(*row.arrays)), 1)
    directions = tuple([random(x.shape, 2 + n) for n, x in enumerate(row.arrays)])

    def everything(*arrays: Any) -> tuple[Any, ...]:
        dtype = np.result_type(call(*row.arrays), *arrays)
        weights = cotangent.astype(dtype)
        tangents = tuple([h.astype(x.dtype) for h, x in zip(directions, arrays, strict=True)])
        value = call(*arrays)
        dense = [J.to_array() for J in jac.jacobian(call, positions)(*arrays)]
        pulled = jac.vjp(call, *arrays)[1](weights.astype(value.dtype))
        pushed = jac.jvp(call, arrays, tangents)[1]
        if not second:
            return (value, *dense, *pulled, pushed)
        product = jac.hvp(lambda *point: np.sum(weights * call(*point)), arrays, tangents)
        return (value, *dense, *pulled, pushed, *product)

    return everything


def others(row: Row, function: Callable[..., tuple[Any, ...]]) -> tuple[np.ndarray, ...]:
    """Other arrays of the same shapes: the same numbers in another order, or a little apart where that is no sample."""
    reversed_ = tuple([np.reshape(1.01 * x.ravel()[::-1], x.shape) for x in row.arrays])
    try:
        with np.errstate(all="ignore"):
            if all(np.all(np.isfinite(part)) for part in function(*reversed_)):
                return reversed_
    except Exception:  # not in the domain of the function
        pass
    return tuple([x * (1 + 1e-3 * random(x.shape, 7)) for x in row.arrays])


def assert_same(n: int, found: Any, expected: Any, tolerance: float) -> None:
    same(f"shape of result {n}", np.shape(found), np.shape(expected))
    same(f"dtype of result {n}", found.dtype, expected.dtype)
    scale = max(1.0, float(np.max(np.abs(expected), initial=0)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale, err_msg=f"result {n}")


def compiled_like_eager(row: Row, second: bool) -> None:
    function = derivatives(row, second)
    compiled = compile(function)
    single_precision = tuple([x.astype(np.float32) for x in row.arrays])
    for arrays in (row.arrays, others(row, function)):
        for n, (found, expected) in enumerate(zip(compiled(*arrays), function(*arrays), strict=True)):
            assert_same(n, found, expected, 1e-10)
    if second:
        found, expected = compiled(*single_precision), function(*single_precision)
        for n, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_same(n, one, other, 1e-4)


# How many rows of a function need numbers that every call gives anew: the shape or the dtype of the result depends on
# them, or the row itself decides by them.
REFUSED = {
    "fourier-eig": 2,
    "fourier-eigvals": 3,
    "fourier-roots": 2,
    "indexing-extract": 1,
    "indexing-getitem": 1,  # a mask
    "indexing-piecewise": 5,
    "indexing-trim_zeros": 3,
    "polynomials-poly": 5,  # of a matrix
    "polynomials-polyadd": 1,  # of a poly1d, which cuts off leading zeros
    "polynomials-polydiv": 4,
    "polynomials-polymul": 6,
    "polynomials-polysub": 1,
    "polynomials-polyval": 1,
    "reductions-all": 1,
    "reductions-allclose": 1,
    "reductions-any": 1,
    "reductions-argwhere": 1,
    "reductions-array_equal": 1,
    "reductions-flatnonzero": 1,
    "reductions-nonzero": 1,
    "statistics-arccos": 1,
    "statistics-arcsin": 1,
    "statistics-arctanh": 1,
    "statistics-log": 1,
    "statistics-log10": 1,
    "statistics-log2": 1,
    "statistics-logn": 1,
    "statistics-power": 3,
    "statistics-sqrt": 1,
}


@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors")
@pytest.mark.parametrize("name", NAMES)
def test_rows_compiled(name: str) -> None:
    rows = GROUPS[name]
    second = {id(row) for row in [row for row in rows if row.second][:SECOND_ORDER_ROWS]}
    lines = failures(lambda row: compiled_like_eager(row, id(row) in second), rows)
    refused = [line for line in lines if ": StagingError: " in line]
    assert all("tests" in line for line in refused), "the line of the caller is not named"
    assert len(refused) == REFUSED.get(name, 0), "\n".join(refused)
    assert lines == refused, "\n".join(lines)
