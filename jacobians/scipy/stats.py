"""Densities and distribution functions of `scipy.stats`, differentiable in the variable and in the parameters.

Each distribution has SciPy's methods and signatures: ``norm.logpdf(x, loc, scale)``, or ``norm(loc, scale).logpdf(x)``.
On plain arrays they are SciPy's own. Outside the support the logarithm is -inf and its derivative zero; parameters that
are not allowed give nan. As in SciPy, results are float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import scipy.special as sp
import scipy.stats as original

from ..errors import UnsupportedFunctionError
from ..program import Symbol
from ..quiet import quietly
from .densities import (
    LOG2,
    LOG2PI,
    LOGPI,
    beta_binomial,
    binomial,
    binomial_cdf,
    counts,
    fisher,
    fisher_ppf,
    general_sf,
    laplace_cdf,
    laplace_ppf,
    normal,
    student,
    truncated_log,
    truncated_logcdf,
    truncated_logsf,
    wrapped_cauchy,
)
from .standing import is_recorded, missing
from .vectors import as_array, as_float64, dirichlet, multivariate_normal

__all__ = ["Distribution", "dirichlet", "multivariate_normal"]

Function = Callable[..., Any]
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
    discrete : bool
    valid : callable, optional
        ``valid(*shapes)`` tells whether the shapes are allowed; without it, where all are positive.
    cdf, sf, logcdf, logsf : callable, optional
        Of the standardised variable, too.
    ppf, isf : callable, optional
        The standardised variable of a probability: the inverses of cdf and sf.
    """

    def __init__(
        self,
        name: str,
        log: Function,
        lower: float = -np.inf,
        upper: float = np.inf,
        *,
        discrete: bool = False,
        valid: Function | None = None,
        **others: Function,
    ) -> None:
        self.original = getattr(original, name)
        self.valid = valid or _all_positive
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
            x, loc, scale, shapes = self._arguments(method, args, kwargs)
            allowed = self.valid(*shapes) & np.greater(scale, 0)
            if method in _INVERSES:
                found = loc + scale * quietly(definition)(self, as_float64(as_array(x)), scale, shapes)
            else:
                found = quietly(definition)(self, as_float64((as_array(x) - loc) / scale), scale, shapes)
            return found if not isinstance(allowed, Symbol) and np.all(allowed) else np.where(allowed, found, np.nan)

        return call

    def _offered(self) -> set[str]:
        offered = {"logpmf", "pmf", *self.others} if self.discrete else {"logpdf", "pdf", *self.others}
        derived = (("cdf", {"logcdf", "logsf", "sf"}), ("ppf", {"isf"}))
        return offered.union(*[names for name, names in derived if name in self.others])

    def _arguments(self, method: str, args: tuple, kwargs: dict[str, Any]) -> tuple[Any, Any, Any, tuple[Any, ...]]:
        """The variable (or the probability), loc, scale, and the shapes."""
        first = "q" if method in _INVERSES else "k" if self.discrete else "x"
        names = [first, *self.shapes, "loc", *([] if self.discrete else ["scale"])]
        given = dict(zip(names, args, strict=False)) | kwargs
        if (
            len(args) > len(names)
            or not set(kwargs) <= set(names[len(args) :])
            or not set(names[: -1 - (not self.discrete)]) <= set(given)
        ):
            raise TypeError(f"{self.name}.{method} takes {', '.join(names)}, but got {len(args)} and {sorted(kwargs)}.")
        x, *shapes = [given[name] for name in names[: 1 + len(self.shapes)]]
        loc, scale = given.get("loc", 0), given.get("scale", 1)
        return x, loc, scale, tuple([as_array(shape) for shape in shapes])


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
    inside = np.greater_equal(y, owner.lower) & np.less_equal(y, owner.upper) & np.isfinite(y)
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
        own, upper = owner.others.get(name), owner.others.get("sf")
        if own is None and name == "logsf" and upper is not None:  # exact in the tail, where 1 - cdf is not
            found = np.log(upper(safe, *shapes))
        else:
            found = own(safe, *shapes) if own else fallback(owner.others["cdf"](safe, *shapes))
        low = np.less(y, owner.lower) | np.equal(y, -np.inf)
        outside = np.where(low, below, np.where(np.isnan(y), np.nan, above))
        return np.where(inside, found, outside)

    return definition


def _inverse(name: str, other: str) -> Function:
    """An inverse of a distribution function: its own formula, or the other one of ``1 - q``; nan outside of [0, 1].

    Ends of the support that are infinite are reached exactly.
    """

    def definition(owner: Distribution, q: Any, scale: Any, shapes: tuple[Any, ...]) -> Any:
        first, last = (owner.lower, owner.upper) if name == "ppf" else (owner.upper, owner.lower)
        below = np.equal(q, 0) if np.isinf(first) else np.less(q, 0)
        above = np.equal(q, 1) if np.isinf(last) else np.greater(q, 1)
        inside = np.greater_equal(q, 0) & np.less_equal(q, 1) & ~below & ~above
        safe, own = np.where(inside, q, 0.5), owner.others.get(name)
        found = own(safe, *shapes) if own else owner.others[other](1 - safe, *shapes)
        ends = np.where(np.equal(q, 0), first, np.where(np.equal(q, 1), last, np.nan))
        return np.where(inside, found, ends)

    return definition


_INVERSES = ("ppf", "isf")
_METHODS: dict[str, Function] = {
    "logpdf": _logarithm,
    "pdf": _density,
    "logpmf": _logarithm,
    "pmf": _density,
    "cdf": _between("cdf", 0.0, 1.0, lambda F: F),
    "sf": _between("sf", 1.0, 0.0, lambda F: 1 - F),
    "logcdf": _between("logcdf", -np.inf, 0.0, np.log),
    "logsf": _between("logsf", 0.0, -np.inf, lambda F: np.log1p(-F)),
    "ppf": _inverse("ppf", "isf"),
    "isf": _inverse("isf", "ppf"),
}


def _all_positive(*shapes: Any) -> Any:
    return np.all([True]) if not shapes else reduce(np.logical_and, [np.greater(shape, 0) for shape in shapes])


def _probability(p: Any) -> Any:
    return np.greater_equal(p, 0) & np.less_equal(p, 1)


# fmt: off
_TABLE = [
    Distribution("norm", normal, cdf=sp.ndtr, sf=lambda y: sp.ndtr(-y), logcdf=sp.log_ndtr,
                 logsf=lambda y: sp.log_ndtr(-y),
                 ppf=sp.ndtri, isf=lambda q: -sp.ndtri(q)),
    Distribution("t", student, cdf=lambda y, n: sp.stdtr(n, y), sf=lambda y, n: sp.stdtr(n, -y),
                 ppf=lambda q, n: sp.stdtrit(n, q), isf=lambda q, n: -sp.stdtrit(n, q)),
    Distribution("cauchy", lambda y: -LOGPI - np.log1p(y * y), cdf=lambda y: 0.5 + np.arctan(y) / math.pi,
                 sf=lambda y: 0.5 - np.arctan(y) / math.pi,
                 ppf=lambda q: np.tan(math.pi * (q - 0.5)), isf=lambda q: np.tan(math.pi * (0.5 - q))),
    Distribution("laplace", lambda y: -LOG2 - np.abs(y), cdf=laplace_cdf, sf=lambda y: laplace_cdf(-y),
                 ppf=laplace_ppf, isf=lambda q: -laplace_ppf(q)),
    Distribution("logistic", lambda y: y - 2 * np.logaddexp(0, y), cdf=sp.expit, sf=lambda y: sp.expit(-y),
                 logcdf=sp.log_expit, logsf=lambda y: sp.log_expit(-y),
                 ppf=sp.logit, isf=lambda q: -sp.logit(q)),
    Distribution("gumbel_r", lambda y: -y - np.exp(-y), cdf=lambda y: np.exp(-np.exp(-y)), logcdf=lambda y: -np.exp(-y),
                 sf=lambda y: -np.expm1(-np.exp(-y)),
                 ppf=lambda q: -np.log(-np.log(q)), isf=lambda q: -np.log(-np.log1p(-q))),
    Distribution("gumbel_l", lambda y: y - np.exp(y), cdf=lambda y: -np.expm1(-np.exp(y)), logsf=lambda y: -np.exp(y),
                 sf=lambda y: np.exp(-np.exp(y)),
                 ppf=lambda q: np.log(-np.log1p(-q)), isf=lambda q: np.log(-np.log(q))),
    Distribution("expon", lambda y: -y, 0, cdf=lambda y: -np.expm1(-y), sf=lambda y: np.exp(-y), logsf=lambda y: -y,
                 ppf=lambda q: -np.log1p(-q), isf=lambda q: -np.log(q)),
    Distribution("gamma", lambda y, a: sp.xlogy(a - 1, y) - y - sp.gammaln(a), 0,
                 cdf=lambda y, a: sp.gammainc(a, y), sf=lambda y, a: sp.gammaincc(a, y),
                 ppf=lambda q, a: sp.gammaincinv(a, q), isf=lambda q, a: sp.gammainccinv(a, q)),
    Distribution("chi2", lambda y, n: sp.xlogy(n / 2 - 1, y) - y / 2 - sp.gammaln(n / 2) - LOG2 * n / 2, 0,
                 cdf=lambda y, n: sp.gammainc(n / 2, y / 2), sf=lambda y, n: sp.gammaincc(n / 2, y / 2),
                 ppf=lambda q, n: 2 * sp.gammaincinv(n / 2, q), isf=lambda q, n: 2 * sp.gammainccinv(n / 2, q)),
    Distribution("invgamma", lambda y, a: -(a + 1) * np.log(y) - sp.gammaln(a) - 1 / y, _POSITIVE,
                 cdf=lambda y, a: sp.gammaincc(a, 1 / y), sf=lambda y, a: sp.gammainc(a, 1 / y),
                 ppf=lambda q, a: 1 / sp.gammainccinv(a, q), isf=lambda q, a: 1 / sp.gammaincinv(a, q)),
    Distribution("beta", lambda y, a, b: sp.xlogy(a - 1, y) + sp.xlog1py(b - 1, -y) - sp.betaln(a, b), 0, 1,
                 cdf=lambda y, a, b: sp.betainc(a, b, y),
                 ppf=lambda q, a, b: sp.betaincinv(a, b, q)),
    Distribution("lognorm", lambda y, s: normal(np.log(y) / s) - np.log(s * y), _POSITIVE,
                 cdf=lambda y, s: sp.ndtr(np.log(y) / s), sf=lambda y, s: sp.ndtr(-np.log(y) / s),
                 logcdf=lambda y, s: sp.log_ndtr(np.log(y) / s), logsf=lambda y, s: sp.log_ndtr(-np.log(y) / s),
                 ppf=lambda q, s: np.exp(s * sp.ndtri(q)), isf=lambda q, s: np.exp(-s * sp.ndtri(q))),
    Distribution("halfnorm", lambda y: LOG2 + normal(y), 0, cdf=lambda y: sp.erf(y / math.sqrt(2)),
                 sf=lambda y: sp.erfc(y / math.sqrt(2)),
                 ppf=lambda q: math.sqrt(2) * sp.erfinv(q), isf=lambda q: math.sqrt(2) * sp.erfcinv(q)),
    Distribution("weibull_min", lambda y, c: np.log(c) + sp.xlogy(c - 1, y) - y**c, 0,
                 cdf=lambda y, c: -np.expm1(-(y**c)), sf=lambda y, c: np.exp(-(y**c)), logsf=lambda y, c: -(y**c),
                 ppf=lambda q, c: (-np.log1p(-q)) ** (1 / c), isf=lambda q, c: (-np.log(q)) ** (1 / c)),
    Distribution("pareto", lambda y, b: np.log(b) - (b + 1) * np.log(y), 1,
                 cdf=lambda y, b: 1 - y**-b, sf=lambda y, b: y**-b, logsf=lambda y, b: -b * np.log(y),
                 ppf=lambda q, b: (1 - q) ** (-1 / b), isf=lambda q, b: q ** (-1 / b)),
    Distribution("rayleigh", lambda y: np.log(y) - y * y / 2, 0,
                 cdf=lambda y: -np.expm1(-y * y / 2), sf=lambda y: np.exp(-y * y / 2), logsf=lambda y: -y * y / 2,
                 ppf=lambda q: np.sqrt(-2 * np.log1p(-q)), isf=lambda q: np.sqrt(-2 * np.log(q))),
    Distribution("uniform", lambda y: 0 * y, 0, 1, cdf=lambda y: y,
                 ppf=lambda q: q),
    Distribution("powerlaw", lambda y, a: np.log(a) + sp.xlogy(a - 1, y), 0, 1, cdf=lambda y, a: y**a,
                 ppf=lambda q, a: q ** (1 / a)),
    Distribution("halfcauchy", lambda y: math.log(2 / math.pi) - np.log1p(y * y), 0,
                 cdf=lambda y: 2 / math.pi * np.arctan(y), sf=lambda y: 2 / math.pi * np.arctan2(1.0, y),
                 ppf=lambda q: np.tan(math.pi / 2 * q), isf=lambda q: 1 / np.tan(math.pi / 2 * q)),
    Distribution("maxwell", lambda y: (LOG2 - LOGPI) / 2 + 2 * np.log(y) - y * y / 2, 0,
                 cdf=lambda y: sp.gammainc(1.5, y * y / 2), sf=lambda y: sp.gammaincc(1.5, y * y / 2),
                 ppf=lambda q: np.sqrt(2 * sp.gammaincinv(1.5, q)), isf=lambda q: np.sqrt(2 * sp.gammainccinv(1.5, q))),
    Distribution("invgauss", lambda y, mu: -np.square(y / mu - 1) / (2 * y) - (LOG2PI + 3 * np.log(y)) / 2, _POSITIVE,
                 valid=lambda mu: np.greater_equal(mu, 0)),
    Distribution("f", fisher, 0, cdf=lambda y, n, d: sp.fdtr(n, d, y), sf=lambda y, n, d: sp.fdtrc(n, d, y),
                 ppf=fisher_ppf),
    Distribution("vonmises", lambda y, k: k * sp.cosm1(y) - LOG2PI - np.log(sp.i0e(k)),
                 valid=lambda k: np.greater_equal(k, 0)),
    Distribution("poisson", lambda k, mu: sp.xlogy(k, mu) - sp.gammaln(k + 1) - mu, 0, discrete=True,
                 cdf=lambda k, mu: sp.gammaincc(k + 1, mu), sf=lambda k, mu: sp.gammainc(k + 1, mu),
                 valid=lambda mu: np.greater_equal(mu, 0)),
    Distribution("bernoulli", lambda k, p: sp.xlogy(k, p) + sp.xlog1py(1 - k, -p), 0, 1, discrete=True,
                 cdf=lambda k, p: np.where(np.less(k, 1), 1 - p, 1.0),
                 valid=_probability),
    Distribution("binom", binomial, 0, discrete=True, cdf=binomial_cdf,
                 valid=lambda n, p: counts(n) & _probability(p)),
    Distribution("geom", lambda k, p: np.log(p) + sp.xlog1py(k - 1, -p), 1, discrete=True,
                 cdf=lambda k, p: -np.expm1(k * np.log1p(-p)), sf=lambda k, p: np.exp(k * np.log1p(-p)),
                 valid=lambda p: np.greater(p, 0) & _probability(p)),
    Distribution("betabinom", beta_binomial, 0, discrete=True,
                 valid=lambda n, a, b: counts(n) & np.greater(a, 0) & np.greater(b, 0)),
    Distribution("gennorm", lambda y, p: np.log(p / 2) - sp.gammaln(1 / p) - np.abs(y) ** p, sf=general_sf,
                 cdf=lambda y, p: general_sf(-y, p)),
    Distribution("truncnorm", truncated_log, valid=np.less, logcdf=truncated_logcdf, logsf=truncated_logsf,
                 cdf=lambda y, a, b: np.exp(truncated_logcdf(y, a, b)),
                 sf=lambda y, a, b: np.exp(truncated_logsf(y, a, b))),
    Distribution("wrapcauchy", wrapped_cauchy, 0, 2 * math.pi, valid=lambda c: np.greater(c, 0) & np.less(c, 1)),
    Distribution("nbinom", lambda k, n, p: sp.gammaln(n + k) - sp.gammaln(k + 1) - sp.gammaln(n) + n * np.log(p)
                 + sp.xlog1py(k, -p), 0, discrete=True, cdf=lambda k, n, p: sp.betainc(n, k + 1, p),
                 valid=lambda n, p: np.greater(n, 0) & np.greater(p, 0) & _probability(p)),
]
# fmt: on
_DISTRIBUTIONS = {distribution.name: distribution for distribution in _TABLE}
__all__ += list(_DISTRIBUTIONS)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _DISTRIBUTIONS:
        return _DISTRIBUTIONS[name]
    raise missing(__name__, name, [name for name in __all__ if name != "Distribution"])
