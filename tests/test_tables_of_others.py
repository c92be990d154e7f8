"""Series and tables of pandas, and code that asks an array for its namespace.

`Series` here is what matters of a pandas Series: a column of numbers that gives way to a higher
``__pandas_priority__``. Where pandas is installed, its own runs as well.
"""

from __future__ import annotations

import importlib.util
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

import jacobians as jac

X = np.array([0.6, 1.2, 2.1])


class Series:
    __pandas_priority__ = 3000

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.values if dtype is None else self.values.astype(dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(getattr(x, "__pandas_priority__", 0) > 3000 for x in inputs):
            return NotImplemented
        numbers = [np.asarray(x) for x in inputs]
        return Series(getattr(ufunc, method)(*numbers, **kwargs))

    def __mul__(self, other: Any) -> Any:
        return NotImplemented if getattr(other, "__pandas_priority__", 0) > 3000 else Series(self.values * other)

    def __matmul__(self, other: Any) -> Any:
        return Series(self.values @ np.asarray(other))


def kinds() -> dict[str, Any]:
    found: dict[str, Any] = {"stand-in": Series}
    if importlib.util.find_spec("pandas"):
        found["pandas"] = importlib.import_module("pandas").Series
    return found


CASES: dict[str, tuple[Any, Any]] = {
    "series * x": (lambda s, x: s * x, [1.0, 2, 3]),
    "x - series": (lambda s, x: np.square(x - s), [1.0, 2, 3]),
    "ufunc(series, x)": (lambda s, x: np.arctan2(s, x), [1.0, 2, 3]),
    "interp(series, points, x)": (lambda s, x: np.interp(s, [0, 1, 2], x), [0.1, 0.4, 1.2]),
    "where(series, x, 0)": (lambda s, x: np.where(s, x, 0.0), [True, False, True]),
    "sum": (lambda s, x: np.sum(s * x) * x, [1.0, 2, 3]),
    "series of traced numbers": (lambda s, x: type(s)(list(x)), [1.0, 2, 3]),
    "x - series @ x": (lambda s, x: x - (s @ x), [1.0, 2, 3]),
}


@pytest.mark.parametrize("kind", kinds().values(), ids=kinds())
@pytest.mark.parametrize("name", CASES)
def test_a_series_counts_as_its_numbers(name: str, kind: Any) -> None:
    f, values = CASES[name]
    numbers = np.asarray(values)

    def plainly(x: Any) -> Any:
        return np.asarray(f(numbers if "traced numbers" not in name else kind(values), x), float)

    value, J = jac.value_and_jacobian(lambda x: f(kind(values), x))(X)
    np.testing.assert_allclose(value, plainly(X), rtol=1e-14)
    np.testing.assert_allclose(J.to_array(), jac.numerical_jacobian(plainly, X), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", ["series * x", "x - series", "ufunc(series, x)", "sum"])
def test_compiled_functions_take_them_as_constants(name: str) -> None:
    f, values = CASES[name]
    compiled = jac.compile(lambda x: f(Series(values), x))
    np.testing.assert_allclose(compiled(X), f(np.asarray(values), X), rtol=1e-14)
    slopes = jac.compile(jac.jacobian(lambda x: f(Series(values), x)))
    expected = jac.numerical_jacobian(lambda x: f(np.asarray(values), x), X)
    np.testing.assert_allclose(slopes(X).to_array(), expected, rtol=1e-6, atol=1e-8)


def test_the_namespace_is_numpy() -> None:
    def f(x: Any) -> Any:
        xp = x.__array_namespace__()
        return xp.sum(xp.sin(x.to_device(x.device)))

    np.testing.assert_allclose(jac.grad(f)(X), np.cos(X), rtol=1e-14)
    np.testing.assert_allclose(jac.compile(jac.grad(f))(X), np.cos(X), rtol=1e-14)
    with pytest.raises(ValueError, match="gpu"):
        jac.grad(lambda x: np.sum(x.to_device("gpu")))(X)


def test_a_fraction_is_a_number() -> None:
    np.testing.assert_allclose(jac.grad(lambda x: np.sum(x * x * Fraction(1, 4)))(X), X / 2, rtol=1e-14)


def test_a_masked_array_is_refused() -> None:
    masked = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])
    with pytest.raises(jac.ArgumentError, match=r"Masks are not followed: use np\.where\(mask, 0, x\)"):
        jac.grad(lambda x: np.sum(x * masked))(X)


def test_code_that_meets_objects_says_what_they_are() -> None:
    def shifted(x: Any) -> Any:
        return ndimage.map_coordinates(x, [[0.5]], order=1)

    for transform in (jac.jacobian(shifted), jac.hessian(lambda x: np.sum(shifted(x)))):
        with pytest.raises(RuntimeError, match="data type not supported") as caught:
            transform(X)
        (note,) = caught.value.__notes__  # once, though two transforms see it
        assert note.startswith("The object array holds traced values")
