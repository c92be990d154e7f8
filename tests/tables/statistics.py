"""Order statistics, covariances, histograms, interpolation, `np.emath` and `np.fft`."""

from __future__ import annotations

from typing import Any

import numpy as np
from table import Row, rows, sample

_S = sample(2, 3)
_X = sample(2, 3, 2)
_NAN = np.array([[np.nan, 0, 0, 0], [0, np.nan, np.nan, 0]])
_Q = np.array([0.13, 0.52])
_S4 = sample(2, 4, low=0.3, high=2, seed=1)
_W = sample(4, low=0.3, high=2, seed=1)
_METHODS = """
    inverted_cdf averaged_inverted_cdf closest_observation interpolated_inverted_cdf hazen weibull linear
    median_unbiased normal_unbiased lower higher midpoint nearest
"""


def _hidden(x: Any) -> Any:
    """Some entries replaced by nan."""
    return np.where(np.isnan(_NAN), np.nan, x)


def _takes_weights(function: Any) -> bool:
    """Whether this NumPy takes weights of several axes: the functions that leave nan out did not always."""
    try:
        function(_X, 0.2, weights=_X + 3, axis=(0, 2), method="inverted_cdf")
    except IndexError:
        return False
    return True


_QUANTILES = [
    *[
        row
        for function in (np.median, np.nanmedian)
        for row in rows(
            function,
            (function, (sample(5),)),
            (function, (sample(4),)),
            (function, (sample(),)),
            (function, (sample(1, 1),)),
            (function, (_X,)),
            (lambda x, f=function: f(x, axis=0), (_S,)),
            (lambda x, f=function: f(x, axis=-1, keepdims=True), (_S,)),
            (lambda x, f=function: f(x, axis=(2, 0)), (_X,)),
            (lambda x, f=function: f(x, axis=(0, 1), keepdims=True), (_X,)),
            (lambda x, f=function: f(x * x, 1), (sample(3, 4),)),
            (lambda x, f=function: f(x, axis=1), (sample(0, 3),)),
            (lambda x, f=function: f(x.T, axis=0), (sample(3, 1),)),
        )
    ],
    *[
        row
        for function, whole in (
            (np.quantile, 1),
            (np.percentile, 100),
            (np.nanquantile, 1),
            (np.nanpercentile, 100),
        )
        for row in rows(
            function,
            (lambda x, f=function, w=whole: f(x, 0.3 * w), (sample(5),)),
            (lambda x, f=function, w=whole: f(x, 0.3 * w), (sample(),)),
            (lambda x, f=function, w=whole: f(x, [0.1 * w, 0.8 * w]), (_S,)),
            (lambda x, f=function, w=whole: f(x, 0.5 * w, axis=1), (_S,)),
            (lambda x, f=function, w=whole: f(x, np.array([0.0, 0.7, 1.0]) * w, axis=0), (sample(4, 2),)),
            (lambda x, f=function, w=whole: f(x, [0.2 * w], axis=(0, 2), keepdims=True), (_X,)),
            (lambda x, f=function, w=whole: f(x * x, [0.2 * w, 0.4 * w], axis=(2, 1)), (_X,)),
            (lambda x, f=function, w=whole: f(x, [0.2 * w, 0.4 * w], axis=1), (sample(0, 3),)),
            *[
                (lambda x, f=function, w=whole, m=method: f(x, [0.15 * w, 0.4 * w], 1, method=m), (sample(2, 5),))
                for method in _METHODS.split()
            ],
            # the probability is differentiated, too
            *[
                (lambda x, q, f=function, w=whole, m=method: f(x, q * w, 1, method=m), (sample(2, 7), _Q))
                for method in _METHODS.split()
            ],
            (lambda x, q, f=function, w=whole: f(x, q * q * w, axis=(2, 0), keepdims=True), (_X, _Q)),
            (lambda q, f=function, w=whole: f([1.0, 3.0, 4.0], q * w), (np.array(0.3),)),
            (lambda q, f=function, w=whole: f(sample(1), q * w), (np.array(0.3),)),
            *[
                (
                    lambda x, f=function, w=whole, o=o: f(
                        x, [0.2 * w, 0.7 * w], weights=_S4, method="inverted_cdf", **o
                    ),
                    (sample(2, 4),),
                )
                for o in ({"axis": 1}, {"axis": -1, "keepdims": True})
            ],
            *[
                (
                    lambda x, f=function, w=whole: f(x, 0.2 * w, weights=_X + 3, axis=(0, 2), method="inverted_cdf"),
                    (_X,),
                )
                for _ in range(_takes_weights(function))
            ],
            (lambda x, f=function, w=whole: f(x * 1, 0.3 * w, overwrite_input=True), (sample(5),)),
        )
    ],
    *rows(
        np.nanmedian,
        (lambda x: np.nanmedian(_hidden(x)), (sample(2, 4),)),
        (lambda x: np.nanmedian(_hidden(x), axis=1), (sample(2, 4),)),
        (lambda x: np.nanmedian(_hidden(x), axis=0, keepdims=True), (sample(2, 4),)),
    ),
    *rows(
        np.nanquantile,
        (lambda x: np.nanquantile(_hidden(x), [0.2, 0.7], axis=1), (sample(2, 4),)),
        (lambda x: np.nanquantile(_hidden(x), 0.3, axis=0), (sample(2, 4),)),
        (lambda x: np.nanquantile(_hidden(x), 0.3, axis=1, keepdims=True, method="hazen"), (sample(2, 4),)),
        (lambda x, q: np.nanquantile(_hidden(x), q, axis=0), (sample(2, 4), np.array([0.23, 0.7]))),
        (lambda x, q: np.nanquantile(_hidden(x), q, axis=1, method="weibull"), (sample(2, 4), np.array(0.37))),
        (lambda x: np.nanquantile(_hidden(x), 0.4, axis=1, weights=_S4, method="inverted_cdf"), (sample(2, 4),)),
    ),
    *[
        Row(
            f,
            lambda x, w, f=f, q=q: f(x, q, axis=1, weights=w, method="inverted_cdf"),
            (sample(2, 4), _S4),
            "by weights",
        )
        for f, q in ((np.quantile, 0.4), (np.percentile, 40.0), (np.nanquantile, 0.4), (np.nanpercentile, 40.0))
    ],
    Row(np.quantile, lambda w: np.quantile(w * w, 0.4, weights=w, method="inverted_cdf"), (_W,), "own weights"),
]

_COVARIANCES = [
    *rows(
        np.cov,
        (np.cov, (sample(5),)),
        (np.cov, (sample(3, 4),)),
        (np.cov, (sample(3, 4), sample(4, seed=1))),
        (lambda x, y: np.cov(x, y, rowvar=False), (sample(4, 2), sample(4, 1, seed=1))),
        (lambda x, y: np.cov(x, y, rowvar=False), (sample(4), sample(4, seed=1))),
        (lambda x: np.cov(x, bias=True), (_S,)),
        (lambda x: np.cov(x, ddof=0, dtype=np.float64), (_S,)),
        (lambda x, w: np.cov(x, aweights=w), (sample(2, 4), _W)),
        (lambda x, w: np.cov(x, aweights=w, fweights=[1, 2, 1, 3], ddof=0), (sample(2, 4), _W)),
        (lambda x, w: np.cov(x, aweights=w, fweights=np.array([1, 2, 1, 3])), (sample(2, 4), _W)),
        (lambda x: np.cov(x, fweights=np.array([1, 2, 1, 3])), (sample(2, 4),)),
    ),
    *rows(
        np.corrcoef,
        (np.corrcoef, (sample(3, 4),)),
        (np.corrcoef, (sample(4), sample(4, seed=1))),
        (lambda x: np.corrcoef(x * x, rowvar=False), (sample(4, 2),)),
        (np.corrcoef, (sample(4),)),
    ),
]

_BINS = np.array([0, 2, 2, 1, 5])
_DATA = np.array([0.1, 0.9, 0.35, 0.35, 1.0, 2.5])
_COUNTS = [
    *rows(
        np.bincount,
        (lambda w: np.bincount(_BINS, w), (sample(5),)),
        (lambda w: np.bincount(_BINS, weights=w * w, minlength=9), (sample(5),)),
        (lambda w: np.bincount([0, 0], weights=w), (sample(2),)),
        (lambda w: np.bincount([3], weights=w), (sample(1),)),
    ),
    *rows(
        np.histogram_bin_edges,
        (lambda x: np.histogram_bin_edges(x, 3), (sample(5),)),
        (lambda x: np.histogram_bin_edges(x, np.array([0.0, 1.0])) * x[0], (sample(5),)),
        (lambda x: np.histogram_bin_edges(x, 4, range=(-2, 2)) * x[0], (sample(5),)),
    ),
    *rows(
        np.histogram,
        (lambda w: np.histogram(_DATA, 3, weights=w)[0], (sample(6),)),
        (lambda w: np.histogram(_DATA, 4, range=(0.1, 1), weights=w)[0], (sample(6),)),
        (lambda w: np.histogram(_DATA, [0, 0.35, 1], weights=w, density=True)[0], (sample(6, low=1),)),
        (lambda x: np.histogram(x, 3)[1], (sample(7),)),
        (lambda x: np.histogram(x, 3, density=True)[0], (sample(8),)),
        (lambda x, w: np.histogram(x, [-1, 0, 1], weights=w)[0], (sample(7), sample(7, seed=1))),
    ),
]

_XP = np.array([0.0, 0.5, 0.9, 2.0])
_AT = np.array([[0.3, 1.4], [0.6, -0.5], [2.6, 0.7]])
_INTERPOLATION = [
    *rows(
        np.interp,
        (np.interp, (_AT, _XP, sample(4))),
        (np.interp, (sample(low=0.1, high=0.4), _XP, sample(4))),
        (lambda x, fp: np.interp(x, [0, 1, 2], fp), (_AT, sample(3))),
        (lambda x, fp: np.interp(x, _XP, fp, left=-1.0, right=fp[0]), (_AT, sample(4))),
        (lambda x, xp, fp: np.interp(x, xp, fp, period=2.5), (_AT, _XP + 1.05, sample(4))),
        (lambda x, period: np.interp(x, _XP, [1, 3, 2, 0], period=period), (_AT, np.array(2.7))),
        (lambda x, fp: np.interp(x, [1.0], fp), (_AT, sample(1))),
        (lambda x: np.interp(0.3, _XP, x), (sample(4),)),
    ),
    *rows(
        np.unwrap,
        (np.unwrap, (5 * sample(6),)),
        (lambda p: np.unwrap(p * p, axis=0), (3 * sample(3, 2),)),
        (lambda p: np.unwrap(p, 4.0, period=3), (5.3 * sample(2, 4),)),
    ),
    *rows(np.angle, (np.angle, (sample(4),)), (lambda x: x * np.angle(x, deg=True), (sample(2, 2),))),
]

_INNER = sample(3, low=-0.9, high=0.9)
_POSITIVE = sample(2, 3, low=0.3, high=2)
_EMATH = [
    *[Row(f, f, (_POSITIVE,)) for f in (np.emath.sqrt, np.emath.log, np.emath.log2, np.emath.log10)],
    *[Row(f, f, (_INNER,)) for f in (np.emath.arccos, np.emath.arcsin, np.emath.arctanh)],
    *rows(
        np.emath.power,
        (np.emath.power, (_POSITIVE, sample(3))),
        (lambda x: np.emath.power(x, 2), (_POSITIVE,)),
        (lambda p: np.emath.power(2.0, p), (_S,)),
    ),
    *rows(np.emath.logn, (np.emath.logn, (sample(low=1.5, high=4), _POSITIVE))),
    *rows(np.real_if_close, (lambda x: np.real_if_close(x) * x, (_S,))),
]

_SHIFTS = [
    row
    for function in (np.fft.fftshift, np.fft.ifftshift)
    for row in rows(
        function,
        (function, (sample(5),)),
        (function, (sample(3, 2),)),
        (lambda x, f=function: f(x, axes=1), (sample(2, 3),)),
        (lambda x, f=function: f(x * x, axes=(0, -1)), (sample(3, 2, 2),)),
        (function, (sample(1, 1),)),
    )
]

ROWS: list[Row] = [*_QUANTILES, *_COVARIANCES, *_COUNTS, *_INTERPOLATION, *_EMATH, *_SHIFTS]
