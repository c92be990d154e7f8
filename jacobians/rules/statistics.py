"""Order statistics, covariances and histograms.

- `median`, `percentile`, `quantile` and their kin that ignore nan: each result is a weighted sum of two entries.
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
from ..registry import Call, LocalTerm, composed, function_name, local, unsupported
from ..terms import Factor, Map, Term

__all__: list[str] = []

Axis = int | tuple[int, ...] | None

_MOST_COUNTS = 1000

# ---- quantiles -------------------------------------------------------------------------------------------------------


# y = (1 - g) x_(j) + g x_(j + 1) with x_(0) <= x_(1) <= ... (Hyndman, Fan 1996, equation 1). On the numbers 0, 1, ...
# the function itself returns j + g, whatever the method.
def _quantile_terms(
    call: Call, a: Any, axis: Axis, keepdims: bool, place: Callable[[np.ndarray], np.ndarray], skip_nan: bool
) -> Iterator[LocalTerm]:
    """The terms of a function whose value on sorted numbers ``0, 1, ... n - 1`` is ``place(numbers)``."""
    shape = np.shape(a)
    reduced = normalize_axis_tuple(range(len(shape)) if axis is None else axis, len(shape))
    kept = tuple([n for n in range(len(shape)) if n not in reduced])
    kept_shape = tuple([shape[n] for n in kept])
    inp = axes_of(shape)
    if np.size(a) == 0:
        yield 0, 0, Term(axes_of(np.shape(call.result)), inp)
        return
    group = flatten(tuple([inp[n] for n in reduced]))
    moved = np.reshape(np.transpose(a, reduced + kept), (size_of(group), *kept_shape))

    if skip_nan:
        sizes, which = _counts(moved)
        places = pick(np.stack([place(np.arange(size, dtype=float)) for size in sizes]), which, 0)
        where = np.moveaxis(places, range(len(kept)), range(-len(kept), 0))
        q_shape = where.shape[: where.ndim - len(kept)]
    else:
        where = _array(place(np.arange(size_of(group), dtype=float)))
        q_shape = where.shape
    below = np.floor(where).astype(np.intp)
    share = where - below
    known = not isinstance(where, Symbol)

    rows = axes_of(q_shape)
    rest = tuple([inp[n] for n in kept])
    # The positions of all quantiles along one axis, for take_along_axis.
    flat_shape = (int(np.prod(q_shape)), *kept_shape)
    out = rows + (tuple([() if n in reduced else inp[n] for n in range(len(shape))]) if keepdims else rest)
    order = np.argsort(moved, axis=0, kind="stable")
    for at, weight in ((below, 1 - share), (below + 1, share)):
        if known and not np.any(weight):
            continue
        ranks = at if skip_nan else np.reshape(at, q_shape + (1,) * len(kept))
        ranks = np.minimum(np.broadcast_to(ranks, q_shape + kept_shape), size_of(group) - 1)
        index = np.take_along_axis(order, ranks.reshape(flat_shape), axis=0)
        src = flatten(rows + rest)
        maps = (Map.of(group, src, index),) if group and size_of(src) else ()
        factors = ()
        if not (known and np.all(weight == 1)):
            factors = (Factor.on(weight.astype(call.result.dtype), rows + rest if skip_nan else rows),)
        yield 0, 0, Term(out, inp, factors, maps)


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
        _refuse(function, overwrite_input=overwrite_input)
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
        _refuse(function, overwrite_input=overwrite_input, weights=weights)
        if not call.needs(0):
            return iter(())
        method = interpolation or method
        return _quantile_terms(call, a, axis, keepdims is True, lambda x: plain(x, q, method=method), skip_nan)


def _refuse(function: Any, **arguments: Any) -> None:
    for name, value in arguments.items():
        if value is not None and value is not False:
            raise UnsupportedFunctionError(function_name(function), f"for {name}=")


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
    return np.squeeze(np.divide(np.matmul(deviation, weighted.T), freedom))


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
    deviation = np.sqrt(np.diagonal(c))
    return np.clip(c / deviation[:, np.newaxis] / deviation, -1, 1)


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
