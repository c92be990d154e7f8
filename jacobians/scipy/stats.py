"""Densities and distribution functions of `scipy.stats`, differentiable in the variable and in the parameters.

Each distribution has SciPy's methods and signatures: ``norm.logpdf(x, loc, scale)``, or ``norm(loc, scale).logpdf(x)``.
On plain arrays they are SciPy's own. Outside the support the logarithm is -inf and its derivative zero. As in SciPy,
results are float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sp
import scipy.stats as original

from ..errors import UnsupportedFunctionError
from ..quiet import quietly
from .standing import is_recorded, missing
from .vectors import as_array, as_float64, dirichlet, multivariate_normal

__all__ = ["Distribution", "dirichlet", "multivariate_normal"]

Function = Callable[..., Any]
_LOG2, _LOGPI = math.log(2), math.log(math.pi)
_LOG2PI = math.log(2 * math.pi)
_POSITIVE = float(np.nextafter(0, 1))  # the lower end of a support that does not contain 0


class Distribution:
    """A distribution of SciPy with a logarithm of its density or of its probabilities, and perhaps more.

    Parameters
    ----------
    name : str
        In `scipy.stats`.
    log : callable
        ``log(y, *shapes)`` of the standardised variable, inside the support.
    lower, upper : float
        The support.
    cdf, sf, logcdf, logsf : callable, optional
        Of the standardised variable, too.
    discrete : bool
    """

    def __init__(
        self,
        name: str,
        log: Function,
        lower: float = -np.inf,
        upper: float = np.inf,
        *,
        discrete: bool = False,
        **others: Function,
    ) -> None:
        self.original = getattr(original, name)
        self.name, self.log, self.lower, self.upper, self.discrete = name, log, lower, upper, discrete
        self.others = others
        shapes = self.original.shapes
        self.shapes = [shape.strip() for shape in shapes.split(",")] if shapes else []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The distribution with fixed parameters."""
        if is_recorded(args) or is_recorded(kwargs.values()):
            return _Frozen(self, args, kwargs)
        return _Frozen(self, args, kwargs, self.original(*args, **kwargs))

    def __getattr__(self, method: str) -> Function:
        if method.startswith("__"):
            raise AttributeError(method)
        plain = getattr(self.original, method)
        definition = _METHODS.get(method)

        def call(*args: Any, **kwargs: Any) -> Any:
            if not is_recorded(args) and not is_recorded(kwargs.values()):
                return plain(*args, **kwargs)
            if definition is None or method not in self._offered():
                reason = f"in a traced variable; it offers {', '.join(sorted(self._offered()))}"
                raise UnsupportedFunctionError(f"jacobians.scipy.stats.{self.name}.{method}", reason)
            return quietly(definition)(self, *self._standardised(method, args, kwargs))

        return call

    def _offered(self) -> set[str]:
        offered = {"logpmf", "pmf", *self.others} if self.discrete else {"logpdf", "pdf", *self.others}
        return offered | ({"logcdf", "logsf", "sf"} if "cdf" in self.others else set())

    def _standardised(self, method: str, args: tuple, kwargs: dict[str, Any]) -> tuple[Any, Any, tuple[Any, ...]]:
        """The standardised variable, the scale, and the shapes."""
        names = ["k" if self.discrete else "x", *self.shapes, "loc", *([] if self.discrete else ["scale"])]
        given = dict(zip(names, args, strict=False)) | kwargs
        if (
            len(args) > len(names)
            or not set(kwargs) <= set(names[len(args) :])
            or not set(names[: -1 - (not self.discrete)]) <= set(given)
        ):
            raise TypeError(f"{self.name}.{method} takes {', '.join(names)}, but got {len(args)} and {sorted(kwargs)}.")
        x, *shapes = [given[name] for name in names[: 1 + len(self.shapes)]]
        loc, scale = given.get("loc", 0), given.get("scale", 1)
        return as_float64((as_array(x) - loc) / scale), scale, tuple([as_array(shape) for shape in shapes])


class _Frozen:
    """A distribution with its parameters."""

    def __init__(self, owner: Distribution, args: tuple, kwargs: dict[str, Any], plain: Any = None) -> None:
        self.owner, self.args, self.kwargs, self.plain = owner, args, kwargs, plain

    def __getattr__(self, method: str) -> Any:
        if method not in _METHODS:
            if method.startswith("__") or self.plain is None:
                raise AttributeError(
                    f"{self.owner.name} with traced parameters has {', '.join(self.owner._offered())}."
                )
            return getattr(self.plain, method)
        return lambda x: getattr(self.owner, method)(x, *self.args, **self.kwargs)


def _inside(owner: Distribution, y: Any) -> tuple[Any, Any]:
    """Where a variable is in the support, and the variable with a point of the support elsewhere."""
    inside = np.greater_equal(y, owner.lower) & np.less_equal(y, owner.upper)
    if owner.discrete:
        inside = inside & np.equal(np.floor(y), y)
    bounds = (owner.lower, owner.upper)
    middle = sum(bounds) / 2 if np.all(np.isfinite(bounds)) and not owner.discrete else max(owner.lower, 0) + 1.0
    middle = owner.lower if owner.discrete else middle
    return inside, np.where(inside, y, middle)


def _logarithm(owner: Distribution, y: Any, scale: Any, shapes: tuple[Any, ...]) -> Any:
    inside, safe = _inside(owner, y)
    found = owner.log(safe, *shapes)
    if not owner.discrete:
        found = found - np.log(scale)
    return np.where(inside, found, np.where(np.isnan(y), np.nan, -np.inf))


def _density(owner: Distribution, y: Any, scale: Any, shapes: tuple[Any, ...]) -> Any:
    return np.exp(_logarithm(owner, y, scale, shapes))


def _between(name: str, below: float, above: float, fallback: Function) -> Function:
    """A distribution function: its own formula, or one made of another; constant outside the support."""

    def definition(owner: Distribution, y: Any, scale: Any, shapes: tuple[Any, ...]) -> Any:
        inside, safe = _inside(owner, np.floor(y) if owner.discrete else y)
        own = owner.others.get(name)
        found = own(safe, *shapes) if own else fallback(owner.others["cdf"](safe, *shapes))
        outside = np.where(np.less(y, owner.lower), below, np.where(np.isnan(y), np.nan, above))
        return np.where(inside, found, outside)

    return definition


_METHODS: dict[str, Function] = {
    "logpdf": _logarithm,
    "pdf": _density,
    "logpmf": _logarithm,
    "pmf": _density,
    "cdf": _between("cdf", 0.0, 1.0, lambda F: F),
    "sf": _between("sf", 1.0, 0.0, lambda F: 1 - F),
    "logcdf": _between("logcdf", -np.inf, 0.0, np.log),
    "logsf": _between("logsf", 0.0, -np.inf, lambda F: np.log1p(-F)),
}


def _normal(y: Any) -> Any:
    return -y * y / 2 - _LOG2PI / 2


def _student(y: Any, n: Any) -> Any:
    return sp.gammaln((n + 1) / 2) - sp.gammaln(n / 2) - (_LOGPI + np.log(n)) / 2 - (n + 1) / 2 * np.log1p(y * y / n)


def _fisher(y: Any, n: Any, d: Any) -> Any:
    constant = sp.xlogy(n / 2, n / d) - sp.betaln(n / 2, d / 2)
    return constant + sp.xlogy(n / 2 - 1, y) - (n + d) / 2 * np.log1p(n / d * y)


def _laplace_cdf(y: Any) -> Any:
    half = np.exp(-np.abs(y)) / 2
    return np.where(np.greater(y, 0), 1 - half, half)


def _choose(n: Any, k: Any) -> Any:
    return -np.log(n + 1) - sp.betaln(n - k + 1, k + 1)


def _binomial(k: Any, n: Any, p: Any) -> Any:
    fits = np.less_equal(k, n)
    k = np.where(fits, k, 0)
    return np.where(fits, _choose(n, k) + sp.xlogy(k, p) + sp.xlog1py(n - k, -p), -np.inf)


def _binomial_cdf(k: Any, n: Any, p: Any) -> Any:
    below = np.less(k, n)
    return np.where(below, sp.betainc(np.where(below, n - k, 1.0), k + 1, 1 - p), 1.0)


# fmt: off
_TABLE = [
    Distribution("norm", _normal, cdf=sp.ndtr, sf=lambda y: sp.ndtr(-y), logcdf=sp.log_ndtr,
                 logsf=lambda y: sp.log_ndtr(-y)),
    Distribution("t", _student, cdf=lambda y, n: sp.stdtr(n, y), sf=lambda y, n: sp.stdtr(n, -y)),
    Distribution("cauchy", lambda y: -_LOGPI - np.log1p(y * y), cdf=lambda y: 0.5 + np.arctan(y) / math.pi,
                 sf=lambda y: 0.5 - np.arctan(y) / math.pi),
    Distribution("laplace", lambda y: -_LOG2 - np.abs(y), cdf=_laplace_cdf, sf=lambda y: _laplace_cdf(-y)),
    Distribution("logistic", lambda y: y - 2 * np.logaddexp(0, y), cdf=sp.expit, sf=lambda y: sp.expit(-y),
                 logcdf=sp.log_expit, logsf=lambda y: sp.log_expit(-y)),
    Distribution("gumbel_r", lambda y: -y - np.exp(-y), cdf=lambda y: np.exp(-np.exp(-y)), logcdf=lambda y: -np.exp(-y),
                 sf=lambda y: -np.expm1(-np.exp(-y))),
    Distribution("gumbel_l", lambda y: y - np.exp(y), cdf=lambda y: -np.expm1(-np.exp(y)), logsf=lambda y: -np.exp(y),
                 sf=lambda y: np.exp(-np.exp(y))),
    Distribution("expon", lambda y: -y, 0, cdf=lambda y: -np.expm1(-y), sf=lambda y: np.exp(-y), logsf=lambda y: -y),
    Distribution("gamma", lambda y, a: sp.xlogy(a - 1, y) - y - sp.gammaln(a), 0,
                 cdf=lambda y, a: sp.gammainc(a, y), sf=lambda y, a: sp.gammaincc(a, y)),
    Distribution("chi2", lambda y, n: sp.xlogy(n / 2 - 1, y) - y / 2 - sp.gammaln(n / 2) - _LOG2 * n / 2, 0,
                 cdf=lambda y, n: sp.gammainc(n / 2, y / 2), sf=lambda y, n: sp.gammaincc(n / 2, y / 2)),
    Distribution("invgamma", lambda y, a: -(a + 1) * np.log(y) - sp.gammaln(a) - 1 / y, _POSITIVE,
                 cdf=lambda y, a: sp.gammaincc(a, 1 / y), sf=lambda y, a: sp.gammainc(a, 1 / y)),
    Distribution("beta", lambda y, a, b: sp.xlogy(a - 1, y) + sp.xlog1py(b - 1, -y) - sp.betaln(a, b), 0, 1,
                 cdf=lambda y, a, b: sp.betainc(a, b, y)),
    Distribution("lognorm", lambda y, s: _normal(np.log(y) / s) - np.log(s * y), _POSITIVE,
                 cdf=lambda y, s: sp.ndtr(np.log(y) / s), sf=lambda y, s: sp.ndtr(-np.log(y) / s),
                 logcdf=lambda y, s: sp.log_ndtr(np.log(y) / s), logsf=lambda y, s: sp.log_ndtr(-np.log(y) / s)),
    Distribution("halfnorm", lambda y: _LOG2 + _normal(y), 0, cdf=lambda y: sp.erf(y / math.sqrt(2)),
                 sf=lambda y: sp.erfc(y / math.sqrt(2))),
    Distribution("weibull_min", lambda y, c: np.log(c) + sp.xlogy(c - 1, y) - y**c, 0,
                 cdf=lambda y, c: -np.expm1(-(y**c)), sf=lambda y, c: np.exp(-(y**c)), logsf=lambda y, c: -(y**c)),
    Distribution("pareto", lambda y, b: np.log(b) - (b + 1) * np.log(y), 1,
                 cdf=lambda y, b: 1 - y**-b, sf=lambda y, b: y**-b, logsf=lambda y, b: -b * np.log(y)),
    Distribution("rayleigh", lambda y: np.log(y) - y * y / 2, 0,
                 cdf=lambda y: -np.expm1(-y * y / 2), sf=lambda y: np.exp(-y * y / 2), logsf=lambda y: -y * y / 2),
    Distribution("uniform", lambda y: 0 * y, 0, 1, cdf=lambda y: y),
    Distribution("powerlaw", lambda y, a: np.log(a) + sp.xlogy(a - 1, y), 0, 1, cdf=lambda y, a: y**a),
    Distribution("halfcauchy", lambda y: math.log(2 / math.pi) - np.log1p(y * y), 0,
                 cdf=lambda y: 2 / math.pi * np.arctan(y), sf=lambda y: 2 / math.pi * np.arctan2(1.0, y)),
    Distribution("maxwell", lambda y: (_LOG2 - _LOGPI) / 2 + 2 * np.log(y) - y * y / 2, 0,
                 cdf=lambda y: sp.gammainc(1.5, y * y / 2), sf=lambda y: sp.gammaincc(1.5, y * y / 2)),
    Distribution("invgauss", lambda y, mu: -np.square(y / mu - 1) / (2 * y) - (_LOG2PI + 3 * np.log(y)) / 2, _POSITIVE),
    Distribution("f", _fisher, 0, cdf=lambda y, n, d: sp.fdtr(n, d, y), sf=lambda y, n, d: sp.fdtrc(n, d, y)),
    Distribution("vonmises", lambda y, k: k * sp.cosm1(y) - _LOG2PI - np.log(sp.i0e(k))),
    Distribution("poisson", lambda k, mu: sp.xlogy(k, mu) - sp.gammaln(k + 1) - mu, 0, discrete=True,
                 cdf=lambda k, mu: sp.gammaincc(k + 1, mu), sf=lambda k, mu: sp.gammainc(k + 1, mu)),
    Distribution("bernoulli", lambda k, p: sp.xlogy(k, p) + sp.xlog1py(1 - k, -p), 0, 1, discrete=True,
                 cdf=lambda k, p: np.where(np.less(k, 1), 1 - p, 1.0)),
    Distribution("binom", _binomial, 0, discrete=True, cdf=_binomial_cdf),
    Distribution("geom", lambda k, p: np.log(p) + sp.xlog1py(k - 1, -p), 1, discrete=True,
                 cdf=lambda k, p: -np.expm1(k * np.log1p(-p)), sf=lambda k, p: np.exp(k * np.log1p(-p))),
    Distribution("nbinom", lambda k, n, p: sp.gammaln(n + k) - sp.gammaln(k + 1) - sp.gammaln(n) + n * np.log(p)
                 + sp.xlog1py(k, -p), 0, discrete=True, cdf=lambda k, n, p: sp.betainc(n, k + 1, p)),
]
# fmt: on
_DISTRIBUTIONS = {distribution.name: distribution for distribution in _TABLE}
__all__ += list(_DISTRIBUTIONS)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _DISTRIBUTIONS:
        return _DISTRIBUTIONS[name]
    raise missing(__name__, name, [name for name in __all__ if name != "Distribution"])
