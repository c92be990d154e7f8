"""Checks of one row of the test table through the public functions, against differences of the row's own call.

- `first_derivative`, `products`, `lazy_products`: what the library hands out against `numerical_jacobians`.
- `second_derivatives`: derivatives of pullbacks against differences of pullbacks.
- `single_precision`, `other_layouts`: the same call on copies of other dtype and other memory layout.
- `all_rows()`: the rows by function; `failures(check, rows)`: what to report of those that do not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

import numpy as np
import scipy.special  # noqa: F401 # from here on, its functions have rules
from graph_oracle import numerical_jacobians
from table import Row

import jacobians as jac

__all__ = [
    "CHECKS",
    "all_rows",
    "failures",
    "first_derivative",
    "lazy_products",
    "other_layouts",
    "products",
    "second_derivatives",
    "single_precision",
]

TABLES = (
    "ufuncs",
    "reductions",
    "folds",
    "shape",
    "indexing",
    "linear",
    "linalg",
    "arrays",
    "special",
    "families",
    "statistics",
    "polynomials",
    "fourier",
)

Check = Callable[[Row], None]


def all_rows() -> dict[str, list[Row]]:
    """The rows of all tables, by table and function."""
    groups: dict[str, list[Row]] = {}
    for table in TABLES:
        for row in import_module(f"tables.{table}").ROWS:
            name = getattr(row.covers, "__name__", repr(row.covers))
            groups.setdefault(f"{table}-{name}", []).append(row)
    return groups


def failures(check: Check, rows: Iterable[Row]) -> list[str]:
    """One line for each row that fails a check, or on which the library raises."""
    lines = []
    for row in rows:
        try:
            check(row)
        except Exception as error:  # every row is to be reported, whatever is wrong with it
            shapes = ", ".join(str(array.shape) for array in row.arrays)
            words = " ".join(str(error).split())
            lines.append(f"{row} at {shapes}: {type(error).__name__}: {words[:300]}")
    return lines


def single(row: Row) -> Callable[..., Any]:
    """The row's call with one array as its result: several results are put behind one another, with weights."""

    def call(*arrays: Any) -> Any:
        result = row.call(*arrays)
        if not isinstance(result, (tuple, list)):
            return result
        return np.concatenate([(n + 1) * np.ravel(part) for n, part in enumerate(result)])

    return call


_known: dict[int, tuple[Row, list[np.ndarray]]] = {}


def differences(row: Row) -> list[np.ndarray]:
    """The Jacobians of the row's own call by finite differences: taken once, as several checks compare with them."""
    if id(row) not in _known:
        _known[id(row)] = row, numerical_jacobians(single(row), *row.arrays)
    return _known[id(row)][1]


def random(shape: tuple[int, ...], seed: int, dtype: Any = float) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 1.5, shape).astype(dtype)


def assert_close(name: str, found: Any, expected: Any, tolerance: float = 1e-7) -> None:
    """Equal shapes, and entries apart by no more than the tolerance times the largest entry (or one)."""
    assert np.shape(found) == np.shape(expected), f"{name}: shape {np.shape(found)} instead of {np.shape(expected)}"
    scale = max(1.0, np.max(np.abs(expected), initial=0))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale, err_msg=name)


def same(name: str, found: Any, expected: Any) -> None:
    assert found == expected, f"{name} is {found} instead of {expected}"


def first_derivative(row: Row) -> None:
    """Value, shapes, dtypes and every entry of the explicit Jacobian."""
    call, positions = single(row), tuple(range(len(row.arrays)))
    expected = call(*row.arrays)
    value, jacobians = jac.value_and_jacobian(call, positions, mode="explicit")(*row.arrays)
    assert_close("value", value, expected, 1e-14)
    same("dtype of the value", value.dtype, expected.dtype)
    for n, (J, numerical) in enumerate(zip(jacobians, differences(row), strict=True)):
        same("mode", J.mode, "explicit")
        same("out_shape", J.out_shape, np.shape(expected))
        same("in_shape", J.in_shape, row.arrays[n].shape)
        same("dtype", J.dtype, expected.dtype)
        assert_close(f"Jacobian of argument {n}", J.to_array(), numerical)


def products(row: Row) -> None:
    """`vjp` and `jvp`, all arguments together."""
    call, arrays = single(row), row.arrays
    expected, matrices = call(*arrays), differences(row)
    cotangent, tangents = random(np.shape(expected), 1), tuple([random(x.shape, 2 + n) for n, x in enumerate(arrays)])
    value, pullback = jac.vjp(call, *arrays)
    assert_close("value of vjp", value, expected, 1e-14)
    for n, (found, matrix) in enumerate(zip(pullback(cotangent), matrices, strict=True)):
        assert_close(f"vjp of argument {n}", found, np.tensordot(cotangent, matrix, cotangent.ndim))
    value, tangent = jac.jvp(call, arrays, tangents)
    assert_close("value of jvp", value, expected, 1e-14)
    pushed = [np.tensordot(matrix, h, h.ndim) for matrix, h in zip(matrices, tangents, strict=True)]
    assert_close("jvp", tangent, sum(pushed[1:], pushed[0]))


def lazy_products(row: Row) -> None:
    """Products with one lazy Jacobian for each argument, and its dense form, in both directions of elimination."""
    call, arrays = single(row), row.arrays
    matrices = differences(row)
    for order in ("forward", "reverse"):
        lazy = jac.jacobian(call, tuple(range(len(arrays))), mode="lazy", order=order)(*arrays)
        for n, (J, matrix) in enumerate(zip(lazy, matrices, strict=True)):
            same("mode", J.mode, "lazy")
            h, c = random(J.in_shape, 1), random(J.out_shape, 2)
            assert_close(f"J @ h, argument {n}, {order}", J @ h, np.tensordot(matrix, h, h.ndim))
            assert_close(f"c @ J, argument {n}, {order}", c @ J, np.tensordot(c, matrix, c.ndim))
            assert_close(f"J, argument {n}, {order}", J.to_array(), matrix)


def second_derivatives(row: Row) -> None:
    """The derivative of the pullback of a cotangent along one direction, in three ways.

    A random direction sees every wrong entry, and needs four pullbacks instead of four for each entry of the arrays.
    """
    if not row.second:
        return
    call, arrays = single(row), row.arrays
    cotangent = random(np.shape(call(*arrays)), 1)
    directions = [random(x.shape, 2 + n) for n, x in enumerate(arrays)]

    def pulled(*point: Any) -> Any:
        return np.concatenate([np.ravel(part) for part in jac.vjp(call, *point)[1](cotangent)])

    def expanded(*point: Any) -> Any:
        dense = [J.to_array() for J in jac.jacobian(call, tuple(range(len(point))))(*point)]
        return np.concatenate([np.ravel(np.tensordot(cotangent, J, cotangent.ndim)) for J in dense])

    expected = numerical_jacobians(
        lambda t: pulled(*[x + t * h for x, h in zip(arrays, directions, strict=True)]), np.zeros(())
    )[0]
    for name, function in (("pullback", pulled), ("jacobian", expanded)):
        rows = jac.jacobian(function, tuple(range(len(arrays))), mode="explicit")(*arrays)
        found = sum(J.to_array() @ h if h.ndim == 1 else J @ h for J, h in zip(rows, directions, strict=True))
        assert_close(f"derivative of {name}", found, expected, 1e-6)
    product = jac.hvp(lambda *point: np.sum(cotangent * call(*point)), arrays, directions)
    assert_close("hvp", np.concatenate([np.ravel(part) for part in product]), expected, 1e-6)


def single_precision(row: Row) -> None:
    """float32 arrays: the value has NumPy's dtype, and so has the Jacobian; pullbacks are float32 like the arrays."""
    call, positions = single(row), tuple(range(len(row.arrays)))
    arrays = [x.astype(np.float32) for x in row.arrays]
    expected = call(*arrays)
    value, jacobians = jac.value_and_jacobian(call, positions, mode="explicit")(*arrays)
    same("dtype of the value", value.dtype, expected.dtype)
    for n, (J, matrix) in enumerate(zip(jacobians, differences(row), strict=True)):
        same(f"dtype for argument {n}", J.dtype, expected.dtype)
        same(f"dtype of the array for argument {n}", J.to_array().dtype, expected.dtype)
        if expected.dtype == np.float32:
            held = {factor.dtype for term in J.terms for factor in term.factors}
            assert held <= {np.dtype(np.float32), np.dtype(np.complex64)}, f"factors for argument {n} are {held}"
        assert_close(f"Jacobian of argument {n}", J.to_array(), matrix, 2e-4)
    cotangent, tangents = random(np.shape(expected), 1, expected.dtype), [random(x.shape, 2, x.dtype) for x in arrays]
    for n, pulled in enumerate(jac.vjp(call, *arrays)[1](cotangent)):
        same(f"dtype of the vjp of argument {n}", pulled.dtype, np.float32)
    same("dtype of the jvp", jac.jvp(call, arrays, tangents)[1].dtype, expected.dtype)


def _strided(x: np.ndarray) -> np.ndarray:
    """The same numbers with gaps between them, the first axis backwards."""
    wide = np.full([2 * size for size in x.shape], np.nan)
    view = wide[(slice(None, None, -2), *[slice(None, None, 2)] * (x.ndim - 1))] if x.ndim else wide
    view[...] = x
    return view


def _frozen(x: np.ndarray) -> np.ndarray:
    x = np.array(x)
    x.flags.writeable = False
    return x


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "Fortran order": lambda x: np.array(x, order="F"),
    "strided": _strided,
    "read-only": _frozen,
}


def other_layouts(row: Row) -> None:
    """Copies in another memory layout have the same Jacobian and stay as they are."""
    call, positions = single(row), tuple(range(len(row.arrays)))
    expected = [J.to_array() for J in jac.jacobian(call, positions, mode="explicit")(*row.arrays)]
    for name, layout in LAYOUTS.items():
        arrays = [layout(x) for x in row.arrays]
        flags = [x.flags.writeable for x in arrays]
        jacobians = jac.jacobian(call, positions, mode="explicit")(*arrays)
        for n, (J, dense) in enumerate(zip(jacobians, expected, strict=True)):
            assert_close(f"{name}, argument {n}", J.to_array(), dense, 1e-11)
        for x, original, flag in zip(arrays, row.arrays, flags, strict=True):
            np.testing.assert_array_equal(x, original, err_msg=f"{name}: an argument has changed")
            same(f"{name}: writeable", x.flags.writeable, flag)


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (first_derivative, products, lazy_products, second_derivatives, single_precision, other_layouts)
}
