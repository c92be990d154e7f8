"""Distributions of `jacobians.scipy.stats` at the ends of their supports, with parameters that are not allowed, and
their quantiles: against SciPy's values, and differences of these."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.stats

import jacobians as jac
from jacobians.scipy import stats

SHAPES = {
    "t": [(3.3,), (-1.0,)],
    "gamma": [(2.3,), (-1.0,)],
    "chi2": [(2.5,), (-1.0,)],
    "invgamma": [(2.5,), (0.0,)],
    "beta": [(2.0, 3.0), (-1.0, 2.0), (2.0, 0.0)],
    "lognorm": [(0.7,), (-0.7,)],
    "weibull_min": [(1.7,), (-1.0,)],
    "pareto": [(2.5,), (-1.0,)],
    "powerlaw": [(1.7,), (-1.0,)],
    "invgauss": [(1.2,), (-1.0,)],
    "f": [(3.0, 5.0), (-1.0, 2.0)],
    "vonmises": [(1.3,), (0.0,), (-1.0,)],
    "gennorm": [(1.5,), (-1.0,)],
    "truncnorm": [(-1.0, 2.0), (1.0, 0.5), (3.0, 7.0), (-9.0, -5.0), (-np.inf, 1.0), (-1.0, np.inf)],
    "wrapcauchy": [(0.3,), (1.2,)],
    "poisson": [(1.3,), (-1.0,)],
    "bernoulli": [(0.3,), (1.2,), (-0.1,)],
    "binom": [(5.0, 0.3), (5.0, 1.2), (-1.0, 0.2)],
    "geom": [(0.3,), (1.0,), (1.2,)],
    "nbinom": [(3.0, 0.4), (3.0, 0.0), (-1.0, 0.5)],
    "betabinom": [(5.0, 1.2, 2.3), (5.0, -1.0, 2.0)],
}
NAMES = [name for name in stats.__all__ if isinstance(getattr(stats, name), stats.Distribution)]
INVERSES = [name for name in NAMES if "ppf" in getattr(stats, name).others]
Q = np.array([0.05, 0.3, 0.77])


def plain(function, *args):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return function(*args)


@pytest.mark.parametrize("name", NAMES)
def test_values_everywhere(name):
    ours, original = getattr(stats, name), getattr(scipy.stats, name)
    density = ours.original.logpmf if ours.discrete else ours.original.logpdf
    x = np.array([-0.7, 0.2, 1.0, 2.0, 3.0, 6.3, -np.inf, np.inf, np.nan])
    for shapes in SHAPES.get(name, [()]):
        for scale in [()] if ours.discrete else [(1.3,), (-1.0,), (0.0,)]:
            for method in sorted({density.__name__, *ours.others} - {"ppf", "isf"}):
                expected = plain(getattr(original, method), x, *shapes, 1.0, *scale)
                # SciPy's formulas of densities end at infinity in nan or in -inf.
                known = np.isfinite(x) | (not method.startswith("logp"))
                found = plain(jac.vjp, lambda x, m=method: getattr(ours, m)(x, *shapes, 1.0, *scale), x)[0]  # noqa: B023
                np.testing.assert_allclose(found[known], expected[known], rtol=1e-9, atol=1e-12, err_msg=method)


@pytest.mark.parametrize("method", ["ppf", "isf"])
@pytest.mark.parametrize("name", INVERSES)
def test_quantiles(name, method):
    ours, original = getattr(getattr(stats, name), method), getattr(getattr(scipy.stats, name), method)
    for shapes in SHAPES.get(name, [()]):
        ends = np.array([0.0, 1.0, 1.2, -0.1, np.nan])
        np.testing.assert_allclose(
            plain(jac.vjp, lambda q: ours(q, *shapes, 0.3, 2.0), ends)[0],  # noqa: B023
            plain(original, ends, *shapes, 0.3, 2.0),
            atol=1e-300,
        )
        value, J = plain(jac.value_and_jacobian(lambda q: ours(q, *shapes, 0.3, 2.0)), Q)  # noqa: B023
        np.testing.assert_allclose(value, original(Q, *shapes, 0.3, 2.0), rtol=1e-11)
        h = 1e-6
        slope = (original(Q + h, *shapes, 0.3, 2.0) - original(Q - h, *shapes, 0.3, 2.0)) / (2 * h)
        np.testing.assert_allclose(J.diagonal(), slope, rtol=1e-6)
        for n, parameters in ((1, (0.3 + h, 2.0)), (2, (0.3, 2.0 + h))):
            less = (0.6 - parameters[0], 4.0 - parameters[1])
            moved = jac.jacobian(lambda *a: ours(a[0], *shapes, *a[1:]), n)(Q, 0.3, 2.0).to_array()  # noqa: B023
            expected = (original(Q, *shapes, *parameters) - original(Q, *shapes, *less)) / (2 * h)
            np.testing.assert_allclose(moved, expected, rtol=1e-6, atol=1e-8)
        break  # the others are not allowed


@pytest.mark.parametrize("name", ["gamma", "chi2", "invgamma", "beta", "lognorm", "weibull_min", "pareto", "powerlaw"])
def test_quantiles_by_their_shapes(name):
    ours, original = getattr(stats, name), getattr(scipy.stats, name)
    shapes, h = SHAPES[name][0], 1e-6
    for n, shape in enumerate(shapes):
        up, down = [[*shapes[:n], shape + d, *shapes[n + 1 :]] for d in (h, -h)]
        J = jac.jacobian(lambda *s: ours.ppf(Q, *s), n)(*shapes).to_array()
        np.testing.assert_allclose(J, (original.ppf(Q, *up) - original.ppf(Q, *down)) / (2 * h), rtol=2e-5, atol=1e-7)


def test_shapes_of_vectors():
    x, C = np.linspace(-1, 1, 6).reshape(3, 1, 2), np.array([[2.0, 0.3], [0.3, 1.0]])
    value, pullback = jac.vjp(lambda x: stats.multivariate_normal.logpdf(x, None, C), x)
    np.testing.assert_allclose(value, scipy.stats.multivariate_normal.logpdf(x, None, C))
    np.testing.assert_allclose(pullback(np.ones(3))[0][:, 0], -np.linalg.solve(C, x[:, 0].T).T)
    alpha = np.array([1.2, 2.0, 3.0, 4.0])
    value = jac.vjp(lambda a: stats.dirichlet.logpdf(np.full((3, 1), 0.2), a), alpha)[0]
    assert value.shape == np.shape(scipy.stats.dirichlet.logpdf(np.full((3, 1), 0.2), alpha)) == ()
