"""scipy.special in the complex plane: against mpmath, and against differences where a function is not holomorphic."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from complex_functions import cplx
from scipy import __version__ as version
from scipy import special as sp
from scipy.special import _ufuncs

import jacobians as jac
from jacobians.registry import function_name, registered

POINTS = [0.6 + 0.8j, -1.2 + 0.5j, 1.7 - 2.1j, -0.3 - 1.4j]

# Whose values in the plane are wrong before.
SINCE = {sp.hyp1f1: (1, 14), sp.hyp2f1: (1, 15), sp.modfresnelp: (1, 15)}


def check_version(function: Any) -> None:
    if tuple(map(int, version.split(".")[:2])) < SINCE.get(function, ()):
        pytest.skip("SciPy's own value is wrong")


# fmt: off
# Functions of one complex argument, after parameters: what mpmath calls them, result by result.
ORACLES: dict[Any, tuple[tuple[Any, ...], tuple[Callable[..., Any], ...]]] = {
    sp.erf: ((), (mp.erf,)), sp.erfc: ((), (mp.erfc,)), sp.erfi: ((), (mp.erfi,)),
    sp.erfcx: ((), (lambda z: mp.exp(z * z) * mp.erfc(z),)),
    sp.wofz: ((), (lambda z: mp.exp(-z * z) * mp.erfc(-1j * z),)),
    sp.dawsn: ((), (lambda z: mp.sqrt(mp.pi) / 2 * mp.exp(-z * z) * mp.erfi(z),)),
    sp.ndtr: ((), (lambda z: mp.erfc(-z / mp.sqrt(2)) / 2,)),
    sp.log_ndtr: ((), (lambda z: mp.log(mp.erfc(-z / mp.sqrt(2)) / 2),)),
    sp.fresnel: ((), (mp.fresnels, mp.fresnelc)), sp.sici: ((), (mp.si, mp.ci)), sp.shichi: ((), (mp.shi, mp.chi)),
    sp.expm1: ((), (mp.expm1,)), sp.log1p: ((), (lambda z: mp.log(1 + z),)), sp.exp1: ((), (mp.e1,)),
    sp.expi: ((), (mp.ei,)), sp.spence: ((), (lambda z: mp.polylog(2, 1 - z),)),
    sp.wrightomega: ((), (lambda z: mp.lambertw(mp.exp(z)),)), _ufuncs._lambertw: ((), (mp.lambertw,)),
    sp.gamma: ((), (mp.gamma,)), sp.loggamma: ((), (mp.loggamma,)), sp.rgamma: ((), (mp.rgamma,)),
    sp.psi: ((), (mp.digamma,)),
    sp.airy: ((), (mp.airyai, lambda z: mp.airyai(z, 1), mp.airybi, lambda z: mp.airybi(z, 1))),
    sp.jv: ((1.3,), (mp.besselj,)), sp.yv: ((1.3,), (mp.bessely,)), sp.iv: ((1.3,), (mp.besseli,)),
    sp.kv: ((1.3,), (mp.besselk,)), sp.kve: ((1.3,), (lambda v, z: mp.exp(z) * mp.besselk(v, z),)),
    sp.hankel1: ((1.3,), (mp.hankel1,)), sp.hankel2: ((1.3,), (mp.hankel2,)),
    sp.hankel1e: ((1.3,), (lambda v, z: mp.exp(-1j * z) * mp.hankel1(v, z),)),
    sp.hankel2e: ((1.3,), (lambda v, z: mp.exp(1j * z) * mp.hankel2(v, z),)),
    sp.hyp0f1: ((1.9,), (mp.hyp0f1,)), sp.hyp1f1: ((0.7, 1.9), (mp.hyp1f1,)),
    sp.hyp2f1: ((0.7, 1.9, 2.3), (mp.hyp2f1,)),
    sp.eval_legendre: ((3,), (mp.legendre,)), sp.eval_chebyt: ((3,), (mp.chebyt,)),
    sp.eval_chebyu: ((3,), (mp.chebyu,)), sp.eval_chebyc: ((3,), (lambda n, z: 2 * mp.chebyt(n, z / 2),)),
    sp.eval_chebys: ((3,), (lambda n, z: mp.chebyu(n, z / 2),)),
    sp.eval_sh_legendre: ((3,), (lambda n, z: mp.legendre(n, 2 * z - 1),)),
    sp.eval_sh_chebyt: ((3,), (lambda n, z: mp.chebyt(n, 2 * z - 1),)),
    sp.eval_sh_chebyu: ((3,), (lambda n, z: mp.chebyu(n, 2 * z - 1),)),
    sp.eval_laguerre: ((3,), (lambda n, z: mp.laguerre(n, 0, z),)), sp.eval_genlaguerre: ((3, 0.7), (mp.laguerre,)),
    sp.eval_gegenbauer: ((3, 0.7), (mp.gegenbauer,)), sp.eval_jacobi: ((3, 0.7, 1.9), (mp.jacobi,)),
    sp.eval_sh_jacobi: ((3, 2.3, 1.9), (
        lambda n, p, q, z: mp.jacobi(n, p - q, q - 1, 2 * z - 1) / mp.binomial(2 * n + p - 1, n),)),
}
FAR = {
    sp.erfcx: [60 + 3j, 30 + 50j, -1 + 60j, -3 - 70j], sp.dawsn: [60 + 3j, 40 + 42j, -60 + 20j, 44 - 43j],
    sp.wofz: [60 + 3j, 60j, -70 + 1j], sp.psi: [-20.5 + 0.1j, 30j, -3 - 150j, 50 + 1j],
    sp.rgamma: [-2 + 0j, -2.5 + 0.01j, -1 + 5j], sp.spence: [1 + 1e-9j, 0.95 + 0.02j, 3j],
    _ufuncs._lambertw: [0j],
}
# Not holomorphic, or of several complex arguments; checked by differences.
OTHERS: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "jve": (lambda z: sp.jve(1.3, z), (4,)), "yve": (lambda z: sp.yve(1.3, z), (4,)),
    "ive": (lambda z: sp.ive(1.3, z), (4,)), "airye": (lambda z: np.stack(sp.airye(z)), (4,)),
    "xlogy": (lambda z: sp.xlogy(z[:2], z[2:]), (4,)), "xlog1py": (lambda z: sp.xlog1py(z[:2], z[2:]), (4,)),
    "xlogy of a real": (lambda z: sp.xlogy(z.real, z) + sp.xlogy(z, np.abs(z)) + sp.xlogy(2, z), (4,)),
    "elliprc": (lambda z: sp.elliprc(z[0], z[1]), (2,)), "elliprc near": (lambda z: sp.elliprc(z, z + 1e-3j), (2,)),
    "lambertw": (lambda z: sp.lambertw(z, k=[-1, 2]), (2,)), "matrix": (lambda z: sp.erf(z) @ sp.gamma(z.T), (2, 2)),
    "of parts": (lambda z: sp.wofz(z.real) * sp.hankel1(1, np.abs(z)), (3,)), "0-d": (lambda z: sp.loggamma(z), ()),
    "real part": (lambda z: sp.erfcx(np.conj(z)).real, (3,)), "empty": (sp.dawsn, (0,)),
}
# fmt: on
# The same numbers from real arguments.
REAL: dict[Any, Callable[..., Any]] = {
    sp.kelvin: lambda n, x: (
        mp.mpc(mp.ber(0, x), mp.bei(0, x)),
        mp.mpc(mp.ker(0, x), mp.kei(0, x)),
        mp.mpc(mp.diff(lambda t: mp.ber(0, t), x), mp.diff(lambda t: mp.bei(0, t), x)),
        mp.mpc(mp.diff(lambda t: mp.ker(0, t), x), mp.diff(lambda t: mp.kei(0, t), x)),
    )[n],
    sp.modfresnelp: lambda n, x: _modified(x, 1, n),
    sp.modfresnelm: lambda n, x: _modified(x, -1, n),
}


def _modified(x: Any, sign: int, n: int) -> Any:
    F = mp.sqrt(mp.pi / 2) * mp.mpc(
        0.5 - mp.fresnelc(x * mp.sqrt(2 / mp.pi)), sign * (0.5 - mp.fresnels(x * mp.sqrt(2 / mp.pi)))
    )
    return F if n == 0 else mp.exp(-1j * sign * (x * x + mp.pi / 4)) * F / mp.sqrt(mp.pi)


def result(function: Any, n: int, parameters: tuple[Any, ...]) -> Callable[..., Any]:
    """The n-th result as a function of the last argument."""

    def call(z: Any) -> Any:
        more = (0, 1e-8) if function is _ufuncs._lambertw else ()
        found = function(*parameters, z, *more)
        return found[n] if isinstance(found, tuple) else found

    return call


@pytest.mark.parametrize("function", ORACLES, ids=lambda f: f.__name__)
def test_holomorphic_functions_against_mpmath(function):
    check_version(function)
    parameters, oracles = ORACLES[function]
    wrong = []
    for n, oracle in enumerate(oracles):
        f = result(function, n, parameters)
        slope = jac.grad(f, holomorphic=True)
        for z in POINTS + FAR.get(function, []):
            with mp.workdps(40):
                exact = [mp.mpf(p) for p in parameters]
                expected = [complex(mp.diff(partial(oracle, *exact), mp.mpc(z), k)) for k in (1, 2)]
            found = [slope(z), jac.grad(slope, holomorphic=True)(z)]
            for got, want, tolerance in zip(found, expected, (3e-11, 1e-8), strict=True):
                if not abs(got - want) <= tolerance * max(abs(want), abs(expected[0]), 1e-300):
                    wrong.append(f"result {n} at {z}: {got} instead of {want}")
    assert wrong == []


@pytest.mark.parametrize("name", OTHERS)
def test_other_functions_against_differences(name):
    f, shape = OTHERS[name]
    z, h = 1.2 * cplx(*shape) + 0.3, cplx(*shape)
    step = 1e-4

    def along(f):
        return sum([w * (f(z + k * step * h) - f(z - k * step * h)) for k, w in ((1, 2 / 3), (2, -1 / 12))]) / step

    np.testing.assert_allclose(jac.jacobian(f)(z) @ h, along(f), rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(jac.jvp(f, (z,), (h,))[1], along(f), rtol=1e-7, atol=1e-8)
    gradient = jac.grad(lambda z: np.sum(np.abs(f(z)) ** 2))
    np.testing.assert_allclose(jac.jvp(gradient, (z,), (h,))[1], along(gradient), rtol=2e-6, atol=1e-6)


def pushed(f: Callable[..., Any]) -> Callable[..., Any]:
    """The derivative of a function of one real number."""
    return lambda x: jac.jvp(f, (x,), (1.0,))[1]


@pytest.mark.parametrize("function", REAL, ids=lambda f: f.__name__)
def test_complex_results_of_real_arguments(function):
    check_version(function)
    for n in range(len(function(1.0))):
        slope = pushed(result(function, n, ()))
        oracle = partial(REAL[function], n)
        for x in (0.6, 1.9):
            with mp.workdps(30):
                expected = [complex(mp.diff(oracle, x, k)) for k in (1, 2)]
            np.testing.assert_allclose([slope(x), pushed(slope)(x)], expected, rtol=1e-9)
    if function is sp.kelvin:
        np.testing.assert_allclose(pushed(result(function, 2, ()))(0.0), 0.5j)


@pytest.mark.skipif(not hasattr(sp, "sph_harm"), reason="SciPy has it no more")
@pytest.mark.parametrize(("m", "n"), [(0, 0), (1, 2), (-2, 3), (3, 3)])
@pytest.mark.filterwarnings("ignore:.*sph_harm:DeprecationWarning")
def test_spherical_harmonics(m, n):
    angles, oracle = [0.7, 1.1], partial(mp.spherharm, n, m)
    for position in (0, 1):

        def along(t, position=position):
            return sp.sph_harm(m, n, *[t if k == position else angles[k] for k in (0, 1)])

        # mpmath tells the polar angle first.
        expected = [complex(mp.diff(oracle, (1.1, 0.7), (k * position, k * (1 - position)))) for k in (1, 2)]
        found = [pushed(along)(angles[position]), pushed(pushed(along))(angles[position])]
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("function", ORACLES, ids=lambda f: f.__name__)
def test_single_precision(function):
    parameters, oracles = ORACLES[function]
    z = np.array(POINTS[:2], np.complex64)
    for n in range(len(oracles)):
        f = result(function, n, parameters)
        value, J = jac.value_and_jacobian(f)(z)
        assert {value.dtype, J.dtype, (J @ z).dtype} == {np.asarray(f(z)).dtype}
        wide = jac.jacobian(f)(z.astype(complex)).diagonal()
        np.testing.assert_allclose(J.diagonal(), wide, rtol=2e-4)


def test_voigt_profile_against_mpmath():
    def voigt(x, s, g):
        z = (x + 1j * g) / (s * mp.sqrt(2))
        return mp.re(mp.exp(-z * z) * mp.erfc(-1j * z)) / (s * mp.sqrt(2 * mp.pi))

    for point in ((0.4, 0.7, 0.5), (-3.0, 0.2, 1.1), (90.0, 1.0, 0.5)):
        found = [jac.grad(sp.voigt_profile, n)(*point) for n in range(3)]
        second = [jac.grad(jac.grad(sp.voigt_profile, n), n)(*point) for n in range(3)]
        with mp.workdps(30):
            orders = np.eye(3, dtype=int).tolist()
            first = [float(mp.diff(voigt, point, tuple(order))) for order in orders]
            twice = [float(mp.diff(voigt, point, tuple([2 * k for k in order]))) for order in orders]
        np.testing.assert_allclose(found, first, rtol=1e-10)
        np.testing.assert_allclose(second, twice, rtol=1e-8)


def test_every_function_with_complex_numbers_is_tested():
    """What SciPy computes in the complex plane has a rule there."""
    names = {"xlogy", "xlog1py", "elliprc", "jve", "yve", "ive", "airye"}
    refused = {"elliprd", "elliprf", "elliprg", "elliprj"}
    there = {
        f for f in vars(sp).values() if isinstance(f, np.ufunc) and any("D" in t.partition("->")[0] for t in f.types)
    }
    assert {f.__name__ for f in there} - {f.__name__ for f in ORACLES} == names | refused
    rules = {f: rule for f, rule in registered().items() if function_name(f).startswith("scipy.special.")}
    assert {f.__name__ for f in there if not rules[f].is_complex} == refused
