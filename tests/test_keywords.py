"""Every parameter of every differentiable array function is right, or refused by a message that names it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.fft  # its functions are told only once it is imported
import pytest
from graph_oracle import numerical_jacobians
from keyword_samples import CALLS, MAKERS, WRITERS, cases, parameters

import jacobians as jac
from jacobians.registry import function_name, registered


def short_name(function: Any) -> str:
    name = function_name(function).removeprefix("np.")
    return name.replace("lib.scimath.", "emath.").replace("_stride_tricks_impl", "stride_tricks")


FUNCTIONS = {
    short_name(f): f
    for f, rule in registered().items()
    if rule.kind not in ("nondifferentiable", "unsupported")
    and function_name(f).startswith("np.")
    and not isinstance(f, np.ufunc)
    and not isinstance(getattr(f, "__self__", None), np.ufunc)
}
Call = Callable[..., Any]
REASONS = ("complex", "is object", "of dtype", "into a plain array")
"""Of refusals that name the value of the parameter."""


def placed(args: tuple[Any, ...], values: tuple[Any, ...] | None = None) -> tuple[list[Any], list[Any]]:
    """The arguments with other floating arrays, in order, and those that they have."""
    left, found, filled = list(values or ()), [], []
    for argument in args:
        entries = argument if isinstance(argument, list) else [argument]
        new = []
        for entry in entries:
            if isinstance(entry, np.ndarray) and entry.dtype.kind == "f":
                found.append(entry)
                entry = left.pop(0) if values is not None else entry
            new.append(entry)
        filled.append(new if isinstance(argument, list) else new[0])
    return filled, found


def joined(result: Any) -> Any:
    """All numbers of a result in a row; what is constant counts as zeros."""
    if isinstance(result, (tuple, list)):
        parts = [joined(part) for part in result if part is not None]
        return np.concatenate(parts) if parts else np.zeros(0)
    if not hasattr(result, "dtype"):
        result = np.asarray(result)
    if result.dtype.kind == "O":
        return np.ravel(np.stack(list(result.flat)).astype(float))
    if result.dtype.kind == "c":
        return np.concatenate([np.ravel(np.real(result)), np.ravel(np.imag(result))])
    return np.ravel(result) if result.dtype.kind == "f" else np.zeros(np.size(result))


def outcome(call: Call, arrays: list[np.ndarray]) -> tuple[Any, bool]:
    """What NumPy returns (or the error), and whether it warns."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            return call(*arrays), bool(caught)
        except Exception as error:
            return error, False


def fault(call: Call, arrays: list[np.ndarray], word: str) -> str | None:
    """What is wrong with the derivatives of a call, in which a parameter is set."""
    plain, warns = outcome(call, arrays)
    if isinstance(plain, Exception):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if warns else "error")
        return difference(call, arrays, word, plain)


def difference(call: Call, arrays: list[np.ndarray], word: str, plain: Any) -> str | None:
    """What is wrong with the derivatives of a call that returns something."""
    everything = tuple(range(len(arrays)))
    traced: list[Any] = []

    def noted(*values: Any) -> Any:
        traced[:] = [call(*values)]
        return joined(traced[0])

    def pulled(*values: Any) -> Any:
        return np.concatenate([np.ravel(part) for part in jac.vjp(noted, *values)[1](cotangent)])

    def whole(*values: Any) -> Any:
        return joined(call(*values))

    try:
        value, jacobians = jac.value_and_jacobian(noted, everything, mode="explicit")(*arrays)
    except jac.JacobianError as error:
        named = word in str(error) or any(reason in str(error) for reason in REASONS)
        return None if named and len(str(error).splitlines()) <= 6 else f"is refused without its name: {error}"
    expected = whole(*arrays)
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)
    for ours, numpys in zip(parts(traced[0]), parts(plain), strict=True):
        if hasattr(numpys, "dtype") and getattr(ours, "dtype", np.dtype(object)).kind != "O":
            assert (ours.dtype, ours.shape) == (numpys.dtype, numpys.shape)
    single = any(getattr(part, "dtype", None) in (np.float32, np.complex64) for part in parts(plain))
    tolerance = 2e-2 if single else 1e-6
    first = numerical_jacobians(whole, *arrays, step=1e-2 if single else 1e-4)
    for J, matrix in zip(jacobians, first, strict=True):
        assert_near(J.to_array(), matrix, tolerance, "first derivative")
    if single:
        return None
    rng = np.random.default_rng(1)
    cotangent = rng.uniform(0.5, 1.5, np.shape(expected)).astype(expected.dtype)
    directions = [rng.uniform(0.5, 1.5, x.shape) for x in arrays]

    def along(t: Any) -> Any:
        """The pullback of a cotangent on a line: one number tells of all second derivatives."""
        return pulled(*[x + t * h for x, h in zip(arrays, directions, strict=True)])

    (second,) = numerical_jacobians(along, np.zeros(()))
    rows = jac.jacobian(pulled, everything, mode="explicit")(*arrays)
    found = sum(np.tensordot(J.to_array(), h, h.ndim) for J, h in zip(rows, directions, strict=True))
    assert_near(found, second, 1e-5, "second derivative")
    return None


def assert_near(found: Any, matrix: np.ndarray, tolerance: float, name: str) -> None:
    scale = max(1.0, np.max(np.abs(matrix), initial=0))
    np.testing.assert_allclose(found, matrix, rtol=0, atol=tolerance * scale, err_msg=name)


def parts(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - WRITERS.keys() - {*MAKERS}))
def test_every_parameter_is_right_or_refused(name):
    function, wrong = FUNCTIONS[name], []
    for word, args, keywords in cases(name, function):

        def call(*values: Any, args=args, keywords=keywords) -> Any:
            return function(*placed(args, values)[0], **keywords)

        try:
            found = fault(call, placed(args)[1], word)
        except Exception as error:
            found = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        if found:
            wrong.append(f"{keywords}: {found}")
    assert wrong == []


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_a_function_that_writes_is_right(name):
    def call(array, *rest):
        target = array * 1.0
        assert FUNCTIONS[name](target, *placed(WRITERS[name][1:], rest)[0]) is None
        return target

    assert fault(call, placed(WRITERS[name])[1], "") is None


WITH_OUT = [name for name, f in FUNCTIONS.items() if "out" in {p.name for p in parameters(f)} and name in CALLS]


@pytest.mark.parametrize("name", sorted(WITH_OUT))
def test_out_is_written_into(name):
    def call(*values):
        arguments = placed(CALLS[name], values)[0]
        result = FUNCTIONS[name](*arguments)
        out = np.zeros(np.shape(result), result.dtype, like=values[0])
        returned = FUNCTIONS[name](*arguments, out=out)
        assert returned is out or np.ndim(out) == 0
        return returned

    assert fault(call, placed(CALLS[name])[1], "out=") is None
