"""Distributions of vectors in `scipy.stats`: the logarithm of the density, the density, and the entropy.

They are handed out by `jacobians.scipy.stats`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sp
import scipy.stats as original

from ..errors import UnsupportedFunctionError
from ..program import holds
from ..tracing import primal
from .linalg import solve_triangular
from .standing import is_recorded

__all__ = ["Multivariate", "as_array", "as_float64", "dirichlet", "multivariate_normal"]

Function = Callable[..., Any]
_LOG2PI = math.log(2 * math.pi)


def as_array(x: Any) -> Any:
    return x if hasattr(x, "dtype") else np.asarray(x)


def as_float64(x: Any) -> Any:
    return np.astype(x, float) if x.dtype != float else x


class Multivariate:
    """A distribution of vectors, of which the logarithm of the density and the entropy are differentiable."""

    def __init__(self, name: str, log: Function, **others: Function) -> None:
        self.original, self.name, self.log, self.others = getattr(original, name), name, log, others

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The distribution with fixed parameters."""
        return _FrozenVector(self, args, kwargs)

    def __getattr__(self, method: str) -> Function:
        if method.startswith("__"):
            raise AttributeError(method)
        plain = getattr(self.original, method)

        def call(*args: Any, **kwargs: Any) -> Any:
            if is_recorded(args) or is_recorded(kwargs.values()):
                definition = self.others.get(method)
                if definition is not None:
                    return definition(*args, **kwargs)
                reason = f"in a traced variable; it offers {', '.join(['logpdf', 'pdf', *self.others])}"
                raise UnsupportedFunctionError(f"jacobians.scipy.stats.{self.name}.{method}", reason)
            return plain(*args, **kwargs)

        return call

    def logpdf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The logarithm of the density."""
        recorded = is_recorded((x, *args)) or is_recorded(kwargs.values())
        return self.log(x, *args, **kwargs) if recorded else self.original.logpdf(x, *args, **kwargs)

    def pdf(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The density."""
        recorded = is_recorded((x, *args)) or is_recorded(kwargs.values())
        return np.exp(self.log(x, *args, **kwargs)) if recorded else self.original.pdf(x, *args, **kwargs)


class _FrozenVector:
    """A distribution of vectors with its parameters."""

    def __init__(self, owner: Multivariate, args: tuple, kwargs: dict[str, Any]) -> None:
        self.owner, self.args, self.kwargs = owner, args, kwargs

    def __getattr__(self, method: str) -> Function:
        if method.startswith("__"):
            raise AttributeError(method)
        function = getattr(self.owner, method)
        takes_variable = method not in ("entropy", "mean", "var", "cov")
        kwargs = {name: value for name, value in self.kwargs.items() if takes_variable or name != "allow_singular"}
        return lambda *x, **more: function(*x, *self.args, **kwargs, **more)


def _log_normal_vector(x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
    x = as_float64(as_array(x))
    mean, cov = _mean_and_covariance(mean, cov)
    size = cov.shape[0]
    if np.ndim(x) < 2:
        x = np.reshape(x, (-1, 1)) if size == 1 else x
    difference = x - np.reshape(mean, (-1,))
    lead = np.shape(difference)[:-1]
    singular = _singular(cov) if allow_singular else None
    if singular is not None:
        rank, inverse, logarithm, near = singular
        squares = np.sum(np.matmul(difference, inverse) * difference, axis=-1)
        result = -(rank * _LOG2PI + logarithm + squares) / 2
        # Outside of the subspace there is no density.
        away = primal(difference) - primal(difference) @ (primal(inverse) @ primal(cov))
        result = np.where(np.less(np.linalg.norm(away, axis=-1), 1000 * near), result, -np.inf)
        return np.squeeze(result)
    factor = np.linalg.cholesky(cov)
    whitened = solve_triangular(factor, np.transpose(np.reshape(difference, (-1, size))), lower=True)
    squares = np.reshape(np.sum(whitened * whitened, axis=0), lead)
    result = -(size * _LOG2PI + squares) / 2 - np.sum(np.log(np.diagonal(factor)))
    return np.squeeze(result)


def _mean_and_covariance(mean: Any, cov: Any) -> tuple[Any, Any]:
    cov = as_float64(as_array(cov))
    mean = np.zeros(np.shape(cov)[:1] or (1,)) if mean is None else as_array(mean)
    size = max(np.size(mean), (np.shape(cov) or (1,))[0])
    if np.ndim(cov) == 0:
        cov = cov * np.eye(size)
    elif np.ndim(cov) == 1:
        cov = np.diag(cov)
    return mean, cov


def _singular(cov: Any) -> tuple[Any, Any, Any, Any] | None:
    """Rank, pseudo-inverse and logarithm of the pseudo-determinant, as long as the rank stays; None if it is full.

    With the projector ``P = I - C pinv(C)`` on the null space, ``pdet C = det(C + P)``. The last number tells what
    is negligible, as in SciPy.
    """
    values, size = np.linalg.eigvalsh(primal(cov)), cov.shape[0]
    relative = 1e6 * np.finfo(float).eps
    near = relative * np.max(np.abs(values))
    if holds(np.any(np.less(values, -near))):
        raise ValueError("The input matrix must be symmetric positive semidefinite.")
    rank = np.sum(np.greater(values, near))
    if holds(np.equal(rank, size)):
        return None
    inverse = np.linalg.pinv(cov, rcond=relative, hermitian=True)
    return rank, inverse, np.linalg.slogdet(cov + np.eye(size) - np.matmul(cov, inverse))[1], near


def _entropy_normal_vector(mean: Any = None, cov: Any = 1) -> Any:
    cov = _mean_and_covariance(mean, cov)[1]
    singular = _singular(cov)
    if singular is None:
        return (cov.shape[0] * (_LOG2PI + 1)) / 2 + np.sum(np.log(np.diagonal(np.linalg.cholesky(cov))))
    return (singular[0] * (_LOG2PI + 1) + singular[2]) / 2


def _entropy_dirichlet(alpha: Any) -> Any:
    alpha = as_array(alpha)
    total = np.sum(alpha)
    constant = np.sum(sp.gammaln(alpha)) - sp.gammaln(total)
    return constant + (total - np.size(alpha)) * sp.psi(total) - np.sum((alpha - 1) * sp.psi(alpha))


def _log_dirichlet(x: Any, alpha: Any) -> Any:
    x, alpha = as_array(x), as_array(alpha)
    if np.shape(x)[0] == np.shape(alpha)[0] - 1:
        x = np.concatenate([x, 1 - np.sum(x, axis=0, keepdims=True)])
    constant = sp.gammaln(np.sum(alpha)) - np.sum(sp.gammaln(alpha))
    powers = np.reshape(alpha - 1, (-1,) + (1,) * (np.ndim(x) - 1))
    return np.squeeze(constant + np.sum(sp.xlogy(powers, x), axis=0))


multivariate_normal = Multivariate("multivariate_normal", _log_normal_vector, entropy=_entropy_normal_vector)
dirichlet = Multivariate("dirichlet", _log_dirichlet, entropy=_entropy_dirichlet)
