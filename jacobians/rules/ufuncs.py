"""Entrywise functions: one partial derivative per operand, result first.

Every ufunc of NumPy stands here in one of four lists: with partials, constant almost everywhere, a predicate, or
refused (matmul and its kin are contractions and stand with them). So do the entrywise functions that are no ufuncs:
`where`, `clip`, `sinc`, `nan_to_num`, `round`.

At kinks: ``abs'(0) = 0``, operands that tie in `maximum` share equally, ``hypot'(0, 0) = 0``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy._core import umath

from ..errors import UnsupportedFunctionError
from ..registry import (
    Call,
    LocalTerm,
    complex_too,
    composed,
    diagonal_term,
    elementwise,
    local,
    nondifferentiable,
    unsupported,
)
from ..steps import Steps, entrywise_steps
from .conjugates import is_complex, on_conjugate

__all__: list[str] = []

_LN2, _LN10, _DEGREE = math.log(2), math.log(10), math.pi / 180


def _share(y: Any, a: Any, b: Any) -> Any:
    """How much of ``y``, which is `a` or `b`, is `a`: one half where both are."""
    return np.equal(a, y) - np.equal(a, b) * y.dtype.type(0.5)


def _over(a: Any, y: Any) -> Any:
    """The slope ``a / y`` of a norm, and 0 at the tip of the cone."""
    return a / np.where(np.equal(y, 0), 1, y)


def _turn(c: Any, a: Any, b: Any) -> Any:
    """``c / (a^2 + b^2)`` without squares, which overflow."""
    radius = np.hypot(a, b)
    return c / radius / radius


def _floating(b: Any, y: Any) -> Any:
    """An integer array in the precision of `y`: ``1 / b`` and ``log(b)`` of small integers have another."""
    return b.astype(y.dtype) if hasattr(b, "dtype") and b.dtype.kind in "biu" else b


def _inverse(y: Any, a: Any, b: Any) -> Any:
    """``1 / b``; a Python zero does not raise, as in ``x / 0`` itself."""
    if isinstance(b, (int, float)) and b == 0:
        return math.inf
    return 1 / _floating(b, y)


def _one(ufunc: Callable[..., Any], made: Any) -> Any:
    """``1 / made`` or ``1 - made`` for what nobody else has: NumPy itself would take another array."""
    return ufunc(1, made, made) if type(made) is np.ndarray and made.dtype.kind in "fc" else ufunc(1, made)


def _direction(y: Any, x: Any) -> Any:
    """The slope of ``y = |x|``; of a complex x, ``conj(x) / |x|``."""
    return np.conjugate(_over(x, y)) if is_complex(x) else np.sign(x)


def _root(x: Any) -> Any:
    """``sqrt(1 - x^2)``; of a complex x the root on its side of the cut: a subtraction keeps the sign of a zero."""
    return np.sqrt(-(x - 1) * (x - -1)) if is_complex(x) else np.sqrt((1 - x) * (1 + x))


def _arcsinh_slope(y: Any, x: Any) -> Any:
    return _one(np.divide, np.cosh(y) if is_complex(x) else np.sqrt(1 + x * x))


def _arccosh_slope(y: Any, x: Any) -> Any:
    """In one root, except in the left half of the complex plane."""
    return _one(np.divide, np.sqrt(x - 1) * np.sqrt(x - -1) if is_complex(x) else np.sqrt((x - 1) * (x + 1)))


def _power_base(y: Any, x: Any, n: Any) -> Any:
    """``n x^(n-1)``, which is 0 (not 0 / 0) for ``x^0`` at 0; the usual constant exponents cost no power."""
    if isinstance(n, (int, float)):
        return 0.0 if n == 0 else 1.0 if n == 1 else 2 * x if n == 2 else n * x ** (n - 1)
    return n * x ** np.where(np.equal(n, 0) & np.equal(x, 0), 1, np.subtract(n, 1))


def _float_power_base(y: Any, x: Any, n: Any) -> Any:
    return _power_base(y, x.astype(y.dtype), n)


def _power_exponent(y: Any, x: Any, n: Any) -> Any:
    """``x^n log x``, which is 0 for ``0^n``."""
    if is_complex(y) and not is_complex(x):  # whose logarithm may be complex
        x = np.asarray(x, y.dtype) if isinstance(x, (int, float)) else x.astype(y.dtype)
    if isinstance(x, (int, float)):
        return y * (math.log(x) if x > 0 else 0.0 if x == 0 else math.nan)
    return y * np.log(np.where(np.equal(x, 0), 1, _floating(x, y)))


def _softmax(exp: Any, log_sum: Any, position: int = 0) -> Callable[..., Any]:
    """``exp(a - y)``; where `y` is infinite, `a` and `b` are compared as in `maximum`.

    The difference is replaced before `exp`, too: a masked ``inf - inf`` would be a nan in the second derivative. Beside
    a number none is needed: ``a - y = -log(1 + exp(b - a))``.
    """

    def partial(y: Any, *operands: Any) -> Any:
        a, b = operands[position], operands[1 - position]
        if isinstance(b, (int, float)) and math.isfinite(b):
            return exp(-log_sum(0, b - a if b else -a))
        infinite = np.isinf(y)
        return np.where(infinite, _share(y, a, b), exp(np.where(infinite, 0, a - y)))

    return partial


def _sinc_slope(y: Any, x: Any) -> Any:
    """``(cos u - sin(u) / u) / x`` with ``u = pi x``; near 0, where that cancels, its Taylor series in u."""
    near = np.abs(x) < 0.1
    u2 = np.square(math.pi * np.where(near, x, 0))
    series = -1 / 3 + u2 * (1 / 30 + u2 * (-1 / 840 + u2 * (1 / 45360 + u2 * (-1 / 3991680 + u2 / 518918400))))
    return np.where(near, math.pi**2 * x * series, (np.cos(math.pi * x) - y) / np.where(near, 1, x))


def _bessel_slope(y: Any, x: Any) -> Any:
    """The Bessel function ``I_1``, which NumPy lacks; SciPy is not imported before somebody needs it."""
    from scipy.special import i1

    return i1(x.astype(np.float64 if y.dtype.char == "g" else y.dtype)).astype(y.dtype)


# fmt: off
# arithmetic
elementwise(np.add,         1.0,                             1.0)
elementwise(np.subtract,    1.0,                             -1.0)
elementwise(np.multiply,    lambda y, a, b: b,               lambda y, a, b: a)
elementwise(np.divide,      _inverse,                        lambda y, a, b: -y / b)
elementwise(np.remainder,   1.0,                             lambda y, a, b: -np.floor_divide(a, b))
elementwise(np.fmod,        1.0,                             lambda y, a, b: -np.rint((a - y) / b))
elementwise(np.negative,    -1.0)
elementwise(np.positive,    1.0)
elementwise(np.reciprocal,  lambda y, x: -y * y)
elementwise(np.square,      lambda y, x: 2 * x)
elementwise(np.sqrt,        lambda y, x: 0.5 / y)
elementwise(np.cbrt,        lambda y, x: _one(np.divide, 3 * y * y))
elementwise(np.absolute,    _direction)
elementwise(np.fabs,        lambda y, x: np.sign(x))
elementwise(np.real,        1.0)
elementwise(np.imag,        lambda y, x: -1j if is_complex(x) else 0.0)
# exponentials and logarithms
elementwise(np.exp,         lambda y, x: y)
elementwise(np.exp2,        lambda y, x: _LN2 * y)
elementwise(np.expm1,       lambda y, x: y + 1)
elementwise(np.log,         lambda y, x: 1 / x)
elementwise(np.log2,        lambda y, x: _one(np.divide, _LN2 * x))
elementwise(np.log10,       lambda y, x: _one(np.divide, _LN10 * x))
elementwise(np.log1p,       lambda y, x: _one(np.divide, 1 + x))
# circular and hyperbolic
elementwise(np.sin,         lambda y, x: np.cos(x))
elementwise(np.cos,         lambda y, x: -np.sin(x))
elementwise(np.tan,         lambda y, x: 1 + y * y)
elementwise(np.arcsin,      lambda y, x: _one(np.divide, _root(x)))
elementwise(np.arccos,      lambda y, x: -1 / _root(x))
elementwise(np.arctan,      lambda y, x: _one(np.divide, 1 + x * x))
elementwise(np.arctan2,     lambda y, a, b: _turn(b, a, b), lambda y, a, b: -_turn(a, a, b))
elementwise(np.hypot,       lambda y, a, b: _over(a, y),     lambda y, a, b: _over(b, y))
elementwise(np.sinh,        lambda y, x: np.cosh(x))
elementwise(np.cosh,        lambda y, x: np.sinh(x))
elementwise(np.tanh,        lambda y, x: _one(np.subtract, y * y))
elementwise(np.arcsinh,     _arcsinh_slope)
elementwise(np.arccosh,     _arccosh_slope)
elementwise(np.arctanh,     lambda y, x: _one(np.divide, (1 - x) * (1 + x)))
elementwise(np.deg2rad,     _DEGREE)
elementwise(np.radians,     _DEGREE)
elementwise(np.rad2deg,     1 / _DEGREE)
elementwise(np.degrees,     1 / _DEGREE)
# choices
elementwise(np.maximum,     lambda y, a, b: _share(y, a, b), lambda y, a, b: _share(y, b, a))
elementwise(np.minimum,     lambda y, a, b: _share(y, a, b), lambda y, a, b: _share(y, b, a))
elementwise(np.fmax,        lambda y, a, b: _share(y, a, b), lambda y, a, b: _share(y, b, a))
elementwise(np.fmin,        lambda y, a, b: _share(y, a, b), lambda y, a, b: _share(y, b, a))
elementwise(np.copysign,    lambda y, a, b: np.where(np.signbit(a) == np.signbit(b), 1, -1), 0.0)
elementwise(np.heaviside,   0.0,                             lambda y, x, at_zero: np.equal(x, 0))
elementwise(np.nextafter,   1.0,                             0.0)
elementwise(np.ldexp,       lambda y, x, n: np.ldexp(np.ones_like(x), n))
elementwise(np.power,       _power_base,                     _power_exponent)
elementwise(np.float_power, _float_power_base,        _power_exponent)
elementwise(np.logaddexp,   _softmax(np.exp, np.logaddexp),  _softmax(np.exp, np.logaddexp, 1))
elementwise(np.logaddexp2,  _softmax(np.exp2, np.logaddexp2), _softmax(np.exp2, np.logaddexp2, 1))
elementwise(np.sinc,        lambda y, x: _sinc_slope(y, x))
elementwise(np.i0,          lambda y, x: _bessel_slope(y, x))
# fmt: on


complex_too(
    vars(umath)["clip"], np.add, np.subtract, np.multiply, np.divide, np.negative, np.positive, np.reciprocal, np.square
)
complex_too(np.sqrt, np.absolute, np.real, np.imag, np.angle, np.exp, np.exp2, np.expm1)
complex_too(np.log, np.log2, np.log10, np.log1p, np.power, np.float_power, np.sinc)
complex_too(np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan)
complex_too(np.sinh, np.cosh, np.tanh, np.arcsinh, np.arccosh, np.arctanh)


@local(np.conjugate)
def _conjugate(call: Call, x: Any, **_: Any) -> Iterator[LocalTerm]:
    term = diagonal_term(np.shape(x), np.shape(x), 1.0, call.result.dtype)
    yield 0, 0, on_conjugate(term, x)


@local(np.angle)
def _angle(call: Call, z: Any, deg: bool = False) -> Iterator[LocalTerm]:
    """The imaginary part of ``log z``; of real numbers it is 0 or pi."""
    slope = (-1j / _DEGREE if deg else -1j) / z if is_complex(z) else 0.0
    yield 0, 0, diagonal_term(np.shape(z), np.shape(z), slope, call.result.dtype)


def _where_steps(call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Steps | None:
    if kwargs or len(args) != 3 or call.needs(0):
        return None
    masks = [(1, lambda y, c, a, b: _holds(c), True), (2, lambda y, c, a, b: np.logical_not(c), True)]
    return entrywise_steps(masks, (-1, -1), call.result.shape, args, call.needed)


def _holds(condition: Any) -> Any:
    """Where a condition holds; of truth values numbers are made in any case, in memory of their own."""
    return condition if type(condition) is np.ndarray and condition.dtype == bool else np.not_equal(condition, 0)


@local(np.where, steps=_where_steps)
def _where(call: Call, condition: Any, *branches: Any) -> Iterator[LocalTerm]:
    """The partials are masks of the size of the condition; ``where(condition)`` alone returns positions."""
    result, needed = call
    for position, mask in ((1, np.not_equal), (2, np.equal)):
        if branches and position in needed:
            inp = branches[position - 1].shape
            yield 0, position, diagonal_term(result.shape, inp, mask(condition, 0), result.dtype)


complex_too(np.conjugate, np.where)


@local(np.modf)
def _modf(call: Call, x: Any, **_: Any) -> Iterator[LocalTerm]:
    """The whole part is constant almost everywhere, so the fraction has slope 1."""
    yield 0, 0, diagonal_term(np.shape(x), np.shape(x), 1.0, call.result[0].dtype)


@local(np.frexp)
def _frexp(call: Call, x: Any, **_: Any) -> Iterator[LocalTerm]:
    """The mantissa is ``x 2^-n`` with an exponent n that is constant almost everywhere."""
    mantissa, exponent = call.result
    yield 0, 0, diagonal_term(np.shape(x), np.shape(x), np.ldexp(np.ones_like(x), -exponent), mantissa.dtype)


composed(np.divmod, lambda a, b, **how: (np.floor_divide(a, b, **how), np.remainder(a, b, **how)))


# The ufunc behind np.clip and ndarray.clip is min(max(x, low), high), and operands that tie share as there.
_CLIP = vars(umath)["clip"]
# fmt: off
elementwise(
    _CLIP,
    lambda y, x, low, high: _share(y, np.maximum(x, low), high) * _share(np.maximum(x, low), x, low),
    lambda y, x, low, high: _share(y, np.maximum(x, low), high) * _share(np.maximum(x, low), low, x),
    lambda y, x, low, high: _share(y, high, np.maximum(x, low)),
)
# fmt: on


def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: None = None, *, min: Any = None, max: Any = None) -> Any:
    low = min if a_min is None else a_min
    high = max if a_max is None else a_max
    if low is None:
        return np.positive(a) if high is None else np.minimum(a, high)
    return np.maximum(a, low) if high is None else _CLIP(a, low, high)


composed(np.clip, _clip)


def _nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    if not copy:
        raise UnsupportedFunctionError("np.nan_to_num", "for copy=False")
    if x.dtype.kind == "c":
        y = np.zeros_like(x)
        y.real = _nan_to_num(np.real(x), True, nan, posinf, neginf)
        y.imag = _nan_to_num(np.imag(x), True, nan, posinf, neginf)
    else:
        largest = np.finfo(x.dtype).max
        y = np.where(np.isposinf(x), largest if posinf is None else posinf, x)
        y = np.where(np.isneginf(x), -largest if neginf is None else neginf, y)
        y = np.where(np.isnan(x), nan, y)
    return y


composed(np.nan_to_num, _nan_to_num)
complex_too(np.nan_to_num)


def _unit_number(z: Any) -> Any:
    """``z / |z|``, and 0 at 0."""
    modulus = np.abs(z)
    return z / np.where(np.equal(modulus, 0), 1, modulus)


nondifferentiable(np.floor, np.ceil, np.rint, np.trunc, np.fix, np.round, np.around)
nondifferentiable(np.floor_divide, np.spacing)
nondifferentiable(np.sign, of_complex=_unit_number)
nondifferentiable(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
nondifferentiable(np.isfinite, np.isinf, np.isnan, np.isnat, np.signbit)
nondifferentiable(np.logical_and, np.logical_or, np.logical_not, np.logical_xor)

_INTEGERS = (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.bitwise_count, np.invert, np.left_shift, np.right_shift)
unsupported("because it takes integers only", *_INTEGERS, np.gcd, np.lcm)
unsupported("because it is internal to NumPy", vars(umath)["_ones_like"])

_STRINGS = """
    _center _expandtabs _expandtabs_length _ljust _lstrip_chars _lstrip_whitespace _partition _partition_index _replace
    _rjust _rpartition _rpartition_index _rstrip_chars _rstrip_whitespace _slice _strip_chars _strip_whitespace _zfill
    count endswith find index isalnum isalpha isdecimal isdigit islower isnumeric isspace istitle isupper rfind rindex
    startswith str_len
"""
# Older NumPy has no `_slice`.
_STRING_UFUNCS = [getattr(umath, name) for name in _STRINGS.split() if hasattr(umath, name)]
unsupported("because it takes strings only", *_STRING_UFUNCS)
