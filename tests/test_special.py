"""Rules of scipy.special against the derivatives that mpmath finds in 40 digits, and what else they promise."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy import special as sp
from scipy.special import _ufuncs
from tables.families import COMPLEX
from tables.families import INTERVALS as FAMILIES
from tables.special import INTERVALS

import jacobians as jac
from jacobians.registry import function_name, registered

RULES = {f: rule for f, rule in registered().items() if function_name(f).startswith("scipy.special.")}


def name(function: Any) -> str:
    return function.__name__


def _inverse(function: Any, forward: Callable[..., Any]) -> Callable[..., Any]:
    """Where `forward`, as a function of its last argument, has a value: found from what SciPy finds in 16 digits."""

    def call(*arguments: Any) -> Any:
        *parameters, value = arguments
        start = mp.mpf(float(function(*map(float, arguments))))
        return mp.findroot(lambda x: forward(*parameters, x) - value, (start, start * (1 + mp.mpf(10) ** -14)))

    return call


def _gammainc(a: Any, x: Any) -> Any:
    return mp.gammainc(a, 0, x, regularized=True)


def _gammaincc(a: Any, x: Any) -> Any:
    return mp.gammainc(a, x, mp.inf, regularized=True)


def _betainc(a: Any, b: Any, x: Any) -> Any:
    return mp.betainc(a, b, 0, x, regularized=True)


def _betaincc(a: Any, b: Any, x: Any) -> Any:
    return 1 - _betainc(a, b, x)


def _fdtr(n: Any, d: Any, x: Any) -> Any:
    return _betainc(n / 2, d / 2, n * x / (d + n * x))


def _stdtr(n: Any, t: Any) -> Any:
    return (1 + mp.sign(t) * _betainc(0.5, n / 2, t * t / (n + t * t))) / 2


def _ndtri(p: Any) -> Any:
    return mp.sqrt(2) * mp.erfinv(2 * p - 1)


def _boxcox(x: Any, s: Any) -> Any:
    return mp.log(x) if s == 0 else mp.expm1(s * mp.log(x)) / s


def _inv_boxcox(y: Any, s: Any) -> Any:
    return mp.exp(y) if s == 0 else mp.exp(mp.log1p(s * y) / s)


def _t(h: Any, a: Any) -> Any:
    return mp.quad(lambda x: mp.exp(-h * h * (1 + x * x) / 2) / (1 + x * x), [0, a]) / (2 * mp.pi)


def _wright(a: Any, b: Any, x: Any) -> Any:
    return mp.nsum(lambda k: x**k / mp.factorial(k) * mp.rgamma(a * k + b), [0, mp.inf])


# fmt: off
ORACLES: dict[Any, Callable[..., Any]] = {
    sp.erf: mp.erf, sp.erfc: mp.erfc, sp.erfcx: lambda x: mp.exp(x * x) * mp.erfc(x), sp.erfi: mp.erfi,
    sp.dawsn: lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
    sp.erfinv: mp.erfinv, sp.erfcinv: lambda p: mp.erfinv(1 - p), sp.ndtr: mp.ncdf,
    sp.log_ndtr: lambda x: mp.log(mp.ncdf(x)), sp.ndtri: _ndtri, sp.ndtri_exp: lambda q: _ndtri(mp.exp(q)),
    sp.owens_t: _t, sp.expit: lambda x: 1 / (1 + mp.exp(-x)), sp.log_expit: lambda x: -mp.log1p(mp.exp(-x)),
    sp.logit: lambda p: mp.log(p / (1 - p)), sp.cbrt: mp.cbrt, sp.exp2: lambda x: 2**x, sp.exp10: lambda x: 10**x,
    sp.expm1: mp.expm1, sp.log1p: mp.log1p, sp.cosm1: lambda x: mp.cos(x) - 1, sp.powm1: lambda x, e: x**e - 1,
    sp.exprel: lambda x: mp.expm1(x) / x, sp.xlogy: lambda x, y: x * mp.log(y),
    sp.xlog1py: lambda x, y: x * mp.log1p(y), sp.entr: lambda x: -x * mp.log(x),
    sp.rel_entr: lambda p, q: p * mp.log(p / q), sp.kl_div: lambda p, q: p * mp.log(p / q) - p + q,
    sp.boxcox: _boxcox, sp.boxcox1p: lambda x, s: _boxcox(1 + x, s),
    sp.inv_boxcox: _inv_boxcox, sp.inv_boxcox1p: lambda y, s: _inv_boxcox(y, s) - 1,
    sp.wrightomega: lambda z: mp.lambertw(mp.exp(z)).real,
    sp.sindg: lambda x: mp.sin(mp.radians(x)), sp.cosdg: lambda x: mp.cos(mp.radians(x)),
    sp.tandg: lambda x: mp.tan(mp.radians(x)), sp.cotdg: lambda x: mp.cot(mp.radians(x)),
    sp.radian: lambda d, m, s: mp.radians(d + m / mp.mpf(60) + s / mp.mpf(3600)),
    sp.huber: lambda d, r: r * r / 2 if abs(r) <= d else d * (abs(r) - d / 2),
    sp.pseudo_huber: lambda d, r: d * d * (mp.sqrt(1 + (r / d) ** 2) - 1),
    sp.gamma: mp.gamma, sp.gammaln: mp.loggamma, sp.loggamma: mp.loggamma, sp.psi: mp.digamma, _ufuncs._zeta: mp.zeta,
    _ufuncs._riemann_zeta: mp.zeta, sp.zetac: lambda x: mp.zeta(x) - 1,
    sp.rgamma: mp.rgamma, sp.beta: mp.beta, sp.betaln: lambda a, b: mp.log(mp.beta(a, b)), sp.poch: mp.rf,
    sp.binom: mp.binomial, sp.gammainc: _gammainc, sp.gammaincc: _gammaincc,
    sp.gammaincinv: _inverse(sp.gammaincinv, _gammainc), sp.gammainccinv: _inverse(sp.gammainccinv, _gammaincc),
    sp.betainc: _betainc, sp.betaincc: _betaincc,
    sp.betaincinv: _inverse(sp.betaincinv, _betainc), sp.betainccinv: _inverse(sp.betainccinv, _betaincc),
    sp.chdtr: lambda v, x: _gammainc(v / 2, x / 2), sp.chdtrc: lambda v, x: _gammaincc(v / 2, x / 2),
    sp.chdtri: _inverse(sp.chdtri, lambda v, x: _gammaincc(v / 2, x / 2)),
    sp.gdtr: lambda a, b, x: _gammainc(b, a * x), sp.gdtrc: lambda a, b, x: _gammaincc(b, a * x),
    sp.fdtr: _fdtr, sp.fdtrc: lambda n, d, x: 1 - _fdtr(n, d, x), sp.fdtri: _inverse(sp.fdtri, _fdtr),
    sp.stdtr: _stdtr, sp.stdtrit: _inverse(sp.stdtrit, _stdtr),
    sp.exp1: mp.e1, sp.expi: mp.ei, sp.expn: mp.expint, sp.spence: lambda x: mp.polylog(2, 1 - x).real,
    sp.j0: mp.j0, sp.j1: mp.j1, sp.jv: mp.besselj, sp.jve: mp.besselj, sp.y0: lambda x: mp.bessely(0, x),
    sp.y1: lambda x: mp.bessely(1, x), sp.yn: mp.bessely, sp.yv: mp.bessely, sp.yve: mp.bessely,
    sp.i0: lambda x: mp.besseli(0, x), sp.i1: lambda x: mp.besseli(1, x), sp.iv: mp.besseli,
    sp.i0e: lambda x: mp.exp(-abs(x)) * mp.besseli(0, x), sp.i1e: lambda x: mp.exp(-abs(x)) * mp.besseli(1, x),
    sp.ive: lambda v, x: mp.exp(-abs(x)) * mp.besseli(v, x),
    sp.k0: lambda x: mp.besselk(0, x), sp.k1: lambda x: mp.besselk(1, x), sp.kn: mp.besselk, sp.kv: mp.besselk,
    sp.k0e: lambda x: mp.exp(x) * mp.besselk(0, x), sp.k1e: lambda x: mp.exp(x) * mp.besselk(1, x),
    sp.kve: lambda v, x: mp.exp(x) * mp.besselk(v, x),
    sp.hyp0f1: mp.hyp0f1, sp.hyp1f1: mp.hyp1f1, sp.hyperu: mp.hyperu, sp.hyp2f1: mp.hyp2f1, sp.wright_bessel: _wright,
    sp.ellipk: mp.ellipk, sp.ellipkm1: lambda p: mp.ellipk(1 - p), sp.ellipe: mp.ellipe,
    sp.ellipkinc: mp.ellipf, sp.ellipeinc: mp.ellipe,
}
# fmt: on

# Where a formula would cancel, overflow or divide by zero.
HARD: dict[Any, list[tuple[float, ...]]] = {
    sp.erfcx: [(40.0,), (60.0,), (1e4,), (1e9,), (-5.0,)],
    sp.dawsn: [(0.0,), (-40.0,), (60.0,), (-1e4,), (1e9,)],
    sp.log_ndtr: [(-1e3,), (-10.0,), (8.0,)],
    sp.ndtri_exp: [(-30.0,)],
    sp.expit: [(40.0,), (-800.0,)],
    sp.log_expit: [(40.0,), (-800.0,)],
    sp.exprel: [(1e-12,), (-1e-3,), (0.099,), (0.101,), (-30.0,)],
    sp.spence: [(1 + 1e-9,), (0.999,), (0.91,), (1.11,), (30.0,)],
    sp.rgamma: [(-2.0,), (-2.5,), (-20.25,), (0.0,)],
    sp.gamma: [(-2.5,)],
    sp.psi: [(-2.5,)],
    sp.ellipk: [(1e-12,), (0.099,), (-0.101,), (-20.0,), (0.999,)],
    sp.ellipkm1: [(1e-9,), (1.0,)],
    sp.ellipe: [(1e-12,), (0.099,), (-0.101,), (-20.0,), (0.999,)],
    sp.ellipkinc: [(1.2, 1e-12), (1.2, 0.0099), (1.2, -0.0101), (7.0, 0.5), (-1.0, -20.0)],
    sp.ellipeinc: [(1.2, 1e-12), (1.2, 0.0099), (1.2, -0.0101), (7.0, 0.5), (-1.0, -20.0)],
    sp.boxcox: [(2.0, 1e-12), (0.5, 0.0), (0.5, 0.14), (0.5, 0.15)],
    sp.boxcox1p: [(1.0, 1e-12), (1e-9, 0.5), (-0.5, 0.15)],
    sp.inv_boxcox: [(0.5, 1e-12), (0.5, 0.21)],
    sp.inv_boxcox1p: [(0.5, 1e-12), (0.5, 0.21)],
    sp.pseudo_huber: [(1.5, 1e-5), (1.5, 1e5)],
    sp.j1: [(0.0,)],
    sp.i1: [(0.0,), (50.0,)],
    sp.k1e: [(50.0,)],
    sp.i1e: [(50.0,)],
    sp.gammainc: [(300.0, 310.0)],
    sp.betainc: [(80.0, 40.0, 0.6)],
}


def points(function: Any) -> list[tuple[float, ...]]:
    """Three points inside of the intervals of the table, and the hard ones."""

    def between(interval: Any, part: float) -> float:
        if isinstance(interval, tuple):
            return (1 - part) * interval[0] + part * interval[1]
        return float(np.ravel(interval)[-1])

    parts = (0.15, 0.43, 0.85)
    return [tuple([between(i, part) for i in INTERVALS[function]]) for part in parts] + HARD.get(function, [])


def free(function: Any) -> list[int]:
    """The arguments by which there is a derivative."""
    intervals = INTERVALS.get(function) or FAMILIES[function]
    return [n for n, interval in enumerate(intervals) if isinstance(interval, tuple)]


def order(*positions: int, of: int) -> tuple[int, ...]:
    return tuple([positions.count(n) for n in range(of)])


@pytest.mark.parametrize("function", ORACLES, ids=name)
def test_first_and_second_derivatives(function):
    oracle = ORACLES[function]
    first = 1e-10 if function is sp.stdtrit else 1e-11  # SciPy 1.13 finds its value to 11 digits
    wrong = []
    for point in points(function):
        size, exact = len(point), [mp.mpf(x) for x in point]
        for n in free(function):
            slope = jac.grad(function, n)
            with mp.workdps(40):
                expected = [mp.diff(oracle, exact, order(n, of=size))]
                expected += [mp.diff(oracle, exact, order(n, k, of=size)) for k in free(function)]
            found = [slope(*point), *[jac.grad(slope, k)(*point) for k in free(function)]]
            scale = max(1e-300, *[abs(float(x)) for x in expected[:1]])
            for got, want, tolerance in zip(found, map(float, expected), (first, *[1e-8] * size), strict=False):
                if not abs(got - want) <= tolerance * max(abs(want), scale):
                    wrong.append(f"argument {n} at {point}: {got} instead of {want}")
    assert wrong == []


def test_every_rule_has_an_oracle():
    assert ORACLES.keys() & FAMILIES.keys() == set()
    smooth = {f for f, rule in RULES.items() if rule.category == "differentiable"}
    assert smooth | {_ufuncs._zeta, _ufuncs._riemann_zeta, _ufuncs._lambertw} == {*ORACLES, *FAMILIES, *COMPLEX}


def test_every_ufunc_is_declared():
    ufuncs = {f for f in vars(sp).values() if isinstance(f, np.ufunc)}
    assert len(ufuncs) > 200
    assert sorted(map(name, ufuncs - RULES.keys())) == []
    assert {f for f, rule in RULES.items() if rule.category == "constant"} == {sp.round, sp.gammasgn}
    assert [name(f) for f, rule in RULES.items() if rule.category == "unsupported" and not rule.reason] == []


WHOLE = {sp.eval_hermite, sp.eval_hermitenorm}  # they take whole orders only
SOME = {f: intervals for f, intervals in {**INTERVALS, **FAMILIES}.items() if f not in WHOLE}
REFUSED = [(f, n) for f, intervals in SOME.items() for n in range(len(intervals)) if n not in free(f)]


@pytest.mark.filterwarnings("ignore:non-integer arg n")
@pytest.mark.parametrize(("function", "n"), REFUSED, ids=str)
def test_an_argument_without_derivative_is_named(function, n):
    intervals = INTERVALS.get(function) or FAMILIES[function]
    point: list[Any] = [sum(i) / 2 if isinstance(i, tuple) else np.ravel(i)[-1] for i in intervals]
    point[n] = float(point[n])
    with pytest.raises(jac.UnsupportedFunctionError, match=r"for a traced [\w ]+, by which"):
        jac.grad(lambda *arguments: np.sum(np.stack([function(*arguments)])), n)(*point)
    with pytest.raises(jac.UnsupportedFunctionError, match="for a traced"):
        jac.grad(lambda x: function(*[x] * len(point)))(1.0)


def run(program: str) -> None:
    _ = subprocess.run([sys.executable, "-c", program], check=True)


def test_scipy_special_is_not_imported_for_its_rules():
    run("import sys, jacobians; assert 'scipy.special' not in sys.modules")


def test_a_rule_of_the_user_takes_the_place_of_ours():
    run(
        "import jacobians as jac; from scipy.special import erf; jac.elementwise(erf, lambda y, x: 3.0);"
        "assert jac.grad(erf)(0.0) == 3.0"
    )


def test_zeta_by_its_exponent_where_formulas_change():
    for x in (-30.0, -20.5, -0.6, -0.4, 0.0, 0.9, 1.1, 40.0):
        assert jac.grad(sp.zeta)(x) == pytest.approx(float(mp.zeta(x, 1, 1)), rel=1e-12)
        assert jac.grad(jac.grad(sp.zeta))(x) == pytest.approx(float(mp.zeta(x, 1, 2)), rel=1e-12)
    for x, q in ((1.05, 0.01), (1.05, 20.0), (10.0, 2.5), (80.0, 0.3)):
        assert jac.grad(lambda x, q=q: sp.zeta(x, q))(x) == pytest.approx(float(mp.zeta(x, q, 1)), rel=1e-12)
    assert np.isnan(jac.grad(lambda x: sp.zeta(x, 2.0))(0.5))  # as its value
    assert jac.grad(sp.zeta)(1.0) == -np.inf


def test_the_same_function_under_other_names_and_with_parameters_of_any_type():
    x = np.array([0.5, 2.0], np.float32)
    assert jac.grad(sp.digamma)(2.0) == pytest.approx(np.pi**2 / 6 - 1)
    assert jac.grad(lambda x: sp.zeta(2, x))(1.0) == pytest.approx(-2 * sp.zeta(3))
    for order in (1, np.int8(1), np.uint8(1), np.float32(1), np.array([1, 2], np.int16)):
        J = jac.jacobian(lambda x, order=order: sp.jv(order, x))(x)
        assert {factor.dtype for term in J.terms for factor in term.factors} == {np.dtype(np.float32)}
    value, slope = jac.jvp(lambda a: sp.gammainc(a, 1, dtype=np.float32), (x,), (x,))
    assert value.dtype == slope.dtype == sp.gammainc(x, 1, dtype=np.float32).dtype == np.float32
