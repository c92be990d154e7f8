"""Entrywise functions, each on several shapes and with every way in which its operands can meet."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy._core import umath
from table import Row, rows, sample

# fmt: off
# Function: the interval on which it is smooth.
UNARY: dict[Any, tuple[float, float]] = {
    np.negative: (-2, 2), np.positive: (-2, 2), np.absolute: (-2, 2), np.fabs: (-2, 2), np.conjugate: (-2, 2),
    np.square: (-2, 2), np.sqrt: (0.3, 3), np.cbrt: (0.3, 3), np.reciprocal: (0.4, 2),
    np.exp: (-2, 2), np.exp2: (-2, 2), np.expm1: (-2, 2),
    np.log: (0.3, 3), np.log2: (0.3, 3), np.log10: (0.3, 3), np.log1p: (-0.6, 2),
    np.sin: (-2, 2), np.cos: (-2, 2), np.tan: (-1, 1),
    np.arcsin: (-0.8, 0.8), np.arccos: (-0.8, 0.8), np.arctan: (-2, 2),
    np.sinh: (-2, 2), np.cosh: (-2, 2), np.tanh: (-2, 2),
    np.arcsinh: (-2, 2), np.arccosh: (1.3, 3), np.arctanh: (-0.8, 0.8),
    np.deg2rad: (-90, 90), np.radians: (-90, 90), np.rad2deg: (-2, 2), np.degrees: (-2, 2),
    np.real: (-2, 2), np.imag: (-2, 2), np.sinc: (-2, 2), np.i0: (-2, 2), np.nan_to_num: (-2, 2),
}

# Function: the intervals of both operands; kinks and jumps lie between the samples.
BINARY: dict[Any, tuple[tuple[float, float], tuple[float, float]]] = {
    np.add: ((-2, 2), (-2, 2)), np.subtract: ((-2, 2), (-2, 2)), np.multiply: ((-2, 2), (-2, 2)),
    np.divide: ((-2, 2), (0.5, 2)), np.power: ((0.4, 2), (-2, 2)), np.float_power: ((0.4, 2), (-2, 2)),
    np.arctan2: ((-2, 2), (0.5, 2)), np.hypot: ((-2, 2), (0.5, 2)),
    np.maximum: ((-2, 2), (-1.93, 2.07)), np.minimum: ((-2, 2), (-1.93, 2.07)),
    np.fmax: ((-2, 2), (-1.93, 2.07)), np.fmin: ((-2, 2), (-1.93, 2.07)),
    np.logaddexp: ((-2, 2), (-2, 2)), np.logaddexp2: ((-2, 2), (-2, 2)),
    np.copysign: ((-2, 2), (-2, 2)), np.nextafter: ((-2, 2), (-2, 2)), np.heaviside: ((-2, 2), (-2, 2)),
    np.remainder: ((-2, 2), (0.53, 1.97)), np.fmod: ((-2, 2), (0.53, 1.97)), np.divmod: ((-2, 2), (0.53, 1.97)),
}
# fmt: on


def _unary(function: Any, low: float, high: float) -> list[Row]:
    x = sample(2, 3, low=low, high=high)
    shapes = [((), "0-d"), ((1,), "one"), ((4,), "1-d"), ((2, 1, 3), "3-d"), ((0, 2), "empty")]
    return [Row(function, function, (sample(*shape, low=low, high=high),), name) for shape, name in shapes] + [
        Row(function, lambda x: function(x) * x, (x,), "reused"),
        Row(function, lambda x: function(x.T)[1:], (x,), "of a view"),
    ]


def _binary(function: Any, first: tuple[float, float], second: tuple[float, float]) -> list[Row]:
    def a(*shape: int) -> np.ndarray:
        return sample(*shape, low=first[0], high=first[1])

    def b(*shape: int) -> np.ndarray:
        return sample(*shape, low=second[0], high=second[1], seed=1)

    one, two = (first[0] + 2 * first[1]) / 3, (second[0] + 2 * second[1]) / 3
    return [
        Row(function, function, (a(3), b(3)), "1-d"),
        Row(function, function, (a(), b()), "0-d"),
        Row(function, function, (a(2, 3), b(2, 3)), "2-d"),
        Row(function, function, (a(3, 1), b(4)), "(3, 1) and (4,)"),
        Row(function, function, (a(4), b(3, 1)), "(4,) and (3, 1)"),
        Row(function, function, (a(), b(2, 3)), "() and (2, 3)"),
        Row(function, function, (a(2, 3), b()), "(2, 3) and ()"),
        Row(function, function, (a(1, 3), b(2, 1, 1)), "(1, 3) and (2, 1, 1)"),
        Row(function, function, (a(0, 3), b(3)), "empty"),
        Row(function, lambda x: function(x, two), (a(2, 3),), "constant second"),
        Row(function, lambda x: function(one, x), (b(2, 3),), "constant first"),
        Row(function, lambda x: function(x, b(2, 1)), (a(3),), "constant array second"),
        Row(function, lambda x: function(a(2, 1), x), (b(3),), "constant array first"),
    ]


_X, _Y = sample(3), sample(3, seed=1)
_P = sample(2, 3, low=0.4, high=2)
_MASK = np.array([[True], [False]])
_N = np.array([0, 1, 2, 3, -1])

_TWICE = [
    *rows(np.add, (lambda x: x + x, (_X,)), (lambda x: np.add(x, x[::-1]), (_X,)), (lambda x: 1 + x + 2.5, (_X,))),
    *rows(np.subtract, (lambda x: x - x, (_X,)), (lambda x: 1 - x, (_X,))),
    *rows(np.multiply, (lambda x: x * x, (_X,)), (lambda x: x * x[:, None], (_X,)), (lambda x: 3 * x * 0.5, (_X,))),
    *rows(np.divide, (lambda x: x / x, (_P,)), (lambda x: 2 / x, (_P,)), (lambda x: x / 4, (_P,))),
    *rows(np.arctan2, (lambda x: np.arctan2(x, x * x), (_P,))),
    *rows(np.hypot, (lambda x: np.hypot(x, x), (_P,))),
    *rows(np.logaddexp, (lambda x: np.logaddexp(x, x), (_X,)), (lambda x: np.logaddexp(x, 2 * x), (_X,))),
    *rows(np.maximum, (lambda x: np.maximum(x, -x), (_X,)), (lambda x: np.maximum(x, 0), (_X,))),
    *rows(np.minimum, (lambda x: np.minimum(0.1, x), (_X,))),
]

_POWERS = [
    Row(np.power, lambda x: x**x, (_P,), "same operand twice"),
    *[
        Row(np.power, lambda x, n=n: x**n, (_X,), f"negative base, exponent {n}")
        for n in (0, 1, 2, 3, -1, -2, 2.0, 3.0)
    ],
    *[Row(np.power, lambda x, n=n: x**n, (np.zeros(2),), f"zero base, exponent {n}") for n in (0, 1, 2, 3)],
    Row(np.power, lambda x: x[:, None] ** _N, (_X,), "negative base, array of exponents"),
    Row(np.power, lambda x: x[:, None] ** _N.astype(float), (_X,), "negative base, floating exponents"),
    Row(np.power, lambda x: x ** np.array([0.0, 1.0, 2.0, 3.0]), (np.zeros(4),), "zero base, array of exponents"),
    Row(np.power, lambda n: 2**n, (_X,), "integer base"),
    Row(np.power, lambda n: 0.0**n, (_P,), "constant base 0"),
    Row(np.power, lambda n: np.array([0, 1, 2])[:, None, None] ** n, (_P,), "array of integer bases"),
    Row(np.power, lambda x, n: (x * x + 1) ** (n * x), (_X, _Y), "composed"),
    Row(np.float_power, lambda x: np.float_power(x, 2), (_X,), "square"),
]

_CHOICES = [
    Row(np.where, lambda x, y: np.where(_MASK, x, y), (sample(3), sample(2, 3)), "mask broadcast"),
    Row(np.where, lambda x, y: np.where(x > y, x * y, x), (sample(2, 3), sample(3, seed=1)), "compared"),
    Row(np.where, lambda x: np.where(_MASK, x, 0.0), (sample(3),), "scalar third"),
    Row(np.where, lambda x: np.where(_MASK, 1, x), (sample(),), "scalar second"),
    Row(np.where, lambda x: np.where(True, x, 2 * x), (sample(3),), "scalar condition"),
    Row(np.where, lambda x: np.where(x > 0, np.sqrt(np.where(x > 0, x, 1)), 0.0), (sample(4),), "guarded"),
    Row(np.where, lambda x: np.where([True, True], x, np.array([np.inf, np.nan])), (sample(2),), "not finite"),
    Row(np.where, lambda x: x[np.where(np.array([1, 0, 1]))], (sample(3),), "positions"),
    *rows(
        np.clip,
        (lambda x: np.clip(x, -1.1, 0.9), (sample(2, 4),)),
        (lambda x: np.clip(x, None, 0.9), (sample(2, 4),)),
        (lambda x: np.clip(x, -1.1, None), (sample(2, 4),)),
        (lambda x: np.clip(x, a_min=-1.1, a_max=0.9), (sample(),)),
        (lambda x, low: np.clip(x, low, 1.5), (sample(2, 4), sample(2, 1, low=-1.2, high=-0.7))),
        (
            lambda x, low, high: np.clip(x, low, high),
            (sample(2, 4), sample(2, 1, low=-1.2, high=-0.7), sample(4, low=0.6, high=1.2)),
        ),
        (lambda x: np.clip(x, 1.1, -0.9), (sample(2, 4),)),
        (lambda x: np.clip(x, 0, 1), (sample(0, 4),)),
        (lambda x: np.clip(x, min=-1.1), (sample(3),)),
        (lambda x: np.clip(x, min=-1.0, max=x.T), (sample(2, 2),)),
    ),
    *rows(
        umath.clip,
        (
            lambda x, low, high: umath.clip(x, low, high),
            (sample(2, 4), sample(low=-1.2, high=-0.7), sample(4, low=0.6, high=1.2)),
        ),
        (lambda high: np.ones(3).clip(-1, high), (sample(2, 1),)),
    ),
    Row(np.nan_to_num, lambda x: np.nan_to_num(np.where(_MASK, x, np.nan)), (sample(2, 3),), "nan"),
    Row(np.nan_to_num, lambda x: np.nan_to_num(np.where(_MASK, x, np.inf), posinf=2.0), (sample(3),), "inf"),
    Row(np.heaviside, lambda h: np.heaviside(np.array([0.0, 1, -1]), h), (sample(2, 3),), "value at zero"),
    Row(np.sinc, np.sinc, (np.array([0.0, 1e-6, -1e-3, 0.0999, 0.1001, 1, 2]),), "near zero"),
    Row(np.arcsinh, np.arcsinh, (np.array([-1e3, 1e3]),), "large"),
    Row(np.arctan2, np.arctan2, (np.array([1.0, -2]), np.array([-1.5, -0.5])), "left half plane"),
    Row(np.ldexp, lambda x: np.ldexp(x, np.array([[1], [-2]])), (sample(3),), "exponents"),
    Row(np.ldexp, lambda x: np.ldexp(x, 3), (sample(2, 3),), "exponent"),
    Row(np.frexp, lambda x: np.frexp(x)[0], (sample(2, 3),), "mantissa"),
    Row(np.modf, lambda x: np.modf(x)[0], (sample(2, 3),), "fraction"),
    Row(np.modf, np.modf, (sample(3),), "both"),
]

# fmt: off
_STEPS = [
    *[Row(function, lambda x, f=function: f(x) * x + f(x), (sample(2, 3, low=-2.2, high=2.1),))
      for function in (np.sign, np.floor, np.ceil, np.rint, np.trunc, np.fix, np.round, np.around)],
    Row(np.round, lambda x: np.round(x, 1) * x, (sample(3),), "decimals"),
    Row(np.floor_divide, lambda x, y: np.floor_divide(x, y) * x * y, (sample(2, 3), sample(3, low=0.53, high=1.97))),
    Row(np.spacing, lambda x: np.spacing(x) + x, (sample(3),)),
    *[Row(function, lambda x, y, f=function: np.where(f(x, y), x * y, x), (sample(2, 3), sample(3, seed=1)))
      for function in (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
                       np.logical_and, np.logical_or, np.logical_xor)],
    *[Row(function, lambda x, f=function: np.where(f(x), x * x, x), (sample(2, 3),))
      for function in (np.isfinite, np.isinf, np.isnan, np.signbit, np.logical_not)],
]
# fmt: on

ROWS: list[Row] = [
    *[row for function, domain in UNARY.items() for row in _unary(function, *domain)],
    *[row for function, domains in BINARY.items() for row in _binary(function, *domains)],
    *_TWICE,
    *_POWERS,
    *_CHOICES,
    *_STEPS,
]
