"""Order statistics, covariances and histograms.

- `median`, `percentile`, `quantile` and their kin that ignore nan: each result is a weighted sum of two entries; by the
  probability it moves from one to the other.
- `cov`, `corrcoef` are composed; `bincount`, `histogram` are linear in their weights.

Where entries tie, a quantile takes the one that sorting finds first: a derivative from one side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..arrays import pick, scatter
from ..errors import UnsupportedFunctionError
from ..labels import axes_of, flatten, size_of
from ..program import Symbol, holds
from ..registry import Call, LocalTerm, composed, local, unsupported
from ..terms import Factor, Map, Term
from .conjugates import conjugate, is_complex

__all__: list[str] = []

Axis = int | tuple[int, ...] | None

_MOST_COUNTS = 1000

# ---- quantiles -------------------------------------------------------------------------------------------------------


# y = (1 - g) x_(j) + g x_(j + 1) with x_(0) <= x_(1) <= ... (Hyndman, Fan 1996, equation 1). On the numbers 0, 1, ...
# the function itself returns j + g, whatever the method, and by q that place moves by `slope(n)`.
def _quantile_terms(
    call: Call,
    a: Any,
    axis: Axis,
    keepdims: bool,
    place: Callable[[np.ndarray], np.ndarray],
    skip_nan: bool,
    slope: Callable[[Any, Any], Any] | None = None,
) -> Iterator[LocalTerm]:
    """The terms of a function whose value on sorted numbers ``0, 1, ... n - 1`` is ``place(numbers)``."""
    groups = _Groups(call, a, axis, keepdims)
    if np.size(a) == 0:
        yield 0, 0, Term(groups.out, groups.inp)
        yield from groups.constant(call)
        return
    moved, count = groups.moved, groups.size
    sizes: Any = count
    if skip_nan:
        counts, which = _counts(moved)
        places = pick(np.stack([place(np.arange(size, dtype=float)) for size in counts]), which, 0)
        where = np.moveaxis(places, range(moved.ndim - 1), range(1 - moved.ndim, 0))
        sizes = pick(counts, which, 0)
    else:
        where = _array(place(np.arange(count, dtype=float)))
    below = np.floor(where).astype(np.intp)
    share = where - below
    # A weight that is zero is left out, unless it varies.
    known = not isinstance(where, Symbol) and not hasattr(where, "vertex")

    order = np.argsort(moved, axis=0, kind="stable")
    rows, rest = groups.rows, groups.rest
    if call.needs(0):
        for at, weight in ((below, 1 - share), (below + 1, share)):
            if known and not np.any(weight):
                continue
            factors = ()
            if not (known and np.all(weight == 1)):
                factors = (Factor.on(weight.astype(call.result.dtype), rows + rest if skip_nan else rows),)
            yield 0, 0, groups.term(groups.index(order, at if skip_nan else groups.spread(at)), factors)
    if call.needs(1):
        yield 0, 1, groups.slopes(order, where if skip_nan else groups.spread(where), sizes, slope)


class _Groups:
    """The entries that meet in each quantile, along axis 0 of `moved`, and the axes of operand and result."""

    def __init__(self, call: Call, a: Any, axis: Axis, keepdims: bool) -> None:
        shape = np.shape(a)
        reduced = normalize_axis_tuple(range(len(shape)) if axis is None else axis, len(shape))
        kept = tuple([n for n in range(len(shape)) if n not in reduced])
        self.result = call.result
        self.inp = axes_of(shape)
        self.group = flatten(tuple([self.inp[n] for n in reduced]))
        self.size = size_of(self.group)
        self.kept_shape = tuple([shape[n] for n in kept])
        self.moved = np.reshape(np.transpose(a, reduced + kept), (self.size, *self.kept_shape))
        result_shape = np.shape(call.result)
        self.q_shape = result_shape[: len(result_shape) - (len(shape) if keepdims else len(kept))]
        self.rows, self.rest = axes_of(self.q_shape), tuple([self.inp[n] for n in kept])
        held = tuple([() if n in reduced else self.inp[n] for n in range(len(shape))])
        self.out = self.rows + (held if keepdims else self.rest)

    def constant(self, call: Call) -> Iterator[LocalTerm]:
        """The term by q of what does not depend on it."""
        if call.needs(1):
            yield 0, 1, Term(self.out, self.rows, scale=0.0)

    def spread(self, places: Any) -> Any:
        """The places of all quantiles, for every group."""
        return np.broadcast_to(np.reshape(places, self.q_shape + (1,) * len(self.kept_shape)), self._shape)

    @property
    def _shape(self) -> tuple[int, ...]:
        return self.q_shape + self.kept_shape

    def index(self, order: Any, ranks: Any) -> Any:
        """The positions in the groups of the entries of these ranks, those of all quantiles along one axis."""
        ranks = np.clip(np.broadcast_to(ranks, self._shape), 0, self.size - 1)
        flat = np.reshape(ranks, (int(np.prod(self.q_shape)), *self.kept_shape))
        return np.take_along_axis(order, flat, axis=0)

    def term(self, index: Any, factors: tuple[Factor, ...] = ()) -> Term:
        src = flatten(self.rows + self.rest)
        maps = (Map.of(self.group, src, index),) if self.group and size_of(src) else ()
        return Term(self.out, self.inp, factors, maps)

    def slopes(self, order: Any, where: Any, sizes: Any, slope: Callable[[Any, Any], Any] | None) -> Term:
        """By q: how fast the place moves, times the distance of the two entries beside it."""
        if slope is None or self.size < 2:
            return Term(self.out, self.rows, scale=0.0)
        below = np.clip(np.floor(where).astype(np.intp), 0, np.maximum(sizes - 2, 0))
        ends = [np.take_along_axis(self.moved, self.index(order, at), axis=0) for at in (below, below + 1)]
        step = np.where(np.greater(sizes, 1), np.reshape(ends[1] - ends[0], self._shape), 0.0)
        factor = step * slope(sizes, where)
        return Term(self.out, self.rows, (Factor.on(factor.astype(self.result.dtype), self.rows + self.rest),))


def _inside(speed: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """The speed of a place that stops at the first and at the last number."""
    return lambda n, place: speed(n) * (np.greater(place, 0) & np.less(place, n - 1))


# By the probability, as in Hyndman and Fan: the place is ``n q + constant``, or ``(n + constant) q + constant``.
# Methods that are not here choose an entry, or the middle of two.
_SLOPES: dict[str, Callable[[Any, Any], Any]] = {
    "linear": lambda n, place: n - 1.0,
    "interpolated_inverted_cdf": _inside(lambda n: 1.0 * n),
    "hazen": _inside(lambda n: 1.0 * n),
    "weibull": _inside(lambda n: n + 1.0),
    "median_unbiased": _inside(lambda n: n + 1 / 3),
    "normal_unbiased": _inside(lambda n: n + 1 / 4),
}


def _weighted_terms(call: Call, a: Any, axis: Axis, keepdims: bool) -> Iterator[LocalTerm]:
    """The terms of quantiles that are entries: the first of those that equal the result. By q they are constant."""
    groups = _Groups(call, a, axis, keepdims)
    order = np.argsort(groups.moved, axis=0, kind="stable")
    values = np.take_along_axis(groups.moved, order, axis=0)
    results = np.reshape(call.result, (int(np.prod(groups.q_shape)), 1, *groups.kept_shape))
    ranks = np.sum(np.less(values, results), axis=1)
    yield 0, 0, groups.term(np.take_along_axis(order, np.minimum(ranks, groups.size - 1), axis=0))
    yield from groups.constant(call)


def _counts(moved: Any) -> tuple[Any, Any]:
    """The numbers of entries along axis 0 that are not nan (at least 1), and which of them each column has."""
    counts = np.maximum(np.sum(~np.isnan(moved), axis=0), 1)
    if not isinstance(counts, Symbol):
        sizes, which = np.unique(counts, return_inverse=True)
        return sizes, which.reshape(counts.shape)
    if moved.shape[0] > _MOST_COUNTS:
        advice = f"At most {_MOST_COUNTS} entries may meet in a compiled quantile that ignores nan."
        raise counts.refusal("the derivative of a quantile that ignores nan", advice)
    return np.arange(1, moved.shape[0] + 1), counts - 1


def _state_median(function: Any, skip_nan: bool) -> None:
    @local(function)
    def _(
        call: Call,
        a: Any,
        axis: Axis = None,
        out: None = None,
        overwrite_input: bool = False,
        keepdims: bool = False,
    ) -> Iterator[LocalTerm]:
        return _quantile_terms(call, a, axis, keepdims is True, np.median, skip_nan)


def _state_quantile(function: Any, plain: Any, skip_nan: bool) -> None:
    @local(function)
    def _(
        call: Call,
        a: Any,
        q: Any,
        axis: Axis = None,
        out: None = None,
        overwrite_input: bool = False,
        method: Any = "linear",
        keepdims: bool = False,
        *,
        weights: Any = None,
        interpolation: Any = None,
    ) -> Iterator[LocalTerm]:
        if weights is not None:
            return _weighted_terms(call, a, axis, keepdims is True)
        method = interpolation or method
        speed, scale = _SLOPES.get(method), 100 if plain is np.percentile else 1
        slope = None if speed is None else lambda n, place: speed(n, place) / scale
        place = lambda x: plain(x, q, method=method)  # noqa: E731
        return _quantile_terms(call, a, axis, keepdims is True, place, skip_nan, slope)


_state_median(np.median, False)
_state_median(np.nanmedian, True)
_state_quantile(np.percentile, np.percentile, False)
_state_quantile(np.quantile, np.quantile, False)
_state_quantile(np.nanpercentile, np.percentile, True)
_state_quantile(np.nanquantile, np.quantile, True)

# ---- covariances -----------------------------------------------------------------------------------------------------


def _cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    if dtype is None:
        dtype = np.result_type(*[_array(part) for part in (m, y) if part is not None], np.float64)
    x = _variables(m, rowvar or np.ndim(m) == 1, dtype)
    if x.shape[0] == 0:
        return np.zeros((0, 0), dtype)
    if y is not None:
        other = _variables(y, rowvar or np.ndim(y) < 2 or np.shape(y)[0] == 1, dtype)
        x = np.concatenate([x, other], axis=0)
    if ddof is None:
        ddof = 0 if bias else 1
    elif ddof != int(ddof):
        raise ValueError("ddof must be integer")
    weights = _product_of_weights(x.shape[1], fweights, aweights)
    if weights is None:
        deviation = x - np.mean(x, axis=1, keepdims=True)
        weighted, freedom = deviation, max(x.shape[1] - ddof, 0)
    else:
        total = np.sum(weights)
        deviation = x - np.sum(x * weights, axis=1, keepdims=True) / total
        weighted = deviation * weights
        lost = ddof if aweights is None else ddof * np.sum(weights * aweights) / total
        freedom = np.maximum(total - lost, 0) if ddof else total
    return np.squeeze(np.divide(np.matmul(deviation, conjugate(weighted).T), freedom))


def _array(values: Any) -> Any:
    return values if hasattr(values, "dtype") else np.asarray(values)


def _variables(values: Any, in_rows: bool, dtype: Any) -> Any:
    """The variables as rows of a matrix."""
    if np.ndim(values) > 2:
        raise ValueError("m has more than 2 dimensions")
    rows = np.atleast_2d(_array(values)).astype(dtype)
    return rows if in_rows else rows.T


def _product_of_weights(count: int, fweights: Any, aweights: Any) -> Any:
    """The weight of each observation, or None."""
    weights = None
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is None:
            continue
        given = _array(given).astype(float)
        if np.shape(given) != (count,):
            raise RuntimeError(f"incompatible numbers of samples and {name}")
        if holds(np.any(given < 0)):
            raise ValueError(f"{name} cannot be negative")
        if name == "fweights" and holds(np.any(given != np.round(given))):
            raise TypeError("fweights must be integer")
        weights = given if weights is None else weights * given
    return weights


def _corrcoef(x: Any, y: Any = None, rowvar: bool = True, bias: Any = None, ddof: Any = None, *, dtype: Any = None):
    c = np.cov(x, y, rowvar, dtype=dtype)
    if np.ndim(c) == 0:
        return c / c
    deviation = np.sqrt(np.real(np.diagonal(c)))
    c = c / deviation[:, np.newaxis] / deviation
    return np.clip(np.real(c), -1, 1) + 1j * np.clip(np.imag(c), -1, 1) if is_complex(c) else np.clip(c, -1, 1)


composed(np.cov, _cov)
composed(np.corrcoef, _corrcoef)

# ---- counting --------------------------------------------------------------------------------------------------------


def _bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    if weights is None or _array(x).dtype.kind not in "biu":
        raise TypeError("np.bincount counts integers; only its weights can be differentiated.")
    size = np.bincount(x, minlength=minlength).size  # raises for what cannot be counted
    if np.shape(weights) != np.shape(x):
        raise ValueError("The weights and list don't have the same length.")
    return scatter(weights.astype(float), np.array(x, dtype=np.intp), size)


def _bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    if isinstance(bins, str):
        raise UnsupportedFunctionError("np.histogram_bin_edges", f"for bins={bins!r}")
    if np.ndim(bins):
        return _array(bins)
    a = _array(a)
    first, last = range if range is not None else (np.min(a), np.max(a)) if np.size(a) else (0, 1)
    if holds(np.greater(first, last)):
        raise ValueError("max must be larger than min in range parameter.")
    equal = np.equal(first, last)
    if isinstance(equal, Symbol):
        apart = 0.5 * equal.astype(np.result_type(first, last, 0.0))
        first, last = first - apart, last + apart
    elif equal:
        first, last = first - 0.5, last + 0.5
    return np.linspace(first, last, bins + 1, dtype=np.result_type(first, last, a, 0.0))


def _histogram(
    a: Any,
    bins: Any = 10,
    range: Any = None,
    density: bool | None = None,
    weights: Any = None,
) -> Any:
    edges = np.histogram_bin_edges(a, bins, range, weights)
    count, flat = np.size(edges) - 1, np.ravel(_array(a))
    # The last bin holds its right edge, too.
    bin_of = np.searchsorted(edges, flat, "right") - 1 - np.equal(flat, edges[-1])
    # What is outside is counted in a bin of its own.
    inside = np.logical_and(flat >= edges[0], flat <= edges[-1])
    bin_of = np.where(inside, bin_of, count)
    weights = None if weights is None else np.ravel(_array(weights))
    entries = np.ones(flat.shape, np.intp) if weights is None else weights
    heights = scatter(entries, bin_of, count + 1)[:count]
    if density:
        heights = heights / np.diff(edges).astype(float) / np.sum(heights)
    return heights, edges


# fmt: off
composed(np.bincount,            _bincount)
composed(np.histogram_bin_edges, _bin_edges)
composed(np.histogram,           _histogram)
# fmt: on

unsupported(
    "because its counts are constant. Find them from jacobians.primal(x), and add up weights with np.bincount",
    np.histogram2d,
    np.histogramdd,
)
