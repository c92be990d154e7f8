"""Functions of `scipy.special` that are no ufuncs; the ufuncs are handed on, and have rules of their own.

Arguments that count (the order of `polygamma`, the dimension of `multigammaln`) are not differentiated.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as original
from scipy.special import _ufuncs

from ..errors import UnsupportedFunctionError
from ..tracing import lift, primal
from .standing import follows, is_complex, is_recorded, missing

__all__ = [
    "comb",
    "factorial",
    "log_softmax",
    "logsumexp",
    "multigammaln",
    "perm",
    "polygamma",
    "sinc",
    "softmax",
    "zeta",
]


def _largest(a: Any, axis: Any) -> Any:
    """The largest entries as a constant, 0 where they are not finite: the results do not depend on it."""
    nothing: dict[str, Any] = {} if np.size(a) else {"initial": -np.inf}
    largest = np.max(primal(a), axis=axis, keepdims=True, **nothing)
    return np.where(np.isfinite(largest), largest, 0)


def _log(total: Any) -> Any:
    """A logarithm, that of 0 without a warning."""
    with np.errstate(divide="ignore"):
        return np.log(total)


@follows(original.logsumexp)
def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    a = lift(a)
    if b is not None:
        a, b = np.broadcast_arrays(a, lift(b))
    real = np.real(primal(a))
    largest = _largest(real if b is None else np.where(np.equal(primal(b), 0), -np.inf, real), axis)
    shift = a - largest
    if b is not None:  # what does not count must not overflow
        huge = math.log(np.finfo(shift.dtype).max) / 2
        shift = np.where(np.equal(primal(b), 0) & np.greater(np.real(primal(shift)), huge), huge, shift)
    powers = np.exp(shift)
    total = np.sum(powers if b is None else b * powers, axis=axis, keepdims=True)
    if is_complex(total):
        sign = np.sign(total) if return_sign else 1
        result = _log(np.abs(total) if return_sign else total) + largest
    else:
        sign = np.sign(primal(total))
        if b is not None and not return_sign:
            total = np.where(np.less(primal(total), 0), np.nan, total)
        result = _log(np.abs(total)) + largest
    if not keepdims:
        result, sign = [np.squeeze(part, axis=axis) if np.ndim(part) else part for part in (result, sign)]
    return (result, sign) if return_sign else result


@follows(original.softmax)
def softmax(x: Any, axis: Any = None) -> Any:
    x = lift(x)
    powers = np.exp(x - np.max(primal(x), axis=axis, keepdims=True))  # nan, not 0, beside an infinite entry
    return powers / np.sum(powers, axis=axis, keepdims=True)


@follows(original.log_softmax)
def log_softmax(x: Any, axis: Any = None) -> Any:
    x = lift(x)
    shifted = x - _largest(x, axis)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


if hasattr(original, "softplus"):

    @follows(original.softplus, real_only=True)
    def softplus(x: Any) -> Any:
        return np.logaddexp(0, x)

    __all__ += ["softplus"]


def _counting(function: str, argument: str, value: Any) -> Any:
    if is_recorded((value,)):
        reason = f"for a traced {argument}, which counts"
        raise UnsupportedFunctionError(f"jacobians.scipy.special.{function}", reason)
    return value


def _array(value: Any) -> Any:
    """An array, whose precision counts where that of a Python number does not; it may be a list."""
    value = lift(value)
    return value if hasattr(value, "dtype") else np.asarray(value)


@follows(original.polygamma, real_only=True)
def polygamma(n: Any, x: Any) -> Any:
    # psi^(n)(x) = (-1)^(n+1) n! zeta(n + 1, x)
    n = np.asarray(_counting("polygamma", "order n", n))
    order = np.where(n == 0, 1, n)
    x = _array(x)
    other = (-1.0) ** (order + 1) * original.gamma(order + 1.0) * zeta(order + 1, x)
    return np.where(n == 0, original.psi(x), other)


@follows(original.zeta, real_only=True)
def zeta(x: Any, q: Any = None) -> Any:
    return _ufuncs._riemann_zeta(lift(x)) if q is None else _ufuncs._zeta(lift(x), lift(q))


@follows(original.multigammaln, real_only=True)  # pyright: ignore[reportAttributeAccessIssue]
def multigammaln(a: Any, d: Any) -> Any:
    d = int(_counting("multigammaln", "dimension d", d))
    halves = [original.gammaln(np.astype(_array(a), float) - j / 2) for j in range(d)]
    return sum(halves[1:], halves[0]) + d * (d - 1) * 0.25 * math.log(math.pi)


@follows(original.comb, real_only=True)
def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    _inexact("comb", exact)
    if repetition and not original.comb(0, 0, repetition=True):  # as SciPy before 1.16
        return comb(N + k - 1, k)
    N, k = _array(N), _array(k)
    if repetition:
        nothing = np.equal(N, 0) & np.equal(k, 0)
        return np.where(nothing, 1, original.binom(np.where(nothing, 1, N) + k - 1, k))
    inside = np.less_equal(k, N) & np.greater_equal(N, 0) & np.greater_equal(k, 0)
    return np.where(inside, original.binom(np.where(inside, N, 1), np.where(inside, k, 0)), 0)


@follows(original.perm, real_only=True)
def perm(N: Any, k: Any, exact: bool = False) -> Any:
    _inexact("perm", exact)
    N, k = _array(N), _array(k)
    inside = np.less_equal(k, N) & np.greater_equal(N, 0) & np.greater_equal(k, 0)
    return np.where(inside, original.poch(np.where(inside, N - k, 0) + 1, np.where(inside, k, 0)), 0)


@follows(original.factorial, real_only=True)
def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    _inexact("factorial", exact)
    if extend != "zero":
        raise UnsupportedFunctionError("jacobians.scipy.special.factorial", f"for extend={extend!r}")
    n = np.astype(_array(n), float)
    outside = np.less(n, 0)
    return np.where(outside, 0, original.gamma(np.where(outside, 0, n) + 1))


def _inexact(name: str, exact: bool) -> None:
    if exact:
        raise UnsupportedFunctionError(f"jacobians.scipy.special.{name}", "for exact=True, which counts with integers")


@follows(original.sinc)
def sinc(x: Any) -> Any:
    return np.sinc(lift(x))


def __getattr__(name: str) -> Any:
    found = getattr(original, name, None)
    if isinstance(found, np.ufunc):
        return found
    raise missing(__name__, name, __all__)
