"""Reductions, scans and differences, over every kind of axis, and the makers of arrays that carry a derivative."""

from __future__ import annotations

from typing import Any

import numpy as np
from table import Row, rows, sample

_X = sample(2, 3, 2, low=0.4, high=2)
_S = sample(2, 3)
_Z = np.array([[0.5, 0.0, -1.5, 2.0], [0.0, 1.5, 0.0, 0.7], [1.1, -0.6, 2.0, 0.3]])
_MASK = np.array([[True, False, True], [False, True, True]])
_NAN = np.array([[np.nan, 0, 0], [0, np.nan, 0]])


def _over_axes(function: Any, *, several: bool = True, **domain: float) -> list[Row]:
    """A reduction over each kind of axis, kept or not."""
    x = sample(2, 3, 2, **domain)
    axes: list[Any] = [None, 0, 1, -1] + ([(0, 2), (-1, 0), (0, 1, 2), ()] if several else [])
    return [
        Row(function, lambda x, axis=axis, keep=keep: function(x, axis=axis, keepdims=keep), (x,), f"{axis}, {keep}")
        for axis in axes
        for keep in (False, True)
    ] + [
        Row(function, function, (sample(3, **domain),), "1-d"),
        Row(function, lambda x: function(x, 0), (sample(3, 1, **domain),), "size 1"),
        Row(function, lambda x: function(x * x[0], 1), (sample(2, 3, **domain),), "composed"),
        Row(function, lambda x: function(x.T, axis=0), (sample(2, 3, **domain),), "view"),
        Row(function, lambda x: function(x, axis=1), (sample(0, 3, **domain),), "empty"),
    ]


_REDUCTIONS = [
    row
    for function in (np.sum, np.mean, np.prod, np.max, np.amax, np.min, np.amin, np.var, np.std)
    for row in _over_axes(function)
]
_REDUCTIONS += [
    row for function in (np.nansum, np.nanmean, np.nanprod, np.nanmax, np.nanmin) for row in _over_axes(function)
]
_REDUCTIONS += [row for function in (np.nanvar, np.nanstd, np.average, np.ptp) for row in _over_axes(function)]
_REDUCTIONS = [row for row in _REDUCTIONS if (row.covers, row.name) != (np.average, "empty")]  # it refuses them
_REDUCTIONS += [
    Row(np.std, np.std, (np.array(3.5),), "one number"),
    Row(np.std, np.std, (np.ones((2, 3)),), "equal entries", second=False),
    Row(np.std, lambda x: np.std(x, axis=1), (np.array([[1.0, 1.0], [1.0, 2.0]]),), "some equal", second=False),
]

_KEYWORDS = [
    *rows(
        np.sum,
        (np.sum, (sample(),)),
        (lambda x: np.sum(x, axis=0), (sample(),)),
        (lambda x: np.sum(x, where=_MASK), (_S,)),
        (lambda x: np.sum(x, axis=0, where=_MASK[:, :1]), (_S,)),
        (lambda x: np.sum(x, axis=1, keepdims=True, where=_MASK[0]), (_S,)),
        (lambda x: np.sum(x, axis=0, initial=2.5), (_S,)),
        (lambda x: np.sum(x, axis=0, dtype=np.float64), (_S,)),
        (lambda x: np.sum(np.broadcast_to(x, (5, 2, 3)), axis=(0, 2)), (_S,)),
        (lambda x: np.sum(x, axis=0), (sample(0, 3),)),
    ),
    *rows(
        np.mean,
        (np.mean, (sample(),)),
        (lambda x: np.mean(x, where=_MASK), (_S,)),
        (lambda x: np.mean(x, axis=1, keepdims=True, where=_MASK), (_S,)),
        (lambda x: np.mean(x, axis=0, where=_MASK[:, 1:2]), (_S,)),
        (lambda x: np.mean(x, 1, np.float64), (_S,)),
    ),
    *rows(
        np.prod,
        (np.prod, (sample(),)),
        (lambda x: np.prod(x, axis=0), (_Z,)),
        (lambda x: np.prod(x, axis=1), (_Z,)),
        (lambda x: np.prod(x, axis=1, keepdims=True), (_Z[:, :3],)),
        (np.prod, (_Z[:2],)),
        (lambda x: np.prod(x, axis=1, initial=-2.0), (_S,)),
        (lambda x: np.prod(x, axis=1, where=_MASK), (_S,)),
        (lambda x: np.prod(x, axis=0, where=_MASK[0], keepdims=True), (_S,)),
        (lambda x: np.prod(x, axis=0), (sample(0, 3),)),
        (lambda x: np.prod(x, axis=0), (sample(5, 2),)),
        (lambda x: np.prod(x, axis=1, dtype=np.float64), (_S,)),
    ),
    *[
        row
        for function in (np.max, np.min, np.nanmax, np.nanmin)
        for row in rows(
            function,
            (function, (sample(),)),
            (lambda x, f=function: f(x, axis=0, initial=0.1), (_S,)),
            (lambda x, f=function: f(x, axis=1, initial=-9.0, where=_MASK), (_S,)),
            (lambda x, f=function: f(x, axis=0, initial=9.0, where=_MASK[:, :1], keepdims=True), (_S,)),
            (lambda x, f=function: f(x, axis=0, initial=0.1), (sample(0, 3),)),
        )
    ],
    *[
        row
        for function in (np.sum, np.prod, np.max, np.min, np.amax, np.nansum, np.nanprod, np.nanmax, np.nanmin)
        for row in rows(
            function,
            (lambda x, v, f=function: f(x, initial=v), (_S, np.array(0.3))),
            (lambda x, v, f=function: f(x * v, axis=0, initial=v * v), (_S, np.array(0.3))),
            (lambda x, v, f=function: f(x, axis=1, keepdims=True, initial=v, where=_MASK), (_S, np.array(0.3))),
            (lambda x, v, f=function: f(x, axis=(0, 2), initial=v), (_X, np.array(9.0))),
            (lambda x, v, f=function: f(x, axis=0, initial=v), (sample(0, 3), np.array(0.3))),
        )
    ],
    Row(np.sum, lambda x: np.add.reduce(x, initial=x[0, 0] ** 2), (_S,), "reduce"),
    Row(np.max, lambda x: np.maximum.reduce(x, axis=1, initial=x[0, 0]), (_S + 3 * _MASK,), "reduce"),
    Row(np.prod, lambda x: np.multiply.reduce(x, axis=1, initial=x[0, 0]), (_S,), "reduce"),
    *[
        row
        for function in (np.var, np.std)
        for row in rows(
            function,
            (lambda x, f=function: f(x, ddof=1), (_S,)),
            (lambda x, f=function: f(x, axis=1, ddof=1, keepdims=True), (_S,)),
            (lambda x, f=function: f(x, axis=1, correction=1), (_S,)),
            (lambda x, f=function: f(x, axis=1, where=_MASK), (_S,)),
            (lambda x, f=function: f(x, where=_MASK[:, :1], ddof=1), (_S,)),
            (lambda x, f=function: f(x, axis=0, mean=np.mean(x, axis=0, keepdims=True)), (_S,)),
            (lambda x, f=function: (x - x.mean(0)) / f(x, axis=0), (_S,)),
        )
    ],
    *rows(
        np.average,
        (lambda x, w: np.average(x, weights=w), (_S, sample(2, 3, low=0.3, high=2, seed=1))),
        (lambda x, w: np.average(x, axis=0, weights=w), (_S, sample(2, 3, low=0.3, high=2, seed=1))),
        (lambda x, w: np.average(x, axis=1, weights=w, keepdims=True), (_S, sample(3, low=0.3, high=2, seed=1))),
        (lambda x, w: np.average(x, axis=-1, weights=w), (_S, sample(3, low=0.3, high=2, seed=1))),
        (lambda x, w: np.average(x, axis=(2, 0), weights=w), (_X, sample(2, 2, low=0.3, high=2, seed=1))),
        (lambda x: np.average(x, axis=1, weights=[1, 2, 3]), (_S,)),
        (lambda x: np.average(x, axis=1, weights=np.array([1, 2, 3]), returned=True)[0], (_S,)),
        (lambda w: np.average(_S, axis=0, weights=w, returned=True)[1], (sample(2, low=0.3, high=2),)),
    ),
    *[
        Row(function, lambda x, f=function: f(np.where(np.isnan(_NAN), _NAN, x), axis=1), (_S,), "with nan")
        for function in (np.nansum, np.nanmean, np.nanprod, np.nanmax, np.nanmin, np.nanvar, np.nanstd)
    ],
    *[
        Row(
            function,
            lambda x, f=function: f(np.where(np.isnan(_NAN), _NAN, x), where=_MASK),
            (_S,),
            "with where",
        )
        for function in (np.nansum, np.nanmean, np.nanprod)
    ],
]

_SCANS = [
    row
    for function, shortfall in ((np.cumsum, 0.0), (np.cumprod, 1.0), (np.nancumsum, 0.0), (np.nancumprod, 1.0))
    for row in rows(
        function,
        (function, (sample(4),)),
        (function, (sample(2, 3),)),
        (function, (sample(),)),
        (function, (sample(1, 1),)),
        (lambda x, f=function: f(x, axis=0), (sample(2, 3),)),
        (lambda x, f=function: f(x, -1), (sample(2, 3, 2),)),
        (lambda x, f=function: f(x, axis=1), (sample(2, 3, 2),)),
        (lambda x, f=function: f(x, axis=1), (sample(3, 1),)),
        (lambda x, f=function: f(x, axis=0), (sample(0, 2),)),
        (lambda x, f=function: f(x, axis=0, dtype=np.float64), (sample(3),)),
        (lambda x, f=function: f(f(x, axis=0), axis=1), (sample(2, 3),)),
        (lambda x, f=function: f(f(x, axis=0), axis=0), (sample(3),)),
        (lambda x, f=function, s=shortfall: f(np.where(_NAN == 0, x, np.nan), axis=1) + s, (_S,))
        if function in (np.nancumsum, np.nancumprod)
        else (lambda x, f=function: f(x), (_Z[:, 1:3],)),
        (lambda x, f=function: f(x, axis=0), (_Z,)),
        (lambda x, f=function: f(x, axis=1), (_Z,)),
    )
]
_SCANS += [
    row
    for function in (np.cumulative_sum, np.cumulative_prod)
    for row in rows(
        function,
        (function, (sample(3),)),
        (lambda x, f=function: f(x, axis=1), (_S,)),
        (lambda x, f=function: f(x, axis=-1, include_initial=True), (_S,)),
        (lambda x, f=function: f(x, axis=0, include_initial=True, dtype=np.float64), (_S,)),
    )
]

_DIFFERENCES = [
    *rows(
        np.diff,
        (np.diff, (sample(4),)),
        (np.diff, (_S,)),
        (lambda x: np.diff(x, axis=0), (_S,)),
        (lambda x: np.diff(x, 2), (sample(2, 4),)),
        (lambda x: np.diff(x, 0), (_S,)),
        (lambda x: np.diff(x, 3), (sample(2),)),
        (lambda x: np.diff(x, prepend=0.0), (_S,)),
        (lambda x: np.diff(x, axis=0, prepend=x[:1] * 2, append=1.5), (_S,)),
        (lambda x: np.diff(x * x, axis=1), (_S,)),
        (lambda x: np.diff(x, 1, 0, vars(np)["_NoValue"], 2.0), (_S,)),
    ),
    *rows(
        np.ediff1d,
        (np.ediff1d, (_S,)),
        (lambda x, y: np.ediff1d(x, y, y[:1] * x[0]), (sample(3), sample(2))),
        (lambda x: np.ediff1d(x * x, to_begin=0.0), (sample(3),)),
    ),
    *rows(
        np.trapezoid,
        (np.trapezoid, (sample(4),)),
        (lambda y: np.trapezoid(y, dx=0.5, axis=0), (_S,)),
        (np.trapezoid, (sample(4), np.array([0.0, 0.5, 0.7, 2.0]))),
        (lambda y, x: np.trapezoid(y, x, axis=0), (_S, sample(2))),
        (lambda y, x: np.trapezoid(y, x), (_S, sample(2, 3, seed=1))),
        (lambda y, h: np.trapezoid(y, dx=h), (_S, sample())),
    ),
    *rows(
        np.gradient,
        (np.gradient, (sample(5),)),
        (lambda f: np.gradient(f, 0.5), (sample(2),)),
        (lambda f, h: np.gradient(f, h, edge_order=2), (sample(4), sample(low=0.5, high=2))),
        (lambda f, x: np.gradient(f, x), (sample(4), np.array([0.0, 0.5, 0.7, 2.0]))),
        (lambda f, x: np.gradient(f, x, edge_order=2), (sample(4), np.array([0.0, 0.5, 0.7, 2.0]))),
        (lambda f: np.gradient(f)[1], (sample(3, 4),)),
        (lambda f, x: np.gradient(f, 2.0, x)[0], (sample(3, 4), np.array([0.0, 0.5, 0.7, 2.0]))),
        (lambda f: np.gradient(f, 0.5, axis=-1), (sample(2, 3),)),
    ),
]

_MAKERS = [
    *rows(
        np.full_like,
        (lambda x: np.full_like(x, x[0] * x[1]), (sample(3),)),
        (lambda x: np.full_like(x, x[0], shape=(2, 3)), (sample(3),)),
        (lambda x: x * np.full_like(x, 2), (sample(3),)),
    ),
    *rows(
        np.linspace,
        (lambda a, b: np.linspace(a, b, 4), (sample(), sample(seed=1, low=3, high=4))),
        (lambda a, b: np.linspace(a, b, 3, endpoint=False, axis=-1), (sample(2), sample(3, 1))),
        (lambda a: np.linspace(a, 2, 3), (sample(2),)),
        (lambda b: np.linspace(0, b, 4, retstep=True)[1], (sample(2),)),
        (lambda a, b: np.linspace(a, b, 1), (sample(), sample(2))),
    ),
    *rows(
        np.logspace,
        (lambda a, b: np.logspace(a, b, 3), (sample(), sample(2))),
        (lambda a, b: np.logspace(0, a, 3, base=b), (sample(), sample(low=1, high=3))),
    ),
    *rows(
        np.geomspace,
        (lambda a, b: np.geomspace(a, b, 4), (sample(low=0.5, high=2), sample(2, low=3, high=4))),
        (lambda a, b: np.geomspace(-a, -b, 3, axis=1), (sample(2, low=0.5, high=2), sample(2, low=3, high=4))),
    ),
]

# fmt: off
_CONSTANTS = [
    *rows(np.argsort, (lambda x: x[np.argsort(x)] * x, (sample(4),)), (lambda x: x[np.argsort(x.T[0])], (_S,))),
    *rows(np.argmax, (lambda x: x[np.argmax(x)], (sample(4),))),
    *rows(np.argmin, (lambda x: x[np.argmin(x)], (sample(4),))),
    *rows(np.nanargmax, (lambda x: x[np.nanargmax(x)], (sample(4),))),
    *rows(np.nanargmin, (lambda x: x[np.nanargmin(x)], (sample(4),))),
    *rows(np.argpartition, (lambda x: x[np.argpartition(x, 2)[2]], (sample(4),))),
    *rows(np.lexsort, (lambda x: x[np.lexsort((x,))], (sample(4),))),
    *rows(np.nonzero, (lambda x: x[np.nonzero(x > 0)], (sample(4),))),
    *rows(np.flatnonzero, (lambda x: x[np.flatnonzero(x > 0)], (sample(4),))),
    *rows(np.argwhere, (lambda x: x[np.argwhere(x > 0)[:, 0]], (sample(4),))),
    *rows(np.count_nonzero, (lambda x: x * np.count_nonzero(x), (sample(4),))),
    *rows(np.searchsorted, (lambda x: x[:2] * np.searchsorted(np.sort(x), [0.1, 0.2]), (sample(4),))),
    *rows(np.digitize, (lambda x: x * np.digitize(x, np.array([-0.1, 0.1])), (sample(4),))),
    *rows(np.zeros_like, (lambda x: np.zeros_like(x) + x, (sample(2, 3),)), (np.zeros_like, (sample(2),))),
    *rows(np.ones_like, (lambda x: np.ones_like(x) * x, (sample(2, 3),)), (np.ones_like, (sample(2),))),
    *rows(np.empty_like, (lambda x: 0 * np.nan_to_num(np.empty_like(x)) + x, (sample(2, 3),))),
    *rows(np.shape, (lambda x: x * np.shape(x)[1], (sample(2, 3),))),
    *rows(np.ndim, (lambda x: x * np.ndim(x), (sample(2, 3),))),
    *rows(np.size, (lambda x: x * np.size(x, 1), (sample(2, 3),))),
    *rows(np.result_type, (lambda x: x * np.ones(3, np.result_type(x)), (sample(3),))),
    *rows(np.all, (lambda x: x if np.all(x) else -x, (sample(3),))),
    *rows(np.any, (lambda x: x if np.any(x) else -x, (sample(3),))),
    *rows(np.allclose, (lambda x: -x if np.allclose(x, 0) else x, (sample(3),))),
    *rows(np.array_equal, (lambda x: x if np.array_equal(x, x) else -x, (sample(3),))),
    *rows(np.isclose, (lambda x: np.where(np.isclose(x, x), x, 0), (sample(3),))),
    *rows(np.isposinf, (lambda x: np.where(np.isposinf(x), 0, x), (sample(3),))),
    *rows(np.isneginf, (lambda x: np.where(np.isneginf(x), 0, x), (sample(3),))),
    *rows(np.linalg.matrix_rank, (lambda x: x * np.linalg.matrix_rank(x), (sample(2, 2),))),
    *rows(np.tril_indices_from, (lambda x: x[np.tril_indices_from(x)], (sample(3, 3),))),
    *rows(np.triu_indices_from, (lambda x: x[np.triu_indices_from(x)], (sample(3, 3),))),
    *rows(np.diag_indices_from, (lambda x: x[np.diag_indices_from(x)], (sample(3, 3),))),
    *rows(np.zeros, (lambda x: np.zeros(3, like=x) + x, (sample(3),))),
    *rows(np.ones, (lambda x: np.ones(3, like=x) * x, (sample(3),))),
    *rows(np.eye, (lambda x: np.eye(3, like=x) * x, (sample(3),))),
    *rows(np.arange, (lambda x: np.arange(3, like=x) * x, (sample(3),))),
]
# fmt: on

ROWS: list[Row] = [*_REDUCTIONS, *_KEYWORDS, *_SCANS, *_DIFFERENCES, *_MAKERS, *_CONSTANTS]
