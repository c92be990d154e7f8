"""Families of scipy.special with recurrences or differential equations, and distributions that count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special as sp
from scipy.special import _ufuncs
from table import Row, sample

__all__ = ["INTERVALS", "ROWS"]

# Function: the interval of each argument; a number or an integer array is not differentiated.
_N = np.array([0, 1, 2, 5])
_N7 = np.array(7)
_SHAPES = (0.7, 1.3)
# fmt: off
INTERVALS: dict[Any, tuple[Any, ...]] = {
    sp.bdtr: (2.0, _N7, (0.1, 0.9)), sp.bdtrc: (2.0, _N7, (0.1, 0.9)), sp.bdtri: (2.0, _N7, (0.1, 0.9)),
    sp.nbdtr: (3, 4, (0.1, 0.9)), sp.nbdtrc: (3, 4, (0.1, 0.9)), sp.nbdtri: (3, 4, (0.1, 0.9)),
    sp.pdtr: (3.0, (0.5, 4)), sp.pdtrc: (3.0, (0.5, 4)), sp.pdtri: (3, (0.1, 0.9)),
    sp.gdtrix: ((0.5, 2), (0.6, 3), (0.1, 0.9)), sp.gdtria: ((0.1, 0.9), (0.6, 3), (0.5, 2)),
    sp.chndtr: ((0.5, 5), 3.0, (0.5, 2)), sp.chndtrix: ((0.1, 0.9), 3.0, (0.5, 2)),
    sp.chndtrinc: ((3, 5), 3.0, (0.1, 0.3)), sp.nrdtrimn: ((0.1, 0.8), (0.5, 2), (-1, 1)),
    sp.nrdtrisd: ((-1, 0.5), (0.6, 0.9), (0.8, 2)), sp.tklmbda: ((-1.5, 1.5), 0.4),
    sp.kolmogorov: ((0.3, 2.2),), sp.kolmogi: ((0.05, 0.95),),
    sp.eval_legendre: (_N, (-1, 1)), sp.eval_sh_legendre: (_N, (0, 1)), sp.eval_chebyt: (_N, (-1, 1)),
    sp.eval_sh_chebyt: (_N, (0, 1)), sp.eval_chebyc: (_N, (-2, 2)), sp.eval_chebyu: (_N, (-1, 1)),
    sp.eval_sh_chebyu: (_N, (0, 1)), sp.eval_chebys: (_N, (-2, 2)), sp.eval_laguerre: (_N, (0, 3)),
    sp.eval_genlaguerre: (_N, 1.3, (0, 3)), sp.eval_gegenbauer: (_N, 1.3, (-1, 1)),
    sp.eval_jacobi: (_N, *_SHAPES, (-0.9, 0.9)), sp.eval_sh_jacobi: (_N, 1.7, 1.3, (0.1, 0.9)),
    sp.eval_hermite: (_N, (-1, 1)), sp.eval_hermitenorm: (_N, (-1, 1)), sp.lpmv: (1.0, 2.5, (-0.8, 0.9)),
    sp.airy: ((-2, 2),), sp.airye: ((0.3, 2),), sp.itairy: ((0.3, 2),),
    sp.ber: ((-2, 2),), sp.bei: ((-2, 2),), sp.ker: ((0.3, 2),), sp.kei: ((0.3, 2),),
    sp.berp: ((0.3, 2),), sp.beip: ((0.3, 2),), sp.kerp: ((0.3, 2),), sp.keip: ((0.3, 2),),
    sp.struve: (1.3, (0.3, 4)), sp.modstruve: (1.3, (0.3, 3)), sp.itstruve0: ((0.3, 3),),
    sp.itmodstruve0: ((0.3, 3),), sp.it2struve0: ((0.3, 3),),
    sp.mathieu_cem: (2, 1.5, (10, 80)), sp.mathieu_sem: (2, 1.5, (10, 80)),
    sp.mathieu_modcem1: (2, 1.5, (0.2, 1)), sp.mathieu_modcem2: (2, 1.5, (0.2, 1)),
    sp.mathieu_modsem1: (2, 1.5, (0.2, 1)), sp.mathieu_modsem2: (2, 1.5, (0.2, 1)),
    sp.pbdv: (1.3, (-1, 2)), sp.pbvv: (1.3, (-1, 2)), sp.pbwa: (0.7, (-2, 2)),
    sp.pro_ang1: (1, 2, 0.8, (-0.7, 0.8)), sp.pro_rad1: (1, 2, 0.8, (1.2, 2)),
    sp.obl_ang1: (1, 2, 0.8, (-0.7, 0.8)), sp.obl_rad1: (1, 2, 0.8, (0.3, 2)),
    sp.pro_ang1_cv: (1, 2, 0.8, sp.pro_cv(1, 2, 0.8), (-0.7, 0.8)),
    sp.pro_rad1_cv: (1, 2, 0.8, sp.pro_cv(1, 2, 0.8), (1.2, 2)),
    sp.obl_ang1_cv: (1, 2, 0.8, sp.obl_cv(1, 2, 0.8), (-0.7, 0.8)),
    sp.obl_rad1_cv: (1, 2, 0.8, sp.obl_cv(1, 2, 0.8), (0.3, 2)),
    sp.sici: ((0.3, 3),), sp.shichi: ((0.3, 2),), sp.fresnel: ((-1, 1.4),), sp.itj0y0: ((0.3, 3),),
    sp.iti0k0: ((0.3, 3),), sp.it2j0y0: ((0.3, 3),), sp.it2i0k0: ((0.3, 3),),
    sp.ellipj: ((0.2, 1.5), (0.1, 0.9)), sp.agm: ((0.4, 2), (0.5, 1.5)), sp.elliprc: ((0.4, 2), (0.5, 1.5)),
    sp.besselpoly: ((0.3, 2), 1.2, 0.7),
    sp.voigt_profile: ((-2, 2), (0.4, 2), (0.3, 1.5)),
}
# With complex results, of which real and imaginary part are looked at.
COMPLEX: dict[Any, tuple[Any, ...]] = {
    sp.wofz: ((-2, 2),), sp.hankel1: (1.3, (0.4, 2)), sp.hankel1e: (1.3, (0.4, 2)), sp.hankel2: (1.3, (0.4, 2)),
    sp.hankel2e: (1.3, (0.4, 2)), sp.kelvin: ((0.3, 2),), sp.modfresnelm: ((0.1, 1.5),), sp.modfresnelp: ((0.1, 1.5),),
    _ufuncs._lambertw: ((0.3, 2), 0, 1e-8),
}
# fmt: on
if hasattr(sp, "sph_harm"):
    COMPLEX[sp.sph_harm] = (1, 2, (0.3, 2), (0.4, 1.2))
if hasattr(sp, "log_wright_bessel"):
    INTERVALS[sp.log_wright_bessel] = (0.8, 1.7, (0.2, 2))


def _bound(function: Any, intervals: tuple[Any, ...]) -> Callable[..., Any]:
    """The function of those arguments that have an interval."""

    def call(*arrays: Any) -> Any:
        # In single precision SciPy finds nan for the functions of Mathieu, and no end for spheroidal ones.
        double = function.__name__.startswith(("mathieu", "pro_", "obl_"))
        left = iter([np.astype(x, float) for x in arrays] if double else arrays)
        return function(*[next(left) if isinstance(i, tuple) else i for i in intervals])

    return call


def _parts(call: Callable[..., Any]) -> Callable[..., Any]:
    """Real and imaginary part of all results."""

    def real(*arrays: Any) -> Any:
        y = call(*arrays)
        y = np.stack(y) if isinstance(y, tuple) else y
        return np.stack([np.real(y), np.imag(y)])

    return real


def _each(function: Any, intervals: tuple[Any, ...]) -> list[Row]:
    free = [i for i in intervals if isinstance(i, tuple)]
    flat = tuple([sample(4, low=low, high=high, seed=n) for n, (low, high) in enumerate(free)])
    shapes = ((2, 4), (4,), (1, 1))
    crossed = tuple([sample(*s, low=low, high=high) for s, (low, high) in zip(shapes, free, strict=False)])
    call = _bound(function, intervals)
    call = _parts(call) if function in COMPLEX else call
    return [Row(function, call, flat, "1-d"), Row(function, call, crossed, "broadcast")]


ROWS = [
    *[
        row
        for function, intervals in {**INTERVALS, **COMPLEX}.items()
        if function is not sp.itairy
        for row in _each(function, intervals)
    ],
    # SciPy has seven digits of it.
    Row(sp.itairy, lambda x: 0.05 * np.stack(sp.itairy(x)), (sample(4, low=0.3, high=2),), "scaled"),
    Row(sp.eval_legendre, lambda x: sp.eval_legendre(3, x), (np.array([-1.0, 0.0, 1.0]),), "ends"),
    Row(sp.elliprc, sp.elliprc, (np.array([1.0, 1.01, 2.0]), np.array([1.0, 1.0, 2.05])), "close together"),
    Row(sp.elliprc, lambda y: sp.elliprc(0.0, y), (np.array([0.4, 1.2]),), "from zero"),
    Row(sp.agm, sp.agm, (np.array([1.0, 1.0]), np.array([1.0, 1.001])), "close together"),
    Row(sp.sici, lambda x: sp.sici(x)[0], (np.zeros(1),), "at zero"),
    Row(sp.kolmogorov, sp.kolmogorov, (np.array([0.98, 1.02]),), "where one series meets the other"),
]
