"""Functions of scipy.special, each on the interval where it is smooth, and near the points where formulas cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special as sp
from scipy.special import _ufuncs
from table import Row, rows, sample

__all__ = ["INTERVALS", "ROWS"]

# fmt: off
# Function: the interval of each argument; a number or an integer array is not differentiated.
_N, _V = np.array([0, 1, 2, 5]), 1.7
INTERVALS: dict[Any, tuple[Any, ...]] = {
    sp.erf: ((-2, 2),), sp.erfc: ((-2, 2),), sp.erfcx: ((-1, 3),), sp.erfi: ((-1, 1),), sp.dawsn: ((-3, 3),),
    sp.erfinv: ((-0.8, 0.8),), sp.erfcinv: ((0.2, 1.8),), sp.ndtr: ((-2, 2),), sp.log_ndtr: ((-3, 2),),
    sp.ndtri: ((0.1, 0.9),), sp.ndtri_exp: ((-3, -0.3),), sp.owens_t: ((-2, 2), (-2, 2)),
    sp.expit: ((-3, 3),), sp.log_expit: ((-3, 3),), sp.logit: ((0.1, 0.9),),
    sp.cbrt: ((0.3, 3),), sp.exp2: ((-2, 2),), sp.exp10: ((-1, 0.5),), sp.expm1: ((-2, 2),), sp.log1p: ((-0.6, 2),),
    sp.cosm1: ((-2, 2),), sp.powm1: ((0.4, 2), (-2, 2)), sp.exprel: ((-2, 2),),
    sp.xlogy: ((0.3, 2), (0.4, 2)), sp.xlog1py: ((0.3, 2), (-0.6, 2)), sp.entr: ((0.3, 2),),
    sp.rel_entr: ((0.3, 2), (0.4, 2)), sp.kl_div: ((0.3, 2), (0.4, 2)),
    sp.boxcox: ((0.4, 2), (-1, 1)), sp.boxcox1p: ((-0.5, 1), (-1, 1)),
    sp.inv_boxcox: ((-0.5, 0.6), (-0.9, 0.9)), sp.inv_boxcox1p: ((-0.5, 0.6), (-0.9, 0.9)), sp.wrightomega: ((-2, 3),),
    sp.sindg: ((-90, 90),), sp.cosdg: ((-90, 90),), sp.tandg: ((-60, 60),), sp.cotdg: ((30, 150),),
    sp.radian: ((-90, 90), (0, 60), (0, 60)), sp.huber: ((0.9, 1.1), (-2, 2.03)), sp.pseudo_huber: ((0.6, 2), (-2, 2)),
    sp.gamma: ((0.4, 3),), sp.gammaln: ((0.4, 3),), sp.loggamma: ((0.4, 3),), sp.psi: ((0.4, 3),),
    sp.zetac: ((-4, 0.8),), _ufuncs._riemann_zeta: ((1.2, 5),),
    _ufuncs._zeta: ((1.2, 5), (0.5, 3)), sp.rgamma: ((-2.1, 3),), sp.beta: ((0.4, 2), (0.5, 2)),
    sp.betaln: ((0.4, 2), (0.5, 2)), sp.poch: ((0.4, 2), (0.3, 2)), sp.binom: ((2.2, 5), (0.3, 1.9)),
    sp.gammainc: ((0.4, 3), (0.3, 3)), sp.gammaincc: ((0.4, 3), (0.3, 3)), sp.gammaincinv: ((0.6, 3), (0.1, 0.9)),
    sp.gammainccinv: ((0.6, 3), (0.1, 0.9)), sp.betainc: ((0.4, 3), (0.4, 3), (0.1, 0.9)),
    sp.betaincc: ((0.4, 3), (0.4, 3), (0.1, 0.9)),
    sp.betaincinv: ((0.6, 3), (0.6, 3), (0.1, 0.8)), sp.betainccinv: ((0.6, 3), (0.6, 3), (0.2, 0.9)),
    sp.chdtr: ((1, 5), (0.3, 4)), sp.chdtrc: ((1, 5), (0.3, 4)), sp.chdtri: ((1, 5), (0.1, 0.9)),
    sp.gdtr: ((0.5, 2), (0.4, 3), (0.5, 2)), sp.gdtrc: ((0.5, 2), (0.4, 3), (0.5, 2)),
    sp.fdtr: ((1, 6), (1, 6), (0.3, 3)), sp.fdtrc: ((1, 6), (1, 6), (0.3, 3)), sp.fdtri: ((2, 6), (2, 6), (0.1, 0.9)),
    sp.stdtr: ((1, 6), (-2, 2)), sp.stdtrit: ((2, 6), (0.6, 0.95)),
    sp.exp1: ((0.3, 2),), sp.expi: ((0.3, 2),), sp.expn: (_N, (0.4, 2)), sp.spence: ((0.3, 3),),
    sp.j0: ((-3, 3),), sp.j1: ((-3, 3),), sp.jv: (_V, (0.3, 4)), sp.jve: (_V, (0.3, 4)),
    sp.y0: ((0.5, 4),), sp.y1: ((0.5, 4),), sp.yn: (2, (0.8, 4)), sp.yv: (_V, (0.7, 4)), sp.yve: (_V, (0.7, 4)),
    sp.i0: ((-2, 2),), sp.i0e: ((-2, 2),), sp.i1: ((-2, 2),), sp.i1e: ((-2, 2),), sp.iv: (_V, (0.3, 2)),
    sp.ive: (_V, (0.3, 2)), sp.k0: ((0.4, 2),), sp.k0e: ((0.4, 2),), sp.k1: ((0.4, 2),), sp.k1e: ((0.4, 2),),
    sp.kn: (2, (0.8, 3)), sp.kv: (_V, (0.7, 3)), sp.kve: (_V, (0.7, 3)),
    sp.hyp0f1: (_V, (-2, 2)), sp.hyp1f1: (0.8, _V, (-2, 2)), sp.hyperu: (0.8, _V, (0.5, 2)),
    sp.hyp2f1: (0.8, 1.3, _V, (-0.7, 0.6)), sp.wright_bessel: (0.8, _V, (0.2, 2)),
    sp.ellipk: ((-1.5, 0.8),), sp.ellipkm1: ((0.2, 2),), sp.ellipe: ((-1.5, 0.8),),
    sp.ellipkinc: ((-1.2, 1.4), (-1.5, 0.8)), sp.ellipeinc: ((-1.2, 1.4), (-1.5, 0.8)),
}
# fmt: on


def _bound(function: Any, intervals: tuple[Any, ...]) -> Callable[..., Any]:
    """The function of those arguments that have an interval."""

    def call(*arrays: Any) -> Any:
        left = iter(arrays)
        return function(*[next(left) if isinstance(i, tuple) else i for i in intervals])

    return call


def _each(function: Any, intervals: tuple[Any, ...]) -> list[Row]:
    free = [i for i in intervals if isinstance(i, tuple)]

    def arrays(*shape: int) -> tuple[np.ndarray, ...]:
        return tuple([sample(*shape, low=low, high=high, seed=n) for n, (low, high) in enumerate(free)])

    call = _bound(function, intervals)
    if len(free) == 1:
        return [
            Row(function, call, arrays(2, 4), "2-d"),
            Row(function, call, arrays(4), "1-d"),
            Row(function, lambda x: call(x[:, None] * np.ones(4)) * x[:, None], arrays(3), "reused"),
        ]
    crossed = tuple([sample(*s, low=i[0], high=i[1]) for s, i in zip(((3, 1), (4,), (1, 1)), free, strict=False)])
    return [
        Row(function, call, arrays(4), "1-d"),
        Row(function, call, crossed, "broadcast"),
        Row(function, call, tuple([sample(low=low, high=high) for low, high in free]), "0-d"),
    ]


_NEAR = np.array([0.0, 1e-9, -1e-6, 1e-3, -0.02, 0.0999, 0.1001, -0.5])
_FAR = np.array([3.0, 20.0, 49.9, 50.1, -49.9, -60.0, 1e3, 1e5])
_P = sample(4, low=0.4, high=2)

_CANCELLATION = [
    Row(sp.erfcx, sp.erfcx, (np.abs(_FAR),), "far"),
    Row(sp.dawsn, sp.dawsn, (_FAR,), "far"),
    Row(sp.log_ndtr, sp.log_ndtr, (np.array([-40.0, -8.0, 5.0]),), "far"),
    Row(sp.exprel, sp.exprel, (_NEAR,), "near 0"),
    Row(sp.spence, sp.spence, (1 + _NEAR,), "near 1"),
    Row(sp.ellipk, sp.ellipk, (_NEAR,), "near 0"),
    Row(sp.ellipkm1, sp.ellipkm1, (1 - _NEAR,), "near 1"),
    Row(sp.ellipe, sp.ellipe, (_NEAR,), "near 0"),
    Row(sp.ellipkinc, sp.ellipkinc, (_P[:, None], _NEAR / 10), "near 0"),
    Row(sp.ellipeinc, sp.ellipeinc, (_P[:, None], _NEAR / 10), "near 0"),
    Row(sp.boxcox, sp.boxcox, (_P[:, None], _NEAR), "exponent near 0"),
    Row(sp.boxcox1p, sp.boxcox1p, (_P[:, None] - 1, _NEAR), "exponent near 0"),
    Row(sp.inv_boxcox, sp.inv_boxcox, (_P[:, None] - 1, _NEAR), "exponent near 0"),
    Row(sp.inv_boxcox1p, sp.inv_boxcox1p, (_P[:, None] - 1, _NEAR), "exponent near 0"),
    Row(sp.rgamma, sp.rgamma, (np.array([-3.0, -2.0, -1.0, 0.0, 0.5, 1.0]),), "at poles of gamma"),
]

_ORDERS = [
    *[
        Row(f, lambda x, f=f: f(_N[:, None], x), (sample(3, low=0.8, high=3),), "array of orders")
        for f in (sp.jv, sp.yn, sp.yv, sp.iv, sp.kn, sp.kv, sp.kve, sp.ive)
    ],
    *[
        Row(f, lambda x, f=f: f(_N[:, None].astype(np.uint8), x), (sample(3, low=0.8, high=3),), "unsigned orders")
        for f in (sp.jv, sp.iv, sp.kv)
    ],
    *[Row(f, lambda x, f=f: f(2, x), (np.array([0.0, -0.5, 0.7]),), "at 0") for f in (sp.jv, sp.iv, sp.hyp0f1)],
    *[Row(f, f, (np.array([0.0, 1e-8, -1e-3]),), "at 0") for f in (sp.j0, sp.j1, sp.i0, sp.i1)],
    Row(sp.gammainc, lambda x: sp.gammainc(np.array([1, 2, 7])[:, None], x), (_P,), "array of parameters"),
    Row(sp.betainc, lambda x: sp.betainc(np.array([1, 2])[:, None], 3, x), (_P / 3,), "array of parameters"),
    Row(sp.stdtr, lambda x: sp.stdtr(np.array([1, 30])[:, None], x), (_P,), "array of parameters"),
    Row(sp.binom, lambda n: sp.binom(n, 2), (_P + 2.1,), "integer k"),
    Row(sp.radian, lambda s: sp.radian(1, 2, 1e5 * s), (_P,), "many seconds"),
    Row(sp.poch, lambda z: sp.poch(z, 3), (_P,), "integer m"),
]

_ZEROS = [
    *rows(sp.xlogy, (lambda y: sp.xlogy(np.array([0, 1]), y), (sample(2, low=0.4, high=2),))),
    *rows(sp.rel_entr, (lambda q: sp.rel_entr(np.array([0.0, 1.0]), q), (sample(2, low=0.4, high=2),))),
    *rows(sp.kl_div, (lambda q: sp.kl_div(0.0, q), (sample(2, low=0.4, high=2),))),
    *rows(sp.pseudo_huber, (lambda r: sp.pseudo_huber(1.5, r), (np.array([0.0, 1e-6, -3]),))),
    *rows(sp.huber, (lambda r: sp.huber(1, r), (np.array([0.0, 0.5, -3]),))),
]

ROWS: list[Row] = [
    *[row for function, intervals in INTERVALS.items() for row in _each(function, intervals)],
    *_CANCELLATION,
    *_ORDERS,
    *_ZEROS,
]
